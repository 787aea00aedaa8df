package format

import (
	"bytes"
	"encoding/binary"
	"io"
	"sync"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// Codecs of pages, by their number in the format. LZO has none: its library
// may not be used with ours, and nobody writes it any more.
const (
	codecNone   = 0
	codecSnappy = 1
	codecGzip   = 2
	codecLZO    = 3
	codecBrotli = 4
	codecLZ4    = 5 // as Hadoop frames it, or bare
	codecZstd   = 6
	codecLZ4Raw = 7
)

// pageZstd never gives more than there is room for.
var pageZstd = sync.OnceValue(func() *zstd.Decoder {
	d, err := zstd.NewReader(nil, zstd.WithDecodeAllCapLimit(true), zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true))
	if err != nil {
		panic(err) // the options are constants
	}
	return d
})

// unpack fills dst with what src holds; false where that is not exactly so much.
func unpack(codec int, dst, src []byte) bool {
	switch codec {
	case codecNone:
		return copy(dst, src) == len(src) && len(src) == len(dst)
	case codecSnappy:
		if n, err := snappy.DecodedLen(src); err != nil || n != len(dst) {
			return false
		}
		out, err := snappy.Decode(dst, src)
		return err == nil && len(out) == len(dst)
	case codecGzip:
		r, err := gzip.NewReader(bytes.NewReader(src))
		return err == nil && fills(dst, r)
	case codecBrotli:
		return fills(dst, brotli.NewReader(bytes.NewReader(src)))
	case codecZstd:
		out, err := pageZstd().DecodeAll(src, dst[:0:len(dst)])
		return err == nil && len(out) == len(dst)
	case codecLZ4Raw:
		return lz4Block(dst, src)
	case codecLZ4:
		return lz4Hadoop(dst, src) || lz4Block(dst, src)
	}
	return false
}

// fills: r holds so many bytes and no more.
func fills(dst []byte, r io.Reader) bool {
	if _, err := io.ReadFull(r, dst); err != nil {
		return false
	}
	var more [1]byte
	n, err := io.ReadFull(r, more[:])
	return n == 0 && err == io.EOF
}

func lz4Block(dst, src []byte) bool {
	if len(dst) == 0 {
		return len(src) <= 1
	}
	n, err := lz4.UncompressBlock(src, dst)
	return err == nil && n == len(dst)
}

// lz4Hadoop reads blocks, each with its two lengths before it.
func lz4Hadoop(dst, src []byte) bool {
	for len(src) >= 8 {
		size, packed := binary.BigEndian.Uint32(src), binary.BigEndian.Uint32(src[4:])
		src = src[8:]
		if uint64(size) > uint64(len(dst)) || uint64(packed) > uint64(len(src)) || !lz4Block(dst[:size], src[:packed]) {
			return false
		}
		dst, src = dst[size:], src[packed:]
	}
	return len(dst) == 0 && len(src) == 0
}
