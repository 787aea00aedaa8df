package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"syscall"
)

// openCopy opens a copy of a database that no process writes, also one of an
// older version of the program.
func openCopy(ctx context.Context, path, folder string) (*sqlite, error) {
	files, err := fs.Sub(migrations, folder)
	if err != nil {
		return nil, err
	}
	s := &sqlite{path: path, migrations: files}
	if s.path, err = filepath.Abs(path); err != nil {
		return nil, err
	}
	if _, err := os.Stat(s.path); err != nil {
		return nil, reason(err)
	}
	if err := s.openReaders(ctx, ""); err != nil {
		return nil, err
	}
	if _, err := s.checkVersion(ctx); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// OpenBackup opens a whole backup to read it. ErrNoBackup: there is none, or
// one that was not finished, or its databases are not those it was made with.
// The folder may be on a read-only disk.
func OpenBackup(ctx context.Context, dir string) (_ *Backup, err error) {
	b := &Backup{dir: dir, parts: map[string]string{}, sums: map[string]string{}}
	defer func() {
		if err != nil {
			b.Close()
			err = fmt.Errorf("open backup: %w", err)
		}
	}()
	b.manifest, err = readManifest(dir)
	if errors.Is(err, ErrNotExist) {
		return nil, fmt.Errorf("%w: there is no %s, which is written last", ErrNoBackup, manifestName)
	}
	if err != nil {
		return nil, err
	}
	if b.lock, err = lock(dir, ".lock", 0o700); err != nil && !unwritable(err) {
		return nil, err
	}
	if err := b.places(!b.manifest.PublicOnly, false); err != nil {
		return nil, err
	}
	names := []string{partPublic}
	if b.private != nil {
		names = append(names, partPrivate, partSums)
	}
	for _, name := range names {
		if err := b.find(ctx, name); err != nil {
			return nil, err
		}
	}
	if b.private == nil {
		return b, nil
	}
	text, err := os.ReadFile(b.path(b.parts[partSums]))
	if err != nil {
		return nil, reason(err)
	}
	return b, b.parseSums(string(text))
}

// find says under which name a part stands: a run that was killed after it
// wrote the manifest may not have renamed it yet.
func (b *Backup) find(ctx context.Context, name string) error {
	p := b.manifest.part(name)
	if p == nil {
		return fmt.Errorf("%w: its %s does not name %s", ErrNoBackup, manifestName, name)
	}
	for _, at := range []string{name, name + newSuffix} {
		ok, err := p.is(ctx, b.path(at))
		if err != nil {
			return err
		}
		if ok {
			b.parts[name] = at
			return nil
		}
	}
	return fmt.Errorf("%w: %s is not the file that the backup was made with", ErrNoBackup, name)
}

func unwritable(err error) bool {
	return errors.Is(err, ErrReadOnly) || errors.Is(err, syscall.EROFS) || errors.Is(err, os.ErrPermission)
}

// CheckFiles says which published files of the backup are missing or not whole.
// With read every byte is hashed, else the length is looked at.
func (b *Backup) CheckFiles(ctx context.Context, files iter.Seq2[Named, error], read bool, progress func()) ([]string, error) {
	return b.check(ctx, b.public, files, read, progress, filepath.Base)
}

// CheckOriginals is as CheckFiles; the sealed bytes are compared with what was
// copied, for which no key is needed.
func (b *Backup) CheckOriginals(ctx context.Context, originals iter.Seq2[Named, error], read bool, progress func()) ([]string, error) {
	return b.check(ctx, b.private, originals, read, progress, func(key string) string { return b.sums[key] })
}

func (b *Backup) check(ctx context.Context, d *disk, all iter.Seq2[Named, error], read bool, progress func(), want func(key string) string) (bad []string, err error) {
	missing := map[string]bool{}
	for _, key := range b.manifest.Missing {
		missing[key] = true
	}
	for one, err := range all {
		if err != nil {
			return bad, err
		}
		if progress != nil {
			progress()
		}
		if missing[one.Key] {
			continue // it was lost before the backup was made, which said so
		}
		size, err := d.Size(ctx, one.Key)
		if err == nil && one.Bytes >= 0 && size != one.Bytes {
			err = ErrDamaged
		}
		if err == nil && read {
			var p Part
			if p, err = partOf(ctx, d.path(one.Key), ""); err == nil && p.SHA256 != want(one.Key) {
				err = ErrDamaged
			}
		}
		switch {
		case errors.Is(err, ErrNotExist), errors.Is(err, ErrDamaged), errors.Is(err, syscall.EIO):
			bad = append(bad, one.Key)
		case err != nil:
			return bad, err
		}
	}
	return bad, nil
}

// RestoringMark stands in a data folder while a backup is restored into it. A
// folder that still has it is not whole, and must not be opened.
const RestoringMark = ".restoring"

// CheckKey says whether text is the master key of the backup; ErrKey: not.
func (b *Backup) CheckKey(text string) error {
	if b.manifest.PublicOnly {
		return nil
	}
	master, err := decodeKey(text)
	if err != nil {
		return err
	}
	defer clear(master)
	id, err := keyID(master)
	if err != nil {
		return err
	}
	if id != b.manifest.MasterID {
		return fmt.Errorf("%w: the backup was made under another one", ErrKey)
	}
	return nil
}

// Restoring is a data folder that is being made from a backup.
type Restoring struct {
	from    *Backup
	dir     string
	public  *disk
	private *disk
}

// Restore begins to restore into dir, which must be empty or not there. Until
// Done the folder bears RestoringMark. With publicOnly only what is public is
// restored, also from a whole backup.
func (b *Backup) Restore(dir string, publicOnly bool) (*Restoring, error) {
	r, err := b.restore(dir, publicOnly)
	if err != nil {
		return nil, fmt.Errorf("restore: %w", err)
	}
	return r, nil
}

func (b *Backup) restore(dir string, publicOnly bool) (*Restoring, error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, ErrNotExist) {
		return nil, reason(err)
	}
	for _, e := range entries {
		if e.Name() != "lost+found" {
			return nil, fmt.Errorf("%s is not empty: %w", dir, ErrExist)
		}
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, diskError(err)
	}
	if err := writeFile(filepath.Join(dir, RestoringMark), []byte("daylight: a backup is being restored here; if nothing is, empty this folder and begin again\n"), 0o600); err != nil {
		return nil, err
	}
	if err := syncPath(dir); err != nil {
		return nil, diskError(err)
	}
	// The folders of a backup are those of a data folder, so it is laid out as one.
	to := &Backup{dir: dir}
	if err := to.places(b.private != nil && !publicOnly, true); err != nil {
		return nil, err
	}
	return &Restoring{from: b, dir: dir, public: to.public, private: to.private}, nil
}

// Files copies published files out of the backup, each hashed on the way. What
// is missing or damaged there is named and stops nothing.
func (r *Restoring) Files(ctx context.Context, files iter.Seq2[Named, error], progress func()) (Tally, []string, error) {
	to := &Backup{public: r.public}
	return to.copyAll(ctx, r.from.public, r.public, files, progress, func(key string) (io.Writer, func() error) { return nameIsHash(key) })
}

// Originals copies sealed originals out of the backup, each compared with the
// hash it was copied with.
func (r *Restoring) Originals(ctx context.Context, originals iter.Seq2[Named, error], progress func()) (Tally, []string, error) {
	to := &Backup{public: r.public}
	return to.copyAll(ctx, r.from.private, r.private, originals, progress, func(key string) (io.Writer, func() error) {
		h := sha256.New()
		return h, func() error {
			if hex.EncodeToString(h.Sum(nil)) != r.from.sums[key] {
				return fmt.Errorf("%w: SHA-256 is another", ErrDamaged)
			}
			return nil
		}
	})
}

// Done puts the databases in their places and takes the mark away. key is
// written as master.key; "": it comes from elsewhere.
func (r *Restoring) Done(ctx context.Context, key string) error {
	if err := r.done(ctx, key); err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	return nil
}

func (r *Restoring) done(ctx context.Context, key string) error {
	if r.private != nil {
		if err := newFile(r.private, filepath.Join(r.private.root, masterID), r.from.manifest.MasterID+"\n"); err != nil {
			return err
		}
		if key != "" {
			if err := newFile(r.private, filepath.Join(r.private.root, "master.key"), key+"\n"); err != nil {
				return err
			}
		}
		if err := r.part(ctx, r.private, partPrivate); err != nil {
			return err
		}
	}
	if err := r.part(ctx, r.public, partPublic); err != nil {
		return err
	}
	if err := os.Remove(filepath.Join(r.dir, RestoringMark)); err != nil {
		return diskError(err)
	}
	return diskError(syncPath(r.dir))
}

// part copies a database and compares it with the manifest once more.
func (r *Restoring) part(ctx context.Context, to *disk, name string) error {
	in, err := os.Open(r.from.path(r.from.parts[name]))
	if err != nil {
		return reason(err)
	}
	defer in.Close()
	f, err := to.create("restore")
	if err != nil {
		return err
	}
	defer discard(f)
	h := sha256.New()
	if _, err := io.Copy(io.MultiWriter(f, h), untilDone(ctx, in)); err != nil {
		return diskError(err)
	}
	if hex.EncodeToString(h.Sum(nil)) != r.from.manifest.part(name).SHA256 {
		return fmt.Errorf("%w: %s changed while it was read", ErrDamaged, name)
	}
	if err := to.flush(f); err != nil {
		return err
	}
	target := filepath.Join(r.dir, filepath.FromSlash(name))
	if err := renameNew(f.Name(), target); err != nil {
		return diskError(err)
	}
	return to.syncFolder(filepath.Dir(target))
}
