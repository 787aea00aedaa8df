package ingest

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"daylight/catalog"
	"daylight/catalog/codes"
	"daylight/datasets"
	"daylight/ingest/format"
	"daylight/ingest/tableschema"
	"daylight/privacy"
)

// A table is held to the Table Schema of its plan (privacy.Plan.Schema), else to
// the one that is attached to its dataset (Attach). The schema
// answers how the columns are read, every row is checked against it before
// anything is published, and what breaks it stops the file until a person
// corrects it or says in the plan why it may stay (breaches).

// HoldTo checks a table against a schema and tells what breaks it in its
// report. Cells that were read as null because they do not fit the schema's
// type break it too. An error that is a *tableschema.Error is the schema's.
func (c *Checked) HoldTo(ctx context.Context, table int, s *tableschema.Schema, lists tableschema.Lists) ([]tableschema.Breach, error) {
	r := &c.Report.Tables[table]
	var found []tableschema.Breach
	for _, p := range r.Problems {
		if p.Code == "cell-type" && s.Types(p.Column, labelOf(c, table, p.Column)) {
			found = append(found, tableschema.Breach{Code: "type", Column: p.Column, Wanted: p.Wanted, Row: p.Row, Count: p.Count})
		}
	}
	broken, err := s.Check(ctx, c.Tables[table], r.DataRows, lists)
	if err != nil {
		return nil, err
	}
	found = append(found, broken...)
	toldMissing := slices.ContainsFunc(r.Problems, func(p format.Problem) bool { return p.Code == "column-missing" })
	shown := make(map[string]string) // held names are told by number
	for i, f := range c.Tables[table].Schema().Fields() {
		shown[f.Name] = r.Fields[i].Key
	}
	for i, b := range found {
		if b.Code == "column-missing" {
			found[i].Column = "" // a name that only the schema knows
		} else {
			names := strings.Split(b.Column, ", ") // of a key, each of its columns
			for k, n := range names {
				if name, ok := shown[n]; ok {
					names[k] = name
				}
			}
			found[i].Column = strings.Join(names, ", ")
		}
		if b.Code == "type" || b.Code == "column-missing" && toldMissing {
			continue // told as what it is already
		}
		if len(b.Rows) > 0 {
			if c.broken == nil {
				c.broken = brokenBy{}
			}
			c.broken[[2]int{table, len(r.Problems)}] = b.Rows
		}
		r.Problems = append(r.Problems, breachProblem(found[i]))
	}
	return found, nil
}

func labelOf(c *Checked, table int, key string) string {
	for _, f := range c.Report.Tables[table].Fields {
		if f.Key == key {
			return f.Label
		}
	}
	return ""
}

// breaches holds every table to the schema of its plan.
func (c *Checked) breaches(ctx context.Context, tables []chosen, lists tableschema.Lists) ([]privacy.Problem, error) {
	var out []privacy.Problem
	for _, t := range tables {
		if t.schema == "" {
			continue
		}
		s, err := tableschema.Parse([]byte(t.schema))
		var found []tableschema.Breach
		if err == nil {
			found, err = c.HoldTo(ctx, t.index, s, lists)
		}
		var wrong *tableschema.Error
		switch {
		case errors.As(err, &wrong):
			out = append(out, privacy.Problem{Err: privacy.ErrUndecided, Table: t.shown, Code: "schema-invalid", Detail: wrong.Error()})
			continue
		case err != nil:
			return nil, err
		}
		if t.plan.Breaches != "" {
			continue
		}
		for _, b := range found {
			out = append(out, privacy.Problem{Err: privacy.ErrUndecided, Table: t.shown, Column: b.Column, Row: b.Row, Code: "schema-breach",
				Detail: fmt.Sprintf("%s: %d times, wanted %s: correct the file or the schema, or say in the plan why it may stay (breaches)", b.Code, b.Count, b.Wanted)})
		}
	}
	return out, nil
}

// codeLists finds what foreign keys speak of: the portal's code lists, and
// columns of datasets that are public. The zero value has no datasets.
type codeLists struct {
	catalog *catalog.Store
	library datasets.Library
}

// CodeLists are the portal's code lists, without a catalogue beside them.
func CodeLists() tableschema.Lists { return codeLists{} }

// SuggestSchema proposes a schema for a table from all its cells, and names the
// portal's code list where one holds every value of a column.
func (c *Checked) SuggestSchema(ctx context.Context, table int) (*tableschema.Schema, error) {
	var lists []tableschema.List
	for l := range codes.Lists.All() {
		lists = append(lists, tableschema.List{Resource: "codes/" + l.Code, Has: func(code string) bool { _, ok := l.Entry(code); return ok }})
	}
	return tableschema.Suggest(ctx, c.Tables[table], lists)
}

// valuesMost bounds a referenced column in memory.
const valuesMost = 2 << 20

// Codes implements tableschema.Lists.
func (l codeLists) Codes(ctx context.Context, r tableschema.Reference) (func(string) bool, string, error) {
	if len(r.Fields) != 1 {
		return nil, "", tableschema.Unknown("one field is wanted")
	}
	if at := strings.LastIndex("/"+r.Resource, "/codes/"); at >= 0 {
		name := strings.TrimSuffix(strings.TrimSuffix(("/" + r.Resource)[at+len("/codes/"):], ".json"), ".csv")
		list, ok := codes.Lists.Get(name)
		if !ok {
			return nil, "", tableschema.Unknown("there is no code list of this name: see /codes")
		}
		if r.Fields[0] != "code" {
			return nil, "", tableschema.Unknown(`the field of a code list is "code"`)
		}
		return func(code string) bool { _, ok := list.Entry(code); return ok }, "codes/" + name, nil
	}
	if l.catalog == nil {
		return nil, "", tableschema.Unknown("a dataset can be asked on its portal only; a code list is named as codes/NAME")
	}
	return l.dataset(ctx, r)
}

// dataset reads the referenced column of a public release: of the version that
// is named, else of the newest.
func (l codeLists) dataset(ctx context.Context, r tableschema.Reference) (func(string) bool, string, error) {
	missing := tableschema.Unknown("no public dataset, version or column has this name")
	slug, version, _ := strings.Cut(r.Resource, "@")
	d, err := l.catalog.Dataset(ctx, slug)
	if errors.Is(err, catalog.ErrNotFound) {
		return nil, "", missing
	}
	if err != nil {
		return nil, "", err
	}
	n := 0
	if version != "" {
		if n, err = strconv.Atoi(version); err != nil {
			return nil, "", missing
		}
	} else {
		releases, err := l.catalog.Releases(ctx, d.ID)
		if err != nil {
			return nil, "", err
		}
		for _, rel := range releases {
			if rel.Withdrawn == nil {
				n = max(n, rel.N)
			}
		}
	}
	rel, err := l.catalog.Release(ctx, d.ID, n)
	if errors.Is(err, catalog.ErrNotFound) || err == nil && rel.Withdrawn != nil {
		return nil, "", missing
	}
	if err != nil {
		return nil, "", err
	}
	for _, f := range rel.Files {
		if f.Format != "csv" {
			continue
		}
		values, err := l.column(ctx, f.File, r.Fields[0])
		if err != nil {
			return nil, "", err
		}
		if values != nil {
			return func(code string) bool { return values[code] }, fmt.Sprintf("%s@%d", slug, n), nil
		}
	}
	return nil, "", missing
}

// column reads one column of a released CSV; nil: it has none of that name.
func (l codeLists) column(ctx context.Context, f datasets.File, name string) (map[string]bool, error) {
	in, err := l.library.Open(ctx, f.Ref, 0, -1)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	rows := csv.NewReader(in)
	rows.ReuseRecord = true
	head, err := rows.Read()
	if err != nil {
		return nil, err
	}
	at := -1
	for j, h := range head {
		if h == name {
			at = j
		}
	}
	if at < 0 {
		return nil, nil
	}
	values := make(map[string]bool)
	for {
		row, err := rows.Read()
		if err == io.EOF {
			return values, nil
		}
		if err != nil {
			return nil, err
		}
		if len(values) == valuesMost {
			return nil, tableschema.Unknown("the column named has more than two million values: too many for a list of codes")
		}
		if row[at] != "" {
			values[strings.Clone(row[at])] = true
		}
	}
}
