package ingest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"

	"daylight/ingest/internal/raw"
	"daylight/store"
)

// original is the agency's file as it was sent: opening it gives an unlinked
// plaintext copy.
func (in *Inbox) original(ctx context.Context, u *upload) raw.File {
	return raw.New(u.fileName, func() (*os.File, error) {
		f, err := in.private.Spool()
		if err != nil {
			return nil, err
		}
		if err := unsealTo(ctx, in.private, u, f); err != nil {
			f.Close()
			return nil, err
		}
		return f, nil
	})
}

// unsealTo copies the original out and checks its length. The seal itself
// tells of any other change.
func unsealTo(ctx context.Context, p store.Private, u *upload, w io.Writer) error {
	r, err := p.Unseal(ctx, u.ID, u.wrapped)
	if errors.Is(err, store.ErrNotExist) {
		return fmt.Errorf("%w: %w", store.ErrDamaged, err)
	}
	if err != nil {
		return err
	}
	defer r.Close()
	n, err := io.Copy(w, &cancellable{ctx, r})
	if err != nil {
		return bare(err)
	}
	if n != u.Bytes {
		return fmt.Errorf("%w: another length than was received", store.ErrDamaged)
	}
	return nil
}

type cancellable struct {
	ctx context.Context // of the one copy this is made for
	r   io.Reader
}

func (c *cancellable) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}

// keepReport stores what was found, before anything is published of it.
func (in *Inbox) keepReport(ctx context.Context, u *upload, c *Checked) error {
	b, err := json.Marshal(c.Report)
	if err != nil {
		return err
	}
	u.Report = b
	return in.db.InTx(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE uploads SET report = $2, updated_at = $3 WHERE id = $1`, u.ID, string(b), in.now())
		if err != nil {
			return err
		}
		if err := keepBreaches(ctx, tx, u.ID, c.broken); err != nil {
			return err
		}
		return keepMisfits(ctx, tx, u.ID, c)
	})
}

// An Original is what fsck learns of one kept file: invariant I1.
type Original struct {
	Upload string
	Fault  string // "": it is there; in words of ours
}

// Originals goes through every acknowledged upload and says whether its
// original can be read; with read every byte is, else the file must be there.
func Originals(ctx context.Context, db *store.PrivateDB, p store.Private, read bool) iter.Seq2[Original, error] {
	return func(yield func(Original, error) bool) {
		rows, err := db.Query(ctx, `SELECT `+uploadColumns+` FROM uploads WHERE hmac <> '' AND length(wrapped_key) > 0 ORDER BY created_at, id`)
		if err != nil {
			yield(Original{}, fmt.Errorf("list originals: %w", err))
			return
		}
		defer rows.Close()
		for rows.Next() {
			u, err := scanUpload(rows)
			if err != nil {
				yield(Original{}, fmt.Errorf("list originals: %w", err))
				return
			}
			o := Original{Upload: u.ID}
			if err := look(ctx, p, u, read); err != nil {
				if ctx.Err() != nil {
					yield(Original{}, ctx.Err())
					return
				}
				o.Fault = faultOf(err)
			}
			if !yield(o, nil) {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(Original{}, fmt.Errorf("list originals: %w", err))
		}
	}
}

// Kept names the sealed original of every acknowledged upload: what a backup
// must hold. Their length stands in no row.
func Kept(ctx context.Context, db *store.PrivateDB) iter.Seq2[store.Named, error] {
	return func(yield func(store.Named, error) bool) {
		rows, err := db.Query(ctx, `SELECT id FROM uploads WHERE hmac <> '' AND length(wrapped_key) > 0 ORDER BY created_at, id`)
		if err != nil {
			yield(store.Named{}, fmt.Errorf("list originals: %w", err))
			return
		}
		defer rows.Close()
		for rows.Next() {
			var id string
			err := rows.Scan(&id)
			if !yield(store.Named{Key: "originals/" + id, Bytes: -1}, err) || err != nil {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(store.Named{}, fmt.Errorf("list originals: %w", err))
		}
	}
}

func look(ctx context.Context, p store.Private, u *upload, read bool) error {
	if read {
		return unsealTo(ctx, p, u, io.Discard)
	}
	_, err := p.Blobs().Size(ctx, "originals/"+u.ID)
	return err
}

func faultOf(err error) string {
	switch {
	case errors.Is(err, store.ErrNotExist):
		return "the original is gone"
	case errors.Is(err, store.ErrKey):
		return "the original's key does not open under this master key"
	case errors.Is(err, store.ErrDamaged):
		return "the original is damaged"
	}
	return "the original cannot be read"
}
