-- How each published file looked, so that the next one of its dataset can be
-- held against it before anything of it is public.
-- +goose Up
CREATE TABLE shapes (
  upload_id TEXT PRIMARY KEY REFERENCES uploads(id),
  shape     TEXT NOT NULL              -- JSON: ingest/shape.go; tables, labels, keys, types; no values
);
-- +goose Down
SELECT 1;
