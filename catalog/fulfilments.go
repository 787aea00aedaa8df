package catalog

import (
	"context"
	"fmt"
	"iter"
)

// A Fulfilment is a release as the proof of its intent: what fsck compares
// with what the private side meant to publish.
type Fulfilment struct {
	Intent  string
	Dataset DatasetID
	N       int
	Files   map[string]string // name -> SHA-256 in hex
}

// Fulfilments lists every release by the id of its intent, as of one moment.
func (s *Store) Fulfilments(ctx context.Context) iter.Seq2[Fulfilment, error] {
	return func(yield func(Fulfilment, error) bool) {
		rows, err := s.db.Query(ctx, `SELECT r.intent_id, r.dataset_id, r.n, coalesce(f.name, ''), coalesce(f.sha256, '')
			FROM releases r LEFT JOIN files f ON f.dataset_id = r.dataset_id AND f.n = r.n ORDER BY r.intent_id, f.name`)
		if err != nil {
			yield(Fulfilment{}, fmt.Errorf("list fulfilments: %w", err))
			return
		}
		defer rows.Close()
		var now Fulfilment
		for rows.Next() {
			var one Fulfilment
			var id, name, sum string
			if err := rows.Scan(&one.Intent, &id, &one.N, &name, &sum); err != nil {
				yield(Fulfilment{}, fmt.Errorf("list fulfilments: %w", err))
				return
			}
			one.Dataset = DatasetID(id)
			if one.Intent != now.Intent {
				if now.Intent != "" && !yield(now, nil) {
					return
				}
				now = one
				now.Files = map[string]string{}
			}
			if name != "" {
				now.Files[name] = sum
			}
		}
		if err := rows.Err(); err != nil {
			yield(Fulfilment{}, fmt.Errorf("list fulfilments: %w", err))
			return
		}
		if now.Intent != "" {
			yield(now, nil)
		}
	}
}

// A Meant is an intent with what became of it.
type Meant struct {
	Intent
	Done, Failed bool // neither: open
}

// Meant lists every intent by its id, as of one moment.
func (s *Drafts) Meant(ctx context.Context) iter.Seq2[Meant, error] {
	return func(yield func(Meant, error) bool) {
		rows, err := s.db.Query(ctx, `SELECT id, upload_id, dataset_id, manifest, state, created_at FROM intents ORDER BY id`)
		if err != nil {
			yield(Meant{}, fmt.Errorf("list intents: %w", err))
			return
		}
		defer rows.Close()
		for rows.Next() {
			var m Meant
			var dataset, state string
			if err := rows.Scan(&m.ID, &m.Upload, &dataset, &m.Manifest, &state, &m.At); err != nil {
				yield(Meant{}, fmt.Errorf("list intents: %w", err))
				return
			}
			m.Dataset, m.Done, m.Failed = DatasetID(dataset), state == intentDone, state == intentFailed
			if !yield(m, nil) {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(Meant{}, fmt.Errorf("list intents: %w", err))
		}
	}
}

// Versions gives the number of each dataset's last release.
func (s *Store) Versions(ctx context.Context) (map[DatasetID]int, error) {
	out := map[DatasetID]int{}
	rows, err := s.db.Query(ctx, `SELECT dataset_id, max(n) FROM releases GROUP BY dataset_id`)
	if err != nil {
		return nil, fmt.Errorf("list versions: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		var n int
		if err := rows.Scan(&id, &n); err != nil {
			return nil, fmt.Errorf("list versions: %w", err)
		}
		out[DatasetID(id)] = n
	}
	return out, rows.Err()
}
