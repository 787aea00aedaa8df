package datasets

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/decimal128"

	"daylight/privacy"
	"daylight/privacy/geometry"
)

// TableInfo describes one published table by its published rows alone.
type TableInfo struct {
	Name    string   `json:"name"`
	Rows    int64    `json:"rows"`
	Columns []Column `json:"columns"`
	// PrimaryKey are the keys of the columns that tell one row from another, as
	// the schema says that the table was held to; nil: none is known.
	PrimaryKey []string `json:"primary_key,omitempty"`
}

// Column is what a reader wants to know before downloading.
type Column struct {
	Key    string `json:"key"`
	Label  string `json:"label"`
	Type   string `json:"type"` // text integer decimal float boolean date timestamp geometry
	Format string `json:"format,omitempty"`
	Unit   string `json:"unit,omitempty"`
	CRS    string `json:"crs,omitempty"` // of a geometry: "OGC:CRS84", "EPSG:3405", "unknown"

	Nulls int64 `json:"nulls"`
	// Distinct counts the values that are not null. It is exact up to
	// distinctExact of them, and else an estimate within some 3 %.
	Distinct      int64 `json:"distinct"`
	DistinctExact bool  `json:"distinct_exact"`
	// Min and Max are in the form of privacy.AppendCell; "" for text, truth
	// values and geometries, and where every cell is null, NaN or infinite.
	Min string `json:"min,omitempty"`
	Max string `json:"max,omitempty"`
	// Bounds is the box around all geometries, in the units of CRS: west, south,
	// east, north; with a third and sixth number, the lowest and highest Z, where
	// there is any. nil for other columns, and where every cell is null.
	Bounds []float64 `json:"bounds,omitempty"`
	// Histogram counts numbers and dates in bins of one width from Min to Max;
	// nil where there are not two different ones.
	Histogram []int64 `json:"histogram,omitempty"`
	// Top are the most frequent values of a text or truth column that repeats
	// itself, most frequent first; else nil.
	Top []ValueCount `json:"top,omitempty"`
}

// ValueCount is a value and how many rows have it.
type ValueCount struct {
	Value string `json:"value"`
	N     int64  `json:"n"`
}

const (
	histogramBins = 12
	topValues     = 10
	topBytes      = 200     // a value longer than this is no category
	distinctExact = 10_000  // values counted one by one
	distinctBytes = 1 << 20 // and what they may weigh together
)

// stats watches the rows of one table as they are written. Histograms need the
// extremes first, so they are counted as what was written is read back.
type stats struct {
	schema *arrow.Schema
	rows   int64
	cols   []colStats
}

type colStats struct {
	nulls  int64
	values tally
	scan   func(a arrow.Array) // keeps lo and hi, or bounds
	lo, hi limit
	bins   []int64
	bounds geometry.Bounds // of a geometry column
}

// limit is an extreme of a column: its text, and its place on the number line.
type limit struct {
	text string
	at   float64
}

func newStats(s *arrow.Schema) *stats {
	t := &stats{schema: s, cols: make([]colStats, s.NumFields())}
	for i := range t.cols {
		c := &t.cols[i]
		c.scan = c.extremes(s.Field(i).Type)
	}
	return t
}

func (t *stats) Write(rec arrow.Record) error {
	for i, a := range rec.Columns() {
		c := &t.cols[i]
		c.nulls += int64(a.NullN())
		c.values.add(a)
		if c.scan != nil {
			c.scan(a)
		}
	}
	t.rows += rec.NumRows()
	return nil
}

// Second counts the histograms; the columns are those of the first pass.
func (t *stats) Second(rec arrow.Record) {
	var places []float64
	for i, a := range rec.Columns() {
		c := &t.cols[i]
		if !(c.lo.at < c.hi.at) {
			continue
		}
		if c.bins == nil {
			c.bins = make([]int64, histogramBins)
		}
		// halves: the distance between two float64 may be none
		least := c.lo.at / 2
		width := c.hi.at/2 - least
		places = placesOf(a, places[:0])
		for row, v := range places {
			if a.IsNull(row) || math.IsNaN(v) || math.IsInf(v, 0) {
				continue
			}
			bin := int((v/2 - least) / width * histogramBins)
			c.bins[max(0, min(bin, histogramBins-1))]++
		}
	}
}

// watch gives the tables that were written, read back. While the first of
// those that kept the types is read for the first time, the histograms are
// counted.
func (t *stats) watch(written []privacy.Table) []privacy.Table {
	out := slices.Clone(written)
	for i, w := range written {
		if sameTypes(w.Schema(), t.schema) {
			out[i] = &watched{Table: w, by: t}
			break
		}
	}
	return out
}

type watched struct {
	privacy.Table
	by *stats // nil: it was read
}

func (w *watched) Rows(ctx context.Context) (array.RecordReader, error) {
	rows, err := w.Table.Rows(ctx)
	if err != nil || w.by == nil {
		return rows, err
	}
	by := w.by
	w.by = nil
	return watchedRows{rows, by}, nil
}

type watchedRows struct {
	array.RecordReader
	by *stats
}

func (w watchedRows) Next() bool {
	if !w.RecordReader.Next() {
		return false
	}
	w.by.Second(w.Record())
	return true
}

func sameTypes(a, b *arrow.Schema) bool {
	if a.NumFields() != b.NumFields() {
		return false
	}
	for i := range a.NumFields() {
		if !arrow.TypeEqual(a.Field(i).Type, b.Field(i).Type) {
			return false
		}
	}
	return true
}

func (t *stats) table(name string) TableInfo {
	out := TableInfo{Name: name, Rows: t.rows, Columns: make([]Column, len(t.cols))}
	for i := range t.cols {
		c, f := &t.cols[i], t.schema.Field(i)
		label, _ := f.Metadata.GetValue(privacy.MetaLabel)
		if label == "" {
			label = f.Name
		}
		format, _ := f.Metadata.GetValue(privacy.MetaFormat)
		unit, _ := f.Metadata.GetValue(privacy.MetaUnit)
		out.Columns[i] = Column{
			Key: f.Name, Label: label, Type: typeName(f.Type), Format: format, Unit: unit, CRS: systemOf(f),
			Nulls: c.nulls, Distinct: c.values.count(t.rows - c.nulls), DistinctExact: !c.values.over,
			Min: c.lo.text, Max: c.hi.text, Bounds: c.bounds.Box(), Histogram: c.bins,
		}
		switch out.Columns[i].Type {
		case "text", "boolean":
			out.Columns[i].Top = c.top(t.rows - c.nulls)
		}
	}
	return out
}

// top is nil for names, addresses and whatever else hardly repeats.
func (c *colStats) top(filled int64) []ValueCount {
	n := len(c.values.found)
	if c.values.over || int64(n) > filled/2 && n > topValues {
		return nil
	}
	out := make([]ValueCount, 0, n)
	for _, v := range c.values.found {
		if len(v.text) > topBytes {
			return nil
		}
		out = append(out, ValueCount{v.text, v.n})
	}
	slices.SortFunc(out, func(a, b ValueCount) int {
		return cmp.Or(cmp.Compare(b.N, a.N), strings.Compare(a.Value, b.Value))
	})
	return out[:min(len(out), topValues)]
}

// extremes gives the function that keeps lo and hi, or the bounds, for a column
// of this type; nil for one without an order that people would expect.
func (c *colStats) extremes(t arrow.DataType) func(arrow.Array) {
	switch t.ID() {
	case arrow.INT64:
		return extremes(c, (*array.Int64).Int64Values, less[int64], nil)
	case arrow.DATE32:
		return extremes(c, (*array.Date32).Date32Values, less[arrow.Date32], nil)
	case arrow.TIMESTAMP:
		return extremes(c, (*array.Timestamp).TimestampValues, less[arrow.Timestamp], nil)
	case arrow.DECIMAL128:
		return extremes(c, (*array.Decimal128).Values, decimal128.Num.Less, nil)
	case arrow.FLOAT64:
		return extremes(c, (*array.Float64).Float64Values, less[float64], func(v float64) bool { return math.IsNaN(v) || math.IsInf(v, 0) })
	case arrow.BINARY:
		return func(a arrow.Array) {
			for i, b := 0, a.(*array.Binary); i < b.Len(); i++ {
				if b.IsValid(i) {
					c.bounds.Add(b.Value(i))
				}
			}
		}
	}
	return nil
}

func less[V cmp.Ordered](a, b V) bool { return a < b }

// extremes leaves out what is odd, if that is not nil.
func extremes[A arrow.Array, V any](c *colStats, values func(A) []V, less func(a, b V) bool, odd func(V) bool) func(arrow.Array) {
	var lo, hi V
	any := false
	return func(a arrow.Array) {
		loAt, hiAt := -1, -1
		for i, v := range values(a.(A)) {
			if a.IsNull(i) || odd != nil && odd(v) {
				continue
			}
			if !any || less(v, lo) {
				lo, loAt = v, i
			}
			if !any || less(hi, v) {
				hi, hiAt = v, i
			}
			any = true
		}
		if loAt >= 0 {
			c.lo = limitOf(a, loAt)
		}
		if hiAt >= 0 {
			c.hi = limitOf(a, hiAt)
		}
	}
}

func limitOf(a arrow.Array, row int) limit {
	at := array.NewSlice(a, int64(row), int64(row)+1)
	defer at.Release()
	return limit{string(privacy.AppendCell(nil, a, row)), placesOf(at, nil)[0]}
}

// placesOf appends where the values of an array lie on the number line, null
// anywhere; nothing where they do not. Near the ends of int64 neighbours share
// a place, which a histogram does not mind.
func placesOf(a arrow.Array, dst []float64) []float64 {
	switch a := a.(type) {
	case *array.Int64:
		return appendPlaces(dst, a.Int64Values())
	case *array.Date32:
		return appendPlaces(dst, a.Date32Values())
	case *array.Timestamp:
		return appendPlaces(dst, a.TimestampValues())
	case *array.Float64:
		return append(dst, a.Float64Values()...)
	case *array.Decimal128:
		scale := a.DataType().(*arrow.Decimal128Type).Scale
		for _, v := range a.Values() {
			dst = append(dst, v.ToFloat64(scale))
		}
	}
	return dst
}

func appendPlaces[V ~int64 | ~int32](dst []float64, values []V) []float64 {
	for _, v := range values {
		dst = append(dst, float64(v))
	}
	return dst
}
