package privacy

// Vietnam's personal number (thẻ căn cước, 12 digits since 2016) and its
// predecessor, the card number of 9 digits.
//
// PPP G YY NNNNNN: province (or country) of birth registration, century and
// sex, year of birth, a random rest; there is no check digit.

var idHints = []string{"cccd", "cmnd", "cmt", "cmtnd", "cmndcccd", "cccdcmnd", "can cuoc", "chung minh", "dinh danh ca nhan",
	"so dinh danh", "ma dinh danh", "dinh danh", "so ddcn", "ddcn", "so giay to", "giay to tuy than", "citizen id", "citizen number", "citizen no", "national id",
	"identity card", "identity number", "id card", "personal number", "personal id"}

var cccd = Detector{
	Kind: "cccd", Class: ClassDirect, Strength: Strong, Family: "id", Sparse: true, InText: true,
	Hints: idHints,
	Rate: func(s Shape) float64 {
		if s.Digits != 12 || !provinces[s.Lead%1000] {
			return 0
		}
		return centuryRate
	},
	digits: []int{12},
	number: func(n number, year int) bool { return !n.plus && personalNumber(n.d, year) },
}

// cccdShort is the same number after a spreadsheet dropped its leading zeros:
// 11 digits, 10 for the provinces 001 to 008.
var cccdShort = Detector{
	Kind: "cccd_short", Class: ClassDirect, Strength: Strong, Family: "id",
	Hints: idHints,
	Rate: func(s Shape) float64 {
		switch {
		case s.Digits == 11 && s.Lead >= 100 && provinces[s.Lead/10]:
			return centuryDigit(s.Lead % 10)
		case s.Digits == 10 && s.Lead >= 100 && provinces[s.Lead/100]:
			return centuryDigit(s.Lead / 10 % 10)
		}
		return 0
	},
	digits: []int{10, 11},
	number: func(n number, year int) bool {
		if n.plus || n.paren || n.d[0] == '0' {
			return false
		}
		var full [12]byte
		full[0], full[1] = '0', '0'
		copy(full[12-len(n.d):], n.d)
		return personalNumber(full[:], year)
	},
}

// The old card: 9 digits, two for the province that issued it; 8 where the
// zero was lost. It has no check, so it is believed only under its name.
var cmnd = Detector{
	Kind: "cmnd", Class: ClassDirect, Strength: Weak, Family: "id",
	Hints:  idHints,
	Rate:   constant(.38, 8, 9),
	digits: []int{8, 9},
	number: func(n number, _ int) bool {
		if n.plus || n.paren {
			return false
		}
		if len(n.d) == 8 {
			return n.d[0] != '0'
		}
		p := int(n.d[0]-'0')*10 + int(n.d[1]-'0')
		return p >= 1 && p <= 38
	},
}

// The share of G and YY that can be: 0 and 1 with any year, 2 and 3 with the
// years of this century so far (about a quarter).
const centuryRate = .2 + .2*.27

func centuryDigit(g int) float64 {
	switch g {
	case 0, 1:
		return 1
	case 2, 3:
		return .27
	}
	return 0
}

func personalNumber(d []byte, year int) bool {
	if d[0] != '0' || !provinces[int(d[1]-'0')*10+int(d[2]-'0')] {
		return false
	}
	yy := int(d[4]-'0')*10 + int(d[5]-'0')
	switch d[3] {
	case '0', '1':
		return true
	case '2', '3':
		return year == 0 || 2000+yy <= year
	}
	return false
}

// provinces are the 63 codes in use before the merger of July 2025, which
// people keep. (The codes of countries, for those born abroad, are not here:
// such a number is found by its column's name or not at all.)
var provinces = func() (t [1000]bool) {
	for _, p := range []int{1, 2, 4, 6, 8, 10, 11, 12, 14, 15, 17, 19, 20, 22, 24, 25, 26, 27, 30, 31, 33, 34, 35, 36, 37, 38,
		40, 42, 44, 45, 46, 48, 49, 51, 52, 54, 56, 58, 60, 62, 64, 66, 67, 68, 70, 72, 74, 75, 77, 79, 80, 82, 83, 84, 86, 87,
		89, 91, 92, 93, 94, 95, 96} {
		t[p] = true
	}
	return t
}()
