package privacy

import (
	"math/big"
	"strconv"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
)

// decimal is an exact decimal: coef / 10^scale. Rounding and bands work on the
// decimal text, so that 0.1 is a tenth and a figure falls where its reader
// would put it.
type decimal struct {
	coef  *big.Int
	scale int
}

// parseDecimal reads digits with a point, as AppendCell and FormatFloat 'f' write them.
func parseDecimal(s string) (decimal, bool) {
	whole, frac, _ := strings.Cut(s, ".")
	if len(frac) > 400 {
		return decimal{}, false
	}
	c, ok := new(big.Int).SetString(whole+frac, 10)
	return decimal{c, len(frac)}, ok
}

func ofFloat(f float64) (decimal, bool) {
	return parseDecimal(strconv.FormatFloat(f, 'f', -1, 64)) // NaN and infinities do not parse
}

// toDecimal reads a plan's argument.
func toDecimal(v any) (decimal, bool) {
	switch v := v.(type) {
	case int64:
		return decimal{big.NewInt(v), 0}, true
	case float64:
		return ofFloat(v)
	}
	return decimal{}, false
}

// Never written to.
var bigOne, bigTen = big.NewInt(1), big.NewInt(10)

func pow10(n int) *big.Int { return new(big.Int).Exp(bigTen, big.NewInt(int64(n)), nil) }

// at gives the coefficient at a scale that is not smaller than the number's.
func (n decimal) at(scale int) *big.Int {
	if scale == n.scale {
		return n.coef
	}
	return new(big.Int).Mul(n.coef, pow10(scale-n.scale))
}

func (n decimal) cmp(o decimal) int {
	s := max(n.scale, o.scale)
	return n.at(s).Cmp(o.at(s))
}

func (n decimal) sign() int { return n.coef.Sign() }

func (n decimal) add(o decimal) decimal {
	s := max(n.scale, o.scale)
	return decimal{new(big.Int).Add(n.at(s), o.at(s)), s}
}

// floor gives the largest multiple of the step that is not above n, at the step's scale.
func (n decimal) floor(step decimal) decimal {
	s := max(n.scale, step.scale)
	q := new(big.Int)
	q.DivMod(n.at(s), step.at(s), new(big.Int)) // Euclidean: the step is above 0, so this is the floor
	return decimal{q.Mul(q, step.coef), step.scale}
}

// round gives the nearest multiple of the base, halves to the even one, at the base's scale.
func (n decimal) round(base decimal) decimal {
	s := max(n.scale, base.scale)
	b := base.at(s)
	q, r := new(big.Int), new(big.Int)
	q.DivMod(n.at(s), b, r)
	switch r.Lsh(r, 1).Cmp(b) {
	case 1:
		q.Add(q, bigOne)
	case 0:
		if q.Bit(0) == 1 {
			q.Add(q, bigOne)
		}
	}
	return decimal{q.Mul(q, base.coef), base.scale}
}

func (n decimal) half() decimal { // exact: one digit more
	return decimal{new(big.Int).Mul(n.coef, big.NewInt(5)), n.scale + 1}
}

func (n decimal) String() string {
	s := n.coef.String()
	if n.scale == 0 {
		return s
	}
	sign := ""
	if s[0] == '-' {
		sign, s = "-", s[1:]
	}
	if len(s) <= n.scale {
		s = strings.Repeat("0", n.scale-len(s)+1) + s
	}
	return sign + s[:len(s)-n.scale] + "." + s[len(s)-n.scale:]
}

func (n decimal) float() float64 {
	f, _ := strconv.ParseFloat(n.String(), 64) // only fails on overflow, where it is infinite
	return f
}

// cellDecimal reads a cell of a number column; false for a float that is not finite.
func cellDecimal(a arrow.Array, i int) (decimal, bool) {
	switch a := a.(type) {
	case *array.Int64:
		return decimal{big.NewInt(a.Value(i)), 0}, true
	case *array.Decimal128:
		n := decimal{a.Value(i).BigInt(), int(a.DataType().(*arrow.Decimal128Type).Scale)}
		if n.scale < 0 {
			n = decimal{n.coef.Mul(n.coef, pow10(-n.scale)), 0}
		}
		return n, true
	case *array.Float64:
		return ofFloat(a.Value(i))
	}
	return decimal{}, false
}

func isNumberType(t arrow.DataType) bool {
	switch t.ID() {
	case arrow.INT64, arrow.DECIMAL128, arrow.FLOAT64:
		return true
	}
	return false
}
