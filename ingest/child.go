package ingest

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/apache/arrow/go/v17/arrow"
	"golang.org/x/sys/unix"

	"daylight/ingest/format"
	"daylight/privacy"
)

// childArg is the hidden command under which the program parses a file.
const childArg = "parse-child"

// pipeBytes is how much of an answer may lie between the two: what the system
// gives by itself, 64 KiB, makes them wait for each other.
const pipeBytes = 1 << 20

// childOrder is what the parent writes to the child's standard input.
type childOrder struct {
	Version int              `json:"parse_child"` // of this protocol
	Name    string           `json:"name"`        // a hint about the format
	Raw     bool             `json:"raw"`         // decoded cells too
	Limits  ChildLimits      `json:"limits"`
	Reading *privacy.Reading `json:"reading"`
	Locale  string           `json:"locale"`
	Format  format.Limits    `json:"format"`
}

const childVersion = 1

// Exit codes of the child. None of them is trusted by the parent beyond
// choosing words.
const (
	childDone     = 0
	childNoOrder  = 10 // it was not started by this program
	childConfined = 11 // its limits cannot be set
	childLost     = 12 // nobody reads its answer
)

// Child is the first call of main and of every TestMain: where this process is
// a parse child it confines itself, reads one file, answers, and exits. In any
// other process it returns at once.
//
// A child has no environment, an unlinked folder to stand in, and six
// descriptors: nothing but its order, the file (3), the pipe back (4) and an
// unlinked file to unpack into (5) to use.
func Child() {
	if len(os.Args) != 2 || os.Args[1] != childArg {
		return
	}
	os.Exit(child())
}

func child() int {
	if !isKind(3, syscall.S_IFREG) || !isKind(4, syscall.S_IFIFO) || !isKind(5, syscall.S_IFREG) {
		fmt.Fprintln(os.Stderr, "parse-child is a part of the program that it starts itself: use check, ingest or publish")
		return childNoOrder
	}
	var order childOrder
	b, err := io.ReadAll(io.LimitReader(os.Stdin, maxFrame))
	if err != nil || decodeStrict(b, &order) != nil || order.Version != childVersion {
		return childNoOrder
	}
	file, pipe, scratch := os.NewFile(3, "file"), os.NewFile(4, "frames"), os.NewFile(5, "scratch")
	unix.FcntlInt(pipe.Fd(), unix.F_SETPIPE_SZ, pipeBytes) // a wish: the system may allow less
	database := format.OpenDatabase(file)                  // over nothing yet: later no file can be opened
	sealed, err := confine(order.Limits, order.Format.Inflated)
	if err != nil {
		return childConfined
	}
	debug.SetMemoryLimit(order.Limits.Memory / 4 * 3)
	debug.SetGCPercent(50) // its memory is large buffers, which cost the collector nothing to look at
	a := &answer{w: bufio.NewWriterSize(pipe, 256<<10)}
	ready, _ := json.Marshal(childReady{Seccomp: sealed})
	a.frame(frameReady, ready)
	a.flush()
	a.parse(file, scratch, database, order)
	a.flush()
	if a.failed() != nil {
		return childLost
	}
	return childDone
}

func isKind(fd int, kind uint32) bool {
	var st syscall.Stat_t
	return syscall.Fstat(fd, &st) == nil && uint32(st.Mode)&syscall.S_IFMT == kind
}

// answer writes frames; the first error stays, and means that the parent is
// gone. Rows come from other goroutines than progress does.
type answer struct {
	mu  sync.Mutex
	w   *bufio.Writer // guarded by mu
	err error         // guarded by mu
	buf []byte        // of the one who sends batches

	misfits []byte // of the open table
	places  int    // of all tables
}

func (a *answer) failed() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.err
}

func (a *answer) frame(k frameKind, payload []byte) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.err != nil {
		return
	}
	if len(payload) > maxFrame {
		a.err = errFrame
		return
	}
	a.w.Write(frameHead(k, len(payload))) // an error of a bufio.Writer stays for the next call
	_, a.err = a.w.Write(payload)
}

func (a *answer) number(k frameKind, n int64) {
	a.frame(k, binary.LittleEndian.AppendUint64(nil, uint64(n)))
}

func (a *answer) flush() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.err == nil {
		a.err = a.w.Flush()
	}
}

// inflatedStep is how often the parent hears what came out of a packed file.
const inflatedStep = 16 << 20

// parse answers with the file's tables, or with a refusal. A panic of a reader
// is a refusal too; its message may quote the file and is dropped.
func (a *answer) parse(f, scratch *os.File, database *format.Database, order childOrder) {
	stage := "open"
	defer func() {
		if recover() != nil {
			a.refuse(&format.Refusal{Code: "reader-failed", Stage: stage})
		}
	}()
	st, err := f.Stat()
	if err != nil {
		a.refuse(&format.Refusal{Code: "reader-failed", Stage: stage})
		return
	}
	o := format.Options{Reading: order.Reading, Locale: order.Locale, Limits: order.Format, Scratch: scratch, Database: database}
	told := int64(0)
	o.Inflated = func(n int64) {
		if n-told >= inflatedStep {
			told = n
			a.number(frameInflated, n)
			a.flush()
		}
	}
	o.Misfit = a.misfit
	in := &place{ReaderAt: f}
	o.Progress = func(s string, _, rows int64) {
		if s != stage && codeForm.MatchString(s) {
			stage = s
			in.at.Store(0)
		}
		b, _ := json.Marshal(childProgress{Stage: stage, Bytes: in.at.Load(), Rows: rows})
		a.frame(frameProgress, b)
		a.flush()
	}
	if err := a.tables(in, st.Size(), order.Name, o, order.Raw, &stage); err != nil {
		a.refuseWith(err, stage)
	}
}

// place remembers where in the file was read last. Readers count what they make
// of the file, which is longer or shorter than the file in most encodings and
// all archives; the place is what its sender knows the size of.
type place struct {
	io.ReaderAt
	at atomic.Int64 // 0: nothing was read in this stage
}

func (p *place) ReadAt(b []byte, off int64) (int, error) {
	n, err := p.ReaderAt.ReadAt(b, off)
	p.at.Store(off + int64(n))
	return n, err
}

func (a *answer) tables(f io.ReaderAt, size int64, name string, o format.Options, raw bool, stage *string) error {
	ctx := context.Background() // the parent ends this process, nothing else does
	early := &earlyRows{a: a}
	o.Early = early
	file, err := format.Open(ctx, f, size, name, o)
	if err != nil {
		return err
	}
	if !file.Early || early.given() && !early.schema.Equal(file.Tables[0].Schema()) {
		early.Drop()
	}
	report, err := json.Marshal(file.Report)
	if err != nil {
		return err
	}
	a.frame(frameReport, report)
	*stage = "convert"
	for _, t := range file.Tables {
		if err := a.table(ctx, t, raw, early); err != nil {
			return err
		}
	}
	a.number(frameEnd, int64(len(file.Tables)))
	return nil
}

func (a *answer) table(ctx context.Context, t format.Table, raw bool, early *earlyRows) error {
	s, err := encodeSchema(t.Name(), t.Header(), t.Schema())
	if err != nil {
		return err
	}
	a.frame(frameSchema, s)
	n := early.rows
	if !early.given() {
		if n, err = a.rows(ctx, t); err != nil {
			return err
		}
	}
	if len(a.misfits) > 0 {
		a.frame(frameMisfits, a.misfits)
		a.misfits = a.misfits[:0]
	}
	if raw {
		if err := a.rawRows(ctx, t); err != nil {
			return err
		}
	}
	a.number(frameTableEnd, n)
	return a.failed()
}

// misfit keeps a place for the end of the table; those beyond the limit are
// counted in the report only.
func (a *answer) misfit(m format.Misfit) {
	if a.places++; a.places <= maxMisfits {
		a.misfits = appendMisfit(a.misfits, m)
	}
}

// rows converts a table and sends it.
func (a *answer) rows(ctx context.Context, t format.Table) (n int64, err error) {
	rows, err := t.Rows(ctx)
	if err != nil {
		return 0, err
	}
	defer rows.Release()
	for rows.Next() {
		rec := rows.Record()
		if err := a.batch(rec, n); err != nil {
			return n, err
		}
		n += rec.NumRows()
	}
	return n, rows.Err()
}

// earlyRows sends rows before the report. It is a format.Early.
type earlyRows struct {
	a      *answer
	schema *arrow.Schema // nil: there are none
	rows   int64
}

func (e *earlyRows) given() bool { return e.schema != nil }

func (e *earlyRows) Begin(schema *arrow.Schema) {
	s, err := encodeSchema("", nil, schema)
	if err != nil {
		return // the table itself will say so
	}
	e.schema, e.rows = schema, 0
	e.a.frame(frameEarly, s)
}

// Batch sends, unless a decimal outgrew what was foreseen: its column's type
// will be another.
func (e *earlyRows) Batch(rec arrow.Record) {
	if e.given() && (!digitsFit(rec) || e.a.batch(rec, e.rows) != nil) {
		e.Drop()
	}
	e.rows += rec.NumRows()
}

func (e *earlyRows) Drop() {
	if e.given() {
		e.schema = nil
		e.a.frame(frameDrop, nil)
	}
}

// batch sends a record, cut in halves until each fits a frame.
func (a *answer) batch(rec arrow.Record, first int64) error {
	n := rec.NumRows()
	if n == 0 {
		return nil
	}
	if batchSize(rec) > maxFrame {
		if n == 1 {
			return &format.Refusal{Code: "too-large", Stage: "convert", Row: first + 1}
		}
		for _, cut := range [][2]int64{{0, n / 2}, {n / 2, n}} {
			part := rec.NewSlice(cut[0], cut[1])
			err := a.batch(part, first+cut[0])
			part.Release()
			if err != nil {
				return err
			}
		}
		return nil
	}
	var err error
	if a.buf, err = appendBatch(a.buf[:0], rec.Schema(), rec, first); err != nil {
		return err
	}
	a.frame(frameBatch, a.buf)
	return a.failed()
}

// rawSize is when a raw frame is sent: rows are small, frames need not be.
const rawSize = 1 << 20

func (a *answer) rawRows(ctx context.Context, t format.Table) error {
	buf := a.buf[:0]
	for row, err := range t.RawRows(ctx) {
		if err != nil {
			return err
		}
		buf = appendRawRow(buf, row)
		if len(buf) >= rawSize {
			a.frame(frameRaw, buf)
			buf = buf[:0]
		}
		if err := a.failed(); err != nil {
			return err
		}
	}
	if len(buf) > 0 {
		a.frame(frameRaw, buf)
	}
	a.buf = buf
	return a.failed()
}

// refuseWith tells of an error of a reader; whatever is not a Refusal is told
// as a code and a stage only.
func (a *answer) refuseWith(err error, stage string) {
	var ref *format.Refusal
	if !errors.As(err, &ref) {
		ref = &format.Refusal{Code: "reader-failed", Stage: stage}
	}
	a.refuse(ref)
}

func (a *answer) refuse(r *format.Refusal) { a.frame(frameRefusal, refusalJSON(r)) }
