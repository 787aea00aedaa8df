package privacy

import (
	"context"

	"github.com/apache/arrow/go/v17/arrow"
)

// person is the keyed hash of a person's key, or of a row's number. The key
// is random and lives as long as one run: nothing can be joined by it later.
type person [2]uint64

// Batch is a treated record; the persons stay beside it, never in it.
type Batch struct {
	arrow.Record
	Person []person
}

// Roles are the columns, by index in the treated schema, that a guard looks at.
type Roles struct {
	Quasi, Sensitive []int
}

// A Guard decides over the whole table.
type Guard struct {
	Name string // as in the plan's model: kind
	New  func(in *arrow.Schema, roles Roles, m Model) (TableGuard, error)
}

// Guards that a plan's model can name.
var Guards = []Guard{
	{Name: "full-domain", New: newKAnonymity},
}

func guard(kind string) (Guard, bool) {
	for _, g := range Guards {
		if g.Name == kind {
			return g, true
		}
	}
	return Guard{}, false
}

// A TableGuard sees every batch once, settles, and then passes every batch.
// After Settle it is a function of one row and its person.
type TableGuard interface {
	See(Batch) error
	Settle(context.Context) (Effect, error) // an error refuses the table
	Schema() *arrow.Schema                  // valid after Settle
	Pass(Batch) (Batch, error)              // the caller releases what it gets
	Report() (ModelReport, Risk)            // valid after Settle
}
