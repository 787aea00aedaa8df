package store

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
)

// TestBlobs runs the suite that every implementation of Blobs has to pass. One
// more implementation is one more line here.
func TestBlobs(t *testing.T) {
	for name, open := range map[string]func(*testing.T) Blobs{
		"disk, public": func(t *testing.T) Blobs {
			p, err := OpenPublic(t.Context(), t.TempDir(), false)
			if err != nil {
				t.Fatal(err)
			}
			return p.Blobs()
		},
		"disk, private": func(t *testing.T) Blobs { return openPrivateTest(t, t.TempDir()).Blobs() },
	} {
		t.Run(name, func(t *testing.T) { testBlobs(t, open) })
	}
}

// testBlobs knows nothing of disks.
func testBlobs(t *testing.T, open func(*testing.T) Blobs) {
	read := func(t *testing.T, b Blobs, key string, off, n int64) string {
		t.Helper()
		r, err := b.Open(t.Context(), key, off, n)
		if err != nil {
			t.Fatalf("open %s at %d: %v", key, off, err)
		}
		defer r.Close()
		got, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		return string(got)
	}
	absent := func(t *testing.T, b Blobs, key string) {
		t.Helper()
		if _, err := b.Size(t.Context(), key); !errors.Is(err, ErrNotExist) {
			t.Errorf("size of an absent key: %v", err)
		}
		if _, err := b.Open(t.Context(), key, 0, -1); !errors.Is(err, ErrNotExist) {
			t.Errorf("open an absent key: %v", err)
		}
		if _, err := b.File(t.Context(), key); !errors.Is(err, ErrNotExist) {
			t.Errorf("file of an absent key: %v", err)
		}
	}

	t.Run("put and read", func(t *testing.T) {
		b, key := open(t), "files/ab/x"
		absent(t, b, key)
		absent(t, b, "files/ab") // a folder is no object
		if err := b.Put(t.Context(), key, strings.NewReader("0123456789")); err != nil {
			t.Fatal(err)
		}
		absent(t, b, "files/ab")
		if n, err := b.Size(t.Context(), key); n != 10 || err != nil {
			t.Errorf("size %d, %v", n, err)
		}
		for _, c := range []struct {
			off, n int64
			want   string
		}{{0, -1, "0123456789"}, {3, 4, "3456"}, {8, 100, "89"}, {10, -1, ""}, {10, 5, ""}, {4, 0, ""}} {
			if got := read(t, b, key, c.off, c.n); got != c.want {
				t.Errorf("open(%d, %d) = %q, want %q", c.off, c.n, got, c.want)
			}
		}
		for _, off := range []int64{11, -1} {
			if r, err := b.Open(t.Context(), key, off, -1); err == nil {
				r.Close()
				t.Errorf("offset %d was taken", off)
			}
		}
		f, err := b.File(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if got, _ := io.ReadAll(f); string(got) != "0123456789" {
			t.Errorf("file reads %q", got)
		}
	})

	t.Run("an empty object is an object", func(t *testing.T) {
		b := open(t)
		if err := b.Put(t.Context(), "files/e", strings.NewReader("")); err != nil {
			t.Fatal(err)
		}
		if n, err := b.Size(t.Context(), "files/e"); n != 0 || err != nil {
			t.Errorf("size %d, %v", n, err)
		}
	})

	t.Run("a reader that fails leaves nothing", func(t *testing.T) {
		b, broken := open(t), errors.New("broken pipe")
		r := io.MultiReader(bytes.NewReader(make([]byte, 1<<20)), iotest.ErrReader(broken))
		if err := b.Put(t.Context(), "files/ab/y", r); !errors.Is(err, broken) {
			t.Errorf("put says %v", err)
		}
		absent(t, b, "files/ab/y")
		if err := b.Put(t.Context(), "files/ab/y", strings.NewReader("whole")); err != nil {
			t.Errorf("put again: %v", err)
		}
	})

	t.Run("an ended context leaves nothing", func(t *testing.T) {
		b := open(t)
		ctx, cancel := context.WithCancel(t.Context())
		r := io.MultiReader(strings.NewReader("some"), readerFunc(func([]byte) (int, error) { cancel(); return 0, nil }))
		if err := b.Put(ctx, "files/ab/z", r); !errors.Is(err, context.Canceled) {
			t.Errorf("put says %v", err)
		}
		absent(t, b, "files/ab/z")
	})

	t.Run("a key that is taken keeps its content", func(t *testing.T) {
		b := open(t)
		if err := b.Put(t.Context(), "files/k", strings.NewReader("first")); err != nil {
			t.Fatal(err)
		}
		if err := b.Put(t.Context(), "files/k", strings.NewReader("second")); !errors.Is(err, ErrExist) {
			t.Errorf("put says %v", err)
		}
		if got := read(t, b, "files/k", 0, -1); got != "first" {
			t.Errorf("now reads %q", got)
		}
	})

	t.Run("of many puts one wins, whole", func(t *testing.T) {
		b := open(t)
		var wg sync.WaitGroup
		won := make(chan string, 16)
		for i := range 16 {
			content := strings.Repeat(string(rune('a'+i)), 100_000)
			wg.Go(func() {
				switch err := b.Put(t.Context(), "files/race", iotest.HalfReader(strings.NewReader(content))); {
				case err == nil:
					won <- content
				case !errors.Is(err, ErrExist):
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if len(won) != 1 {
			t.Fatalf("%d puts won", len(won))
		}
		if read(t, b, "files/race", 0, -1) != <-won {
			t.Error("the content is not the winner's")
		}
	})

	t.Run("delete", func(t *testing.T) {
		b := open(t)
		if err := b.Put(t.Context(), "files/d", strings.NewReader("x")); err != nil {
			t.Fatal(err)
		}
		for range 2 { // the second finds nothing
			if err := b.Delete(t.Context(), "files/d"); err != nil {
				t.Error(err)
			}
			absent(t, b, "files/d")
		}
	})

	t.Run("keys that are none", func(t *testing.T) {
		b := open(t)
		for _, key := range []string{"", "x", "/etc/passwd", "files/../../x", "files/..", "files//x", "files/", "files/.x",
			"../x", "files/x/", "files/x\x00", "files/A", "files/dân-số", "files\\x", ".public", "master.key", "work.db",
			"files/" + strings.Repeat("a", 200), "a/b/c/d/e/f/g/h/i/j"} {
			if err := b.Put(t.Context(), key, strings.NewReader("x")); !errors.Is(err, ErrBadKey) {
				t.Errorf("put %q: %v", key, err)
			} else if key != "" && len(key) > 1 && strings.Contains(err.Error(), key) {
				t.Errorf("the error tells the key: %v", err)
			}
			if err := b.Delete(t.Context(), key); !errors.Is(err, ErrBadKey) {
				t.Errorf("delete %q: %v", key, err)
			}
			if _, err := b.Size(t.Context(), key); !errors.Is(err, ErrBadKey) {
				t.Errorf("size %q: %v", key, err)
			}
			if _, err := b.Open(t.Context(), key, 0, -1); !errors.Is(err, ErrBadKey) {
				t.Errorf("open %q: %v", key, err)
			}
		}
	})
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }
