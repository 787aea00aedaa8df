package api

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"daylight/catalog"
	"daylight/catalog/dcat"
)

// The catalogue for machines: standards.md sections 2 to 4. Every answer has
// the headers of GET on HEAD too, since harvesters ask that first.

const (
	rdfPageSize = 100
	rdfMaxSize  = 1000
	// rdfMaxBytes of a page: harvesters stop at 50 MB, and ask for 1000 datasets
	// whatever these hold.
	rdfMaxBytes = 20_000_000
)

// catalogue is one page of the whole catalogue.
func (s *server) catalogue(c *fiber.Ctx) error {
	return s.cataloguePage(c, "/catalog", "/datasets", nil)
}

// agencyCatalogue is one page of what an agency has published.
func (s *server) agencyCatalogue(c *fiber.Ctx) error {
	a, err := s.agencyByID(c)
	if err != nil {
		return err
	}
	return s.cataloguePage(c, "/organization/"+string(a.ID)+"/catalog", "/organizations/"+a.Slug, a)
}

// agencyByID finds the agency of an address by its identity or its slug.
func (s *server) agencyByID(c *fiber.Ctx) (*catalog.Agency, error) {
	id := c.Params("id")
	if !name.MatchString(id) {
		return nil, failure(fiber.StatusNotFound, "not-found")
	}
	return s.Catalog.Agency(c.UserContext(), id)
}

func (s *server) cataloguePage(c *fiber.Ctx, path, people string, agency *catalog.Agency) error {
	syntax, page, err := negotiate(c, false)
	if err != nil {
		return err
	}
	if page {
		return c.Redirect(people, fiber.StatusSeeOther)
	}
	ask, err := slice(c)
	if err != nil {
		return err
	}
	site, err := s.Site.At(c.UserContext(), s.Catalog)
	if err != nil {
		return err
	}
	var id catalog.AgencyID
	if agency != nil {
		id = agency.ID
	}
	ext := c.Params("syntax")
	if ext == "" {
		ext = syntax.Ext[0]
	}
	for {
		list, total, err := s.Catalog.Slice(c.UserContext(), id, ask.since, (ask.page-1)*ask.size, ask.size)
		if err != nil {
			return err
		}
		ask.pages = max(1, (total+ask.size-1)/ask.size)
		if ask.page > ask.pages {
			return failure(fiber.StatusNotFound, "not-found")
		}
		address := ask.address(s.Site.BaseURL + path + "." + ext)
		g, err := dcat.CatalogGraph(site, dcat.CatalogPage{Agency: agency, Datasets: list, Total: total, Page: ask.page, Size: ask.size, Pages: ask.pages, Address: address})
		if err != nil {
			return err
		}
		var out bytes.Buffer
		if err := syntax.Graph(&out, g); err != nil {
			return err
		}
		if out.Len() > rdfMaxBytes && ask.size > 1 {
			ask.divide((out.Len() + rdfMaxBytes - 1) / rdfMaxBytes)
			continue
		}
		c.Set(fiber.HeaderLink, ask.links(address))
		return sendDocument(c, syntax.Media[0], site.Modified, out.Bytes())
	}
}

// A slicing is what part of the catalogue was asked for.
type slicing struct {
	page, size int
	pages      int // as far as known
	since      time.Time
	kept       string // the parameters that every page of the walk carries
}

// divide makes pages at least n times smaller. The page goes on to begin at the
// same dataset: its size is divided without remainder.
func (a *slicing) divide(n int) {
	n = min(n, a.size)
	for a.size%n != 0 {
		n++
	}
	a.page, a.size = (a.page-1)*n+1, a.size/n
}

func (a slicing) address(base string) func(page int) string {
	return func(page int) string {
		q := "?page=" + strconv.Itoa(page)
		if a.size != rdfPageSize {
			q += "&page_size=" + strconv.Itoa(a.size)
		}
		return base + q + a.kept
	}
}

// links are the pages around this one as RFC 8288 writes them.
func (a slicing) links(address func(int) string) string {
	links := []string{"<" + address(1) + `>; rel="first"`, "<" + address(a.pages) + `>; rel="last"`}
	if a.page > 1 {
		links = append(links, "<"+address(a.page-1)+`>; rel="prev"`)
	}
	if a.page < a.pages {
		links = append(links, "<"+address(a.page+1)+`>; rel="next"`)
	}
	return strings.Join(links, ", ")
}

// slice reads the parameters of a catalogue page. profiles is taken and kept:
// one graph serves them all.
func slice(c *fiber.Ctx) (a slicing, err error) {
	a = slicing{page: 1, size: rdfPageSize}
	// CKAN filters here by words; whoever asks for it must not get everything.
	for _, name := range []string{"q", "fq"} {
		if c.Query(name) != "" {
			f := failure(fiber.StatusBadRequest, "unknown-parameter")
			f.Fields = []FieldError{{Parameter: name, Message: "the catalogue is not filtered by words; /api/v1/search is", Allowed: catalogParameters}}
			return a, f
		}
	}
	if v := c.Query("page"); v != "" {
		if a.page, err = strconv.Atoi(v); err != nil || a.page < 1 || a.page > 1_000_000 {
			return a, badParameter("page")
		}
	}
	if v := c.Query("page_size"); v != "" {
		if a.size, err = strconv.Atoi(v); err != nil || a.size < 1 || a.size > rdfMaxSize {
			return a, badParameter("page_size")
		}
	}
	if v := c.Query("modified_since"); v != "" {
		if a.since, err = time.Parse(time.RFC3339, v); err != nil {
			if a.since, err = time.Parse(time.DateOnly, v); err != nil {
				return a, badParameter("modified_since", "2026-01-31", "2026-01-31T00:00:00Z")
			}
		}
		a.kept += "&modified_since=" + escapeQuery(v)
	}
	if v := c.Query("profiles"); v != "" && len(v) <= 200 {
		a.kept += "&profiles=" + escapeQuery(v)
	}
	return a, nil
}

// sendDocument sends metadata with an ETag of its content.
func sendDocument(c *fiber.Ctx, media string, modified time.Time, body []byte) error {
	sum := sha256.Sum256(body)
	tag := `"` + hex.EncodeToString(sum[:16]) + `"`
	c.Set(fiber.HeaderContentType, media)
	c.Set(fiber.HeaderETag, tag)
	if !modified.IsZero() {
		c.Set(fiber.HeaderLastModified, modified.UTC().Format(http.TimeFormat))
	}
	c.Set(fiber.HeaderCacheControl, "public, max-age=60")
	if none := c.Get(fiber.HeaderIfNoneMatch); none != "" && listed(none, tag, true) {
		return c.Status(fiber.StatusNotModified).Send(nil)
	}
	return c.Send(body)
}

// description is one dataset in RDF, or the way to its page.
func (s *server) description(c *fiber.Ctx) error {
	d := datasetOf(c)
	return s.describe(c, d, "/datasets/"+d.Slug, func(site dcat.Site) (*dcat.Graph, error) { return dcat.DatasetGraph(site, d) })
}

// versions is the releases of a dataset in RDF, or the way to their list.
func (s *server) versions(c *fiber.Ctx) error {
	d := datasetOf(c)
	return s.describe(c, d, "/datasets/"+d.Slug+"#versions", func(site dcat.Site) (*dcat.Graph, error) {
		all, err := s.Catalog.Releases(c.UserContext(), d.ID)
		if err != nil {
			return nil, err
		}
		return dcat.VersionsGraph(site, d, all)
	})
}

func (s *server) describe(c *fiber.Ctx, d *catalog.Dataset, people string, graph func(dcat.Site) (*dcat.Graph, error)) error {
	syntax, page, err := negotiate(c, true)
	if err != nil {
		return err
	}
	if page {
		return c.Redirect(people, fiber.StatusFound)
	}
	site, err := s.Site.At(c.UserContext(), s.Catalog)
	if err != nil {
		return err
	}
	g, err := graph(site)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	if err := syntax.Graph(&out, g); err != nil {
		return err
	}
	return sendDocument(c, syntax.Media[0], d.Modified, out.Bytes())
}

// resource leads from a distribution to its dataset's page.
func (s *server) resource(c *fiber.Ctx) error {
	d := datasetOf(c)
	for _, f := range d.Release.Files {
		if f.ResourceID == c.Params("rid") {
			return c.Redirect("/datasets/"+d.Slug, fiber.StatusFound)
		}
	}
	return failure(fiber.StatusNotFound, "not-found")
}

// organization leads from an agency's identity to its page.
func (s *server) organization(c *fiber.Ctx) error {
	id := c.Params("id")
	if id == string(s.Site.Publisher.ID) {
		return c.Redirect("/about", fiber.StatusFound)
	}
	a, err := s.Catalog.Agency(c.UserContext(), id)
	if errors.Is(err, catalog.ErrNotFound) {
		return failure(fiber.StatusNotFound, "not-found")
	}
	if err != nil {
		return err
	}
	return c.Redirect("/organizations/"+a.Slug, fiber.StatusFound)
}

// void is where the VoID note of the W3C sends those who look for the
// description of all that is here.
func (s *server) void(c *fiber.Ctx) error {
	return c.Redirect("/catalog", fiber.StatusFound)
}

// dataJSON is the whole catalogue in DCAT-US 1.1.
func (s *server) dataJSON(c *fiber.Ctx) error {
	ctx := c.UserContext()
	return s.sendWhole(c, "data.json", fiber.MIMEApplicationJSON, func(w io.Writer, site dcat.Site) error {
		return dcat.WriteDataJSON(w, site, s.Catalog.All(ctx))
	})
}

// dataLines is the same, one entry a line.
func (s *server) dataLines(c *fiber.Ctx) error {
	ctx := c.UserContext()
	return s.sendWhole(c, "data.jsonl", "application/x-ndjson", func(w io.Writer, site dcat.Site) error {
		return dcat.WriteDataLines(w, site, s.Catalog.All(ctx))
	})
}

// agencyDataJSON is what one agency has published, in DCAT-US 1.1.
func (s *server) agencyDataJSON(c *fiber.Ctx) error {
	a, err := s.agencyByID(c)
	if err != nil {
		return err
	}
	site, err := s.Site.At(c.UserContext(), s.Catalog)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	if err := dcat.WriteAgencyDataJSON(&out, site, *a, s.Catalog.Of(c.UserContext(), a.ID)); err != nil {
		return err
	}
	return sendDocument(c, fiber.MIMEApplicationJSON, site.Modified, out.Bytes())
}
