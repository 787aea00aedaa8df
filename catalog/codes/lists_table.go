package codes

import "slices"

// An Entry is a concept as pages and files show it, the same for every list.
type Entry struct {
	Code      string   `json:"code"`
	IRI       string   `json:"iri"`
	Scheme    string   `json:"scheme,omitempty"`
	VI        string   `json:"vi"`
	EN        string   `json:"en"`
	DetailVI  string   `json:"detail_vi,omitempty"` // what Listing.Detail names; the same in both where it is no word
	DetailEN  string   `json:"detail_en,omitempty"`
	NoteVI    string   `json:"note_vi,omitempty"` // a sentence for its page
	NoteEN    string   `json:"note_en,omitempty"`
	ValidFrom string   `json:"valid_from,omitempty"` // first day, ISO 8601; "": not told
	ValidTo   string   `json:"valid_to,omitempty"`   // last day; "": in force
	From      []string `json:"made_of,omitempty"`    // codes in Listing.Earlier
	Into      string   `json:"became,omitempty"`     // code in Listing.Later
}

// Label is the entry in one language.
func (e Entry) Label(lang string) string { return either(lang, e.VI, e.EN) }

// Detail is what the list says besides the label.
func (e Entry) Detail(lang string) string { return either(lang, e.DetailVI, e.DetailEN) }

// with adds a detail that is no word of a language.
func (e Entry) with(detail string) Entry {
	e.DetailVI, e.DetailEN = detail, detail
	return e
}

// Note is a sentence about the entry; "" where there is nothing more to say.
func (e Entry) Note(lang string) string { return either(lang, e.NoteVI, e.NoteEN) }

func either(lang, vi, en string) string {
	if lang == "en" {
		return en
	}
	return vi
}

// A Listing is what is said of one list. Its code is the last part of its
// address, "/codes/{code}".
type Listing struct {
	Code     string `csv:"code"`
	File     string `csv:"file"` // beside this one
	VI       string `csv:"vi"`
	EN       string `csv:"en"`
	AboutVI  string `csv:"about_vi"` // what it is for
	AboutEN  string `csv:"about_en"`
	SourceVI string `csv:"source_vi"`
	SourceEN string `csv:"source_en"`
	Date     string `csv:"date"`      // of the source's edition, ISO 8601
	DetailVI string `csv:"detail_vi"` // heading of Entry.Detail; "": there is none
	DetailEN string `csv:"detail_en"`

	entries []Entry
	byCode  map[string]int
}

// Lists are all lists that come with the program, in the order they are shown.
var Lists = load("lists.csv", func(l *Listing) {
	l.entries = entriesOf[l.Code]()
	l.byCode = map[string]int{}
	for i, e := range l.entries {
		l.byCode[e.Code] = i
	}
})

// entriesOf is the one table from a list's address to its entries.
var entriesOf = map[string]func() []Entry{
	"life-events":                 entries(&LifeEvents),
	"administrative-units":        entries(&Provinces),
	"former-administrative-units": entries(&FormerProvinces),
	"themes":                      entries(&Themes),
	"frequencies":                 entries(&Frequencies),
	"licences":                    entries(&Licences),
	"licence-types":               entries(&LicenceTypes),
	"file-types":                  entries(&FileTypes),
	"languages":                   entries(&Languages),
	"places":                      entries(&Places),
	"publisher-types":             entries(&PublisherTypes),
	"access-rights":               entries(&AccessRights),
	"availability":                entries(&Availability),
}

// Addresses of the two lists of provinces, which lead to each other.
const (
	provinceList       = "administrative-units"
	formerProvinceList = "former-administrative-units"
)

func entries[T item](l *List[T]) func() []Entry {
	return func() []Entry {
		out := make([]Entry, 0, l.Len())
		for e := range l.All() {
			out = append(out, e.entry())
		}
		return out
	}
}

func (l Listing) concept() Concept {
	return Concept{Code: l.Code, IRI: "/codes/" + l.Code, VI: l.VI, EN: l.EN}
}
func (l Listing) entry() Entry { return l.concept().entry() }

// Title is the list's name in one language.
func (l Listing) Title(lang string) string { return either(lang, l.VI, l.EN) }

// About says what the list is for.
func (l Listing) About(lang string) string { return either(lang, l.AboutVI, l.AboutEN) }

// Source says where it is from.
func (l Listing) Source(lang string) string { return either(lang, l.SourceVI, l.SourceEN) }

// Detail is the heading of what entries say besides their label.
func (l Listing) Detail(lang string) string { return either(lang, l.DetailVI, l.DetailEN) }

// Len counts the entries.
func (l Listing) Len() int { return len(l.entries) }

// Entries gives all entries, in the order of the file.
func (l Listing) Entries() []Entry { return slices.Clone(l.entries) }

// Entry finds an entry by its code, written exactly.
func (l Listing) Entry(code string) (Entry, bool) {
	i, ok := l.byCode[code]
	if !ok {
		return Entry{}, false
	}
	return l.entries[i], true
}

// Earlier is the list that Entry.From speaks of; "" when there is none.
func (l Listing) Earlier() string {
	if l.Code == provinceList {
		return formerProvinceList
	}
	return ""
}

// Later is the list that Entry.Into speaks of; "" when there is none.
func (l Listing) Later() string {
	if l.Code == formerProvinceList {
		return provinceList
	}
	return ""
}
