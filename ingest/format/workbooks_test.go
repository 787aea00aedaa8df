package format

import (
	"encoding/xml"
	"fmt"
	"strconv"
	"strings"
	"testing"
)

// officeCell is a cell as an office means it, in whatever workbook it stands.
type officeCell struct {
	kind   string // "text", "number", "code", "day", "share", "yes", "no", "broken"; "": empty
	text   string
	number float64
}

func said(text string) officeCell           { return officeCell{kind: "text", text: text} }
func counted(f float64) officeCell          { return officeCell{kind: "number", number: f} }
func onDay(serial float64) officeCell       { return officeCell{kind: "day", number: serial} }
func coded(f float64) officeCell            { return officeCell{kind: "code", number: f} }
func ofHundred(f float64) officeCell        { return officeCell{kind: "share", number: f} }
func answered(kind string) officeCell       { return officeCell{kind: kind} }
func nothing() officeCell                   { return officeCell{} }
func titled(text string) []officeCell       { return []officeCell{said(text)} }
func line(cells ...officeCell) []officeCell { return cells }

// officeTable: a title over all columns, a header in two levels, each kind of
// value, and a note below. All of it is invented.
var officeTable = [][]officeCell{
	titled("BIỂU TỔNG HỢP SỐ HỘ ĐƯỢC CẤP NƯỚC SẠCH"),
	{},
	line(said("Mã xã"), said("Tên xã"), said("Ngày báo cáo"), said("Số hộ"), nothing(), said("Tỷ lệ"), said("Đạt chuẩn"), said("Ghi chú")),
	line(nothing(), nothing(), nothing(), said("Có nước"), said("Chưa có"), nothing(), nothing(), nothing()),
	line(coded(1), said("Xã Ấp Mới"), onDay(46000), counted(1234.5), counted(7), ofHundred(0.125), answered("yes"), said("dòng một\ndòng hai")),
	line(coded(127), said("Phường Đồng Tiến"), onDay(46031), counted(0.1), counted(-3), ofHundred(1), answered("no"), said("có, \"ngoặc\" & <dấu>")),
	line(coded(99999), said("Thị trấn Ỷ Lan 𠀋"), onDay(36526), counted(1e15), nothing(), ofHundred(0.07), answered("yes"), nothing()),
	line(coded(31), said("Xã Ơ Rưa"), onDay(61), counted(123456.789), counted(12), officeCell{kind: "broken"}, answered("no"), said("0012")),
	{},
	titled("Nguồn: báo cáo của các xã"),
}

// merged areas of it, from row and column 0.
var officeMerges = [][4]int{{0, 0, 0, 7}, {2, 0, 3, 0}, {2, 1, 3, 1}, {2, 2, 3, 2}, {2, 3, 2, 4}, {2, 5, 3, 5}, {2, 6, 3, 6}, {2, 7, 3, 7}}

func escaped(t testing.TB, text string) string {
	var b strings.Builder
	must(t, xml.EscapeText(&b, []byte(text)))
	return b.String()
}

func officeXLSX(t testing.TB) string {
	var b strings.Builder
	for i, cells := range officeTable {
		fmt.Fprintf(&b, `<row r="%d">`, i+1)
		for j, c := range cells {
			at := columnLetters(j) + strconv.Itoa(i+1)
			switch c.kind {
			case "text":
				fmt.Fprintf(&b, `<c r="%s" t="inlineStr"><is><t xml:space="preserve">%s</t></is></c>`, at, escaped(t, c.text))
			case "yes", "no":
				fmt.Fprintf(&b, `<c r="%s" t="b"><v>%d</v></c>`, at, b2i(c.kind == "yes"))
			case "broken":
				fmt.Fprintf(&b, `<c r="%s" t="e"><f>1/0</f><v>#DIV/0!</v></c>`, at)
			case "number", "code", "day", "share":
				fmt.Fprintf(&b, `<c r="%s" s="%d"><v>%s</v></c>`, at, officeStyles[c.kind], strconv.FormatFloat(c.number, 'g', -1, 64))
			}
		}
		b.WriteString("</row>")
	}
	b.WriteString("</sheetData><mergeCells>")
	for _, m := range officeMerges {
		fmt.Fprintf(&b, `<mergeCell ref="%s%d:%s%d"/>`, columnLetters(m[1]), m[0]+1, columnLetters(m[3]), m[2]+1)
	}
	return parts(t, map[string]string{
		"xl/workbook.xml": strings.Replace(usualParts["xl/workbook.xml"], `name="S"`, `name="Biểu 1"`, 1),
		"xl/styles.xml": `<styleSheet><numFmts><numFmt numFmtId="164" formatCode="00000"/></numFmts>` +
			`<cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="22"/><xf numFmtId="10"/><xf numFmtId="164"/></cellXfs></styleSheet>`,
		"xl/worksheets/sheet1.xml": "<worksheet><sheetData>" + b.String() + "</mergeCells></worksheet>",
	})
}

// officeStyles are the numbers of cell styles, in both forms of Excel.
var officeStyles = map[string]uint16{"day": 1, "share": 3, "code": 4}

func officeODS(t testing.TB) string {
	spans := make(map[[2]int]string)
	for _, m := range officeMerges {
		spans[[2]int{m[0], m[1]}] = fmt.Sprintf(` table:number-columns-spanned="%d" table:number-rows-spanned="%d"`, m[3]-m[1]+1, m[2]-m[0]+1)
	}
	var rows []string
	for i, cells := range officeTable {
		var out []string
		for j, c := range cells {
			number := strconv.FormatFloat(c.number, 'f', -1, 64)
			kind, shown := "", ""
			switch c.kind {
			case "text":
				kind = `office:value-type="string"`
				for _, line := range strings.Split(c.text, "\n") {
					shown += "<text:p>" + escaped(t, line) + "</text:p>"
				}
			case "number":
				kind, shown = `office:value-type="float" office:value="`+number+`"`, "<text:p>"+number+"</text:p>"
			case "code":
				kind, shown = `office:value-type="float" office:value="`+number+`"`, fmt.Sprintf("<text:p>%05.0f</text:p>", c.number)
			case "day":
				day := string(appendDay(nil, int64(c.number)+epoch1900))
				kind, shown = `office:value-type="date" office:date-value="`+day+`"`, "<text:p>"+day+"</text:p>"
			case "share":
				kind, shown = `office:value-type="percentage" office:value="`+number+`"`, "<text:p>"+number+"</text:p>"
			case "yes", "no":
				kind = `office:value-type="boolean" office:boolean-value="` + strconv.FormatBool(c.kind == "yes") + `"`
			case "broken":
				kind, shown = `table:formula="of:=1/0" office:value-type="string" office:string-value="" calcext:value-type="error"`, "<text:p>#DIV/0!</text:p>"
			}
			out = append(out, "<table:table-cell "+kind+spans[[2]int{i, j}]+">"+shown+"</table:table-cell>")
		}
		rows = append(rows, odsRow(out...))
	}
	return odsOf(t, `<table:table table:name="Biểu 1" table:style-name="ta1">`+strings.Join(rows, "")+`</table:table>`)
}

func officeXLS(t testing.TB) string {
	var strs []string
	for _, cells := range officeTable {
		for _, c := range cells {
			if c.kind == "text" {
				strs = append(strs, c.text)
			}
		}
	}
	return xlsOf(t, strs, biffPage{"Biểu 1", 0, func(w *biffWriter) {
		n := uint32(0)
		for i, cells := range officeTable {
			for j, c := range cells {
				at := []uint16{uint16(i), uint16(j)}
				switch c.kind {
				case "text":
					w.record(biffLabelIndex, at, uint16(0), n)
					n++
				case "yes", "no":
					w.record(biffBoolean, at, uint16(0), c.kind == "yes", byte(0))
				case "broken":
					w.record(biffFormula, at, uint16(0), [8]byte{2, 0, 7, 0, 0, 0, 0xff, 0xff}, uint16(0), uint32(0), uint16(0))
				case "number", "code", "day", "share":
					w.record(biffNumber, at, officeStyles[c.kind], ieee(c.number))
				}
			}
		}
		areas := []uint16{uint16(len(officeMerges))}
		for _, m := range officeMerges {
			areas = append(areas, uint16(m[0]), uint16(m[2]), uint16(m[1]), uint16(m[3]))
		}
		w.record(biffMerged, areas)
	}})
}

// TestSameWorkbook: a workbook is the same table and the same report, in
// whichever of the three forms an office saves it.
func TestSameWorkbook(t *testing.T) {
	const want = `table "Biểu 1"
header_row 4, columns 8, data_rows 4
records 10 = header 2, data 4, preamble 1, blank 2, footer 1
ma_xa: text, label "Mã xã", 4 of 4
ten_xa: text, label "Tên xã", 4 of 4
ngay_bao_cao: date, label "Ngày báo cáo", format y-m-d, 4 of 4
so_ho_co_nuoc: decimal(19,3), label "Số hộ Có nước", 4 of 4
so_ho_chua_co: integer, label "Số hộ Chưa có", empty 1, 3 of 3
ty_le: decimal(4,3), label "Tỷ lệ", unit 1 = 100 %, empty 1, 3 of 3
dat_chuan: boolean, label "Đạt chuẩn", 4 of 4
ghi_chu: text, label "Ghi chú", empty 1, 3 of 3
problem merged-cells, line 1, 8
problem error-cell in ty_le, line 8, 1
problem preamble, line 1, 1
problem footer, line 10, 1
Mã xã,Tên xã,Ngày báo cáo,Số hộ Có nước,Số hộ Chưa có,Tỷ lệ,Đạt chuẩn,Ghi chú
00001,Xã Ấp Mới,2025-12-09,1234.500,7,0.125,true,"dòng một
dòng hai"
00127,Phường Đồng Tiến,2026-01-09,0.100,-3,1.000,false,"có, ""ngoặc"" & <dấu>"
99999,Thị trấn Ỷ Lan 𠀋,2000-01-01,1000000000000000.000,,0.070,true,
00031,Xã Ơ Rưa,1900-03-01,123456.789,12,,false,0012
`
	for name, text := range map[string]string{"xlsx": officeXLSX(t), "ods": officeODS(t), "xls": officeXLS(t)} {
		f, err := openText(t, text, Options{})
		must(t, err)
		if f.Report.Format != name {
			t.Errorf("%s is taken for %s", name, f.Report.Format)
		}
		if got := tableText(t, text, Options{}); got != want {
			t.Errorf("%s:\n%s", name, got)
		}
	}
}
