package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"daylight/catalog"
	"daylight/store"
)

// agency is one that goes on sending files while a backup is made, and keeps
// what it was answered.
type agency struct {
	p        *portal
	datasets []catalog.Dataset
	n        int

	mu           sync.Mutex
	acknowledged map[string]string // upload -> the bytes it sent; guarded by mu
}

func newAgency(t *testing.T, p *portal) *agency {
	t.Helper()
	ctx := t.Context()
	a := &agency{p: p, acknowledged: map[string]string{}}
	who, problems, err := p.inbox.PutAgency(ctx, "test", catalog.Agency{Slug: "so-giao-thong", Kind: "RegionalAuthority", Name: catalog.Text{"vi": "Sở Giao thông", "en": "Transport"},
		Contact: catalog.Contact{Name: catalog.Text{"vi": "Văn phòng", "en": "Office"}, Email: "vp@giaothong.example"}})
	if err != nil || catalog.Refused(problems) {
		t.Fatal(err, problems)
	}
	for i := range 3 {
		d, problems, err := p.inbox.PutDataset(ctx, "test", catalog.Dataset{Slug: fmt.Sprintf("luot-xe-%d", i), Agency: who.ID, Title: catalog.Text{"vi": "Lượt xe"}, Description: catalog.Text{"vi": "Lượt xe qua trạm."},
			Keywords: map[string][]string{"vi": {"xe"}}, Themes: []string{"TRAN"}, Places: []string{"http://publications.europa.eu/resource/authority/country/VNM"},
			Frequency: "DAILY", Licence: "CC-BY-4.0", Locale: "vi"})
		if err != nil || catalog.Refused(problems) {
			t.Fatal(err, problems)
		}
		a.datasets = append(a.datasets, d)
	}
	return a
}

// send hands one file in; when it returns the file is acknowledged.
func (a *agency) send(ctx context.Context) error {
	a.n++
	d := a.datasets[a.n%len(a.datasets)]
	var file strings.Builder
	file.WriteString("tram,ngay,luot\n")
	for row := range 20 {
		fmt.Fprintf(&file, "T%02d,2026-03-%02d,%d\n", row, 1+row, 1000*a.n+row)
	}
	u, err := a.p.inbox.Begin(ctx, catalog.NewUpload{Dataset: d.ID, Agency: d.Agency, By: "test", FileName: "luot-xe.csv", TotalBytes: int64(file.Len()), Plan: []byte("auto")})
	if err != nil {
		return err
	}
	if _, err := a.p.inbox.Append(ctx, u.ID, 0, strings.NewReader(file.String())); err != nil {
		return err
	}
	a.mu.Lock()
	a.acknowledged[u.ID] = file.String()
	a.mu.Unlock()
	return nil
}

func (a *agency) sofar() map[string]string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return maps.Clone(a.acknowledged)
}

// published is every release with the hashes of its files.
func published(t *testing.T, p *portal) map[string]map[string]string {
	t.Helper()
	out := map[string]map[string]string{}
	for f, err := range p.catalog.Fulfilments(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		out[fmt.Sprintf("%s version %d", f.Dataset, f.N)] = f.Files
	}
	return out
}

// runs is the program's own command line, and how it must end.
func runs(t *testing.T, want int, args ...string) (stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	if code := run(t.Context(), args, &out, &errs); code != want {
		t.Fatalf("daylight %s: exit %d, want %d\n%s%s", strings.Join(args, " "), code, want, &out, &errs)
	}
	return out.String(), errs.String()
}

// at opens a portal and runs it until the function that it gives is called.
func at(t *testing.T, data string) (*portal, func()) {
	t.Helper()
	p, err := openPortal(t.Context(), data, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	work, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- together(work, p, workSettings{Workers: 2}, func(ctx context.Context) error { <-ctx.Done(); return nil })
	}()
	var once sync.Once
	end := func() {
		once.Do(func() {
			stop()
			if err := errors.Join(<-done, p.close()); err != nil {
				t.Error(err)
			}
		})
	}
	t.Cleanup(end)
	return p, end
}

// An agency sends without a pause. Backups are made meanwhile, the later ones
// into the same folder, and each is restored elsewhere: nothing that was
// acknowledged, and nothing that was public, before a backup began is missing
// from it, and fsck finds both sides whole before and after the first start.
func TestBackupWhileAgenciesSend(t *testing.T) {
	data, backup := filepath.Join(t.TempDir(), "data"), filepath.Join(t.TempDir(), "backup")
	p, end := at(t, data)
	a := newAgency(t, p)
	sending, stop := context.WithCancel(t.Context())
	sent := make(chan error, 1)
	go func() {
		for sending.Err() == nil {
			if err := a.send(t.Context()); err != nil {
				sent <- err
				return
			}
			time.Sleep(20 * time.Millisecond) // 50 a second at most
		}
		sent <- nil
	}()
	defer stop()
	key := filepath.Join(privateDir(data), "master.key")
	type moment struct {
		acknowledged map[string]string
		published    map[string]map[string]string
		restored     string
	}
	var moments []moment
	for i := range 3 {
		for deadline := time.Now().Add(time.Minute); len(published(t, p)) < 2*(i+1); time.Sleep(20 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("only %d releases in a minute", len(published(t, p)))
			}
		}
		m := moment{published: published(t, p), restored: filepath.Join(t.TempDir(), "restored")}
		m.acknowledged = a.sofar()
		runs(t, exitOK, "backup", "--data", data, "--to", backup)
		runs(t, exitOK, "backup", "--check", backup, "--read-data")
		runs(t, exitOK, "restore", "--from", backup, "--data", m.restored, "--key", key)
		moments = append(moments, m)
	}
	stop()
	if err := <-sent; err != nil {
		t.Fatal(err)
	}
	end()
	for i, m := range moments {
		if len(m.acknowledged) < 2 {
			t.Fatalf("backup %d: only %d uploads before it", i, len(m.acknowledged))
		}
		runs(t, exitOK, "fsck", "--data", m.restored, "--read-data") // before anything has recovered
		r, end := at(t, m.restored)
		for id, text := range m.acknowledged {
			if got, err := readOriginal(t.Context(), r, id); err != nil || string(got) != text {
				t.Errorf("backup %d: upload %s: %v", i, id, err)
			}
			// What was not worked off yet is worked off now.
			u, err := settled(t.Context(), r, id)
			if err != nil || u.State != catalog.StatePublished {
				t.Errorf("backup %d: upload %s is %s: %v, %v", i, id, u.State, u.Problems, err)
			}
		}
		now := published(t, r)
		for name, files := range m.published {
			if !maps.Equal(now[name], files) {
				t.Errorf("backup %d: %s is not what it was", i, name)
			}
		}
		end()
		runs(t, exitOK, "fsck", "--data", m.restored, "--read-data")
		runs(t, exitOK, "verify", "--data", m.restored)
	}
}

// What stands in the way of a restore is said in one line with what to do.
func TestRestoreRefuses(t *testing.T) {
	dir := t.TempDir()
	data, backup := filepath.Join(dir, "data"), filepath.Join(dir, "backup")
	p, end := at(t, data)
	if err := newAgency(t, p).send(t.Context()); err != nil {
		t.Fatal(err)
	}
	end()
	runs(t, exitOK, "backup", "--data", data, "--to", backup)
	key := filepath.Join(privateDir(data), "master.key")
	wrong := filepath.Join(dir, "wrong.key")
	if err := os.WriteFile(wrong, []byte("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	half := filepath.Join(dir, "half")
	if err := os.MkdirAll(half, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		args []string
		say  string
	}{
		"no key":        {[]string{"--from", backup, "--data", filepath.Join(dir, "a")}, "the master key is not in a backup: give it with --key"},
		"wrong key":     {[]string{"--from", backup, "--data", filepath.Join(dir, "a"), "--key", wrong}, "wrong.key: wrong master key: the backup was made under another one"},
		"not empty":     {[]string{"--from", backup, "--data", data, "--key", key}, "is not empty: restore into an empty folder"},
		"no backup":     {[]string{"--from", half, "--data", filepath.Join(dir, "a"), "--key", key}, "not a whole backup"},
		"in the backup": {[]string{"--from", backup, "--data", filepath.Join(backup, "a"), "--key", key}, "lies in the backup"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, said := runs(t, backupFailed, append([]string{"restore"}, c.args...)...); !strings.Contains(said, c.say) {
				t.Errorf("it says %q, want %q", said, c.say)
			}
			if _, err := os.Stat(filepath.Join(dir, "a")); err == nil {
				t.Error("something was made")
			}
		})
	}
	t.Run("the backup is no data folder", func(t *testing.T) {
		for _, args := range [][]string{{"serve", "--listen", "127.0.0.1:0", "--data", backup}, {"user", "list", "--data", backup}} {
			if _, said := runs(t, exitFailed, args...); !strings.Contains(said, "is a backup: restore it") {
				t.Errorf("%s says %q", args[0], said)
			}
		}
	})
	t.Run("a restore that was not finished is not opened", func(t *testing.T) {
		into := filepath.Join(dir, "unfinished")
		b, err := store.OpenBackup(t.Context(), backup)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.Restore(into, false); err != nil {
			t.Fatal(err)
		}
		b.Close()
		for _, args := range [][]string{{"serve", "--listen", "127.0.0.1:0"}, {"serve", "--public", "--listen", "127.0.0.1:0"}, {"user", "list"}, {"verify"}, {"backup", "--to", filepath.Join(dir, "c")}} {
			if _, said := runs(t, exitFailed, append(args, "--data", into)...); !strings.Contains(said, "not restored to the end") {
				t.Errorf("%s says %q", args[0], said)
			}
		}
	})
	t.Run("a key from the environment is not written down", func(t *testing.T) {
		text, err := os.ReadFile(key)
		if err != nil {
			t.Fatal(err)
		}
		t.Setenv("DAYLIGHT_MASTER_KEY", strings.TrimSpace(string(text)))
		into := filepath.Join(dir, "environment")
		runs(t, exitOK, "restore", "--from", backup, "--data", into)
		if _, err := os.Stat(filepath.Join(privateDir(into), "master.key")); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("master.key: %v", err)
		}
		runs(t, exitOK, "fsck", "--data", into, "--read-data")
	})
	t.Run("damaged in the backup", func(t *testing.T) {
		bad := filepath.Join(dir, "bad")
		if err := os.CopyFS(bad, os.DirFS(backup)); err != nil {
			t.Fatal(err)
		}
		files, err := filepath.Glob(filepath.Join(bad, "private", "originals", "*"))
		if err != nil || len(files) != 1 {
			t.Fatal(files, err)
		}
		if err := os.WriteFile(files[0], []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
		runs(t, checkNotWhole, "backup", "--read-data", "--check", bad)
		into := filepath.Join(dir, "from-bad")
		if _, said := runs(t, backupDamaged, "restore", "--from", bad, "--data", into, "--key", key); !strings.Contains(said, "missing or damaged: originals/") {
			t.Errorf("it says %q", said)
		}
		if out, _ := runs(t, fsckDamage, "fsck", "--data", into); !strings.Contains(out, "I1 ") {
			t.Errorf("fsck says %q", out)
		}
	})
	t.Run("only what is public needs no key", func(t *testing.T) {
		into := filepath.Join(dir, "public-only")
		runs(t, exitOK, "restore", "--from", backup, "--data", into, "--public-only")
		if _, err := os.Stat(privateDir(into)); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("a private side: %v", err)
		}
		runs(t, exitOK, "verify", "--data", into)
	})
}

// A database that a newer version wrote is refused by every command, with what
// to do. One of an older version is brought up to date by the server, and by
// nothing that may run beside a server of the version before.
func TestOtherVersions(t *testing.T) {
	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	p, end := at(t, data)
	version := func(query string) {
		t.Helper()
		err := p.workDB.InTx(t.Context(), func(tx *store.Tx) error {
			_, err := tx.Exec(t.Context(), query)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	version(`DELETE FROM goose_db_version WHERE version_id = (SELECT max(version_id) FROM goose_db_version)`)
	for _, args := range [][]string{{"user", "list"}, {"token", "new", "nobody"}} {
		if _, said := runs(t, exitFailed, append(args, "--data", data)...); !strings.Contains(said, "was written by an older version of daylight") {
			t.Errorf("%s says %q", args[0], said)
		}
	}
	version(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, 1)`)
	end()
	for _, args := range [][]string{{"serve", "--listen", "127.0.0.1:0"}, {"work", "--once"}, {"user", "list"}, {"backup", "--to", filepath.Join(dir, "backup")}} {
		if _, said := runs(t, exitFailed, append(args, "--data", data)...); !strings.Contains(said, "was written by a newer version of daylight") {
			t.Errorf("%s says %q", args[0], said)
		}
	}
	if _, said := runs(t, fsckCannotRun, "fsck", "--data", data); !strings.Contains(said, "newer version") {
		t.Errorf("fsck says %q", said)
	}
}

// Beside the server that publishes, a copy of the public side is made and
// served by another process, from a folder that nobody can write.
func TestServeAPublicBackup(t *testing.T) {
	dir := t.TempDir()
	data, mirror := filepath.Join(dir, "data"), filepath.Join(dir, "mirror")
	p, _ := at(t, data)
	a := newAgency(t, p)
	if err := a.send(t.Context()); err != nil {
		t.Fatal(err)
	}
	for id := range a.sofar() {
		if u, err := settled(t.Context(), p, id); err != nil || u.State != catalog.StatePublished {
			t.Fatal(u.State, u.Problems, err)
		}
	}
	runs(t, exitOK, "backup", "--public-only", "--data", data, "--to", mirror)
	err := filepath.WalkDir(mirror, func(path string, d os.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			err = os.Chmod(path, 0o555)
			t.Cleanup(func() { os.Chmod(path, 0o755) })
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	q, err := openPublicOnly(t.Context(), mirror, "", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer q.close()
	n := 0
	for f, err := range q.catalog.Fulfilments(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		d, err := q.catalog.Release(t.Context(), f.Dataset, f.N)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range d.Files {
			r, err := q.library().Open(t.Context(), file.Ref, 0, -1)
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(r)
			r.Close()
			if err != nil || int64(len(got)) != file.Bytes {
				t.Errorf("%s: %d bytes, %v", file.Name, len(got), err)
			}
			n++
		}
	}
	if n == 0 {
		t.Error("nothing is published")
	}
}
