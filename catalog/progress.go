package catalog

import "time"

// Stages of the work over a file, in their order. A run goes through those it
// needs: only a packed file is unpacked, and only a portal receives.
const (
	StageSend      = "sending"     // bytes; to a portal, which then receives
	StageReceive   = "receiving"   // bytes
	StageUnpack    = "unpacking"   // bytes of the packed file
	StageRecognise = "recognising" // bytes: is it whole, what encoding
	StageRead      = "reading"     // bytes: structure and types, over all rows
	StageConvert   = "converting"  // rows: every cell by its type, and personal data in it
	StageExamine   = "examining"   // what the whole table says of it
	StageClear     = "clearing"    // rows: the plan
	StageWrite     = "writing"     // rows: every format
	StageCheck     = "checking"    // bytes: what was written is read back
	StagePublish   = "publishing"
)

// Progress is how far the work over a file has come: counts and times, and
// nothing out of the file. What is not known is zero, or nil, and is not told.
type Progress struct {
	Stage       string `json:"stage"`
	StageNumber int    `json:"stage_number"` // from 1
	Stages      int    `json:"stages"`

	// Of this stage. Within one, done never goes back and is at most the total.
	DoneBytes  int64 `json:"done_bytes"`
	TotalBytes int64 `json:"total_bytes,omitempty"`
	Rows       int64 `json:"rows"`
	TotalRows  int64 `json:"total_rows,omitempty"`

	// Over the last ten seconds.
	BytesPerSecond int64 `json:"bytes_per_second,omitempty"`
	RowsPerSecond  int64 `json:"rows_per_second,omitempty"`

	Elapsed int64  `json:"elapsed_seconds"`        // since the work began
	Left    *int64 `json:"left_seconds,omitempty"` // until its end; nil: not known
}

// Share is how much of the stage is done, 0 to 1; false: that is not known.
func (p *Progress) Share() (float64, bool) {
	switch {
	case p == nil:
		return 0, false
	case p.TotalRows > 0:
		return float64(p.Rows) / float64(p.TotalRows), true
	case p.TotalBytes > 0:
		return float64(p.DoneBytes) / float64(p.TotalBytes), true
	}
	return 0, false
}

// staleProgress is when a worker that has written nothing is thought to have
// gone: its lease is over.
const staleProgress = time.Minute

// Fresh gives p without what cannot be true any more at now, when it was
// written at the time given: who wrote it may have died.
func (p *Progress) Fresh(written, now time.Time) *Progress {
	if p == nil || now.Sub(written) < staleProgress {
		return p
	}
	q := *p
	q.BytesPerSecond, q.RowsPerSecond, q.Left = 0, 0, nil
	return &q
}

// Settled says whether nothing more happens to an upload by itself.
func Settled(state string) bool {
	return state == StateWaiting || state == StateScheduled || state == StatePublished || state == StateRefused
}
