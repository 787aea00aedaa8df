package api_test

import (
	"encoding/xml"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"daylight/catalog"
)

// atom is a feed as a reader reads it.
type atom struct {
	XMLName xml.Name `xml:"http://www.w3.org/2005/Atom feed"`
	Lang    string   `xml:"http://www.w3.org/XML/1998/namespace lang,attr"`
	ID      string   `xml:"http://www.w3.org/2005/Atom id"`
	Title   string   `xml:"http://www.w3.org/2005/Atom title"`
	Updated string   `xml:"http://www.w3.org/2005/Atom updated"`
	Author  string   `xml:"http://www.w3.org/2005/Atom author>name"`
	Links   []struct {
		Rel  string `xml:"rel,attr"`
		Href string `xml:"href,attr"`
	} `xml:"http://www.w3.org/2005/Atom link"`
	Entries []struct {
		ID      string `xml:"http://www.w3.org/2005/Atom id"`
		Title   string `xml:"http://www.w3.org/2005/Atom title"`
		Updated string `xml:"http://www.w3.org/2005/Atom updated"`
		Summary string `xml:"http://www.w3.org/2005/Atom summary"`
		Link    struct {
			Href string `xml:"href,attr"`
		} `xml:"http://www.w3.org/2005/Atom link"`
	} `xml:"http://www.w3.org/2005/Atom entry"`
}

func (a atom) link(rel string) string {
	for _, l := range a.Links {
		if l.Rel == rel {
			return l.Href
		}
	}
	return ""
}

// readFeed asks for a feed and holds it to RFC 4287.
func (p *portal) readFeed(path string) atom {
	p.t.Helper()
	res, body := ask(p.t, p.app, http.MethodGet, path, "")
	if res.StatusCode != 200 || !strings.HasPrefix(res.Header.Get("Content-Type"), "application/atom+xml") {
		p.t.Fatalf("%s: %d %s", path, res.StatusCode, res.Header.Get("Content-Type"))
	}
	head, _ := ask(p.t, p.app, http.MethodHead, path, "")
	if head.Header.Get("ETag") != res.Header.Get("ETag") || head.Header.Get("Content-Length") != fmt.Sprint(len(body)) {
		p.t.Errorf("%s: HEAD says other things than GET", path)
	}
	var a atom
	d := xml.NewDecoder(strings.NewReader(body))
	if err := d.Decode(&a); err != nil {
		p.t.Fatalf("%s: %v", path, err)
	}
	if a.ID == "" || a.Title == "" || a.Author == "" || a.link("self") == "" {
		p.t.Errorf("%s: a feed needs id, title, author and its own address: %+v", path, a)
	}
	if a.link("self") != base+path {
		p.t.Errorf("%s: says that it is at %s", path, a.link("self"))
	}
	seen := map[string]bool{}
	times := []string{a.Updated}
	for _, e := range a.Entries {
		if e.ID == "" || e.Title == "" || e.Summary == "" || seen[e.ID] {
			p.t.Errorf("%s: entry %+v", path, e)
		}
		seen[e.ID] = true
		times = append(times, e.Updated)
		if res, _ := ask(p.t, p.app, http.MethodGet, strings.TrimPrefix(e.Link.Href, base), ""); res.StatusCode != 200 {
			p.t.Errorf("%s: %s answers %d", path, e.Link.Href, res.StatusCode)
		}
	}
	for _, at := range times {
		if _, err := time.Parse(time.RFC3339, at); err != nil {
			p.t.Errorf("%s: %v", path, err)
		}
	}
	return a
}

func TestFeeds(t *testing.T) {
	p := newPortal(t)
	first := p.describe("dan-so", "so-y-te")
	p.publish(first, population, "auto")
	p.publish(first, strings.ReplaceAll(population, "9310", "9400"), "auto")
	hostile, problems, err := p.inbox.PutDataset(t.Context(), "test", catalog.Dataset{Slug: "truong-hoc", Agency: p.agency["so-giao-duc"],
		Title: catalog.Text{"vi": `</title><script>alert(1)</script> & ]]> "trường"`}, Description: catalog.Text{"vi": "Trường học."},
		Keywords: map[string][]string{"vi": {"trường học", "a/b c"}}, Themes: []string{"EDUC"},
		Places: []string{"http://publications.europa.eu/resource/authority/country/VNM"}, Frequency: "ANNUAL", Licence: "CC-BY-4.0", Locale: "vi"})
	if err != nil || catalog.Refused(problems) {
		t.Fatal(err, problems)
	}
	p.publish(hostile, strings.ReplaceAll(population, "9310", "9500"), "auto")
	withdrawn := p.describe("da-rut", "so-y-te")
	p.publish(withdrawn, strings.ReplaceAll(population, "9310", "9600"), "auto")
	p.withdraw(withdrawn.ID)
	p.describe("ban-nhap", "so-y-te")
	p.indexed()
	title := hostile.Title["vi"]

	for _, c := range []struct {
		path string
		want []string // what each entry says, newest first
	}{
		{"/feeds/dataset.atom", []string{"Dân số theo xã da-rut (phiên bản 1): Đã rút lại. Số liệu sai", title + " (phiên bản 1): Công bố lần đầu.", "Dân số theo xã dan-so (phiên bản 2): Phiên bản mới.", "Dân số theo xã dan-so (phiên bản 1): Công bố lần đầu."}},
		{"/feeds/dataset.atom?lang=en", []string{"Population da-rut (version 1): Withdrawn. Wrong figures", title + " (version 1): First publication.", "Population dan-so (version 2): New version.", "Population dan-so (version 1): First publication."}},
		{"/feeds/organization/so-giao-duc.atom", []string{title + " (phiên bản 1): Công bố lần đầu."}},
		{"/feeds/group/SOCI.atom?lang=en", []string{"Population da-rut (version 1): Withdrawn. Wrong figures", "Population dan-so (version 2): New version."}},
		{"/feeds/tag/" + url.PathEscape("trường học") + ".atom", []string{title + " (phiên bản 1): Công bố lần đầu."}},
		{"/feeds/tag/" + url.PathEscape("a/b c") + ".atom", []string{title + " (phiên bản 1): Công bố lần đầu."}},
		{"/feeds/tag/truong.atom", nil}, // a word, and no keyword
		{"/feeds/custom.atom?org=so-y-te&q=dan+so", []string{"Dân số theo xã da-rut (phiên bản 1): Đã rút lại. Số liệu sai", "Dân số theo xã dan-so (phiên bản 2): Phiên bản mới."}},
		{"/datasets/dan-so/versions.atom", []string{"Dân số theo xã dan-so (phiên bản 2): Phiên bản mới.", "Dân số theo xã dan-so (phiên bản 1): Công bố lần đầu."}},
	} {
		a := p.readFeed(c.path)
		var got []string
		for _, e := range a.Entries {
			got = append(got, e.Title+": "+e.Summary)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s:\n got %q\nwant %q", c.path, got, c.want)
		}
	}
	// One release is one entry, whichever feed tells it.
	all, own := p.readFeed("/feeds/dataset.atom"), p.readFeed("/datasets/dan-so/versions.atom")
	if all.Entries[2].ID != own.Entries[0].ID {
		t.Errorf("one release, two ids: %s and %s", all.Entries[2].ID, own.Entries[0].ID)
	}
	for _, path := range []string{"/feeds/organization/khong-co.atom", "/feeds/group/NONE.atom", "/feeds/dataset.atom?before=x", "/feeds/dataset.atom?lang=xx", "/datasets/ban-nhap/versions.atom"} {
		if res, _ := ask(t, p.app, http.MethodGet, path, ""); res.StatusCode != 404 && res.StatusCode != 400 {
			t.Errorf("%s: %d", path, res.StatusCode)
		}
	}
}

// A feed of more than fifty entries goes on, and says each once.
func TestFeedPages(t *testing.T) {
	p := newPortal(t)
	d := p.describe("dan-so", "so-y-te")
	const releases = 51
	for i := range releases {
		p.publish(d, strings.ReplaceAll(population, "9310", fmt.Sprint(9000+i)), "auto")
	}
	for _, path := range []string{"/feeds/dataset.atom?lang=en", "/datasets/dan-so/versions.atom"} {
		seen := map[string]bool{}
		for next := path; next != ""; {
			a := p.readFeed(next)
			for _, e := range a.Entries {
				if seen[e.ID] {
					t.Errorf("%s comes twice", e.ID)
				}
				seen[e.ID] = true
			}
			next = strings.TrimPrefix(a.link("next"), base)
		}
		if len(seen) != releases {
			t.Errorf("%s: %d of %d entries", path, len(seen), releases)
		}
	}
}
