package api_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"daylight/catalog"
	"daylight/catalog/differences"
)

const bedsPlan = `plan: v1
audience: open
columns:
  ma: {class: public, do: keep}
  ten: {class: public, do: keep}
  giuong: {class: public, do: keep}
decided: {by: test, at: 2026-01-15}
schema:
  fields: [{name: ma, type: string}, {name: ten, type: string}, {name: giuong, type: integer}]
  primaryKey: ma
`

// beds are three releases of one dataset.
var beds = []string{
	"ma,ten,giuong\n001,Bến Sông,620\n002,Sản Nhi,310\n003,Phổi,150\n",
	"ma,ten,giuong\n001,Bến Sông,620\n002,Sản Nhi,374\n004,\"<script>&, <b>\",24\n",
	"ma,ten,giuong\n001,Bến Sông,600\n002,Sản Nhi,374\n004,\"<script>&, <b>\",24\n",
}

func publishBeds(t *testing.T, p *portal) catalog.Dataset {
	t.Helper()
	d := p.describe("giuong-benh", "so-y-te")
	for i, csv := range beds {
		if u := p.publish(d, csv, bedsPlan); u.Release != i+1 {
			t.Fatalf("release %d is %s: %v", i+1, u.State, u.Problems)
		}
	}
	return d
}

// Two releases are compared by the primary key of the schema that the agency
// sent, in every form, and each form says the same.
func TestDifferenceForms(t *testing.T) {
	p := newPortal(t)
	publishBeds(t, p)
	for path, want := range map[string]string{
		"/datasets/giuong-benh/diff.csv?from=1&to=2&table=data": `row-change,row-count,changed-columns,ma,ten,giuong
removed,1,,003,Phổi,150
before,1,giuong,002,Sản Nhi,310
after,1,giuong,002,Sản Nhi,374
added,1,,004,"<script>&, <b>",24
`,
		"/datasets/giuong-benh/diff.csv?from=2&to=1&table=data": `row-change,row-count,changed-columns,ma,ten,giuong
removed,1,,004,"<script>&, <b>",24
before,1,giuong,002,Sản Nhi,374
after,1,giuong,002,Sản Nhi,310
added,1,,003,Phổi,150
`,
		"/datasets/giuong-benh/diff.jsonl?from=2&to=3&table=data": `{"change":"changed","columns":["giuong"],"before":{"ma":"001","ten":"Bến Sông","giuong":620},"after":{"ma":"001","ten":"Bến Sông","giuong":600}}
`,
	} {
		res, body := ask(t, p.app, http.MethodGet, path, "")
		if res.StatusCode != http.StatusOK || body != want {
			t.Errorf("%s: %d\n%s\nwant\n%s", path, res.StatusCode, body, want)
		}
		tag := res.Header.Get("ETag")
		if !strings.Contains(res.Header.Get("Cache-Control"), "immutable") || tag == "" {
			t.Errorf("%s: ETag %q, Cache-Control %q", path, tag, res.Header.Get("Cache-Control"))
		}
		if res, body := ask(t, p.app, http.MethodGet, path, "", "If-None-Match", tag); res.StatusCode != http.StatusNotModified || body != "" {
			t.Errorf("%s: asked again %d", path, res.StatusCode)
		}
		if res, body := ask(t, p.reader, http.MethodHead, path, ""); res.StatusCode != http.StatusOK || body != "" || res.Header.Get("ETag") != tag {
			t.Errorf("%s: HEAD %d, ETag %q", path, res.StatusCode, res.Header.Get("ETag"))
		}
	}

	var whole struct {
		From, To int
		Table    string
		Counts   struct {
			By                                 string
			Key                                []string
			Unchanged, Added, Removed, Changed int
		}
		Rows []struct {
			Change        string
			Before, After map[string]any
		}
	}
	res, body := ask(t, p.app, http.MethodGet, "/datasets/giuong-benh/diff.json?from=1&to=2&table=data", "")
	if err := json.Unmarshal([]byte(body), &whole); err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%d, %v\n%s", res.StatusCode, err, body)
	}
	if c := whole.Counts; c.By != "key" || len(c.Key) != 1 || c.Unchanged != 1 || c.Added != 1 || c.Removed != 1 || c.Changed != 1 || len(whole.Rows) != 3 || whole.Rows[2].After["giuong"] != 24.0 {
		t.Errorf("%+v", whole)
	}

	// without parameters: the latest and the one before it, at an address that
	// means another pair after the next release
	res, _ = ask(t, p.app, http.MethodGet, "/datasets/giuong-benh/diff.csv", "")
	if want := base + "/datasets/giuong-benh/diff.csv?from=2&to=3&table=data"; res.StatusCode != http.StatusFound || res.Header.Get("Location") != want {
		t.Errorf("%d to %q, want %q", res.StatusCode, res.Header.Get("Location"), want)
	}
	var summary struct {
		From, To struct{ N int }
		Tables   []struct {
			Before int `json:"rows_before"`
			Counts struct{ Changed, Unchanged int }
			Files  map[string]string
		}
	}
	res, body = ask(t, p.app, http.MethodGet, "/api/v1/datasets/giuong-benh/diff", "")
	if err := json.Unmarshal([]byte(body), &summary); err != nil || summary.From.N != 2 || summary.To.N != 3 || len(summary.Tables) != 1 ||
		summary.Tables[0].Counts.Changed != 1 || summary.Tables[0].Counts.Unchanged != 2 || summary.Tables[0].Before != 3 {
		t.Errorf("%d, %v\n%s", res.StatusCode, err, body)
	}
	for format, address := range summary.Tables[0].Files {
		if res, _ := ask(t, p.app, http.MethodGet, strings.TrimPrefix(address, base), ""); res.StatusCode != http.StatusOK {
			t.Errorf("%s: %d", format, res.StatusCode)
		}
	}
	for path, want := range map[string]int{
		"/datasets/giuong-benh/diff.csv?from=9&to=1":           404,
		"/datasets/giuong-benh/diff.csv?from=x&to=1":           400,
		"/datasets/giuong-benh/diff.csv?from=01&to=2":          400,
		"/datasets/giuong-benh/diff.csv?from=1&to=1":           400,
		"/datasets/giuong-benh/diff.csv?from=1&to=2&table=x":   400,
		"/datasets/giuong-benh/diff.exe?from=1&to=2":           404,
		"/datasets/giuong-benh/diff?from=1&to=2&table=%3Cb%3E": 400,
		"/api/v1/datasets/giuong-benh/diff?from=1&to=2&rows=3": 400,
	} {
		if res, body := ask(t, p.app, http.MethodGet, path, ""); res.StatusCode != want || strings.Contains(body, "<b>") {
			t.Errorf("%s: %d, want %d", path, res.StatusCode, want)
		}
	}
}

// The page shows what a reader wants to know, escaped; of a dataset with one
// release it says that there is nothing to compare.
func TestDifferencePage(t *testing.T) {
	p := newPortal(t)
	publishBeds(t, p)
	p.publish(p.describe("dan-so", "so-y-te"), population, "auto")
	for path, want := range map[string][]string{
		"/en/datasets/giuong-benh/diff?from=1&to=2": {"What changed from version 1 to version 2", "<del", ">310</del>", ">374</ins>", "&lt;script&gt;", "Rows removed", "diff.csv?from=1&amp;to=2&amp;table=data", "noindex",
			`rel="canonical" href="http://portal.test/en/datasets/giuong-benh/diff?from=1&amp;to=2"`},
		"/datasets/giuong-benh/diff":           {"Chỗ đã đổi từ bản 2 đến bản 3", "ma</code>"},
		"/en/datasets/giuong-benh/diff?to=1":   {"nothing to compare it with"},
		"/en/datasets/dan-so/diff":             {"nothing to compare it with"},
		"/en/datasets/giuong-benh/diff?from=3": {"two different versions"},
		"/en/datasets/giuong-benh":             {"See each row that changed", "/en/datasets/giuong-benh/diff?from=2&amp;to=3"},
	} {
		res, body := ask(t, p.app, http.MethodGet, path, "")
		if res.StatusCode != http.StatusOK {
			t.Errorf("%s: %d", path, res.StatusCode)
		}
		for _, w := range want {
			if !strings.Contains(body, w) {
				t.Errorf("%s: nothing says %q", path, w)
			}
		}
		if strings.Contains(body, "<script>") {
			t.Errorf("%s: a cell is markup", path)
		}
	}
}

// What was counted after publication stands with the versions, in every list.
func TestDifferencesCounted(t *testing.T) {
	p := newPortal(t)
	d := publishBeds(t, p)
	m := differences.New(p.catalog, p.config.Library, differences.Options{})
	defer m.Close()
	if err := m.Count(t.Context(), d.ID); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"/en/datasets/giuong-benh":                      "Rows: 1 added, 1 removed, 1 changed",
		"/datasets/giuong-benh":                         "Dòng: thêm 1, bớt 1, đổi 1",
		"/datasets/giuong-benh/versions.atom?lang=en":   "Rows: 1 added, 1 removed, 1 changed.",
		"/api/v1/datasets/giuong-benh/versions":         `"changes":{"from":1,"tables":[{"table":"data","by":"key","key":["ma"],"unchanged":1,"added":1,"removed":1,"changed":1}]`,
		"/api/v1/datasets/giuong-benh/versions?lang=en": "/api/v1/datasets/giuong-benh/diff?from=1",
		"/api/v1/datasets/giuong-benh/diff?from=1&to=2": `"unchanged":1,"added":1,"removed":1,"changed":1`,
		"/api/v1/datasets/giuong-benh/diff?from=1&to=3": `"unchanged":0,"added":1,"removed":1,"changed":2`,
		"/en/datasets/giuong-benh/diff?from=1&to=3":     "rows changed",
		"/en/datasets/giuong-benh/v/1":                  "Rows: 0 added, 0 removed, 1 changed",
	} {
		if res, body := ask(t, p.app, http.MethodGet, path, ""); res.StatusCode != http.StatusOK || !strings.Contains(body, want) {
			t.Errorf("%s: %d, nothing says %q", path, res.StatusCode, want)
		}
	}
}

// Nothing is told of what differs from a withdrawn release, not even what was
// counted before; and never where one of the two is about persons.
func TestDifferencesNotTold(t *testing.T) {
	p := newPortal(t)
	d := publishBeds(t, p)
	m := differences.New(p.catalog, p.config.Library, differences.Options{})
	defer m.Close()
	if err := m.Count(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	_, was := ask(t, p.app, http.MethodGet, "/api/v1/datasets/giuong-benh/versions", "")
	if strings.Count(was, `"changes"`) != 2 {
		t.Fatalf("not counted: %s", was)
	}
	p.withdrawOne(d.ID, 1)
	for path, want := range map[string]int{
		"/datasets/giuong-benh/diff?from=1&to=2":                410,
		"/en/datasets/giuong-benh/diff?from=2&to=1":             410,
		"/datasets/giuong-benh/diff.csv?from=1&to=2&table=data": 410,
		"/api/v1/datasets/giuong-benh/diff?from=1&to=3":         410,
		"/datasets/giuong-benh/diff?from=2&to=3":                200,
	} {
		if res, body := ask(t, p.app, http.MethodGet, path, ""); res.StatusCode != want || want == 410 && strings.Contains(body, "Phổi") {
			t.Errorf("%s: %d, want %d", path, res.StatusCode, want)
		}
	}
	if _, now := ask(t, p.app, http.MethodGet, "/api/v1/datasets/giuong-benh/versions", ""); strings.Count(now, `"changes"`) != 1 {
		t.Errorf("the count against a withdrawn release is told: %s", now)
	}

	// Releases about persons there is one of at most. An older version of the
	// program may have left two: they are not compared.
	for _, n := range []int{2, 3} {
		p.aboutPersons(d.ID, n)
		if err := m.Count(t.Context(), d.ID); err != nil {
			t.Fatal(err)
		}
		for path, want := range map[string]int{
			"/datasets/giuong-benh/diff.csv?from=2&to=3&table=data":  409,
			"/datasets/giuong-benh/diff.json?from=3&to=2&table=data": 409,
			"/api/v1/datasets/giuong-benh/diff?from=2&to=3":          409,
			"/datasets/giuong-benh/diff?from=2&to=3":                 200,
		} {
			res, body := ask(t, p.app, http.MethodGet, path, "")
			if res.StatusCode != want || strings.Contains(body, "Bến Sông") {
				t.Errorf("%s: %d, want %d\n%s", path, res.StatusCode, want, body)
			}
		}
		for _, path := range []string{"/datasets/giuong-benh", "/datasets/giuong-benh/versions.atom", "/api/v1/datasets/giuong-benh/versions"} {
			if _, body := ask(t, p.app, http.MethodGet, path, ""); strings.Contains(body, "/diff?") || strings.Contains(body, `"changes"`) || strings.Contains(body, "Dòng: thêm") {
				t.Errorf("%s tells what differs between releases about persons", path)
			}
		}
		p.aboutNobody(d.ID, n)
	}
}

// A difference that somebody reads slowly, or leaves, holds nothing for ever.
func TestDifferenceLeft(t *testing.T) {
	p := newPortal(t)
	publishBeds(t, p)
	for range 40 { // more than may be open at once
		res, body := ask(t, p.app, http.MethodGet, "/datasets/giuong-benh/diff.jsonl?from=1&to=2&table=data", "")
		if res.StatusCode != http.StatusOK || strings.Count(body, "\n") != 3 {
			t.Fatalf("%d\n%s", res.StatusCode, body)
		}
		time.Sleep(time.Millisecond)
	}
}

// An answer that fails while it is made is cut off: nobody takes a part for the
// whole.
func TestDifferenceCutOff(t *testing.T) {
	p := newPortal(t)
	publishBeds(t, p)
	const path = "/datasets/giuong-benh/diff.csv?from=1&to=2&table=data"
	if res, _ := ask(t, p.app, http.MethodGet, path, ""); res.StatusCode != http.StatusOK {
		t.Fatal(res.StatusCode)
	}
	files, err := filepath.Glob(filepath.Join(p.dir, "public", "files", "*", "*"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, f := range files { // the comparison is kept; its rows cannot be read any more
		if err := errors.Join(os.Chmod(f, 0o644), os.Truncate(f, 100)); err != nil {
			t.Fatal(err)
		}
	}
	req := httptest.NewRequest(http.MethodGet, path, nil)
	req.Host = "portal.test"
	res, err := p.app.Test(req, -1)
	if err == nil {
		var body []byte
		if body, err = io.ReadAll(res.Body); err == nil {
			t.Errorf("%d, and a whole answer: %s", res.StatusCode, body)
		}
	}
}
