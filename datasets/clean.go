package datasets

import (
	"fmt"
	"unicode/utf8"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"daylight/privacy"
	"daylight/privacy/crs"
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
		system := systemOf(f)
		shape := f.Type.ID() == arrow.BINARY
		if typeName(f.Type) == "" || shape != crs.Valid(system) {
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
			if system == crs.Unknown {
				values = append(values, "geoarrow.wkb", `{}`)
			} else {
				values = append(values, "geoarrow.wkb", `{"crs":"`+system+`","crs_type":"authority_code"}`)
			}
		}
		fields[i] = arrow.Field{Name: f.Name, Type: f.Type, Nullable: true, Metadata: arrow.NewMetadata(keys, values)}
	}
	return arrow.NewSchema(fields, nil), nil
}

// systemOf is the coordinate system of a geometry column; "" for another.
func systemOf(f arrow.Field) string {
	system, _ := f.Metadata.GetValue(privacy.MetaGeometry)
	return system
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
	schema  *arrow.Schema
	columns []packed
	rows    int64 // in all
	held    int64 // in the open batch
	text    int64 // bytes of text and of geometries in the open batch
	emit    func(arrow.Record) error
}

// newPacker calls emit with every batch; the record is only lent.
func newPacker(s *arrow.Schema, emit func(arrow.Record) error) *packer {
	p := &packer{schema: s, columns: make([]packed, s.NumFields()), emit: emit}
	for i, f := range s.Fields() {
		p.columns[i].kind = f.Type
	}
	return p
}

// Write takes a record whose columns are those of the schema.
func (p *packer) Write(rec arrow.Record) error {
	if int(rec.NumCols()) != len(p.columns) {
		return fmt.Errorf("row %d: %d columns where the table has %d", p.rows+1, rec.NumCols(), len(p.columns))
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
			if at, err := p.columns[i].add(c, row, to); err != nil {
				return fmt.Errorf("column %d: row %d: %w", i+1, p.rows+int64(at-row)+1, err)
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
	if p.held == 0 {
		return nil
	}
	return p.flush()
}

// cut says up to which row the open batch takes: a batch is full at the first
// row that brings it to batchBytes of text and geometries.
func (p *packer) cut(rec arrow.Record, row, n int) int {
	to := min(n, row+int(batchRows-p.held))
	var texts []withOffsets
	sum := p.text
	for _, c := range rec.Columns() {
		if t, ok := c.(withOffsets); ok {
			texts = append(texts, t)
			sum += textBytes(t, row, to)
		}
	}
	if sum < batchBytes {
		p.text = sum
		return to
	}
	for at := row; at < to; at++ {
		for _, t := range texts {
			p.text += textBytes(t, at, at+1)
		}
		if p.text >= batchBytes {
			return at + 1
		}
	}
	return to
}

// withOffsets is a column of texts or geometries.
type withOffsets interface {
	arrow.Array
	ValueOffsets() []int32
}

// textBytes are those of rows from to to, what lies beneath nulls left out.
func textBytes(t withOffsets, from, to int) (n int64) {
	offsets := t.ValueOffsets()
	if t.NullN() == 0 {
		return int64(offsets[to] - offsets[from])
	}
	for i := from; i < to; i++ {
		if t.IsValid(i) {
			n += int64(offsets[i+1] - offsets[i])
		}
	}
	return n
}

func (p *packer) flush() error {
	cols := make([]arrow.Array, len(p.columns))
	for i := range p.columns {
		cols[i] = p.columns[i].array()
		defer cols[i].Release()
	}
	rec := array.NewRecord(p.schema, cols, p.held)
	defer rec.Release()
	p.held, p.text = 0, 0
	return p.emit(rec)
}
