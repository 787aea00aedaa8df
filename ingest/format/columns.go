package format

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"daylight/privacy/crs"
	"daylight/privacy/geometry"
)

// What Parquet and Arrow have in common: a source that says itself what type
// each column has. Its values become the cells of records, written in one
// canonical form, and the finder reads them as it reads any cell; but the type
// is the one declared, not the one found. Nothing is lost on the way: the
// shortest text of a number reads back as the same number, and the finder
// checks every cell against the declared type.

// byFile says in a report that the type is the one the file declares.
const byFile = "file"

// declared is what the source says of one column.
type declared struct {
	label string
	spec  spec
	unit  string // of a number, where its type has one
	zone  bool   // its times are told in UTC, and the file names another zone
	// system is the coordinate system of a geometry, a reference of package crs.
	system string
}

var (
	wholeSpec = spec{base: "integer", accept: of(kInt), read: reading{'.', 0}, by: byFile}
	floatSpec = spec{base: "float", accept: of(kInt, kCellDec, kCellExp), read: reading{'.', 0}, tokens: true, by: byFile} // NaN is the token "nan"
	boolSpec  = spec{base: "boolean", accept: of(kBool), by: byFile}
	daySpec   = spec{base: "date", accept: of(kISO), monthFirst: true, by: byFile}
	saidText  = spec{base: "text", by: byFile}
	saidShape = spec{base: "geometry", accept: of(kGeometry), by: byFile}
	uint64Max = decimalSaid(20, 0)
)

// decimalSaid: beyond 38 digits a decimal stays text.
func decimalSaid(prec, scale int) spec {
	if scale < 0 {
		prec, scale = prec-scale, 0
	}
	if prec = max(prec, scale, 1); prec > 38 {
		return saidText
	}
	return spec{base: "decimal", accept: of(kInt, kCellDec), read: reading{'.', 0}, prec: prec, scale: scale, by: byFile}
}

// stampSaid takes the offset of the column's times in minutes, or noOffset.
func stampSaid(offset int32) spec {
	return spec{base: "timestamp", accept: of(kStamp), offset: offset, by: byFile}
}

// offsetOf reads the name of a zone. exact is false for one whose offset
// changes over the years, as most do: its times are told in UTC.
func offsetOf(zone string) (offset int32, exact bool) {
	switch strings.ToUpper(zone) {
	case "":
		return noOffset, true
	case "UTC", "Z", "ETC/UTC", "GMT", "ETC/GMT":
		return 0, true
	}
	var d date
	if len(zone) == 6 && zone[0] != 'Z' && d.zone([]byte(zone)) {
		return d.offset, true
	}
	return 0, false
}

// verdict holds the cells of a column against what was declared.
func (d *declared) verdict(c *column, found verdict) verdict {
	s := d.spec
	if s.base == "text" {
		v := verdict{spec: s}
		if found.spec.base != "text" && len(found.choices) == 0 {
			v.hint = found.spec.words()
		}
		return v
	}
	bad, at := c.misfit(s.accept)
	if s.base == "decimal" {
		ints := 0
		for _, k := range []kind{kInt, kCellDec} {
			if c.count[k] > 0 {
				ints = max(ints, c.extents[k-numberFirst].ints)
			}
		}
		// A zero before the point is no digit of the number.
		if ints > s.prec-s.scale && !(ints == 1 && s.prec == s.scale) {
			if s.prec = ints + s.scale; s.prec > 38 && bad == 0 {
				bad, at = c.count[kInt]+c.count[kCellDec], c.first[kCellDec]
			}
		}
	}
	if bad > 0 {
		return verdict{spec: textSpec, near: s, nearBad: bad, nearAt: at}
	}
	return verdict{spec: s}
}

// cellMaker gathers the cells of one record in one piece of memory.
type cellMaker struct {
	text   []byte
	cells  []cell
	spans  [][2]int
	limits Limits
	total  int64 // bytes of all records so far
	bad    []seen
	nul    []seen
	// By column, of geometries:
	shapes   []geoBounds
	measures []seen // with a measure, which is not taken
}

func newCellMaker(columns int, l Limits) cellMaker {
	return cellMaker{cells: make([]cell, columns), spans: make([][2]int, columns), limits: l,
		bad: make([]seen, columns), nul: make([]seen, columns), shapes: make([]geoBounds, columns), measures: make([]seen, columns)}
}

func (m *cellMaker) begin() { m.text = m.text[:0] }

// null and set end the cell of column j; set takes what was appended to text since from.
func (m *cellMaker) null(j int) { m.cells[j], m.spans[j] = cell{}, [2]int{} }

func (m *cellMaker) set(j, from int, as cellKind) {
	m.cells[j] = cell{as: as, quoted: len(m.text) == from}
	m.spans[j] = [2]int{from, len(m.text)}
}

// finish gives the record its cells, or says which limit is broken.
func (m *cellMaker) finish(r *record) error {
	for j, s := range m.spans {
		if int64(s[1]-s[0]) > m.limits.Cell {
			return &Refusal{Code: "too-large", Stage: "structure", Row: r.n + 1, Line: r.n + 1}
		}
		m.cells[j].b = m.text[s[0]:s[1]:s[1]]
	}
	n := int64(len(m.text)) + 1
	if m.total += n; n > m.limits.Record || m.total > m.limits.Inflated {
		return &Refusal{Code: "too-large", Stage: "structure", Row: r.n + 1, Line: r.n + 1}
	}
	r.n++
	r.line = r.n
	r.cells = m.cells
	r.start, r.end = r.end, r.end+n
	return nil
}

// appendText adds text, which must be UTF-8 without NUL: what is not is
// counted, as in a text file, and replaced.
func (m *cellMaker) appendText(j int, row int64, b []byte) {
	if utf8.Valid(b) && bytes.IndexByte(b, 0) < 0 {
		m.text = append(m.text, b...)
		return
	}
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		switch {
		case r == utf8.RuneError && n <= 1:
			m.bad[j].add(1, row, row)
			m.text = utf8.AppendRune(m.text, utf8.RuneError)
		case r == 0:
			m.nul[j].add(1, row, row)
		default:
			m.text = append(m.text, b[:n]...)
		}
		b = b[n:]
	}
}

// shape makes a cell of a geometry in WKB, whatever its byte order; one
// without positions is null.
func (m *cellMaker) shape(j int, row int64, wkb []byte) error {
	from := len(m.text)
	out, measured, err := geometry.AppendForeign(m.text, wkb)
	b := &m.shapes[j]
	b.any = true
	if measured {
		m.measures[j].add(1, row, row)
	}
	if bad, ok := err.(*geometry.Error); ok && bad.Code == geometry.Empty {
		b.empty.add(1, row, row)
		m.null(j)
		return nil
	}
	if err != nil {
		return &Refusal{Code: "geometry", Stage: "structure", Row: row, Line: row}
	}
	m.text = out
	m.set(j, from, asWKB)
	var own geometry.Bounds
	if own.Add(m.text[from:]); !own.InRange() {
		b.outside.add(1, row, row)
	}
	b.box.Add(m.text[from:])
	return nil
}

// bounds is the box around the geometries of column j.
func (m *cellMaker) bounds(j int) geometry.Bounds { return m.shapes[j].box }

// problems tells what the cells of the columns held; degrees: coordinates are
// longitude and latitude.
func (m *cellMaker) problems(tr *TableReport, keys []string, degrees bool) {
	for j := range m.bad {
		tr.problem("bad-bytes", m.bad[j], keys[j], "utf-8")
		tr.problem("bad-bytes", m.nul[j], keys[j], "no NUL")
		if b := &m.shapes[j]; b.any {
			if !degrees {
				b.outside = seen{} // of degrees
			}
			b.reportAs(tr, keys[j])
			tr.problem("geometry-measure", m.measures[j], keys[j], "")
		}
	}
}

// rowsMost is how many rows a file of so many bytes may claim. Nulls and
// repetitions cost next to nothing in such a file and much outside of it.
func rowsMost(size int64) int64 { return 1<<24 + 1000*size }

// guarded makes a panic of a library a refusal: its message may quote the file.
func guarded(code string, f func() error) (err error) {
	defer func() {
		if recover() != nil {
			err = &Refusal{Code: code, Stage: "structure"}
		}
	}()
	return f()
}

// guardedRecords are records whose source may panic.
type guardedRecords struct {
	records
	code string
}

func (g guardedRecords) next() error { return guarded(g.code, g.records.next) }

// declaredRecords tell what they met in each column.
type declaredRecords interface {
	records
	problems(tr *TableReport, keys []string, degrees bool)
	bounds(column int) geometry.Bounds
}

// findDeclared finds the one table of a source that declares its columns; left
// are those that were left out.
func findDeclared(ctx context.Context, file *File, o Options, code string, columns []declared, left seen, open func(ctx context.Context) declaredRecords) error {
	f := newFinder(o, &file.Report)
	f.declared = columns
	shape := -1 // the first geometry; others must be in its system
	for j, c := range columns {
		f.labels = append(f.labels, c.label)
		switch {
		case c.system == "":
		case shape < 0:
			shape, f.crs = j, c.system
		case c.system != f.crs:
			return &Refusal{Code: "geojson-crs", Stage: "structure"}
		}
	}
	f.open = func(ctx context.Context, _ *layout) (records, error) { return guardedRecords{open(ctx), code}, nil }
	f.problems = func(tr *TableReport, src records, keys []string) {
		r := src.(guardedRecords).records.(declaredRecords)
		if shape >= 0 {
			f.system(r.bounds(shape), keys[shape])
		}
		r.problems(tr, keys, shape < 0 || crs.Degrees(f.crs))
		for j, c := range columns {
			if c.zone {
				tr.problem("time-zone", seen{n: 1}, keys[j], "UTC")
			}
		}
		tr.problem("binary-column", left.whole(), "", "text")
	}
	t, err := f.find(ctx)
	if err != nil {
		return err
	}
	file.Tables = append(file.Tables, t)
	return nil
}

// looksBinary: bytes that no text holds. A column of bytes is text where none
// of its cells is so, since older programs do not say which of the two it is.
func looksBinary(b []byte) bool {
	return !utf8.Valid(b) || bytes.ContainsFunc(b, func(r rune) bool {
		return r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0x7f
	})
}

// appendReal writes the shortest number that reads back as the same, of so
// many bits. as is asFound for what is no number.
func appendReal(dst []byte, v float64, bits int) ([]byte, cellKind) {
	switch {
	case math.IsNaN(v):
		return append(dst, "nan"...), asFound
	case math.IsInf(v, 1):
		return append(dst, "Infinity"...), asFound
	case math.IsInf(v, -1):
		return append(dst, "-Infinity"...), asFound
	case v == 0:
		return append(dst, '0'), asNumber // the sign of a zero is not kept
	}
	return strconv.AppendFloat(dst, v, 'g', -1, bits), asNumber
}

// halfFloat reads a float of 16 bits. Arrow v17 reads the smallest of them wrong.
func halfFloat(bits uint16) float64 {
	exp, frac := int(bits>>10&31), float64(bits&0x3ff)
	v := math.Ldexp(1024+frac, exp-25)
	switch {
	case exp == 0:
		v = math.Ldexp(frac, -24)
	case exp == 31 && frac != 0:
		return math.NaN()
	case exp == 31:
		v = math.Inf(1)
	}
	if bits>>15 == 1 {
		return -v
	}
	return v
}

// appendHalf writes the shortest number that no other float of 16 bits is
// nearer to.
func appendHalf(dst []byte, bits uint16) ([]byte, cellKind) {
	v := halfFloat(bits)
	if bits&0x7fff == 0 || math.IsNaN(v) || math.IsInf(v, 0) {
		return appendReal(dst, v, 64)
	}
	if bits>>15 == 1 {
		dst = append(dst, '-')
	}
	bits &= 0x7fff
	v = halfFloat(bits)
	low, high := (v+halfFloat(bits-1))/2, v+(v-halfFloat(bits-1))/2
	if bits < 0x7bff {
		high = (v + halfFloat(bits+1)) / 2
	}
	for prec := 1; ; prec++ {
		var b [32]byte
		t := strconv.AppendFloat(b[:0], v, 'g', prec, 64)
		if f, err := strconv.ParseFloat(string(t), 64); err != nil || f == v || f > low && f < high {
			return append(dst, t...), asNumber
		}
	}
}

// appendScaled writes a whole number with a decimal point before its last digits.
func appendScaled(dst []byte, v *big.Int, scale int) []byte {
	return appendPointed(dst, v.Append(nil, 10), scale)
}

func appendPointed(dst, digits []byte, scale int) []byte {
	if len(digits) > 0 && digits[0] == '-' {
		dst, digits = append(dst, '-'), digits[1:]
	}
	switch {
	case scale < 0:
		dst = append(dst, digits...)
		if string(digits) == "0" {
			return dst
		}
		return append(dst, strings.Repeat("0", -scale)...)
	case scale == 0:
		return append(dst, digits...)
	case len(digits) <= scale:
		// "-0.00" would be no number: a zero has no sign here.
		dst = append(dst, '0', '.')
		dst = append(dst, strings.Repeat("0", scale-len(digits))...)
		return append(dst, digits...)
	}
	dst = append(dst, digits[:len(digits)-scale]...)
	dst = append(dst, '.')
	return append(dst, digits[len(digits)-scale:]...)
}

// appendISODay writes days since 1970 as an ISO date. A year of more than four
// digits is no date to the finder: such a column stays text.
func appendISODay(dst []byte, days int64) []byte {
	if days > secondsMost/86_400 || days < -secondsMost/86_400 {
		return strconv.AppendInt(append(dst, "day "...), days, 10)
	}
	return time.Unix(days*86_400, 0).UTC().AppendFormat(dst, "2006-01-02")
}

// secondsMost is within what package time counts in.
const secondsMost = 1 << 53

// appendStamp writes an instant, seconds since 1970 and nanoseconds. All of
// its digits are written: where they are more than six, the column stays text.
func appendStamp(dst []byte, sec, nanos int64, offset int32) []byte {
	if sec > secondsMost || sec < -secondsMost {
		return strconv.AppendInt(append(dst, "second "...), sec, 10)
	}
	at := time.Unix(sec, nanos).UTC()
	if offset == noOffset {
		return at.AppendFormat(dst, "2006-01-02T15:04:05.999999999")
	}
	return at.In(time.FixedZone("", int(offset)*60)).AppendFormat(dst, "2006-01-02T15:04:05.999999999Z07:00")
}

// appendTimeOfDay writes a time of day, in units of which per make a second.
func appendTimeOfDay(dst []byte, v, per int64) []byte {
	if v < 0 {
		dst = append(dst, '-')
		if v == math.MinInt64 {
			v++ // no time of day; a unit less of a nonsense
		}
		v = -v
	}
	sec, frac := v/per, v%per
	two := func(n int64) {
		if n < 10 {
			dst = append(dst, '0')
		}
		dst = strconv.AppendInt(dst, n, 10)
	}
	two(sec / 3600)
	dst = append(dst, ':')
	two(sec / 60 % 60)
	dst = append(dst, ':')
	two(sec % 60)
	return appendFraction(dst, frac, per)
}

// appendFraction writes a part of a second without zeros at its end.
func appendFraction(dst []byte, frac, per int64) []byte {
	if frac == 0 {
		return dst
	}
	digits := strconv.FormatInt(per+frac, 10)[1:]
	return append(append(dst, '.'), strings.TrimRight(digits, "0")...)
}

// appendSpan writes months, days and a part of a day as ISO 8601: P1M2DT0.5S.
func appendSpan(dst []byte, months, days, v, per int64) []byte {
	dst = append(dst, 'P')
	if months != 0 {
		dst = append(strconv.AppendInt(dst, months, 10), 'M')
	}
	if days != 0 {
		dst = append(strconv.AppendInt(dst, days, 10), 'D')
	}
	if v == 0 && (months != 0 || days != 0) {
		return dst
	}
	dst = append(dst, 'T')
	sec, frac := v/per, v%per
	if v < 0 {
		dst, sec, frac = append(dst, '-'), -sec, -frac
	}
	dst = appendFraction(strconv.AppendInt(dst, sec, 10), frac, per)
	return append(dst, 'S')
}

func appendUUID(dst, b []byte) []byte {
	const hex = "0123456789abcdef"
	for i, x := range b {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			dst = append(dst, '-')
		}
		dst = append(dst, hex[x>>4], hex[x&15])
	}
	return dst
}

// appendJSONString quotes a text. HTML is no concern of a cell.
func appendJSONString(dst, b []byte) []byte {
	dst = append(dst, '"')
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		switch {
		case r == '"' || r == '\\':
			dst = append(dst, '\\', byte(r))
		case r == '\n':
			dst = append(dst, '\\', 'n')
		case r == '\t':
			dst = append(dst, '\\', 't')
		case r == '\r':
			dst = append(dst, '\\', 'r')
		case r < ' ':
			const hex = "0123456789abcdef"
			dst = append(dst, '\\', 'u', '0', '0', hex[r>>4], hex[r&15])
		default:
			dst = utf8.AppendRune(dst, r)
		}
		b = b[n:]
	}
	return append(dst, '"')
}

// geoColumns reads the "geo" key of GeoParquet: which columns are geometries
// in WKB, and in which system. One that cannot be told is refused; a key that
// is no such JSON says nothing.
func geoColumns(meta string) (map[string]string, error) {
	var geo struct {
		Columns map[string]struct {
			Encoding string          `json:"encoding"`
			CRS      json.RawMessage `json:"crs"`
		} `json:"columns"`
	}
	if json.Unmarshal([]byte(meta), &geo) != nil {
		return nil, nil
	}
	out := make(map[string]string)
	for name, c := range geo.Columns {
		if !strings.EqualFold(c.Encoding, "WKB") {
			continue // points in columns of numbers are numbers
		}
		system, ok := systemOf(string(c.CRS))
		if !ok {
			return nil, &Refusal{Code: "geojson-crs", Stage: "structure"}
		}
		out[name] = system
	}
	return out, nil
}

// systemOf reads how a file names the coordinate system of a column: PROJJSON,
// by its identifier, or a name alone ("EPSG:3405", "srid:3405"). Without a word
// it is longitude and latitude, as the formats say; null says that nobody
// knows. False: it is another one.
func systemOf(said string) (string, bool) {
	name := said
	var text *string
	var proj struct {
		ID *struct {
			Authority string `json:"authority"`
			Code      any    `json:"code"`
		} `json:"id"`
	}
	switch {
	case said == "":
		return crs.CRS84, true
	case json.Unmarshal([]byte(said), &text) == nil:
		if text == nil {
			return crs.Unknown, true
		}
		name = *text
	case json.Unmarshal([]byte(said), &proj) == nil && proj.ID != nil:
		name = proj.ID.Authority + ":" + fmt.Sprint(proj.ID.Code)
	}
	name = strings.ToUpper(strings.TrimSpace(name))
	if rest, ok := strings.CutPrefix(name, "SRID:"); ok {
		name = "EPSG:" + rest
	}
	switch {
	case isLonLatName(name):
		return crs.CRS84, true
	case name == strings.ToUpper(crs.Unknown):
		return crs.Unknown, true
	case crs.Valid(name):
		return name, true
	}
	return "", false
}

func isLonLatName(name string) bool {
	switch strings.ToUpper(name) {
	case "OGC:CRS84", "EPSG:4326", "OGC:CRS84H", "EPSG:4979":
		return true
	}
	return false
}
