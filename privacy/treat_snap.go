package privacy

import (
	"errors"
	"fmt"

	"github.com/apache/arrow/go/v17/arrow"
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
// releases. Both coordinates must be snapped; the plan's check sees to it.
func newSnap(in arrow.Field, args Args, _ Setting) (arrow.Field, ColumnFunc, error) {
	grid := snapGrid(args)
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
