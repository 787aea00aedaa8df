package geometry

import "math"

// Bounds is the smallest box around geometries. The zero Bounds holds none.
type Bounds struct {
	MinX, MinY, MaxX, MaxY float64
	MinZ, MaxZ             float64 // of those that have Z
	N, NZ                  int64   // positions, and those with Z
}

// Add widens the box by a geometry, which must be Valid.
func (b *Bounds) Add(wkb []byte) {
	w := textWriter{b: wkb}
	b.add(&w)
}

func (b *Bounds) add(w *textWriter) {
	switch t := w.head(); t {
	case point:
		b.positions(w, 1)
	case lineString:
		b.positions(w, w.count())
	case polygon:
		for range w.count() {
			b.positions(w, w.count())
		}
	default:
		for range w.count() {
			b.add(w)
		}
	}
}

func (b *Bounds) positions(w *textWriter, n int) {
	width := positionBytes(w.z)
	for range n {
		x, y := float(w.b), float(w.b[8:])
		if b.N == 0 {
			b.MinX, b.MaxX, b.MinY, b.MaxY = x, x, y, y
		}
		b.N++
		b.MinX, b.MaxX = math.Min(b.MinX, x), math.Max(b.MaxX, x)
		b.MinY, b.MaxY = math.Min(b.MinY, y), math.Max(b.MaxY, y)
		if w.z {
			z := float(w.b[16:])
			if b.NZ == 0 {
				b.MinZ, b.MaxZ = z, z
			}
			b.NZ++
			b.MinZ, b.MaxZ = math.Min(b.MinZ, z), math.Max(b.MaxZ, z)
		}
		w.b = w.b[width:]
	}
}

// InRange says whether the box can be longitude and latitude in degrees.
func (b Bounds) InRange() bool {
	return b.MinX >= -180 && b.MaxX <= 180 && b.MinY >= -90 && b.MaxY <= 90
}

// Swapped: out of range as it stands, and within it were latitude the first.
func (b Bounds) Swapped() bool {
	return !b.InRange() && b.MinX >= -90 && b.MaxX <= 90 && b.MinY >= -180 && b.MaxY <= 180
}

// Box is the box as GeoJSON and GeoParquet write it: minx, miny, maxx, maxy,
// with Z in third and sixth place where any position has it; nil for none.
func (b Bounds) Box() []float64 {
	switch {
	case b.N == 0:
		return nil
	case b.NZ > 0:
		return []float64{b.MinX, b.MinY, b.MinZ, b.MaxX, b.MaxY, b.MaxZ}
	}
	return []float64{b.MinX, b.MinY, b.MaxX, b.MaxY}
}
