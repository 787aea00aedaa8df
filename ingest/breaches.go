package ingest

import (
	"context"
	"encoding/binary"
	"errors"

	"daylight/store"
)

// brokenBy is where the problems of a report that are breaches of a schema were
// met: rows from 1, by table and place in its list of problems.
type brokenBy map[[2]int][]int64

// keepBreaches stores them as number of table, number of problem, number of
// rows, and the rows, each as a distance from the one before.
func keepBreaches(ctx context.Context, tx *store.Tx, id string, all brokenBy) error {
	if len(all) == 0 {
		_, err := tx.Exec(ctx, `DELETE FROM breaches WHERE upload_id = $1`, id)
		return err
	}
	var b []byte
	for at, rows := range all {
		b = binary.AppendUvarint(binary.AppendUvarint(binary.AppendUvarint(b, uint64(at[0])), uint64(at[1])), uint64(len(rows)))
		last := int64(0)
		for _, r := range rows {
			b = binary.AppendVarint(b, r-last)
			last = r
		}
	}
	_, err := tx.Exec(ctx, `INSERT INTO breaches (upload_id, places) VALUES ($1, $2) ON CONFLICT (upload_id) DO UPDATE SET places = excluded.places`, id, b)
	return err
}

// breachesOf reads them back; none where none were kept.
func (in *Inbox) breachesOf(ctx context.Context, id string) (brokenBy, error) {
	var b []byte
	err := in.db.QueryRow(ctx, `SELECT places FROM breaches WHERE upload_id = $1`, id).Scan(&b)
	if errors.Is(err, store.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	out := brokenBy{}
	bad := false
	number := func() int {
		n, used := binary.Uvarint(b)
		if used <= 0 || n > maxMisfits {
			bad = true
			return 0
		}
		b = b[used:]
		return int(n)
	}
	for len(b) > 0 && !bad {
		at := [2]int{number(), number()}
		last := int64(0)
		for range number() {
			d, used := binary.Varint(b)
			if used <= 0 {
				return nil, errFrame
			}
			b, last = b[used:], last+d
			out[at] = append(out[at], last)
		}
	}
	if bad {
		return nil, errFrame
	}
	return out, nil
}
