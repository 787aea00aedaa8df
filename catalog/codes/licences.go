package codes

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Licences are the terms under which data may be used again. The IRI of each is
// the licence's own address; those of no document of their own are explained by
// the portal.
var Licences = load("licences.csv", func(l *Licence) {
	if _, ok := LicenceTypes.Get(l.Type); !ok {
		panic("code list licences.csv: " + l.Code + " has an unknown type")
	}
})

// DefaultLicence is the licence of the portal's own metadata, and of datasets
// whose agency names no other.
const DefaultLicence = "CC-BY-4.0"

// A Licence says under which terms data may be used again.
type Licence struct {
	Concept
	Type    string `csv:"type"`    // code in LicenceTypes
	Aliases string `csv:"aliases"` // other spellings, lower case, separated by |
	NoteVI  string `csv:"note_vi"` // what it means, where it has no document of its own
	NoteEN  string `csv:"note_en"`
}

func (l Licence) entry() Entry {
	e := l.Concept.entry()
	t, _ := LicenceTypes.Get(l.Type)
	e.DetailVI, e.DetailEN = t.VI, t.EN
	e.NoteVI, e.NoteEN = l.NoteVI, l.NoteEN
	return e
}

var inBrackets = regexp.MustCompile(`\([^)]*\)`)

// LicenceNamed finds the licence that a line of free text names, as in an
// inventory of another portal: "ODC-PDDL-1.0 packaging; World Bank CC-BY-4.0".
// Remarks in brackets do not count. Where several are named the one that asks
// for most wins: promising less freedom than there is harms nobody.
// It guesses; a person confirms.
func LicenceNamed(words string) (Licence, bool) {
	words = strings.ToLower(inBrackets.ReplaceAllString(words, " "))
	var best Licence
	found := 0 // length of the name that was found
	for l := range Licences.All() {
		for _, name := range append(strings.Split(l.Aliases, "|"), strings.ToLower(l.Code)) {
			if !holdsWord(words, name) {
				continue
			}
			was, is := weight(best), weight(l)
			// "us public domain" holds "public domain" too: among equals the longer name.
			if is > was || is == was && len(name) > found {
				best, found = l, len(name)
			}
		}
	}
	return best, found > 0
}

func weight(l Licence) int {
	t, _ := LicenceTypes.Get(l.Type)
	return t.Weight
}

// holdsWord says whether name stands in s and not inside a longer word.
func holdsWord(s, name string) bool {
	if name == "" {
		return false
	}
	for from := 0; ; {
		i := strings.Index(s[from:], name)
		if i < 0 {
			return false
		}
		i += from
		before, _ := utf8.DecodeLastRuneInString(s[:i])
		after, _ := utf8.DecodeRuneInString(s[i+len(name):])
		// "-" binds: "cc-by" is not a word of "cc-by-sa-4.0".
		if !inWord(before) && !inWord(after) {
			return true
		}
		from = i + len(name)
	}
}

func inWord(r rune) bool {
	return r != utf8.RuneError && (r == '-' || unicode.IsLetter(r) || unicode.IsDigit(r))
}
