package format

import (
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestFrictionlessFiles opens the tables of Frictionless' own tests: each is
// read to the end or refused by a known code, and where a file's name says what
// is wrong with it, the report says it too.
func TestFrictionlessFiles(t *testing.T) {
	root := shared(t, "bad/frictionless/data")
	seen := make(map[string]map[string]bool) // problems by file
	n := 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || !slices.Contains([]string{".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".xls", ".xlsx", ".ods"}, filepath.Ext(path)) {
			return err
		}
		n++
		name, _ := filepath.Rel(root, path)
		codes := make(map[string]bool)
		seen[name] = codes
		f, err := open(t, path, Options{})
		var r *Refusal
		switch {
		case errors.As(err, &r):
			if r.Code == "reader-failed" || r.Code == "unbalanced" || refusals[r.Code] == "" {
				t.Errorf("%s: refused as %s", name, r.Code)
			}
			codes[r.Code] = true
		case err != nil:
			t.Errorf("%s: %v", name, err)
		default:
			checkWhole(t, name, f)
			for _, tr := range f.Report.Tables {
				for _, p := range tr.Problems {
					codes[p.Code] = true
				}
				if tr.Accounting.Blank > 0 {
					codes["blank"] = true
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"blank-headers.csv":         "blank-label",
		"duplicate-headers.csv":     "duplicate-label",
		"duplicate-column.csv":      "duplicate-label",
		"blank-rows.csv":            "blank",
		"blank-rows-multiple.csv":   "blank",
		"blank-rows-no-fields.csv":  "blank",
		"skip-blank-at-the-end.csv": "blank",
		"defective-rows.csv":        "rejected-row or ragged-short",
		"empty.csv":                 "empty",
		"capital-invalid.csv":       "duplicate-label or blank-label or ragged-short or rejected-row or repaired",
		"invalid.csv":               "blank-label",
	} {
		if !slices.ContainsFunc(strings.Split(want, " or "), func(code string) bool { return seen[name][code] }) {
			t.Errorf("%s: want %s, got %v", name, want, seen[name])
		}
	}
	t.Logf("%d files", n)
	if n < 200 {
		t.Errorf("%d files: the collection is not whole", n)
	}
}
