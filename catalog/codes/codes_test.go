package codes

import (
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestLists(t *testing.T) {
	if got, want := Themes.Len(), 13; got != want {
		t.Errorf("themes: got %d, want %d", got, want)
	}
	if got, want := Frequencies.Len(), 22; got != want {
		t.Errorf("frequencies: got %d, want %d", got, want)
	}
	all := func(name string, c Concept) {
		if c.Code == "" || c.VI == "" || c.EN == "" || c.IRI == "" || strings.ContainsAny(c.IRI, " <>\"") {
			t.Errorf("%s: incomplete entry %+v", name, c)
		}
	}
	for c := range Themes.All() {
		all("themes", c)
	}
	for c := range Frequencies.All() {
		all("frequencies", c.Concept)
	}
	for c := range Languages.All() {
		all("languages", c.Concept)
	}
	for c := range AccessRights.All() {
		all("access rights", c.Concept)
		if c.Level == "" {
			t.Errorf("%s has no level", c.Code)
		}
	}
	for c := range Availability.All() {
		all("availability", c)
	}
	for c := range PublisherTypes.All() {
		all("publisher types", c)
	}
	for c := range LicenceTypes.All() {
		all("licence types", c.Concept)
	}
	for c := range Licences.All() {
		all("licences", c.Concept)
	}
	for c := range FileTypes.All() {
		all("file types", c.Concept)
		if c.MediaType == "" || strings.Contains(c.MediaType, ";") {
			t.Errorf("%s: media type %q", c.Code, c.MediaType)
		}
	}
	for c := range Places.All() {
		all("places", c.Concept)
	}
	// The form that lists of known licences hold: https, slash at the end.
	if l, _ := Licences.Get(DefaultLicence); l.IRI != "https://creativecommons.org/licenses/by/4.0/" {
		t.Errorf("default licence: %s", l.IRI)
	}
	if l, ok := Languages.Get("vi"); !ok || l.IRI != "http://publications.europa.eu/resource/authority/language/VIE" {
		t.Errorf("vi: %+v", l)
	}
	if f, ok := FileTypeOf("parquet"); !ok || f.Code != "PARQUET" {
		t.Errorf("parquet: %+v", f)
	}
}

func TestProvinces(t *testing.T) {
	if Provinces.Len() != 34 || FormerProvinces.Len() != 63 {
		t.Fatalf("got %d and %d provinces, want 34 and 63", Provinces.Len(), FormerProvinces.Len())
	}
	into := map[string]string{}
	cities, alone := 0, 0
	for p := range Provinces.All() {
		from := p.From()
		if p.Kind == "city" {
			cities++
		}
		if len(from) == 1 {
			alone++
		}
		for i, f := range from {
			if other, twice := into[f.Code]; twice {
				t.Errorf("former %s went into %s and %s", f.Code, other, p.Code)
			}
			into[f.Code] = p.Code
			if i == 0 && f.VI != p.VI {
				t.Errorf("%s: the first of its former provinces is %s", p.VI, f.VI)
			}
			if now := f.Now(); now.Code != p.Code {
				t.Errorf("former %s: now %s, want %s", f.Code, now.Code, p.Code)
			}
		}
	}
	if len(into) != 63 {
		t.Errorf("%d of 63 former provinces went somewhere", len(into))
	}
	// Eleven were left as they were; six cities, and Đồng Nai since.
	if alone != 11 || cities != 7 {
		t.Errorf("%d unchanged, %d cities; want 11 and 7", alone, cities)
	}
	if c, ok := PlaceOf("/codes/administrative-units/01"); !ok || c.VI != "Hà Nội" {
		t.Errorf("01: %+v", c)
	}
}

// The lists agree with the ones that others made.
func TestAgainstOtherLists(t *testing.T) {
	shared := filepath.Join("..", "..", "..", "shared", "data")
	if _, err := os.Stat(shared); err != nil {
		if os.Getenv("DAYLIGHT_REQUIRE") == "1" {
			t.Fatal("test data are required and not there")
		}
		t.Skip("SKIPPED: no test data beside the repository; codes are not compared with other lists")
	}
	b, err := os.ReadFile(filepath.Join(shared, "real", "vn_divisions_tree.json"))
	if err != nil {
		t.Fatal(err)
	}
	var tree []struct{ Code, Name, AdministrativeUnitShortNameEn string }
	if err := json.Unmarshal(b, &tree); err != nil {
		t.Fatal(err)
	}
	modern := strings.NewReplacer("Hoà", "Hòa", "Hoá", "Hóa")
	for _, x := range tree {
		p, ok := Provinces.Get(x.Code)
		if !ok || p.VI != modern.Replace(x.Name) || p.Kind != strings.ToLower(x.AdministrativeUnitShortNameEn) {
			t.Errorf("%s %s (%s): we have %s (%s)", x.Code, x.Name, x.AdministrativeUnitShortNameEn, p.VI, p.Kind)
		}
	}
	if len(tree) != Provinces.Len() {
		t.Errorf("the other list has %d provinces", len(tree))
	}

	f, err := os.Open(filepath.Join(shared, "real", "vn_wards_pre2025.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, row := range rows[1:] {
		if len(row) < 2 || seen[row[1]] || row[1] == "" {
			continue
		}
		seen[row[1]] = true
		name := strings.TrimPrefix(strings.TrimPrefix(row[0], "Tỉnh "), "Thành phố ")
		if p, ok := FormerProvinces.Get(row[1]); !ok || p.VI != modern.Replace(name) {
			t.Errorf("former %s %s: we have %s", row[1], row[0], p.VI)
		}
	}
	if len(seen) != 63 {
		t.Errorf("the other list has %d former provinces", len(seen))
	}

	b, err = os.ReadFile(filepath.Join(shared, "conformance", "eu-authority", "concepts.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	known := map[string][]string{}
	for _, line := range strings.Split(string(b), "\n")[1:] {
		if c := strings.Split(line, "\t"); len(c) >= 4 {
			known[c[0]] = c
		}
	}
	compare := func(c Concept) {
		k, ok := known[c.IRI]
		if !ok {
			t.Logf("not in the list at hand: %s", c.IRI)
			return
		}
		if k[1] != c.Scheme || k[3] != c.EN {
			t.Errorf("%s: we have %q in %q, the authority %q in %q", c.IRI, c.EN, c.Scheme, k[3], k[1])
		}
	}
	for c := range Themes.All() {
		compare(c)
	}
	for c := range Frequencies.All() {
		compare(c.Concept)
	}
	for c := range AccessRights.All() {
		compare(c.Concept)
	}
	for c := range Languages.All() {
		compare(c.Concept)
	}
	for c := range FileTypes.All() {
		compare(c.Concept)
	}
	for c := range Availability.All() {
		compare(c)
	}
	for c := range Places.All() {
		compare(c.Concept)
	}
}

func TestLicenceNamed(t *testing.T) {
	for _, tc := range []struct{ words, want string }{
		{"MIT", "MIT"},
		{"CC-BY-4.0", "CC-BY-4.0"},
		{"CC BY 4.0", "CC-BY-4.0"},
		{"CC-BY-SA-4.0", "CC-BY-SA-4.0"},
		{"CC0-1.0 / US public domain", "US-PD"},
		{"US public domain", "US-PD"},
		{"public domain", "PDM-1.0"},
		{"ODC-PDDL-1.0 / US public domain", "US-PD"},
		{"ODC-PDDL-1.0 packaging; World Bank CC-BY-4.0", "CC-BY-4.0"},
		{"CC-BY-4.0 compatible (Government of Japan Standard Terms 2.0)", "CC-BY-4.0"},
		{"Licence Ouverte 2.0 (CC-BY compatible)", "etalab-2.0"},
		{"Official administrative list (taken to be outside copyright; to be confirmed); repo code GPL-3.0-or-later", "other-open"},
		{"Attribution (licence type Attribution, licence URI left empty)", "other-attribution"},
		{"ODbL-1.0", "ODbL-1.0"},
		{"all rights reserved", ""},
		{"permit only", ""}, // "mit" inside a word
		{"", ""},
	} {
		got, ok := LicenceNamed(tc.words)
		if got.Code != tc.want || ok != (tc.want != "") {
			t.Errorf("%q: got %q, want %q", tc.words, got.Code, tc.want)
		}
	}
}
