package api

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gocarina/gocsv"
	"github.com/gofiber/fiber/v2"

	"daylight/catalog"
	"daylight/catalog/codes"
	"daylight/templates"
)

// The commune list is loaded by an administrator, so it is read from the
// catalogue; else its pages are those of any list.
const communes = "communes"

const communesPerPage = 100

// communeList is the list in force; one that was not loaded is not found.
func (s *server) communeList(c *fiber.Ctx) (catalog.CommuneList, error) {
	l, err := s.Catalog.Communes(c.UserContext())
	if err == nil && l.Version == 0 {
		err = failure(fiber.StatusNotFound, "not-found")
	}
	return l, err
}

func (s *server) communeListView(l catalog.CommuneList, lang string) templates.CodeList {
	return templates.CodeList{URL: link(lang, "/codes/"+communes), Name: templates.T(s.pages.Say(lang, "communes.title")),
		About: templates.T(s.pages.Say(lang, "communes.about")), Source: text(catalog.Text{"vi": l.Source}, lang), Date: day(l.Stated, lang), N: l.Lines}
}

func (s *server) communesPage(c *fiber.Ctx) (any, error) {
	lang := language(c)
	l, err := s.communeList(c)
	if err != nil {
		return nil, err
	}
	n := 1
	if v := c.Query("page"); v != "" {
		if n, err = strconv.Atoi(v); err != nil || n < 1 || n > maxFrom {
			return nil, badParameter("page")
		}
	}
	p := templates.CodeListPage{Site: s.site(c, templates.NavDevelopers), List: s.communeListView(l, lang), Q: c.Query("q"), Dated: true,
		Detail: templates.T(s.pages.Say(lang, "communes.where")), Into: templates.T(s.pages.Say(lang, "communes.now")),
		JSON: "/codes/" + communes + ".json", CSV: "/codes/" + communes + ".csv"}
	var found []codes.CommuneChange
	wanted := codes.Fold(p.Q)
	for _, change := range l.Changes {
		if p.Q == "" || wanted != "" && communeHolds(change, wanted) {
			found = append(found, change)
		}
	}
	p.Found = len(found)
	from := min((n-1)*communesPerPage, len(found))
	for _, change := range found[from:min(from+communesPerPage, len(found))] {
		p.Rows = append(p.Rows, communeRow(change, lang))
	}
	query := url.Values{}
	if p.Q != "" {
		query.Set("q", p.Q)
	}
	p.Pages = pager(n, (len(found)+communesPerPage-1)/communesPerPage, func(n int) string {
		query.Set("page", strconv.Itoa(n))
		return p.List.URL + "?" + query.Encode()
	})
	if query.Set("page", strconv.Itoa(n)); n == 1 {
		query.Del("page")
	}
	p.Site.Query = query.Encode()
	return p, nil
}

func communeHolds(c codes.CommuneChange, wanted string) bool {
	for _, w := range []string{c.OldCode, c.OldName, c.OldDistrictName, formerProvince(c.OldProvinceCode), c.NewCode, c.NewName, province(c.NewProvinceCode)} {
		if strings.Contains(codes.Fold(w), wanted) {
			return true
		}
	}
	return false
}

func formerProvince(code string) string {
	p, _ := codes.FormerProvinces.Get(code)
	return p.VI
}

func province(code string) string {
	p, _ := codes.Provinces.Get(code)
	return p.VI
}

func communeRow(c codes.CommuneChange, lang string) templates.Concept {
	return templates.Concept{URL: communeURL(c.OldCode, lang), Code: c.OldCode, VI: inLanguage(c.OldName, "vi", lang), EN: inLanguage(c.OldNameEN, "en", lang),
		Detail: inLanguage(c.OldDistrictName+", "+formerProvince(c.OldProvinceCode), "vi", lang), Into: []templates.Link{newCommune(c, lang)}, ValidTo: dayBefore(c.ValidFrom, lang)}
}

func communeURL(code, lang string) string { return link(lang, conceptPath(communes, code)) }

func newCommune(c codes.CommuneChange, lang string) templates.Link {
	return templates.Link{Text: inLanguage(c.NewName+", "+province(c.NewProvinceCode), "vi", lang), URL: communeURL(c.NewCode, lang)}
}

// dayBefore is the last day of what ended when something else began.
func dayBefore(iso, lang string) string {
	t, err := time.Parse(time.DateOnly, iso)
	if err != nil {
		return ""
	}
	return templates.Date(lang, t.AddDate(0, 0, -1))
}

// communePage tells what a code stands for: the unit of today, the one of
// before, or both, for many codes were given out again.
func (s *server) communePage(c *fiber.Ctx, code string) (any, error) {
	lang := language(c)
	l, err := s.communeList(c)
	if err != nil {
		return nil, err
	}
	p := templates.ConceptPage{Site: s.site(c, templates.NavDevelopers), Own: true, IRI: s.Site.BaseURL + conceptPath(communes, code),
		Scheme: s.Site.BaseURL + "/codes/" + communes, Detail: templates.T(s.pages.Say(lang, "communes.where"))}
	p.List = templates.Link{Text: templates.T(s.pages.Say(lang, "communes.title")), URL: link(lang, "/codes/"+communes)}
	p.Site.Path = conceptPath(communes, code)
	p.Concept = templates.Concept{URL: communeURL(code, lang), Code: code}
	for _, change := range l.Changes {
		if change.NewCode == code {
			p.Name, p.Basis = inLanguage(change.NewName, "vi", lang), inLanguage(change.LegalBasis, "vi", lang)
			p.Concept.VI, p.Concept.EN = inLanguage(change.NewName, "vi", lang), inLanguage(change.NewNameEN, "en", lang)
			p.Concept.Detail, p.Concept.ValidFrom = inLanguage(province(change.NewProvinceCode), "vi", lang), day(change.ValidFrom, lang)
			p.Concept.From = append(p.Concept.From, templates.Link{Text: inLanguage(change.OldName, "vi", lang), URL: communeURL(change.OldCode, lang)})
		}
	}
	for _, change := range l.Changes {
		if change.OldCode != code {
			continue
		}
		row := communeRow(change, lang)
		if p.Name.Words == "" {
			p.Name, p.Basis = row.VI, inLanguage(change.LegalBasis, "vi", lang)
			p.Concept.VI, p.Concept.EN, p.Concept.Detail, p.Concept.ValidTo = row.VI, row.EN, row.Detail, row.ValidTo
		}
		if p.Concept.ValidFrom != "" {
			p.Note = templates.T(s.pages.Say(lang, "communes.was", row.ValidTo, change.OldName, change.OldDistrictName+", "+formerProvince(change.OldProvinceCode)))
			continue
		}
		p.Concept.Into = append(p.Concept.Into, row.Into...)
	}
	if p.Name.Words == "" {
		return nil, failure(fiber.StatusNotFound, "not-found")
	}
	return p, nil
}

// communeCodes are all codes that have a page, old and new.
func communeCodes(changes []codes.CommuneChange) []string {
	var out []string
	for _, c := range changes {
		out = append(out, c.OldCode, c.NewCode)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// communesFile is the list as it was loaded: its CSV can be loaded again.
func (s *server) communesFile(c *fiber.Ctx, syntax string) error {
	l, err := s.communeList(c)
	if err != nil {
		return err
	}
	switch syntax {
	case "json":
		at := s.Site.BaseURL + "/codes/" + communes
		return sendJSON(c, struct {
			List    listAnswer            `json:"list"`
			Version int                   `json:"version"`
			Entries []codes.CommuneChange `json:"entries"`
		}{listAnswer{Code: communes, URL: at, Name: s.inBoth("communes.title"), About: s.inBoth("communes.about"), Source: map[string]string{"vi": l.Source},
			Date: l.Stated, Entries: l.Lines, JSON: at + ".json", CSV: at + ".csv"}, l.Version, l.Changes})
	case "csv":
		out, err := gocsv.MarshalBytes(l.Changes)
		if err != nil {
			return err
		}
		c.Set(fiber.HeaderContentDisposition, disposition(communes+".csv"))
		return sendDocument(c, "text/csv; charset=utf-8; header=present", l.Loaded, out)
	}
	return failure(fiber.StatusNotFound, "not-found")
}

// inBoth is a sentence in every language.
func (s *server) inBoth(key string) map[string]string {
	out := map[string]string{}
	for _, lang := range templates.Languages {
		out[lang] = s.pages.Say(lang, key)
	}
	return out
}
