package dcat

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"daylight/catalog"
	"daylight/catalog/codes"
	"daylight/privacy"
)

// builder makes the graph of one document. Every concept that is referred to
// gets its type and its words in the same document: the profiles' range shapes
// look at nothing else.
type builder struct {
	site  Site
	g     *Graph
	known map[string]bool // IRIs whose description is in, or will be
	later []func()        // descriptions of concepts, written after what refers to them
}

func newBuilder(site Site) *builder {
	return &builder{site: site, g: &Graph{}, known: map[string]bool{}}
}

// graph ends the document.
func (b *builder) graph() *Graph {
	for i := 0; i < len(b.later); i++ { // a description may refer to further concepts
		b.later[i]()
	}
	b.later = nil
	b.g.sort()
	return b.g
}

// at is a node under the public address.
func (b *builder) at(path string) Term { return iri(b.address(path)) }

// address is absolute: codes of our own begin with a slash.
func (b *builder) address(path string) string { return absolute(b.site, path) }

func absolute(site Site, path string) string {
	if strings.HasPrefix(path, "/") {
		return site.BaseURL + path
	}
	return path
}

// onTheWeb says whether an agency's address is whole and can be read. The
// catalogue takes no other; a relative one would mean another thing in each
// syntax, and one like "dct:x" would be read as an abbreviation.
func onTheWeb(address string) bool {
	u, err := url.Parse(escapeIRI(address))
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != ""
}

// once makes the node of something that is described only once, at the end.
func (b *builder) once(address string, describe func(Term)) Term {
	t := iri(address)
	if !b.known[t.value] {
		b.known[t.value] = true
		b.later = append(b.later, func() { describe(t) })
	}
	return t
}

func (b *builder) text(s Term, p predicate, t catalog.Text) {
	for _, lang := range t.Languages() {
		b.g.add(s, p, words(t[lang], lang))
	}
}

func (b *builder) day(s Term, p predicate, at time.Time) {
	if !at.IsZero() {
		b.g.add(s, p, value(at.UTC().Format(time.DateOnly), "xsd:date"))
	}
}

// moment is told in whole seconds, rounded down: a harvester that asks for what
// changed at or after this very moment gets it.
func (b *builder) moment(s Term, p predicate, at time.Time) {
	if !at.IsZero() {
		b.g.add(s, p, value(at.UTC().Format(time.RFC3339), "xsd:dateTime"))
	}
}

// dataset says everything about a dataset, its files and its agency.
func (b *builder) dataset(d *catalog.Dataset) (Term, error) {
	r := d.Release
	if r == nil && d.Withheld == nil {
		return Term{}, fmt.Errorf("describe dataset %s: %w", d.ID, ErrUnpublished)
	}
	agency, ok := b.site.Agencies[d.Agency]
	if !ok {
		return Term{}, fmt.Errorf("describe dataset %s: its agency is unknown", d.ID)
	}
	s := b.at("/dataset/" + string(d.ID))
	b.g.add(s, rdfType, aDataset)
	b.g.add(s, dctIdentifier, text(string(d.ID)))
	b.text(s, dctTitle, d.Title)
	b.text(s, dctDescription, described(d))
	for _, k := range keywordsOf(d) {
		b.g.add(s, dcatKeyword, words(k.word, k.lang))
	}
	for _, code := range d.Themes {
		if c, ok := codes.Themes.Get(code); ok {
			b.g.add(s, dcatTheme, b.concept(c))
		}
	}
	for _, code := range d.LifeEvents { // themes of a scheme of our own, beside those that all portals share
		if e, ok := codes.LifeEvents.Get(code); ok {
			b.g.add(s, dcatTheme, b.concept(e.Concept))
		}
	}
	b.g.add(s, dctPublisher, b.agency(agency))
	b.g.add(s, dcatContactPoint, b.contact(agency))
	b.day(s, dctIssued, d.Issued)
	b.moment(s, dctModified, d.Modified)
	for _, place := range d.Places {
		b.g.add(s, dctSpatial, b.place(place))
	}
	b.period(s, d)
	if c, ok := codes.Frequencies.Get(d.Frequency); ok {
		b.g.add(s, dctAccrualPeriodicity, b.concept(c.Concept, aFrequency))
	}
	access := "PUBLIC"
	switch {
	case r == nil:
		access = d.Withheld.Access
	case r.Withdrawn != nil:
		access = "NON_PUBLIC"
	}
	if c, ok := codes.AccessRights.Get(access); ok {
		b.g.add(s, dctAccessRights, b.concept(c.Concept, aRightsStatement))
	}
	for _, l := range languagesOf(d) {
		b.g.add(s, dctLanguage, b.language(l))
	}
	b.g.add(s, dcatLandingPage, b.landingPage(d))
	if onTheWeb(d.Source) {
		// Not dct:source: its range is another dataset.
		b.g.add(s, dctRelation, iri(d.Source))
	}
	if r == nil {
		b.refusal(s, "/withheld/"+d.Withheld.ID, d.Withheld.Reason)
		return s, nil
	}
	b.g.add(s, dcatVersion, text(itoa(r.N)))
	if note, lang := r.Note.Lang("vi", "en"); note != "" { // DCAT-US: at most one
		b.g.add(s, admsVersionNotes, words(note, lang))
	}
	b.provenance(s, d)
	if r.Withdrawn != nil {
		b.refusal(s, versionPath(d, r.N)+"-withdrawn", r.Withdrawn.Reason) // its files can no longer be had
		return s, nil
	}
	for _, f := range r.Files {
		b.g.add(s, dcatDistribution, b.distribution(d, f))
	}
	return s, nil
}

// refusal says why there is nothing to load; what is at path tells it in full.
func (b *builder) refusal(s Term, path string, reason catalog.Text) {
	b.g.add(s, dctRights, b.once(b.address(path), func(t Term) {
		b.g.add(t, rdfType, aRightsStatement)
		b.text(t, rdfsLabel, reason)
	}))
}

func (b *builder) distribution(d *catalog.Dataset, f catalog.File) Term {
	s := b.at("/dataset/" + string(d.ID) + "/resource/" + f.ResourceID)
	b.g.add(s, rdfType, aDistribution)
	b.g.add(s, dctIdentifier, text(f.ResourceID))
	b.g.add(s, dctTitle, text(f.Name))
	b.text(s, dctDescription, describeFile(f))
	b.day(s, dctIssued, d.Issued)
	b.moment(s, dctModified, d.Release.Published)
	b.g.add(s, dcatAccessURL, b.landingPage(d))
	b.g.add(s, dcatDownloadURL, iri(downloadURL(b.site, d, f)))
	if c, ok := codes.FileTypeOf(f.Format); ok {
		b.g.add(s, dctFormat, b.concept(c.Concept, aFormat))
	}
	media := "http://www.iana.org/assignments/media-types/" + mediaType(f)
	b.g.add(s, dcatMediaType, b.once(media, func(t Term) { b.g.add(t, rdfType, aMediaType) }))
	b.g.add(s, dcatByteSize, value(fmt.Sprint(f.Bytes), "xsd:nonNegativeInteger"))
	b.g.add(s, dctLicense, b.licence(d.Licence))
	b.g.add(s, dctRights, b.once(b.address("/about#terms"), func(t Term) { b.g.add(t, rdfType, aRightsStatement) }))
	for _, l := range languagesOf(d) {
		b.g.add(s, dctLanguage, b.language(l))
	}
	if c, ok := codes.Availability.Get("STABLE"); ok {
		b.g.add(s, dcatapAvailability, b.concept(c))
	}
	sum := b.g.blank()
	b.g.add(s, spdxChecksum, sum)
	b.g.add(sum, rdfType, aChecksum)
	b.g.add(sum, spdxAlgorithm, b.algorithm())
	b.g.add(sum, spdxChecksumValue, value(f.Ref.String(), "xsd:hexBinary"))
	return s
}

// describeFile says what a file holds, in a sentence.
func describeFile(f catalog.File) catalog.Text {
	label := strings.ToUpper(f.Format)
	if c, ok := codes.FileTypeOf(f.Format); ok {
		label = c.EN
	}
	vi, en := fmt.Sprintf("%d dòng, định dạng %s.", f.Rows, label), fmt.Sprintf("%d rows, format %s.", f.Rows, label)
	if f.Table != "" {
		vi, en = fmt.Sprintf("Bảng %s: %s", f.Table, vi), fmt.Sprintf("Table %s: %s", f.Table, en)
	}
	return catalog.Text{"vi": vi, "en": en}
}

// downloadURL is the address that never changes its content.
func downloadURL(site Site, d *catalog.Dataset, f catalog.File) string {
	return fmt.Sprintf("%s/datasets/%s/v/%d/%s", site.BaseURL, d.Slug, d.Release.N, url.PathEscape(f.Name))
}

// mediaType is the type of a file without its parameters.
func mediaType(f catalog.File) string {
	media, _, _ := strings.Cut(f.MediaType, ";")
	return strings.TrimSpace(media)
}

func (b *builder) algorithm() Term {
	if !b.known[sha256Algorithm.value] {
		b.known[sha256Algorithm.value] = true
		b.later = append(b.later, func() { b.g.add(sha256Algorithm, rdfType, anAlgorithm) })
	}
	return sha256Algorithm
}

func (b *builder) period(s Term, d *catalog.Dataset) {
	if d.From == "" && d.To == "" {
		return
	}
	t := b.g.blank()
	b.g.add(s, dctTemporal, t)
	b.g.add(t, rdfType, aPeriod)
	if d.From != "" {
		b.g.add(t, dcatStartDate, value(d.From, "xsd:date"))
	}
	if d.To != "" {
		b.g.add(t, dcatEndDate, value(d.To, "xsd:date"))
	}
}

func (b *builder) provenance(s Term, d *catalog.Dataset) {
	t := clearance(d.Release.Privacy)
	if len(t) == 0 {
		return
	}
	p := b.g.blank()
	b.g.add(s, dctProvenance, p)
	b.g.add(p, rdfType, aProvenance)
	b.text(p, rdfsLabel, t)
}

// invented is what every description of made-up rows says, wherever it goes: a
// reader of another catalogue never sees our page.
var invented = catalog.Text{
	"vi": "Dữ liệu minh hoạ: các dòng được tạo ra, không nói về người hay việc có thật.",
	"en": "Sample data: the rows are made up and speak of no real person or event.",
}

// described is the description of d, with the warning where its rows are made up.
func described(d *catalog.Dataset) catalog.Text {
	if !d.Synthetic {
		return d.Description
	}
	out := catalog.Text{}
	for _, lang := range d.Description.Languages() {
		out[lang] = d.Description[lang] + "\n\n" + invented.In(lang, "en")
	}
	return out
}

// clearance says what was done before publication: counts, never values.
func clearance(tables []privacy.Statement) catalog.Text {
	if len(tables) == 0 {
		return nil
	}
	var kept, treated, left int
	var suppressed, removed int64
	for _, t := range tables {
		for _, c := range t.Columns {
			if c.Treatment == "keep" {
				kept++
			} else {
				treated++
			}
		}
		left += len(t.LeftOut)
		suppressed, removed = suppressed+t.RowsSuppressed, removed+t.RowsRemoved
	}
	vi := fmt.Sprintf("Đã lọc dữ liệu cá nhân trước khi công bố. Số cột giữ nguyên: %d; đã xử lý: %d; đã bỏ: %d. Số dòng được che: %d; đã bỏ: %d.", kept, treated, left, suppressed, removed)
	en := fmt.Sprintf("Cleared before publication. Columns kept: %d; treated: %d; left out: %d. Rows suppressed: %d; removed: %d.", kept, treated, left, suppressed, removed)
	return catalog.Text{"vi": vi, "en": en}
}

// agency describes a publisher. Both names of an Agent are single and plain
// where DCAT-US wants them so; the other languages are alternative labels.
func (b *builder) agency(a catalog.Agency) Term {
	return b.once(b.address("/organization/"+string(a.ID)), func(s Term) {
		b.g.add(s, rdfType, anAgent, anOrganization)
		name, first := a.Name.Lang("vi", "en")
		b.g.add(s, foafName, text(name))
		b.g.add(s, skosPrefLabel, words(name, first))
		for _, lang := range a.Name.Languages() {
			if lang != first {
				b.g.add(s, skosAltLabel, words(a.Name[lang], lang))
			}
		}
		if c, ok := codes.PublisherTypes.Get(a.Kind); ok {
			b.g.add(s, dctType, b.concept(c))
			b.scheme(c.Scheme, "Publisher type")
		}
		if onTheWeb(a.Homepage) {
			b.g.add(s, foafHomepage, b.document(a.Homepage, a.Name))
		}
	})
}

// contact describes the desk of an agency, not a person.
func (b *builder) contact(a catalog.Agency) Term {
	return b.once(b.address("/organization/"+string(a.ID)+"#contact"), func(s Term) {
		b.g.add(s, rdfType, aKind, aVcardOrg)
		b.g.add(s, vcardFn, text(a.Contact.Name.In("vi", "en")))
		b.g.add(s, vcardHasEmail, iri("mailto:"+a.Contact.Email))
		// A national number would need its country in the address: RFC 3966, 5.1.5.
		if strings.HasPrefix(a.Contact.Phone, "+") {
			b.g.add(s, vcardTel, iri("tel:"+dialled(a.Contact.Phone)))
		}
	})
}

// dialled is a telephone number as RFC 3966 writes it.
func dialled(phone string) string {
	return strings.Map(func(r rune) rune {
		if r == '+' || r == '-' || r >= '0' && r <= '9' {
			return r
		}
		if r == ' ' || r == '.' {
			return '-'
		}
		return -1
	}, phone)
}

// concept describes an entry of a code list, with the classes that the ranges
// of our predicates want beside skos:Concept.
func (b *builder) concept(c codes.Concept, classes ...Term) Term {
	return b.once(b.address(c.IRI), func(s Term) {
		b.g.add(s, rdfType, classes...)
		b.g.add(s, rdfType, aConcept)
		b.g.add(s, skosPrefLabel, words(c.VI, "vi"), words(c.EN, "en"))
		b.g.add(s, skosInScheme, b.at(c.Scheme))
	})
}

func (b *builder) language(tag string) Term {
	l, ok := codes.Languages.Get(tag)
	if !ok {
		l, _ = codes.Languages.Get("vi")
	}
	return b.concept(l.Concept, aLanguage)
}

// place describes a place. One that is in no scheme is no concept: DCAT-US
// wants exactly one scheme of each.
func (b *builder) place(address string) Term {
	c, known := codes.PlaceOf(address)
	if known && c.Scheme != "" {
		return b.concept(c, aLocation)
	}
	return b.once(b.address(address), func(s Term) {
		b.g.add(s, rdfType, aLocation)
		if known {
			b.g.add(s, skosPrefLabel, words(c.VI, "vi"), words(c.EN, "en"))
		}
	})
}

func (b *builder) scheme(address, title string) Term {
	return b.once(b.address(address), func(s Term) {
		b.g.add(s, rdfType, aScheme)
		b.g.add(s, dctTitle, words(title, "en"))
	})
}

func (b *builder) licence(code string) Term {
	l, ok := codes.Licences.Get(code)
	if !ok {
		l, _ = codes.Licences.Get(codes.DefaultLicence)
	}
	return b.once(b.address(l.IRI), func(s Term) {
		b.g.add(s, rdfType, aLicence)
		b.g.add(s, dctTitle, words(l.VI, "vi"), words(l.EN, "en"))
		if t, ok := codes.LicenceTypes.Get(l.Type); ok {
			b.g.add(s, dctType, b.concept(t.Concept))
		}
	})
}

func (b *builder) landingPage(d *catalog.Dataset) Term {
	return b.document("/datasets/"+d.Slug, d.Title)
}

func (b *builder) document(address string, title catalog.Text) Term {
	return b.once(b.address(address), func(s Term) {
		b.g.add(s, rdfType, aDocument)
		b.text(s, dctTitle, title)
	})
}
