package format

import (
	"bytes"
	"io"
	"slices"
)

// sheetReader gives the rows of a sheet as records; rows that the file leaves
// out are blank. The number of a record is the row's own.
type sheetReader struct {
	record
	s        *sheet
	src      rowSource
	limits   Limits
	strings  *stringTable // that cells point to; nil: they do not
	date1904 bool         // days are counted from 1904
	look     bool         // the first pass: what is met is noted in s
	done     bool         // no more rows
	from     int64        // first row in which merged areas are filled; 0: none is

	row    sheetRow // the last that was read
	ahead  bool     // and it was not given out yet
	text   []byte   // of its cells
	merge  int      // the next of s.merges
	active []activeMerge
}

// rowSource reads the rows of one kind of workbook into the reader it belongs
// to; io.EOF: there is no more.
type rowSource interface{ read() error }

// sheetRow is a row as it stands in the file.
type sheetRow struct {
	at      int64 // from 1
	hidden  bool
	touched bool // an error or a formula without a result stands in it
	cells   []sheetCell
}

type sheetCell struct {
	column   int
	as       cellKind
	shared   int // place in the table of strings; -1: the text is in sheetReader.text
	from, to int
}

// activeMerge is an area that reaches into the row at hand.
type activeMerge struct {
	merge
	cell
}

func (r *sheetReader) at() *record { return &r.record }

func (r *sheetReader) next() error {
	if r.n >= r.s.lastRow {
		return io.EOF
	}
	if !r.ahead && !r.done {
		switch err := r.src.read(); err {
		case nil:
			r.ahead = true
		case io.EOF:
			r.done = true
		default:
			return err
		}
	}
	r.n++
	r.line, r.start, r.end = r.n, r.end, r.end+1
	r.cells, r.hidden = r.cells[:0], false
	if r.ahead && r.row.at == r.n {
		r.ahead = false
		if err := r.give(); err != nil {
			return err
		}
	} else if r.done {
		return &Refusal{Code: "unbalanced", Stage: "structure", Line: r.n} // the first pass saw a row here
	}
	r.blank = len(r.cells) == 0
	return nil
}

// give makes the row that was read the current record.
func (r *sheetReader) give() error {
	filled := 0
	for _, c := range r.row.cells {
		slot := r.s.slots[c.column]
		if slot < 0 {
			continue
		}
		text := r.textOf(c)
		if len(trim(text)) == 0 {
			continue
		}
		for len(r.cells) <= slot {
			r.cells = append(r.cells, cell{})
		}
		r.cells[slot] = cell{b: text, as: c.as}
		filled++
		r.end += int64(len(text))
	}
	if r.end-r.start > r.limits.Record {
		return &Refusal{Code: "too-large", Stage: "structure", Line: r.n}
	}
	r.hidden = r.row.hidden && !r.s.named && filled > 0
	if filled > 0 && !r.hidden && r.from > 0 && r.n >= r.from {
		r.fill(filled)
	}
	return nil
}

func (r *sheetReader) textOf(c sheetCell) []byte {
	text := r.text[c.from:c.to:c.to]
	if c.shared >= 0 {
		text = r.strings.at(c.shared)
	}
	if bytes.IndexByte(text, 0) >= 0 {
		text = bytes.ReplaceAll(text, []byte{0}, nil)
	}
	if c.column < len(r.s.old) {
		text = r.s.old[c.column].decoded(text)
	}
	return text
}

// fill gives the value of a merged area to all of its cells. A row with one or
// two filled cells in a wider table is a title, a section or a note, which
// reaches over columns and is not their value.
func (r *sheetReader) fill(filled int) {
	r.active = slices.DeleteFunc(r.active, func(m activeMerge) bool { return m.bottom < r.n })
	width := len(r.s.kept)
	put := func(slot int, c cell) {
		for len(r.cells) <= slot {
			r.cells = append(r.cells, cell{})
		}
		if len(r.cells[slot].b) == 0 {
			r.cells[slot] = c
			r.end += int64(len(c.b))
		}
	}
	for _, m := range r.active {
		for slot := m.left; slot <= m.right; slot++ {
			put(slot, m.cell)
		}
	}
	title := filled == 1 || filled == 2 && width > 3
	for ; r.merge < len(r.s.merges) && r.s.merges[r.merge].top <= r.n; r.merge++ {
		m := r.s.merges[r.merge]
		if m.top < r.n || m.left >= len(r.cells) || len(r.cells[m.left].b) == 0 {
			continue
		}
		value := r.cells[m.left]
		if !title {
			for slot := m.left + 1; slot <= m.right; slot++ {
				put(slot, value)
			}
		} else if m.right > m.left {
			continue
		}
		if m.bottom > r.n && !slices.ContainsFunc(r.active, func(a activeMerge) bool { return a.left <= m.right && m.left <= a.right }) {
			value.b = bytes.Clone(value.b)
			r.active = append(r.active, activeMerge{m, value})
		}
	}
}

// look is the first pass over a sheet.
func (r *sheetReader) lookThrough() error {
	s := r.s
	for {
		err := r.src.read()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		if r.extend() {
			s.lastRow = r.row.at
		}
	}
	first, last := len(s.filled), -1
	for j, f := range s.filled {
		if f && !(s.columnHidden(j) && !s.named) {
			first, last = min(first, j), max(last, j)
		}
		if f && s.columnHidden(j) && !s.named {
			s.lost = append(s.lost, j)
		}
	}
	s.slots = make([]int, len(s.filled))
	for j := range s.slots {
		s.slots[j] = -1
		if j >= first && j <= last && (s.named || !s.columnHidden(j)) {
			s.slots[j] = len(s.kept)
			s.kept = append(s.kept, j)
		}
	}
	if len(s.kept) == 0 {
		s.lastRow = 0
	}
	s.placeMerges()
	return nil
}

// note counts, in the first pass, a cell that has no value to give.
func (r *sheetReader) note(at *[]seen, column int) {
	r.row.touched = true
	if !r.look {
		return
	}
	for len(*at) <= column {
		*at = append(*at, seen{})
	}
	(*at)[column].add(1, 0, r.row.at)
	r.touch(column)
}

// touch says that the column holds something.
func (r *sheetReader) touch(column int) {
	for len(r.s.filled) <= column {
		r.s.filled = append(r.s.filled, false)
	}
	r.s.filled[column] = true
}

// extend takes the row that was read into account for how far the sheet
// reaches; false: nothing stands in it.
func (r *sheetReader) extend() bool {
	any := r.row.touched
	for _, c := range r.row.cells {
		text := r.text[c.from:c.to]
		if c.shared >= 0 {
			text = r.strings.at(c.shared)
		}
		if bytes.IndexByte(text, 0) >= 0 {
			r.note(&r.s.nul, c.column)
		}
		if text := trim(r.textOf(c)); len(text) > 0 {
			r.touch(c.column)
			any = true
			for len(r.s.old) <= c.column {
				r.s.old = append(r.s.old, oldColumn{})
			}
			r.s.old[c.column].see(text, r.row.at)
		}
	}
	return any
}

// number writes a numeric cell as its format shows it, where that is a date or
// a code, and as the number it is elsewhere.
func (r *sheetReader) number(v []byte, how numberFormat) cellKind {
	from := len(r.text)
	switch how.shown {
	case shownDate, shownTime, shownStamp, shownElapsed:
		text, ok := appendSerial(r.text, v, how.shown, r.date1904)
		if r.text = text; ok {
			if how.shown == shownDate {
				return asDay
			}
			return asFound
		}
	}
	text, ok := appendNumber(r.text, v)
	if r.text = text; !ok {
		r.text = append(r.text[:from], v...)
		return asFound
	}
	switch n := len(r.text) - from; {
	case how.shown == shownShare:
		return asShare
	case how.shown == shownCode && whole(r.text[from:]) && r.text[from] != '-':
		for ; n < how.digits; n++ {
			r.text = slices.Insert(r.text, from, '0')
		}
		return asText
	}
	return asNumber
}
