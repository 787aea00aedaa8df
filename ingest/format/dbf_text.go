package format

import (
	"bytes"
	"context"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/traditionalchinese"
	"golang.org/x/text/transform"
	"golang.org/x/text/unicode/norm"
)

// dbfText decodes the cells of a table.
type dbfText struct {
	name string
	bad  seen                          // bytes that are none of the encoding's
	step func(dst, cell []byte) []byte // decodes a cell that is not ASCII
}

func (t *dbfText) cell(dst, b []byte) []byte {
	if ascii(b) && bytes.IndexByte(b, 0) < 0 {
		return append(dst, b...)
	}
	from := len(dst)
	dst = t.step(dst, b)
	for i := from; i < len(dst); i++ { // NUL is no text
		if dst[i] == 0 {
			dst[i] = ' '
		}
	}
	return dst
}

// dbfCodePages are what the mark of a language and the names in .cpg files
// mean beyond the encodings of texts.
var dbfCodePages = map[string]*charmap.Charmap{
	"cp437": charmap.CodePage437, "cp850": charmap.CodePage850, "cp852": charmap.CodePage852, "cp865": charmap.CodePage865, "cp866": charmap.CodePage866,
	"windows-874": charmap.Windows874, "windows-1250": charmap.Windows1250, "windows-1251": charmap.Windows1251, "windows-1253": charmap.Windows1253,
	"windows-1254": charmap.Windows1254, "windows-1255": charmap.Windows1255, "windows-1256": charmap.Windows1256, "windows-1257": charmap.Windows1257,
}

// dbfLanguages are the encodings that the language byte names. The byte of
// windows-1252 is none of them: programs write it (3 and 0x57) whatever the
// text is, so that the text has to be looked at.
var dbfLanguages = map[byte]string{
	0x01: "cp437", 0x02: "cp850", 0x08: "cp865", 0x09: "cp437", 0x0a: "cp850", 0x0b: "cp437", 0x0d: "cp437", 0x0e: "cp850", 0x0f: "cp437",
	0x10: "cp850", 0x11: "cp437", 0x12: "cp850", 0x13: "cp932", 0x14: "cp850", 0x15: "cp437", 0x16: "cp850", 0x17: "cp865", 0x18: "cp437",
	0x19: "cp437", 0x1a: "cp850", 0x1b: "cp437", 0x1d: "cp850", 0x1f: "cp852", 0x22: "cp852", 0x23: "cp852", 0x24: "cp850", 0x25: "cp850",
	0x37: "cp850", 0x40: "cp852", 0x4f: "big5", 0x50: "windows-874", 0x64: "cp852", 0x65: "cp866", 0x66: "cp865", 0x78: "big5", 0x7b: "cp932",
	0x7c: "windows-874", 0x87: "cp852", 0xc8: "windows-1250", 0xc9: "windows-1251", 0xca: "windows-1254", 0xcb: "windows-1253", 0xcc: "windows-1257",
}

// cpgName is the encoding that a .cpg file names; "": none that is known, or
// windows-1252, which programs write of any text.
func cpgName(cpg []byte) string {
	name := strings.ToLower(strings.TrimSpace(strings.TrimPrefix(string(cpg), "\ufeff")))
	for _, prefix := range []string{"ansi ", "oem ", "windows-", "cp", "ms", ""} {
		if n, ok := strings.CutPrefix(name, prefix); ok && len(n) >= 3 && len(n) <= 5 && strings.Trim(n, "0123456789") == "" {
			switch n {
			case "65001":
				return "utf-8"
			case "932":
				return "cp932"
			case "950":
				return "big5"
			case "1252", "88591":
				return ""
			case "874", "1250", "1251", "1253", "1254", "1255", "1256", "1257", "1258":
				return "windows-" + n
			}
			return "cp" + n
		}
	}
	if e, ok := encodingNamed(name); ok && e.name != "windows-1252" {
		return e.name
	}
	return ""
}

// findEncoding decides how text is read: the plan's word, else the .cpg file's
// (nil: there is none), else the language byte, else what all text of the table
// looks like (ingest.md section 5).
func (d *dbf) findEncoding(ctx context.Context, f *finder, cpg []byte) error {
	pinned := f.reading.Encoding
	for _, name := range []string{cpgName(cpg), dbfLanguages[d.lang]} {
		if pinned == "" && name != "" {
			if m := dbfCodePages[name]; m != nil {
				d.text = &dbfText{name: name, step: byByte(charTable(m))}
				f.report.Encoding = name
				return nil
			}
			if _, ok := encodingNamed(name); ok {
				pinned = name
			}
		}
	}
	if m := dbfCodePages[pinned]; m != nil {
		d.text = &dbfText{name: pinned, step: byByte(charTable(m))}
		f.report.Encoding = pinned
		return nil
	}
	look := &dbfLook{d: d}
	src, err := openSource(ctx, look, look.size(), pinned, nil)
	if err != nil {
		return err
	}
	if src.ask {
		f.ask("encoding", "", append([]string{"utf-8", "windows-1252"}, vietnamese...)...)
	}
	d.text = &dbfText{name: src.enc.name, bad: src.bad, step: cellStep(src.enc)}
	f.report.Encoding = src.enc.name
	return nil
}

// cellStep decodes single cells of an encoding, without a reader for each.
func cellStep(e encoding) func(dst, b []byte) []byte {
	switch e.name {
	case "utf-8":
		return func(dst, b []byte) []byte {
			for len(b) > 0 {
				r, n := utf8.DecodeRune(b)
				dst, b = utf8.AppendRune(dst, r), b[n:]
			}
			return dst
		}
	case "windows-1252":
		return byByte(windows1252())
	case "windows-1258":
		return byByte(windows1258())
	case "tcvn3", "tcvn5712":
		return byByte(tableOf(tcvn, tcvnLow))
	case "viscii":
		return byByte(tableOf(viscii, visciiLow))
	case "vni":
		return func(dst, b []byte) []byte {
			var text []byte
			v := new(vniStep)
			for _, c := range b {
				text = v.step(text, c)
			}
			return norm.NFC.Append(dst, text...)
		}
	case "cp932":
		return byTransformer(japanese.ShiftJIS.NewDecoder())
	case "big5":
		return byTransformer(traditionalchinese.Big5.NewDecoder())
	}
	return func(dst, b []byte) []byte {
		text, err := io.ReadAll(e.decode(bytes.NewReader(b)))
		if err != nil {
			return append(dst, "\ufffd"...)
		}
		return append(dst, text...)
	}
}

func byByte(t *[256]string) func(dst, b []byte) []byte {
	return func(dst, b []byte) []byte {
		var text []byte
		for _, c := range b {
			text = append(text, t[c]...)
		}
		return norm.NFC.Append(dst, text...)
	}
}

// byTransformer: a decoder of x/text puts U+FFFD where bytes are none.
func byTransformer(t transform.Transformer) func(dst, b []byte) []byte {
	return func(dst, b []byte) []byte {
		out, _, err := transform.Append(t, dst, b)
		if err != nil {
			return append(dst, "\ufffd"...)
		}
		return out
	}
}

// dbfLook shows the text of a table alone, for the search of its encoding: a
// line of the columns' names, then a line a row. Its bytes stand in the order
// of the file, so that any part of it can be read.
type dbfLook struct{ d *dbf }

func (l *dbfLook) names() (out []byte) {
	for _, f := range l.d.fields {
		out = append(append(out, f.name...), ' ')
	}
	return append(out, '\n')
}

func (l *dbfLook) size() int64 { return int64(len(l.names())) + l.d.rows*int64(l.d.width) }

func (l *dbfLook) ReadAt(p []byte, off int64) (n int, err error) {
	names := l.names()
	if off < int64(len(names)) {
		n = copy(p, names[off:])
	}
	rows := l.d.rows * int64(l.d.width)
	from := off + int64(n) - int64(len(names))
	if from >= rows {
		if n < len(p) {
			err = io.EOF
		}
		return n, err
	}
	part := p[n:min(int64(len(p)), int64(n)+rows-from)]
	m, err := l.d.r.ReadAt(part, l.d.head+from)
	l.mask(part[:m], int(from%int64(l.d.width)))
	n += m
	if err == io.EOF && m == len(part) {
		err = nil
	}
	if err == nil && n < len(p) {
		err = io.EOF
	}
	return n, err
}

// mask leaves of rows their text; at is where in a row b begins.
func (l *dbfLook) mask(b []byte, at int) {
	for len(b) > 0 {
		row := b[:min(len(b), l.d.width-at)]
		if at == 0 {
			row[0] = '\n'
		}
		seen := max(at, 1)
		for _, f := range l.d.fields {
			if f.binary(l.d) {
				blank(row, f.at-at, f.at+f.len-at)
			}
			blank(row, seen-at, f.at-at) // columns that are not shown
			seen = max(seen, f.at+f.len)
		}
		blank(row, seen-at, l.d.width-at)
		for i, c := range row {
			if c == 0 {
				row[i] = ' '
			}
		}
		b, at = b[len(row):], 0
	}
}

func blank(row []byte, from, to int) {
	for i := max(from, 0); i < min(to, len(row)); i++ {
		row[i] = ' '
	}
}
