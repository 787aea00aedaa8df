package privacy

import (
	"context"
	"fmt"
	"hash/maphash"
	"math"
	"strconv"
	"strings"
	"unsafe"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
)

// memory bounds the sets of distinct values of one table. A column that would
// go beyond counts rows instead, and its profile says so.
const distinctMemory = 256 << 20

// Examine reads every cell of every row, never a sample, and reports what it
// found: counts and positions, no values. The year of s.Now is the last that a
// personal number may carry. Errors are those of the reader and the context.
func Examine(ctx context.Context, t Table, s Setting) (Profile, error) {
	return examine(ctx, t, s, distinctMemory)
}

func examine(ctx context.Context, t Table, s Setting, memory int) (Profile, error) {
	year := s.lastYear()
	schema := t.Schema()
	cols := make([]*columnScan, schema.NumFields())
	budget := memory
	for i, f := range schema.Fields() {
		cols[i] = newColumnScan(f, year, &budget)
	}
	rows, err := eachBatch(ctx, t, func(rec arrow.Record, row int64) {
		seeBatch(cols, rec, row, &budget)
	})
	if err != nil {
		return Profile{}, err
	}
	p := Profile{Rows: rows}
	d := decider{year: year, linked: s.Linked, columns: cols, profile: &p}
	d.decide()
	if d.wantsJoint() {
		if err := d.joint(ctx, t); err != nil {
			return Profile{}, err
		}
	}
	d.settle()
	return p, nil
}

// seeBatch shares the columns out among the cores where none can run out of
// memory, and goes from the first to the last where one might: which one does
// must not depend on who comes first.
func seeBatch(cols []*columnScan, rec arrow.Record, row int64, budget *int) {
	own := make([]int, len(cols))
	sum := 0
	for i, c := range cols {
		own[i] = c.seen.growth(int(rec.NumRows()))
		if c.byRows {
			own[i] = 0
		}
		sum += own[i]
	}
	if sum > *budget {
		for i, c := range cols {
			c.see(rec.Column(i), row)
		}
		return
	}
	*budget -= sum
	inParallel(len(cols), func(i int) {
		cols[i].budget = &own[i]
		cols[i].see(rec.Column(i), row)
		cols[i].budget = budget
	})
	for _, left := range own {
		*budget += left
	}
}

// eachBatch reads a table once. Its errors name the batch's first row only:
// what a foreign reader says may quote a cell.
func eachBatch(ctx context.Context, t Table, f func(rec arrow.Record, row int64)) (int64, error) {
	r, err := t.Rows(ctx)
	if err != nil {
		return 0, fmt.Errorf("examine: open the table: %w", err)
	}
	defer r.Release()
	n := t.Schema().NumFields()
	row := int64(1)
	for r.Next() {
		if err := ctx.Err(); err != nil {
			return 0, fmt.Errorf("examine: row %d: %w", row, err)
		}
		rec := r.Record()
		if int(rec.NumCols()) != n {
			return 0, fmt.Errorf("examine: row %d: %d columns where the schema has %d", row, rec.NumCols(), n)
		}
		f(rec, row)
		row += rec.NumRows()
	}
	if err := r.Err(); err != nil {
		return 0, fmt.Errorf("examine: row %d: %w", row, err)
	}
	return row - 1, nil
}

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
	budget  *int
	seen    distinctSet
	byRows  bool // the distinct values outgrew the memory
	typed   bool // truth values, dates, times, geometries: the type says that nothing hides in them
	dates   bool
	geo     *geometryScan // of a geometry column

	nulls, nonEmpty int64
	sigs            []signatureCount
	sigAt           map[signature]uint16
	lastSig         uint16
	shapes          map[int32]int64 // digits*1000 + first three
	digitValues     int64
	zeroLead        int64
	tokens          int64
	few             []string // the distinct values, lower case, while there are at most four
	many            bool
	order           sequence
	signed          int64 // values with a minus or a decimal part: quantities
	buf             []byte
}

func newColumnScan(f arrow.Field, year int, budget *int) *columnScan {
	c := &columnScan{field: f, budget: budget, sigAt: map[signature]uint16{}, shapes: map[int32]int64{}}
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
		c.typed, c.many, c.geo = true, true, &geometryScan{points: true}
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

// see takes in one batch of the column; row is the batch's first.
func (c *columnScan) see(a arrow.Array, row int64) {
	if c.geo != nil {
		c.geometries(a, row)
		return
	}
	switch a := a.(type) {
	case *array.String:
		for i := range a.Len() {
			if a.IsNull(i) {
				c.nulls++
				continue
			}
			v := a.Value(i)
			// The scanner only reads; the copy would cost as much as the scan.
			c.value(unsafe.Slice(unsafe.StringData(v), len(v)), row+int64(i))
		}
	case *array.Float64:
		for i := range a.Len() {
			if a.IsNull(i) {
				c.nulls++
				continue
			}
			v := a.Value(i)
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
				c.nulls++
				continue
			}
			c.buf = AppendCell(c.buf[:0], a, i)
			c.value(c.buf, row+int64(i))
		}
	}
}

// value takes in one cell that is not null. v is only read.
func (c *columnScan) value(v []byte, row int64) {
	if len(v) == 0 {
		return
	}
	var h uint64
	at := 0
	if !c.byRows {
		h = hashOf(v)
		var ok bool
		if at, ok = c.seen.find(h); ok {
			s := &c.sigs[c.seen.sigs[at]]
			if s.flags&flagBlank == 0 {
				c.nonEmpty++
			}
			s.rows++
			return
		}
	}
	s := c.scanner
	if c.typed {
		s.none(v, c.dates)
	} else {
		s.scan(v)
	}
	id := c.signature(signature{s.whole, s.inside, s.flags}, row)
	c.sigs[id].rows++
	c.sigs[id].distinct++
	if !c.byRows && !c.seen.add(h, id, c.budget) {
		c.byRows = true
		*c.budget += c.seen.size()
		c.seen = distinctSet{}
	}
	if s.flags&flagBlank != 0 {
		return
	}
	c.nonEmpty++
	c.tokens += int64(s.tokens)
	if !c.many {
		c.keepFew(v)
	}
	t := s.text[s.begin:s.end]
	if s.flags&flagDigits != 0 && s.digits >= 1 {
		c.digitCell(t)
	}
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

var hashSeed = maphash.MakeSeed()

func hashOf(v []byte) uint64 {
	h := maphash.Bytes(hashSeed, v)
	if h == 0 {
		return 1
	}
	return h
}

// distinctSet holds 64-bit hashes of the values seen, keyed anew in each
// process so that no file can be made to collide, each with the number of its
// value's signature. Two of a million values share a hash once in ten million
// tables. The zero value is empty.
type distinctSet struct {
	keys []uint64
	sigs []uint16
	n    int
}

const slotBytes = 10

func (d *distinctSet) size() int { return len(d.keys) * slotBytes }

// growth is by how many bytes the set grows at most when n hashes are put.
func (d *distinctSet) growth(n int) int {
	next := len(d.keys)
	for (d.n+n)*4 >= next*3 {
		next = max(64, 2*next)
	}
	return (next - len(d.keys)) * slotBytes
}

// find gives the slot of a hash, or the empty one where it belongs.
func (d *distinctSet) find(h uint64) (int, bool) {
	if len(d.keys) == 0 {
		return 0, false
	}
	mask := uint64(len(d.keys) - 1)
	for i := h & mask; ; i = (i + 1) & mask {
		switch d.keys[i] {
		case h:
			return int(i), true
		case 0:
			return int(i), false
		}
	}
}

// add puts a hash that is not there. It says no, and adds nothing, where the
// set would have to grow past the budget.
func (d *distinctSet) add(h uint64, sig uint16, budget *int) bool {
	if d.n*4 >= len(d.keys)*3 {
		next := max(64, 2*len(d.keys))
		if (next-len(d.keys))*slotBytes > *budget {
			return false
		}
		*budget -= (next - len(d.keys)) * slotBytes
		old := *d
		*d = distinctSet{keys: make([]uint64, next), sigs: make([]uint16, next)}
		for i, k := range old.keys {
			if k != 0 {
				at, _ := d.find(k)
				d.keys[at], d.sigs[at] = k, old.sigs[i]
				d.n++
			}
		}
	}
	at, _ := d.find(h)
	d.keys[at], d.sigs[at] = h, sig
	d.n++
	return true
}
