package ingest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"daylight/catalog"
	"daylight/privacy"
	"daylight/store"
)

// A shape is how a file looked: what the next file of its dataset is held
// against. A label that looks like personal data is not kept.
type shape struct {
	Tables []shapeTable `json:"tables"`
}

type shapeTable struct {
	Name    string        `json:"name,omitempty"`
	Rows    int64         `json:"rows"`
	Columns []shapeColumn `json:"columns"`
}

type shapeColumn struct {
	Key    string   `json:"key"`
	Label  string   `json:"label,omitempty"`
	Type   string   `json:"type"` // a word of the plan; "": it held nothing
	Nulls  []string `json:"nulls,omitempty"`
	Unique bool     `json:"unique,omitempty"` // no value twice, and none missing
}

// shown is how its sender knows the column.
func (c shapeColumn) shown() string {
	if c.Label != "" {
		return c.Label
	}
	return c.Key
}

// shapeOf leaves out tables that hold nothing.
func shapeOf(c *Checked) shape {
	var s shape
	for i := range c.Tables {
		if c.barren(i) {
			continue
		}
		s.Tables = append(s.Tables, shapeOfTable(c, i))
	}
	return s
}

func shapeOfTable(c *Checked, i int) shapeTable {
	t := shapeTable{Name: tableName(c, i), Rows: c.Report.Tables[i].DataRows}
	for j, p := range c.Profiles[i].Columns {
		f := c.Report.Tables[i].Fields[j]
		col := shapeColumn{Key: f.Key, Label: f.Label, Nulls: slices.Sorted(maps.Keys(f.Nulls))} // held ones are numbered in the report
		if p.Rows > p.Nulls {
			col.Type, _, _ = strings.Cut(f.Type, "(")
		}
		if p.NameHeld {
			col.Label = ""
		}
		keyish := j == 0 || col.Type == "text" // numbers that are counted differ by chance
		col.Unique = keyish && !p.ByRows && p.Nulls == 0 && p.Rows > 1 && p.Distinct == p.Rows
		t.Columns = append(t.Columns, col)
	}
	return t
}

// keepShape stores it with the intent to publish the upload.
func keepShape(ctx context.Context, tx *store.Tx, upload string, c *Checked) error {
	b, err := json.Marshal(shapeOf(c))
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `INSERT INTO shapes (upload_id, shape) VALUES ($1, $2) ON CONFLICT (upload_id) DO UPDATE SET shape = excluded.shape`, upload, string(b))
	return err
}

// lastShape is that of the dataset's last release; nil: it has none, or one
// from before shapes were kept.
func (in *Inbox) lastShape(ctx context.Context, dataset catalog.DatasetID) (*shape, error) {
	var text string
	err := in.db.QueryRow(ctx, `SELECT s.shape FROM shapes s JOIN uploads u ON u.id = s.upload_id WHERE u.dataset_id = $1 AND u.state = $2
		ORDER BY u.release_n DESC, u.updated_at DESC, u.id LIMIT 1`, string(dataset), catalog.StatePublished).Scan(&text)
	if errors.Is(err, store.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read shape: %w", err)
	}
	var s shape
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		return nil, errors.New("a shape is not JSON")
	}
	return &s, nil
}

// of finds the table that this one continues: by its name, or where both files
// hold one; nil: none.
func (s *shape) of(name string, tables int) *shapeTable {
	if s == nil {
		return nil
	}
	if tables == 1 && len(s.Tables) == 1 {
		return &s.Tables[0]
	}
	for i := range s.Tables {
		if s.Tables[i].Name == name {
			return &s.Tables[i]
		}
	}
	return nil
}

// match pairs the columns of two tables: by label, spaces and capitals aside,
// then by key. The numbers are those of was; -1: none.
func (t shapeTable) match(was *shapeTable) []int {
	to := make([]int, len(t.Columns))
	taken := make([]bool, len(was.Columns))
	for j := range to {
		to[j] = -1
	}
	pair := func(same func(a, b shapeColumn) bool) {
		for j, c := range t.Columns {
			for k, w := range was.Columns {
				if to[j] < 0 && !taken[k] && same(c, w) {
					to[j], taken[k] = k, true
				}
			}
		}
	}
	pair(func(a, b shapeColumn) bool { return a.Label != "" && a.Label == b.Label && a.Key == b.Key })
	pair(func(a, b shapeColumn) bool { return a.Label != "" && foldLabel(a.Label) == foldLabel(b.Label) })
	pair(func(a, b shapeColumn) bool { return a.Key == b.Key })
	return to
}

func foldLabel(s string) string { return strings.ToLower(strings.Join(strings.Fields(s), " ")) }

// keysKept gives the keys that columns had under the same label in the last
// release and have no longer, as a "read" block: a key once given stays. nil:
// all have theirs. The block is about all tables of the file: where they would
// disagree over a key, nothing is kept, and drifted stops the file.
func (s *shape) keysKept(c *Checked, read *privacy.Reading) *privacy.Reading {
	kept := map[string]privacy.ReadColumn{}
	torn := map[string]bool{}
	for i := range c.Tables {
		if c.barren(i) {
			continue
		}
		now, was := shapeOfTable(c, i), s.of(tableName(c, i), len(c.Tables))
		at := make([]int, len(now.Columns))
		if was != nil {
			at = now.match(was)
		}
		for j, col := range now.Columns {
			own := saidOf(read, col)
			want := col.Key
			if k := at[j]; was != nil && k >= 0 && own.Key == "" && col.Label != "" && was.Columns[k].Label != "" {
				want = was.Columns[k].Key
			}
			if other, met := kept[col.Key]; met && other.Key != want {
				torn[col.Key] = true
			}
			own.Key = want
			kept[col.Key] = own
		}
	}
	maps.DeleteFunc(kept, func(key string, c privacy.ReadColumn) bool { return torn[key] || c.Key == key })
	if len(kept) == 0 {
		return nil
	}
	out := &privacy.Reading{}
	if read != nil {
		*out = *read
		for name, said := range read.Columns {
			if _, met := kept[name]; !met {
				kept[name] = said
			}
		}
	}
	out.Columns = kept
	return out
}

// saidOf is what a "read" block says of a column.
func saidOf(read *privacy.Reading, c shapeColumn) privacy.ReadColumn {
	if read == nil {
		return privacy.ReadColumn{}
	}
	names := slices.Sorted(maps.Keys(read.Columns))
	for _, is := range []func(name string) bool{
		func(name string) bool { return read.Columns[name].Key == c.Key },
		func(name string) bool { return name == c.Key },
		func(name string) bool { return c.Label != "" && foldLabel(name) == foldLabel(c.Label) },
	} {
		if i := slices.IndexFunc(names, is); i >= 0 {
			return read.Columns[names[i]]
		}
	}
	return privacy.ReadColumn{}
}

// keyed is the plan with its columns named by key, where it names them by a
// label of the last release: a column that is called otherwise by now keeps what
// was decided over it.
func (s *shape) keyed(p privacy.Plan, name string, tables int) privacy.Plan {
	was := s.of(name, tables)
	if was == nil {
		return p
	}
	p.Columns = slices.Clone(p.Columns)
	for i, c := range p.Columns {
		for _, w := range was.Columns {
			if w.Label != "" && foldLabel(c.Column) == foldLabel(w.Label) {
				p.Columns[i].Column = w.Key
			}
		}
	}
	return p
}
