package privacy

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"sync/atomic"
	"unicode"
	"unicode/utf8"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"golang.org/x/text/unicode/norm"
)

// Cleared is a table to which a decided plan has been applied. Only Plan.Apply
// makes one. Its rows are treated as they are read; what they become is public
// only after Check has seen it written.
type Cleared struct {
	r       *resolved
	report  Report
	schema  *arrow.Schema
	taken   bool
	people  []person  // of the rows that were given out, where a guard counts them
	sums    []cellSum // of the cells that were given out, by their values
	texts   []cellSum // and as text
	digest  *digester // of the same; nil: nobody asked
	rows    int64
	done    bool // the rows were read to their end without an error
	checked bool
	seeds   [2]maphash.Seed // for persons
}

// Apply examines the table, holds the plan against it, and runs the guard's
// first pass. It errors (*Problems, ErrUndecided or ErrRefused) unless EVERY
// column has a treatment, every finding a decision, and the guard can keep its
// bounds. Nothing has been given out then.
func (p Plan) Apply(ctx context.Context, t Table) (*Cleared, error) {
	r, err := p.resolve(ctx, t, false)
	if err != nil {
		return nil, err
	}
	return r.clear(ctx)
}

// clear runs the first pass.
func (r *resolved) clear(ctx context.Context) (*Cleared, error) {
	c := &Cleared{r: r, schema: r.schema, seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}}
	c.report = r.newReport()
	if r.guard == nil {
		c.watch()
		return c, nil
	}
	err := c.pass(ctx, func(b Batch, _ []Effect) error { return r.guard.See(b) })
	if err != nil {
		return nil, err
	}
	e, err := r.guard.Settle(ctx)
	if err != nil {
		return nil, err
	}
	c.schema = r.guard.Schema()
	model, risk := r.guard.Report()
	model.Levels = r.levels()
	c.report.Model, c.report.Risk = &model, &risk
	c.report.RowsSuppressed, c.report.RowsRemoved = e.Changed, e.Removed
	c.watch()
	return c, nil
}

// watch has the rows digested where somebody has agreed to them.
func (c *Cleared) watch() {
	if c.r.plan.setting.Agreed != nil {
		c.digest = newDigester(c.schema)
	}
}

// pass reads the table once and hands each treated batch to f, which may keep
// it only by retaining it.
func (c *Cleared) pass(ctx context.Context, f func(Batch, []Effect) error) error {
	rr, err := c.r.table.Rows(ctx)
	if err != nil {
		return fmt.Errorf("apply plan: %w", err)
	}
	defer rr.Release()
	row := int64(1)
	for rr.Next() {
		if err := ctx.Err(); err != nil {
			return err
		}
		b, effects, err := c.treat(rr.Record(), row)
		if err != nil {
			return err
		}
		err = f(b, effects)
		b.Release()
		if err != nil {
			return err
		}
		row += rr.Record().NumRows()
	}
	if err := rr.Err(); err != nil {
		return fmt.Errorf("apply plan: row %d: %w", row, err)
	}
	return nil
}

// treat makes the treated batch of a record of the file; row is its first.
func (c *Cleared) treat(rec arrow.Record, row int64) (Batch, []Effect, error) {
	people, err := c.persons(rec, row)
	if err != nil {
		return Batch{}, nil, err
	}
	cols := make([]arrow.Array, 0, len(c.r.columns))
	defer func() {
		for _, col := range cols {
			col.Release()
		}
	}()
	effects := make([]Effect, len(c.r.columns))
	for i, col := range c.r.columns {
		a := rec.Column(col.source)
		a.Retain()
		for _, do := range col.steps {
			out, e, err := do(a)
			a.Release()
			if err != nil {
				return Batch{}, nil, col.failed(err, row)
			}
			effects[i].add(e)
			a = out
		}
		cols = append(cols, a)
	}
	return Batch{Record: array.NewRecord(c.r.schema, cols, rec.NumRows()), Person: people}, effects, nil
}

func (c resolvedColumn) failed(err error, row int64) error {
	var cell *cellError
	if !errors.As(err, &cell) {
		return fmt.Errorf("apply plan: column %d: %w", c.source+1, err)
	}
	return &Problems{List: []Problem{{Err: ErrRefused, Column: c.shown, Row: row + int64(cell.row), Code: "cell", Detail: cell.detail}}}
}

// persons hashes who each row is about, before any treatment.
func (c *Cleared) persons(rec arrow.Record, row int64) ([]person, error) {
	if c.r.guard == nil {
		return nil, nil
	}
	out := make([]person, rec.NumRows())
	var cell, name []byte
	for i := range out {
		if c.r.person < 0 {
			out[i] = person{uint64(row) + uint64(i), 0}
			continue
		}
		cell = AppendCell(cell[:0], rec.Column(c.r.person), i)
		name = appendPersonKey(name[:0], cell)
		if len(name) == 0 {
			return nil, &Problems{List: []Problem{{Err: ErrRefused, Row: row + int64(i), Code: "person-key-empty",
				Detail: "the person key is empty in this row, so persons cannot be counted: fill it in"}}}
		}
		out[i] = person{maphash.Bytes(c.seeds[0], name), maphash.Bytes(c.seeds[1], name)}
	}
	return out, nil
}

// appendPersonKey folds a person's key, so that one person written in two ways
// (spaces or dots within, a leading zero that a spreadsheet lost, capitals)
// counts once. Taking two for one only makes the guard stricter.
func appendPersonKey(dst, cell []byte) []byte {
	zero := false
	for _, r := range string(norm.NFKC.Bytes(cell)) {
		switch {
		case r == '0' && len(dst) == 0:
			zero = true
		case unicode.IsLetter(r), unicode.IsMark(r), unicode.IsNumber(r):
			dst = utf8.AppendRune(dst, unicode.ToLower(r))
		}
	}
	if zero && len(dst) == 0 {
		dst = append(dst, '0')
	}
	return dst
}

// Table is the plan's name of the table; "" where the file holds one.
func (c *Cleared) Table() string {
	if c == nil || c.r == nil {
		return ""
	}
	return c.r.plan.Table
}

// Schema is that of the rows; nil on the zero Cleared.
func (c *Cleared) Schema() *arrow.Schema {
	if c == nil {
		return nil
	}
	return c.schema
}

// Report says what was done so far; complete after Check.
func (c *Cleared) Report() Report {
	if c == nil {
		return Report{}
	}
	return c.report
}

// Checked says whether the gates have seen what was written and let it pass.
func (c *Cleared) Checked() bool { return c != nil && c.checked }

// Rows gives the cleared rows, once; nil on the zero Cleared and the second
// time. An error, also one in the middle, is told by Err at the end.
func (c *Cleared) Rows() array.RecordReader {
	if c == nil || c.r == nil || c.taken {
		return nil
	}
	c.taken = true
	return &clearedRows{c: c, refs: 1}
}

// clearedRows reads the file a second time, treats, and lets the guard pass.
type clearedRows struct {
	c     *Cleared
	in    *sourceRows
	row   int64
	now   arrow.Record
	sum   *summer // of columns that are not given out as they stand in the file
	text  *summer // of columns that are not text: those have one sum
	err   error
	ended bool
	refs  int64
}

func (r *clearedRows) Retain() { atomic.AddInt64(&r.refs, 1) }

func (r *clearedRows) Release() {
	if atomic.AddInt64(&r.refs, -1) != 0 {
		return
	}
	if r.now != nil {
		r.now.Release()
		r.now = nil
	}
	if r.in != nil {
		r.in.Release()
		r.in = nil
	}
	r.ended = true // never read from the start a second time
}

func (r *clearedRows) Schema() *arrow.Schema { return r.c.schema }
func (r *clearedRows) Record() arrow.Record  { return r.now }
func (r *clearedRows) Err() error            { return r.err }

func (r *clearedRows) Next() bool {
	if r.now != nil {
		r.now.Release()
		r.now = nil
	}
	if r.err != nil || r.ended {
		return false
	}
	if r.in == nil {
		// The rows outlive the call that asked for them, and the reader that
		// takes them checks its own context between batches.
		if r.in, r.err = r.c.r.table.read(context.Background()); r.err != nil {
			r.err = fmt.Errorf("apply plan: %w", r.err)
			return false
		}
		r.row = 1
		r.startSums()
	}
	for r.in.Next() {
		b, effects, err := r.c.treat(r.in.Record(), r.row)
		if err != nil {
			r.err = err
			return false
		}
		r.row += r.in.Record().NumRows()
		r.c.report.RowsIn += r.in.Record().NumRows()
		for i, e := range effects {
			r.c.report.Columns[i].Cells += e.Changed
			r.c.report.Columns[i].Unknown += e.Unknown
		}
		if r.c.r.guard != nil {
			passed, err := r.c.r.guard.Pass(b)
			b.Release()
			if err != nil {
				r.err = err
				return false
			}
			b = passed
			r.c.people = append(r.c.people, b.Person...)
		}
		if b.NumRows() == 0 {
			b.Release()
			continue
		}
		for i, col := range r.c.r.columns {
			if r.sum.skip[i] && b.Column(i) != r.in.Record().Column(col.source) {
				b.Release()
				r.err = errors.New("apply plan: a column that is kept did not stay as it was")
				return false
			}
		}
		r.sum.add(b.Record)
		r.text.add(b.Record)
		if r.c.digest != nil {
			r.c.digest.add(b.Record)
		}
		r.c.rows += b.NumRows()
		r.now = b.Record
		return true
	}
	if err := r.in.Err(); err != nil {
		r.err = fmt.Errorf("apply plan: row %d: %w", r.row, err)
		return false
	}
	r.ended, r.c.done = true, true
	r.endSums()
	r.c.report.RowsOut = r.c.rows
	return false
}

// startSums: a column that leaves as it came has been summed by the reading.
func (r *clearedRows) startSums() {
	fields := r.c.schema.Fields()
	seed := r.c.r.table.seed
	r.sum, r.text = newSummer(seed, len(fields), false), newSummer(seed, len(fields), true)
	r.sum.skip, r.text.skip = make([]bool, len(fields)), make([]bool, len(fields))
	for i, f := range fields {
		r.sum.skip[i] = r.c.r.guard == nil && r.c.r.columns[i].plan.keeps()
		r.text.skip[i] = f.Type.ID() == arrow.STRING
	}
}

func (r *clearedRows) endSums() {
	read := r.in.sum.sums()
	r.c.sums, r.c.texts = r.sum.sums(), r.text.sums()
	for i, col := range r.c.r.columns {
		if r.sum.skip[i] {
			r.c.sums[i] = read[col.source]
		}
		if r.text.skip[i] {
			r.c.texts[i] = r.c.sums[i]
		}
	}
}
