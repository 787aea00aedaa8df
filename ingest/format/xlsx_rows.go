package format

import (
	"bytes"
	"context"
	"io"
	"slices"
	"strconv"
)

// sheetReader gives the rows of a sheet as records; rows that the file leaves
// out are blank. The number of a record is the row's own.
type sheetReader struct {
	record
	b    *workbook
	s    *sheet
	x    *xmlScanner
	look bool  // the first pass: what is met is noted in s
	data bool  // inside sheetData
	done bool  // no more rows
	from int64 // first row in which merged areas are filled; 0: none is

	row    sheetRow // the last that was read
	ahead  bool     // and it was not given out yet
	text   []byte   // of its cells
	value  []byte   // of the cell at hand
	merge  int      // the next of s.merges
	active []activeMerge
}

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

func (b *workbook) reader(ctx context.Context, s *sheet, look bool) (*sheetReader, error) {
	x, err := b.part(ctx, s.part, look)
	if err != nil {
		return nil, err
	}
	return &sheetReader{b: b, s: s, x: x, look: look}, nil
}

// rows reads a sheet that is known; from is the row under the header.
func (b *workbook) rows(ctx context.Context, s *sheet, from int64) (records, error) {
	r, err := b.reader(ctx, s, false)
	if err != nil {
		return nil, err
	}
	r.from = from
	return r, nil
}

func (r *sheetReader) at() *record { return &r.record }

func (r *sheetReader) next() error {
	if r.n >= r.s.lastRow {
		return io.EOF
	}
	if !r.ahead && !r.done {
		switch err := r.read(); err {
		case nil:
			r.ahead = true
		case io.EOF:
			r.done = true
		default:
			return r.b.fault(err)
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
	if r.end-r.start > r.b.limits.Record {
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
		text = r.b.strings.at(c.shared)
	}
	if bytes.IndexByte(text, 0) >= 0 {
		text = bytes.ReplaceAll(text, []byte{0}, nil)
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

// read reads one row of the file; io.EOF: there is none. In the first pass it
// notes on its way what stands before and after the rows.
func (r *sheetReader) read() error {
	for {
		k, err := r.x.next()
		if err != nil {
			return err
		}
		switch {
		case k == xmlEOF:
			return io.EOF
		case k == xmlEnd && r.data && string(r.x.name) == "sheetData":
			r.data = false
			if !r.look {
				return io.EOF
			}
		case k != xmlStart:
		case string(r.x.name) == "sheetData":
			r.data = true
		case r.data && string(r.x.name) == "row":
			return r.readRow()
		case r.look && string(r.x.name) == "col":
			if err := r.column(); err != nil {
				return err
			}
		case r.look && string(r.x.name) == "mergeCell":
			if err := r.merged(); err != nil {
				return err
			}
		}
	}
}

// column notes hidden columns.
func (r *sheetReader) column() error {
	v, err := r.x.attrStrings("min", "max", "hidden", "width")
	if err != nil {
		return err
	}
	if !isTrue(v[2]) && v[3] != "0" {
		return nil
	}
	from, err1 := strconv.Atoi(v[0])
	to, err2 := strconv.Atoi(v[1])
	if err1 != nil || err2 != nil || from < 1 || to > sheetColumns {
		return errXML
	}
	for len(r.s.hiddenColumns) < to {
		r.s.hiddenColumns = append(r.s.hiddenColumns, false)
	}
	for j := from; j <= to; j++ {
		r.s.hiddenColumns[j-1] = true
	}
	return nil
}

func (r *sheetReader) merged() error {
	ref, err := r.x.attr("ref")
	if err != nil {
		return err
	}
	a, b, ok := bytes.Cut(ref, []byte{':'})
	if !ok {
		return nil
	}
	left, top, ok1 := cellRef(a)
	right, bottom, ok2 := cellRef(b)
	if !ok1 || !ok2 || left > right || top > bottom {
		return errXML
	}
	if len(r.s.merges) == sheetMerges {
		return &Refusal{Code: "too-large", Stage: "structure"}
	}
	r.s.merges = append(r.s.merges, merge{top, bottom, left, right})
	return nil
}

// cellRef reads "B5": column from 0, row from 1.
func cellRef(b []byte) (column int, row int64, ok bool) {
	b = bytes.ReplaceAll(b, []byte{'$'}, nil)
	i := 0
	for ; i < len(b) && i < 4 && b[i]|0x20 >= 'a' && b[i]|0x20 <= 'z'; i++ {
		column = column*26 + int(b[i]|0x20-'a') + 1
	}
	if i == 0 || column > sheetColumns || i == len(b) || len(b)-i > 7 {
		return 0, 0, false
	}
	for _, c := range b[i:] {
		if !digit(c) {
			return 0, 0, false
		}
		row = row*10 + int64(c-'0')
	}
	return column - 1, row, row >= 1 && row <= sheetRows
}

func (r *sheetReader) readRow() error {
	at, hidden := r.row.at+1, false
	if v, err := r.x.attr("r"); err != nil {
		return err
	} else if v != nil {
		n, err := strconv.ParseInt(string(v), 10, 32)
		if err != nil || n < at || n > sheetRows {
			return errXML // rows go upwards, within the sheet
		}
		at = n
	} else if at > sheetRows {
		return errXML
	}
	for _, name := range []string{"hidden", "ht"} {
		v, err := r.x.attr(name)
		if err != nil {
			return err
		}
		hidden = hidden || name == "hidden" && isTrue(string(v)) || name == "ht" && string(v) == "0"
	}
	r.row = sheetRow{at: at, hidden: hidden, cells: r.row.cells[:0]}
	r.text = r.text[:0]
	depth := r.x.depth() - 1
	last := -1
	for {
		k, err := r.x.next()
		switch {
		case err != nil:
			return err
		case k == xmlEOF:
			return errXML
		case k == xmlEnd && r.x.depth() == depth:
			return nil
		case k != xmlStart:
		case string(r.x.name) != "c":
			if err := r.x.skip(); err != nil {
				return err
			}
		default:
			if last, err = r.readCell(last); err != nil {
				return err
			}
		}
	}
}

// readCell reads the cell whose start is at hand and returns its column.
func (r *sheetReader) readCell(last int) (int, error) {
	column := last + 1
	ref, err := r.x.attr("r")
	if err != nil {
		return 0, err
	}
	if ref != nil {
		c, _, ok := cellRef(ref)
		if !ok || c < column {
			return 0, errXML
		}
		column = c
	}
	if column >= sheetColumns {
		return 0, errXML
	}
	style, err := r.x.attr("s")
	if err != nil {
		return 0, err
	}
	var how numberFormat
	if n, err := strconv.Atoi(string(style)); err == nil && n >= 0 && n < len(r.b.formats) {
		how = r.b.formats[n]
	}
	kind, err := r.x.attr("t")
	if err != nil {
		return 0, err
	}
	t := cellTypes[string(kind)]
	from := len(r.text)
	r.value = r.value[:0]
	formula, stored := false, false
	depth := r.x.depth() - 1
	in := byte(0)
	for {
		k, err := r.x.next()
		if err != nil {
			return 0, err
		}
		if k == xmlEnd {
			in = 0
			if r.x.depth() == depth {
				break
			}
			continue
		}
		switch k {
		case xmlEOF:
			return 0, errXML
		case xmlStart:
			switch string(r.x.name) {
			case "v":
				in, stored = 'v', true
			case "f":
				formula = true
				err = r.x.skip()
			case "is":
				r.text, err = r.b.richText(r.x, r.text)
			default:
				err = r.x.skip()
			}
		case xmlText:
			if in == 'v' {
				if r.value, err = r.x.appendText(r.value); int64(len(r.value)) > r.b.limits.Cell {
					return 0, &Refusal{Code: "too-large", Stage: "structure", Line: r.row.at}
				}
			}
		}
		if err != nil {
			return 0, err
		}
	}
	return column, r.cell(column, t, how, from, formula && !stored)
}

// cellType is what a cell says of its value.
type cellType uint8

const (
	typeNumber cellType = iota
	typeShared
	typeText // a formula's text
	typeInline
	typeBool
	typeError
	typeDate // ISO 8601, in strict workbooks
)

var cellTypes = map[string]cellType{"": typeNumber, "n": typeNumber, "s": typeShared, "str": typeText, "inlineStr": typeInline,
	"b": typeBool, "e": typeError, "d": typeDate}

// cell adds the cell whose value was read; inline text stands in r.text already.
func (r *sheetReader) cell(column int, t cellType, how numberFormat, from int, unstored bool) error {
	if unstored {
		r.note(&r.s.unstored, column)
		return nil
	}
	c := sheetCell{column: column, shared: -1, from: from}
	v := trim(r.value)
	switch t {
	case typeShared:
		if len(v) == 0 {
			return nil
		}
		n, err := strconv.Atoi(string(v))
		if err != nil || n < 0 || n >= len(r.b.strings.ends) {
			return errXML
		}
		c.shared = n
	case typeText:
		r.text = unescapeCell(append(r.text, r.value...), from)
	case typeInline:
	case typeBool:
		word := "false"
		if isTrue(string(v)) {
			word = "true"
		}
		r.text = append(r.text, word...)
	case typeError:
		r.note(&r.s.errors, column)
		return nil
	case typeDate:
		r.text = append(r.text, v...)
	default:
		if len(v) == 0 {
			return nil
		}
		c.as = r.number(v, how)
	}
	c.to = len(r.text)
	if c.shared < 0 && c.to == c.from {
		return nil
	}
	r.row.cells = append(r.row.cells, c)
	return nil
}

// number writes a numeric cell as its format shows it, where that is a date or
// a code, and as the number it is elsewhere.
func (r *sheetReader) number(v []byte, how numberFormat) cellKind {
	from := len(r.text)
	switch how.shown {
	case shownDate, shownTime, shownStamp, shownElapsed:
		text, ok := appendSerial(r.text, v, how.shown, r.b.date1904)
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
			text = r.b.strings.at(c.shared)
		}
		if bytes.IndexByte(text, 0) >= 0 {
			r.note(&r.s.nul, c.column)
		}
		if len(trim(r.textOf(c))) > 0 {
			r.touch(c.column)
			any = true
		}
	}
	return any
}
