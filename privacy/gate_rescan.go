package privacy

import (
	"context"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
)

// gateRescan: all detectors on every cell, header and label of what was
// written. What the plan does not allow to stay has no business there. All
// formats hold the same cells (gateSame), so one is scanned whole; of the
// others the headers and labels, which each writes by itself.
func gateRescan(ctx context.Context, r Released) (cells int64, err error) {
	var out problems
	shapes := geometryKeys(r.cleared.schema)
	for i, held := range r.written {
		p, err := r.scan(ctx)
		if i > 0 {
			p, err = Rescan(ctx, headOf{WithGeometry(held, shapes...)}, r.cleared.r.plan.setting)
		}
		if err != nil {
			return cells, err
		}
		cells += p.Rows * int64(len(p.Columns))
		for at, col := range p.Columns {
			c := r.cleared.r.columns[at]
			if col.NameHeld {
				out.refused(c.shown, "gate-rescan", "what was written has personal data in a header")
			}
			for _, f := range p.Of(at) {
				if !r.cleared.r.mayStay(c, f) {
					out.refused(c.shown, "gate-rescan", "what was written still holds %s: drop the column, or redact this kind", f.Kind)
				}
			}
		}
	}
	return cells, out.err()
}

// mayStay: a treatment is no excuse here, since what it treats must be gone.
func (r *resolved) mayStay(c resolvedColumn, f Finding) bool {
	switch {
	case f.Rule == RuleGeometry:
		return c.plan.snaps() || r.plan.Unit.Aggregate
	case f.Decision == None || f.Decision == AllowPublic || c.plan.allows(f.Kind):
		return true
	case f.Rule == ruleSparse || f.Rule == ruleHeader || f.Decision == Block:
		return false
	}
	return r.reviewed(c.plan, f)
}

// headOf is a table without its rows.
type headOf struct{ Table }

func (h headOf) Rows(context.Context) (array.RecordReader, error) {
	return array.NewRecordReader(h.Schema(), []arrow.Record{})
}
