package codes

import (
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"
)

// Every line of synonyms.csv is about a place there is, or means something;
// no name is written as another province's.
func TestSynonyms(t *testing.T) {
	owner := map[string]string{}
	for p := range Provinces.All() {
		for _, f := range p.From() {
			for _, name := range f.Spellings() {
				owner[Fold(name)] = p.Code
			}
		}
	}
	for p := range Provinces.All() {
		for _, name := range p.Spellings() {
			if other, ok := owner[Fold(name)]; ok && other != p.Code {
				t.Errorf("%q is a name of %s and of %s", name, p.Code, other)
			}
			owner[Fold(name)] = p.Code
		}
	}
	for i, s := range synonyms {
		if !norm.NFC.IsNormalString(s.Words) {
			t.Errorf("line %d is not NFC", i+2)
		}
		for _, w := range s.words() {
			if Fold(w) == "" || w != strings.TrimSpace(w) {
				t.Errorf("line %d has an empty word", i+2)
			}
		}
		switch l, listed := Lists.Get(s.List); {
		case s.Kind == SynonymTerm:
			if s.List != "" || s.Code != "" || len(s.words()) < 2 {
				t.Errorf("line %d: a term stands for no place, and for another word", i+2)
			}
		case s.Kind != SynonymName && s.Kind != SynonymPart:
			t.Errorf("line %d: %q is no kind", i+2, s.Kind)
		default:
			if _, ok := l.Entry(s.Code); !listed || !ok {
				t.Errorf("line %d: there is no %s in %s", i+2, s.Code, s.List)
			}
		}
	}
	hcm, _ := Provinces.Get("79")
	for _, want := range []string{"Bình Dương", "Binh Duong", "TP.HCM", "Thủ Đức", "79", "74", "Thành phố Hồ Chí Minh", "Bà Rịa - Vũng Tàu"} {
		if !slices.Contains(hcm.KnownAs(), want) {
			t.Errorf("Hồ Chí Minh is not known as %q", want)
		}
	}
}
