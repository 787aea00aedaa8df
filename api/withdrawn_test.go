package api_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"daylight/api"
	"daylight/catalog"
	"daylight/store"
)

// withdraw takes the first version of a dataset back.
func (p *portal) withdraw(id catalog.DatasetID) {
	p.t.Helper()
	problems, err := p.inbox.Withdraw(p.t.Context(), "test", id, 1, catalog.Withdrawal{Reason: catalog.Text{"vi": "Số liệu sai", "en": "Wrong figures"}})
	if err != nil || catalog.Refused(problems) {
		p.t.Fatal(problems, err)
	}
}

// withdrawOne withdraws one release.
func (p *portal) withdrawOne(id catalog.DatasetID, n int) {
	p.t.Helper()
	p.change(id, n, `UPDATE releases SET withdrawn_at = '2026-11-01T00:00:00.000000Z', withdrawal = '{"at":"2026-11-01T00:00:00Z","reason":{"vi":"Số liệu sai","en":"Wrong figures"}}' WHERE dataset_id = $1 AND n = $2`)
}

// aboutPersons makes a release one about persons, and aboutNobody takes it back.
func (p *portal) aboutPersons(id catalog.DatasetID, n int) {
	p.t.Helper()
	p.change(id, n, `UPDATE releases SET privacy = replace(privacy, '"about_persons":false', '"about_persons":true') WHERE dataset_id = $1 AND n = $2`)
}

func (p *portal) aboutNobody(id catalog.DatasetID, n int) {
	p.t.Helper()
	p.change(id, n, `UPDATE releases SET privacy = replace(privacy, '"about_persons":true', '"about_persons":false') WHERE dataset_id = $1 AND n = $2`)
}

func (p *portal) change(id catalog.DatasetID, n int, query string) {
	p.t.Helper()
	err := p.public.InTx(p.t.Context(), func(tx *store.Tx) error {
		_, err := tx.Exec(p.t.Context(), query, string(id), n)
		return err
	})
	if err != nil {
		p.t.Fatal(err)
	}
}

// setState puts an upload into a state that jobs would bring it to.
func (p *portal) setState(id, state string) {
	p.t.Helper()
	err := p.work.InTx(p.t.Context(), func(tx *store.Tx) error {
		_, err := tx.Exec(p.t.Context(), `UPDATE uploads SET state = $2 WHERE id = $1`, id, state)
		return err
	})
	if err != nil {
		p.t.Fatal(err)
	}
}

// TestWithdraw: a version that was taken back answers 410 with the reason and
// the version to use instead, "latest" is the newest that stands, and given
// again it is what it was, byte for byte.
func TestWithdraw(t *testing.T) {
	p := newPortal(t)
	d := p.describe("dan-so", "so-y-te")
	p.publish(d, population, "auto")
	p.publish(d, strings.ReplaceAll(population, "9310", "9311"), "auto")
	auth := []string{"Authorization", "Bearer " + p.token[api.Own], "Content-Type", "application/json"}
	const at, second, latest = "/api/v1/datasets/dan-so/versions/2/withdrawal", "/datasets/dan-so/v/2/data.csv", "/datasets/dan-so/latest/data.csv"
	_, file := ask(t, p.app, "GET", second, "")
	to := func() string {
		t.Helper()
		res, _ := ask(t, p.app, "GET", latest, "")
		return res.Header.Get("Location")
	}
	for body, want := range map[string]int{
		`{"reason":{"vi":" "}}`: 422, `{"reason":{"vi":"Sai số","en":"Wrong"},"successor":7}`: 404, `{"reason":{"vi":"gọi 0912345678","en":"Wrong"}}`: 422,
	} {
		if res, body := ask(t, p.app, "PUT", at, body, auth...); res.StatusCode != want {
			t.Errorf("%d, wanted %d: %s", res.StatusCode, want, body)
		}
	}
	if res, _ := ask(t, p.app, "GET", second, ""); res.StatusCode != 200 {
		t.Fatal("a withdrawal that was refused was done")
	}
	if res, body := ask(t, p.app, "PUT", at, `{"reason":{"vi":"Cộng sai một cột","en":"A column was added up wrongly"},"successor":1}`, auth...); res.StatusCode != 200 {
		t.Fatalf("%d %s", res.StatusCode, body)
	}
	res, body := ask(t, p.app, "GET", second, "", "Accept", "application/json")
	if res.StatusCode != http.StatusGone || !strings.Contains(body, "added up wrongly") && !strings.Contains(body, "Cộng sai") || !strings.Contains(body, "/datasets/dan-so/v/1") || strings.Contains(body, "9311") {
		t.Errorf("the file: %d %s", res.StatusCode, body)
	}
	if res, body = ask(t, p.app, "GET", "/datasets/dan-so/v/2", ""); res.StatusCode != 200 || !strings.Contains(body, "Cộng sai một cột") || strings.Contains(body, "9311") {
		t.Errorf("its page: %d", res.StatusCode)
	}
	if got := to(); !strings.HasSuffix(got, "/v/1/data.csv") {
		t.Errorf("latest is %s", got)
	}
	if _, feed := ask(t, p.app, "GET", "/feeds/dataset.atom?lang=en", ""); !strings.Contains(feed, "added up wrongly") {
		t.Error("the feed does not tell")
	}
	if res, body = ask(t, p.reader, "GET", second, ""); res.StatusCode != http.StatusGone {
		t.Errorf("a process beside gives it still: %d", res.StatusCode)
	}
	// The same file is not "identical" to what nobody can have.
	if u := p.publish(d, strings.ReplaceAll(population, "9310", "9311"), "auto"); u.State != catalog.StatePublished || u.Release != 3 {
		t.Errorf("sent again: %s, release %d", u.State, u.Release)
	}
	if res, body := ask(t, p.app, "DELETE", at, "", auth...); res.StatusCode != 200 {
		t.Fatalf("%d %s", res.StatusCode, body)
	}
	if res, body := ask(t, p.app, "DELETE", at, "", auth...); res.StatusCode != 409 {
		t.Errorf("it stands: %d %s", res.StatusCode, body)
	}
	if res, got := ask(t, p.app, "GET", second, ""); res.StatusCode != 200 || got != file {
		t.Errorf("restored: %d", res.StatusCode)
	}
	// All taken back, on the page: "latest" is gone too.
	officer := p.person(p.token[api.Own], "/en")
	for _, n := range []string{"1", "2", "3"} {
		res, body := ask(t, p.app, "POST", "/en/agency/datasets/dan-so", url.Values{"form": {officer.form}, "action": {"withdraw"}, "n": {n}, "reason.vi": {"Thu hồi"}, "reason.en": {"Taken back"}}.Encode(),
			append([]string{"Cookie", officer.cookie}, here...)...)
		if res.StatusCode != http.StatusSeeOther {
			t.Fatalf("%d %s", res.StatusCode, body)
		}
	}
	if res, _ := ask(t, p.app, "GET", latest, ""); res.StatusCode != http.StatusGone {
		t.Errorf("latest of none: %d", res.StatusCode)
	}
	if page := officer.see("/agency/datasets/dan-so"); strings.Count(page, `value="restore"`) != 3 {
		t.Error("the page does not offer to restore")
	}
	res, body = ask(t, p.app, "POST", "/en/agency/datasets/dan-so", url.Values{"form": {officer.form}, "action": {"withdraw"}, "n": {"1"}, "reason.vi": {" "}}.Encode(), append([]string{"Cookie", officer.cookie}, here...)...)
	if res.StatusCode != 422 {
		t.Errorf("no reason: %d", res.StatusCode)
	}
	var list struct {
		Versions []struct{ Withdrawn *catalog.Withdrawal }
	}
	_, body = ask(t, p.app, "GET", "/api/v1/datasets/dan-so/versions", "")
	if json.Unmarshal([]byte(body), &list) != nil || len(list.Versions) != 3 || list.Versions[0].Withdrawn == nil {
		t.Errorf("the list: %s", body)
	}
}
