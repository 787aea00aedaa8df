package ingest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"daylight/catalog"
	"daylight/store"
)

// withdrawn is the part of a deed that takes a release out of the public's
// hands, or with Back gives it back.
type withdrawn struct {
	Dataset catalog.DatasetID  `json:"dataset"`
	N       int                `json:"n"`
	Words   catalog.Withdrawal `json:"words"`
	Back    bool               `json:"back,omitempty"`
}

// Withdraw takes a release out of the public's hands, with the reason; said
// again, the reason alone becomes another. catalog.ErrNotFound where there is
// no such release, or no such successor that stands.
func (in *Inbox) Withdraw(ctx context.Context, by string, id catalog.DatasetID, n int, w catalog.Withdrawal) ([]catalog.Problem, error) {
	w.Tidy()
	problems := w.Check()
	if catalog.Refused(problems) {
		return problems, nil
	}
	return problems, in.withdraw(ctx, by, withdrawn{Dataset: id, N: n, Words: w})
}

// Restore gives a withdrawn release back. catalog.ErrState where it stands.
func (in *Inbox) Restore(ctx context.Context, by string, id catalog.DatasetID, n int) error {
	return in.withdraw(ctx, by, withdrawn{Dataset: id, N: n, Back: true})
}

func (in *Inbox) withdraw(ctx context.Context, by string, w withdrawn) error {
	in.words.Lock()
	defer in.words.Unlock()
	action := "release.withdraw"
	if w.Back {
		action = "release.restore"
	}
	if err := in.resolveDeeds(ctx); err != nil {
		return fmt.Errorf("%s: %w", action, err)
	}
	r, err := in.catalog.Release(ctx, w.Dataset, w.N)
	if err != nil {
		return fmt.Errorf("%s: %w", action, err)
	}
	if w.Back && r.Withdrawn == nil {
		return fmt.Errorf("%s: %w", action, catalog.ErrState)
	}
	if to := w.Words.Successor; to > 0 {
		if next, err := in.catalog.Release(ctx, w.Dataset, to); err != nil || next.Withdrawn != nil || to == w.N {
			return fmt.Errorf("%s: successor: %w", action, errors.Join(err, catalog.ErrNotFound))
		}
	}
	if err := in.perform(ctx, deed{By: by, Action: action, Withdraw: &w}, string(w.Dataset), map[string]any{"release": w.N}); err != nil {
		return fmt.Errorf("%s: %w", action, told(err))
	}
	return nil
}

// forget makes the inputs of a withdrawn release new ones: sent again, a file
// that became it is no longer answered "identical to" what nobody can have.
func forget(ctx context.Context, tx *store.Tx, dataset catalog.DatasetID, n int) error {
	rows, err := tx.Query(ctx, `SELECT `+uploadColumns+` FROM uploads WHERE dataset_id = $1 AND release_n = $2`, string(dataset), n)
	if err != nil {
		return err
	}
	var all []*upload
	for rows.Next() {
		u, err := scanUpload(rows)
		if err != nil {
			rows.Close()
			return err
		}
		all = append(all, u)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return err
	}
	for _, u := range all {
		u.request.Basis = ""
		if err := putRequest(ctx, tx, u); err != nil {
			return err
		}
	}
	return nil
}

// manifestOf reads a deed back.
func manifestOf(intent catalog.Intent) (deed, error) {
	var d deed
	if err := json.Unmarshal([]byte(intent.Manifest), &d); err != nil {
		return d, errors.New("its row is damaged")
	}
	return d, nil
}
