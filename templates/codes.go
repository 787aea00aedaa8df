package templates

// CodesPage is "/codes": the lists that metadata is written in.
type CodesPage struct {
	Site  Site
	Lists []CodeList
}

// CodeList is what is said of one list.
type CodeList struct {
	URL    string
	Name   Text
	About  Text // what it is for
	Source Text
	Date   string // of the source: "2025-07-01" or "2021"
	N      int    // entries
}

// CodeListPage is "/codes/{list}".
type CodeListPage struct {
	Site   Site
	List   CodeList
	Q      string // what the entries are filtered by; "": nothing
	Detail Text   // heading of Concept.Detail; "": the list has none
	Dated  bool   // entries say since when, or until when
	From   Text   // heading of what entries were made of; "": the list has no such column
	Into   Text   // heading of what entries became part of
	Rows   []Concept
	Found  int // entries that the filter finds, on all pages
	Pages  Pager
	Other  *Link // the list before or after this one
	JSON   string
	CSV    string
	Turtle string // "": the list is not written as RDF
}

// Concept is one entry of a list.
type Concept struct {
	URL       string // of its page
	Code      string
	VI, EN    Text
	Detail    Text
	ValidFrom string // "01/07/2025", in the page's language; "": not told
	ValidTo   string
	From      []Link
	Into      []Link
}

// ConceptPage is "/codes/{list}/{code}".
type ConceptPage struct {
	Site    Site
	List    Link
	Concept Concept
	Name    Text   // in the page's language
	Note    Text   // a sentence more about it
	Basis   Text   // the law it rests on; "": not told
	Detail  Text   // heading of Concept.Detail
	IRI     string // whole; what other portals know it by
	Scheme  string // whole; "": in none that has an IRI
	Own     bool   // the IRI is this page
	Other   []Text // names by which the search finds it too
	Count   int    // datasets that use it
	Search  string // the search for them; "": datasets are not found by it
}
