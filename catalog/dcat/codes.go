package dcat

import (
	"daylight/catalog/codes"
)

// CodeList describes one code list: the scheme and its concepts, and what a
// former concept was replaced by.
func CodeList(site Site, l codes.Listing) *Graph {
	b := newBuilder(site)
	entries := l.Entries()
	if len(entries) > 0 && entries[0].Scheme != "" {
		b.once(b.address(entries[0].Scheme), func(s Term) {
			b.g.add(s, rdfType, aScheme)
			b.g.add(s, dctTitle, words(l.VI, "vi"), words(l.EN, "en"))
			b.g.add(s, dctDescription, words(l.AboutVI, "vi"), words(l.AboutEN, "en"))
		})
	}
	for _, e := range entries {
		b.once(b.address(e.IRI), func(s Term) {
			b.g.add(s, rdfType, aConcept)
			b.g.add(s, dctIdentifier, text(e.Code))
			b.g.add(s, skosPrefLabel, words(e.VI, "vi"), words(e.EN, "en"))
			if e.Scheme != "" {
				b.g.add(s, skosInScheme, b.at(e.Scheme))
			}
			for _, code := range e.From {
				if f, ok := conceptIn(l.Earlier(), code); ok {
					b.g.add(s, dctReplaces, b.at(f.IRI))
				}
			}
			if n, ok := conceptIn(l.Later(), e.Into); ok {
				b.g.add(s, dctIsReplacedBy, b.at(n.IRI))
			}
		})
	}
	return b.graph()
}

func conceptIn(list, code string) (codes.Entry, bool) {
	l, ok := codes.Lists.Get(list)
	if !ok {
		return codes.Entry{}, false
	}
	return l.Entry(code)
}
