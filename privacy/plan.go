package privacy

import (
	"maps"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"
)

// Audience of a release: open to all, or shared under an agreement.
type Audience string

const (
	Open   Audience = "open"
	Shared Audience = "shared"
)

// A Plan decides over one table. The zero Plan clears nothing. ParsePlans
// decodes strictly; With gives it the Setting it is applied in.
type Plan struct {
	Dataset  string
	Table    string // the table's name; "" where the file holds one
	Audience Audience
	Unit     Unit
	Columns  []ColumnPlan // in the plan's order
	Model    *Model       // k-anonymity; nil: none
	Approve  Approval
	Decided  Decided
	Expires  time.Time // a day without a time counts to its end (UTC); zero: never
	Read     *Reading  // how the file is to be read; nil: as found

	// Schema is the Table Schema that the table is held to, as JSON with sorted
	// keys; "": none. Breaches is why a person takes what breaks it; "": nothing
	// that breaks it is published.
	Schema, Breaches string

	setting Setting
}

// Unit says who is counted: privacy.md section 5.
type Unit struct {
	PersonKey       string // column whose distinct values are persons; need not be published
	OneRowPerPerson bool
	Aggregate       bool // the table holds statistics, not persons; needs Reason
	Reason          string
}

// ColumnPlan is the decision over one column, found by its key or its label.
type ColumnPlan struct {
	Column   string
	Class    Class // the agency's word; a stronger finding stops it
	Optional bool  // may be missing from the file
	Reason   string
	Allow    []Kind // kinds that may stay
	Steps    []Step // in order; never empty in a parsed plan
}

// A Step is one treatment with its arguments, as written in the plan.
type Step struct {
	Do   string
	Args Args
}

// Args are a treatment's arguments: strings, int64, float64, bool and lists of them.
type Args map[string]any

// Model is the k-anonymity of the plan: privacy.md section 5.1. Levels are the
// plan's own in this version; SuppressMax is the share of persons that may be
// suppressed before the guard refuses.
type Model struct {
	Kind        string // "full-domain"
	K, L        int    // L 0 or 1: no demand on sensitive columns
	SuppressMax float64
	PinLevels   bool
}

// DefaultSuppressMax holds where a plan's model names no suppress_max.
const DefaultSuppressMax = 0.05

// Approval says who must agree before publication.
type Approval struct {
	Roles     []string
	TwoPerson bool
}

// Decided says who decided the plan, and when. A plan without it clears nothing.
type Decided struct {
	By string
	At time.Time
}

// Reading is how a file is to be read (the plan's "read" block, ingest.md
// section 1). Zero fields are found from the file.
type Reading struct {
	Encoding   string
	Delimiter  string
	Quote      string
	Comment    string // what opens a line that is no record; "": every line is
	Sheet      []string
	Table      []int
	HeaderRows []int  // 1-based records; [0]: none
	Ragged     string // refuse | report | repair
	Locale     string // "vi", "en-GB", "en-US", "de"
	CRS        string // of a map that does not say: "OGC:CRS84", "EPSG:3405", "unknown"
	Columns    map[string]ReadColumn
}

// ReadColumn settles how one column is read.
type ReadColumn struct {
	Type      string // text, integer, decimal, float, date, timestamp, boolean
	Format    string // dates: "d/m/y"
	Thousands string
	Decimal   string
	Nulls     []string
	Trim      bool
	OnError   string // text | report | refuse
	Key       string // the column's own, whatever its label is by now; "": made from the label
}

// With gives the plan the setting it is applied in.
func (p Plan) With(s Setting) Plan {
	p.setting = s
	return p
}

// clone shares nothing with p that its holder could change.
func (p Plan) clone() Plan {
	p.Columns = slices.Clone(p.Columns)
	for i := range p.Columns {
		c := &p.Columns[i]
		c.Allow, c.Steps = slices.Clone(c.Allow), slices.Clone(c.Steps)
		for j, s := range c.Steps {
			c.Steps[j].Args = maps.Clone(s.Args)
		}
	}
	if p.Model != nil {
		m := *p.Model
		p.Model = &m
	}
	return p
}

// drops tells whether the column does not exist in the output.
func (c ColumnPlan) drops() bool {
	return len(c.Steps) == 1 && c.Steps[0].Do == "drop"
}

// keeps tells whether the column leaves as it came.
func (c ColumnPlan) keeps() bool {
	return len(c.Steps) == 1 && c.Steps[0].Do == "keep"
}

// allows tells whether findings of the kind may stay.
func (c ColumnPlan) allows(k Kind) bool {
	for _, a := range c.Allow {
		if a == k {
			return true
		}
	}
	return false
}

// plainName is the form in which columns are compared: NFC, without spaces around.
func plainName(s string) string { return strings.TrimSpace(norm.NFC.String(s)) }

// classWords are the words of the plan; ClassNone is written by saying nothing.
var classWords = map[string]Class{
	"direct": ClassDirect, "quasi": ClassQuasi, "sensitive": ClassSensitive, "text": ClassText, "public": ClassPublic,
}

// ClassWord is the word of a class in a plan; "" for ClassNone.
func ClassWord(c Class) string { return classWord(c) }

// ClassOf is the class of a plan's word; ClassNone for any other.
func ClassOf(word string) Class { return classWords[word] }

// NeverOpen tells of kinds that no plan may allow in an open release.
func NeverOpen(k Kind) bool { return neverOpen[k] }

// CheckStep tells what is wrong with a step as such, whatever the column.
func CheckStep(s Step) error { return s.check() }

func classWord(c Class) string {
	for w, k := range classWords {
		if k == c {
			return w
		}
	}
	return ""
}

// neverOpen are kinds no plan may allow in an open release: numbers that a
// state or a card network gave to one person. Names, e-mails, telephones and
// bank accounts of offices can be lawfully public; these cannot.
var neverOpen = map[Kind]bool{
	"cccd": true, "cccd_short": true, "cmnd": true, "bhxh": true, "bhyt": true, "passport_vn": true,
	"card": true, "us_ssn": true, "uk_nino": true, "fr_nir": true, "es_dni": true, "es_nie": true,
	"de_idnr": true, "in_aadhaar": true, "br_cpf": true, "kr_rrn": true, "cn_ric": true, "jp_mynumber": true, "th_pin": true,
}

// expired: a day named without a time of day counts to its end.
func (p Plan) expired(now time.Time) bool {
	if p.Expires.IsZero() {
		return false
	}
	end := p.Expires
	if end.UTC().Truncate(24 * time.Hour).Equal(end) {
		end = end.Add(24 * time.Hour)
	}
	return !now.Before(end)
}
