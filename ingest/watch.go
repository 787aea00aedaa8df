package ingest

import (
	"context"
	"sync"

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

// Watch gives the upload as it is and after each change made by this process,
// and closes the channel when it is settled or ctx ends. Who reads slowly sees
// the latest state, not every one.
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
		for {
			select {
			case out <- u:
			case <-ctx.Done():
				return
			}
			switch u.State {
			case catalog.StatePublished, catalog.StateRefused, catalog.StateWaiting:
				return
			}
			select {
			case <-changed:
			case <-ctx.Done():
				return
			}
			if u, err = in.State(ctx, id); err != nil {
				return
			}
		}
	}()
	return out, nil
}
