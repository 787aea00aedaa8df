package format

import (
	"context"
	"io"
	"slices"
)

// parquetRows gives the rows of a file, one row group after the other: of each
// column a page at a time is in memory.
type parquetRows struct {
	record
	cellMaker
	ctx     context.Context
	f       *parquetFile
	columns []parquetColumn
	leaves  []*leafReader // by column of the file; nil: not read
	group   int           // the next one
	rows    int64         // left in this group
	spent   int64

	bytesOnly bool         // no cells are made: the leaves of bytes are looked at
	binary    map[int]bool // of which these are no text
}

func newParquetRows(ctx context.Context, f *parquetFile, columns []parquetColumn) *parquetRows {
	r := &parquetRows{ctx: ctx, f: f, columns: columns, cellMaker: newCellMaker(len(columns), f.opts.Limits),
		leaves: make([]*leafReader, len(f.leaves)), binary: make(map[int]bool)}
	for _, c := range columns {
		for _, i := range c.node.leaves {
			r.leaves[i] = &leafReader{leaf: f.leaves[i], f: f, spent: &r.spent}
			r.leaves[i].values.width, r.leaves[i].values.most = f.leaves[i].width, f.opts.Limits.Cell
		}
	}
	return r
}

func (r *parquetRows) at() *record { return &r.record }

func (r *parquetRows) next() error {
	for r.rows == 0 {
		for _, l := range r.leaves {
			if l != nil && l.has {
				return damagedParquet() // more values than the group has rows
			}
		}
		if r.group == len(r.f.meta.groups) {
			return io.EOF
		}
		if err := r.open(); err != nil {
			return err
		}
	}
	if r.n&0x3fff == 0 {
		if err := r.ctx.Err(); err != nil {
			return err
		}
	}
	r.rows--
	r.begin()
	for j := range r.columns {
		if err := r.column(j); err != nil {
			return err
		}
	}
	return r.finish(&r.record)
}

// open begins the next row group.
func (r *parquetRows) open() error {
	g := &r.f.meta.groups[r.group]
	r.group++
	r.rows = g.rows
	for i, l := range r.leaves {
		if l == nil {
			continue
		}
		c := &g.chunks[i]
		l.left, l.inPage, l.codec, l.values.dict, l.err = c.values, 0, int(c.codec), nil, nil
		off := c.data
		if c.dictionary > 0 && c.dictionary < off {
			off = c.dictionary
		}
		if c.values > 0 && (off < 4 || c.packed < 0 || off > r.f.body || c.packed > r.f.body-off) {
			return damagedParquet()
		}
		// Some older programs leave the header of the dictionary out of the size.
		l.off, l.end = off, min(r.f.body, off+c.packed+headSmall)
		if l.next(); l.err != nil {
			return l.err
		}
	}
	return nil
}

// column makes the cell of column j.
func (r *parquetRows) column(j int) error {
	c := &r.columns[j]
	for _, i := range c.node.leaves {
		if l := r.leaves[i]; !l.has || l.rep != 0 {
			return r.fault(l)
		}
	}
	from := len(r.text)
	lead := r.leaves[c.node.leaves[0]]
	switch {
	case r.bytesOnly:
		if err := r.look(c.node); err != nil {
			return err
		}
		r.null(j)
	case c.node.kind == nodeLeaf && !c.node.repeated:
		if err := r.scalar(j, lead); err != nil {
			return err
		}
	case lead.def < c.node.def-btoi(c.node.repeated):
		r.null(j)
		for _, i := range c.node.leaves {
			r.leaves[i].next()
		}
	default:
		if err := r.json(j, c.node, false); err != nil {
			return err
		}
		r.set(j, from, asFound)
	}
	for _, i := range c.node.leaves {
		if l := r.leaves[i]; l.err != nil || l.has && l.rep != 0 {
			return r.fault(l)
		}
	}
	return nil
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (r *parquetRows) fault(l *leafReader) error {
	if l.err != nil {
		return l.err
	}
	return damagedParquet()
}

// scalar makes a cell of the value at hand, and comes to the next.
func (r *parquetRows) scalar(j int, l *leafReader) error {
	from := len(r.text)
	switch {
	case l.def < l.maxDef:
		r.null(j)
	case r.columns[j].spec.base == "geometry":
		if err := r.shape(j, r.n+1, l.b); err != nil {
			return err
		}
	default:
		as, _, err := l.appendValue(&r.cellMaker, j, r.n+1)
		if err != nil {
			return err
		}
		r.set(j, from, as)
	}
	l.next()
	return l.err
}

// look passes over a row of a column and notes which of its leaves are no text.
func (r *parquetRows) look(n *parquetNode) error {
	for _, i := range n.leaves {
		l := r.leaves[i]
		for {
			if l.kind == leafBytes && l.def == l.maxDef && !r.binary[i] && looksBinary(l.b) {
				r.binary[i] = true
			}
			if l.next(); l.err != nil {
				return l.err
			}
			if !l.has || l.rep == 0 {
				break
			}
		}
	}
	return nil
}

// json writes a node as JSON and comes behind it. element: it stands in the
// list that repeats it.
func (r *parquetRows) json(j int, n *parquetNode, element bool) error {
	lead := r.leaves[n.leaves[0]]
	if n.repeated && !element {
		return r.list(j, n, n)
	}
	if !lead.has {
		return r.fault(lead)
	}
	if int64(len(r.text)) > r.limits.Record {
		return &Refusal{Code: "too-large", Stage: "structure", Row: r.n + 1, Line: r.n + 1}
	}
	if lead.def < n.def {
		r.text = append(r.text, "null"...)
		return r.pass(n)
	}
	switch n.kind {
	case nodeLeaf:
		from := len(r.text)
		_, quoted, err := lead.appendValue(&r.cellMaker, j, r.n+1)
		if err != nil {
			return err
		}
		if quoted {
			raw := slices.Clone(r.text[from:])
			r.text = appendJSONString(r.text[:from], raw)
		}
		lead.next()
		return lead.err
	case nodeList:
		inner := n.children[0]
		if n.bare {
			return r.list(j, inner, inner)
		}
		return r.list(j, inner, inner.children[0])
	case nodeMap:
		return r.pairs(j, n.children[0])
	}
	r.text = append(r.text, '{')
	for i, c := range n.children {
		if i > 0 {
			r.text = append(r.text, ',')
		}
		r.text = append(appendJSONString(r.text, []byte(c.name)), ':')
		if err := r.json(j, c, false); err != nil {
			return err
		}
	}
	r.text = append(r.text, '}')
	return nil
}

// pass comes behind a node that is null or empty.
func (r *parquetRows) pass(n *parquetNode) error {
	for _, i := range n.leaves {
		l := r.leaves[i]
		if !l.has || l.def >= n.def {
			return r.fault(l)
		}
		if l.next(); l.err != nil {
			return l.err
		}
	}
	return nil
}

// list writes the elements of a repeated node, which are it or its only child.
func (r *parquetRows) list(j int, repeated, element *parquetNode) error {
	r.text = append(r.text, '[')
	err := r.each(repeated, func(first bool) error {
		if !first {
			r.text = append(r.text, ',')
		}
		return r.json(j, element, true)
	})
	r.text = append(r.text, ']')
	return err
}

// pairs writes a map: an object where the keys are text, else pairs in a list.
func (r *parquetRows) pairs(j int, repeated *parquetNode) error {
	key, value := repeated.children[0], repeated.children[1]
	object := key.kind == nodeLeaf && (key.leaf.kind == leafText || key.leaf.kind == leafBytes)
	open, pair, mid, end, shut := "{", "", ":", "", "}"
	if !object {
		open, pair, mid, end, shut = "[", "[", ",", "]", "]"
	}
	r.text = append(r.text, open...)
	err := r.each(repeated, func(first bool) error {
		if !first {
			r.text = append(r.text, ',')
		}
		r.text = append(r.text, pair...)
		if lead := r.leaves[key.leaves[0]]; object && lead.has && lead.def < key.def {
			return damagedParquet() // a key that is null
		}
		if err := r.json(j, key, false); err != nil {
			return err
		}
		r.text = append(r.text, mid...)
		if err := r.json(j, value, false); err != nil {
			return err
		}
		r.text = append(r.text, end...)
		return nil
	})
	r.text = append(r.text, shut...)
	return err
}

// each calls f for every repetition of a node; all of its leaves must come to
// the next one together.
func (r *parquetRows) each(n *parquetNode, f func(first bool) error) error {
	lead := r.leaves[n.leaves[0]]
	if !lead.has {
		return r.fault(lead)
	}
	if lead.def < n.def {
		return r.pass(n)
	}
	for first := true; ; first = false {
		if err := f(first); err != nil {
			return err
		}
		again := lead.has && lead.rep >= n.rep
		for _, i := range n.leaves {
			if l := r.leaves[i]; l.err != nil || (l.has && l.rep >= n.rep) != again || again && l.rep != n.rep {
				return r.fault(l)
			}
		}
		if !again {
			return nil
		}
	}
}
