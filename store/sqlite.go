package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"

	_ "github.com/mattn/go-sqlite3" // the driver "sqlite3"
)

// sqlite is one database file: one connection that writes, some that read.
// PublicDB and PrivateDB stand in front of it.
type sqlite struct {
	path       string
	perm       os.FileMode
	migrations fs.FS
	writer     *sql.DB // nil: opened to read
	broken     fault

	mu      sync.RWMutex // guards readers and frozen, which change together
	readers *sql.DB
	frozen  *frozen // not nil: readers believe that the file never changes
}

// frozen is how the files looked when SQLite was told that they never change.
type frozen struct{ db, wal fileState }

// filePath takes the address of a database. PostgreSQL will be another case here.
func filePath(address string) (string, error) {
	scheme, rest, ok := strings.Cut(address, ":")
	switch {
	case !ok || rest == "":
		return "", errors.New("want an address like sqlite:/path/of/file.db")
	case scheme == "postgres" || scheme == "postgresql":
		return "", errors.New("this version has sqlite only; want an address like sqlite:/path/of/file.db")
	case scheme != "sqlite":
		return "", fmt.Errorf("unknown kind of database %q; this version has sqlite only", scheme)
	case strings.HasPrefix(rest, ":") || strings.Contains(rest, "\x00"):
		return "", errors.New("want a file: a database in memory has no second connection to read with")
	}
	// sqlite:///a/b and sqlite:/a/b are the same file.
	return filepath.Abs(strings.TrimPrefix(rest, "//"))
}

func openSQLite(ctx context.Context, address string, perm os.FileMode, migrations fs.FS, readOnly bool) (*sqlite, error) {
	path, err := filePath(address)
	if err != nil {
		return nil, err
	}
	s := &sqlite{path: path, perm: perm, migrations: migrations}
	if readOnly {
		err = s.openToRead(ctx)
	} else {
		err = s.openToWrite(ctx)
	}
	if err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// Every connection waits 5 s for another process before it says ErrBusy.
const waiting = "_busy_timeout=5000&_foreign_keys=1"

func (s *sqlite) dsn(options string) string {
	return (&url.URL{Scheme: "file", Path: s.path, RawQuery: waiting + options}).String()
}

func (s *sqlite) openToWrite(ctx context.Context) error {
	if err := os.MkdirAll(filepath.Dir(s.path), folderMode(s.perm)); err != nil {
		return diskError(err)
	}
	// SQLite gives the journal the mode of the database.
	f, err := os.OpenFile(s.path, os.O_RDWR|os.O_CREATE, s.perm)
	if err != nil {
		return diskError(err)
	}
	if err := errors.Join(f.Close(), syncPath(filepath.Dir(s.path))); err != nil {
		return diskError(err)
	}
	// FULL: with NORMAL a power cut may lose the last commits. Immediate: a
	// transaction that reads first and writes later would meet ErrBusy halfway.
	// Secure delete: a forgotten key must not linger in free pages.
	s.writer, err = sql.Open("sqlite3", s.dsn("&mode=rw&_journal_mode=WAL&_synchronous=FULL&_txlock=immediate&_secure_delete=1"))
	if err != nil {
		return s.clean(ctx, err)
	}
	s.writer.SetMaxOpenConns(1)
	if err := s.writer.PingContext(ctx); err != nil {
		return s.clean(ctx, err)
	}
	if err := s.openReaders(ctx, ""); err != nil {
		return err
	}
	_, err = s.checkVersion(ctx)
	return err
}

// openToRead opens beside a process that writes, or a copy that nobody writes.
func (s *sqlite) openToRead(ctx context.Context) error {
	st, err := os.Stat(s.path)
	if err != nil {
		return fmt.Errorf("database %s: %w", s.path, reason(err))
	}
	if !st.Mode().IsRegular() || st.Size() == 0 {
		return fmt.Errorf("database %s: %w: empty", s.path, ErrDamaged)
	}
	if err := s.openHowever(ctx); err != nil {
		return err
	}
	known, err := s.checkVersion(ctx)
	if err != nil {
		return err
	}
	if latest, err := s.latest(); err != nil || known < latest {
		return errors.Join(err, fmt.Errorf("%w: version %d, want %d; the process that writes it migrates it", ErrOlder, known, latest))
	}
	return nil
}

// openHowever opens the readers as usual, and where that cannot be, as frozen.
// A database in WAL mode wants to make two small files beside it, or to find
// them there; in a folder that takes none it opens only if SQLite is told that
// the file never changes. That is true of a copy on a read-only disk. It is not
// true when only WE cannot write there and a publisher can, so asOf looks.
func (s *sqlite) openHowever(ctx context.Context) error {
	err := s.openReaders(ctx, "")
	if err == nil || errors.Is(err, ErrDamaged) || ctx.Err() != nil {
		return err
	}
	was := s.look()
	if was.wal.size > 0 {
		return fmt.Errorf("%w: commits wait in %s-wal and the folder is read-only; copy it anew with its writer stopped, or from a backup", err, s.path)
	}
	if err := s.openReaders(ctx, "&immutable=1"); err != nil {
		return err
	}
	s.frozen = &was
	return nil
}

func (s *sqlite) openReaders(ctx context.Context, options string) error {
	db, err := sql.Open("sqlite3", s.dsn("&mode=ro&_query_only=1&_txlock=deferred"+options))
	if err != nil {
		return s.clean(ctx, err)
	}
	// Far more than are ever busy: whoever queries while it still reads rows
	// holds two, and a pool of a few would run dry with everybody waiting for
	// the second.
	db.SetMaxOpenConns(64)
	db.SetMaxIdleConns(max(4, 2*runtime.GOMAXPROCS(0)))
	// Opening reads nothing; this does.
	var tables int
	if err := db.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_master").Scan(&tables); err != nil {
		db.Close()
		return s.clean(ctx, err)
	}
	s.readers = db
	return nil
}

// reader gives the pool to read with. A frozen database that has changed after
// all is opened again first.
func (s *sqlite) reader(ctx context.Context) (*sql.DB, error) {
	s.mu.RLock()
	db, was := s.readers, s.frozen
	s.mu.RUnlock()
	if was == nil || *was == s.look() {
		return db, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.frozen == nil || *s.frozen == s.look() {
		return s.readers, nil // somebody else was quicker
	}
	old := s.readers
	s.frozen = nil
	if err := s.openHowever(ctx); err != nil {
		s.frozen = &frozen{} // like nothing: the next call tries again
		return nil, fmt.Errorf("open changed database: %w", err)
	}
	// Rows that are still being read end with an error, which is better than
	// rows of a file that moved under them.
	old.Close()
	return s.readers, nil
}

type fileState struct {
	size  int64
	mtime int64
	inode uint64
}

func (s *sqlite) look() frozen { return frozen{stateOf(s.path), stateOf(s.path + "-wal")} }

func (s *sqlite) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	if s.readers != nil {
		errs = append(errs, s.readers.Close())
	}
	if s.writer != nil {
		// Last, so that SQLite folds the WAL into the file and a plain copy of it is whole.
		errs = append(errs, s.writer.Close())
	}
	return s.clean(context.Background(), errors.Join(errs...))
}

func (s *sqlite) inTx(ctx context.Context, fn func(*Tx) error) (err error) {
	if s.writer == nil {
		return fmt.Errorf("%w: opened to read", ErrReadOnly)
	}
	if err := s.broken.err(); err != nil {
		return err
	}
	tx, err := s.writer.BeginTx(ctx, nil)
	if err != nil {
		return s.clean(ctx, err)
	}
	defer tx.Rollback() // after Commit it does nothing; a panic of fn passes on
	if err := fn(&Tx{tx: tx, db: s}); err != nil {
		return err
	}
	return s.clean(ctx, tx.Commit())
}

func (s *sqlite) view(ctx context.Context, fn func(*Tx) error) error {
	db, err := s.reader(ctx)
	if err != nil {
		return err
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return s.clean(ctx, err)
	}
	defer tx.Rollback()
	return fn(&Tx{tx: tx, db: s})
}

func (s *sqlite) query(ctx context.Context, query string, args []any) (*Rows, error) {
	db, err := s.reader(ctx)
	if err != nil {
		return nil, err
	}
	return s.rows(ctx, db, query, args)
}

func (s *sqlite) queryRow(ctx context.Context, query string, args []any) *Row {
	db, err := s.reader(ctx)
	if err != nil {
		return &Row{err: err}
	}
	return s.row(ctx, db, query, args)
}

// vacuumInto writes a whole, compact copy of the database, as of one moment,
// to a file that is not there yet, and makes it durable.
func (s *sqlite) vacuumInto(ctx context.Context, path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, s.perm)
	if err != nil {
		return diskError(err)
	}
	defer f.Close()
	// A connection of its own: the writer goes on meanwhile, and query_only, which the readers have, forbids it.
	options := "&mode=ro"
	s.mu.RLock()
	if s.frozen != nil {
		options += "&immutable=1"
	}
	s.mu.RUnlock()
	db, err := sql.Open("sqlite3", s.dsn(options))
	if err == nil {
		defer db.Close()
		_, err = db.ExecContext(ctx, "VACUUM INTO ?1", path)
	}
	if err != nil {
		os.Remove(path)
		return s.clean(ctx, err)
	}
	Fail("backup.copied")
	return diskError(errors.Join(f.Sync(), syncPath(filepath.Dir(path))))
}
