package catalog

import (
	"slices"
	"time"

	"daylight/datasets"
	"daylight/privacy"
)

// DatasetID is the UUID of a dataset. Slugs change, it does not.
type DatasetID string

// A Dataset is what an agency says about one collection of data: all that the
// public sees of it but its rows. A public one has a Release or is Withheld.
type Dataset struct {
	ID          DatasetID           `json:"id"`
	Slug        string              `json:"slug"`
	Agency      AgencyID            `json:"agency"`
	Title       Text                `json:"title"`
	Description Text                `json:"description"`
	Keywords    map[string][]string `json:"keywords"`              // by language
	Themes      []string            `json:"themes"`                // codes in codes.Themes
	Places      []string            `json:"places"`                // IRIs that codes.PlaceOf knows
	From        string              `json:"from,omitempty"`        // first day the data speak of, ISO 8601: "2025-01-01"
	To          string              `json:"to,omitempty"`          // last day
	Frequency   string              `json:"frequency"`             // code in codes.Frequencies
	Languages   []string            `json:"languages,omitempty"`   // of the data, codes in codes.Languages; none: Vietnamese
	Licence     string              `json:"licence"`               // code in codes.Licences
	Source      string              `json:"source,omitempty"`      // address of where the agency has it from
	LifeEvents  []string            `json:"life_events,omitempty"` // codes in codes.LifeEvents
	Synthetic   bool                `json:"synthetic,omitempty"`   // the rows are invented, and labelled so
	Locale      string              `json:"locale,omitempty"`      // how its files write numbers and dates: "vi", "en-US"; "": as found

	// Of the published dataset; not stored with the words above.
	Issued   time.Time `json:"issued,omitzero"`   // first publication
	Modified time.Time `json:"modified,omitzero"` // latest release or change of words
	Release  *Release  `json:"release,omitempty"` // the current one; nil in a draft, and where all of it is withheld
	// Withheld says why nothing of the dataset is published; then Release is nil.
	Withheld *Withholding `json:"withheld,omitempty"`
}

// A Release is one published state of a dataset. It never changes; it can only
// be withdrawn.
type Release struct {
	Dataset   DatasetID            `json:"dataset"`
	N         int                  `json:"n"` // from 1
	Published time.Time            `json:"published"`
	Rows      int64                `json:"rows"`             // of all its tables
	Note      Text                 `json:"note,omitempty"`   // what is new
	Tables    []datasets.TableInfo `json:"tables,omitempty"` // columns and statistics; nil where the reader left them out
	Files     []File               `json:"files"`            // by table, then in the order of formats
	Privacy   []privacy.Statement  `json:"privacy"`          // what was done before publication, one a table
	Withdrawn *Withdrawal          `json:"withdrawn,omitempty"`
}

// A File is a released file. ResourceID names it over all releases: the CSV of
// a table is the same resource in release 1 and 9.
type File struct {
	datasets.File
	ResourceID string `json:"resource"`
}

// A Withdrawal says why a release can no longer be had.
type Withdrawal struct {
	At        time.Time `json:"at"`
	Reason    Text      `json:"reason"`
	Successor int       `json:"successor,omitempty"` // release to use instead; 0: none
}

// File finds a file of the release by its name.
func (r *Release) File(name string) (File, bool) {
	for _, f := range r.Files {
		if f.Name == name {
			return f, true
		}
	}
	return File{}, false
}

// Tidy brings the words of d into the form that Check demands, where that
// loses nothing: NFC, no space around, no empty languages, nothing twice.
func (d *Dataset) Tidy() {
	d.Title, d.Description = d.Title.tidy(), d.Description.tidy()
	d.Slug, d.Source = tidy(d.Slug), tidy(d.Source)
	keywords := map[string][]string{}
	for lang, words := range d.Keywords {
		if words = tidyList(words); len(words) > 0 {
			keywords[lang] = words
		}
	}
	d.Keywords = keywords
	d.Themes, d.Places, d.Languages = tidyList(d.Themes), tidyList(d.Places), tidyList(d.Languages)
	d.LifeEvents = tidyList(d.LifeEvents)
}

// tidyList tidies each word and drops empty ones and those that came before.
func tidyList(words []string) []string {
	var out []string
	for _, w := range words {
		if w = tidy(w); w != "" && !slices.Contains(out, w) {
			out = append(out, w)
		}
	}
	return out
}

// KeywordLanguages lists the languages that have keywords: Vietnamese, English,
// then the others by the alphabet.
func (d *Dataset) KeywordLanguages() []string {
	out := make([]string, 0, len(d.Keywords))
	for l, words := range d.Keywords {
		if len(words) > 0 {
			out = append(out, l)
		}
	}
	slices.SortFunc(out, compareLanguages)
	return out
}
