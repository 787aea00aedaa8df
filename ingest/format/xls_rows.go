package format

import (
	"context"
	"encoding/binary"
	"io"
	"math"
	"slices"
)

const (
	biffSheetColumns = 256
	biffRuns         = 4 << 20 // that are listed, 8 bytes each
)

// biffSheetAbout is what is known of a sheet before its rows are read.
type biffSheetAbout struct {
	at     int64  // where its records begin
	hidden []bool // its rows
	// runs are the stretches of cells of one row, in the order of the rows:
	// the row above 48 bits of where it begins. nil: they come in this order.
	runs []uint64
}

func (b *biffBook) reader(ctx context.Context, s *sheet, look bool) (*sheetReader, error) {
	about := b.about[s]
	if look {
		if err := b.survey(ctx, s, about); err != nil {
			return nil, b.fault(err)
		}
	}
	r := &sheetReader{s: s, limits: b.limits, strings: &b.strings, date1904: b.date1904, look: look}
	buffer := 64 << 10
	if about.runs != nil {
		buffer = 1 << 10
	}
	src := &biffRows{sheetReader: r, b: b, about: about, in: b.from(ctx, about.at, buffer)}
	if err := src.in.next(); err != nil || src.in.id != biffBOF {
		return nil, b.fault(errBIFF)
	}
	r.src = src
	return r, nil
}

// survey finds what is hidden and merged, and in which order the rows come:
// Excel writes one row after the other, other programs cell by cell as they
// were told.
func (b *biffBook) survey(ctx context.Context, s *sheet, about *biffSheetAbout) error {
	in := b.from(ctx, about.at, 64<<10)
	if err := in.next(); err != nil || in.id != biffBOF {
		return errBIFF
	}
	var runs []uint64
	last, inOrder := int64(0), true
	for {
		row, err := in.toCell(func() error { return about.take(s, in.id, in.data) })
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		if row != last {
			if len(runs)+b.listed == biffRuns {
				return &Refusal{Code: "too-large", Stage: "structure"}
			}
			runs = append(runs, uint64(row-1)<<48|uint64(in.at))
			inOrder = inOrder && row > last
			last = row
		}
		if err := in.next(); err != nil {
			return err
		}
	}
	if !inOrder {
		slices.Sort(runs)
		about.runs = runs
		b.listed += len(runs)
	}
	return nil
}

// take notes hidden rows and columns, and merged areas.
func (a *biffSheetAbout) take(s *sheet, id uint16, d []byte) error {
	le := binary.LittleEndian
	switch id {
	case biffRow:
		if len(d) < 16 || d[12]&0x20 == 0 {
			return nil
		}
		row := int(le.Uint16(d))
		for len(a.hidden) <= row {
			a.hidden = append(a.hidden, false)
		}
		a.hidden[row] = true
	case biffColumns:
		if len(d) < 10 || d[8]&1 == 0 && le.Uint16(d[4:]) != 0 {
			return nil
		}
		from, to := int(le.Uint16(d)), min(int(le.Uint16(d[2:])), biffSheetColumns-1)
		for len(s.hiddenColumns) <= to {
			s.hiddenColumns = append(s.hiddenColumns, false)
		}
		for j := from; j <= to; j++ {
			s.hiddenColumns[j] = true
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
			if len(s.merges) == sheetMerges {
				return &Refusal{Code: "too-large", Stage: "structure"}
			}
			s.merges = append(s.merges, m)
		}
	}
	return nil
}

// biffRows gathers the cells of a sheet, which come one by one, into rows.
type biffRows struct {
	*sheetReader
	b     *biffBook
	about *biffSheetAbout
	in    *biffReader
	run   int // the next of about.runs
}

func (r *biffRows) read() error {
	err := r.readNext()
	if err == io.EOF {
		return err
	}
	return r.b.fault(err)
}

func (r *biffRows) readNext() error {
	r.row = sheetRow{cells: r.row.cells[:0]}
	r.text = r.text[:0]
	for {
		at, err := r.nextRun()
		if err != nil && (err != io.EOF || r.row.at == 0) {
			return err
		}
		if err == io.EOF || r.row.at > 0 && at != r.row.at {
			break
		}
		r.row.at = at
		if err := r.readRun(); err != nil {
			return err
		}
	}
	h := r.about.hidden
	r.row.hidden = r.row.at <= int64(len(h)) && h[r.row.at-1]
	return nil
}

// nextRun tells the row of the cells that come next; io.EOF: there are none.
func (r *biffRows) nextRun() (int64, error) {
	if r.about.runs == nil {
		return r.in.toCell(nil)
	}
	if r.run == len(r.about.runs) {
		return 0, io.EOF
	}
	return int64(r.about.runs[r.run]>>48) + 1, nil
}

// readRun reads the cells of this row that stand together.
func (r *biffRows) readRun() error {
	if r.about.runs != nil {
		r.in.seek(int64(r.about.runs[r.run] & (1<<48 - 1)))
		r.run++
	}
	for {
		row, err := r.in.toCell(nil)
		if err == io.EOF || err == nil && row != r.row.at {
			return nil
		}
		if err != nil {
			return err
		}
		if err := r.in.next(); err != nil {
			return err
		}
		if err := r.cells(); err != nil {
			return err
		}
	}
}

func holdsCells(id uint16) bool {
	switch id {
	case biffFormula, biffMulRK, biffRichLabel, biffLabelIndex, biffNumber, biffLabel, biffBoolean, biffRK:
		return true
	}
	return false
}

// cells reads the record at hand, which holds one cell or several.
func (r *biffRows) cells() error {
	le, d := binary.LittleEndian, r.in.data
	if len(d) < 6 {
		return errBIFF
	}
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
	for {
		id, _ := r.in.peek()
		switch id {
		case biffShared, biffArray, biffTable, biffContinue, biffString:
		default:
			r.note(&r.s.unstored, column)
			return nil
		}
		if err := r.in.next(); err != nil {
			return err
		}
		if id == biffString {
			break
		}
	}
	d := r.in.data
	if len(d) < 2 {
		return errBIFF
	}
	n := int(binary.LittleEndian.Uint16(d))
	if !r.b.eight {
		r.put(column, r.b.decode(d[2:min(len(d), 2+n)]))
		return nil
	}
	if len(d) < 3 {
		return nil // no text
	}
	units := appendUnits(nil, d[3:], n, d[2])
	for len(units) < n { // a long text goes on in the next records
		if id, _ := r.in.peek(); id != biffContinue {
			return errBIFF
		}
		if err := r.in.next(); err != nil {
			return err
		}
		if d = r.in.data; len(d) < 2 {
			return errBIFF
		}
		units = appendUnits(units, d[1:], n-len(units), d[0])
	}
	r.put(column, utf16Text(units))
	return nil
}
