package ingest

import (
	"context"
	"hash/maphash"

	"github.com/apache/arrow/go/v17/arrow"

	"daylight/ingest/format"
	"daylight/privacy"
)

// Tables of one file that a key links are about persons if one of them is:
// whoever joins them again learns of persons what the other one says.
// privacy.md section 3.5. A key is a column whose values are all different; it
// links a table in which at least half of its values stand, or whose values at
// least half are among them, whatever the columns are called.

const (
	keySample = 4096    // values kept of one column, at most
	keyMemory = 1 << 20 // of all columns of a file
)

// keyColumn is a sample of the values of one column: those whose hash is under
// a limit, which is the same choice in every table.
type keyColumn struct {
	most  int
	limit uint64
	seen  map[uint64]bool // true: more than once
}

func newKeyColumn(most int) *keyColumn {
	return &keyColumn{most: most, limit: 1<<64 - 1, seen: map[uint64]bool{}}
}

func (k *keyColumn) add(h uint64) {
	if h > k.limit {
		return
	}
	_, twice := k.seen[h]
	k.seen[h] = twice
	for len(k.seen) > k.most {
		k.limit /= 2
		k.under(k.limit)
	}
}

// under drops what a lower limit does not choose.
func (k *keyColumn) under(limit uint64) {
	for h := range k.seen {
		if h > limit {
			delete(k.seen, h)
		}
	}
}

func (k *keyColumn) unique() bool {
	for _, twice := range k.seen {
		if twice {
			return false
		}
	}
	return len(k.seen) > 0
}

// links says whether one of the two is a key of the other.
func (k *keyColumn) links(o *keyColumn) bool {
	if !k.unique() && !o.unique() {
		return false
	}
	limit := min(k.limit, o.limit)
	both, mine, theirs := 0, 0, 0
	for h := range k.seen {
		if h > limit {
			continue
		}
		mine++
		if _, ok := o.seen[h]; ok {
			both++
		}
	}
	for h := range o.seen {
		if h <= limit {
			theirs++
		}
	}
	return both > 0 && 2*both >= min(mine, theirs)
}

// linkedTables gives each table the number of its group: tables in one group
// are linked by keys, directly or through others.
func linkedTables(ctx context.Context, tables []format.Table) ([]int, error) {
	group := make([]int, len(tables))
	for i := range group {
		group[i] = i
	}
	if len(tables) < 2 {
		return group, nil
	}
	columns := 0
	for _, t := range tables {
		columns += t.Schema().NumFields()
	}
	most := min(keySample, max(64, keyMemory/columns))
	seed := maphash.MakeSeed()
	keys := make([][]*keyColumn, len(tables))
	for i, t := range tables {
		var err error
		if keys[i], err = keyColumns(ctx, t, seed, most); err != nil {
			return nil, err
		}
	}
	for i := range tables {
		for j := range i {
			if group[i] == group[j] || !anyLinks(keys[i], keys[j]) {
				continue
			}
			from, to := group[i], group[j]
			for k := range group {
				if group[k] == from {
					group[k] = to
				}
			}
		}
	}
	return group, nil
}

func anyLinks(a, b []*keyColumn) bool {
	for _, x := range a {
		for _, y := range b {
			if x != nil && y != nil && x.links(y) {
				return true
			}
		}
	}
	return false
}

// keyColumns reads a table once. Columns of other types than text and whole
// numbers are no keys: nil.
func keyColumns(ctx context.Context, t format.Table, seed maphash.Seed, most int) ([]*keyColumn, error) {
	out := make([]*keyColumn, t.Schema().NumFields())
	for i, f := range t.Schema().Fields() {
		switch f.Type.ID() {
		case arrow.STRING, arrow.INT64, arrow.DECIMAL128:
			out[i] = newKeyColumn(most)
		}
	}
	rows, err := t.Rows(ctx)
	if err != nil {
		return nil, err
	}
	defer rows.Release()
	var cell []byte
	for rows.Next() {
		rec := rows.Record()
		for i, k := range out {
			if k == nil {
				continue
			}
			col := rec.Column(i)
			for row := range col.Len() {
				if cell = privacy.AppendCell(cell[:0], col, row); !col.IsNull(row) && len(cell) > 0 {
					k.add(maphash.Bytes(seed, cell))
				}
			}
		}
	}
	return out, rows.Err()
}
