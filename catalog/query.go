package catalog

import "time"

// A Query is what someone searches for. The zero Query finds everything.
type Query struct {
	Words     string
	Agency    string // slug
	Theme     string // code in codes.Themes
	Format    string // name of a format: "csv"
	Place     string // IRI that codes.PlaceOf knows, or its code
	LifeEvent string // code in codes.LifeEvents
	Licence   string // code in codes.Licences
	Frequency string // code in codes.Frequencies
	Year      string // "2025": the data speak of it
	Sort      string // one of Sorts; "": SortRelevance with words, else SortUpdated
	From      int    // first hit, from 0
	Size      int    // 0: 20
	Lang      string // of the reader: "vi", "en"
}

// Orders of hits.
const (
	SortRelevance = "relevance"
	SortUpdated   = "updated"
	SortTitle     = "title"
	SortRows      = "rows"
)

// Sorts are all orders of hits.
var Sorts = []string{SortRelevance, SortUpdated, SortTitle, SortRows}

// A Page is one page of what was found.
type Page struct {
	Total  int
	Hits   []Hit
	Facets []Facet
	Took   time.Duration
	Stale  bool // the index is being made anew: datasets may be missing
}

// A Hit is one dataset that was found.
type Hit struct {
	Dataset   DatasetID
	Score     float64
	Fragments map[string][]Mark // by field: the words around what was found
}

// A Mark is a piece of a text; Hit when it is what was looked for.
type Mark struct {
	Text string
	Hit  bool
}

// A Facet counts what was found by one property.
type Facet struct {
	Name   string // as the field of Query, in small letters: "theme"
	Values []FacetValue
}

// A FacetValue is one value of a facet, and how many of the found have it.
type FacetValue struct {
	Value string
	N     int
}
