package difference

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/decimal128"
	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"daylight/datasets"
)

// Two tables go in, and what is different comes out: once as what is told of
// columns and counts, once as CSV and once as JSON Lines. A header is
// "*key=Label:type" with the star for a column of the primary key.
func TestCases(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			part := map[string]string{}
			for _, f := range a.Files {
				part[f.Name] = string(f.Data)
			}
			d, err := Compare(t.Context(), sideOf(t, part["before.csv"]), sideOf(t, part["after.csv"]), t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close()
			got := map[string]string{"told": told(d)}
			for range 2 { // rows can be asked for again
				var csv, lines bytes.Buffer
				if err := d.WriteCSV(&csv, d.Rows(t.Context())); err != nil {
					t.Fatal(err)
				}
				if err := d.WriteLines(&lines, d.Rows(t.Context())); err != nil {
					t.Fatal(err)
				}
				got["want.csv"], got["want.jsonl"] = csv.String(), lines.String()
				for name, text := range got {
					if diff := cmp.Diff(part[name], text); diff != "" {
						t.Errorf("%s (-want +got)\n%s", name, diff)
					}
				}
			}
			firstAsAll(t, d)
		})
	}
}

func told(d *Difference) string {
	var b strings.Builder
	for _, c := range d.Columns.Added {
		fmt.Fprintln(&b, "added", c.Key)
	}
	for _, c := range d.Columns.Removed {
		fmt.Fprintln(&b, "removed", c.Key)
	}
	for _, p := range d.Columns.Renamed {
		fmt.Fprintln(&b, "renamed", p.Before.Key, p.After.Key)
	}
	for _, p := range d.Columns.Retyped {
		fmt.Fprintln(&b, "retyped", p.After.Key, p.Before.Type, p.After.Type)
	}
	c := d.Counts
	fmt.Fprintf(&b, "by %s: %d unchanged, %d added, %d removed, %d changed", strings.TrimSpace(c.By+" "+strings.Join(c.Key, ",")), c.Unchanged, c.Added, c.Removed, c.Changed)
	if c.Repeated > 0 {
		fmt.Fprintf(&b, ", %d keys repeated", c.Repeated)
	}
	return b.String() + "\n"
}

// firstAsAll: the first rows of each kind are those that Rows gives first.
func firstAsAll(t *testing.T, d *Difference) {
	t.Helper()
	want := map[string][]Row{}
	for r, err := range d.Rows(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		want[r.Kind] = append(want[r.Kind], r)
	}
	for _, n := range []int{1, 2, 100} {
		added, removed, changed, err := d.First(t.Context(), n)
		if err != nil {
			t.Fatal(err)
		}
		for kind, got := range map[string][]Row{RowAdded: added, RowRemoved: removed, RowChanged: changed} {
			if diff := cmp.Diff(want[kind][:min(n, len(want[kind]))], got); diff != "" && len(got)+len(want[kind]) > 0 {
				t.Errorf("first %d %s (-all +first)\n%s", n, kind, diff)
			}
		}
	}
}

// sideOf makes a published table of a CSV.
func sideOf(t testing.TB, text string) Side {
	t.Helper()
	csv, _ := datasets.FormatOf("csv")
	table, err := csv.Read(strings.NewReader(text), int64(len(text)))
	if err != nil {
		t.Fatal(err)
	}
	info := datasets.TableInfo{Name: "data"}
	var fields []arrow.Field
	for _, f := range table.Schema().Fields() {
		head, kind, _ := strings.Cut(f.Name, ":")
		head, label, named := strings.Cut(head, "=")
		head, isKey := strings.CutPrefix(head, "*")
		if !named {
			label = head
		}
		typ := typeOf(kind)
		fields = append(fields, arrow.Field{Name: head, Type: typ, Nullable: true})
		info.Columns = append(info.Columns, datasets.Column{Key: head, Label: label, Type: words[typ.ID()]})
		if isKey {
			info.PrimaryKey = append(info.PrimaryKey, head)
		}
	}
	b := array.NewRecordBuilder(memory.NewGoAllocator(), arrow.NewSchema(fields, nil))
	rows, err := table.Rows(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Release()
	for rows.Next() {
		rec := rows.Record()
		for i := range fields {
			for row := range int(rec.NumRows()) {
				if rec.Column(i).IsNull(row) {
					b.Field(i).AppendNull()
				} else {
					appendCell(t, b.Field(i), rec.Column(i).(*array.String).Value(row))
				}
			}
		}
		info.Rows += rec.NumRows()
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return published(t, info, b.Schema(), slices.Values([]arrow.Record{b.NewRecord()}))
}

var words = map[arrow.Type]string{arrow.STRING: "text", arrow.INT64: "integer", arrow.FLOAT64: "float", arrow.DECIMAL128: "decimal", arrow.DATE32: "date", arrow.BOOL: "boolean"}

func typeOf(kind string) arrow.DataType {
	switch kind {
	case "integer":
		return arrow.PrimitiveTypes.Int64
	case "float":
		return arrow.PrimitiveTypes.Float64
	case "decimal":
		return &arrow.Decimal128Type{Precision: 38, Scale: 2}
	case "decimal1":
		return &arrow.Decimal128Type{Precision: 38, Scale: 1}
	case "date":
		return arrow.PrimitiveTypes.Date32
	case "boolean":
		return arrow.FixedWidthTypes.Boolean
	}
	return arrow.BinaryTypes.String
}

func appendCell(t testing.TB, b array.Builder, text string) {
	t.Helper()
	var err error
	switch b := b.(type) {
	case *array.StringBuilder:
		b.Append(text)
	case *array.Int64Builder:
		var v int64
		v, err = strconv.ParseInt(text, 10, 64)
		b.Append(v)
	case *array.Float64Builder:
		var v float64
		v, err = strconv.ParseFloat(text, 64)
		b.Append(v)
	case *array.BooleanBuilder:
		var v bool
		v, err = strconv.ParseBool(text)
		b.Append(v)
	case *array.Date32Builder:
		var at time.Time
		at, err = time.Parse("2006-01-02", text)
		b.Append(arrow.Date32FromTime(at))
	case *array.Decimal128Builder:
		var v decimal128.Num
		v, err = decimal128.FromString(text, 38, b.Type().(*arrow.Decimal128Type).Scale)
		b.Append(v)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// published writes a table as the shelf does, and opens it again.
func published(t testing.TB, info datasets.TableInfo, schema *arrow.Schema, records func(func(arrow.Record) bool)) Side {
	t.Helper()
	format, _ := datasets.FormatOf("arrow")
	f, err := os.Create(filepath.Join(t.TempDir(), "data.arrow"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	w, err := format.New(f, schema)
	if err != nil {
		t.Fatal(err)
	}
	for rec := range records {
		if err := w.Write(rec); err != nil {
			t.Fatal(err)
		}
		rec.Release()
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	st, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	table, err := format.Read(f, st.Size())
	if err != nil {
		t.Fatal(err)
	}
	return Side{info, table}
}
