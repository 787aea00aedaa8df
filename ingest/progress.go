package ingest

import (
	"context"
	"encoding/json"
	"time"

	"daylight/catalog"
	"daylight/store"
)

// A tracker writes what a Meter shows into the upload's row: at once, then now
// and then while anything moves. The work itself never waits for a row, which
// costs a sync.
type tracker struct {
	*Meter
	in    *Inbox
	id    string
	state string // while the work goes on
	from  string // the state before

	stop func() // ends the writing and waits for it; twice is harmless
}

const (
	progressEvery = 500 * time.Millisecond
	progressStill = 10 * time.Second // also when nothing has moved: the worker lives
)

// track begins to write. Call stop before the row gets another state.
func (in *Inbox) track(ctx context.Context, id string, from, state string, m *Meter) *tracker {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	t := &tracker{Meter: m, in: in, id: id, from: from, state: state, stop: func() { cancel(); <-done }}
	if from != state {
		t.write(ctx, m.Progress())
	}
	go func() {
		defer close(done)
		t.follow(ctx)
	}()
	return t
}

func (t *tracker) follow(ctx context.Context) {
	tick := time.NewTicker(progressEvery)
	defer tick.Stop()
	var last catalog.Progress
	var when time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			p := t.Progress()
			if p == nil || now.Sub(when) < progressStill && !moved(last, *p) {
				continue
			}
			last, when = *p, now
			t.write(ctx, p)
		}
	}
}

func moved(a, b catalog.Progress) bool {
	return a.Stage != b.Stage || a.DoneBytes != b.DoneBytes || a.Rows != b.Rows
}

// write sets the row. One that fails is no error of the work: the next one, or
// the end, sets it right.
func (t *tracker) write(ctx context.Context, p *catalog.Progress) {
	text, stage, bytes, rows := "", "", int64(0), int64(0)
	if p != nil {
		b, err := json.Marshal(p)
		if err != nil {
			return
		}
		text, stage, bytes, rows = string(b), p.Stage, p.DoneBytes, p.Rows
	}
	err := t.in.db.InTx(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE uploads SET state = $2, stage = $3, done_bytes = $4, done_rows = $5, progress = $6, updated_at = $7
		WHERE id = $1 AND state IN ($8, $2)`,
			t.id, t.state, stage, bytes, rows, text, t.in.now(), t.from)
		return err
	})
	if err == nil {
		t.in.watches.tell(t.id)
	}
}
