package privacy

import (
	"errors"
	"fmt"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"
)

// MetaLevel is the key of a field's metadata that says what a treated value
// stands for: "year", "width 10", "vn-admin-2025 level 2".
const MetaLevel = "level"

// A Treatment acts on one column, one batch at a time. It is deterministic
// given its arguments, and its output type is fixed before the first row.
type Treatment struct {
	Name  string
	Place int // order within a column: redact or blank, generalise, top and bottom code, round
	Args  []Arg
	Check func(Args) error // what the argument table cannot say; nil: nothing more
	// New fixes the output field. A nil function drops the column. Its error
	// says which column type or argument is wrong, never a value of the data.
	New func(in arrow.Field, args Args, s Setting) (out arrow.Field, f ColumnFunc, err error)
	// Hides tells whether no cell of the kind outlives the treatment.
	Hides   func(args Args, k Kind, s Setting) bool
	Private bool // what comes out is still personal data: refused in an open plan
}

// A ColumnFunc treats the cells of one batch. It may be called again for the
// second pass and then gives the same.
type ColumnFunc func(arrow.Array) (arrow.Array, Effect, error)

// Effect counts what was done, in cells for a treatment, in rows for a guard.
type Effect struct {
	Changed int64 // cells that changed; rows whose quasi-identifiers became "*"
	Unknown int64 // cells that no level, band or edge knows, now "*"
	Removed int64 // rows taken out
}

func (e *Effect) add(o Effect) {
	e.Changed += o.Changed
	e.Unknown += o.Unknown
	e.Removed += o.Removed
}

// Treatments in the order they are listed to an agency. Plans, form and
// documentation are made from this table.
var Treatments = []Treatment{
	{Name: "keep", New: newKeep, Hides: never},
	{Name: "drop", New: newDrop, Hides: always},
	{Name: "redact", Place: 1, Args: []Arg{{"kinds", "a list of kinds", isTexts, true}}, New: newRedact, Hides: hidesListed, Check: checkKinds},
	{Name: "blank", Place: 1, Args: []Arg{{"where", `the word "findings"`, isText, true}, {"kinds", "a list of kinds", isTexts, false}}, New: newBlank, Hides: hidesListed, Check: checkBlank},
	{Name: "generalise", Place: 2, Args: []Arg{
		{"to", "year, quarter or month", isText, false},
		{"hierarchy", "the name of a hierarchy", isText, false},
		{"level", "a level's number or name", isLevel, false},
		{"bands", "a list of edges", isNumbers, false},
		{"width", "a number", isNumber, false},
	}, Check: checkGeneralise, New: newGeneralise, Hides: hidesByHierarchy},
	{Name: "snap", Place: 2, Args: []Arg{{"grid", "degrees", isNumber, false}, {"decimals", "a whole number", isInt, false}}, Check: checkSnap, New: newSnap, Hides: never},
	{Name: "top_code", Place: 3, Args: []Arg{{"at", "a number", isNumber, false}, {"age", "years", isInt, false}}, Check: checkTopCode, New: newTopCode, Hides: never},
	{Name: "bottom_code", Place: 3, Args: []Arg{{"at", "a number", isNumber, true}}, New: newBottomCode, Hides: never},
	{Name: "round", Place: 4, Args: []Arg{{"base", "a number above 0", isNumber, true}}, Check: checkRound, New: newRound, Hides: never},
	{Name: "mask", Place: 5, Args: []Arg{{"last", "a whole number", isInt, true}}, Check: checkMask, New: newMask, Hides: always, Private: true},
}

// An Arg is one argument a treatment knows.
type Arg struct {
	Name string
	Says string // what it must be, for the error
	Is   func(any) bool
	Must bool
}

func treatment(do string) (Treatment, bool) {
	for _, t := range Treatments {
		if t.Name == do {
			return t, true
		}
	}
	return Treatment{}, false
}

func (t Treatment) arg(name string) (Arg, bool) {
	for _, a := range t.Args {
		if a.Name == name {
			return a, true
		}
	}
	return Arg{}, false
}

// check tells what is wrong with a step as such, whatever the column.
func (s Step) check() error {
	t, ok := treatment(s.Do)
	if !ok {
		return unknownTreatment(s.Do)
	}
	for k, v := range s.Args {
		a, ok := t.arg(k)
		if !ok {
			return fmt.Errorf("%s does not know an argument %s", t.Name, quoteWord(k))
		}
		if !a.Is(v) {
			return fmt.Errorf("%s: %s must be %s", t.Name, a.Name, a.Says)
		}
	}
	for _, a := range t.Args {
		if _, ok := s.Args[a.Name]; a.Must && !ok {
			return fmt.Errorf("%s needs %s: %s", t.Name, a.Name, a.Says)
		}
	}
	if t.Check != nil {
		return t.Check(s.Args)
	}
	return nil
}

func unknownTreatment(do string) error {
	if do == "pseudonym" {
		return errors.New("pseudonym is not available in this version, and an open release never carries one: drop the column")
	}
	return fmt.Errorf("there is no treatment %s; known are %s", quoteWord(do), treatmentNames())
}

func treatmentNames() string {
	var names []string
	for _, t := range Treatments {
		names = append(names, t.Name)
	}
	return strings.Join(names, ", ")
}

// String writes a step as a person reads it: "generalise width 10".
func (s Step) String() string {
	out := s.Do
	t, _ := treatment(s.Do)
	for _, a := range t.Args {
		if v, ok := s.Args[a.Name]; ok {
			out += " " + a.Name + " " + argText(v)
		}
	}
	return out
}

func argText(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case []string:
		return strings.Join(v, ", ")
	case []any:
		var s []string
		for _, x := range v {
			s = append(s, argText(x))
		}
		return strings.Join(s, ", ")
	}
	if n, ok := toDecimal(v); ok {
		return n.String()
	}
	return fmt.Sprint(v)
}

// quoteWord repeats a word of the plan only if it looks like one of its
// keywords: anything else might be a pasted piece of data.
func quoteWord(s string) string {
	if len(s) == 0 || len(s) > 24 {
		return "of this name"
	}
	for _, c := range s {
		if (c < 'a' || c > 'z') && c != '_' {
			return "of this name"
		}
	}
	return `"` + s + `"`
}

func isText(v any) bool { s, ok := v.(string); return ok && s != "" }
func isInt(v any) bool  { _, ok := v.(int64); return ok }

func isNumber(v any) bool { _, ok := toDecimal(v); return ok }

func isLevel(v any) bool { return isInt(v) || isText(v) }

func isTexts(v any) bool { return len(texts(v)) > 0 }

func isNumbers(v any) bool {
	l, ok := v.([]any)
	for _, x := range l {
		if !isNumber(x) {
			return false
		}
	}
	return ok && len(l) > 0
}

// texts gives a list of strings, or nil where v is anything else.
func texts(v any) []string {
	switch v := v.(type) {
	case []string:
		return v
	case []any:
		var out []string
		for _, x := range v {
			s, ok := x.(string)
			if !ok || s == "" {
				return nil
			}
			out = append(out, s)
		}
		return out
	}
	return nil
}

func argKinds(args Args) []Kind {
	var out []Kind
	for _, s := range texts(args["kinds"]) {
		out = append(out, Kind(s))
	}
	return out
}

func never(Args, Kind, Setting) bool  { return false }
func always(Args, Kind, Setting) bool { return true }

// hidesListed: a treatment by kinds finds what can be found inside a cell, and
// a personal number also where its leading zeros were lost. Where blank names
// no kinds, it takes all that were found.
// telephones: one span can be read as several of them, and goes with any. The
// rescan of what was written looks for all.
var telephones = map[Kind]bool{"phone_vn": true, "phone_intl": true}

func hidesListed(args Args, k Kind, _ Setting) bool {
	if !spanKind(k) {
		return false
	}
	if args["where"] != nil && args["kinds"] == nil {
		return true
	}
	for _, l := range argKinds(args) {
		if l == k || l == cccd.Kind && k == cccdShort.Kind || telephones[l] && telephones[k] {
			return true
		}
	}
	return false
}

// hidesByHierarchy: the text comes from the hierarchy, never from the cell,
// except on its lowest level, by whatever name. Dates and bands do not count:
// a telephone number in a band of ten is one.
func hidesByHierarchy(args Args, _ Kind, s Setting) bool {
	name, ok := args["hierarchy"].(string)
	if !ok || s.Hierarchies == nil {
		return false
	}
	h, err := s.Hierarchies(name)
	if err != nil || h == nil {
		return false
	}
	level, err := levelOf(h, args["level"])
	return err == nil && level > 0
}

// cellError is a failure at one cell of a batch: position, never the value.
type cellError struct {
	row    int // in the batch, from 0
	detail string
}

func (e *cellError) Error() string { return e.detail }

// treated is the output field: name and label stay, what described the old
// form goes.
func treated(in arrow.Field, t arrow.DataType, level string) arrow.Field {
	meta := map[string]string{}
	for i, k := range in.Metadata.Keys() {
		if k == MetaLabel || ((k == MetaUnit || k == MetaGeometry) && arrow.TypeEqual(in.Type, t)) {
			meta[k] = in.Metadata.Values()[i]
		}
	}
	if level != "" {
		meta[MetaLevel] = level
	}
	return arrow.Field{Name: in.Name, Type: t, Nullable: true, Metadata: arrow.MetadataFrom(meta)}
}

func metaOf(f arrow.Field, key string) string {
	v, _ := f.Metadata.GetValue(key)
	return v
}
