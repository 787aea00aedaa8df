package api

import (
	"net/url"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"daylight/catalog"
	"daylight/privacy"
	"daylight/templates"
)

// How many entries the lists of the home page have.
const (
	homeNew    = 6
	homeThemes = 13
	homeTries  = 4
)

func (s *server) home(c *fiber.Ctx) (any, error) {
	ctx, lang := c.UserContext(), language(c)
	p := templates.HomePage{Site: s.site(c, "")}
	counts, err := s.Catalog.Counts(ctx)
	if err != nil {
		return nil, err
	}
	p.Datasets, p.Rows, p.Agencies, p.Withheld = counts.Datasets, counts.Rows, counts.Agencies, counts.Withheld
	if p.Waiting, err = s.waiting(c, ""); err != nil {
		return nil, err
	}
	if p.Weeks, err = s.Catalog.Weeks(ctx, s.Now()); err != nil {
		return nil, err
	}
	recent, err := s.Catalog.Recent(ctx, homeNew)
	if err != nil {
		return nil, err
	}
	agencies, err := s.agencyMap(c)
	if err != nil {
		return nil, err
	}
	tried := map[string]bool{}
	for _, d := range recent {
		p.New = append(p.New, s.card(d, agencies[d.Agency], lang))
		for _, w := range d.Keywords[lang] {
			if !tried[w] && len(p.Tries) < homeTries {
				tried[w] = true
				p.Tries = append(p.Tries, templates.Link{Text: templates.T(w), URL: link(lang, "/datasets") + "?q=" + escapeQuery(w)})
				break
			}
		}
	}
	all, err := s.Index.Find(ctx, catalog.Query{Size: 1, Lang: lang})
	if err != nil {
		return nil, err
	}
	p.Events, p.EventsURL = lifeEvents(all, lang), link(lang, "/codes/life-events")
	for _, f := range all.Facets {
		for _, v := range f.Values {
			switch {
			case f.Name == "theme" && len(p.Themes) < homeThemes:
				l := themeByCode(v.Value, lang)
				p.Themes = append(p.Themes, templates.Count{Label: l.Text, URL: l.URL, N: v.N})
			case f.Name == "agency" && len(p.TopAgencies) < homeNew:
				if a, ok := agencyBySlug(agencies, v.Value); ok {
					l := agencyLink(a, lang)
					p.TopAgencies = append(p.TopAgencies, templates.Count{Label: l.Text, URL: l.URL, N: v.N})
				}
			}
		}
	}
	if len(recent) > 0 {
		p.SampleSlug = recent[0].Slug
		if len(recent[0].Release.Files) > 0 {
			p.SampleFile = recent[0].Release.Files[0].Name
		}
	}
	return p, nil
}

// waiting counts the files that wait for a decision; a process that only
// reads knows of none.
func (s *server) waiting(c *fiber.Ctx, agency catalog.AgencyID) (int, error) {
	if s.Intake == nil {
		return 0, nil
	}
	return s.Intake.Waiting(c.UserContext(), agency)
}

func (s *server) agencyMap(c *fiber.Ctx) (map[catalog.AgencyID]*catalog.Agency, error) {
	list, err := s.Catalog.Agencies(c.UserContext())
	if err != nil {
		return nil, err
	}
	out := make(map[catalog.AgencyID]*catalog.Agency, len(list))
	for i := range list {
		out[list[i].ID] = &list[i].Agency
	}
	return out, nil
}

func agencyBySlug(all map[catalog.AgencyID]*catalog.Agency, slug string) (*catalog.Agency, bool) {
	for _, a := range all {
		if a.Slug == slug {
			return a, true
		}
	}
	return nil, false
}

// card is a dataset in a list.
func (s *server) card(d *catalog.Dataset, a *catalog.Agency, lang string) templates.DatasetCard {
	card := templates.DatasetCard{
		URL: link(lang, "/datasets/"+d.Slug), Title: text(d.Title, lang), Summary: text(d.Description, lang),
		Theme: themeLink(d, lang), Place: placeText(d, lang), Period: period(d.From, d.To, lang),
		Rows: -1, Freshness: templates.FreshnessOf(d.Frequency, d.Modified, s.Now()),
	}
	if a != nil {
		card.Agency = agencyLink(a, lang)
	}
	if d.Withheld != nil {
		why := s.withholdingView(d.Withheld, d, a, lang)
		card.Held = &why
	}
	if r := d.Release; r != nil {
		card.Updated, card.Version, card.Note, card.Rows = r.Published, r.N, text(r.Note, lang), r.Rows
		seen := map[string]bool{}
		for _, f := range r.Files {
			if !seen[f.Format] {
				seen[f.Format] = true
				card.Formats = append(card.Formats, formatName(f.Format))
			}
		}
		card.LeftOut, card.Treated = privacyCounts(r.Privacy)
	}
	return card
}

// period is the span of days that data speak of, as people write it.
func period(from, to, lang string) string {
	day := func(s string) string {
		if t, err := time.Parse(time.DateOnly, s); err == nil {
			return templates.Date(lang, t)
		}
		return ""
	}
	a, b := day(from), day(to)
	switch {
	case a == b || b == "":
		return a
	case a == "":
		return b
	case strings.HasSuffix(from, "-01-01") && strings.HasSuffix(to, "-12-31"):
		if from[:4] == to[:4] {
			return from[:4]
		}
		return from[:4] + "–" + to[:4]
	}
	return a + " – " + b
}

func escapeQuery(s string) string { return url.QueryEscape(s) }

func privacyCounts(all []privacy.Statement) (leftOut, treated int) {
	for _, st := range all {
		v := privacyView([]privacy.Statement{st})
		for _, l := range v.LeftOut {
			leftOut += l.N
		}
		treated += len(v.Treated)
	}
	return leftOut, treated
}
