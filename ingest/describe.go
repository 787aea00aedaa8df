package ingest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"daylight/catalog"
	"daylight/store"
)

// PutDataset stores what an agency says of a dataset as a draft, which becomes
// public with the dataset's next release. Without an id the slug finds the
// agency's own draft, or a new one is made. Nothing is stored while a problem
// refuses it; a slug of another dataset is such a problem.
func (in *Inbox) PutDataset(ctx context.Context, by string, d catalog.Dataset) (catalog.Dataset, []catalog.Problem, error) {
	in.words.Lock()
	defer in.words.Unlock()
	d.Tidy()
	key := string(d.ID)
	if key == "" {
		key = d.Slug
	}
	was, err := in.drafts.Dataset(ctx, key)
	if err != nil && !errors.Is(err, catalog.ErrNotFound) {
		return d, nil, fmt.Errorf("put dataset: %w", err)
	}
	taken := []catalog.Problem{{Field: "slug", Code: "taken", Detail: "another dataset has this address: choose another one"}}
	switch {
	case was == nil && d.ID != "":
		return d, nil, fmt.Errorf("put dataset: %w", catalog.ErrNotFound)
	case was == nil:
		d.ID = catalog.DatasetID(uuid.NewString())
	case was.Agency != d.Agency && d.ID == "":
		return d, taken, nil
	case was.Agency != d.Agency:
		return d, nil, fmt.Errorf("put dataset: %w", catalog.ErrNotFound)
	default:
		d.ID = was.ID
	}
	if _, err := in.catalog.Agency(ctx, string(d.Agency)); err != nil {
		return d, nil, fmt.Errorf("put dataset: %w", err)
	}
	problems := d.Check()
	if published, err := in.catalog.Dataset(ctx, d.Slug); err == nil && published.ID != d.ID {
		return d, append(problems, taken...), nil // a former slug leads to its dataset for ever
	} else if err != nil && !errors.Is(err, catalog.ErrNotFound) {
		return d, nil, fmt.Errorf("put dataset: %w", err)
	}
	if catalog.Refused(problems) || was != nil && same(d, *was) {
		return d, problems, nil
	}
	err = in.db.InTx(ctx, func(tx *store.Tx) error {
		if err := in.drafts.PutDataset(ctx, tx, d, in.now()); err != nil {
			return err
		}
		return in.audit(ctx, tx, by, "dataset.put", string(d.ID), map[string]any{"agency": d.Agency})
	})
	if errors.Is(err, store.ErrConflict) {
		return d, append(problems, taken...), nil
	}
	if err != nil {
		return d, nil, fmt.Errorf("put dataset: %w", told(err))
	}
	return d, problems, nil
}

// PutAgency stores an agency, new or known by its id or slug. It is public at
// once.
func (in *Inbox) PutAgency(ctx context.Context, by string, a catalog.Agency) (catalog.Agency, []catalog.Problem, error) {
	a.Tidy()
	key := string(a.ID)
	if key == "" {
		key = a.Slug
	}
	was, err := in.catalog.Agency(ctx, key)
	switch {
	case err == nil:
		a.ID = was.ID
	case !errors.Is(err, catalog.ErrNotFound):
		return a, nil, fmt.Errorf("put agency: %w", err)
	case a.ID == "":
		a.ID = catalog.AgencyID(uuid.NewString())
	}
	problems := a.Check()
	if catalog.Refused(problems) || was != nil && same(a, *was) {
		return a, problems, nil
	}
	// What is done publicly is first said privately: an entry without its deed
	// is harmless, a deed without its entry is not.
	err = in.db.InTx(ctx, func(tx *store.Tx) error {
		return in.audit(ctx, tx, by, "agency.put", string(a.ID), map[string]any{})
	})
	if err == nil {
		err = in.catalog.PutAgency(ctx, a, in.now())
	}
	if errors.Is(err, store.ErrConflict) {
		return a, append(problems, catalog.Problem{Field: "slug", Code: "taken", Detail: "another agency has this address: choose another one"}), nil
	}
	if err != nil {
		return a, nil, fmt.Errorf("put agency: %w", told(err))
	}
	return a, problems, nil
}

// Draft finds a dataset among drafts, by slug or id; catalog.ErrNotFound.
func (in *Inbox) Draft(ctx context.Context, slug string) (*catalog.Dataset, error) {
	return in.drafts.Dataset(ctx, slug)
}

// same says whether two things are stored alike.
func same(a, b any) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && string(x) == string(y)
}
