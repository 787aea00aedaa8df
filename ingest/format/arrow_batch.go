package format

import (
	"bytes"
	"encoding/binary"
	"io"
	"slices"

	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// arrowBatch takes the nodes and buffers of a batch in the order of the schema.
type arrowBatch struct {
	r        *arrowRows
	rows     int64
	head     flat
	body     int64
	size     int64
	codec    int64 // -1: none
	packed   int64 // bytes unpacked so far
	window   int
	nodeAt   int
	nodes    int
	bufferAt int
	buffers  int
	viewAt   int
	views    int
}

// openBatch looks at a batch before any of it is read.
func (r *arrowRows) openBatch(m *arrowMessage, head flat) (*arrowBatch, error) {
	b := &arrowBatch{r: r, rows: head.number(0, 8, 0), head: head, body: m.body, size: m.size, codec: -1}
	if head.at == 0 || b.rows < 0 {
		return nil, damagedArrow()
	}
	b.nodeAt, b.nodes = head.vector(1, 16)
	b.bufferAt, b.buffers = head.vector(2, 16)
	b.viewAt, b.views = head.vector(4, 8)
	if c := head.sub(3); c.at > 0 {
		if b.codec = c.number(0, 1, 0); b.codec < 0 || b.codec > 1 || c.number(1, 1, 0) != 0 {
			return nil, damagedArrow()
		}
	}
	// All buffers together have 64 MiB of windows.
	b.window = min(64<<10, max(512, 64<<20/max(1, b.buffers)))
	return b, nil
}

// done: nothing is left over.
func (b *arrowBatch) done() error {
	if b.nodes != 0 || b.buffers != 0 {
		return damagedArrow()
	}
	return nil
}

// arrowColumnReader reads the elements of a field in a batch, one by one.
type arrowColumnReader struct {
	f        *arrowNode
	big      bool
	length   int64
	pos      int64
	valid    *arrowBuffer // nil: no element is null
	bits     byte
	offsets  *arrowBuffer
	begun    bool
	last     int64 // offset
	data     *arrowBuffer
	values   byte // bits of booleans
	views    []*arrowBuffer
	children []*arrowColumnReader
	scratch  []byte
	word     [32]byte
}

func (b *arrowBatch) column(d *arrowNode, depth int) (*arrowColumnReader, error) {
	if b.nodes == 0 {
		return nil, damagedArrow()
	}
	c := &arrowColumnReader{f: d, big: b.r.f.big, length: b.head.long(b.nodeAt)}
	nulls := b.head.long(b.nodeAt + 8)
	b.nodes--
	b.nodeAt += 16
	if c.length < 0 || nulls < 0 || nulls > c.length {
		return nil, damagedArrow()
	}
	if d.kind == arrowNull && d.dictionary < 0 {
		return c, nil
	}
	var err error
	if c.valid, err = b.buffer(); err != nil {
		return nil, err
	}
	if nulls == 0 || c.valid.left == 0 {
		if nulls > 0 {
			return nil, damagedArrow()
		}
		c.valid = nil
	}
	l := &d.leaf
	switch {
	case d.dictionary >= 0:
		c.data, err = b.buffer()
		return c, err
	case d.kind == arrowList || d.kind == arrowMap:
		c.offsets, err = b.buffer()
	case d.kind == arrowScalar && d.view:
		if c.data, err = b.buffer(); err == nil {
			err = b.viewed(c)
		}
	case d.kind == arrowScalar && l.width == 0:
		if c.offsets, err = b.buffer(); err == nil {
			c.data, err = b.buffer()
		}
	case d.kind == arrowScalar:
		c.data, err = b.buffer()
	}
	if err != nil {
		return nil, err
	}
	for _, child := range d.children {
		inner, err := b.column(child, depth+1)
		if err != nil {
			return nil, err
		}
		if d.kind == arrowStruct && inner.length < c.length || d.kind == arrowFixedList && (d.size > 0 && c.length > inner.length/d.size) {
			return nil, damagedArrow()
		}
		c.children = append(c.children, inner)
	}
	return c, nil
}

// viewed takes the buffers that views of text stand in.
func (b *arrowBatch) viewed(c *arrowColumnReader) error {
	if b.views == 0 {
		return damagedArrow()
	}
	n := b.head.long(b.viewAt)
	b.views--
	b.viewAt += 8
	if n < 0 || n > int64(b.buffers) {
		return damagedArrow()
	}
	for range n {
		v, err := b.buffer()
		if err != nil {
			return err
		}
		c.views = append(c.views, v)
	}
	return nil
}

// arrowBuffer is read from its start to its end; only those of views are read anywhere.
type arrowBuffer struct {
	r      io.ReaderAt
	off    int64 // of the next byte that is not in the window
	base   int64
	size   int64
	left   int64 // bytes not read yet, with those in the window
	window []byte
	room   int
	memory []byte
}

func (b *arrowBatch) buffer() (*arrowBuffer, error) {
	if b.buffers == 0 {
		return nil, damagedArrow()
	}
	off, n := b.head.long(b.bufferAt), b.head.long(b.bufferAt+8)
	b.buffers--
	b.bufferAt += 16
	if off < 0 || n < 0 || off > b.size || n > b.size-off {
		return nil, damagedArrow()
	}
	out := &arrowBuffer{r: b.r.f.r, off: b.body + off, base: b.body + off, size: n, left: n, room: b.window}
	if b.codec < 0 || n == 0 {
		return out, nil
	}
	return out, b.unpacked(out)
}

// packedMost bounds what one batch holds unpacked: it is all in memory.
const packedMost = 160 << 20

// unpacked reads a compressed buffer whole.
func (b *arrowBatch) unpacked(out *arrowBuffer) error {
	var head [8]byte
	if out.size < 8 {
		return damagedArrow()
	}
	if err := readAll(out.r, head[:], out.off); err != nil {
		return err
	}
	n := int64(binary.LittleEndian.Uint64(head[:]))
	out.off, out.base, out.size, out.left = out.off+8, out.base+8, out.size-8, out.left-8
	if n == -1 {
		return nil // it does not get smaller, and stands as it is
	}
	if n < 0 {
		return damagedArrow()
	}
	b.r.spent += n
	if b.packed += n; b.packed > packedMost || b.r.spent > b.r.limits.Inflated {
		return &Refusal{Code: "arrow-batch", Stage: "structure"}
	}
	src := io.NewSectionReader(out.r, out.off, out.size)
	// Room is made as bytes come: the length is a claim.
	var from io.Reader = lz4.NewReader(src)
	if b.codec == 1 {
		z, err := zstd.NewReader(src, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(packedMost))
		if err != nil {
			return damagedArrow()
		}
		defer z.Close()
		from = z
	}
	var into bytes.Buffer
	if got, err := io.Copy(&into, io.LimitReader(from, n+1)); err != nil || got != n {
		return damagedArrow()
	}
	out.memory = into.Bytes()
	out.r, out.off, out.base, out.size, out.left = bytes.NewReader(out.memory), 0, 0, n, n
	return nil
}

// take reads n bytes, valid until the next call.
func (a *arrowBuffer) take(n int) ([]byte, error) {
	if int64(n) > a.left {
		return nil, damagedArrow()
	}
	if a.memory != nil {
		at := a.size - a.left
		a.left -= int64(n)
		return a.memory[at : at+int64(n)], nil
	}
	if n > len(a.window) {
		// What is left of the window moves to the front, and the rest is filled.
		kept := len(a.window)
		size := int(min(int64(max(n, a.room)), a.left))
		grown := make([]byte, size)
		copy(grown, a.window)
		if err := readAll(a.r, grown[kept:], a.off); err != nil {
			return nil, err
		}
		a.off += int64(size - kept)
		a.window = grown
	}
	out := a.window[:n]
	a.window = a.window[n:]
	a.left -= int64(n)
	return out, nil
}

// step comes to the next element.
func (c *arrowColumnReader) step() (null bool, err error) {
	if c.pos == c.length {
		return false, damagedArrow()
	}
	bit := c.pos & 7
	c.pos++
	if c.valid == nil {
		return false, nil
	}
	if bit == 0 {
		b, err := c.valid.take(1)
		if err != nil {
			return false, err
		}
		c.bits = b[0]
	}
	return c.bits>>bit&1 == 0, nil
}

// fixed reads a number of so many bytes, little-endian.
func (c *arrowColumnReader) fixed(width int) ([]byte, error) {
	b, err := c.data.take(width)
	if err == nil && c.big {
		copy(c.word[:], b)
		slices.Reverse(c.word[:width])
		b = c.word[:width]
	}
	return b, err
}

// span reads where the element at hand begins and ends.
func (c *arrowColumnReader) span() (from, to int64, err error) {
	width := 4
	if c.f.wide {
		width = 8
	}
	next := func() (int64, error) {
		b, err := c.offsets.take(width)
		if err != nil {
			return 0, err
		}
		if c.big {
			copy(c.word[:], b)
			slices.Reverse(c.word[:width])
			b = c.word[:width]
		}
		return int64n(b), nil
	}
	if !c.begun {
		c.begun = true
		if c.last, err = next(); err != nil {
			return 0, 0, err
		}
		if c.last < 0 {
			return 0, 0, damagedArrow()
		}
		if c.data != nil {
			if err := c.data.pass(c.last); err != nil {
				return 0, 0, err
			}
		}
	}
	from = c.last
	if c.last, err = next(); err == nil && c.last < from {
		err = damagedArrow()
	}
	return from, c.last, err
}

// pass leaves out bytes that no element has.
func (a *arrowBuffer) pass(n int64) error {
	for n > 0 {
		k := min(n, int64(a.room))
		if _, err := a.take(int(k)); err != nil {
			return err
		}
		n -= k
	}
	return nil
}

// scalar reads the value of the element at hand, valid until the next.
func (c *arrowColumnReader) scalar(most int64) ([]byte, error) {
	l := &c.f.leaf
	switch {
	case c.f.view:
		return c.viewed(most)
	case l.width == 0:
		from, to, err := c.span()
		if err != nil {
			return nil, err
		}
		if to-from > most {
			return nil, &Refusal{Code: "too-large", Stage: "structure"}
		}
		return c.data.take(int(to - from))
	case l.width == -1:
		bit := (c.pos - 1) & 7
		if bit == 0 {
			b, err := c.data.take(1)
			if err != nil {
				return nil, err
			}
			c.values = b[0]
		}
		c.word[0] = c.values >> bit & 1
		return c.word[:1], nil
	case l.kind == leafBytes || l.kind == leafUUID || l.kind == leafSpan:
		return c.data.take(l.width)
	}
	b, err := c.fixed(l.width)
	if err == nil && l.kind == leafDecimal && !l.counted {
		c.scratch = append(c.scratch[:0], b...)
		slices.Reverse(c.scratch)
		b = c.scratch
	}
	return b, err
}

// viewed reads a view: a short text in it, or where a longer one stands.
func (c *arrowColumnReader) viewed(most int64) ([]byte, error) {
	v, err := c.data.take(16)
	if err != nil {
		return nil, err
	}
	if c.valid != nil && c.bits>>((c.pos-1)&7)&1 == 0 {
		return nil, nil // what stands under a null may lead anywhere
	}
	n := int64n(v[:4])
	switch {
	case n < 0:
		return nil, damagedArrow()
	case n <= 12:
		return v[4 : 4+n], nil
	case n > most:
		return nil, &Refusal{Code: "too-large", Stage: "structure"}
	}
	i, off := int64n(v[8:12]), int64n(v[12:16])
	if i < 0 || i >= int64(len(c.views)) || off < 0 {
		return nil, damagedArrow()
	}
	a := c.views[i]
	if off > a.size || n > a.size-off {
		return nil, damagedArrow()
	}
	if a.memory != nil {
		return a.memory[off : off+n], nil
	}
	c.scratch = slices.Grow(c.scratch[:0], int(n))[:n]
	return c.scratch, readAll(a.r, c.scratch, a.base+off)
}
