-- The private database: what is worked on, decided and audited.
-- +goose Up
CREATE TABLE drafts (
  dataset_id  TEXT PRIMARY KEY,          -- UUID
  slug        TEXT NOT NULL UNIQUE,
  agency_id   TEXT NOT NULL,
  meta        TEXT NOT NULL,             -- catalog.Dataset as JSON
  updated_at  TEXT NOT NULL
);

CREATE TABLE plans (
  dataset_id  TEXT NOT NULL,
  version     INTEGER NOT NULL,
  yaml        TEXT NOT NULL,             -- as decided; 'auto' means: proposed from each file
  hash        TEXT NOT NULL,             -- SHA-256 of the canonical form, hex
  decided_by  TEXT NOT NULL,
  created_at  TEXT NOT NULL,
  PRIMARY KEY (dataset_id, version)
);

CREATE TABLE uploads (
  id           TEXT PRIMARY KEY,         -- UUID
  dataset_id   TEXT NOT NULL,
  agency_id    TEXT NOT NULL,
  by_user      TEXT NOT NULL,
  file_name    TEXT NOT NULL,            -- a label, never a path, never public
  state        TEXT NOT NULL,            -- receiving | received | working | waiting | published | refused
  stage        TEXT NOT NULL,            -- of the work: reading, examining, clearing, writing, checking, publishing
  done_bytes   INTEGER NOT NULL,
  total_bytes  INTEGER NOT NULL,
  done_rows    INTEGER NOT NULL,
  bytes        INTEGER NOT NULL,
  hmac         TEXT NOT NULL,            -- of the content, keyed; hex
  wrapped_key  BLOB NOT NULL,            -- durable from the moment the upload exists
  idempotency  TEXT,                     -- Idempotency-Key of its creation
  request_hash TEXT NOT NULL,            -- what that key was first used with
  read_options TEXT NOT NULL,            -- JSON
  report       TEXT,                     -- the reading's report and findings, JSON, no values
  problems     TEXT,                     -- []privacy.Problem or refusal, JSON, no values
  release_n    INTEGER NOT NULL,         -- 0: none
  created_at   TEXT NOT NULL,
  updated_at   TEXT NOT NULL
);
CREATE UNIQUE INDEX uploads_idempotency ON uploads(agency_id, idempotency) WHERE idempotency IS NOT NULL;
CREATE INDEX uploads_dataset ON uploads(dataset_id, created_at);

-- A job is a leased row: at least once, so every job is idempotent.
CREATE TABLE jobs (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  kind        TEXT NOT NULL,
  subject     TEXT NOT NULL,             -- upload id
  state       TEXT NOT NULL,             -- ready | leased | done | dead
  attempts    INTEGER NOT NULL,
  fence       INTEGER NOT NULL,          -- counts leases and never goes back: tells a stale holder from the present one
  run_after   TEXT NOT NULL,
  lease_owner TEXT NOT NULL,
  lease_until TEXT NOT NULL,
  created_at  TEXT NOT NULL,
  UNIQUE (kind, subject)
);
CREATE INDEX jobs_ready ON jobs(state, run_after);

-- Publication spans two databases; the intent says what was meant.
CREATE TABLE intents (
  id          TEXT PRIMARY KEY,          -- UUID
  upload_id   TEXT NOT NULL,
  dataset_id  TEXT NOT NULL,
  manifest    TEXT NOT NULL,             -- files with SHA-256, JSON
  state       TEXT NOT NULL,             -- open | done | failed
  created_at  TEXT NOT NULL,
  closed_at   TEXT
);
CREATE INDEX intents_open ON intents(state);

-- Append-only; each row carries the hash of the one before.
CREATE TABLE audit (
  seq         INTEGER PRIMARY KEY AUTOINCREMENT,
  at          TEXT NOT NULL,
  actor       TEXT NOT NULL,
  action      TEXT NOT NULL,
  subject     TEXT NOT NULL,
  detail      TEXT NOT NULL,             -- JSON: counts, hashes, ids; never a value
  prev        TEXT NOT NULL,
  hash        TEXT NOT NULL
);

-- +goose StatementBegin
CREATE TRIGGER audit_never_changes BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER audit_never_shrinks BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
-- +goose StatementEnd

-- Where the audit log ends: a tail that was cut off would else leave a whole chain.
CREATE TABLE audit_head (
  id          INTEGER PRIMARY KEY CHECK (id = 1),
  seq         INTEGER NOT NULL,
  hash        TEXT NOT NULL
);
INSERT INTO audit_head (id, seq, hash) VALUES (1, 0, '');

CREATE TABLE users (
  id          TEXT PRIMARY KEY,
  name        TEXT NOT NULL UNIQUE,
  agency_id   TEXT NOT NULL,             -- '' for a portal administrator
  role        TEXT NOT NULL,             -- publisher | administrator
  created_at  TEXT NOT NULL,
  disabled_at TEXT
);

CREATE TABLE tokens (
  prefix      TEXT PRIMARY KEY,          -- found by it
  user_id     TEXT NOT NULL REFERENCES users(id),
  sha256      TEXT NOT NULL,             -- of the whole token
  created_at  TEXT NOT NULL,
  expires_at  TEXT NOT NULL,
  revoked_at  TEXT
);
-- +goose Down
SELECT 1;
