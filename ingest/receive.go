package ingest

import (
	"bytes"
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"time"

	"daylight/catalog"
	"daylight/store"
)

// Append takes the rest of a file, from offset to its end, and answers when it
// is durable and a job waits for it. Sent again after that, the same whole file
// is answered with what became of it, another is catalog.ErrIdempotency.
func (in *Inbox) Append(ctx context.Context, id string, offset int64, r io.Reader) (catalog.Upload, error) {
	return in.Receive(ctx, id, catalog.Part{Offset: offset, Last: true}, r)
}

// Receive takes bytes of a file and answers when they are durable; with the
// last of them a job waits for the file. Bytes at any other place than where
// those before ended are catalog.ErrOffset; while somebody else sends bytes of
// the upload it is catalog.ErrBusy; after it was given up catalog.ErrGone.
// Where r breaks, what came before stays, and the next part goes on after it;
// but not of a whole file in one part, nor of a part with a checksum, of which
// all stays or nothing. An r that has a method Interrupt has it called when the
// bytes are no longer waited for.
func (in *Inbox) Receive(ctx context.Context, id string, p catalog.Part, r io.Reader) (catalog.Upload, error) {
	u, err := in.receive(ctx, id, p, r)
	if err != nil {
		return catalog.Upload{}, fmt.Errorf("receive upload %s: %w", id, told(err))
	}
	return u, nil
}

func (in *Inbox) receive(ctx context.Context, id string, p catalog.Part, r io.Reader) (catalog.Upload, error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	if !in.take(id, func() {
		stop()
		if i, ok := r.(interface{ Interrupt() }); ok {
			i.Interrupt()
		}
	}) {
		return catalog.Upload{}, catalog.ErrBusy
	}
	defer in.release(id)
	u, err := in.upload(ctx, id)
	if err != nil {
		return catalog.Upload{}, err
	}
	if u.State != catalog.StateReceiving {
		return in.received(ctx, u, p, r)
	}
	if in.expired(u) {
		return catalog.Upload{}, errors.Join(catalog.ErrGone, in.giveBack(ctx, u, "system", expiredUpload))
	}
	t := in.track(ctx, id, catalog.StateReceiving, catalog.StateReceiving, newMeter(portalStages, &in.pace, time.Now))
	defer t.stop()
	t.begin(catalog.StageReceive, u.TotalBytes, 0)
	t.add(p.Offset, 0)
	body := &metered{withSum(r, p), t.Meter}
	if p.Last && p.Offset == 0 {
		return in.receiveWhole(ctx, u, body, t.stop)
	}
	return in.receivePart(ctx, u, p, body, t.stop)
}

// most is how many bytes a file may have.
func (in *Inbox) most(u *upload) int64 {
	if u.TotalBytes >= 0 {
		return min(in.limits.File, u.TotalBytes)
	}
	return in.limits.File
}

// receiveWhole takes a file at once: each byte is written once. What came of it
// in parts before is forgotten.
func (in *Inbox) receiveWhole(ctx context.Context, u *upload, r io.Reader, still func()) (catalog.Upload, error) {
	if err := in.private.RemoveParts(u.ID); err != nil {
		return catalog.Upload{}, err
	}
	sealed, err := in.private.Seal(ctx, u.ID, u.wrapped, r, in.most(u))
	still()
	if err != nil {
		return catalog.Upload{}, err
	}
	if u.TotalBytes >= 0 && sealed.Bytes != u.TotalBytes {
		return catalog.Upload{}, fmt.Errorf("shorter than announced: %w", catalog.ErrState)
	}
	return in.complete(ctx, u, sealed)
}

func (in *Inbox) receivePart(ctx context.Context, u *upload, p catalog.Part, r io.Reader, still func()) (catalog.Upload, error) {
	parts, err := in.private.OpenParts(ctx, u.ID, u.wrapped)
	if err != nil {
		return catalog.Upload{}, err
	}
	defer parts.Close()
	if parts.Offset() != p.Offset {
		return catalog.Upload{}, catalog.ErrOffset
	}
	failed := parts.Append(ctx, r, in.most(u), p.Sum != nil)
	still()
	// Who cut the line off does not end this: the row says when it last moved.
	if err := in.moved(context.WithoutCancel(ctx), u.ID, parts.Offset()); err != nil || failed != nil {
		return catalog.Upload{}, errors.Join(failed, err)
	}
	if p.Last && u.TotalBytes < 0 {
		// Durable before the last chunk is sealed, which is done once.
		if err := in.announce(ctx, u, parts.Offset()); err != nil {
			return catalog.Upload{}, err
		}
	}
	switch {
	case parts.Offset() == u.TotalBytes:
		return in.join(ctx, u, parts)
	case p.Last:
		return catalog.Upload{}, fmt.Errorf("shorter than announced: %w", catalog.ErrState)
	}
	return in.State(ctx, u.ID)
}

// join makes the original of all its parts.
func (in *Inbox) join(ctx context.Context, u *upload, parts *store.Parts) (catalog.Upload, error) {
	sealed, err := parts.Finish(ctx)
	if err != nil {
		return catalog.Upload{}, err
	}
	now, err := in.complete(ctx, u, sealed)
	if err != nil {
		return catalog.Upload{}, err
	}
	store.Fail("parts.row")
	if err := in.private.RemoveParts(u.ID); err != nil {
		in.log.Warn("parts of a whole upload stay until the next start", "upload", u.ID, "error", err)
	}
	return now, nil
}

// complete acknowledges a durable original: upload, audit and job are one
// transaction.
func (in *Inbox) complete(ctx context.Context, u *upload, sealed store.Sealed) (catalog.Upload, error) {
	basis, err := in.basis(ctx, u)
	if err != nil {
		return catalog.Upload{}, err
	}
	sum, err := in.private.SealNote(u.ID, u.wrapped, []byte(sealed.SHA256))
	if err != nil {
		return catalog.Upload{}, err
	}
	now := in.now()
	err = in.db.InTx(ctx, func(tx *store.Tx) error {
		u.State, u.Bytes, u.hmac, u.TotalBytes = catalog.StateReceived, sealed.Bytes, sealed.HMAC, sealed.Bytes
		if _, err := tx.Exec(ctx, `UPDATE uploads SET state = $2, stage = '', progress = '', bytes = $3, total_bytes = $3, hmac = $4, sha256 = $5, updated_at = $6 WHERE id = $1`,
			u.ID, u.State, u.Bytes, u.hmac, sum, now); err != nil {
			return err
		}
		if err := in.audit(ctx, tx, u.by, "upload.receive", u.ID, map[string]any{"dataset": u.Dataset, "bytes": u.Bytes, "hmac": u.hmac}); err != nil {
			return err
		}
		n, err := standing(ctx, tx, u.Dataset, u.hmac, basis)
		if err != nil {
			return err
		}
		if n > 0 {
			return in.identical(ctx, tx, u, n, basis, now)
		}
		return store.Enqueue(ctx, tx, jobProcess, u.ID, now)
	})
	if err != nil {
		return catalog.Upload{}, err
	}
	store.Fail("receive.row")
	nudge(in.wake)
	in.watches.tell(u.ID)
	return in.State(ctx, u.ID)
}

// received answers bytes of an upload that has all of them, or is given up.
func (in *Inbox) received(ctx context.Context, u *upload, p catalog.Part, r io.Reader) (catalog.Upload, error) {
	switch {
	case u.hmac == "":
		return catalog.Upload{}, catalog.ErrGone
	case p.Last && p.Offset == 0:
		return in.sameAgain(ctx, u, withSum(r, p))
	case p.Offset != u.Bytes:
		return catalog.Upload{}, catalog.ErrOffset
	}
	n, err := readFull(r, make([]byte, 1))
	if err == nil && n > 0 {
		err = catalog.ErrTooLarge
	}
	return u.Upload, err
}

// moved keeps how far an upload has come, and when: it expires by that.
func (in *Inbox) moved(ctx context.Context, id string, offset int64) error {
	return in.db.InTx(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE uploads SET stage = '', progress = '', done_bytes = $2, updated_at = $3 WHERE id = $1 AND state = $4`,
			id, offset, in.now(), catalog.StateReceiving)
		return err
	})
}

// Announce tells the length of a file that was begun without one. Another
// length than was told before is catalog.ErrState.
func (in *Inbox) Announce(ctx context.Context, id string, total int64) error {
	u, err := in.upload(ctx, id)
	if err == nil {
		err = in.announce(ctx, u, total)
	}
	if err != nil {
		return fmt.Errorf("announce length of upload %s: %w", id, err)
	}
	return nil
}

func (in *Inbox) announce(ctx context.Context, u *upload, total int64) error {
	switch {
	case u.TotalBytes == total:
		return nil
	case u.TotalBytes >= 0 || total < 0:
		return catalog.ErrState
	case total > in.limits.File:
		return catalog.ErrTooLarge
	}
	u.TotalBytes = total
	return in.db.InTx(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE uploads SET total_bytes = $2, updated_at = $3 WHERE id = $1 AND total_bytes < 0 AND state = $4`,
			u.ID, total, in.now(), catalog.StateReceiving)
		return err
	})
}

// Received says how far an upload has come. Who asks means to go on with it:
// bytes that are still coming are cut off, since their line is dead more often
// than not. A file that is all there, and was not acknowledged, is.
func (in *Inbox) Received(ctx context.Context, id string) (catalog.Receipt, error) {
	out, err := in.receipt(ctx, id)
	if err != nil {
		return catalog.Receipt{}, fmt.Errorf("received of upload %s: %w", id, told(err))
	}
	return out, nil
}

func (in *Inbox) receipt(ctx context.Context, id string) (catalog.Receipt, error) {
	if !in.takeOver(ctx, id) {
		return catalog.Receipt{}, catalog.ErrBusy
	}
	defer in.release(id)
	u, err := in.upload(ctx, id)
	if err != nil {
		return catalog.Receipt{}, err
	}
	switch {
	case u.State != catalog.StateReceiving && u.hmac == "":
		return catalog.Receipt{}, catalog.ErrGone
	case u.State != catalog.StateReceiving:
		return catalog.Receipt{Offset: u.Bytes, Total: u.Bytes, Metadata: u.request.Metadata}, nil
	case in.expired(u):
		return catalog.Receipt{}, errors.Join(catalog.ErrGone, in.giveBack(ctx, u, "system", expiredUpload))
	}
	parts, err := in.private.OpenParts(ctx, id, u.wrapped)
	if err != nil {
		return catalog.Receipt{}, err
	}
	defer parts.Close()
	out := catalog.Receipt{Offset: parts.Offset(), Total: u.TotalBytes, Expires: u.Expires, Metadata: u.request.Metadata}
	if out.Offset == out.Total {
		if _, err := in.join(ctx, u, parts); err != nil {
			return catalog.Receipt{}, err
		}
		out.Expires = time.Time{}
	}
	return out, nil
}

// Terminate gives an upload up that its sender takes back. One that was
// received whole is catalog.ErrState: it was acknowledged, and is kept.
func (in *Inbox) Terminate(ctx context.Context, by, id string) error {
	if err := in.terminate(ctx, by, id); err != nil {
		return fmt.Errorf("terminate upload %s: %w", id, err)
	}
	return nil
}

func (in *Inbox) terminate(ctx context.Context, by, id string) error {
	if !in.takeOver(ctx, id) {
		return catalog.ErrBusy
	}
	defer in.release(id)
	u, err := in.upload(ctx, id)
	switch {
	case err != nil:
		return err
	case u.State == catalog.StateReceiving && in.expired(u):
		return errors.Join(catalog.ErrGone, in.giveBack(ctx, u, "system", expiredUpload))
	case u.State == catalog.StateReceiving:
		return in.giveBack(ctx, u, by, terminatedUpload)
	case u.hmac == "":
		return catalog.ErrGone
	}
	return catalog.ErrState
}

// take says whether nobody else is sending bytes of this upload; cut is how to
// stop whoever takes it.
func (in *Inbox) take(id string, cut func()) bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.receiving[id] != nil {
		return false
	}
	in.receiving[id] = cut
	return true
}

// takeOver takes an upload away from whoever sends bytes of it; what came stays.
func (in *Inbox) takeOver(ctx context.Context, id string) bool {
	for end := time.Now().Add(overtaking); ; time.Sleep(20 * time.Millisecond) {
		if in.take(id, func() {}) {
			return true
		}
		in.mu.Lock()
		cut := in.receiving[id]
		in.mu.Unlock()
		if cut != nil {
			cut()
		}
		if ctx.Err() != nil || time.Now().After(end) {
			return false
		}
	}
}

const overtaking = 5 * time.Second

func (in *Inbox) release(id string) {
	in.mu.Lock()
	defer in.mu.Unlock()
	delete(in.receiving, id)
}

// withSum ends r with catalog.ErrChecksum where its bytes are not those that
// were meant.
func withSum(r io.Reader, p catalog.Part) io.Reader {
	switch {
	case p.Sum == nil:
		return r
	case p.SHA1:
		return &summed{r, sha1.New(), p.Sum} // tus 1.0 demands it; it guards against a bad line, not against people
	}
	return &summed{r, sha256.New(), p.Sum}
}

type summed struct {
	r    io.Reader
	h    hash.Hash
	want []byte
}

func (s *summed) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	s.h.Write(p[:n])
	if err == io.EOF && !bytes.Equal(s.h.Sum(nil), s.want) {
		err = catalog.ErrChecksum
	}
	return n, err
}

// sameAgain answers a body that is sent a second time, after the first was
// acknowledged: it is compared byte for byte with what is kept.
func (in *Inbox) sameAgain(ctx context.Context, u *upload, r io.Reader) (catalog.Upload, error) {
	if u.Destroyed {
		return catalog.Upload{}, catalog.ErrGone // there is nothing to compare with
	}
	kept, err := in.private.Unseal(ctx, u.ID, u.wrapped)
	if err != nil {
		return catalog.Upload{}, err
	}
	defer kept.Close()
	same, err := sameBytes(ctx, kept, io.LimitReader(r, u.Bytes+1))
	if err != nil {
		return catalog.Upload{}, err
	}
	if !same {
		return catalog.Upload{}, catalog.ErrIdempotency
	}
	return u.Upload, nil
}

// metered counts what is received.
type metered struct {
	r io.Reader
	m *Meter
}

func (r *metered) Read(p []byte) (int, error) {
	n, err := r.r.Read(p)
	r.m.add(int64(n), 0)
	return n, err
}

func sameBytes(ctx context.Context, a, b io.Reader) (bool, error) {
	p, q := make([]byte, 64<<10), make([]byte, 64<<10)
	for {
		if err := ctx.Err(); err != nil {
			return false, err
		}
		n, err := io.ReadFull(a, p)
		if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
			return false, err
		}
		m, err := readFull(b, q[:n])
		if err != nil {
			return false, err
		}
		if m != n || !bytes.Equal(p[:n], q[:m]) {
			return false, nil
		}
		if n < len(p) {
			m, err := readFull(b, q[:1])
			return m == 0, err
		}
	}
}

// readFull reads until p is full or r ends; only io.EOF is an end.
func readFull(r io.Reader, p []byte) (n int, err error) {
	for n < len(p) && err == nil {
		var m int
		m, err = r.Read(p[n:])
		n += m
	}
	if err == io.EOF {
		err = nil
	}
	return n, err
}
