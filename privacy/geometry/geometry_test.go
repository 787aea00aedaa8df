package geometry_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"daylight/privacy/geometry"
)

// One geometry of every type, with two coordinates and with Z, in its two texts.
var shapes = []struct{ kind, geojson, wkt string }{
	{"Point", `{"type":"Point","coordinates":[105.8048,21.0285]}`, "POINT (105.8048 21.0285)"},
	{"Point Z", `{"type":"Point","coordinates":[-122.8,38.75,2.34]}`, "POINT Z (-122.8 38.75 2.34)"},
	{"LineString", `{"type":"LineString","coordinates":[[0,0],[1.5,-2]]}`, "LINESTRING (0 0, 1.5 -2)"},
	{"LineString Z", `{"type":"LineString","coordinates":[[0,0,1],[1,1,2]]}`, "LINESTRING Z (0 0 1, 1 1 2)"},
	{"Polygon", `{"type":"Polygon","coordinates":[[[0,0],[4,0],[4,4],[0,0]],[[1,1],[2,1],[2,2],[1,1]]]}`,
		"POLYGON ((0 0, 4 0, 4 4, 0 0), (1 1, 2 1, 2 2, 1 1))"},
	{"Polygon Z", `{"type":"Polygon","coordinates":[[[0,0,1],[4,0,1],[4,4,1],[0,0,1]]]}`, "POLYGON Z ((0 0 1, 4 0 1, 4 4 1, 0 0 1))"},
	{"MultiPoint", `{"type":"MultiPoint","coordinates":[[1,2],[3,4]]}`, "MULTIPOINT ((1 2), (3 4))"},
	{"MultiLineString", `{"type":"MultiLineString","coordinates":[[[1,2],[3,4]],[[5,6],[7,8],[9,10]]]}`,
		"MULTILINESTRING ((1 2, 3 4), (5 6, 7 8, 9 10))"},
	{"MultiPolygon", `{"type":"MultiPolygon","coordinates":[[[[0,0],[1,0],[1,1],[0,0]]],[[[5,5],[6,5],[6,6],[5,5]]]]}`,
		"MULTIPOLYGON (((0 0, 1 0, 1 1, 0 0)), ((5 5, 6 5, 6 6, 5 5)))"},
	{"GeometryCollection Z", `{"type":"GeometryCollection","geometries":[{"type":"Point","coordinates":[1,2,3]},{"type":"GeometryCollection","geometries":[{"type":"MultiPoint","coordinates":[[1,2,3]]}]}]}`,
		"GEOMETRYCOLLECTION Z (POINT Z (1 2 3), GEOMETRYCOLLECTION Z (MULTIPOINT Z ((1 2 3))))"},
	{"Point", `{"type":"Point","coordinates":[1e-7,1e+21]}`, "POINT (1e-07 1e+21)"},
	{"Point", `{"type":"Point","coordinates":[-0,0.30000000000000004]}`, "POINT (-0 0.30000000000000004)"},
}

func TestShapes(t *testing.T) {
	for _, s := range shapes {
		t.Run(s.wkt, func(t *testing.T) {
			wkb, err := geometry.AppendWKB([]byte("before"), []byte(s.geojson))
			if err != nil || !bytes.HasPrefix(wkb, []byte("before")) {
				t.Fatalf("AppendWKB: %v", err)
			}
			wkb = wkb[len("before"):]
			if err := geometry.Valid(wkb); err != nil {
				t.Fatal(err)
			}
			if got := geometry.Kind(wkb); got != s.kind {
				t.Errorf("kind %q, want %q", got, s.kind)
			}
			wkt, err := geometry.AppendWKT(nil, wkb)
			if err != nil || string(wkt) != s.wkt {
				t.Errorf("WKT %s (%v), want %s", wkt, err, s.wkt)
			}
			back(t, wkb)
		})
	}
}

// back reads both texts of a geometry and wants its very bytes again.
func back(t *testing.T, wkb []byte) {
	t.Helper()
	wkt, err := geometry.AppendWKT(nil, wkb)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := geometry.ParseWKT(nil, wkt); err != nil || !bytes.Equal(again, wkb) {
		t.Errorf("%s: WKT reads back as %x (%v), want %x", wkt, again, err, wkb)
	}
	text, err := geometry.AppendGeoJSON(nil, wkb)
	if err != nil || !json.Valid(text) {
		t.Fatalf("%s: %v", text, err)
	}
	if again, err := geometry.AppendWKB(nil, text); err != nil || !bytes.Equal(again, wkb) {
		t.Errorf("%s: GeoJSON reads back as %x (%v), want %x", text, again, err, wkb)
	}
}

// What other programs write, byte for byte: PostGIS's ST_AsBinary and shapely's
// to_wkb(flavor="iso") give this for the same geometries.
func TestBytes(t *testing.T) {
	for geojson, want := range map[string]string{
		`{"type":"Point","coordinates":[1,2]}`:                         "0101000000000000000000f03f0000000000000040",
		`{"type":"Point","coordinates":[1,2,3]}`:                       "01e9030000000000000000f03f00000000000000400000000000000840",
		`{"type":"LineString","coordinates":[[1,2],[3,4]]}`:            "010200000002000000000000000000f03f000000000000004000000000000008400000000000001040",
		`{"type":"MultiPoint","coordinates":[[1,2]]}`:                  "0104000000010000000101000000000000000000f03f0000000000000040",
		` { "coordinates" : [ 1.0 , 2 ] , "bbox":[1], "type":"Point"}`: "0101000000000000000000f03f0000000000000040",
	} {
		wkb, err := geometry.AppendWKB(nil, []byte(geojson))
		if got := hex.EncodeToString(wkb); err != nil || got != want {
			t.Errorf("%s: %s (%v), want %s", geojson, got, err, want)
		}
	}
}

func TestRefusedGeoJSON(t *testing.T) {
	deep := strings.Repeat(`{"type":"GeometryCollection","geometries":[`, 10) + `{"type":"Point","coordinates":[1,2]}` + strings.Repeat(`]}`, 10)
	for _, c := range []struct{ name, in, code string }{
		{"nothing", ``, geometry.Type},
		{"null", `null`, geometry.Type},
		{"an array", `[1,2]`, geometry.Type},
		{"no type", `{"coordinates":[1,2]}`, geometry.Type},
		{"type unknown", `{"type":"Circle","coordinates":[1,2]}`, geometry.Type},
		{"type in capitals", `{"type":"POINT","coordinates":[1,2]}`, geometry.Type},
		{"a feature", `{"type":"Feature","geometry":null}`, geometry.Type},
		{"type twice", `{"type":"Point","type":"Point","coordinates":[1,2]}`, geometry.Syntax},
		{"coordinates twice", `{"type":"Point","coordinates":[1,2],"coordinates":[3,4]}`, geometry.Syntax},
		{"both members", `{"type":"Point","coordinates":[1,2],"geometries":[]}`, geometry.Type},
		{"collection without members", `{"type":"GeometryCollection","coordinates":[1,2]}`, geometry.Type},
		{"something behind", `{"type":"Point","coordinates":[1,2]} x`, geometry.Syntax},
		{"no end", `{"type":"Point","coordinates":[1,2]`, geometry.Syntax},
		{"trailing comma", `{"type":"Point","coordinates":[1,2,]}`, geometry.Coordinate},
		{"trailing comma outside", `{"type":"Point","coordinates":[1,2],}`, geometry.Syntax},
		{"foreign member is no JSON", `{"type":"Point","x":nix,"coordinates":[1,2]}`, geometry.Syntax},
		{"brackets crossed", `{"type":"Point","coordinates":[1,2}]`, geometry.Syntax},
		{"one number", `{"type":"Point","coordinates":[1]}`, geometry.Dimension},
		{"four numbers", `{"type":"Point","coordinates":[1,2,3,4]}`, geometry.Dimension},
		{"two here, three there", `{"type":"LineString","coordinates":[[1,2],[1,2,3]]}`, geometry.Dimension},
		{"three here, two there", `{"type":"LineString","coordinates":[[1,2,3],[1,2]]}`, geometry.Dimension},
		{"text", `{"type":"Point","coordinates":["1","2"]}`, geometry.Coordinate},
		{"a null coordinate", `{"type":"Point","coordinates":[1,null]}`, geometry.Coordinate},
		{"NaN", `{"type":"Point","coordinates":[NaN,1]}`, geometry.Coordinate},
		{"beyond a double", `{"type":"Point","coordinates":[1e999,1]}`, geometry.Coordinate},
		{"leading zero", `{"type":"Point","coordinates":[01,1]}`, geometry.Syntax},
		{"plus", `{"type":"Point","coordinates":[+1,1]}`, geometry.Coordinate},
		{"no digit behind the point", `{"type":"Point","coordinates":[1.,1]}`, geometry.Coordinate},
		{"too flat", `{"type":"LineString","coordinates":[1,2]}`, geometry.Dimension},
		{"too deep", `{"type":"Point","coordinates":[[1,2]]}`, geometry.Coordinate},
		{"empty point", `{"type":"Point","coordinates":[]}`, geometry.Empty},
		{"empty polygon", `{"type":"Polygon","coordinates":[]}`, geometry.Empty},
		{"empty collection", `{"type":"GeometryCollection","geometries":[]}`, geometry.Empty},
		{"line of one", `{"type":"LineString","coordinates":[[1,2]]}`, geometry.Short},
		{"ring of three", `{"type":"Polygon","coordinates":[[[0,0],[1,1],[0,0]]]}`, geometry.Short},
		{"open ring", `{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,1]]]}`, geometry.RingOpen},
		{"collections of collections", deep, geometry.Deep},
		{"brackets of brackets", `{"type":"Point","x":` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + `,"coordinates":[1,2]}`, geometry.Deep},
		{"too large", `{"type":"MultiPoint","coordinates":[[1,2]` + strings.Repeat(",[1,2]", geometry.MaxBytes/21+1) + `]}`, geometry.Large},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := geometry.AppendWKB([]byte("dst"), []byte(c.in))
			refused(t, err, c.code, len(c.in))
			if string(got) != "dst" {
				t.Errorf("dst is %q after an error", got)
			}
		})
	}
}

func refused(t *testing.T, err error, code string, size int) {
	t.Helper()
	var e *geometry.Error
	if !errors.As(err, &e) || e.Code != code {
		t.Fatalf("error %v, want code %s", err, code)
	}
	if e.At < 0 || e.At > size {
		t.Errorf("position %d in %d bytes", e.At, size)
	}
}

// An error may say where, never what.
func TestErrorsHoldNoCoordinate(t *testing.T) {
	_, err := geometry.AppendWKB(nil, []byte(`{"type":"Point","coordinates":[105.80481234,"21.02859876"]}`))
	if err == nil || strings.Contains(err.Error(), "105") || strings.Contains(err.Error(), "0285") {
		t.Errorf("error %v", err)
	}
}

func TestRefusedWKT(t *testing.T) {
	for _, in := range []string{"", "POINT", "POINT(1 2)", "POINT (1 2) ", "POINT ( 1 2)", "point (1 2)", "POINT (1  2)", "POINT Z (1 2)", "POINT (1 2 3)",
		"POINT M (1 2 3)", "POINT EMPTY", "SRID=4326;POINT (1 2)", "MULTIPOINT (1 2, 3 4)", "LINESTRING (1 2,3 4)", "LINESTRING (1 2)",
		"POLYGON ((0 0, 1 0, 1 1, 0 1))", "GEOMETRYCOLLECTION Z (POINT (1 2))", "GEOMETRYCOLLECTION ()", "POINT (1 2 3 4)", "POINT (NaN 2)", "CIRCLE (1 2)"} {
		if got, err := geometry.ParseWKT([]byte("dst"), []byte(in)); err == nil || string(got) != "dst" {
			t.Errorf("%q: %q, %v", in, got, err)
		}
	}
}

func TestRefusedWKB(t *testing.T) {
	of := func(geojson string) []byte {
		b, err := geometry.AppendWKB(nil, []byte(geojson))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	put := func(b []byte, at int, v uint32) []byte {
		b = bytes.Clone(b)
		binary.LittleEndian.PutUint32(b[at:], v)
		return b
	}
	pt, line := of(`{"type":"Point","coordinates":[1,2]}`), of(`{"type":"LineString","coordinates":[[1,2],[3,4]]}`)
	poly := of(`{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,0]]]}`)
	multi := of(`{"type":"MultiPoint","coordinates":[[1,2],[3,4]]}`)
	nested := bytes.Clone(pt)
	for range geometry.MaxDepth + 1 {
		nested = append([]byte{1, 7, 0, 0, 0, 1, 0, 0, 0}, nested...)
	}
	nan := bytes.Clone(pt)
	binary.LittleEndian.PutUint64(nan[5:], math.Float64bits(math.NaN()))
	open := bytes.Clone(poly)
	open[len(open)-1] = 0x40
	big := append([]byte{0}, pt[1:]...)
	for _, c := range []struct {
		name string
		in   []byte
		code string
	}{
		{"nothing", nil, geometry.Type},
		{"a head alone", pt[:5], geometry.Syntax},
		{"big-endian", big, geometry.Type},
		{"EWKB with an SRID", put(pt, 1, 0x20000001), geometry.Type},
		{"EWKB with Z", put(pt, 1, 0x80000001), geometry.Type},
		{"with M", put(pt, 1, 2001), geometry.Type},
		{"type 0", put(pt, 1, 0), geometry.Type},
		{"type 1000", put(pt, 1, 1000), geometry.Type},
		{"a curve", put(pt, 1, 8), geometry.Type},
		{"cut", line[:len(line)-1], geometry.Syntax},
		{"something behind", append(bytes.Clone(pt), 0), geometry.Syntax},
		{"four thousand million positions", put(line, 5, math.MaxUint32), geometry.Syntax},
		{"four thousand million rings", put(poly, 5, math.MaxUint32), geometry.Syntax},
		{"four thousand million members", put(multi, 5, math.MaxUint32), geometry.Syntax},
		{"no positions", put(line, 5, 0), geometry.Empty},
		{"one position", put(line, 5, 1), geometry.Short},
		{"a line among points", put(multi, 10, 2), geometry.Type},
		{"a point with Z among points without", put(multi, 10, 1001), geometry.Dimension},
		{"not a number", nan, geometry.Coordinate},
		{"open ring", open, geometry.RingOpen},
		{"nested too deep", nested, geometry.Deep},
		{"too large", make([]byte, geometry.MaxBytes+1), geometry.Large},
	} {
		t.Run(c.name, func(t *testing.T) {
			refused(t, geometry.Valid(c.in), c.code, len(c.in))
			for _, f := range []func(a, b []byte) ([]byte, error){geometry.AppendWKT, geometry.AppendGeoJSON} {
				if got, err := f([]byte("dst"), c.in); err == nil || string(got) != "dst" {
					t.Errorf("written as %q", got)
				}
			}
		})
	}
}

func TestBounds(t *testing.T) {
	var b geometry.Bounds
	if b.Box() != nil {
		t.Error("a box around nothing")
	}
	add := func(s string) {
		wkb, err := geometry.AppendWKB(nil, []byte(s))
		if err != nil {
			t.Fatal(err)
		}
		b.Add(wkb)
	}
	add(`{"type":"MultiPolygon","coordinates":[[[[102,8],[103,8],[103,9],[102,8]]],[[[109,23],[110,23],[110,24],[109,23]]]]}`)
	if got := fmt.Sprint(b.Box()); got != "[102 8 110 24]" {
		t.Errorf("box %s", got)
	}
	if !b.InRange() || b.Swapped() {
		t.Error("Vietnam is in range and not swapped")
	}
	add(`{"type":"GeometryCollection","geometries":[{"type":"Point","coordinates":[100,10,-5]},{"type":"LineString","coordinates":[[1,2,7],[3,4,8]]}]}`)
	if got := fmt.Sprint(b.Box()); got != "[1 2 -5 110 24 8]" || b.NZ != 3 || b.N != 11 {
		t.Errorf("box %s, %d positions, %d with Z", got, b.N, b.NZ)
	}
	b = geometry.Bounds{}
	add(`{"type":"Point","coordinates":[21.0285,105.8048]}`)
	if b.InRange() || !b.Swapped() {
		t.Error("latitude first was not seen")
	}
	b = geometry.Bounds{}
	add(`{"type":"Point","coordinates":[587000,2325000]}`)
	if b.InRange() || b.Swapped() {
		t.Error("metres are neither in range nor swapped")
	}
}

func TestPoint(t *testing.T) {
	wkb := geometry.AppendPoint(nil, 105.75, 21.25)
	x, y, _, z, ok := geometry.Point(wkb)
	if geometry.Valid(wkb) != nil || x != 105.75 || y != 21.25 || z || !ok {
		t.Errorf("%v %v %v %v", x, y, z, ok)
	}
	line, _ := geometry.ParseWKT(nil, []byte("LINESTRING (0 0, 1 1)"))
	if _, _, _, _, ok := geometry.Point(line); ok {
		t.Error("a line was taken for a point")
	}
}

// Reading coordinates is what a large map costs; the texts need no memory of their own.
func TestAllocations(t *testing.T) {
	wkb, err := geometry.AppendWKB(nil, []byte(shapes[8].geojson))
	if err != nil {
		t.Fatal(err)
	}
	dst := make([]byte, 0, 4096)
	if n := testing.AllocsPerRun(100, func() { geometry.Valid(wkb) }); n > 0 {
		t.Errorf("Valid allocates %v times", n)
	}
	if n := testing.AllocsPerRun(100, func() { dst, _ = geometry.AppendWKT(dst[:0], wkb) }); n > 16 {
		t.Errorf("AppendWKT allocates %v times", n)
	}
}

func FuzzWKB(f *testing.F) {
	for _, s := range shapes {
		wkb, _ := geometry.AppendWKB(nil, []byte(s.geojson))
		f.Add(wkb)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		geometry.Kind(b)
		geometry.Point(b)
		if geometry.Valid(b) != nil {
			return
		}
		var box geometry.Bounds
		box.Add(b)
		if box.N == 0 {
			t.Error("a valid geometry without positions")
		}
		back(t, b)
	})
}

func FuzzGeoJSON(f *testing.F) {
	for _, s := range shapes {
		f.Add([]byte(s.geojson))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		wkb, err := geometry.AppendWKB(nil, b)
		if err != nil {
			return
		}
		if !json.Valid(b) {
			t.Errorf("%q was read and is no JSON", b)
		}
		if err := geometry.Valid(wkb); err != nil {
			t.Errorf("%q was read and is not valid: %v", b, err)
		}
		back(t, wkb)
	})
}

func FuzzWKT(f *testing.F) {
	for _, s := range shapes {
		f.Add([]byte(s.wkt))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		wkb, err := geometry.ParseWKT(nil, b)
		if err != nil {
			return
		}
		if err := geometry.Valid(wkb); err != nil {
			t.Errorf("%q was read and is not valid: %v", b, err)
		}
		back(t, wkb)
	})
}

// hexBytes of WKB as other programs write it.
func hexBytes(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

const (
	one  = "3ff0000000000000"
	two  = "4000000000000000"
	nan  = "7ff8000000000000"
	oneL = "000000000000f03f"
	twoL = "0000000000000040"
)

func TestForeign(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"big-endian", "00 00000001" + one + two, "POINT (1 2)"},
		{"little-endian", "01 01000000" + oneL + twoL, "POINT (1 2)"},
		{"ISO with Z", "00 000003e9" + one + two + one, "POINT Z (1 2 1)"},
		{"ISO with M, which is left out", "00 000007d1" + one + two + one, "POINT (1 2)"},
		{"ISO with Z and M", "00 00000bb9" + one + two + two + one, "POINT Z (1 2 2)"},
		{"PostGIS with a system, Z and M", "00 e0000001 000010e6" + one + two + two + one, "POINT Z (1 2 2)"},
		{"members of another byte order", "00 00000004 00000002" + "01 01000000" + oneL + twoL + "00 00000001" + two + one, "MULTIPOINT ((1 2), (2 1))"},
		{"an empty member", "00 00000007 00000002" + "00 00000002 00000000" + "00 00000001" + two + one, "GEOMETRYCOLLECTION (POINT (2 1))"},
	} {
		got, measures, err := geometry.AppendForeign([]byte("x"), hexBytes(t, c.in))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if measures != strings.Contains(c.name, "M") {
			t.Errorf("%s: measures %v", c.name, measures)
		}
		text, err := geometry.AppendWKT(nil, got[1:])
		if err != nil || string(text) != c.want {
			t.Errorf("%s: got %s, %v", c.name, text, err)
		}
	}
	for _, c := range []struct{ name, in, code string }{
		{"nothing", "", geometry.Syntax},
		{"an empty point", "00 00000001" + nan + nan, geometry.Empty},
		{"an empty line", "00 00000002 00000000", geometry.Empty},
		{"an empty collection", "00 00000007 00000000", geometry.Empty},
		{"four thousand million positions", "00 00000002 ffffffff" + one + two, geometry.Syntax},
		{"as many rings", "00 00000003 ffffffff 00000000", geometry.Syntax},
		{"bytes behind", "00 00000001" + one + two + "00", geometry.Syntax},
		{"a curve", "00 00000008 00000000", geometry.Type},
		{"a line among points", "00 00000004 00000001" + "00 00000002 00000002" + one + two + two + one, geometry.Type},
		{"Z here and none there", "00 00000004 00000001" + "00 000003e9" + one + two + one, geometry.Dimension},
		{"an open ring", "00 00000003 00000001 00000004" + one + one + two + two + one + two + two + one, geometry.RingOpen},
		{"no number", "00 00000002 00000002" + one + nan + one + two, geometry.Coordinate},
		{"too deep", strings.Repeat("00 00000007 00000001", 40) + "00 00000001" + one + two, geometry.Deep},
	} {
		out, _, err := geometry.AppendForeign([]byte("x"), hexBytes(t, c.in))
		var e *geometry.Error
		if !errors.As(err, &e) || e.Code != c.code || string(out) != "x" {
			t.Errorf("%s: got %v, want %s", c.name, err, c.code)
		}
	}
}

func FuzzForeign(f *testing.F) {
	f.Add(hexBytes(f, "00 e0000001 000010e6"+one+two+two+one))
	f.Add(hexBytes(f, "00 00000004 00000002"+"01 01000000"+oneL+twoL+"00 00000001"+two+one))
	f.Add(hexBytes(f, "00 00000003 00000001 00000004"+one+one+two+two+one+two+one+one))
	f.Fuzz(func(t *testing.T, in []byte) {
		out, _, err := geometry.AppendForeign(nil, in)
		if err != nil {
			return
		}
		if err := geometry.Valid(out); err != nil {
			t.Fatal(err)
		}
		again, _, err := geometry.AppendForeign(nil, out)
		if err != nil || string(again) != string(out) {
			t.Fatalf("read again: %v", err)
		}
	})
}
