package search

import (
	"strings"
	"unicode/utf8"

	"daylight/catalog"
)

// marking knows which words of a text are those that were looked for. Texts
// are the catalogue's own, cut by the same words as the index, so a mark never
// falls within a letter, and shows the word as it is written.
type marking struct {
	ws     []word
	stems  []string
	effort effort
	exact  bool // the words stand in the text as typed: "mà" is then no hit for "mã"
}

func marker(ws []word, e effort) *marking {
	m := &marking{ws: ws, effort: e}
	for _, w := range ws {
		m.stems = append(m.stems, stem(w.folded))
	}
	return m
}

const (
	fragmentRunes = 240 // of a description
	leadRunes     = 60  // shown before the first hit
	maxColumns    = 3   // labels of columns that are shown
)

// fragments are the title, a piece of the description and the labels of columns
// in which a word was found, as readers of lang see them. The title and the
// description are always there, with or without a hit.
func (m *marking) fragments(d *catalog.Dataset, lang string, exact bool) map[string][]catalog.Mark {
	m.exact = exact
	langs := []string{"vi"}
	if lang != "" {
		langs = []string{lang, "vi"}
	}
	out := map[string][]catalog.Mark{}
	if s := d.Title.In(langs...); s != "" {
		out["title"] = m.mark(s)
	}
	if s := d.Description.In(langs...); s != "" {
		out["description"] = m.mark(m.cut(s))
	}
	if d.Release == nil || len(m.ws) == 0 {
		return out
	}
	var columns []catalog.Mark
	n := 0
	for _, t := range d.Release.Tables {
		for _, c := range t.Columns {
			marks := m.mark(c.Label)
			if n < maxColumns && hasHit(marks) {
				if n++; n > 1 {
					columns = append(columns, catalog.Mark{Text: ", "})
				}
				columns = append(columns, marks...)
			}
		}
	}
	if n > 0 {
		out["columns"] = columns
	}
	return out
}

func hasHit(marks []catalog.Mark) bool {
	for _, m := range marks {
		if m.Hit {
			return true
		}
	}
	return false
}

// mark splits s at its hits; the pieces together are s.
func (m *marking) mark(s string) []catalog.Mark {
	var out []catalog.Mark
	at := 0
	for _, w := range words(s) {
		if !m.hit(w) {
			continue
		}
		// hits with nothing but space between are one: "dân số"
		if n := len(out); n > 0 && out[n-1].Hit && strings.TrimSpace(s[at:w.from]) == "" {
			out[n-1].Text += s[at:w.to]
		} else {
			if w.from > at {
				out = append(out, catalog.Mark{Text: s[at:w.from]})
			}
			out = append(out, catalog.Mark{Text: s[w.from:w.to], Hit: true})
		}
		at = w.to
	}
	if at < len(s) {
		out = append(out, catalog.Mark{Text: s[at:]})
	}
	return out
}

// hit says whether a word of a text is one that was looked for, in the ways
// that the query looks.
func (m *marking) hit(w word) bool {
	for i, q := range m.ws {
		if m.exact && q.marked() {
			last := i == len(m.ws)-1 && (m.effort == effortBegin || utf8.RuneCountInString(q.exact) >= prefixFrom)
			if w.exact == q.exact || last && strings.HasPrefix(w.exact, q.exact) {
				return true
			}
			continue
		}
		if w.folded == q.folded || m.stems[i] != "" && m.stems[i] == stem(w.exact) {
			return true
		}
		runes := utf8.RuneCountInString(q.folded)
		if i == len(m.ws)-1 && (runes >= prefixFrom || m.effort >= effortBegin) && strings.HasPrefix(w.folded, q.folded) {
			return true
		}
		if m.effort >= effortMisspelt && runes >= fuzzyFrom && !hasDigit(q.folded) && oneApart(w.folded, q.folded) {
			return true
		}
	}
	return false
}

// cut gives the part of a long text in which most hits stand near its first
// one, ending between words.
func (m *marking) cut(s string) string {
	if utf8.RuneCountInString(s) <= fragmentRunes {
		return s
	}
	from := 0
	for _, w := range words(s) {
		if m.hit(w) {
			from = back(s, w.from, leadRunes)
			break
		}
	}
	to := forward(s, from, fragmentRunes)
	out := s[from:to]
	if from > 0 {
		if i := strings.IndexByte(out, ' '); i >= 0 && i < len(out)/3 {
			out = out[i+1:]
		}
		out = "… " + out
	}
	if to < len(s) {
		if i := strings.LastIndexByte(out, ' '); i > len(out)*2/3 {
			out = out[:i]
		}
		out += " …"
	}
	return out
}

func back(s string, at, runes int) int {
	for ; at > 0 && runes > 0; runes-- {
		_, n := utf8.DecodeLastRuneInString(s[:at])
		at -= n
	}
	return at
}

func forward(s string, at, runes int) int {
	for ; at < len(s) && runes > 0; runes-- {
		_, n := utf8.DecodeRuneInString(s[at:])
		at += n
	}
	return at
}

// oneApart: one letter changed, left out or put in, or two neighbours swapped,
// as Bleve counts.
func oneApart(a, b string) bool {
	x, y := []rune(a), []rune(b)
	if len(x) > len(y) {
		x, y = y, x
	}
	if len(y)-len(x) > 1 {
		return false
	}
	i := 0
	for i < len(x) && x[i] == y[i] {
		i++
	}
	if len(x) < len(y) {
		return string(x[i:]) == string(y[i+1:])
	}
	if i == len(x) || string(x[i+1:]) == string(y[i+1:]) {
		return true
	}
	return i+1 < len(x) && x[i] == y[i+1] && x[i+1] == y[i] && string(x[i+2:]) == string(y[i+2:])
}
