package api_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"daylight/api"
	"daylight/catalog"
)

// Bad input: a clear error in the reader's language, with what to do; machines
// get problem+json; nothing of the request comes back.
func TestBadInput(t *testing.T) {
	p := newPortal(t)
	d := p.describe("dan-so", "so-y-te")
	p.publish(d, population, "auto")
	own := []string{"Authorization", "Bearer " + p.token[api.Own]}
	js := append([]string{"Content-Type", "application/json"}, own...)
	const evil = "<script>alert(7)</script>"
	for _, c := range []struct {
		name, method, path, body string
		headers                  []string
		status                   int
		problem                  string
	}{
		{"unknown dataset", "GET", "/api/v1/datasets/khong-co", "", nil, 404, "not-found"},
		{"hostile slug", "GET", "/api/v1/datasets/%3Cscript%3E", "", nil, 404, "not-found"},
		{"unknown address", "GET", "/khong/co", "", nil, 404, "not-found"},
		{"not built yet", "GET", "/api/3/action/package_search", "", nil, 404, "not-found"},
		{"wrong token", "GET", "/api/v1/uploads", "", []string{"Authorization", "Bearer dl_wrong_" + evil}, 401, "token-wrong"},
		{"another scheme", "GET", "/api/v1/uploads", "", []string{"Authorization", "Basic eHg6eHg="}, 401, "token-wrong"},
		{"no token", "GET", "/api/v1/uploads", "", nil, 401, "token-needed"},
		{"wrong token on a public address", "GET", "/api/v1/datasets", "", []string{"Authorization", "Bearer x"}, 401, "token-wrong"},
		{"unknown parameter", "GET", "/api/v1/search?qq=1", "", nil, 400, "unknown-parameter"},
		{"bad page", "GET", "/api/v1/search?page=-1", "", nil, 400, "bad-parameter"},
		{"bad sort", "GET", "/api/v1/search?sort=" + "%3Cscript%3E", "", nil, 400, "bad-parameter"},
		{"bad cursor", "GET", "/api/v1/datasets?after=x", "", nil, 400, "bad-parameter"},
		{"too deep", "GET", "/api/v1/search?page=9999&size=100", "", nil, 400, "bad-parameter"},
		{"wrong method", "POST", "/api/v1/search", "", nil, 405, "method-not-allowed"},
		{"content encoding", "POST", "/api/v1/uploads?dataset=dan-so", "xx", append([]string{"Content-Encoding", "gzip"}, js...), 415, "content-encoding"},
		{"content encoding on a read", "GET", "/", "", []string{"Content-Encoding", "gzip, gzip"}, 415, "content-encoding"},
		{"not JSON", "POST", "/api/v1/uploads?dataset=dan-so", "{" + evil, js, 400, "bad-body"},
		{"server's field", "PUT", "/api/v1/datasets/moi", `{"id":"x"}`, js, 400, "bad-body"},
		{"wrong media type", "PUT", "/api/v1/datasets/moi", `a=b`, append([]string{"Content-Type", "application/x-www-form-urlencoded"}, own...), 415, "media-type"},
		{"incomplete metadata", "PUT", "/api/v1/datasets/moi", `{"title":{"vi":"Mới"}}`, js, 422, "bad-metadata"},
		{"bad plan", "POST", "/api/v1/uploads?dataset=dan-so", `{"plan":"plan: v1\nsurprise: ` + evil + `"}`, js, 422, "bad-plan"},
		{"too large, announced", "POST", "/api/v1/uploads?dataset=dan-so", `{"bytes":99999999}`, js, 413, "too-large"},
		{"unknown upload", "GET", "/api/v1/uploads/11111111-2222-4333-8444-555555555555", "", own, 404, "not-found"},
		{"large JSON", "PUT", "/api/v1/datasets/moi", `{"source":"` + strings.Repeat("x", 2<<20) + `"}`, js, 413, "too-large"},
		{"bad catalogue page", "GET", "/catalog.ttl?page=0", "", nil, 400, "bad-parameter"},
		{"a filter that the catalogue does not have", "GET", "/catalog.ttl?q=dan+so", "", nil, 400, "unknown-parameter"},
		{"beyond the catalogue", "GET", "/catalog.ttl?page=99", "", nil, 404, "not-found"},
		{"unknown syntax", "GET", "/catalog.docx", "", nil, 404, "not-found"},
		{"nothing acceptable", "GET", "/catalog", "", []string{"Accept", "image/png"}, 406, "not-acceptable"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for lang, word := range map[string]string{"vi": "ạ", "en": "the"} {
				res, body := ask(t, p.app, c.method, c.path, c.body, append([]string{"Accept-Language", lang}, c.headers...)...)
				if res.StatusCode != c.status {
					t.Fatalf("status %d, want %d: %s", res.StatusCode, c.status, body)
				}
				if got := res.Header.Get("Content-Type"); got != "application/problem+json; charset=utf-8" {
					t.Fatalf("type %s", got)
				}
				var x struct{ Type, Title, Detail, Request_id string }
				if err := json.Unmarshal([]byte(body), &x); err != nil {
					t.Fatal(err)
				}
				if x.Type != base+"/problems/"+c.problem || x.Title == "" || x.Detail == "" || x.Request_id == "" {
					t.Errorf("%s: %+v", lang, x)
				}
				if strings.Contains(body, "<script") || strings.Contains(body, "alert(") || strings.Contains(body, "u003cscript") {
					t.Error("the answer repeats the request")
				}
				if res.Header.Get("Cache-Control") != "no-store" {
					t.Error("an error may be kept by caches")
				}
				_ = word
				page, _ := ask(t, p.app, "GET", "/problems/"+c.problem, "")
				if page.StatusCode != 200 {
					t.Errorf("the problem's own page answers %d", page.StatusCode)
				}
			}
		})
	}
}

func TestErrorsForReadersArePages(t *testing.T) {
	p := newPortal(t)
	for path, want := range map[string]string{"/khong-co": `lang="vi"`, "/en/nothing": `lang="en"`, "/datasets/khong-co": `lang="vi"`, "/en/datasets/none": `lang="en"`} {
		res, body := ask(t, p.app, "GET", path, "", "Accept", "text/html,*/*")
		if res.StatusCode != http.StatusNotFound || !strings.Contains(body, want) || strings.Contains(body, "khong-co") {
			t.Errorf("%s: %d, wants %s and nothing of the address", path, res.StatusCode, want)
		}
	}
}

func TestUploadOverTheAPI(t *testing.T) {
	p := newPortal(t)
	auth := []string{"Authorization", "Bearer " + p.token[api.Own], "Content-Type", "application/json"}
	meta := `{"title":{"vi":"Trạm y tế","en":"Clinics"},"description":{"vi":"Danh sách trạm y tế.","en":"List of clinics."},"keywords":{"vi":["y tế"]},"themes":["HEAL"],
		"places":["http://publications.europa.eu/resource/authority/country/VNM"],"frequency":"ANNUAL","licence":"CC-BY-4.0","locale":"vi"}`
	if res, body := ask(t, p.app, "PUT", "/api/v1/datasets/tram-y-te", meta, auth...); res.StatusCode != 200 {
		t.Fatalf("%d %s", res.StatusCode, body)
	}
	if res, _ := ask(t, p.app, "GET", "/api/v1/datasets/tram-y-te", ""); res.StatusCode != 404 {
		t.Errorf("a draft is public: %d", res.StatusCode)
	}
	// Another agency cannot take the name over, nor see it.
	if res, _ := ask(t, p.app, "PUT", "/api/v1/datasets/tram-y-te", meta, "Authorization", "Bearer "+p.token[api.Other], "Content-Type", "application/json"); res.StatusCode != 404 {
		t.Errorf("another agency changed the draft: %d", res.StatusCode)
	}
	begin := append([]string{"Idempotency-Key", "k1"}, auth...)
	var first, again struct {
		Upload      catalog.Upload
		Content_url string
	}
	_, body := ask(t, p.app, "POST", "/api/v1/uploads?dataset=tram-y-te&filename=tram.csv", `{"plan":"auto"}`, begin...)
	if err := json.Unmarshal([]byte(body), &first); err != nil || first.Content_url == "" {
		t.Fatalf("%v: %s", err, body)
	}
	_, body = ask(t, p.app, "POST", "/api/v1/uploads?dataset=tram-y-te&filename=tram.csv", `{"plan":"auto"}`, begin...)
	if err := json.Unmarshal([]byte(body), &again); err != nil || again.Upload.ID != first.Upload.ID {
		t.Errorf("the same request is another upload: %s", body)
	}
	if res, body := ask(t, p.app, "POST", "/api/v1/uploads?dataset=tram-y-te&filename=tram.csv", `{"plan":"auto","locale":"en-US"}`, begin...); res.StatusCode != 422 || !strings.Contains(body, "idempotency-key-reused") {
		t.Errorf("the same key with another request: %d %s", res.StatusCode, body)
	}
	path := strings.TrimPrefix(first.Content_url, base)
	res, body := ask(t, p.app, "PUT", path, population, auth[:2]...)
	if res.StatusCode != 202 {
		t.Fatalf("%d %s", res.StatusCode, body)
	}
	if res, _ := ask(t, p.app, "PUT", path, population, auth[:2]...); res.StatusCode != 409 && res.StatusCode != 202 {
		t.Errorf("the bytes a second time: %d", res.StatusCode)
	}
	if u := p.settle(first.Upload.ID); u.State != catalog.StatePublished {
		t.Fatalf("%s: %v", u.State, u.Problems)
	}
	if res, _ := ask(t, p.app, "GET", "/datasets/tram-y-te/v/1/data.csv", ""); res.StatusCode != 200 {
		t.Errorf("not public: %d", res.StatusCode)
	}
	// More bytes than the portal takes: refused, and nothing is kept.
	_, body = ask(t, p.app, "POST", "/api/v1/uploads?dataset=tram-y-te", `{}`, auth...)
	if err := json.Unmarshal([]byte(body), &again); err != nil {
		t.Fatal(err)
	}
	res, body = ask(t, p.app, "PUT", strings.TrimPrefix(again.Content_url, base), strings.Repeat("a,b\n", 1<<19), auth[:2]...)
	if res.StatusCode != 413 || !strings.Contains(body, "too-large") {
		t.Errorf("an oversized body: %d %s", res.StatusCode, body)
	}
}
