package ingest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"daylight/catalog"
)

// A watched folder holds one folder a dataset, named by its slug. A file that
// has come to rest there is sent like any other, and lies in "sent" when it is
// durable here. What comes of it stands on its page; nothing is ever deleted.
const (
	folderSent  = "sent"
	folderLook  = 5 * time.Second // between two looks
	folderOwner = "folder"        // who sent, in the audit
)

// resting is how a file looked the last time.
type resting struct {
	size int64
	at   time.Time
}

// Follow takes files out of a watched folder until ctx ends. A file counts as
// whole when two looks found it the same.
func (in *Inbox) Follow(ctx context.Context, dir string) error {
	tick := time.NewTicker(folderLook)
	defer tick.Stop()
	seen := map[string]resting{}
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

// lookInto sends what rests, and remembers what it saw in seen.
func (in *Inbox) lookInto(ctx context.Context, dir string, seen map[string]resting) error {
	folders, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	var failed error
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
			now := resting{info.Size(), info.ModTime()}
			if seen[path] != now {
				seen[path] = now
				continue
			}
			if err := in.takeOut(ctx, d, path, now); err != nil {
				failed = errors.Join(failed, fmt.Errorf("dataset %s: %w", d.ID, bare(err)))
				continue
			}
			delete(seen, path)
		}
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
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	key := in.private.HMAC([]byte(fmt.Sprintf("folder\x00%s\x00%s\x00%d\x00%d", d.ID, filepath.Base(path), at.size, at.at.UnixNano())))
	u, err := in.Begin(ctx, catalog.NewUpload{Dataset: d.ID, Agency: d.Agency, By: folderOwner, FileName: filepath.Base(path), TotalBytes: at.size, IdempotencyKey: "folder-" + key})
	if err != nil {
		return err
	}
	if _, err := in.Append(ctx, u.ID, 0, f); err != nil {
		return err
	}
	in.log.Info("took a file out of the watched folder", "upload", u.ID)
	return moveAway(path)
}

// moveAway puts a file into "sent", under another name where one is there.
func moveAway(path string) error {
	sent := filepath.Join(filepath.Dir(path), folderSent)
	if err := os.Mkdir(sent, 0o750); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	end := filepath.Ext(path)
	stem := strings.TrimSuffix(filepath.Base(path), end)
	for n := 1; ; n++ {
		to := filepath.Join(sent, stem+end)
		if n > 1 {
			to = filepath.Join(sent, fmt.Sprintf("%s-%d%s", stem, n, end))
		}
		// A link never replaces a file, as a rename would.
		err := os.Link(path, to)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return err
		}
		return os.Remove(path)
	}
}
