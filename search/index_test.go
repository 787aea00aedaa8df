package search

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"daylight/catalog"
)

func TestTwoOpens(t *testing.T) {
	p := library(t)
	x := p.index()
	start := time.Now()
	if _, err := Open(p.dir, p.catalogue, Options{}); !errors.Is(err, ErrHeld) {
		t.Errorf("got %v, want ErrHeld", err)
	}
	if took := time.Since(start); took > time.Second {
		t.Errorf("said so after %s", took)
	}
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	if err := x.Close(); err != nil {
		t.Errorf("closed twice: %v", err)
	}
	y := p.openIn(p.dir)
	if err := y.Check(t.Context()); err != nil {
		t.Error(err)
	}
	// a closed one still answers, from the catalogue
	if page := p.find(x, catalog.Query{}); !page.Stale || page.Total != 5 {
		t.Errorf("stale %v, %d", page.Stale, page.Total)
	}
	if err := x.Sync(t.Context()); !errors.Is(err, errClosed) {
		t.Errorf("got %v", err)
	}
}

func TestFollowShowsChanges(t *testing.T) {
	p := library(t)
	x := p.open()
	ctx, stop := context.WithCancel(t.Context())
	var wait sync.WaitGroup
	wait.Go(func() { x.Follow(ctx) })
	defer wait.Wait()
	defer stop()
	p.eventually(x, catalog.Query{Words: "dan so"}, 2)
	p.publish("moi", catalog.Dataset{Title: catalog.Text{"vi": "Dân số trẻ em"}}, "Số")
	start := time.Now()
	p.eventually(x, catalog.Query{Words: "dan so"}, 3)
	if took := time.Since(start); took > 2*time.Second {
		t.Errorf("found after %s", took)
	}
	p.rename("Bộ Kế hoạch")
	p.eventually(x, catalog.Query{Words: "ke hoach"}, 6)
	p.eventually(x, catalog.Query{Words: "tong cuc"}, 0)
	if err := x.Check(t.Context()); err != nil {
		t.Error(err)
	}
}

func (p *portal) eventually(x *Index, q catalog.Query, want int) {
	p.t.Helper()
	for end := time.Now().Add(5 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		page := p.find(x, q)
		if !page.Stale && page.Total == want {
			return
		}
		if time.Now().After(end) {
			p.t.Fatalf("%q: %d hits (stale %v), want %d", q.Words, page.Total, page.Stale, want)
		}
	}
}

func TestCatchesUpAfterRestart(t *testing.T) {
	p := library(t)
	x := p.index()
	name := x.currentName()
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	p.publish("moi", catalog.Dataset{Title: catalog.Text{"vi": "Dân số trẻ em"}}, "Số")
	y := p.openIn(p.dir)
	if err := y.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := p.find(y, catalog.Query{Words: "dân số"}); got.Stale || got.Total != 3 {
		t.Errorf("stale %v, %d", got.Stale, got.Total)
	}
	if y.currentName() != name {
		t.Error("it was built anew where it had only to catch up")
	}
}

// Check (I4) sees what differs, by count.
func TestCheckSeesADifference(t *testing.T) {
	p := library(t)
	x := p.index()
	b := x.live.index.NewBatch()
	b.Delete(string(p.id("dan-so")))
	d := doc{row: row{id: "stranger", version: "1"}}
	if err := b.Index("stranger", d.fields()); err != nil {
		t.Fatal(err)
	}
	if err := x.live.index.Batch(b); err != nil {
		t.Fatal(err)
	}
	err := x.Check(t.Context())
	if err == nil || !strings.Contains(err.Error(), "1 missing, 1 too many") {
		t.Errorf("got %v", err)
	}
	// the next opening finds it too, and builds anew
	x.Close()
	y := p.openIn(p.dir)
	if page := p.find(y, catalog.Query{Words: "dân số tỉnh"}); page.Total != 1 || !page.Stale {
		t.Errorf("not compared yet: %d, stale %v", page.Total, page.Stale)
	}
	if err := errors.Join(y.Sync(t.Context()), y.Check(t.Context())); err != nil {
		t.Error(err)
	}
}

func TestDamage(t *testing.T) {
	segments := func(t *testing.T, dir string) []string {
		var out []string
		filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if strings.HasSuffix(path, ".zap") {
				out = append(out, path)
			}
			return err
		})
		if len(out) == 0 {
			t.Fatal("no segments")
		}
		return out
	}
	change := func(f func(b []byte) []byte) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			for _, path := range segments(t, dir) {
				b, err := os.ReadFile(path)
				if err == nil {
					err = os.WriteFile(path, f(b), 0o600)
				}
				if err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	bolt := func(f func(b []byte) []byte) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			path := filepath.Join(dir, "store", "root.bolt")
			b, err := os.ReadFile(path)
			if err == nil {
				err = os.WriteFile(path, f(b), 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	zero := func(b []byte) []byte { return make([]byte, len(b)) }
	half := func(b []byte) []byte { return b[:len(b)/2] }
	flip := func(b []byte) []byte { b[len(b)/3] ^= 4; return b }
	for name, harm := range map[string]func(t *testing.T, dir string){
		"segment cut":     change(half),
		"segment empty":   change(func([]byte) []byte { return nil }),
		"segment zeroed":  change(zero),
		"segment bit":     change(flip),
		"segment deleted": func(t *testing.T, dir string) { os.Remove(segments(t, dir)[0]) },
		"root cut":        bolt(half),
		"root zeroed":     bolt(zero),
		"root deleted":    func(t *testing.T, dir string) { os.Remove(filepath.Join(dir, "store", "root.bolt")) },
		"meta deleted":    func(t *testing.T, dir string) { os.Remove(filepath.Join(dir, "index_meta.json")) },
		"meta junk": func(t *testing.T, dir string) {
			os.WriteFile(filepath.Join(dir, "index_meta.json"), []byte("{"), 0o600)
		},
		"folder deleted":  func(t *testing.T, dir string) { os.RemoveAll(dir) },
		"pointer deleted": func(t *testing.T, dir string) { os.Remove(filepath.Join(dir, "..", currentFile)) },
		"pointer astray": func(t *testing.T, dir string) {
			os.WriteFile(filepath.Join(dir, "..", currentFile), []byte("../../etc"), 0o600)
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := library(t)
			x := p.index()
			dir := filepath.Join(p.dir, x.currentName())
			p.publish("moi", catalog.Dataset{Title: catalog.Text{"vi": "Dân số trẻ em"}}, "Số") // a second segment
			if err := errors.Join(x.Sync(t.Context()), x.Close()); err != nil {
				t.Fatal(err)
			}
			harm(t, dir)
			y, err := Open(p.dir, p.catalogue, Options{OpenWithin: 2 * time.Second})
			if err != nil {
				t.Fatal(err)
			}
			defer y.Close()
			// right before and after it is built anew
			for range 2 {
				got := p.slugs(y, catalog.Query{Words: "dân số"})
				if slices.Sort(got); !slices.Equal(got, []string{"dan-so", "dan-so-nha", "moi"}) {
					t.Errorf("got %q", got)
				}
				if err := y.Sync(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			if page := p.find(y, catalog.Query{}); page.Stale || page.Total != 6 {
				t.Errorf("stale %v, %d", page.Stale, page.Total)
			}
			if err := y.Check(t.Context()); err != nil {
				t.Error(err)
			}
			entries, err := os.ReadDir(p.dir)
			if err != nil {
				t.Fatal(err)
			}
			n := 0
			for _, e := range entries {
				if strings.HasPrefix(e.Name(), "index-") {
					n++
				}
			}
			if n != 1 {
				t.Errorf("%d index folders are left", n)
			}
		})
	}
}

func TestForeignAndOldIndexes(t *testing.T) {
	p := library(t)
	x := p.index()
	name := x.currentName()
	b := x.live.index.NewBatch()
	b.SetInternal(keyAnalysis, []byte("0"))
	if err := errors.Join(x.live.index.Batch(b), x.Close()); err != nil {
		t.Fatal(err)
	}
	y := p.openIn(p.dir)
	if y.live != nil {
		t.Error("an index of another analysis was taken")
	}
	if err := y.Sync(t.Context()); err != nil || y.currentName() == name {
		t.Errorf("not built anew: %v", err)
	}
	y.Close()

	other := newPortal(t)
	other.publish("khac", catalog.Dataset{Title: catalog.Text{"vi": "Dân số khác"}}, "Số")
	z := other.openIn(p.dir)
	if got := other.find(z, catalog.Query{Words: "dân số"}); got.Total != 1 {
		t.Errorf("%d hits of another catalogue", got.Total)
	}
	if err := z.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := other.find(z, catalog.Query{}); got.Total != 1 || got.Stale {
		t.Errorf("%d hits, stale %v", got.Total, got.Stale)
	}
}

// Searches go on while the index is built anew and swapped.
func TestRebuildWhileSearching(t *testing.T) {
	p := library(t)
	x := p.index()
	ctx, stop := context.WithCancel(t.Context())
	var wait sync.WaitGroup
	for range 4 {
		wait.Go(func() {
			for ctx.Err() == nil {
				page, err := x.Find(t.Context(), catalog.Query{Words: "dân số"})
				if err != nil || page.Total != 2 || page.Stale {
					t.Errorf("%v, %d, stale %v", err, page.Total, page.Stale)
					return
				}
			}
		})
	}
	for range 3 {
		if err := x.Rebuild(t.Context()); err != nil {
			t.Error(err)
		}
	}
	stop()
	wait.Wait()
	if err := x.Check(t.Context()); err != nil {
		t.Error(err)
	}
	done, cancel := context.WithCancel(t.Context())
	cancel()
	if err := x.Rebuild(done); err == nil {
		t.Error("a rebuild without time succeeded")
	}
	if page := p.find(x, catalog.Query{Words: "dân số"}); page.Total != 2 {
		t.Error("a failed rebuild took the index away")
	}
}
