package templates

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRays(t *testing.T) {
	if got := rays(nil); got != nil {
		t.Errorf("rays(nil) = %v", got)
	}
	got := rays([]int{4, 0, 2})
	want := []ray{
		{"M116.3 218.7L14.5 211.6", ""},
		{"M220 122L220 117", "ray--none"},
		{"M323.7 218.7L381.6 214.7", "ray--now"},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("rays (-want +got)\n%s", d)
	}
}

func TestHistogram(t *testing.T) {
	for _, c := range []struct {
		name    string
		heights []float64
		want    string
	}{
		{"none", nil, ""},
		{"all zero", []float64{0, 0}, ""},
		{"two", []float64{10, 5}, "M0 30v-30h46.5v30zM48 30v-15h46.5v15z"},
		{"small is seen, zero is not", []float64{1000, 0, 1}, "M0 30v-30h30.5v30zM64 30v-1.5h30.5v1.5z"},
		{"no number", []float64{math.NaN(), math.Inf(1), -3, 2}, "M72 30v-30h22.5v30z"},
	} {
		if got := histogram(c.heights, 96, 30); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestCountBars(t *testing.T) {
	got := countBars([]Count{{N: 31}, {N: 4}, {N: 0}})
	if got[0].Width != "100%" || got[1].Width != "12%" || got[2].Width != "0%" {
		t.Errorf("widths %s %s %s", got[0].Width, got[1].Width, got[2].Width)
	}
}
