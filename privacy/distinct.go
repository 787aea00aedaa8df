package privacy

import (
	"encoding/binary"
	"hash/maphash"
)

// setsMemory bounds the sets of distinct values of one table. Beyond it the
// largest sets are given up, and their columns count rows instead; the profile
// says so.
const setsMemory = 64 << 20

var (
	hashSeed = maphash.MakeSeed()
	hashKey  = maphash.Bytes(hashSeed, []byte("numbers"))
)

// hashOf is the hash of a text. It is keyed anew in each process, so that no
// file can be made to collide; 0 stands for no value.
func hashOf(v []byte) uint64 {
	return max(1, maphash.Bytes(hashSeed, v))
}

// hashOfNumber is the hash of a value of 64 bits: no two have the same, but
// that 0 stands for no value.
func hashOfNumber(v uint64) uint64 {
	v ^= hashKey
	v = (v ^ v>>32) * 0xd6e8feb86659fd93
	v = (v ^ v>>29) * 0xff51afd7ed558ccd
	return max(1, v^v>>32)
}

// hashOfPair is the hash of a value of 128 bits.
func hashOfPair(hi, lo uint64) uint64 {
	var b [16]byte
	binary.LittleEndian.PutUint64(b[:], lo)
	binary.LittleEndian.PutUint64(b[8:], hi)
	return hashOf(b[:])
}

// distinctSet holds 64-bit hashes of the values seen, each with the number of
// its value's signature. Two of a million texts share a hash once in ten
// million tables. The zero value is empty.
type distinctSet struct {
	keys []uint64
	sigs []uint16
	n    int
}

const slotBytes = 10

// size is what the set takes, in bytes, and would take with n values more.
func (d *distinctSet) size(n int) int {
	slots := len(d.keys)
	for (d.n+n)*4 > slots*3 {
		slots = max(64, 2*slots)
	}
	return slots * slotBytes
}

// find gives the slot of a hash, or the empty one where it belongs; there is
// none before the first add.
func (d *distinctSet) find(h uint64) (int, bool) {
	if len(d.keys) == 0 {
		return 0, false
	}
	mask := uint64(len(d.keys) - 1)
	for i := h & mask; ; i = (i + 1) & mask {
		switch d.keys[i] {
		case h:
			return int(i), true
		case 0:
			return int(i), false
		}
	}
}

// add puts a hash that is not there.
func (d *distinctSet) add(h uint64, sig uint16) {
	if (d.n+1)*4 > len(d.keys)*3 {
		next := max(64, 2*len(d.keys))
		old := *d
		*d = distinctSet{keys: make([]uint64, next), sigs: make([]uint16, next), n: old.n}
		for i, k := range old.keys {
			if k != 0 {
				at, _ := d.find(k)
				d.keys[at], d.sigs[at] = k, old.sigs[i]
			}
		}
	}
	at, _ := d.find(h)
	d.keys[at], d.sigs[at] = h, sig
	d.n++
}
