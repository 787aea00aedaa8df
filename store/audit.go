package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"time"
)

// AuditEntry is one line of the audit log. Detail is JSON that holds counts,
// hashes and ids, never a value of data; none is {}. Seq, Prev and Hash are set
// by Audit.
type AuditEntry struct {
	Seq     int64
	At      time.Time
	Actor   string // a user's id, or "system"
	Action  string // "upload.receive"
	Subject string // an id
	Detail  json.RawMessage
	Prev    string // Hash of the entry before; "" in the first
	Hash    string
}

// line is an entry as it stands in the row: the hash is of these very bytes.
type line struct {
	seq                                             int64
	at, actor, action, subject, detail, prev, saved string
}

// hash covers every field, each with its length in front, so that no two
// entries can be written to the same bytes.
func (l line) hash() string {
	h := sha256.New()
	field := func(s string) {
		var n [8]byte
		binary.BigEndian.PutUint64(n[:], uint64(len(s)))
		h.Write(n[:])
		h.Write([]byte(s))
	}
	field("daylight audit v1")
	var seq [8]byte
	binary.BigEndian.PutUint64(seq[:], uint64(l.seq))
	h.Write(seq[:])
	for _, s := range []string{l.at, l.actor, l.action, l.subject, l.detail, l.prev} {
		field(s)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Audit appends e to the log in the caller's transaction: what is done and that
// it was done are durable together, or neither.
func (db *PrivateDB) Audit(ctx context.Context, tx *Tx, e AuditEntry) error {
	if err := appendAudit(ctx, tx, e); err != nil {
		return fmt.Errorf("audit %s: %w", e.Action, err)
	}
	return nil
}

func appendAudit(ctx context.Context, tx *Tx, e AuditEntry) error {
	if e.At.IsZero() || e.Actor == "" || e.Action == "" {
		return errors.New("want a time, an actor and an action")
	}
	l := line{at: FormatTime(e.At), actor: e.Actor, action: e.Action, subject: e.Subject, detail: "{}"}
	if len(e.Detail) > 0 {
		var compact bytes.Buffer
		if json.Compact(&compact, e.Detail) != nil { // its error quotes
			return errors.New("detail is not JSON")
		}
		l.detail = compact.String()
	}
	if err := tx.QueryRow(ctx, `SELECT seq, hash FROM audit_head WHERE id = 1`).Scan(&l.seq, &l.prev); err != nil {
		return err
	}
	l.seq++
	l.saved = l.hash()
	if _, err := tx.Exec(ctx, `INSERT INTO audit (seq, at, actor, action, subject, detail, prev, hash)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`, l.seq, l.at, l.actor, l.action, l.subject, l.detail, l.prev, l.saved); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `UPDATE audit_head SET seq = $1, hash = $2 WHERE id = 1`, l.seq, l.saved)
	return err
}

// AuditLog reads the whole log, oldest first. It does not check it.
func (db *PrivateDB) AuditLog(ctx context.Context) iter.Seq2[AuditEntry, error] {
	return func(yield func(AuditEntry, error) bool) {
		stop := errors.New("stop")
		err := db.View(ctx, func(tx *Tx) error {
			return lines(ctx, tx, func(l line) error {
				at, err := ParseTime(l.at)
				if err != nil {
					return err
				}
				e := AuditEntry{Seq: l.seq, At: at, Actor: l.actor, Action: l.action, Subject: l.subject,
					Detail: json.RawMessage(l.detail), Prev: l.prev, Hash: l.saved}
				if !yield(e, nil) {
					return stop
				}
				return nil
			})
		})
		if err != nil && err != stop {
			yield(AuditEntry{}, fmt.Errorf("read audit log: %w", err))
		}
	}
}

// VerifyAudit walks the chain and returns how many entries hold. The first that
// was changed, lost or put in is ErrAudit with its number; so is an end that is
// not where the log says it ends.
func (db *PrivateDB) VerifyAudit(ctx context.Context) (n int64, err error) {
	err = db.View(ctx, func(tx *Tx) error {
		var head line
		if err := tx.QueryRow(ctx, `SELECT seq, hash FROM audit_head WHERE id = 1`).Scan(&head.seq, &head.saved); err != nil {
			if errors.Is(err, ErrNoRows) {
				return fmt.Errorf("%w: no head", ErrAudit)
			}
			return err
		}
		prev := ""
		err := lines(ctx, tx, func(l line) error {
			if l.seq != n+1 || l.prev != prev || l.saved != l.hash() {
				return fmt.Errorf("%w at entry %d", ErrAudit, n+1)
			}
			n, prev = l.seq, l.saved
			return nil
		})
		if err == nil && (head.seq != n || head.saved != prev) {
			return fmt.Errorf("%w: %d entries, the head says %d", ErrAudit, n, head.seq)
		}
		return err
	})
	if err != nil {
		return n, fmt.Errorf("verify audit log: %w", err)
	}
	return n, nil
}

func lines(ctx context.Context, tx *Tx, fn func(line) error) error {
	rows, err := tx.Query(ctx, `SELECT seq, at, actor, action, subject, detail, prev, hash FROM audit ORDER BY seq`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var l line
		if err := rows.Scan(&l.seq, &l.at, &l.actor, &l.action, &l.subject, &l.detail, &l.prev, &l.saved); err != nil {
			return err
		}
		if err := fn(l); err != nil {
			return err
		}
	}
	return rows.Err()
}
