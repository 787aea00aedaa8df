package format

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"daylight/privacy"
)

func TestRefusals(t *testing.T) {
	junk := make([]byte, 4096)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range junk {
		junk[i] = byte(r.Uint32())
	}
	for _, c := range []struct{ name, text, code string }{
		{"nothing", "", "empty"},
		{"only a mark", "\xef\xbb\xbf", "empty"},
		{"only line ends", "\r\n\r\n", "empty"},
		{"web page", "<!DOCTYPE html>\n<html><body>a,b</body></html>", "html"},
		{"web page behind a mark", "\xef\xbb\xbf \n<HTML>", "html"},
		{"pdf", "%PDF-1.7\n", "pdf"},
		{"zip", "PK\x03\x04abc", "zip-damaged"},
		{"gzip", "\x1f\x8b\x08", "packed-damaged"},
		{"random bytes", string(junk), "binary"},
		{"zeros", strings.Repeat("\x00", 5000), "binary"},
	} {
		f, err := openText(t, c.text, Options{})
		var refusal *Refusal
		if !errors.As(err, &refusal) || refusal.Code != c.code || f != nil {
			t.Errorf("%s: got %v, want code %s", c.name, err, c.code)
		}
	}
	// Every code has a sentence, and it says what to do.
	for code, text := range refusals {
		if !strings.Contains(text, ":") {
			t.Errorf("%s: %q does not say what to do", code, text)
		}
	}
}

func TestLimits(t *testing.T) {
	for _, c := range []struct {
		name, text string
		l          Limits
	}{
		{"file", "a,b\n1,2\n", Limits{File: 4}},
		{"columns", "a,b,c,d\n1,2,3,4\n", Limits{Columns: 3}},
		{"cell", "a,b\n1," + strings.Repeat("x", 100) + "\n", Limits{Cell: 50}},
		{"record", "a,b\n1," + strings.Repeat("x,", 300_000) + "\n", Limits{Record: 300_000}},
	} {
		_, err := openText(t, c.text, Options{Limits: c.l})
		var refusal *Refusal
		if !errors.As(err, &refusal) || refusal.Code != "too-large" {
			t.Errorf("%s: got %v", c.name, err)
		}
	}
}

func TestOpenStopsWithContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	text := "a,b\n1,2\n"
	if _, err := Open(ctx, strings.NewReader(text), int64(len(text)), "x.csv", Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// brokenDisk fails after the first read.
type brokenDisk struct{ n int }

var errDisk = errors.New("disk")

func (d *brokenDisk) ReadAt(p []byte, off int64) (int, error) {
	if d.n++; d.n > 1 {
		return 0, errDisk
	}
	for i := range p {
		p[i] = 'a'
	}
	return len(p), nil
}

func TestDiskErrorIsNoRefusal(t *testing.T) {
	_, err := Open(context.Background(), &brokenDisk{}, 1<<20, "x.csv", Options{})
	if !errors.Is(err, errDisk) {
		t.Errorf("got %v", err)
	}
}

// A rare word in a cell, in a note and in a title is in no report and no error.
func TestReportHoldsNoValue(t *testing.T) {
	const word = "Qwzyxkanarie"
	text := "Tiêu đề " + word + ";;\n;;\nmã;tên;số\n1;" + word + ";12\n2;x;" + word + "\n3;" + word + ";5\n\n(1) " + word + "\n"
	for _, o := range []Options{{}, {Reading: &privacy.Reading{Columns: map[string]privacy.ReadColumn{"so": {Type: "integer", OnError: "report"}}}}} {
		f, err := openText(t, text, o)
		if err != nil {
			t.Fatal(err)
		}
		b, err := json.Marshal(f.Report)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(b, []byte(word)) {
			t.Errorf("the report holds a value: %s", b)
		}
	}
	_, err := openText(t, text, Options{Reading: &privacy.Reading{Columns: map[string]privacy.ReadColumn{"so": {Type: "integer", OnError: "refuse"}}}})
	if err == nil || strings.Contains(err.Error(), word) {
		t.Errorf("the error: %v", err)
	}
}

// The names of the report are a contract with checks outside this repository.
func TestReportNames(t *testing.T) {
	f, err := openText(t, "a,b\n1,2\n", Options{})
	if err != nil {
		t.Fatal(err)
	}
	f.Report.SHA256 = ""
	got, err := json.Marshal(f.Report)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"file":"in.csv","bytes":8,"sha256":"","format":"csv","encoding":"utf-8","bom":false,"eol":"LF","delimiter":",","quote":"\"",` +
		`"tables":[{"name":"","header_row":1,"columns":2,"data_rows":1,` +
		`"fields":[{"key":"a","label":"a","type":"integer","format":"","nulls":{},"empty":0,"evidence":"1 of 1","proposal":""},` +
		`{"key":"b","label":"b","type":"integer","format":"","nulls":{},"empty":0,"evidence":"1 of 1","proposal":""}],` +
		`"accounting":{"records":2,"header":1,"data":1,"preamble":0,"blank":0,"section":0,"footer":0,"repeated_header":0,"rejected":0},` +
		`"problems":[]}],"questions":[]}`
	if d := cmp.Diff(want, string(got)); d != "" {
		t.Error(d)
	}
	f.Report.Tables[0].Fields[0].Findings = []privacy.Finding{}
	if got, _ := json.Marshal(f.Report); !bytes.Contains(got, []byte(`"findings":[]`)) {
		t.Error("an examined column without findings must say so")
	}
}

// A reader that loses a record is caught: the bytes of the record are nobody's.
func TestLostRecordIsCaught(t *testing.T) {
	text := "a,b\n1,2\n3,4\n5,6\n"
	l := &layout{width: 2, header: header{from: 1}}
	w := newWalker(newRecordReader(strings.NewReader(text), int64(len(text)), dialect{delim: []byte{','}, quote: '"'}, 2, DefaultLimits), l)
	if _, err := w.next(); err != nil {
		t.Fatal(err)
	}
	if err := w.src.next(); err != nil { // taken, and not accounted for
		t.Fatal(err)
	}
	var refusal *Refusal
	if _, err := w.next(); !errors.As(err, &refusal) || refusal.Code != "unbalanced" {
		t.Errorf("got %v", err)
	}
}

func TestKeys(t *testing.T) {
	for label, want := range map[string]string{
		"Đơn vị":  "don_vi",
		"Mã TP":   "ma_tp",
		"2021":    "c_2021",
		"":        "",
		"%":       "",
		"国民の祝日":   "",
		"_id":     "_id_",
		"rowid":   "rowid_",
		"OID":     "oid_",
		"Số (ha)": "so_ha",
		"Straße":  "stra_e",
		"PROV.":   "prov",
		"Tổng số học sinh tốt nghiệp trung học phổ thông": "tong_so_hoc_sinh_tot_nghiep_trung_a0ea",
	} {
		got := Key(label)
		if strings.HasPrefix(want, "tong_so") {
			if len(got) > 40 || !strings.HasPrefix(got, "tong_so_hoc_sinh_tot_nghiep_trung_") {
				t.Errorf("%q: got %q", label, got)
			}
			continue
		}
		if got != want {
			t.Errorf("%q: got %q, want %q", label, got, want)
		}
	}
	got := Keys([]string{"so", "so_2", "Số", "", "so"})
	if d := cmp.Diff([]string{"so", "so_2", "so_3", "column_4", "so_4"}, got); d != "" {
		t.Error(d)
	}
}

func TestLabel(t *testing.T) {
	for cell, want := range map[string]string{
		" Codice \r\n(valida) ": "Codice (valida)",
		"a\u200bb":              "ab",
		"\u202ename":            "name",
		"te\u0302n":             "tên",
		"a\r\rb":                "a b",
	} {
		if got := Label(cell); got != want {
			t.Errorf("%q: got %q, want %q", cell, got, want)
		}
	}
}

func TestSyllable(t *testing.T) {
	for _, w := range strings.Fields("Nguyễn đường Trường Ấp ỷ vỹ quýt giữa sữa hũ cỗ QUẦN ĐẢO giếng gì quốc khuỷu nghiêng thuở ngoằn xoong") {
		if want := w != "xoong"; syllable(w) != want { // plain ASCII proves nothing
			t.Errorf("%s: got %v", w, !want)
		}
	}
	for _, w := range strings.Fields("Année déjà Agliè château €uro tàc ngđ") {
		if syllable(w) {
			t.Errorf("%s is no syllable", w)
		}
	}
}

// Rows are the same again and again, also at once.
func TestRowsAgain(t *testing.T) {
	var b strings.Builder
	b.WriteString("i,s\n")
	for i := range 200_000 {
		fmt.Fprintf(&b, "%d,x%d\n", i, i)
	}
	f, err := openText(t, b.String(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		one, err := f.Tables[0].Rows(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		two, err := f.Tables[0].Rows(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		n, batches := int64(0), 0
		for one.Next() {
			if !two.Next() {
				t.Fatal("the second reading is shorter")
			}
			if one.Record().NumRows() > batchRows {
				t.Errorf("a batch of %d rows", one.Record().NumRows())
			}
			if one.Record().Column(0).String() != two.Record().Column(0).String() {
				t.Fatal("two readings differ")
			}
			n += one.Record().NumRows()
			batches++
		}
		if n != 200_000 || batches != 4 || one.Err() != nil {
			t.Errorf("%d rows in %d batches, %v", n, batches, one.Err())
		}
		one.Release()
		two.Release()
	}
}

// A file of open quotes must not cost its size squared, and no line may be
// swallowed.
func TestManyOpenQuotes(t *testing.T) {
	text := "a;b\n" + strings.Repeat("\"x;1\n", 100_000)
	r := newRecordReader(strings.NewReader(text), int64(len(text)), dialect{delim: []byte{';'}, quote: '"'}, 2, DefaultLimits)
	n := 0
	for {
		err := r.next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	if n != 100_001 {
		t.Errorf("%d records", n)
	}
}

// The same records come out wherever the blocks of the source end.
func TestReaderBlocks(t *testing.T) {
	text := "a,\"b\r\nc\",d\r\r\n1,\"x\"\"y\",2\r3,\"o\"p\",4\n\"\",,\"z\" ,\r\nlast,\"un"
	read := func(src io.Reader) []string {
		r := newRecordReader(src, 4, dialect{delim: []byte{','}, quote: '"'}, 3, DefaultLimits)
		r.buf = make([]byte, 4)
		var out []string
		for r.next() == nil {
			s := fmt.Sprintf("%d:", r.line)
			for _, c := range r.cells {
				s += fmt.Sprintf("[%s]", c.b)
			}
			out = append(out, s)
		}
		return out
	}
	want := []string{"1:[a][b\r\nc][d]", "3:[1][x\"y][2]", "4:[3][o\"p][4]", "5:[][][z][]", "6:[last][\"un]"}
	if d := cmp.Diff(want, read(strings.NewReader(text))); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(want, read(oneByte{strings.NewReader(text)})); d != "" {
		t.Error(d)
	}
}

type oneByte struct{ r io.Reader }

func (o oneByte) Read(p []byte) (int, error) { return o.r.Read(p[:1]) }
