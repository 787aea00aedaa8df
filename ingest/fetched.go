package ingest

import (
	"context"
	"errors"
	"fmt"

	"daylight/catalog"
	"daylight/ingest/fetch"
	"daylight/store"
)

// jobFetch gets the bytes of an upload from the address that its sender named.
const jobFetch = "fetch"

// fetched is that job. It is done when the bytes are durable and the upload is
// as if its sender had sent them.
func (in *Inbox) fetched(ctx context.Context, job store.Job) error {
	u, err := in.upload(ctx, job.Subject)
	if errors.Is(err, catalog.ErrNotFound) {
		return in.db.Bury(ctx, job)
	}
	if err != nil {
		return err
	}
	if u.State == catalog.StateReceiving {
		err := in.receiveFrom(ctx, u)
		if v := unfetched(err); v != nil {
			return in.finish(ctx, job, u, *v)
		}
		if err != nil {
			return err
		}
	}
	return in.db.InTx(ctx, func(tx *store.Tx) error { return in.db.Finish(ctx, tx, job) })
}

func (in *Inbox) receiveFrom(ctx context.Context, u *upload) error {
	f, err := in.fetch.Get(ctx, u.request.From)
	if err != nil {
		return err
	}
	defer f.Close()
	if f.Bytes > in.limits.File {
		return catalog.ErrTooLarge
	}
	if name := label(f.Name); u.fileName == "" && name != "" {
		err := in.db.InTx(ctx, func(tx *store.Tx) error {
			_, err := tx.Exec(ctx, `UPDATE uploads SET file_name = $2 WHERE id = $1`, u.ID, name)
			return err
		})
		if err != nil {
			return err
		}
	}
	_, err = in.Append(ctx, u.ID, 0, f)
	return err
}

// unfetchedYet: the line, or the server at the address.
func unfetchedYet(err error) bool {
	var e *fetch.Error
	return errors.As(err, &e)
}

// unfetched is the verdict over what another try would meet again; nil: it may
// succeed, or it has.
func unfetched(err error) *verdict {
	var e *fetch.Error
	p := catalog.UploadProblem{}
	switch {
	case errors.Is(err, catalog.ErrTooLarge):
		p.Code, p.Detail = "too-large", "the file at this address is larger than the portal takes"
	case !errors.As(err, &e) || e.Later:
		return nil
	case e.Code == fetch.Forbidden:
		p.Code, p.Detail = e.Code, "the address leads to no public place: the file is fetched from the open internet only; send it instead"
	case e.Status > 0:
		p.Code, p.Detail = e.Code, fmt.Sprintf("the server at this address does not give the file: it answers %d; look whether the address is right and needs no password", e.Status)
	default:
		p.Code, p.Detail = e.Code, "the file cannot be fetched from this address: look whether it is right, or send the file instead"
	}
	return &verdict{state: catalog.StateRefused, problems: []catalog.UploadProblem{p}}
}
