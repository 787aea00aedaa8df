-- How far the work over a file has come, for whoever looks from another
-- process, or after a restart.
-- +goose Up
ALTER TABLE uploads ADD COLUMN progress TEXT NOT NULL DEFAULT ''; -- JSON: catalog.Progress; '': nothing is under way
-- +goose Down
SELECT 1;
