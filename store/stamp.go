package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

const (
	publicStamp  = ".public"
	privateStamp = ".private"
)

// stamp marks dir as one side, or finds the mark that is there. The other
// side's mark in dir, or in any folder around it, is ErrStamp: the same path
// given twice, and a private place inside a public one, are both caught, by
// whatever links they were reached.
func stamp(dir, own, other string, make bool) error {
	real, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return err
	}
	if real, err = filepath.Abs(real); err != nil {
		return err
	}
	path := filepath.Join(real, own)
	made := false
	if make {
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		switch {
		case err == nil:
			made = true
			_, err = f.WriteString("daylight: this folder is " + own[1:] + " for ever; never rename or copy this file\n")
			if err := errors.Join(err, f.Sync(), f.Close(), syncPath(real)); err != nil {
				return diskError(err)
			}
		case !errors.Is(err, ErrExist):
			return diskError(err)
		}
	} else if _, err := os.Lstat(path); errors.Is(err, ErrNotExist) {
		return fmt.Errorf("%s has no %s: %w", dir, own, ErrStamp)
	} else if err != nil {
		return err
	}
	// Ours is written first and the other looked for after, so of two processes
	// that open one new folder as both kinds at least one sees the other.
	for at := real; ; at = filepath.Dir(at) {
		if _, err := os.Lstat(filepath.Join(at, other)); err == nil {
			if made {
				os.Remove(path)
			}
			return fmt.Errorf("%s holds %s: %w", at, other, ErrStamp)
		}
		if at == filepath.Dir(at) {
			return nil
		}
	}
}

func syncPath(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}
