package format

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"

	"daylight/privacy"
)

const packedCSV = "ma,ten,so\n001,Bàn,12\n002,Ghế,40\n"

func zipOf(t testing.TB, files ...string) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i < len(files); i += 2 {
		w, err := z.Create(files[i])
		must(t, err)
		_, err = w.Write([]byte(files[i+1]))
		must(t, err)
	}
	must(t, z.Close())
	return b.String()
}

// packedAs are the same bytes in each packing.
func packedAs(t testing.TB, name, text string) map[string]string {
	t.Helper()
	out := map[string]string{"zip": zipOf(t, "thư mục/"+name, text, "README.md", "# what it is")}
	var b bytes.Buffer
	g := gzip.NewWriter(&b)
	half := len(text) / 2
	_, err := g.Write([]byte(text[:half]))
	must(t, err)
	must(t, g.Close())
	g.Reset(&b) // a second member goes on where the first ended
	_, err = g.Write([]byte(text[half:]))
	must(t, err)
	must(t, g.Close())
	out["gzip"] = b.String()
	e, err := zstd.NewWriter(nil)
	must(t, err)
	out["zstd"] = string(e.EncodeAll([]byte(text[half:]), e.EncodeAll([]byte(text[:half]), nil)))
	var x bytes.Buffer
	w, err := xz.NewWriter(&x)
	must(t, err)
	_, err = w.Write([]byte(text))
	must(t, err)
	must(t, w.Close())
	out["xz"] = x.String()
	return out
}

// TestPacked reads a text, a workbook, JSON and a map in each packing: the
// report and the table are those of the plain file, but for what is told of
// the packing.
func TestPacked(t *testing.T) {
	for name, text := range map[string]string{
		"so-lieu.csv":     packedCSV,
		"so-lieu.xlsx":    sheetOf(t, `<row r="1"><c t="s"><v>0</v></c></row><row r="2"><c><v>1</v></c></row>`),
		"so-lieu.json":    `[{"ma":"001","so":12},{"ma":"002","so":40}]`,
		"so-lieu.geojson": `{"type":"FeatureCollection","features":[{"type":"Feature","geometry":{"type":"Point","coordinates":[105.8,21.0]},"properties":{"ma":"001"}}]}`,
	} {
		plain, err := Open(t.Context(), strings.NewReader(text), int64(len(text)), name, Options{})
		must(t, err)
		for packing, packed := range packedAs(t, name, text) {
			t.Run(packing+" of "+name, func(t *testing.T) {
				told := int64(0)
				f, err := Open(t.Context(), strings.NewReader(packed), int64(len(packed)), "x", Options{Inflated: func(n int64) { told = max(told, n) }})
				must(t, err)
				got, want := f.Report, plain.Report
				if got.Packed != packing || got.Bytes != int64(len(packed)) || len(got.SHA256) != 64 || got.SHA256 == want.SHA256 {
					t.Errorf("packed as %q, %d bytes, sum %s", got.Packed, got.Bytes, got.SHA256)
				}
				if told < int64(len(text)) {
					t.Errorf("%d of %d inflated bytes are told", told, len(text))
				}
				if packing == "zip" {
					if p := got.Tables[0].Problems; len(p) == 0 || p[0].Code != "archive-entry" && p[len(p)-1].Code != "archive-entry" {
						t.Errorf("the description beside the table is not told: %v", p)
					}
					got.Tables[0].Problems, got.Tables[0].Name = want.Tables[0].Problems, want.Tables[0].Name
				}
				got.Packed, got.Bytes, got.SHA256, got.File = "", want.Bytes, want.SHA256, want.File
				if d := cmp.Diff(want, got); d != "" {
					t.Error(d)
				}
				if d := cmp.Diff(written(t, plain.Tables[0], true), written(t, f.Tables[0], true)); d != "" {
					t.Error(d)
				}
			})
		}
	}
	raw, err := base64.StdEncoding.DecodeString(bzip2CSV)
	must(t, err)
	f, err := openText(t, string(raw), Options{})
	must(t, err)
	if f.Report.Packed != "bzip2" || f.Report.Format != "csv" || f.Report.Tables[0].DataRows != 2 {
		t.Errorf("bzip2: %+v", f.Report)
	}
}

// bzip2CSV is packedCSV as bzip2 writes it: there is no writer in the library.
const bzip2CSV = "QlpoOTFBWSZTWW+KBxAAAAxdnQAQAAR0ABCAIkOMAEAAABCIACAAIAAxQNNDIyYhCGjTQ0NMi1JfGVMpcDFDnMd9WzcYweIePi7kinChIN8UDiA="

// TestArchive reads a ZIP of several tables: each under its file's name, those
// named by number alone where the plan says so.
func TestArchive(t *testing.T) {
	text := zipOf(t, "a/dân số.csv", packedCSV, "a/", "", "__MACOSX/a/._dân số.csv", "junk", "a/hộ.json", `[{"x":1},{"x":2},{"x":3}]`,
		"a/ghi chú.pdf", "%PDF-1.7", "rỗng.csv", "", "../../ngoài.csv", "q;w\n1;2\n")
	f, err := openText(t, text, Options{})
	must(t, err)
	var got []string
	for i, tr := range f.Report.Tables {
		if f.Tables[i].Name() != tr.Name {
			t.Errorf("table %q is reported as %q", f.Tables[i].Name(), tr.Name)
		}
		got = append(got, tr.Name)
	}
	if d := cmp.Diff([]string{"dân số", "hộ", "ngoài"}, got); d != "" || f.Report.Format != "zip" {
		t.Errorf("format %s: %s", f.Report.Format, d)
	}
	checkWhole(t, "archive", f)
	if f, err = openText(t, text, Options{Reading: &privacy.Reading{Table: []int{2}}}); err != nil || len(f.Tables) != 1 || f.Report.Tables[0].DataRows != 3 {
		t.Errorf("the second table alone: %v", err)
	}
}

// What stands beside tables is left out by its name and counted, and a table
// is not taken for it; names are made whole and different.
func TestArchiveNames(t *testing.T) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	link := &zip.FileHeader{Name: "liên kết.csv"}
	link.SetMode(fs.ModeSymlink | 0o777)
	w, err := z.CreateHeader(link)
	must(t, err)
	_, err = w.Write([]byte("/etc/passwd"))
	must(t, err)
	for _, name := range []string{"licences_2024.csv", "license.csv", "readme-hộ.csv", "metadata.csv", "a/x.csv", "b/x.csv", "d\xe2n s\xf8.csv", "dài" + strings.Repeat("đ", 5000) + ".csv"} {
		w, err := z.Create(name)
		must(t, err)
		_, err = w.Write([]byte(packedCSV))
		must(t, err)
	}
	for _, name := range []string{"README.txt", "LICENSE", "datapackage.json", ".DS_Store"} {
		w, err := z.Create(name)
		must(t, err)
		_, err = w.Write([]byte(`{"resources":[{"path":"a.csv"},{"path":"b.csv"}]}`))
		must(t, err)
	}
	must(t, z.Close())
	f, err := openText(t, b.String(), Options{})
	must(t, err)
	var got []string
	for _, tr := range f.Report.Tables {
		if len(tr.Name) > DefaultLimits.Label {
			tr.Name = "too long"
		}
		got = append(got, tr.Name[:min(len(tr.Name), 24)])
	}
	if d := cmp.Diff([]string{"licences_2024", "license", "readme-hộ", "metadata", "x", "x (2)", "d\uFFFDn s\uFFFD", "dài" + strings.Repeat("đ", 10)}, got); d != "" {
		t.Error(d)
	}
	if p := f.Report.Tables[0].Problems; len(p) == 0 || p[len(p)-1].Code != "archive-entry" || p[len(p)-1].Count != 4 {
		t.Errorf("what was left out: %v", p)
	}
}

// In an archive of several files read.sheet names files; in one of a single
// workbook it names sheets, as without the archive.
func TestArchiveChosen(t *testing.T) {
	several := zipOf(t, "dân số.csv", packedCSV, "hộ.csv", "q;w\n1;2\n")
	for _, name := range []string{"hộ", "hộ.csv"} {
		f, err := openText(t, several, Options{Reading: &privacy.Reading{Sheet: []string{name}}})
		must(t, err)
		if len(f.Tables) != 1 || f.Tables[0].Name() != "hộ" || f.Report.Tables[0].DataRows != 1 {
			t.Errorf("%q: %+v", name, f.Report.Tables)
		}
	}
	var r *Refusal
	if _, err := openText(t, several, Options{Reading: &privacy.Reading{Sheet: []string{"hộ", "khác"}}}); !errors.As(err, &r) || r.Code != "read-sheet" {
		t.Errorf("a file that is not there: %v", err)
	}
	book := sheetOf(t, `<row r="1"><c t="s"><v>0</v></c></row><row r="2"><c><v>1</v></c></row>`)
	plain, err := openText(t, book, Options{})
	must(t, err)
	sheet := plain.Tables[0].Name()
	f, err := openText(t, zipOf(t, "sổ.xlsx", book), Options{Reading: &privacy.Reading{Sheet: []string{sheet}}})
	if err != nil || len(f.Tables) != 1 || f.Report.Format != "xlsx" || f.Report.Packed != "zip" {
		t.Errorf("sheet %q of the workbook: %v", sheet, err)
	}
}

// What comes out of the workbooks in an archive counts together with what
// comes out of the archive itself.
func TestArchiveSum(t *testing.T) {
	book := sheetOf(t, strings.Repeat(" ", 1<<20)+`<row r="1"><c t="s"><v>0</v></c></row><row r="2"><c><v>1</v></c></row>`)
	limits := Limits{Inflated: 5 << 20}
	if _, err := openText(t, zipOf(t, "1.xlsx", book, "2.xlsx", book), Options{Limits: limits}); err != nil {
		t.Errorf("two: %v", err)
	}
	var r *Refusal
	_, err := openText(t, zipOf(t, "1.xlsx", book, "2.xlsx", book, "3.xlsx", book, "4.xlsx", book, "5.xlsx", book), Options{Limits: limits})
	if !errors.As(err, &r) || r.Code != "too-large" {
		t.Errorf("five: %v", err)
	}
}

func TestPackedRefusals(t *testing.T) {
	packed := packedAs(t, "x.csv", packedCSV)
	twice := packedAs(t, "x.csv.gz", packed["gzip"])
	for name, c := range map[string]struct{ text, code string }{
		"gzip in gzip":       {twice["gzip"], "packed-twice"},
		"gzip in ZIP":        {twice["zip"], "packed-twice"},
		"ZIP in zstd":        {packedAs(t, "x", packed["zip"])["zstd"], "packed-twice"},
		"gzip cut":           {packed["gzip"][:len(packed["gzip"])-5], "packed-damaged"},
		"zstd cut":           {packed["zstd"][:len(packed["zstd"])-3], "packed-damaged"},
		"xz cut":             {packed["xz"][:len(packed["xz"])-8], "packed-damaged"},
		"ZIP cut":            {packed["zip"][:len(packed["zip"])-9], "zip-damaged"},
		"no table in it":     {zipOf(t, "README", "x", "a.pdf", "%PDF-1.7"), "zip-empty"},
		"a web page in it":   {zipOf(t, "so-lieu.csv", "<!doctype html><p>x"), "html"},
		"nothing in it":      {packedAs(t, "x", "")["gzip"], "empty"},
		"xz, 4 GiB of words": {strings.Replace(packed["xz"], "\x21\x01\x16", "\x21\x01\x28", 1), "packed-window"},
		"tar":                {tarOf(t, "x.csv", packedCSV), "archive"},
		"tar in gzip":        {packedAs(t, "x", tarOf(t, "x.csv", packedCSV))["gzip"], "archive"},
		"7-Zip in ZIP":       {zipOf(t, "a.csv", packedCSV, "b.7z", "7z\xbc\xaf\x27\x1c\x00\x04"), "archive"},
		"RAR":                {"Rar!\x1a\x07\x01\x00", "archive"},
		"ZIP by Deflate64":   {deflate64(t), "zip-method"},
		"zstd, wide window":  {"\x28\xb5\x2f\xfd\x00\xa8\x01\x00\x00", "packed-window"},
	} {
		_, err := openText(t, c.text, Options{})
		var r *Refusal
		if !errors.As(err, &r) || r.Code != c.code {
			t.Errorf("%s: got %v, want %s", name, err, c.code)
		}
	}
	for packing, text := range packed {
		_, err := openText(t, text, Options{Limits: Limits{Inflated: 20}})
		var r *Refusal
		if !errors.As(err, &r) || r.Code != "too-large" {
			t.Errorf("%s of more than the limit: got %v", packing, err)
		}
	}
}

func tarOf(t testing.TB, name, text string) string {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	must(t, w.WriteHeader(&tar.Header{Name: name, Size: int64(len(text)), Mode: 0o600}))
	_, err := w.Write([]byte(text))
	must(t, err)
	must(t, w.Close())
	return b.String()
}

// deflate64 is how Windows packs files over 2 GiB.
func deflate64(t testing.TB) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.CreateRaw(&zip.FileHeader{Name: "a.csv", Method: 9, CompressedSize64: 3, UncompressedSize64: 9})
	must(t, err)
	_, err = w.Write([]byte("abc"))
	must(t, err)
	must(t, z.Close())
	return b.String()
}

// A frame without content, as some programs put before zstd, is passed over.
func TestZstdSkippable(t *testing.T) {
	f, err := openText(t, "\x50\x2a\x4d\x18\x03\x00\x00\x00abc"+packedAs(t, "x", packedCSV)["zstd"], Options{})
	if err != nil || f.Report.Packed != "zstd" || f.Report.Tables[0].DataRows != 2 {
		t.Errorf("%v", err)
	}
}

// FuzzPacked gives containers of all kinds: a table whose account balances, or
// a refusal; never more than the limit out of them.
func FuzzPacked(f *testing.F) {
	for _, text := range packedAs(f, "x.csv", packedCSV) {
		f.Add([]byte(text))
	}
	f.Add([]byte(zipOf(f, "a.csv", packedCSV, "b.json", `[{"x":1}]`)))
	if files, _ := filepath.Glob("../../../shared/data/bad/made/*.zip"); len(files) > 0 {
		for _, path := range files {
			if b, err := os.ReadFile(path); err == nil && len(b) < 100<<10 {
				f.Add(b)
			}
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		out := int64(0)
		limits := Limits{Inflated: 1 << 20, Cell: 1 << 16, Record: 1 << 18, Columns: 100}
		file, err := openText(t, string(b), Options{Limits: limits, Inflated: func(n int64) { out = max(out, n) }})
		if out > limits.Inflated+1<<20 {
			t.Errorf("%d bytes came out", out)
		}
		if err == nil {
			checkWhole(t, "fuzz", file)
		}
	})
}
