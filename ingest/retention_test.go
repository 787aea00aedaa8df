package ingest

import (
	"errors"
	"strings"
	"testing"
	"time"

	"daylight/catalog"
	"daylight/store"
)

// TestRetention: an original whose time has come cannot be opened any more, by
// anybody; what was published of it stays, and the same file makes no version.
func TestRetention(t *testing.T) {
	now := testDay
	o, err := openOffice(t.TempDir(), func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	defer o.close()
	o.inbox.keep = 30 * 24 * time.Hour
	d, err := o.describe("bang")
	if err != nil {
		t.Fatal(err)
	}
	const table = "ma,so\n01,2\n02,3\n"
	u := o.publish(t, catalog.NewUpload{Dataset: d.ID, Plan: []byte("auto")}, table)
	waits := o.publish(t, catalog.NewUpload{Dataset: d.ID, Plan: []byte("auto")}, "ma,so,ghi\n01,2,x\n02,3,y\n")
	if u.State != catalog.StatePublished || waits.State != catalog.StateWaiting || !u.KeptUntil.Equal(u.Updated.Add(o.inbox.keep)) {
		t.Fatal(u.State, waits.State, u.KeptUntil)
	}
	state := func(id string) catalog.Upload {
		t.Helper()
		u, err := o.inbox.State(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		return u
	}
	now = testDay.Add(29 * 24 * time.Hour)
	if err := o.inbox.retire(t.Context()); err != nil || state(u.ID).Destroyed {
		t.Fatalf("before its time: %v", err)
	}
	o.sound(t, u.ID, table)
	kept, err := o.inbox.upload(t.Context(), u.ID)
	if err != nil {
		t.Fatal(err)
	}
	now = testDay.Add(31 * 24 * time.Hour)
	if err := o.inbox.retire(t.Context()); err != nil || !state(u.ID).Destroyed {
		t.Fatalf("at its time: %v", err)
	}
	if state(waits.ID).Destroyed {
		t.Error("one that waits was destroyed")
	}
	if _, err := o.private.Unseal(t.Context(), u.ID, kept.wrapped); !errors.Is(err, store.ErrNotExist) {
		t.Errorf("its bytes are there: %v", err)
	}
	for x, err := range Originals(t.Context(), o.db, o.private, true) {
		if err != nil || x.Fault != "" || x.Upload == u.ID {
			t.Errorf("fsck: %+v %v", x, err)
		}
	}
	if o.csv(t, d.ID) != table {
		t.Error("what was published is gone")
	}
	if again := o.publish(t, catalog.NewUpload{Dataset: d.ID, Plan: []byte("auto")}, table); again.Release != 1 {
		t.Errorf("the same file is release %d", again.Release)
	}
	if _, err := o.inbox.Append(t.Context(), u.ID, 0, strings.NewReader(table)); !errors.Is(err, catalog.ErrState) {
		t.Errorf("its bytes again: %v", err)
	}
}
