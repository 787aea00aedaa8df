package format

import (
	"bytes"
	"slices"
	"strings"
)

// row is a record kept from the start of the file.
type row struct {
	n     int64
	line  int64
	cells []cell
	blank bool
}

func (r row) at(j int) []byte {
	if j < len(r.cells) {
		return trim(r.cells[j].b)
	}
	return nil
}

func (r row) filled() int {
	n := 0
	for _, c := range r.cells {
		if len(trim(c.b)) > 0 {
			n++
		}
	}
	return n
}

// headRows is how many records are kept for finding the header.
const (
	headRows       = 300
	headBytes      = 4 << 20
	preambleRows   = 60
	headerRowsMost = 5
)

func keepRow(r *record) row {
	return row{n: r.n, line: r.line, blank: r.blank || allEmpty(r.cells), cells: cloneCells(r.cells)}
}

// header is where the labels stand; no rows: the table has none.
type header struct {
	rows []row
	from int64 // first record after preamble and header
}

// findHeader looks at the first rows of a table: ingest.md section 8.
func findHeader(rows []row, width int) header {
	var body []row
	for _, r := range rows {
		if !r.blank {
			body = append(body, r)
		}
	}
	if len(body) == 0 {
		return header{from: 1}
	}
	i := 0
	for i < len(body) && i < preambleRows && preambleLike(body[i], width) {
		i++
	}
	if i == len(body) || i == preambleRows {
		i = 0
	}
	if !headerLike(body, i, width) {
		// Titles may also stand over a table without header. What cannot be
		// told from a sparse first row stays data.
		from := int64(1)
		for k := range i {
			if next := body[k+1]; len(body[k].cells) == 1 && width > 1 || next.n > body[k].n+1 {
				from = next.n
			}
		}
		return header{from: from}
	}
	first, last := i, i
	for last+1 < len(body) && last-first+1 < headerRowsMost && goesOn(body, last, width) {
		last++
	}
	for first > 0 && last-first+1 < headerRowsMost && body[first-1].n == body[first].n-1 && groupTitles(body[first-1], width) {
		first--
	}
	return header{rows: body[first : last+1], from: body[last].n + 1}
}

// preambleLike: one or two cells where the table is wider.
func preambleLike(r row, width int) bool {
	switch {
	case width < 2:
		return false
	case len(r.cells) == 1:
		return true
	case width == 2:
		return false
	}
	f := r.filled()
	return f == 1 && len(r.at(0)) > 0 || f <= 2 && width > 3
}

// groupTitles: titles that stand over several columns each.
func groupTitles(r row, width int) bool {
	if len(r.cells) < 2 || r.filled() == 0 {
		return false
	}
	seen, gap := false, false
	for j := range width {
		t := r.at(j)
		if len(t) == 0 {
			if seen || j == 0 {
				gap = true
			}
			continue
		}
		if k := scan(t).kind; k != kText && !year(t) {
			return false
		}
		if gap && seen || gap && len(r.at(0)) == 0 {
			return true
		}
		seen = true
	}
	return false
}

// goesOn: the row after body[i] is a further level of the header. body[i] has
// gaps, the next row fills some of them, and it still looks like labels.
func goesOn(body []row, i, width int) bool {
	upper, lower := body[i], body[i+1]
	if lower.n != upper.n+1 || len(lower.cells) < 2 {
		return false
	}
	gaps, fills := 0, 0
	for j := 1; j < width; j++ {
		if len(upper.at(j)) == 0 {
			gaps++
			if len(lower.at(j)) > 0 {
				fills++
			}
		}
	}
	if gaps == 0 && len(upper.at(0)) > 0 {
		return secondLabels(body, i+1, width)
	}
	if gaps == 0 || fills == 0 {
		return false
	}
	if fills == gaps && leavesKeys(body, i+1, width) {
		return true
	}
	pos, neg := evidence(body, i+1, width)
	return pos >= 1 && neg == 0
}

// secondLabels: body[i] stands under a full row of labels and is another: each
// of its cells is text, no two alike, over two and more columns of values.
func secondLabels(body []row, i, width int) bool {
	met := make(map[string]bool)
	for j := range width {
		t := body[i].at(j)
		if len(t) == 0 || scan(t).kind != kText || met[string(t)] {
			return false
		}
		met[string(t)] = true
	}
	if len(body)-i < 4 || sameCells(body[i].cells, body[i-1].cells) {
		return false // too few rows below to tell a label from a word among numbers
	}
	pos, neg := evidence(body, i, width)
	return pos >= 2 && neg == 0
}

// withoutGaps takes out of a header the empty labels that make it longer than
// the rows below: a delimiter too many. It says how many they were.
func withoutGaps(h *row, rows []row, width int) int {
	surplus := len(h.cells) - width
	if surplus <= 0 || len(h.cells)-h.filled() != surplus || allEmpty(h.cells[width:]) {
		return 0
	}
	for _, r := range rows {
		if r.n > h.n && len(r.cells) > width && !allEmpty(r.cells[width:]) {
			return 0
		}
	}
	h.cells = slices.DeleteFunc(slices.Clone(h.cells), func(c cell) bool { return len(trim(c.b)) == 0 })
	return surplus
}

// leavesKeys: body[i] holds text alone, and leaves empty what all of the rows
// below fill. A survey repeats its options as answers, so that they look like
// data; a row without its number does not.
func leavesKeys(body []row, i, width int) bool {
	below := body[i+1 : min(len(body), i+21)]
	if len(below) < 3 {
		return false
	}
	keys := 0
	for j := range width {
		if t := body[i].at(j); len(t) > 0 {
			if k := scan(t).kind; k != kText && k != kYesNo && !year(t) {
				return false
			}
			continue
		}
		if len(body[i-1].at(j)) > 0 && !slices.ContainsFunc(below, func(r row) bool { return len(r.at(j)) == 0 }) {
			keys++
		}
	}
	return keys >= 2 || keys == 1 && len(body[i].at(0)) == 0
}

// headerLike decides over body[i] with the rows below it. Without evidence
// either way the first row is the header: nearly every file has one.
func headerLike(body []row, i, width int) bool {
	r := body[i]
	if len(r.cells) > 1 && r.filled() < 2 && width > 2 {
		return false
	}
	labels := make(map[string]bool)
	double := 0
	values := 0
	for j := range width {
		t := r.at(j)
		if len(t) == 0 {
			continue
		}
		if len(t) > DefaultLimits.Label {
			return false
		}
		if labels[string(t)] {
			double++
		}
		labels[string(t)] = true
		if k := scan(t).kind; k != kText && k != kYesNo && !numberLabel(r, j) {
			values++
		}
	}
	if len(labels) == 0 {
		return false
	}
	pos, neg := evidence(body, i, width)
	switch {
	case pos > neg:
		return true
	case neg > 0:
		return false
	case i == len(body)-1:
		return values == 0
	}
	return double*3 <= len(labels) && values*2 <= len(labels)
}

// evidence weighs body[i] as labels against it as the first row of data.
func evidence(body []row, i, width int) (pos, neg float64) {
	r := body[i]
	equal := 0
	for _, b := range body[i+1:] {
		if sameCells(b.cells, r.cells) {
			equal++
		}
	}
	if equal > 0 && equal*2 >= len(body)-i-1 {
		return 0, 1 // the same row again and again is data, not a repeated header
	}
	for j := range width {
		t := r.at(j)
		if len(t) == 0 {
			continue
		}
		var col column
		same := false
		for _, b := range body[i+1:] {
			if len(b.cells) <= j || len(b.cells)*2 < width || sameCells(b.cells, r.cells) {
				continue
			}
			v := b.at(j)
			c := b.cells[j]
			col.add(&c, b.n, b.line)
			same = same || len(v) > 0 && bytes.Equal(v, t)
		}
		all := col.values()
		if all == 0 {
			continue
		}
		k := scan(t).kind
		text := col.count[kText] + col.count[kYesNo]
		if text*5 <= all { // four fifths are values of some type
			switch {
			case k == kText || k == kYesNo:
				pos++
			case k == kNull:
				neg += 0.5
			case numberLabel(r, j):
				pos += 0.4
			case year(t) && !years(&col, all):
				pos += 0.4
			case isNumber(k) && !isNumber(col.commonest()):
				pos += 0.6 // a number over dates or booleans
			default:
				neg++
			}
			continue
		}
		switch {
		case same:
			neg++
		case k != kText && k != kYesNo && !numberLabel(r, j):
			neg += 0.3
		}
	}
	return pos, neg
}

func isNumber(k kind) bool { return k >= numberFirst && k <= numberLast || k == kCode }

func (c *column) commonest() kind {
	best := kText
	for k := kText; k < kinds; k++ {
		if c.count[k] > c.count[best] {
			best = k
		}
	}
	return best
}

// years: most numbers of the column have the four digits of a year.
func years(c *column, all int64) bool {
	return c.count[kInt]*2 > all && c.extents[0].all == 4
}

func year(t []byte) bool {
	return len(t) == 4 && (t[0] == '1' && t[1] == '9' || t[0] == '2' && t[1] == '0') && digit(t[2]) && digit(t[3])
}

// numberLabel: years or small numbers that go up or down by one step from
// column to column are labels.
func numberLabel(r row, j int) bool {
	value := func(k int) (int, bool) {
		if k < 0 || k >= len(r.cells) {
			return 0, false
		}
		t := r.at(k)
		if len(t) == 0 || len(t) > 4 {
			return 0, false
		}
		for _, x := range t {
			if !digit(x) {
				return 0, false
			}
		}
		return digits(t), true
	}
	v, ok := value(j)
	if !ok {
		return false
	}
	steps := 0
	for _, k := range []int{j - 1, j + 1} {
		if w, ok := value(k); ok {
			if d := w - v; d == k-j || d == j-k || year(r.at(j)) && year(r.at(k)) && d != 0 && d*(k-j) > -100 && d*(k-j) < 100 {
				steps++
			} else {
				return false
			}
		}
	}
	if year(r.at(j)) {
		return steps > 0
	}
	// 1, 2, 3 over a table is as often data: all cells but the first must go on so.
	for k := 1; k < len(r.cells); k++ {
		a, ok1 := value(k)
		b, ok2 := value(k - 1)
		if !ok1 || k > 1 && (!ok2 || a-b != 1) {
			return false
		}
	}
	first, isNumber := value(0)
	second, _ := value(1)
	return len(r.cells) > 2 && (len(r.at(0)) == 0 || !isNumber || first == 0 && second == 1)
}

func sameCells(a, b []cell) bool {
	return slices.EqualFunc(a, b, func(x, y cell) bool { return bytes.Equal(x.b, y.b) })
}

// labels joins the levels: titles fill rightwards over the columns below them.
func (h header) labels(width int) []string {
	if len(h.rows) == 0 {
		return nil
	}
	last := len(h.rows) - 1
	if last == 0 {
		out := make([]string, width)
		for j := range out {
			if j < len(h.rows[0].cells) {
				out[j] = string(h.rows[0].cells[j].b)
			}
		}
		return out
	}
	parts := make([][]string, width)
	for i, r := range h.rows {
		title := ""
		for j := range width {
			t := string(r.at(j))
			if t != "" {
				title = t
				if i < last && !below(h.rows[i+1:], j) {
					title = "" // a label of its own column, not a group
				}
			} else if i < last {
				t = title
			}
			if t != "" {
				parts[j] = append(parts[j], t)
			}
		}
	}
	out := make([]string, width)
	for j, p := range parts {
		out[j] = strings.Join(p, " ")
	}
	return out
}

func below(rows []row, j int) bool {
	for _, r := range rows {
		if len(r.at(j)) > 0 {
			return true
		}
	}
	return false
}
