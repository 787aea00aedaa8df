package ingest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"daylight/catalog"
	"daylight/ingest/format"
	"daylight/privacy"
	"daylight/store"
)

// review is a row of reviews: the last decision over an upload. It decides over
// nothing before it is approved, and over no other upload before that one is
// published.
type review struct {
	plan, hash, input string // plan "": not decided
	reading           string // answers without a plan, JSON
	twoPersons        bool
	decidedBy         string
	decidedAt         *time.Time
	digest            string // of what the dry run cleared, a table after the other
	approvedBy        string
	approvedAt        *time.Time
	facts             facts
}

// facts are what a person is told: made by the job that stopped at them.
type facts struct {
	Tables    []catalog.ReviewTable    `json:"tables"`
	Questions []catalog.ReviewQuestion `json:"questions"`
	Proposal  string                   `json:"proposal"`
}

func (r *review) approved() bool { return r != nil && r.approvedBy != "" }

// reviewOf gives nil for an upload that never waited.
func (in *Inbox) reviewOf(ctx context.Context, id string) (*review, error) {
	var r review
	var text string
	var two int
	var decided string
	err := in.db.QueryRow(ctx, `SELECT plan, plan_hash, input_hmac, two_person, decided_by, decided_at, digest, approved_by, approved_at, facts, reading
		FROM reviews WHERE upload_id = $1`, id).
		Scan(&r.plan, &r.hash, &r.input, &two, &r.decidedBy, &decided, &r.digest, &r.approvedBy, &r.approvedAt, &text, &r.reading)
	if errors.Is(err, store.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read review: %w", err)
	}
	if at, err := time.Parse(time.RFC3339Nano, decided); err == nil {
		r.decidedAt = &at
	}
	r.twoPersons = two != 0
	if text != "" {
		if err := json.Unmarshal([]byte(text), &r.facts); err != nil {
			return nil, errors.New("the facts of a review are not JSON")
		}
	}
	return &r, nil
}

// Review tells what a person needs to decide over an upload. Before it has ever
// waited there is little to tell.
func (in *Inbox) Review(ctx context.Context, id string) (catalog.Review, error) {
	u, err := in.upload(ctx, id)
	if err != nil {
		return catalog.Review{}, err
	}
	r, err := in.reviewOf(ctx, id)
	if err != nil {
		return catalog.Review{}, err
	}
	return in.told(u, r), nil
}

func (in *Inbox) told(u *upload, r *review) catalog.Review {
	out := catalog.Review{Upload: u.Upload, FileName: u.fileName, SentBy: u.by, Input: u.hmac}
	out.Noticed = noticed(u.Report)
	out.Upload.Report = nil // told by column, and as noticed
	if _, held := privacy.HeldLabel(u.fileName, 0); held {
		out.FileName = ""
	}
	if r == nil {
		return out
	}
	out.Tables, out.Questions, out.Proposal = r.facts.Tables, r.facts.Questions, r.facts.Proposal
	out.Reading = r.read()
	out.Plan, out.PlanHash, out.Preview = r.plan, r.hash, r.digest
	out.DecidedBy, out.ApprovedBy = r.decidedBy, r.approvedBy
	if r.decidedAt != nil {
		out.DecidedAt = *r.decidedAt
	}
	if r.approvedAt != nil {
		out.ApprovedAt = *r.approvedAt
	}
	out.TwoPersons = r.twoPersons
	out.NotSender = r.twoPersons || r.facts.found()
	return out
}

// noticed are the problems of a report, table by table.
func noticed(report json.RawMessage) []catalog.ReviewNoticed {
	var r format.Report
	if len(report) == 0 || json.Unmarshal(report, &r) != nil {
		return nil
	}
	var out []catalog.ReviewNoticed
	for i, t := range r.Tables {
		for _, p := range t.Problems {
			out = append(out, catalog.ReviewNoticed{Table: sheetOf(r, i), Column: p.Column, Code: p.Code, Wanted: p.Wanted, Count: p.Count, Row: p.Row, Line: p.Line})
		}
	}
	return out
}

// found says whether anything was found that a person must look at.
func (f facts) found() bool {
	for _, t := range f.Tables {
		for _, c := range t.Columns {
			for _, x := range c.Findings {
				if x.Decision == decisionWords[privacy.Review] || x.Decision == decisionWords[privacy.Block] {
					return true
				}
			}
		}
	}
	return false
}

var decisionWords = map[privacy.Decision]string{privacy.None: "none", privacy.AllowPublic: "public", privacy.Review: "review", privacy.Block: "block"}

// Answer settles questions about how a file is read. Columns may be others
// then, and so may what is found in them: the file is read anew before a plan
// is asked for. Answers that are no choice of a question are catalog.ErrPlan.
func (in *Inbox) Answer(ctx context.Context, by, id string, answers map[string]string) error {
	return in.decide(ctx, id, func(tx *store.Tx, u *upload, r *review) error {
		reading, err := readingOf(r, answers)
		if err != nil {
			return err
		}
		if err := readAs(ctx, tx, id, reading); err != nil {
			return err
		}
		return in.audit(ctx, tx, by, "review.answer", id, map[string]any{"dataset": u.Dataset, "questions": len(answers)})
	})
}

// Reread has the file read as is said here, instead of all that was said
// before: each decision of the reading can be another than what was found. It
// is part of the plan that is decided afterwards, so that the next file is read
// so too. What cannot be meant is catalog.ErrPlan.
func (in *Inbox) Reread(ctx context.Context, by, id string, read *privacy.Reading) error {
	return in.decide(ctx, id, func(tx *store.Tx, u *upload, _ *review) error {
		if err := read.Check(); err != nil {
			return fmt.Errorf("%w: %s", catalog.ErrPlan, planWords(err))
		}
		if err := readAs(ctx, tx, id, read); err != nil {
			return err
		}
		return in.audit(ctx, tx, by, "review.reread", id, map[string]any{"dataset": u.Dataset})
	})
}

// readAs keeps how a file is read. What was decided over it is void.
func readAs(ctx context.Context, tx *store.Tx, id string, reading *privacy.Reading) error {
	text, err := json.Marshal(reading)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `UPDATE reviews SET reading = $2, plan = '', plan_hash = '', digest = '', approved_by = '', approved_at = NULL, decided_by = '' WHERE upload_id = $1`,
		id, string(text))
	return err
}

// Decide stores a plan over an upload that waits, and has it carried out on
// trial: nothing is published. A plan that cannot be read is catalog.ErrPlan.
// Who decided, and when, is written into the plan here.
func (in *Inbox) Decide(ctx context.Context, by, id string, plan []byte) error {
	return in.decide(ctx, id, func(tx *store.Tx, u *upload, r *review) error {
		draft, err := in.drafts.Dataset(ctx, string(u.Dataset))
		if err != nil {
			return err
		}
		plans, err := privacy.ParsePlans(plan)
		if err != nil {
			return fmt.Errorf("%w: %s", catalog.ErrPlan, planWords(err))
		}
		two := false
		now := in.now().UTC().Truncate(time.Second)
		for i := range plans {
			p := &plans[i]
			if p.Dataset != "" && p.Dataset != draft.Slug {
				return fmt.Errorf("%w: it is the plan of another dataset", catalog.ErrPlan)
			}
			p.Dataset, p.Decided = draft.Slug, privacy.Decided{By: by, At: now}
			two = two || p.Approve.TwoPerson
		}
		if (deciding{plans: plans}).reading() == nil {
			plans[0].Read = r.answered() // about the whole file
		}
		if two && by == u.by {
			return fmt.Errorf("%w: the plan wants two persons, and whoever sent the file is neither", catalog.ErrPerson)
		}
		text, err := privacy.MarshalPlans(plans)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE reviews SET plan = $2, plan_hash = $3, input_hmac = $4, two_person = $5, decided_by = $6, decided_at = $7,
			digest = '', approved_by = '', approved_at = NULL WHERE upload_id = $1`,
			id, string(text), hashOf(plans), u.hmac, two, by, now); err != nil {
			return err
		}
		return in.audit(ctx, tx, by, "review.decide", id, map[string]any{"dataset": u.Dataset, "plan_hash": hashOf(plans), "input_hmac": u.hmac})
	})
}

// read is how the file is read now: as the decided plan says, else as was
// answered, else as it was read when it stopped.
func (r *review) read() *privacy.Reading {
	text := r.plan
	if text == "" {
		if reading := r.answered(); reading != nil {
			return reading
		}
		text = r.facts.Proposal
	}
	plans, err := privacy.ParsePlans([]byte(text))
	if err != nil {
		return nil
	}
	return deciding{plans: plans}.reading()
}

// answered are the answers alone, as a plan's "read" block; nil: none.
func (r *review) answered() *privacy.Reading {
	var reading privacy.Reading
	if r.reading == "" || json.Unmarshal([]byte(r.reading), &reading) != nil {
		return nil
	}
	return &reading
}

// Rehearse carries the decided plan out on trial once more: the rows of a
// preview are kept in memory only.
func (in *Inbox) Rehearse(ctx context.Context, id string) error {
	return in.decide(ctx, id, func(_ *store.Tx, _ *upload, r *review) error {
		if r.plan == "" {
			return catalog.ErrState
		}
		return nil
	})
}

// decide changes the review of an upload that waits, and has the job look at
// the upload again.
func (in *Inbox) decide(ctx context.Context, id string, change func(*store.Tx, *upload, *review) error) error {
	err := in.waiting(ctx, id, func(tx *store.Tx, u *upload, r *review) error {
		if err := change(tx, u, r); err != nil {
			return err
		}
		return in.again(ctx, tx, id)
	})
	if err != nil {
		return fmt.Errorf("decide over %s: %w", id, err)
	}
	nudge(in.wake)
	in.watches.tell(id)
	return nil
}

// waiting runs f over an upload that waits, in one transaction.
func (in *Inbox) waiting(ctx context.Context, id string, f func(*store.Tx, *upload, *review) error) error {
	u, err := in.upload(ctx, id)
	if err != nil {
		return err
	}
	r, err := in.reviewOf(ctx, id)
	if err != nil {
		return err
	}
	if u.State != catalog.StateWaiting || r == nil {
		return catalog.ErrState
	}
	return in.db.InTx(ctx, func(tx *store.Tx) error {
		// Somebody may have decided since: then this is no answer to it.
		var state, hash, digest, reading string
		if err := tx.QueryRow(ctx, `SELECT u.state, r.plan_hash, r.digest, r.reading FROM uploads u JOIN reviews r ON r.upload_id = u.id WHERE u.id = $1`, id).
			Scan(&state, &hash, &digest, &reading); err != nil {
			return err
		}
		if state != catalog.StateWaiting || hash != r.hash || digest != r.digest || reading != r.reading {
			return catalog.ErrState
		}
		return f(tx, u, r)
	})
}

// again makes the upload's job ready.
func (in *Inbox) again(ctx context.Context, tx *store.Tx, id string) error {
	now := in.now()
	if _, err := tx.Exec(ctx, `UPDATE uploads SET state = $2, stage = '', progress = '', problems = '[]', done_bytes = 0, done_rows = 0, updated_at = $3 WHERE id = $1`,
		id, catalog.StateReceived, now); err != nil {
		return err
	}
	return store.Enqueue(ctx, tx, jobProcess, id, now)
}

// Approve lets the decided plan be carried out. What is approved is named: the
// plan, the content, and what the preview showed; catalog.ErrStale where one of
// them is another by now, catalog.ErrPerson where this person may not.
func (in *Inbox) Approve(ctx context.Context, by, id string, a catalog.ApprovedReview) error {
	err := in.waiting(ctx, id, func(tx *store.Tx, u *upload, r *review) error {
		switch t := in.told(u, r); {
		case r.plan == "" || r.digest == "":
			return catalog.ErrState
		case a.PlanHash != r.hash || a.Input != u.hmac || r.input != u.hmac || a.Preview != r.digest:
			return catalog.ErrStale
		case t.NotSender && by == u.by:
			return fmt.Errorf("%w: personal data was found in it, so another person than its sender must approve", catalog.ErrPerson)
		case t.TwoPersons && by == r.decidedBy:
			return fmt.Errorf("%w: the plan wants two persons, so another one than whoever decided must approve", catalog.ErrPerson)
		}
		if _, err := tx.Exec(ctx, `UPDATE reviews SET approved_by = $2, approved_at = $3 WHERE upload_id = $1`, id, by, in.now()); err != nil {
			return err
		}
		if err := in.audit(ctx, tx, by, "review.approve", id, map[string]any{"dataset": u.Dataset, "plan_hash": r.hash, "input_hmac": u.hmac, "preview": r.digest}); err != nil {
			return err
		}
		return in.again(ctx, tx, id)
	})
	if err != nil {
		return fmt.Errorf("approve %s: %w", id, err)
	}
	nudge(in.wake)
	in.watches.tell(id)
	return nil
}

// SendBack ends a review: the file is refused, with words for its sender. Words
// that look like personal data are catalog.ErrPlan.
func (in *Inbox) SendBack(ctx context.Context, by, id, reason string) error {
	reason = strings.TrimSpace(reason)
	if reason == "" || len(reason) > 2000 {
		return fmt.Errorf("send back %s: %w: a reason of at most 2,000 letters is needed", id, catalog.ErrPlan)
	}
	found := false
	privacy.SpansIn([]byte(reason), in.now().Year(), func(privacy.Kind, int, int) { found = true })
	if found {
		return fmt.Errorf("send back %s: %w: the reason itself holds personal data: say it without", id, catalog.ErrPlan)
	}
	err := in.waiting(ctx, id, func(tx *store.Tx, u *upload, _ *review) error {
		u.State = catalog.StateRefused
		u.Problems = []catalog.UploadProblem{{Code: "sent-back", Detail: reason}}
		if err := settle(ctx, tx, u, in.now()); err != nil {
			return err
		}
		return in.audit(ctx, tx, by, "review.send-back", id, map[string]any{"dataset": u.Dataset})
	})
	if err != nil {
		return fmt.Errorf("send back %s: %w", id, err)
	}
	in.previews.drop(id)
	in.watches.tell(id)
	return nil
}

// Preview is what the public would see, table by table: the first rows, and
// digests over all. catalog.ErrNotFound when the decided plan was not carried
// out on trial since this process began: Rehearse does it.
func (in *Inbox) Preview(ctx context.Context, id string) ([]catalog.ReviewPreview, error) {
	r, err := in.reviewOf(ctx, id)
	if err != nil {
		return nil, err
	}
	if r == nil || r.digest == "" {
		return nil, fmt.Errorf("preview: %w", catalog.ErrNotFound)
	}
	all := in.previews.get(id)
	if digestsOf(all) != r.digest {
		return nil, fmt.Errorf("preview: %w", catalog.ErrNotFound)
	}
	return all, nil
}
