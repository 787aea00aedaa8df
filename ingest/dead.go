package ingest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"

	"daylight/catalog"
	"daylight/store"
)

// reasonOf is a code for why an attempt failed. An error itself may quote what
// nobody should read; the log has it, with the request's id.
func reasonOf(err error) string {
	switch {
	case errors.Is(err, store.ErrNoSpace), errors.Is(err, syscall.ENOSPC):
		return "no-space"
	case errors.Is(err, store.ErrBusy):
		return "database-busy"
	case errors.Is(err, store.ErrReadOnly):
		return "store-read-only"
	case errors.Is(err, store.ErrKey):
		return "wrong-key"
	case errors.Is(err, errOthersTurn):
		return "others-turn"
	case errors.Is(err, os.ErrNotExist):
		return "folder-missing"
	case errors.Is(err, os.ErrPermission):
		return "no-permission"
	case unfetchedYet(err):
		return "fetch-failed"
	}
	return "internal"
}

// Dead lists jobs that were given up, the latest first, 1,000 at most.
func (in *Inbox) Dead(ctx context.Context) ([]catalog.DeadJob, error) {
	rows, err := in.db.Query(ctx, `SELECT j.id, j.kind, j.subject, j.attempts, j.reason, u.dataset_id, u.agency_id, u.updated_at
		FROM jobs j JOIN uploads u ON u.id = j.subject WHERE j.state = 'dead' ORDER BY u.updated_at DESC, j.id DESC LIMIT 1000`)
	if err != nil {
		return nil, fmt.Errorf("list dead jobs: %w", err)
	}
	defer rows.Close()
	out := []catalog.DeadJob{}
	for rows.Next() {
		var j catalog.DeadJob
		var dataset, agency string
		if err := rows.Scan(&j.ID, &j.Kind, &j.Upload, &j.Attempts, &j.Reason, &dataset, &agency, &j.At); err != nil {
			return nil, fmt.Errorf("list dead jobs: %w", err)
		}
		j.Dataset, j.Agency = catalog.DatasetID(dataset), catalog.AgencyID(agency)
		out = append(out, j)
	}
	return out, rows.Err()
}

// Revive tries a dead job again, from its first attempt: its upload stands as
// it did before. catalog.ErrNotFound where no dead job has this number.
func (in *Inbox) Revive(ctx context.Context, by string, job int64) error {
	id := ""
	err := in.db.InTx(ctx, func(tx *store.Tx) error {
		var kind, state string
		err := tx.QueryRow(ctx, `SELECT j.kind, j.subject, u.state FROM jobs j JOIN uploads u ON u.id = j.subject WHERE j.id = $1 AND j.state = 'dead'`, job).Scan(&kind, &id, &state)
		if errors.Is(err, store.ErrNoRows) {
			return catalog.ErrNotFound
		}
		if err != nil {
			return err
		}
		to := catalog.StateReceived
		if kind == jobFetch {
			to = catalog.StateReceiving
		}
		if state != catalog.StateRefused {
			to = state
		}
		now := in.now()
		if _, err := tx.Exec(ctx, `UPDATE uploads SET state = $2, problems = '[]', updated_at = $3 WHERE id = $1`, id, to, now); err != nil {
			return err
		}
		if err := store.Enqueue(ctx, tx, kind, id, now); err != nil {
			return err
		}
		return in.audit(ctx, tx, by, "job.revive", id, map[string]any{"job": job, "kind": kind})
	})
	if err != nil {
		return fmt.Errorf("revive job %d: %w", job, err)
	}
	nudge(in.wake)
	nudge(in.wakeFetch)
	in.watches.tell(id)
	return nil
}
