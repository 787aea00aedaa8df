package dcat

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"daylight/catalog"
	"daylight/catalog/codes"
)

// A CatalogPage is what one page of the catalogue lists.
type CatalogPage struct {
	Datasets []*catalog.Dataset // in the order of ids
	Total    int                // datasets on all pages
	Page     int                // this one, from 1
	Size     int                // datasets on a full page
	Pages    int                // at least 1
	Address  func(page int) string
}

// document is a graph in the making. What is spoken of by many (agencies,
// concepts) is described once, but in every document: harvesters do not merge
// pages, and a concept without its type fails the range shapes.
type document struct {
	Graph
	site Site
	told map[string]bool // IRIs that are described already
}

func newDocument(site Site) *document { return &document{site: site, told: map[string]bool{}} }

// first says whether nothing was told of this IRI yet.
func (b *document) first(of Term) bool {
	if b.told[of.value] {
		return false
	}
	b.told[of.value] = true
	return true
}

func catalogGraph(site Site, p CatalogPage) (*Graph, error) {
	b := newDocument(site)
	c := b.at("/catalog")
	b.add(c, rdfType, aCatalog, aCollection)
	b.add(c, dctIdentifier, text(c.value))
	b.say(c, dctTitle, site.Title)
	b.say(c, dctDescription, site.Description)
	b.publisher(c, site.Publisher)
	b.dates(c, site.Issued, site.Modified)
	for _, lang := range site.Title.Languages() {
		b.language(c, lang)
	}
	b.licence(c, codes.DefaultLicence)
	b.add(c, dctRights, b.terms())
	if vn, ok := codes.Places.Get("VNM"); ok {
		b.add(c, dctSpatial, b.concept(aLocation, vn.Concept))
	}
	b.add(c, dcatThemeTaxonomy, b.taxonomy())
	b.add(c, foafHomepage, b.page(b.at("/"), site.Title))

	b.add(c, hydraTotalItems, value(itoa(p.Total), "xsd:integer"))
	if p.Address != nil {
		// One node of this type: some harvesters take any they find.
		view := iri(p.Address(p.Page))
		b.add(c, hydraView, view)
		b.add(view, rdfType, aPage)
		b.add(view, hydraFirst, iri(p.Address(1)))
		if p.Page > 1 {
			b.add(view, hydraPrevious, iri(p.Address(p.Page-1)))
		}
		if p.Page < p.Pages {
			b.add(view, hydraNext, iri(p.Address(p.Page+1)))
		}
		b.add(view, hydraLast, iri(p.Address(max(p.Pages, 1))))
	}

	for _, d := range p.Datasets {
		if d.Release == nil {
			continue
		}
		at, err := b.dataset(d)
		if err != nil {
			return nil, err
		}
		b.add(c, dcatDataset, at)
	}
	b.sort()
	return &b.Graph, nil
}

func datasetGraph(site Site, d *catalog.Dataset) (*Graph, error) {
	b := newDocument(site)
	if _, err := b.dataset(d); err != nil {
		return nil, err
	}
	b.sort()
	return &b.Graph, nil
}

// dataset describes d and all it speaks of. Codes that are in no list are left
// out: Dataset.Check refused them at entry, and a list that lost one must not
// take the whole catalogue down.
func (b *document) dataset(d *catalog.Dataset) (Term, error) {
	r := d.Release
	if r == nil {
		return Term{}, fmt.Errorf("describe dataset %s: %w", d.ID, ErrUnpublished)
	}
	agency, err := b.site.agency(d)
	if err != nil {
		return Term{}, err
	}
	s := iri(b.site.dataset(d))
	b.add(s, rdfType, aDataset)
	b.add(s, dctIdentifier, text(string(d.ID)))
	b.say(s, dctTitle, d.Title)
	b.say(s, dctDescription, described(d))
	for _, lang := range d.KeywordLanguages() {
		for _, w := range d.Keywords[lang] {
			b.add(s, dcatKeyword, words(w, lang))
		}
	}
	for _, code := range d.Themes {
		if t, ok := codes.Themes.Get(code); ok {
			b.add(s, dcatTheme, b.concept(Term{}, t))
		}
	}
	b.publisher(s, agency)
	b.dates(s, issued(d), modified(d))
	for _, place := range d.Places {
		if p, ok := codes.PlaceOf(place); ok {
			b.add(s, dctSpatial, b.concept(aLocation, p))
		}
	}
	b.period(s, d.From, d.To)
	if f, ok := codes.Frequencies.Get(d.Frequency); ok {
		b.add(s, dctAccrualPeriodicity, b.concept(aFrequency, f.Concept))
	}
	for _, lang := range languages(d) {
		b.language(s, lang)
	}
	landing := iri(b.site.landing(d))
	b.add(s, dcatLandingPage, b.page(landing, d.Title))
	if d.Source != "" {
		// Not dct:source: its range is a dataset, and this is any address.
		b.add(s, dctRelation, iri(d.Source))
	}
	b.add(s, dcatVersion, text(itoa(r.N)))
	b.say(s, admsVersionNotes, r.Note)
	if label := provenance(d); len(label) > 0 {
		p := b.blank()
		b.add(s, dctProvenance, p)
		b.add(p, rdfType, aProvenance)
		b.say(p, rdfsLabel, label)
	}

	if r.Withdrawn != nil {
		// The page of the version stays and says why.
		why := iri(b.site.version(d))
		b.access(s, "NON_PUBLIC")
		b.add(s, dctRights, why)
		b.add(why, rdfType, aRightsStatement)
		b.say(why, rdfsLabel, r.Withdrawn.Reason)
		return s, nil
	}
	b.access(s, "PUBLIC")
	for _, f := range r.Files {
		b.add(s, dcatDistribution, b.distribution(d, f, landing))
	}
	return s, nil
}

func (b *document) distribution(d *catalog.Dataset, f catalog.File, landing Term) Term {
	s := iri(b.site.dataset(d) + "/resource/" + f.ResourceID)
	b.add(s, rdfType, aDistribution)
	b.add(s, dctIdentifier, text(f.ResourceID))
	title, description := fileTitle(d.Release, f), fileDescription(d.Release, f)
	b.say(s, dctTitle, catalog.Text{"vi": title, "en": title})
	b.say(s, dctDescription, description)
	b.dates(s, issued(d), d.Release.Published)
	for _, lang := range languages(d) {
		b.language(s, lang)
	}
	if t, ok := codes.FileTypeOf(f.Format); ok {
		b.add(s, dctFormat, b.concept(aFormat, t.Concept))
	}
	media := iri("http://www.iana.org/assignments/media-types/" + mediaType(f))
	b.add(s, dcatMediaType, media)
	b.add(media, rdfType, aMediaType)
	b.add(s, dcatAccessURL, landing)
	b.add(s, dcatDownloadURL, iri(b.site.download(d, f)))
	b.add(s, dcatByteSize, value(fmt.Sprint(f.Bytes), "xsd:nonNegativeInteger"))
	b.licence(s, d.Licence)
	b.add(s, dctRights, b.terms())
	if stable, ok := codes.Availability.Get("STABLE"); ok {
		b.add(s, dcatapAvailability, b.concept(Term{}, stable))
	}
	sum := b.blank()
	b.add(s, spdxChecksum, sum)
	b.add(sum, rdfType, aChecksum)
	b.add(sum, spdxAlgorithm, sha256Algorithm)
	b.add(sum, spdxChecksumValue, value(f.Ref.String(), "xsd:hexBinary"))
	b.add(sha256Algorithm, rdfType, anAlgorithm)
	return s
}

// publisher says whose s is, and whom to ask.
func (b *document) publisher(s Term, a catalog.Agency) {
	org := b.at("/organization/" + string(a.ID))
	contact := iri(org.value + "#contact")
	b.add(s, dctPublisher, org)
	b.add(s, dcatContactPoint, contact)
	if !b.first(org) {
		return
	}
	name, lang := a.Name.Lang()
	b.add(org, rdfType, anAgent, anOrganization)
	// DCAT-US takes one name without a language and one preferred label; all
	// other languages are other labels.
	b.add(org, foafName, text(name))
	b.add(org, skosPrefLabel, words(name, lang))
	for _, l := range a.Name.Languages() {
		if l != lang {
			b.add(org, skosAltLabel, words(a.Name[l], l))
		}
	}
	if t, ok := codes.PublisherTypes.Get(a.Kind); ok {
		b.add(org, dctType, b.concept(Term{}, t))
	}
	if a.Homepage != "" {
		b.add(org, foafHomepage, b.page(iri(a.Homepage), a.Name))
	}
	b.add(contact, rdfType, aKind, aVcardOrg)
	fn := a.Contact.Name.In()
	if fn == "" {
		fn = name
	}
	b.add(contact, vcardFn, text(fn))
	b.add(contact, vcardHasEmail, iri("mailto:"+a.Contact.Email))
	if strings.HasPrefix(a.Contact.Phone, "+") {
		// A national number would need its country in the address: RFC 3966, 5.1.5.
		b.add(contact, vcardTel, iri("tel:"+strings.Map(func(r rune) rune {
			if r == '+' || r >= '0' && r <= '9' {
				return r
			}
			return -1
		}, a.Contact.Phone)))
	}
}

// concept describes an entry of a code list, also of the given class.
func (b *document) concept(class Term, c codes.Concept) Term {
	t := iri(b.site.absolute(c.IRI))
	if !b.first(t) {
		return t
	}
	if class != (Term{}) {
		b.add(t, rdfType, class)
	}
	b.add(t, skosPrefLabel, words(c.VI, "vi"), words(c.EN, "en"))
	if c.Scheme != "" {
		// DCAT-US: a skos:Concept is in exactly one scheme.
		b.add(t, rdfType, aConcept)
		b.add(t, skosInScheme, iri(b.site.absolute(c.Scheme)))
	}
	return t
}

func (b *document) language(s Term, lang string) {
	if l, ok := codes.Languages.Get(lang); ok {
		b.add(s, dctLanguage, b.concept(aLanguage, l.Concept))
	}
}

func (b *document) access(s Term, code string) {
	if a, ok := codes.AccessRights.Get(code); ok {
		b.add(s, dctAccessRights, b.concept(aRightsStatement, a.Concept))
	}
}

func (b *document) licence(s Term, code string) {
	l, ok := codes.Licences.Get(code)
	if !ok {
		return
	}
	t := iri(b.site.absolute(l.IRI))
	b.add(s, dctLicense, t)
	b.add(t, rdfType, aLicence)
	if kind, ok := codes.LicenceTypes.Get(l.Type); ok {
		b.add(t, dctType, b.concept(Term{}, kind.Concept))
	}
}

// terms are the portal's own terms of use.
func (b *document) terms() Term {
	t := b.at("/about#terms")
	b.add(t, rdfType, aRightsStatement)
	return t
}

func (b *document) taxonomy() Term {
	t := iri(codes.ThemeScheme)
	b.add(t, rdfType, aScheme)
	b.say(t, dctTitle, catalog.Text{"vi": "Chủ đề dữ liệu", "en": "Data theme"})
	return t
}

// page describes a web page; DCAT-US wants its title.
func (b *document) page(at Term, title catalog.Text) Term {
	if b.first(at) {
		b.add(at, rdfType, aDocument)
		b.say(at, dctTitle, title)
	}
	return at
}

func (b *document) period(s Term, from, to string) {
	if from == "" && to == "" {
		return
	}
	p := b.blank()
	b.add(s, dctTemporal, p)
	b.add(p, rdfType, aPeriod)
	if from != "" {
		b.add(p, dcatStartDate, value(from, "xsd:date"))
	}
	if to != "" {
		b.add(p, dcatEndDate, value(to, "xsd:date"))
	}
}

// dates leaves out what is not known: the zero time is no date.
func (b *document) dates(s Term, issued, modified time.Time) {
	if !issued.IsZero() {
		b.add(s, dctIssued, value(date(issued), "xsd:date"))
	}
	if !modified.IsZero() {
		b.add(s, dctModified, value(instant(modified), "xsd:dateTime"))
	}
}

// say says p of s in every language there is.
func (b *document) say(s Term, p predicate, t catalog.Text) {
	for _, lang := range t.Languages() {
		b.add(s, p, words(t[lang], lang))
	}
}

func (b *document) at(path string) Term { return iri(b.site.BaseURL + path) }

// Addresses. All are built from the configured public address.

func (s Site) dataset(d *catalog.Dataset) string { return s.BaseURL + "/dataset/" + string(d.ID) }
func (s Site) landing(d *catalog.Dataset) string { return s.BaseURL + "/datasets/" + d.Slug }
func (s Site) version(d *catalog.Dataset) string { return s.landing(d) + "/v/" + itoa(d.Release.N) }
func (s Site) download(d *catalog.Dataset, f catalog.File) string {
	return s.version(d) + "/" + url.PathEscape(f.Name)
}

// absolute completes an IRI of a code list that is the portal's own.
func (s Site) absolute(iri string) string {
	if strings.HasPrefix(iri, "/") {
		return s.BaseURL + iri
	}
	return iri
}

func (s Site) agency(d *catalog.Dataset) (catalog.Agency, error) {
	if d.Agency == s.Publisher.ID {
		return s.Publisher, nil
	}
	a, ok := s.Agencies[d.Agency]
	if !ok {
		return a, fmt.Errorf("describe dataset %s: agency %s is not known", d.ID, d.Agency)
	}
	return a, nil
}

// What several standards say in the same words.

func issued(d *catalog.Dataset) time.Time {
	if d.Issued.IsZero() {
		return d.Release.Published
	}
	return d.Issued
}

func modified(d *catalog.Dataset) time.Time {
	if d.Modified.IsZero() {
		return d.Release.Published
	}
	return d.Modified
}

func date(t time.Time) string    { return t.UTC().Format(time.DateOnly) }
func instant(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

// languages of the data; Vietnamese where none is said.
func languages(d *catalog.Dataset) []string {
	if len(d.Languages) == 0 {
		return []string{"vi"}
	}
	return d.Languages
}

// mediaType is that of f without parameters.
func mediaType(f catalog.File) string {
	bare, _, _ := strings.Cut(f.MediaType, ";")
	return strings.TrimSpace(bare)
}

func formatName(f catalog.File) string {
	if t, ok := codes.FileTypeOf(f.Format); ok {
		return t.EN // a proper name, the same in every language
	}
	return f.Format
}

func fileTitle(r *catalog.Release, f catalog.File) string {
	if slices.ContainsFunc(r.Files, func(x catalog.File) bool { return x.Table != f.Table }) {
		return f.Table + " (" + formatName(f) + ")"
	}
	return formatName(f)
}

func fileDescription(r *catalog.Release, f catalog.File) catalog.Text {
	rows := "rows"
	if f.Rows == 1 {
		rows = "row"
	}
	return catalog.Text{
		"vi": fmt.Sprintf("%s, phiên bản %d, %d dòng.", formatName(f), r.N, f.Rows),
		"en": fmt.Sprintf("%s, version %d, %d %s.", formatName(f), r.N, f.Rows, rows),
	}
}
