package format

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"daylight/privacy"
)

// A map in text, for shpOf: one shape a line, parts apart by "/", positions by
// commas: "0 0, 0 1, 1 1, 0 0 / 5 5". "" is the null shape.
func shpOf(kind uint32, shapes ...string) (shp, shx []byte) {
	head := make([]byte, shpHead)
	binary.BigEndian.PutUint32(head, 9994)
	binary.LittleEndian.PutUint32(head[28:], 1000)
	binary.LittleEndian.PutUint32(head[32:], kind)
	shp, shx = append(shp, head...), append(shx, head...)
	le := binary.LittleEndian
	for i, text := range shapes {
		var b []byte
		if text == "" {
			b = le.AppendUint32(nil, 0)
		} else {
			var xy, z, m, parts []byte
			n := 0
			for _, part := range strings.Split(text, "/") {
				parts = le.AppendUint32(parts, uint32(n))
				for _, p := range strings.Split(part, ",") {
					v := strings.Fields(p)
					for k, w := range v {
						f, _ := strconv.ParseFloat(w, 64)
						switch {
						case k < 2:
							xy = le.AppendUint64(xy, math.Float64bits(f))
						case k == 2 && kind/10 == 1:
							z = le.AppendUint64(z, math.Float64bits(f))
						default:
							m = le.AppendUint64(m, math.Float64bits(f))
						}
					}
					n++
				}
			}
			b = le.AppendUint32(nil, kind)
			box := make([]byte, 32)
			between := make([]byte, 16)
			switch kind % 10 {
			case shpPoint:
				b = append(append(append(b, xy...), z...), m...)
				xy = nil
			case shpMultiPoint:
				b = append(le.AppendUint32(append(b, box...), uint32(n)), xy...)
			default:
				b = le.AppendUint32(append(b, box...), uint32(len(parts)/4))
				b = append(append(le.AppendUint32(b, uint32(n)), parts...), xy...)
			}
			if xy != nil && len(z) > 0 {
				b = append(append(b, between...), z...)
			}
			if xy != nil && len(m) > 0 {
				b = append(append(b, between...), m...)
			}
		}
		place := binary.BigEndian.AppendUint32(nil, uint32(len(shp)/2))
		length := binary.BigEndian.AppendUint32(nil, uint32(len(b)/2))
		shx = append(append(shx, place...), length...)
		shp = append(append(binary.BigEndian.AppendUint32(shp, uint32(i+1)), length...), b...)
	}
	return shp, shx
}

func zipBytes(t testing.TB, files map[string][]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for name, text := range files {
		f, err := w.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		f.Write(text)
	}
	w.Close()
	return b.Bytes()
}

const prj84 = `GEOGCS["GCS_WGS_1984",DATUM["D_WGS_1984",SPHEROID["WGS_1984",6378137,298.257223563]],PRIMEM["Greenwich",0],UNIT["Degree",0.017453292519943295]]`

// prjHCM is the zone of three degrees of Thành phố Hồ Chí Minh.
const prjHCM = `PROJCS["VN_2000_TM3_105_45",GEOGCS["GCS_VN_2000",DATUM["D_Vietnam_2000",SPHEROID["WGS_1984",6378137.0,298.257223563]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Transverse_Mercator"],PARAMETER["False_Easting",500000.0],PARAMETER["False_Northing",0.0],PARAMETER["Central_Meridian",105.75],PARAMETER["Scale_Factor",0.9999],PARAMETER["Latitude_Of_Origin",0.0],UNIT["Meter",1.0]]`

// numbered is the table of a map: one row a shape.
func numbered(t testing.TB, n int) []byte {
	var rows []string
	for i := range n {
		rows = append(rows, fmt.Sprintf("%03d", i+1))
	}
	return dbfOf(t, 3, 0, "MA C 3", plainBytes, rows...)
}

func TestShapes(t *testing.T) {
	for _, c := range []struct {
		name    string
		kind    uint32
		shapes  []string
		want    []string
		problem string
	}{
		{"points, and none", 1, []string{"105.8 21", "", "nan nan", "-1.8e308 -1.8e308"}, []string{"POINT (105.8 21)", "", "", ""}, "geometry-empty 2"},
		{"points with Z and M", 11, []string{"105 21 8 3", "106 21 -2 -1e39"}, []string{"POINT Z (105 21 8)", "POINT Z (106 21 -2)"}, "geometry-measures 1"},
		{"points with M", 21, []string{"105 21 3"}, []string{"POINT (105 21)"}, "geometry-measures 1"},
		{"several points", 8, []string{"1 2, 3 4"}, []string{"MULTIPOINT ((1 2), (3 4))"}, ""},
		{"lines", 3, []string{"0 0, 1 1", "0 0, 1 1 / 2 2, 3 3 / 9 9"}, []string{"LINESTRING (0 0, 1 1)", "MULTILINESTRING ((0 0, 1 1), (2 2, 3 3))"}, "repaired 1"},
		{"a line with Z", 13, []string{"0 0 5, 1 1 6"}, []string{"LINESTRING Z (0 0 5, 1 1 6)"}, ""},
		{"a ring is turned, as WKB has it", 5, []string{"0 0, 0 1, 1 1, 0 0"}, []string{"POLYGON ((0 0, 1 1, 0 1, 0 0))"}, ""},
		{"an open ring is closed", 5, []string{"0 0, 0 1, 1 1"}, []string{"POLYGON ((0 0, 1 1, 0 1, 0 0))"}, "repaired 1"},
		{"a hole before its ring, and an island in it", 5,
			[]string{"1 1, 9 1, 9 9, 1 9, 1 1 / 0 0, 0 10, 10 10, 10 0, 0 0 / 4 4, 4 6, 6 6, 6 4, 4 4"},
			[]string{"MULTIPOLYGON (((0 0, 10 0, 10 10, 0 10, 0 0), (1 1, 1 9, 9 9, 9 1, 1 1)), ((4 4, 6 4, 6 6, 4 6, 4 4)))"}, ""},
		{"the hole of the island is the island's", 5,
			[]string{"0 0, 0 10, 10 10, 10 0, 0 0 / 4 4, 4 6, 6 6, 6 4, 4 4 / 4.5 4.5, 5.5 4.5, 5.5 5.5, 4.5 4.5"},
			[]string{"MULTIPOLYGON (((0 0, 10 0, 10 10, 0 10, 0 0)), ((4 4, 6 4, 6 6, 4 6, 4 4), (4.5 4.5, 5.5 5.5, 5.5 4.5, 4.5 4.5)))"}, ""},
		{"boxes overlap, rings do not", 5, // two triangles of one square, a hole in the upper one
			[]string{"0 0, 10 10, 10 0, 0 0 / 0 1, 0 11, 10 11, 0 1 / 1 5, 2 5, 2 6, 1 5"},
			[]string{"MULTIPOLYGON (((0 0, 10 0, 10 10, 0 0)), ((0 1, 10 11, 0 11, 0 1), (1 5, 2 6, 2 5, 1 5)))"}, ""},
		{"a hole that touches its ring", 5, []string{"0 0, 0 10, 10 10, 10 0, 0 0 / 20 0, 20 9, 29 9, 20 0 / 0 0, 3 1, 1 3, 0 0"},
			[]string{"MULTIPOLYGON (((0 0, 10 0, 10 10, 0 10, 0 0), (0 0, 1 3, 3 1, 0 0)), ((20 0, 29 9, 20 9, 20 0)))"}, ""},
		{"alone and the wrong way round", 5, []string{"0 0, 1 0, 1 1, 0 0"}, []string{"POLYGON ((0 0, 1 0, 1 1, 0 0))"}, "ring-direction 1"},
		{"no extent", 5, []string{"0 0, 0 0"}, []string{""}, "geometry-empty 1, repaired 1"},
		{"no number", 3, []string{"0 0, inf 1", "0 0, 1 1"}, []string{"", "LINESTRING (0 0, 1 1)"}, "geometry-broken 1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			shp, shx := shpOf(c.kind, c.shapes...)
			for _, index := range []bool{true, false} {
				files := map[string][]byte{"a.shp": shp, "a.dbf": numbered(t, len(c.shapes)), "a.prj": []byte(prj84)}
				if index {
					files["a.shx"] = shx
				}
				f, err := openBytes(t, zipBytes(t, files), "a.zip", Options{})
				if err != nil {
					t.Fatal(err)
				}
				checkWhole(t, c.name, f)
				var want strings.Builder
				for i, w := range c.want {
					fmt.Fprintf(&want, "%03d|%s\n", i+1, w)
				}
				if got := rowsOf(t, f, 0); got != want.String() {
					t.Errorf("got\n%swant\n%s", got, want.String())
				}
				var met []string
				for _, p := range f.Report.Tables[0].Problems {
					if p.Code != "geometry-range" {
						met = append(met, fmt.Sprint(p.Code, " ", p.Count))
					}
				}
				if got := strings.Join(met, ", "); got != c.problem {
					t.Errorf("problems: %s, want %s", got, c.problem)
				}
			}
		})
	}
}

// Layers in folders, extensions in capitals, a spreadsheet beside them; the
// system of each is its own.
func TestShapefileLayers(t *testing.T) {
	shp, shx := shpOf(shpPoint, "603000.5 1191000.25")
	deg, _ := shpOf(shpPoint, "106.7 10.8")
	f, err := openBytes(t, zipBytes(t, map[string][]byte{
		"bản đồ/TRAM.SHP": shp, "bản đồ/TRAM.SHX": shx, "bản đồ/TRAM.DBF": numbered(t, 1), "bản đồ/TRAM.PRJ": []byte(prjHCM),
		"bản đồ/TRAM.sbn": []byte("x"), "bản đồ/TRAM.shp.xml": []byte("<x/>"),
		"khac/Đường.shp": deg, "khac/Đường.dbf": numbered(t, 1), "khac/Đường.prj": []byte(prj84), "khac/Đường.cpg": []byte("UTF-8"),
		"so lieu.csv": []byte("a,b\n1,2\n"), "__MACOSX/khac/._Đường.shp": []byte("x"), "readme.txt": []byte("x"),
	}), "ban-do.zip", Options{})
	if err != nil {
		t.Fatal(err)
	}
	checkWhole(t, "layers", f)
	if len(f.Tables) != 2 || f.Report.Format != "shapefile" || len(f.Report.Questions) != 0 {
		t.Fatalf("%d tables, %s, %v", len(f.Tables), f.Report.Format, f.Report.Questions)
	}
	for i, want := range []struct{ name, system, row string }{{"TRAM", "EPSG:9210", "001|POINT (603000.5 1191000.25)\n"}, {"Đường", privacy.CRS84, "001|POINT (106.7 10.8)\n"}} {
		tr := f.Report.Tables[i]
		if tr.Name != want.name || tr.Fields[1].CRS != want.system || rowsOf(t, f, i) != want.row {
			t.Errorf("%s, %s: %s", tr.Name, tr.Fields[1].CRS, rowsOf(t, f, i))
		}
		if system, _ := f.Tables[i].Schema().Field(1).Metadata.GetValue(privacy.MetaGeometry); system != want.system {
			t.Errorf("the schema says %s", system)
		}
	}
	if p := f.Report.Tables[0].Problems; len(p) != 1 || p[0].Code != "archive-entry" || p[0].Count != 1 {
		t.Errorf("the file beside the maps: %+v", p)
	}
}

// Without a word on the system a person is asked, and answers in the plan.
func TestShapefileWithoutSystem(t *testing.T) {
	shp, _ := shpOf(shpPoint, "603000.5 1191000.25")
	for _, c := range []struct{ prj, answer, system, first string }{
		{"", "", "unknown", "EPSG:3405 VN-2000 / UTM zone 48N"},
		{`LOCAL_CS["phường Đống Đa",UNIT["metre",1]]`, "", "unknown", "EPSG:3405 VN-2000 / UTM zone 48N"},
		{"", "EPSG:9210", "EPSG:9210", ""},
		{"", "unknown", "unknown", ""},
		{prjHCM, "EPSG:3405", "EPSG:9210", ""}, // what the file says is not overruled
	} {
		files := map[string][]byte{"a.shp": shp, "a.dbf": numbered(t, 1)}
		if c.prj != "" {
			files["a.prj"] = []byte(c.prj)
		}
		f, err := openBytes(t, zipBytes(t, files), "a.zip", Options{Reading: &privacy.Reading{CRS: c.answer}})
		if err != nil {
			t.Fatal(err)
		}
		q := f.Report.Questions
		if f.Report.Tables[0].Fields[1].CRS != c.system || c.first == "" && len(q) > 0 || c.first != "" && (len(q) != 1 || q[0].Code != "crs" || q[0].Choices[0] != c.first) {
			t.Errorf("%+v: %s, questions %v", c, f.Report.Tables[0].Fields[1].CRS, q)
		}
	}
}

func TestShapefileHostile(t *testing.T) {
	shp, shx := shpOf(shpLine, "0 0, 1 1", "2 2, 3 3")
	patch := func(b []byte, at int, v uint32, big bool) []byte {
		b = bytes.Clone(b)
		if big {
			binary.BigEndian.PutUint32(b[at:], v)
		} else {
			binary.LittleEndian.PutUint32(b[at:], v)
		}
		return b
	}
	const record, parts, points = shpHead, shpHead + 8 + 36, shpHead + 8 + 40
	for name, c := range map[string]struct {
		shp, shx, dbf []byte
		code          string
	}{
		"no table":                                {shp, shx, nil, "shapefile-dbf"},
		"more rows than shapes":                   {shp, nil, numbered(t, 3), "shapefile-count"},
		"fewer rows than shapes":                  {shp, nil, numbered(t, 1), "shapefile-count"},
		"an index of another number":              {shp, shx[:len(shx)-8], numbered(t, 2), "shapefile-count"},
		"an index that points out of the file":    {shp, patch(shx, shpHead, 1<<30, true), numbered(t, 2), "shapefile"},
		"an index that points into its head":      {shp, patch(shx, shpHead, 3, true), numbered(t, 2), "shapefile"},
		"a record longer than the file":           {patch(shp, record+4, 1<<30, true), nil, numbered(t, 2), "shapefile"},
		"a record of no length":                   {patch(shp, record+4, 0, true), nil, numbered(t, 2), "shapefile"},
		"surfaces":                                {patch(shp, 32, shpMultiPatch, false), nil, numbered(t, 2), "shapefile-type"},
		"no shapefile":                            {patch(shp, 0, 1, true), nil, numbered(t, 2), "shapefile"},
		"cut":                                     {shp[:50], nil, numbered(t, 2), "shapefile"},
		"two thousand million positions":          {patch(shp, points, 1<<31-1, false), nil, numbered(t, 2), ""},
		"four thousand million parts":             {patch(shp, parts, 1<<32-1, false), nil, numbered(t, 2), ""},
		"a part that begins behind the last":      {patch(shp, points+4, 7, false), nil, numbered(t, 2), ""},
		"a shape of another kind than the head's": {patch(shp, record+8, shpPolygon, false), nil, numbered(t, 2), ""},
	} {
		files := map[string][]byte{"a.shp": c.shp, "a.prj": []byte(prj84)}
		if c.shx != nil {
			files["a.shx"] = c.shx
		}
		if c.dbf != nil {
			files["a.dbf"] = c.dbf
		}
		f, err := openBytes(t, zipBytes(t, files), "a.zip", Options{})
		if r, _ := err.(*Refusal); c.code != "" {
			if r == nil || r.Code != c.code {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := rowsOf(t, f, 0); got != "001|\n002|LINESTRING (2 2, 3 3)\n" {
			t.Errorf("%s: %s", name, got)
		}
	}
	// Every row asks for the one large shape: no more than the file is read.
	big := "0 0" + strings.Repeat(", 1 1", 5000)
	one, index := shpOf(shpLine, big)
	for range 998 {
		index = append(index, index[shpHead:shpHead+8]...)
	}
	_, err := openBytes(t, zipBytes(t, map[string][]byte{"a.shp": one, "a.shx": index, "a.dbf": numbered(t, 999)}), "a.zip", Options{})
	if r, _ := err.(*Refusal); r == nil || r.Code != "shapefile" {
		t.Errorf("one shape again and again: %v", err)
	}
}

// Rings by the ten thousand, each with a hole, none of which is looked for in
// all the others.
func TestShapefileManyRings(t *testing.T) {
	var rings []string
	for i := range 20_000 {
		x, y := float64(i%150)/10, float64(i/150)/10
		rings = append(rings, fmt.Sprintf("%v %v, %v %v, %v %v, %v %v", x+0.02, y+0.02, x+0.04, y+0.02, x+0.04, y+0.04, x+0.02, y+0.02))
		rings = append(rings, fmt.Sprintf("%v %v, %v %v, %v %v, %v %v, %v %v", x, y, x, y+0.1, x+0.1, y+0.1, x+0.1, y, x, y))
	}
	shp, _ := shpOf(shpPolygon, strings.Join(rings, "/"))
	f, err := openBytes(t, zipBytes(t, map[string][]byte{"a.shp": shp, "a.dbf": numbered(t, 1), "a.prj": []byte(prj84)}), "a.zip", Options{})
	if err != nil {
		t.Fatal(err)
	}
	text := rowsOf(t, f, 0)
	if n := strings.Count(text, ")), (("); n != 19_999 {
		t.Errorf("%d polygons, want 20,000", n+1)
	}
}

func TestExpectedMaps(t *testing.T) {
	dir := shared(t, "real")
	text, err := os.ReadFile(filepath.Join(dir, "EXPECTED.json"))
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]struct {
		Geometry   string
		Features   int64
		CRS        string
		XMin, XMax float64
		Fields     []string
		FieldCount int `json:"field_count"`
	}
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	seen := 0
	for name, want := range all {
		if !strings.HasSuffix(name, ".shp.zip") {
			continue
		}
		seen++
		f, err := open(t, filepath.Join(dir, name), Options{})
		if err != nil {
			t.Fatal(err)
		}
		checkWhole(t, name, f)
		tr := f.Report.Tables[0]
		system := map[string]string{"EPSG:2263 (feet)": "EPSG:2263", "WGS84": privacy.CRS84}[want.CRS]
		at := len(tr.Fields) - 1
		if len(f.Tables) != 1 || tr.DataRows != want.Features || tr.Fields[at].CRS != system || tr.Fields[at].Type != "geometry" || len(f.Report.Questions) > 0 {
			t.Errorf("%s: %d tables, %d rows, %s", name, len(f.Tables), tr.DataRows, tr.Fields[at].CRS)
		}
		if want.FieldCount > 0 && at != want.FieldCount {
			t.Errorf("%s: %d attributes", name, at)
		}
		for i, label := range want.Fields {
			if tr.Fields[i].Label != label {
				t.Errorf("%s: column %d is another", name, i+1)
			}
		}
		low, high := math.Inf(1), math.Inf(-1)
		for _, row := range canonical(t, f.Tables[0]) {
			shape := row[at]
			if !strings.Contains(shape, strings.ToUpper(want.Geometry)) {
				t.Errorf("%s: a shape is no %s", name, want.Geometry)
			}
			for _, p := range strings.Split(strings.Trim(shape[strings.IndexByte(shape, '('):], "()"), ",") {
				x, err := strconv.ParseFloat(strings.Fields(strings.Trim(p, " ()"))[0], 64)
				if err != nil {
					t.Fatal("no number")
				}
				low, high = min(low, x), max(high, x)
			}
		}
		if want.XMax != 0 && (math.Round(low) != want.XMin && math.Floor(low) != want.XMin || math.Round(high) != want.XMax && math.Floor(high) != want.XMax) {
			t.Errorf("%s: from %v to %v", name, low, high)
		}
	}
	if seen != 2 {
		t.Errorf("%d maps", seen)
	}
}

func FuzzShapefile(f *testing.F) {
	for kind, shape := range map[uint32]string{1: "105 21", 11: "105 21 3 4", 3: "0 0, 1 1 / 2 2, 3 3", 8: "1 2, 3 4", 15: "0 0 1, 0 9 1, 9 9 1, 0 0 1",
		5: "0 0, 0 10, 10 10, 10 0, 0 0 / 4 4, 4 6, 6 6, 6 4, 4 4 / 4.5 4.5, 5.5 4.5, 5.5 5.5, 4.5 4.5"} {
		shp, shx := shpOf(kind, shape, "")
		f.Add(shp, shx, []byte(prj84))
		f.Add(shp, []byte{}, []byte(prjHCM))
	}
	f.Fuzz(func(t *testing.T, shp, shx, prj []byte) {
		if len(shp)+len(shx)+len(prj) > 1<<16 {
			return
		}
		files := map[string][]byte{"a.shp": shp, "a.dbf": numbered(t, 2), "a.prj": prj}
		if len(shx) > 0 {
			files["a.shx"] = shx
		}
		checkFuzzed(t, string(zipBytes(t, files)), "a.zip")
	})
}
