package ingest

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"math"
	"slices"
	"testing"

	"daylight/catalog"
)

// stations is a zipped shapefile of points without a word on its coordinate
// system: metres of VN-2000, 105°45'.
func stations(t *testing.T) string {
	t.Helper()
	le, be := binary.LittleEndian, binary.BigEndian
	shp := make([]byte, 100)
	be.PutUint32(shp, 9994)
	le.PutUint32(shp[28:], 1000)
	le.PutUint32(shp[32:], 1)
	dbf := make([]byte, 32+32+1)
	dbf[0], dbf[1], dbf[2], dbf[3] = 3, 126, 11, 26
	le.PutUint32(dbf[4:], 3)
	le.PutUint16(dbf[8:], 65)
	le.PutUint16(dbf[10:], 9)
	copy(dbf[32:], "TRAM")
	dbf[32+11], dbf[32+16], dbf[64] = 'C', 8, '\r'
	for i, name := range []string{"Ben Thuy", "Cua Lo  ", "Do Luong"} {
		dbf = append(append(dbf, ' '), name...)
		shp = be.AppendUint32(be.AppendUint32(shp, uint32(i+1)), 10)
		shp = le.AppendUint64(le.AppendUint64(le.AppendUint32(shp, 1), math.Float64bits(603000.5+float64(i))), math.Float64bits(1191000.25))
	}
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, text := range map[string][]byte{"tram.shp": shp, "tram.dbf": dbf} {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		w.Write(text)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// A map that does not say its system waits, is answered, and is published in
// it: in every format but GeoJSON, which knows longitude and latitude alone.
func TestMapWithoutSystem(t *testing.T) {
	o := newOffice(t)
	d, err := o.describe("tram")
	if err != nil {
		t.Fatal(err)
	}
	u := o.publish(t, catalog.NewUpload{Dataset: d.ID, Plan: []byte("auto"), FileName: "tram.zip"}, stations(t))
	if u.State != catalog.StateWaiting {
		t.Fatalf("%s: %v", u.State, u.Problems)
	}
	r := o.review(t, u.ID)
	const answer = "EPSG:9210 VN-2000 / TM-3 105-45"
	if len(r.Questions) != 1 || r.Questions[0].Code != "crs" || !slices.Contains(r.Questions[0].Choices, answer) {
		t.Fatalf("questions: %+v", r.Questions)
	}
	if err := o.inbox.Answer(t.Context(), "officer", u.ID, map[string]string{"0": answer}); err != nil {
		t.Fatal(err)
	}
	r = o.work(t, u.ID)
	if len(r.Questions) != 0 {
		t.Fatalf("asked again: %+v", r.Questions)
	}
	if err := o.inbox.Decide(t.Context(), "officer", u.ID, []byte(r.Proposal)); err != nil {
		t.Fatal(err)
	}
	r = o.work(t, u.ID)
	if err := o.inbox.Approve(t.Context(), "chief", u.ID, named(r)); err != nil {
		t.Fatalf("%v: %v", err, r.Upload.Problems)
	}
	if r = o.work(t, u.ID); r.Upload.State != catalog.StatePublished {
		t.Fatalf("%s: %v", r.Upload.State, r.Upload.Problems)
	}
	got, err := o.catalog.Dataset(t.Context(), "tram")
	if err != nil {
		t.Fatal(err)
	}
	var formats []string
	for _, f := range got.Release.Files {
		formats = append(formats, f.Format)
	}
	slices.Sort(formats)
	if !slices.Equal(formats, []string{"arrow", "csv", "parquet"}) {
		t.Errorf("formats %v", formats)
	}
	column := got.Release.Tables[0].Columns[1]
	if column.Type != "geometry" || column.CRS != "EPSG:9210" {
		t.Errorf("%s in %s", column.Type, column.CRS)
	}
	if want := "tram,geometry\nBen Thuy,POINT (603000.5 1191000.25)\nCua Lo,POINT (603001.5 1191000.25)\nDo Luong,POINT (603002.5 1191000.25)\n"; o.csv(t, d.ID) != want {
		t.Errorf("%s", o.csv(t, d.ID))
	}
}
