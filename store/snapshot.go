package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/mattn/go-sqlite3"
)

// A pinned connection reads a database as of the moment it was made, however
// long and whatever others write meanwhile. It holds no lock that a writer
// waits for.
type pinned struct {
	from *sqlite
	db   *sql.DB
	conn *sql.Conn
}

func (s *sqlite) pin(ctx context.Context) (*pinned, error) {
	db, err := sql.Open("sqlite3", s.dsn("&mode=ro&_txlock=deferred"))
	if err != nil {
		return nil, s.clean(ctx, err)
	}
	p := &pinned{from: s, db: db}
	if p.conn, err = db.Conn(ctx); err == nil {
		if _, err = p.conn.ExecContext(ctx, "BEGIN"); err == nil {
			// BEGIN reads nothing yet; this does, and from here on the moment is fixed.
			var tables int
			err = p.conn.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_master").Scan(&tables)
		}
	}
	if err != nil {
		p.close()
		return nil, s.clean(ctx, err)
	}
	return p, nil
}

func (p *pinned) close() {
	if p == nil {
		return
	}
	if p.conn != nil {
		p.conn.Close()
	}
	p.db.Close()
}

// pagesAStep is how many pages are copied between two looks at the context.
const pagesAStep = 1024

// copyTo writes the pinned moment to a file that is not there yet, checks it,
// and makes it durable. The copy is one plain file: it has no journal beside
// it, and opens in a folder that takes none.
func (p *pinned) copyTo(ctx context.Context, path string) (err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, p.from.perm)
	if err != nil {
		return diskError(err)
	}
	defer f.Close()
	defer func() {
		if err != nil {
			os.Remove(path)
		}
	}()
	to := &sqlite{path: path, perm: p.from.perm}
	if err := p.pages(ctx, to); err != nil {
		return to.clean(ctx, err)
	}
	if err := to.settleCopy(ctx); err != nil {
		return to.clean(ctx, err)
	}
	return diskError(errors.Join(f.Sync(), syncPath(filepath.Dir(path))))
}

func (p *pinned) pages(ctx context.Context, to *sqlite) error {
	db, err := sql.Open("sqlite3", to.dsn("&mode=rw&_journal_mode=MEMORY&_synchronous=OFF"))
	if err != nil {
		return err
	}
	defer db.Close()
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	return conn.Raw(func(dest any) error {
		return p.conn.Raw(func(src any) error {
			b, err := dest.(*sqlite3.SQLiteConn).Backup("main", src.(*sqlite3.SQLiteConn), "main")
			if err != nil {
				return err
			}
			for done := false; !done && err == nil; {
				if err = ctx.Err(); err == nil {
					done, err = b.Step(pagesAStep)
				}
			}
			return errors.Join(err, b.Finish())
		})
	})
}

// settleCopy takes the copy out of WAL mode, in which its source is, and reads
// every page of it.
func (s *sqlite) settleCopy(ctx context.Context) error {
	db, err := sql.Open("sqlite3", s.dsn("&mode=rw&_synchronous=FULL"))
	if err != nil {
		return err
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	var mode string
	if err := db.QueryRowContext(ctx, "PRAGMA journal_mode=DELETE").Scan(&mode); err != nil {
		return err
	}
	if mode != "delete" {
		return errors.New("copy of the database keeps its journal")
	}
	return integrity(ctx, db)
}

// integrity is ErrDamaged for a database that SQLite itself does not find
// whole. What it says is dropped: it may tell a value.
func integrity(ctx context.Context, db *sql.DB) error {
	var said string
	if err := db.QueryRowContext(ctx, "PRAGMA integrity_check(1)").Scan(&said); err != nil {
		return err
	}
	if said != "ok" {
		return fmt.Errorf("%w: SQLite's integrity check fails", ErrDamaged)
	}
	rows, err := db.QueryContext(ctx, "PRAGMA foreign_key_check")
	if err != nil {
		return err
	}
	defer rows.Close()
	if rows.Next() {
		return fmt.Errorf("%w: a row refers to one that is not there", ErrDamaged)
	}
	return rows.Err()
}

func (s *sqlite) integrity(ctx context.Context) error {
	db, err := s.reader(ctx)
	if err != nil {
		return err
	}
	return s.clean(ctx, integrity(ctx, db))
}

// Integrity is ErrDamaged when SQLite's own checks find the file not whole, or
// a row that refers to one that is not there. It reads all of it.
func (db *PublicDB) Integrity(ctx context.Context) error { return db.public.integrity(ctx) }

// Integrity is as PublicDB.Integrity.
func (db *PrivateDB) Integrity(ctx context.Context) error { return db.private.integrity(ctx) }

// Migrated is nil when the schema is this program's, ErrOlder when Migrate has
// work to do.
func (db *PublicDB) Migrated(ctx context.Context) error { return db.public.migrated(ctx) }

// Migrated is as PublicDB.Migrated.
func (db *PrivateDB) Migrated(ctx context.Context) error { return db.private.migrated(ctx) }

func (s *sqlite) migrated(ctx context.Context) error {
	known, err := s.checkVersion(ctx)
	if err != nil {
		return err
	}
	latest, err := s.latest()
	if err != nil {
		return err
	}
	if known < latest {
		return fmt.Errorf("%w: version %d, want %d", ErrOlder, known, latest)
	}
	return nil
}

// snapshotWait is how long a snapshot waits for a publication under way.
const snapshotWait = time.Minute

// snapshot copies both databases as of one instant. No transaction spans them,
// so the instant is made: while a write transaction holds the public database,
// which nothing can then change, both are pinned. What is copied is what a
// power cut at that instant would have left, and recovery is made for that. The
// hold lasts milliseconds; the copying that follows holds nobody up. A nil
// private: the public one alone.
func snapshot(ctx context.Context, public, private *sqlite, publicTo, privateTo string) error {
	var a, b *pinned
	defer func() { a.close(); b.close() }()
	if private == nil {
		if err := public.vacuumInto(ctx, publicTo); err != nil {
			return err
		}
		to := &sqlite{path: publicTo, perm: public.perm}
		return to.clean(ctx, to.settleCopy(ctx))
	}
	pinBoth := func(*Tx) (err error) {
		if b, err = private.pin(ctx); err != nil {
			return err
		}
		a, err = public.pin(ctx)
		return err
	}
	for began := time.Now(); ; {
		err := public.inTx(ctx, pinBoth)
		if err == nil {
			break
		}
		a.close()
		b.close()
		a, b = nil, nil
		if !errors.Is(err, ErrBusy) || time.Since(began) > snapshotWait {
			return err
		}
	}
	Fail("backup.pinned")
	if err := b.copyTo(ctx, privateTo); err != nil {
		return err
	}
	Fail("backup.copied")
	return a.copyTo(ctx, publicTo)
}
