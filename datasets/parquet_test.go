package datasets

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/decimal128"
	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/apache/arrow/go/v17/parquet"
	"github.com/apache/arrow/go/v17/parquet/file"
	"github.com/apache/arrow/go/v17/parquet/pqarrow"
	"github.com/google/go-cmp/cmp"
)

// randomColumn has n values of the type: long runs of one value, few values,
// many values, nulls here and there or in long stretches.
func randomColumn(r *rand.Rand, typ arrow.DataType, n int) arrow.Array {
	b := array.NewBuilder(memory.NewGoAllocator(), typ)
	distinct := []int64{1, 2, 5, 300, 70_000, math.MaxInt64}[r.IntN(6)]
	runs := []int{1, 1, 20, 2000}[r.IntN(4)]
	nulls := []float64{0, 0, 0.01, 0.5, 0.99, 1}[r.IntN(6)]
	for b.Len() < n {
		v := r.Int64N(distinct)
		if v&1 == 1 {
			v = -v
		}
		null := r.Float64() < nulls
		for range min(n-b.Len(), 1+r.IntN(runs)) {
			if null {
				b.AppendNull()
				continue
			}
			switch b := b.(type) {
			case *array.StringBuilder:
				b.Append(fmt.Sprintf("%d phường", v))
			case *array.Int64Builder:
				b.Append(v)
			case *array.Float64Builder:
				b.Append(float64(v) / 8)
			case *array.BooleanBuilder:
				b.Append(v&1 == 1)
			case *array.Date32Builder:
				b.Append(arrow.Date32(v % 3_000_000))
			case *array.TimestampBuilder:
				b.Append(arrow.Timestamp(v / 40))
			case *array.Decimal128Builder:
				d := decimal128.FromI64(v)
				limit := decimal128.GetScaleMultiplier(int(typ.(*arrow.Decimal128Type).Precision))
				if typ.(*arrow.Decimal128Type).Precision > 30 {
					d = d.Mul(decimal128.FromI64(1e15 + 7))
				}
				_, d = d.Div(limit)
				b.Append(d)
			}
		}
	}
	return b.NewArray()
}

func randomTable(r *rand.Rand, n int) arrow.Record {
	types := []arrow.DataType{text, text, text, whole, float, truth, date, local, hanoi}
	for _, p := range []int32{1, 5, 9, 11, 18, 19, 20, 31, 38} {
		types = append(types, &arrow.Decimal128Type{Precision: p, Scale: p / 2})
	}
	names := ""
	var cols []arrow.Array
	for i, t := range types {
		names += fmt.Sprintf("c%d ", i)
		cols = append(cols, randomColumn(r, t, n))
	}
	return record(names, cols...)
}

// Every value comes back, and the footer's smallest and largest values, counts
// of nulls and rows are those of the columns.
func TestParquetRandomTables(t *testing.T) {
	for seed := range uint64(30) {
		r := rand.New(rand.NewPCG(seed, 1))
		rec := randomTable(r, 1+r.IntN([]int{20, 3000, 80_000}[seed%3]))
		b := writeTable(t, parquetFormat, rec)
		rows, err := open(t, parquetFormat, b).Rows(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		at := int64(0)
		for rows.Next() {
			got := rows.Record()
			for i, c := range got.Columns() {
				want := array.NewSlice(rec.Column(i), at, at+got.NumRows())
				if !array.Equal(want, c) {
					t.Fatalf("seed %d: column %d (%s), rows from %d differ", seed, i, c.DataType(), at)
				}
			}
			at += got.NumRows()
		}
		if rows.Err() != nil || at != rec.NumRows() {
			t.Fatalf("seed %d: %d of %d rows, %v", seed, at, rec.NumRows(), rows.Err())
		}
		rows.Release()
		checkStatistics(t, b, rec)
	}
}

// checkStatistics compares with what v17's own writer says of the same rows.
func checkStatistics(t *testing.T, b []byte, rec arrow.Record) {
	t.Helper()
	var own bytes.Buffer
	w, err := pqarrow.NewFileWriter(rec.Schema(), &own, parquet.NewWriterProperties(), pqarrow.DefaultWriterProps())
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.WriteBuffered(rec), w.Close()); err != nil {
		t.Fatal(err)
	}
	got, want := statisticsOf(t, b), statisticsOf(t, own.Bytes())
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-v17 +ours)\n%s", d)
	}
}

func statisticsOf(t *testing.T, b []byte) (out []string) {
	t.Helper()
	f, err := file.NewParquetReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for g := range f.NumRowGroups() {
		group := f.MetaData().RowGroup(g)
		for i := range group.NumColumns() {
			chunk, err := group.ColumnChunk(i)
			if err != nil {
				t.Fatal(err)
			}
			line := fmt.Sprintf("group %d of %d rows, %s, %d values:", g, group.NumRows(), chunk.Type(), chunk.NumValues())
			s, err := chunk.Statistics()
			if err != nil {
				t.Fatal(err)
			}
			if s != nil {
				line += fmt.Sprintf(" %d nulls", s.NullCount())
				if s.HasMinMax() {
					line += fmt.Sprintf(", %x to %x", s.EncodeMin(), s.EncodeMax())
				}
			}
			out = append(out, line)
		}
	}
	return out
}

// The bytes do not depend on how many processors there are.
func TestParquetSameBytesOnOneProcessor(t *testing.T) {
	rec := randomTable(rand.New(rand.NewPCG(7, 7)), 150_000)
	many := writeTable(t, parquetFormat, rec)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	if !bytes.Equal(many, writeTable(t, parquetFormat, rec)) {
		t.Error("other bytes on one processor")
	}
}

// Row groups hold a million rows at most, also where a batch is larger.
func TestParquetRowGroups(t *testing.T) {
	b := array.NewInt64Builder(memory.NewGoAllocator())
	for i := range 2*groupRows + 5 {
		b.Append(int64(i))
	}
	rec := record("a", b.NewArray())
	var m memFile
	w, err := newParquet(&m, rec.Schema())
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Write(rec), w.Close()); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"group 0 of 1048576 rows, INT64, 1048576 values: 0 nulls, 0000000000000000 to ffff0f0000000000",
		"group 1 of 1048576 rows, INT64, 1048576 values: 0 nulls, 0000100000000000 to ffff1f0000000000",
		"group 2 of 5 rows, INT64, 5 values: 0 nulls, 0000200000000000 to 0400200000000000",
	}
	if d := cmp.Diff(want, statisticsOf(t, m.Bytes())); d != "" {
		t.Error(d)
	}
}

// A value that its column's type cannot hold is an error, and not another value.
func TestParquetRefusesDigits(t *testing.T) {
	for _, c := range []struct {
		digits int32
		value  decimal128.Num
	}{
		{3, decimal128.FromI64(1 << 20)}, {18, decimal128.New(1, 5)}, {20, decimal128.New(1<<20, 5)},
	} {
		b := array.NewDecimal128Builder(memory.NewGoAllocator(), &arrow.Decimal128Type{Precision: c.digits})
		b.Append(c.value)
		rec := record("a", b.NewArray())
		var m memFile
		w, err := newParquet(&m, rec.Schema())
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Write(rec); !errors.Is(err, errDigits) {
			t.Errorf("decimal of %d digits: %v", c.digits, err)
		}
	}
}

// Runs of one number and packed groups, in every width.
func TestParquetRuns(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	for width := 1; width <= 32; width++ {
		for range 50 {
			var all []uint32
			for range r.IntN(20) {
				v := uint32(r.Uint64N(1 << width))
				for range 1 + r.IntN([]int{1, 3, 40, 300}[r.IntN(4)]) {
					all = append(all, v)
				}
			}
			if got := readRuns(t, appendRuns(nil, all, width), width); !slices.Equal(all, got[:min(len(all), len(got))]) || len(got) > len(all)+7 {
				t.Fatalf("width %d: %d numbers read back as %d, or others", width, len(all), len(got))
			}
		}
	}
}

// readRuns is written from the format's document alone.
func readRuns(t *testing.T, b []byte, width int) (out []uint32) {
	for len(b) > 0 {
		head, n := binary.Uvarint(b)
		if n <= 0 {
			t.Fatal("no head")
		}
		b = b[n:]
		if head&1 == 0 {
			var v uint32
			size := (width + 7) / 8
			for k := range size {
				v |= uint32(b[k]) << (8 * k)
			}
			b = b[size:]
			out = append(out, slices.Repeat([]uint32{v}, int(head>>1))...)
			continue
		}
		for k := range int(head>>1) * 8 {
			var v uint32
			for bit := range width {
				at := k*width + bit
				v |= uint32(b[at/8]>>(at%8)&1) << bit
			}
			out = append(out, v)
		}
		b = b[int(head>>1)*width:]
	}
	return out
}
