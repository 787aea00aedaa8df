package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func privateDB(t *testing.T) *PrivateDB {
	t.Helper()
	db, err := OpenPrivateDB(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "work.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	if err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return db
}

func publicDB(t *testing.T, dir string) *PublicDB {
	t.Helper()
	db, err := OpenPublicDB(t.Context(), "sqlite:"+filepath.Join(dir, "catalogue.db"), false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	if err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return db
}

func addAgency(t *testing.T, db *PublicDB, id string) {
	t.Helper()
	err := db.InTx(t.Context(), func(tx *Tx) error {
		_, err := tx.Exec(t.Context(), `INSERT INTO agencies (id, slug, meta, created_at) VALUES ($1, $1, '{}', $2)`, id, noon)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func countAgencies(t *testing.T, db *PublicDB) (n int) {
	t.Helper()
	if err := db.QueryRow(t.Context(), `SELECT count(*) FROM agencies`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestAddresses(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"plain.db", "with space.db", "100%?#x&y=1.db", "dữ-liệu.db", "new/folder/x.db"} {
		db, err := OpenPublicDB(t.Context(), "sqlite:"+filepath.Join(dir, name), false)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		db.Close()
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Errorf("%s: the file is elsewhere", name)
		}
	}
	for _, address := range []string{"", "catalogue.db", "sqlite:", "sqlite::memory:", "mysql://x/y"} {
		if db, err := OpenPublicDB(t.Context(), address, false); err == nil {
			db.Close()
			t.Errorf("%q was taken", address)
		}
	}
	_, err := OpenPrivateDB(t.Context(), "postgres://user:geheim@host/db")
	if err == nil || !strings.Contains(err.Error(), "sqlite only") || strings.Contains(err.Error(), "geheim") {
		t.Errorf("postgres: %v", err)
	}
}

func TestEngineSettings(t *testing.T) {
	db := privateDB(t)
	for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": "5000", "secure_delete": "1"} {
		var got string
		if err := db.private.writer.QueryRow("PRAGMA " + pragma).Scan(&got); err != nil || got != want {
			t.Errorf("writer: %s = %s, %v; want %s", pragma, got, err, want)
		}
	}
	// A reader cannot write, in whatever words.
	for _, q := range []string{`DELETE FROM jobs`, `INSERT INTO audit_head (id, seq, hash) VALUES (1, 0, '') RETURNING id`} {
		rows, err := db.Query(t.Context(), q)
		if err == nil {
			for rows.Next() {
			}
			err = rows.Err()
			rows.Close()
		}
		if err == nil {
			t.Errorf("a reader ran %s", q)
		}
	}
}

func TestInTx(t *testing.T) {
	ctx, db := t.Context(), publicDB(t, t.TempDir())
	t.Run("all or nothing", func(t *testing.T) {
		stop := errors.New("stop")
		insert := func(tx *Tx) {
			if _, err := tx.Exec(ctx, `INSERT INTO agencies (id, slug, meta, created_at) VALUES ('x', 'x', '{}', $1)`, noon); err != nil {
				t.Fatal(err)
			}
			var n int
			if err := tx.QueryRow(ctx, `SELECT count(*) FROM agencies`).Scan(&n); err != nil || n != 1 {
				t.Errorf("the transaction does not see its own row: %d, %v", n, err)
			}
			if countAgencies(t, db) != 0 {
				t.Error("a reader sees what is not committed")
			}
		}
		if err := db.InTx(ctx, func(tx *Tx) error { insert(tx); return stop }); err != stop {
			t.Errorf("the error comes back as %v", err)
		}
		func() {
			defer func() { recover() }()
			db.InTx(ctx, func(tx *Tx) error { insert(tx); panic("x") })
		}()
		ended, cancel := context.WithCancel(ctx)
		err := db.InTx(ended, func(tx *Tx) error { insert(tx); cancel(); return nil })
		if !errors.Is(err, context.Canceled) {
			t.Errorf("an ended context says %v", err)
		}
		if n := countAgencies(t, db); n != 0 {
			t.Errorf("%d rows are left", n)
		}
	})
	t.Run("many at once", func(t *testing.T) {
		// Each reads, then writes what it read plus one: a lost update would show,
		// and so would a transaction that finds out only halfway that another
		// process was first.
		addAgency(t, db, "counter")
		other, err := OpenPublicDB(ctx, "sqlite:"+db.public.path, false)
		if err != nil {
			t.Fatal(err)
		}
		defer other.Close()
		var wg sync.WaitGroup
		for i := range 8 {
			at := []*PublicDB{db, other}[i%2]
			wg.Go(func() {
				for range 20 {
					err := at.InTx(ctx, func(tx *Tx) error {
						var n int
						if err := tx.QueryRow(ctx, `SELECT CAST(meta->>'n' AS INTEGER) FROM agencies WHERE id = 'counter' AND meta <> '{}'
							UNION ALL SELECT 0`).Scan(&n); err != nil {
							return err
						}
						_, err := tx.Exec(ctx, `UPDATE agencies SET meta = json_object('n', $1) WHERE id = 'counter'`, n+1)
						return err
					})
					if err != nil {
						t.Error(err)
					}
					countAgencies(t, db)
				}
			})
		}
		wg.Wait()
		var n int
		if err := db.QueryRow(ctx, `SELECT CAST(meta->>'n' AS INTEGER) FROM agencies WHERE id = 'counter'`).Scan(&n); err != nil || n != 160 {
			t.Errorf("counted %d of 160, %v", n, err)
		}
	})
}

func TestViewIsOneMoment(t *testing.T) {
	ctx, db := t.Context(), publicDB(t, t.TempDir())
	err := db.View(ctx, func(tx *Tx) error {
		var before, after int
		if err := tx.QueryRow(ctx, `SELECT count(*) FROM agencies`).Scan(&before); err != nil {
			return err
		}
		addAgency(t, db, "new")
		if err := tx.QueryRow(ctx, `SELECT count(*) FROM agencies`).Scan(&after); err != nil {
			return err
		}
		if before != after {
			t.Errorf("%d rows, then %d", before, after)
		}
		return nil
	})
	if err != nil || countAgencies(t, db) != 1 {
		t.Error(err)
	}
}

func TestTimesInRows(t *testing.T) {
	ctx, db := t.Context(), privateDB(t)
	hanoi := time.FixedZone("", 7*3600)
	in := time.Date(2026, 3, 1, 19, 0, 0, 123456789, hanoi)
	var text string
	var one, none, some *time.Time
	var out time.Time
	err := db.QueryRow(ctx, `SELECT $1, $1, NULL, $2, $3`, in, &in, one).Scan(&text, &out, &none, &some, &one)
	if err != nil || text != "2026-03-01T12:00:00.123456Z" || !out.Equal(in.Truncate(time.Microsecond)) || none != nil || one != nil || !some.Equal(out) {
		t.Errorf("%s %v %v %v %v, %v", text, out, none, some, one, err)
	}
	if err := db.QueryRow(ctx, `SELECT NULL`).Scan(&out); err == nil {
		t.Error("NULL was read as a time")
	}
	// Texts sort as times do.
	a, b := FormatTime(noon), FormatTime(noon.Add(time.Microsecond))
	if c := FormatTime(noon.Add(time.Second)); !(a < b && b < c) {
		t.Error(a, b, c)
	}
}

// No error tells what was in a row or an argument.
func TestErrorsTellNoValues(t *testing.T) {
	ctx, db := t.Context(), publicDB(t, t.TempDir())
	const secret = "079200001234"
	addAgency(t, db, secret)
	var n int
	var at time.Time
	exec := func(q string, args ...any) error {
		return db.InTx(ctx, func(tx *Tx) error { _, err := tx.Exec(ctx, q, args...); return err })
	}
	for _, c := range []struct {
		name string
		err  error
		is   error
	}{
		{"scan", db.QueryRow(ctx, `SELECT $1`, secret+"x").Scan(&n), nil},
		{"scan a time", db.QueryRow(ctx, `SELECT $1`, secret).Scan(&at), nil},
		{"unique", exec(`INSERT INTO agencies (id, slug, meta, created_at) VALUES ($1, $1, '{}', $2)`, secret, noon), ErrConflict},
		{"foreign key", exec(`INSERT INTO former_slugs (slug, dataset_id) VALUES ($1, $1)`, secret), ErrConflict},
		{"not null", exec(`INSERT INTO agencies (id, slug, meta, created_at) VALUES ($1, $1, NULL, '')`, secret+"y"), ErrConflict},
		{"json path", db.QueryRow(ctx, `SELECT json_extract('{}', $1)`, secret).Scan(&n), nil},
		{"json", db.QueryRow(ctx, `SELECT json_extract($1, '$.a')`, secret+"{").Scan(&n), nil},
		{"type", exec(`INSERT INTO agencies (id) VALUES ($1)`, struct{ s string }{secret}), nil},
		{"like", db.QueryRow(ctx, `SELECT 'a' LIKE 'b' ESCAPE $1`, secret).Scan(&n), nil},
	} {
		if c.err == nil || (c.is != nil && !errors.Is(c.err, c.is)) {
			t.Errorf("%s: %v", c.name, c.err)
			continue
		}
		for err := c.err; err != nil; err = errors.Unwrap(err) {
			if strings.Contains(fmt.Sprintf("%v %+v %#v", err, err, err), secret) {
				t.Errorf("%s tells the value: %v", c.name, err)
			}
		}
	}
	// What is about our own SQL is told.
	if err := exec(`SELECT 1 FROM nowhere`); err == nil || !strings.Contains(err.Error(), "nowhere") {
		t.Errorf("a missing table: %v", err)
	}
	if err := db.QueryRow(ctx, `SELECT 1 WHERE 0`).Scan(&n); !errors.Is(err, ErrNoRows) {
		t.Errorf("no row: %v", err)
	}
}

func TestMigrateTwice(t *testing.T) {
	ctx, dir := t.Context(), t.TempDir()
	db := publicDB(t, dir)
	addAgency(t, db, "a")
	if err := db.Migrate(ctx); err != nil {
		t.Fatal(err)
	}
	db.Close()
	if again := publicDB(t, dir); countAgencies(t, again) != 1 {
		t.Error("a second start lost the rows")
	}
}

func TestNewerAndOlderSchema(t *testing.T) {
	ctx, dir := t.Context(), t.TempDir()
	address := "sqlite:" + filepath.Join(dir, "catalogue.db")
	db, err := OpenPublicDB(ctx, address, false)
	if err != nil {
		t.Fatal(err)
	}
	db.Close()
	if _, err := OpenPublicDB(ctx, address, true); !errors.Is(err, ErrOlder) {
		t.Errorf("an empty database, to read: %v", err)
	}
	db = publicDB(t, dir)
	if err := db.InTx(ctx, func(tx *Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, 1)`)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if err := db.Migrate(ctx); !errors.Is(err, ErrNewer) {
		t.Errorf("migrate says %v", err)
	}
	db.Close()
	for _, readOnly := range []bool{false, true} {
		if db, err := OpenPublicDB(ctx, address, readOnly); !errors.Is(err, ErrNewer) {
			t.Errorf("open (to read: %v) says %v", readOnly, err)
			if err == nil {
				db.Close()
			}
		}
	}
}

func TestNotADatabase(t *testing.T) {
	path := filepath.Join(t.TempDir(), "catalogue.db")
	if err := os.WriteFile(path, []byte(strings.Repeat("this is no database\n", 500)), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, readOnly := range []bool{false, true} {
		if db, err := OpenPublicDB(t.Context(), "sqlite:"+path, readOnly); !errors.Is(err, ErrDamaged) {
			t.Errorf("open (to read: %v) says %v", readOnly, err)
			if err == nil {
				db.Close()
			}
		}
	}
	if _, err := OpenPublicDB(t.Context(), "sqlite:"+path+".none", true); !errors.Is(err, ErrNotExist) {
		t.Errorf("one that is not there: %v", err)
	}
	if _, err := os.Stat(path + ".none"); err == nil {
		t.Error("a reader made a database")
	}
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	b, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, b, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestReadBesideTheWriter(t *testing.T) {
	dir := t.TempDir()
	writer := publicDB(t, dir)
	reader, err := OpenPublicDB(t.Context(), "sqlite:"+filepath.Join(dir, "catalogue.db"), true)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	addAgency(t, writer, "a")
	if countAgencies(t, reader) != 1 {
		t.Error("the reader does not see the new row")
	}
	if err := reader.InTx(t.Context(), func(*Tx) error { return nil }); !errors.Is(err, ErrReadOnly) {
		t.Errorf("write says %v", err)
	}
	if err := reader.Migrate(t.Context()); !errors.Is(err, ErrReadOnly) {
		t.Errorf("migrate says %v", err)
	}
}

func TestReadACopy(t *testing.T) {
	dir := t.TempDir()
	db := publicDB(t, dir)
	addAgency(t, db, "a")
	db.Close()
	if _, err := os.Stat(filepath.Join(dir, "catalogue.db-wal")); err == nil {
		t.Error("after Close commits are still outside the file")
	}
	copied := t.TempDir()
	copyFile(t, filepath.Join(dir, "catalogue.db"), filepath.Join(copied, "catalogue.db"))
	for range 2 { // a second time beside what the first left
		reader, err := OpenPublicDB(t.Context(), "sqlite:"+filepath.Join(copied, "catalogue.db"), true)
		if err != nil {
			t.Fatal(err)
		}
		if countAgencies(t, reader) != 1 {
			t.Error("the copy is empty")
		}
		if err := reader.Close(); err != nil {
			t.Error(err)
		}
	}
}

// A folder copied under the writer's hands, journal and all.
func TestReadACopyWithItsJournal(t *testing.T) {
	dir, copied := t.TempDir(), t.TempDir()
	db := publicDB(t, dir)
	addAgency(t, db, "a")
	for _, name := range []string{"catalogue.db", "catalogue.db-wal"} {
		copyFile(t, filepath.Join(dir, name), filepath.Join(copied, name))
	}
	reader, err := OpenPublicDB(t.Context(), "sqlite:"+filepath.Join(copied, "catalogue.db"), true)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	if countAgencies(t, reader) != 1 {
		t.Error("the commits in the journal are not seen")
	}
}

// readOnlyMount makes dir a read-only file system. Modes would not do: root
// writes through them.
func readOnlyMount(t *testing.T, dir string) {
	t.Helper()
	if err := unix.Mount(dir, dir, "", unix.MS_BIND, ""); err != nil {
		t.Skipf("SKIPPED: this test needs the right to mount: %v", err)
	}
	t.Cleanup(func() { unix.Unmount(dir, unix.MNT_DETACH) })
	if err := unix.Mount("", dir, "", unix.MS_BIND|unix.MS_REMOUNT|unix.MS_RDONLY, ""); err != nil {
		t.Skipf("SKIPPED: this test needs the right to mount: %v", err)
	}
}

func TestReadACopyOnAReadOnlyDisk(t *testing.T) {
	dir, copied := t.TempDir(), t.TempDir()
	openPublicTest(t, copied)
	db := publicDB(t, dir)
	addAgency(t, db, "a")
	db.Close()
	copyFile(t, filepath.Join(dir, "catalogue.db"), filepath.Join(copied, "catalogue.db"))
	readOnlyMount(t, copied)
	if _, err := OpenPublic(t.Context(), copied, true); err != nil {
		t.Error(err)
	}
	reader, err := OpenPublicDB(t.Context(), "sqlite:"+filepath.Join(copied, "catalogue.db"), true)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	if countAgencies(t, reader) != 1 {
		t.Error("the copy is empty")
	}
	if _, err := OpenPublicDB(t.Context(), "sqlite:"+filepath.Join(copied, "catalogue.db"), false); err == nil {
		t.Error("a writer opened it")
	}
}

func TestCopyWithWaitingCommitsOnAReadOnlyDisk(t *testing.T) {
	dir, copied := t.TempDir(), t.TempDir()
	db := publicDB(t, dir)
	addAgency(t, db, "a")
	// Copied under the writer's hands: the row is in the -wal only.
	for _, name := range []string{"catalogue.db", "catalogue.db-wal"} {
		copyFile(t, filepath.Join(dir, name), filepath.Join(copied, name))
	}
	readOnlyMount(t, copied)
	reader, err := OpenPublicDB(t.Context(), "sqlite:"+filepath.Join(copied, "catalogue.db"), true)
	if err != nil {
		t.Logf("refused: %v", err)
		return // a clear refusal is right
	}
	defer reader.Close()
	if countAgencies(t, reader) != 1 {
		t.Error("an older state was served without a word")
	}
}

// Frozen is what a reader is that cannot write beside the file. When a
// publisher comes after all, it must not go on believing.
func TestFrozenReaderWakes(t *testing.T) {
	ctx, dir := t.Context(), t.TempDir()
	db := publicDB(t, dir)
	addAgency(t, db, "a")
	db.Close()
	reader, err := OpenPublicDB(ctx, "sqlite:"+filepath.Join(dir, "catalogue.db"), true)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	// As openHowever would have left it in a folder closed to it.
	reader.public.readers.Close()
	if err := reader.public.openReaders(ctx, "&immutable=1"); err != nil {
		t.Fatal(err)
	}
	was := reader.public.look()
	reader.public.frozen = &was
	if countAgencies(t, reader) != 1 {
		t.Error("the frozen reader sees nothing")
	}
	writer := publicDB(t, dir)
	addAgency(t, writer, "b")
	if n := countAgencies(t, reader); n != 2 {
		t.Errorf("the reader sees %d rows of 2", n)
	}
}

func TestVacuumInto(t *testing.T) {
	ctx, dir := t.Context(), t.TempDir()
	db := publicDB(t, dir)
	addAgency(t, db, "a")
	out := filepath.Join(t.TempDir(), "it's a copy.db")
	stop := make(chan bool)
	var wg sync.WaitGroup
	wg.Go(func() { // backups are made while others write
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
				addAgency(t, db, fmt.Sprint("w", i))
			}
		}
	})
	err := db.VacuumInto(ctx, out)
	close(stop)
	wg.Wait()
	if err != nil {
		t.Fatal(err)
	}
	if err := db.VacuumInto(ctx, out); !errors.Is(err, ErrExist) {
		t.Errorf("over an old copy: %v", err)
	}
	reader, err := OpenPublicDB(ctx, "sqlite:"+out, true)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	var ok string
	if err := reader.QueryRow(ctx, `SELECT integrity_check FROM pragma_integrity_check`).Scan(&ok); err != nil || ok != "ok" {
		t.Errorf("integrity %q, %v", ok, err)
	}
	if countAgencies(t, reader) < 1 {
		t.Error("the copy is empty")
	}
	private := privateDB(t)
	kept := filepath.Join(t.TempDir(), "work.db")
	if err := private.VacuumInto(ctx, kept); err != nil {
		t.Fatal(err)
	}
	if st, err := os.Stat(kept); err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", st.Mode(), err)
	}
}

func TestBusy(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: waits for SQLite's own 5 s")
	}
	dir := t.TempDir()
	db := publicDB(t, dir)
	other, err := sql.Open("sqlite3", "file:"+filepath.Join(dir, "catalogue.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	other.SetMaxOpenConns(1)
	if _, err := other.Exec("BEGIN EXCLUSIVE"); err != nil {
		t.Fatal(err)
	}
	if countAgencies(t, db) != 0 {
		t.Error("reading does not go on")
	}
	if err := db.InTx(t.Context(), func(*Tx) error { return nil }); !errors.Is(err, ErrBusy) {
		t.Errorf("write says %v", err)
	}
	if _, err := other.Exec("ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	addAgency(t, db, "a")
}
