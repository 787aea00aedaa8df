package datasets

import (
	"slices"

	"daylight/privacy"
)

// A Release is a set of files on the shelf that came from cleared tables and
// passed the gates. Only Shelf.Publish makes one; the zero Release holds no
// file, and the catalogue refuses it.
type Release struct {
	files   []File
	tables  []TableInfo
	reports []privacy.Report
}

// A File is one table in one format.
type File struct {
	Name      string `json:"name"` // "data.csv", or "{table}.csv" where there are several
	Table     string `json:"table"`
	Format    string `json:"format"`
	MediaType string `json:"media_type"`
	Ref       Ref    `json:"sha256"`
	Bytes     int64  `json:"bytes"`
	Rows      int64  `json:"rows"`
}

// Files are by table, then in the order of Formats.
func (r *Release) Files() []File { return slices.Clone(r.files) }

// Tables are in the order they were given to Publish.
func (r *Release) Tables() []TableInfo { return slices.Clone(r.tables) }

// Reports are those of privacy, one a table, in the same order.
func (r *Release) Reports() []privacy.Report { return slices.Clone(r.reports) }

// Rows counts the rows of all tables.
func (r *Release) Rows() int64 {
	var n int64
	for _, t := range r.tables {
		n += t.Rows
	}
	return n
}
