package ingest

import (
	"bytes"
	"compress/gzip"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

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
		t.Skip("../shared/data is not beside the repository")
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

// TestBombs gives small files that become large, deep or endless to a real
// parse child with its usual limits: each is refused by a word that says what
// is wrong, or read, within 30 seconds and the memory that the guard allows.
func TestBombs(t *testing.T) {
	for name, want := range map[string][]string{
		"bomb_1GiB_rows.csv.gz":                     {"packed-ratio"},
		"bomb_1GiB_zeros.csv.gz":                    {"packed-ratio"},
		"bomb_1GiB.zip":                             {"packed-ratio"},
		"bomb_nested_gz.csv.gz.gz":                  {"packed-twice"},
		"bomb_nested_16x.zip":                       {"packed-twice"},
		"zip_overlap_200x64MiB.zip":                 {"too-large", "zip-damaged"},
		"zip_lying_size.zip":                        {"zip-damaged", "too-large"},
		"zip_100k_entries.zip.gz":                   {"too-large", "packed-twice"},
		"csv_one_line_512MiB.csv.gz":                {"too-large", "packed-ratio"},
		"csv_unclosed_quote_64MiB.csv.gz":           {"read", "too-large"},
		"csv_all_quotes_16MiB.csv.gz":               {"read", "too-large"},
		"csv_wide_1M_cols.csv.gz":                   {"too-large"},
		"json_depth_1M.json.gz":                     {"json-deep"},
		"json_depth_obj_200k.json.gz":               {"json-deep"},
		"geojson_nested_collection_100k.geojson.gz": {"json-deep"},
		"geojson_2M_props.geojson.gz":               {"too-large"},
		"deep_100k.xml.gz":                          {"xml"},
		"zip_slip.zip":                              {"read"},
		"xlsx_bomb_512MiB_sheet.xlsx":               {"workbook", "too-large"},
	} {
		t.Run(name, func(t *testing.T) {
			f := sharedFile(t, "bad/made/"+name)
			start := time.Now()
			p, err := ParseFile(t.Context(), f, name, ParseOptions{})
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
			took := time.Since(start)
			t.Logf("%s after %v", got, took.Round(time.Millisecond))
			if !slices.Contains(want, got) {
				t.Errorf("%s, want %v: %v", got, want, err)
			}
			if took > 30*time.Second {
				t.Errorf("took %v", took)
			}
		})
	}
}
