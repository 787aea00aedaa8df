package api

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"daylight/catalog"
	"daylight/catalog/codes"
)

// file serves a released file at its immutable address: standards.md section 7.
// Fiber's own static handler ignores If-Range, so that a resumed download can
// splice two versions, and gives neither ETag nor Content-Range of a 416.
func (s *server) file(c *fiber.Ctx) error {
	d, r := datasetOf(c), releaseOf(c)
	f, ok := r.File(c.Params("file"))
	if !ok {
		if b, ok := schemaOf(r, c.Params("file")); ok {
			return s.sendSchema(c, r, b)
		}
		return failure(fiber.StatusNotFound, "not-found")
	}
	h := &c.Response().Header
	h.Set(fiber.HeaderContentType, f.MediaType)
	h.Set(fiber.HeaderETag, `"`+f.Ref.String()+`"`)
	h.Set(fiber.HeaderLastModified, r.Published.UTC().Format(http.TimeFormat))
	h.Set(fiber.HeaderCacheControl, "public, max-age=86400, s-maxage=3600, immutable")
	h.Set(fiber.HeaderAcceptRanges, "bytes")
	h.Set("Repr-Digest", "sha-256=:"+digest(f)+":")
	h.Set(fiber.HeaderContentDisposition, disposition(d.Slug+"-v"+strconv.Itoa(r.N)+"-"+f.Name))
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	h.Set(fiber.HeaderLink, s.fileLinks(d, r, f))
	return s.send(c, f, r.Published)
}

func digest(f catalog.File) string {
	raw, err := hex.DecodeString(f.Ref.String())
	if err != nil {
		return ""
	}
	return base64.StdEncoding.EncodeToString(raw)
}

func disposition(file string) string {
	return `attachment; filename="` + file + `"; filename*=UTF-8''` + url.PathEscape(file)
}

func (s *server) fileLinks(d *catalog.Dataset, r *catalog.Release, f catalog.File) string {
	page := s.Site.BaseURL + "/datasets/" + d.Slug
	links := []string{
		`<` + page + `>; rel="collection"; type="text/html"`,
		`<` + page + `/latest/` + f.Name + `>; rel="latest-version"`,
		`<` + page + `/v/` + strconv.Itoa(r.N) + `/` + f.Name + `>; rel="canonical"`,
		`<` + s.Site.BaseURL + `/dataset/` + string(d.ID) + `.ttl>; rel="describedby"; type="text/turtle"`,
	}
	if stem, ok := strings.CutSuffix(f.Name, ".csv"); ok {
		links = append(links, `<`+page+`/v/`+strconv.Itoa(r.N)+`/`+stem+schemaEnding+`>; rel="describedby"; type="application/json"`)
	}
	if l, ok := codes.Licences.Get(d.Licence); ok {
		links = append(links, `<`+s.absolute(l.IRI)+`>; rel="license"`)
	}
	if r.N > 1 {
		links = append(links, `<`+page+`/v/`+strconv.Itoa(r.N-1)+`>; rel="predecessor-version"`)
	}
	return strings.Join(links, ", ")
}

// send answers the conditions and ranges of a request for bytes that never
// change. The order of the conditions is that of RFC 9110, section 13.2.2.
func (s *server) send(c *fiber.Ctx, f catalog.File, modified time.Time) error {
	tag := `"` + f.Ref.String() + `"`
	modified = modified.UTC().Truncate(time.Second)
	if match := c.Get(fiber.HeaderIfMatch); match != "" {
		if !listed(match, tag, false) {
			return failure(fiber.StatusPreconditionFailed, "precondition-failed")
		}
	} else if since, ok := date(c.Get(fiber.HeaderIfUnmodifiedSince)); ok && modified.After(since) {
		return failure(fiber.StatusPreconditionFailed, "precondition-failed")
	}
	if none := c.Get(fiber.HeaderIfNoneMatch); none != "" {
		if listed(none, tag, true) {
			return c.Status(fiber.StatusNotModified).Send(nil)
		}
	} else if since, ok := date(c.Get(fiber.HeaderIfModifiedSince)); ok && !modified.After(since) {
		return c.Status(fiber.StatusNotModified).Send(nil)
	}

	from, n, status := int64(0), f.Bytes, fiber.StatusOK
	if asked := c.Get(fiber.HeaderRange); asked != "" && inRange(c.Get(fiber.HeaderIfRange), tag, modified) {
		switch first, length, ok := parseRange(asked, f.Bytes); {
		case ok && length < 0: // several ranges, another unit, or no range at all: the whole file
		case ok:
			from, n, status = first, length, fiber.StatusPartialContent
			c.Set(fiber.HeaderContentRange, fmt.Sprintf("bytes %d-%d/%d", from, from+n-1, f.Bytes))
		default:
			err := s.fail(c, failure(fiber.StatusRequestedRangeNotSatisfiable, "range"))
			c.Set(fiber.HeaderContentRange, fmt.Sprintf("bytes */%d", f.Bytes))
			return err
		}
	}
	c.Status(status)
	if c.Method() == fiber.MethodHead {
		c.Response().SkipBody = true
		c.Response().Header.SetContentLength(int(n))
		return nil
	}
	file, err := s.Library.File(c.UserContext(), f.Ref)
	if err != nil {
		return &Failure{Status: fiber.StatusInternalServerError, Name: "internal", cause: err}
	}
	if st, err := file.Stat(); err != nil || st.Size() != f.Bytes {
		file.Close()
		return &Failure{Status: fiber.StatusInternalServerError, Name: "internal", cause: fmt.Errorf("file of %s has another length than its row", f.Ref)}
	}
	c.Context().SetBodyStream(&section{SectionReader: io.NewSectionReader(file, from, n), file: file, alive: writeDeadline(c)}, int(n))
	return nil
}

// section is a part of a file, closed at the end of the answer. Each read moves
// the connection's deadline: a slow reader is served as long as bytes flow.
type section struct {
	*io.SectionReader
	file  io.Closer
	alive func()
}

func (s *section) Read(p []byte) (int, error) {
	s.alive()
	return s.SectionReader.Read(p)
}

func (s *section) Close() error { return s.file.Close() }

func writeDeadline(c *fiber.Ctx) func() {
	conn := c.Context().Conn()
	return func() {
		if conn != nil {
			conn.SetWriteDeadline(time.Now().Add(idleTime))
		}
	}
}

// listed says whether a list of entity tags holds tag. If-Match compares
// strongly: our tags are strong, a weak one is never the same.
func listed(list, tag string, weak bool) bool {
	for _, t := range strings.Split(list, ",") {
		t = strings.TrimSpace(t)
		if weak {
			t = strings.TrimPrefix(t, "W/")
		}
		if t == tag || t == "*" {
			return true
		}
	}
	return false
}

func date(s string) (time.Time, bool) {
	t, err := http.ParseTime(s)
	return t, err == nil
}

// inRange says whether a Range counts: without If-Range always, with one only
// if what the reader holds is exactly this file.
func inRange(ifRange, tag string, modified time.Time) bool {
	if ifRange == "" || ifRange == tag {
		return true
	}
	at, ok := date(ifRange)
	return ok && at.Equal(modified)
}

// parseRange reads one range of bytes. ok with n < 0: the whole file is the
// answer. Not ok: nothing of the range lies within the file.
func parseRange(s string, size int64) (from, n int64, ok bool) {
	spec, isBytes := strings.CutPrefix(s, "bytes=")
	if !isBytes || strings.Contains(spec, ",") {
		return 0, -1, true
	}
	a, b, found := strings.Cut(strings.TrimSpace(spec), "-")
	if !found {
		return 0, -1, true
	}
	if a == "" { // the last b bytes
		last, err := strconv.ParseUint(b, 10, 63)
		if err != nil {
			return 0, -1, true
		}
		if last == 0 || size == 0 {
			return 0, 0, false
		}
		n = min(int64(last), size)
		return size - n, n, true
	}
	first, err := strconv.ParseUint(a, 10, 63)
	if err != nil {
		return 0, -1, true
	}
	if int64(first) >= size {
		return 0, 0, false
	}
	end := size - 1
	if b != "" {
		last, err := strconv.ParseUint(b, 10, 63)
		if err != nil || last < first {
			return 0, -1, true
		}
		end = min(int64(last), end)
	}
	return int64(first), end - int64(first) + 1, true
}

// latest leads from a lasting address to the file of the current release.
func (s *server) latest(c *fiber.Ctx) error {
	d := datasetOf(c)
	if d.Release.Withdrawn != nil { // none stands
		c.Locals(localRelease, d.Release)
		return failure(fiber.StatusGone, "withdrawn")
	}
	f, ok := d.Release.File(c.Params("file"))
	if !ok {
		return failure(fiber.StatusNotFound, "not-found")
	}
	return s.toFile(c, d, f)
}

// download leads to the latest file of a format. With several tables there is
// no one file: the answer lists them.
func (s *server) download(c *fiber.Ctx) error {
	d := datasetOf(c)
	if d.Release.Withdrawn != nil {
		c.Locals(localRelease, d.Release)
		return failure(fiber.StatusGone, "withdrawn")
	}
	var found []catalog.File
	for _, f := range d.Release.Files {
		if f.Format == c.Params("format") {
			found = append(found, f)
		}
	}
	switch len(found) {
	case 0:
		return failure(fiber.StatusNotFound, "not-found")
	case 1:
		return s.toFile(c, d, found[0])
	}
	type choice struct {
		Table string `json:"table"`
		URL   string `json:"url"`
	}
	var list []choice
	for _, f := range found {
		list = append(list, choice{f.Table, s.fileURL(d, d.Release.N, f.Name)})
	}
	return c.Status(fiber.StatusMultipleChoices).JSON(list)
}

func (s *server) toFile(c *fiber.Ctx, d *catalog.Dataset, f catalog.File) error {
	c.Set(fiber.HeaderCacheControl, "public, max-age=60")
	c.Set(fiber.HeaderLocation, s.fileURL(d, d.Release.N, f.Name))
	return c.SendStatus(fiber.StatusFound)
}

func (s *server) fileURL(d *catalog.Dataset, n int, file string) string {
	return s.Site.BaseURL + "/datasets/" + d.Slug + "/v/" + strconv.Itoa(n) + "/" + file
}

// absolute puts the public address before an address of the portal's own.
func (s *server) absolute(iri string) string {
	if strings.HasPrefix(iri, "/") {
		return s.Site.BaseURL + iri
	}
	return iri
}
