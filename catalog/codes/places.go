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
	FormerProvinces = load("provinces_before_2025.csv", func(p *FormerProvince) {
		p.set(ProvinceScheme+"/2025-06-30", ProvinceScheme+"/2025-06-30/"+p.Code)
	})
)

// A Place is a part of the world that has an IRI.
type Place struct {
	Concept
	Kind string `csv:"kind"` // country, continent or world
}

// A Province is a province or a centrally governed city of Viet Nam.
type Province struct {
	Concept
	Kind   string `csv:"kind"`   // province or city
	Merged string `csv:"merged"` // codes in FormerProvinces, separated by spaces; first the one whose name it bears
}

// A FormerProvince is one that stood until 30 June 2025.
type FormerProvince struct {
	Concept
	Kind string `csv:"kind"` // province or city
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
