package format

import (
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"daylight/privacy"
	"daylight/privacy/crs"
)

// A finder finds the table that stands in a run of records: where its header
// is, which records are rows, and what types its columns have.
type finder struct {
	name    string
	opts    Options
	reading privacy.Reading
	report  *Report // of the file: questions go there

	// open reads the records from the start, as the layout says.
	open func(ctx context.Context, l *layout) (records, error)
	// samples shows records from all over the source, of those numbered 0 only
	// that they are no header; nil: the first records stand for all.
	samples func(see func(*record))
	width   int      // cells expected in a record; 0: not known
	padded  bool     // a short record has empty cells at its end, as in a sheet
	labels  []string // where the source knows the labels: every record is a data row then
	// declared are the columns' types, where the source knows them too.
	declared []declared
	delim    []byte  // stood between the cells
	merges   []merge // areas of the sheet that are shown as one cell
	bare     bool    // no quotes are known: one at the start of a cell is a character
	crs      string  // of geometries
	// problems adds what the source itself met; nil: nothing.
	problems func(tr *TableReport, src records, keys []string)

	part   region // where in the source the table stands
	first  int    // place in the report of the source's first table
	last   bool   // no other table stands to the right
	alone  bool   // no other table is looked for below
	hidden int64  // hidden rows over all tables of the source
}

func newFinder(o Options, report *Report) *finder {
	f := &finder{crs: crs.CRS84, opts: o, reading: readingOf(o), report: report, first: len(report.Tables)}
	return f
}

// readingOf is the plan's word on how to read, and the locale.
func readingOf(o Options) (r privacy.Reading) {
	if o.Reading != nil {
		r = *o.Reading
	}
	if r.Locale == "" {
		r.Locale = o.Locale
	}
	return r
}

func (f *finder) ask(code, column string, choices ...string) {
	f.report.Questions = append(f.report.Questions, Question{Code: code, Column: column, Choices: choices, Table: len(f.report.Tables) + 1})
}

// find is the first pass: structure and types over all rows.
func (f *finder) find(ctx context.Context) (*table, error) {
	l, err := f.head(ctx)
	if err != nil {
		return nil, err
	}
	l.ragged = f.reading.Ragged
	p := f.newPass(l)
	p.sections = f.maybeSections(ctx, l)
	for {
		l.sections = p.sections
		p.crew.early = f.foresee(ctx, p)
		err := p.run(ctx)
		if err != nil || p.unsure.n > 0 && l.fix == nil {
			p.crew.early.drop()
		}
		switch {
		case err == errNextTable:
			f.part.to = p.scout.begins
			return f.find(ctx)
		case err == errNotSections:
			p = f.newPass(l)
			continue
		case err != nil:
			return nil, err
		}
		if p.unsure.n > 0 && l.fix == nil {
			// What a ragged row must fit is known only after all the others
			// were seen: once more, with that.
			if l.ragged == "refuse" {
				return nil, &Refusal{Code: "ragged-refused", Stage: "structure", Line: p.unsure.line}
			}
			l.fix, l.full = make([]spec, l.width), make([]bool, l.width)
			for j := range l.fix {
				c := &p.cols[j]
				l.fix[j] = c.decide().spec
				l.full[j] = c.count[kEmpty] == 0 && c.values() >= fullRows
			}
			sections := p.sections
			p = f.newPass(l)
			p.sections = sections
			continue
		}
		break
	}
	t, err := f.table(p)
	if err != nil {
		p.crew.early.drop()
		return nil, err
	}
	t.early = p.crew.early.finish(t)
	return t, nil
}

// head finds width and header from the first records.
func (f *finder) head(ctx context.Context) (*layout, error) {
	l := &layout{width: f.width, padded: f.padded, delim: f.delim}
	if f.labels != nil {
		l.width, l.labels, l.given, l.header = len(f.labels), f.labels, true, header{from: 1}
		return l, nil
	}
	src, err := f.records(ctx, l)
	if err != nil {
		return nil, err
	}
	rows, _, err := firstRows(src, f.opts.Limits)
	if err != nil {
		return nil, err
	}
	if !f.alone && f.part.to == 0 {
		if at := headTable(rows); at > 0 {
			f.part.to = at
			return f.head(ctx)
		}
	}
	if l.width = f.width; !f.padded {
		l.width = usualWidth(rows, f.width)
	}
	if pinned := f.reading.HeaderRows; len(pinned) > 0 {
		h, ok := pinnedHeader(rows, pinned)
		if !ok {
			return nil, &Refusal{Code: "header-rows", Stage: "structure"}
		}
		l.header = h
	} else {
		l.header = findHeader(rows, l.width)
		f.mergeDown(&l.header, rows)
	}
	f.mergeRight(l.header.rows)
	if len(l.header.rows) == 1 && !f.padded {
		h := &l.header.rows[0]
		l.gaps.add(int64(withoutGaps(h, rows, l.width)), 0, h.line)
	}
	for _, h := range l.header.rows {
		n := len(h.cells)
		for n > l.width && len(trim(h.cells[n-1].b)) == 0 {
			n--
		}
		l.width = max(l.width, n)
	}
	l.labels = l.header.labels(l.width)
	return l, nil
}

// mergeDown takes into the header the rows that its merged areas prove to be of
// it: those that a label reaches down into, and the labels under a group title.
func (f *finder) mergeDown(h *header, rows []row) {
	if len(h.rows) == 0 || len(f.merges) == 0 {
		return
	}
	for n := h.rows[len(h.rows)-1].n; len(h.rows) < headerRowsMost; n++ {
		at := slices.IndexFunc(rows, func(r row) bool { return r.n == n+1 })
		if at < 0 {
			return
		}
		under := rows[at]
		down, group := false, false
		for _, m := range f.merges {
			if m.top < h.rows[0].n || m.top > n || m.bottom < n {
				continue
			}
			down = down || m.bottom > n
			group = group || m.bottom == n && m.right > m.left && under.labelsAll(m.left, m.right)
		}
		switch {
		case !down && !group:
			return
		case !under.blank:
			h.rows = append(slices.Clip(h.rows), under)
			h.from = under.n + 1
		}
	}
}

// labelsAll: each of the cells is text, or a year.
func (r row) labelsAll(left, right int) bool {
	for j := left; j <= right; j++ {
		t := r.at(j)
		if len(t) == 0 || scan(t).kind != kText && !year(t) {
			return false
		}
	}
	return true
}

// mergeRight gives a label that is merged over columns to each of them.
func (f *finder) mergeRight(rows []row) {
	for i := range rows {
		r := &rows[i]
		for _, m := range f.merges {
			if m.top != r.n || m.left == m.right || len(r.at(m.left)) == 0 {
				continue
			}
			for j := m.left + 1; j <= m.right; j++ {
				for len(r.cells) <= j {
					r.cells = append(r.cells, cell{})
				}
				if len(r.at(j)) == 0 {
					r.cells[j] = r.cells[m.left]
				}
			}
		}
	}
}

// usualWidth is the commonest number of cells among the first rows; the
// dialect's own figure breaks ties.
func usualWidth(rows []row, width int) int {
	widths := make(map[int]int)
	for _, r := range rows {
		if !r.blank && (len(r.cells) > 1 || width == 1) {
			widths[len(r.cells)]++
		}
	}
	best, most := max(1, width), 0
	for w, n := range widths {
		if n > most || n == most && (w == width || best != width && w > best) {
			best, most = w, n
		}
	}
	return best
}

func cloneCells(cells []cell) []cell {
	out := make([]cell, len(cells))
	for i, c := range cells {
		out[i] = cell{bytes.Clone(c.b), c.quoted, c.as}
	}
	return out
}

func pinnedHeader(rows []row, pinned []int) (header, bool) {
	if len(pinned) == 1 && pinned[0] == 0 {
		return header{from: 1}, true
	}
	var h header
	for _, n := range pinned {
		at := slices.IndexFunc(rows, func(r row) bool { return r.n == int64(n) })
		if at < 0 || rows[at].blank || len(h.rows) > 0 && h.rows[len(h.rows)-1].n >= int64(n) {
			return h, false
		}
		h.rows = append(h.rows, rows[at])
		h.from = int64(n) + 1
	}
	return h, true
}

// maybeSections: the first row under the header has only its first cell.
func (f *finder) maybeSections(ctx context.Context, l *layout) bool {
	if l.width < 3 || len(l.header.rows) == 0 {
		return false
	}
	src, err := f.records(ctx, l)
	if err != nil {
		return false
	}
	w := newWalker(src, l)
	for {
		k, err := w.next()
		if err != nil {
			return false
		}
		switch k {
		case rowData, rowUnsure:
			return solo(w.r.cells, l.width)
		case rowRejected:
			return false
		}
	}
}

// pass is one run over all rows.
type pass struct {
	f        *finder
	l        *layout
	w        *walker
	crew     *crew
	cols     []column // the crew's; to be looked at after its wait
	section  column
	acc      Accounting
	sections bool

	pending   []waiting // weak rows that are footer if nothing solid follows
	lateBlank bool      // a blank record came since the last solid row
	unsure    seen
	rejected  seen
	how       [repairedRow + 1]seen
	total     seen
	literal   seen   // cells that open with a quote, where quotes are characters
	scout     *scout // nil: no other table is looked for
	first     map[rowKind]place
}

// waiting is a row whose kind depends on what follows.
type waiting struct {
	row
	kind   rowKind
	ragged ragged
	fitted []cell

	nullRows int64 // before it, in a table of one column
}

func (f *finder) newPass(l *layout) *pass {
	p := &pass{f: f, l: l, crew: newCrew(l.width), first: make(map[rowKind]place)}
	p.cols = p.crew.cols
	if !f.alone && f.part.to == 0 && !l.given {
		p.scout = &scout{}
	}
	labels := l.labels
	if labels == nil {
		labels = make([]string, l.width)
	}
	shown := make([]string, l.width)
	for j, label := range labels {
		shown[j] = Label(label)
	}
	for j, key := range f.keys(shown) {
		if plan, ok := f.planFor(key, shown[j]); ok {
			for _, n := range plan.Nulls {
				p.cols[j].ownNulls = append(p.cols[j].ownNulls, trim([]byte(n)))
			}
			p.cols[j].own = make([]int64, len(plan.Nulls))
			p.cols[j].byPlan = plan.Type != "" || plan.Format != "" || plan.Thousands != "" || plan.Decimal != ""
		}
	}
	return p
}

// keys are those of the labels, but for columns that keep the key they had
// under another label. A column whose own key that is gets another one.
func (f *finder) keys(labels []string) []string {
	keys := Keys(labels)
	kept := make([]bool, len(keys))
	used := make(map[string]bool, len(keys))
	for j, key := range keys {
		if c, ok := f.planNamed(key, labels[j]); ok && c.Key != "" && !used[c.Key] {
			keys[j], kept[j], used[c.Key] = c.Key, true, true
		}
	}
	for j, key := range keys {
		for n := 2; !kept[j] && used[keys[j]]; n++ {
			keys[j] = key + "_" + strconv.Itoa(n)
		}
		used[keys[j]] = true
	}
	return keys
}

// planFor finds what the plan says of a column: by the key that it keeps, else
// by its own key or its label.
func (f *finder) planFor(key, label string) (privacy.ReadColumn, bool) {
	if c, ok := f.planLabelled(label); ok && c.Key == key {
		return c, true // two tables may keep one key under two labels
	}
	for _, name := range slices.Sorted(maps.Keys(f.reading.Columns)) {
		if c := f.reading.Columns[name]; c.Key != "" && c.Key == key {
			return c, true
		}
	}
	return f.planNamed(key, label)
}

func (f *finder) planNamed(key, label string) (privacy.ReadColumn, bool) {
	if c, ok := f.reading.Columns[key]; ok {
		return c, true
	}
	return f.planLabelled(label)
}

func (f *finder) planLabelled(label string) (privacy.ReadColumn, bool) {
	if label == "" {
		return privacy.ReadColumn{}, false
	}
	for _, name := range slices.Sorted(maps.Keys(f.reading.Columns)) {
		if strings.EqualFold(strings.Join(strings.Fields(Label(name)), " "), strings.Join(strings.Fields(label), " ")) {
			return f.reading.Columns[name], true
		}
	}
	return privacy.ReadColumn{}, false
}

// fullRows is how many rows must fill a column before an empty cell in it is
// a sign that a row slipped.
const fullRows = 10

// errNotSections: rows that looked like sections are data.
var errNotSections = errors.New("not sections")

// pendingMost is how many weak rows may wait: a longer tail is data.
const pendingMost = 64

func (p *pass) run(ctx context.Context) error {
	f, l := p.f, p.l
	l.footerFrom = 0
	// Sections are taken up one by one below, so that a footer is none.
	l.sections = false
	src, err := f.records(ctx, l)
	if err != nil {
		return err
	}
	p.w = newWalker(src, l)
	defer p.crew.stop()
	seenSections := 0
	for {
		k, err := p.w.next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		r := p.w.r
		p.acc.Records++
		if len(r.cells) > f.opts.Limits.Columns {
			return &Refusal{Code: "too-large", Stage: "structure", Line: r.line}
		}
		if p.acc.Records&0x3fff == 0 && f.opts.Progress != nil {
			f.opts.Progress("structure", r.end, p.acc.Data)
		}
		if p.scout != nil && p.scout.see(p, k) {
			return errNextTable
		}
		if _, ok := p.first[k]; !ok {
			p.first[k] = place{r.n, r.line}
		}
		switch k {
		case rowHeader:
			p.acc.Header++
			continue
		case rowPreamble:
			p.acc.Preamble++
			continue
		case rowBlank:
			p.acc.Blank++
			p.lateBlank = p.lateBlank || p.acc.Data > 0
			continue
		case rowRepeated:
			p.acc.RepeatedHeader++
			continue
		case rowHidden:
			p.acc.Hidden++
			continue
		case rowComment:
			p.acc.Comment++
			continue
		}
		if l.given {
			p.take(k, even, p.w.cells, r.line)
			continue
		}
		alone := p.sections && solo(r.cells, l.width)
		if alone || p.acc.Data > 0 && (p.lateBlank || len(p.pending) > 0 || marked(trim(r.cells[0].b))) && weak(r.cells, l.width) {
			p.pending = append(p.pending, waiting{keepRow(r), k, p.w.ragged, cloneCells(p.w.cells), p.w.nullRows})
			p.w.nullRows = 0
			if len(p.pending) <= pendingMost {
				continue
			}
			if err := p.flush(&seenSections); err != nil {
				return err
			}
			continue
		}
		if len(p.pending) > 0 {
			if err := p.flush(&seenSections); err != nil {
				return err
			}
		}
		p.lateBlank = false
		p.take(k, p.w.ragged, p.w.cells, r.line)
	}
	if p.w.end != p.w.r.end {
		return &Refusal{Code: "unbalanced", Stage: "structure"}
	}
	if p.scout != nil && len(p.scout.rows) > 0 && p.scout.judge(p) {
		return errNextTable
	}
	if len(p.pending) > 0 {
		if p.sections && !p.lateBlank && !marked(trim(p.pending[0].cells[0].b)) {
			return errNotSections // a title with no rows under it is lost as a section
		}
		l.footerFrom = p.pending[0].n
		p.first[rowFooter] = place{p.pending[0].n, p.pending[0].line}
		p.acc.Footer += int64(len(p.pending))
	}
	if p.sections && seenSections < 2 {
		return errNotSections
	}
	l.sections = p.sections
	l.data = p.acc.Data
	p.crew.wait()
	return nil
}

// take counts one row and shows its cells to the columns.
func (p *pass) take(k rowKind, how ragged, cells []cell, line int64) {
	switch k {
	case rowUnsure:
		p.unsure.add(1, 0, line)
		p.acc.Rejected++
		p.crew.early.fail() // all is read again
		return
	case rowRejected:
		p.rejected.add(1, 0, line)
		p.acc.Rejected++
		return
	}
	for ; p.w.nullRows > 0; p.w.nullRows-- {
		p.acc.Data++
		p.acc.Blank--
		p.crew.row([]cell{{}}, p.acc.Data, line)
	}
	p.acc.Data++
	row := p.acc.Data
	if how != even {
		p.how[how].add(1, row, line)
	}
	p.crew.row(cells, row, line)
	if totalRow(trim(cells[0].b)) {
		p.total.add(1, row, line)
	}
	if p.f.bare {
		for _, c := range cells {
			if len(c.b) > 0 && c.b[0] == '"' {
				p.literal.add(1, row, line)
			}
		}
	}
}

// flush makes the rows that waited into sections or data.
func (p *pass) flush(sections *int) error {
	before := false
	after := p.w.nullRows // they stand behind the rows that waited
	for _, r := range p.pending {
		p.w.nullRows = r.nullRows
		if p.sections && solo(r.cells, p.l.width) {
			if before {
				return errNotSections
			}
			before = true
			*sections++
			p.acc.Section++
			p.section.add(&r.cells[0], p.acc.Data+1, r.line)
			if _, ok := p.first[rowSection]; !ok {
				p.first[rowSection] = place{r.n, r.line}
			}
			continue
		}
		before = false
		p.take(r.kind, r.ragged, r.fitted, r.line)
	}
	p.pending, p.w.nullRows = p.pending[:0], after
	return nil
}
