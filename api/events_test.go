package api_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"

	"daylight/api"
	"daylight/catalog"
	"daylight/store"
)

// listening is the portal on a real line.
func (p *portal) listening(events time.Duration) (address string, app *fiber.App) {
	p.t.Helper()
	config := p.config
	config.EventsFor = events
	app, err := api.New(config)
	if err != nil {
		p.t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		p.t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- app.Listener(l) }()
	p.t.Cleanup(func() { app.ShutdownWithTimeout(time.Second); <-done })
	return l.Addr().String(), app
}

// call asks over the line; the caller closes the body.
func (p *portal) call(ctx context.Context, address, method, path, body string, headers ...string) *http.Response {
	p.t.Helper()
	req, err := http.NewRequestWithContext(ctx, method, "http://"+address+path, strings.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	req.Host = "portal.test"
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	return res
}

func (p *portal) announced(slug string) catalog.Upload {
	p.t.Helper()
	d := p.describe(slug, "so-y-te")
	u, err := p.inbox.Begin(p.t.Context(), catalog.NewUpload{Dataset: d.ID, Agency: d.Agency, By: "own", FileName: "ten-tep-rieng.csv", TotalBytes: -1, Plan: []byte("auto")})
	if err != nil {
		p.t.Fatal(err)
	}
	return u
}

type event struct{ name, id, data string }

func eventsIn(t *testing.T, r io.Reader) (all []event) {
	t.Helper()
	var e event
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		switch name, value, _ := strings.Cut(lines.Text(), ": "); {
		case lines.Text() == "" && e != event{}:
			all, e = append(all, e), event{}
		case name == "event":
			e.name = value
		case name == "id":
			e.id = value
		case name == "data":
			e.data = value
		}
	}
	if err := lines.Err(); err != nil {
		t.Errorf("the stream was cut: %v", err)
	}
	return all
}

// A file is followed from before its bytes come to its publication.
func TestEvents(t *testing.T) {
	p := newPortal(t)
	address, _ := p.listening(time.Minute)
	u := p.announced("theo-doi")
	own := []string{"Authorization", "Bearer " + p.token[api.Own]}
	at := "/api/v1/uploads/" + u.ID
	// As another process would have left it: the file is soon worked off.
	err := p.work.InTx(t.Context(), func(tx *store.Tx) error {
		_, err := tx.Exec(t.Context(), `UPDATE uploads SET stage = 'receiving', progress = $2 WHERE id = $1`, u.ID,
			`{"stage":"receiving","stage_number":1,"stages":9,"done_bytes":3000000,"total_bytes":12000000,"rows":0,"bytes_per_second":1000000,"elapsed_seconds":3,"left_seconds":130}`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	res := p.call(t.Context(), address, "GET", at+"/events", "", own...)
	defer res.Body.Close()
	for name, want := range map[string]string{"Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no"} {
		if got := res.Header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	cookie := p.enter(p.token[api.Own])
	page := p.call(t.Context(), address, "GET", "/en/agency/uploads/"+u.ID+"/events", "", "Cookie", cookie)
	defer page.Body.Close()
	seen := make(chan []event, 2)
	go func() { seen <- eventsIn(t, res.Body) }()
	go func() { seen <- eventsIn(t, page.Body) }()
	text := "ma_xa,ten_xa,so\n" + strings.Repeat("00301,Xã Bí Mật Nọ,12\n", 30_000)
	sent := p.call(t.Context(), address, "PUT", at+"/content", text, own...)
	sent.Body.Close()
	if sent.StatusCode != 202 {
		t.Fatalf("sent: %d", sent.StatusCode)
	}
	words := false
	for range 2 {
		var all []event
		select {
		case all = <-seen:
		case <-time.After(time.Minute):
			t.Fatal("the stream does not end with the work")
		}
		var states []string
		for _, e := range all {
			if strings.Contains(e.data, "rieng") || strings.Contains(e.data, "Bí Mật") || strings.Contains(e.data, "ten_xa") {
				t.Errorf("an event tells of the file: %s", e.data)
			}
			if e.name == "state" {
				states = append(states, e.id)
				continue
			}
			if e.name != "progress" {
				continue
			}
			var got struct {
				catalog.Progress
				Text struct{ Stage, Step, Amount, Left string }
			}
			if err := json.Unmarshal([]byte(e.data), &got); err != nil || got.Stage == "" || got.StageNumber < 1 || got.StageNumber > got.Stages {
				t.Errorf("progress %s: %v", e.data, err)
			}
			words = words || strings.HasPrefix(got.Text.Step, "Step ") && strings.HasSuffix(got.Text.Left, "2 minutes left") && got.Text.Amount == "3\u00a0MB of 12\u00a0MB"
		}
		if len(states) < 2 || states[0] != "receiving" || states[len(states)-1] != "published" {
			t.Errorf("states %v of %d events", states, len(all))
		}
	}
	if !words {
		t.Error("the page's stream has no words")
	}
	again := p.call(t.Context(), address, "GET", at+"/events", "", append(own, "Last-Event-ID", "published")...)
	again.Body.Close()
	if again.StatusCode != http.StatusNoContent {
		t.Errorf("who has heard the end and comes again gets %d, want 204", again.StatusCode)
	}
	first := p.call(t.Context(), address, "GET", at+"/events", "", own...)
	defer first.Body.Close()
	if all := eventsIn(t, first.Body); !slices.ContainsFunc(all, func(e event) bool { return e.name == "state" && strings.Contains(e.data, `"release":1`) }) {
		t.Errorf("who comes after the end hears %v", all)
	}
	for who, want := range map[api.Who]int{api.Other: 404, api.Anonymous: 401} {
		var headers []string
		if p.token[who] != "" {
			headers = []string{"Authorization", "Bearer " + p.token[who]}
		}
		res := p.call(t.Context(), address, "GET", at+"/events", "", headers...)
		res.Body.Close()
		if res.StatusCode != want {
			t.Errorf("%s: %d, want %d", who, res.StatusCode, want)
		}
	}
}

// One account holds so many streams and no more; who goes makes room.
func TestEventsLimit(t *testing.T) {
	p := newPortal(t)
	address, _ := p.listening(2 * time.Second) // a comment each tenth of a second
	u := p.announced("nhieu-luong")
	at, own := "/api/v1/uploads/"+u.ID+"/events", []string{"Authorization", "Bearer " + p.token[api.Own]}
	var leave []context.CancelFunc
	for i := range 8 {
		ctx, cancel := context.WithCancel(t.Context())
		leave = append(leave, cancel)
		res := p.call(ctx, address, "GET", at, "", own...)
		defer res.Body.Close()
		if res.StatusCode != 200 {
			t.Fatalf("stream %d: %d", i+1, res.StatusCode)
		}
	}
	res := p.call(t.Context(), address, "GET", at, "", own...)
	raw, _ := io.ReadAll(res.Body)
	res.Body.Close()
	if res.StatusCode != 429 || res.Header.Get("Retry-After") != "30" || !strings.Contains(string(raw), "too-many-streams") {
		t.Errorf("the ninth: %d %s", res.StatusCode, raw)
	}
	other := p.call(t.Context(), address, "GET", at, "", "Authorization", "Bearer "+p.token[api.Administrator])
	other.Body.Close()
	if other.StatusCode != 200 {
		t.Errorf("another account: %d", other.StatusCode)
	}
	gone := time.Now()
	for _, cancel := range leave {
		cancel()
	}
	for {
		res := p.call(t.Context(), address, "GET", at, "", own...)
		res.Body.Close()
		if res.StatusCode == 200 {
			break
		}
		if time.Since(gone) > 10*time.Second {
			t.Fatal("those who have gone keep their places")
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// A stream ends with its time, and with the server; nobody waits for it.
func TestEventsEnd(t *testing.T) {
	p := newPortal(t)
	u := p.announced("het-gio")
	at, own := "/api/v1/uploads/"+u.ID+"/events", []string{"Authorization", "Bearer " + p.token[api.Own]}
	address, _ := p.listening(300 * time.Millisecond)
	res := p.call(t.Context(), address, "GET", at, "", own...)
	defer res.Body.Close()
	if all := eventsIn(t, res.Body); len(all) != 1 || all[0].id != "receiving" {
		t.Errorf("heard %v", all)
	}
	address, app := p.listening(time.Hour)
	res = p.call(t.Context(), address, "GET", at, "", own...)
	defer res.Body.Close()
	heard := make(chan []event, 1)
	go func() { heard <- eventsIn(t, res.Body) }()
	began := time.Now()
	if err := app.ShutdownWithTimeout(30 * time.Second); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		t.Fatal(err)
	}
	if all := <-heard; len(all) != 1 {
		t.Errorf("heard %v", all)
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("the server waited %s for a listener", took)
	}
}

// The page of an upload lets its own script run while there is work, and no
// page does after it.
func TestProgressPage(t *testing.T) {
	p := newPortal(t)
	u := p.announced("trang")
	cookie := p.enter(p.token[api.Own])
	for state, runs := range map[string]bool{"working": true, "published": false} {
		p.setState(u.ID, state)
		res, body := ask(t, p.app, "GET", "/agency/uploads/"+u.ID, "", "Cookie", cookie)
		policy := res.Header.Get("Content-Security-Policy")
		if got := strings.Contains(policy, "script-src 'self'") && strings.Contains(policy, "connect-src 'self'"); got != runs || strings.Contains(policy, "unsafe") {
			t.Errorf("%s: policy %s", state, policy)
		}
		if got := strings.Contains(body, "/progress.js"); got != runs {
			t.Errorf("%s: script %v", state, got)
		}
		if refresh := strings.Contains(body, `<noscript><meta http-equiv="refresh"`); refresh != runs {
			t.Errorf("%s: reloads by itself: %v", state, refresh)
		}
	}
	if res, _ := ask(t, p.app, "GET", "/agency", "", "Cookie", cookie); strings.Contains(res.Header.Get("Content-Security-Policy"), "script") {
		t.Error("the policy of another page was opened")
	}
}
