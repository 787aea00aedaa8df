package ingest

import (
	"fmt"
	"slices"
	"strconv"

	"daylight/catalog"
	"daylight/ingest/format"
	"daylight/privacy"
	"daylight/privacy/crs"
)

// questions are those of the reading, those of Checked.Open that have choices,
// whether a row of data was taken for the header, and what became of columns
// since the last release.
func questions(c *Checked, read *privacy.Reading) []catalog.ReviewQuestion {
	if read == nil {
		read = &privacy.Reading{}
	}
	out := []catalog.ReviewQuestion{}
	for _, q := range c.Report.Questions {
		one := catalog.ReviewQuestion{Code: q.Code, Column: q.Column, Choices: q.Choices}
		if q.Table > 0 && q.Table <= len(c.Tables) {
			one.Table = tableName(c, q.Table-1)
		}
		out = append(out, one)
	}
	bad, ragged, held := false, false, false
	for i, t := range c.Report.Tables {
		bad = bad || slices.ContainsFunc(t.Problems, func(p format.Problem) bool { return p.Code == "bad-bytes" })
		ragged = ragged || t.Accounting.Rejected > 0
		held = held || slices.ContainsFunc(c.Profiles[i].Columns, func(p privacy.ColumnProfile) bool { return p.NameHeld })
	}
	if bad && read.Encoding == "" {
		out = append(out, catalog.ReviewQuestion{Code: "bad-bytes", Choices: []string{c.Report.Encoding}})
	}
	if ragged && read.Ragged == "" {
		out = append(out, catalog.ReviewQuestion{Code: "rejected-row", Choices: []string{"report", "repair"}})
	}
	if held && len(read.HeaderRows) == 0 {
		out = append(out, catalog.ReviewQuestion{Code: "header-held", Choices: []string{"none"}})
	}
	return append(out, driftQuestions(c.drift)...)
}

// readingOf puts answers, by the question's number from 0, into a "read" block.
func readingOf(r *review, answers map[string]string) (*privacy.Reading, error) {
	reading := privacy.Reading{}
	if was := r.read(); was != nil {
		reading = *was
	}
	columns := map[string]privacy.ReadColumn{}
	for k, v := range reading.Columns {
		columns[k] = v
	}
	if len(answers) == 0 {
		return nil, fmt.Errorf("%w: no question is answered", catalog.ErrPlan)
	}
	for number, answer := range answers {
		i, err := strconv.Atoi(number)
		if err != nil || i < 0 || i >= len(r.facts.Questions) || !slices.Contains(r.facts.Questions[i].Choices, answer) {
			return nil, fmt.Errorf("%w: an answer is none of the choices", catalog.ErrPlan)
		}
		q := r.facts.Questions[i]
		col := columns[q.Column]
		switch q.Code {
		case "encoding", "bad-bytes":
			reading.Encoding = answer
		case "delimiter":
			reading.Delimiter = answer
		case "rejected-row":
			reading.Ragged = answer
		case "crs":
			reading.CRS = crs.Chosen(answer)
		case "no-header", "header-held":
			reading.HeaderRows = []int{0}
			if answer != "none" {
				reading.HeaderRows = []int{1}
			}
		case "date-order":
			col.Type, col.Format = "date", answer
			columns[q.Column] = col
		case "column-renamed":
			col.Key = q.Keys[slices.Index(q.Choices, answer)]
			columns[q.Column] = col
		case "column-type":
			col.Type = answer
			columns[q.Column] = col
		case "number-ambiguous":
			col.Decimal, col.Thousands = ",", "."
			if answer == `decimal "."` {
				col.Decimal, col.Thousands = ".", ","
			}
			columns[q.Column] = col
		default:
			return nil, fmt.Errorf("%w: this question is answered in the plan's read block", catalog.ErrPlan)
		}
	}
	if len(columns) > 0 {
		reading.Columns = columns
	}
	return &reading, nil
}
