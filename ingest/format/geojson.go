package format

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"

	"daylight/privacy/geometry"
)

// geojsonFormat reads features: a collection, one alone, one a line, or a bare
// geometry. Their properties are read as JSON is; the geometry becomes WKB.
var geojsonFormat = Format{Name: "geojson", Sniff: sniffGeoJSON, Open: openGeoJSON}

func openGeoJSON(ctx context.Context, r io.ReaderAt, size int64, o Options) (*File, error) {
	return openRecords(ctx, r, size, o, true)
}

// geoTypes are what a GeoJSON text can be: RFC 7946, section 1.4.
var geoTypes = map[string]bool{"FeatureCollection": true, "Feature": true, "Point": true, "LineString": true, "Polygon": true,
	"MultiPoint": true, "MultiLineString": true, "MultiPolygon": true, "GeometryCollection": true}

// sniffGeoJSON looks for the type of the outermost object, which may stand
// behind others; where the head is too short for it, for its features.
func sniffGeoJSON(name string, head []byte) bool {
	d := json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf"))))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return false
	}
	features, geometry, level := false, false, 0
	for key := ""; ; {
		t, err := d.Token()
		if err != nil {
			return features || geometry && strings.HasSuffix(strings.ToLower(name), ".geojson")
		}
		switch v := t.(type) {
		case json.Delim:
			switch {
			case v == '{' || v == '[':
				features = features || level == 0 && key == "features" && v == '['
				geometry = geometry || level == 0 && (key == "geometry" || key == "coordinates")
				level++
			case level == 0:
				return false // the end of the object, which has no such type
			default:
				level--
			}
			if level == 0 {
				key = ""
			}
			continue
		case string:
			if level == 0 && key == "" {
				key = v
				if key == "" {
					key = "\x00"
				}
				continue
			}
			if level == 0 && key == "type" {
				return geoTypes[v]
			}
		}
		if level == 0 {
			key = ""
		}
	}
}

// idPath is the id of a feature, which no path of a property can be.
const idPath = "\x00id"

// collection says whether the object at off is a FeatureCollection. A fault of
// its grammar is found by whoever reads it next.
func (f *jsonFile) collection(ctx context.Context, off, line int64) bool {
	s := f.scanner(ctx, off, line)
	is := false
	s.space()
	err := s.object(func(key []byte) error {
		if string(key) != "type" || s.peek() != '"' {
			return s.value()
		}
		raw, err := s.str()
		is = string(raw) == `"FeatureCollection"`
		return err
	})
	return err == nil && is
}

// isLonLat reads the crs member of GeoJSON before RFC 7946: null, or one of
// the names of longitude and latitude on WGS 84.
func isLonLat(raw []byte) bool {
	if string(raw) == "null" {
		return true
	}
	var crs struct {
		Type       string
		Properties struct{ Name, Code any }
	}
	if json.Unmarshal(raw, &crs) != nil {
		return false
	}
	name, _ := crs.Properties.Name.(string)
	switch name = strings.ToUpper(name); {
	case crs.Type == "EPSG":
		return crs.Properties.Code == "4326" || crs.Properties.Code == 4326.0
	case strings.HasSuffix(name, "CRS84"):
		return true
	}
	return strings.HasPrefix(name, "EPSG:") && name[5:] == "4326" || strings.HasPrefix(name, "URN:OGC:DEF:CRS:EPSG:") && strings.HasSuffix(name, ":4326")
}

// geoBounds is what the first pass learns of the geometries of a list.
type geoBounds struct {
	any     bool
	empty   seen // geometries without positions: null
	outside seen // not longitude and latitude
	box     geometry.Bounds
}

func (b *geoBounds) report(tr *TableReport, keys []string) {
	if !b.any {
		return
	}
	key := keys[len(keys)-1]
	for i, f := range tr.Fields {
		if f.Type == "geometry" {
			key = keys[i]
		}
	}
	b.reportAs(tr, key)
}

// reportAs tells it of the column with this key.
func (b *geoBounds) reportAs(tr *TableReport, key string) {
	tr.problem("geometry-empty", b.empty, key, "")
	code := "geometry-range"
	if b.box.Swapped() {
		code = "geometry-swapped" // latitude first: 21, 105 for Hà Nội
	}
	tr.problem(code, b.outside, key, "longitude, latitude")
}

// feature takes the geometry of a record into account; its properties are read
// as cells.
func (f *jsonFile) feature(t *jsonTable, raw []byte, line int64) error {
	refuse := func(code string) error { return &Refusal{Code: code, Stage: "structure", Row: t.rows, Line: line} }
	shape, bare := geometryOf(raw)
	var fault error
	eachMember(raw, func(key, value []byte) {
		switch string(key) {
		case `"type"`:
			if !bare && string(value) != `"Feature"` {
				fault = refuse("geojson")
			}
		case `"id"`, `"geometry"`, `"properties"`, `"bbox"`, `"coordinates"`, `"geometries"`:
		case `"crs"`:
			f.crs = f.crs || !isLonLat(value)
		default:
			t.foreign.add(1, t.rows, line)
		}
	})
	if fault != nil || shape == nil {
		return fault
	}
	wkb, err := geometry.AppendWKB(nil, shape)
	var bad *geometry.Error
	switch {
	case errors.As(err, &bad) && bad.Code == geometry.Empty:
		t.bounds.empty.add(1, t.rows, line)
		return nil
	case err != nil:
		return refuse("geometry")
	}
	t.bounds.any = true
	var own geometry.Bounds
	own.Add(wkb)
	if !own.InRange() {
		t.bounds.outside.add(1, t.rows, line)
	}
	t.bounds.box.Add(wkb)
	return nil
}

// geometryOf finds the geometry of a feature, or that the record is one itself;
// nil: it has none.
func geometryOf(raw []byte) (shape []byte, bare bool) {
	coordinates := false
	eachMember(raw, func(key, value []byte) {
		switch string(key) {
		case `"geometry"`:
			if value[0] == '{' {
				shape = value
			}
		case `"type"`:
			bare = value[0] == '"' && string(value) != `"Feature"` && geoTypes[string(value[1:len(value)-1])]
		case `"coordinates"`, `"geometries"`:
			coordinates = true
		}
	})
	if bare = bare && coordinates; bare {
		return raw, true
	}
	return shape, false
}

// geometryCell is the geometry of a record, as it stands; one without
// positions is null.
func geometryCell(raw []byte) cell {
	shape, _ := geometryOf(raw)
	if shape == nil {
		return cell{}
	}
	if _, err := geometry.AppendWKB(nil, shape); err != nil {
		return cell{} // the first pass has let nothing through but the empty
	}
	return cell{b: shape, as: asGeometry}
}
