package ingest

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"daylight/catalog"
	"daylight/ingest/format"
	"daylight/privacy"
)

// problemsOf sends a file and downloads its error report.
func problemsOf(t *testing.T, o *office, slug, plan, text string) (catalog.Upload, string) {
	t.Helper()
	d, err := o.describe(slug)
	if err != nil {
		t.Fatal(err)
	}
	u, err := o.send(catalog.NewUpload{Dataset: d.ID, Plan: []byte(plan)}, text)
	if err != nil {
		t.Fatal(err)
	}
	if err := o.inbox.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	if u, err = o.inbox.State(t.Context(), u.ID); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := o.inbox.ProblemsCSV(t.Context(), u.ID, &out); err != nil {
		t.Fatal(err)
	}
	return u, out.String()
}

// Every cell that does not fit stands in the error report with its row, line
// and column; the value does not.
func TestEveryMisfitIsTold(t *testing.T) {
	text := "ma,so,ngay\n" +
		"001,1,2026-01-01\n" +
		"002,năm,2026-01-02\n" + // row 2: so
		"003,3,\"2026-\n01-03\"\n" + // row 3, line 4: ngay
		"004,4,2026-01-04\n" +
		"005,bảy,ba mươi\n" + // row 5, line 7: so and ngay
		strings.Repeat("006,6,2026-01-06\n", 60)
	for name, plan := range map[string]string{
		"auto": "auto",
		"report": "plan: v1\naudience: open\nread: {columns: {so: {type: integer, on_error: report}, ngay: {type: date, on_error: report}}}\n" +
			"columns: {ma: {do: keep}, so: {do: keep}, ngay: {do: keep}}\ndecided: {by: x, at: 2026-10-01}\n",
	} {
		t.Run(name, func(t *testing.T) {
			_, got := problemsOf(t, newOffice(t), "khong-vua", plan, text)
			if strings.Contains(got, "năm") || strings.Contains(got, "mươi") {
				t.Error("a value is told")
			}
			var cells []string
			for line := range strings.Lines(got) {
				if strings.Contains(line, "cell-type") {
					cells = append(cells, strings.TrimSpace(line))
				}
			}
			want := []string{",2,3,so,cell-type,integer", ",5,7,so,cell-type,integer", ",3,4,ngay,cell-type,date", ",5,7,ngay,cell-type,date"}
			if d := cmp.Diff(want, cells); d != "" {
				t.Errorf("%s\nin\n%s", d, got)
			}
		})
	}
}

// Records that are set aside are told each.
func TestEveryRejectedRowIsTold(t *testing.T) {
	text := "a,b,c\n" + strings.Repeat("x,1,2026-01-01\n", 40) + "x,1\n" + strings.Repeat("x,1,2026-01-01\n", 5) + "x,1,2026-01-01,7,8\n"
	_, got := problemsOf(t, newOffice(t), "de-rieng", "plan: v1\naudience: open\nread: {ragged: report}\ncolumns: {a: {do: keep}, b: {do: keep}, c: {do: keep}}\ndecided: {by: x, at: 2026-10-01}\n", text)
	if !strings.Contains(got, ",,48,,rejected-row,usual width\n") {
		t.Errorf("got\n%s", got)
	}
}

// The report is bounded, and says how much is not in it.
func TestMisfitsAreBounded(t *testing.T) {
	var b strings.Builder
	b.WriteString("so\n")
	for i := range maxMisfits + 200_000 {
		fmt.Fprintf(&b, "%d\n", i)
		if i < maxMisfits+5 {
			b.WriteString("x7\n")
		}
	}
	m := &privacy.Reading{Columns: map[string]privacy.ReadColumn{"so": {Type: "integer", OnError: "report"}}}
	c, err := Check(t.Context(), fileWith(t, b.String()), "x.csv", CheckOptions{ParseOptions: ParseOptions{Reading: m}, Now: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if n := len(c.Misfits(0)); n != maxMisfits {
		t.Fatalf("%d places", n)
	}
	n, last := 0, problemRow{}
	for row := range problemRows(nil, c.Report, [][]format.Misfit{c.Misfits(0)}, nil) {
		n, last = n+1, row
	}
	if n < maxMisfits+1 || last.Code != "more-problems" || last.Wanted != "5" {
		t.Errorf("%d lines, the last is %+v", n, last)
	}
}

// What a child says of places is not believed.
func TestMisfitsOfAChild(t *testing.T) {
	one := func(row, line int64, column int) []byte {
		return appendMisfit(nil, format.Misfit{Row: row, Line: line, Column: column})
	}
	for name, b := range map[string][]byte{
		"nothing": {}, "cut": one(1, 2, 0)[:19], "a row too far": one(11, 2, 0), "a row below": one(-1, 2, 0), "a column too far": one(1, 2, 3),
		"a line below": one(1, -2, 0), "too many": bytes.Repeat(one(1, 2, 0), 4),
	} {
		if _, err := decodeMisfits(b, 10, 3, 3); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if got, err := decodeMisfits(bytes.Repeat(one(10, 12, 2), 3), 10, 3, 3); err != nil || len(got) != 3 || got[0] != (format.Misfit{Row: 10, Line: 12, Column: 2}) {
		t.Errorf("%v, %v", got, err)
	}
}
