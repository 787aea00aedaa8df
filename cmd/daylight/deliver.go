package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"time"

	"daylight/ingest"
)

// unreached: there was no answer. refused: there was one, and it was no.
type (
	unreached struct{ error }
	refused   struct {
		status int
		error
	}
)

func (e *unreached) Unwrap() error { return e.error }
func (e *refused) Unwrap() error   { return e.error }

// passes says whether asking again can help: the line was cut, the portal was
// busy, full or being restarted, or it holds more or less than we believed.
func passes(err error) bool {
	var r *refused
	if !errors.As(err, &r) {
		var u *unreached
		return errors.As(err, &u)
	}
	switch r.status {
	case http.StatusLocked, http.StatusTooManyRequests, http.StatusConflict, http.StatusRequestTimeout, 460:
		return true
	}
	return r.status >= 500
}

// patience is how long is waited between two attempts: longer each time, until
// something moves.
type patience struct {
	next  time.Duration
	tries int
	most  int
}

const (
	firstWait = 500 * time.Millisecond
	mostWait  = 30 * time.Second
	// A portal that never answered is a wrong address more often than a bad line.
	triesUnknown = 4
	triesKnown   = 1 << 20 // --wait ends it
)

func newPatience(c *client) *patience {
	p := &patience{next: firstWait, most: triesUnknown}
	if c.answered {
		p.most = triesKnown
	}
	return p
}

// again waits, and says whether to try once more.
func (p *patience) again(ctx context.Context, err error) bool {
	if p.tries++; p.tries >= p.most || !passes(err) {
		return false
	}
	select {
	case <-ctx.Done():
		return false
	case <-time.After(p.next):
	}
	p.next = min(2*p.next, mostWait)
	return true
}

// deliver sends what the portal does not hold yet, by tus, and goes on after
// each cut until it holds all.
func (c *client) deliver(ctx context.Context, id string, f *os.File, size int64, sent *ingest.Meter) (uploadReply, error) {
	at := "/api/v1/tus/" + id
	wait, before := newPatience(c), int64(-1)
	for {
		offset, err := c.offset(ctx, at)
		if err == nil && offset > size {
			return uploadReply{}, fmt.Errorf("the portal holds more of this upload than the file has")
		}
		if err == nil {
			if offset > before && before >= 0 {
				wait = newPatience(c) // it moves
			}
			before = offset
			if offset == size {
				return c.send(ctx, http.MethodGet, "/api/v1/uploads/"+id, "", nil, 0, nil)
			}
			err = c.patch(ctx, at, f, offset, size, sent)
		}
		if err != nil && !wait.again(ctx, err) {
			if ctx.Err() != nil {
				return uploadReply{}, fmt.Errorf("not sent in full: run the same command again, and it goes on where it stopped")
			}
			return uploadReply{}, err
		}
	}
}

// offset asks how much of an upload is durable.
func (c *client) offset(ctx context.Context, at string) (int64, error) {
	res, err := c.tus(ctx, http.MethodHead, at, nil, 0, nil)
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseInt(res.Header.Get("Upload-Offset"), 10, 64)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("the portal's answer has no offset: is --server right?")
	}
	return n, nil
}

func (c *client) patch(ctx context.Context, at string, f *os.File, offset, size int64, sent *ingest.Meter) error {
	body := &outgoing{io.NewSectionReader(f, offset, size-offset), offset, sent}
	_, err := c.tus(ctx, http.MethodPatch, at, body, size-offset, http.Header{"Upload-Offset": {strconv.FormatInt(offset, 10)}})
	return err
}

// outgoing is the rest of a file on its way out.
type outgoing struct {
	r    io.Reader
	at   int64
	sent *ingest.Meter
}

func (o *outgoing) Read(p []byte) (int, error) {
	n, err := o.r.Read(p)
	o.at += int64(n)
	o.sent.Reach(o.at)
	return n, err
}

// tus sends a request of the protocol.
func (c *client) tus(ctx context.Context, method, at string, body io.Reader, size int64, header http.Header) (*http.Response, error) {
	media := ""
	if body != nil {
		media = "application/offset+octet-stream"
	}
	res, err := c.ask(ctx, method, at, media, body, func(req *http.Request) {
		req.ContentLength = size
		req.Header.Set("Tus-Resumable", "1.0.0")
		for k, v := range header {
			req.Header[k] = v
		}
	})
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err != nil {
		return nil, &unreached{fmt.Errorf("the portal's answer was cut: %w", err)}
	}
	if res.StatusCode >= 400 {
		return nil, &refused{res.StatusCode, refusal(res.StatusCode, raw)}
	}
	return res, nil
}
