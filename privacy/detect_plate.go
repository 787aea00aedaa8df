package privacy

// plateVN is a registration plate: since August 2023 it follows its owner, not
// the vehicle. 30A-123.45, 29-B1 123.45, 80A-12345.
var plateVN = Detector{
	Kind: "plate_vn", Class: ClassDirect, Strength: Medium,
	Hints: []string{"bien so", "bien kiem soat", "bks", "plate", "license plate", "licence plate", "registration plate"},
	words: []int{7, 8, 9},
	word: func(w []byte, n joining) bool {
		if !allDigits(w[:2]) || num(w[:2]) < 11 {
			return false
		}
		rest := w[2:]
		i := 0
		for i < len(rest) && letter(rest[i]) {
			i++
		}
		if i == 0 || i > 2 || !allDigits(rest[i:]) {
			return false
		}
		// One letter and 4 or 5 digits, or a series digit more (motorcycles);
		// in text the separators of a plate must stand there.
		k := len(rest) - i
		return k >= 4 && k <= 6 && (n.parts > 1 || !n.inText)
	},
}
