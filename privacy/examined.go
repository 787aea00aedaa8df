package privacy

import (
	"context"
	"fmt"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
)

// Examined is a table with the profile that Examine made of it. A plan applied
// to it goes by that profile where it asks for the same examination, instead of
// reading every cell again: each later reading must give the very cells that
// were examined, or it ends in an error. It may be read by several at once.
type Examined struct {
	source  *source
	profile Profile
	year    int
	linked  bool
}

// NewExamined examines a table. Errors are those of Examine.
func NewExamined(ctx context.Context, t Table, s Setting) (*Examined, error) {
	src, err := newSource(t)
	if err != nil {
		return nil, fmt.Errorf("examine: %w", err)
	}
	p, err := Examine(ctx, src, s)
	if err != nil {
		return nil, err
	}
	return &Examined{src, p, s.lastYear(), s.Linked}, nil
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

// examinedFor gives a table held to its first reading, and its profile under a
// setting.
func examinedFor(ctx context.Context, t Table, s Setting) (*source, Profile, error) {
	if e, ok := t.(*Examined); ok && e.Schema() != nil && e.year == s.lastYear() && e.linked == s.Linked {
		return e.source, e.profile, nil
	}
	src, err := newSource(t)
	if err != nil {
		return nil, Profile{}, err
	}
	p, err := Examine(ctx, src, s)
	return src, p, err
}
