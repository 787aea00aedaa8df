// Package fetch gets a file from an address that somebody outside has named.
// The address is hostile: it may lead into the portal's own network, by its
// name, by a redirect, or by a name server that answers differently each time.
// So the address that is dialled is checked when it is dialled, and nothing
// else is believed.
package fetch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"path"
	"strings"
	"syscall"
	"time"
)

// Codes of an Error.
const (
	BadAddress = "fetch-address"   // not an http or https address, or one with a name and a password in it
	Forbidden  = "fetch-forbidden" // it leads to no public address, or to a port that is not served
	BadStatus  = "fetch-status"    // the server there does not give the file
	Encoded    = "fetch-encoded"   // it packs what it sends, though it was not asked to
	Redirects  = "fetch-redirects" // it leads on and on
	Failed     = "fetch-failed"    // the line, the name or the certificate
)

// An Error says what stands against a file at an address, without the address:
// that may hold a secret.
type Error struct {
	Code   string
	Status int  // HTTP, of BadStatus
	Later  bool // another try may succeed
}

func (e *Error) Error() string {
	if e.Status > 0 {
		return fmt.Sprintf("fetch: %s: status %d", e.Code, e.Status)
	}
	return "fetch: " + e.Code
}

// Options of a Client.
type Options struct {
	// Allow says whether an address may be dialled; nil: Public.
	Allow func(netip.AddrPort) bool
	Agent string // User-Agent
}

// Bounds of one fetch.
const (
	maxAddress   = 2048
	maxRedirects = 5
	headTime     = 30 * time.Second // until the answer begins
	idleTime     = time.Minute      // without a byte
	wholeTime    = 6 * time.Hour
)

// A Client fetches. It keeps no connection and no cookie, and sends nothing but
// the address.
type Client struct {
	http  *http.Client
	agent string
}

// New makes a Client.
func New(o Options) *Client {
	allow := o.Allow
	if allow == nil {
		allow = Public
	}
	dialer := &net.Dialer{Timeout: headTime, ControlContext: func(_ context.Context, network, address string, _ syscall.RawConn) error {
		at, err := netip.ParseAddrPort(address)
		if err != nil || !strings.HasPrefix(network, "tcp") || !allow(at) {
			return &Error{Code: Forbidden}
		}
		return nil
	}}
	return &Client{agent: o.Agent, http: &http.Client{
		Transport: &http.Transport{ // no proxy: it would dial for us
			DialContext: dialer.DialContext, TLSHandshakeTimeout: headTime, ResponseHeaderTimeout: headTime,
			DisableKeepAlives: true, DisableCompression: true, MaxResponseHeaderBytes: 64 << 10,
		},
		CheckRedirect: func(r *http.Request, via []*http.Request) error {
			r.Header.Del("Referer") // the address before may hold a secret
			switch {
			case len(via) > maxRedirects:
				return &Error{Code: Redirects}
			case !fetchable(r.URL):
				return &Error{Code: BadAddress}
			}
			return nil
		},
	}}
}

// Check says whether an address can be fetched at all; it asks nobody. *Error.
func Check(address string) error {
	_, err := parse(address)
	return err
}

func parse(address string) (*url.URL, error) {
	u, err := url.Parse(address)
	if len(address) > maxAddress || err != nil || !fetchable(u) {
		return nil, &Error{Code: BadAddress}
	}
	return u, nil
}

func fetchable(u *url.URL) bool {
	return (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && u.Hostname() != "" && u.User == nil && u.Opaque == ""
}

// A File is on its way. Close it.
type File struct {
	io.Reader
	Name  string // as the server or the address calls it: a label
	Bytes int64  // -1: not told
	close func()
}

// Close ends the fetch.
func (f *File) Close() error {
	f.close()
	return nil
}

// Get begins to fetch. An error is *Error, or that of ctx; one of a read is an
// *Error too, which is Later, and means that the file is not whole.
func (c *Client) Get(ctx context.Context, address string) (*File, error) {
	u, err := parse(address)
	if err != nil {
		return nil, err
	}
	working, stop := context.WithTimeout(ctx, wholeTime)
	req, err := http.NewRequestWithContext(working, http.MethodGet, u.String(), nil)
	if err != nil {
		stop()
		return nil, &Error{Code: BadAddress}
	}
	req.Header.Set("Accept", "*/*")
	req.Header.Set("User-Agent", c.agent)
	res, err := c.http.Do(req)
	if err != nil {
		stop()
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		var told *Error
		if errors.As(err, &told) {
			return nil, told
		}
		return nil, &Error{Code: Failed, Later: true} // without the cause: it quotes the address
	}
	end := func() {
		stop()
		res.Body.Close()
	}
	switch s := res.StatusCode; {
	case s != http.StatusOK:
		end()
		return nil, &Error{Code: BadStatus, Status: s, Later: s >= 500 || s == http.StatusTooManyRequests || s == http.StatusRequestTimeout}
	case res.Header.Get("Content-Encoding") != "":
		end()
		return nil, &Error{Code: Encoded}
	}
	return &File{Reader: &watched{r: res.Body, want: res.ContentLength, timer: time.AfterFunc(idleTime, stop)}, Name: nameOf(res), Bytes: res.ContentLength, close: end}, nil
}

// nameOf is the last part of the address that answered, unless the server says
// another.
func nameOf(res *http.Response) string {
	if _, p, err := mime.ParseMediaType(res.Header.Get("Content-Disposition")); err == nil && p["filename"] != "" {
		return p["filename"]
	}
	if name := path.Base(res.Request.URL.Path); name != "/" && name != "." {
		return name
	}
	return ""
}

// watched ends a body that no byte comes of, and takes no cut one for whole.
type watched struct {
	r         io.Reader
	want, got int64
	timer     *time.Timer
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.r.Read(p)
	w.got += int64(n)
	w.timer.Reset(idleTime)
	if err != nil {
		w.timer.Stop()
		if err != io.EOF || w.want >= 0 && w.got != w.want {
			return n, &Error{Code: Failed, Later: true}
		}
	}
	return n, err
}
