package dcat

import (
	"slices"

	"daylight/catalog"
	"daylight/catalog/codes"
)

// A CatalogPage is one page of the catalogue, valid by itself: harvesters do
// not merge pages.
type CatalogPage struct {
	Agency   *catalog.Agency    // nil: the whole catalogue; else this agency's
	Datasets []*catalog.Dataset // in the order of ids
	Total    int                // on all pages
	Page     int                // from 1
	Size     int                // datasets a page
	Pages    int                // at least 1
	// Address gives the address of a page. nil: there is only this one, and the
	// document speaks of no pages.
	Address func(page int) string
}

// CatalogGraph says what a page of the catalogue holds.
//
// A page without datasets violates DCAT-US 3.0, which wants one; nothing can be
// done about an empty selection.
func CatalogGraph(site Site, p CatalogPage) (*Graph, error) {
	b := newBuilder(site)
	s := b.at("/catalog")
	title, description, publisher := site.Title, site.Description, site.Publisher
	if p.Agency != nil {
		s = b.at("/organization/" + string(p.Agency.ID) + "/catalog")
		title, publisher = p.Agency.Name, *p.Agency
		if len(p.Agency.Description.Languages()) > 0 {
			description = p.Agency.Description
		}
	}
	b.g.add(s, rdfType, aCatalog)
	b.g.add(s, dctIdentifier, text(s.value))
	b.text(s, dctTitle, title)
	b.text(s, dctDescription, description)
	b.g.add(s, dctPublisher, b.agency(publisher))
	b.g.add(s, dcatContactPoint, b.contact(publisher))
	b.day(s, dctIssued, site.Issued)
	b.moment(s, dctModified, site.Modified)
	b.g.add(s, dctSpatial, b.place(home))
	for _, l := range []string{"vi", "en"} {
		b.g.add(s, dctLanguage, b.language(l))
	}
	b.g.add(s, dctLicense, b.licence(codes.DefaultLicence))
	b.g.add(s, foafHomepage, b.document("/", title))
	b.g.add(s, dcatThemeTaxonomy, b.scheme(codes.ThemeScheme, "Data theme"))
	if p.Address != nil {
		view := iri(p.Address(p.Page))
		b.g.add(s, rdfType, aCollection)
		b.g.add(s, hydraTotalItems, value(itoa(p.Total), "xsd:integer"))
		b.g.add(s, hydraView, view)
		b.g.add(view, rdfType, aPage)
		b.g.add(view, hydraFirst, iri(p.Address(1)))
		if p.Page > 1 {
			b.g.add(view, hydraPrevious, iri(p.Address(p.Page-1)))
		}
		if p.Page < p.Pages {
			b.g.add(view, hydraNext, iri(p.Address(p.Page+1)))
		}
		b.g.add(view, hydraLast, iri(p.Address(p.Pages)))
	}
	for _, d := range p.Datasets {
		if d.Release == nil && d.Withheld == nil {
			continue // a draft is not for the public
		}
		one, err := b.dataset(d)
		if err != nil {
			return nil, err
		}
		b.g.add(s, dcatDataset, one)
	}
	return b.graph(), nil
}

// home is where the portal is.
const home = codes.CountryScheme + "/VNM"

// DatasetGraph says all that the catalogue says of one dataset; ErrUnpublished
// where it has no release and is not withheld. The release must have its files.
func DatasetGraph(site Site, d *catalog.Dataset) (*Graph, error) {
	b := newBuilder(site)
	if _, err := b.dataset(d); err != nil {
		return nil, err
	}
	return b.graph(), nil
}

// keywordsOf lists keywords with their languages, in a fixed order.
func keywordsOf(d *catalog.Dataset) (out []struct{ word, lang string }) {
	for _, lang := range d.KeywordLanguages() {
		for _, word := range d.Keywords[lang] {
			out = append(out, struct{ word, lang string }{word, lang})
		}
	}
	return out
}

// languagesOf gives the languages of the data; Vietnamese when none is said.
func languagesOf(d *catalog.Dataset) []string {
	if len(d.Languages) == 0 {
		return []string{"vi"}
	}
	return slices.Clone(d.Languages)
}
