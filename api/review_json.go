package api

import (
	"context"
	"errors"
	"time"

	"github.com/gofiber/fiber/v2"

	"daylight/catalog"
	"daylight/privacy"
)

// Reviewer is the part of Intake by which a person decides over one upload.
// Nothing but treated rows and masked samples comes out of it.
type Reviewer interface {
	Review(ctx context.Context, id string) (catalog.Review, error)
	// Answer settles questions of the review, by their number from 0.
	Answer(ctx context.Context, by, id string, answers map[string]string) error
	// Reread has the file read as is said, instead of all that was said before.
	Reread(ctx context.Context, by, id string, read *privacy.Reading) error
	// Decide stores a plan and has it tried; nothing is published.
	Decide(ctx context.Context, by, id string, plan []byte) error
	// Rehearse tries the decided plan again.
	Rehearse(ctx context.Context, id string) error
	// Preview gives catalog.ErrNotFound when there is none to show now.
	Preview(ctx context.Context, id string) ([]catalog.ReviewPreview, error)
	Approve(ctx context.Context, by, id string, a catalog.ApprovedReview) error
	SendBack(ctx context.Context, by, id, reason string) error
}

// reviewJSON is a review with where to go on, and whether the caller may
// approve.
func (s *server) reviewJSON(c *fiber.Ctx) error {
	r, err := s.Intake.Review(c.UserContext(), uploadOf(c).ID)
	if err != nil {
		return err
	}
	at := s.Site.BaseURL + "/api/v1/reviews/" + r.Upload.ID
	return c.JSON(fiber.Map{"review": r, "url": at, "plan_url": at + "/plan", "preview_url": at + "/preview", "approve_url": at + "/approve",
		"may_approve": mayNot(r, callerOf(c)) == ""})
}

// mayNot is why a caller may not approve a review; "": may.
func mayNot(r catalog.Review, who Caller) string {
	switch {
	case r.Upload.State != catalog.StateWaiting || r.Plan == "" || r.Preview == "":
		return "not-ready"
	case r.NotSender && who.User == r.SentBy:
		return "sender"
	case r.TwoPersons && who.User == r.DecidedBy:
		return "decider"
	}
	return ""
}

func uploadOf(c *fiber.Ctx) catalog.Upload {
	u, _ := c.Locals(localUpload).(catalog.Upload)
	return u
}

// decided answers a change: the job looks at the upload again, and the review
// says what it came to.
func (s *server) decided(c *fiber.Ctx, err error) error {
	if err := reviewFailure(err); err != nil {
		return err
	}
	c.Set(fiber.HeaderRetryAfter, "2")
	c.Status(fiber.StatusAccepted)
	return s.reviewJSON(c)
}

// reviewFailure puts fields to what stands against a decision.
func reviewFailure(err error) error {
	switch {
	case errors.Is(err, catalog.ErrPlan):
		f := failure(fiber.StatusUnprocessableEntity, "bad-plan")
		f.Fields = []FieldError{{Field: "plan", Message: planWords(err)}}
		return f
	case errors.Is(err, catalog.ErrPerson):
		return failure(fiber.StatusForbidden, "another-person")
	case errors.Is(err, catalog.ErrStale):
		return failure(fiber.StatusConflict, "stale-approval")
	}
	return err
}

func (s *server) answerReview(c *fiber.Ctx) error {
	var b struct {
		Answers map[string]string `json:"answers"` // by the question's number, from 0
	}
	if err := jsonBody(c, &b); err != nil {
		return err
	}
	return s.decided(c, s.Intake.Answer(c.UserContext(), callerOf(c).User, uploadOf(c).ID, b.Answers))
}

func (s *server) putReviewPlan(c *fiber.Ctx) error {
	var b struct {
		Plan string `json:"plan"` // YAML, one document a table
	}
	if err := jsonBody(c, &b); err != nil {
		return err
	}
	return s.decided(c, s.Intake.Decide(c.UserContext(), callerOf(c).User, uploadOf(c).ID, []byte(b.Plan)))
}

// tablePreview is what the public would see of one table.
type tablePreview struct {
	Table   string                  `json:"table"`
	Columns []string                `json:"columns"`
	Rows    [][]privacy.PreviewCell `json:"rows"`
	Sent    []string                `json:"sent"`   // the file's columns
	Before  [][]privacy.PreviewCell `json:"before"` // its first rows, masked
	Digest  string                  `json:"digest"`
	Report  privacy.Statement       `json:"privacy"`
}

// reviewPreview gives rows of the preview: ?from= the first, from 0, and ?n=
// how many.
func (s *server) reviewPreview(c *fiber.Ctx) error {
	from, n := 0, 0
	var err error
	if c.Query("from") != "0" && c.Query("from") != "" {
		if from, err = count(c, "from", 0, 1<<20); err != nil {
			return err
		}
	}
	if n, err = count(c, "n", 20, 100); err != nil {
		return err
	}
	id := uploadOf(c).ID
	all, err := s.Intake.Preview(c.UserContext(), id)
	if errors.Is(err, catalog.ErrNotFound) {
		return failure(fiber.StatusConflict, "no-preview")
	}
	if err != nil {
		return err
	}
	out := struct {
		Tables []tablePreview `json:"tables"`
	}{}
	for _, p := range all {
		rows := p.Rows()
		rows = rows[min(from, len(rows)):min(from+n, len(rows))]
		out.Tables = append(out.Tables, tablePreview{p.Table, p.Columns(), rows, p.Sent(), p.Before(), p.Digest(), p.Report().Statement()})
	}
	return c.JSON(out)
}

// rehearseReview tries the decided plan again, where its preview is gone.
func (s *server) rehearseReview(c *fiber.Ctx) error {
	return s.decided(c, s.Intake.Rehearse(c.UserContext(), uploadOf(c).ID))
}

func (s *server) approveReview(c *fiber.Ctx) error {
	var b catalog.ApprovedReview
	if err := jsonBody(c, &b); err != nil {
		return err
	}
	return s.decided(c, s.Intake.Approve(c.UserContext(), callerOf(c).User, uploadOf(c).ID, b))
}

func (s *server) refuseReview(c *fiber.Ctx) error {
	var b struct {
		Reason string `json:"reason"`
	}
	if err := jsonBody(c, &b); err != nil {
		return err
	}
	err := s.Intake.SendBack(c.UserContext(), callerOf(c).User, uploadOf(c).ID, b.Reason)
	if errors.Is(err, catalog.ErrPlan) {
		f := failure(fiber.StatusUnprocessableEntity, "bad-reason")
		f.Fields = []FieldError{{Field: "reason", Message: planWords(err)}}
		return f
	}
	if err != nil {
		return err
	}
	return s.reviewJSON(c)
}

// parseDay reads a date field of a form or body; zero: none.
func parseDay(s string) (time.Time, bool) {
	if s == "" {
		return time.Time{}, true
	}
	t, err := time.Parse(time.DateOnly, s)
	return t, err == nil
}
