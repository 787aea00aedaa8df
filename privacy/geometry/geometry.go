// Package geometry is the one encoding of a geometry: ISO WKB (OGC 06-103r4,
// section 8), little-endian, with two coordinates or with Z, and the texts it
// is shown in.
//
// It is a package of its own because four floors need the same bytes to mean
// the same thing: ingest/format reads GeoJSON into WKB, ingest checks WKB that
// comes from the parse child, privacy compares geometries as text and snaps
// points, datasets writes them out again. It knows shapes, never what they
// stand for: it imports none of ours, and does no I/O.
//
// Coordinates are float64. A text holds each in the shortest form that reads
// back, so what was written and read is the same bytes again. No error of this
// package holds a coordinate: a code and a position only.
package geometry

import (
	"encoding/binary"
	"math"
	"strconv"
)

const (
	// MaxBytes bounds one geometry in WKB: a million positions.
	MaxBytes = 16 << 20
	// MaxDepth bounds how deep collections may nest.
	MaxDepth = 8
)

// The types of WKB; 1000 more with Z.
const (
	point = 1 + iota
	lineString
	polygon
	multiPoint
	multiLineString
	multiPolygon
	collection

	withZ = 1000
)

// names are those of GeoJSON and of GeoParquet, by type.
var names = [...]string{"", "Point", "LineString", "Polygon", "MultiPoint", "MultiLineString", "MultiPolygon", "GeometryCollection"}

// words are those of WKT, by type.
var words = [...]string{"", "POINT", "LINESTRING", "POLYGON", "MULTIPOINT", "MULTILINESTRING", "MULTIPOLYGON", "GEOMETRYCOLLECTION"}

// Codes of an Error.
const (
	Syntax     = "geometry-syntax"     // not the grammar of the format
	Type       = "geometry-type"       // no geometry, or one of a type that is not held
	Empty      = "geometry-empty"      // no positions; a reader may take it for null (RFC 7946, section 3.1)
	Short      = "geometry-short"      // a line of one position, a ring of fewer than four
	RingOpen   = "geometry-ring-open"  // a ring's last position is not its first
	Coordinate = "geometry-coordinate" // not a finite number
	Dimension  = "geometry-dimension"  // fewer than two numbers, more than three, or two here and three there
	Deep       = "geometry-deep"       // collections beyond MaxDepth
	Large      = "geometry-large"      // beyond MaxBytes
)

var says = map[string]string{
	Syntax:     "not the grammar of a geometry",
	Type:       "not a type of geometry that is held",
	Empty:      "a geometry without positions",
	Short:      "a line needs two positions, a ring four",
	RingOpen:   "a ring must end where it began",
	Coordinate: "a coordinate must be a finite number",
	Dimension:  "every position must have two numbers, or every one three",
	Deep:       "collections nest too deep",
	Large:      "the geometry is too large",
}

// An Error says what is wrong with a geometry and where; never with which number.
type Error struct {
	Code string // one of the constants
	At   int    // offset in the bytes given, from 0
}

func (e *Error) Error() string {
	return "geometry: " + says[e.Code] + " (byte " + strconv.Itoa(e.At) + ")"
}

// Kind names the shape as GeoParquet does, "Polygon" or "Point Z"; "" where the
// bytes do not begin as a geometry.
func Kind(wkb []byte) string {
	t, z, ok := head(wkb)
	switch {
	case !ok:
		return ""
	case z:
		return names[t] + " Z"
	}
	return names[t]
}

// Point gives the coordinates of a point; z is 0 where it has none. ok is
// false for every other shape.
func Point(wkb []byte) (x, y, z float64, hasZ, ok bool) {
	t, hasZ, ok := head(wkb)
	if !ok || t != point || len(wkb) != 5+positionBytes(hasZ) {
		return 0, 0, 0, false, false
	}
	x, y = float(wkb[5:]), float(wkb[13:])
	if hasZ {
		z = float(wkb[21:])
	}
	return x, y, z, hasZ, true
}

// AppendPoint adds the WKB of a point with two coordinates.
func AppendPoint(dst []byte, x, y float64) []byte {
	dst = appendHead(dst, point, false)
	return appendFloat(appendFloat(dst, x), y)
}

func appendHead(dst []byte, t uint32, z bool) []byte {
	if z {
		t += withZ
	}
	return binary.LittleEndian.AppendUint32(append(dst, 1), t)
}

func appendFloat(dst []byte, v float64) []byte {
	return binary.LittleEndian.AppendUint64(dst, math.Float64bits(v))
}

func float(b []byte) float64 { return math.Float64frombits(binary.LittleEndian.Uint64(b)) }

func positionBytes(z bool) int {
	if z {
		return 24
	}
	return 16
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// appendNumber writes the shortest digits that read back, as JSON does.
func appendNumber(dst []byte, v float64) []byte {
	if a := math.Abs(v); a != 0 && (a < 1e-6 || a >= 1e21) {
		return strconv.AppendFloat(dst, v, 'e', -1, 64)
	}
	return strconv.AppendFloat(dst, v, 'f', -1, 64)
}
