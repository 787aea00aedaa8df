package format

import (
	"context"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"
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
	old           []oldColumn // by column: text in encodings of before Unicode
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

// openSheets finds the tables of a workbook. reader reads a sheet from its
// start; look: for the first time.
func openSheets(ctx context.Context, sheets []*sheet, o Options, reader func(ctx context.Context, s *sheet, look bool) (*sheetReader, error)) (*File, error) {
	file := &File{Report: Report{Questions: []Question{}}}
	taken, err := takeSheets(sheets, readingOf(o).Sheet)
	if err != nil {
		return nil, err
	}
	hidden := int64(0)
	for _, s := range sheets {
		if s.hidden && !s.named {
			hidden++
		}
	}
	for _, s := range taken {
		r, err := reader(ctx, s, true)
		if err == nil {
			err = r.lookThrough()
		}
		if err != nil {
			return nil, err
		}
		decideOld(s.old, readingOf(o).Encoding)
		if s.lastRow == 0 {
			continue // nothing stands in it
		}
		f := newFinder(o, &file.Report)
		f.name, f.width, f.padded, f.merges = s.name, len(s.kept), true, s.merges
		f.open = func(ctx context.Context, l *layout) (records, error) {
			r, err := reader(ctx, s, false)
			if err != nil {
				return nil, err
			}
			r.from = l.header.from // the row under the header
			return r, nil
		}
		f.problems = func(tr *TableReport, _ records, keys []string) {
			if f.first == 0 {
				tr.problem("hidden-sheet", seen{n: hidden}, "", "")
			}
			s.report(tr, keys)
		}
		tables, err := f.tables(ctx)
		if err != nil {
			return nil, err
		}
		file.Tables = append(file.Tables, tables...)
	}
	return file, nil
}

// takeSheets gives the sheets that are read: those that the plan names, or all that
// are shown.
func takeSheets(sheets []*sheet, named []string) ([]*sheet, error) {
	var out []*sheet
	for _, name := range named {
		found := false
		for _, s := range sheets {
			if s.name == strings.TrimSpace(norm.NFC.String(name)) {
				found = true
				if !s.named {
					s.named = true
					out = append(out, s)
				}
			}
		}
		if !found {
			return nil, &Refusal{Code: "read-sheet", Stage: "structure"}
		}
	}
	if len(named) > 0 {
		return out, nil
	}
	for _, s := range sheets {
		if !s.hidden {
			out = append(out, s)
		}
	}
	return out, nil
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
			tr.problem(p.code, seen{n: at.n, line: at.line}, s.keyOf(j, keys), p.wanted)
		}
	}
	for j, c := range s.old {
		if c.reading > 0 && c.at.n > 0 {
			tr.problem("old-text", seen{n: c.at.n, line: c.at.line}, s.keyOf(j, keys), oldReadings[c.reading])
		}
	}
}

// keyOf is what a column is called: by its letters where it is not taken.
func (s *sheet) keyOf(j int, keys []string) string {
	if j < len(s.slots) && s.slots[j] >= 0 && s.slots[j] < len(keys) {
		return keys[s.slots[j]]
	}
	return columnLetters(j)
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
