package difference

import (
	"bufio"
	"context"
	"fmt"
	"iter"
	"maps"
	"os"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"
)

// Kinds of a Row.
const (
	RowAdded   = "added"
	RowRemoved = "removed"
	RowChanged = "changed"
)

// A Row is one row that became different.
type Row struct {
	Kind    string
	N       int64  // rows like this that came or went; 1 for a changed one
	Before  []Cell // in the columns of the earlier table; nil for an added row
	After   []Cell // in the columns of the later table; nil for a removed row
	Changed []int  // columns of the later table whose cells changed, in its order
}

// Rows gives every row that became different: first the removed ones in the
// order of the earlier table, then the added and the changed ones in the order
// of the later table. What a changed row was is kept in a temporary file
// meanwhile. It may be called again, also at the same time.
func (d *Difference) Rows(ctx context.Context) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		past := &pastRows{folder: d.folder, where: newSpill(d.folder, d.come.buckets())}
		defer past.close()
		more, err := d.earlier(ctx, past, func(r Row) bool { return yield(r, nil) })
		if err == nil && more {
			err = d.later(ctx, past, func(r Row) bool { return yield(r, nil) })
		}
		if err != nil {
			yield(Row{}, fmt.Errorf("rows of a difference: %w", err))
		}
	}
}

// First gives up to n rows of each kind, by the same order.
func (d *Difference) First(ctx context.Context, n int) (added, removed, changed []Row, err error) {
	fail := func(err error) ([]Row, []Row, []Row, error) {
		return nil, nil, nil, fmt.Errorf("first rows of a difference: %w", err)
	}
	came, became, err := d.firstNotes(d.come, n)
	if err != nil {
		return fail(err)
	}
	went, _, err := d.firstNotes(d.gone, n)
	if err != nil {
		return fail(err)
	}
	// the rows that are wanted of the earlier table, in its order
	old := map[int64][]Cell{}
	for _, one := range went {
		old[one.at] = nil
	}
	for _, one := range became {
		old[one.other] = nil
	}
	if err := d.pick(ctx, d.before, old); err != nil {
		return fail(err)
	}
	now := map[int64][]Cell{}
	for _, list := range [][]note{came, became} {
		for _, one := range list {
			now[one.at] = nil
		}
	}
	if err := d.pick(ctx, d.after, now); err != nil {
		return fail(err)
	}
	for _, one := range came {
		added = append(added, Row{Kind: RowAdded, N: one.n, After: now[one.at]})
	}
	for _, one := range went {
		removed = append(removed, Row{Kind: RowRemoved, N: one.n, Before: old[one.at]})
	}
	for _, one := range became {
		changed = append(changed, d.changed(old[one.other], now[one.at]))
	}
	return added, removed, changed, nil
}

// firstNotes are the first n of rows that stand on one side only, and the first
// n of rows that changed.
func (d *Difference) firstNotes(s *spill, n int) (alone, paired []note, err error) {
	for bucket := range s.buckets() {
		if len(alone) >= n && (len(paired) >= n || d.Counts.Changed == 0) {
			break
		}
		all, err := notes(s, bucket)
		if err != nil {
			return nil, nil, err
		}
		for _, one := range all {
			switch {
			case one.other < 0 && len(alone) < n:
				alone = append(alone, one)
			case one.other >= 0 && len(paired) < n:
				paired = append(paired, one)
			}
		}
	}
	return alone, paired, nil
}

// pick reads the rows at these places.
func (d *Difference) pick(ctx context.Context, s Side, rows map[int64][]Cell) error {
	if len(rows) == 0 {
		return nil
	}
	w, err := walk(ctx, s.Rows)
	if err != nil {
		return err
	}
	defer w.close()
	for _, at := range slices.Sorted(maps.Keys(rows)) {
		rec, row, err := w.to(at)
		if err != nil {
			return err
		}
		rows[at] = cellsOf(rec, row)
	}
	return nil
}

// changed says which cells of a pair of rows differ.
func (d *Difference) changed(before, after []Cell) Row {
	r := Row{Kind: RowChanged, N: 1, Before: before, After: after}
	differs := make([]bool, len(after))
	for _, c := range d.common {
		differs[c.after] = !same(before[c.before], after[c.after], c.number)
	}
	for i, yes := range differs {
		if yes {
			r.Changed = append(r.Changed, i)
		}
	}
	return r
}

// earlier walks the earlier table: it gives the removed rows, and keeps what
// the changed ones were. more is false when nobody wants more.
func (d *Difference) earlier(ctx context.Context, past *pastRows, give func(Row) bool) (more bool, err error) {
	if d.Counts.Removed+d.Counts.Changed == 0 {
		return true, nil
	}
	w, err := walk(ctx, d.before.Rows)
	if err != nil {
		return false, err
	}
	defer w.close()
	for bucket := range d.gone.buckets() {
		all, err := notes(d.gone, bucket)
		if err != nil {
			return false, err
		}
		for _, one := range all {
			rec, row, err := w.to(one.at)
			if err != nil {
				return false, err
			}
			if one.other >= 0 {
				if err := past.keep(one.other, rec, row); err != nil {
					return false, err
				}
			} else if !give(Row{Kind: RowRemoved, N: one.n, Before: cellsOf(rec, row)}) {
				return false, nil
			}
		}
	}
	return true, past.flush()
}

// later walks the later table: it gives the added and the changed rows.
func (d *Difference) later(ctx context.Context, past *pastRows, give func(Row) bool) error {
	if d.Counts.Added+d.Counts.Changed == 0 {
		return nil
	}
	w, err := walk(ctx, d.after.Rows)
	if err != nil {
		return err
	}
	defer w.close()
	for bucket := range d.come.buckets() {
		all, err := notes(d.come, bucket)
		if err != nil {
			return err
		}
		where, err := notes(past.where, bucket)
		if err != nil {
			return err
		}
		for _, one := range all {
			rec, row, err := w.to(one.at)
			if err != nil {
				return err
			}
			r := Row{Kind: RowAdded, N: one.n, After: cellsOf(rec, row)}
			if one.other >= 0 {
				before, err := past.read(where[0], len(d.before.Info.Columns))
				if err != nil {
					return err
				}
				where = where[1:]
				r = d.changed(before, r.After)
			}
			if !give(r) {
				return nil
			}
		}
	}
	return nil
}

// pastRows keeps what changed rows were until the walk through the later table
// comes to them.
type pastRows struct {
	folder string
	file   *os.File // nil: nothing is kept yet
	out    *bufio.Writer
	end    int64
	buf    []byte
	where  *spill // notes: place in the later table, where in the file, how long
}

func (p *pastRows) keep(at int64, rec arrow.Record, row int) (err error) {
	if p.file == nil {
		if p.file, err = unnamed(p.folder); err != nil {
			return err
		}
		p.out = bufio.NewWriterSize(p.file, 256<<10)
	}
	p.buf = appendRow(p.buf[:0], rec, row)
	if _, err := p.out.Write(p.buf); err != nil {
		return err
	}
	n := int64(len(p.buf))
	p.end += n
	return p.where.add(int(at>>noteBucket), note{at, p.end - n, n}.append(nil))
}

func (p *pastRows) flush() error {
	if p.out == nil {
		return nil
	}
	return p.out.Flush()
}

func (p *pastRows) read(n note, columns int) ([]Cell, error) {
	b := make([]byte, n.n)
	if _, err := p.file.ReadAt(b, n.other); err != nil {
		return nil, err
	}
	return readRow(b, columns), nil
}

func (p *pastRows) close() {
	p.where.close()
	if p.file != nil {
		p.file.Close()
	}
}
