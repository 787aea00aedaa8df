package api_test

import (
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"net/http"
	"strings"
	"testing"

	"daylight/api"
	"daylight/catalog"
)

func withholding() catalog.Withholding {
	return catalog.Withholding{
		Access: "NON_PUBLIC", Reason: catalog.Text{"vi": "Nhiều thôn có dưới 5 ca.", "en": "Many hamlets have fewer than 5 cases."},
		Law: catalog.Text{"vi": "Luật Bảo vệ dữ liệu cá nhân số 91/2025/QH15", "en": "Personal Data Protection Law 91/2025/QH15"}, Article: "Điều 14, khoản 6",
		LawURL: "https://vanban.example/91-2025", Unit: catalog.Text{"vi": "Phòng Nghiệp vụ", "en": "Medical division"}, Decided: "2026-06-01", Review: "2126-06-01",
		Appeal: catalog.Text{"vi": "=Gửi Phòng Kế hoạch.", "en": "Write to the planning division."},
	}
}

// withhold describes a dataset and puts it into the register.
func (p *portal) withhold(slug, agency string) catalog.Withholding {
	p.t.Helper()
	d := p.describe(slug, agency)
	w, problems, err := p.inbox.Withhold(p.t.Context(), "test", d.ID, withholding())
	if err != nil || catalog.Refused(problems) {
		p.t.Fatal(err, problems)
	}
	return w
}

// A withheld dataset stands where it would have stood, says why in both
// languages, and gives nothing to load.
func TestWithheldIsTold(t *testing.T) {
	p := newPortal(t)
	u := p.publish(p.describe("dan-so", "so-y-te"), population, "auto")
	if u.State != catalog.StatePublished {
		t.Fatal(u.Problems)
	}
	w := p.withhold("ca-benh", "so-y-te")
	p.indexed()
	get := func(path string, status int, want ...string) string {
		t.Helper()
		res, body := ask(t, p.app, http.MethodGet, path, "", "Accept", "text/html")
		if res.StatusCode != status {
			t.Errorf("%s: %d, want %d", path, res.StatusCode, status)
		}
		for _, s := range want {
			if !strings.Contains(body, s) {
				t.Errorf("%s does not say %q", path, s)
			}
		}
		return body
	}
	vi := []string{"Nhiều thôn có dưới 5 ca.", "91/2025/QH15", "Điều 14, khoản 6", "01/06/2126"}
	en := []string{"Many hamlets have fewer than 5 cases.", "Personal Data Protection Law", "Điều 14, khoản 6"}
	get("/withheld", 200, vi...)
	get("/en/withheld", 200, en...)
	get("/withheld?org=so-giao-duc", 200, "Không có bộ dữ liệu nào bị giữ lại toàn bộ.")
	get("/withheld?org=khong-co", 400)
	get("/withheld/"+w.ID, 200, append(vi, "Phòng Nghiệp vụ", "Gửi Phòng Kế hoạch", "01/06/2026")...)
	get("/en/withheld/"+w.ID, 200, append(en, "Medical division", "Write to the planning division.")...)
	get("/withheld/11111111-2222-4333-8444-555555555555", 404)
	get("/withheld/"+string(w.Dataset), 301)
	for path, want := range map[string][]string{"/datasets/ca-benh": vi, "/en/datasets/ca-benh": en} {
		body := get(path, 200, want...)
		for _, s := range []string{"/latest/", "/v/1", "data.csv", `id="files"`, `id="versions"`} {
			if strings.Contains(body, s) {
				t.Errorf("%s offers %s", path, s)
			}
		}
	}
	for _, path := range []string{"/datasets?q=ca-benh", "/datasets?q=population&sort=rows", "/organizations/so-y-te", "/en/datasets"} {
		get(path, 200, `class="result result--shade"`)
	}
	get("/", 200, `<span class="figure-n">1</span> <span class="small">bộ <a href="/withheld">chưa mở</a>`)
	get("/datasets/ca-benh/latest/data.csv", 451, "Nhiều thôn có dưới 5 ca.", "/withheld/"+w.ID)
	get("/datasets/ca-benh/download/csv", 451)
	get("/datasets/ca-benh/v/1", 404)
	get("/datasets/ca-benh/v/1/data.csv", 404)

	var one struct {
		Version  *struct{} `json:"version"`
		Withheld *struct {
			ID      string       `json:"id"`
			URL     string       `json:"url"`
			Reason  catalog.Text `json:"reason"`
			Overdue bool         `json:"overdue"`
		} `json:"withheld"`
	}
	_, body := ask(t, p.app, http.MethodGet, "/api/v1/datasets/ca-benh", "")
	if err := json.Unmarshal([]byte(body), &one); err != nil || one.Version != nil || one.Withheld == nil {
		t.Fatalf("%s: %v", body, err)
	}
	if one.Withheld.ID != w.ID || one.Withheld.URL != base+"/withheld/"+w.ID || one.Withheld.Overdue || one.Withheld.Reason["en"] == "" {
		t.Errorf("%s", body)
	}
	for _, path := range []string{"/api/v1/search?q=ca-benh", "/api/v1/datasets", "/api/v1/datasets/ca-benh/versions"} {
		if res, body := ask(t, p.app, http.MethodGet, path, ""); res.StatusCode != 200 || !strings.Contains(body, "ca-benh") && !strings.Contains(body, `"versions":[]`) {
			t.Errorf("%s: %d %s", path, res.StatusCode, body)
		}
	}
	_, body = ask(t, p.app, http.MethodGet, "/catalog.ttl", "")
	for _, s := range []string{"/withheld/" + w.ID, "access-right/NON_PUBLIC", "Many hamlets"} {
		if !strings.Contains(body, s) {
			t.Errorf("the catalogue does not hold %q", s)
		}
	}
	if n := strings.Count(body, "a dcat:Dataset"); n != 2 {
		t.Errorf("%d datasets in the catalogue, want 2", n)
	}
	_, body = ask(t, p.app, http.MethodGet, "/data.json", "")
	for _, line := range strings.Split(body, "\n") {
		if strings.Contains(line, "/datasets/ca-benh") && (!strings.Contains(line, `"accessLevel":"non-public"`) || !strings.Contains(line, `"rights":"Nhiều thôn`) || strings.Contains(line, "distribution")) {
			t.Errorf("data.json: %s", line)
		}
	}
}

// The register is whole in every form.
func TestRegisterFiles(t *testing.T) {
	p := newPortal(t)
	w := p.withhold("ca-benh", "so-y-te")
	_, body := ask(t, p.app, http.MethodGet, "/withheld.csv", "")
	rows, err := csv.NewReader(strings.NewReader(body)).ReadAll()
	if err != nil || len(rows) != 2 || !strings.Contains(body, "\r\n") {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	row := map[string]string{}
	for i, name := range rows[0] {
		row[name] = rows[1][i]
	}
	for name, want := range map[string]string{"id": w.ID, "slug": "ca-benh", "organization": "so-y-te", "access": "NON_PUBLIC", "article": "Điều 14, khoản 6",
		"decided": "2026-06-01", "review": "2126-06-01", "overdue": "false", "reason_en": "Many hamlets have fewer than 5 cases.", "ended": "", "appeal_vi": "=Gửi Phòng Kế hoạch."} {
		if row[name] != want {
			t.Errorf("%s = %q, want %q", name, row[name], want)
		}
	}
	if _, body := ask(t, p.app, http.MethodGet, "/withheld.csv?excel=1&bom=1", ""); !strings.HasPrefix(body, "\ufeffid,") || !strings.Contains(body, ",'=Gửi") {
		t.Errorf("for Excel: %q", body)
	}
	for path, status := range map[string]int{"/withheld.csv?excel=2": 400, "/withheld.csv?org=khong-co": 400, "/withheld.json?org=..": 400, "/withheld.atom?lang=fr": 400, "/withheld.atom?page=0": 400} {
		if res, _ := ask(t, p.app, http.MethodGet, path, ""); res.StatusCode != status {
			t.Errorf("%s: %d", path, res.StatusCode)
		}
	}
	if _, body := ask(t, p.app, http.MethodGet, "/withheld.csv?org=so-giao-duc", ""); strings.Count(body, "\n") != 1 {
		t.Errorf("another agency's: %q", body)
	}
	var out struct {
		Standing int `json:"standing"`
		Withheld []struct {
			Slug string `json:"slug"`
			URL  string `json:"url"`
		} `json:"withheld"`
	}
	_, body = ask(t, p.app, http.MethodGet, "/withheld.json", "")
	if err := json.Unmarshal([]byte(body), &out); err != nil || out.Standing != 1 || len(out.Withheld) != 1 || out.Withheld[0].Slug != "ca-benh" {
		t.Errorf("%s: %v", body, err)
	}
	var feed struct {
		Entries []struct {
			ID      string `xml:"id"`
			Summary string `xml:"summary"`
		} `xml:"entry"`
	}
	_, body = ask(t, p.app, http.MethodGet, "/withheld.atom?lang=en", "")
	if err := xml.Unmarshal([]byte(body), &feed); err != nil || len(feed.Entries) != 1 || feed.Entries[0].ID != base+"/withheld/"+w.ID || !strings.Contains(feed.Entries[0].Summary, "Many hamlets") {
		t.Errorf("%s: %v", body, err)
	}
}

// The register counts what plans left out of published datasets, and names no
// column.
func TestRegisterOfParts(t *testing.T) {
	p := newPortal(t)
	if u := p.publish(p.describe("dan-so", "so-y-te"), population, "plan: v1\ndataset: dan-so\naudience: open\ncolumns:\n  ma_xa: {do: drop}\n  ten_xa: {do: keep}\n  dan_so: {do: drop}\ndecided: {by: thử, at: 2026-10-01}\n"); u.State != catalog.StatePublished {
		t.Fatal(u.Problems)
	}
	_, body := ask(t, p.app, http.MethodGet, "/withheld", "")
	if !strings.Contains(body, `href="/datasets/dan-so#privacy"`) || !strings.Contains(body, `<td class="num">2</td>`) {
		t.Errorf("the register does not tell the columns that were left out")
	}
	for _, name := range []string{"ma_xa", "dan_so"} {
		if strings.Contains(body, name) {
			t.Errorf("the register names the column %s", name)
		}
	}
	_, body = ask(t, p.app, http.MethodGet, "/withheld.json", "")
	if !strings.Contains(body, `"columns_left_out":2`) || strings.Contains(body, "ma_xa") {
		t.Errorf("%s", body)
	}
}

// An agency puts its own draft into the register, and what it publishes later
// ends the withholding.
func TestWithholdOverTheAPI(t *testing.T) {
	p := newPortal(t)
	d := p.describe("ca-benh", "so-y-te")
	own := []string{"Content-Type", "application/json", "Authorization", "Bearer " + p.token[api.Own]}
	put := func(w catalog.Withholding, headers ...string) (int, string) {
		body, err := json.Marshal(map[string]any{"access": w.Access, "reason": w.Reason, "law": w.Law, "article": w.Article, "law_url": w.LawURL, "unit": w.Unit,
			"decided": w.Decided, "review": w.Review, "appeal": w.Appeal})
		if err != nil {
			t.Fatal(err)
		}
		res, answer := ask(t, p.app, http.MethodPut, "/api/v1/datasets/ca-benh/withholding", string(body), headers...)
		return res.StatusCode, answer
	}
	if status, _ := put(withholding(), "Content-Type", "application/json", "Authorization", "Bearer "+p.token[api.Other]); status != 404 {
		t.Errorf("another agency: %d", status)
	}
	bad := withholding()
	bad.Article, bad.Review, bad.LawURL, bad.Access = "", "2026-05-01", "javascript:x", "PUBLIC"
	status, answer := put(bad, own...)
	for _, field := range []string{"article", "law_url", "access"} {
		if status != 422 || !strings.Contains(answer, `"field":"`+field+`"`) {
			t.Errorf("%d, nothing against %s: %s", status, field, answer)
		}
	}
	if res, _ := ask(t, p.app, http.MethodGet, "/datasets/ca-benh", ""); res.StatusCode != 404 {
		t.Errorf("a draft is public after a refusal: %d", res.StatusCode)
	}
	status, answer = put(withholding(), own...)
	if status != 200 || !strings.Contains(answer, base+"/withheld/") {
		t.Fatalf("%d %s", status, answer)
	}
	changes := func() (n int) {
		for _, err := range p.catalog.Changes(t.Context(), 0) {
			if err != nil {
				t.Fatal(err)
			}
			n++
		}
		return n
	}
	before := changes()
	if status, _ := put(withholding(), own...); status != 200 || changes() != before {
		t.Errorf("the same again: %d, %d changes more", status, changes()-before)
	}
	other := withholding()
	other.Review = "2126-12-31"
	if status, answer := put(other, own...); status != 200 || changes() != before+1 || !strings.Contains(answer, "2126-12-31") {
		t.Errorf("changed: %d %s", status, answer)
	}
	w, err := p.catalog.Withholding(t.Context(), string(d.ID))
	if err != nil {
		t.Fatal(err)
	}
	if u := p.publish(d, population, "auto"); u.State != catalog.StatePublished {
		t.Fatal(u.Problems)
	}
	p.indexed()
	if _, body := ask(t, p.app, http.MethodGet, "/en/withheld/"+w.ID, ""); !strings.Contains(body, "Opened on") || !strings.Contains(body, `href="/en/datasets/ca-benh"`) {
		t.Error("the entry does not say that it has ended")
	}
	if _, body := ask(t, p.app, http.MethodGet, "/datasets/ca-benh", ""); !strings.Contains(body, "data.csv") || strings.Contains(body, "card--shade") {
		t.Error("the dataset's page still says that it is withheld")
	}
	if status, answer := put(withholding(), own...); status != 409 || !strings.Contains(answer, "/problems/published") {
		t.Errorf("withheld after publication: %d %s", status, answer)
	}
}

// What is put of a public dataset becomes public with ?revise=1, without a
// release.
func TestRevise(t *testing.T) {
	p := newPortal(t)
	d := p.describe("dan-so", "so-y-te")
	if u := p.publish(d, population, "auto"); u.State != catalog.StatePublished {
		t.Fatal(u.Problems)
	}
	p.describe("ban-nhap", "so-y-te")
	put := func(slug, query, title string) string {
		body, _ := json.Marshal(map[string]any{"title": catalog.Text{"vi": title, "en": title}, "description": d.Description, "keywords": d.Keywords,
			"themes": d.Themes, "places": d.Places, "frequency": d.Frequency, "licence": d.Licence, "locale": d.Locale})
		res, answer := ask(t, p.app, http.MethodPut, "/api/v1/datasets/"+slug+query, string(body), "Content-Type", "application/json", "Authorization", "Bearer "+p.token[api.Own])
		if res.StatusCode != 200 {
			t.Fatalf("%d %s", res.StatusCode, answer)
		}
		return answer
	}
	title := func() string {
		live, err := p.catalog.Dataset(t.Context(), "dan-so")
		if err != nil {
			t.Fatal(err)
		}
		return live.Title["vi"]
	}
	if put("dan-so", "", "Tên mới"); title() == "Tên mới" {
		t.Error("a draft is public without being asked for")
	}
	if answer := put("dan-so", "?revise=1", "Tên mới"); title() != "Tên mới" || !strings.Contains(answer, `"revised":true`) {
		t.Errorf("title %q, %s", title(), answer)
	}
	if answer := put("ban-nhap", "?revise=1", "Tên mới"); !strings.Contains(answer, `"revised":false`) {
		t.Errorf("a draft: %s", answer)
	}
	if res, _ := ask(t, p.app, http.MethodGet, "/datasets/ban-nhap", ""); res.StatusCode != 404 {
		t.Errorf("a draft became public: %d", res.StatusCode)
	}
	p.indexed()
	if _, body := ask(t, p.app, http.MethodGet, "/api/v1/search?q=Ten+moi", ""); !strings.Contains(body, `"total":1`) {
		t.Errorf("the search does not know the new title: %s", body)
	}
	live, err := p.catalog.Dataset(t.Context(), "dan-so")
	if err != nil || live.Release.N != 1 || !live.Modified.After(live.Release.Published) {
		t.Errorf("release %v, %v", live.Release, err)
	}
}
