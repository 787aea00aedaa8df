package api

import (
	"net/url"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"daylight/catalog"
	"daylight/catalog/codes"
	"daylight/templates"
)

// codesPage lists the code lists.
func (s *server) codesPage(c *fiber.Ctx) (any, error) {
	lang := language(c)
	p := templates.CodesPage{Site: s.site(c, templates.NavDevelopers)}
	for l := range codes.Lists.All() {
		p.Lists = append(p.Lists, listView(l, lang))
	}
	loaded, err := s.Catalog.CommuneVersions(c.UserContext())
	if err != nil {
		return nil, err
	}
	if len(loaded) > 0 {
		p.Lists = append(p.Lists, s.communeListView(loaded[0], lang))
	}
	return p, nil
}

func listView(l codes.Listing, lang string) templates.CodeList {
	return templates.CodeList{URL: link(lang, "/codes/"+l.Code), Name: templates.T(l.Title(lang)), About: templates.T(l.About(lang)),
		Source: templates.T(l.Source(lang)), Date: day(l.Date, lang), N: l.Len()}
}

// day is an ISO day as people write it; what is no day stays.
func day(iso, lang string) string {
	if t, err := time.Parse(time.DateOnly, iso); err == nil {
		return templates.Date(lang, t)
	}
	return iso
}

// codeListPage shows one list, or those of its entries that hold ?q= in their
// code or in a name.
func (s *server) codeListPage(c *fiber.Ctx) (any, error) {
	lang := language(c)
	if c.Params("list") == communes {
		return s.communesPage(c)
	}
	l, ok := codes.Lists.Get(c.Params("list"))
	if !ok {
		return nil, failure(fiber.StatusNotFound, "not-found")
	}
	p := templates.CodeListPage{Site: s.site(c, templates.NavDevelopers), List: listView(l, lang), Q: c.Query("q"),
		Detail: templates.T(l.Detail(lang)), JSON: "/codes/" + l.Code + ".json", CSV: "/codes/" + l.Code + ".csv", Turtle: "/codes/" + l.Code + ".ttl"}
	if p.Q != "" {
		p.Site.Query = url.Values{"q": {p.Q}}.Encode()
	}
	if l.Earlier() != "" {
		p.From, p.Other = templates.T(s.pages.Say(lang, "codes.from")), listLink(l.Earlier(), lang)
	}
	if l.Later() != "" {
		p.Into, p.Other = templates.T(s.pages.Say(lang, "codes.into")), listLink(l.Later(), lang)
	}
	wanted := codes.Fold(p.Q)
	for _, e := range l.Entries() {
		p.Dated = p.Dated || e.ValidFrom != "" || e.ValidTo != ""
		if p.Q == "" || wanted != "" && holds(l, e, wanted) {
			p.Rows = append(p.Rows, conceptView(l, e, lang))
		}
	}
	p.Found = len(p.Rows)
	return p, nil
}

// holds says whether an entry, or one it was made of or became, has the folded
// words in its code or in a name.
func holds(l codes.Listing, e codes.Entry, wanted string) bool {
	words := []string{e.Code, e.VI, e.EN, e.NoteVI}
	for _, r := range related(l, e) {
		words = append(words, r.entry.VI, r.entry.EN)
	}
	for _, w := range words {
		if strings.Contains(codes.Fold(w), wanted) {
			return true
		}
	}
	return false
}

// relative is an entry of the list before or after.
type relative struct {
	list  string
	entry codes.Entry
	later bool
}

func related(l codes.Listing, e codes.Entry) []relative {
	var out []relative
	add := func(list, code string, later bool) {
		if of, ok := codes.Lists.Get(list); ok {
			if r, ok := of.Entry(code); ok {
				out = append(out, relative{list, r, later})
			}
		}
	}
	for _, code := range e.From {
		add(l.Earlier(), code, false)
	}
	if e.Into != "" {
		add(l.Later(), e.Into, true)
	}
	return out
}

func listLink(list, lang string) *templates.Link {
	l, ok := codes.Lists.Get(list)
	if !ok {
		return nil
	}
	return &templates.Link{Text: templates.T(l.Title(lang)), URL: link(lang, "/codes/"+list)}
}

func conceptView(l codes.Listing, e codes.Entry, lang string) templates.Concept {
	v := templates.Concept{URL: link(lang, conceptPath(l.Code, e.Code)), Code: e.Code, VI: inLanguage(e.VI, "vi", lang), EN: inLanguage(e.EN, "en", lang),
		Detail: templates.T(e.Detail(lang)), ValidFrom: day(e.ValidFrom, lang), ValidTo: day(e.ValidTo, lang)}
	for _, r := range related(l, e) {
		to := templates.Link{Text: inLanguage(r.entry.Label(lang), lang, lang), URL: link(lang, conceptPath(r.list, r.entry.Code))}
		if r.later {
			v.Into = append(v.Into, to)
		} else {
			v.From = append(v.From, to)
		}
	}
	return v
}

// inLanguage is words of one language on a page of another or the same.
func inLanguage(words, lang, page string) templates.Text {
	if lang == page {
		lang = ""
	}
	return templates.Text{Words: words, Lang: lang}
}

func conceptPath(list, code string) string { return "/codes/" + list + "/" + url.PathEscape(code) }

// conceptPage is one entry: where the IRIs of the portal's own concepts lead.
func (s *server) conceptPage(c *fiber.Ctx) (any, error) {
	lang := language(c)
	code, err := url.PathUnescape(c.Params("code"))
	if c.Params("list") == communes && err == nil {
		return s.communePage(c, code)
	}
	l, ok := codes.Lists.Get(c.Params("list"))
	if !ok {
		return nil, failure(fiber.StatusNotFound, "not-found")
	}
	e, ok := l.Entry(code)
	if err != nil || !ok {
		return nil, failure(fiber.StatusNotFound, "not-found")
	}
	p := templates.ConceptPage{Site: s.site(c, templates.NavDevelopers), List: *listLink(l.Code, lang), Concept: conceptView(l, e, lang),
		Name: templates.T(e.Label(lang)), Note: templates.T(e.Note(lang)), Detail: templates.T(l.Detail(lang)),
		IRI: s.absolute(e.IRI), Scheme: s.absolute(e.Scheme), Own: strings.HasPrefix(e.IRI, "/")}
	p.Site.Path = "/codes/" + l.Code + "/" + e.Code
	if pr, ok := codes.Provinces.ByIRI(e.IRI); ok {
		for _, name := range pr.AlsoCalled() {
			p.Other = append(p.Other, inLanguage(name, "vi", lang))
		}
	}
	q, ok := queryOf(l.Code, e)
	if !ok {
		return p, nil
	}
	q.Size, q.Lang = 1, lang
	found, err := s.Index.Find(c.UserContext(), q)
	if err != nil {
		return nil, searchFailure(err)
	}
	p.Count, p.Search = found.Total, link(lang, "/datasets")+"?"+searchFor(q).Encode()
	return p, nil
}

// queryOf is the search for the datasets that use an entry; false where the
// search has no such filter.
func queryOf(list string, e codes.Entry) (catalog.Query, bool) {
	switch list {
	case "life-events":
		return catalog.Query{LifeEvent: e.Code}, true
	case "administrative-units", "places":
		return catalog.Query{Place: e.Code}, true
	case "former-administrative-units":
		return catalog.Query{Place: e.Into}, true
	case "themes":
		return catalog.Query{Theme: e.Code}, true
	case "frequencies":
		return catalog.Query{Frequency: e.Code}, true
	case "licences":
		return catalog.Query{Licence: e.Code}, true
	case "file-types":
		f, ok := codes.FileTypes.Get(e.Code)
		return catalog.Query{Format: f.Format}, ok
	}
	return catalog.Query{}, false
}

// searchFor writes such a query as parameters of the search.
func searchFor(q catalog.Query) url.Values {
	v := url.Values{}
	for name, value := range map[string]string{"life_event": q.LifeEvent, "place": q.Place, "theme": q.Theme,
		"frequency": q.Frequency, "licence": q.Licence, "format": q.Format} {
		if value != "" {
			v.Set(name, value)
		}
	}
	return v
}
