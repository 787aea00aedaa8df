package format

import (
	"bytes"
	"slices"
)

// layout is what must be known to read the rows of a table again in the same
// way: rules, and no list of rows, so that it stays small whatever the file.
type layout struct {
	width      int      // cells of a data row, as they stand
	padded     bool     // short records have empty cells at their end
	given      bool     // the source knows the labels: every record is a row
	delim      []byte   // between cells
	drop       int      // so many at the end have neither label nor value
	header     header   // its rows, to find repeated ones
	gaps       seen     // empty labels taken out of it, as delimiters too many
	labels     []string // as they stand, width of them; nil: no header
	sections   bool
	footerFrom int64 // record where the footer begins; 0: there is none
	ragged     string
	fix        []spec // what the cells of a ragged row must fit; nil: not known yet
	full       []bool // columns that no other row leaves empty
	data       int64  // data rows, to check the second pass against
}

// rowKind is what became of a record.
type rowKind int

const (
	rowData rowKind = iota
	rowBlank
	rowHeader
	rowPreamble
	rowSection
	rowFooter
	rowRepeated
	rowRejected
	rowHidden
	rowComment
	rowUnsure // ragged, and the types are not known yet
)

// walker gives each record its kind, and each data row its cells.
type walker struct {
	src records
	r   *record // src's, the one at hand
	l   *layout

	cells    []cell // of a data row, l.width of them
	nullRows int64  // in a table of one column: empty lines since the last data row, null rows if another follows
	started  bool   // a data row was met
	section  []byte
	end      int64 // where the record before ended

	ragged ragged // how the row at hand differed
	work   int    // spent on joining
}

// ragged is how a row differed from the usual width.
type ragged int

const (
	even ragged = iota
	shortRow
	cutRow // long, with empty cells only
	longRow
	repairedRow
)

func newWalker(src records, l *layout) *walker { return &walker{src: src, r: src.at(), l: l} }

func (w *walker) next() (rowKind, error) {
	if err := w.src.next(); err != nil {
		return 0, err
	}
	// Every byte belongs to one record: a record that is lost shows here.
	if w.r.start != w.end {
		return 0, &Refusal{Code: "unbalanced", Stage: "structure", Line: w.r.line}
	}
	w.end = w.r.end
	return w.kind(), nil
}

func (w *walker) kind() rowKind {
	r, l := w.r, w.l
	switch {
	case r.hidden:
		return rowHidden
	case r.comment:
		return rowComment
	}
	if l.given {
		w.cells = r.cells
		return rowData
	}
	if r.n < l.header.from {
		switch {
		case l.isHeader(r.n):
			return rowHeader
		case r.blank || allEmpty(r.cells):
			return rowBlank
		}
		return rowPreamble
	}
	// A quoted empty cell in a table of one column is a value, not a blank line.
	if r.blank || allEmpty(r.cells) && !(l.width == 1 && len(r.cells) == 1 && r.cells[0].quoted) {
		if w.started && l.width == 1 {
			w.nullRows++
		}
		return rowBlank
	}
	if l.footerFrom > 0 && r.n >= l.footerFrom {
		return rowFooter
	}
	for _, h := range l.header.rows {
		if len(h.cells) == len(r.cells) && bytes.Equal(h.cells[0].b, r.cells[0].b) && sameCells(h.cells, r.cells) {
			return rowRepeated
		}
	}
	if l.sections && solo(r.cells, l.width) {
		w.section = append(w.section[:0], trim(r.cells[0].b)...)
		return rowSection
	}
	k := w.fit()
	if k == rowData {
		w.started = true
	}
	return k
}

func (l *layout) isHeader(n int64) bool {
	for _, h := range l.header.rows {
		if h.n == n {
			return true
		}
	}
	return false
}

// solo: only the first cell is filled, where there could be more.
func solo(cells []cell, width int) bool {
	return width >= 3 && len(trim(cells[0].b)) > 0 && allEmpty(cells[1:])
}

// fit makes the cells of the record into those of a row, or says why not.
func (w *walker) fit() rowKind {
	r, l := w.r, w.l
	n := len(r.cells)
	w.ragged = even
	if n == l.width {
		w.cells = r.cells
		return rowData
	}
	if n < l.width && l.padded {
		w.cells = append(w.cells[:0], r.cells...)
		for len(w.cells) < l.width {
			w.cells = append(w.cells, cell{})
		}
		return rowData
	}
	if l.fix == nil {
		return rowUnsure
	}
	if n > l.width && allEmpty(r.cells[l.width:]) {
		w.cells = r.cells[:l.width]
		w.ragged = cutRow
		if l.ragged != "report" && (!l.allFit(w.cells) || !l.allFull(w.cells)) && w.remove() {
			w.ragged = repairedRow
		}
		return rowData
	}
	if n < l.width {
		w.ragged = shortRow
		w.cells = append(w.cells[:0:0], r.cells...)
		for len(w.cells) < l.width {
			w.cells = append(w.cells, cell{})
		}
		if l.allFit(w.cells) {
			return rowData
		}
	} else {
		w.ragged = longRow
	}
	if l.ragged == "report" {
		return rowRejected
	}
	repaired := w.insert
	if n > l.width {
		repaired = w.join
	}
	if !repaired() {
		return rowRejected
	}
	w.ragged = repairedRow
	return rowData
}

func (l *layout) allFit(cells []cell) bool {
	for j, c := range cells {
		if !l.fix[j].fits(c) {
			return false
		}
	}
	return true
}

// allFull: no cell is empty in a column that no other row leaves empty.
func (l *layout) allFull(cells []cell) bool {
	for j, c := range cells {
		if l.full[j] && len(trim(c.b)) == 0 {
			return false
		}
	}
	return true
}

// remove finds the one empty cell without which all cells fit: a delimiter too
// many in a row whose last cells are empty.
func (w *walker) remove() bool {
	r, l := w.r, w.l
	if len(r.cells) != l.width+1 || w.work+l.width*l.width > joinWork {
		return false
	}
	w.work += l.width * l.width
	var found []cell
	for i := range l.width {
		if len(trim(r.cells[i].b)) > 0 || i > 0 && len(trim(r.cells[i-1].b)) == 0 {
			continue // of empty neighbours one stands for all
		}
		row := slices.Concat(r.cells[:i], r.cells[i+1:])
		if !l.allFit(row) || !l.allFull(row) {
			continue
		}
		if found != nil {
			return false
		}
		found = row
	}
	if found == nil {
		return false
	}
	w.cells = found
	return true
}

// insert finds the one place where an empty cell makes all cells fit.
func (w *walker) insert() bool {
	r, l := w.r, w.l
	n := len(r.cells)
	if n != l.width-1 {
		return false
	}
	// The cells before the gap must fit in their columns, those behind it in
	// the next ones. A gap at the end was tried before.
	fitsBefore := 0
	for fitsBefore < n && l.fix[fitsBefore].fits(r.cells[fitsBefore]) {
		fitsBefore++
	}
	ways, at := 0, 0
	for i := n - 1; i >= 0 && l.fix[i+1].fits(r.cells[i]); i-- {
		if i <= fitsBefore {
			ways++
			at = i
		}
	}
	if ways != 1 {
		return false
	}
	row := make([]cell, l.width)
	copy(row, r.cells[:at])
	copy(row[at+1:], r.cells[at:])
	w.cells = row
	return true
}

const (
	// joinMost is how many delimiters too many a row may have to be repaired.
	joinMost = 8
	// joinWork bounds the work over a whole file, in cells tried. It is spent
	// in the order of the rows, so that each reading decides alike.
	joinWork = 20_000_000
)

// join finds the one way of joining neighbours that makes all cells fit: a
// delimiter inside a cell that was not quoted.
func (w *walker) join() bool {
	r, l := w.r, w.l
	extra := len(r.cells) - l.width
	cost := l.width * (extra + 1) * (extra + 2) / 2
	if extra > joinMost || w.work+cost > joinWork {
		return false
	}
	w.work += cost
	// ways[j][k]: how the first j columns can take the first j+k cells; 2 is
	// "more than one".
	type step struct {
		ways uint8
		from int8
	}
	steps := make([][joinMost + 1]step, l.width+1)
	steps[0][0].ways = 1
	for j := range l.width {
		for k := range extra + 1 {
			if steps[j][k].ways == 0 {
				continue
			}
			for m := k; m <= extra; m++ {
				if l.fix[j].fits(cell{b: w.joined(j+k, j+m+1)}) {
					to := &steps[j+1][m]
					to.ways = min(2, to.ways+steps[j][k].ways)
					to.from = int8(k)
				}
			}
		}
	}
	if steps[l.width][extra].ways != 1 {
		return false
	}
	row := make([]cell, l.width)
	for j, m := l.width, extra; j > 0; j-- {
		k := int(steps[j][m].from)
		if a, b := j-1+k, j+m; b == a+1 {
			row[j-1] = r.cells[a]
		} else {
			row[j-1] = cell{b: w.joined(a, b)}
		}
		m = k
	}
	w.cells = row
	return true
}

// joined is cells a to b with the delimiter between them again.
func (w *walker) joined(a, b int) []byte {
	if b == a+1 {
		return w.r.cells[a].b
	}
	var out []byte
	for i := a; i < b; i++ {
		if i > a {
			out = append(out, w.l.delim...)
		}
		out = append(out, w.r.cells[i].b...)
	}
	return out
}

// footerMarks open a note under a table.
var footerMarks = []string{"nguồn", "ghi chú", "source", "note", "fuente", "nota", "quelle", "(1)", "*"}

func marked(b []byte) bool {
	// Asked of every row: most are told by their first byte.
	if len(b) == 0 || bytes.IndexByte([]byte("nNgGsSfFqQ(*"), b[0]) < 0 {
		return false
	}
	t := bytes.ToLower(b[:min(len(b), 32)])
	for _, m := range footerMarks {
		if bytes.HasPrefix(t, []byte(m)) {
			rest := t[len(m):]
			// "Notes" and "Nguồn:" are marks, "Notebook" is a product.
			if m == "*" || m == "(1)" || len(rest) == 0 || !(rest[0] >= 'a' && rest[0] <= 'z' || rest[0] >= 0x80) || rest[0] == 's' {
				return true
			}
		}
	}
	return false
}

// totalMarks open a row of totals, which stays as data and is flagged.
var totalMarks = []string{"tổng", "cộng", "total", "tổng cộng", "tổng số", "totals", "grand total"}

func totalRow(b []byte) bool {
	if len(b) > 24 || len(b) == 0 || bytes.IndexByte([]byte("tTcCgG"), b[0]) < 0 {
		return false
	}
	t := string(bytes.ToLower(bytes.TrimRight(b, ": ")))
	for _, m := range totalMarks {
		if t == m {
			return true
		}
	}
	return false
}

// weak rows may belong to a footer.
func weak(cells []cell, width int) bool {
	filled := 0
	for _, c := range cells {
		if len(c.b) > 0 && len(trim(c.b)) > 0 {
			if filled++; filled > 2 {
				return false
			}
		}
	}
	first := trim(cells[0].b)
	if filled == 2 && totalRow(first) {
		return false
	}
	switch {
	case width == 1:
		return marked(first)
	case width == 2:
		return filled == 1 && len(first) > 0 && (len(cells) == 1 || marked(first))
	case width == 3:
		return filled == 1 && len(first) > 0
	}
	return len(first) > 0
}
