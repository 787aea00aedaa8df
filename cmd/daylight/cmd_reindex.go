package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"daylight/search"
	"daylight/store"
)

type reindexCommand struct {
	Data string `help:"Data folder." default:"data" type:"path" env:"DAYLIGHT_DATA"`
}

// Run makes the index of the publishing process anew. A running server does so
// by itself when its index is damaged, so this refuses to run beside one.
func (r *reindexCommand) Run(ctx context.Context, con *console) (err error) {
	p, err := openPublicFiles(ctx, r.Data)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	lock, err := store.LockPublic(publicDir(r.Data))
	if err != nil {
		return explain(err, r.Data)
	}
	p.closers = append(p.closers, lock.Unlock)
	if p.index, err = search.Open(indexDir(r.Data), p.catalog, search.Options{Log: slog.New(slog.NewJSONHandler(con.err, nil))}); err != nil {
		return err
	}
	p.closers = append(p.closers, p.index.Close)
	if err := p.index.Rebuild(ctx); err != nil {
		return err
	}
	counts, err := p.catalog.Counts(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(con.out, "The index was made anew: %d datasets.\n", counts.Datasets)
	return nil
}
