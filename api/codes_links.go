package api

import (
	"daylight/catalog"
	"daylight/catalog/codes"
	"daylight/templates"
)

// conceptAddress is the page of the concept with this IRI in one of our lists.
func conceptAddress(list, iri string) (string, bool) {
	l, ok := codes.Lists.Get(list)
	if !ok {
		return "", false
	}
	for _, e := range l.Entries() {
		if e.IRI == iri {
			return conceptPath(list, e.Code), true
		}
	}
	return "", false
}

// lifeEvents are those that have datasets, in the order of their list.
func lifeEvents(found catalog.Page, lang string) []templates.Event {
	n := map[string]int{}
	for _, f := range found.Facets {
		if f.Name == "life_event" {
			for _, v := range f.Values {
				n[v.Value] = v.N
			}
		}
	}
	var out []templates.Event
	for e := range codes.LifeEvents.All() {
		if n[e.Code] > 0 {
			out = append(out, templates.Event{N: n[e.Code], About: templates.T(e.About(lang)),
				Link: templates.Link{Text: templates.T(e.Label(lang)), URL: link(lang, "/datasets") + "?life_event=" + e.Code}})
		}
	}
	return out
}
