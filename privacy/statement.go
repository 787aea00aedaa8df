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

// Statement is what the public may know.
func (r Report) Statement() Statement {
	return Statement{Table: r.Table, AboutPersons: r.AboutPersons, RowsIn: r.RowsIn, RowsOut: r.RowsOut,
		RowsSuppressed: r.RowsSuppressed, RowsRemoved: r.RowsRemoved, Columns: r.Columns, LeftOut: r.LeftOut,
		Model: r.Model, Gates: r.Gates, DecidedAt: r.DecidedAt, Expires: r.Expires, PlanHash: r.PlanHash}
}
