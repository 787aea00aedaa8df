package format

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
)

// Several tables may stand in one sheet or one text: below each other, with
// titles and blank rows between, or beside each other with an empty column
// between. Each is found and reported as a table of its own. They are told
// apart on evidence only: a row of labels that do not fit the columns above
// them, over cells that fit the labels. Where that is missing the rows stay in
// one table, since cutting a table in two loses what belongs together.

// region is where one of the tables stands. The zero region is everything.
type region struct {
	from, to    int64 // records from..to-1; to 0: to the end
	left, right int   // cells left..right-1; right 0: all
}

const (
	stackMost = 50    // tables below each other; what follows stays with the last
	besideMax = 50    // tables beside each other
	scoutRows = 24    // how many rows are looked at to know a new table
	scoutMost = 2_000 // how often that is tried in one pass
	runLeast  = 3     // rows of another width that are more than an accident
)

// errNextTable: another table begins at the scout's record.
var errNextTable = errors.New("another table begins")

// window shows the records of a part as if they were all there are.
type window struct {
	record
	src  records
	in   *record
	part region
	last int64 // where the record before ended, in the source
	met  bool
}

func (w *window) at() *record { return &w.record }

func (w *window) next() error {
	for {
		if err := w.src.next(); err != nil {
			return err
		}
		if w.in.start != w.last {
			return &Refusal{Code: "unbalanced", Stage: "structure", Line: w.in.line}
		}
		w.last = w.in.end
		if w.part.to > 0 && w.in.n >= w.part.to {
			return io.EOF
		}
		if w.in.n >= w.part.from {
			break
		}
	}
	w.record = *w.in
	if !w.met {
		w.met, w.start = true, 0 // what stands above belongs to other tables
	}
	if w.part.right > 0 {
		n := len(w.cells)
		w.cells = w.cells[min(n, w.part.left):min(n, w.part.right)]
		if len(w.cells) == 0 {
			w.cells = []cell{{}}
		}
		w.blank = allEmpty(w.cells)
	}
	return nil
}

// records opens the source and shows the finder's part of it.
func (f *finder) records(ctx context.Context, l *layout) (records, error) {
	src, err := f.open(ctx, l)
	if err != nil || f.part == (region{}) {
		return src, err
	}
	return &window{src: src, in: src.at(), part: f.part}, nil
}

// tables finds all the tables of the source.
func (f *finder) tables(ctx context.Context) ([]Table, error) {
	blocks, err := f.beside(ctx)
	if err != nil {
		return nil, err
	}
	var out []Table
	for i, b := range blocks {
		from := int64(0)
		for k := 1; ; k++ {
			g := *f
			g.part = region{from: from, left: b[0], right: b[1]}
			g.alone = k == stackMost || len(f.reading.HeaderRows) > 0
			g.last = i == len(blocks)-1
			if len(blocks) > 1 {
				g.merges, g.width = mergesIn(f.merges, b[0], b[1]), b[1]-b[0]
			}
			if n := len(out) + 1; n > 1 && f.name != "" {
				g.name = fmt.Sprintf("%s (%d)", f.name, n)
			}
			t, err := g.find(ctx)
			if err != nil {
				return nil, err
			}
			out = append(out, t)
			if from = g.part.to; from == 0 {
				break
			}
		}
	}
	return out, nil
}

// mergesIn are the merged areas within some columns, seen from the first of them.
func mergesIn(all []merge, left, right int) []merge {
	var out []merge
	for _, m := range all {
		if m.left >= left && m.right < right {
			m.left, m.right = m.left-left, m.right-left
			out = append(out, m)
		}
	}
	return out
}

// sourceProblems are about the source as a whole. They stand with its first
// table, and are known when the last was read.
func (f *finder) sourceProblems(tr *TableReport, p *pass, keys []string) {
	f.hidden = p.acc.Hidden
	for _, t := range f.report.Tables[min(f.first, len(f.report.Tables)):] {
		f.hidden += t.Accounting.Hidden
	}
	if f.problems == nil || f.part.to > 0 || f.part.right > 0 && !f.last {
		return
	}
	src := p.w.src
	if w, ok := src.(*window); ok {
		src = w.src
		keys = nil // of one table; the problems are about all columns
	}
	met := TableReport{Problems: []Problem{}, Accounting: Accounting{Hidden: f.hidden}}
	f.problems(&met, src, keys)
	if f.first < len(f.report.Tables) {
		tr = &f.report.Tables[f.first]
	}
	tr.Problems = append(met.Problems, tr.Problems...)
}

// scout looks for the row at which another table begins. It costs nothing
// while rows have the usual width and no blank row stands between them.
type scout struct {
	rows   []row
	filled int  // rows that are not blank
	wide   bool // the rows have another width than the table
	tries  int
	begins int64 // the record of the next table
}

// see is shown each record before it is counted, and says whether another
// table began.
func (s *scout) see(p *pass, k rowKind) bool {
	r, l := p.w.r, p.l
	if len(s.rows) == 0 {
		if k == rowData && len(r.cells) == l.width && !p.lateBlank {
			return false
		}
		if p.acc.Data == 0 || k == rowBlank || k == rowHidden || k == rowComment || k == rowRepeated || s.tries == scoutMost {
			return false
		}
		other := len(r.cells) != l.width && len(r.cells) > 1 && !l.padded
		if !p.lateBlank && !other {
			return false
		}
		s.wide = !p.lateBlank
	} else if s.wide && len(r.cells) != len(s.rows[0].cells) {
		if s.filled < runLeast {
			s.reset()
			return s.see(p, k)
		}
		return s.judge(p)
	}
	if k == rowBlank {
		if s.filled >= runLeast {
			return s.judge(p)
		}
		s.rows = append(s.rows, keepRow(r))
		return false
	}
	s.rows = append(s.rows, keepRow(r))
	if s.filled++; s.filled < scoutRows && len(s.rows) < 2*scoutRows {
		return false
	}
	return s.judge(p)
}

func (s *scout) reset() { s.rows, s.filled = s.rows[:0], 0 }

// judge decides over the rows at hand.
func (s *scout) judge(p *pass) bool {
	rows := s.rows
	s.tries++
	defer s.reset()
	if s.wide && s.filled < runLeast {
		return false
	}
	// What is marked as a note belongs to the table above.
	for len(rows) > 0 && (rows[0].blank || marked(rows[0].at(0))) {
		rows = rows[1:]
	}
	p.crew.wait()
	at, ok := tableIn(rows, s.wide, p.l.labels, func(j int) bool {
		if j >= len(p.cols) {
			return true
		}
		c := &p.cols[j]
		return c.count[kText]+c.count[kYesNo] == 0 && c.values() > 0
	})
	s.begins = at
	return ok
}

// tableIn says whether a table begins at the first of the rows, and at which
// record. typed tells the columns of the table above in which a label cannot
// stand; labels are its own.
func tableIn(rows []row, wide bool, labels []string, typed func(int) bool) (int64, bool) {
	width := filledWidth(rows)
	if len(rows) < 2 || width < 2 {
		return 0, false
	}
	h := findHeader(rows, width)
	if len(h.rows) == 0 {
		return 0, false
	}
	low := h.rows[len(h.rows)-1]
	var body []row
	for _, r := range rows {
		if !r.blank && r.n >= low.n {
			body = append(body, r)
		}
	}
	if len(body) < 2 {
		return 0, false
	}
	stranger, known, named := false, 0, 0
	for j := range width {
		t := low.at(j)
		if len(t) == 0 {
			continue
		}
		if scan(t).kind != kText && !year(t) && !numberLabel(low, j) {
			return 0, false
		}
		named++
		stranger = stranger || typed(j)
		if j < len(labels) && bytes.Equal(trim([]byte(labels[j])), t) {
			known++
		}
	}
	same := known == named && named == filledLabels(labels)
	if named < 2 || same || !stranger {
		return 0, false // a repeated header is no new table
	}
	pos, neg := evidence(body, 0, width)
	if pos >= 1 && neg == 0 || wide && known*2 >= named {
		return rows[0].n, true
	}
	return 0, false
}

// filledWidth is where the last filled cell of the rows stands.
func filledWidth(rows []row) int {
	width := 0
	for _, r := range rows {
		for j := len(r.cells) - 1; j >= width; j-- {
			if len(trim(r.cells[j].b)) > 0 {
				width = j + 1
				break
			}
		}
	}
	return width
}

func filledLabels(labels []string) int {
	n := 0
	for _, l := range labels {
		if len(trim([]byte(l))) > 0 {
			n++
		}
	}
	return n
}

// headTable looks among the first rows for a second table, where the first is
// so short that the second would set the width. 0: there is none.
func headTable(rows []row) int64 {
	for i := 3; i < len(rows); i++ {
		if rows[i].blank || !rows[i-1].blank && (len(rows[i].cells) == len(rows[i-1].cells) || len(rows[i].cells) < 2) {
			continue
		}
		above := rows[:i]
		width := filledWidth(above)
		if width < 3 {
			continue
		}
		h := findHeader(above, width)
		if len(h.rows) == 0 || h.rows[0].filled() < 3 {
			continue
		}
		var body []row
		cols := make([]column, width)
		for _, r := range above {
			switch {
			case r.blank || r.n < h.rows[len(h.rows)-1].n:
			case r.n < h.from:
				body = append(body, r)
			default:
				body = append(body, r)
				for j := range min(width, len(r.cells)) {
					cols[j].add(&r.cells[j], r.n, r.line)
				}
			}
		}
		if pos, neg := evidence(body, 0, width); pos < 1 || neg > 0 {
			continue
		}
		next := rows[i:min(len(rows), i+scoutRows)]
		if marked(next[0].at(0)) {
			continue
		}
		at, ok := tableIn(next, !rows[i-1].blank, h.labels(width), func(j int) bool {
			return j >= width || cols[j].count[kText]+cols[j].count[kYesNo] == 0 && cols[j].values() > 0
		})
		if ok && filledWidth(next) != width {
			return at
		}
	}
	return 0
}

// beside finds tables that stand side by side: runs of columns with an empty
// column between, each with labels of its own over values. One run, or runs
// that could as well be one table, are one: {0, 0}.
func (f *finder) beside(ctx context.Context) ([][2]int, error) {
	whole := [][2]int{{0, 0}}
	if f.labels != nil || len(f.reading.HeaderRows) > 0 {
		return whole, nil
	}
	src, err := f.open(ctx, &layout{width: f.width, padded: f.padded, delim: f.delim})
	if err != nil {
		return nil, err
	}
	rows, ended, err := firstRows(src, f.opts.Limits)
	if err != nil {
		return nil, err
	}
	blocks := columnRuns(rows)
	if len(blocks) < 2 || len(blocks) > besideMax || !separate(rows, blocks) {
		return whole, nil
	}
	// The columns between must be empty to the end of the file.
	for !ended {
		switch err := src.next(); {
		case err == io.EOF:
			ended = true
		case err != nil:
			return nil, err
		case !within(src.at().cells, blocks):
			return whole, nil
		}
	}
	return blocks, nil
}

// firstRows keeps the first records; ended says that there are no more.
func firstRows(src records, limits Limits) (rows []row, ended bool, err error) {
	r := src.at()
	size := int64(0)
	for len(rows) < headRows && size < headBytes {
		err := src.next()
		if err == io.EOF {
			return rows, true, nil
		}
		if err != nil {
			return nil, false, err
		}
		if len(r.cells) > limits.Columns {
			return nil, false, &Refusal{Code: "too-large", Stage: "structure", Line: r.line}
		}
		if !r.comment {
			rows = append(rows, keepRow(r))
		}
		size += r.end - r.start
	}
	return rows, false, nil
}

// columnRuns are the runs of columns in which something stands. Titles of one
// cell are not looked at: they may stand over anything.
func columnRuns(rows []row) [][2]int {
	used := make([]bool, filledWidth(rows))
	for _, r := range rows {
		if r.filled() < 2 {
			continue
		}
		for j, c := range r.cells {
			if j < len(used) && len(trim(c.b)) > 0 {
				used[j] = true
			}
		}
	}
	var out [][2]int
	for j := 0; j < len(used); j++ {
		if !used[j] {
			continue
		}
		from := j
		for j < len(used) && used[j] {
			j++
		}
		out = append(out, [2]int{from, j})
	}
	return out
}

func within(cells []cell, blocks [][2]int) bool {
	for j, c := range cells {
		if len(trim(c.b)) == 0 {
			continue
		}
		in := false
		for _, b := range blocks {
			in = in || j >= b[0] && j < b[1]
		}
		if !in {
			return false
		}
	}
	return true
}

// separate: each run is a table by itself, and something shows that they are
// not one: the same labels again, or an end of its own.
func separate(rows []row, blocks [][2]int) bool {
	labels := make(map[string]int)
	ends := make(map[int64]bool)
	again, all := 0, 0
	for _, b := range blocks {
		width := b[1] - b[0]
		if width < 2 {
			return false
		}
		cut := make([]row, len(rows))
		end := int64(0)
		for i, r := range rows {
			n := len(r.cells)
			cut[i] = row{n: r.n, line: r.line, cells: r.cells[min(n, b[0]):min(n, b[1])]}
			if len(cut[i].cells) == 0 {
				cut[i].cells = []cell{{}}
			}
			if cut[i].blank = allEmpty(cut[i].cells); !cut[i].blank {
				end = r.n
			}
		}
		ends[end] = true
		h := findHeader(cut, width)
		if len(h.rows) == 0 {
			return false
		}
		var body []row
		for _, r := range cut {
			if !r.blank && r.n >= h.rows[len(h.rows)-1].n {
				body = append(body, r)
			}
		}
		if pos, neg := evidence(body, 0, width); len(body) < 2 || pos < 1 || neg > 0 {
			return false
		}
		for _, l := range h.labels(width) {
			if l == "" {
				return false
			}
			if labels[l]++; labels[l] > 1 {
				again++
			}
			all++
		}
	}
	return again*3 >= all || len(ends) == len(blocks)
}
