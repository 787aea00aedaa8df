package privacy

// iban is an international bank account number: country, two check digits,
// an account of the length that country uses, 97 in ISO 7064.
var iban = Detector{
	Kind: "iban", Class: ClassDirect, Strength: Strong, Sparse: true, InText: true,
	Hints: []string{"iban", "bank account", "account number", "so tai khoan"},
	words: span(15, 34),
	word: func(w []byte, n joining) bool {
		if !letter(w[0]) || !letter(w[1]) || !digit(w[2]) || !digit(w[3]) {
			return false
		}
		f, ok := bban[string(w[:2])]
		return ok && len(w) == 4+f.length() && f.fits(w[4:]) && mod97(w)
	},
}

// mod97 reads the account, then country and check digits, letters as 10 to 35.
func mod97(w []byte) bool {
	r := 0
	step := func(c byte) {
		if digit(c) {
			r = (r*10 + int(c-'0')) % 97
		} else {
			r = (r*100 + int(c-'A') + 10) % 97
		}
	}
	for _, c := range w[4:] {
		step(c)
	}
	for _, c := range w[:4] {
		step(c)
	}
	return r == 1
}

// A bbanForm is the registry's notation without lengths in between: n digits,
// a letters, c either, each with a count: "4a14n".
type bbanForm string

func (f bbanForm) length() int {
	total, n := 0, 0
	for _, c := range []byte(f) {
		if digit(c) {
			n = n*10 + int(c-'0')
		} else {
			total, n = total+n, 0
		}
	}
	return total
}

func (f bbanForm) fits(b []byte) bool {
	n := 0
	for _, c := range []byte(f) {
		if digit(c) {
			n = n*10 + int(c-'0')
			continue
		}
		for ; n > 0; n-- {
			switch {
			case c == 'n' && !digit(b[0]), c == 'a' && !letter(b[0]):
				return false
			}
			b = b[1:]
		}
	}
	return true
}

// bban holds the countries of the SWIFT registry.
var bban = map[string]bbanForm{
	"AD": "8n12c", "AE": "19n", "AL": "8n16c", "AT": "16n", "AZ": "4a20c", "BA": "16n", "BE": "12n", "BG": "4a6n8c", "BH": "4a14c",
	"BI": "23n", "BR": "23n1a1c", "BY": "4c4n16c", "CH": "5n12c", "CR": "18n", "CY": "8n16c", "CZ": "20n", "DE": "18n", "DJ": "23n",
	"DK": "14n", "DO": "4c20n", "EE": "16n", "EG": "25n", "ES": "20n", "FI": "14n", "FK": "2a12n", "FO": "14n", "FR": "10n11c2n",
	"GB": "4a14n", "GE": "2a16n", "GI": "4a15c", "GL": "14n", "GR": "7n16c", "GT": "4c20c", "HR": "17n", "HU": "24n", "IE": "4a14n",
	"IL": "19n", "IQ": "4a15n", "IS": "22n", "IT": "1a10n12c", "JO": "4a4n18c", "KW": "4a22c", "KZ": "3n13c", "LB": "4n20c",
	"LC": "4a24c", "LI": "5n12c", "LT": "16n", "LU": "3n13c", "LV": "4a13c", "LY": "21n", "MC": "10n11c2n", "MD": "2c18c", "ME": "18n",
	"MK": "3n10c2n", "MN": "16n", "MR": "23n", "MT": "4a5n18c", "MU": "4a19n3a", "NI": "4a20n", "NL": "4a10n", "NO": "11n", "OM": "3n16c",
	"PK": "4a16c", "PL": "24n", "PS": "4a21c", "PT": "21n", "QA": "4a21c", "RO": "4a16c", "RS": "18n", "RU": "14n15c", "SA": "2n18c",
	"SC": "4a20n3a", "SD": "14n", "SE": "20n", "SI": "15n", "SK": "20n", "SM": "1a10n12c", "SO": "19n", "ST": "21n", "SV": "4a20n",
	"TL": "19n", "TN": "20n", "TR": "5n1c16c", "UA": "6n19c", "VA": "18n", "VG": "4a16n", "XK": "16n", "YE": "4a4n18c",
}
