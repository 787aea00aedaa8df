package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"daylight/catalog"
	"daylight/catalog/codes"
)

// A sourceFile is one entry of SOURCE.json: a file and what is said of it, or
// a dataset that is withheld as a whole, which has no file. The words of title, description and contact are text in one language or a map
// by language.
type sourceFile struct {
	File        string              `json:"file"`
	Slug        string              `json:"slug"`
	Agency      *sourceAgency       `json:"agency"`
	Publisher   words               `json:"publisher"`
	Contact     sourceContact       `json:"contact"`
	Title       words               `json:"title"`
	Description words               `json:"description"`
	Theme       string              `json:"theme_code"`
	Keywords    map[string][]string `json:"keywords"`
	Frequency   string              `json:"frequency"`
	Place       struct {
		IRI string `json:"iri"`
	} `json:"place"`
	From       string   `json:"from"`
	To         string   `json:"to"`
	Licence    string   `json:"licence"`
	Languages  []string `json:"languages"`
	Locale     string   `json:"locale"`
	Source     string   `json:"source"`
	Synthetic  bool     `json:"synthetic"`
	LifeEvents []string `json:"life_events"`
	// Withheld says why nothing of the dataset is published; its entry names a
	// slug and no file.
	Withheld *catalog.Withholding `json:"withheld"`
	// Note says what is new in this file against the one before it: entries with
	// the same slug are the releases of one dataset, in their order.
	Note words `json:"note"`
}

type sourceAgency struct {
	Slug        string        `json:"slug"`
	Name        words         `json:"name"`
	Description words         `json:"description"`
	Kind        string        `json:"kind"`
	Contact     sourceContact `json:"contact"`
}

type sourceContact struct {
	Name  words  `json:"name"`
	Email string `json:"email"`
}

// words are a catalog.Text that may be written as plain text.
type words catalog.Text

func (w *words) UnmarshalJSON(b []byte) error {
	var plain string
	if json.Unmarshal(b, &plain) == nil {
		*w = words{languageOf(plain): plain}
		return nil
	}
	return json.Unmarshal(b, (*map[string]string)(w))
}

// languageOf tells Vietnamese from the rest by letters that only it has.
func languageOf(s string) string {
	for _, r := range norm.NFC.String(s) {
		if r >= 0x1EA0 && r <= 0x1EF9 || strings.ContainsRune("ăâđêôơưĂÂĐÊÔƠƯ", r) {
			return "vi"
		}
	}
	return "en"
}

// readSources reads SOURCE.json of a folder. A folder without one is an error
// that says what is wanted.
func readSources(folder fs.FS) ([]sourceFile, error) {
	raw, err := fs.ReadFile(folder, "SOURCE.json")
	if err != nil {
		return nil, fmt.Errorf("the folder has no SOURCE.json, which says title, agency and licence of each file")
	}
	var all []sourceFile
	if err := json.Unmarshal(raw, &all); err != nil {
		return nil, fmt.Errorf("SOURCE.json is not a list of files: %w", err)
	}
	for _, f := range all {
		if f.Withheld != nil {
			if f.File != "" || f.Slug == "" {
				return nil, fmt.Errorf("SOURCE.json: what is withheld has a slug and no file")
			}
			continue
		}
		if !fs.ValidPath(f.File) || strings.Contains(f.File, "/") {
			return nil, fmt.Errorf("SOURCE.json names a file that is not in the folder itself")
		}
	}
	return all, nil
}

// agency is who publishes the file. Entries without one of their own are
// published by an agency made of their publisher's name.
func (f sourceFile) agency() catalog.Agency {
	a := catalog.Agency{Kind: "NationalAuthority"}
	if f.Agency != nil {
		a.Slug, a.Name, a.Description, a.Kind = f.Agency.Slug, catalog.Text(f.Agency.Name), catalog.Text(f.Agency.Description), f.Agency.Kind
		a.Contact = catalog.Contact{Name: catalog.Text(f.Agency.Contact.Name), Email: f.Agency.Contact.Email}
		return a
	}
	a.Name = catalog.Text(f.Publisher)
	a.Slug = catalog.Slug(a.Name.In("vi", "en"))
	a.Contact = catalog.Contact{Name: catalog.Text(f.Contact.Name), Email: f.Contact.Email}
	return a
}

// slug is the dataset's address; an entry without one has it from its file.
func (f sourceFile) slug() string {
	if f.Slug != "" {
		return f.Slug
	}
	base, _, _ := strings.Cut(f.File, ".")
	return catalog.Slug(strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return ' '
	}, base))
}

// dataset is what the catalogue says of the file.
func (f sourceFile) dataset(agency catalog.AgencyID) catalog.Dataset {
	d := catalog.Dataset{
		Slug: f.slug(), Agency: agency, Title: catalog.Text(f.Title), Description: catalog.Text(f.Description),
		Keywords: f.Keywords, Themes: []string{f.Theme}, Places: []string{f.Place.IRI}, From: f.From, To: f.To,
		Frequency: f.Frequency, Languages: f.Languages, Source: f.Source, LifeEvents: f.LifeEvents, Synthetic: f.Synthetic, Locale: f.Locale,
	}
	d.Licence = f.Licence
	if !codes.Licences.Has(f.Licence) {
		if l, ok := codes.LicenceNamed(f.Licence); ok {
			d.Licence = l.Code
		}
	}
	return d
}

// planOf is the plan beside a file, else "auto".
func planOf(folder fs.FS, file string) []byte {
	if raw, err := fs.ReadFile(folder, file+".plan.yaml"); err == nil {
		return raw
	}
	return []byte("auto")
}

// onceKey names this file with this plan for this dataset: sent again, it is
// the same upload.
func onceKey(slug string, content, plan []byte) string {
	h := sha256.New()
	fmt.Fprintf(h, "%s\x00%d\x00", slug, len(content))
	h.Write(content)
	h.Write(plan)
	return "demo-" + hex.EncodeToString(h.Sum(nil)[:16])
}
