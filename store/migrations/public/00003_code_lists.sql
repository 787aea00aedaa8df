-- Code lists that an administrator loads: what the program does not bring.
-- +goose Up
CREATE TABLE code_lists (
  list       TEXT NOT NULL,              -- "communes"
  version    INTEGER NOT NULL,           -- from 1; the greatest is in force
  loaded_at  TEXT NOT NULL,              -- RFC 3339, UTC
  source     TEXT NOT NULL,              -- who says so, as the administrator wrote it
  stated_on  TEXT NOT NULL,              -- day of the source, ISO 8601
  sha256     TEXT NOT NULL,              -- of the file, hex
  row_count  INTEGER NOT NULL,
  PRIMARY KEY (list, version)
);

-- The lines of list "communes": codes.CommuneChange.
CREATE TABLE commune_changes (
  version           INTEGER NOT NULL,
  line              INTEGER NOT NULL,    -- order of the file, from 1
  old_code          TEXT NOT NULL,
  old_name          TEXT NOT NULL,
  old_name_en       TEXT NOT NULL,
  old_district_code TEXT NOT NULL,
  old_district_name TEXT NOT NULL,
  old_province_code TEXT NOT NULL,
  new_code          TEXT NOT NULL,
  new_name          TEXT NOT NULL,
  new_name_en       TEXT NOT NULL,
  new_province_code TEXT NOT NULL,
  change            TEXT NOT NULL,       -- same | renamed | merged | split
  valid_from        TEXT NOT NULL,
  legal_basis       TEXT NOT NULL,
  PRIMARY KEY (version, old_code, new_code)
);

-- +goose Down
SELECT 1;
