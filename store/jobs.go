package store

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Job is a leased row of work. Jobs run at least once: whoever claims one may
// find that an earlier holder did part of it, or all of it and died before
// Finish, so work is idempotent.
type Job struct {
	ID       int64
	Kind     string
	Subject  string // what it is about, as an upload's id
	Attempts int    // this one included

	owner string
	fence int64 // of this lease; a later lease of the same job has a higher one
}

// Enqueue adds a job in the caller's transaction. One of the same kind and
// subject that waits or runs is left as it is; one that is done or dead is made
// ready anew, with no attempts.
func Enqueue(ctx context.Context, tx *Tx, kind, subject string, now time.Time) error {
	_, err := tx.Exec(ctx, `
		INSERT INTO jobs (kind, subject, state, attempts, fence, run_after, lease_owner, lease_until, created_at)
		VALUES ($1, $2, 'ready', 0, 0, $3, '', '', $3)
		ON CONFLICT (kind, subject) DO UPDATE SET state = 'ready', attempts = 0, run_after = excluded.run_after
		WHERE jobs.state IN ('done', 'dead')`, kind, subject, now)
	if err != nil {
		return fmt.Errorf("enqueue %s: %w", kind, err)
	}
	return nil
}

// A Lane is the jobs of one kind, or all others; zero: all jobs.
type Lane struct {
	Kind   string
	Others bool
}

// Claim leases the job of a lane that has been ready longest, or one whose lease
// has run out, to owner until now+lease. False: there is nothing to do. No two
// callers hold one job at a time.
func (db *PrivateDB) Claim(ctx context.Context, lane Lane, owner string, now time.Time, lease time.Duration) (Job, bool, error) {
	j := Job{owner: owner}
	err := db.InTx(ctx, func(tx *Tx) error {
		return tx.QueryRow(ctx, `
			UPDATE jobs SET state = 'leased', attempts = attempts + 1, fence = fence + 1, lease_owner = $1, lease_until = $2
			WHERE id = (
				SELECT id FROM jobs
				WHERE ((state = 'ready' AND run_after <= $3) OR (state = 'leased' AND lease_until <= $3))
					AND ($4 = '' OR (kind = $4) <> $5)
				ORDER BY run_after, id LIMIT 1)
			RETURNING id, kind, subject, attempts, fence`, owner, now.Add(lease), now, lane.Kind, lane.Others).
			Scan(&j.ID, &j.Kind, &j.Subject, &j.Attempts, &j.fence)
	})
	if errors.Is(err, ErrNoRows) {
		return Job{}, false, nil
	}
	if err != nil {
		return Job{}, false, fmt.Errorf("claim job: %w", err)
	}
	Fail("job.claimed")
	return j, true, nil
}

// Extend keeps the lease until then. ErrLeaseLost, here and in Finish, Retry
// and Bury: it ran out and another holder has claimed the job since; stop.
func (db *PrivateDB) Extend(ctx context.Context, j Job, until time.Time) error {
	return db.InTx(ctx, func(tx *Tx) error {
		return change(ctx, tx, j, "extend", `UPDATE jobs SET lease_until = $4
			WHERE id = $1 AND lease_owner = $2 AND fence = $3 AND state = 'leased'`, until)
	})
}

// Finish marks the job done in the caller's transaction, together with what the
// job did there.
func (db *PrivateDB) Finish(ctx context.Context, tx *Tx, j Job) error {
	return change(ctx, tx, j, "finish", `UPDATE jobs SET state = 'done', lease_owner = '', lease_until = ''
		WHERE id = $1 AND lease_owner = $2 AND fence = $3 AND state = 'leased'`)
}

// Retry gives the job back, to be claimed again from after on.
func (db *PrivateDB) Retry(ctx context.Context, j Job, after time.Time) error {
	return db.InTx(ctx, func(tx *Tx) error {
		return change(ctx, tx, j, "retry", `UPDATE jobs SET state = 'ready', run_after = $4, lease_owner = '', lease_until = ''
			WHERE id = $1 AND lease_owner = $2 AND fence = $3 AND state = 'leased'`, after)
	})
}

// Because notes why an attempt failed: a code, which holds no value.
func (db *PrivateDB) Because(ctx context.Context, j Job, reason string) error {
	return db.InTx(ctx, func(tx *Tx) error {
		return change(ctx, tx, j, "note", `UPDATE jobs SET reason = $4 WHERE id = $1 AND lease_owner = $2 AND fence = $3 AND state = 'leased'`, reason)
	})
}

// Bury gives the job up. It stays as dead until it is enqueued again.
func (db *PrivateDB) Bury(ctx context.Context, j Job) error {
	return db.InTx(ctx, func(tx *Tx) error {
		return change(ctx, tx, j, "bury", `UPDATE jobs SET state = 'dead', lease_owner = '', lease_until = ''
			WHERE id = $1 AND lease_owner = $2 AND fence = $3 AND state = 'leased'`)
	})
}

func change(ctx context.Context, tx *Tx, j Job, verb, query string, args ...any) error {
	res, err := tx.Exec(ctx, query, append([]any{j.ID, j.owner, j.fence}, args...)...)
	var n int64
	if err == nil {
		n, err = res.RowsAffected()
	}
	if err == nil && n == 0 {
		err = ErrLeaseLost
	}
	if err != nil {
		return fmt.Errorf("%s job %d: %w", verb, j.ID, err)
	}
	return nil
}
