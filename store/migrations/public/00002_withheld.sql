-- The register of what is withheld, and what the public side was told to do
-- besides releases.
-- +goose Up

-- A dataset that is withheld as a whole has a row here and no release:
-- datasets.current_n is 0. With its first release the withholding ends; the
-- row stays.
CREATE TABLE withholdings (
  id          TEXT PRIMARY KEY,          -- UUID
  dataset_id  TEXT NOT NULL UNIQUE REFERENCES datasets(id),
  meta        TEXT NOT NULL,             -- catalog.Withholding as JSON
  review      TEXT NOT NULL,             -- day of review, ISO 8601
  since       TEXT NOT NULL,             -- when the register got it
  modified_at TEXT NOT NULL,
  ended_at    TEXT                       -- when the dataset was published; NULL: it stands
);
CREATE INDEX withholdings_review ON withholdings(review, id);

-- Private intents that came true without a release: a withholding, new words.
CREATE TABLE deeds (
  intent_id   TEXT PRIMARY KEY,
  at          TEXT NOT NULL
);

-- Columns that privacy left out of the current release: counted here, because
-- the register lists them over the whole catalogue.
ALTER TABLE datasets ADD COLUMN left_out INTEGER NOT NULL DEFAULT 0;
UPDATE datasets SET left_out = coalesce((
  SELECT sum(coalesce(json_array_length(s.value, '$.left_out'), 0))
  FROM releases r, json_each(r.privacy) s
  WHERE r.dataset_id = datasets.id AND r.n = datasets.current_n), 0);
CREATE INDEX datasets_left_out ON datasets(left_out DESC, id, agency_id) WHERE left_out > 0;

-- +goose Down
SELECT 1;
