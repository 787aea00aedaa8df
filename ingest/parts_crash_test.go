//go:build failpoints

package ingest

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"daylight/catalog"
	"daylight/store"
)

// sendInParts is what a resuming client does: it asks how much is durable, and
// goes on there. What it was told is written to told, before it goes on.
func sendInParts(t *testing.T, o *office, told func(string)) (catalog.Upload, error) {
	d, err := o.describe(crashSlug)
	if err != nil {
		return catalog.Upload{}, err
	}
	content := sample(t, crashFile)
	n := newUpload(d, sample(t, crashFile+".plan.yaml"))
	n.IdempotencyKey, n.Agency, n.By, n.TotalBytes = "tung-phan", o.agency.ID, "test", int64(len(content))
	u, err := o.inbox.Begin(t.Context(), n)
	if err != nil {
		return u, err
	}
	r, err := o.inbox.Received(t.Context(), u.ID)
	for err == nil && r.Offset < r.Total {
		told(u.ID + " " + content[:r.Offset])
		step := min(r.Offset+r.Total/3+1, r.Total)
		if _, err = o.inbox.Receive(t.Context(), u.ID, catalog.Part{Offset: r.Offset}, strings.NewReader(content[r.Offset:step])); err == nil {
			r, err = o.inbox.Received(t.Context(), u.ID)
		}
	}
	if err == nil {
		told(u.ID + " " + content)
	}
	return u, err
}

// TestPartsCrashVictim is the process that is killed.
func TestPartsCrashVictim(t *testing.T) {
	dir := os.Getenv("DAYLIGHT_CRASH_DIR")
	if dir == "" {
		t.Skip("started by TestPartsCrashPoints")
	}
	o, err := openOffice(dir, crashDay)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := sendInParts(t, o, func(s string) { os.WriteFile(dir+"/told", []byte(s), 0o600) }); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(o.inbox.Drain(t.Context()), o.close()); err != nil {
		t.Fatal(err)
	}
}

// Killed at each point of receiving in parts, at its first, second and third
// passing, and once more after the restart: what was told as durable is, the
// client goes on, and the file is published once.
func TestPartsCrashPoints(t *testing.T) {
	for _, point := range store.Points() {
		if !strings.HasPrefix(point, "parts.") {
			continue
		}
		if point == "parts.sealed" {
			continue // moving takes a tail of 64 MiB: store's own test kills there
		}
		for _, time := range []string{"1", "2", "3"} {
			if time > "1" && point != "parts.marked" {
				continue // passed once a file
			}
			t.Run(point+"/"+time, func(t *testing.T) {
				t.Parallel()
				dir := t.TempDir()
				if !partsVictim(t, dir, point+":kill:"+time) {
					t.Fatal("the point was not passed")
				}
				partsVictim(t, dir, point+":kill")
				o, err := openOffice(dir, crashDay)
				if err != nil {
					t.Fatalf("start after the crash: %v", err)
				}
				defer o.close()
				if told, err := os.ReadFile(dir + "/told"); err == nil {
					id, content, _ := strings.Cut(string(told), " ")
					r, err := o.inbox.Received(t.Context(), id)
					if err != nil || r.Offset < int64(len(content)) {
						t.Fatalf("I1: %d bytes were told as durable, %d are, %v", len(content), r.Offset, err)
					}
				}
				u, err := sendInParts(t, o, func(string) {})
				if err == nil {
					err = o.inbox.Drain(t.Context())
				}
				if err != nil {
					t.Fatal(err)
				}
				if u, err = o.inbox.State(t.Context(), u.ID); err != nil || u.State != catalog.StatePublished || u.Release != 1 {
					t.Errorf("it is %s, release %d: %v, %v", u.State, u.Release, u.Problems, err)
				}
				if releases, err := o.catalog.Releases(t.Context(), u.Dataset); err != nil || len(releases) != 1 {
					t.Errorf("I7: %d releases, %v; want 1", len(releases), err)
				}
				o.sound(t, u.ID, sample(t, crashFile))
				if left, err := o.private.Parted(); err != nil || len(left) > 0 {
					t.Errorf("parts are left of %v, %v", left, err)
				}
			})
		}
	}
}

// partsVictim says whether the process was killed.
func partsVictim(t *testing.T, dir, fail string) bool {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "/proc/self/exe", "-test.run=^TestPartsCrashVictim$", "-test.v")
	cmd.Env = append(os.Environ(), "DAYLIGHT_CRASH_DIR="+dir, "DAYLIGHT_FAIL="+fail)
	out, err := cmd.CombinedOutput()
	if err == nil {
		return false
	}
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Fatalf("the victim failed by itself: %v\n%s", err, out)
	}
	return true
}
