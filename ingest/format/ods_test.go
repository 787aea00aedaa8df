package format

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

const odsNames = `xmlns:office="o" xmlns:table="t" xmlns:text="x" xmlns:style="s" xmlns:calcext="c"`

// odsOf is a document with these sheets, each its attributes and content.
func odsOf(t testing.TB, tables ...string) string {
	t.Helper()
	return zipOf(t, "mimetype", "application/vnd.oasis.opendocument.spreadsheet",
		"META-INF/manifest.xml", `<manifest:manifest xmlns:manifest="m"/>`,
		"meta.xml", `<office:meta xmlns:office="o">Qwzyxkanarie</office:meta>`,
		"content.xml", `<?xml version="1.0"?><office:document-content `+odsNames+`><office:automatic-styles><style:style style:name="ta1"><style:table-properties table:display="true"/></style:style><style:style style:name="ta2"><style:table-properties table:display="false"/></style:style></office:automatic-styles><office:body><office:spreadsheet><table:tracked-changes><table:deletion><table:table-cell><text:p>Qwzyxkanarie</text:p></table:table-cell></table:deletion></table:tracked-changes>`+
			strings.Join(tables, "")+`</office:spreadsheet></office:body></office:document-content>`)
}

func odsTable(rows ...string) string {
	return `<table:table table:name="Bảng 1" table:style-name="ta1">` + strings.Join(rows, "") + `</table:table>`
}

func odsRow(cells ...string) string {
	return `<table:table-row>` + strings.Join(cells, "") + `</table:table-row>`
}

func odsText(text string) string {
	return `<table:table-cell office:value-type="string"><text:p>` + text + `</text:p></table:table-cell>`
}

// TestODS reads what a spreadsheet program writes: values by their type, codes
// as they are shown, repeated and merged cells, breaks and spaces in text.
func TestODS(t *testing.T) {
	text := odsOf(t, odsTable(
		`<table:table-column table:number-columns-repeated="9"/>`,
		odsRow(odsText("Mã"), odsText("Tên"), odsText("Ngày"), odsText("Lúc"), odsText("Giá"), odsText("Tỷ lệ"), odsText("Có"), odsText("Ghi chú"), odsText("Kỳ"), `<table:table-cell table:number-columns-repeated="16375"/>`),
		odsRow(`<table:table-cell office:value-type="float" office:value="7" calcext:value-type="float"><text:p>007</text:p></table:table-cell>`,
			odsText(`Bàn <text:span>học</text:span><text:s text:c="2"/>&amp; ghế`),
			`<table:table-cell office:value-type="date" office:date-value="2025-03-05"><text:p>05/03/25</text:p></table:table-cell>`,
			`<table:table-cell office:value-type="time" office:time-value="PT08H05M00S"><text:p>08:05</text:p></table:table-cell>`,
			`<table:table-cell office:value-type="currency" office:currency="VND" office:value="1250000.5"><text:p>1.250.000,50 ₫</text:p></table:table-cell>`,
			`<table:table-cell office:value-type="percentage" office:value="0.125"><text:p>12,5%</text:p></table:table-cell>`,
			`<table:table-cell office:value-type="boolean" office:boolean-value="true"><text:p>ĐÚNG</text:p></table:table-cell>`,
			`<table:table-cell office:value-type="string"><office:annotation><text:p>Qwzyxkanarie</text:p></office:annotation><text:p>dòng một</text:p><text:p>dòng hai</text:p></table:table-cell>`,
			`<table:table-cell office:value-type="float" office:value="1" table:number-rows-spanned="2"><text:p>1</text:p></table:table-cell>`),
		`<table:table-row table:number-rows-repeated="2">`+
			`<table:table-cell office:value-type="float" office:value="12"><text:p>012</text:p></table:table-cell>`+odsText("Tủ")+
			`<table:table-cell office:value-type="date" office:date-value="2025-04-01"/><table:table-cell/>`+
			`<table:table-cell table:formula="of:=[.A1]" office:value-type="float" office:value="3"><text:p>3</text:p></table:table-cell>`+
			`<table:table-cell office:value-type="percentage" office:value="1"/>`+
			`<table:table-cell office:value-type="boolean" office:boolean-value="false"/>`+
			`<table:table-cell table:formula="of:=1/0" office:value-type="string" calcext:value-type="error"><text:p>#DIV/0!</text:p></table:table-cell><table:covered-table-cell/></table:table-row>`,
		`<table:table-row table:number-rows-repeated="1048572"><table:table-cell table:number-columns-repeated="16384"/></table:table-row>`),
		`<table:table table:name="Ẩn" table:style-name="ta2">`+odsRow(odsText("Qwzyxkanarie"))+`</table:table>`)
	f, err := openText(t, text, Options{})
	must(t, err)
	checkWhole(t, "ods", f)
	const want = `Mã,Tên,Ngày,Lúc,Giá,Tỷ lệ,Có,Ghi chú,Kỳ
007,Bàn học  & ghế,2025-03-05,08:05:00,1250000.5,0.125,true,"dòng một
dòng hai",1
012,Tủ,2025-04-01,,3.0,1.000,false,,1
012,Tủ,2025-04-01,,3.0,1.000,false,,
`
	var b strings.Builder
	must(t, WriteTable(&b, f.Tables[0], true))
	if b.String() != want {
		t.Errorf("got\n%s", b.String())
	}
	report := reportText(f.Report)
	for _, told := range []string{"hidden-sheet", "error-cell in ghi_chu", "merged-cells"} {
		if !strings.Contains(report, told) {
			t.Errorf("%s is not told:\n%s", told, report)
		}
	}
	if strings.Contains(report+b.String(), "Qwzyxkanarie") {
		t.Error("a comment, a hidden sheet or a property is told")
	}
	if f.Report.Format != "ods" || f.Report.Tables[0].Name != "Bảng 1" {
		t.Errorf("%s, %q", f.Report.Format, f.Report.Tables[0].Name)
	}
}

// TestODSWhiteSpace: white space in a paragraph is one space, unless it is an
// element, and indented XML adds none.
func TestODSWhiteSpace(t *testing.T) {
	text := odsOf(t, odsTable(odsRow(odsText("Mã"), odsText("Tên")),
		odsRow(odsText("\n\t 01 \n <text:span> a</text:span>"), odsText("b<text:tab/><text:s text:c=\"3\"/>c <text:line-break/> d <text:sheet-name>Bảng 1</text:sheet-name>"))))
	f, err := openText(t, text, Options{})
	must(t, err)
	for raw, err := range f.Tables[0].RawRows(t.Context()) {
		must(t, err)
		if string(raw[0]) != "01 a" || string(raw[1]) != "b\t   c \nd Bảng 1" {
			t.Errorf("got %q", raw)
		}
	}
}

func TestODSRefusals(t *testing.T) {
	two := odsRow(odsText("a"), odsText("b"))
	wide := `<table:table-row table:number-rows-repeated="1048576"><table:table-cell office:value-type="float" office:value="1" table:number-columns-repeated="16384"/></table:table-row>`
	for _, c := range []struct{ name, text, want string }{
		{"a document", zipOf(t, "mimetype", "application/vnd.oasis.opendocument.text", "content.xml", "<a/>", "META-INF/manifest.xml", "<a/>"), "refused office\n"},
		{"a password", zipOf(t, "mimetype", "application/vnd.oasis.opendocument.spreadsheet", "content.xml", "\x01\x02", "META-INF/manifest.xml", `<m><e><encryption-data/></e></m>`), "refused encrypted\n"},
		{"a password over all of it", zipOf(t, "mimetype", "application/vnd.oasis.opendocument.spreadsheet", "encrypted-package", "\x01\x02", "META-INF/manifest.xml", `<m><e><encryption-data/></e></m>`), "refused encrypted\n"},
		{"billions of cells in a line", odsOf(t, odsTable(two, wide)), "refused ods\n"},
		{"a million rows of many cells", odsOf(t, odsTable(two, strings.Replace(strings.Replace(wide, "1048576", "1000000", 1), "16384", "100", 1))), "refused too-large\n"},
		{"thousands of cells in each of thousands of lines", odsOf(t, odsTable(append([]string{two}, slices.Repeat([]string{strings.Replace(wide, "1048576", "1", 1)}, 2000)...)...)), "refused too-large\n"},
		{"a column too far", odsOf(t, odsTable(odsRow(`<table:table-cell table:number-columns-repeated="16384"/>`, odsText("x")))), "refused ods\n"},
		{"an entity", odsOf(t, odsTable(odsRow(odsText("&a;")))), "refused ods\n"},
		{"deep", odsOf(t, odsTable(strings.Repeat("<table:table-row-group>", 100)+strings.Repeat("</table:table-row-group>", 100))), "refused ods\n"},
		{"bytes that are no character", odsOf(t, odsTable(odsRow(odsText("M\xc3d")), odsRow(odsText("1")))), "refused ods\n"},
		{"cut", odsOf(t, `<table:table table:name="x"><table:table-row>`), "refused ods\n"},
		{"nothing", odsOf(t, odsTable()), "refused no-table\n"},
	} {
		if got := tableText(t, c.text, Options{}); got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
	}
}

var manyTimes = regexp.MustCompile(`[0-9]{3}`)

func FuzzODS(f *testing.F) {
	f.Add(odsTable(odsRow(odsText("Mã"), odsText("Số")), odsRow(odsText("01"), `<table:table-cell office:value-type="float" office:value="1.5"/>`)))
	f.Add(odsTable(`<table:table-row table:number-rows-repeated="9" table:visibility="collapse"><table:table-cell table:number-columns-spanned="2" table:number-columns-repeated="3"><text:p>a<text:s/></text:p></table:table-cell></table:table-row>`))
	f.Fuzz(func(t *testing.T, table string) {
		if len(table) > 1<<16 || manyTimes.MatchString(table) {
			return // thousands of repeated rows are slow to hold against each other
		}
		checkFuzzed(t, odsOf(t, table), "x.ods")
	})
}
