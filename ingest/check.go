package ingest

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"daylight/catalog"
	"daylight/ingest/format"
	"daylight/privacy"
)

// CheckOptions say how Check reads and what it tells.
type CheckOptions struct {
	ParseOptions
	Now   time.Time // its year is the last a personal number may carry; zero: any year is believed
	Spans bool      // name each place of a finding inside a text
}

// A Checked file is parsed and examined. Its report holds positions, kinds and
// counts, never a value; a column whose header looks like personal data is
// called by its number there. Close it.
type Checked struct {
	*Parsed
	Profiles []privacy.Profile // one a table, in the same order
	examined []*privacy.Examined
	groups   []int // of each table: those with one number are linked by keys
	broken   brokenBy
	before   *shape           // of the last release; nil: none, or not asked for
	given    *privacy.Reading // what people have said of how to read the file
	drift    []drift          // what differs from it and stops the file

	now time.Time // of the examination
}

// Check is what `daylight check` does, and every job: parse in the child, then
// examine every cell. Errors are those of ParseFile.
func Check(ctx context.Context, f *os.File, name string, o CheckOptions) (*Checked, error) {
	o.examine = &privacy.Setting{Now: o.Now}
	p, err := ParseFile(ctx, f, name, o.ParseOptions)
	if err != nil {
		return nil, err
	}
	c, err := examine(ctx, p, o)
	if err != nil {
		p.Close()
		return nil, err
	}
	return c, nil
}

func examine(ctx context.Context, p *Parsed, o CheckOptions) (*Checked, error) {
	c := &Checked{Parsed: p, now: o.Now}
	o.Meter.begin(catalog.StageExamine, 0, 0) // what is left of it: cells were looked at as they came
	for i, t := range p.Tables {
		seen, err := p.seen[i].Examined(ctx, t)
		if err != nil {
			return nil, fmt.Errorf("check table %d: %w", i+1, err)
		}
		c.examined, c.Profiles = append(c.examined, seen), append(c.Profiles, seen.Profile())
	}
	p.seen = nil
	if err := c.link(ctx, o.Now); err != nil {
		return nil, err
	}
	for i, t := range p.Tables {
		r, profile := &p.Report.Tables[i], c.Profiles[i]
		if len(profile.Columns) != len(r.Fields) {
			return nil, fmt.Errorf("check table %d: %d columns examined of %d", i+1, len(profile.Columns), len(r.Fields))
		}
		if _, held := privacy.HeldLabel(r.Name, o.Now.Year()); held {
			r.Name = numbered(i)
		}
		hideHeld(r, profile, p.Report.Questions, i)
		findings(r, profile)
		if o.Spans {
			if err := spans(ctx, r, t, o.Now.Year()); err != nil {
				return nil, fmt.Errorf("check table %d: %w", i+1, err)
			}
		}
	}
	return c, nil
}

// link finds the tables that keys link, and examines again those that are
// about persons only because another one is.
func (c *Checked) link(ctx context.Context, now time.Time) error {
	var err error
	if c.groups, err = linkedTables(ctx, c.Tables); err != nil {
		return fmt.Errorf("check keys: %w", err)
	}
	persons := map[int]bool{}
	for i, p := range c.Profiles {
		persons[c.groups[i]] = persons[c.groups[i]] || p.AboutPersons
	}
	for i, p := range c.Profiles {
		if p.AboutPersons || !persons[c.groups[i]] {
			continue
		}
		if c.examined[i], err = privacy.NewExamined(ctx, c.Tables[i], privacy.Setting{Now: now, Linked: true}); err != nil {
			return fmt.Errorf("check table %d: %w", i+1, err)
		}
		c.Profiles[i] = c.examined[i].Profile()
	}
	return nil
}

// hideHeld gives columns whose header looks like personal data the name
// "column 3" throughout the report: in a file without a header line the header
// is a row of data.
func hideHeld(r *format.TableReport, p privacy.Profile, questions []format.Question, table int) {
	for i, col := range p.Columns {
		if !col.NameHeld {
			continue
		}
		shown := fmt.Sprintf("column %d", i+1)
		was := func(name string) bool { return name == r.Fields[i].Key || name == r.Fields[i].Label }
		for k := range r.Problems {
			if was(r.Problems[k].Column) {
				r.Problems[k].Column = shown
			}
		}
		for k := range questions {
			if q := questions[k]; was(q.Column) && (q.Table == 0 || q.Table == table+1) {
				questions[k].Column = shown
			}
		}
		r.Fields[i].Key, r.Fields[i].Label = shown, shown
	}
}

// findings merges a profile into a report: privacy.md section 14.
func findings(r *format.TableReport, p privacy.Profile) {
	about := p.AboutPersons
	r.AboutPersons = &about
	r.Cells = []format.CellCount{}
	for i := range r.Fields {
		r.Fields[i].Findings = []privacy.Finding{}
	}
	for _, f := range p.Findings {
		field := &r.Fields[f.Column]
		field.Findings = append(field.Findings, f)
		if f.Cells > 0 {
			r.Cells = append(r.Cells, format.CellCount{Column: field.Key, Kind: f.Kind, Count: f.Cells, FirstRow: f.First})
		}
	}
}

// maxSpans bounds a report that is asked for by hand.
const maxSpans = 100_000

func spans(ctx context.Context, r *format.TableReport, t format.Table, year int) error {
	rows, err := t.Rows(ctx)
	if err != nil {
		return err
	}
	defer rows.Release()
	r.Spans = []format.Span{}
	var cell []byte
	row := int64(0)
	for rows.Next() {
		rec := rows.Record()
		for i := range int(rec.NumRows()) {
			row++
			for j, col := range rec.Columns() {
				cell = privacy.AppendCell(cell[:0], col, i)
				privacy.SpansIn(cell, year, func(k privacy.Kind, from, to int) {
					if len(r.Spans) < maxSpans {
						r.Spans = append(r.Spans, format.Span{Row: row, Column: r.Fields[j].Key, Kind: k,
							From: utf8.RuneCount(cell[:from]), To: utf8.RuneCount(cell[:to])})
					}
				})
			}
		}
	}
	return rows.Err()
}

// Open says what a person must answer before the file can be published on this
// reading: questions, damaged bytes, rows that were set aside. Nothing: it is
// clean. read is the plan's "read" block, which may have answered already.
func (c *Checked) Open(read *privacy.Reading) []privacy.Problem {
	if read == nil {
		read = &privacy.Reading{}
	}
	var out []privacy.Problem
	ask := func(table int, column, code, detail string, row int64) {
		shown := ""
		if table >= 0 {
			shown = tableName(c, table)
		}
		out = append(out, privacy.Problem{Err: privacy.ErrUndecided, Table: shown, Column: column, Code: code, Detail: detail, Row: row})
	}
	for _, q := range c.Report.Questions {
		ask(q.Table-1, q.Column, q.Code, "answer in the plan's read block, or by the locale: "+strings.Join(q.Choices, " or "), 0)
	}
	for i, t := range c.Report.Tables {
		for _, p := range t.Problems {
			if p.Code == "bad-bytes" && read.Encoding == "" {
				ask(i, p.Column, p.Code, "some bytes are not text in the encoding that was found: send a whole file, or name read.encoding in the plan", p.Row)
			}
		}
		if t.Accounting.Rejected > 0 && read.Ragged == "" {
			ask(i, "", "rejected-row", fmt.Sprintf("%d rows have too many or too few cells and were set aside: correct them, or say in the plan how to read them (read.ragged)", t.Accounting.Rejected), 0)
		}
	}
	return out
}
