package api

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"

	"daylight/catalog"
	"daylight/templates"
)

// Server-sent events of an upload: "progress" while it is worked on, "state" at
// each change of its state. Each event is the whole truth of its moment, so that
// nobody has to be told what was missed while a line was cut.

// Limits of streams that are open at once. They are counted by account and not
// by address: behind a proxy all have one address.
const (
	earsOfOne   = 8
	earsOfAll   = 256
	eventsAfter = 2 * time.Second // a client that lost its stream comes again after it
	eventsBeats = 20              // comments in the time of a stream: a proxy must not take the line for dead, and a listener who has gone is found out
)

// ears are the streams that are open.
type ears struct {
	mu  sync.Mutex
	by  map[string]int // by user; guarded by mu
	all int            // guarded by mu
}

// open takes one; close gives it back. False: there are enough.
func (e *ears) open(user string) (close func(), ok bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.all >= earsOfAll || e.by[user] >= earsOfOne {
		return nil, false
	}
	if e.by == nil {
		e.by = map[string]int{}
	}
	e.all++
	e.by[user]++
	return sync.OnceFunc(func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.all--
		if e.by[user]--; e.by[user] == 0 {
			delete(e.by, user)
		}
	}), true
}

// uploadEvents streams until the upload is settled, the listener has gone, the
// server stops, or EventsFor is over: who comes again then is let in anew, or
// not.
func (s *server) uploadEvents(c *fiber.Ctx) error {
	u := uploadOf(c)
	c.Set(fiber.HeaderCacheControl, "no-store")
	if catalog.Settled(u.State) && c.Get("Last-Event-ID") == u.State {
		return c.SendStatus(fiber.StatusNoContent) // an EventSource does not come again
	}
	c.Set(fiber.HeaderContentType, "text/event-stream")
	c.Set("X-Accel-Buffering", "no")
	if c.Method() == fiber.MethodHead {
		return nil
	}
	leave, ok := s.ears.open(callerOf(c).User)
	if !ok {
		return &Failure{Status: fiber.StatusTooManyRequests, Name: "too-many-streams", Retry: 30 * time.Second}
	}
	// Not the request's context: it ends when this handler returns.
	ctx, stop := context.WithTimeout(context.Background(), s.EventsFor)
	changes, err := s.Intake.Watch(ctx, u.ID)
	if err != nil {
		stop()
		leave()
		return err
	}
	down, alive := c.Context().Done(), writeDeadline(c)
	inWords := func(p *catalog.Progress) any { return p }
	if route, _ := c.Locals(localRoute).(Route); route.Kind == Page {
		lang := language(c)
		inWords = func(p *catalog.Progress) any {
			return struct {
				*catalog.Progress
				Text templates.ProgressWords `json:"text"`
			}{p, s.pages.Progress(lang, *progressOf(p))}
		}
	}
	c.Context().SetBodyStreamWriter(func(w *bufio.Writer) {
		defer leave()
		defer stop()
		e := events{w: w, alive: alive, inWords: inWords}
		e.send("retry: %d\n\n", eventsAfter.Milliseconds())
		beat := time.NewTicker(s.EventsFor / eventsBeats)
		defer beat.Stop()
		for e.err == nil {
			select {
			case u, more := <-changes:
				if !more {
					return
				}
				e.upload(u)
			case <-beat.C:
				e.send(":\n\n")
			case <-down:
				return
			}
		}
	})
	return nil
}

// events writes to one listener. The first error stays: the listener has gone.
type events struct {
	w       *bufio.Writer
	alive   func()
	inWords func(*catalog.Progress) any
	state   string // last told
	err     error
}

func (e *events) send(format string, args ...any) {
	if e.err != nil {
		return
	}
	e.alive()
	fmt.Fprintf(e.w, format, args...)
	e.err = e.w.Flush()
}

func (e *events) upload(u catalog.Upload) {
	if u.State != e.state {
		e.state = u.State
		b, _ := json.Marshal(struct { // plain fields: cannot fail
			State   string `json:"state"`
			Release int    `json:"release,omitempty"`
		}{u.State, u.Release})
		e.send("id: %s\nevent: state\ndata: %s\n\n", u.State, b)
	}
	if u.Progress != nil {
		b, _ := json.Marshal(e.inWords(u.Progress))
		e.send("event: progress\ndata: %s\n\n", b)
	}
}

// progressOf is what a page shows of progress.
func progressOf(p *catalog.Progress) *templates.Progress {
	if p == nil {
		return nil
	}
	return &templates.Progress{Stage: p.Stage, Number: p.StageNumber, Of: p.Stages, Bytes: p.DoneBytes, Size: p.TotalBytes,
		Rows: p.Rows, AllRows: p.TotalRows, BytesASecond: p.BytesPerSecond, RowsASecond: p.RowsPerSecond, Left: p.Left}
}
