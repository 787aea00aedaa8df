package privacy

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// nameVN is a Vietnamese full name: 2 to 5 words, the first a surname, the
// last a word that ends names. One cell alone proves nothing, streets and
// schools bear people's names: decide.go wants .55 of a column's values.
var nameVN = Detector{
	Kind: "name_vn", Class: ClassDirect, Strength: Medium, InText: true,
	Hints: []string{"ho ten", "hoten", "ho va ten", "ho va ten me", "chu ho", "nguoi dai dien", "dai dien phap luat", "ten me", "ten cha", "ten con", "ten bo",
		"ho ten me", "ho ten cha", "ten benh nhan", "ten nguoi", "nguoi nop", "nguoi lien he", "ten hoc sinh", "ten sinh vien", "ten nhan vien", "ten can bo", "ten hs", "ten sv",
		"chu so huu", "nguoi mua", "nguoi ban", "ten chu", "full name", "fullname", "person name", "first name", "firstname", "last name", "lastname", "surname",
		"given name", "givenname", "patient name", "owner name", "contact name", "mother name", "father name", "student name", "employee name", "mothers maiden"},
}

// placeHints name columns whose values may be called after people.
var placeHints = hintList("duong", "pho", "street", "truong", "school", "xa", "phuong", "commune", "ward", "cong ty", "company", "doanh nghiep",
	"dia danh", "ten duong", "road", "benh vien", "hospital", "tinh", "quan", "huyen", "province", "district", "hoi", "association", "chua", "cho", "cau", "to chuc", "organization", "co so")

// unitWords open the names of streets, schools, companies and places.
var unitWords = foldedSet(`đường phố phường xã thôn ấp trường công cty chợ cầu quận huyện tỉnh thành tp thị bệnh viện khu ngõ ngách hẻm hẽm chùa đền hồ
	công-viên quảng bến kênh đại học street school ward district province`)

// titles stand before a name and are no part of it.
var titles = foldedSet(`ông bà anh chị em cháu cụ bs bsck ths ts pgs gs dr mr mrs ms`)

var (
	surnameFolded = foldedSet(surnames)
	surnameExact  = wordSet(surnames)
	givenFolded   = foldedSet(givenNames)
	// Surnames that other words fold into: đường, trường, vụ, hộ, tổ, lễ, …
	// With marks they must be exact; "duong" and "truong" without any are
	// taken for the street and the school that they mostly are.
	ambiguous    = wordSet("duong truong vu ho to chu le do dinh dao ha dong tong van y cao thach ta tu la lai chau luong giang trang hong")
	withoutMarks = wordSet("duong truong")
	// Provinces that would read as names.
	notNames = wordSet("thai binh|thai nguyen|ha nam|ha giang|ha tinh|lam dong|dong nai|ho chi minh|cao bang|hoang sa|truong sa|thach that|dong anh|ha dong|hoang mai|tu liem|chu se")
)

func wordSet(words string) map[string]bool {
	set := map[string]bool{}
	split := strings.Fields
	if strings.Contains(words, "|") {
		split = func(s string) []string { return strings.Split(s, "|") }
	}
	for _, w := range split(words) {
		set[w] = true
	}
	return set
}

func foldedSet(words string) map[string]bool {
	set := map[string]bool{}
	var buf []byte
	for _, w := range strings.Fields(words) {
		if b, ok := foldWord(buf[:0], []byte(w)); ok {
			set[string(b)] = true
		}
	}
	return set
}

// baseLetter is the ASCII letter under a Latin letter with marks, lower case;
// 0 for letters of other scripts.
var baseLetter = func() (t [0x1F00]byte) {
	for r := rune('A'); r < 0x1F00; r++ {
		switch {
		case r == 'đ' || r == 'Đ':
			t[r] = 'd'
			continue
		case r >= 0x80 && !unicode.IsLetter(r):
			continue
		}
		d := norm.NFD.String(string(r))
		if c := d[0] | 0x20; c >= 'a' && c <= 'z' && d[0] < 0x80 {
			t[r] = c
		}
	}
	return t
}()

// foldWord appends a word in lower case without marks; ok is false where it
// holds anything but Latin letters.
func foldWord(dst, w []byte) ([]byte, bool) {
	for i := 0; i < len(w); {
		if c := w[i]; c < 0x80 {
			if class[c] != clsLetter {
				return dst, false
			}
			dst = append(dst, c|0x20)
			i++
			continue
		}
		r, n := utf8.DecodeRune(w[i:])
		i += n
		switch {
		case r >= 0x300 && r <= 0x36F:
		case r < 0x1F00 && baseLetter[r] != 0:
			dst = append(dst, baseLetter[r])
		default:
			return dst, false
		}
	}
	return dst, len(dst) > 0
}

// isSurname wants the word as it stands and folded.
func isSurname(w, folded []byte) bool {
	if !surnameFolded[string(folded)] {
		return false
	}
	if !ambiguous[string(folded)] {
		return true
	}
	if len(w) == len(folded) {
		return !withoutMarks[string(folded)] // no marks at all
	}
	return surnameExact[string(bytes.ToLower(norm.NFC.Bytes(w)))]
}

// unitOpens and unitCloses stand before and behind the names of administrative
// units, and alone for their kind. With their marks: Trương, Hồ and Thành are
// people, "thành phố" is a place.
var (
	unitOpens  = []string{"thành phố", "tỉnh", "quận", "huyện", "thị xã", "thị trấn", "phường", "xã", "đặc khu"}
	unitCloses = []string{"city", "province", "municipality", "district", "town", "ward", "commune", "zone", "region"}
)

// namesUnit says whether the cell names an administrative unit, or a kind of them.
func namesUnit(cell []byte) bool {
	t := strings.ToLower(norm.NFC.String(string(cell)))
	for _, w := range unitOpens {
		if rest, ok := strings.CutPrefix(t, w); ok && (rest == "" || rest[0] == ' ') {
			return true
		}
	}
	for _, w := range unitCloses {
		if rest, ok := strings.CutSuffix(t, w); ok && (rest == "" || strings.HasSuffix(rest, " ")) {
			return true
		}
	}
	return false
}

// names answers for a whole cell without digits: is it a name, is it words.
func (s *scanner) names(all uint8) {
	t := s.text[s.begin:s.end]
	if len(t) < 3 || len(t) > 120 || all&(clsAt|clsColon) != 0 {
		return
	}
	if s.wantUnits && namesUnit(t) {
		s.flags |= flagUnit
	}
	words, strict := 0, false
	first, isName := true, true
	for i := 0; i < len(t); {
		if t[i] == ' ' {
			i++
			continue
		}
		e := i
		for e < len(t) && t[e] != ' ' {
			c := t[e]
			if class[c]&(clsLetter|clsHigh) == 0 && c != '\'' && c != '-' && !(c == '.' && e > i) {
				return
			}
			e++
		}
		w := t[i:e]
		words++
		if words > 6 {
			return
		}
		if isName {
			var ok bool
			if w[len(w)-1] == '.' {
				w = w[:len(w)-1]
			}
			if s.tok, ok = foldWord(s.tok[:0], w); !ok {
				isName = false
			} else if first && titles[string(s.tok)] && e < len(t) {
				words--
				i = e
				continue
			} else if first {
				first = false
				isName = isSurname(w, s.tok)
			} else {
				strict = givenFolded[string(s.tok)]
			}
		}
		i = e
	}
	s.flags |= flagAlpha
	if words >= 2 {
		s.flags |= flagWords
	}
	if isName && strict && words >= 2 && words <= 5 {
		s.flags |= flagNameStrict
		s.hit(kName, s.begin, s.end)
	}
}

// nameSpans finds names inside text: capitalised words, the strict rule, not
// behind a word that opens a street's or a school's name.
func (s *scanner) nameSpans() {
	t := s.text
	afterUnit := false
	var buf [48]byte
	for i := 0; i < len(t); {
		if class[t[i]]&(clsLetter|clsHigh) == 0 {
			if t[i] != ' ' && t[i] != '.' {
				afterUnit = false
			}
			i++
			continue
		}
		e := wordEnd(t, i)
		w := t[i:e]
		if len(w) > 40 {
			i, afterUnit = e, false
			continue
		}
		folded, ok := foldWord(buf[:0], w)
		if !ok {
			i, afterUnit = e, false
			continue
		}
		if !afterUnit && capital(w) && isSurname(w, folded) {
			if to := s.nameEnd(i, e); to > 0 {
				s.hitName(i, to)
				i, afterUnit = to, false
				continue
			}
		}
		afterUnit = unitWords[string(folded)]
		i = e
	}
}

func (s *scanner) hitName(from, to int) {
	s.flags |= flagNameText
	if s.collect {
		s.hit(kName, from, to)
	}
}

// nameEnd extends a name from its surname at from..to: the longest of up to
// five capitalised words that ends in a given name, 0 if there is none.
func (s *scanner) nameEnd(from, to int) int {
	t := s.text
	end := 0
	var whole, buf [64]byte
	all, _ := foldWord(whole[:0], t[from:to])
	for n := 1; n < 5; n++ {
		if to+1 >= len(t) || t[to] != ' ' || class[t[to+1]]&(clsLetter|clsHigh) == 0 {
			break
		}
		e := wordEnd(t, to+1)
		w := t[to+1 : e]
		if len(w) > 24 || !capital(w) || e < len(t) && digit(t[e]) {
			break
		}
		folded, ok := foldWord(buf[:0], w)
		if !ok {
			break
		}
		if len(all)+len(folded)+1 <= len(whole) {
			all = append(append(all, ' '), folded...)
		}
		to = e
		if givenFolded[string(folded)] && !notNames[string(all)] {
			end = e
		}
	}
	return end
}

func wordEnd(t []byte, i int) int {
	for i < len(t) && class[t[i]]&(clsLetter|clsHigh) != 0 {
		i++
	}
	return i
}

func capital(w []byte) bool {
	if w[0] < 0x80 {
		return letter(w[0])
	}
	r, _ := utf8.DecodeRune(w)
	return unicode.IsUpper(r)
}
