package format

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"golang.org/x/text/unicode/norm"

	"daylight/privacy"
)

// shared finds the test data that are not part of the repository. Without them
// a test is skipped, loudly; DAYLIGHT_REQUIRE=1 makes that a failure.
func shared(t *testing.T, name string) string {
	t.Helper()
	path := filepath.Join("..", "..", "..", "shared", "data", name)
	if _, err := os.Stat(path); err != nil {
		if os.Getenv("DAYLIGHT_REQUIRE") == "1" {
			t.Fatalf("shared data %s are required and missing", name)
		}
		t.Skipf("NOT TESTED: shared data %s are missing", name)
	}
	return path
}

func open(t testing.TB, path string, o Options) (*File, error) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	st, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	return Open(context.Background(), f, st.Size(), filepath.Base(path), o)
}

func openText(t testing.TB, text string, o Options) (*File, error) {
	t.Helper()
	return Open(context.Background(), strings.NewReader(text), int64(len(text)), "in.csv", o)
}

// wrongSums are entries of EXPECTED.json that the file itself contradicts. No
// cell of this column has more than 8 decimals, so its sum cannot have 9; the
// figure here was added up by a second program from the raw text.
var wrongSums = map[string]string{"be_hotels_occupancy_latin1.csv/Average Price": "68796.43397465"}

// expected is one entry of EXPECTED.json.
type expected struct {
	Encoding  string
	EOL       string
	Delimiter string
	Columns   int
	HeaderRow *int64 `json:"header_row"`
	DataRows  int64  `json:"data_rows"`
	Header    []string
	First     []string
	Last      []string
	Sums      map[string]struct {
		N   int64
		Sum string
	}
}

var expectedEncodings = map[string]string{"ascii": "utf-8", "utf-8-sig": "utf-8", "cp1252/latin-1": "windows-1252", "utf-16": "utf-16le"}

func TestExpected(t *testing.T) {
	for _, folder := range []string{"demo", "real"} {
		dir := shared(t, folder)
		text, err := os.ReadFile(filepath.Join(dir, "EXPECTED.json"))
		if err != nil {
			t.Fatal(err)
		}
		var all map[string]expected
		if err := json.Unmarshal(text, &all); err != nil {
			t.Fatal(err)
		}
		for name, want := range all {
			if !strings.HasSuffix(name, ".csv") && !strings.HasSuffix(name, ".dat") {
				continue
			}
			t.Run(folder+"/"+name, func(t *testing.T) {
				t.Parallel()
				checkExpected(t, filepath.Join(dir, name), want)
			})
		}
	}
}

func checkExpected(t *testing.T, path string, want expected) {
	f, err := open(t, path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	r := f.Report
	enc := want.Encoding
	if e, ok := expectedEncodings[enc]; ok {
		enc = e
	}
	if r.Encoding != enc {
		t.Errorf("encoding: got %s, want %s", r.Encoding, enc)
	}
	if bom := want.Encoding == "utf-8-sig" || want.Encoding == "utf-16"; r.BOM != bom {
		t.Errorf("bom: got %v, want %v", r.BOM, bom)
	}
	if want.EOL != "" && r.EOL != want.EOL {
		t.Errorf("eol: got %s, want %s", r.EOL, want.EOL)
	}
	if r.Delimiter != want.Delimiter {
		t.Errorf("delimiter: got %q, want %q", r.Delimiter, want.Delimiter)
	}
	tr := r.Tables[0]
	if tr.Columns != want.Columns {
		t.Errorf("columns: got %d, want %d", tr.Columns, want.Columns)
	}
	if tr.HeaderRow != *want.HeaderRow {
		t.Errorf("header_row: got %d, want %d", tr.HeaderRow, *want.HeaderRow)
	}
	if tr.DataRows != want.DataRows {
		t.Errorf("data_rows: got %d, want %d: %+v", tr.DataRows, want.DataRows, tr.Accounting)
	}
	if !tr.Accounting.Balanced() {
		t.Errorf("accounting: %+v", tr.Accounting)
	}
	rows := written(t, f.Tables[0], false)
	if tr.HeaderRow > 0 && len(rows) > 0 {
		six(t, "header", rows[0], want.Header)
		rows = rows[1:]
	}
	if int64(len(rows)) != tr.DataRows {
		t.Fatalf("raw rows: %d, the report says %d", len(rows), tr.DataRows)
	}
	six(t, "first", rows[0], want.First)
	six(t, "last", rows[len(rows)-1], want.Last)
	for label, s := range want.Sums {
		n, sum := columnSum(t, f.Tables[0], label)
		if right, ok := wrongSums[filepath.Base(path)+"/"+label]; ok {
			s.Sum = right
		}
		if n != s.N || sum != s.Sum {
			t.Errorf("sum of %s: got %d cells, %s, want %d, %s", label, n, sum, s.N, s.Sum)
		}
	}
	typed := written(t, f.Tables[0], true)
	if tr.HeaderRow > 0 {
		typed = typed[1:]
	}
	if tr.Columns > 1 && len(typed) != len(rows) {
		t.Errorf("typed rows: %d, raw %d", len(typed), len(rows))
	}
}

func six(t *testing.T, what string, got, want []string) {
	t.Helper()
	// The plain reader that reads back makes CRLF in quotes into LF.
	for i := range want {
		want[i] = strings.ReplaceAll(want[i], "\r\n", "\n")
	}
	if len(got) > 6 {
		got = got[:6]
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s: got %q, want %q", what, got, want)
	}
}

// written is what WriteTable writes, read back.
func written(t *testing.T, table Table, typed bool) [][]string {
	t.Helper()
	var b strings.Builder
	if err := WriteTable(&b, table, typed); err != nil {
		t.Fatal(err)
	}
	r := csv.NewReader(strings.NewReader(b.String()))
	r.FieldsPerRecord = -1
	rows, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// columnSum adds the canonical values of a column exactly.
func columnSum(t *testing.T, table Table, label string) (int64, string) {
	t.Helper()
	rows, err := table.Rows(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Release()
	at := -1
	for j, f := range table.Schema().Fields() {
		if l, _ := f.Metadata.GetValue(privacy.MetaLabel); l == label {
			at = j
		}
	}
	if at < 0 || table.Schema().Field(at).Type.ID() == arrow.STRING {
		t.Errorf("column %s is no number", label)
		return 0, ""
	}
	sum, n, scale := new(big.Rat), int64(0), 0
	for rows.Next() {
		col := rows.Record().Column(at)
		for i := range col.Len() {
			if col.IsNull(i) {
				continue
			}
			text := string(privacy.AppendCell(nil, col, i))
			v, ok := new(big.Rat).SetString(text)
			if !ok {
				t.Fatal("not a number in a typed column")
			}
			if _, frac, ok := strings.Cut(text, "."); ok {
				scale = max(scale, len(frac))
			}
			sum.Add(sum, v)
			n++
		}
	}
	if rows.Err() != nil {
		t.Fatal(rows.Err())
	}
	s := sum.FloatString(scale)
	if scale > 0 {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return n, s
}

// lossless holds the typed table against the cells as they stand: text is the
// same but for NFC, a number is the same number, and null is an empty cell, a
// null token or nothing else.
func lossless(t *testing.T, f *File) {
	t.Helper()
	tr := f.Report.Tables[0]
	raw, typed := written(t, f.Tables[0], false), written(t, f.Tables[0], true)
	if len(raw) != len(typed) {
		t.Fatalf("%d raw rows, %d typed", len(raw), len(typed))
	}
	for i := range raw {
		if i == 0 && tr.HeaderRow > 0 {
			continue
		}
		for j, fd := range tr.Fields {
			a, b := raw[i][j], typed[i][j]
			ok := false
			switch {
			case fd.Type == "text":
				ok = norm.NFC.String(a) == b
			case b == "":
				ok = strings.TrimSpace(a) == "" || fd.Nulls[strings.TrimSpace(a)] > 0
			case fd.Format != "" || fd.Unit != "" || fd.Type == "timestamp":
				ok = true // another form of the same value: the sums and the cases look at these
			case fd.Type == "date" || fd.Type == "boolean":
				ok = strings.EqualFold(strings.TrimSpace(a), b)
			default:
				x, ok1 := new(big.Rat).SetString(strings.TrimSpace(a))
				y, ok2 := new(big.Rat).SetString(b)
				ok = ok1 && ok2 && x.Cmp(y) == 0
			}
			if !ok {
				t.Errorf("row %d, column %s (%s): the cell is changed", i, fd.Key, fd.Type)
				return
			}
		}
	}
}

func TestLossless(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(shared(t, "real"), "*.csv"))
	if err != nil || len(files) < 20 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, path := range files {
		t.Run(filepath.Base(path), func(t *testing.T) {
			t.Parallel()
			f, err := open(t, path, Options{})
			if err != nil {
				t.Fatal(err)
			}
			if f.Report.Tables[0].Columns == 1 {
				t.Skip("a null row of one column is a blank line")
			}
			lossless(t, f)
		})
	}
}

// The publisher's own schema is the truth for the types of its file.
func TestTableSchema(t *testing.T) {
	dir := shared(t, "real")
	text, err := os.ReadFile(filepath.Join(dir, "de_rki_icu_deutschland.tableschema.json"))
	if err != nil {
		t.Fatal(err)
	}
	var schema struct {
		Fields []struct{ Name, Type string }
	}
	if err := json.Unmarshal(text, &schema); err != nil {
		t.Fatal(err)
	}
	f, err := open(t, filepath.Join(dir, "de_rki_icu_deutschland.csv"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]string{"string": "text", "integer": "integer", "number": "decimal", "date": "date", "datetime": "timestamp", "boolean": "boolean"}
	for _, want := range schema.Fields {
		at := slices.IndexFunc(f.Report.Tables[0].Fields, func(fd Field) bool { return fd.Label == want.Name })
		if at < 0 {
			t.Errorf("%s is not in the file", want.Name)
			continue
		}
		got := f.Report.Tables[0].Fields[at].Type
		base, _, _ := strings.Cut(got, "(")
		if base != kinds[want.Type] {
			t.Errorf("%s: got %s, the publisher says %s", want.Name, got, want.Type)
		}
	}
}
