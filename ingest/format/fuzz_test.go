package format

import (
	"context"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"daylight/privacy"
)

// FuzzCSV: whatever the bytes, no panic; refused with a known code, or every
// record accounted for, every row readable, and the typed table written and
// read again is the same table.
func FuzzCSV(f *testing.F) {
	for _, seed := range []string{
		"", "a,b\n1,2\n", "a;b\r\n1,5;\"x\r\ny\"\r\n", "\"a\n1,\"b\n", "x\n\n1\n\n", "\xff\xfea\x00,\x00b\x00\n\x00",
		"T;;\n;;\nm;t;s\nA;;\n1;2;3\nB;;\n4;5;6\n\n(1) n\n", "1,2,3\n4,5\n6,7,8,9\n", "a\tb\n'x'\t2\n", "Nguy\xd4n,V\xa8n\n1,2\n",
		"d\n03/04/2024\n", "n\n1.204\n12.345\n", "\x82\xa0,\x82\xa2\r\n1,2\r\n", "a, b\n1, 2\n", "a,a,\n1,2,\n\x00,\r\r\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		if len(in) > 1<<16 {
			return
		}
		checkFuzzed(t, string(in), "x.csv")
	})
}

// again writes a table and reads it back with nothing to guess: the same cells.
func again(t *testing.T, table Table, tr TableReport) {
	t.Helper()
	cells := canonical(t, table)
	if len(cells) == 0 {
		return
	}
	// A row of nulls alone is a blank line, which no reader can tell from one.
	for _, row := range cells {
		if len(strings.TrimSpace(strings.Join(row, ""))) == 0 {
			return
		}
	}
	var b strings.Builder
	if err := WriteTable(&b, table, true); err != nil {
		t.Fatal(err)
	}
	if !utf8.ValidString(b.String()) {
		t.Fatal("what was written is not UTF-8")
	}
	r := newRecordReader(strings.NewReader(b.String()), int64(len(b.String())), dialect{delim: []byte{','}, quote: '"'}, 0, DefaultLimits)
	skip := table.Header() != nil
	var got [][]string
	for r.next() == nil {
		if skip {
			skip = false
			continue
		}
		var row []string
		for _, c := range r.cells {
			row = append(row, string(c.b))
		}
		got = append(got, row)
	}
	if !slices.EqualFunc(cells, got, slices.Equal[[]string]) {
		t.Fatalf("written and read back:\n%q\n%q", cells, got)
	}
}

func canonical(t *testing.T, table Table) [][]string {
	t.Helper()
	rows, err := table.Rows(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Release()
	var out [][]string
	for rows.Next() {
		rec := rows.Record()
		for i := range int(rec.NumRows()) {
			var row []string
			for _, col := range rec.Columns() {
				row = append(row, string(privacy.AppendCell(nil, col, i)))
			}
			out = append(out, row)
		}
	}
	return out
}
