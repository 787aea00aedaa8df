//go:build failpoints

package ingest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"daylight/catalog"
)

// TestDeedVictim is no test of its own: it is the process that is killed while
// it withholds a dataset, or applies a table over a public and a private one.
func TestDeedVictim(t *testing.T) {
	dir := os.Getenv("DAYLIGHT_CRASH_DIR")
	if dir == "" {
		t.Skip("started by TestCrashDeeds")
	}
	o, err := openOffice(dir, crashDay)
	if err != nil {
		t.Fatal(err)
	}
	switch os.Getenv("DAYLIGHT_CRASH_DEED") {
	case "withhold":
		_, err = withholdOnce(t.Context(), o)
	case "withdraw":
		err = withdrawOnce(t.Context(), o)
	default:
		_, err = applyOnce(t.Context(), o)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := o.close(); err != nil {
		t.Fatal(err)
	}
}

func withholdOnce(ctx context.Context, o *office) (catalog.Withholding, error) {
	d, err := o.describe("chua-mo")
	if err != nil {
		return catalog.Withholding{}, err
	}
	w, _, err := o.inbox.Withhold(ctx, "test", d.ID, testWithholding())
	return w, err
}

func withdrawOnce(ctx context.Context, o *office) error {
	d, err := o.inbox.Draft(ctx, "da-rut")
	if err != nil {
		return err
	}
	_, err = o.inbox.Withdraw(ctx, "test", d.ID, 1, catalog.Withdrawal{Reason: catalog.Text{"vi": "Sai", "en": "Wrong"}})
	return err
}

// TestCrashWithdraw: killed at every point, a version is taken back or it is
// not, on both sides; trying again makes it so, and the same file makes a new
// version.
func TestCrashWithdraw(t *testing.T) {
	const table = "ma,so\n01,2\n02,3\n"
	for _, point := range []string{"words.intent", "words.public", "words.done"} {
		t.Run(point, func(t *testing.T) {
			t.Parallel()
			dir, ctx := t.TempDir(), t.Context()
			o, err := openOffice(dir, crashDay)
			if err != nil {
				t.Fatal(err)
			}
			d, err := o.describe("da-rut")
			if err != nil {
				t.Fatal(err)
			}
			if u := o.publish(t, newUpload(d, autoPlan), table); u.Release != 1 {
				t.Fatal(u.State, u.Problems)
			}
			o.close()
			limited, cancel := context.WithTimeout(ctx, time.Minute)
			defer cancel()
			cmd := exec.CommandContext(limited, "/proc/self/exe", "-test.run=^TestDeedVictim$")
			cmd.Env = append(os.Environ(), "DAYLIGHT_CRASH_DIR="+dir, "DAYLIGHT_CRASH_DEED=withdraw", "DAYLIGHT_FAIL="+point+":kill")
			if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(err.Error(), "killed") {
				t.Fatalf("was not killed: %v\n%s", err, out)
			}
			if o, err = openOffice(dir, crashDay); err != nil {
				t.Fatalf("start after the crash: %v", err)
			}
			defer o.close()
			o.nothingOpen(t)
			rel, err := o.catalog.Release(ctx, d.ID, 1)
			if err != nil || (rel.Withdrawn != nil) != (point != "words.intent") {
				t.Fatalf("%+v, %v", rel.Withdrawn, err)
			}
			if err := withdrawOnce(ctx, o); err != nil {
				t.Fatal(err)
			}
			if u := o.publish(t, newUpload(d, autoPlan), table); u.Release != 2 {
				t.Errorf("sent again: %s, release %d", u.State, u.Release)
			}
			o.nothingOpen(t)
		})
	}
}

const crashTable = "slug,title_en\nchua-mo,Said better\nban-nhap,A draft said better\n"

func applyOnce(ctx context.Context, o *office) (bool, error) {
	p, err := o.inbox.Inventory(ctx, "test", o.agency.ID, []byte(crashTable), "")
	if err != nil {
		return false, err
	}
	p, err = o.inbox.Inventory(ctx, "test", o.agency.ID, []byte(crashTable), p.Digest)
	return p.Applied, err
}

// TestCrashDeeds kills the program at every point of a change without a file:
// afterwards all of it is there or nothing, on both sides, and trying again
// makes it so once.
func TestCrashDeeds(t *testing.T) {
	for _, what := range []string{"withhold", "apply"} {
		for _, point := range []string{"words.intent", "words.public", "words.done"} {
			t.Run(what+"/"+point, func(t *testing.T) {
				t.Parallel()
				dir, ctx := t.TempDir(), t.Context()
				if what == "apply" {
					o, err := openOffice(dir, crashDay)
					if err != nil {
						t.Fatal(err)
					}
					if _, err := withholdOnce(ctx, o); err != nil {
						t.Fatal(err)
					}
					if _, err := o.describe("ban-nhap"); err != nil {
						t.Fatal(err)
					}
					o.close()
				}
				limited, cancel := context.WithTimeout(ctx, time.Minute)
				defer cancel()
				cmd := exec.CommandContext(limited, "/proc/self/exe", "-test.run=^TestDeedVictim$")
				cmd.Env = append(os.Environ(), "DAYLIGHT_CRASH_DIR="+dir, "DAYLIGHT_CRASH_DEED="+what, "DAYLIGHT_FAIL="+point+":kill")
				if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(err.Error(), "killed") {
					t.Fatalf("was not killed: %v\n%s", err, out)
				}
				o, err := openOffice(dir, crashDay)
				if err != nil {
					t.Fatalf("start after the crash: %v", err)
				}
				defer o.close()
				o.nothingOpen(t)
				happened := point != "words.intent"
				live, err := o.catalog.Dataset(ctx, "chua-mo")
				if what == "withhold" {
					if (err == nil && live.Withheld != nil) != happened {
						t.Errorf("withheld: %+v, %v", live, err)
					}
					if _, err := withholdOnce(ctx, o); err != nil {
						t.Fatal(err)
					}
				} else {
					if err != nil {
						t.Fatal(err)
					}
					draft, err := o.inbox.Draft(ctx, "ban-nhap")
					if err != nil {
						t.Fatal(err)
					}
					said := fmt.Sprint(live.Title["en"] == "Said better", draft.Title["en"] == "A draft said better")
					if want := fmt.Sprint(happened, happened); said != want {
						t.Errorf("public and draft changed: %s, want %s", said, want)
					}
					if applied, err := applyOnce(ctx, o); err != nil || !applied {
						t.Fatalf("again: %v, %v", applied, err)
					}
				}
				want := 1
				if what == "apply" {
					want = 2
				}
				if got := o.changes(t); len(got) != want {
					t.Errorf("changes %v, want %d", got, want)
				}
				o.nothingOpen(t)
			})
		}
	}
}
