package store

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Lock is held by one process at a time. It dies with the process, however
// that dies; what is left in the file then is only a stale number.
type Lock struct{ f *os.File }

// Held is the error of a lock that somebody else has.
type Held struct {
	Dir string // the folder that is locked
	PID int    // of the holder; 0 when it has not said so yet
}

func (h *Held) Error() string {
	if h.PID == 0 {
		return "folder " + h.Dir + " is in use by another process"
	}
	return fmt.Sprintf("folder %s is in use by process %d", h.Dir, h.PID)
}

// LockPrivate locks a private folder: one process works on it. Taken before
// anything in it is opened; never waits.
func LockPrivate(dir string) (*Lock, error) { return lock(dir, ".lock", 0o700) }

// LockPublic locks a public folder for the one process that publishes. Those
// that only read it take no lock.
func LockPublic(dir string) (*Lock, error) { return lock(dir, ".writer", 0o755) }

// LockBackup is held over a public folder while a backup of it is made, and
// while files are swept from it: neither begins during the other.
func LockBackup(dir string) (*Lock, error) { return lock(dir, ".backup", 0o755) }

// LockBackup is LockBackup over the place.
func (p Public) LockBackup() (*Lock, error) {
	if p.public == nil {
		return nil, errZero
	}
	return LockBackup(p.public.root)
}

func lock(dir, name string, perm os.FileMode) (*Lock, error) {
	if err := os.MkdirAll(dir, perm); err != nil {
		return nil, fmt.Errorf("lock %s: %w", dir, diskError(err))
	}
	// The file stays for ever: removing a lock file lets two processes hold
	// locks on two files of one name.
	f, err := os.OpenFile(filepath.Join(dir, name), os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", dir, diskError(err))
	}
	for {
		err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if !errors.Is(err, unix.EINTR) {
			break
		}
	}
	if errors.Is(err, unix.EWOULDBLOCK) {
		said, _ := io.ReadAll(io.LimitReader(f, 32))
		pid, _ := strconv.Atoi(strings.TrimSpace(string(said)))
		f.Close()
		return nil, &Held{Dir: dir, PID: pid}
	}
	if err == nil {
		err = f.Truncate(0)
	}
	if err == nil {
		_, err = f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("lock %s: %w", dir, diskError(err))
	}
	return &Lock{f}, nil
}

// Unlock lets go. Twice is not an error.
func (l *Lock) Unlock() error {
	if l == nil || l.f == nil {
		return nil
	}
	f := l.f
	l.f = nil
	f.Truncate(0)
	// Not left to Close: a child that is between fork and exec has the file too.
	unix.Flock(int(f.Fd()), unix.LOCK_UN)
	return f.Close()
}
