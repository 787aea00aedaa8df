package datasets

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"daylight/privacy"
)

// Up to the limit values are counted one by one, of every type, as a set of
// their texts does.
func TestTallyIsOfTheTexts(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 4))
	for _, n := range []int{1, 40, 3000} {
		var texts, numbers, decimals, dates, floats, truths []any
		for range 4 * n {
			v := r.IntN(n)
			texts = append(texts, []any{fmt.Sprint("số ", v), nil, ""}[max(0, r.IntN(20)-17)]) // some null, some empty
			numbers = append(numbers, v-n/2)
			decimals = append(decimals, dec(t, fmt.Sprintf("%d.50", v<<20), 30, 2))
			dates = append(dates, day("1970-01-01")+arrow.Date32(v%400))
			floats = append(floats, float64(v)/7)
			truths = append(truths, v%2 == 0)
		}
		rec := record("a b c d e f", column(text, texts...), column(whole, numbers...), column(&arrow.Decimal128Type{Precision: 30, Scale: 2}, decimals...),
			column(date, dates...), column(float, floats...), column(truth, truths...))
		for i, col := range rec.Columns() {
			var got tally
			want := map[string]int64{}
			for _, part := range []int64{0, 1} { // in two batches
				half := int64(col.Len()) / 2
				s := array.NewSlice(col, part*half, half+part*(int64(col.Len())-half))
				got.add(s)
				for row := range s.Len() {
					if s.IsValid(row) {
						want[string(privacy.AppendCell(nil, s, row))]++
					}
				}
			}
			if got.over || got.count(int64(col.Len())) != int64(len(want)) {
				t.Errorf("n %d, column %d: counted %d of %d values", n, i, got.count(int64(col.Len())), len(want))
			}
			for _, c := range got.found {
				if c.n > 0 && want[c.text] != c.n {
					t.Errorf("n %d, column %d: a text %d times, want %d", n, i, c.n, want[c.text])
				}
			}
		}
	}
}
