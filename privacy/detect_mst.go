package privacy

// Vietnam's tax code of an organisation: 10 digits, the last a check digit,
// and -NNN for a branch. It is public. Since 1 July 2025 the tax code of a
// person, a household or a household business is the owner's personal number
// of 12 digits: that one is never public (decide.go, rule "mst12").
var mst = Detector{
	Kind: "mst", Class: ClassPublic, Strength: Medium,
	Hints:  []string{"mst", "ma so thue", "ma thue", "tax code", "tax id", "taxcode", "tax number", "ma so doanh nghiep", "msdn", "vat number"},
	Rate:   constant(.092, 10, 13),
	digits: []int{10, 13},
	number: func(n number, _ int) bool { return !n.plus && !n.paren && taxCode(n.d) },
}

var taxWeights = [9]int{31, 29, 23, 19, 17, 13, 7, 5, 3}

func taxCode(d []byte) bool {
	if len(d) == 13 {
		if string(d[10:]) == "000" {
			return false
		}
	} else if len(d) != 10 {
		return false
	}
	if string(d[2:9]) == "0000000" {
		return false
	}
	sum := 0
	for i, w := range taxWeights {
		sum += w * int(d[i]-'0')
	}
	return sum%11 != 0 && 10-sum%11 == int(d[9]-'0')
}
