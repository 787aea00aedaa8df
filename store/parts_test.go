package store

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"testing/iotest"
)

func openPartsTest(t *testing.T, p Private, id string, wrapped []byte) *Parts {
	t.Helper()
	parts, err := p.OpenParts(t.Context(), id, wrapped)
	if err != nil {
		t.Fatal(err)
	}
	return parts
}

// wholeOf finishes, and compares what Unseal gives, its names, and what is left.
func wholeOf(t *testing.T, p Private, id string, wrapped, content []byte) {
	t.Helper()
	parts := openPartsTest(t, p, id, wrapped)
	if parts.Offset() != int64(len(content)) {
		t.Fatalf("offset %d of %d", parts.Offset(), len(content))
	}
	sealed, err := parts.Finish(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	parts.Close()
	sum := sha256.Sum256(content)
	if sealed.Bytes != int64(len(content)) || sealed.HMAC != p.HMAC(content) || sealed.SHA256 != hex.EncodeToString(sum[:]) {
		t.Errorf("%s: sealed as %+v", id, sealed)
	}
	// A crash before the row was written: the same again.
	again := openPartsTest(t, p, id, wrapped)
	if s, err := again.Finish(t.Context()); err != nil || s != sealed {
		t.Errorf("%s: finished again: %+v, %v", id, s, err)
	}
	again.Close()
	if err := p.RemoveParts(id); err != nil {
		t.Fatal(err)
	}
	got, err := unsealAll(t.Context(), p, id, wrapped)
	if err != nil || !bytes.Equal(got, content) {
		t.Errorf("%s: %d bytes of %d come back, %v", id, len(got), len(content), err)
	}
	if left, _ := os.ReadDir(p.private.path("parts")); len(left) != 0 {
		t.Errorf("%s: %d files are left in parts", id, len(left))
	}
}

// Cut at every border of chunks and of records, with a restart between: what
// was told as durable goes on there, and the original is the whole content, in
// the form that Seal writes.
func TestPartsCutEverywhere(t *testing.T) {
	p := openPrivateTest(t, t.TempDir())
	for _, size := range []int{0, 1, 1000, sealChunk, sealChunk + 1, 2 * sealChunk, 3*sealChunk + 7} {
		content := make([]byte, size)
		rand.Read(content)
		for _, cut := range []int{0, 1, size / 2, sealChunk - 1, sealChunk, sealChunk + 1, 2 * sealChunk, size - 1, size} {
			if cut < 0 || cut > size {
				continue
			}
			id := fmt.Sprintf("u-%d-%d", size, cut)
			wrapped := mustKey(t, p)
			parts := openPartsTest(t, p, id, wrapped)
			broken := io.MultiReader(bytes.NewReader(content[:cut]), iotest.ErrReader(io.ErrUnexpectedEOF))
			if err := parts.Append(t.Context(), iotest.HalfReader(broken), int64(size), false); !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Fatal(err)
			}
			parts.Close()
			parts = openPartsTest(t, p, id, wrapped)
			if parts.Offset() != int64(cut) {
				t.Fatalf("%s: offset %d", id, parts.Offset())
			}
			if err := parts.Append(t.Context(), bytes.NewReader(content[cut:]), int64(size), false); err != nil {
				t.Fatal(err)
			}
			parts.Close()
			wholeOf(t, p, id, wrapped, content)
		}
	}
}

// A long file moves out of its tail as it comes, in one part and in many.
func TestPartsMove(t *testing.T) {
	p := openPrivateTest(t, t.TempDir())
	content := make([]byte, 2*tailBatch+3*sealChunk+11)
	rand.Read(content)
	for name, step := range map[string]int{"one part": len(content), "many": 10<<20 + 1} {
		id := "u-" + strings.ReplaceAll(name, " ", "-")
		wrapped := mustKey(t, p)
		for at := 0; at < len(content); at += step {
			parts := openPartsTest(t, p, id, wrapped)
			if parts.Offset() != int64(at) {
				t.Fatalf("offset %d, want %d", parts.Offset(), at)
			}
			if err := parts.Append(t.Context(), bytes.NewReader(content[at:min(at+step, len(content))]), int64(len(content)), false); err != nil {
				t.Fatal(err)
			}
			parts.Close()
			if st, err := os.Stat(p.private.path("parts/" + id + ".tail")); err != nil || st.Size() > 2*tailBatch {
				t.Errorf("%s: the tail is not moved: %d bytes, %v", name, st.Size(), err)
			}
		}
		wholeOf(t, p, id, wrapped, content)
	}
}

// What a part with a checksum brought is undone to the byte, and other bytes go
// on in its place: nothing was sealed under a number that is used again.
func TestPartsUndone(t *testing.T) {
	p := openPrivateTest(t, t.TempDir())
	wrapped := mustKey(t, p)
	first, wrong, right := bytes.Repeat([]byte("a"), sealChunk+5), bytes.Repeat([]byte("b"), 3*sealChunk), bytes.Repeat([]byte("c"), 2*sealChunk)
	add := func(r io.Reader, whole bool) error {
		parts := openPartsTest(t, p, "u", wrapped)
		defer parts.Close()
		return parts.Append(t.Context(), r, 1<<40, whole)
	}
	if err := add(bytes.NewReader(first), true); err != nil {
		t.Fatal(err)
	}
	tail := p.private.path("parts/u.tail")
	before, _ := os.ReadFile(tail)
	refused := errors.New("wrong checksum")
	if err := add(io.MultiReader(bytes.NewReader(wrong), iotest.ErrReader(refused)), true); !errors.Is(err, refused) {
		t.Fatal(err)
	}
	if after, _ := os.ReadFile(tail); !bytes.Equal(before, after) {
		t.Error("something of the undone part stays")
	}
	if err := add(bytes.NewReader(right), true); err != nil {
		t.Fatal(err)
	}
	wholeOf(t, p, "u", wrapped, append(first, right...))
}

// A tail torn anywhere goes back to its last mark, and the file can be ended
// from there; before the first mark it is damaged, never silently empty.
func TestPartsTorn(t *testing.T) {
	p := openPrivateTest(t, t.TempDir())
	wrapped := mustKey(t, p)
	content := make([]byte, sealChunk+100)
	rand.Read(content)
	tail := p.private.path("parts/u.tail")
	marks := map[int]int{} // length of the tail: content that stays
	for _, at := range []int{0, 50, 100} {
		parts := openPartsTest(t, p, "u", wrapped)
		if err := parts.Append(t.Context(), bytes.NewReader(content[at:at+50]), 1<<40, false); err != nil {
			t.Fatal(err)
		}
		parts.Close()
		st, _ := os.Stat(tail)
		marks[int(st.Size())] = at + 50
	}
	whole, _ := os.ReadFile(tail)
	seal, _ := os.ReadFile(p.private.path("parts/u.seal"))
	first := 2*(tailHead+sealTag) + 8 + 2*len(mustState(t)) // start and first mark
	for cut := range len(whole) + 1 {
		want := 0
		for size, stays := range marks {
			if size <= cut {
				want = max(want, stays)
			}
		}
		torn := bytes.Clone(whole[:cut])
		if cut < len(whole) && cut%2 == 0 {
			torn = append(torn, ^whole[cut]) // what a disk may leave there
		}
		os.WriteFile(tail, torn, 0o600)
		parts, err := p.OpenParts(t.Context(), "u", wrapped)
		if cut < first {
			if !errors.Is(err, ErrDamaged) {
				t.Fatalf("cut at %d: %v", cut, err)
			}
			continue
		}
		if err != nil || parts.Offset() != int64(want) {
			t.Fatalf("cut at %d: offset %d, want %d, %v", cut, parts.Offset(), want, err)
		}
		if cut%17 == 0 || cut == len(whole) {
			if err := parts.Append(t.Context(), bytes.NewReader(content[want:]), 1<<40, false); err != nil {
				t.Fatal(err)
			}
			parts.Close()
			wholeOf(t, p, "u", wrapped, content)
			os.Remove(p.private.path("originals/u"))
			os.WriteFile(p.private.path("parts/u.seal"), seal, 0o600)
		} else {
			parts.Close()
		}
	}
	// Another upload's tail, and a flipped bit, do not open.
	os.WriteFile(p.private.path("parts/v.tail"), whole, 0o600)
	if _, err := p.OpenParts(t.Context(), "v", wrapped); !errors.Is(err, ErrDamaged) {
		t.Errorf("under another name: %v", err)
	}
}

func mustState(t *testing.T) []byte {
	t.Helper()
	b, err := sha256.New().(interface{ MarshalBinary() ([]byte, error) }).MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestPartsRefuse(t *testing.T) {
	p := openPrivateTest(t, t.TempDir())
	wrapped := mustKey(t, p)
	parts := openPartsTest(t, p, "u", wrapped)
	if err := parts.Append(t.Context(), strings.NewReader("12345678"), 5, false); !errors.Is(err, ErrTooLarge) {
		t.Errorf("more than allowed: %v", err)
	}
	parts.Close()
	if _, err := p.OpenParts(t.Context(), "../u", wrapped); !errors.Is(err, ErrBadKey) {
		t.Errorf("a path as id: %v", err)
	}
	if _, err := p.OpenParts(t.Context(), "u", wrapped[:9]); !errors.Is(err, ErrKey) {
		t.Errorf("half a key: %v", err)
	}
	if ids, err := p.Parted(); err != nil || len(ids) != 1 || ids[0] != "u" {
		t.Errorf("parted: %v, %v", ids, err)
	}
	for range 2 {
		if err := p.RemoveParts("u"); err != nil {
			t.Error(err)
		}
	}
	if ids, err := p.Parted(); err != nil || len(ids) != 0 {
		t.Errorf("after removal: %v, %v", ids, err)
	}
	// Nothing of the plaintext stands on the disk while it comes.
	parts = openPartsTest(t, p, "w", wrapped)
	if err := parts.Append(t.Context(), strings.NewReader("079200001234 is nobody's number"), 99, false); err != nil {
		t.Fatal(err)
	}
	parts.Close()
	for _, name := range listing(t, p.private.root) {
		if raw, err := os.ReadFile(name); err == nil && bytes.Contains(raw, []byte("079200001234")) {
			t.Errorf("%s holds the plaintext", name)
		}
	}
}

func TestNotes(t *testing.T) {
	p := openPrivateTest(t, t.TempDir())
	wrapped := mustKey(t, p)
	note, err := p.SealNote("u", wrapped, []byte("abc"))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := p.OpenNote("u", wrapped, note); string(got) != "abc" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	for name, open := range map[string]func() ([]byte, error){
		"of another upload": func() ([]byte, error) { return p.OpenNote("v", wrapped, note) },
		"under another key": func() ([]byte, error) { return p.OpenNote("u", mustKey(t, p), note) },
		"cut":               func() ([]byte, error) { return p.OpenNote("u", wrapped, note[:10]) },
	} {
		if _, err := open(); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// After a failed sync the offset is not told, and the place takes no more.
func TestPartsFailedSync(t *testing.T) {
	dir := t.TempDir()
	p := openPrivateTest(t, dir)
	wrapped := mustKey(t, p)
	parts := openPartsTest(t, p, "u", wrapped)
	if err := parts.Append(t.Context(), strings.NewReader("first"), 99, false); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("input/output error")
	p.private.sync = func(*os.File) error { return broken }
	if err := parts.Append(t.Context(), strings.NewReader("second"), 99, false); !errors.Is(err, ErrReadOnly) || parts.Offset() != 5 {
		t.Errorf("%v, offset %d", err, parts.Offset())
	}
	parts.Close()
	p.private.sync = (*os.File).Sync
	if _, err := p.OpenParts(t.Context(), "u", wrapped); !errors.Is(err, ErrReadOnly) {
		t.Errorf("it goes on after a failed sync: %v", err)
	}
	p = openPrivateTest(t, dir)
	if again := openPartsTest(t, p, "u", wrapped); again.Offset() != 5 {
		t.Errorf("opened again: offset %d", again.Offset())
	}
}
