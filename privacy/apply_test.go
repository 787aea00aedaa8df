package privacy

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
)

// TestApply runs testdata/apply: the file that came in, the plan, and what
// must come out (want.csv) or why nothing does (want-error: a code and the
// column as it is shown, a line each). want-report holds figures of the report.
func TestApply(t *testing.T) {
	files, err := filepath.Glob("testdata/apply/*.txtar")
	if err != nil || len(files) < 40 {
		t.Fatalf("%d cases: %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, batch := range []int{1, 1000} { // how rows are cut must not matter
				got := applyCase(t, a, batch)
				for _, name := range []string{"want.csv", "want-error", "want-report"} {
					want := string(member(a, name))
					if name == "want-report" && want == "" {
						continue
					}
					if diff := cmp.Diff(want, got[name]); diff != "" {
						t.Errorf("rows a batch %d: %s (-want +got):\n%s", batch, name, diff)
					}
				}
			}
		})
	}
}

func applyCase(t *testing.T, a *txtar.Archive, batch int) (got map[string]string) {
	t.Helper()
	s, types, auto := settingOf(t, a)
	mem := memory.NewCheckedAllocator(memory.NewGoAllocator())
	defer mem.AssertSize(t, 0) // nothing of what came in is held on to
	in := sheetOf(t, mem, member(a, "in.csv"), types, batch)
	defer in.release()

	got = map[string]string{}
	refuse := func(err error) map[string]string {
		got["want-error"] = shownProblems(t, err, in)
		return got
	}
	var plan Plan
	if auto {
		profile, err := Examine(t.Context(), in, s)
		if err != nil {
			t.Fatal(err)
		}
		var list []Problem
		if plan, list = Auto(profile, in.schema, s.Now); len(list) > 0 {
			return refuse(&Problems{List: list})
		}
	} else {
		plans, err := ParsePlans(member(a, "plan.yaml"))
		if err != nil {
			return refuse(err)
		}
		plan = plans[0]
	}
	c, err := plan.With(s).Apply(t.Context(), in)
	if err != nil {
		return refuse(err)
	}
	out, err := readAll(c)
	if err != nil {
		return refuse(err)
	}
	defer out.release()
	text := textSheet(out.schema, out.recs)
	if err := c.Check(t.Context(), []Table{text, out}); err != nil {
		return refuse(err)
	}
	if !c.Checked() {
		t.Error("Check gave nil, and Checked says no")
	}
	r := c.Report()
	if r.RowsOut+r.RowsRemoved != r.RowsIn {
		t.Errorf("%d rows in, %d out, %d removed", r.RowsIn, r.RowsOut, r.RowsRemoved)
	}
	got["want.csv"] = csvOf(out.schema, out.recs)
	got["want-report"] = shownReport(r, string(member(a, "want-report")))
	return got
}

// shownProblems writes problems as the test files do, and makes sure that
// neither an error nor its sentences hold a cell of the file.
func shownProblems(t *testing.T, err error, in *sheet) string {
	t.Helper()
	var p *Problems
	if !errors.As(err, &p) {
		t.Fatalf("not *Problems: %v", err)
	}
	if !errors.Is(err, ErrUndecided) && !errors.Is(err, ErrRefused) {
		t.Errorf("neither undecided nor refused: %v", err)
	}
	var b strings.Builder
	all := err.Error()
	for _, q := range p.List {
		fmt.Fprintln(&b, strings.Join(strings.Fields(strings.Join([]string{q.Code, q.Column, rowText(q.Row), lineText(q)}, " ")), " "))
		all += "\n" + q.Detail + "\n" + q.Column
	}
	for _, rec := range in.recs {
		for _, c := range rec.Columns() {
			for row := range c.Len() {
				if v := string(AppendCell(nil, c, row)); len(v) > 4 && strings.Contains(all, v) {
					t.Errorf("the error holds the value of a cell: %s", v)
				}
			}
		}
	}
	return b.String()
}

func rowText(row int64) string {
	if row == 0 {
		return ""
	}
	return fmt.Sprintf("row %d", row)
}

// lineText is the place in the plan that the sentence begins with.
func lineText(q Problem) string {
	if !strings.HasPrefix(q.Detail, "line ") {
		return ""
	}
	line, _, _ := strings.Cut(q.Detail, ",")
	line, _, _ = strings.Cut(line, ":")
	return line
}

// shownReport gives the lines of want-report as they came out.
func shownReport(r Report, want string) string {
	var b strings.Builder
	for line := range strings.Lines(want) {
		word := strings.Fields(line)[0]
		switch word {
		case "removed":
			fmt.Fprintln(&b, word, r.RowsRemoved)
		case "suppressed":
			fmt.Fprintln(&b, word, r.RowsSuppressed)
		case "classes":
			fmt.Fprintln(&b, word, r.Model.Classes)
		case "risk":
			fmt.Fprintf(&b, "%s %.3f\n", word, r.Risk.Maximum)
		case "changed":
			for _, c := range r.Columns {
				fmt.Fprintln(&b, word, c.Name, c.Cells, "unknown", c.Unknown)
			}
		case "left":
			for _, c := range r.LeftOut {
				fmt.Fprintln(&b, word, c.Name, c.Reason)
			}
		default:
			fmt.Fprintln(&b, "no figure", word)
		}
	}
	// lines that list several are wanted once
	seen, out := map[string]bool{}, ""
	for line := range strings.Lines(b.String()) {
		if !seen[line] {
			seen[line], out = true, out+line
		}
	}
	return out
}
