package geometry

import "encoding/binary"

// Valid says whether bytes from outside are a geometry in our one encoding:
// little-endian throughout, a type we hold, all of it with Z or none, counts
// that fit what follows, finite coordinates, closed rings, and nothing behind.
// It allocates nothing, whatever the counts claim.
func Valid(wkb []byte) error {
	if len(wkb) > MaxBytes {
		return &Error{Large, MaxBytes}
	}
	v := validator{b: wkb}
	t, z, ok := head(wkb)
	if !ok {
		return &Error{Type, 0}
	}
	v.z = z
	if err := v.geometry(t, 0); err != nil {
		return err
	}
	if v.at != len(wkb) {
		return &Error{Syntax, v.at}
	}
	return nil
}

// head reads byte order and type; t is without Z.
func head(b []byte) (t uint32, z, ok bool) {
	if len(b) < 5 || b[0] != 1 {
		return 0, false, false
	}
	t = binary.LittleEndian.Uint32(b[1:])
	if t > withZ {
		t, z = t-withZ, true
	}
	return t, z, t >= point && t <= collection
}

type validator struct {
	b  []byte
	at int
	z  bool
}

// geometry checks one whose head was read at v.at and is of type t.
func (v *validator) geometry(t uint32, depth int) error {
	v.at += 5
	switch t {
	case point:
		return v.positions(1)
	case lineString:
		n, err := v.count(positionBytes(v.z))
		if err != nil {
			return err
		}
		if n < 2 {
			return &Error{Short, v.at - 4}
		}
		return v.positions(n)
	case polygon:
		n, err := v.count(4)
		if err != nil {
			return err
		}
		for range n {
			if err := v.ring(); err != nil {
				return err
			}
		}
		return nil
	}
	n, err := v.count(5)
	if err != nil {
		return err
	}
	for range n {
		member, z, ok := head(v.b[v.at:])
		if !ok || t != collection && member != t-multiPoint+point {
			return &Error{Type, v.at}
		}
		if z != v.z {
			return &Error{Dimension, v.at}
		}
		if t == collection && depth+1 > MaxDepth {
			return &Error{Deep, v.at}
		}
		if err := v.geometry(member, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// count reads how many parts follow, each of at least so many bytes.
func (v *validator) count(least int) (int, error) {
	if len(v.b)-v.at < 4 {
		return 0, &Error{Syntax, v.at}
	}
	n := int64(binary.LittleEndian.Uint32(v.b[v.at:]))
	if n == 0 {
		return 0, &Error{Empty, v.at}
	}
	if n*int64(least) > int64(len(v.b)-v.at-4) {
		return 0, &Error{Syntax, v.at}
	}
	v.at += 4
	return int(n), nil
}

func (v *validator) positions(n int) error {
	size := n * positionBytes(v.z)
	if len(v.b)-v.at < size {
		return &Error{Syntax, v.at}
	}
	for end := v.at + size; v.at < end; v.at += 8 {
		if !finite(float(v.b[v.at:])) {
			return &Error{Coordinate, v.at}
		}
	}
	return nil
}

func (v *validator) ring() error {
	width := positionBytes(v.z)
	n, err := v.count(width)
	if err != nil {
		return err
	}
	start := v.at
	if n < 4 {
		return &Error{Short, start - 4}
	}
	if err := v.positions(n); err != nil {
		return err
	}
	if !samePosition(v.b[start:start+width], v.b[v.at-width:v.at]) {
		return &Error{RingOpen, v.at - width}
	}
	return nil
}

// samePosition compares as numbers: 0 and -0 are one place.
func samePosition(a, b []byte) bool {
	for i := 0; i < len(a); i += 8 {
		if float(a[i:]) != float(b[i:]) {
			return false
		}
	}
	return true
}
