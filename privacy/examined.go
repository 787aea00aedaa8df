package privacy

import (
	"context"
	"errors"
	"fmt"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
)

// Examined is a table with the profile that was made of it. A plan applied to
// it goes by that profile where it asks for the same examination, instead of
// reading every cell again: each later reading must give the very cells that
// were examined, or it ends in an error. It may be read by several at once.
type Examined struct {
	source  *source
	columns []*columnScan // what the profile rests on; gates look back at it
	profile Profile
	year    int
	linked  bool
}

// NewExamined examines a table. Errors are those of Examine.
func NewExamined(ctx context.Context, t Table, s Setting) (*Examined, error) {
	if t == nil || t.Schema() == nil {
		return nil, fmt.Errorf("examine: %w", errNoTable)
	}
	e := NewExamination(t.Schema(), s)
	if err := eachBatch(ctx, t, e.See); err != nil {
		return nil, err
	}
	return e.Examined(ctx, t)
}

// Examined ends the examination. t gives, whenever it is read, the rows that
// were seen.
func (e *Examination) Examined(ctx context.Context, t Table) (*Examined, error) {
	src, err := newSource(t)
	switch {
	case err != nil:
		return nil, fmt.Errorf("examine: %w", err)
	case e.sum == nil || !e.schema.Equal(src.schema):
		return nil, errors.New("examine: the table has another schema than was examined")
	}
	src.seed, src.known, src.rows, src.sums = e.sum.seed, true, e.rows, e.sum.sums()
	p, err := e.profile(ctx, src)
	if err != nil {
		return nil, err
	}
	return &Examined{src, e.columns, p, e.setting.lastYear(), e.setting.Linked}, nil
}

// Profile is what was found. It is not to be changed.
func (e *Examined) Profile() Profile { return e.profile }

// Schema is nil for a table that NewExamined did not make: plans refuse it.
func (e *Examined) Schema() *arrow.Schema {
	if e == nil || e.source == nil {
		return nil
	}
	return e.source.Schema()
}

func (e *Examined) Rows(ctx context.Context) (array.RecordReader, error) { return e.source.Rows(ctx) }

// lastYear is the last that a personal number may carry; 0: any.
func (s Setting) lastYear() int {
	if s.Now.IsZero() {
		return 0
	}
	return s.Now.Year()
}

// examinedFor gives a table examined under a setting, and held to what was seen.
func examinedFor(ctx context.Context, t Table, s Setting) (*Examined, error) {
	e, ok := t.(*Examined)
	if ok && e.Schema() != nil && e.year == s.lastYear() && e.linked == s.Linked {
		return e, nil
	}
	return NewExamined(ctx, t, s)
}
