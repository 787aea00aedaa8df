package format

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
	"golang.org/x/tools/txtar"

	"daylight/privacy"
)

var update = flag.Bool("update", false, "write what the reader says into testdata/*.txtar; read the difference before keeping it")

// TestCases runs testdata/*.txtar: a file as it came in (in.csv, in.json,
// in.jsonl, in.geojson; escaped.csv where it holds bytes that no text file
// should), how the agency answers (read), what the report must say (report), the
// typed table (want.csv, of a second one want-2.csv) and, where it matters, the
// cells as they stand (raw.csv).
func TestCases(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, path := range files {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			got := runCase(t, a)
			if *update {
				for i, f := range a.Files {
					if text, ok := got[f.Name]; ok {
						a.Files[i].Data = []byte(text)
					}
				}
				if err := os.WriteFile(path, txtar.Format(a), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			for _, f := range a.Files {
				text, ok := got[f.Name]
				if !ok {
					continue
				}
				if d := cmp.Diff(string(f.Data), text); d != "" {
					t.Errorf("%s:\n%s", f.Name, d)
				}
			}
		})
	}
}

// caseReading is the "read" block of a case, and the locale.
type caseReading struct {
	Encoding   string
	Delimiter  string
	Quote      string
	Comment    string
	HeaderRows []int `yaml:"header_rows"`
	Ragged     string
	Locale     string
	Table      []int
	Columns    map[string]struct {
		Type, Format, Thousands, Decimal string
		Nulls                            []string
		Trim                             bool
		OnError                          string `yaml:"on_error"`
		Key                              string
	}
}

func runCase(t *testing.T, a *txtar.Archive) map[string]string {
	t.Helper()
	var text, name string
	var o Options
	for _, f := range a.Files {
		switch f.Name {
		case "in.csv", "in.json", "in.jsonl", "in.geojson":
			text, name = string(f.Data), f.Name
		case "escaped.csv":
			for _, line := range strings.Split(strings.TrimSuffix(string(f.Data), "\n"), "\n") {
				s, err := strconv.Unquote(`"` + strings.ReplaceAll(line, `"`, `\"`) + `"`)
				if err != nil {
					t.Fatal(err)
				}
				text += s
			}
		case "read":
			var c caseReading
			d := yaml.NewDecoder(bytes.NewReader(f.Data))
			d.KnownFields(true)
			if err := d.Decode(&c); err != nil {
				t.Fatal(err)
			}
			o.Locale = c.Locale
			o.Reading = &privacy.Reading{Encoding: c.Encoding, Delimiter: c.Delimiter, Quote: c.Quote, Comment: c.Comment, HeaderRows: c.HeaderRows, Ragged: c.Ragged, Table: c.Table, Columns: map[string]privacy.ReadColumn{}}
			for name, col := range c.Columns {
				o.Reading.Columns[name] = privacy.ReadColumn(col)
			}
		}
	}
	f, err := Open(t.Context(), strings.NewReader(text), int64(len(text)), orCSV(name), o)
	var r *Refusal
	if errors.As(err, &r) {
		return map[string]string{"report": "refused " + r.Code + "\n" + r.Error() + "\n", "want.csv": "", "raw.csv": ""}
	}
	if err != nil {
		t.Fatal(err)
	}
	checkWhole(t, "case", f)
	got := map[string]string{"report": reportText(f.Report)}
	for i, table := range f.Tables {
		for name, typed := range map[string]bool{"want": true, "raw": false} {
			var b strings.Builder
			if err := WriteTable(&b, table, typed); err != nil {
				t.Fatal(err)
			}
			if i > 0 {
				name = fmt.Sprintf("%s-%d", name, i+1)
			}
			got[name+".csv"] = b.String()
		}
	}
	return got
}

func orCSV(name string) string {
	if name == "" {
		return "in.csv"
	}
	return name
}

// reportText is a report for people: one fact a line, what is usual left out.
func reportText(r Report) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s", r.Encoding)
	if r.BOM {
		b.WriteString(" bom")
	}
	if r.Format == "csv" || r.Format == "" {
		fmt.Fprintf(&b, ", %s, delimiter %q", r.EOL, r.Delimiter)
		if r.Quote != `"` {
			fmt.Fprintf(&b, ", quote %q", r.Quote)
		}
	} else {
		fmt.Fprintf(&b, ", %s", r.Format)
	}
	b.WriteByte('\n')
	for _, t := range r.Tables {
		if t.Name != "" && r.Format != "" {
			fmt.Fprintf(&b, "table %s\n", t.Name)
		}
		fmt.Fprintf(&b, "header_row %d, columns %d, data_rows %d\n", t.HeaderRow, t.Columns, t.DataRows)
		a := t.Accounting
		fmt.Fprintf(&b, "records %d = header %d, data %d", a.Records, a.Header, a.Data)
		for _, x := range []struct {
			name string
			n    int64
		}{{"preamble", a.Preamble}, {"blank", a.Blank}, {"section", a.Section}, {"footer", a.Footer}, {"repeated_header", a.RepeatedHeader}, {"rejected", a.Rejected}, {"hidden", a.Hidden}, {"comment", a.Comment}} {
			if x.n > 0 {
				fmt.Fprintf(&b, ", %s %d", x.name, x.n)
			}
		}
		b.WriteByte('\n')
		for _, f := range t.Fields {
			fmt.Fprintf(&b, "%s: %s", f.Key, f.Type)
			if f.Label != f.Key {
				fmt.Fprintf(&b, ", label %q", f.Label)
			}
			if f.Format != "" {
				fmt.Fprintf(&b, ", format %s", f.Format)
			}
			if f.Unit != "" {
				fmt.Fprintf(&b, ", unit %s", f.Unit)
			}
			var nulls []string
			for token, n := range f.Nulls {
				nulls = append(nulls, fmt.Sprintf("%q %d", token, n))
			}
			slices.Sort(nulls)
			if len(nulls) > 0 {
				fmt.Fprintf(&b, ", nulls %s", strings.Join(nulls, " "))
			}
			if f.Empty > 0 {
				fmt.Fprintf(&b, ", empty %d", f.Empty)
			}
			fmt.Fprintf(&b, ", %s", f.Evidence)
			if f.By != "" {
				fmt.Fprintf(&b, ", by %s", f.By)
			}
			if f.Proposal != "" {
				fmt.Fprintf(&b, ", proposed: %s", f.Proposal)
			}
			b.WriteByte('\n')
		}
		for _, p := range t.Problems {
			fmt.Fprintf(&b, "problem %s", p.Code)
			if p.Column != "" {
				fmt.Fprintf(&b, " in %s", p.Column)
			}
			if p.Row > 0 {
				fmt.Fprintf(&b, ", row %d", p.Row)
			}
			if p.Line > 0 {
				fmt.Fprintf(&b, ", line %d", p.Line)
			}
			if p.Wanted != "" {
				fmt.Fprintf(&b, ", wanted %s", p.Wanted)
			}
			fmt.Fprintf(&b, ", %d\n", p.Count)
		}
	}
	for _, q := range r.Questions {
		fmt.Fprintf(&b, "question %s", q.Code)
		if q.Column != "" {
			fmt.Fprintf(&b, " of %s", q.Column)
		}
		if q.Table > 0 {
			fmt.Fprintf(&b, " in table %d", q.Table)
		}
		fmt.Fprintf(&b, ": %s\n", strings.Join(q.Choices, " | "))
	}
	return b.String()
}
