package api_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"daylight/api"
	"daylight/catalog"
)

const formBorder = "xxborderxx"

// fileForm is a form as a browser without script sends it.
func fileForm(fields [][2]string, name, content string) (body string, headers []string) {
	var b strings.Builder
	for _, f := range fields {
		b.WriteString("--" + formBorder + "\r\nContent-Disposition: form-data; name=\"" + f[0] + "\"\r\n\r\n" + f[1] + "\r\n")
	}
	b.WriteString("--" + formBorder + "\r\nContent-Disposition: form-data; name=\"file\"; filename=\"" + name + "\"\r\nContent-Type: text/csv\r\n\r\n" + content + "\r\n--" + formBorder + "--\r\n")
	return b.String(), []string{"Content-Type", "multipart/form-data; boundary=" + formBorder, "Sec-Fetch-Site", "same-origin", "Origin", base}
}

var uploadAddress = regexp.MustCompile(`^/(?:en/)?agency/uploads/([0-9a-f-]{36})$`)

// TestSendForm: a file is sent by a plain form; what is wrong in the form never
// costs the file; a form of another site does nothing.
func TestSendForm(t *testing.T) {
	p := newPortal(t)
	d := p.describe("dan-so", "so-y-te")
	other := p.describe("nguoi-khac", "so-giao-duc")
	cookie := p.enter(p.token[api.Own])
	token := p.formOf(cookie)
	_, page := ask(t, p.app, "GET", "/agency/send?dataset=dan-so", "", "Cookie", cookie)
	if !strings.Contains(page, `<option value="dan-so" selected>`) || strings.Contains(page, "nguoi-khac") || !strings.Contains(page, `enctype="multipart/form-data"`) || !strings.Contains(page, "20") {
		t.Fatalf("the form: %s", page)
	}
	post := func(name, content string, fields ...[2]string) (*http.Response, string) {
		body, headers := fileForm(append([][2]string{{"form", token}}, fields...), name, content)
		return ask(t, p.app, "POST", "/agency/send", body, append(headers, "Cookie", cookie)...)
	}
	arrived := func(res *http.Response) catalog.Upload {
		t.Helper()
		m := uploadAddress.FindStringSubmatch(res.Header.Get("Location"))
		if res.StatusCode != http.StatusSeeOther || m == nil {
			t.Fatalf("%d to %s", res.StatusCode, res.Header.Get("Location"))
		}
		return p.settle(m[1])
	}
	once := [2]string{"once", strings.Repeat("0a", 16)}
	res, _ := post("dan-so.csv", population, [2]string{"dataset", "dan-so"}, [2]string{"note.vi", "Số liệu quý ba"}, once)
	u := arrived(res)
	if u.State != catalog.StatePublished || u.Bytes != int64(len(population)) || u.Dataset != d.ID {
		t.Fatalf("%s, %d bytes: %v", u.State, u.Bytes, u.Problems)
	}
	if res, _ = post("dan-so.csv", population, [2]string{"dataset", "dan-so"}, [2]string{"note.vi", "Số liệu quý ba"}, once); arrived(res).ID != u.ID {
		t.Error("the same form, sent twice, made two uploads")
	}
	res, _ = post("dan-so.csv", strings.ReplaceAll(population, "9310", "9311"), [2]string{"dataset", "dan-so"}, [2]string{"note.vi", "hỏi 0912345678"})
	u = arrived(res)
	if u.State != catalog.StateWaiting || u.Problems[0].Code != "note-wanted" {
		t.Fatalf("with a telephone in the note: %s %v", u.State, u.Problems)
	}
	at := "/agency/uploads/" + u.ID
	act := func(note string) (*http.Response, string) {
		return ask(t, p.app, "POST", at, url.Values{"form": {token}, "action": {"note"}, "note.vi": {note}}.Encode(), append(here, "Cookie", cookie)...)
	}
	if res, page = act("gọi 0912345678"); res.StatusCode != 422 || !strings.Contains(page, "gọi 0912345678") {
		t.Errorf("the same fault again: %d", res.StatusCode)
	}
	if res, _ = act("Đã sửa"); arrived(res).State != catalog.StatePublished {
		t.Error("the note was put right, and the file does not go on")
	}
	for word, fields := range map[string][][2]string{
		"chọn một tệp":        {{"dataset", "dan-so"}},
		"Không có bộ dữ liệu": {{"dataset", other.Slug}},
		"Không lấy được tệp":  {{"dataset", "dan-so"}, {"address", "file:///etc/passwd"}},
	} {
		name := ""
		if fields[0][1] == other.Slug {
			name = "x.csv"
		}
		if res, page := post(name, strings.Repeat("a", len(name)), fields...); res.StatusCode != 422 || !strings.Contains(page, word) {
			t.Errorf("%v: %d, without %q", fields, res.StatusCode, word)
		}
	}
	body, headers := fileForm([][2]string{{"form", strings.Repeat("0", len(token))}, {"dataset", "dan-so"}}, "x.csv", population)
	if res, _ := ask(t, p.app, "POST", "/agency/send", body, append(headers, "Cookie", cookie)...); res.StatusCode != 403 {
		t.Errorf("a form without our field: %d", res.StatusCode)
	}
	headers[3] = "cross-site"
	if res, _ := ask(t, p.app, "POST", "/agency/send", body, append(headers, "Cookie", cookie)...); res.StatusCode != 403 {
		t.Errorf("a form of another site: %d", res.StatusCode)
	}
}
