package datasets

import (
	"math"
	"math/bits"
)

// sketch estimates how many different values it was given (HyperLogLog, 2^14
// registers: a standard error of 0.8 %). It is given a hash of each.
type sketch struct{ max []uint8 }

const sketchBits = 14

func (s *sketch) add(h uint64) {
	if s.max == nil {
		s.max = make([]uint8, 1<<sketchBits)
	}
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
