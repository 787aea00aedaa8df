package privacy

import (
	"context"
	"errors"
	"fmt"
)

// Released is what was written, as the gates see it.
type Released struct {
	cleared *Cleared
	written []*source // every format, read back
	scan    *rescan
}

// A Gate checks what was written. Its error is a *Problems that refuses the
// release; any other error means that it could not look.
type Gate struct {
	Name  string
	Check func(context.Context, Released) (cells int64, err error)
}

// Gates in the order they run: first that all formats hold the same, so that
// the others need to look at only one of them.
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
	r := c.released(held)
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
	s.seed, s.text = c.r.table.seed, !sameTypes(s.schema, c.schema)
	return s, nil
}

func (c *Cleared) released(written []*source) Released {
	return Released{c, written, newRescan(c, written)}
}
