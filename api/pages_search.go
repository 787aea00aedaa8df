package api

import (
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"daylight/catalog"
	"daylight/catalog/codes"
	"daylight/templates"
)

const (
	pageSize = 20
	maxFrom  = 10_000 // deeper pages cost too much; filters lead there
)

// facetParameters are the facets that pages show, by the name of their
// parameter in the address; the index calls two of them otherwise.
var facetParameters = []string{"org", "theme", "life_event", "format", "frequency", "licence", "place", "year"}

var facetNames = map[string]string{"org": "agency"}

// query reads a search from the address. Values that no search can have are
// refused by name, never echoed.
func (s *server) query(c *fiber.Ctx) (catalog.Query, int, error) {
	q := catalog.Query{
		Words: c.Query("q"), Agency: c.Query("org"), Theme: c.Query("theme"), Format: c.Query("format"),
		Place: c.Query("place"), LifeEvent: c.Query("life_event"), Licence: c.Query("licence"), Frequency: c.Query("frequency"), Year: c.Query("year"),
		Sort: c.Query("sort"), Size: pageSize, Lang: language(c),
	}
	if q.Sort != "" && !slices.Contains(catalog.Sorts, q.Sort) {
		return q, 0, badParameter("sort", catalog.Sorts...)
	}
	n := 1
	if v := c.Query("page"); v != "" {
		var err error
		if n, err = strconv.Atoi(v); err != nil || n < 1 || n > maxFrom {
			return q, 0, badParameter("page")
		}
	}
	if v := c.Query("size"); v != "" {
		size, err := strconv.Atoi(v)
		if err != nil || size < 1 || size > 100 {
			return q, 0, badParameter("size")
		}
		q.Size = size
	}
	q.From = (n - 1) * q.Size
	return q, n, nil
}

func badParameter(name string, allowed ...string) *Failure {
	f := failure(fiber.StatusBadRequest, "bad-parameter")
	f.Fields = []FieldError{{Parameter: name, Message: "not a value that this parameter takes", Allowed: allowed}}
	return f
}

func (s *server) searchPage(c *fiber.Ctx) (any, error) {
	lang := language(c)
	q, n, err := s.query(c)
	if err != nil {
		return nil, err
	}
	p := templates.SearchPage{Site: s.site(c, templates.NavDatasets), Q: q.Words, Sort: q.Sort, Sorts: catalog.Sorts}
	p.Site.Query = canonicalQuery(c)
	if q.From+q.Size > maxFrom {
		p.TooDeep, q.From, n = true, 0, 1
	}
	if p.Sort == "" {
		p.Sort = catalog.SortUpdated
		if q.Words != "" {
			p.Sort = catalog.SortRelevance
		}
	}
	found, err := s.Index.Find(c.UserContext(), q)
	if err != nil {
		return nil, searchFailure(err)
	}
	agencies, err := s.agencyMap(c)
	if err != nil {
		return nil, err
	}
	p.Total, p.Took, p.Rebuilding = found.Total, found.Took, found.Stale
	for _, hit := range found.Hits {
		d, err := s.Catalog.Dataset(c.UserContext(), string(hit.Dataset))
		if errors.Is(err, catalog.ErrNotFound) {
			continue // withdrawn since it was found
		}
		if err != nil {
			return nil, err
		}
		card := s.card(d, agencies[d.Agency], lang)
		card.TitleMarks = marks(hit.Fragments["title"])
		card.SummaryMarks = marks(hit.Fragments["description"])
		card.Columns = marks(hit.Fragments["columns"])
		p.Results = append(p.Results, card)
	}
	if len(p.Results) > 0 {
		p.First, p.Last = q.From+1, q.From+len(p.Results)
	}
	base := link(lang, "/datasets")
	for _, name := range facetParameters {
		chosen := c.Query(name)
		if place, ok := codes.PlaceNamed(chosen); ok && name == "place" {
			chosen = place.IRI // as the index has it
		}
		facet := s.facet(found, name, chosen, agencies, lang)
		if len(facet.Values) > 0 {
			p.Facets = append(p.Facets, facet)
		}
		if v := c.Query(name); v != "" {
			p.Chips = append(p.Chips, templates.Chip{Facet: name, Label: facetLabel(name, v, agencies, lang), URL: base + without(c, name, "page")})
		}
	}
	p.ClearURL = base
	if q.Words != "" {
		p.ClearURL += "?q=" + escapeQuery(q.Words)
	}
	p.Pages = pager(n, (found.Total+q.Size-1)/q.Size, func(n int) string { return base + with(c, "page", strconv.Itoa(n)) })
	p.JSONURL = "/api/v1/search" + without(c)
	p.Feed = searchFeedPath(c, lang)
	return p, nil
}

func marks(in []catalog.Mark) []templates.Mark {
	var out []templates.Mark
	for _, m := range in {
		out = append(out, templates.Mark{Text: m.Text, Hit: m.Hit})
	}
	return out
}

func (s *server) facet(found catalog.Page, name, chosen string, agencies map[catalog.AgencyID]*catalog.Agency, lang string) templates.Facet {
	out := templates.Facet{Name: name}
	index := name
	if other, ok := facetNames[name]; ok {
		index = other
	}
	for _, f := range found.Facets {
		if f.Name != index {
			continue
		}
		for _, v := range f.Values {
			out.Values = append(out.Values, templates.FacetValue{Value: v.Value, N: v.N, Chosen: v.Value == chosen, Label: facetLabel(name, v.Value, agencies, lang)})
		}
	}
	return out
}

// facetLabel is what people read for a value of a facet. A value that no list
// knows is shown only when the index itself gave it.
func facetLabel(name, value string, agencies map[catalog.AgencyID]*catalog.Agency, lang string) templates.Text {
	switch name {
	case "org":
		if a, ok := agencyBySlug(agencies, value); ok {
			return text(a.Name, lang)
		}
	case "theme":
		if t, ok := codes.Themes.Get(value); ok {
			return templates.T(t.Label(lang))
		}
	case "frequency":
		if f, ok := codes.Frequencies.Get(value); ok {
			return templates.T(f.Label(lang))
		}
	case "licence":
		if l, ok := codes.Licences.Get(value); ok {
			return templates.T(l.Label(lang))
		}
	case "life_event":
		if e, ok := codes.LifeEvents.Get(value); ok {
			return templates.T(e.Label(lang))
		}
	case "place":
		if p, ok := codes.PlaceNamed(value); ok {
			return templates.T(p.Label(lang))
		}
	case "format":
		return templates.T(formatName(value))
	}
	return templates.T(value)
}

// with is the query of this search with one parameter changed.
func with(c *fiber.Ctx, name, value string) string {
	v := searchValues(c)
	v.Set(name, value)
	if name == "page" && value == "1" {
		v.Del(name)
	}
	return encode(v)
}

// without is the query of this search without some parameters.
func without(c *fiber.Ctx, names ...string) string {
	v := searchValues(c)
	for _, n := range names {
		v.Del(n)
	}
	return encode(v)
}

func canonicalQuery(c *fiber.Ctx) string { return strings.TrimPrefix(without(c), "?") }

// searchValues are the parameters that a search knows, and no others: what the
// address holds besides is not carried on.
func searchValues(c *fiber.Ctx) url.Values {
	v := url.Values{}
	for _, name := range searchParameters {
		if value := c.Query(name); value != "" && name != "lang" {
			v.Set(name, value)
		}
	}
	return v
}

func encode(v url.Values) string {
	if len(v) == 0 {
		return ""
	}
	return "?" + v.Encode()
}

// pager shows the first, the last and those around the current page.
func pager(now, last int, address func(int) string) templates.Pager {
	var p templates.Pager
	if last < 2 {
		return p
	}
	if now > 1 {
		p.Prev = address(now - 1)
	}
	if now < last {
		p.Next = address(now + 1)
	}
	before := 0
	for n := 1; n <= last; n++ {
		if n != 1 && n != last && (n < now-2 || n > now+2) {
			continue
		}
		if n > before+1 {
			p.Items = append(p.Items, templates.PageLink{})
		}
		p.Items = append(p.Items, templates.PageLink{N: n, URL: address(n), Current: n == now})
		before = n
	}
	return p
}

func searchFailure(err error) error {
	var f *Failure
	if errors.As(err, &f) {
		return f
	}
	if errors.Is(err, catalog.ErrQuery) {
		return failure(fiber.StatusBadRequest, "bad-query")
	}
	return err
}
