//go:build failpoints

package ingest

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"daylight/catalog"
	"daylight/ingest/fetch"
)

const doorTable = "ma,so\n01,2\n02,3\n"

// enter brings one file in by a watched folder, or from an address, and works
// it off. It may be done again after a crash.
func (o *office) enter(ctx context.Context, dir, address string) error {
	d, err := o.describe("bang")
	if err != nil {
		return err
	}
	if dir != "" {
		seen := map[string]looked{}
		for range 2 {
			if err := o.inbox.lookInto(ctx, dir, seen); err != nil {
				return err
			}
		}
		return o.inbox.Drain(ctx)
	}
	o.inbox.fetch = fetch.New(fetch.Options{Allow: func(at netip.AddrPort) bool { return at.Addr().IsLoopback() }})
	_, err = o.inbox.Begin(ctx, catalog.NewUpload{Dataset: d.ID, Agency: d.Agency, By: "officer", TotalBytes: -1, From: address, IdempotencyKey: "mot-lan"})
	if err != nil {
		return err
	}
	return o.inbox.Drain(ctx)
}

// TestCrashDoorVictim is no test of its own: it is the process that is killed.
func TestCrashDoorVictim(t *testing.T) {
	dir := os.Getenv("DAYLIGHT_CRASH_DOOR")
	if dir == "" {
		t.Skip("started by TestCrashDoors")
	}
	o, err := openOffice(filepath.Join(dir, "data"), crashDay)
	if err != nil {
		t.Fatal(err)
	}
	if err := o.enter(t.Context(), os.Getenv("DAYLIGHT_CRASH_FOLDER"), os.Getenv("DAYLIGHT_CRASH_ADDRESS")); err != nil {
		t.Fatal(err)
	}
	if err := o.close(); err != nil {
		t.Fatal(err)
	}
}

// TestCrashDoors kills the program twice at each point between a watched folder,
// or an address, and the job that works the file off, starts it again, and finds
// one upload, one release, and the file put away once.
func TestCrashDoors(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, doorTable) }))
	defer s.Close()
	received := []string{"receive.created:kill", "receive.tmp_synced:kill", "receive.renamed:kill", "receive.row:kill", "job.claimed:kill", "job.finished:kill"}
	t.Run("all", func(t *testing.T) { // ends before the server does
		for _, door := range []string{"folder", "address"} {
			fails := append(received, "folder.sent:kill")
			if door == "address" {
				fails = append(received, "job.claimed:kill:2") // the first one fetches
			}
			for _, fail := range fails {
				t.Run(door+" "+fail, func(t *testing.T) {
					t.Parallel()
					dir, folder := t.TempDir(), ""
					if door == "folder" {
						folder = filepath.Join(dir, "watched")
						if err := os.MkdirAll(filepath.Join(folder, "bang"), 0o755); err != nil {
							t.Fatal(err)
						}
						if err := os.WriteFile(filepath.Join(folder, "bang", "a.csv"), []byte(doorTable), 0o644); err != nil {
							t.Fatal(err)
						}
					}
					for attempt := range 2 {
						ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
						defer cancel()
						cmd := exec.CommandContext(ctx, "/proc/self/exe", "-test.run=^TestCrashDoorVictim$", "-test.v")
						cmd.Env = append(os.Environ(), "DAYLIGHT_CRASH_DOOR="+dir, "DAYLIGHT_CRASH_FOLDER="+folder, "DAYLIGHT_CRASH_ADDRESS="+s.URL, "DAYLIGHT_FAIL="+fail)
						if out, err := cmd.CombinedOutput(); err == nil && attempt == 0 || err != nil && !strings.Contains(err.Error(), "killed") {
							t.Fatalf("attempt %d: %v\n%s", attempt, err, out)
						}
					}
					o, err := openOffice(filepath.Join(dir, "data"), crashDay)
					if err != nil {
						t.Fatalf("start after the crash: %v", err)
					}
					defer o.close()
					if err := o.enter(t.Context(), folder, s.URL); err != nil {
						t.Fatal(err)
					}
					all, err := o.inbox.Uploads(t.Context(), "")
					if err != nil || len(all) != 1 || all[0].State != catalog.StatePublished || all[0].Release != 1 {
						t.Fatalf("%+v, %v", all, err)
					}
					if folder != "" {
						left, _ := filepath.Glob(filepath.Join(folder, "bang", "*.csv"))
						sent, _ := filepath.Glob(filepath.Join(folder, "bang", folderSent, "*.csv"))
						if len(left) > 0 || len(sent) != 1 {
							t.Errorf("in the folder %v, in sent %v", left, sent)
						}
					}
					o.sound(t, all[0].ID, doorTable)
					o.onlyNamed(t)
				})
			}
		}
	})
}
