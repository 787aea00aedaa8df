package catalog

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"daylight/privacy"
	"daylight/store"
)

// Tidy brings the words of w into the form that Check demands.
func (w *Withdrawal) Tidy() { w.Reason = w.Reason.tidy() }

// Check gives what keeps w from being said in public.
func (w *Withdrawal) Check() []Problem {
	var c checker
	c.text("reason", w.Reason, maxReason, true, true)
	if w.Successor < 0 {
		c.refuse("successor", "unknown-id", "the number of a version that stands, or 0")
	}
	return c.problems
}

// Withdraw takes a release out of the public's hands, in one transaction: its
// files are answered 410 with the reason from then on, and "latest" is the
// newest release that stands. The files stay on the shelf, so that Restore can
// give them back. A successor that does not stand is ErrNotFound; withdrawn
// already, the reason alone becomes another.
func (s *Store) Withdraw(ctx context.Context, deed Deed, id DatasetID, n int, w Withdrawal) error {
	w.Tidy()
	if w.At = deed.At; Refused(w.Check()) {
		return fmt.Errorf("withdraw %s@%d: the reason is not complete", id, n)
	}
	text, err := json.Marshal(w)
	if err != nil {
		return fmt.Errorf("withdraw %s@%d: %w", id, n, err)
	}
	err = s.do(ctx, deed, func(tx *store.Tx) error {
		if w.Successor > 0 {
			if err := stands(ctx, tx, id, w.Successor); err != nil || w.Successor == n {
				return errors.Join(err, ErrNotFound)
			}
		}
		if err := setWithdrawn(ctx, tx, id, n, &deed, string(text)); err != nil {
			return err
		}
		return change(ctx, tx, deed.At, ChangeWithdrawn, id, n)
	})
	if err != nil {
		return fmt.Errorf("withdraw %s@%d: %w", id, n, err)
	}
	return nil
}

// Restore gives a withdrawn release back, byte for byte.
func (s *Store) Restore(ctx context.Context, deed Deed, id DatasetID, n int) error {
	err := s.do(ctx, deed, func(tx *store.Tx) error {
		if err := setWithdrawn(ctx, tx, id, n, nil, ""); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE datasets SET modified_at = $2 WHERE id = $1`, string(id), deed.At); err != nil {
			return err
		}
		return change(ctx, tx, deed.At, ChangeRestored, id, n)
	})
	if err != nil {
		return fmt.Errorf("restore %s@%d: %w", id, n, err)
	}
	return nil
}

// stands is ErrNotFound for a release that does not stand.
func stands(ctx context.Context, tx *store.Tx, id DatasetID, n int) error {
	var one int
	err := tx.QueryRow(ctx, `SELECT 1 FROM releases WHERE dataset_id = $1 AND n = $2 AND withdrawn_at IS NULL`, string(id), n).Scan(&one)
	if errors.Is(err, store.ErrNoRows) {
		return ErrNotFound
	}
	return err
}

// setWithdrawn writes the withdrawal, or with a nil deed takes it away, and
// points "latest" to the newest release that stands; where none does, to the
// newest.
func setWithdrawn(ctx context.Context, tx *store.Tx, id DatasetID, n int, deed *Deed, text string) error {
	var at, words any
	if deed != nil {
		at, words = deed.At, text
		if _, err := tx.Exec(ctx, `UPDATE datasets SET modified_at = $2 WHERE id = $1`, string(id), deed.At); err != nil {
			return err
		}
	}
	var had int
	err := tx.QueryRow(ctx, `SELECT n FROM releases WHERE dataset_id = $1 AND n = $2`, string(id), n).Scan(&had)
	if errors.Is(err, store.ErrNoRows) {
		return ErrNotFound
	}
	if err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `UPDATE releases SET withdrawn_at = $3, withdrawal = $4 WHERE dataset_id = $1 AND n = $2`, string(id), n, at, words); err != nil {
		return err
	}
	var latest int
	var told string
	err = tx.QueryRow(ctx, `SELECT n, privacy FROM releases WHERE dataset_id = $1 ORDER BY withdrawn_at IS NOT NULL, n DESC LIMIT 1`, string(id)).Scan(&latest, &told)
	if err != nil {
		return err
	}
	var statements []privacy.Statement
	if err := json.Unmarshal([]byte(told), &statements); err != nil {
		return errors.New("its row is damaged")
	}
	out := 0
	for _, s := range statements {
		out += len(s.LeftOut)
	}
	_, err = tx.Exec(ctx, `UPDATE datasets SET current_n = $2, left_out = $3 WHERE id = $1`, string(id), latest, out)
	return err
}
