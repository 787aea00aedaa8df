package api

import (
	"errors"
	"strconv"
	"time"

	"github.com/gofiber/fiber/v2"

	"daylight/catalog"
	"daylight/catalog/codes"
	"daylight/templates"
)

// The register of what is withheld: what is not open says why, under which
// law, who decided, until when, and where to object.

func (s *server) withheldPage(c *fiber.Ctx) (any, error) {
	ctx, lang := c.UserContext(), language(c)
	p := templates.WithheldPage{Site: s.site(c, templates.NavWithheld)}
	agency, err := s.agencyAsked(c)
	if err != nil {
		return nil, err
	}
	n, err := count(c, "page", 1, maxFrom/pageSize)
	if err != nil {
		return nil, err
	}
	part, err := count(c, "parts", 1, maxFrom/pageSize)
	if err != nil {
		return nil, err
	}
	counts, err := s.Catalog.RegisterCounts(ctx, agency, catalog.Today(s.Now()))
	if err != nil {
		return nil, err
	}
	p.Standing, p.Overdue, p.Ended, p.Datasets, p.Columns = counts.Standing, counts.Overdue, counts.Ended, counts.Parts, counts.Columns
	agencies, err := s.agencyMap(c)
	if err != nil {
		return nil, err
	}
	if p.Agencies, err = s.agencyChoice(c, agency, lang); err != nil {
		return nil, err
	}
	entries, err := s.Catalog.Standing(ctx, agency, (n-1)*pageSize, pageSize)
	if err != nil {
		return nil, err
	}
	for i := range entries {
		p.Entries = append(p.Entries, s.entryView(&entries[i], agencies[entries[i].Agency], lang))
	}
	parts, err := s.Catalog.Parts(ctx, agency, (part-1)*pageSize, pageSize)
	if err != nil {
		return nil, err
	}
	for _, d := range parts {
		p.Parts = append(p.Parts, partView(d, agencies[d.Agency], lang))
	}
	address := func(page, parts int) string {
		q := ""
		for _, v := range []struct{ name, value string }{{"org", c.Query("org")}, {"page", pageParameter(page)}, {"parts", pageParameter(parts)}} {
			if v.value != "" {
				q += [2]string{"?", "&"}[min(len(q), 1)] + v.name + "=" + escapeQuery(v.value)
			}
		}
		return q
	}
	base := link(lang, "/withheld")
	p.Pages = pager(n, (counts.Standing+pageSize-1)/pageSize, func(i int) string { return base + address(i, part) })
	p.PartPage = pager(part, (counts.Parts+pageSize-1)/pageSize, func(i int) string { return base + address(n, i) })
	if q := address(n, part); q != "" {
		p.Site.Query = q[1:]
	}
	org := address(1, 1)
	p.Files = []templates.Alternate{
		{Name: "CSV", MediaType: "text/csv", URL: "/withheld.csv" + org},
		{Name: "JSON", MediaType: fiber.MIMEApplicationJSON, URL: "/withheld.json" + org},
		{Name: "Atom", MediaType: "application/atom+xml", URL: "/withheld.atom" + feedQuery(lang)},
	}
	return p, nil
}

// feedQuery asks for a feed in the language of a page.
func feedQuery(lang string) string {
	if lang == templates.Languages[0] {
		return ""
	}
	return "?lang=" + lang
}

// pageParameter is the number of a page in an address; the first needs none.
func pageParameter(n int) string {
	if n == 1 {
		return ""
	}
	return strconv.Itoa(n)
}

// agencyAsked is the agency of ?org=; "" without one.
func (s *server) agencyAsked(c *fiber.Ctx) (catalog.AgencyID, error) {
	slug := c.Query("org")
	if slug == "" {
		return "", nil
	}
	if !name.MatchString(slug) {
		return "", badParameter("org")
	}
	a, err := s.Catalog.Agency(c.UserContext(), slug)
	if errors.Is(err, catalog.ErrNotFound) {
		return "", badParameter("org")
	}
	if err != nil {
		return "", err
	}
	return a.ID, nil
}

// agencyChoice lists the agencies that have anything to be chosen, after the
// choice of all.
func (s *server) agencyChoice(c *fiber.Ctx, chosen catalog.AgencyID, lang string) ([]templates.FacetValue, error) {
	list, err := s.Catalog.Agencies(c.UserContext())
	if err != nil {
		return nil, err
	}
	out := []templates.FacetValue{{Label: templates.T(s.pages.Say(lang, "withheld.every-agency")), Chosen: chosen == ""}}
	for _, a := range list {
		if a.Datasets+a.Withheld > 0 || a.ID == chosen {
			out = append(out, templates.FacetValue{Value: a.Slug, Label: text(a.Name, lang), N: a.Datasets + a.Withheld, Chosen: a.ID == chosen})
		}
	}
	return out, nil
}

func (s *server) withholdingPage(c *fiber.Ctx) (any, error) {
	ctx, lang, id := c.UserContext(), language(c), c.Params("id")
	if !uuid.MatchString(id) {
		return nil, failure(fiber.StatusNotFound, "not-found")
	}
	w, err := s.Catalog.Withholding(ctx, id)
	if err != nil {
		return nil, err
	}
	if w.ID != id { // asked for by its dataset
		return nil, c.Redirect(link(lang, "/withheld/"+w.ID), fiber.StatusMovedPermanently)
	}
	d, err := s.Catalog.Dataset(ctx, string(w.Dataset))
	if err != nil {
		return nil, err
	}
	a, err := s.Catalog.Agency(ctx, string(d.Agency))
	if err != nil {
		return nil, err
	}
	p := templates.WithholdingPage{Site: s.site(c, templates.NavWithheld), Withholding: s.withholdingView(w, d, a, lang)}
	if !w.Ended.IsZero() && d.Release != nil {
		p.Version = &templates.Link{Text: text(d.Title, lang), URL: p.DatasetURL}
	}
	return p, nil
}

// heldPage is the page of a dataset of which only the description is public.
func (s *server) heldPage(c *fiber.Ctx, d *catalog.Dataset) (any, error) {
	lang := language(c)
	a, err := s.Catalog.Agency(c.UserContext(), string(d.Agency))
	if err != nil {
		return nil, err
	}
	p := templates.HeldPage{
		Site: s.site(c, templates.NavDatasets), Slug: d.Slug, Title: text(d.Title, lang), Description: text(d.Description, lang),
		Theme: themeLink(d, lang), Agency: agencyLink(a, lang), Contact: contactView(a, lang), Place: placeText(d, lang),
		Period: period(d.From, d.To, lang), Frequency: d.Frequency, Why: s.withholdingView(d.Withheld, d, a, lang),
		Alternates: machineForms(d, lang),
	}
	if p.Structured, err = s.structured(c, d, a); err != nil {
		return nil, err
	}
	s.signpost(c, d, a)
	for _, w := range d.Keywords[lang] {
		p.Keywords = append(p.Keywords, templates.Link{Text: templates.T(w), URL: link(lang, "/datasets") + "?q=" + escapeQuery(w)})
	}
	return p, nil
}

func (s *server) entryView(e *catalog.RegisterEntry, a *catalog.Agency, lang string) templates.Withholding {
	return s.withholdingView(&e.Withholding, &catalog.Dataset{Slug: e.Slug, Title: e.Title}, a, lang)
}

func (s *server) withholdingView(w *catalog.Withholding, d *catalog.Dataset, a *catalog.Agency, lang string) templates.Withholding {
	v := templates.Withholding{
		URL: link(lang, "/withheld/"+w.ID), Title: text(d.Title, lang), DatasetURL: link(lang, "/datasets/"+d.Slug), Restricted: w.Access == "RESTRICTED",
		Reason: text(w.Reason, lang), Law: text(w.Law, lang), Article: w.Article, LawURL: w.LawURL, Unit: text(w.Unit, lang),
		Decided: civilDay(w.Decided), Review: civilDay(w.Review), Overdue: w.Overdue(s.Now()), Appeal: text(w.Appeal, lang),
		Since: w.Since, Modified: w.Modified, Ended: w.Ended,
	}
	if a != nil {
		v.Agency = agencyLink(a, lang)
	}
	return v
}

// civilDay is a day of the catalogue as a time on that day in Vietnam.
func civilDay(s string) time.Time {
	t, _ := time.Parse(time.DateOnly, s)
	return t
}

// partView counts the columns that stayed behind, by kind of reason: never by
// name.
func partView(d *catalog.Dataset, a *catalog.Agency, lang string) templates.WithheldPart {
	v := templates.WithheldPart{Title: text(d.Title, lang), URL: link(lang, "/datasets/"+d.Slug) + "#privacy"}
	if a != nil {
		v.Agency = agencyLink(a, lang)
	}
	if d.Release != nil {
		v.Kinds = privacyView(d.Release.Privacy).LeftOut
	}
	for _, k := range v.Kinds {
		v.N += k.N
	}
	return v
}

// withholdingAnswer is a withholding in the JSON API.
type withholdingAnswer struct {
	catalog.Withholding
	URL       string `json:"url"`
	Overdue   bool   `json:"overdue"`
	AccessIRI string `json:"access_rights,omitempty"`
}

func (s *server) withholdingAnswer(w *catalog.Withholding) *withholdingAnswer {
	if w == nil {
		return nil
	}
	out := &withholdingAnswer{Withholding: *w, URL: s.Site.BaseURL + "/withheld/" + w.ID, Overdue: w.Overdue(s.Now())}
	if a, ok := codes.AccessRights.Get(w.Access); ok {
		out.AccessIRI = a.IRI
	}
	return out
}

// putWithholding puts a dataset into the register, or changes its entry.
func (s *server) putWithholding(c *fiber.Ctx) error {
	var b withholdingBody
	if err := jsonBody(c, &b); err != nil {
		return err
	}
	d := datasetOf(c)
	w, problems, err := s.Intake.Withhold(c.UserContext(), callerOf(c).User, d.ID, catalog.Withholding{
		Access: b.Access, Reason: b.Reason, Law: b.Law, Article: b.Article, LawURL: b.LawURL, Unit: b.Unit,
		Decided: b.Decided, Review: b.Review, Appeal: b.Appeal})
	if err != nil {
		return err
	}
	if catalog.Refused(problems) {
		return badMetadata(problems)
	}
	return c.JSON(fiber.Map{"withholding": s.withholdingAnswer(&w), "problems": problems})
}

// withholdingBody is what an agency says of what it withholds.
type withholdingBody struct {
	Access  string       `json:"access"`
	Reason  catalog.Text `json:"reason"`
	Law     catalog.Text `json:"law"`
	Article string       `json:"article"`
	LawURL  string       `json:"law_url"`
	Unit    catalog.Text `json:"unit"`
	Decided string       `json:"decided"`
	Review  string       `json:"review"`
	Appeal  catalog.Text `json:"appeal"`
}
