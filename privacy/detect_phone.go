package privacy

import "bytes"

var phoneHints = []string{"sdt", "dtdd", "so dt", "dien thoai", "di dong", "so may", "phone", "telephone", "tel", "mobile", "cell phone", "cellphone",
	"hotline", "zalo", "fax", "phone number", "so lien lac"}

// phoneVN is a mobile number of Vietnam: 0, +84, 84 or 0084, then the prefix
// of an operator and seven digits; also the 11-digit numbers given up on
// 15 September 2018, which still stand in old registers.
var phoneVN = Detector{
	Kind: "phone_vn", Class: ClassDirect, Strength: Medium, Family: "phone", Sparse: true, InText: true,
	Hints: phoneHints,
	Rate: func(s Shape) float64 {
		switch {
		case s.Digits == 10 && s.Lead/100 == 0 && mobilePrefix[s.Lead]:
			return 1
		case s.Digits == 11 && s.Lead/100 == 0 && oldPrefixes(s.Lead%100) > 0:
			return float64(oldPrefixes(s.Lead%100)) / 10
		case s.Digits == 11 && s.Lead/10 == 84:
			return float64(mobilePrefixes(s.Lead%10)) / 10
		case s.Digits == 13 && s.Lead == 8:
			return .037 // 0084…, of which the first three digits say little
		}
		return 0
	},
	digits: []int{10, 11, 12, 13, 14},
	number: func(n number, _ int) bool {
		rest, ok := nationalVN(n)
		return ok && mobile(rest)
	},
}

// phoneShort is a mobile number whose leading 0 a spreadsheet dropped. Nine
// digits pass in more than a third of the cases: only under a telephone's name.
var phoneShort = Detector{
	Kind: "phone_vn_short", Class: ClassDirect, Strength: Weak, Family: "phone",
	Hints: phoneHints,
	Rate: func(s Shape) float64 {
		if s.Digits == 9 && mobilePrefix[s.Lead/10] {
			return 1
		}
		return 0
	},
	digits: []int{9},
	number: func(n number, _ int) bool { return !n.plus && n.d[0] != '0' && mobile(n.d) },
}

// landlineVN is a fixed line: 02, an area, and the rest to 11 digits in all.
var landlineVN = Detector{
	Kind: "landline_vn", Class: ClassPublic, Strength: Medium, Family: "phone", InText: true,
	Hints: phoneHints,
	Rate: func(s Shape) float64 {
		if s.Digits == 11 && s.Lead/10 == 2 {
			return float64(areas(s.Lead%10)) / 10
		}
		return 0
	},
	digits: []int{11, 12, 13, 14},
	number: func(n number, _ int) bool {
		rest, ok := nationalVN(n)
		return ok && fixed(rest)
	},
}

// nationalVN strips 0, +84, 84, 0084, and the 0 that some write after +84.
func nationalVN(n number) ([]byte, bool) {
	d := n.d
	switch {
	case n.plus:
		if d[0] != '8' || d[1] != '4' {
			return nil, false
		}
		d = d[2:]
		if d[0] == '0' {
			d = d[1:]
		}
	case bytes.HasPrefix(d, []byte("0084")):
		if d = d[4:]; d[0] == '0' {
			d = d[1:]
		}
	case d[0] == '0':
		d = d[1:]
	case d[0] == '8' && d[1] == '4' && len(d) >= 11:
		if d = d[2:]; d[0] == '0' {
			d = d[1:]
		}
	default:
		return nil, false
	}
	return d, len(d) >= 9 && len(d) <= 10
}

func mobile(d []byte) bool {
	if len(d) == 9 {
		return mobilePrefix[int(d[0]-'0')*10+int(d[1]-'0')]
	}
	if d[0] != '1' {
		return false
	}
	switch a, b := d[1], d[2]; a {
	case '6':
		return b >= '2'
	case '2':
		return true
	case '8':
		return b == '6' || b == '8'
	case '9':
		return b == '9'
	}
	return false
}

// oldPrefixes counts the third digits that old mobile numbers 01ab… may have,
// given 1a.
func oldPrefixes(two int) int {
	switch two {
	case 16:
		return 8
	case 12:
		return 10
	case 18:
		return 2
	case 19:
		return 1
	}
	return 0
}

var mobilePrefix = func() (t [100]bool) {
	for _, p := range []int{32, 33, 34, 35, 36, 37, 38, 39, 52, 55, 56, 58, 59, 70, 76, 77, 78, 79} {
		t[p] = true
	}
	for p := 81; p <= 99; p++ {
		t[p] = true
	}
	return t
}()

func mobilePrefixes(first int) int {
	n := 0
	for _, ok := range mobilePrefix[first*10 : first*10+10] {
		if ok {
			n++
		}
	}
	return n
}

// fixed knows the 63 areas in use since 2017: 24 and 28 with eight digits,
// the others with three and seven.
func fixed(d []byte) bool {
	if len(d) != 10 || d[0] != '2' {
		return false
	}
	return d[1] == '4' || d[1] == '8' || area[int(d[1]-'0')*10+int(d[2]-'0')]
}

var area = func() (t [100]bool) {
	for _, a := range []int{3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 18, 19, 20, 21, 22, 25, 26, 27, 28, 29, 32, 33, 34, 35,
		36, 37, 38, 39, 51, 52, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63, 69, 70, 71, 72, 73, 74, 75, 76, 77, 90, 91, 92, 93, 94, 96, 97, 99} {
		t[a] = true
	}
	return t
}()

func areas(second int) int {
	if second == 4 || second == 8 {
		return 10
	}
	n := 0
	for _, ok := range area[second*10 : second*10+10] {
		if ok {
			n++
		}
	}
	return n
}

// phoneIntl is any other telephone number: a plus, a country code that is in
// use and 7 to 15 digits; inside text also the forms of North America, and
// what stands next to a word such as "call" or "điện thoại".
var phoneIntl = Detector{
	Kind: "phone_intl", Class: ClassDirect, Strength: Medium, Family: "phone", Sparse: true, InText: true,
	Hints:  phoneHints,
	Rate:   func(Shape) float64 { return 0 },
	digits: span(7, 15),
	number: func(n number, _ int) bool {
		switch {
		case n.plus:
			if d, ok := nationalVN(n); ok && (mobile(d) || fixed(d)) {
				return false // Vietnam's own kinds speak for it
			}
			return countryCode(n.d)
		case n.inText && n.phoneWord && len(n.d) <= 13:
			return true
		case len(n.d) == 10 && n.is(3, 3, 4) && (n.sep == '-' || n.sep == '.' || n.paren):
			return true
		case len(n.d) == 11 && n.is(1, 3, 3, 4) && n.d[0] == '1', len(n.d) == 13 && n.is(3, 3, 3, 4) && bytes.HasPrefix(n.d, []byte("001")):
			return true
		}
		return false
	},
}

// countryCode knows the zones and what is not given out in each.
func countryCode(d []byte) bool {
	if len(d) < 7 {
		return false
	}
	switch d[0] {
	case '0':
		return false
	case '1':
		return len(d) == 11 && d[1] >= '2'
	case '7':
		return len(d) == 11
	}
	two := int(d[0]-'0')*10 + int(d[1]-'0')
	for _, c := range []int{20, 27, 30, 31, 32, 33, 34, 36, 39, 40, 41, 43, 44, 45, 46, 47, 48, 49, 51, 52, 53, 54, 55, 56, 57, 58,
		60, 61, 62, 63, 64, 65, 66, 81, 82, 84, 86, 90, 91, 92, 93, 94, 95, 98} {
		if two == c {
			return true
		}
	}
	// Three digits: every 2xx, 35x, 37x, 38x, 42x, 50x, 59x, 67x to 69x, 85x, 88x, 96x, 97x, 99x block that has countries.
	switch two {
	case 21, 22, 23, 24, 25, 26, 29, 35, 37, 38, 42, 50, 59, 67, 68, 69, 80, 85, 87, 88, 96, 97, 99:
		return len(d) >= 9
	}
	return false
}
