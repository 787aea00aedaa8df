package format

import (
	"bytes"
	"encoding/binary"
	"strconv"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// kind is what one cell looks like, by itself. Columns count kinds over all
// rows; the type is decided from the counts, so that nothing is a vote and
// nothing a sample.
type kind uint8

const (
	kEmpty kind = iota
	kNull       // a null token; which one is counted apart
	kText
	kCode  // digits with a leading zero or plus: a code, never a number
	kYesNo // text, but proposed as boolean
	kShortDate
	kBool
	kInt
	kDotDec        // 0.5, 12.34: the point can only be decimal
	kCommaDec      // 0,5
	kDotEither     // 12.345: decimal or group
	kCommaEither   // 1,204
	kDotGroups     // 1.234.567
	kCommaGroups   // 1,234,567
	kDotGroupsDec  // 1.234,56
	kCommaGroupDec // 1,234.56
	kSpace         // 1 234
	kSpaceDot      // 1 234.5
	kSpaceComma    // 1 234,5
	kApos          // 1'234
	kAposDot
	kAposComma
	kExp      // 1.5e3
	kExpComma // 1,5E+10
	kCellDec  // 0.125 or 12.345 in a cell that is a number by its kind
	kCellExp
	kISO // 2024-03-05
	kSlashYMD
	kDotYMD
	kSlashEither // 03/04/2024
	kSlashDM     // 25/12/2024
	kSlashMD
	kDashEither
	kDashDM
	kDashMD
	kDotDMY
	kDayMonth // 24 October 2011
	kMonthDay // October 24, 2011
	kVietnamese
	kStamp
	kGeometry
	kinds
)

type kindSet uint64

func of(ks ...kind) kindSet {
	var s kindSet
	for _, k := range ks {
		s |= 1 << k
	}
	return s
}

func (s kindSet) has(k kind) bool { return s>>k&1 == 1 }

// numbers are the kinds that carry digits, unit and extents.
const numberFirst, numberLast = kInt, kCellExp

// nullTokens are read as null in a column whose other cells fit a type.
var nullTokens = []string{"NA", "N/A", "n/a", "#N/A", "NULL", "null", "None", `\N`, "nan", "-", "--", "---", ".", "..", "...", "…", "*", "****", "x", "không có", "chưa có", "k/a"}

const longestToken = len("không có")

// nullToken returns the index of a token, or -1.
func nullToken(b []byte) int {
	if len(b) > longestToken {
		return -1
	}
	switch b[0] {
	case 'N', 'n', '#', '\\', '-', '.', '*', 'x', 'k', 'c', 0xe2:
	default:
		return -1
	}
	for i, t := range nullTokens {
		if len(t) == len(b) && string(b) == t {
			return i
		}
	}
	return -1
}

// unit is a sign common to every number of a column.
type unit uint8

var units = []string{"", "%", "£", "$", "€", "₫", "đ", "VND"}

// number is what scanning a numeric cell finds.
type number struct {
	kind     kind
	neg      bool
	unit     unit
	ints     int // digits before the decimal separator, where there is one
	frac     int // digits after it
	all      int // digits, where the separators are groups
	from, to int // where the digits stand in the cell
	inexact  bool
}

// extent of the numbers of one kind in a column.
type extent struct{ ints, frac, all int }

// column is what is known of one column after the rows so far.
type column struct {
	count     [kinds]int64
	first     [kinds]place
	extents   [numberLast - numberFirst + 1]extent
	nulls     []int64 // by token; nil until one is met
	ownNulls  [][]byte
	own       []int64
	byPlan    bool  // a plan says what the column is
	shares    int64 // numbers shown as per cent
	days      int64 // days by their kind
	numeric   bool  // a number was met, and unit is that of the first
	unit      unit
	offset    int32 // of the first timestamp, minutes; noOffset: none
	inexact   seen  // numbers that no float64 holds
	padded    seen
	invisible seen
	denormal  seen // text that is not NFC
	negatives int64
	minusNine seen // -9.99, -999: often "not known"
	nines     seen // 9999
	otherInts int  // most digits of a number that is not all nines
	ymd       int64
	filled    int64
	scanned   scanned // the cell at hand
	notNFC    bool    // it is text, and not NFC
}

type place struct{ row, line int64 }

const noOffset = -1 << 31

// add takes one cell of the column. It gives the trimmed text and what that is;
// of numbers and dates c.scanned has the rest.
func (c *column) add(v *cell, row, line int64) (text []byte, _ kind) {
	b := v.b
	if v.as == asWKB && len(b) > 0 {
		c.filled++
		if c.count[kGeometry] == 0 {
			c.first[kGeometry] = place{row, line}
		}
		c.count[kGeometry]++
		return
	}
	t := b
	if len(t) > 0 && (edge[t[0]] || edge[t[len(t)-1]]) {
		if t = trim(t); len(t) < len(b) {
			c.padded.add(1, row, line)
		}
	}
	if len(t) == 0 {
		c.count[kEmpty]++
		return t, kEmpty
	}
	c.filled++
	as := v.as
	if c.byPlan && as == asText {
		as = asFound // the plan's word is stronger than the source's
	}
	k := c.kindOf(t, as, row, line)
	if c.count[k] == 0 {
		c.first[k] = place{row, line}
	}
	c.count[k]++
	if k == kText {
		c.notNFC = false
		if !ascii(b) {
			c.lookAtText(b, row, line)
		}
	}
	return t, k
}

func (c *column) lookAtText(b []byte, row, line int64) {
	hidden, maybe := scanText(b)
	if hidden {
		c.invisible.add(1, row, line)
	}
	if maybe && !isNFC(b) {
		c.notNFC = true
		c.denormal.add(1, row, line)
	}
}

func (c *column) kindOf(t []byte, as cellKind, row, line int64) kind {
	if as == asGeometry {
		return kGeometry
	}
	for i, own := range c.ownNulls {
		if bytes.Equal(own, t) {
			c.own[i]++
			return kNull
		}
	}
	if starts[t[0]] == startText {
		return kText
	}
	v := &c.scanned
	scanInto(v, t)
	if as != asFound {
		v.byKind(as)
		switch {
		case as == asShare:
			c.shares++
		case as == asDay && v.kind == kISO:
			c.days++
		}
	}
	switch {
	case v.kind == kNull:
		if c.nulls == nil {
			c.nulls = make([]int64, len(nullTokens))
		}
		c.nulls[v.token]++
	case v.kind == kStamp:
		if c.count[kStamp] == 0 {
			c.offset = v.offset
		} else if c.offset != v.offset {
			return kText
		}
	case v.kind >= numberFirst && v.kind <= numberLast:
		return c.number(&v.number, t, row, line)
	}
	return v.kind
}

// byKind corrects what the characters say by what the source says.
func (v *scanned) byKind(as cellKind) {
	switch as {
	case asNumber, asShare:
		v.kind = v.number.byKind()
	case asText:
		if v.kind != kISO && v.kind != kStamp {
			v.kind = kText
		}
	}
}

// byKind: the point of such a number can only be the decimal one.
func (n *number) byKind() kind {
	switch n.kind {
	case kDotDec, kDotEither:
		n.kind = kCellDec
	case kExp:
		n.kind = kCellExp
	case kInt, kCellDec, kCellExp:
	default:
		n.kind = kText
	}
	return n.kind
}

// scanned is what a cell looks like, by itself.
type scanned struct {
	kind   kind
	token  int // of a null token
	offset int32
	number number
	date   date // of a date or a time
}

// scan reads a trimmed cell that is not empty.
func scan(t []byte) (v scanned) {
	scanInto(&v, t)
	return v
}

// scanInto sets of v what the kind needs, and leaves the rest as it was.
func scanInto(v *scanned, t []byte) {
	v.kind = kText
	if starts[t[0]] == startText {
		return
	}
	if scanNumber(&v.number, t) {
		v.kind = v.number.kind
		return
	}
	if v.token = nullToken(t); v.token >= 0 {
		v.kind = kNull
		return
	}
	if isCode(t) {
		v.kind = kCode
		return
	}
	if d, ok := scanDate(t); ok {
		v.kind, v.offset, v.date = d.kind, d.offset, d
		return
	}
	switch {
	case (len(t) == 4 || len(t) == 5) && (foldEqual(t, "true") || foldEqual(t, "false")):
		v.kind = kBool
	case yesNo(t):
		v.kind = kYesNo
	}
}

func (c *column) number(n *number, t []byte, row, line int64) kind {
	if !c.numeric {
		c.unit, c.numeric = n.unit, true
	} else if c.unit != n.unit {
		return kText // a second unit: the numbers are not of one kind
	}
	e := &c.extents[n.kind-numberFirst]
	e.ints, e.frac, e.all = max(e.ints, n.ints), max(e.frac, n.frac), max(e.all, n.all)
	if n.inexact {
		c.inexact.add(1, row, line)
	}
	if n.neg {
		c.negatives++
	}
	last := t[n.to-1]
	if last == '9' && n.all >= 2 && allNines(t[n.from:n.to]) {
		if n.neg {
			c.minusNine.add(1, row, line)
		} else if n.all >= 4 && n.frac == 0 {
			c.nines.add(1, row, line)
		}
	} else {
		c.otherInts = max(c.otherInts, n.ints)
	}
	if n.kind == kInt && n.all == 8 && !n.neg {
		if y, m, d := digits(t[:4]), digits(t[4:6]), digits(t[6:8]); y >= 1800 && y <= 2200 && validDate(y, m, d) {
			c.ymd++
		}
	}
	return n.kind
}

func allNines(b []byte) bool {
	for _, x := range b {
		if x >= '0' && x <= '8' {
			return false
		}
	}
	return true
}

// How a cell may start.
const (
	startText  = iota // nothing but text starts so
	startOther        // needs a look
)

var starts = func() (t [256]uint8) {
	for c := '0'; c <= '9'; c++ {
		t[c] = startOther
	}
	for _, c := range `-+.,$#\*` {
		t[c] = startOther
	}
	// null tokens, true and false, yes and no, names of months, "ngày", VND
	for _, c := range "NnxkcKCTtFfYyJjMmAaSsOoDdVv" {
		t[c] = startOther
	}
	t[0xc2], t[0xe2], t[0xc4] = startOther, startOther, startOther // £, € ₫ …, đ
	return t
}()

// edge marks bytes that may be a space at the end of a cell.
var edge = func() (t [256]bool) {
	for _, b := range []byte{' ', '\t', '\n', '\r', 0xc2, 0xa0, 0xe3, 0x80} {
		t[b] = true
	}
	return t
}()

// trim takes spaces, tabs, no-break and full-width spaces and line ends away.
func trim(b []byte) []byte {
	for len(b) > 0 {
		switch x := b[0]; {
		case x == ' ' || x == '\t' || x == '\r' || x == '\n':
			b = b[1:]
			continue
		case x == 0xc2 && len(b) > 1 && b[1] == 0xa0:
			b = b[2:]
			continue
		case x == 0xe3 && len(b) > 2 && b[1] == 0x80 && b[2] == 0x80:
			b = b[3:]
			continue
		}
		break
	}
	for n := len(b); n > 0; n = len(b) {
		switch x := b[n-1]; {
		case x == ' ' || x == '\t' || x == '\r' || x == '\n':
			b = b[:n-1]
			continue
		case x == 0xa0 && n > 1 && b[n-2] == 0xc2:
			b = b[:n-2]
			continue
		case x == 0x80 && n > 2 && b[n-2] == 0x80 && b[n-3] == 0xe3:
			b = b[:n-3]
			continue
		}
		break
	}
	return b
}

func ascii(b []byte) bool {
	for len(b) >= 8 {
		if binary.LittleEndian.Uint64(b)&0x8080808080808080 != 0 {
			return false
		}
		b = b[8:]
	}
	for _, x := range b {
		if x >= 0x80 {
			return false
		}
	}
	return true
}

func digit(b byte) bool { return b-'0' <= 9 }

func digits(b []byte) int {
	n := 0
	for _, x := range b {
		n = n*10 + int(x-'0')
	}
	return n
}

func foldEqual(b []byte, lower string) bool {
	if len(b) != len(lower) {
		return false
	}
	for i, x := range b {
		if x|0x20 != lower[i] {
			return false
		}
	}
	return true
}

func yesNo(b []byte) bool {
	if len(b) > len("không") {
		return false
	}
	switch string(b) {
	case "Y", "N", "y", "n", "yes", "no", "Yes", "No", "YES", "NO", "có", "Có", "CÓ", "không", "Không", "KHÔNG":
		return true
	}
	return false
}

// isCode: digits after a leading zero or a plus sign, with nothing else.
func isCode(b []byte) bool {
	if b[0] == '-' {
		b = b[1:]
	}
	if len(b) < 2 || b[0] != '0' && b[0] != '+' {
		return false
	}
	for _, x := range b[1:] {
		if !digit(x) {
			return false
		}
	}
	return true
}

// scanNumber reads a whole cell as a number with at most one unit. A leading
// zero, a plus sign, -0, an inner letter: none is a number.
func scanNumber(n *number, b []byte) bool {
	*n = number{}
	i, end := 0, len(b)
	if b[0] == '-' {
		n.neg = true
		i = 1
	}
	// Plain digits, the commonest cell by far.
	j := i
	for j < end && digit(b[j]) {
		j++
	}
	if j == end && j > i {
		if j-i > 1 && b[i] == '0' || n.neg && b[i] == '0' {
			return false
		}
		n.kind, n.ints, n.all, n.from, n.to = kInt, j-i, j-i, i, j
		n.size(b[i:j])
		return true
	}
	if j == end || !numberByte[b[j]] {
		return false
	}
	if j == i && b[i] != '.' && b[i] != ',' {
		u, k := unitBefore(b[i:])
		if u == 0 {
			return false
		}
		n.unit = u
		i += k
		if i < end && b[i] == '-' && !n.neg {
			n.neg = true
			i++
		}
	}
	if !digit(b[end-1]) && i < end {
		v, k := unitAfter(b[i:end])
		if v == 0 || n.unit != 0 {
			return false
		}
		n.unit = v
		end -= k
	}
	if i >= end {
		return false
	}
	return n.body(b, i, end)
}

// numberByte may follow the first digits of a number, or open it.
var numberByte = func() (t [256]bool) {
	for _, b := range []byte{'.', ',', ' ', '\'', 'e', 'E', '%', '$', 'V', 'v', 0xc2, 0xe2, 0xc4} {
		t[b] = true
	}
	return t
}()

func unitBefore(b []byte) (unit, int) {
	for u := 2; u < len(units); u++ { // a per cent sign stands behind
		if bytes.HasPrefix(b, []byte(units[u])) {
			k := len(units[u])
			return unit(u), k + spaces(b[k:])
		}
	}
	return 0, 0
}

func unitAfter(b []byte) (unit, int) {
	for u := 1; u < len(units); u++ {
		if bytes.HasSuffix(b, []byte(units[u])) {
			k := len(units[u])
			rest := b[:len(b)-k]
			return unit(u), k + len(rest) - len(bytes.TrimRight(rest, " \u00a0"))
		}
	}
	return 0, 0
}

func spaces(b []byte) int { return len(b) - len(bytes.TrimLeft(b, " \u00a0")) }

// maxGroups is more than any number has: 38 digits are 13 groups.
const maxGroups = 16

// body reads b[i:end]: groups of digits, separators, an exponent.
func (n *number) body(b []byte, i, end int) bool {
	var length [maxGroups]int
	var sep [maxGroups]byte
	groups := 0
	n.from = i
	exp := false
	for {
		j := i
		for j < end && digit(b[j]) {
			j++
		}
		if groups == maxGroups {
			return false
		}
		length[groups] = j - i
		groups++
		i = j
		if i == end {
			break
		}
		if s, w := separator(b[i:end]); s != 0 {
			sep[groups-1] = s
			i += w
			continue
		}
		if b[i] != 'e' && b[i] != 'E' {
			return false
		}
		n.to = i
		j = i + 1
		if j < end && (b[j] == '+' || b[j] == '-') {
			j++
		}
		if j == end || end-j > 4 {
			return false
		}
		for _, x := range b[j:end] {
			if !digit(x) {
				return false
			}
		}
		exp = true
		break
	}
	if !exp {
		n.to = end
	}
	n.ints = length[0]
	lead := b[n.from]
	switch {
	case groups == 1:
		if length[0] == 0 || length[0] > 1 && lead == '0' || n.neg && lead == '0' {
			return false
		}
		n.kind, n.all = kInt, length[0]
		if n.unit == 0 && !exp {
			return false // cannot be: the plain form was read before
		}
	case groups == 2 && (sep[0] == '.' || sep[0] == ','):
		a, f := length[0], length[1]
		if f == 0 || a > 1 && lead == '0' || n.neg && zero(b[n.from:n.to]) {
			return false
		}
		n.frac, n.all = f, a+f
		either := f == 3 && a >= 1 && a <= 3 && lead != '0' && !exp
		switch {
		case sep[0] == '.' && either:
			n.kind = kDotEither
		case sep[0] == '.':
			n.kind = kDotDec
		case either:
			n.kind = kCommaEither
		default:
			n.kind = kCommaDec
		}
	default:
		if exp || !n.grouped(length[:groups], sep[:groups-1], lead) {
			return false
		}
	}
	if exp && n.kind == kCommaDec {
		n.kind = kExpComma
	} else if exp {
		n.kind = kExp
	}
	n.size(b[n.from:n.to])
	if exp {
		n.inexact = !exactFloat(b[n.from:end])
	}
	return true
}

// grouped reads groups of three with at most one decimal separator behind them.
func (n *number) grouped(length []int, sep []byte, lead byte) bool {
	g := sep[0]
	last := len(length) - 1
	dec := byte(0)
	if s := sep[len(sep)-1]; s != g {
		if s != '.' && s != ',' || len(sep) < 2 {
			return false
		}
		dec = s
		sep, last = sep[:len(sep)-1], last-1
	}
	if length[0] < 1 || length[0] > 3 || lead == '0' {
		return false
	}
	n.ints = length[0]
	for i, s := range sep {
		if s != g || length[i+1] != 3 {
			return false
		}
		n.ints += 3
	}
	n.all = n.ints
	if dec != 0 {
		n.frac = length[last+1]
		if n.frac == 0 {
			return false
		}
		n.all += n.frac
	}
	switch {
	case g == '.' && dec == 0:
		n.kind = kDotGroups
	case g == ',' && dec == 0:
		n.kind = kCommaGroups
	case g == '.' && dec == ',':
		n.kind = kDotGroupsDec
	case g == ',' && dec == '.':
		n.kind = kCommaGroupDec
	case g == ' ':
		n.kind = [...]kind{kSpace, kSpaceDot, kSpaceComma}[decIndex(dec)]
	case g == '\'':
		n.kind = [...]kind{kApos, kAposDot, kAposComma}[decIndex(dec)]
	default:
		return false
	}
	return true
}

func decIndex(dec byte) int {
	switch dec {
	case '.':
		return 1
	case ',':
		return 2
	}
	return 0
}

// separator is the sign at the start of b, as point, comma, space or apostrophe, and its
// length; 0: none.
func separator(b []byte) (byte, int) {
	switch b[0] {
	case '.', ',', ' ', '\'':
		return b[0], 1
	case 0xc2:
		if len(b) > 1 && b[1] == 0xa0 {
			return ' ', 2
		}
	case 0xe2:
		if len(b) > 2 && b[1] == 0x80 {
			switch b[2] {
			case 0xaf, 0x89: // narrow no-break space, thin space
				return ' ', 3
			case 0x99: // ’
				return '\'', 3
			}
		}
	}
	return 0, 0
}

func zero(b []byte) bool {
	for _, x := range b {
		if x >= '1' && x <= '9' {
			return false
		}
	}
	return true
}

// size marks whole numbers beyond int64, and numbers that float64 may not hold.
func (n *number) size(b []byte) {
	if n.frac == 0 && n.all >= 19 {
		if n.all > 19 || n.kind != kInt || string(b) > "9223372036854775807" {
			n.all = max(n.all, 20)
			n.ints = n.all
		}
	}
	if n.all > 15 {
		n.inexact = !exactFloat(b)
	}
}

// exactFloat: the shortest decimal of the nearest float64 is the same number.
func exactFloat(b []byte) bool {
	var plain [400]byte
	p := plain[:0]
	for i := 0; i < len(b); {
		x := b[i]
		if digit(x) || x == 'e' || x == 'E' || x == '-' || x == '+' {
			p = append(p, x)
			i++
		} else if s, w := separator(b[i:]); s != 0 {
			// The last "." or "," is the decimal one: groups are never asked here.
			if s == '.' || s == ',' {
				p = append(p, '.')
			}
			i += w
		} else {
			return false
		}
		if len(p) > 380 {
			return false
		}
	}
	f, err := strconv.ParseFloat(string(p), 64)
	if err != nil {
		return false
	}
	var back [40]byte
	return sameNumber(p, strconv.AppendFloat(back[:0], f, 'e', -1, 64))
}

// sameNumber compares two decimals, each with an optional exponent, as numbers.
func sameNumber(a, b []byte) bool {
	da, ea := significant(a)
	db, eb := significant(b)
	return bytes.Equal(da, db) && (len(da) == 0 || ea == eb)
}

// significant gives the digits without zeros at the ends, and the exponent of
// the first of them.
func significant(b []byte) ([]byte, int) {
	var out []byte
	exp, point, seenPoint := 0, 0, false
	for i, x := range b {
		switch {
		case digit(x):
			out = append(out, x)
			if !seenPoint {
				point++
			}
		case x == '.':
			seenPoint = true
		case x == 'e' || x == 'E':
			exp, _ = strconv.Atoi(string(b[i+1:]))
			goto end
		}
	}
end:
	lead := 0
	for lead < len(out) && out[lead] == '0' {
		lead++
	}
	return bytes.TrimRight(out[lead:], "0"), point - lead + exp
}

// scanText looks for characters that cannot be seen, and says whether the text
// may be other than NFC: a cheap no for most Latin, Vietnamese and Han text.
func scanText(b []byte) (hidden, maybe bool) {
	for i := 0; i < len(b); i++ {
		x := b[i]
		if x < 0xc2 {
			continue
		}
		var y, z byte
		if i+1 < len(b) {
			y = b[i+1]
		}
		if i+2 < len(b) {
			z = b[i+2]
		}
		switch {
		case x == 0xc2:
			hidden = hidden || y == 0xad
		case x < 0xcc: // up to U+02FF
		case x == 0xe1 && y >= 0xb8 && y <= 0xbb: // Latin for Vietnamese
		case x >= 0xe4 && x <= 0xe9: // Han
		case x == 0xe2 && y == 0x80 && z >= 0x90 && z < 0xaa: // dashes, quotes
		case x == 0xe2 && (y == 0x80 || y == 0x81) || x == 0xef && y == 0xbb || x == 0xd8 && y == 0x9c || x == 0xe1 && y == 0xa0:
			r, _ := utf8.DecodeRune(b[i:])
			hidden = hidden || invisible(r)
			maybe = true
		default:
			maybe = true
		}
	}
	return hidden, maybe
}

func isNFC(b []byte) bool { return norm.NFC.IsNormal(b) }
