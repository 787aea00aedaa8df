package catalog

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"time"

	"daylight/store"
)

// ErrPublished: the dataset has a release, so it cannot be withheld as a whole.
var ErrPublished = errors.New("catalog: the dataset is published")

// A Deed is what a public transaction without a release is done for. Done again
// with the same intent it changes nothing.
type Deed struct {
	Intent string // id of the private intent it fulfils
	At     time.Time
}

// do runs a deed once.
func (s *Store) do(ctx context.Context, deed Deed, f func(*store.Tx) error) error {
	if deed.Intent == "" || deed.At.IsZero() {
		return errors.New("an intent and a time are needed")
	}
	return s.db.InTx(ctx, func(tx *store.Tx) error {
		var done int
		if err := tx.QueryRow(ctx, `SELECT count(*) FROM deeds WHERE intent_id = $1`, deed.Intent).Scan(&done); err != nil {
			return err
		}
		if done > 0 {
			return nil
		}
		if _, err := tx.Exec(ctx, `INSERT INTO deeds (intent_id, at) VALUES ($1, $2)`, deed.Intent, deed.At); err != nil {
			return err
		}
		return f(tx)
	})
}

// Withhold puts a dataset that has no release into the register, or changes
// what the register says of it, in one transaction: its description becomes
// public, and why nothing else does. A dataset with a release, or whose
// withholding has ended, is ErrPublished.
func (s *Store) Withhold(ctx context.Context, deed Deed, d Dataset, w Withholding) error {
	d.Tidy()
	w.Tidy()
	if w.Dataset != d.ID || Refused(d.Check()) || Refused(w.Check()) {
		return fmt.Errorf("withhold %s: what is said of it is not complete", d.ID)
	}
	meta, err := json.Marshal(w.Words())
	if err != nil {
		return fmt.Errorf("withhold %s: %w", d.ID, err)
	}
	err = s.do(ctx, deed, func(tx *store.Tx) error {
		var released int
		err := tx.QueryRow(ctx, `SELECT (SELECT count(*) FROM releases WHERE dataset_id = $1) + (SELECT count(*) FROM withholdings WHERE dataset_id = $1 AND ended_at IS NOT NULL)`,
			string(d.ID)).Scan(&released)
		if err != nil {
			return err
		}
		if released > 0 {
			return ErrPublished
		}
		if err := putDataset(ctx, tx, d, deed.At); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE datasets SET modified_at = $2 WHERE id = $1`, string(d.ID), deed.At); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `INSERT INTO withholdings (id, dataset_id, meta, review, since, modified_at) VALUES ($1, $2, $3, $4, $5, $5)
			ON CONFLICT (id) DO UPDATE SET meta = excluded.meta, review = excluded.review, modified_at = excluded.modified_at`,
			w.ID, string(d.ID), string(meta), w.Review, deed.At)
		if err != nil {
			return err
		}
		return change(ctx, tx, deed.At, ChangeWithheld, d.ID, 0)
	})
	if err != nil {
		return fmt.Errorf("withhold %s: %w", d.ID, err)
	}
	return nil
}

// endWithholding: with its first release a dataset is withheld no longer.
func endWithholding(ctx context.Context, tx *store.Tx, id DatasetID, at time.Time) error {
	ended, err := tx.Exec(ctx, `UPDATE withholdings SET ended_at = $2, modified_at = $2 WHERE dataset_id = $1 AND ended_at IS NULL`, string(id), at)
	if err != nil {
		return err
	}
	if n, err := ended.RowsAffected(); err != nil || n == 0 {
		return err
	}
	return change(ctx, tx, at, ChangeOpened, id, 0)
}

const withholdingRow = `SELECT w.id, w.dataset_id, w.meta, w.since, w.modified_at, w.ended_at FROM withholdings w `

// Withholding finds an entry of the register by its own id, or by its
// dataset's; also one that has ended.
func (s *Store) Withholding(ctx context.Context, id string) (*Withholding, error) {
	w, err := scanWithholding(s.db.QueryRow(ctx, withholdingRow+`WHERE w.id = $1 OR w.dataset_id = $1`, id))
	if errors.Is(err, store.ErrNoRows) {
		return nil, fmt.Errorf("withholding: %w", ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("read withholding: %w", err)
	}
	return w, nil
}

func scanWithholding(row scanner, also ...any) (*Withholding, error) {
	var id, dataset, meta string
	var since, modified time.Time
	var ended *time.Time
	if err := row.Scan(append([]any{&id, &dataset, &meta, &since, &modified, &ended}, also...)...); err != nil {
		return nil, err
	}
	return withholdingOf(id, dataset, meta, since, modified, ended)
}

func withholdingOf(id, dataset, meta string, since, modified time.Time, ended *time.Time) (*Withholding, error) {
	var w Withholding
	if err := json.Unmarshal([]byte(meta), &w); err != nil {
		return nil, fmt.Errorf("read withholding %s: its row is damaged", id)
	}
	w.ID, w.Dataset, w.Since, w.Modified = id, DatasetID(dataset), since, modified
	if ended != nil {
		w.Ended = *ended
	}
	return &w, nil
}

// A RegisterEntry is a withholding with the name of what is withheld.
type RegisterEntry struct {
	Withholding
	Slug   string
	Title  Text
	Agency AgencyID
}

const registerRow = `SELECT w.id, w.dataset_id, w.meta, w.since, w.modified_at, w.ended_at, d.slug, d.agency_id, d.meta
	FROM withholdings w JOIN datasets d ON d.id = w.dataset_id `

func (s *Store) register(ctx context.Context, rest string, args ...any) ([]RegisterEntry, error) {
	rows, err := s.db.Query(ctx, registerRow+rest, args...)
	if err != nil {
		return nil, fmt.Errorf("list withholdings: %w", err)
	}
	defer rows.Close()
	var out []RegisterEntry
	for rows.Next() {
		var slug, agency, meta string
		w, err := scanWithholding(rows, &slug, &agency, &meta)
		if err != nil {
			return nil, fmt.Errorf("list withholdings: %w", err)
		}
		d, err := datasetOf(string(w.Dataset), slug, agency, meta)
		if err != nil {
			return nil, err
		}
		out = append(out, RegisterEntry{*w, d.Slug, d.Title, d.Agency})
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("list withholdings: %w", err)
	}
	return out, nil
}

// Standing gives a page of what is withheld now, the earliest review first:
// what is overdue leads. An empty agency means all.
func (s *Store) Standing(ctx context.Context, agency AgencyID, from, size int) ([]RegisterEntry, error) {
	return s.register(ctx, `WHERE w.ended_at IS NULL AND ($1 = '' OR d.agency_id = $1) ORDER BY w.review, w.id LIMIT $2 OFFSET $3`, string(agency), size, from)
}

// Register walks the whole register in the order of ids, with what has ended.
// An empty agency means all.
func (s *Store) Register(ctx context.Context, agency AgencyID) iter.Seq2[RegisterEntry, error] {
	return func(yield func(RegisterEntry, error) bool) {
		after := ""
		for {
			page, err := s.register(ctx, `WHERE w.id > $1 AND ($2 = '' OR d.agency_id = $2) ORDER BY w.id LIMIT $3`, after, string(agency), walkSize)
			if err != nil {
				yield(RegisterEntry{}, err)
				return
			}
			for _, e := range page {
				if !yield(e, nil) {
					return
				}
				after = e.ID
			}
			if len(page) < walkSize {
				return
			}
		}
	}
}

// RegisterNews gives a page of the entries that changed last, the newest first.
func (s *Store) RegisterNews(ctx context.Context, from, size int) ([]RegisterEntry, error) {
	return s.register(ctx, `ORDER BY w.modified_at DESC, w.id LIMIT $1 OFFSET $2`, size, from)
}

// RegisterCounts are the figures of the register.
type RegisterCounts struct {
	Standing int // withheld now
	Overdue  int // of them, with a day of review that has passed
	Ended    int // published since
	Parts    int // published datasets of which privacy left out columns
	Columns  int // the columns it left out of them
}

// RegisterCounts counts what is withheld as of a day, ISO 8601. An empty agency
// means all.
func (s *Store) RegisterCounts(ctx context.Context, agency AgencyID, today string) (RegisterCounts, error) {
	var c RegisterCounts
	err := s.db.QueryRow(ctx, `SELECT coalesce(sum(w.ended_at IS NULL), 0), coalesce(sum(w.ended_at IS NULL AND w.review < $1), 0), coalesce(sum(w.ended_at IS NOT NULL), 0)
		FROM withholdings w JOIN datasets d ON d.id = w.dataset_id WHERE $2 = '' OR d.agency_id = $2`, today, string(agency)).Scan(&c.Standing, &c.Overdue, &c.Ended)
	if err != nil {
		return c, fmt.Errorf("count withholdings: %w", err)
	}
	err = s.db.QueryRow(ctx, `SELECT count(*), coalesce(sum(left_out), 0) FROM datasets WHERE left_out > 0 AND ($1 = '' OR agency_id = $1)`, string(agency)).Scan(&c.Parts, &c.Columns)
	if err != nil {
		return c, fmt.Errorf("count withheld columns: %w", err)
	}
	return c, nil
}

// Parts gives a page of the published datasets of which privacy left out
// columns, those with the most first. An empty agency means all.
func (s *Store) Parts(ctx context.Context, agency AgencyID, from, size int) (page []*Dataset, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		rows, err := tx.Query(ctx, `SELECT id FROM datasets WHERE left_out > 0 AND ($1 = '' OR agency_id = $1) ORDER BY left_out DESC, id LIMIT $2 OFFSET $3`, string(agency), size, from)
		if err != nil {
			return fmt.Errorf("list withheld columns: %w", err)
		}
		var ids []DatasetID
		for rows.Next() {
			var id string
			if err := rows.Scan(&id); err != nil {
				rows.Close()
				return fmt.Errorf("list withheld columns: %w", err)
			}
			ids = append(ids, DatasetID(id))
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			return fmt.Errorf("list withheld columns: %w", err)
		}
		page, err = these(ctx, tx, ids)
		return err
	})
	return page, err
}
