//go:build failpoints

package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"daylight/store"
)

// A backup that is killed, at every point it passes, does nothing to the data
// folder. In a new folder it is refused as a backup; in one that holds a whole
// backup that one stays whole, or is the new one. The next run needs no help.
func TestKilledBackup(t *testing.T) {
	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	p, end := at(t, data)
	a := newAgency(t, p)
	if err := a.send(t.Context()); err != nil {
		t.Fatal(err)
	}
	end()
	earlier := filepath.Join(dir, "earlier")
	runs(t, exitOK, "backup", "--data", data, "--to", earlier)
	p, end = at(t, data)
	a.p = p
	for range 2 {
		if err := a.send(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	end()
	key := filepath.Join(privateDir(data), "master.key")
	passed := 0
	for _, point := range store.Points() {
		family, _, _ := strings.Cut(point, ".")
		if family != "backup" && family != "put" {
			continue
		}
		passed++
		t.Run(point, func(t *testing.T) {
			for name, begin := range map[string]string{"new": "", "second": earlier} {
				to := filepath.Join(t.TempDir(), name)
				if begin != "" {
					if err := os.CopyFS(to, os.DirFS(begin)); err != nil {
						t.Fatal(err)
					}
					if err := os.Chmod(filepath.Join(to, "private"), 0o700); err != nil {
						t.Fatal(err)
					}
				}
				cmd := exec.Command("/proc/self/exe", "backup", "--data", data, "--to", to)
				cmd.Env = append(os.Environ(), "DAYLIGHT_TEST_RUN=1", "DAYLIGHT_FAIL="+point+":kill")
				out, err := cmd.CombinedOutput()
				var exit *exec.ExitError
				if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
					t.Fatalf("%s: the point was not passed: %v\n%s", name, err, out)
				}
				runs(t, exitOK, "fsck", "--data", data, "--read-data")
				// The copy of that folder as it lies is what a restore would get.
				want := checkNotWhole
				if begin != "" || point == "backup.committed" {
					want = exitOK
				}
				runs(t, want, "backup", "--check", to, "--read-data")
				if want == exitOK {
					into := filepath.Join(t.TempDir(), "restored")
					runs(t, exitOK, "restore", "--from", to, "--data", into, "--key", key)
					runs(t, exitOK, "fsck", "--data", into, "--read-data")
				}
				runs(t, exitOK, "backup", "--data", data, "--to", to)
				runs(t, exitOK, "backup", "--check", to, "--read-data")
				left, err := filepath.Glob(filepath.Join(to, "*", "*.new*"))
				if err != nil || len(left) > 0 {
					t.Errorf("%s: left behind: %v, %v", name, left, err)
				}
			}
		})
	}
	if passed < 6 {
		t.Errorf("only %d points", passed)
	}
}
