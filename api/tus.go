package api

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"daylight/catalog"
)

// tus 1.0.0 (https://tus.io/protocols/resumable-upload): a file comes in parts,
// and after a cut line its sender asks how much is durable and goes on there.
// An upload is the same one that /api/v1/uploads/:upload tells of.

const (
	tusPath     = "/api/v1/tus"
	tusVersion  = "1.0.0"
	tusMedia    = "application/offset+octet-stream"
	maxMetadata = 4 << 10

	statusChecksum = 460 // of the protocol; no other knows it
)

// Header fields of the protocol.
const (
	tusResumable   = "Tus-Resumable"
	tusMaxSize     = "Tus-Max-Size"
	uploadOffset   = "Upload-Offset"
	uploadLength   = "Upload-Length"
	uploadDefer    = "Upload-Defer-Length"
	uploadMetadata = "Upload-Metadata"
	uploadExpires  = "Upload-Expires"
	uploadChecksum = "Upload-Checksum"
	uploadConcat   = "Upload-Concat"
)

// speaksTus says whether answers to this request are of the protocol, whatever
// they are.
func (s *server) speaksTus(c *fiber.Ctx) bool {
	path := c.Path()
	return s.Intake != nil && (path == tusPath || strings.HasPrefix(path, tusPath+"/"))
}

// tusHeaders go with every answer.
func (s *server) tusHeaders(c *fiber.Ctx) {
	c.Set(tusResumable, tusVersion)
	c.Set(fiber.HeaderCacheControl, "no-store")
	if c.Method() == fiber.MethodOptions {
		c.Set("Tus-Version", tusVersion)
		c.Set("Tus-Extension", "creation,creation-with-upload,creation-defer-length,checksum,expiration,termination")
		c.Set("Tus-Checksum-Algorithm", "sha1,sha256")
		c.Set(tusMaxSize, strconv.FormatInt(s.MaxUpload, 10))
		c.Set(fiber.HeaderAllow, "POST, HEAD, PATCH, DELETE, OPTIONS")
	}
}

// tus makes a handler that answers no other version of the protocol.
func tus(f func(*server, *fiber.Ctx) error) func(*server) fiber.Handler {
	return call(func(s *server, c *fiber.Ctx) error {
		if c.Get(tusResumable) != tusVersion {
			c.Set("Tus-Version", tusVersion)
			return failure(fiber.StatusPreconditionFailed, "tus-version")
		}
		return f(s, c)
	})
}

// badHeader names a header field that cannot be used.
func badHeader(name, message string) *Failure {
	f := failure(fiber.StatusBadRequest, "bad-header")
	f.Fields = []FieldError{{Field: name, Message: message}}
	return f
}

// tusTarget is the dataset that the metadata of a creation name.
func (s *server) tusTarget(c *fiber.Ctx) (object, error) {
	m, err := metadataOf(c)
	if err != nil && callerOf(c).User != "" {
		return object{}, err
	}
	return s.draft(c, m["dataset"])
}

// metadataOf reads pairs of a key and a value in base64, separated by commas.
func metadataOf(c *fiber.Ctx) (map[string]string, error) {
	header := c.Get(uploadMetadata)
	if len(header) > maxMetadata {
		return nil, badHeader(uploadMetadata, fmt.Sprintf("at most %d bytes", maxMetadata))
	}
	m := map[string]string{}
	for pair := range strings.SplitSeq(header, ",") {
		key, coded, _ := strings.Cut(strings.TrimSpace(pair), " ")
		value, err := base64.StdEncoding.DecodeString(strings.TrimSpace(coded))
		if _, twice := m[key]; err != nil || twice {
			return nil, badHeader(uploadMetadata, "want pairs of a key and a value in base64, with commas between, no key twice")
		}
		m[key] = string(value)
	}
	return m, nil
}

// bytesIn reads a header field that is a whole number.
func bytesIn(c *fiber.Ctx, name string) (int64, error) {
	n, err := strconv.ParseUint(c.Get(name), 10, 63)
	if err != nil {
		return 0, badHeader(name, "want a number of bytes")
	}
	return int64(n), nil
}

// createTus announces a file, and takes the first bytes where they come with
// it. What metadata may say: filename, dataset, locale; other keys are kept for
// the client and mean nothing.
func (s *server) createTus(c *fiber.Ctx) error {
	c.Set(tusMaxSize, strconv.FormatInt(s.MaxUpload, 10))
	total := int64(-1)
	switch deferred := c.Get(uploadDefer); {
	case c.Get(uploadConcat) != "":
		return badHeader(uploadConcat, "this portal does not join uploads: send the file as one")
	case deferred != "" && (deferred != "1" || c.Get(uploadLength) != ""):
		return badHeader(uploadDefer, "want 1, and then no Upload-Length")
	case deferred == "":
		var err error
		if total, err = bytesIn(c, uploadLength); err != nil {
			return err
		}
	}
	if total > s.MaxUpload {
		return failure(fiber.StatusRequestEntityTooLarge, "too-large")
	}
	m, err := metadataOf(c)
	if err != nil {
		return err
	}
	d := datasetOf(c)
	u, err := s.Intake.Begin(c.UserContext(), catalog.NewUpload{Dataset: d.ID, Agency: d.Agency, By: callerOf(c).User, FileName: m["filename"], TotalBytes: total,
		Locale: m["locale"], Metadata: c.Get(uploadMetadata), IdempotencyKey: c.Get("Idempotency-Key")})
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderLocation, s.Site.BaseURL+tusPath+"/"+u.ID)
	body := c.Get(fiber.HeaderContentType) == tusMedia
	if u.State == catalog.StateReceiving && (body || total == 0) {
		now, err := s.takePart(c, u, 0)
		switch {
		case err == nil:
			u = now
		case !errors.Is(err, catalog.ErrOffset): // else it was begun before, and the answer says how far it is
			return err
		}
	}
	tellOffset(c, u)
	return c.SendStatus(fiber.StatusCreated)
}

// patchTus takes bytes of a file as they come, however many.
func (s *server) patchTus(c *fiber.Ctx) error {
	c.Set(tusMaxSize, strconv.FormatInt(s.MaxUpload, 10))
	if c.Get(fiber.HeaderContentType) != tusMedia {
		return failure(fiber.StatusUnsupportedMediaType, "tus-media-type")
	}
	offset, err := bytesIn(c, uploadOffset)
	if err != nil {
		return err
	}
	u := uploadOf(c)
	if c.Get(uploadLength) != "" {
		total, err := bytesIn(c, uploadLength)
		if err != nil {
			return err
		}
		if err := s.Intake.Announce(c.UserContext(), u.ID, total); err != nil {
			return err
		}
	}
	if u, err = s.takePart(c, u, offset); err != nil {
		return err
	}
	tellOffset(c, u)
	return c.SendStatus(fiber.StatusNoContent)
}

// takePart gives the body to the Intake.
func (s *server) takePart(c *fiber.Ctx, u catalog.Upload, offset int64) (catalog.Upload, error) {
	p := catalog.Part{Offset: offset}
	if err := checksumOf(c, &p); err != nil {
		return u, err
	}
	if offset > s.MaxUpload || int64(c.Request().Header.ContentLength()) > s.MaxUpload-offset {
		return u, failure(fiber.StatusRequestEntityTooLarge, "too-large")
	}
	leave, ok := s.bodies.open(u.Agency, s.UploadsAtOnce)
	if !ok {
		return u, tooManyUploads()
	}
	defer leave()
	body := incomingOf(c)
	now, err := s.Intake.Receive(c.UserContext(), u.ID, p, body)
	if body.broke() {
		return u, failure(fiber.StatusBadRequest, "incomplete-part")
	}
	return now, err
}

// checksumOf reads Upload-Checksum: an algorithm and a sum in base64.
func checksumOf(c *fiber.Ctx, p *catalog.Part) error {
	header := c.Get(uploadChecksum)
	if header == "" {
		return nil
	}
	algorithm, coded, _ := strings.Cut(header, " ")
	size := map[string]int{"sha1": 20, "sha256": 32}[algorithm]
	sum, err := base64.StdEncoding.DecodeString(coded)
	if err != nil || size == 0 || len(sum) != size {
		return badHeader(uploadChecksum, "want sha1 or sha256, a space, and the sum in base64")
	}
	p.Sum, p.SHA1 = sum, algorithm == "sha1"
	return nil
}

// headTus says how much of a file is durable.
func (s *server) headTus(c *fiber.Ctx) error {
	r, err := s.Intake.Received(c.UserContext(), uploadOf(c).ID)
	if err != nil {
		return err
	}
	c.Set(uploadOffset, strconv.FormatInt(r.Offset, 10))
	if r.Total >= 0 {
		c.Set(uploadLength, strconv.FormatInt(r.Total, 10))
	} else {
		c.Set(uploadDefer, "1")
	}
	if r.Metadata != "" {
		c.Set(uploadMetadata, r.Metadata)
	}
	tellExpiry(c, r.Expires)
	return c.SendStatus(fiber.StatusOK)
}

// deleteTus takes an upload back that is not whole.
func (s *server) deleteTus(c *fiber.Ctx) error {
	if err := s.Intake.Terminate(c.UserContext(), callerOf(c).User, uploadOf(c).ID); err != nil {
		return err
	}
	return c.SendStatus(fiber.StatusNoContent)
}

// tellOffset says how much of an upload is durable, and until when.
func tellOffset(c *fiber.Ctx, u catalog.Upload) {
	at := u.Bytes
	if u.State == catalog.StateReceiving {
		at = u.DoneBytes
	}
	c.Set(uploadOffset, strconv.FormatInt(at, 10))
	tellExpiry(c, u.Expires)
}

func tellExpiry(c *fiber.Ctx, at time.Time) {
	if !at.IsZero() {
		c.Set(uploadExpires, at.UTC().Format(http.TimeFormat))
	}
}
