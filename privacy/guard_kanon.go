package privacy

import (
	"context"
	"encoding/binary"
	"errors"
	"math"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// kAnonymity holds a table whose levels the plan has fixed: every class of
// equal quasi-identifiers has at least k persons and l values of each
// sensitive column. Classes that fail get Suppressed in every
// quasi-identifier; if all of them together are still fewer than k persons,
// their rows are removed. More than suppress_max of the persons is refused.
type kAnonymity struct {
	in, out *arrow.Schema
	roles   Roles
	model   Model
	classes map[string]*kClass
	people  map[person]bool // all persons
	removes bool            // failing classes are removed, not starred
	report  ModelReport
	risk    Risk
	key     []byte
}

// kClass is one combination of quasi-identifiers.
type kClass struct {
	rows    int64
	persons map[person]struct{}
	values  []map[string]struct{} // of each sensitive column, no more than l are kept
	fails   bool
}

func newKAnonymity(in *arrow.Schema, roles Roles, m Model) (TableGuard, error) {
	if len(roles.Quasi) == 0 {
		return nil, errors.New("the model needs columns of class quasi: those that narrow a person down")
	}
	if m.L > 1 && len(roles.Sensitive) == 0 {
		return nil, errors.New("l needs a column of class sensitive")
	}
	return &kAnonymity{in: in, roles: roles, model: m, classes: map[string]*kClass{}, people: map[person]bool{}}, nil
}

// keyOf is the class of a row: its quasi-identifiers, each with its length, so
// that no two classes can be written alike.
func (g *kAnonymity) keyOf(rec arrow.Record, row int) []byte {
	g.key = g.key[:0]
	for _, q := range g.roles.Quasi {
		col := rec.Column(q)
		if col.IsNull(row) {
			g.key = binary.LittleEndian.AppendUint32(g.key, math.MaxUint32)
			continue
		}
		at := len(g.key)
		g.key = append(g.key, 0, 0, 0, 0)
		g.key = AppendCell(g.key, col, row)
		binary.LittleEndian.PutUint32(g.key[at:], uint32(len(g.key)-at-4))
	}
	return g.key
}

func (g *kAnonymity) See(b Batch) error {
	var cell []byte
	for row := range int(b.NumRows()) {
		key := g.keyOf(b.Record, row)
		c := g.classes[string(key)]
		if c == nil {
			c = &kClass{persons: map[person]struct{}{}, values: make([]map[string]struct{}, len(g.roles.Sensitive))}
			for i := range c.values {
				c.values[i] = map[string]struct{}{}
			}
			g.classes[string(key)] = c
		}
		c.rows++
		c.persons[b.Person[row]] = struct{}{}
		g.people[b.Person[row]] = true
		for i, s := range g.roles.Sensitive {
			col := b.Column(s)
			if len(c.values[i]) < g.model.L && !col.IsNull(row) {
				cell = AppendCell(cell[:0], col, row)
				c.values[i][string(cell)] = struct{}{}
			}
		}
	}
	return nil
}

func (g *kAnonymity) holds(c *kClass) bool {
	if len(c.persons) < g.model.K {
		return false
	}
	for _, v := range c.values {
		if len(v) < g.model.L {
			return false
		}
	}
	return true
}

// take adds another class's rows.
func (c *kClass) take(o *kClass) {
	c.rows += o.rows
	for p := range o.persons {
		c.persons[p] = struct{}{}
	}
	for i, values := range o.values {
		for v := range values {
			c.values[i][v] = struct{}{}
		}
	}
}

// starKey is the class in which every quasi-identifier is Suppressed, a
// geometry null.
func (g *kAnonymity) starKey() []byte {
	var key []byte
	for _, q := range g.roles.Quasi {
		if isGeometry(g.in.Field(q)) {
			key = binary.LittleEndian.AppendUint32(key, math.MaxUint32)
			continue
		}
		key = binary.LittleEndian.AppendUint32(key, uint32(len(Suppressed)))
		key = append(key, Suppressed...)
	}
	return key
}

func (g *kAnonymity) Settle(ctx context.Context) (Effect, error) {
	var e Effect
	rest := &kClass{persons: map[person]struct{}{}, values: make([]map[string]struct{}, len(g.roles.Sensitive))}
	for i := range rest.values {
		rest.values[i] = map[string]struct{}{}
	}
	smallest, kept := math.MaxInt, int64(0)
	// Rows that already read "*" in every quasi-identifier, as when no band or
	// hierarchy knows them, will stand in one class with the suppressed ones.
	stars := g.classes[string(g.starKey())]
	for _, c := range g.classes {
		if err := ctx.Err(); err != nil {
			return e, err
		}
		if g.holds(c) {
			kept++
			smallest = min(smallest, len(c.persons))
			continue
		}
		c.fails = true
		rest.take(c)
	}
	share := 0.0
	if len(g.people) > 0 {
		share = float64(len(rest.persons)) / float64(len(g.people))
	}
	if share > g.model.SuppressMax {
		var out problems
		out.refused("", "suppress-max", "%.1f %% of the persons are in groups of fewer than %d, and the plan allows %.1f %%: make the quasi columns coarser, or drop one",
			100*share, g.model.K, 100*g.model.SuppressMax)
		return e, out.err()
	}
	failing, merged := rest.rows, stars != nil && !stars.fails
	if failing > 0 && merged {
		rest.take(stars)
	}
	g.removes = failing > 0 && !g.holds(rest)
	switch {
	case g.removes:
		e.Removed = failing
	case failing > 0:
		e.Changed = failing
		if !merged {
			kept++
			smallest = min(smallest, len(rest.persons))
		}
	}
	g.out = g.in
	if e.Changed > 0 {
		g.out = g.starred()
	}
	g.report = ModelReport{Kind: g.model.Kind, K: g.model.K, L: g.model.L, SuppressMax: g.model.SuppressMax, Suppressed: share, Classes: kept}
	for _, q := range g.roles.Quasi {
		g.report.Quasi = append(g.report.Quasi, g.in.Field(q).Name)
	}
	if n := len(g.people); n > 0 && kept > 0 {
		g.risk = Risk{Maximum: 1 / float64(smallest), Average: float64(kept) / float64(n)}
	}
	g.people = nil
	for _, c := range g.classes { // from here on only the verdicts are needed
		c.persons, c.values = nil, nil
	}
	return e, nil
}

// starred is the schema in which a quasi-identifier can be "*".
func (g *kAnonymity) starred() *arrow.Schema {
	fields := append([]arrow.Field(nil), g.in.Fields()...)
	for _, q := range g.roles.Quasi {
		if isGeometry(fields[q]) {
			continue // null says it: there is no geometry that stands for all
		}
		fields[q] = treated(fields[q], arrow.BinaryTypes.String, metaOf(fields[q], MetaLevel))
	}
	return arrow.NewSchema(fields, nil)
}

func (g *kAnonymity) Schema() *arrow.Schema       { return g.out }
func (g *kAnonymity) Report() (ModelReport, Risk) { return g.report, g.risk }

func (g *kAnonymity) Pass(b Batch) (Batch, error) {
	fails := make([]bool, b.NumRows())
	any := false
	for row := range fails {
		c := g.classes[string(g.keyOf(b.Record, row))]
		if c == nil {
			return Batch{}, errors.New("guard: the table changed between its two passes")
		}
		fails[row] = c.fails
		any = any || c.fails
	}
	switch {
	case g.removes && any:
		return without(b, fails)
	case g.out != g.in:
		return g.star(b, fails)
	}
	b.Retain()
	return b, nil
}

// star writes Suppressed into the quasi-identifiers of failing rows, null into
// a geometry.
func (g *kAnonymity) star(b Batch, fails []bool) (Batch, error) {
	cols := append([]arrow.Array(nil), b.Columns()...)
	var cell []byte
	for _, q := range g.roles.Quasi {
		if isGeometry(g.in.Field(q)) {
			made, err := withNulls(cols[q], fails)
			if err != nil {
				return Batch{}, err
			}
			defer made.Release()
			cols[q] = made
			continue
		}
		build := array.NewStringBuilder(memory.DefaultAllocator)
		build.Reserve(len(fails))
		for row, bad := range fails {
			switch {
			case bad:
				build.Append(Suppressed)
			case cols[q].IsNull(row):
				build.AppendNull()
			default:
				cell = AppendCell(cell[:0], cols[q], row)
				build.BinaryBuilder.Append(cell)
			}
		}
		made := build.NewArray()
		build.Release()
		defer made.Release() // the record holds its own
		cols[q] = made
	}
	return Batch{Record: array.NewRecord(g.out, cols, b.NumRows()), Person: b.Person}, nil
}

// without copies the rows that stay.
func without(b Batch, out []bool) (Batch, error) {
	cols := make([]arrow.Array, b.NumCols())
	defer func() {
		for _, c := range cols {
			if c != nil {
				c.Release()
			}
		}
	}()
	var people []person
	rows := int64(0)
	for row, gone := range out {
		if !gone {
			people = append(people, b.Person[row])
			rows++
		}
	}
	for i := range cols {
		made, err := pick(b.Column(i), out)
		if err != nil {
			return Batch{}, err
		}
		cols[i] = made
	}
	return Batch{Record: array.NewRecord(b.Schema(), cols, rows), Person: people}, nil
}

// pick copies the cells of an array that are not out.
func pick(a arrow.Array, out []bool) (arrow.Array, error) {
	var parts []arrow.Array
	defer func() {
		for _, p := range parts {
			p.Release()
		}
	}()
	for from := 0; from < len(out); {
		to := from + 1
		for to < len(out) && out[to] == out[from] {
			to++
		}
		if !out[from] {
			parts = append(parts, array.NewSlice(a, int64(from), int64(to)))
		}
		from = to
	}
	if len(parts) == 0 {
		return array.MakeArrayOfNull(memory.DefaultAllocator, a.DataType(), 0), nil
	}
	return array.Concatenate(parts, memory.DefaultAllocator)
}
