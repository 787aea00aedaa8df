package datasets

import (
	"errors"
	"io"
	"sync/atomic"

	"github.com/apache/arrow/go/v17/arrow"
)

// records turns a function that gives one record after another, io.EOF at the
// end, into an array.RecordReader.
type records struct {
	refs   atomic.Int64
	schema *arrow.Schema
	next   func() (arrow.Record, error)
	close  func() // may be nil
	rec    arrow.Record
	err    error
	done   bool
}

func newRecords(s *arrow.Schema, next func() (arrow.Record, error), close func()) *records {
	r := &records{schema: s, next: next, close: close}
	r.refs.Store(1)
	return r
}

func (r *records) Retain()               { r.refs.Add(1) }
func (r *records) Schema() *arrow.Schema { return r.schema }
func (r *records) Record() arrow.Record  { return r.rec }
func (r *records) Err() error            { return r.err }

func (r *records) Release() {
	if r.refs.Add(-1) != 0 {
		return
	}
	r.drop()
	r.done = true
	if r.close != nil {
		r.close()
	}
}

func (r *records) Next() bool {
	r.drop()
	if r.done {
		return false
	}
	rec, err := r.next()
	if err != nil {
		r.done = true
		if !errors.Is(err, io.EOF) {
			r.err = err
		}
		return false
	}
	r.rec = rec
	return true
}

func (r *records) drop() {
	if r.rec != nil {
		r.rec.Release()
		r.rec = nil
	}
}
