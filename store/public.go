package store

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"regexp"

	"golang.org/x/sys/unix"
)

// Public is the place of what anyone may read. The zero Public refuses
// everything.
type Public struct{ public *disk }

// OpenPublic opens dir, and makes and stamps it where it is new. With readOnly
// nothing is written, not even a stamp, and the folder may be a copy on a
// read-only disk; it must hold the stamp.
func OpenPublic(ctx context.Context, dir string, readOnly bool) (Public, error) {
	d := newDisk(dir, 0o644, readOnly)
	if !readOnly {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return Public{}, fmt.Errorf("open public place: %w", diskError(err))
		}
	}
	if err := stamp(dir, publicStamp, privateStamp, !readOnly); err != nil {
		return Public{}, fmt.Errorf("open public place: %w", err)
	}
	if !readOnly {
		for _, name := range []string{"files", "tmp"} {
			if err := d.makeFolder(filepath.Join(dir, name)); err != nil {
				return Public{}, fmt.Errorf("open public place: %w", err)
			}
		}
	}
	return Public{public: d}, nil
}

// Blobs are the files of the place, published ones under FileKey.
func (p Public) Blobs() Blobs { return p.public }

// Err says why the place takes no writes, or nil.
func (p Public) Err() error { return p.public.writable() }

// Adopt moves a staged file to FileKey(sum) and makes it durable. The content
// is hashed again on the way: a file whose SHA-256 is not sum never gets
// there (ErrDamaged). Adopting what was adopted is not an error, and heals a
// damaged copy; the staged file is gone afterwards.
func (p Public) Adopt(ctx context.Context, sum [32]byte, staged string) error {
	if err := p.public.adopt(ctx, sum, staged); err != nil {
		return fmt.Errorf("adopt %x: %w", sum[:6], err)
	}
	return nil
}

func (d *disk) adopt(ctx context.Context, sum [32]byte, staged string) error {
	if err := d.writable(); err != nil {
		return err
	}
	target := d.path(FileKey(sum))
	f, err := os.Open(staged)
	if errors.Is(err, ErrNotExist) {
		// A job that runs again: the first run may have come this far.
		if _, terr := os.Stat(target); terr == nil {
			return d.syncFolder(filepath.Dir(target))
		}
	}
	if err != nil {
		return reason(err)
	}
	defer f.Close()
	if err := d.makeFolder(filepath.Dir(target)); err != nil {
		return err
	}
	if err := hashes(ctx, f, io.Discard, sum); err != nil {
		return err
	}
	if err := d.flush(f); err != nil {
		return err
	}
	Fail("adopt.synced")
	err = os.Rename(staged, target)
	if errors.Is(err, unix.EXDEV) {
		err = d.copyOver(ctx, sum, staged, target)
	}
	if err != nil {
		return diskError(err)
	}
	Fail("adopt.renamed")
	return d.syncFolder(filepath.Dir(target))
}

// copyOver is the rename between two file systems.
func (d *disk) copyOver(ctx context.Context, sum [32]byte, staged, target string) error {
	in, err := os.Open(staged)
	if err != nil {
		return reason(err)
	}
	defer in.Close()
	out, err := d.create("adopt")
	if err != nil {
		return err
	}
	defer discard(out)
	if err := hashes(ctx, in, out, sum); err != nil {
		return err
	}
	if err := d.flush(out); err != nil {
		return err
	}
	Fail("adopt.copied")
	if err := os.Rename(out.Name(), target); err != nil {
		return err
	}
	return os.Remove(staged)
}

// hashes copies r to w and refuses another content than sum's.
func hashes(ctx context.Context, r io.Reader, w io.Writer, sum [32]byte) error {
	h := sha256.New()
	if _, err := io.Copy(io.MultiWriter(h, w), untilDone(ctx, r)); err != nil {
		return diskError(err)
	}
	if [32]byte(h.Sum(nil)) != sum {
		return fmt.Errorf("%w: SHA-256 is another", ErrDamaged)
	}
	return nil
}

var fileRule = regexp.MustCompile(`^[0-9a-f]{64}$`)

// List gives the key of every published file, in order. What is not named like
// one is left out.
func (p Public) List(ctx context.Context) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		if p.public == nil {
			yield("", fmt.Errorf("list: %w", errZero))
			return
		}
		shards, err := os.ReadDir(p.public.path("files"))
		if err != nil && !errors.Is(err, ErrNotExist) {
			yield("", fmt.Errorf("list: %w", err))
			return
		}
		for _, shard := range shards {
			if err := ctx.Err(); err != nil {
				yield("", err)
				return
			}
			if !shard.IsDir() {
				continue
			}
			files, err := os.ReadDir(p.public.path("files/" + shard.Name()))
			if err != nil {
				yield("", fmt.Errorf("list: %w", err))
				return
			}
			for _, f := range files {
				if fileRule.MatchString(f.Name()) && f.Name()[:2] == shard.Name() && f.Type().IsRegular() {
					if !yield("files/"+shard.Name()+"/"+f.Name(), nil) {
						return
					}
				}
			}
		}
	}
}

// Sweep removes what a killed process left half-written. Call it at start, by
// the holder of LockPublic; it returns how many files went.
func (p Public) Sweep(ctx context.Context) (int, error) {
	if p.public == nil {
		return 0, fmt.Errorf("sweep public place: %w", errZero)
	}
	n, err := p.public.sweep(ctx, p.public.tmp)
	if err != nil {
		return n, fmt.Errorf("sweep public place: %w", err)
	}
	return n, nil
}
