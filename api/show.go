package api

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"daylight/catalog"
	"daylight/templates"
)

// language of a page: the path decides.
func language(c *fiber.Ctx) string {
	lang, _ := templates.SplitPath(c.Path())
	return lang
}

// site is what every page knows of the portal and of its own address.
func (s *server) site(c *fiber.Ctx, nav string) templates.Site {
	_, path := templates.SplitPath(c.Path())
	return templates.Site{BaseURL: s.Site.BaseURL, Path: path, Nav: nav, Now: s.Now(), Demo: s.Demo}
}

// show renders a page. It is written whole or not at all.
func (s *server) show(c *fiber.Ctx, status int, p any) error {
	lang := language(c)
	if _, isError := p.(templates.ErrorPage); isError {
		lang = errorLanguage(c)
	}
	var out bytes.Buffer
	if err := s.pages.Render(&out, lang, p); err != nil {
		return err
	}
	c.Set(fiber.HeaderContentType, "text/html; charset=utf-8")
	c.Set(fiber.HeaderContentLanguage, lang)
	if c.GetRespHeader(fiber.HeaderCacheControl) == "" {
		c.Set(fiber.HeaderCacheControl, "public, max-age=30")
	}
	return c.Status(status).Send(out.Bytes())
}

// text is words of the catalogue in the reader's language, or in another one
// with its name.
func text(t catalog.Text, lang string) templates.Text {
	words, in := t.Lang(lang)
	if in == lang {
		in = ""
	}
	return templates.Text{Words: words, Lang: in}
}

func link(lang, path string) string { return templates.Path(lang, path) }

func (s *server) about(c *fiber.Ctx) (any, error) {
	return templates.AboutPage{Site: s.site(c, templates.NavAbout)}, nil
}

func (s *server) developers(c *fiber.Ctx) (any, error) {
	p := templates.DevelopersPage{Site: s.site(c, templates.NavDevelopers), Uploads: s.Intake != nil}
	if d := s.sample(c); d != nil {
		p.SampleSlug, p.SampleVersion = d.Slug, d.Release.N
		for _, f := range d.Release.Files {
			switch f.Format {
			case "csv":
				p.SampleCSV = f.Name
			case "parquet":
				p.SampleParquet = f.Name
			}
		}
	}
	return p, nil
}

// sample is a dataset that exists, for the examples; nil when there is none.
func (s *server) sample(c *fiber.Ctx) *catalog.Dataset {
	recent, err := s.Catalog.Recent(c.UserContext(), 1)
	if err != nil || len(recent) == 0 {
		return nil
	}
	return recent[0]
}

// problemPage explains the type of a problem+json.
func (s *server) problemPage(c *fiber.Ctx) (any, error) {
	name := c.Params("name")
	status, ok := problems[name]
	if !ok {
		return nil, failure(fiber.StatusNotFound, "not-found")
	}
	lang := language(c)
	title, do := s.pages.Problem(lang, status)
	if words := s.pages.Say(lang, "problem."+name); words != "problem."+name {
		do = words
	}
	return templates.ProblemPage{Site: s.site(c, templates.NavDevelopers), Name: name, Status: status, Title: title, Advice: do}, nil
}

// problems are the names of all failures, with their status.
var problems = map[string]int{
	"bad-request": 400, "unknown-parameter": 400, "bad-parameter": 400, "bad-body": 400, "bad-metadata": 422,
	"token-needed": 401, "token-wrong": 401, "not-allowed": 403, "foreign-form": 403, "another-person": 403, "not-found": 404, "method-not-allowed": 405,
	"not-acceptable": 406, "wrong-state": 409, "stale-approval": 409, "no-preview": 409, "too-many-streams": 429, "slug-taken": 409, "published": 409, "withdrawn": 410, "precondition-failed": 412,
	"too-large": 413, "content-encoding": 415, "media-type": 415, "range": 416, "wrong-host": 421,
	"idempotency-key-reused": 422, "bad-plan": 422, "bad-inventory": 422, "bad-reason": 422, "withheld": 451, "persons-not-compared": 409, "nothing-in-common": 409, "busy": 503, "incomplete-body": 400, "internal": 500, "no-space": 507, "bad-header": 400, "incomplete-part": 400, "tus-version": 412, "tus-media-type": 415, "upload-busy": 423, "wrong-offset": 409, "upload-gone": 410, "wrong-checksum": 460, "too-many-uploads": 429,
}

// asset serves a style sheet or an icon under the hash of its content.
func (s *server) asset(c *fiber.Ctx) error {
	body, media, ok := templates.AssetFile(c.Params("hash"), c.Params("name"))
	if !ok {
		return failure(fiber.StatusNotFound, "not-found")
	}
	c.Set(fiber.HeaderContentType, media)
	c.Set(fiber.HeaderCacheControl, "public, max-age=31536000, immutable")
	return c.Send(body)
}

func (s *server) favicon(c *fiber.Ctx) error {
	c.Set(fiber.HeaderCacheControl, "public, max-age=86400")
	return c.Redirect(templates.Asset("favicon.svg"), fiber.StatusFound)
}

func (s *server) health(c *fiber.Ctx) error {
	if _, _, err := s.Catalog.LastChange(c.UserContext()); err != nil {
		return &Failure{Status: fiber.StatusServiceUnavailable, Name: "internal", cause: err}
	}
	c.Set(fiber.HeaderCacheControl, "no-store")
	return c.JSON(fiber.Map{"status": "ok"})
}

// moved leads from a former slug or an id to the address of today.
func moved(c *fiber.Ctx, d *catalog.Dataset) bool {
	if c.Params("slug") == d.Slug {
		return false
	}
	old, now := "/"+c.Params("slug"), "/"+d.Slug
	c.Redirect(strings.Replace(c.Path(), old, now, 1), fiber.StatusMovedPermanently)
	return true
}

func itoa(n int) string { return strconv.Itoa(n) }
