package dcat

import (
	"bufio"
	"crypto/sha256"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/piprate/json-gold/ld"
)

// Readers of the four syntaxes, for the tests: each by the grammar of its
// recommendation and not by the writer's own rules. JSON-LD is read by
// json-gold.

// triple is a statement in the form of N-Triples, its literals as Go quotes them.
type triple [3]string

const rdf = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"

// literal writes one as all readers here do.
func literal(value, lang, datatype string) string {
	switch {
	case lang != "":
		return strconv.Quote(value) + "@" + strings.ToLower(lang) // in any case the same: RFC 5646
	case datatype != "" && datatype != "http://www.w3.org/2001/XMLSchema#string":
		return strconv.Quote(value) + "^^<" + datatype + ">"
	}
	return strconv.Quote(value)
}

// statements is what a graph says.
func statements(g *Graph) []triple {
	one := func(t Term) string {
		switch t.kind {
		case resource:
			return "<" + t.value + ">"
		case blankNode:
			return "_:" + t.value
		case tagged:
			return literal(t.value, t.extra, "")
		case typed:
			return literal(t.value, "", t.datatype())
		}
		return literal(t.value, "", "")
	}
	var out []triple
	for x := range g.Triples() {
		out = append(out, triple{one(x.Subject), one(x.Predicate), one(x.Object)})
	}
	return out
}

// sameGraph says whether two lists of triples are one graph: blank nodes are
// told apart by all that is said around them, not by their names.
func sameGraph(a, b []triple) bool { return slices.Equal(canonical(a), canonical(b)) }

func canonical(in []triple) []string {
	colour := map[string]string{}
	named := func(s, self string) string {
		switch {
		case !strings.HasPrefix(s, "_:"):
			return s
		case s == self:
			return "itself"
		}
		return "_:" + colour[s]
	}
	for range 4 {
		around := map[string][]string{}
		for _, t := range in {
			for _, end := range []string{t[0], t[2]} {
				if strings.HasPrefix(end, "_:") {
					around[end] = append(around[end], named(t[0], end)+" "+t[1]+" "+named(t[2], end))
				}
			}
		}
		next := map[string]string{}
		for node, said := range around {
			slices.Sort(said)
			next[node] = fmt.Sprintf("%q", slices.Compact(said))
		}
		for node, s := range next { // short names, the same in both graphs
			next[node] = fmt.Sprintf("%x", sha256.Sum256([]byte(s)))
		}
		colour = next
	}
	var out []string
	for _, t := range in {
		out = append(out, named(t[0], "")+" "+t[1]+" "+named(t[2], ""))
	}
	slices.Sort(out)
	return out
}

// readers by path ending.
var readers = map[string]func(string) ([]triple, error){"ttl": readTurtle, "nt": readNTriples, "rdf": readRDFXML, "jsonld": readJSONLD}

// readNTriples reads N-Triples.
func readNTriples(s string) (out []triple, err error) {
	lines := bufio.NewScanner(strings.NewReader(s))
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		rest := strings.Trim(lines.Text(), " \t")
		if rest == "" || rest[0] == '#' {
			continue
		}
		var t triple
		for i := range t {
			if t[i], rest, err = readTerm(strings.TrimLeft(rest, " \t")); err != nil {
				return nil, fmt.Errorf("%w in %q", err, lines.Text())
			}
		}
		if rest = strings.TrimLeft(rest, " \t"); !strings.HasPrefix(rest, ".") {
			return nil, fmt.Errorf("no full stop in %q", lines.Text())
		}
		out = append(out, t)
	}
	return out, lines.Err()
}

func readTerm(s string) (term, rest string, err error) {
	switch {
	case strings.HasPrefix(s, "<"):
		iri, rest, ok := strings.Cut(s[1:], ">")
		iri, err := unescape(iri)
		if !ok || err != nil || strings.ContainsAny(iri, "<\"{}|^`\\") || strings.ContainsFunc(iri, func(c rune) bool { return c <= ' ' }) {
			return "", "", errors.New("not an IRI")
		}
		return "<" + iri + ">", rest, nil
	case strings.HasPrefix(s, "_:"):
		label := strings.TrimRight(s[:strings.IndexAny(s+" ", " \t<")], ".") // a full stop may stand inside, not at the end
		return label, s[len(label):], nil
	case strings.HasPrefix(s, `"`):
		end := 1
		for end < len(s) && s[end] != '"' {
			if s[end] == '\\' {
				end++
			}
			end++
		}
		if end >= len(s) {
			return "", "", errors.New("no end of literal")
		}
		value, err := unescape(s[1:end])
		if err != nil {
			return "", "", err
		}
		rest := s[end+1:]
		if strings.HasPrefix(rest, "^^") {
			datatype, rest, err := readTerm(rest[2:])
			return literal(value, "", strings.Trim(datatype, "<>")), rest, err
		}
		if strings.HasPrefix(rest, "@") {
			n := strings.IndexAny(rest, " \t.")
			return literal(value, rest[1:n], ""), rest[n:], nil
		}
		return literal(value, "", ""), rest, nil
	}
	return "", "", errors.New("not a term")
}

func unescape(s string) (string, error) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' {
			b.WriteByte(s[i])
			continue
		}
		i++
		if i >= len(s) {
			return "", errors.New("escape of nothing")
		}
		if n := map[byte]int{'u': 4, 'U': 8}[s[i]]; n > 0 {
			if i+n >= len(s) {
				return "", errors.New("short escape")
			}
			code, err := strconv.ParseUint(s[i+1:i+1+n], 16, 32)
			if err != nil {
				return "", err
			}
			b.WriteRune(rune(code))
			i += n
			continue
		}
		at := strings.IndexByte(`tbnrf"'\`, s[i])
		if at < 0 {
			return "", errors.New("unknown escape")
		}
		b.WriteByte("\t\b\n\r\f\"'\\"[at])
	}
	return b.String(), nil
}

// readRDFXML reads the part of RDF/XML that we write: node elements with
// property elements in them, one level deep.
func readRDFXML(s string) (out []triple, err error) {
	d := xml.NewDecoder(strings.NewReader(s))
	var subject, property, value, lang, datatype string
	depth, object := 0, ""
	name := func(n xml.Name) string { return n.Space + n.Local }
	for {
		token, err := d.Token()
		if err == io.EOF {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		switch x := token.(type) {
		case xml.StartElement:
			attr := map[string]string{}
			for _, a := range x.Attr {
				attr[name(a.Name)] = a.Value
			}
			node := func(resource string) string {
				if id, ok := attr[rdf+"nodeID"]; ok {
					return "_:" + id
				}
				if iri, ok := attr[rdf+resource]; ok {
					return "<" + iri + ">"
				}
				return ""
			}
			switch depth {
			case 0:
				if name(x.Name) != rdf+"RDF" {
					return nil, fmt.Errorf("the document is a %s", name(x.Name))
				}
			case 1:
				if subject = node("about"); subject == "" {
					return nil, errors.New("a node without a name")
				}
				if c := name(x.Name); c != rdf+"Description" {
					out = append(out, triple{subject, "<" + rdf + "type>", "<" + c + ">"})
				}
			case 2:
				property, object, value = "<"+name(x.Name)+">", node("resource"), ""
				lang, datatype = attr["http://www.w3.org/XML/1998/namespacelang"], attr[rdf+"datatype"]
			default:
				return nil, errors.New("an element too deep")
			}
			depth++
		case xml.CharData:
			if depth == 3 {
				value += string(x)
			} else if strings.TrimSpace(string(x)) != "" {
				return nil, errors.New("text between elements")
			}
		case xml.EndElement:
			if depth--; depth == 2 {
				if object == "" {
					object = literal(value, lang, datatype)
				}
				out = append(out, triple{subject, property, object})
			}
		}
	}
}

// readJSONLD reads JSON-LD with a processor that is not ours. It may fetch
// nothing: the context must be inside.
func readJSONLD(s string) ([]triple, error) {
	var doc any
	if err := json.Unmarshal([]byte(s), &doc); err != nil {
		return nil, err
	}
	opts := ld.NewJsonLdOptions("")
	opts.DocumentLoader = nowhere{}
	got, err := ld.NewJsonLdProcessor().ToRDF(doc, opts)
	if err != nil {
		return nil, err
	}
	one := func(n ld.Node) string {
		switch n := n.(type) {
		case ld.IRI:
			return "<" + n.Value + ">"
		case ld.BlankNode:
			return n.Attribute
		case ld.Literal:
			return literal(n.Value, n.Language, n.Datatype)
		}
		return fmt.Sprintf("%T", n)
	}
	var out []triple
	for name, quads := range got.(*ld.RDFDataset).Graphs {
		if name != "@default" {
			return nil, errors.New("a named graph")
		}
		for _, q := range quads {
			out = append(out, triple{one(q.Subject), one(q.Predicate), one(q.Object)})
		}
	}
	return out, nil
}

type nowhere struct{}

func (nowhere) LoadDocument(string) (*ld.RemoteDocument, error) {
	return nil, errors.New("the document asks for another")
}

// checkSyntaxes writes g in every syntax and reads it back.
func checkSyntaxes(t *testing.T, g *Graph) {
	t.Helper()
	want := statements(g)
	for _, s := range Syntaxes() {
		var out strings.Builder
		if err := s.Graph(&out, g); err != nil {
			t.Errorf("%s: %v", s.Name, err)
			continue
		}
		got, err := readers[s.Ext[0]](out.String())
		if err != nil {
			t.Errorf("%s: %v", s.Name, err)
			continue
		}
		want := want
		if s.Ext[0] == "jsonld" { // json-gold leaves out what its own pattern takes for no address
			want = slices.DeleteFunc(slices.Clone(want), func(x triple) bool {
				return strings.Contains(x[2], "://") && strings.HasPrefix(x[2], "<http") && !ld.IsURL(strings.Trim(x[2], "<>"))
			})
		}
		if !sameGraph(got, want) {
			t.Errorf("%s (-wrote +read):\n%s", s.Name, cmp.Diff(canonical(want), canonical(got)))
		}
	}
}

// readTurtle reads the part of Turtle that we write, by the grammar of the
// recommendation and not by the writer's own rules.
func readTurtle(s string) (triples []triple, err error) {
	r := &turtleReader{in: s, prefixes: map[string]string{}}
	defer func() {
		if e := recover(); e != nil {
			if e, ok := e.(badTurtle); ok {
				err = fmt.Errorf("at byte %d: %s", len(s)-len(r.in), string(e))
				return
			}
			panic(e)
		}
	}()
	for r.space(); r.in != ""; r.space() {
		if r.take("@prefix ") {
			name, _, ok := strings.Cut(r.in, ":")
			if !ok {
				panic(badTurtle("prefix"))
			}
			r.in = r.in[len(name)+1:]
			r.space()
			r.prefixes[name] = strings.Trim(r.iri(), "<>")
		} else {
			r.statements(r.object())
		}
		r.space()
		if !r.take(".") {
			panic(badTurtle("no full stop"))
		}
	}
	return r.out, nil
}

type badTurtle string

type turtleReader struct {
	in       string
	prefixes map[string]string
	out      []triple
	blanks   int
}

func (r *turtleReader) space() { r.in = strings.TrimLeft(r.in, " \n\t\r") }

func (r *turtleReader) take(s string) bool {
	rest, ok := strings.CutPrefix(r.in, s)
	r.in = rest
	return ok
}

func (r *turtleReader) statements(subject string) {
	for {
		r.space()
		p := "<" + term("rdf:type").value + ">"
		if !r.take("a ") {
			p = r.iri()
		}
		for {
			r.out = append(r.out, triple{subject, p, r.object()})
			r.space()
			if !r.take(",") {
				break
			}
		}
		if !r.take(";") {
			return
		}
	}
}

func (r *turtleReader) object() string {
	r.space()
	switch {
	case r.take("["):
		r.blanks++
		name := fmt.Sprintf("_:inside%d", r.blanks)
		if r.space(); r.take("]") {
			return name
		}
		r.statements(name)
		r.space()
		if !r.take("]") {
			panic(badTurtle("no end of blank node"))
		}
		return name
	case r.take("_:"):
		n := strings.IndexFunc(r.in, func(c rune) bool { return !(c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z') })
		name := "_:" + r.in[:n]
		r.in = r.in[n:]
		return name
	case strings.HasPrefix(r.in, `"`):
		return r.literal()
	}
	return r.iri()
}

func (r *turtleReader) literal() string {
	var b strings.Builder
	i := 1
	for ; ; i++ {
		if i >= len(r.in) {
			panic(badTurtle("no end of literal"))
		}
		switch c := r.in[i]; c {
		case '"':
			r.in = r.in[i+1:]
			out := strconv.Quote(b.String())
			if r.take("@") {
				n := strings.IndexFunc(r.in, func(c rune) bool { return !(c == '-' || c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z') })
				if n < 1 {
					panic(badTurtle("language"))
				}
				out += "@" + strings.ToLower(r.in[:n])
				r.in = r.in[n:]
			} else if r.take("^^") {
				out += "^^" + r.iri()
			}
			return out
		case '\n', '\r':
			panic(badTurtle("line end in literal"))
		case '\\':
			i++
			at := strings.IndexByte(`tbnrf"'\`, r.in[i])
			if at < 0 {
				panic(badTurtle("escape"))
			}
			b.WriteByte("\t\b\n\r\f\"'\\"[at])
		default:
			b.WriteByte(c)
		}
	}
}

func (r *turtleReader) iri() string {
	if r.take("<") {
		s, rest, ok := strings.Cut(r.in, ">")
		if !ok || strings.ContainsAny(s, "<\"{}|^`\\") || strings.ContainsFunc(s, func(c rune) bool { return c <= ' ' }) {
			panic(badTurtle("IRI"))
		}
		r.in = rest
		return "<" + s + ">"
	}
	prefix, rest, ok := strings.Cut(r.in, ":")
	ns, known := r.prefixes[prefix]
	if !ok || !known {
		panic(badTurtle("neither IRI nor prefixed name"))
	}
	n := strings.IndexFunc(rest, func(c rune) bool { return !(c == '_' || c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z') })
	if n < 1 {
		panic(badTurtle("local name"))
	}
	r.in = rest[n:]
	return "<" + ns + rest[:n] + ">"
}
