package ingest

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"daylight/catalog"
	"daylight/datasets"
	"daylight/ingest/fetch"
	"daylight/ingest/format"
	"daylight/privacy"
	"daylight/store"
)

// jobProcess takes one upload from its original to a release, or to the reason
// why there is none.
const jobProcess = "process"

const (
	lease       = time.Minute
	heartbeat   = lease / 4
	maxAttempts = 8
	idle        = time.Second // between two looks for jobs that others have added
)

// Work claims jobs, but for those of Fetch, and does them until ctx ends. Each
// call is one worker.
func (in *Inbox) Work(ctx context.Context) error {
	return in.serve(ctx, store.Lane{Kind: jobFetch, Others: true}, in.wake)
}

// Fetch gets files from the addresses that their senders named until ctx ends.
// A slow server keeps it waiting for hours, and no worker with it. Each call is
// one worker.
func (in *Inbox) Fetch(ctx context.Context) error {
	return in.serve(ctx, store.Lane{Kind: jobFetch}, in.wakeFetch)
}

// serve does the jobs of a lane.
func (in *Inbox) serve(ctx context.Context, lane store.Lane, wake <-chan struct{}) error {
	for {
		did, err := in.step(ctx, lane)
		if err == nil && !did {
			err = in.tidy(ctx)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			in.log.Error("work", "error", err)
		}
		if did && err == nil {
			continue
		}
		wait := time.NewTimer(idle)
		select {
		case <-ctx.Done():
			wait.Stop()
			return ctx.Err()
		case <-wake:
			wait.Stop()
		case <-wait.C:
		}
	}
}

// Drain does the jobs that are ready, and those they wait for, and returns
// when none is left that can be done now.
func (in *Inbox) Drain(ctx context.Context) error {
	for {
		did, err := in.step(ctx, store.Lane{})
		if err != nil || !did {
			return err
		}
	}
}

// step claims and does one job of a lane; false: there is none.
func (in *Inbox) step(ctx context.Context, lane store.Lane) (bool, error) {
	job, ok, err := in.db.Claim(ctx, lane, uuid.NewString(), in.now(), lease)
	if err != nil || !ok {
		return false, err
	}
	work := in.process
	switch job.Kind {
	case jobProcess:
	case jobFetch:
		work = in.fetched
	default:
		return true, in.db.Bury(ctx, job)
	}
	return true, in.do(ctx, job, work)
}

// do keeps the lease while the job runs, and decides what an error means.
func (in *Inbox) do(ctx context.Context, job store.Job, work func(context.Context, store.Job) error) error {
	if job.Attempts > maxAttempts {
		return in.giveUp(ctx, job)
	}
	working, stop := context.WithCancelCause(ctx)
	beating := make(chan struct{})
	go func() {
		defer close(beating)
		in.beat(working, job, stop)
	}()
	if job.Kind == jobProcess { // a fetch ends while the next job over its upload begins
		in.runs(job.Subject, stop)
	}
	err := work(working, job)
	if job.Kind == jobProcess {
		in.runs(job.Subject, nil)
	}
	stop(nil)
	<-beating
	switch {
	case err == nil:
		return nil
	case errors.Is(err, errCancelled), errors.Is(context.Cause(working), errCancelled):
		return in.db.InTx(ctx, func(tx *store.Tx) error { return in.db.Finish(ctx, tx, job) })
	case errors.Is(err, store.ErrLeaseLost), errors.Is(context.Cause(working), store.ErrLeaseLost):
		return nil // another holder is at it
	case ctx.Err() != nil:
		// A stop is no failure: whoever starts next takes it up at once.
		back, done := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer done()
		in.db.Retry(back, job, in.now())
		return ctx.Err()
	}
	in.log.Error("job failed", "upload", job.Subject, "attempt", job.Attempts, "error", err)
	if err := in.db.Because(ctx, job, reasonOf(err)); err != nil {
		return err
	}
	if job.Attempts >= maxAttempts {
		return in.giveUp(ctx, job)
	}
	return in.db.Retry(ctx, job, in.now().Add(backoff(job.Attempts)))
}

// runs keeps how to stop the job over an upload while it runs; nil: it has ended.
func (in *Inbox) runs(upload string, stop context.CancelCauseFunc) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if stop == nil {
		delete(in.running, upload)
	} else {
		in.running[upload] = stop
	}
}

// backoff is 1 s after the first attempt, then four times as long each, to at
// most an hour.
func backoff(attempts int) time.Duration {
	d := time.Second
	for range min(attempts, 10) - 1 {
		d *= 4
	}
	return min(d, time.Hour)
}

// beat extends the lease until working ends, and ends it when the lease is lost.
func (in *Inbox) beat(working context.Context, job store.Job, stop context.CancelCauseFunc) {
	tick := time.NewTicker(heartbeat)
	defer tick.Stop()
	for {
		select {
		case <-working.Done():
			return
		case <-tick.C:
			if err := in.db.Extend(working, job, in.now().Add(lease)); errors.Is(err, store.ErrLeaseLost) {
				stop(store.ErrLeaseLost)
				return
			}
		}
	}
}

// giveUp closes a job that fails again and again: the file is refused with
// words that do not blame it, and the job is dead until someone looks.
func (in *Inbox) giveUp(ctx context.Context, job store.Job) error {
	u, err := in.upload(ctx, job.Subject)
	if err != nil {
		return errors.Join(err, in.db.Bury(ctx, job))
	}
	u.State = catalog.StateRefused
	u.Problems = []catalog.UploadProblem{{Code: "gave-up", Detail: "the portal could not work this file off, for a reason that is not in the file: its operators are told; send it again later"}}
	if job.Kind == jobFetch {
		u.Problems = []catalog.UploadProblem{{Code: fetch.Failed, Detail: "the file could not be fetched from its address, again and again: look whether it can be had, and send the file or the address again"}}
	}
	now := in.now()
	err = in.db.InTx(ctx, func(tx *store.Tx) error {
		if err := settle(ctx, tx, u, now); err != nil {
			return err
		}
		return in.audit(ctx, tx, "system", "upload.dead", u.ID, map[string]any{"dataset": u.Dataset, "attempts": job.Attempts})
	})
	in.log.Error("job given up", "upload", u.ID, "attempts", job.Attempts)
	in.watches.tell(u.ID)
	return errors.Join(err, in.db.Bury(ctx, job))
}

// verdict is what a job came to, apart from a release.
type verdict struct {
	state    string
	problems []catalog.UploadProblem
}

// process is idempotent: an earlier attempt may have done any part of it.
func (in *Inbox) process(ctx context.Context, job store.Job) error {
	u, err := in.upload(ctx, job.Subject)
	if errors.Is(err, catalog.ErrNotFound) {
		return in.db.Bury(ctx, job)
	}
	if err != nil {
		return err
	}
	yield, err := in.turn(ctx, u.Dataset)
	if err != nil {
		return err
	}
	defer yield()
	if err := in.resolveIntents(ctx, u.ID); err != nil {
		return err
	}
	if u, err = in.upload(ctx, job.Subject); err != nil {
		return err
	}
	switch u.State {
	case catalog.StatePublished, catalog.StateRefused, catalog.StateWaiting:
		return in.db.InTx(ctx, func(tx *store.Tx) error { return in.db.Finish(ctx, tx, job) })
	}
	if u.State == catalog.StateScheduled {
		if due, err := in.due(ctx, job, u); err != nil || !due {
			return err
		}
		u.State = catalog.StateReceived
	}
	if u.request.Unsaid {
		return in.finish(ctx, job, u, verdict{state: catalog.StateWaiting, problems: []catalog.UploadProblem{{Code: "note-wanted",
			Detail: "the note that came with the file could not be public: write another one, or none"}}})
	}
	review, err := in.reviewOf(ctx, u.ID)
	if err != nil {
		return err
	}
	stages := portalStages
	if review != nil && !review.approved() {
		stages = rehearseStages
	}
	t := in.track(ctx, u.ID, catalog.StateReceived, catalog.StateWorking, newMeter(stages, &in.pace, time.Now))
	defer t.stop()
	persons, err := in.catalog.HasPersons(ctx, u.Dataset)
	if err != nil {
		return err
	}
	if review != nil && !review.approved() && !persons {
		v, err := in.study(ctx, u, review, t)
		t.stop()
		if err != nil {
			return err
		}
		return in.finish(ctx, job, u, *v)
	}
	basis, err := in.basis(ctx, u)
	if err != nil {
		return err
	}
	if done, err := in.finishIfIdentical(ctx, job, u, basis); done || err != nil {
		return err
	}
	if persons { // whatever the file holds; nobody is asked about it in vain
		t.stop()
		return in.finish(ctx, job, u, *stopped([]privacy.Problem{privacy.AfterPersons()}))
	}
	v, err := in.publish(ctx, job, u, basis, t)
	t.stop()
	if err != nil {
		if v = refusal(err); v == nil {
			return err
		}
	}
	if v == nil {
		return nil // it is published
	}
	return in.finish(ctx, job, u, *v)
}

// turn waits until no other job of the dataset runs in this process: two
// releases of one file would be one too many. Between processes the intent's
// transaction decides.
func (in *Inbox) turn(ctx context.Context, id catalog.DatasetID) (yield func(), err error) {
	in.mu.Lock()
	t := in.turns[id]
	if t == nil {
		t = make(chan struct{}, 1)
		in.turns[id] = t
	}
	in.mu.Unlock()
	select {
	case t <- struct{}{}:
		return func() { <-t }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// finishIfIdentical settles the upload when its content is the latest release.
func (in *Inbox) finishIfIdentical(ctx context.Context, job store.Job, u *upload, basis string) (done bool, err error) {
	err = in.db.InTx(ctx, func(tx *store.Tx) error {
		n, err := standing(ctx, tx, u.Dataset, u.hmac, basis)
		if err != nil || n == 0 {
			return err
		}
		done = true
		if err := in.identical(ctx, tx, u, n, basis, in.now()); err != nil {
			return err
		}
		return in.db.Finish(ctx, tx, job)
	})
	if err == nil && done {
		in.watches.tell(u.ID)
	}
	return done && err == nil, err
}

// publish goes the whole way. A nil verdict and a nil error: it is public.
func (in *Inbox) publish(ctx context.Context, job store.Job, u *upload, basis string, t *tracker) (v *verdict, err error) {
	decide, err := in.deciding(ctx, u)
	if err != nil {
		return nil, err
	}
	draft, err := in.drafts.Dataset(ctx, string(u.Dataset))
	if err != nil {
		return nil, err
	}
	if catalog.Refused(draft.Check()) {
		return nil, errMetadata
	}
	c, reading, err := in.checkKeeping(ctx, u, decide.reading(), t)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	defer func() {
		if waits(v, err) {
			if kept := in.keepFacts(ctx, u, c, reading, decide, ""); kept != nil {
				v, err = nil, kept
			}
		}
	}()
	t.over(catalog.StageClear)
	now := in.now()
	problems := c.Open(reading)
	if decide.review == nil { // else a person has seen what the public will see
		own := u.request.Plan > 0 && decide.plans != nil
		if c.drift, err = in.drifted(ctx, u, c, c.before, reading, decide.plans, own); err != nil {
			return nil, err
		}
		for _, d := range c.drift {
			problems = append(problems, d.problem())
		}
	}
	var tables []chosen
	if len(c.drift) == 0 {
		var open []privacy.Problem
		tables, open = decide.over(c, now)
		broken, err := c.breaches(ctx, tables, codeLists{in.catalog, in.shelf.Library()})
		if err != nil {
			return nil, err
		}
		problems = append(append(problems, open...), broken...)
	}
	if err := in.keepReport(ctx, u, c); err != nil { // with all that was noticed
		return nil, err
	}
	if r := decide.review; r != nil && r.input != u.hmac {
		return stopped([]privacy.Problem{{Err: privacy.ErrUndecided, Code: "agreed-otherwise", Detail: "the file is not the one that was approved: look at the preview and approve it again"}}), nil
	}
	if len(problems) > 0 {
		return stopped(problems), nil
	}
	s, err := in.setting(ctx, u.Dataset, now)
	if err != nil {
		return nil, err
	}
	cleared, err := apply(ctx, tables, s, decide.review)
	if err != nil {
		return nil, err
	}
	if u.request.NotBefore.After(in.now()) {
		return &verdict{state: catalog.StateScheduled}, nil
	}
	release, err := in.shelf.Publish(ctx, func(stage string, done, all int64) {
		t.shelf(stage, done, all)
		shelfPoint(stage, done, all)
	}, cleared...)
	if err != nil {
		return nil, err
	}
	store.Fail("publish.adopted")
	t.stop()
	return in.commit(ctx, job, u, basis, decide, c, release)
}

// shelfPoint passes the failpoints inside Shelf.Publish, which tells its stages
// and knows nothing of crashes: it says "checking" with nothing done when every
// table is staged, and with all of it when the gates have passed the last.
func shelfPoint(stage string, done, all int64) {
	switch {
	case stage != datasets.StageCheck:
	case done == 0:
		store.Fail("publish.staged")
	case done == all:
		store.Fail("publish.checked")
	}
}

// checkKeeping reads the original as check does, and reads it again where
// columns would lose the keys that they had in the last release.
func (in *Inbox) checkKeeping(ctx context.Context, u *upload, read *privacy.Reading, t *tracker) (*Checked, *privacy.Reading, error) {
	before, err := in.lastShape(ctx, u.Dataset)
	if err != nil {
		return nil, nil, err
	}
	c, err := in.check(ctx, u, read, t)
	if err != nil {
		return nil, nil, err
	}
	given := read
	if kept := before.keysKept(c, read); kept != nil {
		c.Close()
		if c, err = in.check(ctx, u, kept, t); err != nil {
			return nil, nil, err
		}
		read = kept
	}
	c.before, c.given = before, given
	return c, read, nil
}

// check reads the original in the child: the child's food is an unlinked
// plaintext file, which is gone when this returns.
func (in *Inbox) check(ctx context.Context, u *upload, read *privacy.Reading, t *tracker) (*Checked, error) {
	locale, err := in.locale(ctx, u)
	if err != nil {
		return nil, err
	}
	original := in.original(ctx, u)
	f, err := original.Open()
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return Check(ctx, f, original.Hint(), CheckOptions{Now: in.now(), ParseOptions: ParseOptions{
		Reading: read, Locale: locale, Format: in.limits, Limits: in.child, Temp: in.private.Spool,
		Meter: t.Meter}})
}

// waits says whether an attempt ends with a file that waits for a person.
func waits(v *verdict, err error) bool {
	if err != nil {
		v = refusal(err)
	}
	return v != nil && v.state == catalog.StateWaiting
}

func rowsOf(c *Checked) (n int64) {
	for _, t := range c.Report.Tables {
		n += t.DataRows
	}
	return n
}

func (in *Inbox) hasRelease(ctx context.Context, id catalog.DatasetID) (bool, error) {
	d, err := in.catalog.Brief(ctx, id)
	if errors.Is(err, catalog.ErrNotFound) {
		return false, nil
	}
	return err == nil && d.Release != nil, err // one that is withheld has none
}

// finish settles an upload without a release, and its job, together.
func (in *Inbox) finish(ctx context.Context, job store.Job, u *upload, v verdict) error {
	u.State, u.Problems = v.state, v.problems
	codes := map[string]int{}
	for _, p := range v.problems {
		codes[p.Code]++
	}
	now := in.now()
	err := in.db.InTx(ctx, func(tx *store.Tx) error {
		if err := settle(ctx, tx, u, now); err != nil {
			return err
		}
		if err := in.audit(ctx, tx, "system", "upload."+v.state, u.ID, map[string]any{"dataset": u.Dataset, "codes": codes}); err != nil {
			return err
		}
		if err := in.db.Finish(ctx, tx, job); err != nil || v.state != catalog.StateScheduled {
			return err
		}
		return store.Enqueue(ctx, tx, jobProcess, u.ID, u.request.NotBefore)
	})
	if err != nil {
		return err
	}
	store.Fail("job.finished")
	in.watches.tell(u.ID)
	in.log.Info("upload "+v.state, "upload", u.ID, "problems", len(v.problems))
	return nil
}

// stopped is the verdict over a plan that does not clear the file: refused
// where it says no, waiting where somebody must decide.
func stopped(problems []privacy.Problem) *verdict {
	v := &verdict{state: catalog.StateWaiting}
	for _, p := range problems {
		if errors.Is(p.Err, privacy.ErrRefused) {
			v.state = catalog.StateRefused
		}
		v.problems = append(v.problems, catalog.UploadProblem{Sheet: p.Table, Column: p.Column, Row: p.Row, Code: p.Code, Detail: p.Detail})
	}
	return v
}

// refusal turns an error that a second attempt would meet again into a
// verdict; nil: it is worth another attempt.
func refusal(err error) *verdict {
	refused := func(p catalog.UploadProblem) *verdict {
		return &verdict{state: catalog.StateRefused, problems: []catalog.UploadProblem{p}}
	}
	var file *format.Refusal
	var plan *privacy.Problems
	switch {
	case errors.As(err, &file):
		return refused(catalog.UploadProblem{Row: file.Row, Line: file.Line, Code: file.Code, Detail: file.Error()})
	case errors.As(err, &plan):
		return stopped(plan.List)
	case errors.Is(err, datasets.ErrNoRows):
		return refused(catalog.UploadProblem{Code: "no-rows", Detail: datasets.ErrNoRows.Error()})
	case errors.Is(err, store.ErrDamaged):
		return refused(catalog.UploadProblem{Code: "damaged", Detail: "what the portal kept of the file is damaged: send it again"})
	case errors.Is(err, errMetadata):
		return refused(catalog.UploadProblem{Code: "metadata", Detail: "what is said of the dataset is not complete: complete it and send the file again"})
	case errors.Is(err, privacy.ErrRefused):
		return refused(catalog.UploadProblem{Code: "refused", Detail: "privacy refuses this table"})
	case errors.Is(err, privacy.ErrUndecided):
		return &verdict{state: catalog.StateWaiting, problems: []catalog.UploadProblem{{Code: "undecided", Detail: "a person must decide over this table in a plan"}}}
	}
	return nil
}

// Refused says whether an error is a refusal by format, plan or gate, as the
// command line tells apart from a failure.
func Refused(err error) bool { return refusal(err) != nil }

var errMetadata = errors.New("what is said of the dataset is not complete")
