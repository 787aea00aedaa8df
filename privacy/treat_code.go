package privacy

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
)

func checkTopCode(args Args) error {
	if (args["at"] == nil) == (args["age"] == nil) {
		return errors.New("top_code needs either at (numbers) or age (dates of birth)")
	}
	if age, ok := args["age"].(int64); ok && (age < 1 || age > 150) {
		return errors.New("top_code: age must lie between 1 and 150")
	}
	return nil
}

// top_code: a number at or beyond the bound becomes the bound's label, "90+".
// With age, a date of birth in or before the year in which one must have been
// born to reach that age becomes that year's label, "<=1936". The result is
// text.
func newTopCode(in arrow.Field, args Args, s Setting) (arrow.Field, ColumnFunc, error) {
	if age, ok := args["age"].(int64); ok {
		return topCodeAge(in, age, s)
	}
	at, _ := toDecimal(args["at"])
	return codeNumbers(in, at.String()+"+", func(n decimal) bool { return n.cmp(at) >= 0 })
}

// bottom_code: a number at or below the bound becomes the bound's label, "<=18".
func newBottomCode(in arrow.Field, args Args, _ Setting) (arrow.Field, ColumnFunc, error) {
	at, _ := toDecimal(args["at"])
	return codeNumbers(in, "<="+at.String(), func(n decimal) bool { return n.cmp(at) <= 0 })
}

func codeNumbers(in arrow.Field, label string, beyond func(decimal) bool) (arrow.Field, ColumnFunc, error) {
	// Text that a coding before this one made still holds numbers: both ends
	// of a column can be coded.
	coded := in.Type.ID() == arrow.STRING && metaOf(in, MetaLevel) == levelCoded
	if !isNumberType(in.Type) && !coded {
		return in, nil, fmt.Errorf("top_code and bottom_code need a column of numbers; this one is %s", in.Type)
	}
	return treated(in, arrow.BinaryTypes.String, levelCoded), eachText(func(dst []byte, a arrow.Array, i int) ([]byte, bool, bool, error) {
		n, ok := cellDecimal(a, i)
		if coded {
			if n, ok = parseDecimal(a.(*array.String).Value(i)); !ok { // the label of the other end
				return AppendCell(dst, a, i), false, false, nil
			}
		}
		if !ok {
			return nil, false, false, errNotFinite
		}
		if beyond(n) {
			return append(dst, label...), true, false, nil
		}
		if in.Type.ID() == arrow.FLOAT64 {
			return append(dst, n.String()...), false, false, nil // never in exponents, so that it can be read again
		}
		return AppendCell(dst, a, i), false, false, nil
	}), nil
}

const levelCoded = "coded"

func topCodeAge(in arrow.Field, age int64, s Setting) (arrow.Field, ColumnFunc, error) {
	if s.Now.IsZero() {
		return in, nil, errors.New("top_code by age needs to know today's date")
	}
	level := metaOf(in, MetaLevel)
	text := in.Type.ID() == arrow.STRING && (level == "year" || level == "quarter" || level == "month")
	if !text && !isDateType(in.Type) {
		return in, nil, fmt.Errorf("top_code by age needs a column of dates; this one is %s", in.Type)
	}
	// Some born in this year have not had their birthday: coding them too keeps
	// the others out of sight.
	bound := s.Now.Year() - int(age)
	label := fmt.Sprintf("<=%04d", bound)
	return treated(in, arrow.BinaryTypes.String, level), eachText(func(dst []byte, a arrow.Array, i int) ([]byte, bool, bool, error) {
		year := 0
		if text {
			v := a.(*array.String).Value(i)
			y, err := strconv.Atoi(v[:min(4, len(v))])
			if err != nil {
				return nil, false, false, errors.New("the cell is no date")
			}
			year = y
		} else {
			year = timeOfCell(a, i).Year()
		}
		if year <= bound {
			return append(dst, label...), true, false, nil
		}
		return AppendCell(dst, a, i), false, false, nil
	}), nil
}
