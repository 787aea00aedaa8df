package search

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"daylight/catalog"
)

// Options of an Index; the zero Options work.
type Options struct {
	Log        *slog.Logger  // nil: nothing is said
	Every      time.Duration // how often Follow asks the catalogue; 0: 300 ms
	OpenWithin time.Duration // how long Bleve may take to open; 0: 10 s
}

// Index is a copy of the catalogue that can be searched. Its folder belongs to
// one process: index-*/ are Bleve's, and CURRENT names the one in use.
//
// An opened Index answers from the catalogue itself (Stale) until Sync or
// Follow has compared it with the catalogue once.
type Index struct {
	dir       string
	catalogue *catalog.Store
	opt       Options
	lock      *os.File
	wake      chan struct{}

	writing  sync.Mutex  // held by whoever changes the index
	live     *generation // guarded by writing; nil: to be built
	doubted  atomic.Bool // the next Sync builds anew
	behind   atomic.Bool // the last Sync failed: datasets may be missing
	verified bool        // guarded by writing: compared with the catalogue

	serving sync.Mutex // guards what Find uses, and counts of users
	current *snapshot  // nil: Find reads the catalogue
	closed  bool
	finds   sync.WaitGroup
}

// Keys of what the index says about itself.
var (
	keyLast     = []byte("daylight.last")     // change that it holds, 8 bytes
	keyAnalysis = []byte("daylight.analysis") // analysisVersion
)

const currentFile = "CURRENT"

// Open takes the folder dir for this process, or fails at once with ErrHeld.
// An index in it that is damaged, of another program version or of another
// catalogue is no error: it is left alone and built anew by the first Sync.
func Open(dir string, c *catalog.Store, opt Options) (*Index, error) {
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	if opt.Every <= 0 {
		opt.Every = 300 * time.Millisecond
	}
	if opt.OpenWithin <= 0 {
		opt.OpenWithin = 10 * time.Second
	}
	if err := register(); err != nil {
		return nil, fmt.Errorf("open search index: %w", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open search index: %w", err)
	}
	lock, err := lockFolder(dir)
	if err != nil {
		return nil, fmt.Errorf("open search index: %w", err)
	}
	x := &Index{dir: dir, catalogue: c, opt: opt, lock: lock, wake: make(chan struct{}, 1)}
	name := x.currentName()
	if name != "" {
		switch g, err := x.reopen(name); {
		case err == nil:
			x.live = g
		default:
			opt.Log.Warn("search index will be built anew", "reason", err)
			name = ""
		}
	}
	x.sweep(name)
	return x, nil
}

// currentName is the folder CURRENT names; "" when there is none.
func (x *Index) currentName() string {
	b, err := os.ReadFile(filepath.Join(x.dir, currentFile))
	name := strings.TrimSpace(string(b))
	if err != nil || !strings.HasPrefix(name, "index-") || name != filepath.Base(name) {
		return ""
	}
	return name
}

func (x *Index) reopen(name string) (*generation, error) {
	b, err := openBleve(filepath.Join(x.dir, name), x.opt.OpenWithin)
	if err != nil {
		return nil, err
	}
	version, err := b.GetInternal(keyAnalysis)
	if err == nil && string(version) != analysisVersion {
		err = errors.New("made by another version of this program")
	}
	if err != nil {
		b.Close()
		return nil, err
	}
	return &generation{name: name, index: b, refs: 1}, nil
}

// sweep removes index folders that a killed process left, but the one in use.
func (x *Index) sweep(keep string) {
	entries, err := os.ReadDir(x.dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), "index-") && e.Name() != keep {
			if err := os.RemoveAll(filepath.Join(x.dir, e.Name())); err != nil {
				x.opt.Log.Warn("remove old search index", "error", err)
			}
		}
	}
}

// Close waits for searches under way and gives the folder free. Follow must
// have been stopped.
func (x *Index) Close() error {
	x.writing.Lock()
	defer x.writing.Unlock()
	x.serving.Lock()
	if x.closed {
		x.serving.Unlock()
		return nil
	}
	x.closed = true
	x.serving.Unlock()
	x.finds.Wait()
	x.publish(nil)
	err := x.drop(x.live)
	x.live = nil
	if cerr := x.lock.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return fmt.Errorf("close search index: %w", err)
	}
	return nil
}

// acquire gives the snapshot to search in; nil when there is none. The caller
// releases it.
func (x *Index) acquire() *snapshot {
	x.serving.Lock()
	defer x.serving.Unlock()
	if x.current == nil || x.closed {
		return nil
	}
	x.current.refs++
	x.finds.Add(1)
	return x.current
}

func (x *Index) release(s *snapshot) {
	x.letGo(s)
	x.finds.Done()
}

// publish puts a snapshot in the place of the one before, which goes when its
// last search has ended.
func (x *Index) publish(s *snapshot) {
	x.serving.Lock()
	old := x.current
	if x.current = s; s != nil {
		s.refs++
		s.gen.refs++
	}
	x.serving.Unlock()
	if old != nil {
		x.letGo(old)
	}
}

func (x *Index) letGo(s *snapshot) {
	x.serving.Lock()
	s.refs--
	last := s.refs == 0
	x.serving.Unlock()
	if last {
		if err := s.reader.Close(); err != nil {
			x.opt.Log.Warn("close search snapshot", "error", err)
		}
		if err := x.drop(s.gen); err != nil {
			x.opt.Log.Warn("close search index", "error", err)
		}
	}
}

// drop gives up one use of a generation; the last one closes it.
func (x *Index) drop(g *generation) (err error) {
	if g == nil {
		return nil
	}
	x.serving.Lock()
	g.refs--
	last, gone := g.refs == 0, g.gone
	x.serving.Unlock()
	if !last {
		return nil
	}
	defer recovered(&err)
	err = g.index.Close()
	if gone {
		if rerr := os.RemoveAll(filepath.Join(x.dir, g.name)); err == nil {
			err = rerr
		}
	}
	return err
}

// doubt takes the index out of use until it has been built anew.
func (x *Index) doubt() {
	x.doubted.Store(true)
	x.publish(nil)
	x.Wake()
}

// Wake makes Follow look at the catalogue now.
func (x *Index) Wake() {
	select {
	case x.wake <- struct{}{}:
	default:
	}
}

// Follow keeps the index in step with the catalogue until ctx ends; a change is
// found well within 2 seconds. What goes wrong is logged and tried again: until
// then answers are Stale. It returns nil.
func (x *Index) Follow(ctx context.Context) error {
	const slowest = 30 * time.Second
	wait := x.opt.Every
	for {
		if err := x.Sync(ctx); err != nil && ctx.Err() == nil {
			x.opt.Log.Error("search index", "error", err)
			wait = min(2*max(wait, x.opt.Every), slowest)
		} else {
			wait = x.opt.Every
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-x.wake:
			timer.Stop()
		case <-timer.C:
		}
	}
}
