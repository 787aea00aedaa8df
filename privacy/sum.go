package privacy

import (
	"hash/maphash"
	"math"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
)

// A summer sums a table, column by column: every cell in its place, null apart
// from empty text, independent of how the rows are cut into batches.
//
// Tables of the same types are compared by their values. As text, each cell is
// summed in the form of AppendCell, and a column of texts has the same sum
// either way: so a CSV file is held against the typed rows it was written from.
type summer struct {
	seed maphash.Seed
	text bool
	skip []bool // columns that are not summed; nil: none
	cols []columnSum
}

// columnSum is two streams: what there is of each cell (null, or the length of
// its text), and the bytes of those that are not null.
type columnSum struct {
	marks, values maphash.Hash
	buf, cells    []byte
	ends          []int32
	lengths       []uint32
}

// A cellSum is the sum of a column.
type cellSum [2]uint64

// newSumSeed keys the sums of one table. Nobody who chooses cells knows it, so
// nobody can choose two tables of one sum.
func newSumSeed() maphash.Seed { return maphash.MakeSeed() }

func newSummer(seed maphash.Seed, columns int, text bool) *summer {
	s := &summer{seed: seed, text: text, cols: make([]columnSum, columns)}
	for i := range s.cols {
		s.cols[i].marks.SetSeed(seed)
		s.cols[i].values.SetSeed(seed)
	}
	return s
}

func (s *summer) add(rec arrow.Record) {
	inParallel(len(s.cols), func(i int) {
		if s.skip == nil || !s.skip[i] {
			s.cols[i].add(rec.Column(i), s.text)
		}
	})
}

func (s *summer) sums() []cellSum {
	out := make([]cellSum, len(s.cols))
	for i := range s.cols {
		out[i] = cellSum{s.cols[i].marks.Sum64(), s.cols[i].values.Sum64()}
	}
	return out
}

func (c *columnSum) add(a arrow.Array, text bool) {
	if a.Len() == 0 {
		return
	}
	switch a := a.(type) {
	case *array.String:
		c.addTexts(a, a.ValueOffsets(), a.ValueBytes())
		return
	case *array.Binary:
		if !text {
			c.addTexts(a, a.ValueOffsets(), a.ValueBytes())
			return
		}
	}
	if !text && c.addValues(a) {
		return
	}
	c.cells, c.ends = AppendCells(c.cells[:0], append(c.ends[:0], 0), a)
	c.addTexts(a, c.ends, c.cells)
}

// addTexts takes texts: data is the bytes from the first offset to the last.
// Of each text there is its length and 1, of a null 0.
func (c *columnSum) addTexts(a arrow.Array, offsets []int32, data []byte) {
	c.lengths = slices.Grow(c.lengths[:0], a.Len())[:a.Len()]
	base := offsets[0]
	at := base
	run := base // where the bytes of an unbroken run of cells begin
	nulls := nullsOf(a) > 0
	for i, next := range offsets[1:] {
		if nulls && a.IsNull(i) {
			c.lengths[i] = 0
			if next > at { // a null may keep its old text beneath
				c.values.Write(data[run-base : at-base])
				run = next
			}
		} else {
			c.lengths[i] = uint32(next-at) + 1
		}
		at = next
	}
	c.values.Write(data[run-base : at-base])
	c.marks.Write(arrow.Uint32Traits.CastToBytes(c.lengths))
}

// addValues takes cells of one width as they stand in memory; false: the type
// is none of these.
func (c *columnSum) addValues(a arrow.Array) bool {
	var data []byte
	switch a := a.(type) {
	case *array.Int64:
		data = arrow.Int64Traits.CastToBytes(a.Int64Values())
	case *array.Float64:
		data = arrow.Float64Traits.CastToBytes(oneNaN(a.Float64Values()))
	case *array.Date32:
		data = arrow.Date32Traits.CastToBytes(a.Date32Values())
	case *array.Timestamp:
		data = arrow.TimestampTraits.CastToBytes(a.TimestampValues())
	case *array.Decimal128:
		data = arrow.Decimal128Traits.CastToBytes(a.Values())
	case *array.Boolean:
		for i := range c.ones(a.Len()) {
			switch {
			case a.IsNull(i):
				c.buf[i] = 0
			case a.Value(i):
				c.buf[i] = 2
			}
		}
		c.marks.Write(c.buf)
		return true
	default:
		return false
	}
	n := a.Len()
	width := len(data) / n
	marks := c.ones(n)
	run := 0
	if nullsOf(a) > 0 {
		for i := range n {
			if a.IsNull(i) {
				marks[i] = 0
				c.values.Write(data[run*width : i*width])
				run = i + 1
			}
		}
	}
	c.values.Write(data[run*width:])
	c.marks.Write(marks)
	return true
}

// ones gives a mark of 1 for each of n cells.
func (c *columnSum) ones(n int) []byte {
	c.buf = slices.Grow(c.buf[:0], n)[:n]
	for i := range c.buf {
		c.buf[i] = 1
	}
	return c.buf
}

// oneNaN gives every NaN the same bits, as the files do.
func oneNaN(v []float64) []float64 {
	var out []float64
	for i, x := range v {
		if x != x {
			if out == nil {
				out = append(out, v...)
			}
			out[i] = math.NaN()
		}
	}
	if out == nil {
		return v
	}
	return out
}
