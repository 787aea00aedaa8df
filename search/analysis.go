package search

import (
	"sync"

	"github.com/blevesearch/bleve/v2/analysis"
	"github.com/blevesearch/bleve/v2/mapping"
	"github.com/blevesearch/bleve/v2/registry"
	index "github.com/blevesearch/bleve_index_api"

	bleve "github.com/blevesearch/bleve/v2"
)

// analysisVersion changes with anything that changes what is indexed of a text;
// an index of another version is built anew.
const analysisVersion = "3"

// Ways a text is indexed; each is a field of its own, as "title.exact".
const (
	formExact  = "exact"  // words as written
	formFolded = "folded" // words without marks
	formPair   = "pair"   // two folded words that stand side by side: "dan so"
	formStem   = "stem"   // English stems
)

// sources are the texts of a dataset that are searched, with the weight of a
// word found in each.
var sources = []struct {
	name  string
	boost float64
}{
	{"title", 8},
	{"keywords", 5},
	{"columns", 3},
	{"agency", 3},
	{"subjects", 2}, // labels of themes, life events and places
	{"description", 1},
	{"synonyms", 1}, // other words for what the others name: former provinces, abbreviations
}

// all holds the words of every source, for what need not know where a word
// stands: prefixes, misspelt words, whether all words are there as typed.
const all = "all"

// analyzers by name. Bleve knows them by name because it keeps the mapping in
// the index as JSON.
var analyzers = map[string]func([]byte) analysis.TokenStream{
	"daylight-exact":  analyzer(func(w word) string { return w.exact }),
	"daylight-folded": analyzer(func(w word) string { return w.folded }),
	"daylight-stem":   analyzer(func(w word) string { return stem(w.exact) }),
	"daylight-pair":   analyzePairs,
	"daylight-value": func(b []byte) analysis.TokenStream {
		return analysis.TokenStream{{Term: b, Start: 0, End: len(b), Position: 1}}
	},
}

type analyzerFunc func([]byte) analysis.TokenStream

func (f analyzerFunc) Analyze(b []byte) analysis.TokenStream { return f(b) }

// register tells Bleve our analyzers, once a process.
var register = sync.OnceValue(func() error {
	for name, f := range analyzers {
		err := registry.RegisterAnalyzer(name, func(map[string]any, *registry.Cache) (analysis.Analyzer, error) {
			return analyzerFunc(f), nil
		})
		if err != nil {
			return err
		}
	}
	return nil
})

func analyzer(term func(word) string) func([]byte) analysis.TokenStream {
	return func(b []byte) analysis.TokenStream {
		var out analysis.TokenStream
		for _, w := range words(string(b)) {
			if t := term(w); t != "" {
				out = append(out, &analysis.Token{Term: []byte(t), Start: w.from, End: w.to, Position: len(out) + 1})
			}
		}
		return out
	}
}

func analyzePairs(b []byte) analysis.TokenStream {
	var out analysis.TokenStream
	ws := words(string(b))
	for i := 1; i < len(ws); i++ {
		if ws[i].joined {
			out = append(out, &analysis.Token{Term: []byte(pair(ws[i-1], ws[i])), Start: ws[i-1].from, End: ws[i].to, Position: len(out) + 1})
		}
	}
	return out
}

func pair(a, b word) string { return a.folded + " " + b.folded }

// newMapping says how a document is indexed: nothing is stored, for what is
// shown comes from the catalogue; values are kept as doc values for facets,
// filters and sorting.
func newMapping() mapping.IndexMapping {
	text := func(name, form string) *mapping.FieldMapping {
		f := mapping.NewTextFieldMapping()
		f.Name, f.Analyzer = name+"."+form, "daylight-"+form
		f.Store, f.IncludeInAll, f.IncludeTermVectors, f.DocValues = false, false, false, false
		return f
	}
	doc := mapping.NewDocumentStaticMapping()
	for _, s := range sources {
		doc.AddFieldMappingsAt(s.name, text(s.name, formExact), text(s.name, formFolded), text(s.name, formPair))
		doc.AddFieldMappingsAt(s.name+"-en", text(s.name, formStem))
	}
	doc.AddFieldMappingsAt(all, text(all, formExact), text(all, formFolded))
	for _, name := range valueFields {
		f := mapping.NewTextFieldMapping()
		f.Name, f.Analyzer = name, "daylight-value"
		f.Store, f.IncludeInAll, f.IncludeTermVectors, f.DocValues = false, false, false, true
		doc.AddFieldMappingsAt(name, f)
	}
	m := bleve.NewIndexMapping()
	m.DefaultMapping = doc
	m.DefaultAnalyzer = "daylight-value"
	m.StoreDynamic, m.IndexDynamic, m.DocValuesDynamic = false, false, false
	m.ScoringModel = index.BM25Scoring
	return m
}
