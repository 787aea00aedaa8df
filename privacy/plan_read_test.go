package privacy

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What a read block says comes back from the plan that is written of it.
func TestReadBlockRoundTrip(t *testing.T) {
	for _, read := range []string{
		"{encoding: windows-1258, delimiter: \"\\t\", quote: none, comment: \"#\", header_rows: [2, 3], ragged: repair, locale: vi}",
		"{delimiter: none, sheet: [\"Bảng 1\", \"2\"], table: [1, 3], header_rows: [0]}",
		"{delimiter: \"; \", quote: \"'\", columns: {Số dân: {type: integer, thousands: \" \", nulls: [\"\", \"-\"], on_error: report}, ngày: {type: date, format: d/m/y}, tên: {type: text, trim: true}, tiền: {decimal: \",\", thousands: \".\"}}}",
	} {
		plans, err := ParsePlans([]byte("plan: v1\nread: " + read + "\ncolumns: {a: {do: keep}}\n"))
		if err != nil {
			t.Errorf("%s: %v", read, err)
			continue
		}
		text, err := MarshalPlans(plans)
		if err != nil {
			t.Fatal(err)
		}
		again, err := ParsePlans(text)
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		if d := cmp.Diff(plans[0].Read, again[0].Read); d != "" {
			t.Errorf("%s\n%s", read, d)
		}
	}
}

// A pin that cannot be meant is told, with its line, and follows nobody.
func TestReadBlockIsStrict(t *testing.T) {
	for read, want := range map[string]string{
		`{delimiter: ""}`:                                      "sign between cells",
		`{delimiter: "abc"}`:                                   "sign between cells",
		`{delimiter: "\n"}`:                                    "sign between cells",
		`{delimiter: "\""}`:                                    "sign between cells",
		`{quote: "”"}`:                                         "sign around cells",
		`{quote: ";", delimiter: ";"}`:                         "same sign",
		`{comment: "\n"}`:                                      "comment line",
		`{table: [0]}`:                                         "counted from 1",
		`{header_rows: [3, 2]}`:                                "from above to below",
		`{header_rows: [0, 1]}`:                                "0 alone",
		`{ragged: maybe}`:                                      "refuse, report, repair",
		`{columns: {a: {type: money}}}`:                        "text, integer",
		`{columns: {a: {type: integer, format: d/m/y}}}`:       "for dates",
		`{columns: {a: {type: date, decimal: ","}}}`:           "for numbers",
		`{columns: {a: {thousands: "x"}}}`:                     "between thousands",
		`{columns: {a: {thousands: ".", decimal: "."}}}`:       "same sign",
		`{columns: {a b: {trim: true}, "A  B": {type: text}}}`: "named twice",
		`{columns: {a: {on_error: skip}}}`:                     "text, report, refuse",
		`{delimeter: ","}`:                                     "no key",
		"{encoding: utf-8}\ntable: a\n---\nplan: v1\ntable: b\ncolumns: {a: {do: keep}}\nread: {encoding: big5}": "in one way",
	} {
		_, err := ParsePlans([]byte("plan: v1\ncolumns: {a: {do: keep}}\nread: " + read + "\n"))
		var all *Problems
		if !errors.As(err, &all) {
			t.Errorf("%s: %v", read, err)
			continue
		}
		told := ""
		for _, p := range all.List {
			told += p.Detail + "\n"
		}
		if !strings.Contains(told, want) {
			t.Errorf("%s: %q, want %q", read, told, want)
		}
	}
}
