package format

import (
	"bufio"
	"bytes"
	"compress/bzip2"
	"context"
	"errors"
	"io"
	"path"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"
)

// A packing is a compressed form of one file. The files of a ZIP are in
// archive.go and archive_tables.go.
type packing struct {
	name   string
	marks  []string
	suffix []string // of file names, for the name of what is inside
	open   func(io.Reader) (io.Reader, error)
}

// windowMost bounds what a packed file may have its reader keep: 128 MiB is
// what the longest settings of the usual programs write.
const windowMost = 128 << 20

var packings = []packing{
	{"gzip", []string{"\x1f\x8b"}, []string{".gz", ".gzip"}, func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) }},
	{"zstd", zstdMarks(), []string{".zst", ".zstd"}, func(r io.Reader) (io.Reader, error) {
		return zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(windowMost), zstd.WithDecoderLowmem(true))
	}},
	{"xz", []string{"\xfd7zXZ\x00"}, []string{".xz"}, openXZ},
	{"bzip2", []string{"BZh1", "BZh2", "BZh3", "BZh4", "BZh5", "BZh6", "BZh7", "BZh8", "BZh9"}, []string{".bz2"}, func(r io.Reader) (io.Reader, error) { return bzip2.NewReader(r), nil }},
}

// zstdMarks are those of a frame, and of the frames without content that some
// programs put before it.
func zstdMarks() []string {
	marks := []string{"\x28\xb5\x2f\xfd"}
	for b := byte(0x50); b < 0x60; b++ {
		marks = append(marks, string([]byte{b, 0x2a, 0x4d, 0x18}))
	}
	return marks
}

// openXZ looks at the dictionary that the first block asks for, since the
// library takes what is asked.
func openXZ(r io.Reader) (io.Reader, error) {
	b, ok := r.(*bufio.Reader)
	if !ok {
		b = bufio.NewReader(r)
	}
	const streamHeader, lzma2 = 12, 0x21
	head, _ := b.Peek(streamHeader + 64)
	for i := streamHeader + 2; i+2 < len(head); i++ {
		if head[i] == lzma2 && head[i+1] == 1 && head[i+2] <= 40 {
			if bits := head[i+2]; uint64(2|bits&1)<<(bits/2+11) > windowMost {
				return nil, &Refusal{Code: "packed-window", Stage: "unpack"}
			}
			break
		}
	}
	return xz.NewReader(b)
}

func packedFormat(p packing) Format {
	return Format{
		Name: p.name,
		Sniff: func(_ string, head []byte) bool {
			for _, m := range p.marks {
				if bytes.HasPrefix(head, []byte(m)) {
					return true
				}
			}
			return false
		},
		Open: func(ctx context.Context, r io.ReaderAt, size int64, o Options) (*File, error) {
			return openPacked(ctx, p, r, size, o)
		},
	}
}

func openPacked(ctx context.Context, p packing, r io.ReaderAt, size int64, o Options) (*File, error) {
	if o.unpacker != nil {
		return nil, &Refusal{Code: "packed-twice", Stage: "unpack"}
	}
	o.unpacker = newUnpacker(o, size)
	sum, err := sumOf(ctx, r, size, o.Progress)
	if err != nil {
		return nil, err
	}
	disk := &watched{r: r}
	in := &packedReader{SectionReader: io.NewSectionReader(disk, 0, size), ctx: ctx, progress: o.Progress}
	out, err := p.open(bufio.NewReaderSize(in, 64<<10))
	var inside *io.SectionReader
	if err == nil {
		inside, err = o.unpacker.lay(ctx, out)
	}
	if c, ok := out.(*zstd.Decoder); ok {
		c.Close()
	}
	if err != nil {
		var refused *Refusal
		switch known := disk.err.Load(); {
		case errors.As(err, &refused), ctx.Err() != nil, errors.Is(err, errScratch):
			return nil, err
		case known != nil:
			return nil, *known
		case errors.Is(err, zstd.ErrWindowSizeExceeded), errors.Is(err, zstd.ErrDecoderSizeExceeded):
			return nil, &Refusal{Code: "packed-window", Stage: "unpack"}
		}
		return nil, &Refusal{Code: "packed-damaged", Stage: "unpack"}
	}
	name := o.name
	for _, s := range p.suffix {
		if strings.HasSuffix(strings.ToLower(name), s) {
			name = name[:len(name)-len(s)]
		}
	}
	file, err := o.inside(ctx, inside, inside.Size(), path.Base(name), o)
	if err != nil {
		return nil, err
	}
	file.Report.SHA256, file.Report.Packed = sum, p.name
	return file, nil
}

// packedReader reads the packed bytes, and says how far it is.
type packedReader struct {
	*io.SectionReader
	ctx      context.Context
	progress func(string, int64, int64)
	at       int64
	calls    int
}

func (r *packedReader) Read(b []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := r.SectionReader.Read(b)
	r.at += int64(n)
	if r.calls++; r.calls%16 == 0 && r.progress != nil {
		r.progress("unpack", r.at, 0)
	}
	return n, err
}

// Scratch is where packed content is laid out, since a reader reads it from
// anywhere and again. It is empty at first and nobody else writes to it.
type Scratch interface {
	io.ReaderAt
	io.WriterAt
}

var errScratch = errors.New("unpack: the scratch file cannot be written")

// unpacker lays content after content into the scratch, up to the limit.
type unpacker struct {
	scratch Scratch
	at      int64
	limit   int64 // of all that may come out
	left    int64 // of it
	packed  int64 // bytes of the whole packed file
	told    func(int64)
}

// What comes out of a table's compressed file is 5 to 50 times its size.
// Hundreds of times are the same bytes again and again, made to fill a machine.
const (
	ratioMost = 400
	ratioFrom = 256 << 20 // below that it does no harm
)

// newUnpacker has what comes out go into memory where the options name no
// scratch file.
func newUnpacker(o Options, packed int64) *unpacker {
	u := &unpacker{scratch: o.Scratch, limit: o.Limits.Inflated, left: o.Limits.Inflated, packed: packed, told: o.Inflated}
	if u.scratch == nil {
		u.scratch = &memoryScratch{}
	}
	return u
}

// lay copies all of r and gives it back to be read from anywhere.
func (u *unpacker) lay(ctx context.Context, r io.Reader) (*io.SectionReader, error) {
	from := u.at
	buf := make([]byte, 256<<10)
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		n, err := r.Read(buf)
		if u.left -= int64(n); u.left < 0 {
			return nil, &Refusal{Code: "too-large", Stage: "unpack"}
		}
		if out := u.at + int64(n); out > ratioFrom && out/ratioMost > u.packed {
			return nil, &Refusal{Code: "packed-ratio", Stage: "unpack"}
		}
		if n > 0 {
			if _, err := u.scratch.WriteAt(buf[:n], u.at); err != nil {
				return nil, errScratch
			}
			u.at += int64(n)
			if u.told != nil {
				u.told(u.limit - u.left)
			}
		}
		if err == io.EOF {
			return io.NewSectionReader(u.scratch, from, u.at-from), nil
		}
		if err != nil {
			return nil, err
		}
	}
}

// memoryScratch grows at its end only.
type memoryScratch struct{ b []byte }

func (m *memoryScratch) WriteAt(p []byte, off int64) (int, error) {
	if off != int64(len(m.b)) {
		return 0, errScratch
	}
	m.b = append(m.b, p...)
	return len(p), nil
}

func (m *memoryScratch) ReadAt(p []byte, off int64) (int, error) {
	return bytes.NewReader(m.b).ReadAt(p, off)
}
