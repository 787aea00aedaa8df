package ingest

import (
	"context"
	"fmt"

	"daylight/catalog"
	"daylight/store"
)

// SetNote says what is new in the release that an upload is to become, and lets
// a file go on that waits for it. catalog.ErrMetadata for a note that cannot be
// public, catalog.ErrState for a file that is settled or worked on.
func (in *Inbox) SetNote(ctx context.Context, by, id string, note catalog.Text) error {
	if problems := catalog.CheckNote(note); catalog.Refused(problems) {
		return fmt.Errorf("set note: %w", &catalog.ErrMetadata{Problems: problems})
	}
	err := in.db.InTx(ctx, func(tx *store.Tx) error {
		u, err := scanUpload(tx.QueryRow(ctx, `SELECT `+uploadColumns+` FROM uploads WHERE id = $1`, id))
		if err != nil {
			return err
		}
		if u.State != catalog.StateWaiting {
			return catalog.ErrState
		}
		waited := u.request.Unsaid
		u.request.Note, u.request.Unsaid = note, false
		if err := putRequest(ctx, tx, u); err != nil {
			return err
		}
		if err := in.audit(ctx, tx, by, "upload.note", id, map[string]any{"dataset": u.Dataset}); err != nil || !waited {
			return err
		}
		return in.again(ctx, tx, id)
	})
	if err != nil {
		return fmt.Errorf("set note of %s: %w", id, err)
	}
	nudge(in.wake)
	in.watches.tell(id)
	return nil
}
