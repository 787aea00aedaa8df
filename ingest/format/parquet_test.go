package format

import (
	"bytes"
	"encoding/json"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/apache/arrow/go/v17/parquet"
	"github.com/apache/arrow/go/v17/parquet/compress"
	"github.com/apache/arrow/go/v17/parquet/pqarrow"
	"github.com/google/go-cmp/cmp"

	"daylight/privacy/geometry"
)

// recordOf reads the rows of a table from JSON, one object each.
func recordOf(t testing.TB, s *arrow.Schema, rows string) arrow.Record {
	t.Helper()
	rec, _, err := array.RecordFromJSON(memory.DefaultAllocator, s, strings.NewReader(rows), array.WithUseNumber())
	must(t, err)
	return rec
}

// parquetOf writes a Parquet file as other programs do.
func parquetOf(t testing.TB, rec arrow.Record, keys map[string]string, props ...parquet.WriterProperty) string {
	t.Helper()
	var b bytes.Buffer
	w, err := pqarrow.NewFileWriter(rec.Schema(), &b, parquet.NewWriterProperties(props...), pqarrow.NewArrowWriterProperties(pqarrow.WithStoreSchema()))
	must(t, err)
	for k, v := range keys {
		must(t, w.AppendKeyValueMetadata(k, v))
	}
	must(t, w.Write(rec), w.Close())
	return b.String()
}

func fields(pairs ...any) *arrow.Schema {
	var out []arrow.Field
	for i := 0; i < len(pairs); i += 2 {
		out = append(out, arrow.Field{Name: pairs[i].(string), Type: pairs[i+1].(arrow.DataType), Nullable: true})
	}
	return arrow.NewSchema(out, nil)
}

// Every type that agencies' programs write is its own type here, exact, or text.
var everyType = fields(
	"mã", arrow.BinaryTypes.String,
	"số", arrow.PrimitiveTypes.Int64,
	"nhỏ", arrow.PrimitiveTypes.Int8,
	"u64", arrow.PrimitiveTypes.Uint64,
	"u32", arrow.PrimitiveTypes.Uint32,
	"f64", arrow.PrimitiveTypes.Float64,
	"f32", arrow.PrimitiveTypes.Float32,
	"có", arrow.FixedWidthTypes.Boolean,
	"ngày", arrow.FixedWidthTypes.Date32,
	"lúc", &arrow.TimestampType{Unit: arrow.Microsecond},
	"lúc_vn", &arrow.TimestampType{Unit: arrow.Millisecond, TimeZone: "+07:00"},
	"lúc_utc", &arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: "UTC"},
	"tiền", &arrow.Decimal128Type{Precision: 12, Scale: 2},
	"giờ", arrow.FixedWidthTypes.Time64us,
	"nhóm", arrow.StructOf(arrow.Field{Name: "a", Type: arrow.PrimitiveTypes.Int32, Nullable: true}, arrow.Field{Name: "b", Type: arrow.BinaryTypes.String, Nullable: true}),
	"danh sách", arrow.ListOf(arrow.PrimitiveTypes.Int64),
)

const everyRow = `[
{"mã":"001","số":-9223372036854775808,"nhỏ":-128,"u64":18446744073709551615,"u32":4294967295,"f64":0.1,"f32":0.1,"có":true,"ngày":"2024-02-29",
 "lúc":"2024-03-05 10:00:00.000001","lúc_vn":"2024-03-05 03:00:00","lúc_utc":"2024-03-05 10:00:00","tiền":"-1234567890.10","giờ":"10:00:00.000001","nhóm":{"a":1,"b":"x\"y"},"danh sách":[1,null,9007199254740993]},
{"mã":"","số":9223372036854775807,"nhỏ":127,"u64":0,"u32":0,"f64":1e300,"f32":16777216,"có":false,"ngày":"1945-09-02",
 "lúc":"1969-12-31 23:59:59.999999","lúc_vn":"2024-12-31 17:00:00","lúc_utc":"2024-03-05 10:00:00.5","tiền":"0.00","giờ":"23:59:59","nhóm":{"a":null,"b":""},"danh sách":[]},
{"mã":"NA","số":9007199254740993,"nhỏ":0,"u64":1,"u32":1,"f64":-5,"f32":-0.5,"có":true,"ngày":"2024-01-01",
 "lúc":"2024-03-05 10:00:00","lúc_vn":"2024-03-05 03:00:00.25","lúc_utc":"2024-03-05 10:00:00","tiền":"9999999999.99","giờ":"00:00:00","nhóm":null,"danh sách":null},
{"mã":null,"số":null,"nhỏ":null,"u64":null,"u32":null,"f64":null,"f32":null,"có":null,"ngày":null,"lúc":null,"lúc_vn":null,"lúc_utc":null,"tiền":null,"giờ":null,"nhóm":null,"danh sách":[5]}
]`

const everyWant = `table ""
header_row 0, columns 17, data_rows 4
records 4 = header 0, data 4
ma: text, label "mã", nulls "NA" 1, empty 2, 1 of 1, by file
so: integer, label "số", empty 1, 3 of 3, by file
nho: integer, label "nhỏ", empty 1, 3 of 3, by file
u64: decimal(20,0), empty 1, 3 of 3, by file
u32: integer, empty 1, 3 of 3, by file
f64: float, empty 1, 3 of 3, by file
f32: float, empty 1, 3 of 3, by file
co: boolean, label "có", empty 1, 3 of 3, by file
ngay: date, label "ngày", empty 1, 3 of 3, by file
luc: timestamp, label "lúc", empty 1, 3 of 3, by file
luc_vn: timestamp, label "lúc_vn", empty 1, 3 of 3, by file
luc_utc: timestamp, label "lúc_utc", empty 1, 3 of 3, by file
tien: decimal(12,2), label "tiền", empty 1, 3 of 3, by file
gio: text, label "giờ", empty 1, 3 of 3, by file
nhom_a: integer, label "nhóm.a", empty 3, 1 of 1, by file
nhom_b: text, label "nhóm.b", empty 3, 1 of 1, by file
danh_sach: text, label "danh sách", empty 1, 3 of 3, by file
mã,số,nhỏ,u64,u32,f64,f32,có,ngày,lúc,lúc_vn,lúc_utc,tiền,giờ,nhóm.a,nhóm.b,danh sách
001,-9223372036854775808,-128,18446744073709551615,4294967295,0.1,0.1,true,2024-02-29,2024-03-05T10:00:00.000001,2024-03-05T10:00:00+07:00,2024-03-05T10:00:00Z,-1234567890.10,10:00:00.000001,1,"x""y","[1,null,9007199254740993]"
"",9223372036854775807,127,0,0,1e+300,1.6777216e+07,false,1945-09-02,1969-12-31T23:59:59.999999,2025-01-01T00:00:00+07:00,2024-03-05T10:00:00.5Z,0.00,23:59:59,,"",[]
NA,9007199254740993,0,1,1,-5,-0.5,true,2024-01-01,2024-03-05T10:00:00,2024-03-05T10:00:00.25+07:00,2024-03-05T10:00:00Z,9999999999.99,00:00:00,,,
,,,,,,,,,,,,,,,,[5]
`

func TestParquetTypes(t *testing.T) {
	rec := recordOf(t, everyType, everyRow)
	for name, props := range map[string][]parquet.WriterProperty{
		"plain":  {parquet.WithDictionaryDefault(false)},
		"pages":  {parquet.WithDataPageSize(1), parquet.WithBatchSize(1)},
		"v2":     {parquet.WithDataPageVersion(parquet.DataPageV2), parquet.WithCompression(compress.Codecs.Snappy)},
		"gzip":   {parquet.WithCompression(compress.Codecs.Gzip)},
		"brotli": {parquet.WithCompression(compress.Codecs.Brotli), parquet.WithDataPageVersion(parquet.DataPageV2)},
		"zstd":   {parquet.WithCompression(compress.Codecs.Zstd)},
		"groups": {parquet.WithMaxRowGroupLength(1)},
		"delta":  {parquet.WithDictionaryDefault(false), parquet.WithEncodingFor("mã", parquet.Encodings.DeltaByteArray), parquet.WithEncodingFor("giờ", parquet.Encodings.DeltaBinaryPacked), parquet.WithEncodingFor("số", parquet.Encodings.DeltaBinaryPacked), parquet.WithEncodingFor("nhóm.b", parquet.Encodings.DeltaLengthByteArray)},
		"old":    {parquet.WithVersion(parquet.V2_4)},
	} {
		t.Run(name, func(t *testing.T) {
			if d := cmp.Diff(everyWant, tableText(t, parquetOf(t, rec, nil, props...), Options{})); d != "" {
				t.Error(d)
			}
		})
	}
}

// What has no exact form in a type stays text and is told; NaN is a null token.
func TestParquetKeepsWhatDoesNotFit(t *testing.T) {
	s := fields("nano", &arrow.TimestampType{Unit: arrow.Nanosecond}, "khung", arrow.PrimitiveTypes.Float64, "nan", arrow.PrimitiveTypes.Float64,
		"lớn", &arrow.Decimal256Type{Precision: 50, Scale: 1}, "vùng", &arrow.TimestampType{Unit: arrow.Second, TimeZone: "Asia/Ho_Chi_Minh"})
	b := array.NewRecordBuilder(memory.DefaultAllocator, s)
	b.Field(0).(*array.TimestampBuilder).AppendValues([]arrow.Timestamp{1_700_000_000_000_000_001, 1_700_000_000_000_000_000}, nil)
	inf := 1e308
	b.Field(1).(*array.Float64Builder).AppendValues([]float64{inf * 10, 1.5}, nil)
	b.Field(2).(*array.Float64Builder).AppendValues([]float64{inf*10 - inf*10, 1.5}, nil)
	for _, v := range []string{"-128", "12345678901234567890123456789012345678901234.5"} {
		must(t, b.Field(3).AppendValueFromString(v))
	}
	b.Field(4).(*array.TimestampBuilder).AppendValues([]arrow.Timestamp{0, 1}, nil)
	want := `table ""
header_row 0, columns 5, data_rows 2
records 2 = header 0, data 2
nano: text, 1 of 2, proposed: timestamp
khung: text, 1 of 2, proposed: float
nan: float, nulls "nan" 1, 1 of 1, by file
lon: text, label "lớn", 2 of 2, by file
vung: timestamp, label "vùng", 2 of 2, by file
problem time-zone in vung, wanted UTC, 1
problem cell-type in nano, row 1, line 1, wanted timestamp, 1
problem cell-type in khung, row 1, line 1, wanted float, 1
problem null-token in nan, row 1, line 1, 1
nano,khung,nan,lớn,vùng
2023-11-14T22:13:20.000000001,Infinity,,-128.0,1970-01-01T00:00:00Z
2023-11-14T22:13:20,1.5,1.5,12345678901234567890123456789012345678901234.5,1970-01-01T00:00:01Z
`
	if d := cmp.Diff(want, tableText(t, parquetOf(t, b.NewRecord(), nil), Options{})); d != "" {
		t.Error(d)
	}
}

// Bytes that are text are text, as older programs write it; others stay behind.
func TestParquetBytes(t *testing.T) {
	s := fields("tên", arrow.BinaryTypes.Binary, "ảnh", arrow.BinaryTypes.Binary, "mảng", arrow.ListOf(arrow.BinaryTypes.Binary))
	b := array.NewRecordBuilder(memory.DefaultAllocator, s)
	b.Field(0).(*array.BinaryBuilder).AppendValues([][]byte{[]byte("Hồng Hà"), nil}, []bool{true, false})
	b.Field(1).(*array.BinaryBuilder).AppendValues([][]byte{{0x89, 'P', 'N', 'G'}, []byte("x")}, nil)
	l := b.Field(2).(*array.ListBuilder)
	for range 2 {
		l.Append(true)
		l.ValueBuilder().(*array.BinaryBuilder).Append([]byte{0, 1})
	}
	got := tableText(t, parquetOf(t, b.NewRecord(), nil), Options{})
	want := "table \"\"\nheader_row 0, columns 1, data_rows 2\nrecords 2 = header 0, data 2\nten: text, label \"tên\", empty 1, 1 of 1, by file\nproblem binary-column, wanted text, 2\ntên\nHồng Hà\n\n"
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// GeoParquet: longitude and latitude, and another system that names itself,
// become a geometry in it; one that nobody knows is asked for, one that cannot be
// told is refused.
func TestGeoParquet(t *testing.T) {
	s := fields("tên", arrow.BinaryTypes.String, "hình", arrow.BinaryTypes.Binary)
	b := array.NewRecordBuilder(memory.DefaultAllocator, s)
	b.Field(0).(*array.StringBuilder).AppendValues([]string{"a", "b", "c"}, nil)
	b.Field(1).(*array.BinaryBuilder).AppendValues([][]byte{geometry.AppendPoint(nil, 105.8, 21), nil, geometry.AppendPoint(nil, 21, 105.8)}, []bool{true, false, true})
	rec := b.NewRecord()
	geo := func(crs string) string {
		return tableText(t, parquetOf(t, rec, map[string]string{"geo": `{"version":"1.1.0","primary_column":"hình","columns":{"hình":{"encoding":"WKB","geometry_types":[]` + crs + `}}}`}), Options{})
	}
	want := `table ""
header_row 0, columns 2, data_rows 3
records 3 = header 0, data 3
ten: text, label "tên", 3 of 3, by file
hinh: geometry, label "hình", empty 1, 2 of 2, by file
problem geometry-range in hinh, row 3, line 3, wanted longitude, latitude, 1
tên,hình
a,POINT (105.8 21)
b,
c,POINT (21 105.8)
`
	for _, crs := range []string{"", `,"crs":{"id":{"authority":"OGC","code":"CRS84"}}`, `,"crs":{"id":{"authority":"EPSG","code":4326}}`} {
		if d := cmp.Diff(want, geo(crs)); d != "" {
			t.Errorf("%s: %s", crs, d)
		}
	}
	for crs, want := range map[string]string{`,"crs":null`: "question crs of hinh", `,"crs":{"type":"ProjectedCRS","name":"local grid"}`: "refused geojson-crs\n"} {
		if got := geo(crs); !strings.Contains(got, want) {
			t.Errorf("%s: %s", crs, got)
		}
	}
	f, err := openText(t, parquetOf(t, rec, map[string]string{"geo": `{"columns":{"hình":{"encoding":"WKB","crs":{"id":{"authority":"EPSG","code":3405}}}}}`}), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if r := f.Report.Tables[0]; r.Fields[1].CRS != "EPSG:3405" || len(r.Problems) > 0 || len(f.Report.Questions) > 0 {
		t.Errorf("VN-2000: %+v", r)
	}
}

// Nothing but cells and names of columns is taken: a rare word in every other
// place of the file is in no report and no table; one in a cell is in no report.
func TestParquetHoldsNothingElse(t *testing.T) {
	const word = "Qwzyxkanarie"
	s := arrow.NewSchema([]arrow.Field{{Name: "a", Type: arrow.BinaryTypes.String, Metadata: arrow.MetadataFrom(map[string]string{"comment": word})}},
		func() *arrow.Metadata { m := arrow.MetadataFrom(map[string]string{"who": word}); return &m }())
	rec := recordOf(t, s, `[{"a":"x"},{"a":"y"}]`)
	text := parquetOf(t, rec, map[string]string{word: word, "pandas": `{"creator":"` + word + `"}`, "geo": `{"note":"` + word + `"}`}, parquet.WithCreatedBy(word))
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
	f, err = openText(t, parquetOf(t, recordOf(t, fields("a", arrow.BinaryTypes.String), `[{"a":"`+word+`"}]`), nil), Options{})
	must(t, err)
	if report, err = json.Marshal(f.Report); err != nil || bytes.Contains(report, []byte(word)) {
		t.Errorf("the report holds a value: %s", report)
	}
	// Damage in any byte is told without it.
	for i := range len(text) {
		_, err := openText(t, text[:i]+"\xff"+text[i+1:], Options{})
		var r *Refusal
		if err != nil && (!errors.As(err, &r) || strings.Contains(err.Error(), word)) {
			t.Fatalf("byte %d: %v", i, err)
		}
	}
}

// parquetRefused are the files among parquet-testing's that are not read, by
// the name of what they need. Two have checksums that do not hold.
var parquetRefused = map[string]string{
	"binary.parquet":                                 "binary-columns",
	"fixed_length_byte_array.parquet":                "binary-columns",
	"large_string_map.brotli.parquet":                "too-large", // one page of 2 GiB
	"datapage_v1-corrupt-checksum.parquet":           "parquet",
	"rle-dict-uncompressed-corrupt-checksum.parquet": "parquet",
}

func TestParquetTesting(t *testing.T) {
	dir := shared(t, "bad/parquet-testing")
	count := func(pattern string, check func(name, refused string)) (read, refused int) {
		files, err := filepath.Glob(filepath.Join(dir, pattern))
		must(t, err)
		for _, path := range files {
			f, err := open(t, path, Options{})
			var r *Refusal
			switch {
			case errors.As(err, &r):
				refused++
				check(filepath.Base(path), r.Code)
				continue
			case err != nil:
				t.Errorf("%s: %v", path, err)
				continue
			}
			read++
			check(filepath.Base(path), "")
			checkWhole(t, path, f)
		}
		return read, refused
	}
	read, refused := count("data/*.parquet", func(name, refused string) {
		if want := parquetRefused[name]; refused != want {
			t.Errorf("%s: refused %q, want %q", name, refused, want)
		}
	})
	t.Logf("data: %d read, %d refused", read, refused)
	if read < 50 {
		t.Errorf("%d files read", read)
	}
	read, refused = count("bad_data/*.parquet", func(name, refused string) {
		if refused == "" {
			t.Errorf("%s: read", name)
		}
	})
	t.Logf("bad_data: %d read, %d refused", read, refused)
}

// A claim costs nothing until it is kept: counts, lengths and levels that lie.
func TestParquetLies(t *testing.T) {
	text := parquetOf(t, recordOf(t, fields("a", arrow.PrimitiveTypes.Int64), "["+strings.Repeat(`{"a":null},`, 999)+`{"a":1}]`), nil)
	for name, lie := range map[string]func(string) string{
		"no end":      func(s string) string { return s[:len(s)-1] },
		"no start":    func(s string) string { return "PAR1" + s[len(s)-8:] },
		"long footer": func(s string) string { return s[:len(s)-8] + "\xff\xff\xff\x7fPAR1" },
		"encrypted":   func(s string) string { return s[:len(s)-4] + "PARE" },
		"no footer":   func(s string) string { return s[:len(s)-8] + "\x00\x00\x00\x00PAR1" },
	} {
		_, err := openText(t, lie(text), Options{})
		var r *Refusal
		want := "parquet"
		if name == "encrypted" {
			want = name
		}
		if !errors.As(err, &r) || name != "no end" && r.Code != want {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := openText(t, text, Options{Limits: Limits{Inflated: 100}}); err == nil || !strings.Contains(err.Error(), "over a limit") {
		t.Errorf("inflated: %v", err)
	}
	// Rows that are a run of nulls are counted as they come out.
	big := parquetOf(t, recordOf(t, fields("a", arrow.PrimitiveTypes.Int64), "["+strings.Repeat(`{"a":null},`, 100_000)+`{"a":1}]`), nil)
	if _, err := openText(t, big, Options{Limits: Limits{Inflated: 50_000}}); err == nil || !strings.Contains(err.Error(), "over a limit") {
		t.Errorf("nulls: %v", err)
	}
}

func TestLZ4Pages(t *testing.T) {
	raw := []byte(strings.Repeat("Hồng Hà ", 100))
	var block []byte
	// Literals only: a length above 14 continues in bytes of 255.
	block = append(block, 0xf0)
	n := len(raw) - 15
	for ; n >= 255; n -= 255 {
		block = append(block, 255)
	}
	block = append(append(block, byte(n)), raw...)
	hadoop := append([]byte{0, 0, byte(len(raw) >> 8), byte(len(raw)), 0, 0, byte(len(block) >> 8), byte(len(block))}, block...)
	for name, c := range map[string]struct {
		codec int
		src   []byte
		ok    bool
	}{
		"raw": {codecLZ4Raw, block, true}, "hadoop": {codecLZ4, hadoop, true}, "older": {codecLZ4, block, true},
		"cut": {codecLZ4Raw, block[:len(block)-1], false}, "hadoop cut": {codecLZ4, hadoop[:len(hadoop)-1], false}, "framed as raw": {codecLZ4Raw, hadoop, false},
	} {
		dst := make([]byte, len(raw))
		if ok := unpack(c.codec, dst, c.src); ok != c.ok || ok && !bytes.Equal(dst, raw) {
			t.Errorf("%s: %v", name, ok)
		}
	}
}

// FuzzParquet: whatever the bytes, no panic; refused with a known code, or
// every record accounted for, and the table written and read again is the same.
func FuzzParquet(f *testing.F) {
	rec := recordOf(f, everyType, everyRow)
	f.Add([]byte(parquetOf(f, rec, nil)))
	f.Add([]byte(parquetOf(f, rec, nil, parquet.WithDataPageVersion(parquet.DataPageV2), parquet.WithDictionaryDefault(false))))
	small := recordOf(f, fields("a", arrow.BinaryTypes.String, "b", arrow.ListOf(arrow.BinaryTypes.String)), `[{"a":"x","b":["y",null]},{"a":null,"b":null}]`)
	for _, e := range []parquet.Encoding{parquet.Encodings.DeltaByteArray, parquet.Encodings.DeltaLengthByteArray} {
		f.Add([]byte(parquetOf(f, small, nil, parquet.WithDictionaryDefault(false), parquet.WithEncoding(e))))
	}
	f.Add([]byte(parquetOf(f, recordOf(f, fields("a", arrow.PrimitiveTypes.Int32), `[{"a":1},{"a":5}]`), nil, parquet.WithDictionaryDefault(false), parquet.WithEncoding(parquet.Encodings.DeltaBinaryPacked))))
	f.Fuzz(func(t *testing.T, in []byte) {
		if len(in) > 1<<16 || len(in) < 4 || string(in[:4]) != "PAR1" {
			return
		}
		checkBounded(t, string(in), "x.parquet")
	})
}

// checkBounded is checkFuzzed for files whose rows may cost them nothing: what
// comes out is limited first.
func checkBounded(t *testing.T, in, name string) {
	if _, err := Open(t.Context(), strings.NewReader(in), int64(len(in)), name, Options{Limits: Limits{Inflated: 1 << 20}}); err == nil {
		checkFuzzed(t, in, name)
	}
}

// The values of a handful of files of other programs, as their own readers give them.
func TestParquetForeignValues(t *testing.T) {
	dir := shared(t, "bad/parquet-testing/data")
	for name, want := range map[string]string{
		"int96_from_spark.parquet":      "2024-01-01T20:34:56.123456 2024-01-01T01:00:00 9999-12-31T03:00:00 2024-12-30T23:00:00 ",
		"byte_array_decimal.parquet":    "1.00 2.00 3.00",
		"hadoop_lz4_compressed.parquet": "1593604800 1593604800 1593604801",
		"nested_maps.snappy.parquet":    `{"a":[[1,true],[2,false]]} {"b":[[1,true]]} {"c":null}`,
	} {
		t.Run(name, func(t *testing.T) {
			f, err := open(t, filepath.Join(dir, name), Options{})
			must(t, err)
			var got []string
			for _, row := range canonical(t, f.Tables[0]) {
				got = append(got, row[0])
			}
			n := len(strings.Split(want, " "))
			if strings.Join(got[:n], " ") != want {
				t.Errorf("got %q", got[:n])
			}
		})
	}
}
