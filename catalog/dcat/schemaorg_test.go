package dcat

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"daylight/catalog"
	"daylight/datasets"
)

func schemaOf(t *testing.T, d *catalog.Dataset, lang string) map[string]any {
	t.Helper()
	x, err := SchemaOrg(sampleSite(), d, lang, base+"/datasets/"+d.Slug)
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(x)
	if err != nil {
		t.Fatal(err)
	}
	if strings.ContainsAny(string(b), "<>&") {
		t.Errorf("%s could leave its script element", b)
	}
	var out map[string]any
	if err := json.Unmarshal(b, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// Every dataset says what search engines require and recommend.
func TestSchemaOrg(t *testing.T) {
	for _, d := range sampleDatasets(t) {
		d.Release.Tables = []datasets.TableInfo{{Name: "bang", Columns: []datasets.Column{{Key: "dan_so", Label: "Dân số", Unit: "người"}, {Key: "nam", Label: "nam"}}}}
		for _, lang := range []string{"vi", "en"} {
			x := schemaOf(t, d, lang)
			for _, name := range []string{"@context", "@type", "@id", "name", "description", "url", "identifier", "inLanguage", "keywords", "license", "creator", "publisher", "includedInDataCatalog", "datePublished", "dateModified", "version", "spatialCoverage"} {
				if x[name] == nil || x[name] == "" {
					t.Errorf("%s in %s: no %s", d.ID, lang, name)
				}
			}
			if n := utf8.RuneCountInString(x["description"].(string)); n < leastDescription || n > mostDescription {
				t.Errorf("%s in %s: description of %d characters", d.ID, lang, n)
			}
			files, _ := x["distribution"].([]any)
			columns, _ := x["variableMeasured"].([]any)
			if d.Release.Withdrawn != nil {
				if len(files)+len(columns) > 0 || x["isAccessibleForFree"] != false || x["conditionsOfAccess"] == nil {
					t.Errorf("%s was withdrawn: %v", d.ID, x)
				}
				continue
			}
			if len(files) != len(d.Release.Files) || len(columns) != 2 {
				t.Errorf("%s: %d files, %d columns", d.ID, len(files), len(columns))
			}
			if f := files[0].(map[string]any); f["sha256"] != d.Release.Files[0].Ref.String() || f["encodingFormat"] != "text/csv" || f["contentSize"] != "1000 B" {
				t.Errorf("%s: %v", d.ID, f)
			}
		}
	}
	d := sampleDatasets(t)[0]
	if got := schemaOf(t, d, "en"); got["name"] != "Population by province" || got["temporalCoverage"] != "2025-01-01/2025-12-31" || got["license"] != "https://creativecommons.org/licenses/by/4.0/" {
		t.Errorf("%v", got)
	}
	d.To = ""
	if got := schemaOf(t, d, "vi")["temporalCoverage"]; got != "2025-01-01/.." {
		t.Errorf("an open period: %v", got)
	}
	d.Release, d.Withheld = nil, &catalog.Withholding{ID: "x", Reason: catalog.Text{"vi": "Bí mật đời tư."}}
	if got := schemaOf(t, d, "en"); got["isAccessibleForFree"] != false || got["conditionsOfAccess"] != "Bí mật đời tư." || got["distribution"] != nil {
		t.Errorf("withheld: %v", got)
	}
}

// Descriptions end with a sentence, and short ones say who publishes.
func TestDescriptionLength(t *testing.T) {
	site := sampleSite()
	d := sampleDatasets(t)[0]
	d.Synthetic = false
	agency := site.Agencies[d.Agency]
	for name, c := range map[string]struct{ in, want string }{
		"short":    {"Ngắn.", "Ngắn. Bộ dữ liệu “Dân số theo tỉnh” do Ban quản trị cổng công bố trên Cổng dữ liệu mở. Giai đoạn: 2025-01-01 đến 2025-12-31."},
		"as it is": {strings.Repeat("Vừa đủ dài. ", 10), strings.TrimSpace(strings.Repeat("Vừa đủ dài. ", 10))},
		"sentence": {strings.Repeat("Câu. ", 2000), strings.TrimSpace(strings.Repeat("Câu. ", 1000))},
		"words":    {strings.Repeat("chữ ", 2000), strings.Repeat("chữ ", 1249) + "chữ…"},
		"one word": {strings.Repeat("đ", 6000), strings.Repeat("đ", 4999) + "…"},
	} {
		d.Description = catalog.Text{"vi": c.in}
		if got := ofLength(site, d, agency, "vi"); got != c.want {
			t.Errorf("%s: %d characters, %.200s", name, utf8.RuneCountInString(got), got)
		}
	}
}
