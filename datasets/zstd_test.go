package datasets

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/apache/arrow/go/v17/parquet/compress"
)

// pages of several kinds and sizes: repeating text, digits, noise, nothing.
func pages() [][]byte {
	r := rand.New(rand.NewPCG(1, 1))
	var out [][]byte
	for _, n := range []int{0, 1, 100, 1 << 10, 64 << 10, 1 << 20, 3 << 20} {
		var text, digits bytes.Buffer
		noise := make([]byte, n)
		for i := range noise {
			noise[i] = byte(r.Uint32())
		}
		for text.Len() < n {
			fmt.Fprintf(&text, "Phường Suối %d, Vùng Hạ Lưu;", r.IntN(100))
			fmt.Fprintf(&digits, "%09d", r.IntN(1e9))
		}
		out = append(out, noise, text.Bytes(), digits.Bytes())
	}
	return out
}

// A page becomes the same bytes whatever its encoder did before, and reads back.
func TestPagesDoNotDependOnEachOther(t *testing.T) {
	codec, err := compress.GetCodec(compress.Codecs.Zstd)
	if err != nil {
		t.Fatal(err)
	}
	all := pages()
	first := make([][]byte, len(all))
	for i, p := range all {
		first[i] = newPooled(codec).EncodeLevel(nil, p, 0) // an encoder that has done nothing yet
	}
	r := rand.New(rand.NewPCG(2, 2))
	for range 5 {
		for _, i := range r.Perm(len(all)) {
			got := codec.EncodeLevel(make([]byte, 0, 64), all[i], 3)
			if !bytes.Equal(got, first[i]) {
				t.Fatalf("page %d of %d bytes: other bytes after other pages", i, len(all[i]))
			}
			if back := codec.Decode(make([]byte, len(all[i])), got); !bytes.Equal(back, all[i]) {
				t.Fatalf("page %d of %d bytes does not read back", i, len(all[i]))
			}
		}
	}
}

func BenchmarkZstdPage(b *testing.B) {
	var page bytes.Buffer
	for i := 0; page.Len() < 1<<20; i++ {
		fmt.Fprintf(&page, "Phường Suối %d, Vùng Hạ Lưu;", i*7919%1000)
	}
	codec, err := compress.GetCodec(compress.Codecs.Zstd)
	if err != nil {
		b.Fatal(err)
	}
	mine := codec.(pooled)
	for _, c := range []struct {
		name  string
		codec compress.Codec
	}{{"pooled", mine}, {"new-each-page", mine.Codec}} {
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(page.Len()))
			b.ReportAllocs()
			var dst []byte
			for b.Loop() {
				dst = c.codec.EncodeLevel(dst, page.Bytes(), 1)
			}
		})
	}
}
