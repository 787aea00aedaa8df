package ingest

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"daylight/catalog"
)

// Withhold puts a draft into the public register of what is withheld, or
// changes what the register says of it. Its description becomes public with
// the reason, and nothing else does. A dataset that has a release is
// catalog.ErrPublished; it would have to be withdrawn. Nothing is stored while
// a problem refuses it.
func (in *Inbox) Withhold(ctx context.Context, by string, id catalog.DatasetID, w catalog.Withholding) (catalog.Withholding, []catalog.Problem, error) {
	in.words.Lock()
	defer in.words.Unlock()
	if err := in.resolveDeeds(ctx); err != nil {
		return w, nil, fmt.Errorf("withhold dataset: %w", err)
	}
	draft, err := in.drafts.Dataset(ctx, string(id))
	if err != nil {
		return w, nil, fmt.Errorf("withhold dataset: %w", err)
	}
	w.Dataset = draft.ID
	was, err := in.catalog.Dataset(ctx, string(draft.ID))
	switch {
	case errors.Is(err, catalog.ErrNotFound):
		w.ID = uuid.NewString()
	case err != nil:
		return w, nil, fmt.Errorf("withhold dataset: %w", err)
	case was.Withheld == nil:
		return w, nil, fmt.Errorf("withhold dataset: %w", catalog.ErrPublished)
	default:
		w.ID = was.Withheld.ID
	}
	w.Tidy()
	problems := append(draft.Check(), w.Check()...)
	if today := catalog.Today(in.now()); w.Decided > today {
		problems = append(problems, catalog.Problem{Field: "decided", Code: "in-future", Detail: "a decision has been taken: its day is today or earlier"})
	}
	if catalog.Refused(problems) {
		return w, problems, nil
	}
	if was != nil && sameWords(*was, *draft) && sameWithholding(*was.Withheld, w) {
		return *was.Withheld, problems, nil
	}
	d := deed{By: by, Action: "dataset.withhold", Withhold: &w, Public: []catalog.Dataset{*draft}}
	if err := in.perform(ctx, d, string(draft.ID), map[string]any{"withholding": w.ID, "access": w.Access, "review": w.Review}); err != nil {
		return w, nil, fmt.Errorf("withhold dataset: %w", told(err))
	}
	stored, err := in.catalog.Withholding(ctx, w.ID)
	if err != nil {
		return w, nil, fmt.Errorf("withhold dataset: %w", err)
	}
	return *stored, problems, nil
}

// Revise makes public what was put of datasets that are public, without a new
// release. It gives how many had anything new.
func (in *Inbox) Revise(ctx context.Context, by string, ids ...catalog.DatasetID) (int, error) {
	in.words.Lock()
	defer in.words.Unlock()
	if err := in.resolveDeeds(ctx); err != nil {
		return 0, fmt.Errorf("revise dataset: %w", err)
	}
	d := deed{By: by, Action: "dataset.revise"}
	for _, id := range ids {
		draft, err := in.drafts.Dataset(ctx, string(id))
		if err != nil {
			return 0, fmt.Errorf("revise dataset: %w", err)
		}
		was, err := in.catalog.Dataset(ctx, string(draft.ID))
		if err != nil {
			return 0, fmt.Errorf("revise dataset: %w", err)
		}
		if !sameWords(*was, *draft) {
			d.Public = append(d.Public, *draft)
		}
	}
	if len(d.Public) == 0 {
		return 0, nil
	}
	if err := in.perform(ctx, d, string(d.Public[0].ID), map[string]any{"datasets": len(d.Public)}); err != nil {
		return 0, fmt.Errorf("revise dataset: %w", told(err))
	}
	return len(d.Public), nil
}

// sameWords says whether two descriptions are stored alike.
func sameWords(a, b catalog.Dataset) bool { return same(a.Words(), b.Words()) }

func sameWithholding(a, b catalog.Withholding) bool { return same(a.Words(), b.Words()) }
