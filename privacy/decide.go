package privacy

import (
	"context"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"

	"daylight/privacy/crs"
)

// The decisions of privacy.md section 3: what a column is, by the share of its
// distinct values that validate and the chance that random ones would; which
// single cells count; whether the table is about persons.

const (
	z95 = 1.96
	// chanceTail: hits that chance alone would bring less often than this
	// are no chance.
	chanceTail = 1e-6
	// enough: with fewer values than this, one that does not fit moves the
	// lower bound by so much that a column is left to a person.
	enough = 32
)

// wilson is the lower end of the 95 % interval of a share.
func wilson(valid, n int64) float64 {
	if n == 0 {
		return 0
	}
	p, m := float64(valid)/float64(n), float64(n)
	lb := (p + z95*z95/(2*m) - z95*math.Sqrt(p*(1-p)/m+z95*z95/(4*m*m))) / (1 + z95*z95/m)
	return max(lb, 0)
}

// logLikelihood compares "this share" with "chance at rate r".
func logLikelihood(valid, n int64, r float64) float64 {
	if n == 0 {
		return 0
	}
	r = min(max(r, 1e-9), 1-1e-9)
	p, sum := float64(valid)/float64(n), 0.0
	if p > 0 {
		sum += p * math.Log(p/r)
	}
	if p < 1 {
		sum += (1 - p) * math.Log((1-p)/(1-r))
	}
	return float64(n) * sum
}

// binomialTail is the chance of at least k hits in n at rate r.
func binomialTail(k, n int64, r float64) float64 {
	switch {
	case k <= 0:
		return 1
	case r <= 0:
		return 0
	case r >= 1:
		return 1
	}
	lg := func(x float64) float64 { v, _ := math.Lgamma(x); return v }
	fn, sum := float64(n), 0.0
	mean := fn * r
	if float64(k) <= mean {
		return 1 // as many as expected; the exact figure does not matter
	}
	for i := k; i <= n; i++ {
		fi := float64(i)
		term := math.Exp(lg(fn+1) - lg(fi+1) - lg(fn-fi+1) + fi*math.Log(r) + (fn-fi)*math.Log1p(-r))
		sum += term
		if term < sum*1e-12 {
			break
		}
	}
	return min(sum, 1)
}

// A decider turns what was gathered into a profile.
type decider struct {
	year    int
	linked  bool // to a table about persons
	columns []*columnScan
	profile *Profile
	all     []*columnFacts
}

// columnFacts are the counts of one column that its decision rests on.
type columnFacts struct {
	c        *columnScan
	index    int
	n        int64 // distinct non-empty values, or rows
	rows     int64
	valid    []int64
	inside   []int64
	rate     []float64
	findings []Finding
	negative bool // running numbers, or amounts by name

	sex, birth, age, place, coords, date, trait, home, address bool
	text                                                       bool
	nameText, house, words, alpha, digitish, units             int64
}

func (d *decider) decide() {
	d.all = make([]*columnFacts, len(d.columns))
	for i, c := range d.columns {
		f := gather(c, i)
		f.decide()
		f.context()
		d.all[i] = f
	}
}

// weight counts a signature by distinct values, or rows where they outgrew memory.
func (c *columnScan) weight(s signatureCount) int64 {
	if c.byRows {
		return s.rows
	}
	return s.distinct
}

func gather(c *columnScan, index int) *columnFacts {
	f := &columnFacts{c: c, index: index, rows: c.nonEmpty,
		valid: make([]int64, len(Detectors)), inside: make([]int64, len(Detectors)), rate: make([]float64, len(Detectors))}
	for _, s := range c.sigs {
		if s.flags&flagBlank != 0 {
			continue
		}
		w := c.weight(s)
		f.n += w
		for k := range Detectors {
			if s.whole.has(k) && (Detectors[k].Kind != "us_ssn" || c.hints.has(k) || s.flags&flagDashedSSN != 0) {
				f.valid[k] += w
			}
			if s.inside.has(k) {
				f.inside[k] += w
			}
		}
		f.add(s.flags, w)
	}
	if f.n > 0 {
		for shape, w := range c.shapes {
			f.rates(Shape{Digits: int(shape / 1000), Lead: int(shape % 1000)}, float64(w))
		}
		// Amounts begin with any digits. Those of the values themselves would
		// make telephones among amounts look like chance.
		for digits, w := range c.wholes {
			for lead := 100; lead < 1000; lead++ {
				f.rates(Shape{digits, lead}, float64(w)/900)
			}
		}
	}
	f.negative = c.order.counts() && 2*c.order.n > f.n || quantityHints.in(c.label)
	return f
}

// rates adds what w values of a shape make it likely to hit by chance.
func (f *columnFacts) rates(s Shape, w float64) {
	for _, k := range dispatch.digits[s.Digits] {
		if r := Detectors[k].Rate; r != nil {
			f.rate[k] += r(s) * w / float64(f.n)
		}
	}
}

func (f *columnFacts) add(flags cellFlag, w int64) {
	count := func(flag cellFlag, to *int64) {
		if flags&flag != 0 {
			*to += w
		}
	}
	count(flagNameText, &f.nameText)
	count(flagHouse, &f.house)
	count(flagWords, &f.words)
	count(flagAlpha, &f.alpha)
	count(flagUnit, &f.units)
	count(flagDigits, &f.digitish)
}

func (f *columnFacts) share(n int64) float64 {
	if f.n == 0 {
		return 0
	}
	return float64(n) / float64(f.n)
}

// hint is +1 where the name speaks of the kind, -1 where of another family.
func (f *columnFacts) hint(k int) int {
	switch {
	case f.c.hints.has(k):
		return 1
	case f.c.hints == 0:
		return 0
	}
	return -1
}

// strength is the detector's, less where the column's own values make the
// check weak or look like something else.
func (f *columnFacts) strength(k int) Strength {
	s := Detectors[k].Strength
	switch k {
	case kCCCD:
		// Nine in ten begin with 0: then the province says little.
		if 10*f.c.zeroLead >= 9*f.n {
			s = Medium
		}
	case kShort:
		s = Medium // its rate is that of a number that begins with 0
	case kPhone:
		var plus int64
		for _, g := range f.c.sigs {
			if g.flags&flagPlus != 0 && g.whole.has(k) {
				plus += f.c.weight(g)
			}
		}
		if 10*plus >= 9*f.valid[k] && plus > 0 {
			s = Strong
		}
	}
	if f.negative && f.hint(k) < 1 && s > Weak && k != kEmail {
		s--
	} else if f.negative && f.c.order.counts() && s > Weak && k != kEmail {
		s--
	}
	return s
}

// rule says by which rule the column is of kind k with so many valid values;
// "" by none.
func (f *columnFacts) rule(k int, valid int64) string {
	lb, h := wilson(valid, f.n), f.hint(k)
	switch f.strength(k) {
	case Strong:
		if lb >= .5 {
			return "strong"
		}
	case Medium:
		if k == kShort && h < 1 && f.share(valid) < .9 {
			return ""
		}
		if lb >= .8 {
			return "medium"
		}
		if lb >= .5 && h > 0 {
			return "medium+hint"
		}
	case Weak:
		if lb >= .8 && h > 0 {
			return "weak+hint"
		}
	}
	return ""
}

func (f *columnFacts) finding(k int, rule string, decision Decision) Finding {
	d := &Detectors[k]
	kind := d.Kind
	if kind == phoneShort.Kind {
		kind = phoneVN.Kind // one kind to people, whatever a spreadsheet did to it
	}
	return Finding{Column: f.index, Kind: kind, Class: d.Class, Rule: rule, Decision: decision, Valid: f.valid[k], Distinct: f.n, Rows: f.rows,
		Wilson: wilson(f.valid[k], f.n), LLR: logLikelihood(f.valid[k], f.n, f.rate[k]), Hint: f.hint(k)}
}

func (f *columnFacts) put(x Finding) { f.findings = append(f.findings, x) }

// blocked says whether the whole column is held already.
func (f *columnFacts) blocked() bool {
	for _, x := range f.findings {
		if x.Decision == Block && x.Cells == 0 {
			return true
		}
	}
	return false
}

// decide settles one column by itself.
func (f *columnFacts) decide() {
	if f.n == 0 {
		return
	}
	if f.c.geo != nil {
		f.geometries()
		return
	}
	if !f.byRule() && !f.byFamily() && !f.byName() && !f.small() {
		f.byHintAlone()
	}
	f.taxCodeOfPersons()
	if !f.blocked() {
		f.sparse()
	}
}

// byRule takes the likeliest of the kinds that a rule makes the column to be.
func (f *columnFacts) byRule() bool {
	best, rule, llr := -1, "", math.Inf(-1)
	weak, weakRule := -1, ""
	for k := range Detectors {
		if k == kName || f.valid[k] == 0 {
			continue
		}
		r := f.rule(k, f.valid[k])
		if r == "" {
			continue
		}
		if r == "weak+hint" {
			// Between weak kinds of one name, the one more values fit.
			if weak < 0 || f.valid[k] > f.valid[weak] {
				weak, weakRule = k, r
			}
			continue
		}
		if l := logLikelihood(f.valid[k], f.n, f.rate[k]); l > llr {
			best, rule, llr = k, r, l
		}
	}
	if best < 0 {
		best, rule = weak, weakRule
	}
	if best < 0 {
		return false
	}
	d := &Detectors[best]
	switch {
	case d.Class == ClassNone:
		return true // an article number: known, and no one's
	case best == kEmail:
		f.mail(rule)
	case d.Class == ClassPublic:
		x := f.finding(best, rule, AllowPublic)
		if weak >= 0 && f.hint(best) < 0 || f.hint(best) < 0 && f.c.hints.any(directHints) {
			x.Decision = Review // the name says that these are persons' numbers
		}
		f.put(x)
	default:
		f.put(f.finding(best, rule, Block))
	}
	return true
}

// directHints are the kinds whose very name makes a public look doubtful.
var directHints = func() (s kindSet) {
	for i, d := range Detectors {
		if d.Class == ClassDirect && d.Family != "phone" {
			s = s.with(i)
		}
	}
	return s
}()

// mail decides over a column of addresses: offices' are public.
func (f *columnFacts) mail(rule string) {
	var personal, cells, first int64
	for _, s := range f.c.sigs {
		if s.flags&flagPersonalMail != 0 {
			personal += f.c.weight(s)
			cells += s.rows
			if first == 0 || s.first < first {
				first = s.first
			}
		}
	}
	switch {
	case personal == 0:
		f.put(f.finding(kEmail, rule, AllowPublic))
	case 20*personal >= f.n || f.n < enough:
		f.put(f.finding(kEmail, rule, Block))
	default:
		f.put(f.finding(kEmail, rule, AllowPublic))
		x := f.finding(kEmail, "sparse", Review)
		x.Cells, x.First = cells, first
		f.put(x)
	}
}

// byFamily takes kinds together that stand in one column: mobile and landline
// numbers, old and new cards.
func (f *columnFacts) byFamily() bool {
	for _, family := range []string{"id", "phone"} {
		var set kindSet
		top, hint := -1, false
		for k, d := range Detectors {
			if d.Family != family {
				continue
			}
			hint = hint || f.hint(k) > 0
			if d.Strength == Weak && f.hint(k) < 1 || k == kShort && f.hint(k) < 1 {
				continue
			}
			set = set.with(k)
			if f.valid[k] > 0 && d.Class == ClassDirect && (top < 0 || f.valid[k] > f.valid[top]) {
				top = k
			}
		}
		if top < 0 {
			continue
		}
		var union, direct int64
		for _, s := range f.c.sigs {
			if s.whole.any(set) {
				union += f.c.weight(s)
				if s.whole.any(set.less(kindSet(0).with(kLandline))) {
					direct += f.c.weight(s)
				}
			}
		}
		lb := wilson(union, f.n)
		if f.negative && !hint || !(lb >= .5 && hint || lb >= .8 && family == "phone") {
			continue
		}
		rule := "medium+hint"
		if !hint {
			rule = "medium"
		}
		if 20*direct < union && !hint {
			f.put(f.finding(kLandline, rule, AllowPublic))
			return true // the few mobiles among them are left to the sparse rule
		}
		x := f.finding(top, rule, Block)
		x.Valid, x.Wilson = union, lb
		f.put(x)
		return true
	}
	return false
}

// byName is the rule of names: .55 of the values pass the strict form. Places,
// streets and companies under their own heading are not persons.
func (f *columnFacts) byName() bool {
	p, h := f.share(f.valid[kName]), f.hint(kName)
	switch {
	case h > 0 && p >= .55:
		f.put(f.finding(kName, "name+hint", Block))
	case h > 0 && f.share(f.units) >= .95:
		return false // "FullName" of provinces and communes
	case h > 0 && f.share(f.alpha) >= .8 && f.digitish == 0:
		f.put(f.finding(kName, "hint", Review))
	case placeHints.in(f.c.label) || f.n < 2:
		return false
	case p >= .55 && f.n >= 16:
		f.put(f.finding(kName, "name", Block))
	case p >= .8:
		f.put(f.finding(kName, "small", Review))
	default:
		return false
	}
	return true
}

// small: where nearly all values fit and they are too few to decide, a person
// does; under its own name the column is held.
func (f *columnFacts) small() bool {
	if f.n >= enough {
		return false
	}
	best := -1
	for k := range Detectors {
		if k == kName || f.share(f.valid[k]) < .8 || Detectors[k].Class == ClassNone {
			continue
		}
		h := f.hint(k)
		if h < 1 && (f.strength(k) == Weak || k == kShort && f.negative) {
			continue
		}
		// A foreign number without a name must at least not be chance.
		if h < 1 && !local.has(k) && binomialTail(f.valid[k], f.n, max(f.rate[k], .01)) > .01 {
			continue
		}
		if best < 0 || h > f.hint(best) || h == f.hint(best) && Detectors[k].Strength > Detectors[best].Strength {
			best = k
		}
	}
	if best < 0 {
		return false
	}
	switch {
	case best == kEmail:
		f.mail("small")
	case Detectors[best].Class == ClassPublic:
		f.put(f.finding(best, "small", AllowPublic))
	case f.hint(best) > 0:
		f.put(f.finding(best, "small", Block))
	default:
		f.put(f.finding(best, "small", Review))
	}
	return true
}

// local kinds are believed in small columns at their word.
var local = func() (s kindSet) {
	for i, d := range Detectors {
		switch d.Kind {
		case "cccd", "phone_vn", "landline_vn", "mst", "email", "iban", "plate_vn", "phone_intl", "card", "url_user", "mac", "ip":
			s = s.with(i)
		}
	}
	return s
}()

// byHintAlone: the name says a person's number and the cells are long numbers,
// but none or few validate (masked, of a kind unknown here, mistyped).
func (f *columnFacts) byHintAlone() {
	if 2*f.digitish < f.n || quantityHints.in(f.c.label) {
		return
	}
	for k, d := range Detectors {
		if f.hint(k) < 1 || d.Family != "id" && k != kPhone && k != kCard {
			continue
		}
		var long int64
		for shape, w := range f.c.shapes {
			if shape/1000 >= 8 {
				long += w
			}
		}
		if 2*long >= f.n {
			f.put(f.finding(k, "hint", Review))
		}
		return
	}
}

// taxCodeOfPersons: twelve digits among tax codes are a person's number since
// July 2025, whether or not they validate; so are eleven that do.
func (f *columnFacts) taxCodeOfPersons() {
	isTax := f.hint(kMST) > 0
	for _, x := range f.findings {
		isTax = isTax || x.Kind == mst.Kind
	}
	if !isTax || f.blocked() {
		return
	}
	x := f.finding(kCCCD, "mst12", Block)
	for _, s := range f.c.sigs {
		if s.flags&flagTwelve != 0 || f.hint(kMST) > 0 && s.whole.has(kShort) && !s.whole.has(kMST) {
			x.Cells += s.rows
			if x.First == 0 || s.first < x.First {
				x.First = s.first
			}
		}
	}
	if x.Cells > 0 {
		f.put(x)
	}
}

// sparse reports single cells, or spans in them, in a column that is not of
// their kind: one number in row 900,001 is a leak.
func (f *columnFacts) sparse() {
	for k := range Detectors {
		if !dispatch.sparse.has(k) && !(k == kShort && f.hint(k) > 0) || f.has(Detectors[k].Kind) {
			continue
		}
		if f.valid[k]+f.inside[k] == 0 {
			continue
		}
		x := f.finding(k, "sparse", Review)
		for _, s := range f.c.sigs {
			if !s.whole.has(k) && !s.inside.has(k) || k == kEmail && s.flags&flagPersonalMail == 0 {
				continue
			}
			x.Cells += s.rows
			if x.First == 0 || s.first < x.First {
				x.First = s.first
			}
		}
		if x.Cells == 0 {
			continue
		}
		if x.Hint > 0 {
			x.Decision = Block
		} else if f.inside[k] == 0 {
			switch f.chance(k) {
			case None:
				continue
			case Review:
				x.Rule = "chance"
			}
		}
		f.put(x)
	}
}

func (f *columnFacts) has(k Kind) bool {
	for _, x := range f.findings {
		if x.Kind == k {
			return true
		}
	}
	return false
}

// chance tells hits that the rate predicts from others. None: nothing to
// report; Review: a person may look; Block: no chance.
func (f *columnFacts) chance(k int) Decision {
	d := &Detectors[k]
	if len(d.digits) == 0 {
		return Block
	}
	var same int64 // values of the kind's very shape
	for shape, w := range f.c.shapes {
		if slices.Contains(d.digits, int(shape/1000)) {
			same += w
		}
	}
	if binomialTail(f.valid[k], f.n, f.rate[k]) < chanceTail {
		return Block
	}
	switch {
	case f.share(same) >= .95:
		if f.strength(k) == Strong {
			return Review
		}
		return None
	case k == kCCCD, k == kPhone && f.c.zeroLead > 0:
		return Block
	case f.share(f.c.digitValues+f.c.signed) >= .95:
		// Amounts of all lengths: among many, some have eleven digits, and of
		// those one in a hundred is some country's number.
		return None
	}
	return Block
}

// context finds what matters beside other columns: sex by its values, dates
// of birth, places, coordinates, free text.
func (f *columnFacts) context() {
	c := f.c
	if f.n == 0 {
		return
	}
	if !c.many && len(c.few) >= 2 && len(c.few) <= 4 {
		male, female, other := 0, 0, 0
		for _, v := range c.few {
			switch {
			case maleWords[v]:
				male++
			case femaleWords[v]:
				female++
			default:
				other++
			}
		}
		f.sex = male > 0 && female > 0 && (other == 0 || sexHints.in(c.label))
	}
	if sexHints.in(c.label) && !c.many && len(c.few) <= 4 {
		f.sex = true
	}
	var dates, years int64
	for _, s := range c.sigs {
		if s.flags&flagDate != 0 {
			dates += c.weight(s)
		}
		if s.flags&flagYear != 0 {
			years += c.weight(s)
		}
	}
	f.date = f.share(dates) >= .8
	f.birth = birthHints.in(c.label) && f.share(dates+years) >= .8
	f.age = ageHints.in(c.label) && f.share(c.digitValues) >= .8 && c.order.most <= 130
	f.place = placesHints.in(c.label) || c.geo != nil && c.geo.points
	f.home = homeHints.in(c.label)
	f.address = (addrHints.in(c.label) || f.home) && f.share(f.house) >= .3
	f.trait = traitHints.in(c.label) || illHints.in(c.label)
	numeric := f.share(c.signed+c.digitValues) >= .8 || c.field.Type.ID() == arrow.FLOAT64
	f.coords = numeric && (latHints.in(c.label) || lonHints.in(c.label)) || pairHints.in(c.label)
	f.text = f.rows > 0 && float64(c.tokens) > 6*float64(f.n) && 2*f.n > f.rows && f.n > 1
}

// settle decides what needs the whole table, and writes the profile.
func (d *decider) settle() {
	p := d.profile
	p.AboutPersons = d.linked || d.aboutPersons()
	for _, f := range d.all {
		c := f.c
		col := ColumnProfile{Name: c.field.Name, Label: fieldLabel(c.field), Type: c.field.Type, Rows: p.Rows, Nulls: c.nulls, Distinct: f.n, ByRows: c.byRows}
		f.byContext(p.AboutPersons, &col)
		f.header(&col, d.year)
		p.Columns = append(p.Columns, col)
		slices.SortStableFunc(f.findings, func(a, b Finding) int { return int(b.Decision) - int(a.Decision) })
		p.Findings = append(p.Findings, f.findings...)
	}
}

func (d *decider) aboutPersons() bool {
	var sex, birth, age, place, home bool
	direct, contact := false, false
	for _, f := range d.all {
		sex, birth, age, place, home = sex || f.sex, birth || f.birth, age || f.age, place || f.place, home || f.home && f.address
		for _, x := range f.findings {
			if x.Class != ClassDirect || x.Decision < Review || x.Cells > 0 {
				continue
			}
			// The mail of a contact says whom to ask about a row; the row is
			// still about a domain, a school, a contract.
			if x.Kind == email.Kind && contactHints.in(f.c.label) {
				contact = true
			} else {
				direct = true
			}
		}
	}
	return direct || sex || home || birth || age && place || contact && age
}

// byContext reports what matters in a table about persons, and keeps silent
// about the same columns elsewhere.
func (f *columnFacts) byContext(persons bool, col *ColumnProfile) {
	if f.n == 0 {
		return
	}
	quasi := func(k Kind) {
		if !f.blocked() {
			col.Quasi = true
			f.put(Finding{Column: f.index, Kind: k, Class: ClassQuasi, Rule: "quasi", Decision: Review, Valid: f.n, Distinct: f.n, Rows: f.rows})
		}
	}
	if f.c.geo != nil {
		col.Points = f.c.geo.points && crs.Degrees(f.c.geo.crs)
		if persons {
			col.Quasi = true
			f.put(Finding{Column: f.index, Kind: "coordinates", Class: ClassQuasi, Rule: RuleGeometry, Decision: Block, Valid: f.n, Distinct: f.n, Rows: f.rows})
		}
		return
	}
	if persons {
		for i, x := range f.findings {
			if x.Decision == AllowPublic && x.Class == ClassPublic && x.Kind == mst.Kind {
				f.findings[i].Decision = Review // individuals held 10 digits too
			}
		}
		switch {
		case f.address:
			if !f.blocked() {
				f.put(Finding{Column: f.index, Kind: "address", Class: ClassDirect, Rule: "address", Decision: Block, Valid: f.house, Distinct: f.n, Rows: f.rows,
					Wilson: wilson(f.house, f.n), Hint: 1})
			}
		case f.birth:
			quasi("birth_date")
		case f.sex:
			quasi("sex")
		case f.age:
			quasi("age")
		case f.coords:
			quasi("coordinates")
		case f.place || f.home:
			quasi("place")
		case illHints.in(f.c.label):
			if !f.blocked() {
				f.put(Finding{Column: f.index, Kind: "sensitive", Class: ClassSensitive, Rule: "hint", Decision: Review, Valid: f.n, Distinct: f.n, Rows: f.rows, Hint: 1})
			}
		case f.trait:
			quasi("trait")
		case f.date:
			quasi("date")
		}
	}
	if f.text && !f.blocked() {
		switch {
		case 20*f.nameText >= f.n:
			f.put(Finding{Column: f.index, Kind: "text", Class: ClassText, Rule: "names", Decision: Review, Valid: f.nameText, Distinct: f.n, Rows: f.rows})
		case persons:
			f.put(Finding{Column: f.index, Kind: "text", Class: ClassText, Rule: "text", Decision: Review, Valid: f.n, Distinct: f.n, Rows: f.rows})
		}
	}
}

// header scans the column's name: in a file without a header line it is a row
// of data.
func (f *columnFacts) header(col *ColumnProfile, year int) {
	k, held := HeldLabel(col.Label, year)
	if !held {
		k, held = HeldLabel(col.Name, year)
	}
	if !held {
		return
	}
	col.NameHeld = true
	d := &Detectors[kindIndex(k)]
	f.put(Finding{Column: f.index, Kind: k, Class: d.Class, Rule: "header", Decision: Block, Valid: 1, Distinct: 1, Rows: 1, Cells: 1})
}

// HeldLabel says whether a name of a column, a sheet or a file is itself a
// finding, and must not be shown.
func HeldLabel(label string, year int) (Kind, bool) {
	s := newScanner(year)
	s.scan([]byte(label))
	for k, d := range Detectors {
		hit := s.whole.has(k) || s.inside.has(k)
		switch {
		case !hit || d.Class != ClassDirect:
		case k == kName:
			// "Lương Cơ Bản" begins like a name; three words and marks do not.
			if s.flags&flagNameStrict != 0 && s.tokens >= 3 && hinted(labelTokens(label)) == 0 && titled(label) {
				return d.Kind, true
			}
		case k == kEmail && s.flags&flagPersonalMail == 0:
		case d.Sparse, k == kIP, k == kMAC:
			return d.Kind, true
		}
	}
	return "", false
}

// titled says whether each word begins with a capital and not all are capitals.
func titled(label string) bool {
	lower := false
	for _, w := range strings.Fields(label) {
		if !capital([]byte(w)) {
			return false
		}
		lower = lower || strings.ToUpper(w) != w
	}
	return lower
}

// joint check: a personal number that agrees with the row's sex or year of
// birth is certain, whatever the column's order or name.

func (d *decider) wantsJoint() bool {
	id, other := d.jointColumns()
	return id >= 0 && other >= 0
}

func (d *decider) jointColumns() (id, other int) {
	id, other = -1, -1
	for i, f := range d.all {
		if f.n > 0 && !f.blocked() && (f.share(f.valid[kCCCD]) >= .5 || f.share(f.valid[kShort]) >= .5) {
			id = i
		} else if f.birth || other < 0 && f.sex && !f.c.many {
			other = i
		}
	}
	return id, other
}

func (d *decider) joint(ctx context.Context, t Table) error {
	id, other := d.jointColumns()
	byYear := d.all[other].birth
	var seen, agree int64
	var buf []byte
	s := newScanner(d.year)
	err := eachBatch(ctx, t, func(rec arrow.Record) error {
		a, b := rec.Column(id), rec.Column(other)
		for i := range a.Len() {
			if a.IsNull(i) || b.IsNull(i) {
				continue
			}
			buf = AppendCell(buf[:0], a, i)
			sex, year, ok := s.readPersonal(buf)
			if !ok {
				continue
			}
			buf = AppendCell(buf[:0], b, i)
			if byYear {
				if y := yearIn(buf); y > 0 {
					seen++
					if y == year {
						agree++
					}
				}
				continue
			}
			v := strings.ToLower(strings.TrimSpace(string(buf)))
			if maleWords[v] || femaleWords[v] {
				seen++
				if maleWords[v] == (sex == 0) {
					agree++
				}
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	f := d.all[id]
	// Sex alone agrees by chance in half the rows, so a handful is not enough.
	if seen >= 8 && 20*agree >= 19*seen {
		k := kCCCD
		if f.valid[kShort] > f.valid[kCCCD] {
			k = kShort
		}
		f.findings = slices.DeleteFunc(f.findings, func(x Finding) bool { return x.Kind == Detectors[k].Kind })
		f.put(f.finding(k, "joint", Block))
	}
	return nil
}

// readPersonal reads sex (0 male, 1 female) and year of birth from a personal
// number, with or without its leading zeros.
func (s *scanner) readPersonal(cell []byte) (sex, year int, ok bool) {
	s.scan(cell)
	if !s.whole.has(kCCCD) && !s.whole.has(kShort) {
		return 0, 0, false
	}
	var d [12]byte
	for i := range d {
		d[i] = '0'
	}
	n := 12
	for i := s.end - 1; i >= s.begin && n > 0; i-- {
		if c := s.text[i]; digit(c) {
			n--
			d[n] = c
		}
	}
	g := int(d[3] - '0')
	return g % 2, 1900 + 100*(g/2) + num(d[4:6]), true
}

// yearIn finds the four digits of a year in a date, 0 where there are none.
func yearIn(b []byte) int {
	for i := 0; i < len(b); {
		e := i
		for e < len(b) && digit(b[e]) {
			e++
		}
		if e-i == 4 {
			y, err := strconv.Atoi(string(b[i:e]))
			if err == nil && y >= 1850 && y <= 2200 {
				return y
			}
		}
		i = e + 1
	}
	return 0
}
