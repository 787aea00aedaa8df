package datasets

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"daylight/privacy"
	"daylight/privacy/geometry"
)

// geojsonTable reads a file of ours from the start, every time Rows is called.
// JSON knows no types but its own: every column is text but the geometry.
type geojsonTable struct {
	r      io.ReaderAt
	size   int64
	schema *arrow.Schema
	keys   [][]byte // `"key":` of each column
	at     int      // the geometry
}

// errGeoJSON: the file is not one that newGeoJSON wrote.
var errGeoJSON = errors.New("not the GeoJSON this program writes")

func readGeoJSON(r io.ReaderAt, size int64) (privacy.Table, error) {
	t := &geojsonTable{r: r, size: size, at: -1}
	lines := newLineReader(r, size)
	line, err := lines.readLine()
	if err == nil {
		err = t.head(line)
	}
	if errors.Is(err, io.EOF) || errors.Is(err, errLineCut) {
		err = errGeoJSON
	}
	if err != nil {
		return nil, fmt.Errorf("read geojson: %w", err)
	}
	return t, nil
}

// head reads the first line: what stands before the features.
func (t *geojsonTable) head(line []byte) error {
	rest, ok := bytes.CutPrefix(line, []byte(geojsonStart+"["))
	var fields []arrow.Field
	for ok {
		var name []byte
		if name, rest, ok = jsonText(rest); !ok {
			break
		}
		fields = append(fields, arrow.Field{Name: string(name), Type: arrow.BinaryTypes.String, Nullable: true})
		t.keys = append(t.keys, append(AppendJSON(nil, name), ':'))
		if after, end := bytes.CutPrefix(rest, []byte("]")); end {
			rest = after
			break
		}
		rest, ok = bytes.CutPrefix(rest, []byte(","))
	}
	if ok {
		rest, ok = bytes.CutPrefix(rest, []byte(geojsonGeometry))
	}
	var shape []byte
	if ok {
		shape, rest, ok = jsonText(rest)
	}
	for i, f := range fields {
		if f.Name == string(shape) {
			t.at = i
			fields[i].Type = arrow.BinaryTypes.Binary
			fields[i].Metadata = arrow.NewMetadata([]string{privacy.MetaGeometry}, []string{privacy.CRS84})
		}
	}
	if !ok || t.at < 0 || string(rest) != geojsonFeatures {
		return errGeoJSON
	}
	t.schema = arrow.NewSchema(fields, nil)
	return nil
}

func (t *geojsonTable) Schema() *arrow.Schema { return t.schema }

func (t *geojsonTable) Rows(ctx context.Context) (array.RecordReader, error) {
	s := newLineReader(t.r, t.size)
	if _, err := s.readLine(); err != nil {
		return nil, fmt.Errorf("read geojson: %w", err)
	}
	b := array.NewRecordBuilder(memory.DefaultAllocator, t.schema)
	first, more, ended := true, true, false // more: a feature must follow
	var wkb []byte
	next := func() (arrow.Record, error) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		rows, size := 0, 0
		for !ended && rows < batchRows && size < batchBytes {
			line, err := s.readLine()
			if errors.Is(err, io.EOF) || errors.Is(err, errLineCut) {
				err = errGeoJSON // it ends with a line of its own
			}
			if err != nil {
				return nil, fmt.Errorf("read geojson: %w", err)
			}
			if string(line) == geojsonEnd && (first || !more) {
				if _, err := s.readLine(); !errors.Is(err, io.EOF) {
					return nil, fmt.Errorf("read geojson: %w: text after the end", errGeoJSON)
				}
				ended = true
				break
			}
			if !more {
				return nil, fmt.Errorf("read geojson: %w: line %d: no comma before it", errGeoJSON, s.read)
			}
			first = false
			line, more = bytes.CutSuffix(line, []byte(","))
			if wkb, err = t.feature(b, line, wkb[:0]); err != nil {
				return nil, fmt.Errorf("read geojson: line %d: %w", s.read, err)
			}
			rows++
			size += len(line)
		}
		if rows == 0 {
			return nil, io.EOF
		}
		return b.NewRecord(), nil
	}
	return newRecords(t.schema, next, b.Release), nil
}

// feature reads one line into the builder; wkb is space to work in.
func (t *geojsonTable) feature(b *array.RecordBuilder, line, wkb []byte) ([]byte, error) {
	rest, ok := bytes.CutPrefix(line, []byte(geojsonFeature))
	comma := false
	for i, key := range t.keys {
		if i == t.at {
			continue
		}
		if ok && comma {
			rest, ok = bytes.CutPrefix(rest, []byte(","))
		}
		comma = true
		if ok {
			rest, ok = bytes.CutPrefix(rest, key)
		}
		if !ok {
			return wkb, errGeoJSON
		}
		to := b.Field(i).(*array.StringBuilder)
		if len(rest) > 0 && rest[0] == '"' {
			var text []byte
			if text, rest, ok = jsonText(rest); ok {
				to.BinaryBuilder.Append(text)
			}
			continue
		}
		n := bytes.IndexAny(rest, ",}")
		if n < 0 {
			return wkb, errGeoJSON
		}
		switch word := rest[:n]; {
		case string(word) == "null":
			to.AppendNull()
		case len(word) > 0 && bytes.IndexByte([]byte("-0123456789tf"), word[0]) >= 0 && json.Valid(word):
			to.BinaryBuilder.Append(word)
		default:
			return wkb, errGeoJSON
		}
		rest = rest[n:]
	}
	if ok {
		rest, ok = bytes.CutPrefix(rest, []byte(geojsonShape))
	}
	if ok {
		rest, ok = bytes.CutSuffix(rest, []byte("}"))
	}
	if !ok {
		return wkb, errGeoJSON
	}
	to := b.Field(t.at).(*array.BinaryBuilder)
	if string(rest) == "null" {
		to.AppendNull()
		return wkb, nil
	}
	wkb, err := geometry.AppendWKB(wkb, rest)
	if err != nil {
		return wkb, fmt.Errorf("%w: %w", errGeoJSON, err)
	}
	to.Append(wkb)
	return wkb, nil
}
