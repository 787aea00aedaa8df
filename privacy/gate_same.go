package privacy

import (
	"context"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"
)

// gateSame: every format holds the cells that were cleared, all of them and no
// other: same columns, same rows in the same order, null apart from empty.
func gateSame(ctx context.Context, r Released) (cells int64, err error) {
	failed := make([]error, len(r.written))
	inParallel(len(r.written), func(i int) {
		if !sameNames(r.written[i].schema, r.cleared.schema) {
			return
		}
		see := func(arrow.Record) error { return nil }
		if i == r.scan.format { // gateRescan needs it too: one reading serves both
			see = r.scan.see
		}
		failed[i] = eachBatch(ctx, r.written[i], see)
	})
	var out problems
	for i, t := range r.written {
		if !sameNames(t.schema, r.cleared.schema) {
			out.refused("", "gate-formats", "format %d was written with other columns than were cleared", i+1)
			continue
		}
		if failed[i] != nil {
			return cells, failed[i]
		}
		cells += t.rows * int64(t.schema.NumFields())
		want := r.cleared.sums
		if t.text {
			want = r.cleared.texts
		}
		if t.rows != r.cleared.rows || !slices.Equal(t.sums, want) {
			out.refused("", "gate-formats", "format %d holds other cells than were cleared", i+1)
		}
	}
	want := r.cleared.report.RowsIn - r.cleared.report.RowsRemoved
	if r.cleared.rows != want {
		out.refused("", "gate-formats", "%d rows were written where %d were cleared", r.cleared.rows, want)
	}
	return cells, out.err()
}

// sameNames: the two tables have the same columns in the same order.
func sameNames(a, b *arrow.Schema) bool {
	return slices.EqualFunc(a.Fields(), b.Fields(), func(x, y arrow.Field) bool { return x.Name == y.Name })
}

// sameTypes: the two tables have columns of the same types in the same order.
func sameTypes(a, b *arrow.Schema) bool {
	return slices.EqualFunc(a.Fields(), b.Fields(), func(x, y arrow.Field) bool { return arrow.TypeEqual(x.Type, y.Type) })
}
