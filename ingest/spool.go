package ingest

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"regexp"
	"slices"
	"sync/atomic"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"daylight/ingest/format"
	"daylight/privacy"
	"daylight/privacy/crs"
)

// A spool keeps the child's batches in one unlinked file, because privacy reads
// a table more than once. Only frames that were checked are in it.
type spool struct {
	file  spoolFile
	size  int64
	max   int64  // bytes it may grow to
	meter *Meter // of who reads it; nil: not counted
}

// spoolFile is an *os.File; tests and the fuzzer keep it in memory.
type spoolFile interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
}

// span is a frame's place in the spool.
type span struct{ at, n int64 }

func (s *spool) add(payload []byte) (span, error) {
	if s.size+int64(len(payload)) > s.max {
		return span{}, &format.Refusal{Code: "too-large", Stage: "spool"}
	}
	if _, err := s.file.WriteAt(payload, s.size); err != nil {
		return span{}, fmt.Errorf("spool: %w", err)
	}
	sp := span{s.size, int64(len(payload))}
	s.size += sp.n
	return sp, nil
}

func (s *spool) read(sp span) ([]byte, error) {
	b := make([]byte, sp.n)
	if _, err := s.file.ReadAt(b, sp.at); err != nil {
		return nil, fmt.Errorf("spool: %w", err)
	}
	return b, nil
}

// spoolTable is a format.Table on the parent's side: the same rows, from the
// spool instead of the agency's file.
type spoolTable struct {
	spool   *spool
	name    string
	header  []string
	schema  *arrow.Schema
	rows    int64
	batches []span
	firsts  []int64 // first row of each batch
	raw     []span
	misfits []format.Misfit
}

func (t *spoolTable) Name() string          { return t.name }
func (t *spoolTable) Header() []string      { return t.header }
func (t *spoolTable) Schema() *arrow.Schema { return t.schema }

// Rows can be called any number of times, also at once, until the Parsed that
// the table belongs to is closed.
func (t *spoolTable) Rows(ctx context.Context) (array.RecordReader, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	r := &spoolReader{ctx: ctx, table: t}
	r.refs.Store(1)
	return r, nil
}

// ErrNoRaw: the table was parsed without ParseOptions.Raw.
var ErrNoRaw = errors.New("decoded cells were not kept")

// RawRows gives the decoded cells; they are valid until the next row.
func (t *spoolTable) RawRows(ctx context.Context) iter.Seq2[[][]byte, error] {
	return func(yield func([][]byte, error) bool) {
		if t.raw == nil && t.rows > 0 {
			yield(nil, ErrNoRaw)
			return
		}
		var cells [][]byte
		for _, sp := range t.raw {
			if err := ctx.Err(); err != nil {
				yield(nil, err)
				return
			}
			b, err := t.spool.read(sp)
			if err != nil {
				yield(nil, err)
				return
			}
			more := true
			cells, err = decodeRaw(b, cells, func(row [][]byte) bool {
				more = yield(row, nil)
				return more
			})
			if !more {
				return
			}
			if err != nil {
				yield(nil, err)
				return
			}
		}
	}
}

// spoolReader reads batch after batch. A record stays valid after Next, as
// long as it is retained: its buffers are the garbage collector's.
type spoolReader struct {
	refs  atomic.Int64
	ctx   context.Context // of Rows: the reader lives no longer than that call's work
	table *spoolTable
	next  int
	rec   arrow.Record
	err   error
}

func (r *spoolReader) Retain() { r.refs.Add(1) }
func (r *spoolReader) Release() {
	if r.refs.Add(-1) == 0 && r.rec != nil {
		r.rec.Release()
		r.rec = nil
	}
}
func (r *spoolReader) Schema() *arrow.Schema { return r.table.schema }
func (r *spoolReader) Record() arrow.Record  { return r.rec }
func (r *spoolReader) Err() error            { return r.err }

func (r *spoolReader) Next() bool {
	if r.rec != nil {
		r.rec.Release()
		r.rec = nil
	}
	if r.err != nil || r.next == len(r.table.batches) {
		return false
	}
	if r.err = r.ctx.Err(); r.err != nil {
		return false
	}
	b, err := r.table.spool.read(r.table.batches[r.next])
	if err == nil {
		r.rec, err = decodeBatch(r.table.schema, b, r.table.firsts[r.next])
	}
	if err != nil {
		r.err = err
		return false
	}
	r.next++
	r.table.spool.meter.add(0, r.rec.NumRows())
	return true
}

// A Parsed file is what the parse child found: its report, and its tables in a
// spool of our own. Close it; its tables are of no use afterwards.
type Parsed struct {
	Report format.Report
	Tables []format.Table
	spool  *spool
	seen   []*privacy.Examination // of the tables, where they were examined as they came
}

// Close drops the spool. Twice is harmless.
func (p *Parsed) Close() error {
	if p == nil || p.spool == nil {
		return nil
	}
	s := p.spool
	p.spool = nil
	return s.file.Close()
}

// childReady is the child's first word: how it is confined.
type childReady struct {
	Seccomp bool `json:"seccomp"`
}

// childProgress is how far the child has come.
type childProgress struct {
	Stage string `json:"stage"`
	Bytes int64  `json:"bytes"`
	Rows  int64  `json:"rows"`
}

// receiver takes a child's stream apart. It trusts nothing: whatever is not
// exactly the stream of frames.go ends in errFrame.
type receiver struct {
	spool *spool
	meter *Meter
	size  int64 // of the file

	ahead    *ahead
	inflated func(int64) // told what has come out of a packed file; nil: nobody is

	ready  bool // the child came as far as confining itself
	report *format.Report
	tables []*spoolTable
	open   *spoolTable // the one whose batches are coming
	early  bool        // open came before the report: nothing is known of it but its columns
	places int         // misfits of all tables
	done   bool
}

func (r *receiver) run(in io.Reader) (*Parsed, error) {
	var buf []byte
	for !r.done {
		k, payload, err := readFrame(in, buf)
		if err != nil {
			return nil, err
		}
		if err := r.frame(k, payload); err != nil {
			return nil, err
		}
		buf = r.ahead.spare(payload)
	}
	if n, err := in.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		return nil, errFrame
	}
	r.spool.meter = r.meter
	p := &Parsed{Report: *r.report, spool: r.spool}
	for _, t := range r.tables {
		p.Tables = append(p.Tables, t)
	}
	return p, nil
}

// frame handles one frame; payload is reused after it, unless ahead took it.
func (r *receiver) frame(k frameKind, payload []byte) error {
	if !r.ready {
		var first childReady
		if k != frameReady || decodeStrict(payload, &first) != nil {
			return errFrame
		}
		r.ready = true
		return nil
	}
	switch k {
	case frameProgress:
		var p childProgress
		if decodeStrict(payload, &p) != nil || !codeForm.MatchString(p.Stage) || p.Bytes < 0 || p.Rows < 0 {
			return errFrame
		}
		r.meter.parsed(p.Stage, p.Bytes, p.Rows, r.size)
		return nil
	case frameInflated:
		if len(payload) != 8 {
			return errFrame
		}
		if n := int64(binary.LittleEndian.Uint64(payload)); n > 0 && r.inflated != nil {
			r.inflated(n)
		}
		return nil
	case frameRefusal:
		var ref format.Refusal
		if decodeStrict(payload, &ref) != nil || !codeForm.MatchString(ref.Code) || !codeForm.MatchString(ref.Stage) || ref.Row < 0 || ref.Line < 0 {
			return errFrame
		}
		return &ref
	case frameEarly:
		if r.report != nil || r.open != nil {
			return errFrame
		}
		name, header, s, err := decodeSchema(payload)
		if err != nil || name != "" || header != nil {
			return errFrame
		}
		r.open, r.early = &spoolTable{spool: r.spool, schema: s}, true
		r.ahead.begin(s)
		return nil
	case frameDrop:
		if r.report != nil || r.open == nil || len(payload) > 0 {
			return errFrame
		}
		r.open, r.early = nil, false
		r.ahead.drop()
		return nil
	case frameReport:
		if r.report != nil {
			return errFrame
		}
		rep := new(format.Report)
		if decodeStrict(payload, rep) != nil || !reportFits(rep) {
			return errFrame
		}
		r.report = rep
		rows, cells := int64(0), int64(0)
		for _, t := range rep.Tables {
			rows, cells = rows+t.DataRows, cells+t.DataRows*int64(len(t.Fields))
		}
		r.meter.tables(rows, cells)
		return nil
	}
	if k == frameBatch && r.early && r.report == nil {
		return r.batch(payload)
	}
	if r.report == nil || r.early && k != frameSchema {
		return errFrame
	}
	switch {
	case k == frameSchema && (r.open == nil || r.early):
		return r.schema(payload)
	case k == frameBatch && r.open != nil && r.open.raw == nil:
		return r.batch(payload)
	case k == frameRaw && r.open != nil:
		return r.rawRows(payload)
	case k == frameMisfits && r.open != nil && r.open.misfits == nil:
		return r.misfits(payload)
	case k == frameTableEnd && r.open != nil:
		return r.tableEnd(payload)
	case k == frameEnd && r.open == nil:
		if len(payload) != 8 || binary.LittleEndian.Uint64(payload) != uint64(len(r.tables)) ||
			len(r.tables) != len(r.report.Tables) {
			return errFrame
		}
		r.done = true
		return nil
	}
	return errFrame
}

// schema opens a table. It must be the one that the report tells of.
func (r *receiver) schema(payload []byte) error {
	name, header, s, err := decodeSchema(payload)
	if err != nil || len(r.tables) >= len(r.report.Tables) {
		return errFrame
	}
	told := r.report.Tables[len(r.tables)]
	same := func(f format.Field, a arrow.Field) bool { return f.Key == a.Name }
	if told.Name != name || !slices.EqualFunc(told.Fields, s.Fields(), same) {
		return errFrame
	}
	if r.early {
		if !s.Equal(r.open.schema) {
			return errFrame
		}
		r.open.name, r.open.header, r.early = name, header, false
		r.meter.add(0, r.open.rows)
		return nil
	}
	r.open = &spoolTable{spool: r.spool, name: name, header: header, schema: s}
	r.ahead.begin(s)
	return nil
}

func (r *receiver) batch(payload []byte) error {
	t := r.open
	rec, err := decodeBatch(t.schema, payload, t.rows)
	if err != nil {
		return err
	}
	n := rec.NumRows()
	sp, err := r.spool.add(payload)
	if err != nil {
		rec.Release()
		return err
	}
	r.ahead.see(rec, payload)
	t.batches, t.firsts = append(t.batches, sp), append(t.firsts, t.rows)
	t.rows += n
	if !r.early { // else the child tells how far it is
		r.meter.add(0, n)
	}
	return nil
}

func (r *receiver) rawRows(payload []byte) error {
	if len(payload) == 0 {
		return errFrame
	}
	if _, err := decodeRaw(payload, nil, func([][]byte) bool { return true }); err != nil {
		return err
	}
	sp, err := r.spool.add(payload)
	if err != nil {
		return err
	}
	r.open.raw = append(r.open.raw, sp)
	return nil
}

// misfits are places in the rows that have come.
func (r *receiver) misfits(payload []byte) error {
	t := r.open
	var err error
	t.misfits, err = decodeMisfits(payload, t.rows, t.schema.NumFields(), maxMisfits-r.places)
	r.places += len(t.misfits)
	return err
}

// tableEnd closes a table whose rows are as many as the child and its report
// say: none is lost on the way.
func (r *receiver) tableEnd(payload []byte) error {
	t := r.open
	if len(payload) != 8 || binary.LittleEndian.Uint64(payload) != uint64(t.rows) ||
		r.report.Tables[len(r.tables)].DataRows != t.rows {
		return errFrame
	}
	r.tables = append(r.tables, t)
	r.open = nil
	return nil
}

// codeForm is the shape of codes, stages and kinds: nothing else of a child's
// may reach a log, a page or an error.
var codeForm = regexp.MustCompile(`^[a-z][a-z0-9_+-]{0,39}$`)

// reportFits holds a child's report to what pages and the audit rely on.
func reportFits(rep *format.Report) bool {
	if len(rep.Tables) > maxTables || rep.Bytes < 0 || !codeForm.MatchString(rep.Format) {
		return false
	}
	for _, q := range rep.Questions {
		if !codeForm.MatchString(q.Code) {
			return false
		}
	}
	for _, t := range rep.Tables {
		if len(t.Fields) == 0 || len(t.Fields) > maxColumns || t.DataRows < 0 || !t.Accounting.Balanced() ||
			t.Cells != nil || t.Spans != nil || t.AboutPersons != nil {
			return false
		}
		for _, p := range t.Problems {
			if !codeForm.MatchString(p.Code) || p.Row < 0 || p.Line < 0 || p.Count < 0 {
				return false
			}
		}
		for _, f := range t.Fields {
			if f.Findings != nil || f.CRS != "" && !crs.Valid(f.CRS) {
				return false
			}
		}
	}
	return true
}

// refusalJSON is for the child: the same shape is decoded in frame.
func refusalJSON(r *format.Refusal) []byte {
	b, _ := json.Marshal(r) // four plain fields: cannot fail
	return b
}
