package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"time"

	"daylight/catalog/codes"
	"daylight/datasets"
	"daylight/ingest"
	"daylight/ingest/format"
	"daylight/privacy"
)

type ingestCommand struct {
	File   string `arg:"" help:"File to ingest." type:"existingfile"`
	Plan   string `help:"Privacy plan: a YAML file, or auto (keep columns without findings, drop those with one, stop at doubt)." required:""`
	Schema string `help:"Table Schema, a JSON file, that the file is held to where the plan has none." type:"existingfile"`
	Out    string `help:"Folder for data.csv, data.parquet, data.arrow and report.json." required:"" type:"path"`
	Codes  string `help:"Commune list, as \"daylight codes load\" takes it, for the hierarchies vn-admin-2025 and vn-admin-2024." type:"existingfile"`
	Locale string `help:"How the file writes numbers and dates: vi, en-GB, en-US, de, …"`
	progressFlag
}

// ingestMemory is what the collector is asked to keep this process to: with the
// parse child's share the pipeline stays within 512 MiB. Without it Go takes
// twice what is in use, for nothing. GOMEMLIMIT overrides it.
const ingestMemory = 256 << 20

func (i *ingestCommand) Run(ctx context.Context, con *console) error {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(ingestMemory)
	}
	plan := []byte("auto")
	if i.Plan != "auto" {
		var err error
		if plan, err = os.ReadFile(i.Plan); err != nil {
			return err
		}
	}
	var communes []codes.CommuneChange
	if i.Codes != "" {
		var err error
		if communes, _, err = readCommunes(i.Codes, con); err != nil {
			return err
		}
	}
	var schema []byte
	if i.Schema != "" {
		if _, err := schemaFile(i.Schema); err != nil {
			return err
		}
		var err error
		if schema, err = os.ReadFile(i.Schema); err != nil {
			return err
		}
	}
	f, err := os.Open(i.File)
	if err != nil {
		return err
	}
	defer f.Close()
	meter := ingest.OfflineMeter()
	end := con.follow(i.progressFlag, meter.Progress)
	report, err := ingest.Offline(ctx, ingest.OfflineOptions{File: f, Name: filepath.Base(i.File), Plan: plan, Schema: schema, Out: i.Out, Locale: i.Locale,
		Now: time.Now(), Hierarchies: besidePlan(i.Plan, ingest.Hierarchies(communes)), Meter: meter})
	end()
	if err != nil {
		return refusedOffline(err, con)
	}
	for _, t := range report.Tables {
		if len(report.Tables) > 1 {
			fmt.Fprintf(con.out, "%s: ", t.Table)
		}
		fmt.Fprintf(con.out, "%d rows in, %d out, %d with groups too small hidden, %d columns left out.\n", t.RowsIn, t.RowsOut, t.RowsSuppressed, len(t.LeftOut))
	}
	for _, file := range report.Files {
		fmt.Fprintf(con.out, "%s  %s  %d bytes\n", file.Ref, filepath.Join(i.Out, file.Name), file.Bytes)
	}
	return nil
}

// besidePlan finds hierarchies: the portal's by name, others as files beside
// the plan.
func besidePlan(plan string, builtin func(string) (privacy.Hierarchy, error)) func(string) (privacy.Hierarchy, error) {
	return func(name string) (privacy.Hierarchy, error) {
		if h, err := builtin(name); err == nil {
			return h, nil
		}
		if filepath.Base(name) != name {
			return nil, errors.New("a hierarchy is named by a file beside the plan")
		}
		f, err := os.Open(filepath.Join(filepath.Dir(plan), name))
		if err != nil {
			return nil, err
		}
		defer f.Close()
		return privacy.ReadHierarchy(f)
	}
}

// refusedOffline tells what stands against a file, each thing on its line, and
// how the command ends.
func refusedOffline(err error, con *console) error {
	var refusal *format.Refusal
	var problems *privacy.Problems
	switch {
	case errors.As(err, &refusal):
		return &exitError{exitRefused, refusal.Error()}
	case errors.As(err, &problems):
		fmt.Fprintln(con.err, "Not published:")
		for _, p := range problems.List {
			where := ""
			if p.Table != "" {
				where = p.Table + ": "
			}
			if p.Column != "" {
				where += "column " + p.Column + ": "
			}
			if p.Row > 0 {
				where += fmt.Sprintf("row %d: ", p.Row)
			}
			fmt.Fprintf(con.err, "  %s%s\n", where, p.Detail)
		}
		return &exitError{code: exitRefused}
	case errors.Is(err, datasets.ErrNoRows):
		return &exitError{exitRefused, "the table has no rows, so there is nothing to publish: send a file with data rows"}
	}
	return err
}
