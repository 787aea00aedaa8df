package difference

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"daylight/datasets"
	"daylight/privacy"
)

// A Side is one of the two tables: what is said of it, and its rows.
type Side struct {
	Info datasets.TableInfo
	Rows privacy.Table
}

// Ways by which rows are matched.
const (
	ByKey = "key" // rows of one key are one row
	ByRow = "row" // rows that are alike are one row, however often they stand there
)

// Counts says how many rows became different. A row that stands several times
// counts as often.
type Counts struct {
	By        string   `json:"by"`            // ByKey or ByRow
	Key       []string `json:"key,omitempty"` // columns of the later table
	Unchanged int64    `json:"unchanged"`
	Added     int64    `json:"added"`
	Removed   int64    `json:"removed"`
	Changed   int64    `json:"changed"` // 0 where rows are matched as a whole
	// Repeated are keys that stand in more than one row. Then the key says
	// nothing about rows, and they are matched as a whole.
	Repeated int64 `json:"repeated_keys,omitempty"`
}

// Same says that all rows are alike.
func (c Counts) Same() bool { return c.Added+c.Removed+c.Changed == 0 }

// A Difference is what became different between two tables. Its rows are read
// from the two files when they are asked for: both must stay open until Close.
type Difference struct {
	Columns Columns
	Counts  Counts

	before, after Side
	common        []common
	folder        string
	gone, come    *spill // notes by the place of their row in the earlier and the later table
}

// common is a column that both tables have.
type common struct {
	before, after int
	plain         plain
	number        bool
}

// ErrNothingCommon: the tables have no column in common.
var ErrNothingCommon = errors.New("the tables have no column in common")

// Compare matches the rows of two tables. It reads both once, twice where a key
// repeats itself; what it remembers of the rows, 40 bytes each, goes into
// temporary files in folder ("": the system's), and memory stays flat. The same
// two tables give the same difference, row by row. After an error both tables
// are closed, as by Close.
func Compare(ctx context.Context, before, after Side, folder string) (_ *Difference, err error) {
	d := &Difference{Columns: CompareColumns(before.Info.Columns, after.Info.Columns), before: before, after: after, folder: folder}
	defer func() {
		if err != nil {
			d.Close()
		}
	}()
	if before.Rows.Schema().NumFields() != len(before.Info.Columns) || after.Rows.Schema().NumFields() != len(after.Info.Columns) {
		return nil, errors.New("compare: a file has other columns than its description")
	}
	for j, i := range match(before.Info.Columns, after.Info.Columns) {
		if i < 0 {
			continue
		}
		was, is := before.Rows.Schema().Field(i).Type, after.Rows.Schema().Field(j).Type
		d.common = append(d.common, common{i, j, plainFor(was, is), number(was) && number(is)})
	}
	if len(d.common) == 0 {
		return nil, ErrNothingCommon
	}
	repeated := int64(0)
	if key := d.key(); len(key) > 0 {
		d.keyFirst(key)
		if repeated, err = d.matchRows(ctx, len(key)); err != nil {
			return nil, fmt.Errorf("compare: %w", err)
		}
		if repeated == 0 {
			d.Counts.By, d.Counts.Key = ByKey, key
			return d, nil
		}
	}
	if _, err = d.matchRows(ctx, 0); err != nil {
		return nil, fmt.Errorf("compare: %w", err)
	}
	d.Counts.By, d.Counts.Repeated = ByRow, repeated
	return d, nil
}

// key is the primary key of the later table, else of the earlier one, if both
// tables have all its columns; by the names of the later.
func (d *Difference) key() []string {
	has := func(key string) bool {
		return slices.ContainsFunc(d.common, func(c common) bool { return d.after.Info.Columns[c.after].Key == key })
	}
	if k := d.after.Info.PrimaryKey; len(k) > 0 && !slices.ContainsFunc(k, func(key string) bool { return !has(key) }) {
		return slices.Clone(k)
	}
	var out []string
	for _, key := range d.before.Info.PrimaryKey {
		i := slices.IndexFunc(d.common, func(c common) bool { return d.before.Info.Columns[c.before].Key == key })
		if i < 0 {
			return nil
		}
		out = append(out, d.after.Info.Columns[d.common[i].after].Key)
	}
	return out
}

// keyFirst puts the columns of the key before the others, in the key's order.
func (d *Difference) keyFirst(key []string) {
	place := func(c common) int {
		if i := slices.Index(key, d.after.Info.Columns[c.after].Key); i >= 0 {
			return i
		}
		return len(key)
	}
	slices.SortStableFunc(d.common, func(a, b common) int { return place(a) - place(b) })
}

// Before is the place in the earlier table of a column of the later one; -1: it
// is new.
func (d *Difference) Before(column int) int {
	for _, c := range d.common {
		if c.after == column {
			return c.before
		}
	}
	return -1
}

// Close gives back what the difference remembers, and closes the tables where
// they can be closed.
func (d *Difference) Close() error {
	err := d.forget()
	for _, s := range []Side{d.before, d.after} {
		if c, ok := s.Rows.(io.Closer); ok {
			err = errors.Join(err, c.Close())
		}
	}
	return err
}

// forget drops all notes.
func (d *Difference) forget() error {
	err := errors.Join(d.gone.close(), d.come.close())
	d.gone, d.come = nil, nil
	return err
}
