package store

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func openPrivateTest(t *testing.T, dir string) Private {
	t.Helper()
	t.Setenv("DAYLIGHT_MASTER_KEY", "")
	p, err := OpenPrivate(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func openPublicTest(t *testing.T, dir string) Public {
	t.Helper()
	p, err := OpenPublic(t.Context(), dir, false)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestStamps(t *testing.T) {
	t.Setenv("DAYLIGHT_MASTER_KEY", "")
	public := func(dir string) error { _, err := OpenPublic(t.Context(), dir, false); return err }
	reader := func(dir string) error { _, err := OpenPublic(t.Context(), dir, true); return err }
	private := func(dir string) error { _, err := OpenPrivate(t.Context(), dir); return err }
	link := func(to string) string {
		at := filepath.Join(t.TempDir(), "link")
		if err := os.Symlink(to, at); err != nil {
			t.Fatal(err)
		}
		return at
	}

	base := t.TempDir()
	pub, priv := filepath.Join(base, "data", "public"), filepath.Join(base, "data", "private")
	for range 2 { // a second start finds its own stamp
		if err := errors.Join(public(pub), private(priv), reader(pub)); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name string
		err  error
	}{
		{"public as private", private(pub)},
		{"private as public", public(priv)},
		{"private as public to read", reader(priv)},
		{"through a link", private(link(pub))},
		{"through a longer path", public(filepath.Join(pub, "..", "private"))},
		{"private inside public", private(filepath.Join(pub, "in"))},
		{"private deep inside public", private(filepath.Join(pub, "files", "a", "b"))},
		{"public inside private", public(filepath.Join(priv, "in"))},
		{"inside, through a link", private(filepath.Join(link(pub), "in2"))},
		{"to read, without a stamp", reader(t.TempDir())},
	} {
		if !errors.Is(c.err, ErrStamp) {
			t.Errorf("%s: %v", c.name, c.err)
		}
	}
	// A refusal leaves no stamp of its own behind.
	if err := errors.Join(public(pub), private(priv)); err != nil {
		t.Errorf("after the refusals: %v", err)
	}
	for _, wrong := range []string{filepath.Join(pub, privateStamp), filepath.Join(priv, publicStamp)} {
		if _, err := os.Stat(wrong); err == nil {
			t.Errorf("%s was made", wrong)
		}
	}
	if err := reader(filepath.Join(base, "nowhere")); !errors.Is(err, ErrNotExist) {
		t.Errorf("a folder that is not there: %v", err)
	}
}

func TestZeroPlaces(t *testing.T) {
	ctx, pub, priv := t.Context(), Public{}, Private{}
	one := func(err error) error { return err }
	for name, err := range map[string]error{
		"put":    pub.Blobs().Put(ctx, "files/x", strings.NewReader("")),
		"adopt":  pub.Adopt(ctx, [32]byte{}, "x"),
		"sweep":  second(pub.Sweep(ctx)),
		"seal":   second(priv.Seal(ctx, "x", nil, strings.NewReader(""), 1)),
		"unseal": second(priv.Unseal(ctx, "x", nil)),
		"key":    second(priv.NewKey()),
		"spool":  second(priv.Spool()),
		"stage":  second(priv.Staging().New(ctx)),
		"stage0": second(Staging{}.New(ctx)),
		"sweep2": second(priv.Sweep(ctx)),
		"list":   one(func() (err error) { pub.List(ctx)(func(_ string, e error) bool { err = e; return true }); return }()),
	} {
		if err == nil {
			t.Errorf("%s of a place that was never opened succeeds", name)
		}
	}
	if priv.HMAC([]byte("x")) != "" {
		t.Error("an HMAC without a key")
	}
}

func second[T any](_ T, err error) error { return err }

func TestAdopt(t *testing.T) {
	ctx, pub := t.Context(), openPublicTest(t, t.TempDir())
	stage, err := openPrivateTest(t, t.TempDir()).Staging().New(ctx)
	if err != nil {
		t.Fatal(err)
	}
	write := func(name, text string) (string, [32]byte) {
		t.Helper()
		f, err := stage.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if _, err := f.WriteString(text); err != nil {
			t.Fatal(err)
		}
		return stage.Path(name), sha256.Sum256([]byte(text))
	}
	path, sum := write("data.csv", "a,b\n1,2\n")
	for i := range 2 { // a job that runs again finds the staged file gone
		if err := pub.Adopt(ctx, sum, path); err != nil {
			t.Fatalf("time %d: %v", i+1, err)
		}
	}
	if _, err := os.Stat(path); !errors.Is(err, ErrNotExist) {
		t.Error("the staged file is still there")
	}
	target := filepath.Join(pub.public.root, FileKey(sum))
	if st, err := os.Stat(target); err != nil || st.Mode().Perm() != 0o644 {
		t.Errorf("mode %v, %v", st.Mode(), err)
	}

	// The same content again, over a copy that has rotted: healed.
	if err := os.WriteFile(target, []byte("a,b\n1,9\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	again, _ := write("again.csv", "a,b\n1,2\n")
	if err := pub.Adopt(ctx, sum, again); err != nil {
		t.Fatal(err)
	}
	if got, _ := os.ReadFile(target); string(got) != "a,b\n1,2\n" {
		t.Errorf("reads %q", got)
	}

	// Other content than was promised never gets there.
	wrong, _ := write("wrong.csv", "raw")
	other := sha256.Sum256([]byte("cleared"))
	if err := pub.Adopt(ctx, other, wrong); !errors.Is(err, ErrDamaged) {
		t.Errorf("adopt says %v", err)
	}
	if err := pub.Adopt(ctx, other, stage.Path("nothing.csv")); !errors.Is(err, ErrNotExist) {
		t.Errorf("adopt of nothing says %v", err)
	}

	// Two file systems: the copy, which the rename asks for, does the same.
	far, farSum := write("far.csv", "from afar")
	if err := pub.public.makeFolder(filepath.Dir(pub.public.path(FileKey(farSum)))); err != nil {
		t.Fatal(err)
	}
	if err := pub.public.copyOver(ctx, other, far, pub.public.path(FileKey(other))); !errors.Is(err, ErrDamaged) {
		t.Errorf("copy says %v", err)
	}
	if err := pub.public.copyOver(ctx, farSum, far, pub.public.path(FileKey(farSum))); err != nil {
		t.Fatal(err)
	}

	want := []string{FileKey(sum), FileKey(farSum)}
	slices.Sort(want)
	os.WriteFile(filepath.Join(pub.public.root, "files", "README"), nil, 0o644)
	var got []string
	for key, err := range pub.List(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, key)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if left, _ := os.ReadDir(pub.public.tmp); len(left) != 0 {
		t.Errorf("%d files left in tmp", len(left))
	}
}

func TestStage(t *testing.T) {
	p := openPrivateTest(t, t.TempDir())
	a, err := p.Staging().New(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	b, err := p.Staging().New(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []*Stage{a, b} {
		f, err := s.Create("data.csv")
		if err != nil {
			t.Fatal(err)
		}
		f.Close()
	}
	if _, err := a.Create("data.csv"); !errors.Is(err, ErrExist) {
		t.Errorf("the same name twice: %v", err)
	}
	for _, name := range []string{"", "..", "../x", "a/b", ".x", "Lương.csv", "x\x00"} {
		if _, err := a.Create(name); !errors.Is(err, ErrBadKey) {
			t.Errorf("create %q: %v", name, err)
		}
		if filepath.Dir(a.Path(name)) != a.dir {
			t.Errorf("path of %q leaves the stage", name)
		}
	}
	if err := errors.Join(a.Remove(), a.Remove()); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(b.Path("data.csv")); err != nil {
		t.Error("removing one stage touched the other")
	}
}

func TestSpoolHasNoName(t *testing.T) {
	p := openPrivateTest(t, t.TempDir())
	f, err := p.Spool()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString("plain"); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	if got, _ := io.ReadAll(f); string(got) != "plain" {
		t.Errorf("reads %q", got)
	}
	if left, _ := os.ReadDir(p.private.tmp); len(left) != 0 {
		t.Error("the spool has a name")
	}
}

func TestSweep(t *testing.T) {
	ctx := t.Context()
	p, pub := openPrivateTest(t, t.TempDir()), openPublicTest(t, t.TempDir())
	if _, err := p.Staging().New(ctx); err != nil {
		t.Fatal(err)
	}
	for _, d := range []*disk{p.private, pub.public} {
		if f, err := d.create("half"); err != nil {
			t.Fatal(err)
		} else {
			f.Close()
		}
	}
	wrapped, _ := p.NewKey()
	if _, err := p.Seal(ctx, "u1", wrapped, strings.NewReader("x"), 9); err != nil {
		t.Fatal(err)
	}
	if n, err := p.Sweep(ctx); n != 2 || err != nil {
		t.Errorf("private sweep: %d, %v", n, err)
	}
	if n, err := pub.Sweep(ctx); n != 1 || err != nil {
		t.Errorf("public sweep: %d, %v", n, err)
	}
	if _, err := p.Blobs().Size(ctx, "originals/u1"); err != nil {
		t.Errorf("the sweep took an original: %v", err)
	}
}

// After a failed sync nobody may believe a later one.
func TestFailedSyncClosesThePlace(t *testing.T) {
	ctx := t.Context()
	eio := &fs.PathError{Op: "sync", Path: "x", Err: syscall.EIO}
	for name, nth := range map[string]int{"of the file": 1, "of the folder": 2} {
		t.Run(name, func(t *testing.T) {
			p := openPrivateTest(t, t.TempDir())
			if err := p.Blobs().Put(ctx, "originals/before", strings.NewReader("x")); err != nil {
				t.Fatal(err)
			}
			n := 0
			p.private.sync = func(f *os.File) error {
				if n++; n == nth {
					return eio
				}
				return f.Sync()
			}
			if err := p.Blobs().Put(ctx, "originals/now", strings.NewReader("x")); !errors.Is(err, ErrReadOnly) || !errors.Is(err, syscall.EIO) {
				t.Errorf("put says %v", err)
			}
			wrapped, err := p.NewKey()
			if err != nil {
				t.Fatal(err)
			}
			for what, err := range map[string]error{
				"put":    p.Blobs().Put(ctx, "originals/later", strings.NewReader("x")),
				"seal":   second(p.Seal(ctx, "u1", wrapped, strings.NewReader("x"), 9)),
				"stage":  second(p.Staging().New(ctx)),
				"delete": p.Blobs().Delete(ctx, "originals/before"),
				"err":    p.Err(),
			} {
				if !errors.Is(err, ErrReadOnly) {
					t.Errorf("%s after it: %v", what, err)
				}
			}
			if _, err := p.Blobs().Size(ctx, "originals/before"); err != nil {
				t.Errorf("reading after it: %v", err)
			}
			// Opened again, it writes again.
			p = openPrivateTest(t, p.private.root)
			if err := p.Blobs().Put(ctx, "originals/again", strings.NewReader("x")); err != nil {
				t.Error(err)
			}
		})
	}
	t.Run("a full disk is only full", func(t *testing.T) {
		p := openPrivateTest(t, t.TempDir())
		sync := p.private.sync
		p.private.sync = func(*os.File) error { return syscall.ENOSPC }
		if err := p.Blobs().Put(ctx, "originals/x", strings.NewReader("x")); !errors.Is(err, ErrNoSpace) {
			t.Errorf("put says %v", err)
		}
		p.private.sync = sync
		if err := p.Blobs().Put(ctx, "originals/x", strings.NewReader("x")); err != nil {
			t.Errorf("when there is room again: %v", err)
		}
	})
}

func TestReadOnlyPublic(t *testing.T) {
	dir := t.TempDir()
	if err := openPublicTest(t, dir).Blobs().Put(t.Context(), "files/ab/x", strings.NewReader("x")); err != nil {
		t.Fatal(err)
	}
	before := listing(t, dir)
	p, err := OpenPublic(t.Context(), dir, true)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Blobs().Size(t.Context(), "files/ab/x"); err != nil {
		t.Error(err)
	}
	if err := p.Blobs().Put(t.Context(), "files/ab/y", strings.NewReader("y")); !errors.Is(err, ErrReadOnly) {
		t.Errorf("put says %v", err)
	}
	if d := cmp.Diff(before, listing(t, dir)); d != "" {
		t.Errorf("a reader changed the folder:\n%s", d)
	}
}

func listing(t *testing.T, dir string) (names []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		names = append(names, path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func TestPrivateIsClosedToOthers(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "private")
	p := openPrivateTest(t, dir)
	if !p.KeyMade() {
		t.Error("the new key is not announced")
	}
	wrapped, _ := p.NewKey()
	if _, err := p.Seal(t.Context(), "u1", wrapped, strings.NewReader("x"), 9); err != nil {
		t.Fatal(err)
	}
	db, err := OpenPrivateDB(context.Background(), "sqlite:"+filepath.Join(dir, "work.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, name := range listing(t, dir) {
		st, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if filepath.Base(name) != privateStamp && st.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", name, st.Mode().Perm())
		}
	}
	if openPrivateTest(t, dir).KeyMade() {
		t.Error("the old key is announced as new")
	}
}
