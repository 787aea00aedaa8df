package dcat

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"time"

	"daylight/catalog"
	"daylight/catalog/codes"
)

// DCAT-US 1.1 (Project Open Data), the schema for those who are not federal:
// bureau and programme codes exist in the United States only. Fields that have
// nothing to say are left out; their order, and that of lists, is fixed,
// because the harvester of data.gov hashes each entry.

type entry struct {
	Type          string   `json:"@type"`
	Identifier    string   `json:"identifier"`
	Title         string   `json:"title"`
	Description   string   `json:"description"`
	Keyword       []string `json:"keyword"`
	Modified      string   `json:"modified"`
	Publisher     body     `json:"publisher"`
	ContactPoint  contact  `json:"contactPoint"`
	AccessLevel   string   `json:"accessLevel"`
	Rights        string   `json:"rights,omitempty"` // why, where it is not public
	License       string   `json:"license,omitempty"`
	Issued        string   `json:"issued,omitempty"`
	LandingPage   string   `json:"landingPage"`
	Language      []string `json:"language"`
	Theme         []string `json:"theme,omitempty"`
	Spatial       string   `json:"spatial,omitempty"`
	Temporal      string   `json:"temporal,omitempty"`
	Periodicity   string   `json:"accrualPeriodicity,omitempty"`
	Distributions []offer  `json:"distribution,omitempty"`
}

type body struct {
	Type string `json:"@type"`
	Name string `json:"name"`
}

type contact struct {
	Type  string `json:"@type"`
	Name  string `json:"fn"`
	Email string `json:"hasEmail"`
}

type offer struct {
	Type        string `json:"@type"`
	Title       string `json:"title"`
	Description string `json:"description"`
	DownloadURL string `json:"downloadURL"`
	MediaType   string `json:"mediaType"`
	Format      string `json:"format"`
	AccessURL   string `json:"accessURL"`
}

// WriteDataJSON writes the whole catalogue as one DCAT-US 1.1 document, one
// entry a line. It streams: after an error the document is not whole.
func WriteDataJSON(w io.Writer, site Site, ds iter.Seq2[*catalog.Dataset, error]) error {
	return writeDataJSON(w, site, "/data.json", ds)
}

// WriteAgencyDataJSON writes the same for the datasets of one agency.
func WriteAgencyDataJSON(w io.Writer, site Site, a catalog.Agency, ds iter.Seq2[*catalog.Dataset, error]) error {
	return writeDataJSON(w, site, "/organization/"+string(a.ID)+"/data.json", ds)
}

func writeDataJSON(w io.Writer, site Site, path string, ds iter.Seq2[*catalog.Dataset, error]) error {
	const schema = "https://project-open-data.cio.gov/v1.1/schema"
	address, err := json.Marshal(site.BaseURL + path)
	if err != nil {
		return fmt.Errorf("write data.json: %w", err)
	}
	out := bufio.NewWriterSize(w, 1<<16)
	fmt.Fprintf(out, `{"@context":"%[1]s/catalog.jsonld","@id":%[2]s,"@type":"dcat:Catalog","conformsTo":"%[1]s","describedBy":"%[1]s/catalog.json","dataset":[`, schema, address)
	between := "\n"
	err = writeEntries(out, site, ds, func() error {
		_, err := out.WriteString(between)
		between = ","
		return err
	})
	if err != nil {
		return err
	}
	out.WriteString("]}\n")
	return out.Flush()
}

// WriteDataLines writes the same entries alone, one a line.
func WriteDataLines(w io.Writer, site Site, ds iter.Seq2[*catalog.Dataset, error]) error {
	out := bufio.NewWriterSize(w, 1<<16)
	if err := writeEntries(out, site, ds, func() error { return nil }); err != nil {
		return err
	}
	return out.Flush()
}

// writeEntries writes each dataset as a line; between is called before each.
func writeEntries(out io.Writer, site Site, ds iter.Seq2[*catalog.Dataset, error], between func() error) error {
	e := json.NewEncoder(out) // ends each entry with a line feed
	e.SetEscapeHTML(false)
	for d, err := range ds {
		if err != nil {
			return err
		}
		if d.Release == nil && d.Withheld == nil {
			continue // a draft is not for the public
		}
		one, err := entryOf(site, d)
		if err != nil {
			return err
		}
		if err := between(); err != nil {
			return err
		}
		if err := e.Encode(one); err != nil {
			return fmt.Errorf("write entry of %s: %w", d.ID, err)
		}
	}
	return nil
}

// why is a reason in the 255 characters that the standard gives it; it wants
// one wherever something is held back.
func why(reason catalog.Text) string {
	s := []rune(clean(reason.In("vi", "en")))
	switch {
	case len(s) == 0:
		return "Đã rút lại."
	case len(s) > 255:
		s = append(s[:254], '…')
	}
	return string(s)
}

// entryOf says a dataset in the portal's first language.
func entryOf(site Site, d *catalog.Dataset) (entry, error) {
	agency, ok := site.Agencies[d.Agency]
	if !ok {
		return entry{}, fmt.Errorf("describe dataset %s: its agency is unknown", d.ID)
	}
	page := site.BaseURL + "/datasets/" + d.Slug
	x := entry{
		Type:         "dcat:Dataset",
		Identifier:   site.BaseURL + "/dataset/" + string(d.ID),
		Title:        clean(d.Title.In("vi", "en")),
		Description:  clean(described(d).In("vi", "en")),
		Modified:     d.Modified.UTC().Format(time.RFC3339),
		Publisher:    body{"org:Organization", clean(agency.Name.In("vi", "en"))},
		ContactPoint: contact{"vcard:Contact", clean(agency.Contact.Name.In("vi", "en")), "mailto:" + agency.Contact.Email},
		LandingPage:  page,
		Language:     languagesOf(d),
	}
	if a, ok := codes.AccessRights.Get("PUBLIC"); ok {
		x.AccessLevel = a.Level
	}
	for _, k := range keywordsOf(d) {
		x.Keyword = append(x.Keyword, clean(k.word))
	}
	if l, ok := codes.Licences.Get(d.Licence); ok {
		x.License = absolute(site, l.IRI)
	}
	if !d.Issued.IsZero() {
		x.Issued = d.Issued.UTC().Format(time.DateOnly)
	}
	for _, code := range d.Themes {
		if t, ok := codes.Themes.Get(code); ok {
			x.Theme = append(x.Theme, t.VI)
		}
	}
	for _, address := range d.Places {
		if p, ok := codes.PlaceOf(address); ok {
			if x.Spatial != "" {
				x.Spatial += "; "
			}
			x.Spatial += p.VI
		}
	}
	if d.From != "" && d.To != "" { // an interval has two ends here
		x.Temporal = d.From + "/" + d.To
	}
	if f, ok := codes.Frequencies.Get(d.Frequency); ok {
		x.Periodicity = f.Interval
	}
	refused := func(access string, reason catalog.Text) (entry, error) {
		if a, ok := codes.AccessRights.Get(access); ok {
			x.AccessLevel = a.Level
		}
		x.Rights = why(reason)
		return x, nil
	}
	if d.Release == nil {
		return refused(d.Withheld.Access, d.Withheld.Reason)
	}
	if w := d.Release.Withdrawn; w != nil {
		return refused("NON_PUBLIC", w.Reason)
	}
	for _, f := range d.Release.Files {
		format := f.Format
		if c, ok := codes.FileTypeOf(f.Format); ok {
			format = c.EN
		}
		x.Distributions = append(x.Distributions, offer{
			Type:        "dcat:Distribution",
			Title:       clean(f.Name),
			Description: clean(describeFile(f).In("vi")),
			DownloadURL: escapeIRI(downloadURL(site, d, f)),
			MediaType:   mediaType(f),
			Format:      format,
			AccessURL:   page,
		})
	}
	return x, nil
}
