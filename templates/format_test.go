package templates

import (
	"math"
	"strings"
	"testing"
	"time"
)

func TestFigures(t *testing.T) {
	for _, c := range []struct{ name, vi, en, wantVI, wantEN string }{
		{"number", Number("vi", 12480), Number("en", 12480), "12.480", "12,480"},
		{"small", Number("vi", 7), Number("en", 7), "7", "7"},
		{"thousand", Number("vi", 1000), Number("en", 1000), "1.000", "1,000"},
		{"negative", Number("vi", -1234567), Number("en", -1234567), "−1.234.567", "−1,234,567"},
		{"least", Number("vi", math.MinInt64), Number("en", math.MinInt64), "−9.223.372.036.854.775.808", "−9,223,372,036,854,775,808"},
		{"decimal", Decimal("vi", 4.2, 1), Decimal("en", 4.2, 1), "4,2", "4.2"},
		{"no zero at the end", Decimal("vi", 1234.50, 2), Decimal("en", 1234.50, 2), "1.234,5", "1,234.5"},
		{"rounds up to a whole", Decimal("vi", 999.96, 1), Decimal("en", 999.96, 1), "1.000", "1,000"},
		{"no minus nothing", Decimal("vi", -0.01, 1), Decimal("en", -0.01, 1), "0", "0"},
		{"not a number", Decimal("vi", math.NaN(), 1), Decimal("en", math.Inf(1), 1), "–", "–"},
		{"big", Big("vi", 3_104_553_120), Big("en", 3_104_553_120), "3,1 tỷ", "3.1 billion"},
		{"million", Big("vi", 1_923_000), Big("en", 1_923_000), "1,92 triệu", "1.92 million"},
		{"not so big", Big("vi", 999_999), Big("en", 999_999), "999.999", "999,999"},
		{"nearly a billion", Big("vi", 999_600_000), Big("en", 999_600_000), "1 tỷ", "1 billion"},
		{"hundreds", Big("vi", 312_400_000), Big("en", 312_400_000), "312 triệu", "312 million"},
		{"percent", Percent("vi", .97), Percent("en", .97), "97 %", "97%"},
		{"part of a percent", Percent("vi", .018), Percent("en", .018), "1,8 %", "1.8%"},
		{"hardly any", Percent("vi", .00001), Percent("en", .00001), "< 0,1 %", "< 0.1%"},
		{"nearly all", Percent("vi", .99999), Percent("en", .99999), "> 99,9 %", "> 99.9%"},
		{"none", Percent("vi", 0), Percent("en", 0), "0 %", "0%"},
		{"all", Percent("vi", 1), Percent("en", 1), "100 %", "100%"},
		{"bytes", Bytes("vi", 999), Bytes("en", 999), "999 B", "999 B"},
		{"megabytes", Bytes("vi", 9_800_000), Bytes("en", 9_800_000), "9,8 MB", "9.8 MB"},
		{"kilobytes", Bytes("vi", 214_551), Bytes("en", 214_551), "215 kB", "215 kB"},
		{"over the edge", Bytes("vi", 999_900), Bytes("en", 999_900), "1 MB", "1 MB"},
		{"gigabytes", Bytes("vi", 10_737_418_240), Bytes("en", 10_737_418_240), "10,7 GB", "10.7 GB"},
	} {
		if got := strings.ReplaceAll(c.vi, nbsp, " "); got != c.wantVI {
			t.Errorf("%s: vi %q, want %q", c.name, got, c.wantVI)
		}
		if got := strings.ReplaceAll(c.en, nbsp, " "); got != c.wantEN {
			t.Errorf("%s: en %q, want %q", c.name, got, c.wantEN)
		}
	}
}

func TestDates(t *testing.T) {
	// late in the evening in London is the next day in Hanoi
	evening := time.Date(2026, 11, 20, 22, 30, 0, 0, time.UTC)
	if got := Date("vi", evening); got != "21/11/2026" {
		t.Errorf("vi %q", got)
	}
	if got := strings.ReplaceAll(Date("en", evening), nbsp, " "); got != "21 November 2026" {
		t.Errorf("en %q", got)
	}
	if got := isoDate(evening); got != "2026-11-21" {
		t.Errorf("iso %q", got)
	}
	if Date("vi", time.Time{}) != "" || isoDate(time.Time{}) != "" {
		t.Error("the zero time is no day")
	}
}

func TestClip(t *testing.T) {
	for _, c := range []struct {
		in      string
		letters int
		want    string
	}{
		{"ngắn", 10, "ngắn"},
		{"một câu  dài hơn\nthế", 12, "một câu dài…"},
		{"khôngcókhoảngtrắng", 5, "không…"},
		{"tie\u0302\u0301ng Viê\u0323t", 5, "tiếng…"}, // decomposed marks are not torn off
		{"", 5, ""},
	} {
		if got := clip(c.in, c.letters); got != c.want {
			t.Errorf("clip(%q, %d) = %q, want %q", c.in, c.letters, got, c.want)
		}
	}
}

func TestFreshness(t *testing.T) {
	last := day(2026, 11, 1)
	for _, c := range []struct {
		name, frequency string
		now             time.Time
		state           string
		late            int
	}{
		{"fresh", "MONTHLY", day(2026, 11, 2), FreshOnTime, 0},
		{"soon", "MONTHLY", day(2026, 11, 29), FreshDue, 0},
		{"the day itself", "MONTHLY", day(2026, 12, 1), FreshDue, 0},
		{"late", "MONTHLY", day(2026, 12, 2), FreshLate, 1},
		{"weekly late", "WEEKLY", day(2026, 11, 17), FreshLate, 9},
		{"daily is not due all day", "DAILY", day(2026, 11, 1), FreshOnTime, 0},
		{"daily late", "DAILY", day(2026, 11, 4), FreshLate, 2},
		{"nothing promised", "IRREG", day(2030, 1, 1), FreshNone, 0},
		{"unknown code", "SOMETIMES", day(2030, 1, 1), FreshNone, 0},
	} {
		got := FreshnessOf(c.frequency, last, c.now)
		if got.State != c.state || got.DaysLate != c.late {
			t.Errorf("%s: %s %d, want %s %d", c.name, got.State, got.DaysLate, c.state, c.late)
		}
	}
	if got := FreshnessOf("DAILY", time.Time{}, testNow); got.State != FreshNone {
		t.Errorf("never published: %s", got.State)
	}
}
