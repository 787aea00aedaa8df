package ingest

import (
	"context"
	"errors"
	"sync"
	"time"

	"daylight/catalog"
)

// watches tells those who wait that an upload has changed. What it became they
// read themselves: the row is the truth.
type watches struct {
	mu sync.Mutex
	by map[string]map[chan struct{}]bool // guarded by mu
}

func (w *watches) add(id string) chan struct{} {
	c := make(chan struct{}, 1)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.by == nil {
		w.by = map[string]map[chan struct{}]bool{}
	}
	if w.by[id] == nil {
		w.by[id] = map[chan struct{}]bool{}
	}
	w.by[id][c] = true
	return c
}

func (w *watches) drop(id string, c chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.by[id], c)
	if len(w.by[id]) == 0 {
		delete(w.by, id)
	}
}

func (w *watches) tell(id string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for c := range w.by[id] {
		select {
		case c <- struct{}{}:
		default: // one is on its way
		}
	}
}

// watchEvery is how often a row is looked at that nobody here has changed:
// another process may be at work on it.
const watchEvery = time.Second

// Watch gives the upload as it is and after each change, and closes the channel
// when it is settled or ctx ends. Who reads slowly sees the latest state, not
// every one. A database that cannot be read for a while is asked again.
func (in *Inbox) Watch(ctx context.Context, id string) (<-chan catalog.Upload, error) {
	changed := in.watches.add(id)
	u, err := in.State(ctx, id)
	if err != nil {
		in.watches.drop(id, changed)
		return nil, err
	}
	out := make(chan catalog.Upload)
	go func() {
		defer close(out)
		defer in.watches.drop(id, changed)
		look := time.NewTicker(watchEvery)
		defer look.Stop()
		for {
			select {
			case out <- u:
			case <-ctx.Done():
				return
			}
			if catalog.Settled(u.State) {
				return
			}
			for told := false; !told; {
				select {
				case <-changed:
					told = true
				case <-look.C:
				case <-ctx.Done():
					return
				}
				now, err := in.State(ctx, id)
				switch {
				case errors.Is(err, catalog.ErrNotFound):
					return
				case err != nil:
					told = false
				case now.State != u.State || now.Stage != u.Stage || now.Updated.After(u.Updated):
					told = true
					fallthrough
				default:
					u = now
				}
			}
		}
	}()
	return out, nil
}
