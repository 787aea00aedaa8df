package api

import (
	"bufio"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"mime"
	"strconv"

	"github.com/gocarina/gocsv"
	"github.com/gofiber/fiber/v2"

	"daylight/catalog"
	"daylight/catalog/inventory"
	"daylight/templates"
)

// The inventory: the catalogue as a table. What is public goes out to anyone;
// an agency takes its own with its drafts, edits it in a spreadsheet and sends
// it back, first to see what would change, then to change it.

// rows walks the public catalogue as rows.
func (s *server) rows(c *fiber.Ctx, agency catalog.AgencyID) (iter.Seq2[inventory.Row, error], error) {
	agencies, err := s.agencyMap(c)
	if err != nil {
		return nil, err
	}
	ctx, base := c.UserContext(), s.Site.BaseURL
	return func(yield func(inventory.Row, error) bool) {
		after := catalog.DatasetID("")
		for {
			page, err := s.Catalog.Page(ctx, agency, after, rdfPageSize)
			if err != nil {
				yield(inventory.Row{}, err)
				return
			}
			for _, d := range page {
				slug := ""
				if a := agencies[d.Agency]; a != nil {
					slug = a.Slug
				}
				if !yield(inventory.RowOf(d, slug, base), nil) {
					return
				}
				after = d.ID
			}
			if len(page) < rdfPageSize {
				return
			}
		}
	}, nil
}

// inventoryHeaders answers for a document that is written as it is read: its
// tag is of the last change, since its content is not known before.
func (s *server) inventoryHeaders(c *fiber.Ctx, media string) (unchanged bool, err error) {
	last, at, err := s.Catalog.LastChange(c.UserContext())
	if err != nil {
		return false, err
	}
	sum := sha256.Sum256([]byte(c.Path() + "?" + string(c.Request().URI().QueryString()) + "#" + strconv.FormatInt(last, 10)))
	tag := `"` + hex.EncodeToString(sum[:12]) + `"`
	c.Set(fiber.HeaderContentType, media)
	c.Set(fiber.HeaderETag, "W/"+tag)
	if !at.IsZero() {
		c.Set(fiber.HeaderLastModified, at.UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT"))
	}
	c.Set(fiber.HeaderCacheControl, "public, max-age=60")
	none := c.Get(fiber.HeaderIfNoneMatch)
	return none != "" && listed(none, tag, true), nil
}

func (s *server) inventoryCSV(c *fiber.Ctx) error {
	agency, err := s.agencyAsked(c)
	if err != nil {
		return err
	}
	still, mark, err := csvForm(c)
	if err != nil {
		return err
	}
	rows, err := s.rows(c, agency)
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderContentDisposition, disposition("inventory.csv"))
	if unchanged, err := s.inventoryHeaders(c, csvType); err != nil {
		return err
	} else if unchanged {
		return c.Status(fiber.StatusNotModified).Send(nil)
	}
	c.Context().SetBodyStreamWriter(func(w *bufio.Writer) {
		if err := writeInventory(w, rows, still, mark); err != nil {
			s.Log.Error("failed", "route", "/inventory.csv", "error", err)
			w.WriteString("\r\n# cut off: an error, fetch again\r\n") // the status is long sent
		}
	})
	return nil
}

// writeInventory writes rows as CSV, a few at a time.
func writeInventory(out *bufio.Writer, rows iter.Seq2[inventory.Row, error], still bool, mark string) error {
	out.WriteString(mark)
	w := csv.NewWriter(out)
	w.UseCRLF = true
	to := gocsv.CSVWriter(&cells{w, still})
	if err := gocsv.MarshalCSV([]inventory.Row{}, to); err != nil {
		return err
	}
	for row, err := range rows {
		if err != nil {
			return err
		}
		if err := gocsv.MarshalCSVWithoutHeaders([]inventory.Row{row}, to); err != nil {
			return err
		}
	}
	w.Flush()
	return w.Error()
}

func (s *server) inventoryJSON(c *fiber.Ctx) error {
	agency, err := s.agencyAsked(c)
	if err != nil {
		return err
	}
	rows, err := s.rows(c, agency)
	if err != nil {
		return err
	}
	if unchanged, err := s.inventoryHeaders(c, fiber.MIMEApplicationJSON); err != nil {
		return err
	} else if unchanged {
		return c.Status(fiber.StatusNotModified).Send(nil)
	}
	c.Context().SetBodyStreamWriter(func(w *bufio.Writer) {
		e := json.NewEncoder(w) // a line each
		e.SetEscapeHTML(false)
		w.WriteString(`{"datasets":[`)
		between := "\n"
		for row, err := range rows {
			if err == nil {
				w.WriteString(between)
				between = ","
				err = e.Encode(row)
			}
			if err != nil { // left open: no parser takes it for whole
				s.Log.Error("failed", "route", "/inventory.json", "error", err)
				return
			}
		}
		w.WriteString("]}\n")
	})
	return nil
}

func (s *server) inventoryPage(c *fiber.Ctx) (any, error) {
	lang := language(c)
	list, err := s.Catalog.Agencies(c.UserContext())
	if err != nil {
		return nil, err
	}
	p := templates.InventoryPage{Site: s.site(c, templates.NavDevelopers), Columns: inventory.Columns(), Uploads: s.Intake != nil}
	for i := range list {
		a := &list[i]
		if a.Datasets+a.Withheld == 0 {
			continue
		}
		p.Published += a.Datasets
		p.Withheld += a.Withheld
		p.Agencies = append(p.Agencies, templates.InventoryAgency{Agency: agencyLink(&a.Agency, lang), Published: a.Datasets, Withheld: a.Withheld,
			CSV: "/inventory.csv?org=" + a.Slug, Excel: "/inventory.csv?bom=1&excel=1&org=" + a.Slug})
	}
	return p, nil
}

// draftInventory is an agency's table with its drafts.
func (s *server) draftInventory(c *fiber.Ctx) error {
	return s.sendDrafts(c, ownAgency(callerOf(c)))
}

func (s *server) sendDrafts(c *fiber.Ctx, agency catalog.AgencyID) error {
	still, mark, err := csvForm(c)
	if err != nil {
		return err
	}
	agencies, err := s.agencyMap(c)
	if err != nil {
		return err
	}
	drafts, base := s.Intake.DraftInventory(c.UserContext(), agency), s.Site.BaseURL
	rows := func(yield func(inventory.Row, error) bool) {
		for d, err := range drafts {
			row := inventory.Row{}
			if err == nil {
				slug := ""
				if a := agencies[d.Agency]; a != nil {
					slug = a.Slug
				}
				row = inventory.RowOf(d, slug, base)
			}
			if !yield(row, err) {
				return
			}
		}
	}
	c.Set(fiber.HeaderContentType, csvType)
	c.Set(fiber.HeaderContentDisposition, disposition("inventory.csv"))
	c.Context().SetBodyStreamWriter(func(w *bufio.Writer) {
		if err := writeInventory(w, rows, still, mark); err != nil {
			s.Log.Error("failed", "route", "/api/v1/inventory.csv", "error", err)
			w.WriteString("\r\n# cut off: an error, fetch again\r\n")
		}
	})
	return nil
}

// takeInventory is a table on its way back: without ?apply= it answers what
// would change, with the digest of that answer it changes it.
func (s *server) takeInventory(c *fiber.Ctx) error {
	media, _, err := mime.ParseMediaType(c.Get(fiber.HeaderContentType))
	if err != nil || media != "text/csv" && media != "text/tab-separated-values" && media != fiber.MIMEOctetStream {
		return failure(fiber.StatusUnsupportedMediaType, "media-type")
	}
	raw, err := io.ReadAll(io.LimitReader(bodyOf(c), inventory.MaxBytes+1))
	if err != nil {
		return failure(fiber.StatusBadRequest, "incomplete-body")
	}
	p, err := s.inventory(c, raw, c.Query("apply"))
	if err != nil {
		return err
	}
	status := fiber.StatusOK
	switch {
	case p.Stale:
		status = fiber.StatusConflict
	case p.Problems > 0 && c.Query("apply") != "":
		status = fiber.StatusUnprocessableEntity
	}
	return c.Status(status).JSON(p)
}

// inventory runs a table, and says its problems in both languages.
func (s *server) inventory(c *fiber.Ctx, raw []byte, digest string) (inventory.Preview, error) {
	who := callerOf(c)
	p, err := s.Intake.Inventory(c.UserContext(), who.User, ownAgency(who), raw, digest)
	var file *inventory.FileError
	if errors.As(err, &file) {
		if file.Code == "too-large" {
			return p, failure(fiber.StatusRequestEntityTooLarge, "too-large")
		}
		f := failure(fiber.StatusUnprocessableEntity, "bad-inventory")
		f.Fields = []FieldError{{Code: file.Code, Message: s.pages.Say(errorLanguage(c), "inventory-file."+file.Code), Row: int64(file.Row)}}
		if file.Column > 0 {
			f.Fields[0].Column = strconv.Itoa(file.Column)
		}
		return p, f
	}
	if err != nil {
		return p, err
	}
	for i := range p.Rows {
		for k := range p.Rows[i].Problems {
			q := &p.Rows[i].Problems[k]
			q.VI, q.EN = s.sayProblem("vi", q.Code), s.sayProblem("en", q.Code)
		}
	}
	return p, nil
}

// sayProblem is what to do about a problem of what is said of data.
func (s *server) sayProblem(lang, code string) string {
	if words := s.pages.Say(lang, "metadata."+code); words != "metadata."+code {
		return words
	}
	return s.pages.Say(lang, "metadata.other")
}
