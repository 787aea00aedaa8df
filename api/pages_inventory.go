package api

import (
	"github.com/gofiber/fiber/v2"

	"daylight/catalog/inventory"
	"daylight/templates"
)

// shownRows is how many rows of a difference a page shows; the API has all.
const shownRows = 200

// workInventory is an agency's page of its inventory.
func (s *server) workInventory(c *fiber.Ctx) (any, error) {
	return s.workInventoryPage(c), nil
}

func (s *server) workInventoryPage(c *fiber.Ctx) templates.WorkInventoryPage {
	return templates.WorkInventoryPage{Site: s.site(c, templates.NavWorkInventory), Work: s.work(c), Most: maxJSONBody}
}

func (s *server) workInventoryCSV(c *fiber.Ctx) error {
	return s.sendDrafts(c, ownAgency(callerOf(c)))
}

// workTakeInventory shows what a table would change, or changes it: the form
// of the difference carries the table along, so nothing of it is kept here.
func (s *server) workTakeInventory(c *fiber.Ctx) error {
	form, err := s.form(c)
	if err != nil {
		return err
	}
	lang, page, status := language(c), s.workInventoryPage(c), fiber.StatusOK
	text, digest := form.Get("table"), form.Get("apply")
	if text == "" {
		page.File = s.pages.Say(lang, "inventory-file.empty")
		return s.show(c, fiber.StatusUnprocessableEntity, page)
	}
	p, err := s.inventory(c, []byte(text), digest)
	if f, ok := asFailure(err); ok && f.Name == "bad-inventory" {
		page.File, page.FileRow, page.FileColumn = s.pages.Say(lang, "inventory-file."+f.Fields[0].Code), int(f.Fields[0].Row), f.Fields[0].Column
		return s.show(c, fiber.StatusUnprocessableEntity, page)
	}
	if err != nil {
		return err
	}
	if p.Stale {
		status = fiber.StatusConflict
	}
	page.Preview = previewView(p, lang)
	if !p.Applied && p.Problems == 0 && p.Changed+p.New > 0 {
		page.Table = text
	}
	return s.show(c, status, page)
}

func previewView(p inventory.Preview, lang string) *templates.InventoryPreview {
	v := &templates.InventoryPreview{Digest: p.Digest, Applied: p.Applied, Stale: p.Stale, Total: p.Total, Unchanged: p.Unchanged,
		Changed: p.Changed, New: p.New, Problems: p.Problems, Public: p.Public}
	for i, r := range p.Rows {
		if i == shownRows {
			v.More = len(p.Rows) - shownRows
			break
		}
		row := templates.InventoryRow{Row: r.Row, Slug: r.Slug, Title: text(r.Title, lang), What: r.What, Public: r.Public}
		for _, ch := range r.Changes {
			one := templates.InventoryChange{Field: ch.Field, Before: ch.Before, After: ch.After}
			if ch.Draft != nil {
				one.Draft, one.Pending = *ch.Draft, true
			}
			row.Changes = append(row.Changes, one)
		}
		for _, q := range r.Problems {
			words := q.VI
			if lang == "en" {
				words = q.EN
			}
			row.Problems = append(row.Problems, templates.InventoryProblem{Field: q.Field, Words: words, Warning: q.Warning})
		}
		v.Rows = append(v.Rows, row)
	}
	return v
}
