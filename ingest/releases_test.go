package ingest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"daylight/catalog"
)

// TestReleasesKeepTheirWord: whatever is sent, taken back, given again and
// restarted, in whatever order, every version that was ever given out is the
// same bytes or is withdrawn, "latest" is the newest that stands, and content
// that stands already makes no version.
func TestReleasesKeepTheirWord(t *testing.T) {
	for seed := range uint64(4) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(seed, 7))
			dir, now := t.TempDir(), testDay
			open := func() *office {
				o, err := openOffice(dir, func() time.Time { return now })
				if err != nil {
					t.Fatal(err)
				}
				return o
			}
			o := open()
			defer func() { o.close() }()
			d, err := o.describe("bang")
			if err != nil {
				t.Fatal(err)
			}
			given := map[int]string{} // version -> its CSV
			gone := map[int]bool{}
			var did strings.Builder
			for range 40 {
				now = now.Add(time.Duration(r.IntN(48)-12) * time.Hour) // clocks go back, too
				n := 1 + r.IntN(len(given)+1)
				switch what := r.IntN(10); {
				case what < 5:
					content := fmt.Sprintf("ma,so\n01,%d\n02,7\n", r.IntN(4))
					u := o.publish(t, catalog.NewUpload{Dataset: d.ID, Plan: []byte("auto")}, content)
					fmt.Fprintf(&did, "send %q -> %d; ", content, u.Release)
					if u.State != catalog.StatePublished || u.Release < 1 || u.Release > len(given)+1 || gone[u.Release] {
						t.Fatalf("%s: %s, release %d of %d", did.String(), u.State, u.Release, len(given))
					}
					if was, ok := given[u.Release]; ok && was != content {
						t.Fatalf("%s: other content is said to be release %d", did.String(), u.Release)
					}
					given[u.Release] = content
				case what < 7:
					problems, err := o.inbox.Withdraw(t.Context(), "officer", d.ID, n, catalog.Withdrawal{Reason: catalog.Text{"vi": "Sai", "en": "Wrong"}})
					fmt.Fprintf(&did, "withdraw %d; ", n)
					if want := given[n] == ""; errors.Is(err, catalog.ErrNotFound) != want || !want && err != nil || catalog.Refused(problems) {
						t.Fatalf("%s: %v %v", did.String(), problems, err)
					}
					gone[n] = given[n] != ""
				case what < 9:
					err := o.inbox.Restore(t.Context(), "officer", d.ID, n)
					fmt.Fprintf(&did, "restore %d; ", n)
					if gone[n] != (err == nil) {
						t.Fatalf("%s: %v", did.String(), err)
					}
					delete(gone, n)
				default:
					fmt.Fprint(&did, "restart; ")
					if err := o.close(); err != nil {
						t.Fatal(err)
					}
					o = open()
				}
				latest := 0
				for n, want := range given {
					rel, err := o.catalog.Release(t.Context(), d.ID, n)
					if err != nil || (rel.Withdrawn != nil) != gone[n] {
						t.Fatalf("%s: release %d: %v, withdrawn %v", did.String(), n, err, gone[n])
					}
					for _, f := range rel.Files {
						if f.Format == "csv" && o.published(t, f) != want {
							t.Fatalf("%s: release %d is another now", did.String(), n)
						}
					}
					if !gone[n] {
						latest = max(latest, n)
					}
				}
				if d, err := o.catalog.Dataset(t.Context(), "bang"); latest > 0 && (err != nil || d.Release.N != latest || d.Release.Withdrawn != nil) {
					t.Fatalf("%s: latest is not %d: %v", did.String(), latest, err)
				}
			}
		})
	}
}
