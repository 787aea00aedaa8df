package format

import (
	"bytes"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// A workbook is Unicode, and yet cells that were typed in the fonts of before
// it (.VnTime, VNI-Times) hold the bytes of TCVN3 or VNI, each as the character
// that windows-1252 has for it: "§Æc lËp" for "Độc lập". Column by column the
// share of legal Vietnamese syllables tells, as it does for files (ingest.md
// section 5). A column with any letter that only Unicode has is left alone.

// oldReadings are what such cells may be, after what they are as they stand.
var oldReadings = []string{"", "tcvn3", "vni"}

const (
	oldCells = 2_000 // looked at in a column
	oldWords = 3     // legal ones that a column needs to decide by itself
)

// oldColumn is what a first look finds of a column's text.
type oldColumn struct {
	unicode bool   // it has letters that windows-1252 lacks
	cells   int    // that were looked at
	words   int    // with letters beyond ASCII
	legal   [3]int // of them, under each reading
	at      seen   // cells that would be decoded
	reading int    // of oldReadings, decided
}

// oldBytes gives the bytes that stand behind the characters; false: some
// character is none of windows-1252, or all are ASCII.
func oldBytes(text []byte) ([]byte, bool) {
	out := make([]byte, 0, len(text))
	beyond := false
	for len(text) > 0 {
		r, n := utf8.DecodeRune(text)
		text = text[n:]
		b, ok := charmap.Windows1252.EncodeRune(r)
		if !ok && r < 0x100 {
			b, ok = byte(r), true // codes that windows-1252 leaves open
		}
		if !ok {
			return nil, false
		}
		beyond = beyond || r >= 0x80
		out = append(out, b)
	}
	return out, beyond
}

var oldSteps = func() (out [3]func(dst, b []byte) []byte) {
	for i, name := range oldReadings[1:] {
		e, _ := encodingNamed(name)
		out[i+1] = cellStep(e)
	}
	return
}()

// see looks at one cell of the column.
func (c *oldColumn) see(text []byte, row int64) {
	if c.unicode || isASCII(text) {
		return
	}
	b, ok := oldBytes(text)
	if !ok {
		c.unicode = true
		return
	}
	c.at.add(1, 0, row)
	if c.cells == oldCells {
		return
	}
	c.cells++
	var word []byte
	for _, w := range bytes.FieldsFunc(b, func(r rune) bool { return r < 0x80 && !(r|0x20 >= 'a' && r|0x20 <= 'z') }) {
		if isASCII(w) {
			continue
		}
		c.words++
		for i := range oldReadings {
			if word = word[:0]; i == 0 {
				for _, x := range w {
					word = utf8.AppendRune(word, charmap.Windows1252.DecodeByte(x))
				}
			} else {
				word = oldSteps[i](word, w)
			}
			if syllable(string(word)) {
				c.legal[i]++
			}
		}
	}
}

// decide says which reading the column's text has by itself: nearly all of its
// words are legal in it, and in no other.
func (c *oldColumn) decide() int {
	if c.unicode || c.words < oldWords {
		return 0
	}
	best := 0
	for i := range oldReadings {
		if c.legal[i] > c.legal[best] {
			best = i
		}
	}
	second := 0
	for i, n := range c.legal {
		if i != best {
			second = max(second, n)
		}
	}
	if best == 0 || c.legal[best]*10 < c.words*8 || second*2 > c.legal[best] {
		return 0
	}
	return best
}

// decideOld settles all columns of a sheet. One with too few words to tell goes
// with the others, where they agree and its words are as legal so. pinned is
// the plan's word for the encoding.
func decideOld(columns []oldColumn, pinned string) {
	for i, name := range oldReadings {
		if pinned == name && i > 0 {
			for j := range columns {
				columns[j].reading = i
			}
			return
		}
	}
	if pinned != "" {
		return
	}
	all := 0
	for j := range columns {
		c := &columns[j]
		if c.reading = c.decide(); c.reading == 0 {
			if c.words >= oldWords || c.unicode {
				all = -1 // some of the sheet is Unicode by itself
			}
			continue
		}
		if all == 0 || all == c.reading {
			all = c.reading
		} else if all > 0 {
			all = -1
		}
	}
	for j := range columns {
		if c := &columns[j]; all > 0 && c.reading == 0 && c.words > 0 && c.legal[all] >= c.legal[0] {
			c.reading = all
		}
	}
}

// decoded is the text of a cell under the column's reading.
func (c *oldColumn) decoded(text []byte) []byte {
	if c.reading == 0 || isASCII(text) {
		return text
	}
	b, ok := oldBytes(text)
	if !ok {
		return text
	}
	return oldSteps[c.reading](nil, b)
}

func isASCII(b []byte) bool {
	for _, c := range b {
		if c >= 0x80 {
			return false
		}
	}
	return true
}
