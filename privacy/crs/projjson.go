package crs

import "encoding/json"

// The parts of PROJJSON (schema version 0.7) that the table needs, in the order
// of its own writers.
type (
	projID struct {
		Authority string `json:"authority"`
		Code      any    `json:"code"`
	}
	projCRS struct {
		Schema     string     `json:"$schema,omitempty"`
		Type       string     `json:"type,omitempty"`
		Name       string     `json:"name"`
		Base       *projCRS   `json:"base_crs,omitempty"`
		Conversion *projConv  `json:"conversion,omitempty"`
		Datum      *projDatum `json:"datum,omitempty"`
		System     projCS     `json:"coordinate_system"`
		ID         projID     `json:"id"`
	}
	projDatum struct {
		Type      string        `json:"type"`
		Name      string        `json:"name"`
		Ellipsoid projEllipsoid `json:"ellipsoid"`
	}
	projEllipsoid struct {
		Name string  `json:"name"`
		A    float64 `json:"semi_major_axis"`
		RF   float64 `json:"inverse_flattening"`
	}
	projConv struct {
		Name       string      `json:"name"`
		Method     projMethod  `json:"method"`
		Parameters []projParam `json:"parameters"`
	}
	projMethod struct {
		Name string `json:"name"`
		ID   projID `json:"id"`
	}
	projParam struct {
		Name  string  `json:"name"`
		Value float64 `json:"value"`
		Unit  any     `json:"unit"`
		ID    projID  `json:"id"`
	}
	projUnit struct {
		Type   string  `json:"type"`
		Name   string  `json:"name"`
		Factor float64 `json:"conversion_factor"`
	}
	projCS struct {
		Subtype string     `json:"subtype"`
		Axis    []projAxis `json:"axis"`
	}
	projAxis struct {
		Name      string `json:"name"`
		Short     string `json:"abbreviation"`
		Direction string `json:"direction"`
		Unit      any    `json:"unit"`
	}
)

// PROJJSON defines a system as GeoParquet wants it; nil where the table does
// not hold it.
func PROJJSON(ref string) json.RawMessage {
	s, ok := find(ref)
	if !ok {
		return nil
	}
	base := projCRS{Type: "GeographicCRS", Name: s.datum.crs, ID: projID{"EPSG", s.datum.code},
		Datum: &projDatum{"GeodeticReferenceFrame", s.datum.name, projEllipsoid{s.datum.ellipsoid, s.datum.a, s.datum.rf}},
		System: projCS{"ellipsoidal", []projAxis{
			{"Geodetic latitude", "Lat", "north", "degree"}, {"Geodetic longitude", "Lon", "east", "degree"}}}}
	out := base
	switch {
	case ref == CRS84:
		out.Name, out.ID = "WGS 84 (CRS84)", projID{"OGC", "CRS84"}
		out.System.Axis = []projAxis{base.System.Axis[1], base.System.Axis[0]}
	case s.method != geographic:
		u := s.unit.json()
		base.Type = "" // the member base_crs says it
		out = projCRS{Type: "ProjectedCRS", Name: s.name, Base: &base, Conversion: s.conversion(), ID: projID{"EPSG", s.code},
			System: projCS{"Cartesian", []projAxis{{"Easting", "E", "east", u}, {"Northing", "N", "north", u}}}}
	}
	out.Schema = "https://proj.org/schemas/v0.7/projjson.schema.json"
	b, err := json.Marshal(out)
	if err != nil {
		return nil
	}
	return b
}

func (u *unit) json() any {
	if u == metre {
		return "metre"
	}
	return projUnit{"LinearUnit", u.name, u.metres}
}

func (s system) conversion() *projConv {
	u := s.unit.json()
	p := func(code int, name string, value float64, unit any) projParam {
		return projParam{name, value, unit, projID{"EPSG", code}}
	}
	c := projConv{Name: s.name}
	switch s.method {
	case lambert2SP:
		c.Method = projMethod{"Lambert Conic Conformal (2SP)", projID{"EPSG", 9802}}
		c.Parameters = []projParam{
			p(8821, "Latitude of false origin", s.lat0, "degree"), p(8822, "Longitude of false origin", s.lon0, "degree"),
			p(8823, "Latitude of 1st standard parallel", s.lat1, "degree"), p(8824, "Latitude of 2nd standard parallel", s.lat2, "degree"),
			p(8826, "Easting at false origin", s.easting, u), p(8827, "Northing at false origin", s.northing, u)}
		return &c
	case transverseMercator:
		c.Method = projMethod{"Transverse Mercator", projID{"EPSG", 9807}}
	default:
		c.Method = projMethod{"Popular Visualisation Pseudo Mercator", projID{"EPSG", 1024}}
	}
	c.Parameters = []projParam{p(8801, "Latitude of natural origin", s.lat0, "degree"), p(8802, "Longitude of natural origin", s.lon0, "degree")}
	if s.method == transverseMercator {
		c.Parameters = append(c.Parameters, p(8805, "Scale factor at natural origin", s.scale, "unity"))
	}
	c.Parameters = append(c.Parameters, p(8806, "False easting", s.easting, u), p(8807, "False northing", s.northing, u))
	return &c
}
