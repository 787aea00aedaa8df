package api

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"

	"daylight/catalog/dcat"
)

// A spool keeps documents that speak of the whole catalogue: each is written
// once after a change, into a temporary file without a name, and served from
// there. So memory stays flat, and every answer has a length and a digest.
type spool struct {
	mu   sync.Mutex // over kept
	kept map[string]*shelved
}

// shelved is the place of one document.
type shelved struct {
	writing sync.Mutex // held while the document is written: who wants it waits, and nobody else
	doc     *document  // nil: not yet written
}

type document struct {
	file     *os.File
	size     int64
	tag      string
	change   int64 // the last one that the document knows of
	modified time.Time

	mu    sync.Mutex // over what follows
	users int        // answers that read from it
	old   bool       // another has taken its place; the last user closes it
}

// open gives a document as the catalogue stands after this change. The caller
// closes it.
func (s *spool) open(name string, change int64, modified time.Time, write func(io.Writer) error) (*document, error) {
	s.mu.Lock()
	place := s.kept[name]
	if place == nil {
		if s.kept == nil {
			s.kept = map[string]*shelved{}
		}
		place = &shelved{}
		s.kept[name] = place
	}
	s.mu.Unlock()

	place.writing.Lock()
	defer place.writing.Unlock()
	if place.doc == nil || place.doc.change != change {
		fresh, err := writeDocument(write)
		if err != nil {
			return nil, fmt.Errorf("write %s: %w", name, err)
		}
		fresh.change, fresh.modified = change, modified
		if place.doc != nil {
			place.doc.use(0, true)
		}
		place.doc = fresh
	}
	place.doc.use(1, false)
	return place.doc, nil
}

// use counts users up or down, and closes the file after the last of a document
// that is old.
func (d *document) use(n int, old bool) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.users += n
	d.old = d.old || old
	if d.old && d.users == 0 {
		return d.file.Close()
	}
	return nil
}

// Close ends one use.
func (d *document) Close() error { return d.use(-1, false) }

func writeDocument(write func(io.Writer) error) (_ *document, err error) {
	f, err := os.CreateTemp("", "daylight-*")
	if err != nil {
		return nil, err
	}
	os.Remove(f.Name()) // the open file stays; nothing is left behind, whatever happens
	defer func() {
		if err != nil {
			f.Close()
		}
	}()
	sum := sha256.New()
	out := bufio.NewWriterSize(io.MultiWriter(f, sum), 1<<16)
	if err := write(out); err != nil {
		return nil, err
	}
	if err := out.Flush(); err != nil {
		return nil, err
	}
	size, err := f.Seek(0, io.SeekCurrent)
	if err != nil {
		return nil, err
	}
	return &document{file: f, size: size, tag: `"` + hex.EncodeToString(sum.Sum(nil)[:16]) + `"`}, nil
}

// sendWhole answers with a document of the whole catalogue.
func (s *server) sendWhole(c *fiber.Ctx, name, media string, write func(io.Writer, dcat.Site) error) error {
	change, _, err := s.Catalog.LastChange(c.UserContext())
	if err != nil {
		return err
	}
	site, err := s.Site.At(c.UserContext(), s.Catalog)
	if err != nil {
		return err
	}
	d, err := s.spool.open(name, change, site.Modified, func(w io.Writer) error { return write(w, site) })
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderContentType, media)
	c.Set(fiber.HeaderETag, d.tag)
	c.Set(fiber.HeaderCacheControl, "public, max-age=60")
	if !d.modified.IsZero() {
		c.Set(fiber.HeaderLastModified, d.modified.UTC().Format(http.TimeFormat))
	}
	if none := c.Get(fiber.HeaderIfNoneMatch); none != "" && listed(none, d.tag, true) {
		d.Close()
		return c.Status(fiber.StatusNotModified).Send(nil)
	}
	if c.Method() == fiber.MethodHead {
		c.Response().SkipBody = true
		c.Response().Header.SetContentLength(int(d.size))
		return d.Close()
	}
	c.Context().SetBodyStream(&section{SectionReader: io.NewSectionReader(d.file, 0, d.size), file: d, alive: writeDeadline(c)}, int(d.size))
	return nil
}
