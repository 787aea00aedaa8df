package privacy

import (
	"encoding/hex"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"daylight/privacy/crs"
	"daylight/privacy/geometry"
)

// A geometry says where something is, as exactly as it was measured. No
// detector of text runs over coordinates: their digits are no telephones.
// What a geometry gives away depends on what the row is about. Where rows are
// persons it finds one of them, so it must go, or points must be snapped to a
// grid and counted by the guard; elsewhere it is data like any other.

// Rules of findings about a geometry column; their kind is "coordinates".
const (
	RuleGeometry = "geometry"    // geometries in a table about persons
	ruleRange    = "range"       // some are not longitude and latitude, or not on the Earth
	ruleNoShapes = "no-geometry" // cells that are no geometry
)

// highest bounds Z, in whatever unit: a number beyond it is no height or depth.
const highest = 1e6

// isGeometry tells whether a column holds geometries.
func isGeometry(f arrow.Field) bool { return metaOf(f, MetaGeometry) != "" }

// appendShape is the text of a cell of bytes: a geometry's WKT. Other bytes,
// which no table that was checked holds, are shown as hexadecimal digits.
func appendShape(dst, cell []byte) []byte {
	out, err := geometry.AppendWKT(dst, cell)
	if err != nil {
		return hex.AppendEncode(dst, cell)
	}
	return out
}

// geometryScan looks at the cells of a geometry column.
type geometryScan struct {
	crs     string
	wkb     []byte
	others  sightings // cells that are no geometry
	outside sightings // geometries out of range
	points  bool      // every one so far is a point
}

// sightings counts cells and keeps where the first one stands.
type sightings struct{ cells, first int64 }

func (s *sightings) see(row int64) {
	if s.cells++; s.cells == 1 {
		s.first = row
	}
}

// geometries takes in one batch of a geometry column. A format without types, read
// back, holds the same geometries as text.
func (c *columnScan) geometries(a arrow.Array, row int64) {
	s := c.geo
	c.nulls += nullsOf(a)
	for i := range a.Len() {
		if a.IsNull(i) {
			continue
		}
		at := row + int64(i)
		s.wkb = s.wkb[:0]
		switch a := a.(type) {
		case *array.Binary:
			s.wkb = append(s.wkb, a.Value(i)...)
		case *array.String:
			s.wkb, _ = geometry.ParseWKT(s.wkb, []byte(a.Value(i)))
		}
		if geometry.Valid(s.wkb) != nil {
			s.others.see(at)
			s.wkb = AppendCell(s.wkb[:0], a, i)
		} else {
			var b geometry.Bounds
			b.Add(s.wkb)
			if !crs.InRange(s.crs, b.MinX, b.MinY, b.MaxX, b.MaxY) || b.MinZ < -highest || b.MaxZ > highest {
				s.outside.see(at)
			}
			_, _, _, _, point := geometry.Point(s.wkb)
			s.points = s.points && point
		}
		c.value(s.wkb, at)
	}
}

// geometries reports what is wrong with a geometry column by itself.
func (f *columnFacts) geometries() {
	s := f.c.geo
	x := Finding{Column: f.index, Kind: "coordinates", Distinct: f.n, Rows: f.rows}
	if n := s.others; n.cells > 0 {
		x.Rule, x.Decision, x.Cells, x.First, x.Valid = ruleNoShapes, Block, n.cells, n.first, n.cells
		f.put(x)
	}
	if n := s.outside; n.cells > 0 {
		x.Rule, x.Decision, x.Cells, x.First, x.Valid = ruleRange, Review, n.cells, n.first, n.cells
		f.put(x)
	}
}

// onGeometry are the treatments that a geometry can have.
var onGeometry = map[string]bool{"keep": true, "drop": true, "snap": true}

// decideGeometry: where rows are persons, no reason lets an exact place pass.
func (r *resolved) decideGeometry(c *resolvedColumn, out *problems) {
	switch {
	case !r.persons:
	case !c.plan.snaps():
		out.undecided(c.shown, "geometry-kept", "in a table about persons this column says where one of them is: drop it, or, if it holds points, snap them to a grid")
	case c.plan.Class != ClassQuasi:
		out.undecided(c.shown, "quasi-undeclared", "in a table about persons this column narrows a person down: give it class: quasi, so that the guard counts it, or drop it")
	}
}

func (c ColumnPlan) snaps() bool {
	for _, s := range c.Steps {
		if s.Do == "snap" {
			return true
		}
	}
	return false
}

// WithGeometry gives a table that was written, with these columns, by their
// keys, marked as geometries of a coordinate system: a format without types
// holds them as text, and detectors of text must not take coordinates for
// telephones. What is marked must then be a geometry in every cell.
func WithGeometry(t Table, systems map[string]string) Table {
	fields := slices.Clone(t.Schema().Fields())
	for i, f := range fields {
		if system, ok := systems[f.Name]; ok {
			fields[i].Metadata = arrow.MetadataFrom(map[string]string{MetaGeometry: system, MetaLabel: metaOf(f, MetaLabel)})
		}
	}
	return marked{t, arrow.NewSchema(fields, nil)}
}

// marked is a table with another schema over the same rows.
type marked struct {
	Table
	schema *arrow.Schema
}

func (m marked) Schema() *arrow.Schema { return m.schema }

// geometrySystems are the columns of a schema that hold geometries, each with
// its coordinate system.
func geometrySystems(s *arrow.Schema) map[string]string {
	out := map[string]string{}
	for _, f := range s.Fields() {
		if isGeometry(f) {
			out[f.Name] = metaOf(f, MetaGeometry)
		}
	}
	return out
}
