package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"
	"golang.org/x/sync/errgroup"

	"daylight/api"
)

type serveCommand struct {
	Data      string   `help:"Data folder." default:"data" type:"path" env:"DAYLIGHT_DATA"`
	Listen    string   `help:"Address to listen on." default:"127.0.0.1:8080" env:"DAYLIGHT_LISTEN"`
	URL       string   `help:"Public address of the portal, as https://data.example.gov.vn. Default: http:// and the listening address." env:"DAYLIGHT_URL"`
	Host      []string `help:"Further host names to answer to." env:"DAYLIGHT_HOSTS"`
	Public    bool     `help:"Serve only what is public: takes no files, needs only public/, changes nothing in it."`
	Index     string   `help:"With --public: folder for this process's own search index. Default: a temporary one." type:"path" env:"DAYLIGHT_INDEX"`
	MaxUpload int64    `help:"Largest file to take, in bytes." default:"21474836480" env:"DAYLIGHT_MAX_UPLOAD"`
	Workers   int      `help:"Jobs to run at once." default:"1" env:"DAYLIGHT_WORKERS"`
}

func (s *serveCommand) Run(ctx context.Context, con *console) error {
	log := slog.New(slog.NewJSONHandler(con.err, nil))
	l, err := listen(s.Listen)
	if err != nil {
		return err
	}
	defer l.Close()
	var p *portal
	if s.Public {
		p, err = openPublicOnly(ctx, s.Data, s.Index, log)
	} else {
		p, err = openPortal(ctx, s.Data, log)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(con.out, "Daylight is at %s\n", s.address(l))
	return errors.Join(s.serve(ctx, p, l, log, false), p.close())
}

// address is the public address: the one that was set, else the listener's.
func (s *serveCommand) address(l net.Listener) string {
	if s.URL != "" {
		return strings.TrimRight(s.URL, "/")
	}
	return "http://" + l.Addr().String()
}

// serve answers requests, runs jobs and follows the catalogue until ctx ends.
func (s *serveCommand) serve(ctx context.Context, p *portal, l net.Listener, log *slog.Logger, demo bool) error {
	config := api.Config{
		Site: site(s.address(l)), Catalog: p.catalog, Index: p.index, Demo: demo,
		Hosts: append(api.LocalHosts(l.Addr().String()), s.Host...), MaxUpload: s.MaxUpload, Now: time.Now, Log: log,
	}
	if p.inbox != nil {
		config.Library = p.shelf.Library()
		config.Intake, config.Accounts = p.inbox, accountsDoor{p.accounts}
	} else {
		config.Library = p.library()
	}
	app, err := api.New(config)
	if err != nil {
		return err
	}
	return together(ctx, p, s.Workers, func(ctx context.Context) error { return listenUntil(ctx, app, l) })
}

// together runs the index, the workers and one thing more until ctx ends or
// one of them fails.
func together(ctx context.Context, p *portal, workers int, more func(context.Context) error) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return p.index.Follow(ctx) })
	if p.inbox != nil {
		for range max(1, workers) {
			g.Go(func() error { return p.inbox.Work(ctx) })
		}
	}
	g.Go(func() error { return more(ctx) })
	if err := g.Wait(); err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// listenUntil serves until ctx ends; what is under way gets ten seconds.
func listenUntil(ctx context.Context, app *fiber.App, l net.Listener) error {
	done := make(chan error, 1)
	go func() { done <- app.Listener(l) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		if err := app.ShutdownWithTimeout(10 * time.Second); err != nil && !errors.Is(err, context.DeadlineExceeded) {
			return err
		}
		return ctx.Err()
	}
}

type workCommand struct {
	Data string `help:"Data folder." default:"data" type:"path" env:"DAYLIGHT_DATA"`
	Once bool   `help:"Stop when no job waits."`
}

func (w *workCommand) Run(ctx context.Context, con *console) error {
	log := slog.New(slog.NewJSONHandler(con.err, nil))
	if _, err := os.Stat(privateDir(w.Data)); err != nil {
		return fmt.Errorf("there is no portal in %s", w.Data)
	}
	p, err := openPortal(ctx, w.Data, log)
	if err != nil {
		return err
	}
	if w.Once {
		return errors.Join(p.inbox.Drain(ctx), p.close())
	}
	return errors.Join(together(ctx, p, 1, func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }), p.close())
}
