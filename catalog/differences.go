package catalog

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"daylight/datasets/difference"
	"daylight/privacy"
	"daylight/store"
)

// How many rows became different from one release to the next is counted after
// publication and kept beside the releases: derived from public files, and made
// again where it is missing.

// AboutPersons says whether a table of the release is about persons. What
// differs between two releases is then told to nobody: one person who comes,
// goes or changes would stand alone in it.
func (r *Release) AboutPersons() bool {
	return slices.ContainsFunc(r.Privacy, func(s privacy.Statement) bool { return s.AboutPersons })
}

// HasPersons says whether a release of the dataset, withdrawn or not, holds a
// table about persons.
func (s *Store) HasPersons(ctx context.Context, id DatasetID) (bool, error) {
	all, err := s.Releases(ctx, id)
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(all, func(r Release) bool { return r.AboutPersons() }), nil
}

// RowChanges counts the rows that became different in a release against an
// earlier one.
type RowChanges struct {
	From   int            `json:"from"` // the earlier release
	Tables []TableChanges `json:"tables"`
}

// TableChanges are those of one table that both releases have.
type TableChanges struct {
	Table string `json:"table"`
	difference.Counts
}

// Sum adds the tables up.
func (c RowChanges) Sum() (added, removed, changed int64) {
	for _, t := range c.Tables {
		added, removed, changed = added+t.Added, removed+t.Removed, changed+t.Changed
	}
	return added, removed, changed
}

// RowChanges gives what was counted, by release. It leaves out a count against
// a release that has been withdrawn since, and of one about persons.
func (s *Store) RowChanges(ctx context.Context, id DatasetID) (map[int]RowChanges, error) {
	rows, err := s.db.Query(ctx, `SELECT d.n, d.from_n, d.tables, f.privacy, t.privacy FROM differences d
		JOIN releases f ON f.dataset_id = d.dataset_id AND f.n = d.from_n
		JOIN releases t ON t.dataset_id = d.dataset_id AND t.n = d.n
		WHERE d.dataset_id = $1 AND f.withdrawn_at IS NULL AND t.withdrawn_at IS NULL`, string(id))
	if err != nil {
		return nil, fmt.Errorf("read row changes: %w", err)
	}
	defer rows.Close()
	out := map[int]RowChanges{}
	for rows.Next() {
		var n int
		var c RowChanges
		var tables, before, after string
		if err := rows.Scan(&n, &c.From, &tables, &before, &after); err != nil {
			return nil, fmt.Errorf("read row changes: %w", err)
		}
		persons := false
		for _, statements := range []string{before, after} {
			r := Release{Dataset: id, N: n}
			if err := r.fill("", "", statements, nil); err != nil {
				return nil, err
			}
			persons = persons || r.AboutPersons()
		}
		if persons {
			continue
		}
		if err := json.Unmarshal([]byte(tables), &c.Tables); err != nil {
			return nil, fmt.Errorf("read row changes of release %d of %s: its row is damaged", n, id)
		}
		if len(c.Tables) > 0 {
			out[n] = c
		}
	}
	return out, rows.Err()
}

// A Step leads from a release to the next one that can be had.
type Step struct {
	Dataset  DatasetID
	From, To int
}

// Uncounted gives up to n steps whose rows have not been counted, in the order
// of datasets and releases, those that come after a step; the zero Step begins.
// An empty dataset: all.
func (s *Store) Uncounted(ctx context.Context, dataset DatasetID, after Step, n int) ([]Step, error) {
	rows, err := s.db.Query(ctx, `SELECT s.dataset_id, s.n, s.before FROM (
			SELECT r.dataset_id, r.n, max(p.n) AS before FROM releases r
			JOIN releases p ON p.dataset_id = r.dataset_id AND p.n < r.n AND p.withdrawn_at IS NULL
			WHERE r.withdrawn_at IS NULL AND ($1 = '' OR r.dataset_id = $1) AND (r.dataset_id > $2 OR r.dataset_id = $2 AND r.n > $3)
			GROUP BY r.dataset_id, r.n) s
		LEFT JOIN differences d ON d.dataset_id = s.dataset_id AND d.n = s.n AND d.from_n = s.before
		WHERE d.n IS NULL ORDER BY s.dataset_id, s.n LIMIT $4`, string(dataset), string(after.Dataset), after.To, n)
	if err != nil {
		return nil, fmt.Errorf("list what is not counted: %w", err)
	}
	defer rows.Close()
	var out []Step
	for rows.Next() {
		var id string
		var one Step
		if err := rows.Scan(&id, &one.To, &one.From); err != nil {
			return nil, fmt.Errorf("list what is not counted: %w", err)
		}
		one.Dataset = DatasetID(id)
		out = append(out, one)
	}
	return out, rows.Err()
}

// PutRowChanges keeps what was counted in the place of what was there. No
// tables: these two releases are not compared.
func (s *Store) PutRowChanges(ctx context.Context, step Step, tables []TableChanges, at time.Time) error {
	if tables == nil {
		tables = []TableChanges{}
	}
	text, err := json.Marshal(tables)
	if err != nil {
		return fmt.Errorf("put row changes: %w", err)
	}
	err = s.db.InTx(ctx, func(tx *store.Tx) error {
		// Both must still be there to be had: a count must not outlive a withdrawal.
		var there int
		if err := tx.QueryRow(ctx, `SELECT count(*) FROM releases WHERE dataset_id = $1 AND n IN ($2, $3) AND withdrawn_at IS NULL`,
			string(step.Dataset), step.From, step.To).Scan(&there); err != nil {
			return err
		}
		if there != 2 {
			return ErrNotFound
		}
		if _, err := tx.Exec(ctx, `DELETE FROM differences WHERE dataset_id = $1 AND n = $2`, string(step.Dataset), step.To); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `INSERT INTO differences (dataset_id, n, from_n, made_at, tables) VALUES ($1, $2, $3, $4, $5)`,
			string(step.Dataset), step.To, step.From, at, string(text))
		return err
	})
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("put row changes: %w", err)
	}
	return nil
}
