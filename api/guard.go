package api

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"log/slog"
	"runtime"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"
)

// observe gives the request its id, one line in the log, and an answer even
// when a handler panics. The log holds the route's pattern, never the address
// that was asked for: queries are people's, and paths may be hostile.
func (s *server) observe(c *fiber.Ctx) (err error) {
	id := requestID()
	c.Locals(localID, id)
	c.Set(fiber.HeaderXRequestID, id)
	began := s.Now()
	defer func() {
		if p := recover(); p != nil {
			var pc [8]uintptr
			n := runtime.Callers(3, pc[:])
			at := ""
			for frames, more := runtime.CallersFrames(pc[:n]), true; more; {
				var f runtime.Frame
				if f, more = frames.Next(); strings.HasPrefix(f.Function, "daylight/") {
					at = fmt.Sprintf("%s:%d", f.Function, f.Line)
					break
				}
			}
			s.Log.Error("panic", "request", id, "at", at)
			err = s.fail(c, failure(fiber.StatusInternalServerError, "internal"))
		}
		pattern := "none"
		if r, ok := c.Locals(localRoute).(Route); ok {
			pattern = r.Path
		}
		s.Log.Info("request", "request", id, "method", methodName(c.Method()), "route", pattern,
			"status", c.Response().StatusCode(), "ms", s.Now().Sub(began).Milliseconds())
	}()
	if err = c.Next(); err != nil {
		s.logFailure(id, err)
		err = s.fail(c, err)
	}
	return err
}

func (s *server) logFailure(id string, err error) {
	if f, ok := asFailure(err); ok && f.cause == nil {
		return // told to the caller in full
	}
	s.Log.Error("failed", slog.String("request", id), slog.String("error", err.Error()))
}

// methodName is a known method or "other": the log takes nothing from outside.
func methodName(m string) string {
	if slices.Contains([]string{"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"}, m) {
		return m
	}
	return "other"
}

func requestID() string {
	var b [8]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// policy of every answer: no script runs.
const policy = "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// guard stands before every route.
func (s *server) guard(c *fiber.Ctx) error {
	h := &c.Response().Header
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "strict-origin-when-cross-origin")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Permissions-Policy", "geolocation=(), camera=(), microphone=()")
	h.Set("Content-Security-Policy", policy)
	if strings.HasPrefix(s.Site.BaseURL, "https://") {
		h.Set("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
	}
	if s.speaksTus(c) {
		s.tusHeaders(c)
	}
	if !s.hosts[strings.ToLower(string(c.Request().Host()))] {
		return failure(fiber.StatusMisdirectedRequest, "wrong-host")
	}
	// fasthttp would inflate it without limit: 1.8 KB of nested gzip took 4.6 GB.
	if len(c.Request().Header.Peek(fiber.HeaderContentEncoding)) > 0 {
		c.Response().SetConnectionClose() // what was sent is not read
		return failure(fiber.StatusUnsupportedMediaType, "content-encoding")
	}
	if readsOnly(c.Method()) && !s.speaksTus(c) {
		allowOthers(c)
	}
	if c.Method() == fiber.MethodOptions {
		return c.SendStatus(fiber.StatusNoContent)
	}
	return c.Next()
}

func readsOnly(method string) bool {
	return method == fiber.MethodGet || method == fiber.MethodHead || method == fiber.MethodOptions
}

// allowOthers lets pages of other sites read what is public: standards.md
// section 7. Never with credentials.
func allowOthers(c *fiber.Ctx) {
	h := &c.Response().Header
	h.Set(fiber.HeaderAccessControlAllowOrigin, "*")
	h.Set(fiber.HeaderAccessControlExposeHeaders, "Accept-Ranges, Content-Length, Content-Range, ETag, Last-Modified, Link, Repr-Digest, Retry-After, Location")
	if c.Method() == fiber.MethodOptions {
		h.Set(fiber.HeaderAllow, "GET, HEAD, OPTIONS")
		h.Set(fiber.HeaderAccessControlAllowMethods, "GET, HEAD, OPTIONS")
		h.Set(fiber.HeaderAccessControlAllowHeaders, "Range, If-None-Match, If-Range, Content-Type")
		h.Set(fiber.HeaderAccessControlMaxAge, "86400")
	}
}

// checkQuery refuses a parameter that an API route does not know: a filter
// with a spelling error must not silently give everything.
func (r Route) checkQuery(c *fiber.Ctx) error {
	if r.Kind != API {
		return nil
	}
	var wrong []string
	c.Request().URI().QueryArgs().VisitAll(func(key, _ []byte) {
		if !slices.Contains(r.Query, string(key)) {
			wrong = append(wrong, string(key))
		}
	})
	if len(wrong) == 0 {
		return nil
	}
	f := failure(fiber.StatusBadRequest, "unknown-parameter")
	for range wrong {
		f.Fields = append(f.Fields, FieldError{Parameter: "?", Message: "unknown parameter", Allowed: r.Query})
	}
	return f
}
