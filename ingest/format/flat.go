package format

import "encoding/binary"

// flat is a table of a FlatBuffer: what Arrow writes its schemas and batches
// in. Every position is checked; what is not there reads as its default, and a
// position outside the buffer as not there.
type flat struct {
	b  []byte
	at int // of the table; 0: there is none
}

func flatRoot(b []byte) flat {
	if len(b) < 8 {
		return flat{}
	}
	return flat{b: b}.table(0)
}

// table is what the offset at a position leads to.
func (t flat) table(at int) flat {
	at, ok := t.follow(at)
	if !ok {
		return flat{}
	}
	return flat{t.b, at}
}

func (t flat) follow(at int) (int, bool) {
	if at < 0 || at+4 > len(t.b) {
		return 0, false
	}
	to := uint64(at) + uint64(binary.LittleEndian.Uint32(t.b[at:]))
	return int(to), to > uint64(at) && to+4 <= uint64(len(t.b))
}

// field is the position of a field, 0 where it has its default.
func (t flat) field(i int, size int) int {
	if t.at == 0 {
		return 0
	}
	v := int64(t.at) - int64(int32(binary.LittleEndian.Uint32(t.b[t.at:])))
	if v < 0 || v+4 > int64(len(t.b)) {
		return 0
	}
	slot := int64(4 + 2*i)
	if slot+2 > int64(binary.LittleEndian.Uint16(t.b[v:])) || v+slot+2 > int64(len(t.b)) {
		return 0
	}
	off := int(binary.LittleEndian.Uint16(t.b[v+slot:]))
	if off == 0 || t.at+off+size > len(t.b) {
		return 0
	}
	return t.at + off
}

func (t flat) sub(i int) flat {
	if at := t.field(i, 4); at > 0 {
		return t.table(at)
	}
	return flat{}
}

// number reads a field of 1, 2, 4 or 8 bytes with its sign.
func (t flat) number(i, size int, usual int64) int64 {
	at := t.field(i, size)
	if at == 0 {
		return usual
	}
	return int64n(t.b[at : at+size])
}

// vector gives the position of the first element and their number.
func (t flat) vector(i, size int) (at, n int) {
	field := t.field(i, 4)
	if field == 0 {
		return 0, 0
	}
	at, ok := t.follow(field)
	if !ok {
		return 0, 0
	}
	n = int(binary.LittleEndian.Uint32(t.b[at:]))
	if n < 0 || n > (len(t.b)-at-4)/size {
		return 0, 0
	}
	return at + 4, n
}

func (t flat) text(i int) string {
	at, n := t.vector(i, 1)
	return string(t.b[at : at+n])
}

// tables calls f for each table of a vector.
func (t flat) tables(i int, f func(flat) error) error {
	at, n := t.vector(i, 4)
	for k := range n {
		if err := f(t.table(at + 4*k)); err != nil {
			return err
		}
	}
	return nil
}

// long reads 8 bytes at a position of a vector.
func (t flat) long(at int) int64 { return int64(binary.LittleEndian.Uint64(t.b[at:])) }
