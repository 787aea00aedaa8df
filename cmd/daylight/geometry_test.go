package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"daylight/api"
	"daylight/catalog"
	"daylight/datasets"
)

// schoolsMap is a map of places. One point's digits are by chance a German
// taxpayer's number with a right check digit, which must trouble nobody.
const schoolsMap = `{"type":"FeatureCollection","features":[
{"type":"Feature","properties":{"ten":"Trường Ba Đình","so_lop":24},"geometry":{"type":"Point","coordinates":[105.8342,21.0367]}},
{"type":"Feature","properties":{"ten":"Trường Núi Cao","so_lop":3},"geometry":{"type":"Point","coordinates":[153,40,474686]}},
{"type":"Feature","properties":{"ten":"Khu trường mới","so_lop":null},"geometry":{"type":"Polygon","coordinates":[[[105.1,21],[105.2,21],[105.2,21.1],[105.1,21]]]}},
{"type":"Feature","properties":{"ten":"Chưa đo","so_lop":1},"geometry":null}
]}`

// patientsMap is about persons: each point is a home, known to a metre.
func patientsMap() string {
	var b strings.Builder
	b.WriteString(`{"type":"FeatureCollection","features":[`)
	for i := range 20 {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"type":"Feature","properties":{"gioi_tinh":%q},"geometry":{"type":"Point","coordinates":[105.8%02d7172737,21.0%02d9293949]}}`,
			[]string{"nam", "nữ"}[i%2], i, i)
	}
	return b.String() + "]}"
}

const patientsPlan = `plan: v1
dataset: canary
audience: open
columns:
  gioi_tinh: {class: quasi, do: keep}
  geometry:  {class: quasi, do: snap, grid: 0.5}
unit: {one_row_per_person: true}
model: {kind: full-domain, k: 5}
decided: {by: "Cơ quan thử", at: 2026-01-01}
`

// A map goes in as GeoJSON and comes out as GeoJSON, its features as they were;
// where rows are persons no plan keeps their places, and none of their digits
// is in what the public may read.
func TestMapsFromAgencyToPublic(t *testing.T) {
	data := t.TempDir()
	p, end := at(t, data)
	if u := plant(t, p, "truong-hoc", schoolsMap, "auto"); u.State != catalog.StatePublished {
		t.Fatalf("the map of schools is %s: %+v", u.State, u.Problems)
	}
	if u := plant(t, p, "nguoi-benh-auto", patientsMap(), "auto"); u.State != catalog.StateWaiting {
		t.Errorf("the map of patients is %s by itself", u.State)
	}
	kept := strings.Replace(patientsPlan, "do: snap, grid: 0.5", `do: keep, reason: "đã hỏi"`, 1)
	if u := plant(t, p, "nguoi-benh-giu", patientsMap(), kept); u.State == catalog.StatePublished {
		t.Error("homes of patients were published as they were measured")
	}
	if u := plant(t, p, "nguoi-benh", patientsMap(), patientsPlan); u.State != catalog.StatePublished {
		t.Fatalf("the map of patients is %s: %+v", u.State, u.Problems)
	}

	app, err := api.New(api.Config{Site: site("http://portal.test"), Catalog: p.catalog, Library: p.library(), Index: p.index, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	type collection struct{ Features []map[string]any }
	read := func(path string) (out collection) {
		t.Helper()
		req, _ := http.NewRequest("GET", "http://portal.test"+path, nil)
		r, err := app.Test(req, -1)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Body.Close()
		body, err := io.ReadAll(r.Body)
		if err != nil || r.StatusCode != 200 || r.Header.Get("Content-Type") != "application/geo+json" {
			t.Fatalf("%s: %d %s %v", path, r.StatusCode, r.Header.Get("Content-Type"), err)
		}
		if err := json.Unmarshal(body, &out); err != nil {
			t.Fatal(err)
		}
		return out
	}
	var sent collection
	if err := json.Unmarshal([]byte(schoolsMap), &sent); err != nil {
		t.Fatal(err)
	}
	if got := read("/datasets/truong-hoc/v/1/data.geojson"); !reflect.DeepEqual(got, sent) {
		t.Errorf("the map of schools came out as\n%v\nwant\n%v", got, sent)
	}
	for _, f := range read("/datasets/nguoi-benh/v/1/data.geojson").Features {
		if at := fmt.Sprint(f["geometry"]); at != "map[coordinates:[105.75 21.25] type:Point]" {
			t.Errorf("a patient is at %s", at)
		}
	}
	end()
	// These digits are in every home and in no grid.
	err = filepath.WalkDir(publicDir(data), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		text := raw
		for _, f := range datasets.Formats {
			if table, err := f.Read(bytes.NewReader(raw), int64(len(raw))); err == nil {
				text = append(text, cells(t, table)...)
			}
		}
		if bytes.Contains(text, []byte("7172737")) || bytes.Contains(text, []byte("9293949")) {
			t.Errorf("%s holds digits of a patient's home", filepath.Base(path))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	runs(t, exitOK, "verify", "--data", data)
	runs(t, exitOK, "fsck", "--data", data, "--read-data")
}
