package format

import (
	"bytes"
	"encoding/binary"
	"math"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"
)

// biffWriter writes records, as much of them as the tests need.
type biffWriter struct{ bytes.Buffer }

func (w *biffWriter) record(id uint16, parts ...any) *biffWriter {
	var d bytes.Buffer
	for _, p := range parts {
		if text, ok := p.(string); ok {
			d.WriteString(text)
		} else if err := binary.Write(&d, binary.LittleEndian, p); err != nil {
			panic(err)
		}
	}
	binary.Write(w, binary.LittleEndian, []uint16{id, uint16(d.Len())})
	w.Write(d.Bytes())
	return w
}

// wideText is a string of BIFF8 behind its length in bytes of size n.
func wideText(s string, n int) string {
	units := utf16.Encode([]rune(s))
	var d bytes.Buffer
	if n == 1 {
		d.WriteByte(byte(len(units)))
	} else {
		binary.Write(&d, binary.LittleEndian, uint16(len(units)))
	}
	d.WriteByte(1)
	binary.Write(&d, binary.LittleEndian, units)
	return d.String()
}

type biffPage struct {
	name    string
	hidden  byte
	records func(w *biffWriter)
}

// xlsOf is a workbook of BIFF8 with these strings and sheets. Cell styles: 0
// general, 1 date, 2 date and time, 3 per cent, 4 a code of five digits.
func xlsOf(t testing.TB, strs []string, pages ...biffPage) string {
	t.Helper()
	var book biffWriter
	var places []int
	for pass := range 2 {
		was := places
		places = nil
		book = biffWriter{}
		book.record(biffBOF, uint16(0x600), uint16(5), uint32(0), uint32(0), uint32(0))
		book.record(biffFormat, uint16(164), wideText("00000", 2))
		for _, id := range []uint16{0, 14, 22, 10, 164} {
			book.record(biffXF, uint16(0), id, [16]byte{})
		}
		for i, p := range pages {
			at := uint32(0)
			if pass > 0 {
				at = uint32(was[i])
			}
			book.record(biffSheet, at, p.hidden, byte(0), wideText(p.name, 1))
		}
		// The table of strings is cut in the middle of the last: a record ends
		// there and the next says anew that two bytes are a character.
		all := []byte{}
		for _, s := range strs {
			all = append(all, wideText(s, 2)...)
		}
		head := binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(nil, uint32(len(strs))), uint32(len(strs)))
		if cut := len(all) - 4; len(strs) > 0 && cut > 3 {
			book.record(biffStrings, head, all[:cut])
			book.record(biffContinue, byte(1), all[cut:])
		} else {
			book.record(biffStrings, head, all)
		}
		book.record(biffEOF)
		for _, p := range pages {
			places = append(places, book.Len())
			book.record(biffBOF, uint16(0x600), uint16(0x10), uint32(0), uint32(0), uint32(0))
			p.records(&book)
			book.record(biffEOF)
		}
	}
	return compoundOf("Workbook", book.Bytes())
}

// compoundOf is a compound file with one stream, at least 4096 bytes of it: the
// table of chains, the directory, the stream.
func compoundOf(name string, data []byte) string {
	le := binary.LittleEndian
	size := max(len(data), miniBelow)
	sectors := (size + 511) / 512
	tables := 1
	for 128*tables < sectors+1+tables {
		tables++
	}
	head := make([]byte, 512)
	copy(head, compoundMark)
	le.PutUint16(head[26:], 3)
	le.PutUint16(head[30:], 9)
	le.PutUint32(head[48:], uint32(tables))
	le.PutUint32(head[60:], 0xfffffffe)
	le.PutUint32(head[68:], 0xfffffffe)
	for i := range 109 {
		n := uint32(0xffffffff)
		if i < tables {
			n = uint32(i)
		}
		le.PutUint32(head[76+4*i:], n)
	}
	chains := make([]byte, 512*tables)
	for i := range 128 * tables {
		n := uint32(0xffffffff)
		switch {
		case i < tables:
			n = 0xfffffffd
		case i == tables, i == tables+sectors:
			n = 0xfffffffe
		case i < tables+sectors:
			n = uint32(i + 1)
		}
		le.PutUint32(chains[4*i:], n)
	}
	directory := make([]byte, 512)
	entry := func(i int, name string, kind byte, start uint32, size, child uint32) {
		e := directory[128*i:]
		for k, u := range utf16.Encode([]rune(name)) {
			le.PutUint16(e[2*k:], u)
		}
		le.PutUint16(e[64:], uint16(2*len(name)+2))
		e[66] = kind
		le.PutUint32(e[68:], 0xffffffff)
		le.PutUint32(e[72:], 0xffffffff)
		le.PutUint32(e[76:], child)
		le.PutUint32(e[116:], start)
		le.PutUint32(e[120:], size)
	}
	entry(0, "Root Entry", 5, 0xfffffffe, 0, 1)
	entry(1, name, 2, uint32(tables+1), uint32(size), 0xffffffff)
	stream := append(bytes.Clone(data), make([]byte, 512*sectors-len(data))...)
	return string(head) + string(chains) + string(directory) + string(stream)
}

func ieee(f float64) uint64 { return math.Float64bits(f) }

// TestXLS reads each kind of record that holds a cell.
func TestXLS(t *testing.T) {
	strs := []string{"Mã", "Tên", "Ngày", "Giá", "Tỷ lệ", "Kết quả", "Bàn học", "Ghế tựa", "Tủ sách gỗ sồi", "Qwzyxkanarie"}
	text := xlsOf(t, strs,
		biffPage{"Số liệu", 0, func(w *biffWriter) {
			w.record(biffColumns, uint16(7), uint16(7), uint16(0), uint16(0), uint16(1), uint16(0))
			w.record(biffRow, uint16(3), uint16(0), uint16(6), uint16(255), uint16(0), uint16(0), uint32(0x20))
			for j := range 6 {
				w.record(biffLabelIndex, uint16(0), uint16(j), uint16(0), uint32(j))
			}
			w.record(biffRK, uint16(1), uint16(0), uint16(4), uint32(7<<2|2))
			w.record(biffLabelIndex, uint16(1), uint16(1), uint16(0), uint32(6))
			w.record(biffNumber, uint16(1), uint16(2), uint16(1), ieee(45721))
			w.record(biffMulRK, uint16(1), uint16(3), uint16(0), uint32(125050<<2|3), uint16(3), uint32(ieee(0.125)>>32), uint16(4))
			w.record(biffFormula, uint16(1), uint16(5), uint16(0), [8]byte{0, 0, 0, 0, 0, 0, 0xff, 0xff}, uint16(0), uint32(0), uint16(0))
			w.record(biffString, wideText("đạt", 2))
			w.record(biffLabelIndex, uint16(1), uint16(7), uint16(0), uint32(9)) // in a hidden column
			w.record(biffNumber, uint16(2), uint16(0), uint16(4), ieee(12))
			w.record(biffLabel, uint16(2), uint16(1), uint16(0), wideText("Kệ", 2))
			w.record(biffNumber, uint16(2), uint16(2), uint16(1), ieee(45722))
			w.record(biffFormula, uint16(2), uint16(3), uint16(0), ieee(0.1+0.2), uint16(0), uint32(0), uint16(0))
			w.record(biffBoolean, uint16(2), uint16(4), uint16(0), byte(7), byte(1))
			w.record(biffLabelIndex, uint16(2), uint16(5), uint16(0), uint32(7))
			w.record(biffLabelIndex, uint16(3), uint16(1), uint16(0), uint32(9)) // a hidden row
			w.record(biffNumber, uint16(4), uint16(0), uint16(4), ieee(99))
			w.record(biffLabelIndex, uint16(4), uint16(1), uint16(0), uint32(8))
			w.record(biffMerged, uint16(1), uint16(4), uint16(4), uint16(1), uint16(2))
		}},
		biffPage{"Ẩn", 1, func(w *biffWriter) { w.record(biffLabelIndex, uint16(0), uint16(0), uint16(0), uint32(9)) }})
	got := tableText(t, text, Options{})
	if !strings.HasPrefix(got, `table "Số liệu"`) || strings.Contains(got, "Qwzyxkanarie") {
		t.Errorf("got\n%s", got)
	}
	for _, told := range []string{"hidden-sheet, 1", "hidden-rows, 1", "hidden-columns in H", "error-cell in ty_le", "merged-cells",
		"00007,Bàn học,2025-03-05,1250.5,0.125,đạt", "00012,Kệ,2025-03-06,0.3,,Ghế tựa", "00099,Tủ sách gỗ sồi"} {
		if !strings.Contains(got, told) {
			t.Errorf("%s is missing:\n%s", told, got)
		}
	}
}

func TestXLSRefusals(t *testing.T) {
	cell := func(records func(w *biffWriter)) string {
		return xlsOf(t, []string{"a", "bcd"}, biffPage{"x", 0, records})
	}
	good := cell(func(w *biffWriter) { w.record(biffLabelIndex, uint16(0), uint16(0), uint16(0), uint32(0)) })
	place := strings.Index(good, "\x85\x00") + 4 // of where the sheet begins
	for _, c := range []struct{ name, text, want string }{
		{"a string that is not there", cell(func(w *biffWriter) { w.record(biffLabelIndex, uint16(0), uint16(0), uint16(0), uint32(9)) }), "refused xls\n"},
		{"a column too far", cell(func(w *biffWriter) { w.record(biffNumber, uint16(0), uint16(300), uint16(0), ieee(1)) }), "refused xls\n"},
		{"a short record", cell(func(w *biffWriter) { w.record(biffNumber, uint16(0), uint16(0), uint16(0), byte(1)) }), "refused xls\n"},
		{"nothing in it", cell(func(*biffWriter) {}), "refused no-table\n"},
		{"a password", compoundOf("EncryptedPackage", []byte{1}), "refused encrypted\n"},
		{"a document", compoundOf("WordDocument", []byte{1}), "refused office\n"},
		{"something else", compoundOf("Contents", []byte{1}), "refused binary\n"},
		{"cut", good[:900], "refused xls\n"},
		{"a sheet that does not end", strings.Replace(good, "\xfd\x00\x0a\x00", "\xfd\x00\xff\x1f", 1), "refused xls\n"},
		{"a sheet that is nowhere", good[:place] + "\xff\xff\xff\x7f" + good[place+4:], "refused xls\n"},
		{"tables of chains in a circle", good[:68] + "\x01\x00\x00\x00" + good[72:512] + strings.Repeat("\x01\x00\x00\x00", (len(good)-512)/4), "refused xls\n"},
		{"merged areas upside down", cell(func(w *biffWriter) { w.record(biffMerged, uint16(1), uint16(4), uint16(2), uint16(0), uint16(1)) }), "refused xls\n"},
		{"strings that say they are more", strings.Replace(good, "\x02\x00\x00\x00\x02\x00\x00\x00\x01\x00\x01", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 1), "refused xls\n"},
		{"a chain in a circle", strings.Replace(good, "\x03\x00\x00\x00\x04\x00\x00\x00", "\x02\x00\x00\x00\x02\x00\x00\x00", 1), "refused xls\n"},
	} {
		if got := tableText(t, c.text, Options{}); got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
	}
}

// TestXLSUnordered: programs other than Excel write cells in the order they are
// told, and what came last stands.
func TestXLSUnordered(t *testing.T) {
	strs := []string{"Mã", "Tên", "Bàn học", "Ghế tựa", "Tủ sách"}
	text := func(i, j uint16, n uint32) []any { return []any{i, j, uint16(0), n} }
	got := tableText(t, xlsOf(t, strs, biffPage{"Cột", 0, func(w *biffWriter) {
		for i := range uint16(3) {
			w.record(biffLabelIndex, text(3-i, 1, uint32(4-i))...)
		}
		w.record(biffLabelIndex, text(0, 1, 1)...)
		w.record(biffLabelIndex, text(0, 0, 0)...)
		for i := range uint16(3) {
			w.record(biffNumber, i+1, uint16(0), uint16(4), ieee(8))
			w.record(biffRow, uint16(2), uint16(0), uint16(2), uint16(255), uint16(0), uint16(0), uint32(0))
		}
		w.record(biffNumber, uint16(1), uint16(0), uint16(4), ieee(7))
	}}), Options{})
	const want = `table "Cột"
header_row 1, columns 2, data_rows 3
records 4 = header 1, data 3
ma: text, label "Mã", 3 of 3
ten: text, label "Tên", 3 of 3
Mã,Tên
00007,Bàn học
00008,Ghế tựa
00008,Tủ sách
`
	if got != want {
		t.Errorf("got\n%s", got)
	}
}

// TestXLSLongFormulaText: the text of a formula goes on over records, and a
// character of two units is cut between them.
func TestXLSLongFormulaText(t *testing.T) {
	long := strings.Repeat("ặ", 4000) + "𠀋" + strings.Repeat("x", 100)
	units := utf16.Encode([]rune(long))
	got := tableText(t, xlsOf(t, []string{"Mã", "Kết quả"}, biffPage{"x", 0, func(w *biffWriter) {
		for j := range uint16(2) {
			w.record(biffLabelIndex, uint16(0), j, uint16(0), uint32(j))
		}
		w.record(biffLabelIndex, uint16(1), uint16(0), uint16(0), uint32(0))
		w.record(biffFormula, uint16(1), uint16(1), uint16(0), [8]byte{0, 0, 0, 0, 0, 0, 0xff, 0xff}, uint16(0), uint32(0), uint16(0))
		w.record(biffShared, [8]byte{})
		w.record(biffString, uint16(len(units)), byte(1), units[:4001])
		w.record(biffContinue, byte(1), units[4001:4002])
		w.record(biffContinue, byte(0), long[len(long)-100:])
		w.record(biffFormula, uint16(2), uint16(1), uint16(0), [8]byte{0, 0, 0, 0, 0, 0, 0xff, 0xff}, uint16(0), uint32(0), uint16(0))
		w.record(biffLabelIndex, uint16(2), uint16(0), uint16(0), uint32(0))
	}}), Options{})
	if !strings.Contains(got, "Mã,"+long+"\n") || !strings.Contains(got, "formula-without-value in column_2") {
		t.Errorf("got\n%s", got)
	}
}

// TestXLSOfExcel5: strings are bytes of a code page, and days may be counted
// from 1904.
func TestXLSOfExcel5(t *testing.T) {
	narrow := func(s string) []any { return []any{uint16(len(s)), s} }
	for page, c := range map[uint16]struct{ bytes, want string }{
		1258: {"Vi\xeat Nam \xd0\xf4\xf2", "Viêt Nam Độ"}, // a letter and its tone become one
		1252: {"Ann\xe9e", "Année"},
		1251: {"\xc3\xee\xe4", "Год"},
		932:  {"\x96\xbc\x91O", "名前"},
		936:  {"\xd6\xd0", "中"},
		949:  {"\xc7\xd1", "한"},
		950:  {"\xa4\xa4", "中"},
	} {
		var w biffWriter
		start := 0
		for range 2 { // the second time it is known where the sheet begins
			at := uint32(start)
			w = biffWriter{}
			w.record(biffBOF, uint16(0x500), uint16(5), uint32(0))
			w.record(biffCodepage, page)
			w.record(biff1904, uint16(1))
			w.record(biffXF, uint16(0), uint16(0), [12]byte{})
			w.record(biffXF, uint16(0), uint16(14), [12]byte{})
			w.record(biffSheet, at, byte(0), byte(0), byte(len(c.bytes)), c.bytes)
			w.record(biffEOF)
			start = w.Len()
			w.record(biffBOF, uint16(0x500), uint16(0x10), uint32(0))
			w.record(biffLabel, append([]any{uint16(0), uint16(0), uint16(0)}, narrow(c.bytes)...)...)
			w.record(biffLabel, append([]any{uint16(0), uint16(1), uint16(0)}, narrow("ngay")...)...)
			w.record(biffRichLabel, append(append([]any{uint16(1), uint16(0), uint16(0)}, narrow(c.bytes)...), byte(0))...)
			w.record(biffNumber, uint16(1), uint16(1), uint16(1), ieee(44538))
			w.record(biffEOF)
		}
		f, err := openText(t, compoundOf("Book", w.Bytes()), Options{})
		if err != nil {
			t.Errorf("code page %d: %v", page, err)
			continue
		}
		var b strings.Builder
		must(t, WriteTable(&b, f.Tables[0], true))
		if want := c.want + ",ngay\n" + c.want + ",2025-12-09\n"; b.String() != want || f.Tables[0].Name() != c.want {
			t.Errorf("code page %d: got %q, %q", page, f.Tables[0].Name(), b.String())
		}
	}
}

// TestXLSAsXLSX: files that exist in both forms hold the same tables.
func TestXLSAsXLSX(t *testing.T) {
	dir := shared(t, "bad/frictionless/data")
	for _, name := range []string{"sheet2", "cast-int-to-string-issue-1251", "merged-cells"} {
		a, err := open(t, filepath.Join(dir, name+".xls"), Options{})
		must(t, err)
		b, err := open(t, filepath.Join(dir, name+".xlsx"), Options{})
		must(t, err)
		if len(a.Tables) != len(b.Tables) {
			t.Errorf("%s: %d and %d tables", name, len(a.Tables), len(b.Tables))
			continue
		}
		for i := range a.Tables {
			var x, y strings.Builder
			must(t, WriteTable(&x, a.Tables[i], true), WriteTable(&y, b.Tables[i], true))
			if x.String() != y.String() {
				t.Errorf("%s:\n%s\nand\n%s", name, x.String(), y.String())
			}
		}
	}
}

func FuzzXLS(f *testing.F) {
	f.Add([]byte(xlsOf(f, []string{"Mã", "Tên"}, biffPage{"x", 0, func(w *biffWriter) {
		w.record(biffLabelIndex, uint16(0), uint16(0), uint16(0), uint32(0))
		w.record(biffLabelIndex, uint16(0), uint16(1), uint16(0), uint32(1))
		w.record(biffNumber, uint16(1), uint16(0), uint16(1), ieee(45721.5))
		w.record(biffMulRK, uint16(1), uint16(1), uint16(0), uint32(28), uint16(3), uint32(7), uint16(2))
	}})))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) < 1<<16 {
			checkFuzzed(t, string(b), "x.xls")
		}
	})
}
