package privacy

import (
	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// keep: unchanged. Refused on a direct finding unless its kind is allowed.
func newKeep(in arrow.Field, _ Args, _ Setting) (arrow.Field, ColumnFunc, error) {
	return in, func(a arrow.Array) (arrow.Array, Effect, error) {
		a.Retain()
		return a, Effect{}, nil
	}, nil
}

// drop: the column does not exist in the output schema.
func newDrop(in arrow.Field, _ Args, _ Setting) (arrow.Field, ColumnFunc, error) {
	return in, nil, nil
}

// textFunc writes the new text of cell i, which is not null, to dst. It tells
// whether the cell changed and whether its value was unknown.
type textFunc func(dst []byte, a arrow.Array, i int) (out []byte, changed, unknown bool, err error)

// eachText is the ColumnFunc of a treatment whose result is text. Null stays null.
func eachText(f textFunc) ColumnFunc {
	return func(a arrow.Array) (arrow.Array, Effect, error) {
		b := array.NewStringBuilder(memory.DefaultAllocator)
		defer b.Release()
		b.Reserve(a.Len())
		var e Effect
		var cell []byte
		for i := range a.Len() {
			if a.IsNull(i) {
				b.AppendNull()
				continue
			}
			var changed, unknown bool
			var err error
			if cell, changed, unknown, err = f(cell[:0], a, i); err != nil {
				return nil, e, &cellError{i, err.Error()}
			}
			if changed {
				e.Changed++
			}
			if unknown {
				e.Unknown++
			}
			b.BinaryBuilder.Append(cell)
		}
		return b.NewArray(), e, nil
	}
}
