package api_test

import (
	"encoding/csv"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"daylight/api"
	"daylight/catalog"
)

// TestSchemaForm: an officer attaches the suggested schema with constraints of
// their own, sees every row that breaks it, corrects it, and the next file is
// held to it by itself.
func TestSchemaForm(t *testing.T) {
	p := newPortal(t)
	p.unclear("ho-dan", "so-y-te")
	const file = "ma_xa;ngay;so_ho\n00123;03/04/2026;12\n00456;05/06/2026;-7\n00789;07/08/2026;-9\n"
	id := p.sendWith(p.token[api.Own], "ho-dan", file, `{}`)
	p.settle(id)
	officer, at := p.person(p.token[api.Own], "/en"), "/agency/uploads/"+id
	if page := officer.see(at); strings.Contains(page, "schema-text") {
		t.Fatal("a schema is offered while the file is not understood")
	}
	if code, _ := officer.do(at, url.Values{"action": {"answer"}, "q0": {"d/m/y"}}); code != http.StatusSeeOther {
		t.Fatal(code)
	}
	page := officer.see(at)
	if !strings.Contains(page, "Table Schema: suggested from the data") || !strings.Contains(page, `name="s0f0.key" value="1" checked`) {
		t.Fatal("no schema is suggested")
	}
	// What is wrong is told, and what was typed is still there.
	code, page := officer.do(at, url.Values{"action": {"schema-text"}, "table": {"0"}, "schema-text": {`{"fields": [{"type": "number"}]}`}})
	if code != http.StatusUnprocessableEntity || !strings.Contains(page, "/fields/0/name") || !strings.Contains(page, `{&#34;fields&#34;: [{&#34;type&#34;: &#34;number&#34;}]}`) {
		t.Fatalf("a schema without a name: %d", code)
	}
	code, page = officer.do(at, url.Values{"action": {"schema"}, "table": {"0"}, "s0f0.pattern": {"[0-9"}, "s0f1.list": {"codes/x"}})
	if code != http.StatusUnprocessableEntity || !strings.Contains(page, "/fields/0/constraints/pattern") || !strings.Contains(page, `value="[0-9"`) {
		t.Fatalf("a pattern that is none: %d", code)
	}
	code, page = officer.do(at, url.Values{"action": {"schema"}, "table": {"0"}, "s0f0.key": {"1"}, "s0f2.minimum": {"0"}})
	if code != http.StatusSeeOther {
		t.Fatalf("attach: %d %s", code, page)
	}
	page = officer.see(at)
	if !strings.Contains(page, "that the file is held to") || !strings.Contains(page, "Below the minimum") || !strings.Contains(page, `name="s0f2.minimum" maxlength="60" size="7" value="0"`) {
		t.Fatal("the file does not break it")
	}
	auth := []string{"Authorization", "Bearer " + p.token[api.Own]}
	_, problems := ask(t, p.app, "GET", "/api/v1/uploads/"+id+"/problems.csv", "", auth...)
	rows, err := csv.NewReader(strings.NewReader(problems)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var broken []string
	for _, r := range rows {
		if r[4] == "schema-minimum" {
			broken = append(broken, r[1]+" "+r[3])
		}
	}
	if strings.Join(broken, ", ") != "2 so_ho, 3 so_ho" || strings.Contains(problems, "-7") {
		t.Fatalf("%s", problems)
	}
	// A reason lets it through, to the preview.
	page = officer.see(at)
	fields := filled(page)
	fields.Set("action", "decide")
	fields.Set("t0.breaks", "số âm là điều chỉnh kỳ trước")
	if code, _ = officer.do(at, fields); code != http.StatusSeeOther {
		t.Fatalf("decide: %d", code)
	}
	if page = officer.see(at); !strings.Contains(page, `value="approve"`) {
		t.Fatal("with a reason there is no preview")
	}
	// Over the API: read, correct, refuse what is wrong.
	res, body := ask(t, p.app, "GET", "/api/v1/datasets/ho-dan/schemas", "", auth...)
	if res.StatusCode != 200 || !strings.Contains(body, `"minimum":"0"`) {
		t.Fatalf("%d %s", res.StatusCode, body)
	}
	put := func(body string) (*http.Response, string) {
		return ask(t, p.app, "PUT", "/api/v1/datasets/ho-dan/schemas", body, append(auth, "Content-Type", "application/json")...)
	}
	if res, body = put(`{"schema":{"fields":[{"name":"ma_xa"}],"foreignKeys":[{"fields":"ma_xa","reference":{"resource":"codes/none","fields":"code"}}]}}`); res.StatusCode != 422 || !strings.Contains(body, "schema/foreignKeys/0/reference") {
		t.Errorf("a list that is none: %d %s", res.StatusCode, body)
	}
	if res, body = put(`{"schema":{"fields":[{"name":"ma_xa","type":"string"},{"name":"ngay","type":"date","format":"%d/%m/%Y"},{"name":"so_ho","type":"integer","constraints":{"maximum":50}}],"primaryKey":"ma_xa"}}`); res.StatusCode != 200 {
		t.Fatalf("%d %s", res.StatusCode, body)
	}
	// The next file goes by it: dates are answered, and it is clean.
	next := p.sendWith(p.token[api.Own], "ho-dan", file, `{"plan": "auto"}`)
	if u := p.settle(next); u.State != catalog.StatePublished {
		t.Fatalf("%s %v", u.State, u.Problems)
	}
	p.wantCSV("/datasets/ho-dan/v/1/data.csv", "ma_xa,ngay,so_ho\n00123,2026-04-03,12\n00456,2026-06-05,-7\n00789,2026-08-07,-9\n")
	if u := p.settle(p.sendWith(p.token[api.Own], "ho-dan", strings.ReplaceAll(file, ";12", ";51"), `{}`)); u.State != catalog.StateWaiting || u.Problems[0].Code != "schema-breach" {
		t.Fatalf("%s %v", u.State, u.Problems)
	}
	if res, body = put(`{"schema":null}`); res.StatusCode != 200 || !strings.Contains(body, `"schemas":[]`) {
		t.Errorf("taken away: %d %s", res.StatusCode, body)
	}
}
