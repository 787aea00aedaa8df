package format

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"io"
	"strings"

	"daylight/privacy"
)

// arrowFormat reads Arrow's two forms, the file (which is Feather of version 2
// too) and the stream, by a reader of our own: that of Arrow v17 makes room for
// whatever a length claims, holds a whole batch, and can die beyond recover.
// Ours reads each buffer of a batch in the order of the rows.
//
// As of Parquet, nothing is taken but the names of columns, their types and
// their cells.
var arrowFormat = Format{Name: "arrow", Sniff: sniffArrow, Open: openArrow}

const arrowMagic = "ARROW1"

// sniffArrow: a stream has no mark of its own, but it begins with a schema.
func sniffArrow(_ string, head []byte) bool {
	if bytes.HasPrefix(head, []byte(arrowMagic)) || bytes.HasPrefix(head, []byte("FEA1")) {
		return true
	}
	n, prefix := messageLength(head)
	if n < 8 || n > 1<<26 || len(head) < prefix+8 {
		return false
	}
	m := flatRoot(head[prefix:min(len(head), prefix+int(n))])
	return m.at > 0 && m.number(1, 1, 0) == messageSchema && m.number(0, 2, 0) <= 8 && (m.sub(2).at > 0 || int(n) > len(head)-prefix)
}

// messageLength reads what stands before a message's metadata: a mark and its
// length, or, in files of before 2019, the length alone.
func messageLength(b []byte) (n int64, prefix int) {
	if len(b) < 4 {
		return 0, 0
	}
	first := binary.LittleEndian.Uint32(b)
	if first != 0xffffffff {
		return int64(int32(first)), 4
	}
	if len(b) < 8 {
		return 0, 0
	}
	return int64(int32(binary.LittleEndian.Uint32(b[4:]))), 8
}

const (
	messageSchema     = 1
	messageDictionary = 2
	messageBatch      = 3
)

type arrowFile struct {
	r       io.ReaderAt
	size    int64
	opts    Options
	stream  bool
	big     bool // numbers stand with their first byte first
	start   int64
	blocks  []arrowBlock // of a file: dictionaries, then batches
	fields  []*arrowNode
	columns []arrowColumn
	left    seen
}

// arrowBlock is where a message stands.
type arrowBlock struct {
	off int64
	n   int64 // of the metadata, with what stands before them
}

// arrowColumn is a column of the table: a field, or one inside a struct.
type arrowColumn struct {
	declared
	field *arrowNode
}

func damagedArrow() error { return &Refusal{Code: "arrow", Stage: "structure"} }

func openArrow(ctx context.Context, r io.ReaderAt, size int64, o Options) (*File, error) {
	f := &arrowFile{r: r, size: size, opts: o}
	file := &File{Report: Report{Encoding: "utf-8", Questions: []Question{}}}
	err := guarded("arrow", func() error {
		if err := f.open(); err != nil {
			return err
		}
		for _, top := range f.fields {
			if err := f.flatten(top, top.name, 1); err != nil {
				return err
			}
		}
		if err := f.leaveBytesOut(ctx); err != nil {
			return err
		}
		if len(f.columns) == 0 {
			code := "binary-columns"
			if f.left.n == 0 {
				code = "no-table"
			}
			return &Refusal{Code: code, Stage: "structure"}
		}
		columns := make([]declared, len(f.columns))
		for i, c := range f.columns {
			columns[i] = c.declared
			f.columns[i].field.column = i
		}
		return findDeclared(ctx, file, o, "arrow", columns, f.left, func(ctx context.Context) declaredRecords { return newArrowRows(ctx, f) })
	})
	if err != nil {
		return nil, err
	}
	return file, nil
}

// open finds the schema and, of a file, where its batches stand.
func (f *arrowFile) open() error {
	head := make([]byte, min(f.size, 8))
	if err := readAll(f.r, head, 0); err != nil {
		return err
	}
	switch {
	case bytes.HasPrefix(head, []byte("FEA1")):
		return &Refusal{Code: "feather", Stage: "structure"}
	case !bytes.HasPrefix(head, []byte(arrowMagic)):
		f.stream = true
		m, err := f.message(0)
		if err != nil {
			return err
		}
		if m.kind != messageSchema {
			return damagedArrow()
		}
		f.start = m.end
		return f.schema(m.head)
	}
	return f.footer()
}

func (f *arrowFile) footer() error {
	if f.size < 8+4+6 {
		return damagedArrow()
	}
	var tail [10]byte
	if err := readAll(f.r, tail[:], f.size-10); err != nil {
		return err
	}
	n := int64(binary.LittleEndian.Uint32(tail[:4]))
	if string(tail[4:]) != arrowMagic || n > f.size-8-10 {
		return damagedArrow()
	}
	if n > footerMost {
		return &Refusal{Code: "too-large", Stage: "structure"}
	}
	b := make([]byte, n)
	if err := readAll(f.r, b, f.size-10-n); err != nil {
		return err
	}
	root := flatRoot(b)
	for _, list := range []int{2, 3} {
		at, n := root.vector(list, 24)
		for k := range n {
			at := at + 24*k
			f.blocks = append(f.blocks, arrowBlock{root.long(at), int64(int32(binary.LittleEndian.Uint32(b[at+8:])))})
		}
	}
	return f.schema(root.sub(1))
}

// arrowMessage is a message of the file; its body is not read.
type arrowMessage struct {
	kind int64
	head flat  // what its kind says
	body int64 // where the body begins
	size int64
	end  int64 // where the next message begins
}

// message reads the metadata at an offset. io.EOF: the stream ends there.
func (f *arrowFile) message(off int64) (m arrowMessage, err error) {
	if off == f.size {
		return m, io.EOF
	}
	if off < 0 || off > f.size {
		return m, damagedArrow()
	}
	head := make([]byte, min(8, f.size-off))
	if err := readAll(f.r, head, off); err != nil {
		return m, err
	}
	n, prefix := messageLength(head)
	if n == 0 && prefix > 0 {
		return m, io.EOF
	}
	if n < 8 || prefix == 0 || n > f.size-off-int64(prefix) {
		return m, damagedArrow()
	}
	if n > footerMost {
		return m, &Refusal{Code: "too-large", Stage: "structure"}
	}
	b := make([]byte, n)
	if err := readAll(f.r, b, off+int64(prefix)); err != nil {
		return m, err
	}
	root := flatRoot(b)
	m.kind, m.head, m.size = root.number(1, 1, 0), root.sub(2), root.number(3, 8, 0)
	m.body = off + int64(prefix) + n
	if m.head.at == 0 || m.size < 0 || m.size > f.size-m.body {
		return m, damagedArrow()
	}
	if root.number(0, 2, 0) < 3 {
		return m, &Refusal{Code: "arrow-old", Stage: "structure"}
	}
	m.end = m.body + m.size
	return m, nil
}

func (f *arrowFile) schema(s flat) error {
	if s.at == 0 {
		return damagedArrow()
	}
	f.big = s.number(0, 2, 0) == 1
	count := 0
	var err error
	f.fields, err = arrowFields(s, 1, f.opts.Limits, 1, &count)
	if err != nil {
		return err
	}
	if len(f.fields) == 0 {
		return &Refusal{Code: "no-table", Stage: "structure"}
	}
	return nil
}

// schemaOfArrow reads a schema message that stands by itself; nil where it is none.
func schemaOfArrow(b []byte) []*arrowNode {
	if len(b) == 0 {
		return nil
	}
	f := &arrowFile{r: bytes.NewReader(b), size: int64(len(b)), opts: Options{Limits: DefaultLimits}}
	m, err := f.message(0)
	if err != nil || m.kind != messageSchema || f.schema(m.head) != nil {
		return nil
	}
	return f.fields
}

// flatten makes columns of a field: those of a struct to the third level each
// by itself, what nests deeper or repeats as JSON.
func (f *arrowFile) flatten(d *arrowNode, label string, level int) error {
	if d.kind == arrowStruct && d.dictionary < 0 && level < jsonLevels && len(d.children) > 0 {
		d.spread = true
		for _, c := range d.children {
			if err := f.flatten(c, label+"."+c.name, level+1); err != nil {
				return err
			}
		}
		return nil
	}
	if len(f.columns) == f.opts.Limits.Columns || len(label) > f.opts.Limits.Label {
		return &Refusal{Code: "too-large", Stage: "structure"}
	}
	c := arrowColumn{field: d, declared: declared{label: strings.ToValidUTF8(label, "\ufffd"), spec: saidText}}
	if d.kind == arrowScalar {
		c.spec, c.unit, c.zone = d.leaf.spec(), d.unit, d.zoned
	}
	if d.shape {
		system, ok := systemOf(d.crs)
		if !ok {
			return &Refusal{Code: "geojson-crs", Stage: "structure"}
		}
		c.spec, c.system = saidShape, system
	}
	f.columns = append(f.columns, c)
	return nil
}

// leaveBytesOut is as of Parquet: columns of bytes that are no text stay behind.
func (f *arrowFile) leaveBytesOut(ctx context.Context) error {
	any := false
	for i, c := range f.columns {
		f.columns[i].field.column = i
		any = any || c.spec.base == "text" && c.field.anyField(func(d *arrowNode) bool { return d.kind == arrowScalar && d.leaf.kind == leafBytes })
	}
	if !any {
		return nil
	}
	rows := newArrowRows(ctx, f)
	for {
		err := rows.next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
	}
	kept := f.columns[:0:0]
	for j, c := range f.columns {
		if c.field.column = -1; rows.binary[j] {
			f.left.add(1, 0, 0)
			continue
		}
		kept = append(kept, c)
	}
	f.columns = kept
	return nil
}

// arrowNode is a field of the schema.
type arrowNode struct {
	name       string
	kind       arrowKind
	leaf       leaf // of a scalar
	unit       string
	zoned      bool  // its zone is no fixed offset
	wide       bool  // offsets of 8 bytes
	view       bool  // values stand anywhere
	size       int64 // of a fixed list
	dictionary int64 // its number; -1: none
	index      leaf  // of the dictionary's
	shape      bool  // a geometry
	crs        string
	children   []*arrowNode

	column int  // of the table; -1: none
	spread bool // its children are columns
}

type arrowKind int

const (
	arrowScalar arrowKind = iota
	arrowNull
	arrowStruct
	arrowList
	arrowFixedList
	arrowMap
)

func (d *arrowNode) anyField(f func(*arrowNode) bool) bool {
	if f(d) {
		return true
	}
	for _, c := range d.children {
		if c.anyField(f) {
			return true
		}
	}
	return false
}

// arrowFields reads the fields that stand in a list of a schema or a field.
func arrowFields(t flat, list int, l Limits, depth int, count *int) (out []*arrowNode, err error) {
	if depth > l.Depth {
		return nil, &Refusal{Code: "too-large", Stage: "structure"}
	}
	err = t.tables(list, func(t flat) error {
		// Tables of a FlatBuffer may be shared: what is counted is what they unfold to.
		if *count++; *count > 4*l.Columns {
			return &Refusal{Code: "too-large", Stage: "structure"}
		}
		if t.at == 0 {
			return damagedArrow()
		}
		d := &arrowNode{name: t.text(0), dictionary: -1, column: -1}
		var err error
		if d.children, err = arrowFields(t, 5, l, depth+1, count); err != nil {
			return err
		}
		if err := d.take(t.number(2, 1, 0), t.sub(3)); err != nil {
			return err
		}
		if e := t.sub(4); e.at > 0 {
			d.dictionary = e.number(0, 8, 0)
			index := &arrowNode{}
			if i := e.sub(1); i.at == 0 {
				index.leaf = leaf{kind: leafInt, width: 4}
			} else if err := index.take(2, i); err != nil {
				return err
			}
			if d.index = index.leaf; d.dictionary < 0 {
				return damagedArrow()
			}
		}
		d.extend(t)
		out = append(out, d)
		return nil
	})
	return out, err
}

// take reads the type of a field: Schema.fbs of the format.
func (d *arrowNode) take(kind int64, t flat) error {
	d.leaf = leaf{offset: noOffset, per: 1}
	l := &d.leaf
	perSecond := func(i int, usual int64) bool {
		unit := t.number(i, 2, usual)
		if unit < 0 || unit > 3 {
			return false
		}
		l.per = []int64{1, 1e3, 1e6, 1e9}[unit]
		d.unit = []string{"s", "ms", "us", "ns"}[unit]
		return true
	}
	children, ok := 0, true
	switch kind {
	case 1:
		d.kind = arrowNull
	case 2:
		l.kind, l.width = leafInt, int(t.number(0, 4, 0)/8)
		if t.number(1, 1, 0) == 0 {
			l.kind = leafUint
		}
		ok = l.width == 1 || l.width == 2 || l.width == 4 || l.width == 8
	case 3:
		p := t.number(0, 2, 0)
		if ok = p >= 0 && p <= 2; ok {
			l.kind, l.width = []leafKind{leafFloat16, leafFloat32, leafFloat64}[p], 2<<p
		}
	case 4, 19:
		l.kind, d.wide = leafBytes, kind == 19
	case 5, 20:
		l.kind, d.wide = leafText, kind == 20
	case 6:
		l.kind, l.width = leafBool, -1
	case 7:
		width := t.number(2, 4, 128)
		l.kind, l.width, l.prec, l.scale = leafDecimal, int(width/8), int(t.number(0, 4, 0)), int(t.number(1, 4, 0))
		l.counted = width <= 64
		ok = (width == 32 || width == 64 || width == 128 || width == 256) && l.prec > 0 && l.prec < 100 && l.scale > -100 && l.scale < 100
	case 8:
		if l.kind, l.width = leafDay, 4; t.number(0, 2, 1) == 1 {
			// Milliseconds, of whole days by the rules; others are seen then.
			l.kind, l.width, l.per = leafMilliDay, 8, 1000
		}
	case 9:
		l.kind, l.width = leafTimeOfDay, int(t.number(1, 4, 32)/8)
		ok = perSecond(0, 1) && (l.width == 4 || l.width == 8)
		d.unit = ""
	case 10:
		l.kind, l.width = leafStamp, 8
		ok = perSecond(0, 0)
		d.unit = ""
		offset, exact := offsetOf(t.text(1))
		l.offset, d.zoned = offset, !exact
	case 11:
		unit := t.number(0, 2, 0)
		if ok = unit >= 0 && unit <= 2; ok {
			l.kind, l.width = leafSpan, []int{4, 8, 16}[unit]
		}
	case 12, 21:
		d.kind, d.wide, children = arrowList, kind == 21, 1
	case 13:
		d.kind, children = arrowStruct, len(d.children)
	case 15:
		l.kind, l.width = leafBytes, int(t.number(0, 4, 0))
		ok = l.width > 0 && l.width <= 16<<20
	case 16:
		d.kind, d.size, children = arrowFixedList, t.number(0, 4, 0), 1
		ok = d.size >= 0
	case 17:
		d.kind, children = arrowMap, 1
		ok = len(d.children) == 1 && d.children[0].kind == arrowStruct && len(d.children[0].children) == 2
	case 18:
		l.kind, l.width = leafInt, 8
		ok = perSecond(0, 1)
	case 23, 24:
		d.view = true
		if l.kind = leafBytes; kind == 24 {
			l.kind = leafText
		}
	case 14:
		return &Refusal{Code: "arrow-union", Stage: "structure"}
	case 22:
		return &Refusal{Code: "arrow-run-end", Stage: "structure"}
	case 25, 26:
		return &Refusal{Code: "arrow-list-view", Stage: "structure"}
	default:
		ok = false
	}
	if !ok || children != len(d.children) {
		return damagedArrow()
	}
	return nil
}

// extend takes what an extension says of a field's bytes. Our own shelf marks
// a geometry with a key of its own.
func (d *arrowNode) extend(t flat) {
	name, meta := "", ""
	t.tables(6, func(kv flat) error {
		switch kv.text(0) {
		case "ARROW:extension:name":
			name = kv.text(1)
		case "ARROW:extension:metadata":
			meta = kv.text(1)
		case privacy.MetaGeometry:
			d.shape, d.crs = true, kv.text(1)
		}
		return nil
	})
	if d.kind != arrowScalar || d.leaf.kind != leafBytes || d.dictionary >= 0 {
		d.shape = false
		return
	}
	switch name {
	case "arrow.uuid":
		if d.leaf.width == 16 {
			d.leaf.kind = leafUUID
		}
	case "geoarrow.wkb", "ogc.wkb":
		// Without a system nothing is known of the coordinates.
		var geo struct {
			CRS json.RawMessage `json:"crs"`
		}
		d.shape, d.crs = true, "unknown"
		if json.Unmarshal([]byte(meta), &geo) == nil && geo.CRS != nil {
			d.crs = string(geo.CRS)
		}
	}
}

// spec is the type of a column of such values.
func (l *leaf) spec() spec {
	switch l.kind {
	case leafBool:
		return boolSpec
	case leafInt:
		return wholeSpec
	case leafUint:
		if l.width == 8 {
			return uint64Max
		}
		return wholeSpec
	case leafFloat16, leafFloat32, leafFloat64:
		return floatSpec
	case leafDecimal:
		return decimalSaid(l.prec, l.scale)
	case leafDay, leafMilliDay:
		return daySpec
	case leafStamp, leafInt96:
		return stampSaid(l.offset)
	}
	return saidText
}
