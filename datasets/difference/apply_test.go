package difference

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"strings"
	"testing"
)

// What is told is the whole truth: the earlier table with its difference
// applied is the later one, in the columns that both have, by key and without.
func TestApplied(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 5))
		applied(t, r, 1+r.IntN(40), r.IntN(2) == 0)
	}
	// more than a part, and more than the buffers of a spill
	applied(t, rand.New(rand.NewPCG(1, 5)), 300_000, true)
	applied(t, rand.New(rand.NewPCG(2, 5)), 300_000, false)
}

func applied(t *testing.T, r *rand.Rand, n int, keyed bool) {
	t.Helper()
	before, after := tables(r, n, keyed)
	was, is := sideOf(t, before), sideOf(t, after)
	d, err := Compare(t.Context(), was, is, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if keyed != (d.Counts.By == ByKey) {
		t.Fatalf("matched by %s", d.Counts.By)
	}
	have := rowsOf(t, was, d, true)
	var told Counts
	for row, err := range d.Rows(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		switch row.Kind {
		case RowAdded:
			have[d.line(row.After, false)] += row.N
			told.Added += row.N
		case RowRemoved:
			have[d.line(row.Before, true)] -= row.N
			told.Removed += row.N
		case RowChanged:
			have[d.line(row.Before, true)]--
			have[d.line(row.After, false)]++
			told.Changed++
			if len(row.Changed) == 0 {
				t.Fatal("a row changed in no column")
			}
		}
	}
	for line, n := range have {
		if n == 0 {
			delete(have, line)
		}
	}
	want := rowsOf(t, is, d, false)
	if !maps.Equal(have, want) {
		t.Fatalf("applied, %d different rows, want %d\nbefore\n%.500s\nafter\n%.500s", len(have), len(want), before, after)
	}
	c := d.Counts
	if told.Added != c.Added || told.Removed != c.Removed || told.Changed != c.Changed {
		t.Errorf("rows come to %+v, counts say %+v", told, c)
	}
	if c.Unchanged+c.Changed+c.Removed != was.Info.Rows || c.Unchanged+c.Changed+c.Added != is.Info.Rows {
		t.Errorf("%+v does not add up to %d and %d rows", c, was.Info.Rows, is.Info.Rows)
	}
}

// tables makes a table and what became of it: rows went, came, changed and
// moved, a column went and another came. Without a key rows repeat themselves.
func tables(r *rand.Rand, n int, keyed bool) (before, after string) {
	star := ""
	if keyed {
		star = "*"
	}
	word := func() string {
		return []string{"", `""`, "Bến Sông", `"a,b"`, "x", "y", `"z ""z"""`}[r.IntN(7)]
	}
	number := func() string { return []string{"", "0", "1", "-7"}[r.IntN(4)] }
	var a, b []string
	for i := range n {
		key := fmt.Sprint(i)
		if !keyed {
			key = fmt.Sprint(r.IntN(3))
		}
		row := []string{key, word(), number(), number()}
		fate := r.IntN(10)
		if fate > 0 {
			a = append(a, strings.Join(row, ",")+","+word())
		}
		if fate == 1 {
			continue
		}
		if fate == 2 {
			row[1+r.IntN(3)] = "5"
		}
		b = append(b, number()+","+strings.Join(row, ","))
	}
	r.Shuffle(len(b), func(i, j int) { b[i], b[j] = b[j], b[i] })
	return star + "k,w,i:integer,d:decimal,gone\n" + strings.Join(append(a, ""), "\n"),
		"new:integer," + star + "k,w,i:integer,d:decimal1\n" + strings.Join(append(b, ""), "\n")
}

// line is a row in the columns that both tables have.
func (d *Difference) line(cells []Cell, before bool) string {
	var out strings.Builder
	for _, c := range d.common {
		at := c.after
		if before {
			at = c.before
		}
		text := cells[at].Text
		if c.number {
			text = string(value([]byte(text)))
		}
		fmt.Fprintf(&out, "%q/%v,", text, cells[at].Null)
	}
	return out.String()
}

func rowsOf(t *testing.T, s Side, d *Difference, before bool) map[string]int64 {
	t.Helper()
	rows, err := s.Rows.Rows(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Release()
	out := map[string]int64{}
	for rows.Next() {
		for row := range int(rows.Record().NumRows()) {
			out[d.line(cellsOf(rows.Record(), row), before)]++
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}
