package ingest

import (
	"context"
	"errors"
	"time"

	"daylight/catalog"
	"daylight/store"
)

const (
	unsentAfter = 7 * 24 * time.Hour // without a byte, an upload is given up
	tidyEvery   = time.Hour
)

// Why an upload was given up before it was whole.
var (
	expiredUpload    = catalog.UploadProblem{Code: "expired", Detail: "the file was announced and did not arrive in full: send it again"}
	terminatedUpload = catalog.UploadProblem{Code: "terminated", Detail: "the file was taken back before it had arrived in full"}
)

func (in *Inbox) expired(u *upload) bool { return in.now().Sub(u.Updated) > unsentAfter }

// tidy gives up now and then, while the portal runs, what Recover gives up at
// its start.
func (in *Inbox) tidy(ctx context.Context) error {
	now := in.now()
	in.mu.Lock()
	due := now.Sub(in.tidied) >= tidyEvery
	if due {
		in.tidied = now
	}
	in.mu.Unlock()
	if !due {
		return nil
	}
	return errors.Join(in.expire(ctx), in.retire(ctx))
}

// expire gives up uploads of which nothing has come for long. None of them was
// acknowledged.
func (in *Inbox) expire(ctx context.Context) error {
	rows, err := in.db.Query(ctx, `SELECT id FROM uploads WHERE state = $1 AND updated_at < $2`, catalog.StateReceiving, in.now().Add(-unsentAfter))
	if err != nil {
		return err
	}
	defer rows.Close()
	var old []string
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return err
		}
		old = append(old, id)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	for _, id := range old {
		if err := in.expireOne(ctx, id); err != nil {
			return err
		}
	}
	return nil
}

func (in *Inbox) expireOne(ctx context.Context, id string) error {
	if !in.take(id, func() {}) {
		return nil // it moves
	}
	defer in.release(id)
	u, err := in.upload(ctx, id)
	if err != nil || u.State != catalog.StateReceiving || !in.expired(u) {
		return err
	}
	return in.giveBack(ctx, u, "system", expiredUpload)
}

// giveBack refuses an upload that is not whole and deletes what came of it. Its
// Idempotency-Key is free again, so that the same file can be sent anew.
func (in *Inbox) giveBack(ctx context.Context, u *upload, by string, why catalog.UploadProblem) error {
	u.State, u.Problems = catalog.StateRefused, []catalog.UploadProblem{why}
	err := in.db.InTx(ctx, func(tx *store.Tx) error {
		if err := settle(ctx, tx, u, in.now()); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE uploads SET idempotency = NULL WHERE id = $1`, u.ID); err != nil {
			return err
		}
		return in.audit(ctx, tx, by, "upload."+why.Code, u.ID, map[string]any{"dataset": u.Dataset})
	})
	if err != nil {
		return err
	}
	in.watches.tell(u.ID)
	if err := in.private.RemoveParts(u.ID); err != nil {
		return err
	}
	return in.private.Blobs().Delete(ctx, "originals/"+u.ID)
}

// sweepParts removes what came of uploads that are whole by now, or given up.
func (in *Inbox) sweepParts(ctx context.Context) error {
	ids, err := in.private.Parted()
	if err != nil {
		return err
	}
	for _, id := range ids {
		var open int
		if err := in.db.QueryRow(ctx, `SELECT count(*) FROM uploads WHERE id = $1 AND state = $2`, id, catalog.StateReceiving).Scan(&open); err != nil {
			return err
		}
		if open > 0 {
			continue
		}
		if err := in.private.RemoveParts(id); err != nil {
			return err
		}
	}
	return nil
}
