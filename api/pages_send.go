package api

import (
	"bufio"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io"
	"math"
	"mime/multipart"
	"net/url"
	"regexp"

	"github.com/gofiber/fiber/v2"

	"daylight/catalog"
	"daylight/templates"
)

// sendLocales are ways to write numbers and dates; "" is the dataset's own.
var sendLocales = []string{"", "vi", "en-GB", "en-US", "de", "fr"}

// sendPage is the form that sends a file.
func (s *server) sendPage(c *fiber.Ctx) (any, error) {
	return s.sending(c, url.Values{"dataset": {c.Query("dataset")}}, "")
}

// sending fills the page with what was typed, and what is wrong with it.
func (s *server) sending(c *fiber.Ctx, v url.Values, wrong string) (templates.SendPage, error) {
	var once [16]byte
	rand.Read(once[:])
	p := templates.SendPage{Site: s.site(c, templates.NavWork), Work: s.work(c), Locales: sendLocales, Most: s.MaxUpload, Once: hex.EncodeToString(once[:]), Wrong: wrong,
		Dataset: v.Get("dataset"), Locale: v.Get("locale"), NoteVI: v.Get("note.vi"), NoteEN: v.Get("note.en"), NotBefore: v.Get("not_before"), Address: v.Get("address")}
	p.Open = p.Locale != "" || p.NoteVI != "" || p.NoteEN != "" || p.NotBefore != "" || p.Address != ""
	for d, err := range s.Intake.DraftInventory(c.UserContext(), ownAgency(callerOf(c))) {
		if err != nil {
			return p, err
		}
		p.Datasets = append(p.Datasets, templates.SendChoice{Slug: d.Slug, Title: d.Title.In(language(c), "vi", "en")})
	}
	return p, nil
}

var onceRule = regexp.MustCompile(`^[0-9a-f]{32}$`)

// takeFile takes a file from the form, and then sees to what was said of it: an
// error in the form never costs the file.
func (s *server) takeFile(c *fiber.Ctx) error {
	v, err := s.form(c)
	if err != nil {
		return err
	}
	wrong, id, err := s.sent(c, v)
	if err != nil {
		return err
	}
	if f := fileOf(c); f != nil {
		io.CopyN(io.Discard, f.line, s.MaxUpload) // a browser shows no answer before it has sent all
	}
	if wrong == "" {
		return c.Redirect(link(language(c), "/agency/uploads/"+id), fiber.StatusSeeOther)
	}
	p, err := s.sending(c, v, wrong)
	if err != nil {
		return err
	}
	return s.show(c, fiber.StatusUnprocessableEntity, p)
}

// sent begins an upload of what the form brings; wrong is a word for its
// sender.
func (s *server) sent(c *fiber.Ctx, v url.Values) (wrong, id string, err error) {
	ctx, who := c.UserContext(), callerOf(c)
	d, err := s.Intake.Draft(ctx, v.Get("dataset"))
	if errors.Is(err, catalog.ErrNotFound) || err == nil && !who.Admin && d.Agency != who.Agency {
		return "no-dataset", "", nil
	}
	if err != nil {
		return "", "", err
	}
	n := catalog.NewUpload{Dataset: d.ID, Agency: d.Agency, By: who.User, TotalBytes: -1, Locale: v.Get("locale"), From: v.Get("address"), Note: noteOf(v)}
	if catalog.Refused(catalog.CheckNote(n.Note)) {
		n.Note, n.NoteWanted = nil, true
	}
	var ok bool
	if n.NotBefore, ok = typedTime(v.Get("not_before")); !ok {
		return "not-before", "", nil
	}
	if once := v.Get("once"); onceRule.MatchString(once) {
		n.IdempotencyKey = "form-" + once
	}
	f := fileOf(c)
	some := f.chosen()
	switch {
	case some && n.From != "":
		return "both", "", nil
	case !some && n.From == "":
		return "no-file", "", nil
	case some:
		n.FileName = f.name
	}
	u, err := s.Intake.Begin(ctx, n)
	if errors.Is(err, catalog.ErrAddress) {
		return "bad-address", "", nil
	}
	if err != nil || !some {
		return "", u.ID, err
	}
	leave, ok := s.bodies.open(u.Agency, s.UploadsAtOnce)
	if !ok {
		return "", "", tooManyUploads()
	}
	defer leave()
	_, err = s.Intake.Append(ctx, u.ID, 0, f.body)
	switch {
	case errors.Is(err, catalog.ErrTooLarge):
		return "too-large", "", nil
	case errors.Is(err, catalog.ErrNoSpace):
		return "no-space", "", nil
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "cut", "", nil
	}
	return "", u.ID, err
}

// noteOf is what a form says is new; nil: nothing.
func noteOf(v url.Values) catalog.Text {
	note := catalog.Text{}
	for _, lang := range []string{"vi", "en"} {
		if words := v.Get("note." + lang); words != "" {
			note[lang] = words
		}
	}
	if len(note) == 0 {
		return nil
	}
	return note
}

const localFile = "file"

// formFile is the file in a form, still in the line. It cannot be closed: what
// can is closed by the server together with the request, when the line is gone.
type formFile struct {
	name string
	body *bufio.Reader
	line io.Reader // all that the request still brings
}

// fileOf is the file that a form carries; nil: it has no such field.
func fileOf(c *fiber.Ctx) *formFile {
	f, _ := c.Locals(localFile).(*formFile)
	return f
}

// chosen says whether there is a file: browsers send an empty one for none.
func (f *formFile) chosen() bool {
	if f == nil || f.name == "" {
		return false
	}
	_, err := f.body.Peek(1)
	return !errors.Is(err, io.EOF)
}

// readFields reads a multipart form as it comes, at most maxJSONBody bytes up to
// the file, which is the last thing in it and stays in the line. The line ends
// with the answer: what is left unread would be taken for the next request.
func readFields(c *fiber.Ctx, r io.Reader, boundary string) (url.Values, error) {
	c.Response().SetConnectionClose()
	v := url.Values{}
	head := &io.LimitedReader{R: r, N: maxJSONBody}
	for form := multipart.NewReader(head, boundary); ; {
		part, err := form.NextRawPart()
		if err == io.EOF { // else the form has no end
			return v, nil
		}
		if err != nil {
			return nil, err
		}
		if part.FormName() == "file" {
			head.N = math.MaxInt64
			c.Locals(localFile, &formFile{name: part.FileName(), body: bufio.NewReader(part), line: r})
			return v, nil
		}
		text, err := io.ReadAll(part)
		if err != nil {
			return nil, err
		}
		v.Add(part.FormName(), string(text))
	}
}
