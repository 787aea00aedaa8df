package ingest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"daylight/catalog"
	"daylight/store"
)

// upload is a row of uploads: what an agency may know, and what only we do.
type upload struct {
	catalog.Upload
	by       string
	fileName string // a label; never in an error, a log or a path
	hmac     string
	wrapped  []byte
	sum      []byte // SHA-256 of the content, sealed
	request  request
}

// request is how an upload is to be read and published: the column
// read_options.
type request struct {
	Locale    string       `json:"locale,omitempty"`
	Note      catalog.Text `json:"note,omitempty"`
	Plan      int          `json:"plan,omitempty"`      // the version that came with it; 0: the newest when the job runs
	From      string       `json:"from,omitempty"`      // address to fetch it from; not in errors, logs and audit: it may hold a secret
	NotBefore time.Time    `json:"not_before,omitzero"` // when it may become public; zero: at once
	Unsaid    bool         `json:"unsaid,omitempty"`    // the file waits for a note
	Basis     string       `json:"basis,omitempty"`     // of what was published: plan and locale; see basisOf

	Metadata string `json:"metadata,omitempty"` // of a tus client; it may name the file
}

const uploadColumns = `id, dataset_id, agency_id, by_user, file_name, state, stage, done_bytes, total_bytes, done_rows, progress, bytes,
	hmac, sha256, wrapped_key, read_options, report, problems, release_n, created_at, updated_at`

func scanUpload(row interface{ Scan(...any) error }) (*upload, error) {
	var u upload
	var dataset, agency, progress, options string
	var report, problems *string
	if err := row.Scan(&u.ID, &dataset, &agency, &u.by, &u.fileName, &u.State, &u.Stage, &u.DoneBytes, &u.TotalBytes, &u.DoneRows, &progress, &u.Bytes,
		&u.hmac, &u.sum, &u.wrapped, &options, &report, &problems, &u.Release, &u.Created, &u.Updated); err != nil {
		return nil, err
	}
	u.Dataset, u.Agency = catalog.DatasetID(dataset), catalog.AgencyID(agency)
	if err := json.Unmarshal([]byte(options), &u.request); err != nil {
		return nil, errors.New("read options are not JSON")
	}
	u.Destroyed = u.hmac != "" && len(u.wrapped) == 0
	u.Fetched, u.NotBefore = u.request.From != "", u.request.NotBefore
	if progress != "" && json.Unmarshal([]byte(progress), &u.Progress) != nil {
		u.Progress = nil // of another version: the next one is ours
	}
	if report != nil {
		u.Report = json.RawMessage(*report)
	}
	if problems != nil {
		if err := json.Unmarshal([]byte(*problems), &u.Problems); err != nil {
			return nil, errors.New("problems are not JSON")
		}
	}
	return &u, nil
}

func (in *Inbox) upload(ctx context.Context, id string) (*upload, error) {
	u, err := scanUpload(in.db.QueryRow(ctx, `SELECT `+uploadColumns+` FROM uploads WHERE id = $1`, id))
	if errors.Is(err, store.ErrNoRows) {
		return nil, fmt.Errorf("upload: %w", catalog.ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("read upload: %w", err)
	}
	if u.State == catalog.StateReceiving {
		u.Expires = u.Updated.Add(unsentAfter)
	}
	if len(u.sum) > 0 {
		// With the key of the original its SHA-256 is forgotten too.
		if sum, err := in.private.OpenNote(u.ID, u.wrapped, u.sum); err == nil {
			u.SHA256 = string(sum)
		}
	}
	return u, nil
}

func insertUpload(ctx context.Context, tx *store.Tx, u *upload, key, requestHash string) error {
	options, err := json.Marshal(u.request)
	if err != nil {
		return err
	}
	var idempotency *string
	if key != "" {
		idempotency = &key
	}
	_, err = tx.Exec(ctx, `INSERT INTO uploads (id, dataset_id, agency_id, by_user, file_name, state, stage, done_bytes, total_bytes, done_rows, bytes,
		hmac, wrapped_key, idempotency, request_hash, read_options, release_n, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, '', 0, $7, 0, 0, '', $8, $9, $10, $11, 0, $12, $12)`,
		u.ID, string(u.Dataset), string(u.Agency), u.by, u.fileName, u.State, u.TotalBytes, u.wrapped, idempotency, requestHash, string(options), u.Created)
	return err
}

// putRequest stores how an upload is to be read and published.
func putRequest(ctx context.Context, tx *store.Tx, u *upload) error {
	options, err := json.Marshal(u.request)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `UPDATE uploads SET read_options = $2 WHERE id = $1`, u.ID, string(options))
	return err
}

// settle writes what became of an upload: its state, problems and release. A
// state that is final already stays.
func settle(ctx context.Context, tx *store.Tx, u *upload, now time.Time) error {
	problems, err := json.Marshal(u.Problems)
	if err != nil {
		return err
	}
	options, err := json.Marshal(u.request)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `UPDATE uploads SET state = $2, stage = '', progress = '', problems = $3, release_n = $4, read_options = $5, done_bytes = bytes, updated_at = $6
		WHERE id = $1 AND state NOT IN ('published', 'refused')`,
		u.ID, u.State, string(problems), u.Release, string(options), now)
	return err
}

// standing finds the release that a file with this content, read and decided
// on the same basis, has become: only if it is the dataset's latest. 0: none.
func standing(ctx context.Context, tx *store.Tx, dataset catalog.DatasetID, hmac, basis string) (int, error) {
	rows, err := tx.Query(ctx, `SELECT hmac, read_options, release_n FROM uploads WHERE dataset_id = $1 AND state = $2
		AND release_n = (SELECT max(release_n) FROM uploads WHERE dataset_id = $1 AND state = $2)`, string(dataset), catalog.StatePublished)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	found := 0
	for rows.Next() {
		var was, options string
		var n int
		if err := rows.Scan(&was, &options, &n); err != nil {
			return 0, err
		}
		var r request
		if json.Unmarshal([]byte(options), &r) == nil && was == hmac && r.Basis == basis && n > 0 {
			found = n
		}
	}
	return found, rows.Err()
}

// label cleans a file name into what may be shown to its sender: the last
// part, printable, at most 255 bytes. It is never used as a path.
func label(name string) string {
	name = path.Base(strings.ReplaceAll(strings.ToValidUTF8(name, ""), `\`, "/"))
	name = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return -1
	}, name)
	for len(name) > 255 {
		_, n := utf8.DecodeLastRuneInString(name)
		name = name[:len(name)-n]
	}
	if name == "." || name == "/" {
		return ""
	}
	return name
}
