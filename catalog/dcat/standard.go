// Package dcat says what the catalogue holds in the languages of other
// catalogues: DCAT-AP 3.0.1 and DCAT-US 3.0 as one RDF graph in four syntaxes,
// DCAT-US 1.1 as JSON, and schema.org for search engines. It makes a neutral
// list of triples from package catalog and writes it; it reads no RDF, and
// knows neither the web nor a database.
//
// The same content gives the same bytes: nothing here depends on the time of
// the request, on the order of a map, or on chance. Harvesters compare digests.
package dcat

import (
	"errors"
	"io"
	"iter"
	"slices"

	"daylight/catalog"
)

// ErrUnpublished is the answer to a dataset without a release: a draft has no
// description for the public.
var ErrUnpublished = errors.New("dataset has no release")

// A Standard is a way of writing the catalogue: either any Graph of it, or the
// whole as one document.
type Standard struct {
	Name  string   // "dcat-turtle"
	Ext   []string // path endings; the first is the one we write
	Media []string // types it answers to; the first is the one sent
	// Graph writes one document of RDF. Its bytes depend on the graph alone.
	Graph func(w io.Writer, g *Graph) error
	// Write writes the datasets in the order given, which must be that of their
	// ids. It streams: a document that breaks off with an error is not whole.
	Write func(w io.Writer, site Site, ds iter.Seq2[*catalog.Dataset, error]) error
}

// Standards are all that we write.
var Standards = []Standard{
	{Name: "dcat-turtle", Ext: []string{"ttl", "n3"}, Media: []string{"text/turtle; charset=utf-8", "application/x-turtle", "text/n3"}, Graph: writeTurtle},
	{Name: "dcat-jsonld", Ext: []string{"jsonld"}, Media: []string{"application/ld+json", "application/json"}, Graph: writeJSONLD},
	{Name: "dcat-rdfxml", Ext: []string{"rdf", "xml"}, Media: []string{"application/rdf+xml"}, Graph: writeRDFXML},
	{Name: "dcat-ntriples", Ext: []string{"nt"}, Media: []string{"application/n-triples"}, Graph: writeNTriples},
	{Name: "dcat-us-1.1", Ext: []string{"json"}, Media: []string{"application/json"}, Write: WriteDataJSON},
	{Name: "dcat-us-1.1-lines", Ext: []string{"jsonl"}, Media: []string{"application/x-ndjson"}, Write: WriteDataLines},
}

// Syntaxes are the standards that write a Graph, the one to prefer first.
func Syntaxes() []Standard {
	return slices.DeleteFunc(slices.Clone(Standards), func(s Standard) bool { return s.Graph == nil })
}

// Syntax finds the syntax of a path ending.
func Syntax(ext string) (Standard, bool) {
	for _, s := range Standards {
		if s.Graph != nil && slices.Contains(s.Ext, ext) {
			return s, true
		}
	}
	return Standard{}, false
}
