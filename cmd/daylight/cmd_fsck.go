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
	"path/filepath"

	"daylight/datasets"
	"daylight/ingest"
	"daylight/search"
)

type fsckCommand struct {
	Data     string `help:"Data folder." default:"data" type:"path" env:"DAYLIGHT_DATA"`
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
	if _, err := os.Stat(filepath.Join(privateDir(f.Data), "work.db")); err != nil {
		return &exitError{fsckCannotRun, fmt.Sprintf("there is no portal in %s", f.Data)}
	}
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

func (c *fsck) report(invariant, subject, format string, args ...any) {
	c.found = append(c.found, damage{invariant, subject, fmt.Sprintf(format, args...)})
}

func (c *fsck) run(ctx context.Context) error {
	for _, check := range []func(context.Context) error{c.checkOriginals, c.checkFiles, c.checkIndex, c.checkAudit, c.checkIntents} {
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
		c.note = "; there is no index yet"
		return nil
	}
	x, err := search.Open(indexDir(c.data), c.catalog, search.Options{Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if errors.Is(err, search.ErrHeld) {
		c.note = "; the index is open in a running server, which checks it"
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

// checkIntents: I6, nothing is left half published. Beside a running server an
// intent may be open for a moment; one that is fulfilled or old is not.
func (c *fsck) checkIntents(ctx context.Context) error {
	open, err := c.drafts.OpenIntents(ctx)
	if err != nil {
		return err
	}
	for _, i := range open {
		if _, ok, err := c.catalog.Fulfilled(ctx, i.ID); err != nil {
			return err
		} else if ok {
			c.report("I6", i.ID, "was published and not closed: start the server once, which resolves it")
		}
	}
	return nil
}
