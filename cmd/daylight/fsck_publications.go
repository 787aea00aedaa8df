package main

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"maps"
	"time"

	"daylight/catalog"
	"daylight/store"
)

// stuckAfter is how long an intent may be open in a running server: its public
// transaction takes seconds.
const stuckAfter = 10 * time.Minute

// checkPublications compares the two sides: whatever is public was meant to be
// (I3), whatever was told to be public is (I2), and no upload became two
// releases (I7). The public side is read first: an intent is always older than
// its release, so a publication meanwhile looks like nothing but an intent
// whose release is not there, and that is asked for again.
func (c *fsck) checkPublications(ctx context.Context) error {
	versions, err := c.catalog.Versions(ctx)
	if err != nil {
		return err
	}
	public, stopPublic := iter.Pull2(c.catalog.Fulfilments(ctx))
	defer stopPublic()
	release, more, err := next(public)
	if err != nil {
		return err
	}
	offline := c.offline()
	open := 0
	made := map[string]int{} // upload -> releases
	for intent, err := range c.drafts.Meant(ctx) {
		if err != nil {
			return err
		}
		for more && release.Intent < intent.ID {
			c.unmeant(release)
			if release, more, err = next(public); err != nil {
				return err
			}
		}
		fulfilled := more && release.Intent == intent.ID
		if fulfilled {
			c.compare(intent, release)
			made[intent.Upload]++
			if made[intent.Upload] == 2 {
				c.report("I7", intent.Upload, "the upload became more than one release")
			}
		}
		switch {
		case intent.Done && !fulfilled:
			if _, ok, err := c.catalog.Fulfilled(ctx, intent.ID); err != nil {
				return err
			} else if !ok {
				c.report("I2", intent.ID, "was told to be published, and the catalogue has no such release: restore a backup")
			}
		case intent.Failed && fulfilled:
			c.report("I3", intent.ID, "is public, and its publication was told to have failed")
		case !intent.Done && !intent.Failed && offline:
			open++
		case !intent.Done && !intent.Failed && time.Since(intent.At) > stuckAfter:
			c.report("I6", intent.ID, "a publication is stuck: start the server again, which resolves it")
		}
		if fulfilled {
			if release, more, err = next(public); err != nil {
				return err
			}
		}
	}
	for ; more; release, more, err = next(public) {
		c.unmeant(release)
	}
	if err != nil {
		return err
	}
	if open > 0 {
		c.remark("%d publications were under way: the next start ends them", open)
	}
	return c.checkPublished(ctx, versions)
}

func next(pull func() (catalog.Fulfilment, error, bool)) (catalog.Fulfilment, bool, error) {
	f, err, ok := pull()
	return f, ok && err == nil, err
}

func (c *fsck) unmeant(f catalog.Fulfilment) {
	c.report("I3", f.Intent, "version %d of dataset %s is public, and nothing on the private side says that it was cleared", f.N, f.Dataset)
}

// compare: the release holds the very files that were cleared for it.
func (c *fsck) compare(intent catalog.Meant, release catalog.Fulfilment) {
	var meant []struct{ Name, SHA256 string }
	if json.Unmarshal([]byte(intent.Manifest), &meant) != nil {
		c.report("I3", intent.ID, "does not say which files were cleared")
		return
	}
	files := map[string]string{}
	for _, f := range meant {
		files[f.Name] = f.SHA256
	}
	if intent.Dataset != release.Dataset || !maps.Equal(files, release.Files) {
		c.report("I3", intent.ID, "version %d of dataset %s holds other files than were cleared", release.N, release.Dataset)
	}
}

// checkPublished: an agency that was told "published, version n" finds it.
func (c *fsck) checkPublished(ctx context.Context, versions map[catalog.DatasetID]int) error {
	rows, err := c.workDB.Query(ctx, `SELECT id, dataset_id, release_n FROM uploads WHERE state = $1`, catalog.StatePublished)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id, dataset string
		var n int
		if err := rows.Scan(&id, &dataset, &n); err != nil {
			return err
		}
		if n <= versions[catalog.DatasetID(dataset)] {
			continue
		}
		_, err := c.catalog.Release(ctx, catalog.DatasetID(dataset), n) // it may be new
		if errors.Is(err, catalog.ErrNotFound) {
			c.report("I2", id, "was told to be version %d, and the catalogue has no such release: restore a backup", n)
		} else if err != nil {
			return err
		}
	}
	return rows.Err()
}

// offline says whether no server works on the folder now.
func (c *fsck) offline() bool {
	lock, err := store.LockPrivate(privateDir(c.data))
	if err != nil {
		return false
	}
	lock.Unlock()
	return true
}
