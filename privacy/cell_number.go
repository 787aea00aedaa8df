package privacy

import (
	"math/bits"
	"strconv"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/decimal128"
)

// appendDecimal appends n / 10^scale with all its digits. Arrow's ToString says
// the same through a big.Float, at a hundred times the price.
func appendDecimal(dst []byte, n decimal128.Num, scale int32) []byte {
	if scale < 0 {
		return append(dst, n.ToString(scale)...)
	}
	hi, lo := uint64(n.HighBits()), n.LowBits()
	if n.Sign() < 0 {
		dst = append(dst, '-')
		var borrow uint64
		lo, borrow = bits.Sub64(0, lo, 0)
		hi, _ = bits.Sub64(0, hi, borrow)
	}
	var buf [40]byte // 2^127 has 39 digits
	digits := buf[:0]
	if hi == 0 {
		digits = strconv.AppendUint(digits, lo, 10)
	} else {
		const ten19 = 10_000_000_000_000_000_000 // more than any hi
		q, r := bits.Div64(hi, lo, ten19)
		digits = strconv.AppendUint(digits, q, 10)
		digits = append(digits, "0000000000000000000"...)
		for i := len(digits) - 1; r > 0; i-- {
			digits[i] = byte('0' + r%10)
			r /= 10
		}
	}
	point := len(digits) - int(scale)
	if scale == 0 {
		return append(dst, digits...)
	}
	if point <= 0 {
		dst = append(dst, '0', '.')
		for ; point < 0; point++ {
			dst = append(dst, '0')
		}
		return append(dst, digits...)
	}
	dst = append(append(dst, digits[:point]...), '.')
	return append(dst, digits[point:]...)
}

// appendDate appends an ISO date.
func appendDate(dst []byte, d arrow.Date32) []byte {
	// Days to the civil calendar, counted in eras of 400 years from 1 March
	// 0000: H. Hinnant, "chrono-Compatible Low-Level Date Algorithms".
	days := int64(d) + 719_468
	if days < 60 || days >= 3_652_425 { // before the year 1, or not before March 10000
		return d.ToTime().AppendFormat(dst, "2006-01-02")
	}
	era := days / 146_097
	of := days % 146_097
	year := (of - of/1_460 + of/36_524 - of/146_096) / 365
	day := of - (365*year + year/4 - year/100)
	month := (5*day + 2) / 153
	day -= (153*month + 2) / 5
	year += era * 400
	if month += 3; month > 12 {
		month -= 12
		year++
	}
	if year > 9999 {
		return d.ToTime().AppendFormat(dst, "2006-01-02")
	}
	day++
	return append(dst, byte('0'+year/1000), byte('0'+year/100%10), byte('0'+year/10%10), byte('0'+year%10), '-',
		byte('0'+month/10), byte('0'+month%10), '-', byte('0'+day/10), byte('0'+day%10))
}
