package templates

import (
	"math"
	"time"
)

// Progress is how far the work over a file has come. What is not known is zero,
// or nil.
type Progress struct {
	Stage         string // of the family "stage"
	Number, Of    int    // of the stages
	Bytes, Size   int64
	Rows, AllRows int64
	BytesASecond  int64
	RowsASecond   int64
	Left          *int64 // seconds
}

// ProgressWords are the same in words, and the bar in thousandths; -1: how much
// is done of how much is not known.
type ProgressWords struct {
	Stage  string `json:"stage"`
	Step   string `json:"step"`   // "Step 3 of 9"
	Amount string `json:"amount"` // "1,200,000 of 3,000,000 rows"; may be "", as the next two
	Rate   string `json:"rate"`   // "210,000 rows a second"
	Left   string `json:"left"`   // "about 2 minutes left"
	Bar    int    `json:"bar"`
}

// Progress puts it into words.
func (t *Templates) Progress(lang string, p Progress) ProgressWords {
	lang = known(lang)
	return progressWords(lang, t.words[lang], p)
}

func progressWords(lang string, w words, p Progress) ProgressWords {
	out := ProgressWords{Stage: w.word("stage", p.Stage), Step: w.say(lang, "progress.step", p.Number, p.Of), Bar: -1}
	switch {
	case p.AllRows > 0:
		out.Amount = w.say(lang, "progress.rows-of", Number(lang, p.Rows), p.AllRows)
		out.Bar = thousandths(p.Rows, p.AllRows)
	case p.Size > 0:
		out.Amount = w.say(lang, "progress.bytes-of", Bytes(lang, p.Bytes), Bytes(lang, p.Size))
		out.Bar = thousandths(p.Bytes, p.Size)
	case p.Rows > 0:
		out.Amount = w.say(lang, "progress.rows", p.Rows)
	case p.Bytes > 0:
		out.Amount = Bytes(lang, p.Bytes)
	}
	switch {
	case p.RowsASecond > 0:
		out.Rate = w.say(lang, "progress.rows-second", rounded(p.RowsASecond))
	case p.BytesASecond > 0:
		out.Rate = w.say(lang, "progress.bytes-second", Bytes(lang, p.BytesASecond))
	}
	if p.Left != nil {
		out.Left = w.say(lang, "progress.left", w.span(lang, time.Duration(*p.Left)*time.Second))
	}
	return out
}

func thousandths(part, all int64) int {
	return int(math.Round(1000 * min(share(part, all), 1)))
}

// rounded leaves two figures: a rate is no count.
func rounded(n int64) int64 {
	unit := int64(1)
	for n/unit >= 100 {
		unit *= 10
	}
	return (n + unit/2) / unit * unit
}

// span is about how long something takes, as people say it: no seconds beside
// minutes, and fives where nobody counts.
func (w words) span(lang string, d time.Duration) string {
	near := func(d, unit time.Duration) time.Duration { return d.Round(unit) }
	switch {
	case d < 8*time.Second:
		return w.say(lang, "span.moment")
	case d < 58*time.Second:
		return w.say(lang, "span.seconds", int64(near(d, 5*time.Second)/time.Second))
	case near(d, time.Minute) < 20*time.Minute:
		return w.say(lang, "span.minutes", int64(near(d, time.Minute)/time.Minute))
	case near(d, 5*time.Minute) < time.Hour:
		return w.say(lang, "span.minutes", int64(near(d, 5*time.Minute)/time.Minute))
	}
	d = near(d, 5*time.Minute)
	hours, minutes := w.say(lang, "span.hours", int64(d/time.Hour)), int64(d%time.Hour/time.Minute)
	if minutes == 0 {
		return hours
	}
	return hours + " " + w.say(lang, "span.minutes", minutes)
}
