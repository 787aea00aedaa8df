package dcat

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"daylight/catalog"
	"daylight/catalog/codes"
)

// What search engines read of a dataset: schema.org, as it is wanted by
// Google's dataset search. It stands in the dataset's page and speaks the
// language of that page.

// Description lengths that search engines take, in characters.
const (
	leastDescription = 50
	mostDescription  = 5000
)

type schemaDataset struct {
	Context     string           `json:"@context"`
	Type        string           `json:"@type"`
	ID          string           `json:"@id"`
	Name        string           `json:"name"`
	Description string           `json:"description"`
	URL         string           `json:"url"`
	Identifier  string           `json:"identifier"`
	Language    []string         `json:"inLanguage"`
	Keywords    []string         `json:"keywords,omitempty"`
	License     string           `json:"license,omitempty"`
	Creator     schemaBody       `json:"creator"`
	Publisher   schemaBody       `json:"publisher"`
	Free        bool             `json:"isAccessibleForFree"`
	Conditions  string           `json:"conditionsOfAccess,omitempty"` // why there is nothing to load
	Catalog     schemaThing      `json:"includedInDataCatalog"`
	Published   string           `json:"datePublished,omitempty"`
	Modified    string           `json:"dateModified,omitempty"`
	Version     string           `json:"version,omitempty"`
	Temporal    string           `json:"temporalCoverage,omitempty"`
	Spatial     []schemaThing    `json:"spatialCoverage,omitempty"`
	Variables   []schemaVariable `json:"variableMeasured,omitempty"`
	Downloads   []schemaDownload `json:"distribution,omitempty"`
}

type schemaThing struct {
	Type   string `json:"@type"`
	ID     string `json:"@id,omitempty"`
	Name   string `json:"name"`
	URL    string `json:"url,omitempty"`
	SameAs string `json:"sameAs,omitempty"`
}

type schemaBody struct {
	Type    string `json:"@type"`
	ID      string `json:"@id"`
	Name    string `json:"name"`
	URL     string `json:"url"`
	SameAs  string `json:"sameAs,omitempty"`
	Contact struct {
		Type  string `json:"@type"`
		Kind  string `json:"contactType"`
		Name  string `json:"name"`
		Email string `json:"email"`
	} `json:"contactPoint"`
}

type schemaVariable struct {
	Type        string `json:"@type"`
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
	Unit        string `json:"unitText,omitempty"`
}

type schemaDownload struct {
	Type   string `json:"@type"`
	ID     string `json:"@id"`
	Name   string `json:"name"`
	URL    string `json:"contentUrl"`
	Format string `json:"encodingFormat"`
	Size   string `json:"contentSize"`
	SHA256 string `json:"sha256"`
}

// SchemaOrg describes a dataset as schema.org does, to be written as JSON into
// its page in this language. Page is the address of that page. Of a withheld
// or withdrawn dataset it says why there is nothing to load.
func SchemaOrg(site Site, d *catalog.Dataset, lang, page string) (any, error) {
	agency, ok := site.Agencies[d.Agency]
	if !ok {
		return nil, fmt.Errorf("describe dataset %s: its agency is unknown", d.ID)
	}
	who := schemaBody{Type: "GovernmentOrganization", ID: site.BaseURL + "/organization/" + string(agency.ID), Name: clean(agency.Name.In(lang)), URL: site.BaseURL + "/organizations/" + agency.Slug}
	if onTheWeb(agency.Homepage) {
		who.SameAs = escapeIRI(agency.Homepage)
	}
	who.Contact.Type, who.Contact.Kind = "ContactPoint", "customer service"
	who.Contact.Name, who.Contact.Email = clean(agency.Contact.Name.In(lang)), agency.Contact.Email
	x := schemaDataset{
		Context: "https://schema.org/", Type: "Dataset", ID: site.BaseURL + "/dataset/" + string(d.ID), URL: page, Identifier: string(d.ID),
		Name: clean(d.Title.In(lang)), Description: ofLength(site, d, agency, lang), Language: languagesOf(d), Creator: who, Publisher: who, Free: true,
		Catalog: schemaThing{Type: "DataCatalog", ID: site.BaseURL + "/catalog", Name: clean(site.Title.In(lang)), URL: site.BaseURL + "/"},
	}
	for _, word := range d.Keywords[lang] {
		x.Keywords = append(x.Keywords, clean(word))
	}
	if l, ok := codes.Licences.Get(d.Licence); ok {
		x.License = absolute(site, l.IRI)
	}
	if !d.Issued.IsZero() {
		x.Published = d.Issued.UTC().Format(time.DateOnly)
	}
	if !d.Modified.IsZero() {
		x.Modified = d.Modified.UTC().Format(time.RFC3339)
	}
	if d.From != "" || d.To != "" { // an open end is two full stops: ISO 8601-2
		x.Temporal = cmp.Or(d.From, "..") + "/" + cmp.Or(d.To, "..")
	}
	for _, address := range d.Places {
		if p, ok := codes.PlaceOf(address); ok {
			x.Spatial = append(x.Spatial, schemaThing{Type: "Place", Name: p.Label(lang), SameAs: absolute(site, p.IRI)})
		}
	}
	switch r := d.Release; {
	case r == nil && d.Withheld == nil:
		return nil, fmt.Errorf("describe dataset %s: %w", d.ID, ErrUnpublished)
	case r == nil:
		x.Free, x.Conditions = false, clean(d.Withheld.Reason.In(lang))
	case r.Withdrawn != nil:
		x.Free, x.Conditions, x.Version = false, clean(r.Withdrawn.Reason.In(lang)), itoa(r.N)
	default:
		x.Version = itoa(r.N)
		for _, t := range r.Tables {
			for _, c := range t.Columns {
				v := schemaVariable{Type: "PropertyValue", Name: clean(c.Key), Unit: clean(c.Unit)}
				if c.Label != c.Key {
					v.Description = clean(c.Label)
				}
				x.Variables = append(x.Variables, v)
			}
		}
		for _, f := range r.Files {
			x.Downloads = append(x.Downloads, schemaDownload{Type: "DataDownload", ID: site.BaseURL + "/dataset/" + string(d.ID) + "/resource/" + f.ResourceID,
				Name: clean(f.Name), URL: escapeIRI(downloadURL(site, d, f)), Format: mediaType(f), Size: strconv.FormatInt(f.Bytes, 10) + " B", SHA256: f.Ref.String()})
		}
	}
	return x, nil
}

// ofLength is the description in the length that search engines take: a short
// one is followed by who publishes what and where, a long one ends with a
// sentence.
func ofLength(site Site, d *catalog.Dataset, agency catalog.Agency, lang string) string {
	s := strings.TrimSpace(clean(described(d).In(lang)))
	if utf8.RuneCountInString(s) > mostDescription {
		return cutAtSentence(s, mostDescription)
	}
	if utf8.RuneCountInString(s) >= leastDescription {
		return s
	}
	title, by, at := clean(d.Title.In(lang)), clean(agency.Name.In(lang)), clean(site.Title.In(lang))
	more, period := "Bộ dữ liệu “%s” do %s công bố trên %s.", " Giai đoạn: %s đến %s."
	if lang == "en" {
		more, period = "The dataset “%s”, published by %s on %s.", " Period: %s to %s."
	}
	s = strings.TrimSpace(s + " " + fmt.Sprintf(more, title, by, at))
	if d.From != "" && d.To != "" {
		s += fmt.Sprintf(period, d.From, d.To)
	}
	if utf8.RuneCountInString(s) > mostDescription {
		return cutAtSentence(s, mostDescription)
	}
	return s
}

func cutAtSentence(s string, most int) string {
	s = string([]rune(s)[:most])
	if i := max(strings.LastIndex(s, ". "), strings.LastIndex(s, ".\n"), strings.LastIndex(s, "! "), strings.LastIndex(s, "? ")); i > len(s)/2 {
		return s[:i+1]
	}
	if i := strings.LastIndexAny(s, " \n"); i > len(s)/2 {
		s = s[:i]
	}
	return strings.TrimRight(string([]rune(s)[:min(utf8.RuneCountInString(s), most-1)]), " ,;:\n") + "…"
}
