package store

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
)

// Every point that this package passes is in the table, and no name twice.
func TestPoints(t *testing.T) {
	names := Points()
	slices.Sort(names)
	if n := len(names); len(slices.Compact(slices.Clone(names))) != n {
		t.Error("a name is listed twice")
	}
	sources, err := filepath.Glob("*.go")
	if err != nil || len(sources) < 10 {
		t.Fatalf("%d sources, %v", len(sources), err)
	}
	call := regexp.MustCompile(`\bFail(?:Err)?\("([^"]*)"`)
	found := 0
	for _, name := range sources {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range call.FindAllSubmatch(text, -1) {
			found++
			if !slices.Contains(names, string(m[1])) {
				t.Errorf("%s: %s is not in the table", name, m[1])
			}
		}
	}
	if found < 10 {
		t.Errorf("only %d calls found", found)
	}
}
