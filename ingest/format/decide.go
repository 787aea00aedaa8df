package format

import (
	"fmt"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"

	"daylight/privacy"
)

// reading is how the separators of a column's numbers are understood.
type reading struct {
	dec   byte // '.' or ','
	group byte // 0: none; '.', ',', ' ' or an apostrophe
}

// readings in the order that is preferred where several fit and mean the same.
var readings = []reading{{'.', 0}, {'.', ','}, {'.', ' '}, {'.', '\''}, {',', 0}, {',', '.'}, {',', ' '}, {',', '\''}}

// whole are the kinds that are whole numbers under the reading.
func (r reading) whole() kindSet {
	s := of(kInt)
	switch r.group {
	case ',':
		s |= of(kCommaEither, kCommaGroups)
	case '.':
		s |= of(kDotEither, kDotGroups)
	case ' ':
		s |= of(kSpace)
	case '\'':
		s |= of(kApos)
	}
	return s
}

// broken are the kinds with decimals.
func (r reading) broken() kindSet {
	if r.dec == '.' {
		s := of(kDotDec, kDotEither, kCellDec)
		switch r.group {
		case ',':
			s |= of(kCommaGroupDec)
		case ' ':
			s |= of(kSpaceDot)
		case '\'':
			s |= of(kAposDot)
		}
		return s
	}
	s := of(kCommaDec, kCommaEither, kCellDec)
	switch r.group {
	case '.':
		s |= of(kDotGroupsDec)
	case ' ':
		s |= of(kSpaceComma)
	case '\'':
		s |= of(kAposComma)
	}
	return s
}

func (r reading) exponent() kindSet {
	if r.dec == '.' {
		return of(kExp, kCellExp)
	}
	return of(kExpComma, kCellExp)
}

func (r reading) all() kindSet { return r.whole() | r.broken() | r.exponent() }

// name is how the reading stands in a report; "" where it is canonical.
func (r reading) name(decimals bool) string {
	var parts []string
	if r.group != 0 {
		parts = append(parts, fmt.Sprintf("thousands %q", string(r.group)))
	}
	if r.dec == ',' && decimals {
		parts = append(parts, `decimal ","`)
	}
	return strings.Join(parts, ", ")
}

// dateFormats and the kinds that fit them. Those that can be told apart only
// by a day above 12 share a kind.
var dateFormats = []struct {
	name       string
	kinds      kindSet
	monthFirst bool
}{
	{"y-m-d", of(kISO), true},
	{"y/m/d", of(kSlashYMD), true},
	{"y.m.d", of(kDotYMD), true},
	{"d/m/y", of(kSlashEither, kSlashDM), false},
	{"m/d/y", of(kSlashEither, kSlashMD), true},
	{"d-m-y", of(kDashEither, kDashDM), false},
	{"m-d-y", of(kDashEither, kDashMD), true},
	{"d.m.y", of(kDotDMY), true},
	{"d month y", of(kDayMonth), true},
	{"month d, y", of(kMonthDay), true},
	{"ngày d tháng m năm y", of(kVietnamese), true},
}

// spec is how the cells of one column become values.
type spec struct {
	base       string // text, integer, decimal, float, date, timestamp, boolean
	accept     kindSet
	read       reading
	prec       int // decimal; an integer beyond int64 is decimal(38,0)
	scale      int
	monthFirst bool
	format     string
	unit       unit
	offset     int32
	tokens     bool     // the known null tokens are null
	own        [][]byte // and these
	trim       bool
	report     bool  // a cell that does not fit is null and in the report
	near       *spec // of a text column: what it would be but for the cells in the report
	by         string
}

func (s spec) typeName() string {
	if s.base == "decimal" {
		return fmt.Sprintf("decimal(%d,%d)", s.prec, s.scale)
	}
	return s.base
}

func (s spec) arrowType() arrow.DataType {
	switch s.base {
	case "integer":
		return arrow.PrimitiveTypes.Int64
	case "decimal":
		return &arrow.Decimal128Type{Precision: int32(s.prec), Scale: int32(s.scale)}
	case "float":
		return arrow.PrimitiveTypes.Float64
	case "boolean":
		return arrow.FixedWidthTypes.Boolean
	case "geometry":
		return arrow.BinaryTypes.Binary
	case "date":
		return arrow.FixedWidthTypes.Date32
	case "timestamp":
		return &arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: zoneName(s.offset)}
	}
	return arrow.BinaryTypes.String
}

func zoneName(offset int32) string {
	if offset == noOffset {
		return ""
	}
	sign := '+'
	if offset < 0 {
		sign, offset = '-', -offset
	}
	return fmt.Sprintf("%c%02d:%02d", sign, offset/60, offset%60)
}

func (c *column) fits(s kindSet) int64 {
	n := int64(0)
	for k, v := range c.count {
		if s.has(kind(k)) {
			n += v
		}
	}
	return n
}

// values is the number of cells that are not null.
func (c *column) values() int64 { return c.filled - c.count[kNull] }

// misfit counts the cells that a set does not take, with the first of them.
func (c *column) misfit(s kindSet) (int64, place) {
	var n int64
	var at place
	for k, v := range c.count {
		if v == 0 || s.has(kind(k)) || kind(k) == kEmpty || kind(k) == kNull {
			continue
		}
		n += v
		if f := c.first[k]; at.line == 0 || f.line < at.line || f.line == at.line && f.row < at.row {
			at = f
		}
	}
	return n, at
}

// number makes the spec of a numeric column under a reading; ok is false where
// no numeric type holds every value exactly.
func (c *column) numberSpec(r reading) (spec, bool) {
	s := spec{read: r, unit: c.unit, tokens: true}
	if c.fits(r.exponent()) > 0 {
		s.base, s.accept = "float", r.all()
		s.format = r.name(true)
		return s, c.inexact.n == 0
	}
	ints, frac := 0, 0
	for k := numberFirst; k <= numberLast; k++ {
		if c.count[k] == 0 {
			continue
		}
		e := c.extents[k-numberFirst]
		switch {
		case r.broken().has(k):
			ints, frac = max(ints, e.ints), max(frac, e.frac)
		case r.whole().has(k):
			ints = max(ints, e.all)
		}
	}
	broken := c.fits(r.broken()) > 0
	s.format = r.name(broken)
	switch {
	case !broken && ints <= 19:
		s.base, s.accept = "integer", r.whole()
	case !broken && ints <= 38:
		s.base, s.accept, s.prec = "decimal", r.whole(), 38
	case ints+frac <= 38:
		s.base, s.accept, s.prec, s.scale = "decimal", r.whole()|r.broken(), max(ints+frac, 1), frac
	default:
		s.base, s.accept = "float", r.all()
		return s, c.inexact.n == 0
	}
	return s, true
}

// verdict is what the cells of a column say by themselves.
type verdict struct {
	spec    spec
	choices []spec // more than one: ambiguous, and spec is text
	// Where the column is text, the type that nearly fits.
	near     spec
	nearBad  int64
	nearAt   place
	hint     string // what the cells of a column that is declared to be text look like
	decisive byte   // the decimal separator that the cells prove; 0: none
}

var textSpec = spec{base: "text"}

var geometrySpec = spec{base: "geometry", accept: of(kGeometry)}

func (c *column) decide() verdict {
	v := verdict{spec: textSpec}
	all := c.values()
	if all == 0 {
		return v
	}
	if c.fits(of(kGeometry)) == all {
		v.spec = geometrySpec
		return v
	}
	if c.fits(of(kBool)) == all {
		v.spec = spec{base: "boolean", accept: of(kBool), tokens: true}
		return v
	}
	if c.fits(c.stampSpec().accept) == all && c.count[kStamp] > 0 {
		v.spec = c.stampSpec()
		return v
	}
	for _, f := range dateFormats {
		if c.fits(f.kinds) == all {
			v.choices = append(v.choices, dateSpec(f.name))
		}
	}
	if len(v.choices) > 0 {
		if len(v.choices) == 1 {
			v.spec, v.choices = v.choices[0], nil
		}
		return v
	}
	var point, comma *spec
	for _, r := range readings {
		if c.fits(r.all()) != all {
			continue
		}
		s, ok := c.numberSpec(r)
		if !ok {
			continue
		}
		if r.dec == '.' && point == nil {
			point = &s
		}
		if r.dec == ',' && comma == nil {
			comma = &s
		}
	}
	separators := c.fits(of(kInt, kSpace, kApos, kCellDec, kCellExp)) < all
	switch {
	case point != nil && comma != nil && separators:
		v.choices = []spec{*point, *comma}
		return v
	case point != nil:
		v.spec = *point
		if separators && c.fits(of(kExp, kCellExp)) == 0 {
			v.decisive = '.'
		}
		return v
	case comma != nil:
		v.spec, v.decisive = *comma, ','
		return v
	}
	c.nearly(&v)
	return v
}

// nearly finds the type that all but a few cells fit, for the report.
func (c *column) nearly(v *verdict) {
	if c.count[kCode] > 0 {
		return // codes among numbers: text on purpose
	}
	all := c.values()
	best := int64(0)
	try := func(s spec) {
		if n := c.fits(s.accept); n > best && n*5 >= all*4 {
			best = n
			v.near = s
		}
	}
	try(spec{base: "boolean", accept: of(kBool)})
	if c.count[kStamp] > 0 {
		try(c.stampSpec())
	}
	for _, f := range dateFormats {
		try(dateSpec(f.name))
	}
	for _, r := range readings {
		if s, ok := c.numberSpec(r); ok {
			try(s)
		}
	}
	if best > 0 {
		v.nearBad, v.nearAt = c.misfit(v.near.accept)
	}
}

func (c *column) stampSpec() spec {
	s := spec{base: "timestamp", accept: of(kStamp), offset: c.offset, tokens: true}
	if c.days > 0 && c.days == c.count[kISO] && c.offset == noOffset {
		s.accept |= of(kISO) // days of a calendar among its times are midnights
	}
	return s
}

func dateSpec(format string) spec {
	for _, f := range dateFormats {
		if f.name == format {
			return spec{base: "date", accept: f.kinds, monthFirst: f.monthFirst, format: f.name, tokens: true}
		}
	}
	return spec{}
}

// planned makes the spec that a plan wants. ok is false where the plan's words
// are not known.
func (c *column) planned(p privacy.ReadColumn, found spec) (spec, bool) {
	if found.base == "geometry" {
		return found, p.Type == "" && p.Format == ""
	}
	s := found
	r, pinned := c.planReading(p)
	if pinned && r == (reading{}) {
		return s, false
	}
	switch p.Type {
	case "":
		if p.Format != "" {
			if s = dateSpec(p.Format); s.base == "" {
				return s, false
			}
		} else if pinned {
			var ok bool
			if s, ok = c.numberSpec(r); !ok {
				s = textSpec
			}
		}
	case "text":
		s = textSpec
	case "integer":
		s = spec{base: "integer", read: r, accept: r.whole(), unit: c.unit, format: r.name(false)}
		for k := numberFirst; k <= numberLast; k++ {
			if r.whole().has(k) && c.count[k] > 0 && c.extents[k-numberFirst].all > 19 {
				s.base, s.prec = "decimal", 38
			}
		}
		if s.prec == 38 {
			for k := numberFirst; k <= numberLast; k++ {
				if c.count[k] > 0 && r.whole().has(k) && c.extents[k-numberFirst].all > 38 {
					return textSpec, true
				}
			}
		}
	case "decimal", "float":
		n, ok := c.numberSpec(r)
		switch {
		case p.Type == "float" && (c.inexact.n > 0):
			return textSpec, true
		case p.Type == "float":
			s = spec{base: "float", read: r, accept: r.all(), unit: c.unit, format: r.name(true)}
		case !ok:
			return textSpec, true
		case n.base == "integer":
			n.base, n.accept = "decimal", r.whole()|r.broken()
			n.prec, n.scale = 38, 0
			if ints := c.extents[0].all; ints > 0 {
				n.prec = min(38, ints)
			}
			s = n
		case n.base == "float":
			// Exponents in a column that is wanted as decimal do not fit.
			s = c.withoutExponents(r)
		default:
			n.accept = r.whole() | r.broken()
			s = n
		}
	case "date":
		if p.Format != "" {
			s = dateSpec(p.Format)
			if s.base == "" {
				return s, false
			}
		} else if found.base != "date" {
			best := int64(-1)
			for _, f := range dateFormats {
				if n := c.fits(f.kinds); n > best {
					best, s = n, dateSpec(f.name)
				}
			}
		}
	case "timestamp":
		s = c.stampSpec()
		if c.count[kStamp] == 0 {
			s.offset = noOffset
		}
	case "boolean":
		s = spec{base: "boolean", accept: of(kBool)}
	default:
		return s, false
	}
	s.tokens = s.base != "text"
	s.by = "plan"
	return s, true
}

func (c *column) withoutExponents(r reading) spec {
	exp := c.count
	c.count[kExp], c.count[kExpComma], c.count[kCellExp] = 0, 0, 0
	s, _ := c.numberSpec(r)
	c.count = exp
	s.accept = r.whole() | r.broken()
	if s.base == "integer" {
		s.base, s.prec = "decimal", 38
	}
	return s
}

// planReading takes the separators from a plan, or those that fit best.
func (c *column) planReading(p privacy.ReadColumn) (r reading, pinned bool) {
	if p.Thousands == "" && p.Decimal == "" {
		best := int64(-1)
		for _, q := range readings {
			if n := c.fits(q.all()); n > best {
				best, r = n, q
			}
		}
		return r, false
	}
	r.dec = '.'
	switch p.Decimal {
	case ",":
		r.dec = ','
	case "":
		if p.Thousands == "." {
			r.dec = ','
		}
	case ".":
	default:
		return reading{}, true
	}
	switch p.Thousands {
	case ",", ".", " ", "'":
		r.group = p.Thousands[0]
	case "":
	case "\u00a0", "\u202f":
		r.group = ' '
	case "’":
		r.group = '\''
	default:
		return reading{}, true
	}
	if r.group == r.dec {
		return reading{}, true
	}
	return r, true
}

// locale says how an agency writes; ok is false for one that is not known.
type locale struct {
	dec        byte
	monthFirst bool
}

func localeNamed(name string) (locale, bool) {
	name = strings.ReplaceAll(strings.ToLower(name), "_", "-")
	lang, region, _ := strings.Cut(name, "-")
	switch {
	case lang == "en" && region == "us":
		return locale{'.', true}, true
	case region == "ch":
		return locale{'.', false}, true
	}
	switch lang {
	case "en", "ja", "zh", "ko", "th", "ms", "he":
		return locale{'.', false}, true
	case "vi", "de", "fr", "it", "es", "pt", "nl", "pl", "ru", "uk", "id", "da", "sv", "nb", "no", "fi", "cs", "sk", "sl", "hr", "sr", "bg", "ro", "hu", "tr", "el", "ca", "lt", "lv", "et":
		return locale{',', false}, true
	}
	return locale{}, false
}
