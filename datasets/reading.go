package datasets

import (
	"io"
	"sync"
)

// reading tells how much of the staged files has been read back. A file counts
// once, however often its readers come again. Safe for concurrent use: files
// are read side by side.
type reading struct {
	progress func(stage string, done, all int64)
	all      int64

	mu         sync.Mutex // also held while progress is told
	done, told int64      // guarded by mu
}

// tellEvery is how many bytes pass between two words about them.
const tellEvery = 1 << 20

func newReading(tables []stagedTable, progress func(stage string, done, all int64)) *reading {
	r := &reading{progress: progress}
	for _, t := range tables {
		for _, f := range t.files {
			r.all += f.Bytes
		}
	}
	progress(StageCheck, 0, r.all)
	return r
}

// of counts what is read of one file.
func (r *reading) of(file io.ReaderAt, size int64) io.ReaderAt {
	return &readFile{file: file, reading: r, left: size}
}

// end tells that everything has been read and has passed.
func (r *reading) end() { r.progress(StageCheck, r.all, r.all) }

type readFile struct {
	file    io.ReaderAt
	reading *reading
	left    int64 // not read yet; guarded by reading.mu
}

func (f *readFile) ReadAt(p []byte, off int64) (int, error) {
	n, err := f.file.ReadAt(p, off)
	r := f.reading
	r.mu.Lock()
	defer r.mu.Unlock()
	more := min(int64(n), f.left)
	f.left -= more
	r.done += more
	// Not the last bytes: only end says that all is done.
	if r.done-r.told >= tellEvery && r.done < r.all {
		r.told = r.done
		r.progress(StageCheck, r.done, r.all)
	}
	return n, err
}
