package catalog

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"
	"strings"
	"time"

	"daylight/datasets"
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
	Datasets int // published
	Withheld int // datasets that are withheld as a whole
	Rows     int64
	Last     time.Time // last publication; zero: none
}

// Agencies lists all agencies by slug.
func (s *Store) Agencies(ctx context.Context) ([]AgencyCount, error) {
	rows, err := s.db.Query(ctx, `
		SELECT a.id, a.slug, a.meta, count(r.n), count(d.id) - count(r.n), coalesce(sum(r.row_count), 0), coalesce(max(r.published_at), '')
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
		if err := rows.Scan(&id, &slug, &meta, &one.Datasets, &one.Withheld, &one.Rows, &last); err != nil {
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
	if err != nil {
		return nil, err
	}
	return &a, nil
}

func agencyOf(id, slug, meta string) (Agency, error) {
	var a Agency
	if err := json.Unmarshal([]byte(meta), &a); err != nil {
		return a, fmt.Errorf("read agency %s: its row is damaged", id)
	}
	a.ID, a.Slug = AgencyID(id), slug
	return a, nil
}

// datasetRow is what makes a Dataset with its current release, files included,
// or with the withholding that stands in its place.
const datasetRow = `
	SELECT d.id, d.slug, d.agency_id, d.meta, d.issued_at, d.modified_at,
	       coalesce(r.n, 0), r.published_at, coalesce(r.row_count, 0), coalesce(r.note, ''), coalesce(r.privacy, ''), r.withdrawal,
	       coalesce(w.id, ''), coalesce(w.meta, ''), w.since, w.modified_at
	FROM datasets d
	LEFT JOIN releases r ON r.dataset_id = d.id AND r.n = d.current_n
	LEFT JOIN withholdings w ON w.dataset_id = d.id AND w.ended_at IS NULL `

type scanner interface{ Scan(...any) error }

func scanDataset(row scanner) (*Dataset, error) {
	var id, slug, agency, meta, note, statements, wid, held string
	var withdrawal *string
	var issued, modified time.Time
	var published, since, changed *time.Time
	r := &Release{}
	if err := row.Scan(&id, &slug, &agency, &meta, &issued, &modified, &r.N, &published, &r.Rows, &note, &statements, &withdrawal, &wid, &held, &since, &changed); err != nil {
		return nil, err
	}
	d, err := datasetOf(id, slug, agency, meta)
	if err != nil {
		return nil, err
	}
	d.Issued, d.Modified = issued, modified
	if wid != "" && since != nil && changed != nil {
		if d.Withheld, err = withholdingOf(wid, id, held, *since, *changed, nil); err != nil {
			return nil, err
		}
	}
	if published == nil {
		return d, nil
	}
	r.Dataset, r.Published = d.ID, *published
	if err := r.fill(note, "", statements, withdrawal); err != nil {
		return nil, err
	}
	d.Release = r
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

// Dataset finds a public dataset by slug, former slug or id, with its current
// release: files, columns and privacy statements; or with its withholding. The
// slug of what it gives is today's.
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
	if d.Release != nil {
		if d.Release, err = s.Release(ctx, d.ID, d.Release.N); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// Brief finds a public dataset by its id as lists have it, without files.
func (s *Store) Brief(ctx context.Context, id DatasetID) (*Dataset, error) {
	d, err := scanDataset(s.db.QueryRow(ctx, datasetRow+`WHERE d.id = $1`, string(id)))
	if errors.Is(err, store.ErrNoRows) {
		return nil, fmt.Errorf("dataset: %w", ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("read dataset: %w", err)
	}
	return d, nil
}

// Said finds a public dataset by slug, former slug or id, and gives the words
// alone: what the public is told now.
func (s *Store) Said(ctx context.Context, slugOrID string) (*Dataset, error) {
	var id, slug, agency, meta string
	err := s.db.QueryRow(ctx, `SELECT id, slug, agency_id, meta FROM datasets
		WHERE slug = $1 OR id = $1 OR id = (SELECT dataset_id FROM former_slugs WHERE slug = $1) ORDER BY slug = $1 DESC LIMIT 1`, slugOrID).Scan(&id, &slug, &agency, &meta)
	if errors.Is(err, store.ErrNoRows) {
		return nil, fmt.Errorf("dataset: %w", ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("read dataset: %w", err)
	}
	return datasetOf(id, slug, agency, meta)
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
	of, err := files(ctx, s.db, `WHERE f.dataset_id = $1 AND f.n = $2`, string(id), n)
	if err != nil {
		return nil, err
	}
	r.Files = of[releaseKey{id, n}]
	return r, nil
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
	of, err := files(ctx, s.db, `WHERE f.dataset_id = $1`, string(id))
	if err != nil {
		return nil, err
	}
	for i := range out {
		out[i].Files = of[releaseKey{id, out[i].N}]
	}
	return out, nil
}

type releaseKey struct {
	dataset DatasetID
	n       int
}

// reader is what a View and a write transaction share.
type reader interface {
	Query(ctx context.Context, query string, args ...any) (*store.Rows, error)
}

// files reads the files of releases: of each by table, then in the order of
// formats. rest ends a query over files f.
func files(ctx context.Context, from reader, rest string, args ...any) (map[releaseKey][]File, error) {
	rows, err := from.Query(ctx, `SELECT f.dataset_id, f.n, f.name, f.table_name, f.format, f.media_type, f.bytes, f.row_count, f.sha256, f.resource_id
		FROM files f `+rest, args...)
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
	for _, list := range out {
		slices.SortFunc(list, func(a, b File) int {
			return cmp.Or(strings.Compare(a.Table, b.Table), cmp.Compare(place(a.Format), place(b.Format)), strings.Compare(a.Name, b.Name))
		})
	}
	return out, nil
}

// place is where a format stands in the table of formats; one that is no
// longer written comes last.
func place(format string) int {
	if i := slices.IndexFunc(datasets.Formats, func(f datasets.Format) bool { return f.Name == format }); i >= 0 {
		return i
	}
	return len(datasets.Formats)
}

// Page gives up to size datasets, published and withheld, with an id after this one, in the order of
// ids; "" begins. An empty agency means all. Columns are left out.
func (s *Store) Page(ctx context.Context, agency AgencyID, after DatasetID, size int) (page []*Dataset, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		page, err = list(ctx, tx, `SELECT id FROM datasets WHERE id > $1 AND ($2 = '' OR agency_id = $2) ORDER BY id LIMIT $3`, string(after), string(agency), size)
		return err
	})
	return page, err
}

// Slice gives one numbered page of the catalogue as harvesters ask for it:
// datasets changed at or after since (zero: all), in the order of ids, and how
// many there are in all.
func (s *Store) Slice(ctx context.Context, agency AgencyID, since time.Time, from, size int) (page []*Dataset, total int, err error) {
	// The whole catalogue is counted and skipped through in the index of ids;
	// a condition, even one that is always true, would read every row.
	where, args := "", []any{}
	switch {
	case !since.IsZero():
		where, args = `WHERE modified_at >= $1 AND ($2 = '' OR agency_id = $2)`, []any{since, string(agency)}
	case agency != "":
		where, args = `WHERE agency_id = $1`, []any{string(agency)}
	}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		if err := tx.QueryRow(ctx, `SELECT count(*) FROM datasets `+where, args...).Scan(&total); err != nil {
			return fmt.Errorf("count datasets: %w", err)
		}
		ids := fmt.Sprintf(`SELECT id FROM datasets %s ORDER BY id LIMIT $%d OFFSET $%d`, where, len(args)+1, len(args)+2)
		page, err = list(ctx, tx, ids, append(args, size, from)...)
		return err
	})
	return page, total, err
}

// Recent gives the datasets published last, newest first.
func (s *Store) Recent(ctx context.Context, n int) (page []*Dataset, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		newest, err := newest(ctx, tx, n)
		if err != nil || len(newest) == 0 {
			return err
		}
		page, err = these(ctx, tx, newest)
		return err
	})
	return page, err
}

// these reads the datasets of these ids, in this order.
func these(ctx context.Context, tx *store.Tx, ids []DatasetID) ([]*Dataset, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	var holes []string
	var args []any
	for _, id := range ids {
		args = append(args, string(id))
		holes = append(holes, fmt.Sprintf(`($%d)`, len(args)))
	}
	page, err := list(ctx, tx, `VALUES `+strings.Join(holes, ", "), args...)
	slices.SortFunc(page, func(a, b *Dataset) int {
		return cmp.Compare(slices.Index(ids, a.ID), slices.Index(ids, b.ID))
	})
	return page, err
}

// newest walks the log of changes backwards until it has seen n datasets: the
// end of the log is near, wherever in the table the datasets are.
func newest(ctx context.Context, tx *store.Tx, n int) ([]DatasetID, error) {
	var out []DatasetID
	for before := int64(math.MaxInt64); len(out) < n; {
		rows, err := tx.Query(ctx, `SELECT id, dataset_id FROM changes WHERE kind = $1 AND id < $2 ORDER BY id DESC LIMIT $3`, ChangePublished, before, 4*n)
		if err != nil {
			return nil, fmt.Errorf("list recent datasets: %w", err)
		}
		seen := 0
		for ; rows.Next(); seen++ {
			var id string
			if err := rows.Scan(&before, &id); err != nil {
				rows.Close()
				return nil, fmt.Errorf("list recent datasets: %w", err)
			}
			if len(out) < n && !slices.Contains(out, DatasetID(id)) {
				out = append(out, DatasetID(id))
			}
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			return nil, fmt.Errorf("list recent datasets: %w", err)
		}
		if seen < 4*n {
			break
		}
	}
	return out, nil
}

// list reads the datasets that a query over ids selects, in the order of ids,
// with the files of their current releases: two queries however many there are, in one view, so
// that files and release belong together. The ids are selected alone because
// an OFFSET walks over all that it skips.
func list(ctx context.Context, tx *store.Tx, ids string, args ...any) ([]*Dataset, error) {
	rows, err := tx.Query(ctx, datasetRow+`WHERE d.id IN (`+ids+`) ORDER BY d.id`, args...)
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
	of, err := files(ctx, tx, `JOIN datasets d ON d.id = f.dataset_id AND d.current_n = f.n WHERE d.id IN (`+ids+`)`, args...)
	if err != nil {
		return nil, err
	}
	for _, d := range out {
		if d.Release != nil {
			d.Release.Files = of[releaseKey{d.ID, d.Release.N}]
		}
	}
	return out, nil
}

// walkSize is how many datasets All reads at a time: no reader is held open
// over the whole of a harvest.
const walkSize = 200

// All walks every published and every withheld dataset in the order of ids,
// columns left out.
func (s *Store) All(ctx context.Context) iter.Seq2[*Dataset, error] { return s.Of(ctx, "") }

// Of walks what an agency has, as All does; an empty agency: all.
func (s *Store) Of(ctx context.Context, agency AgencyID) iter.Seq2[*Dataset, error] {
	return func(yield func(*Dataset, error) bool) {
		after := DatasetID("")
		for {
			page, err := s.Page(ctx, agency, after, walkSize)
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
	Datasets, Agencies int   // published datasets, and agencies that have published
	Rows               int64 // of all current releases
	Withheld           int   // datasets that are withheld as a whole
}

func (s *Store) Counts(ctx context.Context) (Counts, error) {
	var c Counts
	err := s.db.QueryRow(ctx, `SELECT count(*), count(DISTINCT d.agency_id), coalesce(sum(r.row_count), 0)
		FROM datasets d JOIN releases r ON r.dataset_id = d.id AND r.n = d.current_n`).Scan(&c.Datasets, &c.Agencies, &c.Rows)
	if err != nil {
		return c, fmt.Errorf("count datasets: %w", err)
	}
	if err := s.db.QueryRow(ctx, `SELECT count(*) FROM withholdings WHERE ended_at IS NULL`).Scan(&c.Withheld); err != nil {
		return c, fmt.Errorf("count withholdings: %w", err)
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
