package dcat

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"daylight/catalog"
	"daylight/store"
)

var update = flag.Bool("update", false, "write the golden files anew")

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, got, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(string(got), "\n")); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

func write(t *testing.T, f func(io.Writer) error) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := f(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// in writes the graph that the catalogue makes in one syntax.
func in(ext string, w io.Writer, g *Graph, err error) error {
	if err != nil {
		return err
	}
	s, ok := Syntax(ext)
	if !ok {
		return fmt.Errorf("no syntax %s", ext)
	}
	return s.Graph(w, g)
}

func writeCatalog(w io.Writer, site Site, p CatalogPage) error {
	g, err := CatalogGraph(site, p)
	return in("ttl", w, g, err)
}

func writeDataset(w io.Writer, site Site, d *catalog.Dataset) error {
	g, err := DatasetGraph(site, d)
	return in("ttl", w, g, err)
}

// The documents, byte for byte, and the same bytes each time: agencies and
// keywords come from maps, whose order Go changes on purpose.
func TestGolden(t *testing.T) {
	dataset := func(ext string) func(io.Writer) error {
		return func(w io.Writer) error {
			g, err := DatasetGraph(sampleSite(), sampleDatasets(t)[1])
			return in(ext, w, g, err)
		}
	}
	documents := map[string]func(io.Writer) error{
		"catalog.ttl": func(w io.Writer) error {
			return writeCatalog(w, sampleSite(), pageOf(sampleDatasets(t), 2, 4))
		},
		"dataset.ttl":    func(w io.Writer) error { return writeDataset(w, sampleSite(), sampleDatasets(t)[1]) },
		"dataset.nt":     dataset("nt"),
		"dataset.jsonld": dataset("jsonld"),
		"dataset.rdf":    dataset("rdf"),
		"versions.ttl": func(w io.Writer) error {
			d := sampleDatasets(t)[0]
			old := *d.Release
			old.Withdrawn = &catalog.Withdrawal{Reason: catalog.Text{"vi": "Sai đơn vị."}}
			now := *d.Release
			now.N, now.Published = 2, old.Published.AddDate(0, 1, 0)
			g, err := VersionsGraph(sampleSite(), d, []catalog.Release{now, old})
			return in("ttl", w, g, err)
		},
		"withdrawn.ttl": func(w io.Writer) error { return writeDataset(w, sampleSite(), sampleDatasets(t)[9]) },
		"data.json":     func(w io.Writer) error { return WriteDataJSON(w, sampleSite(), each(sampleDatasets(t))) },
		"empty.json":    func(w io.Writer) error { return WriteDataJSON(w, sampleSite(), each(nil)) },
		"empty.ttl": func(w io.Writer) error {
			return writeCatalog(w, Site{BaseURL: base, Title: catalog.Text{"vi": "Cổng"}}, CatalogPage{Page: 1, Pages: 1})
		},
	}
	for name, f := range documents {
		t.Run(name, func(t *testing.T) {
			first := write(t, f)
			golden(t, name, first)
			for range 20 {
				if !bytes.Equal(first, write(t, f)) {
					t.Fatal("not the same bytes twice")
				}
			}
			if read := readers[strings.TrimPrefix(filepath.Ext(name), ".")]; read != nil {
				if _, err := read(string(first)); err != nil {
					t.Error(err)
				}
			} else if !json.Valid(first) {
				t.Error("not JSON")
			}
		})
	}
}

// A catalogue page says of a dataset what the dataset's own document says.
func TestPageHoldsDatasets(t *testing.T) {
	all := sampleDatasets(t)
	page, err := CatalogGraph(sampleSite(), pageOf(all, 1, 10))
	if err != nil {
		t.Fatal(err)
	}
	said := map[string]bool{}
	for _, x := range canonical(statements(page)) {
		said[x] = true
	}
	for _, d := range all {
		own, err := DatasetGraph(sampleSite(), d)
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range canonical(statements(own)) {
			if !said[x] {
				t.Errorf("%s: not on the page: %s", d.ID, x)
			}
		}
	}
}

// Every page: one view, absolute links, all datasets exactly once, and every
// concept with its type.
func TestPaging(t *testing.T) {
	all := sampleDatasets(t)
	for _, size := range []int{1, 3, 7, 10, 100} {
		var found []string
		pages := (len(all) + size - 1) / size
		for n := 1; n <= pages; n++ {
			p := pageOf(all, n, size)
			g, err := CatalogGraph(sampleSite(), p)
			if err != nil {
				t.Fatal(err)
			}
			links := map[predicate]string{}
			views := 0
			types := map[string]bool{}
			for _, node := range g.nodes {
				for _, s := range node.said {
					switch s.p {
					case hydraFirst, hydraPrevious, hydraNext, hydraLast:
						links[s.p] = s.o.value
					case dcatDataset:
						found = append(found, s.o.value)
					case rdfType:
						types[node.subject.value] = true
						if s.o == aPage {
							views++
						}
					}
				}
			}
			want := map[predicate]string{hydraFirst: p.Address(1), hydraLast: p.Address(pages)}
			if n > 1 {
				want[hydraPrevious] = p.Address(n - 1)
			}
			if n < pages {
				want[hydraNext] = p.Address(n + 1)
			}
			if diff := cmp.Diff(want, links); diff != "" || views != 1 {
				t.Errorf("page %d of %d: %d views, links (-want +got):\n%s", n, pages, views, diff)
			}
			for x := range g.Triples() {
				switch x.Predicate.extra {
				case "dct:language", "dct:license", "dct:spatial", "dcat:theme", "dct:format", "dcat:mediaType", "dct:publisher", "dct:accessRights", "dcat:landingPage", "dct:rights", "dcat:distribution", "dcat:dataset":
					if !types[x.Object.value] {
						t.Errorf("page %d of %d: %s has no type", n, pages, x.Object.value)
					}
				}
			}
		}
		var want []string
		for _, d := range all {
			want = append(want, base+"/dataset/"+string(d.ID))
		}
		if diff := cmp.Diff(want, found); diff != "" {
			t.Errorf("size %d (-want +got):\n%s", size, diff)
		}
	}
}

// What must not be in any document.
func TestNotTold(t *testing.T) {
	all := sampleDatasets(t)
	draft := *all[3]
	draft.ID, draft.Title, draft.Release = "dddddddd-bbbb-4bbb-8bbb-bbbbbbbbbbbb", catalog.Text{"vi": "Bản nháp chưa công bố"}, nil
	if err := writeDataset(io.Discard, sampleSite(), &draft); !errors.Is(err, ErrUnpublished) {
		t.Errorf("a draft: got %v, want ErrUnpublished", err)
	}
	all = append(all, &draft)
	for name, f := range map[string]func(io.Writer) error{
		"catalogue": func(w io.Writer) error { return writeCatalog(w, sampleSite(), pageOf(all, 1, 20)) },
		"data.json": func(w io.Writer) error { return WriteDataJSON(w, sampleSite(), each(all)) },
	} {
		out := string(write(t, f))
		for _, no := range []string{"nháp", string(draft.ID), "ho_ten", "luong", "/v/10/data.csv", "charset"} {
			if strings.Contains(out, no) {
				t.Errorf("%s holds %q", name, no)
			}
		}
	}
	stranger := *all[0]
	stranger.Agency = "eeeeeeee-aaaa-4aaa-8aaa-aaaaaaaaaaaa"
	var out bytes.Buffer
	if err := writeCatalog(&out, sampleSite(), pageOf([]*catalog.Dataset{&stranger}, 1, 1)); err == nil || out.Len() > 0 {
		t.Errorf("a dataset of an unknown agency: %v, %d bytes written", err, out.Len())
	}
	broken := errors.New("broken")
	err := WriteDataJSON(io.Discard, sampleSite(), func(yield func(*catalog.Dataset, error) bool) { yield(nil, broken) })
	if !errors.Is(err, broken) {
		t.Errorf("data.json of a broken catalogue: %v", err)
	}
}

// One changed dataset changes one entry, and nothing else.
func TestDataJSONEntry(t *testing.T) {
	all := sampleDatasets(t)
	before := bytes.Split(write(t, func(w io.Writer) error { return WriteDataJSON(w, sampleSite(), each(all)) }), []byte("\n"))
	changed := *all[4]
	changed.Title = catalog.Text{"vi": "Khác"}
	all[4] = &changed
	site := sampleSite()
	site.Modified = site.Modified.Add(time.Hour)
	after := bytes.Split(write(t, func(w io.Writer) error { return WriteDataJSON(w, site, each(all)) }), []byte("\n"))
	var differ []int
	for i := range after {
		if !bytes.Equal(before[i], after[i]) {
			differ = append(differ, i)
		}
	}
	if len(before) != len(after) || !slices.Equal(differ, []int{5}) {
		t.Errorf("lines %v of %d differ", differ, len(after))
	}
}

// Site.At of an empty catalogue and of one with an agency.
func TestSiteAt(t *testing.T) {
	ctx := context.Background()
	db, err := store.OpenPublicDB(ctx, "sqlite:"+filepath.Join(t.TempDir(), "catalogue.db"), false)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.Migrate(ctx); err != nil {
		t.Fatal(err)
	}
	cat := catalog.NewStore(db)
	empty, err := Site{BaseURL: base}.At(ctx, cat)
	if err != nil {
		t.Fatal(err)
	}
	if len(empty.Agencies) != 0 || !empty.Issued.IsZero() || !empty.Modified.IsZero() {
		t.Errorf("empty catalogue: %+v", empty)
	}
	at := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	for i, a := range []catalog.AgencyID{"00000001-aaaa-4aaa-8aaa-aaaaaaaaaaaa", "00000003-aaaa-4aaa-8aaa-aaaaaaaaaaaa"} {
		if err := cat.PutAgency(ctx, sampleSite().Agencies[a], at.Add(time.Duration(i)*time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	full, err := empty.At(ctx, cat)
	if err != nil {
		t.Fatal(err)
	}
	if len(full.Agencies) != 2 || !full.Issued.Equal(at) || !full.Modified.Equal(at.Add(time.Hour)) {
		t.Errorf("two agencies: %+v", full)
	}
	if len(empty.Agencies) != 0 {
		t.Error("At changed the site it was called on")
	}
}

// TestConformance asks validators that are not ours. DAYLIGHT_CONFORMANCE is
// the folder of the tools, with their packages installed.
func TestConformance(t *testing.T) {
	tools := os.Getenv("DAYLIGHT_CONFORMANCE")
	if tools == "" {
		t.Skip("SKIPPED: DAYLIGHT_CONFORMANCE is not set; the documents are not shown to validators")
	}
	all := sampleDatasets(t)
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	defer server.Close()
	site := sampleSite()
	site.BaseURL = server.URL
	mux.HandleFunc("/catalog.ttl", func(w http.ResponseWriter, r *http.Request) {
		size, _ := strconv.Atoi(r.FormValue("page_size"))
		n, _ := strconv.Atoi(r.FormValue("page"))
		p := pageOf(all, max(n, 1), max(size, 1))
		p.Address = func(n int) string { return fmt.Sprintf("%s/catalog.ttl?page=%d&page_size=%d", server.URL, n, size) }
		w.Header().Set("Content-Type", Standards[0].Media[0])
		if err := writeCatalog(w, site, p); err != nil {
			t.Error(err)
		}
	})
	mux.HandleFunc("/data.json", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if err := WriteDataJSON(w, site, each(all)); err != nil {
			t.Error(err)
		}
	})
	dir := t.TempDir()
	var files []string
	for i, d := range all {
		f := filepath.Join(dir, fmt.Sprintf("%d.ttl", i))
		if err := os.WriteFile(f, write(t, func(w io.Writer) error { return writeDataset(w, site, d) }), 0o666); err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	for name, args := range map[string][]string{
		"page":      {"dcat.mjs", "--both", server.URL + "/catalog.ttl?page_size=10"},
		"pages":     {"dcat.mjs", server.URL + "/catalog.ttl?page_size=4"},
		"datasets":  append([]string{"dcat.mjs"}, files...),
		"data.json": {"datajson.cjs", server.URL + "/data.json"},
	} {
		t.Run(name, func(t *testing.T) {
			cmd := exec.Command("node", args...)
			cmd.Dir = tools
			out, err := cmd.CombinedOutput()
			t.Logf("%s", out)
			if err != nil {
				t.Error(err)
			}
		})
	}
}

// Pages of a large catalogue, in datasets a second.
func BenchmarkWriteCatalog(b *testing.B) {
	var all []*catalog.Dataset
	for i := range 1000 {
		d := *sampleDatasets(b)[i%9]
		r := *d.Release
		d.ID, d.Release = catalog.DatasetID(fmt.Sprintf("%08d-bbbb-4bbb-8bbb-bbbbbbbbbbbb", i)), &r
		all = append(all, &d)
	}
	site := sampleSite()
	for b.Loop() {
		if err := writeCatalog(io.Discard, site, pageOf(all, 1, 1000)); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(1000*float64(b.N)/b.Elapsed().Seconds(), "datasets/s")
}
