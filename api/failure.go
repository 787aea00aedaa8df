package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"daylight/catalog"
	"daylight/templates"
)

// A Failure is an answer that says what went wrong and what to do. Its words
// come from lang/*.json, so that nothing of the request is ever echoed.
type Failure struct {
	Status int
	Name   string // stable: the last part of problem+json's type
	Fields []FieldError
	Retry  time.Duration // for 423, 429, 503 and 507
	cause  error         // for the log
}

// FieldError is one field or parameter that cannot be accepted.
type FieldError struct {
	Field     string   `json:"field,omitempty"`
	Parameter string   `json:"parameter,omitempty"`
	Code      string   `json:"code,omitempty"`
	Message   string   `json:"message"`
	Allowed   []string `json:"allowed,omitempty"`
	Column    string   `json:"column,omitempty"`
	Row       int64    `json:"row,omitempty"`
}

func (f *Failure) Error() string {
	if f.cause != nil {
		return fmt.Sprintf("%d %s: %v", f.Status, f.Name, f.cause)
	}
	return fmt.Sprintf("%d %s", f.Status, f.Name)
}

func (f *Failure) Unwrap() error { return f.cause }

func failure(status int, name string) *Failure { return &Failure{Status: status, Name: name} }

func asFailure(err error) (*Failure, bool) {
	var f *Failure
	ok := errors.As(err, &f)
	return f, ok
}

// failureOf tells an error of the packages below in the words of HTTP.
func failureOf(err error) *Failure {
	if f, ok := asFailure(err); ok {
		return f
	}
	var fiberError *fiber.Error
	var metadata *catalog.ErrMetadata
	switch {
	case errors.As(err, &metadata):
		return badMetadata(metadata.Problems)
	case errors.Is(err, catalog.ErrNotFound), errors.Is(err, fs.ErrNotExist):
		return &Failure{Status: fiber.StatusNotFound, Name: "not-found", cause: err}
	case errors.Is(err, catalog.ErrIdempotency):
		return failure(fiber.StatusUnprocessableEntity, "idempotency-key-reused")
	case errors.Is(err, catalog.ErrAddress):
		return failure(fiber.StatusUnprocessableEntity, "bad-address")
	case errors.Is(err, catalog.ErrTooLarge):
		return failure(fiber.StatusRequestEntityTooLarge, "too-large")
	case errors.Is(err, catalog.ErrNoSpace):
		return &Failure{Status: fiber.StatusInsufficientStorage, Name: "no-space", Retry: time.Minute, cause: err}
	case errors.Is(err, catalog.ErrBusy):
		return &Failure{Status: fiber.StatusLocked, Name: "upload-busy", Retry: 2 * time.Second}
	case errors.Is(err, catalog.ErrOffset):
		return failure(fiber.StatusConflict, "wrong-offset")
	case errors.Is(err, catalog.ErrGone):
		return failure(fiber.StatusGone, "upload-gone")
	case errors.Is(err, catalog.ErrChecksum):
		return failure(statusChecksum, "wrong-checksum")
	case errors.Is(err, catalog.ErrState):
		return failure(fiber.StatusConflict, "wrong-state")
	case errors.Is(err, catalog.ErrPublished):
		return failure(fiber.StatusConflict, "published")
	case errors.As(err, &fiberError):
		name := "bad-request"
		switch fiberError.Code {
		case fiber.StatusMethodNotAllowed:
			name = "method-not-allowed"
		case fiber.StatusNotFound:
			name = "not-found"
		case fiber.StatusRequestEntityTooLarge:
			name = "too-large"
		}
		return failure(fiberError.Code, name)
	}
	return &Failure{Status: fiber.StatusInternalServerError, Name: "internal", cause: err}
}

// fail writes the answer to an error: a page for those who read pages,
// problem+json for programs.
func (s *server) fail(c *fiber.Ctx, err error) error {
	f := failureOf(err)
	id, _ := c.Locals(localID).(string)
	c.Status(f.Status)
	c.Set(fiber.HeaderCacheControl, "no-store")
	c.Response().Header.Del(fiber.HeaderETag)
	c.Response().Header.Del(fiber.HeaderLastModified)
	if f.Retry > 0 {
		c.Set(fiber.HeaderRetryAfter, fmt.Sprint(int(f.Retry.Seconds())))
	}
	if !readsOnly(c.Method()) && c.Context().RequestBodyStream() != nil {
		c.Response().SetConnectionClose() // the rest of the body is not read
	}
	r, known := c.Locals(localRoute).(Route)
	if (!known || r.Kind == Page || r.Kind == Data) && wantsHTML(c) {
		p := templates.ErrorPage{Site: s.site(c, ""), Status: f.Status, RequestID: id, RetryAfter: f.Retry}
		if rel, ok := c.Locals(localRelease).(*catalog.Release); ok && f.Status == fiber.StatusGone {
			s.explainWithdrawal(c, rel, &p)
		}
		if d := datasetOf(c); d != nil && d.Withheld != nil && f.Status == fiber.StatusUnavailableForLegalReasons {
			s.explainWithholding(c, d, &p)
		}
		return s.show(c, f.Status, p)
	}
	lang := errorLanguage(c)
	title, do := s.pages.Problem(lang, f.Status)
	if words := s.pages.Say(lang, "problem."+f.Name); words != "problem."+f.Name {
		do = words
	}
	told := problem{
		Type: s.Site.BaseURL + "/problems/" + f.Name, Title: title, Status: f.Status,
		Detail: do, RequestID: id, Errors: f.Fields,
	}
	if rel, ok := c.Locals(localRelease).(*catalog.Release); ok && f.Status == fiber.StatusGone && rel.Withdrawn != nil {
		told.Reason = rel.Withdrawn.Reason
		if n := rel.Withdrawn.Successor; n > 0 {
			told.Successor = s.Site.BaseURL + "/datasets/" + datasetOf(c).Slug + "/v/" + strconv.Itoa(n)
		}
	}
	body, err := json.Marshal(told)
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderContentType, "application/problem+json; charset=utf-8")
	c.Set(fiber.HeaderContentLanguage, lang)
	c.Set(fiber.HeaderVary, "Accept, Accept-Language")
	return c.Send(body)
}

// problem is RFC 9457.
type problem struct {
	Type      string       `json:"type"`
	Title     string       `json:"title"`
	Status    int          `json:"status"`
	Detail    string       `json:"detail"`
	RequestID string       `json:"request_id"`
	Errors    []FieldError `json:"errors,omitempty"`
	Reason    catalog.Text `json:"reason,omitempty"`    // of a withdrawal
	Successor string       `json:"successor,omitempty"` // address of the version to use instead
}

// wantsHTML: a browser names text/html; curl and libraries say */* or JSON.
func wantsHTML(c *fiber.Ctx) bool {
	return strings.Contains(c.Get(fiber.HeaderAccept), "text/html")
}

// errorLanguage: the parameter, the address, the reader's preference; else
// Vietnamese, the portal's first language.
func errorLanguage(c *fiber.Ctx) string {
	if l := c.Query("lang"); l == "en" || l == "vi" {
		return l
	}
	if lang, rest := templates.SplitPath(c.Path()); rest != c.Path() {
		return lang
	}
	for _, part := range strings.Split(c.Get(fiber.HeaderAcceptLanguage), ",") {
		tag, _, _ := strings.Cut(strings.TrimSpace(part), ";")
		switch base, _, _ := strings.Cut(strings.ToLower(tag), "-"); base {
		case "vi", "en":
			return base
		}
	}
	return "vi"
}

// unknown answers for every address that has no route, and for a known one
// with a method it does not have.
func (s *server) unknown(c *fiber.Ctx) error {
	if !readsOnly(c.Method()) {
		if s.known(c.Path()) {
			c.Set(fiber.HeaderAllow, "GET, HEAD, OPTIONS")
			return failure(fiber.StatusMethodNotAllowed, "method-not-allowed")
		}
	}
	return failure(fiber.StatusNotFound, "not-found")
}

// known says whether the address can be read.
func (s *server) known(path string) bool {
	for _, r := range Routes {
		if r.Method == get && !(r.Agencies && s.Intake == nil) {
			for _, p := range r.paths() {
				if fiber.RoutePatternMatch(path, p) {
					return true
				}
			}
		}
	}
	return false
}
