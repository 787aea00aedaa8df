package format

import (
	"cmp"
	"slices"

	"daylight/privacy/geometry"
)

// ringSorter makes polygons of the rings of one shape. A shapefile holds them
// in any order: those that run clockwise are outer ones, the others holes, and
// a hole belongs to the smallest outer ring around it.
type ringSorter struct {
	rings  []ring
	order  []int // of the rings, by their left edge
	active []int
	steps  int // that may still be spent on one shape
}

type ring struct {
	from, to               int // positions; an open one is closed with its first
	open                   bool
	area                   float64 // above 0: counterclockwise
	minX, minY, maxX, maxY float64
	owner                  int // of a hole: the outer ring; -1: none
	holes                  int
}

// ringSteps bound the work on one shape: comparisons of boxes and steps along
// rings. A shape of 16 MiB with its holes in order takes some millions.
const ringSteps = 200_000_000

// polygons writes the rings of a shape; false: none has an extent. Every ring
// is turned, so that outer ones run counterclockwise as in WKB and GeoJSON.
func (r *shapeRecords) polygons(w *geometry.Writer, p *shapePoints) bool {
	s := &r.rings
	s.rings, s.steps = s.rings[:0], ringSteps
	parts, closed := false, false
	for i := range len(p.parts) / 4 {
		one, ok := newRing(p, i)
		if !ok {
			parts = true
			continue
		}
		closed = closed || one.open
		s.rings = append(s.rings, one)
	}
	if parts {
		r.parts.add(1, r.n, r.n)
	}
	if closed {
		r.closed.add(1, r.n, r.n)
	}
	if len(s.rings) == 0 {
		return false
	}
	oriented, ok := s.sort(p)
	if !ok {
		w.Dst = w.Dst[:0] // which is no geometry: broken
		return true
	}
	if !oriented {
		r.oriented.add(1, r.n, r.n)
	}
	s.write(w, p)
	return true
}

// newRing measures a ring; false: it has no extent.
func newRing(p *shapePoints, part int) (ring, bool) {
	from, to := p.part(part)
	r := ring{from: from, to: to, owner: -1}
	if to-from < 3 {
		return r, false
	}
	x0, y0, z0 := p.at(from)
	xn, yn, zn := p.at(to - 1)
	r.open = x0 != xn || y0 != yn || z0 != zn
	if !r.open && to-from < 4 {
		return r, false
	}
	r.minX, r.maxX, r.minY, r.maxY = x0, x0, y0, y0
	// From the first position, so that large coordinates do not eat the area.
	ax, ay := 0.0, 0.0
	for i := from + 1; i < to; i++ {
		x, y, _ := p.at(i)
		r.minX, r.maxX = min(r.minX, x), max(r.maxX, x)
		r.minY, r.maxY = min(r.minY, y), max(r.maxY, y)
		bx, by := x-x0, y-y0
		r.area += ax*by - bx*ay
		ax, ay = bx, by
	}
	return r, true
}

// sort finds the outer ring of each hole; oriented: all lie as their direction
// says. ok is false where that would take too long.
func (s *ringSorter) sort(p *shapePoints) (oriented, ok bool) {
	outer := 0
	for i := range s.rings {
		if s.rings[i].area <= 0 {
			outer++
		}
	}
	oriented = true
	switch {
	case outer == len(s.rings):
		return true, true
	case len(s.rings) == 1: // alone and running the wrong way
		return false, true
	}
	s.order, s.active = s.order[:0], s.active[:0]
	for i := range s.rings {
		s.order = append(s.order, i)
	}
	slices.SortFunc(s.order, func(a, b int) int {
		x, y := &s.rings[a], &s.rings[b]
		// An outer ring before the holes that begin where it does.
		return cmp.Or(cmp.Compare(x.minX, y.minX), cmp.Compare(x.area, y.area), cmp.Compare(a, b))
	})
	for _, i := range s.order {
		if s.rings[i].area <= 0 {
			s.active = append(s.active, i)
			continue
		}
		var around []int
		left := s.active[:0]
		hole := &s.rings[i]
		for _, o := range s.active {
			out := &s.rings[o]
			if out.maxX < hole.minX {
				continue
			}
			left = append(left, o)
			if out.maxX >= hole.maxX && out.minY <= hole.minY && out.maxY >= hole.maxY {
				around = append(around, o)
			}
		}
		if s.steps -= len(s.active); s.steps < 0 {
			return false, false
		}
		s.active = left
		slices.SortFunc(around, func(a, b int) int { return cmp.Compare(-s.rings[a].area, -s.rings[b].area) })
		for k, o := range around {
			inside := outer == 1 || len(around) == 1 || k == len(around)-1
			if !inside {
				if inside, ok = s.inside(p, hole, &s.rings[o]); !ok {
					return false, false
				}
			}
			if inside {
				hole.owner = o
				s.rings[o].holes++
				break
			}
		}
		oriented = oriented && hole.owner >= 0
	}
	return oriented, true
}

// inside tells by the first position of a hole that is not on the ring.
func (s *ringSorter) inside(p *shapePoints, hole, out *ring) (inside, ok bool) {
	for i := hole.from; i < hole.to; i++ {
		if s.steps -= out.to - out.from; s.steps < 0 {
			return false, false
		}
		x, y, _ := p.at(i)
		switch where(p, out, x, y) {
		case 1:
			return true, true
		case -1:
			return false, true
		}
	}
	return true, true // every position is on it: the same ring
}

// where: 1 inside, -1 outside, 0 on the ring.
func where(p *shapePoints, r *ring, x, y float64) int {
	in := -1
	x1, y1, _ := p.at(r.to - 1)
	for i := r.from; i < r.to; i++ {
		x2, y2, _ := p.at(i)
		cross := (x2-x1)*(y-y1) - (x-x1)*(y2-y1)
		if cross == 0 && x >= min(x1, x2) && x <= max(x1, x2) && y >= min(y1, y2) && y <= max(y1, y2) {
			return 0
		}
		if (y1 > y) != (y2 > y) && (cross > 0) == (y2 > y1) {
			in = -in
		}
		x1, y1 = x2, y2
	}
	return in
}

// write adds a polygon for each outer ring, and for each hole without one.
func (s *ringSorter) write(w *geometry.Writer, p *shapePoints) {
	n := 0
	holes := make(map[int][]int)
	for i := range s.rings {
		if o := s.rings[i].owner; o >= 0 {
			holes[o] = append(holes[o], i)
		} else {
			n++
		}
	}
	if n > 1 {
		w.Shape(geometry.ShapeMultiPolygon)
		w.Count(n)
	}
	for i := range s.rings {
		if s.rings[i].owner >= 0 {
			continue
		}
		w.Shape(geometry.ShapePolygon)
		w.Count(1 + len(holes[i]))
		s.rings[i].write(w, p, s.rings[i].area <= 0)
		for _, h := range holes[i] {
			s.rings[h].write(w, p, true)
		}
	}
}

// write adds the positions, backwards where it is to be turned, from the same
// first position.
func (r *ring) write(w *geometry.Writer, p *shapePoints, turned bool) {
	n := r.to - r.from
	if r.open {
		n++
	}
	w.Count(n)
	for i := range n {
		k := i
		if turned {
			k = n - 1 - i
		}
		w.Position(p.at(r.from + k%(r.to-r.from)))
	}
}
