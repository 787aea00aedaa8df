package accounts

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// A session is as good as its token, for twelve hours, and no longer than it.
func TestSessions(t *testing.T) {
	ctx := t.Context()
	a, db, c := open(t)
	u := add(t, a, "so-y-te", "agency-1", Publisher)
	tok := token(t, a, u.ID, noon.Add(48*time.Hour))
	begin := func(tok string) string {
		t.Helper()
		s, err := a.NewSession(ctx, tok)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	one, two := begin(tok), begin(tok)
	if one == two || strings.Contains(one, tok[3:11]) {
		t.Errorf("sessions %q and %q", one, two)
	}
	want := Identity{User: u.ID, Name: "so-y-te", Agency: "agency-1", Role: Publisher}
	good := func(s string) {
		t.Helper()
		if id, err := a.Session(ctx, s); err != nil || id != want {
			t.Errorf("%+v, %v", id, err)
		}
	}
	bad := func(why, s string) {
		t.Helper()
		if id, err := a.Session(ctx, s); err != ErrToken || id != (Identity{}) {
			t.Errorf("%s: %+v, %v", why, id, err)
		}
	}
	good(one)
	bad("nothing", "")
	bad("a token in place of a session", tok)
	bad("a letter changed", "a"+one[1:len(one)-1]+"b")
	bad("a line end", one+"\n")
	if _, err := a.NewSession(ctx, "dl_wrong"); !errors.Is(err, ErrToken) {
		t.Errorf("a wrong token signs in: %v", err)
	}
	for range 2 {
		if err := a.EndSession(ctx, one); err != nil {
			t.Fatal(err)
		}
	}
	bad("ended", one)
	good(two)
	var rows string
	if err := db.QueryRow(ctx, `SELECT group_concat(sha256 || prefix) FROM sessions`).Scan(&rows); err != nil || strings.Contains(rows, two) {
		t.Errorf("the row holds the secret: %v", err)
	}

	c.now = noon.Add(SessionTime - time.Microsecond)
	good(two)
	c.now = noon.Add(SessionTime)
	bad("after twelve hours", two)
	three := begin(tok)
	if err := a.Revoke(ctx, System, tok[3:11]); err != nil {
		t.Fatal(err)
	}
	bad("its token is revoked", three)

	short := token(t, a, u.ID, c.now.Add(time.Hour))
	four := begin(short)
	good(four)
	c.now = c.now.Add(time.Hour)
	bad("its token is expired", four)
	five := begin(token(t, a, u.ID, c.now.Add(time.Hour)))
	if err := a.Disable(ctx, System, u.ID); err != nil {
		t.Fatal(err)
	}
	bad("its user is disabled", five)
}
