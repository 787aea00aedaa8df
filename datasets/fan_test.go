package datasets

import (
	"errors"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// firstCells keeps the first cell of each batch it is given.
type firstCells struct {
	cells []int64
	fail  func(n int) error
}

func (w *firstCells) Write(rec arrow.Record) error {
	w.cells = append(w.cells, rec.Column(0).(*array.Int64).Value(0))
	if w.fail != nil {
		return w.fail(len(w.cells))
	}
	return nil
}

func (w *firstCells) Close() error { return nil }

var fanSchema = arrow.NewSchema([]arrow.Field{{Name: "n", Type: arrow.PrimitiveTypes.Int64, Nullable: true}}, nil)

// pour sends batches 1, 2, … n until one is refused.
func pour(f *fan, n int64) error {
	for i := range n {
		b := array.NewInt64Builder(memory.NewGoAllocator())
		b.Append(i + 1)
		rec := array.NewRecord(fanSchema, []arrow.Array{b.NewArray()}, 1)
		err := f.write(rec)
		rec.Release()
		if err != nil {
			f.close()
			return err
		}
	}
	return f.close()
}

func fanOf(writers ...Writer) (*fan, *stats) {
	var outs []*output
	for i, w := range writers {
		outs = append(outs, &output{name: string(rune('a' + i)), w: w})
	}
	info := newStats(fanSchema)
	return newFan(outs, info), info
}

// Every writer gets every batch, in order, and so do the statistics.
func TestFanGivesAllToAll(t *testing.T) {
	a, b := &firstCells{}, &firstCells{}
	f, info := fanOf(a, b)
	if err := pour(f, 100); err != nil {
		t.Fatal(err)
	}
	for _, w := range []*firstCells{a, b} {
		if len(w.cells) != 100 {
			t.Fatalf("a writer got %d batches of 100", len(w.cells))
		}
		for i, v := range w.cells {
			if v != int64(i)+1 {
				t.Fatalf("batch %d came as number %d", v, i+1)
			}
		}
	}
	if info.rows != 100 {
		t.Errorf("the statistics saw %d rows of 100", info.rows)
	}
}

// A writer that fails ends the writing, whether at a batch in the middle or at
// the last one, and nobody waits for it for ever.
func TestFanFails(t *testing.T) {
	full := errors.New("disk full")
	for _, at := range []int{1, 50, 100} {
		a, b := &firstCells{}, &firstCells{fail: func(n int) error {
			if n == at {
				return full
			}
			return nil
		}}
		f, _ := fanOf(a, b)
		err := pour(f, 100)
		if !errors.Is(err, full) || !strings.HasPrefix(err.Error(), "b: ") {
			t.Errorf("at batch %d: %v", at, err)
		}
		if len(b.cells) != at {
			t.Errorf("at batch %d: the writer was given %d", at, len(b.cells))
		}
	}
}

// What panics in a writer panics where the writing was asked for.
func TestFanPanics(t *testing.T) {
	defer func() {
		if p := recover(); p != "broken" {
			t.Errorf("recovered %v", p)
		}
	}()
	f, _ := fanOf(&firstCells{fail: func(int) error { panic("broken") }})
	pour(f, 3)
	t.Error("nothing panicked")
}
