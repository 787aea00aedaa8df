package templates

func richWithholding(lang string) Withholding {
	return Withholding{
		URL: Path(lang, "/withheld/7d5a4c1e-0c1f-4b51-9a35-2f6f8d0e6a01"), Title: Text{"Vị trí ca bệnh sốt xuất huyết theo thôn", other(lang, "vi")},
		DatasetURL: Path(lang, "/datasets/ca-benh-theo-thon"), Agency: Link{Text{"Trung tâm Giám sát Dịch bệnh", other(lang, "vi")}, Path(lang, "/organizations/giam-sat")},
		Reason: Text{"Nhiều thôn có dưới 5 ca nên có thể nhận ra người bệnh.", other(lang, "vi")}, Law: Text{"Luật Bảo vệ dữ liệu cá nhân số 91/2025/QH15", other(lang, "vi")},
		Article: "Điều 14, khoản 6", LawURL: "https://vanban.example/91-2025", Unit: Text{"Phòng Nghiệp vụ", other(lang, "vi")},
		Decided: day(2026, 6, 1), Review: day(2027, 6, 1), Appeal: Text{"Bộ phận dữ liệu mở, trong 15 ngày.", other(lang, "vi")}, Since: day(2026, 6, 2), Modified: day(2026, 7, 1),
	}
}

func richWithheld(lang string) WithheldPage {
	late := richWithholding(lang)
	late.Overdue, late.Restricted, late.LawURL = true, true, ""
	late.Review = day(2026, 10, 1)
	return WithheldPage{
		Site: testSite("/withheld", NavWithheld), Standing: 2, Overdue: 1, Ended: 1, Datasets: 4, Columns: 11,
		Agencies: []FacetValue{{"", T("Tất cả cơ quan"), 2, true}, {"giam-sat", Text{"Trung tâm Giám sát Dịch bệnh", other(lang, "vi")}, 2, false}},
		Entries:  []Withholding{late, richWithholding(lang)},
		Pages:    Pager{Next: "?page=2", Items: []PageLink{{1, "", true}, {2, "?page=2", false}}},
		Parts: []WithheldPart{{Title: Text{"Khai sinh theo xã", other(lang, "vi")}, URL: Path(lang, "/datasets/khai-sinh") + "#privacy",
			Agency: Link{Text: Text{"Sở Tư pháp", other(lang, "vi")}}, N: 4, Kinds: []LeftOut{{"cccd", 2}, {"name_vn", 1}, {"", 1}}}},
		Files: []Alternate{{"CSV", "text/csv", "/withheld.csv"}, {"JSON", "application/json", "/withheld.json"}},
	}
}

func richWithholdingPage(lang string, ended bool) WithholdingPage {
	p := WithholdingPage{Site: testSite("/withheld/7d5a4c1e-0c1f-4b51-9a35-2f6f8d0e6a01", NavWithheld), Withholding: richWithholding(lang)}
	if ended {
		p.Ended, p.Version = day(2026, 11, 2), &Link{p.Title, p.DatasetURL}
	}
	return p
}

func richHeld(lang string) HeldPage {
	w := richWithholding(lang)
	return HeldPage{Site: testSite("/datasets/ca-benh-theo-thon", NavDatasets), Slug: "ca-benh-theo-thon", Title: w.Title, Description: Text{"Toạ độ từng ca bệnh.", other(lang, "vi")},
		Theme: Link{T("Y tế"), Path(lang, "/datasets?theme=HEAL")}, Agency: w.Agency, Contact: Contact{Post: T("Văn phòng"), Email: "vanphong@giamsat.example"},
		Place: T("Việt Nam"), Period: "2026", Keywords: []Link{{T("dịch bệnh"), Path(lang, "/datasets?q=dich+benh")}}, Frequency: "WEEKLY", Why: w,
		Alternates: []Alternate{{"Turtle", "text/turtle", "/dataset/x.ttl"}},
		Structured: map[string]any{"@context": "https://schema.org/", "@type": "Dataset", "name": hostile, "description": "]]> <!-- </SCRIPT"}}
}
