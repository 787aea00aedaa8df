package difference

import (
	"context"
	"fmt"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"daylight/privacy"
)

// A walker goes through the rows of a table, forward only.
type walker struct {
	rows  array.RecordReader
	first int64 // place of the record's first row
	n     int64
}

func walk(ctx context.Context, t privacy.Table) (*walker, error) {
	rows, err := t.Rows(ctx)
	if err != nil {
		return nil, err
	}
	return &walker{rows: rows}, nil
}

// to goes forward to a row and gives the record and the place in it.
func (w *walker) to(at int64) (arrow.Record, int, error) {
	for at >= w.first+w.n {
		w.first += w.n
		if !w.rows.Next() {
			if err := w.rows.Err(); err != nil {
				return nil, 0, err
			}
			return nil, 0, fmt.Errorf("a file ends before row %d", at+1)
		}
		w.n = w.rows.Record().NumRows()
	}
	return w.rows.Record(), int(at - w.first), nil
}

func (w *walker) close() { w.rows.Release() }
