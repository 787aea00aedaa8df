package format

import (
	"encoding/binary"
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/unicode/norm"

	"daylight/privacy"
)

// dbfOf writes a table: columns "MA C 6; DT N 10 2", one row a line, cells
// between bars. A line that begins with * is deleted. Cells of binary types are
// numbers, of T in milliseconds since 1970.
func dbfOf(t testing.TB, version, lang byte, columns string, encode func(string) []byte, rows ...string) []byte {
	t.Helper()
	type column struct {
		name, kind string
		len, dec   int
	}
	var cols []column
	width := 1
	for _, c := range strings.Split(columns, ";") {
		f := strings.Fields(c)
		col := column{name: f[0], kind: f[1], len: map[string]int{"D": 8, "L": 1, "I": 4, "T": 8, "Y": 8, "B": 8, "M": 10}[f[1]]}
		if len(f) > 2 {
			col.len, _ = strconv.Atoi(f[2])
		}
		if len(f) > 3 {
			col.dec, _ = strconv.Atoi(f[3])
		}
		width += col.len
		cols = append(cols, col)
	}
	head := 32 + 32*len(cols) + 1
	out := make([]byte, 32)
	out[0], out[1], out[2], out[3], out[29] = version, 126, 11, 26, lang
	binary.LittleEndian.PutUint32(out[4:], uint32(len(rows)))
	binary.LittleEndian.PutUint16(out[8:], uint16(head))
	binary.LittleEndian.PutUint16(out[10:], uint16(width))
	for _, c := range cols {
		d := make([]byte, 32)
		copy(d[:11], encode(c.name))
		d[11], d[16], d[17] = c.kind[0], byte(c.len), byte(c.dec)
		if c.len > 255 {
			d[16], d[17] = byte(c.len), byte(c.len>>8)
		}
		out = append(out, d...)
	}
	out = append(out, '\r')
	for _, row := range rows {
		mark := byte(' ')
		if strings.HasPrefix(row, "*|") {
			mark, row = '*', row[2:]
		}
		out = append(out, mark)
		for i, cell := range strings.Split(row, "|") {
			b := encode(cell)
			switch cols[i].kind {
			case "I":
				n, _ := strconv.ParseInt(cell, 10, 32)
				b = binary.LittleEndian.AppendUint32(nil, uint32(n))
			case "Y":
				n, _ := strconv.ParseInt(cell, 10, 64)
				b = binary.LittleEndian.AppendUint64(nil, uint64(n))
			case "B":
				v, _ := strconv.ParseFloat(cell, 64)
				b = binary.LittleEndian.AppendUint64(nil, math.Float64bits(v))
			case "T":
				at, err := time.Parse("2006-01-02T15:04:05.000", cell)
				b = make([]byte, 8)
				if err == nil {
					ms := at.UnixMilli()
					binary.LittleEndian.PutUint32(b, uint32(ms/86_400_000+2_440_588))
					binary.LittleEndian.PutUint32(b[4:], uint32(ms%86_400_000))
				}
			}
			if len(b) > cols[i].len {
				t.Fatalf("cell %q is longer than its column", cell)
			}
			pad := " "
			if cols[i].kind == "N" || cols[i].kind == "F" {
				b = append([]byte(strings.Repeat(" ", cols[i].len-len(b))), b...)
			}
			out = append(append(out, b...), strings.Repeat(pad, cols[i].len-len(b))...)
		}
	}
	return append(out, 0x1a)
}

func plainBytes(s string) []byte { return []byte(s) }

// inTable encodes by the table that decodes: each letter as the byte that
// reads as it, or as the base and the mark that compose to it.
func inTable(table *[256]string) func(string) []byte {
	back := map[string]byte{}
	for i := 255; i >= 0; i-- {
		back[table[i]] = byte(i)
	}
	return func(s string) (out []byte) {
		for _, r := range norm.NFC.String(s) {
			if b, ok := back[string(r)]; ok {
				out = append(out, b)
				continue
			}
			marks := []rune(norm.NFD.String(string(r)))
			for i := 1; i < len(marks); i++ {
				base, ok := back[norm.NFC.String(string(marks[:i])+string(marks[i+1:]))]
				tone, known := back[string(marks[i])]
				if ok && known {
					out = append(out, base, tone)
					break
				}
			}
		}
		return out
	}
}

func openBytes(t testing.TB, b []byte, name string, o Options) (*File, error) {
	t.Helper()
	return Open(t.Context(), strings.NewReader(string(b)), int64(len(b)), name, o)
}

// rowsOf is the typed table, cells between bars.
func rowsOf(t *testing.T, f *File, at int) string {
	t.Helper()
	var b strings.Builder
	for _, row := range canonical(t, f.Tables[at]) {
		b.WriteString(strings.Join(row, "|") + "\n")
	}
	return b.String()
}

func TestDBF(t *testing.T) {
	for _, c := range []struct {
		name, columns  string
		version        byte
		rows           []string
		report, wanted string
	}{
		{"codes stay text, numbers are exact, deleted rows are counted", "MA C 6; DAN_SO N 12; DT N 20 5; NGAY D; CO L", 3,
			[]string{"00123|1234567|12345678901234.56789|20240229|T", "*|99999|1|1|20240101|F", "00124|-5|0.1|        |?", "1||.50000|00000000|n"},
			`utf-8, dbf
header_row 0, columns 5, data_rows 3
records 4 = header 0, data 3, hidden 1
ma: text, label "MA", 3 of 3
dan_so: integer, label "DAN_SO", empty 1, 2 of 2
dt: decimal(19,5), label "DT", 3 of 3
ngay: date, label "NGAY", format y-m-d, empty 2, 1 of 1
co: boolean, label "CO", empty 1, 2 of 2
problem deleted-row, line 2, 1
`, "00123|1234567|12345678901234.56789|2024-02-29|true\n00124|-5|0.10000||\n1||0.50000||false\n"},
		{"a number too wide, a date that is none, a memo without its file", "N N 4; D D; M M", 3,
			[]string{"1234|20240230|0000000001", "****|20240228|"},
			`utf-8, dbf
header_row 0, columns 3, data_rows 2
records 2 = header 0, data 2
n: integer, label "N", empty 1, 1 of 1
d: text, label "D", 2 of 2
m: text, label "M", empty 2, 0 of 0
problem memo, line 1, wanted memo file, 1
problem null-token in n, line 2, wanted ***, 1
`, "1234|20240230|\n|2024-02-28|\n"},
		{"Visual FoxPro", "N I; TIEN Y; LUC T; DO B", 0x30,
			[]string{"-2147483648|-12345|2024-03-05T07:08:09.250|0.1", "7|9223372036854775807|1969-12-31T00:00:00.000|1e300"},
			`utf-8, dbf
header_row 0, columns 4, data_rows 2
records 2 = header 0, data 2
n: integer, label "N", 2 of 2
tien: decimal(19,4), label "TIEN", 2 of 2
luc: timestamp, label "LUC", 2 of 2
do: float, label "DO", 2 of 2
`, "-2147483648|-1.2345|2024-03-05T07:08:09.25|0.1\n7|922337203685477.5807|1969-12-31T00:00:00|1e+300\n"},
		{"a text of more than 255 characters", "MA C 2; GHI_CHU C 300", 3, []string{"01|" + strings.Repeat("x", 300)},
			`utf-8, dbf
header_row 0, columns 2, data_rows 1
records 1 = header 0, data 1
ma: text, label "MA", 1 of 1
ghi_chu: text, label "GHI_CHU", 1 of 1
`, "01|" + strings.Repeat("x", 300) + "\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, err := openBytes(t, dbfOf(t, c.version, 0, c.columns, plainBytes, c.rows...), "x.dbf", Options{})
			if err != nil {
				t.Fatal(err)
			}
			checkWhole(t, c.name, f)
			if got := reportText(f.Report); got != c.report {
				t.Errorf("report:\n%s\nwant:\n%s", got, c.report)
			}
			if got := rowsOf(t, f, 0); got != c.wanted {
				t.Errorf("rows:\n%s\nwant:\n%s", got, c.wanted)
			}
		})
	}
}

// Text in the encodings that Vietnamese offices used, which no table says.
func TestDBFEncodings(t *testing.T) {
	rows := []string{"001|Ủy ban nhân dân phường Đống Đa|Thành phố Hà Nội", "002|Nguyễn Trãi, phường Thượng Đình|Quận Thanh Xuân", "003|Trường tiểu học Lê Lợi|Tỉnh Nghệ An"}
	low := []string{"001|ủy ban nhân dân phường đống đa|thành phố hà nội", "002|nguyễn trãi, phường thượng đình|quận thanh xuân", "003|trường tiểu học lê lợi|tỉnh nghệ an"}
	for _, c := range []struct {
		name   string
		lang   byte
		cpg    string
		encode func(string) []byte
		rows   []string
	}{
		{"utf-8", 0x57, "", plainBytes, rows},
		{"windows-1258", 0x57, "", inTable(windows1258()), rows},
		{"viscii", 0, "", inTable(tableOf(viscii, visciiLow)), rows},
		{"tcvn3", 0x03, "", inTable(tableOf(tcvn, tcvnLow)), low},
		{"windows-1251", 0xc9, "", inTable(charTable(dbfCodePages["windows-1251"])), []string{"1|Москва|Россия"}},
		{"cp850", 0x02, "", inTable(charTable(dbfCodePages["cp850"])), []string{"1|Évian-les-Bains|Façade"}},
		{"windows-1252", 0x57, "", inTable(windows1252()), []string{"1|Évian-les-Bains à côté|Façade élève", "2|Hôtel de ville|première année"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, err := openBytes(t, dbfOf(t, 3, c.lang, "MA C 3; TEN C 80; TINH C 80", c.encode, c.rows...), "x.dbf", Options{})
			if err != nil {
				t.Fatal(err)
			}
			if f.Report.Encoding != c.name {
				t.Errorf("encoding %s", f.Report.Encoding)
			}
			if got, want := rowsOf(t, f, 0), strings.Join(c.rows, "\n")+"\n"; got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
	pinned, err := openBytes(t, dbfOf(t, 3, 0xc9, "TEN C 20", inTable(tableOf(viscii, visciiLow)), "Đống Đa"), "x.dbf", Options{Reading: &privacy.Reading{Encoding: "viscii"}})
	if err != nil || rowsOf(t, pinned, 0) != "Đống Đa\n" {
		t.Errorf("the plan's word: %v", err)
	}
}

func TestDBFHostile(t *testing.T) {
	whole := dbfOf(t, 3, 0, "MA C 6; SO N 10", plainBytes, "00123|5", "00124|6")
	change := func(at int, with ...byte) []byte {
		b := append([]byte(nil), whole...)
		copy(b[at:], with)
		return b
	}
	for name, c := range map[string]struct {
		in   []byte
		code string
	}{
		"more rows than bytes":           {change(4, 0xff, 0xff, 0xff, 0xff), "dbf-cut"},
		"cut in a row":                   {whole[:len(whole)-8], "dbf-cut"},
		"a cell length of the wrong sum": {change(32+16, 200), ""},
		"no rows":                        {change(4, 0, 0, 0, 0), "ok"},
		"a kind of cell of nobody":       {change(32+11, 'Z'), ""},
		"no end of the columns":          {change(32+64, ' '), ""},
	} {
		_, err := openBytes(t, c.in, "x.dbf", Options{})
		switch r, _ := err.(*Refusal); {
		case c.code == "ok" && err != nil, c.code != "ok" && r == nil, c.code != "ok" && c.code != "" && r.Code != c.code:
			t.Errorf("%s: %v", name, err)
		}
	}
	f, err := openBytes(t, append(whole, "left over"...), "x.dbf", Options{})
	if err != nil || !strings.Contains(fmt.Sprint(f.Report.Tables[0].Problems), "bytes-behind") {
		t.Errorf("bytes behind the last row: %v", err)
	}
}

func FuzzDBF(f *testing.F) {
	f.Add(dbfOf(f, 3, 0, "MA C 6; SO N 10 2; NGAY D; CO L; GHI M", plainBytes, "00123|5.25|20240101|T|", "*|00124|6|        |?|"))
	f.Add(dbfOf(f, 0x30, 0x57, "N I; TIEN Y; LUC T; DO B; TEN C 20", inTable(windows1258()), "1|2|2024-01-01T00:00:00.000|1.5|Đống Đa"))
	f.Add(dbfOf(f, 3, 0x13, "TEN C 20", inTable(tableOf(viscii, visciiLow)), "Thượng Đình", "Lê Lợi"))
	f.Fuzz(func(t *testing.T, in []byte) {
		if len(in) > 1<<16 {
			return
		}
		checkFuzzed(t, string(in), "x.dbf")
	})
}
