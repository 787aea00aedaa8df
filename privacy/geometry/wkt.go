package geometry

// AppendWKT adds the geometry as well-known text: "POINT (105.8 21)",
// "POLYGON Z ((0 0 1, …))". wkb must be Valid; else an Error, and dst is as it was.
func AppendWKT(dst, wkb []byte) ([]byte, error) {
	if err := Valid(wkb); err != nil {
		return dst, err
	}
	w := textWriter{dst: dst, b: wkb}
	w.tagged()
	return w.dst, nil
}

func (w *textWriter) tagged() {
	t := w.head()
	w.dst = append(append(w.dst, words[t]...), ' ')
	if w.z {
		w.dst = append(w.dst, "Z "...)
	}
	w.wkt(t)
}

func (w *textWriter) wkt(t uint32) {
	switch t {
	case point:
		w.dst = append(w.dst, '(')
		w.numbers(' ')
		w.dst = append(w.dst, ')')
	case lineString:
		w.list('(', ", ", ')', func() { w.numbers(' ') })
	case polygon:
		w.list('(', ", ", ')', func() { w.wkt(lineString) })
	case collection:
		w.list('(', ", ", ')', w.tagged)
	default:
		w.list('(', ", ", ')', func() { w.wkt(w.head()) })
	}
}

// ParseWKT reads what AppendWKT wrote and adds it as WKB; and only that: spaces
// where AppendWKT puts them. An Error for everything else, and dst is then as it was.
func ParseWKT(dst, wkt []byte) ([]byte, error) {
	r := wktReader{jsonReader{b: wkt, w: newBuilder(dst, false)}}
	if err := r.whole(); err != nil {
		return dst, err
	}
	return r.w.dst, nil
}

type wktReader struct{ jsonReader }

func (r *wktReader) whole() *Error {
	t, z, err := r.word()
	if err != nil {
		return err
	}
	r.w.z, r.w.known = z, true
	r.w.head(t)
	if err := r.body(t, 0); err != nil {
		return err
	}
	if r.at != len(r.b) {
		return &Error{Syntax, r.at}
	}
	return nil
}

// word reads "POINT " or "POINT Z ".
func (r *wktReader) word() (t uint32, z bool, err *Error) {
	start := r.at
	for r.at < len(r.b) && r.b[r.at] >= 'A' && r.b[r.at] <= 'Z' {
		r.at++
	}
	if t = typeOf(words[:], r.b[start:r.at]); t == 0 || !r.take(' ') {
		return 0, false, &Error{Type, start}
	}
	if z = r.take('Z'); z && !r.take(' ') {
		return 0, false, &Error{Syntax, r.at}
	}
	return t, z, nil
}

func (r *wktReader) body(t uint32, depth int) *Error {
	switch t {
	case point:
		if !r.take('(') {
			return &Error{Syntax, r.at}
		}
		if err := r.position(); err != nil {
			return err
		}
		if !r.take(')') {
			return &Error{Syntax, r.at}
		}
		return nil
	case lineString:
		return r.line(false)
	case polygon:
		return r.list(func() *Error { return r.line(true) })
	case collection:
		return r.list(func() *Error {
			at := r.at
			member, z, err := r.word()
			switch {
			case err != nil:
				return err
			case z != r.w.z:
				return &Error{Dimension, at}
			case depth+1 > MaxDepth:
				return &Error{Deep, at}
			}
			r.w.head(member)
			return r.body(member, depth+1)
		})
	}
	member := t - multiPoint + point
	return r.list(func() *Error {
		r.w.head(member)
		return r.body(member, depth)
	})
}

func (r *wktReader) list(part func() *Error) *Error {
	place := r.w.open()
	n, err := r.parts(part)
	if err != nil {
		return err
	}
	r.w.close(place, n)
	return nil
}

func (r *wktReader) line(ring bool) *Error {
	at, place := r.at, r.w.open()
	n, err := r.parts(r.position)
	if err != nil {
		return err
	}
	return r.w.line(place, n, ring, at)
}

func (r *wktReader) parts(part func() *Error) (int, *Error) {
	if !r.take('(') {
		return 0, &Error{Syntax, r.at}
	}
	for n := 1; ; n++ {
		if err := part(); err != nil {
			return 0, err
		}
		if r.take(')') {
			return n, nil
		}
		if !r.take(',') || !r.take(' ') {
			return 0, &Error{Syntax, r.at}
		}
	}
}

func (r *wktReader) position() *Error {
	at := r.at
	var p [3]float64
	for n := 0; n < len(p); n++ {
		v, err := r.number()
		if err != nil {
			return err
		}
		p[n] = v
		if !r.take(' ') {
			return r.w.position(p, n+1, at)
		}
	}
	return &Error{Dimension, at}
}
