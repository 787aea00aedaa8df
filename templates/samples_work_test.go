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
		Waiting: []UploadLine{line("Hộ được hỗ trợ giống 2026", "waiting")},
		Others:  []UploadLine{line("Chất lượng không khí", "working"), line("Trường học", "received"), line("Bến xe", "receiving"), published, line("Sổ hộ tịch", "refused")}}
}
