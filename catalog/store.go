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

// ErrNotFound: there is nothing of this name among what is public, or among
// one's own drafts.
var ErrNotFound = errors.New("catalog: not found")

// ErrQuery: the search cannot be answered as it was asked; its words are too
// many, or the page is too deep.
var ErrQuery = errors.New("catalog: not a search that can be answered")

// Store is the public catalogue: what anyone may read, and the one transaction
// that makes a release public.
type Store struct{ db *store.PublicDB }

// NewStore gives the catalogue in db, which is migrated.
func NewStore(db *store.PublicDB) *Store { return &Store{db: db} }

// AgencyCount is an agency and what it has published.
type AgencyCount struct {
	Agency
	Datasets int
	Rows     int64
	Last     time.Time // last publication; zero: none
}

// Agencies lists all agencies by slug.
func (s *Store) Agencies(ctx context.Context) ([]AgencyCount, error) {
	rows, err := s.db.Query(ctx, `
		SELECT a.id, a.slug, a.meta, count(d.id), coalesce(sum(r.row_count), 0), coalesce(max(r.published_at), '')
		FROM agencies a
		LEFT JOIN datasets d ON d.agency_id = a.id
		LEFT JOIN releases r ON r.dataset_id = d.id AND r.n = d.current_n
		GROUP BY a.id, a.slug, a.meta ORDER BY a.slug`)
	if err != nil {
		return nil, fmt.Errorf("list agencies: %w", err)
	}
	defer rows.Close()
	var out []AgencyCount
	for rows.Next() {
		var one AgencyCount
		var id, slug, meta, last string
		if err := rows.Scan(&id, &slug, &meta, &one.Datasets, &one.Rows, &last); err != nil {
			return nil, fmt.Errorf("list agencies: %w", err)
		}
		if one.Agency, err = agencyOf(id, slug, meta); err != nil {
			return nil, err
		}
		if last != "" {
			if one.Last, err = store.ParseTime(last); err != nil {
				return nil, fmt.Errorf("list agencies: %w", err)
			}
		}
		out = append(out, one)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("list agencies: %w", err)
	}
	return out, nil
}

// Agency finds an agency by slug or id.
func (s *Store) Agency(ctx context.Context, slugOrID string) (*Agency, error) {
	var id, slug, meta string
	err := s.db.QueryRow(ctx, `SELECT id, slug, meta FROM agencies WHERE slug = $1 OR id = $1`, slugOrID).Scan(&id, &slug, &meta)
	if errors.Is(err, store.ErrNoRows) {
		return nil, fmt.Errorf("agency: %w", ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("read agency: %w", err)
	}
	a, err := agencyOf(id, slug, meta)
	return &a, err
}

func agencyOf(id, slug, meta string) (Agency, error) {
	var a Agency
	if err := json.Unmarshal([]byte(meta), &a); err != nil {
		return a, fmt.Errorf("read agency %s: its row is damaged", id)
	}
	a.ID, a.Slug = AgencyID(id), slug
	return a, nil
}

// datasetRow is what makes a Dataset with its current release, files included.
const datasetRow = `
	SELECT d.id, d.slug, d.agency_id, d.meta, d.issued_at, d.modified_at,
	       r.n, r.published_at, r.row_count, r.note, r.privacy, r.withdrawal
	FROM datasets d JOIN releases r ON r.dataset_id = d.id AND r.n = d.current_n `

type scanner interface{ Scan(...any) error }

func scanDataset(row scanner) (*Dataset, error) {
	var id, slug, agency, meta, note, statements string
	var withdrawal *string
	var issued, modified time.Time
	r := &Release{}
	if err := row.Scan(&id, &slug, &agency, &meta, &issued, &modified, &r.N, &r.Published, &r.Rows, &note, &statements, &withdrawal); err != nil {
		return nil, err
	}
	d, err := datasetOf(id, slug, agency, meta)
	if err != nil {
		return nil, err
	}
	r.Dataset = d.ID
	if err := r.fill(note, "", statements, withdrawal); err != nil {
		return nil, err
	}
	d.Issued, d.Modified, d.Release = issued, modified, r
	return d, nil
}

func datasetOf(id, slug, agency, meta string) (*Dataset, error) {
	var d Dataset
	if err := json.Unmarshal([]byte(meta), &d); err != nil {
		return nil, fmt.Errorf("read dataset %s: its row is damaged", id)
	}
	d.ID, d.Slug, d.Agency = DatasetID(id), slug, AgencyID(agency)
	return &d, nil
}

// fill reads the JSON columns of a release; "" leaves one out.
func (r *Release) fill(note, tables, statements string, withdrawal *string) error {
	parts := []struct {
		from string
		into any
	}{{note, &r.Note}, {tables, &r.Tables}, {statements, &r.Privacy}}
	if withdrawal != nil {
		r.Withdrawn = &Withdrawal{}
		parts = append(parts, struct {
			from string
			into any
		}{*withdrawal, r.Withdrawn})
	}
	for _, p := range parts {
		if p.from == "" {
			continue
		}
		if err := json.Unmarshal([]byte(p.from), p.into); err != nil {
			return fmt.Errorf("read release %d of %s: its row is damaged", r.N, r.Dataset)
		}
	}
	return nil
}

// Dataset finds a published dataset by slug, former slug or id, with its
// current release: files, columns and privacy statements. The slug of what it
// gives is today's.
func (s *Store) Dataset(ctx context.Context, slugOrID string) (*Dataset, error) {
	d, err := scanDataset(s.db.QueryRow(ctx, datasetRow+`
		WHERE d.slug = $1 OR d.id = $1 OR d.id = (SELECT dataset_id FROM former_slugs WHERE slug = $1)
		ORDER BY d.slug = $1 DESC LIMIT 1`, slugOrID))
	if errors.Is(err, store.ErrNoRows) {
		return nil, fmt.Errorf("dataset: %w", ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("read dataset: %w", err)
	}
	if d.Release, err = s.Release(ctx, d.ID, d.Release.N); err != nil {
		return nil, err
	}
	return d, nil
}

// Release gives one release of a dataset, also a withdrawn one.
func (s *Store) Release(ctx context.Context, id DatasetID, n int) (*Release, error) {
	r := &Release{Dataset: id, N: n}
	var note, tables, statements string
	var withdrawal *string
	err := s.db.QueryRow(ctx, `SELECT published_at, row_count, note, tables, privacy, withdrawal FROM releases WHERE dataset_id = $1 AND n = $2`,
		string(id), n).Scan(&r.Published, &r.Rows, &note, &tables, &statements, &withdrawal)
	if errors.Is(err, store.ErrNoRows) {
		return nil, fmt.Errorf("release: %w", ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("read release: %w", err)
	}
	if err := r.fill(note, tables, statements, withdrawal); err != nil {
		return nil, err
	}
	files, err := s.files(ctx, `dataset_id = $1 AND n = $2`, string(id), n)
	r.Files = files[releaseKey{id, n}]
	return r, err
}

// Releases lists all releases of a dataset, newest first, without their tables.
func (s *Store) Releases(ctx context.Context, id DatasetID) ([]Release, error) {
	rows, err := s.db.Query(ctx, `SELECT n, published_at, row_count, note, privacy, withdrawal FROM releases WHERE dataset_id = $1 ORDER BY n DESC`, string(id))
	if err != nil {
		return nil, fmt.Errorf("list releases: %w", err)
	}
	defer rows.Close()
	var out []Release
	for rows.Next() {
		r := Release{Dataset: id}
		var note, statements string
		var withdrawal *string
		if err := rows.Scan(&r.N, &r.Published, &r.Rows, &note, &statements, &withdrawal); err != nil {
			return nil, fmt.Errorf("list releases: %w", err)
		}
		if err := r.fill(note, "", statements, withdrawal); err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("list releases: %w", err)
	}
	rows.Close()
	files, err := s.files(ctx, `dataset_id = $1`, string(id))
	for i := range out {
		out[i].Files = files[releaseKey{id, out[i].N}]
	}
	return out, err
}

type releaseKey struct {
	dataset DatasetID
	n       int
}

// files reads the files of releases, in the order they were published in.
func (s *Store) files(ctx context.Context, where string, args ...any) (map[releaseKey][]File, error) {
	rows, err := s.db.Query(ctx, `SELECT dataset_id, n, name, table_name, format, media_type, bytes, row_count, sha256, resource_id
		FROM files WHERE `+where+` ORDER BY dataset_id, n, rowid`, args...)
	if err != nil {
		return nil, fmt.Errorf("list files: %w", err)
	}
	defer rows.Close()
	out := map[releaseKey][]File{}
	for rows.Next() {
		var f File
		var id, sum string
		var n int
		if err := rows.Scan(&id, &n, &f.Name, &f.Table, &f.Format, &f.MediaType, &f.Bytes, &f.Rows, &sum, &f.ResourceID); err != nil {
			return nil, fmt.Errorf("list files: %w", err)
		}
		if err := f.Ref.UnmarshalText([]byte(sum)); err != nil {
			return nil, fmt.Errorf("list files of %s: %w", id, err)
		}
		k := releaseKey{DatasetID(id), n}
		out[k] = append(out[k], f)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("list files: %w", err)
	}
	return out, nil
}

// Page gives up to size datasets with an id after this one, in the order of
// ids; "" begins. An empty agency means all. Columns are left out.
func (s *Store) Page(ctx context.Context, agency AgencyID, after DatasetID, size int) ([]*Dataset, error) {
	return s.list(ctx, `WHERE d.id > $1 AND ($2 = '' OR d.agency_id = $2) ORDER BY d.id LIMIT $3`, string(after), string(agency), size)
}

// Slice gives one numbered page of the catalogue as harvesters ask for it:
// datasets changed at or after since (zero: all), in the order of ids, and how
// many there are in all.
func (s *Store) Slice(ctx context.Context, agency AgencyID, since time.Time, from, size int) (page []*Dataset, total int, err error) {
	err = s.db.QueryRow(ctx, `SELECT count(*) FROM datasets WHERE modified_at >= $1 AND ($2 = '' OR agency_id = $2)`, since, string(agency)).Scan(&total)
	if err != nil {
		return nil, 0, fmt.Errorf("count datasets: %w", err)
	}
	page, err = s.list(ctx, `WHERE d.modified_at >= $1 AND ($2 = '' OR d.agency_id = $2) ORDER BY d.id LIMIT $3 OFFSET $4`, since, string(agency), size, from)
	return page, total, err
}

// Recent gives the datasets published last, newest first.
func (s *Store) Recent(ctx context.Context, n int) ([]*Dataset, error) {
	return s.list(ctx, `ORDER BY r.published_at DESC, d.id LIMIT $1`, n)
}

func (s *Store) list(ctx context.Context, rest string, args ...any) ([]*Dataset, error) {
	rows, err := s.db.Query(ctx, datasetRow+rest, args...)
	if err != nil {
		return nil, fmt.Errorf("list datasets: %w", err)
	}
	defer rows.Close()
	var out []*Dataset
	for rows.Next() {
		d, err := scanDataset(rows)
		if err != nil {
			return nil, fmt.Errorf("list datasets: %w", err)
		}
		out = append(out, d)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("list datasets: %w", err)
	}
	rows.Close()
	for _, d := range out {
		files, err := s.files(ctx, `dataset_id = $1 AND n = $2`, string(d.ID), d.Release.N)
		if err != nil {
			return nil, err
		}
		d.Release.Files = files[releaseKey{d.ID, d.Release.N}]
	}
	return out, nil
}

// walkSize is how many datasets All reads at a time: no reader is held open
// over the whole of a harvest.
const walkSize = 200

// All walks every published dataset in the order of ids, columns left out.
func (s *Store) All(ctx context.Context) iter.Seq2[*Dataset, error] {
	return func(yield func(*Dataset, error) bool) {
		after := DatasetID("")
		for {
			page, err := s.Page(ctx, "", after, walkSize)
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

// Counts are the figures of the whole portal.
type Counts struct {
	Datasets, Agencies int   // agencies that have published
	Rows               int64 // of all current releases
}

func (s *Store) Counts(ctx context.Context) (Counts, error) {
	var c Counts
	err := s.db.QueryRow(ctx, `SELECT count(*), count(DISTINCT d.agency_id), coalesce(sum(r.row_count), 0)
		FROM datasets d JOIN releases r ON r.dataset_id = d.id AND r.n = d.current_n`).Scan(&c.Datasets, &c.Agencies, &c.Rows)
	if err != nil {
		return c, fmt.Errorf("count datasets: %w", err)
	}
	return c, nil
}

// weeksShown is how far back Weeks looks.
const weeksShown = 53

// Weeks counts releases by week, oldest first; the last is the running week.
func (s *Store) Weeks(ctx context.Context, now time.Time) ([]int, error) {
	out := make([]int, weeksShown)
	rows, err := s.db.Query(ctx, `SELECT published_at FROM releases WHERE published_at >= $1`, now.AddDate(0, 0, -7*weeksShown))
	if err != nil {
		return nil, fmt.Errorf("count weeks: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var at time.Time
		if err := rows.Scan(&at); err != nil {
			return nil, fmt.Errorf("count weeks: %w", err)
		}
		if ago := int(now.Sub(at) / (7 * 24 * time.Hour)); ago >= 0 && ago < weeksShown {
			out[weeksShown-1-ago]++
		}
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("count weeks: %w", err)
	}
	return out, nil
}
