package privacy

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"

	"github.com/apache/arrow/go/v17/arrow"
)

// Agreed is what a person has agreed to, after a preview. The rows that are
// cleared must be those the preview cleared: others void the agreement.
type Agreed struct {
	Digest string // Preview.Digest of this table
	Second bool   // two persons agreed, and neither sent the file
}

// digester is the SHA-256 of a table as it is given out: names, types and
// cells, each with its length, null apart from empty. How rows are cut into
// batches does not matter.
type digester struct {
	h   hash.Hash
	buf []byte
}

// newDigester gives a digester that has seen the schema.
func newDigester(s *arrow.Schema) *digester {
	d := &digester{h: sha256.New()}
	for _, f := range s.Fields() {
		d.put([]byte(f.Name))
		d.put([]byte(f.Type.String()))
		d.put([]byte(metaOf(f, MetaLabel)))
	}
	d.flush()
	return d
}

func (d *digester) put(b []byte) {
	d.buf = binary.AppendUvarint(d.buf, uint64(len(b))+1)
	d.buf = append(d.buf, b...)
}

func (d *digester) flush() {
	d.h.Write(d.buf)
	d.buf = d.buf[:0]
}

func (d *digester) add(rec arrow.Record) {
	var cell []byte
	cols := rec.Columns()
	for i := range int(rec.NumRows()) {
		for _, c := range cols {
			if c.IsNull(i) {
				d.buf = append(d.buf, 0) // no cell is shorter than 1 here
				continue
			}
			cell = AppendCell(cell[:0], c, i)
			d.put(cell)
		}
		if len(d.buf) > 1<<16 {
			d.flush()
		}
	}
	d.flush()
}

func (d *digester) String() string { return hex.EncodeToString(d.h.Sum(nil)) }
