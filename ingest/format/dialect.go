package format

import (
	"bytes"
	"context"
	"io"
)

// delimiters in the order that breaks ties, each with its weight: ":" stands
// in times and addresses, so that it must be much better than the others.
var delimiters = []struct {
	b      byte
	weight float64
}{
	{',', 1}, {';', 1}, {'\t', 1}, {'|', 1}, {':', 0.7}, {'^', 0.9}, {'~', 0.9},
}

const (
	sampleHead  = 1 << 20
	sampleBlock = 64 << 10
	samples     = 16
	// enough is the least score of a delimiter: below it the file has one column.
	enough = 0.3
)

// guess is a dialect with its score.
type guess struct {
	dialect dialect
	score   float64
	width   int     // the commonest number of cells
	faults  float64 // quotes that do not close, or stand inside
}

// sample is decoded text; cut says that it does not end where the file ends.
type sample struct {
	text []byte
	cut  bool
}

// takeSamples reads the first MiB, 16 blocks over the rest, and the last.
func takeSamples(ctx context.Context, s *source) ([]sample, error) {
	head, err := readUpTo(s.text(ctx), sampleHead, s.size)
	if err != nil {
		return nil, err
	}
	out := []sample{{head, len(head) == sampleHead}}
	if !out[0].cut {
		return out, nil
	}
	out[0].text = head[:bytes.LastIndexAny(head, "\r\n")+1]
	if len(out[0].text) == 0 {
		out[0].text = head
	}
	for i := 1; i <= samples; i++ {
		off := s.skip + (s.size-s.skip)/(samples+1)*int64(i)
		if i == samples {
			off = max(s.skip, s.size-sampleBlock)
		}
		if off < sampleHead {
			continue
		}
		r, ok := s.textAt(ctx, off)
		if !ok {
			break
		}
		text, err := readUpTo(r, sampleBlock, sampleBlock)
		if err != nil {
			return nil, err
		}
		from := bytes.IndexAny(text, "\r\n") + 1
		to := bytes.LastIndexAny(text, "\r\n") + 1
		if from < to {
			out = append(out, sample{text[from:to], i < samples})
		}
	}
	return out, nil
}

// withoutComments takes the lines that are none out of the samples.
func withoutComments(samples []sample, mark string) []sample {
	if mark == "" {
		return samples
	}
	out := make([]sample, len(samples))
	for i, s := range samples {
		out[i].cut = s.cut
		for line := range bytes.Lines(s.text) {
			if !bytes.HasPrefix(line, []byte(mark)) {
				out[i].text = append(out[i].text, line...)
			}
		}
	}
	return out
}

// readUpTo reads n bytes, or all there are; size is about how many those are.
func readUpTo(r io.Reader, n int, size int64) ([]byte, error) {
	b := bytes.NewBuffer(make([]byte, 0, min(int64(n), size)+bytes.MinRead))
	_, err := b.ReadFrom(io.LimitReader(r, int64(n)))
	return b.Bytes(), err
}

// findDialect scores each delimiter, quote and escape over the samples. others
// are further delimiters that would do as well.
func findDialect(samples []sample, pinnedDelim, pinnedQuote string, l Limits) (best guess, others []string) {
	var present [256]bool
	for _, s := range samples {
		for _, d := range delimiters {
			present[d.b] = present[d.b] || bytes.IndexByte(s.text, d.b) >= 0
		}
	}
	var found []guess
	try := func(delim []byte, weight float64) {
		g := bestQuoting(samples, delim, pinnedQuote, l)
		g.score *= weight
		found = append(found, g)
	}
	switch pinnedDelim {
	case "":
	case "none":
		return bestQuoting(samples, nil, pinnedQuote, l), nil
	case "tab", `\t`:
		pinnedDelim = "\t"
		fallthrough
	default:
		return bestQuoting(samples, []byte(pinnedDelim), pinnedQuote, l), nil
	}
	for _, d := range delimiters {
		if present[d.b] {
			try([]byte{d.b}, d.weight)
		}
	}
	for _, g := range found {
		if g.score > best.score {
			best = g
		}
	}
	if best.score < enough {
		return bestQuoting(samples, nil, pinnedQuote, l), nil
	}
	for _, g := range found {
		if g.score >= best.score*0.98 && !bytes.Equal(g.dialect.delim, best.dialect.delim) {
			others = append(others, string(g.dialect.delim))
		}
	}
	if spaced(samples, best, l) {
		wide := best
		wide.dialect.delim = append([]byte{best.dialect.delim[0]}, ' ')
		best = score(samples, wide.dialect, l)
	}
	return best, others
}

// bestQuoting tries the quotes that occur. Doubled `"` is the standard and
// wins unless another is better.
func bestQuoting(samples []sample, delim []byte, pinned string, l Limits) guess {
	d := dialect{delim: delim, quote: '"'}
	switch pinned {
	case "":
	case "none":
		d.quote, d.bare = 0, true
		return score(samples, d, l)
	default:
		d.quote = pinned[0]
	}
	best := score(samples, d, l)
	better := func(d dialect) {
		if g := score(samples, d, l); g.score > best.score*1.02 {
			best = g
		}
	}
	slashed, opened, single := false, false, 0
	for _, s := range samples {
		slashed = slashed || bytes.Contains(s.text, []byte{'\\', d.quote})
		opened = opened || bytes.IndexByte(s.text, '"') >= 0
		single += bytes.Count(s.text, append(bytes.Clone(delim), '\'')) + bytes.Count(s.text, []byte("\n'"))
	}
	if slashed {
		better(dialect{delim: delim, quote: d.quote, escape: '\\'})
	}
	if pinned == "" && opened && best.faults > 0 {
		better(dialect{delim: delim})
	}
	if pinned == "" && single > 1 && len(delim) > 0 {
		better(dialect{delim: delim, quote: '\''})
	}
	return best
}

const scoredCells = 40_000 // a sample of some thousand rows shows the types

// score is the consistency of the width times the share of cells that look
// like something, times a little for more columns.
func score(samples []sample, d dialect, l Limits) guess {
	widths := make(map[int]int)
	rows, singles, faults := 0, 0, 0.0
	cells, known := 0, 0.0
	lone, pairs := false, 0 // the first row has one cell; rows of two cells of digits
	for _, s := range samples {
		r := newRecordReader(bytes.NewReader(s.text), int64(len(s.text)), d, 0, l)
		taken := 0
		stray := int64(0)
		for r.next() == nil {
			if r.stray.n > stray {
				stray = r.stray.n
				faults += 0.5 // a row with a quote that was not doubled is no rarity
			}
			if r.blank || allEmpty(r.cells) {
				continue
			}
			rows++
			if len(r.cells) == 2 && allDigits(r.cells[0]) && allDigits(r.cells[1]) {
				pairs++
			}
			if len(r.cells) == 1 {
				lone = lone || rows == 1
				singles++
			} else {
				widths[len(r.cells)]++
			}
			if taken < scoredCells/len(samples)+100 {
				for i, c := range r.cells {
					known += looksLike(c, d, r.cells, i)
					if n := len(c.b); d.quote == 0 && !d.bare && n > 0 && c.b[0] == '"' {
						if n > 1 && c.b[n-1] == '"' {
							faults++ // meant as a quote, most likely
						} else {
							faults += 0.25
						}
					}
				}
				taken += len(r.cells)
				cells += len(r.cells)
			}
		}
		if !s.cut {
			faults += float64(r.unclosed.n)
		}
	}
	g := guess{dialect: d, width: 1}
	if rows == 0 {
		return g
	}
	most, all := 0, 0
	for w, n := range widths {
		all += n
		if n > most || n == most && w > g.width {
			most, g.width = n, w
		}
	}
	g.faults = faults
	fault := 1 - min(0.6, faults/float64(rows))
	if most == 0 || len(d.delim) == 0 {
		g.width = 1
		if len(d.delim) == 0 {
			g.score = fault * known / float64(cells) / 2
		}
		return g
	}
	// Titles and notes have one cell and say little about the delimiter.
	consistent := float64(most) / (float64(all) + 0.3*float64(singles))
	if singles == 0 && all > 1 {
		consistent = 0.3 + 0.7*consistent // ragged, but it stands in every row
	}
	switch {
	case singles > 3*all:
		consistent *= 0.3
	case singles > 2*all, most == 1 && rows > 1 && singles > 0:
		consistent *= 0.6
	}
	// A label over one column of 12,5 and 145,00.
	if d.delim[0] == ',' && g.width == 2 && lone && pairs == most {
		consistent *= 0.2
	}
	g.score = consistent * fault * known / float64(cells) * (1 - 1/float64(g.width))
	return g
}

// looksLike says how well a cell reads as one value.
func looksLike(c cell, d dialect, row []cell, i int) float64 {
	t := trim(c.b)
	if len(t) == 0 {
		return 1
	}
	if len(d.delim) > 0 && d.delim[0] == ':' {
		// 12:30:00 and http://x are one value each.
		if len(t) == 2 && digit(t[0]) && digit(t[1]) || i > 0 && bytes.HasPrefix(t, []byte("//")) {
			return 0.1
		}
	}
	if c.quoted {
		return 1
	}
	if scan(t).kind != kText {
		return 1
	}
	switch {
	case bytes.IndexByte(t, '"') >= 0:
		return 0.3
	case bytes.ContainsAny(t, "\t;|"):
		return 0.5
	case bytes.IndexByte(t, ',') >= 0 && !bytes.Contains(t, []byte(", ")):
		return 0.7
	}
	return 1
}

func allDigits(c cell) bool {
	for i, x := range c.b {
		if !digit(x) && (i > 0 || x != '-') {
			return false
		}
	}
	return len(c.b) > 0 && !c.quoted
}

// spaced: each cell but the first begins with exactly one space.
func spaced(samples []sample, g guess, l Limits) bool {
	if g.dialect.delim[0] == '\t' {
		return false
	}
	n := 0
	for _, s := range samples {
		r := newRecordReader(bytes.NewReader(s.text), int64(len(s.text)), g.dialect, 0, l)
		for r.next() == nil {
			for _, c := range r.cells[1:] {
				if c.quoted || len(c.b) == 0 || c.b[0] != ' ' || len(c.b) > 1 && c.b[1] == ' ' {
					return false
				}
				n++
			}
		}
	}
	return n > 0
}

func allEmpty(cells []cell) bool {
	for _, c := range cells {
		if len(c.b) > 0 && len(trim(c.b)) > 0 {
			return false
		}
	}
	return true
}
