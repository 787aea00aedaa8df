package api

import (
	"errors"
	"strconv"

	"github.com/gofiber/fiber/v2"

	"daylight/catalog"
	"daylight/templates"
)

func (s *server) agencies(c *fiber.Ctx) (any, error) {
	lang := language(c)
	list, err := s.Catalog.Agencies(c.UserContext())
	if err != nil {
		return nil, err
	}
	p := templates.AgenciesPage{Site: s.site(c, templates.NavAgencies)}
	for i := range list {
		l := agencyLink(&list[i].Agency, lang)
		p.Agencies = append(p.Agencies, templates.AgencyCard{URL: l.URL, Name: l.Text,
			Description: text(list[i].Description, lang), Datasets: list[i].Datasets, Last: list[i].Last})
	}
	return p, nil
}

func (s *server) agency(c *fiber.Ctx) (any, error) {
	ctx, lang := c.UserContext(), language(c)
	slug := c.Params("slug")
	if !name.MatchString(slug) {
		return nil, failure(fiber.StatusNotFound, "not-found")
	}
	a, err := s.Catalog.Agency(ctx, slug)
	if err != nil {
		return nil, err
	}
	if moved(c, &catalog.Dataset{Slug: a.Slug}) {
		return nil, nil
	}
	n := 1
	if v := c.Query("page"); v != "" {
		if n, err = strconv.Atoi(v); err != nil || n < 1 || n > maxFrom/pageSize {
			return nil, badParameter("page")
		}
	}
	p := templates.AgencyPage{Site: s.site(c, templates.NavAgencies), Name: text(a.Name, lang), Description: text(a.Description, lang),
		Contact: contactView(a, lang), Homepage: a.Homepage, SearchURL: link(lang, "/datasets") + "?org=" + a.Slug,
		Feed:        "/feeds/organization/" + a.Slug + ".atom" + feedQuery(lang),
		WithheldURL: link(lang, "/withheld") + "?org=" + a.Slug}
	if n > 1 {
		p.Site.Query = "page=" + strconv.Itoa(n)
	}
	found, err := s.Index.Find(ctx, catalog.Query{Agency: a.Slug, Sort: catalog.SortUpdated, From: (n - 1) * pageSize, Size: pageSize, Lang: lang})
	if err != nil {
		return nil, searchFailure(err)
	}
	for _, hit := range found.Hits {
		d, err := s.Catalog.Dataset(ctx, string(hit.Dataset))
		if errors.Is(err, catalog.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		p.Datasets = append(p.Datasets, s.card(d, a, lang))
	}
	for _, f := range found.Facets {
		if f.Name != "theme" {
			continue
		}
		for _, v := range f.Values {
			l := themeByCode(v.Value, lang)
			p.Themes = append(p.Themes, templates.Count{Label: l.Text, URL: p.SearchURL + "&theme=" + v.Value, N: v.N})
		}
	}
	list, err := s.Catalog.Agencies(ctx)
	if err != nil {
		return nil, err
	}
	for _, one := range list {
		if one.ID == a.ID {
			p.Rows, p.Last, p.Withheld = one.Rows, one.Last, one.Withheld
			p.Total = one.Datasets
		}
	}
	if p.Waiting, err = s.waiting(c, a.ID); err != nil {
		return nil, err
	}
	p.Pages = pager(n, (found.Total+pageSize-1)/pageSize, func(n int) string {
		return link(lang, "/organizations/"+a.Slug) + "?page=" + strconv.Itoa(n)
	})
	return p, nil
}
