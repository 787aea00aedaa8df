package datasets

import (
	"bytes"
	"io"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"daylight/privacy"
)

// CSV as we write it: RFC 4180 but for the line ends, which are LF; comma;
// UTF-8 without a mark; a header of column keys; null is nothing between the
// commas, empty text is "". A text is quoted only where it must be, and stays
// as it is otherwise: one that looks like a formula is not changed, for the
// file is the data. A geometry is well-known text. In a table of one column a null row is an empty line.
var csvFormat = Format{
	Name:      "csv",
	Ext:       ".csv",
	MediaType: "text/csv; charset=utf-8; header=present",
	New:       newCSV,
	Read:      readCSV,
}

type csvWriter struct {
	w       io.Writer
	buf     []byte
	columns []csvTexts
}

// csvFlush is how much text waits before it is written.
const csvFlush = 64 << 10

func newCSV(w io.WriteSeeker, s *arrow.Schema) (Writer, error) {
	c := &csvWriter{w: w, columns: make([]csvTexts, s.NumFields())}
	for i := range s.NumFields() {
		if i > 0 {
			c.buf = append(c.buf, ',')
		}
		c.buf = AppendCSV(c.buf, []byte(s.Field(i).Name))
	}
	c.buf = append(c.buf, '\n')
	return c, nil
}

// Write makes the texts of each column first and then puts the rows together
// from them.
func (c *csvWriter) Write(rec arrow.Record) error {
	for i, col := range rec.Columns() {
		c.columns[i].set(col)
	}
	for row := range int(rec.NumRows()) {
		for i := range c.columns {
			if i > 0 {
				c.buf = append(c.buf, ',')
			}
			t := &c.columns[i]
			c.buf = append(c.buf, t.text[t.ends[row]:t.ends[row+1]]...)
		}
		c.buf = append(c.buf, '\n')
		if len(c.buf) >= csvFlush {
			if err := c.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *csvWriter) Close() error { return c.flush() }

func (c *csvWriter) flush() error {
	_, err := c.w.Write(c.buf)
	c.buf = c.buf[:0]
	return err
}

// csvTexts are the cells of a column as they stand in the file: that of row i
// is text[ends[i]:ends[i+1]].
type csvTexts struct {
	text []byte
	ends []int32
	// used again; text may as well be the column's own
	made     []byte
	madeEnds []int32
	cell     []byte
}

func (t *csvTexts) set(a arrow.Array) {
	t.made, t.madeEnds = t.made[:0], append(t.madeEnds[:0], 0)
	switch a := a.(type) {
	case *array.String:
		if needsNoQuotes(a) {
			t.text, t.ends = a.ValueBytes(), a.ValueOffsets()
			return
		}
		t.quote(a)
	case *array.Binary:
		t.quote(a)
	default:
		// numbers, dates and truth values hold nothing to quote
		t.made, t.madeEnds = privacy.AppendCells(t.made, t.madeEnds, a)
	}
	t.text, t.ends = t.made, t.madeEnds
}

func (t *csvTexts) quote(a arrow.Array) {
	for i := range a.Len() {
		if a.IsValid(i) {
			t.cell = privacy.AppendCell(t.cell[:0], a, i)
			t.made = AppendCSV(t.made, t.cell)
		}
		t.madeEnds = append(t.madeEnds, int32(len(t.made)))
	}
}

// needsNoQuotes: no text of the column is empty or holds what is quoted, and
// nothing lies beneath its nulls.
func needsNoQuotes(a *array.String) bool {
	for _, c := range []byte{',', '"', '\n', '\r', '\\'} {
		if bytes.IndexByte(a.ValueBytes(), c) >= 0 {
			return false
		}
	}
	offsets := a.ValueOffsets()
	if offsets[0] != 0 {
		return false
	}
	for i, to := range offsets[1:] {
		if a.IsNull(i) != (to == offsets[i]) {
			return false
		}
	}
	return true
}

// special are the bytes for which a text is quoted.
var special = [256]bool{',': true, '"': true, '\r': true, '\n': true}

func plain(s []byte) bool {
	for _, c := range s {
		if special[c] {
			return false
		}
	}
	return true
}

// AppendCSV quotes where a reader would else see another table: a separator,
// a quote, a line end; the empty text, which unquoted is a null; and `\.`,
// which alone on a line ends the input of PostgreSQL's COPY.
func AppendCSV(dst, s []byte) []byte {
	if len(s) > 0 && plain(s) && string(s) != `\.` {
		return append(dst, s...)
	}
	dst = append(dst, '"')
	for {
		i := bytes.IndexByte(s, '"')
		if i < 0 {
			break
		}
		dst = append(dst, s[:i+1]...)
		dst = append(dst, '"')
		s = s[i+1:]
	}
	dst = append(dst, s...)
	return append(dst, '"')
}
