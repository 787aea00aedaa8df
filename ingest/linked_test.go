package ingest

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Tables are linked where the values of a key are shared, whatever the columns
// are called, and through other tables too.
func TestLinkedTables(t *testing.T) {
	type rows []map[string]any
	many := func(n int, make func(i int) map[string]any) rows {
		var out rows
		for i := range n {
			out = append(out, make(i))
		}
		return out
	}
	for _, c := range []struct {
		name   string
		tables []rows
		want   []int
	}{
		{"a number under another name", []rows{
			many(20, func(i int) map[string]any { return map[string]any{"ma": fmt.Sprintf("A%03d", i)} }),
			many(20, func(i int) map[string]any { return map[string]any{"ref": fmt.Sprintf("A%03d", i%7), "x": i % 3} }),
			many(20, func(i int) map[string]any { return map[string]any{"k": fmt.Sprintf("B%03d", i)} })}, []int{0, 0, 2}},
		{"through a third", []rows{
			many(9, func(i int) map[string]any { return map[string]any{"a": fmt.Sprintf("A%d", i)} }),
			many(9, func(i int) map[string]any { return map[string]any{"b": fmt.Sprintf("B%d", i)} }),
			many(9, func(i int) map[string]any {
				return map[string]any{"x": fmt.Sprintf("A%d", i), "y": fmt.Sprintf("B%d", i)}
			})}, []int{1, 1, 1}},
		{"the same few words are no key", []rows{
			many(20, func(i int) map[string]any { return map[string]any{"loai": []string{"xã", "phường"}[i%2]} }),
			many(20, func(i int) map[string]any { return map[string]any{"loai": []string{"xã", "phường"}[i%2]} })}, []int{0, 1}},
		{"more values than are kept", []rows{
			many(30_000, func(i int) map[string]any { return map[string]any{"a": fmt.Sprintf("A%d", i)} }),
			many(20_000, func(i int) map[string]any { return map[string]any{"b": fmt.Sprintf("A%d", i)} }),
			many(20_000, func(i int) map[string]any { return map[string]any{"c": fmt.Sprintf("C%d", i)} })}, []int{0, 0, 2}},
	} {
		file := map[string]rows{}
		for i, r := range c.tables {
			file[fmt.Sprintf("t%d", i)] = r
		}
		text, err := json.Marshal(file)
		if err != nil {
			t.Fatal(err)
		}
		checked, err := Check(t.Context(), fileWith(t, string(text)), "x.json", CheckOptions{Now: testDay})
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(c.want, checked.groups); d != "" {
			t.Errorf("%s: %s", c.name, d)
		}
		checked.Close()
	}
}
