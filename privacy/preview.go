package privacy

import (
	"context"
	"fmt"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
)

// Preview is what the public would see of some rows, and how the file's own
// rows look, masked. Only Plan.Preview makes one; the zero Preview shows
// nothing.
type Preview struct {
	columns []string
	rows    [][]PreviewCell
	sent    []string
	before  [][]PreviewCell
	digest  string
	report  Report
}

// PreviewCell is one treated, or one masked cell; of a long geometry the
// beginning and "…".
type PreviewCell struct {
	Text string `json:"text"`
	Null bool   `json:"null,omitempty"`
}

// Columns and Rows are exactly what would be published.
func (p Preview) Columns() []string     { return p.columns }
func (p Preview) Rows() [][]PreviewCell { return p.rows }

// Sent are the file's columns as they may be shown, and Before its rows with
// every letter and digit masked but the last two of long cells. For the
// agency's own page only.
func (p Preview) Sent() []string          { return p.sent }
func (p Preview) Before() [][]PreviewCell { return p.before }

// Digest is of every cell that would be published, not only of those shown.
func (p Preview) Digest() string { return p.digest }

// Report is complete: treatments, guard and gates ran over the whole table.
func (p Preview) Report() Report { return p.report }

// maxBefore: a few rows say what was sent; more would be a copy of it.
const maxBefore = 5

// Preview applies the plan as Apply would, decided or not, to the whole table,
// runs the gates that need no written file, and gives n rows from row from
// (the first is 0). It publishes nothing and remembers nothing.
func (p Plan) Preview(ctx context.Context, t Table, from, n int) (Preview, error) {
	p.setting.Agreed = nil
	r, err := p.resolve(ctx, t, true)
	if err != nil {
		return Preview{}, err
	}
	c, err := r.clear(ctx)
	if err != nil {
		return Preview{}, err
	}
	var out Preview
	for _, f := range c.schema.Fields() {
		out.columns = append(out.columns, f.Name)
	}
	c.digest = newDigester(c.schema)
	at := 0
	err = read(ctx, c.Rows(), func(rec arrow.Record) {
		for i := max(0, from-at); i < int(rec.NumRows()) && len(out.rows) < n; i++ {
			out.rows = append(out.rows, previewRow(rec, i))
		}
		at += int(rec.NumRows())
	})
	if err != nil {
		return Preview{}, err
	}
	if err := c.rehearse(ctx); err != nil {
		return Preview{}, err
	}
	out.digest, out.report = c.digest.String(), c.report
	return out, out.lookBack(ctx, r, min(n, maxBefore))
}

// rehearse runs the gates on what would be written.
func (c *Cleared) rehearse(ctx context.Context) error {
	table, err := c.written(again{c})
	if err != nil {
		return err
	}
	r := c.released([]*source{table})
	for _, g := range Gates {
		cells, err := g.Check(ctx, r)
		c.report.Gates = append(c.report.Gates, Result{Gate: g.Name, OK: err == nil, Cells: cells})
		if err != nil {
			return fmt.Errorf("gate %s: %w", g.Name, err)
		}
	}
	return nil
}

// again gives the cleared rows as often as wanted, to those who only look.
type again struct{ c *Cleared }

func (a again) Schema() *arrow.Schema { return a.c.schema }

func (a again) Rows(context.Context) (array.RecordReader, error) {
	c := &Cleared{r: a.c.r, schema: a.c.schema, seeds: a.c.seeds, report: Report{Columns: make([]ColumnReport, len(a.c.report.Columns))}}
	return c.Rows(), nil
}

// lookBack masks the first rows of the file.
func (p *Preview) lookBack(ctx context.Context, r *resolved, n int) error {
	for i := range r.profile.Columns {
		name := shownLabel(r.profile, i)
		if name == "" {
			name = shownName(r.profile, i)
		}
		p.sent = append(p.sent, name)
	}
	rows, err := r.table.Rows(ctx)
	if err != nil {
		return fmt.Errorf("preview: %w", err)
	}
	return read(ctx, &firstRows{rows, n}, func(rec arrow.Record) {
		for i := 0; i < int(rec.NumRows()) && len(p.before) < n; i++ {
			row := previewRow(rec, i)
			for j := range row {
				row[j].Text = masked(row[j].Text)
			}
			p.before = append(p.before, row)
		}
	})
}

// firstRows ends after the batch that holds the last of n rows.
type firstRows struct {
	array.RecordReader
	left int
}

func (f *firstRows) Next() bool {
	if f.left <= 0 || !f.RecordReader.Next() {
		return false
	}
	f.left -= int(f.RecordReader.Record().NumRows())
	return true
}

// read reads rows to their end and releases them.
func read(ctx context.Context, rows array.RecordReader, each func(arrow.Record)) error {
	defer rows.Release()
	for rows.Next() {
		if err := ctx.Err(); err != nil {
			return err
		}
		each(rows.Record())
	}
	return rows.Err()
}

// maskedWords is how many words of a cell are shown as such: how long a text is
// is no one's business.
const maskedWords = 12

// masked shows of a cell that there is one: three dots for each word, whatever
// its length and whatever it is made of, since in a column of few values a
// length, a mark or an ending names the value. Only a long number, which has
// nine digits at the least and is therefore no day, keeps its last two, so that
// its sender can tell it from others.
func masked(cell string) string {
	if n := longNumber(cell); n != "" {
		return "•••" + n[len(n)-2:]
	}
	words := strings.Fields(cell)
	out := make([]string, min(len(words), maskedWords))
	for i := range out {
		out[i] = "•••"
	}
	if len(words) > maskedWords {
		out = append(out, "…")
	}
	return strings.Join(out, " ")
}

// longNumber gives the digits of a cell that is a number of at least nine of
// them, however they are grouped; "" for any other cell.
func longNumber(cell string) string {
	var digits []byte
	for _, r := range cell {
		switch {
		case r >= '0' && r <= '9':
			digits = append(digits, byte(r))
		case r != ' ' && r != '.' && r != '-' && r != '+':
			return ""
		}
	}
	if len(digits) < 9 {
		return ""
	}
	return string(digits)
}

// previewGeometry is how much of a geometry's text a preview shows, in bytes.
const previewGeometry = 2000

func previewRow(rec arrow.Record, i int) []PreviewCell {
	row := make([]PreviewCell, rec.NumCols())
	for c := range row {
		a := rec.Column(c)
		text := AppendCell(nil, a, i)
		if _, shape := a.(*array.Binary); shape && len(text) > previewGeometry {
			text = append(text[:previewGeometry], "…"...) // WKT is ASCII
		}
		row[c] = PreviewCell{Text: string(text), Null: a.IsNull(i)}
	}
	return row
}
