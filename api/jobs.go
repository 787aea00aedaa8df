package api

import (
	"strconv"

	"github.com/gofiber/fiber/v2"
)

// Jobs that were given up are the administrator's: read over the API or on the
// list of uploads, and tried again when what failed is mended.

func (s *server) deadJobs(c *fiber.Ctx) error {
	all, err := s.Intake.Dead(c.UserContext())
	if err != nil {
		return err
	}
	return c.JSON(fiber.Map{"jobs": all})
}

func (s *server) retryJob(c *fiber.Ctx) error {
	if err := s.revive(c, c.Params("job")); err != nil {
		return err
	}
	return s.deadJobs(c)
}

func (s *server) revive(c *fiber.Ctx, number string) error {
	job, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return failure(fiber.StatusBadRequest, "bad-request")
	}
	return s.Intake.Revive(c.UserContext(), callerOf(c).User, job)
}

func (s *server) workRetryJob(c *fiber.Ctx) error {
	v, err := s.form(c)
	if err != nil {
		return err
	}
	if err := s.revive(c, v.Get("job")); err != nil {
		return err
	}
	return c.Redirect(link(language(c), "/agency"), fiber.StatusSeeOther)
}
