package templates

import "time"

// Freshness is a dataset against its promise.
type Freshness struct {
	State     string // a Fresh constant; "" shows the date only
	Frequency string // code of the EU frequency list: "WEEKLY"; "": none promised
	Last      time.Time
	Due       time.Time // when the next version was promised; zero: no promise
	DaysLate  int       // with FreshLate
}

// States of freshness.
const (
	FreshOnTime = "on-time"
	FreshDue    = "due"  // within the last tenth of the time promised, at least a day
	FreshLate   = "late" // the promised day is over
	FreshNone   = "none" // nothing was promised, or it can be anything
)

// A promise in days and months; frequencies of the EU list without one
// (IRREG, NEVER, OTHER, UNKNOWN) promise nothing that could be late.
var promises = map[string]struct{ months, days int }{
	"CONT": {0, 1}, "UPDATE_CONT": {0, 1}, "DAILY_2": {0, 1}, "DAILY": {0, 1},
	"WEEKLY_3": {0, 3}, "WEEKLY_2": {0, 4}, "WEEKLY": {0, 7}, "BIWEEKLY": {0, 14},
	"MONTHLY_3": {0, 11}, "MONTHLY_2": {0, 16}, "MONTHLY": {1, 0}, "BIMONTHLY": {2, 0},
	"QUARTERLY": {3, 0}, "ANNUAL_3": {4, 0}, "ANNUAL_2": {6, 0}, "ANNUAL": {12, 0},
	"BIENNIAL": {24, 0}, "TRIENNIAL": {36, 0},
}

// FreshnessOf compares the last version with the promised frequency. The day
// of the promise itself is still in time.
func FreshnessOf(frequency string, last, now time.Time) Freshness {
	f := Freshness{State: FreshNone, Frequency: frequency, Last: last}
	p, ok := promises[frequency]
	if !ok || last.IsZero() {
		return f
	}
	f.Due = last.AddDate(0, p.months, p.days)
	soon := f.Due.Sub(last) / 10
	if soon < 24*time.Hour {
		soon = 24 * time.Hour
	}
	switch late := daysBetween(f.Due, now); {
	case late > 0:
		f.State, f.DaysLate = FreshLate, late
	case !now.Before(f.Due.Add(-soon)) && f.Due.Sub(last) > 2*24*time.Hour:
		f.State = FreshDue
	default:
		f.State = FreshOnTime
	}
	return f
}

// daysBetween counts midnights in Vietnam from a to b; negative when b is first.
func daysBetween(a, b time.Time) int {
	day := func(t time.Time) time.Time {
		y, m, d := t.In(vietnam).Date()
		return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	}
	return int(day(b).Sub(day(a)) / (24 * time.Hour))
}
