package privacy

import (
	"errors"
	"fmt"
	"math"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/decimal128"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

func checkRound(args Args) error {
	if b, ok := toDecimal(args["base"]); ok && b.sign() <= 0 {
		return errors.New("round: base must be above 0")
	}
	return nil
}

// round: to the nearest multiple of the base, halves to the even one. Integers
// and decimals are exact; a float is rounded by its decimal text.
func newRound(in arrow.Field, args Args, _ Setting) (arrow.Field, ColumnFunc, error) {
	base, _ := toDecimal(args["base"])
	switch t := in.Type.(type) {
	case *arrow.Int64Type:
		if base.scale != 0 || !base.coef.IsInt64() {
			return in, nil, errors.New("round: a column of whole numbers needs a whole base that fits it")
		}
		return treatedSame(in), roundInts(base.coef.Int64()), nil
	case *arrow.Decimal128Type:
		if base.scale > int(max(t.Scale, 0)) {
			return in, nil, fmt.Errorf("round: the base has more decimals than the column, which has %d", max(t.Scale, 0))
		}
		// 999 to a base of 10 takes one digit more
		out := &arrow.Decimal128Type{Precision: min(38, t.Precision+1), Scale: max(t.Scale, 0)}
		return treated(in, out, metaOf(in, MetaLevel)), eachDecimal(out, func(n decimal) decimal { return n.round(base) }), nil
	case *arrow.Float64Type:
		return treatedSame(in), eachFloat(func(n decimal) decimal { return n.round(base) }), nil
	case *arrow.StringType:
		if metaOf(in, MetaLevel) == levelCoded { // its numbers; the label of an end stays
			return in, eachText(func(dst []byte, a arrow.Array, i int) ([]byte, bool, bool, error) {
				n, ok := parseDecimal(a.(*array.String).Value(i))
				if !ok {
					return AppendCell(dst, a, i), false, false, nil
				}
				out := n.round(base)
				return append(dst, out.String()...), out.cmp(n) != 0, false, nil
			}), nil
		}
	}
	return in, nil, fmt.Errorf("round needs a column of numbers; this one is %s", in.Type)
}

func roundInts(base int64) ColumnFunc {
	return func(a arrow.Array) (arrow.Array, Effect, error) {
		b := array.NewInt64Builder(memory.DefaultAllocator)
		defer b.Release()
		b.Reserve(a.Len())
		var e Effect
		in := a.(*array.Int64)
		for i := range a.Len() {
			if in.IsNull(i) {
				b.AppendNull()
				continue
			}
			n, ok := roundInt(in.Value(i), base)
			if !ok {
				return nil, e, &cellError{i, "the rounded number is too large for the column"}
			}
			if n != in.Value(i) {
				e.Changed++
			}
			b.Append(n)
		}
		return b.NewArray(), e, nil
	}
}

// roundInt is false where the result leaves int64.
func roundInt(n, base int64) (int64, bool) {
	q, r := n/base, n%base
	if r < 0 { // towards minus infinity, so that 0 <= r < base
		q, r = q-1, r+base
	}
	if up := base - r; r > up || (r == up && q&1 != 0) {
		return n + up, n <= math.MaxInt64-up
	}
	return n - r, n >= math.MinInt64+r
}

func eachDecimal(t *arrow.Decimal128Type, f func(decimal) decimal) ColumnFunc {
	return func(a arrow.Array) (arrow.Array, Effect, error) {
		b := array.NewDecimal128Builder(memory.DefaultAllocator, t)
		defer b.Release()
		b.Reserve(a.Len())
		var e Effect
		for i := range a.Len() {
			if a.IsNull(i) {
				b.AppendNull()
				continue
			}
			n, _ := cellDecimal(a, i)
			out := f(n)
			if out.cmp(n) != 0 {
				e.Changed++
			}
			c := out.at(int(t.Scale))
			if c.CmpAbs(pow10(int(t.Precision))) >= 0 {
				return nil, e, &cellError{i, "the treated number is too large for the column"}
			}
			b.Append(decimal128.FromBigInt(c))
		}
		return b.NewArray(), e, nil
	}
}

func eachFloat(f func(decimal) decimal) ColumnFunc {
	return func(a arrow.Array) (arrow.Array, Effect, error) {
		b := array.NewFloat64Builder(memory.DefaultAllocator)
		defer b.Release()
		b.Reserve(a.Len())
		var e Effect
		for i := range a.Len() {
			if a.IsNull(i) {
				b.AppendNull()
				continue
			}
			n, ok := cellDecimal(a, i)
			if !ok {
				return nil, e, &cellError{i, errNotFinite.Error()}
			}
			out := f(n).float()
			if math.IsInf(out, 0) {
				return nil, e, &cellError{i, "the treated number is too large for the column"}
			}
			if out != a.(*array.Float64).Value(i) {
				e.Changed++
			}
			b.Append(out)
		}
		return b.NewArray(), e, nil
	}
}
