package ingest

import (
	"context"
	"sync"
	"time"

	"daylight/catalog"
	"daylight/store"
)

// Stages of the work, as an agency is told them; after these come those of
// datasets.Shelf: writing, checking, publishing.
const (
	stageRead    = "reading"
	stageExamine = "examining"
	stageClear   = "clearing"
)

// tracker writes how far a job has come into its upload's row, now and then: a
// row costs a sync.
type tracker struct {
	in *Inbox
	id string

	mu    sync.Mutex
	stage string    // last written; guarded by mu
	when  time.Time // of that; guarded by mu
}

const progressEvery = 500 * time.Millisecond

// at tells a stage, and bytes and rows done. A write that fails is not an error
// of the job: the next one, or the end, sets it right.
func (t *tracker) at(ctx context.Context, stage string, bytes, rows int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now() // how often, not when: the clock of the data is another
	if stage == t.stage && now.Sub(t.when) < progressEvery {
		return
	}
	t.stage, t.when = stage, now
	t.in.setProgress(ctx, t.id, stage, bytes, rows)
}

func (in *Inbox) setProgress(ctx context.Context, id, stage string, bytes, rows int64) {
	err := in.db.InTx(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE uploads SET state = $2, stage = $3, done_bytes = CASE WHEN $4 < bytes THEN $4 ELSE bytes END, done_rows = $5, updated_at = $6
		WHERE id = $1 AND state IN ($7, $2)`,
			id, catalog.StateWorking, stage, bytes, rows, in.now(), catalog.StateReceived)
		return err
	})
	if err == nil {
		in.watches.tell(id)
	}
}
