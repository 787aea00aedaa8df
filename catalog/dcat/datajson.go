package dcat

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"unicode/utf8"

	"daylight/catalog"
	"daylight/catalog/codes"
)

// pod is the address of the standard, Project Open Data 1.1.
const pod = "https://project-open-data.cio.gov/v1.1/schema"

// WriteDataJSON writes the whole catalogue as DCAT-US 1.1 (non-federal). It is
// written as all is read, so memory stays flat; after an error w holds a
// document without its end. all comes in the order of ids: harvesters hash every entry, and
// the same entry must always be the same bytes. Datasets without a release are
// left out.
func WriteDataJSON(w io.Writer, site Site, all iter.Seq2[*catalog.Dataset, error]) error {
	out := bufio.NewWriterSize(w, 1<<16)
	fmt.Fprintf(out, `{"@context":%s,"@id":%s,"@type":"dcat:Catalog","conformsTo":%s,"describedBy":%s,"dataset":[`,
		quoted(pod+"/catalog.jsonld"), quoted(site.BaseURL+"/data.json"), quoted(pod), quoted(pod+"/catalog.json"))
	var line bytes.Buffer
	enc := json.NewEncoder(&line)
	enc.SetEscapeHTML(false)
	between := "\n"
	for d, err := range all {
		if err != nil {
			return fmt.Errorf("write data.json: %w", err)
		}
		e, err := entryOf(site, d)
		if errors.Is(err, ErrUnpublished) {
			continue
		}
		if err != nil {
			return fmt.Errorf("write data.json: %w", err)
		}
		line.Reset()
		if err := enc.Encode(e); err != nil {
			return fmt.Errorf("write data.json: dataset %s: %w", d.ID, err)
		}
		out.WriteString(between)
		if _, err := out.Write(bytes.TrimRight(line.Bytes(), "\n")); err != nil {
			return err // no use in reading on for a reader who has gone
		}
		between = ",\n"
	}
	out.WriteString("\n]}\n")
	return out.Flush()
}

func quoted(s string) string {
	b, _ := json.Marshal(s) // a string always has a form
	return string(b)
}

// entry is one dataset. The order of fields is the order of keys: do not
// change it, harvesters hash it.
type entry struct {
	Type         string            `json:"@type"`
	Identifier   string            `json:"identifier"`
	Title        string            `json:"title"`
	Description  string            `json:"description"`
	Keyword      []string          `json:"keyword,omitempty"`
	Modified     string            `json:"modified,omitempty"`
	Publisher    podPublisher      `json:"publisher"`
	ContactPoint podContact        `json:"contactPoint"`
	AccessLevel  string            `json:"accessLevel"`
	Rights       string            `json:"rights,omitempty"`
	License      string            `json:"license,omitempty"`
	Issued       string            `json:"issued,omitempty"`
	LandingPage  string            `json:"landingPage"`
	Language     []string          `json:"language"`
	Theme        []string          `json:"theme,omitempty"`
	Spatial      string            `json:"spatial,omitempty"`
	Temporal     string            `json:"temporal,omitempty"`
	Periodicity  string            `json:"accrualPeriodicity,omitempty"`
	Distribution []podDistribution `json:"distribution,omitempty"`
}

type podPublisher struct {
	Type string `json:"@type"`
	Name string `json:"name"`
}

type podContact struct {
	Type  string `json:"@type"`
	FN    string `json:"fn"`
	Email string `json:"hasEmail"`
}

type podDistribution struct {
	Type        string `json:"@type"`
	Title       string `json:"title"`
	Description string `json:"description"`
	DownloadURL string `json:"downloadURL"`
	MediaType   string `json:"mediaType"`
	Format      string `json:"format"`
	AccessURL   string `json:"accessURL"`
}

// entryOf is d in the portal's first language, Vietnamese, where it has it;
// keywords are in all languages.
func entryOf(site Site, d *catalog.Dataset) (entry, error) {
	r := d.Release
	if r == nil {
		return entry{}, fmt.Errorf("describe dataset %s: %w", d.ID, ErrUnpublished)
	}
	agency, err := site.agency(d)
	if err != nil {
		return entry{}, err
	}
	name := clean(agency.Name.In())
	fn := clean(agency.Contact.Name.In())
	if fn == "" {
		fn = name
	}
	e := entry{
		Type: "dcat:Dataset", Identifier: escapeIRI(site.dataset(d)),
		Title: clean(d.Title.In()), Description: clean(described(d).In()),
		Modified: instant(modified(d)), Issued: date(issued(d)),
		Publisher:    podPublisher{"org:Organization", name},
		ContactPoint: podContact{"vcard:Contact", fn, escapeIRI("mailto:" + agency.Contact.Email)},
		AccessLevel:  "public",
		LandingPage:  escapeIRI(site.landing(d)),
		Language:     languages(d),
	}
	for _, lang := range d.KeywordLanguages() {
		for _, w := range d.Keywords[lang] {
			if w = clean(w); !slices.Contains(e.Keyword, w) {
				e.Keyword = append(e.Keyword, w)
			}
		}
	}
	if l, ok := codes.Licences.Get(d.Licence); ok {
		e.License = escapeIRI(site.absolute(l.IRI))
	}
	for _, code := range d.Themes {
		if t, ok := codes.Themes.Get(code); ok {
			e.Theme = append(e.Theme, t.IRI)
		}
	}
	var places []string
	for _, p := range d.Places {
		if c, ok := codes.PlaceOf(p); ok {
			places = append(places, c.VI)
		}
	}
	e.Spatial = strings.Join(places, ", ")
	if d.From != "" && d.To != "" { // the standard knows no open period
		e.Temporal = d.From + "/" + d.To
	}
	if f, ok := codes.Frequencies.Get(d.Frequency); ok {
		e.Periodicity = f.Interval
	}
	if r.Withdrawn != nil {
		e.AccessLevel, e.Rights = "non-public", cut(clean(r.Withdrawn.Reason.In()), 255)
		return e, nil
	}
	for _, f := range r.Files {
		e.Distribution = append(e.Distribution, podDistribution{
			Type: "dcat:Distribution", Title: clean(fileTitle(r, f)), Description: clean(fileDescription(r, f).In()),
			DownloadURL: escapeIRI(site.download(d, f)), MediaType: mediaType(f), Format: formatName(f),
			AccessURL: e.LandingPage,
		})
	}
	return e, nil
}

// cut shortens s to at most n characters.
func cut(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s)[:n-1]) + "…"
}
