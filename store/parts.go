package store

import (
	"context"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/crypto/chacha20poly1305"
)

// An original that comes in parts stands in two files until it is whole:
//
//	parts/{id}.seal   the original itself as far as it goes: head and chunks
//	parts/{id}.tail   a log of what came after them
//
// A chunk's nonce is its number, so no number may ever be sealed over two
// contents. What was received may come again and be other bytes: after a power
// cut, after a wrong checksum. So bytes go into the tail first, under a key of
// its own and a random nonce a record, and become chunks only after a synced
// mark says that they stay. A chunk that is sealed again after a crash is made
// of the same marked bytes, and is the same chunk. The last 64 KiB stay in the
// tail, because the last chunk has a nonce of its own: it is sealed when the
// file is whole. FORMATS.md has the records.
const (
	tailStart = 0 // the content's position at which this tail begins
	tailData  = 1 // 1 to 64 KiB of content
	tailMark  = 2 // what stands before it stays; with the states of both hashes

	tailHead  = 1 + 4 + chacha20poly1305.NonceSizeX
	tailBatch = 64 << 20 // of content between two marks
)

// Parts is an original that is being received. One Parts an upload at a time:
// its caller sees to that. Close it.
type Parts struct {
	p      Private
	id     string
	secret []byte
	aead   cipher.AEAD // of the tail

	base   int64 // of the content, in chunks of the seal file
	offset int64 // of the content, marked: it stays
	at     int64 // of the content, written
	sum    hash.Hash
	mac    resumableHMAC

	tail   *os.File // nil: nothing was received yet
	marked int64    // length of the tail up to its last mark
	buf    []byte
}

// OpenParts opens what was received of upload id, whose key NewKey made. Where
// nothing was, Offset is 0 and the first Append makes the files. What a crash
// left behind the last mark is cut off.
func (p Private) OpenParts(ctx context.Context, id string, wrapped []byte) (*Parts, error) {
	t, err := p.openParts(ctx, id, wrapped)
	if err != nil {
		return nil, fmt.Errorf("open parts: %w", err)
	}
	return t, nil
}

func (p Private) openParts(ctx context.Context, id string, wrapped []byte) (*Parts, error) {
	if _, err := originalKey(id); err != nil {
		return nil, err
	}
	if err := p.Err(); err != nil {
		return nil, err
	}
	secret, err := p.keys.unwrap(wrapped)
	if err != nil {
		return nil, err
	}
	t := &Parts{p: p, id: id, secret: secret, sum: sha256.New(), mac: newResumableHMAC(p.keys.mac)}
	if t.aead, err = ownKey(secret, "daylight upload tail v1"); err == nil {
		err = t.openTail(ctx)
	}
	if err != nil {
		t.Close()
		return nil, err
	}
	return t, nil
}

// Offset is how many bytes stay, whatever happens now.
func (t *Parts) Offset() int64 { return t.offset }

// Close gives up what has no mark.
func (t *Parts) Close() error {
	clear(t.secret)
	if t.tail == nil {
		return nil
	}
	err := t.tail.Truncate(t.marked) // on a full disk the room is wanted at once
	return errors.Join(diskError(err), t.tail.Close())
}

// Append takes r to its end. When it returns, Offset is durable. More than max
// bytes of content in all are ErrTooLarge, a disk that is or gets full is
// ErrNoSpace, an error of r is returned as it is; what came before such an
// error stays. With whole nothing of r stays unless all of it does: then r's
// own error, as for a wrong checksum, undoes it. After an error the Parts can
// only be closed.
func (t *Parts) Append(ctx context.Context, r io.Reader, max int64, whole bool) error {
	if err := t.append(ctx, r, max, whole); err != nil {
		return fmt.Errorf("append to parts: %w", err)
	}
	return nil
}

func (t *Parts) append(ctx context.Context, r io.Reader, max int64, whole bool) error {
	if t.tail == nil {
		if err := t.create(); err != nil {
			return err
		}
	}
	chunk := make([]byte, sealChunk)
	for n := 0; ; n++ {
		var failed error
		if n%spaceEvery == 0 {
			failed = t.p.private.room()
		}
		m := 0
		if failed == nil {
			m, failed = fill(ctx, r, chunk)
		}
		if t.at+int64(m) > max {
			m, failed = 0, ErrTooLarge
		}
		if m > 0 {
			if err := t.write(tailData, chunk[:m]); err != nil {
				return err
			}
			t.sum.Write(chunk[:m])
			t.mac.inner.Write(chunk[:m])
		}
		ended := failed == nil && m < len(chunk)
		if ended || failed != nil && !whole || !whole && t.at-t.offset >= tailBatch {
			if err := errors.Join(failed, t.mark()); err != nil {
				return err
			}
			if err := t.settle(); err != nil || ended {
				return err
			}
		}
		if failed != nil {
			return failed
		}
	}
}

// settle moves whole chunks out of a tail that has grown. It may fail for want
// of room: the bytes stay where they are, and are moved later.
func (t *Parts) settle() error {
	if t.offset-t.base < tailBatch {
		return nil
	}
	if err := t.move(); err != nil && !errors.Is(err, ErrNoSpace) {
		return err
	}
	return nil
}

// write adds one record. Its position is authenticated, so records cannot
// change places.
func (t *Parts) write(kind byte, plain []byte) error {
	rec, err := t.record(kind, plain, t.at)
	if err != nil {
		return err
	}
	if _, err := t.tail.Write(rec); err != nil {
		return diskError(err)
	}
	if kind == tailData {
		t.at += int64(len(plain))
	}
	return nil
}

func (t *Parts) record(kind byte, plain []byte, at int64) ([]byte, error) {
	b := append(t.buf[:0], kind)
	b = binary.BigEndian.AppendUint32(b, uint32(len(plain)+t.aead.Overhead()))
	nonce := make([]byte, chacha20poly1305.NonceSizeX)
	rand.Read(nonce)
	b = append(b, nonce...)
	t.buf = t.aead.Seal(b, nonce, plain, t.bound(b[:5], at))
	return t.buf, nil
}

func (t *Parts) bound(head []byte, at int64) []byte {
	return append(binary.BigEndian.AppendUint64(append([]byte{}, head...), uint64(at)), t.id...)
}

// mark makes what was written stay.
func (t *Parts) mark() error {
	if t.at == t.offset && t.marked > 0 {
		return nil
	}
	states, err := t.states()
	if err != nil {
		return err
	}
	if err := t.write(tailMark, states); err != nil {
		return err
	}
	if err := t.p.private.settle(t.tail); err != nil {
		return err
	}
	Fail("parts.marked")
	size, err := t.tail.Seek(0, io.SeekCurrent)
	if err != nil {
		return err
	}
	t.marked, t.offset = size, t.at
	return nil
}

// states are those of both hashes over the content so far.
func (t *Parts) states() ([]byte, error) {
	a, err := t.sum.(encoding.BinaryMarshaler).MarshalBinary()
	if err != nil {
		return nil, err
	}
	b, err := t.mac.inner.(encoding.BinaryMarshaler).MarshalBinary()
	return append(a, b...), err
}

func (t *Parts) restore(states []byte) error {
	half := len(states) / 2
	return errors.Join(t.sum.(encoding.BinaryUnmarshaler).UnmarshalBinary(states[:half]),
		t.mac.inner.(encoding.BinaryUnmarshaler).UnmarshalBinary(states[half:]))
}

func (t *Parts) sealPath() string { return t.p.private.path("parts/" + t.id + ".seal") }
func (t *Parts) tailPath() string { return t.p.private.path("parts/" + t.id + ".tail") }

// create makes both files. The tail comes last and says that the other is there.
func (t *Parts) create() error {
	d := t.p.private
	if err := d.room(); err != nil {
		return err
	}
	head := make([]byte, sealHead)
	rand.Read(head[copy(head, sealMagic):])
	f, err := d.create(t.id)
	if err != nil {
		return err
	}
	defer discard(f)
	if _, err := f.Write(head); err != nil {
		return diskError(err)
	}
	if err := d.flush(f); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), t.sealPath()); err != nil {
		return diskError(err)
	}
	if err := d.syncFolder(filepath.Dir(t.sealPath())); err != nil {
		return err
	}
	Fail("parts.created")
	return t.newTail(0, nil)
}

// newTail puts a tail in the place of the one before: rest is the content from
// base on, all of which stays.
func (t *Parts) newTail(base int64, rest []byte) error {
	d := t.p.private
	f, err := d.create(t.id)
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // after the rename there is nothing of that name
	states, err := t.states()
	if err != nil {
		f.Close()
		return err
	}
	var all []byte
	for _, r := range []struct {
		kind  byte
		plain []byte
		at    int64
	}{{tailStart, binary.BigEndian.AppendUint64(nil, uint64(base)), 0}, {tailData, rest, base}, {tailMark, states, base + int64(len(rest))}} {
		if len(r.plain) == 0 {
			continue
		}
		rec, err := t.record(r.kind, r.plain, r.at)
		if err != nil {
			f.Close()
			return err
		}
		all = append(all, rec...)
	}
	if _, err = f.Write(all); err == nil {
		err = d.settle(f)
	}
	if err == nil {
		err = os.Rename(f.Name(), t.tailPath())
	}
	if err == nil {
		err = d.syncFolder(filepath.Dir(t.tailPath()))
	}
	if err != nil {
		f.Close()
		return diskError(err)
	}
	Fail("parts.moved")
	if t.tail != nil {
		t.tail.Close()
	}
	t.tail, t.base, t.marked = f, base, int64(len(all))
	t.at = base + int64(len(rest))
	t.offset = t.at
	return nil
}

// openTail reads the log up to its last mark and cuts off the rest.
func (t *Parts) openTail(ctx context.Context) error {
	f, err := os.OpenFile(t.tailPath(), os.O_RDWR, 0)
	if errors.Is(err, ErrNotExist) {
		return nil
	}
	if err != nil {
		return diskError(err)
	}
	t.tail = f
	r := &tailReader{t: t, f: f}
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		kind, plain, err := r.next()
		if errors.Is(err, io.EOF) || errors.Is(err, ErrDamaged) {
			break // torn: what follows has no mark, so nobody was told of it
		}
		if err != nil {
			return reason(err) // the disk does not read: nothing may be cut off for that
		}
		if kind == tailMark {
			if err := t.restore(plain); err != nil {
				return fmt.Errorf("%w: a mark of the tail", ErrDamaged)
			}
			t.base, t.offset, t.marked = r.base, r.at, r.size
		}
	}
	if t.marked == 0 {
		return fmt.Errorf("%w: the tail has no mark", ErrDamaged)
	}
	t.at = t.offset
	if err := f.Truncate(t.marked); err != nil {
		return diskError(err)
	}
	_, err = f.Seek(t.marked, io.SeekStart)
	return err
}

// tailReader reads the records of a tail in order.
type tailReader struct {
	t     *Parts
	f     io.ReaderAt
	base  int64
	at    int64 // of the content, before the next record
	size  int64 // of the file, before the next record
	buf   []byte
	plain []byte
}

// next gives a record; io.EOF: there is no whole one, ErrDamaged: it does not open.
func (r *tailReader) next() (kind byte, plain []byte, err error) {
	var head [tailHead]byte
	if _, err := r.f.ReadAt(head[:], r.size); err != nil {
		return 0, nil, err
	}
	n := int(binary.BigEndian.Uint32(head[1:5]))
	if n > sealChunk+sealTag {
		return 0, nil, ErrDamaged
	}
	if cap(r.buf) < n {
		r.buf = make([]byte, sealChunk+sealTag)
	}
	if _, err := r.f.ReadAt(r.buf[:n], r.size+tailHead); err != nil {
		return 0, nil, err
	}
	if r.plain, err = r.t.aead.Open(r.plain[:0], head[5:], r.buf[:n], r.t.bound(head[:5], r.at)); err != nil {
		return 0, nil, ErrDamaged
	}
	switch kind = head[0]; {
	case kind == tailStart && r.size == 0 && len(r.plain) == 8:
		r.base = int64(binary.BigEndian.Uint64(r.plain))
		r.at = r.base
	case kind == tailData && r.size > 0:
		r.at += int64(len(r.plain))
	case kind != tailMark || r.size == 0:
		return 0, nil, ErrDamaged
	}
	r.size += int64(tailHead + n)
	return kind, r.plain, nil
}

// content fills p with what stays; rest is what the call before left over.
func (r *tailReader) content(p []byte, rest []byte) (n int, left []byte, err error) {
	for n < len(p) {
		if len(rest) == 0 {
			if r.size >= r.t.marked {
				return n, nil, nil
			}
			kind, plain, err := r.next()
			if errors.Is(err, io.EOF) {
				err = ErrDamaged
			}
			if err != nil {
				return n, nil, fmt.Errorf("read the tail: %w", reason(err))
			}
			if kind == tailData {
				rest = plain
			}
			continue
		}
		m := copy(p[n:], rest)
		n, rest = n+m, rest[m:]
	}
	return n, rest, nil
}

// move makes chunks of the tail, all but the last of its bytes, and begins a
// new one.
func (t *Parts) move() error {
	whole := (t.offset - t.base - 1) / sealChunk
	if t.offset == t.base || whole == 0 {
		return nil
	}
	rest, _, err := t.seal(whole, false)
	if err != nil {
		return err
	}
	return t.newTail(t.base+whole*sealChunk, rest)
}

// seal appends whole chunks of the tail to the seal file and gives the bytes
// after them; with last these become the last chunk.
func (t *Parts) seal(whole int64, last bool) (rest []byte, f *os.File, err error) {
	if f, err = os.OpenFile(t.sealPath(), os.O_RDWR, 0); err != nil {
		return nil, nil, diskError(err)
	}
	if !last {
		defer f.Close()
	}
	head := make([]byte, sealHead)
	if _, err := io.ReadFull(f, head); err != nil || string(head[:len(sealMagic)]) != sealMagic {
		return nil, f, fmt.Errorf("%w: no head", ErrDamaged)
	}
	c, err := newChunks(head, t.id, t.secret)
	if err != nil {
		return nil, f, err
	}
	from := int64(sealHead) + t.base/sealChunk*(sealChunk+sealTag)
	if st, err := f.Stat(); err != nil || st.Size() < from {
		return nil, f, fmt.Errorf("%w: chunks are missing", ErrDamaged)
	}
	// What a crash left behind this is made again of the same bytes.
	if err := f.Truncate(from); err != nil {
		return nil, f, diskError(err)
	}
	if _, err := f.Seek(from, io.SeekStart); err != nil {
		return nil, f, err
	}
	if t.base/sealChunk > math.MaxUint32 {
		return nil, f, ErrTooLarge
	}
	c.n = uint32(t.base / sealChunk)
	r := &tailReader{t: t, f: t.tail}
	plain, sealed := make([]byte, sealChunk), make([]byte, 0, sealChunk+sealTag)
	var left []byte
	put := func(p []byte, last bool) error {
		if sealed, err = c.seal(sealed[:0], p, last); err != nil {
			return err
		}
		_, err := f.Write(sealed)
		return diskError(err)
	}
	n := 0
	for i := int64(0); i <= whole; i++ {
		if i%spaceEvery == 0 {
			if err := t.p.private.room(); err != nil {
				return nil, f, err
			}
		}
		if n, left, err = r.content(plain, left); err != nil {
			return nil, f, err
		}
		if i < whole {
			if err := put(plain[:n], false); err != nil {
				return nil, f, err
			}
		}
	}
	if last {
		err = put(plain[:n], true)
	} else if err = t.p.private.settle(f); err == nil {
		Fail("parts.sealed")
	}
	return plain[:n], f, err
}

// Finish makes the original of what was received, which must be all of it.
// When it returns without error the original is durable and opens by Unseal;
// after a crash it may be called again, until RemoveParts. What is appended
// after it has no effect.
func (t *Parts) Finish(ctx context.Context) (Sealed, error) {
	if err := t.finish(ctx); err != nil {
		return Sealed{}, fmt.Errorf("finish original: %w", err)
	}
	return Sealed{Bytes: t.offset, HMAC: hex.EncodeToString(t.mac.sum()), SHA256: hex.EncodeToString(t.sum.Sum(nil))}, nil
}

func (t *Parts) finish(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	d := t.p.private
	original := d.path("originals/" + t.id)
	if t.tail == nil {
		if err := t.create(); err != nil {
			return err
		}
	}
	if _, err := os.Lstat(t.sealPath()); errors.Is(err, ErrNotExist) {
		// The tail says that there was one, so it has its name already.
		if _, err := os.Lstat(original); err != nil {
			return fmt.Errorf("%w: the chunks are gone", ErrDamaged)
		}
		return d.syncFolder(filepath.Dir(original))
	}
	if err := t.move(); err != nil {
		return err
	}
	_, f, err := t.seal(0, true)
	if f != nil {
		defer f.Close()
	}
	if err != nil {
		return err
	}
	if err := d.flush(f); err != nil {
		return err
	}
	Fail("parts.whole")
	if err := os.Rename(t.sealPath(), original); err != nil {
		return diskError(err)
	}
	Fail("parts.named")
	return errors.Join(d.syncFolder(filepath.Dir(original)), d.syncFolder(filepath.Dir(t.tailPath())))
}

// RemoveParts forgets what was received of an upload in parts. An original that
// Finish has made stays. Twice is not an error.
func (p Private) RemoveParts(id string) error {
	if _, err := originalKey(id); err != nil {
		return fmt.Errorf("remove parts: %w", err)
	}
	if err := p.Err(); err != nil {
		return fmt.Errorf("remove parts: %w", err)
	}
	folder := p.private.path("parts")
	gone := false
	for _, name := range []string{id + ".tail", id + ".seal"} { // the tail first: it says that the other is there
		err := os.Remove(filepath.Join(folder, name))
		if err != nil && !errors.Is(err, ErrNotExist) {
			return fmt.Errorf("remove parts: %w", diskError(reason(err)))
		}
		gone = gone || err == nil
	}
	if !gone {
		return nil
	}
	if err := p.private.syncFolder(folder); err != nil {
		return fmt.Errorf("remove parts: %w", err)
	}
	return nil
}

// Parted lists the uploads of which parts stand on the disk.
func (p Private) Parted() ([]string, error) {
	if err := p.Err(); err != nil {
		return nil, fmt.Errorf("list parts: %w", err)
	}
	entries, err := os.ReadDir(p.private.path("parts"))
	if err != nil {
		return nil, fmt.Errorf("list parts: %w", diskError(reason(err)))
	}
	var ids []string
	for _, e := range entries { // in the order of names: seal and tail of one stand together
		id, _, _ := strings.Cut(e.Name(), ".")
		if idRule.MatchString(id) && (len(ids) == 0 || ids[len(ids)-1] != id) {
			ids = append(ids, id)
		}
	}
	return ids, nil
}
