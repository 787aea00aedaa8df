-- Why the last attempt at a job failed, for whoever looks at the dead ones.
-- +goose Up
ALTER TABLE jobs ADD COLUMN reason TEXT NOT NULL DEFAULT ''; -- a code, no values
-- +goose Down
SELECT 1;
