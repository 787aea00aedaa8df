package format

// Headers and footer of a Parquet file stand in Thrift's compact protocol. The
// little of it that is read here says no to whatever does not add up, before
// a library makes room for what a length claims.

// compact walks through one value of the protocol; bad stays set after the
// first byte that is not there or cannot be.
type compact struct {
	b   []byte
	i   int
	bad bool
}

// Types of fields and elements.
const (
	tStop   = 0
	tTrue   = 1
	tFalse  = 2
	tI8     = 3
	tI16    = 4
	tI32    = 5
	tI64    = 6
	tDouble = 7
	tBinary = 8
	tList   = 9
	tSet    = 10
	tMap    = 11
	tStruct = 12
)

func (c *compact) byte() byte {
	if c.bad || c.i >= len(c.b) {
		c.bad = true
		return 0
	}
	c.i++
	return c.b[c.i-1]
}

func (c *compact) uvarint() uint64 {
	var v uint64
	for shift := 0; shift < 64; shift += 7 {
		x := c.byte()
		v |= uint64(x&0x7f) << shift
		if x < 0x80 {
			return v
		}
	}
	c.bad = true
	return 0
}

func (c *compact) int() int64 {
	v := c.uvarint()
	return int64(v>>1) ^ -int64(v&1)
}

// fields walks through a struct. f reads the value of a field it knows and
// says so; the others are passed over.
func (c *compact) fields(depth int, f func(id int64, t byte) bool) {
	id := int64(0)
	for !c.bad {
		head := c.byte()
		t := head & 15
		if t == tStop {
			return
		}
		if delta := int64(head >> 4); delta > 0 {
			id += delta
		} else {
			id = c.int()
		}
		if f == nil || !f(id, t) {
			c.skip(t, depth)
		}
	}
}

// compactDepth is deeper than anything in a Parquet file nests.
const compactDepth = 24

func (c *compact) skip(t byte, depth int) {
	if depth > compactDepth {
		c.bad = true
	}
	switch t {
	case tTrue, tFalse:
	case tI8:
		c.byte()
	case tI16, tI32, tI64:
		c.uvarint()
	case tDouble:
		c.pass(8)
	case tBinary:
		c.pass(c.uvarint())
	case tList, tSet:
		head := c.byte()
		n := uint64(head >> 4)
		if n == 15 {
			n = c.uvarint()
		}
		c.elements(n, head&15, depth)
	case tMap:
		if n := c.uvarint(); n > 0 {
			kinds := c.byte()
			for ; n > 0 && !c.bad; n-- {
				c.elements(1, kinds>>4, depth)
				c.elements(1, kinds&15, depth)
			}
		}
	case tStruct:
		c.fields(depth+1, nil)
	default:
		c.bad = true
	}
}

// elements passes over n values; each takes a byte at least.
func (c *compact) elements(n uint64, t byte, depth int) {
	if n > uint64(len(c.b)-c.i) {
		c.bad = true
	}
	for ; n > 0 && !c.bad; n-- {
		if t == tTrue || t == tFalse {
			c.byte()
			continue
		}
		c.skip(t, depth+1)
	}
}

func (c *compact) pass(n uint64) {
	if n > uint64(len(c.b)-c.i) {
		c.bad = true
		return
	}
	c.i += int(n)
}

// pageHeader is what stands before each page of a column.
type pageHeader struct {
	kind         int64 // pageData, …
	size, packed int64 // bytes of the page, and as it stands in the file
	crc          uint32
	checked      bool // there is a crc
	values       int64
	encoding     int64
	defEncoding  int64
	repEncoding  int64
	defBytes     int64 // of version 2
	repBytes     int64
	plain        bool // version 2: what follows the levels is not compressed
	sized        bool // the header of its kind is there
}

const (
	pageData       = 0
	pageDictionary = 2
	pageDataV2     = 3
)

// readPageHeader returns the bytes of the header; 0: it does not end in b, or
// is none.
func readPageHeader(b []byte) (h pageHeader, n int) {
	c := compact{b: b}
	c.fields(0, func(id int64, t byte) bool {
		switch {
		case id == 1 && t == tI32:
			h.kind = c.int()
		case id == 2 && t == tI32:
			h.size = c.int()
		case id == 3 && t == tI32:
			h.packed = c.int()
		case id == 4 && t == tI32:
			h.crc, h.checked = uint32(c.int()), true
		case (id == 5 || id == 7 || id == 8) && t == tStruct:
			h.sized = true
			c.fields(1, func(field int64, t byte) bool { return h.detail(&c, id, field, t) })
		default:
			return false
		}
		return true
	})
	if c.bad || h.size < 0 || h.packed < 0 || h.values < 0 || h.defBytes < 0 || h.repBytes < 0 {
		return h, 0
	}
	return h, c.i
}

// detail reads a field of the header of a data page (5), a dictionary (7) or a
// data page of version 2 (8).
func (h *pageHeader) detail(c *compact, page, field int64, t byte) bool {
	if page == 8 && field == 7 && (t == tTrue || t == tFalse) {
		h.plain = t == tFalse
		return true
	}
	if t != tI32 {
		return false
	}
	into := map[[2]int64]*int64{
		{5, 1}: &h.values, {5, 2}: &h.encoding, {5, 3}: &h.defEncoding, {5, 4}: &h.repEncoding,
		{7, 1}: &h.values, {7, 2}: &h.encoding,
		{8, 1}: &h.values, {8, 4}: &h.encoding, {8, 5}: &h.defBytes, {8, 6}: &h.repBytes,
	}[[2]int64{page, field}]
	if into == nil {
		return false
	}
	*into = c.int()
	return true
}
