package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"daylight/catalog"
)

// Agencies' routes: a dataset is described, a file announced, its bytes sent,
// its state asked for. Bytes go into the Intake and nothing of them comes out.

// jsonBody reads a body of at most maxJSONBody bytes, strictly.
func jsonBody(c *fiber.Ctx, into any) error {
	if media, _, err := mime.ParseMediaType(c.Get(fiber.HeaderContentType)); err != nil || media != fiber.MIMEApplicationJSON {
		return failure(fiber.StatusUnsupportedMediaType, "media-type")
	}
	raw, err := io.ReadAll(io.LimitReader(bodyOf(c), maxJSONBody+1))
	if err != nil {
		return failure(fiber.StatusBadRequest, "incomplete-body")
	}
	if len(raw) > maxJSONBody {
		return failure(fiber.StatusRequestEntityTooLarge, "too-large")
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if dec.Decode(into) != nil || dec.More() {
		return failure(fiber.StatusBadRequest, "bad-body")
	}
	return nil
}

// bodyOf is the stream of the body; small ones have been read already.
func bodyOf(c *fiber.Ctx) io.Reader {
	if r := c.Context().RequestBodyStream(); r != nil {
		return r
	}
	return bytes.NewReader(c.Request().Body())
}

// agencyBody is what an administrator may say of an agency. Fields that the
// portal owns are not among them.
type agencyBody struct {
	Slug        string          `json:"slug"`
	Name        catalog.Text    `json:"name"`
	Description catalog.Text    `json:"description"`
	Kind        string          `json:"kind"`
	Contact     catalog.Contact `json:"contact"`
	Homepage    string          `json:"homepage"`
}

func (s *server) putAgency(c *fiber.Ctx) error {
	var b agencyBody
	if err := jsonBody(c, &b); err != nil {
		return err
	}
	a := catalog.Agency{Slug: b.Slug, Name: b.Name, Description: b.Description, Kind: b.Kind, Contact: b.Contact, Homepage: b.Homepage}
	stored, problems, err := s.Intake.PutAgency(c.UserContext(), callerOf(c).User, a)
	if err != nil {
		return err
	}
	if catalog.Refused(problems) {
		return badMetadata(problems)
	}
	return c.Status(fiber.StatusCreated).JSON(stored)
}

// datasetBody is what an agency may say of a dataset.
type datasetBody struct {
	Title       catalog.Text        `json:"title"`
	Description catalog.Text        `json:"description"`
	Keywords    map[string][]string `json:"keywords"`
	Themes      []string            `json:"themes"`
	Places      []string            `json:"places"`
	From        string              `json:"from"`
	To          string              `json:"to"`
	Frequency   string              `json:"frequency"`
	Languages   []string            `json:"languages"`
	Licence     string              `json:"licence"`
	Source      string              `json:"source"`
	LifeEvents  []string            `json:"life_events"`
	Synthetic   bool                `json:"synthetic"`
	Locale      string              `json:"locale"`
}

func (s *server) putDataset(c *fiber.Ctx) error {
	if v := c.Query("revise"); v != "" && v != "1" {
		return badParameter("revise", "1")
	}
	var b datasetBody
	if err := jsonBody(c, &b); err != nil {
		return err
	}
	who := callerOf(c)
	d := catalog.Dataset{Slug: c.Params("slug"), Title: b.Title, Description: b.Description, Keywords: b.Keywords, Themes: b.Themes,
		Places: b.Places, From: b.From, To: b.To, Frequency: b.Frequency, Languages: b.Languages, Licence: b.Licence,
		Source: b.Source, LifeEvents: b.LifeEvents, Synthetic: b.Synthetic, Locale: b.Locale}
	switch was := datasetOf(c); {
	case was != nil:
		d.ID, d.Agency = was.ID, was.Agency
	case who.Admin:
		a, err := s.Catalog.Agency(c.UserContext(), c.Query("org"))
		if err != nil {
			return badParameter("org")
		}
		d.Agency = a.ID
	default:
		d.Agency = who.Agency
	}
	stored, problems, err := s.Intake.PutDataset(c.UserContext(), who.User, d)
	if err != nil {
		return err
	}
	if catalog.Refused(problems) {
		return badMetadata(problems)
	}
	revised := false
	if c.Query("revise") == "1" {
		n, err := s.Intake.Revise(c.UserContext(), who.User, stored.ID)
		if err != nil && !errors.Is(err, catalog.ErrNotFound) { // nothing of it is public yet
			return err
		}
		revised = n > 0
	}
	return c.JSON(fiber.Map{"dataset": stored, "problems": problems, "revised": revised})
}

func badMetadata(problems []catalog.Problem) *Failure {
	f := failure(fiber.StatusUnprocessableEntity, "bad-metadata")
	for _, p := range problems {
		if !p.Warning {
			f.Fields = append(f.Fields, FieldError{Field: p.Field, Code: p.Code, Message: p.Detail})
		}
	}
	return f
}

// uploadBody goes with the announcement of a file; all of it may be left out.
type uploadBody struct {
	Bytes  int64        `json:"bytes"`      // length of the file; 0: not known
	Locale string       `json:"locale"`     // how it writes numbers and dates
	Plan   string       `json:"plan"`       // YAML, or "auto"; "": the dataset's own
	Note   catalog.Text `json:"note"`       // what is new
	Before time.Time    `json:"not_before"` // when it may become public; left out: at once
	URL    string       `json:"url"`        // where the portal is to fetch the file; "": its bytes are sent
}

// beginUpload announces a file for ?dataset=. Limits are told before a byte is
// sent.
func (s *server) beginUpload(c *fiber.Ctx) error {
	var b uploadBody
	if len(c.Get(fiber.HeaderContentType)) > 0 {
		if err := jsonBody(c, &b); err != nil {
			return err
		}
	}
	if b.Bytes > s.MaxUpload {
		return failure(fiber.StatusRequestEntityTooLarge, "too-large")
	}
	d, who := datasetOf(c), callerOf(c)
	n := catalog.NewUpload{Dataset: d.ID, Agency: d.Agency, By: who.User, FileName: c.Query("filename"), TotalBytes: b.Bytes,
		Locale: b.Locale, Note: b.Note, From: b.URL, NotBefore: b.Before, IdempotencyKey: c.Get("Idempotency-Key")}
	if n.TotalBytes == 0 {
		n.TotalBytes = -1
	}
	if b.Plan != "" {
		n.Plan = []byte(b.Plan)
	}
	u, err := s.Intake.Begin(c.UserContext(), n)
	if errors.Is(err, catalog.ErrPlan) {
		f := failure(fiber.StatusUnprocessableEntity, "bad-plan")
		f.Fields = []FieldError{{Field: "plan", Message: planWords(err)}}
		return f
	}
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderLocation, s.Site.BaseURL+"/api/v1/uploads/"+u.ID)
	return c.Status(fiber.StatusCreated).JSON(s.uploadAnswer(u))
}

// planWords are what the reader of plans said: line and rule, made by us.
func planWords(err error) string {
	_, words, found := strings.Cut(err.Error(), catalog.ErrPlan.Error()+": ")
	if !found {
		return "the plan cannot be read"
	}
	return words
}

// receive takes the bytes of a whole file as they come, however many.
func (s *server) receive(c *fiber.Ctx) error {
	if int64(c.Request().Header.ContentLength()) > s.MaxUpload {
		return failure(fiber.StatusRequestEntityTooLarge, "too-large")
	}
	sum, err := contentDigest(c)
	if err != nil {
		return err
	}
	u := uploadOf(c)
	leave, ok := s.bodies.open(u.Agency, s.UploadsAtOnce)
	if !ok {
		return tooManyUploads()
	}
	defer leave()
	body := incomingOf(c)
	u, err = s.Intake.Receive(c.UserContext(), u.ID, catalog.Part{Last: true, Sum: sum}, body)
	switch {
	case body.broke():
		return failure(fiber.StatusBadRequest, "incomplete-body")
	case errors.Is(err, catalog.ErrChecksum):
		return failure(fiber.StatusUnprocessableEntity, "wrong-checksum")
	case err != nil:
		return err
	}
	return c.Status(fiber.StatusAccepted).JSON(s.uploadAnswer(u))
}

// uploadAnswer is an upload with its address and what to do next.
func (s *server) uploadAnswer(u catalog.Upload) fiber.Map {
	at := s.Site.BaseURL + "/api/v1/uploads/" + u.ID
	m := fiber.Map{"upload": u, "url": at, "max_bytes": s.MaxUpload}
	if u.State == catalog.StateReceiving && !u.Fetched {
		m["content_url"] = at + "/content"
		m["tus_url"] = s.Site.BaseURL + tusPath + "/" + u.ID
	}
	if len(u.Problems) > 0 {
		m["problems_url"] = at + "/problems.csv"
	}
	return m
}

func (s *server) uploadState(c *fiber.Ctx) error {
	u, _ := c.Locals(localUpload).(catalog.Upload)
	return c.JSON(s.uploadAnswer(u))
}

func (s *server) uploadProblems(c *fiber.Ctx) error {
	u, _ := c.Locals(localUpload).(catalog.Upload)
	var out bytes.Buffer
	if err := s.Intake.ProblemsCSV(c.UserContext(), u.ID, &out); err != nil {
		return err
	}
	c.Set(fiber.HeaderContentType, "text/csv; charset=utf-8; header=present")
	c.Set(fiber.HeaderContentDisposition, disposition("problems-"+u.ID+".csv"))
	return c.Send(out.Bytes())
}

func (s *server) uploadList(c *fiber.Ctx) error {
	who := callerOf(c)
	agency := who.Agency
	if who.Admin {
		agency = ""
	}
	var states []string
	if v := c.Query("state"); v != "" {
		if _, ok := uploads[State(v)]; !ok || State(v) == Absent {
			return badParameter("state", "receiving", "received", "working", "waiting", "scheduled", "published", "refused")
		}
		states = []string{v}
	}
	list, err := s.Intake.Uploads(c.UserContext(), agency, states...)
	if err != nil {
		return err
	}
	out := []fiber.Map{}
	for _, u := range list {
		u.Report = nil // the upload's own address has it
		out = append(out, s.uploadAnswer(u))
	}
	return c.JSON(fiber.Map{"uploads": out})
}
