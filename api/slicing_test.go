package api

import "testing"

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
