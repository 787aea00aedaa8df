package search

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"golang.org/x/text/collate"
	"golang.org/x/text/language"

	"daylight/catalog"
	"daylight/catalog/codes"
)

// Facets, in the order they are shown; the names are the fields of
// catalog.Query in small letters, words divided by "_".
const (
	facetAgency = iota
	facetTheme
	facetFormat
	facetYear
	facetFrequency
	facetLicence
	facetPlace
	facetLifeEvent
	facetCount
)

var facetNames = [facetCount]string{"agency", "theme", "format", "year", "frequency", "licence", "place", "life_event"}

// row is what the index knows of a dataset besides its words.
type row struct {
	id       catalog.DatasetID
	version  string // changes with anything that is indexed
	facets   [facetCount][]string
	modified string // RFC 3339, UTC, always as long: sorts as text
	rows     string // 20 digits
	titles   [2]string
}

// Title orders: hexadecimal collation keys of the title as readers of each
// language see it.
var titleOrders = [2]struct {
	lang string
	tag  language.Tag
}{{"vi", language.Vietnamese}, {"en", language.English}}

// Fields of the document that hold one value each, or one for each value of a
// facet; facets are "facet.agency" and so on.
const (
	fieldID       = "value.id"
	fieldVersion  = "value.version"
	fieldModified = "value.modified"
	fieldRows     = "value.rows"
	fieldTitle    = "value.title." // + language
	fieldFacet    = "facet."       // + name
)

var valueFields = func() []string {
	out := []string{fieldID, fieldVersion, fieldModified, fieldRows}
	for _, o := range titleOrders {
		out = append(out, fieldTitle+o.lang)
	}
	for _, n := range facetNames {
		out = append(out, fieldFacet+n)
	}
	return out
}()

// doc is a dataset as it is searched.
type doc struct {
	row
	text    map[string][]string // by source: the texts in every language
	english map[string][]string // those of them that are English
}

// reader makes documents. It remembers the agencies of one pass.
type reader struct {
	catalogue *catalog.Store
	agencies  map[catalog.AgencyID]*catalog.Agency
	collators [2]*collate.Collator
}

func newReader(c *catalog.Store) *reader {
	r := &reader{catalogue: c, agencies: map[catalog.AgencyID]*catalog.Agency{}}
	for i, o := range titleOrders {
		r.collators[i] = collate.New(o.tag, collate.IgnoreCase, collate.Numeric)
	}
	return r
}

func (r *reader) agency(ctx context.Context, id catalog.AgencyID) (*catalog.Agency, error) {
	if a, ok := r.agencies[id]; ok {
		return a, nil
	}
	a, err := r.catalogue.Agency(ctx, string(id))
	if errors.Is(err, catalog.ErrNotFound) {
		a, err = &catalog.Agency{ID: id, Slug: string(id)}, nil
	}
	if err != nil {
		return nil, err
	}
	r.agencies[id] = a
	return a, nil
}

func (r *reader) doc(ctx context.Context, d *catalog.Dataset) (*doc, error) {
	agency, err := r.agency(ctx, d.Agency)
	if err != nil {
		return nil, fmt.Errorf("read dataset %s: %w", d.ID, err)
	}
	release := d.Release
	if release != nil && release.Tables == nil {
		if release, err = r.catalogue.Release(ctx, d.ID, release.N); err != nil {
			return nil, fmt.Errorf("read dataset %s: %w", d.ID, err)
		}
	}
	out := &doc{text: map[string][]string{}, english: map[string][]string{}}
	out.id = d.ID
	add := func(source, lang, s string) {
		if s == "" {
			return
		}
		out.text[source] = append(out.text[source], s)
		if lang == "en" {
			out.english[source] = append(out.english[source], s)
		}
	}
	addText := func(source string, t catalog.Text) {
		for _, l := range t.Languages() {
			add(source, l, t[l])
		}
	}
	addConcept := func(source string, c codes.Concept) {
		add(source, "vi", c.VI)
		add(source, "en", c.EN)
	}
	addText("title", d.Title)
	addText("description", d.Description)
	for _, l := range d.KeywordLanguages() {
		for _, k := range d.Keywords[l] {
			add("keywords", l, k)
		}
	}
	addText("agency", agency.Name)
	for _, code := range d.Themes {
		if c, ok := codes.Themes.Get(code); ok {
			addConcept("subjects", c)
		}
	}
	for _, code := range d.LifeEvents {
		if e, ok := codes.LifeEvents.Get(code); ok {
			addConcept("subjects", e.Concept)
		}
	}
	for _, iri := range d.Places {
		if c, ok := codes.PlaceOf(iri); ok {
			addConcept("subjects", c)
		}
	}
	var formats []string
	if release != nil {
		for _, t := range release.Tables {
			for _, c := range t.Columns {
				add("columns", "", c.Label)
				if c.Key != c.Label {
					add("columns", "", c.Key)
				}
			}
		}
		for _, f := range release.Files {
			formats = append(formats, f.Format)
		}
		out.rows = fmt.Sprintf("%020d", max(0, release.Rows))
	}

	for _, w := range otherWords(out, d.Places) {
		add("synonyms", "", w)
	}

	out.facets = [facetCount][]string{
		facetAgency:    set(agency.Slug),
		facetTheme:     set(d.Themes...),
		facetFormat:    set(formats...),
		facetYear:      years(d.From, d.To),
		facetFrequency: set(d.Frequency),
		facetLicence:   set(d.Licence),
		facetPlace:     set(d.Places...),
		facetLifeEvent: set(d.LifeEvents...),
	}
	out.modified = d.Modified.UTC().Format("2006-01-02T15:04:05.000000000Z")
	var buf collate.Buffer
	for i, o := range titleOrders {
		// 60 runes order any list; more would only make the index larger
		title := []rune(d.Title.In(o.lang))
		out.titles[i] = hex.EncodeToString(r.collators[i].KeyFromString(&buf, string(title[:min(len(title), 60)])))
		buf.Reset()
	}
	return out, out.seal()
}

// seal sets the version: a hash of all that is indexed.
func (d *doc) seal() error {
	d.version = ""
	b, err := json.Marshal([]any{analysisVersion, d.fields()})
	if err != nil {
		return fmt.Errorf("read dataset %s: %w", d.id, err)
	}
	sum := sha256.Sum256(b)
	d.version = hex.EncodeToString(sum[:12])
	return nil
}

// fields is the document as Bleve takes it.
func (d *doc) fields() map[string]any {
	out := map[string]any{
		fieldID: string(d.id), fieldVersion: d.version, fieldModified: d.modified, fieldRows: d.row.rows,
	}
	for i, o := range titleOrders {
		out[fieldTitle+o.lang] = d.titles[i]
	}
	for i, n := range facetNames {
		out[fieldFacet+n] = d.facets[i]
	}
	var every []string
	for _, s := range sources {
		out[s.name] = d.text[s.name]
		out[s.name+"-en"] = d.english[s.name]
		every = append(every, d.text[s.name]...)
	}
	out[all] = every
	return out
}

// set is the values that are not empty, each once, in order.
func set(values ...string) []string {
	out := slices.Clone(values)
	slices.Sort(out)
	out = slices.Compact(out)
	return slices.DeleteFunc(out, func(s string) bool { return s == "" })
}

// years are those that the days from one to the other touch; at most 200, for
// a wrong date must not fill the index.
func years(from, to string) []string {
	year := func(day string) int {
		n, err := strconv.Atoi(day[:min(4, len(day))])
		if err != nil || n < 1 {
			return 0
		}
		return n
	}
	a, b := year(from), year(to)
	if a == 0 {
		a = b
	}
	if b == 0 {
		b = a
	}
	if a == 0 || b < a {
		return nil
	}
	var out []string
	for y := max(a, b-199); y <= b; y++ {
		out = append(out, fmt.Sprintf("%04d", y))
	}
	return out
}
