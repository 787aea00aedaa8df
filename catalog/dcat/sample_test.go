package dcat

import (
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"daylight/catalog"
	"daylight/datasets"
	"daylight/privacy"
)

// The catalogue that the tests write: ten datasets of three agencies, with the
// titles that break writers.

const base = "https://data.example.gov.vn"

func ref(t testing.TB, n int) datasets.Ref {
	t.Helper()
	r, err := datasets.ParseRef(fmt.Sprintf("%064x", n+1))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func sampleSite() Site {
	agency := func(n int, name catalog.Text, kind string) catalog.Agency {
		id := catalog.AgencyID(fmt.Sprintf("%08d-aaaa-4aaa-8aaa-aaaaaaaaaaaa", n))
		return catalog.Agency{ID: id, Slug: fmt.Sprintf("agency-%d", n), Name: name, Kind: kind,
			Contact: catalog.Contact{Name: catalog.Text{"vi": "Bàn dữ liệu mở"}, Email: fmt.Sprintf("dulieu+%d@example.gov.vn", n)}}
	}
	s := Site{
		BaseURL:     base,
		Title:       catalog.Text{"vi": "Cổng dữ liệu mở", "en": "Open data portal"},
		Description: catalog.Text{"vi": "Danh mục dữ liệu mở.", "en": "Catalogue of open data."},
		Publisher:   agency(1, catalog.Text{"vi": "Ban quản trị cổng", "en": "Portal office"}, "NationalAuthority"),
		Issued:      time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
		Modified:    time.Date(2026, 2, 1, 3, 4, 5, 678, time.UTC),
		Agencies:    map[catalog.AgencyID]catalog.Agency{},
	}
	two := agency(2, catalog.Text{"vi": `Bộ "Ví dụ" <A&B>`, "en": "Ministry of Example", "fr": "Ministère de l’exemple"}, "NationalAuthority")
	two.Homepage, two.Contact.Phone = "https://example.gov.vn/trang chủ?a=<b>", "+84 (24) 3823-4567"
	three := agency(3, catalog.Text{"en": `Back\slash Office`}, "PrivateIndividual(s)")
	three.Contact.Phone = "1900 1234"
	for _, a := range []catalog.Agency{s.Publisher, two, three} {
		s.Agencies[a.ID] = a
	}
	return s
}

func sampleDatasets(t testing.TB) []*catalog.Dataset {
	site := sampleSite()
	var agencies []catalog.AgencyID
	for id := range site.Agencies {
		agencies = append(agencies, id)
	}
	slices.Sort(agencies)
	titles := []catalog.Text{
		{"vi": "Dân số theo tỉnh", "en": "Population by province"},
		{"vi": `Tiêu đề "có ngoặc" và 'nháy'`, "en": `Quotes "" and ' and """`},
		{"en": "<script>alert(1)</script> & ]]> <!-- -->"},
		{"vi": `C:\thư\mục \n không phải dòng mới \u0041 \`},
		{"vi": strings.Repeat("Dài ", 74) + "hết", "en": strings.Repeat("long ", 59) + "end"},
		{"fr": "Données du commerce extérieur", "ja": "貿易統計"},
		{"vi": "@vi ^^xsd:string . ; , [ ] ( ) # {}", "en": "%20 %zz ?&=#"},
		{"vi": "🌾 lúa gạo 𝄞", "en": "astral 🌾"},
		{"vi": "Kiểm tra quyền 1=1; DROP TABLE", "en": "ends with a backslash \\"},
		{"vi": "Đã rút", "en": "Withdrawn"},
	}
	licences := []string{"CC-BY-4.0", "MIT", "PDDL-1.0", "CC0-1.0", "ODbL-1.0", "etalab-2.0", "US-PD", "OGL-UK-3.0", "other-open", "other-attribution"}
	places := [][]string{
		{"http://publications.europa.eu/resource/authority/country/VNM", "/codes/administrative-units/25"},
		{"/codes/administrative-units/01"},
		{"http://publications.europa.eu/resource/authority/country/USA"},
		{"http://publications.europa.eu/resource/authority/continent/ASIA", "https://sws.geonames.org/6295630/"},
		{"http://publications.europa.eu/resource/authority/country/JPN", "http://publications.europa.eu/resource/authority/country/FRA"},
	}
	frequencies := []string{"ANNUAL", "MONTHLY", "IRREG", "NEVER", "UPDATE_CONT"}
	themes := []string{"SOCI", "AGRI", "ECON", "ENVI", "TRAN", "GOVE"}
	var out []*catalog.Dataset
	for i, title := range titles {
		at := time.Date(2026, 1, 10+i, 9, 30, 0, 123456789, time.FixedZone("", 7*3600))
		d := &catalog.Dataset{
			ID: catalog.DatasetID(fmt.Sprintf("%08d-bbbb-4bbb-8bbb-bbbbbbbbbbbb", i)), Slug: fmt.Sprintf("bo-du-lieu-%d", i),
			Agency: agencies[i%3], Title: title, Description: catalog.Text{},
			Keywords: map[string][]string{"vi": {"dân số", `từ "khoá"`}, "en": {"population", "dân số"}},
			Themes:   []string{themes[i%6], "REGI"}, Places: places[i%5], Frequency: frequencies[i%5], Licence: licences[i],
			Issued: at.AddDate(0, 0, -3), Modified: at,
		}
		for lang := range title {
			d.Description[lang] = "Dòng một.\nDòng hai:\t\"trích\" <b>đậm</b> \\ hết.\n\n" + title[lang]
		}
		switch i % 4 {
		case 0:
			d.From, d.To = "2025-01-01", "2025-12-31"
		case 1:
			d.From = "2025-01-01"
		}
		if i%2 == 0 {
			d.Languages = []string{"vi", "en"}
		}
		r := &catalog.Release{Dataset: d.ID, N: i + 1, Published: at, Rows: 34}
		files := func(table, name string) {
			for j, f := range []struct{ format, ext, media string }{
				{"csv", ".csv", "text/csv; charset=utf-8; header=present"},
				{"parquet", ".parquet", "application/vnd.apache.parquet"},
				{"arrow", ".arrow", "application/vnd.apache.arrow.file"},
			} {
				r.Files = append(r.Files, catalog.File{ResourceID: fmt.Sprintf("%s-%d", table, j),
					File: datasets.File{Name: name + f.ext, Table: table, Format: f.format, MediaType: f.media, Ref: ref(t, 10*i+j), Bytes: int64(1000 + j), Rows: int64(1 + 33*(i%2))}})
			}
		}
		files("bang", "data")
		r.Privacy = []privacy.Statement{{Table: "bang", RowsIn: 40, RowsOut: 34, Columns: []privacy.ColumnReport{{Name: "tinh", Treatment: "keep"}, {Name: "luong", Treatment: "round base 100"}}, LeftOut: []privacy.LeftOut{{Name: "ho_ten"}}}}
		switch i {
		case 0:
			d.Source = "https://nguon.example/a b?x=<y>"
			r.Note = catalog.Text{"vi": "Bổ sung năm 2025.", "en": "Adds 2025."}
			d.Synthetic = true
		case 1:
			files("bang_hai", "bang hai")
			r.Privacy[0].RowsSuppressed, r.Privacy[0].Model = 2, &privacy.ModelReport{Kind: "k-anonymity", K: 5}
		case 9:
			r.Withdrawn = &catalog.Withdrawal{At: at, Reason: catalog.Text{"vi": "Số liệu sai đơn vị. " + strings.Repeat("Chi tiết. ", 40), "en": "Wrong unit."}}
		}
		d.Release = r
		out = append(out, d)
	}
	return out
}

func pageOf(all []*catalog.Dataset, page, size int) CatalogPage {
	from := (page - 1) * size
	return CatalogPage{Datasets: all[from:min(from+size, len(all))], Total: len(all), Page: page, Size: size, Pages: (len(all) + size - 1) / size,
		Address: func(n int) string { return fmt.Sprintf("%s/catalog.ttl?page=%d&page_size=%d", base, n, size) }}
}

func each(all []*catalog.Dataset) iter.Seq2[*catalog.Dataset, error] {
	return func(yield func(*catalog.Dataset, error) bool) {
		for _, d := range all {
			if !yield(d, nil) {
				return
			}
		}
	}
}
