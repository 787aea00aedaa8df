package api

import (
	"errors"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"
	"golang.org/x/text/unicode/norm"

	"daylight/catalog"
	"daylight/catalog/codes"
	"daylight/templates"
)

// Feeds of what changed in public: standards.md section 8. Each has a page in
// Vietnamese, and with ?lang=en in English.

const feedSize = 50

// changesFeed is everything that happened, newest first. It is leafed through
// by the number of the change, so that news shift nothing out of sight.
func (s *server) changesFeed(c *fiber.Ctx) error {
	before := int64(math.MaxInt64)
	if v := c.Query("before"); v != "" {
		var err error
		if before, err = strconv.ParseInt(v, 10, 64); err != nil || before < 1 {
			return badParameter("before")
		}
	}
	lang, err := feedLanguage(c)
	if err != nil {
		return err
	}
	f := s.feed("/feeds/dataset.atom", lang, s.pages.Say(lang, "feed.changes", s.Site.Title.In(lang)), "/datasets")
	list, err := s.Catalog.Latest(c.UserContext(), before, feedSize+1)
	if err != nil {
		return err
	}
	if len(list) > 0 {
		f.Updated = list[0].At
	}
	if len(list) > feedSize {
		list = list[:feedSize]
		f.Next = f.page("before", strconv.FormatInt(list[feedSize-1].ID, 10))
	}
	if before != math.MaxInt64 {
		f.Self = f.page("before", c.Query("before"))
	}
	agencies, err := s.agencyMap(c)
	if err != nil {
		return err
	}
	told := map[string]bool{}
	for _, ch := range list {
		d, err := s.Catalog.Dataset(c.UserContext(), string(ch.Dataset))
		if errors.Is(err, catalog.ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		e := s.entry(d, agencies[d.Agency], lang)
		about := d.Release != nil && (ch.Kind == catalog.ChangePublished || ch.Kind == catalog.ChangeWithdrawn || ch.Kind == catalog.ChangeRestored)
		if about {
			r := d.Release
			if r.N != ch.N {
				if r, err = s.Catalog.Release(c.UserContext(), d.ID, ch.N); err != nil {
					return err
				}
			}
			e = s.releaseEntry(d, r, agencies[d.Agency], lang)
		}
		if !about { // the same release may be spoken of again and again
			e.ID += "#" + ch.Kind + "-" + strconv.FormatInt(ch.ID, 10)
		}
		if told[e.ID] {
			continue // what was said of it before is not so any more
		}
		told[e.ID] = true
		e.Updated = ch.At
		f.Entries = append(f.Entries, e)
	}
	return sendFeed(c, f.feed)
}

// organizationFeed, groupFeed, tagFeed and customFeed are the datasets that a
// search finds, the one that changed last first.

func (s *server) organizationFeed(c *fiber.Ctx) error {
	slug := c.Params("org")
	if !name.MatchString(slug) {
		return failure(fiber.StatusNotFound, "not-found")
	}
	a, err := s.Catalog.Agency(c.UserContext(), slug)
	if err != nil {
		return err
	}
	return s.searchFeed(c, catalog.Query{Agency: a.Slug}, nil, func(lang string) feedPage {
		return s.feed("/feeds/organization/"+a.Slug+".atom", lang, s.pages.Say(lang, "feed.organization", s.Site.Title.In(lang), a.Name.In(lang)), "/organizations/"+a.Slug)
	})
}

func (s *server) groupFeed(c *fiber.Ctx) error {
	t, ok := codes.Themes.Get(c.Params("theme"))
	if !ok {
		return failure(fiber.StatusNotFound, "not-found")
	}
	return s.searchFeed(c, catalog.Query{Theme: t.Code}, nil, func(lang string) feedPage {
		return s.feed("/feeds/group/"+t.Code+".atom", lang, s.pages.Say(lang, "feed.group", s.Site.Title.In(lang), t.Label(lang)), "/datasets?theme="+t.Code)
	})
}

// tagFeed looks for the words and keeps what has them as a keyword: a page may
// hold fewer entries than others.
func (s *server) tagFeed(c *fiber.Ctx) error {
	tag, err := url.PathUnescape(c.Params("tag"))
	if tag = norm.NFC.String(strings.TrimSpace(tag)); err != nil || tag == "" || len(tag) > 200 {
		return failure(fiber.StatusNotFound, "not-found")
	}
	has := func(d *catalog.Dataset) bool {
		for _, words := range d.Keywords {
			if slices.ContainsFunc(words, func(w string) bool { return strings.EqualFold(w, tag) }) {
				return true
			}
		}
		return false
	}
	return s.searchFeed(c, catalog.Query{Words: tag}, has, func(lang string) feedPage {
		return s.feed("/feeds/tag/"+url.PathEscape(tag)+".atom", lang, s.pages.Say(lang, "feed.tag", s.Site.Title.In(lang), tag), "/datasets?q="+escapeQuery(tag))
	})
}

func (s *server) customFeed(c *fiber.Ctx) error {
	q, _, err := s.query(c)
	if err != nil {
		return err
	}
	return s.searchFeed(c, q, nil, func(lang string) feedPage {
		search := without(c, "page", "size", "sort")
		f := s.feed("/feeds/custom.atom"+search, lang, s.pages.Say(lang, "feed.custom", s.Site.Title.In(lang), strings.TrimSpace(q.Words)), "/datasets"+search)
		return f
	})
}

// searchFeedPath is the feed of the search that a page shows.
func searchFeedPath(c *fiber.Ctx, lang string) string {
	v := searchValues(c)
	v.Del("page")
	v.Del("size")
	v.Del("sort")
	if lang != templates.Languages[0] {
		v.Set("lang", lang)
	}
	return "/feeds/custom.atom" + encode(v)
}

func (s *server) searchFeed(c *fiber.Ctx, q catalog.Query, keep func(*catalog.Dataset) bool, head func(lang string) feedPage) error {
	lang, err := feedLanguage(c)
	if err != nil {
		return err
	}
	n, err := count(c, "page", 1, maxFrom/feedSize)
	if err != nil {
		return err
	}
	q.Lang, q.Sort, q.Size, q.From = lang, catalog.SortUpdated, feedSize, (n-1)*feedSize
	found, err := s.Index.Find(c.UserContext(), q)
	if err != nil {
		return searchFailure(err)
	}
	f := head(lang)
	if n > 1 {
		f.Self = f.page("page", strconv.Itoa(n))
	}
	if n*feedSize < found.Total && n < maxFrom/feedSize {
		f.Next = f.page("page", strconv.Itoa(n+1))
	}
	agencies, err := s.agencyMap(c)
	if err != nil {
		return err
	}
	for _, hit := range found.Hits {
		d, err := s.Catalog.Dataset(c.UserContext(), string(hit.Dataset))
		if errors.Is(err, catalog.ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		if keep != nil && !keep(d) {
			continue
		}
		e := s.entry(d, agencies[d.Agency], lang)
		if d.Release != nil {
			e = s.releaseEntry(d, d.Release, agencies[d.Agency], lang)
		}
		e.Updated = d.Modified
		f.Entries = append(f.Entries, e)
	}
	if len(f.Entries) > 0 {
		f.Updated = f.Entries[0].Updated
	}
	return sendFeed(c, f.feed)
}

// versionsFeed is the releases of one dataset.
func (s *server) versionsFeed(c *fiber.Ctx) error {
	d := datasetOf(c)
	if moved(c, d) {
		return nil
	}
	lang, err := feedLanguage(c)
	if err != nil {
		return err
	}
	n, err := count(c, "page", 1, math.MaxInt32)
	if err != nil {
		return err
	}
	all, err := s.Catalog.Releases(c.UserContext(), d.ID)
	if err != nil {
		return err
	}
	agency, err := s.Catalog.Agency(c.UserContext(), string(d.Agency))
	if err != nil {
		return err
	}
	f := s.feed("/datasets/"+d.Slug+"/versions.atom", lang, s.pages.Say(lang, "feed.versions", d.Title.In(lang)), "/datasets/"+d.Slug)
	f.ID = s.Site.BaseURL + "/dataset/" + string(d.ID) + "/versions"
	f.Updated = d.Modified
	if n > 1 {
		f.Self = f.page("page", strconv.Itoa(n))
	}
	from := min((n-1)*feedSize, len(all))
	to := min(from+feedSize, len(all))
	if to < len(all) {
		f.Next = f.page("page", strconv.Itoa(n+1))
	}
	counted, err := s.Catalog.RowChanges(c.UserContext(), d.ID)
	if err != nil {
		return err
	}
	for i := range all[from:to] {
		e := s.releaseEntry(d, &all[from+i], agency, lang)
		if n, ok := counted[all[from+i].N]; ok {
			added, removed, changed := n.Sum()
			e.Summary = join(e.Summary, s.pages.Say(lang, "versions.changes", added, removed, changed)+".")
		}
		f.Entries = append(f.Entries, e)
	}
	return sendFeed(c, f.feed)
}

// feedPage is a feed whose pages have addresses.
type feedPage struct {
	feed
	address string // of its first page
}

// feed begins a feed at a path of the portal; page is what people read instead.
func (s *server) feed(path, lang, title, page string) feedPage {
	f := feedPage{address: s.Site.BaseURL + path}
	f.Lang, f.Title, f.Author, f.Updated = lang, title, s.Site.Publisher.Name.In(lang), s.Site.Issued
	f.Alternate = s.Site.BaseURL + link(lang, page)
	if lang != templates.Languages[0] {
		f.address = f.page("lang", lang)
	}
	f.ID, f.Self = f.address, f.address
	return f
}

// page is the feed's address with one more parameter.
func (f feedPage) page(name, value string) string {
	between := "?"
	if strings.Contains(f.address, "?") {
		between = "&"
	}
	return f.address + between + name + "=" + value
}

// entry says of a dataset that something about it changed.
func (s *server) entry(d *catalog.Dataset, agency *catalog.Agency, lang string) feedEntry {
	title := text(d.Title, lang)
	e := feedEntry{ID: s.Site.BaseURL + "/dataset/" + string(d.ID), Title: title.Words, Lang: title.Lang, Published: d.Issued,
		URL: s.Site.BaseURL + link(lang, "/datasets/"+d.Slug), Summary: s.pages.Say(lang, "feed.changed")}
	switch {
	case d.Withheld != nil:
		e.Summary = join(s.pages.Say(lang, "feed.withheld"), d.Withheld.Reason.In(lang))
	case d.Release != nil && d.Release.Withdrawn != nil:
		e.Summary = join(s.pages.Say(lang, "feed.withdrawn"), d.Release.Withdrawn.Reason.In(lang))
	}
	if agency != nil {
		e.Author = agency.Name.In(lang)
	}
	return e
}

// releaseEntry says that a release was published, or that it was and is gone.
func (s *server) releaseEntry(d *catalog.Dataset, r *catalog.Release, agency *catalog.Agency, lang string) feedEntry {
	e := s.entry(d, agency, lang)
	e.ID += "/versions#v" + strconv.Itoa(r.N)
	e.Title = s.pages.Say(lang, "feed.entry", e.Title, r.N)
	e.URL += "/v/" + strconv.Itoa(r.N)
	e.Published, e.Updated = r.Published, r.Published
	switch {
	case r.Withdrawn != nil:
		e.Summary = join(s.pages.Say(lang, "feed.withdrawn"), r.Withdrawn.Reason.In(lang))
		e.Updated = later(r.Published, r.Withdrawn.At)
	case r.N == 1:
		e.Summary = join(s.pages.Say(lang, "feed.first"), r.Note.In(lang))
	default:
		e.Summary = join(s.pages.Say(lang, "feed.new"), r.Note.In(lang))
	}
	return e
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func join(a, b string) string { return strings.TrimSpace(a + " " + b) }

// feedLanguage is the language that was asked for; Vietnamese when none was.
func feedLanguage(c *fiber.Ctx) (string, error) {
	switch lang := c.Query("lang"); {
	case lang == "":
		return templates.Languages[0], nil
	case slices.Contains(templates.Languages, lang):
		return lang, nil
	}
	return "", badParameter("lang", templates.Languages...)
}
