package ingest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"

	"daylight/catalog"
	"daylight/datasets"
	"daylight/ingest/fetch"
	"daylight/ingest/format"
	"daylight/privacy"
	"daylight/store"
)

// Options of an Inbox. All but Public, Log, Limits and Child are needed.
type Options struct {
	Private store.Private
	DB      *store.PrivateDB // migrated; its lock is held
	Shelf   *datasets.Shelf
	Catalog *catalog.Store
	Drafts  *catalog.Drafts
	Public  store.Public // for the sweep of files that nothing names; zero: no sweep
	Now     func() time.Time
	Log     *slog.Logger  // nil: nothing is logged
	Limits  format.Limits // of one file; File is also the largest upload
	Child   ChildLimits
	Keep    time.Duration // how long originals are kept after they were published or refused; 0: for good
	Fetch   *fetch.Client // nil: only from public addresses
}

// Inbox takes agencies' files in and works them off. It implements
// api.Intake. Work may be called more than once, at once.
type Inbox struct {
	private store.Private
	db      *store.PrivateDB
	shelf   *datasets.Shelf
	catalog *catalog.Store
	drafts  *catalog.Drafts
	public  *store.Public
	now     func() time.Time
	log     *slog.Logger
	limits  format.Limits
	child   ChildLimits
	fetch   *fetch.Client
	keep    time.Duration

	pace    pace
	watches watches

	wake, wakeFetch chan struct{} // a job of Work, of Fetch was added

	words    sync.Mutex // held while what is said of datasets changes, privately or in public
	previews previews

	mu        sync.Mutex
	tidied    time.Time                           // when uploads were last given up; guarded by mu
	receiving map[string]func()                   // uploads whose bytes are coming, and how to cut them off; guarded by mu
	running   map[string]context.CancelCauseFunc  // of uploads that are worked on; guarded by mu
	turns     map[catalog.DatasetID]chan struct{} // one job a dataset at a time; guarded by mu
}

// New makes an inbox. Call Recover before anything else.
func New(o Options) *Inbox {
	in := &Inbox{private: o.Private, db: o.DB, shelf: o.Shelf, catalog: o.Catalog, drafts: o.Drafts, now: o.Now, log: o.Log,
		limits: o.Limits, child: o.Child, wake: make(chan struct{}, 1), wakeFetch: make(chan struct{}, 1), receiving: map[string]func(){}, turns: map[catalog.DatasetID]chan struct{}{}, running: map[string]context.CancelCauseFunc{}}
	if o.Public != (store.Public{}) {
		in.public = &o.Public
	}
	in.keep = o.Keep
	if in.fetch = o.Fetch; in.fetch == nil {
		in.fetch = fetch.New(fetch.Options{Agent: "daylight"})
	}
	if in.log == nil {
		in.log = slog.New(slog.DiscardHandler)
	}
	if in.limits.File <= 0 {
		in.limits.File = format.DefaultLimits.File
	}
	return in
}

// autoPlan is the stored text of "decide from each file what needs no judgement".
const autoPlan = "auto"

// Begin announces a file. A plan that comes with it is stored first, as the
// dataset's newest; one that cannot be read is catalog.ErrPlan. A note that
// cannot be public is catalog.ErrMetadata. The same
// Idempotency-Key with the same request gives the same upload, with another
// request catalog.ErrIdempotency.
func (in *Inbox) Begin(ctx context.Context, n catalog.NewUpload) (catalog.Upload, error) {
	if n.TotalBytes > in.limits.File {
		return catalog.Upload{}, fmt.Errorf("begin upload: %w", catalog.ErrTooLarge)
	}
	if problems := catalog.CheckNote(n.Note); catalog.Refused(problems) {
		return catalog.Upload{}, fmt.Errorf("begin upload: %w", &catalog.ErrMetadata{Problems: problems})
	}
	if n.From != "" {
		if err := fetch.Check(n.From); err != nil {
			return catalog.Upload{}, fmt.Errorf("begin upload: %w", catalog.ErrAddress)
		}
	}
	d, err := in.drafts.Dataset(ctx, string(n.Dataset))
	if err != nil {
		return catalog.Upload{}, fmt.Errorf("begin upload: %w", err)
	}
	if d.Agency != n.Agency || d.ID != n.Dataset {
		return catalog.Upload{}, fmt.Errorf("begin upload: %w", catalog.ErrNotFound)
	}
	hash, err := in.requestHash(n)
	if err != nil {
		return catalog.Upload{}, fmt.Errorf("begin upload: %w", err)
	}
	var plan *catalog.StoredPlan
	if len(n.Plan) > 0 {
		if plan, err = storedPlan(n.Plan, d.Slug, n.By); err != nil {
			return catalog.Upload{}, fmt.Errorf("begin upload: %w", err)
		}
	}
	wrapped, err := in.private.NewKey()
	if err != nil {
		return catalog.Upload{}, fmt.Errorf("begin upload: %w", told(err))
	}
	now := in.now()
	u := &upload{by: n.By, fileName: label(n.FileName), wrapped: wrapped, request: request{Locale: n.Locale, Note: n.Note, From: n.From, Unsaid: n.NoteWanted, NotBefore: n.NotBefore.UTC(), Metadata: n.Metadata}}
	u.Upload = catalog.Upload{ID: uuid.NewString(), Dataset: n.Dataset, Agency: n.Agency, State: catalog.StateReceiving, Fetched: n.From != "", NotBefore: n.NotBefore.UTC(),
		TotalBytes: n.TotalBytes, Created: now, Updated: now, Expires: now.Add(unsentAfter)}
	earlier := ""
	err = in.db.InTx(ctx, func(tx *store.Tx) error {
		if n.IdempotencyKey != "" {
			var id, was string
			err := tx.QueryRow(ctx, `SELECT id, request_hash FROM uploads WHERE agency_id = $1 AND idempotency = $2`,
				string(n.Agency), n.IdempotencyKey).Scan(&id, &was)
			switch {
			case err == nil && was != hash:
				return catalog.ErrIdempotency
			case err == nil:
				earlier = id
				return nil
			case !errors.Is(err, store.ErrNoRows):
				return err
			}
		}
		if plan != nil {
			plan.At = now
			var err error
			if u.request.Plan, err = in.drafts.PutPlan(ctx, tx, n.Dataset, *plan); err != nil {
				return err
			}
		}
		if err := insertUpload(ctx, tx, u, n.IdempotencyKey, hash); err != nil {
			return err
		}
		if n.From != "" {
			if err := store.Enqueue(ctx, tx, jobFetch, u.ID, now); err != nil {
				return err
			}
		}
		return in.audit(ctx, tx, n.By, "upload.begin", u.ID, map[string]any{"dataset": n.Dataset, "plan": u.request.Plan, "fetch": n.From != ""})
	})
	if err != nil {
		return catalog.Upload{}, fmt.Errorf("begin upload: %w", told(err))
	}
	if n.From != "" {
		nudge(in.wakeFetch)
	}
	if earlier != "" {
		return in.State(ctx, earlier)
	}
	return u.Upload, nil
}

// requestHash is of what a request asks for, so that a key that comes again
// can be told from a key that is misused.
func (in *Inbox) requestHash(n catalog.NewUpload) (string, error) {
	n.IdempotencyKey = ""
	b, err := json.Marshal(n)
	if err != nil {
		return "", err
	}
	return in.private.HMAC(b), nil
}

// storedPlan reads a plan that came with an upload. It must be for this
// dataset; what the reader says against it is positions and rules, never data.
func storedPlan(text []byte, slug, by string) (*catalog.StoredPlan, error) {
	text = bytes.TrimSpace(text)
	if string(text) == autoPlan {
		return &catalog.StoredPlan{YAML: autoPlan, By: by}, nil
	}
	plans, err := privacy.ParsePlans(text)
	if err != nil {
		return nil, fmt.Errorf("%w: %s", catalog.ErrPlan, planWords(err))
	}
	for _, p := range plans {
		if p.Dataset != "" && p.Dataset != slug {
			return nil, fmt.Errorf("%w: it is the plan of another dataset", catalog.ErrPlan)
		}
	}
	return &catalog.StoredPlan{YAML: string(text), Hash: hashOf(plans), By: by}, nil
}

// planWords are the details of a plan's problems: lines and rules.
func planWords(err error) string {
	var p *privacy.Problems
	if !errors.As(err, &p) || len(p.List) == 0 {
		return "it cannot be read"
	}
	words := p.List[0].Detail
	for _, q := range p.List[1:] {
		words += "; " + q.Detail
	}
	return words
}

// identical settles an upload whose content is what the dataset's latest
// release was made from, on the same plan: nothing new is published.
func (in *Inbox) identical(ctx context.Context, tx *store.Tx, u *upload, n int, basis string, now time.Time) error {
	u.State, u.Release, u.request.Basis = catalog.StatePublished, n, basis
	u.Problems = []catalog.UploadProblem{{Code: "identical", Detail: fmt.Sprintf("identical to release %d: nothing new was published", n)}}
	if err := settle(ctx, tx, u, now); err != nil {
		return err
	}
	return in.audit(ctx, tx, "system", "upload.identical", u.ID, map[string]any{"dataset": u.Dataset, "release": n})
}

// State tells how an upload stands.
func (in *Inbox) State(ctx context.Context, id string) (catalog.Upload, error) {
	u, err := in.upload(ctx, id)
	if err != nil {
		return catalog.Upload{}, err
	}
	u.Progress = u.Progress.Fresh(u.Updated, in.now())
	if in.keep > 0 && !u.Destroyed && (u.State == catalog.StatePublished || u.State == catalog.StateRefused) {
		u.KeptUntil = u.Updated.Add(in.keep)
	}
	return u.Upload, nil
}

// Uploads lists an agency's latest uploads, 1,000 at most, newest first, without
// their reports; an empty agency: of all. Without states, in every state.
func (in *Inbox) Uploads(ctx context.Context, agency catalog.AgencyID, states ...string) ([]catalog.Upload, error) {
	query, args := `SELECT `+uploadColumns+` FROM uploads WHERE ($1 = '' OR agency_id = $1)`, []any{string(agency)}
	for i, state := range states {
		query += [2]string{` AND state IN (`, `, `}[min(i, 1)] + fmt.Sprintf("$%d", i+2)
		args = append(args, state)
	}
	if len(states) > 0 {
		query += `)`
	}
	rows, err := in.db.Query(ctx, query+` ORDER BY created_at DESC, id LIMIT 1000`, args...)
	if err != nil {
		return nil, fmt.Errorf("list uploads: %w", err)
	}
	defer rows.Close()
	var out []catalog.Upload
	for rows.Next() {
		u, err := scanUpload(rows)
		if err != nil {
			return nil, fmt.Errorf("list uploads: %w", err)
		}
		u.Report = nil
		out = append(out, u.Upload)
	}
	return out, rows.Err()
}

// Waiting counts files that wait for a person's decision; an empty agency: of all.
func (in *Inbox) Waiting(ctx context.Context, agency catalog.AgencyID) (int, error) {
	var n int
	err := in.db.QueryRow(ctx, `SELECT count(*) FROM uploads WHERE state = $1 AND ($2 = '' OR agency_id = $2)`,
		catalog.StateWaiting, string(agency)).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count waiting uploads: %w", err)
	}
	return n, nil
}

// audit adds an entry in the caller's transaction. detail holds ids, counts and
// hashes only.
func (in *Inbox) audit(ctx context.Context, tx *store.Tx, actor, action, subject string, detail any) error {
	b, err := json.Marshal(detail)
	if err != nil {
		return err
	}
	if actor == "" {
		actor = "system"
	}
	return in.db.Audit(ctx, tx, store.AuditEntry{At: in.now(), Actor: actor, Action: action, Subject: subject, Detail: b})
}

// told puts the catalogue's words in front of what callers ask about.
func told(err error) error {
	switch {
	case errors.Is(err, store.ErrTooLarge):
		return fmt.Errorf("%w: %w", catalog.ErrTooLarge, err)
	case errors.Is(err, store.ErrNoSpace):
		return fmt.Errorf("%w: %w", catalog.ErrNoSpace, err)
	}
	return err
}

// nudge wakes a worker of this process; others find the job by looking.
func nudge(wake chan<- struct{}) {
	select {
	case wake <- struct{}{}:
	default:
	}
}
