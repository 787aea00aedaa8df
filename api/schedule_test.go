package api_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"daylight/api"
	"daylight/catalog"
)

// TestScheduleOverHTTP: an embargo by the API and by the page; taken back by
// its owner only.
func TestScheduleOverHTTP(t *testing.T) {
	p := newPortal(t)
	p.describe("cpi", "so-y-te")
	id := p.sendWith(p.token[api.Own], "cpi", population, `{"plan":"auto","not_before":"2999-12-31T08:00:00+07:00"}`)
	if u := p.settle(id); u.State != catalog.StateScheduled {
		t.Fatalf("%s %v", u.State, u.Problems)
	}
	if res, _ := ask(t, p.app, "GET", "/datasets/cpi", ""); res.StatusCode != 404 {
		t.Fatalf("its page: %d", res.StatusCode)
	}
	at := "/api/v1/uploads/" + id
	for _, path := range []string{at + "/cancel", at + "/schedule"} {
		method := map[bool]string{true: "POST", false: "PUT"}[strings.HasSuffix(path, "cancel")]
		if res, _ := ask(t, p.app, method, path, `{}`, "Authorization", "Bearer "+p.token[api.Other], "Content-Type", "application/json"); res.StatusCode != 404 {
			t.Errorf("%s by another agency: %d", path, res.StatusCode)
		}
	}
	officer := p.person(p.token[api.Own], "/en")
	page := officer.see("/agency/uploads/" + id)
	if !strings.Contains(page, "becomes public at 2999-12-31 08:00 (Vietnam time)") || !strings.Contains(page, `value="2999-12-31T08:00"`) {
		t.Fatal("the page does not say when")
	}
	if code, page := officer.do("/agency/uploads/"+id, url.Values{"action": {"schedule"}, "not_before": {"tomorrow"}}); code != 422 || !strings.Contains(page, "could not be understood") {
		t.Errorf("a time that is none: %d", code)
	}
	if code, _ := officer.do("/agency/uploads/"+id, url.Values{"action": {"schedule"}, "not_before": {""}}); code != http.StatusSeeOther {
		t.Errorf("at once: %d", code)
	}
	for range 500 {
		if u := p.settle(id); u.State == catalog.StatePublished {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	if res, _ := ask(t, p.app, "GET", "/datasets/cpi/v/1", ""); res.StatusCode != 200 {
		t.Errorf("freed: %d", res.StatusCode)
	}
	next := p.sendWith(p.token[api.Own], "cpi", strings.ReplaceAll(population, "9310", "9311"), `{"plan":"auto","not_before":"2999-12-31T08:00:00+07:00"}`)
	p.settle(next)
	res, body := ask(t, p.app, "POST", "/api/v1/uploads/"+next+"/cancel", "", "Authorization", "Bearer "+p.token[api.Own])
	if res.StatusCode != 200 || !strings.Contains(body, `"cancelled"`) {
		t.Errorf("%d %s", res.StatusCode, body)
	}
	if res, _ := ask(t, p.app, "POST", "/api/v1/uploads/"+next+"/cancel", "", "Authorization", "Bearer "+p.token[api.Own]); res.StatusCode != 409 {
		t.Errorf("twice: %d", res.StatusCode)
	}
}
