package ingest

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"

	"github.com/gocarina/gocsv"

	"daylight/catalog"
	"daylight/ingest/format"
	"daylight/ingest/tableschema"
)

// problemRow is a line of the problems file: ingest.md section 12.
type problemRow struct {
	Sheet  string `csv:"sheet"`
	Row    string `csv:"row"`
	Line   string `csv:"line"`
	Column string `csv:"column"`
	Code   string `csv:"code"`
	Wanted string `csv:"wanted"`
}

// ProblemsCSV writes everything that was found wrong with an upload: what
// stopped it first, then what its reading met, each cell that does not fit on a
// line of its own. Positions and codes; a row or line that is not known is empty.
// A last line "more-problems" says how many places are not told: 100,000 of a
// file are.
func (in *Inbox) ProblemsCSV(ctx context.Context, id string, w io.Writer) error {
	u, err := in.State(ctx, id)
	if err != nil {
		return err
	}
	places, err := in.misfitsOf(ctx, id)
	if err != nil {
		return fmt.Errorf("problems of %s: %w", id, err)
	}
	broken, err := in.breachesOf(ctx, id)
	if err != nil {
		return fmt.Errorf("problems of %s: %w", id, err)
	}
	var r format.Report
	if len(u.Report) > 0 && json.Unmarshal(u.Report, &r) != nil {
		return fmt.Errorf("problems of %s: the report is not JSON", id)
	}
	out := gocsv.DefaultCSVWriter(w)
	if err := gocsv.MarshalCSV([]problemRow{}, out); err != nil {
		return fmt.Errorf("problems of %s: write: %w", id, err)
	}
	for row := range problemRows(u.Problems, r, places, broken) {
		if err := gocsv.MarshalCSVWithoutHeaders([]problemRow{row}, out); err != nil {
			return fmt.Errorf("problems of %s: write: %w", id, err)
		}
	}
	return nil
}

// problemRows are the lines of the file. A problem of the report whose places
// are known becomes a line for each of them.
func problemRows(stops []catalog.UploadProblem, r format.Report, places [][]format.Misfit, broken brokenBy) iter.Seq[problemRow] {
	return func(yield func(problemRow) bool) {
		for _, p := range stops {
			if !yield(problemRow{p.Sheet, position(p.Row), position(p.Line), p.Column, p.Code, p.Wanted}) {
				return
			}
		}
		untold := int64(0)
		for i, t := range r.Tables {
			sheet := sheetOf(r, i)
			at := map[problemOf][]format.Misfit{}
			if i < len(places) {
				at = byProblem(places[i], t.Fields)
			}
			for k, p := range t.Problems {
				told := int64(0)
				for _, row := range broken[[2]int{i, k}] {
					told++
					if !yield(problemRow{sheet, position(row), "", p.Column, p.Code, p.Wanted}) {
						return
					}
				}
				for _, m := range at[problemOf{p.Code, p.Column}] {
					told++
					if !yield(problemRow{sheet, position(m.Row), position(m.Line), p.Column, p.Code, p.Wanted}) {
						return
					}
				}
				switch {
				case told > 0:
					untold += max(0, p.Count-told)
				case !yield(problemRow{sheet, position(p.Row), position(p.Line), p.Column, p.Code, p.Wanted}):
					return
				}
			}
		}
		if untold > 0 {
			yield(problemRow{Code: "more-problems", Wanted: fmt.Sprint(untold)})
		}
	}
}

// sheetOf is what the sender calls a table.
func sheetOf(r format.Report, i int) string {
	if name := r.Tables[i].Name; name != "" || len(r.Tables) == 1 {
		return name
	}
	return numbered(i)
}

// problemOf says which problem of a report a place belongs to.
type problemOf struct{ code, column string }

func byProblem(all []format.Misfit, fields []format.Field) map[problemOf][]format.Misfit {
	out := map[problemOf][]format.Misfit{}
	for _, m := range all {
		p := problemOf{code: "rejected-row"}
		if m.Row > 0 && m.Column < len(fields) {
			p = problemOf{"cell-type", fields[m.Column].Key}
		}
		out[p] = append(out[p], m)
	}
	return out
}

func position(n int64) string {
	if n <= 0 {
		return ""
	}
	return fmt.Sprint(n)
}

// breachProblem is a breach of a schema as the report tells it.
func breachProblem(b tableschema.Breach) format.Problem {
	return format.Problem{Code: "schema-" + b.Code, Row: b.Row, Column: b.Column, Wanted: b.Wanted, Count: b.Count}
}
