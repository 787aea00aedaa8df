package datasets

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/apache/arrow/go/v17/parquet/file"
	"github.com/google/go-cmp/cmp"

	"daylight/privacy"
	"daylight/privacy/geometry"
)

func TestGeoJSONBytes(t *testing.T) {
	money := &arrow.Decimal128Type{Precision: 38, Scale: 2}
	rec := record("ten so vi_tri tien dung ngay le",
		column(text, "Bến \"A\"\n", nil),
		column(whole, int64(1<<53), int64(1<<53+1)),
		column(shapes, shape("POINT (105.8048 21.0285)"), nil),
		column(money, dec(t, "999999999999999999999999999999999999.90", 38, 2), dec(t, "0.10", 38, 2)),
		column(truth, true, nil),
		column(date, day("2025-07-01"), nil),
		column(float, 0.1, math.Inf(1)))
	want := `{"type":"FeatureCollection","columns":["ten","so","vi_tri","tien","dung","ngay","le"],"geometry_column":"vi_tri","features":[
{"type":"Feature","properties":{"ten":"Bến \"A\"\n","so":9007199254740992,"tien":999999999999999999999999999999999999.90,"dung":true,"ngay":"2025-07-01","le":0.1},"geometry":{"type":"Point","coordinates":[105.8048,21.0285]}},
{"type":"Feature","properties":{"ten":null,"so":"9007199254740993","tien":0.10,"dung":null,"ngay":null,"le":"+Inf"},"geometry":null}
]}
`
	got := writeTable(t, geojsonFormat, rec)
	if d := cmp.Diff(want, string(got)); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
	if !json.Valid(got) {
		t.Error("no JSON")
	}
}

// Every table is JSON to the letter, whatever stands in it.
func TestGeoJSONIsJSON(t *testing.T) {
	for name, tab := range hardTables(t) {
		b := writeTable(t, geojsonFormat, fit(geojsonFormat, tab.rec))
		var doc struct {
			Type     string
			Columns  []string
			Features []struct {
				Type       string
				Properties map[string]any
				Geometry   any
			}
		}
		if err := json.Unmarshal(b, &doc); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if doc.Type != "FeatureCollection" || int64(len(doc.Features)) != tab.rec.NumRows() || len(doc.Features[0].Properties) != len(doc.Columns)-1 {
			t.Errorf("%s: %s with %d features, columns %v", name, doc.Type, len(doc.Features), doc.Columns)
		}
	}
}

func TestGeoJSONTakesOneGeometry(t *testing.T) {
	point := column(shapes, shape("POINT (1 2)"))
	for names, cols := range map[string][]arrow.Array{"a": {column(text, "x")}, "a b": {point, point}} {
		rec := record(names, cols...)
		for _, f := range formatsFor(rec.Schema()) {
			if f.Name == "geojson" {
				t.Errorf("%s: taken", names)
			}
		}
		if _, err := newGeoJSON(&memFile{}, rec.Schema()); err == nil {
			t.Errorf("%s: written", names)
		}
	}
	if n := len(formatsFor(record("a", point).Schema())); n != len(Formats) {
		t.Errorf("%d formats for a table with a geometry, want all", n)
	}
}

func TestGeoJSONReaderIsStrict(t *testing.T) {
	good := string(writeTable(t, geojsonFormat, record("a g", column(text, "x", "y"), column(shapes, shape("POINT (1 2)"), nil))))
	for name, change := range map[string][2]string{
		"nothing":               {good, ""},
		"no type":               {"FeatureCollection", "Collection"},
		"no geometry column":    {`"geometry_column":"g"`, `"geometry_column":"a1"`},
		"a space":               {`"columns":[`, `"columns": [`},
		"no end":                {"\n]}\n", "\n"},
		"end cut":               {"]}\n", "]}"},
		"more behind the end":   {"]}\n", "]}\n{}\n"},
		"no comma":              {"},\n", "}\n"},
		"a comma too many":      {"null}\n", "null},\n"},
		"another key":           {`"properties":{"a":"x"`, `"properties":{"b":"x"`},
		"a property more":       {`{"a":"x"`, `{"a":"x","b":1`},
		"a property less":       {`{"a":"x"}`, `{}`},
		"a property twice":      {`{"a":"x"`, `{"a":"x","a":"x"`},
		"an array":              {`{"a":"x"`, `{"a":[]`},
		"no value":              {`{"a":"x"`, `{"a":`},
		"no JSON":               {`{"a":"x"`, `{"a":nope`},
		"a number that is none": {`{"a":"x"`, `{"a":01`},
		"an open text":          {`{"a":"x"`, `{"a":"x`},
		"no geometry":           {`"geometry":{"type":"Point","coordinates":[1,2]}`, `"geometry":{}`},
		"one coordinate":        {`[1,2]`, `[1]`},
		"a member more":         {`"geometry":null}`, `"geometry":null,"id":1}`},
		"not UTF-8":             {`{"a":"x"`, "{\"a\":\"\xff\""},
		"half a pair":           {`{"a":"x"`, `{"a":"\uZZZZ"`},
	} {
		b := strings.Replace(good, change[0], change[1], 1)
		if b == good {
			t.Fatalf("%s: nothing to change", name)
		}
		if err := readToEnd(t, geojsonFormat, []byte(b)); !errors.Is(err, errGeoJSON) {
			t.Errorf("%s: got %v, want errGeoJSON", name, err)
		}
	}
	if err := readToEnd(t, geojsonFormat, []byte(good)); err != nil {
		t.Error(err)
	}
}

// readToEnd gives the error that reading a file ends with.
func readToEnd(t testing.TB, f Format, b []byte) error {
	t.Helper()
	tab, err := f.Read(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return err
	}
	rows, err := tab.Rows(t.Context())
	if err != nil {
		return err
	}
	defer rows.Release()
	for rows.Next() {
	}
	return rows.Err()
}

func FuzzGeoJSON(f *testing.F) {
	f.Add("a", "b\n", int64(5), true)
	f.Add("\\u0041\"", "\x00\x7f\u2028", int64(math.MinInt64), false)
	f.Fuzz(func(t *testing.T, a, b string, n int64, isNull bool) {
		a, b = strings.ToValidUTF8(a, ""), strings.ToValidUTF8(b, "")
		var c, g any = b, shape("POINT (1 2)")
		if isNull {
			c, g = nil, nil
		}
		rec := record("x g y n", column(text, a, c), column(shapes, g, shape("LINESTRING (0 0, 1 1)")), column(text, c, a), column(whole, n, 0))
		file := writeTable(t, geojsonFormat, rec)
		if !json.Valid(file) {
			t.Errorf("no JSON: %q", file)
		}
		if got, want := gridOf(t, open(t, geojsonFormat, file))[1:], gridRows(rec); !cmp.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

// FuzzGeoJSONRead: whatever lies in the file, the reader does not panic.
func FuzzGeoJSONRead(f *testing.F) {
	f.Add(writeTable(f, geojsonFormat, record("a g", column(text, "x", "y"), column(shapes, shape("POINT (1 2)"), nil))))
	f.Fuzz(func(t *testing.T, b []byte) { readToEnd(t, geojsonFormat, b) })
}

// What GeoParquet 1.1.0 wants in the footer, of the rows that are in the file
// and of no others.
func TestGeoParquetMetadata(t *testing.T) {
	rec := record("vi_tri ten vung",
		column(shapes, shape("POINT Z (100 10 -5)"), shape("POINT (106 21)"), nil, shape("POINT (179 89)")),
		column(text, "a", "b", "c", "d"),
		column(shapes, shape("MULTIPOLYGON (((0 0, 1 0, 1 1, 0 0)))"), shape("POLYGON ((5 5, 6 5, 6 7, 5 5))"), nil, nil))
	for name, c := range map[string]struct {
		rec  arrow.Record
		want string
	}{
		"three rows": {rec.NewSlice(0, 3), `{"version":"1.1.0","primary_column":"vi_tri","columns":{` +
			`"vi_tri":{"encoding":"WKB","geometry_types":["Point","Point Z"],"bbox":[100,10,-5,106,21,-5]},` +
			`"vung":{"encoding":"WKB","geometry_types":["MultiPolygon","Polygon"],"bbox":[0,0,6,7]}}}`},
		"only nulls": {record("vung", column(shapes, nil, nil)), `{"version":"1.1.0","primary_column":"vung","columns":{"vung":{"encoding":"WKB","geometry_types":[]}}}`},
	} {
		r, err := file.NewParquetReader(bytes.NewReader(writeTable(t, parquetFormat, c.rec)))
		if err != nil {
			t.Fatal(err)
		}
		got := r.MetaData().KeyValueMetadata().FindValue("geo")
		if got == nil || *got != c.want {
			t.Errorf("%s: geo = %s\nwant %s", name, deref(got), c.want)
		}
		for i := range c.rec.Columns() {
			chunk, err := r.MetaData().RowGroup(0).ColumnChunk(i)
			if err != nil {
				t.Fatal(err)
			}
			if c.rec.Column(i).DataType().ID() != arrow.BINARY {
				continue
			}
			if set, _ := chunk.StatsSet(); set {
				t.Errorf("%s: the footer has statistics of a geometry's bytes", name)
			}
		}
		r.Close()
	}
	r, err := file.NewParquetReader(bytes.NewReader(writeTable(t, parquetFormat, record("a", column(text, "x")))))
	if err != nil {
		t.Fatal(err)
	}
	if r.MetaData().KeyValueMetadata().FindValue("geo") != nil {
		t.Error("a table without geometry says it has one")
	}
}

// Coordinates of another system are published with its definition, and not in
// GeoJSON, which knows one system alone.
func TestOtherSystems(t *testing.T) {
	for system, want := range map[string]string{
		"EPSG:3405":  `"crs":{"$schema":"https://proj.org/schemas/v0.7/projjson.schema.json","type":"ProjectedCRS","name":"VN-2000 / UTM zone 48N",`,
		"EPSG:4756":  `"crs":{"$schema":"https://proj.org/schemas/v0.7/projjson.schema.json","type":"GeographicCRS","name":"VN-2000",`,
		"EPSG:27700": `"crs":null,`,
		"unknown":    `"crs":null,`,
		"OGC:CRS84":  `"WKB","geometry_types":["Point"],"bbox"`,
	} {
		rec := record("g", column(shapes, shape("POINT (587000 2325000)")))
		s := arrow.NewSchema([]arrow.Field{{Name: "g", Type: arrow.BinaryTypes.Binary, Metadata: arrow.NewMetadata([]string{privacy.MetaGeometry}, []string{system})}}, nil)
		rec = array.NewRecord(s, rec.Columns(), 1)
		if takes := geojsonFormat.Takes(s); takes != (system == privacy.CRS84) {
			t.Errorf("%s: GeoJSON takes it: %v", system, takes)
		}
		b := writeTable(t, parquetFormat, rec)
		r, err := file.NewParquetReader(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		geo := deref(r.MetaData().KeyValueMetadata().FindValue("geo"))
		if !strings.Contains(geo, want) || !json.Valid([]byte(geo)) {
			t.Errorf("%s: geo = %s", system, geo)
		}
		r.Close()
		for _, f := range []Format{parquetFormat, arrowFormat} {
			got := open(t, f, writeTable(t, f, rec)).Schema().Field(0)
			if systemOf(got) != system {
				t.Errorf("%s, %s: read back as %s", system, f.Name, systemOf(got))
			}
		}
	}
}

func deref(s *string) string {
	if s == nil {
		return "(none)"
	}
	return *s
}

func TestStatsOfGeometry(t *testing.T) {
	got := statsOf(t, record("g h", column(shapes, shape("POINT (105 21)"), nil, shape("LINESTRING (104 20, 106 22)"), shape("POINT (105 21)")),
		column(shapes, nil, nil, nil, nil)))
	want := []Column{
		{Key: "g", Label: "Nhãn g", Type: "geometry", CRS: "OGC:CRS84", Nulls: 1, Distinct: 2, DistinctExact: true, Bounds: []float64{104, 20, 106, 22}},
		{Key: "h", Label: "Nhãn h", Type: "geometry", CRS: "OGC:CRS84", Nulls: 4, DistinctExact: true},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

func TestInvalidGeometryIsRefused(t *testing.T) {
	b := array.NewBinaryBuilder(memory.NewGoAllocator(), arrow.BinaryTypes.Binary)
	b.Append(geometry.AppendPoint(nil, 1, 2))
	b.Append([]byte("079185001234"))
	rec := record("g", b.NewArray())
	schema, err := publicSchema(rec.Schema())
	if err != nil {
		t.Fatal(err)
	}
	p := newPacker(schema, func(arrow.Record) error { return nil })
	if err := p.Write(rec); err == nil || !strings.Contains(err.Error(), "row 2") || strings.Contains(err.Error(), "0791") {
		t.Errorf("got %v, want an error about row 2", err)
	}
}
