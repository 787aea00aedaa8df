package datasets

import (
	"fmt"
	"math"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/google/go-cmp/cmp"
)

func statsOf(t *testing.T, recs ...arrow.Record) []Column {
	t.Helper()
	schema, err := publicSchema(recs[0].Schema())
	if err != nil {
		t.Fatal(err)
	}
	s := newStats(schema)
	for _, r := range recs {
		if err := s.Write(r); err != nil {
			t.Fatal(err)
		}
	}
	for _, r := range recs {
		s.Second(r)
	}
	return s.table("data").Columns
}

func TestStats(t *testing.T) {
	money := &arrow.Decimal128Type{Precision: 10, Scale: 2}
	rec := record("ten so tien ngay dung le",
		column(text, "Huế", "Hà Nội", "Hà Nội", "", nil),
		column(whole, 12, 0, 6, nil, 6),
		column(money, dec(t, "-1.50", 10, 2), dec(t, "10.00", 10, 2), nil, nil, dec(t, "0.25", 10, 2)),
		column(date, day("1969-12-31"), day("1970-01-12"), nil, nil, day("1970-01-01")),
		column(truth, true, true, false, nil, true),
		column(float, math.NaN(), math.Inf(1), 2.5, nil, 2.5))
	got := statsOf(t, rec.NewSlice(0, 2), rec.NewSlice(2, 5)) // extremes stand in different batches
	want := []Column{
		{Key: "ten", Label: "Nhãn ten", Type: "text", Nulls: 1, Distinct: 3, DistinctExact: true,
			Top: []ValueCount{{"Hà Nội", 2}, {"", 1}, {"Huế", 1}}},
		{Key: "so", Label: "Nhãn so", Type: "integer", Nulls: 1, Distinct: 3, DistinctExact: true, Min: "0", Max: "12",
			Histogram: []int64{1, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 1}},
		{Key: "tien", Label: "Nhãn tien", Type: "decimal", Nulls: 2, Distinct: 3, DistinctExact: true, Min: "-1.50", Max: "10.00",
			Histogram: []int64{1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}},
		{Key: "ngay", Label: "Nhãn ngay", Type: "date", Nulls: 2, Distinct: 3, DistinctExact: true, Min: "1969-12-31", Max: "1970-01-12",
			Histogram: []int64{1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}},
		{Key: "dung", Label: "Nhãn dung", Type: "boolean", Nulls: 1, Distinct: 2, DistinctExact: true,
			Top: []ValueCount{{"true", 3}, {"false", 1}}},
		{Key: "le", Label: "Nhãn le", Type: "float", Nulls: 1, Distinct: 3, DistinctExact: true, Min: "2.5", Max: "2.5"},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

func TestStatsExtremesOfNumbers(t *testing.T) {
	got := statsOf(t, record("a b",
		column(whole, int64(math.MinInt64), int64(math.MaxInt64), 0),
		column(float, -math.MaxFloat64, math.MaxFloat64, 0.0)))
	for _, c := range got {
		n := int64(0)
		for _, b := range c.Histogram {
			n += b
		}
		if n != 3 || c.Histogram[0] != 1 || c.Histogram[11] != 1 || c.Histogram[6] != 1 {
			t.Errorf("%s: %v", c.Key, c.Histogram)
		}
	}
	if got[0].Min != "-9223372036854775808" || got[0].Max != "9223372036854775807" {
		t.Errorf("got %s to %s", got[0].Min, got[0].Max)
	}
}

func TestStatsManyValues(t *testing.T) {
	for _, n := range []int{distinctExact, distinctExact + 1, 200_000} {
		values := make([]any, 0, 2*n)
		for i := range n {
			s := fmt.Sprintf("giá trị %d", i)
			values = append(values, s, s)
		}
		c := statsOf(t, record("a", column(text, values...)))[0]
		if exact := n <= distinctExact; c.DistinctExact != exact || exact && c.Distinct != int64(n) {
			t.Errorf("%d values: exact %v, %d", n, c.DistinctExact, c.Distinct)
		}
		if off := math.Abs(float64(c.Distinct)/float64(n) - 1); off > .04 {
			t.Errorf("%d values: counted %d", n, c.Distinct)
		}
		if n > distinctExact && c.Top != nil {
			t.Error("top values of a column that does not repeat itself")
		}
	}
}

func TestStatsNamesHaveNoTop(t *testing.T) {
	values := make([]any, 100)
	for i := range values {
		values[i] = fmt.Sprint("Nguyễn ", i%80)
	}
	if c := statsOf(t, record("a", column(text, values...)))[0]; c.Top != nil || c.Distinct != 80 {
		t.Errorf("got %v, %d values", c.Top, c.Distinct)
	}
}

func TestSketch(t *testing.T) {
	for _, n := range []int{0, 1, 100, 5_000, 100_000} {
		var s sketch
		for i := range n {
			s.add(hash64(fmt.Append(nil, i)))
			s.add(hash64(fmt.Append(nil, i)))
		}
		if off := math.Abs(float64(s.count()) - float64(n)); off > .05*float64(n) {
			t.Errorf("%d values: estimated %d", n, s.count())
		}
	}
}

func TestFileNames(t *testing.T) {
	for _, c := range []struct{ in, want []string }{
		{[]string{"Danh sách"}, []string{"data"}},
		{[]string{"Đơn vị hành chính", "Đơn vị hành chính", "../../x", ""},
			[]string{"don-vi-hanh-chinh", "don-vi-hanh-chinh-2", "x", "table-4"}},
		{[]string{"a_b-c", "人口", "A B"}, []string{"a_b-c", "table-2", "a-b"}},
	} {
		if d := cmp.Diff(c.want, fileNames(c.in)); d != "" {
			t.Errorf("%q (-want +got)\n%s", c.in, d)
		}
	}
}

func TestRef(t *testing.T) {
	r := Ref{sum: [32]byte{0xab, 1}}
	got, err := ParseRef(r.String())
	if err != nil || got != r {
		t.Errorf("got %v, %v", got, err)
	}
	if got, want := r.Key()[:11], "files/ab/ab"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	for _, s := range []string{"", r.String()[1:], r.String() + "0", "AB" + r.String()[2:], "zz" + r.String()[2:]} {
		if _, err := ParseRef(s); err == nil {
			t.Errorf("%q was taken", s)
		}
	}
}
