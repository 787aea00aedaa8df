package format

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestDuckDBFiles opens the files with which DuckDB tests its own readers: all
// end soon, none makes a reader fail, and those that it keeps as broken show at
// least one problem or question, or are refused. Files that are broken only
// against types that DuckDB was told stand in testdata/duckdb.txt.
func TestDuckDBFiles(t *testing.T) {
	root := shared(t, "bad/duckdb/data")
	b, err := os.ReadFile("testdata/duckdb.txt")
	if err != nil {
		t.Fatal(err)
	}
	sound := make(map[string]bool)
	for line := range strings.Lines(string(b)) {
		if name, _, ok := strings.Cut(line, ": "); ok && !strings.HasPrefix(line, "#") {
			sound[name] = true
		}
	}
	files, broken := 0, 0
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		ext := filepath.Ext(path)
		if err != nil || !d.Type().IsRegular() || ext != ".csv" && ext != ".json" && ext != ".tsv" && ext != ".ndjson" {
			return err
		}
		files++
		name, _ := filepath.Rel(root, path)
		start := time.Now()
		f, err := open(t, path, Options{})
		told := 0
		var r *Refusal
		switch {
		case errors.As(err, &r):
			told = 1
			if r.Code == "reader-failed" || r.Code == "unbalanced" || refusals[r.Code] == "" {
				t.Errorf("%s: refused as %s", name, r.Code)
			}
		case err != nil:
			t.Errorf("%s: %v", name, err)
		default:
			checkWhole(t, name, f)
			told = len(f.Report.Questions)
			for _, tr := range f.Report.Tables {
				told += len(tr.Problems)
			}
		}
		if took := time.Since(start); took > 10*time.Second {
			t.Errorf("%s: took %v", name, took)
		}
		if !strings.Contains(name, "error") && !strings.Contains(name, "rejects") && !strings.Contains(name, "broken") {
			return nil
		}
		broken++
		if told == 0 != sound[name] {
			t.Errorf("%s: %d problems and questions, listed as sound: %v", name, told, sound[name])
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d files, %d of them kept as broken, %d of those sound without DuckDB's types", files, broken, len(sound))
	if files < 600 || broken < 50 {
		t.Errorf("%d files, %d broken: the collection is not whole", files, broken)
	}
}
