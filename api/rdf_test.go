package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"daylight/catalog"
)

// three publishes three datasets of two agencies.
func (p *portal) three() []catalog.Dataset {
	p.t.Helper()
	out := []catalog.Dataset{p.describe("dan-so", "so-y-te"), p.describe("truong-hoc", "so-giao-duc"), p.describe("benh-vien", "so-y-te")}
	for i, d := range out {
		if u := p.publish(d, strings.ReplaceAll(population, "9310", fmt.Sprint(9310+i)), "auto"); u.State != catalog.StatePublished {
			p.t.Fatalf("%s is %s: %v", d.Slug, u.State, u.Problems)
		}
	}
	slices.SortFunc(out, func(a, b catalog.Dataset) int { return strings.Compare(string(a.ID), string(b.ID)) })
	return out
}

const (
	ttl    = "text/turtle; charset=utf-8"
	nt     = "application/n-triples"
	jsonld = "application/ld+json"
	rdfxml = "application/rdf+xml"
)

func TestNegotiation(t *testing.T) {
	p := newPortal(t)
	all := p.three()
	dataset := "/dataset/" + string(all[0].ID)
	agency := "/organization/" + string(p.agency["so-y-te"]) + "/catalog"
	for _, c := range []struct {
		path, accept string
		status       int
		want         string // Content-Type, or Location
	}{
		// An ending wins over Accept.
		{"/catalog.ttl", "application/rdf+xml", 200, ttl},
		{"/catalog.n3", "*/*", 200, ttl},
		{"/catalog.nt", "", 200, nt},
		{"/catalog.jsonld", "text/html", 200, jsonld},
		{"/catalog.xml", "", 200, rdfxml},
		{"/catalog.rdf", "text/turtle", 200, rdfxml},
		{"/catalog.json", "", 404, "application/problem+json; charset=utf-8"},
		// What the reader likes best; */* is Turtle here.
		{"/catalog", "", 200, ttl},
		{"/catalog", "*/*", 200, ttl},
		{"/catalog", "*", 200, ttl},
		{"/catalog", "text/turtle", 200, ttl},
		{"/catalog", "application/x-turtle", 200, ttl},
		{"/catalog", "text/n3", 200, ttl},
		{"/catalog", "application/ld+json", 200, jsonld},
		{"/catalog", `application/ld+json;profile="http://www.w3.org/ns/json-ld#compacted"`, 200, jsonld},
		{"/catalog", "application/json", 200, jsonld},
		{"/catalog", "application/rdf+xml", 200, rdfxml},
		{"/catalog", "application/n-triples", 200, nt},
		{"/catalog", "application/*", 200, jsonld},
		{"/catalog", "APPLICATION/RDF+XML", 200, rdfxml},
		{"/catalog", "text/turtle;q=0.3, application/rdf+xml;q=0.9, */*;q=0.1", 200, rdfxml},
		{"/catalog", "text/turtle;q=0, */*", 200, jsonld},
		{"/catalog", "text/turtle, */*;q=0.1", 200, ttl},
		{"/catalog", "application/rdf+xml, */*", 200, rdfxml}, // named exactly
		{"/catalog", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", 303, "/datasets"},
		{"/catalog", "application/x-nobody", 406, "application/problem+json; charset=utf-8"},
		{"/catalog", "text/turtle;q=0", 406, "application/problem+json; charset=utf-8"},
		{"/catalog", "text/turtle;q=x, image/png", 406, "application/problem+json; charset=utf-8"},
		// People first where a thing has a page.
		{dataset, "", 302, "/datasets/" + all[0].Slug},
		{dataset, "*/*", 302, "/datasets/" + all[0].Slug},
		{dataset, "text/html", 302, "/datasets/" + all[0].Slug},
		{dataset, "application/n-triples", 200, nt},
		{dataset, "application/json", 200, jsonld},
		{dataset + ".ttl", "", 200, ttl},
		{dataset + ".jsonld", "", 200, jsonld},
		{"/dataset/" + all[0].Slug + ".rdf", "", 200, rdfxml},
		{"/dataset/" + all[0].Slug, "text/turtle", 200, ttl},
		{dataset, "application/x-nobody", 406, "application/problem+json; charset=utf-8"},
		{dataset + "/versions", "text/turtle", 200, ttl},
		{dataset + "/versions", "", 302, "/datasets/" + all[0].Slug + "#versions"},
		{dataset + "/versions.nt", "", 200, nt},
		{agency, "", 200, ttl},
		{agency, "text/html", 303, "/organizations/so-y-te"},
		{agency + ".xml", "", 200, rdfxml},
		{"/organization/khong-co/catalog.ttl", "", 404, "application/problem+json; charset=utf-8"},
		{"/.well-known/void", "", 302, "/catalog"},
	} {
		t.Run(c.path+" "+c.accept, func(t *testing.T) {
			var headers []string
			if c.accept != "" {
				headers = []string{"Accept", c.accept}
			}
			res, body := ask(t, p.app, http.MethodGet, c.path, "", headers...)
			got := res.Header.Get("Content-Type")
			if res.StatusCode/100 == 3 {
				got = res.Header.Get("Location")
			}
			if res.StatusCode != c.status || got != c.want {
				t.Fatalf("%d %s, want %d %s", res.StatusCode, got, c.status, c.want)
			}
			negotiated := !strings.Contains(c.path[strings.LastIndexByte(c.path, '/'):], ".") && c.path != "/.well-known/void"
			if varies := strings.Contains(res.Header.Get("Vary"), "Accept"); negotiated && !varies {
				t.Error("no Vary: Accept")
			}
			if c.status == 406 && !strings.Contains(body, "application/rdf+xml") {
				t.Errorf("the answer does not say what there is: %s", body)
			}
			head, none := ask(t, p.app, http.MethodHead, c.path, "", headers...)
			if head.StatusCode != res.StatusCode || none != "" {
				t.Errorf("HEAD: %d", head.StatusCode)
			}
			for _, name := range []string{"Content-Type", "Content-Length", "ETag", "Last-Modified", "Link", "Vary", "Location", "Cache-Control"} {
				if (c.status == 200 || c.status < 400 && name != "Content-Length") && head.Header.Get(name) != res.Header.Get(name) {
					t.Errorf("HEAD says %s: %q, GET %q", name, head.Header.Get(name), res.Header.Get(name))
				}
			}
			if c.status == 200 && res.Header.Get("Content-Length") != fmt.Sprint(len(body)) {
				t.Errorf("Content-Length %q of %d bytes", res.Header.Get("Content-Length"), len(body))
			}
		})
	}
}

// Walking by rel=next and by hydra:next sees every dataset once, in the order
// of ids, in the syntax and with the parameters that were asked for.
func TestCataloguePages(t *testing.T) {
	p := newPortal(t)
	all := p.three()
	for _, c := range []struct {
		path string
		want []catalog.Dataset
	}{
		{"/catalog.nt?page_size=1", all},
		{"/catalog.nt?page_size=2&profiles=dcat_ap_3", all},
		{"/catalog.nt", all},
		{"/organization/" + string(p.agency["so-giao-duc"]) + "/catalog.nt?page_size=1", []catalog.Dataset{*find(all, "truong-hoc")}},
		{"/catalog.nt?modified_since=2999-01-01", nil},
	} {
		var found []string
		for next := c.path; next != ""; {
			res, body := ask(t, p.app, http.MethodGet, next, "")
			if res.StatusCode != 200 {
				t.Fatalf("%s: %d", next, res.StatusCode)
			}
			following := ""
			for _, line := range strings.Split(body, "\n") {
				if _, d, ok := strings.Cut(line, " <http://www.w3.org/ns/dcat#dataset> <"); ok {
					found = append(found, strings.TrimSuffix(d, "> ."))
				}
				if _, iri, ok := strings.Cut(line, " <http://www.w3.org/ns/hydra/core#next> <"); ok {
					following = strings.TrimSuffix(iri, "> .")
				}
			}
			if following != "" != strings.Contains(res.Header.Get("Link"), `rel="next"`) || following != "" && !strings.Contains(res.Header.Get("Link"), "<"+following+`>; rel="next"`) {
				t.Errorf("%s: hydra says %q, Link %s", next, following, res.Header.Get("Link"))
			}
			if _, query, _ := strings.Cut(c.path, "?"); following != "" {
				for _, part := range strings.Split(query, "&") {
					if !strings.Contains(following, part) || !strings.HasPrefix(following, base) || !strings.Contains(following, ".nt?") {
						t.Errorf("%s goes on at %s", next, following)
					}
				}
			}
			next = strings.TrimPrefix(following, base)
		}
		var want []string
		for _, d := range c.want {
			want = append(want, base+"/dataset/"+string(d.ID))
		}
		if !slices.Equal(found, want) {
			t.Errorf("%s: found %q, want %q", c.path, found, want)
		}
	}
}

func find(all []catalog.Dataset, slug string) *catalog.Dataset {
	for i := range all {
		if all[i].Slug == slug {
			return &all[i]
		}
	}
	return nil
}

// data.json and its kin: the same bytes until something changes, and every
// answer with a length, a tag and a HEAD.
func TestDataJSONAddresses(t *testing.T) {
	p := newPortal(t)
	all := p.three()
	for path, n := range map[string]int{"/data.json": 3, "/data.jsonl": 3, "/organization/" + string(p.agency["so-y-te"]) + "/data.json": 2} {
		res, body := ask(t, p.app, http.MethodGet, path, "")
		if got := strings.Count(body, `"@type":"dcat:Dataset"`); res.StatusCode != 200 || got != n {
			t.Errorf("%s: %d, %d entries, want %d", path, res.StatusCode, got, n)
		}
		if strings.HasSuffix(path, ".json") && !json.Valid([]byte(body)) {
			t.Errorf("%s is not JSON", path)
		}
		head, _ := ask(t, p.app, http.MethodHead, path, "")
		if head.Header.Get("ETag") != res.Header.Get("ETag") || head.Header.Get("Content-Length") != fmt.Sprint(len(body)) {
			t.Errorf("%s: HEAD says %v", path, head.Header)
		}
		if res, _ := ask(t, p.app, http.MethodGet, path, "", "If-None-Match", res.Header.Get("ETag")); res.StatusCode != http.StatusNotModified {
			t.Errorf("%s: not changed, %d", path, res.StatusCode)
		}
		if _, again := ask(t, p.reader, http.MethodGet, path, ""); again != body {
			t.Errorf("%s: other bytes from another process", path)
		}
	}
	_, before := ask(t, p.app, http.MethodGet, "/data.json", "")
	p.publish(all[1], strings.ReplaceAll(population, "9310", "1"), "auto")
	_, after := ask(t, p.app, http.MethodGet, "/data.json", "")
	old, now := strings.Split(before, "\n"), strings.Split(after, "\n")
	var differ []int
	for i := range now {
		if old[i] != now[i] {
			differ = append(differ, i)
		}
	}
	if len(old) != len(now) || !slices.Equal(differ, []int{2}) {
		t.Errorf("one changed dataset changes the lines %v of %d", differ, len(now))
	}
}

// The versions of a dataset say which came before which.
func TestVersionsDocument(t *testing.T) {
	p := newPortal(t)
	d := p.describe("dan-so", "so-y-te")
	for i := range 3 {
		p.publish(d, strings.ReplaceAll(population, "9310", fmt.Sprint(9310+i)), "auto")
	}
	_, body := ask(t, p.app, http.MethodGet, "/dataset/dan-so/versions.nt", "")
	s := "<" + base + "/dataset/" + string(d.ID)
	for _, want := range []string{
		s + "> <http://www.w3.org/ns/dcat#hasVersion> " + s + "/versions#v3> .",
		s + "/versions#v3> <http://www.w3.org/ns/dcat#previousVersion> " + s + "/versions#v2> .",
		s + "/versions#v2> <http://www.w3.org/ns/dcat#previousVersion> " + s + "/versions#v1> .",
		s + `/versions#v1> <http://www.w3.org/ns/dcat#version> "1" .`,
	} {
		if !strings.Contains(body, want+"\n") {
			t.Errorf("it does not say %s", want)
		}
	}
	if _, page := ask(t, p.app, http.MethodGet, "/catalog.nt", ""); strings.Contains(page, "/versions#") {
		t.Error("the catalogue page speaks of single versions: harvesters would import each")
	}
}
