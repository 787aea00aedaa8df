// Package privacy decides what may leave.
//
// It examines a table (which columns and cells hold personal data), applies an
// agency's plan (a treatment for every column, guards over the whole table),
// and checks what was written from the result. It is pure: Arrow in, Arrow out;
// no files, no databases, no clock. What it needs from outside comes in as a
// Setting. No error or report of this package ever holds a value of the data:
// position, kind and count only.
package privacy

import (
	"context"
	"errors"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"daylight/privacy/crs"
)

// A Table can be read again from the start: the same rows in the same order.
//
// Field names are column keys ([a-z0-9_]); MetaLabel in a field's metadata is
// the header as the agency wrote it. Types are those of ingest: utf8, int64,
// decimal128, float64, bool, date32, timestamp[us], and binary for a geometry
// (see MetaGeometry).
type Table interface {
	Schema() *arrow.Schema
	Rows(ctx context.Context) (array.RecordReader, error)
}

// Keys of a field's metadata that travel with a table.
const (
	MetaLabel  = "label"  // header as written, NFC
	MetaFormat = "format" // how dates and numbers stood in the file, as "d/m/y"
	MetaUnit   = "unit"   // one unit common to every cell, as "%"

	// MetaGeometry marks a Binary column whose cells are geometries in WKB; its
	// value is the reference of the coordinate system (package crs).
	MetaGeometry = "geometry"
)

// CRS84 is longitude and latitude in degrees on WGS84.
const CRS84 = crs.CRS84

// Kind names what a detector finds: "cccd", "phone_vn", "email".
type Kind string

// Class says what a column tells about a person.
type Class int

const (
	ClassNone      Class = iota
	ClassDirect          // names or numbers a person
	ClassQuasi           // narrows a person down together with others
	ClassSensitive       // must not be learnt of a person
	ClassText            // free text, scanned cell by cell
	ClassPublic          // lawfully public, as a company's tax code
)

// Strength says how much a single valid cell proves.
type Strength int

const (
	Weak   Strength = iota // no usable check
	Medium                 // a random value validates in at most 16 of 100 cases
	Strong                 // in at most 2 of 100
)

// Decision is what a finding asks for. A finding is closed by default.
type Decision int

const (
	None        Decision = iota
	AllowPublic          // found, and lawfully public
	Review               // a person must look
	Block                // must not leave as it is
)

// A Finding reports one kind in one column. It holds no value.
type Finding struct {
	Column   int      `json:"-"` // index in the schema
	Kind     Kind     `json:"kind"`
	Class    Class    `json:"-"`
	Rule     string   `json:"rule"` // "strong", "medium+hint", "weak+hint", "small", "joint", "name", "sparse", "header", …
	Decision Decision `json:"decision"`
	Valid    int64    `json:"valid"`    // distinct values that validate
	Distinct int64    `json:"distinct"` // distinct non-empty values
	Rows     int64    `json:"rows"`     // non-empty cells
	Wilson   float64  `json:"wilson"`   // lower bound of Valid/Distinct
	LLR      float64  `json:"-"`        // log likelihood ratio, for ties
	Hint     int      `json:"hint"`     // +1 the name says so, -1 it says another kind
	Cells    int64    `json:"-"`        // rule "sparse": cells with a finding
	First    int64    `json:"-"`        // rule "sparse": first data row, from 1
}

// ColumnProfile is what Examine saw in one column.
type ColumnProfile struct {
	Name, Label string
	Type        arrow.DataType
	Rows, Nulls int64
	Distinct    int64
	Quasi       bool // narrows a person down, in a table about persons
	// ByRows: the distinct values outgrew the memory set aside for them, and
	// rows are counted instead; Distinct is then the number of non-empty rows.
	ByRows bool
	// Points: a geometry column in which every geometry is a point in degrees,
	// so that it can be snapped.
	Points bool
	// NameHeld: the header itself matches a detector (in a file without a
	// header line the header is a row of data): show "column N" instead.
	NameHeld bool
}

// A Profile is the whole of an examination: counts and positions.
type Profile struct {
	Rows         int64
	Columns      []ColumnProfile
	Findings     []Finding // by column, then by weight
	AboutPersons bool
}

// Of gives the findings of one column.
func (p Profile) Of(column int) []Finding {
	var out []Finding
	for _, f := range p.Findings {
		if f.Column == column {
			out = append(out, f)
		}
	}
	return out
}

var (
	// ErrUndecided: a column, a finding or a guard has no decision. Nothing is cleared.
	ErrUndecided = errors.New("privacy: undecided")
	// ErrRefused: a plan, a guard or a gate says no. Nothing is cleared.
	ErrRefused = errors.New("privacy: refused")
)

// A Problem says where and why, never with a value. Its Error wraps ErrUndecided or ErrRefused.
type Problem struct {
	Err    error  // ErrUndecided or ErrRefused
	Table  string // the table's shown name, where the file holds several; set by the caller
	Column string // the column's shown name ("column 3" where the name itself is held); "" for the table
	Row    int64  // data row from 1; 0 when it is not about a row
	Code   string // stable, for translation: "column-undecided", "finding-undecided", "no-guard", "suppress-max", "gate-rescan", …
	Detail string // English, one sentence with what to do; no value of the data
}

// Setting carries what privacy needs from outside. The zero Setting has no
// clock and no keys, and plans that need them refuse.
type Setting struct {
	Now  time.Time // for expiry and for years in personal numbers; zero: any year is believed
	Keys Keys      // nil: plans with a pseudonym refuse
	// Earlier is true when a release of this table stands already. Until
	// composition over versions exists, a table about persons is then refused.
	Earlier bool
	// EarlierPersons: one of the dataset's earlier releases, withdrawn ones with
	// them, holds a table about persons. What differs between it and any further
	// release would speak of them, whatever the further one calls itself.
	EarlierPersons bool
	// Key are the keys of the columns that tell one row from another; nil: none
	// is known.
	Key []string
	// Agreed is what a person has agreed to after a preview; nil: nobody was
	// asked, and plans that want two persons are refused.
	Agreed *Agreed
	// Linked: a key links the table to another one that is about persons, so it
	// is about persons too.
	Linked bool
	// Hierarchies finds a generalisation hierarchy by the name the plan uses.
	Hierarchies func(name string) (Hierarchy, error)
}

// Keys gives the HMAC key with this id (audience "shared" only).
type Keys func(id string) ([]byte, error)
