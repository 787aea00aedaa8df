package api

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"daylight/catalog"
	"daylight/privacy"
	"daylight/templates"
)

// How a file is read, as the review page's form holds it. The first option of
// each list is "as found". What the form has no field for (sheets, tables,
// comments, a map's system) stays as it was said.
var readPicks = []struct {
	name    string
	options []string
	field   func(*privacy.Reading) *string
}{
	{"encoding", []string{"", "utf-8", "utf-16le", "utf-16be", "windows-1252", "windows-1258", "tcvn3", "tcvn5712", "viscii", "vni", "cp932", "big5", "gb18030", "euc-kr"}, func(r *privacy.Reading) *string { return &r.Encoding }},
	{"delimiter", []string{"", ",", ";", "tab", "|", "none"}, func(r *privacy.Reading) *string { return &r.Delimiter }},
	{"quote", []string{"", `"`, "'", "none"}, func(r *privacy.Reading) *string { return &r.Quote }},
	{"ragged", []string{"", "repair", "report", "refuse"}, func(r *privacy.Reading) *string { return &r.Ragged }},
	{"locale", []string{"", "vi", "en-GB", "en-US", "de", "fr"}, func(r *privacy.Reading) *string { return &r.Locale }},
}

var (
	readTypes   = []string{"", "text", "integer", "decimal", "float", "date", "timestamp", "boolean"}
	readOnError = []string{"", "text", "report", "refuse"}
	// readNumbers are shown as a number that is written so.
	readNumbers = []struct{ shown, thousands, decimal string }{
		{"", "", ""}, {"1.234,5", ".", ","}, {"1,234.5", ",", "."}, {"1 234,5", " ", ","}, {"1 234.5", " ", "."}, {"1'234.5", "'", "."}, {"1234,5", "", ","}, {"1234.5", "", "."},
	}
)

// readable walks the columns that a read block can name, each once: one whose
// header is held has no name that can be told.
func readable(r catalog.Review, each func(id string, c catalog.ReviewColumn)) {
	met := map[string]bool{}
	for i, t := range r.Tables {
		for j, c := range t.Columns {
			if !met[c.Key] && !strings.Contains(c.Key, " ") {
				met[c.Key] = true
				each(fmt.Sprintf("r%dc%d", i, j), c)
			}
		}
	}
}

// pinned finds what is said of a column, and by which name; its key if nothing is.
func pinned(read privacy.Reading, c catalog.ReviewColumn) (string, privacy.ReadColumn) {
	if p, ok := read.Columns[c.Key]; ok {
		return c.Key, p
	}
	for name, p := range read.Columns {
		if strings.EqualFold(strings.Join(strings.Fields(name), " "), strings.Join(strings.Fields(c.Label), " ")) {
			return name, p
		}
	}
	return c.Key, privacy.ReadColumn{}
}

// readingForm fills the form of the page.
func readingForm(r catalog.Review) *templates.ReviewRead {
	var read privacy.Reading
	if r.Reading != nil {
		read = *r.Reading
	}
	out := &templates.ReviewRead{}
	for _, p := range readPicks {
		pick := templates.ReviewPick{Name: p.name, Value: *p.field(&read), Options: p.options}
		if pick.Value == "\t" || pick.Value == `\t` {
			pick.Value = "tab"
		}
		if !slices.Contains(pick.Options, pick.Value) {
			pick.Options = append(slices.Clone(pick.Options), pick.Value)
		}
		out.Pinned = out.Pinned || pick.Value != ""
		out.Picks = append(out.Picks, pick)
	}
	var rows []string
	for _, n := range read.HeaderRows {
		rows = append(rows, strconv.Itoa(n))
	}
	out.HeaderRows = strings.Join(rows, ", ")
	out.Pinned = out.Pinned || len(rows) > 0 || len(read.Columns) > 0
	readable(r, func(id string, c catalog.ReviewColumn) {
		_, p := pinned(read, c)
		col := templates.ReviewReadColumn{ID: id, Label: c.Label, Type: p.Type, Format: p.Format, Nulls: strings.Join(p.Nulls, " | "), Trim: p.Trim, OnError: p.OnError, Types: readTypes, OnErrors: readOnError}
		other := true
		for _, n := range readNumbers {
			col.NumberForms = append(col.NumberForms, n.shown)
			if n.thousands == p.Thousands && n.decimal == p.Decimal {
				col.Numbers, other = n.shown, false
			}
		}
		if other {
			col.Numbers = "plan"
			col.NumberForms = append(col.NumberForms, "plan")
		}
		out.Columns = append(out.Columns, col)
	})
	return out
}

// takenReading makes what was sent into a read block. Whether it can be meant
// is for the inbox to say.
func takenReading(r catalog.Review, v url.Values) (*privacy.Reading, error) {
	var read privacy.Reading
	if r.Reading != nil {
		read = *r.Reading
	}
	for _, p := range readPicks {
		*p.field(&read) = v.Get("r." + p.name)
	}
	read.HeaderRows = nil
	for _, s := range strings.FieldsFunc(v.Get("r.header_rows"), func(c rune) bool { return c == ',' || c == ' ' || c == ';' }) {
		n, err := strconv.Atoi(s)
		if err != nil {
			return nil, fmt.Errorf("%w: rows of the header are numbers", catalog.ErrPlan)
		}
		read.HeaderRows = append(read.HeaderRows, n)
	}
	columns := maps.Clone(read.Columns)
	if columns == nil {
		columns = map[string]privacy.ReadColumn{}
	}
	readable(r, func(id string, c catalog.ReviewColumn) {
		at := func(name string) string { return strings.TrimSpace(v.Get(id + "." + name)) }
		name, p := pinned(read, c)
		p.Type, p.Format, p.OnError, p.Trim = at("type"), at("format"), at("on_error"), at("trim") != ""
		p.Nulls = nil
		for _, n := range strings.Split(at("nulls"), "|") {
			if n = strings.TrimSpace(n); n != "" {
				p.Nulls = append(p.Nulls, n)
			}
		}
		for _, n := range readNumbers {
			if at("numbers") == n.shown {
				p.Thousands, p.Decimal = n.thousands, n.decimal
			}
		}
		if p.Type == "" && p.Format == "" && p.Thousands == "" && p.Decimal == "" && p.OnError == "" && !p.Trim && p.Nulls == nil && p.Key == "" {
			delete(columns, name)
			return
		}
		columns[name] = p
	})
	read.Columns = nil
	if len(columns) > 0 {
		read.Columns = columns
	}
	return &read, nil
}
