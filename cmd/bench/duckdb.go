package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	_ "github.com/duckdb/duckdb-go/v2"
)

// duck is the rival at its own work: types found over the whole file, then
// Parquet with zstd. It runs in a process of its own.
func duck(ctx context.Context, threads int, in, out string) error {
	db, err := sql.Open("duckdb", "")
	if err != nil {
		return err
	}
	defer db.Close()
	if _, err := db.ExecContext(ctx, fmt.Sprintf("SET threads=%d", threads)); err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, fmt.Sprintf(
		"COPY (SELECT * FROM read_csv(%s, sample_size=-1)) TO %s (FORMAT parquet, COMPRESSION zstd)", quote(in), quote(out)))
	return err
}

func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// A comparison says of one column what two Parquet files hold.
type comparison struct {
	Column string `json:"column"`
	Ours   string `json:"ours"` // type
	Theirs string `json:"theirs"`
	Equal  bool   `json:"equal"` // every value, in every row
	Note   string `json:"note,omitempty"`
}

// compare reads both files with DuckDB and sums every column over row numbers
// and values. Where the types differ, both are brought to the form that the
// poorer one still has, and the note says what it has lost.
func compare(ctx context.Context, to io.Writer, ours, theirs string) error {
	db, err := sql.Open("duckdb", "")
	if err != nil {
		return err
	}
	defer db.Close()
	if _, err := db.ExecContext(ctx, "SET memory_limit='2GB'"); err != nil {
		return err
	}
	a, err := columns(ctx, db, ours)
	if err != nil {
		return err
	}
	b, err := columns(ctx, db, theirs)
	if err != nil {
		return err
	}
	if len(a) != len(b) {
		return fmt.Errorf("%d columns against %d", len(a), len(b))
	}
	var out []comparison
	for i := range a {
		c := comparison{Column: a[i].name, Ours: a[i].kind, Theirs: b[i].kind}
		form := formFor(c.Ours, c.Theirs)
		c.Note = form.note
		x, err := sum(ctx, db, ours, a[i].name, form.ours)
		if err != nil {
			return err
		}
		y, err := sum(ctx, db, theirs, b[i].name, form.theirs)
		if err != nil {
			return err
		}
		c.Equal = x == y
		out = append(out, c)
	}
	return json.NewEncoder(to).Encode(out)
}

type column struct{ name, kind string }

func columns(ctx context.Context, db *sql.DB, file string) ([]column, error) {
	rows, err := db.QueryContext(ctx, "SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM read_parquet("+quote(file)+"))")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []column
	for rows.Next() {
		var c column
		if err := rows.Scan(&c.name, &c.kind); err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, rows.Err()
}

// sum is of counts and of the hashes of row number and value.
func sum(ctx context.Context, db *sql.DB, file, column, form string) (string, error) {
	value := strings.ReplaceAll(form, "?", `"`+strings.ReplaceAll(column, `"`, `""`)+`"`)
	var out string
	err := db.QueryRowContext(ctx, fmt.Sprintf(
		"SELECT concat_ws(' ', count(*), count(v), sum(hash(n, v)::HUGEINT)) FROM (SELECT file_row_number AS n, %s AS v FROM read_parquet(%s, file_row_number=true))",
		value, quote(file))).Scan(&out)
	return out, err
}

type form struct{ ours, theirs, note string }

// formFor gives how a column of these two types is brought to one.
func formFor(ours, theirs string) form {
	decimal := strings.HasPrefix(ours, "DECIMAL")
	switch {
	case ours == theirs:
		return form{"?::VARCHAR", "?::VARCHAR", ""}
	case ours == "VARCHAR" && theirs == "BIGINT":
		return form{"TRY_CAST(? AS BIGINT)", "?", "leading zeros lost by the other"}
	case decimal && theirs == "VARCHAR":
		return form{"?::" + ours, "replace(replace(?, '.', ''), ',', '.')::" + ours, "not typed by the other"}
	case decimal && theirs == "DOUBLE":
		return form{"?::DOUBLE", "?", "not exact in the other"}
	case theirs == "VARCHAR" && ours == "DATE":
		return form{"?", "strptime(?, '%d/%m/%Y')::DATE", "not typed by the other"}
	case ours == "VARCHAR" && theirs == "BOOLEAN", ours == "BIGINT" && theirs == "INTEGER":
		return form{"?::VARCHAR", "?::VARCHAR", "another type in the other"}
	}
	return form{"?::VARCHAR", "?::VARCHAR", "types differ"}
}
