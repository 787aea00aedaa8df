package api_test

import (
	"strings"
	"testing"
)

// TestCite: each form names the version and the SHA-256 of its file; the short
// form leads to it.
func TestCite(t *testing.T) {
	p := newPortal(t)
	d := p.describe("dan-so", "so-y-te")
	p.publish(d, population, "auto")
	r, err := p.catalog.Release(t.Context(), d.ID, 1)
	if err != nil {
		t.Fatal(err)
	}
	sum := ""
	for _, f := range r.Files {
		if f.Format == "csv" {
			sum = f.Ref.String()
		}
	}
	for form, words := range map[string][]string{
		"text":   {"dan-so@1", sum, base + "/datasets/dan-so/v/1"},
		"bibtex": {"@misc{dan-so_1,", "dan-so@1", sum, "url = {" + base + "/datasets/dan-so/v/1}"},
		"ris":    {"TY  - DATA\r\nID  - dan-so@1\r\n", "N1  - data.csv SHA-256 " + sum, "ER  - \r\n"},
	} {
		res, body := ask(t, p.app, "GET", "/datasets/dan-so/v/1/cite/"+form, "")
		for _, w := range words {
			if res.StatusCode != 200 || !strings.Contains(body, w) {
				t.Errorf("%s: %d, without %q:\n%s", form, res.StatusCode, w, body)
			}
		}
	}
	for path, want := range map[string]int{"/datasets/dan-so/v/1/cite/word": 404, "/datasets/dan-so/v/2/cite/text": 404, "/cite/dan-so@1": 301, "/cite/dan-so@2": 404, "/cite/dan-so": 404, "/cite/../x@1": 404, "/cite/dan-so@01": 404} {
		res, _ := ask(t, p.app, "GET", path, "")
		if res.StatusCode != want {
			t.Errorf("%s: %d", path, res.StatusCode)
		}
		if want == 301 && !strings.HasSuffix(res.Header.Get("Location"), "/datasets/dan-so/v/1") {
			t.Errorf("leads to %s", res.Header.Get("Location"))
		}
	}
	p.withdraw(d.ID)
	if res, _ := ask(t, p.app, "GET", "/datasets/dan-so/v/1/cite/text", ""); res.StatusCode != 410 {
		t.Errorf("withdrawn: %d", res.StatusCode)
	}
}
