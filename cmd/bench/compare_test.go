package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"path/filepath"
	"testing"
)

func makeParquet(t *testing.T, dir, name, query string) string {
	t.Helper()
	db, err := sql.Open("duckdb", "")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	file := filepath.Join(dir, name+".parquet")
	if _, err := db.Exec("COPY (" + query + ") TO " + quote(file) + " (FORMAT parquet)"); err != nil {
		t.Fatal(err)
	}
	return file
}

func compared(t *testing.T, ours, theirs string) []comparison {
	t.Helper()
	var b bytes.Buffer
	if err := compare(context.Background(), &b, ours, theirs); err != nil {
		t.Fatal(err)
	}
	var out []comparison
	if err := json.Unmarshal(b.Bytes(), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// Two files of the same rows compare equal, one with a changed cell does not,
// and a code that lost its zeros is told apart from one that is wrong.
func TestCompareSeesOneCell(t *testing.T) {
	dir := t.TempDir()
	same := makeParquet(t, dir, "same", "SELECT i AS n, lpad(i::VARCHAR, 5, '0') AS code FROM range(1000) r(i)")
	lost := makeParquet(t, dir, "lost", "SELECT i AS n, i AS code FROM range(1000) r(i)")
	changed := makeParquet(t, dir, "changed", "SELECT i AS n, lpad((CASE i WHEN 500 THEN 501 ELSE i END)::VARCHAR, 5, '0') AS code FROM range(1000) r(i)")
	swapped := makeParquet(t, dir, "swapped", "SELECT i AS n, lpad((CASE i WHEN 500 THEN 501 WHEN 501 THEN 500 ELSE i END)::VARCHAR, 5, '0') AS code FROM range(1000) r(i)")
	for _, c := range []struct {
		theirs string
		equal  bool
		noted  bool
	}{{same, true, false}, {lost, true, true}, {changed, false, false}, {swapped, false, false}} {
		got := compared(t, same, c.theirs)[1]
		if got.Equal != c.equal || (got.Note != "") != c.noted {
			t.Errorf("%s: %+v", c.theirs, got)
		}
	}
}
