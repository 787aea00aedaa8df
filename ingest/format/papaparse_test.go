package format

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// papaCase is one case of Papa Parse's own tests.
type papaCase struct {
	Input  json.RawMessage
	Config struct {
		Delimiter, QuoteChar, EscapeChar string
		Comments, Header, SkipEmptyLines any
		Preview                          *int
		SkipFirstNLines                  int
		DynamicTyping, Newline           any
	}
	Expected json.RawMessage
}

// TestPapaParse reads the cases of Papa Parse with the same options. Each gives
// the same cells, or stands in testdata/papaparse.txt with the reason; a case
// that stands there and agrees is an error too.
func TestPapaParse(t *testing.T) {
	b, err := os.ReadFile(filepath.Join(shared(t, "bad/papaparse"), "cases.json"))
	if err != nil {
		t.Fatal(err)
	}
	var cases map[string][]papaCase
	if err := json.Unmarshal(b, &cases); err != nil {
		t.Fatal(err)
	}
	other := papaExceptions(t)
	core := 0
	for _, group := range []string{"core", "parse"} {
		for i, c := range cases[group] {
			name := fmt.Sprintf("%s %d", group, i)
			var want struct{ Data any }
			if err := json.Unmarshal(c.Expected, &want); err != nil {
				t.Fatal(err)
			}
			got := papaRead(t, c, group == "parse")
			agrees := cmp.Equal(want.Data, got)
			reason, listed := other[name]
			switch {
			case agrees && listed:
				t.Errorf("%s agrees, and is listed as %q", name, reason)
			case !agrees && !listed:
				t.Errorf("%s: got %q, want %q", name, got, want.Data)
			case listed && group == "core":
				core++
			}
		}
	}
	if core > 15 {
		t.Errorf("%d core cases differ: at most 15 may", core)
	}
	if len(cases["core"]) != 62 || len(cases["parse"]) != 89 || len(cases["unparse"]) != 50 {
		t.Errorf("%d, %d and %d cases: the collection is not whole", len(cases["core"]), len(cases["parse"]), len(cases["unparse"]))
	}
}

func papaExceptions(t *testing.T) map[string]string {
	f, err := os.Open("testdata/papaparse.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	out := make(map[string]string)
	for s := bufio.NewScanner(f); s.Scan(); {
		name, reason, ok := strings.Cut(s.Text(), ": ")
		if ok && !strings.HasPrefix(name, "#") {
			out[name] = reason
		}
	}
	return out
}

// papaRead gives all records with the options that are ours too.
func papaRead(t *testing.T, c papaCase, guess bool) []any {
	t.Helper()
	var text string
	if err := json.Unmarshal(c.Input, &text); err != nil {
		t.Fatal(err)
	}
	text = strings.TrimPrefix(text, "\ufeff")
	d := dialect{delim: []byte(","), quote: '"'}
	if c.Config.QuoteChar != "" {
		d.quote = c.Config.QuoteChar[0]
	}
	if c.Config.EscapeChar == `\` {
		d.escape = '\\'
	}
	switch {
	case c.Config.Delimiter != "":
		d.delim = []byte(c.Config.Delimiter)
	case guess:
		mark, _ := c.Config.Comments.(string)
		g, _ := findDialect(withoutComments([]sample{{text: []byte(text)}}, mark), "", string(d.quote), DefaultLimits)
		d.delim = g.dialect.delim
	}
	r := newRecordReader(strings.NewReader(text), int64(len(text)), d, 0, DefaultLimits)
	switch mark := c.Config.Comments.(type) {
	case string:
		r.comment = []byte(mark)
	case bool:
		if mark {
			r.comment = []byte("#")
		}
	}
	rows := []any{}
	for r.next() == nil {
		if r.record.comment || r.blank && c.Config.SkipEmptyLines != nil {
			continue
		}
		row := []any{}
		for _, x := range r.cells {
			row = append(row, string(x.b))
		}
		rows = append(rows, row)
	}
	if c.Config.Header == true && guess && len(rows) > 0 {
		labels := rows[0].([]any)
		rows = rows[1:]
		for i, r := range rows {
			object := map[string]any{}
			for j, x := range r.([]any) {
				if j < len(labels) {
					object[labels[j].(string)] = x
				} else {
					extra, _ := object["__parsed_extra"].([]any)
					object["__parsed_extra"] = append(extra, x)
				}
			}
			rows[i] = object
		}
	}
	rows = rows[min(len(rows), max(0, c.Config.SkipFirstNLines)):]
	if n := c.Config.Preview; n != nil && *n > 0 {
		rows = rows[:min(len(rows), *n)]
	}
	return rows
}

// TestPapaUnparse writes the tables of Papa Parse's cases with our writer and
// reads them back: the same cells.
func TestPapaUnparse(t *testing.T) {
	b, err := os.ReadFile(filepath.Join(shared(t, "bad/papaparse"), "cases.json"))
	if err != nil {
		t.Fatal(err)
	}
	var cases struct{ Unparse []papaCase }
	if err := json.Unmarshal(b, &cases); err != nil {
		t.Fatal(err)
	}
	tables := 0
	for i, c := range cases.Unparse {
		var rows [][]any
		if json.Unmarshal(c.Input, &rows) != nil || len(rows) == 0 {
			var objects []map[string]any
			if json.Unmarshal(c.Input, &objects) != nil {
				continue // no table: a value alone
			}
			for _, o := range objects {
				var row []any
				for _, k := range slices.Sorted(maps.Keys(o)) {
					row = append(row, o[k])
				}
				rows = append(rows, row)
			}
		}
		tables++
		var out bytes.Buffer
		w := bufio.NewWriter(&out)
		var want [][]string
		for _, row := range rows {
			text := []string{}
			for i, v := range row {
				if i > 0 {
					w.WriteByte(',')
				}
				s := ""
				if v != nil {
					s = fmt.Sprint(v)
				}
				writeCell(w, []byte(s))
				text = append(text, s)
			}
			if len(text) == 0 {
				text = []string{""} // a blank line reads as one empty cell
			}
			w.WriteByte('\n')
			want = append(want, text)
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		r := newRecordReader(bytes.NewReader(out.Bytes()), int64(out.Len()), dialect{delim: []byte(","), quote: '"'}, 0, DefaultLimits)
		var got [][]string
		for r.next() == nil {
			var row []string
			for _, x := range r.cells {
				row = append(row, string(x.b))
			}
			got = append(got, row)
		}
		if !slices.EqualFunc(got, want, slices.Equal[[]string]) {
			t.Errorf("case %d: got %q, want %q", i, got, want)
		}
	}
	t.Logf("%d of %d cases are tables", tables, len(cases.Unparse))
}
