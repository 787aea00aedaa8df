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

// Drafts is the private side of the catalogue: what is said of datasets before
// it is public, the plans that decide over their files, and the intents of
// publications under way.
type Drafts struct{ db *store.PrivateDB }

// NewDrafts gives the drafts in db, which is migrated.
func NewDrafts(db *store.PrivateDB) *Drafts { return &Drafts{db: db} }

// PutDataset stores a draft by its id. It becomes public with the dataset's
// next release. A slug that another draft has is store.ErrConflict.
func (s *Drafts) PutDataset(ctx context.Context, tx *store.Tx, d Dataset, at time.Time) error {
	meta, err := json.Marshal(d.Words())
	if err != nil {
		return fmt.Errorf("put draft: %w", err)
	}
	_, err = tx.Exec(ctx, `INSERT INTO drafts (dataset_id, slug, agency_id, meta, updated_at) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (dataset_id) DO UPDATE SET slug = excluded.slug, agency_id = excluded.agency_id, meta = excluded.meta, updated_at = excluded.updated_at`,
		string(d.ID), d.Slug, string(d.Agency), string(meta), at)
	if err != nil {
		return fmt.Errorf("put draft %s: %w", d.ID, err)
	}
	return nil
}

// Dataset finds a draft by slug or id.
func (s *Drafts) Dataset(ctx context.Context, slugOrID string) (*Dataset, error) {
	var id, slug, agency, meta string
	err := s.db.QueryRow(ctx, `SELECT dataset_id, slug, agency_id, meta FROM drafts WHERE slug = $1 OR dataset_id = $1`, slugOrID).Scan(&id, &slug, &agency, &meta)
	if errors.Is(err, store.ErrNoRows) {
		return nil, fmt.Errorf("draft: %w", ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("read draft: %w", err)
	}
	return datasetOf(id, slug, agency, meta)
}

// All walks the drafts of an agency in the order of ids; an empty agency means
// all.
func (s *Drafts) All(ctx context.Context, agency AgencyID) iter.Seq2[*Dataset, error] {
	return func(yield func(*Dataset, error) bool) {
		after := DatasetID("")
		for {
			page, err := s.page(ctx, agency, after)
			if err != nil {
				yield(nil, err)
				return
			}
			for _, d := range page {
				if !yield(d, nil) {
					return
				}
				after = d.ID
			}
			if len(page) < walkSize {
				return
			}
		}
	}
}

func (s *Drafts) page(ctx context.Context, agency AgencyID, after DatasetID) ([]*Dataset, error) {
	rows, err := s.db.Query(ctx, `SELECT dataset_id, slug, agency_id, meta FROM drafts WHERE dataset_id > $1 AND ($2 = '' OR agency_id = $2) ORDER BY dataset_id LIMIT $3`,
		string(after), string(agency), walkSize)
	if err != nil {
		return nil, fmt.Errorf("list drafts: %w", err)
	}
	defer rows.Close()
	var out []*Dataset
	for rows.Next() {
		var id, slug, agency, meta string
		if err := rows.Scan(&id, &slug, &agency, &meta); err != nil {
			return nil, fmt.Errorf("list drafts: %w", err)
		}
		d, err := datasetOf(id, slug, agency, meta)
		if err != nil {
			return nil, err
		}
		out = append(out, d)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("list drafts: %w", err)
	}
	return out, nil
}

// A StoredPlan is the plan text that decides over a dataset's files.
type StoredPlan struct {
	Version int
	YAML    string // "auto": proposed anew from each file
	Hash    string // of its meaning; "" for auto
	By      string
	At      time.Time
}

// PutPlan stores a plan as the dataset's newest, and gives its version; the
// plan that stands already stays the version it is.
func (s *Drafts) PutPlan(ctx context.Context, tx *store.Tx, id DatasetID, p StoredPlan) (int, error) {
	var last int
	var was string
	err := tx.QueryRow(ctx, `SELECT version, yaml FROM plans WHERE dataset_id = $1 ORDER BY version DESC LIMIT 1`, string(id)).Scan(&last, &was)
	if err != nil && !errors.Is(err, store.ErrNoRows) {
		return 0, fmt.Errorf("put plan of %s: %w", id, err)
	}
	if err == nil && was == p.YAML {
		return last, nil
	}
	_, err = tx.Exec(ctx, `INSERT INTO plans (dataset_id, version, yaml, hash, decided_by, created_at) VALUES ($1, $2, $3, $4, $5, $6)`,
		string(id), last+1, p.YAML, p.Hash, p.By, p.At)
	if err != nil {
		return 0, fmt.Errorf("put plan of %s: %w", id, err)
	}
	return last + 1, nil
}

// Plan gives a version of a dataset's plan; 0 means the newest. ErrNotFound
// when nobody has decided one.
func (s *Drafts) Plan(ctx context.Context, id DatasetID, version int) (StoredPlan, error) {
	var p StoredPlan
	err := s.db.QueryRow(ctx, `SELECT version, yaml, hash, decided_by, created_at FROM plans
		WHERE dataset_id = $1 AND ($2 = 0 OR version = $2) ORDER BY version DESC LIMIT 1`, string(id), version).Scan(&p.Version, &p.YAML, &p.Hash, &p.By, &p.At)
	if errors.Is(err, store.ErrNoRows) {
		return p, fmt.Errorf("plan: %w", ErrNotFound)
	}
	if err != nil {
		return p, fmt.Errorf("read plan of %s: %w", id, err)
	}
	return p, nil
}
