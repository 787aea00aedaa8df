package datasets

import (
	"bufio"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"
	"golang.org/x/text/unicode/norm"

	"daylight/privacy"
	"daylight/store"
)

var (
	// ErrNoRows: nothing is left to publish. An empty file would look like a
	// statement ("there were none") that nobody made.
	ErrNoRows = errors.New("no rows to publish: send a file with at least one row, or loosen what the plan removes")
	// ErrNotCleared: what was given did not come from privacy.
	ErrNotCleared = errors.New("not cleared by privacy")
)

// Stages of Publish, as its progress function is told.
const (
	StageWrite  = "writing"
	StageCheck  = "checking"
	StageCommit = "publishing"
)

// Shelf is the one way into the public place.
type Shelf struct {
	public  store.Public
	staging store.Staging
}

// NewShelf keeps files in public, and those that are not checked yet in staging.
func NewShelf(public store.Public, staging store.Staging) *Shelf {
	return &Shelf{public: public, staging: staging}
}

// Publish writes every table in every format into staging, reads each file
// back, lets privacy's gates check what was read, and only then moves all files
// to the public place. Each Cleared is used up, also by a failure. Until the
// catalogue names them the files are public to nobody who does not know their
// hash, and a sweep may remove them.
//
// On any error nothing has moved that was not cleared and checked, and staging
// is empty again. progress may be nil; it is told the stage and how much of it is
// done of how much: rows of all tables that are written, of a number not known
// here (0); bytes that are read back.
func (s *Shelf) Publish(ctx context.Context, progress func(stage string, done, all int64), cleared ...*privacy.Cleared) (_ *Release, err error) {
	if len(cleared) == 0 {
		return nil, fmt.Errorf("publish: %w", ErrNotCleared)
	}
	if progress == nil {
		progress = func(string, int64, int64) {}
	}
	stage, err := s.staging.New(ctx)
	if err != nil {
		return nil, fmt.Errorf("publish: %w", err)
	}
	defer func() {
		if rerr := stage.Remove(); rerr != nil && err == nil {
			err = fmt.Errorf("publish: %w", rerr)
		}
	}()

	var names []string
	for _, c := range cleared {
		if c == nil {
			return nil, fmt.Errorf("publish: %w", ErrNotCleared)
		}
		names = append(names, c.Report().Table)
	}
	names = fileNames(names)

	b := batch{stage: stage, progress: progress}
	staged := make([]stagedTable, len(cleared))
	for i, c := range cleared {
		if staged[i], err = b.write(ctx, names[i], c); err != nil {
			return nil, fmt.Errorf("publish table %d: %w", i+1, err)
		}
	}
	b.reading = newReading(staged, progress)
	for i, c := range cleared {
		if err := b.check(ctx, staged[i], c); err != nil {
			return nil, fmt.Errorf("publish table %d: %w", i+1, err)
		}
	}
	b.reading.end()
	for _, f := range b.out.files {
		// Adopt hashes once more what the gates have read: a file that is not
		// what was written stays behind
		if err := s.public.Adopt(ctx, f.Ref.sum, stage.Path(f.Name)); err != nil {
			return nil, fmt.Errorf("publish: %w", err)
		}
	}
	progress(StageCommit, b.out.Rows(), 0)
	return &b.out, nil
}

// batch is one Publish at work: what is staged and checked so far.
type batch struct {
	stage    *store.Stage
	progress func(stage string, done, all int64)
	written  int64 // rows of all tables
	reading  *reading
	out      Release
}

// stagedTable is a table that stands in staging in every format.
type stagedTable struct {
	name  string
	files []File
	info  *stats
}

// check reads a staged table back and has it checked.
func (b *batch) check(ctx context.Context, t stagedTable, c *privacy.Cleared) error {
	info := t.info
	read, err := b.readBack(t.files)
	if err != nil {
		return err
	}
	defer read.close()
	durable := b.flush(t.files)
	if err := errors.Join(c.Check(ctx, info.watch(read.tables)), durable()); err != nil {
		return err
	}
	b.out.files = append(b.out.files, t.files...)
	report, told := c.Report(), info.table(t.name)
	told.PrimaryKey = report.Key
	b.out.tables = append(b.out.tables, told)
	b.out.reports = append(b.out.reports, report)
	return nil
}

// write is the one pass over the rows: every format and the statistics.
func (b *batch) write(ctx context.Context, name string, c *privacy.Cleared) (stagedTable, error) {
	var none stagedTable
	rows := c.Rows()
	if rows == nil {
		return none, ErrNotCleared
	}
	defer rows.Release()
	schema, err := publicSchema(rows.Schema())
	if err != nil {
		return none, err
	}
	info := newStats(schema)
	var outs []*output
	defer func() {
		for _, o := range outs {
			o.file.Close()
		}
	}()
	formats := formatsFor(schema)
	for _, f := range formats {
		o, err := b.create(f, name, schema)
		if err != nil {
			return none, err
		}
		outs = append(outs, o)
	}
	to := newFan(outs, info)
	defer to.close()
	p := newPacker(schema, func(rec arrow.Record) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := to.write(rec); err != nil {
			return err
		}
		b.written += rec.NumRows()
		b.progress(StageWrite, b.written, 0)
		return nil
	})
	if err := p.all(rows); err != nil {
		return none, err
	}
	if err := to.close(); err != nil {
		return none, err
	}
	if p.rows == 0 {
		return none, ErrNoRows
	}
	files := make([]File, len(outs))
	for i, o := range outs {
		ref, err := o.finish()
		if err != nil {
			return none, fmt.Errorf("%s: %w", o.name, err)
		}
		files[i] = File{Name: o.name, Table: name, Format: formats[i].Name, MediaType: formats[i].MediaType,
			Ref: ref, Bytes: o.sink.n, Rows: p.rows}
	}
	return stagedTable{name, files, info}, nil
}

// output is one file being written.
type output struct {
	name string
	file *os.File
	sink *sink
	w    Writer
}

func (b *batch) create(f Format, table string, schema *arrow.Schema) (*output, error) {
	name := table + f.Ext
	file, err := b.stage.Create(name)
	if err != nil {
		return nil, err
	}
	o := &output{name: name, file: file, sink: newSink(file)}
	if o.w, err = f.New(o.sink, schema); err != nil {
		file.Close()
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return o, nil
}

func (o *output) finish() (Ref, error) {
	if err := o.w.Close(); err != nil {
		return Ref{}, err
	}
	if err := o.sink.flush(); err != nil {
		return Ref{}, err
	}
	return o.sink.ref(), o.file.Close()
}

// sink hashes and counts what goes into a file. An error sticks: v17 drops
// those of a row group it closes by itself.
type sink struct {
	buf *bufio.Writer
	h   hash.Hash
	n   int64
	err error
}

func newSink(w io.Writer) *sink {
	return &sink{buf: bufio.NewWriterSize(w, 256<<10), h: sha256.New()}
}

func (s *sink) Write(p []byte) (int, error) {
	if s.err != nil {
		return 0, s.err
	}
	n, err := s.buf.Write(p)
	s.h.Write(p[:n])
	s.n += int64(n)
	s.err = err
	return n, err
}

// Seek only tells where the file stands: what is hashed cannot be rewritten.
func (s *sink) Seek(off int64, whence int) (int64, error) {
	if off != 0 || whence != io.SeekCurrent {
		s.err = errors.New("seek in a file that is hashed as it is written")
		return 0, s.err
	}
	return s.n, nil
}

func (s *sink) flush() error {
	if s.err == nil {
		s.err = s.buf.Flush()
	}
	return s.err
}

func (s *sink) ref() Ref { return Ref{sum: [32]byte(s.h.Sum(nil))} }

// flush begins to bring the files to the disk, which takes about as long as the
// gates take to read them. The function that it gives waits for it.
func (b *batch) flush(files []File) (wait func() error) {
	done := make(chan error, 1)
	go func() {
		var err error
		for _, f := range files {
			err = errors.Join(err, b.stage.Flush(f.Name))
		}
		done <- err
	}()
	return func() error { return <-done }
}

// readBack opens every staged file with the format's own reader.
func (b *batch) readBack(files []File) (*readFiles, error) {
	r := &readFiles{}
	for _, f := range files {
		format, _ := FormatOf(f.Format)
		file, err := os.Open(b.stage.Path(f.Name))
		if err != nil {
			r.close()
			return nil, err
		}
		r.files = append(r.files, file)
		st, err := file.Stat()
		if err == nil && st.Size() != f.Bytes {
			err = errors.New("the file in staging has another size than was written")
		}
		if err == nil {
			var t privacy.Table
			t, err = format.Read(b.reading.of(file, st.Size()), st.Size())
			r.tables = append(r.tables, t)
		}
		if err != nil {
			r.close()
			return nil, fmt.Errorf("%s: %w", f.Name, err)
		}
	}
	return r, nil
}

type readFiles struct {
	files  []*os.File
	tables []privacy.Table
}

func (r *readFiles) close() {
	for _, f := range r.files {
		f.Close()
	}
}

// fileNames makes file names of the tables' names: [a-z0-9_-] alone, all
// different, and "data" where there is one table.
func fileNames(tables []string) []string {
	if len(tables) == 1 {
		return []string{"data"}
	}
	out := make([]string, len(tables))
	taken := map[string]bool{}
	for i, t := range tables {
		name := fileName(t)
		if name == "" {
			name = fmt.Sprintf("table-%d", i+1)
		}
		for n, base := 2, name; taken[name]; n++ {
			name = fmt.Sprintf("%s-%d", base, n)
		}
		taken[name] = true
		out[i] = name
	}
	return out
}

func fileName(s string) string {
	var b strings.Builder
	for _, r := range norm.NFD.String(strings.ToLower(s)) {
		switch {
		case r == 'đ':
			b.WriteByte('d')
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '_':
			b.WriteRune(r)
		case r >= 0x300 && r < 0x370: // marks
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
		if b.Len() >= 60 {
			break
		}
	}
	return strings.Trim(b.String(), "-")
}
