package codes

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gocarina/gocsv"
)

// A Synonym is one line of synonyms.csv: words by which people know a place, or
// words that mean the same.
type Synonym struct {
	List  string `csv:"list"` // address of the list of provinces, today's or the former; "": no place
	Code  string `csv:"code"` // in that list
	Kind  string `csv:"kind"`
	Words string `csv:"words"` // divided by |
}

// Kinds of synonyms.
const (
	SynonymName = "name" // another spelling of this very place
	SynonymPart = "part" // a place within it
	SynonymTerm = "term" // the words mean the same
)

var synonyms = func() []Synonym {
	f, err := tables.Open("synonyms.csv")
	if err != nil {
		panic(fmt.Sprintf("synonyms.csv: %v", err))
	}
	defer f.Close()
	var all []Synonym
	if err := gocsv.Unmarshal(f, &all); err != nil {
		panic(fmt.Sprintf("synonyms.csv: %v", err))
	}
	return all
}()

func (s Synonym) words() []string { return strings.Split(s.Words, "|") }

// Terms are groups of words that mean the same: "Ủy ban nhân dân", "UBND".
func Terms() [][]string {
	var out [][]string
	for _, s := range synonyms {
		if s.Kind == SynonymTerm {
			out = append(out, s.words())
		}
	}
	return out
}

// spellings are other ways to write the name of one place of a list of
// provinces; parts, of what lies in it.
func spellings(list, code, kind string) []string {
	var out []string
	for _, s := range synonyms {
		if s.List == list && s.Code == code && s.Kind == kind {
			out = append(out, s.words()...)
		}
	}
	return out
}

// Spellings are all ways in which the province's own name is written, the one
// of the list first.
func (p Province) Spellings() []string {
	return append([]string{p.VI, p.EN}, spellings(provinceList, p.Code, SynonymName)...)
}

// Spellings are all ways in which the former province's own name is written,
// the one of the list first.
func (p FormerProvince) Spellings() []string {
	out := []string{p.VI, p.EN}
	if p.FormerName != "" {
		out = append(out, p.FormerName)
	}
	return append(out, spellings(formerProvinceList, p.Code, SynonymName)...)
}

// AlsoCalled are other spellings of the province's name, and places within it
// by which people know it.
func (p Province) AlsoCalled() []string {
	return append(spellings(provinceList, p.Code, SynonymName), spellings(provinceList, p.Code, SynonymPart)...)
}

// KnownAs are the words by which people look for a province besides its name:
// with its kind, its code, other spellings, the former provinces it was made
// of, and places within it.
func (p Province) KnownAs() []string {
	kind := map[string]string{"city": "Thành phố ", "province": "Tỉnh "}[p.Kind]
	out := append([]string{kind + p.VI, p.Code}, p.Spellings()[2:]...)
	for _, f := range p.From() {
		if f.Code != p.Code || f.VI != p.VI {
			out = append(out, f.Code)
			out = append(out, f.Spellings()...)
		}
	}
	out = append(out, spellings(provinceList, p.Code, SynonymPart)...)
	slices.Sort(out)
	return slices.Compact(out)
}
