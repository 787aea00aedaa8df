package datasets

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"unicode/utf8"

	"github.com/apache/arrow/go/v17/arrow/array"

	"daylight/privacy"
	"daylight/store"
)

// Library reads what is on the shelf. It has no way to change it.
type Library struct{ public store.Public }

func NewLibrary(public store.Public) Library { return Library{public: public} }

// Library gives the reading side of the shelf.
func (s *Shelf) Library() Library { return Library{public: s.public} }

// Open gives n bytes from off; n < 0: to the end. A file that is not there is
// fs.ErrNotExist.
func (l Library) Open(ctx context.Context, r Ref, off, n int64) (io.ReadCloser, error) {
	return l.public.Blobs().Open(ctx, r.Key(), off, n)
}

// File gives the whole file as a local one, for sendfile. The caller closes it.
func (l Library) File(ctx context.Context, r Ref) (*os.File, error) {
	return l.public.Blobs().File(ctx, r.Key())
}

// Size is the number of bytes.
func (l Library) Size(ctx context.Context, r Ref) (int64, error) {
	return l.public.Blobs().Size(ctx, r.Key())
}

// A Cell of a preview; of a null Text is "", of a very long one its beginning
// and "…".
type Cell struct {
	Text string
	Null bool
}

// ErrPreview: rows were asked for that no preview reaches.
var ErrPreview = errors.New("preview: only the first rows can be shown; download the file for the others")

// PreviewRows is how far into a file Rows reads.
const PreviewRows = 10_000

// previewBytes is how much of a cell is shown: the outline of a province is
// megabytes of text, and nobody reads it in a table.
const previewBytes = 2000

// PreviewText is the beginning of a long cell and "…", and else the cell.
func PreviewText[T string | []byte](cell T) string {
	if len(cell) <= previewBytes {
		return string(cell)
	}
	n := previewBytes
	for n > 0 && !utf8.RuneStart(cell[n]) {
		n--
	}
	return string(cell[:n]) + "…"
}

// Rows gives up to n rows from row `from` (the first is 0) of a file in this
// format. It reads the head of the file and stops; fewer rows than n are given
// at the end of the table.
func (l Library) Rows(ctx context.Context, r Ref, format string, from, n int) (columns []string, rows [][]Cell, err error) {
	if from < 0 || n < 0 || from+n < 0 || from+n > PreviewRows {
		return nil, nil, ErrPreview
	}
	if format == csvFormat.Name {
		return l.head(ctx, r, from, n)
	}
	f, ok := FormatOf(format)
	if !ok {
		return nil, nil, fmt.Errorf("preview: no format of this name")
	}
	file, err := l.File(ctx, r)
	if err != nil {
		return nil, nil, fmt.Errorf("preview: %w", err)
	}
	defer file.Close()
	st, err := file.Stat()
	if err != nil {
		return nil, nil, fmt.Errorf("preview: %w", err)
	}
	t, err := f.Read(file, st.Size())
	if err != nil {
		return nil, nil, fmt.Errorf("preview: %w", err)
	}
	return slice(ctx, t, from, n)
}

// head reads the CSV from its start: no size, no second file, and nothing
// beyond the last row that was asked for.
func (l Library) head(ctx context.Context, r Ref, from, n int) (columns []string, rows [][]Cell, err error) {
	f, err := l.Open(ctx, r, 0, -1)
	if err != nil {
		return nil, nil, fmt.Errorf("preview: %w", err)
	}
	defer f.Close()
	s := &csvScanner{lineReader: lineReader{r: bufio.NewReader(f)}}
	if err := s.record(); err != nil {
		return nil, nil, fmt.Errorf("preview: %w", err)
	}
	for i := range s.cells() {
		name, _ := s.cell(i)
		columns = append(columns, string(name))
	}
	for at := 0; at < from+n; at++ {
		if err := s.record(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, nil, fmt.Errorf("preview: %w", err)
		}
		if at < from {
			continue
		}
		row := make([]Cell, s.cells())
		for i := range row {
			text, null := s.cell(i)
			row[i] = Cell{Text: PreviewText(text), Null: null}
		}
		rows = append(rows, row)
	}
	return columns, rows, nil
}

func slice(ctx context.Context, t privacy.Table, from, n int) (columns []string, rows [][]Cell, err error) {
	for _, f := range t.Schema().Fields() {
		columns = append(columns, f.Name)
	}
	var rr array.RecordReader
	if rr, err = t.Rows(ctx); err != nil {
		return nil, nil, fmt.Errorf("preview: %w", err)
	}
	defer rr.Release()
	at := 0
	for len(rows) < n && rr.Next() {
		rec := rr.Record()
		for i := max(0, from-at); i < int(rec.NumRows()) && len(rows) < n; i++ {
			row := make([]Cell, rec.NumCols())
			for c := range row {
				col := rec.Column(c)
				row[c] = Cell{Text: PreviewText(privacy.AppendCell(nil, col, i)), Null: col.IsNull(i)}
			}
			rows = append(rows, row)
		}
		at += int(rec.NumRows())
	}
	if err := rr.Err(); err != nil {
		return nil, nil, fmt.Errorf("preview: %w", err)
	}
	return columns, rows, nil
}
