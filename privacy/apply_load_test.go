package privacy

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/decimal128"
	"github.com/apache/arrow/go/v17/arrow/memory"
	"golang.org/x/tools/txtar"

	"daylight/privacy/geometry"
)

// sheet is a table in memory: records of one schema.
type sheet struct {
	schema *arrow.Schema
	recs   []arrow.Record
}

func (s *sheet) Schema() *arrow.Schema { return s.schema }
func (s *sheet) Rows(context.Context) (array.RecordReader, error) {
	return array.NewRecordReader(s.schema, s.recs)
}

func (s *sheet) release() {
	for _, r := range s.recs {
		r.Release()
	}
}

// field is one field of a CSV; an empty one without quotes is null.
type field struct {
	text string
	null bool
}

// splitCSV reads commas and quotes, and tells "" from nothing.
func splitCSV(b []byte) (rows [][]field) {
	for len(b) > 0 {
		var row []field
		for end := false; !end; {
			var f field
			if b[0] == '"' {
				var text []byte
				for b = b[1:]; ; b = b[1:] {
					if b[0] == '"' {
						if b = b[1:]; len(b) == 0 || b[0] != '"' {
							break
						}
					}
					text = append(text, b[0])
				}
				f.text = string(text)
			} else {
				n := bytes.IndexAny(b, ",\n")
				f = field{string(b[:n]), n == 0}
				b = b[n:]
			}
			row, end, b = append(row, f), b[0] == '\n', b[1:]
			if !end && len(b) == 0 {
				end = true
			}
		}
		rows = append(rows, row)
	}
	return rows
}

var (
	intShape     = regexp.MustCompile(`^(0|-?[1-9][0-9]*)$`)
	decimalShape = regexp.MustCompile(`^-?(0|[1-9][0-9]*)\.[0-9]+$`)
	dateShape    = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}$|^[0-9]{1,2}/[0-9]{1,2}/[0-9]{4}$`)
)

// typeOf is the narrowest type of all cells of a column, as ingest finds it:
// whole numbers without leading zeros, decimals, dates, else text.
func typeOf(cells []field) string {
	all := func(shapes ...*regexp.Regexp) bool {
		some := false
		for _, c := range cells {
			ok := c.null
			for _, s := range shapes {
				ok = ok || s.MatchString(c.text)
			}
			if !ok {
				return false
			}
			some = some || !c.null
		}
		return some
	}
	switch {
	case all(intShape):
		return "integer"
	case all(intShape, decimalShape):
		return "decimal"
	case all(dateShape):
		return "date"
	}
	return "text"
}

// sheetOf loads a CSV with a header into typed Arrow, in batches of a few rows;
// types overrides what typeOf finds. Keys are "c1", "c2" … where keyed, else
// the header; the header is always the label.
func sheetOf(tb testing.TB, mem memory.Allocator, data []byte, types map[string]string, batch int) *sheet {
	tb.Helper()
	rows := splitCSV(data)
	head, rows := rows[0], rows[1:]
	out := &sheet{}
	var fields []arrow.Field
	var columns [][]field
	for i, h := range head {
		var cells []field
		for n, r := range rows {
			if len(r) != len(head) {
				tb.Fatalf("in.csv: row %d has %d fields", n+1, len(r))
			}
			cells = append(cells, r[i])
		}
		word := types[h.text]
		if word == "" {
			word = typeOf(cells)
		}
		columns = append(columns, cells)
		meta := map[string]string{MetaLabel: h.text}
		word, system, named := strings.Cut(word, " ")
		switch {
		case named:
			meta[MetaGeometry] = system
		case word == "geometry":
			meta[MetaGeometry] = CRS84
		}
		fields = append(fields, arrow.Field{Name: h.text, Type: arrowType(word, cells), Nullable: true, Metadata: arrow.MetadataFrom(meta)})
	}
	out.schema = arrow.NewSchema(fields, nil)
	for from := 0; from < len(rows) || from == 0; from += batch {
		b := array.NewRecordBuilder(mem, out.schema)
		for i, cells := range columns {
			for _, c := range cells[from:min(from+batch, len(cells))] {
				if err := appendField(b.Field(i), c); err != nil {
					tb.Fatalf("in.csv: column %d: %v", i+1, err)
				}
			}
		}
		out.recs = append(out.recs, b.NewRecord())
		b.Release()
	}
	return out
}

func arrowType(word string, cells []field) arrow.DataType {
	switch word {
	case "integer":
		return arrow.PrimitiveTypes.Int64
	case "float":
		return arrow.PrimitiveTypes.Float64
	case "date":
		return arrow.FixedWidthTypes.Date32
	case "boolean":
		return arrow.FixedWidthTypes.Boolean
	case "geometry":
		return arrow.BinaryTypes.Binary
	case "timestamp":
		return &arrow.TimestampType{Unit: arrow.Microsecond}
	case "decimal":
		scale := 0
		for _, c := range cells {
			_, frac, _ := strings.Cut(c.text, ".")
			scale = max(scale, len(frac))
		}
		return &arrow.Decimal128Type{Precision: 20, Scale: int32(scale)}
	}
	return arrow.BinaryTypes.String
}

func appendField(to array.Builder, c field) error {
	if c.null {
		to.AppendNull()
		return nil
	}
	switch b := to.(type) {
	case *array.StringBuilder:
		b.Append(c.text)
	case *array.BinaryBuilder:
		wkb, err := geometry.ParseWKT(nil, []byte(c.text))
		b.Append(wkb)
		return err
	case *array.Int64Builder:
		n, err := strconv.ParseInt(c.text, 10, 64)
		b.Append(n)
		return err
	case *array.Float64Builder:
		n, err := strconv.ParseFloat(c.text, 64)
		b.Append(n)
		return err
	case *array.BooleanBuilder:
		b.Append(c.text == "true")
	case *array.Decimal128Builder:
		scale := int(b.Type().(*arrow.Decimal128Type).Scale)
		whole, frac, _ := strings.Cut(c.text, ".")
		n, ok := new(big.Int).SetString(whole+frac+strings.Repeat("0", scale-len(frac)), 10)
		if !ok {
			return fmt.Errorf("no decimal: %s", c.text)
		}
		b.Append(decimal128.FromBigInt(n))
	case *array.Date32Builder:
		for _, form := range []string{"2006-01-02", "2/1/2006"} {
			if at, err := time.Parse(form, c.text); err == nil {
				b.Append(arrow.Date32FromTime(at))
				return nil
			}
		}
		return fmt.Errorf("no date: %s", c.text)
	case *array.TimestampBuilder:
		at, err := time.Parse("2006-01-02T15:04:05", c.text)
		b.Append(arrow.Timestamp(at.UnixMicro()))
		return err
	default:
		return fmt.Errorf("no builder for %T", to)
	}
	return nil
}

// csvOf writes a table as the CSV of the test files: null is nothing, an empty
// text "".
func csvOf(s *arrow.Schema, recs []arrow.Record) string {
	var b strings.Builder
	quote := func(v string) string {
		if v == "" || strings.ContainsAny(v, ",\"\n") {
			return `"` + strings.ReplaceAll(v, `"`, `""`) + `"`
		}
		return v
	}
	for i, f := range s.Fields() {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(quote(f.Name))
	}
	b.WriteByte('\n')
	for _, rec := range recs {
		for row := range int(rec.NumRows()) {
			for i, c := range rec.Columns() {
				if i > 0 {
					b.WriteByte(',')
				}
				if !c.IsNull(row) {
					b.WriteString(quote(string(AppendCell(nil, c, row))))
				}
			}
			b.WriteByte('\n')
		}
	}
	return b.String()
}

// texts is a table with every cell as text, as a CSV is read back.
func textSheet(s *arrow.Schema, recs []arrow.Record) *sheet {
	var fields []arrow.Field
	for _, f := range s.Fields() {
		f.Type, f.Metadata = arrow.BinaryTypes.String, arrow.Metadata{} // as in a CSV
		fields = append(fields, f)
	}
	out := &sheet{schema: arrow.NewSchema(fields, nil)}
	b := array.NewRecordBuilder(memory.DefaultAllocator, out.schema)
	defer b.Release()
	for _, rec := range recs {
		for i, c := range rec.Columns() {
			for row := range c.Len() {
				if c.IsNull(row) {
					b.Field(i).AppendNull()
				} else {
					b.Field(i).(*array.StringBuilder).Append(string(AppendCell(nil, c, row)))
				}
			}
		}
	}
	out.recs = []arrow.Record{b.NewRecord()}
	return out
}

// readAll keeps the cleared rows, as a format would write them.
func readAll(c *Cleared) (*sheet, error) {
	rr := c.Rows()
	defer rr.Release()
	out := &sheet{schema: rr.Schema()}
	for rr.Next() {
		r := rr.Record()
		r.Retain()
		out.recs = append(out.recs, r)
	}
	if err := rr.Err(); err != nil {
		out.release()
		return nil, err
	}
	return out, nil
}

// member gives a file of an archive, nil where it is not there.
func member(a *txtar.Archive, name string) []byte {
	for _, f := range a.Files {
		if f.Name == name {
			return f.Data
		}
	}
	return nil
}

// settingOf reads the lines of an archive's comment that set something.
func settingOf(tb testing.TB, a *txtar.Archive) (s Setting, types map[string]string, auto bool) {
	tb.Helper()
	s.Now = time.Date(2026, 1, 15, 0, 0, 0, 0, time.UTC)
	types = map[string]string{}
	for line := range strings.Lines(string(a.Comment)) {
		word, rest, _ := strings.Cut(strings.TrimSpace(line), ": ")
		switch word {
		case "today":
			now, err := time.Parse(time.DateOnly, rest)
			if err != nil {
				tb.Fatal(err)
			}
			s.Now = now
		case "no clock":
			s.Now = time.Time{}
		case "a release stands already":
			s.Earlier = true
		case "an earlier release is about persons":
			s.Earlier, s.EarlierPersons = true, true
		case "plan":
			auto = rest == "auto"
		case "type":
			name, t, _ := strings.Cut(rest, " = ")
			types[name] = t
		}
	}
	s.Hierarchies = func(name string) (Hierarchy, error) {
		b := member(a, name)
		if b == nil {
			return nil, fs.ErrNotExist
		}
		return ReadHierarchy(bytes.NewReader(b))
	}
	return s, types, auto
}
