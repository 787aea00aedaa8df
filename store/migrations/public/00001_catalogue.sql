-- The public database: only what anyone may read.
-- +goose Up
CREATE TABLE agencies (
  id          TEXT PRIMARY KEY,          -- UUID
  slug        TEXT NOT NULL UNIQUE,
  meta        TEXT NOT NULL,             -- catalog.Agency as JSON
  created_at  TEXT NOT NULL              -- RFC 3339, UTC
);

CREATE TABLE datasets (
  id          TEXT PRIMARY KEY,          -- UUID, never the slug
  slug        TEXT NOT NULL UNIQUE,
  agency_id   TEXT NOT NULL REFERENCES agencies(id),
  meta        TEXT NOT NULL,             -- catalog.Dataset as JSON
  issued_at   TEXT NOT NULL,
  modified_at TEXT NOT NULL,
  current_n   INTEGER NOT NULL           -- the release that "latest" means
);

-- A slug once given out leads to its dataset for ever.
CREATE TABLE former_slugs (
  slug        TEXT PRIMARY KEY,
  dataset_id  TEXT NOT NULL REFERENCES datasets(id)
);

CREATE TABLE releases (
  dataset_id   TEXT NOT NULL REFERENCES datasets(id),
  n            INTEGER NOT NULL,
  published_at TEXT NOT NULL,
  intent_id    TEXT NOT NULL UNIQUE,     -- the private intent it fulfils
  row_count    INTEGER NOT NULL,
  note         TEXT NOT NULL,            -- catalog.Text as JSON
  tables       TEXT NOT NULL,            -- []catalog.Table as JSON: columns and statistics of the cleared rows
  privacy      TEXT NOT NULL,            -- []privacy.Statement as JSON
  withdrawn_at TEXT,
  withdrawal   TEXT,                     -- catalog.Withdrawal as JSON
  PRIMARY KEY (dataset_id, n)
);

CREATE TABLE files (
  dataset_id  TEXT NOT NULL,
  n           INTEGER NOT NULL,
  name        TEXT NOT NULL,             -- "data.csv"; ends in the format
  table_name  TEXT NOT NULL,
  format      TEXT NOT NULL,
  media_type  TEXT NOT NULL,
  bytes       INTEGER NOT NULL,
  row_count   INTEGER NOT NULL,
  sha256      TEXT NOT NULL,             -- hex; also the blob's key
  resource_id TEXT NOT NULL,             -- stable over releases
  PRIMARY KEY (dataset_id, n, name),
  FOREIGN KEY (dataset_id, n) REFERENCES releases(dataset_id, n)
);
CREATE INDEX files_sha256 ON files(sha256);

-- What search, feeds, replicas and harvesters follow.
CREATE TABLE changes (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  at          TEXT NOT NULL,
  kind        TEXT NOT NULL,             -- published | revised | withdrawn | agency
  dataset_id  TEXT NOT NULL,             -- '' for an agency's change
  n           INTEGER NOT NULL
);

-- +goose Down
SELECT 1;
