package format

import (
	"slices"

	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// A Misfit is the place of one cell that does not fit the type of its column:
// the one a plan names, or the one that all other cells have, so that the
// column stayed text. Or of a record that was set aside.
type Misfit struct {
	Row    int64 // data row from 1; 0: a record that was set aside
	Line   int64 // where the record starts
	Column int   // from 0; of a record that was set aside too
}

// nearly makes the converter that a column would have had without the cells
// that do not fit.
func nearly(s spec) *converter {
	c := newConverter(s, array.NewBuilder(memory.DefaultAllocator, s.arrowType()))
	return &c
}

// drop forgets what was converted: only whether it could be was wanted.
func (c *converter) drop() {
	if c != nil {
		c.b.NewArray().Release()
	}
}

// hasMisfits: the report counts cells and records whose places are wanted.
// They are told while the rows are read once more.
func (t *table) hasMisfits() bool {
	if t.f.opts.Misfit == nil {
		return false
	}
	tables := t.f.report.Tables
	return slices.ContainsFunc(tables[len(tables)-1].Problems, func(p Problem) bool { return p.Code == "cell-type" || p.Code == "rejected-row" })
}
