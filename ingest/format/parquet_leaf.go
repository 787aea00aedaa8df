package format

import (
	"encoding/binary"
	"hash/crc32"
	"io"
	"math"
	"math/big"
	"slices"
	"strconv"
)

// leafKind is what the bytes of a leaf's values mean.
type leafKind int

const (
	leafBool leafKind = iota
	leafInt
	leafUint
	leafFloat16
	leafFloat32
	leafFloat64
	leafDecimal
	leafDay
	leafTimeOfDay
	leafStamp
	leafInt96
	leafText
	leafBytes
	leafUUID
	leafSpan
	leafMilliDay // days in milliseconds, as Arrow has them too
)

// leaf is a column of the file, without its values.
type leaf struct {
	column         int // in the file
	physical       int64
	maxDef, maxRep int
	kind           leafKind
	width          int // bytes of a value; 0: each has its own length; -1: bits
	prec, scale    int
	counted        bool   // the decimal's digits are an integer
	per            int64  // units in a second
	offset         int32  // of instants, minutes; noOffset: none
	system         string // of coordinates, where the bytes are a geometry; "": they are none
}

// leafReader gives the values of a leaf in one row group with their levels.
type leafReader struct {
	*leaf
	f     *parquetFile
	spent *int64 // bytes that came out of pages in this reading of the file
	off   int64  // of the next page
	end   int64  // no page ends behind it
	left  int64  // values of the chunk that no page has given yet
	codec int

	inPage   int64 // values of the page at hand still to come
	reps     hybrid
	defs     hybrid
	values   values
	page     []byte // memory, used again
	packed   []byte
	head     []byte
	has      bool // there is a value at hand
	rep, def int
	b        []byte // of it, where def is maxDef
	err      error
}

// damaged is all that is said of a file that breaks the rules of its format.
func damagedParquet() error { return &Refusal{Code: "parquet", Stage: "structure"} }

// next comes to the next value; has is false after the last of the row group.
func (l *leafReader) next() {
	l.has = false
	for l.err == nil && l.inPage == 0 {
		if l.left == 0 {
			return
		}
		l.err = l.nextPage()
	}
	if l.err != nil {
		return
	}
	l.inPage--
	l.rep, l.def = 0, l.maxDef
	ok := true
	if l.maxRep > 0 {
		var v uint32
		v, ok = l.reps.next()
		l.rep = int(v)
	}
	if l.maxDef > 0 && ok {
		var v uint32
		v, ok = l.defs.next()
		l.def = int(v)
	}
	if ok && l.def == l.maxDef {
		l.b, ok = l.values.next()
	}
	if !ok || l.rep > l.maxRep || l.def > l.maxDef {
		l.err = damagedParquet()
		return
	}
	l.has = true
}

const (
	headSmall = 256
	headMost  = 16 << 20 // statistics in a header may hold whole cells
	pageMost  = 128 << 20
)

// nextPage reads pages up to the next one with values.
func (l *leafReader) nextPage() error {
	for {
		h, err := l.pageHead()
		if err != nil {
			return err
		}
		if h.size > pageMost || h.packed > pageMost {
			return &Refusal{Code: "too-large", Stage: "structure"}
		}
		if h.packed > l.end-l.off {
			return damagedParquet()
		}
		if h.kind != pageData && h.kind != pageDataV2 && h.kind != pageDictionary {
			l.off += h.packed // a kind that came after us may be passed over
			continue
		}
		if !h.sized {
			return damagedParquet()
		}
		l.packed = slices.Grow(l.packed[:0], int(h.packed))[:h.packed]
		if err := l.f.readAt(l.packed, l.off); err != nil {
			return err
		}
		l.off += h.packed
		if h.checked && crc32.ChecksumIEEE(l.packed) != h.crc {
			return damagedParquet()
		}
		if *l.spent += h.size; *l.spent > l.f.opts.Limits.Inflated {
			return &Refusal{Code: "too-large", Stage: "structure"}
		}
		if h.kind == pageDictionary {
			b := make([]byte, h.size) // kept as long as the chunk
			if l.values.dict != nil || !unpack(l.codec, b, l.packed) || h.encoding != encPlain && h.encoding != encPlainDict {
				return damagedParquet()
			}
			if l.values.dict = newDictionary(b, l.width, h.values); l.values.dict == nil {
				return damagedParquet()
			}
			continue
		}
		if h.values > l.left {
			return damagedParquet()
		}
		l.left -= h.values
		l.inPage = h.values
		if h.values == 0 {
			return nil
		}
		return l.openPage(&h)
	}
}

// pageHead reads the header of the page at off, and comes behind it.
func (l *leafReader) pageHead() (pageHeader, error) {
	for size := int64(headSmall); ; size *= 8 {
		n := min(size, l.end-l.off)
		if n <= 0 {
			return pageHeader{}, damagedParquet()
		}
		l.head = slices.Grow(l.head[:0], int(n))[:n]
		if err := l.f.readAt(l.head, l.off); err != nil {
			return pageHeader{}, err
		}
		h, used := readPageHeader(l.head)
		if used > 0 {
			l.off += int64(used)
			return h, nil
		}
		if n < size || size > headMost {
			return pageHeader{}, damagedParquet()
		}
	}
}

// openPage makes the decoders ready for the page in packed.
func (l *leafReader) openPage(h *pageHeader) error {
	l.page = slices.Grow(l.page[:0], int(h.size))[:h.size]
	levels := int64(0)
	if h.kind == pageDataV2 {
		// The levels stand before the values and are never compressed.
		levels = h.defBytes + h.repBytes
		if levels > h.size || levels > h.packed {
			return damagedParquet()
		}
		copy(l.page, l.packed[:levels])
	}
	codec := l.codec
	if h.kind == pageDataV2 && (h.plain || h.size == levels && h.packed == levels) {
		codec = codecNone
	}
	if !unpack(codec, l.page[levels:], l.packed[levels:]) {
		return damagedParquet()
	}
	b := l.page
	if h.kind == pageDataV2 {
		l.reps = hybrid{b: b[:h.repBytes], width: levelBits(l.maxRep)}
		l.defs = hybrid{b: b[h.repBytes:levels], width: levelBits(l.maxDef)}
		b = b[levels:]
	} else {
		var err error
		if l.reps, b, err = levelsOf(b, l.maxRep, h.repEncoding); err != nil {
			return err
		}
		if l.defs, b, err = levelsOf(b, l.maxDef, h.defEncoding); err != nil {
			return err
		}
	}
	n := h.values
	if h.encoding == encSplit {
		n = l.present(n)
	}
	ok, known := l.values.open(h.encoding, b, int(n))
	switch {
	case !known:
		return &Refusal{Code: "parquet-encoding", Stage: "structure"}
	case !ok && l.present(h.values) > 0:
		return damagedParquet()
	}
	return nil
}

// levelsOf cuts the levels off a page of version 1.
func levelsOf(b []byte, most int, encoding int64) (hybrid, []byte, error) {
	if most == 0 {
		return hybrid{}, b, nil
	}
	if encoding == encBitPacked {
		return hybrid{}, nil, &Refusal{Code: "parquet-encoding", Stage: "structure"}
	}
	if encoding != encRLE || len(b) < 4 {
		return hybrid{}, nil, damagedParquet()
	}
	n := binary.LittleEndian.Uint32(b)
	if uint64(n) > uint64(len(b)-4) {
		return hybrid{}, nil, damagedParquet()
	}
	return hybrid{b: b[4 : 4+n], width: levelBits(most)}, b[4+n:], nil
}

// present counts the values of the page that are not null, in a copy of its levels.
func (l *leafReader) present(n int64) int64 {
	if l.maxDef == 0 {
		return n
	}
	defs, count := l.defs, int64(0)
	for range n {
		v, ok := defs.next()
		if !ok {
			break
		}
		if int(v) == l.maxDef {
			count++
		}
	}
	return count
}

// appendValue writes the value at hand. quoted says that JSON quotes it.
func (l *leafReader) appendValue(m *cellMaker, j int, row int64) (as cellKind, quoted bool, err error) {
	return l.leaf.appendValue(m, j, row, l.b)
}

// appendValue writes a value that stands in b, a number little-endian.
func (l *leaf) appendValue(m *cellMaker, j int, row int64, b []byte) (as cellKind, quoted bool, err error) {
	dst := m.text
	as, quoted = asNumber, false
	switch l.kind {
	case leafBool:
		as, m.text = asFound, strconv.AppendBool(dst, b[0] != 0)
	case leafInt:
		m.text = strconv.AppendInt(dst, int64n(b), 10)
	case leafUint:
		m.text = strconv.AppendUint(dst, uint64(int64n(b))<<(64-8*len(b))>>(64-8*len(b)), 10)
	case leafFloat16:
		m.text, as = appendHalf(dst, binary.LittleEndian.Uint16(b))
		quoted = as == asFound
	case leafFloat32:
		m.text, as = appendReal(dst, float64(math.Float32frombits(binary.LittleEndian.Uint32(b))), 32)
		quoted = as == asFound
	case leafFloat64:
		m.text, as = appendReal(dst, math.Float64frombits(binary.LittleEndian.Uint64(b)), 64)
		quoted = as == asFound
	case leafDecimal:
		if l.counted {
			var digits [24]byte
			m.text = appendPointed(dst, strconv.AppendInt(digits[:0], int64n(b), 10), l.scale)
			break
		}
		if len(b) > maxDecimalBytes {
			return as, quoted, damagedParquet()
		}
		m.text = appendScaled(dst, bigEndian(b), l.scale)
	case leafDay:
		as, quoted, m.text = asFound, true, appendISODay(dst, int64n(b))
	case leafTimeOfDay:
		as, quoted, m.text = asFound, true, appendTimeOfDay(dst, int64n(b), l.per)
	case leafStamp:
		sec, frac := split(int64n(b), l.per)
		as, quoted, m.text = asFound, true, appendStamp(dst, sec, frac*(1e9/l.per), l.offset)
	case leafInt96:
		as, quoted = asFound, true
		nanos, day := int64(binary.LittleEndian.Uint64(b)), int64(int32(binary.LittleEndian.Uint32(b[8:])))
		sec, frac := split(nanos, 1e9)
		m.text = appendStamp(dst, (day-int96Epoch)*86_400+sec, frac, l.offset)
	case leafUUID:
		as, quoted, m.text = asFound, true, appendUUID(dst, b)
	case leafSpan:
		as, quoted, m.text = asFound, true, appendSpanOf(dst, b)
	case leafMilliDay:
		as, quoted = asFound, true
		if sec, frac := split(int64n(b), 1000); frac != 0 || sec%86_400 != 0 {
			m.text = appendStamp(dst, sec, frac*1e6, noOffset)
		} else {
			m.text = appendISODay(dst, sec/86_400)
		}
	default:
		as, quoted = asFound, true
		m.appendText(j, row, b)
	}
	return as, quoted, nil
}

// appendSpanOf writes Parquet's interval of 12 bytes, or one of Arrow's three.
func appendSpanOf(dst, b []byte) []byte {
	switch len(b) {
	case 4:
		return appendSpan(dst, int64n(b), 0, 0, 1)
	case 8:
		return appendSpan(dst, 0, int64n(b[:4]), int64n(b[4:]), 1000)
	case 16:
		return appendSpan(dst, int64n(b[:4]), int64n(b[4:8]), int64n(b[8:]), 1e9)
	}
	u := func(i int) int64 { return int64(binary.LittleEndian.Uint32(b[i:])) }
	return appendSpan(dst, u(0), u(4), u(8), 1000)
}

const (
	int96Epoch      = 2_440_588 // the Julian day of 1970-01-01
	maxDecimalBytes = 64        // 150 digits: more than any program writes
)

// int64n reads a number of 1, 2, 4 or 8 bytes with its sign.
func int64n(b []byte) int64 {
	switch len(b) {
	case 1:
		return int64(int8(b[0]))
	case 2:
		return int64(int16(binary.LittleEndian.Uint16(b)))
	case 4:
		return int64(int32(binary.LittleEndian.Uint32(b)))
	}
	return int64(binary.LittleEndian.Uint64(b))
}

// split divides so that the rest is never negative.
func split(v, per int64) (whole, rest int64) {
	whole, rest = v/per, v%per
	if rest < 0 {
		whole, rest = whole-1, rest+per
	}
	return whole, rest
}

// bigEndian reads a number in two's complement.
func bigEndian(b []byte) *big.Int {
	v := new(big.Int).SetBytes(b)
	if len(b) > 0 && b[0] >= 0x80 {
		v.Sub(v, new(big.Int).Lsh(big.NewInt(1), uint(len(b))*8))
	}
	return v
}

func (f *parquetFile) readAt(b []byte, off int64) error { return readAll(f.r, b, off) }

// readAll reads all of b; a file that ends before is not what it was.
func readAll(r io.ReaderAt, b []byte, off int64) error {
	if n, err := r.ReadAt(b, off); n < len(b) {
		if err == nil || err == io.EOF {
			return &Refusal{Code: "changed", Stage: "structure"}
		}
		return err
	}
	return nil
}
