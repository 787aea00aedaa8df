package format

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync/atomic"

	"github.com/klauspost/compress/flate"
)

// zipFormat opens the directory of a ZIP once and hands it to the reader of
// what it is: workbooks, OpenDocument files and maps are ZIP files too.
var zipFormat = Format{
	Name: "zip",
	Sniff: func(_ string, head []byte) bool {
		return bytes.HasPrefix(head, []byte("PK\x03\x04")) || bytes.HasPrefix(head, []byte("PK\x05\x06"))
	},
	Open: openZIP,
}

// zipKinds are what a ZIP can be, in the order they are tried; has says whether
// there is a part of that name, without case.
var zipKinds = []struct {
	name string
	is   func(a *archive) bool
	open func(ctx context.Context, a *archive, o Options) (*File, error)
}{
	{"xlsx", func(a *archive) bool { return a.has("[content_types].xml") }, openXLSX},
	{"ods", func(a *archive) bool {
		return a.has("meta-inf/manifest.xml") && (a.has("content.xml") || a.has("encrypted-package"))
	}, openODS},
	{"shapefile", isShapefile, openShapefiles},
}

// openZIP hands the ZIP on; what is none of the kinds is an archive of tables.
func openZIP(ctx context.Context, r io.ReaderAt, size int64, o Options) (*File, error) {
	a := &archive{disk: &watched{r: r}, size: size, limits: o.Limits, inflated: o.Limits.Inflated, told: o.Inflated, outer: o.unpacker, damaged: "zip-damaged"}
	sum, err := sumOf(ctx, r, size, o.Progress)
	if err != nil {
		return nil, err
	}
	if err := a.open(); err != nil {
		return nil, err
	}
	for _, k := range zipKinds {
		if !k.is(a) {
			continue
		}
		file, err := k.open(ctx, a, o)
		if err != nil {
			return nil, err
		}
		file.Report.SHA256, file.Report.Format = sum, k.name
		return file, nil
	}
	file, err := openArchive(ctx, a, o)
	if err != nil {
		return nil, err
	}
	file.Report.SHA256 = sum
	return file, nil
}

// archive is a ZIP whose directory was read. What comes out of it is counted,
// whatever the directory says.
type archive struct {
	disk     *watched
	size     int64
	files    []*zip.File
	parts    map[string]*zip.File // by partName; of two with one name the first
	limits   Limits
	inflated int64       // that may still come out of it, in the first look at each part
	told     func(int64) // told what has come out so far; nil: nobody is
	outer    *unpacker   // of the packed file it lies in: what comes out counts there too
	damaged  string      // code of a refusal
}

func (a *archive) open() error {
	z, err := zip.NewReader(a.disk, a.size)
	if err != nil {
		return a.fault(err)
	}
	z.RegisterDecompressor(zip.Deflate, func(r io.Reader) io.ReadCloser { return flate.NewReader(r) })
	if len(z.File) > a.limits.Entries {
		return &Refusal{Code: "too-large", Stage: "structure"}
	}
	a.files, a.parts = z.File, make(map[string]*zip.File, len(z.File))
	for _, f := range z.File {
		if name := partName(f.Name); a.parts[name] == nil {
			a.parts[name] = f
		}
	}
	return nil
}

func (a *archive) has(name string) bool { return a.parts[name] != nil }

// partName is how parts are compared: without case, from the root.
func partName(name string) string {
	return strings.ToLower(strings.TrimPrefix(strings.ReplaceAll(name, `\`, "/"), "/"))
}

// part opens a part. first: it is the first look at it, and what comes out
// counts against the limit of the whole file.
func (a *archive) part(ctx context.Context, name string, first bool) (io.Reader, error) {
	return a.entry(ctx, a.parts[name], first)
}

func (a *archive) entry(ctx context.Context, f *zip.File, first bool) (io.Reader, error) {
	if f == nil {
		return nil, &Refusal{Code: a.damaged, Stage: "structure"}
	}
	if f.Flags&1 != 0 {
		return nil, &Refusal{Code: "encrypted", Stage: "structure"}
	}
	r, err := f.Open()
	if err != nil {
		return nil, a.fault(err)
	}
	p := &inflating{ctx: ctx, r: r, left: a.limits.Inflated}
	if first {
		p.of = a
	}
	return p, nil
}

// fault says what an error of reading a part means.
func (a *archive) fault(err error) error {
	var r *Refusal
	switch {
	case err == nil, errors.As(err, &r), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	}
	if disk := a.disk.err.Load(); disk != nil {
		return fmt.Errorf("read file: %w", *disk)
	}
	if errors.Is(err, zip.ErrAlgorithm) {
		return &Refusal{Code: "zip-method", Stage: "structure"}
	}
	return &Refusal{Code: a.damaged, Stage: "structure"}
}

// watched remembers the first error of the disk, which the ZIP reader would
// tell as a fault of the file.
type watched struct {
	r   io.ReaderAt
	err atomic.Pointer[error]
}

func (w *watched) ReadAt(p []byte, off int64) (int, error) {
	n, err := w.r.ReadAt(p, off)
	if err != nil && err != io.EOF {
		w.err.CompareAndSwap(nil, &err)
	}
	return n, err
}

// inflating counts what comes out of a compressed stream.
type inflating struct {
	ctx  context.Context
	r    io.Reader
	left int64
	of   *archive // in the first look at a part
}

func (p *inflating) Read(b []byte) (int, error) {
	if err := p.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := p.r.Read(b)
	p.left -= int64(n)
	if a := p.of; a != nil {
		a.inflated -= int64(n)
		if a.outer != nil {
			a.outer.left -= int64(n)
			a.inflated = min(a.inflated, a.outer.left)
		}
		if a.told != nil {
			a.told(a.limits.Inflated - a.inflated)
		}
		p.left = min(p.left, a.inflated)
	}
	if p.left < 0 {
		return 0, &Refusal{Code: "too-large", Stage: "structure"}
	}
	return n, err
}
