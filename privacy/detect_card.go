package privacy

// card is a payment card: a known issuer's range, its length, and Luhn.
var card = Detector{
	Kind: "card", Class: ClassDirect, Strength: Medium, Sparse: true, InText: true,
	Hints: []string{"card number", "credit card", "creditcard", "cc number", "ccnumber", "payment card", "the tin dung", "so the tin dung",
		"so the ngan hang", "so the", "debit card", "pan"},
	Rate: func(s Shape) float64 {
		if s.Digits < 12 || s.Digits > 19 || s.Lead < 100 {
			return 0
		}
		// The first three digits settle most ranges; the rest counts in full.
		for tail := 0; tail < 1000; tail += 111 {
			if issuer(s.Lead*1000+tail, s.Digits) {
				return .1
			}
		}
		return 0
	},
	digits: span(12, 19),
	number: func(n number, _ int) bool {
		if n.plus || n.paren {
			return false
		}
		lead := 0
		for _, c := range n.d[:6] {
			lead = lead*10 + int(c-'0')
		}
		return issuer(lead, len(n.d)) && luhn(n.d)
	},
}

// issuer knows the ranges by the first six digits and the length.
func issuer(lead, n int) bool {
	two, three, four := lead/10000, lead/1000, lead/100
	switch {
	case two/10 == 4: // Visa
		return n == 13 || n == 16 || n == 19
	case two >= 51 && two <= 55, four >= 2221 && four <= 2720: // Mastercard
		return n == 16
	case two == 34, two == 37: // American Express
		return n == 15
	case three >= 300 && three <= 305, two == 36, two == 38, two == 39: // Diners
		return n == 14 || two == 36 && n == 19 || n == 16
	case four >= 3528 && four <= 3589: // JCB
		return n >= 16
	case four == 2131, four == 1800: // JCB of 15
		return n == 15
	case four == 6011, three >= 644 && three <= 649, two == 65: // Discover
		return n == 16 || n == 19
	case two == 62: // UnionPay
		return n >= 16
	case three == 970: // NAPAS, Vietnam's own
		return n == 16 || n == 19
	case two == 50, two >= 56 && two <= 58, two == 67, four == 6304, four == 6390: // Maestro
		return n >= 12
	}
	return false
}

func luhn(d []byte) bool {
	sum, double := 0, false
	for i := len(d) - 1; i >= 0; i-- {
		v := int(d[i] - '0')
		if double {
			if v *= 2; v > 9 {
				v -= 9
			}
		}
		sum += v
		double = !double
	}
	return sum%10 == 0
}

// ean is the article number in shops. It is no personal datum: it stands in
// the table so that a column of them is known for what it is.
var ean = Detector{
	Kind: "ean", Class: ClassNone, Strength: Medium,
	Hints:  []string{"ean", "gtin", "barcode", "ma vach", "isbn", "upc"},
	Rate:   constant(.1, 12, 13, 14),
	digits: []int{12, 13, 14},
	number: func(n number, _ int) bool {
		if n.plus || n.paren {
			return false
		}
		sum, w := 0, 3
		for i := len(n.d) - 2; i >= 0; i-- {
			sum += w * int(n.d[i]-'0')
			w = 4 - w
		}
		return (10-sum%10)%10 == int(n.d[len(n.d)-1]-'0')
	},
}
