package differences

import (
	"context"
	"errors"
	"slices"
	"time"

	"daylight/catalog"
	"daylight/datasets"
	"daylight/datasets/difference"
)

// look is how long Follow rests between two looks at what was published.
const look = time.Second

// Follow counts what changed in each release against the one before it, those
// that are there and those that come, until ctx ends. It works beside
// publication and after it: a release is public whatever becomes of its count.
// What a stop or a failure left out is counted after the next start.
func (m *Maker) Follow(ctx context.Context) error {
	tick := time.NewTicker(look)
	defer tick.Stop()
	last, err := m.begin(ctx)
	for {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			m.o.Log.Error("differences", "error", err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
		if last < 0 {
			last, err = m.begin(ctx)
			continue
		}
		last, err = m.news(ctx, last)
	}
}

// begin counts all that has not been counted, and gives the last change before
// it; -1: begin again.
func (m *Maker) begin(ctx context.Context) (int64, error) {
	last, _, err := m.catalog.LastChange(ctx)
	if err == nil {
		err = m.Count(ctx, "")
	}
	if err != nil {
		return -1, err
	}
	return last, nil
}

// news counts what was published after a change, and gives the last one.
func (m *Maker) news(ctx context.Context, last int64) (int64, error) {
	for ch, err := range m.catalog.Changes(ctx, last) {
		if err != nil {
			return last, err
		}
		if ch.Dataset != "" {
			if err := m.Count(ctx, ch.Dataset); err != nil {
				return last, err
			}
		}
		last = ch.ID
	}
	return last, nil
}

// Count counts what has not been counted of a dataset; "": of all. Releases
// that cannot be compared are logged and passed over.
func (m *Maker) Count(ctx context.Context, id catalog.DatasetID) error {
	var after catalog.Step
	for {
		steps, err := m.catalog.Uncounted(ctx, id, after, 50)
		if err != nil || len(steps) == 0 {
			return err
		}
		for _, step := range steps {
			if err := m.count(ctx, step); err != nil {
				if ctx.Err() != nil {
					return ctx.Err()
				}
				m.o.Log.Error("releases are not compared", "dataset", step.Dataset, "from", step.From, "to", step.To, "error", err)
			}
			after = step
		}
	}
}

func (m *Maker) count(ctx context.Context, step catalog.Step) error {
	before, err := m.catalog.Release(ctx, step.Dataset, step.From)
	if err != nil {
		return err
	}
	after, err := m.catalog.Release(ctx, step.Dataset, step.To)
	if err != nil {
		return err
	}
	var tables []catalog.TableChanges
	for _, t := range after.Tables {
		if !slices.ContainsFunc(before.Tables, func(b datasets.TableInfo) bool { return b.Name == t.Name }) {
			continue
		}
		d, done, err := m.patient(ctx, before, after, t.Name)
		if errors.Is(err, difference.ErrNothingCommon) {
			continue
		}
		if errors.Is(err, ErrPersons) {
			break
		}
		if err != nil {
			return err
		}
		tables = append(tables, catalog.TableChanges{Table: t.Name, Counts: d.Counts})
		done()
	}
	return m.catalog.PutRowChanges(ctx, step, tables, m.o.Now())
}

// patient asks again while others are being compared.
func (m *Maker) patient(ctx context.Context, before, after *catalog.Release, table string) (*difference.Difference, func(), error) {
	for {
		d, done, err := m.Of(ctx, before, after, table)
		if !errors.Is(err, ErrBusy) {
			return d, done, err
		}
		select {
		case <-ctx.Done():
			return nil, nil, ctx.Err()
		case <-time.After(look):
		}
	}
}
