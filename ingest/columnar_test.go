package ingest

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"daylight/ingest/format"
)

// What the shelf publishes as Parquet and as Arrow is read back as the table
// it was: the same types and cells, also those whose type no text tells.
func TestPublishedComesBack(t *testing.T) {
	const in = "ma,ten,so,tien,ngay,luc,co,rong\n" +
		"001,Hồng Hà,9007199254740993,12.50,2024-02-29,2024-03-05T10:00:00+07:00,true,\"\"\n" +
		"002,Phúc Tân,-5,-0.01,1945-09-02,2024-12-31T23:59:59.5+07:00,false,x\n" +
		"003,,,,,,,y\n"
	out := filepath.Join(t.TempDir(), "out")
	if _, err := Offline(t.Context(), OfflineOptions{File: fileWith(t, in), Name: "x.csv", Plan: []byte("auto"), Out: out, Now: testDay}); err != nil {
		t.Fatal(err)
	}
	want := parsed(t, fileWith(t, in), "x.csv")
	for _, name := range []string{"data.parquet", "data.arrow"} {
		f, err := os.Open(filepath.Join(out, name))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		got := parsed(t, f, name)
		if d := cmp.Diff(cells(t, want.Tables[0]), cells(t, got.Tables[0])); d != "" {
			t.Errorf("%s: %s", name, d)
		}
		for i, field := range got.Report.Tables[0].Fields {
			if field.Key != want.Report.Tables[0].Fields[i].Key || field.Type != want.Report.Tables[0].Fields[i].Type {
				t.Errorf("%s: %s is %s", name, field.Key, field.Type)
			}
		}
	}
}

// A Parquet file goes the whole way to what is published.
func TestParquetIsPublished(t *testing.T) {
	first := filepath.Join(t.TempDir(), "first")
	if _, err := Offline(t.Context(), OfflineOptions{File: fileWith(t, simple), Name: "x.csv", Plan: []byte("auto"), Out: first, Now: testDay}); err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(filepath.Join(first, "data.csv"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"data.parquet", "data.arrow"} {
		f, err := os.Open(filepath.Join(first, name))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		out := filepath.Join(t.TempDir(), name)
		if _, err := Offline(t.Context(), OfflineOptions{File: f, Name: name, Plan: []byte("auto"), Out: out, Now: testDay}); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join(out, "data.csv"))
		if err != nil || string(got) != string(want) {
			t.Errorf("%s: %v, published\n%s", name, err, got)
		}
	}
	// And through an upload.
	o := newOffice(t)
	d, err := o.describe("dan-so")
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(first, "data.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	if u := o.publish(t, newUpload(d, "auto"), string(b)); u.Release != 1 || o.csv(t, d.ID) != string(want) {
		t.Errorf("upload: %s %v", u.State, u.Problems)
	}
}

func parsed(t *testing.T, f *os.File, name string) *Parsed {
	t.Helper()
	p, err := ParseFile(t.Context(), f, name, ParseOptions{})
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// Malformed columnar files of three collections: the child answers each with a
// table or a refusal, soon, within its memory, and this process never dies.
func TestMalformedColumnar(t *testing.T) {
	root := filepath.Join("..", "..", "shared", "data", "bad")
	if _, err := os.Stat(root); err != nil {
		if os.Getenv("DAYLIGHT_REQUIRE") == "1" {
			t.Fatal("the malformed files are required and missing")
		}
		t.Skip("NOT TESTED: the malformed files are missing")
	}
	total := 0
	for _, c := range []struct {
		folder string
		files  int
	}{
		{"arrow-testing/data/parquet/fuzzing", 137},
		{"arrow-testing/data/parquet/encoding-fuzzing", 4},
		{"arrow-testing/data/arrow-ipc-file", 55},
		{"arrow-testing/data/arrow-ipc-stream", 80},
		{"parquet-testing/bad_data", 8},
		{"duckdb/data/parquet-testing/afl", 8},
		{"duckdb/data/parquet-testing/broken", 20},
	} {
		read, refused, died, slowest := 0, map[string]int{}, 0, time.Duration(0)
		err := filepath.WalkDir(filepath.Join(root, c.folder), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || strings.HasSuffix(path, ".md") {
				return err
			}
			f, err := os.Open(path)
			if err != nil {
				return err
			}
			defer f.Close()
			start := time.Now()
			p, err := ParseFile(t.Context(), f, filepath.Base(path), ParseOptions{})
			slowest = max(slowest, time.Since(start))
			var r *format.Refusal
			switch {
			case err == nil:
				read++
				for i, table := range p.Tables {
					if n := int64(len(cells(t, table))); n != p.Report.Tables[i].DataRows {
						t.Errorf("%s: %d rows of %d", path, n, p.Report.Tables[i].DataRows)
					}
				}
				p.Close()
			case errors.As(err, &r):
				if refused[r.Code]++; r.Code == "reader-failed" {
					died++
					t.Errorf("%s: %v", path, err)
				}
			default:
				t.Errorf("%s: %v", path, err)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		n := read
		for _, k := range refused {
			n += k
		}
		total += n
		t.Logf("%s: %d read, refused %v, %d children died, slowest %v", c.folder, read, refused, died, slowest.Round(time.Millisecond))
		if n < c.files {
			t.Errorf("%s: %d files, want %d", c.folder, n, c.files)
		}
	}
	t.Logf("%d files", total)
}
