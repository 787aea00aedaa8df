package api_test

import (
	"bufio"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"daylight/api"
	"daylight/catalog"
	"daylight/store"
)

// wire is the portal behind a real listener: connections can be cut.
type wire struct {
	*portal
	at string // host and port
}

func newWire(t *testing.T) *wire {
	p := newPortal(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p.config.Hosts, p.config.MaxUpload = api.LocalHosts(l.Addr().String()), 64<<20
	app, err := api.New(p.config)
	if err != nil {
		t.Fatal(err)
	}
	go app.Listener(l)
	t.Cleanup(func() { app.Shutdown() })
	return &wire{p, l.Addr().String()}
}

// tus sends a request of the protocol; headers in pairs.
func (w *wire) tus(method, at string, body io.Reader, headers ...string) *http.Response {
	w.t.Helper()
	req, err := http.NewRequest(method, "http://"+w.at+at, body)
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Tus-Resumable", "1.0.0")
	req.Header.Set("Authorization", "Bearer "+w.token[api.Own])
	for i := 0; i < len(headers); i += 2 {
		if req.Header.Set(headers[i], headers[i+1]); headers[i+1] == "" {
			req.Header.Del(headers[i])
		}
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	res.Body.Close()
	if h := res.Header; h.Get("Tus-Resumable") != "1.0.0" || !strings.Contains(h.Get("Cache-Control"), "no-store") || h.Get("Access-Control-Allow-Origin") != "" {
		w.t.Errorf("%s %s: %d: %v", method, at, res.StatusCode, h)
	}
	return res
}

// create begins an upload, and gives the path of its address.
func (w *wire) create(slug string, total int, headers ...string) string {
	w.t.Helper()
	headers = append([]string{"Upload-Metadata", metadata("filename", "dân số.csv", "dataset", slug), "Upload-Length", strconv.Itoa(total)}, headers...)
	res := w.tus("POST", "/api/v1/tus", nil, headers...)
	at, ok := strings.CutPrefix(res.Header.Get("Location"), base)
	if res.StatusCode != http.StatusCreated || !ok {
		w.t.Fatalf("create: %d, Location %q", res.StatusCode, res.Header.Get("Location"))
	}
	return at
}

func metadata(pairs ...string) string {
	var all []string
	for i := 0; i < len(pairs); i += 2 {
		all = append(all, pairs[i]+" "+base64.StdEncoding.EncodeToString([]byte(pairs[i+1])))
	}
	return strings.Join(all, ",")
}

func (w *wire) patch(at string, offset int, body string, headers ...string) *http.Response {
	w.t.Helper()
	return w.tus("PATCH", at, strings.NewReader(body), append([]string{"Content-Type", "application/offset+octet-stream", "Upload-Offset", strconv.Itoa(offset)}, headers...)...)
}

// offset asks how far an upload is; -1 with the status for an error.
func (w *wire) offset(at string) (int, *http.Response) {
	w.t.Helper()
	res := w.tus("HEAD", at, nil)
	n, err := strconv.Atoi(res.Header.Get("Upload-Offset"))
	if err != nil {
		n = -1
	}
	return n, res
}

// arrived checks that the file came whole, and was published.
func (w *wire) arrived(at, content string) {
	w.t.Helper()
	u := w.settle(at[strings.LastIndex(at, "/")+1:])
	sum := sha256.Sum256([]byte(content))
	if u.State != catalog.StatePublished || u.Bytes != int64(len(content)) || u.SHA256 != hex.EncodeToString(sum[:]) {
		w.t.Errorf("%s is %s, %d bytes of %d, sha256 %s: %v", at, u.State, u.Bytes, len(content), u.SHA256, u.Problems)
	}
	if n, res := w.offset(at); n != len(content) || res.Header.Get("Upload-Expires") != "" {
		w.t.Errorf("a whole upload: %d, expires %q", n, res.Header.Get("Upload-Expires"))
	}
}

// begun opens a connection and sends a PATCH that promises more than it brings.
func (w *wire) begun(at string, offset int, body string, promised int, more ...string) net.Conn {
	w.t.Helper()
	conn, err := net.Dial("tcp", w.at)
	if err != nil {
		w.t.Fatal(err)
	}
	fmt.Fprintf(conn, "PATCH %s HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nTus-Resumable: 1.0.0\r\nContent-Type: application/offset+octet-stream\r\nUpload-Offset: %d\r\nContent-Length: %d\r\n%s\r\n%s",
		at, w.at, w.token[api.Own], offset, promised, strings.Join(more, ""), body)
	return conn
}

// Parts of every length, and lines cut everywhere: what is told as durable is
// gone on from, and the file arrives whole.
func TestTusParts(t *testing.T) {
	w := newWire(t)
	d := w.describe("dan-so", "so-y-te")
	for step := 1; step <= len(population); step += 1 + step/3 {
		content := strings.ReplaceAll(population, "9310", fmt.Sprint(9000+step))
		at := w.create(d.Slug, len(content))
		for n := 0; n < len(content); {
			part := content[n:min(n+step, len(content))]
			res := w.patch(at, n, part)
			if n += len(part); res.StatusCode != http.StatusNoContent || res.Header.Get("Upload-Offset") != strconv.Itoa(n) {
				t.Fatalf("at %d: %d, offset %s", n, res.StatusCode, res.Header.Get("Upload-Offset"))
			}
			if step > 20 {
				continue
			}
			if got, res := w.offset(at); got != n || res.Header.Get("Upload-Length") != strconv.Itoa(len(content)) ||
				res.Header.Get("Upload-Metadata") != metadata("filename", "dân số.csv", "dataset", "dan-so") {
				t.Fatalf("at %d: HEAD says %d of %s, %q", n, got, res.Header.Get("Upload-Length"), res.Header.Get("Upload-Metadata"))
			}
		}
		w.arrived(at, content)
	}
}

func TestTusCutLine(t *testing.T) {
	w := newWire(t)
	d := w.describe("dan-so", "so-y-te")
	var b strings.Builder
	for i := range 60_000 { // beyond what is read ahead of the handler
		fmt.Fprintf(&b, "%06d,Xã số %d,%d\n", i, i%977, 1000+i%9000)
	}
	content := "ma,ten,so\n" + b.String()
	at := w.create(d.Slug, len(content))
	n, cuts := 0, 0
	for n < len(content) {
		want := min(len(content), n+200_000+cuts*37)
		conn := w.begun(at, n, content[n:want], len(content)-n)
		if want < len(content) {
			time.Sleep(20 * time.Millisecond)
			conn.Close()
			cuts++
		} else if line, err := bufio.NewReader(conn).ReadString('\n'); err != nil || !strings.Contains(line, "204") {
			t.Fatalf("the last part: %q, %v", line, err)
		}
		got, res := w.offset(at)
		if got < n || got > want {
			t.Fatalf("after a cut at %d: %d, offset %d", want, res.StatusCode, got)
		}
		if n = got; cuts > 60 {
			t.Fatal("it does not go on")
		}
	}
	if cuts < 2 {
		t.Errorf("only %d cuts", cuts)
	}
	w.arrived(at, content)
}

func TestTusRefuses(t *testing.T) {
	w := newWire(t)
	d := w.describe("dan-so", "so-y-te")
	half := len(population) / 2
	at := w.create(d.Slug, len(population))
	if res := w.patch(at, 0, population[:half]); res.StatusCode != http.StatusNoContent {
		t.Fatal(res.StatusCode)
	} else if when, err := http.ParseTime(res.Header.Get("Upload-Expires")); err != nil || time.Until(when) < 6*24*time.Hour {
		t.Errorf("expires %v, %v", when, err)
	}
	rest := population[half:]
	wrong := base64.StdEncoding.EncodeToString(make([]byte, 32))
	meta := metadata("dataset", d.Slug)
	for _, c := range []struct {
		name   string
		method string
		at     string
		body   string
		header []string
		want   int
		also   string // header field that must be there
	}{
		{"wrong offset", "PATCH", at, rest, []string{"Upload-Offset", "0"}, 409, ""},
		{"beyond the end", "PATCH", at, rest, []string{"Upload-Offset", "99999"}, 409, ""},
		{"no offset", "PATCH", at, rest, []string{"Upload-Offset", ""}, 400, ""},
		{"a negative offset", "PATCH", at, rest, []string{"Upload-Offset", "-1"}, 400, ""},
		{"another version", "PATCH", at, rest, []string{"Tus-Resumable", "0.2.2"}, 412, "Tus-Version"},
		{"no version", "HEAD", at, "", []string{"Tus-Resumable", ""}, 412, "Tus-Version"},
		{"another media type", "PATCH", at, rest, []string{"Content-Type", "text/csv"}, 415, ""},
		{"a wrong SHA-256", "PATCH", at, rest, []string{"Upload-Checksum", "sha256 " + wrong}, 460, ""},
		{"a wrong SHA-1", "PATCH", at, rest, []string{"Upload-Checksum", "sha1 " + base64.StdEncoding.EncodeToString(make([]byte, 20))}, 460, ""},
		{"an unknown algorithm", "PATCH", at, rest, []string{"Upload-Checksum", "md5 " + wrong}, 400, ""},
		{"half a sum", "PATCH", at, rest, []string{"Upload-Checksum", "sha256 AAAA"}, 400, ""},
		{"more than was announced", "PATCH", at, rest + "x", nil, 413, "Tus-Max-Size"},
		{"another length than was announced", "PATCH", at, rest, []string{"Upload-Length", "7"}, 409, ""},
		{"nobody", "PATCH", at, rest, []string{"Authorization", ""}, 401, "WWW-Authenticate"},
		{"another agency", "PATCH", at, rest, []string{"Authorization", "Bearer " + w.token[api.Other]}, 404, ""},
		{"another agency asks", "HEAD", at, "", []string{"Authorization", "Bearer " + w.token[api.Other]}, 404, ""},
		{"no such upload", "HEAD", "/api/v1/tus/11111111-2222-4333-8444-555555555555", "", nil, 404, ""},
		{"too large", "POST", "/api/v1/tus", "", []string{"Upload-Length", "99999999999", "Upload-Metadata", meta}, 413, "Tus-Max-Size"},
		{"no length", "POST", "/api/v1/tus", "", []string{"Upload-Metadata", meta}, 400, ""},
		{"two lengths", "POST", "/api/v1/tus", "", []string{"Upload-Length", "7", "Upload-Defer-Length", "1", "Upload-Metadata", meta}, 400, ""},
		{"a part of another upload", "POST", "/api/v1/tus", "", []string{"Upload-Length", "7", "Upload-Concat", "partial", "Upload-Metadata", meta}, 400, ""},
		{"no metadata", "POST", "/api/v1/tus", "", []string{"Upload-Length", "7"}, 404, ""},
		{"metadata that are none", "POST", "/api/v1/tus", "", []string{"Upload-Length", "7", "Upload-Metadata", "dataset !!!"}, 400, ""},
		{"an unknown dataset", "POST", "/api/v1/tus", "", []string{"Upload-Length", "7", "Upload-Metadata", metadata("dataset", "khong-co")}, 404, ""},
		{"a coded body", "PATCH", at, rest, []string{"Content-Encoding", "gzip"}, 415, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := *w.portal
			p.t = t
			w := &wire{&p, w.at}
			header := []string{}
			if c.method == "PATCH" {
				header = append(header, "Content-Type", "application/offset+octet-stream", "Upload-Offset", strconv.Itoa(half))
			}
			res := w.tus(c.method, c.at, strings.NewReader(c.body), append(header, c.header...)...)
			if res.StatusCode != c.want || c.also != "" && res.Header.Get(c.also) == "" {
				t.Errorf("%d, want %d; %s: %q", res.StatusCode, c.want, c.also, res.Header.Get(c.also))
			}
			if n, _ := w.offset(at); n != half {
				t.Fatalf("it moved to %d", n)
			}
		})
	}
	// With the right sums it goes on: SHA-256 of the first line of the rest, SHA-1 of all.
	first := rest[:5]
	s1 := sha1.Sum([]byte(first))
	if res := w.patch(at, half, first, "Upload-Checksum", "sha1 "+base64.StdEncoding.EncodeToString(s1[:])); res.StatusCode != 204 {
		t.Errorf("a right SHA-1: %d", res.StatusCode)
	}
	sum256 := sha256.Sum256([]byte(rest[5:]))
	if res := w.patch(at, half+5, rest[5:], "Upload-Checksum", "sha256 "+base64.StdEncoding.EncodeToString(sum256[:])); res.StatusCode != 204 {
		t.Errorf("a right SHA-256: %d", res.StatusCode)
	}
	w.arrived(at, population)
	// When it is whole, nothing changes it.
	for name, res := range map[string]*http.Response{"more": w.patch(at, len(population), "x"), "again": w.patch(at, 0, population), "taken back": w.tus("DELETE", at, nil)} {
		if res.StatusCode != http.StatusConflict && res.StatusCode != http.StatusRequestEntityTooLarge {
			t.Errorf("%s, after the end: %d", name, res.StatusCode)
		}
	}
	if res := w.patch(at, len(population), ""); res.StatusCode != http.StatusNoContent {
		t.Errorf("nothing more, after the end: %d", res.StatusCode)
	}
	res := w.tus("OPTIONS", "/api/v1/tus", nil, "Tus-Resumable", "", "Authorization", "")
	for name, want := range map[string]string{"Tus-Version": "1.0.0", "Tus-Max-Size": "67108864", "Tus-Checksum-Algorithm": "sha1,sha256",
		"Tus-Extension": "creation,creation-with-upload,creation-defer-length,checksum,expiration,termination"} {
		if res.StatusCode != 204 || res.Header.Get(name) != want {
			t.Errorf("OPTIONS: %d, %s is %q", res.StatusCode, name, res.Header.Get(name))
		}
	}
}

// What begins with its bytes, has no length yet, or has none at all.
func TestTusCreation(t *testing.T) {
	w := newWire(t)
	d := w.describe("dan-so", "so-y-te")
	meta := []string{"Upload-Metadata", metadata("dataset", d.Slug, "locale", "vi", "relativePath", "x"), "Content-Type", "application/offset+octet-stream"}
	post := func(body string, headers ...string) (string, *http.Response) {
		res := w.tus("POST", "/api/v1/tus", strings.NewReader(body), append(headers, meta...)...)
		return strings.TrimPrefix(res.Header.Get("Location"), base), res
	}
	at, res := post(population, "Upload-Length", strconv.Itoa(len(population)))
	if res.StatusCode != 201 || res.Header.Get("Upload-Offset") != strconv.Itoa(len(population)) {
		t.Fatalf("all at once: %d, offset %s", res.StatusCode, res.Header.Get("Upload-Offset"))
	}
	w.arrived(at, population)

	other := strings.ReplaceAll(population, "9310", "9312")
	at, res = post(other[:9], "Upload-Defer-Length", "1", "Idempotency-Key", "mot-lan")
	if res.StatusCode != 201 || res.Header.Get("Upload-Offset") != "9" {
		t.Fatalf("without a length: %d, offset %s", res.StatusCode, res.Header.Get("Upload-Offset"))
	}
	if n, res := w.offset(at); n != 9 || res.Header.Get("Upload-Defer-Length") != "1" || res.Header.Get("Upload-Length") != "" {
		t.Errorf("offset %d, headers %v", n, res.Header)
	}
	if again, res := post(other[:9], "Upload-Defer-Length", "1", "Idempotency-Key", "mot-lan"); again != at || res.StatusCode != 201 || res.Header.Get("Upload-Offset") != "9" {
		t.Errorf("the same key again: %s, %d, offset %s; want %s", again, res.StatusCode, res.Header.Get("Upload-Offset"), at)
	}
	if res := w.patch(at, 9, other[9:]); res.StatusCode != 204 {
		t.Fatal(res.StatusCode)
	}
	if u, err := w.inbox.State(t.Context(), at[strings.LastIndex(at, "/")+1:]); err != nil || u.State != catalog.StateReceiving {
		t.Errorf("before its length is told it is %s, %v", u.State, err)
	}
	if res := w.patch(at, len(other), "", "Upload-Length", strconv.Itoa(len(other))); res.StatusCode != 204 {
		t.Errorf("the length, at the end: %d", res.StatusCode)
	}
	w.arrived(at, other)

	at = w.create(d.Slug, 0)
	if u := w.settle(at[strings.LastIndex(at, "/")+1:]); u.State != catalog.StateRefused || u.Bytes != 0 {
		t.Errorf("an empty file is %s", u.State)
	}
}

// Two on one upload: the second is told to wait. Who asks for the offset takes
// over, with all that came.
func TestTusTwoClients(t *testing.T) {
	w := newWire(t)
	d := w.describe("dan-so", "so-y-te")
	at := w.create(d.Slug, 1<<20)
	id := at[strings.LastIndex(at, "/")+1:]
	r, pipe := io.Pipe()
	done := make(chan error, 1)
	go func() { _, err := w.inbox.Receive(t.Context(), id, catalog.Part{}, r); done <- err }()
	io.WriteString(pipe, "12345") // returns when it is read
	if res := w.patch(at, 0, "x"); res.StatusCode != http.StatusLocked || res.Header.Get("Retry-After") == "" {
		t.Errorf("the second: %d, Retry-After %q", res.StatusCode, res.Header.Get("Retry-After"))
	}
	go func() { time.Sleep(50 * time.Millisecond); pipe.CloseWithError(io.ErrUnexpectedEOF) }()
	if n, res := w.offset(at); n != 5 {
		t.Errorf("who takes over: %d, offset %d", res.StatusCode, n)
	}
	if err := <-done; err == nil {
		t.Error("the first was not cut off")
	}

	// The line is dead, and the server does not know it: it still waits for bytes.
	dead := w.begun(at, 5, strings.Repeat("x", 30_000), 1<<20-5)
	defer dead.Close()
	time.Sleep(200 * time.Millisecond)
	began := time.Now()
	if n, res := w.offset(at); n != 30_005 || time.Since(began) > 3*time.Second {
		t.Errorf("beside a dead line: %d, offset %d, after %v", res.StatusCode, n, time.Since(began))
	}
}

func TestTusTakenBackAndExpired(t *testing.T) {
	w := newWire(t)
	d := w.describe("dan-so", "so-y-te")
	key := []string{"Idempotency-Key", "lan-dau"}
	at := w.create(d.Slug, len(population), key...)
	w.patch(at, 0, population[:20])
	if res := w.tus("DELETE", at, nil); res.StatusCode != http.StatusNoContent {
		t.Fatal(res.StatusCode)
	}
	gone := func(at string) {
		t.Helper()
		for _, res := range []*http.Response{w.tus("DELETE", at, nil), w.tus("HEAD", at, nil), w.patch(at, 20, population[20:])} {
			if res.StatusCode != http.StatusGone {
				t.Errorf("%s: %d, want 410", res.Request.Method, res.StatusCode)
			}
		}
	}
	gone(at)
	again := w.create(d.Slug, len(population), key...)
	if again == at {
		t.Error("the key leads to what was taken back")
	}
	w.patch(again, 0, population[:20])
	w.setUpdated(again, time.Now().Add(-8*24*time.Hour))
	gone(again)
	u, err := w.inbox.State(t.Context(), again[strings.LastIndex(again, "/")+1:])
	if err != nil || u.State != catalog.StateRefused || u.Problems[0].Code != "expired" {
		t.Errorf("%s %v, %v", u.State, u.Problems, err)
	}
}

// The raw PUT checks a digest, and keeps nothing of what has another one.
func TestContentDigest(t *testing.T) {
	p := newPortal(t)
	p.describe("dan-so", "so-y-te")
	own := []string{"Authorization", "Bearer " + p.token[api.Own]}
	_, body := ask(t, p.app, "POST", "/api/v1/uploads?dataset=dan-so", "", own...)
	var reply struct {
		Upload     catalog.Upload
		ContentURL string `json:"content_url"`
		TusURL     string `json:"tus_url"`
	}
	if err := json.Unmarshal([]byte(body), &reply); err != nil || !strings.HasSuffix(reply.TusURL, "/api/v1/tus/"+reply.Upload.ID) || reply.Upload.Expires.IsZero() {
		t.Fatalf("%s %v", body, err)
	}
	at := strings.TrimPrefix(reply.ContentURL, base)
	sum := sha256.Sum256([]byte(population))
	digest := func(b []byte) string { return "sha-256=:" + base64.StdEncoding.EncodeToString(b) + ":" }
	for header, want := range map[string]int{digest(make([]byte, 32)): 422, "sha-256=:AAAA:": 400, "sha-512=:AAAA:": 400, "x": 400, digest(sum[:])[:20]: 400} {
		if res, body := ask(t, p.app, "PUT", at, population, append(own, "Content-Digest", header)...); res.StatusCode != want {
			t.Errorf("%s: %d, want %d: %s", header, res.StatusCode, want, body)
		}
		if u, err := p.inbox.State(t.Context(), reply.Upload.ID); err != nil || u.State != catalog.StateReceiving || u.SHA256 != "" {
			t.Fatalf("%s: it is %s, %v", header, u.State, err)
		}
	}
	for range 2 { // and the same again
		res, body := ask(t, p.app, "PUT", at, population, append(own, "Content-Digest", "sha-512=:xx:, "+digest(sum[:]))...)
		if res.StatusCode != 202 || !strings.Contains(body, `"sha256":"`+hex.EncodeToString(sum[:])+`"`) {
			t.Errorf("the right one: %d %s", res.StatusCode, body)
		}
	}
}

// More files at once than an agency may send: 429, and as many again later.
func TestUploadsAtOnce(t *testing.T) {
	w := newWire(t)
	d := w.describe("dan-so", "so-y-te")
	fifth := w.create(d.Slug, len(population))
	for range 4 {
		conn := w.begun(w.create(d.Slug, 1<<20), 0, strings.Repeat("x", 30_000), 1<<20)
		defer conn.Close()
	}
	time.Sleep(200 * time.Millisecond)
	if res := w.patch(fifth, 0, population); res.StatusCode != http.StatusTooManyRequests || res.Header.Get("Retry-After") == "" {
		t.Errorf("the fifth: %d, Retry-After %q", res.StatusCode, res.Header.Get("Retry-After"))
	}
	// Another agency's do not count.
	other := w.describe("truong-hoc", "so-giao-duc")
	theirs := []string{"Authorization", "Bearer " + w.token[api.Other]}
	at := w.create(other.Slug, len(population), theirs...)
	if res := w.patch(at, 0, population, theirs...); res.StatusCode != http.StatusNoContent {
		t.Errorf("another agency: %d", res.StatusCode)
	}
}

func (w *wire) setUpdated(at string, when time.Time) {
	w.t.Helper()
	err := w.work.InTx(w.t.Context(), func(tx *store.Tx) error {
		_, err := tx.Exec(w.t.Context(), `UPDATE uploads SET updated_at = $2 WHERE id = $1`, at[strings.LastIndex(at, "/")+1:], when)
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
}
