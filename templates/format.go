package templates

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// nbsp keeps a figure and its unit on one line.
const nbsp = "\u00a0"

// Dates are those of Vietnam: what is published there on the 21st says so
// everywhere. A fixed zone: Vietnam has no summer time.
var vietnam = time.FixedZone("+07", 7*60*60)

var englishMonths = [...]string{"January", "February", "March", "April", "May", "June",
	"July", "August", "September", "October", "November", "December"}

// Number writes 12480 as 12.480 in Vietnamese and 12,480 in English.
func Number(lang string, n int64) string {
	s := strconv.FormatInt(n, 10)
	sign := ""
	if n < 0 {
		sign, s = "−", s[1:]
	}
	return sign + grouped(lang, s)
}

func grouped(lang, digits string) string {
	sep := "."
	if lang == "en" {
		sep = ","
	}
	var b strings.Builder
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteString(sep)
		}
		b.WriteRune(d)
	}
	return b.String()
}

// Decimal writes at most so many digits after the comma (the point, in
// English) and leaves zeros at the end out.
func Decimal(lang string, f float64, digits int) string {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return "–"
	}
	s := strconv.FormatFloat(math.Abs(f), 'f', digits, 64)
	whole, part, _ := strings.Cut(s, ".")
	part = strings.TrimRight(part, "0")
	out := grouped(lang, whole)
	if part != "" {
		if lang == "en" {
			out += "." + part
		} else {
			out += "," + part
		}
	}
	if f < 0 && out != "0" {
		out = "−" + out
	}
	return out
}

// Big writes a large figure in words: 3,1 tỷ and 3.1 billion. Figures under a
// million are written out.
func Big(lang string, n int64) string {
	scale, unit := 0.0, ""
	switch {
	case n >= 999_500_000:
		scale, unit = 1e9, "tỷ"
		if lang == "en" {
			unit = "billion"
		}
	case n >= 1_000_000:
		scale, unit = 1e6, "triệu"
		if lang == "en" {
			unit = "million"
		}
	default:
		return Number(lang, n)
	}
	f, digits := float64(n)/scale, 1
	switch {
	case f < 9.995:
		digits = 2
	case f >= 99.95:
		digits = 0
	}
	return Decimal(lang, f, digits) + nbsp + unit
}

// Percent writes a share (0 to 1): 97 % in Vietnamese, 97% in English. A share
// that is not nothing is never written as 0, one that is not all never as 100.
func Percent(lang string, share float64) string {
	space := nbsp
	if lang == "en" {
		space = ""
	}
	p := share * 100
	switch {
	case math.IsNaN(p) || math.IsInf(p, 0):
		return "–"
	case p > 0 && p < 0.1:
		return "< " + Decimal(lang, 0.1, 1) + space + "%"
	case p > 99.9 && p < 100:
		return "> " + Decimal(lang, 99.9, 1) + space + "%"
	}
	return Decimal(lang, p, 1) + space + "%"
}

// Bytes writes a size: 9,8 MB and 9.8 MB, in thousands as disks are sold.
func Bytes(lang string, n int64) string {
	if n < 1000 {
		return Number(lang, n) + nbsp + "B"
	}
	f := float64(n)
	for _, unit := range []string{"kB", "MB", "GB", "TB"} {
		f /= 1000
		if f < 999.5 || unit == "TB" {
			digits := 1
			if f >= 99.95 {
				digits = 0
			}
			return Decimal(lang, f, digits) + nbsp + unit
		}
	}
	return ""
}

// Date writes a day: 21/11/2026 and 21 November 2026. The zero time is "".
func Date(lang string, t time.Time) string {
	if t.IsZero() {
		return ""
	}
	t = t.In(vietnam)
	if lang == "en" {
		return strconv.Itoa(t.Day()) + nbsp + englishMonths[t.Month()-1] + nbsp + strconv.Itoa(t.Year())
	}
	return t.Format("02/01/2006")
}

// isoDate is the same day for machines.
func isoDate(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(vietnam).Format("2006-01-02")
}
