-- Table Schemas that agencies hold their datasets' files to, and the rows of a
-- file that break one.
-- +goose Up
CREATE TABLE table_schemas (
  dataset_id TEXT NOT NULL,
  table_name TEXT NOT NULL,            -- as its sender knows it; '' where a file holds one
  schema     TEXT NOT NULL,            -- JSON
  by_user    TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  PRIMARY KEY (dataset_id, table_name)
);

CREATE TABLE breaches (
  upload_id  TEXT PRIMARY KEY,
  places     BLOB NOT NULL             -- ingest/breaches.go: rows, by table and problem of the report; no values
);
-- +goose Down
SELECT 1;
