package ingest

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"daylight/catalog"
	"daylight/datasets"
	"daylight/privacy"
	"daylight/store"
)

// errOthersTurn: another process publishes into the same dataset right now.
var errOthersTurn = errors.New("another publication of this dataset is under way")

// commit makes a release public: reliability.md section 1, step 8. The intent
// is durable before, so that a crash at any point is resolved by asking the
// public database whether it happened.
func (in *Inbox) commit(ctx context.Context, job store.Job, u *upload, basis string, decide deciding, c *Checked, release *datasets.Release) (*verdict, error) {
	// The words may have changed while the file was worked on: what is public
	// next are those of now.
	in.words.Lock()
	defer in.words.Unlock()
	draft, err := in.drafts.Dataset(ctx, string(u.Dataset))
	if err != nil {
		return nil, err
	}
	now := in.now()
	record := newRecord(u, decide, c, release)
	manifest, err := json.Marshal(record.Files)
	if err != nil {
		return nil, err
	}
	intent := catalog.Intent{ID: uuid.NewString(), Upload: u.ID, Dataset: u.Dataset, Manifest: string(manifest), At: now}
	identical := 0
	err = in.db.InTx(ctx, func(tx *store.Tx) error {
		// Under the one writer of the private database: whoever was first has
		// its intent, or its release, here already.
		var open int
		if err := tx.QueryRow(ctx, `SELECT count(*) FROM intents WHERE dataset_id = $1 AND state = 'open'`, string(u.Dataset)).Scan(&open); err != nil {
			return err
		}
		if open > 0 {
			return errOthersTurn
		}
		var err error
		if identical, err = standing(ctx, tx, u.Dataset, u.hmac, basis); err != nil || identical > 0 {
			return err
		}
		if err := notCancelled(ctx, tx, u.ID); err != nil {
			return err
		}
		if err := in.drafts.OpenIntent(ctx, tx, intent); err != nil {
			return err
		}
		if err := in.adoptPlan(ctx, tx, u, decide, &record, now); err != nil {
			return err
		}
		if err := keepShape(ctx, tx, u.ID, c); err != nil {
			return err
		}
		record.Intent = intent.ID
		return in.audit(ctx, tx, u.by, "publication.intent", u.ID, record)
	})
	if err != nil {
		return nil, err
	}
	if identical > 0 {
		_, err := in.finishIfIdentical(ctx, job, u, basis)
		return nil, err
	}
	store.Fail("publish.intent")
	made, err := in.catalog.Publish(ctx, catalog.Publication{Intent: intent.ID, Dataset: *draft, Note: u.request.Note, At: now}, release)
	var same *catalog.ErrIdentical
	if errors.As(err, &same) {
		return nil, in.closeIdentical(ctx, job, u, basis, intent, same.N)
	}
	if err != nil {
		// It may have happened all the same: the next attempt asks first.
		return nil, err
	}
	store.Fail("publish.public")
	u.request.Basis = basis
	if err := in.closePublished(ctx, u, intent, made.N, now, func(tx *store.Tx) error { return in.db.Finish(ctx, tx, job) }); err != nil {
		return nil, err
	}
	store.Fail("job.finished")
	in.log.Info("upload published", "upload", u.ID, "release", made.N)
	return nil, nil
}

// adoptPlan makes an approved plan the dataset's newest: the next file goes
// through on it.
func (in *Inbox) adoptPlan(ctx context.Context, tx *store.Tx, u *upload, decide deciding, record *record, now time.Time) error {
	r := decide.review
	if r == nil {
		return nil
	}
	version, err := in.drafts.PutPlan(ctx, tx, u.Dataset, catalog.StoredPlan{YAML: r.plan, Hash: r.hash, By: r.decidedBy, At: now})
	if err != nil {
		return err
	}
	record.Plan, record.Decided, record.Approved, record.Preview = version, r.decidedBy, r.approvedBy, r.digest
	return nil
}

// closePublished closes an intent that has come true, and its upload; also,
// after a crash, without a job in hand.
func (in *Inbox) closePublished(ctx context.Context, u *upload, intent catalog.Intent, n int, now time.Time, also func(*store.Tx) error) error {
	u.State, u.Release, u.Problems = catalog.StatePublished, n, nil
	err := in.db.InTx(ctx, func(tx *store.Tx) error {
		if err := in.drafts.CloseIntent(ctx, tx, intent.ID, true, now); err != nil {
			return err
		}
		if err := settle(ctx, tx, u, now); err != nil {
			return err
		}
		if err := in.audit(ctx, tx, "system", "publication.done", u.ID, map[string]any{"intent": intent.ID, "dataset": intent.Dataset, "release": n}); err != nil {
			return err
		}
		return also(tx)
	})
	if err != nil {
		return err
	}
	store.Fail("publish.done")
	in.watches.tell(u.ID)
	return nil
}

// closeIdentical closes an intent whose files are the current release's: the
// input differed, what may leave does not.
func (in *Inbox) closeIdentical(ctx context.Context, job store.Job, u *upload, basis string, intent catalog.Intent, n int) error {
	now := in.now()
	err := in.db.InTx(ctx, func(tx *store.Tx) error {
		if err := in.drafts.CloseIntent(ctx, tx, intent.ID, false, now); err != nil {
			return err
		}
		if err := in.identical(ctx, tx, u, n, basis, now); err != nil {
			return err
		}
		return in.db.Finish(ctx, tx, job)
	})
	if err == nil {
		in.watches.tell(u.ID)
	}
	return err
}

// resolveIntents closes what an earlier attempt at this upload left open, by
// asking the public database whether it happened; "" means every upload.
func (in *Inbox) resolveIntents(ctx context.Context, uploadID string) error {
	open, err := in.drafts.OpenIntents(ctx)
	if err != nil {
		return err
	}
	for _, intent := range open {
		if uploadID != "" && intent.Upload != uploadID {
			continue
		}
		if err := in.resolveIntent(ctx, intent); err != nil {
			return fmt.Errorf("resolve intent %s: %w", intent.ID, err)
		}
	}
	return nil
}

func (in *Inbox) resolveIntent(ctx context.Context, intent catalog.Intent) error {
	n, happened, err := in.catalog.Fulfilled(ctx, intent.ID)
	if err != nil {
		return err
	}
	now := in.now()
	if !happened {
		return in.db.InTx(ctx, func(tx *store.Tx) error {
			if err := in.drafts.CloseIntent(ctx, tx, intent.ID, false, now); err != nil {
				return err
			}
			action := "publication.failed"
			if intent.Upload == "" {
				action = "deed.failed"
			}
			return in.audit(ctx, tx, "system", action, cmp.Or(intent.Upload, string(intent.Dataset)), map[string]any{"intent": intent.ID, "dataset": intent.Dataset})
		})
	}
	if intent.Upload == "" {
		return in.resolveDeed(ctx, intent)
	}
	u, err := in.upload(ctx, intent.Upload)
	if err != nil {
		return err
	}
	if u.request.Basis, err = in.basis(ctx, u); err != nil {
		return err
	}
	return in.closePublished(ctx, u, intent, n, now, func(*store.Tx) error { return nil })
}

// record is the audit's account of a publication: privacy.md section 10. Ids,
// counts and hashes; the input only by its keyed hash.
type record struct {
	Intent   string           `json:"intent"`
	Dataset  string           `json:"dataset"`
	Input    string           `json:"input_hmac"`
	Bytes    int64            `json:"bytes"`
	Plan     int              `json:"plan_version"` // 0: none stored, decided by auto
	PlanHash string           `json:"plan_hash"`
	Decided  string           `json:"decided_by,omitempty"` // where a person reviewed it: user ids, and what the preview showed
	Approved string           `json:"approved_by,omitempty"`
	Preview  string           `json:"preview,omitempty"`
	Findings map[string]int   `json:"findings"` // kind:decision -> columns
	Tables   []privacy.Report `json:"tables"`   // effects, losses, risk, gates
	Files    []recordFile     `json:"files"`
}

type recordFile struct {
	Name   string `json:"name"`
	SHA256 string `json:"sha256"`
	Bytes  int64  `json:"bytes"`
	Rows   int64  `json:"rows"`
}

func newRecord(u *upload, decide deciding, c *Checked, release *datasets.Release) record {
	r := record{Dataset: string(u.Dataset), Input: u.hmac, Bytes: u.Bytes, Plan: decide.version, PlanHash: decide.hash(),
		Findings: map[string]int{}, Tables: release.Reports()}
	for _, p := range c.Profiles {
		for _, f := range p.Findings {
			r.Findings[fmt.Sprintf("%s:%d", f.Kind, f.Decision)]++
		}
	}
	for _, f := range release.Files() {
		r.Files = append(r.Files, recordFile{f.Name, f.Ref.String(), f.Bytes, f.Rows})
	}
	return r
}
