package privacy

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
)

func checkGeneralise(args Args) error {
	n := 0
	for _, k := range []string{"to", "hierarchy", "bands", "width"} {
		if args[k] != nil {
			n++
		}
	}
	if n != 1 {
		return errors.New("generalise needs one of: to, hierarchy with level, bands, width")
	}
	if (args["hierarchy"] != nil) != (args["level"] != nil) {
		return errors.New("hierarchy and level belong together: in this version the plan names the level")
	}
	if to, ok := args["to"].(string); ok && to != "year" && to != "quarter" && to != "month" {
		return errors.New("generalise to: year, quarter or month")
	}
	if w, ok := toDecimal(args["width"]); ok && w.sign() <= 0 {
		return errors.New("width must be above 0")
	}
	edges := decimals(args["bands"])
	if args["bands"] != nil && len(edges) < 2 {
		return errors.New("bands needs at least two edges")
	}
	for i := 1; i < len(edges); i++ {
		if edges[i-1].cmp(edges[i]) >= 0 {
			return errors.New("bands must rise from edge to edge")
		}
	}
	return nil
}

// generalise: dates to their year, quarter or month, numbers to half-open
// bands, any value to a level of a hierarchy. The result is text, so that a
// suppressed "*" fits in. What no band or hierarchy knows becomes "*".
func newGeneralise(in arrow.Field, args Args, s Setting) (arrow.Field, ColumnFunc, error) {
	switch {
	case args["to"] != nil:
		return generaliseDate(in, args["to"].(string))
	case args["width"] != nil:
		return generaliseWidth(in, args)
	case args["bands"] != nil:
		return generaliseBands(in, args)
	}
	return generaliseHierarchy(in, args, s)
}

func generaliseDate(in arrow.Field, to string) (arrow.Field, ColumnFunc, error) {
	if !isDateType(in.Type) {
		return in, nil, fmt.Errorf("generalise to %s needs a column of dates; this one is %s: say how its dates are written under read.columns", to, in.Type)
	}
	return treated(in, arrow.BinaryTypes.String, to), eachText(func(dst []byte, a arrow.Array, i int) ([]byte, bool, bool, error) {
		at := timeOfCell(a, i)
		dst = at.AppendFormat(dst, "2006")
		switch to {
		case "quarter":
			dst = append(dst, "-Q"...)
			dst = strconv.AppendInt(dst, int64(at.Month()+2)/3, 10)
		case "month":
			dst = at.AppendFormat(dst, "-01")
		}
		return dst, true, false, nil
	}), nil
}

func isDateType(t arrow.DataType) bool { return t.ID() == arrow.DATE32 || t.ID() == arrow.TIMESTAMP }

// timeOfCell is a date, or a timestamp on the clock it was written with.
func timeOfCell(a arrow.Array, i int) time.Time {
	switch a := a.(type) {
	case *array.Date32:
		return a.Value(i).ToTime()
	case *array.Timestamp:
		t := a.DataType().(*arrow.TimestampType)
		at := a.Value(i).ToTime(t.Unit).UTC()
		if zone, err := t.GetZone(); err == nil && t.TimeZone != "" {
			at = at.In(zone)
		}
		return at
	}
	return time.Time{}
}

func generaliseWidth(in arrow.Field, args Args) (arrow.Field, ColumnFunc, error) {
	width, _ := toDecimal(args["width"])
	if !isNumberType(in.Type) {
		return in, nil, fmt.Errorf("generalise width needs a column of numbers; this one is %s", in.Type)
	}
	return treated(in, arrow.BinaryTypes.String, "width "+width.String()), eachText(func(dst []byte, a arrow.Array, i int) ([]byte, bool, bool, error) {
		n, ok := cellDecimal(a, i)
		if !ok {
			return nil, false, false, errNotFinite
		}
		from := n.floor(width)
		return appendBand(dst, from, from.add(width)), true, false, nil
	}), nil
}

var errNotFinite = errors.New("the cell is no finite number")

func generaliseBands(in arrow.Field, args Args) (arrow.Field, ColumnFunc, error) {
	edges := decimals(args["bands"])
	if !isNumberType(in.Type) {
		return in, nil, fmt.Errorf("generalise bands needs a column of numbers; this one is %s", in.Type)
	}
	return treated(in, arrow.BinaryTypes.String, "bands"), eachText(func(dst []byte, a arrow.Array, i int) ([]byte, bool, bool, error) {
		n, ok := cellDecimal(a, i)
		if !ok {
			return nil, false, false, errNotFinite
		}
		for e := 1; e < len(edges); e++ {
			if n.cmp(edges[e-1]) >= 0 && n.cmp(edges[e]) < 0 {
				return appendBand(dst, edges[e-1], edges[e]), true, false, nil
			}
		}
		return append(dst, '*'), true, true, nil
	}), nil
}

func appendBand(dst []byte, from, to decimal) []byte {
	dst = append(dst, '[')
	dst = append(dst, from.String()...)
	dst = append(dst, ',')
	dst = append(dst, to.String()...)
	return append(dst, ')')
}

func decimals(v any) []decimal {
	l, _ := v.([]any)
	var out []decimal
	for _, x := range l {
		if n, ok := toDecimal(x); ok {
			out = append(out, n)
		}
	}
	return out
}

func generaliseHierarchy(in arrow.Field, args Args, s Setting) (arrow.Field, ColumnFunc, error) {
	label := args["hierarchy"].(string)
	if s.Hierarchies == nil {
		return in, nil, errors.New("no hierarchies are at hand here")
	}
	h, err := s.Hierarchies(label)
	if err != nil || h == nil {
		return in, nil, errors.New("there is no hierarchy of this name, or it cannot be read")
	}
	level, err := levelOf(h, args["level"])
	if err != nil {
		return in, nil, err
	}
	if h.Leaves("*", h.Levels()-1) == 0 {
		return in, nil, errors.New(`the hierarchy lacks the root: its last level must be "*" for every value`)
	}
	var cell []byte
	return treated(in, arrow.BinaryTypes.String, label+" level "+argText(args["level"])), eachText(func(dst []byte, a arrow.Array, i int) ([]byte, bool, bool, error) {
		cell = AppendCell(cell[:0], a, i)
		general, ok := h.At(plainName(string(cell)), level)
		if !ok {
			return append(dst, '*'), true, true, nil
		}
		return append(dst, general...), general != string(cell), false, nil
	}), nil
}

// A hierarchy whose levels have names ("commune", "province") also has Level.
type namedLevels interface {
	Level(name string) (level int, ok bool)
}

func levelOf(h Hierarchy, arg any) (int, error) {
	switch v := arg.(type) {
	case int64:
		if v >= 0 && v < int64(h.Levels()) {
			return int(v), nil
		}
		return 0, fmt.Errorf("level %d is outside the hierarchy, which has levels 0 to %d", v, h.Levels()-1)
	case string:
		if n, ok := h.(namedLevels); ok {
			if l, ok := n.Level(v); ok {
				return l, nil
			}
		}
	}
	return 0, errors.New("the hierarchy has no level of this name")
}
