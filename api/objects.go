package api

import (
	"errors"
	"regexp"
	"strconv"

	"github.com/gofiber/fiber/v2"

	"daylight/catalog"
)

// The finders of objects: what a route speaks of, and in which state it is.
// They leave what they found in the request's locals for the handler.

var name = regexp.MustCompile(`^[a-z0-9-]{2,100}$`)

// key is the part of the path that names a dataset: a slug or an id.
func key(c *fiber.Ctx) string {
	k := c.Params("slug")
	if k == "" {
		k = c.Params("id")
	}
	return k
}

func (s *server) datasetObject(c *fiber.Ctx) (object, error) {
	k := key(c)
	if !name.MatchString(k) {
		return object{state: Unpublished}, nil
	}
	d, err := s.Catalog.Dataset(c.UserContext(), k)
	if errors.Is(err, catalog.ErrNotFound) {
		return object{state: Unpublished}, nil
	}
	if err != nil {
		return object{}, err
	}
	c.Locals(localDataset, d)
	if d.Release == nil {
		return object{state: Withheld, agency: d.Agency}, nil
	}
	return object{state: Published, agency: d.Agency}, nil
}

func (s *server) releaseObject(c *fiber.Ctx) (object, error) {
	o, err := s.datasetObject(c)
	if err != nil || o.state != Published {
		return o, err
	}
	n, err := strconv.Atoi(c.Params("n"))
	if err != nil || n < 1 || strconv.Itoa(n) != c.Params("n") {
		return object{state: Unpublished}, nil
	}
	r, err := s.Catalog.Release(c.UserContext(), datasetOf(c).ID, n)
	if errors.Is(err, catalog.ErrNotFound) {
		return object{state: Unpublished}, nil
	}
	if err != nil {
		return object{}, err
	}
	c.Locals(localRelease, r)
	if r.Withdrawn != nil {
		o.state = Withdrawn
	}
	return o, nil
}

// draftObject is the dataset that an agency describes: its own, another's, or
// none yet.
func (s *server) draftObject(c *fiber.Ctx) (object, error) {
	return s.draft(c, c.Params("slug"))
}

func (s *server) uploadTarget(c *fiber.Ctx) (object, error) {
	return s.draft(c, c.Query("dataset"))
}

func (s *server) draft(c *fiber.Ctx, slug string) (object, error) {
	if !name.MatchString(slug) {
		return object{state: Absent}, nil
	}
	d, err := s.Intake.Draft(c.UserContext(), slug)
	if errors.Is(err, catalog.ErrNotFound) {
		return object{state: Absent}, nil
	}
	if err != nil {
		return object{}, err
	}
	c.Locals(localDataset, d)
	state := Unpublished
	if _, err := s.Catalog.Dataset(c.UserContext(), slug); err == nil {
		state = Published
	}
	return object{state: state, agency: d.Agency}, nil
}

var uuid = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)

func (s *server) uploadObject(c *fiber.Ctx) (object, error) {
	id := c.Params("upload")
	if !uuid.MatchString(id) {
		return object{state: Absent}, nil
	}
	u, err := s.Intake.State(c.UserContext(), id)
	if errors.Is(err, catalog.ErrNotFound) {
		return object{state: Absent}, nil
	}
	if err != nil {
		return object{}, err
	}
	c.Locals(localUpload, u)
	return object{state: State(u.State), agency: u.Agency}, nil
}

func datasetOf(c *fiber.Ctx) *catalog.Dataset {
	d, _ := c.Locals(localDataset).(*catalog.Dataset)
	return d
}

func releaseOf(c *fiber.Ctx) *catalog.Release {
	r, _ := c.Locals(localRelease).(*catalog.Release)
	return r
}
