package difference

import (
	"os"
	"slices"
	"sync"
)

// spillBuffer is how much of a bucket stands in memory.
const spillBuffer = 8 << 10

// A spill keeps records in buckets. What does not fit into the buckets' buffers
// goes into a temporary file without a name, so that nothing is left behind,
// whatever happens. First all is added, also concurrently, then it is read.
type spill struct {
	folder string

	mu     sync.Mutex // over what follows
	file   *os.File   // nil: all is in memory
	end    int64
	open   [][]byte  // by bucket: records that are not in the file yet
	pieces [][]piece // by bucket: those that are
}

// piece is a part of the file.
type piece struct {
	at int64
	n  int
}

func newSpill(folder string, buckets int) *spill {
	return &spill{folder: folder, open: make([][]byte, buckets), pieces: make([][]piece, buckets)}
}

// add takes whole records.
func (s *spill) add(bucket int, records []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open[bucket] = append(s.open[bucket], records...)
	if len(s.open[bucket]) < spillBuffer {
		return nil
	}
	if s.file == nil {
		f, err := unnamed(s.folder)
		if err != nil {
			return err
		}
		s.file = f
	}
	n, err := s.file.WriteAt(s.open[bucket], s.end)
	if err != nil {
		return err
	}
	s.pieces[bucket] = append(s.pieces[bucket], piece{s.end, n})
	s.end += int64(n)
	s.open[bucket] = s.open[bucket][:0]
	return nil
}

// each gives the records of a bucket in the order in which they came, some at a
// time; they are only lent. Nothing is added any more.
func (s *spill) each(bucket int, f func(records []byte) error) error {
	var buf []byte
	for _, p := range s.pieces[bucket] {
		buf = slices.Grow(buf[:0], p.n)[:p.n]
		if _, err := s.file.ReadAt(buf, p.at); err != nil {
			return err
		}
		if err := f(buf); err != nil {
			return err
		}
	}
	return f(s.open[bucket])
}

func (s *spill) buckets() int { return len(s.open) }

func (s *spill) close() error {
	if s == nil || s.file == nil {
		return nil
	}
	return s.file.Close()
}

// unnamed is a temporary file that is gone when it is closed.
func unnamed(folder string) (*os.File, error) {
	f, err := os.CreateTemp(folder, "daylight-difference-*")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(f.Name()); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}
