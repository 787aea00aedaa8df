package api_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"daylight/api"
)

// TestSendFormEndsItsConnection: what a form leaves unread in the line is never
// taken for another request, whoever sends it and whatever is wrong with it.
// The answer is there before the line is closed.
func TestSendFormEndsItsConnection(t *testing.T) {
	p := newPortal(t)
	p.describe("dan-so", "so-y-te")
	cookie := p.enter(p.token[api.Own])
	token := p.formOf(cookie)
	address, _ := p.listening(time.Minute)
	host := strings.TrimPrefix(base, "http://")
	inner := "GET /api/v1 HTTP/1.1\r\nHost: " + host + "\r\n\r\n"
	for _, c := range []struct {
		name, cookie string
		fields       [][2]string
		content      string
		want         int
	}{
		{"a stranger", "", nil, inner, 401},
		{"no dataset", cookie, [][2]string{{"form", token}, {"dataset", "khong-co"}}, inner, 422},
		{"both", cookie, [][2]string{{"form", token}, {"dataset", "dan-so"}, {"address", "https://example.com/x.csv"}}, strings.Repeat(inner, 40_000), 422},
		{"sent, and more behind it", cookie, [][2]string{{"form", token}, {"dataset", "dan-so"}}, population, 303},
	} {
		body, headers := fileForm(c.fields, "x.csv", c.content)
		body += inner
		var b strings.Builder
		fmt.Fprintf(&b, "POST /agency/send HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n", host, len(body))
		for i := 0; i < len(headers); i += 2 {
			fmt.Fprintf(&b, "%s: %s\r\n", headers[i], headers[i+1])
		}
		if c.cookie != "" {
			fmt.Fprintf(&b, "Cookie: %s\r\n", c.cookie)
		}
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		conn.SetDeadline(time.Now().Add(20 * time.Second))
		go io.WriteString(conn, b.String()+"\r\n"+body)
		r := bufio.NewReader(conn)
		res, err := http.ReadResponse(r, nil)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if _, err := io.Copy(io.Discard, res.Body); err != nil || res.StatusCode != c.want {
			t.Errorf("%s: %d, %v", c.name, res.StatusCode, err)
		}
		if more, _ := io.ReadAll(r); len(more) > 0 {
			t.Errorf("%s: the file was answered as a request: %.40q", c.name, more)
		}
		conn.Close()
	}
}

// TestSendFormIsBounded: fields before the file are no way to fill the memory.
func TestSendFormIsBounded(t *testing.T) {
	p := newPortal(t)
	p.describe("dan-so", "so-y-te")
	cookie := p.enter(p.token[api.Own])
	fields := [][2]string{{"form", p.formOf(cookie)}, {"dataset", "dan-so"}}
	for range 60 {
		fields = append(fields, [2]string{"x", strings.Repeat("x", 60<<10)})
	}
	body, headers := fileForm(fields, "x.csv", population)
	if res, _ := ask(t, p.app, "POST", "/agency/send", body, append(headers, "Cookie", cookie)...); res.StatusCode != 400 {
		t.Errorf("%d bytes of fields: %d", len(body), res.StatusCode)
	}
}
