package privacy

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"
)

// Report says what a plan did to one table: counts, kinds and treatments,
// never a value. It is stored privately; Statement is the part for the public.
type Report struct {
	Table          string         `json:"table"`
	PlanHash       string         `json:"plan_hash"`
	DecidedBy      string         `json:"decided_by"`
	DecidedAt      time.Time      `json:"decided_at"`
	Expires        time.Time      `json:"expires,omitzero"`
	Detectors      string         `json:"detectors"` // version of the detector table
	AboutPersons   bool           `json:"about_persons"`
	RowsIn         int64          `json:"rows_in"`
	RowsOut        int64          `json:"rows_out"`
	RowsSuppressed int64          `json:"rows_suppressed"` // published with * in every quasi-identifier
	RowsRemoved    int64          `json:"rows_removed"`
	Columns        []ColumnReport `json:"columns"` // published columns, in order
	// Key are the columns that tell one row from another: Setting.Key, where
	// every column of it is published as it was sent; else nil.
	Key     []string     `json:"key,omitempty"`
	LeftOut []LeftOut    `json:"left_out"` // columns that stayed behind
	Model   *ModelReport `json:"model,omitempty"`
	Risk    *Risk        `json:"risk,omitempty"`
	Gates   []Result     `json:"gates"`
}

// ColumnReport is one published column.
type ColumnReport struct {
	Name      string `json:"name"` // key
	Label     string `json:"label"`
	Class     string `json:"class"`     // direct, quasi, sensitive, text, public; "": none
	Treatment string `json:"treatment"` // "keep", "generalise to quarter", "redact kinds …, then round base 100"
	Cells     int64  `json:"cells"`     // changed
	Unknown   int64  `json:"unknown,omitempty"`
	Kinds     []Kind `json:"kinds,omitempty"` // found in what was sent
	Allow     []Kind `json:"allow,omitempty"` // may stay, for the reason
	Reason    string `json:"reason,omitempty"`
}

// LeftOut is a column that is not in the output, by its shown name and the
// kind of reason.
type LeftOut struct {
	Name   string `json:"name,omitempty"`  // "column 3" where the header itself is held
	Label  string `json:"label,omitempty"` // "" there
	Reason string `json:"reason"`
}

// ModelReport is what k-anonymity came to.
type ModelReport struct {
	Kind        string   `json:"kind"`
	K           int      `json:"k"`
	L           int      `json:"l,omitempty"`
	SuppressMax float64  `json:"suppress_max"`
	Suppressed  float64  `json:"suppressed"` // share of persons
	Classes     int64    `json:"classes"`    // of the released table
	Quasi       []string `json:"quasi"`      // keys of the columns that form the classes
	Levels      []Level  `json:"levels"`
}

// Level says how coarse a quasi-identifier is.
type Level struct {
	Column string `json:"column"`
	Level  string `json:"level"`
}

// Risk of the released table, over its classes.
type Risk struct {
	Maximum float64 `json:"maximum"` // 1 / persons of the smallest class
	Average float64 `json:"average"` // classes / persons
}

// Result is what one gate found.
type Result struct {
	Gate  string `json:"gate"`
	OK    bool   `json:"ok"`
	Cells int64  `json:"cells"` // looked at
}

// newReport is the report before the first row.
func (r *resolved) newReport() Report {
	out := Report{
		Table: r.plan.Table, PlanHash: r.plan.Hash(), DecidedBy: r.plan.Decided.By, DecidedAt: r.plan.Decided.At,
		Expires: r.plan.Expires, Detectors: DetectorsVersion(), AboutPersons: r.persons, LeftOut: r.left,
	}
	for _, c := range r.columns {
		one := ColumnReport{Name: c.field.Name, Label: metaOf(c.field, MetaLabel), Class: classWord(c.plan.Class), Treatment: stepsText(c.plan.Steps),
			Kinds: c.kinds, Allow: c.plan.Allow}
		if len(one.Allow) > 0 {
			one.Reason = c.plan.Reason
		}
		out.Columns = append(out.Columns, one)
	}
	out.Key = r.primaryKey()
	return out
}

// primaryKey is Setting.Key, if all of it is published as it was sent.
func (r *resolved) primaryKey() []string {
	for _, key := range r.plan.setting.Key {
		if !slices.ContainsFunc(r.columns, func(c resolvedColumn) bool { return c.field.Name == key && c.plan.keeps() }) {
			return nil
		}
	}
	return slices.Clone(r.plan.setting.Key)
}

// DetectorsVersion names the table of detectors: it changes when a detector
// comes, goes, or is hinted at by other words.
func DetectorsVersion() string {
	h := sha256.New()
	for _, d := range Detectors {
		fmt.Fprintln(h, d.Kind, d.Class, d.Strength, d.Hints)
	}
	return hex.EncodeToString(h.Sum(nil)[:6])
}
