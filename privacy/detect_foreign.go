package privacy

// Personal numbers of other countries, for tables about foreigners and for
// the portals that will run abroad. The checks are those of the issuing
// authorities; each is tried against labelled numbers in the tests.

var frNIR = Detector{
	Kind: "fr_nir", Class: ClassDirect, Strength: Strong, Sparse: true, InText: true,
	Hints:  []string{"nir", "securite sociale", "numero de securite sociale", "num secu"},
	Rate:   constant(.0106, 15),
	digits: []int{15},
	number: func(n number, _ int) bool { return !n.plus && !n.paren && nir(n.d) },
	words:  []int{15},
	word:   func(w []byte, _ joining) bool { return nir(w) },
}

// nir is sex, year, month, department, commune, order and a key of two:
// 97 - (number mod 97), with Corsica's 2A as 19 and 2B as 18.
func nir(w []byte) bool {
	if len(w) != 15 || w[0] != '1' && w[0] != '2' && w[0] != '3' && w[0] != '4' && w[0] != '7' && w[0] != '8' {
		return false
	}
	var d [15]byte
	copy(d[:], w)
	if d[5] == '2' && (d[6] == 'A' || d[6] == 'B') {
		d[6] = '9' - (d[6] - 'A')
		d[5] = '1'
	}
	if !allDigits(d[:]) {
		return false
	}
	month := num(d[3:5])
	if month == 0 || month > 12 && month < 20 || month > 42 && month < 50 {
		return false
	}
	if w[5] == '0' && w[6] == '0' {
		return false
	}
	var n uint64
	for _, c := range d[:13] {
		n = n*10 + uint64(c-'0')
	}
	return 97-n%97 == uint64(num(d[13:]))
}

var cnRIC = Detector{
	Kind: "cn_ric", Class: ClassDirect, Strength: Strong, Sparse: true, InText: true,
	Hints:  []string{"ric", "shenfenzheng", "resident identity"},
	Rate:   constant(.0001, 18),
	digits: []int{18},
	number: func(n number, _ int) bool { return !n.plus && !n.paren && ric(n.d) },
	words:  []int{18},
	word:   func(w []byte, _ joining) bool { return ric(w) },
}

// ric is region, date of birth, order, and ISO 7064 mod 11-2 with X as ten.
func ric(w []byte) bool {
	if !allDigits(w[:17]) || w[0] == '0' || !isDate(num(w[6:10]), num(w[10:12]), num(w[12:14])) {
		return false
	}
	region := num(w[:2])
	if region < 11 || region > 82 || num(w[6:10]) < 1850 || num(w[6:10]) > 2100 {
		return false
	}
	c := 0
	for _, b := range w[:17] {
		c = (c + int(b-'0')) * 2 % 11
	}
	want := byte('0' + (12-c)%11)
	if (12-c)%11 == 10 {
		want = 'X'
	}
	return w[17] == want
}

var krRRN = Detector{
	Kind: "kr_rrn", Class: ClassDirect, Strength: Strong, Sparse: true, InText: true,
	Hints:  []string{"rrn", "resident registration"},
	Rate:   constant(.0036, 13),
	digits: []int{13},
	number: func(n number, _ int) bool {
		if n.plus || n.paren {
			return false
		}
		d := n.d
		year := num(d[:2])
		switch d[6] {
		case '1', '2', '5', '6':
			year += 1900
		case '3', '4', '7', '8':
			year += 2000
		default:
			year += 1800
		}
		if !isDate(year, num(d[2:4]), num(d[4:6])) || num(d[7:9]) > 96 {
			return false
		}
		sum := 0
		for i, w := range [12]int{2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5} {
			sum += w * int(d[i]-'0')
		}
		return (11-sum%11)%10 == int(d[12]-'0')
	},
}

var brCPF = Detector{
	Kind: "br_cpf", Class: ClassDirect, Strength: Strong, Sparse: true, InText: true,
	Hints:  []string{"cpf"},
	Rate:   constant(.0094, 11),
	digits: []int{11},
	number: func(n number, _ int) bool {
		d := n.d
		if n.plus || n.paren || same(d) {
			return false
		}
		for k := 9; k <= 10; k++ {
			sum := 0
			for i := range k {
				sum += (k + 1 - i) * int(d[i]-'0')
			}
			if sum*10%11%10 != int(d[k]-'0') {
				return false
			}
		}
		return true
	},
}

var deIDNr = Detector{
	Kind: "de_idnr", Class: ClassDirect, Strength: Strong, Sparse: true, InText: true,
	Hints:  []string{"idnr", "steuer id", "steuerid", "steueridentifikationsnummer", "steuer identifikationsnummer"},
	Rate:   constant(.0033, 11),
	digits: []int{11},
	number: func(n number, _ int) bool {
		d := n.d
		if n.plus || n.paren || d[0] == '0' {
			return false
		}
		// Among the first ten, exactly one digit stands twice or three times.
		var seen [10]int
		for _, c := range d[:10] {
			seen[c-'0']++
		}
		twice := 0
		for _, k := range seen {
			switch k {
			case 0, 1:
			case 2, 3:
				twice++
			default:
				return false
			}
		}
		if twice != 1 {
			return false
		}
		p := 10
		for _, c := range d[:10] {
			s := (int(c-'0') + p) % 10
			if s == 0 {
				s = 10
			}
			p = s * 2 % 11
		}
		return (11-p)%10 == int(d[10]-'0')
	},
}

var ukNINO = Detector{
	Kind: "uk_nino", Class: ClassDirect, Strength: Strong, Sparse: true, InText: true,
	Hints: []string{"nino", "national insurance", "ni number"},
	words: []int{9},
	word: func(w []byte, _ joining) bool {
		if !letter(w[0]) || !letter(w[1]) || !allDigits(w[2:8]) || w[8] < 'A' || w[8] > 'D' {
			return false
		}
		for _, c := range w[:2] {
			switch c {
			case 'D', 'F', 'I', 'Q', 'U', 'V':
				return false
			}
		}
		if w[1] == 'O' {
			return false
		}
		switch string(w[:2]) {
		case "BG", "GB", "NK", "KN", "NT", "TN", "ZZ":
			return false
		}
		return true
	},
}

const dniLetters = "TRWAGMYFPDXBNJZSQVHLCKE"

var esDNI = Detector{
	Kind: "es_dni", Class: ClassDirect, Strength: Medium,
	Hints: []string{"dni", "nif", "documento nacional"},
	words: []int{9},
	word: func(w []byte, _ joining) bool {
		return allDigits(w[:8]) && w[8] == dniLetters[num(w[:8])%23]
	},
}

var esNIE = Detector{
	Kind: "es_nie", Class: ClassDirect, Strength: Medium,
	Hints: []string{"nie", "numero de identidad de extranjero"},
	words: []int{9},
	word: func(w []byte, _ joining) bool {
		return w[0] >= 'X' && w[0] <= 'Z' && allDigits(w[1:8]) && w[8] == dniLetters[(int(w[0]-'X')*10000000+num(w[1:8]))%23]
	},
}

var inAadhaar = Detector{
	Kind: "in_aadhaar", Class: ClassDirect, Strength: Medium,
	Hints: []string{"aadhaar", "aadhar"},
	Rate: func(s Shape) float64 {
		if s.Digits == 12 && s.Lead >= 200 {
			return .1
		}
		return 0
	},
	digits: []int{12},
	number: func(n number, _ int) bool {
		return !n.plus && !n.paren && n.d[0] >= '2' && !palindrome(n.d) && verhoeff(n.d)
	},
}

// verhoeff is the check over the dihedral group of order ten.
func verhoeff(d []byte) bool {
	c := 0
	for i := range d {
		c = verhoeffMul[c][verhoeffPerm[i%8][d[len(d)-1-i]-'0']]
	}
	return c == 0
}

var verhoeffMul = [10][10]int{
	{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, {1, 2, 3, 4, 0, 6, 7, 8, 9, 5}, {2, 3, 4, 0, 1, 7, 8, 9, 5, 6}, {3, 4, 0, 1, 2, 8, 9, 5, 6, 7},
	{4, 0, 1, 2, 3, 9, 5, 6, 7, 8}, {5, 9, 8, 7, 6, 0, 4, 3, 2, 1}, {6, 5, 9, 8, 7, 1, 0, 4, 3, 2}, {7, 6, 5, 9, 8, 2, 1, 0, 4, 3},
	{8, 7, 6, 5, 9, 3, 2, 1, 0, 4}, {9, 8, 7, 6, 5, 4, 3, 2, 1, 0},
}

var verhoeffPerm = [8][10]int{
	{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, {1, 5, 7, 6, 2, 8, 3, 0, 9, 4}, {5, 8, 0, 3, 7, 9, 6, 1, 4, 2}, {8, 9, 1, 6, 0, 4, 3, 5, 2, 7},
	{9, 4, 5, 3, 1, 2, 6, 8, 7, 0}, {4, 2, 8, 6, 5, 7, 3, 9, 0, 1}, {2, 7, 9, 3, 8, 0, 6, 4, 1, 5}, {7, 0, 4, 6, 9, 1, 3, 2, 5, 8},
}

var jpMyNumber = Detector{
	Kind: "jp_mynumber", Class: ClassDirect, Strength: Medium,
	Hints:  []string{"my number", "mynumber", "kojin bango"},
	Rate:   constant(.09, 12),
	digits: []int{12},
	number: func(n number, _ int) bool {
		d := n.d
		if n.plus || n.paren || same(d) {
			return false
		}
		sum := 0
		for k := 1; k <= 11; k++ {
			q := k + 1
			if k > 6 {
				q = k - 5
			}
			sum += q * int(d[11-k]-'0')
		}
		check := 0
		if r := sum % 11; r > 1 {
			check = 11 - r
		}
		return check == int(d[11]-'0')
	},
}

var thPIN = Detector{
	Kind: "th_pin", Class: ClassDirect, Strength: Medium,
	Hints: []string{"thai id", "th pin", "citizen id"},
	Rate: func(s Shape) float64 {
		if s.Digits == 13 && s.Lead >= 100 && s.Lead < 900 {
			return .1
		}
		return 0
	},
	digits: []int{13},
	number: func(n number, _ int) bool {
		d := n.d
		if n.plus || n.paren || d[0] == '0' || d[0] == '9' {
			return false
		}
		sum := 0
		for i, c := range d[:12] {
			sum += (13 - i) * int(c-'0')
		}
		return (11-sum%11)%10 == int(d[12]-'0')
	},
}

// usSSN passes nine times in ten: as ddd-dd-dddd it is known by its form,
// otherwise only by its column's name.
var usSSN = Detector{
	Kind: "us_ssn", Class: ClassDirect, Strength: Medium, InText: true,
	Hints:  []string{"ssn", "social security", "social security number"},
	digits: []int{9},
	Rate:   constant(.89, 9),
	number: func(n number, _ int) bool {
		d := n.d
		if n.plus || n.paren || !n.is(3, 2, 4) && (n.inText || n.groups() > 1) {
			return false
		}
		if n.groups() == 3 && n.sep != '-' && n.sep != ' ' {
			return false
		}
		a := num(d[:3])
		return a != 0 && a != 666 && a < 900 && num(d[3:5]) != 0 && num(d[5:]) != 0
	},
}

func num(d []byte) int {
	n := 0
	for _, c := range d {
		n = n*10 + int(c-'0')
	}
	return n
}

func same(d []byte) bool {
	for _, c := range d {
		if c != d[0] {
			return false
		}
	}
	return true
}

func palindrome(d []byte) bool {
	for i := range d {
		if d[i] != d[len(d)-1-i] {
			return false
		}
	}
	return true
}

func allDigits(w []byte) bool {
	for _, c := range w {
		if !digit(c) {
			return false
		}
	}
	return true
}

// isDate knows the lengths of months.
func isDate(y, m, d int) bool {
	if m < 1 || m > 12 || d < 1 {
		return false
	}
	days := [...]int{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}[m-1]
	if m == 2 && (y%4 == 0 && y%100 != 0 || y%400 == 0) {
		days = 29
	}
	return d <= days
}
