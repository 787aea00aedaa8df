package accounts

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"daylight/store"
)

// A token reads dl_{prefix}_{secret}: 5 and 32 random bytes in lower-case
// base32. The prefix finds the row and may be shown; the whole is known to its
// owner only, the row holds its SHA-256. 32 random bytes need no slow hash.
const (
	prefixBytes = 5
	secretBytes = 32
)

var (
	lower     = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)
	tokenRule = regexp.MustCompile(`^dl_([a-z2-7]{8})_[a-z2-7]{52}$`)
)

// nobody is looked up and compared for a text that is no token, so that it
// takes the work of one that is.
const nobody = "dl_00000000_0000000000000000000000000000000000000000000000000000"

// Token is what is known of one after it was shown.
type Token struct {
	Prefix  string
	User    string // its id
	Created time.Time
	Expires time.Time
	Revoked time.Time // zero: not revoked
}

// Identity is who a token speaks for.
type Identity struct {
	User   string // id
	Name   string
	Agency string // id; "" for an administrator
	Role   Role
}

// NewToken makes a token for a user, by id or name. The text is returned this
// once and stored nowhere. Every token expires.
func (a *Accounts) NewToken(ctx context.Context, by, idOrName string, expires time.Time) (text string, err error) {
	now := a.now()
	if !expires.After(now) {
		return "", fmt.Errorf("new token: %w: it must expire, and not before it begins", ErrInvalid)
	}
	random := make([]byte, prefixBytes+secretBytes)
	rand.Read(random)
	prefix := lower.EncodeToString(random[:prefixBytes])
	text = "dl_" + prefix + "_" + lower.EncodeToString(random[prefixBytes:])
	err = a.db.InTx(ctx, func(tx *store.Tx) error {
		u, err := scanUser(tx.QueryRow(ctx, userColumns+` WHERE id = $1 OR name = $1`, idOrName))
		if err != nil {
			return err
		}
		if !u.Disabled.IsZero() {
			return ErrDisabled
		}
		if _, err := tx.Exec(ctx, `INSERT INTO tokens (prefix, user_id, sha256, created_at, expires_at) VALUES ($1, $2, $3, $4, $5)`,
			prefix, u.ID, digest(text), now, expires); err != nil {
			return err
		}
		return a.audit(ctx, tx, by, "token.new", u.ID, map[string]string{"prefix": prefix, "expires": store.FormatTime(expires)})
	})
	if err != nil {
		return "", fmt.Errorf("new token: %w", err)
	}
	return text, nil
}

// Tokens lists those of a user, by id or name, oldest first; expired and
// revoked ones too.
func (a *Accounts) Tokens(ctx context.Context, idOrName string) ([]Token, error) {
	tokens, err := a.tokens(ctx, idOrName)
	if err != nil {
		return nil, fmt.Errorf("list tokens: %w", err)
	}
	return tokens, nil
}

func (a *Accounts) tokens(ctx context.Context, idOrName string) ([]Token, error) {
	u, err := a.User(ctx, idOrName)
	if err != nil {
		return nil, err
	}
	rows, err := a.db.Query(ctx, `SELECT prefix, user_id, created_at, expires_at, revoked_at FROM tokens
		WHERE user_id = $1 ORDER BY created_at, prefix`, u.ID)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var tokens []Token
	for rows.Next() {
		var t Token
		var revoked *time.Time
		if err := rows.Scan(&t.Prefix, &t.User, &t.Created, &t.Expires, &revoked); err != nil {
			return nil, err
		}
		if revoked != nil {
			t.Revoked = *revoked
		}
		tokens = append(tokens, t)
	}
	return tokens, rows.Err()
}

// Revoke ends a token, by its prefix, from the next request on. Twice is not an
// error.
func (a *Accounts) Revoke(ctx context.Context, by, prefix string) error {
	err := a.db.InTx(ctx, func(tx *store.Tx) error {
		var user string
		var revoked *time.Time
		err := tx.QueryRow(ctx, `SELECT user_id, revoked_at FROM tokens WHERE prefix = $1`, prefix).Scan(&user, &revoked)
		if errors.Is(err, store.ErrNoRows) {
			return ErrNotFound
		}
		if err != nil || revoked != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE tokens SET revoked_at = $1 WHERE prefix = $2`, a.now(), prefix); err != nil {
			return err
		}
		return a.audit(ctx, tx, by, "token.revoke", user, map[string]string{"prefix": prefix})
	})
	if err != nil {
		return fmt.Errorf("revoke token: %w", err)
	}
	return nil
}

// Verify says who a token speaks for, or ErrToken. Any other error is the
// database's. A text that is no token costs the same as one whose secret is
// wrong: one hash, one look-up, one comparison.
func (a *Accounts) Verify(ctx context.Context, text string) (Identity, error) {
	m := tokenRule.FindStringSubmatch(text)
	wellFormed := m != nil
	if !wellFormed {
		text, m = nobody, []string{nobody, nobody[3:11]}
	}
	got := digest(text)

	var id Identity
	var role, want string
	var expires time.Time
	var revoked, disabled *time.Time
	err := a.db.QueryRow(ctx, `
		SELECT u.id, u.name, u.agency_id, u.role, u.disabled_at, t.sha256, t.expires_at, t.revoked_at
		FROM tokens t JOIN users u ON u.id = t.user_id WHERE t.prefix = $1`, m[1]).
		Scan(&id.User, &id.Name, &id.Agency, &role, &disabled, &want, &expires, &revoked)
	known := err == nil
	if err != nil && !errors.Is(err, store.ErrNoRows) {
		return Identity{}, fmt.Errorf("verify token: %w", err)
	}
	if !known {
		want = strings.Repeat("0", len(got))
	}
	same := subtle.ConstantTimeCompare([]byte(got), []byte(want)) == 1
	if !wellFormed || !known || !same || revoked != nil || disabled != nil || !a.now().Before(expires) {
		return Identity{}, ErrToken
	}
	id.Role = Role(role)
	return id, nil
}

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

func (a *Accounts) audit(ctx context.Context, tx *store.Tx, by, action, subject string, detail map[string]string) error {
	e := store.AuditEntry{At: a.now(), Actor: by, Action: action, Subject: subject}
	if detail != nil {
		var err error
		if e.Detail, err = json.Marshal(detail); err != nil {
			return err
		}
	}
	return a.db.Audit(ctx, tx, e)
}
