package api

import (
	"strings"

	"github.com/gofiber/fiber/v2"

	"daylight/catalog"
	"daylight/catalog/codes"
	"daylight/catalog/dcat"
	"daylight/templates"
)

// What the page of a dataset tells programs: schema.org inside it, and links to
// its other descriptions in the page and in the answer's Link header
// (signposting.org): standards.md sections 5 and 8.

// maxItems is how many files are named in a Link header: proxies take heads of
// 8 KB. With more, they are named by the descriptions alone.
const maxItems = 20

// machineForms are the other descriptions of a dataset.
func machineForms(d *catalog.Dataset, lang string) []templates.Alternate {
	var out []templates.Alternate
	for _, s := range dcat.Syntaxes() {
		media, _, _ := strings.Cut(s.Media[0], ";")
		out = append(out, templates.Alternate{Name: syntaxNames[s.Name], MediaType: media, URL: "/dataset/" + string(d.ID) + "." + s.Ext[0]})
	}
	return append(out,
		templates.Alternate{Name: "JSON", MediaType: fiber.MIMEApplicationJSON, URL: "/api/v1/datasets/" + d.Slug},
		templates.Alternate{Name: "Atom", MediaType: "application/atom+xml", URL: "/datasets/" + d.Slug + "/versions.atom" + feedQuery(lang)})
}

var syntaxNames = map[string]string{"dcat-turtle": "Turtle", "dcat-jsonld": "JSON-LD", "dcat-rdfxml": "RDF/XML", "dcat-ntriples": "N-Triples"}

// structured is the dataset for search engines.
func (s *server) structured(c *fiber.Ctx, d *catalog.Dataset, agency *catalog.Agency) (any, error) {
	site := s.Site
	site.Agencies = map[catalog.AgencyID]catalog.Agency{agency.ID: *agency}
	lang := language(c)
	return dcat.SchemaOrg(site, d, lang, s.Site.BaseURL+link(lang, "/datasets/"+d.Slug))
}

// signpost sets the Link header of a dataset's page.
func (s *server) signpost(c *fiber.Ctx, d *catalog.Dataset, agency *catalog.Agency) {
	base := s.Site.BaseURL
	links := []string{
		`<` + base + `/dataset/` + string(d.ID) + `>; rel="cite-as"`,
		`<https://schema.org/Dataset>; rel="type"`,
		`<https://schema.org/AboutPage>; rel="type"`,
		`<` + base + `/organization/` + string(agency.ID) + `>; rel="author"`,
		`<` + base + `/catalog>; rel="collection"`,
	}
	if l, ok := codes.Licences.Get(d.Licence); ok {
		links = append(links, `<`+s.absolute(l.IRI)+`>; rel="license"`)
	}
	for _, a := range machineForms(d, language(c)) {
		if a.Name != "Atom" {
			links = append(links, `<`+base+a.URL+`>; rel="describedby"; type="`+a.MediaType+`"`)
		}
	}
	if r := d.Release; r != nil && r.Withdrawn == nil && len(r.Files) <= maxItems {
		for _, f := range r.Files {
			media, _, _ := strings.Cut(f.MediaType, ";")
			links = append(links, `<`+s.fileURL(d, r.N, f.Name)+`>; rel="item"; type="`+strings.TrimSpace(media)+`"`)
		}
	}
	c.Set(fiber.HeaderLink, strings.Join(links, ", "))
}
