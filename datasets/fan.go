package datasets

import (
	"errors"
	"fmt"
	"sync"

	"github.com/apache/arrow/go/v17/arrow"
)

// A fan gives each batch to all writers and to the statistics at once, each on
// a goroutine of its own. A batch is handed over only to a writer that is done
// with the one before, so at most three are in memory: the one being made, the
// one that waits for the slowest writer, and the one that is being written.
type fan struct {
	lanes  []*lane
	all    sync.WaitGroup
	closed bool
}

// lane is one writer. err and panicked are its goroutine's until that has ended.
type lane struct {
	in       chan arrow.Record
	failed   chan error // gets err once; after it the lane takes batches and drops them
	err      error
	panicked any
}

func newFan(outs []*output, info *stats) *fan {
	f := &fan{}
	f.lane(info.Write)
	for _, o := range outs {
		f.lane(func(rec arrow.Record) error {
			if err := o.w.Write(rec); err != nil {
				return fmt.Errorf("%s: %w", o.name, err)
			}
			return nil
		})
	}
	return f
}

func (f *fan) lane(write func(arrow.Record) error) {
	l := &lane{in: make(chan arrow.Record), failed: make(chan error, 1)}
	f.lanes = append(f.lanes, l)
	f.all.Go(func() {
		for rec := range l.in {
			l.take(rec, write)
		}
	})
}

// take writes one batch, unless an earlier one has failed.
func (l *lane) take(rec arrow.Record, write func(arrow.Record) error) {
	defer rec.Release()
	defer func() {
		if p := recover(); p != nil {
			l.panicked = p
			l.fail(errors.New("a writer gave up"))
		}
	}()
	if l.err == nil {
		if err := write(rec); err != nil {
			l.fail(err)
		}
	}
}

func (l *lane) fail(err error) {
	l.err = err
	l.failed <- err
}

// write hands a batch to every lane; the error is one of an earlier batch. The
// batch is only lent.
func (f *fan) write(rec arrow.Record) error {
	for _, l := range f.lanes {
		select {
		case err := <-l.failed:
			return err
		default:
		}
		rec.Retain()
		l.in <- rec
	}
	return nil
}

// close waits until all is written. The error is the first lane's that has
// one; a writer's panic is the caller's. Twice is harmless.
func (f *fan) close() error {
	if f.closed {
		return nil
	}
	f.closed = true
	for _, l := range f.lanes {
		close(l.in)
	}
	f.all.Wait()
	for _, l := range f.lanes {
		if l.panicked != nil {
			panic(l.panicked)
		}
		if l.err != nil {
			return l.err
		}
	}
	return nil
}
