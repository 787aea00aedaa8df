package catalog

import (
	"time"

	"daylight/catalog/codes"
)

// A Withholding says in public why something is not published: the register of
// what is withheld is made of them. It speaks of law and time, never of what
// the data hold.
type Withholding struct {
	ID      string    `json:"id"` // UUID; its page is /withheld/{id}
	Dataset DatasetID `json:"dataset"`
	Access  string    `json:"access"`            // code in codes.AccessRights: NON_PUBLIC, or RESTRICTED where some may have it
	Reason  Text      `json:"reason"`            // why, in a sentence or two
	Law     Text      `json:"law"`               // title and number of the act
	Article string    `json:"article"`           // as it is cited: "Điều 14, khoản 6"
	LawURL  string    `json:"law_url,omitempty"` // where the act can be read
	Unit    Text      `json:"unit"`              // who decided: an office, never a person
	Decided string    `json:"decided"`           // day, ISO 8601
	Review  string    `json:"review"`            // day by which the decision is looked at again
	Appeal  Text      `json:"appeal"`            // where and how to object

	// Of the register; not stored with the words above.
	Since    time.Time `json:"since,omitzero"`    // when the register got it
	Modified time.Time `json:"modified,omitzero"` // last change of its words, or its end
	Ended    time.Time `json:"ended,omitzero"`    // the dataset was published; zero: it stands
}

// Overdue says whether the day of review has passed without a review.
func (w *Withholding) Overdue(now time.Time) bool {
	return w.Ended.IsZero() && w.Review < Today(now)
}

// civil is the clock of the days in the catalogue.
var civil = time.FixedZone("+07", 7*60*60)

// Today is the day it is in Vietnam, ISO 8601.
func Today(now time.Time) string { return now.In(civil).Format(time.DateOnly) }

// Limits of what a withholding says.
const (
	maxReason  = 1000
	maxArticle = 200
)

// Tidy brings the words of w into the form that Check demands, where that
// loses nothing.
func (w *Withholding) Tidy() {
	w.Reason, w.Law, w.Unit, w.Appeal = w.Reason.tidy(), w.Law.tidy(), w.Unit.tidy(), w.Appeal.tidy()
	w.Article, w.LawURL, w.Decided, w.Review = tidy(w.Article), tidy(w.LawURL), tidy(w.Decided), tidy(w.Review)
}

// Check gives what keeps w out of the register, and what could be better. The
// register is worth nothing with a gap in it, so everything but the address of
// the act is needed.
func (w *Withholding) Check() []Problem {
	var c checker
	c.id("id", w.ID)
	c.id("dataset", string(w.Dataset))
	switch {
	case w.Access == "":
		c.refuse("access", "missing", "say NON_PUBLIC, or RESTRICTED where some may have the data")
	case w.Access == "PUBLIC" || !codes.AccessRights.Has(w.Access):
		c.refuse("access", "unknown-code", "say NON_PUBLIC, or RESTRICTED where some may have the data")
	}
	c.text("reason", w.Reason, maxReason, true, true)
	c.text("law", w.Law, maxTitle, false, true)
	if w.Article == "" {
		c.refuse("article", "missing", "name the article and clause of the act")
	}
	c.words("article", w.Article, maxArticle, false)
	if w.LawURL == "" {
		c.warn("law_url", "missing", "say where the act can be read")
	} else {
		c.address("law_url", w.LawURL)
	}
	c.text("unit", w.Unit, maxTitle, false, true)
	c.text("appeal", w.Appeal, maxReason, true, true)
	for _, day := range []struct{ field, at string }{{"decided", w.Decided}, {"review", w.Review}} {
		if day.at == "" {
			c.refuse(day.field, "missing", "a day as 2026-01-31")
		} else if _, err := time.Parse(time.DateOnly, day.at); err != nil {
			c.refuse(day.field, "not-a-date", "a day as 2026-01-31")
		}
	}
	if !Refused(c.problems) && w.Review <= w.Decided {
		c.refuse("review", "before-start", "the day of review is after the decision")
	}
	return c.problems
}

// Words is what was decided: the withholding without the register's times.
func (w Withholding) Words() Withholding {
	w.Since, w.Modified, w.Ended = time.Time{}, time.Time{}, time.Time{}
	return w
}
