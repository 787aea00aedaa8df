//go:build failpoints

package ingest

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"daylight/catalog"
)

// later31 is a day on which what was settled on the crash day is no longer kept.
func later31() time.Time { return crashDay().Add(31 * 24 * time.Hour) }

// TestRetireVictim is killed between key and bytes.
func TestRetireVictim(t *testing.T) {
	dir := os.Getenv("DAYLIGHT_CRASH_DIR")
	if dir == "" || os.Getenv("DAYLIGHT_CRASH_DEED") != "retire" {
		t.Skip("started by TestCrashRetire")
	}
	o, err := openOffice(dir, later31)
	if err != nil {
		t.Fatal(err)
	}
	o.inbox.keep = 30 * 24 * time.Hour
	if err := o.inbox.retire(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// TestCrashRetire: killed when the key is destroyed and the bytes are not yet
// removed, the next start removes them, and fsck finds nothing amiss.
func TestCrashRetire(t *testing.T) {
	dir, ctx := t.TempDir(), t.Context()
	o, err := openOffice(dir, crashDay)
	if err != nil {
		t.Fatal(err)
	}
	d, err := o.describe("bang")
	if err != nil {
		t.Fatal(err)
	}
	u := o.publish(t, newUpload(d, autoPlan), "ma,so\n01,2\n02,3\n")
	if u.State != catalog.StatePublished {
		t.Fatal(u.State, u.Problems)
	}
	o.close()
	limited, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	cmd := exec.CommandContext(limited, "/proc/self/exe", "-test.run=^TestRetireVictim$")
	cmd.Env = append(os.Environ(), "DAYLIGHT_CRASH_DIR="+dir, "DAYLIGHT_CRASH_DEED=retire", "DAYLIGHT_FAIL=retire.key:kill")
	if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(err.Error(), "killed") {
		t.Fatalf("was not killed: %v\n%s", err, out)
	}
	original := dir + "/private/originals/" + u.ID
	if _, err := os.Stat(original); err != nil {
		t.Fatalf("the bytes went before the key: %v", err)
	}
	if o, err = openOffice(dir, later31); err != nil {
		t.Fatalf("start after the crash: %v", err)
	}
	defer o.close()
	if _, err := os.Stat(original); !os.IsNotExist(err) {
		t.Errorf("the bytes are there still: %v", err)
	}
	if now, err := o.inbox.State(ctx, u.ID); err != nil || !now.Destroyed || now.State != catalog.StatePublished {
		t.Errorf("%+v, %v", now, err)
	}
	for x, err := range Originals(ctx, o.db, o.private, true) {
		t.Errorf("fsck: %+v %v", x, err)
	}
}
