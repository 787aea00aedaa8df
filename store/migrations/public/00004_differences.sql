-- How many rows became different from one release to the next. Derived from
-- public files: rows may be deleted, and are made again.
-- +goose Up
CREATE TABLE differences (
  dataset_id TEXT NOT NULL,
  n          INTEGER NOT NULL,           -- the later release
  from_n     INTEGER NOT NULL,           -- the earlier one: the last before it that could be had
  made_at    TEXT NOT NULL,              -- RFC 3339, UTC
  tables     TEXT NOT NULL,              -- []catalog.TableChanges as JSON; [] where the two are not compared
  PRIMARY KEY (dataset_id, n),
  FOREIGN KEY (dataset_id, n) REFERENCES releases(dataset_id, n)
);

-- +goose Down
SELECT 1;
