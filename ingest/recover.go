package ingest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"daylight/store"
)

// Recover sets right what a crash left, and is called once, by the holder of
// the locks, before Work and before anything is taken in: open intents are
// resolved, jobs of dead processes are free again, uploads whose bytes never
// came are given up, and files that nothing names are removed, parts and public
// ones. An upload that was being received stays, with what is durable of it: its
// sender may go on.
func (in *Inbox) Recover(ctx context.Context) error {
	if err := in.resolveIntents(ctx, ""); err != nil {
		return fmt.Errorf("recover: %w", err)
	}
	if err := in.freeJobs(ctx); err != nil {
		return fmt.Errorf("recover: free jobs: %w", err)
	}
	if err := in.expire(ctx); err != nil {
		return fmt.Errorf("recover: expire uploads: %w", err)
	}
	if err := in.sweepParts(ctx); err != nil {
		return fmt.Errorf("recover: parts: %w", err)
	}
	if err := in.buried(ctx); err != nil {
		return fmt.Errorf("recover: destroyed originals: %w", err)
	}
	if err := in.Sweep(ctx); err != nil {
		return fmt.Errorf("recover: %w", err)
	}
	return nil
}

// freeJobs ends every lease: the private place is locked, so whoever held one
// is dead. Waiting for leases to run out would cost a minute after each crash.
func (in *Inbox) freeJobs(ctx context.Context) error {
	now := in.now()
	return in.db.InTx(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE jobs SET lease_until = $1 WHERE state = 'leased'`, now)
		return err
	})
}

// unnamedAfter is how old a public file must be before a sweep may take it.
const unnamedAfter = 24 * time.Hour

// Sweep removes public files that no release names and that are older than a
// day: the cleared files of publications that did not happen. It must not run
// while a publication does, which is why only Recover calls it. While a backup
// is made it does nothing: the next start sweeps.
func (in *Inbox) Sweep(ctx context.Context) error {
	if in.public == nil {
		return nil
	}
	var held *store.Held
	lock, err := in.public.LockBackup()
	if errors.As(err, &held) {
		in.log.Info("nothing is swept while a backup is made", "process", held.PID)
		return nil
	}
	if err != nil {
		return fmt.Errorf("sweep: %w", err)
	}
	defer lock.Unlock()
	var files []string
	for key, err := range in.public.List(ctx) {
		if err != nil {
			return fmt.Errorf("sweep: %w", err)
		}
		files = append(files, key)
	}
	named, err := in.catalog.FileSums(ctx)
	if err != nil {
		return fmt.Errorf("sweep: %w", err)
	}
	keep := make(map[string]bool, len(named))
	for ref := range named {
		keep[ref.Key()] = true
	}
	for _, key := range files {
		if keep[key] {
			continue
		}
		old, err := in.olderThan(ctx, key, unnamedAfter)
		if err != nil {
			return fmt.Errorf("sweep: %w", err)
		}
		if !old {
			continue
		}
		if err := in.public.Blobs().Delete(ctx, key); err != nil {
			return fmt.Errorf("sweep: %w", err)
		}
		in.log.Info("swept a public file that nothing names", "key", key)
	}
	return nil
}

func (in *Inbox) olderThan(ctx context.Context, key string, age time.Duration) (bool, error) {
	f, err := in.public.Blobs().File(ctx, key)
	if errors.Is(err, store.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer f.Close()
	st, err := f.Stat()
	return err == nil && in.now().Sub(st.ModTime()) > age, err
}
