package format

import (
	"bytes"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/ipc"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// schemaOfArrow reads a schema message; nil where it is none.
func schemaOfArrow(b []byte) (s *arrow.Schema) {
	if len(b) == 0 {
		return nil
	}
	err := guarded("arrow", func() error {
		r, err := ipc.NewReader(bytes.NewReader(b), ipc.WithAllocator(memory.NewGoAllocator()))
		if err == nil {
			s = r.Schema()
			r.Release()
		}
		return err
	})
	if err != nil {
		return nil
	}
	return s
}
