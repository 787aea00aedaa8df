package format

import (
	"bytes"
	"context"
	"slices"
	"sync/atomic"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// Most files need to be read only once: the first rows, and some from all over
// the file, show what its columns will turn out to be. The first pass converts
// by that while it looks at every cell; and if at the end the types are those
// that were foreseen, its rows are the table's. If not, nothing of it is kept.
// The types themselves are always decided by every row.

// Early takes the rows of a file's only table while it is still being read.
// Its methods are called one at a time, from several goroutines.
type Early interface {
	// Begin says what the columns look like. Decimals may turn out to have
	// another precision, and the metadata of fields is not complete.
	Begin(schema *arrow.Schema)
	// Batch lends the next rows.
	Batch(rec arrow.Record)
	// Drop says that none of it holds. Begin may follow again.
	Drop()
}

// early converts in the first pass. A nil one does nothing.
type early struct {
	to      Early
	guess   *table
	columns []converter
	builder *array.RecordBuilder
	rows    int64 // in the open batch, its last block left out
	bytes   int64
	failed  atomic.Bool
}

// sampleRecords are looked at where the source has no samples of its own.
const sampleRecords = 2000

// sample shows records that are likely to be rows.
func (f *finder) sample(ctx context.Context, l *layout, see func(*record)) {
	if f.samples != nil {
		f.samples(see)
		return
	}
	src, err := f.records(ctx, l)
	for n := 0; err == nil && n < sampleRecords; n++ {
		if err = src.next(); err == nil {
			see(src.at())
		}
	}
}

// foresee says what the columns will be; nil: nobody wants to know, or it
// cannot be said.
func (f *finder) foresee(ctx context.Context, p *pass) *early {
	if f.opts.Early == nil || p.sections || len(f.report.Tables) > 0 || f.part != (region{}) {
		return nil
	}
	l := *p.l
	q := f.newPass(&l)
	var cells []cell
	f.sample(ctx, &l, func(r *record) {
		switch {
		case r.blank, r.hidden, r.comment, r.n > 0 && r.n < l.header.from:
			return
		case l.given, len(r.cells) < l.width && l.padded:
			cells = append(cells[:0], r.cells...)
			for len(cells) < l.width {
				cells = append(cells, cell{})
			}
		default:
			cells = r.cells
		}
		if len(cells) != l.width || !l.given && weak(cells, l.width) {
			return
		}
		q.acc.Data++
		for j := range q.cols {
			q.cols[j].add(&cells[j], q.acc.Data, r.line)
		}
	})
	if q.acc.Data == 0 {
		return nil
	}
	q.acc.Records = q.acc.Data
	g := *f
	g.problems, g.report = nil, &Report{Delimiter: f.report.Delimiter}
	t, err := g.table(q)
	if err != nil {
		return nil // the pass itself will say so
	}
	e := &early{to: f.opts.Early, guess: t, builder: array.NewRecordBuilder(memory.DefaultAllocator, t.schema)}
	for j, s := range t.specs {
		e.columns = append(e.columns, newConverter(s, e.builder.Field(j)))
	}
	e.to.Begin(t.schema)
	return e
}

// converter of a column; nil: it is not converted.
func (e *early) converter(j int) *converter {
	if e == nil || j >= len(e.columns) || e.failed.Load() {
		return nil
	}
	return &e.columns[j]
}

func (e *early) fail() {
	if e != nil {
		e.failed.Store(true)
	}
}

// batchFull: with this block the open batch has as many rows as it may.
func (e *early) batchFull(b *block) bool {
	return e != nil && e.rows+int64(len(b.lines)) >= batchRows
}

// close counts a block into the open batch, and marks it where it ends it.
func (e *early) close(b *block, width int) {
	if e == nil {
		return
	}
	e.rows += int64(len(b.lines))
	e.bytes += int64(len(b.text))
	if e.rows >= batchRows || e.bytes >= batchBytes {
		e.rows, e.bytes = 0, 0
		b.batch = make([]arrow.Array, width)
	}
}

// give hands on the batch that a block ends. Blocks end in their order.
func (e *early) give(b *block) {
	if e == nil || b.batch == nil {
		return
	}
	cols := b.batch[:len(e.columns)]
	if !e.failed.Load() && !slices.Contains(cols, nil) {
		rec := array.NewRecord(e.guess.schema, cols, int64(cols[0].Len()))
		e.to.Batch(rec)
		rec.Release()
	}
	for _, c := range cols {
		if c != nil {
			c.Release()
		}
	}
}

// finish gives the rows that are left, and says whether all that was given are
// the rows of the table.
func (e *early) finish(t *table) bool {
	if e == nil {
		return false
	}
	defer e.builder.Release()
	if e.failed.Load() || !slices.EqualFunc(e.guess.specs, t.specs, sameValues) || t.hasMisfits() {
		e.to.Drop()
		return false
	}
	if rec := e.builder.NewRecord(); rec.NumRows() > 0 {
		e.to.Batch(rec)
		rec.Release()
	}
	return true
}

// drop ends a pass that was in vain.
func (e *early) drop() {
	if e != nil {
		e.to.Drop()
		e.builder.Release()
	}
}

// sameValues: cells become the same values by both. Precision, the words for a
// format and who decided do not matter to a value.
func sameValues(a, b spec) bool {
	return a.base == b.base && a.accept == b.accept && a.read == b.read && a.scale == b.scale && a.monthFirst == b.monthFirst &&
		a.unit == b.unit && a.offset == b.offset && a.tokens == b.tokens && a.trim == b.trim && a.report == b.report &&
		slices.EqualFunc(a.own, b.own, bytes.Equal)
}
