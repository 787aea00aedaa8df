package dcat

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// writeRDFXML writes g as RDF/XML: an element for each subject, named by its
// first class where that is one of our vocabularies, with an element for each
// statement. XML 1.0 cannot hold most control characters, escaped or not; the
// catalogue refuses them, and so does this: such a document could not be read.
func writeRDFXML(w io.Writer, g *Graph) error {
	out := bufio.NewWriterSize(w, 1<<16)
	out.WriteString("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<rdf:RDF")
	for _, p := range prefixes {
		out.WriteString("\n  xmlns:" + p.name + `="` + p.iri + `"`)
	}
	out.WriteString(">\n")
	for _, n := range g.nodes {
		if err := writeElement(out, n); err != nil {
			return err
		}
	}
	out.WriteString("</rdf:RDF>\n")
	return out.Flush()
}

func writeElement(out *bufio.Writer, n *node) error {
	name, said := "rdf:Description", n.said
	if len(said) > 0 && said[0].p == rdfType && said[0].o.extra != "" {
		name, said = said[0].o.extra, said[1:]
	}
	attribute := func(name, value string) {
		out.WriteString(" " + name + `="`)
		xmlEscapes.WriteString(out, value)
		out.WriteByte('"')
	}
	node := func(x Term, resource string) {
		if x.kind == blankNode {
			attribute("rdf:nodeID", x.value)
		} else {
			attribute(resource, x.value)
		}
	}
	out.WriteString("<" + name)
	node(n.subject, "rdf:about")
	out.WriteString(">\n")
	for _, s := range said {
		property := predicates[s.p].extra
		out.WriteString("  <" + property)
		switch s.o.kind {
		case resource, blankNode:
			node(s.o, "rdf:resource")
			out.WriteString("/>\n")
			continue
		case tagged:
			attribute("xml:lang", s.o.extra)
		case typed:
			attribute("rdf:datatype", s.o.datatype())
		}
		if strings.ContainsFunc(s.o.value, outsideXML) {
			return fmt.Errorf("write RDF/XML: a literal of %s holds a character that XML cannot hold", n.subject.value)
		}
		out.WriteByte('>')
		xmlEscapes.WriteString(out, s.o.value)
		out.WriteString("</" + property + ">\n")
	}
	out.WriteString("</" + name + ">\n")
	return nil
}

// xmlEscapes for content and attributes. A reader of XML takes a bare CR for a
// line feed, and line ends and tabs in an attribute for spaces; "]]>" must not
// stand in content.
var xmlEscapes = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "\r", "&#13;")
