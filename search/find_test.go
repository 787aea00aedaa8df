package search

import (
	"cmp"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"golang.org/x/text/unicode/norm"

	"daylight/catalog"
)

// library is what most tests search in.
func library(t *testing.T) *portal {
	p := newPortal(t)
	p.publish("dan-so", catalog.Dataset{
		Title:       catalog.Text{"vi": "Dân số theo tỉnh", "en": "Population by province"},
		Description: catalog.Text{"vi": "Số người ở mỗi tỉnh, thành phố."},
		Themes:      []string{"SOCI"}, Frequency: "ANNUAL", From: "2023-01-01", To: "2025-12-31"}, "Mã tỉnh", "Số người")
	p.publish("dan-so-nha", catalog.Dataset{
		Title:       catalog.Text{"vi": "Đàn sò và ngao nuôi", "en": "Farmed cockles and clams"},
		Description: catalog.Text{"vi": "Sản lượng nuôi theo vùng nước."},
		Themes:      []string{"AGRI"}, Frequency: "ANNUAL", From: "2024-01-01", To: "2024-12-31"}, "Vùng", "Tấn")
	p.publish("ma-xa", catalog.Dataset{
		Title:       catalog.Text{"vi": "Danh mục mã đơn vị hành chính", "en": "Codes of administrative units"},
		Description: catalog.Text{"vi": "Mã của các xã, phường; mã cũ và mã mới."},
		Themes:      []string{"GOVE"}, Frequency: "IRREG"}, "Mã xã", "Tên xã")
	p.publish("ma-tuy", catalog.Dataset{
		Title:       catalog.Text{"vi": "Cai nghiện ma túy", "en": "Drug rehabilitation"},
		Description: catalog.Text{"vi": "Ma túy và người cai nghiện: ma, ma, ma."},
		Themes:      []string{"HEAL"}, Frequency: "QUARTERLY", From: "2024-01-01", To: "2024-12-31"}, "Cơ sở", "Số lượt")
	p.publish("truong-hoc", catalog.Dataset{
		Title:       catalog.Text{"vi": "Trường học", "en": "Schools"},
		Description: catalog.Text{"vi": "Trường học các cấp kèm tọa độ.", "en": "Schools of all levels with coordinates."},
		Themes:      []string{"EDUC"}, Frequency: "ANNUAL", From: "2025-01-01", To: "2025-12-31"}, "Tên trường", "Vĩ độ", "Kinh độ")
	return p
}

func (p *portal) find(x *Index, q catalog.Query) catalog.Page {
	p.t.Helper()
	page, err := x.Find(p.t.Context(), q)
	if err != nil {
		p.t.Fatal(err)
	}
	return page
}

// slugs of what was found, in order.
func (p *portal) slugs(x *Index, q catalog.Query) []string {
	p.t.Helper()
	var out []string
	for _, h := range p.find(x, q).Hits {
		out = append(out, p.slug(h.Dataset))
	}
	return out
}

func TestThreeSpellings(t *testing.T) {
	p := library(t)
	x := p.index()
	want := []string{"dan-so", "dan-so-nha"}
	for _, q := range []string{"dân số", "DÂN SỐ", "Dân Số", norm.NFD.String("dân số"), "dan so", "DAN SO"} {
		got := p.slugs(x, catalog.Query{Words: q})
		if slices.Sort(got); !slices.Equal(got, want) {
			t.Errorf("%q: got %q, want %q", q, got, want)
		}
		if strings.ContainsAny(norm.NFC.String(strings.ToLower(q)), "âố") {
			if got := p.slugs(x, catalog.Query{Words: q}); got[0] != "dan-so" {
				t.Errorf("%q: %q comes first", q, got[0])
			}
		}
	}
	if got := p.slugs(x, catalog.Query{Words: "đàn sò"}); len(got) != 2 || got[0] != "dan-so-nha" {
		t.Errorf("got %q: the exact form comes first", got)
	}
}

// What is typed without marks is found by what has none, and does not hide what
// has: folding loses nothing and drowns nothing.
func TestMarksDecide(t *testing.T) {
	p := library(t)
	x := p.index()
	for q, first := range map[string]string{"mã": "ma-xa", "ma": "ma-tuy", "MÃ": "ma-xa", "ma túy": "ma-tuy", "ma tuý": "ma-tuy", "mã xã": "ma-xa"} {
		got := p.slugs(x, catalog.Query{Words: q})
		if len(got) == 0 || got[0] != first {
			t.Errorf("%q: got %q, want %q first", q, got, first)
		}
	}
	// "mã" stands in three datasets as it is typed: they all come before "ma"
	if got := p.slugs(x, catalog.Query{Words: "mã"}); len(got) != 3 || got[2] != "ma-tuy" {
		t.Errorf("got %q, want ma-tuy last of three", got)
	}
}

func TestFindWays(t *testing.T) {
	p := library(t)
	x := p.index()
	for _, c := range []struct {
		q    string
		want []string
	}{
		{"school", []string{"truong-hoc"}},               // English stem
		{"kinh độ", []string{"truong-hoc"}},              // label of a column
		{"kinh_do", []string{"truong-hoc"}},              // its key
		{"trươ", []string{"truong-hoc"}},                 // beginning
		{"truonng hoc", []string{"truong-hoc"}},          // misspelt
		{"Tổng cục Thống kê nghiện", []string{"ma-tuy"}}, // agency and title
		{"cockles xyzzy clams", []string{"dan-so-nha"}},  // most of the words
		{"xyzzy", nil}, {"hoc xyzzy", nil}, {"...", nil}, {"\"", nil},
	} {
		if d := gocmp.Diff(c.want, p.slugs(x, catalog.Query{Words: c.q})); d != "" {
			t.Errorf("%q (-want +got)\n%s", c.q, d)
		}
	}
}

func facet(p catalog.Page, name string) map[string]int {
	out := map[string]int{}
	for _, f := range p.Facets {
		if f.Name == name {
			for _, v := range f.Values {
				out[v.Value] = v.N
			}
		}
	}
	return out
}

func TestFacetsFiltersAndSorting(t *testing.T) {
	p := library(t)
	x := p.index()
	page := p.find(x, catalog.Query{Size: 1})
	if page.Total != 5 || len(page.Hits) != 1 {
		t.Fatalf("%d hits of %d", len(page.Hits), page.Total)
	}
	for name, want := range map[string]map[string]int{
		"agency":    {"tong-cuc-thong-ke": 5},
		"theme":     {"SOCI": 1, "AGRI": 1, "GOVE": 1, "HEAL": 1, "EDUC": 1},
		"format":    {"csv": 5, "parquet": 5, "arrow": 5},
		"year":      {"2023": 1, "2024": 3, "2025": 2},
		"frequency": {"ANNUAL": 3, "IRREG": 1, "QUARTERLY": 1},
	} {
		if d := gocmp.Diff(want, facet(page, name)); d != "" {
			t.Errorf("%s (-want +got)\n%s", name, d)
		}
	}
	page = p.find(x, catalog.Query{Year: "2024", Frequency: "ANNUAL"})
	if page.Total != 2 || facet(page, "theme")["HEAL"] != 0 || facet(page, "year")["2023"] != 1 {
		t.Errorf("filtered: %d, %v", page.Total, page.Facets)
	}
	for sort, want := range map[string][]string{
		catalog.SortTitle:   {"ma-tuy", "ma-xa", "dan-so", "dan-so-nha", "truong-hoc"}, // C, Da, Dâ, Đ, T
		catalog.SortUpdated: {"truong-hoc", "ma-tuy", "ma-xa", "dan-so-nha", "dan-so"},
		"":                  {"truong-hoc", "ma-tuy", "ma-xa", "dan-so-nha", "dan-so"},
	} {
		if d := gocmp.Diff(want, p.slugs(x, catalog.Query{Sort: sort, Lang: "vi"})); d != "" {
			t.Errorf("sorted by %q (-want +got)\n%s", sort, d)
		}
	}
	var paged []string
	for from := 0; from < 6; from += 2 {
		paged = append(paged, p.slugs(x, catalog.Query{From: from, Size: 2})...)
	}
	if d := gocmp.Diff(p.slugs(x, catalog.Query{}), paged); d != "" {
		t.Errorf("in pages (-want +got)\n%s", d)
	}
}

// Without an index the catalogue itself answers: the same datasets.
func TestWithoutAnIndex(t *testing.T) {
	p := library(t)
	x := p.open()
	ready := p.index()
	for _, q := range []catalog.Query{{}, {Words: "dan so"}, {Words: "mã"}, {Words: "schools"}, {Words: "trươ"}, {Words: "so", Year: "2024"}, {Words: "xyzzy"}} {
		a, b := p.find(x, q), p.find(ready, q)
		if !a.Stale || b.Stale {
			t.Fatalf("stale: %v and %v", a.Stale, b.Stale)
		}
		if d := gocmp.Diff(b.Facets, a.Facets); a.Total != b.Total || d != "" {
			t.Errorf("%+v: %d without, %d with an index\n%s", q, a.Total, b.Total, d)
		}
	}
}

func hits(marks []catalog.Mark) string {
	var out []string
	for _, m := range marks {
		if m.Hit {
			out = append(out, "["+m.Text+"]")
		} else {
			out = append(out, m.Text)
		}
	}
	return strings.Join(out, "")
}

func TestMarks(t *testing.T) {
	p := library(t)
	x := p.index()
	for _, c := range []struct{ q, field, want string }{
		{"dan so", "title", "[Dân số] theo tỉnh"},
		{"DÂN SỐ", "title", "[Dân số] theo tỉnh"},
		{"mã", "description", "[Mã] của các xã, phường; [mã] cũ và [mã] mới."},
		{"mã xã", "columns", "[Mã xã], Tên [xã]"},
		{"toa do", "description", "Trường học các cấp kèm [tọa độ]."},
		{"nghien", "title", "Cai [nghiện] ma túy"},
		{"thong ke", "title", "Dân số theo tỉnh"},
	} {
		page := p.find(x, catalog.Query{Words: c.q, Lang: "vi"})
		found := slices.ContainsFunc(page.Hits, func(h catalog.Hit) bool { return hits(h.Fragments[c.field]) == c.want })
		if !found {
			for _, h := range page.Hits {
				t.Logf("%s: %s", c.q, hits(h.Fragments[c.field]))
			}
			t.Errorf("%q: no %s %q", c.q, c.field, c.want)
		}
	}
	nfd := norm.NFD.String("Điều tra dân số")
	m := marker(terms("dân số"), effortWords)
	if got, want := hits(m.mark(nfd)), norm.NFD.String("Điều tra ")+"["+norm.NFD.String("dân số")+"]"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestCut(t *testing.T) {
	long := strings.Repeat("chữ nghĩa ", 100) + "dân số ở đây " + strings.Repeat("và thêm nữa ", 100)
	m := marker(terms("dan so"), effortWords)
	got := m.cut(long)
	if n := len([]rune(got)); n > fragmentRunes+4 || !strings.Contains(got, "dân số") || !strings.HasPrefix(got, "… ") || !strings.HasSuffix(got, " …") {
		t.Errorf("%d runes: %q", n, got)
	}
	if got := marker(nil, 0).cut(long); !strings.HasPrefix(got, "chữ") || len([]rune(got)) > fragmentRunes+2 {
		t.Errorf("got %q", got)
	}
}

func TestHostileQueries(t *testing.T) {
	p := library(t)
	x := p.index()
	for name, q := range map[string]string{
		"long":       strings.Repeat("a", 10_000),
		"many words": strings.Repeat("dân số ", 5_000),
		"letters":    "a b c d e f g h i j k l m n o p q r s t u v w x y z",
		"operators":  `+dân -số "dân AND (số OR title:x)^99~2 *`,
		"wildcards":  "*?*?* .* [a-z]+ (a+)+$",
		"zero":       "dân\x00số",
		"not UTF-8":  "\xff\xfe dân",
		"marks":      strings.Repeat("\u0301", 5_000),
		"zalgo":      "d" + strings.Repeat("\u0301", 5_000) + "ân",
		"direction":  "\u202edân\u202c",
		"space":      strings.Repeat(" ", 10_000),
	} {
		start := time.Now()
		_, err := x.Find(t.Context(), catalog.Query{Words: q, Agency: q, Theme: q, Year: q, Sort: q, Lang: q})
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		page, err := x.Find(t.Context(), catalog.Query{Words: q})
		if took := time.Since(start); err != nil || took > 500*time.Millisecond {
			t.Errorf("%s: %v after %s", name, err, took)
		}
		if name == "operators" && page.Total == 0 {
			t.Log("operators are words; none had to match")
		}
	}
	if got := p.slugs(x, catalog.Query{Words: `"dân" +(số)`}); len(got) != 2 {
		t.Errorf("got %q: punctuation is no operator", got)
	}
	for _, q := range []catalog.Query{{From: 10_000}, {From: -1}, {From: 9_990, Size: 20}, {From: 1 << 62}} {
		if _, err := x.Find(t.Context(), q); !errors.Is(err, ErrTooDeep) {
			t.Errorf("from %d: got %v, want ErrTooDeep", q.From, err)
		}
	}
	if _, err := x.Find(t.Context(), catalog.Query{From: 9_000, Size: 1_000}); err != nil {
		t.Error(err)
	}
}

func TestYears(t *testing.T) {
	for _, c := range []struct {
		from, to string
		want     []string
	}{
		{"2023-05-01", "2025-01-01", []string{"2023", "2024", "2025"}},
		{"2023-05-01", "", []string{"2023"}}, {"", "2023", []string{"2023"}}, {"", "", nil}, {"2025", "2023", nil}, {"x", "y", nil},
	} {
		if d := gocmp.Diff(c.want, years(c.from, c.to)); d != "" {
			t.Errorf("%s to %s: %s", c.from, c.to, d)
		}
	}
	if n := len(years("0001-01-01", "9999-12-31")); n != 200 {
		t.Errorf("%d years", n)
	}
}

func TestVietnameseOrder(t *testing.T) {
	r := newReader(nil)
	titles := []string{"Đà Nẵng", "Quận 10", "Dân số", "Điện", "Ăn uống", "An Giang", "Quận 2", "Danh mục", "Ấn phẩm"}
	slices.SortFunc(titles, func(a, b string) int { return cmp.Or(r.collators[0].CompareString(a, b)) })
	want := []string{"An Giang", "Ăn uống", "Ấn phẩm", "Danh mục", "Dân số", "Đà Nẵng", "Điện", "Quận 2", "Quận 10"}
	if d := gocmp.Diff(want, titles); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

// A life event is a filter, a facet, and words that find its datasets.
func TestLifeEvents(t *testing.T) {
	p := newPortal(t)
	p.publish("khai-sinh", catalog.Dataset{Title: catalog.Text{"vi": "Trẻ mới khai sinh"}, LifeEvents: []string{"birth"}}, "Xã")
	p.publish("tram-y-te", catalog.Dataset{Title: catalog.Text{"vi": "Trạm y tế"}, LifeEvents: []string{"birth", "health"}}, "Tên")
	p.publish("ngan-sach", catalog.Dataset{Title: catalog.Text{"vi": "Ngân sách"}}, "Chương")
	x := p.index()
	if got := p.slugs(x, catalog.Query{LifeEvent: "birth"}); !slices.Equal(got, []string{"tram-y-te", "khai-sinh"}) {
		t.Errorf("filter: %q", got)
	}
	if d := gocmp.Diff(map[string]int{"birth": 2, "health": 1}, facet(p.find(x, catalog.Query{}), "life_event")); d != "" {
		t.Errorf("facet (-want +got)\n%s", d)
	}
	for _, words := range []string{"nuôi con nhỏ", "having a baby"} {
		if got := p.slugs(x, catalog.Query{Words: words}); len(got) != 2 {
			t.Errorf("%q: %q", words, got)
		}
	}
}

// A province is found by its name of today, by those of the provinces it was
// made of, by its code and by what people call it; so is an office.
func TestOtherNames(t *testing.T) {
	p := newPortal(t)
	hcm, hanoi := "/codes/administrative-units/79", "/codes/administrative-units/01"
	p.publish("xe-buyt", catalog.Dataset{Title: catalog.Text{"vi": "Tuyến xe buýt"}, Places: []string{hcm}}, "Tuyến")
	p.publish("truong", catalog.Dataset{Title: catalog.Text{"vi": "Trường học Bình Dương"}, Places: []string{hcm}}, "Tên")
	p.publish("ho", catalog.Dataset{Title: catalog.Text{"vi": "Hồ và ao"}, Places: []string{hanoi}}, "Tên")
	p.publish("thu-tuc", catalog.Dataset{Title: catalog.Text{"vi": "Thủ tục tại UBND xã"}}, "Tên")
	p.publish("kien-nghi", catalog.Dataset{Title: catalog.Text{"vi": "Kiến nghị gửi Ủy ban nhân dân"}}, "Tên")
	p.publish("binh", catalog.Dataset{Title: catalog.Text{"vi": "Bình chứa dương tính"}}, "Tên")
	x := p.index()
	for _, c := range []struct {
		q    string
		want []string // in this order where first is told, else any
	}{
		{"Hồ Chí Minh", []string{"truong", "xe-buyt"}},
		{"TP.HCM", []string{"truong", "xe-buyt"}},
		{"tphcm", []string{"truong", "xe-buyt"}},
		{"HCM", []string{"truong", "xe-buyt"}},
		{"thành phố hồ chí minh", []string{"truong", "xe-buyt"}},
		{"sai gon", []string{"truong", "xe-buyt"}},
		{"Thủ Đức", []string{"truong", "xe-buyt"}},
		{"Bà Rịa Vũng Tàu", []string{"truong", "xe-buyt"}},
		{"xe buýt bình dương", []string{"xe-buyt"}},
		{"HN", []string{"ho"}},
		{"Hà Tây", []string{"ho"}},
		{"UBND", []string{"kien-nghi", "thu-tuc"}},
		{"ủy ban nhân dân", []string{"kien-nghi", "thu-tuc"}},
		{"uy ban nhan dan", []string{"kien-nghi", "thu-tuc"}},
	} {
		got := p.slugs(x, catalog.Query{Words: c.q})
		if slices.Sort(got); !slices.Equal(got, c.want) {
			t.Errorf("%q: got %q, want %q", c.q, got, c.want)
		}
		stale := p.slugs(p.open(), catalog.Query{Words: c.q})
		if slices.Sort(stale); !slices.Equal(stale, c.want) {
			t.Errorf("%q without an index: got %q, want %q", c.q, stale, c.want)
		}
	}
	// what says the word itself comes before what only means it
	if got := p.slugs(x, catalog.Query{Words: "bình dương"}); len(got) == 0 || got[0] != "truong" {
		t.Errorf("bình dương: %q", got)
	}
	if got := p.slugs(x, catalog.Query{Words: "UBND"}); got[0] != "thu-tuc" {
		t.Errorf("UBND: %q", got)
	}
	for _, place := range []string{"79", "74", hcm, "/codes/former-administrative-units/77"} {
		if got := p.slugs(x, catalog.Query{Place: place}); len(got) != 2 {
			t.Errorf("place %s: %q", place, got)
		}
	}
}
