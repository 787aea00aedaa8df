package format

import (
	"bytes"
	"context"
	"io"
	"strconv"

	"daylight/privacy/letters"
)

// xlsxRows reads the rows of a sheet of Office Open XML.
type xlsxRows struct {
	*sheetReader
	b     *workbook
	x     *xmlScanner
	data  bool   // inside sheetData
	value []byte // of the cell at hand
}

func (b *workbook) reader(ctx context.Context, s *sheet, look bool) (*sheetReader, error) {
	x, err := b.part(ctx, s.part, look)
	if err != nil {
		return nil, err
	}
	r := &sheetReader{s: s, limits: b.limits, strings: &b.strings, date1904: b.date1904, look: look}
	r.src = &xlsxRows{sheetReader: r, b: b, x: x}
	return r, nil
}

// read reads one row of the file; io.EOF: there is none. In the first pass it
// notes on its way what stands before and after the rows.
func (r *xlsxRows) read() error {
	err := r.readNext()
	if err == io.EOF {
		return err
	}
	return r.b.fault(err)
}

func (r *xlsxRows) readNext() error {
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
func (r *xlsxRows) column() error {
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

func (r *xlsxRows) merged() error {
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

func (r *xlsxRows) readRow() error {
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
func (r *xlsxRows) readCell(last int) (int, error) {
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
	if !letters.Valid(r.value) {
		return 0, errXML
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
func (r *xlsxRows) cell(column int, t cellType, how numberFormat, from int, unstored bool) error {
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
