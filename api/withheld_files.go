package api

import (
	"encoding/json"
	"math"
	"strconv"
	"time"

	"github.com/gofiber/fiber/v2"

	"daylight/catalog"
)

// The register for programs: JSON and CSV hold all of it, with what has ended.

type registerAnswer struct {
	withholdingAnswer
	Slug   string       `json:"slug"`
	Title  catalog.Text `json:"title"`
	Page   string       `json:"dataset_url"`
	Agency agencyAnswer `json:"organization"`
}

func (s *server) withheldJSON(c *fiber.Ctx) error {
	agency, err := s.agencyAsked(c)
	if err != nil {
		return err
	}
	agencies, err := s.agencyMap(c)
	if err != nil {
		return err
	}
	counts, err := s.Catalog.RegisterCounts(c.UserContext(), agency, catalog.Today(s.Now()))
	if err != nil {
		return err
	}
	out := struct {
		Standing int              `json:"standing"`
		Overdue  int              `json:"overdue"`
		Ended    int              `json:"ended"`
		Datasets int              `json:"datasets_with_columns_left_out"`
		Columns  int              `json:"columns_left_out"`
		Withheld []registerAnswer `json:"withheld"`
	}{counts.Standing, counts.Overdue, counts.Ended, counts.Parts, counts.Columns, []registerAnswer{}}
	for e, err := range s.Catalog.Register(c.UserContext(), agency) {
		if err != nil {
			return err
		}
		out.Withheld = append(out.Withheld, registerAnswer{*s.withholdingAnswer(&e.Withholding), e.Slug, e.Title,
			s.Site.BaseURL + "/datasets/" + e.Slug, s.agencyAnswer(agencies[e.Agency])})
	}
	body, err := json.Marshal(out)
	if err != nil {
		return err
	}
	return s.sendRegister(c, fiber.MIMEApplicationJSON, body)
}

// registerRow is an entry of the register as a row; its columns are stable.
type registerRow struct {
	ID           string `csv:"id"`
	URL          string `csv:"url"`
	Slug         string `csv:"slug"`
	Organization string `csv:"organization"`
	TitleVI      string `csv:"title_vi"`
	TitleEN      string `csv:"title_en"`
	Access       string `csv:"access"`
	ReasonVI     string `csv:"reason_vi"`
	ReasonEN     string `csv:"reason_en"`
	LawVI        string `csv:"law_vi"`
	LawEN        string `csv:"law_en"`
	Article      string `csv:"article"`
	LawURL       string `csv:"law_url"`
	UnitVI       string `csv:"unit_vi"`
	UnitEN       string `csv:"unit_en"`
	Decided      string `csv:"decided"`
	Review       string `csv:"review"`
	Overdue      bool   `csv:"overdue"`
	AppealVI     string `csv:"appeal_vi"`
	AppealEN     string `csv:"appeal_en"`
	Since        string `csv:"since"`
	Modified     string `csv:"modified"`
	Ended        string `csv:"ended"`
}

func (s *server) withheldCSV(c *fiber.Ctx) error {
	agency, err := s.agencyAsked(c)
	if err != nil {
		return err
	}
	agencies, err := s.agencyMap(c)
	if err != nil {
		return err
	}
	rows := []registerRow{}
	for e, err := range s.Catalog.Register(c.UserContext(), agency) {
		if err != nil {
			return err
		}
		r := registerRow{
			ID: e.ID, URL: s.Site.BaseURL + "/withheld/" + e.ID, Slug: e.Slug, TitleVI: e.Title["vi"], TitleEN: e.Title["en"], Access: e.Access,
			ReasonVI: e.Reason["vi"], ReasonEN: e.Reason["en"], LawVI: e.Law["vi"], LawEN: e.Law["en"], Article: e.Article, LawURL: e.LawURL,
			UnitVI: e.Unit["vi"], UnitEN: e.Unit["en"], Decided: e.Decided, Review: e.Review, Overdue: e.Overdue(s.Now()),
			AppealVI: e.Appeal["vi"], AppealEN: e.Appeal["en"], Since: moment(e.Since), Modified: moment(e.Modified), Ended: moment(e.Ended),
		}
		if a := agencies[e.Agency]; a != nil {
			r.Organization = a.Slug
		}
		rows = append(rows, r)
	}
	body, err := csvOf(c, rows)
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderContentDisposition, disposition("withheld.csv"))
	return s.sendRegister(c, csvType, body)
}

func (s *server) sendRegister(c *fiber.Ctx, media string, body []byte) error {
	_, at, err := s.Catalog.LastChange(c.UserContext())
	if err != nil {
		return err
	}
	return sendDocument(c, media, at, body)
}

// moment is a time in a cell; "" for none.
func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// withheldFeed tells what was put into the register, said otherwise, or opened.
func (s *server) withheldFeed(c *fiber.Ctx) error {
	lang, err := feedLanguage(c)
	if err != nil {
		return err
	}
	n, err := count(c, "page", 1, math.MaxInt32/feedSize)
	if err != nil {
		return err
	}
	list, err := s.Catalog.RegisterNews(c.UserContext(), (n-1)*feedSize, feedSize+1)
	if err != nil {
		return err
	}
	agencies, err := s.agencyMap(c)
	if err != nil {
		return err
	}
	f := s.feed("/withheld.atom", lang, s.pages.Say(lang, "feed.register", s.Site.Title.In(lang)), "/withheld")
	if n > 1 {
		f.Self = f.page("page", strconv.Itoa(n))
	}
	if len(list) > feedSize {
		list, f.Next = list[:feedSize], f.page("page", strconv.Itoa(n+1))
	}
	for i := range list {
		w := &list[i]
		title := text(w.Title, lang)
		e := feedEntry{ID: s.Site.BaseURL + "/withheld/" + w.ID, Title: title.Words, Lang: title.Lang,
			URL: s.Site.BaseURL + link(lang, "/withheld/"+w.ID), Published: w.Since, Updated: w.Modified,
			Summary: join(s.pages.Say(lang, "feed.withheld"), w.Reason.In(lang))}
		if !w.Ended.IsZero() {
			e.Summary = s.pages.Say(lang, "feed.opened")
		}
		if a := agencies[w.Agency]; a != nil {
			e.Author = a.Name.In(lang)
		}
		f.Entries = append(f.Entries, e)
	}
	if len(list) > 0 {
		f.Updated = list[0].Modified
	}
	return sendFeed(c, f.feed)
}
