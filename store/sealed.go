package store

import (
	"context"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"

	"golang.org/x/crypto/chacha20poly1305"
	"golang.org/x/sys/unix"
)

// A sealed original is a magic of 8 bytes, a random prefix of 19 bytes, and the
// content in chunks of 64 KiB, each sealed with XChaCha20-Poly1305. The nonce
// of a chunk is the prefix, its number in 4 bytes, and 1 byte that is 1 in the
// last chunk only (the STREAM construction of Hoang, Reyhanitabar, Rogaway and
// Vizár, 2015): a chunk cut off, moved, dropped or added makes one that does
// not open. Magic, prefix and the upload's id are authenticated with each chunk,
// so a file does not open under another name either.
const (
	sealMagic  = "DLSEAL1\n"
	sealPrefix = chacha20poly1305.NonceSizeX - 5
	sealHead   = len(sealMagic) + sealPrefix
	sealChunk  = 64 << 10
	sealTag    = chacha20poly1305.Overhead

	// spaceReserve is left free on the private disk, so that the databases can
	// still say what happened when uploads have filled it.
	spaceReserve = 8 << 20
	spaceEvery   = 64 // chunks between two looks at the free space: 4 MiB
)

// Sealed is what Seal learnt of the content.
type Sealed struct {
	Bytes  int64  // of the content, not of the file
	HMAC   string // as Private.HMAC gives it
	SHA256 string // of the content, hex: for its sender only, and for no row as it is
}

var idRule = regexp.MustCompile(`^[0-9a-z][0-9a-z-]{0,63}$`)

func originalKey(id string) (string, error) {
	if !idRule.MatchString(id) {
		return "", ErrBadKey
	}
	return "originals/" + id, nil
}

// Seal reads r to its end and keeps it encrypted as the original of upload id,
// under a key of NewKey. When it returns without error the original is durable.
// More than max bytes are ErrTooLarge (max < 0: no limit); a disk that is or
// gets full is ErrNoSpace; an error of r is returned as it is. After an error
// nothing of the attempt is left. An original that is there already is
// replaced: a first attempt may have died before its row was written, so
// whoever has a row must not call Seal again.
func (p Private) Seal(ctx context.Context, id string, wrapped []byte, r io.Reader, max int64) (Sealed, error) {
	s, err := p.seal(ctx, id, wrapped, r, max)
	if err != nil {
		return Sealed{}, fmt.Errorf("seal original: %w", err)
	}
	return s, nil
}

func (p Private) seal(ctx context.Context, id string, wrapped []byte, r io.Reader, max int64) (Sealed, error) {
	key, err := originalKey(id)
	if err != nil {
		return Sealed{}, err
	}
	if err := p.Err(); err != nil {
		return Sealed{}, err
	}
	if max < 0 {
		max = math.MaxInt64
	}
	secret, err := p.keys.unwrap(wrapped)
	if err != nil {
		return Sealed{}, err
	}
	defer clear(secret)
	d := p.private
	if err := d.room(); err != nil {
		return Sealed{}, err
	}
	f, err := d.create(id)
	if err != nil {
		return Sealed{}, err
	}
	defer discard(f)
	Fail("receive.created")
	out, err := p.sealInto(ctx, f, id, secret, r, max)
	if err != nil {
		return Sealed{}, err
	}
	if err := d.flush(f); err != nil {
		return Sealed{}, err
	}
	Fail("receive.tmp_synced")
	if err := os.Rename(f.Name(), d.path(key)); err != nil {
		return Sealed{}, diskError(err)
	}
	Fail("receive.renamed")
	return out, d.syncFolder(filepath.Dir(d.path(key)))
}

func (p Private) sealInto(ctx context.Context, f *os.File, id string, secret []byte, r io.Reader, max int64) (Sealed, error) {
	head := make([]byte, sealHead)
	rand.Read(head[copy(head, sealMagic):])
	c, err := newChunks(head, id, secret)
	if err != nil {
		return Sealed{}, err
	}
	if _, err := f.Write(head); err != nil {
		return Sealed{}, diskError(err)
	}
	mac, sum := p.keys.newHMAC(), sha256.New()
	var total int64
	// A chunk is known to be the last one only when the next one is empty.
	now, next := make([]byte, sealChunk), make([]byte, sealChunk)
	sealed := make([]byte, 0, sealChunk+sealTag)
	n, err := fill(ctx, r, now)
	for err == nil {
		if total += int64(n); total > max {
			return Sealed{}, ErrTooLarge
		}
		mac.Write(now[:n])
		sum.Write(now[:n])
		var m int
		if n == len(now) {
			if m, err = fill(ctx, r, next); err != nil {
				break
			}
		}
		if c.n%spaceEvery == spaceEvery-1 {
			if err := p.private.room(); err != nil {
				return Sealed{}, err
			}
		}
		if sealed, err = c.seal(sealed[:0], now[:n], m == 0); err != nil {
			break
		}
		if _, err := f.Write(sealed); err != nil {
			return Sealed{}, diskError(err)
		}
		if m == 0 {
			return Sealed{Bytes: total, HMAC: hex.EncodeToString(mac.Sum(nil)), SHA256: hex.EncodeToString(sum.Sum(nil))}, nil
		}
		now, next, n = next, now, m
	}
	return Sealed{}, err
}

// fill reads until p is full or r ends; fewer bytes than p mean the end.
// io.ReadFull would not do: it says ErrUnexpectedEOF for a short end, and so
// does a request body whose connection was cut, which must not pass as whole.
func fill(ctx context.Context, r io.Reader, p []byte) (n int, err error) {
	for idle := 0; n < len(p); {
		if err := ctx.Err(); err != nil {
			return n, err
		}
		m, err := r.Read(p[n:])
		n += m
		if err == io.EOF {
			return n, nil
		}
		if err != nil {
			return n, err
		}
		if m > 0 {
			idle = 0
		} else if idle++; idle > 100 {
			return n, io.ErrNoProgress
		}
	}
	return n, nil
}

// room is ErrNoSpace when the disk is as good as full.
func (d *disk) room() error {
	var st unix.Statfs_t
	if err := unix.Statfs(d.tmp, &st); err != nil {
		return err
	}
	if st.Bavail*uint64(st.Bsize) < spaceReserve {
		return ErrNoSpace
	}
	return nil
}

// chunks seals or opens one chunk after the other.
type chunks struct {
	aead  cipher.AEAD
	nonce []byte
	bound []byte // head and id, authenticated with each chunk
	n     uint32
	full  bool // n has run out
}

func newChunks(head []byte, id string, secret []byte) (*chunks, error) {
	aead, err := chacha20poly1305.NewX(secret)
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, chacha20poly1305.NonceSizeX)
	copy(nonce, head[len(sealMagic):])
	return &chunks{aead: aead, nonce: nonce, bound: append(append([]byte{}, head...), id...)}, nil
}

func (c *chunks) step(last bool) error {
	if c.full {
		return ErrTooLarge // 256 TiB
	}
	binary.BigEndian.PutUint32(c.nonce[sealPrefix:], c.n)
	c.nonce[len(c.nonce)-1] = 0
	if last {
		c.nonce[len(c.nonce)-1] = 1
	}
	c.n++
	c.full = c.n == 0
	return nil
}

func (c *chunks) seal(dst, plain []byte, last bool) ([]byte, error) {
	if err := c.step(last); err != nil {
		return nil, err
	}
	return c.aead.Seal(dst, c.nonce, plain, c.bound), nil
}

func (c *chunks) open(dst, sealed []byte, last bool) ([]byte, error) {
	if err := c.step(last); err != nil {
		return nil, err
	}
	plain, err := c.aead.Open(dst, c.nonce, sealed, c.bound)
	if err != nil {
		return nil, fmt.Errorf("%w: chunk %d does not open", ErrDamaged, c.n-1)
	}
	return plain, nil
}

// Unseal reads the original of upload id. No byte comes out that has not been
// authenticated, and io.EOF comes only after the true last one; anything else
// is ErrDamaged, a wrong key ErrKey. The caller closes.
func (p Private) Unseal(ctx context.Context, id string, wrapped []byte) (io.ReadCloser, error) {
	r, err := p.unseal(ctx, id, wrapped)
	if err != nil {
		return nil, fmt.Errorf("unseal original: %w", err)
	}
	return r, nil
}

func (p Private) unseal(ctx context.Context, id string, wrapped []byte) (*unsealer, error) {
	key, err := originalKey(id)
	if err != nil {
		return nil, err
	}
	secret, err := p.keys.unwrap(wrapped)
	if err != nil {
		return nil, err
	}
	defer clear(secret)
	f, err := p.private.File(ctx, key)
	if err != nil {
		return nil, err
	}
	head := make([]byte, sealHead)
	if _, err := io.ReadFull(f, head); err != nil || string(head[:len(sealMagic)]) != sealMagic {
		f.Close()
		return nil, fmt.Errorf("%w: no head", ErrDamaged)
	}
	c, err := newChunks(head, id, secret)
	if err != nil {
		f.Close()
		return nil, err
	}
	u := &unsealer{f: f, c: c, now: make([]byte, sealChunk+sealTag), next: make([]byte, sealChunk+sealTag)}
	if u.n, err = fill(ctx, f, u.now); err != nil {
		f.Close()
		return nil, err
	}
	return u, nil
}

type unsealer struct {
	f         *os.File
	c         *chunks
	now, next []byte // sealed chunks: n bytes of now are the one to open
	n         int
	plain     []byte // opened, not yet read
	buf       []byte
	err       error
}

func (u *unsealer) Read(p []byte) (int, error) {
	for len(u.plain) == 0 {
		if u.err != nil {
			return 0, u.err
		}
		if u.err = u.chunk(); u.err != nil && u.err != io.EOF {
			u.plain = nil
		}
	}
	n := copy(p, u.plain)
	u.plain = u.plain[n:]
	return n, nil
}

// chunk opens the next chunk into plain; io.EOF says that it was the last.
func (u *unsealer) chunk() error {
	m := 0
	if u.n == len(u.now) {
		var err error
		if m, err = fill(context.Background(), u.f, u.next); err != nil {
			return fmt.Errorf("unseal original: %w", err)
		}
	}
	plain, err := u.c.open(u.buf[:0], u.now[:u.n], m == 0)
	if err != nil {
		return fmt.Errorf("unseal original: %w", err)
	}
	u.plain, u.buf = plain, plain
	u.now, u.next, u.n = u.next, u.now, m
	if m == 0 {
		return io.EOF
	}
	return nil
}

func (u *unsealer) Close() error {
	if u.err == nil {
		u.err = errors.New("unseal original: closed")
	}
	u.plain = nil
	return u.f.Close()
}
