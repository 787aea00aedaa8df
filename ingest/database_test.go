package ingest

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"daylight/ingest/format"
)

// database makes one of SQLite by statements and gives its bytes.
func database(t *testing.T, statements ...string) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.db")
	db, err := sql.Open("sqlite3", path)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range statements {
		if _, err := db.Exec(s); err != nil {
			t.Fatal(err)
		}
	}
	db.Close()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The child, which can open no file, reads a database that is larger than what
// it may hold in memory: as it is, with its changes elsewhere, and unpacked.
func TestChildReadsDatabases(t *testing.T) {
	// 80 rows of a mebibyte, each a letter and its number.
	fill := []string{`CREATE TABLE a (so INTEGER, ten TEXT)`,
		`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<80) INSERT INTO a SELECT i, hex(zeroblob(524288)) FROM n`}
	plain := database(t, fill...)
	wal := database(t, append([]string{`PRAGMA journal_mode=WAL`}, fill...)...)
	if len(plain) <= 64<<20 || wal[18] != 2 {
		t.Fatalf("%d bytes, version %d", len(plain), wal[18])
	}
	packed := func(b []byte) []byte {
		var out bytes.Buffer
		z := gzip.NewWriter(&out)
		z.Write(b)
		z.Close()
		return out.Bytes()
	}
	var zipped bytes.Buffer
	z := zip.NewWriter(&zipped)
	for _, name := range []string{"a.db", "b.db"} {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		w.Write(database(t, `CREATE TABLE a (so INTEGER)`, `INSERT INTO a VALUES (1),(2)`))
	}
	z.Close()
	for name, c := range map[string]struct {
		in     []byte
		format string
		rows   int64
		wal    bool
	}{
		"plain":      {plain, "sqlite", 80, false},
		"wal":        {wal, "sqlite", 80, true},
		"packed":     {packed(plain), "sqlite", 80, false},
		"packed wal": {packed(wal), "sqlite", 80, true},
		"zip of two": {zipped.Bytes(), "zip", 2, false},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := ParseFile(t.Context(), fileWith(t, string(c.in)), "x.db", ParseOptions{})
			if err != nil {
				t.Fatal(err)
			}
			defer p.Close()
			tr := p.Report.Tables[0]
			said := false
			for _, problem := range tr.Problems {
				said = said || problem.Code == "wal"
			}
			if p.Report.Format != c.format || tr.DataRows != c.rows || said != c.wal {
				t.Errorf("%s, %d rows, changes elsewhere %v", p.Report.Format, tr.DataRows, said)
			}
		})
	}
	bad := bytes.Clone(plain)
	clear(bad[4096 : len(bad)/2])
	_, err := ParseFile(t.Context(), fileWith(t, string(bad)), "x.db", ParseOptions{})
	var r *format.Refusal
	if !errors.As(err, &r) || r.Code != "sqlite" || strings.Contains(err.Error(), "malformed") {
		t.Errorf("pages of zeros: %v", err)
	}
}
