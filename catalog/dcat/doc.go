// Package dcat says what the catalogue holds in the languages of other
// catalogues: one RDF graph that conforms to DCAT-AP 3.0.1 and DCAT-US 3.0 at
// once, in the syntaxes of the table Standards, and data.json of DCAT-US 1.1.
// The same content gives the same bytes. It reads no request and opens no
// file, and it says nothing that its caller did not give it.
//
// site.go is the portal itself, dcat.go and provenance.go the mapping,
// vocabulary.go the words, graph.go the triples. A syntax is one file that
// writes a Graph (turtle.go) and one line in standard.go.
package dcat
