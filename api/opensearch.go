package api

import (
	"encoding/xml"
	"fmt"
	"unicode/utf8"

	"github.com/gofiber/fiber/v2"
)

// openSearch tells browsers and programs how to search here (OpenSearch 1.1).
func (s *server) openSearch(c *fiber.Ctx) error {
	lang, err := feedLanguage(c)
	if err != nil {
		return err
	}
	type address struct {
		Type     string `xml:"type,attr"`
		Rel      string `xml:"rel,attr,omitempty"`
		Template string `xml:"template,attr"`
	}
	name := s.Site.Title.In(lang)
	if utf8.RuneCountInString(name) > 16 { // the most that a short name may have
		name = "Daylight"
	}
	base := s.Site.BaseURL
	out := struct {
		XMLName     xml.Name  `xml:"http://a9.com/-/spec/opensearch/1.1/ OpenSearchDescription"`
		ShortName   string    `xml:"ShortName"`
		Description string    `xml:"Description"`
		URLs        []address `xml:"Url"`
		Language    string    `xml:"Language"`
		Input       string    `xml:"InputEncoding"`
	}{
		ShortName: name, Description: s.Site.Title.In(lang), Language: lang, Input: "UTF-8",
		URLs: []address{
			{fiber.MIMETextHTML, "", base + link(lang, "/datasets") + "?q={searchTerms}"},
			{"application/atom+xml", "", base + "/feeds/custom.atom?q={searchTerms}&page={startPage?}&lang=" + lang},
			{fiber.MIMEApplicationJSON, "", base + "/api/v1/search?q={searchTerms}&page={startPage?}&lang=" + lang},
			{"application/opensearchdescription+xml", "self", base + "/opensearch.xml" + feedQuery(lang)},
		},
	}
	body, err := xml.MarshalIndent(out, "", " ")
	if err != nil {
		return fmt.Errorf("write opensearch.xml: %w", err)
	}
	return sendDocument(c, "application/opensearchdescription+xml; charset=utf-8", s.Site.Issued, append([]byte(xml.Header), body...))
}
