package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"

	"github.com/mattn/go-sqlite3"
)

// clean makes an error that may be logged out of one of the driver's or of
// database/sql. Those quote: a failed Scan tells the value, some of SQLite's
// own messages tell an argument. What is let through is about our SQL text and
// our schema only.
func (s *sqlite) clean(ctx context.Context, err error) error {
	if err == nil || errors.Is(err, ErrDamaged) { // the latter is our own words already
		return err
	}
	for _, plain := range []error{sql.ErrNoRows, sql.ErrTxDone, sql.ErrConnDone, driver.ErrBadConn,
		context.Canceled, context.DeadlineExceeded, errPlaceholders} {
		if errors.Is(err, plain) {
			if plain == errPlaceholders {
				return err
			}
			return plain
		}
	}
	var e sqlite3.Error
	if !errors.As(err, &e) {
		return cleanText(err)
	}
	if e.Code == sqlite3.ErrInterrupt && ctx.Err() != nil {
		return ctx.Err()
	}
	said := fmt.Sprintf("sqlite code %d", int(e.ExtendedCode))
	switch e.Code {
	case sqlite3.ErrBusy, sqlite3.ErrLocked:
		return fmt.Errorf("%w: %s", ErrBusy, said)
	case sqlite3.ErrConstraint:
		// "UNIQUE constraint failed: uploads.id" names columns, never values.
		return fmt.Errorf("%w: %s", ErrConflict, e.Error())
	case sqlite3.ErrFull:
		return fmt.Errorf("%w: %s", ErrNoSpace, said)
	case sqlite3.ErrReadonly:
		return fmt.Errorf("%w: %s", ErrReadOnly, said)
	case sqlite3.ErrCorrupt, sqlite3.ErrNotADB:
		return fmt.Errorf("%w: %s", ErrDamaged, said)
	case sqlite3.ErrIoErr:
		if e.SystemErrno == syscall.ENOSPC || e.SystemErrno == syscall.EDQUOT {
			return fmt.Errorf("%w: %s", ErrNoSpace, said)
		}
		if e.ExtendedCode == sqlite3.ErrIoErrFsync || e.ExtendedCode == sqlite3.ErrIoErrDirFsync {
			s.broken.set(errors.New(said))
			return s.broken.err()
		}
	case sqlite3.ErrError:
		for _, ours := range []string{"no such table: ", "no such column: ", "no such function: ", "near \"", "table ", "ambiguous column name: "} {
			if strings.HasPrefix(e.Error(), ours) {
				return fmt.Errorf("sqlite: %s", e.Error())
			}
		}
	}
	return errors.New(said)
}

func cleanText(err error) error {
	text := err.Error()
	if strings.HasPrefix(text, "sql: Scan error on column index ") {
		// "sql: Scan error on column index 0, name "n": converting driver.Value type string ("the value") …"
		where, _, _ := strings.Cut(text, ": converting")
		if where, _, ok := strings.Cut(where, ", name"); ok {
			return errors.New(where + ": wrong type")
		}
		return errors.New("sql: Scan: wrong type")
	}
	for _, ours := range []string{"sql: expected ", "sql: database is closed", "sql: Rows are closed", "not enough args"} {
		if strings.HasPrefix(text, ours) {
			return errors.New(text)
		}
	}
	return fmt.Errorf("database: %T", err)
}

func stateOf(path string) fileState {
	st, err := os.Stat(path)
	if err != nil {
		return fileState{}
	}
	f := fileState{size: st.Size(), mtime: st.ModTime().UnixNano()}
	if sys, ok := st.Sys().(*syscall.Stat_t); ok {
		f.inode = sys.Ino
	}
	return f
}
