package api

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"
)

// A citation names exactly what was used: the version, and the SHA-256 of its
// files. Its short form is slug@12.

// citeForms are the forms, by the word in the address.
var citeForms = map[string]struct{ media, ending string }{
	"text":   {"text/plain; charset=utf-8", "txt"},
	"bibtex": {"application/x-bibtex; charset=utf-8", "bib"},
	"ris":    {"application/x-research-info-systems; charset=utf-8", "ris"},
}

func (s *server) cite(c *fiber.Ctx) error {
	d, r := datasetOf(c), releaseOf(c)
	form, ok := citeForms[c.Params("form")]
	if !ok {
		return failure(fiber.StatusNotFound, "not-found")
	}
	agency, err := s.Catalog.Agency(c.UserContext(), string(d.Agency))
	if err != nil {
		return err
	}
	lang := "vi"
	if d.Title["vi"] == "" || c.Query("lang") == "en" {
		lang = "en"
	}
	x := citation{id: d.Slug + "@" + strconv.Itoa(r.N), title: oneLine(d.Title.In(lang, "vi", "en")), agency: oneLine(agency.Name.In(lang, "vi", "en")),
		portal: oneLine(s.Site.Title.In(lang)), version: s.pages.Say(lang, "version.n", r.N), date: r.Published.UTC().Format("2006-01-02"),
		url: s.Site.BaseURL + "/datasets/" + d.Slug + "/v/" + strconv.Itoa(r.N)}
	for _, f := range r.Files {
		if f.Format == "csv" {
			x.sums = append(x.sums, f.Name+" SHA-256 "+f.Ref.String())
		}
	}
	c.Set(fiber.HeaderContentType, form.media)
	c.Set(fiber.HeaderCacheControl, "public, max-age=300")
	c.Set(fiber.HeaderVary, "Accept-Language")
	if form.ending != "txt" {
		c.Set(fiber.HeaderContentDisposition, disposition(x.id+"."+form.ending))
	}
	return c.SendString(x.as(form.ending))
}

type citation struct {
	id, title, agency, portal, version, date, url string
	sums                                          []string
}

func (x citation) as(ending string) string {
	switch ending {
	case "bib":
		// Names of agencies are not persons': braces keep them whole.
		return fmt.Sprintf("@misc{%s,\n  title = {{%s}},\n  author = {{%s}},\n  year = {%s},\n  date = {%s},\n  version = {%s},\n  publisher = {{%s}},\n  url = {%s},\n  note = {%s}\n}\n",
			strings.ReplaceAll(x.id, "@", "_"), bibtex(x.title), bibtex(x.agency), x.date[:4], x.date, bibtex(x.version), bibtex(x.portal), x.url, bibtex(x.id+"; "+strings.Join(x.sums, "; ")))
	case "ris":
		var b strings.Builder
		line := func(tag, words string) { fmt.Fprintf(&b, "%s  - %s\r\n", tag, words) }
		line("TY", "DATA")
		line("ID", x.id)
		line("T1", x.title)
		line("AU", x.agency)
		line("PY", x.date[:4])
		line("DA", strings.ReplaceAll(x.date, "-", "/"))
		line("ET", x.version)
		line("PB", x.portal)
		line("UR", x.url)
		for _, sum := range x.sums {
			line("N1", sum)
		}
		line("ER", "")
		return b.String()
	}
	return fmt.Sprintf("%s (%s). %s, %s [%s]. %s. %s\n%s\n", x.agency, x.date[:4], x.title, x.version, x.id, x.portal, x.url, strings.Join(x.sums, "\n"))
}

// oneLine is a text without what would end a line or a field.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// bibtex escapes what BibTeX reads as more than a letter.
func bibtex(s string) string {
	return strings.NewReplacer(`\`, `\textbackslash{}`, "{", `\{`, "}", `\}`, "%", `\%`, "&", `\&`, "#", `\#`, "$", `\$`, "_", `\_`, "~", `\textasciitilde{}`, "^", `\textasciicircum{}`).Replace(s)
}

// short leads from slug@12 to the version.
func (s *server) short(c *fiber.Ctx) error {
	slug, n, ok := strings.Cut(c.Params("ref"), "@")
	if !ok || !name.MatchString(slug) || versionOf(n) == 0 {
		return failure(fiber.StatusNotFound, "not-found")
	}
	d, err := s.Catalog.Dataset(c.UserContext(), slug)
	if err != nil {
		return err
	}
	if _, err := s.Catalog.Release(c.UserContext(), d.ID, versionOf(n)); err != nil {
		return err
	}
	return c.Redirect(link(language(c), "/datasets/"+d.Slug+"/v/"+n), fiber.StatusMovedPermanently)
}
