package inventory

import (
	"bytes"
	"encoding/csv"
	"errors"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"daylight/catalog"
)

const agency = catalog.AgencyID("0b7a6a2e-1111-4a4a-8b8b-000000000001")

func dataset() *catalog.Dataset {
	return &catalog.Dataset{ID: "0b7a6a2e-2222-4a4a-8b8b-000000000001", Slug: "dan-so", Agency: agency,
		Title: catalog.Text{"vi": "Dân số", "en": "Population", "fr": "Population"}, Description: catalog.Text{"vi": "Mô tả, có \"ngoặc\"\nvà hai dòng.", "en": "Described."},
		Keywords: map[string][]string{"vi": {"dân số", "xã"}, "en": {"population"}}, Themes: []string{"SOCI", "REGI"},
		Places: []string{"http://publications.europa.eu/resource/authority/country/VNM"}, From: "2026-02-01", To: "2026-12-31",
		Frequency: "ANNUAL", Licence: "CC-BY-4.0", Languages: []string{"vi"}, Synthetic: true, Locale: "vi"}
}

func found(d, public *catalog.Dataset) Lookup {
	return func(r Row) (catalog.AgencyID, Standing, error) {
		if d == nil || r.ID != string(d.ID) && r.Slug != d.Slug {
			return agency, Standing{}, nil
		}
		return agency, Standing{Draft: d, Public: public}, nil
	}
}

// sheet is a table as a spreadsheet saves it.
func sheet(comma rune, crlf bool, rows ...[]string) []byte {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	w.Comma, w.UseCRLF = comma, crlf
	w.WriteAll(rows)
	return b.Bytes()
}

func cellsOf(r Row) []string {
	out := []string{r.ID, r.Slug, r.Organization}
	for _, c := range columns {
		out = append(out, *c.of(&r))
	}
	return append(out, r.State, r.Version, r.Rows, r.Issued, r.Modified, r.URL)
}

// However a spreadsheet saves the table, nothing changed is nothing changed.
func TestTableComesBackAsItWent(t *testing.T) {
	d := dataset()
	whole := [][]string{Columns(), cellsOf(RowOf(d, "so-y-te", "http://x"))}
	wide := func(b []byte, order string) []byte {
		out := []byte(map[string]string{"le": "\xff\xfe", "be": "\xfe\xff"}[order])
		for _, u := range utf16.Encode([]rune(string(b))) {
			if order == "le" {
				out = append(out, byte(u), byte(u>>8))
			} else {
				out = append(out, byte(u>>8), byte(u))
			}
		}
		return out
	}
	excelDates := [][]string{whole[0], slices.Clone(whole[1])}
	for i, cell := range excelDates[1] {
		switch cell {
		case "2026-02-01":
			excelDates[1][i] = "01/02/2026" // could be January: nobody touched it
		case "2026-12-31":
			excelDates[1][i] = "31/12/2026"
		case "true":
			excelDates[1][i] = "TRUE"
		}
	}
	turned := [][]string{slices.Clone(whole[0]), slices.Clone(whole[1])}
	slices.Reverse(turned[0])
	slices.Reverse(turned[1])
	for name, raw := range map[string][]byte{
		"as it went":           sheet(',', false, whole...),
		"Excel, UTF-8":         append([]byte("\xef\xbb\xbf"), sheet(',', true, whole...)...),
		"Excel in Vietnamese":  append([]byte("\xef\xbb\xbf"), sheet(';', true, whole...)...),
		"Excel, Unicode text":  wide(sheet('\t', true, whole...), "le"),
		"UTF-16, big end":      wide(sheet(',', false, whole...), "be"),
		"with sep=":            append([]byte("sep=;\r\n"), sheet(';', true, whole...)...),
		"other order":          sheet(',', false, turned...),
		"its own dates":        sheet(',', false, excelDates...),
		"empty rows after it":  append(sheet(';', true, whole...), []byte(strings.Repeat(";", len(whole[0])-1)+"\r\n")...),
		"only id and a column": sheet(',', false, []string{"id", "title_vi"}, []string{string(d.ID), "Dân số"}),
	} {
		table, err := Read(raw)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		p, drafts, public, err := table.Compare(found(d, d))
		if err != nil || len(drafts)+len(public) > 0 || p.Unchanged != 1 || p.Total != 1 {
			t.Errorf("%s: %+v, %v", name, p, err)
		}
	}
}

func TestCompare(t *testing.T) {
	d := dataset()
	pending := dataset()
	pending.To = "2027-12-31"
	read := func(rows ...[]string) *Table {
		t.Helper()
		table, err := Read(sheet(',', false, rows...))
		if err != nil {
			t.Fatal(err)
		}
		return table
	}
	id := string(d.ID)

	p, drafts, public, _ := read([]string{"id", "title_en", "keywords_vi", "source"}, []string{id, "People", "dân số | hộ |", ""}).Compare(found(d, d))
	want := []Change{{Field: "title_en", Before: "Population", After: "People"}, {Field: "keywords_vi", Before: "dân số | xã", After: "dân số | hộ"}}
	if diff := cmp.Diff(want, p.Rows[0].Changes); diff != "" || p.Changed != 1 || p.Public != 1 || len(public) != 1 {
		t.Errorf("changed: %+v\n%s", p, diff)
	}
	if got := drafts[0].Title["fr"]; got != "Population" {
		t.Errorf("another language is %q", got)
	}
	if got := drafts[0].Description["vi"]; got != d.Description["vi"] {
		t.Errorf("a column that is not there changed: %q", got)
	}

	// An empty cell empties: here, what must not be empty.
	p, drafts, _, _ = read([]string{"id", "frequency", "keywords_vi", "keywords_en"}, []string{id, "", "", ""}).Compare(found(d, d))
	if p.Problems != 1 || len(drafts) != 0 || p.Rows[0].What != Problem || !slices.ContainsFunc(p.Rows[0].Problems, func(f Fault) bool { return f.Field == "frequency" && f.Code == "missing" }) {
		t.Errorf("emptied: %+v", p)
	}

	// What the draft of a public dataset says already becomes public with it, and is shown.
	p, _, public, _ = read([]string{"id", "title_en"}, []string{id, "People"}).Compare(found(pending, d))
	was := "2027-12-31"
	want = []Change{{Field: "title_en", Before: "Population", After: "People"}, {Field: "to", Before: "2026-12-31", Draft: &was, After: "2027-12-31"}}
	if diff := cmp.Diff(want, p.Rows[0].Changes); diff != "" || len(public) != 1 || public[0].To != "2027-12-31" {
		t.Errorf("pending: %s", diff)
	}

	// A new one, its slug made of its title; a draft is not public.
	row := cellsOf(words(d))
	row[0], row[1] = "", ""
	row[3] = "Số hộ nghèo"
	p, drafts, public, _ = read(Columns(), row).Compare(found(nil, nil))
	if p.New != 1 || p.Public != 0 || len(public) != 0 || drafts[0].Slug != "so-ho-ngheo" || drafts[0].Agency != agency || drafts[0].ID != "" {
		t.Errorf("new: %+v", p)
	}

	for name, c := range map[string]struct {
		rows  [][]string
		field string
		code  string
	}{
		"an unclear day":     {[][]string{{"id", "from"}, {id, "03/04/2026"}}, "from", "not-a-date"},
		"no day":             {[][]string{{"id", "to"}, {id, "hôm nay"}}, "to", "not-a-date"},
		"not true or false":  {[][]string{{"id", "synthetic"}, {id, "maybe"}}, "synthetic", "not-true-or-false"},
		"a wrong code":       {[][]string{{"id", "licence"}, {id, "Free"}}, "licence", "unknown-code"},
		"a person":           {[][]string{{"id", "title_vi"}, {id, "Ông A, 0912 345 678"}}, "title.vi", "personal-data"},
		"a formula as words": {[][]string{{"id", "source"}, {id, "=HYPERLINK(1)"}}, "source", "not-an-address"},
		"twice":              {[][]string{{"slug", "locale"}, {"dan-so", "vi"}, {"dan-so", "vi"}}, "slug", "row-twice"},
		"too few cells":      {[][]string{{"id", "title_vi", "title_en"}, {id, "x"}}, "", "ragged"},
	} {
		table := read(c.rows...)
		p, drafts, _, err := table.Compare(found(d, d))
		if err != nil || p.Problems == 0 || !slices.ContainsFunc(p.Rows[len(p.Rows)-1].Problems, func(f Fault) bool { return f.Field == c.field && f.Code == c.code }) {
			t.Errorf("%s: %+v, %v", name, p, err)
		}
		if name != "twice" && len(drafts) > 0 {
			t.Errorf("%s: would be written", name)
		}
		for _, r := range p.Rows {
			for _, f := range r.Problems {
				if strings.Contains(f.EN, "0912") || strings.Contains(f.EN, "HYPERLINK") {
					t.Errorf("%s: the problem holds the cell: %s", name, f.EN)
				}
			}
		}
	}
}

// The digest is of the difference and of what it was made against.
func TestDigest(t *testing.T) {
	d := dataset()
	digest := func(title string, draft, public *catalog.Dataset) string {
		table, err := Read(sheet(',', false, []string{"id", "title_en"}, []string{string(d.ID), title}))
		if err != nil {
			t.Fatal(err)
		}
		p, _, _, err := table.Compare(found(draft, public))
		if err != nil {
			t.Fatal(err)
		}
		return p.Digest
	}
	one := digest("People", d, d)
	if digest("People", dataset(), dataset()) != one {
		t.Error("the same again has another digest")
	}
	other := dataset()
	other.Description["en"] = "Since then."
	for name, got := range map[string]string{"another table": digest("Persons", d, d), "another draft": digest("People", other, d), "another public state": digest("People", d, other), "not public": digest("People", d, nil)} {
		if got == one {
			t.Errorf("%s has the same digest", name)
		}
	}
}

func TestNotAnInventory(t *testing.T) {
	for name, c := range map[string]struct {
		raw  string
		code string
	}{
		"nothing":         {"", "empty"},
		"windows-1258":    {"id,title_vi\n1,D\xe2n s\xf4\xec\n", "encoding"},
		"UTF-16 cut off":  {"\xff\xfei\x00d", "encoding"},
		"unknown column":  {"id,title\n", "unknown-column"},
		"column twice":    {"id,slug,slug\n", "column-twice"},
		"no key":          {"title_vi,title_en\n", "no-key"},
		"open quotation":  {"id,title_vi\n1,\"x\n", "not-csv"},
		"a workbook":      {"PK\x03\x04\x14\x00", "encoding"},
		"too many rows":   {"id\n" + strings.Repeat("x\n", MaxRows+1), "too-many-rows"},
		"too many bytes":  {"id\n" + strings.Repeat(" ", MaxBytes), "too-large"},
		"only whitespace": {"\n\n", "empty"},
	} {
		_, err := Read([]byte(c.raw))
		var file *FileError
		if !errors.As(err, &file) || file.Code != c.code {
			t.Errorf("%s: %v, want %s", name, err, c.code)
		}
	}
}

// Cells that a spreadsheet would calculate are data, and are so again after
// they were kept from it.
func TestReleasedCells(t *testing.T) {
	for in, want := range map[string]string{"'=1+1": "=1+1", "'-5": "-5", "'@x": "@x", "'+84": "+84", "'tis": "'tis", "'": "'", "=1": "=1", "''=1": "''=1"} {
		if got := released(in); got != want {
			t.Errorf("%q is %q, want %q", in, got, want)
		}
	}
}

func FuzzRead(f *testing.F) {
	d := dataset()
	f.Add(sheet(',', true, Columns(), cellsOf(RowOf(d, "so-y-te", "http://x"))))
	f.Add([]byte("\xff\xfei\x00d\x00"))
	f.Add([]byte("sep=;\nid;title_vi\n1;\"a\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		table, err := Read(raw)
		if err != nil {
			var file *FileError
			if !errors.As(err, &file) {
				t.Fatalf("%T", err)
			}
			return
		}
		if _, _, _, err := table.Compare(found(d, d)); err != nil {
			t.Fatal(err)
		}
	})
}
