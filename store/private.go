package store

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
)

// Private is the place of what agencies sent. The zero Private refuses
// everything.
type Private struct {
	private *disk
	keys    *keys
}

// OpenPrivate opens dir, and makes and stamps it where it is new, with
// originals/, parts/, staging/ and tmp/ in it, all closed to other users. The master
// key comes from DAYLIGHT_MASTER_KEY (32 bytes in base64), from the command that
// DAYLIGHT_MASTER_KEY_COMMAND names, or from dir/master.key, which is made at the first start and never again: where
// originals exist and the key is missing, or is not the one they were sealed
// under, the answer is ErrKey.
func OpenPrivate(ctx context.Context, dir string) (Private, error) {
	p, err := openPrivate(ctx, dir)
	if err != nil {
		return Private{}, fmt.Errorf("open private place: %w", err)
	}
	return p, nil
}

func openPrivate(ctx context.Context, dir string) (Private, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return Private{}, diskError(err)
	}
	if err := stamp(dir, privateStamp, publicStamp, true); err != nil {
		return Private{}, err
	}
	d := newDisk(dir, 0o600, false)
	for _, name := range []string{"originals", "parts", "staging", "tmp"} {
		if err := d.makeFolder(filepath.Join(dir, name)); err != nil {
			return Private{}, err
		}
	}
	outside, err := keyFromOutside(ctx)
	if err != nil {
		return Private{}, err
	}
	k, err := openKeys(d, outside)
	if err != nil {
		return Private{}, err
	}
	return Private{private: d, keys: k}, nil
}

// Blobs are the raw objects of the place: originals, still sealed, are
// "originals/{upload id}".
func (p Private) Blobs() Blobs { return p.private }

// Err says why the place takes no writes, or nil.
func (p Private) Err() error {
	if p.keys == nil {
		return errZero
	}
	return p.private.writable()
}

// KeyMade says that OpenPrivate made master.key just now: to be announced,
// because without a copy of it no original can ever be read again.
func (p Private) KeyMade() bool { return p.keys != nil && p.keys.made }

// Spool is a temporary file that is already unlinked: it is gone when it is
// closed, or when the process dies. Its plaintext is the parse child's food.
func (p Private) Spool() (*os.File, error) {
	if err := p.Err(); err != nil {
		return nil, fmt.Errorf("spool: %w", err)
	}
	f, err := p.private.create("spool")
	if err != nil {
		return nil, fmt.Errorf("spool: %w", err)
	}
	if err := os.Remove(f.Name()); err != nil {
		f.Close()
		return nil, fmt.Errorf("spool: %w", err)
	}
	return f, nil
}

// Sweep removes what a killed process left behind: unfinished files and
// stages. Uploads that come in parts stay: see OpenParts. Call it at start, by the holder of LockPrivate and before any work
// begins; it returns how many files and stages went.
func (p Private) Sweep(ctx context.Context) (int, error) {
	if err := p.Err(); err != nil {
		return 0, fmt.Errorf("sweep private place: %w", err)
	}
	n, err := p.private.sweep(ctx, p.private.tmp)
	if err == nil {
		var m int
		m, err = p.private.sweep(ctx, p.private.path("staging"))
		n += m
	}
	if err != nil {
		return n, fmt.Errorf("sweep private place: %w", err)
	}
	return n, nil
}
