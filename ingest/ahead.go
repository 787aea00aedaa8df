package ingest

import (
	"errors"

	"github.com/apache/arrow/go/v17/arrow"

	"daylight/privacy"
)

// ahead examines a file's tables while the child still sends them, on a
// goroutine of its own: at most three batches are in memory, the one that comes
// in, the one that waits and the one that is looked at. A nil ahead does
// nothing. close it, whatever became of the file.
type ahead struct {
	setting privacy.Setting
	tables  []*privacy.Examination
	taken   bool // the last batch's bytes

	batches chan aheadBatch
	free    chan []byte // bytes of batches that were looked at
	done    chan struct{}
	// The goroutine's, until done is closed.
	err      error
	panicked any
}

type aheadBatch struct {
	table *privacy.Examination
	rec   arrow.Record
	bytes []byte // beneath rec
}

func newAhead(s privacy.Setting) *ahead {
	a := &ahead{setting: s, batches: make(chan aheadBatch), free: make(chan []byte, 2), done: make(chan struct{})}
	go func() {
		defer close(a.done)
		for b := range a.batches {
			a.look(b)
			select {
			case a.free <- b.bytes:
			default:
			}
		}
	}()
	return a
}

func (a *ahead) look(b aheadBatch) {
	defer b.rec.Release()
	defer func() {
		if p := recover(); p != nil {
			a.panicked, a.err = p, errors.New("the examination gave up")
		}
	}()
	if a.err == nil {
		a.err = b.table.See(b.rec)
	}
}

// begin: the batches that follow are of a table of this schema.
func (a *ahead) begin(s *arrow.Schema) {
	if a != nil {
		a.tables = append(a.tables, privacy.NewExamination(s, a.setting))
	}
}

// drop: the last table is none.
func (a *ahead) drop() {
	if a != nil {
		a.tables = a.tables[:len(a.tables)-1]
	}
}

// see takes over a batch, and the bytes that it stands in.
func (a *ahead) see(rec arrow.Record, bytes []byte) {
	if a == nil {
		rec.Release()
		return
	}
	a.taken = true
	a.batches <- aheadBatch{a.tables[len(a.tables)-1], rec, bytes}
}

// spare gives bytes to read the next frame into: those of the last one, unless
// they were taken over.
func (a *ahead) spare(last []byte) []byte {
	if a == nil || !a.taken {
		return last
	}
	a.taken = false
	select {
	case b := <-a.free:
		return b
	default:
		return nil
	}
}

// close waits until all is looked at. A panic of the examination is the
// caller's. Nothing may be seen afterwards.
func (a *ahead) close() error {
	if a == nil {
		return nil
	}
	close(a.batches)
	<-a.done
	if a.panicked != nil {
		panic(a.panicked)
	}
	return a.err
}
