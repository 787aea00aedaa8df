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

// A Standard is one way the catalogue is written for machines. What it does
// not have is nil.
type Standard struct {
	Name    string
	Media   string   // as sent
	Accepts []string // media types by which it may be asked for, the usual first
	Endings []string // of addresses, without the dot, the usual first

	Catalog func(io.Writer, Site, CatalogPage) error                        // one page
	Dataset func(io.Writer, Site, *catalog.Dataset) error                   // one dataset by itself
	Whole   func(io.Writer, Site, iter.Seq2[*catalog.Dataset, error]) error // everything in one document
}

// Standards are all that the portal writes, the preferred first. To add a
// syntax of RDF: copy turtle.go, and add its line here.
var Standards = []Standard{
	syntax(Standard{
		Name: "Turtle", Media: "text/turtle; charset=utf-8",
		Accepts: []string{"text/turtle", "application/x-turtle", "text/n3"},
		Endings: []string{"ttl", "n3"}, // n3: the name that old harvesters use
	}, writeTurtle),
	{
		Name: "DCAT-US 1.1", Media: "application/json",
		Accepts: []string{"application/json"}, Endings: []string{"json"},
		Whole: WriteDataJSON,
	},
}

// StandardOf finds the standard of an address's ending: "ttl".
func StandardOf(ending string) (Standard, bool) {
	for _, s := range Standards {
		if slices.Contains(s.Endings, ending) {
			return s, true
		}
	}
	return Standard{}, false
}

// syntax completes s, whose documents are graphs in the form that write gives
// them.
func syntax(s Standard, write func(io.Writer, *Graph) error) Standard {
	s.Catalog = func(w io.Writer, site Site, p CatalogPage) error {
		g, err := catalogGraph(site, p)
		if err != nil {
			return err
		}
		return write(w, g)
	}
	s.Dataset = func(w io.Writer, site Site, d *catalog.Dataset) error {
		g, err := datasetGraph(site, d)
		if err != nil {
			return err
		}
		return write(w, g)
	}
	return s
}

// WriteCatalog writes one page of the catalogue in Turtle. Nothing is written
// when the page cannot be described. Datasets without a release are left out.
func WriteCatalog(w io.Writer, site Site, p CatalogPage) error {
	return Standards[0].Catalog(w, site, p)
}

// WriteDataset writes one dataset in Turtle; ErrUnpublished without a release.
func WriteDataset(w io.Writer, site Site, d *catalog.Dataset) error {
	return Standards[0].Dataset(w, site, d)
}
