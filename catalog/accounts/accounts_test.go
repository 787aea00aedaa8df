package accounts

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"daylight/store"

	"github.com/google/go-cmp/cmp"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// clock is moved by hand.
type clock struct{ now time.Time }

func open(t *testing.T) (*Accounts, *store.PrivateDB, *clock) {
	t.Helper()
	db, err := store.OpenPrivateDB(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "work.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	if err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	c := &clock{noon}
	return New(db, func() time.Time { return c.now }), db, c
}

func add(t *testing.T, a *Accounts, name, agency string, role Role) User {
	t.Helper()
	u, err := a.AddUser(t.Context(), System, name, agency, role)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func token(t *testing.T, a *Accounts, user string, expires time.Time) string {
	t.Helper()
	text, err := a.NewToken(t.Context(), System, user, expires)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func actions(t *testing.T, db *store.PrivateDB) (list []string) {
	t.Helper()
	for e, err := range db.AuditLog(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, e.Actor+" "+e.Action)
	}
	if _, err := db.VerifyAudit(t.Context()); err != nil {
		t.Error(err)
	}
	return list
}

func TestUsers(t *testing.T) {
	a, db, c := open(t)
	pub := add(t, a, "so-y-te", "agency-1", Publisher)
	adm := add(t, a, "admin", "", Administrator)
	users, err := a.Users(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]User{adm, pub}, users); d != "" {
		t.Error(d)
	}
	for _, key := range []string{pub.ID, pub.Name} {
		if u, err := a.User(t.Context(), key); err != nil || u != pub {
			t.Errorf("by %s: %+v, %v", key, u, err)
		}
	}
	if _, err := a.User(t.Context(), "nobody"); !errors.Is(err, ErrNotFound) {
		t.Errorf("nobody: %v", err)
	}
	c.now = noon.Add(time.Hour)
	for range 2 { // the second changes nothing, and is no line in the log
		if err := a.Disable(t.Context(), adm.ID, pub.Name); err != nil {
			t.Fatal(err)
		}
	}
	if u, _ := a.User(t.Context(), pub.ID); !u.Disabled.Equal(c.now) {
		t.Errorf("disabled at %v", u.Disabled)
	}
	if err := a.Disable(t.Context(), adm.ID, "nobody"); !errors.Is(err, ErrNotFound) {
		t.Errorf("disable nobody: %v", err)
	}
	if d := cmp.Diff([]string{"system user.add", "system user.add", adm.ID + " user.disable"}, actions(t, db)); d != "" {
		t.Error(d)
	}
}

func TestAddUserRefuses(t *testing.T) {
	a, db, _ := open(t)
	add(t, a, "taken", "agency-1", Publisher)
	for _, c := range []struct {
		name, agency string
		role         Role
		want         error
	}{
		{"taken", "agency-2", Publisher, ErrExists},
		{"", "x", Publisher, ErrInvalid},
		{"Hoa", "x", Publisher, ErrInvalid},
		{"a b", "x", Publisher, ErrInvalid},
		{"../x", "x", Publisher, ErrInvalid},
		{"x\n", "x", Publisher, ErrInvalid},
		{strings.Repeat("x", 65), "x", Publisher, ErrInvalid},
		{"p", "", Publisher, ErrInvalid},
		{"p", "a\nb", Publisher, ErrInvalid},
		{"a", "x", Administrator, ErrInvalid},
		{"r", "x", "", ErrInvalid},
		{"r", "x", "root", ErrInvalid},
	} {
		if _, err := a.AddUser(t.Context(), System, c.name, c.agency, c.role); !errors.Is(err, c.want) {
			t.Errorf("%+v: %v", c, err)
		}
	}
	if _, err := a.AddUser(t.Context(), "", "fine", "x", Publisher); err == nil {
		t.Error("nobody did it, says the log")
	}
	if users, _ := a.Users(t.Context()); len(users) != 1 {
		t.Errorf("%d users", len(users))
	}
	if n := len(actions(t, db)); n != 1 {
		t.Errorf("%d lines in the log", n)
	}
}

func TestTokens(t *testing.T) {
	ctx := t.Context()
	a, db, c := open(t)
	pub := add(t, a, "so-y-te", "agency-1", Publisher)
	adm := add(t, a, "admin", "", Administrator)
	one := token(t, a, pub.Name, noon.Add(time.Hour))
	two := token(t, a, pub.ID, noon.Add(2*time.Hour))
	root := token(t, a, adm.ID, noon.Add(24*time.Hour))
	if !tokenRule.MatchString(one) || one == two {
		t.Errorf("tokens %q and %q", one, two)
	}

	good := func(text string, want Identity) {
		t.Helper()
		if id, err := a.Verify(ctx, text); err != nil || id != want {
			t.Errorf("verify: %+v, %v", id, err)
		}
	}
	bad := func(why, text string) {
		t.Helper()
		// One error for every reason, so that nobody learns which.
		if id, err := a.Verify(ctx, text); err != ErrToken || id != (Identity{}) {
			t.Errorf("%s: %+v, %v", why, id, err)
		}
	}
	publisher := Identity{User: pub.ID, Name: "so-y-te", Agency: "agency-1", Role: Publisher}
	good(one, publisher)
	good(two, publisher)
	good(root, Identity{User: adm.ID, Name: "admin", Role: Administrator})

	prefix, secret := one[3:11], one[12:]
	bad("nothing", "")
	bad("the prefix alone", "dl_"+prefix)
	bad("an unknown prefix", "dl_aaaaaaaa_"+secret)
	bad("another's secret", "dl_"+prefix+"_"+two[12:])
	bad("another's prefix", "dl_"+two[3:11]+"_"+secret)
	bad("a letter changed", one[:len(one)-1]+string('a'+(one[len(one)-1]-'a'+1)%26))
	bad("a letter more", one+"a")
	bad("a line end", one+"\n")
	bad("upper case", strings.ToUpper(one))
	bad("the stand-in for no token", nobody)
	bad("megabytes", "dl_"+strings.Repeat("a", 1<<20))
	bad("a zero byte", "dl_"+prefix+"_\x00")

	tokens, err := a.Tokens(ctx, pub.Name)
	if err != nil || len(tokens) != 2 {
		t.Fatalf("%+v, %v", tokens, err)
	}
	for range 2 {
		if err := a.Revoke(ctx, adm.ID, prefix); err != nil {
			t.Fatal(err)
		}
	}
	bad("revoked", one)
	good(two, publisher)
	if err := a.Revoke(ctx, adm.ID, "aaaaaaaa"); !errors.Is(err, ErrNotFound) {
		t.Errorf("revoke none: %v", err)
	}

	c.now = noon.Add(2*time.Hour - time.Microsecond)
	good(two, publisher)
	c.now = noon.Add(2 * time.Hour)
	bad("expired on the dot", two)
	for _, expires := range []time.Time{{}, c.now, c.now.Add(-time.Second)} {
		if _, err := a.NewToken(ctx, System, pub.ID, expires); !errors.Is(err, ErrInvalid) {
			t.Errorf("expires %v: %v", expires, err)
		}
	}

	if err := a.Disable(ctx, System, adm.ID); err != nil {
		t.Fatal(err)
	}
	bad("of a disabled user", root)
	if _, err := a.NewToken(ctx, System, adm.ID, c.now.Add(time.Hour)); !errors.Is(err, ErrDisabled) {
		t.Errorf("for a disabled user: %v", err)
	}
	if _, err := a.NewToken(ctx, System, "nobody", c.now.Add(time.Hour)); !errors.Is(err, ErrNotFound) {
		t.Errorf("for nobody: %v", err)
	}

	want := []string{"system user.add", "system user.add", "system token.new", "system token.new", "system token.new",
		adm.ID + " token.revoke", "system user.disable"}
	if d := cmp.Diff(want, actions(t, db)); d != "" {
		t.Error(d)
	}
}

// Neither the database nor the log holds what signs in.
func TestTokenIsStoredNowhere(t *testing.T) {
	ctx := t.Context()
	a, db, _ := open(t)
	u := add(t, a, "so-y-te", "agency-1", Publisher)
	text := token(t, a, u.ID, noon.Add(time.Hour))
	var rows string
	err := db.QueryRow(ctx, `SELECT (SELECT group_concat(prefix || user_id || sha256 || created_at || expires_at) FROM tokens) ||
		(SELECT group_concat(actor || action || subject || detail) FROM audit)`).Scan(&rows)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(rows, text[3:11]) || strings.Contains(rows, text[12:]) {
		t.Errorf("rows hold the secret, or not even the prefix:\n%s", rows)
	}
}

// A process without a working database must not take that for a wrong token.
func TestVerifyWithoutDatabase(t *testing.T) {
	a, db, _ := open(t)
	db.Close()
	if _, err := a.Verify(t.Context(), nobody); err == nil || errors.Is(err, ErrToken) {
		t.Errorf("verify says %v", err)
	}
}
