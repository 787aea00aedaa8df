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
	w    io.Writer
	buf  []byte
	cell []byte
}

// csvFlush is how much text waits before it is written.
const csvFlush = 64 << 10

func newCSV(w io.WriteSeeker, s *arrow.Schema) (Writer, error) {
	c := &csvWriter{w: w}
	for i := range s.NumFields() {
		if i > 0 {
			c.buf = append(c.buf, ',')
		}
		c.buf = appendText(c.buf, []byte(s.Field(i).Name))
	}
	c.buf = append(c.buf, '\n')
	return c, nil
}

func (c *csvWriter) Write(rec arrow.Record) error {
	cols := rec.Columns()
	for row := range int(rec.NumRows()) {
		for i, col := range cols {
			if i > 0 {
				c.buf = append(c.buf, ',')
			}
			if col.IsNull(row) {
				continue
			}
			switch col.(type) {
			case *array.String, *array.Binary:
				c.cell = privacy.AppendCell(c.cell[:0], col, row)
				c.buf = appendText(c.buf, c.cell)
			default:
				// numbers, dates and truth values hold nothing to quote
				c.buf = privacy.AppendCell(c.buf, col, row)
			}
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

// appendText quotes where a reader would else see another table: a separator,
// a quote, a line end; the empty text, which unquoted is a null; and `\.`,
// which alone on a line ends the input of PostgreSQL's COPY.
func appendText(dst, s []byte) []byte {
	if len(s) > 0 && !bytes.ContainsAny(s, ",\"\r\n") && string(s) != `\.` {
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
