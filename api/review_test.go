package api_test

import (
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"daylight/api"
	"daylight/catalog"
	"daylight/catalog/accounts"
)

// births is a register with a date whose order nobody can tell, numbers and
// names of persons, a telephone in a note, and a header that wants to run.
func births() string {
	var b strings.Builder
	b.WriteString("Số định danh,Họ và tên,Ngày sinh,Giới tính,Xã,\"Ghi chú <script>alert(7)</script>\"\n")
	for i := range 60 {
		note := "bình thường"
		if i == 7 {
			note = "gọi 0912345678 khi trả giấy"
		}
		fmt.Fprintf(&b, "0252261001%02d,Trần Thị Hoa%c,%02d/%02d/%d,%s,Xã Hồ Sen,%s\n", i, 'a'+i%26, 1+i%12, 1+i%11, 2020+i/10, []string{"Nam", "Nữ"}[i%2], note)
	}
	return b.String()
}

// secrets must be on no page and in no answer.
var secrets = []string{"025226100107", "025226100159", "Trần Thị Hoaa", "0912345678", "08/08/2020", "<script>alert"}

// newCaller makes a second person of an agency.
func (p *portal) newCaller(name, agency string) (token string) {
	p.t.Helper()
	if _, err := p.accounts.AddUser(p.t.Context(), accounts.System, name, string(p.agency[agency]), accounts.Publisher); err != nil {
		p.t.Fatal(err)
	}
	token, err := p.accounts.NewToken(p.t.Context(), accounts.System, name, time.Now().Add(time.Hour))
	if err != nil {
		p.t.Fatal(err)
	}
	return token
}

// send announces and sends a file as a caller, over HTTP.
func (p *portal) send(token, dataset, content string) (id string) {
	p.t.Helper()
	return p.sendWith(token, dataset, content, `{"plan":"auto"}`)
}

// sendWith announces the file with a body of its own: without a plan the
// dataset's decides.
func (p *portal) sendWith(token, dataset, content, announced string) (id string) {
	p.t.Helper()
	auth := []string{"Authorization", "Bearer " + token, "Content-Type", "application/json"}
	var begun struct {
		Upload      catalog.Upload
		Content_url string
	}
	_, body := ask(p.t, p.app, "POST", "/api/v1/uploads?dataset="+dataset+"&filename=khai-sinh.csv", announced, auth...)
	if err := json.Unmarshal([]byte(body), &begun); err != nil || begun.Content_url == "" {
		p.t.Fatal(body)
	}
	if res, body := ask(p.t, p.app, "PUT", strings.TrimPrefix(begun.Content_url, base), content, auth[:2]...); res.StatusCode != 202 {
		p.t.Fatal(body)
	}
	p.settle(begun.Upload.ID)
	return begun.Upload.ID
}

// unclear describes a dataset that does not say how its dates are written.
func (p *portal) unclear(slug, agency string) {
	p.t.Helper()
	d := p.describe(slug, agency)
	d.Locale = ""
	if _, problems, err := p.inbox.PutDataset(p.t.Context(), "test", d); err != nil || catalog.Refused(problems) {
		p.t.Fatal(err, problems)
	}
}

// person is somebody with a browser.
type person struct {
	p            *portal
	cookie, form string
	lang         string // "" or "/en"
}

func (p *portal) person(token, lang string) person {
	cookie := p.enter(token)
	return person{p, cookie, p.formOf(cookie), lang}
}

func (w person) see(path string) string {
	w.p.t.Helper()
	res, body := ask(w.p.t, w.p.app, "GET", w.lang+path, "", "Cookie", w.cookie)
	if res.StatusCode != 200 {
		w.p.t.Fatalf("%s: %d", path, res.StatusCode)
	}
	w.p.harmless(path, body)
	return body
}

// do sends a form and waits until the upload stands.
func (w person) do(path string, fields url.Values) (int, string) {
	w.p.t.Helper()
	fields.Set("form", w.form)
	res, body := ask(w.p.t, w.p.app, "POST", w.lang+path, fields.Encode(), append([]string{"Cookie", w.cookie}, here...)...)
	w.p.harmless(path, body)
	if res.StatusCode == http.StatusSeeOther {
		w.p.settle(path[strings.LastIndex(path, "/")+1:])
	}
	return res.StatusCode, body
}

func (p *portal) harmless(where, body string) {
	p.t.Helper()
	for _, s := range secrets {
		if strings.Contains(body, s) || strings.Contains(html.UnescapeString(body), s) && !strings.HasPrefix(s, "<script") {
			p.t.Errorf("%s holds a value", where)
		}
	}
}

var (
	fieldRule  = regexp.MustCompile(`<input class="input[^"]*"[^>]* name="(t\d+[^"]*)"[^>]*>|<input type="radio" name="(t\d+\.unit)" value="(\w+)" checked>`)
	valueRule  = regexp.MustCompile(` value="([^"]*)"`)
	selectRule = regexp.MustCompile(`(?s)<select[^>]* name="(t\d+[^"]*)"[^>]*>(.*?)</select>`)
	chosenRule = regexp.MustCompile(`<option value="([^"]*)" selected>`)
	hiddenRule = regexp.MustCompile(`<input type="hidden" name="(plan_hash|input|preview)" value="([^"]*)">`)
)

// filled reads the form of the page as a browser would send it.
func filled(body string) url.Values {
	v := url.Values{}
	for _, m := range fieldRule.FindAllStringSubmatch(body, -1) {
		if m[2] != "" {
			v.Set(m[2], m[3])
		} else if val := valueRule.FindStringSubmatch(m[0]); val != nil {
			v.Set(m[1], html.UnescapeString(val[1]))
		}
	}
	for _, m := range selectRule.FindAllStringSubmatch(body, -1) {
		if c := chosenRule.FindStringSubmatch(m[2]); c != nil {
			v.Set(m[1], c[1])
		}
	}
	return v
}

// The whole way in a browser: a question answered, the proposal changed and
// decided, the preview approved by another person, and the public sees exactly
// what was shown.
func TestReviewInABrowser(t *testing.T) {
	p := newPortal(t)
	p.unclear("khai-sinh", "so-y-te")
	id := p.send(p.token[api.Own], "khai-sinh", births())
	path := "/agency/uploads/" + id
	sender, chief := p.person(p.token[api.Own], ""), p.person(p.newCaller("truong-phong", "so-y-te"), "/en")

	if body := sender.see("/agency"); !strings.Contains(body, `href="`+path+`"`) {
		t.Error("the list does not lead to the upload")
	}
	body := sender.see(path)
	for _, want := range []string{`value="d/m/y"`, `value="m/d/y"`, "Số định danh cá nhân", "&lt;script&gt;"} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if strings.Contains(body, "truong-phong") || strings.Contains(body, `value="approve"`) {
		t.Error("the page offers what cannot be done yet")
	}
	if status, body := sender.do(path, url.Values{"action": {"answer"}}); status != 422 || !strings.Contains(body, `id="refusal"`) {
		t.Errorf("no answer: %d", status)
	}
	if status, _ := sender.do(path, url.Values{"action": {"answer"}, "q0": {"d/m/y"}}); status != 303 {
		t.Fatalf("answer: %d", status)
	}
	body = chief.see(path)
	v := filled(body)
	if v.Get("t0c2.do") != "year" || v.Get("t0c2.class") != "quasi" || v.Get("t0.unit") != "key" || v.Get("t0.key") != "so_dinh_danh" {
		t.Fatalf("the proposal: %v", v)
	}

	// An error keeps what was entered.
	bad := filled(body)
	bad.Set("action", "decide")
	bad.Set("t0c4.do", "width")
	bad.Set("t0c4.reason", "lý do của tôi")
	bad.Set("t0.k", "một")
	status, page := chief.do(path, bad)
	if status != 422 || !strings.Contains(page, `value="lý do của tôi"`) || !strings.Contains(page, `value="một"`) || !strings.Contains(page, `href="#t0.k"`) {
		t.Errorf("an error: %d", status)
	}

	v.Set("action", "decide")
	v.Set("expires", "2030-12-31")
	if status, page := chief.do(path, v); status != 303 {
		t.Fatalf("decide: %d %s", status, page)
	}
	body = chief.see(path)
	if !strings.Contains(body, "This is exactly what the public will see") || !strings.Contains(body, `value="approve"`) {
		t.Fatal("there is no preview to approve")
	}
	var shown struct {
		Tables []struct {
			Columns []string
			Rows    [][]struct {
				Text string
				Null bool
			}
			Before [][]struct{ Text string }
		}
	}
	_, js := ask(t, p.app, "GET", "/api/v1/reviews/"+id+"/preview?n=100", "", "Authorization", "Bearer "+p.token[api.Own])
	p.harmless("the API's preview", js)
	if err := json.Unmarshal([]byte(js), &shown); err != nil || len(shown.Tables) != 1 || len(shown.Tables[0].Rows) != 60 {
		t.Fatalf("%v %.200s", err, js)
	}
	if n := len(shown.Tables[0].Before); n == 0 || n > 5 {
		t.Errorf("%d rows of the file are shown, masked", n)
	}

	approve := url.Values{"action": {"approve"}}
	for _, m := range hiddenRule.FindAllStringSubmatch(body, -1) {
		approve.Set(m[1], m[2])
	}
	if strings.Contains(sender.see(path), `value="approve"`) {
		t.Error("whoever sent it is offered to approve")
	}
	if status, page := sender.do(path, approve); status != 403 || !strings.Contains(page, `id="refusal"`) {
		t.Errorf("whoever sent it approves: %d", status)
	}
	stale := url.Values{"action": {"approve"}, "plan_hash": {strings.Repeat("0", 64)}, "input": approve["input"], "preview": approve["preview"]}
	if status, _ := chief.do(path, stale); status != 409 {
		t.Errorf("another plan is approved: %d", status)
	}
	if res, _ := ask(t, p.app, "GET", "/datasets/khai-sinh", ""); res.StatusCode != 404 {
		t.Errorf("not approved, it is public: %d", res.StatusCode)
	}
	if status, page := chief.do(path, approve); status != 303 {
		t.Fatalf("approve: %d %s", status, page)
	}
	if body = sender.see(path); !strings.Contains(body, `href="/datasets/khai-sinh/v/1"`) {
		t.Error("the page does not lead to what was published")
	}

	// The public sees what was shown, and nothing else.
	res, csv := ask(t, p.app, "GET", "/datasets/khai-sinh/v/1/data.csv", "")
	if res.StatusCode != 200 {
		t.Fatal(res.StatusCode)
	}
	var want strings.Builder
	want.WriteString(strings.Join(shown.Tables[0].Columns, ",") + "\n")
	for _, row := range shown.Tables[0].Rows {
		for i, c := range row {
			want.WriteString(map[bool]string{true: ",", false: ""}[i > 0] + c.Text)
		}
		want.WriteByte('\n')
	}
	if got := strings.ReplaceAll(csv, "\r\n", "\n"); got != want.String() {
		t.Errorf("published is not what was shown:\n%s\n%s", got, want.String())
	}
	_, page = ask(t, p.app, "GET", "/datasets/khai-sinh", "")
	p.harmless("the public page", page)
	if !strings.Contains(page, "Xã Hồ Sen") {
		t.Error("the public page shows no row")
	}
	// A file on the same plan goes through by itself; the register of persons
	// has no second version yet, so it is stopped for that and nothing else.
	if status, _ := chief.do(path, v); status != 409 {
		t.Errorf("what is published is decided over: %d", status)
	}
}

// The same over the API, with problems as problem+json.
func TestReviewOverTheAPI(t *testing.T) {
	p := newPortal(t)
	p.unclear("khai-sinh", "so-y-te")
	id := p.send(p.token[api.Own], "khai-sinh", births())
	second := p.newCaller("truong-phong", "so-y-te")
	at := "/api/v1/reviews/" + id
	call := func(method, path, body, token string) (int, string) {
		t.Helper()
		res, answer := ask(t, p.app, method, path, body, "Authorization", "Bearer "+token, "Content-Type", "application/json", "Accept-Language", "en")
		p.harmless(method+" "+path, answer)
		if res.StatusCode == 202 {
			p.settle(id)
		}
		return res.StatusCode, answer
	}
	review := func() (r struct {
		Review      catalog.Review
		May_approve bool
	}) {
		t.Helper()
		status, body := call("GET", at, "", second)
		if err := json.Unmarshal([]byte(body), &r); status != 200 || err != nil {
			t.Fatalf("%d %v %s", status, err, body)
		}
		return r
	}
	r := review()
	if len(r.Review.Questions) != 1 || len(r.Review.Tables[0].Columns) != 6 || r.May_approve {
		t.Fatalf("%+v", r)
	}
	for _, c := range []struct {
		name, method, path, body string
		status                   int
		problem                  string
	}{
		{"no preview", "GET", "/preview", "", 409, "no-preview"},
		{"none to try", "POST", "/preview", "", 409, "wrong-state"},
		{"bad n", "GET", "/preview?n=1000", "", 400, "bad-parameter"},
		{"approve nothing", "POST", "/approve", "{}", 409, "wrong-state"},
		{"an answer of no choice", "POST", "/answers", `{"answers":{"0":"y/y/y"}}`, 422, "bad-plan"},
		{"not a plan", "PUT", "/plan", `{"plan":"plan: v9"}`, 422, "bad-plan"},
		{"no JSON", "PUT", "/plan", `plan`, 400, "bad-body"},
		{"a reason with a number", "POST", "/refuse", `{"reason":"xem số 0987654321"}`, 422, "bad-reason"},
	} {
		if status, body := call(c.method, at+c.path, c.body, second); status != c.status || !strings.Contains(body, "/problems/"+c.problem) {
			t.Errorf("%s: %d %s", c.name, status, body)
		}
	}
	if status, body := call("POST", at+"/answers", `{"answers":{"0":"d/m/y"}}`, second); status != 202 {
		t.Fatalf("%d %s", status, body)
	}
	plan, _ := json.Marshal(map[string]string{"plan": review().Review.Proposal})
	if status, body := call("PUT", at+"/plan", string(plan), second); status != 202 {
		t.Fatalf("%d %s", status, body)
	}
	if r = review(); !r.May_approve || r.Review.Preview == "" {
		t.Fatalf("%+v", r.Review.Upload.Problems)
	}
	named, _ := json.Marshal(catalog.ApprovedReview{PlanHash: r.Review.PlanHash, Input: r.Review.Input, Preview: r.Review.Preview})
	if status, body := call("POST", at+"/approve", string(named), p.token[api.Own]); status != 403 || !strings.Contains(body, "another-person") {
		t.Errorf("whoever sent it approves: %d %s", status, body)
	}
	if status, body := call("POST", at+"/approve", strings.Replace(string(named), `"preview":"`, `"preview":"0`, 1), second); status != 409 || !strings.Contains(body, "stale-approval") {
		t.Errorf("another preview is approved: %d %s", status, body)
	}
	if status, body := call("POST", at+"/approve", string(named), second); status != 202 {
		t.Fatalf("%d %s", status, body)
	}
	if u := p.settle(id); u.State != catalog.StatePublished {
		t.Fatalf("%s %v", u.State, u.Problems)
	}

	// Sent back: refused, with the reason.
	p.unclear("khai-sinh-2", "so-y-te") // a dataset about persons takes no further file
	other := p.send(p.token[api.Own], "khai-sinh-2", births()+"025226100199,Lê Văn Nam,03/04/2026,Nam,Xã Hồ Sen,\n")
	id, at = other, "/api/v1/reviews/"+other
	if status, body := call("POST", at+"/refuse", `{"reason":"Ngày sinh ghi nhầm"}`, second); status != 200 || !strings.Contains(body, "Ngày sinh ghi nhầm") {
		t.Errorf("%d %s", status, body)
	}
	if u := p.settle(other); u.State != catalog.StateRefused {
		t.Errorf("%s", u.State)
	}
}
