package store

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// A small data folder: two databases, published files, sealed originals.
type folder struct {
	t        *testing.T
	dir      string
	public   Public
	private  Private
	publicDB *PublicDB
	workDB   *PrivateDB
	files    []Named
	sealed   []Named
}

func newFolder(t *testing.T) *folder {
	f := &folder{t: t, dir: t.TempDir()}
	f.public = openPublicTest(t, filepath.Join(f.dir, "public"))
	f.private = openPrivateTest(t, filepath.Join(f.dir, "private"))
	ctx := t.Context()
	var err error
	if f.publicDB, err = OpenPublicDB(ctx, "sqlite:"+f.path(partPublic), false); err == nil {
		err = f.publicDB.Migrate(ctx)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.publicDB.Close() })
	if f.workDB, err = OpenPrivateDB(ctx, "sqlite:"+f.path(partPrivate)); err == nil {
		err = f.workDB.Migrate(ctx)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.workDB.Close() })
	return f
}

func (f *folder) path(name string) string { return filepath.Join(f.dir, filepath.FromSlash(name)) }

func (f *folder) source() Source {
	return Source{PublicDir: f.path("public"), PrivateDir: f.path("private"), PublicDB: f.publicDB, PrivateDB: f.workDB}
}

// add publishes a file, keeps an original, and says so in the audit log.
func (f *folder) add(text string) {
	f.t.Helper()
	ctx := f.t.Context()
	key := FileKey(sha256.Sum256([]byte(text)))
	id := fmt.Sprintf("u%d", len(f.sealed))
	wrapped := mustKey(f.t, f.private)
	_, err := f.private.Seal(ctx, id, wrapped, strings.NewReader("original of "+text), -1)
	if err == nil {
		err = f.public.Blobs().Put(ctx, key, strings.NewReader(text))
	}
	if err == nil {
		err = f.workDB.InTx(ctx, func(tx *Tx) error {
			return f.workDB.Audit(ctx, tx, AuditEntry{At: time.Now(), Actor: "test", Action: "add", Subject: id})
		})
	}
	if err == nil {
		err = f.publicDB.InTx(ctx, func(tx *Tx) error {
			_, err := tx.Exec(ctx, `INSERT INTO changes (at, kind, dataset_id, n) VALUES ($1, 'published', $2, 1)`, time.Now(), id)
			return err
		})
	}
	if err != nil {
		f.t.Fatal(err)
	}
	f.files = append(f.files, Named{key, int64(len(text))})
	f.sealed = append(f.sealed, Named{"originals/" + id, -1})
}

func named(list []Named) iter.Seq2[Named, error] {
	return func(yield func(Named, error) bool) {
		for _, one := range list {
			if !yield(one, nil) {
				return
			}
		}
	}
}

func (f *folder) backup(dir string, publicOnly bool) (*Manifest, error) {
	ctx := f.t.Context()
	b, err := CreateBackup(dir, publicOnly)
	if err != nil {
		return nil, err
	}
	defer b.Close()
	from, m := f.source(), Manifest{At: time.Now().UTC(), Program: "test"}
	if err := b.Snapshot(ctx, from); err != nil {
		return nil, err
	}
	var missing []string
	if m.Files, m.Missing, err = b.CopyFiles(ctx, from, named(f.files), nil); err != nil {
		return nil, err
	}
	if !publicOnly {
		if m.Originals, missing, err = b.CopyOriginals(ctx, from, named(f.sealed), nil); err != nil {
			return nil, err
		}
	}
	m.Missing = append(m.Missing, missing...)
	return b.Commit(ctx, from, m)
}

func (f *folder) check(dir string) (bad []string, err error) {
	ctx := f.t.Context()
	b, err := OpenBackup(ctx, dir)
	if err != nil {
		return nil, err
	}
	defer b.Close()
	bad, err = b.CheckFiles(ctx, named(f.files), true, nil)
	if err == nil && b.private != nil {
		var more []string
		more, err = b.CheckOriginals(ctx, named(f.sealed), true, nil)
		bad = append(bad, more...)
	}
	return bad, err
}

func TestBackupAndRestore(t *testing.T) {
	f, to := newFolder(t), filepath.Join(t.TempDir(), "backup")
	ctx := t.Context()
	f.add("one")
	f.add(strings.Repeat("two", 100_000))
	m, err := f.backup(to, false)
	if err != nil || m.Files.Count != 2 || m.Originals.Count != 2 || len(m.Missing) > 0 {
		t.Fatalf("%+v, %v", m, err)
	}
	if bad, err := f.check(to); err != nil || len(bad) > 0 {
		t.Fatal(bad, err)
	}
	err = filepath.WalkDir(to, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		st, err := d.Info()
		if err == nil && strings.HasPrefix(path, filepath.Join(to, "private", "")) && d.Name() != privateStamp && st.Mode()&0o077 != 0 {
			t.Errorf("others may read %s: %v", path, st.Mode())
		}
		if d.Name() == "master.key" {
			t.Error("the master key is in the backup")
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if st, err := os.Stat(to); err != nil || st.Mode().Perm() != 0o700 {
		t.Errorf("the backup's folder is %v, %v", st.Mode(), err)
	}

	b, err := OpenBackup(ctx, to)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	key, err := os.ReadFile(f.path("private/master.key"))
	if err != nil {
		t.Fatal(err)
	}
	if err := b.CheckKey(string(key)); err != nil {
		t.Error(err)
	}
	if err := b.CheckKey("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="); !errors.Is(err, ErrKey) {
		t.Errorf("another key: %v", err)
	}
	if _, err := b.Restore(f.dir, false); !errors.Is(err, ErrExist) {
		t.Errorf("into a folder that is not empty: %v", err)
	}
	into := filepath.Join(t.TempDir(), "restored")
	r, err := b.Restore(into, false)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(into, RestoringMark)); err != nil {
		t.Errorf("a restore under way has no mark: %v", err)
	}
	if n, bad, err := r.Files(ctx, named(f.files), nil); err != nil || n.Count != 2 || len(bad) > 0 {
		t.Fatal(n, bad, err)
	}
	if n, bad, err := r.Originals(ctx, named(f.sealed), nil); err != nil || n.Count != 2 || len(bad) > 0 {
		t.Fatal(n, bad, err)
	}
	if err := r.Done(ctx, strings.TrimSpace(string(key))); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"private/originals/u0", "private/originals/u1", "private/master.key", "private/master.id", f.files[0].Key, f.files[1].Key} {
		if strings.HasPrefix(name, "files") {
			name = "public/" + name
		}
		a, errA := os.ReadFile(f.path(name))
		b, errB := os.ReadFile(filepath.Join(into, filepath.FromSlash(name)))
		if errA != nil || errB != nil || string(a) != string(b) {
			t.Errorf("%s is another: %v, %v", name, errA, errB)
		}
	}
	if _, err := OpenPrivate(ctx, filepath.Join(into, "private")); err != nil {
		t.Errorf("the restored private place: %v", err)
	}
	work, err := OpenPrivateDB(ctx, "sqlite:"+filepath.Join(into, "private", "work.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer work.Close()
	if n, err := work.VerifyAudit(ctx); err != nil || n != 2 {
		t.Errorf("%d audit entries, %v", n, err)
	}
}

// A second backup into the same folder copies what is new and leaves what is
// there alone.
func TestBackupIsIncremental(t *testing.T) {
	f, to := newFolder(t), filepath.Join(t.TempDir(), "backup")
	f.add("one")
	if _, err := f.backup(to, false); err != nil {
		t.Fatal(err)
	}
	inodes := func() (out []uint64) {
		for _, name := range []string{"public/" + f.files[0].Key, "private/originals/u0"} {
			out = append(out, stateOf(filepath.Join(to, name)).inode)
		}
		return out
	}
	was := inodes()
	f.add("two")
	m, err := f.backup(to, false)
	if err != nil || m.Files.Count != 2 || m.Originals.Count != 2 {
		t.Fatal(m, err)
	}
	if now := inodes(); !slices.Equal(now, was) {
		t.Error("what was there was copied again")
	}
	if bad, err := f.check(to); err != nil || len(bad) > 0 {
		t.Fatal(bad, err)
	}

	// What the backup itself has lost is copied anew.
	if err := os.Truncate(filepath.Join(to, "public", f.files[0].Key), 1); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(to, "private/originals/u0")); err != nil {
		t.Fatal(err)
	}
	if bad, err := f.check(to); err != nil || len(bad) != 2 {
		t.Fatalf("%v, %v; want two faults", bad, err)
	}
	if _, err := f.backup(to, false); err != nil {
		t.Fatal(err)
	}
	if bad, err := f.check(to); err != nil || len(bad) > 0 {
		t.Fatal(bad, err)
	}
}

// What a backup must refuse, and what it must notice.
func TestBackupRefuses(t *testing.T) {
	f, to := newFolder(t), filepath.Join(t.TempDir(), "backup")
	f.add("one")
	f.add("two")
	if _, err := f.backup(to, false); err != nil {
		t.Fatal(err)
	}
	t.Run("another portal", func(t *testing.T) {
		other := newFolder(t)
		other.add("one")
		other.add("three")
		other.add("four")
		if _, err := other.backup(to, false); !errors.Is(err, ErrOtherPortal) {
			t.Errorf("%v", err)
		}
		if bad, err := f.check(to); err != nil || len(bad) > 0 {
			t.Errorf("the backup that was there: %v, %v", bad, err)
		}
	})
	t.Run("other kind, other things, a data folder", func(t *testing.T) {
		if _, err := f.backup(to, true); err == nil {
			t.Error("only what is public over a whole backup")
		}
		full := t.TempDir()
		os.WriteFile(filepath.Join(full, "letters.txt"), nil, 0o600)
		if _, err := f.backup(full, false); err == nil {
			t.Error("over other things")
		}
		if _, err := newFolder(t).backup(f.dir, false); err == nil {
			t.Error("over a data folder")
		}
	})
	t.Run("lost in the source", func(t *testing.T) {
		f := newFolder(t)
		for _, text := range []string{"one", "two", "three"} {
			f.add(text)
		}
		os.Remove(f.path("public/" + f.files[0].Key))
		os.WriteFile(f.path("public/"+f.files[1].Key), []byte("TWO"), 0o644)
		os.Remove(f.path("private/originals/u2"))
		to := filepath.Join(t.TempDir(), "b")
		m, err := f.backup(to, false)
		if want := []string{f.files[0].Key, f.files[1].Key, "originals/u2"}; err != nil || !slices.Equal(m.Missing, want) {
			t.Errorf("%v, %v; want %v", m.Missing, err, want)
		}
		if bad, err := f.check(to); err != nil || len(bad) > 0 {
			t.Errorf("the rest is whole: %v, %v", bad, err)
		}
	})
	for name, spoil := range map[string]func(dir string) error{
		"no manifest":        func(dir string) error { return os.Remove(filepath.Join(dir, manifestName)) },
		"half a manifest":    func(dir string) error { return os.Truncate(filepath.Join(dir, manifestName), 40) },
		"another database":   func(dir string) error { return os.Truncate(filepath.Join(dir, partPublic), 4096) },
		"a changed database": func(dir string) error { return flip(filepath.Join(dir, partPrivate)) },
		"no database":        func(dir string) error { return os.Remove(filepath.Join(dir, partPrivate)) },
		"other sums":         func(dir string) error { return flip(filepath.Join(dir, partSums)) },
		"a newer program's": func(dir string) error {
			return os.WriteFile(filepath.Join(dir, manifestName), []byte(`{"daylight_backup": 99}`), 0o600)
		},
		"an original flipped":   func(dir string) error { return flip(filepath.Join(dir, "private/originals/u0")) },
		"a published file gone": func(dir string) error { return os.Remove(filepath.Join(dir, "public", f.files[1].Key)) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "b")
			if _, err := f.backup(dir, false); err != nil {
				t.Fatal(err)
			}
			if err := spoil(dir); err != nil {
				t.Fatal(err)
			}
			bad, err := f.check(dir)
			if err == nil && len(bad) != 1 {
				t.Errorf("not noticed: %v", bad)
			}
			if err != nil && !errors.Is(err, ErrNoBackup) && !errors.Is(err, ErrNewer) {
				t.Errorf("%v", err)
			}
		})
	}
}

func flip(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	b := make([]byte, 1)
	if _, err := f.ReadAt(b, 20); err != nil {
		return err
	}
	b[0] ^= 1
	_, err = f.WriteAt(b, 20)
	return err
}

// Only what is public: readable by everyone, nothing private in it, and it
// opens where nothing can be written.
func TestBackupPublicOnly(t *testing.T) {
	f, to := newFolder(t), filepath.Join(t.TempDir(), "public-only")
	f.add("one")
	if _, err := f.backup(to, true); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(to, "private")); !errors.Is(err, ErrNotExist) {
		t.Error("it has a private side")
	}
	db, err := OpenPublicDB(t.Context(), "sqlite:"+filepath.Join(to, partPublic), true)
	if err != nil {
		t.Fatal(err)
	}
	db.Close()
	p, err := OpenPublic(t.Context(), filepath.Join(to, "public"), true)
	if err != nil {
		t.Fatal(err)
	}
	r, err := p.Blobs().Open(t.Context(), f.files[0].Key, 0, -1)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if text, err := io.ReadAll(r); string(text) != "one" || err != nil {
		t.Errorf("%q, %v", text, err)
	}
}

// While publications run one after the other, as fast as they can, no snapshot
// has a release that the private side does not mean, or misses one that the
// private side says is done.
func TestSnapshotIsOneInstant(t *testing.T) {
	f := newFolder(t)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	n := 0
	go func() {
		for ctx.Err() == nil {
			n++
			id := fmt.Sprintf("i%06d", n)
			err := f.workDB.InTx(ctx, func(tx *Tx) error {
				_, err := tx.Exec(ctx, `INSERT INTO intents (id, upload_id, dataset_id, manifest, state, created_at) VALUES ($1, '', '', '', 'open', '')`, id)
				return err
			})
			if err == nil {
				err = f.publicDB.InTx(ctx, func(tx *Tx) error {
					_, err := tx.Exec(ctx, `INSERT INTO changes (at, kind, dataset_id, n) VALUES ('', '', $1, 0)`, id)
					return err
				})
			}
			if err == nil {
				err = f.workDB.InTx(ctx, func(tx *Tx) error {
					_, err := tx.Exec(ctx, `UPDATE intents SET state = 'done' WHERE id = $1`, id)
					return err
				})
			}
			if err != nil && ctx.Err() == nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
	// As another process has them: only SQLite's own lock is between.
	publics, err := OpenPublicDB(ctx, "sqlite:"+f.path(partPublic), false)
	if err != nil {
		t.Fatal(err)
	}
	defer publics.Close()
	work, err := OpenPrivateDB(ctx, "sqlite:"+f.path(partPrivate))
	if err != nil {
		t.Fatal(err)
	}
	defer work.Close()
	dir := t.TempDir()
	seen := 0
	for i := range 40 {
		public, private := filepath.Join(dir, fmt.Sprint(i, ".public")), filepath.Join(dir, fmt.Sprint(i, ".private"))
		if err := snapshot(ctx, publics.public, work.private, public, private); err != nil {
			t.Fatal(err)
		}
		a, err := openCopy(ctx, public, "migrations/public")
		if err != nil {
			t.Fatal(err)
		}
		b, err := openCopy(ctx, private, "migrations/private")
		if err != nil {
			t.Fatal(err)
		}
		released := ids(t, a, `SELECT dataset_id FROM changes`)
		meant, told := ids(t, b, `SELECT id FROM intents`), ids(t, b, `SELECT id FROM intents WHERE state = 'done'`)
		for id := range released {
			if !meant[id] {
				t.Errorf("snapshot %d: release %s has no intent", i, id)
			}
		}
		for id := range told {
			if !released[id] {
				t.Errorf("snapshot %d: %s was told to be public and is not", i, id)
			}
		}
		seen = len(released)
		a.close()
		b.close()
	}
	stop()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if seen < 40 {
		t.Errorf("only %d publications: nothing was tried", seen)
	}
}

func ids(t *testing.T, s *sqlite, query string) map[string]bool {
	t.Helper()
	rows, err := s.query(t.Context(), query, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	out := map[string]bool{}
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			t.Fatal(err)
		}
		out[id] = true
	}
	return out
}

// Sweep and backup exclude each other.
func TestLockBackup(t *testing.T) {
	f := newFolder(t)
	l, err := LockBackup(f.path("public"))
	if err != nil {
		t.Fatal(err)
	}
	var held *Held
	if _, err := f.public.LockBackup(); !errors.As(err, &held) || held.PID != os.Getpid() {
		t.Errorf("a second one: %v", err)
	}
	l.Unlock()
	if l, err = f.public.LockBackup(); err != nil {
		t.Error(err)
	}
	l.Unlock()
}
