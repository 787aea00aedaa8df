package datasets

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/ipc"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"daylight/privacy"
)

// Arrow IPC, the file form: uncompressed and 8-byte aligned, so that a reader
// may map it. No dictionaries: v17 refuses one that grows, and its Close hides
// the loss.
var arrowFormat = Format{
	Name:      "arrow",
	Ext:       ".arrow",
	MediaType: "application/vnd.apache.arrow.file",
	New:       newArrow,
	Read:      readArrow,
}

func newArrow(w io.WriteSeeker, s *arrow.Schema) (Writer, error) {
	// v17 asks where the file stands by Seek(0, SeekCurrent) after every
	// message: it never goes back, but it must be told the truth
	return ipc.NewFileWriter(w, ipc.WithSchema(s), ipc.WithAllocator(memory.NewGoAllocator()))
}

type arrowTable struct {
	r      io.ReaderAt
	size   int64
	schema *arrow.Schema
}

func readArrow(r io.ReaderAt, size int64) (privacy.Table, error) {
	t := &arrowTable{r: r, size: size}
	f, err := t.open()
	if err != nil {
		return nil, err
	}
	t.schema = f.Schema()
	return t, f.Close()
}

func (t *arrowTable) Schema() *arrow.Schema { return t.schema }

// open recovers: v17's reader panics on a damaged file. It is never given a
// file that this program did not write.
func (t *arrowTable) open() (f *ipc.FileReader, err error) {
	defer func() {
		if recover() != nil {
			f, err = nil, errors.New("read arrow: damaged file")
		}
	}()
	f, err = ipc.NewFileReader(io.NewSectionReader(t.r, 0, t.size), ipc.WithAllocator(memory.NewGoAllocator()))
	if err != nil {
		return nil, fmt.Errorf("read arrow: %w", err)
	}
	return f, nil
}

func (t *arrowTable) Rows(ctx context.Context) (array.RecordReader, error) {
	f, err := t.open()
	if err != nil {
		return nil, err
	}
	i := 0
	next := func() (rec arrow.Record, err error) {
		defer func() {
			if recover() != nil {
				rec, err = nil, fmt.Errorf("read arrow: batch %d: damaged", i)
			}
		}()
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if i >= f.NumRecords() {
			return nil, io.EOF
		}
		i++
		rec, err = f.RecordAt(i - 1)
		if err != nil {
			// not wrapped with %w: an io.EOF inside would read as the end
			return nil, fmt.Errorf("read arrow: batch %d: %v", i, err)
		}
		return rec, nil
	}
	return newRecords(t.schema, next, func() { f.Close() }), nil
}
