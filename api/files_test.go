package api_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strings"
	"testing"

	"daylight/catalog"
)

// The rules for data files of standards.md section 7, one line a rule.
func TestFileRules(t *testing.T) {
	p := newPortal(t)
	d := p.describe("dan-so", "so-y-te")
	if u := p.publish(d, population, "auto"); u.State != catalog.StatePublished {
		t.Fatalf("%s: %v", u.State, u.Problems)
	}
	const file = "/datasets/dan-so/v/1/data.csv"
	whole, body := ask(t, p.app, "GET", file, "")
	sum := sha256.Sum256([]byte(body))
	tag := `"` + hex.EncodeToString(sum[:]) + `"`
	size := len(body)
	modified := whole.Header.Get("Last-Modified")

	for _, c := range []struct {
		name, method string
		headers      []string
		status       int
		from, to     int // of the body; to < 0: none
		header       string
		value        string
	}{
		{"whole", "GET", nil, 200, 0, size, "ETag", tag},
		{"digest", "GET", nil, 200, 0, size, "Repr-Digest", "sha-256=:" + base64.StdEncoding.EncodeToString(sum[:]) + ":"},
		{"type", "GET", nil, 200, 0, size, "Content-Type", "text/csv; charset=utf-8; header=present"},
		{"cache", "GET", nil, 200, 0, size, "Cache-Control", "public, max-age=86400, s-maxage=3600, immutable"},
		{"ranges are offered", "GET", nil, 200, 0, size, "Accept-Ranges", "bytes"},
		{"others may read", "GET", nil, 200, 0, size, "Access-Control-Allow-Origin", "*"},
		{"no sniffing", "GET", nil, 200, 0, size, "X-Content-Type-Options", "nosniff"},
		{"never runs", "GET", nil, 200, 0, size, "Content-Security-Policy", "sandbox; default-src 'none'"},
		{"not compressed", "GET", []string{"Accept-Encoding", "gzip, br"}, 200, 0, size, "Content-Encoding", ""},
		{"head", "HEAD", nil, 200, 0, -1, "ETag", tag},
		{"first bytes", "GET", []string{"Range", "bytes=0-9"}, 206, 0, 10, "Content-Range", "bytes 0-9/" + itoa(size)},
		{"from a place on", "GET", []string{"Range", "bytes=10-"}, 206, 10, size, "Content-Range", "bytes 10-" + itoa(size-1) + "/" + itoa(size)},
		{"last bytes", "GET", []string{"Range", "bytes=-7"}, 206, size - 7, size, "ETag", tag},
		{"last of more than there are", "GET", []string{"Range", "bytes=-99999"}, 206, 0, size, "ETag", tag},
		{"digest of the whole on a part", "GET", []string{"Range", "bytes=0-1"}, 206, 0, 2, "Repr-Digest", "sha-256=:" + base64.StdEncoding.EncodeToString(sum[:]) + ":"},
		{"beyond the end", "GET", []string{"Range", "bytes=" + itoa(size) + "-"}, 416, 0, -1, "Content-Range", "bytes */" + itoa(size)},
		{"several ranges", "GET", []string{"Range", "bytes=0-1,4-5"}, 200, 0, size, "ETag", tag},
		{"another unit", "GET", []string{"Range", "rows=0-1"}, 200, 0, size, "ETag", tag},
		{"no range at all", "GET", []string{"Range", "bytes=x-y"}, 200, 0, size, "ETag", tag},
		{"resumed, same version", "GET", []string{"Range", "bytes=10-", "If-Range", tag}, 206, 10, size, "ETag", tag},
		{"resumed, same time", "GET", []string{"Range", "bytes=10-", "If-Range", modified}, 206, 10, size, "ETag", tag},
		{"resumed, another version", "GET", []string{"Range", "bytes=10-", "If-Range", `"other"`}, 200, 0, size, "ETag", tag},
		{"resumed, weak tag", "GET", []string{"Range", "bytes=10-", "If-Range", "W/" + tag}, 200, 0, size, "ETag", tag},
		{"not changed", "GET", []string{"If-None-Match", tag}, 304, 0, -1, "ETag", tag},
		{"not changed, one of several", "GET", []string{"If-None-Match", `"a", W/` + tag}, 304, 0, -1, "ETag", tag},
		{"changed", "GET", []string{"If-None-Match", `"a"`}, 200, 0, size, "ETag", tag},
		{"not changed since", "GET", []string{"If-Modified-Since", modified}, 304, 0, -1, "ETag", tag},
		{"the tag goes before the time", "GET", []string{"If-None-Match", `"a"`, "If-Modified-Since", modified}, 200, 0, size, "ETag", tag},
		{"must match and does", "GET", []string{"If-Match", tag}, 200, 0, size, "ETag", tag},
		{"must match and does not", "GET", []string{"If-Match", `"a"`}, 412, 0, -1, "Content-Type", "application/problem+json; charset=utf-8"},
		{"head of a part", "HEAD", []string{"Range", "bytes=0-9"}, 206, 0, -1, "Content-Range", "bytes 0-9/" + itoa(size)},
	} {
		t.Run(c.name, func(t *testing.T) {
			res, got := ask(t, p.app, c.method, file, "", c.headers...)
			if res.StatusCode != c.status {
				t.Fatalf("status %d, want %d", res.StatusCode, c.status)
			}
			if v := res.Header.Get(c.header); v != c.value {
				t.Errorf("%s: %q, want %q", c.header, v, c.value)
			}
			if c.to >= 0 && got != body[c.from:c.to] {
				t.Errorf("%d bytes, not bytes %d to %d", len(got), c.from, c.to)
			}
			if c.method == "HEAD" && c.status == 200 && res.ContentLength != int64(size) {
				t.Errorf("Content-Length %d, want %d", res.ContentLength, size)
			}
		})
	}
}

func itoa(n int) string {
	var b [20]byte
	i := len(b)
	for {
		i--
		b[i] = byte('0' + n%10)
		if n /= 10; n == 0 {
			return string(b[i:])
		}
	}
}

func TestLastingAddressesLead(t *testing.T) {
	p := newPortal(t)
	p.publish(p.describe("dan-so", "so-y-te"), population, "auto")
	for path, want := range map[string]string{
		"/datasets/dan-so/latest/data.csv":     base + "/datasets/dan-so/v/1/data.csv",
		"/datasets/dan-so/download/parquet":    base + "/datasets/dan-so/v/1/data.parquet",
		"/datasets/dan-so/latest/data.arrow":   base + "/datasets/dan-so/v/1/data.arrow",
		"/datasets/dan-so/latest/x.csv":        "",
		"/datasets/dan-so/download/xlsx":       "",
		"/datasets/dan-so/v/2/data.csv":        "",
		"/datasets/dan-so/v/01/data.csv":       "",
		"/datasets/dan-so/v/1/..%2fdata.csv":   "",
		"/datasets/..%2f..%2fprivate/work.db":  "",
		"/static/../../private/master.key":     "",
		"/datasets/dan-so/v/1/data.csv%00.png": "",
	} {
		res, _ := ask(t, p.app, "GET", path, "")
		if got := res.Header.Get("Location"); got != want || want != "" && res.StatusCode != 302 || want == "" && res.StatusCode != 404 {
			t.Errorf("%s: %d to %q, want %q", path, res.StatusCode, got, want)
		}
	}
}

// A second version stands beside the first, which keeps its bytes.
func TestVersionsStayWhatTheyWere(t *testing.T) {
	p := newPortal(t)
	d := p.describe("dan-so", "so-y-te")
	p.publish(d, population, "auto")
	_, before := ask(t, p.app, "GET", "/datasets/dan-so/v/1/data.csv", "")
	if u := p.publish(d, population+"00016,Xã Mới,77\n", "auto"); u.Release != 2 {
		t.Fatalf("%s, release %d: %v", u.State, u.Release, u.Problems)
	}
	_, after := ask(t, p.app, "GET", "/datasets/dan-so/v/1/data.csv", "")
	if before != after {
		t.Error("version 1 changed")
	}
	res, second := ask(t, p.app, "GET", "/datasets/dan-so/v/2/data.csv", "", "Range", "bytes=5-", "If-Range", `"`+strings.Repeat("0", 64)+`"`)
	if res.StatusCode != http.StatusOK || !strings.Contains(second, "Xã Mới") {
		t.Errorf("a resume against the newer version gives %d", res.StatusCode)
	}
	if u := p.publish(d, population+"00016,Xã Mới,77\n", "auto"); u.State != catalog.StatePublished || u.Release != 2 {
		t.Errorf("the same file again is %s, release %d", u.State, u.Release)
	}
	if all, err := p.catalog.Releases(t.Context(), d.ID); err != nil || len(all) != 2 {
		t.Errorf("%d releases (%v), want 2", len(all), err)
	}
}
