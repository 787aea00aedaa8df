// Package accounts knows who may send: users, their roles, and the API tokens
// they sign in with. Its rows live in the private database, so a process that
// serves only the public has no accounts at all. What a role may do is decided
// by package api, not here. Every change leaves a row in the audit log.
package accounts

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"daylight/store"

	"github.com/google/uuid"
)

// Role says what kind of user this is.
type Role string

const (
	// Publisher sends the files of one agency.
	Publisher Role = "publisher"
	// Administrator runs the portal and belongs to no agency.
	Administrator Role = "administrator"
)

// Roles in the order a form offers them.
var Roles = []Role{Publisher, Administrator}

// System is the actor of what no signed-in user did, as the command line.
const System = "system"

var (
	// ErrToken is every reason why a token does not sign in: unknown, malformed,
	// wrong, expired, revoked, or of a disabled user. They are not told apart.
	ErrToken = errors.New("token is not valid")
	// ErrNotFound: there is no such user, or no such token.
	ErrNotFound = errors.New("no such account")
	// ErrExists: the name is taken, also by a user that is disabled.
	ErrExists = errors.New("name is taken")
	// ErrDisabled: the user gets no new tokens.
	ErrDisabled = errors.New("user is disabled")
	// ErrInvalid: a field is not as it must be; the text says which.
	ErrInvalid = errors.New("invalid account")
)

// User is one person or program that sends. A user is never deleted, because
// the audit log names it.
type User struct {
	ID       string // UUID
	Name     string // to sign in with and to be listed by; unique
	Agency   string // its id; "" for an administrator
	Role     Role
	Created  time.Time
	Disabled time.Time // zero: not disabled
}

// Accounts are the users and tokens of a portal.
type Accounts struct {
	db  *store.PrivateDB
	now func() time.Time
}

// New gives the accounts in db. The clock decides what has expired.
func New(db *store.PrivateDB, now func() time.Time) *Accounts { return &Accounts{db: db, now: now} }

// A name goes into file names, logs and URLs of the command line, so it is plain.
var nameRule = regexp.MustCompile(`^[a-z0-9](?:[a-z0-9._@-]{0,62}[a-z0-9])?$`)

// AddUser makes a user. A publisher has an agency, an administrator has none.
// By is the id of who does it, or System.
func (a *Accounts) AddUser(ctx context.Context, by, name, agency string, role Role) (User, error) {
	u := User{ID: uuid.NewString(), Name: name, Agency: agency, Role: role, Created: a.now().UTC().Truncate(time.Microsecond)}
	err := u.check()
	if err == nil {
		err = a.db.InTx(ctx, func(tx *store.Tx) error {
			var taken int
			if err := tx.QueryRow(ctx, `SELECT count(*) FROM users WHERE name = $1`, name).Scan(&taken); err != nil {
				return err
			}
			if taken > 0 {
				return ErrExists
			}
			if _, err := tx.Exec(ctx, `INSERT INTO users (id, name, agency_id, role, created_at) VALUES ($1, $2, $3, $4, $5)`,
				u.ID, u.Name, u.Agency, string(u.Role), u.Created); err != nil {
				return err
			}
			return a.audit(ctx, tx, by, "user.add", u.ID, map[string]string{"agency": u.Agency, "role": string(u.Role)})
		})
	}
	if err != nil {
		return User{}, fmt.Errorf("add user: %w", err)
	}
	return u, nil
}

func (u User) check() error {
	switch {
	case !nameRule.MatchString(u.Name):
		return fmt.Errorf("%w: a name is 1 to 64 of a-z, 0-9, '.', '_', '@' and '-', and begins and ends with a letter or digit", ErrInvalid)
	case u.Role != Publisher && u.Role != Administrator:
		return fmt.Errorf("%w: a role is publisher or administrator", ErrInvalid)
	case u.Role == Publisher && u.Agency == "":
		return fmt.Errorf("%w: a publisher belongs to an agency", ErrInvalid)
	case u.Role == Administrator && u.Agency != "":
		return fmt.Errorf("%w: an administrator belongs to no agency", ErrInvalid)
	case len(u.Agency) > 64 || !utf8.ValidString(u.Agency) || strings.ContainsFunc(u.Agency, func(r rune) bool { return r < ' ' }):
		return fmt.Errorf("%w: an agency's id is at most 64 bytes", ErrInvalid)
	}
	return nil
}

// User finds one by id or by name.
func (a *Accounts) User(ctx context.Context, idOrName string) (User, error) {
	u, err := scanUser(a.db.QueryRow(ctx, userColumns+` WHERE id = $1 OR name = $1`, idOrName))
	if err != nil {
		return User{}, fmt.Errorf("find user: %w", err)
	}
	return u, nil
}

// Users lists all, by name; disabled ones too.
func (a *Accounts) Users(ctx context.Context) ([]User, error) {
	rows, err := a.db.Query(ctx, userColumns+` ORDER BY name`)
	if err != nil {
		return nil, fmt.Errorf("list users: %w", err)
	}
	defer rows.Close()
	var users []User
	for rows.Next() {
		u, err := scanUser(rows)
		if err != nil {
			return nil, fmt.Errorf("list users: %w", err)
		}
		users = append(users, u)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("list users: %w", err)
	}
	return users, nil
}

// Disable shuts a user out, with all its tokens, from the next request on.
// Twice is not an error.
func (a *Accounts) Disable(ctx context.Context, by, idOrName string) error {
	err := a.db.InTx(ctx, func(tx *store.Tx) error {
		u, err := scanUser(tx.QueryRow(ctx, userColumns+` WHERE id = $1 OR name = $1`, idOrName))
		if err != nil || !u.Disabled.IsZero() {
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE users SET disabled_at = $1 WHERE id = $2`, a.now(), u.ID); err != nil {
			return err
		}
		return a.audit(ctx, tx, by, "user.disable", u.ID, nil)
	})
	if err != nil {
		return fmt.Errorf("disable user: %w", err)
	}
	return nil
}

const userColumns = `SELECT id, name, agency_id, role, created_at, disabled_at FROM users`

// scanner is a store.Row or store.Rows.
type scanner interface{ Scan(dest ...any) error }

func scanUser(row scanner) (User, error) {
	var u User
	var role string
	var disabled *time.Time
	err := row.Scan(&u.ID, &u.Name, &u.Agency, &role, &u.Created, &disabled)
	if errors.Is(err, store.ErrNoRows) {
		return User{}, ErrNotFound
	}
	if err != nil {
		return User{}, err
	}
	u.Role = Role(role)
	if disabled != nil {
		u.Disabled = *disabled
	}
	return u, nil
}
