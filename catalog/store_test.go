package catalog_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
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

// bench is a catalogue over real databases and a real shelf.
type bench struct {
	t      *testing.T
	store  *catalog.Store
	drafts *catalog.Drafts
	public *store.PublicDB
	work   *store.PrivateDB
	shelf  *datasets.Shelf
	clock  time.Time
}

func newBench(t *testing.T) *bench {
	t.Helper()
	ctx, dir := t.Context(), t.TempDir()
	b := &bench{t: t, clock: time.Date(2026, 11, 1, 8, 0, 0, 0, time.UTC)}
	var err error
	fatal := func() {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	private, err := store.OpenPrivate(ctx, filepath.Join(dir, "private"))
	fatal()
	public, err := store.OpenPublic(ctx, filepath.Join(dir, "public"), false)
	fatal()
	b.public, err = store.OpenPublicDB(ctx, "sqlite:"+filepath.Join(dir, "public", "c.db"), false)
	fatal()
	t.Cleanup(func() { b.public.Close() })
	b.work, err = store.OpenPrivateDB(ctx, "sqlite:"+filepath.Join(dir, "private", "w.db"))
	fatal()
	t.Cleanup(func() { b.work.Close() })
	err = errors.Join(b.public.Migrate(ctx), b.work.Migrate(ctx))
	fatal()
	b.shelf = datasets.NewShelf(public, private.Staging())
	b.store, b.drafts = catalog.NewStore(b.public), catalog.NewDrafts(b.work)
	return b
}

// filesOfATable: a table without a geometry is written as CSV, Parquet and Arrow.
const filesOfATable = 3

const agencyID = "0b7a6a2e-1111-4a4a-8b8b-000000000001"

func (b *bench) agency() {
	b.t.Helper()
	err := b.store.PutAgency(b.t.Context(), catalog.Agency{ID: agencyID, Slug: "so-y-te", Kind: "RegionalAuthority", Name: catalog.Text{"vi": "Sở Y tế", "en": "Health"},
		Contact: catalog.Contact{Name: catalog.Text{"vi": "Văn phòng", "en": "Office"}, Email: "vp@soyte.example"}}, b.clock)
	if err != nil {
		b.t.Fatal(err)
	}
}

func dataset(n int) catalog.Dataset {
	return catalog.Dataset{ID: catalog.DatasetID(fmt.Sprintf("0b7a6a2e-2222-4a4a-8b8b-%012d", n)), Slug: fmt.Sprintf("bo-%d", n), Agency: agencyID,
		Title: catalog.Text{"vi": "Bộ dữ liệu", "en": "Dataset"}, Description: catalog.Text{"vi": "Mô tả.", "en": "Description."},
		Keywords: map[string][]string{"vi": {"thử"}}, Themes: []string{"HEAL"}, Places: []string{"http://publications.europa.eu/resource/authority/country/VNM"},
		Frequency: "ANNUAL", Licence: "CC-BY-4.0"}
}

// release is a table with one column, cleared and shelved for real.
func (b *bench) release(values ...int64) *datasets.Release {
	b.t.Helper()
	plans, err := privacy.ParsePlans([]byte("plan: v1\ndataset: x\naudience: open\ncolumns:\n  so: {do: keep}\ndecided: {by: thử, at: 2026-10-01}\n"))
	if err != nil {
		b.t.Fatal(err)
	}
	c, err := plans[0].With(privacy.Setting{Now: b.clock}).Apply(b.t.Context(), table(values))
	if err != nil {
		b.t.Fatal(err)
	}
	r, err := b.shelf.Publish(b.t.Context(), nil, c)
	if err != nil {
		b.t.Fatal(err)
	}
	return r
}

type table []int64

func (table) Schema() *arrow.Schema {
	return arrow.NewSchema([]arrow.Field{{Name: "so", Type: arrow.PrimitiveTypes.Int64, Nullable: true, Metadata: arrow.MetadataFrom(map[string]string{privacy.MetaLabel: "Số"})}}, nil)
}

func (t table) Rows(context.Context) (array.RecordReader, error) {
	build := array.NewInt64Builder(memory.DefaultAllocator)
	build.AppendValues(t, nil)
	col := build.NewArray()
	rec := array.NewRecord(t.Schema(), []arrow.Array{col}, int64(len(t)))
	return array.NewRecordReader(t.Schema(), []arrow.Record{rec})
}

func (b *bench) publish(intent string, d catalog.Dataset, r *datasets.Release) (*catalog.Release, error) {
	b.clock = b.clock.Add(time.Hour)
	return b.store.Publish(b.t.Context(), catalog.Publication{Intent: intent, Dataset: d, Note: catalog.Text{"vi": "Đợt mới"}, At: b.clock}, r)
}

func TestPublish(t *testing.T) {
	b := newBench(t)
	b.agency()
	ctx, d := t.Context(), dataset(1)
	if _, err := b.publish("i0", d, &datasets.Release{}); err == nil {
		t.Error("the zero Release was published")
	}
	if _, err := b.publish("i0", d, nil); err == nil {
		t.Error("nothing was published")
	}
	bad := d
	bad.Licence = ""
	if _, err := b.publish("i0", bad, b.release(1, 2, 3)); err == nil {
		t.Error("a dataset without a licence was published")
	}
	if _, err := b.store.Dataset(ctx, d.Slug); !errors.Is(err, catalog.ErrNotFound) {
		t.Errorf("after refusals the dataset is there: %v", err)
	}
	one, err := b.publish("i1", d, b.release(1, 2, 3))
	if err != nil || one.N != 1 || one.Rows != 3 || len(one.Files) != filesOfATable || len(one.Privacy) != 1 {
		t.Fatalf("%+v, %v", one, err)
	}
	again, err := b.publish("i1", d, b.release(1, 2, 3))
	if err != nil || again.N != 1 || !again.Published.Equal(one.Published) {
		t.Errorf("the same intent again: %+v, %v", again, err)
	}
	var identical *catalog.ErrIdentical
	if _, err := b.publish("i2", d, b.release(1, 2, 3)); !errors.As(err, &identical) || identical.N != 1 {
		t.Errorf("the same files again: %v", err)
	}
	if _, ok, err := b.store.Fulfilled(ctx, "i2"); ok || err != nil {
		t.Errorf("an intent without release counts as fulfilled: %v", err)
	}
	two, err := b.publish("i3", d, b.release(1, 2, 4))
	if err != nil || two.N != 2 {
		t.Fatalf("%+v, %v", two, err)
	}
	if two.Files[0].ResourceID != one.Files[0].ResourceID || two.Files[0].Ref == one.Files[0].Ref {
		t.Error("a resource keeps its id and changes its bytes")
	}
	got, err := b.store.Dataset(ctx, d.Slug)
	if err != nil || got.Release.N != 2 || !got.Issued.Equal(one.Published) || !got.Modified.Equal(two.Published) || got.Release.Tables[0].Columns[0].Label != "Số" {
		t.Errorf("%+v, %v", got, err)
	}
	old, err := b.store.Release(ctx, d.ID, 1)
	if err != nil || old.Files[0].Ref != one.Files[0].Ref {
		t.Errorf("release 1 changed: %v", err)
	}
	if n, ok, err := b.store.Fulfilled(ctx, "i3"); !ok || n != 2 || err != nil {
		t.Errorf("fulfilled: %d %v %v", n, ok, err)
	}
	var kinds []string
	for c, err := range b.store.Changes(ctx, 0) {
		if err != nil {
			t.Fatal(err)
		}
		kinds = append(kinds, fmt.Sprint(c.Kind, c.N))
	}
	if want := []string{"agency0", "published1", "published2"}; !slices.Equal(kinds, want) {
		t.Errorf("changes %v, want %v", kinds, want)
	}
}

func TestFormerSlugsLead(t *testing.T) {
	b := newBench(t)
	b.agency()
	d := dataset(1)
	if _, err := b.publish("i1", d, b.release(1)); err != nil {
		t.Fatal(err)
	}
	d.Slug = "ten-moi"
	if _, err := b.publish("i2", d, b.release(2)); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"bo-1", "ten-moi", string(d.ID)} {
		got, err := b.store.Dataset(t.Context(), key)
		if err != nil || got.Slug != "ten-moi" || got.Release.N != 2 {
			t.Errorf("%s: %+v, %v", key, got, err)
		}
	}
}

func TestWalkSeesEveryDatasetOnce(t *testing.T) {
	b := newBench(t)
	b.agency()
	shared := b.release(1, 2)
	const n = 7
	for i := range n {
		if _, err := b.publish(fmt.Sprint("i", i), dataset(i+1), shared); err != nil {
			t.Fatal(err)
		}
	}
	ctx := t.Context()
	var all []catalog.DatasetID
	for d, err := range b.store.All(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		if len(d.Release.Files) != filesOfATable {
			t.Errorf("%s has %d files", d.ID, len(d.Release.Files))
		}
		all = append(all, d.ID)
	}
	if len(all) != n || !slices.IsSorted(all) {
		t.Errorf("walked %v", all)
	}
	for size := 1; size <= n+1; size++ {
		var seen []catalog.DatasetID
		for from := 0; ; from += size {
			page, total, err := b.store.Slice(ctx, "", time.Time{}, from, size)
			if err != nil || total != n {
				t.Fatalf("total %d, %v", total, err)
			}
			if len(page) == 0 {
				break
			}
			for _, d := range page {
				seen = append(seen, d.ID)
			}
		}
		if !slices.Equal(seen, all) {
			t.Errorf("pages of %d give %v", size, seen)
		}
	}
	if page, total, err := b.store.Slice(ctx, "", b.clock, 0, 10); err != nil || total != 1 || len(page) != 1 {
		t.Errorf("changed since the last one: %d, %v", total, err)
	}
	counts, err := b.store.Counts(ctx)
	if err != nil || counts.Datasets != n || counts.Agencies != 1 || counts.Rows != 2*n {
		t.Errorf("%+v, %v", counts, err)
	}
	weeks, err := b.store.Weeks(ctx, b.clock)
	if err != nil || weeks[len(weeks)-1] != n {
		t.Errorf("%v, %v", weeks, err)
	}
	agencies, err := b.store.Agencies(ctx)
	if err != nil || len(agencies) != 1 || agencies[0].Datasets != n || agencies[0].Rows != 2*n || !agencies[0].Last.Equal(b.clock) {
		t.Errorf("%+v, %v", agencies, err)
	}
}

func TestPlansHaveVersions(t *testing.T) {
	b := newBench(t)
	put := func(yaml string) (n int) {
		t.Helper()
		err := b.work.InTx(t.Context(), func(tx *store.Tx) (err error) {
			n, err = b.drafts.PutPlan(t.Context(), tx, "d", catalog.StoredPlan{YAML: yaml, By: "thử", At: b.clock})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if _, err := b.drafts.Plan(t.Context(), "d", 0); !errors.Is(err, catalog.ErrNotFound) {
		t.Errorf("a plan nobody decided: %v", err)
	}
	if a, again, other := put("auto"), put("auto"), put("plan: v1"); a != 1 || again != 1 || other != 2 {
		t.Errorf("versions %d %d %d", a, again, other)
	}
	first, err := b.drafts.Plan(t.Context(), "d", 1)
	last, err2 := b.drafts.Plan(t.Context(), "d", 0)
	if err != nil || err2 != nil || first.YAML != "auto" || last.Version != 2 {
		t.Errorf("%+v %+v %v %v", first, last, err, err2)
	}
}
