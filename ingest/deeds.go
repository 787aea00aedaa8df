package ingest

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"

	"daylight/catalog"
	"daylight/store"
)

// A deed changes what is said in public without a release. It goes the way of
// a publication (reliability.md section 1, step 8): a private intent, one
// public transaction, the intent closed. The intent holds all of it, so that
// after a crash what happened in public is brought to the private side, and
// what did not happen leaves no trace.
type deed struct {
	By       string               `json:"by"`
	Action   string               `json:"action"` // of the audit: "dataset.withhold", "dataset.revise"
	Withhold *catalog.Withholding `json:"withhold,omitempty"`
	Withdraw *withdrawn           `json:"withdraw,omitempty"`
	Public   []catalog.Dataset    `json:"public"`           // words that become public
	Drafts   []catalog.Dataset    `json:"drafts,omitempty"` // words that become drafts with it
}

// perform does a deed. The caller holds in.words.
func (in *Inbox) perform(ctx context.Context, d deed, subject string, detail map[string]any) error {
	now := in.now()
	manifest, err := json.Marshal(d)
	if err != nil {
		return err
	}
	intent := catalog.Intent{ID: uuid.NewString(), Dataset: catalog.DatasetID(subject), Manifest: string(manifest), At: now}
	detail["intent"] = intent.ID
	err = in.db.InTx(ctx, func(tx *store.Tx) error {
		var open int
		if err := tx.QueryRow(ctx, `SELECT count(*) FROM intents WHERE dataset_id = $1 AND state = 'open'`, subject).Scan(&open); err != nil {
			return err
		}
		if open > 0 {
			return fmt.Errorf("%w: %w", catalog.ErrState, errOthersTurn)
		}
		if err := in.drafts.OpenIntent(ctx, tx, intent); err != nil {
			return err
		}
		return in.audit(ctx, tx, d.By, d.Action, subject, detail)
	})
	if err != nil {
		return err
	}
	store.Fail("words.intent")
	public := catalog.Deed{Intent: intent.ID, At: now}
	switch w := d.Withdraw; {
	case d.Withhold != nil:
		err = in.catalog.Withhold(ctx, public, d.Public[0], *d.Withhold)
	case w != nil && w.Back:
		err = in.catalog.Restore(ctx, public, w.Dataset, w.N)
	case w != nil:
		err = in.catalog.Withdraw(ctx, public, w.Dataset, w.N, w.Words)
	default:
		err = in.catalog.Revise(ctx, public, d.Public)
	}
	if err != nil {
		// It may have happened all the same: whoever comes next asks first.
		return err
	}
	store.Fail("words.public")
	if err := in.closeDeed(ctx, intent, d); err != nil {
		return err
	}
	store.Fail("words.done")
	return nil
}

// closeDeed brings a deed that has come true to the private side.
func (in *Inbox) closeDeed(ctx context.Context, intent catalog.Intent, d deed) error {
	now := in.now()
	return in.db.InTx(ctx, func(tx *store.Tx) error {
		if err := in.drafts.CloseIntent(ctx, tx, intent.ID, true, now); err != nil {
			return err
		}
		if err := in.putDrafts(ctx, tx, d.Drafts); err != nil {
			return err
		}
		if w := d.Withdraw; w != nil && !w.Back {
			if err := forget(ctx, tx, w.Dataset, w.N); err != nil {
				return err
			}
		}
		return in.audit(ctx, tx, "system", d.Action+".done", string(intent.Dataset), map[string]any{"intent": intent.ID, "datasets": len(d.Public) + len(d.Drafts)})
	})
}

// resolveDeeds closes what an earlier attempt left open. The caller holds
// in.words, so no deed is under way.
func (in *Inbox) resolveDeeds(ctx context.Context) error {
	open, err := in.drafts.OpenIntents(ctx)
	if err != nil {
		return err
	}
	for _, intent := range open {
		if intent.Upload != "" {
			continue // a publication: its job resolves it
		}
		if err := in.resolveIntent(ctx, intent); err != nil {
			return fmt.Errorf("resolve intent %s: %w", intent.ID, err)
		}
	}
	return nil
}

func (in *Inbox) resolveDeed(ctx context.Context, intent catalog.Intent) error {
	d, err := manifestOf(intent)
	if err != nil {
		return err
	}
	return in.closeDeed(ctx, intent, d)
}
