package api_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"daylight/api"
	"daylight/catalog"
	"daylight/catalog/codes"
)

// Every list and every concept has a page in both languages, and every list
// can be had as JSON and CSV with the same entries.
func TestCodes(t *testing.T) {
	p := newPortal(t)
	p.indexed()
	for _, prefix := range []string{"", "/en"} {
		if res, body := ask(t, p.app, http.MethodGet, prefix+"/codes", ""); res.StatusCode != 200 || strings.Count(body, `class="card"`) != codes.Lists.Len() {
			t.Errorf("%s/codes: %d", prefix, res.StatusCode)
		}
	}
	for l := range codes.Lists.All() {
		for _, prefix := range []string{"", "/en"} {
			res, body := ask(t, p.app, http.MethodGet, prefix+"/codes/"+l.Code, "")
			if res.StatusCode != 200 || strings.Count(body, "<tr>") != l.Len()+1 {
				t.Errorf("%s/codes/%s: %d with %d rows, want %d", prefix, l.Code, res.StatusCode, strings.Count(body, "<tr>")-1, l.Len())
			}
		}
		for i, e := range l.Entries() {
			for j, prefix := range []string{"", "/en"} {
				if i > 3 && i < l.Len()-2 && j == 1 {
					continue // a sample is enough in the second language
				}
				path := prefix + "/codes/" + l.Code + "/" + url.PathEscape(e.Code)
				res, body := ask(t, p.app, http.MethodGet, path, "")
				if res.StatusCode != 200 || !strings.Contains(body, "<h1>"+map[int]string{0: e.VI, 1: e.EN}[j]) && !strings.Contains(body, "<h1><span lang") {
					t.Errorf("%s: %d", path, res.StatusCode)
				}
			}
		}
		var answer struct {
			List    struct{ Entries int }
			Entries []codes.Entry
		}
		_, body := ask(t, p.app, http.MethodGet, "/codes/"+l.Code+".json", "")
		if err := json.Unmarshal([]byte(body), &answer); err != nil || len(answer.Entries) != l.Len() || answer.List.Entries != l.Len() {
			t.Errorf("%s.json: %d entries, want %d (%v)", l.Code, len(answer.Entries), l.Len(), err)
		}
		res, body := ask(t, p.app, http.MethodGet, "/codes/"+l.Code+".csv", "")
		rows, err := csv.NewReader(strings.NewReader(body)).ReadAll()
		if err != nil || len(rows) != l.Len()+1 || !strings.HasPrefix(res.Header.Get("Content-Type"), "text/csv") {
			t.Errorf("%s.csv: %d rows (%v)", l.Code, len(rows), err)
		}
		for i, e := range answer.Entries {
			if strings.HasPrefix(e.IRI, "/") || i+1 < len(rows) && (rows[i+1][0] != e.Code || rows[i+1][1] != e.IRI || rows[i+1][2] != e.VI) {
				t.Errorf("%s: JSON and CSV differ at %s", l.Code, e.Code)
			}
		}
	}
	for ext, want := range map[string]string{"ttl": "dct:isReplacedBy", "nt": "<http://purl.org/dc/terms/isReplacedBy> <" + base + "/codes/administrative-units/79>", "jsonld": "isReplacedBy", "rdf": "isReplacedBy"} {
		if res, body := ask(t, p.app, http.MethodGet, "/codes/former-administrative-units."+ext, ""); res.StatusCode != 200 || !strings.Contains(body, want) {
			t.Errorf("%s: %d", ext, res.StatusCode)
		}
	}
	for _, path := range []string{"/codes/xyzzy", "/codes/themes/xyzzy", "/codes/xyzzy/HEAL", "/codes/themes.xyz", "/codes/xyzzy.csv", "/codes/themes/HEAL.json"} {
		if res, _ := ask(t, p.app, http.MethodGet, path, ""); res.StatusCode != 404 && res.StatusCode != 400 {
			t.Errorf("%s: %d", path, res.StatusCode)
		}
	}
}

// The filter finds by code and by every name, also by what a province was made of.
func TestCodesFilter(t *testing.T) {
	p := newPortal(t)
	for q, want := range map[string][]string{"binh duong": {"79"}, "Bình Dương": {"79"}, "thừa thiên": {"46"}, "xyzzy": nil, "...": nil, "hanoi": {"01"}} {
		list := "administrative-units"
		if q == "thừa thiên" {
			list = "former-administrative-units"
		}
		_, body := ask(t, p.app, http.MethodGet, "/codes/"+list+"?q="+url.QueryEscape(q), "")
		if got := strings.Count(body, `<th scope="row">`); got != len(want) {
			t.Errorf("%q: %d rows, want %d", q, got, len(want))
		}
		for _, code := range want {
			if !strings.Contains(body, `/`+list+`/`+code+`"`) {
				t.Errorf("%q does not find %s", q, code)
			}
		}
	}
	// what is typed is shown as words, never as markup
	_, body := ask(t, p.app, http.MethodGet, "/codes/themes?q="+url.QueryEscape(`"><script>alert(1)</script>`), "")
	if strings.Contains(body, "<script>") {
		t.Error("the filter's words are markup")
	}
}

// A life event that an agency names is in the JSON, on the page and the home
// page, and finds the dataset; one that no list knows is refused.
func TestLifeEventsOfADataset(t *testing.T) {
	p := newPortal(t)
	d := p.describe("dan-so", "so-y-te")
	token := "Bearer " + p.token[api.Own]
	body := func(events string) string {
		return `{"title": {"vi": "Dân số"}, "description": {"vi": "Dân số theo xã."}, "keywords": {"vi": ["dân số"]}, "themes": ["SOCI"], "places": ["/codes/administrative-units/79"],
			"frequency": "ANNUAL", "licence": "CC-BY-4.0", "locale": "vi", "life_events": ` + events + `}`
	}
	put := func(events string) (*http.Response, string) {
		return ask(t, p.app, http.MethodPut, "/api/v1/datasets/dan-so", body(events), "Authorization", token, "Content-Type", "application/json")
	}
	if res, answer := put(`["xyzzy"]`); res.StatusCode != 422 || !strings.Contains(answer, "life_events") || strings.Contains(answer, "xyzzy") {
		t.Errorf("an unknown life event: %d %s", res.StatusCode, answer)
	}
	if res, answer := put(`["birth", "health"]`); res.StatusCode != 200 {
		t.Fatalf("%d %s", res.StatusCode, answer)
	}
	if u := p.publish(d, population, "auto"); u.State != catalog.StatePublished {
		t.Fatalf("%s: %v", u.State, u.Problems)
	}
	p.indexed()
	for path, want := range map[string]string{
		"/api/v1/datasets/dan-so":               `"life_events":["birth","health"]`,
		"/en/datasets/dan-so":                   `href="/en/datasets?life_event=birth"`,
		"/datasets/dan-so":                      `href="/codes/administrative-units/79"`,
		"/":                                     `href="/datasets?life_event=health"`,
		"/datasets?life_event=birth":            "Sinh con và nuôi con nhỏ",
		"/api/v1/search?life_event=birth":       `"total":1`,
		"/dataset/dan-so.nt":                    "/codes/life-events/birth> .",
		"/api/v1/search?life_event=marriage":    `"total":0`,
		"/api/v1/search?place=74":               `"total":1`, // Bình Dương is in TP. Hồ Chí Minh now
		"/codes/life-events/birth":              `href="/datasets?life_event=birth"`,
		"/codes/former-administrative-units/74": `href="/datasets?place=79"`,
	} {
		if res, answer := ask(t, p.app, http.MethodGet, path, ""); res.StatusCode != 200 || !strings.Contains(answer, want) {
			t.Errorf("%s: %d without %s", path, res.StatusCode, want)
		}
	}
}

// The commune list is there once it is loaded: a page of old units and where
// they are now, a page for each code, and the file itself, which can be loaded
// again.
func TestCommunes(t *testing.T) {
	p := newPortal(t)
	for _, path := range []string{"/codes/communes", "/codes/communes.csv", "/codes/communes/31081"} {
		if res, _ := ask(t, p.app, http.MethodGet, path, ""); res.StatusCode != 404 {
			t.Errorf("%s before a list is loaded: %d", path, res.StatusCode)
		}
	}
	changes, problems := codes.ReadCommunes(bytes.NewReader(codes.SampleCommunes))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if _, _, err := p.catalog.PutCommunes(t.Context(), catalog.CommuneList{Loaded: time.Now(), Source: "Nghị quyết 1654/NQ-UBTVQH15", Stated: "2025-06-16", SHA256: "aa", Changes: changes}); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string][]string{
		"/codes":                        {"/codes/communes", "Nghị quyết 1654/NQ-UBTVQH15"},
		"/codes/communes":               {"Phường An Thới", "Đặc khu Phú Quốc, An Giang", "đến 30/06/2025"},
		"/en/codes/communes?q=tho+chau": {"Tho Chau Commune", "1 of 9 entries", "/en/codes/communes/31105"},
		"/codes/communes?page=2":        {"Không có mục nào"},
		"/codes/communes/31081":         {"Phường An Thới", "/codes/communes/31078", "Thành phố Phú Quốc, Kiên Giang", "Điều 1"},
		"/codes/communes/31078":         {"Đặc khu Phú Quốc", "Xã Bãi Thơm", "Mã này được dùng lại", "Phường Dương Đông", "từ 01/07/2025"},
		"/en/codes/communes/31105":      {"The code was given out again", "Xã Thổ Châu"},
		"/codes/communes.json":          {`"version":1`, `"old_code":"31081"`},
		"/codes/communes.csv":           {"old_code,old_name"},
	} {
		res, body := ask(t, p.app, http.MethodGet, path, "")
		for _, w := range want {
			if res.StatusCode != 200 || !strings.Contains(body, w) {
				t.Errorf("%s: %d without %q", path, res.StatusCode, w)
			}
		}
	}
	_, body := ask(t, p.app, http.MethodGet, "/codes/communes.csv", "")
	again, problems := codes.ReadCommunes(strings.NewReader(body))
	if d := cmp.Diff(changes, again); d != "" || len(problems) > 0 {
		t.Errorf("what is downloaded is not what was loaded: %v\n%s", problems, d)
	}
	_, index := ask(t, p.app, http.MethodGet, "/sitemap.xml", "")
	part := regexp.MustCompile(`<loc>` + base + `(/sitemap[^<]*pages[^<]*)</loc>`).FindStringSubmatch(index)
	if part == nil {
		t.Fatalf("no part for pages in the sitemap:\n%s", index)
	}
	if _, body := ask(t, p.app, http.MethodGet, part[1], ""); !strings.Contains(body, base+"/en/codes/communes/31081") {
		t.Error("the sitemap does not have the communes' pages")
	}
	for _, path := range []string{"/codes/communes/00001", "/codes/communes/xyzzy", "/codes/communes.xml"} {
		if res, _ := ask(t, p.app, http.MethodGet, path, ""); res.StatusCode != 404 {
			t.Errorf("%s: %d", path, res.StatusCode)
		}
	}
}
