package format

import "encoding/base64"

// footer is what is read of a file's metadata: parquet.thrift of the format.
type footer struct {
	elements  []element
	rows      int64
	groups    []rowGroup
	geo       string // the value of the key of GeoParquet
	arrow     []byte // the schema that Arrow's writers leave
	encrypted bool
}

// element of the schema, which stands as a list: each is followed by its children.
type element struct {
	name        string
	physical    int64 // a leaf's; -1: a group
	width       int64
	repetition  int64
	children    int64
	converted   int64 // the older way to say the logical type; -1: none
	scale, prec int64
	logical     logicalType
}

// logicalType is the union of that name; kind is its field, 0: none or one
// that came after us.
type logicalType struct {
	kind        int64
	scale, prec int64
	unit        int64 // of times: 1 milli, 2 micro, 3 nano
	width       int64 // of integers, in bits
	utc         bool
	unsigned    bool
	crs         string
}

const (
	logicalString   = 1
	logicalMap      = 2
	logicalList     = 3
	logicalEnum     = 4
	logicalDecimal  = 5
	logicalDate     = 6
	logicalTime     = 7
	logicalStamp    = 8
	logicalInt      = 10
	logicalJSON     = 12
	logicalUUID     = 14
	logicalFloat16  = 15
	logicalShape    = 17
	logicalSphere   = 18 // a geometry whose lines are those of a sphere
	logicalInterval = -1 // there is only the older name for it
)

type rowGroup struct {
	rows   int64
	chunks []chunk
}

// chunk is a column in a row group.
type chunk struct {
	elsewhere, encrypted bool
	physical, codec      int64
	values               int64
	size, packed         int64
	data, dictionary     int64 // where its pages begin; 0 of the dictionary: it has none, or it stands before the data
}

// parseFooter is nil for bytes that break the rules.
func parseFooter(b []byte) *footer {
	f := &footer{}
	c := &compact{b: b}
	c.fields(0, func(id int64, t byte) bool {
		switch {
		case id == 2 && t == tList:
			c.list(func() { f.elements = append(f.elements, c.element()) })
		case id == 3 && t == tI64:
			f.rows = c.int()
		case id == 4 && t == tList:
			c.list(func() { f.groups = append(f.groups, c.rowGroup()) })
		case id == 5 && t == tList:
			c.list(func() { f.key(c) })
		case id == 8 || id == 9:
			f.encrypted = true
			return false
		default:
			return false
		}
		return true
	})
	if c.bad {
		return nil
	}
	return f
}

// list reads structs.
func (c *compact) list(f func()) {
	head := c.byte()
	n := uint64(head >> 4)
	if n == 15 {
		n = c.uvarint()
	}
	if n > uint64(len(c.b)-c.i) || n > 0 && head&15 != tStruct {
		c.bad = true
	}
	for ; n > 0 && !c.bad; n-- {
		f()
	}
}

func (c *compact) binary() []byte {
	n := c.uvarint()
	from := c.i
	if c.pass(n); c.bad {
		return nil
	}
	return c.b[from:c.i]
}

// numbers reads the whole numbers among the fields of a struct.
func (c *compact) numbers(depth int, into map[int64]*int64, other func(id int64, t byte) bool) {
	c.fields(depth, func(id int64, t byte) bool {
		if p := into[id]; p != nil && (t == tI32 || t == tI64) {
			*p = c.int()
			return true
		}
		return other != nil && other(id, t)
	})
}

// key takes the two keys that say something about the columns.
func (f *footer) key(c *compact) {
	var name, value []byte
	c.fields(2, func(id int64, t byte) bool {
		switch {
		case id == 1 && t == tBinary:
			name = c.binary()
		case id == 2 && t == tBinary:
			value = c.binary()
		default:
			return false
		}
		return true
	})
	switch string(name) {
	case "geo":
		f.geo = string(value)
	case "ARROW:schema":
		f.arrow, _ = base64.StdEncoding.DecodeString(string(value))
	}
}

func (c *compact) element() element {
	e := element{physical: -1, converted: -1}
	c.numbers(2, map[int64]*int64{1: &e.physical, 2: &e.width, 3: &e.repetition, 5: &e.children, 6: &e.converted, 7: &e.scale, 8: &e.prec},
		func(id int64, t byte) bool {
			switch {
			case id == 4 && t == tBinary:
				e.name = string(c.binary())
			case id == 10 && t == tStruct:
				c.logical(&e.logical)
			default:
				return false
			}
			return true
		})
	if e.logical.kind == 0 {
		e.older()
	}
	return e
}

func (c *compact) logical(l *logicalType) {
	c.fields(3, func(kind int64, t byte) bool {
		if t != tStruct {
			return false
		}
		l.kind = kind
		var first, second int64
		c.numbers(4, map[int64]*int64{1: &first, 2: &second}, func(id int64, t byte) bool {
			switch {
			case kind == logicalInt && id == 1 && t == tI8:
				l.width = int64(c.byte())
				return true
			case kind == logicalInt && id == 2:
				l.unsigned = t == tFalse
			case (kind == logicalTime || kind == logicalStamp) && id == 1:
				l.utc = t == tTrue
			case (kind == logicalTime || kind == logicalStamp) && id == 2 && t == tStruct:
				c.fields(5, func(id int64, _ byte) bool { l.unit = id; return false })
				return true
			case (kind == logicalShape || kind == logicalSphere) && id == 1 && t == tBinary:
				l.crs = string(c.binary())
				return true
			}
			return false
		})
		l.scale, l.prec = first, second
		return true
	})
}

// older makes a logical type of the name that files had for it before.
func (e *element) older() {
	l := &e.logical
	switch e.converted {
	case 0:
		l.kind = logicalString
	case 1, 2:
		l.kind = logicalMap
	case 3:
		l.kind = logicalList
	case 4:
		l.kind = logicalEnum
	case 5:
		l.kind, l.scale, l.prec = logicalDecimal, e.scale, e.prec
	case 6:
		l.kind = logicalDate
	case 7, 8:
		l.kind, l.unit, l.utc = logicalTime, e.converted-6, true
	case 9, 10:
		l.kind, l.unit, l.utc = logicalStamp, e.converted-8, true
	case 11, 12, 13, 14:
		l.kind, l.unsigned, l.width = logicalInt, true, 8<<(e.converted-11)
	case 15, 16, 17, 18:
		l.kind, l.width = logicalInt, 8<<(e.converted-15)
	case 19:
		l.kind = logicalJSON
	case 21:
		l.kind = logicalInterval
	}
}

func (c *compact) rowGroup() rowGroup {
	var g rowGroup
	c.numbers(2, map[int64]*int64{3: &g.rows}, func(id int64, t byte) bool {
		if id != 1 || t != tList {
			return false
		}
		c.list(func() { g.chunks = append(g.chunks, c.chunk()) })
		return true
	})
	return g
}

func (c *compact) chunk() chunk {
	k := chunk{physical: -1, codec: -1, data: -1}
	c.fields(4, func(id int64, t byte) bool {
		switch {
		case id == 1 && t == tBinary:
			k.elsewhere = len(c.binary()) > 0
		case id == 3 && t == tStruct:
			c.numbers(5, map[int64]*int64{1: &k.physical, 4: &k.codec, 5: &k.values, 6: &k.size, 7: &k.packed, 9: &k.data, 11: &k.dictionary}, nil)
		case id == 8 || id == 9:
			k.encrypted = true
			return false
		default:
			return false
		}
		return true
	})
	return k
}
