package privacy

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"golang.org/x/tools/txtar"
)

// TestPropose runs testdata/propose: the file that came in, why each column is
// proposed to be treated as it is, the plan as it is written, and what it
// publishes once somebody has decided on it.
func TestPropose(t *testing.T) {
	files, err := filepath.Glob("testdata/propose/*.txtar")
	if err != nil || len(files) < 4 {
		t.Fatalf("%d cases: %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			s, types, _ := settingOf(t, a)
			in := sheetOf(t, memory.DefaultAllocator, member(a, "in.csv"), types, 1000)
			defer in.release()
			profile, err := Examine(t.Context(), in, s)
			if err != nil {
				t.Fatal(err)
			}
			plan, why := Propose(profile, in.schema, s.Now)
			var words strings.Builder
			for _, p := range why {
				fmt.Fprintln(&words, in.schema.Field(p.Column).Name, p.Why)
			}
			text, err := MarshalPlans([]Plan{plan})
			if err != nil {
				t.Fatal(err)
			}
			back, err := ParsePlans(text)
			if err != nil || back[0].Hash() != plan.Hash() {
				t.Fatalf("the plan does not come back: %v\n%s", err, text)
			}
			if _, err := back[0].With(s).Apply(t.Context(), in); err == nil {
				t.Fatal("a proposal that nobody has decided clears something")
			}
			preview, err := back[0].With(s).Preview(t.Context(), in, 0, 100)
			if err != nil {
				t.Fatalf("preview: %v", err)
			}
			back[0].Decided = Decided{By: "Sở thử nghiệm", At: s.Now}
			s.Agreed = &Agreed{Digest: preview.Digest()}
			c, err := back[0].With(s).Apply(t.Context(), in)
			if err != nil {
				t.Fatal(err)
			}
			out, err := readAll(c)
			if err != nil {
				t.Fatal(err)
			}
			defer out.release()
			if err := c.Check(t.Context(), []Table{out}); err != nil {
				t.Fatal(err)
			}
			got := map[string]string{"want": words.String(), "want.yaml": string(text), "want.csv": csvOf(out.schema, out.recs)}
			for _, name := range []string{"want", "want.yaml", "want.csv"} {
				if diff := cmp.Diff(string(member(a, name)), got[name]); diff != "" {
					t.Errorf("%s (-want +got):\n%s\n%s", name, diff, got[name])
				}
			}
			if rows := preview.Rows(); len(rows) != int(c.Report().RowsOut) {
				t.Errorf("%d rows in the preview, %d published", len(rows), c.Report().RowsOut)
			}
		})
	}
}

// What is published must be what was approved: another cell, a row more, an
// empty agreement, and nothing is cleared.
func TestAgreed(t *testing.T) {
	const plan = "plan: v1\ncolumns: {tram: {do: keep}, gia: {do: keep}}\ndecided: {by: x, at: 2026-01-01}\n"
	plans, err := ParsePlans([]byte(plan))
	if err != nil {
		t.Fatal(err)
	}
	s := Setting{Now: time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)}
	digest := func(csv string, batch int) string {
		in := sheetOf(t, memory.DefaultAllocator, []byte(csv), nil, batch)
		defer in.release()
		p, err := plans[0].With(s).Preview(t.Context(), in, 0, 1)
		if err != nil {
			t.Fatal(err)
		}
		return p.Digest()
	}
	const csv = "tram,gia\nA,1\nB,2\nC,\n"
	agreed := digest(csv, 1000)
	if digest(csv, 1) != agreed {
		t.Error("how rows are cut changes the digest")
	}
	for _, other := range []string{"tram,gia\nA,1\nB,3\nC,\n", "tram,gia\nB,2\nA,1\nC,\n", "tram,gia\nA,1\nB,2\nC,\nD,4\n", "tram,gia\nA1,\nB,2\nC,\n"} {
		if digest(other, 1000) == agreed {
			t.Errorf("another table has the same digest: %q", other)
		}
	}
	for name, c := range map[string]struct {
		agreed *Agreed
		ok     bool
	}{
		"nobody was asked": {nil, true}, "agreed": {&Agreed{Digest: agreed}, true},
		"other rows": {&Agreed{Digest: digest("tram,gia\nA,1\n", 10)}, false}, "nothing": {&Agreed{}, false},
	} {
		in := sheetOf(t, memory.DefaultAllocator, []byte(csv), nil, 10)
		s := s
		s.Agreed = c.agreed
		cleared, err := plans[0].With(s).Apply(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		out, err := readAll(cleared)
		if err != nil {
			t.Fatal(err)
		}
		if err := cleared.Check(t.Context(), []Table{out}); (err == nil) != c.ok || cleared.Checked() != c.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
	two := plans[0]
	two.Approve.TwoPerson = true
	for _, second := range []bool{false, true} {
		in := sheetOf(t, memory.DefaultAllocator, []byte(csv), nil, 10)
		s := s
		s.Agreed = &Agreed{Digest: agreed, Second: second}
		if _, err := two.With(s).Apply(t.Context(), in); (err == nil) != second {
			t.Errorf("two persons wanted, second %v: %v", second, err)
		}
	}
}

// What was sent is masked: in a column of few values neither a length nor a
// mark nor an ending tells which one a cell holds.
func TestMaskedRows(t *testing.T) {
	const csv = "ho_ten,cccd,ghi_chu,ngay\nTrần Thị Hoa,025226000101,ốm,12/05/2019\nLê,1234567,Nữ ✓,1\n"
	in := sheetOf(t, memory.DefaultAllocator, []byte(csv), nil, 10)
	defer in.release()
	plans, err := ParsePlans([]byte("plan: v1\ncolumns: {ho_ten: {do: drop}, cccd: {do: drop}, ghi_chu: {do: keep}, ngay: {do: drop}}\nunit: {aggregate: true, reason: x}\n"))
	if err != nil {
		t.Fatal(err)
	}
	p, err := plans[0].With(Setting{}).Preview(t.Context(), in, 0, 10)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, row := range p.Before() {
		for _, c := range row {
			got = append(got, c.Text)
		}
	}
	want := []string{"••• ••• •••", "•••01", "•••", "•••", "•••", "•••", "••• •••", "•••"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if !slices.Equal(p.Columns(), []string{"ghi_chu"}) || len(p.Sent()) != 4 {
		t.Errorf("%v of %v", p.Columns(), p.Sent())
	}
}

// Any plan that can be decided is written so that it comes back as it was.
func TestPlansComeBack(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 14))
	pick := func(of ...string) string { return of[r.IntN(len(of))] }
	names := []string{"a", "Số định danh", "yes", "1", "null", "~", "a: b", "- x", "#", "ngày \"sinh\"", "'", "{}", "x\ty", "0x1", "1e3", "2026-01-01", "=", "<<"}
	steps := func() []Step {
		switch r.IntN(8) {
		case 0:
			return []Step{{Do: "keep"}}
		case 1:
			return []Step{{Do: "drop"}}
		case 2:
			return []Step{{Do: "redact", Args: Args{"kinds": []any{"cccd", "email"}}}}
		case 3:
			return []Step{{Do: "generalise", Args: Args{"to": pick("year", "quarter", "month")}}, {Do: "top_code", Args: Args{"age": int64(90)}}}
		case 4:
			return []Step{{Do: "generalise", Args: Args{"bands": []any{int64(0), 1.5, int64(20)}}}}
		case 5:
			return []Step{{Do: "generalise", Args: Args{"width": int64(1 + r.IntN(50))}}}
		case 6:
			return []Step{{Do: "blank", Args: Args{"where": "findings"}}, {Do: "round", Args: Args{"base": 0.5}}}
		}
		return []Step{{Do: "generalise", Args: Args{"hierarchy": pick("vn-admin-2025", "nghe.csv", "no"), "level": int64(2)}}}
	}
	for range 400 {
		var plans []Plan
		for n := range 1 + r.IntN(2) {
			p := Plan{Dataset: "x", Table: fmt.Sprintf("bảng %d", n), Audience: Open}
			if r.IntN(2) == 0 {
				p.Unit = Unit{PersonKey: pick(names...)}
			} else if r.IntN(2) == 0 {
				p.Unit = Unit{Aggregate: true, Reason: pick(names...)}
			}
			for _, i := range r.Perm(len(names))[:1+r.IntN(6)] {
				c := ColumnPlan{Column: plainName(names[i]), Steps: steps(), Class: Class(r.IntN(6)), Optional: r.IntN(3) == 0}
				if r.IntN(3) == 0 {
					c.Reason = strings.TrimSpace(pick(names...))
				}
				if r.IntN(4) == 0 {
					c.Allow, c.Reason = []Kind{"email", "name_vn"}, "văn phòng"
				}
				p.Columns = append(p.Columns, c)
			}
			if r.IntN(2) == 0 {
				p.Model = &Model{Kind: "full-domain", K: 2 + r.IntN(9), L: r.IntN(2) * 3, SuppressMax: float64(r.IntN(100)) / 100, PinLevels: r.IntN(2) == 0}
			}
			if r.IntN(2) == 0 {
				p.Decided = Decided{By: pick(names...), At: time.Date(2026, 1, 1+r.IntN(28), r.IntN(2)*7, 0, 0, 0, time.UTC)}
				p.Approve = Approval{Roles: []string{pick(names...)}, TwoPerson: r.IntN(2) == 0}
				p.Expires = time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
			}
			if r.IntN(3) == 0 {
				p.Schema = `{"fields":[{"constraints":{"maximum":12.5,"required":true},"name":"a","type":"number"}],"missingValues":["","-"],"primaryKey":"a"}`
				p.Breaches = pick("", "số liệu cũ")
			}
			if n == 0 && r.IntN(2) == 0 { // the file is read in one way
				p.Read = &Reading{Delimiter: pick(";", "\t", "|"), HeaderRows: []int{r.IntN(3)}, Locale: pick("vi", "en-US"),
					Columns: map[string]ReadColumn{plainName(pick(names...)): {Type: "date", Format: "d/m/y", Nulls: []string{"-", "null", "n/a"}}}}
			}
			plans = append(plans, p)
		}
		text, err := MarshalPlans(plans)
		if err != nil {
			t.Fatal(err)
		}
		back, err := ParsePlans(text)
		if err != nil {
			t.Fatalf("%v: %v\n%s", err, err.(*Problems).List, text)
		}
		if d := cmp.Diff(plans, back, cmp.AllowUnexported(Plan{}), cmpopts.IgnoreFields(Plan{}, "setting"), cmpopts.EquateEmpty()); d != "" {
			t.Fatalf("%s\n%s", d, text)
		}
	}
}
