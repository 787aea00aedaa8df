package main

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"maps"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"
	"github.com/xuri/excelize/v2"

	"daylight/ingest/format"
)

// TestPackedByHand gives every kind of file to `check` and `ingest`, plain and
// packed: the reports say the same but for the packing, and the tables that
// are written and published are the same bytes.
func TestPackedByHand(t *testing.T) {
	book := excelize.NewFile()
	defer book.Close()
	for i, row := range [][]any{{"ma", "ten", "so"}, {"001", "Bàn", 12}, {"002", "Ghế", 40}} {
		if err := book.SetSheetRow("Sheet1", string(rune('A'))+string(rune('1'+i)), &row); err != nil {
			t.Fatal(err)
		}
	}
	var xlsx bytes.Buffer
	if err := book.Write(&xlsx); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"so-lieu.csv":     "ma;ten;so\r\n001;Bàn;1,5\r\n002;Ghế;40\r\n",
		"so-lieu.xlsx":    xlsx.String(),
		"so-lieu.json":    `[{"ma":"001","so":12},{"ma":"002","so":40}]`,
		"so-lieu.geojson": `{"type":"FeatureCollection","features":[{"type":"Feature","geometry":{"type":"Point","coordinates":[105.8,21.0]},"properties":{"ma":"001"}}]}`,
	} {
		plain, plainTable, plainOut := byHand(t, name, text)
		if len(plainOut) < 3 {
			t.Fatalf("%s: %d files are published", name, len(plainOut))
		}
		for ending, packed := range packedForms(t, name, text) {
			t.Run(name+ending, func(t *testing.T) {
				// The name is a hint only: what it is shows in its bytes.
				got, table, out := byHand(t, name, packed)
				if got.Packed == "" || got.SHA256 == plain.SHA256 || got.Bytes != int64(len(packed)) {
					t.Errorf("packed as %q, %d bytes", got.Packed, got.Bytes)
				}
				if got.Packed == "zip" { // a table is called by its file
					got.Tables[0].Name = plain.Tables[0].Name
				}
				got.Packed, got.SHA256, got.Bytes = "", plain.SHA256, plain.Bytes
				if d := cmp.Diff(plain, got); d != "" {
					t.Errorf("report: %s", d)
				}
				if table != plainTable {
					t.Errorf("table is\n%s, not\n%s", table, plainTable)
				}
				if !maps.Equal(out, plainOut) {
					t.Error("other files are published")
				}
			})
		}
	}
}

// byHand gives the report and the table of `check`, and the files of `ingest`.
func byHand(t *testing.T, name, content string) (r format.Report, table string, published map[string]string) {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	read := func(path string) string {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	var out, errs bytes.Buffer
	if code := run(t.Context(), []string{"check", path, "--json", "--table", filepath.Join(dir, "tables"), "--locale", "vi"}, &out, &errs); code > 2 {
		t.Fatalf("check: exit %d: %s", code, &errs)
	}
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		t.Fatal(err)
	}
	runs(t, exitOK, "ingest", path, "--plan", "auto", "--locale", "vi", "--out", filepath.Join(dir, "out"))
	published = map[string]string{}
	files, err := filepath.Glob(filepath.Join(dir, "out", "data.*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		published[filepath.Base(f)] = read(f)
	}
	return r, read(filepath.Join(dir, "tables", "table.csv")), published
}

// packedForms are the same bytes by each writer that there is.
func packedForms(t *testing.T, name, text string) map[string]string {
	t.Helper()
	out := map[string]string{}
	for ending, open := range map[string]func(io.Writer) (io.WriteCloser, error){
		".gz":  func(w io.Writer) (io.WriteCloser, error) { return gzip.NewWriter(w), nil },
		".zst": func(w io.Writer) (io.WriteCloser, error) { return zstd.NewWriter(w) },
		".xz":  func(w io.Writer) (io.WriteCloser, error) { return xz.NewWriter(w) },
	} {
		var b bytes.Buffer
		w, err := open(&b)
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(w, text)
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		out[ending] = b.String()
	}
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.Create("thư mục/" + name)
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(w, text)
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	out[".zip"] = b.String()
	return out
}
