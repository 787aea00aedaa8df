package codes

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/unicode/norm"
)

// Every list that has a page is whole: codes and IRIs once, words in both
// languages in NFC, days that are days, and a source named in SOURCES.md.
func TestEveryList(t *testing.T) {
	sources, err := os.ReadFile("SOURCES.md")
	if err != nil {
		t.Fatal(err)
	}
	iris := map[string]string{}
	for l := range Lists.All() {
		for what, s := range map[string]string{"vi": l.VI, "en": l.EN, "about_vi": l.AboutVI, "about_en": l.AboutEN,
			"source_vi": l.SourceVI, "source_en": l.SourceEN, "date": l.Date} {
			if s == "" || !norm.NFC.IsNormalString(s) {
				t.Errorf("%s: %s is empty or not NFC", l.Code, what)
			}
		}
		if (l.DetailVI == "") != (l.DetailEN == "") {
			t.Errorf("%s: the detail has a heading in one language only", l.Code)
		}
		if l.Len() == 0 {
			t.Errorf("%s is empty", l.Code)
		}
		details := 0
		for _, e := range l.Entries() {
			if e.DetailVI != "" {
				details++
			}
			at := l.Code + "/" + e.Code
			if other, twice := iris[e.IRI]; twice {
				t.Errorf("%s: the IRI of %s too", at, other)
			}
			iris[e.IRI] = at
			for _, s := range []string{e.VI, e.EN, e.DetailVI, e.DetailEN} {
				if !norm.NFC.IsNormalString(s) || s != strings.TrimSpace(s) {
					t.Errorf("%s: %q is not NFC, or has space around", at, s)
				}
			}
			if e.Code == "" || e.VI == "" || e.EN == "" || e.IRI == "" || (e.DetailVI == "") != (e.DetailEN == "") || e.DetailVI != "" && l.DetailVI == "" {
				t.Errorf("%s is not complete: %+v", at, e)
			}
			if strings.HasPrefix(e.IRI, "/") && e.IRI != "/codes/"+at {
				t.Errorf("%s: its IRI is ours and leads to %s", at, e.IRI)
			}
			for _, day := range []string{e.ValidFrom, e.ValidTo} {
				if _, err := time.Parse(time.DateOnly, day); day != "" && err != nil {
					t.Errorf("%s: %q is no day", at, day)
				}
			}
			if again, ok := l.Entry(e.Code); !ok || again.IRI != e.IRI {
				t.Errorf("%s is not found by its code", at)
			}
			for _, code := range e.From {
				earlier, _ := Lists.Get(l.Earlier())
				if f, ok := earlier.Entry(code); !ok || f.Into != e.Code {
					t.Errorf("%s is made of %s, which does not say so", at, code)
				}
			}
		}
		if (l.DetailVI != "") != (details > 0) {
			t.Errorf("%s: %d entries have the detail that the list has a heading for", l.Code, details)
		}
	}
	for _, l := range []string{"administrative-units", "former-administrative-units", "places", "licences", "life-events"} {
		list, _ := Lists.Get(l)
		for _, e := range list.Entries() {
			if e.DetailVI == "" {
				t.Errorf("%s/%s says nothing besides its name", l, e.Code)
			}
		}
	}
	files, err := filepath.Glob("*.csv")
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]bool{"lists.csv": true, "synonyms.csv": true} // no lists of concepts
	for l := range Lists.All() {
		listed[l.File] = true
	}
	for _, f := range files {
		if !listed[f] {
			t.Errorf("%s is in no line of lists.csv", f)
		}
		if !strings.Contains(string(sources), f) {
			t.Errorf("SOURCES.md does not say where %s is from", f)
		}
	}
	if len(entriesOf) != Lists.Len() {
		t.Errorf("%d lists have entries, %d have a line", len(entriesOf), Lists.Len())
	}
}

// A code of two digits means the same province of today in both lists, though
// 44 was Quảng Bình and is Quảng Trị: so a column of codes can be read without
// knowing its year. The same holds for names.
func TestCodesOfBothListsAgree(t *testing.T) {
	names := map[string]string{}
	for p := range Provinces.All() {
		names[p.VI] = p.Code
		if f, ok := FormerProvinces.Get(p.Code); !ok || f.Now().Code != p.Code {
			t.Errorf("%s %s: the former one of this code is elsewhere now", p.Code, p.VI)
		}
	}
	for f := range FormerProvinces.All() {
		if code, ok := names[f.VI]; ok && f.Now().Code != code {
			t.Errorf("%s: the former one of this name is in %s", f.VI, f.Now().VI)
		}
	}
}

func TestPlaceNamed(t *testing.T) {
	for in, want := range map[string]string{
		"79": "Hồ Chí Minh", "74": "Hồ Chí Minh", "/codes/former-administrative-units/44": "Quảng Trị",
		"/codes/administrative-units/01": "Hà Nội", "VNM": "Việt Nam", "99": "", "": "", "/codes/administrative-units/74": "",
	} {
		if c, ok := PlaceNamed(in); c.VI != want || ok != (want != "") {
			t.Errorf("%q: got %q, want %q", in, c.VI, want)
		}
	}
}
