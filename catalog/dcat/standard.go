// Package dcat says what the catalogue holds in the languages of other
// catalogues: DCAT-AP 3.0.1 and DCAT-US 3.0 as one RDF graph, and DCAT-US 1.1
// as JSON. It makes a neutral list of triples from package catalog and writes
// it; it reads no RDF, and knows neither the web nor a database.
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

// A Standard is a way of writing the whole catalogue as one document.
type Standard struct {
	Name  string   // "dcat-turtle"
	Ext   string   // path ending: "ttl"
	Media []string // types it answers to; the first is the one sent
	// Write writes the datasets in the order given, which must be that of their
	// ids. A document that breaks off with an error is not whole: JSON is
	// streamed, RDF is written when all is read.
	Write func(w io.Writer, site Site, ds iter.Seq2[*catalog.Dataset, error]) error
}

// Standards are all that we write.
var Standards = []Standard{
	{Name: "dcat-turtle", Ext: "ttl", Media: []string{"text/turtle; charset=utf-8", "application/x-turtle", "text/n3"}, Write: writeWhole},
	{Name: "dcat-us-1.1", Ext: "json", Media: []string{"application/json"}, Write: WriteDataJSON},
	{Name: "dcat-us-1.1-lines", Ext: "jsonl", Media: []string{"application/x-ndjson"}, Write: WriteDataLines},
}

// writeWhole writes the catalogue as one page.
func writeWhole(w io.Writer, site Site, ds iter.Seq2[*catalog.Dataset, error]) error {
	var all []*catalog.Dataset
	for d, err := range ds {
		if err != nil {
			return err
		}
		all = append(all, d)
	}
	return WriteCatalog(w, site, CatalogPage{Datasets: slices.Clip(all), Total: len(all), Page: 1, Size: max(1, len(all)), Pages: 1})
}
