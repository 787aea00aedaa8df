package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"

	"daylight/catalog"
	"daylight/catalog/accounts"
)

// keptByProposal stand in columns in which nothing is found: a proposal keeps
// them, so a preview of it shows them. The canary plan drops them.
var keptByProposal = map[string]bool{"largest": true, "smallest": true, "long word": true, "rejected cell": true, "in a date": true}

// huntReviews looks at every file that waits for a person as that person sees
// it, before and after a plan was tried: page and API, in both languages. A
// header and a file's name are shown to its own agency; no value is.
func huntReviews(t *testing.T, app *fiber.App, p *portal, hunt *hunt) {
	ctx := t.Context()
	if _, err := p.accounts.AddUser(ctx, accounts.System, "canary", "", accounts.Administrator); err != nil {
		t.Fatal(err)
	}
	token, err := p.accounts.NewToken(ctx, accounts.System, "canary", time.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	secret, err := p.accounts.NewSession(ctx, token)
	if err != nil {
		t.Fatal(err)
	}
	proposed := false
	look := func(method, path, body string) string {
		t.Helper()
		req := httptest.NewRequest(method, path, strings.NewReader(body))
		req.Host = "portal.test"
		if strings.Contains(path, "/agency") {
			req.Header.Set("Cookie", "daylight="+secret)
		} else {
			req.Header.Set("Authorization", "Bearer "+token)
			req.Header.Set("Content-Type", "application/json")
		}
		res, err := app.Test(req, -1)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		raw, _ := io.ReadAll(res.Body)
		if res.StatusCode >= 300 && res.StatusCode != http.StatusConflict {
			t.Fatalf("%s %s: %d %s", method, path, res.StatusCode, raw)
		}
		for _, name := range hunt.in(raw) {
			if !inPrivateDatabase[name] && !(proposed && keptByProposal[name]) {
				t.Errorf("%s %s shows %s", method, path, name)
			}
		}
		return string(raw)
	}
	waiting, err := p.inbox.Uploads(ctx, "", catalog.StateWaiting)
	if err != nil || len(waiting) == 0 {
		t.Fatalf("no file waits: %v", err)
	}
	tried := 0
	for _, u := range waiting {
		d, err := p.inbox.Draft(ctx, string(u.Dataset))
		if err != nil {
			t.Fatal(err)
		}
		at := "/api/v1/reviews/" + u.ID
		everything := func() {
			for _, path := range []string{at, at + "/preview?n=100", "/api/v1/uploads/" + u.ID, "/api/v1/uploads/" + u.ID + "/problems.csv", "/agency", "/agency/uploads/" + u.ID, "/en/agency/uploads/" + u.ID} {
				look("GET", path, "")
			}
		}
		proposed = false
		everything()
		plans := []string{strings.Replace(canaryPlan, "dataset: canary", "dataset: "+d.Slug, 1)}
		var r struct{ Review catalog.Review }
		if err := json.Unmarshal([]byte(look("GET", at, "")), &r); err != nil {
			t.Fatal(err)
		}
		if r.Review.Proposal != "" {
			plans = append(plans, r.Review.Proposal)
		}
		for i, plan := range plans {
			proposed = i > 0
			body, _ := json.Marshal(map[string]string{"plan": plan})
			look("PUT", at+"/plan", string(body))
			if _, err := settled(ctx, p, u.ID); err != nil {
				t.Fatal(err)
			}
			everything()
			if _, err := p.inbox.Preview(ctx, u.ID); err == nil {
				tried++
			}
		}
	}
	if tried == 0 {
		t.Error("no plan could be tried, so no preview was looked at")
	}
}
