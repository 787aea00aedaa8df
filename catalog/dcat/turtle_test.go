package dcat

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"daylight/catalog"
	"golang.org/x/text/unicode/norm"
)

// FuzzTurtle: whatever agencies write, the document says what the graph says.
func FuzzTurtle(f *testing.F) {
	for _, d := range sampleDatasets(f) {
		title, lang := d.Title.Lang()
		f.Add(title, lang, d.Source, d.Release.Files[0].Name)
	}
	f.Add("a\x00\x1f\x7f\u2028\ufffe\xff", "vi-VN", "https://x/\u00a0>", "../data.csv")
	f.Add("e\u0302\u0323 chưa dựng sẵn", "@", `javascript:"<>`, "")
	f.Fuzz(func(t *testing.T, title, lang, source, file string) {
		d := sampleDatasets(t)[0]
		d.Title, d.Description = catalog.Text{lang: title}, catalog.Text{lang: title + "\r\n" + title}
		d.Keywords = map[string][]string{lang: {title, title}}
		d.Source, d.Release.Files[0].Name = source, file
		site := sampleSite()
		a := site.Agencies[d.Agency]
		a.Name = catalog.Text{lang: title}
		site.Agencies[d.Agency] = a
		g, err := DatasetGraph(site, d)
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if err := writeTurtle(&out, g); err != nil {
			t.Fatal(err)
		}
		if !utf8.Valid(out.Bytes()) || !norm.NFC.IsNormal(out.Bytes()) {
			t.Fatal("not UTF-8 in NFC")
		}
		got, err := readTurtle(out.String())
		if err != nil {
			t.Fatalf("%v\n%s", err, out.String())
		}
		var want []string
		for x := range g.Triples() {
			want = append(want, plainTriple(x))
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Fatalf("read back %d triples, wrote %d:\n%s", len(got), len(want), out.String())
		}
	})
}

// plainTriple writes blank nodes all alike: their content is in triples too.
func plainTriple(x Triple) string {
	one := func(t Term) string {
		switch t.kind {
		case resource:
			return "<" + t.value + ">"
		case blankNode:
			return "_"
		case tagged:
			return strconv.Quote(t.value) + "@" + t.extra
		case typed:
			return strconv.Quote(t.value) + "^^<" + term(t.extra).value + ">"
		}
		return strconv.Quote(t.value)
	}
	return one(x.Subject) + " " + one(x.Predicate) + " " + one(x.Object)
}

// readTurtle reads the part of Turtle that we write, by the grammar of the
// recommendation and not by the writer's own rules.
func readTurtle(s string) (triples []string, err error) {
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
	out      []string
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
			r.out = append(r.out, subject+" "+p+" "+r.object())
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
		r.statements("_")
		r.space()
		if !r.take("]") {
			panic(badTurtle("no end of blank node"))
		}
		return "_"
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
				out += "@" + r.in[:n]
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

// A writer that fails is heard.
func TestWriteFails(t *testing.T) {
	full := errors.New("no room")
	d := sampleDatasets(t)
	for name, err := range map[string]error{
		"catalogue": WriteCatalog(failing{full}, sampleSite(), pageOf(d, 1, 10)),
		"dataset":   WriteDataset(failing{full}, sampleSite(), d[0]),
		"data.json": WriteDataJSON(failing{full}, sampleSite(), each(d)),
	} {
		if !errors.Is(err, full) {
			t.Errorf("%s: got %v, want %v", name, err, full)
		}
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }
