package fetch

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"strings"
	"sync/atomic"
	"testing"
)

// here lets the tests' own servers be dialled, and says so of everything else.
func here(at netip.AddrPort) bool { return at.Addr().IsLoopback() }

// anyPort is Public but for the port, which a test's server cannot choose.
func anyPort(at netip.AddrPort) bool { return Public(netip.AddrPortFrom(at.Addr(), 443)) }

func code(err error) string {
	var e *Error
	if !errors.As(err, &e) {
		return ""
	}
	return e.Code
}

func TestGet(t *testing.T) {
	served := http.NewServeMux()
	served.HandleFunc("/so-lieu.csv", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Referer") != "" || r.Header.Get("Cookie") != "" || r.Header.Get("Authorization") != "" {
			t.Error("something of ours was sent along")
		}
		io.WriteString(w, "ma,so\n01,2\n")
	})
	served.HandleFunc("/named", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Disposition", `attachment; filename*=UTF-8''b%E1%BA%A3ng.csv`)
	})
	served.HandleFunc("/moved", func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "a", Value: "b"})
		http.Redirect(w, r, "/so-lieu.csv", http.StatusFound)
	})
	served.HandleFunc("/round", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/round", http.StatusFound) })
	served.HandleFunc("/out", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, r.URL.Query().Get("to"), http.StatusFound)
	})
	served.HandleFunc("/gone", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusGone) })
	served.HandleFunc("/busy", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	served.HandleFunc("/packed", func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Encoding", "gzip") })
	served.HandleFunc("/cut", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		io.WriteString(w, "ma,so\n")
	})
	s := httptest.NewServer(served)
	defer s.Close()
	c := New(Options{Allow: here})
	for _, x := range []struct{ path, name, text, code string }{
		{"/so-lieu.csv", "so-lieu.csv", "ma,so\n01,2\n", ""},
		{"/named", "bảng.csv", "", ""},
		{"/moved", "so-lieu.csv", "ma,so\n01,2\n", ""},
		{"/round", "", "", Redirects},
		{"/out?to=file:///etc/passwd", "", "", BadAddress},
		{"/out?to=http://user:word@127.0.0.1/", "", "", BadAddress},
		{"/out?to=http://10.0.0.1/", "", "", Forbidden},
		{"/gone", "", "", BadStatus},
		{"/busy", "", "", BadStatus},
		{"/packed", "", "", Encoded},
		{"/cut", "cut", "ma,so\n", Failed},
	} {
		f, err := c.Get(t.Context(), s.URL+x.path)
		text := ""
		if err == nil {
			var b []byte
			b, err = io.ReadAll(f)
			if text = string(b); f.Name != x.name {
				t.Errorf("%s: its name is %q", x.path, f.Name)
			}
			f.Close()
		}
		if code(err) != x.code || text != x.text || err != nil && strings.Contains(err.Error(), x.path) {
			t.Errorf("%s: %q, %v", x.path, text, err)
		}
		var e *Error
		if errors.As(err, &e) && e.Later != (x.path == "/busy" || x.path == "/cut") {
			t.Errorf("%s: later %v", x.path, e.Later)
		}
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err := c.Get(ctx, s.URL+"/so-lieu.csv"); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled one: %v", err)
	}
}

// TestNothingInside: however an address of the own network is written, no
// connection is made to it.
func TestNothingInside(t *testing.T) {
	var reached atomic.Int32
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Add(1) }))
	defer s.Close()
	addresses := []string{s.URL, strings.Replace(s.URL, "127.0.0.1", "localhost", 1), strings.Replace(s.URL, "127.0.0.1", "[::ffff:127.0.0.1]", 1)}
	if b, err := os.ReadFile("../../../shared/data/bad/made/ssrf_urls.json"); err == nil {
		var more []string
		if err := json.Unmarshal(b, &more); err != nil {
			t.Fatal(err)
		}
		addresses = append(addresses, more...)
	} else if os.Getenv("DAYLIGHT_REQUIRE") != "" {
		t.Fatal(err)
	} else {
		t.Log("NOT TRIED: the list in ../shared is not here")
	}
	c := New(Options{Allow: anyPort})
	for _, a := range addresses {
		ctx, stop := context.WithTimeout(t.Context(), headTime/10)
		f, err := c.Get(ctx, a)
		stop()
		if err == nil {
			f.Close()
			t.Errorf("%s was fetched", a)
		}
	}
	if reached.Load() > 0 {
		t.Errorf("%d connections were made", reached.Load())
	}
}

func TestPublic(t *testing.T) {
	for _, a := range []string{"1.1.1.1:443", "8.8.8.8:80", "203.113.0.1:443", "[2606:4700::1111]:443", "[::ffff:8.8.8.8]:80", "100.63.255.255:80", "172.32.0.1:80"} {
		if !Public(netip.MustParseAddrPort(a)) {
			t.Errorf("%s is public", a)
		}
	}
	for _, a := range []string{
		"127.0.0.1:80", "10.1.2.3:80", "172.16.0.1:80", "172.31.255.255:443", "192.168.1.1:80", "169.254.169.254:80", "100.64.0.1:80", "0.0.0.0:80", "198.18.0.1:80",
		"224.0.0.1:80", "255.255.255.255:80", "240.0.0.1:80", "192.0.2.1:80", "[::1]:80", "[::]:80", "[::ffff:127.0.0.1]:80", "[::ffff:10.0.0.1]:80", "[fe80::1]:80", "[fe80::1%lo]:80",
		"[fd00:ec2::254]:80", "[64:ff9b::7f00:1]:80", "[64:ff9b:1::1]:80", "[2002:7f00:1::]:80", "[2001::1]:80", "[2001:db8::1]:80", "[ff02::1]:80", "[::127.0.0.1]:80", "8.8.8.8:22", "8.8.8.8:0", "8.8.8.8:6379",
	} {
		if Public(netip.MustParseAddrPort(a)) {
			t.Errorf("%s is not public", a)
		}
	}
}

// TestAnswersThatChange: a name that is public when it is looked at and inside
// when it is dialled. What counts is what is dialled.
func TestAnswersThatChange(t *testing.T) {
	var asked atomic.Int32
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a connection was made") }))
	defer s.Close()
	c := New(Options{Allow: func(at netip.AddrPort) bool {
		asked.Add(1)
		return anyPort(at)
	}})
	// The system's own resolver gives loopback for this name, whatever is
	// said of it elsewhere.
	_, err := c.Get(t.Context(), strings.Replace(s.URL, "127.0.0.1", "localhost", 1))
	if code(err) != Forbidden || asked.Load() == 0 {
		t.Errorf("%v after %d looks at what is dialled", err, asked.Load())
	}
}
