package search

import (
	"context"
	"slices"
	"strings"
	"unicode/utf8"

	"daylight/catalog"
)

// scan answers from the catalogue alone, while there is no index that can be
// trusted. It finds what the index would find with effortBegin at most, slower
// and in a plainer order.
func (x *Index) scan(ctx context.Context, q catalog.Query, ws []word, nothing bool) (catalog.Page, error) {
	var found []match
	if !nothing {
		r := newReader(x.catalogue)
		for d, err := range x.catalogue.All(ctx) {
			if err != nil {
				return catalog.Page{}, err
			}
			doc, err := r.doc(ctx, d)
			if err != nil {
				return catalog.Page{}, err
			}
			if m, ok := look(doc, ws); ok {
				found = append(found, m)
			}
		}
	}
	return x.page(ctx, q, found, marker(ws, effortBegin))
}

// look says whether every word stands in the document, the last also as a
// beginning, and how much that weighs.
func look(d *doc, ws []word) (match, bool) {
	row := d.row
	m := match{row: &row, exact: slices.ContainsFunc(ws, word.marked)}
	for i, w := range ws {
		last := i == len(ws)-1 && utf8.RuneCountInString(w.folded) >= prefixFrom
		weight, just := 0.0, !w.marked()
		for _, s := range sources {
			for _, text := range d.text[s.name] {
				for _, t := range words(text) {
					switch {
					case t.folded == w.folded:
						weight += s.boost
					case last && strings.HasPrefix(t.folded, w.folded):
						weight += s.boost / 4
					default:
						continue
					}
					if t.exact == w.exact || last && strings.HasPrefix(t.exact, w.exact) {
						weight += s.boost
						just = true
					}
				}
			}
			for _, text := range d.english[s.name] {
				for _, t := range words(text) {
					if st := stem(w.folded); st != "" && st == stem(t.exact) {
						weight += s.boost / 2
					}
				}
			}
		}
		if weight == 0 {
			return match{}, false
		}
		m.score += weight
		m.exact = m.exact && just
	}
	return m, true
}
