package ingest

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"

	"daylight/ingest/format"
)

// sharedFile is a file of ../shared/data; the test is skipped without it, and
// fails where nothing may be skipped.
func sharedFile(t *testing.T, name string) *os.File {
	t.Helper()
	f, err := os.Open(filepath.Join("../../shared/data", name))
	if err != nil {
		if os.Getenv("DAYLIGHT_REQUIRE") == "1" {
			t.Fatalf("../shared is wanted: %v", err)
		}
		t.Skip("SKIPPED: ../shared/data is not beside the repository")
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// A packed file is unpacked in the child, into the file that the parent lends it.
func TestParsePacked(t *testing.T) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write([]byte("ma,so\n001,1\n002,2\n"))
	z.Close()
	p, err := ParseFile(t.Context(), fileWith(t, b.String()), "so-lieu.csv.gz", ParseOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if p.Report.Packed != "gzip" || p.Report.Format != "csv" || p.Report.Tables[0].DataRows != 2 {
		t.Errorf("%+v", p.Report)
	}
	_, err = ParseFile(t.Context(), fileWith(t, b.String()), "x", ParseOptions{Format: format.Limits{Inflated: 10}})
	var ref *format.Refusal
	if !errors.As(err, &ref) || ref.Code != "too-large" {
		t.Errorf("more than the limit: %v", err)
	}
}

// bombs are what the reader may say of each file that becomes large, deep or
// endless. Of the other files in the same folder it may say anything that it
// says of files.
var bombs = map[string][]string{
	"bomb_1GiB_rows.csv.gz":                     {"packed-ratio"},
	"bomb_1GiB_zeros.csv.gz":                    {"packed-ratio"},
	"bomb_1GiB.zip":                             {"packed-ratio"},
	"bomb_nested_gz.csv.gz.gz":                  {"packed-twice"},
	"bomb_nested_16x.zip":                       {"packed-twice"},
	"zip_overlap_200x64MiB.zip":                 {"too-large", "zip-damaged"},
	"zip_lying_size.zip":                        {"zip-damaged", "too-large"},
	"zip_100k_entries.zip.gz":                   {"too-large"},
	"zip_100k_entries.zip":                      {"too-large"},
	"csv_one_line_512MiB.csv.gz":                {"too-large", "packed-ratio"},
	"csv_unclosed_quote_64MiB.csv.gz":           {"read", "too-large"},
	"csv_all_quotes_16MiB.csv.gz":               {"read", "too-large"},
	"csv_wide_1M_cols.csv.gz":                   {"too-large"},
	"json_depth_1M.json.gz":                     {"json-deep"},
	"json_depth_obj_200k.json.gz":               {"json-deep"},
	"geojson_nested_collection_100k.geojson.gz": {"json-deep"},
	"geojson_2M_props.geojson.gz":               {"too-large"},
	"deep_100k.xml.gz":                          {"xml", "read"},
	"zip_slip.zip":                              {"read"},
	"xlsx_bomb_512MiB_sheet.xlsx":               {"workbook", "too-large"},
}

// TestBombs gives every hostile file to a real parse child with its usual
// limits: each is refused by a word that says what is wrong, or read, within
// 30 seconds of processor time (the machine may be busy) and 512 MiB.
func TestBombs(t *testing.T) {
	files := []*os.File{sharedFile(t, "bad/made/SOURCE")}
	paths, err := filepath.Glob("../../shared/data/bad/made/*")
	if err != nil || len(paths) < len(bombs) {
		t.Fatalf("%d files: %v", len(paths), err)
	}
	names := []string{"SOURCE"}
	for _, path := range paths {
		name := filepath.Base(path)
		if name == "SOURCE" {
			continue
		}
		files, names = append(files, sharedFile(t, "bad/made/"+name)), append(names, name)
		if name == "zip_100k_entries.zip.gz" { // it is a bomb of its own without its wrapping
			z, err := gzip.NewReader(sharedFile(t, "bad/made/"+name))
			if err != nil {
				t.Fatal(err)
			}
			text, err := io.ReadAll(io.LimitReader(z, 64<<20))
			if err != nil {
				t.Fatal(err)
			}
			files, names = append(files, fileWith(t, string(text))), append(names, strings.TrimSuffix(name, ".gz"))
		}
	}
	for name := range bombs {
		if !slices.Contains(names, name) {
			t.Errorf("%s is not there", name)
		}
	}
	for i, name := range names {
		t.Run(name, func(t *testing.T) {
			timeBefore, memoryBefore := childrenUsed(t)
			p, err := ParseFile(t.Context(), files[i], name, ParseOptions{})
			timeAfter, memory := childrenUsed(t)
			got := "read"
			var ref *format.Refusal
			switch {
			case errors.As(err, &ref):
				got = ref.Code
			case err != nil:
				t.Fatal(err)
			default:
				p.Close()
			}
			took := timeAfter - timeBefore
			t.Logf("%s, %.2f s of processor time", got, took.Seconds())
			if want := bombs[name]; want != nil && !slices.Contains(want, got) || got == "reader-failed" {
				t.Errorf("%s, want %v: %v", got, want, err)
			}
			if took > 30*time.Second {
				t.Errorf("took %v", took)
			}
			if memory > memoryBefore && memory > 512<<20 && !raceEnabled {
				t.Errorf("held %d MiB", memory>>20)
			}
		})
	}
}

// childrenUsed is the processor time of all children that ended, and the most
// memory that one of them held.
func childrenUsed(t *testing.T) (time.Duration, int64) {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_CHILDREN, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), u.Maxrss << 10
}

// Names that climb, absolute paths and links lead nowhere: what is read of the
// archive are its own bytes, and a link is none of the tables.
func TestArchiveStaysInside(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "bi-mat.csv")
	if err := os.WriteFile(outside, []byte("ma,bimatqzx\n1,bimatqzx\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	link := &zip.FileHeader{Name: "lien-ket.csv"}
	link.SetMode(fs.ModeSymlink | 0o777)
	w, err := z.CreateHeader(link)
	if err != nil {
		t.Fatal(err)
	}
	w.Write([]byte(outside))
	for _, name := range []string{"../../../../.." + outside, outside, `..\..\len.csv`} {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		w.Write([]byte("ma,so\n001,1\n"))
	}
	z.Close()
	p, err := ParseFile(t.Context(), fileWith(t, b.String()), "x.zip", ParseOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	var got []string
	for i, table := range p.Tables {
		got = append(got, table.Name())
		if c := cells(t, table); len(c) != 1 || c[0][0] != "=001" || p.Report.Tables[i].Fields[1].Key != "so" {
			t.Errorf("table %q holds %v", table.Name(), c)
		}
	}
	if d := cmp.Diff([]string{"bi-mat", "bi-mat (2)", "len"}, got); d != "" {
		t.Error(d)
	}
	if q := p.Report.Tables[0].Problems; len(q) != 1 || q[0].Code != "archive-entry" || q[0].Count != 1 {
		t.Errorf("the link is not counted: %v", q)
	}
}

// packings of one file, made by what agencies use; bzip2 has no writer here.
func packings(t *testing.T, name, text string) map[string]string {
	t.Helper()
	pack := func(w io.WriteCloser, b *bytes.Buffer) string {
		if _, err := io.WriteString(w, text); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	out := map[string]string{}
	var g, s, x, z bytes.Buffer
	out["gzip"] = pack(gzip.NewWriter(&g), &g)
	zs, err := zstd.NewWriter(&s)
	if err != nil {
		t.Fatal(err)
	}
	out["zstd"] = pack(zs, &s)
	xs, err := xz.NewWriter(&x)
	if err != nil {
		t.Fatal(err)
	}
	out["xz"] = pack(xs, &x)
	archive := zip.NewWriter(&z)
	w, err := archive.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(w, text)
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	out["zip"] = z.String()
	return out
}

// A packed file is uploaded, and ingested without a server: what is published
// are the bytes that the plain file gives.
func TestPublishPacked(t *testing.T) {
	births, plan := sample(t, "khai-sinh-minh-hoa-2026.csv"), sample(t, "khai-sinh-minh-hoa-2026.csv.plan.yaml")
	offline := func(content string) map[string]string {
		out := filepath.Join(t.TempDir(), "out")
		r, err := Offline(t.Context(), OfflineOptions{File: fileWith(t, content), Name: "khai-sinh.csv", Plan: []byte(plan), Out: out, Locale: "vi", Now: testDay})
		if err != nil {
			t.Fatal(err)
		}
		files := map[string]string{}
		for _, f := range r.Files {
			b, err := os.ReadFile(filepath.Join(out, f.Name))
			if err != nil {
				t.Fatal(err)
			}
			files[f.Name] = string(b)
		}
		return files
	}
	upload := func(content string) map[string]string {
		o := newOffice(t)
		d, err := o.describe("khai-sinh-2026")
		if err != nil {
			t.Fatal(err)
		}
		if u := o.publish(t, newUpload(d, plan), content); u.Release != 1 {
			t.Fatalf("%s %v", u.State, u.Problems)
		}
		return o.csvs(t, d.ID)
	}
	wantOffline, wantUpload := offline(births), upload(births)
	if len(wantOffline) < 3 || len(wantUpload) != 1 {
		t.Fatalf("%d and %d files", len(wantOffline), len(wantUpload))
	}
	for packing, content := range packings(t, "khai-sinh.csv", births) {
		t.Run(packing, func(t *testing.T) {
			if got := offline(content); !maps.Equal(got, wantOffline) {
				t.Errorf("ingested: other files than of the plain file")
			}
			if d := cmp.Diff(wantUpload, upload(content)); d != "" {
				t.Errorf("uploaded: %s", d)
			}
		})
	}
}
