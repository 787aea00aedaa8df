package ingest

import (
	"context"
	"fmt"

	"daylight/catalog"
	"daylight/store"
)

// An original is kept for a time after its file was published or refused. Then
// its key is destroyed, and with it every copy of the original, also in
// backups made since (older ones hold the key as well: docs/operators.md). What
// was published stays, and so do the hashes that tell a file that comes again.

// retire destroys the keys whose time has come, at most 1,000 at once.
func (in *Inbox) retire(ctx context.Context) error {
	if in.keep <= 0 {
		return nil
	}
	now := in.now()
	ids, err := in.ids(ctx, `SELECT id FROM uploads WHERE hmac <> '' AND length(wrapped_key) > 0 AND state IN ($1, $2) AND updated_at < $3
		AND NOT EXISTS (SELECT 1 FROM jobs WHERE subject = uploads.id AND state IN ('ready', 'leased', 'dead')) ORDER BY updated_at LIMIT 1000`,
		catalog.StatePublished, catalog.StateRefused, now.Add(-in.keep))
	if err != nil {
		return fmt.Errorf("retire originals: %w", err)
	}
	for _, id := range ids {
		err := in.db.InTx(ctx, func(tx *store.Tx) error {
			// The database overwrites what it deletes: secure_delete is on.
			if _, err := tx.Exec(ctx, `UPDATE uploads SET wrapped_key = x'', sha256 = NULL WHERE id = $1`, id); err != nil {
				return err
			}
			return in.audit(ctx, tx, "system", "original.destroy", id, map[string]any{"kept": in.keep.String()})
		})
		if err != nil {
			return fmt.Errorf("retire original of %s: %w", id, err)
		}
		store.Fail("retire.key")
		if err := in.private.Blobs().Delete(ctx, "originals/"+id); err != nil {
			return fmt.Errorf("retire original of %s: %w", id, err)
		}
	}
	if len(ids) > 0 {
		in.log.Info("originals whose time has come were destroyed", "originals", len(ids))
	}
	return nil
}

// buried removes what a crash between key and bytes has left: bytes that nobody
// can open.
func (in *Inbox) buried(ctx context.Context) error {
	ids, err := in.ids(ctx, `SELECT id FROM uploads WHERE length(wrapped_key) = 0`)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if err := in.private.Blobs().Delete(ctx, "originals/"+id); err != nil {
			return err
		}
	}
	return nil
}

func (in *Inbox) ids(ctx context.Context, query string, args ...any) ([]string, error) {
	rows, err := in.db.Query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		out = append(out, id)
	}
	return out, rows.Err()
}
