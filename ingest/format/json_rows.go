package format

import (
	"context"
	"io"
	"strconv"
)

// jsonRecords gives the records of one table of a list, the list's own or
// those inside them.
type jsonRecords struct {
	record
	list  *jsonList
	table *jsonTable
	up    []*jsonTable // from the list's own table down to this one
	s     *jsonScanner
	begun bool
	done  bool

	raw    []byte     // the record of the list at hand: the items are cut from it
	items  []jsonItem // of the table, in it
	next0  int
	counts []int64 // records so far, by level
	text   []byte  // of the cells at hand
	spans  [][2]int
}

// jsonItem is a record of the table, with the key of the one it stands in.
type jsonItem struct {
	raw    []byte
	parent cell
	row    int64 // its number among all of the table
}

func newJSONRecords(f *jsonFile, ctx context.Context, l *jsonList, t *jsonTable) *jsonRecords {
	r := &jsonRecords{list: l, table: t, s: f.scanner(ctx, l.off, l.line)}
	for up := t; up != nil; up = up.parent {
		r.up = append([]*jsonTable{up}, r.up...)
	}
	r.counts = make([]int64, len(r.up))
	return r
}

func (r *jsonRecords) at() *record { return &r.record }

func (r *jsonRecords) next() error {
	for r.next0 == len(r.items) {
		if err := r.more(); err != nil {
			return err
		}
	}
	item := &r.items[r.next0]
	r.next0++
	r.n++
	r.start, r.end = r.end, r.end+int64(len(item.raw))
	r.fill(item)
	return nil
}

// more reads the next record of the list.
func (r *jsonRecords) more() error {
	if r.done {
		return io.EOF
	}
	if err := r.s.nextIn(r.list.shape, &r.begun); err != nil {
		r.done = true
		return err
	}
	r.line = r.s.line
	raw, err := r.s.whole()
	if err != nil {
		return err
	}
	r.raw, r.items, r.next0 = raw, r.items[:0], 0
	r.expand(0, raw, cell{})
	return nil
}

// nextIn comes to the next element of a list; io.EOF: it is at its end. The
// first pass has proved the grammar.
func (s *jsonScanner) nextIn(shape jsonShape, begun *bool) error {
	s.space()
	if !*begun {
		*begun = true
		if shape != inLines {
			s.at++ // the bracket
			s.space()
		}
	} else if shape != inLines && s.peek() == ',' {
		s.at++
		s.space()
	}
	if c := s.peek(); c == 0 || c == ']' {
		if s.err != nil {
			return s.err
		}
		if c == 0 && shape != inLines {
			return s.fail("changed")
		}
		return io.EOF
	}
	return nil
}

// expand goes from a record of a level to those of the table inside it.
func (r *jsonRecords) expand(level int, raw []byte, parent cell) {
	r.counts[level]++
	t := r.up[level]
	if level == len(r.up)-1 {
		r.items = append(r.items, jsonItem{raw, parent, r.counts[level]})
		return
	}
	inner := r.up[level+1]
	key := cell{as: asNumber}
	if t.key < 0 {
		key.b = strconv.AppendInt(nil, r.counts[level], 10)
	}
	var list []byte
	t.eachCell(raw, func(path, value []byte) {
		if t.key >= 0 && string(path) == t.columns[t.key].path {
			key.b, key.as, key.quoted = appendJSONCell(nil, value)
		}
		if string(path) == inner.path && value[0] == '[' {
			list = value
		}
	})
	if list != nil {
		eachElement(list, func(e []byte) { r.expand(level+1, e, key) })
	}
}

// fill makes an item the current record.
func (r *jsonRecords) fill(item *jsonItem) {
	t := r.table
	width := len(t.columns)
	first := 0
	if t.parent != nil {
		first = 1
	}
	width += first
	shape := -1
	if t.geo && t.bounds.any {
		shape = width
		width++
	}
	if t.counted {
		width++
	}
	if cap(r.cells) < width {
		r.cells = make([]cell, width)
		r.spans = make([][2]int, width)
	}
	r.cells, r.spans = r.cells[:width], r.spans[:width]
	for j := range r.cells {
		r.cells[j], r.spans[j] = cell{}, [2]int{}
	}
	r.text = r.text[:0]
	t.eachCell(item.raw, func(path, value []byte) {
		j, ok := t.index[string(path)]
		if !ok || value[0] == '[' && t.isTable(string(path)) {
			return
		}
		from := len(r.text)
		c := &r.cells[first+j]
		r.text, c.as, c.quoted = appendJSONCell(r.text, value)
		r.spans[first+j] = [2]int{from, len(r.text)}
	})
	for j, s := range r.spans {
		r.cells[j].b = r.text[s[0]:s[1]:s[1]]
	}
	if t.parent != nil {
		r.cells[0] = item.parent
	}
	if shape >= 0 {
		r.cells[shape] = geometryCell(item.raw)
	}
	if t.counted {
		r.cells[width-1] = cell{b: strconv.AppendInt(nil, item.row, 10), as: asNumber}
	}
	r.blank = false
}

// appendJSONCell writes a value as a cell. Numbers stand as they are written,
// but for the sign of a zero; what is no scalar is JSON.
func appendJSONCell(dst, value []byte) (text []byte, as cellKind, quoted bool) {
	switch c := value[0]; {
	case c == '"':
		return appendJSONText(dst, value), asText, len(value) == 2
	case c == '{', c == '[':
		return appendCompact(dst, value), asText, false
	case c == 'n':
		return dst, asFound, false
	case c == 't', c == 'f':
		return append(dst, value...), asFound, false
	}
	if value[0] == '-' && zeroNumber(value[1:]) {
		value = value[1:]
	}
	return append(dst, value...), asNumber, false
}

func zeroNumber(b []byte) bool {
	for _, c := range b {
		switch {
		case c == 'e' || c == 'E':
			return true
		case c >= '1' && c <= '9':
			return false
		}
	}
	return true
}

// jsonRows gives arrays in an array as records.
type jsonRows struct {
	record
	s     *jsonScanner
	begun bool
	text  []byte
	spans [][2]int
}

func newJSONRows(f *jsonFile, ctx context.Context, l *jsonList) *jsonRows {
	return &jsonRows{s: f.scanner(ctx, l.off, l.line)}
}

func (r *jsonRows) at() *record { return &r.record }

func (r *jsonRows) next() error {
	if err := r.s.nextIn(inRows, &r.begun); err != nil {
		return err
	}
	r.line = r.s.line
	raw, err := r.s.whole()
	if err != nil {
		return err
	}
	r.n++
	r.start, r.end = r.end, r.end+int64(len(raw))
	r.cells, r.text, r.spans = r.cells[:0], r.text[:0], r.spans[:0]
	eachElement(raw, func(e []byte) {
		from := len(r.text)
		var c cell
		r.text, c.as, c.quoted = appendJSONCell(r.text, e)
		r.cells = append(r.cells, c)
		r.spans = append(r.spans, [2]int{from, len(r.text)})
	})
	for j, s := range r.spans {
		r.cells[j].b = r.text[s[0]:s[1]:s[1]]
	}
	if len(r.cells) == 0 {
		r.cells = append(r.cells, cell{})
	}
	r.blank = allEmpty(r.cells)
	return nil
}

func appendInt(dst []byte, n int64) []byte { return strconv.AppendInt(dst, n, 10) }
