package privacy

import (
	"bytes"
	"unicode/utf8"
)

const (
	maxDigits = 19
	maxWord   = 34
	maxGroups = 512
)

// A scanner passes over cells, one at a time, and says which kinds the whole
// cell is and which stand inside it. It looks at each byte once for its class
// and goes on only where there are digits enough, an @, or a colon; no regexp.
// It is not safe for several goroutines.
type scanner struct {
	year int
	want kindSet // looked for
	weak kindSet // looked for inside text although their check is weak

	whole  kindSet // the cell is one
	inside kindSet // the cell holds one
	flags  cellFlag
	tokens int // words in the cell, about
	digits int // digits in the cell, 0 where there are none

	collect   bool // keep the spans
	wantHouse bool // ask for flagHouse
	wantNames bool // ask for flagNameText in longer text
	wantUnits bool // ask for flagUnit
	found     []found

	cell []byte

	text   []byte  // the cell, or its folded copy
	at     []int32 // text offset -> cell offset; nil where text is the cell
	end    int     // of the trimmed text
	begin  int
	folded []byte
	mapped []int32
	d      []byte
	groups []group
	w      []byte
	tok    []byte
}

type cellFlag uint16

const (
	flagPersonalMail cellFlag = 1 << iota // an e-mail address that is no office's
	flagDashedSSN                         // ddd-dd-dddd
	flagNameStrict                        // surname and given name
	flagWords                             // 2 to 6 words of letters only
	flagDigits                            // digits and their separators only
	flagDate                              // reads as a date
	flagYear                              // a year alone
	flagAlpha                             // words of letters only, or one
	flagPlus                              // begins with +
	flagTwelve                            // twelve digits
	flagBlank                             // nothing but spaces
	flagNameText                          // a person's name inside text
	flagHouse                             // an address down to the house
	flagUnit                              // named as an administrative unit
)

type found struct{ kind, from, to int }

// A group is a run of digits, joined to the one before by sep.
type group struct {
	off, n   int // in scanner.d
	from, to int // in scanner.text
	sep      byte
	paren    bool
	masked   bool // part of a date or a decimal number
}

// A number is a candidate for the kinds that are digits.
type number struct {
	d         []byte // the bare digits
	plus      bool
	paren     bool // a bracket between groups
	inText    bool // not the whole cell
	phoneWord bool // a word such as "call" beside it
	sep       byte // the separator if there is one kind; 0 none, 'm' several
	parts     []group
}

func (n *number) groups() int { return len(n.parts) }

func (n *number) is(lengths ...int) bool {
	if len(n.parts) != len(lengths) {
		return false
	}
	for i, l := range lengths {
		if n.parts[i].n != l {
			return false
		}
	}
	return true
}

// joining says how a word was put together.
type joining struct {
	parts  int
	inText bool
	sep    byte
}

func newScanner(year int) *scanner {
	return &scanner{year: year, want: ^kindSet(0)}
}

// Classes of bytes.
const (
	clsDigit = 1 << iota
	clsLetter
	clsAt
	clsColon
	clsHigh // a letter of more bytes: part of a word
	clsFold // may begin a character that has to be folded
	clsSpace
	clsOther
)

var class = func() (t [256]uint8) {
	for i := range t {
		t[i] = clsOther
	}
	for c := '0'; c <= '9'; c++ {
		t[c] = clsDigit
	}
	for c := 'A'; c <= 'Z'; c++ {
		t[c], t[c|0x20] = clsLetter, clsLetter
	}
	t['@'], t[':'] = clsAt, clsColon
	for _, c := range " \t\n\r" {
		t[c] = clsSpace
	}
	for c := 0x80; c < 0x100; c++ {
		t[c] = clsHigh
	}
	// Lead bytes behind which spaces, dashes, invisible characters or other
	// digits may stand. Latin, Greek, Cyrillic and Han need no second look.
	for _, c := range []int{0xC2, 0xCD, 0xD9, 0xDB, 0xDF, 0xE0, 0xE1, 0xE2, 0xE3, 0xEA, 0xEF, 0xF0} {
		t[c] = clsHigh | clsFold
	}
	return t
}()

func digit(c byte) bool     { return c-'0' <= 9 }
func letter(c byte) bool    { return c-'A' <= 'Z'-'A' } // upper case only
func alnum(c byte) bool     { return class[c]&(clsDigit|clsLetter) != 0 }
func alnumHigh(c byte) bool { return class[c]&(clsDigit|clsLetter|clsHigh) != 0 }

// scan looks at one cell; the answer is in whole, inside and flags until the
// next call.
func (s *scanner) scan(cell []byte) {
	s.whole, s.inside, s.flags, s.digits = 0, 0, 0, 0
	s.found = s.found[:0]
	var all uint8
	digits, spaces := 0, 0
	for _, c := range cell {
		k := class[c]
		all |= k
		digits += int(k & clsDigit)
		spaces += int(k&clsSpace) >> 6
	}
	s.text, s.at, s.cell = cell, nil, cell
	s.tokens = spaces + 1
	if all&clsFold != 0 && needsFold(cell) {
		s.fold(cell)
		digits, all = 0, 0
		for _, c := range s.text {
			all |= class[c]
			digits += int(class[c] & clsDigit)
		}
	}
	s.trim()
	if s.begin == s.end {
		s.flags = flagBlank
		return
	}
	if all&clsDigit == 0 {
		if all&(clsLetter|clsHigh) == 0 {
			return
		}
		if all&clsAt != 0 {
			s.mails()
		}
		if all&clsColon != 0 {
			s.colons()
		}
		s.names(all)
		s.namesInText()
		return
	}
	if all&^(clsDigit|clsSpace|clsOther) == 0 {
		s.flags |= flagDigits
		if digits == 12 {
			s.flags |= flagTwelve
		}
		if s.text[s.begin] == '+' {
			s.flags |= flagPlus
		}
	}
	s.digits = digits
	if digits >= 4 {
		if digits >= 6 || bytes.Count(s.text, dot) >= 3 {
			t := s.text[s.begin:s.end]
			if !(all&clsLetter != 0 && (isGUID(t) || s.scientific(t))) {
				s.numbers()
			}
		} else if digits == 4 {
			s.dateOnly()
		}
		if s.flags&flagDate == 0 && digits <= 14 {
			s.dateOnly()
		}
	}
	if all&clsAt != 0 {
		s.mails()
	}
	if all&clsColon != 0 || digits >= 1 && bytes.Count(s.text, dash) == 5 {
		s.colons()
	}
	if all&clsLetter != 0 && digits <= 12 {
		s.house()
	}
	s.namesInText()
}

func (s *scanner) namesInText() {
	if s.want.has(kName) && (s.collect || s.wantNames && s.tokens > 6) {
		s.nameSpans()
	}
}

// none takes in a cell whose type leaves nothing to look for.
func (s *scanner) none(cell []byte, date bool) {
	s.whole, s.inside, s.flags, s.digits, s.tokens = 0, 0, 0, 0, 1
	s.found, s.text, s.at, s.cell = s.found[:0], cell, nil, cell
	s.begin, s.end = 0, len(cell)
	if date {
		s.flags = flagDate
	}
}

var (
	dot  = []byte(".")
	dash = []byte("-")
)

// trim leaves out the spaces around, and the apostrophe that spreadsheets use
// to mark text.
func (s *scanner) trim() {
	s.begin, s.end = 0, len(s.text)
	for s.begin < s.end && (class[s.text[s.begin]]&clsSpace != 0 || s.text[s.begin] == '\'' || s.text[s.begin] == '"') {
		s.begin++
	}
	for s.end > s.begin && (class[s.text[s.end-1]]&clsSpace != 0 || s.text[s.end-1] == '\'' || s.text[s.end-1] == '"') {
		s.end--
	}
}

func (s *scanner) hit(kind, from, to int) {
	if !s.want.has(kind) {
		return
	}
	if from <= s.begin && to >= s.end {
		s.whole = s.whole.with(kind)
	} else {
		s.inside = s.inside.with(kind)
	}
	if s.collect {
		s.found = append(s.found, found{kind, s.origin(from), s.originEnd(to)})
	}
}

// covers says whether a piece of text is the whole cell.
func (s *scanner) covers(from, to int) bool { return from <= s.begin && to >= s.end }

func (s *scanner) origin(i int) int {
	if s.at == nil {
		return i
	}
	return int(s.at[i])
}

// originEnd is where the character that ends before text offset i ends.
func (s *scanner) originEnd(i int) int {
	if s.at == nil {
		return i
	}
	if i == 0 {
		return int(s.at[0])
	}
	last := int(s.at[i-1])
	_, n := utf8.DecodeRune(s.cell[last:])
	return last + n
}

// numbers finds runs of digits and words of digits and letters.
func (s *scanner) numbers() {
	t := s.text
	for i := 0; i < len(t); {
		if class[t[i]]&(clsDigit|clsLetter) == 0 {
			i++
			continue
		}
		e, letters := i, 0
		for e < len(t) && class[t[e]]&(clsDigit|clsLetter) != 0 {
			letters += int(class[t[e]]&clsLetter) >> 1
			e++
		}
		attached := i > 0 && t[i-1] >= 0x80 || e < len(t) && t[e] >= 0x80
		switch {
		case letters == 0:
			if e-i <= 8 && e+1 < len(t) && joint(t[e]) && class[t[e+1]]&clsLetter != 0 && !attached {
				s.words(i)
			}
			if next := s.run(i); next > e {
				e = next
			}
		case letters < e-i:
			if !attached {
				s.words(i)
			}
			// "SDT0912345678", "x1234": digits behind a known word, or with an
			// extension behind them.
			k := i
			for k < e && class[t[k]]&clsLetter != 0 {
				k++
			}
			if k == i || phonePrefix(t[i:k]) {
				if next := s.run(k); next > e {
					e = next
				}
			}
		case e-i <= 2 && !attached && e+1 < len(t) && joint(t[e]) && digit(t[e+1]):
			s.words(i)
		}
		i = e
	}
}

func joint(c byte) bool { return c == ' ' || c == '.' || c == '-' }

func phonePrefix(w []byte) bool {
	var b [12]byte
	return len(w) <= 8 && gluedWords[string(lowerInto(b[:0], w))]
}

var gluedWords = wordSet("t dt sdt dtdd tel phone mobile zalo hotline fax cccd cmnd cmt so s no mst nr id")

// run takes the digits at i and those joined to them, tries every part of the
// run that could be a number, and returns where it ends.
func (s *scanner) run(i int) int {
	t := s.text
	s.d, s.groups = s.d[:0], s.groups[:0]
	from, plus, open := i, false, false
	if from > 0 && t[from-1] == '(' {
		from, open = from-1, true
	}
	if from > 0 && t[from-1] == '+' {
		from, plus = from-1, true
		if !open && from > 0 && t[from-1] == '(' {
			from, open = from-1, true
		}
	}
	if from == i && i > 0 {
		switch {
		case t[i-1] == '-' && i-1 == s.begin:
			return s.skip(i) // a negative number
		case t[i-1] == ',' && i > 1 && digit(t[i-2]) && s.shortLeft(i-2):
			return s.skip(i) // behind a decimal comma, or thousands
		}
	}
	ext := 0
	pos := i
	var sep byte
	paren, closed := false, false
	for {
		e := pos
		for e < len(t) && digit(t[e]) {
			e++
		}
		if e < len(t) && class[t[e]]&clsLetter != 0 {
			// Letters behind: an extension ("x818"), or no number at all.
			if ext = extension(t, e); ext == 0 {
				break
			}
		}
		s.groups = append(s.groups, group{off: len(s.d), n: e - pos, from: pos, to: e, sep: sep, paren: paren})
		s.d = append(s.d, t[pos:e]...)
		if ext > 0 || len(s.groups) >= maxGroups {
			break
		}
		p := e
		paren = false
		if p < len(t) && t[p] == ')' {
			p, paren, closed = p+1, true, true
		}
		sep = 0
		if p < len(t) && joint(t[p]) {
			sep = t[p]
			p++
		}
		if p < len(t) && t[p] == '(' {
			p, paren = p+1, true
		}
		if p == e || p >= len(t) || !digit(t[p]) {
			break
		}
		pos = p
	}
	if len(s.groups) == 0 {
		return i
	}
	if open && !closed && !plus {
		from = i
	}
	last := s.groups[len(s.groups)-1].to
	s.mask(i)
	s.candidates(from, plus, ext)
	if len(s.groups) >= maxGroups {
		return s.groups[maxGroups-maxDigits].from
	}
	return last
}

func (s *scanner) skip(i int) int {
	for i < len(s.text) && (digit(s.text[i]) || s.text[i] == '.' && i+1 < len(s.text) && digit(s.text[i+1])) {
		i++
	}
	return i
}

// shortLeft says whether the digits that end at i are few, as before a decimal
// comma: "0912345678,0987654321" is a list of telephones.
func (s *scanner) shortLeft(i int) bool {
	n := 0
	for ; i >= 0 && digit(s.text[i]); i-- {
		n++
	}
	return n <= 6
}

// extension of a telephone number: x or ext and up to six digits. It returns
// where they end, 0 if there is none.
func extension(t []byte, i int) int {
	if t[i] != 'x' && t[i] != 'X' {
		return 0
	}
	e := i + 1
	for e < len(t) && digit(t[e]) {
		e++
	}
	if e == i+1 || e > i+7 || e < len(t) && alnumHigh(t[e]) {
		return 0
	}
	return e
}

// mask takes dates and decimal numbers out of a run: "07.03.2020 15:30" has
// ten digits that begin like a telephone.
func (s *scanner) mask(start int) {
	g := s.groups
	for k := 0; k+2 < len(g); k++ {
		if g[k+1].sep == g[k+2].sep && (g[k+1].sep == '-' || g[k+1].sep == '.') && !g[k+1].paren && !g[k+2].paren && s.dateTriple(g[k:k+3]) {
			g[k].masked, g[k+1].masked, g[k+2].masked = true, true, true
			k += 2
		}
	}
	for k := 0; k+1 < len(g); k++ {
		a, b := g[k], g[k+1]
		if b.sep != '.' || b.paren || k > 0 && a.sep == '.' || k+2 < len(g) && g[k+2].sep == '.' || a.masked || b.masked {
			continue
		}
		colon := k == 0 && start > 1 && s.text[start-1] == ':' && digit(s.text[start-2])
		if !colon && a.n > 1 && s.d[a.off] == '0' || start > 0 && s.text[start-1] == '+' && k == 0 {
			continue
		}
		g[k+1].masked = true
		// "79123456789.0" is a whole number that a spreadsheet wrote.
		if b.n <= 2 && zeros(s.d[b.off:b.off+b.n]) {
			g[k].to = b.to
		} else {
			g[k].masked = true
		}
	}
}

func zeros(d []byte) bool {
	for _, c := range d {
		if c != '0' {
			return false
		}
	}
	return true
}

func (s *scanner) dateTriple(g []group) bool {
	v := func(k int) int { return num(s.d[g[k].off : g[k].off+g[k].n]) }
	switch {
	case g[0].n == 4 && g[1].n <= 2 && g[2].n <= 2:
		return v(0) >= 1800 && v(0) <= 2200 && v(1) >= 1 && v(1) <= 12 && v(2) >= 1 && v(2) <= 31
	case g[2].n == 4 && g[0].n <= 2 && g[1].n <= 2:
		return v(2) >= 1800 && v(2) <= 2200 && v(0) >= 1 && v(0) <= 31 && v(1) >= 1 && v(1) <= 31
	}
	return false
}

// candidates tries every row of neighbouring groups.
func (s *scanner) candidates(from int, plus bool, ext int) {
	g := s.groups
	amount := !plus && s.isAmount()
	word := -1 // not looked for yet
	for i := range g {
		if g[i].masked {
			continue
		}
		n := number{}
		lo := g[i].from
		if i == 0 {
			lo, n.plus = from, plus
		}
		digits := 0
		for j := i; j < len(g); j++ {
			if g[j].masked {
				break
			}
			if digits += g[j].n; digits > maxDigits {
				break
			}
			if j > i {
				n.paren = n.paren || g[j].paren
				switch {
				case g[j].sep == 0:
				case n.sep == 0:
					n.sep = g[j].sep
				case n.sep != g[j].sep:
					n.sep = 'm'
				}
			}
			if digits < 7 {
				continue
			}
			hi := g[j].to
			extended := ext > 0 && j == len(g)-1
			if extended {
				hi = ext
			}
			n.inText = !s.covers(lo, hi)
			count := j - i + 1
			if n.inText && count > 1 && 2*digits < 5*count && (i > 0 || j < len(g)-1 || digits < 2*count) {
				continue
			}
			n.d = s.d[g[i].off : g[i].off+digits]
			n.parts = g[i : j+1]
			if n.inText && digits <= 13 && s.want.has(kIntl) && (count > 1 || digits >= 7) {
				// A word before or behind makes a telephone of any digits, if
				// they are the whole run.
				n.phoneWord = false
				if i == 0 && j == len(g)-1 && !n.years() {
					if word < 0 {
						word = 0
						if phoneWordNear(s.text, lo, hi) {
							word = 1
						}
					}
					n.phoneWord = word == 1
				}
			}
			for _, k := range dispatch.digits[digits] {
				d := &Detectors[k]
				if n.inText && !d.InText && !s.weak.has(k) || !s.want.has(k) {
					continue
				}
				if amount && d.Strength != Weak && !n.phoneWord || extended && d.Family != "phone" {
					continue
				}
				if d.number(n, s.year) {
					s.hit(k, lo, hi)
					if d.Kind == "us_ssn" && n.groups() == 3 {
						s.flags |= flagDashedSSN
					}
				}
			}
		}
	}
	s.ipv4()
}

// isAmount says whether the run is a number with its thousands apart:
// "1.234.567.890".
func (s *scanner) isAmount() bool {
	g := s.groups
	if len(g) < 3 || g[0].n > 3 || s.d[0] == '0' || g[1].sep != '.' && g[1].sep != ' ' {
		return false
	}
	for _, x := range g[1:] {
		if x.n != 3 || x.sep != g[1].sep || x.paren {
			return false
		}
	}
	return true
}

// years says whether the groups are years: "2019-2020".
func (n *number) years() bool {
	at := 0
	for _, g := range n.parts {
		if g.n != 4 || n.d[at] != '1' && n.d[at] != '2' || n.d[at+1] != '9' && n.d[at+1] != '0' && n.d[at+1] != '8' {
			return false
		}
		at += g.n
	}
	return true
}

func (s *scanner) ipv4() {
	g := s.groups
	if len(g) != 4 || !s.want.has(kIP) {
		return
	}
	for i, x := range g {
		if x.n > 3 || x.n > 1 && s.d[x.off] == '0' || num(s.d[x.off:x.off+x.n]) > 255 || i > 0 && (x.sep != '.' || x.paren) {
			return
		}
	}
	from, to := g[0].from, g[3].to
	// "v1.2.3.4" and "1.2.3.4.5" are versions and sections.
	if from > 0 && (s.text[from-1] == '.' || s.text[from-1]|0x20 == 'v' || s.text[from-1] == '+') {
		return
	}
	s.hit(kIP, from, to)
}

// words tries the letters and digits from i on, joined over single separators.
func (s *scanner) words(i int) {
	t := s.text
	s.w = s.w[:0]
	j := joining{}
	letters, digits := false, false
	for p := i; ; {
		e := p
		for e < len(t) && alnum(t[e]) {
			c := t[e]
			if digit(c) {
				digits = true
			} else {
				letters, c = true, c&^0x20
			}
			if len(s.w) >= maxWord {
				return
			}
			s.w = append(s.w, c)
			e++
		}
		if e < len(t) && t[e] >= 0x80 {
			return
		}
		j.parts++
		if letters && digits && len(s.w) <= maxWord {
			j.inText = !s.covers(i, e)
			for _, k := range dispatch.words[len(s.w)] {
				d := &Detectors[k]
				if !s.want.has(k) || j.inText && !d.InText && !s.weak.has(k) {
					continue
				}
				if d.word(s.w, j) {
					s.hit(k, i, e)
				}
			}
		}
		if e+1 >= len(t) || !joint(t[e]) || !alnum(t[e+1]) {
			return
		}
		if j.sep == 0 {
			j.sep = t[e]
		} else if j.sep != t[e] {
			j.sep = 'm'
		}
		p = e + 1
	}
}

// mails looks around each @.
func (s *scanner) mails() {
	t := s.text
	for i := 0; i < len(t); {
		k := bytes.IndexByte(t[i:], '@')
		if k < 0 {
			return
		}
		at := i + k
		i = at + 1
		from, to, ok := mailAround(t, at)
		if !ok {
			continue
		}
		if u := userOfURL(t, at); u >= 0 {
			s.hit(kURLUser, u, to)
			continue
		}
		s.hit(kEmail, from, to)
		if !officeMail(t[from:to]) {
			s.flags |= flagPersonalMail
		}
	}
}

// userOfURL gives the start of the URL whose user part ends at the @, or -1.
func userOfURL(t []byte, at int) int {
	i := at
	for i > 0 && t[i-1] > ' ' && t[i-1] != '/' {
		i--
	}
	if i < 4 || t[i-1] != '/' || t[i-2] != '/' || t[i-3] != ':' {
		return -1
	}
	i -= 3
	for i > 0 && alnum(t[i-1]) {
		i--
	}
	return i
}

// colons finds IPv6 and MAC addresses: pieces of hexadecimal digits and colons.
func (s *scanner) colons() {
	if !s.want.has(kIP) && !s.want.has(kMAC) {
		return
	}
	t := s.text
	for i := 0; i < len(t); {
		c := t[i]
		if !hexByte(c) && c != ':' {
			i++
			continue
		}
		e, colons, dashes := i, 0, 0
		for e < len(t) && (hexByte(t[e]) || t[e] == ':' || t[e] == '-' || t[e] == '.') {
			switch t[e] {
			case ':':
				colons++
			case '-':
				dashes++
			}
			e++
		}
		to := e
		for to > i && (t[to-1] == '.' || t[to-1] == '-' || t[to-1] == ':' && (to < i+2 || t[to-2] != ':')) {
			to--
		}
		whole := i == 0 || !alnumHigh(t[i-1])
		if whole && (e == len(t) || !alnumHigh(t[e])) {
			switch {
			case colons >= 2 && s.want.has(kIP) && isIPv6(t[i:to]):
				s.hit(kIP, i, to)
			case (colons == 5 || dashes == 5) && s.want.has(kMAC) && isMAC(t[i:to]):
				s.hit(kMAC, i, to)
			}
		}
		i = e + 1
		if e == i {
			i++
		}
	}
}

func isGUID(t []byte) bool {
	if len(t) == 38 && t[0] == '{' {
		t = t[1:37]
	}
	if len(t) != 36 {
		return false
	}
	for i, c := range t {
		if i == 8 || i == 13 || i == 18 || i == 23 {
			if c != '-' {
				return false
			}
		} else if !hexByte(c) {
			return false
		}
	}
	return true
}

// scientific reads a cell such as 7.9123456789E+10, as spreadsheets and floats
// write whole numbers, and scans its digits in full.
func (s *scanner) scientific(t []byte) bool {
	if len(t) < 5 || len(t) > 30 || !digit(t[0]) {
		return false
	}
	d, point, i := s.d[:0], -1, 0
	for ; i < len(t) && (digit(t[i]) || t[i] == '.' && point < 0); i++ {
		if t[i] == '.' {
			point = len(d)
		} else {
			d = append(d, t[i])
		}
	}
	s.d = d
	if i == len(t) || t[i]|0x20 != 'e' {
		return false
	}
	if i++; i < len(t) && t[i] == '+' {
		i++
	}
	if i == len(t) || len(t)-i > 2 || !allDigits(t[i:]) {
		return false
	}
	if point < 0 {
		point = len(d)
	}
	n := point + num(t[i:])
	for len(d) > n && d[len(d)-1] == '0' {
		d = d[:len(d)-1]
	}
	if n > maxDigits || len(d) > n {
		return true // too large, or not whole: a measure
	}
	for len(d) < n {
		d = append(d, '0')
	}
	s.d = d
	s.groups = append(s.groups[:0], group{n: n, from: s.begin, to: s.end})
	s.candidates(s.begin, false, 0)
	return true
}

// spansOf gives the spans of the kinds wanted, in order and not overlapping:
// of those that overlap the longest, then the one first in the table. weak
// kinds are looked for inside text too.
func spansOf(cell []byte, want, weak kindSet, year int) []found {
	s := newScanner(year)
	s.want, s.weak, s.collect = want, weak, true
	return s.spansOf(cell)
}

func (s *scanner) spansOf(cell []byte) []found {
	s.scan(cell)
	out := s.found[:0]
	all := s.found
	// Few in any cell that people wrote; sorting by hand keeps it simple.
	sortFound(all)
	for _, f := range all {
		if len(out) > 0 && f.from < out[len(out)-1].to {
			last := &out[len(out)-1]
			if f.to-f.from > last.to-last.from {
				// Longer wins, unless it would leave the shorter's head bare.
				if f.from <= last.from {
					*last = f
				} else {
					last.to = max(last.to, f.to)
				}
			} else if f.to > last.to {
				last.to = f.to
			}
			continue
		}
		out = append(out, f)
	}
	return out
}
