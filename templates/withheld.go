package templates

import "time"

// NavWithheld: the register is the current entry of the head.
const NavWithheld = "withheld"

// A Withholding says why a dataset is not published.
type Withholding struct {
	URL        string // its page in the register
	Title      Text   // of the dataset
	DatasetURL string
	Agency     Link
	Restricted bool // some may have the data
	Reason     Text
	Law        Text
	Article    string
	LawURL     string
	Unit       Text
	Decided    time.Time
	Review     time.Time
	Overdue    bool // the day of review has passed
	Appeal     Text
	Since      time.Time
	Modified   time.Time
	Ended      time.Time // the dataset was published; zero: it stands
}

// WithheldPage is "/withheld": the register of what is withheld.
type WithheldPage struct {
	Site     Site
	Standing int // datasets withheld as a whole
	Overdue  int // of them, with a day of review that has passed
	Ended    int // published since
	Datasets int // published datasets of which columns were left out
	Columns  int // the columns that were left out
	// Agencies are those to choose from; the first stands for all, its Value is "".
	Agencies []FacetValue
	Entries  []Withholding
	Pages    Pager
	Parts    []WithheldPart
	PartPage Pager
	Files    []Alternate // the register for programs
}

// A WithheldPart is a published dataset of which privacy left out columns.
type WithheldPart struct {
	Title  Text
	URL    string // of its privacy statement
	Agency Link
	N      int // columns
	Kinds  []LeftOut
}

// WithholdingPage is "/withheld/{id}".
type WithholdingPage struct {
	Site Site
	Withholding
	Version *Link // what it was published as, once the withholding has ended; nil: nothing
}

// HeldPage is "/datasets/{slug}" of a dataset that is withheld as a whole.
type HeldPage struct {
	Site        Site
	Slug        string
	Title       Text
	Description Text
	Theme       Link
	Agency      Link
	Contact     Contact
	Place       Text
	Period      string
	Keywords    []Link
	Frequency   string
	Why         Withholding
	Alternates  []Alternate
	Structured  any // see DatasetPage
}
