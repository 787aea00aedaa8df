package datasets

import (
	"encoding/json"
	"maps"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"daylight/privacy/crs"
	"daylight/privacy/geometry"
)

// geoParquet gathers what the "geo" key of a Parquet file says of its geometry
// columns (GeoParquet 1.1.0): from the rows that are written, and so from
// nothing else. A nil one gathers nothing.
type geoParquet struct {
	at      []int // columns in the schema
	names   []string
	columns []geoColumn
}

type geoColumn struct {
	crs    string
	kinds  map[string]bool
	bounds geometry.Bounds
}

// newGeoParquet is nil where the table has no geometry.
func newGeoParquet(s *arrow.Schema) *geoParquet {
	var g geoParquet
	for i, f := range s.Fields() {
		if f.Type.ID() == arrow.BINARY {
			g.at, g.names = append(g.at, i), append(g.names, f.Name)
			g.columns = append(g.columns, geoColumn{crs: systemOf(f), kinds: map[string]bool{}})
		}
	}
	if len(g.at) == 0 {
		return nil
	}
	return &g
}

func (g *geoParquet) see(rec arrow.Record) {
	if g == nil {
		return
	}
	for i, at := range g.at {
		c, cells := &g.columns[i], rec.Column(at).(*array.Binary)
		for row := range cells.Len() {
			if cells.IsValid(row) {
				c.kinds[geometry.Kind(cells.Value(row))] = true
				c.bounds.Add(cells.Value(row))
			}
		}
	}
}

// metadata is the value of the key. The coordinate system is left out where it
// is OGC:CRS84, defined in PROJJSON where we can, and else null: not known to
// this file.
func (g *geoParquet) metadata() ([]byte, error) {
	type column struct {
		Encoding      string           `json:"encoding"`
		GeometryTypes []string         `json:"geometry_types"`
		CRS           *json.RawMessage `json:"crs,omitempty"`
		BBox          []float64        `json:"bbox,omitempty"`
	}
	out := struct {
		Version       string            `json:"version"`
		PrimaryColumn string            `json:"primary_column"`
		Columns       map[string]column `json:"columns"`
	}{"1.1.0", g.names[0], map[string]column{}}
	for i, c := range g.columns {
		types := slices.Sorted(maps.Keys(c.kinds))
		if types == nil {
			types = []string{}
		}
		col := column{Encoding: "WKB", GeometryTypes: types, BBox: c.bounds.Box()}
		if c.crs != crs.CRS84 {
			system := crs.PROJJSON(c.crs)
			if system == nil {
				system = json.RawMessage("null")
			}
			col.CRS = &system
		}
		out.Columns[g.names[i]] = col
	}
	return json.Marshal(out)
}
