package geometry

import (
	"encoding/binary"
	"math"
)

// AppendForeign adds the one encoding of a geometry in WKB as other programs
// write it: of either byte order, with M or without, in the types of ISO or
// with the flags of PostGIS (whose number of a coordinate system is skipped).
// M is left out; measures says that there was one. What it adds is Valid.
// An Error of code Empty: it has no positions at all. A part without any, of
// one that has some, is left out.
func AppendForeign(dst, wkb []byte) (out []byte, measures bool, err error) {
	if len(wkb) > 2*MaxBytes {
		return dst, false, &Error{Large, MaxBytes}
	}
	f := foreign{b: wkb, dst: dst, first: true}
	n, e := f.geometry(0, 0)
	switch {
	case e != nil:
		return dst, false, e
	case f.at != len(wkb):
		return dst, false, &Error{Syntax, f.at}
	case n == 0:
		return dst, false, &Error{Empty, 0}
	}
	if err := Valid(f.dst[len(dst):]); err != nil {
		return dst, false, err
	}
	return f.dst, f.m, nil
}

type foreign struct {
	b     []byte
	at    int
	dst   []byte
	first bool
	z, m  bool
}

// geometry reads one and gives how many positions it has; within is the type
// it stands in, 0: none. Without positions nothing is added.
func (f *foreign) geometry(within uint32, depth int) (positions int, err *Error) {
	start := f.at
	if len(f.b)-f.at < 5 || f.b[f.at] > 1 {
		return 0, &Error{Syntax, f.at}
	}
	var order binary.ByteOrder = binary.BigEndian
	if f.b[f.at] == 1 {
		order = binary.LittleEndian
	}
	t := order.Uint32(f.b[f.at+1:])
	f.at += 5
	z, m := t&0x80000000 != 0, t&0x40000000 != 0
	if t&0x20000000 != 0 {
		if f.at += 4; f.at > len(f.b) {
			return 0, &Error{Syntax, start}
		}
	}
	t &= 0x1fffffff
	switch t / 1000 {
	case 1:
		z = true
	case 2:
		m = true
	case 3:
		z, m = true, true
	}
	if t/1000 > 3 {
		return 0, &Error{Type, start}
	}
	t %= 1000
	if t < point || t > collection || within != 0 && within != collection && t != within-multiPoint+point {
		return 0, &Error{Type, start}
	}
	if f.first {
		f.first, f.z, f.m = false, z, m
	}
	if z != f.z || m != f.m {
		return 0, &Error{Dimension, start}
	}
	if depth > MaxDepth {
		return 0, &Error{Deep, start}
	}
	back := len(f.dst)
	f.dst = appendHead(f.dst, t, z)
	switch t {
	case point:
		positions, err = f.points(order, 1, true)
	case lineString:
		positions, err = f.list(order)
	case polygon:
		positions, err = f.parts(order, 4, func() (int, *Error) { return f.list(order) })
	default:
		positions, err = f.parts(order, 5, func() (int, *Error) { return f.geometry(t, depth+1) })
	}
	if positions == 0 {
		f.dst = f.dst[:back]
	}
	return positions, err
}

// parts reads a count and as many parts of at least so many bytes.
func (f *foreign) parts(order binary.ByteOrder, least int, part func() (int, *Error)) (positions int, err *Error) {
	n, err := f.count(order, least)
	if err != nil {
		return 0, err
	}
	place, kept := len(f.dst), 0
	f.dst = append(f.dst, 0, 0, 0, 0)
	for range n {
		k, err := part()
		if err != nil {
			return 0, err
		}
		if k > 0 {
			kept++
		}
		positions += k
	}
	binary.LittleEndian.PutUint32(f.dst[place:], uint32(kept))
	return positions, nil
}

// list reads a count and as many positions.
func (f *foreign) list(order binary.ByteOrder) (int, *Error) {
	n, err := f.count(order, f.width())
	if err != nil || n == 0 {
		return 0, err
	}
	f.dst = binary.LittleEndian.AppendUint32(f.dst, uint32(n))
	return f.points(order, n, false)
}

func (f *foreign) width() int {
	w := 16
	if f.z {
		w += 8
	}
	if f.m {
		w += 8
	}
	return w
}

func (f *foreign) count(order binary.ByteOrder, least int) (int, *Error) {
	if len(f.b)-f.at < 4 {
		return 0, &Error{Syntax, f.at}
	}
	n := int64(order.Uint32(f.b[f.at:]))
	if n*int64(least) > int64(len(f.b)-f.at-4) {
		return 0, &Error{Syntax, f.at}
	}
	f.at += 4
	return int(n), nil
}

// points reads n positions; a single one of NaN is a point that is empty.
func (f *foreign) points(order binary.ByteOrder, n int, single bool) (int, *Error) {
	width := f.width()
	if len(f.b)-f.at < n*width {
		return 0, &Error{Syntax, f.at}
	}
	for range n {
		p := f.b[f.at : f.at+width]
		x, y := math.Float64frombits(order.Uint64(p)), math.Float64frombits(order.Uint64(p[8:]))
		if single && math.IsNaN(x) && math.IsNaN(y) {
			f.at += width
			return 0, nil
		}
		f.dst = appendFloat(appendFloat(f.dst, x), y)
		if f.z {
			f.dst = appendFloat(f.dst, math.Float64frombits(order.Uint64(p[16:])))
		}
		f.at += width
	}
	return n, nil
}
