package privacy

import (
	"math/rand/v2"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/decimal128"
)

// Our digits are Arrow's, for every scale and at the ends of the range.
func TestAppendDecimalIsArrows(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	numbers := []decimal128.Num{decimal128.FromI64(0), decimal128.FromI64(-1), decimal128.FromI64(5), decimal128.FromI64(-10),
		decimal128.FromU64(1<<64 - 1), decimal128.New(1, 0), decimal128.New(-1, 0), decimal128.New(-1, 1)}
	for digits := range 38 {
		edge := decimal128.GetScaleMultiplier(digits)
		numbers = append(numbers, edge, edge.Negate(), edge.Sub(decimal128.FromI64(1)))
		for range 50 {
			n := decimal128.New(int64(r.Uint64()), r.Uint64())
			if limit := decimal128.GetScaleMultiplier(38); n.Abs().Cmp(limit) < 0 {
				numbers = append(numbers, n)
			}
			q, _ := n.Div(edge)
			numbers = append(numbers, q)
		}
	}
	for _, n := range numbers {
		if n.Abs().Cmp(decimal128.GetScaleMultiplier(38)) >= 0 {
			continue // no decimal of Arrow's
		}
		for scale := range int32(39) {
			if got, want := string(appendDecimal(nil, n, scale)), n.ToString(scale); got != want {
				t.Fatalf("scale %d: %s, Arrow says %s", scale, got, want)
			}
		}
	}
}

// Days of every kind from the year -1 to the year 10001 as the standard library has it.
func TestAppendDateIsTheCalendars(t *testing.T) {
	for d := arrow.Date32(-720_000); d < 2_933_000; d += 11 {
		if got, want := string(appendDate(nil, d)), d.ToTime().Format("2006-01-02"); got != want {
			t.Fatalf("day %d: %s, want %s", d, got, want)
		}
	}
}

func BenchmarkAppendDecimal(b *testing.B) {
	var buf []byte
	n := decimal128.FromI64(63_139_428_472_55)
	b.ReportAllocs()
	for b.Loop() {
		buf = appendDecimal(buf[:0], n, 2)
	}
}

func BenchmarkAppendDate(b *testing.B) {
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		buf = appendDate(buf[:0], 19_876)
	}
}
