package api

import (
	"errors"
	"net/url"
	"strconv"

	"github.com/gofiber/fiber/v2"

	"daylight/catalog"
	"daylight/templates"
)

// Agencies take versions back, and give them again: over the API, and on a page
// that lists the versions of a dataset.

// withdrawalBody is what an agency says of a version that it takes back.
type withdrawalBody struct {
	Reason    catalog.Text `json:"reason"`
	Successor int          `json:"successor"` // version to use instead; 0: none
}

// versionOf is the number of a version in a path or a form; 0: none.
func versionOf(word string) int {
	n, err := strconv.Atoi(word)
	if err != nil || n < 1 || strconv.Itoa(n) != word {
		return 0
	}
	return n
}

func (s *server) putWithdrawal(c *fiber.Ctx) error {
	var b withdrawalBody
	if err := jsonBody(c, &b); err != nil {
		return err
	}
	problems, err := s.Intake.Withdraw(c.UserContext(), callerOf(c).User, datasetOf(c).ID, versionOf(c.Params("n")), catalog.Withdrawal{Reason: b.Reason, Successor: b.Successor})
	if err != nil {
		return err
	}
	if catalog.Refused(problems) {
		return badMetadata(problems)
	}
	return s.versionStands(c)
}

func (s *server) deleteWithdrawal(c *fiber.Ctx) error {
	if err := s.Intake.Restore(c.UserContext(), callerOf(c).User, datasetOf(c).ID, versionOf(c.Params("n"))); err != nil {
		return err
	}
	return s.versionStands(c)
}

// versionStands answers how a version stands now.
func (s *server) versionStands(c *fiber.Ctx) error {
	d := datasetOf(c)
	r, err := s.Catalog.Release(c.UserContext(), d.ID, versionOf(c.Params("n")))
	if err != nil {
		return err
	}
	return c.JSON(fiber.Map{"dataset": d.Slug, "version": r.N, "withdrawn": r.Withdrawn, "url": s.Site.BaseURL + "/datasets/" + d.Slug + "/v/" + strconv.Itoa(r.N)})
}

// workDataset lists the versions of a dataset for its agency.
func (s *server) workDataset(c *fiber.Ctx) (any, error) {
	return s.workDatasetPage(c, nil, "")
}

func (s *server) workDatasetPage(c *fiber.Ctx, v url.Values, wrong string) (templates.WorkDatasetPage, error) {
	lang, d := language(c), datasetOf(c)
	p := templates.WorkDatasetPage{Site: s.site(c, templates.NavWork), Work: s.work(c), Title: text(d.Title, lang), Slug: d.Slug, Wrong: wrong,
		N: versionOf(v.Get("n")), ReasonVI: v.Get("reason.vi"), ReasonEN: v.Get("reason.en"), Successor: versionOf(v.Get("successor"))}
	if _, err := s.Catalog.Dataset(c.UserContext(), string(d.ID)); errors.Is(err, catalog.ErrNotFound) {
		return p, nil // nothing of it is public
	} else if err != nil {
		return p, err
	}
	all, err := s.Catalog.Releases(c.UserContext(), d.ID)
	if err != nil {
		return p, err
	}
	for _, r := range all {
		line := templates.WorkVersion{N: r.N, Published: r.Published, Rows: r.Rows, Link: templates.Link{Text: templates.T(s.pages.Say(lang, "versions.one", r.N)), URL: link(lang, "/datasets/"+d.Slug+"/v/"+itoa(r.N))}}
		if r.Withdrawn != nil {
			line.Withdrawn, line.Reason = true, text(r.Withdrawn.Reason, lang)
		}
		p.Versions = append(p.Versions, line)
	}
	return p, nil
}

// workVersion does what a form of that page asks for.
func (s *server) workVersion(c *fiber.Ctx) error {
	v, err := s.form(c)
	if err != nil {
		return err
	}
	ctx, by, d, n := c.UserContext(), callerOf(c).User, datasetOf(c), versionOf(v.Get("n"))
	var problems []catalog.Problem
	switch v.Get("action") {
	case "withdraw":
		w := catalog.Withdrawal{Reason: catalog.Text{"vi": v.Get("reason.vi"), "en": v.Get("reason.en")}, Successor: versionOf(v.Get("successor"))}
		problems, err = s.Intake.Withdraw(ctx, by, d.ID, n, w)
	case "restore":
		err = s.Intake.Restore(ctx, by, d.ID, n)
	default:
		return failure(fiber.StatusBadRequest, "bad-body")
	}
	wrong := ""
	switch {
	case catalog.Refused(problems):
		wrong = "reason"
	case errors.Is(err, catalog.ErrNotFound):
		wrong = "version"
	case errors.Is(err, catalog.ErrState):
		wrong = "stale"
	case err != nil:
		return err
	default:
		return c.Redirect(link(language(c), "/agency/datasets/"+d.Slug), fiber.StatusSeeOther)
	}
	p, err := s.workDatasetPage(c, v, wrong)
	if err != nil {
		return err
	}
	return s.show(c, fiber.StatusUnprocessableEntity, p)
}
