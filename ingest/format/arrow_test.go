package format

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/decimal256"
	"github.com/apache/arrow/go/v17/arrow/ipc"
	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/google/go-cmp/cmp"

	"daylight/privacy"
	"daylight/privacy/geometry"
)

// arrowOf writes records as an Arrow file, or as a stream.
func arrowOf(t testing.TB, stream bool, recs []arrow.Record, o ...ipc.Option) string {
	t.Helper()
	o = append(o, ipc.WithSchema(recs[0].Schema()))
	if stream {
		var b bytes.Buffer
		w := ipc.NewWriter(&b, o...)
		for _, rec := range recs {
			must(t, w.Write(rec))
		}
		must(t, w.Close())
		return b.String()
	}
	b := &seekable{}
	w, err := ipc.NewFileWriter(b, o...)
	must(t, err)
	for _, rec := range recs {
		must(t, w.Write(rec))
	}
	must(t, w.Close())
	return b.String()
}

// seekable tells the writer of files where it stands; it never goes back.
type seekable struct{ bytes.Buffer }

func (s *seekable) Seek(int64, int) (int64, error) { return int64(s.Len()), nil }

func TestArrowTypes(t *testing.T) {
	rec := recordOf(t, everyType, everyRow)
	var halves []arrow.Record
	for i := range rec.NumRows() {
		halves = append(halves, rec.NewSlice(i, i+1))
	}
	for name, text := range map[string]string{
		"file":        arrowOf(t, false, []arrow.Record{rec}),
		"stream":      arrowOf(t, true, []arrow.Record{rec}),
		"batches":     arrowOf(t, true, halves),
		"file, lz4":   arrowOf(t, false, halves, ipc.WithLZ4()),
		"file, zstd":  arrowOf(t, false, []arrow.Record{rec}, ipc.WithZstd()),
		"stream, lz4": arrowOf(t, true, []arrow.Record{rec}, ipc.WithLZ4()),
	} {
		t.Run(name, func(t *testing.T) {
			if d := cmp.Diff(everyWant, tableText(t, text, Options{})); d != "" {
				t.Error(d)
			}
		})
	}
}

// Types that Parquet has not, words of a dictionary that grows, views, text in
// the binary of older programs, floats of 16 bits to the smallest.
func TestArrowOtherTypes(t *testing.T) {
	s := fields(
		"từ", &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Uint8, ValueType: arrow.BinaryTypes.String},
		"khoảng", arrow.FixedWidthTypes.MonthDayNanoInterval,
		"dài", arrow.FixedWidthTypes.Duration_ms,
		"nửa", arrow.FixedWidthTypes.Float16,
		"xem", arrow.BinaryTypes.StringView,
		"chữ", arrow.BinaryTypes.LargeBinary,
		"lớn", &arrow.Decimal256Type{Precision: 60, Scale: 2},
		"ngày", arrow.FixedWidthTypes.Date64,
		"không", arrow.Null,
		"đôi", arrow.FixedSizeListOf(2, arrow.PrimitiveTypes.Int16),
		"bảng", arrow.MapOf(arrow.BinaryTypes.String, arrow.PrimitiveTypes.Int64),
		"số", arrow.MapOf(arrow.PrimitiveTypes.Int64, arrow.BinaryTypes.String),
	)
	b := array.NewRecordBuilder(memory.DefaultAllocator, s)
	for i, word := range []string{"Hồng Hà", "x", "Hồng Hà"} {
		must(t, b.Field(0).(*array.BinaryDictionaryBuilder).AppendString(word))
		b.Field(1).(*array.MonthDayNanoIntervalBuilder).Append(arrow.MonthDayNanoInterval{Months: int32(i), Days: -2, Nanoseconds: 1_500_000_000})
		b.Field(2).(*array.DurationBuilder).Append(arrow.Duration(-5 * i))
		must(t, b.Field(3).AppendValueFromString([]string{"0.1", "65504", "-2.5"}[i]))
		b.Field(4).(*array.StringViewBuilder).Append([]string{"ngắn", "một chuỗi dài hơn mười hai", ""}[i])
		b.Field(5).(*array.BinaryBuilder).Append([]byte([]string{"a", "", "ü"}[i]))
		b.Field(6).(*array.Decimal256Builder).Append(decimal256.FromI64(int64(-1 + i)))
		b.Field(7).(*array.Date64Builder).Append(arrow.Date64(i * 86_400_000))
		b.Field(8).AppendNull()
		l := b.Field(9).(*array.FixedSizeListBuilder)
		l.Append(i != 1)
		l.ValueBuilder().(*array.Int16Builder).AppendValues([]int16{int16(i), -1}, nil)
		m := b.Field(10).(*array.MapBuilder)
		m.Append(true)
		for range i {
			m.KeyBuilder().(*array.StringBuilder).Append("k")
			m.ItemBuilder().(*array.Int64Builder).Append(1)
		}
		n := b.Field(11).(*array.MapBuilder)
		n.Append(true)
		n.KeyBuilder().(*array.Int64Builder).Append(7)
		n.ItemBuilder().AppendNull()
	}
	rec := b.NewRecord()
	want := `table ""
header_row 0, columns 12, data_rows 3
records 3 = header 0, data 3
tu: text, label "từ", nulls "x" 1, 2 of 2, by file
khoang: text, label "khoảng", 3 of 3, by file
dai: integer, label "dài", unit ms, 3 of 3, by file
nua: float, label "nửa", 3 of 3, by file
xem: text, empty 1, 2 of 2, by file
chu: text, label "chữ", empty 1, 2 of 2, by file
lon: text, label "lớn", 3 of 3, by file, proposed: decimal(3,2)
ngay: date, label "ngày", 3 of 3, by file
khong: text, label "không", empty 3, 0 of 0, by file
doi: text, label "đôi", empty 1, 2 of 2, by file
bang: text, label "bảng", 3 of 3, by file
so: text, label "số", 3 of 3, by file
từ,khoảng,dài,nửa,xem,chữ,lớn,ngày,không,đôi,bảng,số
Hồng Hà,P-2DT1.5S,0,0.1,ngắn,a,-0.01,1970-01-01,,"[0,-1]",{},"[[7,null]]"
x,P1M-2DT1.5S,-5,65500,một chuỗi dài hơn mười hai,"",0.00,1970-01-02,,,"{""k"":1}","[[7,null]]"
Hồng Hà,P2M-2DT1.5S,-10,-2.5,"",ü,0.01,1970-01-03,,"[2,-1]","{""k"":1,""k"":1}","[[7,null]]"
`
	for name, stream := range map[string]bool{"file": false, "stream": true} {
		if d := cmp.Diff(want, tableText(t, arrowOf(t, stream, []arrow.Record{rec}), Options{})); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

// Every float of 16 bits reads back as itself from its shortest text.
func TestHalfFloats(t *testing.T) {
	for bits := range 1 << 16 {
		text, as := appendHalf(nil, uint16(bits))
		v := halfFloat(uint16(bits))
		if as != asNumber || v == 0 {
			continue
		}
		best, distance := 0, math.Inf(1)
		f := 0.0
		must(t, json.Unmarshal(text, &f))
		for _, near := range []int{bits - 1, bits, bits + 1} {
			if d := math.Abs(halfFloat(uint16(near)) - f); d < distance {
				best, distance = near, d
			}
		}
		if best != bits {
			t.Fatalf("%#x is %g, written %s", bits, v, text)
		}
	}
}

// Geometries: our own mark, and that of others with its system.
func TestArrowGeometry(t *testing.T) {
	read := func(keys, values []string) string {
		s := arrow.NewSchema([]arrow.Field{{Name: "g", Type: arrow.BinaryTypes.Binary, Nullable: true, Metadata: arrow.NewMetadata(keys, values)}}, nil)
		b := array.NewRecordBuilder(memory.DefaultAllocator, s)
		b.Field(0).(*array.BinaryBuilder).Append(geometry.AppendPoint(nil, 105.8, 21))
		return tableText(t, arrowOf(t, true, []arrow.Record{b.NewRecord()}), Options{})
	}
	extension := []string{"ARROW:extension:name", "ARROW:extension:metadata"}
	for _, ok := range []string{`{"crs":"OGC:CRS84"}`, `{"crs":{"id":{"authority":"EPSG","code":4326}}}`} {
		if got := read(extension, []string{"geoarrow.wkb", ok}); !strings.Contains(got, "g: geometry") || !strings.Contains(got, "POINT (105.8 21)") {
			t.Errorf("%s: %s", ok, got)
		}
	}
	for said, want := range map[string]string{`{}`: "question crs of g", ``: "question crs of g", `{"crs":"EPSG:3405"}`: "POINT (105.8 21)\n", `{"crs":{"name":"local grid"}}`: "refused geojson-crs\n"} {
		if got := read(extension, []string{"geoarrow.wkb", said}); !strings.Contains(got, want) || strings.Contains(got, "question") != strings.Contains(want, "question") {
			t.Errorf("%s: %s", said, got)
		}
	}
	if got := read(nil, nil); got != "refused binary-columns\n" {
		t.Errorf("bytes: %s", got)
	}
}

func TestArrowRefused(t *testing.T) {
	rec := recordOf(t, fields("a", arrow.PrimitiveTypes.Int64), `[{"a":1}]`)
	file, stream := arrowOf(t, false, []arrow.Record{rec}), arrowOf(t, true, []arrow.Record{rec})
	union := arrow.SparseUnionOf([]arrow.Field{{Name: "x", Type: arrow.PrimitiveTypes.Int64}}, []arrow.UnionTypeCode{0})
	u := array.NewRecordBuilder(memory.DefaultAllocator, fields("u", union)).NewRecord()
	for name, c := range map[string]struct{ text, code string }{
		"feather 1":    {"FEA1" + strings.Repeat("\x00", 60) + "FEA1", "feather"},
		"union":        {arrowOf(t, true, []arrow.Record{u}), "arrow-union"},
		"cut file":     {file[:len(file)-9], "arrow"},
		"cut stream":   {stream[:len(stream)-20], "arrow"},
		"long message": {stream[:4] + "\xff\xff\xff\x03" + stream[8:], "arrow"},
		"no footer":    {"ARROW1\x00\x00" + "\x00\x00\x00\x00ARROW1", "arrow"},
	} {
		_, err := openText(t, c.text, Options{})
		var r *Refusal
		if !errors.As(err, &r) || r.Code != c.code {
			t.Errorf("%s: %v, want %s", name, err, c.code)
		}
	}
	// A stream may end without its mark.
	if got := tableText(t, stream[:len(stream)-8], Options{}); !strings.Contains(got, "data_rows 1\n") {
		t.Errorf("no end of the stream: %s", got)
	}
}

// A batch of nulls claims rows that take no bytes: it is refused before they are made.
func TestArrowClaimedRows(t *testing.T) {
	rec := array.NewRecord(fields("a", arrow.Null), []arrow.Array{array.NewNull(1000)}, 1000)
	text := []byte(arrowOf(t, true, []arrow.Record{rec}))
	if _, err := openText(t, string(text), Options{}); err != nil {
		t.Fatal(err)
	}
	lied := 0
	for i := 0; i+8 <= len(text); i++ {
		if binary.LittleEndian.Uint64(text[i:]) == 1000 {
			binary.LittleEndian.PutUint64(text[i:], 1<<60)
			lied++
		}
	}
	_, err := openText(t, string(text), Options{})
	var r *Refusal
	if !errors.As(err, &r) || r.Code != "too-large" || lied == 0 {
		t.Errorf("%v, after %d lies", err, lied)
	}
}

// As of Parquet: nothing but names and cells comes through, and damage in any
// byte is a refusal, or a table, that says no word of the file.
func TestArrowHoldsNothingElse(t *testing.T) {
	const word = "Qwzyxkanarie"
	meta := arrow.MetadataFrom(map[string]string{"comment": word, word: "x"})
	s := arrow.NewSchema([]arrow.Field{{Name: "a", Type: arrow.BinaryTypes.String, Metadata: meta}}, &meta)
	rec := recordOf(t, s, `[{"a":"x"},{"a":"y"}]`)
	for _, stream := range []bool{false, true} {
		text := arrowOf(t, stream, []arrow.Record{rec})
		if !strings.Contains(text, word) {
			t.Fatal("the file holds no word")
		}
		f, err := openText(t, text, Options{})
		must(t, err)
		report, err := json.Marshal(f.Report)
		must(t, err)
		if all := string(report) + f.Tables[0].Schema().String() + tableText(t, text, Options{}); strings.Contains(all, word) {
			t.Errorf("it came through: %s", all)
		}
		for i := range len(text) {
			_, err := openText(t, text[:i]+"\xff"+text[i+1:], Options{})
			var r *Refusal
			if err != nil && (!errors.As(err, &r) || strings.Contains(err.Error(), word)) {
				t.Fatalf("byte %d: %v", i, err)
			}
		}
	}
}

// The plan's word is stronger than the file's, and a type that does not fit is told.
func TestColumnarPlan(t *testing.T) {
	rec := recordOf(t, fields("mã", arrow.PrimitiveTypes.Int64, "ngày", arrow.BinaryTypes.String, "tiền", arrow.BinaryTypes.String),
		`[{"mã":1,"ngày":"05/03/2024","tiền":"1.204"},{"mã":2,"ngày":"25/12/2024","tiền":"x"}]`)
	got := tableText(t, arrowOf(t, false, []arrow.Record{rec}), Options{Reading: &privacy.Reading{Columns: map[string]privacy.ReadColumn{
		"ma": {Type: "text"}, "ngay": {Type: "date", Format: "d/m/y"}, "tien": {Type: "integer", Thousands: ".", OnError: "report"},
	}}})
	want := `table ""
header_row 0, columns 3, data_rows 2
records 2 = header 0, data 2
ma: text, label "mã", 2 of 2, by plan
ngay: date, label "ngày", format d/m/y, 2 of 2, by plan
tien: integer, label "tiền", format thousands ".", nulls "x" 1, 1 of 1, by plan
problem null-token in tien, row 2, line 2, 1
mã,ngày,tiền
1,2024-03-05,1204
2,2024-12-25,
`
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// FuzzArrow: whatever the bytes, no panic; refused with a known code, or every
// record accounted for, and the table written and read again is the same.
func FuzzArrow(f *testing.F) {
	rec := recordOf(f, everyType, everyRow)
	small := recordOf(f, fields("a", &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: arrow.BinaryTypes.String}, "b", arrow.ListOf(arrow.BinaryTypes.String)), `[{"a":"x","b":["y",null]},{"a":null,"b":null}]`)
	for _, stream := range []bool{false, true} {
		f.Add([]byte(arrowOf(f, stream, []arrow.Record{rec})))
		f.Add([]byte(arrowOf(f, stream, []arrow.Record{small, small}, ipc.WithLZ4())))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		if len(in) > 1<<16 || !sniffArrow("", in) {
			return
		}
		checkBounded(t, string(in), "x.arrow")
	})
}
