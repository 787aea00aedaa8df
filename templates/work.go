package templates

import "time"

// The pages of an agency's people. They stand in shade: nothing on them is
// public, and nothing on them may be kept or found by a search engine.

// NavWork is the current entry on those pages.
const NavWork = "work"

// Work is what every page behind the door knows besides its Site.
type Work struct {
	User string // name of who is signed in
	Form string // hidden field of every form
}

// SignInPage asks for an API token in place of a page behind the door.
type SignInPage struct {
	Site  Site
	Next  string // where to go then
	Wrong bool   // the token that was sent does not sign in
}

// WorkPage is "/agency": an agency's uploads, those that wait for a decision
// first.
type WorkPage struct {
	Site    Site
	Work    Work
	Agency  Text // "": of all agencies
	Waiting []UploadLine
	Others  []UploadLine
	Dead    []DeadJob // for an administrator: work that was given up
}

// DeadJob is one of those.
type DeadJob struct {
	ID       int64
	Upload   Link
	Reason   string // a word of the family "dead"
	Attempts int
	At       time.Time
}

// SendPage is "/agency/send": the form that sends a file. What was typed comes
// back where something is wrong with it.
type SendPage struct {
	Site     Site
	Work     Work
	Datasets []SendChoice // the agency's; none: it must describe one first
	Locales  []string     // "" is the dataset's own
	Most     int64        // bytes of one file
	Once     string       // names this form, so that it makes one upload however often it is sent
	Wrong    string       // code of what is wrong; "": nothing
	Open     bool         // the part that may be left out is shown

	Dataset, Locale, NoteVI, NoteEN, NotBefore, Address string
}

// SendChoice is a dataset to send a file for.
type SendChoice struct{ Slug, Title string }

// WorkDatasetPage is "/agency/datasets/{slug}": the versions of a dataset, each
// of which can be taken back and given again.
type WorkDatasetPage struct {
	Site     Site
	Work     Work
	Title    Text
	Slug     string
	Versions []WorkVersion // newest first
	Wrong    string        // code of what is wrong with what was sent; "": nothing

	N, Successor       int // as sent
	ReasonVI, ReasonEN string
}

// WorkVersion is one of them.
type WorkVersion struct {
	N         int
	Published time.Time
	Rows      int64
	Link      Link
	Withdrawn bool
	Reason    Text
}

// UploadLine is an upload in a list.
type UploadLine struct {
	Dataset Link   // to the upload's page
	State   string // receiving, received, working, waiting, published, refused
	Stage   string // of the work
	Bytes   int64
	Created time.Time
	Result  Link // the release it became; zero: none
}
