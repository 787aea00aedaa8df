package accounts

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"regexp"
	"time"

	"daylight/store"
)

// SessionTime is how long a browser stays signed in after a token was shown.
const SessionTime = 12 * time.Hour

var sessionRule = regexp.MustCompile(`^[a-z2-7]{52}$`)

// NewSession signs a browser in with a token. The text is the session's
// secret, new each time, returned this once and stored nowhere: the row holds
// its SHA-256. ErrToken where the token does not sign in.
func (a *Accounts) NewSession(ctx context.Context, token string) (text string, err error) {
	who, err := a.Verify(ctx, token)
	if err != nil {
		return "", err
	}
	random := make([]byte, secretBytes)
	rand.Read(random)
	text, prefix, now := lower.EncodeToString(random), tokenRule.FindStringSubmatch(token)[1], a.now()
	err = a.db.InTx(ctx, func(tx *store.Tx) error {
		if _, err := tx.Exec(ctx, `DELETE FROM sessions WHERE expires_at <= $1`, now); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `INSERT INTO sessions (sha256, prefix, created_at, expires_at) VALUES ($1, $2, $3, $4)`,
			digest(text), prefix, now, now.Add(SessionTime)); err != nil {
			return err
		}
		return a.audit(ctx, tx, who.User, "session.begin", who.User, map[string]string{"prefix": prefix})
	})
	if err != nil {
		return "", fmt.Errorf("new session: %w", err)
	}
	return text, nil
}

// Session says who a session speaks for, or ErrToken: also from the moment on
// when its token is revoked or expired, or its user disabled.
func (a *Accounts) Session(ctx context.Context, text string) (Identity, error) {
	if !sessionRule.MatchString(text) {
		return Identity{}, ErrToken
	}
	var id Identity
	var role string
	var ends, expires time.Time
	var revoked, disabled *time.Time
	err := a.db.QueryRow(ctx, `
		SELECT u.id, u.name, u.agency_id, u.role, u.disabled_at, t.expires_at, t.revoked_at, s.expires_at
		FROM sessions s JOIN tokens t ON t.prefix = s.prefix JOIN users u ON u.id = t.user_id WHERE s.sha256 = $1`, digest(text)).
		Scan(&id.User, &id.Name, &id.Agency, &role, &disabled, &expires, &revoked, &ends)
	if errors.Is(err, store.ErrNoRows) {
		return Identity{}, ErrToken
	}
	if err != nil {
		return Identity{}, fmt.Errorf("read session: %w", err)
	}
	if now := a.now(); revoked != nil || disabled != nil || !now.Before(expires) || !now.Before(ends) {
		return Identity{}, ErrToken
	}
	id.Role = Role(role)
	return id, nil
}

// EndSession signs a browser out. An unknown session is not an error.
func (a *Accounts) EndSession(ctx context.Context, text string) error {
	who, err := a.Session(ctx, text)
	if errors.Is(err, ErrToken) {
		return nil
	}
	if err != nil {
		return err
	}
	err = a.db.InTx(ctx, func(tx *store.Tx) error {
		if _, err := tx.Exec(ctx, `DELETE FROM sessions WHERE sha256 = $1`, digest(text)); err != nil {
			return err
		}
		return a.audit(ctx, tx, who.User, "session.end", who.User, nil)
	})
	if err != nil {
		return fmt.Errorf("end session: %w", err)
	}
	return nil
}
