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
		var sum summer
		sum.start(r.cleared.seeds[2], len(fields))
		rows := int64(0)
		if err := each(ctx, t, func(rec arrow.Record) { sum.add(rec); rows += rec.NumRows() }); err != nil {
			return cells, err
		}
		cells += rows * int64(len(fields))
		if rows != r.cleared.rows || sum.total() != r.cleared.sum {
			out.refused("", "gate-formats", "format %d holds other cells than were cleared", i+1)
		}
	}
	want := r.cleared.report.RowsIn - r.cleared.report.RowsRemoved
	if r.cleared.rows != want {
		out.refused("", "gate-formats", "%d rows were written where %d were cleared", r.cleared.rows, want)
	}
	return cells, out.err()
}
