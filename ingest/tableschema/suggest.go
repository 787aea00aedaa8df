package tableschema

import (
	"context"
	"hash/maphash"

	"github.com/apache/arrow/go/v17/arrow"

	"daylight/privacy"
)

// A List is one that a suggestion may name.
type List struct {
	Resource string // "codes/themes"
	Has      func(code string) bool
}

// Suggest proposes a schema from all the cells of a table: names, titles and
// types; required where no cell is empty; unique, and the primary key, where no
// value comes twice; the code list that holds every value of a column. It holds
// no value of the data.
func Suggest(ctx context.Context, t privacy.Table, lists []List) (*Schema, error) {
	schema := t.Schema()
	cols := make([]suggested, schema.NumFields())
	for j := range cols {
		cols[j] = suggested{seen: make(map[uint64]struct{}), lists: lists, seed: maphash.MakeSeed()}
		if id := schema.Field(j).Type.ID(); id != arrow.STRING && id != arrow.INT64 {
			cols[j].lists = nil
		}
	}
	r, err := t.Rows(ctx)
	if err != nil {
		return nil, err
	}
	defer r.Release()
	rows := int64(0)
	var cell []byte
	for r.Next() {
		rec := r.Record()
		for j := range cols {
			c, col := &cols[j], rec.Column(j)
			for i := range int(rec.NumRows()) {
				if col.IsNull(i) {
					c.nulls++
					continue
				}
				if c.seen == nil && c.lists == nil {
					continue
				}
				cell = privacy.AppendCell(cell[:0], col, i)
				c.add(cell)
			}
		}
		rows += rec.NumRows()
	}
	if err := r.Err(); err != nil {
		return nil, err
	}
	s := &Schema{}
	for j, f := range schema.Fields() {
		c := &cols[j]
		label, _ := f.Metadata.GetValue(privacy.MetaLabel)
		field := Field{Name: f.Name, Title: label, Type: typeOf(f.Type)}
		if rows > 0 {
			field.Constraints.Required = c.nulls == 0
			// One row proves nothing, and a measure that happens not to repeat is no key.
			id := f.Type.ID()
			if c.seen != nil && rows > 1 && c.nulls < rows && (id == arrow.STRING || id == arrow.INT64) {
				field.Constraints.Unique = true
				if len(s.PrimaryKey) == 0 && c.nulls == 0 {
					s.PrimaryKey = []string{f.Name}
				}
			}
		}
		if c.nulls < rows && len(c.lists) > 0 {
			s.ForeignKeys = append(s.ForeignKeys, ForeignKey{[]string{f.Name}, Reference{c.lists[0].Resource, []string{"code"}}})
		}
		s.Fields = append(s.Fields, field)
	}
	return s, nil
}

// suggestMost is how many values a column may have before it is not asked any
// more whether they come twice.
const suggestMost = 2 << 20

type suggested struct {
	nulls int64
	seen  map[uint64]struct{} // nil: a value came twice, or there are too many
	lists []List              // that hold all values so far
	seed  maphash.Seed
}

func (c *suggested) add(cell []byte) {
	if c.seen != nil {
		h := maphash.Bytes(c.seed, cell)
		if _, met := c.seen[h]; met || len(c.seen) == suggestMost {
			c.seen = nil
		} else {
			c.seen[h] = struct{}{}
		}
	}
	if len(c.lists) == 0 {
		c.lists = nil
		return
	}
	var left []List
	for _, l := range c.lists {
		if l.Has(string(cell)) {
			left = append(left, l)
		}
	}
	c.lists = left
}

func typeOf(t arrow.DataType) string {
	switch t.ID() {
	case arrow.INT64:
		return "integer"
	case arrow.FLOAT64, arrow.DECIMAL128:
		return "number"
	case arrow.BOOL:
		return "boolean"
	case arrow.DATE32:
		return "date"
	case arrow.TIMESTAMP:
		return "datetime"
	case arrow.BINARY:
		return "geojson"
	}
	return "string"
}
