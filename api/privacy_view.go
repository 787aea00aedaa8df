package api

import (
	"strings"

	"github.com/gofiber/fiber/v2"

	"daylight/catalog"
	"daylight/privacy"
	"daylight/templates"
)

// privacyView tells the public statements of a release as one page does: of
// several tables the strictest figure, and all that was left out or treated.
func privacyView(all []privacy.Statement) templates.Privacy {
	var v templates.Privacy
	left := map[string]int{}
	var reasons []string
	for i, st := range all {
		v.Persons = v.Persons || st.AboutPersons
		v.Suppressed += st.RowsSuppressed + st.RowsRemoved
		v.RowsBefore += st.RowsIn
		if i == 0 {
			v.Decided, v.Expires, v.PlanHash = st.DecidedAt, st.Expires, st.PlanHash
		}
		if m := st.Model; m != nil {
			if v.K == 0 || m.K < v.K {
				v.K, v.L = m.K, m.L
			}
			v.Grouped = append(v.Grouped, m.Quasi...)
		}
		for _, l := range st.LeftOut {
			if left[l.Reason]++; left[l.Reason] == 1 {
				reasons = append(reasons, l.Reason)
			}
		}
		for _, c := range st.Columns {
			if c.Treatment != "" && c.Treatment != "keep" {
				v.Treated = append(v.Treated, templates.Treated{Column: c.Name, Do: c.Treatment, Cells: c.Cells})
			}
		}
		if i == 0 {
			for _, g := range st.Gates {
				if g.OK && (g.Gate != "recount" || st.Model != nil) {
					v.Gates = append(v.Gates, g.Gate)
				}
			}
		}
	}
	for _, r := range reasons {
		kind := r
		if kind == "not-published" {
			kind = ""
		}
		v.LeftOut = append(v.LeftOut, templates.LeftOut{Kind: kind, N: left[r]})
	}
	return v
}

// treatmentOf is what was done to a column; "" where nothing was.
func treatmentOf(all []privacy.Statement, key string) string {
	for _, st := range all {
		for _, c := range st.Columns {
			if c.Name == key {
				if st.Model != nil && st.RowsSuppressed > 0 && c.Class == "quasi" && c.Treatment == "keep" {
					return "suppress"
				}
				if c.Treatment != "keep" {
					return c.Treatment
				}
			}
		}
	}
	return ""
}

// explainWithdrawal says on the page of a 410 why, and where to go instead.
func (s *server) explainWithdrawal(c *fiber.Ctx, r *catalog.Release, p *templates.ErrorPage) {
	lang := errorLanguage(c)
	p.Reason = text(r.Withdrawn.Reason, lang)
	if n := r.Withdrawn.Successor; n > 0 {
		d := datasetOf(c)
		p.Successor = &templates.Link{Text: text(d.Title, lang), URL: link(lang, "/datasets/"+d.Slug+"/v/"+itoa(n))}
	}
}

// explainWithholding says on the page of a 451 why, and where all of it stands.
func (s *server) explainWithholding(c *fiber.Ctx, d *catalog.Dataset, p *templates.ErrorPage) {
	lang := errorLanguage(c)
	p.Reason = text(d.Withheld.Reason, lang)
	p.Successor = &templates.Link{Text: text(d.Title, lang), URL: link(lang, "/withheld/"+d.Withheld.ID)}
}

// bearer is the token of an Authorization header; "" when there is none of
// that kind.
func bearer(header string) string {
	scheme, token, found := strings.Cut(header, " ")
	if !found || !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}
