package templates

// DifferencePage is "/datasets/{slug}/diff": what differs between two versions.
type DifferencePage struct {
	Site     Site
	Slug     string
	Title    Text
	From, To Version   // From.N is 0 where there is no earlier version
	Versions []Version // that may be chosen, newest first
	// Why nothing is compared: one of DifferenceWhy; "": it is.
	Why    string
	Tables []FacetValue // to choose from, where there are several that both have; Value is the name
	Came   []TableChange
	Went   []TableChange
	Table  *TableDifference // nil: nothing is compared
	API    string           // address of the same for programs
}

// DifferenceWhy are the reasons why nothing is compared.
var DifferenceWhy = []string{"one-version", "same-version", "persons", "no-table", "nothing-common"}

// TableDifference is what differs in one table.
type TableDifference struct {
	Name      string
	Key       []string // by which rows are matched; nil: as a whole
	Repeated  int64    // keys that stand in several rows, for which rows are matched as a whole
	Unchanged int64
	Added     int64
	Removed   int64
	Changed   int64
	Schema    ColumnChanges
	// The first rows of each kind. Columns are those of the tables above them.
	ChangedRows []ChangedRow
	Columns     []Column // of ChangedRows: the key, then those with changes, then the others
	AddedRows   []CountedRow
	AddedIn     []Column
	RemovedRows []CountedRow
	RemovedIn   []Column
	Files       []File // all rows that differ; only Format, URL and MediaType are known
}

// ChangedRow is a row in both versions, cell by cell.
type ChangedRow []ChangedCell

// ChangedCell is a cell before and after; Was is shown where it differs.
type ChangedCell struct {
	Was, Is Cell
	Changed bool
}

// CountedRow is a row that came or went, N times.
type CountedRow struct {
	N     int64
	Cells []Cell
}

// Same says that nothing differs.
func (d TableDifference) Same() bool {
	return d.Added+d.Removed+d.Changed == 0 && d.Schema.Same()
}

// shownRows says how many rows of all are shown.
type shownRows struct{ Shown, All int64 }

func shownIn(list []CountedRow, all int64) shownRows {
	out := shownRows{All: all}
	for _, r := range list {
		out.Shown += r.N
	}
	return out
}
