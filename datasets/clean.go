package datasets

import (
	"fmt"
	"math"
	"unicode/utf8"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"daylight/privacy"
	"daylight/privacy/geometry"
)

// A batch ends at whichever comes first. Batches depend on the rows alone and
// never on how they came, so that the same rows give the same bytes.
const (
	batchRows  = 64 << 10
	batchBytes = 32 << 20 // of text and geometries; keeps offsets far below 2^31
)

// publicSchema is the schema of what is published: keys, types, and of the
// metadata only what is meant to be read.
func publicSchema(s *arrow.Schema) (*arrow.Schema, error) {
	if s == nil || s.NumFields() == 0 {
		return nil, fmt.Errorf("no columns")
	}
	seen := map[string]bool{}
	fields := make([]arrow.Field, s.NumFields())
	for i, f := range s.Fields() {
		if f.Name == "" || seen[f.Name] || !utf8.ValidString(f.Name) {
			return nil, fmt.Errorf("column %d: its key is empty, not UTF-8 or taken", i+1)
		}
		seen[f.Name] = true
		crs, _ := f.Metadata.GetValue(privacy.MetaGeometry)
		shape := f.Type.ID() == arrow.BINARY
		if typeName(f.Type) == "" || shape != (crs == privacy.CRS84) {
			return nil, fmt.Errorf("column %d: type %s cannot be published", i+1, f.Type)
		}
		var keys, values []string
		for _, k := range []string{privacy.MetaLabel, privacy.MetaFormat, privacy.MetaUnit, privacy.MetaGeometry} {
			if v, ok := f.Metadata.GetValue(k); ok {
				keys, values = append(keys, k), append(values, v)
			}
		}
		if shape { // what other programs know a column of WKB by
			keys = append(keys, "ARROW:extension:name", "ARROW:extension:metadata")
			values = append(values, "geoarrow.wkb", `{"crs":"`+crs+`","crs_type":"authority_code"}`)
		}
		fields[i] = arrow.Field{Name: f.Name, Type: f.Type, Nullable: true, Metadata: arrow.NewMetadata(keys, values)}
	}
	return arrow.NewSchema(fields, nil), nil
}

// typeName is the type as people read it; "" for one that is not published.
func typeName(t arrow.DataType) string {
	switch t := t.(type) {
	case *arrow.StringType:
		return "text"
	case *arrow.Int64Type:
		return "integer"
	case *arrow.Decimal128Type:
		return "decimal"
	case *arrow.Float64Type:
		return "float"
	case *arrow.BooleanType:
		return "boolean"
	case *arrow.Date32Type:
		return "date"
	case *arrow.TimestampType:
		if _, err := t.GetZone(); err != nil || t.Unit != arrow.Microsecond {
			return ""
		}
		return "timestamp"
	case *arrow.BinaryType:
		return "geometry"
	}
	return ""
}

// A packer copies rows into arrays of its own and hands them on in batches.
//
// A record as it comes may be a slice of a larger one, and Arrow lets a null
// keep its old value beneath: the Arrow format would publish what a treatment
// took away. A copied null is zero, and a copied text holds nothing around it.
type packer struct {
	schema *arrow.Schema
	b      *array.RecordBuilder
	add    []func(a arrow.Array, from, to int) error
	rows   int64 // in all
	held   int64 // in the open batch
	text   int64 // bytes of text and of geometries in the open batch
	emit   func(arrow.Record) error
}

// newPacker calls emit with every batch; the record is only lent.
func newPacker(s *arrow.Schema, emit func(arrow.Record) error) *packer {
	p := &packer{schema: s, b: array.NewRecordBuilder(memory.NewGoAllocator(), s), emit: emit}
	for i := range s.NumFields() {
		p.add = append(p.add, p.adder(i, p.b.Field(i)))
	}
	return p
}

// Write takes a record whose columns are those of the schema.
func (p *packer) Write(rec arrow.Record) error {
	if int(rec.NumCols()) != len(p.add) {
		return fmt.Errorf("row %d: %d columns where the table has %d", p.rows+1, rec.NumCols(), len(p.add))
	}
	for i, c := range rec.Columns() {
		if !arrow.TypeEqual(c.DataType(), p.schema.Field(i).Type) {
			return fmt.Errorf("row %d: column %d changes its type", p.rows+1, i+1)
		}
		if c.Len() != int(rec.NumRows()) {
			return fmt.Errorf("row %d: column %d has another length", p.rows+1, i+1)
		}
	}
	for row, n := 0, int(rec.NumRows()); row < n; {
		to := p.cut(rec, row, n)
		for i, c := range rec.Columns() {
			if err := p.add[i](c, row, to); err != nil {
				return fmt.Errorf("column %d: %w", i+1, err)
			}
		}
		p.rows += int64(to - row)
		p.held += int64(to - row)
		row = to
		if p.held >= batchRows || p.text >= batchBytes {
			if err := p.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

// all takes every row there is, and hands on the last batch.
func (p *packer) all(rows array.RecordReader) error {
	for rows.Next() {
		if err := p.Write(rows.Record()); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	return p.Close()
}

// Close hands on the last batch.
func (p *packer) Close() error {
	defer p.b.Release()
	if p.held == 0 {
		return nil
	}
	return p.flush()
}

// cut says up to which row the open batch takes: a batch is full at the first
// row that brings it to batchBytes of text and geometries.
func (p *packer) cut(rec arrow.Record, row, n int) int {
	to := min(n, row+int(batchRows-p.held))
	var texts []*array.String
	var shapes []*array.Binary
	for _, c := range rec.Columns() {
		switch c := c.(type) {
		case *array.String:
			texts = append(texts, c)
		case *array.Binary:
			shapes = append(shapes, c)
		}
	}
	for at := row; at < to; at++ {
		for _, t := range texts {
			if t.IsValid(at) {
				p.text += int64(len(t.Value(at)))
			}
		}
		for _, s := range shapes {
			if s.IsValid(at) {
				p.text += int64(len(s.Value(at)))
			}
		}
		if p.text >= batchBytes {
			return at + 1
		}
	}
	return to
}

func (p *packer) flush() error {
	rec := p.b.NewRecord()
	defer rec.Release()
	p.held, p.text = 0, 0
	return p.emit(rec)
}

func (p *packer) adder(i int, b array.Builder) func(a arrow.Array, from, to int) error {
	switch b := b.(type) {
	case *array.StringBuilder:
		return func(a arrow.Array, from, to int) error {
			s := a.(*array.String)
			for row := from; row < to; row++ {
				if s.IsNull(row) {
					b.AppendNull()
					continue
				}
				v := s.Value(row)
				if !utf8.ValidString(v) {
					return fmt.Errorf("row %d: not UTF-8", p.rows+int64(row-from)+1)
				}
				b.Append(v)
			}
			return nil
		}
	case *array.BinaryBuilder:
		return func(a arrow.Array, from, to int) error {
			s := a.(*array.Binary)
			for row := from; row < to; row++ {
				if s.IsNull(row) {
					b.AppendNull()
					continue
				}
				v := s.Value(row)
				if err := geometry.Valid(v); err != nil {
					return fmt.Errorf("row %d: %w", p.rows+int64(row-from)+1, err)
				}
				b.Append(v)
			}
			return nil
		}
	case *array.Float64Builder:
		return each(b, func(a *array.Float64, row int) {
			v := a.Value(row)
			if v != v {
				v = math.NaN() // one of many bit patterns
			}
			b.Append(v)
		})
	case *array.Int64Builder:
		return each(b, func(a *array.Int64, row int) { b.Append(a.Value(row)) })
	case *array.Decimal128Builder:
		return each(b, func(a *array.Decimal128, row int) { b.Append(a.Value(row)) })
	case *array.BooleanBuilder:
		return each(b, func(a *array.Boolean, row int) { b.Append(a.Value(row)) })
	case *array.Date32Builder:
		return each(b, func(a *array.Date32, row int) { b.Append(a.Value(row)) })
	case *array.TimestampBuilder:
		return each(b, func(a *array.Timestamp, row int) { b.Append(a.Value(row)) })
	}
	// publicSchema lets no other type through
	return func(arrow.Array, int, int) error {
		return fmt.Errorf("type %s cannot be published", p.schema.Field(i).Type)
	}
}

func each[A arrow.Array](b array.Builder, value func(a A, row int)) func(arrow.Array, int, int) error {
	return func(a arrow.Array, from, to int) error {
		typed := a.(A)
		for row := from; row < to; row++ {
			if a.IsNull(row) {
				b.AppendNull()
			} else {
				value(typed, row)
			}
		}
		return nil
	}
}
