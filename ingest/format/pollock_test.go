package format

import (
	"bytes"
	"context"
	"encoding/csv"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestPollock scores the reading of polluted files, without hints, by the rule
// of the Pollock benchmark: ten points a file, for success and for precision,
// recall and F1 of header, records and cells; the simple score is the mean over
// the files, the weighted one by how often a fault is met.
func TestPollock(t *testing.T) {
	type tally struct{ points, weight, files float64 }
	kinds := map[string]*tally{}
	var order []string
	var simple, weighted tally
	for _, p := range pollutions() {
		k := kinds[p.kind]
		if k == nil {
			k = &tally{}
			kinds[p.kind] = k
			order = append(order, p.kind)
		}
		points := pollockScore(readPolluted(p.text), p.clean)
		k.points += points
		k.files++
		if p.weight > 0 {
			simple.points += points
			simple.files++
			weighted.points += points * p.weight
			weighted.weight += p.weight
		}
	}
	for _, kind := range order {
		k := kinds[kind]
		t.Logf("%-28s %3.0f files %7.3f", kind, k.files, k.points/k.files)
	}
	s, w := simple.points/simple.files, weighted.points/weighted.weight
	t.Logf("simple %.3f, weighted %.3f, %.0f files", s, w, simple.files)
	if s < 9.6 || w < 9.2 {
		t.Errorf("simple %.3f, weighted %.3f: want at least 9.6 and 9.2", s, w)
	}
}

// readPolluted is the first table as it stands; "": the file was refused.
func readPolluted(text string) string {
	f, err := Open(context.Background(), strings.NewReader(text), int64(len(text)), "in.csv", Options{})
	if err != nil {
		return ""
	}
	var b bytes.Buffer
	if err := WriteTable(&b, f.Tables[0], false); err != nil {
		return ""
	}
	return b.String()
}

func pollockScore(got, want string) float64 {
	g, w := pollockRows(got), pollockRows(want)
	if len(g) == 0 || len(w) == 0 {
		return 0
	}
	bags := func(rows [][]string) (header, records, cells []string) {
		for i, r := range rows {
			cells = append(cells, r...)
			normal := make([]string, len(r))
			for j, c := range r {
				normal[j] = normalised(c)
			}
			if i == 0 {
				header = normal
				continue
			}
			records = append(records, strings.TrimRight(strings.Join(normal, " "), " "))
		}
		return
	}
	gh, gr, gc := bags(g)
	wh, wr, wc := bags(w)
	return 1 + agreement(gh, wh) + agreement(gr, wr) + agreement(gc, wc)
}

// pollockRows reads comma, `"`, doubled quotes.
func pollockRows(text string) [][]string {
	r := csv.NewReader(strings.NewReader(text))
	r.FieldsPerRecord = -1
	rows, err := r.ReadAll()
	if err != nil {
		return nil
	}
	return rows
}

// agreement is precision + recall + F1 of two multisets.
func agreement(got, want []string) float64 {
	if len(want) == 0 {
		return 3 // a clean file without records gives full points
	}
	left := map[string]int{}
	for _, x := range want {
		left[x]++
	}
	hits := 0.0
	for _, x := range got {
		if left[x] > 0 {
			left[x]--
			hits++
		}
	}
	if hits == 0 {
		return 0
	}
	p, r := hits/float64(len(got)), hits/float64(len(want))
	return p + r + 2*p*r/(p+r)
}

// normalised brings booleans, numbers, prices, dates and times to one form.
func normalised(s string) string {
	s = strings.ToLower(s)
	switch s {
	case "true", "yes":
		return "1"
	case "false", "no":
		return "0"
	}
	if x, err := strconv.ParseFloat(strings.Trim(s, "$€£ "), 64); err == nil {
		return strconv.FormatFloat(x, 'f', -1, 64)
	}
	for _, in := range []string{"02/01/2006", "2006-01-02"} {
		if d, err := time.Parse(in, s); err == nil {
			return d.Format(time.DateOnly)
		}
	}
	for _, in := range []string{"15:04", time.TimeOnly} {
		if d, err := time.Parse(in, s); err == nil {
			return d.Format(time.TimeOnly)
		}
	}
	return s
}

// TestPollockRule holds the rule itself against cases worked out by hand.
func TestPollockRule(t *testing.T) {
	for _, c := range []struct {
		name, got, want string
		points          float64
	}{
		{"refused", "", "a\n1\n", 0},
		{"equal", "a,b\n1,x\n", "a,b\n1,x\n", 10},
		{"only a header", "a,b\n", "a,b\n", 10},
		{"an empty last cell", "a\n1,\n", "a\n1,\n", 10},
		{"header and one of two cells right", "a\n1\n", "a\n2\n", 1 + 3 + 0 + 1.5},
	} {
		if got := pollockScore(c.got, c.want); got != c.points {
			t.Errorf("%s: %v points, want %v", c.name, got, c.points)
		}
	}
}
