package format

// eastern are the encodings of Japan, Taiwan, China and Korea. Their bytes are
// much alike: what tells them apart is which characters are common.
type eastern struct{ jp, tw, cn, kr *multibyte }

func newEastern() *eastern {
	return &eastern{&multibyte{lead: cp932Char}, &multibyte{lead: big5Char}, &multibyte{lead: gb18030Char}, &multibyte{lead: eucKRChar}}
}

func (e *eastern) write(b []byte) {
	for _, m := range []*multibyte{e.jp, e.tw, e.cn, e.kr} {
		m.write(b)
	}
}

func (e *eastern) flush() {
	for _, m := range []*multibyte{e.jp, e.tw, e.cn, e.kr} {
		m.flush()
	}
}

// easternLeast is the least share of common characters: below it the text is
// none of these.
const easternLeast = 0.8

// best names the encoding; "": none of them. sure is false where another is
// nearly as good.
func (e *eastern) best() (name string, sure bool) {
	const unlike = 0.7
	scores := []struct {
		name  string
		score float64
	}{{"cp932", e.jp.score()}, {"big5", e.tw.score()}, {"gb18030", e.cn.score()}, {"euc-kr", e.kr.score()}}
	jp, tw, cn := &scores[0].score, &scores[1].score, &scores[2].score
	// Two characters of five have a low second byte in Big5, and nearly none
	// in what GB 2312 and KS X 1001 hold.
	if e.tw.low < 0.1*e.tw.chars {
		*tw *= unlike
	}
	// A third of Chinese text stands in rows that Korean leaves to rare hanja.
	if e.cn.late < 0.08*e.cn.chars {
		*cn *= unlike
	}
	// Half-width katakana are pairs by accident only: what reads as common
	// characters of two bytes throughout is none.
	if e.jp.halves > e.jp.chars/2 && max(*tw, *cn, e.kr.score()) >= easternLeast {
		*jp *= unlike
	}
	first, second := 0.0, 0.0
	for _, s := range scores {
		switch {
		case s.score > first:
			first, second, name = s.score, first, s.name
		case s.score > second:
			second = s.score
		}
	}
	if first < easternLeast {
		return "", false
	}
	return name, first >= second+0.1
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
	halves  float64 // characters of one byte
	low     float64 // characters whose second byte is below 0xA1
	late    float64 // characters of the rows that only Chinese uses much
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
		if x < 0xa1 {
			m.low++
		}
		if m.held >= 0xc9 && m.held <= 0xd7 {
			m.late++
		}
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
	m.halves++
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

// gb18030Char: characters of four bytes, which are rare, count as two.
func gb18030Char(a, b byte, two bool) (int, float64) {
	switch {
	case a == 0x80 || a == 0xff:
		return -1, 0
	case !two:
		return 0, 0
	case b < 0x30 || b > 0x39 && b < 0x40 || b == 0x7f || b == 0xff:
		return -1, 0
	case b < 0xa1:
		return 2, 0.1 // beyond GB 2312
	case a >= 0xa1 && a <= 0xa3, a >= 0xb0 && a <= 0xd7:
		return 2, 1 // punctuation, full-width letters, hanzi of the first level
	case a >= 0xd8 && a <= 0xf7:
		return 2, 0.3
	}
	return 2, 0.1
}

func eucKRChar(a, b byte, two bool) (int, float64) {
	switch {
	case a == 0x80 || a == 0xff:
		return -1, 0
	case !two:
		return 0, 0
	case b < 0x41 || b > 0x5a && b < 0x61 || b > 0x7a && b < 0x81 || b == 0xff:
		return -1, 0
	case b < 0xa1:
		return 2, 0.2 // syllables that KS X 1001 left out
	case a >= 0xb0 && a <= 0xc8, a >= 0xa1 && a <= 0xa3:
		return 2, 1 // hangul, punctuation, full-width letters
	case a >= 0xca && a <= 0xfd:
		return 2, 0.2 // hanja
	}
	return 2, 0.1
}
