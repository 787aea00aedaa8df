package format

import (
	"bytes"
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"daylight/privacy"
	"daylight/privacy/geometry"
)

// sqliteOf makes a database by statements and gives its bytes.
func sqliteOf(t testing.TB, statements ...string) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.sqlite")
	db, err := sql.Open("sqlite3", path)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range statements {
		if _, err := db.Exec(s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// gp is a geometry as GeoPackage has it, in hexadecimal digits for SQL.
func gp(t testing.TB, wkt string) string {
	t.Helper()
	wkb, err := geometry.ParseWKT(nil, []byte(wkt))
	if err != nil {
		t.Fatal(err)
	}
	head := []byte{'G', 'P', 0, 3, 0, 0, 0, 0} // with a box
	head = append(head, make([]byte, 32)...)
	return "x'" + hex.EncodeToString(append(head, wkb...)) + "'"
}

func TestSQLite(t *testing.T) {
	for _, c := range []struct {
		name           string
		statements     []string
		report, wanted string
	}{
		{"each value by its own class", []string{
			`CREATE TABLE "dân số" (ma TEXT PRIMARY KEY, "tên" VARCHAR(50), so INTEGER, ty_le REAL, ngay DATE, gio DATETIME, co BOOLEAN, ghi BLOB)`,
			`INSERT INTO "dân số" VALUES ('00123','Phường Đống Đa',9007199254740993,0.1,'2024-02-29','2024-02-29 07:08:09',1,x'c491c6b0e1bb9d6e67'),('00124','',-5,5.0,NULL,'2024-03-01 00:00:00',0,NULL),('1',NULL,NULL,-0.0,'2024-01-01',NULL,NULL,'x')`},
			`utf-8, sqlite
header_row 0, columns 8, data_rows 3
records 3 = header 0, data 3
ma: text, 3 of 3
ten: text, label "tên", empty 2, 1 of 1
so: integer, empty 1, 2 of 2
ty_le: decimal(2,1), 3 of 3
ngay: date, format y-m-d, empty 1, 2 of 2
gio: timestamp, empty 1, 2 of 2
co: integer, empty 1, 2 of 2
ghi: text, empty 1, 2 of 2
`, "00123|Phường Đống Đa|9007199254740993|0.1|2024-02-29|2024-02-29T07:08:09|1|đường\n00124||-5|5.0||2024-03-01T00:00:00|0|\n1|||0.0|2024-01-01|||x\n"},
		{"views, virtual tables and triggers stay behind, and pictures", []string{
			`CREATE TABLE a (x INTEGER, anh BLOB)`, `INSERT INTO a VALUES (1, x'ffd8ff'), (2, NULL)`,
			`CREATE VIEW v AS SELECT x FROM a`, `CREATE TRIGGER t AFTER INSERT ON a BEGIN DELETE FROM a; END`,
			`CREATE VIRTUAL TABLE tim USING fts3(noi_dung)`, `INSERT INTO tim VALUES ('x')`},
			`utf-8, sqlite
header_row 0, columns 1, data_rows 2
records 2 = header 0, data 2
x: integer, 2 of 2
problem binary-column, wanted text, 1
problem skipped-object, wanted table, 5
`, "1\n2\n"},
		{"names that want quotes, no row number, a computed column, mixed classes", []string{
			`CREATE TABLE "a ""b"";--" ("select" TEXT, "x""y" ANY, k INT, gap INT GENERATED ALWAYS AS (k*2) VIRTUAL, PRIMARY KEY (k)) WITHOUT ROWID`,
			`INSERT INTO "a ""b"";--" VALUES ('b', 1, 2), ('a', 'chữ', 1)`},
			`utf-8, sqlite
header_row 0, columns 4, data_rows 2
records 2 = header 0, data 2
select: text, 2 of 2
x_y: text, label "x\"y", 2 of 2
k: integer, 2 of 2
gap: integer, 2 of 2
`, "a|chữ|1|2\nb|1|2|4\n"},
		{"UTF-16", []string{`PRAGMA encoding='UTF-16be'`, `CREATE TABLE a (ten TEXT)`, `INSERT INTO a VALUES ('Đống Đa')`},
			`utf-16be, sqlite
header_row 0, columns 1, data_rows 1
records 1 = header 0, data 1
ten: text, 1 of 1
`, "Đống Đa\n"},
		{"bytes that are no UTF-8, in text", []string{`CREATE TABLE a (ten TEXT)`, `INSERT INTO a VALUES (CAST(x'4e67c3' AS TEXT))`},
			`utf-8, sqlite
header_row 0, columns 1, data_rows 1
records 1 = header 0, data 1
ten: text, 1 of 1
problem bad-bytes, line 1, wanted utf-8, 1
`, "Ng\ufffd\n"},
		{"changes may wait beside it", []string{`PRAGMA journal_mode=WAL`, `CREATE TABLE a (x INT)`, `INSERT INTO a VALUES (7)`},
			`utf-8, sqlite
header_row 0, columns 1, data_rows 1
records 1 = header 0, data 1
x: integer, 1 of 1
problem wal, 1
`, "7\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, err := openBytes(t, sqliteOf(t, c.statements...), "x.db", Options{})
			if err != nil {
				t.Fatal(err)
			}
			checkWhole(t, c.name, f)
			if got := reportText(f.Report); got != c.report {
				t.Errorf("report:\n%s\nwant:\n%s", got, c.report)
			}
			if got := rowsOf(t, f, 0); got != c.wanted {
				t.Errorf("rows:\n%s\nwant:\n%s", got, c.wanted)
			}
		})
	}
}

// gpkg are the tables that make a database a GeoPackage.
var gpkg = []string{
	`CREATE TABLE gpkg_spatial_ref_sys (srs_name TEXT, srs_id INTEGER PRIMARY KEY, organization TEXT, organization_coordsys_id INTEGER, definition TEXT, description TEXT)`,
	`INSERT INTO gpkg_spatial_ref_sys VALUES ('x',-1,'NONE',-1,'undefined',''),('x',0,'NONE',0,'undefined',''),('x',4326,'EPSG',4326,'undefined',''),('x',3405,'epsg',3405,'undefined',''),('x',100001,'Sở',1,'` + prjHCM + `','')`,
	`CREATE TABLE gpkg_contents (table_name TEXT PRIMARY KEY, data_type TEXT, identifier TEXT, srs_id INTEGER)`,
	`CREATE TABLE gpkg_geometry_columns (table_name TEXT, column_name TEXT, geometry_type_name TEXT, srs_id INTEGER, z TINYINT, m TINYINT)`,
}

func TestGeoPackage(t *testing.T) {
	f, err := openBytes(t, sqliteOf(t, append(gpkg[:len(gpkg):len(gpkg)],
		`CREATE TABLE tram (fid INTEGER PRIMARY KEY, shape POINT, ma TEXT, luc DATETIME)`,
		`INSERT INTO tram VALUES (1,`+gp(t, "POINT (105.8 21)")+`,'001','2024-02-29T07:08:09Z'),(2,NULL,'002',NULL),(3,x'475000110000000001020000000000000000','003',NULL),(4,x'00','004',NULL)`,
		`CREATE TABLE thua (geom POLYGON)`, `INSERT INTO thua VALUES (`+gp(t, "POLYGON ((600000 1191000, 600100 1191000, 600100 1191100, 600000 1191000))")+`)`,
		`CREATE TABLE song (geom LINESTRING)`, `INSERT INTO song VALUES (`+gp(t, "LINESTRING Z (587000 2325000 1, 587001 2325001 2)")+`)`,
		`CREATE TABLE gi (geom POINT)`, `INSERT INTO gi VALUES (`+gp(t, "POINT (1 2)")+`)`,
		`CREATE TABLE bang (ma TEXT)`, `INSERT INTO bang VALUES ('01')`,
		`CREATE TABLE anh (zoom INT, tile BLOB)`, `CREATE TABLE ngoai (x INT)`,
		`INSERT INTO gpkg_contents VALUES ('tram','features','',4326),('thua','features','',100001),('song','features','',3405),('gi','features','',0),('bang','attributes','',NULL),('anh','tiles','',4326)`,
		`INSERT INTO gpkg_geometry_columns VALUES ('tram','SHAPE','POINT',4326,0,0),('thua','geom','POLYGON',100001,0,0),('song','geom','LINESTRING',3405,1,0),('gi','geom','POINT',0,0,0)`)...), "x.gpkg", Options{})
	if err != nil {
		t.Fatal(err)
	}
	checkWhole(t, "gpkg", f)
	if f.Report.Format != "geopackage" || len(f.Tables) != 5 {
		t.Fatalf("%s, %d tables", f.Report.Format, len(f.Tables))
	}
	for i, want := range []struct{ name, system, rows string }{
		{"tram", privacy.CRS84, "1|001|2024-02-29T07:08:09Z|POINT (105.8 21)\n2|002||\n3|003||\n4|004||\n"},
		{"thua", "EPSG:9210", "POLYGON ((600000 1191000, 600100 1191000, 600100 1191100, 600000 1191000))\n"},
		{"song", "EPSG:3405", "LINESTRING Z (587000 2325000 1, 587001 2325001 2)\n"},
		{"gi", "unknown", "POINT (1 2)\n"},
		{"bang", "", "01\n"},
	} {
		tr := f.Report.Tables[i]
		if got := rowsOf(t, f, i); tr.Name != want.name || tr.Fields[len(tr.Fields)-1].CRS != want.system || got != want.rows {
			t.Errorf("%s, %s:\n%s", tr.Name, tr.Fields[len(tr.Fields)-1].CRS, got)
		}
	}
	if q := f.Report.Questions; len(q) != 1 || q[0].Code != "crs" || q[0].Table != 4 {
		t.Errorf("questions: %+v", q)
	}
	var met []string
	for _, p := range f.Report.Tables[0].Problems {
		met = append(met, fmt.Sprint(p.Code, " ", p.Line, " ", p.Column, " ", p.Count))
	}
	if got, want := strings.Join(met, ", "), "geometry-empty 3 shape 1, geometry-broken 4 shape 1, skipped-object 0  2"; got != want {
		t.Errorf("problems: %s, want %s", got, want)
	}
}

func TestSQLiteHostile(t *testing.T) {
	whole := sqliteOf(t, `PRAGMA page_size=512`, `CREATE TABLE a (x INTEGER, y TEXT)`,
		`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<2000) INSERT INTO a SELECT i, 'hàng số '||i FROM n`)
	page := func(b []byte, n int) []byte { return b[(n-1)*512 : n*512] }
	root := 2
	if page(whole, root)[0] != 5 {
		t.Fatalf("page %d is no inner page", root)
	}
	for name, change := range map[string]func(b []byte){
		"a tree that goes round": func(b []byte) { binary.BigEndian.PutUint32(page(b, root)[8:], uint32(root)) },
		"every child the same page": func(b []byte) {
			p := page(b, root)
			for i := range int(binary.BigEndian.Uint16(p[3:])) {
				binary.BigEndian.PutUint32(p[binary.BigEndian.Uint16(p[12+2*i:]):], binary.BigEndian.Uint32(p[8:]))
			}
			for k := 3; k < len(b)/512; k++ { // and those again the first
				if q := page(b, k); q[0] == 5 {
					binary.BigEndian.PutUint32(q[8:], uint32(root))
				}
			}
		},
		"a child beyond the file": func(b []byte) { binary.BigEndian.PutUint32(page(b, root)[8:], 1<<30) },
		"a page of zeros":         func(b []byte) { clear(page(b, 3)) },
		"cut":                     func(b []byte) { clear(b[len(b)/2:]) },
		"a schema that is no SQL": func(b []byte) { copy(b[bytes.Index(b, []byte("CREATE TABLE")):], "CREATE GARBLE") },
		"a page size of nobody":   func(b []byte) { b[16], b[17] = 3, 7 },
	} {
		b := bytes.Clone(whole)
		change(b)
		_, err := openBytes(t, b, "x.db", Options{})
		if r, _ := err.(*Refusal); r == nil || r.Code != "sqlite" {
			t.Errorf("%s: %v", name, err)
		}
	}
	// A schema whose programs would run if anybody asked for them.
	odd := sqliteOf(t, `CREATE TABLE a (x INTEGER CHECK (x < 10), y TEXT DEFAULT (hex(randomblob(4))), z AS (printf('%d', x)))`,
		`INSERT INTO a (x, y) VALUES (1, 'y')`, `CREATE INDEX i ON a (length(y)) WHERE x > 0`,
		`CREATE VIEW v AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n) SELECT i FROM n`)
	f, err := openBytes(t, odd, "x.db", Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := rowsOf(t, f, 0); got != "1|y|1\n" {
		t.Error(got)
	}
	if _, err := openBytes(t, sqliteOf(t, `CREATE TABLE a (x)`, `DROP TABLE a`), "x.db", Options{}); err == nil || err.(*Refusal).Code != "no-table" {
		t.Errorf("no table: %v", err)
	}
}

// What the file says never stands in an error.
func TestSQLiteSilent(t *testing.T) {
	b := sqliteOf(t, `CREATE TABLE zyzzyva (zyzzyva TEXT)`, `INSERT INTO zyzzyva VALUES ('zyzzyva')`)
	b = bytes.Replace(b, []byte("CREATE TABLE zyzzyva"), []byte("CREATE TABEL zyzzyva"), 1)
	_, err := openBytes(t, b, "zyzzyva.db", Options{})
	if err == nil || strings.Contains(err.Error(), "zyzzyva") {
		t.Errorf("%v", err)
	}
}

func FuzzSQLite(f *testing.F) {
	small := sqliteOf(f, `PRAGMA page_size=512`, `CREATE TABLE a (x INTEGER, y TEXT, z BLOB)`, `INSERT INTO a VALUES (1,'b',x'00'),(2.5,'Đống Đa',NULL)`)
	f.Add(small)
	f.Add(sqliteOf(f, append([]string{`PRAGMA page_size=512`}, append(gpkg[:len(gpkg):len(gpkg)], `CREATE TABLE t (g POINT)`, `INSERT INTO t VALUES (`+gp(f, "POINT (1 2)")+`)`,
		`INSERT INTO gpkg_contents VALUES ('t','features','',4326)`, `INSERT INTO gpkg_geometry_columns VALUES ('t','g','POINT',4326,0,0)`)...)...))
	f.Fuzz(func(t *testing.T, in []byte) {
		if len(in) > 1<<16 {
			return
		}
		checkFuzzed(t, string(in), "x.db")
	})
}
