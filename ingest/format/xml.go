package format

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"unicode/utf8"
)

// xmlScanner reads the XML of a spreadsheet, piece by piece. It is not
// encoding/xml, which is ten times slower and knows what no workbook has: a
// document type, and with it entities, ends the reading. Memory is one tag and
// one block; depth and the length of a tag are bounded.
type xmlScanner struct {
	src io.Reader
	buf []byte
	r   int
	w   int
	eof bool
	err error

	name  []byte // of the tag at hand, without its prefix
	attrs []byte
	text  []byte // of xmlText; entities are not decoded yet
	raw   bool   // it has none: CDATA
	empty bool   // the tag closes itself; its end is still to come
	open  []byte // names of the open elements, one behind the other
	marks []int  // where each begins
}

type xmlKind int

const (
	xmlStart xmlKind = iota
	xmlEnd
	xmlText
	xmlEOF
)

// errXML: not well formed, or not what this reader takes.
var errXML = errors.New("malformed XML")

const (
	xmlBlock = 64 << 10
	xmlTag   = 1 << 20 // bytes of one tag
	xmlDepth = 64
)

func newXMLScanner(src io.Reader) *xmlScanner {
	return &xmlScanner{src: src, buf: make([]byte, xmlBlock)}
}

// more reads on, keeping what is not used yet; false: there is no more.
func (x *xmlScanner) more() bool {
	if x.eof {
		return false
	}
	if x.r > 0 {
		copy(x.buf, x.buf[x.r:x.w])
		x.w -= x.r
		x.r = 0
	}
	if x.w == len(x.buf) {
		if len(x.buf) >= xmlTag {
			x.eof, x.err = true, errXML
			return false
		}
		bigger := make([]byte, 2*len(x.buf))
		copy(bigger, x.buf)
		x.buf = bigger
	}
	for range 100 {
		n, err := x.src.Read(x.buf[x.w:])
		x.w += n
		if err != nil {
			x.eof = true
			if err != io.EOF {
				x.err = err
				return false
			}
		}
		if n > 0 || x.eof {
			return n > 0
		}
	}
	x.eof, x.err = true, io.ErrNoProgress
	return false
}

// next gives the next piece. Text comes in pieces of any length.
func (x *xmlScanner) next() (xmlKind, error) {
	if x.empty {
		x.empty = false
		x.pop()
		return xmlEnd, nil
	}
	for {
		if x.r == x.w && !x.more() {
			if x.err != nil {
				return 0, x.err
			}
			if len(x.marks) > 0 {
				return 0, errXML
			}
			return xmlEOF, nil
		}
		if x.buf[x.r] != '<' {
			return x.characters()
		}
		k, skip, err := x.tag()
		if err != nil || !skip {
			return k, err
		}
	}
}

func (x *xmlScanner) characters() (xmlKind, error) {
	b := x.buf[x.r:x.w]
	n := bytes.IndexByte(b, '<')
	if n < 0 {
		n = len(b)
		// An entity or a rune may be cut by the end of the block.
		if at := bytes.LastIndexByte(b, '&'); at >= 0 && n-at < 16 && bytes.IndexByte(b[at:], ';') < 0 {
			n = at
		}
		for back := 1; back < utf8.UTFMax && back <= n; back++ {
			if c := b[n-back]; utf8.RuneStart(c) {
				if c >= 0x80 && !utf8.FullRune(b[n-back:n]) {
					n -= back
				}
				break
			}
		}
		if n == 0 {
			if x.more() {
				return x.next()
			}
			if x.err != nil {
				return 0, x.err
			}
			return 0, errXML
		}
	}
	x.text, x.raw = b[:n], false
	x.r += n
	return xmlText, nil
}

// until gives the bytes up to and with the mark, which begins at from or later.
func (x *xmlScanner) until(mark string, from int) ([]byte, error) {
	for {
		b := x.buf[x.r:x.w]
		if from < len(b) {
			if n := bytes.Index(b[from:], []byte(mark)); n >= 0 {
				return b[:from+n+len(mark)], nil
			}
			from = max(from, len(b)-len(mark)+1)
		}
		if !x.more() {
			return nil, x.cut()
		}
	}
}

func (x *xmlScanner) cut() error {
	if x.err != nil {
		return x.err
	}
	return errXML
}

// tag reads what begins with "<". skip: it was none of an element's.
func (x *xmlScanner) tag() (k xmlKind, skip bool, err error) {
	for x.w-x.r < 9 && x.more() {
	}
	if x.err != nil {
		return 0, false, x.err
	}
	b := x.buf[x.r:x.w]
	switch {
	case len(b) < 2:
		return 0, false, errXML
	case b[1] == '?':
		t, err := x.until("?>", 2)
		x.r += len(t)
		return 0, true, err
	case bytes.HasPrefix(b, []byte("<!--")):
		return 0, true, x.comment()
	case bytes.HasPrefix(b, []byte("<![CDATA[")):
		t, err := x.until("]]>", 9)
		if err != nil {
			return 0, false, err
		}
		x.r += len(t)
		x.text, x.raw = t[9:len(t)-3], true
		return xmlText, false, nil
	case b[1] == '!':
		return 0, false, errXML // a document type: entities come with it
	}
	t, err := x.whole()
	if err != nil {
		return 0, false, err
	}
	x.r += len(t)
	if t[1] == '/' {
		name := bytes.TrimRight(t[2:len(t)-1], " \t\r\n")
		if len(x.marks) == 0 || !bytes.Equal(name, x.open[x.marks[len(x.marks)-1]:]) {
			return 0, false, errXML
		}
		x.name = local(name)
		x.pop()
		return xmlEnd, false, nil
	}
	body := t[1 : len(t)-1]
	if x.empty = body[len(body)-1] == '/'; x.empty {
		body = body[:len(body)-1]
	}
	n := bytes.IndexAny(body, " \t\r\n")
	if n < 0 {
		n = len(body)
	}
	if n == 0 || len(x.marks) == xmlDepth {
		return 0, false, errXML
	}
	x.marks = append(x.marks, len(x.open))
	x.open = append(x.open, body[:n]...)
	x.name, x.attrs = local(body[:n]), body[n:]
	return xmlStart, false, nil
}

// comment may be longer than a block: it is dropped as it comes.
func (x *xmlScanner) comment() error {
	x.r += 4
	for {
		b := x.buf[x.r:x.w]
		if n := bytes.Index(b, []byte("-->")); n >= 0 {
			x.r += n + 3
			return nil
		}
		x.r += max(0, len(b)-2)
		if !x.more() {
			return x.cut()
		}
	}
}

// whole gives a whole tag: ">" inside quotes does not end it.
func (x *xmlScanner) whole() ([]byte, error) {
	i, quote := 1, byte(0)
	for {
		b := x.buf[x.r:x.w]
		for ; i < len(b); i++ {
			switch c := b[i]; {
			case quote != 0:
				if c == quote {
					quote = 0
				}
			case c == '"' || c == '\'':
				quote = c
			case c == '>':
				if i < 2 {
					return nil, errXML
				}
				return b[:i+1], nil
			case c == '<':
				return nil, errXML
			}
		}
		if !x.more() {
			return nil, x.cut()
		}
	}
}

func (x *xmlScanner) pop() {
	last := len(x.marks) - 1
	x.name = local(x.open[x.marks[last]:])
	x.open, x.marks = x.open[:x.marks[last]], x.marks[:last]
}

func (x *xmlScanner) depth() int { return len(x.marks) }

// skip reads to the end of the element whose start is at hand.
func (x *xmlScanner) skip() error {
	for at := x.depth() - 1; ; {
		if _, err := x.next(); err != nil {
			return err
		}
		if x.depth() == at {
			return nil
		}
	}
}

// local is a name without its prefix.
func local(name []byte) []byte {
	return name[bytes.IndexByte(name, ':')+1:]
}

// attr gives an attribute by its name without prefix; nil: it is not there.
func (x *xmlScanner) attr(name string) ([]byte, error) {
	v, _, err := findAttr(x.attrs, name)
	return v, err
}

// attrAll gives all attributes of that name, whatever their prefixes.
func (x *xmlScanner) attrAll(name string) (out [][]byte, err error) {
	for rest := x.attrs; ; {
		var v []byte
		if v, rest, err = findAttr(rest, name); err != nil || v == nil {
			return out, err
		}
		out = append(out, v)
	}
}

// findAttr also gives what stands behind the attribute.
func findAttr(b []byte, name string) (value, rest []byte, err error) {
	for {
		b = bytes.TrimLeft(b, " \t\r\n")
		if len(b) == 0 {
			return nil, nil, nil
		}
		eq := bytes.IndexByte(b, '=')
		if eq < 1 {
			return nil, nil, errXML
		}
		key := local(bytes.TrimRight(b[:eq], " \t\r\n"))
		b = bytes.TrimLeft(b[eq+1:], " \t\r\n")
		if len(b) == 0 || b[0] != '"' && b[0] != '\'' {
			return nil, nil, errXML
		}
		end := bytes.IndexByte(b[1:], b[0])
		if end < 0 {
			return nil, nil, errXML
		}
		value := b[1 : 1+end]
		b = b[end+2:]
		if string(key) != name {
			continue
		}
		if bytes.IndexByte(value, '&') < 0 {
			return value[:len(value):len(value)], b, nil
		}
		value, err = appendXML([]byte{}, value)
		return value, b, err
	}
}

// appendText adds the text at hand, decoded.
func (x *xmlScanner) appendText(dst []byte) ([]byte, error) {
	if x.raw || bytes.IndexByte(x.text, '&') < 0 {
		return append(dst, x.text...), nil
	}
	return appendXML(dst, x.text)
}

// appendXML decodes the five entities every XML has, and numbered characters.
func appendXML(dst, b []byte) ([]byte, error) {
	for {
		n := bytes.IndexByte(b, '&')
		if n < 0 {
			return append(dst, b...), nil
		}
		dst = append(dst, b[:n]...)
		b = b[n+1:]
		end := bytes.IndexByte(b, ';')
		if end < 1 || end > 10 {
			return nil, errXML
		}
		switch name := string(b[:end]); {
		case name == "lt":
			dst = append(dst, '<')
		case name == "gt":
			dst = append(dst, '>')
		case name == "amp":
			dst = append(dst, '&')
		case name == "quot":
			dst = append(dst, '"')
		case name == "apos":
			dst = append(dst, '\'')
		case name[0] == '#' && len(name) > 1:
			digits, base := name[1:], 10
			if digits[0] == 'x' {
				digits, base = digits[1:], 16
			}
			r, err := strconv.ParseUint(digits, base, 21)
			if err != nil || !utf8.ValidRune(rune(r)) || r == 0 {
				return nil, errXML
			}
			dst = utf8.AppendRune(dst, rune(r))
		default:
			return nil, errXML
		}
		b = b[end+1:]
	}
}
