package privacy

import (
	"context"
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/decimal128"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// numbersOf makes n numbers of a scale: short and long ones, negative ones,
// years, zeros behind the point, and every one several times.
func numbersOf(r *rand.Rand, n int) []int64 {
	var out []int64
	for range n {
		v := r.Int64N(1 << (1 + r.IntN(62)))
		switch r.IntN(8) {
		case 0:
			v = -v
		case 1:
			v = v / 100 * 100
		case 2:
			v = v / 10 * 10
		case 3:
			v = 1800 + r.Int64N(400)
		case 4:
			v = (1+r.Int64N(15))*10_000 + 1700 + r.Int64N(600) // "3.2024"
		case 5:
			v = 84_000_000_000 + r.Int64N(1e9)
		}
		for range 1 + r.IntN(3) {
			out = append(out, v)
		}
	}
	r.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

// What is said of a number without looking at its text is what a scan of the
// text says: signatures, shapes, order, every count.
func TestNumbersAreAsTheirTexts(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 5))
	for scale := range int32(21) {
		for _, byRows := range []bool{false, true} {
			var a arrow.Array
			numbers := numbersOf(r, 3000)
			if scale == 20 { // and whole numbers
				b := array.NewInt64Builder(memory.NewGoAllocator())
				b.AppendValues(numbers, nil)
				a = b.NewArray()
			} else {
				b := array.NewDecimal128Builder(memory.NewGoAllocator(), &arrow.Decimal128Type{Precision: 38, Scale: scale})
				for _, v := range numbers {
					b.Append(decimal128.FromI64(v))
					b.Append(decimal128.FromI64(v).Mul(decimal128.FromI64(1e12)))
				}
				a = b.NewArray()
			}
			field := arrow.Field{Name: "so", Type: a.DataType(), Nullable: true}
			got, want := newColumnScan(field, 2026), newColumnScan(field, 2026)
			got.byRows, want.byRows = byRows, byRows
			got.see(a, 1)
			for i := range a.Len() {
				want.value(AppendCell(nil, a, i), int64(i+1))
			}
			for _, c := range []*columnScan{got, want} {
				c.scanner, c.buf, c.seen, c.lastSig = nil, nil, distinctSet{n: c.seen.n}, 0
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("scale %d, by rows %v: got %+v, want %+v", scale, byRows, got, want)
			}
		}
	}
}

// Where the distinct values outgrow the memory the largest set goes, and the
// others stay; which one it is does not depend on how the work is shared out.
func TestLargestSetIsGivenUp(t *testing.T) {
	s := arrow.NewSchema([]arrow.Field{
		{Name: "few", Type: arrow.PrimitiveTypes.Int64}, {Name: "all", Type: arrow.PrimitiveTypes.Int64}, {Name: "half", Type: arrow.PrimitiveTypes.Int64}}, nil)
	e := newExamination(s, Setting{})
	e.memory = 30_000 * slotBytes
	for from := int64(0); from < 20_000; from += 1000 {
		b := array.NewRecordBuilder(memory.NewGoAllocator(), s)
		for i := from; i < from+1000; i++ {
			b.Field(0).(*array.Int64Builder).Append(i % 50)
			b.Field(1).(*array.Int64Builder).Append(i)
			b.Field(2).(*array.Int64Builder).Append(i / 4)
		}
		if err := e.See(b.NewRecord()); err != nil {
			t.Fatal(err)
		}
	}
	p, err := e.profile(context.Background(), nil)
	if err != nil {
		t.Fatal(err)
	}
	got := ""
	for _, c := range p.Columns {
		got += fmt.Sprintln(c.Name, c.ByRows, c.Distinct)
	}
	if want := "few false 50\nall true 20000\nhalf false 5000\n"; got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// decimalTable is a column of n values over 10^scale.
func decimalTable(scale int32, n int, value func(i int) int64) Table {
	t := &arrow.Decimal128Type{Precision: 20, Scale: scale}
	b := array.NewDecimal128Builder(memory.NewGoAllocator(), t)
	defer b.Release()
	for i := range n {
		b.Append(decimal128.FromI64(value(i)))
	}
	s := arrow.NewSchema([]arrow.Field{{Name: "cot_x", Type: t, Nullable: true}}, nil)
	return &loaded{s, []arrow.Record{array.NewRecord(s, []arrow.Array{b.NewArray()}, int64(n))}}
}

// Amounts of money are no telephones, although some of them are whole numbers
// of eleven digits and a few of those pass a check by chance. Identifiers that
// a program has stored as decimals, or to which it gave a ".0", are found.
func TestDecimalsThatAreAmounts(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	amount := func(i int) int64 { return r.Int64N(1e11)*100 + int64(i%3)*r.Int64N(100) }
	mobile := func(int) int64 { return 84_900_000_000 + r.Int64N(99_999_999) }
	person := func(int) int64 { return 79_090_000_000 + r.Int64N(9_999_999) }
	for _, c := range []struct {
		name  string
		table Table
		want  Kind // "": nothing
	}{
		{"money", decimalTable(2, 5000, amount), ""},
		{"mobile numbers", decimalTable(0, 500, mobile), "phone_vn"},
		{"mobile numbers with .0", decimalTable(1, 500, func(i int) int64 { return mobile(i) * 10 }), "phone_vn"},
		{"mobile numbers with .00", decimalTable(2, 500, func(i int) int64 { return mobile(i) * 100 }), "phone_vn"},
		{"personal numbers with .0", decimalTable(1, 500, func(i int) int64 { return person(i) * 10 }), "cccd_short"},
		{"mobile numbers among money", decimalTable(2, 5000, func(i int) int64 {
			if i%10 == 0 {
				return mobile(i) * 100
			}
			return amount(i)
		}), "phone_vn"},
	} {
		p, err := Examine(context.Background(), c.table, in2026)
		if err != nil {
			t.Fatal(err)
		}
		got := Kind("")
		for _, f := range p.Findings {
			if f.Decision >= Review && (got == "" || f.Kind == c.want) {
				got = f.Kind
			}
		}
		if got != c.want {
			t.Errorf("%s: found %q, want %q", c.name, got, c.want)
		}
	}
}
