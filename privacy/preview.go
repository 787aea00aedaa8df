package privacy

import (
	"context"
	"errors"

	"github.com/apache/arrow/go/v17/arrow"
)

// Preview is what the public would see of some rows. Only Plan.Preview makes
// one, from treated rows; the zero Preview shows nothing.
type Preview struct {
	columns []string
	rows    [][]PreviewCell
	report  Report
}

// PreviewCell is one treated cell.
type PreviewCell struct {
	Text string
	Null bool
}

func (p Preview) Columns() []string     { return p.columns }
func (p Preview) Rows() [][]PreviewCell { return p.rows }
func (p Preview) Report() Report        { return p.report }

// errEnough ends a pass early.
var errEnough = errors.New("enough")

// Preview applies the plan as Apply would, decided or not, and gives n rows
// from row from (the first is 0).
func (p Plan) Preview(ctx context.Context, t Table, from, n int) (Preview, error) {
	r, err := p.resolve(ctx, t, true)
	if err != nil {
		return Preview{}, err
	}
	c, err := r.clear(ctx)
	if err != nil {
		return Preview{}, err
	}
	out := Preview{report: c.report}
	for _, f := range c.schema.Fields() {
		out.columns = append(out.columns, f.Name)
	}
	at := 0
	err = c.pass(ctx, func(b Batch, _ []Effect) error {
		if r.guard != nil {
			passed, err := r.guard.Pass(b)
			if err != nil {
				return err
			}
			defer passed.Release()
			b = passed
		}
		for i := max(0, from-at); i < int(b.NumRows()) && len(out.rows) < n; i++ {
			out.rows = append(out.rows, previewRow(b.Record, i))
		}
		at += int(b.NumRows())
		if len(out.rows) == n {
			return errEnough
		}
		return nil
	})
	if err != nil && !errors.Is(err, errEnough) {
		return Preview{}, err
	}
	return out, nil
}

func previewRow(rec arrow.Record, i int) []PreviewCell {
	row := make([]PreviewCell, rec.NumCols())
	for c := range row {
		a := rec.Column(c)
		row[c] = PreviewCell{Text: string(AppendCell(nil, a, i)), Null: a.IsNull(i)}
	}
	return row
}
