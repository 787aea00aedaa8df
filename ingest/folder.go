package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"daylight/catalog"
	"daylight/store"
)

// A watched folder holds one folder a dataset, named by its slug. A file that
// has come to rest there is sent like any other, and lies in "sent" when it is
// durable here. What comes of it stands on its page; nothing is ever deleted.
const (
	folderSent  = "sent"
	folderLook  = 5 * time.Second // between two looks
	folderOwner = "folder"        // who sent, in the audit
)

// resting is how a file looks from outside.
type resting struct {
	size int64
	at   time.Time
}

func restingOf(f fs.FileInfo) resting { return resting{f.Size(), f.ModTime()} }

// looked is what is remembered of a file since the last look.
type looked struct {
	resting
	failed int       // attempts to take it
	next   time.Time // no attempt before
}

// Follow takes files out of a watched folder until ctx ends. A file counts as
// whole when two looks found it the same.
func (in *Inbox) Follow(ctx context.Context, dir string) error {
	tick := time.NewTicker(folderLook)
	defer tick.Stop()
	seen := map[string]looked{}
	for {
		if err := in.lookInto(ctx, dir, seen); err != nil && ctx.Err() == nil {
			in.log.Error("watched folder", "error", bare(err)) // without names: they are labels of agencies
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// lookInto sends what rests, and remembers what it saw in seen. What cannot be
// sent is tried again later and later.
func (in *Inbox) lookInto(ctx context.Context, dir string, seen map[string]looked) error {
	folders, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	var failed error
	there := map[string]bool{}
	for _, folder := range folders {
		if !folder.IsDir() {
			continue
		}
		d, err := in.drafts.Dataset(ctx, folder.Name())
		if errors.Is(err, catalog.ErrNotFound) || err == nil && d.Slug != folder.Name() {
			continue // no dataset is called so, yet
		}
		if err != nil {
			return err
		}
		files, err := os.ReadDir(filepath.Join(dir, folder.Name()))
		if err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		for _, f := range files {
			info, err := f.Info()
			if err != nil || !info.Mode().IsRegular() || unfinished(f.Name()) {
				continue
			}
			path := filepath.Join(dir, folder.Name(), f.Name())
			there[path] = true
			last, now := seen[path], in.now()
			if last.resting != restingOf(info) {
				seen[path] = looked{resting: restingOf(info)}
				continue
			}
			if now.Before(last.next) {
				continue
			}
			if err := in.takeOut(ctx, d, path, last.resting); err != nil {
				failed = errors.Join(failed, fmt.Errorf("dataset %s: %w", d.ID, bare(err)))
				last.failed++
				last.next = now.Add(backoff(last.failed))
				seen[path] = last
				continue
			}
			delete(seen, path)
		}
	}
	if failed == nil {
		maps.DeleteFunc(seen, func(path string, _ looked) bool { return !there[path] })
	}
	return failed
}

// unfinished are names that programs give to what they are still writing.
func unfinished(name string) bool {
	for _, end := range []string{".part", ".tmp", ".crdownload", ".filepart", "~"} {
		if strings.HasSuffix(strings.ToLower(name), end) {
			return true
		}
	}
	return strings.HasPrefix(name, ".") || strings.HasPrefix(name, "~$")
}

// takeOut sends one file and moves it away. The key makes one upload of it,
// also when the process dies between the two.
func (in *Inbox) takeOut(ctx context.Context, d *catalog.Dataset, path string, at resting) error {
	// What is no file by now must not keep us waiting.
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	key := in.private.HMAC([]byte(fmt.Sprintf("folder\x00%s\x00%s\x00%d\x00%d", d.ID, filepath.Base(path), at.size, at.at.UnixNano())))
	u, err := in.Begin(ctx, catalog.NewUpload{Dataset: d.ID, Agency: d.Agency, By: folderOwner, FileName: filepath.Base(path), TotalBytes: at.size, IdempotencyKey: "folder-" + key})
	if err != nil {
		return err
	}
	if _, err := in.Append(ctx, u.ID, 0, steady{f, at}); err != nil {
		return err
	}
	store.Fail("folder.sent")
	in.log.Info("took a file out of the watched folder", "upload", u.ID)
	if info, err := os.Lstat(path); err == nil && restingOf(info) != at {
		return nil // there is another one already: it is sent when it rests
	}
	return moveAway(path)
}

// steady reads a file that must not change meanwhile.
type steady struct {
	f  *os.File
	at resting
}

func (s steady) Read(p []byte) (int, error) {
	n, err := s.f.Read(p)
	if err == io.EOF {
		if info, told := s.f.Stat(); told != nil || !info.Mode().IsRegular() || restingOf(info) != s.at {
			return n, errors.New("the file changed while it was read")
		}
	}
	return n, err
}

// moveAway puts a file into "sent", under another name where one is there.
func moveAway(path string) error {
	sent := filepath.Join(filepath.Dir(path), folderSent)
	if err := os.Mkdir(sent, 0o750); err != nil {
		if info, told := os.Lstat(sent); told != nil || !info.IsDir() { // a link could lead anywhere
			return err
		}
	}
	end := filepath.Ext(path)
	stem := strings.TrimSuffix(filepath.Base(path), end)
	for n := 1; ; n++ {
		to := filepath.Join(sent, stem+end)
		if n > 1 {
			to = filepath.Join(sent, fmt.Sprintf("%s-%d%s", stem, n, end))
		}
		if err := renameBeside(path, to); !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
}

// renameBeside never replaces a file.
func renameBeside(path, to string) error {
	err := unix.Renameat2(unix.AT_FDCWD, path, unix.AT_FDCWD, to, unix.RENAME_NOREPLACE)
	if !errors.Is(err, unix.EINVAL) && !errors.Is(err, unix.ENOSYS) {
		return err
	}
	return linkBeside(path, to)
}

// linkBeside does the same in two steps, on file systems that know no such
// rename.
func linkBeside(path, to string) error {
	if err := os.Link(path, to); err != nil {
		a, here := os.Lstat(path)
		b, there := os.Lstat(to)
		if here != nil || there != nil || !os.SameFile(a, b) { // else it died between the two
			return err
		}
	}
	return os.Remove(path)
}
