package ingest

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
	"golang.org/x/tools/txtar"

	"daylight/catalog"
	"daylight/datasets"
	"daylight/store"
)

// office is a whole portal without the web, on a real disk.
type office struct {
	dir     string
	private store.Private
	public  store.Public
	db      *store.PrivateDB
	publics *store.PublicDB
	inbox   *Inbox
	catalog *catalog.Store
	shelf   *datasets.Shelf
	agency  catalog.Agency
	logged  *bytes.Buffer
	now     func() time.Time
}

func openOffice(dir string, now func() time.Time) (_ *office, err error) {
	ctx := context.Background()
	o := &office{dir: dir, logged: &bytes.Buffer{}, now: now}
	if o.private, err = store.OpenPrivate(ctx, filepath.Join(dir, "private")); err != nil {
		return nil, err
	}
	if o.public, err = store.OpenPublic(ctx, filepath.Join(dir, "public"), false); err != nil {
		return nil, err
	}
	if _, err := o.private.Sweep(ctx); err != nil {
		return nil, err
	}
	if _, err := o.public.Sweep(ctx); err != nil {
		return nil, err
	}
	if o.db, err = store.OpenPrivateDB(ctx, "sqlite:"+filepath.Join(dir, "private", "work.db")); err != nil {
		return nil, err
	}
	if o.publics, err = store.OpenPublicDB(ctx, "sqlite:"+filepath.Join(dir, "public", "catalogue.db"), false); err != nil {
		return nil, err
	}
	if err := errors.Join(o.db.Migrate(ctx), o.publics.Migrate(ctx)); err != nil {
		return nil, err
	}
	o.catalog, o.shelf = catalog.NewStore(o.publics), datasets.NewShelf(o.public, o.private.Staging())
	o.inbox = New(Options{Private: o.private, DB: o.db, Shelf: o.shelf, Catalog: o.catalog, Drafts: catalog.NewDrafts(o.db), Public: o.public,
		Now: now, Log: slog.New(slog.NewTextHandler(&lockedWriter{w: o.logged}, nil))})
	if err := o.inbox.Recover(ctx); err != nil {
		return nil, err
	}
	var problems []catalog.Problem
	o.agency, problems, err = o.inbox.PutAgency(ctx, "test", catalog.Agency{Slug: "so-tu-phap", Kind: "RegionalAuthority",
		Name:    catalog.Text{"vi": "Sở Tư pháp", "en": "Department of Justice"},
		Contact: catalog.Contact{Name: catalog.Text{"vi": "Văn phòng", "en": "Office"}, Email: "lienhe@sotuphap.example"}})
	if err == nil && catalog.Refused(problems) {
		err = fmt.Errorf("agency refused: %v", problems)
	}
	return o, err
}

type lockedWriter struct {
	mu sync.Mutex
	w  io.Writer // guarded by mu
}

func (l *lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

func (o *office) close() error { return errors.Join(o.db.Close(), o.publics.Close()) }

var testDay = time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC)

func newOffice(t *testing.T) *office {
	t.Helper()
	o, err := openOffice(t.TempDir(), func() time.Time { return testDay })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { o.close() })
	return o
}

func (o *office) describe(slug string) (catalog.Dataset, error) {
	d, problems, err := o.inbox.PutDataset(context.Background(), "test", catalog.Dataset{Slug: slug, Agency: o.agency.ID,
		Title:       catalog.Text{"vi": "Bộ dữ liệu " + slug, "en": "Dataset " + slug},
		Description: catalog.Text{"vi": "Mô tả bộ dữ liệu dùng để thử nghiệm.", "en": "A dataset that is used in tests."},
		Keywords:    map[string][]string{"vi": {"thử nghiệm"}, "en": {"test"}},
		Themes:      []string{"GOVE"}, Places: []string{"/codes/administrative-units/01"}, Frequency: "ANNUAL", Licence: "CC-BY-4.0",
		From: "2025-01-01", To: "2025-12-31"})
	if err == nil && catalog.Refused(problems) {
		err = fmt.Errorf("dataset refused: %v", problems)
	}
	return d, err
}

// send goes the way of an agency's file, up to the job.
func (o *office) send(n catalog.NewUpload, content string) (catalog.Upload, error) {
	ctx := context.Background()
	n.Agency, n.By = o.agency.ID, "test"
	if n.TotalBytes == 0 {
		n.TotalBytes = int64(len(content))
	}
	u, err := o.inbox.Begin(ctx, n)
	if err != nil || u.State != catalog.StateReceiving {
		return u, err
	}
	return o.inbox.Append(ctx, u.ID, 0, strings.NewReader(content))
}

// publish sends a file and works it off.
func (o *office) publish(t *testing.T, n catalog.NewUpload, content string) catalog.Upload {
	t.Helper()
	u, err := o.send(n, content)
	if err != nil {
		t.Fatal(err)
	}
	if err := o.inbox.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	if u, err = o.inbox.State(t.Context(), u.ID); err != nil {
		t.Fatal(err)
	}
	return u
}

// everything is what must not hold a value: every byte of the public place,
// the log, the audit, and what the agency's page tells.
func (o *office) everything(t *testing.T, u catalog.Upload) string {
	t.Helper()
	var all strings.Builder
	err := filepath.WalkDir(filepath.Join(o.dir, "public"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		all.Write(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	all.WriteString(o.logged.String())
	for e, err := range o.db.AuditLog(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		all.Write(e.Detail)
	}
	fmt.Fprintf(&all, "%s %+v", u.Report, u.Problems)
	if err := o.inbox.ProblemsCSV(t.Context(), u.ID, &all); err != nil {
		t.Fatal(err)
	}
	return all.String()
}

// TestPath sends the file of each archive through the whole pipeline.
//
//	in.csv, in.json, plan, locale   what the agency sends; or a workbook:
//	sheet NAME, hidden sheet NAME   its sheets, cells with "|" between them
//	want                    state, then one problem a line: code, column
//	want.csv                what is published; want TABLE.csv: of several tables
//	not                     words that may stand nowhere outside the private place
func TestPath(t *testing.T) {
	names, err := filepath.Glob("testdata/path/*.txtar")
	if err != nil || len(names) == 0 {
		t.Fatalf("no archives: %v", err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			t.Parallel()
			a, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			part := map[string]string{}
			for _, f := range a.Files {
				part[f.Name] = string(f.Data)
			}
			o := newOffice(t)
			d, err := o.describe("bo-du-lieu")
			if err != nil {
				t.Fatal(err)
			}
			in := sent(t, a)
			u := o.publish(t, catalog.NewUpload{Dataset: d.ID, FileName: "Danh sách Nguyễn Văn Tệp.csv",
				Locale: strings.TrimSpace(part["locale"]), Plan: []byte(part["plan"])}, in)
			got := u.State + "\n"
			for _, p := range u.Problems {
				got += strings.Join(strings.Fields(p.Code+" "+p.Column), " ")
				if p.Sheet != "" {
					got += " in " + p.Sheet
				}
				got += "\n"
				if p.Detail == "" {
					t.Errorf("%s does not say what to do", p.Code)
				}
			}
			if diff := cmp.Diff(part["want"], got); diff != "" {
				t.Errorf("state and problems (-want +got):\n%s%v", diff, u.Problems)
			}
			want, published := map[string]string{}, false
			for name, text := range part {
				if name, ok := strings.CutPrefix(name, "want"); ok && name != "" {
					if name = strings.TrimPrefix(name, " "); name == ".csv" {
						name = "data.csv"
					}
					published, want[name] = true, text
				}
			}
			if published {
				if diff := cmp.Diff(want, o.csvs(t, d.ID)); diff != "" {
					t.Errorf("published (-want +got):\n%s", diff)
				}
			} else if _, err := o.catalog.Dataset(t.Context(), string(d.ID)); !errors.Is(err, catalog.ErrNotFound) {
				t.Errorf("the dataset is public: %v", err)
			}
			all := o.everything(t, u)
			for _, word := range strings.Fields(part["not"] + " Tệp.csv") {
				if strings.Contains(strings.ReplaceAll(all, `"file":"Danh sách Nguyễn Văn Tệp.csv"`, ""), word) {
					t.Errorf("%q is told", word)
				}
			}
			o.sound(t, u.ID, in)
		})
	}
}

// sent is the file of an archive as the agency sends it: in.csv, in.json, a
// ZIP of what stands under "zip NAME", or a workbook made of its sheets.
func sent(t *testing.T, a *txtar.Archive) string {
	t.Helper()
	var packed bytes.Buffer
	z := zip.NewWriter(&packed)
	files := 0
	for _, f := range a.Files {
		if name, ok := strings.CutPrefix(f.Name, "zip "); ok {
			files++
			w, err := z.Create(name)
			if err != nil {
				t.Fatal(err)
			}
			w.Write(f.Data)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if files > 0 {
		return packed.String()
	}
	var book *excelize.File
	for _, f := range a.Files {
		if f.Name == "in.csv" || f.Name == "in.json" || f.Name == "in.geojson" {
			return string(f.Data)
		}
		name, hidden := strings.CutPrefix(f.Name, "hidden ")
		name, ok := strings.CutPrefix(name, "sheet ")
		if !ok {
			continue
		}
		if book == nil {
			book = excelize.NewFile()
		}
		if _, err := book.NewSheet(name); err != nil {
			t.Fatal(err)
		}
		for i, line := range strings.Split(strings.TrimSuffix(string(f.Data), "\n"), "\n") {
			var row []any
			for _, c := range strings.Split(line, "|") {
				c = strings.TrimSpace(c)
				if n, err := strconv.ParseFloat(c, 64); err == nil && (c == "0" || c[0] != '0') {
					row = append(row, n)
				} else {
					row = append(row, c)
				}
			}
			if err := book.SetSheetRow(name, fmt.Sprintf("A%d", i+1), &row); err != nil {
				t.Fatal(err)
			}
		}
		if hidden {
			if err := book.SetSheetVisible(name, false); err != nil {
				t.Fatal(err)
			}
		}
	}
	if book == nil {
		return ""
	}
	defer book.Close()
	var b bytes.Buffer
	if err := errors.Join(book.DeleteSheet("Sheet1"), book.Write(&b)); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// csvs are the published CSV files of the dataset's current release.
func (o *office) csvs(t *testing.T, id catalog.DatasetID) map[string]string {
	t.Helper()
	d, err := o.catalog.Dataset(t.Context(), string(id))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, f := range d.Release.Files {
		if strings.HasSuffix(f.Name, ".csv") {
			out[f.Name] = o.published(t, f)
		}
	}
	return out
}

// csv is the published CSV of the dataset's current release.
func (o *office) csv(t *testing.T, id catalog.DatasetID) string {
	t.Helper()
	text, ok := o.csvs(t, id)["data.csv"]
	if !ok {
		t.Fatal("no data.csv")
	}
	return text
}

func (o *office) published(t *testing.T, f catalog.File) string {
	t.Helper()
	r, err := o.shelf.Library().Open(t.Context(), f.Ref, 0, -1)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// sound checks the invariants that hold whatever happened.
func (o *office) sound(t *testing.T, id, content string) {
	t.Helper()
	ctx := t.Context()
	u, err := o.inbox.upload(ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	var kept bytes.Buffer
	if err := unsealTo(ctx, o.private, u, &kept); err != nil {
		t.Errorf("I1: the original cannot be read: %v", err)
	} else if kept.String() != content {
		t.Error("I1: the original is not byte-identical")
	}
	for orig, err := range Originals(ctx, o.db, o.private, true) {
		if err != nil || orig.Fault != "" {
			t.Errorf("I1: %s: %s %v", orig.Upload, orig.Fault, err)
		}
	}
	sums, err := o.catalog.FileSums(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for ref, n := range sums {
		if size, err := o.shelf.Library().Size(ctx, ref); err != nil || size != n {
			t.Errorf("I2: %s: %d bytes of %d, %v", ref, size, n, err)
		}
	}
	if _, err := o.db.VerifyAudit(ctx); err != nil {
		t.Errorf("I5: %v", err)
	}
	if open, err := o.inbox.drafts.OpenIntents(ctx); err != nil || len(open) > 0 {
		t.Errorf("open intents: %v, %v", open, err)
	}
	if staged, _ := filepath.Glob(filepath.Join(o.dir, "private", "staging", "*")); len(staged) > 0 {
		t.Errorf("left in staging: %v", staged)
	}
	if tmp, _ := filepath.Glob(filepath.Join(o.dir, "private", "tmp", "*")); len(tmp) > 0 {
		t.Errorf("left in tmp: %d files", len(tmp))
	}
}

const simple = "ma,ten,so\n001,Hà Nội,12\n002,Huế,7\n003,Đà Nẵng,9\n"

func TestDuplicatesMakeOneRelease(t *testing.T) {
	o := newOffice(t)
	d, err := o.describe("trung")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	var workers sync.WaitGroup
	for range 3 {
		workers.Go(func() { o.inbox.Work(ctx) })
	}
	var mu sync.Mutex
	ids := map[string]bool{}
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			n := catalog.NewUpload{Dataset: d.ID}
			if i < 10 {
				n.IdempotencyKey = "once" // the others come without a key
			}
			u, err := o.send(n, simple)
			if err != nil && !errors.Is(err, catalog.ErrState) { // the same upload, at the same moment
				t.Errorf("send: %v", err)
			}
			if u.ID != "" {
				mu.Lock()
				ids[u.ID] = true
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if len(ids) != 11 {
		t.Errorf("%d uploads, want 11: one for the key, one for each without", len(ids))
	}
	for id := range ids {
		u := o.settled(t, id)
		if u.State != catalog.StatePublished || u.Release != 1 {
			t.Errorf("upload is %s, release %d: %v", u.State, u.Release, u.Problems)
		}
		o.sound(t, id, simple)
	}
	stop()
	workers.Wait()
	if releases, err := o.catalog.Releases(t.Context(), d.ID); err != nil || len(releases) != 1 {
		t.Errorf("%d releases, %v; want 1", len(releases), err)
	}
}

func (o *office) settled(t *testing.T, id string) catalog.Upload {
	t.Helper()
	c, err := o.inbox.Watch(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	var last catalog.Upload
	for {
		select {
		case u, ok := <-c:
			if !ok {
				return last
			}
			last = u
		case <-time.After(20 * time.Second):
			t.Fatalf("upload stays %s", last.State)
		}
	}
}

func TestSameContentAgain(t *testing.T) {
	o := newOffice(t)
	d, err := o.describe("lai")
	if err != nil {
		t.Fatal(err)
	}
	if u := o.publish(t, catalog.NewUpload{Dataset: d.ID}, simple); u.State != catalog.StatePublished || u.Release != 1 {
		t.Fatalf("first: %s, release %d: %v", u.State, u.Release, u.Problems)
	}
	again := o.publish(t, catalog.NewUpload{Dataset: d.ID}, simple)
	if again.State != catalog.StatePublished || again.Release != 1 || len(again.Problems) != 1 || again.Problems[0].Code != "identical" {
		t.Errorf("again: %s, release %d, %v; want identical to 1", again.State, again.Release, again.Problems)
	}
	// Other bytes, the same cells: what may leave is the same.
	crlf := o.publish(t, catalog.NewUpload{Dataset: d.ID}, strings.ReplaceAll(simple, "\n", "\r\n"))
	if crlf.State != catalog.StatePublished || crlf.Release != 1 {
		t.Errorf("the same cells: %s, release %d, %v; want identical to 1", crlf.State, crlf.Release, crlf.Problems)
	}
	// The same bytes on another plan are another publication.
	plan := "plan: v1\naudience: open\ncolumns:\n  ma: {do: keep}\n  ten: {do: keep}\n  so: {do: drop}\ndecided: {by: test, at: 2026-01-15}\n"
	other := o.publish(t, catalog.NewUpload{Dataset: d.ID, Plan: []byte(plan)}, simple)
	if other.State != catalog.StatePublished || other.Release != 2 {
		t.Errorf("another plan: %s, release %d, %v; want release 2", other.State, other.Release, other.Problems)
	}
	if diff := cmp.Diff("ma,ten\n001,Hà Nội\n002,Huế\n003,Đà Nẵng\n", o.csv(t, d.ID)); diff != "" {
		t.Errorf("release 2: %s", diff)
	}
	// New rows on the stored plan need nobody.
	more := o.publish(t, catalog.NewUpload{Dataset: d.ID}, simple+"004,Cần Thơ,3\n")
	if more.State != catalog.StatePublished || more.Release != 3 {
		t.Errorf("new rows: %s, release %d, %v; want release 3", more.State, more.Release, more.Problems)
	}
	// A new column stops, and the old release stays.
	drift := o.publish(t, catalog.NewUpload{Dataset: d.ID}, "ma,ten,so,moi\n001,Hà Nội,12,1\n")
	if drift.State != catalog.StateWaiting {
		t.Errorf("a new column: %s, want waiting", drift.State)
	}
	if releases, err := o.catalog.Releases(t.Context(), d.ID); err != nil || len(releases) != 3 {
		t.Errorf("%d releases, %v; want 3", len(releases), err)
	}
}

func TestBegin(t *testing.T) {
	o := newOffice(t)
	d, err := o.describe("bat-dau")
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	ok := catalog.NewUpload{Dataset: d.ID, Agency: o.agency.ID, By: "test", IdempotencyKey: "k", TotalBytes: 10, Plan: []byte("auto")}
	first, err := o.inbox.Begin(ctx, ok)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := o.inbox.Begin(ctx, ok); err != nil || again.ID != first.ID {
		t.Errorf("the same key and request: %q, %v; want %q", again.ID, err, first.ID)
	}
	other := func(change func(*catalog.NewUpload)) catalog.NewUpload {
		n := ok
		n.IdempotencyKey = ""
		change(&n)
		return n
	}
	for name, tt := range map[string]struct {
		n    catalog.NewUpload
		want error
	}{
		"key reused":       {other(func(n *catalog.NewUpload) { n.IdempotencyKey, n.TotalBytes = "k", 11 }), catalog.ErrIdempotency},
		"unknown dataset":  {other(func(n *catalog.NewUpload) { n.Dataset = "11111111-2222-4333-8444-555555555555" }), catalog.ErrNotFound},
		"slug as id":       {other(func(n *catalog.NewUpload) { n.Dataset = "bat-dau" }), catalog.ErrNotFound},
		"another agency":   {other(func(n *catalog.NewUpload) { n.Agency = "x" }), catalog.ErrNotFound},
		"too large":        {other(func(n *catalog.NewUpload) { n.TotalBytes = 1 << 50 }), catalog.ErrTooLarge},
		"plan unreadable":  {other(func(n *catalog.NewUpload) { n.Plan = []byte("plan: v9\n") }), catalog.ErrPlan},
		"plan of another":  {other(func(n *catalog.NewUpload) { n.Plan = []byte("plan: v1\ndataset: khac\ncolumns: {a: {do: keep}}\n") }), catalog.ErrPlan},
		"plan not YAML":    {other(func(n *catalog.NewUpload) { n.Plan = []byte("\x00{") }), catalog.ErrPlan},
		"plan of nonsense": {other(func(n *catalog.NewUpload) { n.Plan = []byte("hello") }), catalog.ErrPlan},
	} {
		if u, err := o.inbox.Begin(ctx, tt.n); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v (%s), want %v", name, err, u.ID, tt.want)
		}
	}
	if all, err := o.inbox.Uploads(ctx, o.agency.ID); err != nil || len(all) != 1 {
		t.Errorf("%d uploads, %v; want 1", len(all), err)
	}
}

func TestAppend(t *testing.T) {
	o := newOffice(t)
	d, err := o.describe("nhan")
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	begin := func(total int64) string {
		u, err := o.inbox.Begin(ctx, catalog.NewUpload{Dataset: d.ID, Agency: o.agency.ID, TotalBytes: total})
		if err != nil {
			t.Fatal(err)
		}
		return u.ID
	}
	id := begin(int64(len(simple)))
	// What fails leaves the upload as it was, to be tried again.
	cut := errors.New("connection cut")
	if _, err := o.inbox.Append(ctx, id, 0, io.MultiReader(strings.NewReader(simple[:9]), iotest.ErrReader(cut))); !errors.Is(err, cut) {
		t.Errorf("a cut body: %v, want the body's error", err)
	}
	if _, err := o.inbox.Append(ctx, id, 0, strings.NewReader(simple[:9])); !errors.Is(err, catalog.ErrState) {
		t.Errorf("a short body: %v, want ErrState", err)
	}
	if _, err := o.inbox.Append(ctx, id, 0, strings.NewReader(simple+"x")); !errors.Is(err, catalog.ErrTooLarge) {
		t.Errorf("a long body: %v, want ErrTooLarge", err)
	}
	if _, err := o.inbox.Append(ctx, id, 7, strings.NewReader(simple)); !errors.Is(err, catalog.ErrState) {
		t.Errorf("an offset: %v, want ErrState", err)
	}
	if u, err := o.inbox.State(ctx, id); err != nil || u.State != catalog.StateReceiving {
		t.Errorf("after failures: %s, %v; want receiving", u.State, err)
	}
	if u, err := o.inbox.Append(ctx, id, 0, strings.NewReader(simple)); err != nil || u.State != catalog.StateReceived || u.Bytes != int64(len(simple)) {
		t.Errorf("the whole: %s, %d bytes, %v", u.State, u.Bytes, err)
	}
	// Sent again: the same bytes are fine, others are not.
	if u, err := o.inbox.Append(ctx, id, 0, strings.NewReader(simple)); err != nil || u.ID != id {
		t.Errorf("the same again: %v", err)
	}
	for _, other := range []string{"", simple[:9], simple + "x", strings.Replace(simple, "12", "13", 1)} {
		if _, err := o.inbox.Append(ctx, id, 0, strings.NewReader(other)); !errors.Is(err, catalog.ErrIdempotency) {
			t.Errorf("other bytes: %v, want ErrIdempotency", err)
		}
	}
	o.sound(t, id, simple)
	if _, err := o.inbox.Append(ctx, "11111111-2222-4333-8444-555555555555", 0, strings.NewReader("")); !errors.Is(err, catalog.ErrNotFound) {
		t.Errorf("unknown upload: %v, want ErrNotFound", err)
	}
	// Two at once on one upload: one is told to wait.
	id = begin(-1)
	r, w := io.Pipe()
	done := make(chan error)
	go func() { _, err := o.inbox.Append(ctx, id, 0, r); done <- err }()
	io.WriteString(w, simple[:4]) // returns when the first Append reads
	if _, err := o.inbox.Append(ctx, id, 0, strings.NewReader(simple)); !errors.Is(err, catalog.ErrState) {
		t.Errorf("two at once: %v, want ErrState", err)
	}
	io.WriteString(w, simple[4:])
	w.Close()
	if err := <-done; err != nil {
		t.Errorf("the first of two: %v", err)
	}
	o.sound(t, id, simple)
}

func TestPutDataset(t *testing.T) {
	o := newOffice(t)
	ctx := t.Context()
	first, err := o.describe("bo-mot")
	if err != nil {
		t.Fatal(err)
	}
	again, err := o.describe("bo-mot")
	if err != nil || again.ID != first.ID {
		t.Errorf("the same slug: %s, %v; want %s", again.ID, err, first.ID)
	}
	other, _, err := o.inbox.PutAgency(ctx, "test", catalog.Agency{Slug: "khac", Kind: "RegionalAuthority", Name: catalog.Text{"vi": "Sở khác", "en": "Another"},
		Contact: catalog.Contact{Name: catalog.Text{"vi": "Văn phòng", "en": "Office"}, Email: "a@khac.example"}})
	if err != nil {
		t.Fatal(err)
	}
	foreign := first
	foreign.Agency, foreign.ID = other.ID, ""
	if _, problems, err := o.inbox.PutDataset(ctx, "test", foreign); err != nil || !slices.ContainsFunc(problems, func(p catalog.Problem) bool { return p.Code == "taken" }) {
		t.Errorf("another agency's slug: %v, %v; want taken", problems, err)
	}
	foreign.ID = first.ID
	if _, _, err := o.inbox.PutDataset(ctx, "test", foreign); !errors.Is(err, catalog.ErrNotFound) {
		t.Errorf("another agency's dataset: %v, want ErrNotFound", err)
	}
	bad := first
	bad.Title = nil
	if _, problems, err := o.inbox.PutDataset(ctx, "test", bad); err != nil || !catalog.Refused(problems) {
		t.Errorf("no title: %v, %v; want a refusal", problems, err)
	}
	if d, err := o.inbox.Draft(ctx, "bo-mot"); err != nil || len(d.Title) == 0 {
		t.Errorf("the draft after refusals: %v, %v", d, err)
	}
}

func TestRecover(t *testing.T) {
	dir := t.TempDir()
	now := testDay
	o, err := openOffice(dir, func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	d, err := o.describe("phuc-hoi")
	if err != nil {
		t.Fatal(err)
	}
	never, err := o.inbox.Begin(t.Context(), catalog.NewUpload{Dataset: d.ID, Agency: o.agency.ID, TotalBytes: -1})
	if err != nil {
		t.Fatal(err)
	}
	sent, err := o.send(catalog.NewUpload{Dataset: d.ID}, simple)
	if err != nil {
		t.Fatal(err)
	}
	// A process that died while it worked.
	if _, ok, err := o.db.Claim(t.Context(), store.Lane{}, "dead", now, time.Hour); !ok || err != nil {
		t.Fatal(ok, err)
	}
	// A file that nothing names, and one that is too young to tell.
	for i, age := range []time.Duration{25 * time.Hour, time.Hour} {
		key := store.FileKey([32]byte{byte(i)})
		if err := o.public.Blobs().Put(t.Context(), key, strings.NewReader("x")); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, "public", filepath.FromSlash(key))
		if err := os.Chtimes(path, time.Time{}, now.Add(8*24*time.Hour-age)); err != nil {
			t.Fatal(err)
		}
	}
	o.close()
	now = now.Add(8 * 24 * time.Hour)
	if o, err = openOffice(dir, func() time.Time { return now }); err != nil {
		t.Fatal(err)
	}
	defer o.close()
	if u, err := o.inbox.State(t.Context(), never.ID); err != nil || u.State != catalog.StateRefused || u.Problems[0].Code != "expired" {
		t.Errorf("never sent: %s %v, %v; want refused, expired", u.State, u.Problems, err)
	}
	if _, err := o.inbox.Append(t.Context(), never.ID, 0, strings.NewReader(simple)); !errors.Is(err, catalog.ErrState) {
		t.Errorf("sent after it expired: %v, want ErrState", err)
	}
	if err := o.inbox.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	if u, err := o.inbox.State(t.Context(), sent.ID); err != nil || u.State != catalog.StatePublished {
		t.Errorf("the dead process's job: %s, %v; want published", u.State, err)
	}
	for i, want := range []bool{false, true} {
		_, err := o.public.Blobs().Size(t.Context(), store.FileKey([32]byte{byte(i)}))
		if got := err == nil; got != want {
			t.Errorf("unnamed file %d: there is %v (%v), want %v", i, got, err, want)
		}
	}
	o.sound(t, sent.ID, simple)
}

// A job that fails for a reason outside the file is tried again, and in the end
// given up with words that do not blame the file.
func TestGiveUp(t *testing.T) {
	now := testDay
	o, err := openOffice(t.TempDir(), func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	defer o.close()
	d, err := o.describe("hong")
	if err != nil {
		t.Fatal(err)
	}
	sent, err := o.send(catalog.NewUpload{Dataset: d.ID}, simple)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(o.dir, "private", "tmp")); err != nil {
		t.Fatal(err)
	}
	steps := 0
	for ; steps < 100; steps++ {
		if _, err := o.inbox.step(t.Context(), store.Lane{}); err != nil {
			t.Fatal(err)
		}
		now = now.Add(time.Hour)
		if u, err := o.inbox.State(t.Context(), sent.ID); err != nil || u.State == catalog.StateRefused {
			if err != nil || u.Problems[0].Code != "gave-up" {
				t.Errorf("given up: %v, %v", u.Problems, err)
			}
			break
		}
	}
	if steps != maxAttempts-1 {
		t.Errorf("given up after %d attempts, want %d", steps+1, maxAttempts)
	}
	if did, err := o.inbox.step(t.Context(), store.Lane{}); did || err != nil {
		t.Errorf("a dead job is done again: %v, %v", did, err)
	}
	// An administrator reads why, mends it, and has it tried again.
	dead, err := o.inbox.Dead(t.Context())
	if err != nil || len(dead) != 1 || dead[0].Upload != sent.ID || dead[0].Reason != "folder-missing" || dead[0].Attempts != maxAttempts {
		t.Fatalf("%+v, %v", dead, err)
	}
	if err := os.MkdirAll(filepath.Join(o.dir, "private", "tmp"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := o.inbox.Revive(t.Context(), "admin", dead[0].ID); err != nil {
		t.Fatal(err)
	}
	if err := o.inbox.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	if u, err := o.inbox.State(t.Context(), sent.ID); err != nil || u.State != catalog.StatePublished {
		t.Errorf("revived: %s %v, %v", u.State, u.Problems, err)
	}
	if err := o.inbox.Revive(t.Context(), "admin", dead[0].ID); !errors.Is(err, catalog.ErrNotFound) {
		t.Errorf("a living job is revived: %v", err)
	}
}

func TestLabel(t *testing.T) {
	for in, want := range map[string]string{
		"dữ liệu.csv": "dữ liệu.csv", "../../etc/passwd": "passwd", `C:\x\y.csv`: "y.csv", "": "", "..": "..", "/": "", ".": "",
		"a\x00\r\nb\u202e.csv": "ab.csv", "\xff.csv": ".csv", strings.Repeat("đ", 200): strings.Repeat("đ", 127),
	} {
		if got := label(in); got != want {
			t.Errorf("label(%q) = %q, want %q", in, got, want)
		}
	}
}

func newUpload(d catalog.Dataset, plan string) catalog.NewUpload {
	return catalog.NewUpload{Dataset: d.ID, FileName: "x.csv", Locale: "vi", Plan: []byte(plan)}
}

func TestLists(t *testing.T) {
	o := newOffice(t)
	d, err := o.describe("danh-sach")
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	bad := "ma,so,ngay\nA1,1,01/02/2026\nA2,2,03/04/2026\nA3,3\n"
	waits := o.publish(t, catalog.NewUpload{Dataset: d.ID, FileName: "x.csv"}, bad)
	refused := o.publish(t, catalog.NewUpload{Dataset: d.ID}, "%PDF-1.7\n")
	if waits.State != catalog.StateWaiting || refused.State != catalog.StateRefused {
		t.Fatalf("states %s, %s", waits.State, refused.State)
	}
	for _, tt := range []struct {
		agency catalog.AgencyID
		states []string
		want   int
	}{
		{o.agency.ID, nil, 2}, {"", nil, 2}, {"x", nil, 0}, {o.agency.ID, []string{"waiting"}, 1},
		{"", []string{"waiting", "refused"}, 2}, {"", []string{"published"}, 0},
	} {
		if got, err := o.inbox.Uploads(ctx, tt.agency, tt.states...); err != nil || len(got) != tt.want {
			t.Errorf("Uploads(%q, %v): %d, %v; want %d", tt.agency, tt.states, len(got), err, tt.want)
		}
	}
	for agency, want := range map[catalog.AgencyID]int{o.agency.ID: 1, "": 1, "x": 0} {
		if got, err := o.inbox.Waiting(ctx, agency); err != nil || got != want {
			t.Errorf("Waiting(%q) = %d, %v; want %d", agency, got, err, want)
		}
	}
	var csv strings.Builder
	if err := o.inbox.ProblemsCSV(ctx, waits.ID, &csv); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"sheet,row,line,column,code,wanted\n", ",,,ngay,date-order,\n"} {
		if !strings.Contains(csv.String(), want) {
			t.Errorf("problems lack %q:\n%s", want, csv.String())
		}
	}
	if err := o.inbox.ProblemsCSV(ctx, "11111111-2222-4333-8444-555555555555", io.Discard); !errors.Is(err, catalog.ErrNotFound) {
		t.Errorf("problems of nothing: %v, want ErrNotFound", err)
	}
}

// Who watches sees the upload move, and the end.
func TestWatch(t *testing.T) {
	o := newOffice(t)
	d, err := o.describe("theo-doi")
	if err != nil {
		t.Fatal(err)
	}
	u, err := o.send(catalog.NewUpload{Dataset: d.ID}, simple)
	if err != nil {
		t.Fatal(err)
	}
	c, err := o.inbox.Watch(t.Context(), u.ID)
	if err != nil {
		t.Fatal(err)
	}
	if first := <-c; first.State != catalog.StateReceived {
		t.Errorf("first: %s, want received", first.State)
	}
	done := make(chan error, 1)
	go func() { done <- o.inbox.Drain(t.Context()) }()
	var states []string
	for u := range c {
		states = append(states, u.State+" "+u.Stage)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if len(states) == 0 || states[len(states)-1] != "published " {
		t.Errorf("states = %q, want published at the end", states)
	}
	if _, err := o.inbox.Watch(t.Context(), "11111111-2222-4333-8444-555555555555"); !errors.Is(err, catalog.ErrNotFound) {
		t.Errorf("watch nothing: %v, want ErrNotFound", err)
	}
	if len(o.inbox.watches.by) > 0 {
		t.Error("a watch is left")
	}
}

// A worker that is told to stop gives its job back at once.
func TestStopGivesBack(t *testing.T) {
	o := newOffice(t)
	d, err := o.describe("dung")
	if err != nil {
		t.Fatal(err)
	}
	u, err := o.send(catalog.NewUpload{Dataset: d.ID}, "!sleep\n")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- o.inbox.Work(ctx) }()
	for start := time.Now(); ; time.Sleep(5 * time.Millisecond) {
		s, err := o.inbox.State(t.Context(), u.ID)
		if err != nil || time.Since(start) > 10*time.Second {
			t.Fatalf("the job does not start: %s, %v", s.State, err)
		}
		if s.State == catalog.StateWorking {
			break
		}
	}
	stop()
	select {
	case err := <-done:
		if !errors.Is(err, context.Canceled) {
			t.Errorf("Work = %v, want the context's error", err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("Work does not stop")
	}
	if _, ok, err := o.db.Claim(t.Context(), store.Lane{}, "next", testDay, time.Minute); !ok || err != nil {
		t.Errorf("the job is not free: %v, %v", ok, err)
	}
}

// A binary with a sheet of values in it, and a reader that panics with one:
// nothing of either is told.
func TestRefusalsTellNothing(t *testing.T) {
	o := newOffice(t)
	d, err := o.describe("im-lang")
	if err != nil {
		t.Fatal(err)
	}
	for content, code := range map[string]string{
		"\x7fELF\x02\x01\x01 Nguyễn Văn Bí Mật 001191775789": "binary",
		"!panic\n":   "reader-failed",
		"!gopanic\n": "reader-failed",
		"!error\n":   "reader-failed",
		"!garbage\n": "reader-failed",
	} {
		u := o.publish(t, catalog.NewUpload{Dataset: d.ID, FileName: "Bí Mật.csv"}, content)
		if u.State != catalog.StateRefused || len(u.Problems) != 1 || u.Problems[0].Code != code {
			t.Errorf("%.8q: %s %v, want refused, %s", content, u.State, u.Problems, code)
		}
		all := o.everything(t, u)
		for _, word := range []string{"Bí Mật", "001191775789"} {
			if strings.Contains(all, word) {
				t.Errorf("%.8q: %q is told", content, word)
			}
		}
		o.sound(t, u.ID, content)
	}
}
