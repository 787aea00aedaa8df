// Package format reads what agencies send: bytes in, tables and a report out.
//
// It owns the order of work inside a file (encoding, dialect, structure,
// header, types) and the conversion of cells into Arrow without loss. It does
// pure reading from an io.ReaderAt, in a process of its own that the caller
// limits; it knows nothing of jobs, plans beyond their "read" block, or the
// web. No error, problem or report of this package holds a value of the data:
// position, code and wanted type only. Every row of a file is kept, repaired,
// set aside or refused, and the report says which.
package format

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"

	"daylight/privacy"
)

// A Format reads one kind of file. Sniff decides by content (head is the first
// 64 KiB at most); the name is a hint only. Open leaves Report's file, bytes
// and format to the caller, package function Open.
type Format struct {
	Name  string
	Sniff func(name string, head []byte) bool
	Open  func(ctx context.Context, r io.ReaderAt, size int64, o Options) (*File, error)
}

// Formats in the order they are tried. CSV is last: it takes any text.
var Formats = []Format{
	zipFormat,
	xlsFormat,
	packedFormat(packings[0]),
	packedFormat(packings[1]),
	packedFormat(packings[2]),
	packedFormat(packings[3]),
	geojsonFormat,
	parquetFormat,
	arrowFormat,
	jsonFormat,
	dbfFormat,
	sqliteFormat,
	csvFormat,
}

// Options of a reading. The zero Options work: everything is found from the file.
type Options struct {
	Reading  *privacy.Reading                      // the plan's "read" block; nil: none
	Locale   string                                // how the agency writes: "vi", "en-GB", "de"; "": not declared
	Limits   Limits                                // zero fields take DefaultLimits
	Progress func(stage string, bytes, rows int64) // called now and then, from the reading goroutine; nil: not
	Misfit   func(Misfit)                          // told of each, while rows are read; nil: not
	Scratch  Scratch                               // where packed content is laid out; nil: in memory
	Database *Database                             // reads SQLite; nil: in memory, up to 64 MiB
	Inflated func(bytes int64)                     // told what has come out of a packed file so far; nil: nobody is
	Early    Early                                 // takes the rows in the first pass, where they can be had; nil: not

	name     string    // of the file
	unpacker *unpacker // set inside a packed file: nothing packed is opened in it
	inside   opener    // reads what a packed file holds
}

// Limits bound what one file may cost. ingest.md section 3.
type Limits struct {
	File    int64 // bytes of the file
	Columns int
	Cell    int64 // bytes of one cell
	Record  int64 // bytes of one record
	Label   int   // bytes of one header label

	Inflated int64 // bytes that come out of a compressed file
	Entries  int   // of an archive or a workbook
	Sheets   int
	Depth    int // of JSON
	Number   int // characters of a JSON number
}

// DefaultLimits are shown to agencies before they send.
var DefaultLimits = Limits{File: 20 << 30, Columns: 10_000, Cell: 16 << 20, Record: 64 << 20, Label: 4 << 10,
	Inflated: 4 << 30, Entries: 10_000, Sheets: 200, Depth: 64, Number: 400}

func (l Limits) orDefault() Limits {
	d := DefaultLimits
	for _, x := range []struct{ is, usual *int64 }{{&l.File, &d.File}, {&l.Cell, &d.Cell}, {&l.Record, &d.Record}, {&l.Inflated, &d.Inflated}} {
		if *x.is <= 0 {
			*x.is = *x.usual
		}
	}
	for _, x := range []struct{ is, usual *int }{{&l.Columns, &d.Columns}, {&l.Label, &d.Label}, {&l.Entries, &d.Entries}, {&l.Sheets, &d.Sheets},
		{&l.Depth, &d.Depth}, {&l.Number, &d.Number}} {
		if *x.is <= 0 {
			*x.is = *x.usual
		}
	}
	return l
}

// A File is what was found. Its tables read from the io.ReaderAt given to
// Open, which must stay open and unchanged while they are used.
type File struct {
	Report Report
	Tables []Table // as Report.Tables, in the same order
	Early  bool    // there is one table, and Options.Early has all its rows; else it has been told to drop them
}

// A Table of a file. Rows may be called any number of times, also at once, and
// gives the same rows in the same order, in batches of at most 65,536 rows or
// about 16 MiB; the schema has one field for each of the report's fields.
type Table interface {
	privacy.Table
	Name() string
	// Header is the header as it stands in the file, one label a column, the
	// levels of a header of several rows joined by one space; nil: the file
	// has none.
	Header() []string
	// RawRows gives the decoded cells of each data row as they stand, before
	// any typing. The cells are valid until the next row.
	RawRows(ctx context.Context) iter.Seq2[[][]byte, error]
}

// A Refusal says that a file cannot be read, where it was found out, and what
// to do. Its text holds nothing of the file.
type Refusal struct {
	Code  string // stable, for translation: "empty", "html", "too-large", …
	Stage string // "sniff", "encoding", "dialect", "structure", "types", "convert"
	Row   int64  // data row from 1; 0: not about a row
	Line  int64  // physical line from 1; 0: not about a line
}

// refusals are the English sentences; pages translate by code.
var refusals = map[string]string{
	"empty":              "the file is empty: export the table again and send that",
	"too-large":          "a part of the file is over a limit: split the file, or check that its quotes are closed",
	"html":               "the file is a web page, not a table: download the data file itself and send that",
	"xml":                "the file is XML, not a table: open it in the program it comes from, save it as an Excel workbook (.xlsx) or CSV and send that",
	"pdf":                "the file is a PDF: send the table it was made from, or publish it as a document",
	"zip-empty":          "no table was found in the archive: pack the table itself and send that",
	"packed-damaged":     "the compressed file is damaged or was not sent whole: compress it again and send that",
	"packed-ratio":       "what comes out of the compressed file is over 400 times its size, as no table's data is: send the table itself",
	"packed-window":      "unpacking the file takes more than 128 MiB of memory: compress it with the usual settings and send that",
	"packed-twice":       "an archive lies inside an archive, or a compressed file is compressed again: unpack it once and send that",
	"zip-method":         "the archive is packed by a method that is not read: pack it with the usual one (Deflate) and send that",
	"archive":            "the file is a tar, 7-Zip or RAR archive: pack the tables as a ZIP and send that",
	"zip-damaged":        "the archive is damaged or was not sent whole: pack it again and send that",
	"workbook":           "the workbook is damaged, or was written against the rules of its format: open it, save it again as an Excel workbook (.xlsx) and send that",
	"encrypted":          "the file is protected by a password: take the password off, save it and send it again",
	"xls":                "the workbook is damaged, or older than Excel 5: open it, save it as an Excel workbook (.xlsx) and send that",
	"xlsb":               "the file is a binary workbook: save it as an Excel workbook (.xlsx) and send that",
	"ods":                "the OpenDocument file is damaged, or was written against the rules of its format: open it, save it again and send that",
	"office":             "the file is a text or a presentation, not a table: send the workbook or CSV its table was made from, or publish it as a document",
	"read-sheet":         "a sheet that the plan names is not in the workbook, or a file not in the archive: correct read.sheet in the plan",
	"read-table":         "a table that the plan names by its number is not in the file: correct read.table in the plan",
	"json-syntax":        "the JSON breaks the rules of RFC 8259 in this line: correct it, or write the file again with a program for JSON",
	"json-duplicate-key": "an object of the JSON has the same key twice: give each value a key of its own",
	"json-text":          "the JSON is not UTF-8, or holds half of a character: save it as UTF-8 and send that",
	"json-deep":          "the JSON nests more than 64 deep: send the records flatter",
	"json-shape":         "the JSON holds no list of records: send an array of objects, an object with such an array, or one object a line",
	"geojson":            "something among the features is no feature: send a FeatureCollection, or one feature a line",
	"geojson-crs":        "the coordinates are in another system than longitude and latitude: transform them to WGS 84 (EPSG:4326) and send that",
	"geometry":           "a geometry breaks the rules of RFC 7946: open rings, lines of one point or numbers left out; mend it and send the file again",
	"dbf":                "the table is damaged, or no dBASE file that is known: open it, save it again as dBASE or as CSV UTF-8 and send that",
	"dbf-cut":            "the table ends before its last row: send the whole file again",
	"shapefile":          "the map is damaged in this row: open it, export it again as a shapefile or GeoPackage and send that",
	"shapefile-type":     "the map holds surfaces of buildings or another kind of shape that is not read: export points, lines or polygons",
	"shapefile-count":    "shapes and rows of the map are not as many as each other: send the .shp and the .dbf of one export",
	"shapefile-dbf":      "the table of the map (.dbf) is not in the archive: pack .shp, .dbf, .prj and .shx of one name together",
	"sqlite":             "the database is damaged, or was changed while it was copied: make a copy with a program for SQLite (VACUUM INTO) and send that",
	"sqlite-memory":      "the database is too large for the way it was packed: send the database file itself, or alone in the archive",
	"binary":             "the file is not text: save the table as CSV UTF-8 and send that",
	"encoding-unknown":   "the file's encoding is not one that is read: save the table as CSV UTF-8 and send that",
	"parquet":            "the Parquet file is damaged, or was written against the rules of its format: write it again and send that",
	"binary-columns":     "every column of the file holds bytes that are no text, which are not taken: write numbers and text as such and send that",
	"parquet-encoding":   "a column of the Parquet file is in an encoding that is not read: write it again with the usual encodings (plain, dictionary, delta) and send that",
	"parquet-lzo":        "the Parquet file is compressed with LZO, which is not read: write it again with zstd or snappy and send that",
	"parquet-split":      "the columns of the Parquet file stand in other files: write it as one file and send that",
	"arrow":              "the Arrow file is damaged, or was written against the rules of its format: write it again and send that",
	"arrow-old":          "the Arrow file is in a form of before 2017, which is not read: write it again with a newer program and send that",
	"arrow-union":        "a column of the Arrow file is a union, whose values differ in type: make a column of each type and send that",
	"arrow-run-end":      "a column of the Arrow file is run-end encoded, which is not read: write its values out and send that",
	"arrow-list-view":    "a column of the Arrow file is a list view, which is not read: write it as a plain list and send that",
	"arrow-batch":        "a batch of the Arrow file is over the limit when unpacked: write it in batches of at most 65,536 rows and send that",
	"feather":            "the file is Feather of version 1, which is not read: write it as version 2 or as Parquet and send that",
	"encoding-pinned":    "the file cannot be read in the encoding its plan names: correct read.encoding in the plan",
	"read-locale":        "the plan names a locale that is not known: correct read.locale in the plan",
	"header-rows":        "the header rows named in the plan are not in the file: correct read.header_rows in the plan",
	"ragged-refused":     "a row has too many or too few cells, and the plan refuses such a file: correct the row and send the file again",
	"cell-type":          "a cell does not fit the type its plan names, and the plan refuses such a file: correct the cell and send the file again",
	"plan-type":          "the plan asks for a type or format that is not known: correct read.columns in the plan",
	"no-table":           "no table was found in the file: send a file with a header row and data rows",
	"unbalanced":         "the reader lost count of the rows, which is a fault of the program: report it; nothing was published",
	"changed":            "the file changed while it was read: send it again",
	"reader-failed":      "the file makes the reader fail: save the table as CSV UTF-8 and send that",
}

func (e *Refusal) Error() string {
	text, ok := refusals[e.Code]
	if !ok {
		text = e.Code
	}
	switch {
	case e.Row > 0:
		return fmt.Sprintf("read file: %s, row %d, line %d: %s", e.Stage, e.Row, e.Line, text)
	case e.Line > 0:
		return fmt.Sprintf("read file: %s, line %d: %s", e.Stage, e.Line, text)
	}
	return fmt.Sprintf("read file: %s: %s", e.Stage, text)
}

// headSize is how much of a file is shown to Sniff.
const headSize = 64 << 10

// Open finds the format by content and reads the file through once: its report
// is complete and its tables are ready. The error is a *Refusal, or one of ctx
// or of r.
func Open(ctx context.Context, r io.ReaderAt, size int64, name string, o Options) (*File, error) {
	o.Limits = o.Limits.orDefault()
	o.name, o.inside = name, read
	if o.Reading != nil && o.Reading.Locale != "" {
		if _, ok := localeNamed(o.Reading.Locale); !ok {
			return nil, &Refusal{Code: "read-locale", Stage: "sniff"}
		}
	}
	file, err := read(ctx, r, size, name, o)
	if err != nil {
		return nil, err
	}
	file.Report.File, file.Report.Bytes = name, size
	file.settleEarly(o.Early)
	if err := file.choose(readingOf(o).Table); err != nil {
		return nil, err
	}
	file.unread(readingOf(o).Columns)
	return file, nil
}

// opener reads all the tables of what may be any format.
type opener func(ctx context.Context, r io.ReaderAt, size int64, name string, o Options) (*File, error)

// read finds the format and reads all the tables there are.
func read(ctx context.Context, r io.ReaderAt, size int64, name string, o Options) (*File, error) {
	if size <= 0 {
		return nil, &Refusal{Code: "empty", Stage: "sniff"}
	}
	if size > o.Limits.File {
		return nil, &Refusal{Code: "too-large", Stage: "sniff"}
	}
	head := make([]byte, min(size, headSize))
	if n, err := r.ReadAt(head, 0); n < len(head) {
		if err == nil || err == io.EOF {
			return nil, &Refusal{Code: "changed", Stage: "sniff"}
		}
		return nil, fmt.Errorf("read file: sniff: %w", err)
	}
	if code := notATable(head); code != "" {
		return nil, &Refusal{Code: code, Stage: "sniff"}
	}
	for _, f := range Formats {
		if !f.Sniff(name, head) {
			continue
		}
		file, err := f.Open(ctx, r, size, o)
		if err != nil {
			return nil, err
		}
		if file.Report.Format == "" {
			file.Report.Format = f.Name
		}
		return file, nil
	}
	return nil, &Refusal{Code: "binary", Stage: "sniff"}
}

// settleEarly: the rows that were given early are of use only where they are
// those of the whole file.
func (f *File) settleEarly(to Early) {
	given := func(t Table) bool {
		own, ok := t.(*table)
		return ok && own.early
	}
	f.Early = len(f.Tables) == 1 && given(f.Tables[0])
	if !f.Early && slices.ContainsFunc(f.Tables, given) {
		to.Drop()
	}
}

// choose leaves the tables with these numbers, in the order of the file; none
// named: all of them. A question is told with its table's number among those
// that are left.
func (f *File) choose(numbers []int) error {
	if len(f.Tables) == 0 {
		return &Refusal{Code: "no-table", Stage: "structure"}
	}
	taken := make([]int, len(f.Tables)) // new number of each table, 0: left out
	if len(numbers) == 0 {
		for i := range taken {
			taken[i] = i + 1
		}
	}
	for _, n := range numbers {
		if n < 1 || n > len(taken) {
			return &Refusal{Code: "read-table", Stage: "structure"}
		}
		taken[n-1] = 1
	}
	var tables []Table
	var reports []TableReport
	for i := range taken {
		if taken[i] > 0 {
			tables, reports = append(tables, f.Tables[i]), append(reports, f.Report.Tables[i])
			taken[i] = len(tables)
		}
	}
	questions := []Question{}
	for _, q := range f.Report.Questions {
		if q.Table > 0 && taken[q.Table-1] == 0 {
			continue
		}
		if q.Table > 0 {
			q.Table = taken[q.Table-1]
		}
		if len(tables) == 1 {
			q.Table = 0
		}
		questions = append(questions, q)
	}
	f.Tables, f.Report.Tables, f.Report.Questions = tables, reports, questions
	return nil
}

// unread tells of columns that the plan reads in its own way and that are in
// none of the tables: they are misspelt, or have another name by now.
func (f *File) unread(columns map[string]privacy.ReadColumn) {
	for _, name := range slices.Sorted(maps.Keys(columns)) {
		one := &finder{reading: privacy.Reading{Columns: map[string]privacy.ReadColumn{name: columns[name]}}}
		met := slices.ContainsFunc(f.Report.Tables, func(t TableReport) bool {
			return slices.ContainsFunc(t.Fields, func(x Field) bool {
				_, ok := one.planFor(x.Key, x.Label)
				return ok || name == x.Key
			})
		})
		if !met {
			f.Report.Tables[0].problem("column-missing", seen{n: 1}, name, "column")
		}
	}
}

// foreign are the marks of files that no reader here takes. They come first,
// so that a web page named .csv is not read as text.
var foreign = []struct {
	mark string
	code string
}{
	{"%PDF-", "pdf"},
	{"\x89PNG", "binary"},
	{"\xff\xd8\xff", "binary"},
	{"GIF8", "binary"},
	{"\x7fELF", "binary"},
	{"\x09\x00\x04\x00", "xls"}, // Excel 2 to 5 without a container
	{"\x09\x02\x06\x00", "xls"},
	{"\x09\x04\x06\x00", "xls"},
	{"\x09\x08\x08\x00", "xls"},
	{"\x09\x08\x10\x00", "xls"},
	{"7z\xbc\xaf\x27\x1c", "archive"},
	{"Rar!\x1a\x07", "archive"},
}

// notATable returns the code of a refusal, or "".
func notATable(head []byte) string {
	for _, f := range foreign {
		if bytes.HasPrefix(head, []byte(f.mark)) {
			return f.code
		}
	}
	const tarMark = 257 // where a tar file has it
	if len(head) > tarMark && bytes.HasPrefix(head[tarMark:], []byte("ustar")) {
		return "archive"
	}
	text := bytes.TrimPrefix(head, []byte("\xef\xbb\xbf"))
	text = bytes.ToLower(bytes.TrimLeft(text[:min(len(text), 4096)], " \t\r\n"))
	for _, mark := range []string{"<!doctype html", "<html", "<head>", "<head ", "<body", "<table", "<script"} {
		if bytes.HasPrefix(text, []byte(mark)) {
			return "html"
		}
	}
	if bytes.HasPrefix(text, []byte("<?xml")) {
		if bytes.Contains(text, []byte("<html")) {
			return "html"
		}
		return "xml"
	}
	return ""
}
