package format

import (
	"context"
	"encoding/binary"
	"io"
	"math"
)

const (
	biffSheetRows    = 65_536
	biffSheetColumns = 256
)

func (b *biffBook) reader(ctx context.Context, s *sheet, look bool) (*sheetReader, error) {
	r := &sheetReader{s: s, limits: b.limits, strings: &b.strings, date1904: b.date1904, look: look}
	r.src = &biffRows{sheetReader: r, b: b, in: b.from(ctx, b.at[s])}
	return r, nil
}

// biffRows gathers the cells of a sheet, which come one by one, into rows.
type biffRows struct {
	*sheetReader
	b       *biffBook
	in      *biffReader
	begun   bool
	pending bool // the record at hand belongs to the next row
	ended   bool
	told    int64 // rows that were given out
}

func (r *biffRows) read() error {
	err := r.readNext()
	if err == io.EOF {
		return err
	}
	return r.b.fault(err)
}

func (r *biffRows) readNext() error {
	if !r.begun {
		if err := r.in.next(); err != nil || r.in.id != biffBOF {
			return errBIFF
		}
		r.begun = true
	}
	r.row = sheetRow{at: 0, cells: r.row.cells[:0]}
	r.text = r.text[:0]
	depth := 0 // charts lie in sheets
	for !r.ended {
		if !r.pending {
			if err := r.in.next(); err != nil {
				if err == io.EOF {
					err = errBIFF // a sheet that does not end was cut
				}
				return err
			}
		}
		r.pending = false
		switch {
		case r.in.id == biffBOF:
			depth++
			continue
		case r.in.id == biffEOF && depth > 0:
			depth--
			continue
		case r.in.id == biffEOF:
			r.ended = true
			continue
		case depth > 0:
			continue
		}
		if at, ok := cellRow(r.in.id, r.in.data); ok {
			switch {
			case r.row.at == 0:
				if at <= r.told {
					return errBIFF // rows come in their order
				}
				r.row.at = at
			case at != r.row.at:
				r.pending = true
				return r.endRow()
			}
			if err := r.cells(); err != nil {
				return err
			}
			continue
		}
		if r.look {
			if err := r.about(); err != nil {
				return err
			}
		}
	}
	if r.row.at > 0 {
		return r.endRow()
	}
	return io.EOF
}

// endRow ends the row at hand.
func (r *biffRows) endRow() error {
	r.told = r.row.at
	if h := r.b.hidden[r.s]; r.row.at <= int64(len(h)) {
		r.row.hidden = h[r.row.at-1]
	}
	return nil
}

// cellRow is the row of a record that holds cells, from 1.
func cellRow(id uint16, d []byte) (int64, bool) {
	switch id {
	case biffFormula, biffMulRK, biffRichLabel, biffLabelIndex, biffNumber, biffLabel, biffBoolean, biffRK:
		if len(d) < 6 {
			return 0, false
		}
		return int64(binary.LittleEndian.Uint16(d)) + 1, true
	}
	return 0, false
}

// about notes hidden rows and columns, and merged areas.
func (r *biffRows) about() error {
	le, d := binary.LittleEndian, r.in.data
	switch r.in.id {
	case biffRow:
		if len(d) < 16 || d[12]&0x20 == 0 {
			return nil
		}
		row := int(le.Uint16(d))
		h := r.b.hidden[r.s]
		for len(h) <= row {
			h = append(h, false)
		}
		h[row] = true
		r.b.hidden[r.s] = h
	case biffColumns:
		if len(d) < 10 || d[8]&1 == 0 {
			return nil
		}
		from, to := int(le.Uint16(d)), min(int(le.Uint16(d[2:])), biffSheetColumns-1)
		for len(r.s.hiddenColumns) <= to {
			r.s.hiddenColumns = append(r.s.hiddenColumns, false)
		}
		for j := from; j <= to; j++ {
			r.s.hiddenColumns[j] = true
		}
	case biffMerged:
		if len(d) < 2 {
			return errBIFF
		}
		for d = d[2:]; len(d) >= 8; d = d[8:] {
			m := merge{int64(le.Uint16(d)) + 1, int64(le.Uint16(d[2:])) + 1, int(le.Uint16(d[4:])), int(le.Uint16(d[6:]))}
			if m.top > m.bottom || m.left > m.right || m.right >= biffSheetColumns {
				return errBIFF
			}
			if len(r.s.merges) == sheetMerges {
				return &Refusal{Code: "too-large", Stage: "structure"}
			}
			r.s.merges = append(r.s.merges, m)
		}
	}
	return nil
}

// cells reads the record at hand, which holds one cell or several.
func (r *biffRows) cells() error {
	le, d := binary.LittleEndian, r.in.data
	column, xf := int(le.Uint16(d[2:])), le.Uint16(d[4:])
	if column >= biffSheetColumns {
		return errBIFF
	}
	body := d[6:]
	switch r.in.id {
	case biffNumber:
		if len(body) < 8 {
			return errBIFF
		}
		r.float(column, xf, math.Float64frombits(le.Uint64(body)))
	case biffRK:
		if len(body) < 4 {
			return errBIFF
		}
		r.float(column, xf, rkNumber(le.Uint32(body)))
	case biffMulRK:
		for body = d[4:]; len(body) >= 8; body = body[6:] {
			if column >= biffSheetColumns {
				return errBIFF
			}
			r.float(column, le.Uint16(body), rkNumber(le.Uint32(body[2:])))
			column++
		}
	case biffLabelIndex:
		if len(body) < 4 {
			return errBIFF
		}
		n := le.Uint32(body)
		if int64(n) >= int64(len(r.strings.ends)) {
			return errBIFF
		}
		r.row.cells = append(r.row.cells, sheetCell{column: column, shared: int(n)})
	case biffLabel, biffRichLabel:
		return r.label(column, body)
	case biffBoolean:
		if len(body) < 2 {
			return errBIFF
		}
		r.boolean(column, body[0], body[1] != 0)
	case biffFormula:
		return r.formula(column, xf, body)
	}
	return nil
}

// rkNumber: a double without its lower half, or a whole number, either of them
// perhaps a hundred times too large.
func rkNumber(rk uint32) float64 {
	f := float64(int32(rk) >> 2)
	if rk&2 == 0 {
		f = math.Float64frombits(uint64(rk&^3) << 32)
	}
	if rk&1 != 0 {
		f /= 100
	}
	return f
}

func (r *biffRows) float(column int, xf uint16, f float64) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		r.note(&r.s.errors, column)
		return
	}
	c := sheetCell{column: column, shared: -1, from: len(r.text)}
	c.as = r.number(appendFloat(nil, f), r.b.format(xf))
	c.to = len(r.text)
	r.row.cells = append(r.row.cells, c)
}

func (r *biffRows) put(column int, text string) {
	if text == "" {
		return
	}
	from := len(r.text)
	r.text = append(r.text, text...)
	r.row.cells = append(r.row.cells, sheetCell{column: column, shared: -1, from: from, to: len(r.text)})
}

func (r *biffRows) boolean(column int, value byte, broken bool) {
	switch {
	case broken:
		r.note(&r.s.errors, column)
	case value != 0:
		r.put(column, "true")
	default:
		r.put(column, "false")
	}
}

func (r *biffRows) label(column int, body []byte) error {
	if len(body) < 2 {
		return errBIFF
	}
	n := int(binary.LittleEndian.Uint16(body))
	if r.b.eight {
		text, got := unicodeString(body[2:], n)
		if got < n {
			return errBIFF
		}
		r.put(column, text)
		return nil
	}
	if len(body) < 2+n {
		return errBIFF
	}
	r.put(column, r.b.decode(body[2:2+n]))
	return nil
}

// formula takes the result that is stored.
func (r *biffRows) formula(column int, xf uint16, body []byte) error {
	if len(body) < 8 {
		return errBIFF
	}
	if body[6] != 0xff || body[7] != 0xff {
		r.float(column, xf, math.Float64frombits(binary.LittleEndian.Uint64(body)))
		return nil
	}
	switch body[0] {
	case 0:
		return r.formulaText(column)
	case 1:
		r.boolean(column, body[2], false)
	case 2:
		r.boolean(column, 0, true)
	}
	return nil
}

// formulaText: the text stands in a record of its own, behind the formula and
// what it shares with others.
func (r *biffRows) formulaText(column int) error {
	for range 4 {
		id := r.in.peek()
		if _, cell := cellRow(id, make([]byte, 6)); cell || id == biffEOF || id == 0 {
			break
		}
		if err := r.in.next(); err != nil {
			return err
		}
		if r.in.id != biffString {
			continue
		}
		if len(r.in.data) < 2 {
			return errBIFF
		}
		n := int(binary.LittleEndian.Uint16(r.in.data))
		if !r.b.eight {
			r.put(column, r.b.decode(r.in.data[2:min(len(r.in.data), 2+n)]))
			return nil
		}
		// A long text goes on in the next records.
		d := r.in.data
		text, got := unicodeString(d[2:], n)
		for got < n && r.in.peek() == biffContinue {
			if err := r.in.next(); err != nil {
				return errBIFF
			}
			more, m := unicodeString(r.in.data, n-got)
			text, got = text+more, got+m
		}
		r.put(column, text)
		return nil
	}
	r.note(&r.s.unstored, column)
	return nil
}
