package api

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/gofiber/fiber/v2"

	"daylight/catalog"
	"daylight/catalog/differences"
	"daylight/datasets"
	"daylight/datasets/difference"
	"daylight/templates"
)

// differenceRows is how many rows of each kind the page shows.
const differenceRows = 20

// differencePage shows what differs between two releases.
func (s *server) differencePage(c *fiber.Ctx) (any, error) {
	d, p := datasetOf(c), pairOf(c)
	lang := language(c)
	if c.Params("slug") != d.Slug { // a former slug, or an id
		from := 0
		if p.from != nil {
			from = p.from.N
		}
		return nil, c.Redirect(link(lang, differenceAddress(d, "", from, p.to.N, "")), fiber.StatusMovedPermanently)
	}
	out := templates.DifferencePage{Site: s.site(c, templates.NavDatasets), Slug: d.Slug, Title: text(d.Title, lang), To: versionView(d, p.to, lang)}
	for i := range p.all {
		if p.all[i].Withdrawn == nil {
			out.Versions = append(out.Versions, versionView(d, &p.all[i], lang))
		}
	}
	if p.from == nil {
		out.Why = "one-version"
		return out, nil
	}
	out.From = versionView(d, p.from, lang)
	out.Site.Query = "from=" + itoa(p.from.N) + "&to=" + itoa(p.to.N)
	out.API = "/api/v1/datasets/" + d.Slug + "/diff?" + out.Site.Query
	switch {
	case p.from.N == p.to.N:
		out.Why = "same-version"
		return out, nil
	case errors.Is(differences.May(p.from, p.to), differences.ErrPersons):
		out.Why = "persons"
		return out, nil
	}
	return s.differenceView(c, d, p, out)
}

// differenceView fills in the tables.
func (s *server) differenceView(c *fiber.Ctx, d *catalog.Dataset, p *pair, out templates.DifferencePage) (any, error) {
	for _, t := range p.to.Tables {
		if _, ok := tableNamed(p.from, t.Name); ok {
			out.Tables = append(out.Tables, templates.FacetValue{Value: t.Name})
		} else {
			out.Came = append(out.Came, templates.TableChange{Name: t.Name, After: t.Rows})
		}
	}
	for _, t := range p.from.Tables {
		if _, ok := tableNamed(p.to, t.Name); !ok {
			out.Went = append(out.Went, templates.TableChange{Name: t.Name, Before: t.Rows})
		}
	}
	if len(out.Tables) == 0 {
		out.Why = "no-table"
		return out, nil
	}
	before, after, err := p.table(c)
	if err != nil {
		return nil, err
	}
	if len(out.Tables) == 1 {
		out.Tables = nil // nothing to choose
	}
	for i := range out.Tables {
		out.Tables[i].Chosen = out.Tables[i].Value == after.Name
	}
	if c.Query("table") != "" {
		out.Site.Query += "&table=" + escapeQuery(after.Name)
	}
	if !s.flows.open() {
		return nil, busy(15 * time.Second)
	}
	defer s.flows.close()
	found, done, err := s.Differences.Of(c.UserContext(), p.from, p.to, after.Name)
	if errors.Is(err, difference.ErrNothingCommon) {
		out.Why = "nothing-common"
		return out, nil
	}
	if err != nil {
		return nil, differenceFailure(err)
	}
	defer done()
	if out.Table, err = tableDifference(c.UserContext(), found, before, after); err != nil {
		return nil, err
	}
	for _, format := range []string{"csv", "json", "jsonl"} {
		out.Table.Files = append(out.Table.Files, templates.File{Format: formatName(format), MediaType: differenceForms[format],
			URL: differenceAddress(d, "."+format, p.from.N, p.to.N, after.Name)})
	}
	return out, nil
}

func tableDifference(ctx context.Context, found *difference.Difference, before, after datasets.TableInfo) (*templates.TableDifference, error) {
	added, removed, changed, err := found.First(ctx, differenceRows)
	if err != nil {
		return nil, err
	}
	n := found.Counts
	out := &templates.TableDifference{Name: after.Name, Key: n.Key, Repeated: n.Repeated,
		Unchanged: n.Unchanged, Added: n.Added, Removed: n.Removed, Changed: n.Changed,
		Schema: columnChanges(found.Columns), AddedIn: named(after.Columns), RemovedIn: named(before.Columns)}
	for _, r := range added {
		out.AddedRows = append(out.AddedRows, countedRow(r.N, r.After))
	}
	for _, r := range removed {
		out.RemovedRows = append(out.RemovedRows, countedRow(r.N, r.Before))
	}
	order := readingOrder(n.Key, out.AddedIn, changed)
	for _, at := range order {
		out.Columns = append(out.Columns, out.AddedIn[at])
	}
	for _, r := range changed {
		row := make(templates.ChangedRow, len(order))
		for i, at := range order {
			row[i].Is = shownCell(r.After[at])
			if slices.Contains(r.Changed, at) {
				row[i].Changed, row[i].Was = true, shownCell(r.Before[found.Before(at)])
			}
		}
		out.ChangedRows = append(out.ChangedRows, row)
	}
	return out, nil
}

// readingOrder is that in which one reads what changed: the key, the columns
// with changes, the others.
func readingOrder(key []string, columns []templates.Column, changed []difference.Row) []int {
	weight, order := make([]int, len(columns)), make([]int, len(columns))
	for _, r := range changed {
		for _, at := range r.Changed {
			weight[at] = -1
		}
	}
	for at, c := range columns {
		order[at] = at
		if i := slices.Index(key, c.Key); i >= 0 {
			weight[at] = i - len(key) - 1
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return weight[a] - weight[b] })
	return order
}

func countedRow(n int64, cells []difference.Cell) templates.CountedRow {
	out := templates.CountedRow{N: n, Cells: make([]templates.Cell, len(cells))}
	for i, cell := range cells {
		out.Cells[i] = shownCell(cell)
	}
	return out
}

func shownCell(cell difference.Cell) templates.Cell {
	return templates.Cell{Text: datasets.PreviewText(cell.Text), Null: cell.Null}
}

// withChanges adds to the views of releases, newest first, what changed in each
// against the one before it.
func (s *server) withChanges(c *fiber.Ctx, d *catalog.Dataset, all []catalog.Release, views []templates.Version, lang string) error {
	counted, err := s.Catalog.RowChanges(c.UserContext(), d.ID)
	if err != nil {
		return err
	}
	for i := range all {
		before := earlier(all, all[i].N)
		if before == nil || differences.May(before, &all[i]) != nil {
			continue
		}
		v := &views[i]
		v.ChangesURL = link(lang, differenceAddress(d, "", before.N, all[i].N, ""))
		if n, ok := counted[all[i].N]; ok && n.From == before.N {
			v.Changes = &templates.RowChanges{}
			v.Changes.Added, v.Changes.Removed, v.Changes.Changed = n.Sum()
		}
	}
	return nil
}

// earlier is the last release before n that can be had; all are newest first.
func earlier(all []catalog.Release, n int) *catalog.Release {
	for i := range all {
		if all[i].N < n && all[i].Withdrawn == nil {
			return &all[i]
		}
	}
	return nil
}
