package datasets

import (
	"sync"

	"github.com/apache/arrow/go/v17/parquet/compress"
	"github.com/klauspost/compress/zstd"
)

// v17 makes a new encoder for every page, with its tables of some megabytes.
// Ours are used again. They have to stand in v17's table before any file is
// written or read, which is when packages are initialised.
var parquetCodec = poolZstd()

func poolZstd() pooled {
	own, err := compress.GetCodec(compress.Codecs.Zstd)
	if err != nil {
		panic(err) // v17 without zstd would be another v17
	}
	p := newPooled(own)
	compress.RegisterCodec(compress.Codecs.Zstd, p)
	return p
}

// pooled is v17's own codec but for the compression of pages. What a page
// becomes does not depend on the pages an encoder had before: zstd_test.go.
type pooled struct {
	compress.Codec
	encoders *sync.Pool
}

func newPooled(own compress.Codec) pooled {
	return pooled{own, &sync.Pool{New: func() any {
		// the fastest level: on tables the next one takes more time and saves nothing
		e, err := zstd.NewWriter(nil, zstd.WithZeroFrames(true), zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
		if err != nil {
			panic(err) // the options are constants
		}
		return e
	}}}
}

func (p pooled) Encode(dst, src []byte) []byte { return p.EncodeLevel(dst, src, 0) }

// EncodeLevel has one level.
func (p pooled) EncodeLevel(dst, src []byte, _ int) []byte {
	e := p.encoders.Get().(*zstd.Encoder)
	defer p.encoders.Put(e)
	return e.EncodeAll(src, dst[:0])
}
