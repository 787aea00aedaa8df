package format

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
	"sync"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"
	"golang.org/x/text/transform"
	"golang.org/x/text/unicode/norm"

	"daylight/privacy/letters"
)

// encoding is how bytes read as text. decode gives UTF-8; it is called anew
// for each reading.
type encoding struct {
	name   string
	decode func(io.Reader) io.Reader
}

var encodings = []encoding{
	{"utf-8", func(r io.Reader) io.Reader { return r }},
	{"utf-16le", decoded(unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM).NewDecoder)},
	{"utf-16be", decoded(unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM).NewDecoder)},
	{"utf-32le", decoded(utf32.UTF32(utf32.LittleEndian, utf32.IgnoreBOM).NewDecoder)},
	{"utf-32be", decoded(utf32.UTF32(utf32.BigEndian, utf32.IgnoreBOM).NewDecoder)},
	{"windows-1252", byTable(windows1252())},
	{"windows-1258", byTable(windows1258())},
	{"tcvn3", byTable(tableOf(tcvn, tcvnLow))},
	{"tcvn5712", byTable(tableOf(tcvn, tcvnLow))},
	{"viscii", byTable(tableOf(viscii, visciiLow))},
	{"vni", func(r io.Reader) io.Reader { return norm.NFC.Reader(&byteReader{src: r, step: new(vniStep).step}) }},
	{"cp932", decoded(japanese.ShiftJIS.NewDecoder)},
	{"big5", decoded(traditionalchinese.Big5.NewDecoder)},
	{"gb18030", decoded(simplifiedchinese.GB18030.NewDecoder)},
	{"euc-kr", decoded(korean.EUCKR.NewDecoder)},
}

// aliases are other names that plans may use.
var aliases = map[string]string{
	"utf8": "utf-8", "utf-8-sig": "utf-8", "ascii": "utf-8", "us-ascii": "utf-8", "utf-16": "utf-16le", "utf-32": "utf-32le",
	"cp1252": "windows-1252", "latin-1": "windows-1252", "latin1": "windows-1252", "iso-8859-1": "windows-1252", "cp1258": "windows-1258",
	"tcvn": "tcvn5712", "tcvn-3": "tcvn3", "abc": "tcvn3", "vni-windows": "vni", "shift-jis": "cp932", "shift_jis": "cp932", "sjis": "cp932", "cp950": "big5",
	"gbk": "gb18030", "gb2312": "gb18030", "cp936": "gb18030", "euckr": "euc-kr", "cp949": "euc-kr", "ks_c_5601-1987": "euc-kr",
}

func encodingNamed(name string) (encoding, bool) {
	name = strings.ToLower(name)
	if a, ok := aliases[name]; ok {
		name = a
	}
	for _, e := range encodings {
		if e.name == name {
			return e, true
		}
	}
	return encoding{}, false
}

func decoded[T transform.Transformer](fresh func() T) func(io.Reader) io.Reader {
	return func(r io.Reader) io.Reader { return transform.NewReader(r, fresh()) }
}

// byTable decodes byte by byte and composes.
func byTable(t *[256]string) func(io.Reader) io.Reader {
	return func(r io.Reader) io.Reader {
		return norm.NFC.Reader(&byteReader{src: r, step: func(dst []byte, b byte) []byte { return append(dst, t[b]...) }})
	}
}

func tableOf(high string, low map[byte]rune) *[256]string {
	var t [256]string
	for i := range 0x80 {
		t[i] = string(rune(i))
	}
	for b, r := range low {
		t[b] = string(r)
	}
	i := 0x80
	for _, r := range high {
		t[i] = string(r)
		i++
	}
	return &t
}

func windows1252() *[256]string { return charTable(charmap.Windows1252) }
func windows1258() *[256]string { return charTable(charmap.Windows1258) }

func charTable(m *charmap.Charmap) *[256]string {
	var t [256]string
	for i := range t {
		t[i] = string(m.DecodeByte(byte(i)))
	}
	return &t
}

// vniStep decodes VNI-Windows: a mark belongs to the vowel before it, and
// elsewhere its byte is what windows-1252 says.
type vniStep struct{ vowel bool }

func (v *vniStep) step(dst []byte, b byte) []byte {
	if b < 0x80 {
		switch b | 0x20 {
		case 'a', 'e', 'i', 'o', 'u', 'y':
			v.vowel = true
		default:
			v.vowel = false
		}
		return append(dst, b)
	}
	if m, ok := vniMarks[b]; ok && v.vowel {
		v.vowel = false
		return append(dst, m...)
	}
	v.vowel = b|0x20 == 0xf4 || b|0x20 == 0xf6 // ơ and ư take a tone too
	if l, ok := vniLetters[b]; ok {
		return append(dst, l...)
	}
	return utf8.AppendRune(dst, charmap.Windows1252.DecodeByte(b))
}

// byteReader decodes an encoding whose state is at most one byte.
type byteReader struct {
	src  io.Reader
	step func(dst []byte, b byte) []byte
	in   []byte
	out  []byte
	rest []byte
	err  error
}

func (r *byteReader) Read(p []byte) (int, error) {
	for len(r.rest) == 0 {
		if r.err != nil {
			return 0, r.err
		}
		if r.in == nil {
			r.in = make([]byte, 32<<10)
		}
		n, err := r.src.Read(r.in)
		r.err = err
		r.out = r.out[:0]
		for _, b := range r.in[:n] {
			r.out = r.step(r.out, b)
		}
		r.rest = r.out
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// damagedReader reads UTF-8 and turns each byte that is none into U+FFFD.
type damagedReader struct {
	src  io.Reader
	in   []byte
	keep int
	out  []byte
	rest []byte
	err  error
}

func (r *damagedReader) Read(p []byte) (int, error) {
	for len(r.rest) == 0 {
		if r.err != nil {
			return 0, r.err
		}
		if r.in == nil {
			r.in = make([]byte, 32<<10)
		}
		n, err := r.src.Read(r.in[r.keep:])
		r.err = err
		in := r.in[:r.keep+n]
		r.out = r.out[:0]
		for len(in) > 0 && (err != nil || utf8.FullRune(in)) {
			_, size := utf8.DecodeRune(in)
			if size == 1 && in[0] >= 0x80 {
				r.out = append(r.out, "\ufffd"...)
			} else {
				r.out = append(r.out, in[:size]...)
			}
			in = in[size:]
		}
		r.keep = copy(r.in, in)
		r.rest = r.out
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// source is a file whose encoding is known: text can be read from it again
// and again.
type source struct {
	r      io.ReaderAt
	size   int64
	skip   int64 // the byte order mark
	enc    encoding
	sha256 string
	bad    seen // bytes that were no UTF-8; line of the first
	ask    bool // no reading is clearly the best
}

// text reads the decoded file from the start.
func (s *source) text(ctx context.Context) io.Reader {
	return s.enc.decode(&sectionReader{ctx: ctx, r: s.r, at: s.skip, end: s.size})
}

// textAt reads the decoded file from about this share of it, for samples; the
// first line is to be thrown away. ok is false where the encoding cannot be
// entered in the middle.
func (s *source) textAt(ctx context.Context, off int64) (io.Reader, bool) {
	switch s.enc.name {
	case "cp932", "big5", "gb18030", "euc-kr":
		return nil, false // a trail byte looks like a character
	case "utf-16le", "utf-16be":
		off = s.skip + (off-s.skip)&^1
	case "utf-32le", "utf-32be":
		off = s.skip + (off-s.skip)&^3
	}
	return s.enc.decode(&sectionReader{ctx: ctx, r: s.r, at: off, end: s.size}), true
}

// sectionReader ends with an error where the file has become shorter, and when
// ctx ends.
type sectionReader struct {
	ctx     context.Context
	r       io.ReaderAt
	at, end int64
}

func (s *sectionReader) Read(p []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, err
	}
	if s.at >= s.end {
		return 0, io.EOF
	}
	if int64(len(p)) > s.end-s.at {
		p = p[:s.end-s.at]
	}
	n, err := s.r.ReadAt(p, s.at)
	s.at += int64(n)
	if err == io.EOF {
		err = nil
		if n == 0 {
			err = &Refusal{Code: "changed", Stage: "encoding"}
		}
	} else if err != nil {
		err = fmt.Errorf("read file: %w", err)
	}
	return n, err
}

var marks = []struct {
	mark, name string
}{
	{"\xff\xfe\x00\x00", "utf-32le"}, // before UTF-16, whose mark it begins with
	{"\x00\x00\xfe\xff", "utf-32be"},
	{"\xef\xbb\xbf", "utf-8"},
	{"\xff\xfe", "utf-16le"},
	{"\xfe\xff", "utf-16be"},
}

// survey is what one look over all bytes finds.
type survey struct {
	sum      string
	n        int64
	valid    bool     // UTF-8 throughout
	nul      [2]int64 // at even and odd places
	controls int64    // other than tab, line ends, form feed and NUL
}

// openSource finds the encoding: ingest.md section 5. The order is the whole
// file's, never a sample's.
func openSource(ctx context.Context, r io.ReaderAt, size int64, pinned string, progress func(string, int64, int64)) (*source, error) {
	s := &source{r: r, size: size}
	v, err := look(ctx, r, size, progress)
	if err != nil {
		return nil, err
	}
	s.sha256 = v.sum
	head := make([]byte, min(4, size))
	if _, err := r.ReadAt(head, 0); err != nil && err != io.EOF {
		return nil, fmt.Errorf("read file: %w", err)
	}
	name := ""
	for _, m := range marks {
		if bytes.HasPrefix(head, []byte(m.mark)) && (!strings.HasPrefix(m.name, "utf-32") || size%4 == 0) {
			name, s.skip = m.name, int64(len(m.mark))
			break
		}
	}
	if pinned != "" {
		enc, ok := encodingNamed(pinned)
		if !ok {
			return nil, &Refusal{Code: "encoding-pinned", Stage: "encoding"}
		}
		if name != "" && enc.name != name {
			if strings.HasPrefix(enc.name, "utf-16") && strings.HasPrefix(name, "utf-16") && strings.EqualFold(pinned, "utf-16") {
				enc, _ = encodingNamed(name)
			} else {
				return nil, &Refusal{Code: "encoding-pinned", Stage: "encoding"}
			}
		}
		s.enc = enc
		if enc.name == "utf-8" && !v.valid {
			if err := s.damaged(ctx); err != nil {
				return nil, err
			}
		}
		return s, nil
	}
	if name == "" {
		name = utf16WithoutMark(v)
	}
	if name == "" && v.nul[0]+v.nul[1] > v.n/2 {
		return nil, &Refusal{Code: "binary", Stage: "encoding"}
	}
	if name == "" && v.valid {
		if v.controls*20 > v.n {
			return nil, &Refusal{Code: "binary", Stage: "encoding"}
		}
		name = "utf-8"
	}
	if name == "utf-8" && !v.valid {
		if s.enc, _ = encodingNamed(name); s.damaged(ctx) != nil {
			return nil, ctx.Err()
		}
		return s, nil
	}
	if name != "" {
		s.enc, _ = encodingNamed(name)
		return s, nil
	}
	return s, s.legacy(ctx, v)
}

// look reads every byte once.
func look(ctx context.Context, r io.ReaderAt, size int64, progress func(string, int64, int64)) (survey, error) {
	v := survey{valid: true}
	h := sha256.New()
	src := &sectionReader{ctx: ctx, r: r, end: size}
	buf := make([]byte, min(1<<20, size+8))
	keep := 0 // bytes of a character that the border of two blocks cuts
	for {
		n, err := src.Read(buf[keep:])
		fresh := buf[keep : keep+n]
		var hashing sync.WaitGroup
		hashing.Go(func() { h.Write(fresh) })
		if bytes.IndexByte(fresh, 0) >= 0 {
			for i, b := range fresh {
				if b == 0 {
					v.nul[(v.n+int64(i))&1]++
				}
			}
		}
		v.controls += countControls(fresh)
		v.n += int64(n)
		block := buf[:keep+n]
		if v.valid {
			whole := block
			if err == nil {
				whole = block[:len(block)-cutRune(block)]
			}
			v.valid = letters.Valid(whole)
			keep = len(block) - len(whole)
		} else {
			keep = 0
		}
		hashing.Wait()
		copy(buf, block[len(block)-keep:])
		if progress != nil && n > 0 {
			progress("encoding", v.n, 0)
		}
		if err == io.EOF {
			v.sum = hex.EncodeToString(h.Sum(nil))
			return v, nil
		}
		if err != nil {
			return v, err
		}
	}
}

func countControls(b []byte) (n int64) {
	for len(b) >= 8 {
		// Eight bytes at once: is any of them below 0x20?
		x := binary.LittleEndian.Uint64(b)
		if (x-0x2020202020202020)&^x&0x8080808080808080 != 0 {
			for _, c := range b[:8] {
				if c < 0x20 && controlByte[c] {
					n++
				}
			}
		}
		b = b[8:]
	}
	for _, c := range b {
		if c < 0x20 && controlByte[c] {
			n++
		}
	}
	return n
}

var controlByte = func() (t [32]bool) {
	for i := range t {
		t[i] = i != 0 && i != '\t' && i != '\n' && i != '\r' && i != '\f' && i != 0x1a
	}
	return t
}()

// cutRune is the length of an unfinished character at the end of b.
func cutRune(b []byte) int {
	for n := 1; n <= 3 && n <= len(b); n++ {
		c := b[len(b)-n]
		if utf8.RuneStart(c) {
			if c >= 0xc0 && !utf8.FullRune(b[len(b)-n:]) {
				return n
			}
			return 0
		}
	}
	return 0
}

// utf16WithoutMark: NUL at one parity in at least a fifth of the pairs, and
// hardly any at the other.
func utf16WithoutMark(v survey) string {
	pairs := v.n / 2
	if pairs < 2 || v.n%2 != 0 {
		return ""
	}
	switch even, odd := v.nul[0], v.nul[1]; {
	case odd*5 >= pairs && even*20 <= odd:
		return "utf-16le"
	case even*5 >= pairs && odd*20 <= even:
		return "utf-16be"
	}
	return ""
}

// damaged reads as UTF-8 with replacements.
func (s *source) damaged(ctx context.Context) error {
	s.enc.decode = func(r io.Reader) io.Reader { return &damagedReader{src: r} }
	_, bad, err := s.countUTF8(ctx)
	s.bad = bad
	return err
}

// countUTF8 counts characters of several bytes, and bytes that are none.
func (s *source) countUTF8(ctx context.Context) (multi int64, bad seen, err error) {
	src := &sectionReader{ctx: ctx, r: s.r, at: s.skip, end: s.size}
	buf := make([]byte, min(256<<10, s.size+8))
	keep, line := 0, int64(1)
	for {
		n, err := src.Read(buf[keep:])
		in := buf[:keep+n]
		for len(in) > 0 && (err != nil || utf8.FullRune(in)) {
			if in[0] < 0x80 {
				if in[0] == '\n' {
					line++
				}
				in = in[1:]
				continue
			}
			_, size := utf8.DecodeRune(in)
			if size == 1 {
				bad.add(1, 0, line)
			} else {
				multi++
			}
			in = in[size:]
		}
		keep = copy(buf, in)
		if err == io.EOF {
			return multi, bad, nil
		}
		if err != nil {
			return multi, bad, err
		}
	}
}

// legacy scores the encodings of before Unicode.
func (s *source) legacy(ctx context.Context, v survey) error {
	multi, bad, err := s.countUTF8(ctx)
	if err != nil {
		return err
	}
	if multi >= 20 && bad.n*100 < multi+bad.n {
		s.enc, _ = encodingNamed("utf-8")
		s.enc.decode = func(r io.Reader) io.Reader { return &damagedReader{src: r} }
		s.bad = bad
		return nil
	}
	best, sure, err := scoreLegacy(&sectionReader{ctx: ctx, r: s.r, at: s.skip, end: s.size})
	if err != nil {
		return err
	}
	if !sure && multi > bad.n {
		// More damage than the rule allows, but no other reading is better.
		s.enc, _ = encodingNamed("utf-8")
		s.enc.decode = func(r io.Reader) io.Reader { return &damagedReader{src: r} }
		s.bad, s.ask = bad, true
		return nil
	}
	// Control characters are letters only in two of the Vietnamese sets.
	if v.controls*33 > v.n && best != "tcvn5712" && best != "viscii" {
		return &Refusal{Code: "binary", Stage: "encoding"}
	}
	s.enc, _ = encodingNamed(best)
	s.ask = !sure
	return nil
}
