package templates

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFacetAddress(t *testing.T) {
	s := Site{Path: "/datasets", Query: "q=d%C3%A2n+s%E1%BB%91&theme=SOCI&page=3"}
	for _, c := range []struct{ name, lang, facet, value, want string }{
		{"another filter, first page", "vi", "org", "thong-ke", "/datasets?org=thong-ke&q=d%C3%A2n+s%E1%BB%91&theme=SOCI"},
		{"in its place", "en", "theme", "ENVI", "/en/datasets?q=d%C3%A2n+s%E1%BB%91&theme=ENVI"},
		{"taken away", "vi", "theme", "SOCI", "/datasets?q=d%C3%A2n+s%E1%BB%91"},
		{"not to be broken out of", "vi", "theme", "a&b=c#d", "/datasets?q=d%C3%A2n+s%E1%BB%91&theme=a%26b%3Dc%23d"},
	} {
		if got := s.facet(c.lang, c.facet, c.value); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
	if got := (Site{Query: "%zz"}).facet("vi", "theme", "SOCI"); got != "/datasets?theme=SOCI" {
		t.Errorf("a broken query: %s", got)
	}
}

func TestSearchBoxKeepsFilters(t *testing.T) {
	got := newSearchBox(SearchPage{Q: "dân số", Site: Site{Query: "theme=SOCI&q=dan&page=2&sort=title&org=x&place="}})
	want := searchBox{Q: "dân số", Keep: []hidden{{"org", "x"}, {"theme", "SOCI"}}}
	if d := cmp.Diff(want, got, cmp.AllowUnexported(searchBox{}, hidden{})); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

func TestWordsOfPrivacy(t *testing.T) {
	w, err := readWords("en")
	if err != nil {
		t.Fatal(err)
	}
	for in, want := range map[string]string{
		"redact, round 100":     "personal data taken out of the text, rounded",
		"generalise to quarter": "given as larger groups",
		"unheard-of":            "unheard-of",
	} {
		if got := w.treatment(in); got != want {
			t.Errorf("treatment(%q) = %q, want %q", in, got, want)
		}
	}
	if got := w.gates([]string{"rescan", "unheard-of"}); len(got) != 1 {
		t.Errorf("gates = %q, want the one that has a sentence", got)
	}
	// a kind without words is told as personal data, never by its code
	page := richDataset("en")
	page.Privacy.LeftOut = []LeftOut{{Kind: "kr_rrn", N: 1}}
	body := render(t, mustNew(t), "en", page)
	if strings.Contains(body, "kr_rrn") || !strings.Contains(body, "Other personal data: 1 column left out") {
		t.Error("an unknown kind is not told in words")
	}
}

// TestStatesOfAVersion: what a page of a version says about itself.
func TestStatesOfAVersion(t *testing.T) {
	pages := mustNew(t)
	for _, c := range []struct {
		name      string
		page      VersionPage
		want, not []string
	}{
		{"old", richVersion("en", 1, false), []string{"This is version 1 of", "version 2</a>", "data.csv"}, []string{"was withdrawn"}},
		{"latest", richVersion("en", 2, false), []string{"This is version 2, the latest."}, []string{"was withdrawn", "The latest is"}},
		{"withdrawn", richVersion("en", 1, true), []string{"Version 1 was withdrawn.", "Sai cột cân nặng", "version 2</a>"}, []string{"/v/2/data.csv", "Preview</h2>", "data.parquet"}},
	} {
		body := strings.ReplaceAll(render(t, pages, "en", c.page), nbsp, " ")
		for _, w := range c.want {
			if !strings.Contains(body, w) {
				t.Errorf("%s: does not say %q", c.name, w)
			}
		}
		for _, w := range c.not {
			if strings.Contains(body, w) {
				t.Errorf("%s: says %q", c.name, w)
			}
		}
	}
}
