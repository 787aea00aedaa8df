package datasets

import (
	"io"

	"github.com/apache/arrow/go/v17/arrow"

	"daylight/privacy"
)

// A Format is one way a table is written for the public. Every format writes
// every table it takes: the same rows, in the same order, cell for cell.
type Format struct {
	Name      string // as in an address: "csv"
	Ext       string // with the dot: ".csv"
	MediaType string

	// Takes says whether a table of this schema can be written; nil: every one.
	Takes func(s *arrow.Schema) bool

	// New starts a file. Nothing is complete before Writer.Close.
	New func(w io.WriteSeeker, s *arrow.Schema) (Writer, error)

	// Read opens a file that New wrote; it is strict and reads nothing else
	// gladly. The table's text, cell by cell in the form of privacy.AppendCell,
	// is what was written; a format without types reads every column as text.
	Read func(r io.ReaderAt, size int64) (privacy.Table, error)
}

// A Writer takes the rows of one file in order. Records have the schema that
// New was given. Close finishes the file and does not close what is beneath.
type Writer interface {
	Write(arrow.Record) error
	Close() error
}

// Formats are those a release is written in, the most readable first.
// To add one: copy csv.go, add its line here, and the suite in formats_test.go
// runs it.
var Formats = []Format{
	csvFormat,
	geojsonFormat,
	parquetFormat,
	arrowFormat,
}

// formatsFor are those that a table of this schema is written in.
func formatsFor(s *arrow.Schema) []Format {
	var out []Format
	for _, f := range Formats {
		if f.Takes == nil || f.Takes(s) {
			out = append(out, f)
		}
	}
	return out
}

// FormatOf gives the format of this name.
func FormatOf(name string) (Format, bool) {
	for _, f := range Formats {
		if f.Name == name {
			return f, true
		}
	}
	return Format{}, false
}
