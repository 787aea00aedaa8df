package datasets

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/maphash"
	"math"
	"math/bits"
	"slices"
	"sync"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/bitutil"
	"github.com/apache/arrow/go/v17/arrow/decimal128"
	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/apache/arrow/go/v17/parquet"
	"github.com/apache/arrow/go/v17/parquet/compress"
	"github.com/apache/arrow/go/v17/parquet/file"
	"github.com/apache/arrow/go/v17/parquet/metadata"
	"github.com/apache/arrow/go/v17/parquet/schema"
)

// How values become pages of Parquet: definition levels (one bit a row, where
// the column may be null), then the values that are not null, PLAIN, or their
// places in a dictionary. See the Encodings document of the Parquet format.

const (
	pageRows  = 64 << 10 // a multiple of 8: a page begins at a whole byte of the validity bits
	pageBytes = 1 << 20  // about, of a page of text
	statBytes = 4 << 10  // a longer smallest or largest value is not told
)

// A parquetColumn holds the pages of the open row group until every column has
// its own.
type parquetColumn struct {
	descr *schema.Column
	id    arrow.Type
	text  bool // UTF-8: the only type that is ever worth a dictionary
	pages []parquetPage
	dict  *dictionary // of the open row group; nil: PLAIN
	begun bool        // the row group has a page or a verdict on its dictionary
	nulls int64
	stats ranges
}

// parquetPage is a page as it stands in the file.
type parquetPage struct {
	data []byte // compressed
	rows int
	size int // before compression
}

func newParquetColumn(f arrow.Field, descr *schema.Column) (*parquetColumn, error) {
	if typeName(f.Type) == "" {
		return nil, fmt.Errorf("type %s has no place in a file", f.Type)
	}
	return &parquetColumn{descr: descr, id: f.Type.ID(), text: f.Type.ID() == arrow.STRING}, nil
}

// pageEncoder is the spare memory of one who encodes.
type pageEncoder struct {
	raw, packed []byte
	bits        []byte
	indices     []uint32
}

var pageEncoders = sync.Pool{New: func() any { return new(pageEncoder) }}

// add encodes a batch of the column.
func (c *parquetColumn) add(e *pageEncoder, a arrow.Array) error {
	n := a.Len()
	c.nulls += int64(a.NullN())
	if c.text && !c.begun && n > 0 {
		// The first batch of a row group shows whether values repeat. On others,
		// and on numbers, a dictionary costs time and gives nothing.
		c.dict = repeating(a.(*array.String))
		c.begun = true
	}
	step := pageRows
	if size := binarySize(a); size > pageBytes {
		step = min(pageRows, max(8, n/(size/pageBytes+1)&^7))
	}
	for from := 0; from < n; from += step {
		if err := c.page(e, a, from, min(n, from+step)); err != nil {
			return err
		}
	}
	return nil
}

// binarySize is how many bytes the values of a text or a geometry take.
func binarySize(a arrow.Array) int {
	switch a := a.(type) {
	case *array.String:
		return len(a.ValueBytes())
	case *array.Binary:
		return len(a.ValueBytes())
	}
	return 0
}

// page encodes rows from..to-1 of the batch.
func (c *parquetColumn) page(e *pageEncoder, a arrow.Array, from, to int) error {
	raw := e.raw[:0]
	valid := []byte(nil) // bit k: row from+k is not null; nil: all are
	if a.NullN() > 0 {
		e.bits = append(e.bits[:0], make([]byte, (to-from+7)/8)...)
		bitutil.CopyBitmap(a.NullBitmapBytes(), a.Data().Offset()+from, to-from, e.bits, 0)
		valid = e.bits
	}
	if c.descr.MaxDefinitionLevel() > 0 {
		raw = appendLevels(raw, valid, to-from)
	}
	var err error
	if raw, err = c.values(e, raw, a, valid, from, to); err != nil {
		return err
	}
	e.raw = raw
	e.packed = parquetCodec.EncodeLevel(e.packed, raw, 0)
	c.pages = append(c.pages, parquetPage{bytes.Clone(e.packed), to - from, len(raw)})
	return nil
}

// appendLevels adds the definition levels: one run where nothing is null, else
// the validity bits as they are, which is what a bit-packed run of width 1 is.
func appendLevels(raw, valid []byte, rows int) []byte {
	at := len(raw)
	raw = append(raw, 0, 0, 0, 0) // their length
	if valid == nil {
		raw = append(binary.AppendUvarint(raw, uint64(rows)<<1), 1)
	} else {
		raw = binary.AppendUvarint(raw, uint64(len(valid))<<1|1)
		raw = append(raw, valid...)
	}
	binary.LittleEndian.PutUint32(raw[at:], uint32(len(raw)-at-4))
	return raw
}

func isValid(valid []byte, k int) bool { return valid == nil || valid[k>>3]>>(k&7)&1 == 1 }

// values adds the values that are not null.
func (c *parquetColumn) values(e *pageEncoder, raw []byte, a arrow.Array, valid []byte, from, to int) ([]byte, error) {
	n := to - from
	switch a := a.(type) {
	case *array.String:
		if c.dict != nil {
			return c.dict.encode(e, raw, a, valid, from, to), nil
		}
		for k := range n {
			if isValid(valid, k) {
				v := a.Value(from + k)
				raw = append(binary.LittleEndian.AppendUint32(raw, uint32(len(v))), v...)
				c.stats.text.see(v)
			}
		}
	case *array.Binary:
		for k := range n {
			if isValid(valid, k) {
				v := a.Value(from + k)
				raw = append(binary.LittleEndian.AppendUint32(raw, uint32(len(v))), v...)
			}
		}
	case *array.Int64:
		raw = appendWhole(raw, a.Int64Values()[from:to], valid, &c.stats.whole)
	case *array.Timestamp:
		raw = appendWhole(raw, a.TimestampValues()[from:to], valid, &c.stats.whole)
	case *array.Date32:
		for k, v := range a.Date32Values()[from:to] {
			if isValid(valid, k) {
				raw = binary.LittleEndian.AppendUint32(raw, uint32(v))
				c.stats.whole.see(int64(v))
			}
		}
	case *array.Float64:
		for k, v := range a.Float64Values()[from:to] {
			if isValid(valid, k) {
				raw = binary.LittleEndian.AppendUint64(raw, math.Float64bits(v))
				c.stats.float.see(v)
			}
		}
	case *array.Boolean:
		k, b := 0, byte(0)
		for row := from; row < to; row++ {
			if !isValid(valid, row-from) {
				continue
			}
			v := int64(0)
			if a.Value(row) {
				v = 1
			}
			c.stats.whole.see(v)
			b |= byte(v) << (k & 7)
			if k++; k&7 == 0 {
				raw, b = append(raw, b), 0
			}
		}
		if k&7 != 0 {
			raw = append(raw, b)
		}
	case *array.Decimal128:
		return c.decimals(raw, a.Values()[from:to], valid)
	default:
		return raw, fmt.Errorf("type %s has no place in a file", a.DataType())
	}
	return raw, nil
}

func appendWhole[T ~int64](raw []byte, values []T, valid []byte, seen *range64) []byte {
	at := len(raw)
	raw = slices.Grow(raw, len(values)*8)[:at+len(values)*8]
	for k, v := range values {
		if isValid(valid, k) {
			binary.LittleEndian.PutUint64(raw[at:], uint64(v))
			at += 8
			seen.see(int64(v))
		}
	}
	return raw[:at]
}

var errDigits = errors.New("a decimal has more digits than its column")

// decimals take as many bytes as the column's digits need, the highest first.
func (c *parquetColumn) decimals(raw []byte, values []decimal128.Num, valid []byte) ([]byte, error) {
	width := c.descr.TypeLength()
	if width > 8 {
		for k, v := range values {
			if !isValid(valid, k) {
				continue
			}
			if shift := 128 - 8*width; v.HighBits()<<shift>>shift != v.HighBits() {
				return raw, errDigits
			}
			c.stats.decimal.see(v)
			raw = append(raw, decimalBytes(v, width)...)
		}
		return raw, nil
	}
	shift := 64 - 8*width
	at := len(raw)
	raw = slices.Grow(raw, len(values)*width+8)[:at+len(values)*width+8] // each write is 8 bytes wide
	for k, v := range values {
		if !isValid(valid, k) {
			continue
		}
		low := int64(v.LowBits())
		if v.HighBits() != low>>63 || low<<shift>>shift != low {
			return raw, errDigits
		}
		c.stats.whole.see(low)
		binary.BigEndian.PutUint64(raw[at:], uint64(low)<<shift)
		at += width
	}
	return raw[:at], nil
}

func decimalBytes(v decimal128.Num, width int) []byte {
	b := binary.BigEndian.AppendUint64(make([]byte, 0, 16), uint64(v.HighBits()))
	return binary.BigEndian.AppendUint64(b, v.LowBits())[16-width:]
}

// flush writes the column's part of a row group, and answers its size before
// compression.
func (c *parquetColumn) flush(out *tellWriter, chunk *metadata.ColumnChunkMetaDataBuilder, group int16) (size int64, err error) {
	w, err := file.NewPageWriter(out, compress.Codecs.Zstd, 0, chunk, group, 0, memory.DefaultAllocator, false, nil, nil)
	if err != nil {
		return 0, err
	}
	as := parquet.Encodings.Plain
	if c.dict != nil {
		as = parquet.Encodings.RLEDict
		if _, err := w.WriteDictionaryPage(file.NewDictionaryPage(memory.NewBufferBytes(c.dict.data), int32(len(c.dict.starts)), parquet.Encodings.Plain)); err != nil {
			return 0, err
		}
		size += int64(len(c.dict.data))
		c.dict.see(&c.stats.text)
	}
	for _, p := range c.pages {
		page := file.NewDataPageV1WithStats(memory.NewBufferBytes(p.data), int32(p.rows), as, parquet.Encodings.RLE, parquet.Encodings.RLE,
			int32(p.size), metadata.EncodedStatistics{})
		if _, err := w.WriteDataPage(page); err != nil {
			return 0, err
		}
		size += int64(p.size)
	}
	if c.id != arrow.BINARY { // whose smallest and largest bytes say nothing, and may be a whole map
		chunk.SetStats(c.statistics())
	}
	if err := w.Close(c.dict != nil, false); err != nil {
		return 0, err
	}
	clear(c.pages)
	c.pages, c.dict, c.begun, c.nulls, c.stats = c.pages[:0], nil, false, 0, ranges{}
	return size, nil
}

// A dictionary numbers the texts of a column in the order they are met.
type dictionary struct {
	data   []byte   // a dictionary page: each text after its length
	starts []int    // of each text in data
	hashes []uint32 // of each text
	table  []uint32 // number+1 by hash; 0: free
}

// The seed decides where texts lie in the table, and nothing that is written.
var dictionarySeed = maphash.MakeSeed()

// repeating is the dictionary of a batch, nil where more than every fourth
// value is a new one.
func repeating(t *array.String) *dictionary {
	d := &dictionary{table: make([]uint32, 1<<8)}
	for i := range t.Len() {
		if t.IsValid(i) {
			d.number(t.Value(i))
			if len(d.starts) > t.Len()/4 {
				return nil
			}
		}
	}
	if len(d.starts) == 0 {
		return nil
	}
	return d
}

func (d *dictionary) at(i uint32) []byte {
	from := d.starts[i]
	n := binary.LittleEndian.Uint32(d.data[from:])
	return d.data[from+4 : from+4+int(n)]
}

func (d *dictionary) number(v string) uint32 {
	h := uint32(maphash.String(dictionarySeed, v))
	mask := uint32(len(d.table) - 1)
	for i := h & mask; ; i = (i + 1) & mask {
		e := d.table[i]
		if e == 0 {
			return d.insert(v, h, i)
		}
		if d.hashes[e-1] == h && string(d.at(e-1)) == v {
			return e - 1
		}
	}
}

func (d *dictionary) insert(v string, h, free uint32) uint32 {
	n := uint32(len(d.starts))
	d.starts = append(d.starts, len(d.data))
	d.hashes = append(d.hashes, h)
	d.data = append(binary.LittleEndian.AppendUint32(d.data, uint32(len(v))), v...)
	d.table[free] = n + 1
	if 2*len(d.starts) > len(d.table) {
		d.table = make([]uint32, 4*len(d.table))
		mask := uint32(len(d.table) - 1)
		for k, h := range d.hashes {
			i := h & mask
			for d.table[i] != 0 {
				i = (i + 1) & mask
			}
			d.table[i] = uint32(k) + 1
		}
	}
	return n
}

func (d *dictionary) see(t *rangeText) {
	for i := range d.starts {
		t.see(string(d.at(uint32(i))))
	}
}

// encode adds the numbers of the texts: a byte for their width, then runs.
func (d *dictionary) encode(e *pageEncoder, raw []byte, a *array.String, valid []byte, from, to int) []byte {
	all := e.indices[:0]
	for k := range to - from {
		if isValid(valid, k) {
			all = append(all, d.number(a.Value(from+k)))
		}
	}
	e.indices = all
	width := max(1, bits.Len(uint(len(d.starts)-1)))
	return appendRuns(append(raw, byte(width)), all, width)
}

// appendRuns writes numbers in Parquet's mixture of runs: one number many
// times, or groups of eight numbers packed into width bits each.
func appendRuns(raw []byte, all []uint32, width int) []byte {
	const long = 16 // a run of one number is worth its head from here on
	packed := 0     // all[packed:i] waits to be packed; whole groups, but at the end
	i := 0
	for i < len(all) {
		n := 1
		for i+n < len(all) && all[i+n] == all[i] {
			n++
		}
		// The group that is open takes from the run what it needs to be full.
		fill := (8 - (i-packed)%8) % 8
		if n-fill < long {
			i += n
			continue
		}
		i += fill
		n -= fill
		raw = appendPacked(raw, all[packed:i], width)
		raw = binary.AppendUvarint(raw, uint64(n)<<1)
		for b := 0; b < width; b += 8 {
			raw = append(raw, byte(all[i]>>b))
		}
		i += n
		packed = i
	}
	return appendPacked(raw, all[packed:], width)
}

func appendPacked(raw []byte, all []uint32, width int) []byte {
	if len(all) == 0 {
		return raw
	}
	groups := (len(all) + 7) / 8
	raw = binary.AppendUvarint(raw, uint64(groups)<<1|1)
	var word uint64
	held := 0
	for _, v := range all {
		word |= uint64(v) << held
		if held += width; held >= 32 {
			raw = binary.LittleEndian.AppendUint32(raw, uint32(word))
			word >>= 32
			held -= 32
		}
	}
	for left := groups*width - (len(all)*width-held)/8; left > 0; left-- { // what is left of the last group
		raw = append(raw, byte(word))
		word >>= 8
	}
	return raw
}

// ranges are from the smallest to the largest value of a column in a row group.
type ranges struct {
	whole   range64
	float   rangeFloat
	text    rangeText
	decimal rangeDecimal
}

type range64 struct {
	low, high int64
	any       bool
}

func (r *range64) see(v int64) {
	if !r.any {
		r.low, r.high, r.any = v, v, true
	}
	r.low, r.high = min(r.low, v), max(r.high, v)
}

type rangeFloat struct {
	low, high float64
	any       bool
}

// see leaves NaN out, which has no place in an order.
func (r *rangeFloat) see(v float64) {
	switch {
	case v != v:
	case !r.any:
		r.low, r.high, r.any = v, v, true
	case v < r.low:
		r.low = v
	case v > r.high:
		r.high = v
	}
}

type rangeText struct {
	low, high []byte
	any       bool
}

func (r *rangeText) see(v string) {
	switch {
	case !r.any:
		r.low, r.high, r.any = []byte(v), []byte(v), true
	case v < string(r.low):
		r.low = append(r.low[:0], v...)
	case v > string(r.high):
		r.high = append(r.high[:0], v...)
	}
}

type rangeDecimal struct {
	low, high decimal128.Num
	any       bool
}

func (r *rangeDecimal) see(v decimal128.Num) {
	switch {
	case !r.any:
		r.low, r.high, r.any = v, v, true
	case v.Less(r.low):
		r.low = v
	case r.high.Less(v):
		r.high = v
	}
}

// statistics of the row group, as the footer has them.
func (c *parquetColumn) statistics() metadata.EncodedStatistics {
	var s metadata.EncodedStatistics
	s.SetNullCount(c.nulls)
	var low, high []byte
	switch {
	case c.stats.text.any:
		low, high = c.stats.text.low, c.stats.text.high
	case c.stats.decimal.any:
		width := c.descr.TypeLength()
		low, high = decimalBytes(c.stats.decimal.low, width), decimalBytes(c.stats.decimal.high, width)
	case c.stats.float.any:
		// A zero may be either: the order of the format does not tell them apart.
		f := c.stats.float
		if f.low == 0 {
			f.low = math.Copysign(0, -1)
		}
		if f.high == 0 {
			f.high = 0
		}
		low = binary.LittleEndian.AppendUint64(nil, math.Float64bits(f.low))
		high = binary.LittleEndian.AppendUint64(nil, math.Float64bits(f.high))
	case c.stats.whole.any:
		low, high = c.wholeBytes(c.stats.whole.low), c.wholeBytes(c.stats.whole.high)
	}
	if low != nil && len(low) <= statBytes && len(high) <= statBytes {
		s.SetMin(low).SetMax(high)
		s.Signed = !c.text
	}
	return s
}

func (c *parquetColumn) wholeBytes(v int64) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(v))
	switch c.descr.PhysicalType() {
	case parquet.Types.Boolean:
		return b[:1]
	case parquet.Types.Int32:
		return b[:4]
	case parquet.Types.FixedLenByteArray:
		return decimalBytes(decimal128.FromI64(v), c.descr.TypeLength())
	}
	return b
}
