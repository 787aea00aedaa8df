package api

import (
	"math"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"daylight/catalog"
	"daylight/catalog/codes"
	"daylight/datasets"
	"daylight/privacy"
	"daylight/templates"
)

// previewRows is how many rows a dataset's page shows.
const previewRows = 12

func (s *server) datasetPage(c *fiber.Ctx) (any, error) {
	d := datasetOf(c)
	if moved(c, d) {
		return nil, nil
	}
	if d.Withheld != nil {
		return s.heldPage(c, d)
	}
	agency, err := s.Catalog.Agency(c.UserContext(), string(d.Agency))
	if err != nil {
		return nil, err
	}
	p, err := s.datasetView(c, d, d.Release)
	if err != nil {
		return nil, err
	}
	if p.Structured, err = s.structured(c, d, agency); err != nil {
		return nil, err
	}
	s.signpost(c, d, agency)
	return p, nil
}

func (s *server) versionPage(c *fiber.Ctx) (any, error) {
	d, r := datasetOf(c), releaseOf(c)
	if moved(c, d) {
		return nil, nil
	}
	p, err := s.datasetView(c, d, r)
	if err != nil {
		return nil, err
	}
	lang := language(c)
	return templates.VersionPage{DatasetPage: p, Latest: versionView(d, d.Release, lang)}, nil
}

// datasetView tells all there is to tell of one release of a dataset.
func (s *server) datasetView(c *fiber.Ctx, d *catalog.Dataset, r *catalog.Release) (templates.DatasetPage, error) {
	lang := language(c)
	p := templates.DatasetPage{
		Site: s.site(c, templates.NavDatasets), Slug: d.Slug,
		Title: text(d.Title, lang), Description: text(d.Description, lang),
		Theme: themeLink(d, lang), Place: placeLink(d, lang), Period: period(d.From, d.To, lang),
		Licence: s.licence(d, lang), Freshness: templates.FreshnessOf(d.Frequency, d.Release.Published, s.Now()),
		Issued: d.Issued, Version: versionView(d, r, lang), Rows: r.Rows,
		Privacy: privacyView(r.Privacy),
	}
	agency, err := s.Catalog.Agency(c.UserContext(), string(d.Agency))
	if err != nil {
		return p, err
	}
	p.Agency = agencyLink(agency, lang)
	p.Contact = contactView(agency, lang)
	for _, code := range d.LifeEvents {
		if e, ok := codes.LifeEvents.Get(code); ok {
			p.Events = append(p.Events, templates.Link{Text: templates.T(e.Label(lang)), URL: link(lang, "/datasets") + "?life_event=" + code})
		}
	}
	for _, w := range d.Keywords[lang] {
		p.Keywords = append(p.Keywords, templates.Link{Text: templates.T(w), URL: link(lang, "/datasets") + "?q=" + escapeQuery(w)})
	}
	if r.Withdrawn == nil {
		p.Files = s.fileViews(d, r)
		if p.Tables, err = s.tableViews(c, r); err != nil {
			return p, err
		}
	}
	all, err := s.Catalog.Releases(c.UserContext(), d.ID)
	if err != nil {
		return p, err
	}
	for i := range all {
		p.Versions = append(p.Versions, versionView(d, &all[i], lang))
	}
	if err := s.withChanges(c, d, all, p.Versions, lang); err != nil {
		return p, err
	}
	if p.Change, err = s.change(c, d, r, all, lang); err != nil {
		return p, err
	}
	p.Alternates = machineForms(d, lang)
	return p, nil
}

func versionView(d *catalog.Dataset, r *catalog.Release, lang string) templates.Version {
	v := templates.Version{N: r.N, Date: r.Published, Rows: r.Rows, Note: text(r.Note, lang),
		URL: link(lang, "/datasets/"+d.Slug+"/v/"+itoa(r.N))}
	if r.Withdrawn != nil {
		v.Withdrawn, v.Reason = true, text(r.Withdrawn.Reason, lang)
	}
	return v
}

func (s *server) fileViews(d *catalog.Dataset, r *catalog.Release) []templates.File {
	var out []templates.File
	for _, f := range r.Files {
		at := "/datasets/" + d.Slug + "/v/" + itoa(r.N) + "/"
		v := templates.File{Name: f.Name, Format: formatName(f.Format), MediaType: f.MediaType, Size: f.Bytes, Rows: f.Rows, URL: at + f.Name, SHA256: f.Ref.String()}
		if stem, ok := strings.CutSuffix(f.Name, ".csv"); ok {
			v.Schema = at + stem + schemaEnding
		}
		out = append(out, v)
	}
	return out
}

// formatName is how people write the name of a format.
func formatName(format string) string {
	switch format {
	case "csv":
		return "CSV"
	case "parquet":
		return "Parquet"
	case "arrow":
		return "Arrow"
	case "geojson":
		return "GeoJSON"
	case "json":
		return "JSON"
	case "jsonl":
		return "JSON Lines"
	}
	return format
}

// tableViews shows every table of a release with its first rows. The order of
// the tables is that of their privacy statements.
func (s *server) tableViews(c *fiber.Ctx, r *catalog.Release) ([]templates.Table, error) {
	var out []templates.Table
	for i, t := range r.Tables {
		var statements []privacy.Statement
		if i < len(r.Privacy) {
			statements = r.Privacy[i : i+1]
		}
		v := templates.Table{Name: t.Name, Rows: t.Rows, Columns: columnViews(t, statements)}
		for _, f := range r.Files {
			if f.Format != "csv" || f.Table != t.Name {
				continue
			}
			_, rows, err := s.Library.Rows(c.UserContext(), f.Ref, f.Format, 0, previewRows)
			if err != nil {
				return nil, err
			}
			v.First = cellViews(rows, v.Columns)
		}
		out = append(out, v)
	}
	return out, nil
}

func cellViews(rows [][]datasets.Cell, columns []templates.Column) [][]templates.Cell {
	var out [][]templates.Cell
	for _, row := range rows {
		cells := make([]templates.Cell, len(row))
		for i, cell := range row {
			cells[i] = templates.Cell{Text: cell.Text, Null: cell.Null, Suppressed: i < len(columns) && columns[i].Treatment != "" && cell.Text == privacy.Suppressed}
		}
		out = append(out, cells)
	}
	return out
}

func columnViews(t datasets.TableInfo, statements []privacy.Statement) []templates.Column {
	var out []templates.Column
	for _, col := range t.Columns {
		v := templates.Column{Key: col.Key, Label: templates.T(col.Label), Type: col.Type, Unit: col.Unit,
			Rows: t.Rows, Nulls: col.Nulls, Distinct: col.Distinct, Min: col.Min, Max: col.Max}
		if col.CRS != "" && col.CRS != privacy.CRS84 {
			v.System = col.CRS
		} else if n := len(col.Bounds); n >= 4 { // with heights between them: six
			for _, degrees := range []float64{col.Bounds[0], col.Bounds[1], col.Bounds[n/2], col.Bounds[n/2+1]} {
				v.Bounds = append(v.Bounds, strconv.FormatFloat(math.Round(degrees*1000)/1000, 'f', -1, 64))
			}
		}
		for _, n := range col.Histogram {
			v.Bars = append(v.Bars, float64(n))
		}
		if len(v.Bars) == 0 {
			v.Frequent = true
			for _, top := range col.Top {
				v.Bars = append(v.Bars, float64(top.N))
			}
		}
		v.Treatment = treatmentOf(statements, col.Key)
		out = append(out, v)
	}
	return out
}

func themeLink(d *catalog.Dataset, lang string) templates.Link {
	if len(d.Themes) == 0 {
		return templates.Link{}
	}
	return themeByCode(d.Themes[0], lang)
}

func themeByCode(code, lang string) templates.Link {
	t, ok := codes.Themes.Get(code)
	if !ok {
		return templates.Link{}
	}
	return templates.Link{Text: templates.T(t.Label(lang)), URL: link(lang, "/datasets") + "?theme=" + code}
}

func placeText(d *catalog.Dataset, lang string) templates.Text {
	if len(d.Places) == 0 {
		return templates.Text{}
	}
	p, ok := codes.PlaceOf(d.Places[0])
	if !ok {
		return templates.Text{}
	}
	return templates.T(p.Label(lang))
}

// placeLink leads from a place to the page of its code, which says what it was
// made of and finds its datasets.
func placeLink(d *catalog.Dataset, lang string) templates.Link {
	out := templates.Link{Text: placeText(d, lang)}
	if len(d.Places) == 0 {
		return out
	}
	for _, list := range []string{"administrative-units", "places"} {
		if address, ok := conceptAddress(list, d.Places[0]); ok {
			out.URL = link(lang, address)
		}
	}
	return out
}

func (s *server) licence(d *catalog.Dataset, lang string) templates.Licence {
	l, ok := codes.Licences.Get(d.Licence)
	if !ok {
		return templates.Licence{Code: d.Licence, Name: d.Licence}
	}
	address := l.IRI
	if strings.HasPrefix(address, "/") { // explained by a page of ours
		address = link(lang, address)
	}
	return templates.Licence{Code: l.Code, Name: l.Label(lang), URL: address}
}

func agencyLink(a *catalog.Agency, lang string) templates.Link {
	return templates.Link{Text: text(a.Name, lang), URL: link(lang, "/organizations/"+a.Slug)}
}

func contactView(a *catalog.Agency, lang string) templates.Contact {
	return templates.Contact{Post: text(a.Contact.Name, lang), Email: a.Contact.Email, Phone: a.Contact.Phone, URL: a.Homepage}
}
