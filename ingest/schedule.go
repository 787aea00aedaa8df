package ingest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"daylight/catalog"
	"daylight/store"
)

// A file may be sent under an embargo: it is read, cleared and approved as any
// other, and becomes public at its time and not before. Whatever is worked on
// can be taken back as long as its publication has not begun.

// errCancelled ends a job whose upload was taken back.
var errCancelled = errors.New("the upload was cancelled")

// cancelled is what is said of it.
var cancelled = catalog.UploadProblem{Code: "cancelled", Detail: "the file was taken back before anything of it was public"}

// Schedule moves the time before which an upload does not become public; zero:
// at once. catalog.ErrState for one that is worked on or settled.
func (in *Inbox) Schedule(ctx context.Context, by, id string, at time.Time) error {
	err := in.db.InTx(ctx, func(tx *store.Tx) error {
		u, err := uploadIn(ctx, tx, id)
		if err != nil {
			return err
		}
		switch u.State {
		case catalog.StateReceiving, catalog.StateReceived, catalog.StateWaiting, catalog.StateScheduled:
		default:
			return catalog.ErrState
		}
		// A job that has begun has read the time before, and would not see this one.
		var held int
		if err := tx.QueryRow(ctx, `SELECT count(*) FROM jobs WHERE subject = $1 AND state = 'leased'`, id).Scan(&held); err != nil {
			return err
		}
		if held > 0 {
			return catalog.ErrState
		}
		u.request.NotBefore = at.UTC()
		if err := putRequest(ctx, tx, u); err != nil {
			return err
		}
		if u.State == catalog.StateScheduled {
			if _, err := tx.Exec(ctx, `UPDATE jobs SET run_after = $3 WHERE kind = $1 AND subject = $2 AND state = 'ready'`, jobProcess, id, later(at, in.now())); err != nil {
				return err
			}
		}
		return in.audit(ctx, tx, by, "upload.schedule", id, map[string]any{"dataset": u.Dataset, "not_before": at.UTC()})
	})
	if err != nil {
		return fmt.Errorf("schedule %s: %w", id, err)
	}
	nudge(in.wake)
	in.watches.tell(id)
	return nil
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func uploadIn(ctx context.Context, tx *store.Tx, id string) (*upload, error) {
	u, err := scanUpload(tx.QueryRow(ctx, `SELECT `+uploadColumns+` FROM uploads WHERE id = $1`, id))
	if errors.Is(err, store.ErrNoRows) {
		return nil, catalog.ErrNotFound
	}
	return u, err
}

// Cancel takes an upload back: the work over it ends, its reader is killed, and
// nothing of it becomes public. catalog.ErrState once its publication has begun,
// or when it is settled.
func (in *Inbox) Cancel(ctx context.Context, by, id string) error {
	now := in.now()
	err := in.db.InTx(ctx, func(tx *store.Tx) error {
		u, err := uploadIn(ctx, tx, id)
		if err != nil {
			return err
		}
		switch u.State {
		case catalog.StateReceived, catalog.StateWorking, catalog.StateWaiting, catalog.StateScheduled:
		default:
			return catalog.ErrState
		}
		var open int
		if err := tx.QueryRow(ctx, `SELECT count(*) FROM intents WHERE upload_id = $1 AND state = 'open'`, id).Scan(&open); err != nil {
			return err
		}
		if open > 0 {
			return catalog.ErrState
		}
		u.State, u.Problems = catalog.StateRefused, []catalog.UploadProblem{cancelled}
		if err := settle(ctx, tx, u, now); err != nil {
			return err
		}
		return in.audit(ctx, tx, by, "upload.cancel", id, map[string]any{"dataset": u.Dataset})
	})
	if err != nil {
		return fmt.Errorf("cancel %s: %w", id, err)
	}
	in.mu.Lock()
	stop := in.running[id]
	in.mu.Unlock()
	if stop != nil {
		stop(errCancelled)
	}
	in.previews.drop(id)
	in.watches.tell(id)
	return nil
}

// notCancelled is asked in the transaction that opens the intent: from there on
// the upload can no longer be taken back.
func notCancelled(ctx context.Context, tx *store.Tx, id string) error {
	var state string
	if err := tx.QueryRow(ctx, `SELECT state FROM uploads WHERE id = $1`, id).Scan(&state); err != nil {
		return err
	}
	if state == catalog.StateRefused {
		return errCancelled
	}
	return nil
}

// due brings an upload whose time has come back to work; false: it has not, and
// its job waits on.
func (in *Inbox) due(ctx context.Context, job store.Job, u *upload) (bool, error) {
	now := in.now()
	at := u.request.NotBefore
	err := in.db.InTx(ctx, func(tx *store.Tx) error {
		if at.After(now) { // the clock was set back
			if err := in.db.Finish(ctx, tx, job); err != nil {
				return err
			}
			return store.Enqueue(ctx, tx, jobProcess, u.ID, at)
		}
		_, err := tx.Exec(ctx, `UPDATE uploads SET state = $2, updated_at = $3 WHERE id = $1 AND state = $4`, u.ID, catalog.StateReceived, now, catalog.StateScheduled)
		return err
	})
	return !at.After(now), err
}
