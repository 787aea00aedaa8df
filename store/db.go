package store

import (
	"context"
	"fmt"
	"io/fs"
)

// PublicDB is the catalogue's database. Query and QueryRow read what is
// committed, from a pool; InTx is the only way to write. Safe for concurrent use.
type PublicDB struct{ public *sqlite }

// PrivateDB is the work's database: drafts, uploads, jobs, users, audit. As
// PublicDB otherwise.
type PrivateDB struct{ private *sqlite }

// OpenPublicDB opens an address like "sqlite:/data/public/catalogue.db"; the
// file is made if it is not there. Call Migrate before anything else. With
// readOnly nothing is written: the file must be there, at this program's
// version, and may be a copy on a read-only disk or be written by another
// process meanwhile. A database that a newer program wrote is ErrNewer.
func OpenPublicDB(ctx context.Context, address string, readOnly bool) (*PublicDB, error) {
	files, err := fs.Sub(migrations, "migrations/public")
	if err != nil {
		return nil, err
	}
	s, err := openSQLite(ctx, address, 0o644, files, readOnly)
	if err != nil {
		return nil, fmt.Errorf("open public database: %w", err)
	}
	return &PublicDB{public: s}, nil
}

// OpenPrivateDB opens an address like "sqlite:/data/private/work.db", readable
// by us only; the file is made if it is not there. Call Migrate before anything
// else. A database that a newer program wrote is ErrNewer.
func OpenPrivateDB(ctx context.Context, address string) (*PrivateDB, error) {
	files, err := fs.Sub(migrations, "migrations/private")
	if err != nil {
		return nil, err
	}
	s, err := openSQLite(ctx, address, 0o600, files, false)
	if err != nil {
		return nil, fmt.Errorf("open private database: %w", err)
	}
	return &PrivateDB{private: s}, nil
}

// Migrate brings the schema to this program's version; a second time does nothing.
func (db *PublicDB) Migrate(ctx context.Context) error {
	if err := db.public.migrate(ctx); err != nil {
		return fmt.Errorf("migrate public database: %w", err)
	}
	return nil
}

// Migrate brings the schema to this program's version; a second time does nothing.
func (db *PrivateDB) Migrate(ctx context.Context) error {
	if err := db.private.migrate(ctx); err != nil {
		return fmt.Errorf("migrate private database: %w", err)
	}
	return nil
}

// InTx runs fn in a transaction that commits, durably, when fn returns nil, and
// else leaves nothing; fn's error is returned as it is. One runs at a time, so
// fn must be short, must not wait for the network, and must not call InTx.
func (db *PublicDB) InTx(ctx context.Context, fn func(*Tx) error) error {
	return db.public.inTx(ctx, fn)
}

// InTx is as PublicDB.InTx.
func (db *PrivateDB) InTx(ctx context.Context, fn func(*Tx) error) error {
	return db.private.inTx(ctx, fn)
}

// View runs fn on one moment of the database: all its queries see the same rows.
func (db *PublicDB) View(ctx context.Context, fn func(*Tx) error) error {
	return db.public.view(ctx, fn)
}

// View is as PublicDB.View.
func (db *PrivateDB) View(ctx context.Context, fn func(*Tx) error) error {
	return db.private.view(ctx, fn)
}

// Query reads committed rows. The caller closes them.
func (db *PublicDB) Query(ctx context.Context, query string, args ...any) (*Rows, error) {
	return db.public.query(ctx, query, args)
}

// Query reads committed rows. The caller closes them.
func (db *PrivateDB) Query(ctx context.Context, query string, args ...any) (*Rows, error) {
	return db.private.query(ctx, query, args)
}

// QueryRow reads the first committed row; its Scan says ErrNoRows when there is none.
func (db *PublicDB) QueryRow(ctx context.Context, query string, args ...any) *Row {
	return db.public.queryRow(ctx, query, args)
}

// QueryRow reads the first committed row; its Scan says ErrNoRows when there is none.
func (db *PrivateDB) QueryRow(ctx context.Context, query string, args ...any) *Row {
	return db.private.queryRow(ctx, query, args)
}

// VacuumInto writes a copy of the database as of one moment to path, durably,
// while others go on writing. A file that is there already is ErrExist. A copy
// of a live database file by other means is not a backup.
func (db *PublicDB) VacuumInto(ctx context.Context, path string) error {
	if err := db.public.vacuumInto(ctx, path); err != nil {
		return fmt.Errorf("back up public database: %w", err)
	}
	return nil
}

// VacuumInto is as PublicDB.VacuumInto; the copy is readable by us only.
func (db *PrivateDB) VacuumInto(ctx context.Context, path string) error {
	if err := db.private.vacuumInto(ctx, path); err != nil {
		return fmt.Errorf("back up private database: %w", err)
	}
	return nil
}

// Close waits for nobody: end what uses the database first. After it the file
// alone, without -wal and -shm, is the whole database, if no other process has
// it open.
func (db *PublicDB) Close() error { return db.public.close() }

// Close is as PublicDB.Close.
func (db *PrivateDB) Close() error { return db.private.close() }
