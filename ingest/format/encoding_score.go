package format

import (
	"io"
	"strings"
	"unicode"
)

// vietnamese are the candidates of the syllable test, in the order that
// breaks ties.
var vietnamese = []string{"windows-1258", "tcvn3", "viscii", "vni"}

// scoreLegacy reads all bytes and names the encoding. sure is false where no
// reading is clearly better than the others.
func scoreLegacy(r io.Reader) (best string, sure bool, err error) {
	w := wordCounter{words: make(map[string]int64)}
	jp, zh := &multibyte{lead: cp932Char}, &multibyte{lead: big5Char}
	buf := make([]byte, 256<<10)
	for {
		n, err := r.Read(buf)
		w.write(buf[:n])
		jp.write(buf[:n])
		zh.write(buf[:n])
		if err == io.EOF {
			break
		}
		if err != nil {
			return "", false, err
		}
	}
	w.flush()
	jp.flush()
	zh.flush()

	plain := w.share("windows-1252", syllable)
	first, second, name := 0.0, 0.0, ""
	for _, c := range vietnamese {
		switch s := w.share(c, syllable); {
		case s > first:
			first, second, name = s, first, c
		case s > second:
			second = s
		}
	}
	// 0.6: names, abbreviations and foreign words stand in every table. What
	// windows-1252 reads as syllables too proves nothing (Portuguese "não").
	if first >= 0.6 && first >= plain+0.2 {
		if name == "tcvn3" && w.capitals > 0 {
			name = "tcvn5712"
		}
		return name, first >= second+0.1, nil
	}
	switch j, z := jp.score(), zh.score(); {
	case j >= 0.8 && j > z:
		return "cp932", j >= z+0.1, nil
	case z >= 0.8:
		return "big5", z >= j+0.1, nil
	}
	return "windows-1252", w.total == 0 || w.share("windows-1252", westernWord) >= 0.7, nil
}

// wordCounter collects the distinct words with bytes beyond ASCII.
type wordCounter struct {
	words    map[string]int64
	total    int64
	capitals int64 // bytes that only VN1 has
	word     []byte
	high     bool
}

// maxWords bounds the memory; a language shows itself long before.
const maxWords = 100_000

func (w *wordCounter) write(b []byte) {
	for _, x := range b {
		letter := x|0x20 >= 'a' && x|0x20 <= 'z' || x >= 0x80 || x < 0x20 && controlByte[x]
		if letter {
			if len(w.word) < 64 {
				w.word = append(w.word, x)
			}
			if x >= 0x80 || x < 0x20 {
				w.high = true
				if tcvnCapital(x) {
					w.capitals++
				}
			}
			continue
		}
		w.flush()
	}
}

func (w *wordCounter) flush() {
	// One character alone proves nothing: "£" is Ê in TCVN3.
	if w.high && len(w.word) > 1 {
		if n, ok := w.words[string(w.word)]; ok || len(w.words) < maxWords {
			if n < 50 { // one word on every line must not outvote the rest
				w.words[string(w.word)] = n + 1
				w.total++
			}
		}
	}
	w.word, w.high = w.word[:0], false
}

func (w *wordCounter) share(name string, good func(string) bool) float64 {
	if w.total == 0 {
		return 0
	}
	enc, _ := encodingNamed(name)
	n := int64(0)
	for word, times := range w.words {
		text, err := io.ReadAll(enc.decode(strings.NewReader(word)))
		if err == nil && good(string(text)) {
			n += times
		}
	}
	return float64(n) / float64(w.total)
}

// westernWord: letters within words, most of them ASCII, and no capital after
// a small letter.
func westernWord(s string) bool {
	ascii, other := 0, 0
	small := false
	for _, r := range s {
		switch {
		case r < 0x80:
			ascii++
		case unicode.IsLetter(r):
			other++
		case r == '’' || r == '‘' || r == '“' || r == '”' || r == '–' || r == '—' || r == '…' || r == 0xa0 || r == '°' || r == '²' || r == 'º' || r == 'ª':
			small = false
			continue
		default:
			return false
		}
		if small && unicode.IsUpper(r) {
			return false
		}
		small = unicode.IsLower(r)
	}
	return ascii >= other
}

// multibyte scores an encoding of one or two bytes a character.
type multibyte struct {
	// lead says what a character of these bytes is worth: 1 common, 0 rare;
	// n is 1 or 2 bytes, 0 where b[1] is needed first, -1 where it is no character.
	lead func(a, b byte, two bool) (n int, worth float64)

	held    byte
	holding bool
	before  byte // the ASCII character before; 0: another character
	half    bool // the character before was half-width
	waiting bool // one half-width character, not yet known whether alone
	chars   float64
	good    float64
	failed  bool
}

func (m *multibyte) write(b []byte) {
	if m.failed {
		return
	}
	for _, x := range b {
		if !m.holding {
			if x < 0x80 {
				m.endHalf(false)
				m.before = x
				continue
			}
			switch n, worth := m.lead(x, 0, false); n {
			case 0:
				m.held, m.holding = x, true
			case 1:
				m.halfWidth(worth)
			default:
				m.failed = true
				return
			}
			continue
		}
		m.holding = false
		n, worth := m.lead(m.held, x, true)
		if n != 2 {
			m.failed = true
			return
		}
		m.endHalf(true)
		m.chars++
		// A letter right before: more likely an accent within a word.
		if l := m.before | 0x20; l < 'a' || l > 'z' {
			m.good += worth
		}
		m.before = 0
	}
}

// halfWidth katakana stand in rows; one alone is more likely an accent.
func (m *multibyte) halfWidth(worth float64) {
	m.chars++
	switch {
	case m.waiting:
		m.good += 2 * worth
		m.waiting, m.half = false, true
	case m.half:
		m.good += worth
	default:
		if l := m.before | 0x20; l >= 'a' && l <= 'z' {
			m.half = false
		} else {
			m.waiting = true
		}
	}
	m.before = 0
}

func (m *multibyte) endHalf(cjk bool) {
	if m.waiting && cjk {
		m.good++
	}
	m.waiting, m.half = false, false
}

func (m *multibyte) flush() {
	if m.holding {
		m.failed = true
	}
}

func (m *multibyte) score() float64 {
	if m.failed || m.chars < 2 {
		return 0
	}
	return m.good / m.chars
}

func cp932Char(a, b byte, two bool) (int, float64) {
	switch {
	case a >= 0xa1 && a <= 0xdf:
		return 1, 1
	case a == 0x80 || a == 0xa0 || a >= 0xfd:
		return -1, 0
	case !two:
		return 0, 0
	case b < 0x40 || b == 0x7f || b > 0xfc:
		return -1, 0
	case a == 0x82 && b >= 0x4f || a == 0x83 || a == 0x81:
		return 2, 1 // kana, full-width letters, punctuation
	case a >= 0x88 && a <= 0x97:
		return 2, 1 // kanji of the first level
	case a >= 0x98 && a <= 0x9f || a >= 0xe0 && a <= 0xea:
		return 2, 0.3
	}
	return 2, 0.2
}

func big5Char(a, b byte, two bool) (int, float64) {
	switch {
	case a == 0x80 || a == 0xff:
		return -1, 0
	case !two:
		return 0, 0
	case b < 0x40 || b > 0x7e && b < 0xa1 || b == 0xff:
		return -1, 0
	case a >= 0xa4 && a <= 0xc6, a >= 0xa1 && a <= 0xa3:
		return 2, 1
	case a >= 0xc9 && a <= 0xf9:
		return 2, 0.3
	}
	return 2, 0.1
}
