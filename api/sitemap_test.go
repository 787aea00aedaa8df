package api_test

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/gofiber/fiber/v2"

	"daylight/api"
	"daylight/templates"
)

type sitemapIndex struct {
	XMLName xml.Name `xml:"http://www.sitemaps.org/schemas/sitemap/0.9 sitemapindex"`
	Parts   []struct {
		Loc string `xml:"loc"`
	} `xml:"sitemap"`
}

type sitemapPart struct {
	XMLName xml.Name `xml:"http://www.sitemaps.org/schemas/sitemap/0.9 urlset"`
	URLs    []struct {
		Loc     string `xml:"loc"`
		Lastmod string `xml:"lastmod"`
		Others  []struct {
			Lang string `xml:"hreflang,attr"`
			Href string `xml:"href,attr"`
		} `xml:"http://www.w3.org/1999/xhtml link"`
	} `xml:"url"`
}

func (p *portal) readXML(path string, into any) {
	p.t.Helper()
	res, body := ask(p.t, p.app, http.MethodGet, path, "")
	if res.StatusCode != 200 || !strings.Contains(res.Header.Get("Content-Type"), "xml") {
		p.t.Fatalf("%s: %d %s", path, res.StatusCode, res.Header.Get("Content-Type"))
	}
	head, _ := ask(p.t, p.app, http.MethodHead, path, "")
	if head.Header.Get("Content-Length") != fmt.Sprint(len(body)) || head.Header.Get("ETag") != res.Header.Get("ETag") {
		p.t.Errorf("%s: HEAD says %v", path, head.Header)
	}
	if err := xml.Unmarshal([]byte(body), into); err != nil {
		p.t.Fatalf("%s: %v", path, err)
	}
}

// The sitemap lists every public page in both languages, once, and each of its
// addresses answers. Drafts are not in it.
func TestSitemap(t *testing.T) {
	p := newPortal(t)
	all := p.three()
	p.describe("ban-nhap", "so-y-te")
	p.withhold("giu-lai", "so-y-te")
	p.indexed()

	_, robots := ask(t, p.app, http.MethodGet, "/robots.txt", "")
	if !strings.Contains(robots, "Sitemap: "+base+"/sitemap.xml\n") {
		t.Errorf("robots.txt does not name it:\n%s", robots)
	}
	var index sitemapIndex
	p.readXML("/sitemap.xml", &index)
	listed := map[string]bool{}
	for _, part := range index.Parts {
		var m sitemapPart
		p.readXML(strings.TrimPrefix(part.Loc, base), &m)
		for _, u := range m.URLs {
			if listed[u.Loc] {
				t.Errorf("%s comes twice", u.Loc)
			}
			listed[u.Loc] = true
			var langs []string
			for _, o := range u.Others {
				langs = append(langs, o.Lang)
			}
			if !slices.Equal(langs, []string{"vi", "en", "x-default"}) {
				t.Errorf("%s: other languages %v", u.Loc, langs)
			}
			if res, _ := ask(t, p.app, http.MethodGet, strings.TrimPrefix(u.Loc, base), ""); res.StatusCode != 200 {
				t.Errorf("%s answers %d", u.Loc, res.StatusCode)
			}
			if strings.Contains(u.Loc, "/datasets/") && u.Lastmod == "" {
				t.Errorf("%s: no lastmod", u.Loc)
			}
		}
	}
	for _, slug := range []string{all[0].Slug, all[1].Slug, all[2].Slug, "giu-lai"} {
		for _, lang := range templates.Languages {
			if !listed[base+templates.Path(lang, "/datasets/"+slug)] {
				t.Errorf("%s in %s is not listed", slug, lang)
			}
		}
	}
	for loc := range listed {
		if strings.Contains(loc, "ban-nhap") || strings.Contains(loc, "/agency") {
			t.Errorf("%s is not public", loc)
		}
	}
	parameter := regexp.MustCompile(`:[a-z]+`)
	for _, r := range api.Routes {
		public := r.Rules[api.Always].For(api.Anonymous) == api.Allow || r.Rules[api.Published].For(api.Anonymous) == api.Allow
		if r.Kind != api.Page || r.Method != fiber.MethodGet || !public || r.Session || slices.Contains(notInSitemap, r.Path) {
			continue
		}
		pattern := regexp.MustCompile(`^` + regexp.QuoteMeta(base) + parameter.ReplaceAllString(r.Path, `[^/]+`) + `$`)
		found := false
		for loc := range listed {
			found = found || pattern.MatchString(loc)
		}
		if !found {
			t.Errorf("no page of %s is listed; add its kind to sitemapKinds", r.Path)
		}
	}
	for _, path := range []string{"/sitemap-pages-2.xml", "/sitemap-pages-01.xml", "/sitemap-pages-0.xml", "/sitemap-none-1.xml"} {
		if res, _ := ask(t, p.app, http.MethodGet, path, ""); res.StatusCode != 404 {
			t.Errorf("%s: %d", path, res.StatusCode)
		}
	}
}

// notInSitemap are public pages that lead to what is in it: of single versions,
// and of what differs between two.
var notInSitemap = []string{"/datasets/:slug/v/:n", "/datasets/:slug/diff"}

var block = regexp.MustCompile(`(?s)<script type="application/ld\+json">(.*?)</script>`)

// The page of every dataset holds one block for search engines, in its own
// language, and its Link header leads to what else there is.
func TestStructuredData(t *testing.T) {
	p := newPortal(t)
	d := p.three()[0]
	p.withhold("giu-lai", "so-y-te")
	for _, c := range []struct{ path, name string }{
		{"/datasets/" + d.Slug, d.Title["vi"]},
		{"/en/datasets/" + d.Slug, d.Title["en"]},
		{"/datasets/giu-lai", "Dân số theo xã giu-lai"},
	} {
		res, body := ask(t, p.app, http.MethodGet, c.path, "")
		found := block.FindAllStringSubmatch(body, -1)
		if len(found) != 1 || strings.Count(body, "<script") != 1 {
			t.Fatalf("%s: %d blocks", c.path, len(found))
		}
		var x map[string]any
		if err := json.Unmarshal([]byte(found[0][1]), &x); err != nil {
			t.Fatal(err)
		}
		if x["name"] != c.name || x["@type"] != "Dataset" || x["url"] != base+c.path {
			t.Errorf("%s: %v", c.path, x)
		}
		if _, ok := x["distribution"]; ok != (c.path != "/datasets/giu-lai") {
			t.Errorf("%s: distribution %v", c.path, x["distribution"])
		}
		if strings.Contains(res.Header.Get("Content-Security-Policy"), "script-src") {
			t.Errorf("the policy was opened: %s", res.Header.Get("Content-Security-Policy"))
		}
		links := res.Header.Get("Link")
		for _, want := range []string{`rel="cite-as"`, `rel="license"`, `rel="author"`, `.ttl>; rel="describedby"; type="text/turtle"`, `.jsonld>; rel="describedby"; type="application/ld+json"`} {
			if !strings.Contains(links, want) {
				t.Errorf("%s: Link does not hold %s", c.path, want)
			}
		}
		for _, m := range regexp.MustCompile(`<`+base+`([^>]*)>; rel="(describedby|item|cite-as|author|collection)"`).FindAllStringSubmatch(links, -1) {
			if res, _ := ask(t, p.app, http.MethodGet, m[1], ""); res.StatusCode >= 400 {
				t.Errorf("%s: %s leads to %s, which answers %d", c.path, m[2], m[1], res.StatusCode)
			}
		}
		for _, m := range regexp.MustCompile(`<link rel="(?:alternate|search)" type="[^"]*" title="[^"]*" href="(/[^"]*)"`).FindAllStringSubmatch(body, -1) {
			if res, _ := ask(t, p.app, http.MethodGet, m[1], ""); res.StatusCode != 200 {
				t.Errorf("%s: linked %s answers %d", c.path, m[1], res.StatusCode)
			}
		}
	}
	// A version speaks of itself, and search engines are led to the dataset.
	if _, body := ask(t, p.app, http.MethodGet, "/datasets/"+d.Slug+"/v/1", ""); strings.Contains(body, "<script") {
		t.Error("a version's page holds the block of its dataset")
	}
}

func TestOpenSearch(t *testing.T) {
	p := newPortal(t)
	for path, search := range map[string]string{"/opensearch.xml": base + "/datasets?q={searchTerms}", "/opensearch.xml?lang=en": base + "/en/datasets?q={searchTerms}"} {
		var d struct {
			XMLName   xml.Name `xml:"http://a9.com/-/spec/opensearch/1.1/ OpenSearchDescription"`
			ShortName string   `xml:"ShortName"`
			URLs      []struct {
				Type     string `xml:"type,attr"`
				Template string `xml:"template,attr"`
			} `xml:"Url"`
		}
		p.readXML(path, &d)
		if len([]rune(d.ShortName)) == 0 || len([]rune(d.ShortName)) > 16 || len(d.URLs) == 0 || d.URLs[0].Template != search {
			t.Errorf("%s: %+v", path, d)
		}
		for _, u := range d.URLs {
			address := strings.NewReplacer("{searchTerms}", "dan+so", "{startPage?}", "1", base, "").Replace(u.Template)
			if res, _ := ask(t, p.app, http.MethodGet, address, ""); res.StatusCode != 200 {
				t.Errorf("%s: %s answers %d", path, address, res.StatusCode)
			}
		}
	}
}
