package format

// records is a source of records: lines of a text, rows of a sheet, objects of
// a list. The record that at points to is replaced by each next, which returns
// io.EOF after the last.
type records interface {
	next() error
	at() *record
}

// record is the one at hand. Its start is the end of the one before it.
type record struct {
	cells      []cell
	start, end int64 // offsets in the source, in bytes of it
	line       int64 // physical line where it starts, or row of the sheet, from 1
	n          int64 // number of the record, from 1
	blank      bool  // nothing stands in it
	hidden     bool  // the agency's own program does not show it
	comment    bool  // the plan says that it is none
}

// cell is one cell of a record, valid until the next record.
type cell struct {
	b      []byte
	quoted bool // empty text, where b is empty, and not null
	as     cellKind
}

// cellKind is what a source that has types says of a cell.
type cellKind uint8

const (
	asFound    cellKind = iota // nothing: the characters decide
	asNumber                   // a number: its point is the decimal one, whatever the column's habits
	asShare                    // the same, shown as per cent
	asDay                      // a date of a calendar; in a column of times it is midnight
	asGeometry                 // a geometry object of GeoJSON
	asWKB                      // a geometry, as the bytes of package geometry
	asText                     // text, also where it looks like a number; whole columns of ISO dates are dates
)
