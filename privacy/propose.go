package privacy

import (
	"slices"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
)

// Because is why a treatment is proposed: a word to translate, for one column.
type Because string

const (
	BecauseNothing    Because = "nothing"    // nothing was found: kept
	BecausePublic     Because = "public"     // found, and lawfully public: kept
	BecauseDirect     Because = "direct"     // names or numbers a person: dropped
	BecauseHeader     Because = "header"     // the header itself is personal data: dropped
	BecauseDoubt      Because = "doubt"      // it may be personal data: dropped
	BecauseSensitive  Because = "sensitive"  // must not be learnt of a person: dropped
	BecauseQuasi      Because = "quasi"      // narrows a person down: kept, and the guard counts it
	BecauseCoarser    Because = "coarser"    // narrows a person down too far: made coarser
	BecauseUnreadable Because = "unreadable" // narrows a person down, and cannot be made coarser as it is: dropped
	BecauseText       Because = "text"       // free text: searched and redacted
	BecauseCells      Because = "cells"      // single cells hold personal data: those are taken out
)

// A Proposal is what Propose says of one column.
type Proposal struct {
	Column int     `json:"column"` // index in the schema
	Why    Because `json:"why"`
	Kind   Kind    `json:"kind,omitempty"` // the finding that weighs most; "": none
}

// BecauseDecided: a plan has decided the column before.
const BecauseDecided Because = "decided"

// Extended is the plan for a file with other columns than it was decided for:
// what it decided stays, new columns are treated as proposed, columns that are
// gone are left out. Nobody has decided it. why is told of what stays.
func (p Plan) Extended(proposed Plan, schema *arrow.Schema, why []Proposal) Plan {
	out := p.clone()
	out.Decided, out.Columns = Decided{}, nil
	for i, f := range schema.Fields() {
		c := proposed.Columns[i]
		for _, by := range []string{f.Name, metaOf(f, MetaLabel)} {
			at := slices.IndexFunc(p.Columns, func(c ColumnPlan) bool { return by != "" && plainName(c.Column) == plainName(by) })
			if at >= 0 {
				c = p.clone().Columns[at]
				c.Column, why[i].Why, why[i].Kind = f.Name, BecauseDecided, ""
				break
			}
		}
		out.Columns = append(out.Columns, c)
	}
	if out.Unit == (Unit{}) {
		out.Unit = proposed.Unit
	}
	if out.Model == nil && !out.Unit.Aggregate {
		out.Model = proposed.Model
	}
	return out
}

// Proposed model: groups of five, and as many persons starred as the law of
// small numbers takes before a person should look.
const proposedK = 5

// Propose decides every column as a careful person would, for a person to look
// at: it goes on where Auto stops, and nothing may be published on it before
// somebody has decided. The plan parses, and Apply takes it where the guard can
// keep its bounds. It never keeps what may be personal data for a reason that
// only an agency can give.
func Propose(p Profile, schema *arrow.Schema, now time.Time) (Plan, []Proposal) {
	plan := Plan{Audience: Open}
	out := make([]Proposal, 0, schema.NumFields())
	coordinates := 0
	for i, f := range schema.Fields() {
		coordinates += b2i(hasKind(p.Of(i), "coordinates") && snaps(f.Type))
	}
	quasi := false
	for i, f := range schema.Fields() {
		c := ColumnPlan{Column: f.Name}
		why := c.propose(p, i, f.Type, coordinates == 2)
		if worst := worstOf(p.Of(i)); worst != nil && why != BecauseNothing {
			out = append(out, Proposal{i, why, worst.Kind})
		} else {
			out = append(out, Proposal{Column: i, Why: why})
		}
		quasi = quasi || c.Class == ClassQuasi && !c.drops()
		plan.Columns = append(plan.Columns, c)
	}
	if p.AboutPersons {
		if quasi {
			plan.Model = &Model{Kind: Guards[0].Name, K: proposedK, SuppressMax: DefaultSuppressMax, PinLevels: true}
		}
		plan.Unit = proposedUnit(p, schema)
	}
	return plan, out
}

// propose fills class and steps.
func (c *ColumnPlan) propose(p Profile, i int, t arrow.DataType, pair bool) Because {
	do := func(class Class, why Because, name string, args Args) Because {
		if class == ClassDirect && !p.AboutPersons {
			class = ClassNone // a contact's address makes no register of persons
		}
		c.Class, c.Steps = class, append(c.Steps, Step{Do: name, Args: args})
		return why
	}
	found := p.Of(i)
	worst := worstOf(found)
	switch {
	case p.Columns[i].NameHeld:
		return do(ClassDirect, BecauseHeader, "drop", nil)
	case hasRule(found, ruleRange) || hasRule(found, ruleNoShapes):
		return do(ClassNone, BecauseDoubt, "drop", nil)
	case worst == nil || worst.Decision == None:
		if p.AboutPersons && p.Columns[i].Quasi {
			return do(ClassQuasi, BecauseQuasi, "keep", nil)
		}
		return do(ClassNone, BecauseNothing, "keep", nil)
	case worst.Decision == AllowPublic:
		return do(ClassPublic, BecausePublic, "keep", nil)
	}
	cells, whole := parts(found)
	switch {
	case whole == nil: // single cells only
		if why, ok := c.takeOut(cells, t, ClassNone); ok {
			return why
		}
		return do(ClassDirect, BecauseDirect, "drop", nil)
	case whole.Class == ClassText:
		for _, k := range TextKinds {
			if !slices.Contains(cells, k) {
				cells = append(cells, k)
			}
		}
		if _, ok := c.takeOut(cells, t, ClassText); !ok {
			return do(ClassNone, BecauseDoubt, "drop", nil)
		}
		return BecauseText
	case whole.Class == ClassSensitive:
		return do(ClassSensitive, BecauseSensitive, "drop", nil)
	case whole.Class == ClassQuasi && len(cells) == 0:
		return c.coarsen(whole.Kind, t, pair, p.Columns[i].Points)
	case whole.Class == ClassDirect && whole.Decision == Block:
		return do(ClassDirect, BecauseDirect, "drop", nil)
	}
	if whole.Class == ClassDirect {
		return do(ClassDirect, BecauseDoubt, "drop", nil)
	}
	return do(ClassNone, BecauseDoubt, "drop", nil)
}

// TextKinds are searched for in every free text: what the offices of a state
// write of people.
var TextKinds = []Kind{"cccd", "phone_vn", "phone_intl", "email", "name_vn"}

// parts tells single cells with findings from what the column is as a whole.
func parts(found []Finding) (cells []Kind, whole *Finding) {
	for i, f := range found {
		switch {
		case f.Decision < Review:
		case f.Rule == ruleSparse:
			if k := f.Kind; k == cccdShort.Kind {
				cells = append(cells, cccd.Kind)
			} else {
				cells = append(cells, k)
			}
		case whole == nil:
			whole = &found[i]
		}
	}
	slices.Sort(cells)
	return slices.Compact(cells), whole
}

// takeOut redacts the kinds in a text, and blanks cells of other types. It says
// no where a kind cannot be found inside a cell.
func (c *ColumnPlan) takeOut(kinds []Kind, t arrow.DataType, class Class) (Because, bool) {
	words := make([]any, len(kinds))
	for i, k := range kinds {
		if !spanKind(k) {
			return "", false
		}
		words[i] = string(k)
	}
	c.Class = class
	if t.ID() == arrow.STRING {
		c.Steps = []Step{{Do: "redact", Args: Args{"kinds": words}}}
	} else {
		c.Steps = []Step{{Do: "blank", Args: Args{"where": "findings"}}}
	}
	return BecauseCells, true
}

// coarsen proposes how a column that narrows a person down is published.
func (c *ColumnPlan) coarsen(k Kind, t arrow.DataType, pair, points bool) Because {
	c.Class = ClassQuasi
	step := func(do string, args Args) Because {
		c.Steps = []Step{{Do: do, Args: args}}
		return BecauseCoarser
	}
	switch {
	case k == "birth_date" && isDateType(t):
		return step("generalise", Args{"to": "year"})
	case k == "birth_date" && t.ID() == arrow.INT64: // a year
		return step("generalise", Args{"width": int64(10)})
	case k == "age" && numeric(t):
		return step("generalise", Args{"width": int64(10)})
	case k == "coordinates" && (pair && snaps(t) || points):
		return step("snap", Args{"decimals": int64(2)})
	case isDateType(t):
		return step("generalise", Args{"to": "quarter"})
	case k == "birth_date" || k == "age" || k == "coordinates" || k == "date":
		c.Steps = []Step{{Do: "drop"}}
		return BecauseUnreadable
	}
	c.Steps = []Step{{Do: "keep"}}
	return BecauseQuasi
}

// proposedUnit counts persons by a number that each has of their own, else
// takes each row for one person: the agency must say whether that is so.
func proposedUnit(p Profile, schema *arrow.Schema) Unit {
	for i, col := range p.Columns {
		for _, f := range p.Of(i) {
			if neverOpen[f.Kind] && f.Decision == Block && f.Cells == 0 && col.Nulls == 0 && f.Rows == p.Rows && !col.NameHeld {
				return Unit{PersonKey: schema.Field(i).Name}
			}
		}
	}
	return Unit{OneRowPerPerson: true}
}

func hasKind(found []Finding, k Kind) bool {
	return slices.ContainsFunc(found, func(f Finding) bool { return f.Kind == k })
}

func hasRule(found []Finding, rule string) bool {
	return slices.ContainsFunc(found, func(f Finding) bool { return f.Rule == rule })
}

func snaps(t arrow.DataType) bool { return t.ID() == arrow.DECIMAL128 || t.ID() == arrow.FLOAT64 }

func numeric(t arrow.DataType) bool { return t.ID() == arrow.INT64 || snaps(t) }

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}
