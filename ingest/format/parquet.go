package format

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"io"
	"strings"
)

// parquetFormat reads Parquet, footer and pages, by decoders of our own. Those
// of Arrow v17 never end where levels are missing, panic on a logical type that
// is newer than they are, do not look at checksums, and give wrong values for
// negative decimals of more than 38 digits and for times outside 1677 to 2262
// in the old INT96.
//
// Nothing of the file is taken but its columns' names and their cells: no key
// of its metadata, no statistics, no name of a program.
var parquetFormat = Format{Name: "parquet", Sniff: sniffParquet, Open: openParquet}

func sniffParquet(_ string, head []byte) bool {
	return bytes.HasPrefix(head, []byte("PAR1")) || bytes.HasPrefix(head, []byte("PARE"))
}

type parquetFile struct {
	r       io.ReaderAt
	size    int64
	opts    Options
	meta    *footer
	body    int64 // where the footer begins: no page stands behind
	leaves  []*leaf
	columns []parquetColumn
	left    seen // columns of bytes that are no text, which are not taken
}

// parquetColumn is a column of the table: a leaf, or a nested one as JSON.
type parquetColumn struct {
	declared
	node *parquetNode
}

const footerMost = 64 << 20

func openParquet(ctx context.Context, r io.ReaderAt, size int64, o Options) (*File, error) {
	f := &parquetFile{r: r, size: size, opts: o}
	file := &File{Report: Report{Encoding: "utf-8", Questions: []Question{}}}
	err := guarded("parquet", func() error {
		if err := f.footer(); err != nil {
			return err
		}
		if err := f.schema(); err != nil {
			return err
		}
		if err := f.groups(); err != nil {
			return err
		}
		if err := f.leaveBytesOut(ctx); err != nil {
			return err
		}
		if len(f.columns) == 0 {
			return &Refusal{Code: "binary-columns", Stage: "structure"}
		}
		columns := make([]declared, len(f.columns))
		for i, c := range f.columns {
			columns[i] = c.declared
		}
		return findDeclared(ctx, file, o, "parquet", columns, f.left, func(ctx context.Context) declaredRecords { return newParquetRows(ctx, f, f.columns) })
	})
	if err != nil {
		return nil, err
	}
	return file, nil
}

// footer reads the metadata, which stand at the end of the file.
func (f *parquetFile) footer() error {
	if f.size < 12 {
		return damagedParquet()
	}
	var tail [8]byte
	if err := f.readAt(tail[:], f.size-8); err != nil {
		return err
	}
	n := int64(binary.LittleEndian.Uint32(tail[:4]))
	switch {
	case string(tail[4:]) == "PARE":
		return &Refusal{Code: "encrypted", Stage: "structure"}
	case string(tail[4:]) != "PAR1" || n > f.size-12:
		return damagedParquet()
	case n > footerMost:
		return &Refusal{Code: "too-large", Stage: "structure"}
	}
	f.body = f.size - 8 - n
	b := make([]byte, n)
	if err := f.readAt(b, f.body); err != nil {
		return err
	}
	if f.meta = parseFooter(b); f.meta == nil {
		return damagedParquet()
	}
	if f.meta.encrypted { // the columns alone
		return &Refusal{Code: "encrypted", Stage: "structure"}
	}
	return nil
}

// schema makes the columns of the table.
func (f *parquetFile) schema() error {
	rest := f.meta.elements
	if len(rest) == 0 || rest[0].physical >= 0 {
		return damagedParquet()
	}
	fields := rest[0].children
	rest = rest[1:]
	shapes, err := geoColumns(f.meta.geo)
	if err != nil {
		return err
	}
	// What Arrow's own writers leave beside the columns is asked for two things
	// that Parquet has no type for: the offset of times, the unit of durations.
	origin := schemaOfArrow(f.meta.arrow)
	for i := range fields {
		n, err := f.node(&rest, 0, 0, 1)
		if err != nil {
			return err
		}
		var said *arrowNode
		if int64(len(origin)) == fields && origin[i].name == n.name {
			said = origin[i]
		}
		if err := f.flatten(n, n.name, 1, said, shapes[n.name]); err != nil {
			return err
		}
	}
	if len(rest) > 0 {
		return damagedParquet()
	}
	return nil
}

// flatten makes columns of a node: the fields of a group to the third level
// each by itself, what nests deeper or repeats as JSON.
func (f *parquetFile) flatten(n *parquetNode, label string, level int, said *arrowNode, system string) error {
	if n.kind == nodeGroup && !n.repeated && level < jsonLevels {
		for _, c := range n.children {
			if err := f.flatten(c, label+"."+c.name, level+1, nil, ""); err != nil {
				return err
			}
		}
		return nil
	}
	if len(f.columns) == f.opts.Limits.Columns || len(label) > f.opts.Limits.Label {
		return &Refusal{Code: "too-large", Stage: "structure"}
	}
	c := parquetColumn{node: n, declared: declared{label: strings.ToValidUTF8(label, "\ufffd"), spec: saidText}}
	if n.kind == nodeLeaf && !n.repeated {
		c.declare(n.leaf, said, system)
	}
	f.columns = append(f.columns, c)
	return nil
}

// declare takes the type of a leaf.
func (c *parquetColumn) declare(l *leaf, said *arrowNode, system string) {
	if said != nil && said.kind == arrowScalar && said.dictionary < 0 {
		switch {
		case l.kind == leafInt && said.leaf.kind == leafInt:
			c.unit = said.unit
		case l.kind == leafStamp && l.offset != noOffset && said.leaf.kind == leafStamp && (said.zoned || said.leaf.offset != noOffset):
			l.offset, c.zone = said.leaf.offset, said.zoned
		}
	}
	if c.spec = l.spec(); l.kind == leafBytes && (system != "" || l.system != "") {
		c.spec, c.system = saidShape, cmp.Or(system, l.system)
	}
}

// groups looks at the row groups before any of them is read.
func (f *parquetFile) groups() error {
	rows, inflated := int64(0), int64(0)
	for _, g := range f.meta.groups {
		if len(g.chunks) != len(f.leaves) || g.rows < 0 {
			return damagedParquet()
		}
		if rows += g.rows; rows < 0 {
			return damagedParquet()
		}
		for j, c := range g.chunks {
			switch {
			case c.encrypted:
				return &Refusal{Code: "encrypted", Stage: "structure"}
			case c.elsewhere:
				return &Refusal{Code: "parquet-split", Stage: "structure"}
			case c.codec == codecLZO:
				return &Refusal{Code: "parquet-lzo", Stage: "structure"}
			case c.codec < 0, c.codec > codecLZ4Raw, c.physical != f.leaves[j].physical, c.values < 0, c.size < 0,
				f.leaves[j].maxRep == 0 && c.values != g.rows:
				return damagedParquet()
			case c.values > rowsMost(f.size):
				return &Refusal{Code: "too-large", Stage: "structure"}
			}
			if inflated += c.size; inflated < 0 || inflated > f.opts.Limits.Inflated {
				return &Refusal{Code: "too-large", Stage: "structure"}
			}
		}
	}
	if rows > rowsMost(f.size) {
		return &Refusal{Code: "too-large", Stage: "structure"}
	}
	if f.meta.rows != rows && f.meta.rows != 0 { // some programs do not count
		return damagedParquet()
	}
	return nil
}

// leaveBytesOut finds out which columns of bytes are text. Those that are not,
// pictures and records of other programs, are not taken: nobody could see
// whom they are about.
func (f *parquetFile) leaveBytesOut(ctx context.Context) error {
	var asked []parquetColumn
	for _, c := range f.columns {
		if c.spec.base == "text" && c.node.anyLeaf(func(l *leaf) bool { return l.kind == leafBytes }) {
			asked = append(asked, c)
		}
	}
	if len(asked) == 0 {
		return nil
	}
	rows := newParquetRows(ctx, f, asked)
	rows.bytesOnly = true
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
	for _, c := range f.columns {
		if c.spec.base == "text" && c.node.anyLeaf(func(l *leaf) bool { return rows.binary[l.column] }) {
			f.left.add(1, 0, 0)
			continue
		}
		kept = append(kept, c)
	}
	f.columns = kept
	return nil
}

type nodeKind int

const (
	nodeLeaf nodeKind = iota
	nodeGroup
	nodeList
	nodeMap
)

// parquetNode is a node of the schema, with the levels at which it is there.
type parquetNode struct {
	name     string
	kind     nodeKind
	repeated bool
	def, rep int
	leaf     *leaf
	children []*parquetNode
	leaves   []int // columns of the file below it
	bare     bool  // of a list: the repeated node is the element itself
}

func (n *parquetNode) anyLeaf(f func(*leaf) bool) bool {
	if n.kind == nodeLeaf {
		return f(n.leaf)
	}
	for _, c := range n.children {
		if c.anyLeaf(f) {
			return true
		}
	}
	return false
}

// node takes the first element off the rest, with its children.
func (f *parquetFile) node(rest *[]element, def, rep, depth int) (*parquetNode, error) {
	if depth > f.opts.Limits.Depth || len(f.leaves) > f.opts.Limits.Columns {
		return nil, &Refusal{Code: "too-large", Stage: "structure"}
	}
	if len(*rest) == 0 {
		return nil, damagedParquet()
	}
	e := (*rest)[0]
	*rest = (*rest)[1:]
	n := &parquetNode{name: e.name}
	switch e.repetition {
	case 0:
	case 1:
		def++
	case 2:
		def, rep, n.repeated = def+1, rep+1, true
	default:
		return nil, damagedParquet()
	}
	n.def, n.rep = def, rep
	if e.physical >= 0 {
		l, err := newLeaf(&e, len(f.leaves), def, rep)
		if err != nil {
			return nil, err
		}
		n.leaf, n.leaves = l, []int{l.column}
		f.leaves = append(f.leaves, l)
		return n, nil
	}
	n.kind = nodeGroup
	for range e.children {
		c, err := f.node(rest, def, rep, depth+1)
		if err != nil {
			return nil, err
		}
		n.children = append(n.children, c)
		n.leaves = append(n.leaves, c.leaves...)
	}
	if len(n.leaves) == 0 {
		return nil, damagedParquet()
	}
	if len(n.children) != 1 || !n.children[0].repeated {
		return n, nil
	}
	inner := n.children[0]
	switch e.logical.kind {
	case logicalList:
		n.kind = nodeList
		// The rules for lists of older programs, in LogicalTypes.md of the format.
		n.bare = inner.kind != nodeGroup || len(inner.children) != 1 || inner.children[0].repeated ||
			inner.name == "array" || inner.name == n.name+"_tuple"
	case logicalMap:
		if inner.kind == nodeGroup && len(inner.children) == 2 && !inner.children[0].repeated {
			n.kind = nodeMap
		}
	}
	return n, nil
}

// Physical types, by their number in the format.
const (
	typeBoolean = iota
	typeInt32
	typeInt64
	typeInt96
	typeFloat
	typeDouble
	typeByteArray
	typeFixed
)

// goesWith: a logical type says how its values are stored.
func (t *logicalType) goesWith(physical int64) bool {
	switch t.kind {
	case logicalString, logicalJSON, logicalShape, logicalSphere:
		return physical == typeByteArray
	case logicalEnum:
		return physical == typeByteArray || physical == typeFixed
	case logicalUUID, logicalFloat16, logicalInterval:
		return physical == typeFixed
	case logicalDate:
		return physical == typeInt32
	case logicalTime:
		return physical == typeInt32 && t.unit == 1 || physical == typeInt64 && t.unit > 1
	case logicalStamp:
		return physical == typeInt64
	case logicalInt:
		return physical == typeInt32 && t.width <= 32 || physical == typeInt64 && t.width == 64
	case logicalDecimal:
		return physical == typeInt32 && t.prec <= 9 || physical == typeInt64 && t.prec <= 18 || physical == typeByteArray || physical == typeFixed
	}
	return true
}

// newLeaf takes the meaning of a leaf's bytes from its logical type.
func newLeaf(e *element, column, def, rep int) (*leaf, error) {
	l := &leaf{column: column, physical: e.physical, maxDef: def, maxRep: rep, offset: noOffset, per: 1}
	switch e.physical {
	case typeBoolean:
		l.kind, l.width = leafBool, -1
	case typeInt32:
		l.kind, l.width = leafInt, 4
	case typeInt64:
		l.kind, l.width = leafInt, 8
	case typeInt96:
		l.kind, l.width = leafInt96, 12
	case typeFloat:
		l.kind, l.width = leafFloat32, 4
	case typeDouble:
		l.kind, l.width = leafFloat64, 8
	case typeByteArray:
		l.kind = leafBytes
	case typeFixed:
		if l.kind, l.width = leafBytes, int(e.width); e.width <= 0 || e.width > 16<<20 {
			return nil, damagedParquet()
		}
	default:
		return nil, damagedParquet()
	}
	t := &e.logical
	if !t.goesWith(e.physical) {
		return nil, damagedParquet()
	}
	whole, bytesHere := l.kind == leafInt, l.kind == leafBytes
	per := map[int64]int64{1: 1e3, 2: 1e6, 3: 1e9}[t.unit]
	switch {
	case t.kind == logicalDecimal && (whole || bytesHere):
		l.kind, l.prec, l.scale, l.counted = leafDecimal, int(t.prec), int(t.scale), whole
		if t.prec <= 0 || t.prec > 1000 || t.scale < -1000 || t.scale > 1000 {
			return nil, damagedParquet()
		}
	case !whole && !bytesHere:
	case whole && t.kind == logicalInt && t.unsigned:
		l.kind = leafUint
	case whole && t.kind == logicalDate:
		l.kind = leafDay
	case whole && t.kind == logicalTime && per > 0:
		l.kind, l.per = leafTimeOfDay, per
	case whole && t.kind == logicalStamp && per > 0:
		if l.kind, l.per = leafStamp, per; t.utc {
			l.offset = 0
		}
	case whole:
	case t.kind == logicalString || t.kind == logicalEnum || t.kind == logicalJSON:
		l.kind = leafText
	case t.kind == logicalUUID && l.width == 16:
		l.kind = leafUUID
	case t.kind == logicalInterval && l.width == 12:
		l.kind = leafSpan
	case t.kind == logicalFloat16 && l.width == 2:
		l.kind = leafFloat16
	case t.kind == logicalShape || t.kind == logicalSphere:
		system, ok := systemOf(t.crs)
		if !ok {
			return nil, &Refusal{Code: "geojson-crs", Stage: "structure"}
		}
		l.system = system
	}
	return l, nil
}
