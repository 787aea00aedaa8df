package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"daylight/catalog"
	"daylight/catalog/codes"
	"daylight/templates"
)

// The Table Schema that a dataset's files are held to, as a form: a line a
// column, and the whole of it as JSON. The form changes what it has fields for
// and leaves the rest of the schema as it is. What a schema may say is the
// inbox's to judge.

// schemaView fills the form from the schema that holds, else from the one that
// is suggested.
func schemaView(i int, t catalog.ReviewTable) templates.ReviewSchema {
	p := templates.ReviewSchema{N: i, Table: t.Name, Held: len(t.Schema) > 0}
	raw := t.Suggested
	if p.Held {
		raw = t.Schema
	}
	m := schemaMap(raw)
	if m == nil {
		return p
	}
	var text bytes.Buffer
	if json.Indent(&text, raw, "", "  ") == nil {
		p.JSON = text.String()
	}
	keys := words(m["primaryKey"])
	lists := map[string]string{}
	for _, v := range items(m["foreignKeys"]) {
		k, _ := v.(map[string]any)
		ref, _ := k["reference"].(map[string]any)
		resource, _ := ref["resource"].(string)
		if fields, to := words(k["fields"]), words(ref["fields"]); len(fields) == 1 && len(to) == 1 {
			lists[fields[0]] = resource
			if to[0] != "code" {
				lists[fields[0]] += "#" + to[0]
			}
		}
	}
	for _, v := range items(m["fields"]) {
		f, _ := v.(map[string]any)
		c, _ := f["constraints"].(map[string]any)
		name, _ := f["name"].(string)
		title, _ := f["title"].(string)
		field := templates.ReviewSchemaField{Name: name, Label: title, Key: slices.Contains(keys, name), List: lists[name],
			Required: c["required"] == true, Unique: c["unique"] == true, Minimum: plainWord(c["minimum"]), Maximum: plainWord(c["maximum"]), Pattern: plainWord(c["pattern"])}
		if field.Label == "" {
			field.Label = name
		}
		p.Fields = append(p.Fields, field)
	}
	return p
}

// schemaLists are the portal's code lists as a schema names them.
func schemaLists() (out []string) {
	for l := range codes.Lists.All() {
		out = append(out, "codes/"+l.Code)
	}
	return out
}

// takenSchema puts what the form says into the schema that it was made from.
func takenSchema(t catalog.ReviewTable, i int, v url.Values) ([]byte, error) {
	raw := t.Schema
	if len(raw) == 0 {
		raw = t.Suggested
	}
	m := schemaMap(raw)
	if m == nil {
		return nil, &catalog.ErrSchema{Detail: "there is none to change: paste one, or attach a file"}
	}
	var keys []any
	foreign := slices.DeleteFunc(items(m["foreignKeys"]), func(v any) bool {
		k, _ := v.(map[string]any)
		return len(words(k["fields"])) == 1 // one of the form's
	})
	for j, x := range items(m["fields"]) {
		f, _ := x.(map[string]any)
		if f == nil {
			continue
		}
		at := func(name string) string { return strings.TrimSpace(v.Get(fmt.Sprintf("s%df%d.%s", i, j, name))) }
		c, _ := f["constraints"].(map[string]any)
		if c == nil {
			c = map[string]any{}
		}
		for _, name := range []string{"required", "unique"} {
			delete(c, name)
			if at(name) != "" {
				c[name] = true
			}
		}
		for _, name := range []string{"minimum", "maximum", "pattern"} {
			delete(c, name)
			if word := at(name); word != "" {
				c[name] = word
			}
		}
		if f["constraints"] = c; len(c) == 0 {
			delete(f, "constraints")
		}
		if at("key") != "" {
			keys = append(keys, f["name"])
		}
		if list := at("list"); list != "" {
			resource, field, other := strings.Cut(list, "#")
			if !other {
				field = "code"
			}
			foreign = append(foreign, map[string]any{"fields": []any{f["name"]}, "reference": map[string]any{"resource": resource, "fields": []any{field}}})
		}
	}
	m["primaryKey"], m["foreignKeys"] = keys, foreign
	for _, name := range []string{"primaryKey", "foreignKeys"} {
		if len(items(m[name])) == 0 {
			delete(m, name)
		}
	}
	return json.Marshal(m)
}

func schemaMap(raw []byte) map[string]any {
	var m map[string]any
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if d.Decode(&m) != nil {
		return nil
	}
	return m
}

func items(v any) []any {
	l, _ := v.([]any)
	return l
}

// words is one word or a list of them.
func words(v any) (out []string) {
	if one, ok := v.(string); ok {
		return []string{one}
	}
	for _, x := range items(v) {
		if s, ok := x.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

func plainWord(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	}
	return ""
}

// typedSchema puts what was typed back into the form, with what is wrong.
func typedSchema(p templates.ReviewSchema, v url.Values, wrong *catalog.ErrSchema) templates.ReviewSchema {
	p.Pointer, p.Wrong = wrong.Pointer, wrong.Detail
	if text := v.Get("schema-text"); text != "" {
		p.JSON = text
	}
	if v.Get("action") != "schema" {
		return p
	}
	for j := range p.Fields {
		at := func(name string) string { return v.Get(fmt.Sprintf("s%df%d.%s", p.N, j, name)) }
		f := &p.Fields[j]
		f.Required, f.Unique, f.Key = at("required") != "", at("unique") != "", at("key") != ""
		f.Minimum, f.Maximum, f.Pattern, f.List = at("minimum"), at("maximum"), at("pattern"), at("list")
	}
	return p
}

// attachSchema is what the forms of a review do about the schema of one table:
// the column form, the pasted or attached text, or none. The file is read anew
// under it.
func (s *server) attachSchema(c *fiber.Ctx, r catalog.Review, v url.Values) (table int, err error) {
	for i := range r.Tables {
		if v.Get("table") == fmt.Sprint(i) {
			table = i
		}
	}
	if len(r.Tables) == 0 {
		return 0, catalog.ErrState
	}
	var text []byte
	switch v.Get("action") {
	case "schema":
		if text, err = takenSchema(r.Tables[table], table, v); err != nil {
			return table, err
		}
	case "schema-text":
		if text = []byte(v.Get("schema-file")); len(bytes.TrimSpace(text)) == 0 {
			text = []byte(v.Get("schema-text"))
		}
		if len(bytes.TrimSpace(text)) == 0 {
			return table, &catalog.ErrSchema{Detail: "there is none: paste one, or attach a file"}
		}
	}
	ctx, by := c.UserContext(), callerOf(c).User
	if err := s.Intake.Attach(ctx, by, r.Upload.Dataset, r.Tables[table].Name, text); err != nil {
		return table, err
	}
	return table, s.Intake.Reread(ctx, by, r.Upload.ID, r.Reading)
}

// schemaBody is what the API says of a dataset's schemas.
type schemaBody struct {
	Table  string          `json:"table"`  // "" where a file holds one table
	Schema json.RawMessage `json:"schema"` // Table Schema; null: none
}

func (s *server) putSchema(c *fiber.Ctx) error {
	var b schemaBody
	if err := jsonBody(c, &b); err != nil {
		return err
	}
	if string(b.Schema) == "null" {
		b.Schema = nil
	}
	err := s.Intake.Attach(c.UserContext(), callerOf(c).User, datasetOf(c).ID, b.Table, b.Schema)
	var wrong *catalog.ErrSchema
	if errors.As(err, &wrong) {
		f := failure(fiber.StatusUnprocessableEntity, "bad-schema")
		f.Fields = []FieldError{{Field: "schema" + wrong.Pointer, Message: wrong.Detail}}
		return f
	}
	if err != nil {
		return err
	}
	return s.schemas(c)
}

// schemas are those that a dataset's files are held to.
func (s *server) schemas(c *fiber.Ctx) error {
	all, err := s.Intake.Attached(c.UserContext(), datasetOf(c).ID)
	if err != nil {
		return err
	}
	out := []schemaBody{}
	for _, table := range slices.Sorted(maps.Keys(all)) {
		out = append(out, schemaBody{table, all[table]})
	}
	return c.JSON(fiber.Map{"schemas": out})
}
