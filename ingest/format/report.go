package format

import "daylight/privacy"

// A Report is what `check --json` prints: ingest.md section 1. Its names are
// stable. It holds counts, positions, labels and keys, and no value of the
// data; null tokens are named only from the known list and the plan's own.
type Report struct {
	File      string        `json:"file"`
	Bytes     int64         `json:"bytes"`
	SHA256    string        `json:"sha256"`
	Format    string        `json:"format"`           // of the tables; "zip" where the files in one hold several
	Packed    string        `json:"packed,omitempty"` // how the file was packed: gzip, zstd, xz, bzip2, zip
	Encoding  string        `json:"encoding"`
	BOM       bool          `json:"bom"`
	EOL       string        `json:"eol"`       // LF, CRLF, CR, mixed; "": one line without an end
	Delimiter string        `json:"delimiter"` // "": one column
	Quote     string        `json:"quote"`     // "": none
	Tables    []TableReport `json:"tables"`
	Questions []Question    `json:"questions"`
}

// TableReport is one table of the file. Fields has one entry for each column
// of the table's schema: the Columns of the file first, and after them a
// column "section" where section rows were carried down.
type TableReport struct {
	Name         string      `json:"name"`
	HeaderRow    int64       `json:"header_row"` // 1-based record of the lowest header row; 0: none
	Columns      int         `json:"columns"`
	DataRows     int64       `json:"data_rows"`
	Fields       []Field     `json:"fields"`
	Accounting   Accounting  `json:"accounting"`
	Problems     []Problem   `json:"problems"`
	Cells        []CellCount `json:"cells,omitzero"`         // filled by the caller after privacy.Examine
	AboutPersons *bool       `json:"about_persons,omitzero"` // the same
	Spans        []Span      `json:"spans,omitzero"`         // with --spans
}

// Field is one column.
type Field struct {
	Key      string           `json:"key"`
	Label    string           `json:"label"`
	Type     string           `json:"type"`   // integer, decimal(p,s), float, date, timestamp, boolean, text
	Format   string           `json:"format"` // how it stands in the file where that is not canonical
	Unit     string           `json:"unit,omitempty"`
	CRS      string           `json:"crs,omitempty"` // of a geometry: the reference of its coordinate system (package crs)
	Nulls    map[string]int64 `json:"nulls"`         // null tokens met, also in a text column, where they stay text
	Empty    int64            `json:"empty"`
	Evidence string           `json:"evidence"`     // "638 of 638": cells that fit, of those that are not null
	By       string           `json:"by,omitempty"` // "locale", "plan" or "file" (whose format declares types), where the cells alone did not decide
	Proposal string           `json:"proposal"`
	// Findings are filled by the caller: nil before an examination, [] when it found nothing.
	Findings []privacy.Finding `json:"findings,omitzero"`
}

// Accounting of every record of the file. Records is the sum of the rest.
type Accounting struct {
	Records        int64 `json:"records"`
	Header         int64 `json:"header"`
	Data           int64 `json:"data"`
	Preamble       int64 `json:"preamble"`
	Blank          int64 `json:"blank"`
	Section        int64 `json:"section"`
	Footer         int64 `json:"footer"`
	RepeatedHeader int64 `json:"repeated_header"`
	Rejected       int64 `json:"rejected"`
	Hidden         int64 `json:"hidden,omitzero"`  // rows of a sheet that are hidden there, and not taken
	Comment        int64 `json:"comment,omitzero"` // lines that the plan says are none
}

// Balanced says that no record is missing and none is counted twice.
func (a Accounting) Balanced() bool {
	return a.Records == a.Header+a.Data+a.Preamble+a.Blank+a.Section+a.Footer+a.RepeatedHeader+a.Rejected+a.Hidden+a.Comment
}

// A Problem is a code and the first position where it was met. Row counts data
// rows from 1 (0: not a data row), Line is the physical line where the record
// starts.
type Problem struct {
	Code   string `json:"code"`
	Row    int64  `json:"row"`
	Line   int64  `json:"line"`
	Column string `json:"column"`
	Wanted string `json:"wanted"`
	Count  int64  `json:"count"`
}

// A Question is asked of the agency; until it is answered the column stays text.
type Question struct {
	Code    string   `json:"code"`
	Column  string   `json:"column"`
	Choices []string `json:"choices"`
	Table   int      `json:"table,omitzero"` // its number, where the file holds several
}

// CellCount is a kind found in single cells of a column: privacy.md section 14.
type CellCount struct {
	Column   string       `json:"column"`
	Kind     privacy.Kind `json:"kind"`
	Count    int64        `json:"count"`
	FirstRow int64        `json:"first_row"`
}

// Span is one place in one cell, in code points from 0, end exclusive.
type Span struct {
	Row    int64        `json:"row"`
	Column string       `json:"column"`
	Kind   privacy.Kind `json:"kind"`
	From   int          `json:"from"`
	To     int          `json:"to"`
}
