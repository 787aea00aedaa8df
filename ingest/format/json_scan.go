package format

import (
	"bytes"
	"hash/maphash"
	"io"
	"unicode/utf8"
)

// jsonScanner reads JSON by RFC 8259 and nothing more: no NaN, no comment, no
// comma at an end, no key twice in one object, no bad UTF-8, no half of a
// surrogate pair. It holds one value at most. Its errors are Refusals with the
// line, and never what stands there.
type jsonScanner struct {
	src    io.Reader
	limits Limits
	buf    []byte
	at     int   // next byte
	w      int   // end of the bytes at hand
	base   int64 // offset of buf[0] in the file
	keep   int64 // offset from which bytes must stay; -1: none need to
	line   int64 // of the next byte, from 1
	eof    bool
	err    error

	depth int
	keys  []keySet // of the objects that are open, by depth
	seed  maphash.Seed
	text  []byte // of a key, decoded
}

func newJSONScanner(src io.Reader, base, line int64, l Limits) *jsonScanner {
	return &jsonScanner{src: src, limits: l, buf: make([]byte, 64<<10), base: base, line: line, keep: -1, seed: maphash.MakeSeed()}
}

func (s *jsonScanner) fail(code string) error {
	if s.err != nil {
		return s.err
	}
	return &Refusal{Code: code, Stage: "structure", Line: s.line}
}

func (s *jsonScanner) offset() int64 { return s.base + int64(s.at) }

// more reads on; false: there is no more, or it failed.
func (s *jsonScanner) more() bool {
	if s.eof {
		return false
	}
	from := s.at
	if s.keep >= 0 {
		from = int(s.keep - s.base)
	}
	if from > 0 {
		copy(s.buf, s.buf[from:s.w])
		s.base += int64(from)
		s.at, s.w = s.at-from, s.w-from
	}
	if s.w == len(s.buf) {
		if int64(s.w) > s.limits.Record {
			s.eof, s.err = true, &Refusal{Code: "too-large", Stage: "structure", Line: s.line}
			return false
		}
		bigger := make([]byte, 2*len(s.buf))
		copy(bigger, s.buf)
		s.buf = bigger
	}
	for range 100 {
		n, err := s.src.Read(s.buf[s.w:])
		s.w += n
		if err != nil {
			s.eof = true
			if err != io.EOF {
				s.err = err
				return false
			}
		}
		if n > 0 || s.eof {
			return n > 0
		}
	}
	s.eof, s.err = true, io.ErrNoProgress
	return false
}

// peek gives the next byte; 0 at the end, where no JSON has one.
func (s *jsonScanner) peek() byte {
	if s.at == s.w && !s.more() {
		return 0
	}
	return s.buf[s.at]
}

// space passes over white space.
func (s *jsonScanner) space() {
	for {
		for s.at < s.w {
			switch s.buf[s.at] {
			case '\n':
				s.line++
			case ' ', '\t', '\r':
			default:
				return
			}
			s.at++
		}
		if !s.more() {
			return
		}
	}
}

// ended: nothing but white space is left.
func (s *jsonScanner) ended() (bool, error) {
	s.space()
	if s.at < s.w {
		return false, nil
	}
	return s.err == nil, s.err
}

// value passes over one value, whatever it is.
func (s *jsonScanner) value() error {
	switch c := s.peek(); {
	case c == '{':
		return s.object(func([]byte) error { return s.value() })
	case c == '[':
		return s.array(s.value)
	case c == '"':
		_, err := s.str()
		return err
	case c == '-' || digit(c):
		return s.number()
	case c == 't':
		return s.word("true")
	case c == 'f':
		return s.word("false")
	case c == 'n':
		return s.word("null")
	}
	return s.fail("json-syntax")
}

func (s *jsonScanner) word(w string) error {
	for i := range len(w) {
		if s.peek() != w[i] {
			return s.fail("json-syntax")
		}
		s.at++
	}
	return nil
}

func (s *jsonScanner) open() error {
	if s.depth++; s.depth > s.limits.Depth {
		return s.fail("json-deep")
	}
	s.at++
	return nil
}

// array calls element at the start of each of its elements.
func (s *jsonScanner) array(element func() error) error {
	if err := s.open(); err != nil {
		return err
	}
	s.space()
	if s.peek() == ']' {
		s.at++
		s.depth--
		return nil
	}
	for {
		s.space()
		if err := element(); err != nil {
			return err
		}
		s.space()
		switch s.peek() {
		case ',':
			s.at++
		case ']':
			s.at++
			s.depth--
			return nil
		default:
			return s.fail("json-syntax")
		}
	}
}

// object calls member at the start of each value, with the key, which is valid
// until then.
func (s *jsonScanner) object(member func(key []byte) error) error {
	if err := s.open(); err != nil {
		return err
	}
	for len(s.keys) < s.depth {
		s.keys = append(s.keys, keySet{})
	}
	d := s.depth - 1
	s.keys[d].clear()
	s.space()
	if s.peek() == '}' {
		s.at++
		s.depth--
		return nil
	}
	for {
		s.space()
		if s.peek() != '"' {
			return s.fail("json-syntax")
		}
		raw, err := s.str()
		if err != nil {
			return err
		}
		s.text = appendJSONText(s.text[:0], raw)
		if !s.keys[d].add(maphash.Bytes(s.seed, s.text)) {
			return s.fail("json-duplicate-key")
		}
		key := s.text
		s.space()
		if s.peek() != ':' {
			return s.fail("json-syntax")
		}
		s.at++
		s.space()
		if err := member(key); err != nil {
			return err
		}
		s.space()
		switch s.peek() {
		case ',':
			s.at++
		case '}':
			s.at++
			s.depth--
			return nil
		default:
			return s.fail("json-syntax")
		}
	}
}

// keySet knows the keys of one object by their hash.
type keySet struct {
	few  []uint64
	many map[uint64]bool
}

const fewKeys = 24

func (k *keySet) clear() {
	k.few = k.few[:0]
	if len(k.many) > 0 {
		k.many = nil
	}
}

func (k *keySet) add(h uint64) bool {
	if k.many != nil {
		if k.many[h] {
			return false
		}
		k.many[h] = true
		return true
	}
	for _, f := range k.few {
		if f == h {
			return false
		}
	}
	if k.few = append(k.few, h); len(k.few) > fewKeys {
		k.many = make(map[uint64]bool, 4*fewKeys)
		for _, f := range k.few {
			k.many[f] = true
		}
	}
	return true
}

// str gives a string with its quotes, valid until the next call.
func (s *jsonScanner) str() ([]byte, error) {
	kept := s.keep
	start := s.offset()
	if kept < 0 {
		s.keep = start
	}
	s.at++
	for {
		for s.at < s.w {
			c := s.buf[s.at]
			if c == '"' || c == '\\' || c < ' ' {
				break
			}
			s.at++
		}
		if s.at == s.w {
			if s.offset()-start > s.limits.Cell {
				return nil, s.fail("too-large")
			}
			if !s.more() {
				return nil, s.fail("json-syntax")
			}
			continue
		}
		switch s.buf[s.at] {
		case '"':
			s.at++
			raw := s.buf[start-s.base : s.at]
			s.keep = kept
			if !utf8.Valid(raw) {
				return nil, s.fail("json-text")
			}
			return raw, nil
		case '\\':
			if err := s.escape(); err != nil {
				return nil, err
			}
		default:
			return nil, s.fail("json-syntax")
		}
	}
}

func (s *jsonScanner) escape() error {
	s.at++
	switch c := s.peek(); c {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		s.at++
		return nil
	case 'u':
		u, err := s.unit()
		if err != nil || u < 0xd800 || u >= 0xe000 {
			return err
		}
		if u >= 0xdc00 || s.peek() != '\\' {
			return s.fail("json-text")
		}
		s.at++
		if s.peek() != 'u' {
			return s.fail("json-text")
		}
		if u, err = s.unit(); err == nil && (u < 0xdc00 || u >= 0xe000) {
			err = s.fail("json-text")
		}
		return err
	}
	return s.fail("json-syntax")
}

// unit reads "u" and four hexadecimal digits.
func (s *jsonScanner) unit() (rune, error) {
	s.at++
	var u rune
	for range 4 {
		d, ok := hexDigit(s.peek())
		if !ok {
			return 0, s.fail("json-syntax")
		}
		u = u<<4 | d
		s.at++
	}
	return u, nil
}

func hexDigit(c byte) (rune, bool) {
	switch {
	case digit(c):
		return rune(c - '0'), true
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return rune(c|0x20-'a') + 10, true
	}
	return 0, false
}

func (s *jsonScanner) number() error {
	start := s.offset()
	run := func() bool {
		n := 0
		for digit(s.peek()) {
			s.at++
			n++
		}
		return n > 0
	}
	if s.peek() == '-' {
		s.at++
	}
	if s.peek() == '0' {
		s.at++
	} else if !run() {
		return s.fail("json-syntax")
	}
	if s.peek() == '.' {
		if s.at++; !run() {
			return s.fail("json-syntax")
		}
	}
	if s.peek()|0x20 == 'e' {
		s.at++
		if c := s.peek(); c == '+' || c == '-' {
			s.at++
		}
		if !run() {
			return s.fail("json-syntax")
		}
	}
	if s.offset()-start > int64(s.limits.Number) {
		return s.fail("too-large")
	}
	return nil
}

// whole passes over a value and gives all of its bytes, valid until the next
// call.
func (s *jsonScanner) whole() ([]byte, error) {
	s.keep = s.offset()
	start := s.keep
	err := s.value()
	s.keep = -1
	if err != nil {
		return nil, err
	}
	raw := s.buf[start-s.base : s.at]
	if int64(len(raw)) > s.limits.Record {
		return nil, s.fail("too-large")
	}
	return raw, nil
}

// What follows reads bytes that a jsonScanner has passed over: no check is
// made again.

// appendJSONText decodes a string, given with its quotes.
func appendJSONText(dst, raw []byte) []byte {
	raw = raw[1 : len(raw)-1]
	for {
		n := bytes.IndexByte(raw, '\\')
		if n < 0 {
			return append(dst, raw...)
		}
		dst = append(dst, raw[:n]...)
		c := raw[n+1]
		raw = raw[n+2:]
		switch c {
		case 'b':
			dst = append(dst, '\b')
		case 'f':
			dst = append(dst, '\f')
		case 'n':
			dst = append(dst, '\n')
		case 'r':
			dst = append(dst, '\r')
		case 't':
			dst = append(dst, '\t')
		case 'u':
			u := hexUnit(raw)
			raw = raw[4:]
			if u >= 0xd800 && u < 0xdc00 {
				u = (u-0xd800)<<10 | (hexUnit(raw[2:]) - 0xdc00) + 0x10000
				raw = raw[6:]
			}
			dst = utf8.AppendRune(dst, u)
		default:
			dst = append(dst, c)
		}
	}
}

func hexUnit(b []byte) (u rune) {
	for _, c := range b[:4] {
		d, _ := hexDigit(c)
		u = u<<4 | d
	}
	return u
}

// jsonEnd is the place behind the value at the start of b.
func jsonEnd(b []byte) int {
	switch b[0] {
	case '"':
		return stringEnd(b)
	case '{', '[':
		depth := 0
		for i := 0; ; {
			switch b[i] {
			case '"':
				i += stringEnd(b[i:])
				continue
			case '{', '[':
				depth++
			case '}', ']':
				if depth--; depth == 0 {
					return i + 1
				}
			}
			i++
		}
	}
	i := 0
	for i < len(b) && bytes.IndexByte([]byte(",]} \t\r\n"), b[i]) < 0 {
		i++
	}
	return i
}

func stringEnd(b []byte) int {
	for i := 1; ; i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
}

// eachElement calls f with each element of an array.
func eachElement(raw []byte, f func(value []byte)) {
	for b := jsonSpace(raw[1:]); b[0] != ']'; b = jsonSpace(b) {
		n := jsonEnd(b)
		f(b[:n:n])
		if b = jsonSpace(b[n:]); b[0] == ',' {
			b = b[1:]
		}
	}
}

// eachMember calls f with each key, as it stands with its quotes, and value of
// an object.
func eachMember(raw []byte, f func(key, value []byte)) {
	for b := jsonSpace(raw[1:]); b[0] != '}'; b = jsonSpace(b) {
		k := stringEnd(b)
		key := b[:k:k]
		b = jsonSpace(jsonSpace(b[k:])[1:])
		n := jsonEnd(b)
		f(key, b[:n:n])
		if b = jsonSpace(b[n:]); b[0] == ',' {
			b = b[1:]
		}
	}
}

func jsonSpace(b []byte) []byte {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\t' || b[0] == '\r' || b[0] == '\n') {
		b = b[1:]
	}
	return b
}

// appendCompact writes a value without the white space between its parts.
func appendCompact(dst, raw []byte) []byte {
	for i := 0; i < len(raw); {
		switch c := raw[i]; c {
		case '"':
			n := stringEnd(raw[i:])
			dst = append(dst, raw[i:i+n]...)
			i += n
		case ' ', '\t', '\r', '\n':
			i++
		default:
			dst = append(dst, c)
			i++
		}
	}
	return dst
}
