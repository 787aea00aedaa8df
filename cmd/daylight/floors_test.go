package main

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// floors says which of our packages each package may import. What is not
// written is not allowed; a new package needs a line of its own.
var floors = map[string]string{
	"store":               "",
	"privacy":             "privacy/crs privacy/geometry privacy/recount", // the gates count again with recount
	"privacy/crs":         "",
	"privacy/geometry":    "",
	"privacy/recount":     "",
	"privacy/letters":     "",
	"catalog/codes":       "",
	"datasets/samples":    "",
	"datasets":            "privacy privacy/crs privacy/geometry privacy/letters store",
	"datasets/difference": "datasets privacy",
	"catalog":             "catalog/codes datasets datasets/difference store privacy",
	"catalog/dcat":        "catalog catalog/codes privacy", // the statement it tells
	"catalog/accounts":    "store",
	"catalog/inventory":   "catalog",
	"catalog/differences": "catalog datasets datasets/difference privacy",
	"search":              "catalog catalog/codes",
	"templates":           "catalog privacy",
	"ingest/internal/raw": "",
	"ingest/fetch":        "",
	"ingest/tableschema":  "privacy",
	"ingest/format":       "privacy privacy/crs privacy/geometry privacy/letters",
	"ingest":              "catalog catalog/inventory catalog/codes datasets privacy privacy/crs privacy/geometry privacy/letters store ingest/fetch ingest/format ingest/internal/raw ingest/tableschema",
	"api":                 "catalog catalog/inventory catalog/dcat catalog/codes catalog/differences datasets datasets/difference privacy search templates", // never ingest, store, accounts
	"cmd/daylight":        "api catalog catalog/accounts catalog/differences catalog/inventory catalog/codes catalog/dcat datasets datasets/samples ingest ingest/fetch ingest/format ingest/tableschema privacy search store templates",
}

// TestFloors reads the import lines itself, not through "go list": the test
// cache sees the files a test opens, but not those a child process reads.
func TestFloors(t *testing.T) {
	const root, module = "../..", "daylight/"
	seen := map[string]bool{}
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && (d.Name() == "testdata" || file == filepath.Join(root, "cmd/bench")) {
			return filepath.SkipDir
		}
		if err != nil || !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
			return err
		}
		rel, _ := filepath.Rel(root, file)
		pkg := path.Dir(filepath.ToSlash(rel))
		allowed, known := floors[pkg]
		if !known {
			t.Errorf("package %s has no floor", pkg)
		}
		seen[pkg] = true
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, spec := range f.Imports {
			imp, _ := strconv.Unquote(spec.Path.Value)
			imp, ours := strings.CutPrefix(imp, module)
			if ours && !slices.Contains(strings.Fields(allowed), imp) {
				t.Errorf("%s: %s must not import %s", rel, pkg, imp)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for pkg := range floors {
		if !seen[pkg] {
			t.Errorf("%s has a floor and does not exist", pkg)
		}
	}
}
