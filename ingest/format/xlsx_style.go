package format

import (
	"math"
	"strconv"
	"strings"
)

// shown is what a number format makes of a number.
type shown uint8

const (
	shownNumber shown = iota
	shownDate
	shownTime
	shownStamp   // date and time
	shownElapsed // hours beyond 24
	shownShare   // per cent
	shownCode    // a fixed number of digits, as 00000
)

// numberFormat is one entry of a workbook's cell formats.
type numberFormat struct {
	shown  shown
	digits int // of a code
}

// builtinFormats are the numbers that ECMA-376 part 1, 18.8.30 gives to dates
// and times, with those of the East Asian versions.
func builtinFormat(id int) numberFormat {
	switch {
	case id >= 14 && id <= 17, id >= 27 && id <= 31, id == 36, id >= 50 && id <= 54, id == 57, id == 58:
		return numberFormat{shown: shownDate}
	case id >= 18 && id <= 21, id >= 32 && id <= 35, id == 45, id == 47, id == 55, id == 56:
		return numberFormat{shown: shownTime}
	case id == 22:
		return numberFormat{shown: shownStamp}
	case id == 46:
		return numberFormat{shown: shownElapsed}
	case id == 9, id == 10:
		return numberFormat{shown: shownShare}
	}
	return numberFormat{}
}

// formatOf reads the code of a number format: its first section, since that
// one is for numbers above zero.
func formatOf(code string) numberFormat {
	var plain strings.Builder // what is no literal, lower case
	literal := false
	elapsed := false
	for i := 0; i < len(code); i++ {
		switch c := code[i]; c {
		case '"':
			literal = true
			if n := strings.IndexByte(code[i+1:], '"'); n >= 0 {
				i += n + 1
			} else {
				i = len(code)
			}
		case '\\', '_', '*':
			literal = literal || c == '\\'
			i++
		case '[':
			n := strings.IndexByte(code[i:], ']')
			if n < 0 {
				return numberFormat{}
			}
			if n > 1 && strings.Trim(strings.ToLower(code[i+1:i+n]), "hms") == "" {
				elapsed = true
			}
			i += n
		case ';':
			i = len(code)
		default:
			plain.WriteByte(c | 0x20*b2i(c >= 'A' && c <= 'Z'))
		}
	}
	p := plain.String()
	p = strings.ReplaceAll(strings.ReplaceAll(p, "am/pm", "h"), "a/p", "h")
	if strings.Contains(p, "general") || p == "@" {
		return numberFormat{}
	}
	// Digits stand in a time only behind its seconds: "0 VND" is no date.
	number := strings.Contains(p, "#") || strings.Contains(p, "0") && !strings.Contains(p, "s")
	date := !number && strings.ContainsAny(p, "yd")
	time := !number && strings.ContainsAny(p, "hs")
	if !number && !date && !time && strings.Contains(p, "m") {
		date = true // a month alone
	}
	switch {
	case elapsed:
		return numberFormat{shown: shownElapsed}
	case date && time:
		return numberFormat{shown: shownStamp}
	case date:
		return numberFormat{shown: shownDate}
	case time:
		return numberFormat{shown: shownTime}
	case strings.Contains(p, "%"):
		return numberFormat{shown: shownShare}
	}
	// Zeros that are always shown make a code, where there are two at least.
	if zero := strings.IndexByte(p, '0'); zero >= 0 && !literal && strings.Trim(p, "0#") == "" {
		if n := len(p) - zero; n > 1 {
			return numberFormat{shown: shownCode, digits: n}
		}
	}
	return numberFormat{}
}

func b2i(b bool) byte {
	if b {
		return 1
	}
	return 0
}

// appendNumber writes the double that v stands for with the fewest digits that
// read back: 15 where 15 do. A whole number stands as it is written, since
// other programs than Excel write them beyond what a double holds. ok is
// false where v is no number.
func appendNumber(dst, v []byte) (_ []byte, ok bool) {
	if whole(v) {
		if string(v) == "-0" {
			v = v[1:]
		}
		return append(dst, v...), true
	}
	f, err := strconv.ParseFloat(string(v), 64)
	if err != nil || math.IsInf(f, 0) || math.IsNaN(f) || len(v) > 400 {
		return dst, false
	}
	return appendFloat(dst, f), true
}

func whole(v []byte) bool {
	if len(v) > 0 && v[0] == '-' {
		v = v[1:]
	}
	if len(v) == 0 || len(v) > 38 || v[0] == '0' && len(v) > 1 {
		return false
	}
	for _, x := range v {
		if !digit(x) {
			return false
		}
	}
	return true
}

// appendFloat writes plain decimals, and an exponent only where those would be
// longer than any number that people write.
func appendFloat(dst []byte, f float64) []byte {
	if f == 0 {
		return append(dst, '0')
	}
	if a := math.Abs(f); a >= 1e-15 && a < 1e22 {
		return strconv.AppendFloat(dst, f, 'f', -1, 64)
	}
	return strconv.AppendFloat(dst, f, 'e', -1, 64)
}

const lastSerial = 2_958_466 // the day after 9999-12-31, in the 1900 system

// appendSerial writes a date or time from its serial number of days. ok is
// false where it is none: the number itself is the cell then.
func appendSerial(dst []byte, v []byte, how shown, date1904 bool) (_ []byte, ok bool) {
	f, err := strconv.ParseFloat(string(v), 64)
	if err != nil || !(f >= 0 && f < lastSerial) {
		return dst, false
	}
	days := int64(f)
	ms := int64(math.Round((f - float64(days)) * 86_400_000))
	if ms == 86_400_000 {
		days, ms = days+1, 0
	}
	if how == shownElapsed {
		dst = strconv.AppendInt(dst, days*24+ms/3_600_000, 10)
		return appendClock(append(dst, ':'), ms, false), true
	}
	if how == shownTime && days == 0 {
		return appendClock(dst, ms, true), true
	}
	if date1904 {
		days += 1462
		if days >= lastSerial {
			return dst, false
		}
	}
	switch {
	case days == 0 || days == 60 && !date1904:
		// 1900-01-00, and 29 February 1900, which Excel knows and the calendar
		// does not: shown as there, and no date.
		day := "1900-01-00"
		if days == 60 {
			day = "1900-02-29"
		}
		dst = append(dst, day...)
	case days < 60:
		dst = appendDay(dst, days+epoch1900+1)
	default:
		dst = appendDay(dst, days+epoch1900)
	}
	if ms > 0 || how == shownStamp || how == shownTime {
		dst = appendClock(append(dst, 'T'), ms, true)
	}
	return dst, true
}

// epoch1900 is day 0 of the 1900 system, from March 1900 on, in days since 1970.
var epoch1900 = int64(daysSince1970(1899, 12, 30))

func appendDay(dst []byte, days int64) []byte {
	y, m, d := civilOf(days)
	dst = append(dst, byte('0'+y/1000), byte('0'+y/100%10), byte('0'+y/10%10), byte('0'+y%10), '-')
	return append(dst, byte('0'+m/10), byte('0'+m%10), '-', byte('0'+d/10), byte('0'+d%10))
}

func appendClock(dst []byte, ms int64, hours bool) []byte {
	two := func(n int64) { dst = append(dst, byte('0'+n/10), byte('0'+n%10)) }
	if hours {
		two(ms / 3_600_000)
		dst = append(dst, ':')
	}
	two(ms / 60_000 % 60)
	dst = append(dst, ':')
	two(ms / 1000 % 60)
	if ms %= 1000; ms > 0 {
		dst = append(dst, '.', byte('0'+ms/100), byte('0'+ms/10%10), byte('0'+ms%10))
	}
	return dst
}

// civilOf is the inverse of daysSince1970.
func civilOf(days int64) (y, m, d int) {
	z := days + 719468
	era := z / 146097
	doe := z - era*146097
	yoe := (doe - doe/1460 + doe/36524 - doe/146096) / 365
	doy := doe - (365*yoe + yoe/4 - yoe/100)
	mp := (5*doy + 2) / 153
	d = int(doy - (153*mp+2)/5 + 1)
	m = int(mp + 3)
	if m > 12 {
		m -= 12
	}
	y = int(yoe + era*400)
	if m <= 2 {
		y++
	}
	return y, m, d
}
