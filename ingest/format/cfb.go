package format

import (
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"unicode/utf16"
)

// compound is a compound file of Microsoft: sectors in chains, as in a small
// file system. Only the streams of its root are looked at. Every chain is
// bounded by the size of the file, so that one that goes in a circle ends.
// Source: [MS-CFB].
type compound struct {
	r      io.ReaderAt
	size   int64
	sector int64    // bytes of one
	fat    []uint32 // sectors in which the table of chains stands
	mini   *chain   // the small sectors, in a stream of their own
	minis  *chain   // and their table
	root   []stream
}

// stream is an entry of the root.
type stream struct {
	name  string
	start uint32
	size  int64
}

var errCompound = errors.New("malformed compound file")

const (
	compoundMark  = "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
	lastSector    = 0xfffffffa // numbers above it are marks
	miniSector    = 64
	miniBelow     = 4096 // streams below it stand in small sectors
	compoundNames = 10_000
	compoundSize  = 2 << 30 // bytes of a file; those with sectors of 512 bytes cannot be larger
)

func openCompound(r io.ReaderAt, size int64) (*compound, error) {
	c := &compound{r: r, size: size}
	head := make([]byte, 512)
	if size > compoundSize {
		return nil, &Refusal{Code: "too-large", Stage: "structure"}
	}
	if err := c.at(head, 0); err != nil {
		return nil, err
	}
	le := binary.LittleEndian
	shift := le.Uint16(head[30:])
	if string(head[:8]) != compoundMark || shift != 9 && shift != 12 {
		return nil, errCompound
	}
	c.sector = 1 << shift
	tables := func(b []byte) {
		for ; len(b) >= 4; b = b[4:] {
			if n := le.Uint32(b); n <= lastSector {
				c.fat = append(c.fat, n)
			}
		}
	}
	tables(head[76:512])
	// Further sectors list where the table goes on; the last word of each is
	// the next of them.
	block := make([]byte, c.sector)
	seen := int64(0)
	for n := le.Uint32(head[68:]); n <= lastSector; n = le.Uint32(block[c.sector-4:]) {
		if seen++; seen > c.sectors() {
			return nil, errCompound
		}
		if err := c.at(block, c.offset(n)); err != nil {
			return nil, err
		}
		if tables(block[:c.sector-4]); int64(len(c.fat)) > c.sectors() {
			return nil, errCompound
		}
	}
	return c, c.readRoot(le.Uint32(head[48:]), le.Uint32(head[60:]))
}

func (c *compound) sectors() int64        { return c.size/c.sector + 1 }
func (c *compound) offset(n uint32) int64 { return (int64(n) + 1) * c.sector }
func (c *compound) at(b []byte, off int64) error {
	return readWhole(c.r, b, off)
}

// readWhole fills b; a file that ends before is malformed.
func readWhole(r io.ReaderAt, b []byte, off int64) error {
	n, err := r.ReadAt(b, off)
	switch {
	case n == len(b):
		return nil
	case err == nil || err == io.EOF:
		return errCompound
	}
	return err
}

// chain is where the sectors of a stream stand.
type chain struct {
	in      io.ReaderAt
	sectors []int64 // offsets in it
	unit    int64
	size    int64
}

func (h *chain) ReadAt(p []byte, off int64) (n int, err error) {
	for n < len(p) {
		if off >= h.size {
			return n, io.EOF
		}
		i, at := off/h.unit, off%h.unit
		want := min(int64(len(p)-n), h.size-off)
		m := h.unit - at
		for k := i; m < want && h.sectors[k+1] == h.sectors[k]+h.unit; k++ {
			m += h.unit // sectors that lie side by side are read at once
		}
		m = min(m, want)
		if err := readWhole(h.in, p[n:n+int(m)], h.sectors[i]+at); err != nil {
			return n, err
		}
		n += int(m)
		off += m
	}
	return n, nil
}

// follow gives the chain that begins at a sector; size -1: as long as it is.
func (c *compound) follow(start uint32, size int64) (*chain, error) {
	h := &chain{in: c.r, unit: c.sector}
	per := c.sector / 4
	met := make([]uint64, c.sectors()/64+1)
	table := make([]byte, c.sector)
	have := int64(-1) // which sector of the table is in it
	for n := start; n <= lastSector && (size < 0 || int64(len(h.sectors))*c.sector < size); {
		if int64(n) > c.sectors() || met[n/64]&(1<<(n%64)) != 0 {
			return nil, errCompound
		}
		met[n/64] |= 1 << (n % 64)
		h.sectors = append(h.sectors, c.offset(n))
		if i := int64(n) / per; i != have {
			if i >= int64(len(c.fat)) {
				return nil, errCompound
			}
			if err := c.at(table, c.offset(c.fat[i])); err != nil {
				return nil, err
			}
			have = i
		}
		n = binary.LittleEndian.Uint32(table[int64(n)%per*4:])
	}
	if h.size = int64(len(h.sectors)) * c.sector; size >= 0 {
		if h.size < size {
			return nil, errCompound
		}
		h.size = size
	}
	return h, nil
}

// readRoot lists the streams of the root: a tree of entries, each with a left
// and a right neighbour.
func (c *compound) readRoot(directory, miniTable uint32) error {
	d, err := c.follow(directory, -1)
	if err != nil {
		return err
	}
	le := binary.LittleEndian
	entry := make([]byte, 128)
	read := func(i uint32) error {
		if _, err := d.ReadAt(entry, int64(i)*128); err != nil {
			return errCompound
		}
		return nil
	}
	if err := read(0); err != nil {
		return err
	}
	child := le.Uint32(entry[76:])
	if c.mini, err = c.follow(le.Uint32(entry[116:]), int64(le.Uint32(entry[120:]))); err != nil {
		return err
	}
	if c.minis, err = c.follow(miniTable, -1); err != nil {
		return err
	}
	met := make(map[uint32]bool)
	for todo := []uint32{child}; len(todo) > 0; {
		i := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if i > lastSector || met[i] {
			continue
		}
		if len(met) == compoundNames {
			return errCompound
		}
		met[i] = true
		if err := read(i); err != nil {
			return err
		}
		todo = append(todo, le.Uint32(entry[68:]), le.Uint32(entry[72:]))
		n := min(64, int(le.Uint16(entry[64:])))
		units := make([]uint16, 0, 32)
		for k := 0; k+1 < n-1; k += 2 {
			units = append(units, le.Uint16(entry[k:]))
		}
		size := int64(le.Uint64(entry[120:]))
		if c.sector == 512 {
			size = int64(uint32(size)) // the upper half is not used there
		}
		c.root = append(c.root, stream{string(utf16.Decode(units)), le.Uint32(entry[116:]), size})
	}
	return nil
}

func (c *compound) has(name string) bool {
	for _, s := range c.root {
		if strings.EqualFold(s.name, name) {
			return true
		}
	}
	return false
}

// open gives the bytes of a stream.
func (c *compound) open(s stream) (*chain, error) {
	if s.size < 0 || s.size > c.size {
		return nil, errCompound
	}
	if s.size >= miniBelow {
		return c.follow(s.start, s.size)
	}
	h := &chain{in: c.mini, unit: miniSector, size: s.size}
	word := make([]byte, 4)
	for n := s.start; int64(len(h.sectors))*miniSector < s.size; n = binary.LittleEndian.Uint32(word) {
		if n > lastSector {
			return nil, errCompound
		}
		h.sectors = append(h.sectors, int64(n)*miniSector)
		if _, err := c.minis.ReadAt(word, int64(n)*4); err != nil {
			return nil, errCompound
		}
	}
	return h, nil
}
