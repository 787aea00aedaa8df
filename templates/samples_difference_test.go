package templates

func richDifference(lang string) DifferencePage {
	d := richDataset(lang)
	columns := []Column{{Key: "ma_co_so", Label: T("Mã cơ sở")}, {Key: "giuong", Label: Text{"Giường thực kê", other(lang, "vi")}}, {Key: "ten", Label: Text{hostile, other(lang, "vi")}}}
	cell := func(s string) Cell { return Cell{Text: s, Null: s == ""} }
	return DifferencePage{
		Site: testSite("/datasets/khai-sinh/diff", NavDatasets), Slug: "khai-sinh", Title: d.Title, Versions: d.Versions,
		From: Version{N: 1, Date: day(2026, 10, 21), URL: Path(lang, "/datasets/khai-sinh/v/1")}, To: d.Versions[0],
		Tables: []FacetValue{{Value: "giuong", Chosen: true}, {Value: "nhan-luc"}},
		Came:   []TableChange{{Name: "moi", After: 3}}, Went: []TableChange{{Name: "cu", Before: 4}}, API: "/api/v1/datasets/khai-sinh/diff?from=1&to=2",
		Table: &TableDifference{
			Name: "giuong", Key: []string{"ma_co_so"}, Unchanged: 20, Added: 7, Removed: 1, Changed: 2,
			Schema:      ColumnChanges{Added: columns[1:2], Removed: columns[2:], Renamed: []ColumnPair{{columns[0], columns[1]}}, Retyped: []ColumnPair{{columns[1], columns[1]}}},
			Columns:     columns,
			ChangedRows: []ChangedRow{{{Is: cell("025001")}, {cell("616"), cell("620"), true}, {Is: cell(hostile)}}, {{Is: cell("025002")}, {cell(""), cell("12"), true}, {cell("a"), cell(hostile), true}}},
			AddedIn:     columns, AddedRows: []CountedRow{{7, []Cell{cell("025009"), cell("1"), cell(hostile)}}},
			RemovedIn: columns, RemovedRows: []CountedRow{{1, []Cell{cell("025004"), cell(""), cell("b")}}},
			Files: []File{{Format: "CSV", MediaType: "text/csv", URL: "/datasets/khai-sinh/diff.csv?from=1&to=2&table=giuong"}},
		},
	}
}

// plainDifference compares nothing, for this reason; "": nothing differs.
func plainDifference(lang, why string) DifferencePage {
	d := richDifference(lang)
	d.Tables, d.Came, d.Went, d.Table, d.Why = nil, nil, nil, nil, why
	switch why {
	case "one-version":
		d.From, d.Versions = Version{}, d.Versions[:1]
	case "":
		d.Table = &TableDifference{Name: "data", Repeated: 3, Unchanged: 12}
	}
	return d
}
