package privacy

import (
	"context"
	"errors"
	"hash/maphash"
	"slices"
	"sync/atomic"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
)

// source holds a Table to its word. What was examined must be what is treated,
// counted and written, so every reading must give the columns of the schema
// and, at its end, the very cells of the first reading. Its errors repeat
// nothing of what a foreign reader says, which may quote a cell; the chain
// behind them is kept for errors.Is.
type source struct {
	table  Table
	schema *arrow.Schema
	seed   maphash.Seed
	text   bool // summed as text, not by values
	known  bool // one reading has come to its end
	rows   int64
	sums   []cellSum
}

func newSource(t Table) (*source, error) {
	if t == nil || t.Schema() == nil {
		return nil, errNoTable
	}
	return &source{table: t, schema: t.Schema(), seed: newSumSeed()}, nil
}

func (s *source) Schema() *arrow.Schema { return s.schema }

func (s *source) Rows(ctx context.Context) (array.RecordReader, error) {
	r, err := s.read(ctx)
	if err != nil {
		return nil, err
	}
	return r, nil
}

func (s *source) read(ctx context.Context) (*sourceRows, error) {
	in, err := s.table.Rows(ctx)
	if err != nil {
		return nil, &readError{err}
	}
	return &sourceRows{from: s, in: in, sum: newSummer(s.seed, s.schema.NumFields(), s.text), refs: 1}, nil
}

// end compares a reading that came to its end with the first one.
func (s *source) end(rows int64, sums []cellSum) error {
	if !s.known {
		s.known, s.rows, s.sums = true, rows, sums
	}
	if rows != s.rows || !slices.Equal(sums, s.sums) {
		return errChanged
	}
	return nil
}

var (
	errNoTable      = errors.New("there is no table")
	errChanged      = errors.New("the table changed between two readings")
	errOtherColumns = errors.New("a batch has other columns than the table")
)

type sourceRows struct {
	from *source
	in   array.RecordReader
	sum  *summer
	rows int64
	done bool
	err  error
	refs int64
}

func (r *sourceRows) Retain() { atomic.AddInt64(&r.refs, 1) }

func (r *sourceRows) Release() {
	if atomic.AddInt64(&r.refs, -1) == 0 {
		r.done = true
		r.in.Release()
	}
}

func (r *sourceRows) Schema() *arrow.Schema { return r.from.schema }
func (r *sourceRows) Record() arrow.Record  { return r.in.Record() }
func (r *sourceRows) Err() error            { return r.err }

func (r *sourceRows) Next() bool {
	if r.done {
		return false
	}
	if !r.in.Next() {
		r.done = true
		if err := r.in.Err(); err != nil {
			r.err = &readError{err}
		} else {
			r.err = r.from.end(r.rows, r.sum.sums())
		}
		return false
	}
	if !fits(r.in.Record(), r.from.schema) {
		r.done, r.err = true, errOtherColumns
		return false
	}
	r.sum.add(r.in.Record())
	r.rows += r.in.Record().NumRows()
	return true
}

// fits tells whether a record has the schema's columns, in its order.
func fits(rec arrow.Record, s *arrow.Schema) bool {
	if int(rec.NumCols()) != s.NumFields() {
		return false
	}
	for i, f := range s.Fields() {
		if rec.ColumnName(i) != f.Name || !arrow.TypeEqual(rec.Column(i).DataType(), f.Type) || int64(rec.Column(i).Len()) != rec.NumRows() {
			return false
		}
	}
	return true
}

// readError says that a table cannot be read, and not in whose words.
type readError struct{ err error }

func (e *readError) Unwrap() error { return e.err }

func (e *readError) Error() string {
	for _, known := range []error{context.Canceled, context.DeadlineExceeded, errChanged, errOtherColumns} {
		if errors.Is(e.err, known) {
			return known.Error()
		}
	}
	return "the table cannot be read"
}
