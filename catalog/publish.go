package catalog

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"daylight/datasets"
	"daylight/privacy"
	"daylight/store"
)

// A Publication is what becomes public together with a release.
type Publication struct {
	Intent  string  // id of the private intent it fulfils
	Dataset Dataset // what the agency says of it; checked
	Note    Text    // what is new in this release
	At      time.Time
}

// ErrIdentical: the current release holds exactly these files. No release was
// made; N names the one that stands.
type ErrIdentical struct{ N int }

func (e *ErrIdentical) Error() string {
	return fmt.Sprintf("catalog: identical to release %d", e.N)
}

// ErrSlugTaken: another dataset has this slug, or had it: an address once given
// out leads to its dataset for ever. It is a store.ErrConflict.
var ErrSlugTaken = fmt.Errorf("catalog: another dataset has or had this slug: %w", store.ErrConflict)

// Publish makes a release public, in one transaction. Called again with the
// same intent it gives the same release. The release must come from a Shelf:
// the zero Release is refused.
func (s *Store) Publish(ctx context.Context, p Publication, r *datasets.Release) (*Release, error) {
	if r == nil || len(r.Files()) == 0 || len(r.Tables()) == 0 || len(r.Reports()) != len(r.Tables()) {
		return nil, errors.New("publish: there is no release")
	}
	if p.Intent == "" || p.At.IsZero() {
		return nil, errors.New("publish: an intent and a time are needed")
	}
	d := p.Dataset
	d.Tidy()
	d.Release = nil
	if Refused(d.Check()) || Refused(CheckNote(p.Note)) {
		return nil, fmt.Errorf("publish %s: what is said of the dataset is not complete", d.ID)
	}
	var n int
	err := s.db.InTx(ctx, func(tx *store.Tx) error {
		switch err := tx.QueryRow(ctx, `SELECT n FROM releases WHERE intent_id = $1`, p.Intent).Scan(&n); {
		case err == nil:
			return nil // this very publication has happened
		case !errors.Is(err, store.ErrNoRows):
			return err
		}
		current, same, err := standing(ctx, tx, d.ID, r)
		if err != nil {
			return err
		}
		if same {
			return &ErrIdentical{current}
		}
		if err := putDataset(ctx, tx, d, p.At); err != nil {
			return err
		}
		var last int
		if err := tx.QueryRow(ctx, `SELECT coalesce(max(n), 0) FROM releases WHERE dataset_id = $1`, string(d.ID)).Scan(&last); err != nil {
			return err
		}
		n = last + 1
		if err := putRelease(ctx, tx, d.ID, n, p, r); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE datasets SET current_n = $2, modified_at = $3, left_out = $4 WHERE id = $1`, string(d.ID), n, p.At, leftOut(r)); err != nil {
			return err
		}
		if n == 1 { // a dataset that was withheld is issued now
			if _, err := tx.Exec(ctx, `UPDATE datasets SET issued_at = $2 WHERE id = $1`, string(d.ID), p.At); err != nil {
				return err
			}
			if err := endWithholding(ctx, tx, d.ID, p.At); err != nil {
				return err
			}
		}
		return change(ctx, tx, p.At, ChangePublished, d.ID, n)
	})
	if err != nil {
		var identical *ErrIdentical
		if errors.As(err, &identical) {
			return nil, identical
		}
		return nil, fmt.Errorf("publish %s: %w", d.ID, err)
	}
	return s.Release(ctx, d.ID, n)
}

// leftOut counts the columns that privacy left out of a release.
func leftOut(r *datasets.Release) (n int) {
	for _, report := range r.Reports() {
		n += len(report.Statement().LeftOut)
	}
	return n
}

// standing says which release is current, and whether it holds these files.
func standing(ctx context.Context, tx *store.Tx, id DatasetID, r *datasets.Release) (n int, same bool, err error) {
	var withdrawn *time.Time
	err = tx.QueryRow(ctx, `SELECT d.current_n, r.withdrawn_at FROM datasets d JOIN releases r ON r.dataset_id = d.id AND r.n = d.current_n WHERE d.id = $1`,
		string(id)).Scan(&n, &withdrawn)
	if errors.Is(err, store.ErrNoRows) {
		return 0, false, nil
	}
	if err != nil || withdrawn != nil { // what can no longer be had is not there already
		return n, false, err
	}
	rows, err := tx.Query(ctx, `SELECT name, sha256 FROM files WHERE dataset_id = $1 AND n = $2`, string(id), n)
	if err != nil {
		return 0, false, err
	}
	defer rows.Close()
	stand := map[string]string{}
	for rows.Next() {
		var name, sum string
		if err := rows.Scan(&name, &sum); err != nil {
			return 0, false, err
		}
		stand[name] = sum
	}
	files := r.Files()
	same = len(files) == len(stand)
	for _, f := range files {
		same = same && stand[f.Name] == f.Ref.String()
	}
	return n, same, rows.Err()
}

// putDataset stores what is said of a dataset. Its id is the draft's, made by
// us. Slugs belong to whom they were first given.
func putDataset(ctx context.Context, tx *store.Tx, d Dataset, at time.Time) error {
	var agency string
	err := tx.QueryRow(ctx, `SELECT id FROM agencies WHERE id = $1`, string(d.Agency)).Scan(&agency)
	if errors.Is(err, store.ErrNoRows) {
		return fmt.Errorf("its agency: %w", ErrNotFound)
	}
	if err != nil {
		return err
	}
	var taken int
	err = tx.QueryRow(ctx, `SELECT (SELECT count(*) FROM datasets WHERE slug = $1 AND id <> $2) + (SELECT count(*) FROM former_slugs WHERE slug = $1 AND dataset_id <> $2)`,
		d.Slug, string(d.ID)).Scan(&taken)
	if err != nil {
		return err
	}
	if taken > 0 {
		return ErrSlugTaken
	}
	meta, err := json.Marshal(d.Words())
	if err != nil {
		return err
	}
	var slug string
	switch err := tx.QueryRow(ctx, `SELECT slug FROM datasets WHERE id = $1`, string(d.ID)).Scan(&slug); {
	case errors.Is(err, store.ErrNoRows):
		_, err = tx.Exec(ctx, `INSERT INTO datasets (id, slug, agency_id, meta, issued_at, modified_at, current_n) VALUES ($1, $2, $3, $4, $5, $5, 0)`,
			string(d.ID), d.Slug, string(d.Agency), string(meta), at)
		return err
	case err != nil:
		return err
	}
	if slug != d.Slug {
		// A dataset may take back a slug it had; then that one is not former any more.
		if _, err := tx.Exec(ctx, `DELETE FROM former_slugs WHERE slug = $1`, d.Slug); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `INSERT INTO former_slugs (slug, dataset_id) VALUES ($1, $2)`, slug, string(d.ID)); err != nil {
			return err
		}
	}
	_, err = tx.Exec(ctx, `UPDATE datasets SET slug = $2, agency_id = $3, meta = $4 WHERE id = $1`, string(d.ID), d.Slug, string(d.Agency), string(meta))
	return err
}

// Words is what the agency says: the dataset without its times, its release
// and its withholding.
func (d Dataset) Words() Dataset {
	d.Issued, d.Modified, d.Release, d.Withheld = time.Time{}, time.Time{}, nil, nil
	return d
}

func putRelease(ctx context.Context, tx *store.Tx, id DatasetID, n int, p Publication, r *datasets.Release) error {
	var statements []privacy.Statement
	for _, report := range r.Reports() {
		statements = append(statements, report.Statement())
	}
	note, err := json.Marshal(p.Note.tidy())
	if err != nil {
		return err
	}
	tables, err := json.Marshal(r.Tables())
	if err != nil {
		return err
	}
	told, err := json.Marshal(statements)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `INSERT INTO releases (dataset_id, n, published_at, intent_id, row_count, note, tables, privacy) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		string(id), n, p.At, p.Intent, r.Rows(), string(note), string(tables), string(told))
	if err != nil {
		return err
	}
	for _, f := range r.Files() {
		_, err := tx.Exec(ctx, `INSERT INTO files (dataset_id, n, name, table_name, format, media_type, bytes, row_count, sha256, resource_id)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
			string(id), n, f.Name, f.Table, f.Format, f.MediaType, f.Bytes, f.Rows, f.Ref.String(), resourceID(id, f.Name))
		if err != nil {
			return err
		}
	}
	return nil
}

// resourceID names a file over all releases: the same dataset and name give
// the same id.
func resourceID(id DatasetID, name string) string {
	space, err := uuid.Parse(string(id))
	if err != nil {
		space = uuid.NameSpaceURL
	}
	return uuid.NewSHA1(space, []byte(name)).String()
}

// Fulfilled says whether what this intent meant has happened, and as which
// release; 0 where it was not about one.
func (s *Store) Fulfilled(ctx context.Context, intent string) (n int, ok bool, err error) {
	err = s.db.QueryRow(ctx, `SELECT n FROM releases WHERE intent_id = $1 UNION ALL SELECT 0 FROM deeds WHERE intent_id = $1`, intent).Scan(&n)
	if errors.Is(err, store.ErrNoRows) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, fmt.Errorf("look for intent: %w", err)
	}
	return n, true, nil
}

// PutAgency stores what is said of an agency, by its id. It is public at once:
// that an agency exists is no secret.
func (s *Store) PutAgency(ctx context.Context, a Agency, at time.Time) error {
	a.Tidy()
	if problems := a.Check(); Refused(problems) {
		return fmt.Errorf("put agency: what is said of it is not complete")
	}
	meta, err := json.Marshal(a)
	if err != nil {
		return fmt.Errorf("put agency: %w", err)
	}
	err = s.db.InTx(ctx, func(tx *store.Tx) error {
		var was string
		switch err := tx.QueryRow(ctx, `SELECT meta FROM agencies WHERE id = $1`, string(a.ID)).Scan(&was); {
		case err == nil && was == string(meta):
			return nil
		case err == nil:
			if _, err := tx.Exec(ctx, `UPDATE agencies SET slug = $2, meta = $3 WHERE id = $1`, string(a.ID), a.Slug, string(meta)); err != nil {
				return err
			}
		case errors.Is(err, store.ErrNoRows):
			if _, err := tx.Exec(ctx, `INSERT INTO agencies (id, slug, meta, created_at) VALUES ($1, $2, $3, $4)`, string(a.ID), a.Slug, string(meta), at); err != nil {
				return err
			}
		default:
			return err
		}
		return change(ctx, tx, at, ChangeAgency, "", 0)
	})
	if err != nil {
		return fmt.Errorf("put agency %s: %w", a.ID, err)
	}
	return nil
}

// FileSums gives the SHA-256 of every file that a release names: what a sweep
// must leave and fsck must find.
func (s *Store) FileSums(ctx context.Context) (map[datasets.Ref]int64, error) {
	rows, err := s.db.Query(ctx, `SELECT DISTINCT sha256, bytes FROM files`)
	if err != nil {
		return nil, fmt.Errorf("list file sums: %w", err)
	}
	defer rows.Close()
	out := map[datasets.Ref]int64{}
	for rows.Next() {
		var sum string
		var n int64
		if err := rows.Scan(&sum, &n); err != nil {
			return nil, fmt.Errorf("list file sums: %w", err)
		}
		ref, err := datasets.ParseRef(sum)
		if err != nil {
			return nil, fmt.Errorf("list file sums: %w", err)
		}
		out[ref] = n
	}
	return out, rows.Err()
}
