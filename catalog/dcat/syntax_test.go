package dcat

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"daylight/catalog"
)

// FuzzSyntaxes: whatever agencies write, every document says what the graph says.
func FuzzSyntaxes(f *testing.F) {
	for _, d := range sampleDatasets(f) {
		title, lang := d.Title.Lang()
		f.Add(title, lang, d.Source, d.Release.Files[0].Name)
	}
	f.Add("a\x00\x1f\x7f\u2028\ufffe\xff", "vi-VN", "https://x/\u00a0>", "../data.csv")
	f.Add("e\u0302\u0323 chưa dựng sẵn", "@", `javascript:"<>`, "")
	f.Add("dct:title", "en", "dct:title", "_:b1")
	f.Add("", "vi", "0", "https://x/[::1]")
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
		for _, s := range Syntaxes() {
			var out bytes.Buffer
			if err := s.Graph(&out, g); err != nil {
				t.Fatal(err)
			}
			if !utf8.Valid(out.Bytes()) || !norm.NFC.IsNormal(out.Bytes()) {
				t.Fatalf("%s: not UTF-8 in NFC", s.Name)
			}
		}
		checkSyntaxes(t, g)
	})
}

// The W3C's cases, in every syntax. RDF/XML cannot hold control characters:
// there the answer is an error, and never a document that cannot be read.
func TestW3C(t *testing.T) {
	const dir = "../../../shared/data/conformance/rdf-writers"
	if _, err := os.Stat(dir); err != nil {
		if os.Getenv("DAYLIGHT_REQUIRE") == "1" {
			t.Fatal(err)
		}
		t.Skip("SKIPPED: ../shared is not there; the writers are not shown the W3C's cases")
	}
	saved, names := slices.Clone(predicates), slices.Clone(prefixes)
	t.Cleanup(func() { predicates, prefixes = saved, names })
	cases := 0
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".nt" {
			return err
		}
		cases++
		t.Run(strings.TrimSuffix(strings.TrimPrefix(path, dir+"/"), ".nt"), func(t *testing.T) {
			raw, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			triples, err := readNTriples(string(raw))
			if err != nil {
				t.Fatal(err)
			}
			g := graphOf(triples)
			inXML := true
			for x := range g.Triples() {
				inXML = inXML && !strings.ContainsFunc(x.Object.value, outsideXML)
			}
			if inXML {
				checkSyntaxes(t, g)
				return
			}
			if err := writeRDFXML(io.Discard, g); err == nil {
				t.Error("RDF/XML took a control character")
			}
			for _, ext := range []string{"ttl", "nt", "jsonld"} {
				s, _ := Syntax(ext)
				var out strings.Builder
				if err := s.Graph(&out, g); err != nil {
					t.Fatal(err)
				}
				if got, err := readers[ext](out.String()); err != nil || !sameGraph(got, statements(g)) {
					t.Errorf("%s: %v, read back %q", ext, err, got)
				}
			}
		})
		return nil
	})
	if err != nil || cases < 100 {
		t.Fatalf("%d cases, %v", cases, err)
	}
}

// graphOf makes a Graph of any triples; their vocabularies are added to ours
// for the time of the test.
func graphOf(triples []triple) *Graph {
	g := &Graph{}
	blanks := map[string]Term{}
	vocabulary := func(iri string) Term {
		at := len(iri) - len(strings.TrimLeft(iri[strings.LastIndexAny(iri, "/#:")+1:], "0123456789-."))
		ns := slices.IndexFunc(prefixes, func(p struct{ name, iri string }) bool { return p.iri == iri[:at] })
		if ns < 0 {
			ns = len(prefixes)
			prefixes = append(prefixes, struct{ name, iri string }{"w" + itoa(ns), iri[:at]})
		}
		return term(prefixes[ns].name + ":" + iri[at:])
	}
	predicateOf := func(iri string) predicate {
		for i, p := range predicates {
			if p.value == iri {
				return predicate(i)
			}
		}
		predicates = append(predicates, vocabulary(iri))
		return predicate(len(predicates) - 1)
	}
	one := func(s string) Term {
		switch {
		case strings.HasPrefix(s, "<"):
			return Term{value: strings.Trim(s, "<>")}
		case strings.HasPrefix(s, "_:"):
			if _, ok := blanks[s]; !ok {
				blanks[s] = g.blank()
			}
			return blanks[s]
		}
		quoted, _ := strconv.QuotedPrefix(s)
		value, _ := strconv.Unquote(quoted)
		switch rest := s[len(quoted):]; {
		case strings.HasPrefix(rest, "@"):
			return Term{kind: tagged, value: value, extra: rest[1:]}
		case strings.HasPrefix(rest, "^^"):
			return Term{kind: typed, value: value, extra: vocabulary(strings.Trim(rest[2:], "<>")).extra}
		}
		return Term{kind: plain, value: value}
	}
	for _, t := range triples {
		g.add(one(t[0]), predicateOf(strings.Trim(t[1], "<>")), one(t[2]))
	}
	g.sort()
	return g
}

// The catalogue's own graphs, and what agencies write at its worst.
func TestSyntaxesAgree(t *testing.T) {
	all := sampleDatasets(t)
	page, err := CatalogGraph(sampleSite(), pageOf(all, 1, 10))
	if err != nil {
		t.Fatal(err)
	}
	checkSyntaxes(t, page)
	for _, d := range all {
		g, err := DatasetGraph(sampleSite(), d)
		if err != nil {
			t.Fatal(err)
		}
		checkSyntaxes(t, g)
	}
}

// A writer that fails is heard.
func TestWriteFails(t *testing.T) {
	full := errors.New("no room")
	d := sampleDatasets(t)
	g, err := CatalogGraph(sampleSite(), pageOf(d, 1, 10))
	if err != nil {
		t.Fatal(err)
	}
	fails := map[string]error{"data.json": WriteDataJSON(failing{full}, sampleSite(), each(d))}
	for _, s := range Syntaxes() {
		fails[s.Name] = s.Graph(failing{full}, g)
	}
	for name, err := range fails {
		if !errors.Is(err, full) {
			t.Errorf("%s: got %v, want %v", name, err, full)
		}
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }
