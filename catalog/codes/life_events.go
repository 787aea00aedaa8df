package codes

// LifeEventScheme is the scheme of LifeEvents: the portal's own.
const LifeEventScheme = "/codes/life-events"

// LifeEvents are the affairs of people's lives by which they look for data.
var LifeEvents = load("life_events.csv", func(e *LifeEvent) { under(LifeEventScheme)(&e.Concept) })

// A LifeEvent is one affair of a person or a firm.
type LifeEvent struct {
	Concept
	AboutVI string `csv:"about_vi"` // what it covers, one sentence
	AboutEN string `csv:"about_en"`
}

// About says what the event covers.
func (e LifeEvent) About(lang string) string { return either(lang, e.AboutVI, e.AboutEN) }

func (e LifeEvent) entry() Entry {
	out := e.Concept.entry()
	out.DetailVI, out.DetailEN = e.AboutVI, e.AboutEN
	return out
}
