// Package store is where bytes rest: rows in SQLite, files on disk.
//
// It is the only package that knows which engine is used, and it knows nothing
// of what the bytes mean. There are two sides. Public holds what anyone may
// read: content-addressed files and the catalogue's database. Private holds
// what agencies sent: sealed originals, staging, the work database and the
// master key. A folder is stamped as one of the two when it is first opened,
// and refuses to be the other for ever after; the Go types cannot be converted
// into each other.
//
// Order of a start: LockPrivate and LockPublic, then OpenPrivate and
// OpenPublic, Sweep, then the databases and Migrate. A process that only reads
// takes no lock and opens the public side with readOnly.
//
// What is written here is written to last: a file is synced, renamed and its
// folder synced before a call returns. After a failed sync a place refuses
// every further write (ErrReadOnly) until it is opened again, because the
// kernel may have dropped the pages it could not write.
package store

import (
	"errors"
	"fmt"
	"io/fs"
	"sync/atomic"
	"syscall"
)

// What callers ask about. They are found with errors.Is.
var (
	// ErrNotExist: there is no such key, original or database.
	ErrNotExist = fs.ErrNotExist
	// ErrExist: the key is taken. Blobs never change, so the one that is there stays.
	ErrExist = fs.ErrExist
	// ErrTooLarge: the content is longer than the caller allowed.
	ErrTooLarge = errors.New("content is larger than allowed")
	// ErrNoSpace: the disk is full, or would leave the databases no room. Reading goes on.
	ErrNoSpace = errors.New("no space left")
	// ErrReadOnly: opened to read, on a read-only disk, or closed to writing after a failed sync.
	ErrReadOnly = errors.New("store is read-only")
	// ErrDamaged: bytes are not those that were written: cut, flipped, reordered.
	ErrDamaged = errors.New("stored bytes are damaged")
	// ErrKey: the master key is missing, malformed or another one.
	ErrKey = errors.New("wrong master key")
	// ErrStamp: the folder belongs to the other side.
	ErrStamp = errors.New("folder belongs to the other side")
	// ErrBadKey: a key or name that this package did not make and does not take.
	ErrBadKey = errors.New("malformed key")
	// ErrBusy: another process holds the database; try again later.
	ErrBusy = errors.New("database is busy")
	// ErrConflict: a row would break a UNIQUE, FOREIGN KEY or other constraint.
	ErrConflict = errors.New("row conflicts with the database's rules")
	// ErrNewer: the database was written by a newer version of the program.
	ErrNewer = errors.New("database is newer than this program")
	// ErrOlder: the database must be migrated first, and was opened to read.
	ErrOlder = errors.New("database is older than this program")
	// ErrLeaseLost: the job is no longer the caller's.
	ErrLeaseLost = errors.New("job's lease is lost")
	// ErrAudit: the audit chain does not hold.
	ErrAudit = errors.New("audit chain is broken")

	errZero = errors.New("place was never opened")
)

// fault remembers the first failed sync of a place. One is shared by all that
// write into the place.
type fault struct{ first atomic.Pointer[error] }

func (f *fault) set(err error) { f.first.CompareAndSwap(nil, &err) }

// err is nil, or the failed sync wrapped in ErrReadOnly.
func (f *fault) err() error {
	if p := f.first.Load(); p != nil {
		return fmt.Errorf("%w after a failed sync, open it again: %w", ErrReadOnly, *p)
	}
	return nil
}

// diskError puts our own sentinel in front of what the operating system said.
func diskError(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return fmt.Errorf("%w: %w", ErrNoSpace, err)
	case errors.Is(err, syscall.EROFS):
		return fmt.Errorf("%w: %w", ErrReadOnly, err)
	}
	return err
}
