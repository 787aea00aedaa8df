package tableschema

import (
	"maps"
	"slices"
	"strings"

	"daylight/privacy"
)

// Reading lets the schema answer how its columns are read. What the plan says
// of a column goes before; a cell that does not fit is told by its row and is
// null.
func (s *Schema) Reading(plan *privacy.Reading) *privacy.Reading {
	var out privacy.Reading
	if plan != nil {
		out = *plan
	}
	columns := maps.Clone(out.Columns)
	if columns == nil {
		columns = make(map[string]privacy.ReadColumn)
	}
	said := func(f Field) bool {
		for name := range columns {
			if fold(name) == fold(f.Name) || f.Title != "" && fold(name) == fold(f.Title) {
				return true
			}
		}
		return false
	}
	nulls := slices.DeleteFunc(slices.Clone(s.MissingValues), func(v string) bool { return v == "" })
	for _, f := range s.Fields {
		if said(f) {
			continue
		}
		c := privacy.ReadColumn{Nulls: nulls}
		switch f.Type {
		case "string":
			c.Type = "text"
		case "integer":
			c.Type, c.Thousands = "integer", f.GroupChar
		case "number":
			c.Type, c.Thousands, c.Decimal = "decimal", f.GroupChar, f.DecimalChar
		case "boolean":
			c.Type = "boolean"
		case "date":
			c.Type, c.Format = "date", dateFormat(f.Format)
		case "datetime":
			c.Type = "timestamp"
		}
		if c.Type != "" && c.Type != "text" {
			c.OnError = "report"
		}
		if c.Type != "" || len(c.Nulls) > 0 {
			columns[f.Name] = c
		}
	}
	out.Columns = columns
	return &out
}

// dateFormat turns the directives of strptime into words of ours: "%d/%m/%Y"
// is d/m/y. "": the cells decide.
func dateFormat(format string) string {
	switch format {
	case "", "default", "any":
		return ""
	}
	return strings.NewReplacer("%d", "d", "%m", "m", "%Y", "y", "%-d", "d", "%-m", "m").Replace(format)
}

// Types says whether the schema gives the column of this key or label a type
// that some cells may not fit.
func (s *Schema) Types(key, label string) bool {
	for _, f := range s.Fields {
		if fold(f.Name) == fold(key) || label != "" && (fold(f.Name) == fold(label) || fold(f.Title) == fold(label)) {
			switch f.Type {
			case "integer", "number", "boolean", "date", "datetime":
				return true
			}
		}
	}
	return false
}
