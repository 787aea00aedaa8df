package ingest

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"daylight/catalog"
	"daylight/privacy"
	"daylight/store"
)

// births is a register in which everything that a review is for happens: a
// date whose order nobody can tell, numbers and names, a telephone in a note.
func births() string {
	var b strings.Builder
	b.WriteString("so_dinh_danh,ho_ten,ngay_sinh,gioi_tinh,xa,ghi_chu\n")
	for i := range 40 {
		note := ""
		if i == 7 {
			note = "gọi 0912345678 khi trả giấy"
		}
		fmt.Fprintf(&b, "0252261001%02d,Trần Thị Hoa%c,%02d/%02d/2026,%s,Xã Hồ Sen,%s\n", i, 'a'+i%26, 1+i%12, 1+i%11, []string{"Nam", "Nữ"}[i%2], note)
	}
	return b.String()
}

// reviewed sends the register and gives what a person is told.
func reviewed(t *testing.T, o *office) catalog.Review {
	t.Helper()
	d, err := o.describe("khai-sinh")
	if err != nil {
		t.Fatal(err)
	}
	u := o.publish(t, catalog.NewUpload{Dataset: d.ID, Plan: []byte("auto"), FileName: "khai-sinh.csv", Locale: ""}, births())
	if u.State != catalog.StateWaiting {
		t.Fatalf("%s: %v", u.State, u.Problems)
	}
	return o.review(t, u.ID)
}

func (o *office) review(t *testing.T, id string) catalog.Review {
	t.Helper()
	r, err := o.inbox.Review(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// work does the jobs that are ready and gives the review as it stands then.
func (o *office) work(t *testing.T, id string) catalog.Review {
	t.Helper()
	if err := o.inbox.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	return o.review(t, id)
}

// ready answers, decides on the proposal, and has it tried.
func ready(t *testing.T, o *office) catalog.Review {
	t.Helper()
	r := reviewed(t, o)
	if len(r.Questions) != 1 || r.Questions[0].Code != "date-order" || r.Questions[0].Column != "ngay_sinh" {
		t.Fatalf("questions: %+v", r.Questions)
	}
	if err := o.inbox.Answer(t.Context(), "officer", r.Upload.ID, map[string]string{"0": "d/m/y"}); err != nil {
		t.Fatal(err)
	}
	r = o.work(t, r.Upload.ID)
	if len(r.Questions) != 0 || r.Tables[0].Columns[2].Type != "date" || !strings.Contains(r.Proposal, "to: year") {
		t.Fatalf("%+v\n%s", r.Questions, r.Proposal)
	}
	if err := o.inbox.Decide(t.Context(), "officer", r.Upload.ID, []byte(r.Proposal)); err != nil {
		t.Fatal(err)
	}
	r = o.work(t, r.Upload.ID)
	if r.Upload.State != catalog.StateWaiting || r.Preview == "" {
		t.Fatalf("%s: %v", r.Upload.State, r.Upload.Problems)
	}
	return r
}

func named(r catalog.Review) catalog.ApprovedReview {
	return catalog.ApprovedReview{PlanHash: r.PlanHash, Input: r.Input, Preview: r.Preview}
}

func TestReview(t *testing.T) {
	o := newOffice(t)
	r := ready(t, o)
	id := r.Upload.ID
	if _, err := o.catalog.Dataset(t.Context(), "khai-sinh"); !errors.Is(err, catalog.ErrNotFound) {
		t.Fatalf("decided and not approved, it is public: %v", err)
	}
	preview, err := o.inbox.Preview(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if err := o.inbox.Approve(t.Context(), "test", id, named(r)); !errors.Is(err, catalog.ErrPerson) {
		t.Fatalf("whoever sent it approves it: %v", err)
	}
	for name, a := range map[string]catalog.ApprovedReview{"plan": {PlanHash: "00", Input: r.Input, Preview: r.Preview}, "content": {PlanHash: r.PlanHash, Input: "00", Preview: r.Preview},
		"preview": {PlanHash: r.PlanHash, Input: r.Input, Preview: "00"}, "nothing": {}} {
		if err := o.inbox.Approve(t.Context(), "chief", id, a); !errors.Is(err, catalog.ErrStale) {
			t.Errorf("another %s is approved: %v", name, err)
		}
	}
	if err := o.inbox.Approve(t.Context(), "chief", id, named(r)); err != nil {
		t.Fatal(err)
	}
	if err := o.inbox.Approve(t.Context(), "chief", id, named(r)); !errors.Is(err, catalog.ErrState) {
		t.Errorf("approved twice: %v", err)
	}
	if r = o.work(t, id); r.Upload.State != catalog.StatePublished {
		t.Fatalf("%s: %v", r.Upload.State, r.Upload.Problems)
	}
	// What is public is what was shown, cell for cell.
	d, err := o.catalog.Dataset(t.Context(), "khai-sinh")
	if err != nil {
		t.Fatal(err)
	}
	var want strings.Builder
	fmt.Fprintln(&want, strings.Join(preview[0].Columns(), ","))
	for _, row := range preview[0].Rows() {
		for i, c := range row {
			if i > 0 {
				want.WriteByte(',')
			}
			want.WriteString(c.Text)
		}
		want.WriteByte('\n')
	}
	file, err := o.shelf.Library().Open(t.Context(), d.Release.Files[0].Ref, 0, -1)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	got, _ := io.ReadAll(file)
	if diff := cmp.Diff(want.String(), strings.ReplaceAll(string(got), "\r\n", "\n")); diff != "" {
		t.Errorf("(-preview +published)\n%s", diff)
	}
	// The plan is the dataset's now, and the audit says who did what.
	p, err := o.inbox.drafts.Plan(t.Context(), d.ID, 0)
	if err != nil || p.Hash != r.PlanHash || p.By != "officer" {
		t.Errorf("%+v %v", p, err)
	}
	var log []string
	for e, err := range o.db.AuditLog(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(e.Action, "review.") {
			log = append(log, e.Actor+" "+e.Action)
		}
		if e.Action == "publication.intent" && !strings.Contains(string(e.Detail), `"approved_by":"chief"`) {
			t.Errorf("the record of the publication: %s", e.Detail)
		}
	}
	if d := cmp.Diff([]string{"officer review.answer", "officer review.decide", "chief review.approve"}, log); d != "" {
		t.Error(d)
	}
	all := o.everything(t, r.Upload)
	for _, value := range []string{"025226100107", "Trần Thị Hoa", "0912345678"} {
		if strings.Contains(all, value) {
			t.Error("a value got out")
		}
	}
	for _, f := range []error{o.inbox.Decide(t.Context(), "x", id, []byte(r.Proposal)), o.inbox.SendBack(t.Context(), "x", id, "sai"), o.inbox.Answer(t.Context(), "x", id, map[string]string{"0": "d/m/y"})} {
		if !errors.Is(f, catalog.ErrState) {
			t.Errorf("what is published is decided over: %v", f)
		}
	}
}

// A decided plan decides over no other upload before it is approved.
func TestDecidedIsNotApproved(t *testing.T) {
	o := newOffice(t)
	r := ready(t, o)
	u := o.publish(t, catalog.NewUpload{Dataset: r.Upload.Dataset, FileName: "2.csv"}, births()+"025226100199,Lê Văn Nam,03/04/2026,Nam,Xã Hồ Sen,\n")
	if u.State != catalog.StateWaiting {
		t.Errorf("a second file went through on a plan that nobody approved: %s", u.State)
	}
}

// Whatever is another thing than what was approved voids the approval, and the
// upload waits again.
func TestApprovalIsVoid(t *testing.T) {
	for name, change := range map[string]string{
		"the content": `UPDATE reviews SET input_hmac = 'other'`,
		"the rows":    `UPDATE reviews SET digest = '0000'`,
		"the tables":  `UPDATE reviews SET digest = digest || '.' || digest`,
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t)
			r := ready(t, o)
			if err := o.inbox.Approve(t.Context(), "chief", r.Upload.ID, named(r)); err != nil {
				t.Fatal(err)
			}
			if err := o.db.InTx(t.Context(), func(tx *store.Tx) error { _, err := tx.Exec(t.Context(), change); return err }); err != nil {
				t.Fatal(err)
			}
			got := o.work(t, r.Upload.ID)
			if got.Upload.State != catalog.StateWaiting || got.ApprovedBy != "" || got.Preview != "" || got.Upload.Problems[0].Code != "agreed-otherwise" {
				t.Fatalf("%s %+v %+v", got.Upload.State, got.Upload.Problems, got)
			}
			if _, err := o.catalog.Dataset(t.Context(), "khai-sinh"); !errors.Is(err, catalog.ErrNotFound) {
				t.Error("it is public")
			}
			if _, err := o.inbox.drafts.Plan(t.Context(), r.Upload.Dataset, 0); err == nil {
				if p, _ := o.inbox.drafts.Plan(t.Context(), r.Upload.Dataset, 0); p.YAML != autoPlan {
					t.Error("the plan is the dataset's")
				}
			}
			if err := o.inbox.Decide(t.Context(), "officer", r.Upload.ID, []byte(got.Plan)); err != nil {
				t.Fatal(err)
			}
			if got = o.work(t, r.Upload.ID); got.Preview != r.Preview {
				t.Error("tried again, it comes to something else")
			}
		})
	}
}

// Two persons where the plan says so: the sender is neither.
func TestTwoPersons(t *testing.T) {
	o := newOffice(t)
	r := ready(t, o)
	id := r.Upload.ID
	plan := strings.Replace(r.Proposal, "audience: open", "audience: open\napprove: {two_person: true}", 1)
	if err := o.inbox.Decide(t.Context(), "test", id, []byte(plan)); !errors.Is(err, catalog.ErrPerson) {
		t.Fatalf("the sender decides: %v", err)
	}
	if err := o.inbox.Decide(t.Context(), "officer", id, []byte(plan)); err != nil {
		t.Fatal(err)
	}
	r = o.work(t, id)
	if r.Preview == "" || !r.TwoPersons {
		t.Fatalf("%v", r.Upload.Problems)
	}
	for _, by := range []string{"test", "officer"} {
		if err := o.inbox.Approve(t.Context(), by, id, named(r)); !errors.Is(err, catalog.ErrPerson) {
			t.Errorf("%s approves: %v", by, err)
		}
	}
	if err := o.inbox.Approve(t.Context(), "chief", id, named(r)); err != nil {
		t.Fatal(err)
	}
	if r = o.work(t, id); r.Upload.State != catalog.StatePublished {
		t.Errorf("%s %v", r.Upload.State, r.Upload.Problems)
	}
}

// What a plan cannot do is told, and the upload waits on: nothing is lost.
func TestDecidedPlanFails(t *testing.T) {
	o := newOffice(t)
	r := reviewed(t, o)
	id := r.Upload.ID
	for name, c := range map[string]struct{ plan, code string }{
		"a date not yet read":  {strings.Replace(r.Proposal, "ngay_sinh:\n    class: quasi\n    do: drop", "ngay_sinh:\n    class: quasi\n    do: generalise\n    to: year", 1), "date-order"},
		"a column left out":    {"plan: v1\nread: {columns: {ngay_sinh: {type: date, format: d/m/y}}}\ncolumns: {xa: {do: keep}}", "column-undecided"},
		"a number kept":        {"plan: v1\nread: {columns: {ngay_sinh: {type: date, format: d/m/y}}}\nunit: {one_row_per_person: true}\nmodel: {kind: full-domain, k: 5}\ncolumns: {so_dinh_danh: {do: keep}, ho_ten: {do: drop}, ngay_sinh: {do: drop}, gioi_tinh: {class: quasi, do: keep}, xa: {class: quasi, do: keep}, ghi_chu: {do: drop}}", "finding-undecided"},
		"groups too small":     {"plan: v1\nread: {columns: {ngay_sinh: {type: date, format: d/m/y}}}\nunit: {one_row_per_person: true}\nmodel: {kind: full-domain, k: 39}\ncolumns: {so_dinh_danh: {do: drop}, ho_ten: {do: drop}, ngay_sinh: {class: quasi, do: keep}, gioi_tinh: {class: quasi, do: keep}, xa: {class: quasi, do: keep}, ghi_chu: {do: drop}}", "suppress-max"},
		"a reading that fails": {"plan: v1\nread: {encoding: no-such-thing}\ncolumns: {xa: {do: keep}}", ""},
	} {
		if err := o.inbox.Decide(t.Context(), "officer", id, []byte(c.plan)); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got := o.work(t, id)
		if got.Upload.State != catalog.StateWaiting || got.Preview != "" || len(got.Upload.Problems) == 0 || got.Plan == "" || len(got.Tables) == 0 {
			t.Fatalf("%s: %s %+v", name, got.Upload.State, got.Upload.Problems)
		}
		found := c.code == ""
		for _, p := range got.Upload.Problems {
			found = found || p.Code == c.code
		}
		if !found {
			t.Errorf("%s: %+v", name, got.Upload.Problems)
		}
		if err := o.inbox.Approve(t.Context(), "chief", id, named(got)); !errors.Is(err, catalog.ErrState) {
			t.Errorf("%s: it is approved: %v", name, err)
		}
	}
	for _, plan := range []string{"", "plan: v2", "plan: v1\ncolumns: {xa: {do: keep}}\nsurprise: 1", "plan: v1\ndataset: khac\ncolumns: {xa: {do: keep}}"} {
		if err := o.inbox.Decide(t.Context(), "officer", id, []byte(plan)); !errors.Is(err, catalog.ErrPlan) {
			t.Errorf("%q: %v", plan, err)
		}
	}
	for _, answers := range []map[string]string{nil, {"0": "y/d/m"}, {"7": "d/m/y"}, {"x": "d/m/y"}} {
		if err := o.inbox.Answer(t.Context(), "officer", id, answers); !errors.Is(err, catalog.ErrPlan) {
			t.Errorf("%v: %v", answers, err)
		}
	}
	for _, reason := range []string{"", "hãy bỏ 0912345678 đi"} {
		if err := o.inbox.SendBack(t.Context(), "officer", id, reason); !errors.Is(err, catalog.ErrPlan) {
			t.Errorf("%q: %v", reason, err)
		}
	}
	if err := o.inbox.SendBack(t.Context(), "officer", id, "Cột ngày sinh ghi nhầm năm"); err != nil {
		t.Fatal(err)
	}
	if r := o.work(t, id); r.Upload.State != catalog.StateRefused || r.Upload.Problems[0].Detail != "Cột ngày sinh ghi nhầm năm" {
		t.Errorf("%+v", r.Upload)
	}
}

// A preview lives in memory: when the process began anew, it is made again.
func TestPreviewIsMadeAgain(t *testing.T) {
	o := newOffice(t)
	r := ready(t, o)
	o.inbox.previews = previews{}
	if _, err := o.inbox.Preview(t.Context(), r.Upload.ID); !errors.Is(err, catalog.ErrNotFound) {
		t.Fatal(err)
	}
	if err := o.inbox.Rehearse(t.Context(), r.Upload.ID); err != nil {
		t.Fatal(err)
	}
	again := o.work(t, r.Upload.ID)
	p, err := o.inbox.Preview(t.Context(), r.Upload.ID)
	if err != nil || len(p[0].Rows()) == 0 || again.Preview != r.Preview || again.PlanHash != r.PlanHash {
		t.Errorf("%v: %+v", err, again)
	}
}

// In a file without a header line the header is a person: it is nowhere in what
// is told, and the answer mends it.
func TestHeldHeader(t *testing.T) {
	o := newOffice(t)
	d, err := o.describe("khong-dau")
	if err != nil {
		t.Fatal(err)
	}
	_, rows, _ := strings.Cut(births(), "\n")
	u := o.publish(t, catalog.NewUpload{Dataset: d.ID, Plan: []byte("auto"), FileName: "Trần Thị Hoa 025226100107.csv"}, rows)
	r := o.review(t, u.ID)
	text := fmt.Sprintf("%+v %s", r, r.Proposal)
	for _, value := range []string{"025226100100", "025226100107", "Trần Thị Hoaa"} {
		if strings.Contains(text, value) {
			t.Errorf("a value is told: %s", text)
		}
	}
	if u.State != catalog.StateWaiting || len(r.Questions) == 0 {
		t.Fatalf("%s %+v", u.State, r.Questions)
	}
	answers := map[string]string{}
	for i, q := range r.Questions {
		if q.Code == "header-held" || q.Code == "no-header" {
			answers[fmt.Sprint(i)] = "none"
		}
	}
	if err := o.inbox.Answer(t.Context(), "officer", u.ID, answers); err != nil {
		t.Fatal(err)
	}
	if r = o.work(t, u.ID); r.Proposal == "" || r.Tables[0].Rows != 40 {
		t.Errorf("%d rows, proposal %q, questions %+v", r.Tables[0].Rows, r.Proposal, r.Questions)
	}
}

// A dataset with a plan asks only about what is new: the rest stays as decided.
func TestNewColumnIsAskedOnce(t *testing.T) {
	o := newOffice(t)
	d, err := o.describe("tram")
	if err != nil {
		t.Fatal(err)
	}
	const plan = "plan: v1\nread: {columns: {ngay: {type: date, format: d/m/y}}}\ncolumns:\n  Mã trạm: {do: keep}\n  ngay: {do: generalise, to: month}\ndecided: {by: x, at: 2026-01-01}\n"
	if u := o.publish(t, catalog.NewUpload{Dataset: d.ID, Plan: []byte(plan), FileName: "1.csv"}, "Mã trạm,ngay\nT1,01/02/2026\nT2,03/04/2026\n"); u.State != catalog.StatePublished {
		t.Fatalf("%s %v", u.State, u.Problems)
	}
	u := o.publish(t, catalog.NewUpload{Dataset: d.ID, FileName: "2.csv"}, "Mã trạm,ngay,cao\nT1,01/02/2026,5\nT2,03/04/2026,6\n")
	r := o.review(t, u.ID)
	why := []privacy.Because{r.Tables[0].Columns[0].Why, r.Tables[0].Columns[1].Why, r.Tables[0].Columns[2].Why}
	if diff := cmp.Diff([]privacy.Because{privacy.BecauseDecided, privacy.BecauseDecided, privacy.BecauseNothing}, why); u.State != catalog.StateWaiting || diff != "" {
		t.Fatalf("%s %s", u.State, diff)
	}
	if len(r.Questions) != 0 || !strings.Contains(r.Proposal, "to: month") || !strings.Contains(r.Proposal, "format: d/m/y") || strings.Contains(r.Proposal, "decided") {
		t.Fatalf("%+v\n%s", r.Questions, r.Proposal)
	}
	if err := o.inbox.Decide(t.Context(), "officer", u.ID, []byte(r.Proposal)); err != nil {
		t.Fatal(err)
	}
	r = o.work(t, u.ID)
	if err := o.inbox.Approve(t.Context(), "test", u.ID, named(r)); err != nil { // nothing was found: its sender may
		t.Fatal(err)
	}
	if r = o.work(t, u.ID); r.Upload.State != catalog.StatePublished || r.Upload.Release != 2 {
		t.Errorf("%s %v", r.Upload.State, r.Upload.Problems)
	}
	if u := o.publish(t, catalog.NewUpload{Dataset: d.ID, FileName: "3.csv"}, "Mã trạm,ngay,cao\nT1,01/02/2026,7\n"); u.State != catalog.StatePublished {
		t.Errorf("the next file is asked about again: %s %v", u.State, u.Problems)
	}
}
