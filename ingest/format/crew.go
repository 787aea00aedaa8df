package format

import (
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/apache/arrow/go/v17/arrow"
)

// Who looks at the cells. One goroutine finds records and rows, one after the
// other, since what a row is depends on those before it. Its cells go into
// blocks, and every column belongs to one worker, who takes the blocks in
// their order. So each count, each first place and each value is that of a
// serial reading, by construction and not by merging.

const (
	blockText  = 256 << 10 // bytes of cells in a block; it stays in a processor's cache
	blockCells = 64 << 10
	blocksMost = 4        // at work at once
	spareText  = 16 << 20 // a block that was larger is not kept
)

// Tests change these.
var (
	blockRows = 1024
	workers   = func() int { return runtime.GOMAXPROCS(0) }
)

// block is a run of data rows.
type block struct {
	first int64 // number of the first row, from 1
	lines []int64
	cells []packedCell // row after row
	text  []byte       // of the cells, one after the other
	left  atomic.Int32 // workers that are not done with it
	// Where the block ends a batch of converted rows: its columns.
	batch []arrow.Array
}

// packedCell is a cell whose text ends here, and begins where that before it ends.
type packedCell struct {
	end    uint32
	quoted bool
	as     cellKind
}

func (b *block) cell(at int) cell {
	c := b.cells[at]
	from := uint32(0)
	if at > 0 {
		from = b.cells[at-1].end
	}
	return cell{b.text[from:c.end:c.end], c.quoted, c.as}
}

// crew shows the cells of rows to their columns.
type crew struct {
	cols  []column
	early *early // converts too; nil: not

	open  *block
	free  chan *block // those that nobody works on
	made  int
	lanes []chan *block // one for each worker; none: the caller works
	wg    sync.WaitGroup
	fault atomic.Pointer[any] // what a worker panicked with
}

func newCrew(width int) *crew {
	return &crew{cols: make([]column, width), free: make(chan *block, blocksMost)}
}

// row takes a copy of a data row's cells. Rows come in their order.
func (w *crew) row(cells []cell, row, line int64) {
	b := w.open
	if b == nil {
		b = w.take()
		b.first = row
		w.open = b
	}
	b.lines = append(b.lines, line)
	for _, c := range cells[:len(w.cols)] {
		b.text = append(b.text, c.b...)
		b.cells = append(b.cells, packedCell{uint32(len(b.text)), c.quoted, c.as})
	}
	if len(b.lines) >= blockRows || len(b.text) >= blockText || len(b.cells) >= blockCells || w.early.batchFull(b) {
		w.hire()
		w.flush()
	}
}

// hire is called with the first block that is full: small tables need nobody.
func (w *crew) hire() {
	n := min(workers(), len(w.cols))
	if w.lanes != nil || n < 2 {
		return
	}
	for i := range n {
		lane := make(chan *block, blocksMost)
		w.lanes = append(w.lanes, lane)
		w.wg.Go(func() {
			for b := range lane {
				w.guarded(func() { w.columns(b, i, n) })
				w.done(b)
			}
		})
	}
}

// guarded keeps a worker's panic for the caller of wait; after one nothing
// more is done.
func (w *crew) guarded(work func()) {
	defer func() {
		if p := recover(); p != nil {
			w.fault.CompareAndSwap(nil, &p)
		}
	}()
	if w.fault.Load() == nil {
		work()
	}
}

// take finds a block that is free, or makes one.
func (w *crew) take() *block {
	select {
	case b := <-w.free:
		return b
	default:
	}
	if w.made < blocksMost {
		w.made++
		return new(block)
	}
	return <-w.free
}

// flush gives the open block to the workers.
func (w *crew) flush() {
	b := w.open
	if b == nil {
		return
	}
	w.open = nil
	w.early.close(b, len(w.cols))
	if w.lanes == nil {
		w.columns(b, 0, 1)
		b.left.Store(1)
		w.done(b)
		return
	}
	b.left.Store(int32(len(w.lanes)))
	for _, lane := range w.lanes {
		lane <- b
	}
}

// columns does a worker's part of a block.
func (w *crew) columns(b *block, i, n int) {
	width := len(w.cols)
	for j := i; j < width; j += n {
		c, convert := &w.cols[j], w.early.converter(j)
		for r, line := range b.lines {
			v := b.cell(r*width + j)
			t, k := c.add(&v, b.first+int64(r), line)
			if convert != nil && !convert.known(&v, t, k, c) {
				w.early.fail()
				convert = nil
			}
		}
		if convert != nil && b.batch != nil {
			b.batch[j] = convert.b.NewArray()
			convert.reserve(batchRows)
		}
	}
}

// done is called by each worker; the last one hands a batch on.
func (w *crew) done(b *block) {
	if b.left.Add(-1) > 0 {
		return
	}
	w.guarded(func() { w.early.give(b) })
	text := b.text[:0]
	if cap(text) > spareText {
		text = nil
	}
	b.lines, b.cells, b.text, b.batch = b.lines[:0], b.cells[:0], text, nil
	w.free <- b
}

// wait returns when all rows so far were looked at. A worker's panic is the
// caller's.
func (w *crew) wait() {
	w.flush()
	for range w.made {
		defer func(b *block) { w.free <- b }(<-w.free)
	}
	if p := w.fault.Load(); p != nil {
		panic(*p)
	}
}

// stop ends the workers; what they were given they finish. Twice is harmless.
func (w *crew) stop() {
	for _, lane := range w.lanes {
		close(lane)
	}
	w.wg.Wait()
	w.lanes = nil
}
