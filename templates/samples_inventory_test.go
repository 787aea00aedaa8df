package templates

func richInventory(lang string) InventoryPage {
	return InventoryPage{Site: testSite("/inventory", NavDevelopers), Published: 12, Withheld: 1, Columns: []string{"id", "slug", "title_vi"}, Uploads: true,
		Agencies: []InventoryAgency{{Agency: Link{Text{"Sở Tư pháp", other(lang, "vi")}, Path(lang, "/organizations/so-tu-phap")}, Published: 12, Withheld: 1,
			CSV: "/inventory.csv?org=so-tu-phap", Excel: "/inventory.csv?bom=1&excel=1&org=so-tu-phap"}}}
}

func richWorkInventory(lang string, p InventoryPreview) WorkInventoryPage {
	p.Digest, p.Total, p.Unchanged = "0123456789abcdef", 14, 12
	p.Rows = []InventoryRow{
		{Row: 2, Slug: "khai-sinh", Title: Text{"Khai sinh theo xã", other(lang, "vi")}, What: "changed", Public: true,
			Changes:  []InventoryChange{{Field: "title_en", Before: "Births", After: "Births by commune"}, {Field: "to", Before: "2025-12-31", Draft: "2026-06-30", Pending: true}},
			Problems: []InventoryProblem{{Field: "description.en", Words: "Nên viết bằng cả ngôn ngữ này.", Warning: true}}},
		{Row: 3, Slug: "ho-khau", Title: Text{"Hộ khẩu", other(lang, "vi")}, What: "new", Changes: []InventoryChange{{Field: "title_vi", After: "Hộ khẩu"}}},
		{Row: 4, Slug: "x", What: "problem", Problems: []InventoryProblem{{Field: "frequency", Words: "Mã này không có trong danh mục mã."}}},
	}
	return WorkInventoryPage{Site: testSite("/agency/inventory", NavWorkInventory), Work: Work{User: "so-tu-phap", Form: "f"}, Most: 1 << 20, Preview: &p, Table: "id,slug\n,\"<x>\"\n"}
}
