// Package codes holds the code lists that metadata is written in: themes,
// frequencies, licences, languages, places, file types and the like, each with
// its IRI, the scheme it belongs to and its words in Vietnamese and English.
// The lists are small CSV files beside this one, embedded; SOURCES.md says
// where each comes from. It knows nothing of datasets or of RDF.
//
// An IRI or scheme that starts with "/" is the portal's own and stands under
// its public address.
package codes

import (
	"embed"
	"fmt"
	"iter"
	"slices"

	"github.com/gocarina/gocsv"
)

//go:embed *.csv
var tables embed.FS

// Where the European Union's authority tables and the ADMS lists live.
const (
	authority = "http://publications.europa.eu/resource/authority/"
	adms      = "http://purl.org/adms/"
)

// A Concept is one entry of a list.
type Concept struct {
	Code   string `csv:"code"`
	IRI    string `csv:"iri"`
	Scheme string `csv:"-"` // IRI of the list; "": in none that has an IRI
	VI     string `csv:"vi"`
	EN     string `csv:"en"`
}

// Label is the concept in the first of these languages that it has, else in
// Vietnamese.
func (c Concept) Label(langs ...string) string {
	for _, l := range langs {
		switch l {
		case "vi":
			return c.VI
		case "en":
			return c.EN
		}
	}
	return c.VI
}

func (c Concept) concept() Concept { return c }

func (c Concept) entry() Entry {
	return Entry{Code: c.Code, IRI: c.IRI, Scheme: c.Scheme, VI: c.VI, EN: c.EN}
}

// item is what a List holds: a Concept, or a struct around one that knows more.
type item interface {
	concept() Concept
	entry() Entry
}

// A List is one code list, in the order of its file. The zero List is empty.
type List[T item] struct {
	all    []T
	byCode map[string]int
	byIRI  map[string]int
}

// Len counts the entries.
func (l List[T]) Len() int { return len(l.all) }

// All gives every entry, in the order of the file.
func (l List[T]) All() iter.Seq[T] { return slices.Values(l.all) }

// Get finds an entry by its code, written exactly.
func (l List[T]) Get(code string) (T, bool) { return l.at(l.byCode, code) }

// ByIRI finds an entry by its IRI, written exactly.
func (l List[T]) ByIRI(iri string) (T, bool) { return l.at(l.byIRI, iri) }

// Has says whether the list knows the code.
func (l List[T]) Has(code string) bool {
	_, ok := l.byCode[code]
	return ok
}

// Codes gives every code, in the order of the file.
func (l List[T]) Codes() []string {
	out := make([]string, len(l.all))
	for i, e := range l.all {
		out[i] = e.concept().Code
	}
	return out
}

func (l List[T]) at(by map[string]int, key string) (T, bool) {
	i, ok := by[key]
	if !ok {
		var none T
		return none, false
	}
	return l.all[i], true
}

// load reads an embedded list; fill completes an entry. A list that cannot be
// read is a fault of the binary, found by every test that links it.
func load[T item](name string, fill func(*T)) List[T] {
	f, err := tables.Open(name)
	if err != nil {
		panic(fmt.Sprintf("code list %s: %v", name, err))
	}
	defer f.Close()
	l := List[T]{byCode: map[string]int{}, byIRI: map[string]int{}}
	if err := gocsv.Unmarshal(f, &l.all); err != nil {
		panic(fmt.Sprintf("code list %s: %v", name, err))
	}
	for i := range l.all {
		fill(&l.all[i])
		c := l.all[i].concept()
		if _, twice := l.byCode[c.Code]; twice || c.Code == "" {
			panic(fmt.Sprintf("code list %s: code %q is empty or comes twice", name, c.Code))
		}
		l.byCode[c.Code] = i
		l.byIRI[c.IRI] = i
	}
	return l
}

// under fills in the IRI of an entry that has none: scheme, slash, code.
func under(scheme string) func(*Concept) {
	return func(c *Concept) { c.set(scheme, scheme+"/"+c.Code) }
}

func (c *Concept) set(scheme, iri string) { c.Scheme, c.IRI = scheme, iri }
