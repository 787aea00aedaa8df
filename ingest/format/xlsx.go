package format

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"path"
	"strconv"
	"strings"
	"unicode/utf8"
)

// workbook is one reading of one workbook of Office Open XML, transitional or
// strict, with macros or without. Only what tables need is read of it: comments, authors, properties and pictures are parts that nobody opens.
type workbook struct {
	*archive
	date1904 bool
	strings  stringTable
	formats  []numberFormat // of the cells, by their style
	sheets   []*sheet
}

func openXLSX(ctx context.Context, a *archive, o Options) (*File, error) {
	a.damaged = "workbook"
	b := &workbook{archive: a}
	if err := b.open(ctx); err != nil {
		return nil, err
	}
	return openSheets(ctx, b.sheets, o, b.reader)
}

// sumOf hashes a file as it stands.
func sumOf(ctx context.Context, r io.ReaderAt, size int64, progress func(string, int64, int64)) (string, error) {
	h := sha256.New()
	in := &sectionReader{ctx: ctx, r: r, end: size}
	buf := make([]byte, 256<<10)
	for {
		n, err := in.Read(buf)
		h.Write(buf[:n])
		if err == io.EOF {
			return hex.EncodeToString(h.Sum(nil)), nil
		}
		if err != nil {
			return "", err
		}
		if progress != nil {
			progress("encoding", in.at, 0)
		}
	}
}

func (b *workbook) open(ctx context.Context) error {
	main, err := b.find(ctx)
	if err != nil {
		return err
	}
	if b.parts[main].Flags&1 != 0 {
		return &Refusal{Code: "encrypted", Stage: "sniff"}
	}
	rels, err := b.relations(ctx, main)
	if err != nil {
		return err
	}
	if err := b.readWorkbook(ctx, main, rels); err != nil {
		return err
	}
	for _, r := range rels {
		switch r.kind {
		case "sharedStrings":
			if err := b.readStrings(ctx, r.target); err != nil {
				return err
			}
		case "styles":
			if err := b.readStyles(ctx, r.target); err != nil {
				return err
			}
		}
	}
	return nil
}

// find gives the part that the whole hangs on, or says what the package is instead.
func (b *workbook) find(ctx context.Context) (string, error) {
	rels, err := b.relations(ctx, "")
	if err != nil {
		return "", err
	}
	for _, r := range rels {
		if r.kind != "officeDocument" || b.parts[r.target] == nil {
			continue
		}
		switch {
		case strings.HasSuffix(r.target, ".bin"):
			return "", &Refusal{Code: "xlsb", Stage: "sniff"}
		case strings.HasPrefix(r.target, "word/"), strings.HasPrefix(r.target, "ppt/"):
			return "", &Refusal{Code: "office", Stage: "sniff"}
		}
		return r.target, nil
	}
	return "", &Refusal{Code: "workbook", Stage: "sniff"}
}

// part opens a part and scans it. first: it is the first look at it.
func (b *workbook) part(ctx context.Context, name string, first bool) (*xmlScanner, error) {
	r, err := b.archive.part(ctx, name, first)
	if err != nil {
		return nil, err
	}
	return newXMLScanner(r), nil
}

// relation says what another part is to this one.
type relation struct{ id, kind, target string }

// relations of a part; "" is the package.
func (b *workbook) relations(ctx context.Context, of string) ([]relation, error) {
	dir, base := path.Split(of)
	name := dir + "_rels/" + base + ".rels"
	if b.parts[name] == nil {
		return nil, &Refusal{Code: "workbook", Stage: "structure"}
	}
	x, err := b.part(ctx, name, true)
	if err != nil {
		return nil, err
	}
	var out []relation
	for {
		k, err := x.next()
		if err != nil {
			return nil, b.fault(err)
		}
		if k == xmlEOF {
			return out, nil
		}
		if k != xmlStart || string(x.name) != "Relationship" {
			continue
		}
		values, err := x.attrStrings("Id", "Type", "Target", "TargetMode")
		if err != nil {
			return nil, b.fault(err)
		}
		if values[3] == "External" {
			continue
		}
		if len(out) == b.limits.Entries {
			return nil, &Refusal{Code: "too-large", Stage: "structure"}
		}
		target := values[2]
		if !strings.HasPrefix(target, "/") {
			target = path.Join(dir, target)
		}
		out = append(out, relation{values[0], path.Base(values[1]), partName(path.Clean(target))})
	}
}

func (x *xmlScanner) attrStrings(names ...string) ([]string, error) {
	out := make([]string, len(names))
	for i, n := range names {
		v, err := x.attr(n)
		if err != nil {
			return nil, err
		}
		if !utf8.Valid(v) {
			return nil, errXML
		}
		out[i] = string(v)
	}
	return out, nil
}

func isTrue(v string) bool { return v == "1" || v == "true" || v == "on" }

func (b *workbook) readWorkbook(ctx context.Context, main string, rels []relation) error {
	x, err := b.part(ctx, main, true)
	if err != nil {
		return err
	}
	for {
		k, err := x.next()
		if err != nil {
			return b.fault(err)
		}
		if k == xmlEOF {
			return nil
		}
		if k != xmlStart {
			continue
		}
		switch string(x.name) {
		case "workbookPr":
			v, err := x.attrStrings("date1904")
			if err != nil {
				return b.fault(err)
			}
			b.date1904 = isTrue(v[0])
		case "sheet":
			v, err := x.attrStrings("name", "state", "id")
			if err != nil {
				return b.fault(err)
			}
			if len(b.sheets) == b.limits.Sheets || len(v[0]) > b.limits.Label {
				return &Refusal{Code: "too-large", Stage: "structure"}
			}
			for _, r := range rels {
				if r.id == v[2] && r.kind == "worksheet" { // charts and dialogs are none
					b.sheets = append(b.sheets, &sheet{name: Label(v[0]), part: r.target, hidden: v[1] == "hidden" || v[1] == "veryHidden"})
					break
				}
			}
		}
	}
}

// stringTable holds the strings that cells point to, in blocks, so that it
// does not grow by copying.
type stringTable struct {
	blocks [][]byte
	ends   []stringPlace
	size   int64
}

type stringPlace struct{ block, from, to uint32 }

const (
	stringBlock  = 1 << 20
	stringsBytes = 128 << 20 // of all strings; more would be the child's whole memory
	stringsMost  = 8 << 20   // strings
)

func (t *stringTable) add(s []byte) bool {
	if t.size += int64(len(s)); t.size > stringsBytes || len(t.ends) == stringsMost {
		return false
	}
	last := len(t.blocks) - 1
	if last < 0 || len(t.blocks[last])+len(s) > cap(t.blocks[last]) {
		t.blocks = append(t.blocks, make([]byte, 0, max(stringBlock, len(s))))
		last++
	}
	from := len(t.blocks[last])
	t.blocks[last] = append(t.blocks[last], s...)
	t.ends = append(t.ends, stringPlace{uint32(last), uint32(from), uint32(from + len(s))})
	return true
}

func (t *stringTable) at(i int) []byte {
	p := t.ends[i]
	return t.blocks[p.block][p.from:p.to:p.to]
}

func (b *workbook) readStrings(ctx context.Context, name string) error {
	x, err := b.part(ctx, name, true)
	if err != nil {
		return err
	}
	var buf []byte
	for {
		k, err := x.next()
		if err != nil {
			return b.fault(err)
		}
		if k == xmlEOF {
			return nil
		}
		if k != xmlStart || string(x.name) != "si" {
			continue
		}
		if buf, err = b.richText(x, buf[:0]); err != nil {
			return b.fault(err)
		}
		if !b.strings.add(buf) {
			return &Refusal{Code: "too-large", Stage: "structure"}
		}
	}
}

// richText adds the text of a string item, whose start is at hand: its runs
// one behind the other, without the readings over them (rPh).
func (b *workbook) richText(x *xmlScanner, dst []byte) ([]byte, error) {
	at, from := x.depth()-1, len(dst)
	inText := false
	for {
		k, err := x.next()
		if err != nil {
			return dst, err
		}
		switch k {
		case xmlStart:
			switch string(x.name) {
			case "rPh", "phoneticPr", "rPr":
				if err := x.skip(); err != nil {
					return dst, err
				}
			case "t":
				inText = true
			}
		case xmlEnd:
			inText = false
			if x.depth() == at {
				if !utf8.Valid(dst[from:]) {
					return dst, errXML
				}
				return unescapeCell(dst, from), nil
			}
		case xmlText:
			if inText {
				if dst, err = x.appendText(dst); err != nil {
					return dst, err
				}
				if int64(len(dst)-from) > b.limits.Cell {
					return dst, &Refusal{Code: "too-large", Stage: "structure"}
				}
			}
		case xmlEOF:
			return dst, errXML
		}
	}
}

// unescapeCell decodes _xHHHH_ in dst from there on: characters that XML
// cannot hold. What decodes to no character stays as it is written.
func unescapeCell(dst []byte, from int) []byte {
	if bytes.Index(dst[from:], []byte("_x")) < 0 {
		return dst
	}
	unit := func(b []byte) (rune, bool) {
		if len(b) < 7 || b[0] != '_' || b[1] != 'x' || b[6] != '_' {
			return 0, false
		}
		n, err := strconv.ParseUint(string(b[2:6]), 16, 32)
		return rune(n), err == nil
	}
	in := bytes.Clone(dst[from:])
	dst = dst[:from]
	for i := 0; i < len(in); {
		r, ok := unit(in[i:])
		used := 7
		if ok && r >= 0xd800 && r < 0xdc00 {
			low, lowOK := unit(in[i+7:])
			if ok = lowOK && low >= 0xdc00 && low < 0xe000; ok {
				r, used = (r-0xd800)<<10|(low-0xdc00)+0x10000, 14
			}
		}
		if !ok || !utf8.ValidRune(r) {
			dst = append(dst, in[i])
			i++
			continue
		}
		dst = utf8.AppendRune(dst, r)
		i += used
	}
	return dst
}

// readStyles reads which number format each cell style has. A style part that
// will not parse is ignored: the numbers stay numbers.
func (b *workbook) readStyles(ctx context.Context, name string) error {
	x, err := b.part(ctx, name, true)
	if err != nil {
		return nil
	}
	own := make(map[int]numberFormat)
	var formats []numberFormat
	cells := false
	for {
		k, err := x.next()
		switch {
		case err != nil:
			err = b.fault(err)
			var r *Refusal
			if errors.As(err, &r) && r.Code == "workbook" {
				return nil
			}
			return err
		case k == xmlEOF:
			b.formats = formats
			return nil
		case k == xmlEnd:
			if string(x.name) == "cellXfs" {
				cells = false
			}
		case k != xmlStart:
		case string(x.name) == "cellXfs":
			cells = true
		case string(x.name) == "numFmt":
			v, err := x.attrStrings("numFmtId", "formatCode")
			id, idErr := strconv.Atoi(v0(v))
			if err == nil && idErr == nil && len(own) < 1<<16 {
				own[id] = formatOf(v[1])
			}
		case cells && string(x.name) == "xf":
			v, err := x.attrStrings("numFmtId")
			id, idErr := strconv.Atoi(v0(v))
			if err != nil || idErr != nil || len(formats) == 1<<17 {
				id = 0
			}
			f, ok := own[id]
			if !ok {
				f = builtinFormat(id)
			}
			if len(formats) < 1<<17 {
				formats = append(formats, f)
			}
		}
	}
}

func v0(v []string) string {
	if len(v) == 0 {
		return ""
	}
	return v[0]
}
