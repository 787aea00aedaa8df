package privacy

import "time"

// Suppressed is what stands in a quasi-identifier of a suppressed row.
const Suppressed = "*"

// A Statement is the public's part of a Report: it stands on the dataset's
// page, in the API and in DCAT. It holds no value, not who decided, and no
// trace of which rows.
type Statement struct {
	Table          string         `json:"table"`
	AboutPersons   bool           `json:"about_persons"`
	RowsIn         int64          `json:"rows_in"`
	RowsOut        int64          `json:"rows_out"`
	RowsSuppressed int64          `json:"rows_suppressed"`
	RowsRemoved    int64          `json:"rows_removed"`
	Columns        []ColumnReport `json:"columns"`
	LeftOut        []LeftOut      `json:"left_out"`
	Model          *ModelReport   `json:"model,omitempty"`
	Gates          []Result       `json:"gates"`
	DecidedAt      time.Time      `json:"decided_at"`
	Expires        time.Time      `json:"expires,omitzero"`
	PlanHash       string         `json:"plan_hash"`
}

// Statement is what the public may know. Of a column that stayed behind it
// tells the kind of reason and not the name: a header is the agency's text,
// and nothing of it was cleared.
func (r Report) Statement() Statement {
	left := make([]LeftOut, len(r.LeftOut))
	for i, l := range r.LeftOut {
		left[i].Reason = l.Reason
	}
	columns := append([]ColumnReport(nil), r.Columns...)
	for i := range columns {
		columns[i].Reason = ""
	}
	return Statement{Table: r.Table, AboutPersons: r.AboutPersons, RowsIn: r.RowsIn, RowsOut: r.RowsOut,
		RowsSuppressed: r.RowsSuppressed, RowsRemoved: r.RowsRemoved, Columns: columns, LeftOut: left,
		Model: r.Model, Gates: r.Gates, DecidedAt: r.DecidedAt, Expires: r.Expires, PlanHash: r.PlanHash}
}
