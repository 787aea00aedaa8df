package datasets

import (
	"encoding/binary"
	"hash/maphash"
	"math"
	"unsafe"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"daylight/privacy"
)

// A tally counts the different values of a column, null left out: one by one
// while they are few, and how often each text occurs; else by a sketch. The
// zero tally has seen nothing.
type tally struct {
	slots  []int32 // of found, plus 1, by hash; 0: free
	found  []counted
	weight int    // bytes of the texts
	over   bool   // there are too many: found is empty
	least  int64  // how many there were then
	sketch sketch // has seen every value
}

// counted is a value: a text, or a number's bits.
type counted struct {
	hash   uint64
	hi, lo uint64
	text   string
	n      int64 // of a text
}

// tallySeed keeps those who choose the values from choosing where they go.
var (
	tallySeed = maphash.MakeSeed()
	numberKey = maphash.Bytes(tallySeed, []byte("numbers"))
)

// count is how many different values there are, filled being those that are
// not null.
func (t *tally) count(filled int64) int64 {
	if !t.over {
		return int64(len(t.found))
	}
	return min(max(t.sketch.count(), t.least), filled)
}

func (t *tally) add(a arrow.Array) {
	switch a := a.(type) {
	case *array.String:
		for i := range a.Len() {
			if a.IsValid(i) {
				v := a.Value(i)
				t.text(unsafe.Slice(unsafe.StringData(v), len(v))) // only read
			}
		}
	case *array.Int64:
		for i, v := range a.Int64Values() {
			if a.IsValid(i) {
				t.number(0, uint64(v))
			}
		}
	case *array.Decimal128:
		for i, v := range a.Values() {
			if a.IsValid(i) {
				t.number(uint64(v.HighBits()), v.LowBits())
			}
		}
	case *array.Float64:
		for i, v := range a.Float64Values() {
			if a.IsValid(i) {
				t.number(0, math.Float64bits(v)) // a packer has made all NaN one
			}
		}
	case *array.Date32:
		for i, v := range a.Date32Values() {
			if a.IsValid(i) {
				t.number(0, uint64(v))
			}
		}
	case *array.Timestamp:
		for i, v := range a.TimestampValues() {
			if a.IsValid(i) {
				t.number(0, uint64(v))
			}
		}
	default:
		var cell []byte
		for i := range a.Len() {
			if a.IsValid(i) {
				cell = privacy.AppendCell(cell[:0], a, i)
				t.text(cell)
			}
		}
	}
}

func (t *tally) text(v []byte) {
	if t.over {
		t.sketch.add(hash64(v))
		return
	}
	h := maphash.Bytes(tallySeed, v)
	at := t.place(h)
	for ; t.slots[at] > 0; at = (at + 1) & (len(t.slots) - 1) {
		if c := &t.found[t.slots[at]-1]; c.hash == h && c.text == string(v) {
			c.n++
			return
		}
	}
	t.weight += len(v)
	t.sketch.add(hash64(v))
	t.put(at, counted{hash: h, text: string(v), n: 1})
}

func (t *tally) number(hi, lo uint64) {
	if t.over {
		t.sketch.add(stir(lo ^ stir(hi)))
		return
	}
	h := stir(lo ^ stir(hi^numberKey))
	at := t.place(h)
	for ; t.slots[at] > 0; at = (at + 1) & (len(t.slots) - 1) {
		if c := &t.found[t.slots[at]-1]; c.hi == hi && c.lo == lo {
			return
		}
	}
	t.sketch.add(stir(lo ^ stir(hi)))
	t.put(at, counted{hash: h, hi: hi, lo: lo})
}

// place is where a hash belongs. There is room for one more.
func (t *tally) place(h uint64) int {
	if 2*len(t.found) >= len(t.slots) {
		t.slots = make([]int32, max(64, 2*len(t.slots)))
		for i, c := range t.found {
			at := int(c.hash) & (len(t.slots) - 1)
			for ; t.slots[at] > 0; at = (at + 1) & (len(t.slots) - 1) {
			}
			t.slots[at] = int32(i + 1)
		}
	}
	return int(h) & (len(t.slots) - 1)
}

func (t *tally) put(at int, c counted) {
	t.found = append(t.found, c)
	t.slots[at] = int32(len(t.found))
	if len(t.found) > distinctExact || t.weight > distinctBytes {
		t.over, t.least = true, int64(len(t.found))
		t.found, t.slots = nil, nil
	}
}

// hash64 has no seed, and so neither has a figure that rests on it.
func hash64(b []byte) uint64 {
	const prime = 0x9e3779b97f4a7c15
	h := uint64(len(b)) * prime
	for ; len(b) >= 8; b = b[8:] {
		h = (h ^ binary.LittleEndian.Uint64(b)) * prime
		h ^= h >> 32
	}
	var rest [8]byte
	copy(rest[:], b)
	return stir((h ^ binary.LittleEndian.Uint64(rest[:])) * prime)
}

// stir spreads a number over all bits.
func stir(h uint64) uint64 {
	h = (h ^ h>>33) * 0xff51afd7ed558ccd
	h = (h ^ h>>33) * 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}
