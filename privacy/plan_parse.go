package privacy

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// maxPlan bounds a plan file: the largest honest one, of 10,000 columns, is smaller.
const maxPlan = 4 << 20

// ParsePlans reads a plan file: YAML, one document a table, or its JSON twin.
// It is strict: an unknown key, treatment, guard or argument is an error that
// names the line. All that is wrong comes back at once, as *Problems. The
// plans are not yet decided over a file; Apply does that.
func ParsePlans(b []byte) ([]Plan, error) {
	if len(b) > maxPlan {
		return nil, &Problems{List: []Problem{{Err: ErrRefused, Code: "plan-syntax", Detail: "the plan is larger than 4 MiB"}}}
	}
	var p planParser
	var plans []Plan
	tables := map[string]bool{}
	dec := yaml.NewDecoder(bytes.NewReader(b))
	for {
		var doc yaml.Node
		err := dec.Decode(&doc)
		if err == io.EOF {
			break
		}
		if err != nil {
			p.syntax(err)
			break
		}
		n := &doc
		if doc.Kind == yaml.DocumentNode && len(doc.Content) == 1 {
			n = doc.Content[0]
		}
		plan := p.plan(n)
		if tables[plan.Table] {
			p.fail(n, "two plans of one file must name different tables")
		}
		if len(plans) > 0 && plan.Dataset != plans[0].Dataset {
			p.fail(n, "all plans of one file must name the same dataset")
		}
		tables[plan.Table] = true
		plans = append(plans, plan)
	}
	if len(plans) == 0 && len(p.list) == 0 {
		p.refused("", "plan-syntax", "the plan is empty")
	}
	p.oneReading(plans)
	if len(plans) > 1 && tables[""] {
		p.refused("", "plan-syntax", "a file with several plans needs a table name in each")
	}
	if err := p.err(); err != nil {
		return nil, err
	}
	return plans, nil
}

type planParser struct{ problems }

var yamlLine = regexp.MustCompile(`line (\d+)`)

// syntax keeps the line of a YAML error and nothing of its words.
func (p *planParser) syntax(err error) {
	where := "the plan"
	if m := yamlLine.FindStringSubmatch(err.Error()); m != nil {
		where = "line " + m[1]
	}
	p.refused("", "plan-syntax", "%s: this is not YAML or JSON", where)
}

func (p *planParser) fail(n *yaml.Node, format string, args ...any) {
	p.at(n, "plan-syntax", format, args...)
}

func (p *planParser) at(n *yaml.Node, code, format string, args ...any) {
	p.refused("", code, "line %d, column %d: %s", n.Line, n.Column, fmt.Sprintf(format, args...))
}

// later are the guards a plan may name one day. Ignoring one would publish
// less protected than its author believed.
var later = map[string]string{
	"composition": "the guard over several versions",
	"tables":      "the guard for tables of counts",
	"dp":          "differential privacy",
}

func (p *planParser) plan(n *yaml.Node) Plan {
	out := Plan{Audience: Open} // the stricter of the two where the plan says nothing
	version, columns := false, false
	known := fields{
		"plan": func(v *yaml.Node) {
			version = true
			if p.text(v) != "v1" {
				p.fail(v, `this version reads plans of the kind "plan: v1"`)
			}
		},
		"dataset": func(v *yaml.Node) { out.Dataset = p.text(v) },
		"table":   func(v *yaml.Node) { out.Table = p.text(v) },
		"audience": func(v *yaml.Node) {
			out.Audience = Audience(p.word(v, string(Open), string(Shared)))
		},
		"unit": func(v *yaml.Node) { out.Unit = p.unit(v) },
		"columns": func(v *yaml.Node) {
			columns = true
			out.Columns = p.columns(v)
		},
		"model": func(v *yaml.Node) { out.Model = p.model(v) },
		"approve": func(v *yaml.Node) {
			p.mapping(v, fields{
				"roles":      func(v *yaml.Node) { out.Approve.Roles = p.listOf(v) },
				"two_person": func(v *yaml.Node) { out.Approve.TwoPerson = p.flag(v) },
			})
		},
		"decided": func(v *yaml.Node) {
			p.mapping(v, fields{
				"by": func(v *yaml.Node) { out.Decided.By = p.text(v) },
				"at": func(v *yaml.Node) { out.Decided.At = p.time(v) },
			})
		},
		"expires": func(v *yaml.Node) { out.Expires = p.time(v) },
		"read":    func(v *yaml.Node) { out.Read = p.reading(v) },
		"schema": func(v *yaml.Node) {
			if v.Kind != yaml.MappingNode {
				p.fail(v, "schema: a Table Schema is wanted, an object with fields")
				return
			}
			b, err := json.Marshal(p.free(v, 0))
			if err != nil {
				p.fail(v, "schema: this is not JSON")
			}
			out.Schema = string(b)
		},
		"breaches": func(v *yaml.Node) { out.Breaches = p.text(v) },
	}
	for key, what := range later {
		known[key] = func(v *yaml.Node) {
			p.at(v, "not-available", "%s: %s is not available in this version; the plan is refused rather than carried out without it", key, what)
		}
	}
	if p.mapping(n, known) {
		if !version {
			p.fail(n, `the plan must begin with "plan: v1"`)
		}
		if !columns {
			p.fail(n, "the plan names no columns")
		}
	}
	return out
}

// freeDepth bounds what another standard's object may nest.
const freeDepth = 16

// free is a value that another standard describes, as JSON knows it.
func (p *planParser) free(n *yaml.Node, depth int) any {
	if depth > freeDepth {
		p.fail(n, "this nests too deep")
		return nil
	}
	switch n.Kind {
	case yaml.MappingNode:
		out := make(map[string]any, len(n.Content)/2)
		for i := 0; i+1 < len(n.Content); i += 2 {
			key := n.Content[i]
			if _, twice := out[key.Value]; twice || key.Kind != yaml.ScalarNode {
				p.fail(key, "each key is a word, and stands once")
			}
			out[key.Value] = p.free(n.Content[i+1], depth+1)
		}
		return out
	case yaml.SequenceNode:
		out := make([]any, len(n.Content))
		for i, c := range n.Content {
			out[i] = p.free(c, depth+1)
		}
		return out
	case yaml.ScalarNode:
		switch n.ShortTag() {
		case "!!null":
			return nil
		case "!!bool":
			return strings.EqualFold(n.Value, "true")
		case "!!int", "!!float":
			if json.Valid([]byte(n.Value)) {
				return json.Number(n.Value)
			}
		}
		return n.Value
	}
	p.fail(n, "aliases are not read")
	return nil
}

func (p *planParser) unit(n *yaml.Node) Unit {
	var u Unit
	p.mapping(n, fields{
		"person_key":         func(v *yaml.Node) { u.PersonKey = plainName(p.text(v)) },
		"one_row_per_person": func(v *yaml.Node) { u.OneRowPerPerson = p.flag(v) },
		"aggregate":          func(v *yaml.Node) { u.Aggregate = p.flag(v) },
		"reason":             func(v *yaml.Node) { u.Reason = p.text(v) },
	})
	if u.Aggregate && u.Reason == "" {
		p.fail(n, "aggregate needs a reason")
	}
	if u.Aggregate && (u.PersonKey != "" || u.OneRowPerPerson) {
		p.fail(n, "a table is either aggregate or counts persons, not both")
	}
	return u
}

func (p *planParser) model(n *yaml.Node) *Model {
	m := Model{SuppressMax: DefaultSuppressMax, PinLevels: true}
	p.mapping(n, fields{
		"kind": func(v *yaml.Node) {
			m.Kind = p.text(v)
			if m.Kind == "local" {
				p.at(v, "not-available", "local recoding is not available in this version; use kind: full-domain")
			} else if _, ok := guard(m.Kind); !ok {
				p.fail(v, "there is no guard of this kind; known is full-domain")
			}
		},
		"k":            func(v *yaml.Node) { m.K = p.whole(v) },
		"l":            func(v *yaml.Node) { m.L = p.whole(v) },
		"suppress_max": func(v *yaml.Node) { m.SuppressMax = p.share(v) },
		"pin_levels":   func(v *yaml.Node) { m.PinLevels = p.flag(v) },
		"t": func(v *yaml.Node) {
			p.at(v, "not-available", "t-closeness is not available in this version; the plan is refused rather than carried out without it")
		},
	})
	if m.Kind == "" {
		p.fail(n, "the model needs a kind: full-domain")
	}
	if m.K < 2 {
		p.fail(n, "the model needs k of 2 or more")
	}
	return &m
}

func (p *planParser) columns(n *yaml.Node) []ColumnPlan {
	if n.Kind != yaml.MappingNode {
		p.fail(n, "columns must be a mapping: column name to decision")
		return nil
	}
	if len(n.Content) == 0 {
		p.fail(n, "the plan names no columns")
	}
	var out []ColumnPlan
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, v := n.Content[i], n.Content[i+1]
		c := ColumnPlan{}
		if key.Kind != yaml.ScalarNode || plainName(key.Value) == "" {
			p.fail(key, "a column needs a name")
		} else if c.Column = plainName(key.Value); seen[c.Column] {
			p.fail(key, "this column is named twice")
		}
		seen[c.Column] = true
		p.column(v, &c)
		out = append(out, c)
	}
	return out
}

func (p *planParser) column(n *yaml.Node, c *ColumnPlan) {
	first := stepParser{at: n}
	var then []stepParser
	known := fields{
		"class": func(v *yaml.Node) {
			word := p.word(v, "direct", "quasi", "sensitive", "text", "public")
			c.Class = classWords[word]
		},
		"do":       func(v *yaml.Node) { first.do = v },
		"reason":   func(v *yaml.Node) { c.Reason = p.text(v) },
		"optional": func(v *yaml.Node) { c.Optional = p.flag(v) },
		"allow": func(v *yaml.Node) {
			for _, k := range p.listOf(v) {
				c.Allow = append(c.Allow, Kind(k))
			}
		},
		"then": func(v *yaml.Node) {
			if v.Kind != yaml.SequenceNode {
				p.fail(v, "then must be a list of further treatments")
				return
			}
			for _, s := range v.Content {
				next := stepParser{at: s}
				p.pairs(s, func(key, v *yaml.Node) {
					if key.Value == "do" {
						next.do = v
					} else {
						next.args = append(next.args, key, v)
					}
				})
				then = append(then, next)
			}
		},
	}
	p.pairs(n, func(key, v *yaml.Node) {
		if f := known[key.Value]; f != nil {
			f(v)
		} else { // the rest are arguments of the first treatment
			first.args = append(first.args, key, v)
		}
	})
	for _, s := range append([]stepParser{first}, then...) {
		if step, ok := s.step(p); ok {
			c.Steps = append(c.Steps, step)
		}
	}
	if len(c.Allow) > 0 && c.Reason == "" {
		p.fail(n, "allow needs a reason")
	}
}

// stepParser holds a treatment until all its keys have been read.
type stepParser struct {
	at, do *yaml.Node
	args   []*yaml.Node // key, value, key, value …
}

func (s stepParser) step(p *planParser) (Step, bool) {
	if s.do == nil {
		if s.at.Kind == yaml.MappingNode { // else it has been said already
			p.fail(s.at, "what to do is missing: do: keep, drop, …")
		}
		return Step{}, false
	}
	step := Step{Do: p.text(s.do)}
	t, ok := treatment(step.Do)
	if !ok {
		code := "plan-syntax"
		if step.Do == "pseudonym" {
			code = "not-available"
		}
		p.at(s.do, code, "%v", unknownTreatment(step.Do))
		return step, false
	}
	before := len(p.list)
	for i := 0; i < len(s.args); i += 2 {
		key, v := s.args[i], s.args[i+1]
		if t.Name == "keep" && key.Value == "hierarchy" {
			p.at(key, "not-available", "a guard that chooses the level is not available in this version: write do: generalise with hierarchy and level")
			continue
		}
		a, known := t.arg(key.Value)
		if !known {
			p.fail(key, "%s does not know the key %s", t.Name, quoteWord(key.Value))
			continue
		}
		x, ok := p.value(v)
		if ok && !a.Is(x) {
			p.fail(v, "%s must be %s", a.Name, a.Says)
		}
		if step.Args == nil {
			step.Args = Args{}
		}
		step.Args[a.Name] = x
	}
	if len(p.list) > before {
		return step, false
	}
	if err := step.check(); err != nil {
		p.fail(s.at, "%v", err)
		return step, false
	}
	return step, true
}

// value reads an argument: a scalar or a list of them; and {file: name}, which
// stands for the name of a hierarchy beside the plan.
func (p *planParser) value(n *yaml.Node) (any, bool) {
	switch n.Kind {
	case yaml.SequenceNode:
		out := []any{}
		for _, c := range n.Content {
			if c.Kind != yaml.ScalarNode {
				p.fail(c, "a list may hold words and numbers only")
				return nil, false
			}
			v, ok := p.value(c)
			if !ok {
				return nil, false
			}
			out = append(out, v)
		}
		return out, true
	case yaml.MappingNode:
		file := ""
		p.mapping(n, fields{"file": func(v *yaml.Node) { file = p.text(v) }})
		if file == "" || strings.ContainsAny(file, `/\`) || file == ".." {
			p.fail(n, "a file beside the plan is named without a folder")
			return nil, false
		}
		return file, true
	case yaml.ScalarNode:
		switch n.ShortTag() {
		case "!!str", "!!timestamp":
			return n.Value, true
		case "!!int":
			if i, err := strconv.ParseInt(n.Value, 10, 64); err == nil {
				return i, true
			}
		case "!!float":
			if f, err := strconv.ParseFloat(n.Value, 64); err == nil {
				if _, finite := ofFloat(f); finite {
					return f, true
				}
			}
		case "!!bool":
			return n.Value == "true" || n.Value == "True" || n.Value == "TRUE", true
		}
	}
	p.fail(n, "a word, a number, true or false, or a list of them is wanted")
	return nil, false
}

// fields are the keys a mapping knows.
type fields map[string]func(v *yaml.Node)

// mapping reads a mapping of known keys; false where n is none.
func (p *planParser) mapping(n *yaml.Node, known fields) bool {
	return p.pairs(n, func(key, v *yaml.Node) {
		if f := known[key.Value]; f != nil {
			f(v)
		} else {
			p.fail(key, "there is no key %s here", quoteWord(key.Value))
		}
	})
}

// pairs walks a mapping whose keys are plain words, each once.
func (p *planParser) pairs(n *yaml.Node, each func(key, v *yaml.Node)) bool {
	if n.Kind != yaml.MappingNode {
		p.fail(n, "a mapping of keys to values is wanted here")
		return false
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, v := n.Content[i], n.Content[i+1]
		switch {
		case key.Kind != yaml.ScalarNode:
			p.fail(key, "a key must be a word")
		case seen[key.Value]:
			p.fail(key, "this key stands here twice")
		case v.Kind == yaml.AliasNode:
			p.fail(v, "a plan may not refer to itself (*)")
		default:
			each(key, v)
		}
		seen[key.Value] = true
	}
	return true
}

func (p *planParser) scalar(n *yaml.Node, wanted string, tags ...string) (string, bool) {
	if n.Kind == yaml.ScalarNode {
		for _, t := range tags {
			if n.ShortTag() == t {
				return n.Value, true
			}
		}
	}
	p.fail(n, "%s is wanted here", wanted)
	return "", false
}

func (p *planParser) text(n *yaml.Node) string {
	s, ok := p.scalar(n, "a word or sentence", "!!str", "!!int", "!!float", "!!bool", "!!timestamp")
	if s = strings.TrimSpace(s); ok && s == "" {
		p.fail(n, "this may not be empty")
	}
	return s
}

func (p *planParser) word(n *yaml.Node, of ...string) string {
	s := p.text(n)
	for _, w := range of {
		if s == w {
			return s
		}
	}
	p.fail(n, "one of these is wanted: %s", strings.Join(of, ", "))
	return ""
}

func (p *planParser) flag(n *yaml.Node) bool {
	s, _ := p.scalar(n, "true or false", "!!bool")
	return strings.EqualFold(s, "true")
}

func (p *planParser) whole(n *yaml.Node) int {
	s, ok := p.scalar(n, "a whole number", "!!int")
	i, err := strconv.ParseInt(s, 10, 32)
	if ok && (err != nil || i < 0) {
		p.fail(n, "a whole number of 0 or more is wanted here")
	}
	return int(i)
}

func (p *planParser) share(n *yaml.Node) float64 {
	s, ok := p.scalar(n, "a share between 0 and 1", "!!float", "!!int")
	f, err := strconv.ParseFloat(s, 64)
	if ok && (err != nil || !(f >= 0 && f <= 1)) {
		p.fail(n, "a share between 0 and 1 is wanted here")
	}
	return f
}

func (p *planParser) time(n *yaml.Node) time.Time {
	s, ok := p.scalar(n, "a date", "!!timestamp", "!!str")
	for _, form := range []string{time.DateOnly, time.RFC3339Nano} {
		if t, err := time.Parse(form, s); err == nil && !t.IsZero() {
			return t.UTC()
		}
	}
	if ok {
		p.fail(n, "a date is wanted here, as 2026-12-31")
	}
	return time.Time{}
}

// listOf reads words; a single one needs no brackets.
func (p *planParser) listOf(n *yaml.Node) []string {
	items := []*yaml.Node{n}
	if n.Kind == yaml.SequenceNode {
		items = n.Content
	}
	var out []string
	for _, c := range items {
		s, _ := p.scalar(c, "a word", "!!str", "!!int", "!!float", "!!bool", "!!null", "!!timestamp")
		out = append(out, s)
	}
	return out
}

func (p *planParser) wholes(n *yaml.Node) []int {
	items := []*yaml.Node{n}
	if n.Kind == yaml.SequenceNode {
		items = n.Content
	}
	var out []int
	for _, c := range items {
		out = append(out, p.whole(c))
	}
	return out
}
