package datasets

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"unicode/utf8"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/decimal128"

	"daylight/privacy"
	"daylight/privacy/crs"
	"daylight/privacy/geometry"
)

// GeoJSON (RFC 7946), for tables with one geometry column, in longitude and
// latitude on WGS 84, which is all that it knows: a FeatureCollection,
// one feature a line. Properties stand in the order of the columns. The order
// of all columns and which of them is the geometry stand before the features,
// since a FeatureCollection has no place of its own for it.
var geojsonFormat = Format{
	Name:      "geojson",
	Ext:       ".geojson",
	MediaType: "application/geo+json",
	Takes: func(s *arrow.Schema) bool {
		at, ok := geometryColumn(s)
		return ok && systemOf(s.Field(at)) == crs.CRS84
	},
	New:  newGeoJSON,
	Read: readGeoJSON,
}

// geometryColumn is where the one geometry column of a table stands.
func geometryColumn(s *arrow.Schema) (at int, ok bool) {
	at = -1
	for i, f := range s.Fields() {
		switch {
		case f.Type.ID() != arrow.BINARY:
		case at >= 0:
			return -1, false
		default:
			at = i
		}
	}
	return at, at >= 0
}

type geojsonWriter struct {
	w    io.Writer
	keys [][]byte // `"key":` of each column
	at   int      // the geometry
	buf  []byte
	any  bool // a feature was written
}

// Pieces of a file that the reader wants to see again, letter by letter.
const (
	geojsonStart    = `{"type":"FeatureCollection","columns":`
	geojsonGeometry = `,"geometry_column":`
	geojsonFeatures = `,"features":[`
	geojsonFeature  = `{"type":"Feature","properties":{`
	geojsonShape    = `},"geometry":`
	geojsonEnd      = `]}`
)

func newGeoJSON(w io.WriteSeeker, s *arrow.Schema) (Writer, error) {
	at, ok := geometryColumn(s)
	if !ok {
		return nil, fmt.Errorf("write geojson: the table has not one geometry column")
	}
	g := &geojsonWriter{w: w, at: at}
	g.buf = append(append(g.buf, geojsonStart...), '[')
	for i, f := range s.Fields() {
		if i > 0 {
			g.buf = append(g.buf, ',')
		}
		name := AppendJSON(nil, []byte(f.Name))
		g.buf = append(g.buf, name...)
		g.keys = append(g.keys, append(name, ':'))
	}
	g.buf = append(append(g.buf, ']'), geojsonGeometry...)
	g.buf = AppendJSON(g.buf, []byte(s.Field(at).Name))
	g.buf = append(g.buf, geojsonFeatures...)
	return g, nil
}

func (g *geojsonWriter) Write(rec arrow.Record) (err error) {
	cols := rec.Columns()
	shapes := cols[g.at].(*array.Binary)
	for row := range int(rec.NumRows()) {
		if g.any {
			g.buf = append(g.buf, ',')
		}
		g.any = true
		g.buf = append(append(g.buf, '\n'), geojsonFeature...)
		comma := false
		for i, c := range cols {
			if i == g.at {
				continue
			}
			if comma {
				g.buf = append(g.buf, ',')
			}
			comma = true
			g.buf = appendJSONCell(append(g.buf, g.keys[i]...), c, row)
		}
		g.buf = append(g.buf, geojsonShape...)
		if shapes.IsNull(row) {
			g.buf = append(g.buf, "null"...)
		} else if g.buf, err = geometry.AppendGeoJSON(g.buf, shapes.Value(row)); err != nil {
			return fmt.Errorf("write geojson: %w", err)
		}
		g.buf = append(g.buf, '}')
		if len(g.buf) >= csvFlush {
			if err := g.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (g *geojsonWriter) Close() error {
	g.buf = append(append(append(g.buf, '\n'), geojsonEnd...), '\n')
	return g.flush()
}

func (g *geojsonWriter) flush() error {
	_, err := g.w.Write(g.buf)
	g.buf = g.buf[:0]
	return err
}

// exact is the largest whole number up to which every reader of JSON, also one
// that knows float64 alone, keeps each apart from the next.
const exact = 1 << 53

// appendJSONCell writes a cell as JSON: digits of numbers as they are, but
// whole numbers beyond 2^53, which many readers would round in silence, as
// text; dates and times as text; and the floats JSON has no number for.
func appendJSONCell(dst []byte, a arrow.Array, row int) []byte {
	if a.IsNull(row) {
		return append(dst, "null"...)
	}
	text := false
	switch a := a.(type) {
	case *array.String:
		return AppendJSON(dst, []byte(a.Value(row)))
	case *array.Int64:
		v := a.Value(row)
		text = v > exact || v < -exact
	case *array.Decimal128:
		v := a.Value(row)
		text = a.DataType().(*arrow.Decimal128Type).Scale <= 0 &&
			(v.Greater(decimal128.FromI64(exact)) || v.Less(decimal128.FromI64(-exact)))
	case *array.Float64:
		v := a.Value(row)
		text = math.IsNaN(v) || math.IsInf(v, 0)
	case *array.Boolean:
	default:
		text = true
	}
	if !text {
		return privacy.AppendCell(dst, a, row)
	}
	return append(privacy.AppendCell(append(dst, '"'), a, row), '"') // nothing in these needs an escape
}

const hexDigits = "0123456789abcdef"

// AppendJSON escapes what RFC 8259 says must be, and nothing else.
func AppendJSON(dst, s []byte) []byte {
	dst = append(dst, '"')
	from := 0
	for i, c := range s {
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		dst = append(dst, s[from:i]...)
		from = i + 1
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, `\n`...)
		case '\r':
			dst = append(dst, `\r`...)
		case '\t':
			dst = append(dst, `\t`...)
		default:
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	return append(append(dst, s[from:]...), '"')
}

// jsonText reads a string that begins b and gives what follows it.
func jsonText(b []byte) (text, rest []byte, ok bool) {
	if len(b) == 0 || b[0] != '"' {
		return nil, nil, false
	}
	escaped := false
	for i := 1; i < len(b); i++ {
		switch c := b[i]; {
		case c == '\\':
			escaped = true
			i++
		case c < ' ':
			return nil, nil, false
		case c == '"':
			text, rest = b[1:i], b[i+1:]
			if !escaped {
				return text, rest, utf8.Valid(text)
			}
			var s string
			if json.Unmarshal(b[:i+1], &s) != nil {
				return nil, nil, false
			}
			return []byte(s), rest, utf8.Valid(text)
		}
	}
	return nil, nil, false
}
