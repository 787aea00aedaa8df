package tableschema

import "math/big"

// plainNumber writes 1.5e3 as 1500. What is no number, or is far out of any
// table's range, stays as it is.
func plainNumber(b []byte) []byte {
	if len(b) > 64 {
		return b
	}
	f, _, err := big.ParseFloat(string(b), 10, 256, big.ToNearestEven)
	if err != nil || f.IsInf() {
		return b
	}
	if e := f.MantExp(nil); e > 2048 || e < -2048 {
		return b
	}
	return []byte(f.Text('f', 40))
}
