package api

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"
)

// A flow is an answer that is written while it is made. Its length is not known
// before; one that fails is cut off, so that nobody takes a part for the whole.
type flow struct {
	*io.PipeWriter
	ctx context.Context // ends with the answer
}

// Limits of flows.
const (
	flowsAtOnce = 16
	flowTime    = 10 * time.Minute
)

var errFlow = errors.New("an answer cannot be made to its end")

// busy asks to come again after a time.
func busy(after time.Duration) *Failure {
	return &Failure{Status: fiber.StatusServiceUnavailable, Name: "busy", Retry: after}
}

// flows counts those that are open, and pages that are made of as many rows.
type flows struct {
	mu sync.Mutex
	n  int // guarded by mu
}

func (f *flows) open() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.n >= flowsAtOnce {
		return false
	}
	f.n++
	return true
}

func (f *flows) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.n--
}

// flow answers with what write writes. done is called when nothing is read any
// more, also where the answer is refused.
func (s *server) flow(c *fiber.Ctx, done func(), write func(*flow) error) error {
	if !s.flows.open() {
		done()
		return busy(15 * time.Second)
	}
	// Not the request's context: it ends when the handler returns.
	ctx, stop := context.WithTimeout(context.Background(), flowTime)
	from, to := io.Pipe()
	id, _ := c.Locals(localID).(string)
	go func() {
		err := errFlow // of a panic
		defer func() {
			recover()
			stop()
			done()
			s.flows.close()
			if err != nil && !errors.Is(err, io.ErrClosedPipe) {
				s.logFailure(id, err)
			}
			to.CloseWithError(err)
		}()
		err = write(&flow{to, ctx})
	}()
	c.Context().SetBodyStream(&flowing{from, writeDeadline(c), stop}, -1)
	return nil
}

// flowing is the reading end. Each read moves the connection's deadline.
type flowing struct {
	*io.PipeReader
	alive func()
	stop  func()
}

func (f *flowing) Read(p []byte) (int, error) {
	f.alive()
	return f.PipeReader.Read(p)
}

// Close tells the writing end that nobody reads any more.
func (f *flowing) Close() error {
	f.stop()
	return f.PipeReader.Close()
}
