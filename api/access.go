package api

import (
	"errors"

	"github.com/gofiber/fiber/v2"

	"daylight/catalog"
)

// Who stands before the door, as one route and one object see it.
type Who int

const (
	Anonymous     Who = iota
	Own               // a token of the agency that the object belongs to
	Other             // a token of another agency
	Administrator     // a token of a portal administrator
)

// Everyone lists them all, for tests and documents.
var Everyone = []Who{Anonymous, Own, Other, Administrator}

func (w Who) String() string {
	return [...]string{"anonymous", "own agency", "other agency", "administrator"}[w]
}

// A Verdict is what happens to a request before its handler.
type Verdict int

const (
	Refuse  Verdict = iota // 403: the zero Verdict lets nobody in
	Allow                  // the handler answers
	SignIn                 // 401: a token is needed
	Hide                   // 404: told as if there were nothing
	Expired                // 410: it was public once
	Blocked                // 451: withheld for a legal reason, which the register tells
)

// State is what the object of a route is in when it is asked for.
type State string

const (
	Always      State = "always"      // the route has no object, or its state does not matter
	Published   State = "published"   // public
	Withheld    State = "withheld"    // its description is public, its data are not
	Withdrawn   State = "withdrawn"   // public once
	Unpublished State = "unpublished" // a draft, or nothing at all: the two are not told apart
	Absent      State = "absent"      // nothing of that name, on a route that may create it
)

// A Rule says what each caller meets. The order is that of Everyone.
type Rule [4]Verdict

// For gives the verdict for a caller.
func (r Rule) For(w Who) Verdict { return r[w] }

// Rules of a route, by the state of its object. A state without a rule is
// answered as Refuse.
type Rules map[State]Rule

var (
	open    = Rule{Allow, Allow, Allow, Allow}
	hidden  = Rule{Hide, Hide, Hide, Hide}
	expired = Rule{Expired, Expired, Expired, Expired}
	blocked = Rule{Blocked, Blocked, Blocked, Blocked}
	owners  = Rule{SignIn, Allow, Hide, Allow}    // another agency's object: as if there were none
	members = Rule{SignIn, Allow, Allow, Allow}   // any token
	admins  = Rule{SignIn, Refuse, Refuse, Allow} // the portal's administrators
)

// object is what a route speaks of.
type object struct {
	state  State
	agency catalog.AgencyID // who owns it; "": nobody in particular
}

// Keys of a request's locals.
const (
	localCaller  = "caller"
	localRelease = "release"
	localDataset = "dataset"
	localUpload  = "upload"
	localPair    = "pair"
	localID      = "request id"
	localRoute   = "route"
)

// admit looks the caller and the object up in the matrix.
func (s *server) admit(r Route) fiber.Handler {
	return func(c *fiber.Ctx) error {
		c.Locals(localRoute, r)
		if err := r.checkQuery(c); err != nil {
			return err
		}
		read := s.caller
		if r.Session {
			read = s.sessionCaller
		}
		caller, err := read(c)
		if err != nil {
			return err
		}
		c.Locals(localCaller, caller)
		if r.Session {
			if err := s.checkForm(c); err != nil {
				return err
			}
		}
		o := object{state: Always}
		if r.object != nil {
			if o, err = r.object(s, c); err != nil {
				return err
			}
		}
		switch r.Rules[o.state].For(caller.as(o)) {
		case Allow:
			return c.Next()
		case SignIn:
			if r.Session {
				return s.signIn(c, false)
			}
			c.Set(fiber.HeaderWWWAuthenticate, `Bearer realm="daylight"`)
			return failure(fiber.StatusUnauthorized, "token-needed")
		case Hide:
			return failure(fiber.StatusNotFound, "not-found")
		case Expired:
			return failure(fiber.StatusGone, "withdrawn")
		case Blocked:
			return failure(fiber.StatusUnavailableForLegalReasons, "withheld")
		}
		return failure(fiber.StatusForbidden, "not-allowed")
	}
}

func (c Caller) as(o object) Who {
	switch {
	case c.Admin:
		return Administrator
	case c.User == "":
		return Anonymous
	case o.agency == "" || o.agency == c.Agency:
		return Own
	}
	return Other
}

// caller reads the token. A wrong one is never taken for none: the sender
// would believe to be known.
func (s *server) caller(c *fiber.Ctx) (Caller, error) {
	header := c.Get(fiber.HeaderAuthorization)
	if header == "" {
		return Caller{}, nil
	}
	token := bearer(header)
	c.Set(fiber.HeaderCacheControl, "private, no-store")
	if s.Accounts == nil {
		return Caller{}, failure(fiber.StatusUnauthorized, "token-wrong")
	}
	who, err := s.Accounts.Verify(c.UserContext(), token)
	if errors.Is(err, ErrToken) {
		c.Set(fiber.HeaderWWWAuthenticate, `Bearer realm="daylight", error="invalid_token"`)
		return Caller{}, failure(fiber.StatusUnauthorized, "token-wrong")
	}
	return who, err
}

func callerOf(c *fiber.Ctx) Caller {
	who, _ := c.Locals(localCaller).(Caller)
	return who
}
