package templates

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// TestPages walks every page of the tests in both languages and holds it to
// what a reader, a screen reader, a search engine and the strictest
// Content-Security-Policy need.
func TestPages(t *testing.T) {
	pages := mustNew(t)
	for _, s := range samples {
		for _, lang := range Languages {
			t.Run(s.Name+"."+lang, func(t *testing.T) {
				body := render(t, pages, lang, s.Page(lang))
				wellFormed(t, body)
				d := parse(t, body)
				checkHead(t, d, lang, unlisted.MatchString(s.Name))
				checkHeadings(t, d)
				checkPolicy(t, d)
				checkNames(t, d)
				checkReferences(t, d)
				checkLinks(t, d, lang)
				checkWords(t, d)
			})
		}
	}
}

// unlisted are errors and the pages behind the door: no search engine may know
// them.
var unlisted = regexp.MustCompile(`^(error|send|signin|work|review)`)

func render(t *testing.T, pages *Templates, lang string, page any) string {
	t.Helper()
	var b bytes.Buffer
	if err := pages.Render(&b, lang, page); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// A document is the parsed page as a list of elements, in order.
type document struct {
	elements []*html.Node
}

func parse(t *testing.T, body string) document {
	t.Helper()
	root, err := html.Parse(strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	var d document
	for n := range root.Descendants() {
		if n.Type == html.ElementNode {
			d.elements = append(d.elements, n)
		}
	}
	return d
}

func (d document) all(names ...string) []*html.Node {
	var out []*html.Node
	for _, n := range d.elements {
		if slices.Contains(names, n.Data) {
			out = append(out, n)
		}
	}
	return out
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func has(n *html.Node, name string) bool {
	return slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == name })
}

func text(n *html.Node) string {
	var b strings.Builder
	for c := range n.Descendants() {
		if c.Type == html.TextNode {
			b.WriteString(c.Data)
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

func in(n *html.Node, names ...string) bool {
	for p := n.Parent; p != nil; p = p.Parent {
		if slices.Contains(names, p.Data) {
			return true
		}
	}
	return false
}

func show(n *html.Node) string {
	var b strings.Builder
	fmt.Fprintf(&b, "<%s", n.Data)
	for _, a := range n.Attr {
		fmt.Fprintf(&b, " %s=%q", a.Key, a.Val)
	}
	return b.String() + "> " + cut(text(n), 40)
}

var void = map[string]bool{"meta": true, "link": true, "input": true, "br": true, "hr": true, "img": true, "path": true, "rect": true, "circle": true}

// wellFormed: every element that is opened is closed, in order. A parser
// forgives what it should not have to.
func wellFormed(t *testing.T, body string) {
	t.Helper()
	var stack []string
	z := html.NewTokenizer(strings.NewReader(body))
	for {
		switch z.Next() {
		case html.ErrorToken:
			if z.Err() != io.EOF {
				t.Fatal(z.Err())
			}
			if len(stack) > 0 {
				t.Errorf("not closed: %v", stack)
			}
			return
		case html.StartTagToken:
			name, _ := z.TagName()
			if !void[string(name)] {
				stack = append(stack, string(name))
			}
		case html.EndTagToken:
			name, _ := z.TagName()
			if len(stack) == 0 || stack[len(stack)-1] != string(name) {
				t.Fatalf("</%s> closes nothing; open: %v", name, stack)
			}
			stack = stack[:len(stack)-1]
		}
	}
}

func checkHead(t *testing.T, d document, lang string, isError bool) {
	t.Helper()
	if got := attr(d.all("html")[0], "lang"); got != lang {
		t.Errorf("html lang = %q, want %q", got, lang)
	}
	titles := d.all("title")
	if len(titles) != 1 && len(titles) != 0 || text(titles[0]) == "" || strings.HasPrefix(text(titles[0]), "|") {
		t.Errorf("title: want one with words")
	}
	meta := map[string]string{}
	for _, m := range d.all("meta") {
		meta[attr(m, "name")] = attr(m, "content")
	}
	if meta["description"] == "" || meta["viewport"] == "" {
		t.Errorf("meta: description %q, viewport %q", meta["description"], meta["viewport"])
	}
	links := map[string]string{}
	for _, l := range d.all("link") {
		links[attr(l, "rel")+attr(l, "hreflang")] = attr(l, "href")
	}
	if isError {
		if !strings.HasPrefix(meta["robots"], "noindex") || links["canonical"] != "" {
			t.Errorf("an error page has no address of its own: robots %q, canonical %q", meta["robots"], links["canonical"])
		}
		return
	}
	vi, en := links["alternatevi"], links["alternateen"]
	if want := map[string]string{"vi": vi, "en": en}[lang]; links["canonical"] != want || want == "" {
		t.Errorf("canonical = %q, want %q", links["canonical"], want)
	}
	if links["alternatex-default"] != vi || !strings.HasPrefix(en, "https://data.example/en/") || strings.Contains(vi, "/en/") {
		t.Errorf("alternates: vi %q, en %q, x-default %q", vi, en, links["alternatex-default"])
	}
}

func checkHeadings(t *testing.T, d document) {
	t.Helper()
	last, ones := 0, 0
	for _, h := range d.all("h1", "h2", "h3", "h4", "h5", "h6") {
		level := int(h.Data[1] - '0')
		if level == 1 {
			ones++
		}
		if level > last+1 {
			t.Errorf("heading jumps from h%d to %s", last, show(h))
		}
		if text(h) == "" {
			t.Errorf("empty heading %s", show(h))
		}
		last = level
	}
	if ones != 1 {
		t.Errorf("%d h1, want 1", ones)
	}
}

// isData says whether a script element is no script: data for search engines,
// which no policy has to allow. It holds JSON and nothing that ends it early.
func isData(n *html.Node) bool {
	return attr(n, "type") == "application/ld+json" && n.FirstChild != nil && json.Valid([]byte(n.FirstChild.Data)) && !strings.ContainsAny(n.FirstChild.Data, "<>&")
}

// checkPolicy: nothing that a policy without unsafe-inline would have to stop,
// and nothing from another host.
func checkPolicy(t *testing.T, d document) {
	t.Helper()
	for _, n := range d.elements {
		switch n.Data {
		case "script":
			ours := attr(n, "src") == Asset("progress.js") && n.FirstChild == nil // of the page that lets it run
			if !isData(n) && !ours {
				t.Errorf("forbidden element %s", show(n))
			}
		case "style", "iframe", "object", "embed", "base":
			t.Errorf("forbidden element %s", show(n))
		case "link", "img":
			for _, k := range []string{"src", "href"} {
				v := attr(n, k)
				if strings.Contains(v, "//") && !strings.HasPrefix(v, "https://data.example/") && attr(n, "rel") != "license" {
					t.Errorf("another host: %s", show(n))
				}
			}
		}
		for _, a := range n.Attr {
			if a.Key == "style" || strings.HasPrefix(a.Key, "on") {
				t.Errorf("forbidden attribute %s in %s", a.Key, show(n))
			}
		}
	}
}

// checkNames: what can be worked with has a name; tables have captions and
// their heads say what they are heads of.
func checkNames(t *testing.T, d document) {
	t.Helper()
	labelled := map[string]bool{}
	for _, l := range d.all("label") {
		labelled[attr(l, "for")] = text(l) != ""
	}
	for _, n := range d.elements {
		switch n.Data {
		case "input", "select", "textarea":
			if attr(n, "type") == "hidden" || attr(n, "aria-label") != "" || in(n, "label") || labelled[attr(n, "id")] {
				continue
			}
			t.Errorf("no label for %s", show(n))
		case "a", "button", "summary", "legend", "option":
			if text(n) == "" && attr(n, "aria-label") == "" {
				t.Errorf("no name: %s", show(n))
			}
		case "table":
			c := n.FirstChild
			for c != nil && c.Type != html.ElementNode {
				c = c.NextSibling
			}
			if c == nil || c.Data != "caption" || text(c) == "" {
				t.Errorf("table without caption")
			}
		case "th":
			if s := attr(n, "scope"); s != "col" && s != "row" {
				t.Errorf("th without scope: %s", show(n))
			}
		case "svg":
			if attr(n, "aria-hidden") != "true" && (attr(n, "role") != "img" || attr(n, "aria-label") == "") {
				t.Errorf("drawing without a name: %s", show(n))
			}
		case "nav", "form", "section":
			if n.Data == "form" && attr(n, "role") == "search" {
				continue
			}
			if attr(n, "aria-label") == "" && attr(n, "aria-labelledby") == "" {
				t.Errorf("no name: %s", show(n))
			}
		case "time":
			if !regexp.MustCompile(`^\d{4}-\d\d-\d\d$`).MatchString(attr(n, "datetime")) && text(n) != "" {
				t.Errorf("time for machines: %s", show(n))
			}
		}
		if attr(n, "role") == "region" && (attr(n, "tabindex") != "0" || attr(n, "aria-label") == "" && attr(n, "aria-labelledby") == "") {
			t.Errorf("a region that scrolls is reachable and named: %s", show(n))
		}
	}
}

// checkReferences: ids stand once, and what refers to one finds it.
func checkReferences(t *testing.T, d document) {
	t.Helper()
	ids := map[string]int{}
	for _, n := range d.elements {
		if has(n, "id") {
			ids[attr(n, "id")]++
		}
	}
	for id, n := range ids {
		if n > 1 {
			t.Errorf("id %q stands %d times", id, n)
		}
	}
	for _, n := range d.elements {
		for _, k := range []string{"for", "form", "aria-labelledby", "aria-describedby"} {
			if v := attr(n, k); v != "" && ids[v] == 0 {
				t.Errorf("%s=%q refers to nothing", k, v)
			}
		}
		if v := attr(n, "href"); strings.HasPrefix(v, "#") && ids[v[1:]] == 0 {
			t.Errorf("%s leads nowhere", show(n))
		}
	}
}

// knownAddresses are all the addresses that a page of this package may lead to:
// a link must never end at a 404.
var knownAddresses = regexp.MustCompile(`^(/(en/)?|(/en)?/agency(/jobs|/send(\?dataset=[a-z0-9-]+)?|/datasets/[a-z0-9-]+|/session(/end)?|/uploads/[0-9a-f-]{36}.*)?|(/en)?/(datasets|organizations|withheld|inventory|developers|about)|(/en)?/problems/[a-z-]+|(/en)?/codes(/[a-z-]+(/[A-Za-z0-9._()%-]+)?)?|/codes(/[a-z-]+)?\.(json|csv|ttl)|(/en)?/(datasets|organizations|withheld)/[a-z0-9-]+(/v/\d+)?|/datasets/[a-z0-9-]+/v/\d+/cite/(bibtex|ris|text)|(/en)?/datasets/[a-z0-9-]+/diff|/datasets/[a-z0-9-]+/diff\.[a-z]+|/(withheld|inventory)\.(json|csv|atom)|(/en)?/agency/inventory(\.csv)?|/feeds/[a-z]+(/[^/]+)?\.atom|/datasets/[a-z0-9-]+/versions\.atom|/opensearch\.xml` +
	`|/datasets/[a-z0-9-]+/(v/\d+|latest)/[a-z0-9._-]+|/catalog\.ttl|/data\.json|/api/v1/(search|datasets|organizations|changes)(/[a-z0-9-]+)?(/diff)?|/static/[0-9a-f]{16}/[a-z.]+|/dataset/.+)$`)

func checkLinks(t *testing.T, d document, lang string) {
	t.Helper()
	for _, n := range d.elements {
		href := attr(n, "href")
		if n.Data == "form" {
			href = attr(n, "action")
		}
		if !has(n, "href") && n.Data != "form" {
			continue
		}
		if href == "" || strings.Contains(href, "ZgotmplZ") {
			t.Errorf("empty or filtered address in %s", show(n))
		}
		path, _, _ := strings.Cut(href, "#")
		path, _, _ = strings.Cut(path, "?")
		if path == "" || strings.Contains(path, ":") {
			continue
		}
		if !knownAddresses.MatchString(path) {
			t.Errorf("%s leads to an address that this portal does not have", show(n))
		}
		machine := regexp.MustCompile(`^/(api|static|catalog|data\.json|feeds/|opensearch|datasets/[^/]+/versions\.atom|datasets/[^/]+/diff\.|(withheld|inventory)\.|codes(/[a-z-]+)?\.(json|csv|ttl)|dataset/|datasets/[^/]+/(v/\d+|latest)/)`).MatchString(path)
		other := attr(n, "hreflang") != "" && attr(n, "hreflang") != lang
		if !machine && !other && strings.HasPrefix(path+"/", "/en/") != (lang == "en") {
			t.Errorf("%s leaves the language of the page", show(n))
		}
	}
	if n := len(d.all("main")); n != 1 {
		t.Errorf("%d main, want 1", n)
	}
}

var leftover = regexp.MustCompile(`\{\d\}|%!|<nil>|ZgotmplZ|\]\(\d\)|\*\*`)

func checkWords(t *testing.T, d document) {
	t.Helper()
	w, err := readWords("vi")
	if err != nil {
		t.Fatal(err)
	}
	check := func(s, where string) {
		if leftover.MatchString(s) {
			t.Errorf("left over in %s: %q", where, s)
		}
		if _, isKey := w[strings.TrimSpace(s)]; isKey && strings.Contains(s, ".") {
			t.Errorf("a key in place of its sentence: %q", s)
		}
	}
	for _, n := range d.elements {
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			if c.Type == html.TextNode {
				check(c.Data, n.Data)
			}
		}
		for _, a := range n.Attr {
			check(a.Val, n.Data+" "+a.Key)
		}
	}
}

// TestLanguageOfWords: words in another language say so, also inside a page of
// this one, because a screen reader would else read them with a false tongue.
func TestLanguageOfWords(t *testing.T) {
	d := parse(t, render(t, mustNew(t), "en", richDataset("en")))
	if got := attr(d.all("h1")[0], "lang"); got != "vi" {
		t.Errorf("h1 lang = %q, want vi", got)
	}
	d = parse(t, render(t, mustNew(t), "vi", richDataset("vi")))
	if has(d.all("h1")[0], "lang") {
		t.Errorf("the language of the page is said twice")
	}
}

// Words and addresses as an attacker would write them.
const (
	hostile    = `</script></title></textarea><b onmouseover="x()">'"&{{.}}` + "`" + `<img src=x onerror=x()>`
	hostileURL = `javascript:alert(1)//"><b>`
)

var addressFields = map[string]bool{"URL": true, "ClearURL": true, "JSONURL": true, "SearchURL": true, "Prev": true, "Next": true, "Homepage": true}

// poison puts hostile words into every string of a page.
func poison(v reflect.Value, field string) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			poison(v.Elem(), field)
		}
	case reflect.Struct:
		if v.Type().PkgPath() == "time" {
			return
		}
		for i := range v.NumField() {
			poison(v.Field(i), v.Type().Field(i).Name)
		}
	case reflect.Slice:
		for i := range v.Len() {
			poison(v.Index(i), field)
		}
	case reflect.String:
		if addressFields[field] {
			v.SetString(hostileURL)
		} else {
			v.SetString(hostile)
		}
	}
}

// TestHostile: whatever agencies and readers write is shown as what it is. The
// page has the same elements as a harmless one of the same shape, no handler,
// and no address that runs anything.
func TestHostile(t *testing.T) {
	pages := mustNew(t)
	for _, s := range samples {
		for _, lang := range Languages {
			t.Run(s.Name+"."+lang, func(t *testing.T) {
				page := reflect.New(reflect.TypeOf(s.Page(lang))).Elem()
				page.Set(reflect.ValueOf(s.Page(lang)))
				poison(page, "")
				body := render(t, pages, lang, page.Interface())
				wellFormed(t, body)
				d := parse(t, body)
				for _, n := range d.all("img", "script") {
					if n.Data == "img" || !isData(n) {
						t.Errorf("an element came out of the data: %s", show(n))
					}
				}
				for _, b := range d.all("b") {
					if has(b, "onmouseover") {
						t.Errorf("an element came out of the data: %s", show(b))
					}
				}
				checkHeadings(t, d)
				for _, n := range d.elements {
					for _, a := range n.Attr {
						if strings.HasPrefix(a.Key, "on") || a.Key == "style" {
							t.Errorf("an attribute came out of the data: %s", show(n))
						}
						if (a.Key == "href" || a.Key == "action" || a.Key == "src") && strings.HasPrefix(strings.ToLower(strings.TrimSpace(a.Val)), "javascript:") {
							t.Errorf("an address that runs: %s", show(n))
						}
					}
				}
			})
		}
	}
}

// TestErrorPageShowsNothingOfTheRequest: the path that was asked for is not on it.
func TestErrorPageShowsNothingOfTheRequest(t *testing.T) {
	site := testSite("/secret-path", NavDatasets)
	site.Query = "q=secret-query"
	body := render(t, mustNew(t), "en", ErrorPage{Site: site, Status: 404})
	for _, word := range []string{"secret-path", "secret-query"} {
		if strings.Contains(body, word) {
			t.Errorf("the error page shows %s", word)
		}
	}
	if want := `href="/"`; !strings.Contains(body, want) {
		t.Errorf("the other language leads to its home page: no %s", want)
	}
}

// TestWeight: a page and its style stay under 100 KB on the wire (issue 9), by far.
func TestWeight(t *testing.T) {
	pages := mustNew(t)
	style := assets["daylight.css"].body
	for _, s := range samples {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		z.Write([]byte(render(t, pages, "vi", s.Page("vi"))))
		z.Write(style)
		z.Close()
		if b.Len() > 30_000 {
			t.Errorf("%s: %d bytes compressed, want under 30,000", s.Name, b.Len())
		}
	}
}

func TestRenderUnknown(t *testing.T) {
	pages := mustNew(t)
	if err := pages.Render(io.Discard, "vi", 7); err == nil {
		t.Error("no error for what is no page")
	}
	if body := render(t, pages, "xx", AboutPage{}); !strings.Contains(body, `<html lang="vi">`) {
		t.Error("an unknown language is shown in Vietnamese")
	}
}
