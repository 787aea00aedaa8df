package api

import (
	"slices"
	"testing"
)

// Pages made smaller begin at the same dataset and walk to the same end.
func TestDivide(t *testing.T) {
	for _, size := range []int{1, 2, 7, 100, 997, 1000} {
		for _, page := range []int{1, 2, 9} {
			for _, n := range []int{2, 3, 6, 5000} {
				a := slicing{page: page, size: size}
				a.divide(n)
				if a.size < 1 || a.size > max(1, size/n) || (a.page-1)*a.size != (page-1)*size {
					t.Errorf("page %d of %d, divided by %d: page %d of %d", page, size, n, a.page, a.size)
				}
			}
		}
	}
}

// Whatever stands in an Accept header, the answer is one of the offers, and one
// that was not forbidden.
func FuzzAccept(f *testing.F) {
	for _, s := range []string{"", "*/*", "text/turtle;q=0.5, */*;q=0.1", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "a/b;q=NaN", ";;,/;q=", "text/*;q=1e9", "*;q=0"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, header string) {
		for _, a := range parseAccept(header) {
			if !(a.q >= 0 && a.q <= 1) {
				t.Errorf("%q: quality %v", header, a.q)
			}
		}
		list := offers(true)
		o, ok := choose(header, list)
		if !ok {
			return
		}
		if len(o.media) == 0 {
			t.Fatalf("%q: nothing was chosen", header)
		}
		if !slices.ContainsFunc(o.media, func(m string) bool { q, _ := weigh(parseAccept(header), m); return q > 0 }) {
			t.Errorf("%q: %v is not welcome", header, o.media)
		}
	})
}
