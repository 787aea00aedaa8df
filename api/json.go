package api

import (
	"errors"
	"strconv"
	"time"

	"github.com/gofiber/fiber/v2"

	"daylight/catalog"
	"daylight/datasets"
	"daylight/privacy"
)

// The JSON API speaks of what is public and of nothing else. Texts are given in
// every language they have; the reader chooses.

type datasetAnswer struct {
	ID          catalog.DatasetID   `json:"id"`
	Slug        string              `json:"slug"`
	URL         string              `json:"url"`
	Title       catalog.Text        `json:"title"`
	Description catalog.Text        `json:"description"`
	Agency      agencyAnswer        `json:"organization"`
	Keywords    map[string][]string `json:"keywords"`
	Themes      []string            `json:"themes"`
	Places      []string            `json:"places"`
	From        string              `json:"from,omitempty"`
	To          string              `json:"to,omitempty"`
	Frequency   string              `json:"frequency"`
	Licence     string              `json:"licence"`
	Languages   []string            `json:"languages,omitempty"`
	Source      string              `json:"source,omitempty"`
	LifeEvents  []string            `json:"life_events,omitempty"`
	Synthetic   bool                `json:"synthetic,omitempty"`
	Issued      time.Time           `json:"issued"`
	Modified    time.Time           `json:"modified"`
	Version     *versionAnswer      `json:"version"`            // null where all of it is withheld
	Withheld    *withholdingAnswer  `json:"withheld,omitempty"` // why
}

type agencyAnswer struct {
	ID          catalog.AgencyID `json:"id"`
	Slug        string           `json:"slug"`
	URL         string           `json:"url"`
	Name        catalog.Text     `json:"name"`
	Description catalog.Text     `json:"description,omitempty"`
	Kind        string           `json:"kind,omitempty"`
	Contact     *catalog.Contact `json:"contact,omitempty"`
	Datasets    *int             `json:"datasets,omitempty"`
}

type versionAnswer struct {
	N         int                  `json:"n"`
	Published time.Time            `json:"published"`
	Rows      int64                `json:"rows"`
	Note      catalog.Text         `json:"note,omitempty"`
	URL       string               `json:"url"`
	Tables    []datasets.TableInfo `json:"tables,omitempty"`
	Files     []fileAnswer         `json:"files,omitempty"`
	Privacy   []privacy.Statement  `json:"privacy,omitempty"`
	Withdrawn *catalog.Withdrawal  `json:"withdrawn,omitempty"`
	Changes   *changesAnswer       `json:"changes,omitempty"` // in the list of versions
}

// changesAnswer says how many rows changed against the version before.
type changesAnswer struct {
	catalog.RowChanges
	URL string `json:"url"`
}

type fileAnswer struct {
	Name      string `json:"name"`
	Table     string `json:"table,omitempty"`
	Format    string `json:"format"`
	MediaType string `json:"media_type"`
	Bytes     int64  `json:"bytes"`
	Rows      int64  `json:"rows"`
	SHA256    string `json:"sha256"`
	URL       string `json:"url"`
	Latest    string `json:"latest_url"`
}

func (s *server) agencyAnswer(a *catalog.Agency) agencyAnswer {
	if a == nil {
		return agencyAnswer{}
	}
	return agencyAnswer{ID: a.ID, Slug: a.Slug, URL: s.Site.BaseURL + "/organizations/" + a.Slug, Name: a.Name}
}

func (s *server) datasetAnswer(d *catalog.Dataset, a *catalog.Agency) datasetAnswer {
	return datasetAnswer{ID: d.ID, Slug: d.Slug, URL: s.Site.BaseURL + "/datasets/" + d.Slug, Title: d.Title, Description: d.Description,
		Agency: s.agencyAnswer(a), Keywords: d.Keywords, Themes: d.Themes, Places: d.Places, From: d.From, To: d.To,
		Frequency: d.Frequency, Licence: d.Licence, Languages: d.Languages, Source: d.Source, LifeEvents: d.LifeEvents, Synthetic: d.Synthetic,
		Issued: d.Issued, Modified: d.Modified, Version: s.versionAnswer(d, d.Release), Withheld: s.withholdingAnswer(d.Withheld)}
}

// short leaves out what the dataset's own address has.
func (a *datasetAnswer) short() {
	if a.Version != nil {
		a.Version.Tables, a.Version.Privacy = nil, nil
	}
}

func (s *server) versionAnswer(d *catalog.Dataset, r *catalog.Release) *versionAnswer {
	if r == nil {
		return nil
	}
	v := &versionAnswer{N: r.N, Published: r.Published, Rows: r.Rows, Note: r.Note,
		URL: s.Site.BaseURL + "/datasets/" + d.Slug + "/v/" + strconv.Itoa(r.N), Withdrawn: r.Withdrawn}
	if r.Withdrawn != nil {
		return v // of a withdrawn release only the reason is told
	}
	v.Tables, v.Privacy = r.Tables, r.Privacy
	for _, f := range r.Files {
		v.Files = append(v.Files, fileAnswer{Name: f.Name, Table: f.Table, Format: f.Format, MediaType: f.MediaType, Bytes: f.Bytes, Rows: f.Rows,
			SHA256: f.Ref.String(), URL: s.fileURL(d, r.N, f.Name), Latest: s.Site.BaseURL + "/datasets/" + d.Slug + "/latest/" + f.Name})
	}
	return v
}

// answer writes JSON of public things.
func answer(c *fiber.Ctx, v any) error {
	if callerOf(c).User == "" {
		c.Set(fiber.HeaderCacheControl, "public, max-age=30")
	}
	return c.JSON(v)
}

func (s *server) searchJSON(c *fiber.Ctx) error {
	q, n, err := s.query(c)
	if err != nil {
		return err
	}
	if q.Lang = c.Query("lang"); q.Lang == "" {
		q.Lang = "vi"
	}
	if q.From+q.Size > maxFrom {
		return badParameter("page")
	}
	found, err := s.Index.Find(c.UserContext(), q)
	if err != nil {
		return searchFailure(err)
	}
	agencies, err := s.agencyMap(c)
	if err != nil {
		return err
	}
	type result struct {
		datasetAnswer
		Score float64 `json:"score"`
	}
	out := struct {
		Total   int                       `json:"total"`
		Page    int                       `json:"page"`
		Size    int                       `json:"size"`
		Stale   bool                      `json:"stale,omitempty"` // the index is being made anew
		Results []result                  `json:"results"`
		Facets  map[string]map[string]int `json:"facets"`
	}{Total: found.Total, Page: n, Size: q.Size, Stale: found.Stale, Results: []result{}, Facets: map[string]map[string]int{}}
	for _, hit := range found.Hits {
		d, err := s.Catalog.Dataset(c.UserContext(), string(hit.Dataset))
		if errors.Is(err, catalog.ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		one := result{s.datasetAnswer(d, agencies[d.Agency]), hit.Score}
		one.short()
		out.Results = append(out.Results, one)
	}
	for _, f := range found.Facets {
		values := map[string]int{}
		for _, v := range f.Values {
			values[v.Value] = v.N
		}
		name := f.Name
		if name == "agency" {
			name = "org"
		}
		out.Facets[name] = values
	}
	return answer(c, out)
}

// datasetsJSON walks the catalogue in the order of ids, so that a dataset
// published meanwhile shifts none out of sight.
func (s *server) datasetsJSON(c *fiber.Ctx) error {
	limit, err := count(c, "limit", 100, 1000)
	if err != nil {
		return err
	}
	after := c.Query("after")
	if after != "" && !uuid.MatchString(after) {
		return badParameter("after")
	}
	var agency catalog.AgencyID
	if slug := c.Query("org"); slug != "" {
		a, err := s.Catalog.Agency(c.UserContext(), slug)
		if errors.Is(err, catalog.ErrNotFound) {
			return badParameter("org")
		}
		if err != nil {
			return err
		}
		agency = a.ID
	}
	page, err := s.Catalog.Page(c.UserContext(), agency, catalog.DatasetID(after), limit+1)
	if err != nil {
		return err
	}
	agencies, err := s.agencyMap(c)
	if err != nil {
		return err
	}
	out := struct {
		Datasets []datasetAnswer `json:"datasets"`
		Next     string          `json:"next,omitempty"`
	}{Datasets: []datasetAnswer{}}
	for i, d := range page {
		if i == limit {
			q := "?after=" + string(page[i-1].ID) + "&limit=" + strconv.Itoa(limit)
			if c.Query("org") != "" {
				q += "&org=" + escapeQuery(c.Query("org"))
			}
			out.Next = s.Site.BaseURL + "/api/v1/datasets" + q
			c.Append(fiber.HeaderLink, "<"+out.Next+`>; rel="next"`)
			break
		}
		one := s.datasetAnswer(d, agencies[d.Agency])
		one.short()
		out.Datasets = append(out.Datasets, one)
	}
	return answer(c, out)
}

func count(c *fiber.Ctx, name string, usual, most int) (int, error) {
	v := c.Query(name)
	if v == "" {
		return usual, nil
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < 1 || n > most {
		return 0, badParameter(name)
	}
	return n, nil
}

func (s *server) datasetJSON(c *fiber.Ctx) error {
	d := datasetOf(c)
	a, err := s.Catalog.Agency(c.UserContext(), string(d.Agency))
	if err != nil {
		return err
	}
	one := s.datasetAnswer(d, a)
	one.Agency.Contact = &a.Contact
	return answer(c, one)
}

func (s *server) versionsJSON(c *fiber.Ctx) error {
	d := datasetOf(c)
	all, err := s.Catalog.Releases(c.UserContext(), d.ID)
	if err != nil {
		return err
	}
	out := struct {
		Versions []*versionAnswer `json:"versions"`
	}{Versions: []*versionAnswer{}}
	counted, err := s.Catalog.RowChanges(c.UserContext(), d.ID)
	if err != nil {
		return err
	}
	for i := range all {
		v := s.versionAnswer(d, &all[i])
		v.Tables, v.Privacy = nil, nil
		if n, ok := counted[all[i].N]; ok {
			v.Changes = &changesAnswer{n, s.Site.BaseURL + "/api/v1" + differenceAddress(d, "", n.From, all[i].N, "")}
		}
		out.Versions = append(out.Versions, v)
	}
	return answer(c, out)
}

func (s *server) agenciesJSON(c *fiber.Ctx) error {
	list, err := s.Catalog.Agencies(c.UserContext())
	if err != nil {
		return err
	}
	out := struct {
		Agencies []agencyAnswer `json:"organizations"`
	}{Agencies: []agencyAnswer{}}
	for i := range list {
		a := s.agencyAnswer(&list[i].Agency)
		a.Description, a.Kind, a.Contact, a.Datasets = list[i].Description, list[i].Kind, &list[i].Contact, &list[i].Datasets
		out.Agencies = append(out.Agencies, a)
	}
	return answer(c, out)
}

// changesJSON is what replicas and harvesters follow.
func (s *server) changesJSON(c *fiber.Ctx) error {
	limit, err := count(c, "limit", 100, 1000)
	if err != nil {
		return err
	}
	after := int64(0)
	if v := c.Query("after"); v != "" {
		if after, err = strconv.ParseInt(v, 10, 64); err != nil || after < 0 {
			return badParameter("after")
		}
	}
	type change struct {
		ID      int64             `json:"id"`
		At      time.Time         `json:"at"`
		Kind    string            `json:"kind"`
		Dataset catalog.DatasetID `json:"dataset,omitempty"`
		Version int               `json:"version,omitempty"`
	}
	out := struct {
		Changes []change `json:"changes"`
		Next    string   `json:"next,omitempty"`
	}{Changes: []change{}}
	for ch, err := range s.Catalog.Changes(c.UserContext(), after) {
		if err != nil {
			return err
		}
		if len(out.Changes) == limit {
			out.Next = s.Site.BaseURL + "/api/v1/changes?after=" + strconv.FormatInt(out.Changes[limit-1].ID, 10)
			break
		}
		out.Changes = append(out.Changes, change{ch.ID, ch.At, ch.Kind, ch.Dataset, ch.N})
	}
	return answer(c, out)
}
