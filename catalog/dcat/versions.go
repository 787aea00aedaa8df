package dcat

import (
	"fmt"

	"daylight/catalog"
	"daylight/catalog/codes"
)

// VersionsGraph says which releases a dataset has. It is a document of its own:
// harvesters import every node that is typed dcat:Dataset, and would take each
// release for a dataset. all holds the releases, newest first.
func VersionsGraph(site Site, d *catalog.Dataset, all []catalog.Release) (*Graph, error) {
	agency, ok := site.Agencies[d.Agency]
	if !ok {
		return nil, fmt.Errorf("describe versions of %s: its agency is unknown", d.ID)
	}
	b := newBuilder(site)
	s := b.at("/dataset/" + string(d.ID))
	about := func(s Term, identifier string) {
		b.g.add(s, rdfType, aDataset)
		b.g.add(s, dctIdentifier, text(identifier))
		b.text(s, dctTitle, d.Title)
		b.text(s, dctDescription, described(d))
		b.g.add(s, dctPublisher, b.agency(agency))
		b.g.add(s, dcatContactPoint, b.contact(agency))
	}
	about(s, string(d.ID))
	b.day(s, dctIssued, d.Issued)
	b.moment(s, dctModified, d.Modified)
	b.g.add(s, dcatLandingPage, b.landingPage(d))
	for i, r := range all {
		v := b.at(versionPath(d, r.N))
		b.g.add(s, dcatHasVersion, v)
		about(v, string(d.ID)+"/"+itoa(r.N))
		b.day(v, dctIssued, r.Published)
		b.moment(v, dctModified, r.Published)
		b.g.add(v, dcatVersion, text(itoa(r.N)))
		page := fmt.Sprintf("/datasets/%s/v/%d", d.Slug, r.N)
		b.g.add(v, dcatLandingPage, b.document(page, d.Title))
		access := "PUBLIC"
		if r.Withdrawn != nil {
			access = "NON_PUBLIC"
			b.refusal(v, versionPath(d, r.N)+"-withdrawn", r.Withdrawn.Reason)
		} else if note, lang := r.Note.Lang("vi", "en"); note != "" {
			b.g.add(v, admsVersionNotes, words(note, lang))
		}
		if c, ok := codes.AccessRights.Get(access); ok {
			b.g.add(v, dctAccessRights, b.concept(c.Concept, aRightsStatement))
		}
		if i+1 < len(all) {
			b.g.add(v, dcatPreviousVersion, b.at(versionPath(d, all[i+1].N)))
		}
	}
	return b.graph(), nil
}

// versionPath is the lasting name of a release: slugs change. It is answered by
// the document that describes all of them.
func versionPath(d *catalog.Dataset, n int) string {
	return fmt.Sprintf("/dataset/%s/versions#v%d", d.ID, n)
}
