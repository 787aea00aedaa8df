package privacy

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow/array"
)

// counted counts how often a table is read, and can be exchanged for another.
type counted struct {
	*loaded
	n int
}

func (c *counted) Rows(ctx context.Context) (array.RecordReader, error) {
	c.n++
	return c.loaded.Rows(ctx)
}

var (
	in2026   = Setting{Now: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)}
	busStops = []string{"tuyen", "so_ghe"}
)

func busTable(last string) *loaded {
	return table(busStops, [][]string{{"Tuyến 1", "Tuyến 2", "Tuyến 3"}, {"40", "60", last}}, true)
}

func busPlan(t *testing.T, s Setting) Plan {
	t.Helper()
	plans, err := ParsePlans([]byte("plan: v1\ncolumns: {tuyen: {do: keep}, so_ghe: {do: keep}}\nunit: {aggregate: true, reason: buses}\ndecided: {by: test, at: 2026-01-01}\n"))
	if err != nil {
		t.Fatal(err)
	}
	return plans[0].With(s)
}

func drain(c *Cleared) (rows int64, err error) {
	r := c.Rows()
	defer r.Release()
	for r.Next() {
		rows += r.Record().NumRows()
	}
	return rows, r.Err()
}

// A plan goes by the examination that was made, and makes its own where it
// asks for another year, or for a table that a key links to persons.
func TestExaminedOnce(t *testing.T) {
	ctx := context.Background()
	linked := in2026
	linked.Linked = true
	for _, c := range []struct {
		name string
		with Setting
		read int // for the plan alone
	}{
		{"the same", in2026, 0},
		{"a later day", Setting{Now: in2026.Now.AddDate(0, 1, 0)}, 0},
		{"another year", Setting{Now: in2026.Now.AddDate(1, 0, 0)}, 1},
		{"linked", linked, 1},
	} {
		raw := &counted{loaded: busTable("50")}
		e, err := NewExamined(ctx, raw, in2026)
		if err != nil {
			t.Fatal(err)
		}
		before := raw.n
		cleared, err := busPlan(t, c.with).Apply(ctx, e)
		if err != nil {
			t.Fatal(err)
		}
		if got := raw.n - before; (got > 0) != (c.read > 0) {
			t.Errorf("%s: the plan read the table %d times", c.name, got)
		}
		if rows, err := drain(cleared); rows != 3 || err != nil {
			t.Errorf("%s: %d rows, %v", c.name, rows, err)
		}
	}
}

// What is given out is what was examined, or nothing is.
func TestExaminedIsHeldToItsCells(t *testing.T) {
	ctx := context.Background()
	raw := &counted{loaded: busTable("50")}
	e, err := NewExamined(ctx, raw, in2026)
	if err != nil {
		t.Fatal(err)
	}
	raw.loaded = busTable("51")
	cleared, err := busPlan(t, in2026).Apply(ctx, e)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := drain(cleared); err == nil || !strings.Contains(err.Error(), "changed between two readings") {
		t.Errorf("a cell changed after the examination: %v", err)
	}
}

// An Examined that nobody examined clears nothing.
func TestZeroExaminedIsRefused(t *testing.T) {
	for _, e := range []*Examined{nil, {}} {
		if _, err := busPlan(t, Setting{}).Apply(context.Background(), e); err == nil {
			t.Error("a table that was never examined was cleared")
		}
	}
}
