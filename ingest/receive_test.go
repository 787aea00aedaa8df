package ingest

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"daylight/catalog"
)

// A portal that runs gives up what no longer comes, deletes it, and keeps what
// still does; a start removes parts that no upload waits for.
func TestPartsExpire(t *testing.T) {
	dir, now := t.TempDir(), testDay
	o, err := openOffice(dir, func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	d, err := o.describe("tung-phan")
	if err != nil {
		t.Fatal(err)
	}
	begin := func() string {
		u, err := o.inbox.Begin(t.Context(), catalog.NewUpload{Dataset: d.ID, Agency: o.agency.ID, TotalBytes: int64(len(simple))})
		if err != nil {
			t.Fatal(err)
		}
		return u.ID
	}
	send := func(id string, from, to int) error {
		_, err := o.inbox.Receive(t.Context(), id, catalog.Part{Offset: int64(from)}, strings.NewReader(simple[from:to]))
		return err
	}
	left, moves := begin(), begin()
	if err := errors.Join(send(left, 0, 5), send(moves, 0, 5)); err != nil {
		t.Fatal(err)
	}
	now = now.Add(6 * 24 * time.Hour)
	if err := send(moves, 5, 6); err != nil {
		t.Fatal(err)
	}
	now = now.Add(2 * 24 * time.Hour)
	if err := o.inbox.tidy(t.Context()); err != nil {
		t.Fatal(err)
	}
	if u, err := o.inbox.State(t.Context(), left); err != nil || u.State != catalog.StateRefused || u.Problems[0].Code != "expired" {
		t.Errorf("%s %v, %v; want expired", u.State, u.Problems, err)
	}
	if ids, err := o.private.Parted(); err != nil || len(ids) != 1 || ids[0] != moves {
		t.Errorf("parts of %v are kept, %v; want those of %s", ids, err, moves)
	}
	// One that a restored backup knows nothing of.
	stray := filepath.Join(dir, "private", "parts", "11111111-2222-4333-8444-555555555555.seal")
	if err := os.WriteFile(stray, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	o.close()
	if o, err = openOffice(dir, func() time.Time { return now }); err != nil {
		t.Fatal(err)
	}
	defer o.close()
	if _, err := os.Stat(stray); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a part of nothing is kept: %v", err)
	}
	if r, err := o.inbox.Received(t.Context(), moves); err != nil || r.Offset != 6 || !r.Expires.Equal(now.Add(5*24*time.Hour)) {
		t.Errorf("after a start: %+v, %v", r, err)
	}
	if err := send(moves, 6, len(simple)); err != nil {
		t.Fatal(err)
	}
	if err := o.inbox.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	if u, err := o.inbox.State(t.Context(), moves); err != nil || u.State != catalog.StatePublished {
		t.Errorf("%s %v, %v", u.State, u.Problems, err)
	}
	o.sound(t, moves, simple)
}

// A whole file may follow what came of it in parts; its rest too, by Append.
func TestAppendAfterParts(t *testing.T) {
	o := newOffice(t)
	d, err := o.describe("phan-con-lai")
	if err != nil {
		t.Fatal(err)
	}
	for _, total := range []int64{int64(len(simple)), -1} {
		for _, from := range []int{0, 7} {
			u, err := o.inbox.Begin(t.Context(), catalog.NewUpload{Dataset: d.ID, Agency: o.agency.ID, TotalBytes: total})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := o.inbox.Receive(t.Context(), u.ID, catalog.Part{}, strings.NewReader(simple[:7])); err != nil {
				t.Fatal(err)
			}
			if _, err := o.inbox.Append(t.Context(), u.ID, 8, strings.NewReader(simple[8:])); !errors.Is(err, catalog.ErrOffset) {
				t.Errorf("a gap: %v", err)
			}
			if u, err = o.inbox.Append(t.Context(), u.ID, int64(from), strings.NewReader(simple[from:])); err != nil || u.Bytes != int64(len(simple)) {
				t.Errorf("of %d, from %d: %d bytes, %v", total, from, u.Bytes, err)
			}
			o.sound(t, u.ID, simple)
			if ids, err := o.private.Parted(); err != nil || len(ids) != 0 {
				t.Errorf("parts of %v are left, %v", ids, err)
			}
		}
	}
}
