package search

import (
	"cmp"
	"slices"
	"unicode"
	"unicode/utf8"

	"github.com/blevesearch/bleve/v2/search/query"
	index "github.com/blevesearch/bleve_index_api"
)

// What a query may cost, whatever is pasted into the box.
const (
	maxRunes    = 300 // read of a query
	maxTerms    = 12  // different words looked for
	maxPrefixed = 50  // words that one beginning stands for
	maxScanned  = 5_000
	fuzzyFrom   = 4 // letters: shorter words have too many neighbours
	prefixFrom  = 3
)

// terms reads what someone typed: words, and nothing else. There are no
// operators, so there is nothing to get wrong or to misuse.
func terms(q string) []word {
	if utf8.RuneCountInString(q) > maxRunes {
		q = string([]rune(q)[:maxRunes])
	}
	var out []word
	for _, w := range words(q) {
		if !slices.ContainsFunc(out, func(o word) bool { return o.exact == w.exact }) {
			out = append(out, w)
		} else {
			continue
		}
		if len(out) == maxTerms {
			break
		}
	}
	return out
}

// marked: someone who types a mark means it.
func (w word) marked() bool { return w.exact != w.folded }

// effort is how far a search goes to find something. It goes further only
// where it found nothing.
type effort int

const (
	effortWords    effort = iota // every word, the last also as a beginning
	effortBegin                  // the last as a beginning, however short
	effortMisspelt               // one letter wrong, lacking or too many
	effortMost                   // not all of the words
	efforts
)

// builder makes Bleve queries over one snapshot.
type builder struct{ reader index.IndexReader }

// find is the query for these words; nil where this effort adds nothing to the
// ones before.
func (b builder) find(ws []word, e effort) (query.Query, error) {
	var every []query.Query
	for i, w := range ws {
		q, err := b.word(w, i == len(ws)-1, e)
		if err != nil {
			return nil, err
		}
		every = append(every, q)
	}
	if e == effortMost {
		if len(ws) < 3 {
			return nil, nil
		}
		q := query.NewDisjunctionQuery(every)
		q.SetMin(float64(len(ws) - len(ws)/3))
		return q, nil
	}
	pairs := b.pairs(ws)
	if len(pairs) == 0 {
		return query.NewConjunctionQuery(every), nil
	}
	return query.NewBooleanQuery([]query.Query{query.NewConjunctionQuery(every)}, pairs, nil), nil
}

// word finds one word in any source, the more so the nearer it is to what was
// typed. Every way leads through the folded form, so that a word is found in
// the same datasets whichever marks it is typed with.
func (b builder) word(w word, last bool, e effort) (query.Query, error) {
	var any []query.Query
	english := stem(w.folded)
	for _, s := range sources {
		any = append(any,
			term(s.name+"."+formFolded, w.folded, s.boost),
			term(s.name+"."+formExact, w.exact, s.boost))
		if english != "" {
			any = append(any, term(s.name+"."+formStem, english, s.boost/2))
		}
	}
	runes := utf8.RuneCountInString(w.folded)
	if last && (runes >= prefixFrom || e >= effortBegin) {
		begun, err := b.begins(all+"."+formFolded, w.folded, .25)
		if err != nil {
			return nil, err
		}
		any = append(any, begun...)
	}
	if e >= effortMisspelt && runes >= fuzzyFrom && !hasDigit(w.folded) {
		f := query.NewFuzzyQuery(w.folded)
		f.SetField(all + "." + formFolded)
		f.SetFuzziness(1)
		f.SetBoost(.25)
		any = append(any, f)
	}
	return query.NewDisjunctionQuery(any), nil
}

// pairs raises datasets in which the words stand side by side as they were
// typed: most Vietnamese words are two syllables, and "dân số" is not "số dân".
func (b builder) pairs(ws []word) []query.Query {
	var out []query.Query
	for i := 1; i < len(ws); i++ {
		if !ws[i].joined {
			continue
		}
		for _, s := range sources {
			out = append(out, term(s.name+"."+formPair, pair(ws[i-1], ws[i]), 1.5*s.boost))
		}
	}
	return out
}

// exact finds where every word that was typed with marks stands just so; nil
// where none was: then there is nothing to prefer.
func (b builder) exact(ws []word, e effort) (query.Query, error) {
	if e > effortBegin || !slices.ContainsFunc(ws, word.marked) {
		return nil, nil
	}
	var every []query.Query
	for i, w := range ws {
		form, text := formFolded, w.folded
		if w.marked() {
			form, text = formExact, w.exact
		}
		any := []query.Query{term(all+"."+form, text, 1)}
		if !w.marked() {
			for _, s := range sources {
				if english := stem(w.folded); english != "" {
					any = append(any, term(s.name+"."+formStem, english, 1))
				}
			}
		}
		if i == len(ws)-1 && (e == effortBegin || utf8.RuneCountInString(text) >= prefixFrom) {
			begun, err := b.begins(all+"."+form, text, 1)
			if err != nil {
				return nil, err
			}
			any = append(any, begun...)
		}
		every = append(every, query.NewDisjunctionQuery(any))
	}
	return query.NewConjunctionQuery(every), nil
}

// begins stands for the most frequent words that begin so.
func (b builder) begins(field, prefix string, boost float64) ([]query.Query, error) {
	dict, err := b.reader.FieldDictPrefix(field, []byte(prefix))
	if err != nil {
		return nil, err
	}
	defer dict.Close()
	type entry struct {
		term string
		n    uint64
	}
	var found []entry
	for range maxScanned {
		d, err := dict.Next()
		if err != nil {
			return nil, err
		}
		if d == nil {
			break
		}
		if d.Term != prefix {
			found = append(found, entry{d.Term, d.Count})
		}
	}
	slices.SortFunc(found, func(a, b entry) int { return cmp.Or(cmp.Compare(b.n, a.n), cmp.Compare(a.term, b.term)) })
	var out []query.Query
	for _, f := range found[:min(len(found), maxPrefixed)] {
		out = append(out, term(field, f.term, boost))
	}
	return out, nil
}

func term(field, text string, boost float64) query.Query {
	q := query.NewTermQuery(text)
	q.SetField(field)
	q.SetBoost(boost)
	return q
}

func hasDigit(s string) bool {
	for _, r := range s {
		if unicode.IsNumber(r) {
			return true
		}
	}
	return false
}
