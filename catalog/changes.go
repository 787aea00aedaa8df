package catalog

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"daylight/store"
)

// A Change is one thing that became different in public. Search, feeds,
// replicas and harvesters follow them.
type Change struct {
	ID      int64 // rises; gaps mean nothing
	At      time.Time
	Kind    string // one of the Change constants
	Dataset DatasetID
	N       int // release; 0 where it is about none
}

// Kinds of changes.
const (
	ChangePublished = "published" // a release became public
	ChangeWithdrawn = "withdrawn" // a release can no longer be had
	ChangeRestored  = "restored"  // and can again
	ChangeRevised   = "revised"   // what is said of a dataset became different, without a release
	ChangeWithheld  = "withheld"  // a dataset is withheld, or the register says of it otherwise
	ChangeOpened    = "opened"    // a withholding ended: the dataset is published
	ChangeAgency    = "agency"    // an agency came or speaks of itself otherwise
)

// Changes walks all changes after this one, in order; 0 begins.
func (s *Store) Changes(ctx context.Context, after int64) iter.Seq2[Change, error] {
	return func(yield func(Change, error) bool) {
		for {
			page, err := s.changes(ctx, after)
			if err != nil {
				yield(Change{}, err)
				return
			}
			for _, c := range page {
				if !yield(c, nil) {
					return
				}
				after = c.ID
			}
			if len(page) < walkSize {
				return
			}
		}
	}
}

func (s *Store) changes(ctx context.Context, after int64) ([]Change, error) {
	rows, err := s.db.Query(ctx, `SELECT id, at, kind, dataset_id, n FROM changes WHERE id > $1 ORDER BY id LIMIT $2`, after, walkSize)
	if err != nil {
		return nil, fmt.Errorf("read changes: %w", err)
	}
	return scanChanges(rows)
}

func scanChanges(rows *store.Rows) ([]Change, error) {
	defer rows.Close()
	var out []Change
	for rows.Next() {
		var c Change
		var id string
		if err := rows.Scan(&c.ID, &c.At, &c.Kind, &id, &c.N); err != nil {
			return nil, fmt.Errorf("read changes: %w", err)
		}
		c.Dataset = DatasetID(id)
		out = append(out, c)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read changes: %w", err)
	}
	return out, nil
}

// Latest gives up to n changes of datasets before this one, newest first;
// math.MaxInt64 begins.
func (s *Store) Latest(ctx context.Context, before int64, n int) ([]Change, error) {
	rows, err := s.db.Query(ctx, `SELECT id, at, kind, dataset_id, n FROM changes WHERE id < $1 AND dataset_id <> '' ORDER BY id DESC LIMIT $2`, before, n)
	if err != nil {
		return nil, fmt.Errorf("read latest changes: %w", err)
	}
	return scanChanges(rows)
}

// LastChange gives the newest change's id and time; 0 and zero when there is none.
func (s *Store) LastChange(ctx context.Context) (int64, time.Time, error) {
	var id int64
	var at time.Time
	// Not max(): the time has no index, and this is asked for every document.
	err := s.db.QueryRow(ctx, `SELECT id, at FROM changes ORDER BY id DESC LIMIT 1`).Scan(&id, &at)
	if errors.Is(err, store.ErrNoRows) {
		return 0, time.Time{}, nil
	}
	if err != nil {
		return 0, time.Time{}, fmt.Errorf("read last change: %w", err)
	}
	return id, at, nil
}

func change(ctx context.Context, tx *store.Tx, at time.Time, kind string, id DatasetID, n int) error {
	_, err := tx.Exec(ctx, `INSERT INTO changes (at, kind, dataset_id, n) VALUES ($1, $2, $3, $4)`, at, kind, string(id), n)
	return err
}
