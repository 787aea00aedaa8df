package geometry

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"strconv"
	"unsafe"
)

// AppendWKB reads a geometry object of GeoJSON (RFC 7946, section 3.1) and adds
// it as WKB. It is strict: JSON to the letter, a type and its coordinates once,
// nothing behind; an Error for everything else, and dst is then as it was.
// Members that RFC 7946 does not name, and bbox, are passed over. A null
// geometry is the caller's: here it is an error.
func AppendWKB(dst, geojson []byte) ([]byte, error) {
	for _, z := range []bool{false, true} {
		r := jsonReader{b: geojson, w: newBuilder(dst, z)}
		err := r.whole()
		if err == errZ {
			continue
		}
		if err != nil {
			return dst, err
		}
		return r.w.dst, nil
	}
	return dst, &Error{Dimension, 0}
}

// jsonReader reads bytes of which nothing is known.
type jsonReader struct {
	b  []byte
	at int
	w  *builder
}

func (r *jsonReader) whole() *Error {
	if err := r.geometry(0); err != nil {
		return err
	}
	if r.space(); r.at != len(r.b) {
		return &Error{Syntax, r.at}
	}
	return nil
}

// geometry reads an object. Its members come in any order: the coordinates are
// passed over first and read once the type is known.
func (r *jsonReader) geometry(depth int) *Error {
	if depth > MaxDepth {
		return &Error{Deep, r.at}
	}
	r.space()
	begin := r.at
	if !r.take('{') {
		return &Error{Type, r.at}
	}
	t, coordinates, geometries := uint32(0), -1, -1
	for first := true; ; first = false {
		if r.space(); first && r.take('}') {
			break
		}
		keyAt := r.at
		key, err := r.text()
		if err != nil {
			return err
		}
		keyEnd := r.at
		if r.space(); !r.take(':') {
			return &Error{Syntax, r.at}
		}
		r.space()
		at := r.at
		switch string(key) {
		case "type":
			if t != 0 {
				return &Error{Syntax, at}
			}
			name, err := r.text()
			if err != nil {
				return &Error{Type, at}
			}
			if t = typeOf(names[:], name); t == 0 {
				return &Error{Type, at}
			}
		case "coordinates", "geometries":
			place := &coordinates
			if key[0] == 'g' {
				place = &geometries
			}
			if *place >= 0 {
				return &Error{Syntax, at}
			}
			*place = at
			if err := r.skip(); err != nil {
				return err
			}
		default:
			if err := r.skip(); err != nil {
				return err
			}
			if !json.Valid(r.b[keyAt:keyEnd]) || !json.Valid(r.b[at:r.at]) {
				return &Error{Syntax, keyAt}
			}
		}
		if r.space(); r.take(',') {
			r.space()
			continue
		}
		if !r.take('}') {
			return &Error{Syntax, r.at}
		}
		break
	}
	end := r.at
	want, other := coordinates, geometries
	if t == collection {
		want, other = geometries, coordinates
	}
	if t == 0 || want < 0 || other >= 0 {
		return &Error{Type, begin}
	}
	r.at = want
	r.w.head(t)
	if err := r.body(t, depth); err != nil {
		return err
	}
	r.at = end
	return nil
}

// typeOf finds a name; 0 where it is none.
func typeOf(all []string, name []byte) uint32 {
	for i, n := range all {
		if i > 0 && n == string(name) {
			return uint32(i)
		}
	}
	return 0
}

// body reads coordinates, or the members of a collection.
func (r *jsonReader) body(t uint32, depth int) *Error {
	switch t {
	case point:
		return r.position()
	case lineString:
		return r.line(false)
	case polygon:
		return r.list(func() *Error { return r.line(true) })
	case collection:
		return r.list(func() *Error { return r.geometry(depth + 1) })
	}
	member := t - multiPoint + point
	return r.list(func() *Error {
		r.w.head(member)
		return r.body(member, depth)
	})
}

// list reads an array of at least one part.
func (r *jsonReader) list(part func() *Error) *Error {
	at, place := r.at, r.w.open()
	n, err := r.array(part)
	if err != nil {
		return err
	}
	if n == 0 {
		return &Error{Empty, at}
	}
	r.w.close(place, n)
	return nil
}

func (r *jsonReader) line(ring bool) *Error {
	at, place := r.at, r.w.open()
	n, err := r.array(r.position)
	if err != nil {
		return err
	}
	return r.w.line(place, n, ring, at)
}

func (r *jsonReader) array(part func() *Error) (int, *Error) {
	if !r.take('[') {
		return 0, &Error{Syntax, r.at}
	}
	if r.space(); r.take(']') {
		return 0, nil
	}
	for n := 1; ; n++ {
		r.space()
		if err := part(); err != nil {
			return 0, err
		}
		if r.space(); r.take(']') {
			return n, nil
		}
		if !r.take(',') {
			return 0, &Error{Syntax, r.at}
		}
	}
}

func (r *jsonReader) position() *Error {
	at := r.at
	var p [3]float64
	n := 0
	if !r.take('[') {
		return &Error{Dimension, at} // a number or a null where a position belongs
	}
	if r.space(); r.take(']') {
		return &Error{Empty, at}
	}
	for {
		r.space()
		v, err := r.number()
		if err != nil {
			return err
		}
		if n == len(p) {
			return &Error{Dimension, at}
		}
		p[n] = v
		n++
		if r.space(); r.take(']') {
			return r.w.position(p, n, at)
		}
		if !r.take(',') {
			return &Error{Syntax, r.at}
		}
	}
}

// number reads one by the grammar of RFC 8259.
func (r *jsonReader) number() (float64, *Error) {
	at := r.at
	r.take('-')
	switch {
	case r.take('0'):
	case r.digits() == 0:
		return 0, &Error{Coordinate, at}
	}
	if r.take('.') && r.digits() == 0 {
		return 0, &Error{Coordinate, at}
	}
	if r.take('e') || r.take('E') {
		if !r.take('-') {
			r.take('+')
		}
		if r.digits() == 0 {
			return 0, &Error{Coordinate, at}
		}
	}
	v, ok := parseNumber(r.b[at:r.at])
	if !ok {
		return 0, &Error{Coordinate, at}
	}
	return v, nil
}

// parseNumber: strconv only reads, so the bytes are not copied; its error, which
// quotes them, goes no further.
func parseNumber(b []byte) (float64, bool) {
	if len(b) == 0 {
		return 0, false
	}
	v, err := strconv.ParseFloat(unsafe.String(&b[0], len(b)), 64)
	return v, err == nil
}

func (r *jsonReader) digits() int {
	start := r.at
	for r.at < len(r.b) && r.b[r.at]-'0' <= 9 {
		r.at++
	}
	return r.at - start
}

func (r *jsonReader) space() {
	for r.at < len(r.b) {
		switch r.b[r.at] {
		case ' ', '\t', '\n', '\r':
			r.at++
		default:
			return
		}
	}
}

func (r *jsonReader) take(c byte) bool {
	if r.at < len(r.b) && r.b[r.at] == c {
		r.at++
		return true
	}
	return false
}

// text reads a string and gives it as it stands, with its escapes: none of the
// words we look for has any.
func (r *jsonReader) text() ([]byte, *Error) {
	at := r.at
	if !r.take('"') {
		return nil, &Error{Syntax, at}
	}
	for start := r.at; r.at < len(r.b); r.at++ {
		switch c := r.b[r.at]; {
		case c == '"':
			r.at++
			return r.b[start : r.at-1], nil
		case c == '\\':
			r.at++
		case c < ' ':
			return nil, &Error{Syntax, r.at}
		}
	}
	return nil, &Error{Syntax, at}
}

// skip passes over one value; brackets must match, and nest only so deep. What
// stands between them is checked by whoever reads the value.
func (r *jsonReader) skip() *Error {
	var stack [64]byte
	depth := 0
	for {
		r.space()
		if r.at >= len(r.b) {
			return &Error{Syntax, r.at}
		}
		switch c := r.b[r.at]; c {
		case '[', '{':
			if depth == len(stack) {
				return &Error{Deep, r.at}
			}
			stack[depth] = c + 2 // ']' and '}' stand two after
			depth++
			r.at++
			continue
		case ']', '}':
			if depth == 0 || stack[depth-1] != c {
				return &Error{Syntax, r.at}
			}
			depth--
			r.at++
		case ',', ':':
			if depth == 0 {
				return &Error{Syntax, r.at}
			}
			r.at++
			continue
		case '"':
			if _, err := r.text(); err != nil {
				return err
			}
		default:
			n := bytes.IndexAny(r.b[r.at:], " \t\r\n,:]}[{\"")
			if n < 0 {
				n = len(r.b) - r.at
			}
			r.at += n
		}
		if depth == 0 {
			return nil
		}
	}
}

// AppendGeoJSON adds a geometry object of GeoJSON. wkb must be Valid; else an
// Error, and dst is as it was.
func AppendGeoJSON(dst, wkb []byte) ([]byte, error) {
	if err := Valid(wkb); err != nil {
		return dst, err
	}
	w := textWriter{dst: dst, b: wkb}
	w.object()
	return w.dst, nil
}

// textWriter writes what Valid has seen.
type textWriter struct {
	dst []byte
	b   []byte // what is left
	z   bool
}

func (w *textWriter) head() uint32 {
	t, z, _ := head(w.b)
	w.z, w.b = z, w.b[5:]
	return t
}

func (w *textWriter) count() int {
	n := binary.LittleEndian.Uint32(w.b)
	w.b = w.b[4:]
	return int(n)
}

// list writes parts between brackets, a separator between them.
func (w *textWriter) list(open byte, separator string, end byte, part func()) {
	w.dst = append(w.dst, open)
	for i := range w.count() {
		if i > 0 {
			w.dst = append(w.dst, separator...)
		}
		part()
	}
	w.dst = append(w.dst, end)
}

// numbers writes one position.
func (w *textWriter) numbers(separator byte) {
	n := positionBytes(w.z)
	for i := 0; i < n; i += 8 {
		if i > 0 {
			w.dst = append(w.dst, separator)
		}
		w.dst = appendNumber(w.dst, float(w.b[i:]))
	}
	w.b = w.b[n:]
}

func (w *textWriter) object() {
	t := w.head()
	w.dst = append(append(append(w.dst, `{"type":"`...), names[t]...), '"')
	if t == collection {
		w.dst = append(w.dst, `,"geometries":`...)
		w.list('[', ",", ']', w.object)
	} else {
		w.dst = append(w.dst, `,"coordinates":`...)
		w.coordinates(t)
	}
	w.dst = append(w.dst, '}')
}

func (w *textWriter) coordinates(t uint32) {
	switch t {
	case point:
		w.dst = append(w.dst, '[')
		w.numbers(',')
		w.dst = append(w.dst, ']')
	case lineString:
		w.list('[', ",", ']', func() { w.coordinates(point) })
	case polygon:
		w.list('[', ",", ']', func() { w.coordinates(lineString) })
	default:
		w.list('[', ",", ']', func() { w.coordinates(w.head()) })
	}
}
