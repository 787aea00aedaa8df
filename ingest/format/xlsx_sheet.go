package format

import (
	"context"
	"io"
	"slices"
)

// A sheet is known by a first look over all its cells: how far they reach,
// what is merged, hidden or broken. What the file declares of its size is
// never believed.
type sheet struct {
	name   string
	part   string
	hidden bool
	named  bool // the plan names it: what is hidden in it is taken too

	kept    []int // its columns that are taken, from 0; those outside hold nothing
	slots   []int // place in kept of each column; -1: not taken
	lastRow int64 // with anything in it; 0: none
	merges  []merge

	hiddenColumns []bool
	lost          []int // hidden columns that hold something
	filled        []bool
	errors        []seen // by column: cells that hold an error
	unstored      []seen // formulas without a result
	nul           []seen
}

// merge is an area shown as one cell; its columns are places in sheet.kept
// once the sheet is known.
type merge struct {
	top, bottom int64
	left, right int
}

const (
	sheetRows    = 1_048_576
	sheetColumns = 16_384
	sheetMerges  = 1 << 18
)

// look is the first pass over a sheet.
func (b *workbook) look(ctx context.Context, s *sheet) error {
	r, err := b.reader(ctx, s, true)
	if err != nil {
		return err
	}
	for {
		err := r.read()
		if err == io.EOF {
			break
		}
		if err != nil {
			return b.fault(err)
		}
		if r.extend() {
			s.lastRow = r.row.at
		}
	}
	first, last := len(s.filled), -1
	for j, f := range s.filled {
		if f && !(s.columnHidden(j) && !s.named) {
			first, last = min(first, j), max(last, j)
		}
		if f && s.columnHidden(j) && !s.named {
			s.lost = append(s.lost, j)
		}
	}
	s.slots = make([]int, len(s.filled))
	for j := range s.slots {
		s.slots[j] = -1
		if j >= first && j <= last && (s.named || !s.columnHidden(j)) {
			s.slots[j] = len(s.kept)
			s.kept = append(s.kept, j)
		}
	}
	if len(s.kept) == 0 {
		s.lastRow = 0
	}
	s.placeMerges()
	return nil
}

func (s *sheet) columnHidden(j int) bool { return j < len(s.hiddenColumns) && s.hiddenColumns[j] }

// placeMerges turns the columns of merged areas into places, and drops the
// areas that hold one place only.
func (s *sheet) placeMerges() {
	kept := s.merges[:0]
	for _, m := range s.merges {
		left, right := -1, -1
		for j := m.left; j <= m.right && j < len(s.slots); j++ {
			if k := s.slots[j]; k >= 0 {
				if left < 0 {
					left = k
				}
				right = k
			}
		}
		m.bottom = min(m.bottom, s.lastRow)
		if left < 0 || m.top > m.bottom || left == right && m.top == m.bottom {
			continue
		}
		m.left, m.right = left, right
		kept = append(kept, m)
	}
	s.merges = kept
	slices.SortFunc(s.merges, func(a, b merge) int {
		if a.top != b.top {
			return int(a.top - b.top)
		}
		return a.left - b.left
	})
}

// report adds what was met in the sheet. Rows of it stand as lines.
func (s *sheet) report(tr *TableReport, keys []string) {
	if n := len(s.merges); n > 0 {
		tr.problem("merged-cells", seen{n: int64(n), line: s.merges[0].top}, "", "")
	}
	if tr.Accounting.Hidden > 0 {
		tr.problem("hidden-rows", seen{n: tr.Accounting.Hidden}, "", "")
	}
	for _, j := range s.lost {
		tr.problem("hidden-columns", seen{n: 1}, columnLetters(j), "")
	}
	for _, p := range []struct {
		code, wanted string
		at           []seen
	}{{"error-cell", "", s.errors}, {"formula-without-value", "", s.unstored}, {"null-token", "_x0000_", s.nul}} {
		for j, at := range p.at {
			if at.n == 0 {
				continue
			}
			key := columnLetters(j)
			if j < len(s.slots) && s.slots[j] >= 0 && s.slots[j] < len(keys) {
				key = keys[s.slots[j]]
			}
			tr.problem(p.code, seen{n: at.n, line: at.line}, key, p.wanted)
		}
	}
}

// columnLetters is the name of a column as sheets show it: A is 0.
func columnLetters(j int) string {
	var out []byte
	for j++; j > 0; j = (j - 1) / 26 {
		out = append(out, byte('A'+(j-1)%26))
	}
	slices.Reverse(out)
	return string(out)
}
