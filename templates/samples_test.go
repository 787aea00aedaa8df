package templates

import "time"

// The pages of the tests: full ones, empty ones, and hostile ones. All agencies
// and figures are invented.

var testNow = time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)

func testSite(path, nav string) Site {
	return Site{BaseURL: "https://data.example", Path: path, Nav: nav, Now: testNow, Demo: true}
}

func day(y, m, d int) time.Time { return time.Date(y, time.Month(m), d, 3, 0, 0, 0, time.UTC) }

func richCards(lang string) []DatasetCard {
	url := func(slug string) string { return Path(lang, "/datasets/"+slug) }
	agency := func(slug, name string) Link {
		return Link{Text{name, other(lang, "vi")}, Path(lang, "/organizations/"+slug)}
	}
	return []DatasetCard{
		{
			URL: url("khai-sinh"), Title: Text{"Khai sinh theo xã, tháng và giới tính", other(lang, "vi")},
			TitleMarks: []Mark{{"Khai sinh theo ", false}, {"xã", true}, {", tháng và giới tính", false}},
			Summary:    Text{"Số trẻ được đăng ký khai sinh mỗi tháng theo xã, phường. Họ tên và số định danh đã được bỏ; ngày sinh chỉ còn tháng.", other(lang, "vi")},
			Columns:    []Mark{{"xa", true}, {"thang_sinh", false}}, Agency: agency("so-tu-phap", "Sở Tư pháp tỉnh Bình Minh"),
			Theme: Link{T("Dân số và xã hội"), Path(lang, "/datasets?theme=SOCI")}, Place: T("Bình Minh"), Period: "2025–2026",
			Updated: day(2026, 11, 21), Version: 1, Rows: 18204, Formats: []string{"CSV", "Parquet", "Arrow"},
			Freshness: FreshnessOf("MONTHLY", day(2026, 11, 21), testNow), LeftOut: 4, Treated: 2,
		},
		{
			URL: url("khong-khi"), Title: Text{"Chất lượng không khí theo giờ tại trạm quan trắc", other(lang, "vi")},
			Summary: Text{"Bụi mịn PM2.5, PM10 và ôzôn đo mỗi giờ.", other(lang, "vi")}, Agency: agency("so-nnmt", "Sở Nông nghiệp và Môi trường tỉnh Bình Minh"),
			Theme: Link{T("Môi trường"), Path(lang, "/datasets?theme=ENVI")}, Period: "2024–2026",
			Updated: day(2026, 11, 10), Version: 12, Note: Text{"Thêm tuần 46, đính chính 12 dòng của tuần 44", other(lang, "vi")}, Rows: 4210880,
			Formats: []string{"CSV", "Parquet", "Arrow"}, Freshness: FreshnessOf("WEEKLY", day(2026, 11, 10), testNow),
		},
		{
			URL: url("truong-hoc"), Title: Text{"Trường học và tọa độ", other(lang, "vi")},
			Summary: Text{"Tên, cấp học, loại hình và vị trí của mọi trường phổ thông trong tỉnh.", other(lang, "vi")}, Agency: agency("so-gddt", "Sở Giáo dục và Đào tạo tỉnh Bình Minh"),
			Theme: Link{T("Giáo dục"), Path(lang, "/datasets?theme=EDUC")}, Updated: day(2026, 9, 2), Version: 2, Rows: 612,
			Formats: []string{"CSV", "Parquet"}, Freshness: FreshnessOf("ANNUAL", day(2025, 12, 1), testNow),
		},
		{
			URL: url("provinces"), Title: T("34 tỉnh, thành phố sau 01/07/2025"), Summary: T("Mã, tên, diện tích và dân số của các đơn vị cấp tỉnh sau sắp xếp."),
			Agency: agency("thong-ke", "Cục Thống kê"), Updated: day(2025, 7, 1), Version: 1, Rows: 34, Formats: []string{"CSV", "Parquet"},
			Freshness: FreshnessOf("IRREG", day(2025, 7, 1), testNow),
		},
	}
}

// other is the tag of a text that is not in the page's language.
func other(page, text string) string {
	if page == text {
		return ""
	}
	return text
}

func richCounts(lang string) []Count {
	return []Count{
		{T("Dân số và xã hội"), Path(lang, "/datasets?theme=SOCI"), 31},
		{T("Môi trường"), Path(lang, "/datasets?theme=ENVI"), 24},
		{T("Giáo dục, văn hóa và thể thao"), Path(lang, "/datasets?theme=EDUC"), 9},
		{T("Kinh tế và tài chính"), Path(lang, "/datasets?theme=ECON"), 4},
	}
}

func richWeeks() []int {
	weeks := make([]int, 53)
	for i := range weeks {
		weeks[i] = (i*i*7+i*13)%23 - 4
		weeks[i] = max(0, weeks[i])
	}
	weeks[52] = 7
	return weeks
}

func richHome(lang string) HomePage {
	return HomePage{
		Site: testSite("/", ""), Datasets: 1248, Rows: 3_104_553_120, Agencies: 41, Waiting: 3, Weeks: richWeeks(),
		Tries: []Link{{T("dân số"), Path(lang, "/datasets?q=dan+so")}, {T("không khí"), Path(lang, "/datasets?q=khong+khi")}, {T("trường học"), Path(lang, "/datasets?q=truong+hoc")}},
		New:   richCards(lang), Themes: richCounts(lang),
		Events: []Event{{Link{T("Sinh con"), Path(lang, "/datasets?life_event=birth")}, T("Khai sinh, tiêm chủng."), 3}}, EventsURL: Path(lang, "/codes/life-events"),
		TopAgencies: []Count{{T("Sở Tư pháp tỉnh Bình Minh"), Path(lang, "/organizations/so-tu-phap"), 12}, {T("Cục Thống kê"), Path(lang, "/organizations/thong-ke"), 7}},
		SampleSlug:  "khong-khi", SampleFile: "data.csv",
	}
}

func richSearch(lang string) SearchPage {
	return SearchPage{
		Site: Site{BaseURL: "https://data.example", Path: "/datasets", Query: "q=dan+so&theme=SOCI", Nav: NavDatasets, Now: testNow, Demo: true},
		Q:    "dan so", Total: 23, First: 1, Last: 4, Took: 12 * time.Millisecond, Results: richCards(lang),
		Facets: []Facet{
			{"theme", []FacetValue{{"SOCI", T("Dân số và xã hội"), 19, true}, {"ENVI", T("Môi trường"), 3, false}, {"EDUC", T("Giáo dục, văn hóa và thể thao"), 1, false}}},
			{"org", []FacetValue{{"so-tu-phap", T("Sở Tư pháp tỉnh Bình Minh"), 11, false}, {"thong-ke", Text{"Cục Thống kê", other(lang, "vi")}, 7, false}}},
			{"format", []FacetValue{{"csv", T("CSV"), 23, false}, {"parquet", T("Parquet"), 22, false}}},
			{"licence", []FacetValue{{"CC-BY-4.0", T("CC BY 4.0"), 20, false}}},
		},
		Chips:    []Chip{{"theme", T("Dân số và xã hội"), Path(lang, "/datasets?q=dan+so")}},
		ClearURL: Path(lang, "/datasets?q=dan+so"), Sort: SortRelevance, Sorts: []string{SortRelevance, SortUpdated, SortTitle, SortRows},
		Pages: Pager{Next: Path(lang, "/datasets?q=dan+so&page=2"), Items: []PageLink{{1, "", true}, {2, Path(lang, "/datasets?q=dan+so&page=2"), false}, {0, "", false}, {6, Path(lang, "/datasets?q=dan+so&page=6"), false}}},
		Also:  []string{"dân số"}, DidYouMean: &Link{T("dân số"), Path(lang, "/datasets?q=d%C3%A2n+s%E1%BB%91")}, Rebuilding: true,
		JSONURL: "/api/v1/search?q=dan+so",
	}
}

func richDataset(lang string) DatasetPage {
	columns := []Column{
		{Key: "thang_sinh", Label: Text{"Ngày sinh", other(lang, "vi")}, Meaning: Text{"Tháng sinh của trẻ", other(lang, "vi")}, Type: "text", Rows: 18204, Distinct: 23, Min: "2025-01", Max: "2026-11", Bars: []float64{9, 8, 8, 7, 9, 10, 11, 12, 12, 11, 9, 5}, Treatment: "generalise"},
		{Key: "xa", Label: Text{"Xã, phường", other(lang, "vi")}, Type: "text", Rows: 18204, Distinct: 124, Bars: []float64{30, 24, 20, 20, 16, 13, 13, 10, 9, 6, 6, 3}, Frequent: true, Treatment: "keep"},
		{Key: "gioi_tinh", Label: Text{"Giới tính", other(lang, "vi")}, Meaning: Text{"Theo giấy khai sinh", other(lang, "vi")}, Type: "text", Rows: 18204, Distinct: 2, Bars: []float64{10, 9.2}, Frequent: true, Treatment: "keep"},
		{Key: "can_nang_g", Label: Text{"Cân nặng", other(lang, "vi")}, Type: "integer", Unit: "g", Rows: 18204, Nulls: 331, Distinct: 41, Min: "1500", Max: "5200", Bars: []float64{1, 2, 6, 14, 25, 30, 22, 11, 5, 2, .5}, Treatment: "round"},
		{Key: "ty_le", Type: "decimal", Rows: 18204, Nulls: 0, Distinct: -1, Min: "0.31", Max: "48.70", Bars: []float64{8, 14, 13, 8, 5, 3, 2, 1}},
		{Key: "ghi_chu", Label: Text{"Ghi chú", other(lang, "vi")}, Type: "text", Rows: 18204, Nulls: 17890, Distinct: 61, Treatment: "redact"},
	}
	rows := [][]Cell{
		{{Text: "2026-11"}, {Text: "Hòa Thuận"}, {Text: "nữ"}, {Text: "3100"}, {Text: "14.82"}, {Null: true}},
		{{Text: "2026-11"}, {Text: "Hòa Thuận"}, {Text: "nam"}, {Text: "3300"}, {Text: "15.60"}, {Null: true}},
		{{Text: "2026-11"}, {Text: "Đông Ngàn"}, {Text: "nữ"}, {Text: "2900"}, {Text: "12.07"}, {Text: "đăng ký lại theo đề nghị của gia đình, liên hệ [phone_vn]"}},
		{{Suppressed: true}, {Suppressed: true}, {Suppressed: true}, {Text: "3000"}, {Text: "9.74"}, {Null: true}},
		{{Text: "2026-10"}, {Text: "Đông Ngàn"}, {Text: "nam"}, {Null: true}, {Text: "11.35"}, {Null: true}},
		{{Text: "2026-10"}, {Text: "Phú Thượng"}, {Text: "nam"}, {Text: "3400"}, {Text: "6.90"}, {Null: true}},
	}
	file := func(name, format, media string, size int64) File {
		return File{Name: name, Format: format, MediaType: media, Size: size, Rows: 18204, URL: "/datasets/khai-sinh/v/2/" + name,
			SHA256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"}
	}
	return DatasetPage{
		Site: testSite("/datasets/khai-sinh", NavDatasets), Slug: "khai-sinh",
		Title:       Text{"Khai sinh theo xã, tháng và giới tính", other(lang, "vi")},
		Description: Text{"Trẻ được đăng ký khai sinh mỗi tháng theo xã, phường từ năm 2025. Họ tên, số định danh và địa chỉ đã được bỏ; ngày sinh chỉ còn tháng.", other(lang, "vi")},
		Theme:       Link{T("Dân số và xã hội"), Path(lang, "/datasets?theme=SOCI")},
		Agency:      Link{Text{"Sở Tư pháp tỉnh Bình Minh", other(lang, "vi")}, Path(lang, "/organizations/so-tu-phap")},
		Contact:     Contact{Post: T("Phòng Hành chính tư pháp"), Email: "hanhchinh@tuphap.example", Phone: "024 1234 5678"},
		Licence:     Licence{"CC-BY-4.0", "CC BY 4.0", "https://creativecommons.org/licenses/by/4.0/"},
		Place:       Link{T("Bình Minh"), Path(lang, "/codes/administrative-units/99")}, Period: "2025–2026",
		Events:    []Link{{T("Sinh con và nuôi con nhỏ"), Path(lang, "/datasets?life_event=birth")}},
		Keywords:  []Link{{T("khai sinh"), Path(lang, "/datasets?q=khai+sinh")}, {T("dân số"), Path(lang, "/datasets?q=dan+so")}},
		Freshness: FreshnessOf("MONTHLY", day(2026, 11, 21), testNow), Issued: day(2026, 10, 21),
		Version: Version{N: 2, Date: day(2026, 11, 21), Rows: 18204, URL: Path(lang, "/datasets/khai-sinh/v/2")}, Rows: 18204,
		Files: []File{
			file("data.csv", "CSV", "text/csv", 1_984_223),
			file("data.parquet", "Parquet", "application/vnd.apache.parquet", 214_551),
			file("data.arrow", "Arrow", "application/vnd.apache.arrow.file", 1_204_551),
		},
		Tables: []Table{{Name: "data", Rows: 18204, Columns: columns, First: rows}},
		Privacy: Privacy{
			Persons: true, K: 5, L: 2, Grouped: []string{"thang_sinh", "xa", "gioi_tinh"},
			LeftOut:    []LeftOut{{"name_vn", 2}, {"cccd", 1}, {"address", 1}, {"", 1}},
			Treated:    []Treated{{"thang_sinh", "generalise", 18204}, {"can_nang_g", "round", 17873}, {"ghi_chu", "redact", 4}},
			Suppressed: 212, Held: 3, RowsBefore: 18204, Gates: []string{"rescan", "recount", "formats"},
			Decided: day(2026, 1, 15), Expires: day(2026, 12, 31), PlanHash: "b5bb9d8014a0f9b1d61e21e796d78dccdf1352f23cd32812f4850b878ae4944c",
		},
		Versions: []Version{
			{N: 2, Date: day(2026, 11, 21), Rows: 18204, Note: Text{"Thêm tháng 11", other(lang, "vi")}, URL: Path(lang, "/datasets/khai-sinh/v/2"),
				Changes: &RowChanges{794, 0, 3}, ChangesURL: Path(lang, "/datasets/khai-sinh/diff?from=1&to=2")},
			{N: 1, Date: day(2026, 10, 21), Rows: 17410, URL: Path(lang, "/datasets/khai-sinh/v/1"), Withdrawn: true, Reason: Text{"Sai cột cân nặng", other(lang, "vi")}},
		},
		Change: &Change{URL: Path(lang, "/datasets/khai-sinh/diff?from=1&to=2"), Before: Version{N: 1, URL: Path(lang, "/datasets/khai-sinh/v/1")}, Tables: []TableChange{
			{Before: 17410, After: 18204, ColumnChanges: ColumnChanges{Added: columns[4:5], Removed: columns[1:2], Renamed: []ColumnPair{{columns[0], columns[2]}}, Retyped: []ColumnPair{{columns[0], columns[3]}}}},
		}},
		Alternates: []Alternate{{"Turtle", "text/turtle", "/dataset/0190/x.ttl"}, {"JSON", "application/json", "/api/v1/datasets/khai-sinh"}},
		Structured: map[string]any{"@context": "https://schema.org/", "@type": "Dataset", "name": hostile, "description": "]]> <!-- </SCRIPT"},
	}
}

func richVersion(lang string, n int, withdrawn bool) VersionPage {
	d := richDataset(lang)
	latest := d.Version
	d.Site.Path = "/datasets/khai-sinh/v/1"
	d.Version.N = n
	if withdrawn {
		d.Version.Withdrawn, d.Version.Reason = true, Text{"Sai cột cân nặng", other(lang, "vi")}
		d.Files, d.Tables, d.Change = nil, nil, nil
	}
	return VersionPage{DatasetPage: d, Latest: latest}
}

// severalTables is a version whose file held two tables, one of which is new.
func severalTables(lang string) DatasetPage {
	d := richDataset(lang)
	one := d.Tables[0]
	two := Table{Name: "xa-phuong", Rows: 1, Columns: one.Columns[:1], First: [][]Cell{{{Text: "2026-11"}}}}
	one.Name = "tinh"
	d.Tables = []Table{one, two}
	d.Change = &Change{Before: Version{N: 1, URL: Path(lang, "/datasets/khai-sinh/v/1")}, Tables: []TableChange{
		{Name: "tinh", Before: 18205, After: 18204}, {Name: "xa-phuong", Came: true, After: 1}, {Name: "cu", Went: true, Before: 3},
	}}
	files := d.Files
	d.Files = nil
	for _, table := range []string{"tinh", "xa-phuong"} {
		for _, f := range files {
			f.Name = table + f.Name[4:]
			f.URL = "/datasets/khai-sinh/v/2/" + f.Name
			d.Files = append(d.Files, f)
		}
	}
	return d
}

func richAgency(lang string) AgencyPage {
	return AgencyPage{
		Site: testSite("/organizations/so-tu-phap", NavAgencies), Name: Text{"Sở Tư pháp tỉnh Bình Minh", other(lang, "vi")},
		Description: Text{"Hộ tịch, công chứng, trợ giúp pháp lý và đấu giá tài sản trong tỉnh.", other(lang, "vi")},
		Contact:     Contact{Post: T("Văn phòng Sở"), Email: "vanphong@tuphap.example", Phone: "024 1234 5678"}, Homepage: "https://tuphap.example",
		Total: 12, Rows: 1_240_551, Last: day(2026, 11, 21), Waiting: 1, Datasets: richCards(lang), Themes: richCounts(lang), SearchURL: Path(lang, "/datasets?org=so-tu-phap"),
		Pages: Pager{Next: "?page=2", Items: []PageLink{{1, "", true}, {2, "?page=2", false}}},
	}
}

func richAgencies(lang string) AgenciesPage {
	return AgenciesPage{Site: testSite("/organizations", NavAgencies), Agencies: []AgencyCard{
		{Path(lang, "/organizations/so-tu-phap"), Text{"Sở Tư pháp tỉnh Bình Minh", other(lang, "vi")}, T("Hộ tịch, công chứng, trợ giúp pháp lý và đấu giá tài sản trong tỉnh."), 12, day(2026, 11, 21)},
		{Path(lang, "/organizations/thong-ke"), Text{"Cục Thống kê", other(lang, "vi")}, Text{}, 1, day(2025, 7, 1)},
		{Path(lang, "/organizations/so-gddt"), Text{"Sở Giáo dục và Đào tạo tỉnh Bình Minh", other(lang, "vi")}, T("Trường, lớp, kỳ thi."), 0, time.Time{}},
	}}
}

// A named page of the tests.
type sample struct {
	Name string
	Page func(lang string) any
}

var samples = append(workReviews(), []sample{
	{"home", func(l string) any { return richHome(l) }},
	{"inventory", func(l string) any { return richInventory(l) }},
	{"inventory-empty", func(l string) any { return InventoryPage{Site: testSite("/inventory", NavDevelopers)} }},
	{"work-inventory", func(l string) any { return richWorkInventory(l, InventoryPreview{Changed: 1, New: 1, Public: 1}) }},
	{"work-inventory-applied", func(l string) any { return richWorkInventory(l, InventoryPreview{Applied: true, Changed: 1}) }},
	{"work-inventory-stale", func(l string) any { return richWorkInventory(l, InventoryPreview{Stale: true, More: 12}) }},
	{"work-inventory-problems", func(l string) any { return richWorkInventory(l, InventoryPreview{Problems: 1}) }},
	{"work-inventory-nothing", func(l string) any {
		p := richWorkInventory(l, InventoryPreview{})
		p.Preview.Rows, p.Table = nil, ""
		return p
	}},
	{"work-inventory-file", func(l string) any {
		p := richWorkInventory(l, InventoryPreview{})
		p.Preview, p.Table, p.File, p.FileRow, p.FileColumn = nil, "", "Tệp trống.", 1, "3"
		return p
	}},
	{"withheld", func(l string) any { return richWithheld(l) }},
	{"withheld-empty", func(l string) any { return WithheldPage{Site: testSite("/withheld", NavWithheld)} }},
	{"withholding", func(l string) any { return richWithholdingPage(l, false) }},
	{"withholding-ended", func(l string) any { return richWithholdingPage(l, true) }},
	{"held", func(l string) any { return richHeld(l) }},
	{"search-withheld", func(l string) any {
		s := richSearch(l)
		w := richWithholding(l)
		s.Results = append(s.Results[:1:1], DatasetCard{URL: w.DatasetURL, Title: w.Title, Held: &w})
		return s
	}},
	{"error-451", func(l string) any {
		return ErrorPage{Site: testSite("/", ""), Status: 451, Reason: T("Có thể nhận ra người bệnh."), Successor: &Link{T("Mục trong sổ"), Path(l, "/withheld/x")}}
	}},
	{"home-empty", func(l string) any { return HomePage{Site: testSite("/", "")} }},
	{"home-one", func(l string) any {
		h := richHome(l)
		h.Datasets, h.Rows, h.Agencies, h.Waiting, h.Weeks = 1, 1, 1, 1, make([]int, 52)
		h.Weeks[51] = 6
		h.Themes, h.TopAgencies, h.Tries = nil, nil, nil
		return h
	}},
	{"search", func(l string) any { return richSearch(l) }},
	{"search-empty", func(l string) any { return SearchPage{Site: testSite("/datasets", NavDatasets)} }},
	{"search-none", func(l string) any {
		s := richSearch(l)
		s.Q, s.Results, s.Total, s.First, s.Last, s.Pages, s.Rebuilding, s.DidYouMean = "xyzzy", nil, 0, 0, 0, Pager{}, false, nil
		return s
	}},
	{"search-deep", func(l string) any {
		return SearchPage{Site: testSite("/datasets", NavDatasets), Total: 90000, TooDeep: true}
	}},
	{"dataset", func(l string) any { return richDataset(l) }},
	{"dataset-tables", func(l string) any { return severalTables(l) }},
	{"dataset-same", func(l string) any {
		d := richDataset(l)
		d.Change = &Change{Before: Version{N: 1, URL: Path(l, "/datasets/khai-sinh/v/1")}}
		return d
	}},
	{"dataset-empty", func(l string) any {
		return DatasetPage{Site: testSite("/datasets/x", NavDatasets), Slug: "x", Title: T("Bộ x"), Version: Version{N: 1}}
	}},
	{"difference", func(l string) any { return richDifference(l) }},
	{"difference-none", func(l string) any { return plainDifference(l, "") }},
	{"difference-one-version", func(l string) any { return plainDifference(l, "one-version") }},
	{"difference-persons", func(l string) any { return plainDifference(l, "persons") }},
	{"version-old", func(l string) any { return richVersion(l, 1, false) }},
	{"version-latest", func(l string) any { return richVersion(l, 2, false) }},
	{"version-withdrawn", func(l string) any { return richVersion(l, 1, true) }},
	{"agency", func(l string) any { return richAgency(l) }},
	{"agency-empty", func(l string) any {
		return AgencyPage{Site: testSite("/organizations/x", NavAgencies), Name: T("Cơ quan x")}
	}},
	{"agencies", func(l string) any { return richAgencies(l) }},
	{"agencies-empty", func(l string) any { return AgenciesPage{Site: testSite("/organizations", NavAgencies)} }},
	{"codes", func(l string) any {
		return CodesPage{Site: testSite("/codes", NavDevelopers), Lists: []CodeList{richCodeList(l), richCodeList(l)}}
	}},
	{"code-list", func(l string) any { return richCodes(l, "") }},
	{"code-list-filtered", func(l string) any { return richCodes(l, "hà") }},
	{"code-list-none", func(l string) any {
		p := richCodes(l, "xyzzy")
		p.Rows = nil
		return p
	}},
	{"concept", func(l string) any {
		return ConceptPage{Site: testSite("/codes/administrative-units/79", NavDevelopers), List: Link{T("Tỉnh, thành phố"), Path(l, "/codes/administrative-units")},
			Concept: richCodes(l, "").Rows[0], Name: T("Hồ Chí Minh"), Note: T("Một câu nữa."), Basis: T("Nghị quyết 202/2025/QH15"), Detail: T("Loại"), IRI: "https://data.example/codes/administrative-units/79",
			Scheme: "https://data.example/codes/administrative-units", Own: true, Other: []Text{T("TP.HCM")}, Count: 3, Search: Path(l, "/datasets?place=79")}
	}},
	{"concept-unused", func(l string) any {
		return ConceptPage{Site: testSite("/codes/themes/HEAL", NavDevelopers), List: Link{T("Chủ đề"), Path(l, "/codes/themes")},
			Concept: Concept{URL: Path(l, "/codes/themes/HEAL"), Code: "HEAL", VI: T("Y tế"), EN: T("Health"), ValidTo: "30/06/2025", Into: []Link{{T("Y"), Path(l, "/codes/themes/ENVI")}}}, Name: T("Y tế"),
			IRI: "http://publications.europa.eu/resource/authority/data-theme/HEAL", Search: Path(l, "/datasets?theme=HEAL")}
	}},
	{"developers", func(l string) any {
		return DevelopersPage{Site: testSite("/developers", NavDevelopers), Uploads: true, SampleSlug: "khai-sinh", SampleCSV: "data.csv", SampleParquet: "data.parquet", SampleVersion: 2}
	}},
	{"developers-empty", func(l string) any { return DevelopersPage{Site: testSite("/developers", NavDevelopers)} }},
	{"about", func(l string) any { return AboutPage{Site: testSite("/about", NavAbout)} }},
	{"problem", func(l string) any {
		return ProblemPage{Site: testSite("/problems/bad-parameter", NavDevelopers), Name: "bad-parameter", Status: 400, Title: "Địa chỉ này viết chưa đúng.", Advice: "Một tham số có giá trị không dùng được."}
	}},
	{"signin", func(l string) any { return SignInPage{Site: testSite("/agency", NavWork), Next: Path(l, "/agency")} }},
	{"signin-wrong", func(l string) any {
		return SignInPage{Site: testSite("/agency", NavWork), Next: Path(l, "/agency"), Wrong: true}
	}},
	{"work", func(l string) any { return richWork(l) }},
	{"work-dataset", func(l string) any {
		return WorkDatasetPage{Site: testSite("/agency/datasets/khai-sinh", NavWork), Work: testWork, Title: Text{"Khai sinh", other(l, "vi")}, Slug: "khai-sinh", Wrong: "reason", N: 2, Successor: 1, ReasonVI: "sai <số>", Versions: []WorkVersion{
			{N: 3, Published: day(2026, 11, 20), Rows: 12, Link: Link{T("3"), Path(l, "/datasets/khai-sinh/v/3")}, Withdrawn: true, Reason: Text{"Sai số liệu", other(l, "vi")}},
			{N: 2, Published: day(2026, 10, 20), Rows: 12, Link: Link{T("2"), Path(l, "/datasets/khai-sinh/v/2")}}, {N: 1, Published: day(2026, 9, 20), Rows: 11, Link: Link{T("1"), Path(l, "/datasets/khai-sinh/v/1")}}}}
	}},
	{"work-dataset-none", func(l string) any {
		return WorkDatasetPage{Site: testSite("/agency/datasets/khai-sinh", NavWork), Work: testWork, Title: Text{"Khai sinh", other(l, "vi")}, Slug: "khai-sinh"}
	}},
	{"send", func(l string) any {
		return SendPage{Site: testSite("/agency/send", NavWork), Work: testWork, Datasets: []SendChoice{{"khai-sinh", "Khai sinh theo xã"}, {"truong-hoc", "Trường học"}}, Locales: []string{"", "vi"}, Most: 20 << 30, Once: "00"}
	}},
	{"send-wrong", func(l string) any {
		return SendPage{Site: testSite("/agency/send", NavWork), Work: testWork, Datasets: []SendChoice{{"khai-sinh", "Khai sinh theo xã"}}, Locales: []string{"", "vi"}, Wrong: "both", Open: true, Dataset: "khai-sinh", Locale: "vi", NoteVI: "Sửa <b>", NoteEN: "x", Address: "https://x.example/\"<"}
	}},
	{"send-none", func(l string) any {
		return SendPage{Site: testSite("/agency/send", NavWork), Work: testWork}
	}},
	{"review-schema", func(l string) any {
		p := richReview(l)
		p.Broken, p.Refusal, p.Lists = true, "schema", []string{"codes/themes"}
		p.Schemas = []ReviewSchema{{N: 0, Table: "Xã <1>", Held: true, JSON: "{\"fields\": [</textarea>]}", Pointer: "/fields/0", Wrong: "a field needs a name",
			Fields: []ReviewSchemaField{{Name: "ma", Label: "Mã", Required: true, Key: true, Pattern: "[A-Z]\""}, {Name: "tinh", Label: "Tỉnh", List: "codes/administrative-units"}}}, {N: 1}}
		return p
	}},
	{"review-scheduled", func(l string) any {
		p := reviewPage(l, "scheduled")
		p.KeptUntil = day(2027, 1, 1)
		p.NotBefore = "2026-12-31T08:00"
		return p
	}},
	{"review-note", func(l string) any {
		p := reviewPage(l, "waiting")
		p.NoteWanted, p.NoteVI, p.Refusal, p.Problems = true, "hỏi <ông>", "note", []ReviewProblem{{Code: "note-wanted"}}
		return p
	}},
	{"work-empty", func(l string) any { return WorkPage{Site: testSite("/agency", NavWork), Work: testWork} }},
	{"error-400", func(l string) any { return ErrorPage{Site: testSite("/", ""), Status: 400} }},
	{"error-401", func(l string) any { return ErrorPage{Site: testSite("/", ""), Status: 401} }},
	{"error-403", func(l string) any { return ErrorPage{Site: testSite("/", ""), Status: 403} }},
	{"error-404", func(l string) any { return ErrorPage{Site: testSite("/", ""), Status: 404, RequestID: "01J9ZK3X"} }},
	{"error-410", func(l string) any {
		return ErrorPage{Site: testSite("/", ""), Status: 410, Reason: T("Sai cột cân nặng"), Successor: &Link{T("Bản 3"), Path(l, "/datasets/khai-sinh/v/3")}}
	}},
	{"error-413", func(l string) any { return ErrorPage{Site: testSite("/", ""), Status: 413} }},
	{"error-415", func(l string) any { return ErrorPage{Site: testSite("/", ""), Status: 415} }},
	{"error-418", func(l string) any { return ErrorPage{Site: testSite("/", ""), Status: 418} }},
	{"error-429", func(l string) any {
		return ErrorPage{Site: testSite("/", ""), Status: 429, RetryAfter: 3500 * time.Millisecond}
	}},
	{"error-500", func(l string) any { return ErrorPage{Site: testSite("/", ""), Status: 500, RequestID: "01J9ZK3X"} }},
	{"error-503", func(l string) any { return ErrorPage{Site: testSite("/", ""), Status: 503, RetryAfter: time.Second} }},
}...)

func richCodeList(l string) CodeList {
	return CodeList{URL: Path(l, "/codes/administrative-units"), Name: T("Tỉnh, thành phố"), About: T("Nơi chốn của dữ liệu."), Source: T("Nghị quyết 202/2025/QH15"), Date: "01/07/2025", N: 34}
}

func richCodes(l, q string) CodeListPage {
	former := func(code, name string) Link {
		return Link{T(name), Path(l, "/codes/former-administrative-units/"+code)}
	}
	return CodeListPage{Site: testSite("/codes/administrative-units", NavDevelopers), List: richCodeList(l), Q: q, Detail: T("Loại"), Dated: true, From: T("Hợp thành từ"),
		Found: 1, Pages: Pager{Next: Path(l, "/codes/administrative-units?page=2"), Items: []PageLink{{1, "", true}, {2, Path(l, "/codes/administrative-units?page=2"), false}}},
		Other: &Link{T("Tỉnh cũ"), Path(l, "/codes/former-administrative-units")}, JSON: "/codes/administrative-units.json", CSV: "/codes/administrative-units.csv", Turtle: "/codes/administrative-units.ttl",
		Rows: []Concept{{URL: Path(l, "/codes/administrative-units/79"), Code: "79", VI: Text{"Hồ Chí Minh", other(l, "vi")}, EN: Text{"Ho Chi Minh City", other(l, "en")}, Detail: T("thành phố"), ValidFrom: "01/07/2025",
			From: []Link{former("79", "Hồ Chí Minh"), former("74", "Bình Dương")}}}}
}
