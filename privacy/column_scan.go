package privacy

import (
	"bytes"
	"math"
	"strconv"
	"strings"
	"unsafe"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/bitutil"
)

// A signature is what a scan says of a value; a column has few of them, and
// its counts are kept by signature.
type signature struct {
	whole, inside kindSet
	flags         cellFlag
}

type signatureCount struct {
	signature
	distinct, rows int64
	first          int64 // data row, from 1
}

// columnScan is what is gathered of one column.
type columnScan struct {
	field   arrow.Field
	label   []string // the name's folded words
	hints   kindSet
	scanner *scanner
	seen    distinctSet
	fresh   int  // values that the last batch brought to seen
	byRows  bool // the distinct values outgrew the memory
	typed   bool // truth values, dates, times, geometries: the type says that nothing hides in them
	dates   bool
	geo     *geometryScan // of a geometry column

	nulls, nonEmpty int64
	sigs            []signatureCount
	sigAt           map[signature]uint16
	lastSig         uint16
	shapes          map[int32]int64 // digits*1000 + first three
	wholes          map[int]int64   // digits, of decimals that are whole numbers: "79123456789.0"
	digitValues     int64
	zeroLead        int64
	tokens          int64
	few             []string // the distinct values, lower case, while there are at most four
	many            bool
	order           sequence
	signed          int64 // values with a minus or a decimal part: quantities
	buf             []byte
}

func newColumnScan(f arrow.Field, year int) *columnScan {
	c := &columnScan{field: f, sigAt: map[signature]uint16{}, shapes: map[int32]int64{}, wholes: map[int]int64{}}
	c.label = labelTokens(fieldLabel(f))
	if key := labelTokens(f.Name); strings.Join(key, " ") != strings.Join(c.label, " ") {
		// The key is the label's folding cut short; where the two differ both
		// are looked at, with a word between that belongs to neither.
		c.label = append(append(c.label, ""), key...)
	}
	c.hints = hinted(c.label)
	c.scanner = newScanner(year)
	c.scanner.wantHouse = addrHints.in(c.label) || homeHints.in(c.label)
	c.scanner.wantNames = true
	c.scanner.wantUnits = c.hints.has(kName)
	switch f.Type.ID() {
	case arrow.DATE32, arrow.TIMESTAMP:
		c.typed, c.dates = true, true
	case arrow.BOOL:
		c.typed = true
	}
	if isGeometry(f) {
		c.typed, c.many, c.geo = true, true, &geometryScan{crs: metaOf(f, MetaGeometry), points: true}
	}
	return c
}

// fieldLabel is a column's name as the agency wrote it.
func fieldLabel(f arrow.Field) string {
	if l, ok := f.Metadata.GetValue(MetaLabel); ok && l != "" {
		return l
	}
	return f.Name
}

// countRows gives up the set of distinct values.
func (c *columnScan) countRows() { c.byRows, c.seen, c.fresh = true, distinctSet{}, 0 }

// see takes in one batch of the column; row is the batch's first. A value that
// was seen before is only counted: what it is cannot have changed.
func (c *columnScan) see(a arrow.Array, row int64) {
	if c.geo != nil {
		c.geometries(a, row)
		return
	}
	c.nulls += nullsOf(a)
	switch a := a.(type) {
	case *array.String:
		for i := range a.Len() {
			if a.IsNull(i) {
				continue
			}
			v := a.Value(i)
			// The scanner only reads; the copy would cost as much as the scan.
			c.value(unsafe.Slice(unsafe.StringData(v), len(v)), row+int64(i))
		}
	case *array.Int64:
		for i, v := range a.Int64Values() {
			h := c.hashOfNumber(uint64(v))
			if a.IsNull(i) || c.known(h) || c.short(v, 0, h, row+int64(i)) {
				continue
			}
			c.buf = strconv.AppendInt(c.buf[:0], v, 10)
			c.first(c.buf, h, row+int64(i))
		}
	case *array.Decimal128:
		scale := a.DataType().(*arrow.Decimal128Type).Scale
		for i, v := range a.Values() {
			if a.IsNull(i) {
				continue
			}
			hi, lo := uint64(v.HighBits()), v.LowBits()
			short := int64(hi) == int64(lo)>>63
			var h uint64
			switch {
			case c.byRows:
			case short:
				h = hashOfNumber(lo)
			default:
				h = hashOfPair(hi, lo)
			}
			if c.known(h) || short && c.short(int64(lo), scale, h, row+int64(i)) {
				continue
			}
			c.buf = appendDecimal(c.buf[:0], v, scale)
			c.first(c.buf, h, row+int64(i))
		}
	case *array.Date32:
		for i, v := range a.Date32Values() {
			h := c.hashOfNumber(uint64(v))
			if a.IsNull(i) || c.known(h) {
				continue
			}
			c.buf = appendDate(c.buf[:0], v)
			c.first(c.buf, h, row+int64(i))
		}
	case *array.Float64:
		for i, v := range a.Float64Values() {
			if a.IsNull(i) {
				continue
			}
			if v == math.Trunc(v) && math.Abs(v) < 1e18 {
				// A spreadsheet's whole number: 7.9e10 hides eleven digits.
				c.buf = strconv.AppendInt(c.buf[:0], int64(v), 10)
			} else {
				c.buf = strconv.AppendFloat(c.buf[:0], v, 'f', -1, 64)
			}
			c.value(c.buf, row+int64(i))
		}
	default:
		for i := range a.Len() {
			if a.IsNull(i) {
				continue
			}
			c.buf = AppendCell(c.buf[:0], a, i)
			c.value(c.buf, row+int64(i))
		}
	}
}

// hashOfNumber spares the work where nobody asks for the hash.
func (c *columnScan) hashOfNumber(v uint64) uint64 {
	if c.byRows {
		return 0
	}
	return hashOfNumber(v)
}

// value takes in one cell that is not null. v is only read.
func (c *columnScan) value(v []byte, row int64) {
	if len(v) == 0 {
		return
	}
	var h uint64
	if !c.byRows {
		h = hashOf(v)
	}
	if !c.known(h) {
		c.first(v, h, row)
	}
}

// known counts a value that was seen before, by its hash.
func (c *columnScan) known(h uint64) bool {
	if c.byRows {
		return false
	}
	at, ok := c.seen.find(h)
	if !ok {
		return false
	}
	s := &c.sigs[c.seen.sigs[at]]
	if s.flags&flagBlank == 0 {
		c.nonEmpty++
	}
	s.rows++
	return true
}

// first takes in a value of which nothing is known yet: it is scanned.
func (c *columnScan) first(v []byte, h uint64, row int64) {
	s := c.scanner
	if c.typed {
		s.none(v, c.dates)
	} else {
		s.scan(v)
	}
	c.take(signature{s.whole, s.inside, s.flags}, h, row)
	if s.flags&flagBlank != 0 {
		return
	}
	c.tokens += int64(s.tokens)
	if !c.many {
		c.keepFew(v)
	}
	t := s.text[s.begin:s.end]
	if s.flags&flagDigits != 0 && s.digits >= 1 {
		c.digitCell(t)
	}
}

// take counts a value under what the scan said of it.
func (c *columnScan) take(sig signature, h uint64, row int64) {
	id := c.signature(sig, row)
	c.sigs[id].rows++
	c.sigs[id].distinct++
	if !c.byRows {
		c.seen.add(h, id)
		c.fresh++
	}
	if sig.flags&flagBlank == 0 {
		c.nonEmpty++
	}
}

// short takes in the number v / 10^scale without its text, where its digits
// are no identifier's whatever they are: whole numbers of at most six digits,
// and quantities, which are no whole numbers. The outcome is that of a scan of
// the text; false: it has to be scanned.
func (c *columnScan) short(v int64, scale int32, h uint64, row int64) bool {
	sig := signature{flags: flagDigits}
	switch {
	case !c.many:
		return false
	case scale == 0:
		if v <= -1_000_000 || v >= 1_000_000 {
			return false
		}
		if v >= 1850 && v <= 2100 {
			sig.flags |= flagYear
		}
	case scale < 0 || scale > 18 || scale == 4 || scale <= 2 && v%int64(tenTo[scale]) == 0:
		// "79123456789.0" is a whole number that a spreadsheet wrote, and
		// "3.2024" a month.
		return false
	case max(int(scale)+1, digitsOf(v)) == 12: // "0.05" has three
		sig.flags |= flagTwelve
	}
	c.take(sig, h, row)
	c.tokens++
	if v < 0 || scale > 0 {
		c.signed++
		return true
	}
	c.digitValues++
	if v == 0 {
		c.zeroLead++
	}
	c.order.see(uint64(v))
	return true
}

// tenTo are the powers of ten that 64 bits hold.
var tenTo = func() (t [20]uint64) {
	for i, p := 0, uint64(1); i < len(t); i, p = i+1, p*10 {
		t[i] = p
	}
	return t
}()

// digitsOf counts the digits of a whole number.
func digitsOf(v int64) int {
	size := uint64(v)
	if v < 0 {
		size = -size
	}
	n := 1
	for n < len(tenTo) && size >= tenTo[n] {
		n++
	}
	return n
}

// nullsOf counts; what an array says of itself may be older than the array.
func nullsOf(a arrow.Array) int64 {
	bitmap := a.NullBitmapBytes()
	if len(bitmap) == 0 {
		return 0
	}
	return int64(a.Len() - bitutil.CountSetBits(bitmap, a.Data().Offset(), a.Len()))
}

// digitCell counts the shape of a value that is all digits.
func (c *columnScan) digitCell(t []byte) {
	if t[0] == '-' {
		c.signed++
		return
	}
	lead, n := 0, 0
	var v uint64
	seps := 0
	for _, b := range t {
		if !digit(b) {
			seps++
			continue
		}
		if n < 3 {
			lead = lead*10 + int(b-'0')
		}
		if n < 18 {
			v = v*10 + uint64(b-'0')
		}
		n++
	}
	if n > maxDigits {
		return
	}
	if seps == 1 && isDecimal(t) {
		c.signed++
		// A whole number with ".00" is scanned as one, so it counts among those
		// that pass a check by chance.
		if whole := n - zeroDecimals(t); whole < n && whole >= 7 {
			c.wholes[whole]++
		}
		return
	}
	c.digitValues++
	if t[0] == '0' {
		c.zeroLead++
	}
	if n >= 7 {
		c.shapes[int32(n*1000+lead)]++
	}
	if seps == 0 && n <= 18 {
		c.order.see(v)
	}
}

// zeroDecimals counts the decimals of a number where they are nothing but one
// or two zeros.
func zeroDecimals(t []byte) int {
	i := bytes.IndexByte(t, '.')
	if i < 0 || len(t)-i > 3 || !zeros(t[i+1:]) {
		return 0
	}
	return len(t) - i - 1
}

// isDecimal knows 12.5 from 0912.345678.
func isDecimal(t []byte) bool {
	for i, b := range t {
		if b == '.' || b == ',' {
			return i == 1 || i > 0 && t[0] != '0'
		}
	}
	return false
}

func (c *columnScan) keepFew(v []byte) {
	if len(v) > 32 {
		c.many, c.few = true, nil
		return
	}
	w := strings.ToLower(strings.TrimSpace(string(v)))
	for _, f := range c.few {
		if f == w {
			return
		}
	}
	if len(c.few) == 5 {
		c.many, c.few = true, nil
		return
	}
	c.few = append(c.few, w)
}

// signature gives the number of a signature; row is where it is seen first.
func (c *columnScan) signature(s signature, row int64) uint16 {
	if len(c.sigs) > 0 && c.sigs[c.lastSig].signature == s {
		return c.lastSig
	}
	id, ok := c.sigAt[s]
	if !ok {
		if len(c.sigs) == math.MaxUint16 {
			// Beyond any column that was seen: fold what is left into one, and
			// keep what decides.
			s.flags &= flagPersonalMail
			if id, ok = c.sigAt[s]; ok {
				return id
			}
			id = math.MaxUint16 - 1
			c.sigs[id].whole |= s.whole
			c.sigs[id].inside |= s.inside
			return id
		}
		id = uint16(len(c.sigs))
		c.sigAt[s] = id
		c.sigs = append(c.sigs, signatureCount{signature: s, first: row})
	}
	c.lastSig = id
	return id
}

// A sequence knows whether numbers count on: strictly up, by equal steps, or
// packed close together.
type sequence struct {
	n           int64
	prev        uint64
	step        uint64
	up, even    bool
	least, most uint64
}

func (s *sequence) see(v uint64) {
	switch s.n {
	case 0:
		s.up, s.even, s.least, s.most = true, true, v, v
	case 1:
		s.step = v - s.prev
		s.up = v > s.prev
	default:
		if v <= s.prev {
			s.up = false
		}
		if v-s.prev != s.step {
			s.even = false
		}
	}
	s.least, s.most = min(s.least, v), max(s.most, v)
	s.prev = v
	s.n++
}

// counts says whether the values look like running numbers.
func (s *sequence) counts() bool {
	return s.n >= 8 && (s.up || s.even || s.most-s.least < 5*uint64(s.n))
}
