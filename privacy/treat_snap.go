package privacy

import (
	"errors"
	"fmt"
	"math/big"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"daylight/privacy/crs"
	"daylight/privacy/geometry"
)

func checkSnap(args Args) error {
	if (args["grid"] == nil) == (args["decimals"] == nil) {
		return errors.New("snap needs either grid (degrees) or decimals")
	}
	if g, ok := toDecimal(args["grid"]); ok && g.sign() <= 0 {
		return errors.New("snap: grid must be above 0")
	}
	if d, ok := args["decimals"].(int64); ok && (d < 0 || d > 8) {
		return errors.New("snap: decimals must lie between 0 and 8")
	}
	return nil
}

// snapGrid is the cell width of a snap step, in degrees.
func snapGrid(args Args) decimal {
	if d, ok := args["decimals"].(int64); ok {
		return decimal{bigOne, int(d)}
	}
	g, _ := toDecimal(args["grid"])
	return g
}

// snap: a coordinate becomes the middle of its grid cell, counted from 0
// degrees: floor(x/g)·g + g/2. Never random jitter, which averages out over
// releases. Both coordinates must be snapped; the plan's check sees to it. A
// geometry is snapped whole, if it is a point.
func newSnap(in arrow.Field, args Args, _ Setting) (arrow.Field, ColumnFunc, error) {
	grid := snapGrid(args)
	if isGeometry(in) {
		if !crs.Degrees(metaOf(in, MetaGeometry)) {
			return in, nil, errors.New("snap works on degrees, and these coordinates are in another system or in none that is known: drop the column, or send it in longitude and latitude")
		}
		return treated(in, in.Type, "grid "+grid.String()), snapPoints(grid), nil
	}
	middle := func(n decimal) decimal { return n.floor(grid).add(grid.half()) }
	level := "grid " + grid.String()
	switch t := in.Type.(type) {
	case *arrow.Decimal128Type:
		scale := int32(grid.scale + 1)
		out := &arrow.Decimal128Type{Precision: min(38, t.Precision-t.Scale+scale+1), Scale: scale}
		if scale > 30 {
			return in, nil, errors.New("snap: the grid has too many decimals")
		}
		return treated(in, out, level), eachDecimal(out, middle), nil
	case *arrow.Float64Type:
		return treated(in, t, level), eachFloat(middle), nil
	}
	return in, nil, fmt.Errorf("snap needs a column of coordinates with decimals; this one is %s", in.Type)
}

// snapPoints: a point becomes the middle of its grid cell. Its height goes: it
// too says where a thing is. The middle of a cell that lies half beyond 180 or
// 90 degrees would be nowhere, so those places count to the cell before.
func snapPoints(grid decimal) ColumnFunc {
	middle := func(v float64, end float64) (float64, bool) {
		n, ok := ofFloat(v)
		if !ok {
			return 0, false
		}
		out := n.floor(grid).add(grid.half())
		if out.float() > end && v <= end {
			out = out.add(decimal{new(big.Int).Neg(grid.coef), grid.scale})
		}
		return out.float(), true
	}
	return func(a arrow.Array) (arrow.Array, Effect, error) {
		b := array.NewBinaryBuilder(memory.DefaultAllocator, arrow.BinaryTypes.Binary)
		defer b.Release()
		b.Reserve(a.Len())
		var e Effect
		var cell []byte
		for i := range a.Len() {
			if a.IsNull(i) {
				b.AppendNull()
				continue
			}
			wkb := a.(*array.Binary).Value(i)
			x, y, _, hasZ, ok := geometry.Point(wkb)
			if !ok {
				return nil, e, &cellError{i, "snap works on points alone, and this geometry is none: drop the column"}
			}
			sx, okX := middle(x, 180)
			sy, okY := middle(y, 90)
			if !okX || !okY {
				return nil, e, &cellError{i, errNotFinite.Error()}
			}
			if sx != x || sy != y || hasZ {
				e.Changed++
			}
			cell = geometry.AppendPoint(cell[:0], sx, sy)
			b.Append(cell)
		}
		return b.NewArray(), e, nil
	}
}
