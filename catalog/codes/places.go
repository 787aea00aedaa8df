package codes

import "strings"

var (
	// Places are countries, continents and the world.
	Places = load("places.csv", func(p *Place) {
		switch p.Kind {
		case "country":
			p.Scheme = CountryScheme
		case "continent":
			p.Scheme = ContinentScheme
		}
	})
	// Provinces are Viet Nam's 34 provinces and centrally governed cities since
	// 1 July 2025.
	Provinces = load("provinces.csv", func(p *Province) { under(ProvinceScheme)(&p.Concept) })
	// FormerProvinces are the 63 that stood until 30 June 2025. Their codes were
	// partly given out again: 44 was Quảng Bình and is Quảng Trị.
	FormerProvinces = load("former_provinces.csv", func(p *FormerProvince) { under(FormerProvinceScheme)(&p.Concept) })
)

// A Place is a part of the world that has an IRI.
type Place struct {
	Concept
	Kind string `csv:"kind"` // country, continent or world
}

func (p Place) entry() Entry { return p.Concept.entry().kind(p.Kind) }

// A Province is a province or a centrally governed city of Viet Nam.
type Province struct {
	Concept
	Kind      string `csv:"kind"`       // province or city
	Merged    string `csv:"merged"`     // codes in FormerProvinces, separated by spaces; first the one whose name it bears
	ValidFrom string `csv:"valid_from"` // first day of the code, ISO 8601
}

func (p Province) entry() Entry {
	e := p.Concept.entry().kind(p.Kind)
	e.ValidFrom, e.From = p.ValidFrom, strings.Fields(p.Merged)
	return e
}

// A FormerProvince is one that stood until 30 June 2025.
type FormerProvince struct {
	Concept
	Kind       string `csv:"kind"`        // province or city
	FormerName string `csv:"former_name"` // what it was called before ValidFrom; "": the same
	ValidFrom  string `csv:"valid_from"`  // first day under this name among the 63
	ValidTo    string `csv:"valid_to"`    // last day
}

func (p FormerProvince) entry() Entry {
	e := p.Concept.entry().kind(p.Kind)
	e.ValidFrom, e.ValidTo, e.Into = p.ValidFrom, p.ValidTo, p.Now().Code
	if p.FormerName != "" {
		e.NoteVI, e.NoteEN = "Trước đó là "+p.FormerName+".", "Before that: "+p.FormerName+"."
	}
	return e
}

// kind adds the kind of a place, in words. It is no table, for a table would
// not be there yet when lists are made of their entries.
func (e Entry) kind(kind string) Entry {
	switch kind {
	case "province":
		e.DetailVI, e.DetailEN = "tỉnh", "province"
	case "city":
		e.DetailVI, e.DetailEN = "thành phố trực thuộc trung ương", "centrally governed city"
	case "country":
		e.DetailVI, e.DetailEN = "nước", "country"
	case "continent":
		e.DetailVI, e.DetailEN = "châu lục", "continent"
	case "world":
		e.DetailVI, e.DetailEN = "thế giới", "world"
	}
	return e
}

// From gives the former provinces that this one was made of.
func (p Province) From() []FormerProvince {
	var out []FormerProvince
	for _, code := range strings.Fields(p.Merged) {
		if f, ok := FormerProvinces.Get(code); ok {
			out = append(out, f)
		}
	}
	return out
}

// Now is the province that this former one became part of.
func (p FormerProvince) Now() Province {
	for now := range Provinces.All() {
		for _, code := range strings.Fields(now.Merged) {
			if code == p.Code {
				return now
			}
		}
	}
	return Province{}
}

// PlaceOf finds what a dataset may name as its place: a country, a continent,
// the world or a province, by IRI ("/codes/administrative-units/01").
func PlaceOf(iri string) (Concept, bool) {
	if p, ok := Places.ByIRI(iri); ok {
		return p.Concept, true
	}
	p, ok := Provinces.ByIRI(iri)
	return p.Concept, ok
}

// PlaceNamed finds a place by its IRI or its code. A former province, by
// either, leads to the one it became part of.
func PlaceNamed(codeOrIRI string) (Concept, bool) {
	if c, ok := PlaceOf(codeOrIRI); ok {
		return c, true
	}
	if p, ok := Provinces.Get(codeOrIRI); ok {
		return p.Concept, true
	}
	if p, ok := Places.Get(codeOrIRI); ok {
		return p.Concept, true
	}
	for _, find := range []func(string) (FormerProvince, bool){FormerProvinces.Get, FormerProvinces.ByIRI} {
		if p, ok := find(codeOrIRI); ok {
			return p.Now().Concept, true
		}
	}
	return Concept{}, false
}
