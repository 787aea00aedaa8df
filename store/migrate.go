package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
)

// Migrations only go forward. Each is one transaction.
//
//go:embed migrations/public/*.sql migrations/private/*.sql
var migrations embed.FS

// latest is the newest version that this program knows.
func (s *sqlite) latest() (int64, error) {
	names, err := fs.Glob(s.migrations, "*.sql")
	if err != nil || len(names) == 0 {
		return 0, errors.Join(err, errors.New("program has no migrations"))
	}
	// Glob sorts, and the names begin with a number of five digits.
	return goose.NumericComponent(names[len(names)-1])
}

// checkVersion gives the version of the database, 0 for an empty one, and
// ErrNewer for one that a newer program wrote.
func (s *sqlite) checkVersion(ctx context.Context) (int64, error) {
	latest, err := s.latest()
	if err != nil {
		return 0, err
	}
	db, err := s.reader(ctx)
	if err != nil {
		return 0, err
	}
	var tables int
	err = db.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_master WHERE name = 'goose_db_version'").Scan(&tables)
	if err != nil || tables == 0 {
		return 0, s.clean(ctx, err)
	}
	var version sql.NullInt64
	if err := db.QueryRowContext(ctx, "SELECT max(version_id) FROM goose_db_version").Scan(&version); err != nil {
		return 0, s.clean(ctx, err)
	}
	if version.Int64 > latest {
		return 0, fmt.Errorf("%w: version %d of the database, %d of the program", ErrNewer, version.Int64, latest)
	}
	return version.Int64, nil
}

// migrate brings the database to the program's version.
func (s *sqlite) migrate(ctx context.Context) error {
	if s.writer == nil {
		return fmt.Errorf("%w: opened to read", ErrReadOnly)
	}
	if _, err := s.checkVersion(ctx); err != nil {
		return err
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, s.writer, s.migrations,
		goose.WithDisableGlobalRegistry(true), goose.WithLogger(goose.NopLogger()))
	if err != nil {
		return err
	}
	// p is not closed: that would close the writer.
	Fail("migrate.before")
	if _, err := p.Up(ctx); err != nil {
		return s.clean(ctx, err)
	}
	Fail("migrate.after")
	return nil
}
