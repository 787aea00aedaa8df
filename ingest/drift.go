package ingest

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"daylight/catalog"
	"daylight/ingest/format"
	"daylight/privacy"
)

// A file is held against the last release of its dataset before anything of it
// is public: ingest.md section 11. Columns in another order are nothing. A new
// one stops the file, for nobody has decided what to do with it: the commonest
// leak there is. One that is missing, renamed or of another type stops it until
// a person has said so. What they say is part of the plan, and so decides over
// the next file too.

// A drift is one difference that stops a file.
type drift struct {
	code    string // column-new, column-missing, column-type, column-key, column-filled, table-new, table-missing
	table   string // shown; "": the only one
	column  string
	detail  string
	ask     string   // code of the question that settles it; "": a plan does
	choices []string // answers to it
	keys    []string // of the columns that the choices name
}

func (d drift) problem() privacy.Problem {
	return privacy.Problem{Err: privacy.ErrUndecided, Table: d.table, Column: d.column, Code: d.code, Detail: d.detail}
}

// isNew is the answer that a column is no renamed one.
const isNew = "new"

// drifted finds what stops the file, and puts what is worth a look into the
// report. own: the plan came with this file, so that it was decided for it.
func (in *Inbox) drifted(ctx context.Context, u *upload, c *Checked, was *shape, read *privacy.Reading, plans []privacy.Plan, own bool) ([]drift, error) {
	if was == nil {
		return nil, nil
	}
	var out []drift
	var met []string
	for i := range c.Tables {
		if c.barren(i) {
			continue
		}
		before := was.of(tableName(c, i), len(c.Tables))
		if before == nil {
			if plans == nil { // a plan says itself that it knows no such table
				out = append(out, drift{code: "table-new", table: tableName(c, i), detail: "this table was not in the last release: decide it in a plan"})
			}
			continue
		}
		met = append(met, before.Name)
		h := held{in: in, u: u, c: c, i: i, was: before, now: shapeOfTable(c, i), read: read, own: own}
		for _, p := range plans {
			if means(p.Table, c.Tables[i].Name(), i) || len(c.Tables) == 1 && len(plans) == 1 {
				h.plan = &p
			}
		}
		found, err := h.compare(ctx)
		if err != nil {
			return nil, fmt.Errorf("compare table %d with the last release: %w", i+1, err)
		}
		out = append(out, found...)
		if err := h.notice(ctx); err != nil {
			return nil, fmt.Errorf("compare table %d with the last release: %w", i+1, err)
		}
	}
	for _, t := range was.Tables {
		if !slices.Contains(met, t.Name) && plans == nil {
			out = append(out, drift{code: "table-missing", table: t.Name, detail: "this table of the last release is not in the file: say in a plan that it is left out, or send it"})
		}
	}
	return out, nil
}

// held is one table that is held against what it was.
type held struct {
	in   *Inbox
	u    *upload
	c    *Checked
	i    int
	was  *shapeTable
	now  shapeTable
	read *privacy.Reading
	plan *privacy.Plan // nil: auto
	own  bool
}

func (h *held) compare(ctx context.Context) ([]drift, error) {
	var out []drift
	at := h.now.match(h.was)
	var gone []shapeColumn
	for k, w := range h.was.Columns {
		if !slices.Contains(at, k) {
			gone = append(gone, w)
		}
	}
	table := tableName(h.c, h.i)
	for j, c := range h.now.Columns {
		if at[j] >= 0 {
			was := h.was.Columns[at[j]]
			if h.rekeyed(c, was) {
				out = append(out, drift{code: "column-key", table: table, column: c.Key,
					detail: "this column had another key in the last release, which another column has now: look at what is decided over both"})
			}
			if h.filled(c, was) {
				out = append(out, drift{code: "column-filled", table: table, column: c.Key,
					detail: "this column held nothing in the last release: look at what it holds now, and decide it in a plan"})
			}
			if d, ok := h.retyped(c, was); ok {
				out = append(out, d)
			}
			continue
		}
		if h.decides(c) {
			continue
		}
		d := drift{code: "column-new", table: table, column: c.Key, detail: "this column was not in the last release: decide in a plan what to do with it"}
		if h.said(c).Key == "" {
			near, err := h.near(ctx, j, gone)
			if err != nil {
				return nil, err
			}
			for _, w := range near {
				choice := w.shown()
				if choice == isNew || slices.Contains(d.choices, choice) { // an answer means one column
					choice = w.Key
				}
				d.ask, d.choices, d.keys = "column-renamed", append(d.choices, choice), append(d.keys, w.Key)
			}
			if d.ask != "" {
				d.choices, d.keys = append(d.choices, isNew), append(d.keys, c.Key)
			}
		}
		out = append(out, d)
	}
	for _, w := range gone {
		if h.mayMiss(w) {
			continue
		}
		out = append(out, drift{code: "column-missing", table: table, column: w.shown(), detail: "this column of the last release is not in the file: send it, or decide a plan without it"})
	}
	return out, nil
}

// said is what the plan's "read" block says of a column.
func (h *held) said(c shapeColumn) privacy.ReadColumn { return saidOf(h.read, c) }

// rekeyed says whether the column has another key than in the last release,
// which nobody gave it: a plan that names columns by key would take it for
// another one.
func (h *held) rekeyed(c, was shapeColumn) bool {
	return c.Key != was.Key && saidOf(h.c.given, c).Key != c.Key
}

// decides says whether the plan names the column.
func (h *held) decides(c shapeColumn) bool {
	return h.plan != nil && slices.ContainsFunc(h.plan.Columns, func(p privacy.ColumnPlan) bool {
		return p.Column == c.Key || c.Label != "" && foldLabel(p.Column) == foldLabel(c.Label)
	})
}

// mayMiss says whether somebody has decided that the column may be missing: in
// a plan that says so, or that was made for this file and does not know it.
func (h *held) mayMiss(w shapeColumn) bool {
	if h.plan == nil {
		return false
	}
	for _, p := range h.plan.Columns {
		if p.Column == w.Key || w.Label != "" && foldLabel(p.Column) == foldLabel(w.Label) {
			return p.Optional
		}
	}
	return h.own
}

// filled says whether the column holds something that nobody has seen: it was
// decided when it held nothing, and no plan made for this file, or for its type,
// decides it.
func (h *held) filled(c, was shapeColumn) bool {
	return was.Type == "" && c.Type != "" && h.said(c).Type != c.Type && !(h.own && h.decides(c))
}

// retyped says whether the column's type is another one and nobody has pinned
// it. A column that held nothing has no type, and every integer is a decimal.
func (h *held) retyped(c, was shapeColumn) (drift, bool) {
	if c.Type == "" || was.Type == "" || c.Type == was.Type {
		return drift{}, false
	}
	if was.Type == "integer" && c.Type == "decimal" {
		h.notices("column-widened", c.Key, 0)
		return drift{}, false
	}
	if h.said(c).Type == c.Type {
		return drift{}, false
	}
	d := drift{code: "column-type", table: tableName(h.c, h.i), column: c.Key,
		detail: fmt.Sprintf("this column was of type %s in the last release and is %s now: say which it is", was.Type, c.Type)}
	if c.Type == "geometry" || was.Type == "geometry" {
		return d, true
	}
	d.ask = "column-type"
	if was.Type == "text" || was.Type == "decimal" && c.Type == "integer" { // what it was can hold what it is
		d.choices = append(d.choices, was.Type)
	}
	d.choices = append(d.choices, c.Type)
	return d, true
}

// notices puts something into the report.
func (h *held) notices(code, column string, count int64) {
	r := &h.c.Report.Tables[h.i]
	r.Problems = append(r.Problems, format.Problem{Code: code, Column: column, Count: count})
}

// notice tells of what need not stop a file and is worth a look: fewer rows,
// words for nothing that were not there before, a column of distinct values
// that is none any more, days that have not come yet.
func (h *held) notice(ctx context.Context) error {
	if h.now.Rows*5 < h.was.Rows*4 {
		h.notices("rows-fewer", "", h.was.Rows-h.now.Rows)
	}
	for j, k := range h.now.match(h.was) {
		if k < 0 {
			continue
		}
		c, was := h.now.Columns[j], h.was.Columns[k]
		for _, n := range c.Nulls {
			if !slices.Contains(was.Nulls, n) {
				h.notices("null-token-new", c.Key, h.c.Report.Tables[h.i].Fields[j].Nulls[n])
			}
		}
		if was.Unique && !c.Unique && !h.c.Profiles[h.i].Columns[j].ByRows {
			h.notices("key-not-unique", c.Key, 0)
		}
	}
	return h.future(ctx)
}

// future counts days after today.
func (h *held) future(ctx context.Context) error {
	var days []int
	for j, f := range h.c.Tables[h.i].Schema().Fields() {
		if f.Type.ID() == arrow.DATE32 {
			days = append(days, j)
		}
	}
	if len(days) == 0 {
		return nil
	}
	rows, err := h.c.Tables[h.i].Rows(ctx)
	if err != nil {
		return err
	}
	defer rows.Release()
	today := arrow.Date32FromTime(h.c.now)
	count := make([]int64, len(days))
	for rows.Next() {
		for n, j := range days {
			col := rows.Record().Column(j).(*array.Date32)
			for i, v := range col.Date32Values() {
				if v > today && col.IsValid(i) {
					count[n]++
				}
			}
		}
	}
	for n, j := range days {
		if count[n] > 0 {
			h.notices("date-future", h.now.Columns[j].Key, count[n])
		}
	}
	return rows.Err()
}

// near are the columns that are gone and may be this new one under another
// label: of its type, and of a near label or of values that it holds too.
func (h *held) near(ctx context.Context, j int, gone []shapeColumn) ([]shapeColumn, error) {
	c := h.now.Columns[j]
	var out []shapeColumn
	for _, w := range gone {
		if c.Type == "" || w.Type != c.Type || w.Label == "" {
			continue
		}
		near := nearLabels(w.Label, c.Label)
		if !near && c.Type == "text" {
			var err error
			if near, err = h.sharesValues(ctx, j, w); err != nil {
				return nil, err
			}
		}
		if near {
			out = append(out, w)
		}
	}
	return out, nil
}

// nearLabels: the words of one are in the other, or six of ten letters stay.
func nearLabels(a, b string) bool {
	a, b = strings.ReplaceAll(format.Key(a), "_", " "), strings.ReplaceAll(format.Key(b), "_", " ")
	if a == "" || b == "" {
		return false
	}
	if len(a) > len(b) {
		a, b = b, a
	}
	if len(a) >= 4 && strings.Contains(" "+b+" ", " "+a+" ") {
		return true
	}
	return distance(a, b)*10 <= 4*len(b)
}

// distance is Levenshtein's, over bytes: keys are ASCII.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		corner := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := corner
			if a[i] != b[j] {
				cost++
			}
			corner = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// sharedRows is how many rows of both are looked at for values in common.
const sharedRows = 1000

// sharesValues says whether at least half of the values that the last release
// published of a column stand in column j as well. Nothing of them is told.
func (h *held) sharesValues(ctx context.Context, j int, was shapeColumn) (bool, error) {
	d, err := h.in.catalog.Brief(ctx, h.u.Dataset)
	if err != nil || d.Release == nil {
		return false, err // withheld: there is nothing to compare with
	}
	release, err := h.in.catalog.Release(ctx, d.ID, d.Release.N)
	if err != nil || release.Withdrawn != nil {
		return false, err
	}
	values := map[string]bool{}
	for _, f := range release.Files {
		if f.Format != "csv" || len(h.c.Tables) > 1 && f.Table != h.was.Name {
			continue
		}
		columns, rows, err := h.in.shelf.Library().Rows(ctx, f.Ref, f.Format, 0, sharedRows)
		if err != nil {
			return false, err
		}
		at := slices.Index(columns, was.Key)
		for _, r := range rows {
			if at >= 0 && !r[at].Null {
				values[r[at].Text] = true
			}
		}
	}
	if len(values) < 2 {
		return false, nil
	}
	all := len(values)
	rows, err := h.c.Tables[h.i].Rows(ctx)
	if err != nil {
		return false, err
	}
	defer rows.Release()
	left := sharedRows * 10
	var cell []byte
	for left > 0 && rows.Next() {
		col := rows.Record().Column(j)
		for i := 0; i < col.Len() && left > 0; i++ {
			left--
			cell = privacy.AppendCell(cell[:0], col, i)
			delete(values, string(cell))
		}
	}
	return len(values)*2 <= all, rows.Err()
}

// driftQuestions are what a person is asked.
func driftQuestions(all []drift) []catalog.ReviewQuestion {
	var out []catalog.ReviewQuestion
	for _, d := range all {
		if d.ask != "" {
			out = append(out, catalog.ReviewQuestion{Code: d.ask, Table: d.table, Column: d.column, Choices: d.choices, Keys: d.keys})
		}
	}
	return out
}
