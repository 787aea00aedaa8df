package api_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"daylight/api"
)

const formType = "application/x-www-form-urlencoded"

// here is what a browser says of a form that came from a page of ours.
var here = []string{"Content-Type", formType, "Sec-Fetch-Site", "same-origin", "Origin", base}

// enter exchanges a token for a cookie, as the page does.
func (p *portal) enter(token string) (cookie string) {
	p.t.Helper()
	res, body := ask(p.t, p.app, "POST", "/agency/session", "token="+url.QueryEscape(token), here...)
	if res.StatusCode != http.StatusSeeOther || len(res.Cookies()) == 0 {
		p.t.Fatalf("%d %s", res.StatusCode, body)
	}
	return res.Cookies()[0].Name + "=" + res.Cookies()[0].Value
}

var hiddenField = regexp.MustCompile(`name="form" value="([0-9a-f]+)"`)

// formOf is the hidden field that a session's pages carry.
func (p *portal) formOf(cookie string) string {
	p.t.Helper()
	_, body := ask(p.t, p.app, "GET", "/agency", "", "Cookie", cookie)
	m := hiddenField.FindStringSubmatch(body)
	if m == nil {
		p.t.Fatal("the page has no hidden field")
	}
	return m[1]
}

// browser gives the headers, and the least body, of a browser of a caller.
func (p *portal) browser(who api.Who, method string) (headers []string, body string) {
	if method != http.MethodGet {
		headers, body = append(headers, here...), "token="+p.token[api.Own]
	}
	if p.token[who] == "" {
		return headers, body
	}
	cookie := p.enter(p.token[who])
	return append(headers, "Cookie", cookie), body + "&form=" + p.formOf(cookie)
}

func TestSessionCookie(t *testing.T) {
	p := newPortal(t)
	res, body := ask(t, p.app, "GET", "/agency", "", "Accept", "text/html")
	if res.StatusCode != 401 || !strings.Contains(body, `action="/agency/session"`) || len(res.Cookies()) != 0 {
		t.Fatalf("without a cookie: %d", res.StatusCode)
	}
	res, body = ask(t, p.app, "POST", "/en/agency/session", "token=dl_wrong", here...)
	if res.StatusCode != 401 || len(res.Cookies()) != 0 || !strings.Contains(body, "expired or was revoked") || strings.Contains(body, "dl_wrong") {
		t.Errorf("a wrong token: %d", res.StatusCode)
	}
	res, _ = ask(t, p.app, "POST", "/en/agency/session", "next=/en/agency&token="+url.QueryEscape(" "+p.token[api.Own]+"\n"), here...)
	if res.StatusCode != 303 || res.Header.Get("Location") != "/en/agency" {
		t.Fatalf("%d to %s", res.StatusCode, res.Header.Get("Location"))
	}
	paths := map[string]bool{}
	for _, c := range res.Cookies() {
		paths[c.Path] = true
		left := time.Until(c.Expires)
		if !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Secure || c.Domain != "" || left > 12*time.Hour || left < 11*time.Hour || strings.Contains(p.token[api.Own], c.Value) {
			t.Errorf("the cookie is %s", c)
		}
	}
	if len(paths) != 2 || !paths["/agency"] || !paths["/en/agency"] {
		t.Errorf("the cookie goes to %v", paths)
	}
	for path, lang := range map[string]string{"/agency": "vi", "/en/agency": "en"} {
		res, body := ask(t, p.app, "GET", path, "", "Cookie", p.enter(p.token[api.Own]))
		h := res.Header
		if res.StatusCode != 200 || !strings.Contains(body, `<html lang="`+lang) || !strings.Contains(body, `content="noindex, nofollow"`) ||
			h.Get("Cache-Control") != "private, no-store" || h.Get("X-Robots-Tag") != "noindex" || h.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: %d %v", path, res.StatusCode, h)
		}
	}
	// Each sign-in has a secret of its own, and ends the one before.
	first := p.enter(p.token[api.Own])
	res, _ = ask(t, p.app, "POST", "/agency/session", "form="+p.formOf(first)+"&token="+p.token[api.Own], append([]string{"Cookie", first}, here...)...)
	if res.StatusCode != 303 || res.Cookies()[0].Name+"="+res.Cookies()[0].Value == first {
		t.Errorf("a second sign-in: %d", res.StatusCode)
	}
	if res, _ := ask(t, p.app, "GET", "/agency", "", "Cookie", first); res.StatusCode != 401 {
		t.Errorf("the session before lives on: %d", res.StatusCode)
	}
	// Where to go then is an address of the workspace, whatever the form says.
	for _, next := range []string{"https://evil.example/", "//evil.example/agency", "/agency/../datasets", "/agency/session/end", "/agency\n"} {
		res, _ := ask(t, p.app, "POST", "/agency/session", "token="+p.token[api.Own]+"&next="+url.QueryEscape(next), here...)
		if got := res.Header.Get("Location"); got != "/agency" {
			t.Errorf("next %q leads to %s", next, got)
		}
	}
	// Signing out ends it, on the server too.
	cookie := p.enter(p.token[api.Own])
	res, _ = ask(t, p.app, "POST", "/agency/session/end", "form="+p.formOf(cookie), append([]string{"Cookie", cookie}, here...)...)
	if res.StatusCode != 303 || res.Cookies()[0].Value != "" {
		t.Errorf("sign out: %d %v", res.StatusCode, res.Cookies())
	}
	if res, _ := ask(t, p.app, "GET", "/agency", "", "Cookie", cookie); res.StatusCode != 401 {
		t.Errorf("signed out, the cookie still works: %d", res.StatusCode)
	}
}

// A revoked token shuts its browsers out at once.
func TestSessionDiesWithItsToken(t *testing.T) {
	p := newPortal(t)
	cookie := p.enter(p.token[api.Own])
	if err := p.accounts.Revoke(t.Context(), "system", p.token[api.Own][3:11]); err != nil {
		t.Fatal(err)
	}
	if res, _ := ask(t, p.app, "GET", "/agency", "", "Cookie", cookie); res.StatusCode != 401 {
		t.Errorf("%d", res.StatusCode)
	}
}

// Every unsafe form must be ours: sent from a page of this portal, with the
// field of this session.
func TestForeignForms(t *testing.T) {
	p := newPortal(t)
	cookie := p.enter(p.token[api.Own])
	form, others := p.formOf(cookie), p.formOf(p.enter(p.token[api.Other]))
	for _, c := range []struct {
		name, body string
		headers    []string
		status     int
	}{
		{"ours", "form=" + form, here, 303},
		{"without the field", "", here, 403},
		{"with another session's field", "form=" + others, here, 403},
		{"says nothing of where it comes from", "form=" + form, []string{"Content-Type", formType}, 403},
		{"from another site", "form=" + form, []string{"Content-Type", formType, "Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"}, 403},
		{"from a neighbour", "form=" + form, []string{"Content-Type", formType, "Sec-Fetch-Site", "same-site"}, 403},
		{"another origin, older browser", "form=" + form, []string{"Content-Type", formType, "Origin", "http://evil.test"}, 403},
		{"our name in another scheme", "form=" + form, []string{"Content-Type", formType, "Origin", "https://portal.test"}, 403},
		{"no origin at all", "form=" + form, []string{"Content-Type", formType, "Origin", "null"}, 403},
		{"as text", "form=" + form, []string{"Content-Type", "text/plain", "Sec-Fetch-Site", "same-origin"}, 415},
		{"our origin, older browser", "form=" + form, []string{"Content-Type", formType, "Origin", base}, 303},
	} {
		at := p.enter(p.token[api.Own]) // signing out is the deed; each has a session of its own
		body := strings.ReplaceAll(c.body, form, p.formOf(at))
		res, _ := ask(t, p.app, "POST", "/agency/session/end", body, append([]string{"Cookie", at}, c.headers...)...)
		alive, _ := ask(t, p.app, "GET", "/agency", "", "Cookie", at)
		if res.StatusCode != c.status || (c.status == 303) != (alive.StatusCode == 401) {
			t.Errorf("%s: %d, then %d", c.name, res.StatusCode, alive.StatusCode)
		}
	}
	// Nobody can be signed in from elsewhere either.
	res, _ := ask(t, p.app, "POST", "/agency/session", "token="+p.token[api.Other], "Content-Type", formType, "Origin", "https://evil.example")
	if res.StatusCode != 403 || len(res.Cookies()) != 0 {
		t.Errorf("signed in by another site: %d", res.StatusCode)
	}
}

// A cookie means something under /agency only, a bearer token everywhere else.
func TestCookieAndBearer(t *testing.T) {
	p := newPortal(t)
	cookie, bearer := p.enter(p.token[api.Own]), "Bearer "+p.token[api.Own]
	for _, c := range []struct {
		name, path string
		headers    []string
		status     int
	}{
		{"a cookie at the API", "/api/v1/uploads", []string{"Cookie", cookie}, 401},
		{"a bearer token at the API", "/api/v1/uploads", []string{"Authorization", bearer}, 200},
		{"a cookie on the pages", "/agency", []string{"Cookie", cookie}, 200},
		{"both on the pages", "/agency", []string{"Cookie", cookie, "Authorization", bearer}, 400},
		{"a bearer token on the pages", "/agency", []string{"Authorization", bearer}, 400},
		{"a token in the cookie", "/agency", []string{"Cookie", "daylight=" + p.token[api.Own]}, 401},
	} {
		if res, _ := ask(t, p.app, "GET", c.path, "", c.headers...); res.StatusCode != c.status {
			t.Errorf("%s: %d, want %d", c.name, res.StatusCode, c.status)
		}
	}
}

// With https the cookie is Secure and its name demands it.
func TestCookieOverHTTPS(t *testing.T) {
	p := newPortal(t)
	config := p.config
	config.Site.BaseURL = "https://portal.test"
	app, err := api.New(config)
	if err != nil {
		t.Fatal(err)
	}
	res, _ := ask(t, app, "POST", "/agency/session", "token="+p.token[api.Own], "Content-Type", formType, "Origin", "https://portal.test")
	if res.StatusCode != 303 || len(res.Cookies()) != 2 {
		t.Fatalf("%d", res.StatusCode)
	}
	for _, c := range res.Cookies() {
		if !c.Secure || c.Name != "__Secure-daylight" {
			t.Errorf("the cookie is %s", c)
		}
	}
	if res, _ := ask(t, app, "POST", "/agency/session", "token="+p.token[api.Own], "Content-Type", formType, "Origin", base); res.StatusCode != 403 {
		t.Errorf("a form that came over plain http signs in: %d", res.StatusCode)
	}
}

// This is no sign-in and no workspace yet.
func TestNoAccountsYet(t *testing.T) {
	p := newPortal(t)
	for _, path := range []string{"/sign-in", "/account", "/account/tokens", "/agency/uploads/new", "/admin"} {
		if res, _ := ask(t, p.app, "GET", path, "", "Cookie", p.enter(p.token[api.Own])); res.StatusCode != 404 {
			t.Errorf("%s: %d", path, res.StatusCode)
		}
	}
	if res, _ := ask(t, p.reader, "GET", "/agency", ""); res.StatusCode != 404 {
		t.Errorf("a process that only reads has /agency: %d", res.StatusCode)
	}
}

// The list shows an agency its own uploads, those that wait first.
func TestWorkPage(t *testing.T) {
	p := newPortal(t)
	mine, theirs := p.describe("cua-minh", "so-y-te"), p.describe("cua-ho", "so-giao-duc")
	p.publish(mine, population, "auto")
	p.publish(theirs, population, "auto")
	persons := "ho_ten,gioi_tinh,xa\nTrần Thị Hoa,Nữ,Xã Hồ Sen\nLê Văn Nam,Nam,Xã Hồ Sen\nPhạm Thị Lan,Nữ,Xã Cầu Ngói\n"
	p.publish(p.describe("cho-duyet", "so-y-te"), persons, "auto")
	_, body := ask(t, p.app, "GET", "/agency", "", "Cookie", p.enter(p.token[api.Own]))
	waiting, done := strings.Index(body, "cho-duyet"), strings.Index(body, "cua-minh")
	if waiting < 0 || done < waiting || strings.Contains(body, "cua-ho") || !strings.Contains(body, `href="/datasets/cua-minh/v/1"`) {
		t.Errorf("waiting at %d, done at %d", waiting, done)
	}
	if strings.Contains(body, "Trần Thị Hoa") {
		t.Error("the list holds a value")
	}
	_, body = ask(t, p.app, "GET", "/en/agency", "", "Cookie", p.enter(p.token[api.Administrator]))
	if !strings.Contains(body, "cua-ho") || !strings.Contains(body, "cua-minh") {
		t.Error("an administrator does not see all")
	}
}
