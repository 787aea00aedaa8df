package crs

import (
	"encoding/json"
	"strings"
	"testing"
)

const (
	geoVN = `GEOGCS["GCS_VN_2000",DATUM["D_Vietnam_2000",SPHEROID["WGS_1984",6378137.0,298.257223563]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]]`
	geo84 = `GEOGCS["GCS_WGS_1984",DATUM["D_WGS_1984",SPHEROID["WGS_1984",6378137,298.257223563]],PRIMEM["Greenwich",0],UNIT["Degree",0.017453292519943295]]`
	// As programs write it that know no VN-2000.
	geoShift = `GEOGCS["unnamed",DATUM["unknown",SPHEROID["WGS84",6378137,298.257223563],TOWGS84[-191.90441429,-39.30318279,-111.45032835,-0.00928836,0.01975479,-0.00427372,0.252906278]],PRIMEM["Greenwich",0],UNIT["degree",0.0174532925199433]]`
	geo83    = `GEOGCS["GCS_North_American_1983",DATUM["D_North_American_1983",SPHEROID["GRS_1980",6378137.0,298.257222101]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]]`
)

func tm(geo, lon0, scale string) string {
	return `PROJCS["x",` + geo + `,PROJECTION["Transverse_Mercator"],PARAMETER["False_Easting",500000.0],PARAMETER["False_Northing",0.0],PARAMETER["Central_Meridian",` +
		lon0 + `],PARAMETER["Scale_Factor",` + scale + `],PARAMETER["Latitude_Of_Origin",0.0],UNIT["Meter",1.0]]`
}

func lambert(unit string) string {
	return `PROJCS["NAD_1983_StatePlane_New_York_Long_Island_FIPS_3104_Feet",` + geo83 + `,PROJECTION["Lambert_Conformal_Conic"],PARAMETER["False_Easting",984250.0],PARAMETER["False_Northing",0.0],` +
		`PARAMETER["Central_Meridian",-74.0],PARAMETER["Standard_Parallel_1",40.66666666666666],PARAMETER["Standard_Parallel_2",41.03333333333333],PARAMETER["Latitude_Of_Origin",40.16666666666666],UNIT["Foot_US",` + unit + `]]`
}

func TestFromWKT(t *testing.T) {
	for _, c := range []struct{ name, wkt, want string }{
		{"WGS 84 of Esri", geo84, CRS84},
		{"WGS 84 of GDAL", `GEOGCS["WGS 84", DATUM["WGS_1984", SPHEROID["WGS 84",6378137,298.257223563,AUTHORITY["EPSG","7030"]], AUTHORITY["EPSG","6326"]], PRIMEM["Greenwich",0], UNIT["degree",0.0174532925199433], AXIS["Latitude",NORTH], AUTHORITY["EPSG","4326"]]`, CRS84},
		{"VN-2000", geoVN, "EPSG:4756"},
		{"VN-2000 by its shift", geoShift, "EPSG:4756"},
		{"VN-2000 UTM 48N", tm(geoVN, "105.0", "0.9996"), "EPSG:3405"},
		{"VN-2000 TM-3 of Hà Nội, 105°", tm(geoShift, "105", "0.9999"), "EPSG:5897"},
		{"VN-2000 TM-3 of Thành phố Hồ Chí Minh, 105°45'", tm(geoVN, "105.75", "0.9999"), "EPSG:9210"},
		{"WGS 84 UTM 48N", tm(geo84, "105", "0.9996"), "EPSG:32648"},
		{"a meridian of nobody", tm(geoVN, "105.8", "0.9999"), Unknown},
		{"New York, US feet", lambert("0.3048006096012192"), "EPSG:2263"},
		{"New York, international feet", lambert("0.3048"), Unknown},
		{"a code that the definition contradicts", strings.TrimSuffix(geoVN, "]") + `,AUTHORITY["EPSG","4326"]]`, "EPSG:4756"},
		{"a code that is not held", `PROJCS["OSGB36",GEOGCS["OSGB36",DATUM["OSGB_1936",SPHEROID["Airy 1830",6377563.396,299.3249646]],PRIMEM["Greenwich",0],UNIT["degree",0.0174532925199433]],PROJECTION["Transverse_Mercator"],UNIT["metre",1],AUTHORITY["EPSG","27700"]]`, "EPSG:27700"},
		{"a code that is held and not what it defines", `PROJCS["x",GEOGCS["x",DATUM["x",SPHEROID["x",6377563.396,299.3]],PRIMEM["Greenwich",0],UNIT["degree",0.0174532925199433]],PROJECTION["Transverse_Mercator"],UNIT["metre",1],AUTHORITY["EPSG","3405"]]`, Unknown},
		{"Paris is not Greenwich", strings.Replace(geo84, `"Greenwich",0`, `"Paris",2.33722917`, 1), Unknown},
		{"an engineer's own grid", `LOCAL_CS["phường",UNIT["metre",1],AUTHORITY["EPSG","5800"]]`, Unknown},
		{"nothing", "", Unknown},
		{"open", `GEOGCS["a`, Unknown},
		{"deep", strings.Repeat("A[", 100000), Unknown},
		{"endless number", `GEOGCS["a",1e999]`, Unknown},
	} {
		if got := FromWKT([]byte(c.wkt)); got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
	}
}

func TestReferences(t *testing.T) {
	for ref, want := range map[string]bool{"OGC:CRS84": true, "EPSG:2263": true, "unknown": true, "EPSG:4326": false, "EPSG:02263": false, "EPSG:12": false,
		"EPSG:1234567": false, "EPSG:": false, "": false, "epsg:2263": false, "EPSG:+2263": false} {
		if Valid(ref) != want {
			t.Errorf("%q: valid %v", ref, !want)
		}
	}
	for ref, want := range map[string]bool{"OGC:CRS84": true, "EPSG:4756": true, "EPSG:3405": false, "EPSG:27700": false, "unknown": false} {
		if Degrees(ref) != want {
			t.Errorf("%s: degrees %v", ref, !want)
		}
	}
	for _, degrees := range []bool{true, false} {
		for _, c := range Choices(degrees) {
			if ref := Chosen(c); !Valid(ref) || ref != Unknown && (Degrees(ref) != degrees || c != ref+" "+Name(ref)) {
				t.Errorf("%s is no choice", c)
			}
		}
	}
	for code := range table {
		if !Valid(Reference(code)) {
			t.Errorf("%d has no reference", code)
		}
	}
}

// What is written defines the system by its numbers: read as a definition it
// is the same one again.
func TestPROJJSON(t *testing.T) {
	for code, s := range table {
		var got struct {
			Type string
			Name string
			ID   struct{ Code any }
			Base struct {
				Datum struct{ Ellipsoid map[string]any }
			} `json:"base_crs"`
			Conversion struct{ Parameters []struct{ Value float64 } }
		}
		if err := json.Unmarshal(PROJJSON(Reference(code)), &got); err != nil {
			t.Fatal(err)
		}
		if code != 4326 && (got.Name != s.name || got.ID.Code != float64(code)) {
			t.Errorf("%d: got %s, %v", code, got.Name, got.ID.Code)
		}
		if s.method == geographic {
			continue
		}
		found := map[float64]bool{}
		for _, p := range got.Conversion.Parameters {
			found[p.Value] = true
		}
		for _, v := range []float64{s.lat0, s.lon0, s.easting, s.northing} {
			if !found[v] {
				t.Errorf("%d: a parameter is missing", code)
			}
		}
	}
	if PROJJSON("EPSG:27700") != nil || PROJJSON(Unknown) != nil {
		t.Error("a system is defined that the table does not hold")
	}
}

func FuzzWKT(f *testing.F) {
	f.Add([]byte(geo84))
	f.Add([]byte(tm(geoShift, "105", "0.9999")))
	f.Fuzz(func(t *testing.T, in []byte) {
		if ref := FromWKT(in); !Valid(ref) {
			t.Fatalf("not a reference: %q", ref)
		}
	})
}
