package catalog

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"daylight/catalog/codes"
	"daylight/privacy"
)

// A Problem is one thing to put right in what an agency says about its data.
type Problem struct {
	Field   string `json:"field"`             // as in the JSON form: "title.vi", "keywords"
	Code    string `json:"code"`              // stable, for translation: "missing", "too-long", "unknown-code", …
	Detail  string `json:"detail"`            // English, what to do; never what was written
	Warning bool   `json:"warning,omitempty"` // publication goes on without it
}

// Refused says whether any of the problems keeps the thing out of the catalogue.
func Refused(problems []Problem) bool {
	return slices.ContainsFunc(problems, func(p Problem) bool { return !p.Warning })
}

// Limits of what is written. Descriptions end where the longest of the formats
// we write them in ends (schema.org in search engines: 5000 characters), and
// hold a page of a thousand datasets under the size that harvesters take.
const (
	maxTitle       = 300
	maxDescription = 5000
	maxKeyword     = 100
	maxKeywords    = 50
	maxList        = 20
)

// Check gives what keeps d out of the catalogue, and what could be better. It
// is stricter than DCAT-AP 3.0.1 and DCAT-US 3.0 together, which let pass a
// dataset without contact, identifier, distribution, licence or download
// address. The contact is the agency's, and Agency.Check demands it.
func (d *Dataset) Check() []Problem {
	var c checker
	c.id("id", string(d.ID))
	c.slug("slug", d.Slug)
	c.id("agency", string(d.Agency))
	c.text("title", d.Title, maxTitle, false, true)
	c.text("description", d.Description, maxDescription, true, true)
	c.keywords(d.Keywords)
	c.codes("themes", d.Themes, true, codes.Themes.Has)
	c.codes("places", d.Places, true, func(iri string) bool { _, ok := codes.PlaceOf(iri); return ok })
	c.codes("life_events", d.LifeEvents, false, codes.LifeEvents.Has)
	c.codes("languages", d.Languages, false, codes.Languages.Has)
	if d.Frequency == "" {
		c.refuse("frequency", "missing", "say how often the data are renewed")
	} else if !codes.Frequencies.Has(d.Frequency) {
		c.refuse("frequency", "unknown-code", "choose one of the frequencies")
	}
	if d.Licence == "" {
		c.refuse("licence", "missing", "say under which licence the data may be used")
	} else if !codes.Licences.Has(d.Licence) {
		c.refuse("licence", "unknown-code", "choose one of the licences")
	}
	c.period(d.From, d.To)
	if d.Source != "" {
		c.address("source", d.Source)
	}
	if d.Release != nil && d.Release.Withdrawn == nil {
		c.files(d.Release)
	}
	return c.problems
}

// checker collects problems.
type checker struct{ problems []Problem }

func (c *checker) refuse(field, code, detail string) {
	c.problems = append(c.problems, Problem{Field: field, Code: code, Detail: detail})
}

func (c *checker) warn(field, code, detail string) {
	c.problems = append(c.problems, Problem{Field: field, Code: code, Detail: detail, Warning: true})
}

var (
	uuidForm = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)
	slugged  = regexp.MustCompile(`^[a-z0-9-]{2,100}$`)
	// The part before the @ is narrower than RFC 5322 allows: what stands here
	// becomes a mailto: address in six syntaxes, and a real desk needs no more.
	email = regexp.MustCompile(`^[A-Za-z0-9._+-]{1,64}@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]([A-Za-z0-9-]{0,61}[A-Za-z0-9])$`)
	phone = regexp.MustCompile(`^\+?[0-9][0-9 .()-]{3,28}[0-9]$`)
)

func (c *checker) id(field, s string) {
	if s == "" {
		c.refuse(field, "missing", "an identifier is needed")
	} else if !uuidForm.MatchString(s) {
		c.refuse(field, "not-a-uuid", "an identifier is a UUID in small letters")
	}
}

func (c *checker) slug(field, s string) {
	switch {
	case s == "":
		c.refuse(field, "missing", "a name for the address is needed")
	case !slugged.MatchString(s):
		c.refuse(field, "not-a-slug", "2 to 100 small letters a-z, digits and hyphens")
	case uuidForm.MatchString(s):
		// Addresses take slug or identifier: one must not pass for the other.
		c.refuse(field, "not-a-slug", "choose a name that is not an identifier")
	}
	c.personal(field, s)
}

// text checks words in all their languages. Vietnamese and English are asked
// for; any one language is enough.
func (c *checker) text(field string, t Text, longest int, long, needed bool) {
	langs := t.Languages()
	if len(langs) == 0 {
		if needed {
			c.refuse(field, "missing", "say it in at least one language, best in Vietnamese and English")
		}
		return
	}
	for _, l := range langs {
		at := field + "." + l
		if !codes.Languages.Has(l) {
			c.refuse(at, "unknown-language", "use one of the languages of the list")
		}
		c.words(at, t[l], longest, long)
	}
	for _, l := range []string{"vi", "en"} {
		if needed && t[l] == "" {
			c.warn(field+"."+l, "missing-language", "say it in this language too")
		}
	}
}

func (c *checker) words(field, s string, longest int, long bool) {
	if fault := textFault(s, long); fault != "" {
		c.refuse(field, fault, "plain text in Unicode NFC without control characters")
	}
	if s != strings.TrimSpace(s) {
		c.refuse(field, "outer-space", "no space before or after")
	}
	if utf8.RuneCountInString(s) > longest {
		c.refuse(field, "too-long", fmt.Sprintf("at most %d characters", longest))
	}
	c.personal(field, s)
}

// personal refuses words in which a person stands: they are public as much as
// the rows are, and no plan treats them. What was found is never told, only its
// kind.
func (c *checker) personal(field, s string) {
	contact := field == "appeal" || strings.HasPrefix(field, "appeal.")
	for _, kind := range privacy.PersonalWords(s, contact) {
		name := personalKinds[kind]
		if name == "" {
			name = "a personal number"
		}
		c.refuse(field, "personal-data", "it holds what looks like "+name+": take it out; how the agency is reached stands in its contact")
	}
}

// personalKinds are the kinds that can stand in words, as people call them;
// the others are personal numbers.
var personalKinds = map[privacy.Kind]string{
	"phone_vn": "a mobile telephone number", "card": "a card number", "email": "a private e-mail address",
	"url_user": "an address with a user's name", "iban": "an account number",
}

// CheckNote gives what keeps a note on a release out of the catalogue.
func CheckNote(note Text) []Problem {
	var c checker
	c.text("note", note.tidy(), maxReason, true, false)
	return c.problems
}

func (c *checker) keywords(all map[string][]string) {
	n := 0
	for lang, words := range sorted(all) {
		at := "keywords." + lang
		if !codes.Languages.Has(lang) {
			c.refuse(at, "unknown-language", "use one of the languages of the list")
		}
		for i, w := range words {
			n++
			if w == "" {
				c.refuse(at, "empty", "no empty keyword")
			}
			if slices.Contains(words[:i], w) {
				c.refuse(at, "twice", "each keyword once")
			}
			c.words(at, w, maxKeyword, false)
		}
	}
	if n == 0 {
		c.refuse("keywords", "missing", "give at least one keyword")
	} else if n > maxKeywords {
		c.refuse("keywords", "too-many", fmt.Sprintf("at most %d keywords", maxKeywords))
	}
}

func (c *checker) codes(field string, list []string, needed bool, known func(string) bool) {
	if needed && len(list) == 0 {
		c.refuse(field, "missing", "choose at least one")
	}
	if len(list) > maxList {
		c.refuse(field, "too-many", fmt.Sprintf("at most %d", maxList))
	}
	for i, code := range list {
		if !known(code) {
			c.refuse(field, "unknown-code", "choose from the list")
		} else if slices.Contains(list[:i], code) {
			c.refuse(field, "twice", "each once")
		}
	}
}

// period checks the days that the data speak of; both may be left open.
func (c *checker) period(from, to string) {
	day := func(field, s string) (time.Time, bool) {
		if s == "" {
			return time.Time{}, false
		}
		at, err := time.Parse(time.DateOnly, s)
		if err != nil {
			c.refuse(field, "not-a-date", "a day as 2025-01-31")
		}
		return at, err == nil
	}
	first, one := day("from", from)
	last, two := day("to", to)
	if one && two && last.Before(first) {
		c.refuse("to", "before-start", "the last day is not before the first")
	}
}

func (c *checker) contact(field string, k Contact) {
	c.text(field+".name", k.Name, maxTitle, false, true)
	if k.Email == "" {
		c.refuse(field+".email", "missing", "an e-mail address that answers questions about the data")
	} else if len(k.Email) > 254 || !email.MatchString(k.Email) || strings.Contains(k.Email, "..") || strings.Contains(k.Email, ".@") || k.Email[0] == '.' {
		c.refuse(field+".email", "not-an-email", "an e-mail address as desk@agency.gov.vn")
	}
	if k.Phone != "" && !phone.MatchString(k.Phone) {
		c.refuse(field+".phone", "not-a-phone", "a telephone number as +84 24 3823 4567")
	}
}

func (c *checker) address(field, s string) {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || len(s) > 2000 || textFault(s, false) != "" {
		c.refuse(field, "not-an-address", "a web address that begins with https:// or http://")
	}
}

// files checks that what is offered can be had: each file has a name, a type,
// a length and a digest, and there is at least one.
func (c *checker) files(r *Release) {
	if len(r.Files) == 0 {
		c.refuse("release.files", "missing", "a release has at least one file")
	}
	if r.N < 1 || r.Published.IsZero() {
		c.refuse("release", "missing", "a release has a number and a time")
	}
	for _, f := range r.Files {
		if f.Name == "" || f.ResourceID == "" || f.Format == "" || f.MediaType == "" || f.Bytes <= 0 || f.Ref.IsZero() {
			c.refuse("release.files", "incomplete", "a file has a name, a resource, a format, a media type, a length and a digest")
		}
	}
}
