package api

import (
	"bytes"
	"encoding/json"
	"strings"
	"time"

	"github.com/gocarina/gocsv"
	"github.com/gofiber/fiber/v2"

	"daylight/catalog/codes"
	"daylight/catalog/dcat"
)

// codeRow is a line of a list's CSV: the same columns for every list.
type codeRow struct {
	Code      string `csv:"code"`
	IRI       string `csv:"iri"`
	VI        string `csv:"vi"`
	EN        string `csv:"en"`
	DetailVI  string `csv:"detail_vi"`
	DetailEN  string `csv:"detail_en"`
	ValidFrom string `csv:"valid_from"`
	ValidTo   string `csv:"valid_to"`
	MadeOf    string `csv:"made_of"` // codes, separated by spaces
	Became    string `csv:"became"`
}

// listAnswer is what is said of a list.
type listAnswer struct {
	Code    string            `json:"code"`
	URL     string            `json:"url"`
	Name    map[string]string `json:"name"`
	About   map[string]string `json:"about"`
	Source  map[string]string `json:"source"`
	Date    string            `json:"date"`
	Detail  map[string]string `json:"detail,omitempty"` // what detail_vi and detail_en of its entries say
	Entries int               `json:"entries"`
	JSON    string            `json:"json_url"`
	CSV     string            `json:"csv_url"`
}

func (s *server) listAnswer(l codes.Listing) listAnswer {
	at := s.Site.BaseURL + "/codes/" + l.Code
	a := listAnswer{Code: l.Code, URL: at, Name: inBoth(l.VI, l.EN), About: inBoth(l.AboutVI, l.AboutEN), Source: inBoth(l.SourceVI, l.SourceEN),
		Date: l.Date, Entries: l.Len(), JSON: at + ".json", CSV: at + ".csv"}
	if l.DetailVI != "" {
		a.Detail = inBoth(l.DetailVI, l.DetailEN)
	}
	return a
}

func inBoth(vi, en string) map[string]string { return map[string]string{"vi": vi, "en": en} }

// codesFile lists the code lists for machines.
func (s *server) codesFile(c *fiber.Ctx) error {
	out := struct {
		Lists []listAnswer `json:"lists"`
	}{}
	for l := range codes.Lists.All() {
		out.Lists = append(out.Lists, s.listAnswer(l))
	}
	return sendJSON(c, out)
}

// codeListFile is one list as JSON, CSV or RDF.
func (s *server) codeListFile(c *fiber.Ctx) error {
	if c.Params("list") == communes {
		return s.communesFile(c, c.Params("syntax"))
	}
	l, ok := codes.Lists.Get(c.Params("list"))
	if !ok {
		return failure(fiber.StatusNotFound, "not-found")
	}
	entries := l.Entries()
	for i := range entries {
		entries[i].IRI, entries[i].Scheme = s.absolute(entries[i].IRI), s.absolute(entries[i].Scheme)
	}
	if syntax, ok := dcat.Syntax(c.Params("syntax")); ok && c.Params("syntax") != "json" {
		var out bytes.Buffer
		if err := syntax.Graph(&out, dcat.CodeList(s.Site, l)); err != nil {
			return err
		}
		return sendDocument(c, syntax.Media[0], time.Time{}, out.Bytes())
	}
	switch c.Params("syntax") {
	case "json":
		return sendJSON(c, struct {
			List    listAnswer    `json:"list"`
			Entries []codes.Entry `json:"entries"`
		}{s.listAnswer(l), entries})
	case "csv":
		rows := make([]codeRow, 0, len(entries))
		for _, e := range entries {
			rows = append(rows, codeRow{e.Code, e.IRI, e.VI, e.EN, e.DetailVI, e.DetailEN, e.ValidFrom, e.ValidTo, strings.Join(e.From, " "), e.Into})
		}
		out, err := gocsv.MarshalBytes(rows)
		if err != nil {
			return err
		}
		c.Set(fiber.HeaderContentDisposition, disposition(l.Code+".csv"))
		return sendDocument(c, "text/csv; charset=utf-8; header=present", time.Time{}, out)
	}
	return failure(fiber.StatusNotFound, "not-found")
}

func sendJSON(c *fiber.Ctx, v any) error {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return err
	}
	return sendDocument(c, fiber.MIMEApplicationJSON, time.Time{}, out.Bytes())
}
