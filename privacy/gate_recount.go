package privacy

import (
	"context"

	"daylight/privacy/recount"
)

// gateRecount: k and l counted again by code of its own from the rows that
// were written, and the persons that stand beside them.
func gateRecount(ctx context.Context, r Released) (cells int64, err error) {
	g := r.cleared.r.guard
	if g == nil {
		return 0, nil
	}
	model, _ := g.Report()
	var sensitive []string
	if model.L > 1 {
		for _, c := range r.cleared.r.columns {
			if c.plan.Class == ClassSensitive {
				sensitive = append(sensitive, c.field.Name)
			}
		}
	}
	rows, err := r.written[0].Rows(ctx)
	if err != nil {
		return 0, err
	}
	defer rows.Release()
	people := make([][2]uint64, len(r.cleared.people))
	for i, p := range r.cleared.people {
		people[i] = p
	}
	count, err := recount.Classes(ctx, rows, model.Quasi, sensitive, people)
	if err != nil {
		return 0, err
	}
	var out problems
	switch {
	case count.Rows != int64(len(people)):
		out.refused("", "gate-recount", "the written rows are not those that were counted")
	case count.Rows > 0 && count.Smallest < int64(model.K):
		out.refused("", "gate-recount", "a group of fewer than %d persons was written", model.K)
	case count.Rows > 0 && model.L > 1 && count.FewestValues < int64(model.L):
		out.refused("", "gate-recount", "a group with fewer than %d sensitive values was written", model.L)
	case count.Classes != model.Classes:
		out.refused("", "gate-recount", "another number of groups was written than was reported")
	}
	return count.Rows * int64(len(model.Quasi)+len(sensitive)), out.err()
}
