package api

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"time"

	"github.com/gofiber/fiber/v2"
)

// Atom feeds (RFC 4287). encoding/xml escapes what agencies wrote, and puts
// U+FFFD where XML cannot hold it, so that a hostile title stays a title.

const atomType = "application/atom+xml; charset=utf-8"

// A feed is one page of a feed, newest entry first. Addresses are absolute.
type feed struct {
	ID        string // lasting IRI of the feed; also its rel=self without a page
	Lang      string // of its words: "vi", "en"
	Title     string
	Author    string // who runs the portal: entries without an author are theirs
	Self      string // address of this page
	Next      string // address of the next, older page; "": none
	Alternate string // the page for people
	Updated   time.Time
	Entries   []feedEntry
}

// A feedEntry is one thing that happened. Its ID never changes and is never
// used for another entry.
type feedEntry struct {
	ID        string
	Title     string
	Lang      string // of Title, where it is not the feed's
	Summary   string
	URL       string
	Author    string
	Published time.Time // zero: left out
	Updated   time.Time
}

type atomFeed struct {
	XMLName xml.Name    `xml:"http://www.w3.org/2005/Atom feed"`
	Lang    string      `xml:"xml:lang,attr"`
	ID      string      `xml:"id"`
	Title   string      `xml:"title"`
	Updated string      `xml:"updated"`
	Author  *atomPerson `xml:"author"`
	Links   []atomLink  `xml:"link"`
	Entries []atomEntry `xml:"entry"`
}

type atomPerson struct {
	Name string `xml:"name"`
}

type atomLink struct {
	Rel  string `xml:"rel,attr"`
	Type string `xml:"type,attr,omitempty"`
	Href string `xml:"href,attr"`
}

type atomText struct {
	Lang string `xml:"xml:lang,attr,omitempty"`
	Text string `xml:",chardata"`
}

type atomEntry struct {
	ID        string      `xml:"id"`
	Title     atomText    `xml:"title"`
	Published string      `xml:"published,omitempty"`
	Updated   string      `xml:"updated"`
	Author    *atomPerson `xml:"author"`
	Link      atomLink    `xml:"link"`
	Summary   string      `xml:"summary,omitempty"`
}

// sendFeed answers with a page of a feed. A feed without entries was updated
// when f says so.
func sendFeed(c *fiber.Ctx, f feed) error {
	out := atomFeed{Lang: f.Lang, ID: f.ID, Title: f.Title, Updated: atomTime(f.Updated), Author: &atomPerson{f.Author}}
	out.Links = append(out.Links, atomLink{"self", "application/atom+xml", f.Self}, atomLink{"alternate", "text/html", f.Alternate})
	if f.Next != "" {
		out.Links = append(out.Links, atomLink{"next", "application/atom+xml", f.Next})
	}
	for _, e := range f.Entries {
		one := atomEntry{ID: e.ID, Updated: atomTime(e.Updated), Link: atomLink{"alternate", "text/html", e.URL}, Summary: e.Summary}
		one.Title = atomText{Text: e.Title}
		if e.Lang != f.Lang {
			one.Title.Lang = e.Lang
		}
		if !e.Published.IsZero() {
			one.Published = atomTime(e.Published)
		}
		if e.Author != "" {
			one.Author = &atomPerson{e.Author}
		}
		out.Entries = append(out.Entries, one)
	}
	var b bytes.Buffer
	b.WriteString(xml.Header)
	e := xml.NewEncoder(&b)
	e.Indent("", " ")
	if err := e.Encode(out); err != nil {
		return fmt.Errorf("write feed: %w", err)
	}
	b.WriteByte('\n')
	return sendDocument(c, atomType, f.Updated, b.Bytes())
}

func atomTime(t time.Time) string { return t.UTC().Format(time.RFC3339) }
