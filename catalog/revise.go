package catalog

import (
	"context"
	"errors"
	"fmt"

	"daylight/store"
)

// Revise makes new words of public datasets public without a release, all of
// them or none, in one transaction. One that is not public is ErrNotFound.
func (s *Store) Revise(ctx context.Context, deed Deed, ds []Dataset) error {
	for i := range ds {
		ds[i].Tidy()
		ds[i].Release = nil
		if Refused(ds[i].Check()) {
			return fmt.Errorf("revise %s: what is said of it is not complete", ds[i].ID)
		}
	}
	err := s.do(ctx, deed, func(tx *store.Tx) error {
		for _, d := range ds {
			var n int
			err := tx.QueryRow(ctx, `SELECT current_n FROM datasets WHERE id = $1`, string(d.ID)).Scan(&n)
			if errors.Is(err, store.ErrNoRows) {
				return fmt.Errorf("dataset %s: %w", d.ID, ErrNotFound)
			}
			if err != nil {
				return err
			}
			if err := putDataset(ctx, tx, d, deed.At); err != nil {
				return err
			}
			if _, err := tx.Exec(ctx, `UPDATE datasets SET modified_at = $2 WHERE id = $1`, string(d.ID), deed.At); err != nil {
				return err
			}
			if err := change(ctx, tx, deed.At, ChangeRevised, d.ID, n); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("revise: %w", err)
	}
	return nil
}
