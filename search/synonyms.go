package search

import (
	"slices"
	"sync"

	"daylight/catalog/codes"
)

// synonyms are the groups of words that mean the same (codes.Terms), cut by
// the same words as texts are, by the first word of each.
type synonyms struct {
	groups  [][]string
	phrases map[string][]phrase // by folded first word
}

type phrase struct {
	words []word
	group int
	index int // in the group
}

var groupsOfWords = sync.OnceValue(func() *synonyms { return newSynonyms(codes.Terms()) })

func newSynonyms(groups [][]string) *synonyms {
	s := &synonyms{groups: groups, phrases: map[string][]phrase{}}
	for g, group := range groups {
		for i, text := range group {
			if ws := words(text); len(ws) > 0 {
				s.phrases[ws[0].folded] = append(s.phrases[ws[0].folded], phrase{ws, g, i})
			}
		}
	}
	return s
}

// of gives the other words for what a text names: "Ủy ban nhân dân" where it
// says UBND. A phrase counts as it is written, or where the text has no marks.
func (s *synonyms) of(texts []string) []string {
	named := map[[2]int]bool{} // group and phrase
	for _, text := range texts {
		ws := words(text)
		for at := range ws {
			for _, p := range s.phrases[ws[at].folded] {
				if p.stands(ws[at:]) {
					named[[2]int{p.group, p.index}] = true
				}
			}
		}
	}
	var out []string
	for key := range named {
		for i, other := range s.groups[key[0]] {
			if !named[[2]int{key[0], i}] {
				out = append(out, other)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (p phrase) stands(ws []word) bool {
	if len(ws) < len(p.words) {
		return false
	}
	for i, w := range p.words {
		if ws[i].exact != w.exact && (ws[i].marked() || ws[i].folded != w.folded) {
			return false
		}
	}
	return true
}

// placeNames are the words by which people look for a place besides its label:
// for a province of today also the provinces it was made of.
func placeNames(iri string) []string {
	if p, ok := codes.Provinces.ByIRI(iri); ok {
		return p.KnownAs()
	}
	return nil
}

// otherWords are all that a dataset is found by and does not say itself.
func otherWords(d *doc, places []string) []string {
	var texts, out []string
	for _, s := range sources {
		texts = append(texts, d.text[s.name]...)
	}
	for _, iri := range places {
		out = append(out, placeNames(iri)...)
	}
	out = append(out, groupsOfWords().of(texts)...)
	slices.Sort(out)
	return slices.Compact(out)
}
