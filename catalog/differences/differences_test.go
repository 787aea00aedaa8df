package differences

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/google/go-cmp/cmp"

	"daylight/catalog"
	"daylight/datasets"
	"daylight/datasets/difference"
	"daylight/privacy"
	"daylight/store"
)

// house is a catalogue with files, into which releases are published.
type house struct {
	t       *testing.T
	dir     string
	db      *store.PublicDB
	catalog *catalog.Store
	shelf   *datasets.Shelf
	dataset catalog.Dataset
}

var testTime = time.Date(2026, 11, 1, 8, 0, 0, 0, time.UTC)

func newHouse(t *testing.T) *house {
	t.Helper()
	h := &house{t: t, dir: t.TempDir()}
	ctx := t.Context()
	public, err := store.OpenPublic(ctx, filepath.Join(h.dir, "public"), false)
	h.must(err)
	private, err := store.OpenPrivate(ctx, filepath.Join(h.dir, "private"))
	h.must(err)
	h.db, err = store.OpenPublicDB(ctx, "sqlite:"+filepath.Join(h.dir, "public", "catalogue.db"), false)
	h.must(err)
	t.Cleanup(func() { h.db.Close() })
	h.must(h.db.Migrate(ctx))
	h.catalog, h.shelf = catalog.NewStore(h.db), datasets.NewShelf(public, private.Staging())
	agency := catalog.Agency{ID: "7d5a4c1e-0c1f-4b51-9a35-2f6f8d0e6a01", Slug: "so-y-te", Kind: "RegionalAuthority", Name: catalog.Text{"vi": "Sở", "en": "Department"},
		Contact: catalog.Contact{Name: catalog.Text{"vi": "Văn phòng", "en": "Office"}, Email: "vp@so.example"}}
	h.must(h.catalog.PutAgency(ctx, agency, testTime))
	h.dataset = catalog.Dataset{ID: "8d5a4c1e-0c1f-4b51-9a35-2f6f8d0e6a02", Slug: "giuong-benh", Agency: agency.ID, Title: catalog.Text{"vi": "Giường", "en": "Beds"},
		Description: catalog.Text{"vi": "Giường bệnh.", "en": "Hospital beds."}, Keywords: map[string][]string{"vi": {"giường"}, "en": {"beds"}}, Themes: []string{"HEAL"},
		Places: []string{"/codes/administrative-units/01"}, Frequency: "QUARTERLY", Licence: "CC-BY-4.0", Locale: "vi"}
	return h
}

func (h *house) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

// publish makes a release of numbered rows.
func (h *house) publish(values ...int64) *catalog.Release {
	h.t.Helper()
	b := array.NewRecordBuilder(memory.NewGoAllocator(), arrow.NewSchema([]arrow.Field{{Name: "so", Type: arrow.PrimitiveTypes.Int64, Nullable: true}}, nil))
	b.Field(0).(*array.Int64Builder).AppendValues(values, nil)
	plans, err := privacy.ParsePlans([]byte("plan: v1\naudience: open\ncolumns:\n  so: {class: public, do: keep}\ndecided: {by: test, at: 2026-01-15}\n"))
	h.must(err)
	cleared, err := plans[0].With(privacy.Setting{Now: testTime}).Apply(h.t.Context(), memoryTable{b.NewRecord()})
	h.must(err)
	r, err := h.shelf.Publish(h.t.Context(), nil, cleared)
	h.must(err)
	made, err := h.catalog.Publish(h.t.Context(), catalog.Publication{Intent: fmt.Sprint(values), Dataset: h.dataset, At: testTime}, r)
	h.must(err)
	return made
}

type memoryTable struct{ rec arrow.Record }

func (m memoryTable) Schema() *arrow.Schema { return m.rec.Schema() }

func (m memoryTable) Rows(context.Context) (array.RecordReader, error) {
	return array.NewRecordReader(m.rec.Schema(), []arrow.Record{m.rec})
}

func (h *house) counted() map[int]catalog.RowChanges {
	h.t.Helper()
	out, err := h.catalog.RowChanges(h.t.Context(), h.dataset.ID)
	h.must(err)
	return out
}

func changes(from int, unchanged, added, removed int64) catalog.RowChanges {
	return catalog.RowChanges{From: from, Tables: []catalog.TableChanges{{Table: "data", Counts: difference.Counts{By: difference.ByRow, Unchanged: unchanged, Added: added, Removed: removed}}}}
}

// What is there is counted, and what comes; what was deleted is made again, and
// a count against a release that is withdrawn gives way to one against the
// release before it.
func TestFollow(t *testing.T) {
	h := newHouse(t)
	h.publish(1, 2, 3)
	h.publish(1, 2, 4, 4)
	m := New(h.catalog, h.shelf.Library(), Options{})
	defer m.Close()
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- m.Follow(ctx) }()
	want := map[int]catalog.RowChanges{2: changes(1, 2, 2, 1)}
	h.becomes(want)
	h.publish(1)
	want[3] = changes(2, 1, 0, 3)
	h.becomes(want)

	// of a withdrawn release nothing is told, and who comes after it is counted
	// against the one before
	w := catalog.Withdrawal{At: testTime, Reason: catalog.Text{"vi": "Số liệu sai", "en": "Wrong figures"}}
	h.must(h.catalog.Withdraw(ctx, catalog.Deed{Intent: "withdraw", At: testTime}, h.dataset.ID, 2, w))
	h.becomes(map[int]catalog.RowChanges{3: changes(1, 1, 0, 2)})
	h.must(h.catalog.Restore(ctx, catalog.Deed{Intent: "restore", At: testTime}, h.dataset.ID, 2))
	h.becomes(want)
	stop()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}

	h.run(`DELETE FROM differences`)
	h.must(m.Count(t.Context(), ""))
	if diff := cmp.Diff(want, h.counted()); diff != "" {
		t.Errorf("made again (-want +got)\n%s", diff)
	}
}

func (h *house) becomes(want map[int]catalog.RowChanges) {
	h.t.Helper()
	diff := ""
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if diff = cmp.Diff(want, h.counted()); diff == "" {
			return
		}
	}
	h.t.Fatalf("not counted (-want +got)\n%s", diff)
}

func (h *house) run(query string) {
	h.t.Helper()
	h.must(h.db.InTx(h.t.Context(), func(tx *store.Tx) error { _, err := tx.Exec(h.t.Context(), query); return err }))
}

// A release that cannot be compared harms nothing: it is told in the log, by
// numbers alone, and what comes after it is counted.
func TestDamagedFile(t *testing.T) {
	h := newHouse(t)
	h.publish(771771, 2)
	bad := h.publish(771771, 3)
	h.publish(5)
	h.publish(5, 6)
	for _, f := range bad.Files {
		path := filepath.Join(h.dir, "public", filepath.FromSlash(f.Ref.Key()))
		h.must(os.Chmod(path, 0o644))
		b, err := os.ReadFile(path)
		h.must(err)
		h.must(os.WriteFile(path, b[:len(b)/2], 0o644))
	}
	var log bytes.Buffer
	m := New(h.catalog, h.shelf.Library(), Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
	defer m.Close()
	h.must(m.Count(t.Context(), ""))
	if diff := cmp.Diff(map[int]catalog.RowChanges{4: changes(3, 1, 1, 0)}, h.counted()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if n := strings.Count(log.String(), "releases are not compared"); n != 2 || strings.Contains(log.String(), "771771") {
		t.Errorf("logged %d times:\n%s", n, log.String())
	}
}

// Who asks for the same gets the same; what is kept is bounded, and is closed
// when it is old and nobody reads it.
func TestKept(t *testing.T) {
	h := newHouse(t)
	var all []*catalog.Release
	for i := range int64(8) {
		all = append(all, h.publish(i, 100))
	}
	m := New(h.catalog, h.shelf.Library(), Options{Wait: time.Minute})
	first, done, err := m.Of(t.Context(), all[0], all[1], "data")
	h.must(err)
	var g sync.WaitGroup
	for range 4 {
		for i := range all {
			for j := range all {
				g.Go(func() {
					d, done, err := m.Of(t.Context(), all[i], all[j], "data")
					if err != nil {
						t.Error(err)
						return
					}
					defer done()
					if want := int64(1); i != j && (d.Counts.Added != want || d.Counts.Removed != want) || i == j && !d.Counts.Same() {
						t.Errorf("%d to %d: %+v", i, j, d.Counts)
					}
				})
			}
		}
	}
	g.Wait()
	if len(m.kept) > keptMost {
		t.Errorf("%d comparisons are kept", len(m.kept))
	}
	n := 0 // the first has long been forgotten, and can still be read
	for _, err := range first.Rows(t.Context()) {
		h.must(err)
		n++
	}
	if n != 2 {
		t.Errorf("%d rows", n)
	}
	done()
	done()
	m.Close()
	if open := openFiles(t, h.dir); len(open) > 0 {
		t.Errorf("left open: %v", open)
	}
}

// openFiles are the published files that this process holds open.
func openFiles(t *testing.T, dir string) (out []string) {
	t.Helper()
	fds, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip("SKIPPED: there is no /proc here; files left open are not counted")
	}
	for _, fd := range fds {
		if to, err := os.Readlink("/proc/self/fd/" + fd.Name()); err == nil && strings.HasPrefix(to, filepath.Join(dir, "public", "files")) {
			out = append(out, to)
		}
	}
	return out
}

// One comparison at a time: who cannot wait is told so, and is no burden.
func TestBusyAndTime(t *testing.T) {
	h := newHouse(t)
	a, b := h.publish(1), h.publish(2)
	m := New(h.catalog, h.shelf.Library(), Options{Wait: time.Millisecond})
	defer m.Close()
	m.turn <- struct{}{}
	if _, _, err := m.Of(t.Context(), a, b, "data"); !errors.Is(err, ErrBusy) {
		t.Errorf("while another runs: %v", err)
	}
	<-m.turn
	if _, done, err := m.Of(t.Context(), a, b, "data"); err != nil {
		t.Errorf("after it: %v", err)
	} else {
		done()
	}
	short := New(h.catalog, h.shelf.Library(), Options{Time: time.Nanosecond})
	defer short.Close()
	if _, _, err := short.Of(t.Context(), a, b, "data"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("without time: %v", err)
	}
	if _, _, err := m.Of(t.Context(), a, b, "other"); !errors.Is(err, catalog.ErrNotFound) {
		t.Errorf("a table that is not there: %v", err)
	}
	if open := openFiles(t, h.dir); len(open) != 2 {
		t.Errorf("%d files are open, want those of the one that is kept", len(open))
	}
}
