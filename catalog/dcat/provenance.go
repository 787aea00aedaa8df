package dcat

import (
	"fmt"

	"daylight/catalog"
)

// invented is what every description of made-up data says, wherever it goes:
// a reader of another catalogue never sees our page.
var invented = catalog.Text{
	"vi": "Dữ liệu minh hoạ: các dòng được tạo ra, không nói về người hay việc có thật.",
	"en": "Sample data: the rows are made up and speak of no real person or event.",
}

// described is the description of d, with the warning where its rows are made up.
func described(d *catalog.Dataset) catalog.Text {
	if !d.Synthetic {
		return d.Description
	}
	out := catalog.Text{}
	for _, lang := range d.Description.Languages() {
		out[lang] = d.Description[lang] + "\n\n" + invented.In(lang, "en")
	}
	return out
}

// provenance says in counts what was done before publication; nil when nothing
// is known. It never holds a value or the name of a column.
func provenance(d *catalog.Dataset) catalog.Text {
	var published, treated, left int
	var in, out, suppressed int64
	k := 0
	for _, s := range d.Release.Privacy {
		published += len(s.Columns)
		for _, c := range s.Columns {
			if c.Treatment != "keep" {
				treated++
			}
		}
		left += len(s.LeftOut)
		in, out, suppressed = in+s.RowsIn, out+s.RowsOut, suppressed+s.RowsSuppressed
		if s.Model != nil && s.Model.K > 0 && (k == 0 || s.Model.K < k) {
			k = s.Model.K
		}
	}
	if published == 0 {
		return nil
	}
	vi := fmt.Sprintf("Đã kiểm tra và xử lý trước khi công bố. Số cột công bố: %d (đã xử lý: %d); số cột giữ lại: %d; số dòng công bố: %d trên %d", published, treated, left, out, in)
	en := fmt.Sprintf("Checked and treated before publication. Columns published: %d (treated: %d); columns left out: %d; rows published: %d of %d", published, treated, left, out, in)
	if suppressed > 0 {
		vi += fmt.Sprintf(" (số dòng che thông tin nhận dạng gián tiếp: %d)", suppressed)
		en += fmt.Sprintf(" (with indirect identifiers suppressed: %d)", suppressed)
	}
	if k > 0 {
		vi += fmt.Sprintf("; ẩn danh k, k = %d", k)
		en += fmt.Sprintf("; k-anonymity, k = %d", k)
	}
	return catalog.Text{"vi": vi + ".", "en": en + "."}
}
