package dcat

import (
	"bufio"
	"io"
	"strconv"
	"strings"
)

func itoa(n int) string { return strconv.Itoa(n) }

// writeTurtle writes g as Turtle 1.1. IRIs are written in full, except those of
// our vocabularies: a slash in a local name is illegal, and agencies' addresses
// have slashes. A blank node that only one statement speaks of stands inside it.
func writeTurtle(w io.Writer, g *Graph) error {
	t := turtle{g: g, w: bufio.NewWriterSize(w, 1<<16), uses: map[Term]int{}}
	for _, n := range g.nodes {
		for _, s := range n.said {
			switch {
			case s.o.kind != blankNode:
			case n.subject.kind == blankNode:
				t.uses[s.o] = 2 // written out by name: it might lead back to itself
			default:
				t.uses[s.o]++
			}
		}
	}
	for _, p := range prefixes {
		t.w.WriteString("@prefix " + p.name + ": <" + p.iri + "> .\n")
	}
	for _, n := range g.nodes {
		if t.inside(n.subject) {
			continue
		}
		t.w.WriteByte('\n')
		t.term(n.subject)
		t.statements(n.said, " ;\n  ")
		t.w.WriteString(" .\n")
	}
	return t.w.Flush() // a bufio.Writer keeps its first error until here
}

type turtle struct {
	g    *Graph
	w    *bufio.Writer
	uses map[Term]int // statements that speak of a blank node
}

func (t *turtle) inside(x Term) bool { return x.kind == blankNode && t.uses[x] == 1 }

func (t *turtle) statements(said []statement, between string) {
	for i, s := range said {
		switch {
		case i > 0 && said[i-1].p == s.p:
			t.w.WriteString(" , ")
		default:
			if i > 0 {
				t.w.WriteString(between)
			} else {
				t.w.WriteByte(' ')
			}
			if s.p == rdfType {
				t.w.WriteString("a ")
			} else {
				t.w.WriteString(predicates[s.p].extra)
				t.w.WriteByte(' ')
			}
		}
		t.term(s.o)
	}
}

func (t *turtle) term(x Term) {
	switch x.kind {
	case resource:
		if x.extra != "" {
			t.w.WriteString(x.extra)
			return
		}
		t.w.WriteByte('<')
		t.w.WriteString(x.value)
		t.w.WriteByte('>')
	case blankNode:
		if !t.inside(x) {
			t.w.WriteString("_:")
			t.w.WriteString(x.value)
			return
		}
		t.w.WriteByte('[')
		if n := t.g.byTerm[x]; n != nil {
			t.statements(n.said, " ; ")
		}
		t.w.WriteString(" ]")
	default:
		t.w.WriteByte('"')
		turtleEscapes.WriteString(t.w, x.value)
		t.w.WriteByte('"')
		switch x.kind {
		case tagged:
			t.w.WriteByte('@')
			t.w.WriteString(x.extra)
		case typed:
			t.w.WriteString("^^")
			t.w.WriteString(x.extra)
		}
	}
}

// turtleEscapes: what a short literal cannot hold as it is.
var turtleEscapes = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`, "\t", `\t`)
