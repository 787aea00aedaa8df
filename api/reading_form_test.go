package api_test

import (
	"net/url"
	"strings"
	"testing"

	"daylight/api"
)

// What was found about a file is decided otherwise in a browser: it is read
// again so, published so, and the dataset's next file is read so by itself.
func TestReadingInABrowser(t *testing.T) {
	const file = "Bảng 3\nma_xa;ngay;so_ho;ghi\n00123;03/04/2026;1.204;x\n00456;05/06/2026;2.310;?\n"
	p := newPortal(t)
	p.unclear("ho-dan", "so-y-te")
	id := p.send(p.token[api.Own], "ho-dan", file)
	path := "/agency/uploads/" + id
	sender := p.person(p.token[api.Own], "/en")
	body := sender.see(path)
	form := url.Values{"action": {"reread"}, "r.delimiter": {";"}, "r.header_rows": {"2"}, "r.ragged": {"report"},
		"r0c1.type": {"date"}, "r0c1.format": {"d/m/y"}, "r0c2.type": {"integer"}, "r0c2.numbers": {"1.234,5"}, "r0c3.nulls": {"? | -"}}
	for name := range form {
		if name != "action" && !strings.Contains(body, `name="`+name+`"`) {
			t.Fatalf("the form has no field %s", name)
		}
	}
	for field, wrong := range map[string]string{"r.header_rows": "hai", "r.delimiter": "abc", "r0c2.type": "money", "r0c0.format": "d/m/y"} {
		bad := url.Values{"r0c0.type": {"integer"}}
		for k, v := range form {
			bad[k] = v
		}
		bad.Set(field, wrong)
		if status, page := sender.do(path, bad); status != 422 || !strings.Contains(page, `id="refusal"`) {
			t.Errorf("%s %q: %d", field, wrong, status)
		}
	}
	if status, page := sender.do(path, form); status != 303 {
		t.Fatalf("reread: %d %s", status, page)
	}
	body = sender.see(path)
	for _, want := range []string{`<option value=";" selected>`, `name="r.header_rows" maxlength="40" value="2"`, `<option value="1.234,5" selected>`, `value="? | -"`} {
		if !strings.Contains(body, want) {
			t.Errorf("the form has forgotten %s", want)
		}
	}
	v := filled(body)
	v.Set("action", "decide")
	if status, page := sender.do(path, v); status != 303 {
		t.Fatalf("decide: %d %s", status, page)
	}
	approve := url.Values{"action": {"approve"}}
	body = sender.see(path)
	for _, m := range hiddenRule.FindAllStringSubmatch(body, -1) {
		approve.Set(m[1], m[2])
	}
	if status, page := sender.do(path, approve); status != 303 {
		t.Fatalf("approve: %d %s", status, page)
	}
	const header, rows = "ma_xa,ngay,so_ho,ghi\n", "00123,2026-04-03,1204,x\n00456,2026-06-05,2310,\n"
	p.wantCSV("/datasets/ho-dan/v/1/data.csv", header+rows)
	next := p.sendWith(p.token[api.Own], "ho-dan", file+"00789;07/08/2026;3.500;-\n", `{}`)
	if body := sender.see("/agency/uploads/" + next); !strings.Contains(body, `href="/en/datasets/ho-dan/v/2"`) {
		t.Fatal("the next file waits")
	}
	p.wantCSV("/datasets/ho-dan/v/2/data.csv", header+rows+"00789,2026-08-07,3500,\n")
}

func (p *portal) wantCSV(path, want string) {
	p.t.Helper()
	res, got := ask(p.t, p.app, "GET", path, "")
	if got = strings.ReplaceAll(got, "\r\n", "\n"); res.StatusCode != 200 || got != want {
		p.t.Errorf("%s: %d\n%s", path, res.StatusCode, got)
	}
}
