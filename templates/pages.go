package templates

import "time"

// Every page is one struct; Render picks the template by its type. The structs
// hold what is shown and nothing else: package api fills them.
//
// Two rules for whoever fills them:
//
//   - A field named URL goes into href as it is. Links to pages carry the
//     language (Path makes them); links to files and to the API have none.
//   - Words that come from the catalogue are Text: the words, and their
//     language when it is not the page's. Sentences are not given: they come
//     from lang/*.json.

// Nav values of Site.Nav: which entry of the head is the current one.
const (
	NavDatasets   = "datasets"
	NavAgencies   = "agencies"
	NavDevelopers = "developers"
	NavAbout      = "about"
)

// Site is what every page knows.
type Site struct {
	Name    string // "": Daylight
	BaseURL string // "https://data.example", no slash at the end: canonical, hreflang, snippets
	// Path is the page's address without language and query: "/datasets/ho-khau".
	// Canonical and the link to the other language are made from it.
	Path string
	// Query belongs to the page's identity and follows it into the other
	// language, encoded, without "?": "q=dan+so&page=2". Usually "".
	Query string
	Nav   string // a Nav constant or ""
	Now   time.Time
	Demo  bool // says quietly that this is sample data and that persons in it are invented
}

// Text is words of the catalogue in one language. Lang is "" when it is the
// language of the page.
type Text struct {
	Words string
	Lang  string
}

// T is a Text in the page's language.
func T(words string) Text { return Text{Words: words} }

// Link is a name with an address. Without URL it is shown as words.
type Link struct {
	Text Text
	URL  string
}

// Count is a link with a figure: a theme and how many datasets it holds.
type Count struct {
	Label Text
	URL   string
	N     int
}

// Event is a life event that leads to its datasets.
type Event struct {
	Link  Link
	About Text // what it covers
	N     int
}

// Mark is a piece of a text; Hit when it is a found word.
type Mark struct {
	Text string
	Hit  bool
}

// DatasetCard is a dataset in a list.
type DatasetCard struct {
	URL          string
	Title        Text
	TitleMarks   []Mark // the same words as Title with the found ones marked; nil: Title
	Summary      Text
	SummaryMarks []Mark // the part of the description that was found; nil: Summary
	Columns      []Mark // keys of columns that the search found; nil: none
	Agency       Link
	Theme        Link
	Place        Text
	Period       string // "2019–2026", already in the page's language
	Updated      time.Time
	Version      int // number of the latest version; 1 is shown as new
	Note         Text
	Rows         int64 // -1: not a table
	Formats      []string
	Freshness    Freshness
	LeftOut      int          // columns that privacy left out
	Treated      int          // columns that privacy made coarser, masked or redacted
	Held         *Withholding // why nothing of it is published; nil: it is
}

// HomePage is "/".
type HomePage struct {
	Site     Site
	Datasets int
	Rows     int64
	Agencies int
	Waiting  int // files that wait for a decision and are therefore not public
	Withheld int // datasets that are withheld as a whole
	// Weeks are versions published per week, oldest first, the running week
	// last; up to 53. They are the rays of the sun.
	Weeks       []int
	Tries       []Link // searches to try, from what the catalogue really holds
	New         []DatasetCard
	Events      []Event
	EventsURL   string // the list of all life events
	Themes      []Count
	TopAgencies []Count
	// Sample is the dataset whose addresses the API example shows; "" leaves
	// the example out.
	SampleSlug, SampleFile string
}

// SearchPage is "/datasets".
type SearchPage struct {
	Site        Site
	Q           string
	Total       int
	First, Last int // positions of the results shown, from 1; 0 when none
	Took        time.Duration
	Results     []DatasetCard
	Facets      []Facet
	Chips       []Chip
	ClearURL    string // the search without any filter
	Sort        string // chosen, one of Sorts
	Sorts       []string
	Pages       Pager
	DidYouMean  *Link    // nil: nothing better is known
	Also        []string // other spellings that were searched as well
	Rebuilding  bool     // the index is being made anew; results may be missing
	TooDeep     bool     // the page asked for lies beyond what can be leafed through
	JSONURL     string   // the same search in the API
	Feed        string   // news of the same search, as Atom
}

// Orders that a search may be sorted by: values of Sort and Sorts.
const (
	SortRelevance = "relevance"
	SortUpdated   = "updated"
	SortTitle     = "title"
	SortRows      = "rows"
)

// Facet is one group of filters. Name is the parameter of the address; known
// names (theme, org, life_event, format, place, licence, frequency, year) have a heading in
// lang/*.json, others show Name. Its links are made from Site.Query: the same
// search with this one parameter set, or taken away where it is chosen.
type Facet struct {
	Name   string
	Values []FacetValue
}

// FacetValue is one link of a facet.
type FacetValue struct {
	Value  string // of the parameter
	Label  Text
	N      int
	Chosen bool
}

// Chip is a filter in use; URL is the search without it.
type Chip struct {
	Facet string // Name of its facet
	Label Text
	URL   string
}

// Pager is the row of pages under a list. The zero Pager shows nothing.
type Pager struct {
	Prev, Next string // addresses; "": none
	Items      []PageLink
}

// PageLink is one number in a Pager; N 0 is a gap.
type PageLink struct {
	N       int
	URL     string
	Current bool
}

// DatasetPage is "/datasets/{slug}": the latest version.
type DatasetPage struct {
	Site        Site
	Slug        string
	Title       Text
	Description Text
	Theme       Link
	Agency      Link
	Contact     Contact
	Licence     Licence
	Place       Link
	Period      string
	Events      []Link // life events
	Keywords    []Link
	Freshness   Freshness
	Issued      time.Time // first publication
	Version     Version   // the one shown
	Rows        int64     // -1: not a table
	Files       []File    // by table; the first is the main download
	Tables      []Table   // none where the version was withdrawn
	Privacy     Privacy
	Versions    []Version // newest first
	Change      *Change   // against the version before the one shown; nil: there is none to compare with
	Alternates  []Alternate
	// Structured is written as JSON into the page, for search engines; nil:
	// nothing. It is data and no script: the policy of the page lets none run.
	Structured any
}

// VersionPage is "/datasets/{slug}/v/{n}": the same page, with a notice that
// says which version it is. A withdrawn version has neither preview nor files.
type VersionPage struct {
	DatasetPage
	Latest Version
}

// Contact is a post of an agency, never a person.
type Contact struct {
	Post  Text
	Email string
	Phone string
	URL   string
}

// Licence of a dataset. Known codes have a sentence in lang/*.json.
type Licence struct {
	Code string // "CC-BY-4.0", "CC0-1.0"
	Name string // as it is shown
	URL  string
}

// Version is one numbered release.
type Version struct {
	N         int
	Date      time.Time
	Rows      int64
	Note      Text
	URL       string
	Withdrawn bool
	Reason    Text // of the withdrawal
	// Changes are the rows that changed against the version before, where they have
	// been counted; ChangesURL leads to them, "" where nothing is compared.
	Changes    *RowChanges
	ChangesURL string
}

// RowChanges counts the rows that changed from one version to another.
type RowChanges struct{ Added, Removed, Changed int64 }

// File is one published file of a version.
type File struct {
	Name      string
	Format    string // "CSV", "Parquet", "Arrow"
	MediaType string
	Size      int64
	Rows      int64  // -1: not a table
	URL       string // immutable: /datasets/{slug}/v/{n}/{file}
	SHA256    string // hex
	Schema    string // address of its Table Schema; "": it has none
}

// Table is one table of a version, with its first rows as they were published.
type Table struct {
	Name    string // as its files are named; shown where there are several
	Rows    int64
	Columns []Column
	First   [][]Cell
}

// Change is what became different in the version shown.
type Change struct {
	Before Version
	Tables []TableChange // none: the same tables, columns and numbers of rows
	URL    string        // of the rows that changed; "": they are not compared
}

// TableChange is about one table.
type TableChange struct {
	Name          string // shown where the version has several tables
	Came, Went    bool
	Before, After int64 // rows
	ColumnChanges
}

// ColumnChanges is what became different in the columns of a table.
type ColumnChanges struct {
	Added, Removed   []Column
	Renamed, Retyped []ColumnPair
}

// Same says that nothing differs.
func (c ColumnChanges) Same() bool {
	return len(c.Added)+len(c.Removed)+len(c.Renamed)+len(c.Retyped) == 0
}

// ColumnPair is a column that is another than before, by name, type or unit.
type ColumnPair struct{ Before, After Column }

// Cell is one value, written as in the published files: ISO dates, decimal point.
type Cell struct {
	Text       string
	Null       bool // the file has no value here
	Suppressed bool // privacy took the value out
}

// Column describes a published column by what was published.
type Column struct {
	Key     string
	Label   Text
	Meaning Text
	Type    string // text, integer, decimal, float, boolean, date, timestamp, geometry; others shown as they are
	Unit    string
	Rows    int64 // cells, empty ones with them
	Nulls   int64
	// Distinct values; -1: not counted.
	Distinct int64
	Min, Max string // canonical; "": not known
	// Bounds of geometries, in degrees: west, south, east, north; nil: none.
	Bounds []string
	// System is the coordinate system of geometries in another than degrees on
	// WGS 84: "EPSG:3405", "unknown"; "": none.
	System string
	// Bars are the distribution: heights in any unit, from the least value to
	// the greatest. Of words: the most frequent first, and Frequent is true.
	Bars     []float64
	Frequent bool
	// Treatment is what privacy did: "", keep, generalise, round, mask, redact, …
	Treatment string
}

// Numeric says whether values stand to the right.
func (c Column) Numeric() bool {
	return c.Type == "integer" || c.Type == "decimal" || c.Type == "float"
}

// Privacy is the public privacy statement of a version. Nothing of the
// original is in it but kinds and counts.
type Privacy struct {
	Persons bool // the table counts persons, so the guards over groups ran
	K       int  // every group holds at least so many persons; 0: no such guard
	L       int  // and so many different sensitive values; 0 or 1: no such guard
	// Grouped are the keys of the columns by which groups are formed.
	Grouped    []string
	LeftOut    []LeftOut
	Treated    []Treated
	Suppressed int64    // rows taken out or blanked because their group was too small
	Held       int64    // rows held for a later version
	RowsBefore int64    // rows before suppression; 0: not told. Share = Suppressed / RowsBefore
	Gates      []string // what was checked in the written files: rescan, recount, formats, uniques
	Decided    time.Time
	Expires    time.Time // zero: never
	PlanHash   string
}

// LeftOut are columns that stayed behind for one kind of reason.
type LeftOut struct {
	Kind string // a privacy.Kind (cccd, email, …) or a class (direct, quasi, sensitive, text); "": by decision of the agency
	N    int
}

// Treated is a published column that is not as it was sent.
type Treated struct {
	Column string // key
	Do     string // generalise, round, mask, redact, …
	Cells  int64  // changed; 0: not told
}

// Alternate is the same description in a machine's language.
type Alternate struct {
	Name      string // "Turtle", "JSON"
	MediaType string
	URL       string
}

// AgenciesPage is "/organizations".
type AgenciesPage struct {
	Site     Site
	Agencies []AgencyCard
}

// AgencyCard is an agency in the list.
type AgencyCard struct {
	URL         string
	Name        Text
	Description Text
	Datasets    int
	Last        time.Time // last publication; zero: none yet
}

// AgencyPage is "/organizations/{slug}".
type AgencyPage struct {
	Site        Site
	Name        Text
	Description Text
	Contact     Contact
	Homepage    string
	Total       int // datasets
	Rows        int64
	Last        time.Time
	Waiting     int // files that wait for a decision
	Withheld    int // datasets that are withheld as a whole
	WithheldURL string
	Datasets    []DatasetCard
	Themes      []Count
	Pages       Pager
	SearchURL   string // all its datasets in the search
	Feed        string // news of it, as Atom
}

// DevelopersPage is "/developers": the addresses for programs. Without
// uploads (a process that only reads) the part about sending files says so.
type DevelopersPage struct {
	Site    Site
	Uploads bool
	// Sample is a dataset that exists, for the examples; "": a placeholder is
	// shown and named as one.
	SampleSlug, SampleCSV, SampleParquet string
	SampleVersion                        int
}

// AboutPage is "/about": what this is, and the one rule.
type AboutPage struct {
	Site Site
}

// ProblemPage is "/problems/{name}": what the type of a problem+json means.
type ProblemPage struct {
	Site   Site
	Name   string // last part of the type
	Status int
	Title  string // as Problem or Say give it
	Advice string
}

// ErrorPage answers in place of a page that cannot be given. Its words come
// from Status. Nothing of the request is shown on it.
type ErrorPage struct {
	Site      Site
	Status    int
	RequestID string
	// RetryAfter is told with 429 and 503; 0: "in a moment".
	RetryAfter time.Duration
	Successor  *Link // 410: where to go instead; nil: the search
	Reason     Text  // 410: why it was withdrawn
}
