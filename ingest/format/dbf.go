package format

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"math"
	"strconv"
	"time"
)

// dbfFormat reads tables of dBASE III to 7, FoxPro and Visual FoxPro, which
// offices of statistics send, and in which shapefiles keep their attributes.
var dbfFormat = Format{Name: "dbf", Sniff: sniffDBF, Open: openDBF}

// sniffDBF: no letter of any text is among the versions, and date, lengths and
// the first column fit.
func sniffDBF(_ string, head []byte) bool {
	d := dbf{}
	return d.readHead(head)
}

func openDBF(ctx context.Context, r io.ReaderAt, size int64, o Options) (*File, error) {
	sum, err := sumOf(ctx, r, size, o.Progress)
	if err != nil {
		return nil, err
	}
	d, err := readDBF(r, size)
	if err != nil {
		return nil, err
	}
	file := &File{Report: Report{SHA256: sum, Questions: []Question{}}}
	f := newFinder(o, &file.Report)
	if err := d.findEncoding(ctx, f, nil); err != nil {
		return nil, err
	}
	f.labels = d.labels()
	f.open = func(ctx context.Context, _ *layout) (records, error) { return d.records(ctx), nil }
	f.problems = func(tr *TableReport, src records, keys []string) { d.report(tr, src.(*dbfRecords), keys) }
	t, err := f.find(ctx)
	if err != nil {
		return nil, err
	}
	file.Tables = append(file.Tables, t)
	return file, nil
}

// dbf is the head of a table: where its rows stand, and their columns.
type dbf struct {
	r       io.ReaderAt
	size    int64
	version byte
	lang    byte
	rows    int64
	head    int64 // bytes before the first row
	width   int   // bytes of a row, its mark of deletion with it
	fields  []dbfField
	text    *dbfText // how its text is decoded
}

type dbfField struct {
	name    []byte // as it stands
	kind    byte
	at, len int // in the row
}

const (
	dbfTypes = "CNFDLMIOTYBGP+@"
	dbfMemos = "MGP"
)

// is tells Visual FoxPro, whose B is a number, from dBASE 7, whose numbers
// stand with the high byte first.
func (d *dbf) fox() bool   { return d.version == 0x30 || d.version == 0x31 || d.version == 0x32 }
func (d *dbf) seven() bool { return d.version&7 == 4 && !d.fox() }

// readHead reads the head as far as it is in b; false: it is none.
func (d *dbf) readHead(b []byte) bool {
	if len(b) < 33 || bytes.IndexByte([]byte{0x03, 0x04, 0x30, 0x31, 0x32, 0x43, 0x63, 0x83, 0x8b, 0x8c, 0x8e, 0xcb, 0xf5, 0xfb}, b[0]) < 0 || b[2] > 12 || b[3] > 31 || b[12]|b[13] != 0 {
		return false
	}
	d.version, d.lang = b[0], b[29]
	d.rows = int64(binary.LittleEndian.Uint32(b[4:]))
	d.head = int64(binary.LittleEndian.Uint16(b[8:]))
	d.width = int(binary.LittleEndian.Uint16(b[10:]))
	first, step, nameLen := 32, 32, 11
	if d.seven() {
		first, step, nameLen = 68, 48, 32
	}
	if d.head < int64(first+step+1) || d.width < 2 {
		return false
	}
	at := 1
	long := 1 // long texts of FoxPro and Clipper count on in the place of the decimals
	for p := first; p < len(b) && b[p] != '\r'; p += step {
		if p+step >= len(b) || p+step >= int(d.head) {
			return false // no end of the columns
		}
		name := b[p : p+nameLen]
		if n := bytes.IndexByte(name, 0); n >= 0 {
			name = name[:n]
		}
		kind, n, more := b[p+nameLen], int(b[p+16]), int(b[p+17])
		if d.seven() {
			n, more = int(b[p+33]), int(b[p+34])
		}
		if d.fox() && (kind == '0' || b[p+18]&1 != 0) {
			at += n // a column of the program itself
			continue
		}
		if bytes.IndexByte([]byte(dbfTypes), kind) < 0 || n == 0 && (kind != 'C' || more == 0) {
			return false
		}
		if kind == 'C' && more > 0 {
			long += more << 8
		}
		d.fields = append(d.fields, dbfField{name: bytes.Clone(name), kind: kind, at: at, len: n})
		at += n
	}
	if at < d.width && long > 1 && at+long-1 <= d.width {
		d.lengthen(b, first, step)
		at += long - 1
	}
	return len(d.fields) > 0 && at <= d.width
}

// lengthen gives the texts their long lengths.
func (d *dbf) lengthen(b []byte, first, step int) {
	if d.seven() {
		return
	}
	at, i := 1, 0
	for p := first; p+step <= len(b) && p+step <= int(d.head) && b[p] != '\r'; p += step {
		n := int(b[p+16])
		if d.fox() && (b[p+11] == '0' || b[p+18]&1 != 0) {
			at += n
			continue
		}
		if b[p+11] == 'C' {
			n += int(b[p+17]) << 8
		}
		d.fields[i].at, d.fields[i].len = at, n
		at += n
		i++
	}
}

// readDBF reads the head of a table, whose rows must all be there.
func readDBF(r io.ReaderAt, size int64) (*dbf, error) {
	head := make([]byte, min(size, headSize))
	if n, err := r.ReadAt(head, 0); n < len(head) {
		return nil, err
	}
	d := &dbf{r: r, size: size}
	if !d.readHead(head) {
		return nil, &Refusal{Code: "dbf", Stage: "structure"}
	}
	if d.rows > (size-d.head)/int64(d.width) || d.head > size {
		return nil, &Refusal{Code: "dbf-cut", Stage: "structure"}
	}
	for _, f := range d.fields {
		if !f.fits(d) {
			return nil, &Refusal{Code: "dbf", Stage: "structure"}
		}
	}
	return d, nil
}

// fits: a binary cell has the length that its type demands.
func (f dbfField) fits(d *dbf) bool {
	switch f.kind {
	case 'I', '+':
		return f.len == 4
	case 'T', 'Y', 'O', '@':
		return f.len == 8
	case 'D':
		return f.len == 8
	case 'B':
		return !d.fox() || f.len == 8
	}
	return true
}

// binary says whether a cell is bytes rather than characters.
func (f dbfField) binary(d *dbf) bool {
	switch f.kind {
	case 'C', 'N', 'F', 'D', 'L':
		return false
	}
	return true
}

func (f dbfField) memo(d *dbf) bool {
	return bytes.IndexByte([]byte(dbfMemos), f.kind) >= 0 || f.kind == 'B' && !d.fox()
}

func (d *dbf) labels() []string {
	out := make([]string, len(d.fields))
	for i, f := range d.fields {
		out[i] = string(d.text.cell(nil, f.name))
	}
	return out
}

// dbfRecords gives the rows of a table, one after the other. Rows that are
// marked as deleted are given as hidden.
type dbfRecords struct {
	record
	d     *dbf
	src   io.Reader
	block []byte // whole rows
	rest  []byte // of them, not yet given
	out   []byte
	spans [][2]int

	deleted seen
	memos   seen   // cells whose text stands in a file that was not sent
	errors  []seen // by column: cells that cannot mean what they hold
	stars   []seen // by column: numbers of stars alone
}

func (d *dbf) records(ctx context.Context) *dbfRecords {
	end := d.head + d.rows*int64(d.width)
	rows := max(1, min(d.rows, int64(256<<10/d.width)))
	return &dbfRecords{d: d, src: &sectionReader{ctx: ctx, r: d.r, at: d.head, end: end},
		block: make([]byte, rows*int64(d.width)), errors: make([]seen, len(d.fields)), stars: make([]seen, len(d.fields))}
}

func (r *dbfRecords) at() *record { return &r.record }

func (r *dbfRecords) next() error {
	if len(r.rest) == 0 {
		n, err := io.ReadFull(r.src, r.block)
		if n == 0 || err != nil && err != io.ErrUnexpectedEOF {
			if err == nil || err == io.ErrUnexpectedEOF {
				err = io.EOF
			}
			return err
		}
		r.rest = r.block[:n-n%r.d.width]
		if len(r.rest) == 0 {
			return &Refusal{Code: "changed", Stage: "structure"}
		}
	}
	row := r.rest[:r.d.width]
	r.rest = r.rest[r.d.width:]
	r.n++
	r.line = r.n
	r.start, r.end = r.end, r.end+int64(r.d.width)
	r.hidden = row[0] == '*'
	if r.hidden {
		r.deleted.add(1, 0, r.line)
	}
	r.out, r.spans, r.cells = r.out[:0], r.spans[:0], r.cells[:0]
	for i := range r.d.fields {
		f := &r.d.fields[i]
		from := len(r.out)
		as := r.fill(i, f, row[f.at:f.at+f.len])
		r.spans = append(r.spans, [2]int{from, len(r.out)})
		r.cells = append(r.cells, cell{as: as})
	}
	for j, s := range r.spans {
		r.cells[j].b = r.out[s[0]:s[1]:s[1]]
	}
	return nil
}

// fill adds the text of a cell to r.out.
func (r *dbfRecords) fill(i int, f *dbfField, b []byte) cellKind {
	switch f.kind {
	case 'C':
		r.out = r.d.text.cell(r.out, bytes.TrimRight(b, " \x00"))
		return asText
	case 'N', 'F':
		return r.number(i, bytes.Trim(b, " \x00"))
	case 'D':
		return r.day(i, bytes.Trim(b, " \x00"))
	case 'L':
		switch b[0] {
		case 'T', 't', 'Y', 'y':
			r.out = append(r.out, "true"...)
		case 'F', 'f', 'N', 'n':
			r.out = append(r.out, "false"...)
		case '?', ' ', 0:
		default:
			r.fault(i)
		}
		return asFound
	}
	if f.memo(r.d) {
		if len(bytes.Trim(b, " 0\x00")) > 0 && !r.hidden {
			r.memos.add(1, 0, r.line)
		}
		return asFound
	}
	return r.binary(i, f, b)
}

func (r *dbfRecords) fault(i int) {
	if !r.hidden {
		r.errors[i].add(1, 0, r.line)
	}
}

// number takes the digits as they stand. Stars are how programs write a number
// that is none, and dBASE one too wide for its column.
func (r *dbfRecords) number(i int, b []byte) cellKind {
	if len(b) == 0 {
		return asNumber
	}
	if len(bytes.Trim(b, "*")) == 0 {
		if !r.hidden {
			r.stars[i].add(1, 0, r.line)
		}
		return asNumber
	}
	if b[0] == '-' && len(b) > 1 {
		r.out = append(r.out, '-')
		b = b[1:]
	}
	if b[0] == '.' && len(b) > 1 && digit(b[1]) {
		r.out = append(r.out, '0')
	}
	if n := len(b); n > 1 && b[n-1] == '.' && digit(b[n-2]) {
		b = b[:n-1]
	}
	for _, c := range b {
		if c >= 0x80 || c == ',' || c == 0 {
			r.out = r.d.text.cell(r.out, b)
			return asFound
		}
	}
	r.out = append(r.out, b...)
	return asNumber
}

// day turns yyyymmdd into an ISO date; what is none stands as it is.
func (r *dbfRecords) day(i int, b []byte) cellKind {
	if len(bytes.Trim(b, "0")) == 0 {
		return asFound
	}
	if _, err := time.Parse("20060102", string(b)); err == nil {
		r.out = append(append(append(append(append(r.out, b[:4]...), '-'), b[4:6]...), '-'), b[6:]...)
		return asDay
	}
	r.out = r.d.text.cell(r.out, b)
	return asFound
}

const (
	julianYear1    = 1_721_426 // 1 January of the year 1
	julianYear9999 = 5_373_484
	julian1970     = 2_440_588
)

// binary reads the cells that are no characters.
func (r *dbfRecords) binary(i int, f *dbfField, b []byte) cellKind {
	switch f.kind {
	case 'I', '+':
		n := int32(binary.LittleEndian.Uint32(b))
		if r.d.seven() {
			if n = int32(binary.BigEndian.Uint32(b) ^ 1<<31); n == math.MinInt32 {
				return asNumber // never filled
			}
		}
		r.out = strconv.AppendInt(r.out, int64(n), 10)
	case 'Y': // money, in ten thousandths
		n := int64(binary.LittleEndian.Uint64(b))
		if n == math.MinInt64 {
			r.fault(i)
			return asNumber
		}
		if n < 0 {
			r.out, n = append(r.out, '-'), -n
		}
		r.out = strconv.AppendInt(r.out, n/10_000, 10)
		frac := strconv.AppendInt(nil, 10_000+n%10_000, 10)
		r.out = append(append(r.out, '.'), frac[1:]...)
	case 'B', 'O':
		bits := binary.LittleEndian.Uint64(b)
		if r.d.seven() {
			// Stored so that bytes sort as numbers do.
			if bits = binary.BigEndian.Uint64(b); bits == 0 {
				return asNumber
			}
			if bits>>63 == 1 {
				bits ^= 1 << 63
			} else {
				bits = ^bits
			}
		}
		v := math.Float64frombits(bits)
		if math.IsNaN(v) || math.IsInf(v, 0) {
			r.fault(i)
			return asNumber
		}
		r.out = appendExact(r.out, v)
	case 'T', '@': // days of the Julian count, and milliseconds of the day
		day, ms := int64(int32(binary.LittleEndian.Uint32(b))), int64(int32(binary.LittleEndian.Uint32(b[4:])))
		switch {
		case len(bytes.Trim(b, " \x00")) == 0:
		case day < julianYear1 || day > julianYear9999 || ms < 0 || ms >= 86_400_000:
			r.fault(i)
		default:
			layout := "2006-01-02T15:04:05"
			if ms%1000 != 0 {
				layout += ".000"
			}
			r.out = time.UnixMilli((day-julian1970)*86_400_000+ms).UTC().AppendFormat(r.out, layout)
		}
		return asFound
	}
	return asNumber
}

// appendExact writes the shortest digits that read back, as people write them.
func appendExact(dst []byte, v float64) []byte {
	if v == 0 {
		v = 0 // and not -0
	}
	if a := math.Abs(v); a != 0 && (a < 1e-6 || a >= 1e21) {
		return strconv.AppendFloat(dst, v, 'e', -1, 64)
	}
	return strconv.AppendFloat(dst, v, 'f', -1, 64)
}

// report tells what was met; f.problems calls it after the first pass.
func (d *dbf) report(tr *TableReport, r *dbfRecords, keys []string) {
	tr.problem("deleted-row", r.deleted, "", "")
	tr.problem("memo", r.memos, "", "memo file")
	for i, e := range r.errors {
		tr.problem("error-cell", e, keys[i], "")
		tr.problem("null-token", r.stars[i], keys[i], "***")
	}
	tr.problem("bad-bytes", d.text.bad.whole(), "", d.text.name)
	if behind := d.size - d.head - d.rows*int64(d.width); behind > 1 {
		tr.problem("bytes-behind", seen{n: behind}, "", "")
	}
}
