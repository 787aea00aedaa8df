package format

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"daylight/privacy"
)

func TestCSVSpectrum(t *testing.T) {
	dir := shared(t, "bad/csv-spectrum")
	files, err := filepath.Glob(filepath.Join(dir, "csvs", "*.csv"))
	if err != nil || len(files) != 12 {
		t.Fatalf("csv-spectrum: %d files, %v", len(files), err)
	}
	for _, path := range files {
		name := strings.TrimSuffix(filepath.Base(path), ".csv")
		t.Run(name, func(t *testing.T) {
			text, err := os.ReadFile(filepath.Join(dir, "json", name+".json"))
			if err != nil {
				t.Fatal(err)
			}
			var want []map[string]string
			if json.Unmarshal(text, &want) != nil {
				want = make([]map[string]string, 1) // one of them holds an object alone
				if err := json.Unmarshal(text, &want[0]); err != nil {
					t.Fatal(err)
				}
			}
			f, err := open(t, path, Options{})
			if err != nil {
				t.Fatal(err)
			}
			var got []map[string]string
			for cells, err := range f.Tables[0].RawRows(context.Background()) {
				if err != nil {
					t.Fatal(err)
				}
				m := make(map[string]string)
				for i, c := range cells {
					m[f.Tables[0].Header()[i]] = string(c)
				}
				got = append(got, m)
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestVietnameseEncodings(t *testing.T) {
	dir := shared(t, "bad/made-vn")
	text, err := os.ReadFile(filepath.Join(dir, "expected.json"))
	if err != nil {
		t.Fatal(err)
	}
	var want struct{ Rows [][]string }
	if err := json.Unmarshal(text, &want); err != nil {
		t.Fatal(err)
	}
	for name, enc := range map[string]string{
		"vn_utf8_nfc": "utf-8", "vn_utf8_nfd": "utf-8", "vn_utf8_bom": "utf-8", "vn_semicolon": "utf-8", "vn_cr_only": "utf-8",
		"vn_utf16le_bom": "utf-16le", "vn_utf16le_nobom": "utf-16le", "vn_utf16be_nobom": "utf-16be",
		"vn_windows1258": "windows-1258", "vn_viscii": "viscii", "vn_tcvn5712": "tcvn5712", "vn_tcvn3_abc": "tcvn3", "vn_vni_windows": "vni",
	} {
		t.Run(name, func(t *testing.T) {
			f, err := open(t, filepath.Join(dir, name+".csv"), Options{})
			if err != nil {
				t.Fatal(err)
			}
			if f.Report.Encoding != enc {
				t.Errorf("encoding: got %s, want %s", f.Report.Encoding, enc)
			}
			for _, q := range f.Report.Questions {
				if q.Code == "encoding" {
					t.Error("the encoding is asked about")
				}
			}
			want := want.Rows
			if name == "vn_tcvn3_abc" {
				g, err := open(t, filepath.Join(dir, name+".expected.csv"), Options{})
				if err != nil {
					t.Fatal(err)
				}
				want = written(t, g.Tables[0], true)
			}
			// Typed, since the typed table is NFC; no column of it is a number.
			if d := cmp.Diff(typedDates(want), written(t, f.Tables[0], true)); d != "" {
				t.Error(d)
			}
		})
	}
}

// typedDates writes the last column as the typed table does.
func typedDates(rows [][]string) [][]string {
	out := [][]string{rows[0]}
	for _, r := range rows[1:] {
		r = slices.Clone(r)
		if d := strings.Split(r[4], "/"); len(d) == 3 {
			r[4] = d[2] + "-" + d[1] + "-" + d[0]
		}
		out = append(out, r)
	}
	return out
}

func TestVietnameseShapes(t *testing.T) {
	dir := shared(t, "bad/made-vn")
	text, err := os.ReadFile(filepath.Join(dir, "shapes.expected.json"))
	if err != nil {
		t.Fatal(err)
	}
	var shapes map[string]struct {
		Encoding   string
		Delimiter  string
		HeaderRow  *int64 `json:"header_row"`
		Columns    int
		DataRows   int64 `json:"data_rows"`
		Types      []string
		Formats    []string
		Accounting *Accounting
		Questions  []Question
		Header     []string
		First      []string
		Proposal   string
	}
	if err := json.Unmarshal(text, &shapes); err != nil {
		t.Fatal(err)
	}
	for name, want := range shapes {
		t.Run(name, func(t *testing.T) {
			f, err := open(t, filepath.Join(dir, name), Options{})
			if err != nil {
				t.Fatal(err)
			}
			r, tr := f.Report, f.Report.Tables[0]
			if want.Encoding != "" && r.Encoding != want.Encoding || want.Delimiter != "" && r.Delimiter != want.Delimiter {
				t.Errorf("got %s %q, want %s %q", r.Encoding, r.Delimiter, want.Encoding, want.Delimiter)
			}
			if want.HeaderRow != nil && tr.HeaderRow != *want.HeaderRow || tr.Columns != want.Columns || tr.DataRows != want.DataRows {
				t.Errorf("got header %d, %d columns, %d rows, want %v", tr.HeaderRow, tr.Columns, tr.DataRows, want)
			}
			var types, formats []string
			for _, fd := range tr.Fields[:tr.Columns] {
				types, formats = append(types, fd.Type), append(formats, fd.Format)
			}
			if want.Types != nil && !slices.Equal(types, want.Types) {
				t.Errorf("types: got %v, want %v", types, want.Types)
			}
			if want.Formats != nil && !slices.Equal(formats, want.Formats) {
				t.Errorf("formats: got %v, want %v", formats, want.Formats)
			}
			if want.Accounting != nil && tr.Accounting != *want.Accounting {
				t.Errorf("accounting: got %+v, want %+v", tr.Accounting, *want.Accounting)
			}
			for i, q := range want.Questions {
				if i >= len(r.Questions) || r.Questions[i].Code != q.Code || r.Questions[i].Column != q.Column || q.Choices != nil && !slices.Equal(q.Choices, r.Questions[i].Choices) {
					t.Errorf("questions: got %+v, want %+v", r.Questions, want.Questions)
				}
			}
			rows := written(t, f.Tables[0], true)
			if want.Header != nil && !slices.Equal(rows[0][:len(want.Header)], want.Header) {
				t.Errorf("header: got %q, want %q", rows[0], want.Header)
			}
			if want.Proposal != "" && tr.Fields[1].Proposal != want.Proposal {
				t.Errorf("proposal: got %s, want %s", tr.Fields[1].Proposal, want.Proposal)
			}
		})
	}
}

func TestPlanAnswers(t *testing.T) {
	dir := shared(t, "bad/made-vn")
	number := privacy.ReadColumn{Type: "integer", Thousands: ".", Nulls: []string{"."}}
	f, err := open(t, filepath.Join(dir, "preamble_footer_sections.csv"), Options{Reading: &privacy.Reading{
		Columns: map[string]privacy.ReadColumn{"c_2021": number, "c_2022": number, "c_2023": number},
	}})
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{
		{"", "2021", "2022", "2023", "section"},
		{"Hà Nội", "1613", "1702", "1755", "Miền Bắc"},
		{"Hải Phòng", "402", "", "415", "Miền Bắc"},
		{"Cần Thơ", "311", "320", "", "Miền Nam"},
	}
	if d := cmp.Diff(want, written(t, f.Tables[0], true)); d != "" {
		t.Error(d)
	}
}

func TestOneBadCell(t *testing.T) {
	path := filepath.Join(shared(t, "bad/made-vn"), "one_bad_cell.csv")
	f, err := open(t, path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := []Problem{{Code: "cell-type", Row: 2001, Line: 2002, Column: "so", Wanted: "integer", Count: 1}}
	if tr := f.Report.Tables[0]; tr.Fields[0].Type != "text" || tr.Fields[0].Evidence != "4000 of 4001" || !cmp.Equal(tr.Problems, want) {
		t.Errorf("without a plan: %+v", tr)
	}
	for _, how := range []string{"report", "text", "refuse"} {
		f, err := open(t, path, Options{Reading: &privacy.Reading{Columns: map[string]privacy.ReadColumn{"so": {Type: "integer", OnError: how}}}})
		if how == "refuse" {
			var r *Refusal
			if !errors.As(err, &r) || r.Code != "cell-type" || r.Row != 2001 || r.Line != 2002 {
				t.Errorf("refuse: got %v", err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		tr := f.Report.Tables[0]
		if !cmp.Equal(tr.Problems, want) {
			t.Errorf("%s: problems %+v", how, tr.Problems)
		}
		if how == "text" {
			if tr.Fields[0].Type != "text" {
				t.Errorf("text: got %s", tr.Fields[0].Type)
			}
			continue
		}
		if n, sum := columnSum(t, f.Tables[0], "so"); n != 4000 || sum == "" {
			t.Errorf("report: %d values", n)
		}
	}
}

// TestWalkBad opens every CSV of the hostile collections: refused with a code,
// or every record accounted for and readable to the end.
func TestWalkBad(t *testing.T) {
	root := shared(t, "bad")
	n := 0
	refused := make(map[string]int)
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".csv") && !strings.HasSuffix(path, ".tsv") {
			return err
		}
		n++
		name, _ := filepath.Rel(root, path)
		start := time.Now()
		f, err := open(t, path, Options{})
		var r *Refusal
		switch {
		case errors.As(err, &r):
			if refusals[r.Code] == "" {
				t.Errorf("%s: refused with the unknown code %s", name, r.Code)
			}
			refused[r.Code]++
		case err != nil:
			t.Errorf("%s: %v", name, err)
		default:
			checkWhole(t, name, f)
		}
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("%s: took %v", name, took)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d files; refused: %v", n, refused)
	if n < 1000 {
		t.Errorf("only %d files: the collections are not whole", n)
	}
}

// checkWhole reads all tables of a file and holds the rows against the report.
func checkWhole(t testing.TB, name string, f *File) {
	t.Helper()
	for i, table := range f.Tables {
		tr := f.Report.Tables[i]
		if !tr.Accounting.Balanced() || tr.Accounting.Data != tr.DataRows {
			t.Errorf("%s: %+v", name, tr.Accounting)
		}
		if len(tr.Fields) != table.Schema().NumFields() {
			t.Errorf("%s: %d fields, schema of %d", name, len(tr.Fields), table.Schema().NumFields())
		}
		misfits := listen(table)
		rows, err := table.Rows(context.Background())
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		n := int64(0)
		for rows.Next() {
			n += rows.Record().NumRows()
		}
		if rows.Err() != nil || n != tr.DataRows {
			t.Errorf("%s: read %d of %d rows, %v", name, n, tr.DataRows, rows.Err())
		}
		rows.Release()
		if misfits != nil {
			checkMisfits(t, name, tr, *misfits)
		}
		raw := int64(0)
		for _, err := range table.RawRows(context.Background()) {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			raw++
		}
		if raw != tr.DataRows {
			t.Errorf("%s: %d raw rows of %d", name, raw, tr.DataRows)
		}
	}
}

// listen collects the places that a table tells while it is read; nil: it is
// one of those that tell none.
func listen(tb Table) *[]Misfit {
	x, ok := tb.(*table)
	if !ok {
		return nil
	}
	met := &[]Misfit{}
	x.f.opts.Misfit = func(m Misfit) { *met = append(*met, m) }
	return met
}

// checkMisfits: each cell and record that the report counts has its place, and
// none else has.
func checkMisfits(t testing.TB, name string, tr TableReport, met []Misfit) {
	t.Helper()
	told, first := map[string]int64{}, map[string]Misfit{}
	for _, m := range met {
		key := "rejected-row "
		if m.Row > 0 {
			key = "cell-type " + tr.Fields[m.Column].Key
		}
		if told[key]++; told[key] == 1 {
			first[key] = m
		}
	}
	for _, p := range tr.Problems {
		if p.Code != "cell-type" && p.Code != "rejected-row" {
			continue
		}
		key := p.Code + " " + p.Column
		if told[key] != p.Count || first[key].Row != p.Row || first[key].Line != p.Line {
			t.Errorf("%s: %s: %d places, the first %+v; the report says %+v", name, p.Code, told[key], first[key], p)
		}
		delete(told, key)
	}
	if len(told) > 0 {
		t.Errorf("%s: %d problems have places and are not in the report", name, len(told))
	}
}
