package privacy

// Detectors is every kind of personal number, address and name that is looked
// for, one line each. Order settles ties between kinds that claim one span:
// the more certain and the more local first. A kind's file is detect_*.go.
var Detectors = []Detector{
	email, iban, urlUser,
	cccd, cccdShort, cmnd,
	phoneVN, phoneShort, landlineVN,
	card,
	mst, bhxh, bhyt, passportVN, plateVN, bankAccount,
	frNIR, cnRIC, krRRN, brCPF, deIDNr, ukNINO, esDNI, esNIE,
	inAadhaar, jpMyNumber, thPIN, usSSN,
	phoneIntl, ipAddress, macAddress,
	nameVN,
	ean,
}

// A Detector answers for a whole cell and for the spans inside one.
type Detector struct {
	Kind     Kind
	Class    Class
	Strength Strength
	// Hints are folded words of a column name, matched by whole tokens.
	Hints []string
	// Rate is the chance that a random value of the shape validates; 0 says
	// that no value of that shape can. nil: so small that it does not matter.
	Rate func(Shape) float64
	// Family joins kinds that stand in one column and are told apart only by
	// their numbers (mobile and landline, old and new card).
	Family string
	// Sparse: one such cell among others is a finding of its own.
	Sparse bool
	// InText: looked for inside longer text. The others have too weak a check
	// and answer for whole cells, or where a plan names them.
	InText bool

	digits []int                          // lengths of the bare digits …
	number func(n number, year int) bool  // … that are then checked
	word   func(w []byte, n joining) bool // letters and digits, upper case, separators out
	words  []int                          // lengths of such words
}

// Shape is what is known of a value before it is checked: how many digits it
// has, and its first three (0 to 999). A column's rate is the mean over the
// shapes of its own values, so that codes which all begin with 0 are not
// mistaken for personal numbers because those do.
type Shape struct{ Digits, Lead int }

// Cell says whether the whole cell is one. year is the present one, 0 if any
// year is to be believed.
func (d Detector) Cell(cell []byte, year int) bool {
	i := kindIndex(d.Kind)
	if i < 0 {
		return false
	}
	s := newScanner(year)
	s.scan(cell)
	return s.whole.has(i)
}

// Spans emits the byte offsets of those inside a text, in order, not
// overlapping; a cell that is one whole is a span too.
func (d Detector) Spans(cell []byte, year int, emit func(from, to int)) {
	i := kindIndex(d.Kind)
	if i < 0 {
		return
	}
	for _, sp := range spansOf(cell, kindSet(0).with(i), kindSet(0).with(i), year) {
		emit(sp.from, sp.to)
	}
}

// kindIndex finds a kind's place in the table, -1 where it has none.
func kindIndex(k Kind) int {
	if i, ok := kindAt[k]; ok {
		return i
	}
	return -1
}

// Kinds a scan sets by name.
var (
	kindAt    = indexKinds()
	kEmail    = kindAt["email"]
	kURLUser  = kindAt["url_user"]
	kCCCD     = kindAt["cccd"]
	kShort    = kindAt["cccd_short"]
	kMST      = kindAt["mst"]
	kPhone    = kindAt["phone_vn"]
	kLandline = kindAt["landline_vn"]
	kIntl     = kindAt["phone_intl"]
	kCard     = kindAt["card"]
	kIP       = kindAt["ip"]
	kMAC      = kindAt["mac"]
	kName     = kindAt["name_vn"]
)

func indexKinds() map[Kind]int {
	at := map[Kind]int{}
	for i, d := range Detectors {
		at[d.Kind] = i
	}
	return at
}

// kindSet is a set of places in Detectors.
type kindSet uint64

func (s kindSet) has(i int) bool         { return s&(1<<i) != 0 }
func (s kindSet) with(i int) kindSet     { return s | 1<<i }
func (s kindSet) any(o kindSet) bool     { return s&o != 0 }
func (s kindSet) less(o kindSet) kindSet { return s &^ o }

// Which detectors to ask, by the number of digits or of letters and digits.
var dispatch = buildDispatch()

type dispatchTable struct {
	digits       [maxDigits + 1][]int
	words        [maxWord + 1][]int
	text, sparse kindSet
	minDigits    int
}

func buildDispatch() (t dispatchTable) {
	t.minDigits = maxDigits
	for i, d := range Detectors {
		for _, n := range d.digits {
			t.digits[n] = append(t.digits[n], i)
			t.minDigits = min(t.minDigits, n)
		}
		for _, n := range d.words {
			t.words[n] = append(t.words[n], i)
		}
		if d.InText {
			t.text = t.text.with(i)
		}
		if d.Sparse {
			t.sparse = t.sparse.with(i)
		}
	}
	return t
}

func span(from, to int) []int {
	var out []int
	for ; from <= to; from++ {
		out = append(out, from)
	}
	return out
}

// constant is a Rate that does not look at the first digits.
func constant(r float64, lengths ...int) func(Shape) float64 {
	return func(s Shape) float64 {
		for _, n := range lengths {
			if s.Digits == n {
				return r
			}
		}
		return 0
	}
}
