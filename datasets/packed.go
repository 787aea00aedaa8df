package datasets

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"unicode/utf8"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/bitutil"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"daylight/privacy/geometry"
	"daylight/privacy/letters"
)

// packed is a column of the open batch: bytes of its own, copied in runs.
type packed struct {
	kind  arrow.DataType
	rows  int
	nulls int
	valid []byte // a bit a row
	data  []byte
	ends  []int32 // of texts and geometries
}

// add copies rows from to to. Its error is of the row that it gives.
func (p *packed) add(a arrow.Array, from, to int) (row int, err error) {
	switch a := a.(type) {
	case *array.String:
		row, err = p.addTexts(a, a.ValueOffsets(), a.ValueBytes(), from, to)
	case *array.Binary:
		row, err = p.addTexts(a, a.ValueOffsets(), a.ValueBytes(), from, to)
	case *array.Int64:
		addNumbers(p, a, a.Int64Values()[from:to], from, arrow.Int64Traits.CastToBytes)
	case *array.Float64:
		addNumbers(p, a, oneNaN(a.Float64Values()[from:to]), from, arrow.Float64Traits.CastToBytes)
	case *array.Decimal128:
		addNumbers(p, a, a.Values()[from:to], from, arrow.Decimal128Traits.CastToBytes)
	case *array.Date32:
		addNumbers(p, a, a.Date32Values()[from:to], from, arrow.Date32Traits.CastToBytes)
	case *array.Timestamp:
		addNumbers(p, a, a.TimestampValues()[from:to], from, arrow.TimestampTraits.CastToBytes)
	case *array.Boolean:
		p.addTruths(a, from, to)
	default:
		// publicSchema lets no other type through
		return from, fmt.Errorf("type %s cannot be published", p.kind)
	}
	if err != nil {
		return row, err
	}
	p.addValid(a, from, to)
	return to, nil
}

// addValid copies which rows are null.
func (p *packed) addValid(a arrow.Array, from, to int) {
	n := to - from
	p.valid = grown(p.valid, int(bitutil.BytesForBits(int64(p.rows+n))))
	if bitmap := a.NullBitmapBytes(); len(bitmap) == 0 {
		bitutil.SetBitsTo(p.valid, int64(p.rows), int64(n), true)
	} else {
		bitutil.CopyBitmap(bitmap, a.Data().Offset()+from, n, p.valid, p.rows)
		p.nulls += n - bitutil.CountSetBits(bitmap, a.Data().Offset()+from, n)
	}
	p.rows += n
}

// grown is b with zeros up to n bytes.
func grown(b []byte, n int) []byte {
	if n <= len(b) {
		return b
	}
	return append(b, make([]byte, n-len(b))...)
}

func addNumbers[V any](p *packed, a arrow.Array, values []V, from int, bytes func([]V) []byte) {
	at := len(p.data)
	p.data = append(p.data, bytes(values)...)
	if a.NullN() == 0 || len(values) == 0 {
		return
	}
	width := (len(p.data) - at) / len(values)
	for i := range values {
		if a.IsNull(from + i) {
			clear(p.data[at+i*width : at+(i+1)*width])
		}
	}
}

// oneNaN gives every NaN the same bits: the same cells are the same bytes.
func oneNaN(v []float64) []float64 {
	if !slices.ContainsFunc(v, math.IsNaN) {
		return v
	}
	v = slices.Clone(v)
	for i, x := range v {
		if x != x {
			v[i] = math.NaN()
		}
	}
	return v
}

func (p *packed) addTruths(a *array.Boolean, from, to int) {
	p.data = grown(p.data, int(bitutil.BytesForBits(int64(p.rows+to-from))))
	for i := from; i < to; i++ {
		if a.IsValid(i) && a.Value(i) {
			bitutil.SetBit(p.data, p.rows+i-from)
		}
	}
}

// addTexts copies texts or geometries, and nothing that lies beneath a null or
// between two of them.
func (p *packed) addTexts(a arrow.Array, offsets []int32, all []byte, from, to int) (row int, err error) {
	all = all[offsets[from]-offsets[0] : offsets[to]-offsets[0]]
	offsets = offsets[from : to+1]
	base := offsets[0]
	start, first := len(p.data), len(p.ends)
	run := base // where the bytes of an unbroken run of cells begin
	end := int32(start)
	for i, next := range offsets[1:] {
		at := offsets[i]
		switch {
		case a.IsValid(from + i):
			end += next - at
		case next > at:
			p.data = append(p.data, all[run-base:at-base]...)
			run = next
		}
		p.ends = append(p.ends, end)
	}
	p.data = append(p.data, all[run-base:]...)
	if p.kind.ID() == arrow.STRING && p.wholeTexts(start, p.ends[first:]) {
		return to, nil
	}
	at := int32(start)
	for i, end := range p.ends[first:] {
		cell := p.data[at:end]
		switch at = end; {
		case a.IsNull(from + i):
		case p.kind.ID() == arrow.BINARY:
			err = geometry.Valid(cell)
		case !utf8.Valid(cell):
			err = errors.New("not UTF-8")
		}
		if err != nil {
			return from + i, err
		}
	}
	return to, nil
}

// wholeTexts: the cells from from on are UTF-8, and none ends within a
// character.
func (p *packed) wholeTexts(from int, ends []int32) bool {
	for _, to := range ends {
		if int(to) < len(p.data) && !utf8.RuneStart(p.data[to]) {
			return false
		}
	}
	return letters.Valid(p.data[from:])
}

// array gives what was copied and begins anew; the next one is likely to be as
// large.
func (p *packed) array() arrow.Array {
	var valid *memory.Buffer
	if p.nulls > 0 {
		valid = memory.NewBufferBytes(p.valid)
	}
	buffers := []*memory.Buffer{valid, memory.NewBufferBytes(p.data)}
	if p.ends != nil {
		offsets := append(make([]int32, 1, len(p.ends)+1), p.ends...)
		buffers = []*memory.Buffer{valid, memory.NewBufferBytes(arrow.Int32Traits.CastToBytes(offsets)), buffers[1]}
	}
	data := array.NewData(p.kind, p.rows, buffers, nil, p.nulls, 0)
	defer data.Release()
	*p = packed{kind: p.kind, valid: make([]byte, 0, len(p.valid)), data: make([]byte, 0, len(p.data)+len(p.data)/8), ends: p.ends[:0]}
	return array.MakeFromData(data)
}
