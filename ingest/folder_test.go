package ingest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

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
	seen := map[string]resting{}
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
