// Package inventory is the catalogue as a table: one row a dataset, out as CSV,
// edited in a spreadsheet, back in as a difference that is looked at before
// anything changes. It reads and compares; what a row means for the portal's
// databases is decided where they are (package ingest).
package inventory

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"daylight/catalog"
)

// States of a row.
const (
	Draft     = "draft"
	Published = "published"
	Withheld  = "withheld"
)

// between stands between the entries of a list in one cell.
const between = "|"

// A Row is a dataset as it stands in the table. The columns and their order are
// a contract; new ones come at the end. Those after "locale" are the portal's
// and are not read back.
type Row struct {
	ID            string `csv:"id" json:"id"`
	Slug          string `csv:"slug" json:"slug"`
	Organization  string `csv:"organization" json:"organization"` // slug of the agency
	TitleVI       string `csv:"title_vi" json:"title_vi"`
	TitleEN       string `csv:"title_en" json:"title_en"`
	DescriptionVI string `csv:"description_vi" json:"description_vi"`
	DescriptionEN string `csv:"description_en" json:"description_en"`
	KeywordsVI    string `csv:"keywords_vi" json:"keywords_vi"` // lists: "a | b"
	KeywordsEN    string `csv:"keywords_en" json:"keywords_en"`
	Themes        string `csv:"themes" json:"themes"`
	Places        string `csv:"places" json:"places"`
	From          string `csv:"from" json:"from"`
	To            string `csv:"to" json:"to"`
	Frequency     string `csv:"frequency" json:"frequency"`
	Languages     string `csv:"languages" json:"languages"`
	Licence       string `csv:"licence" json:"licence"`
	Source        string `csv:"source" json:"source"`
	LifeEvents    string `csv:"life_events" json:"life_events"`
	Synthetic     string `csv:"synthetic" json:"synthetic"` // true, false
	Locale        string `csv:"locale" json:"locale"`

	State    string `csv:"state" json:"state"`
	Version  string `csv:"version" json:"version"`
	Rows     string `csv:"rows" json:"rows"`
	Issued   string `csv:"issued" json:"issued"`
	Modified string `csv:"modified" json:"modified"`
	URL      string `csv:"url" json:"url"`
}

// RowOf is the row of a dataset; base is the public address of the portal.
func RowOf(d *catalog.Dataset, organization, base string) Row {
	r := words(d)
	r.Organization, r.State = organization, Draft
	switch {
	case d.Release != nil:
		r.State, r.Version, r.Rows = Published, strconv.Itoa(d.Release.N), strconv.FormatInt(d.Release.Rows, 10)
		r.Issued = moment(d.Issued)
	case d.Withheld != nil:
		r.State = Withheld
	}
	if r.State != Draft {
		r.Modified, r.URL = moment(d.Modified), base+"/datasets/"+d.Slug
	}
	return r
}

// words are the columns that an agency writes.
func words(d *catalog.Dataset) Row {
	return Row{
		ID: string(d.ID), Slug: d.Slug,
		TitleVI: d.Title["vi"], TitleEN: d.Title["en"], DescriptionVI: d.Description["vi"], DescriptionEN: d.Description["en"],
		KeywordsVI: join(d.Keywords["vi"]), KeywordsEN: join(d.Keywords["en"]), Themes: join(d.Themes), Places: join(d.Places),
		From: d.From, To: d.To, Frequency: d.Frequency, Languages: join(d.Languages), Licence: d.Licence, Source: d.Source,
		LifeEvents: join(d.LifeEvents), Synthetic: strconv.FormatBool(d.Synthetic), Locale: d.Locale,
	}
}

func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

func join(list []string) string { return strings.Join(list, " "+between+" ") }

func split(cell string) []string {
	var out []string
	for _, s := range strings.Split(cell, between) {
		if s = strings.TrimSpace(s); s != "" {
			out = append(out, s)
		}
	}
	return out
}

// A column is one that an agency writes, with where it stands in a row.
type column struct {
	name  string
	field string // of a catalog.Problem
	of    func(*Row) *string
}

// columns are those that are read back, but for id, slug and organization,
// which say whose row it is.
var columns = []column{
	{"title_vi", "title.vi", func(r *Row) *string { return &r.TitleVI }},
	{"title_en", "title.en", func(r *Row) *string { return &r.TitleEN }},
	{"description_vi", "description.vi", func(r *Row) *string { return &r.DescriptionVI }},
	{"description_en", "description.en", func(r *Row) *string { return &r.DescriptionEN }},
	{"keywords_vi", "keywords.vi", func(r *Row) *string { return &r.KeywordsVI }},
	{"keywords_en", "keywords.en", func(r *Row) *string { return &r.KeywordsEN }},
	{"themes", "themes", func(r *Row) *string { return &r.Themes }},
	{"places", "places", func(r *Row) *string { return &r.Places }},
	{"from", "from", func(r *Row) *string { return &r.From }},
	{"to", "to", func(r *Row) *string { return &r.To }},
	{"frequency", "frequency", func(r *Row) *string { return &r.Frequency }},
	{"languages", "languages", func(r *Row) *string { return &r.Languages }},
	{"licence", "licence", func(r *Row) *string { return &r.Licence }},
	{"source", "source", func(r *Row) *string { return &r.Source }},
	{"life_events", "life_events", func(r *Row) *string { return &r.LifeEvents }},
	{"synthetic", "synthetic", func(r *Row) *string { return &r.Synthetic }},
	{"locale", "locale", func(r *Row) *string { return &r.Locale }},
}

// ours are the columns that are not read back, and those that say whose row it
// is.
var ours = []string{"id", "slug", "organization", "state", "version", "rows", "issued", "modified", "url"}

// Columns are the names of all columns, in their order.
func Columns() []string {
	out := slices.Clone(ours[:3])
	for _, c := range columns {
		out = append(out, c.name)
	}
	return append(out, ours[3:]...)
}
