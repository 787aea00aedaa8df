package ingest

import (
	"context"
	"encoding/binary"
	"errors"

	"daylight/ingest/format"
	"daylight/store"
)

// maxMisfits bounds the places that are kept of one file, and with them its
// error report. Of what lies beyond, the report tells the number.
const maxMisfits = 100_000

// misfitSize: row and line as 64 bits, column as 32.
const misfitSize = 20

func appendMisfit(b []byte, m format.Misfit) []byte {
	b = binary.LittleEndian.AppendUint64(b, uint64(m.Row))
	b = binary.LittleEndian.AppendUint64(b, uint64(m.Line))
	return binary.LittleEndian.AppendUint32(b, uint32(m.Column))
}

// decodeMisfits trusts nothing of a table's places but that they are places: in
// its rows, its columns, and no more than most.
func decodeMisfits(b []byte, rows int64, columns, most int) ([]format.Misfit, error) {
	if len(b) == 0 || len(b)%misfitSize != 0 || len(b)/misfitSize > most {
		return nil, errFrame
	}
	out := make([]format.Misfit, 0, len(b)/misfitSize)
	for ; len(b) > 0; b = b[misfitSize:] {
		row, line, column := binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:]), binary.LittleEndian.Uint32(b[16:])
		if row > uint64(rows) || line >= 1<<62 || column >= uint32(columns) {
			return nil, errFrame
		}
		out = append(out, format.Misfit{Row: int64(row), Line: int64(line), Column: int(column)})
	}
	return out, nil
}

// Misfits are the places of a table's cells that do not fit, and of records
// that were set aside, in the order of the file; 100,000 of a file at most.
func (p *Parsed) Misfits(table int) []format.Misfit {
	t, ok := p.Tables[table].(*spoolTable)
	if !ok {
		return nil
	}
	return t.misfits
}

// keepMisfits stores the places of all tables: for each table their number,
// then they.
func keepMisfits(ctx context.Context, tx *store.Tx, id string, c *Checked) error {
	var b []byte
	for i := range c.Tables {
		all := c.Misfits(i)
		b = binary.AppendUvarint(b, uint64(len(all)))
		for _, m := range all {
			b = appendMisfit(b, m)
		}
	}
	_, err := tx.Exec(ctx, `INSERT INTO misfits (upload_id, places) VALUES ($1, $2) ON CONFLICT (upload_id) DO UPDATE SET places = excluded.places`, id, b)
	return err
}

// misfitsOf reads them back, a list a table; none where none were kept.
func (in *Inbox) misfitsOf(ctx context.Context, id string) ([][]format.Misfit, error) {
	var b []byte
	err := in.db.QueryRow(ctx, `SELECT places FROM misfits WHERE upload_id = $1`, id).Scan(&b)
	if errors.Is(err, store.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var out [][]format.Misfit
	for len(b) > 0 {
		n, used := binary.Uvarint(b)
		if used <= 0 || n > maxMisfits || uint64(len(b)-used) < n*misfitSize {
			return nil, errors.New("the places are damaged")
		}
		b = b[used:]
		var all []format.Misfit
		if n > 0 {
			if all, err = decodeMisfits(b[:n*misfitSize], 1<<62, maxColumns, maxMisfits); err != nil {
				return nil, errors.New("the places are damaged")
			}
		}
		out, b = append(out, all), b[n*misfitSize:]
	}
	return out, nil
}
