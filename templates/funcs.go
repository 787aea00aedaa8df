package templates

import (
	"fmt"
	"html/template"
	"maps"
	"math"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// funcs are the functions of the pages, bound to one language.
func funcs(lang string, w words) template.FuncMap {
	return template.FuncMap{
		// words
		"lang": func() string { return lang },
		"t":    func(key string, args ...any) string { return w.say(lang, key, args...) },
		"rich": func(key string, args ...any) []piece { return w.rich(lang, key, args...) },
		"word": w.word,
		"has":  w.has,
		"kind": func(code string) string {
			if !w.has("kind", code) {
				code = "other"
			}
			return w.word("kind", code)
		},
		"treatment": w.treatment,
		"gates":     w.gates,
		"errorkey": func(status int, part string) string {
			return errorKey(status) + "." + part
		},

		// figures
		"num":     func(n any) string { return written(lang, n) },
		"big":     func(n int64) string { return Big(lang, n) },
		"bytes":   func(n int64) string { return Bytes(lang, n) },
		"percent": func(f float64) string { return Percent(lang, f) },
		"share":   share,
		"date":    func(t time.Time) string { return Date(lang, t) },
		"isodate": isoDate,
		"year":    func(t time.Time) string { return t.In(vietnam).Format("2006") },
		"millis":  func(d time.Duration) int64 { return max(1, d.Milliseconds()) },
		"seconds": func(d time.Duration) int64 { return int64(math.Ceil(d.Seconds())) },
		"clip":    clip,
		"short":   func(hash string) string { return cut(hash, 12) },

		// addresses
		"page":      func(path string) string { return Path(lang, path) },
		"slug":      func(slug string) string { return "/datasets/" + slug },
		"facet":     func(s Site, name, value string) string { return s.facet(lang, name, value) },
		"box":       newSearchBox,
		"emptybox":  func() searchBox { return searchBox{} },
		"asset":     Asset,
		"feed":      func(path string) string { return feedPath(lang, path) },
		"canonical": func(s Site) string { return s.in(lang) },
		"default":   func(s Site) string { return s.in(Languages[0]) },
		"others":    func(s Site) []otherLanguage { return s.others(lang) },
		"whole":     absolute,

		// drawings
		"rays":      rays,
		"last":      func(n []int) int { return n[len(n)-1] },
		"least":     func(n []int) int { return extreme(n, func(a, b int) bool { return a < b }) },
		"most":      func(n []int) int { return extreme(n, func(a, b int) bool { return a > b }) },
		"histogram": histogram,
		"bars":      countBars,

		// review
		"inwork": func(state string) bool { return state == "receiving" || state == "received" || state == "working" },
		"progress": func(p *Progress) *ProgressWords {
			if p == nil {
				return nil
			}
			words := progressWords(lang, w, *p)
			return &words
		},
		"reviewsteps": func() []string { return reviewSteps },
		"reviewhead":  ReviewPage.head,
		"workpath":    func(slug string) string { return "/agency/datasets/" + slug },
		"moment":      func(at string) string { return strings.Replace(at, "T", " ", 1) },
		"field":       func(table, n int) string { return fmt.Sprintf("s%df%d", table, n) },
		"less":        func(n int) int { return n - 1 },

		// pages
		"open":            func(f Facet) bool { return f.open() },
		"suppressed":      Table.suppressed,
		"columns":         countColumns,
		"previewed":       func(ts []Table) bool { return slices.ContainsFunc(ts, func(t Table) bool { return len(t.First) > 0 }) },
		"downloads":       downloads,
		"shownIn":         shownIn,
		"shownOf":         func(n int, all int64) shownRows { return shownRows{int64(n), all} },
		"unnamed":         func(c ColumnChanges) TableChange { return TableChange{ColumnChanges: c} },
		"grew":            func(c TableChange) int64 { return c.After - c.Before },
		"cell":            newCellView,
		"preview":         func(t Table, i, n int) previewView { return previewView{t, i, n} },
		"abs":             func(n int64) int64 { return max(n, -n) },
		"treated":         func(c Column) bool { return c.Treatment != "" && c.Treatment != "keep" },
		"held":            Privacy.held,
		"leftOut":         Privacy.leftOut,
		"parquet":         parquet,
		"treatments":      func() []string { return treatments },
		"without":         Contact.without,
		"addresses":       func() []address { return addresses },
		"uploadaddresses": func() []address { return uploadAddresses },
		"lookelsewhere":   func(status int) bool { return status == 404 || status == 410 },
	}
}

// share is part of all; nothing of nothing is nothing.
func share(part, all int64) float64 {
	if all <= 0 {
		return 0
	}
	return float64(part) / float64(all)
}

func extreme(n []int, better func(a, b int) bool) int {
	out := n[0]
	for _, v := range n {
		if better(v, out) {
			out = v
		}
	}
	return out
}

func cut(s string, letters int) string {
	for i := range s {
		if letters == 0 {
			return s[:i]
		}
		letters--
	}
	return s
}

// clip shortens a text at a word, never inside a letter and its marks.
func clip(s string, letters int) string {
	s = norm.NFC.String(strings.Join(strings.Fields(s), " "))
	if utf8.RuneCountInString(s) <= letters {
		return s
	}
	s = cut(s, letters)
	if i := strings.LastIndexByte(s, ' '); i > len(s)/2 {
		s = s[:i]
	}
	return strings.TrimRight(s, " ,.;:–-(") + "…"
}

// feedPath gives the address of a feed, which says its language as a parameter.
func feedPath(lang, path string) string {
	if lang == Languages[0] {
		return path
	}
	return path + "?lang=" + lang
}

// in is the whole address of the page in a language.
func (s Site) in(lang string) string { return s.BaseURL + s.path(lang) }

func (s Site) path(lang string) string {
	p := Path(lang, (&url.URL{Path: s.Path}).EscapedPath())
	if s.Query != "" {
		p += "?" + s.Query
	}
	return p
}

// absolute makes an address whole for a snippet that is run elsewhere.
func absolute(s Site, address string) string {
	if strings.HasPrefix(address, "/") {
		return s.BaseURL + address
	}
	return address
}

// otherLanguage is the link to the same page in another language.
type otherLanguage struct {
	Lang, Name, URL, Absolute string
}

var languageNames = map[string]string{"vi": "Tiếng Việt", "en": "English"}

func (s Site) others(lang string) []otherLanguage {
	var out []otherLanguage
	for _, l := range Languages {
		if l != lang {
			out = append(out, otherLanguage{l, languageNames[l], s.path(l), s.in(l)})
		}
	}
	return out
}

// open facets show their values at once: those in use, and the two by which
// people look first.
func (f Facet) open() bool {
	for _, v := range f.Values {
		if v.Chosen {
			return true
		}
	}
	return f.Name == "theme" || f.Name == "org"
}

func (t Table) suppressed() bool {
	for _, row := range t.First {
		for _, c := range row {
			if c.Suppressed {
				return true
			}
		}
	}
	return false
}

func countColumns(tables []Table) int {
	n := 0
	for _, t := range tables {
		n += len(t.Columns)
	}
	return n
}

// buttons is how many files stand beside the title; all are in the list of files.
const buttons = 3

// downloads are the files beside the title: the first formats of a single
// table, or the first format of each of several.
func downloads(files []File, tables []Table) []File {
	if len(tables) < 2 {
		return files[:min(buttons, len(files))]
	}
	var out []File
	for _, f := range files {
		if f.Format == files[0].Format && len(out) < buttons {
			out = append(out, f)
		}
	}
	return out
}

// previewView is the I-th table of version N.
type previewView struct {
	Table
	I, N int
}

// cellView is a cell with the classes of its place in the table.
type cellView struct {
	Cell
	Class string
}

// geometryLetters are shown of a geometry: its kind and where it begins. All of
// it is in the file.
const geometryLetters = 60

func newCellView(columns []Column, i int, c Cell) cellView {
	var class []string
	if i < len(columns) && columns[i].Numeric() {
		class = append(class, "r")
	}
	if i < len(columns) && columns[i].Type == "geometry" && len(c.Text) > geometryLetters {
		c.Text = cut(c.Text, geometryLetters) + "…"
	}
	if c.Suppressed {
		class = append(class, "shade-cell")
	} else if utf8.RuneCountInString(c.Text) > 36 {
		class = append(class, "long")
	}
	return cellView{c, strings.Join(class, " ")}
}

// held says whether privacy kept anything back.
func (p Privacy) held() bool {
	return len(p.LeftOut) > 0 || len(p.Treated) > 0 || p.Suppressed > 0 || p.Held > 0
}

// leftOut counts the columns that stayed behind.
func (p Privacy) leftOut() int {
	n := 0
	for _, l := range p.LeftOut {
		n += l.N
	}
	return n
}

func parquet(files []File) *File {
	for i, f := range files {
		if strings.HasSuffix(f.Name, ".parquet") {
			return &files[i]
		}
	}
	return nil
}

// treatments in the order in which the page about the rule explains them:
// words under "treatment" and "treats" in lang/*.json.
var treatments = []string{"drop", "generalise", "round", "redact", "keep"}

// address is a line of the page for developers.
type address struct {
	Path string
	Link string // where the address itself can be opened
	Key  string // what it answers, in lang/*.json
}

var addresses = []address{
	{"/api/v1/search?q=", "/api/v1/search?q=", "dev.a-search"},
	{"/api/v1/datasets", "/api/v1/datasets", "dev.a-datasets"},
	{"/api/v1/datasets/{slug}", "", "dev.a-dataset"},
	{"/api/v1/datasets/{slug}/versions", "", "dev.a-versions"},
	{"/api/v1/datasets/{slug}/diff?from={n}&to={n}", "", "dev.a-difference"},
	{"/api/v1/organizations", "/api/v1/organizations", "dev.a-organizations"},
	{"/api/v1/changes?after=", "/api/v1/changes", "dev.a-changes"},
	{"/datasets/{slug}/latest/{file}", "", "dev.a-latest"},
	{"/datasets/{slug}/v/{n}/{file}", "", "dev.a-version"},
	{"/datasets/{slug}/download/{format}", "", "dev.a-download"},
	{"/codes/{list}.csv", "/codes.json", "dev.a-codes"},
	{"/catalog", "/catalog.ttl", "dev.a-turtle"},
	{"/dataset/{id}", "", "dev.a-description"},
	{"/data.json", "/data.json", "dev.a-datajson"},
	{"/feeds/dataset.atom", "/feeds/dataset.atom", "dev.a-feed"},
	{"/datasets/{slug}/versions.atom", "", "dev.a-versionsfeed"},
}

// uploadAddresses are those of agencies, with a token.
var uploadAddresses = []address{
	{"PUT /api/v1/datasets/{slug}", "", "dev.u-dataset"},
	{"POST /api/v1/uploads", "", "dev.u-begin"},
	{"PUT /api/v1/uploads/{id}/content", "", "dev.u-content"},
	{"PATCH /api/v1/tus/{id}", "", "dev.u-tus"},
	{"GET /api/v1/uploads/{id}", "", "dev.u-state"},
	{"GET /api/v1/uploads/{id}/events", "", "dev.u-events"},
	{"GET /api/v1/reviews/{id}", "", "dev.u-review"},
	{"PUT /api/v1/reviews/{id}/plan", "", "dev.u-plan"},
	{"POST /api/v1/reviews/{id}/approve", "", "dev.u-approve"},
}

// searchBox is the form at the top of the search, with what it carries along.
type searchBox struct {
	Q    string
	Keep []hidden
}

type hidden struct{ Name, Value string }

// newSearchBox keeps the filters of the search for the next one, but not the
// page: another question begins at its first answer.
func newSearchBox(p SearchPage) searchBox {
	b := searchBox{Q: p.Q}
	v, err := url.ParseQuery(p.Site.Query)
	if err != nil {
		return b
	}
	for _, name := range slices.Sorted(maps.Keys(v)) {
		if name == "q" || name == "page" || name == "sort" || v.Get(name) == "" {
			continue
		}
		b.Keep = append(b.Keep, hidden{name, v.Get(name)})
	}
	return b
}

// facet is the address of this search with one filter set, or without it where
// it is set already.
func (s Site) facet(lang, name, value string) string {
	v, err := url.ParseQuery(s.Query)
	if err != nil {
		v = url.Values{}
	}
	if v.Get(name) == value {
		v.Del(name)
	} else {
		v.Set(name, value)
	}
	v.Del("page")
	address := Path(lang, "/datasets")
	if len(v) > 0 {
		address += "?" + v.Encode()
	}
	return address
}

// without leaves an address out that stands beside the contact already.
func (c Contact) without(address string) Contact {
	if c.URL == address {
		c.URL = ""
	}
	return c
}
