package dcat

import (
	"bufio"
	"io"
	"strings"
)

// writeNTriples writes g as N-Triples: one statement a line, every IRI in full.
// Only what a literal cannot hold as it is is escaped.
func writeNTriples(w io.Writer, g *Graph) error {
	out := bufio.NewWriterSize(w, 1<<16)
	term := func(x Term) {
		switch x.kind {
		case resource:
			out.WriteByte('<')
			out.WriteString(x.value)
			out.WriteByte('>')
		case blankNode:
			out.WriteString("_:")
			out.WriteString(x.value)
		default:
			out.WriteByte('"')
			lineEscapes.WriteString(out, x.value)
			out.WriteByte('"')
			switch x.kind {
			case tagged:
				out.WriteByte('@')
				out.WriteString(x.extra)
			case typed:
				out.WriteString("^^<")
				out.WriteString(x.datatype())
				out.WriteByte('>')
			}
		}
	}
	for x := range g.Triples() {
		term(x.Subject)
		out.WriteByte(' ')
		term(x.Predicate)
		out.WriteByte(' ')
		term(x.Object)
		out.WriteString(" .\n")
	}
	return out.Flush() // a bufio.Writer keeps its first error until here
}

var lineEscapes = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`)
