package letters

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// TestEveryStart holds Valid against the standard library for every three bytes.
func TestEveryStart(t *testing.T) {
	for i := range 1 << 24 {
		b := []byte{byte(i >> 16), byte(i >> 8), byte(i)}
		if Valid(b) != utf8.Valid(b) {
			t.Fatalf("% x: %v", b, Valid(b))
		}
	}
}

func TestBorders(t *testing.T) {
	for _, c := range []string{
		"a", "đ", "ễ", "\U0001F600", "\U0010FFFF", "\xf4\x90\x80\x80", "\xf0\x8f\xbf\xbf", "\xed\xa0\x80", "\xe0\x9f\xbf", "\xc1\xbf",
		"\xf8\x88\x80\x80\x80", "\xf1\x80\x80", "\xe1\x80", "\xc3", "\x80", "\xff", "\xf1\x80\x80\xc0",
	} {
		for before := range 18 {
			for after := range 18 {
				b := []byte(strings.Repeat("x", before) + c + strings.Repeat("y", after))
				if Valid(b) != utf8.Valid(b) {
					t.Errorf("%q: %v", b, Valid(b))
				}
			}
		}
	}
}

func FuzzValid(f *testing.F) {
	f.Add([]byte("Ủy ban nhân dân xã Đường Lâm"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if Valid(b) != utf8.Valid(b) {
			t.Fatalf("% x: %v", b, Valid(b))
		}
	})
}

var mixed = []byte(strings.Repeat("0164A,Ủy ban nhân dân xã Đường Lâm,2024-03-05,1234567.50,", 10_000))

func BenchmarkValid(b *testing.B) {
	for _, v := range []struct {
		name string
		f    func([]byte) bool
	}{{"ours", Valid}, {"std", utf8.Valid}} {
		b.Run(v.name, func(b *testing.B) {
			b.SetBytes(int64(len(mixed)))
			for b.Loop() {
				if !v.f(mixed) {
					b.Fatal("not valid")
				}
			}
		})
	}
}
