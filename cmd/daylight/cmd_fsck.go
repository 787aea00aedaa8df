package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"

	"daylight/datasets"
	"daylight/ingest"
	"daylight/search"
	"daylight/store"
)

type fsckCommand struct {
	Data     string `help:"Data folder; also of a running server." default:"data" type:"path" env:"DAYLIGHT_DATA"`
	ReadData bool   `help:"Read every byte and compare the hashes; else existence and size."`
	JSON     bool   `name:"json" help:"One JSON object a finding."`
}

// Exit codes of fsck, as reliability.md section 2 has them.
const (
	fsckDamage    = 1
	fsckCannotRun = 2
)

// damage is one thing that is not as it must be. It holds ids, no values.
type damage struct {
	Invariant string `json:"invariant"` // I1 … I7
	Subject   string `json:"subject"`   // an upload, a file's hash, an intent
	What      string `json:"what"`
}

// Run checks the invariants, offline or beside a running server.
func (f *fsckCommand) Run(ctx context.Context, con *console) error {
	p, err := openBeside(ctx, f.Data)
	if err != nil {
		return &exitError{fsckCannotRun, err.Error()}
	}
	c := fsck{portal: p, data: f.Data, read: f.ReadData}
	err = errors.Join(c.run(ctx), p.close())
	if err != nil {
		return &exitError{fsckCannotRun, err.Error()}
	}
	for _, d := range c.found {
		if f.JSON {
			if err := json.NewEncoder(con.out).Encode(d); err != nil {
				return err
			}
			continue
		}
		fmt.Fprintf(con.out, "%s %s: %s\n", d.Invariant, d.Subject, d.What)
	}
	if len(c.found) > 0 {
		return &exitError{code: fsckDamage}
	}
	if !f.JSON {
		fmt.Fprintf(con.out, "Clean: %d originals, %d published files, %d audit records%s.\n", c.originals, c.files, c.records, c.note)
	}
	return nil
}

type fsck struct {
	*portal
	data  string
	read  bool
	found []damage

	originals, files int
	records          int64
	note             string
}

func (c *fsck) remark(format string, args ...any) { c.note += "; " + fmt.Sprintf(format, args...) }

// checkDatabases: I2, what SQLite itself says of both files.
func (c *fsck) checkDatabases(ctx context.Context) error {
	for name, check := range map[string]func(context.Context) error{"public/catalogue.db": c.publicDB.Integrity, "private/work.db": c.workDB.Integrity} {
		err := check(ctx)
		switch {
		case errors.Is(err, store.ErrDamaged):
			c.report("I2", name, "the database is damaged: restore a backup")
		case err != nil:
			return err
		}
	}
	return nil
}

func (c *fsck) report(invariant, subject, format string, args ...any) {
	c.found = append(c.found, damage{invariant, subject, fmt.Sprintf(format, args...)})
}

func (c *fsck) run(ctx context.Context) error {
	for _, check := range []func(context.Context) error{c.checkDatabases, c.checkOriginals, c.checkFiles, c.checkPublications, c.checkIndex, c.checkAudit} {
		if err := check(ctx); err != nil {
			return err
		}
	}
	return nil
}

// checkOriginals: I1, every acknowledged upload can be read back.
func (c *fsck) checkOriginals(ctx context.Context) error {
	for o, err := range ingest.Originals(ctx, c.workDB, c.private, c.read) {
		if err != nil {
			return err
		}
		c.originals++
		if o.Fault != "" {
			c.report("I1", o.Upload, "%s", o.Fault)
		}
	}
	return nil
}

// checkFiles: I2, no row names a file that is missing or another one.
func (c *fsck) checkFiles(ctx context.Context) error {
	sums, err := c.catalog.FileSums(ctx)
	if err != nil {
		return err
	}
	library := c.library()
	if err := c.countUnnamed(ctx, sums); err != nil {
		return err
	}
	for ref, bytes := range sums {
		c.files++
		n, err := library.Size(ctx, ref)
		switch {
		case errors.Is(err, os.ErrNotExist):
			c.report("I2", ref.String(), "a release names this file, and it is gone")
			continue
		case err != nil:
			return err
		case n != bytes:
			c.report("I2", ref.String(), "has another length than its row")
			continue
		}
		if c.read {
			if err := c.rehash(ctx, library, ref); err != nil {
				return err
			}
		}
	}
	return nil
}

// countUnnamed: files that no release names were cleared for a publication that
// did not happen. No address leads to them, and a start sweeps them after a day.
func (c *fsck) countUnnamed(ctx context.Context, named map[datasets.Ref]int64) error {
	keys := make(map[string]bool, len(named))
	for ref := range named {
		keys[ref.Key()] = true
	}
	unnamed := 0
	for key, err := range c.public.List(ctx) {
		if err != nil {
			return err
		}
		if !keys[key] {
			unnamed++
		}
	}
	if unnamed > 0 {
		c.remark("%d files that no release names wait for the sweep", unnamed)
	}
	return nil
}

func (c *fsck) rehash(ctx context.Context, library datasets.Library, ref datasets.Ref) error {
	r, err := library.Open(ctx, ref, 0, -1)
	if err != nil {
		return err
	}
	defer r.Close()
	h := sha256.New()
	if _, err := io.Copy(h, r); err != nil {
		return err
	}
	if hex.EncodeToString(h.Sum(nil)) != ref.String() {
		c.report("I2", ref.String(), "holds other bytes than were published")
	}
	return nil
}

// checkIndex: I4, the index equals the catalogue. A running server has it
// open and compares it itself.
func (c *fsck) checkIndex(ctx context.Context) error {
	if _, err := os.Stat(indexDir(c.data)); errors.Is(err, os.ErrNotExist) {
		c.remark("there is no index yet")
		return nil
	}
	x, err := search.Open(indexDir(c.data), c.catalog, search.Options{Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if errors.Is(err, search.ErrHeld) {
		c.remark("the index is open in a running server, which checks it")
		return nil
	}
	if err != nil {
		return err
	}
	defer x.Close()
	if err := x.Sync(ctx); err != nil {
		return err
	}
	if err := x.Check(ctx); err != nil {
		c.report("I4", "index", "is not what the catalogue says: run \"daylight reindex\"")
	}
	return nil
}

// checkAudit: I5, the chain is unbroken.
func (c *fsck) checkAudit(ctx context.Context) error {
	n, err := c.workDB.VerifyAudit(ctx)
	c.records = n
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		c.report("I5", fmt.Sprintf("record %d", n+1), "the audit chain is broken")
	}
	return nil
}
