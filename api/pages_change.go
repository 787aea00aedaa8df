package api

import (
	"github.com/gofiber/fiber/v2"

	"daylight/catalog"
	"daylight/catalog/differences"
	"daylight/datasets"
	"daylight/datasets/difference"
	"daylight/templates"
)

// change tells what became different in a release against the one before it
// that can still be had; nil where there is none. all are newest first.
func (s *server) change(c *fiber.Ctx, d *catalog.Dataset, r *catalog.Release, all []catalog.Release, lang string) (*templates.Change, error) {
	if r.Withdrawn != nil {
		return nil, nil
	}
	last := earlier(all, r.N)
	if last == nil {
		return nil, nil
	}
	before, err := s.Catalog.Release(c.UserContext(), d.ID, last.N)
	if err != nil {
		return nil, err
	}
	out := changeView(d, before, r, lang)
	if differences.May(before, r) == nil {
		out.URL = link(lang, differenceAddress(d, "", before.N, r.N, ""))
	}
	return out, nil
}

func changeView(d *catalog.Dataset, before, after *catalog.Release, lang string) *templates.Change {
	out := &templates.Change{Before: versionView(d, before, lang)}
	several := len(before.Tables) > 1 || len(after.Tables) > 1
	for _, t := range catalog.Compare(before, after).Tables {
		v := templates.TableChange{Came: t.Came, Went: t.Went, Before: t.RowsBefore, After: t.RowsAfter}
		if several {
			v.Name = t.Name
		}
		v.ColumnChanges = columnChanges(t.Columns)
		out.Tables = append(out.Tables, v)
	}
	return out
}

func columnChanges(c difference.Columns) templates.ColumnChanges {
	return templates.ColumnChanges{Added: named(c.Added), Removed: named(c.Removed), Renamed: pairs(c.Renamed), Retyped: pairs(c.Retyped)}
}

func pairs(list []difference.Pair) []templates.ColumnPair {
	var out []templates.ColumnPair
	for _, p := range list {
		out = append(out, templates.ColumnPair{Before: named([]datasets.Column{p.Before})[0], After: named([]datasets.Column{p.After})[0]})
	}
	return out
}

// named are columns by their names, types and units alone.
func named(columns []datasets.Column) []templates.Column {
	var out []templates.Column
	for _, c := range columns {
		out = append(out, templates.Column{Key: c.Key, Label: templates.T(c.Label), Type: c.Type, Unit: c.Unit})
	}
	return out
}
