package catalog_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"daylight/catalog"
	"daylight/datasets"
	"daylight/store"
)

// An address once given out leads to its dataset for ever: nobody else gets it.
func TestSlugsStay(t *testing.T) {
	b := newBench(t)
	b.agency()
	r := b.release(1, 2, 3)
	first, second := dataset(1), dataset(2)
	must := func(intent string, d catalog.Dataset, r *datasets.Release) {
		t.Helper()
		if _, err := b.publish(intent, d, r); err != nil {
			t.Fatal(err)
		}
	}
	must("i1", first, r)
	second.Slug = first.Slug
	if _, err := b.publish("i2", second, r); !errors.Is(err, catalog.ErrSlugTaken) || !errors.Is(err, store.ErrConflict) {
		t.Errorf("another's slug: %v", err)
	}
	first.Slug = "ten-moi"
	must("i3", first, b.release(4))
	if _, err := b.publish("i4", second, r); !errors.Is(err, catalog.ErrSlugTaken) {
		t.Errorf("another's former slug: %v", err)
	}
	second.Slug = "khac"
	must("i5", second, r)
	second.Slug = "ten-moi"
	if _, err := b.publish("i6", second, b.release(5)); !errors.Is(err, catalog.ErrSlugTaken) {
		t.Errorf("another's new slug: %v", err)
	}
	first.Slug = "bo-1" // back to what it was
	must("i7", first, b.release(6))
	for slug, want := range map[string]catalog.DatasetID{"bo-1": first.ID, "ten-moi": first.ID, "khac": second.ID} {
		got, err := b.store.Dataset(t.Context(), slug)
		if err != nil || got.ID != want {
			t.Errorf("%s: %v", slug, err)
		}
		if err == nil && want == first.ID && got.Slug != "bo-1" {
			t.Errorf("%s leads to %s", slug, got.Slug)
		}
	}
}

// A publication that is refused leaves nothing behind, in any table.
func TestRefusedPublicationLeavesNothing(t *testing.T) {
	b := newBench(t)
	ctx := t.Context()
	if _, err := b.publish("i1", dataset(1), b.release(1)); !errors.Is(err, catalog.ErrNotFound) {
		t.Errorf("without an agency: %v", err)
	}
	for _, table := range []string{"datasets", "releases", "files", "changes", "former_slugs"} {
		var n int
		if err := b.public.QueryRow(ctx, `SELECT count(*) FROM `+table).Scan(&n); err != nil || n != 0 {
			t.Errorf("%s has %d rows, %v", table, n, err)
		}
	}
	if last, at, err := b.store.LastChange(ctx); last != 0 || !at.IsZero() || err != nil {
		t.Errorf("last change of an empty catalogue: %d, %v, %v", last, at, err)
	}
	if list, err := b.store.Recent(ctx, 3); len(list) != 0 || err != nil {
		t.Errorf("recent of an empty catalogue: %d, %v", len(list), err)
	}
}

// Many publications of one intent at once make one release.
func TestOneIntentOneRelease(t *testing.T) {
	b := newBench(t)
	b.agency()
	r := b.release(1, 2, 3)
	var wait sync.WaitGroup
	ns := make([]int, 8)
	for i := range ns {
		wait.Go(func() {
			got, err := b.store.Publish(t.Context(), catalog.Publication{Intent: "same", Dataset: dataset(1), At: b.clock}, r)
			if err != nil {
				t.Error(err)
				return
			}
			ns[i] = got.N
		})
	}
	wait.Wait()
	for _, n := range ns {
		if n != 1 {
			t.Fatalf("releases %v", ns)
		}
	}
	if all, err := b.store.Releases(t.Context(), dataset(1).ID); len(all) != 1 || err != nil {
		t.Errorf("%d releases, %v", len(all), err)
	}
}

// What was withdrawn is told as withdrawn, and its files may come again.
func TestWithdrawnIsRead(t *testing.T) {
	b := newBench(t)
	b.agency()
	ctx, d := t.Context(), dataset(1)
	if _, err := b.publish("i1", d, b.release(1, 2)); err != nil {
		t.Fatal(err)
	}
	err := b.public.InTx(ctx, func(tx *store.Tx) error { // as the door for it will
		_, err := tx.Exec(ctx, `UPDATE releases SET withdrawn_at = $2, withdrawal = $3 WHERE dataset_id = $1`, string(d.ID), b.clock,
			`{"at":"2026-11-01T00:00:00Z","reason":{"vi":"Số liệu sai"},"successor":2}`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	r, err := b.store.Release(ctx, d.ID, 1)
	if err != nil || r.Withdrawn == nil || r.Withdrawn.Reason["vi"] != "Số liệu sai" || r.Withdrawn.Successor != 2 {
		t.Errorf("%+v, %v", r, err)
	}
	page, err := b.store.Page(ctx, "", "", 10)
	if err != nil || len(page) != 1 || page[0].Release.Withdrawn == nil {
		t.Errorf("%+v, %v", page, err)
	}
	if again, err := b.publish("i2", d, b.release(1, 2)); err != nil || again.N != 2 {
		t.Errorf("the files of a withdrawn release: %+v, %v", again, err)
	}
}

func TestRecentIsNewestFirst(t *testing.T) {
	b := newBench(t)
	b.agency()
	for i := range 9 {
		if _, err := b.publish(fmt.Sprint("i", i), dataset(i+1), b.release(int64(i))); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 10 { // one dataset fills the end of the log
		if _, err := b.publish(fmt.Sprint("again", i), dataset(3), b.release(100, int64(i))); err != nil {
			t.Fatal(err)
		}
	}
	for n, want := range map[int]string{0: "[]", 1: "[bo-3]", 2: "[bo-3 bo-9]", 4: "[bo-3 bo-9 bo-8 bo-7]", 20: "[bo-3 bo-9 bo-8 bo-7 bo-6 bo-5 bo-4 bo-2 bo-1]"} {
		list, err := b.store.Recent(t.Context(), n)
		if err != nil {
			t.Fatal(err)
		}
		got := []string{}
		for _, d := range list {
			got = append(got, d.Slug)
			if len(d.Release.Files) != filesOfATable {
				t.Errorf("%s has %d files", d.Slug, len(d.Release.Files))
			}
		}
		if fmt.Sprint(got) != want {
			t.Errorf("%d: got %v, want %v", n, got, want)
		}
	}
}
