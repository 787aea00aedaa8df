package api

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"time"

	"daylight/catalog"
	"daylight/catalog/inventory"
)

// Intake is the one door for agencies' bytes. They go in; none come out.
type Intake interface {
	// Begin announces a file. The same Idempotency-Key with the same request
	// gives the same upload; with another request catalog.ErrIdempotency.
	Begin(ctx context.Context, u catalog.NewUpload) (catalog.Upload, error)
	// Append takes the rest of a file, from offset to its end, and answers when it
	// is durable and a job waits for it.
	Append(ctx context.Context, id string, offset int64, r io.Reader) (catalog.Upload, error)
	// Receive takes bytes of a file and answers when they are durable. Bytes at
	// another place than where those before ended are catalog.ErrOffset, on a
	// busy upload catalog.ErrBusy, with another checksum catalog.ErrChecksum, of
	// one that was given up catalog.ErrGone. Where r has a method Interrupt, it
	// is called when the bytes are no longer waited for.
	Receive(ctx context.Context, id string, p catalog.Part, r io.Reader) (catalog.Upload, error)
	// Received says how far an upload has come, and ends what still brings bytes of it.
	Received(ctx context.Context, id string) (catalog.Receipt, error)
	// Announce tells the length of a file that was begun without one.
	Announce(ctx context.Context, id string, total int64) error
	// Terminate gives up an upload that is not whole: its sender takes it back.
	Terminate(ctx context.Context, by, id string) error
	State(ctx context.Context, id string) (catalog.Upload, error)
	// Schedule moves the time before which an upload does not become public;
	// zero: at once. Cancel takes it back. catalog.ErrState.
	Schedule(ctx context.Context, by, id string, at time.Time) error
	Cancel(ctx context.Context, by, id string) error
	// Dead lists the jobs that were given up; Revive tries one again.
	Dead(ctx context.Context) ([]catalog.DeadJob, error)
	Revive(ctx context.Context, by string, job int64) error
	// SetNote says what is new in the release that a waiting upload becomes.
	SetNote(ctx context.Context, by, id string, note catalog.Text) error
	// Watch gives the upload as it is and after each change, and closes the
	// channel when it is settled or ctx ends.
	Watch(ctx context.Context, id string) (<-chan catalog.Upload, error)
	// Uploads lists an agency's uploads, newest first; an empty agency: of all.
	Uploads(ctx context.Context, agency catalog.AgencyID, states ...string) ([]catalog.Upload, error)
	// Waiting counts files that wait for a decision; an empty agency: of all.
	Waiting(ctx context.Context, agency catalog.AgencyID) (int, error)
	// ProblemsCSV writes what was found wrong: positions and codes, never values.
	ProblemsCSV(ctx context.Context, id string, w io.Writer) error
	// PutDataset stores what an agency says of a dataset, as a draft; it
	// becomes public with the dataset's next release.
	PutDataset(ctx context.Context, by string, d catalog.Dataset) (catalog.Dataset, []catalog.Problem, error)
	// Revise makes public what was put of datasets that are public, without a
	// new release, and gives how many had anything new.
	Revise(ctx context.Context, by string, ids ...catalog.DatasetID) (int, error)
	// Withhold puts a dataset without a release into the public register, or
	// changes its entry; catalog.ErrPublished where there is a release.
	Withhold(ctx context.Context, by string, id catalog.DatasetID, w catalog.Withholding) (catalog.Withholding, []catalog.Problem, error)
	// Inventory takes an agency's table back in: without a digest it only says
	// what would change, with the digest of that preview it changes it, all of it
	// or nothing. *inventory.FileError for what is no inventory.
	Inventory(ctx context.Context, by string, agency catalog.AgencyID, table []byte, digest string) (inventory.Preview, error)
	// DraftInventory walks an agency's datasets with its drafts; an empty agency:
	// of all.
	DraftInventory(ctx context.Context, agency catalog.AgencyID) iter.Seq2[*catalog.Dataset, error]
	// PutAgency stores an agency, new or known by its slug; it is public at once.
	PutAgency(ctx context.Context, by string, a catalog.Agency) (catalog.Agency, []catalog.Problem, error)
	// Draft finds a dataset by slug among drafts; catalog.ErrNotFound.
	Draft(ctx context.Context, slug string) (*catalog.Dataset, error)
	// Withdraw takes a release back, with the reason; Restore gives it again.
	// catalog.ErrNotFound, catalog.ErrState.
	Withdraw(ctx context.Context, by string, id catalog.DatasetID, n int, w catalog.Withdrawal) ([]catalog.Problem, error)
	Restore(ctx context.Context, by string, id catalog.DatasetID, n int) error
	// Attach holds a dataset's next files to a Table Schema; empty: to none.
	// *catalog.ErrSchema says what is wrong with it.
	Attach(ctx context.Context, by string, id catalog.DatasetID, table string, schema []byte) error
	// Attached are those schemas, by table.
	Attached(ctx context.Context, id catalog.DatasetID) (map[string]json.RawMessage, error)
	Reviewer
}

// Accounts knows who holds a token.
type Accounts interface {
	// Verify gives ErrToken for anything but a valid token.
	Verify(ctx context.Context, token string) (Caller, error)
	Sessions
}

// Caller is who asks. The zero Caller is anonymous.
type Caller struct {
	User   string // id; "": anonymous
	Name   string // what to call it on its own pages
	Agency catalog.AgencyID
	Admin  bool
}

// ErrToken: the token is unknown, expired or revoked; which, is not told.
var ErrToken = errors.New("api: not a valid token")
