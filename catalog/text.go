package catalog

import (
	"iter"
	"maps"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Text is words by language: {"vi": "Dân số", "en": "Population"}. Empty words
// count as none.
type Text map[string]string

// Lang gives the words in the first of these languages that has any, and that
// language. Where none has, it falls back to Vietnamese, English, then the
// first language of the alphabet. Both are "" when there are no words at all.
func (t Text) Lang(langs ...string) (words, lang string) {
	for _, l := range langs {
		if t[l] != "" {
			return t[l], l
		}
	}
	for _, l := range t.Languages() {
		return t[l], l
	}
	return "", ""
}

// In gives the words in the first of these languages that has any, else in
// another one.
func (t Text) In(langs ...string) string {
	words, _ := t.Lang(langs...)
	return words
}

// Languages lists the languages that have words: Vietnamese, English, then the
// others by the alphabet.
func (t Text) Languages() []string {
	out := make([]string, 0, len(t))
	for l, words := range t {
		if words != "" {
			out = append(out, l)
		}
	}
	slices.SortFunc(out, compareLanguages)
	return out
}

func compareLanguages(a, b string) int {
	rank := func(l string) int {
		switch l {
		case "vi":
			return 0
		case "en":
			return 1
		}
		return 2
	}
	if d := rank(a) - rank(b); d != 0 {
		return d
	}
	return strings.Compare(a, b)
}

// tidy is t with every text tidied and without languages that have no words;
// nil when nothing is left. t itself stays as it is.
func (t Text) tidy() Text {
	out := maps.Clone(t)
	for l, words := range out {
		if out[l] = tidy(words); out[l] == "" {
			delete(out, l)
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

var lineEnds = strings.NewReplacer("\r\n", "\n", "\r", "\n")

// tidy brings a text into NFC with plain line ends and without space around it.
func tidy(s string) string {
	s = lineEnds.Replace(s)
	return strings.TrimSpace(norm.NFC.String(s))
}

// textFault says what keeps a text out of the catalogue: "not-utf8", "not-nfc",
// "control-character"; "" for nothing. Control characters cannot stand in XML
// 1.0, and those that turn the direction of writing can make a title show what
// it does not say. Line ends and tabs are for long texts only.
func textFault(s string, long bool) string {
	if strings.ToValidUTF8(s, "") != s {
		return "not-utf8"
	}
	for _, r := range s {
		switch {
		case long && (r == '\n' || r == '\t'):
		case unicode.IsControl(r), r == 0x2028, r == 0x2029, unicode.Is(unicode.Bidi_Control, r),
			r == 0xFEFF, r&0xFFFE == 0xFFFE, r >= 0xFDD0 && r <= 0xFDEF:
			return "control-character"
		}
	}
	if !norm.NFC.IsNormalString(s) {
		return "not-nfc"
	}
	return ""
}

// Slug makes the part of an address from a title: "Dân số theo tỉnh" becomes
// "dan-so-theo-tinh". It has at most 100 characters; "" or one character
// means that the title holds too few Latin letters and a slug must be chosen.
func Slug(title string) string {
	var b strings.Builder
	gap := false
	for _, r := range strings.ToLower(norm.NFKD.String(title)) {
		switch {
		case r == 'đ':
			r = 'd'
		case unicode.Is(unicode.Mn, r):
			continue
		}
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			if gap && b.Len() > 0 {
				b.WriteByte('-')
			}
			gap = false
			b.WriteRune(r)
			continue
		}
		gap = true
	}
	s := b.String()
	if len(s) > maxSlug {
		if s[maxSlug] != '-' {
			if i := strings.LastIndexByte(s[:maxSlug], '-'); i > maxSlug/2 {
				s = s[:i] // whole words
			}
		}
		s = strings.TrimRight(s[:min(len(s), maxSlug)], "-")
	}
	return s
}

const maxSlug = 100

// sorted walks a map by language in the order that languages are listed in.
func sorted[V any](m map[string]V) iter.Seq2[string, V] {
	return func(yield func(string, V) bool) {
		for _, l := range slices.SortedFunc(maps.Keys(m), compareLanguages) {
			if !yield(l, m[l]) {
				return
			}
		}
	}
}
