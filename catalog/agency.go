package catalog

import "daylight/catalog/codes"

// AgencyID is the UUID of an agency. Slugs change, it does not.
type AgencyID string

// An Agency is a body that publishes.
type Agency struct {
	ID          AgencyID `json:"id"`
	Slug        string   `json:"slug"`
	Name        Text     `json:"name"`
	Description Text     `json:"description,omitempty"`
	Kind        string   `json:"kind"` // code in codes.PublisherTypes
	Contact     Contact  `json:"contact"`
	Homepage    string   `json:"homepage,omitempty"`
}

// A Contact is a post that answers questions about data, never a person.
type Contact struct {
	Name  Text   `json:"name"`
	Email string `json:"email"`
	Phone string `json:"phone,omitempty"` // "+84 24 3823 4567"
}

// Tidy brings the words of a into the form that Check demands, where that
// loses nothing: NFC, no space around, no empty languages.
func (a *Agency) Tidy() {
	a.Name, a.Description, a.Contact.Name = a.Name.tidy(), a.Description.tidy(), a.Contact.Name.tidy()
	a.Slug, a.Homepage = tidy(a.Slug), tidy(a.Homepage)
	a.Contact.Email, a.Contact.Phone = tidy(a.Contact.Email), tidy(a.Contact.Phone)
}

// Check gives what keeps a out of the catalogue, and what could be better.
func (a *Agency) Check() []Problem {
	var c checker
	c.id("id", string(a.ID))
	c.slug("slug", a.Slug)
	c.text("name", a.Name, maxTitle, false, true)
	c.text("description", a.Description, maxDescription, true, false)
	if !codes.PublisherTypes.Has(a.Kind) {
		c.refuse("kind", "unknown-code", "choose one of the publisher types")
	}
	c.contact("contact", a.Contact)
	if a.Homepage != "" {
		c.address("homepage", a.Homepage)
	}
	return c.problems
}
