package difference

import (
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"

	"daylight/datasets"
)

// Columns is what became different in the columns of a table.
type Columns struct {
	Added   []datasets.Column // in the order of the later table
	Removed []datasets.Column // in the order of the earlier one
	Renamed []Pair            // another key or another label
	Retyped []Pair            // another type, unit or coordinate system
}

// A Pair is one column in both tables.
type Pair struct{ Before, After datasets.Column }

// Same says that nothing is different.
func (c Columns) Same() bool {
	return len(c.Added)+len(c.Removed)+len(c.Renamed)+len(c.Retyped) == 0
}

// CompareColumns matches columns by key, which stays with a column for ever;
// those that are left by their label.
func CompareColumns(before, after []datasets.Column) Columns {
	var out Columns
	from := match(before, after)
	for j, c := range after {
		if from[j] < 0 {
			out.Added = append(out.Added, c)
			continue
		}
		was := before[from[j]]
		if was.Key != c.Key || was.Label != c.Label {
			out.Renamed = append(out.Renamed, Pair{was, c})
		}
		if was.Type != c.Type || was.Unit != c.Unit || was.CRS != c.CRS {
			out.Retyped = append(out.Retyped, Pair{was, c})
		}
	}
	for i, c := range before {
		if !slices.Contains(from, i) {
			out.Removed = append(out.Removed, c)
		}
	}
	return out
}

// match gives for each later column the place of the earlier one; -1: none.
func match(before, after []datasets.Column) []int {
	from := make([]int, len(after))
	taken := make([]bool, len(before))
	by := func(name func(datasets.Column) string) {
		for j, c := range after {
			for i, was := range before {
				if from[j] < 0 && !taken[i] && name(c) != "" && name(c) == name(was) {
					from[j], taken[i] = i, true
				}
			}
		}
	}
	for j := range from {
		from[j] = -1
	}
	by(func(c datasets.Column) string { return c.Key })
	by(func(c datasets.Column) string {
		return strings.Join(strings.Fields(strings.ToLower(norm.NFC.String(c.Label))), " ")
	})
	return from
}
