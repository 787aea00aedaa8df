package api

import (
	"encoding/base64"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gofiber/fiber/v2"

	"daylight/catalog"
)

// incoming is a body on its way in. Each read moves the connection's deadline,
// so that a slow line is served as long as bytes flow; an end before the
// announced length is an error, never the end of a file.
type incoming struct {
	r       io.Reader
	conn    net.Conn
	want    int64 // -1: chunked, the length is not known
	got     int64
	cut     bool
	stopped atomic.Bool
}

func incomingOf(c *fiber.Ctx) *incoming {
	return &incoming{r: bodyOf(c), conn: c.Context().Conn(), want: int64(c.Request().Header.ContentLength())}
}

func (b *incoming) Read(p []byte) (int, error) {
	if b.conn != nil {
		b.conn.SetReadDeadline(time.Now().Add(idleTime))
	}
	if b.stopped.Load() {
		return 0, io.ErrUnexpectedEOF
	}
	n, err := b.r.Read(p)
	b.got += int64(n)
	if err != nil && (!errors.Is(err, io.EOF) || b.want >= 0 && b.got < b.want) {
		b.cut = true
		return n, io.ErrUnexpectedEOF
	}
	return n, err
}

// Interrupt ends the body as a cut line would: its sender came back on another
// one. It may be called while Read waits.
func (b *incoming) Interrupt() {
	b.stopped.Store(true)
	if b.conn != nil {
		b.conn.SetReadDeadline(time.Now())
	}
}

// broke says that the body did not come to its end.
func (b *incoming) broke() bool { return b.cut || b.stopped.Load() }

// bodies are the files that are coming in, by agency.
type bodies struct {
	mu sync.Mutex
	by map[catalog.AgencyID]int // guarded by mu
}

// open takes a place of most; close gives it back. False: all are taken.
func (b *bodies) open(agency catalog.AgencyID, most int) (close func(), ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.by[agency] >= most {
		return nil, false
	}
	if b.by == nil {
		b.by = map[catalog.AgencyID]int{}
	}
	b.by[agency]++
	return func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		if b.by[agency]--; b.by[agency] == 0 {
			delete(b.by, agency)
		}
	}, true
}

func tooManyUploads() *Failure {
	return &Failure{Status: fiber.StatusTooManyRequests, Name: "too-many-uploads", Retry: 10 * time.Second}
}

// contentDigest reads the SHA-256 of Content-Digest (RFC 9530); nil: the sender
// gives none at all.
func contentDigest(c *fiber.Ctx) ([]byte, error) {
	header := c.Get("Content-Digest")
	if header == "" {
		return nil, nil
	}
	for member := range strings.SplitSeq(header, ",") {
		coded, ours := strings.CutPrefix(strings.TrimSpace(member), "sha-256=:")
		if !ours {
			continue
		}
		coded, ended := strings.CutSuffix(coded, ":")
		if sum, err := base64.StdEncoding.DecodeString(coded); err == nil && ended && len(sum) == 32 {
			return sum, nil
		}
		break
	}
	return nil, badHeader("Content-Digest", "want sha-256=:…: with the sum in base64")
}
