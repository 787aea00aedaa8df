package search

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	bleve "github.com/blevesearch/bleve/v2"
	"github.com/blevesearch/bleve/v2/search"
	"github.com/blevesearch/bleve/v2/search/query"
	index "github.com/blevesearch/bleve_index_api"

	"daylight/catalog"
)

// snapshot is one state of the index: Bleve's, and the values of each dataset
// in memory by document number. Bleve's own facets and sorting decode the
// stored values of every hit anew, which is most of the time of a search.
type snapshot struct {
	gen    *generation
	reader index.IndexReader
	rows   []*row // by document number; nil where the document is gone
	byID   map[catalog.DatasetID]*row
	last   int64 // change that it holds
	refs   int   // guarded by Index.serving
}

var errDamaged = errors.New("the index is damaged")

// load reads the values of every document of the index as it stands.
func load(ctx context.Context, g *generation) (_ *snapshot, err error) {
	defer recovered(&err)
	advanced, err := g.index.Advanced()
	if err != nil {
		return nil, err
	}
	r, err := advanced.Reader()
	if err != nil {
		return nil, err
	}
	s := &snapshot{gen: g, reader: r, byID: map[catalog.DatasetID]*row{}}
	if err := s.read(ctx); err != nil {
		r.Close()
		return nil, err
	}
	return s, nil
}

func (s *snapshot) read(ctx context.Context) error {
	last, err := s.reader.GetInternal(keyLast)
	if err != nil {
		return err
	}
	if len(last) != 8 {
		return fmt.Errorf("%w: it does not say which change it holds", errDamaged)
	}
	s.last = int64(binary.BigEndian.Uint64(last))
	values, err := s.reader.DocValueReader(valueFields)
	if err != nil {
		return err
	}
	ids, err := s.reader.DocIDReaderAll()
	if err != nil {
		return err
	}
	defer ids.Close()
	for {
		id, err := ids.Next()
		if err != nil {
			return err
		}
		if id == nil {
			return ctx.Err()
		}
		n, err := docNumber(id)
		if err != nil {
			return err
		}
		for uint64(len(s.rows)) <= n {
			s.rows = append(s.rows, nil)
		}
		w := &row{}
		if err := values.VisitDocValues(id, w.set); err != nil {
			return err
		}
		if w.id == "" || s.byID[w.id] != nil {
			return fmt.Errorf("%w: a dataset without its id, or twice", errDamaged)
		}
		s.rows[n], s.byID[w.id] = w, w
	}
}

func (w *row) set(field string, b []byte) {
	v := string(b)
	switch field {
	case fieldID:
		w.id = catalog.DatasetID(v)
	case fieldVersion:
		w.version = v
	case fieldModified:
		w.modified = v
	case fieldRows:
		w.rows = v
	}
	for i, o := range titleOrders {
		if field == fieldTitle+o.lang {
			w.titles[i] = v
		}
	}
	for i, n := range facetNames {
		if field == fieldFacet+n {
			w.facets[i] = append(w.facets[i], v)
		}
	}
}

// docNumber: scorch's internal id is the document's number, 8 bytes.
func docNumber(id index.IndexInternalID) (uint64, error) {
	if len(id) != 8 {
		return 0, fmt.Errorf("%w: a document number of %d bytes", errDamaged, len(id))
	}
	return binary.BigEndian.Uint64(id), nil
}

// match is a dataset that was found by its words.
type match struct {
	*row
	score float64
	exact bool // every word stands in it as it was typed
}

// match runs the words over the snapshot, with as much effort as it takes to
// find something.
func (s *snapshot) match(ctx context.Context, ws []word) (_ []match, e effort, err error) {
	defer recovered(&err)
	b := builder{s.reader}
	for ; e < efforts; e++ {
		q, err := b.find(ws, e)
		if err != nil {
			return nil, e, err
		}
		if q == nil {
			continue
		}
		var found []match
		err = s.run(ctx, q, "", func(r *row, score float64) { found = append(found, match{row: r, score: score}) })
		if err != nil {
			return nil, e, err
		}
		if len(found) == 0 {
			continue
		}
		exact, err := b.exact(ws, e)
		if err != nil || exact == nil {
			return found, e, err
		}
		just := map[*row]bool{}
		if err := s.run(ctx, exact, "none", func(r *row, _ float64) { just[r] = true }); err != nil {
			return nil, e, err
		}
		for i := range found {
			found[i].exact = just[found[i].row]
		}
		return found, e, nil
	}
	return nil, efforts - 1, nil
}

// run drives the query's own searcher over every hit.
func (s *snapshot) run(ctx context.Context, q query.Query, scoring string, hit func(*row, float64)) error {
	// without this the searcher falls back to tf-idf, whatever the mapping says
	ctx = context.WithValue(ctx, search.GetScoringModelCallbackKey,
		search.GetScoringModelCallbackFn(func() string { return index.BM25Scoring }))
	sr, err := q.Searcher(ctx, s.reader, s.gen.index.Mapping(), search.SearcherOptions{Score: scoring})
	if err != nil {
		return err
	}
	defer sr.Close()
	sc := &search.SearchContext{DocumentMatchPool: search.NewDocumentMatchPool(sr.DocumentMatchPoolSize()+8, 0), IndexReader: s.reader}
	for n := 0; ; n++ {
		if n%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		m, err := sr.Next(sc)
		if err != nil || m == nil {
			return err
		}
		doc, err := docNumber(m.IndexInternalID)
		if err != nil {
			return err
		}
		if doc >= uint64(len(s.rows)) || s.rows[doc] == nil {
			return fmt.Errorf("%w: a hit that is no dataset", errDamaged)
		}
		hit(s.rows[doc], m.Score)
		sc.DocumentMatchPool.Put(m)
	}
}

// recovered turns a panic into errDamaged: Bleve panics on a file that is not
// as it was written.
func recovered(err *error) {
	if recover() != nil {
		*err = fmt.Errorf("%w: Bleve gave up", errDamaged)
	}
}

// generation is one index folder. Its last user closes and, once another has
// taken its place, removes it.
type generation struct {
	name  string // of the folder
	index bleve.Index
	refs  int  // guarded by Index.serving
	gone  bool // guarded by Index.serving: remove the folder
}
