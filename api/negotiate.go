package api

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"daylight/catalog/dcat"
)

// Content negotiation of addresses that have an answer in RDF and one for
// people (RFC 9110, section 12.5.1): standards.md section 3.

// An offer is one form of an answer: the types it goes by, the first of which
// is sent.
type offer struct {
	media  []string
	syntax dcat.Standard // zero: the page for people
}

// offers are what such an address has, the one to prefer first.
func offers(pageFirst bool) []offer {
	var out []offer
	for _, s := range dcat.Syntaxes() {
		out = append(out, offer{media: s.Media, syntax: s})
	}
	page := offer{media: []string{fiber.MIMETextHTML}}
	if pageFirst {
		return append([]offer{page}, out...)
	}
	return append(out, page)
}

func (o offer) page() bool { return o.syntax.Graph == nil }

// accepted is one range of an Accept header.
type accepted struct {
	kind, sub string // "text", "*"
	q         float64
}

// parseAccept reads an Accept header; without one everything is welcome. What
// is no range is passed over, as browsers and libraries send the oddest things.
func parseAccept(header string) []accepted {
	if strings.TrimSpace(header) == "" {
		return []accepted{{"*", "*", 1}}
	}
	var out []accepted
	for _, part := range strings.Split(header, ",") {
		fields := strings.Split(part, ";")
		kind, sub, ok := strings.Cut(strings.ToLower(strings.TrimSpace(fields[0])), "/")
		if !ok {
			if kind != "*" { // some write * for */*
				continue
			}
			sub = "*"
		}
		a := accepted{kind, sub, 1}
		for _, f := range fields[1:] {
			if name, value, _ := strings.Cut(strings.TrimSpace(f), "="); strings.EqualFold(name, "q") {
				q, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
				if err != nil || !(q >= 0 && q <= 1) {
					q = 0
				}
				a.q = q
			}
		}
		out = append(out, a)
	}
	return out
}

// weigh says how welcome a type is, and how exactly it was named: of several
// ranges that fit, the most exact counts.
func weigh(ranges []accepted, media string) (q float64, exact int) {
	media, _, _ = strings.Cut(media, ";")
	kind, sub, _ := strings.Cut(media, "/")
	exact = -1
	for _, a := range ranges {
		n := -1
		switch {
		case a.kind == kind && a.sub == sub:
			n = 2
		case a.kind == kind && a.sub == "*":
			n = 1
		case a.kind == "*" && a.sub == "*":
			n = 0
		}
		if n > exact {
			q, exact = a.q, n
		}
	}
	return q, exact
}

// choose gives the offer that the reader likes best: by quality, then the one
// that was named more exactly, then in the order of offers.
func choose(header string, list []offer) (offer, bool) {
	ranges := parseAccept(header)
	type rank struct {
		o     offer
		q     float64
		exact int
	}
	var fit []rank
	for _, o := range list {
		best := rank{o: o}
		for i, media := range o.media {
			q, exact := weigh(ranges, media)
			if i > 0 && exact < 2 {
				continue // another name counts only where it was said
			}
			if q > best.q || q == best.q && exact > best.exact {
				best.q, best.exact = q, exact
			}
		}
		if best.q > 0 {
			fit = append(fit, best)
		}
	}
	if len(fit) == 0 {
		return offer{}, false
	}
	return slices.MinFunc(fit, func(a, b rank) int { return cmp.Or(cmp.Compare(b.q, a.q), cmp.Compare(b.exact, a.exact)) }).o, true
}

// negotiate gives the syntax of an answer; page is true where people read it.
// An ending in the path wins over Accept.
func negotiate(c *fiber.Ctx, pageFirst bool) (s dcat.Standard, page bool, err error) {
	if ext := c.Params("syntax"); ext != "" {
		s, ok := dcat.Syntax(ext)
		if !ok {
			return s, false, failure(fiber.StatusNotFound, "not-found")
		}
		return s, false, nil
	}
	c.Vary(fiber.HeaderAccept)
	list := offers(pageFirst)
	o, ok := choose(c.Get(fiber.HeaderAccept), list)
	if !ok {
		f := failure(fiber.StatusNotAcceptable, "not-acceptable")
		e := FieldError{Parameter: "Accept", Message: "not a type that this address has"}
		for _, o := range list {
			media, _, _ := strings.Cut(o.media[0], ";")
			e.Allowed = append(e.Allowed, media)
		}
		f.Fields = []FieldError{e}
		return s, false, f
	}
	return o.syntax, o.page(), nil
}
