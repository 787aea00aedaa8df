package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

func audit(t *testing.T, db *PrivateDB, e AuditEntry) {
	t.Helper()
	if err := db.InTx(t.Context(), func(tx *Tx) error { return db.Audit(t.Context(), tx, e) }); err != nil {
		t.Fatal(err)
	}
}

func TestAudit(t *testing.T) {
	ctx, db := t.Context(), privateDB(t)
	if n, err := db.VerifyAudit(ctx); n != 0 || err != nil {
		t.Fatalf("an empty log: %d, %v", n, err)
	}
	hanoi := time.FixedZone("", 7*3600)
	audit(t, db, AuditEntry{At: noon.In(hanoi), Actor: "u1", Action: "upload.receive", Subject: "up1", Detail: json.RawMessage(`{ "bytes": 12 }`)})
	audit(t, db, AuditEntry{At: noon.Add(time.Second), Actor: "system", Action: "release.publish"})
	stop := errors.New("stop")
	if err := db.InTx(ctx, func(tx *Tx) error {
		if err := db.Audit(ctx, tx, AuditEntry{At: noon, Actor: "u", Action: "x"}); err != nil {
			return err
		}
		return stop // what was not done is not in the log
	}); err != stop {
		t.Fatal(err)
	}
	audit(t, db, AuditEntry{At: noon.Add(-time.Hour), Actor: "system", Action: "clock.jumped"})

	var log []AuditEntry
	for e, err := range db.AuditLog(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		log = append(log, e)
	}
	if len(log) != 3 || log[0].Prev != "" || log[1].Prev != log[0].Hash || log[2].Prev != log[1].Hash || log[2].Seq != 3 {
		t.Fatalf("%+v", log)
	}
	if e := log[0]; !e.At.Equal(noon) || e.Actor != "u1" || e.Action != "upload.receive" || e.Subject != "up1" || string(e.Detail) != `{"bytes":12}` {
		t.Errorf("%+v", e)
	}
	if string(log[1].Detail) != "{}" {
		t.Errorf("no detail became %s", log[1].Detail)
	}
	// Kept for ever: the hash of a known entry never changes between versions.
	if want := "6916940ad7114734af4d66c09a9aad69de9013e2d8ca663690342fa35bd421b1"; log[0].Hash != want {
		t.Errorf("hash %s, want %s", log[0].Hash, want)
	}
	if n, err := db.VerifyAudit(ctx); n != 3 || err != nil {
		t.Errorf("verify: %d, %v", n, err)
	}
	for range db.AuditLog(ctx) {
		break // stopping early is no error and leaves no transaction open
	}
	for _, e := range []AuditEntry{
		{Actor: "u", Action: "x"}, {At: noon, Action: "x"}, {At: noon, Actor: "u"},
		{At: noon, Actor: "u", Action: "x", Detail: json.RawMessage(`{"cccd": 079200001234`)},
	} {
		err := db.InTx(ctx, func(tx *Tx) error { return db.Audit(ctx, tx, e) })
		if err == nil || strings.Contains(err.Error(), "0792") {
			t.Errorf("%+v: %v", e, err)
		}
	}
}

func TestAuditFromMany(t *testing.T) {
	db := privateDB(t)
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for range 10 {
				audit(t, db, AuditEntry{At: noon, Actor: fmt.Sprint("u", i), Action: "x"})
			}
		})
	}
	wg.Wait()
	if n, err := db.VerifyAudit(t.Context()); n != 40 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
}

func TestAuditTampering(t *testing.T) {
	ctx := t.Context()
	exec := func(t *testing.T, db *PrivateDB, q string) error {
		t.Helper()
		return db.InTx(ctx, func(tx *Tx) error { _, err := tx.Exec(ctx, q); return err })
	}
	for _, c := range []struct{ name, sql string }{
		{"time", `UPDATE audit SET at = '2026-03-01T12:00:00.000001Z' WHERE seq = 3`},
		{"actor", `UPDATE audit SET actor = 'else' WHERE seq = 3`},
		{"action", `UPDATE audit SET action = 'else' WHERE seq = 3`},
		{"subject", `UPDATE audit SET subject = 'else' WHERE seq = 3`},
		{"detail", `UPDATE audit SET detail = '{"k":4}' WHERE seq = 3`},
		{"detail, as SQL NULL to be", `UPDATE audit SET detail = '' WHERE seq = 3`},
		{"prev", `UPDATE audit SET prev = hash WHERE seq = 3`},
		{"hash", `UPDATE audit SET hash = prev WHERE seq = 3`},
		{"hash of the last", `UPDATE audit SET hash = prev WHERE seq = 5`},
		{"a border moved between fields", `UPDATE audit SET actor = 'u3x', action = substr(action, 2) WHERE seq = 3`},
		{"one removed", `DELETE FROM audit WHERE seq = 3`},
		{"the first removed", `DELETE FROM audit WHERE seq = 1`},
		{"the last removed", `DELETE FROM audit WHERE seq = 5`},
		{"all removed", `DELETE FROM audit`},
		{"one added", `INSERT INTO audit (seq, at, actor, action, subject, detail, prev, hash) SELECT 6, at, actor, action, subject, detail, hash, hash FROM audit WHERE seq = 5`},
		{"two swapped", `UPDATE audit SET actor = CASE seq WHEN 2 THEN 'u3' ELSE 'u2' END WHERE seq IN (2, 3)`},
		{"head moved", `UPDATE audit_head SET seq = 4`},
		{"head lost", `DELETE FROM audit_head`},
	} {
		t.Run(c.name, func(t *testing.T) {
			db := privateDB(t)
			for i := range 5 {
				audit(t, db, AuditEntry{At: noon, Actor: fmt.Sprint("u", i+1), Action: "xaction", Subject: "s", Detail: json.RawMessage(`{"k":3}`)})
			}
			if !strings.Contains(c.name, "head") && !strings.Contains(c.name, "added") {
				if err := exec(t, db, c.sql); !errors.Is(err, ErrConflict) {
					t.Errorf("the table let it pass: %v", err)
				}
			}
			// Whoever has the file can take the triggers away; the chain still tells.
			for _, q := range []string{`DROP TRIGGER audit_never_changes`, `DROP TRIGGER audit_never_shrinks`, c.sql} {
				if err := exec(t, db, q); err != nil {
					t.Fatal(err)
				}
			}
			if n, err := db.VerifyAudit(ctx); !errors.Is(err, ErrAudit) {
				t.Errorf("verify finds nothing: %d, %v", n, err)
			}
		})
	}
}
