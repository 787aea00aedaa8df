package ingest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/gocarina/gocsv"

	"daylight/catalog"
	"daylight/ingest/format"
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
// stopped it first, then what its reading met. Positions and codes; a row or
// line that is not known is empty.
func (in *Inbox) ProblemsCSV(ctx context.Context, id string, w io.Writer) error {
	u, err := in.State(ctx, id)
	if err != nil {
		return err
	}
	rows, err := problemRows(u)
	if err != nil {
		return fmt.Errorf("problems of %s: %w", id, err)
	}
	if err := gocsv.Marshal(rows, w); err != nil {
		return fmt.Errorf("problems of %s: write: %w", id, err)
	}
	return nil
}

func problemRows(u catalog.Upload) ([]problemRow, error) {
	rows := []problemRow{}
	for _, p := range u.Problems {
		rows = append(rows, problemRow{p.Sheet, position(p.Row), position(p.Line), p.Column, p.Code, p.Wanted})
	}
	if len(u.Report) == 0 {
		return rows, nil
	}
	var r format.Report
	if err := json.Unmarshal(u.Report, &r); err != nil {
		return nil, errors.New("the report is not JSON")
	}
	for i, t := range r.Tables {
		sheet := t.Name
		if sheet == "" && len(r.Tables) > 1 {
			sheet = numbered(i)
		}
		for _, p := range t.Problems {
			rows = append(rows, problemRow{sheet, position(p.Row), position(p.Line), p.Column, p.Code, p.Wanted})
		}
	}
	return rows, nil
}

func position(n int64) string {
	if n <= 0 {
		return ""
	}
	return fmt.Sprint(n)
}
