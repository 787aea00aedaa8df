package privacy

import (
	"context"
	"errors"
	"fmt"

	"github.com/apache/arrow/go/v17/arrow"
)

// Released is what was written, as the gates see it.
type Released struct {
	cleared *Cleared
	written []*source // every format, read back
	scanned *Profile  // of the first format, once it has been scanned
}

// scan looks at every cell of the first format, once for all gates.
func (r Released) scan(ctx context.Context) (Profile, error) {
	if r.scanned.Columns != nil {
		return *r.scanned, nil
	}
	t := WithGeometry(r.written[0], geometryKeys(r.cleared.schema)...)
	p, err := Rescan(ctx, t, r.cleared.r.plan.setting)
	if err == nil {
		*r.scanned = p
	}
	return p, err
}

// A Gate checks what was written. Its error is a *Problems that refuses the
// release; any other error means that it could not look.
type Gate struct {
	Name  string
	Check func(context.Context, Released) (cells int64, err error)
}

// Gates in the order they run: first that all formats hold the same, so that
// the others need to read only one of them.
var Gates = []Gate{
	{"formats", gateSame},
	{"rescan", gateRescan},
	{"recount", gateRecount},
}

// Check runs the gates over every format that was written, read back from the
// files. Without its nil nothing may leave. The rows must have been read to
// their end before.
func (c *Cleared) Check(ctx context.Context, written []Table) error {
	switch {
	case c == nil || c.r == nil:
		return errors.New("check: nothing was cleared")
	case !c.done:
		return errors.New("check: the rows were not read to their end")
	case len(written) == 0:
		return errors.New("check: nothing was written")
	}
	c.report.Gates, c.checked = nil, false
	if a := c.r.plan.setting.Agreed; a != nil && (a.Digest == "" || c.digest.String() != a.Digest) {
		return &Problems{List: []Problem{{Err: ErrUndecided, Code: "agreed-otherwise", Detail: "what would be published is not what was approved: look at the preview and approve it again"}}}
	}
	held := make([]*source, len(written)) // each must read alike to every gate
	for i, t := range written {
		s, err := c.written(t)
		if err != nil {
			return fmt.Errorf("check: format %d: %w", i+1, err)
		}
		held[i] = s
	}
	r := Released{c, held, new(Profile)}
	for _, g := range Gates {
		cells, err := g.Check(ctx, r)
		c.report.Gates = append(c.report.Gates, Result{Gate: g.Name, OK: err == nil, Cells: cells})
		if err != nil {
			return fmt.Errorf("gate %s: %w", g.Name, err)
		}
	}
	c.checked = true
	return nil
}

// written is a table that was read back, summed as the cleared rows were.
func (c *Cleared) written(t Table) (*source, error) {
	s, err := newSource(t)
	if err != nil {
		return nil, err
	}
	s.seed, s.text = c.seeds[2], !sameTypes(s.schema, c.schema)
	return s, nil
}

// each reads a written table once.
func each(ctx context.Context, t Table, f func(arrow.Record)) error {
	rr, err := t.Rows(ctx)
	if err != nil {
		return err
	}
	defer rr.Release()
	for rr.Next() {
		if err := ctx.Err(); err != nil {
			return err
		}
		f(rr.Record())
	}
	return rr.Err()
}
