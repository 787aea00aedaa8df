package store

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// smallDisk mounts a disk of so many MiB.
func smallDisk(t *testing.T, mib string) string {
	t.Helper()
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size="+mib+"m"); err != nil {
		t.Skipf("SKIPPED: this test needs the right to mount: %v", err)
	}
	t.Cleanup(func() { unix.Unmount(dir, unix.MNT_DETACH) })
	return dir
}

// A full disk is told as such, harms nothing, and is over when there is room
// again, without opening anything anew.
func TestFullDisk(t *testing.T) {
	ctx, dir := t.Context(), smallDisk(t, "16")
	p := openPrivateTest(t, dir)
	db, err := OpenPrivateDB(ctx, "sqlite:"+filepath.Join(dir, "work.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.Migrate(ctx); err != nil {
		t.Fatal(err)
	}
	audit(t, db, AuditEntry{At: noon, Actor: "u", Action: "before"})
	wrapped := mustKey(t, p)
	seal := func(id string, n int) error {
		_, err := p.Seal(ctx, id, wrapped, bytes.NewReader(make([]byte, n)), -1)
		return err
	}
	if err := seal("small", 1000); err != nil {
		t.Fatal(err)
	}

	// An upload stops before it takes the databases' room.
	if err := seal("big", 15<<20); !errors.Is(err, ErrNoSpace) {
		t.Errorf("a big upload: %v", err)
	}
	audit(t, db, AuditEntry{At: noon, Actor: "u", Action: "upload.refused"})
	if err := seal("small-2", 1000); err != nil {
		t.Errorf("a small upload after it: %v", err)
	}

	// Somebody else takes all of it.
	hog := filepath.Join(dir, "hog")
	f, err := os.Create(hog)
	if err != nil {
		t.Fatal(err)
	}
	for err == nil {
		_, err = f.Write(make([]byte, 4096))
	}
	f.Close()
	big := AuditEntry{At: noon, Actor: "u", Action: "x", Subject: strings.Repeat("s", 1<<20)}
	for what, err := range map[string]error{
		"seal":  seal("none", 10),
		"put":   p.Blobs().Put(ctx, "originals/none", bytes.NewReader(make([]byte, 1<<20))),
		"audit": db.InTx(ctx, func(tx *Tx) error { return db.Audit(ctx, tx, big) }),
	} {
		if !errors.Is(err, ErrNoSpace) {
			t.Errorf("%s on a full disk: %v", what, err)
		}
	}
	if got, err := unsealAll(ctx, p, "small", wrapped); len(got) != 1000 || err != nil {
		t.Errorf("reading on a full disk: %d bytes, %v", len(got), err)
	}
	if n, err := db.VerifyAudit(ctx); n != 2 || err != nil {
		t.Errorf("the log on a full disk: %d, %v", n, err)
	}

	if err := os.Remove(hog); err != nil {
		t.Fatal(err)
	}
	if err := seal("again", 1000); err != nil {
		t.Errorf("seal when there is room again: %v", err)
	}
	audit(t, db, AuditEntry{At: noon, Actor: "u", Action: "again"})
	if n, err := db.VerifyAudit(ctx); n != 3 || err != nil {
		t.Errorf("the log afterwards: %d, %v", n, err)
	}
	if left, _ := os.ReadDir(p.private.tmp); len(left) != 0 {
		t.Errorf("%d files left in tmp", len(left))
	}
}

// An upload in parts on a disk that gets full keeps what it was told is
// durable, and goes on when there is room again.
func TestFullDiskInParts(t *testing.T) {
	ctx, dir := t.Context(), smallDisk(t, "32")
	p := openPrivateTest(t, dir)
	wrapped := mustKey(t, p)
	content := make([]byte, 12<<20)
	for i := range content {
		content[i] = byte(i >> 12)
	}
	hog := filepath.Join(dir, "hog")
	if err := os.WriteFile(hog, make([]byte, 16<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	durable := int64(0)
	add := func(whole bool) error {
		parts := openPartsTest(t, p, "u", wrapped)
		defer parts.Close()
		if parts.Offset() < durable {
			t.Fatalf("%d bytes were durable, %d are", durable, parts.Offset())
		}
		err := parts.Append(ctx, bytes.NewReader(content[parts.Offset():]), int64(len(content)), whole)
		durable = max(durable, parts.Offset())
		if err == nil && parts.Offset() == int64(len(content)) {
			_, err = parts.Finish(ctx)
		}
		return err
	}
	for _, whole := range []bool{true, false, false, true} {
		if err := add(whole); !errors.Is(err, ErrNoSpace) {
			t.Fatalf("on a full disk: %v", err)
		}
	}
	if durable == 0 || durable == int64(len(content)) {
		t.Errorf("%d bytes stay; want some, not all", durable)
	}
	if err := os.Remove(hog); err != nil {
		t.Fatal(err)
	}
	if err := add(false); !errors.Is(err, ErrNoSpace) && err != nil {
		t.Fatal(err)
	}
	wholeOf(t, p, "u", wrapped, content)
	if err := p.Err(); err != nil {
		t.Errorf("the place takes no writes: %v", err)
	}
}
