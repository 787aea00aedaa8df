package datasets

import (
	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// textColumn gathers the texts of a column. The zero textColumn is empty.
type textColumn struct {
	text  []byte
	ends  []int32
	valid []byte // a bit a row
	nulls int
}

func (c *textColumn) add(text []byte, null bool) {
	row := len(c.ends)
	if row%8 == 0 {
		c.valid = append(c.valid, 0)
	}
	if null {
		c.nulls++
	} else {
		c.valid[row/8] |= 1 << (row % 8)
		c.text = append(c.text, text...)
	}
	c.ends = append(c.ends, int32(len(c.text)))
}

// array gives what was gathered and begins anew. The next one is likely to be
// as large.
func (c *textColumn) array() *array.String {
	rows := len(c.ends)
	offsets := make([]int32, rows+1)
	copy(offsets[1:], c.ends)
	valid := memory.NewBufferBytes(c.valid)
	data := array.NewData(arrow.BinaryTypes.String, rows, []*memory.Buffer{valid,
		memory.NewBufferBytes(arrow.Int32Traits.CastToBytes(offsets)), memory.NewBufferBytes(c.text)}, nil, c.nulls, 0)
	defer data.Release()
	*c = textColumn{text: make([]byte, 0, len(c.text)+len(c.text)/8), ends: c.ends[:0], valid: make([]byte, 0, len(c.valid))}
	return array.NewStringData(data)
}
