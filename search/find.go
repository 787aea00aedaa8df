package search

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"daylight/catalog"
	"daylight/catalog/codes"
)

// ErrTooDeep: a page beyond MaxDepth was asked for.
var ErrTooDeep = fmt.Errorf("%w: no page goes beyond 10,000 hits; narrow the search", catalog.ErrQuery)

const (
	// MaxDepth bounds From+Size of a query.
	MaxDepth = 10_000
	// MaxSize is the most hits of one page; more are not given.
	MaxSize     = 1_000
	defaultSize = 20
)

// Find answers q. Facets count everything that was found, not the page. While
// the index is not in step with the catalogue the answer is Stale.
func (x *Index) Find(ctx context.Context, q catalog.Query) (catalog.Page, error) {
	start := time.Now()
	if q.Size <= 0 {
		q.Size = defaultSize
	}
	q.Size = min(q.Size, MaxSize)
	if q.From < 0 || q.From > MaxDepth-q.Size {
		return catalog.Page{}, ErrTooDeep
	}
	ws := terms(q.Words)
	// punctuation alone is not a wish to see everything
	nothing := len(ws) == 0 && strings.TrimSpace(q.Words) != ""

	p, err := x.find(ctx, q, ws, nothing)
	if errors.Is(err, errDamaged) {
		x.doubt()
		p, err = catalog.Page{}, errNoIndex
	}
	if errors.Is(err, errNoIndex) {
		p, err = x.scan(ctx, q, ws, nothing)
		p.Stale = true
	}
	if err != nil {
		return catalog.Page{}, fmt.Errorf("search: %w", err)
	}
	p.Took = time.Since(start)
	return p, nil
}

var errNoIndex = errors.New("no index yet")

func (x *Index) find(ctx context.Context, q catalog.Query, ws []word, nothing bool) (catalog.Page, error) {
	s := x.acquire()
	if s == nil {
		return catalog.Page{}, errNoIndex
	}
	defer x.release(s)
	var found []match
	e := effortWords
	switch {
	case nothing:
	case len(ws) == 0:
		found = make([]match, 0, len(s.byID))
		for _, r := range s.rows {
			if r != nil {
				found = append(found, match{row: r})
			}
		}
	default:
		var err error
		if found, e, err = s.match(ctx, ws); err != nil {
			return catalog.Page{}, err
		}
	}
	p, err := x.page(ctx, q, found, marker(ws, e))
	p.Stale = x.behind.Load()
	return p, err
}

// page filters, counts, sorts, cuts and marks what the words found.
func (x *Index) page(ctx context.Context, q catalog.Query, found []match, m *marking) (catalog.Page, error) {
	found = filter(found, q)
	p := catalog.Page{Total: len(found), Facets: count(found)}
	slices.SortFunc(found, order(q))
	for _, f := range found[min(q.From, len(found)):min(q.From+q.Size, len(found))] {
		h := catalog.Hit{Dataset: f.id, Score: f.score}
		d, err := x.catalogue.Dataset(ctx, string(f.id))
		if errors.Is(err, catalog.ErrNotFound) {
			// gone since: the next change takes it out of the index
			p.Total--
			continue
		}
		if err != nil {
			return catalog.Page{}, err
		}
		h.Fragments = m.fragments(d, q.Lang, f.exact)
		p.Hits = append(p.Hits, h)
	}
	return p, nil
}

func filter(found []match, q catalog.Query) []match {
	place := q.Place
	if p, ok := codes.PlaceNamed(place); ok {
		place = p.IRI
	}
	wanted := [facetCount]string{
		facetAgency: q.Agency, facetTheme: q.Theme, facetFormat: q.Format, facetYear: q.Year,
		facetFrequency: q.Frequency, facetLicence: q.Licence, facetPlace: place,
		facetLifeEvent: q.LifeEvent,
	}
	return slices.DeleteFunc(found, func(m match) bool {
		for i, w := range wanted {
			if w != "" && !slices.Contains(m.facets[i], w) {
				return true
			}
		}
		return false
	})
}

// count is every facet with all its values, the most frequent first.
func count(found []match) []catalog.Facet {
	var out []catalog.Facet
	for i, name := range facetNames {
		n := map[string]int{}
		for _, m := range found {
			for _, v := range m.facets[i] {
				n[v]++
			}
		}
		f := catalog.Facet{Name: name}
		for v, n := range n {
			f.Values = append(f.Values, catalog.FacetValue{Value: v, N: n})
		}
		slices.SortFunc(f.Values, func(a, b catalog.FacetValue) int {
			return cmp.Or(cmp.Compare(b.N, a.N), cmp.Compare(a.Value, b.Value))
		})
		out = append(out, f)
	}
	return out
}

// order of hits; the newest first among equals, and the id last, so that pages
// never overlap.
func order(q catalog.Query) func(a, b match) int {
	newest := func(a, b match) int {
		return cmp.Or(cmp.Compare(b.modified, a.modified), cmp.Compare(a.id, b.id))
	}
	title := func(a, b match) int {
		for i, o := range titleOrders {
			if o.lang == q.Lang {
				return cmp.Compare(a.titles[i], b.titles[i])
			}
		}
		return cmp.Compare(a.titles[0], b.titles[0])
	}
	switch {
	case q.Sort == catalog.SortTitle:
		return func(a, b match) int { return cmp.Or(title(a, b), newest(a, b)) }
	case q.Sort == catalog.SortRows:
		return func(a, b match) int { return cmp.Or(cmp.Compare(b.rows, a.rows), newest(a, b)) }
	case q.Sort == catalog.SortUpdated || q.Words == "":
		return newest
	}
	return func(a, b match) int {
		if a.exact != b.exact {
			if a.exact {
				return -1
			}
			return 1
		}
		return cmp.Or(cmp.Compare(b.score, a.score), newest(a, b))
	}
}
