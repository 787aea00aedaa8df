package privacy

import (
	"context"
	"errors"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

const stopsPlan = `plan: v1
columns:
  tuyen: {do: keep}
  so_ghe: {do: keep}
  lich: {do: generalise, to: year}
  ghi_chu: {do: redact, kinds: [phone_vn], class: text}
unit: {aggregate: true, reason: buses}
decided: {by: test, at: 2026-01-01}
`

// stops is a table of bus lines with a telephone number among its notes.
const stops = `tuyen,so_ghe,lich,ghi_chu
Tuyến 1,40,2024-05-01,gọi 0912345678
Tuyến 2,60,2024-06-01,
Tuyến 3,50,2025-07-01,thứ hai
`

// given applies the plan, through a change of what was resolved, and gives what
// came out as a table that can be read back.
func given(t *testing.T, change func(*resolved)) (*Cleared, *sheet) {
	t.Helper()
	plans, err := ParsePlans([]byte(stopsPlan))
	if err != nil {
		t.Fatal(err)
	}
	r, err := plans[0].With(in2026).resolve(t.Context(), sheetOf(t, memory.NewGoAllocator(), []byte(stops), nil, 2), false)
	if err != nil {
		t.Fatal(err)
	}
	change(r)
	c, err := r.clear(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	out := &sheet{schema: c.Schema()}
	if err := read(t.Context(), c.Rows(), func(rec arrow.Record) {
		rec.Retain()
		out.recs = append(out.recs, rec)
	}); err != nil {
		t.Fatal(err)
	}
	return c, out
}

// What is taken over from the examination is what a scan of all that was
// written finds, and only columns that left as they came are taken over.
func TestRescanTakesOver(t *testing.T) {
	c, out := given(t, func(*resolved) {})
	written, err := c.written(out)
	if err != nil {
		t.Fatal(err)
	}
	r := c.released([]*source{written})
	if got := r.scan.from; !cmp.Equal(got, []int{2, 3}) {
		t.Errorf("columns %v were scanned anew, want those that a treatment touched", got)
	}
	if _, err := gateSame(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	got, err := r.scan.profile(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want, err := Rescan(context.Background(), out, in2026)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(ColumnProfile{}, "Type")); diff != "" {
		t.Errorf("-scan of all, +with what was taken over\n%s", diff)
	}
}

// A treatment that leaves a number where it stood is caught, although the
// column then holds the very cells of the file.
func TestRescanCatchesTreatments(t *testing.T) {
	if c, out := given(t, func(*resolved) {}); c.Check(t.Context(), []Table{out}) != nil {
		t.Fatal("the gates refuse what was redacted")
	}
	for name, lazy := range map[string]ColumnFunc{
		"nothing done": func(a arrow.Array) (arrow.Array, Effect, error) { a.Retain(); return a, Effect{}, nil },
		"another text": eachText(func(dst []byte, a arrow.Array, i int) ([]byte, bool, bool, error) {
			return append(AppendCell(dst, a, i), '!'), true, false, nil
		}),
	} {
		c, out := given(t, func(r *resolved) { r.columns[3].steps = []ColumnFunc{lazy} })
		if err := c.Check(t.Context(), []Table{out}); !errors.Is(err, ErrRefused) || c.Checked() {
			t.Errorf("%s: %v", name, err)
		}
	}
}
