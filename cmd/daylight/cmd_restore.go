package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"daylight/ingest"
	"daylight/store"
)

type restoreCommand struct {
	From       string `help:"Folder with the backup." required:"" type:"existingdir"`
	Data       string `help:"Data folder to make: an empty one, or one that is not there yet." required:"" type:"path"`
	Key        string `help:"File with the master key, which is not in the backup. Default: DAYLIGHT_MASTER_KEY, which then must be set for the service too." type:"existingfile"`
	PublicOnly bool   `help:"Restore only what is public, for \"serve --public\"; needs no key."`
}

// Run copies a backup into an empty folder, and compares every byte with what
// the backup was made with. What a crash would have left open is closed by the
// first start, as after a crash.
func (r *restoreCommand) Run(ctx context.Context, con *console) error {
	if err := apart(r.Data, r.From); err != nil {
		return fmt.Errorf("%s lies in the backup: choose another --data", r.Data)
	}
	b, err := store.OpenBackup(ctx, r.From)
	if err != nil {
		return explainBackup(err, r.From)
	}
	defer b.Close()
	if b.Manifest().PublicOnly {
		r.PublicOnly = true
	}
	key, err := r.masterKey(b)
	if err != nil {
		return err
	}
	missing, err := r.restore(ctx, b, key, con)
	if errors.Is(err, os.ErrExist) {
		return fmt.Errorf("%s is not empty: restore into an empty folder, and put it in the place of the other one when it is checked", r.Data)
	}
	if err != nil {
		return explainBackup(err, r.From)
	}
	m := b.Manifest()
	fmt.Fprintf(con.out, "Restored as of %s into %s.\n", m.At.Format(time.RFC3339), r.Data)
	if r.PublicOnly {
		fmt.Fprintf(con.out, "Now: daylight verify --data %s, then: daylight serve --public --data %s\n", r.Data, r.Data)
	} else {
		fmt.Fprintf(con.out, "Now: daylight fsck --data %s --read-data, then: daylight serve --data %s\n", r.Data, r.Data)
	}
	return lost(missing, "the backup", "daylight backup --read-data --check "+r.From, con)
}

// masterKey finds the key and compares it with the backup before anything is
// copied. It gives the text to write: "" where the environment has it.
func (r *restoreCommand) masterKey(b *store.Backup) (string, error) {
	if r.PublicOnly {
		return "", nil
	}
	if r.Key == "" {
		env := os.Getenv("DAYLIGHT_MASTER_KEY")
		if env == "" {
			return "", errors.New("the master key is not in a backup: give it with --key FILE (the copy of private/master.key that you keep elsewhere), or set DAYLIGHT_MASTER_KEY; " +
				"without it nothing that agencies sent can be read: --public-only restores what is public")
		}
		if err := b.CheckKey(env); err != nil {
			return "", fmt.Errorf("DAYLIGHT_MASTER_KEY: %w", err)
		}
		return "", nil
	}
	text, err := os.ReadFile(r.Key)
	if err != nil {
		return "", err
	}
	key := strings.TrimSpace(string(text))
	if err := b.CheckKey(key); err != nil {
		return "", fmt.Errorf("%s: %w", r.Key, err)
	}
	return key, nil
}

func (r *restoreCommand) restore(ctx context.Context, b *store.Backup, key string, con *console) (missing []string, err error) {
	public, private, err := b.Databases(ctx)
	if err != nil {
		return nil, err
	}
	files, err := namedFiles(ctx, public)
	if err != nil {
		return nil, err
	}
	into, err := b.Restore(r.Data, r.PublicOnly)
	if err != nil {
		return nil, err
	}
	tick, end := con.progress("Restoring published files", len(files))
	_, missing, err = into.Files(ctx, each(files), tick)
	end()
	if err != nil {
		return nil, err
	}
	if !r.PublicOnly {
		originals, err := collect(ingest.Kept(ctx, private))
		if err != nil {
			return nil, err
		}
		tick, end := con.progress("Restoring originals", len(originals))
		_, more, err := into.Originals(ctx, each(originals), tick)
		end()
		if err != nil {
			return nil, err
		}
		missing = append(missing, more...)
	}
	return missing, into.Done(ctx, key)
}
