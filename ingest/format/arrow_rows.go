package format

import (
	"context"
	"io"
	"slices"
)

// arrowRows gives the rows of a file, one batch after the other. A batch is
// never whole in memory: each of its buffers is read in the order of the rows.
type arrowRows struct {
	record
	cellMaker
	ctx    context.Context
	f      *arrowFile
	block  int   // the next one of a file
	off    int64 // of the next message of a stream
	ended  bool
	rows   int64 // left in this batch
	all    int64 // rows of the batches so far
	inside int64 // elements of lists, maps and structs so far
	tops   []*arrowColumnReader
	spent  int64                 // bytes unpacked in this reading
	dicts  map[int64]*arrowWords // by number
	quiet  bool                  // values are passed over
	binary []bool                // by column: holds bytes that are no text
}

func newArrowRows(ctx context.Context, f *arrowFile) *arrowRows {
	return &arrowRows{ctx: ctx, f: f, off: f.start, cellMaker: newCellMaker(len(f.columns), f.opts.Limits),
		dicts: make(map[int64]*arrowWords), binary: make([]bool, len(f.columns))}
}

func (r *arrowRows) at() *record { return &r.record }

func (r *arrowRows) next() error {
	for r.rows == 0 {
		if err := r.nextBatch(); err != nil {
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
	for _, top := range r.tops {
		if err := r.column(top, false); err != nil {
			return err
		}
	}
	return r.finish(&r.record)
}

// nextBatch comes to the next batch with rows, and takes dictionaries on the way.
func (r *arrowRows) nextBatch() error {
	for {
		m, err := r.nextMessage()
		if err != nil {
			return err
		}
		switch m.kind {
		case messageBatch:
			b, err := r.openBatch(&m, m.head)
			if err != nil {
				return err
			}
			r.tops = r.tops[:0]
			for _, d := range r.f.fields {
				c, err := b.column(d, 1)
				if err != nil {
					return err
				}
				r.tops = append(r.tops, c)
			}
			if err := b.done(); err != nil {
				return err
			}
			for _, c := range r.tops {
				if c.length != b.rows {
					return damagedArrow()
				}
			}
			if b.rows > rowsMost(r.f.size)-r.all {
				return &Refusal{Code: "too-large", Stage: "structure"}
			}
			r.all += b.rows
			if r.rows = b.rows; r.rows > 0 {
				return nil
			}
		case messageDictionary:
			if err := r.dictionary(&m); err != nil {
				return err
			}
		case messageSchema:
			return damagedArrow() // there is one, at the start
		}
	}
}

func (r *arrowRows) nextMessage() (arrowMessage, error) {
	if r.ended {
		return arrowMessage{}, io.EOF
	}
	if r.f.stream {
		m, err := r.f.message(r.off)
		r.off, r.ended = m.end, err == io.EOF
		return m, err
	}
	if r.block == len(r.f.blocks) {
		r.ended = true
		return arrowMessage{}, io.EOF
	}
	b := r.f.blocks[r.block]
	r.block++
	m, err := r.f.message(b.off)
	if err == io.EOF || err == nil && m.body != b.off+b.n {
		err = damagedArrow()
	}
	return m, err
}

// column makes the cells of a field: one, or those of the fields inside it.
func (r *arrowRows) column(c *arrowColumnReader, above bool) error {
	if c.f.spread {
		null, err := c.step()
		if err != nil {
			return err
		}
		for _, child := range c.children {
			if err := r.column(child, above || null); err != nil {
				return err
			}
		}
		return nil
	}
	j := c.f.column
	r.quiet = above || j < 0
	from := len(r.text)
	as, _, null, err := r.value(max(j, 0), c)
	if err != nil || j < 0 {
		return err
	}
	switch {
	case above || null:
		r.text = r.text[:from]
		r.null(j)
	case c.f.shape:
		wkb := slices.Clone(r.text[from:])
		r.text = r.text[:from]
		return r.shape(j, r.n+1, wkb)
	default:
		r.set(j, from, as)
	}
	return nil
}

// value adds the next element of a column to the text, a nested one as JSON.
func (r *arrowRows) value(j int, c *arrowColumnReader) (as cellKind, quoted, null bool, err error) {
	if null, err = c.step(); err != nil {
		return asFound, false, false, err
	}
	if int64(len(r.text)) > r.limits.Record {
		return asFound, false, false, &Refusal{Code: "too-large", Stage: "structure", Row: r.n + 1, Line: r.n + 1}
	}
	switch {
	case c.f.kind == arrowNull:
		return asFound, false, true, nil
	case c.f.dictionary >= 0:
		return r.word(j, c, null)
	case c.f.kind == arrowScalar:
		b, err := c.scalar(r.limits.Cell)
		if err != nil || null || r.quiet {
			return asFound, false, null, err
		}
		if c.f.leaf.kind == leafBytes && !c.f.shape && !r.binary[j] {
			r.binary[j] = looksBinary(b)
		}
		if c.f.shape {
			r.text = append(r.text, b...)
			return asFound, false, false, nil
		}
		as, quoted, err = c.f.leaf.appendValue(&r.cellMaker, j, r.n+1, b)
		return as, quoted, false, err
	}
	was := r.quiet
	r.quiet = was || null
	err = r.nested(j, c)
	r.quiet = was
	return asFound, false, null, err
}

// inner adds an element inside another one.
func (r *arrowRows) inner(j int, c *arrowColumnReader) error {
	// An element may take no bytes of the file: their number is a claim too.
	if r.inside++; r.inside > min(rowsMost(r.f.size)+8*r.spent, r.limits.Inflated) {
		return &Refusal{Code: "too-large", Stage: "structure", Row: r.n + 1, Line: r.n + 1}
	}
	from := len(r.text)
	_, quoted, null, err := r.value(j, c)
	switch {
	case err != nil || r.quiet:
		r.text = r.text[:from]
	case null:
		r.text = append(r.text[:from], "null"...)
	case quoted:
		raw := slices.Clone(r.text[from:])
		r.text = appendJSONString(r.text[:from], raw)
	}
	return err
}

func (r *arrowRows) nested(j int, c *arrowColumnReader) error {
	if c.f.kind == arrowStruct {
		r.text = append(r.text, '{')
		for i, child := range c.children {
			if i > 0 {
				r.text = append(r.text, ',')
			}
			r.text = append(appendJSONString(r.text, []byte(child.f.name)), ':')
			if err := r.inner(j, child); err != nil {
				return err
			}
		}
		r.text = append(r.text, '}')
		return nil
	}
	n, child := c.f.size, c.children[0]
	if c.f.kind != arrowFixedList {
		from, to, err := c.span()
		if err != nil {
			return err
		}
		if err := r.pass(j, child, from-child.pos); err != nil {
			return err
		}
		n = to - from
	}
	if c.f.kind == arrowMap {
		return r.pairs(j, child, n)
	}
	r.text = append(r.text, '[')
	for i := range n {
		if i > 0 {
			r.text = append(r.text, ',')
		}
		if err := r.inner(j, child); err != nil {
			return err
		}
	}
	r.text = append(r.text, ']')
	return nil
}

// pass passes over elements that no row has.
func (r *arrowRows) pass(j int, c *arrowColumnReader, n int64) error {
	was := r.quiet
	r.quiet = true
	defer func() { r.quiet = was }()
	for ; n > 0; n-- {
		if err := r.inner(j, c); err != nil {
			return err
		}
	}
	return nil
}

// pairs writes a map: an object where its keys are text, else pairs in a list.
func (r *arrowRows) pairs(j int, entries *arrowColumnReader, n int64) error {
	key, value := entries.children[0], entries.children[1]
	object := key.f.kind == arrowScalar && (key.f.leaf.kind == leafText || key.f.leaf.kind == leafBytes)
	open, pair, mid, end, shut := "{", "", ":", "", "}"
	if !object {
		open, pair, mid, end, shut = "[", "[", ",", "]", "]"
	}
	r.text = append(r.text, open...)
	for i := range n {
		if i > 0 {
			r.text = append(r.text, ',')
		}
		if null, err := entries.step(); err != nil || null {
			return damagedArrow()
		}
		r.text = append(r.text, pair...)
		from := len(r.text)
		if err := r.inner(j, key); err != nil {
			return err
		}
		if object && !r.quiet && string(r.text[from:]) == "null" {
			return damagedArrow() // a key that is null
		}
		r.text = append(r.text, mid...)
		if err := r.inner(j, value); err != nil {
			return err
		}
		r.text = append(r.text, end...)
	}
	r.text = append(r.text, shut...)
	return nil
}

// arrowWords are the values of a dictionary, as they stand in cells.
type arrowWords struct {
	text  []byte
	words []arrowWord
}

type arrowWord struct {
	end    int
	as     cellKind
	quoted bool
	null   bool
}

// wordsMost bounds the dictionaries of a file, in bytes: any row may name any word.
const wordsMost = 128 << 20

// word adds what an index stands for.
func (r *arrowRows) word(j int, c *arrowColumnReader, null bool) (cellKind, bool, bool, error) {
	b, err := c.fixed(c.f.index.width)
	if err != nil || null || r.quiet {
		return asFound, false, null, err
	}
	d := r.dicts[c.f.dictionary]
	i := int64n(b)
	if c.f.index.kind == leafUint {
		i = int64(uint64(i) << (64 - 8*len(b)) >> (64 - 8*len(b)))
	}
	if d == nil || i < 0 || i >= int64(len(d.words)) {
		return asFound, false, false, damagedArrow()
	}
	from := 0
	if i > 0 {
		from = d.words[i-1].end
	}
	w := d.words[i]
	word := d.text[from:w.end]
	if c.f.kind == arrowScalar && c.f.leaf.kind == leafBytes && !r.binary[j] {
		r.binary[j] = looksBinary(word)
	}
	if w.quoted && c.f.kind == arrowScalar {
		r.appendText(j, r.n+1, word)
	} else {
		r.text = append(r.text, word...)
	}
	return w.as, w.quoted, w.null, nil
}

// dictionary takes a batch of words.
func (r *arrowRows) dictionary(m *arrowMessage) error {
	id, delta := m.head.number(0, 8, 0), m.head.number(2, 1, 0) == 1
	d := dictionaryField(r.f.fields, id)
	if d == nil {
		return damagedArrow()
	}
	b, err := r.openBatch(m, m.head.sub(1))
	if err != nil {
		return err
	}
	plain := *d
	plain.dictionary, plain.spread = -1, false
	c, err := b.column(&plain, 1)
	if err != nil {
		return err
	}
	if err := b.done(); err != nil {
		return err
	}
	words := r.dicts[id]
	if words == nil || !delta {
		words = &arrowWords{}
		r.dicts[id] = words
	}
	// Words are made into text by a maker of their own: what is wrong with them
	// is told of the cells that name them. Bytes are taken as they are.
	maker := &arrowRows{ctx: r.ctx, f: r.f, cellMaker: newCellMaker(1, r.limits), dicts: r.dicts, binary: []bool{true}}
	for range c.length {
		maker.begin()
		var w arrowWord
		switch {
		case c.f.kind == arrowScalar && (c.f.leaf.kind == leafText || c.f.leaf.kind == leafBytes):
			null, err := c.step()
			if err != nil {
				return err
			}
			raw, err := c.scalar(r.limits.Cell)
			if err != nil {
				return err
			}
			if w = (arrowWord{quoted: true, null: null}); !null {
				words.text = append(words.text, raw...)
			}
		default:
			var err error
			if w.as, w.quoted, w.null, err = maker.value(0, c); err != nil {
				return err
			}
			if !w.null {
				words.text = append(words.text, maker.text...)
			}
		}
		w.end = len(words.text)
		words.words = append(words.words, w)
		if r.wordBytes() > wordsMost {
			return &Refusal{Code: "too-large", Stage: "structure"}
		}
	}
	return nil
}

func (r *arrowRows) wordBytes() int {
	n := 0
	for _, d := range r.dicts {
		n += len(d.text) + 16*len(d.words)
	}
	return n
}

// dictionaryField finds the field that a dictionary belongs to.
func dictionaryField(fields []*arrowNode, id int64) *arrowNode {
	for _, d := range fields {
		if d.dictionary == id {
			return d
		}
		if inner := dictionaryField(d.children, id); inner != nil {
			return inner
		}
	}
	return nil
}
