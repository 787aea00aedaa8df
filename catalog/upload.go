package catalog

import (
	"encoding/json"
	"time"
)

// States of an Upload.
const (
	StateReceiving = "receiving" // bytes are still to come
	StateReceived  = "received"  // durable, waits for its turn
	StateWorking   = "working"
	StateWaiting   = "waiting"   // for a person's decision; nothing of it is public
	StateScheduled = "scheduled" // cleared; becomes public at its time
	StatePublished = "published"
	StateRefused   = "refused"
)

// An Upload is what an agency may know about a file it sent. It holds no value
// of the data.
type Upload struct {
	ID         string          `json:"id"`
	Dataset    DatasetID       `json:"dataset"`
	Agency     AgencyID        `json:"agency"`
	State      string          `json:"state"`
	Stage      string          `json:"stage,omitempty"` // of the work: one of the Stage… constants
	DoneBytes  int64           `json:"done_bytes"`      // of that stage, as in Progress
	TotalBytes int64           `json:"total_bytes"`     // of the file; -1: not known yet
	DoneRows   int64           `json:"done_rows"`       // of that stage, as in Progress
	Progress   *Progress       `json:"progress,omitempty"`
	Bytes      int64           `json:"bytes"`            // received
	SHA256     string          `json:"sha256,omitempty"` // of what was received, hex; "": not all of it is there, or it is a list
	Report     json.RawMessage `json:"report,omitempty"`
	Problems   []UploadProblem `json:"problems,omitempty"`
	Fetched    bool            `json:"fetched,omitempty"`            // the portal gets it from an address itself
	NotBefore  time.Time       `json:"not_before,omitzero"`          // when it may become public; zero: at once
	KeptUntil  time.Time       `json:"kept_until,omitzero"`          // when the original's key is destroyed; zero: for good
	Destroyed  bool            `json:"original_destroyed,omitempty"` // it has been
	Release    int             `json:"release,omitempty"`            // the release it became; 0: none
	Expires    time.Time       `json:"expires,omitzero"`             // what was received is deleted after it, unless more comes; zero: never
	Created    time.Time       `json:"created"`
	Updated    time.Time       `json:"updated"`
}

// An UploadProblem says where and why a file was stopped, never with a value.
type UploadProblem struct {
	Sheet  string `json:"sheet,omitempty"`
	Column string `json:"column,omitempty"` // as the column may be shown; "" for the table
	Row    int64  `json:"row,omitempty"`    // data row from 1; 0: not about a row
	Line   int64  `json:"line,omitempty"`   // of the file, from 1; 0: unknown
	Code   string `json:"code"`             // stable, for translation
	Wanted string `json:"wanted,omitempty"` // the type that was expected: "date d/m/y"
	Detail string `json:"detail"`           // English, what to do
}

// A NewUpload announces a file.
type NewUpload struct {
	Dataset        DatasetID
	Agency         AgencyID
	By             string    // who sends it
	FileName       string    // a label, never a path, never public
	IdempotencyKey string    // "": none
	TotalBytes     int64     // -1: unknown
	Locale         string    // how it writes numbers and dates; "": the dataset's
	Plan           []byte    // nil: the stored plan; else this one is stored first; "auto"
	Note           Text      // what is new, for the release
	NoteWanted     bool      // the note that came could not be public: the file waits for another one
	NotBefore      time.Time // when it may become public; zero: at once
	From           string    // address to fetch the file from; "": its sender sends the bytes
	Metadata       string    `json:",omitempty"` // of a tus client, given back to it as it is; never public
}

// A Part is what goes with bytes of a file on their way in. The zero Part is
// the beginning of one.
type Part struct {
	Offset int64  // of the first byte in the file
	Last   bool   // they end where the file ends
	Sum    []byte // nil: not checked; else nothing of them stays unless they have it
	SHA1   bool   // Sum is a SHA-1; else a SHA-256
}

// A Receipt says how far a file has come.
type Receipt struct {
	Offset   int64     // bytes that are durable
	Total    int64     // of the file; -1: not known yet
	Expires  time.Time // as Upload has it
	Metadata string    // as NewUpload had it
}

// A DeadJob is work over an upload that was given up: it failed again and again
// for a reason that is not in the file.
type DeadJob struct {
	ID       int64     `json:"id"`
	Kind     string    `json:"kind"` // process, fetch
	Upload   string    `json:"upload"`
	Dataset  DatasetID `json:"dataset"`
	Agency   AgencyID  `json:"agency"`
	Attempts int       `json:"attempts"`
	Reason   string    `json:"reason"` // code of the last failure: no-space, database-busy, …, internal
	At       time.Time `json:"at"`
}
