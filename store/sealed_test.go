package store

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
)

func TestSealAndUnseal(t *testing.T) {
	ctx, p := t.Context(), openPrivateTest(t, t.TempDir())
	for _, size := range []int{0, 1, sealChunk - 1, sealChunk, sealChunk + 1, 2 * sealChunk, 3*sealChunk + 7, spaceEvery*sealChunk + 1} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			content := make([]byte, size)
			rand.Read(content)
			wrapped, err := p.NewKey()
			if err != nil {
				t.Fatal(err)
			}
			id := fmt.Sprintf("u-%d", size)
			sealed, err := p.Seal(ctx, id, wrapped, iotest.HalfReader(bytes.NewReader(content)), int64(size))
			if err != nil {
				t.Fatal(err)
			}
			if sealed.Bytes != int64(size) || sealed.HMAC != p.HMAC(content) {
				t.Errorf("sealed %+v", sealed)
			}
			raw, _ := os.ReadFile(p.private.path("originals/" + id))
			if size > 0 && size < 100 && bytes.Contains(raw[sealHead:], content) && size > 8 {
				t.Error("the plaintext stands in the file")
			}
			r, err := p.Unseal(ctx, id, wrapped)
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			got, err := io.ReadAll(iotest.OneByteReader(io.LimitReader(r, 3)))
			if err != nil {
				t.Fatal(err)
			}
			rest, err := io.ReadAll(r)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(append(got, rest...), content) {
				t.Error("another content comes back")
			}
			if n, err := r.Read(make([]byte, 1)); n != 0 || err != io.EOF {
				t.Errorf("after the end: %d, %v", n, err)
			}
		})
	}
}

func TestSealedIsNotPlain(t *testing.T) {
	p := openPrivateTest(t, t.TempDir())
	wrapped, _ := p.NewKey()
	secret := "079200001234 is nobody's number"
	if _, err := p.Seal(t.Context(), "u", wrapped, strings.NewReader(secret), 99); err != nil {
		t.Fatal(err)
	}
	for _, name := range listing(t, p.private.root) {
		if raw, err := os.ReadFile(name); err == nil && bytes.Contains(raw, []byte("079200001234")) {
			t.Errorf("%s holds the plaintext", name)
		}
	}
}

// Whatever is done to the file, what is read is a prefix of the content that
// ends in ErrDamaged, never in io.EOF.
func TestSealedDamage(t *testing.T) {
	ctx, p := t.Context(), openPrivateTest(t, t.TempDir())
	const sc = sealChunk + sealTag
	for _, size := range []int{0, 10, sealChunk, 2 * sealChunk, 3*sealChunk + 100} {
		content := make([]byte, size)
		rand.Read(content)
		wrapped, _ := p.NewKey()
		if _, err := p.Seal(ctx, "u", wrapped, bytes.NewReader(content), -1); err != nil {
			t.Fatal(err)
		}
		path := p.private.path("originals/u")
		good, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		damage := map[string][]byte{
			"empty":       {},
			"head only":   good[:sealHead],
			"a byte less": good[:len(good)-1],
			"a byte more": append(bytes.Clone(good), 0),
			"a tag more":  append(bytes.Clone(good), make([]byte, sealTag)...),
			"half a head": good[:sealHead/2],
		}
		for _, at := range []int{0, len(sealMagic), sealHead - 1, sealHead, len(good) / 2, len(good) - 1} {
			flipped := bytes.Clone(good)
			flipped[at] ^= 1
			damage[fmt.Sprintf("bit flipped at %d", at)] = flipped
		}
		for cut := sealHead; cut < len(good); cut += sc {
			damage[fmt.Sprintf("cut at %d", cut)] = good[:cut]
		}
		if chunks := good[sealHead:]; len(chunks) > 2*sc {
			a, b, rest := chunks[:sc], chunks[sc:2*sc], chunks[2*sc:]
			damage["first two swapped"] = bytes.Join([][]byte{good[:sealHead], b, a, rest}, nil)
			damage["first dropped"] = bytes.Join([][]byte{good[:sealHead], b, rest}, nil)
			damage["first doubled"] = bytes.Join([][]byte{good[:sealHead], a, a, b, rest}, nil)
			damage["middle dropped"] = bytes.Join([][]byte{good[:sealHead], a, rest}, nil)
			damage["end doubled"] = bytes.Join([][]byte{good, rest}, nil)
		}
		for name, bad := range damage {
			if err := os.WriteFile(path, bad, 0o600); err != nil {
				t.Fatal(err)
			}
			got, err := unsealAll(ctx, p, "u", wrapped)
			if !errors.Is(err, ErrDamaged) {
				t.Errorf("%d bytes, %s: %v", size, name, err)
			}
			if !bytes.HasPrefix(content, got) {
				t.Errorf("%d bytes, %s: bytes came out that never went in", size, name)
			}
		}
		// Under another upload's name it does not open either.
		if err := os.WriteFile(p.private.path("originals/other"), good, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := unsealAll(ctx, p, "other", wrapped); !errors.Is(err, ErrDamaged) {
			t.Errorf("under another name: %v", err)
		}
	}
	if _, err := unsealAll(ctx, p, "missing", mustKey(t, p)); !errors.Is(err, ErrNotExist) {
		t.Errorf("one that is not there: %v", err)
	}
}

func mustKey(t *testing.T, p Private) []byte {
	t.Helper()
	wrapped, err := p.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	return wrapped
}

func unsealAll(ctx context.Context, p Private, id string, wrapped []byte) ([]byte, error) {
	r, err := p.Unseal(ctx, id, wrapped)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}

func TestSealRefuses(t *testing.T) {
	ctx, p := t.Context(), openPrivateTest(t, t.TempDir())
	wrapped := mustKey(t, p)
	text := func(n int) io.Reader { return strings.NewReader(strings.Repeat("x", n)) }
	ended, cancel := context.WithCancel(ctx)
	cancel()
	broken := errors.New("connection reset")
	for _, c := range []struct {
		name string
		ctx  context.Context
		id   string
		key  []byte
		r    io.Reader
		max  int64
		want error
	}{
		{"one byte too many", ctx, "u", wrapped, text(11), 10, ErrTooLarge},
		{"a chunk too many", ctx, "u", wrapped, text(2*sealChunk + 1), 2 * sealChunk, ErrTooLarge},
		{"anything, when nothing is allowed", ctx, "u", wrapped, text(1), 0, ErrTooLarge},
		{"a cut body is not the end", ctx, "u", wrapped, io.MultiReader(text(5), iotest.ErrReader(io.ErrUnexpectedEOF)), 100, io.ErrUnexpectedEOF},
		{"a body cut at a chunk's border", ctx, "u", wrapped, io.MultiReader(text(sealChunk), iotest.ErrReader(io.ErrUnexpectedEOF)), -1, io.ErrUnexpectedEOF},
		{"a body that breaks later", ctx, "u", wrapped, io.MultiReader(text(3*sealChunk+5), iotest.ErrReader(broken)), -1, broken},
		{"a reader that gives nothing", ctx, "u", wrapped, readerFunc(func([]byte) (int, error) { return 0, nil }), -1, io.ErrNoProgress},
		{"an ended context", ended, "u", wrapped, text(5), 100, context.Canceled},
		{"a path as id", ctx, "../u", wrapped, text(5), 100, ErrBadKey},
		{"a bad key", ctx, "u", wrapped[:20], text(5), 100, ErrKey},
	} {
		if _, err := p.Seal(c.ctx, c.id, c.key, c.r, c.max); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
	for _, dir := range []string{"tmp", "originals"} {
		if left, _ := os.ReadDir(p.private.path(dir)); len(left) != 0 {
			t.Errorf("%d files left in %s", len(left), dir)
		}
	}
	if s, err := p.Seal(ctx, "u", wrapped, text(10), 10); err != nil || s.Bytes != 10 {
		t.Errorf("exactly as much as is allowed: %+v, %v", s, err)
	}
}

// A first attempt that died before its row was written is sealed anew, under
// the same key and other nonces.
func TestSealAgain(t *testing.T) {
	ctx, p := t.Context(), openPrivateTest(t, t.TempDir())
	wrapped := mustKey(t, p)
	var files [2][]byte
	for i, text := range []string{"first", "later"} {
		if _, err := p.Seal(ctx, "u", wrapped, strings.NewReader(text), 99); err != nil {
			t.Fatal(err)
		}
		files[i], _ = os.ReadFile(p.private.path("originals/u"))
		if got, err := unsealAll(ctx, p, "u", wrapped); string(got) != text || err != nil {
			t.Errorf("%q, %v", got, err)
		}
	}
	if bytes.Equal(files[0][:sealHead], files[1][:sealHead]) {
		t.Error("the same nonce twice under one key")
	}
}

func TestMasterKey(t *testing.T) {
	ctx, dir := t.Context(), t.TempDir()
	p := openPrivateTest(t, dir)
	wrapped := mustKey(t, p)
	if _, err := p.Seal(ctx, "u", wrapped, strings.NewReader("x"), 9); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "master.key")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(text))); err != nil || len(key) != keySize {
		t.Fatalf("master.key holds %d bytes, %v", len(key), err)
	}
	refused := func(name, env string) {
		t.Helper()
		t.Setenv("DAYLIGHT_MASTER_KEY", env)
		_, err := OpenPrivate(ctx, dir)
		if !errors.Is(err, ErrKey) {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil && env != "" && strings.Contains(err.Error(), env) {
			t.Errorf("%s: the error tells the key", name)
		}
	}
	works := func(name, env string) {
		t.Helper()
		t.Setenv("DAYLIGHT_MASTER_KEY", env)
		p, err := OpenPrivate(ctx, dir)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got, err := unsealAll(ctx, p, "u", wrapped); string(got) != "x" || err != nil {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	other := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, keySize))

	works("opened again", "")
	works("the same key from the environment", string(text))
	refused("another key from the environment", other)
	refused("half a key from the environment", string(text[:20]))
	refused("no base64 in the environment", "this is not a key at all, sorry")

	os.WriteFile(path, []byte(other+"\n"), 0o600)
	refused("another key in the file", "")
	os.WriteFile(path, nil, 0o600)
	refused("an empty file", "")
	os.WriteFile(path, text, 0o644)
	os.Chmod(path, 0o644)
	refused("a file that others can read", "")
	os.Remove(path)
	refused("the file lost", "") // and never a new one beside old originals
	if _, err := os.Stat(path); !errors.Is(err, ErrNotExist) {
		t.Error("a new key was made over old originals")
	}
	os.Remove(filepath.Join(dir, "master.id"))
	refused("the file and its name lost", "")
	works("the key kept apart", string(text))

	// An upload's key under another master key.
	strange := openPrivateTest(t, t.TempDir())
	if _, err := p.keys.unwrap(mustKey(t, strange)); !errors.Is(err, ErrKey) {
		t.Errorf("unwrap says %v", err)
	}
	for i := range wrapped {
		bad := bytes.Clone(wrapped)
		bad[i] ^= 1
		if _, err := p.keys.unwrap(bad); !errors.Is(err, ErrKey) {
			t.Fatalf("byte %d flipped: %v", i, err)
		}
	}
	if strange.HMAC([]byte("x")) == p.HMAC([]byte("x")) {
		t.Error("two places give content the same name")
	}
}
