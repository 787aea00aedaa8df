package ingest

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/google/uuid"

	"daylight/catalog"
	"daylight/catalog/inventory"
	"daylight/store"
)

// Inventory takes an agency's table back in; an empty agency is a portal
// administrator's, whose rows may be anyone's. Without a digest it only says
// what would change. With the digest of such a preview it changes all of it or
// nothing: drafts privately, and the words of public datasets in public with
// them. Where the state is another one than the digest was made against, the
// fresh preview is Stale and nothing is changed. A file that is no inventory
// is an *inventory.FileError.
func (in *Inbox) Inventory(ctx context.Context, by string, agency catalog.AgencyID, raw []byte, digest string) (inventory.Preview, error) {
	table, err := inventory.Read(raw)
	if err != nil {
		return inventory.Preview{}, err
	}
	in.words.Lock()
	defer in.words.Unlock()
	if err := in.resolveDeeds(ctx); err != nil {
		return inventory.Preview{}, fmt.Errorf("take inventory: %w", err)
	}
	p, drafts, public, err := table.Compare(in.standing(ctx, agency))
	if err != nil {
		return p, fmt.Errorf("take inventory: %w", err)
	}
	if digest == "" || p.Problems > 0 {
		return p, nil
	}
	if p.Changed+p.New == 0 { // it is as the table says, perhaps since an answer was lost
		p.Applied = true
		return p, nil
	}
	if digest != p.Digest {
		p.Stale = true
		return p, nil
	}
	for i := range drafts {
		if drafts[i].ID == "" {
			drafts[i].ID = catalog.DatasetID(uuid.NewString())
		}
	}
	detail := map[string]any{"agency": agency, "digest": p.Digest, "new": p.New, "changed": p.Changed, "public": len(public)}
	d := deed{By: by, Action: "inventory.apply", Public: public, Drafts: drafts}
	if len(public) > 0 {
		err = in.perform(ctx, d, "inventory", detail)
	} else {
		err = in.db.InTx(ctx, func(tx *store.Tx) error {
			if err := in.putDrafts(ctx, tx, drafts); err != nil {
				return err
			}
			return in.audit(ctx, tx, by, d.Action, "inventory", detail)
		})
	}
	if err != nil {
		return p, fmt.Errorf("take inventory: %w", told(err))
	}
	p.Applied = true
	return p, nil
}

// standing finds what there is of a row's dataset. Another agency's dataset is
// told as one that is not there.
func (in *Inbox) standing(ctx context.Context, agency catalog.AgencyID) inventory.Lookup {
	agencies := map[string]*catalog.Agency{}
	find := func(slugOrID string) (*catalog.Agency, error) {
		if a, ok := agencies[slugOrID]; ok {
			return a, nil
		}
		a, err := in.catalog.Agency(ctx, slugOrID)
		if errors.Is(err, catalog.ErrNotFound) {
			a, err = nil, nil
		}
		if err == nil {
			agencies[slugOrID] = a
		}
		return a, err
	}
	refused := func(field, code, detail string) (catalog.AgencyID, inventory.Standing, error) {
		return "", inventory.Standing{Problems: []catalog.Problem{{Field: field, Code: code, Detail: detail}}}, nil
	}
	return func(row inventory.Row) (catalog.AgencyID, inventory.Standing, error) {
		key := row.ID
		if key == "" {
			key = row.Slug
		}
		draft, err := in.drafts.Dataset(ctx, key)
		if err != nil && !errors.Is(err, catalog.ErrNotFound) {
			return "", inventory.Standing{}, err
		}
		foreign := draft != nil && agency != "" && draft.Agency != agency
		switch {
		case row.ID != "" && (draft == nil || foreign || string(draft.ID) != row.ID):
			return refused("id", "unknown-id", "there is no dataset of this id: leave the cell empty for a new one")
		case foreign:
			return refused("slug", "taken", "another dataset has this address: choose another one")
		case row.ID != "" && row.Slug != "" && draft.Slug != row.Slug:
			return refused("slug", "slug-fixed", "the address of a dataset is not changed here")
		}
		owner := agency
		if draft != nil {
			owner = draft.Agency
		}
		if row.Organization != "" {
			a, err := find(row.Organization)
			if err != nil {
				return "", inventory.Standing{}, err
			}
			if owner == "" && a != nil {
				owner = a.ID
			}
			if a == nil || a.ID != owner {
				return refused("organization", "organization-fixed", "the agency of a row is your own, and that of a dataset is not changed here")
			}
		}
		if owner == "" {
			return refused("organization", "missing", "say whose dataset it is")
		}
		st := inventory.Standing{Draft: draft}
		if draft == nil {
			taken, err := in.catalog.Said(ctx, row.Slug)
			if err == nil && taken != nil {
				return refused("slug", "taken", "another dataset has or had this address: choose another one")
			}
			if !errors.Is(err, catalog.ErrNotFound) {
				return "", inventory.Standing{}, err
			}
			return owner, st, nil
		}
		if st.Public, err = in.catalog.Said(ctx, string(draft.ID)); err != nil && !errors.Is(err, catalog.ErrNotFound) {
			return "", inventory.Standing{}, err
		}
		return owner, st, nil
	}
}

func (in *Inbox) putDrafts(ctx context.Context, tx *store.Tx, drafts []catalog.Dataset) error {
	for _, d := range drafts {
		if err := in.drafts.PutDataset(ctx, tx, d, in.now()); err != nil {
			return err
		}
	}
	return nil
}

// DraftInventory walks what an agency says of its datasets, in the order of
// ids; an empty agency: of all. What is public of them comes with their times,
// their release without its files, and their withholding.
func (in *Inbox) DraftInventory(ctx context.Context, agency catalog.AgencyID) iter.Seq2[*catalog.Dataset, error] {
	return func(yield func(*catalog.Dataset, error) bool) {
		for d, err := range in.drafts.All(ctx, agency) {
			if err != nil {
				yield(nil, err)
				return
			}
			live, err := in.catalog.Brief(ctx, d.ID)
			if err != nil && !errors.Is(err, catalog.ErrNotFound) {
				yield(nil, err)
				return
			}
			if live != nil {
				d.Issued, d.Modified, d.Release, d.Withheld = live.Issued, live.Modified, live.Release, live.Withheld
			}
			if !yield(d, nil) {
				return
			}
		}
	}
}
