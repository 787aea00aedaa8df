package search

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	bleve "github.com/blevesearch/bleve/v2"
	"github.com/blevesearch/bleve/v2/index/scorch"
	"golang.org/x/sys/unix"
)

// ErrHeld: another process has the index folder open.
var ErrHeld = errors.New("the search index is in use by another process; stop it, or give this one a folder of its own")

// lockFolder takes the folder for this process, at once or not at all: Bleve
// would wait for ever for the other one. The lock goes with the file.
func lockFolder(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, ".lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	for {
		err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if !errors.Is(err, unix.EINTR) {
			break
		}
	}
	if err == nil {
		return f, nil
	}
	f.Close()
	if errors.Is(err, unix.EWOULDBLOCK) {
		return nil, ErrHeld
	}
	return nil, err
}

// openBleve opens an index that a former process left. Bleve panics on a cut
// file, falls back to an older state when one is missing, and takes one with a
// wrong bit as it is: so the files are checked first, the rest happens under
// recover and within a time, and what it then holds is compared with the
// catalogue.
func openBleve(dir string, within time.Duration) (bleve.Index, error) {
	if err := checkSegments(filepath.Join(dir, "store")); err != nil {
		return nil, err
	}
	type answer struct {
		index bleve.Index
		err   error
	}
	got := make(chan answer)
	late := make(chan struct{})
	go func() {
		var a answer
		func() {
			defer recovered(&a.err)
			a.index, a.err = bleve.OpenUsing(dir, map[string]any{"bolt_timeout": within.String()})
		}()
		select {
		case got <- a:
		case <-late:
			if a.index != nil {
				a.index.Close()
			}
		}
	}()
	timer := time.NewTimer(within)
	defer timer.Stop()
	select {
	case a := <-got:
		if a.err != nil {
			return nil, fmt.Errorf("%w: %v", errDamaged, a.err)
		}
		return a.index, nil
	case <-timer.C:
		close(late)
		return nil, fmt.Errorf("%w: it did not open within %s", errDamaged, within)
	}
}

func createBleve(dir string) (_ bleve.Index, err error) {
	defer recovered(&err)
	return bleve.NewUsing(dir, newMapping(), scorch.Name, scorch.Name, nil)
}

// checkSegments compares every segment with the checksum at its end, which
// Bleve writes and does not read.
func checkSegments(store string) error {
	return filepath.WalkDir(store, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() || !strings.HasSuffix(path, ".zap") {
			return nil
		}
		ok, err := checkSegment(path)
		if err == nil && !ok {
			err = fmt.Errorf("%w: segment %s", errDamaged, d.Name())
		}
		return err
	})
}

func checkSegment(path string) (bool, error) {
	f, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return false, err
	}
	if st.Size() < 4 {
		return false, nil
	}
	h := crc32.NewIEEE()
	if _, err := io.CopyN(h, f, st.Size()-4); err != nil {
		return false, err
	}
	var end [4]byte
	if _, err := io.ReadFull(f, end[:]); err != nil {
		return false, err
	}
	return [4]byte(h.Sum(nil)) == end, nil
}
