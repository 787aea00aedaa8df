package datasets

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/google/go-cmp/cmp"

	"daylight/privacy"
	"daylight/store"
)

// place is a shelf on this machine's disk.
type place struct {
	*Shelf
	public  store.Public
	staging string
}

func newPlace(t *testing.T) place {
	t.Helper()
	dir := t.TempDir()
	public, err := store.OpenPublic(t.Context(), filepath.Join(dir, "public"), false)
	if err != nil {
		t.Fatal(err)
	}
	private, err := store.OpenPrivate(t.Context(), filepath.Join(dir, "private"))
	if err != nil {
		t.Fatal(err)
	}
	return place{NewShelf(public, private.Staging()), public, filepath.Join(dir, "private", "staging")}
}

// empty fails unless staging is empty and n files are public.
func (p place) holds(t *testing.T, n int) {
	t.Helper()
	staged, err := os.ReadDir(p.staging)
	if err != nil || len(staged) != 0 {
		t.Errorf("%d stages are left, %v", len(staged), err)
	}
	got := 0
	for _, err := range p.public.List(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		got++
	}
	if got != n {
		t.Errorf("%d public files, want %d", got, n)
	}
}

// table is a table in memory that can break.
type table struct {
	rec    arrow.Record
	pieces int64
	broken bool // from now on reading ends in an error after the first piece
}

var errBroken = errors.New("the spool is damaged")

func (tab *table) Schema() *arrow.Schema { return tab.rec.Schema() }

func (tab *table) Rows(ctx context.Context) (array.RecordReader, error) {
	size := max(1, (tab.rec.NumRows()+tab.pieces-1)/max(tab.pieces, 1))
	at := int64(0)
	return newRecords(tab.rec.Schema(), func() (arrow.Record, error) {
		if at > 0 && tab.broken {
			return nil, errBroken
		}
		if at >= tab.rec.NumRows() {
			return nil, io.EOF
		}
		from := at
		at = min(at+size, tab.rec.NumRows())
		return tab.rec.NewSlice(from, at), nil
	}, nil), nil
}

var now = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// clearTable has privacy clear a table of statistics, every column kept.
func clearTable(t *testing.T, name string, tab privacy.Table) *privacy.Cleared {
	t.Helper()
	plan := privacy.Plan{
		Dataset: "test", Table: name, Audience: privacy.Open,
		Unit:    privacy.Unit{Aggregate: true, Reason: "figures"},
		Decided: privacy.Decided{By: "a tester", At: now.Add(-time.Hour)},
	}
	for _, f := range tab.Schema().Fields() {
		plan.Columns = append(plan.Columns, privacy.ColumnPlan{Column: f.Name, Steps: []privacy.Step{{Do: "keep"}}})
	}
	c, err := plan.With(privacy.Setting{Now: now}).Apply(t.Context(), tab)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func figures() arrow.Record {
	return record("tinh nam so_tan", column(text, "Huế", "Cần Thơ", "", nil), column(whole, 2023, 2024, 2024, 2025),
		column(float, 1.5, nil, 0.25, 1e6))
}

func TestPublish(t *testing.T) {
	p := newPlace(t)
	var stages []string
	r, err := p.Publish(t.Context(), func(stage string, _, _ int64) {
		if !slices.Contains(stages, stage) {
			stages = append(stages, stage)
		}
	}, clearTable(t, "Sản lượng", &table{rec: figures(), pieces: 3}))
	if err != nil {
		t.Fatal(err)
	}
	p.holds(t, 3)
	if d := cmp.Diff([]string{StageWrite, StageCheck, StageCommit}, stages); d != "" {
		t.Errorf("stages %s", d)
	}
	if r.Rows() != 4 || len(r.Tables()) != 1 || len(r.Reports()) != 1 || r.Reports()[0].RowsOut != 4 || len(r.Reports()[0].Gates) == 0 {
		t.Errorf("rows %d, tables %d, reports %+v", r.Rows(), len(r.Tables()), r.Reports())
	}
	lib := p.Library()
	var names []string
	for _, f := range r.Files() {
		names = append(names, f.Name)
		file, err := lib.File(t.Context(), f.Ref)
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(file)
		if err != nil {
			t.Fatal(err)
		}
		size, err := lib.Size(t.Context(), f.Ref)
		if err != nil || size != f.Bytes || int64(len(b)) != f.Bytes || f.Rows != 4 || f.Ref.sum != sha256.Sum256(b) || f.Table != "data" {
			t.Errorf("%+v is not what lies there (%d bytes, %v)", f, len(b), err)
		}
		format, ok := FormatOf(f.Format)
		if !ok || format.MediaType != f.MediaType {
			t.Errorf("%+v", f)
		}
		if d := cmp.Diff(gridRows(figures()), gridOf(t, open(t, format, b))[1:]); d != "" {
			t.Errorf("%s (-want +got)\n%s", f.Name, d)
		}
		part, err := lib.Open(t.Context(), f.Ref, 2, 5)
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := io.ReadAll(part); !bytes.Equal(got, b[2:7]) {
			t.Errorf("%s: bytes 2-7 are %q", f.Name, got)
		}
		part.Close()
		file.Close()
	}
	if d := cmp.Diff([]string{"data.csv", "data.parquet", "data.arrow"}, names); d != "" {
		t.Errorf("names %s", d)
	}
	year := r.Tables()[0].Columns[1]
	if year.Label != "Nhãn nam" || year.Min != "2023" || year.Max != "2025" || year.Distinct != 3 || len(year.Histogram) != histogramBins {
		t.Errorf("%+v", year)
	}

	again, err := p.Publish(t.Context(), nil, clearTable(t, "Sản lượng", &table{rec: figures(), pieces: 1}))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(r.Files(), again.Files(), cmp.AllowUnexported(Ref{})); d != "" {
		t.Errorf("the same rows give other files\n%s", d)
	}
	p.holds(t, 3)
}

func TestPublishSeveralTables(t *testing.T) {
	p := newPlace(t)
	r, err := p.Publish(t.Context(), nil,
		clearTable(t, "Năm 2024", &table{rec: figures(), pieces: 1}),
		clearTable(t, "Năm 2025", &table{rec: record("x", column(whole, 7)), pieces: 1}))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range r.Files() {
		names = append(names, f.Name)
	}
	want := []string{"nam-2024.csv", "nam-2024.parquet", "nam-2024.arrow", "nam-2025.csv", "nam-2025.parquet", "nam-2025.arrow"}
	if d := cmp.Diff(want, names); d != "" || r.Rows() != 5 {
		t.Errorf("%d rows, names %s", r.Rows(), d)
	}
	p.holds(t, 6)
}

func TestPublishRefuses(t *testing.T) {
	p := newPlace(t)
	good := func() *privacy.Cleared { return clearTable(t, "", &table{rec: figures(), pieces: 1}) }
	half := func() *privacy.Cleared {
		tab := &table{rec: figures(), pieces: 4}
		c := clearTable(t, "", tab)
		tab.broken = true
		return c
	}
	used := good()
	if _, err := newPlace(t).Publish(t.Context(), nil, used); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		cleared []*privacy.Cleared
		want    error
	}{
		"none":              {nil, ErrNotCleared},
		"nil":               {[]*privacy.Cleared{nil}, ErrNotCleared},
		"the zero Cleared":  {[]*privacy.Cleared{{}}, ErrNotCleared},
		"zero after a good": {[]*privacy.Cleared{good(), {}}, ErrNotCleared},
		"used up":           {[]*privacy.Cleared{used}, nil},
		"rows that fail":    {[]*privacy.Cleared{half()}, errBroken},
		"fails after good":  {[]*privacy.Cleared{good(), half()}, errBroken},
		"no rows":           {[]*privacy.Cleared{clearTable(t, "", &table{rec: figures().NewSlice(0, 0), pieces: 1})}, ErrNoRows},
	} {
		r, err := p.Publish(t.Context(), nil, c.cleared...)
		if r != nil || err == nil || c.want != nil && !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, %v, want %v", name, r, err, c.want)
		}
		p.holds(t, 0)
	}
	ctx, stop := context.WithCancel(t.Context())
	c := good()
	stop()
	if _, err := p.Publish(ctx, nil, c); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want canceled", err)
	}
	p.holds(t, 0)
}

// loser is a format that loses what cell is told to.
type loser struct {
	Writer
	cut func(arrow.Record) arrow.Record
}

func (l loser) Write(rec arrow.Record) error { return l.Writer.Write(l.cut(rec)) }

// A format that writes other rows than the others never gets anything out.
func TestPublishReadsBack(t *testing.T) {
	p := newPlace(t)
	formats := Formats
	defer func() { Formats = formats }()
	for name, cut := range map[string]func(arrow.Record) arrow.Record{
		"a row less": func(r arrow.Record) arrow.Record { return r.NewSlice(0, r.NumRows()-1) },
		"other cells": func(r arrow.Record) arrow.Record {
			cols := slices.Clone(r.Columns())
			for i, c := range cols {
				if c.DataType().ID() == arrow.INT64 {
					cols[i] = column(whole, 1, 2, 3, 4)
				}
			}
			return array.NewRecord(r.Schema(), cols, 4)
		},
		"no geometry": func(r arrow.Record) arrow.Record {
			cols := slices.Clone(r.Columns())
			for i, c := range cols {
				if c.DataType().ID() == arrow.BINARY {
					cols[i] = column(shapes, nil, nil, nil, nil)
				}
			}
			return array.NewRecord(r.Schema(), cols, 4)
		},
	} {
		for i, f := range formats {
			Formats = slices.Clone(formats)
			Formats[i].New = func(w io.WriteSeeker, s *arrow.Schema) (Writer, error) {
				inner, err := f.New(w, s)
				return loser{inner, cut}, err
			}
			if _, err := p.Publish(t.Context(), nil, clearTable(t, "", &table{rec: fit(geojsonFormat, figures()), pieces: 1})); err == nil {
				t.Errorf("%s with %s was published", f.Name, name)
			}
			p.holds(t, 0)
		}
	}
}

func TestPreview(t *testing.T) {
	p := newPlace(t)
	r, err := p.Publish(t.Context(), nil, clearTable(t, "", &table{rec: figures(), pieces: 2}))
	if err != nil {
		t.Fatal(err)
	}
	lib := NewLibrary(p.public)
	for _, f := range r.Files() {
		columns, rows, err := lib.Rows(t.Context(), f.Ref, f.Format, 1, 2)
		if err != nil {
			t.Fatal(err)
		}
		want := [][]Cell{{{Text: "Cần Thơ"}, {Text: "2024"}, {Null: true}}, {{}, {Text: "2024"}, {Text: "0.25"}}}
		if d := cmp.Diff(want, rows) + cmp.Diff([]string{"tinh", "nam", "so_tan"}, columns); d != "" {
			t.Errorf("%s: %s", f.Name, d)
		}
		if _, rows, err := lib.Rows(t.Context(), f.Ref, f.Format, 3, 10); err != nil || len(rows) != 1 {
			t.Errorf("%s: %d rows at the end, %v", f.Name, len(rows), err)
		}
		if _, rows, err := lib.Rows(t.Context(), f.Ref, f.Format, 100, 10); err != nil || len(rows) != 0 {
			t.Errorf("%s: %d rows beyond the end, %v", f.Name, len(rows), err)
		}
	}
	for _, c := range [][2]int{{-1, 1}, {0, -1}, {0, PreviewRows + 1}, {1 << 62, 1 << 62}} {
		if _, _, err := lib.Rows(t.Context(), r.Files()[0].Ref, "csv", c[0], c[1]); !errors.Is(err, ErrPreview) {
			t.Errorf("rows %d: got %v", c, err)
		}
	}
	if _, _, err := lib.Rows(t.Context(), r.Files()[0].Ref, "pdf", 0, 1); err == nil {
		t.Error("no such format")
	}
	if _, _, err := lib.Rows(t.Context(), Ref{}, "csv", 0, 1); !errors.Is(err, store.ErrNotExist) {
		t.Errorf("got %v, want ErrNotExist", err)
	}
	if _, err := lib.File(t.Context(), Ref{}); !errors.Is(err, store.ErrNotExist) {
		t.Errorf("got %v, want ErrNotExist", err)
	}
}
