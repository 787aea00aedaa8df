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

// The births register of the samples is the file that crashes are tried on.
const (
	crashFile = "khai-sinh-minh-hoa-2026.csv"
	crashSlug = "khai-sinh-2026"
)

func crashDay() time.Time { return testDay }

// sendOnce is what an agency's script does, and does again when no answer came.
func sendOnce(t *testing.T, o *office) (catalog.Upload, error) {
	d, err := o.describe(crashSlug)
	if err != nil {
		return catalog.Upload{}, err
	}
	n := newUpload(d, sample(t, crashFile+".plan.yaml"))
	n.IdempotencyKey = "mot-lan"
	return o.send(n, sample(t, crashFile))
}

// TestCrashVictim is no test of its own: it is the process that is killed. It
// writes the upload's id to standard output when the upload is acknowledged.
func TestCrashVictim(t *testing.T) {
	dir := os.Getenv("DAYLIGHT_CRASH_DIR")
	if dir == "" {
		t.Skip("started by TestCrashPoints")
	}
	o, err := openOffice(dir, crashDay)
	if err != nil {
		t.Fatal(err)
	}
	u, err := sendOnce(t, o)
	if err != nil {
		t.Fatal(err)
	}
	os.Stdout.WriteString("acknowledged " + u.ID + "\n")
	if err := o.inbox.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := o.close(); err != nil {
		t.Fatal(err)
	}
}

// TestCrashPoints kills the program at every point that a file passes, once and
// at a second attempt too, starts it again, and looks at what must hold.
func TestCrashPoints(t *testing.T) {
	passed := 0
	for _, point := range store.Points() {
		family, _, _ := strings.Cut(point, ".")
		switch family {
		case "receive", "job", "publish", "adopt", "key", "migrate":
		default:
			continue // other packages' operations
		}
		if point == "adopt.copied" {
			continue // only where private and public stand on two disks
		}
		passed++
		t.Run(point, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			acknowledged := ""
			for attempt := range 2 {
				id, killed := victim(t, dir, point+":kill")
				if id != "" {
					acknowledged = id
				}
				if attempt == 0 && !killed {
					t.Fatal("the point was never passed")
				}
			}
			o, err := openOffice(dir, crashDay)
			if err != nil {
				t.Fatalf("start after the crash: %v", err)
			}
			defer o.close()
			if acknowledged != "" {
				u, err := o.inbox.State(t.Context(), acknowledged)
				if err != nil || u.State == catalog.StateReceiving {
					t.Fatalf("I1: the acknowledged upload is %s, %v", u.State, err)
				}
			}
			u, err := sendOnce(t, o) // no answer came, so it is sent again
			if err != nil {
				t.Fatal(err)
			}
			if acknowledged != "" && u.ID != acknowledged {
				t.Errorf("I7: the retry is another upload")
			}
			if err := o.inbox.Drain(t.Context()); err != nil {
				t.Fatal(err)
			}
			u, err = o.inbox.State(t.Context(), u.ID)
			if err != nil || u.State != catalog.StatePublished || u.Release != 1 {
				t.Errorf("the upload is %s, release %d: %v, %v", u.State, u.Release, u.Problems, err)
			}
			releases, err := o.catalog.Releases(t.Context(), u.Dataset)
			if err != nil || len(releases) != 1 {
				t.Errorf("I7: %d releases, %v; want 1", len(releases), err)
			}
			changes := 0
			for c, err := range o.catalog.Changes(t.Context(), 0) {
				if err != nil {
					t.Fatal(err)
				}
				if c.Dataset == u.Dataset {
					changes++
				}
			}
			if changes != 1 {
				t.Errorf("%d changes of the dataset, want 1", changes)
			}
			o.sound(t, u.ID, sample(t, crashFile))
			o.onlyNamed(t)
		})
	}
	if passed < 12 {
		t.Errorf("only %d points", passed)
	}
}

// victim runs the scenario in a process of its own, and tells whether it was
// killed and which upload it had acknowledged.
func victim(t *testing.T, dir, fail string) (acknowledged string, killed bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "/proc/self/exe", "-test.run=^TestCrashVictim$", "-test.v")
	cmd.Env = append(os.Environ(), "DAYLIGHT_CRASH_DIR="+dir, "DAYLIGHT_FAIL="+fail)
	out, err := cmd.Output()
	for line := range strings.Lines(string(out)) {
		if id, ok := strings.CutPrefix(line, "acknowledged "); ok {
			acknowledged = strings.TrimSpace(id)
		}
	}
	if err == nil {
		return acknowledged, false
	}
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Fatalf("the victim failed by itself: %v\n%s", err, out)
	}
	return acknowledged, true
}

// onlyNamed checks I3 on disk after the sweep: no public file that no release
// names.
func (o *office) onlyNamed(t *testing.T) {
	t.Helper()
	o.inbox.now = func() time.Time { return time.Now().Add(48 * time.Hour) }
	if err := o.inbox.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	named, err := o.catalog.FileSums(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, err := range o.public.List(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	if n != len(named) {
		t.Errorf("I3: %d public files, %d are named", n, len(named))
	}
}
