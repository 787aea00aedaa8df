package dcat

import "strings"

// prefixes of the vocabularies, in the order in which Turtle declares them.
var prefixes = []struct{ name, iri string }{
	{"adms", "http://www.w3.org/ns/adms#"},
	{"dcat", "http://www.w3.org/ns/dcat#"},
	{"dcatap", "http://data.europa.eu/r5r/"},
	{"dct", "http://purl.org/dc/terms/"},
	{"foaf", "http://xmlns.com/foaf/0.1/"},
	{"hydra", "http://www.w3.org/ns/hydra/core#"},
	{"org", "http://www.w3.org/ns/org#"},
	{"rdf", "http://www.w3.org/1999/02/22-rdf-syntax-ns#"},
	{"rdfs", "http://www.w3.org/2000/01/rdf-schema#"},
	{"skos", "http://www.w3.org/2004/02/skos/core#"},
	{"spdx", "http://spdx.org/rdf/terms#"},
	{"vcard", "http://www.w3.org/2006/vcard/ns#"},
	{"xsd", "http://www.w3.org/2001/XMLSchema#"},
}

// term makes a node of a vocabulary from its prefixed name.
func term(short string) Term {
	prefix, local, _ := strings.Cut(short, ":")
	for _, p := range prefixes {
		if p.name == prefix {
			return Term{value: p.iri + local, extra: short}
		}
	}
	panic("no vocabulary for " + short)
}

// A predicate is an index into predicates: its number is its place in every
// document we write.
type predicate int

const (
	rdfType predicate = iota
	dctIdentifier
	dctTitle
	dctDescription
	foafName
	skosPrefLabel
	skosAltLabel
	rdfsLabel
	vcardFn
	vcardHasEmail
	vcardTel
	dctType
	skosInScheme
	dcatKeyword
	dcatTheme
	dctPublisher
	dcatContactPoint
	dctIssued
	dctModified
	dctSpatial
	dctTemporal
	dcatStartDate
	dcatEndDate
	dctAccrualPeriodicity
	dctAccessRights
	dctLanguage
	dctFormat
	dcatMediaType
	dcatAccessURL
	dcatDownloadURL
	dcatByteSize
	dctLicense
	dctRights
	dcatapAvailability
	spdxChecksum
	spdxAlgorithm
	spdxChecksumValue
	dcatLandingPage
	foafHomepage
	dctRelation
	dctReplaces
	dctIsReplacedBy
	dcatVersion
	dcatHasVersion
	dcatPreviousVersion
	admsVersionNotes
	dctProvenance
	dcatThemeTaxonomy
	dcatDistribution
	dcatDataset
	hydraTotalItems
	hydraView
	hydraFirst
	hydraPrevious
	hydraNext
	hydraLast
)

var predicates = []Term{
	rdfType:               term("rdf:type"),
	dctIdentifier:         term("dct:identifier"),
	dctTitle:              term("dct:title"),
	dctDescription:        term("dct:description"),
	foafName:              term("foaf:name"),
	skosPrefLabel:         term("skos:prefLabel"),
	skosAltLabel:          term("skos:altLabel"),
	rdfsLabel:             term("rdfs:label"),
	vcardFn:               term("vcard:fn"),
	vcardHasEmail:         term("vcard:hasEmail"),
	vcardTel:              term("vcard:tel"),
	dctType:               term("dct:type"),
	skosInScheme:          term("skos:inScheme"),
	dcatKeyword:           term("dcat:keyword"),
	dcatTheme:             term("dcat:theme"),
	dctPublisher:          term("dct:publisher"),
	dcatContactPoint:      term("dcat:contactPoint"),
	dctIssued:             term("dct:issued"),
	dctModified:           term("dct:modified"),
	dctSpatial:            term("dct:spatial"),
	dctTemporal:           term("dct:temporal"),
	dcatStartDate:         term("dcat:startDate"),
	dcatEndDate:           term("dcat:endDate"),
	dctAccrualPeriodicity: term("dct:accrualPeriodicity"),
	dctAccessRights:       term("dct:accessRights"),
	dctLanguage:           term("dct:language"),
	dctFormat:             term("dct:format"),
	dcatMediaType:         term("dcat:mediaType"),
	dcatAccessURL:         term("dcat:accessURL"),
	dcatDownloadURL:       term("dcat:downloadURL"),
	dcatByteSize:          term("dcat:byteSize"),
	dctLicense:            term("dct:license"),
	dctRights:             term("dct:rights"),
	dcatapAvailability:    term("dcatap:availability"),
	spdxChecksum:          term("spdx:checksum"),
	spdxAlgorithm:         term("spdx:algorithm"),
	spdxChecksumValue:     term("spdx:checksumValue"),
	dcatLandingPage:       term("dcat:landingPage"),
	foafHomepage:          term("foaf:homepage"),
	dctRelation:           term("dct:relation"),
	dctReplaces:           term("dct:replaces"),
	dctIsReplacedBy:       term("dct:isReplacedBy"),
	dcatVersion:           term("dcat:version"),
	dcatHasVersion:        term("dcat:hasVersion"),
	dcatPreviousVersion:   term("dcat:previousVersion"),
	admsVersionNotes:      term("adms:versionNotes"),
	dctProvenance:         term("dct:provenance"),
	dcatThemeTaxonomy:     term("dcat:themeTaxonomy"),
	dcatDistribution:      term("dcat:distribution"),
	dcatDataset:           term("dcat:dataset"),
	hydraTotalItems:       term("hydra:totalItems"),
	hydraView:             term("hydra:view"),
	hydraFirst:            term("hydra:first"),
	hydraPrevious:         term("hydra:previous"),
	hydraNext:             term("hydra:next"),
	hydraLast:             term("hydra:last"),
}

// Classes, and the one concept of a vocabulary that is no code list.
var (
	aCatalog         = term("dcat:Catalog")
	aCollection      = term("hydra:Collection")
	aPage            = term("hydra:PartialCollectionView")
	aDataset         = term("dcat:Dataset")
	aDistribution    = term("dcat:Distribution")
	anAgent          = term("foaf:Agent")
	anOrganization   = term("org:Organization")
	aKind            = term("vcard:Kind")
	aVcardOrg        = term("vcard:Organization")
	aPeriod          = term("dct:PeriodOfTime")
	aLocation        = term("dct:Location")
	aLanguage        = term("dct:LinguisticSystem")
	aFrequency       = term("dct:Frequency")
	aRightsStatement = term("dct:RightsStatement")
	aLicence         = term("dct:LicenseDocument")
	aMediaType       = term("dct:MediaType")
	aFormat          = term("dct:MediaTypeOrExtent")
	aProvenance      = term("dct:ProvenanceStatement")
	aDocument        = term("foaf:Document")
	aConcept         = term("skos:Concept")
	aScheme          = term("skos:ConceptScheme")
	aChecksum        = term("spdx:Checksum")
	anAlgorithm      = term("spdx:ChecksumAlgorithm")
	sha256Algorithm  = term("spdx:checksumAlgorithm_sha256")
)
