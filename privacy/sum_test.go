package privacy

import (
	"fmt"
	"hash/maphash"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/decimal128"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

var sumSchema = arrow.NewSchema([]arrow.Field{
	{Name: "text", Type: arrow.BinaryTypes.String, Nullable: true},
	{Name: "integer", Type: arrow.PrimitiveTypes.Int64, Nullable: true},
	{Name: "decimal", Type: &arrow.Decimal128Type{Precision: 30, Scale: 2}, Nullable: true},
	{Name: "float", Type: arrow.PrimitiveTypes.Float64, Nullable: true},
	{Name: "date", Type: arrow.FixedWidthTypes.Date32, Nullable: true},
	{Name: "time", Type: arrow.FixedWidthTypes.Timestamp_us, Nullable: true},
	{Name: "truth", Type: arrow.FixedWidthTypes.Boolean, Nullable: true},
}, nil)

// sumTable is n rows of every type; a fifth of the cells is null.
func sumTable(n int) arrow.Record {
	r := rand.New(rand.NewPCG(7, 7))
	b := array.NewRecordBuilder(memory.NewGoAllocator(), sumSchema)
	defer b.Release()
	words := []string{"", "Hà Nội", "Cà Mau", "00123"}
	for range n {
		for i := range sumSchema.NumFields() {
			f := b.Field(i)
			if r.IntN(5) == 0 {
				f.AppendNull()
				continue
			}
			switch f := f.(type) {
			case *array.StringBuilder:
				f.Append(words[r.IntN(len(words))])
			case *array.Int64Builder:
				f.Append(r.Int64() - 1<<62)
			case *array.Decimal128Builder:
				f.Append(decimal128.FromI64(r.Int64N(1e12)))
			case *array.Float64Builder:
				f.Append(r.NormFloat64())
			case *array.Date32Builder:
				f.Append(arrow.Date32(r.IntN(30_000)))
			case *array.TimestampBuilder:
				f.Append(arrow.Timestamp(r.Int64N(1e15)))
			case *array.BooleanBuilder:
				f.Append(r.IntN(2) == 0)
			}
		}
	}
	return b.NewRecord()
}

// asTexts is the table as a format without types reads it back.
func asTexts(rec arrow.Record) arrow.Record {
	var fields []arrow.Field
	var cols []arrow.Array
	for i, c := range rec.Columns() {
		b := array.NewStringBuilder(memory.NewGoAllocator())
		for row := range c.Len() {
			if c.IsNull(row) {
				b.AppendNull()
			} else {
				b.Append(string(AppendCell(nil, c, row)))
			}
		}
		fields = append(fields, arrow.Field{Name: rec.ColumnName(i), Type: arrow.BinaryTypes.String, Nullable: true})
		cols = append(cols, b.NewArray())
	}
	return array.NewRecord(arrow.NewSchema(fields, nil), cols, rec.NumRows())
}

func sumOf(seed maphash.Seed, text bool, recs ...arrow.Record) string {
	s := newSummer(seed, int(recs[0].NumCols()), text)
	for _, r := range recs {
		s.add(r)
	}
	return fmt.Sprint(s.sums())
}

// However a table is cut, its sum is the same; as text it is that of the texts.
func TestSumIsOfTheCells(t *testing.T) {
	seed, rec := maphash.MakeSeed(), sumTable(1000)
	values, text := sumOf(seed, false, rec), sumOf(seed, true, rec)
	for _, at := range []int64{0, 1, 7, 500, 999, 1000} {
		a, b := rec.NewSlice(0, at), rec.NewSlice(at, 1000)
		if sumOf(seed, false, a, b) != values || sumOf(seed, true, a, b) != text {
			t.Errorf("cut at row %d the sum is another", at)
		}
		if sumOf(seed, true, asTexts(a), asTexts(b)) != text {
			t.Errorf("cut at row %d the texts have another sum", at)
		}
	}
	if sumOf(seed, false, asTexts(rec)) != text {
		t.Error("a table of texts has two sums")
	}
}

// Every single cell counts, its place, and whether it is null or empty.
func TestSumSeesEveryCell(t *testing.T) {
	seed := maphash.MakeSeed()
	column := func(cells ...any) arrow.Record {
		b := array.NewStringBuilder(memory.NewGoAllocator())
		for _, c := range cells {
			if c == nil {
				b.AppendNull()
			} else {
				b.Append(c.(string))
			}
		}
		s := arrow.NewSchema([]arrow.Field{{Name: "a", Type: arrow.BinaryTypes.String, Nullable: true}}, nil)
		return array.NewRecord(s, []arrow.Array{b.NewArray()}, int64(len(cells)))
	}
	seen := map[string]int{}
	for i, rec := range []arrow.Record{
		column("a", "b", "c"), column("a", "c", "b"), column("ab", "", "c"), column("", "ab", "c"), column("a", "bc", ""),
		column("a", "bc", nil), column("a", nil, "bc"), column(nil, "a", "bc"), column("a", "b"), column("a", "b", "c", ""), column("a", "b", "c", nil),
	} {
		sum := sumOf(seed, false, rec)
		if j, ok := seen[sum]; ok {
			t.Errorf("tables %d and %d have one sum", j, i)
		}
		seen[sum] = i
	}
	rec := sumTable(50)
	values, text := sumOf(seed, false, rec), sumOf(seed, true, rec)
	for i := range rec.Columns() {
		a, b := rec.NewSlice(0, 20), rec.NewSlice(20, 50)
		cols := append([]arrow.Array(nil), rec.Columns()...)
		// the column turned by twenty rows
		turned, err := array.Concatenate([]arrow.Array{b.Column(i), a.Column(i)}, memory.NewGoAllocator())
		if err != nil {
			t.Fatal(err)
		}
		cols[i] = turned
		other := array.NewRecord(sumSchema, cols, 50)
		if sumOf(seed, false, other) == values || sumOf(seed, true, other) == text {
			t.Errorf("column %s out of place goes unseen", sumSchema.Field(i).Name)
		}
	}
}

// What lies beneath a null is no cell, and one NaN is as good as another.
func TestSumIgnoresWhatIsNoCell(t *testing.T) {
	seed := maphash.MakeSeed()
	of := func(under int64, text string, nan uint64) string {
		n := array.NewInt64Data(array.NewData(arrow.PrimitiveTypes.Int64, 3, []*memory.Buffer{memory.NewBufferBytes([]byte{0b101}),
			memory.NewBufferBytes(arrow.Int64Traits.CastToBytes([]int64{1, under, 3}))}, nil, 1, 0))
		s := array.NewStringData(array.NewData(arrow.BinaryTypes.String, 3, []*memory.Buffer{memory.NewBufferBytes([]byte{0b101}),
			memory.NewBufferBytes(arrow.Int32Traits.CastToBytes([]int32{0, 1, 1 + int32(len(text)), 2 + int32(len(text))})),
			memory.NewBufferBytes([]byte("a" + text + "b"))}, nil, 1, 0))
		f := array.NewFloat64Data(array.NewData(arrow.PrimitiveTypes.Float64, 3, []*memory.Buffer{nil,
			memory.NewBufferBytes(arrow.Float64Traits.CastToBytes([]float64{1, math.Float64frombits(nan), 3}))}, nil, 0, 0))
		schema := arrow.NewSchema([]arrow.Field{{Name: "n", Type: n.DataType(), Nullable: true}, {Name: "s", Type: s.DataType(), Nullable: true}, {Name: "f", Type: f.DataType()}}, nil)
		return sumOf(seed, false, array.NewRecord(schema, []arrow.Array{n, s, f}, 3))
	}
	if of(2, "", math.Float64bits(math.NaN())) != of(9, "left over", math.Float64bits(math.NaN())^1) {
		t.Error("two tables of the same cells have two sums")
	}
}

func BenchmarkSum(b *testing.B) {
	rec := sumTable(64 << 10)
	for _, form := range []struct {
		name string
		text bool
	}{{"values", false}, {"text", true}} {
		b.Run(form.name, func(b *testing.B) {
			s := newSummer(maphash.MakeSeed(), int(rec.NumCols()), form.text)
			b.ReportAllocs()
			for b.Loop() {
				s.add(rec)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(rec.NumRows()*rec.NumCols()), "ns/cell")
		})
	}
}
