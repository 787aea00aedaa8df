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
	shapes := geometrySystems(r.cleared.schema)
	for i, held := range r.written {
		var p Profile
		if i == r.scan.format {
			p, err = r.scan.profile(ctx)
		} else {
			p, err = Rescan(ctx, headOf{WithGeometry(held, shapes)}, r.cleared.r.plan.setting)
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

// rescan looks at every cell of one format while it is read back.
//
// A column whose sum is that of a column of the file holds the very cells that
// were examined, with the same detectors, before the plan was held against
// them. What they found then is what they would find again, and is taken over;
// whatever a treatment or a guard has touched is scanned anew.
type rescan struct {
	format  int // which of the written ones
	table   Table
	again   *Examination  // of the columns that are scanned anew
	columns []*columnScan // of all columns, those taken over included
	from    []int         // of each column of again: its place in columns
}

// newRescan takes the first format that kept the types; where none did, texts
// are scanned.
func newRescan(c *Cleared, written []*source) *rescan {
	s := &rescan{}
	for i, t := range written {
		if !t.text {
			s.format = i
			break
		}
	}
	s.table = WithGeometry(written[s.format], geometrySystems(c.schema))
	fields := s.table.Schema().Fields()
	s.columns = make([]*columnScan, len(fields))
	var anew []arrow.Field
	for i, f := range fields {
		if s.columns[i] = c.examined(i, f); s.columns[i] == nil {
			anew, s.from = append(anew, f), append(s.from, i)
		}
	}
	s.again = newExamination(arrow.NewSchema(anew, nil), c.r.plan.setting)
	for k, i := range s.from {
		s.columns[i] = s.again.columns[k]
	}
	return s
}

// examined is the examination of the file's column that leaves as column i,
// written as f; nil where it holds other cells by now, or means another thing.
func (c *Cleared) examined(i int, f arrow.Field) *columnScan {
	if i >= len(c.sums) {
		return nil
	}
	from := c.r.columns[i].source
	was := c.r.scans[from]
	if c.rows != c.r.table.rows || c.sums[i] != c.r.table.sums[from] || !arrow.TypeEqual(was.field.Type, f.Type) ||
		was.field.Name != f.Name || fieldLabel(was.field) != fieldLabel(f) || isGeometry(was.field) != isGeometry(f) {
		return nil
	}
	return was
}

func (s *rescan) see(rec arrow.Record) error {
	if len(s.from) == 0 {
		return nil
	}
	cols := make([]arrow.Array, len(s.from))
	for k, i := range s.from {
		cols[k] = rec.Column(i)
	}
	part := array.NewRecord(s.again.schema, cols, rec.NumRows())
	defer part.Release()
	return s.again.See(part)
}

// profile decides over all columns together; gateSame has read the rows, and
// held them to the sums of what was cleared.
func (s *rescan) profile(ctx context.Context) (Profile, error) {
	t := s.table.(marked).Table.(*source)
	return decideOver(ctx, s.columns, t.rows, s.table, s.again.setting)
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
