package store

import (
	"errors"
	"strings"
	"testing"
)

func TestNumbered(t *testing.T) {
	for _, c := range []struct {
		in, want string
		n        int
	}{
		{`SELECT 1`, `SELECT 1`, 0},
		{`SELECT $2, $1`, `SELECT ?2, ?1`, 2},
		{`SELECT $1, $1`, `SELECT ?1, ?1`, 1},
		{`SELECT $1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11`, `SELECT ?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11`, 11},
		{`SELECT '$1', $1`, `SELECT '$1', ?1`, 1},
		{`SELECT 'it''s $2 ?', $1`, `SELECT 'it''s $2 ?', ?1`, 1},
		{`SELECT "$1""$2", $1`, `SELECT "$1""$2", ?1`, 1},
		{"SELECT `$2`, [$3], $1", "SELECT `$2`, [$3], ?1", 1},
		{"SELECT $1 -- not $2, 'nor this\n, $2", "SELECT ?1 -- not $2, 'nor this\n, ?2", 2},
		{`SELECT $1 /* $3 ' */, $2`, `SELECT ?1 /* $3 ' */, ?2`, 2},
		{`SELECT a$1, $1`, `SELECT a$1, ?1`, 1},
		{`SELECT 'số $2', $1 AS số$2`, `SELECT 'số $2', ?1 AS số$2`, 1},
		{`SELECT meta->>'$.slug' FROM t WHERE x=$1`, `SELECT meta->>'$.slug' FROM t WHERE x=?1`, 1},
		{`SELECT ($1)`, `SELECT (?1)`, 1},
		{`SELECT 'never ends $1`, `SELECT 'never ends $1`, 0},
		{"SELECT $1; -- the end\n ; ", "SELECT ?1; -- the end\n ; ", 1},
		{`SELECT 4-$1/2`, `SELECT 4-?1/2`, 1},
		{``, ``, 0},
	} {
		got, n, err := numbered(c.in)
		if got != c.want || n != c.n || err != nil {
			t.Errorf("%s\n got %s, %d, %v\nwant %s, %d", c.in, got, n, err, c.want, c.n)
		}
	}
	for _, in := range []string{
		`SELECT ?`, `SELECT ?1`, `SELECT :name`, `SELECT @name`, `SELECT $name`, `SELECT $`, `SELECT $0`, `SELECT $1a`,
		`SELECT $2`, `SELECT $1, $3`, `SELECT $1000`, `SELECT $99999999999999999999`, `SELECT $1::text`,
		`UPDATE t SET a=$1; UPDATE t SET b=$2`, `SELECT 1; 'x'`, `SELECT $1$2`,
	} {
		if got, _, err := numbered(in); !errors.Is(err, errPlaceholders) {
			t.Errorf("%s was taken as %s, %v", in, got, err)
		}
	}
}

// What the engine makes of it counts.
func TestPlaceholdersBind(t *testing.T) {
	db := privateDB(t)
	var a, b, c, d string
	err := db.QueryRow(t.Context(), `SELECT $2, $1, '$1' || $2, "x$1" FROM (SELECT 'col' AS "x$1")`, "one", "two").Scan(&a, &b, &c, &d)
	if err != nil || a != "two" || b != "one" || c != "$1two" || d != "col" {
		t.Errorf("got %q %q %q %q, %v", a, b, c, d, err)
	}
	for _, args := range [][]any{{}, {"one"}, {"one", "two", "three"}} {
		if err := db.QueryRow(t.Context(), `SELECT $2, $1`, args...).Scan(&a, &b); !errors.Is(err, errPlaceholders) {
			t.Errorf("%d arguments: %v", len(args), err)
		}
	}
}

func FuzzNumbered(f *testing.F) {
	for _, s := range []string{`SELECT $2, $1`, `'$1' "$2" -- $3`, "`[", `/*`, `$1$2`, `a$1;`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		out, n, err := numbered(s)
		if err != nil {
			return
		}
		// Nothing but the marks changes, and each of them by one byte.
		if len(out) != len(s) && !strings.Contains(s, "$0") || n > 999 {
			t.Errorf("%q became %q", s, out)
		}
	})
}
