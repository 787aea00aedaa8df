package privacy

// RedactSpans puts "[kind]" in the place of every span of these kinds, whole
// where it was joined over separators, and looks again until nothing is left.
// The cell itself is not changed; changed is false, and out the cell, where
// there was nothing to do. Kinds whose check is weak are looked for too, since
// they were asked for by name.
func RedactSpans(cell []byte, kinds []Kind, year int) (out []byte, changed bool) {
	want := kindsOf(kinds)
	out = cell
	// Each round removes digits or letters, so that it ends; a replaced span
	// can only bare a new one where two overlapped.
	for range 64 {
		spans := spansOf(out, want, want, year)
		if len(spans) == 0 {
			return out, changed
		}
		next := make([]byte, 0, len(out))
		from := 0
		for _, sp := range spans {
			next = append(next, out[from:sp.from]...)
			next = append(next, '[')
			next = append(next, shownKind(sp.kind)...)
			next = append(next, ']')
			from = sp.to
		}
		out, changed = append(next, out[from:]...), true
	}
	// More rounds than any text needs: nothing of it may stay.
	return []byte("[" + string(shownKind(firstKind(want))) + "]"), true
}

// SpansIn emits every span of a cell by byte offsets, in order, not
// overlapping: what "check --spans" reports.
func SpansIn(cell []byte, year int, emit func(k Kind, from, to int)) {
	for _, sp := range spansOf(cell, spanKinds, 0, year) {
		emit(shownKind(sp.kind), sp.from, sp.to)
	}
}

// spanKinds are looked for inside text without being asked for.
var spanKinds = dispatch.text

// kindsOf is the set of these kinds and of the forms in which they come.
func kindsOf(kinds []Kind) (set kindSet) {
	for _, k := range kinds {
		i := kindIndex(k)
		if i < 0 {
			continue
		}
		set = set.with(i)
		switch k {
		case cccd.Kind:
			set = set.with(kShort)
		case phoneVN.Kind:
			set = set.with(kindAt[phoneShort.Kind])
		}
	}
	return set
}

func shownKind(i int) Kind {
	switch k := Detectors[i].Kind; k {
	case cccdShort.Kind:
		return cccd.Kind
	case phoneShort.Kind:
		return phoneVN.Kind
	default:
		return k
	}
}

func firstKind(s kindSet) int {
	for i := range Detectors {
		if s.has(i) {
			return i
		}
	}
	return 0
}
