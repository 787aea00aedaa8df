package api_test

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"daylight/api"
	"daylight/catalog"
)

// A visitor who follows every link, from the home page of each language,
// comes to every kind of page there is, meets no dead end, and finds each page
// whole in both languages.
func TestWalk(t *testing.T) {
	p := newPortal(t)
	furnish(p)
	w := &walk{t: t, p: p, seen: map[string]bool{}}
	// Machines' errors name these; no page links to them.
	w.follow("/", "/en/", "/problems/not-found", "/en/problems/not-found")
	for _, r := range api.Routes {
		if r.Kind != api.Page || r.Method != http.MethodGet || r.Session {
			continue
		}
		for _, prefix := range []string{"", "/en"} {
			form := regexp.MustCompile("^" + regexp.MustCompile(`:[a-z]+`).ReplaceAllString(prefix+r.Path, `[^/]+`) + "/?$")
			if !slices.ContainsFunc(w.pages, form.MatchString) {
				t.Errorf("no link leads to a page of %s%s", prefix, r.Path)
			}
		}
	}
	t.Logf("%d pages, %d addresses", len(w.pages), len(w.seen))
}

// furnish gives the portal one of everything that a page can show.
func furnish(p *portal) {
	p.t.Helper()
	d := p.describe("dan-so", "so-y-te")
	for _, csv := range []string{population, strings.ReplaceAll(population, "9310", "9311")} {
		if u := p.publish(d, csv, "auto"); u.State != catalog.StatePublished {
			p.t.Fatalf("the sample is %s: %v", u.State, u.Problems)
		}
	}
	withdrawn := p.describe("da-rut", "so-giao-duc")
	p.publish(withdrawn, strings.ReplaceAll(population, "9310", "9312"), "auto")
	p.withdraw(withdrawn.ID)
	p.withhold("chua-mo", "so-y-te")
	p.indexed()
}

type walk struct {
	t     *testing.T
	p     *portal
	seen  map[string]bool
	pages []string // addresses without query that gave a page
}

func (w *walk) follow(start ...string) {
	queue := start
	for len(queue) > 0 && len(w.seen) < 5000 {
		at := queue[0]
		queue = queue[1:]
		if w.seen[at] {
			continue
		}
		w.seen[at] = true
		queue = append(queue, w.visit(at)...)
	}
}

// visit looks at one address and gives those that it leads to.
func (w *walk) visit(at string) []string {
	res, body := ask(w.t, w.p.app, http.MethodGet, at, "")
	if res.StatusCode >= 300 && res.StatusCode < 400 {
		return w.inside(at, res.Header.Get("Location"))
	}
	if res.StatusCode == http.StatusGone && strings.Contains(at, "/da-rut") || res.StatusCode == http.StatusUnauthorized && strings.Contains(at, "/agency") {
		return nil
	}
	if res.StatusCode != http.StatusOK {
		w.t.Errorf("%s: %d", at, res.StatusCode)
		return nil
	}
	if !strings.HasPrefix(res.Header.Get("Content-Type"), "text/html") {
		return nil
	}
	path, _, _ := strings.Cut(at, "?")
	w.pages = append(w.pages, path)
	lang := "vi"
	if path == "/en" || strings.HasPrefix(path, "/en/") {
		lang = "en"
	}
	w.header(at, lang, res.Header)
	return w.read(at, lang, body)
}

func (w *walk) header(at, lang string, h http.Header) {
	for name, want := range map[string]string{"Content-Language": lang, "X-Content-Type-Options": "nosniff"} {
		if got := h.Get(name); got != want {
			w.t.Errorf("%s: %s is %q, want %q", at, name, got, want)
		}
	}
	policy := h.Get("Content-Security-Policy")
	if !strings.Contains(policy, "default-src 'none'") && !strings.Contains(policy, "default-src 'self'") || strings.Contains(policy, "unsafe-inline") {
		w.t.Errorf("%s: the policy is not strict", at)
	}
}

// read checks a page and gives its links.
func (w *walk) read(at, lang, body string) []string {
	root, err := html.Parse(strings.NewReader(body))
	if err != nil {
		w.t.Errorf("%s: %v", at, err)
		return nil
	}
	var links []string
	count, other := map[string]int{}, map[string]string{}
	get := func(n *html.Node, name string) string {
		for _, a := range n.Attr {
			if a.Key == name {
				return a.Val
			}
		}
		return ""
	}
	for n := range root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		count[n.Data]++
		switch n.Data {
		case "html":
			if got := get(n, "lang"); got != lang {
				w.t.Errorf("%s: lang is %q, want %q", at, got, lang)
			}
		case "title":
			if n.FirstChild == nil || strings.TrimSpace(n.FirstChild.Data) == "" {
				w.t.Errorf("%s: no title", at)
			}
		case "a":
			links = append(links, w.inside(at, get(n, "href"))...)
		case "form":
			if method := get(n, "method"); method == "" || strings.EqualFold(method, "get") {
				links = append(links, w.inside(at, get(n, "action"))...)
			}
		case "link":
			if rel := get(n, "rel"); rel == "alternate" && get(n, "hreflang") != "" {
				other[get(n, "hreflang")] = get(n, "href")
			}
			links = append(links, w.inside(at, get(n, "href"))...)
		}
	}
	for _, one := range []string{"h1", "main", "title"} {
		if count[one] != 1 {
			w.t.Errorf("%s: %d of <%s>", at, count[one], one)
		}
	}
	if other["vi"] == "" || other["en"] == "" {
		w.t.Errorf("%s: does not name its other language", at)
	}
	return links
}

// inside gives the address as one of this portal, or nothing.
func (w *walk) inside(at, href string) []string {
	if href == "" || strings.HasPrefix(href, "#") {
		return nil
	}
	from, err := url.Parse(base + at)
	if err != nil {
		return nil
	}
	to, err := from.Parse(href)
	if err != nil {
		w.t.Errorf("%s: links to an address that cannot be read", at)
		return nil
	}
	if to.Scheme+"://"+to.Host != base {
		return nil
	}
	to.Fragment = ""
	return []string{strings.TrimPrefix(to.String(), base)}
}
