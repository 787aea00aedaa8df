package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"daylight/ingest"
	"daylight/ingest/format"
	"daylight/ingest/tableschema"
	"daylight/privacy"
)

type checkCommand struct {
	File   string `arg:"" help:"File to check. Nothing of it leaves this computer." type:"existingfile"`
	JSON   bool   `name:"json" help:"The whole report as JSON."`
	Table  string `help:"Write each table found as UTF-8 CSV into this folder." type:"path"`
	Cells  string `help:"With --table: cells as they stand (raw), or in canonical form (typed)." enum:"raw,typed" default:"typed"`
	Locale string `help:"How the file writes numbers and dates: vi, en-GB, en-US, de, …"`
	Plan   string `help:"Read the file as this plan says (its read block)." type:"existingfile"`
	Spans  bool   `help:"Name each place of a finding inside a text."`
	Schema string `help:"Hold the file to this Table Schema (JSON)." type:"existingfile"`

	SuggestSchema bool `name:"suggest-schema" help:"Print a Table Schema for each table found, and nothing else."`
	progressFlag
}

func (c *checkCommand) Run(ctx context.Context, con *console) error {
	f, err := os.Open(c.File)
	if err != nil {
		return err
	}
	defer f.Close()
	reading, err := readingOf(c.Plan)
	if err != nil {
		return err
	}
	schema, err := schemaFile(c.Schema)
	if err != nil {
		return err
	}
	if schema != nil {
		reading = schema.Reading(reading)
	}
	meter := ingest.CheckMeter()
	end := con.follow(c.progressFlag, meter.Progress)
	checked, err := ingest.Check(ctx, f, filepath.Base(c.File), ingest.CheckOptions{
		ParseOptions: ingest.ParseOptions{Reading: reading, Locale: c.Locale, Raw: c.Table != "" && c.Cells == "raw", Meter: meter},
		Now:          time.Now(), Spans: c.Spans,
	})
	end()
	var refusal *format.Refusal
	if errors.As(err, &refusal) {
		if c.JSON {
			out := json.NewEncoder(con.out)
			out.SetEscapeHTML(false)
			if err := out.Encode(map[string]any{"file": filepath.Base(c.File), "refused": map[string]any{"code": refusal.Code, "stage": refusal.Stage, "row": refusal.Row, "line": refusal.Line, "detail": refusal.Error()}}); err != nil {
				return err
			}
		}
		return &exitError{exitRefused, refusal.Error()}
	}
	if err != nil {
		return err
	}
	defer checked.Close()
	if c.SuggestSchema {
		return suggestSchemas(ctx, con.out, checked)
	}
	if schema != nil {
		for i := range checked.Tables {
			if _, err := checked.HoldTo(ctx, i, schema, ingest.CodeLists()); err != nil {
				return err
			}
		}
	}
	if c.Table != "" {
		if err := c.writeTables(checked); err != nil {
			return err
		}
	}
	if c.JSON {
		out := json.NewEncoder(con.out)
		out.SetEscapeHTML(false)
		err = out.Encode(checked.Report)
	} else {
		err = tellReport(con.out, checked.Report)
	}
	if err == nil && hasQuestions(checked.Report) {
		return &exitError{code: exitQuestions}
	}
	return err
}

// schemaFile reads a Table Schema; nil: no file is named.
func schemaFile(name string) (*tableschema.Schema, error) {
	if name == "" {
		return nil, nil
	}
	raw, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	return tableschema.Parse(raw)
}

// suggestSchemas prints one schema, or a list where there are several tables.
func suggestSchemas(ctx context.Context, w io.Writer, c *ingest.Checked) error {
	var all []*tableschema.Schema
	for i := range c.Tables {
		s, err := c.SuggestSchema(ctx, i)
		if err != nil {
			return err
		}
		all = append(all, s)
	}
	out := json.NewEncoder(w)
	out.SetEscapeHTML(false)
	out.SetIndent("", "  ")
	if len(all) == 1 {
		return out.Encode(all[0])
	}
	return out.Encode(all)
}

// readingOf is the read block of a plan file; nil when there is none.
func readingOf(plan string) (*privacy.Reading, error) {
	if plan == "" {
		return nil, nil
	}
	raw, err := os.ReadFile(plan)
	if err != nil {
		return nil, err
	}
	plans, err := privacy.ParsePlans(raw)
	if err != nil {
		return nil, planError(err)
	}
	for _, p := range plans {
		if p.Read != nil {
			return p.Read, nil
		}
	}
	return nil, nil
}

// planError tells every fault of a plan file.
func planError(err error) error {
	var all *privacy.Problems
	if !errors.As(err, &all) {
		return err
	}
	var lines []string
	for _, p := range all.List {
		where := ""
		if p.Column != "" {
			where = "column " + p.Column + ": "
		}
		lines = append(lines, where+p.Detail)
	}
	return fmt.Errorf("the plan: %s", strings.Join(lines, "; "))
}

// writeTables writes what was found, for the sender's own eyes.
func (c *checkCommand) writeTables(checked *ingest.Checked) error {
	if err := os.MkdirAll(c.Table, 0o755); err != nil {
		return err
	}
	for i, t := range checked.Tables {
		name := "table.csv"
		if len(checked.Tables) > 1 {
			name = fmt.Sprintf("table-%d.csv", i+1)
		}
		f, err := os.Create(filepath.Join(c.Table, name))
		if err != nil {
			return err
		}
		if err := errors.Join(format.WriteTable(f, t, c.Cells == "typed"), f.Close()); err != nil {
			return err
		}
	}
	return nil
}

// hasQuestions says whether a person has to look at anything.
func hasQuestions(r format.Report) bool {
	if len(r.Questions) > 0 {
		return true
	}
	for _, t := range r.Tables {
		if len(t.Problems) > 0 || len(t.Cells) > 0 {
			return true
		}
		for _, f := range t.Fields {
			for _, x := range f.Findings {
				if x.Decision >= privacy.Review {
					return true
				}
			}
		}
	}
	return false
}

// tellReport is the report as people read it in a terminal.
func tellReport(w io.Writer, r format.Report) error {
	about := []string{r.Format}
	if r.Packed != "" {
		about[0] += " in " + r.Packed
	}
	if r.Encoding != "" {
		about = append(about, r.Encoding)
	}
	if r.EOL != "" {
		about = append(about, "line ends "+r.EOL)
	}
	fmt.Fprintf(w, "%s: %s, %d bytes\n", r.File, strings.Join(about, ", "), r.Bytes)
	for i, t := range r.Tables {
		name, header := "", "no header"
		if t.Name != "" && t.Name != fmt.Sprintf("table %d", i+1) {
			name = fmt.Sprintf(" %q", t.Name)
		}
		switch {
		case t.HeaderRow > 0 && (r.Format == "xlsx" || r.Format == "xls" || r.Format == "ods"):
			header = fmt.Sprintf("header in row %d", t.HeaderRow)
		case t.HeaderRow > 0:
			header = fmt.Sprintf("header in record %d", t.HeaderRow)
		case r.Format != "csv" && r.Format != "xlsx" && r.Format != "xls" && r.Format != "ods" && r.Format != "zip":
			header = "columns by name"
		}
		fmt.Fprintf(w, "\nTable %d%s: %d rows, %d columns, %s\n", i+1, name, t.DataRows, t.Columns, header)
		tab := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
		fmt.Fprintln(tab, "COLUMN\tTYPE\tFITS\tEMPTY\tPERSONAL DATA")
		for _, f := range t.Fields {
			var kinds []string
			for _, x := range f.Findings {
				if x.Decision > privacy.None {
					kinds = append(kinds, fmt.Sprintf("%s (%s)", x.Kind, decisionWord(x.Decision)))
				}
			}
			fmt.Fprintf(tab, "%s\t%s\t%s\t%d\t%s\n", f.Label, strings.TrimSpace(f.Type+" "+f.Format), f.Evidence, f.Empty, strings.Join(kinds, ", "))
		}
		if err := tab.Flush(); err != nil {
			return err
		}
		for _, c := range t.Cells {
			fmt.Fprintf(w, "  %d cells of %s hold %s, first in row %d\n", c.Count, c.Column, c.Kind, c.FirstRow)
		}
		for _, p := range t.Problems {
			fmt.Fprintf(w, "  %s\n", problemText(p))
		}
		if t.AboutPersons != nil && *t.AboutPersons {
			fmt.Fprintln(w, "  This table is about persons: a plan needs a model (k-anonymity), or must say that it holds statistics.")
		}
	}
	for _, q := range r.Questions {
		where := ""
		if q.Table > 0 {
			where = fmt.Sprintf(", table %d", q.Table)
		}
		if q.Column != "" {
			where += ", column " + q.Column
		}
		fmt.Fprintf(w, "Question: %s%s: %s?\n", q.Code, where, strings.Join(q.Choices, " or "))
	}
	return nil
}

// problemText is one problem on a line: what, where first, how often.
func problemText(p format.Problem) string {
	text := p.Code
	if p.Column != "" {
		text += " in " + p.Column
	}
	text += fmt.Sprintf(": %d", p.Count)
	if p.Line > 0 {
		text += fmt.Sprintf(", first in line %d", p.Line)
	}
	if p.Wanted != "" {
		text += ", wanted " + p.Wanted
	}
	return text
}

func decisionWord(d privacy.Decision) string {
	return [...]string{"none", "lawfully public", "a person must look", "must not leave"}[d]
}
