package format

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"daylight/privacy"
)

// book is a workbook written by another program.
func book(t testing.TB, write func(f *excelize.File)) string {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	write(f)
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func setRows(t testing.TB, f *excelize.File, sheet string, rows ...[]any) {
	t.Helper()
	for i, r := range rows {
		if err := f.SetSheetRow(sheet, fmt.Sprintf("A%d", i+1), &r); err != nil {
			t.Fatal(err)
		}
	}
}

func must(t testing.TB, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

// parts makes a workbook of these parts by hand.
func parts(t testing.TB, all map[string]string) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, name := range []string{"[Content_Types].xml", "_rels/.rels", "xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/styles.xml", "xl/sharedStrings.xml", "xl/worksheets/sheet1.xml"} {
		text, ok := all[name]
		if !ok {
			if text, ok = usualParts[name]; !ok {
				continue
			}
		}
		w, err := z.Create(name)
		if err == nil {
			_, err = io.WriteString(w, text)
		}
		must(t, err)
	}
	must(t, z.Close())
	return b.String()
}

var usualParts = map[string]string{
	"[Content_Types].xml": `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>`,
	"_rels/.rels": `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" ` +
		`Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
	"xl/workbook.xml": `<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">` +
		`<sheets><sheet name="S" sheetId="1" r:id="rId1"/></sheets></workbook>`,
	"xl/_rels/workbook.xml.rels": `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">` +
		`<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/>` +
		`<Relationship Id="rId2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings" Target="sharedStrings.xml"/>` +
		`<Relationship Id="rId3" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles" Target="/xl/styles.xml"/></Relationships>`,
	"xl/sharedStrings.xml": `<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><si><t>a</t></si><si><t>b</t></si></sst>`,
	"xl/styles.xml":        `<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><cellXfs><xf numFmtId="0"/></cellXfs></styleSheet>`,
}

// sheetOf is a workbook whose one sheet has these rows.
func sheetOf(t testing.TB, rows string, more ...string) string {
	t.Helper()
	all := map[string]string{"xl/worksheets/sheet1.xml": `<worksheet><dimension ref="A1:XFD1048576"/><sheetData>` + rows + `</sheetData></worksheet>`}
	for i := 0; i+1 < len(more); i += 2 {
		all[more[i]] = more[i+1]
	}
	return parts(t, all)
}

// tableText is the report and the typed rows of every table, for people.
func tableText(t testing.TB, text string, o Options) string {
	t.Helper()
	f, err := openText(t, text, o)
	var r *Refusal
	if errors.As(err, &r) {
		return "refused " + r.Code + "\n"
	}
	if err != nil {
		t.Fatal(err)
	}
	checkWhole(t, "case", f)
	var b strings.Builder
	for i, table := range f.Tables {
		one := Report{Tables: f.Report.Tables[i : i+1]}
		_, text, _ := strings.Cut(reportText(one), "\n")
		fmt.Fprintf(&b, "table %q\n%s", f.Report.Tables[i].Name, text)
		if err := WriteTable(&b, table, true); err != nil {
			t.Fatal(err)
		}
	}
	for _, q := range f.Report.Questions {
		fmt.Fprintf(&b, "question %s of %s in table %d\n", q.Code, q.Column, q.Table)
	}
	return b.String()
}

// What an office writes: a title over the table, a header in two levels, dates
// and codes by their format, per cent, a merged first column, a note below.
func TestWorkbook(t *testing.T) {
	text := book(t, func(f *excelize.File) {
		must(t, f.SetSheetName("Sheet1", "Biểu 1"))
		s := "Biểu 1"
		setRows(t, f, s,
			[]any{"BIỂU TỔNG HỢP NĂM 2026"},
			[]any{},
			[]any{"Mã", "Ngày", "Dân số", nil, "Tỷ lệ"},
			[]any{nil, nil, "Nam", "Nữ", nil},
			[]any{4, 46000.0, 12.345, 1, 0.125},
			[]any{8, 46031.5, 1234567, 2, 0.5},
			[]any{nil, 60, 0.1, 3, 1},
			[]any{12345, 46032, 7, 4, 0.07},
			[]any{},
			[]any{"Nguồn: Cục Thống kê"},
		)
		code, err := f.NewStyle(&excelize.Style{CustomNumFmt: ptr("00000")})
		must(t, err)
		day, err := f.NewStyle(&excelize.Style{CustomNumFmt: ptr(`dd/mm/yyyy;@`)})
		must(t, err)
		share, err := f.NewStyle(&excelize.Style{NumFmt: 10})
		must(t, err)
		must(t, f.SetCellStyle(s, "A5", "A8", code), f.SetCellStyle(s, "B5", "B6", day), f.SetCellStyle(s, "B8", "B8", day), f.SetCellStyle(s, "E5", "E8", share),
			f.MergeCell(s, "A1", "E1"), f.MergeCell(s, "A3", "A4"), f.MergeCell(s, "B3", "B4"), f.MergeCell(s, "C3", "D3"), f.MergeCell(s, "E3", "E4"), f.MergeCell(s, "A6", "A7"),
			f.SetCellValue(s, "B7", nil))
	})
	want := `table "Biểu 1"
header_row 4, columns 5, data_rows 4
records 10 = header 2, data 4, preamble 1, blank 2, footer 1
ma: text, label "Mã", 4 of 4
ngay: timestamp, label "Ngày", empty 1, 3 of 3
dan_so_nam: decimal(10,3), label "Dân số Nam", 4 of 4
dan_so_nu: integer, label "Dân số Nữ", 4 of 4
ty_le: decimal(4,3), label "Tỷ lệ", unit 1 = 100 %, 4 of 4
problem merged-cells, line 1, 6
problem preamble, line 1, 1
problem footer, line 10, 1
Mã,Ngày,Dân số Nam,Dân số Nữ,Tỷ lệ
00004,2025-12-09T00:00:00,12.345,1,0.125
00008,2026-01-09T12:00:00,1234567.000,2,0.500
00008,,0.100,3,1.000
12345,2026-01-10T00:00:00,7.000,4,0.070
`
	if d := cmp.Diff(want, tableText(t, text, Options{})); d != "" {
		t.Error(d)
	}
}

func ptr[T any](v T) *T { return &v }

// What a sheet hides is listed and stays behind, until the plan names the sheet.
func TestHiddenInWorkbook(t *testing.T) {
	text := book(t, func(f *excelize.File) {
		setRows(t, f, "Sheet1", []any{"a", "mật", "c"}, []any{1, "p", 2}, []any{3, "q", 4}, []any{5, "r", 6})
		must(t, f.SetColVisible("Sheet1", "B", false), f.SetRowVisible("Sheet1", 3, false))
		for _, name := range []string{"Ẩn", "Rất ẩn"} {
			_, err := f.NewSheet(name)
			must(t, err)
			setRows(t, f, name, []any{"k", "v"}, []any{1, 2})
		}
		must(t, f.SetSheetVisible("Ẩn", false), f.SetSheetVisible("Rất ẩn", false, true))
	})
	want := `table "Sheet1"
header_row 1, columns 2, data_rows 2
records 4 = header 1, data 2, hidden 1
a: integer, 2 of 2
c: integer, 2 of 2
problem hidden-sheet, 2
problem hidden-rows, 1
problem hidden-columns in B, 1
a,c
1,2
5,6
`
	if d := cmp.Diff(want, tableText(t, text, Options{})); d != "" {
		t.Error(d)
	}
	named := Options{Reading: &privacy.Reading{Sheet: []string{"Rất ẩn", "Sheet1"}}}
	want = `table "Rất ẩn"
header_row 1, columns 2, data_rows 1
records 2 = header 1, data 1
k: integer, 1 of 1
v: integer, 1 of 1
problem hidden-sheet, 1
k,v
1,2
table "Sheet1"
header_row 1, columns 3, data_rows 3
records 4 = header 1, data 3
a: integer, 3 of 3
mat: text, label "mật", 3 of 3
c: integer, 3 of 3
a,mật,c
1,p,2
3,q,4
5,r,6
`
	if d := cmp.Diff(want, tableText(t, text, named)); d != "" {
		t.Error(d)
	}
	for _, r := range []privacy.Reading{{Sheet: []string{"Không có"}}, {Table: []int{2}}} {
		if got, want := tableText(t, text, Options{Reading: &r}), "refused read-"; !strings.HasPrefix(got, want) {
			t.Errorf("%+v: got %q", r, got)
		}
	}
}

// Each way of writing a cell, and what must come of it.
func TestCells(t *testing.T) {
	styles := `<styleSheet><numFmts><numFmt numFmtId="170" formatCode="0#########"/><numFmt numFmtId="171" formatCode="[h]:mm:ss"/>` +
		`<numFmt numFmtId="172" formatCode="#,##0 &quot;đ&quot;"/><numFmt numFmtId="173" formatCode="0 VND"/><numFmt numFmtId="174" formatCode="yyyy\-mm\-dd\ hh:mm"/></numFmts>` +
		`<cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="22"/><xf numFmtId="170"/><xf numFmtId="171"/><xf numFmtId="172"/><xf numFmtId="173"/><xf numFmtId="174"/><xf numFmtId="20"/><xf numFmtId="9"/></cellXfs></styleSheet>`
	for _, c := range []struct{ name, cell, want string }{
		{"number", `<c r="A2"><v>1.5</v></c>`, "1.5"},
		{"seventeen digits of a tenth", `<c r="A2"><v>0.10000000000000001</v></c>`, "0.1"},
		{"the double nearest to a sum", `<c r="A2"><v>0.30000000000000004</v></c>`, "0.30000000000000004"},
		{"exponent", `<c r="A2"><v>1.0000000000000001E-5</v></c>`, "0.00001"},
		{"whole beyond a double", `<c r="A2"><v>12345678901234567891</v></c>`, "12345678901234567891"},
		{"minus zero", `<c r="A2"><v>-0</v></c>`, "0"},
		{"not a number", `<c r="A2"><v>NaN</v></c>`, "NaN"},
		{"date", `<c r="A2" s="1"><v>45356</v></c>`, "2024-03-05"},
		{"the first of March 1900", `<c r="A2" s="1"><v>61</v></c>`, "1900-03-01"},
		{"a day that never was", `<c r="A2" s="1"><v>60</v></c>`, "1900-02-29"},
		{"the day before it", `<c r="A2" s="1"><v>59</v></c>`, "1900-02-28"},
		{"the first day", `<c r="A2" s="1"><v>1</v></c>`, "1900-01-01"},
		{"last day", `<c r="A2" s="1"><v>2958465</v></c>`, "9999-12-31"},
		{"beyond the last day", `<c r="A2" s="1"><v>2958466</v></c>`, "2958466"},
		{"before the first", `<c r="A2" s="1"><v>-1</v></c>`, "-1"},
		{"date and time", `<c r="A2" s="2"><v>45356.430555555555</v></c>`, "2024-03-05T10:20:00"},
		{"just before midnight", `<c r="A2" s="7"><v>45355.999999999</v></c>`, "2024-03-05T00:00:00"},
		{"time", `<c r="A2" s="8"><v>0.4375</v></c>`, "10:30:00"},
		{"hours beyond a day", `<c r="A2" s="4"><v>1.5</v></c>`, "36:00:00"},
		{"a telephone's format", `<c r="A2" s="3"><v>912345678</v></c>`, "0912345678"},
		{"currency in quotes", `<c r="A2" s="5"><v>1234.5</v></c>`, "1234.5"},
		{"currency without", `<c r="A2" s="6"><v>1234</v></c>`, "1234"},
		{"per cent", `<c r="A2" s="9"><v>0.125</v></c>`, "0.125"},
		{"a style that is not there", `<c r="A2" s="99"><v>7</v></c>`, "7"},
		{"shared", `<c r="A2" t="s"><v>1</v></c>`, "b"},
		{"inline", `<c r="A2" t="inlineStr"><is><t>một &amp; hai &#x111;</t></is></c>`, "một & hai đ"},
		{"rich text", `<c r="A2" t="inlineStr"><is><r><rPr><b/></rPr><t>một</t></r><r><t xml:space="preserve"> hai</t></r><rPh sb="0" eb="1"><t>ẩn</t></rPh></is></c>`, "một hai"},
		{"CDATA", `<c r="A2" t="inlineStr"><is><t><![CDATA[a<b]]></t></is></c>`, "a<b"},
		{"escaped", `<c r="A2" t="inlineStr"><is><t>a_x0009_b_x005F_x0041__xD83D__xDE00__xD83D_</t></is></c>`, "a\tb_x0041_😀_xD83D_"},
		{"text of a formula", `<c r="A2" t="str"><f>A1</f><v>kết quả</v></c>`, "kết quả"},
		{"number of a formula", `<c r="A2"><f>1+1</f><v>2</v></c>`, "2"},
		{"true", `<c r="A2" t="b"><v>1</v></c>`, "true"},
		{"ISO date of a strict workbook", `<c r="A2" t="d"><v>2024-03-05</v></c>`, "2024-03-05"},
		{"without a reference", `<c><v>5</v></c>`, "5"},
	} {
		text := sheetOf(t, `<row r="1"><c r="A1" t="s"><v>0</v></c></row><row r="2">`+c.cell+`</row>`, "xl/styles.xml", styles)
		f, err := openText(t, text, Options{Reading: &privacy.Reading{HeaderRows: []int{1}}})
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if got := canonical(t, f.Tables[0]); len(got) != 1 || got[0][0] != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
	f, err := openText(t, sheetOf(t, `<row><c s="1"><v>1</v></c></row><row><c s="1"><v>45356</v></c></row>`, "xl/styles.xml", styles,
		"xl/workbook.xml", strings.Replace(usualParts["xl/workbook.xml"], "<sheets>", `<workbookPr date1904="1"/><sheets>`, 1)), Options{})
	must(t, err)
	if d := cmp.Diff([][]string{{"1904-01-02"}, {"2028-03-06"}}, canonical(t, f.Tables[0])); d != "" {
		t.Errorf("1904: %s", d)
	}
}

// Cells without a value are null, and told: column, row of the sheet, how many.
func TestCellsWithoutValue(t *testing.T) {
	text := sheetOf(t, `<row r="1"><c t="s"><v>0</v></c><c t="s"><v>1</v></c><c t="inlineStr"><is><t>c</t></is></c></row>`+
		`<row r="2"><c t="e"><f>1/0</f><v>#DIV/0!</v></c><c><f>A1</f></c><c t="inlineStr"><is><t>_x0000_</t></is></c></row>`+
		`<row r="3"><c><v>1</v></c><c><v>2</v></c><c t="inlineStr"><is><t>p</t></is></c></row>`+
		`<row r="5"><c t="e"><v>#REF!</v></c><c><v>3</v></c><c t="inlineStr"><is><t>q</t></is></c></row>`)
	want := `table "S"
header_row 1, columns 3, data_rows 2
records 5 = header 1, data 2, blank 2
a: integer, empty 1, 1 of 1
b: integer, 2 of 2
c: text, 2 of 2
problem error-cell in a, line 2, 2
problem formula-without-value in b, line 2, 1
problem null-token in c, line 2, wanted _x0000_, 1
a,b,c
1,2,p
,3,q
`
	if d := cmp.Diff(want, tableText(t, text, Options{})); d != "" {
		t.Error(d)
	}
}

// A number of a cell is never ambiguous; a text that looks like one still is.
func TestNumbersByKind(t *testing.T) {
	rows := `<row><c t="s"><v>0</v></c></row><row><c><v>12.345</v></c></row><row><c><v>1.204</v></c></row>`
	if got := tableText(t, sheetOf(t, rows), Options{Locale: "vi"}); !strings.Contains(got, "a: decimal(5,3), 2 of 2\n") || strings.Contains(got, "question") {
		t.Errorf("numbers: %s", got)
	}
	rows += `<row><c t="inlineStr"><is><t>1.234</t></is></c></row>`
	if got := tableText(t, sheetOf(t, rows), Options{}); !strings.Contains(got, "question number-ambiguous of a") {
		t.Errorf("a text among them: %s", got)
	}
	if got := tableText(t, sheetOf(t, rows), Options{Locale: "vi"}); !strings.HasSuffix(got, "a\n12.345\n1.204\n1234.000\n") {
		t.Errorf("with a locale: %s", got)
	}
}

func TestStrictNamespaces(t *testing.T) {
	strict := func(s string) string {
		s = strings.ReplaceAll(s, "http://schemas.openxmlformats.org/officeDocument/2006/relationships", "http://purl.oclc.org/ooxml/officeDocument/relationships")
		return strings.ReplaceAll(s, "http://schemas.openxmlformats.org/spreadsheetml/2006/main", "http://purl.oclc.org/ooxml/spreadsheetml/main")
	}
	all := map[string]string{"xl/worksheets/sheet1.xml": `<x:worksheet xmlns:x="http://purl.oclc.org/ooxml/spreadsheetml/main"><x:sheetData><x:row><x:c t="s"><x:v>0</x:v></x:c></x:row><x:row><x:c><x:v>1</x:v></x:c></x:row></x:sheetData></x:worksheet>`}
	for name, text := range usualParts {
		all[name] = strict(text)
	}
	if got := tableText(t, parts(t, all), Options{}); !strings.HasSuffix(got, "a\n1\n") {
		t.Errorf("got %s", got)
	}
}

func TestWorkbookRefusals(t *testing.T) {
	ok := `<row r="1"><c t="s"><v>0</v></c></row><row r="2"><c><v>1</v></c></row>`
	sheet := func(text string) string { return parts(t, map[string]string{"xl/worksheets/sheet1.xml": text}) }
	zipped := func(names ...string) string {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		for _, n := range names {
			_, err := z.Create(n)
			must(t, err)
		}
		must(t, z.Close())
		return b.String()
	}
	deep := strings.Repeat("<a>", 100) + strings.Repeat("</a>", 100)
	for _, c := range []struct{ name, text, code string }{
		{"entity", sheet(`<!DOCTYPE x [<!ENTITY a "aaa">]><worksheet><sheetData>` + ok + `</sheetData></worksheet>`), "workbook"},
		{"entity in use", sheetOf(t, `<row><c t="inlineStr"><is><t>&a;</t></is></c></row>`), "workbook"},
		{"deep", sheet(`<worksheet>` + deep + `</worksheet>`), "workbook"},
		{"cut off", sheet(`<worksheet><sheetData><row>`), "workbook"},
		{"wrong end", sheet(`<worksheet><sheetData></worksheet></sheetData>`), "workbook"},
		{"rows downwards", sheetOf(t, `<row r="2"><c><v>1</v></c></row><row r="1"><c><v>1</v></c></row>`), "workbook"},
		{"row 0", sheetOf(t, `<row r="0"><c><v>1</v></c></row>`), "workbook"},
		{"row beyond", sheetOf(t, `<row r="1048577"><c><v>1</v></c></row>`), "workbook"},
		{"column beyond", sheetOf(t, `<row><c r="XFE1"><v>1</v></c></row>`), "workbook"},
		{"columns twice", sheetOf(t, `<row><c r="B1"><v>1</v></c><c r="B1"><v>1</v></c></row>`), "workbook"},
		{"string that is not there", sheetOf(t, `<row><c t="s"><v>2</v></c></row>`), "workbook"},
		{"bad bytes", sheetOf(t, "<row><c t=\"inlineStr\"><is><t>\xff</t></is></c></row>"), "workbook"},
		{"no sheet part", parts(t, map[string]string{}), "workbook"},
		{"nothing in it", sheetOf(t, ""), "no-table"},
		{"another archive", zipped("a.csv"), "empty"},
		{"OpenDocument of nothing", zipped("content.xml", "META-INF/manifest.xml"), "no-table"},
		{"binary workbook", parts(t, map[string]string{"_rels/.rels": strings.Replace(usualParts["_rels/.rels"], "xl/workbook.xml", "xl/workbook.bin", 1), "xl/workbook.bin": "x"}), "workbook"},
	} {
		_, err := openText(t, c.text, Options{})
		var r *Refusal
		if !errors.As(err, &r) || r.Code != c.code {
			t.Errorf("%s: got %v, want %s", c.name, err, c.code)
		}
	}
	small := Options{Limits: Limits{Inflated: 2000}}
	if got := tableText(t, sheetOf(t, strings.Repeat(`<row><c><v>1</v></c></row>`, 1000)), small); got != "refused too-large\n" {
		t.Errorf("inflated: %s", got)
	}
	if got := tableText(t, sheetOf(t, ok), Options{Limits: Limits{Entries: 3}}); got != "refused too-large\n" {
		t.Errorf("entries: %s", got)
	}
}

// A sheet that declares all rows and columns there can be, and holds three
// cells in its corners' reach, costs what three cells cost.
func TestLyingDimension(t *testing.T) {
	text := sheetOf(t, `<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c></row><row r="1000000"><c r="A1000000"><v>1</v></c></row>`)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	f, err := openText(t, text, Options{})
	if err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 20<<20 {
		t.Errorf("%d bytes were taken", grown)
	}
	if a := f.Report.Tables[0].Accounting; a.Records != 1_000_000 || a.Data != 1 || a.Blank != 999_998 {
		t.Errorf("%+v", a)
	}
}

// Strings that cells point to are bounded by what they hold, not by a count
// that the file gives.
func TestSharedStringBomb(t *testing.T) {
	var many strings.Builder
	many.WriteString(`<sst count="1" uniqueCount="1">`)
	for range stringsMost/4096 + 1 {
		many.WriteString(strings.Repeat("<si/>", 4096))
	}
	many.WriteString("</sst>")
	if got := tableText(t, sheetOf(t, `<row><c t="s"><v>0</v></c></row>`, "xl/sharedStrings.xml", many.String()), Options{}); got != "refused too-large\n" {
		t.Errorf("got %s", got)
	}
}

// A rare word in a cell, a comment, a property, the name of an author, a hidden
// sheet or a defined name is in no report; the sheet's own name only where the
// sender reads it.
func TestWorkbookReportHoldsNoValue(t *testing.T) {
	const word = "Qwzyxkanarie"
	text := book(t, func(f *excelize.File) {
		setRows(t, f, "Sheet1", []any{"Tiêu đề " + word}, []any{}, []any{"mã", "tên", "số"}, []any{1, word, 12}, []any{2, "x", word}, []any{3, "y", 5}, []any{}, []any{"(1) " + word})
		_, err := f.NewSheet("Ẩn " + word)
		must(t, err, f.SetSheetVisible("Ẩn "+word, false), f.SetDocProps(&excelize.DocProperties{Creator: word, Title: word, Keywords: word}),
			f.AddComment("Sheet1", excelize.Comment{Cell: "A4", Author: word, Text: word}),
			f.SetDefinedName(&excelize.DefinedName{Name: "Ten" + word, RefersTo: "Sheet1!$A$1"}))
		must(t, f.SetCellFormula("Sheet1", "D5", `"`+word+`"`))
	})
	f, err := openText(t, text, Options{})
	must(t, err)
	b, err := json.Marshal(f.Report)
	must(t, err)
	if bytes.Contains(b, []byte(word)) {
		t.Errorf("the report holds a value: %s", b)
	}
	if len(f.Tables) != 1 {
		t.Errorf("%d tables", len(f.Tables))
	}
	_, err = openText(t, text, Options{Reading: &privacy.Reading{Sheet: []string{word}}})
	if err == nil || strings.Contains(err.Error(), word) {
		t.Errorf("the error: %v", err)
	}
}

// FuzzXLSX: whatever stands in a sheet, its strings and its styles, no panic;
// refused with a known code, or every row accounted for and written and read
// again the same.
func FuzzXLSX(f *testing.F) {
	f.Add(`<worksheet><cols><col min="2" max="3" hidden="1"/></cols><sheetData><row r="1"><c t="s"><v>0</v></c><c t="s"><v>1</v></c></row><row r="4" hidden="1"><c r="C4" s="1"><v>45356.5</v></c></row>`+
		`<row><c t="inlineStr"><is><r><t>x_x000A_</t></r></is></c></row></sheetData><mergeCells><mergeCell ref="A1:B2"/></mergeCells></worksheet>`,
		`<sst><si><t>a</t></si><si><r><t>b</t></r></si></sst>`, `<styleSheet><numFmts><numFmt numFmtId="170" formatCode="00;[Red]&quot;x&quot;"/></numFmts><cellXfs><xf numFmtId="170"/><xf numFmtId="22"/></cellXfs></styleSheet>`)
	f.Add(`<worksheet><sheetData><row><c t="e"><v>#N/A</v></c><c><f>1</f></c></row><row><c><v>1E400</v></c><c><v>-0</v></c></row></sheetData></worksheet>`, `<sst/>`, `<x`)
	f.Fuzz(func(t *testing.T, sheet, strings, styles string) {
		if len(sheet)+len(strings)+len(styles) > 1<<16 {
			return
		}
		text := parts(t, map[string]string{"xl/worksheets/sheet1.xml": sheet, "xl/sharedStrings.xml": strings, "xl/styles.xml": styles})
		checkFuzzed(t, text, "x.xlsx")
	})
}

// checkFuzzed is what every reader owes to any bytes.
func checkFuzzed(t *testing.T, in, name string) {
	file, err := Open(context.Background(), strings.NewReader(in), int64(len(in)), name, Options{})
	var r *Refusal
	if errors.As(err, &r) {
		if refusals[r.Code] == "" || r.Code == "unbalanced" || r.Code == "reader-failed" || r.Code == "changed" {
			t.Fatalf("refused: %v", err)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	checkWhole(t, "fuzz", file)
	for i, table := range file.Tables {
		again(t, table, file.Report.Tables[i])
	}
}
