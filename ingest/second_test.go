package ingest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"daylight/catalog"
)

// A second release of a dataset about persons is refused before anything of it
// is public, whatever it calls itself; the same file again is the release that
// stands. No word about it holds a cell.
func TestReleasesAfterPersons(t *testing.T) {
	o := newOffice(t)
	d, err := o.describe("ca-benh")
	if err != nil {
		t.Fatal(err)
	}
	const plan = `plan: v1
audience: open
unit: {one_row_per_person: true}
model: {kind: full-domain, k: 5}
columns:
  gioi_tinh: {class: quasi, do: keep}
  benh: {class: sensitive, do: keep, reason: chủ đề của bộ dữ liệu}
decided: {by: test, at: 2026-01-15}
`
	var people strings.Builder
	people.WriteString("gioi_tinh,benh\n")
	for i := range 40 {
		fmt.Fprintf(&people, "%s,%s\n", []string{"nam", "nữ"}[i%2], []string{"cúm", "sởi", "lao"}[i%3])
	}
	first := o.publish(t, catalog.NewUpload{Dataset: d.ID, Plan: []byte(plan)}, people.String())
	if first.State != catalog.StatePublished || first.Release != 1 {
		t.Fatalf("the first: %s, %v", first.State, first.Problems)
	}
	if u := o.publish(t, catalog.NewUpload{Dataset: d.ID, Plan: []byte(plan)}, people.String()); u.State != catalog.StatePublished || u.Release != 1 {
		t.Errorf("the same again: %s, release %d, %v", u.State, u.Release, u.Problems)
	}
	for name, sent := range map[string][2]string{
		"one more":    {people.String() + "nữ,Qwzyx77\n", plan},
		"about sums":  {"benh,so_ca\nQwzyx77,14\nsởi,13\n", "plan: v1\naudience: open\ncolumns:\n  benh: {class: public, do: keep}\n  so_ca: {class: public, do: keep}\ndecided: {by: test, at: 2026-01-15}\n"},
		"by itself":   {"benh,so_ca\nQwzyx77,14\nsởi,13\n", "auto"},
		"called sums": {people.String() + "nữ,Qwzyx77\n", strings.Replace(plan, "unit: {one_row_per_person: true}\nmodel: {kind: full-domain, k: 5}", "unit: {aggregate: true, reason: số liệu}", 1)},
	} {
		u := o.publish(t, catalog.NewUpload{Dataset: d.ID, Plan: []byte(sent[1])}, sent[0])
		if u.State != catalog.StateRefused || !slices.ContainsFunc(u.Problems, func(p catalog.UploadProblem) bool { return p.Code == "second-release" }) {
			t.Errorf("%s: %s, %v", name, u.State, u.Problems)
		}
		if all := o.everything(t, u); strings.Contains(all, "Qwzyx77") {
			t.Errorf("%s: a cell is told", name)
		}
	}
	if all, err := o.catalog.Releases(t.Context(), d.ID); err != nil || len(all) != 1 {
		t.Errorf("%d releases, %v", len(all), err)
	}
}

// The primary key of the schema that a table is held to is told with the
// release, if all of it is published as it was sent.
func TestPrimaryKeyOfRelease(t *testing.T) {
	o := newOffice(t)
	for slug, c := range map[string]struct {
		code string
		want []string
	}{
		"mot": {"{class: public, do: keep}", []string{"ma_so"}},
		"hai": {"{class: public, do: redact, kinds: [email]}", nil},
		"ba":  {"{class: public, do: drop}", nil},
	} {
		d, err := o.describe(slug)
		if err != nil {
			t.Fatal(err)
		}
		plan := "plan: v1\naudience: open\ncolumns:\n  Mã số: " + c.code + "\n  Số: {class: public, do: keep}\ndecided: {by: test, at: 2026-01-15}\n" +
			"schema: {fields: [{name: ma, title: Mã số}, {name: so, title: Số}], primaryKey: ma}\n"
		if u := o.publish(t, catalog.NewUpload{Dataset: d.ID, Plan: []byte(plan)}, "Mã số,Số\nD01,5\nD02,7\n"); u.State != catalog.StatePublished {
			t.Fatalf("%s: %s, %v", slug, u.State, u.Problems)
		}
		r, err := o.catalog.Release(t.Context(), d.ID, 1)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, r.Tables[0].PrimaryKey); diff != "" {
			t.Errorf("%s (-want +got)\n%s", slug, diff)
		}
	}
}

// A schema that is attached to the dataset tells its key too.
func TestPrimaryKeyAttached(t *testing.T) {
	o := newOffice(t)
	d, err := o.describe("don-vi")
	if err != nil {
		t.Fatal(err)
	}
	if err := o.inbox.Attach(t.Context(), "test", d.ID, "", []byte(`{"fields":[{"name":"ma"},{"name":"so"}],"primaryKey":["so","ma"]}`)); err != nil {
		t.Fatal(err)
	}
	if u := o.publish(t, catalog.NewUpload{Dataset: d.ID, Plan: []byte("auto")}, "ma,so\nD01,5\nD02,7\n"); u.State != catalog.StatePublished {
		t.Fatalf("%s, %v", u.State, u.Problems)
	}
	r, err := o.catalog.Release(t.Context(), d.ID, 1)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"so", "ma"}, r.Tables[0].PrimaryKey); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
