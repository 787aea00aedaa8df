package api_test

import (
	"net/http"
	"strings"
	"testing"
)

// Ready while everything answers; not ready, and alive, when the private
// database is gone; the process that only reads has none and stays ready.
func TestReady(t *testing.T) {
	p := newPortal(t)
	p.indexed()
	res, body := ask(t, p.app, http.MethodGet, "/readyz", "")
	if res.StatusCode != 200 || !strings.Contains(body, `"search":"index"`) || res.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%d %s", res.StatusCode, body)
	}
	if err := p.work.Close(); err != nil {
		t.Fatal(err)
	}
	if res, body = ask(t, p.app, http.MethodGet, "/readyz", "", "Accept-Language", "en"); res.StatusCode != 503 || !strings.Contains(body, "/problems/not-ready") {
		t.Errorf("without the private database: %d %s", res.StatusCode, body)
	}
	if res, body = ask(t, p.app, http.MethodGet, "/healthz", ""); res.StatusCode != 200 {
		t.Errorf("alive: %d %s", res.StatusCode, body)
	}
	if res, body = ask(t, p.reader, http.MethodGet, "/readyz", ""); res.StatusCode != 200 {
		t.Errorf("the reader: %d %s", res.StatusCode, body)
	}
}
