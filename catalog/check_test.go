package catalog

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"daylight/datasets"
)

func fullDataset() Dataset {
	return Dataset{
		ID: "0b7a6a2e-2222-4a4a-8b8b-000000000001", Slug: "dan-so", Agency: "0b7a6a2e-1111-4a4a-8b8b-000000000001",
		Title: Text{"vi": "Dân số", "en": "Population"}, Description: Text{"vi": "Dòng một.\nDòng hai.", "en": "One."},
		Keywords: map[string][]string{"vi": {"dân số", "tỉnh"}, "en": {"population"}}, Themes: []string{"SOCI"},
		Places: []string{"/codes/administrative-units/01", "https://sws.geonames.org/6295630/"},
		From:   "2024-01-01", To: "2024-12-31", Frequency: "ANNUAL", Languages: []string{"vi"}, Licence: "CC-BY-4.0", Source: "https://example.gov.vn/a?b=c",
	}
}

func fullRelease(t *testing.T) *Release {
	ref, err := datasets.ParseRef(strings.Repeat("ab", 32))
	if err != nil {
		t.Fatal(err)
	}
	return &Release{N: 1, Published: time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC), Files: []File{{ResourceID: "r", File: datasets.File{
		Name: "data.csv", Format: "csv", MediaType: "text/csv", Bytes: 10, Rows: 1, Ref: ref}}}}
}

// said lists problems as "field code", warnings with a question mark.
func said(problems []Problem) []string {
	var out []string
	for _, p := range problems {
		s := p.Field + " " + p.Code
		if p.Warning {
			s += "?"
		}
		out = append(out, s)
	}
	return out
}

func TestDatasetCheck(t *testing.T) {
	for _, tc := range []struct {
		name   string
		change func(d *Dataset)
		want   []string
	}{
		{"as it should be", func(d *Dataset) {}, nil},
		{"with a release", func(d *Dataset) { d.Release = fullRelease(t) }, nil},
		{"nothing optional", func(d *Dataset) { d.From, d.To, d.Languages, d.Source = "", "", nil, "" }, nil},
		{"life events", func(d *Dataset) { d.LifeEvents = []string{"birth", "health"} }, nil},
		{"a life event that is none", func(d *Dataset) { d.LifeEvents = []string{"xyzzy"} }, []string{"life_events unknown-code"}},
		{"open period", func(d *Dataset) { d.To = "" }, nil},

		// What both profiles let pass.
		{"no identifier", func(d *Dataset) { d.ID = "" }, []string{"id missing"}},
		{"no licence", func(d *Dataset) { d.Licence = "" }, []string{"licence missing"}},
		{"no distribution", func(d *Dataset) { d.Release = fullRelease(t); d.Release.Files = nil }, []string{"release.files missing"}},
		{"no download address", func(d *Dataset) { d.Release = fullRelease(t); d.Release.Files[0].Name = "" }, []string{"release.files incomplete"}},
		{"no digest", func(d *Dataset) { d.Release = fullRelease(t); d.Release.Files[0].Ref = datasets.Ref{} }, []string{"release.files incomplete"}},
		{"no agency, so no contact", func(d *Dataset) { d.Agency = "" }, []string{"agency missing"}},

		{"withdrawn", func(d *Dataset) {
			d.Release = fullRelease(t)
			d.Release.Files = nil
			d.Release.Withdrawn = &Withdrawal{}
		}, nil},
		{"identifier in capitals", func(d *Dataset) { d.ID = DatasetID(strings.ToUpper(string(d.ID))) }, []string{"id not-a-uuid"}},
		{"no slug", func(d *Dataset) { d.Slug = "" }, []string{"slug missing"}},
		{"slug with capitals", func(d *Dataset) { d.Slug = "Dan-so" }, []string{"slug not-a-slug"}},
		{"slug with marks", func(d *Dataset) { d.Slug = "dân-số" }, []string{"slug not-a-slug"}},
		{"slug with a path", func(d *Dataset) { d.Slug = "../../etc" }, []string{"slug not-a-slug"}},
		{"slug of one letter", func(d *Dataset) { d.Slug = "a" }, []string{"slug not-a-slug"}},
		{"long slug", func(d *Dataset) { d.Slug = strings.Repeat("a", 101) }, []string{"slug not-a-slug"}},
		{"slug and line feed", func(d *Dataset) { d.Slug = "dan-so\n" }, []string{"slug not-a-slug"}},
		{"slug that is somebody's identifier", func(d *Dataset) { d.Slug = "0b7a6a2e-2222-4a4a-8b8b-000000000002" }, []string{"slug not-a-slug"}},
		{"no title", func(d *Dataset) { d.Title = nil }, []string{"title missing"}},
		{"empty title", func(d *Dataset) { d.Title = Text{"vi": ""} }, []string{"title missing"}},
		{"title in one language", func(d *Dataset) { d.Title = Text{"vi": "Dân số"} }, []string{"title.en missing-language?"}},
		{"title in another language", func(d *Dataset) { d.Title = Text{"fr": "Population"} }, []string{"title.vi missing-language?", "title.en missing-language?"}},
		{"title in no language", func(d *Dataset) { d.Title["x\">"] = "y" }, []string{"title.x\"> unknown-language"}},
		{"title over two lines", func(d *Dataset) { d.Title["vi"] = "a\nb" }, []string{"title.vi control-character"}},
		{"title that turns around", func(d *Dataset) { d.Title["vi"] = "a\u202eb" }, []string{"title.vi control-character"}},
		{"title in NFD", func(d *Dataset) { d.Title["vi"] = "Da\u0302n" }, []string{"title.vi not-nfc"}},
		{"title not UTF-8", func(d *Dataset) { d.Title["vi"] = "a\xff" }, []string{"title.vi not-utf8"}},
		{"title with space", func(d *Dataset) { d.Title["vi"] = " a" }, []string{"title.vi outer-space"}},
		{"long title", func(d *Dataset) { d.Title["vi"] = strings.Repeat("ố", 301) }, []string{"title.vi too-long"}},
		{"title of the longest", func(d *Dataset) { d.Title["vi"] = strings.Repeat("ố", 300) }, nil},
		{"no description", func(d *Dataset) { d.Description = nil }, []string{"description missing"}},
		{"long description", func(d *Dataset) { d.Description["en"] = strings.Repeat("a", 5001) }, []string{"description.en too-long"}},
		{"no keyword", func(d *Dataset) { d.Keywords = nil }, []string{"keywords missing"}},
		{"no keyword in a language", func(d *Dataset) { d.Keywords = map[string][]string{"vi": {}} }, []string{"keywords missing"}},
		{"empty keyword", func(d *Dataset) { d.Keywords["vi"] = []string{"a", ""} }, []string{"keywords.vi empty"}},
		{"keyword twice", func(d *Dataset) { d.Keywords["vi"] = []string{"a", "a"} }, []string{"keywords.vi twice"}},
		{"too many keywords", func(d *Dataset) {
			for i := range 60 {
				d.Keywords["en"] = append(d.Keywords["en"], fmt.Sprint("k", i))
			}
		}, []string{"keywords too-many"}},
		{"no theme", func(d *Dataset) { d.Themes = nil }, []string{"themes missing"}},
		{"unknown theme", func(d *Dataset) { d.Themes = []string{"SOCI", "OP_DATPRO"} }, []string{"themes unknown-code"}},
		{"theme twice", func(d *Dataset) { d.Themes = []string{"SOCI", "SOCI"} }, []string{"themes twice"}},
		{"no place", func(d *Dataset) { d.Places = nil }, []string{"places missing"}},
		{"unknown place", func(d *Dataset) { d.Places = []string{"http://evil.example/> a"} }, []string{"places unknown-code"}},
		{"former province", func(d *Dataset) { d.Places = []string{"/codes/administrative-units/02"} }, []string{"places unknown-code"}},
		{"no frequency", func(d *Dataset) { d.Frequency = "" }, []string{"frequency missing"}},
		{"unknown frequency", func(d *Dataset) { d.Frequency = "yearly" }, []string{"frequency unknown-code"}},
		{"unknown licence", func(d *Dataset) { d.Licence = "all rights reserved" }, []string{"licence unknown-code"}},
		{"unknown language of the data", func(d *Dataset) { d.Languages = []string{"tlh"} }, []string{"languages unknown-code"}},
		{"no such day", func(d *Dataset) { d.From = "2024-02-30" }, []string{"from not-a-date"}},
		{"day in another form", func(d *Dataset) { d.To = "31/12/2024" }, []string{"to not-a-date"}},
		{"ends before it begins", func(d *Dataset) { d.To = "2023-12-31" }, []string{"to before-start"}},
		{"source that runs", func(d *Dataset) { d.Source = "javascript:alert(1)" }, []string{"source not-an-address"}},
		{"source with a password", func(d *Dataset) { d.Source = "https://u:p@example.vn/" }, []string{"source not-an-address"}},
		{"source without a host", func(d *Dataset) { d.Source = "https:///a" }, []string{"source not-an-address"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			d := fullDataset()
			tc.change(&d)
			problems := d.Check()
			if got := said(problems); !slices.Equal(got, tc.want) {
				t.Errorf("got %q, want %q", got, tc.want)
			}
			refused := slices.ContainsFunc(tc.want, func(s string) bool { return !strings.HasSuffix(s, "?") })
			if Refused(problems) != refused {
				t.Errorf("refused: %v, want %v", Refused(problems), refused)
			}
		})
	}
}

func TestAgencyCheck(t *testing.T) {
	full := func() Agency {
		return Agency{ID: "0b7a6a2e-1111-4a4a-8b8b-000000000001", Slug: "so-y-te", Kind: "RegionalAuthority", Name: Text{"vi": "Sở Y tế", "en": "Health"},
			Contact: Contact{Name: Text{"vi": "Văn phòng", "en": "Office"}, Email: "vp@soyte.gov.vn", Phone: "+84 24 3823 4567"}, Homepage: "https://soyte.gov.vn/"}
	}
	for _, tc := range []struct {
		name   string
		change func(a *Agency)
		want   []string
	}{
		{"as it should be", func(a *Agency) {}, nil},
		{"no contact", func(a *Agency) { a.Contact = Contact{} }, []string{"contact.name missing", "contact.email missing"}},
		{"no name", func(a *Agency) { a.Name = nil }, []string{"name missing"}},
		{"unknown kind", func(a *Agency) { a.Kind = "ministry" }, []string{"kind unknown-code"}},
		{"telephone in words", func(a *Agency) { a.Contact.Phone = "call us" }, []string{"contact.phone not-a-phone"}},
		{"homepage without web", func(a *Agency) { a.Homepage = "soyte.gov.vn" }, []string{"homepage not-an-address"}},
	} {
		a := full()
		tc.change(&a)
		if got := said(a.Check()); !slices.Equal(got, tc.want) {
			t.Errorf("%s: got %q, want %q", tc.name, got, tc.want)
		}
	}
	for address, ok := range map[string]bool{
		"a@b.vn": true, "du.lieu-mo+1_x@thong-ke.gov.vn": true, "A@B.CO": true,
		"a": false, "@b.vn": false, "a@": false, "a@b": false, "a b@c.vn": false, "a@b..vn": false, "a@-b.vn": false, "a@b-.vn": false,
		".a@b.vn": false, "a.@b.vn": false, "a..b@c.vn": false, "a@b.vn>": false, "a@b.vn\n": false, "<a@b.vn>": false, "a@b.v": false,
		"mailto:a@b.vn": false, "á@b.vn": false, "a@[127.0.0.1]": false, "\"a\"@b.vn": false,
	} {
		a := full()
		a.Contact.Email = address
		if got := !Refused(a.Check()); got != ok {
			t.Errorf("%q: accepted %v, want %v", address, got, ok)
		}
	}
}

// Tidy mends what it can, and Check then has nothing to say.
func TestTidy(t *testing.T) {
	d := fullDataset()
	d.Title = Text{"vi": " Da\u0302n số ", "en": "Population", "fr": " "}
	d.Description["vi"] = "Một.\r\nHai.\n"
	d.Keywords = map[string][]string{"vi": {" dân số", "", "da\u0302n số"}, "en": {" "}}
	d.Themes = []string{"SOCI", "SOCI", ""}
	before := d.Title
	d.Tidy()
	if got := said(d.Check()); got != nil {
		t.Errorf("after Tidy: %q", got)
	}
	if d.Title["vi"] != "Dân số" || len(d.Title) != 2 || d.Description["vi"] != "Một.\nHai." || len(d.Keywords) != 1 || len(d.Keywords["vi"]) != 1 || len(d.Themes) != 1 {
		t.Errorf("%+v", d)
	}
	if before["fr"] != " " {
		t.Error("Tidy wrote into a map it shares with others")
	}
}
