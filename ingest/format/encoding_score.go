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
	east := newEastern()
	buf := make([]byte, 256<<10)
	for {
		n, err := r.Read(buf)
		w.write(buf[:n])
		east.write(buf[:n])
		if err == io.EOF {
			break
		}
		if err != nil {
			return "", false, err
		}
	}
	w.flush()
	east.flush()

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
	if name, sure := east.best(); name != "" {
		return name, sure, nil
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
