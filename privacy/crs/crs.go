// Package crs knows coordinate systems: what the numbers of a geometry mean.
//
// A system is told by a reference, which is all that travels with a table:
// "OGC:CRS84", "EPSG:" and a number, or Unknown. The table of this package
// holds the systems that agencies here use, with their parameters as the EPSG
// registry publishes them; FromWKT finds one of them in what a .prj file says,
// PROJJSON defines one for readers of GeoParquet. No free text of a file is
// ever part of a reference. The package transforms nothing, does no I/O and
// imports none of ours.
package crs

import (
	"math"
	"strconv"
	"strings"
)

const (
	// CRS84 is longitude and latitude in degrees on WGS 84.
	CRS84 = "OGC:CRS84"
	// Unknown: nobody has said what the coordinates mean.
	Unknown = "unknown"
)

// Reference is the reference of a code of the EPSG registry. WGS 84 is CRS84:
// in every format of ours longitude comes first, whatever the registry says of
// the order of its axes.
func Reference(code int) string {
	if code == 4326 {
		return CRS84
	}
	return "EPSG:" + strconv.Itoa(code)
}

// Valid says whether a text is a reference as this package writes them; the
// system it names may be one that the table does not hold.
func Valid(ref string) bool {
	_, ok := codeOf(ref)
	return ok || ref == CRS84 || ref == Unknown
}

// codeOf reads "EPSG:2263"; codes lie between 1024 and 999999.
func codeOf(ref string) (int, bool) {
	digits, ok := strings.CutPrefix(ref, "EPSG:")
	if !ok || len(digits) < 4 || len(digits) > 6 || digits[0] == '0' {
		return 0, false
	}
	n, err := strconv.Atoi(digits)
	return n, err == nil && n >= 1024 && Reference(n) == ref
}

// Degrees says whether coordinates are known to be longitude and latitude in
// degrees, on whatever datum.
func Degrees(ref string) bool {
	s, ok := find(ref)
	return ok && s.method == geographic
}

// farthest is beyond every coordinate of a projection of the Earth, in feet
// too: its circumference is 131 million feet.
const farthest = 1.4e8

// InRange says whether a box can be of the system: degrees must be longitude
// and latitude, others lie on the Earth.
func InRange(ref string, minX, minY, maxX, maxY float64) bool {
	if Degrees(ref) {
		return minX >= -180 && maxX <= 180 && minY >= -90 && maxY <= 90
	}
	return minX >= -farthest && maxX <= farthest && minY >= -farthest && maxY <= farthest
}

// Name is what people call the system: "VN-2000 / UTM zone 48N"; "" where the
// table does not hold it.
func Name(ref string) string {
	s, _ := find(ref)
	return s.name
}

// method is how degrees become the coordinates of a system.
type method int

const (
	geographic method = iota // not at all
	transverseMercator
	lambert2SP     // Lambert conformal conic with two standard parallels
	pseudoMercator // of maps on the web
)

// system is one row of the table. Angles are in degrees, eastings and
// northings in its own unit.
type system struct {
	code              int
	name              string
	datum             *datum
	method            method
	lat0, lon0        float64 // origin
	scale             float64 // at the origin of a transverse Mercator
	lat1, lat2        float64 // standard parallels
	easting, northing float64 // false easting and northing
	unit              *unit   // nil: degrees
}

type unit struct {
	name   string
	metres float64
}

var (
	metre  = &unit{"metre", 1}
	usFoot = &unit{"US survey foot", 12.0 / 39.37}
)

// datum is a geographic system, with the names that files write for it: in
// lower case, letters and digits alone, without the D_ that Esri puts before.
type datum struct {
	code      int
	crs, name string
	ellipsoid string
	a, rf     float64 // semi-major axis in metres, inverse flattening
	known     []string
}

var (
	wgs84 = &datum{4326, "WGS 84", "World Geodetic System 1984", "WGS 84", 6378137, 298.257223563, []string{"wgs1984", "wgs84", "worldgeodeticsystem1984", "worldgeodeticsystem1984ensemble"}}
	// VN-2000 lies on the ellipsoid of WGS 84, about 230 m from it.
	vn2000 = &datum{4756, "VN-2000", "Vietnam 2000", "WGS 84", 6378137, 298.257223563, []string{"vietnam2000", "vn2000"}}
	nad83  = &datum{4269, "NAD83", "North American Datum 1983", "GRS 1980", 6378137, 298.257222101, []string{"northamerican1983", "northamericandatum1983", "nad83"}}
	etrs89 = &datum{4258, "ETRS89", "European Terrestrial Reference System 1989", "GRS 1980", 6378137, 298.257222101, []string{"etrs1989", "etrs89", "europeanterrestrialreferencesystem1989", "europeanterrestrialreferencesystem1989ensemble"}}
	rgf93  = &datum{4171, "RGF93 v1", "Reseau Geodesique Francais 1993 v1", "GRS 1980", 6378137, 298.257222101, []string{"rgf1993", "rgf93", "rgf1993v1", "reseaugeodesiquefrancais1993", "reseaugeodesiquefrancais1993v1"}}
)

// table is every system held, by its code.
var table = func() map[int]system {
	t := map[int]system{}
	put := func(s system) { t[s.code] = s }
	for _, d := range []*datum{wgs84, vn2000, nad83, etrs89, rgf93} {
		put(system{code: d.code, name: d.crs, datum: d})
	}
	tm := func(code int, name string, d *datum, lon0, scale, northing float64) {
		put(system{code: code, name: name, datum: d, method: transverseMercator, lon0: lon0, scale: scale, easting: 500_000, northing: northing, unit: metre})
	}
	utm := func(code, zone int, d *datum, south bool) {
		name, northing := d.crs+" / UTM zone "+strconv.Itoa(zone)+"N", 0.0
		if south {
			name, northing = strings.TrimSuffix(name, "N")+"S", 10_000_000
		}
		tm(code, name, d, float64(6*zone-183), 0.9996, northing)
	}
	for zone := 1; zone <= 60; zone++ {
		utm(32600+zone, zone, wgs84, false)
		utm(32700+zone, zone, wgs84, true)
	}
	for zone := 1; zone <= 23; zone++ {
		utm(26900+zone, zone, nad83, false)
	}
	for zone := 28; zone <= 37; zone++ {
		utm(25800+zone, zone, etrs89, false)
	}
	utm(3405, 48, vn2000, false)
	utm(3406, 49, vn2000, false)
	// Zones of three degrees: circular 973/2001/TT-TCĐC of the General
	// Department of Land Administration gives each province its meridian.
	for _, z := range []struct {
		code int
		name string
		lon0 float64
	}{
		{5896, "zone 481", 102}, {5897, "zone 482", 105}, {5898, "zone 491", 108}, {5899, "107-45", 107.75},
		{9205, "103-00", 103}, {9206, "104-00", 104}, {9207, "104-30", 104.5}, {9208, "104-45", 104.75}, {9209, "105-30", 105.5},
		{9210, "105-45", 105.75}, {9211, "106-00", 106}, {9212, "106-15", 106.25}, {9213, "106-30", 106.5}, {9214, "107-00", 107},
		{9215, "107-15", 107.25}, {9216, "107-30", 107.5}, {9217, "108-15", 108.25}, {9218, "108-30", 108.5},
	} {
		tm(z.code, "VN-2000 / TM-3 "+z.name, vn2000, z.lon0, 0.9999, 0)
	}
	put(system{code: 3857, name: "WGS 84 / Pseudo-Mercator", datum: wgs84, method: pseudoMercator, unit: metre})
	put(system{code: 2154, name: "RGF93 v1 / Lambert-93", datum: rgf93, method: lambert2SP, lat0: 46.5, lon0: 3, lat1: 49, lat2: 44, easting: 700_000, northing: 6_600_000, unit: metre})
	put(system{code: 2263, name: "NAD83 / New York Long Island (ftUS)", datum: nad83, method: lambert2SP,
		lat0: 40 + 10.0/60, lon0: -74, lat1: 41 + 2.0/60, lat2: 40 + 40.0/60, easting: 984_250, unit: usFoot})
	return t
}()

func find(ref string) (system, bool) {
	if ref == CRS84 {
		return table[4326], true
	}
	code, ok := codeOf(ref)
	if !ok {
		return system{}, false
	}
	s, ok := table[code]
	return s, ok
}

// Choices are the systems that a file of a Vietnamese agency without a word on
// its system can be in, as its numbers stand: in degrees or not. Each is the
// reference, and behind a space the name that people know it by; the last is
// Unknown.
func Choices(degrees bool) []string {
	codes := []int{4326, 4756}
	if !degrees {
		codes = []int{3405, 3406, 32648, 32649, 5896, 5897, 5898, 5899}
		for code := 9205; code <= 9218; code++ {
			codes = append(codes, code)
		}
	}
	var out []string
	for _, code := range codes {
		out = append(out, Reference(code)+" "+table[code].name)
	}
	return append(out, Unknown)
}

// Chosen is the reference that a choice of Choices begins with.
func Chosen(choice string) string {
	ref, _, _ := strings.Cut(choice, " ")
	return ref
}

func near(a, b, within float64) bool { return math.Abs(a-b) <= within }
