package api

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
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
	turtle      = "text/turtle; charset=utf-8"
)

// syntaxes are the path endings of RDF, with what is sent. n3 is Turtle under
// the name that old harvesters use.
var syntaxes = map[string]string{"ttl": turtle, "n3": turtle}

// negotiate chooses the syntax of an address without an ending. html is true
// when the reader wants a page.
func negotiate(c *fiber.Ctx) (html bool, err error) {
	c.Set(fiber.HeaderVary, "Accept")
	switch offer := c.Accepts("text/turtle", "application/x-turtle", "text/n3", "text/html"); {
	case c.Get(fiber.HeaderAccept) == "" || strings.HasPrefix(offer, "text/turtle"), offer == "application/x-turtle", offer == "text/n3":
		return false, nil
	case offer == "text/html":
		return true, nil
	}
	f := failure(fiber.StatusNotAcceptable, "not-acceptable")
	f.Fields = []FieldError{{Parameter: "Accept", Message: "not a type that this address has", Allowed: []string{"text/turtle", "text/html"}}}
	return false, f
}

// ending checks the syntax in the path; an address without one negotiates.
func ending(c *fiber.Ctx) (html bool, err error) {
	s := c.Params("syntax")
	if s == "" {
		return negotiate(c)
	}
	if _, ok := syntaxes[s]; !ok {
		return false, failure(fiber.StatusNotFound, "not-found")
	}
	return false, nil
}

func (s *server) catalogue(c *fiber.Ctx) error {
	html, err := ending(c)
	if err != nil {
		return err
	}
	if html {
		return c.Redirect("/datasets", fiber.StatusSeeOther)
	}
	page, size, since, err := slice(c)
	if err != nil {
		return err
	}
	list, total, err := s.Catalog.Slice(c.UserContext(), "", since, (page-1)*size, size)
	if err != nil {
		return err
	}
	pages := max(1, (total+size-1)/size)
	if page > pages {
		return failure(fiber.StatusNotFound, "not-found")
	}
	site, err := s.Site.At(c.UserContext(), s.Catalog)
	if err != nil {
		return err
	}
	address := func(n int) string {
		q := "?page=" + strconv.Itoa(n)
		if size != rdfPageSize {
			q += "&page_size=" + strconv.Itoa(size)
		}
		if v := c.Query("modified_since"); v != "" {
			q += "&modified_since=" + escapeQuery(v)
		}
		return s.Site.BaseURL + "/catalog.ttl" + q
	}
	var out bytes.Buffer
	if err := dcat.WriteCatalog(&out, site, dcat.CatalogPage{Datasets: list, Total: total, Page: page, Size: size, Pages: pages, Address: address}); err != nil {
		return err
	}
	links := []string{"<" + address(1) + `>; rel="first"`, "<" + address(pages) + `>; rel="last"`}
	if page > 1 {
		links = append(links, "<"+address(page-1)+`>; rel="prev"`)
	}
	if page < pages {
		links = append(links, "<"+address(page+1)+`>; rel="next"`)
	}
	c.Set(fiber.HeaderLink, strings.Join(links, ", "))
	return sendDocument(c, turtle, site.Modified, out.Bytes())
}

// slice reads the parameters of a catalogue page.
func slice(c *fiber.Ctx) (page, size int, since time.Time, err error) {
	page, size = 1, rdfPageSize
	if v := c.Query("page"); v != "" {
		if page, err = strconv.Atoi(v); err != nil || page < 1 || page > 1_000_000 {
			return 0, 0, since, badParameter("page")
		}
	}
	if v := c.Query("page_size"); v != "" {
		if size, err = strconv.Atoi(v); err != nil || size < 1 || size > rdfMaxSize {
			return 0, 0, since, badParameter("page_size")
		}
	}
	if v := c.Query("modified_since"); v != "" {
		if since, err = time.Parse(time.RFC3339, v); err != nil {
			if since, err = time.Parse(time.DateOnly, v); err != nil {
				return 0, 0, since, badParameter("modified_since", "2026-01-31", "2026-01-31T00:00:00Z")
			}
		}
	}
	return page, size, since, nil
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
	html, err := ending(c)
	if err != nil {
		return err
	}
	if html {
		return c.Redirect("/datasets/"+d.Slug, fiber.StatusFound)
	}
	site, err := s.Site.At(c.UserContext(), s.Catalog)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	if err := dcat.WriteDataset(&out, site, d); err != nil {
		return err
	}
	return sendDocument(c, turtle, d.Modified, out.Bytes())
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

// dataJSON is the whole catalogue in DCAT-US 1.1.
func (s *server) dataJSON(c *fiber.Ctx) error {
	site, err := s.Site.At(c.UserContext(), s.Catalog)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	if err := dcat.WriteDataJSON(&out, site, s.Catalog.All(c.UserContext())); err != nil {
		return err
	}
	return sendDocument(c, fiber.MIMEApplicationJSON, site.Modified, out.Bytes())
}
