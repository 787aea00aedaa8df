package ingest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"daylight/catalog"
	"daylight/datasets"
	"daylight/ingest/format"
	"daylight/privacy"
	"daylight/store"
)

// OfflineOptions say what `daylight ingest` does. File, Name, Out and Now are
// needed.
type OfflineOptions struct {
	File   *os.File
	Name   string // a hint about the format
	Plan   []byte // YAML; nil or "auto": what needs no judgement
	Schema []byte // Table Schema that the file's one table is held to, where the plan has none; nil: none
	Out    string // folder for the results; made if it is not there
	Locale string
	Now    time.Time
	Child  ChildLimits
	Meter  *Meter // nil: nothing is counted
	// Hierarchies finds a generalisation hierarchy by the name the plan uses; nil: those of the portal.
	Hierarchies func(name string) (privacy.Hierarchy, error)
}

// OfflineReport is the report.json beside the released files. It holds counts,
// hashes and positions, never a value.
type OfflineReport struct {
	Input  format.Report    `json:"input"`
	Tables []privacy.Report `json:"tables"`
	Files  []datasets.File  `json:"files"`
}

// Offline takes a file through the whole pipeline without a server: child,
// examination, plan, guards, every format, the gates. The released files and
// report.json stand in Out when it returns nil, and none of them before. What
// refuses or waits for a decision is a *format.Refusal or a *privacy.Problems
// (Refused tells); nothing is written then.
func Offline(ctx context.Context, o OfflineOptions) (*OfflineReport, error) {
	text := string(o.Plan)
	if text == "" {
		text = autoPlan
	}
	decide, err := decidingText(0, text)
	if o.Schema != nil {
		decide.attached = map[string]json.RawMessage{"": o.Schema}
	}
	if err != nil {
		return nil, fmt.Errorf("ingest: %w", err)
	}
	// Places of its own, with a key of its own, gone at the end.
	work, err := os.MkdirTemp("", "daylight-ingest-")
	if err != nil {
		return nil, fmt.Errorf("ingest: %w", bare(err))
	}
	defer os.RemoveAll(work)
	private, err := store.OpenPrivate(ctx, filepath.Join(work, "private"))
	if err != nil {
		return nil, fmt.Errorf("ingest: %w", err)
	}
	public, err := store.OpenPublic(ctx, filepath.Join(work, "public"), false)
	if err != nil {
		return nil, fmt.Errorf("ingest: %w", err)
	}
	c, err := Check(ctx, o.File, o.Name, CheckOptions{Now: o.Now, ParseOptions: ParseOptions{
		Reading: decide.reading(), Locale: o.Locale, Limits: o.Child, Temp: private.Spool, Meter: o.Meter}})
	if err != nil {
		return nil, fmt.Errorf("ingest: %w", err)
	}
	defer c.Close()
	problems := c.Open(decide.reading())
	tables, open := decide.over(c, o.Now)
	broken, err := c.breaches(ctx, tables, codeLists{})
	if err != nil {
		return nil, fmt.Errorf("ingest: %w", err)
	}
	if problems = append(append(problems, open...), broken...); len(problems) > 0 {
		return nil, fmt.Errorf("ingest: %w", &privacy.Problems{List: problems})
	}
	o.Meter.over(catalog.StageClear)
	if o.Hierarchies == nil {
		o.Hierarchies = Hierarchies(nil)
	}
	cleared, err := apply(ctx, tables, privacy.Setting{Now: o.Now, Hierarchies: o.Hierarchies}, nil)
	if err != nil {
		return nil, fmt.Errorf("ingest: %w", err)
	}
	shelf := datasets.NewShelf(public, private.Staging())
	release, err := shelf.Publish(ctx, o.Meter.shelf, cleared...)
	if err != nil {
		return nil, fmt.Errorf("ingest: %w", err)
	}
	report := &OfflineReport{Input: c.Report, Tables: release.Reports(), Files: release.Files()}
	if err := copyOut(ctx, shelf.Library(), report, o.Out); err != nil {
		return nil, fmt.Errorf("ingest: write the results: %w", bare(err))
	}
	return report, nil
}

// copyOut writes all files under temporary names first, so that a full disk
// leaves no half set.
func copyOut(ctx context.Context, l datasets.Library, report *OfflineReport, out string) (err error) {
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	var written []string
	defer func() {
		for _, name := range written {
			if err != nil {
				os.Remove(filepath.Join(out, name+".part"))
			}
		}
	}()
	create := func(name string) (*os.File, error) {
		written = append(written, name)
		return os.Create(filepath.Join(out, name+".part"))
	}
	for _, f := range report.Files {
		from, err := l.File(ctx, f.Ref)
		if err != nil {
			return err
		}
		to, err := create(f.Name)
		if err == nil {
			err = moveInto(to, from)
		}
		from.Close()
		if err != nil {
			return err
		}
	}
	js, err := json.MarshalIndent(report, "", "  ")
	if err != nil {
		return err
	}
	f, err := create("report.json")
	if err != nil {
		return err
	}
	_, err = f.Write(append(js, '\n'))
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	for _, name := range written {
		if err := os.Rename(filepath.Join(out, name+".part"), filepath.Join(out, name)); err != nil {
			return err
		}
	}
	return nil
}

// moveInto puts what is in from, a file that nobody needs afterwards, in the
// place of the empty file to, and closes to. On one disk that is a second name
// for the same bytes, which are durable already.
func moveInto(to, from *os.File) error {
	st, err := to.Stat()
	if err == nil && os.Remove(to.Name()) == nil && os.Link(from.Name(), to.Name()) == nil {
		return errors.Join(to.Close(), os.Chmod(to.Name(), st.Mode()))
	}
	to.Close()
	if to, err = os.Create(to.Name()); err != nil {
		return err
	}
	_, err = io.Copy(to, from)
	return errors.Join(err, to.Sync(), to.Close())
}
