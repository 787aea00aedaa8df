package format

import (
	"bytes"
	"io"
)

// dialect is how cells and records are told apart.
type dialect struct {
	delim  []byte // one or two bytes; empty: one column
	quote  byte   // 0: none
	escape byte   // '\\', or 0 where quotes are doubled
	bare   bool   // a plan says that quotes are characters: they speak against nothing
}

// recordReader splits decoded text into records. It differs from encoding/csv
// where files of agencies do: CR alone ends a line, line breaks in quotes stay
// as they are, a quote inside a quoted cell that was not doubled is a
// character, an unclosed quote costs its own line only, NUL is dropped, and
// nothing is an error but limits and the source's own.
//
// The caller reads records until next returns io.EOF. Every byte of the source
// belongs to exactly one record: start of a record is the end of the one
// before it.
type recordReader struct {
	src     io.Reader
	dialect dialect
	comment []byte // opens a line that is no record; empty: every line is
	width   int    // cells expected in a record; 0: not known
	maxRec  int
	maxCell int

	buf  []byte
	r, w int
	eof  bool
	err  error

	record // the current one; start and end are offsets in the decoded text

	// What was met over all records so far.
	lf, crlf, cr, crcrlf int64
	nul                  seen
	unclosed             seen // quotes that were taken literally
	stray                seen // quotes inside quoted cells that were not doubled
	lines                int64

	special   [256]bool
	noCloseTo int64 // up to this offset no quote closes: do not look again
	scratch   []byte
}

// seen counts, with the first position.
type seen struct {
	n            int64
	record, line int64
}

func (s *seen) add(n, record, line int64) {
	if n == 0 {
		return
	}
	if s.n == 0 {
		s.record, s.line = record, line
	}
	s.n += n
}

const readSize = 256 << 10

// newRecordReader reads from src; size is about how many bytes it holds.
func newRecordReader(src io.Reader, size int64, d dialect, width int, l Limits) *recordReader {
	r := &recordReader{src: src, dialect: d, width: width, maxRec: int(l.Record), maxCell: int(l.Cell)}
	r.buf = make([]byte, max(64, min(readSize, 2*size+2)))
	r.special['\n'], r.special['\r'], r.special[0] = true, true, true
	if len(d.delim) > 0 {
		r.special[d.delim[0]] = true
	}
	return r
}

// fill makes room and reads more: at least as much again as waits already, so
// that a record over many reads is not parsed anew for each of them.
func (r *recordReader) fill() {
	if r.eof {
		return
	}
	if r.r > 0 {
		copy(r.buf, r.buf[r.r:r.w])
		r.w -= r.r
		r.r = 0
	}
	if r.w > len(r.buf)/2 {
		bigger := make([]byte, 2*len(r.buf))
		copy(bigger, r.buf[:r.w])
		r.buf = bigger
	}
	enough := min(len(r.buf), max(2*r.w, len(r.buf)/2))
	for empty := 0; r.w < enough; {
		n, err := r.src.Read(r.buf[r.w:])
		r.w += n
		if err != nil {
			r.eof = true
			if err != io.EOF {
				r.err = err
			}
			return
		}
		if n > 0 {
			empty = 0
		} else if empty++; empty == 100 {
			r.eof, r.err = true, io.ErrNoProgress
			return
		}
	}
}

func (r *recordReader) at() *record { return &r.record }

// next reads one record. The last record needs no line end; an empty rest of
// the file is no record.
func (r *recordReader) next() error {
	if r.r == r.w {
		r.fill()
	}
	for {
		if r.err != nil {
			return r.err
		}
		if r.r == r.w && r.eof {
			return io.EOF
		}
		r.scratch = r.scratch[:0]
		p := parse{r: r, b: r.buf[r.r:r.w], literal: -1}
		if len(r.comment) > 0 && len(p.b) < len(r.comment) && !r.eof {
			r.fill()
			continue
		}
		if p.comment = len(r.comment) > 0 && bytes.HasPrefix(p.b, r.comment); p.comment {
			p.literal = 0
		}
		got := p.run()
		if got == unclosed {
			// The shortest repair: the line is taken literally from there on.
			p = parse{r: r, b: p.b, literal: p.open}
			got = p.run()
		} else if got == done && p.swallowed && r.width > 0 {
			// A quoted cell over several lines in which another seems to open.
			// Where the first line by itself has the right width, that is the
			// better reading.
			alone := parse{r: r, b: p.b, literal: p.open, cells: make([]cell, 0, r.width)}
			if alone.run() == done && len(alone.cells) == r.width && (p.openLike || len(p.cells) != r.width) {
				p = alone
			}
		} else if got == done && p.strayAt > 0 && r.width > 0 && len(p.cells) != r.width {
			// A quote too many at the start of a cell, and the cell went on to
			// a quote of another. Where it gives the right width to take that
			// one as a character, it is one.
			bare := parse{r: r, b: p.b, literal: -1, bare: p.strayAt, cells: make([]cell, 0, r.width)}
			if bare.run() == done && len(bare.cells) == r.width {
				bare.stray = p.stray
				p = bare
			}
		}
		if got == done {
			return r.take(&p)
		}
		if r.w-r.r >= r.maxRec {
			return &Refusal{Code: "too-large", Stage: "structure", Line: r.lines + 1}
		}
		r.fill()
	}
}

// take makes a parsed record the current one.
func (r *recordReader) take(p *parse) error {
	r.n++
	r.line = r.lines + 1
	r.lines += p.inner
	switch p.eol {
	case eolLF:
		r.lf++
	case eolCRLF:
		r.crlf++
	case eolCR:
		r.cr++
	case eolCRCRLF:
		r.crcrlf++
	}
	if p.eol != eolNone {
		r.lines++
	}
	r.nul.add(p.nul, r.n, r.line)
	r.stray.add(p.stray, r.n, r.line)
	r.record.comment = p.comment
	if p.literal >= 0 && !p.comment {
		r.unclosed.add(1, r.n, r.line)
	}
	r.cells = p.cells
	r.blank = len(p.cells) == 1 && len(p.cells[0].b) == 0 && !p.cells[0].quoted
	r.start = r.end
	r.end += int64(p.used)
	r.r += p.used
	if p.used > r.maxCell {
		for _, c := range r.cells {
			if len(c.b) > r.maxCell {
				return &Refusal{Code: "too-large", Stage: "structure", Line: r.line}
			}
		}
	}
	return nil
}

type result int

const (
	done     result = iota
	more            // the record goes on beyond the bytes at hand
	unclosed        // a quote at parse.open does not close
)

type eol int

const (
	eolNone eol = iota
	eolLF
	eolCRLF
	eolCR
	eolCRCRLF // written by a program that put CR before each LF of a CRLF file
)

// parse is one attempt at one record; it changes nothing in the reader but the
// spare memory, so that it can be given up and tried again.
type parse struct {
	r       *recordReader
	b       []byte
	literal int  // from here quotes are characters; -1: nowhere
	comment bool // the whole line is one cell
	bare    int  // the quote that opens the cell before this offset is a character; 0: none is

	cells     []cell
	used      int
	eol       eol
	inner     int64 // line ends inside quotes
	nul       int64
	stray     int64
	strayAt   int  // behind the quote that opened the first cell with stray quotes; 0: there is none
	open      int  // where the quote in question opened
	swallowed bool // a quoted cell over several lines holds a stray quote
	openLike  bool // and that looks like the opening of a cell
}

func (p *parse) run() result {
	r, b := p.r, p.b
	if p.cells == nil {
		p.cells = r.cells[:0]
	}
	quote, delim := r.dialect.quote, r.dialect.delim
	i := 0
	for {
		if i == len(b) && !r.eof {
			return more
		}
		if quote != 0 && i < len(b) && b[i] == quote && (p.literal < 0 || i < p.literal) && i+1 != p.bare {
			after, res := p.quoted(i)
			if res != done {
				return res
			}
			i = after
		} else {
			nul := false
			j := i
			for {
				for j < len(b) && (!r.special[b[j]] || p.comment && b[j] >= ' ') {
					j++
				}
				if j < len(b) {
					if b[j] == 0 {
						nul = true
						j++
						continue
					}
					if len(delim) == 2 && b[j] == delim[0] {
						if j+1 == len(b) && !r.eof {
							return more
						}
						if j+1 == len(b) || b[j+1] != delim[1] {
							j++
							continue
						}
					}
				}
				break
			}
			if j == len(b) && !r.eof {
				return more
			}
			c := b[i:j]
			if nul {
				c = p.withoutNUL(c)
			}
			p.cells = append(p.cells, cell{b: c})
			i = j
		}
		// At a delimiter, a line end or the end of the file.
		switch {
		case i == len(b):
			p.used = i
			return done
		case b[i] == '\n':
			p.eol, p.used = eolLF, i+1
			return done
		case b[i] == '\r':
			return p.carriageReturn(i)
		}
		i += len(delim)
	}
}

// carriageReturn ends the record at the CR at i.
func (p *parse) carriageReturn(i int) result {
	rest := p.b[i+1:]
	if len(rest) < 2 && !p.r.eof && !(len(rest) == 1 && rest[0] != '\r') {
		return more
	}
	switch {
	case len(rest) > 0 && rest[0] == '\n':
		p.eol, p.used = eolCRLF, i+2
	case len(rest) > 1 && rest[0] == '\r' && rest[1] == '\n':
		p.eol, p.used = eolCRCRLF, i+3
	default:
		p.eol, p.used = eolCR, i+1
	}
	return done
}

// quoted reads the cell whose quote opens at i and returns where it ends: at a
// delimiter, a line end or the end of the bytes.
func (p *parse) quoted(i int) (int, result) {
	r, b := p.r, p.b
	q := r.dialect.quote
	eof := r.eof
	p.open = i
	if r.end+int64(i) < r.noCloseTo {
		// Known: no quote closes between here and there. Only this line is
		// looked at, else a file of open quotes costs its size squared.
		n := bytes.IndexAny(b[i:], "\r\n")
		if n < 0 && !eof {
			return 0, more
		}
		if n >= 0 {
			b, eof = b[:i+n], true
		}
	}
	k := i + 1
	escaped := false
	stray, openLike := int64(0), false
	for {
		n := bytes.IndexByte(b[k:], q)
		if n < 0 {
			if !eof && len(b)-i <= r.maxCell {
				return 0, more
			}
			r.noCloseTo = max(r.noCloseTo, r.end+int64(len(b)))
			return 0, unclosed
		}
		at := k + n
		if r.dialect.escape == '\\' && oddBackslashes(b[i+1:at]) {
			escaped = true
			k = at + 1
			continue
		}
		t := at + 1
		if t < len(b) && b[t] == q {
			escaped = true
			k = at + 2
			continue
		}
		// Spaces between the closing quote and the delimiter are no content.
		for t < len(b) && b[t] == ' ' && !bytes.HasPrefix(b[t:], r.dialect.delim) {
			t++
		}
		if t == len(b) && !eof {
			return 0, more
		}
		if t == len(b) || b[t] == '\n' || b[t] == '\r' || p.atDelim(b, t) {
			if t < len(b) && len(r.dialect.delim) == 2 && t+1 == len(b) && !eof {
				return 0, more
			}
			content := b[i+1 : at]
			lines := countLines(content)
			p.inner += lines
			if stray > 0 {
				p.stray += stray
				if p.strayAt == 0 {
					p.strayAt = i + 1
				}
				if lines > 0 {
					p.swallowed, p.openLike = true, openLike
				}
			}
			if bytes.IndexByte(content, 0) >= 0 {
				content = p.withoutNUL(content)
			}
			if escaped {
				content = p.unescape(content)
			}
			p.cells = append(p.cells, cell{b: content, quoted: true})
			return t, done
		}
		stray++
		if before := b[at-1]; before == '\n' || before == '\r' || len(r.dialect.delim) > 0 && bytes.HasSuffix(b[i+1:at], r.dialect.delim) {
			openLike = true
		}
		k = at + 1
	}
}

func (p *parse) atDelim(b []byte, t int) bool {
	d := p.r.dialect.delim
	return len(d) > 0 && bytes.HasPrefix(b[t:], d)
}

// unescape takes the doubling or the backslash away.
func (p *parse) unescape(c []byte) []byte {
	q := p.r.dialect.quote
	from := len(p.r.scratch)
	out := p.r.scratch
	for i := 0; i < len(c); i++ {
		x := c[i]
		if i+1 < len(c) && (x == q && c[i+1] == q || p.r.dialect.escape == '\\' && x == '\\' && (c[i+1] == q || c[i+1] == '\\')) {
			i++
			x = c[i]
		}
		out = append(out, x)
	}
	p.r.scratch = out
	return out[from:len(out):len(out)]
}

func (p *parse) withoutNUL(c []byte) []byte {
	from := len(p.r.scratch)
	out := p.r.scratch
	for _, x := range c {
		if x != 0 {
			out = append(out, x)
		}
	}
	p.nul += int64(len(c) - (len(out) - from))
	p.r.scratch = out
	return out[from:len(out):len(out)]
}

func oddBackslashes(b []byte) bool {
	n := 0
	for n < len(b) && b[len(b)-1-n] == '\\' {
		n++
	}
	return n%2 == 1
}

// countLines counts the line ends in b, CRLF as one.
func countLines(b []byte) int64 {
	n := int64(bytes.Count(b, []byte{'\n'}))
	for i := 0; ; {
		k := bytes.IndexByte(b[i:], '\r')
		if k < 0 {
			return n
		}
		i += k + 1
		if i == len(b) || b[i] != '\n' {
			n++
		}
	}
}
