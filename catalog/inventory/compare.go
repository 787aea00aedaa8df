package inventory

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"daylight/catalog"
)

// What becomes of a row.
const (
	Unchanged = "unchanged"
	Changed   = "changed"
	New       = "new"
	Problem   = "problem"
)

// A Preview is what a table would change, against a state.
type Preview struct {
	Digest    string   `json:"digest"` // of the difference and the state it was made against
	Applied   bool     `json:"applied"`
	Stale     bool     `json:"stale,omitempty"` // the state is another than that of the digest which was sent
	Total     int      `json:"rows"`
	Unchanged int      `json:"unchanged"`
	Changed   int      `json:"changed"`
	New       int      `json:"new"`
	Problems  int      `json:"problems"` // rows with a problem
	Public    int      `json:"public"`   // datasets of which the public sees something new
	Rows      []Result `json:"results"`  // those that are not unchanged, in the order of the table
}

// A Result is what becomes of one row.
type Result struct {
	Row      int               `json:"row"` // of the spreadsheet, from 1
	ID       catalog.DatasetID `json:"id,omitempty"`
	Slug     string            `json:"slug"`
	Title    catalog.Text      `json:"title"`
	What     string            `json:"what"`
	Public   bool              `json:"public,omitempty"` // the change is public at once
	Changes  []Change          `json:"changes,omitempty"`
	Problems []Fault           `json:"problems,omitempty"`
}

// A Change is one field that becomes different.
type Change struct {
	Field  string  `json:"field"`
	Before string  `json:"before"`          // what the public sees; of a draft, the draft
	Draft  *string `json:"draft,omitempty"` // what the draft of a public dataset says, where that is something else
	After  string  `json:"after"`
}

// A Fault is one problem of a row, in both languages of the portal once it is
// told.
type Fault struct {
	Field   string `json:"field,omitempty"`
	Code    string `json:"code"`
	Warning bool   `json:"warning,omitempty"`
	VI      string `json:"vi,omitempty"`
	EN      string `json:"en,omitempty"`
}

// A Standing is what there is of a row's dataset before. The zero Standing is
// nothing: the row is a new dataset.
type Standing struct {
	Draft    *catalog.Dataset
	Public   *catalog.Dataset // words that anyone may read; nil: none
	Problems []catalog.Problem
}

// Lookup finds what stands of a row's dataset: by id, else by slug; and the
// agency of the row. It gives problems for what is not the caller's.
type Lookup func(Row) (catalog.AgencyID, Standing, error)

// Compare makes the preview of a table, and the datasets that are to be
// written if nothing stands against it: drafts, and those of them whose words
// are public. New datasets have no id yet.
func (t *Table) Compare(find Lookup) (p Preview, drafts, public []catalog.Dataset, err error) {
	h := sha256.New()
	sum := json.NewEncoder(h)
	seen := map[string]bool{}
	p.Total = len(t.rows)
	for i, row := range t.rows {
		r := Result{Row: t.at[i]}
		if row.ID == "" && row.Slug == "" {
			row.Slug = catalog.Slug(catalog.Text{"vi": row.TitleVI, "en": row.TitleEN}.In("vi", "en"))
		}
		agency, st, err := find(row)
		if err != nil {
			return p, nil, nil, err
		}
		problems := slices.Clone(st.Problems)
		if t.short[i] {
			problems = append(problems, catalog.Problem{Code: "ragged", Detail: "the row has another number of cells than the header"})
		}
		var before *Row
		d := catalog.Dataset{Slug: row.Slug, Agency: agency}
		if st.Draft != nil {
			d = st.Draft.Words()
			was := words(st.Draft)
			before = &was
		}
		problems = append(problems, t.write(&d, row, before)...)
		d.Tidy()
		key := string(d.ID) + " " + d.Slug
		if seen[key] {
			problems = append(problems, catalog.Problem{Field: "slug", Code: "row-twice", Detail: "another row is about the same dataset"})
		}
		seen[key] = true
		if len(st.Problems) == 0 {
			problems = append(problems, checked(d)...)
		}
		after := words(&d)
		r.ID, r.Slug, r.Title = d.ID, d.Slug, d.Title
		r.Changes = changes(st, after)
		for _, q := range problems {
			r.Problems = append(r.Problems, Fault{Field: q.Field, Code: q.Code, Warning: q.Warning, EN: q.Detail})
		}
		var was, shown *catalog.Dataset
		if st.Draft != nil {
			w := st.Draft.Words()
			was = &w
		}
		if st.Public != nil {
			w := st.Public.Words()
			shown = &w
		}
		if err := sum.Encode([]any{r.Row, was, shown, d.Words(), r.Problems}); err != nil {
			return p, nil, nil, err
		}
		switch {
		case catalog.Refused(problems):
			r.What, r.Changes = Problem, nil
			p.Problems++
		case st.Draft == nil:
			r.What = New
			p.New++
			drafts = append(drafts, d)
		case len(r.Changes) > 0:
			r.What = Changed
			p.Changed++
			drafts = append(drafts, d)
			if st.Public != nil && !same(words(st.Public), after) {
				r.Public = true
				p.Public++
				public = append(public, d)
			}
		default:
			p.Unchanged++
			continue
		}
		p.Rows = append(p.Rows, r)
	}
	p.Digest = hex.EncodeToString(h.Sum(nil)[:16])
	return p, drafts, public, nil
}

// checked is what stands against a dataset, but for an id that a new one does
// not have yet.
func checked(d catalog.Dataset) []catalog.Problem {
	isNew := d.ID == ""
	return slices.DeleteFunc(d.Check(), func(p catalog.Problem) bool { return isNew && p.Field == "id" })
}

// changes are the fields in which what becomes is not what is.
func changes(st Standing, after Row) []Change {
	var draft, shown Row
	if st.Draft != nil {
		draft = words(st.Draft)
	}
	shown = draft
	if st.Public != nil {
		shown = words(st.Public)
	}
	var out []Change
	for _, c := range columns {
		before, pending, then := *c.of(&shown), *c.of(&draft), *c.of(&after)
		if st.Draft == nil && c.name == "synthetic" && then == "false" {
			continue
		}
		if before == then && pending == then {
			continue
		}
		one := Change{Field: c.name, Before: before, After: then}
		if pending != before {
			one.Draft = &pending
		}
		out = append(out, one)
	}
	return out
}

func same(a, b Row) bool { return a == b }

// write puts the cells of a row into a dataset. A column that the table does
// not have leaves the dataset as it is; an empty cell empties it.
func (t *Table) write(d *catalog.Dataset, row Row, before *Row) (problems []catalog.Problem) {
	refuse := func(field, code, detail string) {
		problems = append(problems, catalog.Problem{Field: field, Code: code, Detail: detail})
	}
	for _, c := range columns {
		if !t.has[c.name] {
			continue
		}
		cell, was := *c.of(&row), ""
		if before != nil {
			was = *c.of(before)
		}
		switch c.name {
		case "title_vi", "title_en":
			d.Title = with(d.Title, c.field[len("title."):], cell)
		case "description_vi", "description_en":
			d.Description = with(d.Description, c.field[len("description."):], cell)
		case "keywords_vi", "keywords_en":
			all := map[string][]string{}
			for lang, list := range d.Keywords {
				all[lang] = list
			}
			all[c.field[len("keywords."):]] = split(cell)
			d.Keywords = all
		case "themes":
			d.Themes = split(cell)
		case "places":
			d.Places = split(cell)
		case "languages":
			d.Languages = split(cell)
		case "life_events":
			d.LifeEvents = split(cell)
		case "from", "to":
			day, ok := readDay(cell, was)
			if !ok {
				refuse(c.field, "not-a-date", "a day as 2025-01-31; day and month of 01/02/2025 cannot be told apart")
			}
			if c.name == "from" {
				d.From = day
			} else {
				d.To = day
			}
		case "synthetic":
			switch strings.ToLower(cell) {
			case "true", "1", "yes", "có", "đúng":
				d.Synthetic = true
			case "", "false", "0", "no", "không", "sai":
				d.Synthetic = false
			default:
				refuse(c.field, "not-true-or-false", "true or false")
			}
		case "frequency":
			d.Frequency = cell
		case "licence":
			d.Licence = cell
		case "source":
			d.Source = cell
		case "locale":
			d.Locale = cell
		}
	}
	return problems
}

// with is the text with one language said otherwise; the others stay.
func with(t catalog.Text, lang, words string) catalog.Text {
	out := catalog.Text{}
	for l, w := range t {
		out[l] = w
	}
	out[lang] = words
	if words == "" {
		delete(out, lang)
	}
	return out
}

// readDay reads a day that a spreadsheet may have written its own way. One
// that can be read in two ways is believed only where one of them is what
// stood there: then nobody changed it.
func readDay(cell, was string) (string, bool) {
	if cell == "" {
		return "", true
	}
	for _, form := range []string{time.DateOnly, "2006/1/2"} {
		if day, err := time.Parse(form, cell); err == nil {
			return day.Format(time.DateOnly), true
		}
	}
	if clock, _, found := strings.Cut(cell, " "); found {
		cell = clock // "01/02/2026 00:00:00"
	}
	var ways []string
	for _, form := range []string{"2/1/2006", "1/2/2006", "2-1-2006", "1-2-2006"} {
		if day, err := time.Parse(form, cell); err == nil && !slices.Contains(ways, day.Format(time.DateOnly)) {
			ways = append(ways, day.Format(time.DateOnly))
		}
	}
	switch {
	case len(ways) == 1:
		return ways[0], true
	case slices.Contains(ways, was):
		return was, true
	}
	return cell, false
}
