package geometry

import "encoding/binary"

// A Writer builds WKB of shapes whose parts are known: the caller opens a
// shape, then its parts with their counts. Nothing is checked but by Valid.
type Writer struct {
	Dst []byte
	Z   bool // positions have a third number
}

// Shapes that a Writer opens.
const (
	ShapePoint           = point
	ShapeLineString      = lineString
	ShapePolygon         = polygon
	ShapeMultiPoint      = multiPoint
	ShapeMultiLineString = multiLineString
	ShapeMultiPolygon    = multiPolygon
)

// Shape opens a shape; of every one but a point its Count follows.
func (w *Writer) Shape(t uint32) { w.Dst = appendHead(w.Dst, t, w.Z) }

// Count says how many parts or positions follow.
func (w *Writer) Count(n int) { w.Dst = binary.LittleEndian.AppendUint32(w.Dst, uint32(n)) }

// Position adds one; z counts where the shape has it.
func (w *Writer) Position(x, y, z float64) {
	w.Dst = appendFloat(appendFloat(w.Dst, x), y)
	if w.Z {
		w.Dst = appendFloat(w.Dst, z)
	}
}
