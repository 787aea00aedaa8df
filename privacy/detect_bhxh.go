package privacy

// Social insurance number, health card, passport and bank account: no check
// digit that is published, so each is believed only under its name.

var bhxh = Detector{
	Kind: "bhxh", Class: ClassDirect, Strength: Weak,
	Hints:  []string{"bhxh", "bao hiem xa hoi", "so so bhxh", "social insurance"},
	digits: []int{10},
	Rate:   constant(1, 10),
	number: func(n number, _ int) bool { return !n.plus && !n.paren },
}

// bhyt is two letters (who pays), a digit (how much), two (province), and the
// ten of the social insurance number; since 2021 the ten alone are in use.
var bhyt = Detector{
	Kind: "bhyt", Class: ClassDirect, Strength: Weak, InText: true,
	Hints:  []string{"bhyt", "bao hiem y te", "the bhyt", "health card", "health insurance"},
	digits: []int{10},
	number: func(n number, _ int) bool { return !n.plus && !n.paren && !n.inText },
	Rate:   constant(1, 10),
	words:  []int{15},
	word: func(w []byte, _ joining) bool {
		return letter(w[0]) && letter(w[1]) && w[2] >= '1' && w[2] <= '5' && allDigits(w[3:])
	},
}

var passportVN = Detector{
	Kind: "passport_vn", Class: ClassDirect, Strength: Weak, Family: "id",
	Hints: []string{"ho chieu", "passport"},
	words: []int{8, 9},
	word:  func(w []byte, n joining) bool { return letter(w[0]) && allDigits(w[1:]) && n.parts <= 2 },
}

var bankAccount = Detector{
	Kind: "bank_account", Class: ClassDirect, Strength: Weak,
	Hints:  []string{"so tai khoan", "stk", "so tk", "bank account", "account number", "account no", "tai khoan ngan hang"},
	digits: span(8, 17),
	Rate:   constant(1, span(8, 17)...),
	number: func(n number, _ int) bool { return !n.plus && !n.paren },
}
