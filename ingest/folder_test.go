package ingest

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"daylight/catalog"
)

// TestFolder: a file that rests is sent once and moved; one that grows, a link,
// a hidden one and one of no dataset stay; a process that died before it could
// move the file makes no second upload.
func TestFolder(t *testing.T) {
	o := newOffice(t)
	d, err := o.describe("bang")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name, text string) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	const table = "ma,so\n01,2\n02,3\n"
	whole := write("bang/bimatkhoa.csv", table)
	growing := write("bang/growing.csv", "ma,so\n")
	stays := []string{write("bang/.hidden.csv", table), write("bang/x.csv.part", table), write("unknown/x.csv", table), write("loose.csv", table)}
	secret := write("../outside.csv", "bimatkhoa")
	link := filepath.Join(dir, "bang/link.csv")
	if err := os.Symlink(secret, link); err != nil {
		t.Fatal(err)
	}
	stays = append(stays, link)
	seen := map[string]looked{}
	look := func() {
		t.Helper()
		if err := o.inbox.lookInto(t.Context(), dir, seen); err != nil {
			t.Fatal(err)
		}
	}
	uploads := func() []catalog.Upload {
		t.Helper()
		all, err := o.inbox.Uploads(t.Context(), "")
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	look()
	write("bang/growing.csv", "ma,so\n01")
	if len(uploads()) > 0 {
		t.Fatal("sent at the first look")
	}
	look()
	if err := o.inbox.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	if all := uploads(); len(all) != 1 || all[0].State != catalog.StatePublished || o.csv(t, d.ID) != table {
		t.Fatalf("%+v", all)
	}
	if _, err := os.Stat(whole); err == nil {
		t.Error("it still lies there")
	}
	if b, err := os.ReadFile(filepath.Join(dir, "bang", folderSent, "bimatkhoa.csv")); err != nil || string(b) != table {
		t.Errorf("sent: %q, %v", b, err)
	}
	for _, path := range append(stays, growing) {
		if _, err := os.Lstat(path); err != nil {
			t.Errorf("%s is gone", filepath.Base(path))
		}
	}
	// It died before the move: the file lies there again, as it was.
	info, err := os.Stat(filepath.Join(dir, "bang", folderSent, "bimatkhoa.csv"))
	if err != nil {
		t.Fatal(err)
	}
	os.Remove(growing)
	again := write("bang/bimatkhoa.csv", table)
	if err := os.Chtimes(again, info.ModTime(), info.ModTime()); err != nil {
		t.Fatal(err)
	}
	look()
	look()
	if all := uploads(); len(all) != 1 {
		t.Errorf("%d uploads of one file", len(all))
	}
	if _, err := os.Stat(filepath.Join(dir, "bang", folderSent, "bimatkhoa-2.csv")); err != nil {
		t.Errorf("the second was not moved beside the first: %v", err)
	}
	if strings.Contains(o.logged.String(), "bimatkhoa") {
		t.Error("a file name stands in the log")
	}
}

// watched is a folder with one dataset's folder in it, and what was seen there.
type watched struct {
	t    *testing.T
	o    *office
	dir  string
	seen map[string]looked
}

func newWatched(t *testing.T) *watched {
	w := &watched{t: t, o: newOffice(t), dir: t.TempDir(), seen: map[string]looked{}}
	if _, err := w.o.describe("bang"); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(w.path(""), 0o755); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *watched) path(name string) string { return filepath.Join(w.dir, "bang", name) }

func (w *watched) write(name, text string) {
	w.t.Helper()
	if err := os.WriteFile(w.path(name), []byte(text), 0o644); err != nil {
		w.t.Fatal(err)
	}
}

func (w *watched) look() error { return w.o.inbox.lookInto(w.t.Context(), w.dir, w.seen) }

func (w *watched) uploads() []catalog.Upload {
	w.t.Helper()
	all, err := w.o.inbox.Uploads(w.t.Context(), "")
	if err != nil {
		w.t.Fatal(err)
	}
	return all
}

// TestFolderFails: what cannot be sent is told, tried again later and later,
// and sent when it can be; what is seen of files that are gone is forgotten.
func TestFolderFails(t *testing.T) {
	w := newWatched(t)
	now := testDay
	w.o.inbox.now = func() time.Time { return now }
	w.o.inbox.limits.File = 4
	w.write("a.csv", "ma,so\n01,2\n02,3\n")
	w.write("gone.csv.part", "x")
	w.write("gone.csv", "ma")
	if err := w.look(); err != nil {
		t.Fatal(err)
	}
	os.Remove(w.path("gone.csv"))
	failures := 0
	for range 12 { // a minute
		if err := w.look(); errors.Is(err, catalog.ErrTooLarge) {
			failures++
		} else if err != nil {
			t.Fatal(err)
		}
		now = now.Add(folderLook)
	}
	if failures < 2 || failures > 4 {
		t.Errorf("tried %d times in a minute", failures)
	}
	if len(w.seen) != 1 {
		t.Errorf("%d files are remembered", len(w.seen))
	}
	w.o.inbox.limits.File = 1 << 20
	now = now.Add(time.Hour)
	if err := w.look(); err != nil || len(w.uploads()) != 1 {
		t.Errorf("when it can be: %v, %d uploads", err, len(w.uploads()))
	}
}

// TestFolderExpired: an upload that began and never got its bytes is no reason
// to leave the file lying.
func TestFolderExpired(t *testing.T) {
	w := newWatched(t)
	now := testDay
	w.o.inbox.now = func() time.Time { return now }
	w.write("a.csv", "ma,so\n01,2\n02,3\n")
	info, err := os.Stat(w.path("a.csv"))
	if err != nil {
		t.Fatal(err)
	}
	d, err := w.o.inbox.drafts.Dataset(t.Context(), "bang")
	if err != nil {
		t.Fatal(err)
	}
	w.o.inbox.limits.File = info.Size()
	at := restingOf(info)
	if err := os.WriteFile(w.path("a.csv"), []byte("ma,so\n01,2\n02,3\n04"), 0o644); err != nil { // it changes under the reader
		t.Fatal(err)
	}
	if err := w.o.inbox.takeOut(t.Context(), d, w.path("a.csv"), at); err == nil {
		t.Fatal("a file that is another one by now was taken")
	}
	w.write("a.csv", "ma,so\n01,2\n02,3\n")
	if err := os.Chtimes(w.path("a.csv"), at.at, at.at); err != nil {
		t.Fatal(err)
	}
	now = now.Add(unsentAfter + time.Hour)
	if err := w.o.inbox.Recover(t.Context()); err != nil {
		t.Fatal(err)
	}
	if all := w.uploads(); len(all) != 1 || all[0].State != catalog.StateRefused {
		t.Fatalf("%+v", all)
	}
	if err := w.o.inbox.takeOut(t.Context(), d, w.path("a.csv"), at); err != nil {
		t.Fatal(err)
	}
	if all := w.uploads(); len(all) != 2 || w.o.work(t, all[0].ID).Upload.State != catalog.StatePublished && w.o.work(t, all[1].ID).Upload.State != catalog.StatePublished {
		t.Errorf("%+v", w.uploads())
	}
}

// TestFolderNoFile: what was a file at the last look and is none now keeps
// nobody waiting, and "sent" leads nowhere else.
func TestFolderNoFile(t *testing.T) {
	w := newWatched(t)
	d, err := w.o.inbox.drafts.Dataset(t.Context(), "bang")
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.Mkfifo(w.path("pipe.csv"), 0o600); err != nil {
		t.Fatal(err)
	}
	info, err := os.Lstat(w.path("pipe.csv"))
	if err != nil {
		t.Fatal(err)
	}
	if err := w.o.inbox.takeOut(t.Context(), d, w.path("pipe.csv"), restingOf(info)); err == nil {
		t.Error("a pipe was taken")
	}
	elsewhere := t.TempDir()
	if err := os.Symlink(elsewhere, w.path(folderSent)); err != nil {
		t.Fatal(err)
	}
	w.write("a.csv", "ma,so\n01,2\n02,3\n")
	w.look()
	if err := w.look(); err == nil {
		t.Error("it was moved through a link")
	}
	if files, err := os.ReadDir(elsewhere); err != nil || len(files) > 0 {
		t.Errorf("%d files elsewhere, %v", len(files), err)
	}
}

// TestFolderMove: each of the two ways to move leaves one file, under a new
// name, also after a death between the two steps of one; neither replaces one.
func TestFolderMove(t *testing.T) {
	for name, move := range map[string]func(path, to string) error{"rename": renameBeside, "link": linkBeside} {
		dir := t.TempDir()
		path, to, other := filepath.Join(dir, "a"), filepath.Join(dir, "b"), filepath.Join(dir, "c")
		for _, p := range []string{path, other} {
			if err := os.WriteFile(p, []byte(filepath.Base(p)), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if err := move(path, other); !errors.Is(err, fs.ErrExist) {
			t.Errorf("%s over a file: %v", name, err)
		}
		if name == "link" { // it died between the two
			if err := os.Link(path, to); err != nil {
				t.Fatal(err)
			}
		}
		if err := move(path, to); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if b, err := os.ReadFile(to); err != nil || string(b) != "a" {
			t.Errorf("%s: %q, %v", name, b, err)
		}
		if _, err := os.Lstat(path); err == nil {
			t.Errorf("%s: it lies there still", name)
		}
		if b, _ := os.ReadFile(other); string(b) != "c" {
			t.Errorf("%s: another file was replaced", name)
		}
	}
}
