package privacy

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// labelTokens folds a column's name into whole words: đ to d, marks stripped,
// camel and snake case split, digits apart. Hints are matched by whole tokens,
// never by substring: "lic" lies in "public".
func labelTokens(label string) []string {
	var out []string
	var cur []rune
	flush := func() {
		if len(cur) > 0 {
			out = append(out, strings.ToLower(string(cur)))
			cur = cur[:0]
		}
	}
	rs := []rune(norm.NFD.String(label))
	var prev rune
	plain := rs[:0]
	for _, r := range rs {
		if !unicode.Is(unicode.Mn, r) {
			switch r {
			case 'đ':
				r = 'd'
			case 'Đ':
				r = 'D'
			}
			plain = append(plain, r)
		}
	}
	for i, r := range plain {
		switch {
		case unicode.IsLetter(r):
			camel := unicode.IsUpper(r) && (unicode.IsLower(prev) ||
				unicode.IsUpper(prev) && i+1 < len(plain) && unicode.IsLower(plain[i+1]) && len(cur) > 1)
			if camel || unicode.IsDigit(prev) {
				flush()
			}
			cur = append(cur, r)
		case unicode.IsDigit(r):
			if !unicode.IsDigit(prev) {
				flush()
			}
			cur = append(cur, r)
		default:
			flush()
		}
		prev = r
	}
	flush()
	return out
}

// A hintWords is a list of hints, each split into its words.
type hintWords [][]string

func hintList(hints ...string) hintWords {
	var out hintWords
	for _, h := range hints {
		out = append(out, strings.Fields(h))
	}
	return out
}

// in says whether one of the hints stands in the label, word by word.
func (h hintWords) in(label []string) bool {
	for _, words := range h {
		for i := 0; i+len(words) <= len(label); i++ {
			k := 0
			for k < len(words) && label[i+k] == words[k] {
				k++
			}
			if k == len(words) {
				return true
			}
		}
	}
	return false
}

var kindHints = func() []hintWords {
	out := make([]hintWords, len(Detectors))
	for i, d := range Detectors {
		out[i] = hintList(d.Hints...)
	}
	return out
}()

// hinted gives the kinds that a column's name speaks of.
func hinted(label []string) (set kindSet) {
	for i, h := range kindHints {
		if h.in(label) {
			set = set.with(i)
		}
	}
	return set
}
