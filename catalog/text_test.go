package catalog

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestTextFallsBack(t *testing.T) {
	all := Text{"vi": "một", "en": "one", "fr": "un", "de": ""}
	for _, tc := range []struct {
		text  Text
		langs []string
		words string
		lang  string
	}{
		{all, []string{"en", "vi"}, "one", "en"},
		{all, []string{"de", "fr"}, "un", "fr"}, // empty words are none
		{all, nil, "một", "vi"},
		{all, []string{"ja"}, "một", "vi"},
		{Text{"fr": "un", "en": "one"}, []string{"vi"}, "one", "en"},
		{Text{"ja": "一", "fr": "un"}, []string{"vi"}, "un", "fr"},
		{nil, []string{"vi"}, "", ""},
		{Text{"vi": ""}, nil, "", ""},
	} {
		if words, lang := tc.text.Lang(tc.langs...); words != tc.words || lang != tc.lang {
			t.Errorf("%v in %v: got %q in %q, want %q in %q", tc.text, tc.langs, words, lang, tc.words, tc.lang)
		}
	}
	if got, want := all.Languages(), []string{"vi", "en", "fr"}; !slices.Equal(got, want) {
		t.Errorf("languages: got %v, want %v", got, want)
	}
}

func TestSlug(t *testing.T) {
	for _, tc := range []struct{ title, want string }{
		{"Dân số theo tỉnh", "dan-so-theo-tinh"},
		{"Đường, Đò & ĐƯỜNG SẮT (2025)", "duong-do-duong-sat-2025"},
		{"Dân số", "dan-so"}, // marks written apart
		{"Hoà Bình – Hòa Bình", "hoa-binh-hoa-binh"},
		{"  --a__b--  ", "a-b"},
		{"Straße in Ærø", "stra-e-in-r"},
		{"ﬁle №5", "file-no5"},
		{"国民の祝日", ""},
		{"", ""},
		{strings.Repeat("từ ", 60), strings.TrimSuffix(strings.Repeat("tu-", 33), "-")},
		{strings.Repeat("a", 150), strings.Repeat("a", 100)},
	} {
		if got := Slug(tc.title); got != tc.want {
			t.Errorf("%q: got %q, want %q", tc.title, got, tc.want)
		}
	}
}

func FuzzSlug(f *testing.F) {
	f.Add("Đường sắt \xff 2025")
	f.Add(strings.Repeat("ư-", 120))
	f.Fuzz(func(t *testing.T, title string) {
		s := Slug(title)
		if len(s) >= 2 && !slugged.MatchString(s) || len(s) > maxSlug || strings.HasPrefix(s, "-") || strings.HasSuffix(s, "-") {
			t.Errorf("%q", s)
		}
		if again := Slug(s); again != s {
			t.Errorf("the slug of %q is %q", s, again)
		}
	})
}

// What tidy has been over, textFault finds no fault with that tidy could mend.
func FuzzTidy(f *testing.F) {
	f.Add("e\u0302\u0323 \r\n x ")
	f.Add("a\u202eb\x00")
	f.Fuzz(func(t *testing.T, s string) {
		once := tidy(s)
		if twice := tidy(once); twice != once {
			t.Errorf("tidied twice: %q, %q", once, twice)
		}
		if utf8.ValidString(s) && textFault(once, true) == "not-nfc" {
			t.Errorf("%q is not NFC", once)
		}
	})
}

func TestTextFault(t *testing.T) {
	for _, tc := range []struct {
		s    string
		long bool
		want string
	}{
		{"Dân số “tỉnh” <b> & \"x\" \\ 'y' 🇻🇳", false, ""},
		{"dòng một\nhai\tba", true, ""},
		{"dòng một\nhai", false, "control-character"},
		{"a\tb", false, "control-character"},
		{"a\rb", true, "control-character"},
		{"a\x00b", true, "control-character"},
		{"a\u0085b", true, "control-character"},
		{"a\u2028b", true, "control-character"},
		{"lương\u202egnơưl", false, "control-character"},
		{"a\u2066b", true, "control-character"},
		{"\ufeffa", true, "control-character"},
		{"a\ufffe", true, "control-character"},
		{"a\U0001fffe", true, "control-character"},
		{"a\xffb", true, "not-utf8"},
		{"Da\u0302n", false, "not-nfc"},
	} {
		if got := textFault(tc.s, tc.long); got != tc.want {
			t.Errorf("%q: got %q, want %q", tc.s, got, tc.want)
		}
	}
}
