package api

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"daylight/templates"
)

// The door of browsers: an agency's pages under /agency are opened with an API
// token, which is exchanged for a cookie. All that makes a cookie safe stands
// in this file:
//
//   - it is sent to /agency and /en/agency only, and read by routes marked
//     Session only: nowhere else does a cookie mean anything;
//   - on those routes a bearer token means nothing, and both together are an
//     error;
//   - whatever changes something is a form of ours: Sec-Fetch-Site or Origin
//     says so, and a hidden field that only a holder of the cookie's session
//     was shown;
//   - the session's row dies with its token, and after twelve hours.

const (
	sessionTime  = 12 * time.Hour
	sessionField = "form" // the hidden field of every form

	localForm    = "form"
	localSession = "session"
)

// sessionPaths are where the cookie is sent: "/" would send it along with
// every public page.
var sessionPaths = []string{"/agency", "/en/agency"}

// Sessions keeps browsers signed in.
type Sessions interface {
	// BeginSession exchanges a token for a session's secret; ErrToken.
	BeginSession(ctx context.Context, token string) (string, error)
	// Session gives ErrToken for anything but a living session.
	Session(ctx context.Context, secret string) (Caller, error)
	EndSession(ctx context.Context, secret string) error
}

// cookieName: with https the name itself demands that the cookie came over it.
func (s *server) cookieName() string {
	if s.secure() {
		return "__Secure-daylight"
	}
	return "daylight"
}

func (s *server) secure() bool { return strings.HasPrefix(s.Site.BaseURL, "https://") }

// sessionCaller is the caller of a Session route.
func (s *server) sessionCaller(c *fiber.Ctx) (Caller, error) {
	c.Set(fiber.HeaderCacheControl, "private, no-store")
	c.Set("X-Robots-Tag", "noindex")
	c.Response().Header.Del(fiber.HeaderAccessControlAllowOrigin) // no other site reads these
	c.Response().Header.Del(fiber.HeaderAccessControlExposeHeaders)
	secret := c.Cookies(s.cookieName())
	if c.Get(fiber.HeaderAuthorization) != "" {
		return Caller{}, failure(fiber.StatusBadRequest, "bad-request")
	}
	if secret == "" {
		return Caller{}, nil
	}
	who, err := s.Accounts.Session(c.UserContext(), secret)
	if errors.Is(err, ErrToken) {
		return Caller{}, nil // it has ended: as if there were none
	}
	if err != nil {
		return Caller{}, err
	}
	c.Locals(localSession, secret)
	return who, nil
}

// formToken is what a form of this session carries. It says nothing of the
// session's secret, and nobody who does not hold that can make it.
func formToken(c *fiber.Ctx) string {
	secret, _ := c.Locals(localSession).(string)
	if secret == "" {
		return ""
	}
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte("daylight form"))
	return hex.EncodeToString(mac.Sum(nil))
}

// checkForm lets an unsafe request of a browser in when it is a form of ours.
func (s *server) checkForm(c *fiber.Ctx) error {
	if readsOnly(c.Method()) {
		return nil
	}
	if !s.fromHere(c) {
		return failure(fiber.StatusForbidden, "foreign-form")
	}
	form, err := s.form(c)
	if err != nil {
		return err
	}
	want := formToken(c)
	if want != "" && subtle.ConstantTimeCompare([]byte(form.Get(sessionField)), []byte(want)) != 1 {
		return failure(fiber.StatusForbidden, "foreign-form")
	}
	return nil
}

// fromHere: a browser says where a form was sent from, and no page can make it
// say otherwise. A request that does not say is not a browser's.
func (s *server) fromHere(c *fiber.Ctx) bool {
	site, origin := c.Get("Sec-Fetch-Site"), c.Get(fiber.HeaderOrigin)
	if site == "" && origin == "" || site != "" && site != "same-origin" {
		return false
	}
	if origin == "" {
		return true
	}
	u, err := url.Parse(origin)
	if err != nil || u.Host == "" || !s.hosts[strings.ToLower(u.Host)] {
		return false
	}
	// Over plain http a stranger on the line could speak for our name.
	base, _ := url.Parse(s.Site.BaseURL)
	return !strings.EqualFold(u.Host, base.Host) || u.Scheme == base.Scheme
}

// form reads a form's body, at most maxJSONBody bytes, once. A file in it is
// read as the text of its field.
func (s *server) form(c *fiber.Ctx) (url.Values, error) {
	if v, ok := c.Locals(localForm).(url.Values); ok {
		return v, nil
	}
	media, parameters, err := mime.ParseMediaType(c.Get(fiber.HeaderContentType))
	if err != nil || media != fiber.MIMEApplicationForm && media != fiber.MIMEMultipartForm {
		return nil, failure(fiber.StatusUnsupportedMediaType, "media-type")
	}
	if r, _ := c.Locals(localRoute).(Route); r.File && media == fiber.MIMEMultipartForm {
		body := incomingOf(c)
		v, err := readFields(c, body, parameters["boundary"])
		if err != nil {
			return nil, failure(fiber.StatusBadRequest, "bad-body")
		}
		c.Locals(localForm, v)
		return v, nil
	}
	raw, err := io.ReadAll(io.LimitReader(bodyOf(c), maxJSONBody+1))
	if err != nil {
		return nil, failure(fiber.StatusBadRequest, "incomplete-body")
	}
	if len(raw) > maxJSONBody {
		return nil, failure(fiber.StatusRequestEntityTooLarge, "too-large")
	}
	var v url.Values
	if media == fiber.MIMEMultipartForm {
		v, err = readParts(raw, parameters["boundary"])
	} else {
		v, err = url.ParseQuery(string(raw))
	}
	if err != nil {
		return nil, failure(fiber.StatusBadRequest, "bad-body")
	}
	c.Locals(localForm, v)
	return v, nil
}

// readParts reads a multipart form that is in memory whole.
func readParts(raw []byte, boundary string) (url.Values, error) {
	v := url.Values{}
	for r := multipart.NewReader(bytes.NewReader(raw), boundary); ; {
		part, err := r.NextRawPart()
		if errors.Is(err, io.EOF) {
			return v, nil
		}
		if err != nil {
			return nil, err
		}
		text, err := io.ReadAll(part)
		if err != nil {
			return nil, err
		}
		if len(v) > 100 {
			return nil, errors.New("too many fields")
		}
		v.Add(part.FormName(), string(text))
	}
}

// signIn is the page in place of one that needs a session.
func (s *server) signIn(c *fiber.Ctx, wrong bool) error {
	p := templates.SignInPage{Site: s.site(c, templates.NavWork), Wrong: wrong, Next: nextPage(c.Path())}
	if wrong {
		p.Next = nextPage(formNext(c))
	}
	p.Site.Path = "/agency"
	return s.show(c, fiber.StatusUnauthorized, p)
}

var nextRule = regexp.MustCompile(`^/(en/)?agency(/inventory|/send|/uploads/[0-9a-f-]{36})?$`)

// nextPage is where to go after signing in: a page of ours, or the first one.
func nextPage(path string) string {
	if nextRule.MatchString(path) {
		return path
	}
	lang, _ := templates.SplitPath(path)
	return templates.Path(lang, "/agency")
}

func formNext(c *fiber.Ctx) string {
	v, _ := c.Locals(localForm).(url.Values)
	if next := v.Get("next"); next != "" {
		return next
	}
	return c.Path()
}

// beginSession signs a browser in. A session it had before ends: the secret
// changes at each sign-in.
func (s *server) beginSession(c *fiber.Ctx) error {
	form, err := s.form(c)
	if err != nil {
		return err
	}
	secret, err := s.Accounts.BeginSession(c.UserContext(), strings.TrimSpace(form.Get("token")))
	if errors.Is(err, ErrToken) {
		return s.signIn(c, true)
	}
	if err != nil {
		return err
	}
	if was, _ := c.Locals(localSession).(string); was != "" {
		if err := s.Accounts.EndSession(c.UserContext(), was); err != nil {
			return err
		}
	}
	s.setCookie(c, secret, s.Now().Add(sessionTime))
	return c.Redirect(nextPage(formNext(c)), fiber.StatusSeeOther)
}

func (s *server) endSession(c *fiber.Ctx) error {
	if was, _ := c.Locals(localSession).(string); was != "" {
		if err := s.Accounts.EndSession(c.UserContext(), was); err != nil {
			return err
		}
	}
	s.setCookie(c, "", time.Unix(0, 0))
	return c.Redirect(templates.Path(language(c), "/agency"), fiber.StatusSeeOther)
}

func (s *server) setCookie(c *fiber.Ctx, value string, expires time.Time) {
	for _, path := range sessionPaths {
		text := s.cookieName() + "=" + value + "; Path=" + path + "; Expires=" + expires.UTC().Format(http.TimeFormat) + "; HttpOnly; SameSite=Strict"
		if s.secure() {
			text += "; Secure"
		}
		c.Response().Header.Add(fiber.HeaderSetCookie, text)
	}
}
