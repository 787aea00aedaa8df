package privacy

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"go.yaml.in/yaml/v3"
)

// Hash is the SHA-256 of the plan's meaning, in hex: two files that say the
// same hash alike, whatever their order of keys, comments or spelled-out
// defaults. It is what approvals and the audit trail name.
func (p Plan) Hash() string {
	var b bytes.Buffer
	e := json.NewEncoder(&b) // sorts the keys of maps
	e.SetEscapeHTML(false)
	if err := e.Encode(p.tree().plain()); err != nil {
		return "" // arguments that no plan file can hold: no plan that can be decided
	}
	sum := sha256.Sum256(b.Bytes())
	return hex.EncodeToString(sum[:])
}

// MarshalYAML writes the plan as ParsePlans reads it, keys in the order of the
// documentation, columns in the plan's own.
func (p Plan) MarshalYAML() (any, error) { return p.tree().yaml() }

// MarshalJSON writes the JSON twin.
func (p Plan) MarshalJSON() ([]byte, error) { return json.Marshal(p.tree().plain()) }

// tree is a mapping in order; its values are scalars, []any, or trees.
type tree []branch

type branch struct {
	key   string
	value any
}

func (t *tree) put(key string, v any) { *t = append(*t, branch{key, v}) }

// maybe leaves out what the plan does not say.
func maybe[T comparable](t *tree, key string, v T) {
	var zero T
	if v != zero {
		t.put(key, v)
	}
}

func list[T any](t *tree, key string, l []T) {
	if len(l) == 0 {
		return
	}
	out := make([]any, len(l))
	for i, v := range l {
		out[i] = v
	}
	t.put(key, out)
}

func (p Plan) tree() tree {
	var t tree
	t.put("plan", "v1")
	maybe(&t, "dataset", p.Dataset)
	maybe(&t, "table", p.Table)
	maybe(&t, "audience", string(p.Audience))
	if p.Read != nil {
		t.put("read", p.Read.tree())
	}
	if p.Unit != (Unit{}) {
		var u tree
		maybe(&u, "person_key", p.Unit.PersonKey)
		maybe(&u, "one_row_per_person", p.Unit.OneRowPerPerson)
		maybe(&u, "aggregate", p.Unit.Aggregate)
		maybe(&u, "reason", p.Unit.Reason)
		t.put("unit", u)
	}
	var columns tree
	for _, c := range p.Columns {
		columns.put(c.Column, c.tree())
	}
	t.put("columns", columns)
	if m := p.Model; m != nil {
		var u tree
		u.put("kind", m.Kind)
		u.put("k", int64(m.K))
		if m.L > 1 {
			u.put("l", int64(m.L))
		}
		u.put("suppress_max", m.SuppressMax)
		u.put("pin_levels", m.PinLevels)
		t.put("model", u)
	}
	if len(p.Approve.Roles) > 0 || p.Approve.TwoPerson {
		var u tree
		list(&u, "roles", p.Approve.Roles)
		maybe(&u, "two_person", p.Approve.TwoPerson)
		t.put("approve", u)
	}
	if p.Decided != (Decided{}) {
		var u tree
		maybe(&u, "by", p.Decided.By)
		putTime(&u, "at", p.Decided.At)
		t.put("decided", u)
	}
	putTime(&t, "expires", p.Expires)
	if p.Schema != "" {
		t.put("schema", freeTree(p.Schema))
	}
	maybe(&t, "breaches", p.Breaches)
	return t
}

// freeTree is an object of another standard, its keys in order.
func freeTree(text string) any {
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil {
		return nil
	}
	return branches(v)
}

func branches(v any) any {
	switch v := v.(type) {
	case map[string]any:
		var t tree
		for _, k := range slices.Sorted(maps.Keys(v)) {
			t.put(k, branches(v[k]))
		}
		return t
	case []any:
		out := make([]any, len(v))
		for i, x := range v {
			out[i] = branches(x)
		}
		return out
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n
		}
		f, _ := v.Float64()
		return f
	}
	return v
}

func (c ColumnPlan) tree() tree {
	var t tree
	maybe(&t, "class", classWord(c.Class))
	for i, s := range c.Steps {
		if i == 0 {
			s.put(&t)
		}
	}
	if len(c.Steps) > 1 {
		var then []any
		for _, s := range c.Steps[1:] {
			var u tree
			s.put(&u)
			then = append(then, u)
		}
		t.put("then", then)
	}
	maybe(&t, "optional", c.Optional)
	list(&t, "allow", c.Allow)
	maybe(&t, "reason", c.Reason)
	return t
}

func (s Step) put(t *tree) {
	t.put("do", s.Do)
	kind, _ := treatment(s.Do)
	for _, a := range kind.Args {
		if v, ok := s.Args[a.Name]; ok {
			t.put(a.Name, v)
		}
	}
}

func (r *Reading) tree() tree {
	var t tree
	maybe(&t, "encoding", r.Encoding)
	maybe(&t, "delimiter", r.Delimiter)
	maybe(&t, "quote", r.Quote)
	maybe(&t, "comment", r.Comment)
	list(&t, "sheet", r.Sheet)
	list(&t, "table", r.Table)
	list(&t, "header_rows", r.HeaderRows)
	maybe(&t, "ragged", r.Ragged)
	maybe(&t, "locale", r.Locale)
	maybe(&t, "crs", r.CRS)
	if len(r.Columns) > 0 {
		var u tree
		for _, k := range slices.Sorted(maps.Keys(r.Columns)) {
			u.put(k, r.Columns[k].tree())
		}
		t.put("columns", u)
	}
	return t
}

func (c ReadColumn) tree() tree {
	var t tree
	maybe(&t, "type", c.Type)
	maybe(&t, "format", c.Format)
	maybe(&t, "thousands", c.Thousands)
	maybe(&t, "decimal", c.Decimal)
	list(&t, "nulls", c.Nulls)
	maybe(&t, "trim", c.Trim)
	maybe(&t, "on_error", c.OnError)
	maybe(&t, "key", c.Key)
	return t
}

// putTime writes a day as a day.
func putTime(t *tree, key string, at time.Time) {
	switch {
	case at.IsZero():
	case at.UTC().Truncate(24 * time.Hour).Equal(at):
		t.put(key, at.UTC().Format(time.DateOnly))
	default:
		t.put(key, at.UTC().Format(time.RFC3339Nano))
	}
}

// plain is the tree as JSON writes it.
func (t tree) plain() map[string]any {
	out := map[string]any{}
	for _, b := range t {
		out[b.key] = plainValue(b.value)
	}
	return out
}

func plainValue(v any) any {
	switch v := v.(type) {
	case tree:
		return v.plain()
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = plainValue(v[i])
		}
		return out
	}
	return v
}

func (t tree) yaml() (*yaml.Node, error) {
	n := &yaml.Node{Kind: yaml.MappingNode}
	for _, b := range t {
		k, err := yamlValue(b.key)
		if err != nil {
			return nil, err
		}
		v, err := yamlValue(b.value)
		if err != nil {
			return nil, err
		}
		n.Content = append(n.Content, k, v)
	}
	return n, nil
}

func yamlValue(v any) (*yaml.Node, error) {
	switch v := v.(type) {
	case tree:
		return v.yaml()
	case string:
		n := &yaml.Node{}
		err := n.Encode(v)
		if n.Tag != "!!str" { // "<<" is a word here, not a key to merge
			n.Tag, n.Style = "!!str", yaml.DoubleQuotedStyle
		}
		return n, err
	case []any:
		n := &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
		for _, x := range v {
			c, err := yamlValue(x)
			if err != nil {
				return nil, err
			}
			n.Content = append(n.Content, c)
		}
		return n, nil
	}
	n := &yaml.Node{}
	return n, n.Encode(v)
}

// MarshalPlans writes the plans of one file as ParsePlans reads them, one
// document a table.
func MarshalPlans(plans []Plan) ([]byte, error) {
	var b bytes.Buffer
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	for _, p := range plans {
		if err := e.Encode(p); err != nil {
			return nil, fmt.Errorf("write plan: %w", err)
		}
	}
	if err := e.Close(); err != nil {
		return nil, fmt.Errorf("write plan: %w", err)
	}
	return b.Bytes(), nil
}
