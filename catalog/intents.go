package catalog

import (
	"context"
	"fmt"
	"time"

	"daylight/store"
)

// An Intent says, durably and privately, what a publication means to make
// public before it does. No transaction spans the two databases, so after a
// crash the intent's id in the public one tells whether it happened.
type Intent struct {
	ID       string
	Upload   string
	Dataset  DatasetID
	Manifest string // files with their SHA-256, JSON
	At       time.Time
}

// States of an intent.
const (
	intentOpen   = "open"
	intentDone   = "done"
	intentFailed = "failed"
)

// OpenIntent writes an intent in the caller's transaction.
func (s *Drafts) OpenIntent(ctx context.Context, tx *store.Tx, i Intent) error {
	_, err := tx.Exec(ctx, `INSERT INTO intents (id, upload_id, dataset_id, manifest, state, created_at) VALUES ($1, $2, $3, $4, $5, $6)`,
		i.ID, i.Upload, string(i.Dataset), i.Manifest, intentOpen, i.At)
	if err != nil {
		return fmt.Errorf("open intent: %w", err)
	}
	return nil
}

// CloseIntent marks an intent done, or failed, in the caller's transaction.
func (s *Drafts) CloseIntent(ctx context.Context, tx *store.Tx, id string, done bool, at time.Time) error {
	state := intentFailed
	if done {
		state = intentDone
	}
	if _, err := tx.Exec(ctx, `UPDATE intents SET state = $2, closed_at = $3 WHERE id = $1`, id, state, at); err != nil {
		return fmt.Errorf("close intent: %w", err)
	}
	return nil
}

// OpenIntents lists what was meant and not yet closed, oldest first.
func (s *Drafts) OpenIntents(ctx context.Context) ([]Intent, error) {
	rows, err := s.db.Query(ctx, `SELECT id, upload_id, dataset_id, manifest, created_at FROM intents WHERE state = $1 ORDER BY created_at, id`, intentOpen)
	if err != nil {
		return nil, fmt.Errorf("list intents: %w", err)
	}
	defer rows.Close()
	var out []Intent
	for rows.Next() {
		var i Intent
		var id string
		if err := rows.Scan(&i.ID, &i.Upload, &id, &i.Manifest, &i.At); err != nil {
			return nil, fmt.Errorf("list intents: %w", err)
		}
		i.Dataset = DatasetID(id)
		out = append(out, i)
	}
	return out, rows.Err()
}
