package privacy

import (
	"strconv"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
)

// AppendCell appends the canonical text of a cell: digits, an exact decimal
// with its scale, the shortest float that reads back, true or false, an ISO
// date, an ISO time with its offset if it has one, a geometry as WKT. A null appends nothing.
// Detectors, gates and the CSV writer all see this one form.
func AppendCell(dst []byte, a arrow.Array, i int) []byte {
	if a.IsNull(i) {
		return dst
	}
	switch a := a.(type) {
	case *array.String:
		return append(dst, a.Value(i)...)
	case *array.Int64:
		return strconv.AppendInt(dst, a.Value(i), 10)
	case *array.Float64:
		return strconv.AppendFloat(dst, a.Value(i), 'g', -1, 64)
	case *array.Boolean:
		return strconv.AppendBool(dst, a.Value(i))
	case *array.Decimal128:
		return appendDecimal(dst, a.Value(i), a.DataType().(*arrow.Decimal128Type).Scale)
	case *array.Date32:
		return appendDate(dst, a.Value(i))
	case *array.Timestamp:
		return appendTimestamp(dst, a, i)
	case *array.Binary:
		return appendShape(dst, a.Value(i))
	}
	return append(dst, a.ValueStr(i)...)
}

func appendTimestamp(dst []byte, a *array.Timestamp, i int) []byte {
	t := a.DataType().(*arrow.TimestampType)
	at := a.Value(i).ToTime(t.Unit)
	if t.TimeZone == "" {
		return at.UTC().AppendFormat(dst, "2006-01-02T15:04:05.999999")
	}
	zone, err := t.GetZone()
	if err != nil {
		zone = time.UTC
	}
	return at.In(zone).AppendFormat(dst, "2006-01-02T15:04:05.999999Z07:00")
}
