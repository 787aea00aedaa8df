package api

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"daylight/catalog"
	"daylight/privacy"
)

// A reviewForm is a plan as the page's form holds it: words and numbers as they
// were typed, so that an error loses none of them.
type reviewForm struct {
	Tables  []tableForm
	Expires string
	Two     bool
}

type tableForm struct {
	Unit    string // key, rows, statistics, none
	Key     string // column that makes one person
	Reason  string // why the table holds no persons
	K       string
	Percent string // of persons that may be starred
	Breaks  string // why what breaks the schema is taken
	Columns []columnForm
}

type columnForm struct {
	Do     string // one of the words of deeds
	N      string // its number: a width, a base, a bound, decimals
	Class  string
	Reason string
}

// The words of columnForm.Do, in the order of the list. "plan": as the plan
// says, which the form has no word for.
var deeds = []string{"keep", "allow", "redact", "blank", "province", "year", "quarter", "month", "width", "round", "top_code", "snap", "plan", "drop"}

// deedsFor are the words that make sense for a column.
func deedsFor(c catalog.ReviewColumn, cells bool) []string {
	base, _, _ := strings.Cut(c.Type, "(")
	var out []string
	for _, d := range deeds {
		switch d {
		case "allow":
			if len(allowed(c)) == 0 {
				continue
			}
		case "redact", "province":
			if base != "text" {
				continue
			}
		case "blank":
			if !cells {
				continue
			}
		case "year", "quarter", "month":
			if base != "date" && base != "timestamp" {
				continue
			}
		case "width", "round", "top_code":
			if base != "integer" && base != "decimal" && base != "float" {
				continue
			}
		case "snap":
			if base != "decimal" && base != "float" {
				continue
			}
		case "plan":
			continue // offered only where it is chosen
		}
		out = append(out, d)
	}
	return out
}

// allowed are the kinds found in a column that an agency may say are lawfully
// public there.
func allowed(c catalog.ReviewColumn) []privacy.Kind {
	var out []privacy.Kind
	for _, f := range c.Findings {
		if f.Decision != "review" && f.Decision != "block" {
			continue
		}
		if privacy.NeverOpen(f.Kind) {
			return nil
		}
		if f.Class == "direct" || f.Class == "public" {
			out = append(out, f.Kind)
		}
	}
	return out
}

// unitsToday leads communes and former units to the provinces of today.
const unitsToday = "vn-admin-2025"

var deedArgs = map[string]string{"width": "width", "round": "base", "top_code": "at", "snap": "decimals"}

// deedOf reads a column's steps back into a word and a number.
func deedOf(c privacy.ColumnPlan) (do, n string) {
	if len(c.Steps) != 1 {
		return "plan", ""
	}
	s := c.Steps[0]
	switch s.Do {
	case "keep":
		if len(c.Allow) > 0 {
			return "allow", ""
		}
		return "keep", ""
	case "drop", "redact", "blank":
		return s.Do, ""
	case "generalise":
		if to, ok := s.Args["to"].(string); ok {
			return to, ""
		}
		if s.Args["hierarchy"] == unitsToday && s.Args["level"] == "province" {
			return "province", ""
		}
		if w, ok := s.Args["width"]; ok {
			return "width", fmt.Sprint(w)
		}
	case "round", "top_code", "snap":
		if v, ok := s.Args[deedArgs[s.Do]]; ok {
			return s.Do, fmt.Sprint(v)
		}
	}
	return "plan", ""
}

// formOf fills a form from plans; columns they do not name are left to decide.
func formOf(r catalog.Review, plans []privacy.Plan) reviewForm {
	var f reviewForm
	for i, t := range r.Tables {
		p := planFor(plans, t, i)
		out := tableForm{Unit: "none", K: "5", Percent: "5", Breaks: p.Breaches}
		switch u := p.Unit; {
		case u.Aggregate:
			out.Unit, out.Reason = "statistics", u.Reason
		case u.PersonKey != "":
			out.Unit, out.Key = "key", u.PersonKey
		case u.OneRowPerPerson:
			out.Unit = "rows"
		}
		if p.Model != nil {
			out.K, out.Percent = strconv.Itoa(p.Model.K), strconv.FormatFloat(p.Model.SuppressMax*100, 'f', -1, 64)
		}
		for _, c := range t.Columns {
			col := columnForm{}
			if plan, ok := columnOf(p, c); ok {
				col.Do, col.N = deedOf(plan)
				col.Class, col.Reason = privacy.ClassWord(plan.Class), plan.Reason
			}
			out.Columns = append(out.Columns, col)
		}
		if !p.Expires.IsZero() {
			f.Expires = p.Expires.Format("2006-01-02")
		}
		f.Two = f.Two || p.Approve.TwoPerson
		f.Tables = append(f.Tables, out)
	}
	return f
}

func planFor(plans []privacy.Plan, t catalog.ReviewTable, i int) privacy.Plan {
	for _, p := range plans {
		if p.Table == t.Name {
			return p
		}
	}
	if i < len(plans) && len(plans) == 1 {
		return plans[i]
	}
	return privacy.Plan{}
}

func columnOf(p privacy.Plan, c catalog.ReviewColumn) (privacy.ColumnPlan, bool) {
	for _, by := range []string{c.Key, c.Label} {
		for _, plan := range p.Columns {
			if plan.Column == by {
				return plan, true
			}
		}
	}
	return privacy.ColumnPlan{}, false
}

// readForm takes what was sent; only what the review has is read.
func readForm(r catalog.Review, v url.Values) reviewForm {
	f := reviewForm{Expires: strings.TrimSpace(v.Get("expires")), Two: v.Get("two") != ""}
	for i, t := range r.Tables {
		at := func(name string) string { return strings.TrimSpace(v.Get(fmt.Sprintf("t%d.%s", i, name))) }
		out := tableForm{Unit: at("unit"), Key: at("key"), Reason: at("reason"), K: at("k"), Percent: at("percent"), Breaks: at("breaks")}
		for j := range t.Columns {
			at := func(name string) string { return strings.TrimSpace(v.Get(fmt.Sprintf("t%dc%d.%s", i, j, name))) }
			out.Columns = append(out.Columns, columnForm{Do: at("do"), N: at("n"), Class: at("class"), Reason: at("reason")})
		}
		f.Tables = append(f.Tables, out)
	}
	return f
}

// A slip is a field of the form that cannot be accepted, by its name and the
// word of what is wanted.
type slip struct{ Field, Code string }

// plans makes the form into plans. What it has no field for (how the file is
// read, steps of several parts) is taken from base.
func (f reviewForm) plans(r catalog.Review, base []privacy.Plan) (out []privacy.Plan, slips []slip) {
	wrong := func(field, code string) { slips = append(slips, slip{field, code}) }
	expires, ok := parseDay(f.Expires)
	if !ok {
		wrong("expires", "date")
	}
	for i, t := range r.Tables {
		was, tf := planFor(base, t, i), f.Tables[i]
		p := privacy.Plan{Table: t.Name, Audience: privacy.Open, Expires: expires, Read: was.Read, Schema: was.Schema, Breaches: tf.Breaks}
		p.Approve = privacy.Approval{Roles: was.Approve.Roles, TwoPerson: f.Two}
		field := func(name string) string { return fmt.Sprintf("t%d.%s", i, name) }
		quasi := false
		for j, c := range t.Columns {
			plan, code := tf.Columns[j].plan(c, was)
			if code != "" {
				wrong(fmt.Sprintf("t%dc%d.%s", i, j, map[bool]string{true: "reason", false: "do"}[code == "reason"]), code)
			}
			quasi = quasi || plan.Class == privacy.ClassQuasi && !dropped(plan)
			p.Columns = append(p.Columns, plan)
		}
		switch tf.Unit {
		case "key":
			p.Unit.PersonKey = tf.Key
			if !slices.ContainsFunc(t.Columns, func(c catalog.ReviewColumn) bool { return c.Key == tf.Key }) {
				wrong(field("key"), "key")
			}
		case "rows":
			p.Unit.OneRowPerPerson = true
		case "statistics":
			p.Unit.Aggregate, p.Unit.Reason = true, tf.Reason
			if tf.Reason == "" {
				wrong(field("reason"), "reason")
			}
		}
		if quasi && (tf.Unit == "key" || tf.Unit == "rows") {
			m := &privacy.Model{Kind: privacy.Guards[0].Name, PinLevels: true}
			if was.Model != nil {
				*m = *was.Model
			}
			var err error
			if m.K, err = strconv.Atoi(tf.K); err != nil || m.K < 2 || m.K > 1000 {
				wrong(field("k"), "k")
			}
			percent, err := strconv.ParseFloat(strings.ReplaceAll(tf.Percent, ",", "."), 64)
			if m.SuppressMax = percent / 100; err != nil || !(percent >= 0 && percent <= 100) {
				wrong(field("percent"), "percent")
			}
			p.Model = m
		}
		out = append(out, p)
	}
	return out, slips
}

func dropped(c privacy.ColumnPlan) bool { return len(c.Steps) == 1 && c.Steps[0].Do == "drop" }

// plan makes one column's decision; code is what is wanted where there is none.
func (f columnForm) plan(c catalog.ReviewColumn, base privacy.Plan) (out privacy.ColumnPlan, code string) {
	was, known := columnOf(base, c)
	out = privacy.ColumnPlan{Column: c.Key, Class: privacy.ClassOf(f.Class), Reason: f.Reason}
	step := func(do string, args privacy.Args) { out.Steps = []privacy.Step{{Do: do, Args: args}} }
	switch f.Do {
	case "keep", "drop":
		step(f.Do, nil)
	case "allow":
		step("keep", nil)
		if out.Allow = allowed(c); f.Reason == "" {
			code = "reason"
		}
	case "year", "quarter", "month":
		step("generalise", privacy.Args{"to": f.Do})
	case "province":
		step("generalise", privacy.Args{"hierarchy": unitsToday, "level": "province"})
	case "width", "round", "top_code", "snap":
		do := f.Do
		if do == "width" {
			do = "generalise"
		}
		n, ok := number(f.N)
		if !ok {
			return out, "number"
		}
		step(do, privacy.Args{deedArgs[f.Do]: n})
	case "redact":
		kinds := redacts(c)
		if known && len(was.Steps) == 1 && was.Steps[0].Do == "redact" {
			out.Steps = was.Steps
		} else {
			step("redact", privacy.Args{"kinds": kinds})
		}
	case "blank":
		step("blank", privacy.Args{"where": "findings"})
	case "plan":
		if !known {
			return out, "do"
		}
		out.Steps, out.Allow = was.Steps, was.Allow
	default:
		return out, "do"
	}
	if code == "" {
		if err := privacy.CheckStep(out.Steps[0]); err != nil {
			code = "number"
		}
	}
	return out, code
}

// redacts are the kinds taken out of a text: those found, and those that every
// text is searched for.
func redacts(c catalog.ReviewColumn) []any {
	kinds := slices.Clone(privacy.TextKinds)
	for _, f := range c.Findings {
		if f.Cells > 0 && !slices.Contains(kinds, f.Kind) {
			kinds = append(kinds, f.Kind)
		}
	}
	var out []any
	for _, k := range kinds {
		out = append(out, string(k))
	}
	return out
}

// number reads "10" and "0,5" as the plan's arguments.
func number(s string) (any, bool) {
	s = strings.ReplaceAll(s, ",", ".")
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return n, true
	}
	f, err := strconv.ParseFloat(s, 64)
	return f, err == nil && f == f && f < 1e300 && f > -1e300
}
