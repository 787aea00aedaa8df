package ingest

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"
	"unicode/utf8"

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

	now time.Time // of the examination
}

// Check is what `daylight check` does, and every job: parse in the child, then
// examine every cell. Errors are those of ParseFile.
func Check(ctx context.Context, f *os.File, name string, o CheckOptions) (*Checked, error) {
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
	for i, t := range p.Tables {
		if o.Progress != nil {
			o.Progress(stageExamine, p.Report.Bytes, p.Report.Tables[i].DataRows)
		}
		profile, err := privacy.Examine(ctx, t, privacy.Setting{Now: o.Now})
		if err != nil {
			return nil, fmt.Errorf("check table %d: %w", i+1, err)
		}
		if len(profile.Columns) != len(p.Report.Tables[i].Fields) {
			return nil, fmt.Errorf("check table %d: %d columns examined of %d", i+1, len(profile.Columns), len(p.Report.Tables[i].Fields))
		}
		c.Profiles = append(c.Profiles, profile)
		r := &p.Report.Tables[i]
		hideHeld(r, profile, p.Report.Questions)
		findings(r, profile)
		if o.Spans {
			if err := spans(ctx, r, t, o.Now.Year()); err != nil {
				return nil, fmt.Errorf("check table %d: %w", i+1, err)
			}
		}
	}
	return c, nil
}

// hideHeld gives columns whose header looks like personal data the name
// "column 3" throughout the report: in a file without a header line the header
// is a row of data.
func hideHeld(r *format.TableReport, p privacy.Profile, questions []format.Question) {
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
			if was(questions[k].Column) {
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
	ask := func(column, code, detail string, row int64) {
		out = append(out, privacy.Problem{Err: privacy.ErrUndecided, Column: column, Code: code, Detail: detail, Row: row})
	}
	for _, q := range c.Report.Questions {
		ask(q.Column, q.Code, "answer in the plan's read block, or by the locale: "+strings.Join(q.Choices, " or "), 0)
	}
	for _, t := range c.Report.Tables {
		for _, p := range t.Problems {
			if p.Code == "bad-bytes" && read.Encoding == "" {
				ask(p.Column, p.Code, "some bytes are not text in the encoding that was found: send a whole file, or name read.encoding in the plan", p.Row)
			}
		}
		if t.Accounting.Rejected > 0 && read.Ragged == "" {
			ask("", "rejected-row", fmt.Sprintf("%d rows have too many or too few cells and were set aside: correct them, or say in the plan how to read them (read.ragged)", t.Accounting.Rejected), 0)
		}
	}
	return out
}
