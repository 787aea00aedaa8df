package templates

var testWork = Work{User: "can-bo-02", Form: "3f6c0d"}

const testUpload = "01234567-89ab-4cde-8f01-23456789abcd"

func richWork(lang string) WorkPage {
	line := func(title, state string) UploadLine {
		return UploadLine{Dataset: Link{Text{title, other(lang, "vi")}, Path(lang, "/agency/uploads/"+testUpload)}, State: state, Bytes: 48210, Created: day(2026, 11, 20)}
	}
	published := line("Khai sinh theo xã, tháng và giới tính", "published")
	published.Result = Link{T("2"), Path(lang, "/datasets/khai-sinh/v/2")}
	return WorkPage{Site: testSite("/agency", NavWork), Work: testWork, Agency: Text{"Sở Tư pháp tỉnh Bình Minh", other(lang, "vi")},
		Dead:    []DeadJob{{ID: 7, Upload: Link{T("01234567"), Path(lang, "/agency/uploads/"+testUpload)}, Reason: "no-space", Attempts: 8, At: day(2026, 11, 20)}},
		Waiting: []UploadLine{line("Hộ được hỗ trợ giống 2026", "waiting")},
		Others:  []UploadLine{line("Chất lượng không khí", "working"), line("Trường học", "received"), line("Bến xe", "receiving"), published, line("Sổ hộ tịch", "refused")}}
}

func reviewPage(lang, state string) ReviewPage {
	return ReviewPage{Site: testSite("/agency/uploads/"+testUpload, NavWork), Work: testWork, Post: Path(lang, "/agency/uploads/"+testUpload),
		Dataset: Link{Text: Text{"Hộ được hỗ trợ giống 2026", other(lang, "vi")}}, Versions: Path(lang, "/agency/datasets/ho-tro-giong"), FileName: "ho_tro_giong_2026.csv", Sent: day(2026, 11, 20), Bytes: 48210, SHA256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", Mine: true, State: state, Step: 1}
}

func richReview(lang string) ReviewPage {
	p := reviewPage(lang, "waiting")
	p.Step, p.Decidable, p.MayNot, p.Expires, p.Two = 2, true, "not-ready", "2027-12-31", true
	p.Problems = []ReviewProblem{{Code: "date-order", Table: "Xã", Column: "ngay_sinh"}, {Code: "finding-undecided", Column: "ho_ten"}, {Code: "some-new-code", Detail: "say what to do", Row: 12}}
	p.Questions = []ReviewQuestion{{N: 0, Code: "date-order", Table: "Xã", Column: "ngay_sinh", Choices: []string{"d/m/y", "m/d/y"}}, {N: 1, Code: "delimiter", Choices: []string{";", "|"}}, {N: 2, Code: "crs", Column: "geometry", Choices: []string{"EPSG:3405 VN-2000 / UTM zone 48N", "unknown"}}}
	classes := []string{"", "direct", "quasi", "sensitive", "text", "public"}
	p.Tables = []ReviewTable{{N: 0, Rows: 1284, AboutPersons: true, Unit: "key", Key: "so_cccd", K: "5", Percent: "5", Units: []string{"key", "rows", "statistics"}, Keys: []string{"ho_ten", "so_cccd"},
		Columns: []ReviewColumn{
			{ID: "t0c0", Key: "ho_ten", Label: "Họ và tên chủ hộ", Type: "text", Fit: 1284, Of: 1284, Weight: "block", Findings: []ReviewFinding{{Kind: "name_vn", Rows: 1284}}, Why: "direct", Do: "drop", Class: "direct", Deeds: []string{"keep", "allow", "drop"}, Classes: classes},
			{ID: "t0c1", Key: "so_cccd", Label: "Số CCCD", Type: "text", Weight: "block", Findings: []ReviewFinding{{Kind: "cccd", Rows: 1271}}, Empty: 13, Why: "direct", Do: "drop", Class: "direct", Deeds: []string{"keep", "drop"}, Classes: classes},
			{ID: "t0c2", Key: "ngay_sinh", Label: "Ngày sinh", Type: "date", Format: "d/m/y", Weight: "review", Findings: []ReviewFinding{{Kind: "birth_date", Rows: 1284}}, Why: "coarser", Do: "year", Class: "quasi", Deeds: []string{"keep", "year", "quarter", "month", "drop"}, Classes: classes},
			{ID: "t0c3", Key: "kinh_phi", Label: "Kinh phí (đồng)", Type: "integer", Format: "1.234", Weight: "none", Why: "nothing", Do: "round", N: "", Deeds: []string{"keep", "width", "round", "top_code", "drop"}, Classes: classes, Number: true, Wrong: "number"},
			{ID: "t0c4", Key: "ghi_chu", Label: "Ghi chú", Type: "text", Weight: "block", Findings: []ReviewFinding{{Kind: "phone_vn", Cells: 4, First: 17}, {Kind: "text", Rows: 300}}, Why: "text", Do: "redact", Class: "text", Text: "ghi chú nghiệp vụ", Deeds: []string{"keep", "redact", "blank", "drop"}, Classes: classes},
		}},
		{N: 1, Name: "Xã", Rows: 17, Unit: "none", Units: []string{"key", "rows", "statistics", "none"}, Columns: []ReviewColumn{{ID: "t1c0", Key: "xa", Label: "Xã", Type: "text", Weight: "none", Why: "nothing", Do: "", Deeds: []string{"", "keep", "drop"}, Classes: classes}}, Keys: []string{"xa"}},
	}
	p.Read = &ReviewRead{Pinned: true, HeaderRows: "2, 3", Picks: []ReviewPick{{"encoding", "windows-1258", []string{"", "utf-8", "windows-1258"}}, {"delimiter", "tab", []string{"", ";", "tab", "none"}}},
		Columns: []ReviewReadColumn{{ID: "r0c2", Label: "Ngày sinh", Type: "date", Format: "d/m/y", Nulls: "NA | -", OnError: "report", Trim: true, Types: []string{"", "text", "date"}, NumberForms: []string{"", "1.234,5", "plan"}, OnErrors: []string{"", "text", "report"}}}}
	p.Noticed = []ReviewNoticed{{Code: "cell-type", Column: "kinh_phi", Wanted: "integer", Count: 12, Row: 17, Line: 19}, {Code: "rejected-row", Table: "Xã", Count: 2, Line: 804}, {Code: "padded", Column: "ho_ten", Count: 1}, {Code: "some-new-code", Count: 1}}
	p.CSV = Path(lang, "/agency/uploads/"+testUpload+"/problems.csv")
	p.Refusal, p.Slips = "slips", []ReviewSlip{{ID: "t0c3.do", Code: "number", Name: "Kinh phí (đồng)"}}
	return p
}

func readyReview(lang string) ReviewPage {
	p := richReview(lang)
	p.Step, p.Questions, p.Slips, p.Refusal, p.MayNot, p.Mine = 4, nil, nil, "", "", false
	p.Problems = []ReviewProblem{{Code: "approval-wanted"}}
	p.Tables[0].Columns[3].Wrong = ""
	p.PlanHash, p.Input, p.Digest = "9f86d081884c7d65", "60303ae22b998861", "fd61a03af4f77d87"
	p.Panes = []ReviewPane{{Sent: []string{"Họ và tên chủ hộ", "Số CCCD", "Ngày sinh", "Kinh phí (đồng)", "Ghi chú"}, Columns: []string{"ngay_sinh", "kinh_phi", "ghi_chu"},
		Before: [][]Cell{{{Text: "•••••• ••• •n"}, {Text: "••••••••••21"}, {Text: "••/••/••61"}, {Text: "•••••••"}, {Null: true}}, {{Text: "•••• ••• ••n"}, {Text: "••••••••••37"}, {Text: "••/••/••84"}, {Text: "••••••"}, {Text: "••• •••••••18"}}},
		After:  [][]Cell{{{Text: "1961"}, {Text: "1200000"}, {Null: true}}, {{Suppressed: true}, {Text: "850000"}, {Text: "Gọi [phone_vn]"}}},
		Rows:   1284, Suppressed: 19, Removed: 2, Model: true, K: 5, SmallestOneIn: 6, Classes: 61, Share: .015, ColumnsDropped: 2}}
	return p
}

func workReviews() []sample {
	return []sample{
		{"review", func(l string) any { return richReview(l) }},
		{"review-ready", func(l string) any { return readyReview(l) }},
		{"review-lost", func(l string) any { p := readyReview(l); p.Panes, p.Lost, p.MayNot = nil, true, "sender"; return p }},
		{"review-held", func(l string) any {
			p := richReview(l)
			p.Decidable, p.FileName, p.Slips, p.Refusal = false, "", nil, "stale"
			p.Questions = []ReviewQuestion{{Code: "header-held", Choices: []string{"none"}}}
			return p
		}},
		{"review-working", func(l string) any {
			p := reviewPage(l, "working")
			left := int64(130)
			p.Progress = &Progress{Stage: "converting", Number: 4, Of: 9, Rows: 1_214_000, AllRows: 3_000_000, RowsASecond: 214_583, Left: &left}
			p.Events = Path(l, "/agency/uploads/"+testUpload+"/events")
			return p
		}},
		{"review-receiving", func(l string) any {
			p := reviewPage(l, "receiving")
			p.Progress = &Progress{Stage: "receiving", Number: 1, Of: 9, Bytes: 48_000_000, BytesASecond: 3_100_000}
			p.Events = Path(l, "/agency/uploads/"+testUpload+"/events")
			return p
		}},
		{"review-received", func(l string) any { return reviewPage(l, "received") }},
		{"review-published", func(l string) any {
			p := reviewPage(l, "published")
			p.Step, p.Result = 6, Link{T("2"), Path(l, "/datasets/khai-sinh/v/2")}
			return p
		}},
		{"review-refused", func(l string) any {
			p := reviewPage(l, "refused")
			p.Problems, p.CSV = []ReviewProblem{{Code: "sent-back", Detail: "Cột ngày sinh ghi nhầm năm"}}, Path(l, "/agency/uploads/"+testUpload+"/problems.csv")
			return p
		}},
		{"review-empty", func(l string) any { return reviewPage(l, "waiting") }},
	}
}
