package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// A backup is a folder that holds a data folder as of one instant: copies of
// the databases, the published files, the sealed originals; never the master
// key, never the index. Its manifest is written last. A folder without one, or
// whose databases are not those it names, is no backup.
//
// A second backup into the same folder copies only what is new. Until its
// manifest is renamed into place the folder is still the backup before it:
// files only come in addition, and new databases wait under a name of their own.
//
//	b, err := CreateBackup(dir, publicOnly)
//	err = b.Snapshot(ctx, source)
//	public, private, err := b.Databases(ctx)  // ask them what they name
//	err = b.CopyFiles(ctx, source, …)
//	err = b.CopyOriginals(ctx, source, …)
//	err = b.Commit(manifest)
type Backup struct {
	dir      string
	lock     *Lock
	public   *disk
	private  *disk // nil: only what is public
	manifest *Manifest
	parts    map[string]string // name in the manifest -> where it stands now
	sums     map[string]string // sealed originals that were copied -> SHA-256 of the sealed file, hex
	open     []func() error
}

// Manifest says what a backup holds.
type Manifest struct {
	Format     int       `json:"daylight_backup"`
	At         time.Time `json:"at"` // when the snapshot was made
	Program    string    `json:"program"`
	PublicOnly bool      `json:"public_only"`
	Parts      []Part    `json:"parts"`
	Files      Tally     `json:"files"`     // published files; each is named by its SHA-256
	Originals  Tally     `json:"originals"` // sealed; their SHA-256 stand in originals.sha256
	MasterID   string    `json:"master_id,omitempty"`
	Audit      Mark      `json:"audit"`   // the last entry of the audit log
	Changes    Mark      `json:"changes"` // the last change of the catalogue
	// Missing were missing or damaged in the data folder already.
	Missing []string `json:"missing,omitempty"`
}

// Part is a file whose content the manifest vouches for.
type Part struct {
	Path   string `json:"path"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// Tally counts files.
type Tally struct {
	Count int   `json:"count"`
	Bytes int64 `json:"bytes"`
}

// Mark is the end of a log that only grows: a later state of the same portal
// still has this line.
type Mark struct {
	Seq  int64  `json:"seq"`
	Line string `json:"line"`
}

const (
	backupFormat = 1
	manifestName = "backup.json"
	partPublic   = "public/catalogue.db"
	partPrivate  = "private/work.db"
	partSums     = "private/originals.sha256"
	masterID     = "master.id"
	newSuffix    = ".new"
)

var (
	// ErrNoBackup: the folder holds no whole backup.
	ErrNoBackup = errors.New("not a whole backup")
	// ErrOtherPortal: the folder holds a backup of something that the data folder does not continue.
	ErrOtherPortal = errors.New("backup is of another portal, or of a later state of this one")
)

// Source is the data folder that is backed up.
type Source struct {
	PublicDir, PrivateDir string // PrivateDir "": only what is public
	PublicDB              *PublicDB
	PrivateDB             *PrivateDB // nil with PrivateDir ""
}

// CreateBackup opens dir to back up into, and makes it where it is new. It is
// locked; two backups into one folder exclude each other.
func CreateBackup(dir string, publicOnly bool) (_ *Backup, err error) {
	b := &Backup{dir: dir, parts: map[string]string{}, sums: map[string]string{}}
	defer func() {
		if err != nil {
			b.Close()
			err = fmt.Errorf("open backup: %w", err)
		}
	}()
	perm := os.FileMode(0o700)
	if publicOnly {
		perm = 0o755
	}
	if err := emptyOrBackup(dir); err != nil {
		return nil, err
	}
	if b.lock, err = lock(dir, ".lock", perm); err != nil {
		return nil, err
	}
	switch b.manifest, err = readManifest(dir); {
	case errors.Is(err, ErrNotExist):
		err = nil
	case err != nil:
		return nil, err
	case b.manifest.PublicOnly != publicOnly:
		return nil, errors.New("the folder holds a backup of the other kind (with or without what is private): choose another folder")
	}
	if err := b.places(!publicOnly, true); err != nil {
		return nil, err
	}
	return b, b.finishEarlier()
}

// emptyOrBackup refuses a folder in which something else stands.
func emptyOrBackup(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, ErrNotExist) {
		return nil
	}
	if err != nil {
		return reason(err)
	}
	for _, e := range entries {
		switch e.Name() {
		case "lost+found", ".lock", "public", "private", manifestName, manifestName + newSuffix:
		default:
			return errors.New("the folder holds other things than a backup: choose an empty one")
		}
	}
	for _, key := range []string{"private/master.key", "private/.lock", "public/.writer"} {
		if _, err := os.Lstat(filepath.Join(dir, key)); err == nil {
			return errors.New("the folder is a data folder: choose an empty one")
		}
	}
	return nil
}

// places opens the two sides of the folder; with make they are made.
func (b *Backup) places(private, make bool) error {
	b.public = newDisk(filepath.Join(b.dir, "public"), 0o644, !make)
	sides := []*disk{b.public}
	if private {
		b.private = newDisk(filepath.Join(b.dir, "private"), 0o600, !make)
		sides = append(sides, b.private)
	}
	for i, d := range sides {
		own, other := publicStamp, privateStamp
		if i == 1 {
			own, other = other, own
		}
		if make {
			if err := os.MkdirAll(d.root, folderMode(d.perm)); err != nil {
				return diskError(err)
			}
		}
		if err := stamp(d.root, own, other, make); err != nil {
			return err
		}
		if !make {
			continue
		}
		if err := d.makeFolder(d.tmp); err != nil {
			return err
		}
		if _, err := d.sweep(context.Background(), d.tmp); err != nil {
			return err
		}
	}
	return nil
}

// finishEarlier ends what a killed run left: databases that its manifest names
// get their names, others go.
func (b *Backup) finishEarlier() error {
	for _, name := range []string{partPublic, partPrivate, partSums} {
		fresh := b.path(name) + newSuffix
		for _, journal := range []string{"-wal", "-shm", "-journal"} {
			if err := os.Remove(fresh + journal); err != nil && !errors.Is(err, ErrNotExist) {
				return diskError(err)
			}
		}
		if _, err := os.Lstat(fresh); errors.Is(err, ErrNotExist) {
			continue
		}
		named := false
		if p := b.manifest.part(name); p != nil {
			same, err := p.is(context.Background(), fresh)
			if err != nil {
				return err
			}
			named = same
		}
		if !named {
			if err := os.Remove(fresh); err != nil {
				return diskError(err)
			}
		} else if err := os.Rename(fresh, b.path(name)); err != nil {
			return diskError(err)
		}
	}
	return b.readSums()
}

func (b *Backup) path(name string) string { return filepath.Join(b.dir, filepath.FromSlash(name)) }

// Manifest of the backup that the folder holds; nil: none yet.
func (b *Backup) Manifest() *Manifest { return b.manifest }

// Snapshot copies the databases as of one instant, which no publication can
// cross, and refuses a source that does not continue what the folder holds.
func (b *Backup) Snapshot(ctx context.Context, from Source) error {
	var private *sqlite
	if b.private != nil {
		private = from.PrivateDB.private
	}
	err := snapshot(ctx, from.PublicDB.public, private, b.path(partPublic)+newSuffix, b.path(partPrivate)+newSuffix)
	if err != nil {
		return fmt.Errorf("snapshot: %w", err)
	}
	b.parts[partPublic] = partPublic + newSuffix
	if private != nil {
		b.parts[partPrivate] = partPrivate + newSuffix
	}
	if b.manifest == nil {
		return nil
	}
	public, work, err := b.Databases(ctx)
	if err != nil {
		return err
	}
	ok, err := public.public.holds(ctx, changeLine, b.manifest.Changes)
	if err == nil && ok && work != nil {
		ok, err = work.private.holds(ctx, auditLine, b.manifest.Audit)
	}
	if err == nil && !ok {
		err = ErrOtherPortal
	}
	if err != nil {
		return fmt.Errorf("snapshot: %w", err)
	}
	return nil
}

const (
	auditLine  = `SELECT seq, hash FROM audit WHERE $1 = 0 OR seq = $1 ORDER BY seq DESC LIMIT 1`
	changeLine = `SELECT id, at || ' ' || kind || ' ' || dataset_id FROM changes WHERE $1 = 0 OR id = $1 ORDER BY id DESC LIMIT 1`
)

// mark is the line with this number, or with 0 the last one.
func (s *sqlite) mark(ctx context.Context, query string, seq int64) (m Mark, err error) {
	err = s.queryRow(ctx, query, []any{seq}).Scan(&m.Seq, &m.Line)
	if errors.Is(err, ErrNoRows) {
		return Mark{}, nil
	}
	return m, err
}

// holds says whether a log still has the line that ended it once.
func (s *sqlite) holds(ctx context.Context, query string, was Mark) (bool, error) {
	if was.Seq == 0 {
		return true, nil
	}
	now, err := s.mark(ctx, query, was.Seq)
	return now == was, err
}

// Databases opens the copies to read them. They close with the backup. The
// private one is nil where only what is public was backed up. Both may be of
// an older version of the program, never of a newer one (ErrNewer).
func (b *Backup) Databases(ctx context.Context) (*PublicDB, *PrivateDB, error) {
	public, err := openCopy(ctx, b.path(b.parts[partPublic]), "migrations/public")
	if err != nil {
		return nil, nil, fmt.Errorf("public database of the backup: %w", err)
	}
	b.open = append(b.open, public.close)
	if b.private == nil {
		return &PublicDB{public: public}, nil, nil
	}
	private, err := openCopy(ctx, b.path(b.parts[partPrivate]), "migrations/private")
	if err != nil {
		return nil, nil, fmt.Errorf("private database of the backup: %w", err)
	}
	b.open = append(b.open, private.close)
	return &PublicDB{public: public}, &PrivateDB{private: private}, nil
}

// Named is a blob that a database names, and its length; -1: the database does
// not know it.
type Named struct {
	Key   string
	Bytes int64
}

// CopyFiles copies the published files that are not there yet. Each is hashed
// on the way: its name is its SHA-256. One that is missing or damaged in the
// source goes into the manifest and stops nothing. progress may be nil.
func (b *Backup) CopyFiles(ctx context.Context, from Source, files iter.Seq2[Named, error], progress func()) (Tally, []string, error) {
	return b.copyAll(ctx, newDisk(from.PublicDir, 0o644, true), b.public, files, progress, func(key string) (io.Writer, func() error) {
		return nameIsHash(key)
	})
}

// CopyOriginals copies the sealed originals that are not there yet, still
// sealed.
func (b *Backup) CopyOriginals(ctx context.Context, from Source, originals iter.Seq2[Named, error], progress func()) (Tally, []string, error) {
	was := b.sums
	b.sums = map[string]string{}
	return b.copyAll(ctx, newDisk(from.PrivateDir, 0o600, true), b.private, originals, progress, func(key string) (io.Writer, func() error) {
		if sum, ok := was[key]; ok {
			b.sums[key] = sum
			return nil, nil
		}
		h := sha256.New()
		return h, func() error {
			b.sums[key] = hex.EncodeToString(h.Sum(nil))
			return nil
		}
	})
}

// nameIsHash checks content against the hash that its key ends with.
func nameIsHash(key string) (hash.Hash, func() error) {
	h := sha256.New()
	return h, func() error {
		if hex.EncodeToString(h.Sum(nil)) != filepath.Base(key) {
			return fmt.Errorf("%w: SHA-256 is another", ErrDamaged)
		}
		return nil
	}
}

// copyAll copies what is not there with its length. For a key of which watch
// gives no writer, being there is enough only if it is known from before.
func (b *Backup) copyAll(ctx context.Context, from, to *disk, all iter.Seq2[Named, error], progress func(), watch func(key string) (io.Writer, func() error)) (held Tally, missing []string, err error) {
	for one, err := range all {
		if err != nil {
			return held, missing, err
		}
		size, err := from.Size(ctx, one.Key)
		if err == nil && one.Bytes >= 0 && size != one.Bytes {
			err = ErrDamaged
		}
		if err == nil {
			err = b.copyOne(ctx, from, to, one.Key, size, watch)
		}
		switch {
		case errors.Is(err, ErrNotExist), errors.Is(err, ErrDamaged):
			missing = append(missing, one.Key)
		case err != nil:
			return held, missing, err
		default:
			held.Count++
			held.Bytes += size
		}
		if progress != nil {
			progress()
		}
	}
	return held, missing, nil
}

func (b *Backup) copyOne(ctx context.Context, from, to *disk, key string, size int64, watch func(string) (io.Writer, func() error)) error {
	there, err := to.Size(ctx, key)
	if err != nil && !errors.Is(err, ErrNotExist) {
		return err
	}
	h, check := watch(key)
	// Put names a file when it is whole and durable, so one that has its length
	// is whole; an original must also be among those whose sum is known.
	if err == nil && there == size && (to == b.public || h == nil) {
		return nil
	}
	if err == nil {
		if err := to.Delete(ctx, key); err != nil {
			return err
		}
	}
	r, err := from.File(ctx, key)
	if err != nil {
		return err
	}
	defer r.Close()
	if h == nil { // known from before, and lost from the backup since
		s := sha256.New()
		h, check = s, func() error {
			b.sums[key] = hex.EncodeToString(s.Sum(nil))
			return nil
		}
	}
	return to.Put(ctx, key, &checkedReader{r: io.TeeReader(r, h), check: check})
}

// checkedReader ends with the error of check instead of io.EOF.
type checkedReader struct {
	r     io.Reader
	check func() error
}

func (c *checkedReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	if err == io.EOF {
		if err := c.check(); err != nil {
			return n, err
		}
	}
	return n, err
}

// Commit makes the folder the backup of what was copied into it. m says when
// it was made, by which program, and what was copied; the rest is filled in.
func (b *Backup) Commit(ctx context.Context, from Source, m Manifest) (*Manifest, error) {
	if err := b.commit(ctx, from, &m); err != nil {
		return nil, fmt.Errorf("commit backup: %w", err)
	}
	return b.manifest, nil
}

func (b *Backup) commit(ctx context.Context, from Source, m *Manifest) error {
	Fail("backup.files")
	m.Format, m.PublicOnly = backupFormat, b.private == nil
	public, private, err := b.Databases(ctx)
	if err != nil {
		return err
	}
	if m.Changes, err = public.public.mark(ctx, changeLine, 0); err != nil {
		return err
	}
	names := []string{partPublic}
	if private != nil {
		if m.Audit, err = private.private.mark(ctx, auditLine, 0); err != nil {
			return err
		}
		id, err := os.ReadFile(filepath.Join(from.PrivateDir, masterID))
		if err != nil {
			return reason(err)
		}
		m.MasterID = strings.TrimSpace(string(id))
		if err := b.writeSums(); err != nil {
			return err
		}
		names = append(names, partPrivate, partSums)
	}
	b.closeDatabases()
	for _, name := range names {
		p, err := partOf(ctx, b.path(name)+newSuffix, name)
		if err != nil {
			return err
		}
		m.Parts = append(m.Parts, p)
	}
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	perm := os.FileMode(0o600)
	if m.PublicOnly {
		perm = 0o644
	}
	if err := replaceFile(b.path(manifestName), append(text, '\n'), perm); err != nil {
		return err
	}
	Fail("backup.committed")
	b.manifest = m
	for _, name := range names {
		if err := os.Rename(b.path(name)+newSuffix, b.path(name)); err != nil {
			return diskError(err)
		}
		if err := syncPath(filepath.Dir(b.path(name))); err != nil {
			return diskError(err)
		}
		b.parts[name] = name
	}
	return nil
}

// writeSums writes the sealed originals' hashes in the form that sha256sum
// reads, and that it can check in the folder private.
func (b *Backup) writeSums() error {
	var text strings.Builder
	for _, key := range slices.Sorted(maps.Keys(b.sums)) {
		fmt.Fprintf(&text, "%s  %s\n", b.sums[key], key)
	}
	return writeFile(b.path(partSums)+newSuffix, []byte(text.String()), 0o600)
}

func (b *Backup) readSums() error {
	if b.private == nil {
		return nil
	}
	text, err := os.ReadFile(b.path(partSums))
	if errors.Is(err, ErrNotExist) {
		return nil
	}
	if err != nil {
		return reason(err)
	}
	if p := b.manifest.part(partSums); p == nil || p.SHA256 != hexSum(text) {
		return nil // of a run that came to nothing: originals are hashed anew
	}
	return b.parseSums(string(text))
}

func (b *Backup) parseSums(text string) error {
	for line := range strings.Lines(text) {
		sum, key, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "  ")
		if !ok || checkKey(key) != nil {
			return fmt.Errorf("%s: %w", partSums, ErrDamaged)
		}
		b.sums[key] = sum
	}
	return nil
}

// writeFile makes a durable file in the place of what a killed run left.
func writeFile(path string, text []byte, perm os.FileMode) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, perm)
	if err != nil {
		return diskError(err)
	}
	_, err = f.Write(text)
	return diskError(errors.Join(err, f.Sync(), f.Close(), syncPath(filepath.Dir(path))))
}

// replaceFile puts a file in the place of the one before, whole or not at all.
func replaceFile(path string, text []byte, perm os.FileMode) error {
	if err := writeFile(path+newSuffix, text, perm); err != nil {
		return err
	}
	if err := os.Rename(path+newSuffix, path); err != nil {
		return diskError(err)
	}
	return diskError(syncPath(filepath.Dir(path)))
}

func hexSum(b []byte) string {
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}

func partOf(ctx context.Context, path, name string) (Part, error) {
	f, err := os.Open(path)
	if err != nil {
		return Part{}, reason(err)
	}
	defer f.Close()
	h := sha256.New()
	n, err := io.Copy(h, untilDone(ctx, f))
	return Part{Path: name, Bytes: n, SHA256: hex.EncodeToString(h.Sum(nil))}, err
}

// is says whether the file at path is the part.
func (p *Part) is(ctx context.Context, path string) (bool, error) {
	st, err := os.Stat(path)
	if errors.Is(err, ErrNotExist) {
		return false, nil
	}
	if err != nil || st.Size() != p.Bytes {
		return false, err
	}
	now, err := partOf(ctx, path, p.Path)
	return err == nil && now == *p, err
}

func (m *Manifest) part(name string) *Part {
	if m != nil {
		for i := range m.Parts {
			if m.Parts[i].Path == name {
				return &m.Parts[i]
			}
		}
	}
	return nil
}

// IsBackup says whether a backup was ever finished in the folder.
func IsBackup(dir string) bool {
	_, err := os.Lstat(filepath.Join(dir, manifestName))
	return err == nil
}

// readManifest is ErrNotExist where no backup was ever finished.
func readManifest(dir string) (*Manifest, error) {
	text, err := os.ReadFile(filepath.Join(dir, manifestName))
	if err != nil {
		return nil, reason(err)
	}
	var m Manifest
	if err := json.Unmarshal(text, &m); err != nil || m.Format == 0 {
		return nil, fmt.Errorf("%w: its %s cannot be read", ErrNoBackup, manifestName)
	}
	if m.Format > backupFormat {
		return nil, fmt.Errorf("%w: the backup is of form %d, this program knows %d", ErrNewer, m.Format, backupFormat)
	}
	return &m, nil
}

func (b *Backup) closeDatabases() {
	for _, close := range b.open {
		close()
	}
	b.open = nil
}

// Close gives the folder free. A backup that was not committed is not one.
func (b *Backup) Close() error {
	b.closeDatabases()
	return b.lock.Unlock()
}
