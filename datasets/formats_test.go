package datasets

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/decimal128"
	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/google/go-cmp/cmp"

	"daylight/privacy"
	"daylight/privacy/geometry"
)

// memFile is what a format writes into: it tells its place and cannot go back.
type memFile struct{ bytes.Buffer }

func (m *memFile) Seek(off int64, whence int) (int64, error) {
	if off != 0 || whence != io.SeekCurrent {
		return 0, errors.New("seek")
	}
	return int64(m.Len()), nil
}

// grid is a table as text: a header and cells, "\x00" for null.
type grid [][]string

const null = "\x00"

func gridOf(t *testing.T, tab privacy.Table) grid {
	t.Helper()
	var head []string
	for _, f := range tab.Schema().Fields() {
		head = append(head, f.Name)
	}
	rows, err := tab.Rows(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Release()
	out := grid{head}
	for rows.Next() {
		out = append(out, gridRows(rows.Record())...)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

func gridRows(rec arrow.Record) grid {
	var out grid
	for i := range int(rec.NumRows()) {
		row := make([]string, rec.NumCols())
		for c, col := range rec.Columns() {
			if row[c] = null; col.IsValid(i) {
				row[c] = string(privacy.AppendCell(nil, col, i))
			}
		}
		out = append(out, row)
	}
	return out
}

func writeTable(t testing.TB, f Format, recs ...arrow.Record) []byte {
	t.Helper()
	schema, err := publicSchema(recs[0].Schema())
	if err != nil {
		t.Fatal(err)
	}
	var m memFile
	w, err := f.New(&m, schema)
	if err != nil {
		t.Fatal(err)
	}
	p := newPacker(schema, w.Write)
	for _, r := range recs {
		if err := p.Write(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(p.Close(), w.Close()); err != nil {
		t.Fatal(err)
	}
	return m.Bytes()
}

// column builds an array of the values; nil is null.
func column(typ arrow.DataType, values ...any) arrow.Array {
	b := array.NewBuilder(memory.NewGoAllocator(), typ)
	for _, v := range values {
		switch v := v.(type) {
		case nil:
			b.AppendNull()
		case string:
			b.(*array.StringBuilder).Append(v)
		case shape:
			wkb, err := geometry.ParseWKT(nil, []byte(v))
			if err != nil {
				panic(err)
			}
			b.(*array.BinaryBuilder).Append(wkb)
		case int:
			b.(*array.Int64Builder).Append(int64(v))
		case int64:
			b.(*array.Int64Builder).Append(v)
		case float64:
			b.(*array.Float64Builder).Append(v)
		case bool:
			b.(*array.BooleanBuilder).Append(v)
		case decimal128.Num:
			b.(*array.Decimal128Builder).Append(v)
		case arrow.Date32:
			b.(*array.Date32Builder).Append(v)
		case arrow.Timestamp:
			b.(*array.TimestampBuilder).Append(v)
		default:
			panic(fmt.Sprintf("%T", v))
		}
	}
	return b.NewArray()
}

func record(names string, cols ...arrow.Array) arrow.Record {
	var fields []arrow.Field
	for i, n := range strings.Fields(names) {
		meta := map[string]string{privacy.MetaLabel: "Nhãn " + n}
		if cols[i].DataType().ID() == arrow.BINARY {
			meta[privacy.MetaGeometry] = privacy.CRS84
		}
		fields = append(fields, arrow.Field{Name: n, Type: cols[i].DataType(), Nullable: true, Metadata: arrow.MetadataFrom(meta)})
	}
	return array.NewRecord(arrow.NewSchema(fields, nil), cols, int64(cols[0].Len()))
}

// shape is the WKT of a geometry.
type shape string

// fit gives the record a column more if the format takes only tables that have
// one: a point a row, each tenth null.
func fit(f Format, rec arrow.Record) arrow.Record {
	if f.Takes == nil || f.Takes(rec.Schema()) {
		return rec
	}
	b := array.NewBinaryBuilder(memory.NewGoAllocator(), arrow.BinaryTypes.Binary)
	for i := range int(rec.NumRows()) {
		if i%10 == 9 {
			b.AppendNull()
		} else {
			b.Append(geometry.AppendPoint(nil, float64(i)/1000, 21))
		}
	}
	added := record("vi_tri", b.NewArray())
	fields := slices.Concat(rec.Schema().Fields()[:1:1], added.Schema().Fields(), rec.Schema().Fields()[1:])
	cols := slices.Concat(rec.Columns()[:1:1], added.Columns(), rec.Columns()[1:])
	return array.NewRecord(arrow.NewSchema(fields, nil), cols, rec.NumRows())
}

// fitted is what a table of the cells of want becomes by fit.
func fitted(f Format, rec arrow.Record, want grid) grid {
	if fit(f, rec) == rec {
		return want
	}
	out := grid{slices.Insert(slices.Clone(want[0]), 1, "vi_tri")}
	for i, row := range gridRows(fit(f, rec)) {
		out = append(out, slices.Insert(slices.Clone(want[i+1]), 1, row[1]))
	}
	return out
}

func day(s string) arrow.Date32 {
	at, err := time.Parse("2006-01-02", s)
	if err != nil {
		panic(err)
	}
	return arrow.Date32FromTime(at)
}

func us(s string) arrow.Timestamp {
	at, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		panic(err)
	}
	return arrow.Timestamp(at.UnixMicro())
}

func dec(t testing.TB, s string, p, scale int32) decimal128.Num {
	n, err := decimal128.FromString(s, p, scale)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

var (
	text   = arrow.BinaryTypes.String
	whole  = arrow.PrimitiveTypes.Int64
	float  = arrow.PrimitiveTypes.Float64
	truth  = arrow.FixedWidthTypes.Boolean
	date   = arrow.FixedWidthTypes.Date32
	local  = &arrow.TimestampType{Unit: arrow.Microsecond}
	hanoi  = &arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: "+07:00"}
	shapes = arrow.BinaryTypes.Binary
	utc    = &arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: "UTC"}
)

// hardTables are what every format must give back unchanged.
func hardTables(t testing.TB) map[string]struct {
	rec  arrow.Record
	want grid
} {
	long := strings.Repeat("Điều khoản “dài” ", 100_000)
	money := &arrow.Decimal128Type{Precision: 38, Scale: 2}
	small := &arrow.Decimal128Type{Precision: 5, Scale: 4}
	round := &arrow.Decimal128Type{Precision: 20, Scale: 0}
	type table = struct {
		rec  arrow.Record
		want grid
	}
	one := func(a arrow.Array, want ...string) table {
		g := grid{{"c"}}
		for _, w := range want {
			g = append(g, []string{w})
		}
		return table{record("c", a), g}
	}
	return map[string]table{
		"null and empty text": one(column(text, "", nil, "a", nil, ""), "", null, "a", null, ""),
		"one null row":        one(column(text, nil), null),
		"only nulls, number":  one(column(whole, nil, nil, nil), null, null, null),
		"quotes and line ends": one(column(text, `"`, `""`, "a,b", "a\nb", "a\r\nb", "\r", "\n", `say "x", y`, `\.`, ",", "\"\n\""),
			`"`, `""`, "a,b", "a\nb", "a\r\nb", "\r", "\n", `say "x", y`, `\.`, ",", "\"\n\""),
		"formula-like text stays": one(column(text, "=1+1", "+84", "-x", "@SUM(A1)", "\tx", " x ", "'0123"),
			"=1+1", "+84", "-x", "@SUM(A1)", "\tx", " x ", "'0123"),
		"unicode": one(column(text, "Đặng Thị Ánh", "e\u0301", "\u00e9", "\ufeff", "a\x00b", "\u2028", "𠀀"),
			"Đặng Thị Ánh", "e\u0301", "\u00e9", "\ufeff", "a\x00b", "\u2028", "𠀀"),
		"very long text": one(column(text, long, nil, "x"), long, null, "x"),
		"int64 extremes": one(column(whole, int64(math.MinInt64), int64(math.MaxInt64), 0, -1, nil),
			"-9223372036854775808", "9223372036854775807", "0", "-1", null),
		"floats": one(column(float, 0.1, math.MaxFloat64, math.SmallestNonzeroFloat64, math.Copysign(0, -1), math.Inf(1), math.Inf(-1), math.NaN(), nil, 1e21, 1.0/3),
			"0.1", "1.7976931348623157e+308", "5e-324", "-0", "+Inf", "-Inf", "NaN", null, "1e+21", "0.3333333333333333"),
		"decimals": {record("a b c",
			column(money, dec(t, "-0.10", 38, 2), dec(t, "999999999999999999999999999999999999.99", 38, 2), nil),
			column(small, dec(t, "0.0001", 5, 4), dec(t, "-9.9999", 5, 4), dec(t, "0.0000", 5, 4)),
			column(round, dec(t, "12345678901234567890", 20, 0), nil, dec(t, "-1", 20, 0))), grid{
			{"a", "b", "c"},
			{"-0.10", "0.0001", "12345678901234567890"},
			{"999999999999999999999999999999999999.99", "-9.9999", null},
			{null, "0.0000", "-1"}}},
		"dates": one(column(date, day("1969-12-31"), day("0001-01-01"), day("1970-01-01"), day("2024-02-29"), day("9999-12-31"), nil, day("1858-11-17")),
			"1969-12-31", "0001-01-01", "1970-01-01", "2024-02-29", "9999-12-31", null, "1858-11-17"),
		"timestamps": {record("a b c",
			column(local, us("1969-12-31T23:59:59.999999Z"), us("2025-07-01T08:30:00Z"), nil),
			column(hanoi, us("2025-07-01T01:30:00Z"), us("1945-09-02T07:00:00.5Z"), nil),
			column(utc, us("2025-07-01T01:30:00Z"), nil, us("0001-01-01T00:00:00Z"))), grid{
			{"a", "b", "c"},
			{"1969-12-31T23:59:59.999999", "2025-07-01T08:30:00+07:00", "2025-07-01T01:30:00Z"},
			{"2025-07-01T08:30:00", "1945-09-02T14:00:00.5+07:00", null},
			{null, null, "0001-01-01T00:00:00Z"}}},
		"truth": one(column(truth, true, false, nil), "true", "false", null),
		"geometries": {record("ten vi_tri so",
			column(text, "điểm", "cao", "đường", "vùng", "nhiều", "trống"),
			column(shapes, shape("POINT (105.8048 21.0285)"), shape("POINT Z (-122.8 38.75 2.34)"), shape("LINESTRING (0.1 -0, 1e-07 0.30000000000000004)"),
				shape("POLYGON ((0 0, 4 0, 4 4, 0 0), (1 1, 2 1, 2 2, 1 1))"), shape("GEOMETRYCOLLECTION (MULTIPOINT ((1 2), (3 4)), POINT (5 6))"), nil),
			column(whole, 1, 2, 3, 4, 5, 6)), grid{
			{"ten", "vi_tri", "so"},
			{"điểm", "POINT (105.8048 21.0285)", "1"},
			{"cao", "POINT Z (-122.8 38.75 2.34)", "2"},
			{"đường", "LINESTRING (0.1 -0, 1e-07 0.30000000000000004)", "3"},
			{"vùng", "POLYGON ((0 0, 4 0, 4 4, 0 0), (1 1, 2 1, 2 2, 1 1))", "4"},
			{"nhiều", "GEOMETRYCOLLECTION (MULTIPOINT ((1 2), (3 4)), POINT (5 6))", "5"},
			{"trống", null, "6"}}},
		"only nulls, geometry": one(column(shapes, nil, nil), null, null),
		"escapes of JSON": one(column(text, `\`, "\\u0041", "\b\f\x1f", "null", "true", "1e999", "}", `"},"geometry":null}`, "</script>"),
			`\`, "\\u0041", "\b\f\x1f", "null", "true", "1e999", "}", `"},"geometry":null}`, "</script>"),
	}
}

func TestFormatsKeepEveryCell(t *testing.T) {
	for name, tab := range hardTables(t) {
		for _, f := range Formats {
			t.Run(f.Name+"/"+name, func(t *testing.T) {
				b := writeTable(t, f, fit(f, tab.rec))
				got, err := f.Read(bytes.NewReader(b), int64(len(b)))
				if err != nil {
					t.Fatal(err)
				}
				want := fitted(f, tab.rec, tab.want)
				if d := cmp.Diff(want, gridOf(t, got)); d != "" {
					t.Errorf("(-want +got)\n%s", d)
				}
				// a Table can be read again from the start
				if d := cmp.Diff(want, gridOf(t, got)); d != "" {
					t.Errorf("second reading (-want +got)\n%s", d)
				}
			})
		}
	}
}

// A table of many batches and several row groups, with what changes half-way:
// nulls that begin late, text that no longer repeats itself.
func TestFormatsManyBatches(t *testing.T) {
	const n = 3*batchRows + 17
	schema := record("id kind name at", column(whole), column(text), column(text), column(date)).Schema()
	b := array.NewRecordBuilder(memory.NewGoAllocator(), schema)
	want := grid{{"id", "kind", "name", "at"}}
	for i := range n {
		row := []string{fmt.Sprint(i), fmt.Sprintf("loại %d", i%7), null, "1999-01-01"}
		b.Field(0).(*array.Int64Builder).Append(int64(i))
		if i > 2*batchRows {
			row[1] = fmt.Sprintf("riêng %d", i)
		}
		b.Field(1).(*array.StringBuilder).Append(row[1])
		if i%3 > 0 && i > batchRows {
			row[2] = fmt.Sprintf("tên %d", i*i)
			b.Field(2).(*array.StringBuilder).Append(row[2])
		} else {
			b.Field(2).AppendNull()
		}
		b.Field(3).(*array.Date32Builder).Append(day("1999-01-01"))
		want = append(want, row)
	}
	rec := b.NewRecord()
	for _, f := range Formats {
		t.Run(f.Name, func(t *testing.T) {
			want, rec := fitted(f, rec, want), fit(f, rec)
			whole := writeTable(t, f, rec)
			got, err := f.Read(bytes.NewReader(whole), int64(len(whole)))
			if err != nil {
				t.Fatal(err)
			}
			if g := gridOf(t, got); !slices.EqualFunc(want, g, slices.Equal) {
				t.Fatalf("%d rows, want %d, or other cells", len(g), len(want))
			}
			// the same rows in other pieces give the same bytes
			var pieces []arrow.Record
			for at, size := int64(0), int64(1); at < n; at, size = at+size, size*3 {
				pieces = append(pieces, rec.NewSlice(at, min(n, at+size)))
			}
			if !bytes.Equal(whole, writeTable(t, f, pieces...)) {
				t.Error("the bytes depend on how the rows came")
			}
		})
	}
}

// Arrow lets a null keep the value beneath it, and a slice the rows around it.
func TestFormatsShowNothingBeneath(t *testing.T) {
	const secret = "079185001234"
	values := memory.NewBufferBytes([]byte(secret + "xy" + secret))
	offsets := memory.NewBufferBytes(arrow.Int32Traits.CastToBytes([]int32{0, 12, 14, 26}))
	valid := memory.NewBufferBytes([]byte{0b010})
	names := array.NewStringData(array.NewData(text, 3, []*memory.Buffer{valid, offsets, values}, nil, 2, 0))
	point := geometry.AppendPoint(nil, 105.75, 21.25)
	hidden := append(bytes.Repeat([]byte(secret), 2)[:21], append(point, bytes.Repeat([]byte(secret), 2)[:21]...)...)
	places := array.NewBinaryData(array.NewData(shapes, 3, []*memory.Buffer{valid,
		memory.NewBufferBytes(arrow.Int32Traits.CastToBytes([]int32{0, 21, 42, 63})), memory.NewBufferBytes(hidden)}, nil, 2, 0))
	numbers := array.NewInt64Data(array.NewData(whole, 3, []*memory.Buffer{valid,
		memory.NewBufferBytes(arrow.Int64Traits.CastToBytes([]int64{0x3132333435363738, 5, 0x3132333435363738}))}, nil, 2, 0))
	rec := record("a c b", names, places, numbers)
	for _, f := range Formats {
		for _, r := range []arrow.Record{rec, rec.NewSlice(1, 2)} {
			b := writeTable(t, f, fit(f, r))
			for _, s := range []string{secret, "87654321", "12345678"} {
				if bytes.Contains(b, []byte(s)) {
					t.Errorf("%s: a value beneath a null, or outside the slice, is in the file", f.Name)
				}
			}
			if got := gridOf(t, open(t, f, b)); !slices.ContainsFunc(got, func(r []string) bool { return r[0] == "xy" && r[len(r)-1] == "5" }) {
				t.Errorf("%s: got %q", f.Name, got)
			}
		}
	}
}

func open(t *testing.T, f Format, b []byte) privacy.Table {
	t.Helper()
	tab, err := f.Read(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	return tab
}

func TestTypedFormatsKeepSchema(t *testing.T) {
	rec := record("a b c d e f g h", column(text, "x"), column(whole, 1), column(float, 1.5), column(truth, true),
		column(date, day("2025-01-01")), column(local, us("2025-01-01T00:00:00Z")), column(hanoi, us("2025-01-01T00:00:00Z")), column(shapes, shape("POINT (1 2)")))
	want, err := publicSchema(rec.Schema())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range Formats {
		if f.Name == "csv" || f.Name == "geojson" {
			continue // without types
		}
		got := open(t, f, writeTable(t, f, rec)).Schema()
		if !got.Equal(want) || got.Metadata().Len() != 0 {
			t.Errorf("%s: got\n%s\nwant\n%s", f.Name, got, want)
		}
		if l, _ := got.Field(2).Metadata.GetValue(privacy.MetaLabel); l != "Nhãn c" {
			t.Errorf("%s: label %q", f.Name, l)
		}
	}
}

func TestPublicSchemaRefuses(t *testing.T) {
	for name, s := range map[string]*arrow.Schema{
		"no columns": arrow.NewSchema(nil, nil),
		"twice":      arrow.NewSchema([]arrow.Field{{Name: "a", Type: text}, {Name: "a", Type: text}}, nil),
		"no key":     arrow.NewSchema([]arrow.Field{{Type: text}}, nil),
		"bytes":      arrow.NewSchema([]arrow.Field{{Name: "a", Type: arrow.BinaryTypes.Binary}}, nil),
		"other place": arrow.NewSchema([]arrow.Field{{Name: "a", Type: arrow.BinaryTypes.Binary,
			Metadata: arrow.NewMetadata([]string{privacy.MetaGeometry}, []string{"phường Đống Đa"})}}, nil),
		"text as geometry": arrow.NewSchema([]arrow.Field{{Name: "a", Type: text,
			Metadata: arrow.NewMetadata([]string{privacy.MetaGeometry}, []string{privacy.CRS84})}}, nil),
		"unit": arrow.NewSchema([]arrow.Field{{Name: "a", Type: arrow.FixedWidthTypes.Timestamp_ns}}, nil),
		"zone": arrow.NewSchema([]arrow.Field{{Name: "a", Type: &arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: "nowhere"}}}, nil),
	} {
		if _, err := publicSchema(s); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	s, err := publicSchema(arrow.NewSchema([]arrow.Field{{Name: "a", Type: text,
		Metadata: arrow.NewMetadata([]string{"source", "label"}, []string{"DS ca nhan.xlsx", "A"})}}, ptr(arrow.NewMetadata([]string{"author"}, []string{"x"}))))
	if err != nil || s.Metadata().Len() != 0 || s.Field(0).Metadata.Len() != 1 {
		t.Errorf("metadata that is not meant to be read is kept: %v %v", s, err)
	}
}

func ptr[T any](v T) *T { return &v }

func TestBrokenFilesAreErrors(t *testing.T) {
	rec := record("a b", column(text, "x", "y", nil), column(whole, 1, 2, nil))
	for _, f := range Formats {
		good := writeTable(t, f, fit(f, rec))
		for name, b := range map[string][]byte{
			"empty": nil, "cut": good[:len(good)-1], "half": good[:len(good)/2], "zeros": make([]byte, len(good)),
		} {
			tab, err := f.Read(bytes.NewReader(b), int64(len(b)))
			if err != nil {
				continue
			}
			rows, err := tab.Rows(t.Context())
			if err != nil {
				continue
			}
			for rows.Next() {
			}
			if rows.Err() == nil {
				t.Errorf("%s, %s: read without an error", f.Name, name)
			}
			rows.Release()
		}
	}
}

func TestInvalidTextIsRefused(t *testing.T) {
	rec := record("a", column(text, "x", "\xff"))
	schema, _ := publicSchema(rec.Schema())
	p := newPacker(schema, func(arrow.Record) error { return nil })
	if err := p.Write(rec); err == nil || !strings.Contains(err.Error(), "row 2") {
		t.Errorf("got %v, want an error about row 2", err)
	}
}

// Every file of the family has its line in the table.
func TestFormatsTableIsWhole(t *testing.T) {
	in := map[string]bool{}
	for _, f := range Formats {
		in[f.Name] = true
		if f.Ext != "."+f.Name || f.MediaType == "" || f.New == nil || f.Read == nil {
			t.Errorf("%s: incomplete entry", f.Name)
		}
		if _, err := os.Stat(f.Name + ".go"); err != nil {
			t.Errorf("%s: its writer is not in %s.go", f.Name, f.Name)
		}
	}
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), ".go") {
			continue
		}
		b, err := os.ReadFile(f.Name())
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimSuffix(f.Name(), ".go")
		if bytes.Contains(b, []byte("= Format{\n")) && !in[name] {
			t.Errorf("%s declares a Format that Formats does not list", f.Name())
		}
	}
}

func TestCSVBytes(t *testing.T) {
	rec := record("ten so", column(text, "", nil, "a,\"b\"", "=1"), column(whole, nil, -5, 7, 8))
	want := "ten,so\n\"\",\n,-5\n\"a,\"\"b\"\"\",7\n=1,8\n"
	if got := string(writeTable(t, csvFormat, rec)); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestCSVReaderIsStrict(t *testing.T) {
	for _, s := range []string{
		"", "\n", "a", "\xef\xbb\xbfa\n", "a,\n1,2\n", "a\r\n1\r\n", "a\nx\"y\n", "a\n\"x\n", "a\n\"x\"y\n", "a\n1,2\n", "a,b\n1\n", "a\n\xff\n",
	} {
		tab, err := readCSV(strings.NewReader(s), int64(len(s)))
		if err == nil {
			var rows array.RecordReader
			if rows, err = tab.Rows(t.Context()); err == nil {
				for rows.Next() {
				}
				err = rows.Err()
			}
		}
		if !errors.Is(err, errCSV) {
			t.Errorf("%q: got %v, want errCSV", s, err)
		}
	}
	if got, want := gridOf(t, open(t, csvFormat, []byte("a\n"))), (grid{{"a"}}); !cmp.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func FuzzCSV(f *testing.F) {
	f.Add("a", "b\n", true)
	f.Add("", `"`, false)
	f.Fuzz(func(t *testing.T, a, b string, isNull bool) {
		a, b = strings.ToValidUTF8(a, ""), strings.ToValidUTF8(b, "")
		var c any = b
		if isNull {
			c = nil
		}
		rec := record("x y", column(text, a, c), column(text, c, a))
		if got, want := gridOf(t, open(t, csvFormat, writeTable(t, csvFormat, rec)))[1:], gridRows(rec); !cmp.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}
