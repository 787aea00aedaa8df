package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"

	"daylight/catalog"
	"daylight/ingest"
	"daylight/store"
)

type backupCommand struct {
	Data       string `help:"Data folder." default:"data" type:"path" env:"DAYLIGHT_DATA"`
	To         string `help:"Folder to back up into: an empty one, or the backup of yesterday, to which only what is new is copied." type:"path" xor:"what" required:""`
	Check      string `help:"Instead: look whether the backup in this folder is whole." type:"path" xor:"what" required:""`
	PublicOnly bool   `help:"Only what is public: a copy that \"serve --public\" serves."`
	ReadData   bool   `help:"With --check: read every byte; else existence and size."`
}

// Exit codes of backup and restore.
const (
	backupFailed   = 1 // nothing was made; what was there before still is
	backupDamaged  = 2 // made, and files were missing or damaged already
	checkNotWhole  = 1 // --check, as fsck
	checkCannotRun = 2
)

func (b *backupCommand) Run(ctx context.Context, con *console) error {
	if b.Check != "" {
		return b.check(ctx, con)
	}
	if err := apart(b.To, b.Data); err != nil {
		return err
	}
	from, closeSource, err := b.source(ctx)
	if err != nil {
		return err
	}
	defer closeSource()
	to, err := store.CreateBackup(b.To, b.PublicOnly)
	if err != nil {
		return explainBackup(err, b.To)
	}
	made, err := makeBackup(ctx, to, from, con)
	if err := errors.Join(err, to.Close()); err != nil {
		return explainBackup(err, b.To)
	}
	fmt.Fprintf(con.out, "Backed up as of %s into %s: %s.\n", made.At.Format(time.RFC3339), b.To, contents(made))
	if !b.PublicOnly {
		fmt.Fprintln(con.err, "The master key is not in it. Keep a copy of it in another place: without it no original can be read.")
	}
	return lost(made.Missing, "the data folder", "daylight fsck --data "+b.Data, con)
}

func contents(m *store.Manifest) string {
	text := fmt.Sprintf("%d published files, %d bytes", m.Files.Count, m.Files.Bytes)
	if !m.PublicOnly {
		text += fmt.Sprintf("; %d originals, %d bytes", m.Originals.Count, m.Originals.Bytes)
	}
	return text
}

// lost tells which files could not be copied.
func lost(keys []string, where, ask string, con *console) error {
	if len(keys) == 0 {
		return nil
	}
	for _, key := range keys {
		fmt.Fprintf(con.err, "missing or damaged: %s\n", key)
	}
	return &exitError{backupDamaged, fmt.Sprintf("%d files were missing or damaged in %s already: run \"%s\"", len(keys), where, ask)}
}

// source opens the data folder beside whoever serves it. No key is needed:
// originals are copied as they are sealed.
func (b *backupCommand) source(ctx context.Context) (from store.Source, _ func(), err error) {
	var closers []func() error
	done := func() {
		for i := len(closers) - 1; i >= 0; i-- {
			closers[i]()
		}
	}
	defer func() {
		if err != nil {
			done()
			err = explain(err, b.Data)
		}
	}()
	if err := whole(b.Data); err != nil {
		return from, nil, err
	}
	needed := filepath.Join(privateDir(b.Data), "work.db")
	if b.PublicOnly {
		needed = filepath.Join(publicDir(b.Data), "catalogue.db")
	}
	if _, err := os.Stat(needed); err != nil {
		return from, nil, noPortal(b.Data)
	}
	lock, err := lockBackup(ctx, publicDir(b.Data))
	if err != nil && !(b.PublicOnly && cannotWrite(err)) { // a copy on a read-only disk is swept by nobody
		return from, nil, err
	}
	closers = append(closers, lock.Unlock)
	from.PublicDir = publicDir(b.Data)
	if from.PublicDB, err = store.OpenPublicDB(ctx, publicFile(b.Data), b.PublicOnly); err != nil {
		return from, nil, err
	}
	closers = append(closers, from.PublicDB.Close)
	if b.PublicOnly {
		return from, done, nil
	}
	from.PrivateDir = privateDir(b.Data)
	if from.PrivateDB, err = store.OpenPrivateDB(ctx, privateFile(b.Data)); err != nil {
		return from, nil, err
	}
	closers = append(closers, from.PrivateDB.Close)
	return from, done, nil
}

func cannotWrite(err error) bool {
	return errors.Is(err, os.ErrPermission) || errors.Is(err, errReadOnly) || errors.Is(err, store.ErrReadOnly)
}

// lockBackup waits a little: a start sweeps for a moment under the same lock.
func lockBackup(ctx context.Context, dir string) (*store.Lock, error) {
	for began := time.Now(); ; {
		lock, err := store.LockBackup(dir)
		var held *store.Held
		if !errors.As(err, &held) {
			return lock, err
		}
		if time.Since(began) > 10*time.Second {
			return nil, fmt.Errorf("another backup of this folder is being made, by process %d: let it end", held.PID)
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// makeBackup copies databases first, then the files that the copies name: they
// never change, so they may come later.
func makeBackup(ctx context.Context, to *store.Backup, from store.Source, con *console) (*store.Manifest, error) {
	m := store.Manifest{At: time.Now().UTC(), Program: version()}
	if err := to.Snapshot(ctx, from); err != nil {
		return nil, err
	}
	public, private, err := to.Databases(ctx)
	if err != nil {
		return nil, err
	}
	files, err := namedFiles(ctx, public)
	if err != nil {
		return nil, err
	}
	tick, end := con.progress("Copying published files", len(files))
	held, missing, err := to.CopyFiles(ctx, from, each(files), tick)
	end()
	if err != nil {
		return nil, err
	}
	m.Files, m.Missing = held, missing
	if private != nil {
		originals, err := collect(ingest.Kept(ctx, private))
		if err != nil {
			return nil, err
		}
		tick, end := con.progress("Copying originals", len(originals))
		held, missing, err := to.CopyOriginals(ctx, from, each(originals), tick)
		end()
		if err != nil {
			return nil, err
		}
		m.Originals, m.Missing = held, append(m.Missing, missing...)
	}
	return to.Commit(ctx, from, m)
}

func namedFiles(ctx context.Context, public *store.PublicDB) ([]store.Named, error) {
	sums, err := catalog.NewStore(public).FileSums(ctx)
	if err != nil {
		return nil, err
	}
	files := make([]store.Named, 0, len(sums))
	for ref, bytes := range sums {
		files = append(files, store.Named{Key: ref.Key(), Bytes: bytes})
	}
	return files, nil
}

func each(list []store.Named) iter.Seq2[store.Named, error] {
	return func(yield func(store.Named, error) bool) {
		for _, one := range list {
			if !yield(one, nil) {
				return
			}
		}
	}
}

func collect(all iter.Seq2[store.Named, error]) (list []store.Named, err error) {
	for one, err := range all {
		if err != nil {
			return nil, err
		}
		list = append(list, one)
	}
	return list, nil
}

// check looks at a backup where it lies; it needs no key.
func (b *backupCommand) check(ctx context.Context, con *console) error {
	bad, m, err := checkBackup(ctx, b.Check, b.ReadData, con)
	switch {
	case errors.Is(err, store.ErrNoBackup), errors.Is(err, store.ErrDamaged):
		return &exitError{checkNotWhole, explainBackup(err, b.Check).Error()}
	case err != nil:
		return &exitError{checkCannotRun, explainBackup(err, b.Check).Error()}
	}
	for _, key := range bad {
		fmt.Fprintf(con.out, "missing or damaged: %s\n", key)
	}
	if len(bad) > 0 {
		return &exitError{checkNotWhole, fmt.Sprintf("%d files of the backup are missing or damaged: back up again into it, which copies them anew while the data folder has them", len(bad))}
	}
	fmt.Fprintf(con.out, "Whole, as of %s: %s.\n", m.At.Format(time.RFC3339), contents(m))
	if len(m.Missing) > 0 {
		fmt.Fprintf(con.out, "%d files were missing or damaged in the data folder already when it was made.\n", len(m.Missing))
	}
	return nil
}

func checkBackup(ctx context.Context, dir string, read bool, con *console) (bad []string, m *store.Manifest, err error) {
	b, err := store.OpenBackup(ctx, dir)
	if err != nil {
		return nil, nil, err
	}
	defer b.Close()
	public, private, err := b.Databases(ctx)
	if err != nil {
		return nil, nil, err
	}
	files, err := namedFiles(ctx, public)
	if err != nil {
		return nil, nil, err
	}
	tick, end := con.progress("Reading published files", len(files))
	bad, err = b.CheckFiles(ctx, each(files), read, tick)
	end()
	if err != nil || private == nil {
		return bad, b.Manifest(), err
	}
	originals, err := collect(ingest.Kept(ctx, private))
	if err != nil {
		return nil, nil, err
	}
	tick, end = con.progress("Reading originals", len(originals))
	more, err := b.CheckOriginals(ctx, each(originals), read, tick)
	end()
	return append(bad, more...), b.Manifest(), err
}

// explainBackup says what to do about a backup folder.
func explainBackup(err error, dir string) error {
	var held *store.Held
	switch {
	case errors.As(err, &held):
		return fmt.Errorf("%s is in use by another backup or restore (%w): let that one end", dir, held)
	case errors.Is(err, store.ErrOtherPortal):
		return fmt.Errorf("%s already holds a backup, and of another portal, or of a later state of this one: choose another folder, so that neither is lost", dir)
	case errors.Is(err, store.ErrNewer):
		return fmt.Errorf("%s was written by a newer version of daylight (%w): use that version, or a newer one", dir, err)
	case errors.Is(err, store.ErrNoBackup):
		return fmt.Errorf("%s: %w: use the backup before it, or back up again", dir, err)
	case errors.Is(err, store.ErrNoSpace):
		return fmt.Errorf("there is no space left for %s: the backup before it, if there was one, is still whole; make room and begin again (%w)", dir, err)
	}
	return err
}

// apart refuses a backup inside the data folder: it would be swept, served, or
// lost with it.
func apart(folder, data string) error {
	in, of := real(folder), real(data)
	if in == of || strings.HasPrefix(in, of+string(filepath.Separator)) {
		return fmt.Errorf("%s lies in the data folder %s: choose a folder elsewhere, best on another disk", folder, data)
	}
	return nil
}

// real is the path without links, as far as it exists.
func real(path string) string {
	if p, err := filepath.Abs(path); err == nil {
		path = p
	}
	for rest := ""; ; {
		if p, err := filepath.EvalSymlinks(path); err == nil {
			return filepath.Join(p, rest)
		}
		up := filepath.Dir(path)
		if up == path {
			return filepath.Join(path, rest)
		}
		path, rest = up, filepath.Join(filepath.Base(path), rest)
	}
}

// progress shows a bar where somebody looks. Call end before anything else is
// written.
func (c *console) progress(what string, n int) (tick, end func()) {
	bar := progressbar.NewOptions(n, progressbar.OptionSetWriter(c.terminal()), progressbar.OptionSetDescription(what), progressbar.OptionShowCount(),
		progressbar.OptionSetWidth(24), progressbar.OptionClearOnFinish(), progressbar.OptionSetPredictTime(false))
	return func() { bar.Add(1) }, func() { bar.Finish() }
}
