package catalog

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"daylight/datasets"
	"daylight/datasets/difference"
)

func TestCompare(t *testing.T) {
	column := func(key, typ string) datasets.Column { return datasets.Column{Key: key, Type: typ} }
	before := &Release{N: 2, Rows: 15, Tables: []datasets.TableInfo{
		{Name: "beds", Rows: 12, Columns: []datasets.Column{column("code", "text"), column("beds", "integer"), column("old", "text")}},
		{Name: "same", Rows: 2, Columns: []datasets.Column{column("a", "text")}},
		{Name: "gone", Rows: 1, Columns: []datasets.Column{column("x", "text")}},
	}}
	after := &Release{N: 3, Rows: 21, Tables: []datasets.TableInfo{
		{Name: "beds", Rows: 14, Columns: []datasets.Column{column("code", "text"), column("beds", "decimal"), column("icu", "integer")}},
		{Name: "same", Rows: 2, Columns: []datasets.Column{column("a", "text")}},
		{Name: "new", Rows: 5, Columns: []datasets.Column{column("y", "text")}},
	}}
	want := Difference{From: 2, To: 3, RowsBefore: 15, RowsAfter: 21, Tables: []TableDifference{
		{Name: "beds", RowsBefore: 12, RowsAfter: 14, Columns: difference.Columns{Added: []datasets.Column{column("icu", "integer")}, Removed: []datasets.Column{column("old", "text")},
			Retyped: []difference.Pair{{Before: column("beds", "integer"), After: column("beds", "decimal")}}}},
		{Name: "new", Came: true, RowsAfter: 5},
		{Name: "gone", Went: true, RowsBefore: 1},
	}}
	if diff := cmp.Diff(want, Compare(before, after)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if d := Compare(before, before); !d.Same() {
		t.Errorf("a release differs from itself: %+v", d)
	}
}
