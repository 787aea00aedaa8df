package privacy

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"
)

// Examine reads every cell of every row, never a sample, and reports what it
// found: counts and positions, no values. The year of s.Now is the last that a
// personal number may carry. Errors are those of the reader and the context.
func Examine(ctx context.Context, t Table, s Setting) (Profile, error) {
	e := newExamination(t.Schema(), s)
	if err := eachBatch(ctx, t, e.See); err != nil {
		return Profile{}, err
	}
	return e.profile(ctx, t)
}

// An Examination takes in a table batch by batch, as the batches come to be.
// Only NewExamination makes one. It is not safe for several goroutines.
type Examination struct {
	schema  *arrow.Schema
	setting Setting
	columns []*columnScan
	order   []int   // of the columns, the heaviest of the last batch first
	sum     *summer // of what was seen; nil: nobody will ask
	rows    int64
	memory  int // for the sets of distinct values, in bytes
}

// NewExamination begins the examination of a table of this schema.
func NewExamination(schema *arrow.Schema, s Setting) *Examination {
	e := newExamination(schema, s)
	e.sum = newSummer(newSumSeed(), schema.NumFields(), false)
	return e
}

func newExamination(schema *arrow.Schema, s Setting) *Examination {
	e := &Examination{schema: schema, setting: s, memory: setsMemory}
	for i, f := range schema.Fields() {
		e.columns = append(e.columns, newColumnScan(f, s.lastYear()))
		e.order = append(e.order, i)
	}
	return e
}

// See takes in the next rows of the table. The batch is only lent.
func (e *Examination) See(rec arrow.Record) error {
	if !fits(rec, e.schema) {
		return errOtherColumns
	}
	weight := make([]int64, len(e.columns))
	for i, c := range rec.Columns() {
		weight[i] = arrayBytes(c)
	}
	// The heaviest first: begun last, one alone would keep a core busy.
	slices.SortStableFunc(e.order, func(a, b int) int { return cmp.Compare(weight[b], weight[a]) })
	inParallel(len(e.order), func(k int) {
		i := e.order[k]
		e.columns[i].see(rec.Column(i), e.rows+1)
		if e.sum != nil {
			e.sum.cols[i].add(rec.Column(i), false)
		}
	})
	e.rows += rec.NumRows()
	e.giveUp()
	return nil
}

// giveUp drops the largest sets of distinct values until the others, with as
// many new values as the last batch brought, stay within the memory. It runs
// between batches, so that what is dropped depends on the rows alone and not
// on which core is the faster.
func (e *Examination) giveUp() {
	for {
		sum, most := 0, 0
		largest := -1
		for i, c := range e.columns {
			n := c.seen.size(c.fresh)
			sum += n
			if n > most {
				most, largest = n, i
			}
		}
		if sum <= e.memory {
			break
		}
		e.columns[largest].countRows()
	}
	for _, c := range e.columns {
		c.fresh = 0
	}
}

// profile decides over what was seen. t gives the same rows again, if two
// columns have to be held against each other.
func (e *Examination) profile(ctx context.Context, t Table) (Profile, error) {
	for _, c := range e.columns {
		c.seen = distinctSet{}
	}
	return decideOver(ctx, e.columns, e.rows, t, e.setting)
}

// decideOver makes a profile of columns that were scanned; t is their table.
func decideOver(ctx context.Context, columns []*columnScan, rows int64, t Table, s Setting) (Profile, error) {
	p := Profile{Rows: rows}
	d := decider{year: s.lastYear(), linked: s.Linked, columns: columns, profile: &p}
	d.decide()
	if d.wantsJoint() {
		if err := d.joint(ctx, t); err != nil {
			return Profile{}, err
		}
	}
	d.settle()
	return p, nil
}

// eachBatch reads a table once. Its errors name the batch's first row only:
// what a foreign reader says may quote a cell.
func eachBatch(ctx context.Context, t Table, f func(arrow.Record) error) error {
	r, err := t.Rows(ctx)
	if err != nil {
		return fmt.Errorf("examine: open the table: %w", &readError{err})
	}
	defer r.Release()
	row := int64(1)
	for r.Next() {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("examine: row %d: %w", row, err)
		}
		if err := f(r.Record()); err != nil {
			return fmt.Errorf("examine: row %d: %w", row, err)
		}
		row += r.Record().NumRows()
	}
	if err := r.Err(); err != nil {
		return fmt.Errorf("examine: row %d: %w", row, &readError{err})
	}
	return nil
}

// arrayBytes is about how much there is to look at.
func arrayBytes(a arrow.Array) (n int64) {
	for _, b := range a.Data().Buffers() {
		if b != nil {
			n += int64(b.Len())
		}
	}
	return n
}
