package format

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// passes says whether a text is JSON, by the scanner alone.
func passes(r io.Reader) error {
	s := newJSONScanner(r, 0, 1, DefaultLimits)
	s.space()
	if err := s.value(); err != nil {
		return err
	}
	if done, err := s.ended(); err != nil || !done {
		return errors.Join(err, s.fail("json-syntax"))
	}
	return nil
}

// The 283 cases of JSONTestSuite: every text that is JSON passes, none that is
// not. Two of the first kind hold a key twice, which RFC 8259 leaves open and
// this reader refuses by name.
func TestJSONSuite(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(shared(t, "bad/json-test-suite"), "test_parsing", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	accepted, refused, twice := 0, 0, 0
	for _, path := range files {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Base(path)
		err = passes(bytes.NewReader(text))
		if err2 := passes(iotest.OneByteReader(bytes.NewReader(text))); (err == nil) != (err2 == nil) {
			t.Errorf("%s: %v in one piece, %v byte by byte", name, err, err2)
		}
		var r *Refusal
		if err != nil && !errors.As(err, &r) {
			t.Errorf("%s: %v", name, err)
		}
		switch name[0] {
		case 'y':
			if err != nil && strings.Contains(name, "duplicated_key") && r.Code == "json-duplicate-key" {
				twice++
				continue
			}
			if accepted++; err != nil {
				t.Errorf("%s: %v", name, err)
			}
		case 'n':
			if refused++; err == nil {
				t.Errorf("%s is taken", name)
			}
			if f, err := open(t, path, Options{}); !errors.As(err, &r) || f != nil {
				t.Errorf("%s: opened: %v", name, err)
			}
		}
	}
	if accepted+twice != 95 || twice != 2 || refused != 188 {
		t.Errorf("%d accepted, %d with a key twice, %d refused", accepted, twice, refused)
	}
}

// unitTree is the file of Vietnam's units as it stands.
type unitTree []struct {
	Code, Name string
	Wards      []struct{ Code, Name, ProvinceCode string }
}

// Vietnam's units: 34 provinces and 3,321 communes, two tables linked by the
// code; every code is the source's, with its zeros.
func TestVietnameseUnits(t *testing.T) {
	path := filepath.Join(shared(t, "demo"), "vn-don-vi-hanh-chinh-2025.json")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var tree unitTree
	if err := json.Unmarshal(text, &tree); err != nil {
		t.Fatal(err)
	}
	f, err := open(t, path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	checkWhole(t, "units", f)
	if len(f.Tables) != 2 || f.Report.Tables[0].DataRows != 34 || f.Report.Tables[1].DataRows != 3321 {
		t.Fatalf("%d tables: %+v", len(f.Tables), f.Report.Tables)
	}
	column := func(rows [][]string, label string) int {
		for j, l := range rows[0] {
			if l == label {
				return j
			}
		}
		t.Fatalf("no column %s", label)
		return 0
	}
	provinces, wards := written(t, f.Tables[0], true), written(t, f.Tables[1], true)
	code, name := column(provinces, "Code"), column(provinces, "Name")
	parent, wardCode, wardName, own := column(wards, "parent.Code"), column(wards, "Code"), column(wards, "Name"), column(wards, "ProvinceCode")
	at := 1
	for i, p := range tree {
		if row := provinces[i+1]; row[code] != p.Code || row[name] != p.Name {
			t.Errorf("province %d differs", i+1)
		}
		for _, w := range p.Wards {
			if row := wards[at]; row[parent] != p.Code || row[wardCode] != w.Code || row[wardName] != w.Name || row[own] != w.ProvinceCode {
				t.Errorf("commune %d differs", at)
			}
			at++
		}
	}
}

// Every entry of EXPECTED.json that is a workbook or JSON, and the demo's maps.
func TestExpectedOther(t *testing.T) {
	for _, c := range []struct {
		path            string
		tables, columns int
		header          int64
		rows            []int64
	}{
		// The sheet declares 90 rows: two of header, 86 of answers, and two at
		// the end in which nothing stands, which are none.
		{"real/us_cdo_roles_survey.xlsx", 1, 49, 2, []int64{86}},
		// Its first sheets have a row of codes under the row of labels.
		{"real/fr_ept_grand_paris.xlsx", 4, 3, 6, []int64{11, 130, 7, 13}},
		{"real/vn_divisions_tree.json", 2, 12, 0, []int64{34, 3321}},
		{"demo/vn-ranh-gioi-ha-noi.geojson", 1, 10, 0, []int64{1}},
		{"demo/world-earthquakes.geojson", 1, 28, 0, []int64{1707}},
	} {
		f, err := open(t, filepath.Join(shared(t, filepath.Dir(c.path)), filepath.Base(c.path)), Options{})
		if err != nil {
			t.Errorf("%s: %v", c.path, err)
			continue
		}
		checkWhole(t, c.path, f)
		var rows []int64
		for _, tr := range f.Report.Tables {
			rows = append(rows, tr.DataRows)
		}
		tr := f.Report.Tables[0]
		if !cmp.Equal(rows, c.rows) || tr.Columns != c.columns || tr.HeaderRow != c.header || len(f.Report.Questions) > 0 {
			t.Errorf("%s: %v rows, %d columns, header in row %d, questions %v", c.path, rows, tr.Columns, tr.HeaderRow, f.Report.Questions)
		}
	}
}

// TestHostile opens what is made to break readers: refused with a code, soon.
func TestHostile(t *testing.T) {
	dir := shared(t, "bad/made")
	codes := map[string]string{
		"json_depth_1M.json.gz": "json-deep", "json_depth_obj_200k.json.gz": "json-deep", "geojson_nested_collection_100k.geojson.gz": "json-deep",
		"geojson_2M_props.geojson.gz": "too-large", "json_big_number.json": "too-large", "json_dup_keys.json": "json-duplicate-key",
		"geojson_nan.geojson": "json-syntax", "geojson_huge_exponent.geojson": "geometry",
		"xlsx_billion_laughs.xlsx": "workbook", "xlsx_xxe.xlsx": "workbook", "xlsx_row_index_negative.xlsx": "workbook", "xlsx_row_index_overflow.xlsx": "workbook",
		"xlsx_sst_index_oob.xlsx": "workbook", "xlsx_bomb_512MiB_sheet.xlsx": "workbook",
	}
	for name, code := range codes {
		t.Run(name, func(t *testing.T) {
			text, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			if strings.HasSuffix(name, ".gz") {
				z, err := gzip.NewReader(bytes.NewReader(text))
				if err == nil {
					text, err = io.ReadAll(z)
				}
				if err != nil {
					t.Fatal(err)
				}
				name = strings.TrimSuffix(name, ".gz")
			}
			start := time.Now()
			_, err = Open(context.Background(), bytes.NewReader(text), int64(len(text)), name, Options{})
			var r *Refusal
			if !errors.As(err, &r) || r.Code != code {
				t.Errorf("got %v, want %s", err, code)
			}
			if took := time.Since(start); took > 30*time.Second {
				t.Errorf("took %v", took)
			}
		})
	}
}

// A rare word in keys, values, members beside the list and geometries is in no
// report and no error; keys are labels, which the sender reads.
func TestJSONReportHoldsNoValue(t *testing.T) {
	const word = "Qwzyxkanarie"
	for _, text := range []string{
		`{"note":"` + word + `","` + word + `":1,"l":[{"a":"` + word + `","n":1},{"a":"x","n":"` + word + `"}]}`,
		`{"type":"FeatureCollection","` + word + `":"` + word + `","features":[{"type":"Feature","` + word + `":1,"properties":{"a":"` + word + `"},"geometry":{"type":"Point","coordinates":[105,21],"` + word + `":2}}]}`,
	} {
		f, err := openText(t, text, Options{})
		if err != nil {
			t.Fatal(err)
		}
		b, err := json.Marshal(f.Report)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(b, []byte(word)) {
			t.Errorf("the report holds a value: %s", b)
		}
	}
	for _, text := range []string{
		`[{"a":"` + word + `",}]`, `[{"` + word + `":1,"` + word + `":2}]`, `[{"a":"` + word + `\ud800"}]`, `[{"a":"x"}] ` + word,
		`{"type":"FeatureCollection","features":[{"type":"` + word + `"}]}`,
		`{"type":"FeatureCollection","features":[{"type":"Feature","geometry":{"type":"` + word + `","coordinates":[]}}]}`,
	} {
		_, err := Open(t.Context(), strings.NewReader(text), int64(len(text)), word+".json", Options{})
		var r *Refusal
		if !errors.As(err, &r) || strings.Contains(err.Error(), word) {
			t.Errorf("the error: %v", err)
		}
	}
}

func TestJSONLimits(t *testing.T) {
	for _, c := range []struct {
		name, text string
		l          Limits
	}{
		{"number", `[{"a":` + strings.Repeat("1", 401) + `}]`, Limits{}},
		{"columns", `[{"a":1,"b":2,"c":3,"d":4}]`, Limits{Columns: 3}},
		{"label", `[{"` + strings.Repeat("a", 100) + `":1}]`, Limits{Label: 50}},
		{"cell", `[{"a":"` + strings.Repeat("x", 200_000) + `"}]`, Limits{Cell: 1000}},
		{"record", `[{"a":[` + strings.Repeat("1,", 100_000) + `1]}]`, Limits{Record: 100_000}},
	} {
		_, err := openText(t, c.text, Options{Limits: c.l})
		var r *Refusal
		if !errors.As(err, &r) || r.Code != "too-large" {
			t.Errorf("%s: got %v", c.name, err)
		}
	}
	if _, err := openText(t, `[{"a":`+strings.Repeat("[", 63)+strings.Repeat("]", 63)+`}]`, Options{}); err == nil || !strings.Contains(err.Error(), "64 deep") {
		t.Errorf("depth: %v", err)
	}
}

// JSON is known by its first signs, whatever the file is called; a name that
// promises JSON is held to it.
func TestSniffJSON(t *testing.T) {
	for _, c := range []struct{ name, text, format string }{
		{"x.csv", ` [ {"a": 1} ]`, "json"},
		{"x.csv", "\xef\xbb\xbf{\"a\": 1}\n{\"a\": 2}\n", "json"},
		{"x.csv", `{"features": [{"type": "Feature", "properties": {"a": 1}, "geometry": null}], "type": "FeatureCollection"}`, "geojson"},
		{"x.csv", `{"type": "province", "a": 1}`, "json"},
		{"x.json", `{"type": "Feature", "geometry": null, "properties": {"a": 1}}`, "geojson"},
		{"x.csv", "[ghi chú],b\n1,2\n", "csv"},
		{"x.csv", "{a},b\n1,2\n", "csv"},
	} {
		f, err := Open(t.Context(), strings.NewReader(c.text), int64(len(c.text)), c.name, Options{})
		if err != nil || f.Report.Format != c.format {
			t.Errorf("%q: %v, want %s", c.text, err, c.format)
		}
	}
	for _, text := range []string{"a,b\n1,2\n", "{\x00\"\x00a\x00\"\x00", "\xff\xfe[\x00{\x00"} {
		_, err := Open(t.Context(), strings.NewReader(text), int64(len(text)), "x.json", Options{})
		var r *Refusal
		if !errors.As(err, &r) || !strings.HasPrefix(r.Code, "json-") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// FuzzJSON: what passes the scanner is what encoding/json takes, but for the
// rules that are stricter here; no panic; every record accounted for; the
// typed tables written and read again are the same.
func FuzzJSON(f *testing.F) {
	for _, seed := range []string{
		`[{"a":1,"b":"x"},{"b":null,"c":[{"d":1.50}]}]`, `{"a":{"b":{"c":{"d":1}}}}`, "{\"a\":1}\n{\"a\":-0.0}", `[[1,"a"],[2,"b\u00e9"]]`, `{"x":[{"":1,"\u0000":2}]}`,
		`[{"a":[{"b":[{"c":1}]}]}]`, `[{"a":1e5},{"a":"2024-01-01"}]`, `[]`, `[{"a":true},{"a":"true"}]`, "\xef\xbb\xbf[{\"a\":\"\\ud83d\\ude00\"}]",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		if len(in) > 1<<14 {
			return
		}
		if err := passes(strings.NewReader(in)); err == nil != json.Valid([]byte(in)) {
			var r *Refusal
			if !errors.As(err, &r) || r.Code == "json-syntax" {
				t.Fatalf("scanner: %v, encoding/json says %v", err, json.Valid([]byte(in)))
			}
		}
		checkFuzzed(t, in, "x.json")
	})
}

// FuzzGeoJSON: the same for features.
func FuzzGeoJSON(f *testing.F) {
	for _, seed := range []string{
		`{"type":"FeatureCollection","features":[{"type":"Feature","id":"a","properties":{"b":1,"c":[{"d":2}]},"geometry":{"type":"Point","coordinates":[105,21]}}]}`,
		`{"type":"Feature","properties":null,"geometry":{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,0]]]}}`,
		`{"type":"GeometryCollection","geometries":[{"type":"MultiPoint","coordinates":[]},{"type":"Point","coordinates":[1,2,3]}]}`,
		`{"crs":{"type":"EPSG","properties":{"code":4326}},"type":"FeatureCollection","features":[]}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		if len(in) < 1<<14 {
			checkFuzzed(t, in, "x.geojson")
		}
	})
}
