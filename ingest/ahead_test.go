package ingest

import (
	"errors"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"daylight/privacy"
)

var aheadSchema = arrow.NewSchema([]arrow.Field{{Name: "n", Type: arrow.PrimitiveTypes.Int64, Nullable: true}}, nil)

func aheadRecord(s *arrow.Schema) arrow.Record {
	b := array.NewRecordBuilder(memory.NewGoAllocator(), s)
	defer b.Release()
	b.Field(0).AppendNull()
	return b.NewRecord()
}

// The bytes of a batch are used again only once it was looked at, and those of
// other frames at once.
func TestAheadGivesBytesBack(t *testing.T) {
	a := newAhead(privacy.Setting{})
	a.begin(aheadSchema)
	first, other := make([]byte, 1, 11), make([]byte, 1, 13)
	if got := a.spare(other); cap(got) != 13 {
		t.Error("bytes that nobody took were not given back")
	}
	a.see(aheadRecord(aheadSchema), first)
	a.see(aheadRecord(aheadSchema), other) // taken once the first was looked at
	if got := a.spare(other); cap(got) != 11 && got != nil {
		t.Errorf("bytes under a batch were given back")
	}
	if err := a.close(); err != nil {
		t.Error(err)
	}
}

// A batch that the table cannot have ends the examination, not the process.
func TestAheadFails(t *testing.T) {
	a := newAhead(privacy.Setting{})
	a.begin(aheadSchema)
	for range 3 {
		a.see(aheadRecord(arrow.NewSchema([]arrow.Field{{Name: "m", Type: arrow.PrimitiveTypes.Int64, Nullable: true}}, nil)), nil)
	}
	if a.close() == nil {
		t.Error("a batch of another table was taken in")
	}
	a = newAhead(privacy.Setting{})
	a.begin(aheadSchema)
	rec := aheadRecord(aheadSchema)
	a.batches <- aheadBatch{nil, rec, nil} // an examination that panics
	a.see(aheadRecord(aheadSchema), nil)
	defer func() {
		if recover() == nil {
			t.Error("a panic was swallowed")
		}
	}()
	t.Error(errors.Join(errors.New("close returned"), a.close()))
}
