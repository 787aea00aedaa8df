package ingest

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"daylight/catalog"
)

var driftNotices = []string{"column-widened", "rows-fewer", "null-token-new", "key-not-unique", "date-future"}

// TestDrift publishes a file, sends the next one, and says what it came to;
// then answers, decides on the proposal and approves, and sends a third, which
// must go through by itself. The first release stays as it was all the while.
func TestDrift(t *testing.T) {
	files, err := filepath.Glob("testdata/drift/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal(err, "no cases")
	}
	for _, path := range files {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			part, has := map[string]string{}, map[string]bool{}
			for _, f := range a.Files {
				part[f.Name], has[f.Name] = string(f.Data), true
			}
			o := newOffice(t)
			d, err := o.describe("bang")
			if err != nil {
				t.Fatal(err)
			}
			send := func(name string) catalog.Upload {
				plan := strings.TrimSuffix(name, ".csv") + ".plan" // sent with it
				return o.publish(t, catalog.NewUpload{Dataset: d.ID, FileName: name, Plan: []byte(part[plan])}, part[name])
			}
			if u := send("first.csv"); u.State != catalog.StatePublished {
				t.Fatalf("the first: %s %v", u.State, u.Problems)
			}
			first := o.csv(t, d.ID)
			u := send("next.csv")
			r := o.review(t, u.ID)
			if d := cmp.Diff(part["result"], outcome(u, r)); d != "" {
				t.Fatal(d)
			}
			if u.State == catalog.StateWaiting {
				if got := o.csv(t, d.ID); got != first {
					t.Fatalf("the release that stands has changed: %s", got)
				}
				u = o.agree(t, r, part["answers"])
			}
			if u.State != catalog.StatePublished {
				t.Fatalf("the next: %s %v", u.State, u.Problems)
			}
			if d := cmp.Diff(part["next.published"], o.csv(t, d.ID)); d != "" {
				t.Error(d)
			}
			if has["third.csv"] {
				if u := send("third.csv"); u.State != catalog.StatePublished {
					t.Fatalf("the third: %s %v", u.State, u.Problems)
				}
				if d := cmp.Diff(part["third.published"], o.csv(t, d.ID)); d != "" {
					t.Error(d)
				}
			}
			rel, err := o.catalog.Release(t.Context(), d.ID, 1)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range rel.Files {
				if got := o.published(t, f); f.Format == "csv" && got != first {
					t.Errorf("the first release has changed: %s", got)
				}
			}
		})
	}
}

// outcome is what a sender learns, a line each.
func outcome(u catalog.Upload, r catalog.Review) string {
	var b strings.Builder
	fmt.Fprintln(&b, u.State)
	for _, p := range u.Problems {
		fmt.Fprintln(&b, p.Code, p.Column)
	}
	for _, q := range r.Questions {
		fmt.Fprintf(&b, "asked %s %s: %s\n", q.Code, q.Column, strings.Join(q.Choices, " | "))
	}
	for _, n := range r.Noticed {
		if slices.Contains(driftNotices, n.Code) {
			fmt.Fprintln(&b, "noticed", n.Code, n.Column, n.Count)
		}
	}
	return b.String()
}

// agree answers what is asked ("0 text": the first question), decides on what
// is proposed then, and approves what the preview shows.
func (o *office) agree(t *testing.T, r catalog.Review, answers string) catalog.Upload {
	t.Helper()
	given := map[string]string{}
	for line := range strings.Lines(answers) {
		n, word, _ := strings.Cut(strings.TrimSpace(line), " ")
		given[n] = word
	}
	if len(given) > 0 {
		if err := o.inbox.Answer(t.Context(), "officer", r.Upload.ID, given); err != nil {
			t.Fatal(err)
		}
		r = o.work(t, r.Upload.ID)
		if len(r.Questions) > 0 {
			t.Fatalf("asked again: %+v", r.Questions)
		}
	}
	if err := o.inbox.Decide(t.Context(), "officer", r.Upload.ID, []byte(r.Proposal)); err != nil {
		t.Fatalf("%v\n%s", err, r.Proposal)
	}
	r = o.work(t, r.Upload.ID)
	if err := o.inbox.Approve(t.Context(), "chief", r.Upload.ID, named(r)); err != nil {
		t.Fatalf("%v: %v", err, r.Upload.Problems)
	}
	return o.work(t, r.Upload.ID).Upload
}
