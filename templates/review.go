package templates

import "time"

// ReviewPage is "/agency/uploads/{id}": what a person decides over one upload.
// No field holds a value of the file but those of Panes, which privacy made.
type ReviewPage struct {
	Site     Site
	Work     Work
	Post     string // where its forms are sent
	Dataset  Link
	FileName string // "": held back
	Sent     time.Time
	Bytes    int64
	SHA256   string // of the file as it arrived; "": not all of it is there
	Mine     bool   // the reader sent it

	State      string    // of the upload
	Progress   *Progress // of the work; nil: it has not begun
	Events     string    // address of its events; "": there are none
	Problems   []ReviewProblem
	Noticed    []ReviewNoticed
	KeptUntil  time.Time // when the original's key is destroyed; zero: for good
	Destroyed  bool      // it has been
	NotBefore  string    // when it may become public, in the clock of Vietnam; "": at once
	Versions   string    // address of the dataset's versions
	CSV        string    // address of the problems file; "": there is none
	Result     Link      // the release it became
	Step       int       // of six, from 1
	ReasonWord string    // with state refused: what the person who sent it back wrote

	Questions      []ReviewQuestion
	Read           *ReviewRead // how the file is read; nil: not shown
	Tables         []ReviewTable
	Decidable      bool // the form is shown
	Expires        string
	Two            bool
	Slips          []ReviewSlip   // what the form that was sent lacks
	NoteWanted     bool           // the note that came cannot be public
	NoteVI, NoteEN string         // as typed
	Schemas        []ReviewSchema // what the tables are held to
	Lists          []string       // code lists that a column may hold codes of
	Broken         bool           // the file breaks its schema
	Refusal        string         // a word of the family "refusal": why the last form did nothing

	Panes    []ReviewPane // what the public will see; nil: not tried yet
	Lost     bool         // it was tried, and its preview is gone
	MayNot   string       // why the reader may not approve: not-ready, sender, decider; "": may
	PlanHash string
	Input    string
	Digest   string
}

// ReviewProblem is a sentence of the family "stop", or Detail in English.
type ReviewProblem struct {
	Code, Table, Column, Detail string
	Row                         int64
}

// ReviewNoticed is one kind of thing that the reading met: a sentence of the
// family "noticed", or Code.
type ReviewNoticed struct {
	Code, Table, Column, Wanted string
	Count, Row, Line            int64
}

// ReviewQuestion is asked because the file alone does not say.
type ReviewQuestion struct {
	N       int
	Code    string // of the family "ask"
	Table   string // "": the only one
	Column  string
	Choices []string // of the family "choice", or shown as they are
}

// ReviewRead is how the file is read, to be decided otherwise.
type ReviewRead struct {
	Pinned     bool // something is decided already
	Picks      []ReviewPick
	HeaderRows string // "2, 3"
	Columns    []ReviewReadColumn
}

// ReviewPick is one decision: Name is of the family "read", the options of
// "readas", or shown as they are.
type ReviewPick struct {
	Name, Value string
	Options     []string
}

// ReviewReadColumn is how one column is read.
type ReviewReadColumn struct {
	ID, Label                             string
	Type, Format, Numbers, Nulls, OnError string
	Trim                                  bool
	Types, NumberForms, OnErrors          []string
}

// ReviewSlip is a field of the form that cannot be accepted.
type ReviewSlip struct {
	ID   string // of the field
	Code string // of the family "slip"
	Name string // of its column; ""
}

// ReviewTable is one table, as understood and as decided.
type ReviewTable struct {
	N            int
	Name         string // "": the only one
	Rows         int64
	AboutPersons bool
	Columns      []ReviewColumn
	Keys         []string // columns that may be the key of a person
	Unit, Key    string
	Reason       string
	K, Percent   string
	Breaks       string // why what breaks the schema is taken
	Units        []string
}

// ReviewColumn is one column with its finding and its decision.
type ReviewColumn struct {
	ID       string // prefix of its fields
	Key      string
	Label    string
	Type     string
	Format   string
	Fit, Of  int64 // cells that fit the type, of those that are not empty; 0: not told
	Empty    int64
	Findings []ReviewFinding
	Weight   string // of its worst finding: none, public, review, block
	Why      string // of the family "why"; "": nobody proposed anything
	Do, N    string
	Class    string
	Text     string // the reason
	Deeds    []string
	Classes  []string
	Number   bool   // a number belongs to some of the deeds
	Wrong    string // of the family "slip"
}

// ReviewFinding is a kind found in a column or in single cells.
type ReviewFinding struct {
	Kind  string
	Rows  int64
	Cells int64
	First int64
}

// ReviewPane is one table before and after.
type ReviewPane struct {
	Name           string
	Sent           []string
	Before         [][]Cell
	Columns        []string
	After          [][]Cell
	Rows           int64
	Suppressed     int64
	Removed        int64
	Model          bool
	K              int
	SmallestOneIn  int64 // persons of the smallest group
	Classes        int64
	Share          float64
	ColumnsDropped int
}

// reviewSteps are the way of an upload, words of the family "step".
var reviewSteps = []string{"receive", "understand", "decide", "preview", "approve", "publish"}

// head is the headline: what there is to do now.
func (p ReviewPage) head() string {
	switch {
	case p.State == "published" || p.State == "refused" || p.State == "scheduled":
		return p.State
	case p.State != "waiting":
		return "working"
	case len(p.Panes) > 0:
		return "approve"
	case len(p.Questions) > 0:
		return "answer"
	}
	for _, t := range p.Tables {
		if t.AboutPersons {
			return "persons"
		}
	}
	return "decide"
}

// ReviewSchema is the Table Schema of one table, as a form.
type ReviewSchema struct {
	N       int
	Table   string
	Held    bool   // the files are held to it; else it is suggested
	JSON    string // the whole of it; "": there is none
	Fields  []ReviewSchemaField
	Pointer string // to what is wrong with what was typed
	Wrong   string // in English; "": nothing
}

// ReviewSchemaField is a column of it.
type ReviewSchemaField struct {
	Name, Label               string
	Required, Unique, Key     bool
	Minimum, Maximum, Pattern string
	List                      string // "codes/themes", "dan-so@3#ma"
}
