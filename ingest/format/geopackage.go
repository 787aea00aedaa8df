package format

import (
	"context"
	"database/sql/driver"
	"errors"
	"strings"

	"daylight/privacy/crs"
	"daylight/privacy/geometry"
)

// geoPackage is what a database says of itself by the rules of OGC 12-128:
// gpkg_contents lists its layers, gpkg_geometry_columns where the shapes are,
// gpkg_spatial_ref_sys their systems.
type geoPackage struct {
	tables  []sqliteTable
	skipped int64 // layers of pictures, and what no layer is
}

// geoPackage is nil where the database is none.
func (s *sqliteFile) geoPackage(ctx context.Context, all []sqliteTable) (*geoPackage, error) {
	real := map[string]string{} // by their names without case
	for _, t := range all {
		real[strings.ToLower(t.name)] = t.name
	}
	if real["gpkg_contents"] == "" || real["gpkg_spatial_ref_sys"] == "" {
		return nil, nil
	}
	systems, err := s.systems(ctx)
	if err != nil {
		return nil, err
	}
	type place struct{ column, system string }
	shapes := map[string]place{}
	if real["gpkg_geometry_columns"] != "" {
		err := s.query(ctx, "SELECT +table_name, +column_name, +srs_id FROM main.gpkg_geometry_columns NOT INDEXED", func(row []driver.Value) error {
			table, _ := row[0].(string)
			column, _ := row[1].(string)
			id, _ := row[2].(int64)
			system := systems[id]
			if system == "" {
				system = crs.Unknown
			}
			if len(shapes) < 10*s.opts.Limits.Sheets {
				shapes[strings.ToLower(table)] = place{column, system}
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	g := &geoPackage{}
	var layers []sqliteTable
	err = s.query(ctx, "SELECT +table_name, +data_type FROM main.gpkg_contents NOT INDEXED", func(row []driver.Value) error {
		name, _ := row[0].(string)
		kind, _ := row[1].(string)
		table, ok := real[strings.ToLower(name)]
		delete(real, strings.ToLower(name))
		if !ok || kind != "features" && kind != "attributes" || len(layers) > s.opts.Limits.Sheets {
			g.skipped++
			return nil
		}
		layers = append(layers, sqliteTable{name: table, geometry: -1})
		return nil
	})
	if err != nil {
		return nil, err
	}
	for name := range real { // in no layer, and not of the format itself
		if !strings.HasPrefix(name, "gpkg_") && !strings.HasPrefix(name, "rtree_") && !strings.HasPrefix(name, "ogr_") && name != "layer_styles" {
			g.skipped++
		}
	}
	for _, t := range layers {
		where := shapes[strings.ToLower(t.name)]
		if err := s.describe(ctx, &t, where.column); err != nil {
			return nil, err
		}
		t.system = where.system
		g.tables = append(g.tables, t)
	}
	return g, nil
}

// systems are the references of the coordinate systems, by their number in
// this file. A code of the EPSG registry is taken at its word, anything else is
// found by its definition.
func (s *sqliteFile) systems(ctx context.Context) (map[int64]string, error) {
	out := map[int64]string{}
	err := s.query(ctx, "SELECT +srs_id, +organization, +organization_coordsys_id, +definition FROM main.gpkg_spatial_ref_sys NOT INDEXED", func(row []driver.Value) error {
		id, _ := row[0].(int64)
		owner, _ := row[1].(string)
		code, _ := row[2].(int64)
		text, _ := row[3].(string)
		ref := crs.FromWKT([]byte(text))
		if strings.EqualFold(owner, "EPSG") && crs.Valid(crs.Reference(int(code))) {
			ref = crs.Reference(int(code))
		}
		if len(out) < 10_000 && id > 0 { // 0 and -1 are the unknown ones
			out[id] = ref
		}
		return nil
	})
	return out, err
}

// shapeProblems is what was met in a column of geometries.
type shapeProblems struct {
	box      geometry.Bounds
	empty    seen // without positions: null
	broken   seen // no geometry, or none that is held: null
	measures seen
	outside  [2]seen // not in degrees; not on the Earth
	wkb      []byte
}

// see takes in a geometry that is Valid.
func (p *shapeProblems) see(wkb []byte, row int64) {
	var own geometry.Bounds
	own.Add(wkb)
	for i, ref := range []string{crs.CRS84, crs.Unknown} {
		if !crs.InRange(ref, own.MinX, own.MinY, own.MaxX, own.MaxY) {
			p.outside[i].add(1, row, row)
		}
	}
	p.box.Add(wkb)
}

func (p *shapeProblems) report(tr *TableReport, system, key string) {
	tr.problem("geometry-empty", p.empty, key, "")
	tr.problem("geometry-broken", p.broken, key, "geometry")
	tr.problem("geometry-measures", p.measures, key, "")
	if crs.Degrees(system) {
		tr.problem("geometry-range", p.outside[0], key, "longitude, latitude")
	} else {
		tr.problem("geometry-range", p.outside[1], key, "")
	}
}

// geometry reads a cell of a feature table.
func (r *sqliteRecords) geometry(v driver.Value) cell {
	p := &r.shapes
	if v == nil {
		return cell{}
	}
	b, _ := v.([]byte)
	r.left -= int64(len(b))
	wkb, empty, ok := geoPackageWKB(b)
	if empty {
		p.empty.add(1, r.n, r.n)
		return cell{}
	}
	if !ok {
		p.broken.add(1, r.n, r.n)
		return cell{}
	}
	out, measures, err := geometry.AppendForeign(p.wkb[:0], wkb)
	var e *geometry.Error
	switch {
	case errors.As(err, &e) && e.Code == geometry.Empty:
		p.empty.add(1, r.n, r.n)
		return cell{}
	case err != nil:
		p.broken.add(1, r.n, r.n)
		return cell{}
	}
	if measures {
		p.measures.add(1, r.n, r.n)
	}
	p.wkb = out
	p.see(out, r.n)
	r.text = append(r.text, out...)
	return cell{as: asWKB}
}

// geoPackageWKB takes the head off a geometry (OGC 12-128, clause 2.1.3): GP,
// version, flags, number of the system, a box of so many numbers.
func geoPackageWKB(b []byte) (wkb []byte, empty, ok bool) {
	if len(b) < 8 || b[0] != 'G' || b[1] != 'P' || b[2] != 0 {
		return nil, false, false
	}
	flags := b[3]
	if flags&0x20 != 0 { // of a kind that an extension defines
		return nil, false, false
	}
	box := []int{0, 32, 48, 48, 64}
	kind := int(flags >> 1 & 7)
	if kind >= len(box) || len(b) < 8+box[kind] {
		return nil, false, false
	}
	return b[8+box[kind]:], flags&0x10 != 0, true
}
