-- Review: what a person decides over one upload; and how a browser gets to it.
-- +goose Up
CREATE TABLE sessions (
  sha256      TEXT PRIMARY KEY,          -- of the cookie
  prefix      TEXT NOT NULL REFERENCES tokens(prefix), -- it lives no longer than its token
  created_at  TEXT NOT NULL,
  expires_at  TEXT NOT NULL
);

-- One row an upload: the last decision over it. It joins the dataset's plans
-- when it is approved, and not before: until then it decides over nothing else.
CREATE TABLE reviews (
  upload_id   TEXT PRIMARY KEY REFERENCES uploads(id),
  plan        TEXT NOT NULL,             -- YAML, one document a table
  plan_hash   TEXT NOT NULL,
  input_hmac  TEXT NOT NULL,             -- of the content it was decided over
  two_person  INTEGER NOT NULL,          -- 1: whoever sent the file may not approve
  decided_by  TEXT NOT NULL,
  decided_at  TEXT NOT NULL,
  digest      TEXT NOT NULL,             -- of what the dry run cleared; '': not run to its end
  approved_by TEXT NOT NULL,             -- '': not approved
  approved_at TEXT
);
-- +goose Down
SELECT 1;
