package api

import (
	"github.com/gofiber/fiber/v2"

	"daylight/catalog"
)

// ready says whether this process can do its work: both databases answer, and
// a search does. health asks less: a process that is not ready need not be
// restarted.
func (s *server) ready(c *fiber.Ctx) error {
	ctx := c.UserContext()
	notReady := func(err error) error {
		return &Failure{Status: fiber.StatusServiceUnavailable, Name: "not-ready", cause: err}
	}
	if _, _, err := s.Catalog.LastChange(ctx); err != nil {
		return notReady(err)
	}
	if s.Intake != nil {
		if _, err := s.Intake.Waiting(ctx, ""); err != nil {
			return notReady(err)
		}
	}
	page, err := s.Index.Find(ctx, catalog.Query{Size: 1})
	if err != nil {
		return notReady(err)
	}
	search := "index"
	if page.Stale {
		search = "catalogue" // answers come from there while the index is built or catches up
	}
	c.Set(fiber.HeaderCacheControl, "no-store")
	return c.JSON(fiber.Map{"status": "ready", "search": search})
}
