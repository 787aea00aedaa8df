package main

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"testing"

	"github.com/xuri/excelize/v2"

	"daylight/catalog"
)

// inFormat says which file holds a canary that is not in the CSV.
var inFormat = map[string]string{
	"sheet name": "canary-book", "hidden sheet": "canary-book", "hidden cell": "canary-book", "hidden column": "canary-book", "hidden row": "canary-book",
	"dropped cell": "canary-book", "comment": "canary-book", "comment author": "canary-book", "document author": "canary-book", "document title": "canary-book",
	"defined name": "canary-book", "formula": "canary-book",
	"JSON key": "canary-json", "JSON value": "canary-json", "JSON inner key": "canary-json", "JSON inner value": "canary-json", "JSON member": "canary-json", "JSON member value": "canary-json",
	"archive folder": "canary-zip", "archive table": "canary-zip", "archive other": "canary-zip", "archive document": "canary-zip", "archive comment": "canary-zip",
	"GeoJSON property": "canary-map", "GeoJSON value": "canary-map", "GeoJSON foreign": "canary-map", "geometry foreign": "canary-map",
}

// canaryBook hides canaries in every corner of a workbook; dropped stands in a
// column that the plan drops.
func canaryBook(t *testing.T, dropped string) string {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	sheet, hidden := canaries["sheet name"], canaries["hidden sheet"]
	rows := [][]any{{"ma", "bo", "so", "an"}}
	for i := range 30 {
		rows = append(rows, []any{fmt.Sprintf("A%02d", i), fmt.Sprintf("x%d", i), 1000 + i, fmt.Sprintf("y%d", i)})
	}
	rows[3][1], rows[4][3], rows[5][0] = dropped, canaries["hidden column"], canaries["hidden row"]
	errs := []error{f.SetSheetName("Sheet1", sheet)}
	for i := range rows {
		errs = append(errs, f.SetSheetRow(sheet, fmt.Sprintf("A%d", i+1), &rows[i]))
	}
	_, err := f.NewSheet(hidden)
	errs = append(errs, err, f.SetSheetRow(hidden, "A1", &[]any{"k", canaries["hidden cell"]}), f.SetSheetVisible(hidden, false))
	_, err = f.NewSheet("Trang hai")
	errs = append(errs, err, f.SetSheetRow("Trang hai", "A1", &[]any{"nam", "so"}), f.SetSheetRow("Trang hai", "A2", &[]any{2025, 7}), f.SetSheetRow("Trang hai", "A3", &[]any{2026, 9}),
		f.SetColVisible(sheet, "D", false), f.SetRowVisible(sheet, 6, false),
		f.AddComment(sheet, excelize.Comment{Cell: "A2", Author: canaries["comment author"], Text: canaries["comment"]}),
		f.SetDocProps(&excelize.DocProperties{Creator: canaries["document author"], LastModifiedBy: canaries["document author"], Title: canaries["document title"]}),
		f.SetDefinedName(&excelize.DefinedName{Name: canaries["defined name"], RefersTo: "'" + sheet + "'!$A$1"}),
		f.SetCellFormula(sheet, "C8", `"`+canaries["formula"]+`"`))
	var b bytes.Buffer
	if err := errors.Join(append(errs, f.Write(&b))...); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func canaryJSON(t *testing.T) string {
	var list []map[string]any
	for i := range 5 {
		list = append(list, map[string]any{"ma": fmt.Sprintf("B%d", i), "so": i, canaries["JSON key"]: canaries["JSON value"],
			"trong": []map[string]any{{"x": i, canaries["JSON inner key"]: canaries["JSON inner value"]}}})
	}
	return asJSON(t, map[string]any{"rows": list, canaries["JSON member"]: canaries["JSON member value"]})
}

func canaryMap(t *testing.T) string {
	var list []map[string]any
	for i := range 5 {
		list = append(list, map[string]any{"type": "Feature", "properties": map[string]any{"ten": fmt.Sprintf("Trạm %d", i), canaries["GeoJSON property"]: canaries["GeoJSON value"]},
			"geometry": map[string]any{"type": "Point", "coordinates": []float64{105.8 + float64(i)/100, 21}, canaries["geometry foreign"]: 1}, canaries["GeoJSON foreign"]: canaries["GeoJSON foreign"]})
	}
	return asJSON(t, map[string]any{"type": "FeatureCollection", "features": list, canaries["GeoJSON foreign"]: canaries["GeoJSON foreign"]})
}

// canaryZIP hides canaries in the names and comments of an archive, and in a
// document beside its tables.
func canaryZIP(t *testing.T) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, text := range map[string]string{
		canaries["archive folder"] + "/" + canaries["archive table"] + ".csv": "ma,so\nC01,1\nC02,2\n",
		"khac.csv": "nam,so\n2025,7\n2026,9\n",
		canaries["archive folder"] + "/" + canaries["archive other"] + ".docx": canaries["archive document"],
		"README.txt": canaries["archive document"],
	} {
		w, err := z.CreateHeader(&zip.FileHeader{Name: name, Comment: canaries["archive comment"]})
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(w, text)
	}
	if err := errors.Join(z.SetComment(canaries["archive comment"]), z.Close()); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

var formatPlans = map[string]string{
	"canary-book": `plan: v1
dataset: canary
table: table 1
audience: open
columns:
  ma: {do: keep}
  bo: {do: drop}
  so: {do: keep}
decided: {by: "Cán bộ thử nghiệm", at: 2026-10-01}
---
plan: v1
dataset: canary
table: Trang hai
audience: open
columns:
  nam: {do: keep}
  so: {do: keep}
decided: {by: "Cán bộ thử nghiệm", at: 2026-10-01}
`,
	"canary-json": `plan: v1
dataset: canary
table: table 1
audience: open
columns:
  ma: {do: keep}
  so: {do: keep}
  "` + canaries["JSON key"] + `": {do: drop}
decided: {by: "Cán bộ thử nghiệm", at: 2026-10-01}
---
plan: v1
dataset: canary
table: table 2
audience: open
columns:
  parent.ma: {do: keep}
  x: {do: keep}
  "` + canaries["JSON inner key"] + `": {do: drop}
decided: {by: "Cán bộ thử nghiệm", at: 2026-10-01}
`,
	"canary-map": `plan: v1
dataset: canary
audience: open
columns:
  ten: {do: keep}
  "` + canaries["GeoJSON property"] + `": {do: drop}
  geometry: {do: keep}
decided: {by: "Cán bộ thử nghiệm", at: 2026-10-01}
`,
	"canary-zip": "auto",
}

// plantFormats publishes the four files, and sends the workbook once more
// where nobody has decided; it gives the uploads by dataset.
func plantFormats(t *testing.T, p *portal) map[string]string {
	t.Helper()
	out := map[string]string{}
	for slug, file := range map[string]string{"canary-book": canaryBook(t, canaries["dropped cell"]), "canary-json": canaryJSON(t), "canary-map": canaryMap(t), "canary-zip": canaryZIP(t)} {
		u := plant(t, p, slug, file, formatPlans[slug])
		if u.State != catalog.StatePublished {
			t.Fatalf("%s is %s: %+v", slug, u.State, u.Problems)
		}
		out[slug] = u.ID
	}
	if u := plant(t, p, "canary-book-auto", canaryBook(t, "x"), "auto"); u.State != catalog.StatePublished {
		t.Fatalf("without a plan the workbook is %s: %+v", u.State, u.Problems)
	}
	return out
}

// foundInFormats shows that the hunt sees each of these canaries in its
// original, behind the ZIP where there is one.
func foundInFormats(t *testing.T, p *portal, h *hunt, uploads map[string]string) {
	t.Helper()
	found := map[string][]string{}
	for slug, id := range uploads {
		raw, err := readOriginal(t.Context(), p, id)
		if err != nil {
			t.Fatal(err)
		}
		if z, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw))); err == nil {
			for _, part := range z.File {
				r, err := part.Open()
				if err != nil {
					t.Fatal(err)
				}
				text, err := io.ReadAll(r)
				if err != nil {
					t.Fatal(err)
				}
				raw = append(raw, text...)
			}
		}
		found[slug] = h.in(raw)
	}
	for name, slug := range inFormat {
		if !slices.Contains(found[slug], name) {
			t.Errorf("%s is not found in the original of %s", name, slug)
		}
	}
}
