package ingest

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"daylight/catalog"
	"daylight/ingest/format"
	"daylight/ingest/tableschema"
	"daylight/privacy"
)

// TestSchemas runs testdata/schemas/*.txtar: a file, the Table Schema it is held
// to, what breaks it, and where it matters the schema that is suggested and the
// table as the schema has it read.
func TestSchemas(t *testing.T) {
	files, err := filepath.Glob("testdata/schemas/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, path := range files {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			part := make(map[string]string)
			for _, f := range a.Files {
				part[f.Name] = string(f.Data)
			}
			s, err := tableschema.Parse([]byte(part["schema.json"]))
			if err != nil {
				t.Fatal(err)
			}
			c, err := Check(t.Context(), fileWith(t, part["in.csv"]), "in.csv", CheckOptions{Now: time.Now(), ParseOptions: ParseOptions{Reading: s.Reading(nil)}})
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			found, err := c.HoldTo(t.Context(), 0, s, CodeLists())
			if err != nil {
				t.Fatal(err)
			}
			var got strings.Builder
			for _, b := range found {
				got.WriteString(b.Code)
				if b.Column != "" {
					fmt.Fprintf(&got, " in %s", b.Column)
				}
				fmt.Fprintf(&got, ", wanted %s", b.Wanted)
				if b.Row > 0 {
					fmt.Fprintf(&got, ", row %d", b.Row)
				}
				fmt.Fprintf(&got, ", %d\n", b.Count)
			}
			if d := cmp.Diff(part["breaches"], got.String()); d != "" {
				t.Error(d)
			}
			report, err := json.Marshal(c.Report)
			if err != nil {
				t.Fatal(err)
			}
			for _, cell := range strings.FieldsFunc(part["in.csv"], func(r rune) bool { return r == ',' || r == '\n' }) {
				if len(cell) > 3 && !strings.Contains(strings.SplitN(part["in.csv"], "\n", 2)[0], cell) && strings.Contains(string(report)+got.String(), cell) && cell != "không rõ" {
					t.Errorf("a cell of the file is told")
				}
			}
			if want := part["suggested"]; want != "" {
				s, err := c.SuggestSchema(t.Context(), 0)
				if err != nil {
					t.Fatal(err)
				}
				b, err := json.Marshal(s)
				if err != nil {
					t.Fatal(err)
				}
				if d := cmp.Diff(want, string(b)+"\n"); d != "" {
					t.Error(d)
				}
			}
			if want := part["typed"]; want != "" {
				var b strings.Builder
				if err := format.WriteTable(&b, c.Tables[0], true); err != nil {
					t.Fatal(err)
				}
				if d := cmp.Diff(want, b.String()); d != "" {
					t.Error(d)
				}
			}
		})
	}
}

// TestOwnSchema: the agency's file keeps to the schema it published with it.
func TestOwnSchema(t *testing.T) {
	raw := make([]byte, 1<<20)
	n, _ := sharedFile(t, "real/de_rki_icu_deutschland.tableschema.json").Read(raw)
	s, err := tableschema.Parse(raw[:n])
	if err != nil {
		t.Fatal(err)
	}
	c, err := Check(t.Context(), sharedFile(t, "real/de_rki_icu_deutschland.csv"), "x.csv", CheckOptions{Now: time.Now(), ParseOptions: ParseOptions{Reading: s.Reading(nil)}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if found, err := c.HoldTo(t.Context(), 0, s, CodeLists()); err != nil || len(found) > 0 {
		t.Errorf("%v, breaks %+v", err, found)
	}
}

// A reference that leads nowhere is told by where it stands in the schema.
func TestUnknownList(t *testing.T) {
	for resource, want := range map[string]string{
		"codes/khong-co": "/foreignKeys/0/reference: there is no code list",
		"dan-so@2":       "/foreignKeys/0/reference: a dataset can be asked on its portal only",
	} {
		s, err := tableschema.Parse([]byte(`{"fields":[{"name":"ma"}],"foreignKeys":[{"fields":"ma","reference":{"resource":"` + resource + `","fields":"code"}}]}`))
		if err != nil {
			t.Fatal(err)
		}
		c, err := Check(t.Context(), fileWith(t, "ma,so\n01,5\n79,6\n"), "x.csv", CheckOptions{Now: time.Now()})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if _, err := c.HoldTo(t.Context(), 0, s, CodeLists()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", resource, err)
		}
	}
}

// TestSchemaInPlan goes the whole way: a file that breaks the schema of its plan
// waits and says where, in the CSV too; a corrected one is published; the next
// file is held to the same schema without its plan being sent again. The codes
// are those of another dataset that is public.
func TestSchemaInPlan(t *testing.T) {
	o := newOffice(t)
	units, err := o.describe("don-vi")
	if err != nil {
		t.Fatal(err)
	}
	if u := o.publish(t, catalog.NewUpload{Dataset: units.ID}, "ma,ten\nD01,Phòng Một cửa\nD02,Phòng Nội vụ\n"); u.State != catalog.StatePublished {
		t.Fatalf("the list: %s, %v", u.State, u.Problems)
	}
	d, err := o.describe("ho-so")
	if err != nil {
		t.Fatal(err)
	}
	const plan = `plan: v1
audience: open
unit: {aggregate: true, reason: số liệu theo đơn vị}
columns:
  don_vi: {class: public, do: keep}
  so: {class: public, do: keep}
decided: {by: test, at: 2026-01-15}
schema:
  fields:
    - {name: don_vi, type: string, constraints: {required: true}}
    - {name: so, type: integer, constraints: {minimum: 0}}
  foreignKeys:
    - {fields: don_vi, reference: {resource: don-vi, fields: ma}}
`
	u := o.publish(t, catalog.NewUpload{Dataset: d.ID, Plan: []byte(plan)}, "don_vi,so\nD01,5\nQwzyx77,7\nD02,-1\n")
	if u.State != catalog.StateWaiting || len(u.Problems) != 2 || u.Problems[0].Code != "schema-breach" || u.Problems[0].Row != 3 && u.Problems[1].Row != 3 {
		t.Fatalf("broken: %s, %+v", u.State, u.Problems)
	}
	if all := o.everything(t, u); strings.Contains(all, "Qwzyx77") {
		t.Error("a cell that breaks the schema is told")
	}
	var list strings.Builder
	if err := o.inbox.ProblemsCSV(t.Context(), u.ID, &list); err != nil || !strings.Contains(list.String(), "schema-foreign-key,don-vi@1") {
		t.Errorf("%v, problems:\n%s", err, list.String())
	}
	if u = o.publish(t, catalog.NewUpload{Dataset: d.ID, Plan: []byte(plan)}, "don_vi,so\nD01,5\nD02,0\n"); u.State != catalog.StatePublished {
		t.Fatalf("kept: %s, %+v", u.State, u.Problems)
	}
	if u = o.publish(t, catalog.NewUpload{Dataset: d.ID}, "don_vi,so\nD09,5\n"); u.State != catalog.StateWaiting || u.Problems[0].Code != "schema-breach" {
		t.Errorf("the next file: %s, %+v", u.State, u.Problems)
	}
}

// A header that looks like personal data, as in a file without a header line, is
// told by its number in the breach of a key too.
func TestBreachHidesHeldNames(t *testing.T) {
	s, err := tableschema.Parse([]byte(`{"fields":[{"name":"Nguyễn Văn An"},{"name":"so"}],"primaryKey":["Nguyễn Văn An","so"]}`))
	if err != nil {
		t.Fatal(err)
	}
	c, err := Check(t.Context(), fileWith(t, "Nguyễn Văn An,so\nTrần Thị Bình,5\nTrần Thị Bình,5\n"), "x.csv", CheckOptions{Now: time.Now(), ParseOptions: ParseOptions{
		Reading: &privacy.Reading{HeaderRows: []int{1}}}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	found, err := c.HoldTo(t.Context(), 0, s, CodeLists())
	if err != nil {
		t.Fatal(err)
	}
	if len(found) != 1 || found[0].Column != "column 1, so" || strings.Contains(fmt.Sprint(c.Report.Tables[0].Problems), "nguyen") {
		t.Errorf("%+v, %+v", found, c.Report.Tables[0].Problems)
	}
}
