package format

import (
	"encoding/binary"
	"math/bits"
)

// Decoders of the values and levels of a page. None of them makes room for a
// length that is only claimed: they hold a piece of the page and a position.
// ok is false where a page ends before its values do.

// hybrid reads run lengths mixed with packed bits: levels and indexes of a dictionary.
type hybrid struct {
	b     []byte
	width int
	run   uint64 // of the value
	value uint32
	bits  uint64 // packed values left in this group
	at    int    // bit in b
}

func (h *hybrid) next() (uint32, bool) {
	for {
		switch {
		case h.run > 0:
			h.run--
			return h.value, true
		case h.bits > 0:
			h.bits--
			v, ok := bitsAt(h.b, h.at, h.width)
			h.at += h.width
			if h.bits == 0 {
				h.b, h.at = h.b[min(len(h.b), (h.at+7)/8):], 0
			}
			return uint32(v), ok
		}
		head, n := binary.Uvarint(h.b)
		if n <= 0 || h.width > 32 {
			return 0, false
		}
		h.b = h.b[n:]
		if head&1 == 1 {
			// Groups of eight; the last may be cut short, and then only its
			// values that are there are read. Values of no bits are all the same,
			// which is told as a run: a long list of them is damage, and counted as
			// such by parquet-testing.
			if h.bits = head >> 1 << 3; h.bits > 1<<40 || h.width == 0 && h.bits > 64 {
				return 0, false
			}
			continue
		}
		h.run = head >> 1
		size := (h.width + 7) / 8
		if len(h.b) < size {
			return 0, false
		}
		h.value = 0
		for i := range size {
			h.value |= uint32(h.b[i]) << (8 * i)
		}
		h.b = h.b[size:]
	}
}

// bitsAt reads width bits, at most 64, that begin at a bit of b.
func bitsAt(b []byte, at, width int) (uint64, bool) {
	if width == 0 {
		return 0, true
	}
	if at+width > len(b)*8 {
		return 0, false
	}
	i, shift := at/8, at%8
	if i+8 <= len(b) && shift+width <= 64 {
		return binary.LittleEndian.Uint64(b[i:]) >> shift & (1<<width - 1), true
	}
	var v uint64
	for done := 0; done < width; {
		take := min(8-shift, width-done)
		v |= uint64(b[i]>>shift&(1<<take-1)) << done
		done, shift, i = done+take, 0, i+1
	}
	return v, true
}

// deltas reads DELTA_BINARY_PACKED.
type deltas struct {
	b         []byte
	perBlock  uint64
	perMini   uint64
	left      uint64 // values still to come
	value     int64
	begun     bool
	minDelta  int64
	widths    []byte // of the miniblocks still to come in this block
	width     int
	mini      uint64 // values left in the miniblock
	at        int    // bit in b
	miniBytes int
}

func (d *deltas) open(b []byte) bool {
	*d = deltas{b: b}
	var minis uint64
	ok := d.uvarint(&d.perBlock) && d.uvarint(&minis) && d.uvarint(&d.left)
	if !ok || minis == 0 || d.perBlock == 0 || d.perBlock > 1<<20 || d.perBlock%minis != 0 || d.perBlock/minis%8 != 0 {
		return false
	}
	d.perMini = d.perBlock / minis
	return d.varint(&d.value)
}

func (d *deltas) uvarint(v *uint64) bool {
	x, n := binary.Uvarint(d.b)
	if n <= 0 {
		return false
	}
	*v, d.b = x, d.b[n:]
	return true
}

func (d *deltas) varint(v *int64) bool {
	x, n := binary.Varint(d.b)
	if n <= 0 {
		return false
	}
	*v, d.b = x, d.b[n:]
	return true
}

func (d *deltas) next() (int64, bool) {
	if d.left == 0 {
		return 0, false
	}
	d.left--
	if !d.begun {
		d.begun = true
		return d.value, true
	}
	for d.mini == 0 {
		if d.miniBytes > 0 {
			d.b = d.b[d.miniBytes:]
			d.miniBytes = 0
		}
		if len(d.widths) == 0 {
			if !d.varint(&d.minDelta) {
				return 0, false
			}
			n := int(d.perBlock / d.perMini)
			if len(d.b) < n {
				return 0, false
			}
			d.widths, d.b = d.b[:n], d.b[n:]
		}
		d.width, d.widths = int(d.widths[0]), d.widths[1:]
		d.mini, d.at = d.perMini, 0
		d.miniBytes = int(d.perMini) * d.width / 8
		if d.width > 64 || d.miniBytes > len(d.b) {
			return 0, false
		}
	}
	v, ok := bitsAt(d.b, d.at, d.width)
	d.at += d.width
	d.mini--
	d.value += d.minDelta + int64(v)
	return d.value, ok
}

// rest is what follows the deltas, once all were read.
func (d *deltas) rest() []byte { return d.b[d.miniBytes:] }

// values decodes the values of one page, one after the other.
type values struct {
	encoding int64
	width    int // bytes of a value; 0: each has its own length; -1: bits
	b        []byte
	i        int
	n        int // values of the page, where the encoding needs to know
	index    hybrid
	dict     *dictionary
	numbers  deltas
	lengths  deltas
	last     []byte // DELTA_BYTE_ARRAY: the value before
	most     int64  // bytes of a value
	scratch  [16]byte
}

const (
	encPlain       = 0
	encPlainDict   = 2
	encRLE         = 3
	encBitPacked   = 4
	encDelta       = 5
	encDeltaLength = 6
	encDeltaBytes  = 7
	encDict        = 8
	encSplit       = 9
)

// open takes the values of a page; known is false for an encoding that is not
// read here.
func (v *values) open(encoding int64, b []byte, n int) (ok, known bool) {
	v.encoding, v.b, v.i, v.n = encoding, b, 0, n
	switch encoding {
	case encPlain:
		return true, true
	case encPlainDict, encDict:
		v.encoding = encDict
		if v.dict == nil {
			return n == 0, true
		}
		v.index = hybrid{}
		if len(b) > 0 {
			v.index = hybrid{b: b[1:], width: int(b[0])}
		}
		return v.index.width <= 32, true
	case encRLE:
		if v.width != -1 {
			return false, false
		}
		if len(b) < 4 || uint64(binary.LittleEndian.Uint32(b)) > uint64(len(b)-4) {
			return n == 0, true
		}
		v.index = hybrid{b: b[4:], width: 1}
		return true, true
	case encDelta:
		if v.width != 4 && v.width != 8 {
			return false, false
		}
		return n == 0 && len(b) == 0 || v.numbers.open(b), true
	case encDeltaLength, encDeltaBytes:
		if encoding == encDeltaLength && v.width != 0 || v.width < 0 {
			return false, false
		}
		v.last = v.last[:0]
		if n == 0 && len(b) == 0 {
			return true, true
		}
		if encoding == encDeltaBytes {
			if !v.numbers.open(b) {
				return false, true
			}
			if b, ok = after(v.numbers); !ok {
				return false, true
			}
		}
		if !v.lengths.open(b) {
			return false, true
		}
		v.b, ok = after(v.lengths)
		return ok, true
	case encSplit:
		return v.width > 0 && len(b) == n*v.width, v.width > 0
	}
	return false, false
}

// after is what stands behind deltas, which are walked through in a copy.
func after(d deltas) ([]byte, bool) {
	for d.left > 0 {
		if _, ok := d.next(); !ok {
			return nil, false
		}
	}
	return d.rest(), true
}

// next gives the bytes of a value, little-endian where it is a number, valid
// until the next; a boolean is one byte.
func (v *values) next() ([]byte, bool) {
	switch v.encoding {
	case encPlain:
		return v.plain()
	case encDict:
		i, ok := v.index.next()
		if !ok || v.dict == nil {
			return nil, false
		}
		return v.dict.at(i)
	case encRLE:
		x, ok := v.index.next()
		v.scratch[0] = byte(x)
		return v.scratch[:1], ok
	case encDelta:
		x, ok := v.numbers.next()
		binary.LittleEndian.PutUint64(v.scratch[:], uint64(x))
		return v.scratch[:v.width], ok
	case encDeltaLength:
		n, ok := v.lengths.next()
		return v.take(n, ok)
	case encDeltaBytes:
		return v.deltaBytes()
	case encSplit:
		if v.i == v.n {
			return nil, false
		}
		v.last = v.last[:0]
		for k := range v.width {
			v.last = append(v.last, v.b[k*v.n+v.i])
		}
		v.i++
		return v.last, true
	}
	return nil, false
}

func (v *values) take(n int64, ok bool) ([]byte, bool) {
	if !ok || n < 0 || n > int64(len(v.b)-v.i) {
		return nil, false
	}
	v.i += int(n)
	return v.b[v.i-int(n) : v.i], true
}

func (v *values) plain() ([]byte, bool) {
	switch {
	case v.width > 0:
		return v.take(int64(v.width), true)
	case v.width == 0:
		n, ok := v.take(4, true)
		if !ok {
			return nil, false
		}
		return v.take(int64(int32(binary.LittleEndian.Uint32(n))), true)
	}
	x, ok := bitsAt(v.b, v.i, 1)
	v.i++
	v.scratch[0] = byte(x)
	return v.scratch[:1], ok
}

func (v *values) deltaBytes() ([]byte, bool) {
	before, ok := v.numbers.next()
	n, more := v.lengths.next()
	suffix, fits := v.take(n, ok && more)
	if !fits || before < 0 || before > int64(len(v.last)) || before+n > v.most {
		return nil, false
	}
	v.last = append(v.last[:before], suffix...)
	return v.last, v.width == 0 || len(v.last) == v.width
}

// dictionary of a column chunk.
type dictionary struct {
	b     []byte
	width int
	ends  []uint32 // of values with lengths of their own
}

// newDictionary reads n plain values; nil where they are not there.
func newDictionary(b []byte, width int, n int64) *dictionary {
	d := &dictionary{b: b, width: width}
	if width < 0 || width > 0 && (n > int64(len(b)) || n*int64(width) > int64(len(b))) || n > int64(len(b)) {
		return nil
	}
	if width > 0 {
		d.b = b[:n*int64(width)]
		return d
	}
	at := uint64(0)
	d.ends = make([]uint32, 0, min(n, int64(len(b)/4)))
	for range n {
		if at+4 > uint64(len(b)) {
			return nil
		}
		at += 4 + uint64(binary.LittleEndian.Uint32(b[at:]))
		if at > uint64(len(b)) {
			return nil
		}
		d.ends = append(d.ends, uint32(at))
	}
	return d
}

func (d *dictionary) at(i uint32) ([]byte, bool) {
	if d.width > 0 {
		from := uint64(i) * uint64(d.width)
		if from+uint64(d.width) > uint64(len(d.b)) {
			return nil, false
		}
		return d.b[from : from+uint64(d.width)], true
	}
	if uint64(i) >= uint64(len(d.ends)) {
		return nil, false
	}
	from := uint32(4)
	if i > 0 {
		from += d.ends[i-1]
	}
	return d.b[from:d.ends[i]], true
}

func levelBits(most int) int { return bits.Len(uint(most)) }
