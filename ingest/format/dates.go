package format

import "bytes"

// date is a date or a time as it stands in a cell. For the "either" kinds a
// and b are the first two numbers, and the format decides which is the day.
type date struct {
	kind   kind
	y      int
	a, b   int   // month and day; for slashes and dashes as written
	micros int64 // of the day
	offset int32 // minutes; noOffset: none
}

// civil gives the date under the kind that the column was decided to be.
func (d date) civil(monthFirst bool) (y, m, day int) {
	switch d.kind {
	case kSlashEither, kSlashDM, kSlashMD, kDashEither, kDashDM, kDashMD:
		if monthFirst {
			return d.y, d.a, d.b
		}
		return d.y, d.b, d.a
	}
	return d.y, d.a, d.b
}

func validDate(y, m, d int) bool {
	return y >= 1 && m >= 1 && m <= 12 && d >= 1 && d <= daysIn(y, m)
}

func daysIn(y, m int) int {
	switch m {
	case 2:
		if y%4 == 0 && (y%100 != 0 || y%400 == 0) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}

// daysSince1970 of a valid date.
func daysSince1970(y, m, d int) int32 {
	if m <= 2 {
		y--
		m += 12
	}
	era := y / 400
	yoe := y - era*400
	doy := (153*(m-3)+2)/5 + d - 1
	doe := yoe*365 + yoe/4 - yoe/100 + doy
	return int32(era*146097 + doe - 719468)
}

// digitsAt reads at most max digits.
func digitsAt(b []byte, i, max int) (value, next int) {
	j := i
	for j < len(b) && j-i < max && digit(b[j]) {
		value = value*10 + int(b[j]-'0')
		j++
	}
	return value, j
}

// scanDate reads a whole cell as a date or time.
func scanDate(b []byte) (date, bool) {
	d := date{offset: noOffset}
	if last := b[len(b)-1]; len(b) < 6 || len(b) > 48 || !digit(last) && last != 'Z' {
		return d, false
	}
	if !digit(b[0]) {
		return scanNamed(b)
	}
	n1, i := digitsAt(b, 0, 4)
	w1 := i
	if i == len(b) {
		return d, false
	}
	sep := b[i]
	if sep != '-' && sep != '/' && sep != '.' {
		return scanNamed(b)
	}
	n2, j := digitsAt(b, i+1, 2)
	if j == i+1 {
		if sep == '-' {
			return scanNamed(b) // 24-Oct-2011
		}
		return d, false
	}
	if j == len(b) || b[j] != sep {
		return d, false
	}
	n3, k := digitsAt(b, j+1, 4)
	w3 := k - j - 1
	switch {
	case w1 == 4 && w3 >= 1 && w3 <= 2:
		if !validDate(n1, n2, n3) {
			return d, false
		}
		d.y, d.a, d.b = n1, n2, n3
		switch {
		case sep == '-' && k < len(b):
			return d, d.clock(b[k:])
		case sep == '-':
			d.kind = kISO
		case sep == '/':
			d.kind = kSlashYMD
		default:
			d.kind = kDotYMD
		}
	case w1 <= 2 && w3 == 4:
		d.y, d.a, d.b = n3, n1, n2
		dm, md := validDate(n3, n2, n1), validDate(n3, n1, n2)
		switch {
		case sep == '.':
			if !dm {
				return d, false
			}
			d.kind, d.a, d.b = kDotDMY, n2, n1
		case dm && md:
			d.kind = kSlashEither
		case dm:
			d.kind = kSlashDM
		case md:
			d.kind = kSlashMD
		default:
			return d, false
		}
		if sep == '-' {
			d.kind += kDashEither - kSlashEither
		}
	case w1 <= 2 && w3 == 2 && n1 >= 1 && n1 <= 31 && n2 >= 1 && n2 <= 31 && (n1 <= 12 || n2 <= 12):
		d.kind = kShortDate
	default:
		return d, false
	}
	return d, k == len(b)
}

// clock reads "T23:38:43", " 23:38", ".123456", "Z", "+07:00" behind an ISO date.
func (d *date) clock(b []byte) bool {
	d.kind = kStamp
	if b[0] != 'T' && b[0] != ' ' {
		return false
	}
	b = b[1:]
	h, i := digitsAt(b, 0, 2)
	if i != 2 || h > 23 || i >= len(b) || b[i] != ':' {
		return false
	}
	m, j := digitsAt(b, i+1, 2)
	if j != i+3 || m > 59 {
		return false
	}
	s := 0
	if j < len(b) && b[j] == ':' {
		var k int
		s, k = digitsAt(b, j+1, 2)
		if k != j+3 || s > 59 { // a leap second has no place in a timestamp
			return false
		}
		j = k
	}
	d.micros = int64(h*3600+m*60+s) * 1e6
	if j < len(b) && b[j] == '.' {
		f, k := digitsAt(b, j+1, 6)
		w := k - j - 1
		if w == 0 || k < len(b) && digit(b[k]) {
			return false
		}
		for ; w < 6; w++ {
			f *= 10
		}
		d.micros += int64(f)
		j = k
	}
	return d.zone(b[j:])
}

func (d *date) zone(b []byte) bool {
	switch {
	case len(b) == 0:
		return true
	case len(b) == 1 && b[0] == 'Z':
		d.offset = 0
		return true
	case b[0] != '+' && b[0] != '-':
		return false
	}
	h, i := digitsAt(b, 1, 2)
	if i != 3 || h > 14 {
		return false
	}
	m := 0
	if i < len(b) {
		if b[i] == ':' {
			i++
		}
		var j int
		m, j = digitsAt(b, i, 2)
		if j != i+2 || j != len(b) || m > 59 {
			return false
		}
	}
	d.offset = int32(h*60 + m)
	if b[0] == '-' {
		d.offset = -d.offset
	}
	return true
}

var months = []string{"january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"}

// monthAt reads the name of a month, whole or its first three letters.
func monthAt(b []byte, i int) (month, next int) {
	j := i
	for j < len(b) && b[j]|0x20 >= 'a' && b[j]|0x20 <= 'z' {
		j++
	}
	for m, name := range months {
		if foldEqual(b[i:j], name) || foldEqual(b[i:j], name[:3]) {
			return m + 1, j
		}
	}
	if foldEqual(b[i:j], "sept") {
		return 9, j
	}
	return 0, i
}

// scanNamed reads "24 October 2011", "24-Oct-2011", "October 24, 2011" and
// "ngày 5 tháng 3 năm 2024".
func scanNamed(b []byte) (date, bool) {
	d := date{offset: noOffset}
	if rest, ok := cutFold(b, "ngày "); ok {
		return scanVietnamese(rest)
	}
	if digit(b[0]) {
		day, i := digitsAt(b, 0, 2)
		if i == len(b) || b[i] != ' ' && b[i] != '-' {
			return d, false
		}
		sep := b[i]
		if sep == ' ' {
			if _, ok := cutFold(b[i+1:], "tháng "); ok {
				return scanVietnamese(b)
			}
		}
		m, j := monthAt(b, i+1)
		if m == 0 || j == len(b) || b[j] != sep {
			return d, false
		}
		y, k := digitsAt(b, j+1, 4)
		if k != len(b) {
			return d, false
		}
		if k-j-1 == 2 {
			d.kind = kShortDate
			return d, true
		}
		d.kind, d.y, d.a, d.b = kDayMonth, y, m, day
		return d, k-j-1 == 4 && validDate(y, m, day)
	}
	m, i := monthAt(b, 0)
	if m == 0 || i == len(b) || b[i] != ' ' {
		return d, false
	}
	day, j := digitsAt(b, i+1, 2)
	if j == i+1 || !bytes.HasPrefix(b[j:], []byte(", ")) {
		return d, false
	}
	y, k := digitsAt(b, j+2, 4)
	d.kind, d.y, d.a, d.b = kMonthDay, y, m, day
	return d, k == len(b) && k-j-2 == 4 && validDate(y, m, day)
}

// scanVietnamese reads "5 tháng 3 năm 2024".
func scanVietnamese(b []byte) (date, bool) {
	d := date{offset: noOffset, kind: kVietnamese}
	day, i := digitsAt(b, 0, 2)
	rest, ok := cutFold(b[i:], " tháng ")
	if i == 0 || !ok {
		return d, false
	}
	m, i := digitsAt(rest, 0, 2)
	end, ok := cutFold(rest[i:], " năm ")
	if i == 0 || !ok {
		return d, false
	}
	y, i := digitsAt(end, 0, 4)
	d.y, d.a, d.b = y, m, day
	return d, i == 4 && i == len(end) && validDate(y, m, day)
}

// cutFold takes a small prefix away; its first letter may be a capital.
func cutFold(b []byte, prefix string) ([]byte, bool) {
	if len(b) < len(prefix) || string(b[1:len(prefix)]) != prefix[1:] || b[0]|0x20 != prefix[0]|0x20 {
		return nil, false
	}
	return b[len(prefix):], true
}
