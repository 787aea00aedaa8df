package ingest

import (
	"archive/zip"
	"bytes"
	"testing"

	"daylight/catalog"
)

// tablesOf packs tables into one file, name and text in turn.
func tablesOf(t *testing.T, parts ...string) string {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for i := 0; i < len(parts); i += 2 {
		f, err := w.Create(parts[i] + ".csv")
		if err != nil {
			t.Fatal(err)
		}
		f.Write([]byte(parts[i+1]))
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestKeysOfTwoTables: a key that a column of one table keeps changes no column
// of another table into one that was decided otherwise.
func TestKeysOfTwoTables(t *testing.T) {
	o := newOffice(t)
	d, err := o.describe("bang")
	if err != nil {
		t.Fatal(err)
	}
	const decided = "decided: {by: \"officer\", at: 2026-10-01}\n"
	plan := "plan: v1\ntable: a\naudience: open\ncolumns:\n  xa: {class: public, do: keep}\n  so_dan: {class: public, do: keep}\n  so_dan_2: {class: public, do: drop}\n" + decided +
		"---\nplan: v1\ntable: b\naudience: open\ncolumns:\n  xa: {class: public, do: keep}\n  so_dan: {class: public, do: keep}\n  so_dan_2: {class: public, do: keep}\n" + decided
	u := o.publish(t, catalog.NewUpload{Dataset: d.ID, FileName: "x.zip", Plan: []byte(plan)}, tablesOf(t,
		"a", "Xã,Số dân,So dan\nAn Phú,100,701\nAn Bình,200,702\n", "b", "Xã,Số dân,So dan\nAn Phú,1,11\nAn Bình,2,12\n"))
	if u.State != catalog.StatePublished {
		t.Fatalf("the first: %s %v", u.State, u.Problems)
	}
	u = o.publish(t, catalog.NewUpload{Dataset: d.ID, FileName: "x.zip"}, tablesOf(t,
		"a", "Xã,Số dân,So dan\nAn Phú,101,703\nAn Bình,201,704\n", "b", "Xã,So dan,Số dân\nAn Phú,13,3\nAn Bình,14,4\n"))
	if u.State != catalog.StateWaiting || u.Problems[0].Code != "column-key" {
		t.Errorf("the next: %s %v", u.State, u.Problems)
	}
	for _, p := range u.Problems {
		if p.Sheet != "b" {
			t.Errorf("%s of %s in table %s, which is as it was", p.Code, p.Column, p.Sheet)
		}
	}
}
