-- Every cell of a file that does not fit its column, by its place: the error
-- report that its sender downloads.
-- +goose Up
CREATE TABLE misfits (
  upload_id TEXT PRIMARY KEY REFERENCES uploads(id),
  places    BLOB NOT NULL              -- ingest/misfits.go: rows, lines and columns; no values
);
-- +goose Down
SELECT 1;
