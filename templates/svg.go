package templates

import (
	"math"
	"strconv"
	"strings"
)

// A ray is one week of the sun on the home page.
type ray struct {
	D     string // path
	Class string // "", "ray--now", "ray--none"
}

// rays draws a half circle of weeks, the oldest at the left horizon. The
// longest ray is the week with the most publications; a week without any is a
// short tick, because it is a week all the same.
func rays(weeks []int) []ray {
	if len(weeks) == 0 {
		return nil
	}
	const (
		cx, cy         = 220.0, 226.0
		inner, least   = 104.0, 14.0
		longest, empty = 102.0, 5.0
		dawn           = 4 * math.Pi / 180 // clear of the horizon, which would hide the first and the last
	)
	most := 1
	for _, n := range weeks {
		most = max(most, n)
	}
	out := make([]ray, len(weeks))
	for i, n := range weeks {
		turn := math.Pi / 2
		if len(weeks) > 1 {
			turn = dawn + (math.Pi-2*dawn)*(1-float64(i)/float64(len(weeks)-1))
		}
		length, class := empty, "ray--none"
		if n > 0 {
			length, class = least+(longest-least)*float64(n)/float64(most), ""
		}
		if i == len(weeks)-1 {
			class = "ray--now"
		}
		out[i] = ray{D: "M" + point(cx, cy, inner, turn) + "L" + point(cx, cy, inner+length, turn), Class: class}
	}
	return out
}

func point(cx, cy, r, turn float64) string {
	return coord(cx+r*math.Cos(turn)) + " " + coord(cy-r*math.Sin(turn))
}

func coord(f float64) string {
	s := strconv.FormatFloat(f, 'f', 1, 64)
	return strings.TrimSuffix(s, ".0")
}

// histogram draws bars into a box as one path. Heights are in any unit; what
// is not nothing is at least one and a half pixels high. No bars: "".
func histogram(heights []float64, width, height float64) string {
	most := 0.0
	for _, h := range heights {
		if !math.IsNaN(h) && !math.IsInf(h, 0) {
			most = math.Max(most, h)
		}
	}
	if most <= 0 {
		return ""
	}
	step := width / float64(len(heights))
	gap := 1.5
	if step < 4 {
		gap = step / 4
	}
	var b strings.Builder
	for i, h := range heights {
		if !(h > 0) || math.IsInf(h, 0) {
			continue
		}
		tall := math.Max(1.5, height*h/most)
		b.WriteString("M" + coord(float64(i)*step) + " " + coord(height) +
			"v-" + coord(tall) + "h" + coord(step-gap) + "v" + coord(tall) + "z")
	}
	return b.String()
}

// countBar is a Count with the width of its bar.
type countBar struct {
	Count Count
	Width string
}

func countBars(counts []Count) []countBar {
	most := 1
	for _, c := range counts {
		most = max(most, c.N)
	}
	out := make([]countBar, len(counts))
	for i, c := range counts {
		out[i] = countBar{c, strconv.Itoa(max(0, c.N)*100/most) + "%"}
	}
	return out
}
