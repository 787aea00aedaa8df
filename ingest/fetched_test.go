package ingest

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"daylight/catalog"
	"daylight/ingest/fetch"
	"daylight/store"
)

// TestFetched: a file is fetched from an address, cut once on the way, and is
// then as if it had been sent. What can never succeed is refused, with words;
// the address stands in no log and in no answer.
func TestFetched(t *testing.T) {
	const table = "ma,so\n01,2\n02,3\n"
	var cut atomic.Bool
	cut.Store(true)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/bang.csv" {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		w.Header().Set("Content-Length", "16")
		if cut.Swap(false) {
			io.WriteString(w, table[:7])
			return
		}
		io.WriteString(w, table)
	}))
	defer s.Close()
	o := newOffice(t)
	now := testDay
	o.inbox.now = func() time.Time { return now }
	state := func(id string) catalog.Upload {
		u, err := o.inbox.State(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		return u
	}
	o.inbox.fetch = fetch.New(fetch.Options{Allow: func(at netip.AddrPort) bool { return at.Addr().IsLoopback() }})
	d, err := o.describe("bang")
	if err != nil {
		t.Fatal(err)
	}
	begin := func(address string) catalog.Upload {
		u, err := o.inbox.Begin(t.Context(), catalog.NewUpload{Dataset: d.ID, Agency: d.Agency, By: "officer", TotalBytes: -1, From: address, Plan: []byte("auto")})
		if err != nil {
			t.Fatal(err)
		}
		return u
	}
	u := begin(s.URL + "/bang.csv?secret=bimatkhoa")
	if err := o.inbox.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := state(u.ID); got.State != catalog.StateReceiving {
		t.Fatalf("after the line was cut: %s %v", got.State, got.Problems)
	}
	now = now.Add(time.Minute)
	if err := o.inbox.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := state(u.ID); got.State != catalog.StatePublished || got.Bytes != int64(len(table)) {
		t.Fatalf("%s %v", got.State, got.Problems)
	}
	if got := o.csv(t, d.ID); got != table {
		t.Errorf("published: %s", got)
	}
	for address, code := range map[string]string{s.URL + "/bimatkhoa": fetch.BadStatus, "http://10.0.0.1/bimatkhoa": fetch.Forbidden} {
		u := begin(address)
		if err := o.inbox.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		got := state(u.ID)
		if got.State != catalog.StateRefused || len(got.Problems) != 1 || got.Problems[0].Code != code || strings.Contains(got.Problems[0].Detail, "bimatkhoa") {
			t.Errorf("%s: %s %v", code, got.State, got.Problems)
		}
	}
	if strings.Contains(o.logged.String(), "bimatkhoa") {
		t.Error("an address stands in the log")
	}
	if _, err := o.inbox.Begin(t.Context(), catalog.NewUpload{Dataset: d.ID, Agency: d.Agency, TotalBytes: -1, From: "file:///etc/passwd"}); !errors.Is(err, catalog.ErrAddress) {
		t.Errorf("a file of ours: %v", err)
	}
}

// TestSlowFetch: a server that keeps a fetch waiting keeps no other file waiting.
func TestSlowFetch(t *testing.T) {
	asked, answer := make(chan struct{}), make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(asked)
		<-answer
		io.WriteString(w, "ma,so\n03,4\n04,5\n")
	}))
	defer s.Close()
	o := newOffice(t)
	o.inbox.fetch = fetch.New(fetch.Options{Allow: func(at netip.AddrPort) bool { return at.Addr().IsLoopback() }})
	d, err := o.describe("bang")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	var workers sync.WaitGroup
	workers.Go(func() { o.inbox.Work(ctx) })
	workers.Go(func() { o.inbox.Fetch(ctx) })
	defer workers.Wait()
	defer stop()
	slow, err := o.inbox.Begin(ctx, catalog.NewUpload{Dataset: d.ID, Agency: d.Agency, By: "officer", TotalBytes: -1, From: s.URL + "/bang.csv", Plan: []byte("auto")})
	if err != nil {
		t.Fatal(err)
	}
	<-asked
	settled := func(id string) catalog.Upload {
		t.Helper()
		for range 1000 {
			u, err := o.inbox.State(ctx, id)
			if err != nil {
				t.Fatal(err)
			}
			if u.State == catalog.StatePublished {
				return u
			}
			time.Sleep(10 * time.Millisecond)
		}
		t.Fatal("it waits for the other file")
		return catalog.Upload{}
	}
	u, err := o.send(catalog.NewUpload{Dataset: d.ID, Plan: []byte("auto")}, "ma,so\n01,2\n02,3\n")
	if err != nil {
		t.Fatal(err)
	}
	settled(u.ID)
	close(answer)
	if u := settled(slow.ID); u.Release != 2 {
		t.Errorf("release %d", u.Release)
	}
}

// TestFetchEndsBesideWork: the end of a fetch does not take the handle by which
// the work over the same upload is stopped.
func TestFetchEndsBesideWork(t *testing.T) {
	o := newOffice(t)
	if err := o.db.InTx(t.Context(), func(tx *store.Tx) error { return store.Enqueue(t.Context(), tx, jobFetch, "x", testDay) }); err != nil {
		t.Fatal(err)
	}
	job, ok, err := o.db.Claim(t.Context(), store.Lane{}, "w", testDay, time.Minute)
	if !ok || err != nil {
		t.Fatal(ok, err)
	}
	err = o.inbox.do(t.Context(), job, func(context.Context, store.Job) error {
		o.inbox.runs("x", func(error) {}) // a worker has begun
		return nil
	})
	if err != nil || o.inbox.running["x"] == nil {
		t.Errorf("the work can no longer be taken back: %v", err)
	}
}

// TestNote: a file whose note cannot be public is kept, and goes on when there
// is another.
func TestNote(t *testing.T) {
	o := newOffice(t)
	d, err := o.describe("bang")
	if err != nil {
		t.Fatal(err)
	}
	u := o.publish(t, catalog.NewUpload{Dataset: d.ID, NoteWanted: true, Plan: []byte("auto")}, "ma,so\n01,2\n02,3\n")
	if u.State != catalog.StateWaiting || u.Problems[0].Code != "note-wanted" {
		t.Fatalf("%s %v", u.State, u.Problems)
	}
	var bad *catalog.ErrMetadata
	if err := o.inbox.SetNote(t.Context(), "officer", u.ID, catalog.Text{"vi": "hỏi 0912345678"}); !errors.As(err, &bad) {
		t.Errorf("a note with a telephone: %v", err)
	}
	if err := o.inbox.SetNote(t.Context(), "officer", u.ID, catalog.Text{"vi": "Sửa số của xã 02"}); err != nil {
		t.Fatal(err)
	}
	if got := o.work(t, u.ID).Upload; got.State != catalog.StatePublished {
		t.Fatalf("%s %v", got.State, got.Problems)
	}
	rel, err := o.catalog.Release(t.Context(), d.ID, 1)
	if err != nil || rel.Note["vi"] != "Sửa số của xã 02" {
		t.Errorf("the release says %v, %v", rel, err)
	}
	if err := o.inbox.SetNote(t.Context(), "officer", u.ID, nil); !errors.Is(err, catalog.ErrState) {
		t.Errorf("after it is public: %v", err)
	}
}
