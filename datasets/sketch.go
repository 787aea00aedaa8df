package datasets

import (
	"math"
	"math/bits"
)

// sketch estimates how many different values it was given (HyperLogLog, 2^12
// registers: a standard error of 1.6 %). Its hash has no seed, so the same rows
// give the same figure.
type sketch struct{ max []uint8 }

const sketchBits = 12

func (s *sketch) add(b []byte) {
	if s.max == nil {
		s.max = make([]uint8, 1<<sketchBits)
	}
	h := hash64(b)
	i := h >> (64 - sketchBits)
	zeros := uint8(bits.LeadingZeros64(h<<sketchBits|1<<(sketchBits-1)) + 1)
	if zeros > s.max[i] {
		s.max[i] = zeros
	}
}

func (s *sketch) count() int64 {
	const m = 1 << sketchBits
	if s.max == nil {
		return 0
	}
	sum, empty := 0.0, 0
	for _, z := range s.max {
		sum += math.Ldexp(1, -int(z))
		if z == 0 {
			empty++
		}
	}
	e := 0.7213 / (1 + 1.079/m) * m * m / sum
	if e <= 2.5*m && empty > 0 {
		e = m * math.Log(m/float64(empty)) // few values: count empty registers instead
	}
	return int64(math.Round(e))
}

// hash64 is FNV-1a, stirred at the end: its high bits alone are poor.
func hash64(b []byte) uint64 {
	h := uint64(14695981039346656037)
	for _, c := range b {
		h = (h ^ uint64(c)) * 1099511628211
	}
	h = (h ^ h>>33) * 0xff51afd7ed558ccd
	h = (h ^ h>>33) * 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}
