package privacy

import (
	"strconv"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
)

// AppendCells appends the canonical texts of a whole column, one after the
// other, each as AppendCell has it, and to ends where each of them ends. A null
// has no text.
func AppendCells(dst []byte, ends []int32, a arrow.Array) ([]byte, []int32) {
	switch a := a.(type) {
	case *array.Int64:
		for i, v := range a.Int64Values() {
			if a.IsValid(i) {
				dst = strconv.AppendInt(dst, v, 10)
			}
			ends = append(ends, int32(len(dst)))
		}
	case *array.Decimal128:
		scale := a.DataType().(*arrow.Decimal128Type).Scale
		for i, v := range a.Values() {
			if a.IsValid(i) {
				dst = appendDecimal(dst, v, scale)
			}
			ends = append(ends, int32(len(dst)))
		}
	case *array.Date32:
		for i, v := range a.Date32Values() {
			if a.IsValid(i) {
				dst = appendDate(dst, v)
			}
			ends = append(ends, int32(len(dst)))
		}
	default:
		for i := range a.Len() {
			dst = AppendCell(dst, a, i)
			ends = append(ends, int32(len(dst)))
		}
	}
	return dst, ends
}
