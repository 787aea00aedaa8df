// Package tableschema holds a file to the Table Schema its agency has given for
// it (Frictionless Data, Table Schema v1 and v2): which columns there are, of
// what types, what their cells must keep to, and which code lists they speak
// of. Check reads a whole table and tells every breach by row and column, never
// by value; Suggest proposes a schema from a table. The package knows nothing
// of files, plans or the catalogue: lists of codes are handed to it.
package tableschema

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
)

// A Schema says what a table must be.
type Schema struct {
	Fields        []Field      `json:"fields"`
	FieldsMatch   string       `json:"fieldsMatch,omitempty"`   // since v2: exact, equal, subset, superset, partial; "": equal
	MissingValues []string     `json:"missingValues,omitempty"` // nil: the empty cell only
	PrimaryKey    []string     `json:"primaryKey,omitempty"`
	UniqueKeys    [][]string   `json:"uniqueKeys,omitempty"`
	ForeignKeys   []ForeignKey `json:"foreignKeys,omitempty"`
}

// A Field is one column.
type Field struct {
	Name        string      `json:"name"`
	Title       string      `json:"title,omitempty"`
	Description string      `json:"description,omitempty"`
	Type        string      `json:"type,omitempty"` // "": any
	Format      string      `json:"format,omitempty"`
	DecimalChar string      `json:"decimalChar,omitempty"`
	GroupChar   string      `json:"groupChar,omitempty"`
	Constraints Constraints `json:"constraints,omitzero"`
}

// Constraints on each cell that is not null, but for Required.
type Constraints struct {
	Required  bool     `json:"required,omitempty"`
	Unique    bool     `json:"unique,omitempty"`
	Enum      []string `json:"enum,omitempty"`
	Pattern   string   `json:"pattern,omitempty"` // of the whole cell
	Minimum   string   `json:"minimum,omitempty"`
	Maximum   string   `json:"maximum,omitempty"`
	Above     string   `json:"exclusiveMinimum,omitempty"` // since v2
	Below     string   `json:"exclusiveMaximum,omitempty"`
	MinLength *int     `json:"minLength,omitempty"` // in characters
	MaxLength *int     `json:"maxLength,omitempty"`

	pattern *regexp.Regexp
}

// A ForeignKey says that the cells of these columns are codes of a list, or
// values of a column of a published dataset.
type ForeignKey struct {
	Fields    []string  `json:"fields"`
	Reference Reference `json:"reference"`
}

// Reference names a list ("codes/administrative-units", or its address) or a
// dataset ("dan-so", "dan-so@3"), and the field in it.
type Reference struct {
	Resource string   `json:"resource"`
	Fields   []string `json:"fields"`
}

// types that a field may have. Those of a list or an object stay text here.
var types = []string{"", "any", "string", "integer", "number", "boolean", "date", "datetime", "time", "year", "yearmonth", "duration", "object", "array", "list", "geopoint", "geojson"}

// An Error is one thing wrong with a schema: where, as a JSON Pointer (RFC
// 6901), and what.
type Error struct{ Pointer, Detail string }

func (e *Error) Error() string {
	where := e.Pointer
	if where == "" {
		where = "/"
	}
	return fmt.Sprintf("table schema: %s: %s", where, e.Detail)
}

const (
	schemaBytes  = 1 << 20
	schemaFields = 10_000
)

// Parse reads a schema. Members it does not know are passed over, as the
// standard asks; what it knows must be right. The error is an *Error, or
// several joined.
func Parse(data []byte) (*Schema, error) {
	if len(data) > schemaBytes {
		return nil, &Error{"", "it is larger than a mebibyte"}
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var raw any
	if err := d.Decode(&raw); err != nil {
		return nil, &Error{"", "it is not JSON"}
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, &Error{"", "something follows behind the JSON"}
	}
	p := &parser{}
	s := p.schema(raw)
	if len(p.errs) > 0 {
		return nil, errors.Join(p.errs...)
	}
	return s, nil
}

// parser collects what is wrong, at most as much as a person reads.
type parser struct{ errs []error }

func (p *parser) fail(at, detail string) {
	if len(p.errs) < 20 {
		p.errs = append(p.errs, &Error{at, detail})
	}
}

func (p *parser) object(at string, v any) map[string]any {
	m, ok := v.(map[string]any)
	if !ok {
		p.fail(at, "an object is wanted")
	}
	return m
}

func (p *parser) list(at string, v any) []any {
	l, ok := v.([]any)
	if !ok && v != nil {
		p.fail(at, "a list is wanted")
	}
	return l
}

func (p *parser) text(at string, m map[string]any, key string) string {
	switch v := m[key].(type) {
	case nil:
		return ""
	case string:
		return v
	}
	p.fail(at+"/"+key, "a text is wanted")
	return ""
}

// plain is a text or a number, as it is written.
func (p *parser) plain(at string, v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		return fmt.Sprint(v)
	}
	p.fail(at, "a text or a number is wanted")
	return ""
}

func (p *parser) yes(at string, m map[string]any, key string) bool {
	switch v := m[key].(type) {
	case nil:
		return false
	case bool:
		return v
	}
	p.fail(at+"/"+key, "true or false is wanted")
	return false
}

func (p *parser) length(at string, m map[string]any, key string) *int {
	if m[key] == nil {
		return nil
	}
	if n, ok := m[key].(json.Number); ok {
		if i, err := n.Int64(); err == nil && i >= 0 && i < 1<<31 {
			v := int(i)
			return &v
		}
	}
	p.fail(at+"/"+key, "a whole number of characters is wanted")
	return nil
}

// names is one name or a list of them.
func (p *parser) names(at string, v any) []string {
	if one, ok := v.(string); ok {
		return []string{one}
	}
	var out []string
	for i, x := range p.list(at, v) {
		if s, ok := x.(string); ok && s != "" {
			out = append(out, s)
		} else {
			p.fail(fmt.Sprintf("%s/%d", at, i), "the name of a field is wanted")
		}
	}
	return out
}

func (p *parser) schema(raw any) *Schema {
	m := p.object("", raw)
	if m == nil {
		return nil
	}
	s := &Schema{}
	fields := p.list("/fields", m["fields"])
	if len(fields) == 0 {
		p.fail("/fields", "a schema needs at least one field")
	}
	if len(fields) > schemaFields {
		p.fail("/fields", "there are more than 10,000")
		return nil
	}
	known := make(map[string]bool)
	for i, v := range fields {
		at := fmt.Sprintf("/fields/%d", i)
		f := p.field(at, v)
		if f.Name == "" {
			p.fail(at+"/name", "a field needs a name")
		} else if known[f.Name] {
			p.fail(at+"/name", "another field has this name")
		}
		known[f.Name] = true
		s.Fields = append(s.Fields, f)
	}
	// Since v2 it may come as a list of one word. Columns are found by name
	// always, so that exact is equal here: another order is no fault.
	switch v := m["fieldsMatch"].(type) {
	case []any:
		if len(v) == 1 {
			s.FieldsMatch = p.plain("/fieldsMatch/0", v[0])
		} else {
			p.fail("/fieldsMatch", "one word is wanted")
		}
	default:
		s.FieldsMatch = p.plain("/fieldsMatch", v)
	}
	if !slices.Contains([]string{"", "exact", "equal", "subset", "superset", "partial"}, s.FieldsMatch) {
		p.fail("/fieldsMatch", "exact, equal, subset, superset or partial is wanted")
	}
	for i, v := range p.list("/missingValues", m["missingValues"]) {
		at := fmt.Sprintf("/missingValues/%d", i)
		if o, ok := v.(map[string]any); ok { // since v2 with a label
			v = o["value"]
		}
		s.MissingValues = append(s.MissingValues, p.plain(at, v))
	}
	mine := func(at string, names []string) []string {
		for i, n := range names {
			if !known[n] {
				p.fail(fmt.Sprintf("%s/%d", at, i), "no field has this name")
			}
		}
		return names
	}
	if m["primaryKey"] != nil {
		s.PrimaryKey = mine("/primaryKey", p.names("/primaryKey", m["primaryKey"]))
	}
	for i, v := range p.list("/uniqueKeys", m["uniqueKeys"]) {
		at := fmt.Sprintf("/uniqueKeys/%d", i)
		s.UniqueKeys = append(s.UniqueKeys, mine(at, p.names(at, v)))
	}
	for i, v := range p.list("/foreignKeys", m["foreignKeys"]) {
		at := fmt.Sprintf("/foreignKeys/%d", i)
		o := p.object(at, v)
		if o == nil {
			continue
		}
		k := ForeignKey{Fields: mine(at+"/fields", p.names(at+"/fields", o["fields"]))}
		if ref := p.object(at+"/reference", o["reference"]); ref != nil {
			k.Reference = Reference{p.text(at+"/reference", ref, "resource"), p.names(at+"/reference/fields", ref["fields"])}
			if len(k.Reference.Fields) != len(k.Fields) {
				p.fail(at+"/reference/fields", "as many fields are wanted as in the key")
			}
			if len(k.Fields) != 1 {
				p.fail(at+"/fields", "a key of one field is wanted: a code stands in one column")
			}
		}
		s.ForeignKeys = append(s.ForeignKeys, k)
	}
	return s
}

func (p *parser) field(at string, v any) Field {
	m := p.object(at, v)
	f := Field{Name: p.text(at, m, "name"), Title: p.text(at, m, "title"), Description: p.text(at, m, "description"),
		Type: p.text(at, m, "type"), Format: p.text(at, m, "format"), DecimalChar: p.text(at, m, "decimalChar"), GroupChar: p.text(at, m, "groupChar")}
	if !slices.Contains(types, f.Type) {
		p.fail(at+"/type", "this type is not one of Table Schema")
	}
	if len(f.DecimalChar) > 1 || len(f.GroupChar) > 1 || f.DecimalChar != "" && f.DecimalChar == f.GroupChar {
		p.fail(at+"/decimalChar", "decimalChar and groupChar are one sign each, and not the same")
	}
	if m["constraints"] == nil {
		return f
	}
	at += "/constraints"
	c := p.object(at, m["constraints"])
	f.Constraints = Constraints{Required: p.yes(at, c, "required"), Unique: p.yes(at, c, "unique"), Pattern: p.text(at, c, "pattern"),
		Minimum: p.plain(at+"/minimum", c["minimum"]), Maximum: p.plain(at+"/maximum", c["maximum"]),
		Above: p.plain(at+"/exclusiveMinimum", c["exclusiveMinimum"]), Below: p.plain(at+"/exclusiveMaximum", c["exclusiveMaximum"]),
		MinLength: p.length(at, c, "minLength"), MaxLength: p.length(at, c, "maxLength")}
	for i, v := range p.list(at+"/enum", c["enum"]) {
		f.Constraints.Enum = append(f.Constraints.Enum, p.plain(fmt.Sprintf("%s/enum/%d", at, i), v))
	}
	if f.Constraints.Pattern != "" {
		var err error
		if f.Constraints.pattern, err = regexp.Compile(`^(?:` + f.Constraints.Pattern + `)$`); err != nil {
			p.fail(at+"/pattern", "the pattern is not one that can be read in linear time (RE2): no look-around, no back references")
		}
	}
	return f
}

// fold is how names are compared: ingest.md section 10.
func fold(s string) string { return strings.ToLower(strings.Join(strings.Fields(s), " ")) }
