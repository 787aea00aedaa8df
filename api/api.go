// Package api answers every URL: pages, downloads, the JSON API, the catalogue
// in DCAT, and the door where agencies' files come in.
//
// It holds a datasets.Library, which reads the shelf and cannot write it, and
// two interfaces that are nil in a process that only serves the public: Intake
// takes agencies' bytes and never gives one back; Accounts knows tokens. What
// each route is for, and who may use it in which state, stands in one table:
// routes.go.
package api

import (
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"daylight/catalog"
	"daylight/catalog/dcat"
	"daylight/catalog/differences"
	"daylight/datasets"
	"daylight/search"
	"daylight/templates"
)

// Config is what a process serves. Catalog, Library, Index and Site are needed.
type Config struct {
	Site        dcat.Site // BaseURL is the public address; absolute links never come from a request
	Catalog     *catalog.Store
	Library     datasets.Library
	Index       *search.Index
	Differences *differences.Maker // nil: one of its own
	Intake      Intake             // nil: this process only reads
	Accounts    Accounts           // nil: this process only reads

	Hosts     []string // further names this process answers to, besides the one of BaseURL
	MaxUpload int64    // bytes of one file; 0: 20 GiB
	// UploadsAtOnce is how many files of an agency may be coming in; 0: 4.
	UploadsAtOnce int
	EventsFor     time.Duration    // a stream of events ends after it, and the listener comes again; 0: five minutes
	Demo          bool             // pages say that the data are samples
	Now           func() time.Time // nil: time.Now
	Log           *slog.Logger     // nil: discarded
}

// server is a Config with what New made of it.
type server struct {
	Config
	pages  *templates.Templates
	hosts  map[string]bool
	spool  spool
	ears   ears
	bodies bodies
	flows  flows
	alone  []string // paths of the public pages that have no parameter
}

// Limits of requests; see reliability.md section 6.
const (
	defaultMaxUpload     = 20 << 30
	defaultUploadsAtOnce = 4
	maxJSONBody          = 1 << 20
	idleTime             = 60 * time.Second // without a byte, a transfer is over
)

// New makes the application. It fails when a route has no line in the
// authorisation matrix.
func New(c Config) (*fiber.App, error) {
	pages, err := templates.New()
	if err != nil {
		return nil, err
	}
	if c.MaxUpload == 0 {
		c.MaxUpload = defaultMaxUpload
	}
	if c.UploadsAtOnce == 0 {
		c.UploadsAtOnce = defaultUploadsAtOnce
	}
	if c.EventsFor == 0 {
		c.EventsFor = 5 * time.Minute
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Differences == nil {
		c.Differences = differences.New(c.Catalog, c.Library, differences.Options{Log: c.Log})
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	base, err := url.Parse(c.Site.BaseURL)
	if err != nil || base.Host == "" || strings.HasSuffix(c.Site.BaseURL, "/") {
		return nil, fmt.Errorf("api: the public address must look like https://data.example.gov.vn, without a slash at the end")
	}
	s := &server{Config: c, pages: pages, hosts: map[string]bool{strings.ToLower(base.Host): true}}
	for _, h := range c.Hosts {
		s.hosts[strings.ToLower(h)] = true
	}
	app := fiber.New(fiber.Config{
		AppName:                      "Daylight",
		DisableStartupMessage:        true,
		Immutable:                    true, // strings of a request are reused buffers otherwise
		StreamRequestBody:            true, // uploads stream; every handler caps its body itself
		DisablePreParseMultipartForm: true, // no form is written to disk before a handler looked at it
		BodyLimit:                    1 << 20,
		ReadTimeout:                  idleTime,
		WriteTimeout:                 idleTime,
		IdleTimeout:                  idleTime,
		StrictRouting:                false,
		CaseSensitive:                true,
		ErrorHandler:                 s.fail,
	})
	app.Use(s.observe, s.guard)
	for _, r := range Routes {
		if r.Agencies && c.Intake == nil {
			continue
		}
		if len(r.Rules) == 0 {
			return nil, fmt.Errorf("api: route %s %s has no rule", r.Method, r.Path)
		}
		if r.standsAlone() {
			s.alone = append(s.alone, r.Path)
		}
		for _, path := range r.paths() {
			app.Add(r.Method, path, s.admit(r), r.handle(s))
			if r.Method == fiber.MethodGet {
				app.Add(fiber.MethodHead, path, s.admit(r), r.handle(s))
			}
		}
	}
	app.Use(s.unknown)
	return app, nil
}

// paths are the addresses of a route: a page also stands under /en.
func (r Route) paths() []string {
	if r.Kind != Page {
		return []string{r.Path}
	}
	return []string{r.Path, templates.Path("en", r.Path)}
}

// LocalHosts are the names of a listener that only this machine reaches.
func LocalHosts(listen string) []string {
	_, port, err := net.SplitHostPort(listen)
	if err != nil {
		return nil
	}
	return []string{"localhost:" + port, "127.0.0.1:" + port, "[::1]:" + port}
}
