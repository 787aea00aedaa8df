package privacy

import (
	"context"

	"github.com/apache/arrow/go/v17/arrow"
)

// gateSame: every format holds the cells that were cleared, all of them and no
// other: same columns, same rows in the same order, null apart from empty.
func gateSame(ctx context.Context, r Released) (cells int64, err error) {
	var out problems
	for i, t := range r.written {
		fields := t.Schema().Fields()
		same := len(fields) == r.cleared.schema.NumFields()
		for j := 0; same && j < len(fields); j++ {
			same = fields[j].Name == r.cleared.schema.Field(j).Name
		}
		if !same {
			out.refused("", "gate-formats", "format %d was written with other columns than were cleared", i+1)
			continue
		}
		if err := each(ctx, t, func(arrow.Record) {}); err != nil {
			return cells, err
		}
		cells += t.rows * int64(len(fields))
		want := r.cleared.sum
		if t.text {
			want = r.cleared.textSum
		}
		if t.rows != r.cleared.rows || t.sum != want {
			out.refused("", "gate-formats", "format %d holds other cells than were cleared", i+1)
		}
	}
	want := r.cleared.report.RowsIn - r.cleared.report.RowsRemoved
	if r.cleared.rows != want {
		out.refused("", "gate-formats", "%d rows were written where %d were cleared", r.cleared.rows, want)
	}
	return cells, out.err()
}

// sameTypes: the two tables have columns of the same types in the same order.
func sameTypes(a, b *arrow.Schema) bool {
	if a.NumFields() != b.NumFields() {
		return false
	}
	for i := range a.NumFields() {
		if !arrow.TypeEqual(a.Field(i).Type, b.Field(i).Type) {
			return false
		}
	}
	return true
}
