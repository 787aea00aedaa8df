package search

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/unicode/norm"
)

func TestWords(t *testing.T) {
	type form struct{ Text, Exact, Folded string }
	for _, c := range []struct {
		in   string
		want []form
	}{
		{"Dân số", []form{{"Dân", "dân", "dan"}, {"số", "số", "so"}}},
		{norm.NFD.String("DÂN Số"), []form{{norm.NFD.String("DÂN"), "dân", "dan"}, {norm.NFD.String("Số"), "số", "so"}}},
		{"Đường, ĐƯỜNG; ðường", []form{{"Đường", "đường", "duong"}, {"ĐƯỜNG", "đường", "duong"}, {"ðường", "ðường", "duong"}}},
		{"ma_xa mã-xã", []form{{"ma", "ma", "ma"}, {"xa", "xa", "xa"}, {"mã", "mã", "ma"}, {"xã", "xã", "xa"}}},
		{"hòa hoà thủy thuỷ khỏe", []form{{"hòa", "hoà", "hoa"}, {"hoà", "hoà", "hoa"}, {"thủy", "thuỷ", "thuy"}, {"thuỷ", "thuỷ", "thuy"}, {"khỏe", "khoẻ", "khoe"}}},
		{"hòang", []form{{"hòang", "hòang", "hoang"}}}, // not at the end: a slip of its own
		{"PM2.5 2025", []form{{"PM2", "pm2", "pm2"}, {"5", "5", "5"}, {"2025", "2025", "2025"}}},
		{"\u0301a \xff b\x00c", []form{{"a", "a", "a"}, {"b", "b", "b"}, {"c", "c", "c"}}},
		{"", nil}, {"+-!(){}[]^\"~*?:\\/", nil},
	} {
		var got []form
		for _, w := range words(c.in) {
			got = append(got, form{c.in[w.from:w.to], w.exact, w.folded})
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%q (-want +got)\n%s", c.in, d)
		}
	}
}

func TestWordsJoined(t *testing.T) {
	var got []bool
	for _, w := range words("dân số, hộ  gia đình") {
		got = append(got, w.joined)
	}
	if d := cmp.Diff([]bool{false, true, false, true, true}, got); d != "" {
		t.Error(d)
	}
}

func TestTermsAreBounded(t *testing.T) {
	if got := len(terms(strings.Repeat("a b c d e f g h i j k l m n ", 10_000))); got != maxTerms {
		t.Errorf("%d terms, want %d", got, maxTerms)
	}
	if got := terms("dân dân DÂN"); len(got) != 1 {
		t.Errorf("a word counts %d times", len(got))
	}
	for _, w := range words(strings.Repeat("x", 10_000)) {
		if len(w.exact) > maxWord {
			t.Errorf("a word of %d bytes", len(w.exact))
		}
	}
}

func TestStem(t *testing.T) {
	for in, want := range map[string]string{"schools": "school", "populations": "popul", "số": "", "so": "", "ab1": ""} {
		if got := stem(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func FuzzWords(f *testing.F) {
	f.Add("Dân số")
	f.Add("a\u0301\xff")
	f.Fuzz(func(t *testing.T, s string) {
		at := 0
		for _, w := range words(s) {
			if w.from < at || w.to <= w.from || w.to > len(s) {
				t.Fatalf("word %d-%d after %d of %d", w.from, w.to, at, len(s))
			}
			if fold(w.folded) != w.folded || w.exact == "" {
				t.Fatalf("%q is not folded for good", w.folded)
			}
			at = w.to
		}
	})
}

func TestOneApart(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{{"truong", "truong", true}, {"truong", "trung", true}, {"truong", "truongs", true}, {"truong", "xruong", true},
		{"truong", "trng", false}, {"chihn", "chinh", true}, {"chihx", "chinh", false}, {"abc", "cba", false}, {"", "a", true}, {"", "ab", false}} {
		if got := oneApart(c.a, c.b); got != c.want {
			t.Errorf("%q %q: %v", c.a, c.b, got)
		}
	}
}
