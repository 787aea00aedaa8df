package geometry

import (
	"encoding/binary"
	"math"
)

// builder writes WKB for a reader of text. The reader tells positions as they
// come; the first one says whether the geometry has Z.
type builder struct {
	dst   []byte
	start int  // where the geometry begins in dst
	z     bool // every position has three numbers
	known bool // a position has been seen
}

// errZ: the first position has three numbers where heads for two were written.
// The reader begins again with z.
var errZ = &Error{Dimension, -1}

func newBuilder(dst []byte, z bool) *builder {
	return &builder{dst: dst, start: len(dst), z: z, known: z}
}

func (w *builder) head(t uint32) { w.dst = appendHead(w.dst, t, w.z) }

// open begins a list and gives the place of its count for close.
func (w *builder) open() int {
	w.dst = append(w.dst, 0, 0, 0, 0)
	return len(w.dst) - 4
}

func (w *builder) close(place, n int) {
	binary.LittleEndian.PutUint32(w.dst[place:], uint32(n))
}

// position adds n numbers; at is where they stand in the text.
func (w *builder) position(p [3]float64, n, at int) *Error {
	if !w.known {
		w.known = true
		if n == 3 {
			return errZ
		}
	}
	if n < 2 || n > 3 || (n == 3) != w.z {
		return &Error{Dimension, at}
	}
	for _, v := range p[:n] {
		if math.IsInf(v, 0) || math.IsNaN(v) {
			return &Error{Coordinate, at}
		}
		w.dst = appendFloat(w.dst, v)
	}
	if len(w.dst)-w.start > MaxBytes {
		return &Error{Large, at}
	}
	return nil
}

// line checks a list of n positions that began at place; ring: that it is closed.
func (w *builder) line(place, n int, ring bool, at int) *Error {
	w.close(place, n)
	switch width := positionBytes(w.z); {
	case n == 0:
		return &Error{Empty, at}
	case n < 2 || ring && n < 4:
		return &Error{Short, at}
	case ring && !samePosition(w.dst[place+4:place+4+width], w.dst[len(w.dst)-width:]):
		return &Error{RingOpen, at}
	}
	return nil
}
