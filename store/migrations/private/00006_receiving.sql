-- What was received, for its sender to compare.
-- +goose Up
ALTER TABLE uploads ADD COLUMN sha256 BLOB; -- of the content, sealed under the upload's key; NULL: nothing was received, or by an earlier version
-- +goose Down
SELECT 1;
