package difference

import (
	"bytes"
	"encoding/binary"
	"math"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"daylight/privacy"
)

// A plain appends the form of a cell by which it is compared: two cells of a
// pair of columns have the same form exactly when they are the same. The cell
// is not null.
type plain func(dst []byte, a arrow.Array, row int) []byte

// plainFor chooses the form for a column that has these types before and after.
func plainFor(before, after arrow.DataType) plain {
	if number(before) && number(after) && (before.ID() != arrow.INT64 || after.ID() != arrow.INT64) {
		return plainNumber
	}
	if !arrow.TypeEqual(before, after) {
		return plainText
	}
	switch before.ID() { // forms that are as exact as the text, and quicker
	case arrow.INT64:
		return func(dst []byte, a arrow.Array, row int) []byte {
			return binary.LittleEndian.AppendUint64(dst, uint64(a.(*array.Int64).Value(row)))
		}
	case arrow.FLOAT64:
		return func(dst []byte, a arrow.Array, row int) []byte {
			v := a.(*array.Float64).Value(row)
			if v != v {
				v = math.NaN()
			}
			return binary.LittleEndian.AppendUint64(dst, math.Float64bits(v))
		}
	case arrow.DATE32:
		return func(dst []byte, a arrow.Array, row int) []byte {
			return binary.LittleEndian.AppendUint32(dst, uint32(a.(*array.Date32).Value(row)))
		}
	case arrow.TIMESTAMP:
		return func(dst []byte, a arrow.Array, row int) []byte {
			return binary.LittleEndian.AppendUint64(dst, uint64(a.(*array.Timestamp).Value(row)))
		}
	}
	return plainText
}

func number(t arrow.DataType) bool { return t.ID() == arrow.INT64 || t.ID() == arrow.DECIMAL128 }

func plainText(dst []byte, a arrow.Array, row int) []byte {
	if s, ok := a.(*array.String); ok {
		v := s.Value(row)
		return append(binary.LittleEndian.AppendUint32(dst, uint32(len(v))), v...)
	}
	at := len(dst)
	dst = privacy.AppendCell(append(dst, 0, 0, 0, 0), a, row)
	binary.LittleEndian.PutUint32(dst[at:], uint32(len(dst)-at-4))
	return dst
}

// plainNumber leaves out the zeros at the end of a decimal.
func plainNumber(dst []byte, a arrow.Array, row int) []byte {
	at := len(dst)
	dst = privacy.AppendCell(append(dst, 0), a, row)
	dst = dst[:at+1+len(value(dst[at+1:]))]
	dst[at] = byte(len(dst) - at - 1) // a decimal has at most some forty characters
	return dst
}

// value is the text of a number without zeros at the end of its decimals.
func value(text []byte) []byte {
	if bytes.IndexByte(text, '.') >= 0 {
		text = bytes.TrimSuffix(bytes.TrimRight(text, "0"), []byte("."))
	}
	return text
}

// A Cell is a value as the published CSV writes it.
type Cell struct {
	Text string
	Null bool
}

// same compares cells of a pair of columns by their text.
func same(a, b Cell, numbers bool) bool {
	if numbers && a.Null == b.Null {
		return bytes.Equal(value([]byte(a.Text)), value([]byte(b.Text)))
	}
	return a == b
}

// appendRow writes the cells of a row so that readRow gives them again.
func appendRow(dst []byte, rec arrow.Record, row int) []byte {
	for _, a := range rec.Columns() {
		if a.IsNull(row) {
			dst = append(dst, 0, 0, 0, 0, 0)
			continue
		}
		at := len(dst)
		dst = privacy.AppendCell(append(dst, 1, 0, 0, 0, 0), a, row)
		binary.LittleEndian.PutUint32(dst[at+1:], uint32(len(dst)-at-5))
	}
	return dst
}

func readRow(b []byte, columns int) []Cell {
	out := make([]Cell, columns)
	for i := range out {
		n := int(binary.LittleEndian.Uint32(b[1:]))
		out[i] = Cell{Text: string(b[5 : 5+n]), Null: b[0] == 0}
		b = b[5+n:]
	}
	return out
}

func cellsOf(rec arrow.Record, row int) []Cell {
	return readRow(appendRow(nil, rec, row), int(rec.NumCols()))
}
