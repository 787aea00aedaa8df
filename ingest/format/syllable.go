package format

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// A Vietnamese syllable is onset + rhyme + tone, a closed grammar of a few
// thousand. It tells the Vietnamese encodings from each other and from
// windows-1252, since every byte is valid in all of them.

var onsets = words("b c ch d đ g gh gi h k kh l m n ng ngh nh p ph qu r s t th tr v x")

var rhymes = words(`a ac ach ai am an ang anh ao ap at au ay
ăc ăm ăn ăng ăp ăt â âc âm ân âng âp ât âu ây
e ec em en eng eo ep et ê êch êm ên ênh êng êp êt êu êc
i ia ich iêc iêm iên iêng iêp iêt iêu im in inh ip it iu
o oa oac oach oai oam oan oang oanh oao oap oat oay oăc oăm oăn oăng oăt oc oe oen oeo oet oi om on ong ooc oong op ot
ô ôc ôi ôm ôn ông ôp ôt ơ ơi ơm ơn ơp ơt
u ua uân uâng uât uây uc uê uêch uênh ui um un ung uơ uôc uôi uôm uôn uông uôt up ut uy uya uych uyên uyêt uyn uynh uyp uyt uyu
ư ưa ưc ưi ươc ươi ươm ươn ương ươp ươt ươu ưng ưm ưn ưt ưu
y ych yêm yên yêng yêt yêu ym yn ynh yt`)

func words(s string) map[string]bool {
	m := make(map[string]bool)
	for _, w := range strings.Fields(s) {
		m[w] = true
	}
	return m
}

// syllable says whether a word is a Vietnamese syllable that is not plain ASCII.
func syllable(word string) bool {
	var flat strings.Builder
	var tone rune
	ascii := true
	for _, r := range norm.NFD.String(word) {
		r = unicode.ToLower(r)
		switch r {
		case 0x300, 0x301, 0x303, 0x309, 0x323:
			if tone != 0 {
				return false
			}
			tone = r
		default:
			flat.WriteRune(r)
		}
		if r >= 0x80 {
			ascii = false
		}
	}
	if ascii {
		return false
	}
	s := norm.NFC.String(flat.String())
	if rhymes[s] {
		return toneFits(s, tone)
	}
	for n := 3; n >= 1; n-- {
		// Onsets are at most three characters, of which only đ is two bytes.
		on, rest := cutRunes(s, n)
		if rest != "" && onsets[on] && rhymes[rest] && toneFits(rest, tone) {
			return true
		}
	}
	return false
}

func cutRunes(s string, n int) (string, string) {
	for i := range s {
		if n == 0 {
			return s[:i], s[i:]
		}
		n--
	}
	return s, ""
}

// toneFits: a rhyme that ends in a stop takes only the sharp and the heavy tone.
func toneFits(rhyme string, tone rune) bool {
	switch {
	case strings.HasSuffix(rhyme, "ch"), strings.HasSuffix(rhyme, "c"), strings.HasSuffix(rhyme, "p"), strings.HasSuffix(rhyme, "t"):
		return tone == 0x301 || tone == 0x323
	}
	return true
}
