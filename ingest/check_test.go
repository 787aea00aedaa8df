package ingest

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"daylight/datasets/samples"
	"daylight/ingest/format"
	"daylight/privacy"
)

func TestCheck(t *testing.T) {
	const csv = "ma,ho_ten,cccd,ghi_chu\nA1,Nguyễn Văn An,001191775789,\nA2,Trần Thị Bình,001091023454,\"gọi 0912345678, hỏi An\"\n" +
		"A3,Lê Thị Hà,025326511608,x\nA4,Phạm Văn Nam,025226210861,y\nA5,Vũ Thị Lan,025326549253,z\n"
	c, err := Check(t.Context(), fileWith(t, csv), "x.csv", CheckOptions{Now: testDay, Spans: true, ParseOptions: ParseOptions{Raw: true}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	r := c.Report.Tables[0]
	if r.AboutPersons == nil || !*r.AboutPersons {
		t.Errorf("about_persons = %v, want true", r.AboutPersons)
	}
	kinds := map[string]bool{}
	for _, f := range r.Fields {
		if f.Findings == nil {
			t.Errorf("column %s has no list of findings", f.Key)
		}
		for _, x := range f.Findings {
			kinds[f.Key+" "+string(x.Kind)] = true
		}
	}
	for _, want := range []string{"ho_ten name_vn", "cccd cccd"} {
		if !kinds[want] {
			t.Errorf("not found: %s; found %v", want, kinds)
		}
	}
	// The telephone's place: after "gọi ", in code points.
	want := format.Span{Row: 2, Column: "ghi_chu", Kind: "phone_vn", From: 4, To: 14}
	found := false
	for _, s := range r.Spans {
		found = found || s == want
	}
	if !found {
		t.Errorf("spans = %v, want %v among them", r.Spans, want)
	}
	js, err := json.Marshal(c.Report)
	if err != nil {
		t.Fatal(err)
	}
	for _, value := range []string{"Nguyễn", "001191775789", "0912345678"} {
		if strings.Contains(string(js), value) {
			t.Errorf("the report tells %s", value)
		}
	}
	for _, name := range []string{`"about_persons":true`, `"cells":[`, `"spans":[`, `"findings":[`, `"accounting":{`} {
		if !strings.Contains(string(js), name) {
			t.Errorf("the report lacks %s", name)
		}
	}
	// Tables of the spool are written as those of a format.
	var raw, typed strings.Builder
	if err := errors.Join(format.WriteTable(&raw, c.Tables[0], false), format.WriteTable(&typed, c.Tables[0], true)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(csv, raw.String()); diff != "" {
		t.Errorf("raw: %s", diff)
	}
	if !strings.HasPrefix(typed.String(), "ma,ho_ten,cccd,ghi_chu\nA1,Nguyễn Văn An,001191775789,\n") {
		t.Errorf("typed: %s", typed.String())
	}
}

// A header that is a person: the report calls the column by its number.
func TestCheckHidesHeldHeaders(t *testing.T) {
	const csv = "0912345678,ma\nA,1\nB,2\n"
	c, err := Check(t.Context(), fileWith(t, csv), "x.csv", CheckOptions{Now: testDay, ParseOptions: ParseOptions{Reading: &privacy.Reading{HeaderRows: []int{1}}}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	js, err := json.Marshal(c.Report)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(js), "0912345678") {
		t.Errorf("the report tells the header: %s", js)
	}
	if c.Report.Tables[0].Fields[0].Key != "column 1" {
		t.Errorf("key = %q, want column 1", c.Report.Tables[0].Fields[0].Key)
	}
}

func TestOffline(t *testing.T) {
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	births, plan := sample(t, "khai-sinh-minh-hoa-2026.csv"), sample(t, "khai-sinh-minh-hoa-2026.csv.plan.yaml")
	out := filepath.Join(t.TempDir(), "out")
	o := OfflineOptions{File: fileWith(t, births), Name: "khai-sinh.csv", Plan: []byte(plan), Out: out, Locale: "vi", Now: testDay}
	r, err := Offline(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range r.Files {
		names = append(names, f.Name)
		st, err := os.Stat(filepath.Join(out, f.Name))
		if err != nil || st.Size() != f.Bytes {
			t.Errorf("%s: %v", f.Name, err)
		}
	}
	if diff := cmp.Diff([]string{"data.csv", "data.parquet", "data.arrow"}, names); diff != "" {
		t.Errorf("files: %s", diff)
	}
	b, err := os.ReadFile(filepath.Join(out, "report.json"))
	if err != nil {
		t.Fatal(err)
	}
	var back OfflineReport
	if err := json.Unmarshal(b, &back); err != nil || len(back.Tables) != 1 || back.Tables[0].Model == nil {
		t.Errorf("report.json: %v", err)
	}
	first, err := os.ReadFile(filepath.Join(out, "data.csv"))
	if err != nil {
		t.Fatal(err)
	}
	// The same input and plan give the same bytes.
	again := filepath.Join(t.TempDir(), "again")
	o.Out = again
	if _, err := Offline(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		a, errA := os.ReadFile(filepath.Join(out, name))
		b, errB := os.ReadFile(filepath.Join(again, name))
		if errA != nil || errB != nil || string(a) != string(b) {
			t.Errorf("%s differs from run to run: %v %v", name, errA, errB)
		}
	}
	for i, line := range strings.Split(births, "\n")[1:] {
		for j, cell := range strings.Split(line, ",") {
			if j < 3 && len(cell) > 6 && strings.Contains(string(first)+string(b), cell) {
				t.Fatalf("row %d: a dropped cell of column %d is published", i+1, j+1)
			}
		}
	}

	// Nobody has decided: refused, and nothing written.
	o.Plan, o.Out = nil, filepath.Join(t.TempDir(), "none")
	_, err = Offline(t.Context(), o)
	var p *privacy.Problems
	if !errors.As(err, &p) || !errors.Is(err, privacy.ErrUndecided) || !Refused(err) {
		t.Errorf("auto over a register of persons: %v, want undecided", err)
	}
	o.Plan, o.File = []byte(plan), fileWith(t, "%PDF-1.4\n")
	if _, err = Offline(t.Context(), o); !Refused(err) {
		t.Errorf("a PDF: %v, want a refusal", err)
	}
	o.Plan = []byte("plan: v7\n")
	if _, err = Offline(t.Context(), o); !Refused(err) {
		t.Errorf("an unreadable plan: %v, want a refusal", err)
	}
	if left, _ := os.ReadDir(o.Out); len(left) > 0 {
		t.Errorf("refused, and %d files written", len(left))
	}
	// A folder that cannot be made is a failure, no refusal.
	o.Plan, o.File, o.Out = []byte("auto"), fileWith(t, simple), "/dev/null/x"
	if _, err = Offline(t.Context(), o); err == nil || Refused(err) {
		t.Errorf("an impossible folder: %v, want a failure", err)
	}
	if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
		t.Errorf("left in the temporary folder: %v, %v", left, err)
	}
}

func sample(t *testing.T, name string) string {
	t.Helper()
	b, err := samples.Files.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// Until versions are compared, a second release about persons is refused.
func TestSecondReleaseAboutPersons(t *testing.T) {
	o := newOffice(t)
	d, err := o.describe("khai-sinh-2026")
	if err != nil {
		t.Fatal(err)
	}
	births, plan := sample(t, "khai-sinh-minh-hoa-2026.csv"), sample(t, "khai-sinh-minh-hoa-2026.csv.plan.yaml")
	n := newUpload(d, plan)
	if u := o.publish(t, n, births); u.Release != 1 {
		t.Fatalf("first: %s %v", u.State, u.Problems)
	}
	before := o.csv(t, d.ID)
	lines := strings.SplitAfter(births, "\n")
	u := o.publish(t, newUpload(d, ""), strings.Join(lines[:len(lines)-3], ""))
	if u.State != "refused" && u.State != "waiting" {
		t.Errorf("second: %s, release %d", u.State, u.Release)
	}
	if o.csv(t, d.ID) != before {
		t.Error("the first release has changed")
	}
}
