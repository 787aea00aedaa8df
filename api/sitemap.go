package api

import (
	"context"
	"encoding/xml"
	"fmt"
	"io"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"daylight/catalog"
	"daylight/catalog/codes"
	"daylight/catalog/dcat"
	"daylight/templates"
)

// The sitemap (sitemaps.org): every public page in both languages. It is one
// index over parts, each of pages of one kind. Pages of single versions are
// not in it: each says which page is the latest, and that one leads to them.

const xmlType = "application/xml; charset=utf-8"

// sitemapPart is how many pages stand in a part: each once for every language,
// and a part may have 50,000 addresses.
const sitemapPart = 50_000 / 2

// A sitemapKind is one kind of pages: how many there are, and some of them.
type sitemapKind struct {
	name  string
	count func(s *server, ctx context.Context) (int, error)
	list  func(s *server, ctx context.Context, from, n int) ([]catalog.Address, error)
}

// sitemapKinds give paths without language, as Address.Name.
var sitemapKinds = []sitemapKind{
	{"pages", counted((*server).sitemapPages), paged((*server).sitemapPages)},
	{"organizations", counted((*server).sitemapAgencies), paged((*server).sitemapAgencies)},
	{"datasets", func(s *server, ctx context.Context) (int, error) {
		n, _, err := s.Catalog.CountAddresses(ctx)
		return n, err
	}, func(s *server, ctx context.Context, from, n int) ([]catalog.Address, error) {
		return under("/datasets/")(s.Catalog.Addresses(ctx, from, n))
	}},
	{"withheld", func(s *server, ctx context.Context) (int, error) {
		_, n, err := s.Catalog.CountAddresses(ctx)
		return n, err
	}, func(s *server, ctx context.Context, from, n int) ([]catalog.Address, error) {
		return under("/withheld/")(s.Catalog.RegisterAddresses(ctx, from, n))
	}},
}

// counted and paged make the two functions of a kind that is short enough to
// be listed whole.
func counted(all func(*server, context.Context) ([]catalog.Address, error)) func(*server, context.Context) (int, error) {
	return func(s *server, ctx context.Context) (int, error) {
		list, err := all(s, ctx)
		return len(list), err
	}
}

func paged(all func(*server, context.Context) ([]catalog.Address, error)) func(*server, context.Context, int, int) ([]catalog.Address, error) {
	return func(s *server, ctx context.Context, from, n int) ([]catalog.Address, error) {
		list, err := all(s, ctx)
		return list[min(from, len(list)):min(from+n, len(list))], err
	}
}

func under(path string) func([]catalog.Address, error) ([]catalog.Address, error) {
	return func(list []catalog.Address, err error) ([]catalog.Address, error) {
		for i := range list {
			list[i].Name = path + list[i].Name
		}
		return list, err
	}
}

// standsAlone says whether a route is one page for everyone.
func (r Route) standsAlone() bool {
	return r.Kind == Page && r.Method == get && !r.Session && !strings.Contains(r.Path, ":") && r.Rules[Always].For(Anonymous) == Allow
}

// sitemapPages are the pages that stand alone in the table of routes, and those
// of the lists in the program.
func (s *server) sitemapPages(ctx context.Context) ([]catalog.Address, error) {
	_, last, err := s.Catalog.LastChange(ctx)
	if err != nil {
		return nil, err
	}
	var out []catalog.Address
	for _, path := range s.alone {
		a := catalog.Address{Name: path}
		if path == "/" || path == "/datasets" || path == "/organizations" {
			a.Modified = last
		}
		out = append(out, a)
	}
	for l := range codes.Lists.All() {
		out = append(out, catalog.Address{Name: "/codes/" + l.Code})
		for _, e := range l.Entries() {
			out = append(out, catalog.Address{Name: "/codes/" + l.Code + "/" + url.PathEscape(e.Code)})
		}
	}
	loaded, err := s.Catalog.Communes(ctx)
	if err != nil {
		return nil, err
	}
	if loaded.Version > 0 {
		out = append(out, catalog.Address{Name: "/codes/" + communes, Modified: loaded.Loaded})
	}
	for _, code := range communeCodes(loaded.Changes) {
		out = append(out, catalog.Address{Name: conceptPath(communes, code), Modified: loaded.Loaded})
	}
	for _, name := range slices.Sorted(maps.Keys(problems)) {
		out = append(out, catalog.Address{Name: "/problems/" + name})
	}
	return out, nil
}

func (s *server) sitemapAgencies(ctx context.Context) ([]catalog.Address, error) {
	list, err := s.Catalog.Agencies(ctx)
	if err != nil {
		return nil, err
	}
	var out []catalog.Address
	for _, a := range list {
		out = append(out, catalog.Address{Name: "/organizations/" + a.Slug, Modified: a.Last})
	}
	return out, nil
}

// sitemap is the index of all parts.
func (s *server) sitemap(c *fiber.Ctx) error {
	ctx := c.UserContext()
	return s.sendWhole(c, "sitemap.xml", xmlType, func(w io.Writer, site dcat.Site) error {
		io.WriteString(w, xml.Header+`<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">`+"\n")
		for _, k := range sitemapKinds {
			n, err := k.count(s, ctx)
			if err != nil {
				return err
			}
			for part := 1; (part-1)*sitemapPart < n; part++ {
				io.WriteString(w, "<sitemap><loc>")
				xml.EscapeText(w, fmt.Appendf(nil, "%s/sitemap-%s-%d.xml", site.BaseURL, k.name, part))
				io.WriteString(w, "</loc>"+lastmod(site.Modified)+"</sitemap>\n")
			}
		}
		_, err := io.WriteString(w, "</sitemapindex>\n")
		return err
	})
}

// sitemapFile is one part.
func (s *server) sitemapFile(c *fiber.Ctx) error {
	kind, number, _ := strings.Cut(c.Params("sitemap"), "-")
	i := slices.IndexFunc(sitemapKinds, func(k sitemapKind) bool { return k.name == kind })
	part, err := strconv.Atoi(number)
	if i < 0 || err != nil || part < 1 || strconv.Itoa(part) != number {
		return failure(fiber.StatusNotFound, "not-found")
	}
	ctx, from := c.UserContext(), (part-1)*sitemapPart
	if n, err := sitemapKinds[i].count(s, ctx); err != nil {
		return err
	} else if from >= n {
		return failure(fiber.StatusNotFound, "not-found")
	}
	return s.sendWhole(c, "sitemap-"+kind+"-"+number, xmlType, func(w io.Writer, site dcat.Site) error {
		io.WriteString(w, xml.Header+`<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:xhtml="http://www.w3.org/1999/xhtml">`+"\n")
		list, err := sitemapKinds[i].list(s, ctx, from, sitemapPart)
		if err != nil {
			return err
		}
		for _, a := range list {
			writePage(w, site.BaseURL, a)
		}
		_, err = io.WriteString(w, "</urlset>\n")
		return err
	})
}

// writePage writes the page in each language, and at each which other ones
// there are. w is buffered and keeps its first error.
func writePage(w io.Writer, base string, a catalog.Address) {
	var others strings.Builder
	for _, lang := range templates.Languages {
		alternate(&others, lang, base+link(lang, a.Name))
	}
	alternate(&others, "x-default", base+a.Name)
	for _, lang := range templates.Languages {
		io.WriteString(w, "<url><loc>")
		xml.EscapeText(w, []byte(base+link(lang, a.Name)))
		io.WriteString(w, "</loc>"+lastmod(a.Modified)+others.String()+"</url>\n")
	}
}

func alternate(w io.Writer, lang, address string) {
	io.WriteString(w, `<xhtml:link rel="alternate" hreflang="`+lang+`" href="`)
	xml.EscapeText(w, []byte(address))
	io.WriteString(w, `"/>`)
}

func lastmod(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return "<lastmod>" + t.UTC().Format(time.RFC3339) + "</lastmod>"
}

// robots keeps no program out of anything but endless searches, whatever they
// find is in the sitemap, and what differs between any two versions.
func (s *server) robots(c *fiber.Ctx) error {
	c.Set(fiber.HeaderContentType, "text/plain; charset=utf-8")
	c.Set(fiber.HeaderCacheControl, "public, max-age=3600")
	return c.SendString("User-agent: *\nDisallow: /datasets?\nDisallow: /en/datasets?\nDisallow: /feeds/custom.atom\nDisallow: /datasets/*/diff\nDisallow: /en/datasets/*/diff\n\nSitemap: " + s.Site.BaseURL + "/sitemap.xml\n")
}
