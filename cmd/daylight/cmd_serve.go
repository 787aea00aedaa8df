package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"
	"golang.org/x/sync/errgroup"

	"daylight/api"
	"daylight/ingest"
)

type serveCommand struct {
	workSettings
	siteSettings
	Listen string   `help:"Address to listen on." default:"127.0.0.1:8080" env:"DAYLIGHT_LISTEN"`
	URL    string   `help:"Public address of the portal, as https://data.example.gov.vn. Default: http:// and the listening address." env:"DAYLIGHT_URL"`
	Host   []string `help:"Further host names to answer to." env:"DAYLIGHT_HOSTS"`
	Public bool     `help:"Serve only what is public: takes no files, needs only public/, changes nothing in it." env:"DAYLIGHT_PUBLIC"`
	AtOnce int      `name:"uploads-at-once" help:"Files of one agency that may be coming in at once." default:"4" env:"DAYLIGHT_UPLOADS_AT_ONCE"`
	Index  string   `help:"With --public: folder for this process's own search index. Default: a temporary one." type:"path" env:"DAYLIGHT_INDEX"`
}

// workSettings are those of every process that works off agencies' files.
type workSettings struct {
	Data        string        `help:"Data folder." default:"data" type:"path" env:"DAYLIGHT_DATA"`
	MaxUpload   int64         `help:"Largest file to take, in bytes." default:"21474836480" env:"DAYLIGHT_MAX_UPLOAD"`
	Workers     int           `help:"Files to work off at once." default:"1" env:"DAYLIGHT_WORKERS"`
	ParseMemory int64         `help:"Memory for reading one file, in MiB; a file that needs more is refused." default:"512" env:"DAYLIGHT_PARSE_MEMORY"`
	ParseTime   time.Duration `help:"Processor time for reading one file, as 10m; waiting may take three times as long. Default: a minute, and one more for each 100 MiB." env:"DAYLIGHT_PARSE_TIME"`
	Folder      string        `help:"Watched folder: files that come to rest in FOLDER/SLUG are sent for that dataset and moved to FOLDER/SLUG/sent." type:"existingdir" env:"DAYLIGHT_FOLDER"`
	Keep        time.Duration `help:"How long originals are kept after their file was published or refused, as 17520h for two years; then their keys are destroyed. Default: for good." env:"DAYLIGHT_KEEP"`
	LogLevel    slog.Level    `help:"Least level to log: debug, info, warn, error." default:"info" env:"DAYLIGHT_LOG_LEVEL"`
}

func (w *workSettings) limits() (limits, error) {
	switch {
	case w.MaxUpload < 1:
		return limits{}, errors.New("--max-upload: want at least 1 byte")
	case w.Workers < 1:
		return limits{}, errors.New("--workers: want at least 1")
	case w.ParseMemory < 64 || w.ParseMemory > 1<<20:
		return limits{}, errors.New("--parse-memory: want 64 MiB to 1 TiB")
	case w.ParseTime != 0 && w.ParseTime < time.Second:
		return limits{}, errors.New("--parse-time: want at least 1s")
	}
	if w.Keep < 0 || w.Keep > 0 && w.Keep < 24*time.Hour {
		return limits{}, errors.New("--keep: want a day at least (24h), or nothing for good")
	}
	m := limits{upload: w.MaxUpload, keep: w.Keep, child: ingest.ChildLimits{Memory: w.ParseMemory << 20, CPU: w.ParseTime}}
	// The Go runtime reserves addresses far beyond what it uses.
	m.child.Address = max(4<<30, 4*m.child.Memory)
	return m, nil
}

func (w *workSettings) log(con *console) *slog.Logger {
	return slog.New(slog.NewJSONHandler(con.err, &slog.HandlerOptions{Level: w.LogLevel}))
}

func (s *serveCommand) Run(ctx context.Context, con *console) error {
	log := s.log(con)
	most, err := s.limits()
	if err != nil {
		return err
	}
	if err := errors.Join(s.checkURL(), s.siteSettings.check()); err != nil {
		return err
	}
	if s.AtOnce < 1 {
		return errors.New("--uploads-at-once: want at least 1")
	}
	l, err := listen(s.Listen)
	if err != nil {
		return err
	}
	defer l.Close()
	var p *portal
	if s.Public {
		p, err = openPublicOnly(ctx, s.Data, s.Index, log)
	} else {
		p, err = openWithin(ctx, s.Data, most, log)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(con.out, "Daylight is at %s\n", s.address(l))
	return errors.Join(s.serve(ctx, p, l, log, false), p.close())
}

// checkURL refuses what links cannot be made from.
func (s *serveCommand) checkURL() error {
	if s.URL == "" {
		return nil
	}
	u, err := url.Parse(s.address(nil))
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.Path != "" || u.RawQuery != "" || u.User != nil {
		return errors.New("--url: want the public address alone, such as https://data.example.gov.vn")
	}
	return nil
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
		Site: s.site(s.address(l)), Catalog: p.catalog, Index: p.index, Differences: p.changes, Demo: demo,
		Hosts: append(api.LocalHosts(l.Addr().String()), s.Host...), MaxUpload: s.MaxUpload, UploadsAtOnce: s.AtOnce, Now: time.Now, Log: log,
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
	return together(ctx, p, s.workSettings, func(ctx context.Context) error { return listenUntil(ctx, app, l) })
}

// fetchers is how many files are fetched from addresses at once.
const fetchers = 2

// together runs the index, the workers, the count of what changed and one thing more until ctx ends or
// one of them fails.
func together(ctx context.Context, p *portal, w workSettings, more func(context.Context) error) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return p.index.Follow(ctx) })
	if p.inbox != nil {
		g.Go(func() error { return p.changes.Follow(ctx) })
		for range max(1, w.Workers) {
			g.Go(func() error { return p.inbox.Work(ctx) })
		}
		for range fetchers {
			g.Go(func() error { return p.inbox.Fetch(ctx) })
		}
		if w.Folder != "" {
			g.Go(func() error { return p.inbox.Follow(ctx, w.Folder) })
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
	workSettings
	Once bool `help:"Stop when no job waits."`
}

func (w *workCommand) Run(ctx context.Context, con *console) error {
	most, err := w.limits()
	if err != nil {
		return err
	}
	if _, err := os.Stat(privateDir(w.Data)); err != nil {
		return noPortal(w.Data)
	}
	p, err := openWithin(ctx, w.Data, most, w.log(con))
	if err != nil {
		return err
	}
	if w.Once {
		return errors.Join(p.inbox.Drain(ctx), p.close())
	}
	return errors.Join(together(ctx, p, w.workSettings, func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }), p.close())
}
