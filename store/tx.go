package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// ErrNoRows is what Row.Scan says when there is none.
var ErrNoRows = sql.ErrNoRows

// Tx is a transaction. SQL has numbered placeholders, $1 and up, each used;
// one statement a call. A time.Time argument is written as FormatTime does,
// and Scan into a *time.Time or **time.Time reads it back.
//
// The Exec, Query and QueryRow of a Tx must not be used after the function that
// was given it has returned, and that function must use nothing but the Tx: a
// second transaction inside the first would wait for itself for ever.
type Tx struct {
	tx *sql.Tx
	db *sqlite
}

// Exec runs a statement that gives no rows.
func (tx *Tx) Exec(ctx context.Context, query string, args ...any) (sql.Result, error) {
	query, args, err := bind(query, args)
	if err != nil {
		return nil, err
	}
	res, err := tx.tx.ExecContext(ctx, query, args...)
	return res, tx.db.clean(ctx, err)
}

// Query reads rows, and sees what the transaction has written. The caller
// closes them before the next call.
func (tx *Tx) Query(ctx context.Context, query string, args ...any) (*Rows, error) {
	return tx.db.rows(ctx, tx.tx, query, args)
}

// QueryRow reads the first row; Scan says ErrNoRows when there is none.
func (tx *Tx) QueryRow(ctx context.Context, query string, args ...any) *Row {
	return tx.db.row(ctx, tx.tx, query, args)
}

// querier is what *sql.DB and *sql.Tx share.
type querier interface {
	QueryContext(context.Context, string, ...any) (*sql.Rows, error)
}

func (s *sqlite) rows(ctx context.Context, q querier, query string, args []any) (*Rows, error) {
	query, args, err := bind(query, args)
	if err != nil {
		return nil, err
	}
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, s.clean(ctx, err)
	}
	return &Rows{rows: rows, db: s, done: ctx}, nil
}

func (s *sqlite) row(ctx context.Context, q querier, query string, args []any) *Row {
	rows, err := s.rows(ctx, q, query, args)
	return &Row{rows: rows, err: err}
}

func bind(query string, args []any) (string, []any, error) {
	query, n, err := numbered(query)
	if err != nil {
		return "", nil, err
	}
	if n != len(args) {
		return "", nil, fmt.Errorf("%w: %d in the text, %d arguments", errPlaceholders, n, len(args))
	}
	bound := make([]any, n)
	for i, a := range args {
		switch t := a.(type) {
		case time.Time:
			bound[i] = FormatTime(t)
		case *time.Time:
			if t != nil {
				bound[i] = FormatTime(*t)
			}
		default:
			bound[i] = a
		}
	}
	return query, bound, nil
}

// Rows are like sql.Rows, with errors that tell no values.
type Rows struct {
	rows *sql.Rows
	db   *sqlite
	done context.Context // of the query; says why rows ended early
}

// Next goes to the next row; false at the end, and then Err says why.
func (r *Rows) Next() bool { return r.rows.Next() }

// Err is nil when every row was read.
func (r *Rows) Err() error { return r.db.clean(r.done, r.rows.Err()) }

// Close may be called more than once.
func (r *Rows) Close() error { return r.db.clean(r.done, r.rows.Close()) }

// Columns names the columns.
func (r *Rows) Columns() ([]string, error) {
	names, err := r.rows.Columns()
	return names, r.db.clean(r.done, err)
}

// Scan copies the row's columns into dest, as sql.Rows.Scan does.
func (r *Rows) Scan(dest ...any) error {
	to := make([]any, len(dest))
	for i, d := range dest {
		switch t := d.(type) {
		case *time.Time:
			to[i] = scanTime{one: t}
		case **time.Time:
			to[i] = scanTime{maybe: t}
		default:
			to[i] = d
		}
	}
	return r.db.clean(r.done, r.rows.Scan(to...))
}

// Row is like sql.Row, with errors that tell no values.
type Row struct {
	rows *Rows
	err  error
}

// Scan copies the first row's columns into dest, and closes.
func (r *Row) Scan(dest ...any) error {
	if r.err != nil {
		return r.err
	}
	defer r.rows.Close()
	if !r.rows.Next() {
		if err := r.rows.Err(); err != nil {
			return err
		}
		return ErrNoRows
	}
	if err := r.rows.Scan(dest...); err != nil {
		return err
	}
	return r.rows.Close()
}

const timeLayout = "2006-01-02T15:04:05.000000Z"

// FormatTime is how times stand in both databases: RFC 3339 in UTC, always with
// microseconds, so that texts compare as the times do.
func FormatTime(t time.Time) string { return t.UTC().Format(timeLayout) }

// ParseTime is the inverse of FormatTime, and takes any RFC 3339. The error does
// not quote the text.
func ParseTime(s string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return time.Time{}, fmt.Errorf("parse time: want RFC 3339")
	}
	return t.UTC(), nil
}

// scanTime reads a time out of a text column; NULL only where there is a pointer for it.
type scanTime struct {
	one   *time.Time
	maybe **time.Time
}

func (s scanTime) Scan(v any) error {
	if v == nil && s.maybe != nil {
		*s.maybe = nil
		return nil
	}
	text, ok := v.(string)
	if !ok {
		return fmt.Errorf("want RFC 3339")
	}
	t, err := ParseTime(text)
	if err != nil {
		return err
	}
	if s.maybe != nil {
		*s.maybe = &t
	} else {
		*s.one = t
	}
	return nil
}
