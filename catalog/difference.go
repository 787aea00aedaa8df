package catalog

import (
	"slices"

	"daylight/datasets"
	"daylight/datasets/difference"
)

// A Difference is what became different between two releases of a dataset, in
// its tables and columns and in how many rows they hold. Which rows changed, it
// does not tell.
type Difference struct {
	From, To   int // releases
	RowsBefore int64
	RowsAfter  int64
	Tables     []TableDifference // those that differ; in the order of the later release, removed ones last
}

// Same says that tables, columns and counts are alike.
func (d Difference) Same() bool { return len(d.Tables) == 0 }

// A TableDifference is about one table. Of a table that came or went, columns
// are not listed.
type TableDifference struct {
	Name       string
	Came, Went bool
	RowsBefore int64
	RowsAfter  int64
	Columns    difference.Columns
}

// Compare tells what became different from one release to another; both must
// have their tables.
func Compare(before, after *Release) Difference {
	d := Difference{From: before.N, To: after.N, RowsBefore: before.Rows, RowsAfter: after.Rows}
	for _, t := range after.Tables {
		was := slices.IndexFunc(before.Tables, func(o datasets.TableInfo) bool { return o.Name == t.Name })
		if was < 0 {
			d.Tables = append(d.Tables, TableDifference{Name: t.Name, Came: true, RowsAfter: t.Rows})
			continue
		}
		if one, differs := compareTables(before.Tables[was], t); differs {
			d.Tables = append(d.Tables, one)
		}
	}
	for _, t := range before.Tables {
		if !slices.ContainsFunc(after.Tables, func(n datasets.TableInfo) bool { return n.Name == t.Name }) {
			d.Tables = append(d.Tables, TableDifference{Name: t.Name, Went: true, RowsBefore: t.Rows})
		}
	}
	return d
}

func compareTables(before, after datasets.TableInfo) (d TableDifference, differs bool) {
	d = TableDifference{Name: after.Name, RowsBefore: before.Rows, RowsAfter: after.Rows, Columns: difference.CompareColumns(before.Columns, after.Columns)}
	return d, d.RowsBefore != d.RowsAfter || !d.Columns.Same()
}
