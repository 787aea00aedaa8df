package difference

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/decimal128"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"daylight/datasets"
)

// 5,000,000 against 5,000,000 rows of eight columns: the limit is 60 s and
// 512 MiB on two cores. "alike": one row in a hundred differs. "apart": the
// later table is in another order, and of all its rows a cell changed.
// peak-MiB is the most memory that the process held meanwhile.
func BenchmarkCompare(b *testing.B) {
	const n = 5_000_000
	for _, apart := range []bool{false, true} {
		name := "alike"
		if apart {
			name = "apart"
		}
		for _, key := range []bool{true, false} {
			way := name + "/by-row"
			if key {
				way = name + "/by-key"
			}
			b.Run(way, func(b *testing.B) {
				before := tall(b, n, key, func(i int) (int, int) { return i, 0 })
				after := tall(b, n, key, func(i int) (int, int) {
					switch {
					case apart:
						return int(uint64(i) * 2_654_435_761 % n), 1
					case i%100 == 0:
						return i, 1
					}
					return i, 0
				})
				runtime.GC()
				debug.FreeOSMemory()
				os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) // the peak begins anew
				for b.Loop() {
					d, err := Compare(b.Context(), before, after, b.TempDir())
					if err != nil {
						b.Fatal(err)
					}
					if err := d.WriteCSV(io.Discard, d.Rows(b.Context())); err != nil {
						b.Fatal(err)
					}
					if d.Counts.Same() {
						b.Fatal("nothing differs")
					}
					d.Close()
				}
				b.ReportMetric(peak(b), "peak-MiB")
			})
		}
	}
}

// peak is the most memory this process held at once.
func peak(b *testing.B) float64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		b.Skip("no /proc")
	}
	_, rest, _ := bytes.Cut(status, []byte("VmHWM:"))
	kib, err := strconv.ParseFloat(string(bytes.Fields(rest)[0]), 64)
	if err != nil {
		b.Fatal(err)
	}
	return kib / 1024
}

// tall makes a table of n rows; row i is that of the number, and its last cell
// that of the change.
func tall(b *testing.B, n int, key bool, row func(i int) (number, change int)) Side {
	b.Helper()
	info := datasets.TableInfo{Name: "data", Rows: int64(n)}
	var fields []arrow.Field
	for _, c := range []struct {
		key string
		typ arrow.DataType
	}{
		{"ma", arrow.BinaryTypes.String}, {"ten", arrow.BinaryTypes.String}, {"phuong", arrow.BinaryTypes.String}, {"ngay", arrow.PrimitiveTypes.Date32},
		{"so", arrow.PrimitiveTypes.Int64}, {"gia", &arrow.Decimal128Type{Precision: 18, Scale: 2}}, {"ty_le", arrow.PrimitiveTypes.Float64}, {"so_luong", arrow.PrimitiveTypes.Int64},
	} {
		fields = append(fields, arrow.Field{Name: c.key, Type: c.typ, Nullable: true})
		info.Columns = append(info.Columns, datasets.Column{Key: c.key, Label: c.key, Type: words[c.typ.ID()]})
	}
	if key {
		info.PrimaryKey = []string{"ma"}
	}
	schema := arrow.NewSchema(fields, nil)
	const batch = 64 << 10
	return published(b, info, schema, func(yield func(arrow.Record) bool) {
		for from := 0; from < n; from += batch {
			r := array.NewRecordBuilder(memory.NewGoAllocator(), schema)
			for i := from; i < min(n, from+batch); i++ {
				k, change := row(i)
				r.Field(0).(*array.StringBuilder).Append(fmt.Sprintf("VN-%09d", k))
				r.Field(1).(*array.StringBuilder).Append("Cơ sở kinh doanh số " + strconv.Itoa(k))
				r.Field(2).(*array.StringBuilder).Append("Phường " + strconv.Itoa(k%3321))
				r.Field(3).(*array.Date32Builder).Append(arrow.Date32(20_000 + k%3650))
				r.Field(4).(*array.Int64Builder).Append(int64(k) * 7)
				r.Field(5).(*array.Decimal128Builder).Append(decimal128.FromI64(int64(k%1_000_003) * 13))
				r.Field(6).(*array.Float64Builder).Append(float64(k%9973) / 7)
				r.Field(7).(*array.Int64Builder).Append(int64(k%500 + change))
			}
			if !yield(r.NewRecord()) {
				return
			}
		}
	})
}
