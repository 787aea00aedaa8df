package dcat

import (
	"bufio"
	"io"
	"unicode/utf8"
)

// writeJSONLD writes g as JSON-LD 1.1 with its context inside: harvesters
// cannot always fetch one. @graph holds one object for each subject.
func writeJSONLD(w io.Writer, g *Graph) error {
	j := jsonld{bufio.NewWriterSize(w, 1<<16)}
	j.w.WriteString(`{"@context": {`)
	for i, p := range prefixes {
		if i > 0 {
			j.w.WriteByte(',')
		}
		j.w.WriteString("\n ")
		j.pair(p.name, p.iri)
	}
	j.w.WriteString("},\n\"@graph\": [")
	for i, n := range g.nodes {
		if i > 0 {
			j.w.WriteByte(',')
		}
		j.w.WriteString("\n{")
		j.pair("@id", nodeName(n.subject))
		j.statements(n.said)
		j.w.WriteByte('}')
	}
	j.w.WriteString("\n]}\n")
	return j.w.Flush()
}

type jsonld struct{ w *bufio.Writer }

// statements writes one member for each predicate: a value, or a list of them.
func (j jsonld) statements(said []statement) {
	for len(said) > 0 {
		n := 1
		for n < len(said) && said[n].p == said[0].p {
			n++
		}
		j.w.WriteString(",\n ")
		name := predicates[said[0].p].extra
		if said[0].p == rdfType {
			name = "@type"
		}
		j.quote(name)
		j.w.WriteString(": ")
		if n > 1 {
			j.w.WriteByte('[')
		}
		for i, s := range said[:n] {
			if i > 0 {
				j.w.WriteString(", ")
			}
			if s.p == rdfType {
				j.quote(className(s.o))
			} else {
				j.object(s.o)
			}
		}
		if n > 1 {
			j.w.WriteByte(']')
		}
		said = said[n:]
	}
}

func (j jsonld) object(x Term) {
	switch x.kind {
	case resource, blankNode:
		j.w.WriteByte('{')
		j.pair("@id", nodeName(x))
	case plain:
		j.quote(x.value)
		return
	default:
		j.w.WriteByte('{')
		j.pair("@value", x.value)
		j.w.WriteString(", ")
		if x.kind == tagged {
			j.pair("@language", x.extra)
		} else {
			j.pair("@type", x.extra)
		}
	}
	j.w.WriteByte('}')
}

// nodeName is the @id of a node, never abbreviated: a reader would take the
// scheme of an IRI for a prefix only if it were one of ours.
func nodeName(x Term) string {
	if x.kind == blankNode {
		return "_:" + x.value
	}
	return x.value
}

func className(x Term) string {
	if x.extra != "" {
		return x.extra
	}
	return nodeName(x)
}

func (j jsonld) pair(name, value string) {
	j.quote(name)
	j.w.WriteString(": ")
	j.quote(value)
}

// quote writes a JSON string (RFC 8259, section 7). encoding/json would write
// < > & as escapes, which is right for HTML and noise here.
func (j jsonld) quote(s string) {
	const hex = "0123456789abcdef"
	j.w.WriteByte('"')
	for i := 0; i < len(s); {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			j.w.WriteByte('\\')
			j.w.WriteByte(c)
		case c == '\n':
			j.w.WriteString(`\n`)
		case c < ' ' || c == 0x7F:
			j.w.WriteString(`\u00`)
			j.w.WriteByte(hex[c>>4])
			j.w.WriteByte(hex[c&15])
		case c < utf8.RuneSelf:
			j.w.WriteByte(c)
		default:
			r, n := utf8.DecodeRuneInString(s[i:])
			j.w.WriteRune(r) // what is not UTF-8 becomes U+FFFD
			i += n
			continue
		}
		i++
	}
	j.w.WriteByte('"')
}
