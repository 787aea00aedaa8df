package format

import (
	"bytes"
	"math"
	"math/bits"
	"strconv"
	"unsafe"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/decimal128"
	"golang.org/x/text/unicode/norm"

	"daylight/privacy/geometry"
)

// converter appends the cells of one column to its builder. It does not use
// Arrow's CSV reader, which rounds decimals and turns later bad cells into
// zero values: ingest.md section 6.
type converter struct {
	spec  spec
	b     array.Builder
	text  bool       // text as it stands
	near  *converter // of a text column with misfits, where they are asked for
	bytes int        // text appended since the last batch
	as    cellKind   // of the cell at hand
	wkb   []byte     // spare memory
}

func newConverter(s spec, b array.Builder) converter {
	return converter{spec: s, b: b, text: s.base == "text" && len(s.own) == 0 && !s.trim}
}

// reserve makes room for n rows, with text as in the batch before.
func (c *converter) reserve(n int) {
	c.b.Reserve(n)
	if b, ok := c.b.(*array.StringBuilder); ok && c.bytes > 0 {
		b.ReserveData(min(c.bytes+c.bytes/16, batchBytes))
		c.bytes = 0
	}
}

// known converts a cell that its column has just looked at: t is its trimmed
// text, k its kind, and what was scanned is not scanned again. It does as append
// does.
func (c *converter) known(v *cell, t []byte, k kind, seen *column) bool {
	switch {
	case c.text && k == kText && !seen.notNFC:
		c.bytes += len(v.b)
		c.b.(*array.StringBuilder).Append(unsafe.String(unsafe.SliceData(v.b), len(v.b)))
		return true
	case c.spec.base == "text", v.as != asFound:
		return c.append(*v)
	case k == kEmpty, k == kNull:
		c.b.AppendNull()
		return true
	case !c.spec.accept.has(k):
		c.b.AppendNull()
		return false
	}
	ok := false
	switch b := c.b.(type) {
	case *array.Int64Builder:
		n := &seen.scanned.number
		if n.unit != c.spec.unit {
			break
		}
		if n.kind != kInt || n.all > 18 {
			return c.append(*v)
		}
		var u int64
		for _, x := range t[n.from:n.to] {
			u = u*10 + int64(x-'0')
		}
		if n.neg {
			u = -u
		}
		b.Append(u)
		return true
	case *array.Decimal128Builder:
		n := &seen.scanned.number
		if n.unit != c.spec.unit {
			break
		}
		if u, fits := shortDecimal(t[n.from:n.to], c.spec.read.dec, c.spec.scale); fits {
			if n.neg {
				u = -u
			}
			b.Append(decimal128.FromI64(u))
			return true
		}
		return c.append(*v)
	case *array.Date32Builder:
		b.Append(arrow.Date32(daysSince1970(seen.scanned.date.civil(c.spec.monthFirst))))
		return true
	default:
		return c.append(*v)
	}
	if !ok {
		c.b.AppendNull()
	}
	return ok
}

// shortDecimal reads the digits of a number as a decimal of this scale; ok is
// false where they are more than an int64 holds, or more than scale behind the
// separator.
func shortDecimal(b []byte, dec byte, scale int) (u int64, ok bool) {
	n, frac, behind := 0, 0, false
	for _, x := range b {
		if digit(x) {
			u = u*10 + int64(x-'0')
			n++
			if behind {
				frac++
			}
		} else if x == dec {
			behind = true
		}
	}
	if n+scale-frac > 18 || frac > scale {
		return 0, false
	}
	for ; frac < scale; frac++ {
		u *= 10
	}
	return u, true
}

// append converts one cell. It returns false where the cell does not fit, and
// has appended a null then.
func (c *converter) append(v cell) bool {
	t := v.b
	if v.as == asWKB && len(t) > 0 {
		b, ok := c.b.(*array.BinaryBuilder)
		if ok {
			b.Append(t)
		} else {
			c.b.AppendNull()
		}
		return ok
	}
	if c.spec.base == "text" {
		return c.appendText(v)
	}
	if len(t) > 0 && (edge[t[0]] || edge[t[len(t)-1]]) {
		t = trim(t)
	}
	if len(t) == 0 || c.isNull(t) {
		c.b.AppendNull()
		return true
	}
	ok := false
	if v.as == asGeometry {
		return c.appendGeometry(t)
	}
	c.as = v.as
	switch c.spec.base {
	case "integer":
		var n int64
		if n, ok = c.integer(t); ok {
			c.b.(*array.Int64Builder).Append(n)
		}
	case "decimal":
		var n decimal128.Num
		if n, ok = c.decimal(t); ok {
			c.b.(*array.Decimal128Builder).Append(n)
		}
	case "float":
		var f float64
		if f, ok = c.float(t); ok {
			c.b.(*array.Float64Builder).Append(f)
		}
	case "boolean":
		if ok = foldEqual(t, "true") || foldEqual(t, "false"); ok {
			c.b.(*array.BooleanBuilder).Append(len(t) == 4)
		}
	case "date":
		var d date
		if d, ok = scanDate(t); ok && c.spec.accept.has(d.kind) {
			c.b.(*array.Date32Builder).Append(arrow.Date32(daysSince1970(d.civil(c.spec.monthFirst))))
		} else {
			ok = false
		}
	case "timestamp":
		var d date
		if d, ok = scanDate(t); ok && c.spec.accept.has(d.kind) && d.offset == c.spec.offset {
			at := int64(daysSince1970(d.y, d.a, d.b))*86_400_000_000 + d.micros
			if d.offset != noOffset {
				at -= int64(d.offset) * 60_000_000
			}
			c.b.(*array.TimestampBuilder).Append(arrow.Timestamp(at))
		} else {
			ok = false
		}
	}
	if !ok {
		c.b.AppendNull()
	}
	return ok
}

func (c *converter) appendGeometry(t []byte) bool {
	wkb, err := geometry.AppendWKB(c.wkb[:0], t)
	b, ok := c.b.(*array.BinaryBuilder)
	if err != nil || !ok {
		c.b.AppendNull()
		return false
	}
	c.wkb = wkb
	b.Append(wkb)
	return true
}

func (c *converter) appendText(v cell) bool {
	t := v.b
	b := c.b.(*array.StringBuilder)
	if len(t) == 0 && !v.quoted {
		b.AppendNull()
		return true
	}
	if len(c.spec.own) > 0 && c.isNull(trim(t)) {
		b.AppendNull()
		return true
	}
	if c.spec.trim {
		t = trim(t)
	}
	if !ascii(t) {
		if _, maybe := scanText(t); maybe && !isNFC(t) {
			t = norm.NFC.Bytes(t)
		}
	}
	c.bytes += len(t)
	// BinaryBuilder copies; the string header over t does not outlive the call.
	b.Append(unsafe.String(unsafe.SliceData(t), len(t)))
	return true
}

func (c *converter) isNull(t []byte) bool {
	for _, own := range c.spec.own {
		if bytes.Equal(own, t) {
			return true
		}
	}
	return c.spec.tokens && len(t) > 0 && nullToken(t) >= 0
}

// fits says whether a cell is null or a value of the column, without building.
func (s *spec) fits(c cell) bool {
	if s.base == "text" {
		return true
	}
	t := trim(c.b)
	if len(t) == 0 {
		return true
	}
	for _, own := range s.own {
		if bytes.Equal(own, t) {
			return true
		}
	}
	v := scan(t)
	if v.byKind(c.as); c.as == asText && s.by == "plan" {
		v = scan(t)
	}
	switch {
	case v.kind == kNull:
		return true
	case !s.accept.has(v.kind):
		return false
	case v.kind == kStamp:
		return v.offset == s.offset
	case v.kind >= numberFirst && v.kind <= numberLast:
		return v.number.unit == s.unit
	}
	return true
}

// number scans a cell that must be of the column's kinds and unit.
func (c *converter) number(t []byte) (number, bool) {
	var n number
	ok := scanNumber(&n, t)
	if c.as == asNumber || c.as == asShare {
		n.byKind()
	}
	return n, ok && n.unit == c.spec.unit && c.spec.accept.has(n.kind)
}

// dec is the decimal separator of the cell at hand.
func (c *converter) dec() byte {
	if c.as == asNumber || c.as == asShare {
		return '.'
	}
	return c.spec.read.dec
}

func (c *converter) integer(t []byte) (int64, bool) {
	// Up to 18 digits cannot overflow; nearly every cell ends here.
	i, neg := 0, t[0] == '-'
	if neg {
		i = 1
	}
	if len(t)-i <= 18 && c.spec.unit == 0 {
		var v int64
		j := i
		for j < len(t) && digit(t[j]) {
			v = v*10 + int64(t[j]-'0')
			j++
		}
		if j == len(t) && j > i && (t[i] != '0' || len(t) == 1) {
			if neg {
				v = -v
			}
			return v, true
		}
	}
	if string(t) == "-9223372036854775808" {
		return math.MinInt64, true // it alone has no positive counterpart
	}
	n, ok := c.number(t)
	if !ok || n.all > 19 {
		return 0, false
	}
	u, _ := coefficient(t[n.from:n.to], c.dec())
	if u.hi != 0 || u.lo > 1<<63-1 {
		return 0, false
	}
	if n.neg {
		return -int64(u.lo), true
	}
	return int64(u.lo), true
}

func (c *converter) decimal(t []byte) (decimal128.Num, bool) {
	n, ok := c.number(t)
	if !ok {
		return decimal128.Num{}, false
	}
	if t[n.from] == '0' {
		n.all-- // no digit of the number
	}
	if n.all > 38 {
		return decimal128.Num{}, false
	}
	u, frac := coefficient(t[n.from:n.to], c.dec())
	if frac > c.spec.scale || n.all-frac+c.spec.scale > 38 {
		return decimal128.Num{}, false
	}
	for ; frac < c.spec.scale; frac++ {
		u = u.mul10add(0)
	}
	v := decimal128.New(int64(u.hi), u.lo)
	if n.neg {
		v = v.Negate()
	}
	return v, true
}

func (c *converter) float(t []byte) (float64, bool) {
	n, ok := c.number(t)
	if !ok {
		return 0, false
	}
	end := len(t)
	for end > 0 && !digit(t[end-1]) {
		end-- // a unit behind
	}
	var plain [400]byte
	p := plain[:0]
	if n.neg {
		p = append(p, '-')
	}
	dec := c.dec()
	for _, x := range t[n.from:end] {
		switch {
		case digit(x), x == 'e', x == 'E', x == '+', x == '-':
			p = append(p, x)
		case x == dec:
			p = append(p, '.')
		}
		if len(p) > 390 {
			return 0, false
		}
	}
	f, err := strconv.ParseFloat(string(p), 64)
	return f, err == nil
}

// coefficient reads the digits of a number, and how many stand behind the
// decimal separator. At most 38 digits are given.
func coefficient(b []byte, dec byte) (u uint128, frac int) {
	behind := false
	for i, x := range b {
		if digit(x) {
			u = u.mul10add(uint64(x - '0'))
			if behind {
				frac++
			}
		} else if x == dec && !behind {
			behind = i > 0 || len(b) > 1
		}
	}
	return u, frac
}

// uint128 holds 38 digits.
type uint128 struct{ hi, lo uint64 }

func (u uint128) mul10add(d uint64) uint128 {
	hi, lo := bits.Mul64(u.lo, 10)
	hi += u.hi * 10
	lo, carry := bits.Add64(lo, d, 0)
	return uint128{hi + carry, lo}
}
