package search

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"daylight/catalog"
	"daylight/datasets"
	"daylight/privacy"
	"daylight/store"
)

// portal is a catalogue in a real database, filled through the real doors.
type portal struct {
	t         *testing.T
	path      string // of the database
	catalogue *catalog.Store
	dir       string // of an index
	agency    catalog.Agency
	ids       map[string]catalog.DatasetID
	n         int
}

func newPortal(t *testing.T) *portal {
	t.Helper()
	path := filepath.Join(t.TempDir(), "catalogue.db")
	db, err := store.OpenPublicDB(t.Context(), "sqlite:"+path, false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	if err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	p := &portal{t: t, path: path, catalogue: catalog.NewStore(db), dir: t.TempDir(), ids: map[string]catalog.DatasetID{}}
	p.agency = catalog.Agency{ID: "00000000-0000-4000-8000-00000000000a", Slug: "tong-cuc-thong-ke",
		Kind: "NationalAuthority", Contact: catalog.Contact{Name: catalog.Text{"vi": "Ban dữ liệu"}, Email: "du-lieu@example.vn"}}
	p.rename("Tổng cục Thống kê")
	return p
}

func (p *portal) rename(name string) {
	p.t.Helper()
	p.agency.Name = catalog.Text{"vi": name}
	if err := p.catalogue.PutAgency(p.t.Context(), p.agency, time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)); err != nil {
		p.t.Fatal(err)
	}
}

// publish puts a dataset into the catalogue, with a table of these columns. What
// a test does not care about is filled in.
func (p *portal) publish(slug string, d catalog.Dataset, columns ...string) {
	p.t.Helper()
	p.n++
	d.ID = catalog.DatasetID(fmt.Sprintf("00000000-0000-4000-8000-%012d", p.n))
	d.Slug, d.Agency, d.Licence = slug, p.agency.ID, "CC-BY-4.0"
	p.ids[slug] = d.ID
	if d.Description == nil {
		d.Description = catalog.Text{"vi": "Không có mô tả."}
	}
	if d.Keywords == nil {
		d.Keywords = map[string][]string{"vi": {"thử nghiệm"}}
	}
	if d.Places == nil {
		d.Places = []string{"http://publications.europa.eu/resource/authority/country/VNM"}
	}
	if d.Themes == nil {
		d.Themes = []string{"TECH"}
	}
	if d.Frequency == "" {
		d.Frequency = "ANNUAL"
	}
	_, err := p.catalogue.Publish(p.t.Context(), catalog.Publication{
		Intent: "intent-" + string(d.ID), Dataset: d, At: time.Date(2026, 1, p.n, 0, 0, 0, 0, time.UTC),
	}, release(p.t, columns))
	if err != nil {
		p.t.Fatal(err)
	}
}

func (p *portal) id(slug string) catalog.DatasetID { return p.ids[slug] }

func (p *portal) slug(id catalog.DatasetID) string {
	for slug, i := range p.ids {
		if i == id {
			return slug
		}
	}
	return "?"
}

// open gives an index that was never in step with the catalogue.
func (p *portal) open() *Index { return p.openIn(p.t.TempDir()) }

func (p *portal) openIn(dir string) *Index {
	p.t.Helper()
	x, err := Open(dir, p.catalogue, Options{Every: 50 * time.Millisecond})
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { x.Close() })
	return x
}

// index gives one in p.dir that is.
func (p *portal) index() *Index {
	p.t.Helper()
	x := p.openIn(p.dir)
	if err := x.Sync(p.t.Context()); err != nil {
		p.t.Fatal(err)
	}
	return x
}

// releases are made once for all tests: their files do not matter here.
var releases struct {
	sync.Mutex // guards made
	made       map[string]*datasets.Release
}

// release has privacy clear, and a shelf hold, one row under these labels.
func release(t *testing.T, labels []string) *datasets.Release {
	t.Helper()
	releases.Lock()
	defer releases.Unlock()
	key := strings.Join(labels, "\n")
	if r := releases.made[key]; r != nil {
		return r
	}
	dir := t.TempDir()
	public, err := store.OpenPublic(t.Context(), filepath.Join(dir, "public"), false)
	if err != nil {
		t.Fatal(err)
	}
	private, err := store.OpenPrivate(t.Context(), filepath.Join(dir, "private"))
	if err != nil {
		t.Fatal(err)
	}
	plan := privacy.Plan{Dataset: "test", Audience: privacy.Open,
		Unit:    privacy.Unit{Aggregate: true, Reason: "figures"},
		Decided: privacy.Decided{By: "a tester", At: time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)}}
	var fields []arrow.Field
	for _, l := range labels {
		key := strings.ReplaceAll(catalog.Slug(l), "-", "_")
		fields = append(fields, arrow.Field{Name: key, Type: arrow.PrimitiveTypes.Int64, Nullable: true,
			Metadata: arrow.NewMetadata([]string{privacy.MetaLabel}, []string{l})})
		plan.Columns = append(plan.Columns, privacy.ColumnPlan{Column: key, Steps: []privacy.Step{{Do: "keep"}}})
	}
	c, err := plan.With(privacy.Setting{Now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}).Apply(t.Context(), oneRow{arrow.NewSchema(fields, nil)})
	if err != nil {
		t.Fatal(err)
	}
	r, err := datasets.NewShelf(public, private.Staging()).Publish(t.Context(), nil, c)
	if err != nil {
		t.Fatal(err)
	}
	if releases.made == nil {
		releases.made = map[string]*datasets.Release{}
	}
	releases.made[key] = r
	return r
}

// oneRow is a table with the figure 1 in every column.
type oneRow struct{ schema *arrow.Schema }

func (r oneRow) Schema() *arrow.Schema { return r.schema }

func (r oneRow) Rows(context.Context) (array.RecordReader, error) {
	b := array.NewRecordBuilder(memory.NewGoAllocator(), r.schema)
	for i := range r.schema.NumFields() {
		b.Field(i).(*array.Int64Builder).Append(1)
	}
	rec := b.NewRecord()
	if rec.NumRows() == 0 {
		return nil, io.ErrUnexpectedEOF
	}
	return array.NewRecordReader(r.schema, []arrow.Record{rec})
}
