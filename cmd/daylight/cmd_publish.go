package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"daylight/catalog"
	"daylight/ingest"
)

type publishCommand struct {
	File    string        `arg:"" help:"File to send." type:"existingfile"`
	Dataset string        `help:"Slug of the dataset." required:""`
	Server  string        `help:"Address of the portal." default:"http://127.0.0.1:8080" env:"DAYLIGHT_SERVER"`
	Plan    string        `help:"Privacy plan to decide with: a YAML file, or auto. Default: the plan the dataset has."`
	Locale  string        `help:"How the file writes numbers and dates: vi, en-GB, en-US, de, …"`
	Note    string        `help:"What is new in this version."`
	Wait    time.Duration `help:"How long to wait for the answer." default:"1h"`
	progressFlag
}

// uploadReply is what the API says of an upload.
type uploadReply struct {
	Upload     catalog.Upload `json:"upload"`
	URL        string         `json:"url"`
	ContentURL string         `json:"content_url"`
}

// Run sends the file and tells what became of it. Whoever interrupts it, or
// loses the line for good, calls it again with the same file and dataset.
func (p *publishCommand) Run(ctx context.Context, con *console) error {
	err := p.run(ctx, con)
	if errors.Is(err, context.Canceled) {
		return &exitError{exitFailed, "interrupted: run the same command again, and it goes on where it stopped"}
	}
	return err
}

func (p *publishCommand) run(ctx context.Context, con *console) error {
	token := os.Getenv("DAYLIGHT_TOKEN")
	if token == "" {
		return fmt.Errorf("no token: set DAYLIGHT_TOKEN to a token of your agency")
	}
	server, err := url.Parse(strings.TrimRight(p.Server, "/"))
	if err != nil || server.Host == "" {
		return fmt.Errorf("--server must be an address such as https://data.example.gov.vn")
	}
	ctx, stop := context.WithTimeout(ctx, p.Wait)
	defer stop()
	f, err := os.Open(p.File)
	if err != nil {
		return err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return err
	}
	if st.Size() == 0 {
		return &exitError{exitRefused, "the file is empty: there is nothing to publish"}
	}
	c := &client{base: server, token: token}
	reply, sum, err := p.begin(ctx, c, f, st.Size())
	if err != nil {
		return err
	}
	if reply.Upload.State == catalog.StateReceiving {
		sent := ingest.SendMeter(st.Size())
		end := con.follow(p.progressFlag, sent.Progress)
		reply, err = c.deliver(ctx, reply.Upload.ID, f, st.Size(), sent)
		end()
		if err != nil {
			return err
		}
	}
	if reply.Upload.SHA256 != "" && reply.Upload.SHA256 != sum {
		return fmt.Errorf("the file changed while it was sent: send it again")
	}
	if reply, err = p.await(ctx, c, reply, con); err != nil {
		return err
	}
	return p.verdict(reply.Upload, con)
}

// begin announces the file and gives the SHA-256 of it. The key is made of its
// content, so that sending the same file again, after a cut line or from a new
// process, finds the same upload and goes on with it.
func (p *publishCommand) begin(ctx context.Context, c *client, f *os.File, size int64) (reply uploadReply, sum string, err error) {
	body := map[string]any{"bytes": size, "locale": p.Locale}
	if p.Note != "" {
		body["note"] = map[string]string{languageOf(p.Note): p.Note}
	}
	switch p.Plan {
	case "":
	case "auto":
		body["plan"] = "auto"
	default:
		plan, err := os.ReadFile(p.Plan)
		if err != nil {
			return reply, "", err
		}
		body["plan"] = string(plan)
	}
	raw, err := json.Marshal(body)
	if err != nil {
		return reply, "", err
	}
	h, content := sha256.New(), sha256.New()
	fmt.Fprintf(h, "%s\x00", p.Dataset)
	h.Write(raw)
	if _, err := io.Copy(io.MultiWriter(h, content), f); err != nil {
		return reply, "", err
	}
	q := url.Values{"dataset": {p.Dataset}, "filename": {filepath.Base(p.File)}}
	header := http.Header{"Idempotency-Key": {"publish-" + hex.EncodeToString(h.Sum(nil)[:16])}}
	for wait := newPatience(c); ; {
		reply, err = c.send(ctx, http.MethodPost, "/api/v1/uploads?"+q.Encode(), "application/json", bytes.NewReader(raw), int64(len(raw)), header)
		if err == nil || !wait.again(ctx, err) {
			return reply, hex.EncodeToString(content.Sum(nil)), err
		}
	}
}

// await asks for the state until it is final, and shows what is being done.
func (p *publishCommand) await(ctx context.Context, c *client, reply uploadReply, con *console) (uploadReply, error) {
	var last atomic.Pointer[catalog.Progress]
	end := con.follow(p.progressFlag, last.Load)
	defer end()
	for wait := newPatience(c); ; {
		switch reply.Upload.State {
		case catalog.StatePublished, catalog.StateRefused, catalog.StateWaiting, catalog.StateScheduled:
			return reply, nil
		}
		last.Store(reply.Upload.Progress)
		select {
		case <-ctx.Done():
			return reply, fmt.Errorf("no answer in time; the upload goes on: ask again at %s", reply.URL)
		case <-time.After(300 * time.Millisecond):
		}
		now, err := c.send(ctx, http.MethodGet, "/api/v1/uploads/"+reply.Upload.ID, "", nil, 0, nil)
		if err == nil {
			reply, wait = now, newPatience(c)
		} else if !wait.again(ctx, err) {
			return reply, err
		}
	}
}

func (p *publishCommand) verdict(u catalog.Upload, con *console) error {
	if u.State == catalog.StatePublished {
		fmt.Fprintf(con.out, "Published: %s, version %d.\n", p.Dataset, u.Release)
		return nil
	}
	if u.State == catalog.StateScheduled {
		fmt.Fprintf(con.out, "Cleared: %s becomes public at %s.\n", p.Dataset, u.NotBefore.Format(time.RFC3339))
		return nil
	}
	code := exitRefused
	if u.State == catalog.StateWaiting {
		code = exitQuestions
		fmt.Fprintln(con.err, "Not published: the file waits for a decision. Nothing of it is public.")
	} else {
		fmt.Fprintln(con.err, "Refused. Nothing of the file is public.")
	}
	for _, problem := range u.Problems {
		where := ""
		if problem.Column != "" {
			where = "column " + problem.Column + ": "
		}
		fmt.Fprintf(con.err, "  %s%s\n", where, problem.Detail)
	}
	return &exitError{code: code}
}

// client speaks to the API of a portal.
type client struct {
	base     *url.URL
	token    string
	answered bool // the portal did, once
}

// ask sends a request. The caller closes the body of the answer.
func (c *client) ask(ctx context.Context, method, path, media string, body io.Reader, change ...func(*http.Request)) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.base.String()+path, body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+c.token)
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Accept-Language", "en")
	if media != "" {
		req.Header.Set("Content-Type", media)
	}
	for _, f := range change {
		f(req)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		var e *url.Error
		if errors.As(err, &e) {
			err = e.Err
		}
		return nil, &unreached{fmt.Errorf("cannot reach the portal at %s: %w", c.base.Host, err)}
	}
	c.answered = true
	return res, nil
}

func (c *client) send(ctx context.Context, method, path, media string, body io.Reader, size int64, header http.Header) (uploadReply, error) {
	var reply uploadReply
	res, err := c.ask(ctx, method, path, media, body, func(req *http.Request) {
		req.ContentLength = size
		for k, v := range header {
			req.Header[k] = v
		}
	})
	if err != nil {
		return reply, err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(res.Body, 8<<20))
	if err != nil {
		return reply, &unreached{fmt.Errorf("the portal's answer was cut: %w", err)}
	}
	if res.StatusCode >= 400 {
		return reply, &refused{res.StatusCode, refusal(res.StatusCode, raw)}
	}
	if err := json.Unmarshal(raw, &reply); err != nil {
		return reply, fmt.Errorf("the portal's answer is not JSON: is --server right?")
	}
	return reply, nil
}

// refusal tells a problem+json in one line.
func refusal(status int, raw []byte) error {
	var p struct {
		Title, Detail string
		Errors        []struct{ Field, Parameter, Message string }
	}
	if json.Unmarshal(raw, &p) != nil || p.Title == "" {
		return fmt.Errorf("the portal answered %d: is --server right?", status)
	}
	text := p.Title + ": " + p.Detail
	for _, e := range p.Errors {
		text += " (" + strings.TrimSpace(e.Field+e.Parameter+" "+e.Message) + ")"
	}
	return errors.New(text)
}
