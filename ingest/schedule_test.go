package ingest

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"daylight/catalog"
	"daylight/store"
)

// TestEmbargo: a file is cleared when it comes and public at its time; nothing
// of it is before, through restarts and clocks that jump; its time can be moved
// and it can be taken back.
func TestEmbargo(t *testing.T) {
	dir, now := t.TempDir(), testDay
	open := func() *office {
		o, err := openOffice(dir, func() time.Time { return now })
		if err != nil {
			t.Fatal(err)
		}
		return o
	}
	o := open()
	defer func() { o.close() }()
	d, err := o.describe("cpi")
	if err != nil {
		t.Fatal(err)
	}
	state := func(id string) catalog.Upload {
		t.Helper()
		if err := o.inbox.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		u, err := o.inbox.State(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		return u
	}
	const table = "thang,chi_so\n2026-10,104.2\n2026-11,1bimatkhoa\n"
	at := testDay.Add(48 * time.Hour)
	u := o.publish(t, catalog.NewUpload{Dataset: d.ID, Plan: []byte("auto"), NotBefore: at}, table)
	if u.State != catalog.StateScheduled || !u.NotBefore.Equal(at) {
		t.Fatalf("%s %v", u.State, u.Problems)
	}
	for _, jump := range []time.Duration{24 * time.Hour, -24 * time.Hour, -10 * 365 * 24 * time.Hour, 47 * time.Hour} {
		now = testDay.Add(jump)
		o.close()
		o = open()
		if u := state(u.ID); u.State != catalog.StateScheduled {
			t.Fatalf("at %v: %s %v", jump, u.State, u.Problems)
		}
		if _, err := o.catalog.Dataset(t.Context(), "cpi"); !errors.Is(err, catalog.ErrNotFound) {
			t.Fatalf("at %v something is public: %v", jump, err)
		}
	}
	if all := o.everything(t, u); strings.Contains(all, "bimatkhoa") {
		t.Error("a cell stands in public, in the log or in the audit")
	}
	// Moved forward, then to its end.
	if err := o.inbox.Schedule(t.Context(), "officer", u.ID, at.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	now = at.Add(time.Minute)
	if u := state(u.ID); u.State != catalog.StateScheduled {
		t.Fatalf("at its old time: %s", u.State)
	}
	now = at.Add(61 * time.Minute)
	if u = state(u.ID); u.State != catalog.StatePublished || u.Release != 1 {
		t.Fatalf("at its time: %s %v", u.State, u.Problems)
	}
	if o.csv(t, d.ID) != table {
		t.Error("another file is public")
	}
	if err := o.inbox.Schedule(t.Context(), "officer", u.ID, at); !errors.Is(err, catalog.ErrState) {
		t.Errorf("what is public is moved: %v", err)
	}
	// Freed at once; taken back; and stopped where it would not clear.
	next := strings.ReplaceAll(table, "104.2", "104.3")
	u = o.publish(t, catalog.NewUpload{Dataset: d.ID, Plan: []byte("auto"), NotBefore: now.Add(time.Hour)}, next)
	if err := o.inbox.Schedule(t.Context(), "officer", u.ID, time.Time{}); err != nil {
		t.Fatal(err)
	}
	if u = state(u.ID); u.State != catalog.StatePublished || u.Release != 2 {
		t.Fatalf("freed: %s %v", u.State, u.Problems)
	}
	u = o.publish(t, catalog.NewUpload{Dataset: d.ID, Plan: []byte("auto"), NotBefore: now.Add(time.Hour)}, table)
	if err := o.inbox.Cancel(t.Context(), "officer", u.ID); err != nil {
		t.Fatal(err)
	}
	now = now.Add(2 * time.Hour)
	if u = state(u.ID); u.State != catalog.StateRefused || u.Problems[0].Code != "cancelled" || o.csv(t, d.ID) != next {
		t.Fatalf("taken back: %s %v", u.State, u.Problems)
	}
	if u = o.publish(t, catalog.NewUpload{Dataset: d.ID, Plan: []byte("auto"), NotBefore: now.Add(time.Hour)}, "thang,chi_so,ghi\n2026-10,104.2,x\n"); u.State != catalog.StateWaiting {
		t.Fatalf("a new column under an embargo: %s", u.State)
	}
}

// TestCancel: a file is taken back while its reader is at it; the reader dies,
// and nothing is public.
func TestCancel(t *testing.T) {
	o := newOffice(t)
	d, err := o.describe("bang")
	if err != nil {
		t.Fatal(err)
	}
	u, err := o.send(catalog.NewUpload{Dataset: d.ID, Plan: []byte("auto")}, "ma,so\n"+strings.Repeat("01,2\n", 2_000_000))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(t.Context(), 30*time.Second)
	defer stop()
	done := make(chan error, 1)
	go func() { done <- o.inbox.Drain(ctx) }()
	for {
		now, err := o.inbox.State(ctx, u.ID)
		if err != nil {
			t.Fatal(err)
		}
		if now.State == catalog.StateWorking {
			break
		}
		time.Sleep(time.Millisecond)
	}
	if err := o.inbox.Cancel(ctx, "officer", u.ID); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	now, err := o.inbox.State(ctx, u.ID)
	if err != nil || now.State != catalog.StateRefused || now.Problems[0].Code != "cancelled" {
		t.Fatalf("%s %v %v", now.State, now.Problems, err)
	}
	if _, err := o.catalog.Dataset(ctx, "bang"); !errors.Is(err, catalog.ErrNotFound) {
		t.Errorf("something is public: %v", err)
	}
	if err := o.inbox.Cancel(ctx, "officer", u.ID); !errors.Is(err, catalog.ErrState) {
		t.Errorf("taken back twice: %v", err)
	}
}

// TestScheduleOfBegun: a job that has begun does not look for another time, so
// none is taken, even where the file does not yet say that it is worked on.
func TestScheduleOfBegun(t *testing.T) {
	o := newOffice(t)
	d, err := o.describe("bang")
	if err != nil {
		t.Fatal(err)
	}
	u, err := o.send(catalog.NewUpload{Dataset: d.ID, Plan: []byte("auto")}, "ma,so\n01,1\n02,7\n")
	if err != nil {
		t.Fatal(err)
	}
	at := testDay.Add(48 * time.Hour)
	job, ok, err := o.inbox.db.Claim(t.Context(), store.Lane{}, "worker", o.inbox.now(), lease)
	if err != nil || !ok || job.Subject != u.ID {
		t.Fatalf("claimed %v %v", ok, err)
	}
	if err := o.inbox.Schedule(t.Context(), "officer", u.ID, at); !errors.Is(err, catalog.ErrState) {
		t.Errorf("a time is taken that nobody will see: %v", err)
	}
	if err := o.inbox.db.Retry(t.Context(), job, o.inbox.now()); err != nil {
		t.Fatal(err)
	}
	if err := o.inbox.Schedule(t.Context(), "officer", u.ID, at); err != nil {
		t.Fatal(err)
	}
	if err := o.inbox.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	if u, err = o.inbox.State(t.Context(), u.ID); err != nil || u.State != catalog.StateScheduled {
		t.Errorf("%s %v", u.State, err)
	}
}
