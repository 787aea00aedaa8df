package difference

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"runtime"
	"slices"
	"sync"

	"github.com/apache/arrow/go/v17/arrow"
	"golang.org/x/sync/errgroup"
)

// Of each row two hashes are remembered, of its key and of all its cells that
// are compared, and its place. They go into parts by the key's hash, so that
// rows of one key meet in one part, and a part fits into memory.
//
// SHA-256, cut to 128 bits: whoever writes the rows must not be able to make
// two that are taken for one.

const (
	hashBytes = 16
	traceSize = 2*hashBytes + 8
	// partRows is how many rows of one side a part holds, about: 5 MB.
	partRows  = 1 << 17
	mostParts = 1 << 12
)

// trace is what is remembered of a row.
type trace struct {
	key, row [hashBytes]byte
	at       int64
}

func (p *trace) append(dst []byte) []byte {
	return binary.LittleEndian.AppendUint64(append(append(dst, p.key[:]...), p.row[:]...), uint64(p.at))
}

// readTrace reads the first of several.
func readTrace(b []byte) (p trace) {
	copy(p.key[:], b)
	copy(p.row[:], b[hashBytes:])
	p.at = int64(binary.LittleEndian.Uint64(b[2*hashBytes:]))
	return p
}

// A note says what becomes of one row.
type note struct {
	at    int64 // place in its table
	other int64 // place of what it was or became; -1: it came or went
	n     int64 // how many rows like this; 1 where rows are matched by key
}

const (
	noteSize   = 24
	noteBucket = 16 // a bucket holds the notes of 2^16 neighbouring rows
)

func (n note) append(dst []byte) []byte {
	dst = binary.LittleEndian.AppendUint64(dst, uint64(n.at))
	dst = binary.LittleEndian.AppendUint64(dst, uint64(n.other))
	return binary.LittleEndian.AppendUint64(dst, uint64(n.n))
}

// notes gives those of a bucket by place.
func notes(s *spill, bucket int) ([]note, error) {
	var out []note
	err := s.each(bucket, func(b []byte) error {
		for ; len(b) > 0; b = b[noteSize:] {
			out = append(out, note{int64(binary.LittleEndian.Uint64(b)), int64(binary.LittleEndian.Uint64(b[8:])), int64(binary.LittleEndian.Uint64(b[16:]))})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(out, func(a, b note) int { return int(a.at - b.at) })
	return out, nil
}

// matchRows fills d's notes and counts. The first key columns of d.common are
// the key; 0: rows are matched as a whole. It gives how many keys repeat
// themselves: then nothing else is told.
func (d *Difference) matchRows(ctx context.Context, key int) (repeated int64, err error) {
	all := d.before.Info.Rows + d.after.Info.Rows
	parts := int(min(max(all/(2*partRows), 1), mostParts))
	before, after := newSpill(d.folder, parts), newSpill(d.folder, parts)
	defer before.close()
	defer after.close()
	g, within := errgroup.WithContext(ctx)
	g.Go(func() error {
		return d.remember(within, d.before, key, before, func(c common) int { return c.before })
	})
	g.Go(func() error {
		return d.remember(within, d.after, key, after, func(c common) int { return c.after })
	})
	if err := g.Wait(); err != nil {
		return 0, err
	}
	if err := d.forget(); err != nil { // of a key that repeats itself
		return 0, err
	}
	d.gone = newSpill(d.folder, int(d.before.Info.Rows>>noteBucket)+1)
	d.come = newSpill(d.folder, int(d.after.Info.Rows>>noteBucket)+1)
	m := &matching{d: d, byKey: key > 0}
	g, within = errgroup.WithContext(ctx)
	g.SetLimit(max(1, min(2, runtime.GOMAXPROCS(0))))
	for i := range parts {
		g.Go(func() error {
			if err := within.Err(); err != nil {
				return err
			}
			return m.part(before, after, i)
		})
	}
	if err := g.Wait(); err != nil {
		return 0, err
	}
	d.Counts = m.counts
	return m.counts.Repeated, nil
}

// remember keeps a trace of every row of one side.
func (d *Difference) remember(ctx context.Context, s Side, key int, to *spill, place func(common) int) error {
	rows, err := s.Rows.Rows(ctx)
	if err != nil {
		return err
	}
	defer rows.Release()
	var cells, out []byte
	held := make([][]byte, to.buckets()) // what has not been given to the spill yet: it has a lock
	at := int64(0)
	for rows.Next() {
		rec := rows.Record()
		columns := make([]arrow.Array, len(d.common))
		for i, c := range d.common {
			columns[i] = rec.Column(place(c))
		}
		for row := range int(rec.NumRows()) {
			p := trace{at: at}
			cells = cells[:0]
			for i, a := range columns {
				if i == key && key > 0 {
					p.key = hash(cells)
				}
				if a.IsNull(row) {
					cells = append(cells, 0)
				} else {
					cells = d.common[i].plain(append(cells, 1), a, row)
				}
			}
			p.row = hash(cells)
			if key == 0 || key == len(columns) {
				p.key = p.row
			}
			out = p.append(out[:0])
			part := int(binary.LittleEndian.Uint32(p.key[:]) % uint32(len(held)))
			if held[part] = append(held[part], out...); len(held[part]) >= 1<<12 {
				if err := to.add(part, held[part]); err != nil {
					return err
				}
				held[part] = held[part][:0]
			}
			at++
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	if at != s.Info.Rows {
		return fmt.Errorf("a file has %d rows, and its description %d", at, s.Info.Rows)
	}
	for part, b := range held {
		if err := to.add(part, b); err != nil {
			return err
		}
	}
	return nil
}

func hash(b []byte) [hashBytes]byte {
	sum := sha256.Sum256(b)
	return [hashBytes]byte(sum[:hashBytes])
}

// matching is the second pass: part by part.
type matching struct {
	d     *Difference
	byKey bool

	mu     sync.Mutex // over what follows
	counts Counts
}

// met are the rows of one key: how many on each side, and the first of them.
type met struct {
	was, is   trace
	nWas, nIs int64
}

func (m *matching) part(before, after *spill, i int) error {
	rows := map[[hashBytes]byte]met{}
	err := before.each(i, func(b []byte) error {
		for ; len(b) > 0; b = b[traceSize:] {
			p := readTrace(b)
			one := rows[p.key]
			if one.nWas++; one.nWas == 1 {
				one.was = p
			}
			rows[p.key] = one
		}
		return nil
	})
	if err != nil {
		return err
	}
	err = after.each(i, func(b []byte) error {
		for ; len(b) > 0; b = b[traceSize:] {
			p := readTrace(b)
			one := rows[p.key]
			if one.nIs++; one.nIs == 1 {
				one.is = p
			}
			rows[p.key] = one
		}
		return nil
	})
	if err != nil {
		return err
	}
	t := tally{d: m.d}
	for _, one := range rows {
		if m.byKey {
			t.key(one)
		} else {
			t.rows(one)
		}
	}
	m.add(t.counts)
	return t.err
}

func (m *matching) add(c Counts) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.counts.Unchanged += c.Unchanged
	m.counts.Added += c.Added
	m.counts.Removed += c.Removed
	m.counts.Changed += c.Changed
	m.counts.Repeated += c.Repeated
}

// tally is what one part comes to.
type tally struct {
	d      *Difference
	counts Counts
	err    error
}

// key takes the rows of one key.
func (t *tally) key(m met) {
	switch {
	case m.nWas > 1 || m.nIs > 1:
		t.counts.Repeated++
	case m.nIs == 0:
		t.counts.Removed++
		t.note(t.d.gone, note{m.was.at, -1, 1})
	case m.nWas == 0:
		t.counts.Added++
		t.note(t.d.come, note{m.is.at, -1, 1})
	case m.was.row == m.is.row:
		t.counts.Unchanged++
	default:
		t.counts.Changed++
		t.note(t.d.gone, note{m.was.at, m.is.at, 1})
		t.note(t.d.come, note{m.is.at, m.was.at, 1})
	}
}

// rows takes rows that are all alike: what is more on one side came or went.
func (t *tally) rows(m met) {
	t.counts.Unchanged += min(m.nWas, m.nIs)
	if n := m.nWas - m.nIs; n > 0 {
		t.counts.Removed += n
		t.note(t.d.gone, note{m.was.at, -1, n})
	}
	if n := m.nIs - m.nWas; n > 0 {
		t.counts.Added += n
		t.note(t.d.come, note{m.is.at, -1, n})
	}
}

func (t *tally) note(to *spill, n note) {
	if t.err == nil {
		t.err = to.add(int(n.at>>noteBucket), n.append(nil))
	}
}
