package api

import (
	"time"

	"github.com/gofiber/fiber/v2"
)

// Uploads are put under an embargo, moved, and taken back.

func (s *server) cancelUpload(c *fiber.Ctx) error {
	u := uploadOf(c)
	if err := s.Intake.Cancel(c.UserContext(), callerOf(c).User, u.ID); err != nil {
		return err
	}
	return s.uploadNow(c, u.ID)
}

func (s *server) scheduleUpload(c *fiber.Ctx) error {
	var b struct {
		NotBefore time.Time `json:"not_before"` // null: at once
	}
	if err := jsonBody(c, &b); err != nil {
		return err
	}
	u := uploadOf(c)
	if err := s.Intake.Schedule(c.UserContext(), callerOf(c).User, u.ID, b.NotBefore); err != nil {
		return err
	}
	return s.uploadNow(c, u.ID)
}

func (s *server) uploadNow(c *fiber.Ctx, id string) error {
	u, err := s.Intake.State(c.UserContext(), id)
	if err != nil {
		return err
	}
	return c.JSON(s.uploadAnswer(u))
}

// vietnam is the clock of the fields in which a time is typed.
var vietnam = time.FixedZone("+07", 7*60*60)

// typedTime reads a field of a form, in the clock of Vietnam; zero for an empty
// one.
func typedTime(word string) (time.Time, bool) {
	if word == "" {
		return time.Time{}, true
	}
	for _, form := range []string{"2006-01-02T15:04", "2006-01-02T15:04:05", "2006-01-02 15:04"} {
		if at, err := time.ParseInLocation(form, word, vietnam); err == nil {
			return at, true
		}
	}
	return time.Time{}, false
}

// shownTime is a time as such a field has it; "" for zero.
func shownTime(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.In(vietnam).Format("2006-01-02T15:04")
}
