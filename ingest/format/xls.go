package format

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf16"

	"golang.org/x/text/encoding/charmap"
)

// xlsFormat reads workbooks of Excel 5 to 2003: records of the kind BIFF5 and
// BIFF8 in a compound file. Source: [MS-XLS], and OpenOffice.org's description
// of the format for BIFF5.
var xlsFormat = Format{
	Name:  "xls",
	Sniff: func(_ string, head []byte) bool { return bytes.HasPrefix(head, []byte(compoundMark)) },
	Open:  openXLS,
}

// The records that are read. All others are passed over.
const (
	biffFormula    = 0x0006
	biffEOF        = 0x000a
	biff1904       = 0x0022
	biffPassword   = 0x002f
	biffContinue   = 0x003c
	biffCodepage   = 0x0042
	biffColumns    = 0x007d
	biffSheet      = 0x0085
	biffMulRK      = 0x00bd
	biffRichLabel  = 0x00d6
	biffXF         = 0x00e0
	biffMerged     = 0x00e5
	biffStrings    = 0x00fc
	biffLabelIndex = 0x00fd
	biffNumber     = 0x0203
	biffLabel      = 0x0204
	biffBoolean    = 0x0205
	biffString     = 0x0207
	biffRow        = 0x0208
	biffArray      = 0x0221
	biffTable      = 0x0236
	biffRK         = 0x027e
	biffFormat     = 0x041e
	biffShared     = 0x04bc
	biffBOF        = 0x0809
)

// biffBook is one reading of one workbook.
type biffBook struct {
	disk     *watched
	stream   *chain
	limits   Limits
	eight    bool // BIFF8: strings are Unicode
	decode   func([]byte) string
	date1904 bool
	strings  stringTable
	codes    map[uint16]numberFormat // by their number
	xf       []uint16                // number of the format of each cell style
	sheets   []*sheet
	about    map[*sheet]*biffSheetAbout
	listed   int // runs of cells of all sheets whose rows are mixed up
}

var errBIFF = errors.New("malformed record")

func openXLS(ctx context.Context, r io.ReaderAt, size int64, o Options) (*File, error) {
	b := &biffBook{disk: &watched{r: r}, limits: o.Limits, codes: make(map[uint16]numberFormat), about: make(map[*sheet]*biffSheetAbout)}
	sum, err := sumOf(ctx, r, size, o.Progress)
	if err != nil {
		return nil, err
	}
	if err := b.open(ctx, size); err != nil {
		return nil, b.fault(err)
	}
	file, err := openSheets(ctx, b.sheets, o, b.reader)
	if err != nil {
		return nil, err
	}
	file.Report.SHA256 = sum
	return file, nil
}

func (b *biffBook) fault(err error) error {
	var r *Refusal
	switch {
	case err == nil, errors.As(err, &r), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	}
	if disk := b.disk.err.Load(); disk != nil {
		return fmt.Errorf("read file: %w", *disk)
	}
	return &Refusal{Code: "xls", Stage: "structure"}
}

// open finds the stream of the workbook, or says what the file is instead.
func (b *biffBook) open(ctx context.Context, size int64) error {
	c, err := openCompound(b.disk, size)
	if err != nil {
		return err
	}
	var book *stream
	for i, s := range c.root {
		if strings.EqualFold(s.name, "Workbook") || strings.EqualFold(s.name, "Book") && book == nil {
			book = &c.root[i]
		}
	}
	switch {
	case c.has("EncryptedPackage"):
		return &Refusal{Code: "encrypted", Stage: "sniff"}
	case book != nil:
	case c.has("WordDocument"), c.has("PowerPoint Document"):
		return &Refusal{Code: "office", Stage: "sniff"}
	default:
		return &Refusal{Code: "binary", Stage: "sniff"}
	}
	if b.stream, err = c.open(*book); err != nil {
		return err
	}
	return b.globals(ctx)
}

// biffReader gives the records of the stream from a place on.
type biffReader struct {
	ctx    context.Context
	stream *chain
	in     *bufio.Reader
	at     int64 // where the next record begins
	n      int
	id     uint16
	data   []byte
}

func (b *biffBook) from(ctx context.Context, at int64, buffer int) *biffReader {
	r := &biffReader{ctx: ctx, stream: b.stream, in: bufio.NewReaderSize(nil, buffer), at: -1}
	r.seek(at)
	return r
}

// seek goes to the record that begins there.
func (r *biffReader) seek(at int64) {
	if ahead := at - r.at; r.at >= 0 && ahead >= 0 && ahead <= int64(r.in.Buffered()) {
		r.in.Discard(int(ahead))
	} else {
		at = min(at, r.stream.size)
		r.in.Reset(io.NewSectionReader(r.stream, at, r.stream.size-at))
	}
	r.at = at
}

// next reads a record.
func (r *biffReader) next() error {
	if r.n++; r.n&0xfff == 0 {
		if err := r.ctx.Err(); err != nil {
			return err
		}
	}
	var head [4]byte
	if _, err := io.ReadFull(r.in, head[:]); err != nil {
		return errBIFF // what is read ends with a record that says so
	}
	r.id = binary.LittleEndian.Uint16(head[:])
	n := int(binary.LittleEndian.Uint16(head[2:]))
	if cap(r.data) < n {
		r.data = make([]byte, n, 1<<16)
	}
	r.data = r.data[:n]
	if _, err := io.ReadFull(r.in, r.data); err != nil {
		return errBIFF
	}
	r.at += int64(4 + n)
	return nil
}

// peek is the id of the next record, and its row if it holds cells; 0: there
// is none.
func (r *biffReader) peek() (id uint16, row int64) {
	head, _ := r.in.Peek(6)
	if len(head) >= 2 {
		id = binary.LittleEndian.Uint16(head)
	}
	if len(head) == 6 {
		row = int64(binary.LittleEndian.Uint16(head[4:])) + 1
	}
	return id, row
}

// toCell goes on to the next record that holds cells and tells their row;
// io.EOF: the sheet ends. The records before it are shown to other, if not nil.
func (r *biffReader) toCell(other func() error) (int64, error) {
	for depth := 0; ; { // charts lie in sheets
		id, row := r.peek()
		switch {
		case depth == 0 && holdsCells(id):
			return row, nil
		case depth == 0 && id == biffEOF:
			return 0, io.EOF
		case id == biffEOF:
			depth--
		case id == biffBOF:
			depth++
		}
		if err := r.next(); err != nil {
			return 0, err
		}
		if depth == 0 && other != nil {
			if err := other(); err != nil {
				return 0, err
			}
		}
	}
}

// globals reads what all sheets share.
func (b *biffBook) globals(ctx context.Context) error {
	r := b.from(ctx, 0, 64<<10)
	if err := r.next(); err != nil || r.id != biffBOF || len(r.data) < 4 {
		return errBIFF
	}
	switch binary.LittleEndian.Uint16(r.data) {
	case 0x0600:
		b.eight = true
	case 0x0500:
	default:
		return errBIFF
	}
	b.decode = codepage(1252)
	le := binary.LittleEndian
	for {
		if err := r.next(); err != nil {
			return err
		}
		switch d := r.data; r.id {
		case biffEOF:
			return nil
		case biffPassword:
			return &Refusal{Code: "encrypted", Stage: "sniff"}
		case biffCodepage:
			if len(d) >= 2 {
				b.decode = codepage(le.Uint16(d))
			}
		case biff1904:
			b.date1904 = len(d) >= 2 && le.Uint16(d) == 1
		case biffFormat:
			if len(d) < 4 || len(b.codes) > 10_000 {
				continue
			}
			var code string
			if b.eight {
				code, _ = unicodeString(d[4:], int(le.Uint16(d[2:])))
			} else {
				code = b.decode(d[3:min(len(d), 3+int(d[2]))])
			}
			b.codes[le.Uint16(d)] = formatOf(code)
		case biffXF:
			if len(d) >= 4 && len(b.xf) < 1<<16 {
				b.xf = append(b.xf, le.Uint16(d[2:]))
			}
		case biffSheet:
			if err := b.addSheet(d); err != nil {
				return err
			}
		case biffStrings:
			if err := b.readStrings(r); err != nil {
				return err
			}
		}
	}
}

// addSheet takes worksheets; charts, macros and modules are none.
func (b *biffBook) addSheet(d []byte) error {
	if len(d) < 7 || d[5] != 0 {
		return nil
	}
	var name string
	if b.eight {
		if len(d) < 8 {
			return errBIFF
		}
		name, _ = unicodeString(d[7:], int(d[6]))
	} else {
		name = b.decode(d[7:min(len(d), 7+int(d[6]))])
	}
	if len(b.sheets) == b.limits.Sheets || len(name) > b.limits.Label {
		return &Refusal{Code: "too-large", Stage: "structure"}
	}
	s := &sheet{name: Label(name), hidden: d[4]&3 != 0}
	b.sheets = append(b.sheets, s)
	b.about[s] = &biffSheetAbout{at: int64(binary.LittleEndian.Uint32(d))}
	return nil
}

// format is how numbers of this cell style are shown.
func (b *biffBook) format(xf uint16) numberFormat {
	if int(xf) >= len(b.xf) {
		return numberFormat{}
	}
	id := b.xf[xf]
	if f, ok := b.codes[id]; ok {
		return f
	}
	return builtinFormat(int(id))
}

// unicodeString reads n characters behind a byte that says how wide they are,
// or as many as there are, and says how many those were. The number of runs of
// rich text and the size of reading aids come between and are passed over.
func unicodeString(d []byte, n int) (string, int) {
	if len(d) == 0 || n <= 0 {
		return "", 0
	}
	flags := d[0]
	d = d[1:]
	if flags&8 != 0 {
		d = d[min(2, len(d)):]
	}
	if flags&4 != 0 {
		d = d[min(4, len(d)):]
	}
	units := appendUnits(nil, d, n, flags)
	return utf16Text(units), len(units)
}

// appendUnits adds n characters, or as many as there are. Those of one byte
// are the first 256 of Unicode.
func appendUnits(dst []uint16, d []byte, n int, flags byte) []uint16 {
	if flags&1 == 0 {
		for _, c := range d[:min(n, len(d))] {
			dst = append(dst, uint16(c))
		}
		return dst
	}
	for ; n > 0 && len(d) >= 2; n-- {
		dst = append(dst, binary.LittleEndian.Uint16(d))
		d = d[2:]
	}
	return dst
}

func utf16Text(units []uint16) string { return string(utf16.Decode(units)) }

// codepage decodes the strings of BIFF5.
func codepage(n uint16) func([]byte) string {
	names := map[uint16]string{1258: "windows-1258", 932: "cp932", 950: "big5", 936: "gb18030", 949: "euc-kr", 65001: "utf-8"}
	if name, ok := names[n]; ok {
		e, _ := encodingNamed(name)
		return func(b []byte) string {
			text, err := io.ReadAll(e.decode(bytes.NewReader(b)))
			if err != nil {
				return ""
			}
			return strings.ToValidUTF8(string(text), "\ufffd")
		}
	}
	table := map[uint16]*charmap.Charmap{437: charmap.CodePage437, 850: charmap.CodePage850, 852: charmap.CodePage852, 866: charmap.CodePage866, 874: charmap.Windows874,
		1250: charmap.Windows1250, 1251: charmap.Windows1251, 1253: charmap.Windows1253, 1254: charmap.Windows1254, 1255: charmap.Windows1255,
		1256: charmap.Windows1256, 1257: charmap.Windows1257, 10000: charmap.Macintosh, 32768: charmap.Macintosh}[n]
	if table == nil {
		table = charmap.Windows1252
	}
	return func(b []byte) string {
		text, err := table.NewDecoder().Bytes(b)
		if err != nil {
			return ""
		}
		return string(text)
	}
}

// readStrings reads the table of strings, which goes on over many records. A
// string that is cut by the end of one says anew how wide its characters are.
func (b *biffBook) readStrings(r *biffReader) error {
	if len(r.data) < 8 {
		return errBIFF
	}
	count := binary.LittleEndian.Uint32(r.data[4:])
	p := &stringParts{r: r, d: r.data[8:]}
	for range count {
		if p.done() {
			return nil // fewer than it says: a cell that points beyond is refused
		}
		text, err := p.string()
		if err != nil {
			return err
		}
		if int64(len(text)) > b.limits.Cell || !b.strings.add(text) {
			return &Refusal{Code: "too-large", Stage: "structure"}
		}
	}
	return nil
}

type stringParts struct {
	r     *biffReader
	d     []byte
	units []uint16
}

// goOn reads the next part; false: the table ends here.
func (p *stringParts) goOn() (bool, error) {
	if id, _ := p.r.peek(); id != biffContinue {
		return false, nil
	}
	if err := p.r.next(); err != nil {
		return false, err
	}
	p.d = p.r.data
	return true, nil
}

func (p *stringParts) done() bool {
	id, _ := p.r.peek()
	return len(p.d) == 0 && id != biffContinue
}

// take gives n bytes, which may lie in several parts.
func (p *stringParts) take(n int) ([]byte, error) {
	if len(p.d) >= n {
		b := p.d[:n]
		p.d = p.d[n:]
		return b, nil
	}
	b := bytes.Clone(p.d)
	for len(b) < n {
		if ok, err := p.goOn(); err != nil || !ok {
			return nil, errBIFF
		}
		m := min(n-len(b), len(p.d))
		b = append(b, p.d[:m]...)
		p.d = p.d[m:]
	}
	return b, nil
}

func (p *stringParts) skip(n int64) error {
	for n > 0 {
		if len(p.d) == 0 {
			if ok, err := p.goOn(); err != nil || !ok {
				return errBIFF
			}
			continue
		}
		m := min(n, int64(len(p.d)))
		p.d = p.d[m:]
		n -= m
	}
	return nil
}

func (p *stringParts) string() ([]byte, error) {
	head, err := p.take(3)
	if err != nil {
		return nil, err
	}
	n, flags := int(binary.LittleEndian.Uint16(head)), head[2]
	runs, extra := 0, int64(0)
	if flags&8 != 0 {
		b, err := p.take(2)
		if err != nil {
			return nil, err
		}
		runs = int(binary.LittleEndian.Uint16(b))
	}
	if flags&4 != 0 {
		b, err := p.take(4)
		if err != nil {
			return nil, err
		}
		extra = int64(binary.LittleEndian.Uint32(b))
	}
	p.units = p.units[:0]
	for len(p.units) < n {
		if len(p.d) == 0 {
			ok, err := p.goOn()
			if err != nil || !ok || len(p.d) == 0 {
				return nil, errBIFF
			}
			flags = flags&^1 | p.d[0]&1
			p.d = p.d[1:]
			continue
		}
		had := len(p.units)
		p.units = appendUnits(p.units, p.d, n-had, flags)
		got := len(p.units) - had
		if got == 0 {
			return nil, errBIFF // a character that is cut in two
		}
		p.d = p.d[got*(1+int(flags&1)):]
	}
	return []byte(utf16Text(p.units)), p.skip(int64(runs)*4 + extra)
}
