package datasets

import (
	"cmp"
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
}

// Column is what a reader wants to know before downloading.
type Column struct {
	Key    string `json:"key"`
	Label  string `json:"label"`
	Type   string `json:"type"` // text integer decimal float boolean date timestamp geometry
	Format string `json:"format,omitempty"`
	Unit   string `json:"unit,omitempty"`

	Nulls int64 `json:"nulls"`
	// Distinct counts the values that are not null. It is exact up to
	// distinctExact of them, and else an estimate within some 3 %.
	Distinct      int64 `json:"distinct"`
	DistinctExact bool  `json:"distinct_exact"`
	// Min and Max are in the form of privacy.AppendCell; "" for text, truth
	// values and geometries, and where every cell is null, NaN or infinite.
	Min string `json:"min,omitempty"`
	Max string `json:"max,omitempty"`
	// Bounds is the box around all geometries: west, south, east, north in
	// degrees; with a third and sixth number, the lowest and highest Z, where
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
// extremes first, so they are counted in a second pass over what was written.
type stats struct {
	schema *arrow.Schema
	rows   int64
	cols   []colStats
}

type colStats struct {
	nulls  int64
	values map[string]int64 // nil once there are too many
	weight int
	least  int64 // how many there were then
	sketch sketch
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
		c.values = map[string]int64{}
		c.scan = c.extremes(s.Field(i).Type)
	}
	return t
}

func (t *stats) Write(rec arrow.Record) error {
	var cell []byte
	for i, a := range rec.Columns() {
		c := &t.cols[i]
		c.nulls += int64(a.NullN())
		for row := range a.Len() {
			if a.IsNull(row) {
				continue
			}
			cell = privacy.AppendCell(cell[:0], a, row)
			c.sketch.add(cell)
			if c.values == nil {
				continue
			}
			n := c.values[string(cell)]
			c.values[string(cell)] = n + 1
			if n == 0 {
				c.weight += len(cell)
				if len(c.values) > distinctExact || c.weight > distinctBytes {
					c.values, c.least = nil, int64(len(c.values))
				}
			}
		}
		if c.scan != nil {
			c.scan(a)
		}
	}
	t.rows += rec.NumRows()
	return nil
}

// Second counts the histograms; the columns are those of the first pass.
func (t *stats) Second(rec arrow.Record) {
	for i, a := range rec.Columns() {
		c := &t.cols[i]
		place := placeOf(a)
		if place == nil || !(c.lo.at < c.hi.at) {
			continue
		}
		if c.bins == nil {
			c.bins = make([]int64, histogramBins)
		}
		// halves: the distance between two float64 may be none
		width := c.hi.at/2 - c.lo.at/2
		for row := range a.Len() {
			v := 0.0
			if a.IsValid(row) {
				v = place(row)
			}
			if a.IsNull(row) || math.IsNaN(v) || math.IsInf(v, 0) {
				continue
			}
			bin := int((v/2 - c.lo.at/2) / width * histogramBins)
			c.bins[max(0, min(bin, histogramBins-1))]++
		}
	}
}

// wantsSecond says whether any column has a histogram to count.
func (t *stats) wantsSecond() bool {
	for _, c := range t.cols {
		if c.lo.at < c.hi.at {
			return true
		}
	}
	return false
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
			Key: f.Name, Label: label, Type: typeName(f.Type), Format: format, Unit: unit,
			Nulls: c.nulls, Distinct: int64(len(c.values)), DistinctExact: c.values != nil,
			Min: c.lo.text, Max: c.hi.text, Bounds: c.bounds.Box(), Histogram: c.bins,
		}
		if c.values == nil {
			out.Columns[i].Distinct = min(max(c.sketch.count(), c.least), t.rows-c.nulls)
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
	if c.values == nil || int64(len(c.values)) > filled/2 && len(c.values) > topValues {
		return nil
	}
	out := make([]ValueCount, 0, len(c.values))
	for v, n := range c.values {
		if len(v) > topBytes {
			return nil
		}
		out = append(out, ValueCount{v, n})
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
		return extremes(c, func(a *array.Int64, i int) int64 { return a.Value(i) }, cmp.Compare[int64])
	case arrow.DATE32:
		return extremes(c, func(a *array.Date32, i int) arrow.Date32 { return a.Value(i) }, cmp.Compare[arrow.Date32])
	case arrow.TIMESTAMP:
		return extremes(c, func(a *array.Timestamp, i int) arrow.Timestamp { return a.Value(i) }, cmp.Compare[arrow.Timestamp])
	case arrow.DECIMAL128:
		return extremes(c, func(a *array.Decimal128, i int) decimal128.Num { return a.Value(i) }, decimal128.Num.Cmp)
	case arrow.BINARY:
		return func(a arrow.Array) {
			for i, b := 0, a.(*array.Binary); i < b.Len(); i++ {
				if b.IsValid(i) {
					c.bounds.Add(b.Value(i))
				}
			}
		}
	case arrow.FLOAT64:
		return extremes(c, func(a *array.Float64, i int) float64 { return a.Value(i) }, cmp.Compare[float64])
	}
	return nil
}

func extremes[A arrow.Array, V any](c *colStats, value func(A, int) V, compare func(a, b V) int) func(arrow.Array) {
	var lo, hi V
	any := false
	return func(a arrow.Array) {
		typed, place := a.(A), placeOf(a)
		loAt, hiAt := -1, -1
		for i := range a.Len() {
			if a.IsNull(i) {
				continue
			}
			v := value(typed, i)
			if f, ok := interface{}(v).(float64); ok && (math.IsNaN(f) || math.IsInf(f, 0)) {
				continue
			}
			if !any {
				any = true
				lo, hi, loAt, hiAt = v, v, i, i
				continue
			}
			if compare(v, lo) < 0 {
				lo, loAt = v, i
			}
			if compare(v, hi) > 0 {
				hi, hiAt = v, i
			}
		}
		if loAt >= 0 {
			c.lo = limit{string(privacy.AppendCell(nil, a, loAt)), place(loAt)}
		}
		if hiAt >= 0 {
			c.hi = limit{string(privacy.AppendCell(nil, a, hiAt)), place(hiAt)}
		}
	}
}

// placeOf gives where the values of an array lie on the number line; nil where
// they do not. Near the ends of int64 neighbours share a place, which a
// histogram does not mind.
func placeOf(a arrow.Array) func(row int) float64 {
	switch a := a.(type) {
	case *array.Int64:
		return func(i int) float64 { return float64(a.Value(i)) }
	case *array.Date32:
		return func(i int) float64 { return float64(a.Value(i)) }
	case *array.Timestamp:
		return func(i int) float64 { return float64(a.Value(i)) }
	case *array.Float64:
		return func(i int) float64 { return a.Value(i) }
	case *array.Decimal128:
		scale := a.DataType().(*arrow.Decimal128Type).Scale
		return func(i int) float64 { return a.Value(i).ToFloat64(scale) }
	}
	return nil
}
