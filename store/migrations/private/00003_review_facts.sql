-- What a person who decides is told, and what they answered.
-- +goose Up
ALTER TABLE reviews ADD COLUMN facts TEXT NOT NULL DEFAULT '';   -- JSON: columns, findings, questions, proposal; no values
ALTER TABLE reviews ADD COLUMN reading TEXT NOT NULL DEFAULT ''; -- JSON: answers about the reading, before a plan is decided
-- +goose Down
SELECT 1;
