package search

import (
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/blevesearch/go-porterstemmer"
	"golang.org/x/text/unicode/norm"
)

// word is one word of a text: a run of letters, marks and digits. Index, query
// and highlighting all cut texts here, so that they agree.
type word struct {
	from, to int    // bytes in the text
	exact    string // as written: NFC, small letters, one way to place tones
	folded   string // and without marks
	joined   bool   // only spaces stand between this word and the one before
}

// maxWord cuts what is no word: a pasted key or address.
const maxWord = 64 // runes

// words cuts a text. Invalid UTF-8 separates words.
func words(s string) []word {
	var out []word
	end := 0 // of the last word
	for at := 0; at < len(s); {
		r, size := utf8.DecodeRuneInString(s[at:])
		if !inWord(r) || unicode.IsMark(r) || r == utf8.RuneError {
			at += size
			continue
		}
		from, n := at, 0
		for at < len(s) && n < maxWord {
			r, size = utf8.DecodeRuneInString(s[at:])
			if !inWord(r) {
				break
			}
			at += size
			n++
		}
		exact := exactForm(s[from:at])
		out = append(out, word{from: from, to: at, exact: exact, folded: fold(exact),
			joined: len(out) > 0 && strings.TrimSpace(s[end:from]) == ""})
		end = at
	}
	return out
}

func inWord(r rune) bool {
	if r < utf8.RuneSelf {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
	}
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsNumber(r))
}

// exactForm is a word as written, whatever its case, its normal form and the
// place of its tone: hòa and hoà are one word.
func exactForm(s string) string {
	if isASCII(s) {
		return strings.ToLower(s)
	}
	s = strings.ToLower(s)
	if !norm.NFC.IsNormalString(s) {
		s = norm.NFC.String(s)
	}
	_, last := utf8.DecodeLastRuneInString(s)
	_, before := utf8.DecodeLastRuneInString(s[:len(s)-last])
	if at := len(s) - last - before; tones[s[at:]] != "" {
		return s[:at] + tones[s[at:]]
	}
	return s
}

// tones gives the newer place for a tone that stands on the first of two vowels
// at the end of a syllable.
var tones = map[string]string{
	"òa": "oà", "óa": "oá", "ỏa": "oả", "õa": "oã", "ọa": "oạ",
	"òe": "oè", "óe": "oé", "ỏe": "oẻ", "õe": "oẽ", "ọe": "oẹ",
	"ùy": "uỳ", "úy": "uý", "ủy": "uỷ", "ũy": "uỹ", "ụy": "uỵ",
}

// fold takes the marks away: "Đường" and "duong" are the same then.
func fold(s string) string {
	if isASCII(s) {
		return strings.ToLower(s)
	}
	var b strings.Builder
	for _, r := range s {
		if r >= tableEnd {
			return foldAny(s)
		}
		if f := table()[r]; f != 0 {
			b.WriteRune(f)
		}
	}
	return b.String()
}

// table gives the letter without its marks for all of Latin, Greek and
// Cyrillic; 0 for what is a mark. Folding by norm takes a third of the time of
// indexing.
var table = sync.OnceValue(func() *[tableEnd]rune {
	var t [tableEnd]rune
	for r := range rune(tableEnd) {
		for _, f := range foldAny(string(r)) {
			if t[r] != 0 {
				t[r] = r // more than one letter: none of ours
				break
			}
			t[r] = f
		}
	}
	return &t
})

const tableEnd = 0x1F00

func foldAny(s string) string {
	var b strings.Builder
	for _, r := range norm.NFD.String(strings.ToLower(s)) {
		switch {
		case r == 'đ', r == 'ð': // the second is how some keyboards write Đ
			b.WriteByte('d')
		case !unicode.Is(unicode.Mn, r):
			b.WriteRune(r)
		}
	}
	return norm.NFC.String(b.String())
}

// stem is the English stem of a word; "" for what cannot be English.
func stem(exact string) string {
	if len(exact) < 3 {
		return ""
	}
	for i := range len(exact) {
		if exact[i] < 'a' || exact[i] > 'z' {
			return ""
		}
	}
	return string(porterstemmer.StemWithoutLowerCasing([]rune(exact)))
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
