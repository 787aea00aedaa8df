package api_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"

	"daylight/api"
	"daylight/catalog"
	"daylight/catalog/inventory"
)

func table(t *testing.T, body string) []map[string]string {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(body, "\ufeff"))).ReadAll()
	if err != nil || len(rows) == 0 {
		t.Fatalf("%q: %v", body, err)
	}
	var out []map[string]string
	for _, row := range rows[1:] {
		one := map[string]string{}
		for i, name := range rows[0] {
			one[name] = row[i]
		}
		out = append(out, one)
	}
	return out
}

// The public table holds what is public; an agency's has its drafts besides.
func TestInventoryOut(t *testing.T) {
	p := newPortal(t)
	if u := p.publish(p.describe("dan-so", "so-y-te"), population, "auto"); u.State != catalog.StatePublished {
		t.Fatal(u.Problems)
	}
	p.withhold("chua-mo", "so-giao-duc")
	p.describe("ban-nhap", "so-y-te")
	get := func(path string, headers ...string) (*http.Response, string) {
		t.Helper()
		res, body := ask(t, p.app, http.MethodGet, path, "", headers...)
		if res.StatusCode != 200 {
			t.Fatalf("%s: %d %s", path, res.StatusCode, body)
		}
		return res, body
	}
	states := func(body string) map[string]string {
		out := map[string]string{}
		for _, r := range table(t, body) {
			out[r["slug"]] = r["state"]
		}
		return out
	}
	res, body := get("/inventory.csv")
	if got := states(body); len(got) != 2 || got["dan-so"] != "published" || got["chua-mo"] != "withheld" {
		t.Errorf("%v", got)
	}
	if head := strings.TrimSuffix(strings.SplitN(body, "\n", 2)[0], "\r"); head != strings.Join(inventory.Columns(), ",") {
		t.Errorf("columns %s", head)
	}
	for _, r := range table(t, body) {
		if r["slug"] == "dan-so" && (r["title_en"] != "Population dan-so" || r["version"] != "1" || r["rows"] != "5" || r["organization"] != "so-y-te" || r["url"] != base+"/datasets/dan-so") {
			t.Errorf("%v", r)
		}
	}
	if again, _ := ask(t, p.app, http.MethodGet, "/inventory.csv", "", "If-None-Match", res.Header.Get("ETag")); again.StatusCode != 304 {
		t.Errorf("the same again: %d", again.StatusCode)
	}
	if _, body := get("/inventory.csv?org=so-y-te&bom=1"); !strings.HasPrefix(body, "\ufeffid,") || len(states(body)) != 1 {
		t.Errorf("%q", body)
	}
	var out struct {
		Datasets []inventory.Row `json:"datasets"`
	}
	_, body = get("/inventory.json")
	if err := json.Unmarshal([]byte(body), &out); err != nil || len(out.Datasets) != 2 {
		t.Errorf("%s: %v", body, err)
	}
	for who, want := range map[api.Who]int{api.Own: 2, api.Other: 1, api.Administrator: 3} {
		if _, body := get("/api/v1/inventory.csv", "Authorization", "Bearer "+p.token[who]); len(states(body)) != want {
			t.Errorf("%s sees %v", who, states(body))
		}
	}
	for _, path := range []string{"/inventory", "/en/inventory"} {
		if _, body := get(path); !strings.Contains(body, "/inventory.csv?org=so-y-te") || !strings.Contains(body, "title_vi") {
			t.Errorf("%s: %s", path, body)
		}
	}
	for _, path := range []string{"/inventory.csv?org=khong-co", "/inventory.csv?excel=yes", "/inventory.json?org=.."} {
		if res, _ := ask(t, p.app, http.MethodGet, path, ""); res.StatusCode != 400 {
			t.Errorf("%s: %d", path, res.StatusCode)
		}
	}
}

// Out for Excel, edited, back in: a cell that would be calculated is data all
// the way.
func TestInventoryRoundTrip(t *testing.T) {
	p := newPortal(t)
	d := p.describe("dan-so", "so-y-te")
	if u := p.publish(d, population, "auto"); u.State != catalog.StatePublished {
		t.Fatal(u.Problems)
	}
	own := []string{"Authorization", "Bearer " + p.token[api.Own]}
	send := func(path, body string, status int) inventory.Preview {
		t.Helper()
		res, answer := ask(t, p.app, http.MethodPost, path, body, append(own, "Content-Type", "text/csv; charset=utf-8")...)
		if res.StatusCode != status {
			t.Fatalf("%s: %d %s", path, res.StatusCode, answer)
		}
		var out inventory.Preview
		if status != 413 && status != 415 {
			if err := json.Unmarshal([]byte(answer), &out); err != nil {
				t.Fatal(err)
			}
		}
		return out
	}
	edit := "slug,title_en,keywords_en\ndan-so,=1+1 is not calculated,-people | @home\n"
	first := send("/api/v1/inventory", edit, 200)
	if first.Changed != 1 || first.Public != 1 || first.Applied || len(first.Rows[0].Changes) != 2 {
		t.Fatalf("%+v", first)
	}
	if done := send("/api/v1/inventory?apply="+first.Digest, edit, 200); !done.Applied {
		t.Fatalf("%+v", done)
	}
	live, err := p.catalog.Dataset(t.Context(), "dan-so")
	if err != nil || live.Title["en"] != "=1+1 is not calculated" {
		t.Fatalf("%v, %v", live.Title, err)
	}
	p.indexed()
	if _, body := ask(t, p.app, http.MethodGet, "/api/v1/search?q=calculated", ""); !strings.Contains(body, `"total":1`) {
		t.Errorf("the search does not know: %s", body)
	}
	_, excel := ask(t, p.app, http.MethodGet, "/api/v1/inventory.csv?bom=1&excel=1", "", own...)
	if !strings.Contains(excel, "'=1+1 is") || !strings.Contains(excel, "'-people | @home") {
		t.Errorf("for Excel: %s", excel)
	}
	if same := send("/api/v1/inventory", excel, 200); same.Unchanged != 1 || same.Changed+same.Problems+same.New != 0 {
		t.Errorf("back from Excel: %+v", same)
	}
	// what was looked at is not what stands
	other := "slug,title_en\ndan-so,Another\n"
	if stale := send("/api/v1/inventory?apply="+first.Digest, other, 409); !stale.Stale || stale.Digest == "" {
		t.Errorf("%+v", stale)
	}
	bad := "slug,licence\ndan-so,Free\n"
	wrong := send("/api/v1/inventory?apply=x", bad, 422)
	if f := wrong.Rows[0].Problems[0]; f.Code != "unknown-code" || !strings.Contains(f.VI, "danh mục mã") || !strings.Contains(f.EN, "code list") {
		t.Errorf("%+v", f)
	}
	res, answer := ask(t, p.app, http.MethodPost, "/api/v1/inventory?lang=en", "slug,titel\nx,y\n", append(own, "Content-Type", "text/csv")...)
	if res.StatusCode != 422 || !strings.Contains(answer, "/problems/bad-inventory") || !strings.Contains(answer, "There is no such column") || strings.Contains(answer, "titel") {
		t.Errorf("%d %s", res.StatusCode, answer)
	}
	if res, _ := ask(t, p.app, http.MethodPost, "/api/v1/inventory", "{}", append(own, "Content-Type", "application/json")...); res.StatusCode != 415 {
		t.Errorf("JSON: %d", res.StatusCode)
	}
}

// The page of an agency shows the difference in both languages, and applies it.
func TestInventoryPage(t *testing.T) {
	p := newPortal(t)
	d := p.describe("dan-so", "so-y-te")
	if u := p.publish(d, population, "auto"); u.State != catalog.StatePublished {
		t.Fatal(u.Problems)
	}
	cookie := p.enter(p.token[api.Own])
	post := func(path string, fields map[string]string, headers ...string) (int, string) {
		var b bytes.Buffer
		w := multipart.NewWriter(&b)
		for name, value := range fields {
			if name == "file" {
				part, _ := w.CreateFormFile("table", "bang.csv")
				part.Write([]byte(value))
				continue
			}
			w.WriteField(name, value)
		}
		w.Close()
		res, body := ask(t, p.app, http.MethodPost, path, b.String(), append(headers, "Content-Type", w.FormDataContentType(), "Cookie", cookie, "Accept", "text/html")...)
		return res.StatusCode, body
	}
	form := p.formOf(cookie)
	const edit = "slug,title_en\ndan-so,<b>People</b>\n"
	if status, _ := post("/agency/inventory", map[string]string{"form": form, "file": edit}, "Sec-Fetch-Site", "cross-site"); status != 403 {
		t.Errorf("from another site: %d", status)
	}
	if status, _ := post("/agency/inventory", map[string]string{"form": "0", "file": edit}, here...); status != 403 {
		t.Errorf("with another's form: %d", status)
	}
	status, body := post("/en/agency/inventory", map[string]string{"form": form, "file": edit}, here...)
	if status != 200 || !strings.Contains(body, "&lt;b&gt;People") || strings.Contains(body, "<b>People") || !strings.Contains(body, "Apply all of it") {
		t.Fatalf("%d %s", status, body)
	}
	digest := between(body, `name="apply" value="`, `"`)
	if status, body := post("/agency/inventory", map[string]string{"form": form, "table": edit, "apply": "0"}, here...); status != 409 || !strings.Contains(body, "Chưa áp dụng") {
		t.Errorf("a wrong digest: %d", status)
	}
	status, body = post("/agency/inventory", map[string]string{"form": form, "table": edit, "apply": digest}, here...)
	if status != 200 || !strings.Contains(body, "Đã áp dụng.") {
		t.Errorf("%d %s", status, body)
	}
	if live, err := p.catalog.Dataset(t.Context(), "dan-so"); err != nil || live.Title["en"] != "<b>People</b>" {
		t.Errorf("%v, %v", live.Title, err)
	}
	for raw, want := range map[string]string{"slug,licence\ndan-so,Free\n": "danh mục mã", "x\n": "Không có cột nào", "slug,title_en\ndan-so,<b>People</b>\n": "không có gì để thay đổi", "": "Tệp trống."} {
		if _, body := post("/agency/inventory", map[string]string{"form": form, "file": raw}, here...); !strings.Contains(body, want) {
			t.Errorf("%q: does not say %q", raw, want)
		}
	}
	res, body := ask(t, p.app, http.MethodGet, "/agency/inventory.csv?excel=1", "", "Cookie", cookie)
	if res.StatusCode != 200 || len(table(t, body)) != 1 || res.Header.Get("Cache-Control") != "private, no-store" {
		t.Errorf("%d %s", res.StatusCode, body)
	}
}

func between(s, from, to string) string {
	_, s, found := strings.Cut(s, from)
	if !found {
		return ""
	}
	s, _, _ = strings.Cut(s, to)
	return s
}
