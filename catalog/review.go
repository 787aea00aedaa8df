package catalog

import (
	"encoding/json"
	"time"

	"daylight/privacy"
)

// A Review is what a person decides over one upload, and what they are told
// for it: positions, kinds and counts, never a value. A column whose header
// looks like personal data is called by its number.
type Review struct {
	Upload    Upload           `json:"upload"`
	FileName  string           `json:"file_name,omitempty"` // "": held
	Tables    []ReviewTable    `json:"tables"`
	Questions []ReviewQuestion `json:"questions,omitempty"`
	Noticed   []ReviewNoticed  `json:"noticed,omitempty"`  // what the reading met; the places of each are in the problems file
	Proposal  string           `json:"proposal,omitempty"` // plans as YAML, one document a table; "": none can be made before the questions are answered

	// Reading is how the file is read, where that was decided; its words are in
	// the plan or the proposal.
	Reading *privacy.Reading `json:"-"`

	SentBy     string    `json:"sent_by"`              // user id
	Input      string    `json:"input,omitempty"`      // HMAC of the content
	Plan       string    `json:"plan,omitempty"`       // as decided; "": not decided
	PlanHash   string    `json:"plan_hash,omitempty"`  // what an approval names
	Preview    string    `json:"preview,omitempty"`    // digests of what the public would see; "": the plan was not carried out to its end
	DecidedBy  string    `json:"decided_by,omitempty"` // user id
	DecidedAt  time.Time `json:"decided_at,omitzero"`
	ApprovedBy string    `json:"approved_by,omitempty"` // user id
	ApprovedAt time.Time `json:"approved_at,omitzero"`
	// NotSender: whoever sent the file may not approve it. TwoPersons: nor may
	// whoever decided, and the decision is not the sender's.
	NotSender  bool `json:"not_sender"`
	TwoPersons bool `json:"two_persons"`
}

// ReviewNoticed is one kind of thing that the reading met, at so many places.
type ReviewNoticed struct {
	Table  string `json:"table,omitempty"`
	Column string `json:"column,omitempty"`
	Code   string `json:"code"`
	Wanted string `json:"wanted,omitempty"`
	Count  int64  `json:"count"`
	Row    int64  `json:"row,omitempty"` // of the first; 0: not a data row
	Line   int64  `json:"line,omitempty"`
}

// ReviewTable is one table of the file.
type ReviewTable struct {
	Name         string         `json:"name"`
	Rows         int64          `json:"rows"`
	AboutPersons bool           `json:"about_persons"`
	Columns      []ReviewColumn `json:"columns"`

	Schema    json.RawMessage `json:"schema,omitempty"`           // Table Schema that it is held to
	Suggested json.RawMessage `json:"suggested_schema,omitempty"` // from its cells, where it is held to none
}

// ReviewColumn is one column as it was understood.
type ReviewColumn struct {
	Key      string          `json:"key"`
	Label    string          `json:"label"`
	Type     string          `json:"type"`
	Format   string          `json:"format,omitempty"`
	Evidence string          `json:"evidence,omitempty"` // "638 of 638": cells that fit the type
	Empty    int64           `json:"empty"`
	Why      privacy.Because `json:"why,omitempty"` // of the proposal
	Findings []ReviewFinding `json:"findings,omitempty"`
}

// ReviewFinding is one kind found in a column.
type ReviewFinding struct {
	Kind     privacy.Kind `json:"kind"`
	Class    string       `json:"class,omitempty"`
	Decision string       `json:"decision"` // none, public, review, block
	Rule     string       `json:"rule"`
	Rows     int64        `json:"rows"`            // non-empty cells of the column
	Cells    int64        `json:"cells,omitempty"` // single cells that hold it; 0: the column as a whole
	First    int64        `json:"first,omitempty"` // row of the first of those, from 1
}

// ReviewQuestion is asked because the file alone does not say.
type ReviewQuestion struct {
	Code    string   `json:"code"`
	Table   string   `json:"table,omitempty"` // "": the only one
	Column  string   `json:"column,omitempty"`
	Choices []string `json:"choices"`
	Keys    []string `json:"keys,omitempty"` // of the columns that the choices name
}

// An ApprovedReview names what is approved: each as the Review gave it. Where
// one of them is another by now, nothing is approved.
type ApprovedReview struct {
	PlanHash string `json:"plan_hash"`
	Input    string `json:"input"`
	Preview  string `json:"preview"`
}

// ReviewPreview is what the public would see of one table.
type ReviewPreview struct {
	Table string
	privacy.Preview
}
