package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/gofiber/fiber/v2"

	"daylight/catalog"
	"daylight/catalog/differences"
	"daylight/datasets"
	"daylight/datasets/difference"
)

// What differs between two releases of a dataset, for programs. Two releases
// never change, so neither does what differs between them.

// A pair is the two releases that a request speaks of.
type pair struct {
	from, to *catalog.Release // from is nil where there is no earlier one
	all      []catalog.Release
	said     bool // the request named both
}

// pairObject finds the releases by ?from= and ?to=. Without them: the latest,
// and the one before it that can be had. A withdrawn one is expired, whichever
// of the two it is.
func (s *server) pairObject(c *fiber.Ctx) (object, error) {
	o, err := s.datasetObject(c)
	if err != nil || o.state != Published {
		return o, err
	}
	d := datasetOf(c)
	p := &pair{said: c.Query("from") != "" && c.Query("to") != ""}
	if p.all, err = s.Catalog.Releases(c.UserContext(), d.ID); err != nil {
		return object{}, err
	}
	to := d.Release.N
	if v := c.Query("to"); v != "" {
		if to, err = releaseNumber(v); err != nil {
			return object{}, badParameter("to")
		}
	}
	from := 0
	if v := c.Query("from"); v != "" {
		if from, err = releaseNumber(v); err != nil {
			return object{}, badParameter("from")
		}
	} else if before := earlier(p.all, to); before != nil {
		from = before.N
	}
	for _, one := range []struct {
		n    int
		into **catalog.Release
	}{{to, &p.to}, {from, &p.from}} {
		if one.n == 0 {
			continue
		}
		r, err := s.Catalog.Release(c.UserContext(), d.ID, one.n)
		if errors.Is(err, catalog.ErrNotFound) {
			return object{state: Unpublished}, nil
		}
		if err != nil {
			return object{}, err
		}
		if r.Withdrawn != nil {
			c.Locals(localRelease, r)
			o.state = Withdrawn
			return o, nil
		}
		*one.into = r
	}
	c.Locals(localPair, p)
	return o, nil
}

func releaseNumber(s string) (int, error) {
	n, err := strconv.Atoi(s)
	if err == nil && (n < 1 || strconv.Itoa(n) != s) {
		err = strconv.ErrRange
	}
	return n, err
}

func pairOf(c *fiber.Ctx) *pair {
	p, _ := c.Locals(localPair).(*pair)
	return p
}

// table is the one that was asked for by ?table=, else the first that both
// releases have.
func (p *pair) table(c *fiber.Ctx) (before, after datasets.TableInfo, err error) {
	asked := c.Query("table")
	for _, t := range p.to.Tables {
		if was, ok := tableNamed(p.from, t.Name); ok && (asked == "" || asked == t.Name) {
			return was, t, nil
		}
	}
	if asked != "" {
		return before, after, badParameter("table")
	}
	return before, after, failure(fiber.StatusNotFound, "not-found")
}

func tableNamed(r *catalog.Release, name string) (datasets.TableInfo, bool) {
	i := slices.IndexFunc(r.Tables, func(t datasets.TableInfo) bool { return t.Name == name })
	if i < 0 {
		return datasets.TableInfo{}, false
	}
	return r.Tables[i], true
}

// differenceForms are the formats of all the rows that differ.
var differenceForms = map[string]string{
	"csv":   csvType,
	"json":  fiber.MIMEApplicationJSON,
	"jsonl": "application/x-ndjson",
}

// differenceFile streams every row of a table that differs.
func (s *server) differenceFile(c *fiber.Ctx) error {
	d, p, format := datasetOf(c), pairOf(c), c.Params("format")
	media, ok := differenceForms[format]
	if !ok || p.from == nil {
		return failure(fiber.StatusNotFound, "not-found")
	}
	if err := comparable(p); err != nil {
		return err
	}
	before, after, err := p.table(c)
	if err != nil {
		return err
	}
	// An address that means other releases tomorrow leads to the one that does not.
	if !p.said || c.Query("table") == "" || c.Params("slug") != d.Slug {
		c.Set(fiber.HeaderCacheControl, "public, max-age=60")
		c.Set(fiber.HeaderLocation, s.Site.BaseURL+differenceAddress(d, "."+format, p.from.N, p.to.N, after.Name))
		return c.SendStatus(fiber.StatusFound)
	}
	if same, err := s.lasting(c, p, after.Name, format); same || err != nil {
		return err
	}
	c.Set(fiber.HeaderContentType, media)
	c.Set(fiber.HeaderContentDisposition, disposition(d.Slug+"-v"+itoa(p.from.N)+"-v"+itoa(p.to.N)+"-"+after.Name+"."+format))
	c.Set("Content-Security-Policy", "sandbox; default-src 'none'")
	c.Set("Cross-Origin-Resource-Policy", "cross-origin")
	if c.Method() == fiber.MethodHead {
		c.Response().SkipBody = true
		return nil
	}
	found, done, err := s.Differences.Of(c.UserContext(), p.from, p.to, after.Name)
	if err != nil {
		return differenceFailure(err)
	}
	about := tableAnswer{Dataset: d.ID, From: p.from.N, To: p.to.N, Table: after.Name, Columns: &found.Columns, Counts: &found.Counts,
		Before: &before.Rows, After: &after.Rows}
	return s.flow(c, done, func(out *flow) error {
		rows := found.Rows(out.ctx)
		switch format {
		case "csv":
			return found.WriteCSV(out, rows)
		case "jsonl":
			return found.WriteLines(out, rows)
		}
		return found.WriteJSON(out, about, rows)
	})
}

// lasting gives the answer its tag and lets caches keep it. same: the reader
// has it, and the answer is written. A change of what is written, or how rows
// are matched, needs another number here.
func (s *server) lasting(c *fiber.Ctx, p *pair, table, form string) (same bool, err error) {
	h := sha256.New()
	err = json.NewEncoder(h).Encode([]any{"difference 1", form, table, p.from.Dataset, p.from.N, p.to.N, refs(p.from), refs(p.to)})
	tag := `"` + hex.EncodeToString(h.Sum(nil)[:16]) + `"`
	c.Set(fiber.HeaderETag, tag)
	// as released files: a cache must let go of what was withdrawn within the hour
	c.Set(fiber.HeaderCacheControl, "public, max-age=86400, s-maxage=3600, immutable")
	if none := c.Get(fiber.HeaderIfNoneMatch); none != "" && listed(none, tag, true) {
		return true, c.Status(fiber.StatusNotModified).Send(nil)
	}
	return false, err
}

func refs(r *catalog.Release) []string {
	var out []string
	for _, f := range r.Files {
		out = append(out, f.Ref.String())
	}
	return out
}

// comparable refuses two releases that are one, and those about persons.
func comparable(p *pair) error {
	if p.from.N == p.to.N {
		return badParameter("from")
	}
	if err := differences.May(p.from, p.to); err != nil {
		return differenceFailure(err)
	}
	return nil
}

func differenceFailure(err error) error {
	switch {
	case errors.Is(err, differences.ErrPersons):
		return failure(fiber.StatusConflict, "persons-not-compared")
	case errors.Is(err, difference.ErrNothingCommon):
		return failure(fiber.StatusConflict, "nothing-in-common")
	case errors.Is(err, differences.ErrBusy):
		return busy(15 * time.Second)
	case errors.Is(err, context.DeadlineExceeded): // of a comparison
		return busy(time.Minute)
	}
	return err
}

// differenceAddress is that of what differs; ending is "" for the page, else
// that of a format. A from of 0 and an empty table are left out.
func differenceAddress(d *catalog.Dataset, ending string, from, to int, table string) string {
	q := "?"
	if from > 0 {
		q += "from=" + itoa(from) + "&"
	}
	q += "to=" + itoa(to)
	if table != "" {
		q += "&table=" + escapeQuery(table)
	}
	return "/datasets/" + d.Slug + "/diff" + ending + q
}

type differenceAnswer struct {
	Dataset catalog.DatasetID `json:"dataset"`
	From    versionLink       `json:"from"`
	To      versionLink       `json:"to"`
	URL     string            `json:"url"` // the page
	Tables  []tableAnswer     `json:"tables"`
}

type versionLink struct {
	N         int       `json:"n"`
	Published time.Time `json:"published"`
	URL       string    `json:"url"`
}

// tableAnswer is what differs in one table. Of a table that only one of the
// releases has, and where no column is common to both, there are no counts.
type tableAnswer struct {
	Dataset catalog.DatasetID   `json:"dataset,omitempty"` // these three in a document of one table alone
	From    int                 `json:"from,omitempty"`
	To      int                 `json:"to,omitempty"`
	Table   string              `json:"table"`
	Before  *int64              `json:"rows_before"` // null: a new table
	After   *int64              `json:"rows_after"`  // null: the table is gone
	Columns *difference.Columns `json:"columns,omitempty"`
	Counts  *difference.Counts  `json:"counts,omitempty"`
	Files   map[string]string   `json:"files,omitempty"` // addresses of all rows that differ, by format
}

// differenceJSON tells of every table what differs, and where the rows are.
func (s *server) differenceJSON(c *fiber.Ctx) error {
	d, p := datasetOf(c), pairOf(c)
	if p.from == nil {
		return failure(fiber.StatusNotFound, "not-found")
	}
	if err := comparable(p); err != nil {
		return err
	}
	if p.said {
		if same, err := s.lasting(c, p, "", "summary"+s.Site.BaseURL+d.Slug); same || err != nil {
			return err
		}
	}
	version := func(r *catalog.Release) versionLink {
		return versionLink{r.N, r.Published, s.Site.BaseURL + "/datasets/" + d.Slug + "/v/" + itoa(r.N)}
	}
	out := differenceAnswer{Dataset: d.ID, From: version(p.from), To: version(p.to), Tables: []tableAnswer{},
		URL: s.Site.BaseURL + differenceAddress(d, "", p.from.N, p.to.N, "")}
	counted, err := s.counted(c, p)
	if err != nil {
		return err
	}
	for _, t := range p.to.Tables {
		one := tableAnswer{Table: t.Name, After: &t.Rows}
		if was, ok := tableNamed(p.from, t.Name); ok {
			columns := difference.CompareColumns(was.Columns, t.Columns)
			one.Before, one.Columns = &was.Rows, &columns
		}
		if counts, ok := counted[t.Name]; ok {
			one.Counts, one.Files = &counts, map[string]string{}
			for format := range differenceForms {
				one.Files[format] = s.Site.BaseURL + differenceAddress(d, "."+format, p.from.N, p.to.N, t.Name)
			}
		}
		out.Tables = append(out.Tables, one)
	}
	for _, t := range p.from.Tables {
		if _, ok := tableNamed(p.to, t.Name); !ok {
			out.Tables = append(out.Tables, tableAnswer{Table: t.Name, Before: &t.Rows})
		}
	}
	if c.GetRespHeader(fiber.HeaderCacheControl) != "" {
		return c.JSON(out)
	}
	return answer(c, out)
}

// counted gives the counts of every table that both releases have and that can
// be compared: those that are kept, else they are counted now.
func (s *server) counted(c *fiber.Ctx, p *pair) (map[string]difference.Counts, error) {
	out := map[string]difference.Counts{}
	kept, err := s.Catalog.RowChanges(c.UserContext(), p.to.Dataset)
	if err != nil {
		return nil, err
	}
	if k, ok := kept[p.to.N]; ok && k.From == p.from.N {
		for _, t := range k.Tables {
			out[t.Table] = t.Counts
		}
		return out, nil
	}
	for _, t := range p.to.Tables {
		if _, ok := tableNamed(p.from, t.Name); !ok {
			continue
		}
		found, done, err := s.Differences.Of(c.UserContext(), p.from, p.to, t.Name)
		if errors.Is(err, difference.ErrNothingCommon) {
			continue
		}
		if err != nil {
			return nil, differenceFailure(err)
		}
		out[t.Name] = found.Counts
		done()
	}
	return out, nil
}
