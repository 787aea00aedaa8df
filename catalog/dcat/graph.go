package dcat

import (
	"iter"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// A Graph is a list of RDF triples in a fixed order: subjects in the order in
// which they were first spoken of, predicates in the order of their table,
// objects in the order given. The same content makes the same Graph, and every
// writer the same bytes. The zero Graph is empty.
type Graph struct {
	nodes  []*node
	byTerm map[Term]*node
	blanks int
}

// A Term is a node or a literal of a Graph. It can be a key of a map.
type Term struct {
	kind  kind
	value string // IRI; number of a blank node; text of a literal
	extra string // IRI: the prefixed name, where there is one; literal: language, or datatype as prefixed name
}

// datatype is the IRI of the type of a literal that has one.
func (t Term) datatype() string { return term(t.extra).value }

type kind uint8

const (
	resource kind = iota
	blankNode
	plain  // xsd:string
	tagged // with a language
	typed  // with a datatype
)

// A Triple is one statement.
type Triple struct{ Subject, Predicate, Object Term }

type node struct {
	subject Term
	said    []statement
}

type statement struct {
	p predicate
	o Term
}

// Triples gives every statement in order.
func (g *Graph) Triples() iter.Seq[Triple] {
	return func(yield func(Triple) bool) {
		for _, n := range g.nodes {
			for _, s := range n.said {
				if !yield(Triple{n.subject, predicates[s.p], s.o}) {
					return
				}
			}
		}
	}
}

// Len counts the statements.
func (g *Graph) Len() int {
	n := 0
	for _, x := range g.nodes {
		n += len(x.said)
	}
	return n
}

// add says p of s with each of the objects. Saying something twice is saying it
// once.
func (g *Graph) add(s Term, p predicate, objects ...Term) {
	n := g.byTerm[s]
	if n == nil {
		n = &node{subject: s}
		g.nodes = append(g.nodes, n)
		if g.byTerm == nil {
			g.byTerm = map[Term]*node{}
		}
		g.byTerm[s] = n
	}
	for _, o := range objects {
		x := statement{p, o}
		// A catalogue page has a thousand objects of dcat:dataset, and its maker
		// says each once: looking for twins there would be quadratic.
		if p != dcatDataset && slices.Contains(n.said, x) {
			continue
		}
		n.said = append(n.said, x)
	}
}

// sort brings the statements of every node into the order of the table.
func (g *Graph) sort() {
	for _, n := range g.nodes {
		slices.SortStableFunc(n.said, func(a, b statement) int { return int(a.p) - int(b.p) })
	}
}

// blank makes a node without a name.
func (g *Graph) blank() Term {
	g.blanks++
	return Term{kind: blankNode, value: "b" + itoa(g.blanks)}
}

// iri makes a node. What must not stand in an IRI is percent-encoded: one space
// or < in an agency's address would make the whole page unreadable.
func iri(s string) Term { return Term{value: escapeIRI(s)} }

func escapeIRI(s string) string {
	if !strings.ContainsFunc(s, outsideIRI) {
		return s
	}
	var b strings.Builder
	for _, r := range strings.ToValidUTF8(s, "\uFFFD") {
		if !outsideIRI(r) {
			b.WriteRune(r)
			continue
		}
		var buf [utf8.UTFMax]byte
		for _, c := range buf[:utf8.EncodeRune(buf[:], r)] {
			b.WriteByte('%')
			b.WriteByte("0123456789ABCDEF"[c>>4])
			b.WriteByte("0123456789ABCDEF"[c&15])
		}
	}
	return b.String()
}

func outsideIRI(r rune) bool {
	return r <= ' ' || r >= 0x7F && r <= 0x9F || r == utf8.RuneError || r >= 0xFFF0 && r <= 0xFFFF || strings.ContainsRune("<>\"{}|^`\\", r)
}

// text makes a literal without a language.
func text(s string) Term { return Term{kind: plain, value: clean(s)} }

// words makes a literal in a language. A language that is none in form is left
// out: one wrong tag would make the whole page unreadable.
func words(s, lang string) Term {
	if !isLanguage(lang) {
		return text(s)
	}
	return Term{kind: tagged, value: clean(s), extra: lang}
}

// value makes a literal with a datatype, given as a prefixed name: "xsd:date".
func value(s, datatype string) Term { return Term{kind: typed, value: clean(s), extra: datatype} }

func isLanguage(s string) bool {
	for i, part := range strings.Split(s, "-") {
		if len(part) < 1 || len(part) > 8 {
			return false
		}
		for _, c := range []byte(part) {
			if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || i > 0 && c >= '0' && c <= '9') {
				return false
			}
		}
	}
	return true
}

// clean drops what XML 1.0 cannot hold, so that every syntax can say the same,
// and brings the rest into NFC. The catalogue refuses such text at entry; this
// is the second lock.
func clean(s string) string {
	if strings.ContainsFunc(s, outsideXML) {
		s = strings.Map(func(r rune) rune {
			if outsideXML(r) {
				return -1
			}
			return r
		}, s)
	}
	return norm.NFC.String(s)
}

func outsideXML(r rune) bool {
	return r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF || r == utf8.RuneError
}
